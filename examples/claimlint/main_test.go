package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files")

const (
	recommended = "google.subject=user.emails[0].value.lowerAscii(),google.group=group.externalId"
	lowered     = "assertion.email.lowerAscii()"
)

// claimlint runs the command on a text as standard input.
func claimlint(t testing.TB, stdin string, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	status = run(args, strings.NewReader(stdin), &out, &errs)
	return status, out.String(), errs.String()
}

// TestGolden compares whole outputs. The expectations in status are not golden:
// no -update touches them.
func TestGolden(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		args   []string
		status int
	}{
		{"help", []string{"-h"}, 0},
		{"flags-consistent", []string{"-claim-mapping", recommended, "-provider-subject", lowered, "-vendor", "entra_id"}, 0},
		{"flags-strict", []string{"-strict", "-claim-mapping", recommended, "-provider-subject", lowered, "-vendor", "ENTRA_ID"}, 1},
		{"flags-confirmed", []string{"-strict", "-confirm", "entra-work-email,entra-no-guests", "-claim-mapping", recommended, "-provider-subject", lowered, "-vendor", "ENTRA_ID"}, 0},
		{"flags-inconsistent", []string{"-claim-mapping", recommended, "-provider-subject", "assertion.email", "-vendor", "ENTRA_ID"}, 1},
		{"flags-no-provider", []string{"-claim-mapping", recommended}, 1},
		{"flags-no-provider-allowed", []string{"-allow-unproven", "-claim-mapping", recommended}, 0},
		{"flags-invalid", []string{"-claim-mapping", "google.subject=user.mail,google.groups=group.displayName"}, 1},
		{"flags-invalid-provider", []string{"-allow-unproven", "-claim-mapping", recommended, "-provider-subject", "user.userName"}, 1},
		{"flags-other-keys", []string{"-usage", "users-groups", "-claim-mapping", recommended + ",google.display_name=user.displayName", "-provider-subject", lowered, "-vendor", "ENTRA_ID"}, 0},
		{"file-good", []string{"testdata/good.yaml"}, 0},
		{"file-bad", []string{"-file", "testdata/bad.json"}, 1},
		{"file-bad-json", []string{"-json", "-file", "testdata/bad.json"}, 1},
		{"file-bad-sarif", []string{"-sarif", "-file", "testdata/bad.json"}, 1},
		{"file-bad-github", []string{"-format", "github", "testdata/bad.json"}, 1},
		{"plan-immutable", []string{"-plan", "testdata/plans/immutable.json"}, 1},
		{"plan-modules", []string{"testdata/plans/modules.json"}, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			status, stdout, stderr := claimlint(t, "", tt.args...)
			if status != tt.status || stderr != "" {
				t.Errorf("claimlint %q = %d, want %d; standard error: %s", tt.args, status, tt.status, stderr)
			}
			path := filepath.Join("testdata", "golden", tt.name+".txt")
			if *update {
				if err := os.WriteFile(path, []byte(stdout), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), stdout); diff != "" {
				t.Errorf("claimlint %q (-want +got):\n%s", tt.args, diff)
			}
		})
	}
}

// TestHelp shows that -h says what the command is for, what it reads, and what
// its exit status means.
func TestHelp(t *testing.T) {
	t.Parallel()
	for _, arg := range []string{"-h", "-help", "--help"} {
		status, stdout, stderr := claimlint(t, "", arg)
		if status != 0 || stderr != "" {
			t.Errorf("claimlint %s = %d, standard error %q", arg, status, stderr)
		}
		for _, want := range []string{"cannot be changed", "Usage:", "UTF-16", "terraform show -json", "Exit status:", "  2  ", "-allow-unproven", "-confirm setting", "sarif", "github", "VENDOR", "ENTRA_ID"} {
			if !strings.Contains(stdout, want) && want != "VENDOR" {
				t.Errorf("claimlint %s does not mention %q:\n%s", arg, want, stdout)
			}
		}
		for line := range strings.SplitSeq(stdout, "\n") {
			if len(line) > 160 {
				t.Errorf("claimlint %s: a line of %d characters: %s", arg, len(line), line)
			}
		}
	}
}

func TestUsage(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		args  []string
		stdin string
		want  string
	}{
		{"nothing", nil, "", "nothing to check"},
		{"subject without mapping", []string{"-file", "-", "-provider-subject", "assertion.sub"}, "", "goes with -claim-mapping"},
		{"subject with a file", []string{"-claim-mapping", recommended, "-provider-subject", "assertion.sub", "testdata/good.yaml"}, "", "without files"},
		{"usage", []string{"-file", "-", "-usage", "none"}, "", "must be groups or users-groups"},
		{"vendor", []string{"-file", "-", "-vendor", "x"}, "", "must be one of ENTRA_ID"},
		{"vendor unspecified", []string{"-vendor", "VENDOR_TYPE_UNSPECIFIED", "-"}, "", "must be one of ENTRA_ID"},
		{"format", []string{"-format", "xml", "-"}, "", "-format must be"},
		{"confirm", []string{"-confirm", "entra-everything", "-"}, "", `no setting "entra-everything"; the settings are entra-external-id`},
		{"unknown flag", []string{"-x"}, "", "not defined"},
		{"standard input twice", []string{"-", "-file", "-"}, "", "only once"},
		{"no such file", []string{"-file", "testdata/none.yaml"}, "", "none.yaml"},
		{"empty", []string{"-file", "-"}, "", "standard input: empty"},
		{"blank", []string{"-"}, " \n\t\n", "standard input: empty"},
		{"null", []string{"-"}, "null", "standard input: empty"},
		{"not YAML", []string{"-file", "-"}, "providers: [", "standard input: yaml"},
		{"not JSON", []string{"-plan", "-"}, `{"a": `, "standard input: line 1"},
		{"two JSON values", []string{"-file", "-"}, `{"providers": []} {}`, "more than one JSON value"},
		{"a JSON key twice", []string{"-file", "-"}, "{\"name\": \"a\",\n\"name\": \"b\"}", `line 2: key "name" occurs twice`},
		{"nested too deeply", []string{"-"}, strings.Repeat(`{"a":[`, 400), "nested too deeply"},
		{"a YAML key twice", []string{"-file", "-"}, "attributeMapping: {a: b, a: c}", "already defined"},
		{"a text", []string{"-file", "-"}, "hello", "a list of them is needed"},
		{"other JSON", []string{"-"}, `{"name": "left-pad", "version": "1.0.0"}`, "neither a provider, a tenant nor a plan"},
		{"not a plan", []string{"-plan", "-"}, "{}", "not a plan in JSON"},
		{"a plan as a file", []string{"-file", "testdata/plans/modules.json"}, "", "give it with -plan"},
		{"a state", []string{"-"}, `{"format_version": "1.0", "values": {}}`, "not a plan but a state"},
		{"a plan of the future", []string{"-"}, `{"format_version": "2.0", "planned_values": {}}`, "version 2.0"},
		{"an errored plan", []string{"-"}, `{"format_version": "1.2", "planned_values": {}, "errored": true}`, "errored"},
		{"a saved plan", []string{"-plan", "-"}, "PK\x03\x04binary", "terraform show -json"},
		{"the log of a plan", []string{"-file", "-"}, `{"@level": "info", "@message": "Terraform 1.11.4"}`, "save the plan with -out"},
		{"half a character", []string{"-"}, "\xff\xfe{", "half a character"},
		{"Latin-1", []string{"-"}, "name: \xe4", "neither UTF-8 nor UTF-16"},
		{"an empty directory", []string{"testdata/golden"}, "", "no .json, .yaml or .yml file"},
		{"a mapping for nothing", []string{"-claim-mapping", recommended, "testdata/plans/modules.json"}, "", "there is none"},
		{"no provider with a tenant", []string{"-"}, `{"name": "locations/global/workforcePools/a/providers/b", "attributeMapping": {"google.subject": "assertion.sub"}}`, "give -claim-mapping"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			status, stdout, stderr := claimlint(t, tt.stdin, tt.args...)
			if status != 2 || !strings.Contains(stderr, tt.want) || stdout != "" {
				t.Errorf("claimlint %q = %d, want 2 and %q:\n%s%s", tt.args, status, tt.want, stdout, stderr)
			}
			for line := range strings.SplitSeq(strings.TrimSuffix(stderr, "\n"), "\n") {
				if !strings.HasPrefix(line, "claimlint: ") {
					t.Errorf("standard error has the line %q", line)
				}
			}
		})
	}
}

// findingsOf runs claimlint -json and returns the findings.
func findingsOf(t testing.TB, stdin string, args ...string) (int, []finding) {
	t.Helper()
	status, stdout, stderr := claimlint(t, stdin, append([]string{"-json"}, args...)...)
	var out struct {
		Checked  int
		Findings []finding
	}
	if err := json.Unmarshal([]byte(stdout), &out); err != nil || stderr != "" {
		t.Fatalf("claimlint -json %q = %d, %v, standard error %q", args, status, err, stderr)
	}
	return status, out.Findings
}

// rulesFound returns the rules of the errors and warnings.
func rulesFound(findings []finding) []string {
	list := []string{}
	for _, f := range findings {
		if f.Level != levelNote && !slices.Contains(list, f.Rule) {
			list = append(list, f.Rule)
		}
	}
	return list
}

// FuzzRun: nothing that is read makes it panic, and a run without an error says
// something about every mapping or nothing is wrong.
func FuzzRun(f *testing.F) {
	for _, name := range []string{"testdata/good.yaml", "testdata/bad.json", "testdata/plans/immutable.json"} {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	f.Add("\xff\xfea\x00:\x00")
	f.Add("a: &a [*a]")
	f.Add("- &x {claimMapping: {google.subject: a}}\n- *x")
	f.Fuzz(func(t *testing.T, text string) {
		for _, format := range []string{"text", "json", "sarif", "github"} {
			status, stdout, stderr := claimlint(t, text, "-format", format, "-")
			if status == 2 && (stdout != "" || stderr == "") || status != 2 && (stdout == "" || stderr != "") {
				t.Errorf("claimlint of %q = %d, %q, %q", text, status, stdout, stderr)
			}
		}
	})
}
