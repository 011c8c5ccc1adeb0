package iamscim_test

import (
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// withoutExample are constructors that an Example has no use for, with the reason.
var withoutExample = map[string]string{
	"scimtest.Start":            "it takes a testing.TB; an Example without an output shows it",
	"provision/entratest.Start": "it takes a testing.TB; an Example without an output shows it",
}

// TestConstructorsHaveExamples: every exported function of a public package that makes
// something (New, NewX, OpenX, Start) is called by an Example of that package that runs.
func TestConstructorsHaveExamples(t *testing.T) {
	t.Parallel()
	constructors, used := 0, map[string]bool{}
	for dir := range links {
		exported, called := readPackage(t, filepath.Join(".", dir))
		for _, name := range exported {
			full := strings.TrimPrefix(dir+"."+name, ".")
			constructors++
			reason, excused := withoutExample[full]
			used[full] = excused
			if !called[name] && !excused {
				t.Errorf("no Example with an output calls %s", full)
			}
			if called[name] && excused {
				t.Errorf("an Example calls %s now: take it out of the list (%s)", full, reason)
			}
		}
	}
	for name := range withoutExample {
		if _, there := used[name]; !there {
			t.Errorf("the list has %s, which doesn't exist", name)
		}
	}
	if constructors < 20 {
		t.Errorf("only %d constructors were found", constructors)
	}
}

// readPackage returns the constructors in a folder, and the names that its Examples
// with an output call.
func readPackage(t *testing.T, dir string) (constructors []string, called map[string]bool) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	called = map[string]bool{}
	fset := token.NewFileSet()
	var tests []*ast.File
	for _, file := range files {
		parsed, err := parser.ParseFile(fset, file, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(file, "_test.go") {
			tests = append(tests, parsed)
			continue
		}
		for _, decl := range parsed.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok && f.Recv == nil && isConstructor(f.Name.Name) {
				constructors = append(constructors, f.Name.Name)
			}
		}
	}
	pkg := filepath.Base(dir)
	if dir == "." {
		pkg = "iamscim"
	}
	for _, example := range doc.Examples(tests...) {
		if example.Output == "" && !example.EmptyOutput {
			continue // it doesn't run
		}
		for _, name := range callsIn(tests, pkg, example.Code) {
			called[name] = true
		}
	}
	return constructors, called
}

func isConstructor(name string) bool {
	for _, verb := range []string{"New", "Open", "Start", "Dial"} {
		if rest, ok := strings.CutPrefix(name, verb); ok && (rest == "" || rest[0] >= 'A' && rest[0] <= 'Z') {
			return true
		}
	}
	return false
}

// callsIn returns the names of a package that code calls, itself or through helpers.
func callsIn(files []*ast.File, pkg string, code ast.Node) []string {
	helpers := map[string]*ast.FuncDecl{}
	for _, file := range files {
		for _, decl := range file.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok && f.Recv == nil && !strings.HasPrefix(f.Name.Name, "Test") {
				helpers[f.Name.Name] = f
			}
		}
	}
	seen, walked := map[string]bool{}, map[string]bool{}
	var walk func(n ast.Node)
	walk = func(n ast.Node) {
		ast.Inspect(n, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			switch f := call.Fun.(type) {
			case *ast.SelectorExpr:
				if x, ok := f.X.(*ast.Ident); ok && x.Name == pkg {
					seen[f.Sel.Name] = true
				}
			case *ast.Ident:
				if !walked[f.Name] {
					walked[f.Name] = true
					if helper := helpers[f.Name]; helper != nil {
						walk(helper)
					}
				}
			}
			return true
		})
	}
	walk(code)
	return slices.Sorted(maps.Keys(seen))
}
