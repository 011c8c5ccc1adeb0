package scimtest_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/iamscim/iamscim/scimtest"
	"google.golang.org/api/iam/v1"
)

const retention = 30 * 24 * time.Hour

// TestSoftDelete follows every kind of resource through its life: delete, the
// hidden and unusable state, undelete, and the purge after 30 days.
func TestSoftDelete(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		full    string // resource name
		create  string // collection and its id parameter
		patch   string
		listing string
		purge   string // the field with the time of the purge
	}{
		{"pool", poolName, "v1/locations/global/workforcePools?workforcePoolId=acme-pool", "description", "workforcePools", "expireTime"},
		{"provider", providerName, "v1/" + poolName + "/providers?workforcePoolProviderId=entra", "description", "workforcePoolProviders", "expireTime"},
		{"key", providerName + "/keys/key-a", "v1/" + providerName + "/keys?workforcePoolProviderKeyId=key-a", "", "workforcePoolProviderKeys", "expireTime"},
		{"tenant", tenantName, "v1/" + providerName + "/scimTenants?workforcePoolProviderScimTenantId=tenant-a", "description", "workforcePoolProviderScimTenants", "purgeTime"},
		{"token", tokenName, "v1/" + tenantName + "/tokens?workforcePoolProviderScimTokenId=token-a", "displayName", "workforcePoolProviderScimTokens", ""},
	}
	bodies := map[string]any{
		"pool":     map[string]any{"parent": organization},
		"provider": testProvider("entra"),
		"key":      map[string]any{"use": "ENCRYPTION", "keyData": map[string]any{"keySpec": "RSA_4096"}},
		"tenant":   testTenant(),
		"token":    map[string]any{},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			now := newClock()
			a, _, _ := seeded(t, scimtest.WithClock(now.Now))
			if tt.name == "key" {
				a.ok("POST", tt.create, bodies["key"])
			}
			name := "v1/" + tt.full
			list, _, _ := strings.Cut(tt.create, "?")
			if tt.name == "pool" {
				list += "?parent=" + organization
			} else {
				list += "?"
			}
			listed := func(more string) int {
				items, _ := a.ok("GET", list+more, nil)[tt.listing].([]any)
				return len(items)
			}

			a.ok("DELETE", name, nil)
			got := a.ok("GET", name, nil)
			if got["state"] != "DELETED" {
				t.Errorf("state after a delete = %v, want DELETED", got["state"])
			}
			if want := now.Now().Add(retention).Format(time.RFC3339); tt.purge != "" && got[tt.purge] != want {
				t.Errorf("%s after a delete = %v, want %s", tt.purge, got[tt.purge], want)
			}
			if n, all := listed(""), listed("&showDeleted=true"); n != 0 || all != 1 {
				t.Errorf("listed = %d, with showDeleted %d; want 0 and 1", n, all)
			}
			if tt.patch != "" {
				a.wantRefused("PATCH", name+"?updateMask="+tt.patch, map[string]any{tt.patch: "x"}, "400 FAILED_PRECONDITION")
			}
			a.wantRefused("DELETE", name, nil, "400 FAILED_PRECONDITION")
			a.wantRefused("POST", tt.create, bodies[tt.name], "409 ALREADY_EXISTS")

			a.ok("POST", name+":undelete", map[string]any{})
			got = a.ok("GET", name, nil)
			if got["state"] != "ACTIVE" || got[tt.purge] != nil {
				t.Errorf("after an undelete = %v, want it active and without a purge time", got)
			}
			a.wantRefused("POST", name+":undelete", map[string]any{}, "400 FAILED_PRECONDITION")

			a.ok("DELETE", name, nil)
			now.Advance(retention - time.Second)
			a.ok("GET", name, nil)
			now.Advance(time.Second)
			a.wantRefused("GET", name, nil, "404 NOT_FOUND")
			a.wantRefused("POST", name+":undelete", map[string]any{}, "404 NOT_FOUND")
			a.ok("POST", tt.create, bodies[tt.name])
		})
	}
}

// TestDeletedParent: what is in a soft-deleted pool can be neither read nor changed, and goes with
// it.
func TestDeletedParent(t *testing.T) {
	t.Parallel()
	now := newClock()
	a, tenant, token := seeded(t, scimtest.WithClock(now.Now), scimtest.WithSyncerGranted())
	bearer := "Bearer " + token.SecurityToken
	if code, body, _ := a.users(tenant, bearer); code != http.StatusOK {
		t.Fatalf("GET /Users = %d %s, want 200", code, body)
	}
	a.ok("POST", "v1/"+tenantName+"/tokens?workforcePoolProviderScimTokenId=token-b", nil)
	a.ok("DELETE", "v1/"+tenantName+"/tokens/token-b", nil)
	a.ok("DELETE", "v1/"+poolName, nil)
	a.ok("GET", "v1/"+poolName, nil)
	for _, path := range []string{providerName, tenantName, tokenName, poolName + "/providers", providerName + "/keys", providerName + "/scimTenants", tenantName + "/tokens?showDeleted=true"} {
		a.wantRefused("GET", "v1/"+path, nil, "404 NOT_FOUND")
	}
	for _, change := range [][2]string{
		{"POST", tenantName + "/tokens/token-b:undelete"}, {"PATCH", tokenName}, {"DELETE", tenantName}, {"DELETE", tenantName + "?hardDelete=true"},
		{"PATCH", providerName + "?updateMask=displayName"}, {"DELETE", providerName}, {"POST", tenantName + ":setIamPolicy"},
	} {
		a.wantRefused(change[0], "v1/"+change[1], nil, "404 NOT_FOUND")
	}
	a.wantRefused("POST", "v1/"+poolName+"/providers?workforcePoolProviderId=okta", testProvider("okta"), "400 FAILED_PRECONDITION")
	if code, _, _ := a.users(tenant, bearer); code != http.StatusNotFound {
		t.Errorf("GET /Users in a deleted pool = %d, want 404", code)
	}
	now.Advance(retention)
	if left := a.srv.State(); left.Providers != nil || left.Tenants != nil || left.Tokens != nil || len(left.Directories) != 0 {
		t.Errorf("after the purge of the pool the state is %+v, want nothing below it", left)
	}
}

// TestDeletedProvider: what is in a soft-deleted provider can be read and not be changed, hard
// deletes included.
func TestDeletedProvider(t *testing.T) {
	t.Parallel()
	a, _, _ := seeded(t)
	a.ok("DELETE", "v1/"+providerName, nil)
	a.ok("GET", "v1/"+tenantName, nil)
	a.ok("GET", "v1/"+tenantName+"/tokens", nil)
	const deleted = "400 FAILED_PRECONDITION: The provider " + providerName + " is deleted"
	for _, change := range [][2]string{
		{"DELETE", tenantName + "?hardDelete=true"}, {"DELETE", tenantName}, {"PATCH", tenantName}, {"DELETE", tokenName}, {"PATCH", tokenName},
		{"POST", tenantName + "/tokens?workforcePoolProviderScimTokenId=token-b"}, {"POST", tenantName + ":setIamPolicy"},
		{"POST", providerName + "/keys?workforcePoolProviderKeyId=key-a"},
	} {
		a.wantRefused(change[0], "v1/"+change[1], nil, deleted)
	}
}

func TestOneTenantPerPool(t *testing.T) {
	t.Parallel()
	a, _, _ := seeded(t)
	if err := a.srv.AddProvider(testProvider("okta")); err != nil {
		t.Fatal(err)
	}
	second := "v1/" + poolName + "/providers/okta/scimTenants?workforcePoolProviderScimTenantId=tenant-b"
	a.wantRefused("POST", second, testTenant(), "400 FAILED_PRECONDITION: The workforce pool "+poolName+" already has a SCIM tenant")
	a.ok("DELETE", "v1/"+tenantName, nil)
	a.wantRefused("POST", second, testTenant(), "400 FAILED_PRECONDITION")
	// A soft-deleted tenant can be hard-deleted, and then the pool is free.
	if got := a.ok("DELETE", "v1/"+tenantName+"?hardDelete=true", nil); got["state"] != "DELETED" {
		t.Errorf("the reply to a hard delete = %v, want the tenant as DELETED", got)
	}
	a.wantRefused("GET", "v1/"+tenantName, nil, "404 NOT_FOUND")
	a.wantRefused("POST", "v1/"+tenantName+":undelete", nil, "404 NOT_FOUND")
	a.ok("POST", second, testTenant())
}

// TestHardDelete: the name is free at once, and the new tenant is another one.
func TestHardDelete(t *testing.T) {
	t.Parallel()
	a, old, token := seeded(t, scimtest.WithSyncerGranted())
	a.ok("DELETE", "v1/"+tenantName+"?hardDelete=true", nil)
	created := a.ok("POST", "v1/"+providerName+"/scimTenants?workforcePoolProviderScimTenantId=tenant-a", testTenant())
	if created["baseUri"] == old.BaseUri || created["serviceAgent"] == old.ServiceAgent {
		t.Errorf("the new tenant = %v, want another base URI and service agent than %v", created, old)
	}
	if code, _, _ := a.users(&iam.WorkforcePoolProviderScimTenant{BaseUri: created["baseUri"].(string)}, "Bearer "+token.SecurityToken); code != http.StatusUnauthorized {
		t.Errorf("the old token at the new tenant = %d, want 401", code)
	}
	if items := a.ok("GET", "v1/"+tenantName+"/tokens?showDeleted=true", nil); len(items) != 0 {
		t.Errorf("tokens of the new tenant = %v, want none", items)
	}
}

func TestTwoTokensPerTenant(t *testing.T) {
	t.Parallel()
	a, _, _ := seeded(t)
	tokens := "v1/" + tenantName + "/tokens?workforcePoolProviderScimTokenId="
	a.ok("POST", tokens+"token-b", nil)
	a.wantRefused("POST", tokens+"token-c", nil, "400 FAILED_PRECONDITION: The SCIM tenant "+tenantName+" already has 2 SCIM tokens")
	a.ok("DELETE", "v1/"+tokenName, nil)
	a.ok("POST", tokens+"token-c", nil)
	a.wantRefused("POST", "v1/"+tokenName+":undelete", nil, "400 FAILED_PRECONDITION")
	a.ok("DELETE", "v1/"+tenantName+"/tokens/token-b", nil)
	a.ok("POST", "v1/"+tokenName+":undelete", nil)
}

// TestTokenSecret: the value is in the create's reply and nowhere else.
func TestTokenSecret(t *testing.T) {
	t.Parallel()
	a, _, _ := seeded(t)
	created := a.ok("POST", "v1/"+tenantName+"/tokens?workforcePoolProviderScimTokenId=token-b", map[string]any{"displayName": "b"})
	secret, _ := created["securityToken"].(string)
	if !strings.HasPrefix(secret, "fake-") || len(secret) < 40 {
		t.Fatalf("securityToken = %q, want a long one that begins with fake-", secret)
	}
	name := "v1/" + tenantName + "/tokens/token-b"
	for _, reply := range []any{
		a.ok("GET", name, nil),
		a.ok("GET", "v1/"+tenantName+"/tokens", nil),
		a.ok("PATCH", name, map[string]any{"displayName": "c"}),
		a.ok("DELETE", name, nil),
		a.ok("POST", name+":undelete", nil),
		a.state(),
	} {
		if strings.Contains(fmt.Sprint(reply), secret) {
			t.Errorf("a later reply holds the secret: %v", reply)
		}
	}
}

func TestClaimMappingIsImmutable(t *testing.T) {
	t.Parallel()
	other := map[string]any{"claimMapping": map[string]any{"google.subject": "user.userName", "google.group": "group.externalId"}}
	tests := []struct {
		name, query string
		choice      string
		want        string
	}{
		{"in the mask", "?updateMask=claimMapping", "INVALID_ARGUMENT", "400 INVALID_ARGUMENT: claim_mapping is immutable."},
		{"in snake_case", "?updateMask=claim_mapping", "INVALID_ARGUMENT", "400 INVALID_ARGUMENT: claim_mapping is immutable."},
		{"without a mask", "", "INVALID_ARGUMENT", "400 INVALID_ARGUMENT: claim_mapping is immutable."},
		{"as a failed precondition", "?updateMask=claimMapping", "FAILED_PRECONDITION", "400 FAILED_PRECONDITION"},
		{"ignored", "?updateMask=claimMapping", "IGNORED", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a, _, _ := seeded(t, scimtest.WithBehavior(scimtest.ClaimMappingChange, tt.choice))
			if tt.want != "" {
				a.wantRefused("PATCH", "v1/"+tenantName+tt.query, other, tt.want)
			} else {
				a.ok("PATCH", "v1/"+tenantName+tt.query, other)
			}
			want := map[string]any{"google.subject": "user.externalId", "google.group": "group.externalId"}
			if diff := cmp.Diff(want, a.ok("GET", "v1/"+tenantName, nil)["claimMapping"]); diff != "" {
				t.Errorf("claimMapping (-want +got):\n%s", diff)
			}
			// The same mapping again is no change.
			a.ok("PATCH", "v1/"+tenantName+tt.query, testTenant())
		})
	}
}

func TestSCIMUsage(t *testing.T) {
	t.Parallel()
	secret := map[string]any{"value": map[string]any{"plainText": "hunter2"}}
	client := map[string]any{"issuerUri": "https://idp.example", "clientId": "c", "clientSecret": secret, "attributesType": "AZURE_AD_GROUPS_ID"}
	tests := []struct {
		name string
		mask string
		body map[string]any
		want string // "" is accepted
	}{
		{"groups", "scimUsage", map[string]any{"scimUsage": "ENABLED_FOR_GROUPS"}, ""},
		{"users and groups", "scimUsage", map[string]any{"scimUsage": "ENABLED_FOR_USERS_GROUPS"}, ""},
		{"unknown", "scimUsage", map[string]any{"scimUsage": "ENABLED_FOR_ALL"}, "400 INVALID_ARGUMENT: Invalid value at 'workforce_pool_provider.scim_usage'"},
		{"groups with extended attributes", "scimUsage,extendedAttributesOauth2Client", map[string]any{"scimUsage": "ENABLED_FOR_GROUPS", "extendedAttributesOauth2Client": client}, "Select one of scim_usage or extended_attributes_oauth2_client, but not both."},
		{"groups with extra attributes", "scimUsage,extraAttributesOauth2Client", map[string]any{"scimUsage": "ENABLED_FOR_GROUPS", "extraAttributesOauth2Client": client}, ""},
		{"users and groups with extra attributes", "scimUsage,extraAttributesOauth2Client", map[string]any{"scimUsage": "ENABLED_FOR_USERS_GROUPS", "extraAttributesOauth2Client": client}, "Select one of scim_usage - ENABLED_FOR_USERS_GROUPS or extra_attributes_oauth2_client, but not both."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a, _, _ := seeded(t)
			path := "v1/" + providerName + "?updateMask=" + tt.mask
			if tt.want != "" {
				a.wantRefused("PATCH", path, tt.body, tt.want)
				return
			}
			a.ok("PATCH", path, tt.body)
			if got := a.ok("GET", "v1/"+providerName, nil)["scimUsage"]; got != tt.body["scimUsage"] {
				t.Errorf("scimUsage = %v, want %v", got, tt.body["scimUsage"])
			}
		})
	}
}

// TestOneUsagePerPool: a second provider is refused, until the first lets go.
func TestOneUsagePerPool(t *testing.T) {
	t.Parallel()
	a, _, _ := seeded(t)
	if err := a.srv.AddProvider(testProvider("okta")); err != nil {
		t.Fatal(err)
	}
	use := func(id, usage string) (string, string, any) {
		return "PATCH", "v1/" + poolName + "/providers/" + id + "?updateMask=scimUsage", map[string]any{"scimUsage": usage}
	}
	ok := func(method, path string, body any) { t.Helper(); a.ok(method, path, body) }
	ok(use("entra", "ENABLED_FOR_GROUPS"))
	method, path, body := use("okta", "ENABLED_FOR_USERS_GROUPS")
	a.wantRefused(method, path, body, "400 FAILED_PRECONDITION: SCIM usage is already enabled for the provider "+providerName)
	third := testProvider("ping")
	third.ScimUsage = "ENABLED_FOR_GROUPS"
	a.wantRefused("POST", "v1/"+poolName+"/providers?workforcePoolProviderId=ping", third, "400 FAILED_PRECONDITION")
	// The unspecified value is not sent, like every zero value of proto3.
	ok(use("entra", "SCIM_USAGE_UNSPECIFIED"))
	if got, given := a.ok("GET", "v1/"+providerName, nil)["scimUsage"]; given {
		t.Errorf("scimUsage after a reset = %v, want it absent", got)
	}
	ok(use("okta", "ENABLED_FOR_USERS_GROUPS"))
	// A provider cannot come back with a usage that another has taken.
	ok(use("okta", "SCIM_USAGE_UNSPECIFIED"))
	ok(use("entra", "ENABLED_FOR_GROUPS"))
	a.ok("DELETE", "v1/"+providerName, nil)
	ok(use("okta", "ENABLED_FOR_GROUPS"))
	a.wantRefused("POST", "v1/"+providerName+":undelete", nil, "400 FAILED_PRECONDITION")
}

func TestSubjects(t *testing.T) {
	t.Parallel()
	now := newClock()
	a, _, _ := seeded(t, scimtest.WithClock(now.Now))
	// The id is one segment, whatever it holds.
	name := "v1/" + poolName + "/subjects/a%2Fb%3Ac"
	a.wantRefused("POST", name+":undelete", nil, "400 FAILED_PRECONDITION")
	a.ok("DELETE", name, nil)
	if got, want := a.srv.State().DeletedSubjects, []string{poolName + "/subjects/a/b:c"}; !slices.Equal(got, want) {
		t.Errorf("deleted subjects = %q, want %q", got, want)
	}
	a.wantRefused("DELETE", name, nil, "400 FAILED_PRECONDITION")
	now.Advance(retention)
	a.ok("DELETE", name, nil)
	a.ok("POST", name+":revokeSessions", nil)
	a.wantRefused("DELETE", "v1/locations/global/workforcePools/other-pool/subjects/x", nil, "404 NOT_FOUND")
}

func statusOf(reply map[string]any) string {
	e, _ := reply["error"].(map[string]any)
	s, _ := e["status"].(string)
	return s
}

// TestListNamesItsPermission: a list whose parent can't be read is refused with the permission of the
// list, a policy with its own.
func TestListNamesItsPermission(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		opts         []scimtest.Option
		prepare      func(*world)
		method, path string
		permission   string
	}{
		{answer(scimtest.BelowDeletedPool, "PERMISSION_DENIED"), control("DELETE", poolName, ""), "GET", poolName + "/providers", "iam.workforcePoolProviders.list"},
		{answer(scimtest.BelowDeletedPool, "PERMISSION_DENIED"), control("DELETE", poolName, ""), "GET", tenantName + "/tokens", "iam.workforcePoolProviderScimTokens.list"},
		{answer(scimtest.BelowDeletedPool, "PERMISSION_DENIED"), control("DELETE", poolName, ""), "PATCH", tenantName, "iam.workforcePoolProviderScimTenants.update"},
		{append(answer(scimtest.FreshResource, "PERMISSION_DENIED"), scimtest.WithReplicationLag(time.Hour)), control("POST", poolName+"/providers?workforcePoolProviderId=okta", providerBody(`"displayName":"x"`)), "GET", poolName + "/providers/okta/scimTenants", "iam.workforcePoolProviderScimTenants.list"},
		{append(answer(scimtest.FreshResource, "PERMISSION_DENIED"), scimtest.WithReplicationLag(time.Hour)), control("POST", poolName+"/providers?workforcePoolProviderId=okta", providerBody(`"displayName":"x"`)), "GET", poolName + "/providers/okta/keys", "iam.workforcePoolProviderKeys.list"},
	} {
		w := newWorld(t, tt.opts...)
		tt.prepare(w)
		if got, want := w.refused(tt.method, "v1/"+tt.path, nil), "403 PERMISSION_DENIED: Permission '"+tt.permission+"' denied"; !strings.HasPrefix(got, want) {
			t.Errorf("%s %s = %q, want %q", tt.method, tt.path, got, want)
		}
	}
}
