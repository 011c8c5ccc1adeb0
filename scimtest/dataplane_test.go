package scimtest_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/iamscim/iamscim/scimtest"
	"google.golang.org/api/iam/v1"
)

// TestSCIMPermissions: the refusal names the permission of the request.
func TestSCIMPermissions(t *testing.T) {
	t.Parallel()
	a, tenant, token := seeded(t)
	for call, want := range map[string]string{
		"GET /Users":                 "Users.list",
		"GET /Users/1":               "Users.get",
		"POST /Users":                "Users.create",
		"PUT /Users/1":               "Users.put",
		"PATCH /Users/1":             "Users.patch",
		"DELETE /Users/1":            "Users.delete",
		"GET /Groups?filter=x":       "Groups.list",
		"PATCH /Groups/1":            "Groups.patch",
		"GET /ServiceProviderConfig": "Users.list",
	} {
		method, path, _ := strings.Cut(call, " ")
		resp := a.send(method, strings.TrimPrefix(tenant.BaseUri, "http://127.0.0.1/")+path, nil, "Authorization", "Bearer "+token.SecurityToken)
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		if permission := "iam.googleapis.com/workforcePoolProviderScim" + want; resp.StatusCode != 403 || !strings.Contains(string(body), permission) {
			t.Errorf("%s = %d %s, want 403 with %s", call, resp.StatusCode, body, permission)
		}
	}
}

// TestLargeSCIMBody: more than the control plane takes reaches the SCIM
// service whole.
func TestLargeSCIMBody(t *testing.T) {
	t.Parallel()
	a, tenant, token := seeded(t, scimtest.WithSyncerGranted())
	post := func(padding int) int {
		body := `{"userName":"a","externalId":"1","emails":[{"type":"work","value":"a@example.com"}]` + strings.Repeat(" ", padding) + `}`
		resp := a.send("POST", strings.TrimPrefix(tenant.BaseUri, "http://127.0.0.1/")+"/Users", body, "Authorization", "Bearer "+token.SecurityToken)
		resp.Body.Close()
		return resp.StatusCode
	}
	if got := post(3 << 20); got != http.StatusCreated {
		t.Errorf("POST of 3 MiB = %d, want 201", got)
	}
	if got := post(5 << 20); got != http.StatusRequestEntityTooLarge {
		t.Errorf("POST of 5 MiB = %d, want 413", got)
	}
}

// TestPurgedTenant: 30 days after its deletion a tenant is unknown, and its
// users are gone with it.
func TestPurgedTenant(t *testing.T) {
	t.Parallel()
	now := newClock()
	a, tenant, token := seeded(t, scimtest.WithClock(now.Now), scimtest.WithSyncerGranted(),
		scimtest.WithBehavior(scimtest.DeletedTenant, "403"), scimtest.WithBehavior(scimtest.UnknownTenant, "401"))
	if _, err := a.srv.AddUser(tenantName, []byte(`{"userName":"a","externalId":"1","emails":[{"type":"work","value":"a@example.com"}]}`)); err != nil {
		t.Fatal(err)
	}
	bearer := "Bearer " + token.SecurityToken
	a.ok("DELETE", "v1/"+tenantName, nil)
	if code, _, _ := a.users(tenant, bearer); code != http.StatusForbidden {
		t.Errorf("GET /Users of a deleted tenant = %d, want 403", code)
	}
	a.ok("POST", "v1/"+tenantName+":undelete", nil)
	if code, body, _ := a.users(tenant, bearer); code != http.StatusOK || !strings.Contains(body, `"totalResults":1`) {
		t.Errorf("GET /Users after an undelete = %d %s, want the user", code, body)
	}
	a.ok("DELETE", "v1/"+tenantName, nil)
	now.Advance(retention + time.Second)
	if code, _, _ := a.users(&iam.WorkforcePoolProviderScimTenant{BaseUri: tenant.BaseUri}, bearer); code != http.StatusUnauthorized {
		t.Errorf("GET /Users of a purged tenant = %d, want 401", code)
	}
	if left := a.srv.State().Directories; len(left) != 0 {
		t.Errorf("directories = %v, want none", left)
	}
}
