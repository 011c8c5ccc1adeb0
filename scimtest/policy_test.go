package scimtest_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/iamscim/iamscim/scimtest"
)

const (
	setPolicy = "v3/" + organization + ":setIamPolicy"
	getPolicy = "v1/" + organization + ":getIamPolicy"
)

func bindingOf(role string, members ...string) map[string]any {
	return map[string]any{"role": role, "members": members}
}

func policyOf(version int, etag any, bindings ...any) map[string]any {
	policy := map[string]any{"bindings": bindings}
	if version != 0 {
		policy["version"] = version
	}
	if etag != nil {
		policy["etag"] = etag
	}
	return map[string]any{"policy": policy}
}

// TestPolicyETag: one policy under both versions of the API, and nobody's
// write is lost who carries the etag.
func TestPolicyETag(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	first := a.ok("POST", getPolicy, nil)
	if diff := cmp.Diff(map[string]any{"etag": "ACAB", "version": 1.0}, first); diff != "" {
		t.Errorf("the untouched policy (-want +got):\n%s", diff)
	}
	one := a.ok("POST", setPolicy, policyOf(1, first["etag"], bindingOf("roles/viewer", "user:a@example.com")))
	if raw, err := base64.StdEncoding.DecodeString(one["etag"].(string)); err != nil || len(raw) != 8 {
		t.Errorf("etag = %v, want eight bytes in base64", one["etag"])
	}
	a.wantRefused("POST", setPolicy, policyOf(1, first["etag"], bindingOf("roles/viewer", "user:b@example.com")), "409 ABORTED: There were concurrent policy changes.")
	two := a.ok("POST", strings.Replace(setPolicy, "v3", "v1", 1), policyOf(1, one["etag"], bindingOf("roles/viewer", "user:b@example.com")))
	if two["etag"] == one["etag"] {
		t.Error("the etag did not change with the policy")
	}
	if diff := cmp.Diff(two, a.ok("POST", getPolicy, nil)); diff != "" {
		t.Errorf("the policy read again (-want +got):\n%s", diff)
	}
	// Without an etag whatever is there is overwritten.
	a.ok("POST", setPolicy, policyOf(0, nil))
	if got := a.ok("POST", getPolicy, nil)["bindings"]; got != nil {
		t.Errorf("bindings after a blind overwrite = %v, want none", got)
	}
	// The etag may come in the other base64 alphabet.
	etag := a.ok("POST", setPolicy, policyOf(0, nil))["etag"].(string)
	a.ok("POST", setPolicy, policyOf(0, strings.NewReplacer("+", "-", "/", "_", "=", "").Replace(etag)))
}

func TestPolicyMask(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	audit := []any{map[string]any{"service": "allServices", "auditLogConfigs": []any{map[string]any{"logType": "DATA_READ"}}}}
	with := func(mask string) map[string]any {
		request := policyOf(1, nil, bindingOf("roles/viewer", "user:a@example.com"))
		request["policy"].(map[string]any)["auditConfigs"] = audit
		if mask != "" {
			request["updateMask"] = mask
		}
		return request
	}
	if got := a.ok("POST", setPolicy, with("")); got["auditConfigs"] != nil || got["bindings"] == nil {
		t.Errorf("with the default mask = %v, want the bindings alone", got)
	}
	a.ok("POST", setPolicy, policyOf(1, nil))
	if got := a.ok("POST", setPolicy, with("audit_configs,etag")); got["auditConfigs"] == nil || got["bindings"] != nil {
		t.Errorf("with audit_configs,etag = %v, want the audit configs alone", got)
	}
	a.wantRefused("POST", setPolicy, with("members"), "400 INVALID_ARGUMENT: Invalid update mask")
}

func TestPolicyVersions(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	conditional := bindingOf("roles/iam.scimSyncer", "user:a@example.com")
	conditional["condition"] = map[string]any{"expression": "request.time < timestamp('2030-01-01T00:00:00Z')", "title": "t"}
	get := func(version int) map[string]any {
		return a.ok("POST", getPolicy, map[string]any{"options": map[string]any{"requestedPolicyVersion": version}})
	}
	a.wantRefused("POST", setPolicy, policyOf(1, nil, conditional), "400 INVALID_ARGUMENT: A policy with conditions must be of version 3")
	a.wantRefused("POST", setPolicy, policyOf(2, nil), "400 INVALID_ARGUMENT: Invalid policy version 2")
	a.wantRefused("POST", getPolicy, `{"options":{"requestedPolicyVersion":2}}`, "400 INVALID_ARGUMENT: Invalid policy version 2")
	a.ok("POST", setPolicy, policyOf(3, nil, bindingOf("roles/viewer", "user:a@example.com")))
	if got := get(3)["version"]; got != 1.0 {
		t.Errorf("version 3 asked of a policy without conditions = %v, want 1", got)
	}
	etag := a.ok("POST", setPolicy, policyOf(3, nil, conditional))["etag"]
	full := get(3)
	if full["version"] != 3.0 || !strings.Contains(fmt.Sprint(full["bindings"]), "condition:") {
		t.Errorf("version 3 = %v, want version 3 with the condition", full)
	}
	for _, version := range []int{0, 1} {
		reduced := get(version)
		text := fmt.Sprint(reduced["bindings"])
		if reduced["version"] != 1.0 || strings.Contains(text, "condition:") || !strings.Contains(text, "roles/iam.scimSyncer_withcond_") {
			t.Errorf("version %d = %v, want version 1 with the role renamed", version, reduced)
		}
	}
	a.wantRefused("POST", setPolicy, policyOf(1, etag), "400 INVALID_ARGUMENT: Specified policy version (1) cannot be less than the existing policy version (3).")
	a.ok("POST", setPolicy, policyOf(1, nil))
}

func TestPolicyIsNormalized(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	got := a.ok("POST", setPolicy, policyOf(1, nil,
		bindingOf("roles/viewer", "user:b@example.com", "user:a@example.com"),
		bindingOf("roles/browser"),
		bindingOf("roles/viewer", "user:a@example.com", "group:g@example.com"),
	))
	want := []any{map[string]any{"role": "roles/viewer", "members": []any{"group:g@example.com", "user:a@example.com", "user:b@example.com"}}}
	if diff := cmp.Diff(want, got["bindings"]); diff != "" {
		t.Errorf("bindings (-want +got):\n%s", diff)
	}
}

func TestPolicyInput(t *testing.T) {
	t.Parallel()
	many := make([]string, 1501)
	for i := range many {
		many[i] = fmt.Sprintf("user:u%d@example.com", i)
	}
	tests := []struct {
		name string
		body any
		want string // "" is accepted
	}{
		{"no policy", `{}`, "policy is required."},
		{"empty policy", `{"policy":{}}`, ""},
		{"etag that is not base64", policyOf(1, "?"), "Base64 decoding failed"},
		{"unknown field", `{"policy":{"binding":[]}}`, `Unknown name "binding" at 'policy'`},
		{"role without a prefix", policyOf(1, nil, bindingOf("viewer", "user:a@example.com")), "Role viewer is not supported"},
		{"custom role", policyOf(1, nil, bindingOf(organization+"/roles/my.role_1", "user:a@example.com")), ""},
		{"member without a type", policyOf(1, nil, bindingOf("roles/viewer", "a@example.com")), "unknown type"},
		{"member with white space", policyOf(1, nil, bindingOf("roles/viewer", "user:a b")), "unknown type"},
		{"every kind of member", policyOf(1, nil, bindingOf("roles/viewer", "allUsers", "allAuthenticatedUsers", "domain:example.com",
			"principal://iam.googleapis.com/locations/global/workforcePools/acme-pool/subject/a",
			"principalSet://iam.googleapis.com/locations/global/workforcePools/acme-pool/group/g",
			"deleted:serviceAccount:x@y.iam.gserviceaccount.com?uid=123")), ""},
		{"condition without an expression", `{"policy":{"version":3,"bindings":[{"role":"roles/viewer","members":["user:a@example.com"],"condition":{"title":"t"}}]}}`, "A condition needs an expression."},
		{"1500 principals", policyOf(1, nil, bindingOf("roles/viewer", many[:1500]...)), ""},
		{"1501 principals", policyOf(1, nil, bindingOf("roles/viewer", many...)), "more than 1500"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a := newAPI(t)
			if tt.want == "" {
				a.ok("POST", setPolicy, tt.body)
				return
			}
			a.wantRefused("POST", setPolicy, tt.body, tt.want)
		})
	}
}

// TestRefusedMembers plays an organization policy; members that are there
// already do not stand in the way of others.
func TestRefusedMembers(t *testing.T) {
	t.Parallel()
	refuse := func(member string) bool { return strings.HasSuffix(member, "@gcp-sa-iamscim.iam.gserviceaccount.com") }
	a, tenant, _ := seeded(t, scimtest.WithRefusedMembers(refuse), scimtest.WithSyncerGranted())
	present := bindingOf("roles/iam.scimSyncer", "serviceAccount:"+tenant.ServiceAgent)
	a.ok("POST", setPolicy, policyOf(1, nil, present, bindingOf("roles/viewer", "user:a@example.com")))
	agent := "o-1-x@gcp-sa-iamscim.iam.gserviceaccount.com"
	request := policyOf(1, nil, present, bindingOf("roles/iam.scimSyncer", "serviceAccount:"+agent))
	a.wantRefused("POST", setPolicy, request, "400 FAILED_PRECONDITION: One or more users named in the policy do not belong to a permitted customer.")
	_, reply := a.call("POST", setPolicy, request)
	want := []any{map[string]any{
		"@type": "type.googleapis.com/google.rpc.PreconditionFailure",
		"violations": []any{map[string]any{
			"type":        "constraints/iam.allowedPolicyMemberDomains",
			"subject":     "orgpolicy:" + organization + "?configvalue=" + agent,
			"description": "User " + agent + " is not in permitted organization.",
		}},
	}}
	if diff := cmp.Diff(want, reply["error"].(map[string]any)["details"]); diff != "" {
		t.Errorf("details (-want +got):\n%s", diff)
	}
}

// TestDeniedPermissions takes each permission away and calls the methods that
// need it.
func TestDeniedPermissions(t *testing.T) {
	t.Parallel()
	needed := map[string][]scimtest.Route{}
	for _, r := range scimtest.Routes() {
		p := scimtest.Permission(r)
		if p == "" {
			// search shows what the caller may get; those of Discovery Engine aren't documented.
			if !strings.HasSuffix(r.ID, ".testIamPermissions") && !strings.HasSuffix(r.ID, "organizations.search") && !strings.HasPrefix(r.ID, "discoveryengine.") {
				t.Errorf("%s needs no permission", r.ID)
			}
			continue
		}
		needed[p] = append(needed[p], r)
	}
	ids := strings.NewReplacer("{location}", "global", "{pool}", "acme-pool", "{provider}", "entra", "{tenant}", "tenant-a", "{token}", "token-a",
		"{key}", "key-a", "{subject}", "s", "{operation}", "o", "{organization}", scimtest.DefaultOrganization)
	for permission, routes := range needed {
		t.Run(permission, func(t *testing.T) {
			t.Parallel()
			a, _, _ := seeded(t, scimtest.WithDeniedPermissions(permission))
			for _, r := range routes {
				path := ids.Replace(r.Path)
				a.wantRefused(r.Method, path, nil, "403 PERMISSION_DENIED: Permission '"+permission+"' denied on resource '//")
				_, reply := a.call(r.Method, path, nil)
				info, _ := reply["error"].(map[string]any)["details"].([]any)[0].(map[string]any)
				if info["reason"] != "IAM_PERMISSION_DENIED" || info["metadata"].(map[string]any)["permission"] != permission {
					t.Errorf("%s %s: details = %v, want an ErrorInfo with the permission", r.Method, path, info)
				}
			}
		})
	}
}

func TestTestIAMPermissions(t *testing.T) {
	t.Parallel()
	a, _, _ := seeded(t, scimtest.WithDeniedPermissions("iam.workforcePools.delete"))
	asked := `{"permissions":["iam.workforcePools.get","iam.workforcePools.delete","iam.googleapis.com/workforcePools.delete"]}`
	for path, want := range map[string][]any{
		"v1/" + poolName:     {"iam.workforcePools.get"},
		"v1/" + tenantName:   {"iam.workforcePools.get"},
		"v3/" + organization: {"iam.workforcePools.get"},
		"v1/locations/global/workforcePools/none-here":  nil,
		"v1/" + providerName + "/scimTenants/none-here": nil,
	} {
		got, _ := a.ok("POST", path+":testIamPermissions", asked)["permissions"].([]any)
		if !slices.Equal(got, want) {
			t.Errorf("%s:testIamPermissions = %v, want %v", path, got, want)
		}
	}
	a.wantRefused("POST", "v1/"+poolName+":testIamPermissions", `{"permissions":["iam.*"]}`, "400 INVALID_ARGUMENT")
}

func TestEffectiveOrgPolicy(t *testing.T) {
	t.Parallel()
	const constraint = `{"constraint":"constraints/iam.allowedPolicyMemberDomains"}`
	a, _, _ := seeded(t)
	if got := a.ok("POST", "v1/"+organization+":getEffectiveOrgPolicy", constraint)["listPolicy"].(map[string]any); got["allValues"] != "ALLOW" {
		t.Errorf("the constraint of an organization that refuses nobody: %v", got)
	}
	a, _, _ = seeded(t, scimtest.WithRefusedMembers(func(string) bool { return true }))
	if got := a.ok("POST", "v1/"+organization+":getEffectiveOrgPolicy", constraint)["listPolicy"].(map[string]any); len(got["allowedValues"].([]any)) != 1 || got["allValues"] != nil {
		t.Errorf("the constraint of an organization that refuses members: %v", got)
	}
}

func TestQuotaProject(t *testing.T) {
	t.Parallel()
	a, _, _ := seeded(t)
	if code, _ := a.call("GET", "v1/"+poolName, nil, "X-Goog-User-Project", "my-project"); code != http.StatusOK {
		t.Errorf("GET with a quota project = %d, want 200", code)
	}
	a, _, _ = seeded(t, scimtest.WithDeniedPermissions("serviceusage.services.use"))
	for _, call := range []struct{ query, header string }{{"", "my-project"}, {"?$userProject=my-project", ""}} {
		code, reply := a.call("GET", "v1/"+poolName+call.query, nil, "X-Goog-User-Project", call.header)
		details := fmt.Sprint(reply["error"].(map[string]any)["details"])
		if code != http.StatusForbidden || !strings.Contains(details, "USER_PROJECT_DENIED") || !strings.Contains(details, "consumer:projects/my-project") {
			t.Errorf("GET%s with the header %q = %d %v, want 403 USER_PROJECT_DENIED", call.query, call.header, code, reply)
		}
	}
	a.ok("GET", "v1/"+poolName, nil)
}
