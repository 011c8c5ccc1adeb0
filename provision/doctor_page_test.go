package provision_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/iamscim/iamscim/provision"
)

// TestDoctorPage: docs/doctor.md is what the table of codes says.
func TestDoctorPage(t *testing.T) {
	t.Parallel()
	const path = "../docs/doctor.md"
	page := provision.DoctorPageForTest()
	if *update {
		if err := os.MkdirAll("../docs", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(text), page); diff != "" {
		t.Errorf("%s (-file +table): run go test ./provision -run TestDoctorPage -update\n%s", path, diff)
	}
}

// TestCodes: codes are unique and in order, and each is the finding of a scene.
func TestCodes(t *testing.T) {
	t.Parallel()
	form := regexp.MustCompile(`^SCIM[1-4]\d\d$`)
	played := map[provision.Code]bool{}
	for _, a := range ailments {
		for _, c := range a.want() {
			played[c] = true
		}
	}
	all := provision.Codes()
	for i, c := range all {
		switch {
		case !form.MatchString(string(c)):
			t.Errorf("%s: want SCIM and a number", c)
		case i > 0 && c <= all[i-1]:
			t.Errorf("%s comes after %s", c, all[i-1])
		case !played[c]:
			t.Errorf("no scene has %s: %s", c, c.Title())
		case c.Title() == "" || strings.HasSuffix(c.Title(), ".") || !slices.Contains(provision.Severities(), c.Severity()):
			t.Errorf("%s has the title %q and the severity %q", c, c.Title(), c.Severity())
		}
		delete(played, c)
	}
	for c := range played {
		t.Errorf("a scene has %s, which is no code", c)
	}
	if c := provision.Code("SCIM999"); c.Title() != "" || c.Severity() != "" {
		t.Errorf("%s has the title %q and the severity %q, want none", c, c.Title(), c.Severity())
	}
}
