package scimtest_test

import (
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// rooms are the folders of the fake.
var rooms = []string{".", "internal/behavior", "internal/cloud", "internal/directory", "internal/wire"}

// maxFiles is how many files a room has at most, tests aside.
const maxFiles = 25

// TestRooms: no room has too many files, and inside each room files refer to each other one way: what
// a file uses never uses it in turn, also through others.
func TestRooms(t *testing.T) {
	t.Parallel()
	for _, room := range rooms {
		t.Run(room, func(t *testing.T) {
			t.Parallel()
			uses, files := fileUses(t, room)
			if len(files) > maxFiles {
				t.Errorf("%d files, want at most %d", len(files), maxFiles)
			}
			if circle := findCircle(uses, files); circle != nil {
				for i, file := range circle {
					next := circle[(i+1)%len(circle)]
					t.Errorf("%s uses %s of %s", file, uses[file][next], next)
				}
			}
		})
	}
}

// fileUses says which names of another file each file of a package uses.
func fileUses(t *testing.T, dir string) (uses map[string]map[string]string, files []string) {
	t.Helper()
	fset := token.NewFileSet()
	var parsed []*ast.File
	paths, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	uses = map[string]map[string]string{}
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		file, err := parser.ParseFile(fset, path, text, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		parsed = append(parsed, file)
		files = append(files, filepath.Base(path))
		uses[filepath.Base(path)] = map[string]string{}
	}
	info := &types.Info{Uses: map[*ast.Ident]types.Object{}}
	config := types.Config{Importer: importer.ForCompiler(fset, "gc", exportData(t))}
	pkg, err := config.Check(dir, fset, parsed, info)
	if err != nil {
		t.Fatal(err)
	}
	for ident, object := range info.Uses {
		if object.Pkg() != pkg || !object.Pos().IsValid() {
			continue
		}
		// Fields and local names belong to what is declared around them.
		if v, ok := object.(*types.Var); ok && (v.IsField() || v.Parent() != pkg.Scope()) {
			continue
		}
		from, to := filepath.Base(fset.Position(ident.Pos()).Filename), filepath.Base(fset.Position(object.Pos()).Filename)
		if from != to {
			uses[from][to] = object.Name()
		}
	}
	return uses, files
}

// exportData opens what the compiler says of the packages that the fake imports.
var exportData = func() func(t *testing.T) importer.Lookup {
	list := sync.OnceValues(func() ([]byte, error) {
		return exec.Command("go", "list", "-export", "-deps", "-f", "{{.ImportPath}} {{.Export}}", ".").Output()
	})
	return func(t *testing.T) importer.Lookup {
		t.Helper()
		out, err := list()
		if err != nil {
			t.Fatalf("go list -export: %v", err)
		}
		exports := map[string]string{}
		for line := range strings.Lines(string(out)) {
			path, file, _ := strings.Cut(strings.TrimSpace(line), " ")
			exports[path] = file
		}
		return func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) }
	}
}()

// findCircle returns files that use each other in a circle, or nil.
func findCircle(uses map[string]map[string]string, files []string) []string {
	const (
		open = 1
		done = 2
	)
	state := map[string]int{}
	var path, circle []string
	var visit func(file string) bool
	visit = func(file string) bool {
		switch state[file] {
		case done:
			return false
		case open:
			circle = slices.Clone(path[slices.Index(path, file):])
			return true
		}
		state[file] = open
		path = append(path, file)
		for _, next := range slices.Sorted(maps.Keys(uses[file])) {
			if visit(next) {
				return true
			}
		}
		path = path[:len(path)-1]
		state[file] = done
		return false
	}
	for _, file := range files {
		if visit(file) {
			return circle
		}
	}
	return nil
}
