package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/iamscim/iamscim/internal/oktafake"
	"github.com/iamscim/iamscim/provision"
	"github.com/iamscim/iamscim/scimtest"
)

// TestREADMEOutput runs the commands that the README shows with their output.
func TestREADMEOutput(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```\n\\$ go run ./examples/scimctl ([^\n]*)\n(.*?)\n```").FindAllStringSubmatch(string(text), -1)
	shown := map[string]bool{}
	for _, b := range blocks {
		args := strings.Fields(strings.ReplaceAll(b[1], "examples/scimctl/", ""))
		shown[args[0]] = true
		_, stdout, stderr := call(t, args...)
		if diff := cmp.Diff(steady(b[2]+"\n"), steady(stdout)); diff != "" || stderr != "" {
			t.Errorf("%s (-README +output):\n%s%s", b[1], diff, stderr)
		}
	}
	if !shown["doctor"] || !shown["explain"] {
		t.Errorf("the README shows the output of %v, want doctor and explain", shown)
	}
}

// steady replaces IDs and times that differ from run to run.
func steady(text string) string {
	text = regexp.MustCompile(`\d{4}-\d\d-\d\d \d\d:\d\d UTC`).ReplaceAllString(text, "TIME")
	text = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}`).ReplaceAllString(text, "ID")
	return regexp.MustCompile(`[0-9a-f]{20}`).ReplaceAllString(text, "UID")
}

// TestDoctorJSON: JSON is a report that reads back, and nothing else.
func TestDoctorJSON(t *testing.T) {
	t.Parallel()
	status, stdout, stderr := call(t, "doctor", "-demo", "drifted", "-json")
	var r provision.Report
	if err := json.Unmarshal([]byte(stdout), &r); err != nil || status != exitFindings || stderr != "" {
		t.Fatalf("doctor -json: %d, %v\n%s%s", status, err, stdout, stderr)
	}
	if !r.Has("SCIM160") || r.Healthy() {
		t.Errorf("the report is %s", r.String())
	}
	status, stdout, _ = call(t, "explain", "-demo", "provisioned", "-json", "ada@example.com")
	var person provision.Person
	if err := json.Unmarshal([]byte(stdout), &person); err != nil || status != exitClean || person.Subject != "ada@example.com" {
		t.Errorf("explain -json: %d, %v\n%s", status, err, stdout)
	}
}

// TestDoctorAgainstEmulator: a provider's name is enough, and what the caller may
// not read is a status of its own.
func TestDoctorAgainstEmulator(t *testing.T) {
	acme := scimtest.Acme(t, scimtest.WithDeniedPermissions("resourcemanager.organizations.getIamPolicy"), scimtest.WithOptionalFaults())
	t.Setenv("IAMSCIM_EMULATOR_HOST", acme.URL())
	status, stdout, stderr := call(t, "doctor", "-provider", acme.Provider)
	if status != exitRefused || !strings.Contains(stdout, "SCIM101") || !strings.Contains(stdout, "SCIM130") || !strings.Contains(stdout, "no store is given") {
		t.Errorf("doctor: %d\n%s%s", status, stdout, stderr)
	}
	if err := acme.Fail(scimtest.Fault{Status: 401, Times: 100}); err != nil {
		t.Fatal(err)
	}
	if status, stdout, stderr = call(t, "doctor", "-provider", acme.Provider); status != exitRefused || !strings.Contains(stdout, "SCIM100") {
		t.Errorf("doctor without credentials: %d\n%s%s", status, stdout, stderr)
	}
	acme.ClearFaults()
	if err := acme.Fail(scimtest.Fault{Status: 503, Times: 100}); err != nil {
		t.Fatal(err)
	}
	if status, stdout, stderr = call(t, "doctor", "-provider", acme.Provider); status != exitFailed || !strings.Contains(stdout, "SCIM103") {
		t.Errorf("doctor while IAM is down: %d\n%s%s", status, stdout, stderr)
	}
}

// TestDoctorWithOkta: a spec that names the identity provider is all that doctor and
// explain need to ask it.
func TestDoctorWithOkta(t *testing.T) {
	o, _, srv, args, dir := serveOkta(t)
	t.Setenv("IAMSCIM_EMULATOR_HOST", srv.URL())
	org := args[slices.Index(args, "-okta-org")+1]
	spec := filepath.Join(dir, "spec.yaml")
	write(t, spec, "provider: "+srv.State().Providers[0].Name+"\nvendor: OKTA\nidentityProvider:\n  okta:\n    org: "+org+"\n    app: "+oktafake.App+"\n    tokenFile: "+filepath.Join(dir, "okta-token")+"\n")
	_, stdout, stderr := call(t, "explain", "-spec", spec, o.People[3].Login)
	for _, want := range []string{"The identity provider:\n  key              " + o.People[3].ID, "groups           " + o.Groups[0].ID, "result           success"} {
		if !strings.Contains(stdout, want) || stderr != "" {
			t.Errorf("explain lacks %q:\n%s%s", want, stdout, stderr)
		}
	}
	_, stdout, stderr = call(t, "doctor", "-spec", spec)
	if !strings.Contains(stdout, "SCIM312") || stderr != "" {
		t.Errorf("doctor lacks SCIM312:\n%s%s", stdout, stderr)
	}
	o.Denied = []string{"okta.groups.read"}
	if _, stdout, stderr = call(t, "explain", "-spec", spec, o.People[3].Login); !strings.Contains(stdout+stderr, "okta.groups.read") {
		t.Errorf("explain without a permission:\n%s%s", stdout, stderr)
	}
}
