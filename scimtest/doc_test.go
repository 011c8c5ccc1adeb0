package scimtest_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/iamscim/iamscim/scimtest"
)

// TestBehavioursTable: the package comment has a marked row for every open
// question and every option, with the fake's choice.
func TestBehavioursTable(t *testing.T) {
	t.Parallel()
	files := token.NewFileSet()
	doc, err := parser.ParseFile(files, "doc.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	_, table, ok := strings.Cut(doc.Doc.Text(), "# Behaviours\n")
	if !ok {
		t.Fatal("the package comment has no heading Behaviours")
	}
	var rows []string
	for line := range strings.Lines(table) {
		if row, ok := strings.CutPrefix(line, "\t"); ok {
			rows = append(rows, strings.TrimSpace(row))
		}
	}
	marked := regexp.MustCompile(`^[DOIU]  \S`)
	for _, row := range rows {
		if !marked.MatchString(row) {
			t.Errorf("this row has no mark: %q", row)
		}
	}
	contains := func(text string) (string, bool) {
		i := slices.IndexFunc(rows, func(row string) bool { return strings.Contains(row, text) })
		if i < 0 {
			return "", false
		}
		return rows[i], true
	}
	for behavior, values := range scimtest.Choices() {
		row, ok := contains("[" + string(behavior) + "]")
		if !ok {
			t.Errorf("no row names [%s]", behavior)
			continue
		}
		if mark := row[:1]; mark == "O" || mark == "D" && !strings.Contains(row, "U ") {
			t.Errorf("the row of [%s] is not marked as open: %q", behavior, row)
		}
		code := strings.NewReplacer("NOT_FOUND", "404", "INVALID_ARGUMENT", "400", "FAILED_PRECONDITION", "400 FAILED_PRECONDITION").Replace(values[0])
		if slices.Contains([]string{"400", "404", "400 FAILED_PRECONDITION"}, code) && !strings.Contains(row, code) && !strings.Contains(row, "too [") {
			t.Errorf("the row of [%s] does not tell its choice %s: %q", behavior, values[0], row)
		}
	}
	// Options that set the scene rather than a behaviour.
	scenery := []string{"WithOrganization", "WithClock", "WithLogger", "WithBehavior"}
	for _, option := range exportedOptions(t) {
		if _, ok := contains("([" + option + "]"); !ok && !slices.Contains(scenery, option) {
			if _, ok := contains("[" + option + "])"); !ok {
				t.Errorf("no row names the option [%s]", option)
			}
		}
	}
}

// exportedOptions are the functions that return an Option.
func exportedOptions(t *testing.T) []string {
	t.Helper()
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		if !strings.HasSuffix(entry.Name(), ".go") || strings.HasSuffix(entry.Name(), "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), entry.Name(), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && strings.HasPrefix(f.Name.Name, "With") {
				names = append(names, f.Name.Name)
			}
		}
	}
	if len(names) < 15 {
		t.Fatalf("options = %q, want all of them", names)
	}
	return names
}
