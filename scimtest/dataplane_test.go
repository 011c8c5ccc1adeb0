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

// TestSCIMOptions: every option about the SCIM service reaches it. What each
// does in full is tested with the service.
func TestSCIMOptions(t *testing.T) {
	t.Parallel()
	const legacy = `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"Replace","path":"active","value":"False"}]}`
	const rename = `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","path":"title","value":"x"}]}`
	const members = `/Groups?filter=members%20eq%20"u1"`
	tests := []struct {
		name            string
		opts            []scimtest.Option
		method, path    string
		body            string
		status, without int    // with the option and without it
		header          string // that the reply has with the option
	}{
		{"quota", []scimtest.Option{scimtest.WithQuota(60)}, "GET", "/Users", "", 429, 200, ""},
		{"window", []scimtest.Option{scimtest.WithQuota(2), scimtest.WithQuotaModel(scimtest.QuotaWindow)}, "GET", "/Users", "", 429, 200, ""},
		{"retry after", []scimtest.Option{scimtest.WithQuota(60), scimtest.WithQuotaRetryAfter()}, "GET", "/Users", "", 429, 200, "Retry-After"},
		{"member filter", []scimtest.Option{scimtest.WithMemberFilter(scimtest.MemberFilterRefused)}, "GET", members, "", 400, 200, ""},
		{"emails", []scimtest.Option{scimtest.WithEmailRule(scimtest.EmailsAny)}, "POST", "/Users", `{"userName":"b","externalId":"2"}`, 201, 400, ""},
		{"legacy PATCH", []scimtest.Option{scimtest.WithLegacyPatch(scimtest.LegacyPatchRefused)}, "PATCH", "/Users/u1", legacy, 400, 200, ""},
		{"PATCH reply", []scimtest.Option{scimtest.WithPatchReply(scimtest.PatchReplyNoContent)}, "PATCH", "/Users/u1", rename, 204, 200, ""},
		{"ETags", []scimtest.Option{scimtest.WithETags()}, "GET", "/Users/u1", "", 200, 200, "ETag"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			send := func(opts ...scimtest.Option) *http.Response {
				a, tenant, token := seeded(t, append(opts, scimtest.WithSyncerGranted(), scimtest.WithClock(newClock().Now))...)
				if _, err := a.srv.AddUser(tenantName, []byte(`{"id":"u1","userName":"a","externalId":"1","emails":[{"type":"work","value":"a@example.com"}]}`)); err != nil {
					t.Fatal(err)
				}
				var body any
				if tt.body != "" {
					body = tt.body
				}
				var resp *http.Response
				for i := 0; i < 4; i++ { // the quota lets the first ones through
					resp = a.send(tt.method, strings.TrimPrefix(tenant.BaseUri, "http://127.0.0.1/")+tt.path, body, "Authorization", "Bearer "+token.SecurityToken)
					resp.Body.Close()
					if resp.StatusCode == 429 || tt.method != "GET" {
						break
					}
				}
				return resp
			}
			with, without := send(tt.opts...), send()
			if with.StatusCode != tt.status || without.StatusCode != tt.without {
				t.Errorf("%s %s = %d with the option and %d without, want %d and %d", tt.method, tt.path, with.StatusCode, without.StatusCode, tt.status, tt.without)
			}
			if tt.header != "" && (with.Header.Get(tt.header) == "" || without.Header.Get(tt.header) != "") {
				t.Errorf("%s = %q with the option and %q without, want it with alone", tt.header, with.Header.Get(tt.header), without.Header.Get(tt.header))
			}
		})
	}
}

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
