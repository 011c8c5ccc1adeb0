package claimmap_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestImports keeps the package pure: the standard library without network and
// files, the root package, and cel-go in files that export nothing.
func TestImports(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	allowed := []string{
		"cmp", "errors", "fmt", "iter", "maps", "net/url", "regexp", "regexp/syntax", "slices", "strconv", "strings",
		"sync", "unicode", "unicode/utf8", "github.com/iamscim/iamscim", "github.com/iamscim/iamscim/internal/fold",
	}
	withCEL := []string{}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		usesCEL := false
		for _, spec := range file.Imports {
			path, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			switch {
			case strings.HasPrefix(path, "github.com/google/cel-go/"):
				usesCEL = true
			case !slices.Contains(allowed, path):
				t.Errorf("%s imports %s", name, path)
			}
		}
		if !usesCEL {
			continue
		}
		withCEL = append(withCEL, name)
		for _, decl := range file.Decls {
			for _, declared := range names(decl) {
				if ast.IsExported(declared) {
					t.Errorf("%s imports cel-go and exports %s", name, declared)
				}
			}
		}
	}
	if want := []string{"attributes.go", "eval.go", "guarded.go", "parse.go", "typed.go"}; !slices.Equal(withCEL, want) {
		t.Errorf("cel-go is imported by %v, want %v", withCEL, want)
	}
}

// names returns what a declaration declares.
func names(decl ast.Decl) []string {
	var list []string
	switch decl := decl.(type) {
	case *ast.FuncDecl:
		if decl.Recv != nil {
			break // a method is as exported as its type
		}
		list = append(list, decl.Name.Name)
	case *ast.GenDecl:
		for _, spec := range decl.Specs {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				list = append(list, spec.Name.Name)
			case *ast.ValueSpec:
				for _, name := range spec.Names {
					list = append(list, name.Name)
				}
			}
		}
	}
	return list
}
