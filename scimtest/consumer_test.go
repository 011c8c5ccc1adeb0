package scimtest_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/iamscim/iamscim/scimtest"
)

const project = "v1alpha/projects/p/locations/global"

// TestCompleteExternalIdentities: what finds a user or a group, and how it is shown.
func TestCompleteExternalIdentities(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range 8 {
		user := fmt.Sprintf(`{"userName":"hidden%d","externalId":"x%[1]d","displayName":"Countess Ada %[1]d","name":{"givenName":"Ada","familyName":"Lovelace"},"emails":[{"type":"work","value":"Mail%[1]d@example.com"}]}`, i)
		if _, err := w.srv.AddUser(tenantName, []byte(user)); err != nil {
			t.Fatal(err)
		}
		group := fmt.Sprintf(`{"displayName":"Team Ada %d","externalId":"y%[1]d"}`, i)
		if _, err := w.srv.AddGroup(tenantName, []byte(group)); err != nil {
			t.Fatal(err)
		}
	}
	for query, want := range map[string]string{
		"prefixQuery=mail7@":                      "x7",
		"prefixQuery=LOVE&maxSuggestions=2":       "x0 x1",
		"prefixQuery=ada":                         "x0 x1 x2 y0 y1 y2",
		"prefixQuery=ada&entityTypeFilter=USERS":  "x0 x1 x2 x3 x4 x5",
		"prefixQuery=ada&entityTypeFilter=GROUPS": "y0 y1 y2 y3 y4 y5",
		"prefixQuery=countess&maxSuggestions=7":   "x0 x1 x2 x3 x4 x5 x6",
		"prefixQuery=team&maxSuggestions=100":     "y0 y1 y2 y3 y4 y5 y6 y7",
		"prefixQuery=hidden":                      "", // userName isn't searched
		"prefixQuery=x0":                          "", // nor is externalId
		"prefixQuery=ovelace":                     "",
		"prefixQuery=ada&useScimIdentities=false": "",
		"prefixQuery=g1":                          "x-g1",
	} {
		if !strings.Contains(query, "useScim") {
			query += "&useScimIdentities=true"
		}
		var ids []string
		list, _ := w.ok("GET", project+":completeExternalIdentities?"+query, nil)["externalIdentities"].([]any)
		for _, e := range list {
			ids = append(ids, e.(map[string]any)["externalId"].(string))
		}
		if got := strings.Join(ids, " "); got != want {
			t.Errorf("%s finds %q, want %q", query, got, want)
		}
	}
	got := w.ok("GET", project+":completeExternalIdentities?prefixQuery=mail0&useScimIdentities=true", nil)
	want := map[string]any{"externalIdentities": []any{map[string]any{
		"externalId": "x0", "displayName": "Countess Ada 0", "subject": "x0",
		"userMetadata": map[string]any{"primaryEmail": "Mail0@example.com", "givenName": "Ada", "familyName": "Lovelace"},
	}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("a user (-want +got):\n%s", diff)
	}
	for _, query := range []string{"", "prefixQuery=a&maxSuggestions=-1", "prefixQuery=a&entityTypeFilter=ALL", "prefixQuery=a&useScimIdentities=maybe", "prefixQuery=a&pageToken=x"} {
		w.wantRefused("GET", project+":completeExternalIdentities?"+query, nil, "400 INVALID_ARGUMENT")
	}
}

// TestCheckFeaturePolicyMembers: where groups are looked up, and what is said of each member.
func TestCheckFeaturePolicyMembers(t *testing.T) {
	t.Parallel()
	const check = project + "/collections/default_collection/engines/e:checkFeaturePolicyMembers"
	members := map[string]any{"members": []any{
		map[string]any{"type": "GROUP", "id": "x-g1", "displayName": "old"}, map[string]any{"type": "GROUP", "id": "none"},
		map[string]any{"type": "USER", "id": "x-u1"}, map[string]any{"type": "GROUP"},
	}}
	show := func(w *world) string {
		got := w.ok("POST", check, members)
		texts := []string{got["directorySource"].(string)}
		for _, c := range got["memberChecks"].([]any) {
			m, status := c.(map[string]any)["member"].(map[string]any), c.(map[string]any)["status"].(map[string]any)
			texts = append(texts, strings.ReplaceAll(fmt.Sprint(m["displayName"], " ", m["verification"], " ", status["code"]), "<nil>", "-"))
		}
		return strings.Join(texts, ", ")
	}
	w := newWorld(t)
	if got, want := show(w), "NONE, old NOT_VERIFIABLE -, - NOT_VERIFIABLE -, - NOT_VERIFIABLE -, - - 3"; got != want {
		t.Errorf("without a usage = %s, want %s", got, want)
	}
	w.ok("PATCH", "v1/"+providerName+"?updateMask=scimUsage", usageGroups)
	if got, want := show(w), "SCIM, g1 VERIFIED -, - NOT_FOUND 3, - NOT_VERIFIABLE -, - - 3"; got != want {
		t.Errorf("with groups of SCIM = %s, want %s", got, want)
	}
	if got := w.ok("GET", project+"/aclConfig", nil)["idpConfig"]; cmp.Diff(got, map[string]any{"idpType": "THIRD_PARTY", "externalIdpConfig": map[string]any{"workforcePoolName": poolName}}) != "" {
		t.Errorf("aclConfig = %v, want the pool", got)
	}
	empty := &world{api: newAPI(t)}
	if got, want := show(empty), "GOOGLE, old CHECK_FAILED 14, - CHECK_FAILED 14, - NOT_VERIFIABLE -, - - 3"; got != want {
		t.Errorf("without a pool = %s, want %s", got, want)
	}
	for _, body := range []string{`{}`, `{"members":[]}`, `{"members":[{}` + strings.Repeat(",{}", 100) + `]}`, `{"members":[{"kind":"GROUP"}]}`} {
		w.wantRefused("POST", check, body, "400 INVALID_ARGUMENT")
	}
}

// TestSearchOrganizations: by domain and by customer, under both versions.
func TestSearchOrganizations(t *testing.T) {
	t.Parallel()
	a := newAPI(t, scimtest.WithOrganization("123456789012"), scimtest.WithOrganization("987654321098"))
	names := func(reply map[string]any) string {
		var list []string
		found, _ := reply["organizations"].([]any)
		for _, o := range found {
			list = append(list, o.(map[string]any)["name"].(string))
		}
		return strings.Join(list, " ")
	}
	const both = "organizations/123456789012 organizations/987654321098"
	for query, want := range map[string]string{
		"": both, "domain:example.com": both, "DOMAIN:Example.COM": both, "domain:example.org": "",
		"directoryCustomerId:c12345678": "organizations/123456789012", "owner.directorycustomerid:C98765432": "organizations/987654321098",
	} {
		if got := names(a.ok("GET", "v3/organizations:search?query="+query, nil)); got != want {
			t.Errorf("v3 search %q = %q, want %q", query, got, want)
		}
		if got := names(a.ok("POST", "v1/organizations:search", map[string]any{"filter": query})); got != want {
			t.Errorf("v1 search %q = %q, want %q", query, got, want)
		}
	}
	a.wantRefused("GET", "v3/organizations:search?query=example.com", nil, "400 INVALID_ARGUMENT")
	denied := newAPI(t, scimtest.WithDeniedPermissions("resourcemanager.organizations.get"))
	if got := names(denied.ok("GET", "v3/organizations:search", nil)); got != "" {
		t.Errorf("search without the permission = %q, want nothing", got)
	}
}
