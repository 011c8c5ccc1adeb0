package scimtest_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/iamscim/iamscim/scimtest"
	"google.golang.org/api/iam/v1"
)

// TestRoutesAreTheAPI holds the route table against the discovery document in
// both directions.
func TestRoutesAreTheAPI(t *testing.T) {
	t.Parallel()
	d := loadDiscovery(t, "iam/v1/iam-api.json")
	var want []string
	for _, m := range d.methods(d.Resources["locations"].Resources["workforcePools"]) {
		want = append(want, strings.Join([]string{m.HTTPMethod, variables(m.FlatPath), m.ID}, " "))
	}
	want = append(want, "POST v1/locations/{}/workforcePools/{}/providers/{}/scimTenants/{}/tokens/{}:undelete iam.locations.workforcePools.providers.scimTenants.tokens.undelete")
	for _, v := range []string{"v1", "v3"} {
		d := loadDiscovery(t, "cloudresourcemanager/"+v+"/cloudresourcemanager-api.json")
		for name, m := range d.Resources["organizations"].Methods {
			if slices.Contains([]string{"get", "search", "getIamPolicy", "setIamPolicy", "testIamPermissions"}, name) || v == "v1" && name == "getEffectiveOrgPolicy" {
				want = append(want, strings.Join([]string{m.HTTPMethod, variables(m.FlatPath), m.ID}, " "))
			}
		}
	}
	for _, m := range slices.Concat(consumerMethods(t), secretMethods(t)) {
		want = append(want, strings.Join([]string{m.HTTPMethod, variables(m.FlatPath), m.ID}, " "))
	}
	var got []string
	for _, r := range scimtest.Routes() {
		got = append(got, strings.Join([]string{r.Method, variables(r.Path), r.ID}, " "))
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the methods of the API and the routes of the fake (-want +got):\n%s", diff)
	}
}

// consumerMethods are the methods of Discovery Engine that the fake answers.
func consumerMethods(t testing.TB) []*method {
	d := loadDiscovery(t, "discoveryengine/v1alpha/discoveryengine-api.json")
	return slices.DeleteFunc(d.methods(d.Resources["projects"].Resources["locations"]), func(m *method) bool {
		return !slices.Contains([]string{"completeExternalIdentities", "getAclConfig", "checkFeaturePolicyMembers"}, m.ID[strings.LastIndexByte(m.ID, '.')+1:])
	})
}

// secretMethods are the methods of Secret Manager that the fake answers.
func secretMethods(t testing.TB) []*method {
	d := loadDiscovery(t, "secretmanager/v1/secretmanager-api.json")
	served := []string{"secrets.create", "secrets.get", "secrets.patch", "secrets.addVersion", "versions.access", "versions.get", "versions.list", "versions.enable", "versions.disable", "versions.destroy"}
	return slices.DeleteFunc(d.methods(d.Resources["projects"].Resources["secrets"]), func(m *method) bool {
		return !slices.ContainsFunc(served, func(id string) bool { return strings.HasSuffix(m.ID, "."+id) })
	})
}

func variables(path string) string {
	segments := strings.Split(path, "/")
	for i, s := range segments {
		if strings.HasPrefix(s, "{") {
			segments[i] = "{}" + s[strings.Index(s, "}")+1:]
		}
	}
	return strings.Join(segments, "/")
}

// TestContract calls every method, and each list, mask and common parameter,
// with every request and reply held against the discovery documents.
func TestContract(t *testing.T) {
	t.Parallel()
	a := newAPI(t, scimtest.WithOperationPolls(1))
	c := newContract(t, a.client.Transport)
	a.client = &http.Client{Transport: c}

	const pools = "v1/locations/global/workforcePools"
	provider := testProvider("entra")
	provider.Name = ""
	provider.DisplayName, provider.Description, provider.DetailedAuditLogging = "Entra", "d", true
	provider.AttributeCondition, provider.VendorType, provider.ScimUsage = "true", "ENTRA_ID", "SCIM_USAGE_UNSPECIFIED"
	provider.Oidc.ClientSecret = &iam.GoogleIamAdminV1WorkforcePoolProviderOidcClientSecret{
		Value: &iam.GoogleIamAdminV1WorkforcePoolProviderOidcClientSecretValue{PlainText: "hunter2"},
	}
	provider.Oidc.WebSsoConfig.AdditionalScopes = []string{"groups"}
	provider.ExtraAttributesOauth2Client = &iam.GoogleIamAdminV1WorkforcePoolProviderExtraAttributesOAuth2Client{
		IssuerUri: "https://idp.example", ClientId: "c", ClientSecret: provider.Oidc.ClientSecret,
		AttributesType:  "AZURE_AD_GROUPS_MAIL",
		QueryParameters: &iam.GoogleIamAdminV1WorkforcePoolProviderExtraAttributesOAuth2ClientQueryParameters{Filter: "x"},
	}
	saml := map[string]any{
		"attributeMapping": map[string]any{"google.subject": "assertion.subject"},
		"saml":             map[string]any{"idpMetadataXml": "<EntityDescriptor/>"},
	}
	policy := map[string]any{"policy": map[string]any{
		"version": 3,
		"bindings": []any{map[string]any{
			"role": "roles/iam.scimSyncer", "members": []any{"user:a@example.com"},
			"condition": map[string]any{"expression": "true", "title": "t", "description": "d", "location": "l"},
		}},
		"auditConfigs": []any{map[string]any{"service": "allServices", "auditLogConfigs": []any{map[string]any{"logType": "ADMIN_READ", "exemptedMembers": []any{"user:b@example.com"}}}}},
	}, "updateMask": "bindings,etag,auditConfigs"}
	version3 := map[string]any{"options": map[string]any{"requestedPolicyVersion": 3}}
	permissions := map[string]any{"permissions": []any{"iam.workforcePools.get"}}
	empty := map[string]any{}

	// wait polls the operation of a write, as every client must.
	wait := func(method, path string, body any) {
		t.Helper()
		op := a.ok(method, path, body)
		if _, done := op["done"]; done {
			t.Errorf("%s %s: the operation is done at once, want it to be polled", method, path)
		}
		if got := a.ok("GET", "v1/"+op["name"].(string), nil); got["done"] != true || got["error"] != nil || got["response"] != nil {
			t.Errorf("%s %s: the polled operation is %v, want only its name and done", method, path, got)
		}
	}
	policies := func(name string) {
		t.Helper()
		a.ok("POST", name+":getIamPolicy", version3)
		a.ok("POST", name+":setIamPolicy", policy)
		a.ok("POST", name+":getIamPolicy", empty)
		a.ok("POST", name+":getIamPolicy", version3)
		a.ok("POST", name+":testIamPermissions", permissions)
	}
	life := func(call func(method, path string, body any), name string) {
		t.Helper()
		call("DELETE", name, nil)
		a.ok("GET", name, nil)
		call("POST", name+":undelete", empty)
		a.ok("GET", name, nil)
	}
	direct := func(method, path string, body any) { t.Helper(); a.ok(method, path, body) }

	wait("POST", pools+"?workforcePoolId=acme-pool", map[string]any{
		"parent": organization, "displayName": "Acme", "description": "d", "disabled": true, "sessionDuration": "7200s",
		"accessRestrictions": map[string]any{"allowedServices": []any{map[string]any{"domain": "console.cloud.google"}}, "disableProgrammaticSignin": true},
	})
	a.ok("GET", pools+"?parent="+organization+"&pageSize=1&showDeleted=true&prettyPrint=false&alt=json", nil)
	wait("PATCH", "v1/"+poolName+"?updateMask=displayName,disabled", map[string]any{"displayName": "x"})
	policies("v1/" + poolName)
	life(wait, "v1/"+poolName)

	wait("POST", "v1/"+poolName+"/providers?workforcePoolProviderId=entra", provider)
	wait("POST", "v1/"+poolName+"/providers?workforcePoolProviderId=okta", saml)
	a.ok("GET", "v1/"+poolName+"/providers?pageSize=1", nil)
	wait("PATCH", "v1/"+providerName+"?updateMask=scimUsage,extraAttributesOauth2Client", map[string]any{"scimUsage": "ENABLED_FOR_GROUPS"})
	life(wait, "v1/"+providerName)

	key := "v1/" + providerName + "/keys/key-a"
	wait("POST", "v1/"+providerName+"/keys?workforcePoolProviderKeyId=key-a", map[string]any{"use": "ENCRYPTION", "keyData": map[string]any{"keySpec": "RSA_2048"}})
	a.ok("GET", "v1/"+providerName+"/keys", nil)
	life(wait, key)

	a.ok("POST", "v1/"+providerName+"/scimTenants?workforcePoolProviderScimTenantId=tenant-a", map[string]any{
		"displayName": "T", "description": "d", "claimMapping": map[string]any{"google.subject": "user.externalId", "google.group": "group.externalId"},
	})
	a.ok("GET", "v1/"+providerName+"/scimTenants", nil)
	a.ok("PATCH", "v1/"+tenantName+"?updateMask=displayName", map[string]any{"displayName": "x"})
	policies("v1/" + tenantName)
	life(direct, "v1/"+tenantName)

	a.ok("POST", "v1/"+tenantName+"/tokens?workforcePoolProviderScimTokenId=token-a", map[string]any{"displayName": "K"})
	a.ok("GET", "v1/"+tenantName+"/tokens", nil)
	a.ok("PATCH", "v1/"+tokenName, map[string]any{"displayName": "x"})
	life(direct, "v1/"+tokenName)
	a.ok("DELETE", "v1/"+tenantName+"?hardDelete=true", nil)
	a.ok("GET", "v1/"+providerName+"/scimTenants?showDeleted=true", nil)

	subject := "v1/" + poolName + "/subjects/alice%40example.com"
	wait("DELETE", subject, nil)
	wait("POST", subject+":undelete", empty)
	wait("POST", subject+":revokeSessions", empty)

	for _, v := range []string{"v1/", "v3/"} {
		a.ok("GET", v+organization, nil)
		policies(v + organization)
	}
	a.ok("POST", "v1/organizations:search", map[string]any{"filter": "domain:example.com"})
	a.ok("POST", "v1/"+organization+":getEffectiveOrgPolicy", map[string]any{"constraint": "constraints/iam.allowedPolicyMemberDomains"})
	a.ok("GET", "v3/organizations:search?query=domain:EXAMPLE.com", nil)

	const project = "v1alpha/projects/p/locations/global"
	a.ok("GET", project+"/aclConfig", nil)
	a.ok("GET", project+":completeExternalIdentities?prefixQuery=a&useScimIdentities=true&entityTypeFilter=USERS&maxSuggestions=3", nil)
	a.ok("POST", project+"/collections/c/engines/e:checkFeaturePolicyMembers", map[string]any{"members": []any{
		map[string]any{"type": "GROUP", "id": "x", "displayName": "d"}, map[string]any{"type": "USER", "id": "u"}}})

	const secrets = "v1/projects/p/secrets"
	a.ok("POST", secrets+"?secretId=s", map[string]any{"replication": map[string]any{"automatic": map[string]any{}}, "labels": map[string]any{"team": "a"}})
	secret := a.ok("GET", secrets+"/s", nil)
	a.ok("PATCH", secrets+"/s?updateMask=annotations", map[string]any{"etag": secret["etag"], "annotations": map[string]any{"a": "b"}})
	a.ok("POST", secrets+"/s:addVersion", map[string]any{"payload": map[string]any{"data": "MTIzNDU2Nzg5", "dataCrc32c": "3808858755"}})
	a.ok("GET", secrets+"/s/versions/1:access", nil)
	a.ok("GET", secrets+"/s/versions/latest", nil)
	a.ok("GET", secrets+"/s/versions?filter=state:ENABLED&pageSize=1", nil)
	a.ok("POST", secrets+"/s/versions/1:disable", empty)
	a.ok("POST", secrets+"/s/versions/1:enable", empty)
	a.ok("POST", secrets+"/s/versions/1:destroy", empty)

	// The refusals are held against the envelope.
	for _, call := range []struct{ method, path, body, want string }{
		{"GET", "v1/" + poolName + "/providers/none", "", "404 NOT_FOUND"},
		{"POST", "v1/" + poolName + "/providers?workforcePoolProviderId=entra", `{}`, "400 INVALID_ARGUMENT"},
		{"POST", pools + "?workforcePoolId=acme-pool", `{"parent":"` + organization + `"}`, "409 ALREADY_EXISTS"},
		{"DELETE", "v1/" + tenantName, "", "404 NOT_FOUND"},
		{"GET", "v3/organizations/42", "", "403 PERMISSION_DENIED"},
		{"GET", secrets + "/none", "", "404 NOT_FOUND"},
		{"GET", secrets + "/s/versions/1:access", "", "400 FAILED_PRECONDITION"},
		{"POST", "v3/" + organization + ":setIamPolicy", `{"policy":{"version":3,"etag":"BwVe6AAAAAA="}}`, "409 ABORTED"},
	} {
		var body any
		if call.body != "" {
			body = call.body
		}
		if got := a.refused(call.method, call.path, body); !strings.HasPrefix(got, call.want) {
			t.Errorf("%s %s = %q, want %s", call.method, call.path, got, call.want)
		}
	}

	var missed []string
	for _, r := range scimtest.Routes() {
		version, _, _ := strings.Cut(r.Path, "/")
		if call := r.Method + " " + r.ID + " " + version; !c.seen[call] {
			missed = append(missed, call)
		}
	}
	if missed != nil {
		t.Errorf("no call to these routes succeeded:\n%s", strings.Join(missed, "\n"))
	}
}

// TestEnums holds the values of the enumerations against the document.
func TestEnums(t *testing.T) {
	t.Parallel()
	d := loadDiscovery(t, "iam/v1/iam-api.json")
	got := scimtest.Enums()
	want := map[string]map[string][]string{}
	// Messages reached from the requests of the fake's methods.
	var walk func(d *discovery, ref string)
	walk = func(d *discovery, ref string) {
		if want[ref] != nil {
			return
		}
		want[ref] = map[string][]string{}
		for name, p := range d.Schemas[ref].Properties {
			if p.Enum != nil {
				want[ref][name] = p.Enum
			}
			for _, inner := range []*schema{p, p.Items} {
				if inner != nil && inner.Ref != "" {
					walk(d, inner.Ref)
				}
			}
		}
	}
	for _, m := range slices.Concat(d.methods(d.Resources["locations"].Resources["workforcePools"]), secretMethods(t)) {
		if m.Request != nil {
			walk(m.doc, m.Request.Ref)
		}
	}
	for ref, fields := range want {
		if len(fields) == 0 {
			delete(want, ref)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("enumerations (-want +got):\n%s", diff)
	}
}
