package iamscim_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestREADMESnippets keeps every Go snippet of the README in an Example that
// runs, line by line.
func TestREADMESnippets(t *testing.T) {
	t.Parallel()
	example := "\n" + unindent(readFile(t, "readme_example_test.go")) + "\n"
	// The Example differs in one argument: how its client reaches the fake.
	example = strings.ReplaceAll(example, ", scimclient.WithHTTPClient(server.PipeHTTPClient()))", ")")
	blocks := regexp.MustCompile("(?s)```go\n(.*?)\n```").FindAllStringSubmatch(readFile(t, "README.md"), -1)
	if len(blocks) == 0 {
		t.Fatal("the README has no Go snippet")
	}
	for _, block := range blocks {
		if snippet := unindent(block[1]); !strings.Contains(example, "\n"+snippet+"\n") {
			t.Errorf("this snippet of the README is not in the Example:\n%s", block[1])
		}
	}
}

// TestREADMENames finds every name of this module that the README mentions.
func TestREADMENames(t *testing.T) {
	t.Parallel()
	exported := map[string]bool{}
	for _, dir := range []string{".", "claimmap", "provider", "scimclient", "scimclient/audit", "scimtenant", "scimtest", "scimtoken"} {
		addExported(t, exported, dir)
	}
	code := regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(regexp.MustCompile("(?s)```.*?```").ReplaceAllString(readFile(t, "README.md"), ""), -1)
	name := regexp.MustCompile(`^(?:(?:iamscim|provider|scimtenant|scimtoken|claimmap|scimclient|scimtest)\.)?(?:[A-Z][A-Za-z]*\.)?[A-Z][A-Za-z]*$`)
	found := 0
	for _, match := range code {
		text := match[1]
		if !name.MatchString(text) {
			continue
		}
		found++
		parts := strings.Split(text, ".")
		if len(parts) > 1 && parts[0] == strings.ToLower(parts[0]) {
			parts = parts[1:]
		}
		if !exported[strings.Join(parts, ".")] && !exported["method "+parts[len(parts)-1]] {
			t.Errorf("the README mentions %s, which does not exist", text)
		}
	}
	if found < 10 {
		t.Errorf("only %d names were found in the README", found)
	}
}

// addExported adds "Name", "Type.Method" and "Type.Field" of the package in dir,
// and "method Method" for text that leaves the type out.
func addExported(t *testing.T, exported map[string]bool, dir string) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range file.Decls {
			switch decl := decl.(type) {
			case *ast.FuncDecl:
				if decl.Recv == nil {
					exported[decl.Name.Name] = true
					continue
				}
				receiver := decl.Recv.List[0].Type
				if star, ok := receiver.(*ast.StarExpr); ok {
					receiver = star.X
				}
				if ident, ok := receiver.(*ast.Ident); ok {
					exported[ident.Name+"."+decl.Name.Name] = true
					exported["method "+decl.Name.Name] = true
				}
			case *ast.GenDecl:
				for _, spec := range decl.Specs {
					addSpec(exported, spec)
				}
			}
		}
	}
}

func addSpec(exported map[string]bool, spec ast.Spec) {
	switch spec := spec.(type) {
	case *ast.ValueSpec:
		for _, n := range spec.Names {
			exported[n.Name] = true
		}
	case *ast.TypeSpec:
		exported[spec.Name.Name] = true
		if s, ok := spec.Type.(*ast.StructType); ok {
			for _, field := range s.Fields.List {
				for _, n := range field.Names {
					exported[spec.Name.Name+"."+n.Name] = true
				}
			}
		}
	}
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// unindent takes the indentation off every line.
func unindent(text string) string {
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = strings.TrimSpace(lines[i])
	}
	return strings.Join(lines, "\n")
}
