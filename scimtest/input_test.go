package scimtest_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/iamscim/iamscim/scimtest"
)

const createTenant = "v1/" + providerName + "/scimTenants?workforcePoolProviderScimTenantId=tenant-b"

// TestBadBodies: each is refused with its place, and changes nothing.
func TestBadBodies(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, body string
		want       string
	}{
		{"malformed", `{"displayName":`, "400 INVALID_ARGUMENT: Invalid JSON payload received. It does not parse: unexpected end of JSON input at byte 15"},
		{"a list", `[]`, "400 INVALID_ARGUMENT: Invalid JSON payload received. Unknown name \"\": Root element must be a message."},
		{"a string", `"x"`, "400 INVALID_ARGUMENT"},
		{"two values", `{} {}`, "400 INVALID_ARGUMENT"},
		{"unknown field", `{"foo":1}`, `400 INVALID_ARGUMENT: Invalid JSON payload received. Unknown name "foo" at 'workforce_pool_provider_scim_tenant': Cannot find field.`},
		{"field twice", `{"displayName":"a","displayName":"b"}`, `Name "displayName" is given twice.`},
		{"field twice in two spellings", `{"displayName":"a","display_name":"b"}`, `Name "display_name" is given twice.`},
		{"key twice", `{"claimMapping":{"google.subject":"a","google.subject":"b"}}`, `Key "google.subject" is given twice`},
		{"wrong type", `{"displayName":7}`, "Invalid value at 'workforce_pool_provider_scim_tenant.display_name' (TYPE_STRING), 7"},
		{"wrong type inside", `{"claimMapping":{"google.subject":["a"]}}`, `Invalid value at 'workforce_pool_provider_scim_tenant.claim_mapping["google.subject"]' (TYPE_STRING), a list`},
		{"an object for a string", `{"displayName":{}}`, "an object"},
		{"unknown enum value", `{"state":"GONE"}`, "is none of STATE_UNSPECIFIED, ACTIVE, DELETED"},
		{"too deep", `{"claimMapping":` + strings.Repeat("[", 200) + strings.Repeat("]", 200) + `}`, "nested too deep"},
		{"far too deep", strings.Repeat(`{"a":`, 50_000) + `1` + strings.Repeat(`}`, 50_000), "400 INVALID_ARGUMENT"},
		{"too large", `{"description":"` + strings.Repeat("x", 1<<20) + `"}`, "413 INVALID_ARGUMENT: Request payload size exceeds the limit: 1048576 bytes."},
		{"not UTF-8", "{\"displayName\":\"\xff\"}", "400 INVALID_ARGUMENT: Invalid JSON payload received. It does not parse: text that isn't UTF-8"},
		{"no claim mapping", `{}`, "claim_mapping is required."},
		{"every fault at once", `{"displayName":"` + strings.Repeat("x", 33) + `","description":"` + strings.Repeat("x", 257) + `","claimMapping":{"google.subject":"user.title"}}`,
			"display name must be less than or equal to 32 characters\ndescription must be less than or equal to 256 characters\nclaim_mapping must map google.group.\nUnsupported expression for google.subject: user.title."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a, _, _ := seeded(t)
			a.wantRefused("POST", createTenant, tt.body, tt.want)
		})
	}
}

// TestGoodBodies: what proto3 JSON allows besides the plain form.
func TestGoodBodies(t *testing.T) {
	t.Parallel()
	const mapping = `"claimMapping":{"google.subject":"user.externalId","google.group":"group.externalId"}`
	for name, body := range map[string]string{
		"snake_case":          `{"display_name":"x","claim_mapping":{"google.subject":"user.externalId","google.group":"group.externalId"}}`,
		"null is unset":       `{"displayName":null,` + mapping + `}`,
		"output-only ignored": `{"state":"DELETED","baseUri":"http://x","serviceAgent":"x","name":"x",` + mapping + `}`,
		"32 wide characters":  `{"displayName":"` + strings.Repeat("ä", 32) + `",` + mapping + `}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, _, _ := seeded(t)
			a.ok("DELETE", "v1/"+tenantName+"?hardDelete=true", nil)
			got := a.ok("POST", createTenant, body)
			if got["state"] != "ACTIVE" || got["name"] != providerName+"/scimTenants/tenant-b" || strings.HasPrefix(fmt.Sprint(got["baseUri"]), "http://x") {
				t.Errorf("created = %v, want the server's own output fields", got)
			}
		})
	}
}

func TestContentType(t *testing.T) {
	t.Parallel()
	tests := []struct {
		value string
		want  int
	}{
		{"application/json", 200},
		{"application/json; charset=utf-8", 200},
		{"", 200},
		{"text/plain", 400},
		{"application/x-www-form-urlencoded", 400},
		{"application/xml", 400},
		{"/", 400},
	}
	for _, tt := range tests {
		a, _, _ := seeded(t)
		req := httptest.NewRequest("PATCH", "/v1/"+tenantName, strings.NewReader(`{"displayName":"x"}`))
		req.Header.Set("Content-Type", tt.value)
		rec := httptest.NewRecorder()
		a.srv.ServeHTTP(rec, req)
		if rec.Code != tt.want {
			t.Errorf("PATCH with Content-Type %q = %d %s, want %d", tt.value, rec.Code, rec.Body, tt.want)
		}
	}
}

func TestBadPaths(t *testing.T) {
	t.Parallel()
	const pools = "v1/locations/global/workforcePools"
	tests := []struct {
		method, path string
		want         string
	}{
		{"GET", "v1/" + poolName + "/", "404 NOT_FOUND"},
		{"GET", "v1//locations/global/workforcePools/acme-pool", "404 NOT_FOUND"},
		{"GET", "v2/" + poolName, "404 NOT_FOUND: Method not found."},
		{"GET", "", "404 NOT_FOUND"},
		{"PUT", "v1/" + poolName, "404 NOT_FOUND: Method not found."},
		{"POST", "v1/" + poolName + ":purge", "404 NOT_FOUND: Method not found."},
		{"GET", pools + "/..", `400 INVALID_ARGUMENT: Invalid pool in the path: ".."`},
		{"GET", pools + "/%2e%2e", "400 INVALID_ARGUMENT"},
		{"GET", pools + "/acme-pool%2fproviders%2fentra", "400 INVALID_ARGUMENT"},
		{"DELETE", "v1/" + poolName + "/providers/x/../entra", "404 NOT_FOUND: Method not found."},
		{"DELETE", "v1/" + poolName + "/providers/..%2fproviders%2fentra", "400 INVALID_ARGUMENT"},
		{"DELETE", "v1/" + poolName + "/subjects/..", "400 INVALID_ARGUMENT"},
		{"GET", pools + "/%zz", ""},
		{"GET", pools + "/acme-pool%00", "404 NOT_FOUND"},
		{"GET", pools + "/ACME-POOL", "404 NOT_FOUND"},
		{"POST", "v1/locations/us/workforcePools?workforcePoolId=other-pool", "400 INVALID_ARGUMENT: Invalid location \"us\""},
		{"GET", "v1/locations/us/workforcePools/acme-pool", "404 NOT_FOUND"},
		{"GET", "v3/organizations/../organizations/1", "404 NOT_FOUND"},
		{"GET", pools + "?parent=" + organization + "&foo=1", `Unknown name "foo": Cannot bind query parameter.`},
		{"GET", "v1/" + poolName + "?updateMask=x", `Unknown name "updateMask"`},
		{"GET", pools, "400 INVALID_ARGUMENT: parent is required"},
		{"GET", pools + "?parent=projects/1", "400 INVALID_ARGUMENT: Invalid parent"},
		{"GET", pools + "?parent=organizations/999", "403 PERMISSION_DENIED"},
		{"GET", pools + "?parent=" + organization + "&pageSize=-1", "400 INVALID_ARGUMENT: page_size must not be negative"},
		{"GET", pools + "?parent=" + organization + "&pageSize=x", "400 INVALID_ARGUMENT"},
		{"GET", pools + "?parent=" + organization + "&showDeleted=maybe", "400 INVALID_ARGUMENT"},
		{"GET", pools + "?parent=" + organization + "&pageToken=x", "400 INVALID_ARGUMENT: Invalid page_token"},
		{"GET", "v1/" + poolName + "?alt=media", "400 INVALID_ARGUMENT"},
		{"GET", "v1/" + poolName + "?a=%zz", "400 INVALID_ARGUMENT: Invalid query"},
		{"DELETE", "v1/" + tenantName + "?hardDelete=yes", "400 INVALID_ARGUMENT"},
	}
	a, _, _ := seeded(t)
	for _, tt := range tests {
		if tt.want == "" { // a client cannot send it
			rec := httptest.NewRecorder()
			req := httptest.NewRequest(tt.method, "/x", nil)
			req.URL.Path, req.URL.RawPath = "/"+tt.path, "/"+tt.path
			a.srv.ServeHTTP(rec, req)
			if rec.Code != http.StatusBadRequest && rec.Code != http.StatusNotFound {
				t.Errorf("%s /%s = %d %s, want a refusal", tt.method, tt.path, rec.Code, rec.Body)
			}
			continue
		}
		a.wantRefused(tt.method, tt.path, nil, tt.want)
	}
}

func TestIDs(t *testing.T) {
	t.Parallel()
	const (
		pools     = "v1/locations/global/workforcePools?workforcePoolId="
		providers = "v1/" + poolName + "/providers?workforcePoolProviderId="
		keys      = "v1/" + providerName + "/keys?workforcePoolProviderKeyId="
		tenants   = "v1/" + providerName + "/scimTenants?workforcePoolProviderScimTenantId="
		tokens    = "v1/" + tenantName + "/tokens?workforcePoolProviderScimTokenId="
	)
	for _, path := range []string{
		pools, pools + "abcde", pools + strings.Repeat("a", 64), pools + "1abcdef", pools + "abcdef-", pools + "Abcdef", pools + "gcp-foobar",
		providers, providers + "abc", providers + strings.Repeat("a", 33), providers + "gcp-x", providers + "a_bc",
		keys, keys + "abc", keys + "gcp-x",
		tenants, tenants + "abc", tenants + "gcp-x", tenants + "a%2fbcd",
		tokens, tokens + "abc", tokens + "1abc", tokens + "abc-", tokens + "gcp-x",
		strings.TrimSuffix(tokens, "?workforcePoolProviderScimTokenId="),
	} {
		a, _, _ := seeded(t)
		a.wantRefused("POST", path, `{}`, "400 INVALID_ARGUMENT: Invalid workforce_pool_")
	}
}

func TestPaging(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	if err := a.srv.AddPool(testPool()); err != nil {
		t.Fatal(err)
	}
	const n = 120
	for i := range n {
		if err := a.srv.AddProvider(testProvider(fmt.Sprintf("provider-%03d", i))); err != nil {
			t.Fatal(err)
		}
	}
	list := "v1/" + poolName + "/providers?"
	page := func(query string) (names []string, next string) {
		t.Helper()
		got := a.ok("GET", list+query, nil)
		items, _ := got["workforcePoolProviders"].([]any)
		for _, item := range items {
			names = append(names, item.(map[string]any)["name"].(string))
		}
		next, _ = got["nextPageToken"].(string)
		return names, next
	}
	for query, want := range map[string]int{"": 50, "pageSize=0": 50, "pageSize=7": 7, "page_size=100": 100, "pageSize=1000": 100, "pageSize=2147483647": 100} {
		if names, next := page(query); len(names) != want || next == "" {
			t.Errorf("a page with %q has %d items, next %q; want %d and another page", query, len(names), next, want)
		}
	}
	var all []string
	for token, pages := "", 0; ; pages++ {
		names, next := page("pageSize=50&pageToken=" + token)
		all = append(all, names...)
		if next == "" {
			if pages != 2 {
				t.Errorf("the last page is number %d, want 2", pages)
			}
			break
		}
		token = next
		// What goes while the list is read does not shift it.
		if pages == 0 {
			a.ok("DELETE", "v1/"+names[0], nil)
		}
	}
	if len(all) != n {
		t.Errorf("all pages have %d items, want %d", len(all), n)
	}
	_, next := page("pageSize=1")
	a.wantRefused("GET", list+"showDeleted=true&pageToken="+next, nil, "400 INVALID_ARGUMENT: Invalid page_token")
	// An empty list is an empty object.
	if diff := cmp.Diff(map[string]any{}, a.ok("GET", "v1/"+poolName+"/providers/provider-001/scimTenants", nil)); diff != "" {
		t.Errorf("an empty list (-want +got):\n%s", diff)
	}
}

// TestPageSizes: the other lists' documented defaults and maxima.
func TestPageSizes(t *testing.T) {
	t.Parallel()
	a, _, _ := seeded(t)
	for i := range 3 {
		token := fmt.Sprintf("v1/%s/tokens/token-%d", tenantName, i)
		a.ok("POST", "v1/"+tenantName+"/tokens?workforcePoolProviderScimTokenId="+fmt.Sprintf("token-%d", i), nil)
		a.ok("DELETE", token, nil)
	}
	for i := range 12 {
		a.ok("POST", fmt.Sprintf("v1/%s/keys?workforcePoolProviderKeyId=key-%02d", providerName, i), `{"use":"ENCRYPTION","keyData":{"keySpec":"RSA_2048"}}`)
	}
	for path, want := range map[string]int{
		"v1/" + tenantName + "/tokens?":                             1,
		"v1/" + tenantName + "/tokens?showDeleted=true":             2,
		"v1/" + tenantName + "/tokens?showDeleted=true&pageSize=9":  4,
		"v1/" + providerName + "/keys?":                             10,
		"v1/" + providerName + "/keys?pageSize=11":                  10,
		"v1/locations/global/workforcePools?parent=" + organization: 1,
	} {
		got := 0
		for _, v := range a.ok("GET", path, nil) {
			if items, ok := v.([]any); ok {
				got = len(items)
			}
		}
		if got != want {
			t.Errorf("GET %s lists %d, want %d", path, got, want)
		}
	}
}

// TestFormat: replies are indented unless the caller says otherwise; fields= has no effect.
func TestFormat(t *testing.T) {
	t.Parallel()
	a, _, _ := seeded(t)
	get := func(query string) string {
		t.Helper()
		resp := a.send("GET", "v1/"+poolName+query, nil)
		defer resp.Body.Close()
		raw, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != 200 {
			t.Fatalf("GET %s = %d %s %v", query, resp.StatusCode, raw, err)
		}
		return string(raw)
	}
	const compact = `{"name":"` + poolName + `","parent":"` + organization + `","sessionDuration":"3600s","state":"ACTIVE"}` + "\n"
	for query, want := range map[string]string{
		"?prettyPrint=false": compact, "?$prettyPrint=FALSE&$.xgafv=2&quotaUser=x": compact, "?prettyPrint=false&fields=name": compact,
		"": "{\n  \"name\": \"" + poolName + "\",\n  \"parent\": \"" + organization + "\",\n  \"sessionDuration\": \"3600s\",\n  \"state\": \"ACTIVE\"\n}\n",
	} {
		if got := get(query); got != want {
			t.Errorf("GET %s = %q, want %q", query, got, want)
		}
	}
}

// FuzzControlPlane sends anything to the control plane: every answer is JSON
// with a status that fits, and a refusal changes nothing.
func FuzzControlPlane(f *testing.F) {
	for _, r := range scimtest.Routes() {
		f.Add(r.Method, "/"+r.Path, "", "{}")
	}
	f.Add("PATCH", "/v1/"+tenantName, "updateMask=displayName", `{"displayName":"x"}`)
	f.Add("PATCH", "/v1/"+providerName, "updateMask=oidc.clientSecret.value.plainText", `{"oidc":{"clientSecret":{"value":{"plainText":"x"}}}}`)
	f.Add("POST", "/v1/"+poolName+"/providers", "workforcePoolProviderId=okta", `{"saml":{"idpMetadataXml":"<x/>"},"attributeMapping":{"google.subject":"x"}}`)
	f.Add("POST", "/"+setPolicy, "", `{"policy":{"version":3,"etag":"BwUjMhCsNvY=","bindings":[null,{"role":"roles/x","members":[]}]},"updateMask":"*"}`)
	f.Add("GET", "/v1alpha1/tenants/%2e%2e/Users", "", "")
	f.Fuzz(func(t *testing.T, method, path, query, body string) {
		a, _, _ := seeded(t)
		req, err := http.NewRequest(method, "http://127.0.0.1"+path+"?"+query, strings.NewReader(body))
		if err != nil || req.URL.Host != "127.0.0.1" {
			return // no client can send it
		}
		before := a.state()
		rec := httptest.NewRecorder()
		a.srv.ServeHTTP(rec, req)
		scim := strings.HasPrefix(req.URL.EscapedPath(), "/v1alpha1/")
		if rec.Code != 200 && (rec.Code < 400 || rec.Code >= 500) {
			t.Errorf("%s %s?%s %q = %d %s", method, path, query, body, rec.Code, rec.Body)
		}
		if kind := rec.Header().Get("Content-Type"); !scim && kind != "application/json; charset=UTF-8" {
			t.Errorf("Content-Type = %q", kind)
		}
		if after := a.state(); rec.Code != 200 && after != before {
			t.Errorf("%s %s?%s %q was refused with %d and changed the state from\n%s\nto\n%s", method, path, query, body, rec.Code, before, after)
		}
	})
}
