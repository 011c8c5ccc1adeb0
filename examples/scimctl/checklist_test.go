package main

import (
	"fmt"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"google.golang.org/api/iam/v1"

	"github.com/iamscim/iamscim/internal/oktafake"
	"github.com/iamscim/iamscim/scimtest"
)

// TestSetupWithOkta: a spec that names Okta. What only a person can do is a checklist
// with what Okta says is done; the rest is as with any identity provider.
func TestSetupWithOkta(t *testing.T) {
	acme := scimtest.Acme(t, scimtest.WithSyncerGranted())
	t.Setenv("IAMSCIM_EMULATOR_HOST", acme.URL())
	const provider = "locations/global/workforcePools/okta-pool/providers/okta"
	if err := acme.AddPool(&iam.WorkforcePool{Name: "locations/global/workforcePools/okta-pool", Parent: "organizations/" + acme.Organization}); err != nil {
		t.Fatal(err)
	}
	err := acme.AddProvider(&iam.WorkforcePoolProvider{
		Name: provider, VendorType: "OKTA", AttributeMapping: map[string]string{"google.subject": "assertion.sub"},
		Oidc: &iam.GoogleIamAdminV1WorkforcePoolProviderOidc{
			IssuerUri: "https://example.okta.com", ClientId: "client",
			WebSsoConfig: &iam.GoogleIamAdminV1WorkforcePoolProviderOidcWebSsoConfig{ResponseType: "ID_TOKEN", AssertionClaimsBehavior: "ONLY_ID_TOKEN_CLAIMS"},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	const ada = "00u00000000000000001"
	o := &oktafake.Okta{Connection: "UNKNOWN", People: []oktafake.Person{{ID: ada, Login: "ada@example.com", Email: "ada@example.com", Name: "Ada", Assigned: true, AppStatus: "STAGED", SyncState: "DISABLED"}}}
	org := httptest.NewServer(o)
	defer org.Close()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "okta-token"), oktafake.Token)
	spec := filepath.Join(dir, "spec.yaml")
	write(t, spec, fmt.Sprintf("provider: %s\naccept: [okta-external-id, okta-own-claims]\nstore: %s\nready:\n  users: [ada@example.com]\nidentityProvider:\n  okta: {org: %s, app: %s, tokenFile: %s}\n",
		provider, filepath.Join(dir, "token.json"), org.URL, oktafake.App, filepath.Join(dir, "okta-token")))

	status, stdout, stderr := call(t, "apply", "-spec", spec)
	if status != exitFindings || !strings.Contains(stdout, "A person does this:") {
		t.Fatalf("apply: %d\n%s\n%s", status, stdout, stderr)
	}
	status, stdout, stderr = call(t, "plan", "-spec", spec)
	uid := regexp.MustCompile(`type the tenant (\S+)\n`).FindStringSubmatch(stdout)
	if status != exitFindings || uid == nil {
		t.Fatalf("plan: %d\n%s\n%s", status, stdout, stderr)
	}
	_, list, _ := strings.Cut(stdout, "\nAt Okta, by a person")
	want := `
  Admin Console > Applications > the app
    [x] activate the app: the app is ACTIVE
  Admin Console > Applications > the app > Provisioning > Integration
    [?] type the tenant ` + uid[1] + `
    [?] type the token, and choose Test API Credentials: Okta never shows a token
    [?] enable API integration, and save: the connection is UNKNOWN
  Admin Console > Applications > the app > Provisioning > To App
    [?] enable Create Users
    [?] enable Update User Attributes
    [?] enable Deactivate Users
  Admin Console > Applications > the app > Assignments
    [x] assign people or groups to the app: 1 user
  Admin Console > Applications > the app > Push Groups
    [ ] push the groups: pushed: 0 groups
`
	if !strings.HasSuffix(list, want) {
		t.Errorf("the checklist is\n%s\nwant\n%s", list, want)
	}
	for _, r := range o.Requests() {
		if !strings.HasPrefix(r, "GET ") {
			t.Errorf("Okta got %s", r)
		}
	}
	if all := stdout + stderr; strings.Contains(all, oktafake.Token) {
		t.Error("the output has the token")
	}

	// The doctor and explain ask Okta too.
	status, stdout, stderr = call(t, "doctor", "-spec", spec)
	if status == exitFailed || !strings.Contains(stdout, "SCIM312") || !strings.Contains(stdout, "Okta reports the status UNKNOWN of the connection") {
		t.Errorf("doctor: %d\n%s\n%s", status, stdout, stderr)
	}
	status, stdout, stderr = call(t, "explain", "-spec", spec, "ada@example.com")
	if status != exitFindings || !strings.Contains(stdout, "the user of the app is STAGED: it waits to be pushed") {
		t.Errorf("explain: %d\n%s\n%s", status, stdout, stderr)
	}

	// A person has done it, and Okta pushes.
	tenant := ""
	for _, x := range acme.State().Tenants {
		if strings.HasPrefix(x.Name, provider) {
			tenant = x.Name
		}
	}
	id, err := acme.AddUser(tenant, []byte(`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"ada@example.com","externalId":"`+ada+`","displayName":"Ada","active":true,"emails":[{"type":"work","value":"ada@example.com"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	o.Do(func() {
		o.Connection, o.Capabilities = "ENABLED", `{"create":{"lifecycleCreate":{"status":"ENABLED"}},"update":{"profile":{"status":"ENABLED"},"lifecycleDeactivate":{"status":"ENABLED"}}}`
		o.People[0].AppStatus, o.People[0].SyncState, o.People[0].SCIMID = "PROVISIONED", "SYNCHRONIZED", id
		o.Groups = []oktafake.Group{{ID: "00g00000000000000001", Name: "engineering", Push: "ACTIVE"}}
	})
	if status, stdout, stderr = call(t, "apply", "-spec", spec); status != exitClean {
		t.Fatalf("apply with a directory: %d\n%s\n%s", status, stdout, stderr)
	}
	status, stdout, stderr = call(t, "rotate", "-spec", spec)
	if status != exitFindings || !strings.Contains(stdout, "Give it to the identity provider") {
		t.Errorf("rotate: %d\n%s\n%s", status, stdout, stderr)
	}
	status, stdout, stderr = call(t, "teardown", "-spec", spec, "-tenant-uid", uid[1])
	if status != exitClean || !strings.Contains(stdout, "The identity provider has stopped.") || !strings.Contains(stdout, "deleted for good") {
		t.Errorf("teardown: %d\n%s\n%s", status, stdout, stderr)
	}
}
