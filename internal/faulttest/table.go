package faulttest

import (
	"fmt"
	"go/ast"
	"go/parser"
	gotoken "go/token"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// A cell is what the table expects of one method under one fault.
type cell struct {
	section, method, fault string
	outcome                string
	attempts, requests     int
	state                  string
}

func (c cell) after() bool  { return strings.Contains(c.section, "after the change") }
func (c cell) always() bool { return strings.Contains(c.section, "Always") }
func (c cell) loopback() bool {
	return strings.HasPrefix(c.section, "Connection")
}

func (c cell) String() string {
	return fmt.Sprintf("%s %d/%d %s", c.outcome, c.attempts, c.requests, c.state)
}

// readTable reads the expectations of the package that is tested.
func readTable(t *testing.T) []cell {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "faults.md"))
	if err != nil {
		t.Fatal(err)
	}
	var cells []cell
	var section string
	var columns []string
	for number, line := range strings.Split(string(text), "\n") {
		if s, ok := strings.CutPrefix(line, "## "); ok {
			section, columns = s, nil
		}
		if !strings.HasPrefix(line, "|") || strings.HasPrefix(line, "|---") {
			continue
		}
		var row []string
		for _, field := range strings.Split(strings.Trim(line, "|"), "|") {
			row = append(row, strings.TrimSpace(field))
		}
		if columns == nil {
			columns = row
			continue
		}
		if len(row) != len(columns) {
			t.Fatalf("line %d of the table has %d cells, want %d", number+1, len(row), len(columns))
		}
		for i := 1; i < len(row); i++ {
			parts := strings.Fields(row[i])
			var counts [2]string
			var ok bool
			if len(parts) == 3 {
				counts[0], counts[1], ok = strings.Cut(parts[1], "/")
			}
			attempts, err1 := strconv.Atoi(counts[0])
			requests, err2 := strconv.Atoi(counts[1])
			if !ok || err1 != nil || err2 != nil {
				t.Fatalf("line %d of the table: cannot read %q", number+1, row[i])
			}
			cells = append(cells, cell{section, row[0], columns[i], parts[0], attempts, requests, parts[2]})
		}
	}
	return cells
}

// Complete fails unless every method of the package's clients has its rows in every
// section of the table, and every row is of a method.
func Complete(t *testing.T, methods []*Method) {
	t.Helper()
	cells := readTable(t)
	sections := map[string]map[string]int{}
	for _, c := range cells {
		if sections[c.section] == nil {
			sections[c.section] = map[string]int{}
		}
		sections[c.section][c.method]++
	}
	if len(sections) != 10 {
		t.Errorf("the table has %d sections, want 10", len(sections))
	}
	for section, rows := range sections {
		for _, m := range methods {
			if want := !strings.Contains(section, "after the change") || m.writes(); (rows[m.Name] > 0) != want {
				t.Errorf("%s: a row for %s: %v, want %v", section, m.Name, rows[m.Name] > 0, want)
			}
			delete(rows, m.Name)
		}
		if len(rows) > 0 {
			t.Errorf("%s: rows of no method: %v", section, slices.Sorted(maps.Keys(rows)))
		}
	}
	var known []string
	for _, m := range methods {
		known = append(known, strings.Fields(m.Name)[0])
	}
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for name := range ContextMethods(t, ".") {
		if name := filepath.Base(dir) + "." + name; !slices.Contains(known, name) {
			t.Errorf("%s has no row in the table of faults", name)
		}
	}
}

// ContextMethods are the comments of the exported methods of a package whose
// first parameter is a context: those that make requests.
func ContextMethods(t *testing.T, dir string) map[string]string {
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
