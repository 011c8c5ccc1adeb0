package scimtest_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/iamscim/iamscim/scimtest"
	"google.golang.org/api/iam/v1"
)

const seedJSON = `{
  "pools": [{"name": "` + poolName + `", "parent": "` + organization + `", "displayName": "Acme"}],
  "providers": [{"name": "` + providerName + `", "attributeMapping": {"google.subject": "assertion.oid"}, "vendorType": "ENTRA_ID",
    "oidc": {"issuerUri": "https://idp.example", "clientId": "c", "clientSecret": {"value": {"plainText": "hunter2"}},
      "webSsoConfig": {"responseType": "CODE", "assertionClaimsBehavior": "ONLY_ID_TOKEN_CLAIMS"}}}],
  "scimTenants": [{"name": "` + tenantName + `", "baseUri": "https://iamscim.googleapis.com/v1alpha1/tenants/uid1",
    "claimMapping": {"google.subject": "user.externalId", "google.group": "group.externalId"}}],
  "tokens": [{"name": "` + tokenName + `", "securityToken": "fake-token"}],
  "directories": {"` + tenantName + `": {
    "users": [{"id": "u1", "userName": "a@example.com", "externalId": "x1", "emails": [{"type": "work", "value": "a@example.com"}]}],
    "groups": [{"id": "g1", "displayName": "eng", "externalId": "y1", "members": [{"value": "u1"}]}]}}
}`

func TestLoad(t *testing.T) {
	t.Parallel()
	a := newAPI(t, scimtest.WithSyncerGranted())
	if err := a.srv.Load(strings.NewReader(seedJSON)); err != nil {
		t.Fatal(err)
	}
	state := a.srv.State()
	if got := state.Tenants[0]; got.BaseUri != "http://127.0.0.1/v1alpha1/tenants/uid1" || got.ServiceAgent != "o-123456789012-uid1@gcp-sa-iamscim.iam.gserviceaccount.com" {
		t.Errorf("tenant = %+v, want the UID of the seed", got)
	}
	if code, body, _ := a.users(state.Tenants[0], "Bearer fake-token"); code != http.StatusOK || !strings.Contains(body, `"id":"u1"`) {
		t.Errorf("GET /Users with the seeded token = %d %s, want the seeded user", code, body)
	}
	if got := string(state.Directories[tenantName].Groups[0]); !strings.Contains(got, `"value":"u1"`) {
		t.Errorf("group = %s, want its member", got)
	}
	if got := a.state(); strings.Contains(got, "hunter2") || strings.Contains(got, "fake-token") {
		t.Errorf("the state shows a secret: %s", got)
	}
}

// TestLoadRefused: the error names the place, and nothing of the document
// stays.
func TestLoadRefused(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, old, new, want string }{
		{"not JSON", `{`, `(`, "seed:1: invalid character"},
		{"unknown list", `"pools"`, `"pool"`, `unknown field "pool"`},
		{"unknown field", `"displayName": "Acme"`, `"display": "Acme"`, `unknown field "display"`},
		{"pool id", "acme-pool\", \"parent", "x\", \"parent", "pools[0]: scimtest: add pool: name"},
		{"organization", `"parent": "` + organization, `"parent": "organizations/999`, "pools[0]: scimtest: add pool: PERMISSION_DENIED"},
		{"no provider", `"providers": [{"name": "` + providerName, `"providers": [{"name": "` + poolName + "/providers/okta", "scimTenants[0]: scimtest: add SCIM tenant: parent " + providerName},
		{"mapping", `"user.externalId"`, `"user.title"`, "scimTenants[0]: scimtest: add SCIM tenant: INVALID_ARGUMENT: Unsupported expression"},
		{"base URI", "tenants/uid1", "uid1", "does not end in /tenants/UID"},
		{"token", "fake-token", "real-token", `tokens[0]: scimtest: add SCIM token: SecurityToken must be "fake-"`},
		{"user", `"type": "work", `, `"type": "home", `, "users[0]: scimtest: add user to " + tenantName},
		{"group", `[{"value": "u1"}]`, `[{"value": "u2"}]`, "groups[0]: scimtest: add group to " + tenantName},
		{"directory", `"directories": {"` + tenantName, `"directories": {"` + tenantName + "x", `there is no SCIM tenant "` + tenantName + `x"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			document := strings.Replace(seedJSON, tt.old, tt.new, 1)
			if document == seedJSON {
				t.Fatalf("%q is not in the document", tt.old)
			}
			a := newAPI(t)
			before := a.state()
			err := a.srv.Load(strings.NewReader(document))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Load = %v, want an error with %q", err, tt.want)
			}
			if after := a.state(); after != before {
				t.Errorf("the state after a refused Load = %s, want %s", after, before)
			}
		})
	}
	if err := newAPI(t).srv.Load(strings.NewReader(seedJSON + "{}")); err == nil {
		t.Error("Load of two documents = nil, want an error")
	}
}

// TestSeedErrors: what the Add methods refuse beyond a create's checks.
func TestSeedErrors(t *testing.T) {
	t.Parallel()
	a, _, token := seeded(t)
	tests := []struct {
		name string
		err  error
		want string
	}{
		{"nil pool", a.srv.AddPool(nil), "add pool: it is nil"},
		{"nil provider", a.srv.AddProvider(nil), "add provider: it is nil"},
		{"pool twice", a.srv.AddPool(testPool()), "ALREADY_EXISTS"},
		{"pool without a parent", a.srv.AddPool(&iam.WorkforcePool{Name: "locations/global/workforcePools/other-pool"}), "parent is required"},
		{"location", a.srv.AddPool(&iam.WorkforcePool{Name: "locations/us/workforcePools/other-pool", Parent: organization}), "the location must be global"},
		{"provider's name", a.srv.AddProvider(&iam.WorkforcePoolProvider{Name: poolName}), "name"},
		{"second tenant", second(a.srv.AddTenant(&iam.WorkforcePoolProviderScimTenant{Name: providerName + "/scimTenants/tenant-b", ClaimMapping: testTenant().ClaimMapping})), "already has a SCIM tenant"},
		{"nil tenant", second(a.srv.AddTenant(nil)), "it is nil"},
		{"nil token", second(a.srv.AddToken(nil)), "it is nil"},
		{"token value twice", second(a.srv.AddToken(&iam.WorkforcePoolProviderScimToken{Name: tenantName + "/tokens/token-b", SecurityToken: token.SecurityToken})), "that of another token"},
		{"user of no tenant", second(a.srv.AddUser("x", nil)), `there is no SCIM tenant "x"`},
	}
	for _, tt := range tests {
		if tt.err == nil || !strings.HasPrefix(tt.err.Error(), "scimtest: ") || !strings.Contains(tt.err.Error(), tt.want) {
			t.Errorf("%s: %v, want an error of scimtest with %q", tt.name, tt.err, tt.want)
		}
	}
}

func second[T any](_ T, err error) error { return err }

// TestSnapshot: a snapshot brings everything back, as often as wanted, and on
// another server too.
func TestSnapshot(t *testing.T) {
	t.Parallel()
	a := newAPI(t, scimtest.WithSyncerGranted())
	if err := a.srv.Load(strings.NewReader(seedJSON)); err != nil {
		t.Fatal(err)
	}
	snapshot, want := a.srv.Snapshot(), a.state()
	users := strings.TrimPrefix(a.srv.State().Tenants[0].BaseUri, "http://127.0.0.1/") + "/Users"
	change := func(a *api) {
		t.Helper()
		resp := a.send("DELETE", users+"/u1", nil, "Authorization", "Bearer fake-token")
		resp.Body.Close()
		if resp.StatusCode != http.StatusNoContent {
			t.Errorf("DELETE /Users/u1 = %d, want 204", resp.StatusCode)
		}
		a.ok("PATCH", "v1/"+tenantName, map[string]any{"displayName": "x"})
		a.ok("DELETE", "v1/"+tokenName, nil)
		a.ok("POST", setPolicy, `{"policy":{}}`)
		a.ok("DELETE", "v1/"+poolName+"/subjects/s", nil)
		a.ok("DELETE", "v1/"+tenantName+"?hardDelete=true", nil)
	}
	for range 2 {
		change(a)
		if got := a.state(); got == want {
			t.Fatal("the changes do not show in the state")
		}
		a.srv.Restore(snapshot)
		if diff := cmp.Diff(want, a.state()); diff != "" {
			t.Errorf("the state after a Restore (-want +got):\n%s", diff)
		}
	}
	// The other server uses its own options: its base URI ends with a slash.
	other := newAPI(t, scimtest.WithBehavior(scimtest.BaseURISlash, "YES"))
	other.srv.Restore(snapshot)
	_, body, _ := other.users(&iam.WorkforcePoolProviderScimTenant{BaseUri: "http://127.0.0.1/v1alpha1/tenants/uid1"}, "Bearer fake-token")
	if !strings.Contains(body, "http://127.0.0.1/v1alpha1/tenants/uid1/Users/u1") {
		t.Errorf("GET /Users of the other server = %s, want the user's location", body)
	}
	change(other)
	if diff := cmp.Diff(want, a.state()); diff != "" {
		t.Errorf("changes of the other server show here (-want +got):\n%s", diff)
	}
}

// TestStateIsACopy: what a caller does to it stays with the caller.
func TestStateIsACopy(t *testing.T) {
	t.Parallel()
	a, _, _ := seeded(t, scimtest.WithSyncerGranted())
	want := a.state()
	s := a.srv.State()
	s.Pools[0].DisplayName = "x"
	s.Providers[0].Oidc.ClientId = "x"
	s.Tenants[0].ClaimMapping["google.subject"] = "x"
	s.Policies[organization].Bindings[0].Members[0] = "x"
	if diff := cmp.Diff(want, a.state()); diff != "" {
		t.Errorf("the state changed (-want +got):\n%s", diff)
	}
	seed := testTenant()
	seed.Name = "locations/global/workforcePools/other-pool/providers/entra/scimTenants/tenant-a"
	if _, err := a.srv.AddTenant(seed); err == nil {
		t.Error("AddTenant to no provider = nil, want an error")
	}
}

// TestRequests: the ring is bounded, in order, and has no secret in it.
func TestRequests(t *testing.T) {
	t.Parallel()
	a, tenant, token := seeded(t, scimtest.WithClock(newClock().Now))
	a.users(tenant, "Bearer "+token.SecurityToken)
	a.call("GET", "v1/"+poolName+"?access_token=hunter2&key=hunter2&fields=name", nil, "X-Goog-Api-Key", "hunter2", "Cookie", "c=hunter2")
	a.call("POST", "v1/"+tenantName+"/tokens?workforcePoolProviderScimTokenId=token-b", `{"displayName":"b","securityToken":"hunter2"}`, "Authorization", "Basic hunter2")
	a.send("PATCH", strings.TrimPrefix(tenant.BaseUri, "http://127.0.0.1/")+"/Users/x",
		`{"Operations":[{"op":"replace","path":"password","value":"hunter2"},{"op":"add","value":{"password":"hunter2"}}]}`, "Authorization", "hunter2").Body.Close()
	a.call("POST", createTenant, `{"password=hunter2`)
	requests := a.srv.Requests()
	if got := fmt.Sprintf("%+v %s", requests, bodies(requests)); strings.Contains(got, "hunter2") || strings.Contains(got, token.SecurityToken) {
		t.Errorf("the requests hold a secret: %s", got)
	}
	type line struct {
		Method, Path, Auth, Body string
		Status                   int
	}
	var got []line
	for _, r := range requests {
		got = append(got, line{r.Method, r.Path, r.Header.Get("Authorization"), string(r.Body), r.Status})
	}
	base := "/v1alpha1/tenants/" + tenant.BaseUri[strings.LastIndex(tenant.BaseUri, "/")+1:]
	want := []line{
		{"GET", base + "/Users", "Bearer REDACTED", "", 403},
		{"GET", "/v1/" + poolName, "", "", 200},
		{"POST", "/v1/" + tenantName + "/tokens", "Basic REDACTED", `{"displayName":"b","securityToken":"REDACTED"}`, 200},
		{"PATCH", base + "/Users/x", "REDACTED", `{"Operations":[{"op":"replace","path":"password","value":"REDACTED"},{"op":"add","value":{"password":"REDACTED"}}]}`, 401},
		{"POST", "/v1/" + providerName + "/scimTenants", "", "", 400},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
	if q := requests[1].Query; q.Get("access_token") != "REDACTED" || q.Get("fields") != "name" {
		t.Errorf("query = %v, want the token redacted and the rest kept", q)
	}
	requests[0].Header.Set("X", "y")
	if a.srv.Requests()[0].Header.Get("X") != "" {
		t.Error("a change of a recorded request shows in the next call")
	}
	a.srv.ClearRequests()
	for i := range 1003 {
		a.call("GET", fmt.Sprintf("v1/%d", i), nil)
	}
	requests = a.srv.Requests()
	if len(requests) != 1000 || requests[0].Path != "/v1/3" || requests[999].Path != "/v1/1002" {
		t.Errorf("%d requests from %s to %s, want the newest 1000", len(requests), requests[0].Path, requests[len(requests)-1].Path)
	}
}

func bodies(requests []scimtest.Request) string {
	var b strings.Builder
	for _, r := range requests {
		b.Write(r.Body)
	}
	return b.String()
}

// TestLoadLines: every problem of a seed is told with its file and line.
func TestLoadLines(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "seed.json")
	const text = `{
  "pools": [
    {"name": "` + poolName + `", "parent": "` + organization + `"},
    {"name": "x"}
  ],
  "providers": [
    {
      "name": "` + providerName + `",
      "oidcc": {}
    }],
  "directories": {
    "` + tenantName + `": {"users": [
      {}]}
  }
}`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	srv := scimtest.New()
	err = srv.Load(f)
	for _, want := range []string{file + ":4: pools[1]: scimtest: add pool: name", file + ":7: providers[0]: json: unknown field \"oidcc\"", file + ":13: directories[\"" + tenantName + "\"].users[0]: "} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Load = %v, want %q in it", err, want)
		}
	}
	if held := srv.State(); len(held.Pools) > 0 {
		t.Errorf("a seed that was refused left %+v", held.Pools)
	}
	for text, want := range map[string]string{
		"{\n\"pools\": [\n{]}": "seed:3: invalid character",
		"{\n\"pools\": {}}":    "seed:2: pools must be a list",
		"{\n\n\"pool\": []}":   `seed:3: unknown field "pool"`,
		"[]":                   "seed:1: the seed must be an object",
		"{}\n{}":               "seed:2: invalid character '{' after top-level value",
		"{\"directories\":{\"x\":{\"user\":[]}}}": `unknown field "user"`,
		"":                "seed:1: unexpected end of JSON input",
		"{\"pools\": [\n": "seed:2: unexpected end of JSON input",
	} {
		if err := srv.Load(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Load(%q) = %v, want %q", text, err, want)
		}
	}
}
