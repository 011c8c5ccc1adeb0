package scimtest_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/iamscim/iamscim/scimtest"
	"google.golang.org/api/iam/v1"
)

const lag = 80 * time.Second

// TestReplicationLag: reads see a write when the lag is over, while writes see
// each other at once.
func TestReplicationLag(t *testing.T) {
	t.Parallel()
	now := newClock()
	a := newAPI(t, scimtest.WithClock(now.Now), scimtest.WithReplicationLag(lag), scimtest.WithOperationPolls(0))
	steps := []struct {
		name   string
		create string
		body   any
	}{
		{poolName, "v1/locations/global/workforcePools?workforcePoolId=acme-pool", map[string]any{"parent": organization}},
		{providerName, "v1/" + poolName + "/providers?workforcePoolProviderId=entra", testProvider("entra")},
		{tenantName, "v1/" + providerName + "/scimTenants?workforcePoolProviderScimTenantId=tenant-a", testTenant()},
		{tokenName, "v1/" + tenantName + "/tokens?workforcePoolProviderScimTokenId=token-a", nil},
	}
	for _, s := range steps {
		created := a.ok("POST", s.create, s.body)
		a.wantRefused("GET", "v1/"+s.name, nil, "404 NOT_FOUND")
		a.wantRefused("DELETE", "v1/"+s.name, nil, "404 NOT_FOUND")
		a.wantRefused("POST", s.create, s.body, "409 ALREADY_EXISTS")
		if op, _ := created["name"].(string); strings.Contains(op, "/operations/") {
			a.wantRefused("GET", "v1/"+op, nil, "404 NOT_FOUND")
			now.Advance(lag)
			a.ok("GET", "v1/"+op, nil)
		}
		now.Advance(lag - time.Second)
		if s.name == tenantName || s.name == tokenName {
			a.wantRefused("GET", "v1/"+s.name, nil, "404 NOT_FOUND")
		}
		now.Advance(time.Second)
		a.ok("GET", "v1/"+s.name, nil)
	}
	// An update is read as the old state until then, and builds on the new.
	a.ok("PATCH", "v1/"+tenantName, map[string]any{"displayName": "new"})
	if got := a.ok("GET", "v1/"+tenantName, nil)["displayName"]; got != nil {
		t.Errorf("displayName at once = %v, want the old state without one", got)
	}
	a.ok("PATCH", "v1/"+tenantName, map[string]any{"description": "d"})
	now.Advance(lag)
	if got := a.ok("GET", "v1/"+tenantName, nil); got["displayName"] != "new" || got["description"] != "d" {
		t.Errorf("tenant after the lag = %v, want both updates", got)
	}
}

// TestReplicationOfAccess: a fresh token does not authenticate, and a fresh
// binding has no effect, until the lag is over; the same when they are taken
// back.
func TestReplicationOfAccess(t *testing.T) {
	t.Parallel()
	now := newClock()
	a, tenant, _ := seeded(t, scimtest.WithClock(now.Now), scimtest.WithReplicationLag(lag))
	token := a.ok("POST", "v1/"+tenantName+"/tokens?workforcePoolProviderScimTokenId=token-b", nil)
	bearer := "Bearer " + token["securityToken"].(string)
	want := func(code int, when string) {
		t.Helper()
		if got, _, _ := a.users(tenant, bearer); got != code {
			t.Errorf("GET /Users %s = %d, want %d", when, got, code)
		}
	}
	want(http.StatusUnauthorized, "with a fresh token")
	now.Advance(lag)
	want(http.StatusForbidden, "without the role")
	bind := map[string]any{"policy": map[string]any{"bindings": []any{map[string]any{
		"role": "roles/iam.scimSyncer", "members": []any{"serviceAccount:" + tenant.ServiceAgent},
	}}}}
	a.ok("POST", "v3/"+organization+":setIamPolicy", bind)
	want(http.StatusForbidden, "with a fresh binding")
	now.Advance(lag)
	want(http.StatusOK, "after the lag")
	a.ok("POST", "v3/"+organization+":setIamPolicy", `{"policy":{}}`)
	want(http.StatusOK, "with the binding freshly removed")
	now.Advance(lag)
	want(http.StatusForbidden, "with the binding removed")
	a.ok("POST", "v1/"+organization+":setIamPolicy", bind)
	now.Advance(lag)
	a.ok("DELETE", "v1/"+token["name"].(string), nil)
	want(http.StatusOK, "with the token freshly deleted")
	now.Advance(lag)
	want(http.StatusUnauthorized, "with the token deleted")
}

func TestOperations(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		opts    []scimtest.Option
		advance time.Duration // between the write and the first poll
		want    []bool        // done in the write's reply and in each poll
	}{
		{"at once", []scimtest.Option{scimtest.WithOperationPolls(0)}, 0, []bool{true, true}},
		{"by default at the first poll", nil, 0, []bool{false, true, true}},
		{"after three polls", []scimtest.Option{scimtest.WithOperationPolls(3)}, 0, []bool{false, false, false, true, true}},
		{"not before its time", []scimtest.Option{scimtest.WithOperationTime(time.Minute)}, 59 * time.Second, []bool{false, false, false}},
		{"at its time", []scimtest.Option{scimtest.WithOperationTime(time.Minute)}, time.Minute, []bool{false, true}},
		{"both", []scimtest.Option{scimtest.WithOperationTime(time.Minute), scimtest.WithOperationPolls(2)}, time.Minute, []bool{false, false, true}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			now := newClock()
			a, _, _ := seeded(t, append(tt.opts, scimtest.WithClock(now.Now))...)
			op := a.ok("PATCH", "v1/"+providerName+"?updateMask=displayName", map[string]any{"displayName": "x"})
			name := op["name"].(string)
			if !strings.HasPrefix(name, providerName+"/operations/") {
				t.Errorf("operation name = %q, want it below %s", name, providerName)
			}
			for i, want := range tt.want {
				if i > 0 {
					op = a.ok("GET", "v1/"+name, nil)
				}
				if got := op["done"] == true; got != want {
					t.Errorf("done in reply %d = %v, want %v", i, got, want)
				}
				if i == 0 {
					now.Advance(tt.advance)
				}
			}
			read := a.ok("GET", "v1/"+providerName, nil)["displayName"] == "x"
			if want := tt.name != "not before its time"; read != want {
				t.Errorf("the change is read = %v, want %v", read, want)
			}
			if code, _ := a.call("GET", "v1/"+poolName+"/operations/"+name[strings.LastIndex(name, "/")+1:], nil); code != http.StatusNotFound {
				t.Errorf("the operation under another resource = %d, want 404", code)
			}
		})
	}
}

// TestAuthentication: what is no token, and the shape of the refusals.
func TestAuthentication(t *testing.T) {
	t.Parallel()
	a, tenant, token := seeded(t, scimtest.WithSyncerGranted())
	secret := token.SecurityToken
	if err := a.srv.AddPool(&iam.WorkforcePool{Name: "locations/global/workforcePools/other-pool", Parent: organization}); err != nil {
		t.Fatal(err)
	}
	other := testProvider("entra")
	other.Name = "locations/global/workforcePools/other-pool/providers/entra"
	if err := a.srv.AddProvider(other); err != nil {
		t.Fatal(err)
	}
	otherTenant := testTenant()
	otherTenant.Name = other.Name + "/scimTenants/tenant-a"
	if _, err := a.srv.AddTenant(otherTenant); err != nil {
		t.Fatal(err)
	}
	otherToken, err := a.srv.AddToken(&iam.WorkforcePoolProviderScimToken{Name: otherTenant.Name + "/tokens/token-a"})
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, header string
		want         int
	}{
		{"the token", "Bearer " + secret, 200},
		{"lower-case scheme", "bearer " + secret, 200},
		{"none", "", 401},
		{"another value", "Bearer fake-0", 401},
		{"no scheme", secret, 401},
		{"another scheme", "Basic " + secret, 401},
		{"two spaces", "Bearer  " + secret, 401},
		{"a tab", "Bearer\t" + secret, 401},
		{"something behind it", "Bearer " + secret + " x", 401},
		{"a part of it", "Bearer " + secret[:len(secret)-1], 401},
		{"another tenant's", "Bearer " + otherToken.SecurityToken, 401},
		{"the name in place of the value", "Bearer " + tokenName, 401},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			code, body, kind := a.users(tenant, tt.header)
			if code != tt.want {
				t.Fatalf("GET /Users with %q = %d %s, want %d", tt.header, code, body, tt.want)
			}
			if isJSON := strings.HasPrefix(strings.TrimSpace(body), "{") || strings.Contains(kind, "json"); isJSON != (code == 200) {
				t.Errorf("GET /Users with %q: %s %s; a 401 is not JSON, a 200 is", tt.header, kind, body)
			}
		})
	}
	a.ok("DELETE", "v1/"+tokenName, nil)
	if code, _, _ := a.users(tenant, "Bearer "+secret); code != http.StatusUnauthorized {
		t.Errorf("GET /Users with a deleted token = %d, want 401", code)
	}
	a.ok("POST", "v1/"+tokenName+":undelete", nil)
	if code, _, _ := a.users(tenant, "Bearer "+secret); code != http.StatusOK {
		t.Errorf("GET /Users with the token undeleted = %d, want 200", code)
	}
}

// TestSyncerBinding: only an unconditional binding on the organization counts,
// to exactly the tenant's service agent.
func TestSyncerBinding(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		resource string
		role     string
		member   string // %s is the service agent
		title    string // of a condition
		want     int
	}{
		{"granted", organization, "roles/iam.scimSyncer", "serviceAccount:%s", "", 200},
		{"another role", organization, "roles/iam.workforcePoolAdmin", "serviceAccount:%s", "", 403},
		{"under a condition", organization, "roles/iam.scimSyncer", "serviceAccount:%s", "t", 403},
		{"another member", organization, "roles/iam.scimSyncer", "serviceAccount:x%s", "", 403},
		{"as a user", organization, "roles/iam.scimSyncer", "user:%s", "", 403},
		{"deleted", organization, "roles/iam.scimSyncer", "deleted:serviceAccount:%s?uid=1", "", 403},
		{"on the tenant", tenantName, "roles/iam.scimSyncer", "serviceAccount:%s", "", 403},
		{"on the pool", poolName, "roles/iam.scimSyncer", "serviceAccount:%s", "", 403},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a, tenant, token := seeded(t)
			binding := map[string]any{"role": tt.role, "members": []any{strings.ReplaceAll(tt.member, "%s", tenant.ServiceAgent)}}
			if tt.title != "" {
				binding["condition"] = map[string]any{"expression": "true", "title": tt.title}
			}
			a.ok("POST", "v1/"+tt.resource+":setIamPolicy", map[string]any{"policy": map[string]any{"version": 3, "bindings": []any{binding}}})
			code, body, _ := a.users(tenant, "Bearer "+token.SecurityToken)
			if code != tt.want {
				t.Fatalf("GET /Users = %d %s, want %d", code, body, tt.want)
			}
			if code == 403 && !strings.Contains(body, "workforcePoolProviderScimUsers.list") {
				t.Errorf("the refusal = %s, want it to name the permission", body)
			}
		})
	}
}

// TestBasePath: the base URI works with and without a slash, and with the
// query that Entra ID adds to it.
func TestBasePath(t *testing.T) {
	t.Parallel()
	a, tenant, token := seeded(t, scimtest.WithSyncerGranted())
	base := strings.TrimPrefix(tenant.BaseUri, "http://127.0.0.1/")
	for path, want := range map[string]int{
		base + "/Users":                       200,
		base + "/Users/":                      200,
		base + "/Users?aadOptscim062020":      200,
		base + "/Groups":                      200,
		base + "/ServiceProviderConfig":       200,
		base:                                  404,
		base + "/":                            404,
		"v1alpha1/tenants/none/Users":         404,
		"v1alpha1/tenants//Users":             404,
		"v1alpha1/tenants/":                   404,
		"v1alpha1/other":                      404,
		base + "/../" + base + "/Users":       404,
		base + "%2fUsers":                     404,
		strings.ToUpper(base) + "/Users":      404,
		"v1alpha1/tenants/../tenants/x/Users": 404,
		"v1/" + base + "/Users":               404,
		base + "/Users/%2e%2e":                404,
		base + "/Users/..%2fGroups":           404,
		"/" + base + "/Users":                 404,
	} {
		resp := a.send("GET", path, nil, "Authorization", "Bearer "+token.SecurityToken)
		resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("GET /%s = %d, want %d", path, resp.StatusCode, want)
		}
	}
}
