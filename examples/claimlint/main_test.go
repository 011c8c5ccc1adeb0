package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestGolden compares whole outputs. The expectations in status are not golden:
// no -update touches them.
func TestGolden(t *testing.T) {
	t.Parallel()
	const recommended = "google.subject=user.emails[0].value.lowerAscii(),google.group=group.externalId"
	tests := []struct {
		name   string
		args   []string
		status int
	}{
		{"flags-consistent", []string{"-claim-mapping", recommended, "-provider-subject", "assertion.email.lowerAscii()", "-vendor", "entra_id"}, 0},
		{"flags-strict", []string{"-strict", "-claim-mapping", recommended, "-provider-subject", "assertion.email.lowerAscii()", "-vendor", "ENTRA_ID"}, 1},
		{"flags-inconsistent", []string{"-claim-mapping", recommended, "-provider-subject", "assertion.email", "-vendor", "ENTRA_ID"}, 1},
		{"flags-no-provider", []string{"-claim-mapping", recommended}, 1},
		{"flags-no-provider-allowed", []string{"-allow-unproven", "-claim-mapping", recommended}, 0},
		{"flags-invalid", []string{"-claim-mapping", "google.subject=user.mail,google.groups=group.displayName"}, 1},
		{"flags-other-keys", []string{"-usage", "users-groups", "-claim-mapping", recommended + ",google.display_name=user.displayName", "-provider-subject", "assertion.email.lowerAscii()", "-vendor", "ENTRA_ID"}, 0},
		{"file-good", []string{"-file", "testdata/good.yaml"}, 0},
		{"file-bad", []string{"-file", "testdata/bad.json"}, 1},
		{"file-bad-json", []string{"-json", "-file", "testdata/bad.json"}, 1},
		{"file-bad-sarif", []string{"-sarif", "-file", "testdata/bad.json"}, 1},
		{"plan", []string{"-plan", "testdata/plan.json"}, 1},
		{"plan-sarif", []string{"-sarif", "-plan", "testdata/plan.json"}, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var stdout, stderr bytes.Buffer
			if status := run(tt.args, strings.NewReader(""), &stdout, &stderr); status != tt.status || stderr.Len() > 0 {
				t.Errorf("run(%q) = %d, want %d; standard error: %s", tt.args, status, tt.status, &stderr)
			}
			path := filepath.Join("testdata", "golden", tt.name+".txt")
			if *update {
				if err := os.WriteFile(path, stdout.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), stdout.String()); diff != "" {
				t.Errorf("run(%q) (-want +got):\n%s", tt.args, diff)
			}
		})
	}
}

// TestSARIF checks what code scanning requires of a log.
func TestSARIF(t *testing.T) {
	t.Parallel()
	var stdout, stderr bytes.Buffer
	run([]string{"-sarif", "-file", "testdata/bad.json"}, strings.NewReader(""), &stdout, &stderr)
	var log sarifLog
	if err := json.Unmarshal(stdout.Bytes(), &log); err != nil {
		t.Fatal(err)
	}
	if log.Version != "2.1.0" || len(log.Runs) != 1 || len(log.Runs[0].Results) == 0 {
		t.Fatalf("SARIF %q with %d runs, want 2.1.0 and one run with results", log.Version, len(log.Runs))
	}
	known := map[string]bool{}
	for _, rule := range log.Runs[0].Tool.Driver.Rules {
		known[rule.ID] = true
	}
	for _, r := range log.Runs[0].Results {
		if !known[r.RuleID] || r.Message.Text == "" || len(r.Locations) != 1 {
			t.Errorf("result %+v: want a known rule, a text and a location", r)
			continue
		}
		physical := r.Locations[0].Physical
		if physical == nil || physical.Artifact.URI != "testdata/bad.json" || physical.Region.StartLine != 8 && physical.Region.StartLine != 16 {
			t.Errorf("result %s is at %+v, want line 8 or 16 of the file", r.RuleID, physical)
		}
	}
}

func TestStandardInput(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/good.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	if status := run([]string{"-file", "-"}, bytes.NewReader(text), &stdout, &stderr); status != 0 {
		t.Errorf("run = %d, want 0\n%s%s", status, &stdout, &stderr)
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
		{"nothing", nil, "", "give one of"},
		{"two inputs", []string{"-file", "a", "-plan", "b"}, "", "give one of"},
		{"two formats", []string{"-json", "-sarif", "-file", "-"}, "", "exclude each other"},
		{"subject without mapping", []string{"-file", "-", "-provider-subject", "assertion.sub"}, "", "goes with -claim-mapping"},
		{"usage", []string{"-file", "-", "-usage", "none"}, "", "-usage must be"},
		{"vendor", []string{"-file", "-", "-vendor", "x"}, "", "-vendor must be"},
		{"argument", []string{"-file", "-", "x"}, "", `unexpected argument "x"`},
		{"unknown flag", []string{"-x"}, "", "not defined"},
		{"no such file", []string{"-file", "testdata/none.yaml"}, "", "none.yaml"},
		{"empty", []string{"-file", "-"}, "", "standard input: EOF"},
		{"not YAML", []string{"-file", "-"}, "providers: [", "standard input: yaml"},
		{"unknown field", []string{"-file", "-"}, "provider: []", "field provider not found"},
		{"no tenant", []string{"-file", "-"}, "providers: [{name: x}]", "no provider with a scimTenant"},
		{"mapping of another kind", []string{"-file", "-"}, "providers: [{name: x, scimTenant: {claimMapping: [a]}}]", "x: claimMapping: yaml"},
		{"two documents", []string{"-file", "-"}, "providers: [{scimTenant: {claimMapping: {a: b}}}]\n---\nproviders: []", "more than one document"},
		{"not JSON", []string{"-plan", "-"}, "x", "invalid character"},
		{"not a plan", []string{"-plan", "-"}, "{}", "not a plan in JSON"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var stdout, stderr bytes.Buffer
			if status := run(tt.args, strings.NewReader(tt.stdin), &stdout, &stderr); status != 2 || !strings.Contains(stderr.String(), tt.want) || stdout.Len() > 0 {
				t.Errorf("run(%q) = %d, want 2 and %q:\n%s%s", tt.args, status, tt.want, &stdout, &stderr)
			}
		})
	}
}

func FuzzFromFile(f *testing.F) {
	f.Add([]byte("providers: [{name: x, scimTenant: {claimMapping: {google.subject: user.externalId}}}]"))
	f.Fuzz(func(t *testing.T, text []byte) {
		cases, err := fromFile(text)
		o := &options{usage: "ENABLED_FOR_GROUPS"}
		for _, c := range cases {
			if err == nil && len(o.check(c)) == 0 {
				t.Errorf("%q: a pair without a provider has no finding", text)
			}
		}
	})
}
