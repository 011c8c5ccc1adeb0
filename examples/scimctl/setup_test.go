package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/iamscim/iamscim/provision"
	"github.com/iamscim/iamscim/scimtest"
)

func call(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	status = run(t.Context(), args, &out, &err)
	return status, out.String(), err.String()
}

// TestSetupDemo runs the verbs on the four states.
func TestSetupDemo(t *testing.T) {
	t.Parallel()
	tests := []struct {
		args   string
		status int
		want   []string
	}{
		{"plan -demo empty", exitFindings, []string{"Plan: 3 to create, 4 deferred."}},
		{"plan -demo half-done", exitFindings, []string{"Plan: 2 to create, 4 deferred."}},
		{"plan -demo provisioned", exitClean, []string{"No changes."}},
		{"plan -demo drifted", exitFindings, []string{"Something else has undone", "the service agent has lost its role", "it doesn't run"}},
		{"apply -demo empty", exitClean, []string{"No changes."}},
		{"apply -demo half-done -wait", exitClean, []string{"No changes."}},
		{"apply -demo provisioned", exitClean, []string{"No changes."}},
		{"apply -demo drifted", exitClean, []string{"No changes."}},
		{"teardown -demo provisioned", exitClean, []string{"deleted for good", "Nothing of the set-up is left."}},
		{"teardown -demo provisioned -revoke-sessions ada@example.com -delete-subject eve@example.com", exitClean, []string{"The sessions of ada@example.com have ended.", "eve@example.com is deleted from the pool"}},
		{"teardown -demo empty", exitClean, []string{"Nothing of the set-up is left."}},
		{"teardown -demo provisioned -tenant-uid other", exitRefused, []string{"the pool has another tenant"}},
		{"import -demo provisioned", exitClean, []string{"tenantId: scim", "google.subject: user.emails[0].value.lowerAscii()", "usage: ENABLED_FOR_GROUPS"}},
		{"rotate -demo provisioned", exitClean, []string{"and the old token is deleted"}},
		{"plan -demo nothing", exitFailed, []string{"must be empty, half-done, provisioned, drifted"}},
		{"doctor -demo provisioned", exitClean, []string{"No findings."}},
		{"doctor -demo empty", exitFindings, []string{"SCIM130", "SCIM301", "SCIM400", "2 errors, 1 warning"}},
		{"doctor -demo half-done", exitFindings, []string{"SCIM150", "SCIM160", "SCIM301", "SCIM400"}},
		{"doctor -demo drifted", exitFindings, []string{"SCIM160", "SCIM302", "SCIM400", "--role=roles/iam.scimSyncer"}},
		{"doctor -demo wrong-mapping", exitFindings, []string{"SCIM141", "1 error."}},
		{"doctor -demo no-members", exitFindings, []string{"SCIM212", "1 warning."}},
		{"doctor -demo no-members -severity error", exitClean, []string{"SCIM212"}},
		{"doctor -demo no-members -suppress SCIM212", exitClean, []string{"No findings, 1 suppressed."}},
		{"doctor -demo no-members -suppress SCIM212=elsewhere", exitFindings, []string{"SCIM212"}},
		{"doctor -demo locked-out", exitFindings, []string{"SCIM214"}},
		{"doctor -demo empty-directory", exitFindings, []string{"SCIM402", "SCIM210", "SCIM211"}},
		{"doctor -demo provisioned -organization 1", exitFindings, []string{"SCIM113"}},
		{"doctor -demo provisioned -wait", exitClean, []string{"No findings."}},
		{"doctor -demo provisioned -severity nothing", exitFailed, []string{"must be error, warning or info"}},
		{"doctor -demo provisioned -suppress SCIM999", exitFailed, []string{"isn't a code"}},
		{"doctor -demo provisioned -token-age -1h", exitFailed, []string{"must not be negative"}},
		{"doctor", exitFailed, []string{"doctor needs -spec, -provider or -demo"}},
		{"doctor -provider x", exitFailed, []string{"provider: name"}},
		{"explain -demo provisioned ada@example.com", exitClean, []string{"Can sign in: unknown.", "group/e47a7e57-"}},
		{"explain -demo provisioned -claims testdata/claims.json ada@example.com", exitClean, []string{"Can sign in: yes. With the groups of the directory: yes."}},
		{"explain -demo locked-out -claims testdata/claims.json ada@example.com", exitFindings, []string{"Can sign in: no.", "the user is inactive"}},
		{"explain -demo provisioned eve@example.com", exitFindings, []string{"no such user"}},
		{"explain -demo provisioned", exitFailed, []string{"explain needs a user name"}},
		{"explain -demo provisioned a b", exitFailed, []string{`unexpected argument "a"`}},
		{"explain -demo provisioned -claims no-such-file ada", exitFailed, []string{"no such file"}},
		{"explain -demo provisioned -claims main.go ada", exitFailed, []string{"must be one JSON object"}},
		{"explain", exitFailed, []string{"explain needs -spec, -provider or -demo"}},
		{"plan", exitFailed, []string{"plan needs -spec, or -demo"}},
		{"teardown", exitFailed, []string{"needs -tenant-uid and either -spec or -provider"}},
		{"import", exitFailed, []string{"import needs -provider"}},
		{"plan -demo empty x", exitFailed, []string{`unexpected argument "x"`}},
		{"plan -x", exitFailed, []string{"flag provided but not defined"}},
		{"plan -spec no-such-file", exitFailed, []string{"no such file"}},
	}
	for _, tt := range tests {
		t.Run(tt.args, func(t *testing.T) {
			t.Parallel()
			status, stdout, stderr := call(t, strings.Fields(tt.args)...)
			if status != tt.status {
				t.Errorf("exit status %d, want %d", status, tt.status)
			}
			for _, want := range tt.want {
				if !strings.Contains(stdout+stderr, want) {
					t.Errorf("the output lacks %q", want)
				}
			}
			if strings.Contains(stdout+stderr, "fake-") {
				t.Error("a secret was printed")
			}
			if t.Failed() {
				t.Logf("%s\n%s", stdout, stderr)
			}
		})
	}
}

// TestSpecFile: every problem at once, with its line and path.
func TestSpecFile(t *testing.T) {
	t.Parallel()
	_, err := readSpec("spec.yaml", strings.NewReader(`provider: locations/global/workforcePools/acme-pool/providers/x
tenantId: UPPER
usage: ENABLED
mapping:
  google.subject: user.mail
accept: [entra-no-guests, nonsense]
stroe: token.json
adopt: by-hand
ready:
  users: ["", ada@example.com]
  maxAge: 1 hour
  audit: no-such-file.json
  breakGlass:
    - userName: ada@example.com
`))
	if err == nil {
		t.Fatal("no error")
	}
	var got []string
	for _, m := range regexp.MustCompile(`(?m)^spec\.yaml:(\d+): ([^ :]+)`).FindAllStringSubmatch(err.Error(), -1) {
		got = append(got, m[1]+" "+m[2])
	}
	want := []string{"7 field", "1 provider", "5 mapping.google.subject", "4 mapping.google.group", "8 adopt", "11 ready.maxAge", "12 ready.audit", "2 tenantId", "3 usage", "6 accept[1]", "10 ready.users[0]", "14 ready.breakGlass[0]"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("problems (-want +got):\n%s\n%v", diff, err)
	}
	for _, tt := range []struct{ text, want string }{
		{"", "spec.yaml:1: provider: required"},
		{"provider: [x]", "cannot unmarshal"},
		{"a: b: c", "mapping values are not allowed"},
		{"store:\n  secretmanager: scim-token\n", "spec.yaml:1: store: secretmanager: new store: invalid argument: secret: must be projects/PROJECT/secrets/SECRET"},
		{"store:\n  vault: secret/scim\n", "spec.yaml:2: field vault is unknown"},
		{"store:\n  create: true\n", "spec.yaml:1: store: create is for a secret"},
		{"store: [a]\n", "cannot unmarshal"},
		{"provider: locations/global/workforcePools/acme-pool/providers/entra\nusage: ENABLED_FOR_GROUPS\nmapping:\n  google.subject: user.externalId\n", "spec.yaml:3: mapping.google.group: "},
	} {
		if _, err := readSpec("spec.yaml", strings.NewReader(tt.text)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("readSpec(%q) = %v, want %q", tt.text, err, tt.want)
		}
	}
}

// TestSetupAgainstEmulator goes through files: a spec, a plan in JSON, a store. The
// environment alone names the server.
func TestSetupAgainstEmulator(t *testing.T) {
	for name, store := range map[string]string{
		"file":           filepath.Join(t.TempDir(), "token.json"),
		"Secret Manager": "\n  secretmanager: projects/acme-prod/secrets/scim-token\n  create: true",
	} {
		t.Run(name, func(t *testing.T) { setUpAgainstEmulator(t, store) })
	}
}

func setUpAgainstEmulator(t *testing.T, store string) {
	acme := scimtest.Acme(t, scimtest.WithSyncerGranted())
	t.Setenv("IAMSCIM_EMULATOR_HOST", acme.URL())
	dir := t.TempDir()
	spec, plan := filepath.Join(dir, "spec.yaml"), filepath.Join(dir, "plan.json")
	text := "provider: " + acme.Provider + "\naccept: [entra-no-guests]\nstore: " + store + "\nready:\n  users: [ada@example.com]\n"
	if err := os.WriteFile(spec, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	status, stdout, stderr := call(t, "plan", "-spec", spec, "-json")
	if status != exitFindings {
		t.Fatalf("plan: %d\n%s\n%s", status, stdout, stderr)
	}
	var p provision.Plan
	if err := json.Unmarshal([]byte(stdout), &p); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(plan, []byte(stdout), 0o600); err != nil {
		t.Fatal(err)
	}
	status, stdout, stderr = call(t, "apply", "-spec", spec, "-plan", plan)
	if status != exitFindings || !strings.Contains(stdout, "A person does this:") {
		t.Fatalf("apply: %d\n%s\n%s", status, stdout, stderr)
	}
	// The plan of an hour ago is done as far as it could be.
	if status, stdout, stderr = call(t, "apply", "-spec", spec, "-plan", plan); status != exitFindings || len(acme.State().Tokens) != 1 {
		t.Fatalf("apply again: %d\n%s\n%s", status, stdout, stderr)
	}
	user := `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"ada@example.com","active":true,"emails":[{"type":"work","value":"ada@example.com"}]}`
	if _, err := acme.AddUser(p.Tenant.String(), []byte(user)); err != nil {
		t.Fatal(err)
	}
	if status, stdout, stderr = call(t, "apply", "-spec", spec); status != exitClean || !strings.Contains(stderr, "--scim-usage=SCIM_USAGE_UNSPECIFIED") {
		t.Fatalf("apply with a directory: %d\n%s\n%s", status, stdout, stderr)
	}
	status, stdout, stderr = call(t, "rotate", "-spec", spec)
	id := regexp.MustCompile(`rotate -retire (\S+)\.`).FindStringSubmatch(stdout)
	if status != exitFindings || id == nil {
		t.Fatalf("rotate: %d\n%s\n%s", status, stdout, stderr)
	}
	if status, stdout, _ = call(t, "plan", "-spec", spec); status != exitFindings || !strings.Contains(stdout, "a person replaces the token there") {
		t.Errorf("plan during a rotation: %d\n%s", status, stdout)
	}
	if status, stdout, stderr = call(t, "rotate", "-spec", spec, "-retire", id[1]); status != exitClean {
		t.Fatalf("rotate -retire: %d\n%s\n%s", status, stdout, stderr)
	}
	if status, stdout, _ = call(t, "plan", "-spec", spec); status != exitClean {
		t.Errorf("plan at the end: %d\n%s", status, stdout)
	}
	status, stdout, _ = call(t, "import", "-provider", acme.Provider)
	if _, err := readSpec("imported.yaml", strings.NewReader(stdout)); status != exitClean || err != nil {
		t.Errorf("import: %d, %v\n%s", status, err, stdout)
	}
	tenants := acme.State().Tenants
	uid := tenants[0].BaseUri[strings.LastIndexByte(tenants[0].BaseUri, '/')+1:]
	if status, _, stderr = call(t, "teardown", "-spec", spec, "-provider", acme.Provider, "-tenant-uid", uid); status != exitFailed || len(acme.State().Tenants) != 1 {
		t.Errorf("teardown of a spec and a provider: %d\n%s", status, stderr)
	}
	if status, stdout, stderr = call(t, "teardown", "-spec", spec, "-tenant-uid", uid); status != exitClean || len(acme.State().Tenants) != 0 {
		t.Errorf("teardown: %d\n%s\n%s", status, stdout, stderr)
	}
}

// TestREADMESpecs: the specs of the README are read without a problem.
func TestREADMESpecs(t *testing.T) {
	acme := scimtest.Acme(t)
	t.Setenv("IAMSCIM_EMULATOR_HOST", acme.URL())
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	specs := regexp.MustCompile("(?s)```yaml\n(provider: .*?)```").FindAllStringSubmatch(string(text), -1)
	if len(specs) != 3 {
		t.Fatalf("the README has %d specs, want 3", len(specs))
	}
	t.Setenv(envEntraSecret, "fake-client-secret")
	for _, spec := range specs {
		got, err := readSpec("spec.yaml", strings.NewReader(spec[1]))
		if err != nil || got.Store == nil {
			t.Errorf("readSpec = %+v, %v of\n%s", got, err, spec[1])
		}
	}
}
