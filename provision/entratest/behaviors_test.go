package entratest

import (
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var updateBehaviors = flag.Bool("update-behaviors", false, "rewrite BEHAVIORS.md from the table")

// TestBehaviorsPage: BEHAVIORS.md is what the table gives.
func TestBehaviorsPage(t *testing.T) {
	t.Parallel()
	want := behaviorsPage()
	if *updateBehaviors {
		if err := os.WriteFile("BEHAVIORS.md", []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile("BEHAVIORS.md")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("BEHAVIORS.md differs from the table, run go generate ./provision/entratest (-want +got):\n%s", diff)
	}
}

// files parses the package, and the folders below it.
func files(t *testing.T) map[string]*ast.File {
	t.Helper()
	parsed := map[string]*ast.File{}
	for _, pattern := range []string{"*.go", "internal/*/*.go"} {
		paths, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			if strings.HasSuffix(path, "_test.go") {
				continue
			}
			if parsed[path], err = parser.ParseFile(token.NewFileSet(), path, nil, 0); err != nil {
				t.Fatal(err)
			}
		}
	}
	if len(parsed) < 10 {
		t.Fatalf("only %d files", len(parsed))
	}
	return parsed
}

// TestBehaviorsTable: every row is complete, every rule of a refusal has one, and every option.
func TestBehaviorsTable(t *testing.T) {
	t.Parallel()
	rows := map[string]bool{}
	options := map[string]bool{"WithTenant": true, "WithClient": true, "WithLogger": true, "WithSCIMClient": true, "WithTemplate": true} // they set the scene
	for _, s := range table() {
		for _, row := range s.rows {
			if rows[string(row.id)] {
				t.Errorf("two rows are %s", row.id)
			}
			rows[string(row.id)] = true
			options[row.option] = true
			if !strings.Contains("DOIU", row.mark) || len(row.mark) != 1 || !strings.HasSuffix(row.text, ".") || strings.Contains(row.text, "|") {
				t.Errorf("%s: mark %q, text %q; want D, O, I or U, and a sentence", row.id, row.mark, row.text)
			}
			if _, known := sources[row.source]; !known && (row.source != "" || row.mark == "D" || row.mark == "O") {
				t.Errorf("%s: the source %q isn't listed", row.id, row.source)
			}
		}
	}
	for path, file := range files(t) {
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.ValueSpec:
				if id, isRule := n.Type.(*ast.Ident); isRule && id.Name == "rule" {
					if value, _ := strconv.Unquote(n.Values[0].(*ast.BasicLit).Value); !rows[value] {
						t.Errorf("%s: no row is %s", path, value)
					}
				}
			case *ast.FuncDecl:
				if n.Recv == nil && strings.HasPrefix(n.Name.Name, "With") && !options[n.Name.Name] {
					t.Errorf("%s: no row names the option %s", path, n.Name.Name)
				}
			}
			return true
		})
	}
}

// TestImports: the fake imports the standard library, its own rooms and the in-memory listener, so that
// it shares nothing with the client that is tested with it.
func TestImports(t *testing.T) {
	t.Parallel()
	const module = "github.com/iamscim/iamscim/"
	const own = module + "provision/entratest/internal/"
	for path, file := range files(t) {
		for _, spec := range file.Imports {
			name, _ := strconv.Unquote(spec.Path.Value)
			if strings.Contains(strings.SplitN(name, "/", 2)[0], ".") && !strings.HasPrefix(name, own) && name != module+"internal/pipe" {
				t.Errorf("%s imports %s", path, name)
			}
		}
	}
	// The two rooms know nothing of each other.
	for _, room := range []string{"mapping", "push"} {
		for path, file := range files(t) {
			for _, spec := range file.Imports {
				if strings.HasPrefix(filepath.ToSlash(path), "internal/"+room+"/") && strings.Contains(spec.Path.Value, own) {
					t.Errorf("%s imports %s", path, spec.Path.Value)
				}
			}
		}
	}
}
