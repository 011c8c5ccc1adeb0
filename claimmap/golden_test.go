package claimmap_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/claimmap"
)

var update = flag.Bool("update", false, "rewrite the want files of testdata/diagnostics")

// TestDiagnostics asserts what a user reads, whole. Each folder holds why (what
// the case is), flag (the value of --claim-mapping, byte for byte) and want.
// Names that begin with fine- are mappings without an error.
func TestDiagnostics(t *testing.T) {
	t.Parallel()
	dirs, err := filepath.Glob("testdata/diagnostics/*")
	if err != nil {
		t.Fatal(err)
	}
	wrong := 0
	for _, dir := range dirs {
		name := filepath.Base(dir)
		fine := strings.HasPrefix(name, "fine-")
		if !fine {
			wrong++
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(filepath.Join(dir, "flag"))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := os.Stat(filepath.Join(dir, "why")); err != nil {
				t.Error(err)
			}
			got, ok := diagnose(string(text))
			if ok != fine {
				t.Errorf("Parse and Validate of %q succeed: %v, want %v", text, ok, fine)
			}
			if again, _ := diagnose(string(text)); again != got {
				t.Errorf("a second run says something else (-first +second):\n%s", cmp.Diff(got, again))
			}
			path := filepath.Join(dir, "want")
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("diagnostics of %q (-want +got):\n%s", text, diff)
			}
		})
	}
	if wrong < 60 {
		t.Errorf("%d wrong mappings, want at least 60", wrong)
	}
}

// diagnose returns all there is to say about a flag, and whether it can be sent.
func diagnose(text string) (string, bool) {
	var b strings.Builder
	m, err := claimmap.Parse(text)
	if err == nil {
		fmt.Fprintf(&b, "mapping: %s\n", m)
		err = m.Validate(iamscim.SCIMUsageGroups)
	}
	if err != nil {
		fmt.Fprintln(&b, err)
		var invalid *claimmap.Error
		if errors.As(err, &invalid) {
			for _, issue := range invalid.Issues {
				fmt.Fprintf(&b, "class: %s\n", issue.Class)
			}
		}
		return b.String(), false
	}
	for _, usage := range []iamscim.SCIMUsage{iamscim.SCIMUsageGroups, iamscim.SCIMUsageUsersAndGroups} {
		fmt.Fprintf(&b, "%s:\n", usage)
		for _, issue := range m.Lint(usage) {
			fmt.Fprintf(&b, "  %s: %s\n", issue.Class, strings.ReplaceAll(issue.String(), "\n", "\n  "))
		}
	}
	return b.String(), true
}
