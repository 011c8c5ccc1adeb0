package main

import (
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// hostile is a file in which every text tries to be something else.
const hostile = `[
 {"name": "::error file=x::hacked", "vendorType": "ENTRA_ID", "attributeMapping": {"google.subject": "assertion.sub == '\n::stop-commands::x\n##[error]y' ? 'a' : 'b'"},
  "scimTenant": {"claimMapping": {"google.subject": "user.externalId", "google.group": "group.externalId"}}},
 {"name": "a\u001b[31m\r\nb", "scimTenant": {"claimMapping": {"google.subject": "user.x\n::error::y", "google.group": "\u001b]0;title\u0007", "##[group]z": "user.title", "attribute.a": "'\r\n::warning::z' + 1"}}},
 {"name": "\n::add-mask::c", "scimTenant": {"claimMapping": "::set-output name=x::y"}}
]`

// TestTextInjectsNothing shows that no line of the text begins a command of a CI
// system, and no character moves the cursor.
func TestTextInjectsNothing(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"text", "github"} {
		status, stdout, _ := claimlint(t, hostile, "-format", format, "-")
		if status != 1 {
			t.Fatalf("claimlint -format %s = %d, want 1", format, status)
		}
		checkLines(t, format, stdout)
	}
	_, _, stderr := claimlint(t, `{"name": "x", "claimMapping": 1, "\n::error::x": 2, "##[error]": "\u001b[2J"}`, "-file", "-")
	checkLines(t, "stderr", stderr)
	_, _, stderr = claimlint(t, "", "-file", "no\n::error::such\x1bfile")
	checkLines(t, "stderr", stderr)
}

func checkLines(t *testing.T, format, text string) {
	t.Helper()
	commands := regexp.MustCompile(`^::(error|warning|notice) [^:]*::[^\r\n]+$`)
	for line := range strings.SplitSeq(text, "\n") {
		begins := strings.HasPrefix(strings.TrimSpace(line), "::")
		if begins && (format != "github" || !commands.MatchString(line)) || format != "github" && strings.Contains(line, "##[") {
			t.Errorf("%s has the line %q", format, line)
		}
		if strings.ContainsFunc(line, unicode.IsControl) {
			t.Errorf("%s has control characters in %q", format, line)
		}
	}
}

// TestGitHubEscapes pins the escapes of workflow commands.
func TestGitHubEscapes(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	err := writeGitHub(&b, 1, []finding{
		{Name: "n", File: "a,b:c%.yaml", Line: 7, Level: levelError, Rule: "unknown key", Message: "100%\nx: y"},
		{Level: levelNote, Rule: "risk", Message: "m"},
		{File: "-", Line: 3, Level: levelWarning, Rule: "requires", Message: "w"},
	})
	want := "::error file=a%2Cb%3Ac%25.yaml,line=7,title=claimlint%3A unknown key::n: 100%25%0Ax: y\n" +
		"::notice title=claimlint%3A risk::m\n::warning title=claimlint%3A requires::w\n1 checked: 1 errors, 1 warnings, 1 notes\n"
	if err != nil || b.String() != want {
		t.Errorf("writeGitHub = %v:\n%s\nwant:\n%s", err, b.String(), want)
	}
}

// TestSARIF checks what code scanning asks for
// (https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning),
// by rules written by hand.
func TestSARIF(t *testing.T) {
	t.Parallel()
	inputs := map[string][]string{
		"file": {"-sarif", "testdata/bad.json"}, "flags": {"-sarif", "-claim-mapping", "google.subject=user.mail"}, "standard input": {"-sarif", "-"},
		"plan": {"-sarif", "testdata/plans/modules.json"}, "nothing wrong": {"-sarif", "-confirm", "entra-external-id", "testdata/good.yaml"},
	}
	for name, args := range inputs {
		_, stdout, stderr := claimlint(t, hostile, args...)
		var log sarifLog
		d := json.NewDecoder(strings.NewReader(stdout))
		d.DisallowUnknownFields()
		if err := d.Decode(&log); err != nil {
			t.Fatalf("%s: %v, %s", name, err, stderr)
		}
		if log.Version != "2.1.0" || !strings.Contains(log.Schema, "2.1.0") || len(log.Runs) != 1 || log.Runs[0].Tool.Driver.Name == "" {
			t.Errorf("%s: version %q, schema %q, %d runs", name, log.Version, log.Schema, len(log.Runs))
		}
		ids := []string{}
		for _, r := range log.Runs[0].Tool.Driver.Rules {
			if r.ID == "" || strings.ContainsFunc(r.ID, unicode.IsSpace) || slices.Contains(ids, r.ID) || r.Name == "" ||
				r.ShortDescription.Text == "" || len(r.ShortDescription.Text) > 1024 || r.FullDescription.Text == "" || len(r.FullDescription.Text) > 1024 ||
				r.Help.Text == "" || r.Help.Markdown == "" || r.Default.Level == "" {
				t.Errorf("%s: rule %+v lacks what GitHub shows", name, r)
			}
			ids = append(ids, r.ID)
		}
		for _, r := range log.Runs[0].Results {
			if r.RuleIndex < 0 || r.RuleIndex >= len(ids) || ids[r.RuleIndex] != r.RuleID || r.Message.Text == "" || len(r.Locations) != 1 || len(r.Fingerprints) != 1 {
				t.Errorf("%s: result %+v names no rule, or has no text, location or fingerprint", name, r)
				continue
			}
			physical := r.Locations[0].Physical
			if u, err := url.Parse(physical.Artifact.URI); err != nil || physical.Artifact.URI == "" || u.Scheme != "" || u.Host != "" || physical.Region.StartLine < 1 {
				t.Errorf("%s: result %s is at %+v, want a relative URI and a line", name, r.RuleID, physical)
			}
			if !slices.Contains([]level{levelError, levelWarning, levelNote}, r.Level) {
				t.Errorf("%s: result %s has level %q", name, r.RuleID, r.Level)
			}
		}
	}
}

func TestArtifactURI(t *testing.T) {
	t.Parallel()
	tests := []struct{ file, want string }{
		{"a.json", "a.json"}, {"./dir/a b.json", "dir/a%20b.json"}, {"ä#?%.yaml", "%C3%A4%23%3F%25.yaml"}, {"c:x.json", "c%3Ax.json"},
		{"../up.json", "../up.json"}, {"/abs/a b.json", "file:///abs/a%20b.json"}, {"-", "standard-input"}, {"", "command-line"},
	}
	for _, tt := range tests {
		if got := artifactURI(tt.file); got != tt.want {
			t.Errorf("artifactURI(%q) = %q, want %q", tt.file, got, tt.want)
		}
	}
}

// TestEveryRule shows that every rule that is described can be found, at its
// level, and that every rule that is found is described.
func TestEveryRule(t *testing.T) {
	t.Parallel()
	const flag = ",google.group=group.externalId"
	runs := map[string][]string{
		"syntax": {"-claim-mapping", "google.subject=user." + flag}, "unknown key": {"-claim-mapping", "google.subject=user.userName,google.groups=x" + flag},
		"duplicate key": {"-claim-mapping", "google.subject=user.userName,google.subject=user.userName" + flag}, "missing key": {"-claim-mapping", "google.subject=user.userName"},
		"unsupported": {"-claim-mapping", "google.subject=user.mail" + flag}, "type": {"-claim-mapping", "google.subject=user.userName,attribute.a=user.active" + flag},
		"limit":   {"-claim-mapping", "google.subject=((((((((((((((((((((((((((user.userName))))))))))))))))))))))))))" + flag},
		"ignored": {"-claim-mapping", "google.subject=user.userName,attribute.a=user.title" + flag}, "undocumented": {"-claim-mapping", "google.subject=user.userName,google.group=group.displayName"},
		"contradiction": {"-claim-mapping", "google.subject=user.externalId.lowerAscii()" + flag}, "advice": {"-claim-mapping", "google.subject=user.externalId" + flag},
		"connector": {"-claim-mapping", "google.subject=user.externalId" + flag}, "risk": {"-claim-mapping", "google.subject=user.userName" + flag},
		"inconsistent": {"-claim-mapping", "google.subject=user.userName" + flag, "-provider-subject", "assertion.sub", "-vendor", "ENTRA_ID"},
		"unproven":     {"-claim-mapping", "google.subject=user.userName" + flag}, "invalid": {"-claim-mapping", "google.subject=user.userName" + flag, "-provider-subject", "assertion."},
		ruleRequires: {"-claim-mapping", "google.subject=user.externalId" + flag, "-provider-subject", "assertion.oid", "-vendor", "ENTRA_ID"},
		ruleUnknown:  {"testdata/plans/modules.json"}, ruleImmutable: {"testdata/plans/immutable.json"},
	}
	for _, r := range rules {
		args, ok := runs[r.id]
		if !ok {
			if !slices.Contains([]string{ruleReplacement, ruleOccupied, ruleInput}, r.id) { // TestPlanLifecycle finds the last three
				t.Errorf("nothing finds %q", r.id)
			}
			continue
		}
		_, findings := findingsOf(t, "", args...)
		if !slices.ContainsFunc(findings, func(f finding) bool { return f.Rule == r.id && f.Level == r.level }) {
			t.Errorf("claimlint %q finds no %s of level %s: %v", args, r.id, r.level, findings)
		}
		for _, f := range findings {
			if !slices.ContainsFunc(rules, func(r rule) bool { return r.id == f.Rule }) {
				t.Errorf("claimlint %q finds %q, which is not described", args, f.Rule)
			}
		}
	}
}
