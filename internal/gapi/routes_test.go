package gapi_test

import (
	"go/ast"
	"go/parser"
	gotoken "go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/iamscim/iamscim/scimtest"
)

var (
	routeLine  = regexp.MustCompile(`(?m)^\t(GET|POST|PUT|PATCH|DELETE) (/\S+)$`)
	capitals   = regexp.MustCompile(`\b[A-Z][A-Z_]+\b`)
	placeholds = regexp.MustCompile(`\{[a-z]+\}`)
)

// TestDocumentedRoutes compares the "verb and path" lines in the comments of
// the clients' methods with the routes of the in-memory server, which a test
// of its own compares with the API's discovery document.
func TestDocumentedRoutes(t *testing.T) {
	t.Parallel()
	served := map[string]bool{}
	for _, r := range scimtest.Routes() {
		served[r.Method+" /"+placeholds.ReplaceAllString(r.Path, "*")] = true
	}
	// Methods that make no request of their own kind: what they call says it.
	composed := []string{
		"scimtoken.Client.Rotate", "scimtoken.Client.Retire", "scimtoken.Client.Ensure", "scimtoken.Client.Adopt",
		"scimtoken.Client.HandOver", "scimtoken.Client.Reset",
	}
	documented := map[string]bool{}
	for _, dir := range []string{"provider", "scimtenant", "scimtoken"} {
		for method, doc := range contextMethods(t, filepath.Join("..", "..", dir)) {
			method = dir + "." + method
			lines := routeLine.FindAllStringSubmatch(doc, -1)
			if len(lines) == 0 && !slices.Contains(composed, method) {
				t.Errorf("%s: its comment has no line with an HTTP verb and path", method)
			}
			if len(lines) > 0 && slices.Contains(composed, method) {
				t.Errorf("%s: is listed as composed, and has a line with an HTTP verb and path", method)
			}
			for _, line := range lines {
				path, query, _ := strings.Cut(line[2], "?")
				if query != "" && query != "hardDelete=true" {
					t.Errorf("%s: unknown query %q", method, query)
				}
				route := line[1] + " " + capitals.ReplaceAllString(path, "*")
				if !served[route] {
					t.Errorf("%s: %s %s is no route of the service", method, line[1], line[2])
				}
				documented[route] = true
			}
		}
	}
	// All of the resources that the clients are for are covered.
	for _, route := range slices.Sorted(maps.Keys(served)) {
		if strings.Contains(route, "/scimTenants") && !documented[route] {
			t.Errorf("no method documents %s", route)
		}
	}
}

// contextMethods are the comments of the exported methods of a package whose
// first parameter is a context: those that make requests.
func contextMethods(t *testing.T, dir string) map[string]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || files == nil {
		t.Fatalf("no Go files in %s: %v", dir, err)
	}
	methods := map[string]string{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := parser.ParseFile(gotoken.NewFileSet(), file, src, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range parsed.Decls {
			fn, ok := decl.(*ast.FuncDecl)
			if !ok || fn.Recv == nil || !fn.Name.IsExported() || len(fn.Type.Params.List) == 0 {
				continue
			}
			sel, ok := fn.Type.Params.List[0].Type.(*ast.SelectorExpr)
			if !ok || sel.Sel.Name != "Context" {
				continue
			}
			receiver := fn.Recv.List[0].Type
			if star, ok := receiver.(*ast.StarExpr); ok {
				receiver = star.X
			}
			name := receiver.(*ast.Ident).Name
			if strings.HasSuffix(name, "Store") {
				continue // keeps something on this side
			}
			methods[name+"."+fn.Name.Name] = fn.Doc.Text()
		}
	}
	if len(methods) < 8 {
		t.Errorf("found %d methods in %s, want all of the client's", len(methods), dir)
	}
	return methods
}
