package scimtest_test

import (
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/iamscim/iamscim/scimtest/internal/behavior"
)

var updateBehaviors = flag.Bool("update-behaviors", false, "rewrite BEHAVIORS.md and behaviors.go from the table")

// TestBehaviorsPage: BEHAVIORS.md and behaviors.go are what the table gives.
func TestBehaviorsPage(t *testing.T) {
	t.Parallel()
	for file, want := range map[string]string{"BEHAVIORS.md": behavior.Page(), "behaviors.go": behavior.Constants()} {
		if *updateBehaviors {
			if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, string(got)); diff != "" {
			t.Errorf("%s differs from the table, run go generate ./scimtest (-want +got):\n%s", file, diff)
		}
	}
}

// TestBehaviorsTable: every row is complete, and every option that changes what the fake does has one.
func TestBehaviorsTable(t *testing.T) {
	t.Parallel()
	options := exportedOptions(t)
	named := map[string]bool{
		// These set the scene or are about all rows.
		"WithBehavior": true, "WithShuffledBehaviors": true, "WithLogger": true, "WithOptionalFaults": true, "WithOperationTime": true,
	}
	seen := map[behavior.ID]bool{}
	for _, section := range behavior.Table() {
		for _, row := range section.Rows {
			if seen[row.ID] {
				t.Errorf("two rows are %s", row.ID)
			}
			seen[row.ID] = true
			if !strings.Contains("DOIU", string(row.Mark)) || !strings.HasSuffix(row.Text, ".") {
				t.Errorf("%s: mark %q, text %q; want D, O, I or U, and a sentence", row.ID, row.Mark, row.Text)
			}
			source, _, _ := strings.Cut(row.Source, " ")
			if _, ok := behavior.Sources[source]; !ok && (row.Source != "" || row.Mark == "D" || row.Mark == "O") {
				t.Errorf("%s: source %q isn't listed", row.ID, row.Source)
			}
			if row.Option != "" {
				named[row.Option] = true
				if !options[row.Option] {
					t.Errorf("%s: there is no option %s", row.ID, row.Option)
				}
			}
			if row.Choices != nil && len(row.Choices) < 2 {
				t.Errorf("%s has the one choice %q", row.ID, row.Choices)
			}
		}
	}
	for option := range options {
		if !named[option] {
			t.Errorf("no row names the option %s", option)
		}
	}
}

// exportedOptions are the functions that return an Option.
func exportedOptions(t *testing.T) map[string]bool {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range parsed.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && strings.HasPrefix(f.Name.Name, "With") {
				names[f.Name.Name] = true
			}
		}
	}
	if len(names) < 10 {
		t.Fatalf("options = %v, want all of them", names)
	}
	return names
}
