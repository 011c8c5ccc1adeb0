package scimtest_test

import (
	"fmt"
	"strings"
	"testing"
)

func TestProviderInput(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 4097)
	tests := []struct {
		name string
		mask string
		body string
		want string // "" is accepted
	}{
		{"no mask", "", `{"displayName":"x"}`, "update_mask is required."},
		{"unknown path", "nme", `{}`, `Invalid update mask: "nme" is not a field of the resource.`},
		{"path into a map", "attributeMapping.google", `{}`, "is not a field of the resource"},
		{"path into nothing", "displayName.x", `{}`, "is not a field of the resource"},
		{"output only", "state", `{"state":"DELETED"}`, `"state" is output only`},
		{"name", "name", `{"name":"x"}`, `"name" is output only`},
		{"empty path", "displayName,", `{}`, "is not a field of the resource"},
		{"snake_case path", "display_name", `{"displayName":"x"}`, ""},
		{"deep path", "oidc.client_id", `{"oidc":{"clientId":"x"}}`, ""},
		{"clears a required field", "oidc.clientId", `{}`, "client_id is required."},
		{"clears the mapping", "attributeMapping", `{}`, "attribute_mapping must map google.subject."},
		{"oidc to saml", "oidc,saml", `{"saml":{"idpMetadataXml":"<x/>"}}`, "cannot be changed between oidc and saml"},
		{"both", "saml", `{"saml":{"idpMetadataXml":"<x/>"}}`, "only one of oidc and saml"},
		{"neither", "oidc", `{}`, "one of oidc and saml"},
		{"no web sign-in", "oidc.webSsoConfig", `{}`, "Missing OIDC web single sign-on config."},
		{"http issuer", "oidc.issuerUri", `{"oidc":{"issuerUri":"http://x"}}`, "must be a URI with the https scheme"},
		{"wrong key", "attributeMapping", `{"attributeMapping":{"google.subject":"assertion.sub","assertion.aud":"x"}}`, "Invalid mapped attribute key: assertion.aud. Custom mapped attributes must be in format 'attribute.{custom_attribute}'"},
		{"custom key", "attributeMapping", `{"attributeMapping":{"google.subject":"assertion.sub","attribute.costcenter":"assertion.c"}}`, ""},
		{"long expression", "attributeMapping", `{"attributeMapping":{"google.subject":"` + long[:2049] + `"}}`, "2048 characters"},
		{"51 custom keys", "attributeMapping", `{"attributeMapping":{"google.subject":"assertion.x"` + customKeys(51) + `}}`, "At most 50 custom attributes can be mapped, got 51."},
		{"50 custom keys", "attributeMapping", `{"attributeMapping":{"google.subject":"assertion.x"` + customKeys(50) + `}}`, ""},
		{"long condition", "attributeCondition", `{"attributeCondition":"` + long + `"}`, "4096 characters"},
		{"long display name", "displayName", `{"displayName":"` + long[:33] + `"}`, "display name must be less than or equal to 32 characters"},
		{"unknown vendor", "vendorType", `{"vendorType":"ACME"}`, "is none of VENDOR_TYPE_UNSPECIFIED"},
		{"11 scopes", "oidc.webSsoConfig.additionalScopes", `{"oidc":{"webSsoConfig":{"additionalScopes":["1","2","3","4","5","6","7","8","9","10","11"]}}}`, "At most 10 additional scopes"},
		{"everything", "*", `{"attributeMapping":{"google.subject":"assertion.sub"},"oidc":{"issuerUri":"https://x","clientId":"c","webSsoConfig":{"responseType":"CODE","assertionClaimsBehavior":"ONLY_ID_TOKEN_CLAIMS"}}}`, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a, _, _ := seeded(t)
			path := "v1/" + providerName
			if tt.mask != "" {
				path += "?updateMask=" + tt.mask
			}
			if tt.want != "" {
				a.wantRefused("PATCH", path, tt.body, tt.want)
				return
			}
			a.ok("PATCH", path, tt.body)
		})
	}
}

func customKeys(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"attribute.a%d":"assertion.x"`, i)
	}
	return b.String()
}

func TestPoolInput(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{}`:                           "parent is required",
		`{"parent":"projects/1"}`:      "Invalid parent",
		`{"parent":"organizations/1"}`: "403 PERMISSION_DENIED",
		`{"parent":"` + organization + `","sessionDuration":"899s"}`:   "between 900s and 43200s",
		`{"parent":"` + organization + `","sessionDuration":"43201s"}`: "between 900s and 43200s",
		`{"parent":"` + organization + `","sessionDuration":"1h"}`:     "Invalid value at 'workforce_pool.session_duration'",
		`{"parent":"` + organization + `","disabled":"true"}`:          "TYPE_BOOL",
	} {
		a := newAPI(t)
		a.wantRefused("POST", "v1/locations/global/workforcePools?workforcePoolId=acme-pool", body, want)
	}
	a, _, _ := seeded(t)
	a.wantRefused("PATCH", "v1/"+poolName+"?updateMask=parent", `{"parent":"organizations/1"}`, "parent is immutable")
	a.wantRefused("PATCH", "v1/"+poolName+"?updateMask=accessRestrictions", `{"accessRestrictions":{"allowedServices":[{"domain":"x"}]}}`, "allowed_services is immutable")
	a.ok("PATCH", "v1/"+poolName+"?updateMask=accessRestrictions.disableProgrammaticSignin", `{"accessRestrictions":{"disableProgrammaticSignin":true}}`)
}

// TestClientSecrets: every OAuth client secret is kept as a thumbprint, which
// changes with it, and shows in no reply, state or recorded request.
func TestClientSecrets(t *testing.T) {
	t.Parallel()
	const secret = "hunter2-hunter2"
	a, _, _ := seeded(t)
	client := func(plain string) map[string]any {
		return map[string]any{
			"issuerUri": "https://idp.example", "clientId": "c", "attributesType": "AZURE_AD_GROUPS_ID",
			"clientSecret": map[string]any{"value": map[string]any{"plainText": plain}},
		}
	}
	tests := []struct {
		mask string
		body map[string]any
		path []string
	}{
		{"oidc.clientSecret.value.plainText", map[string]any{"oidc": client(secret)}, []string{"oidc"}},
		{"oidc.client_secret", map[string]any{"oidc": client("other")}, []string{"oidc"}},
		{"extraAttributesOauth2Client", map[string]any{"extraAttributesOauth2Client": client(secret)}, []string{"extraAttributesOauth2Client"}},
		{"extendedAttributesOauth2Client", map[string]any{"extendedAttributesOauth2Client": client(secret + "2")}, []string{"extendedAttributesOauth2Client"}},
	}
	last := ""
	for _, tt := range tests {
		if tt.path[0] == "oidc" {
			delete(tt.body["oidc"].(map[string]any), "attributesType")
		}
		a.ok("PATCH", "v1/"+providerName+"?updateMask="+tt.mask, tt.body)
		got := a.ok("GET", "v1/"+providerName, nil)
		value := got[tt.path[0]].(map[string]any)["clientSecret"].(map[string]any)["value"].(map[string]any)
		thumbprint, _ := value["thumbprint"].(string)
		if len(value) != 1 || thumbprint == "" || thumbprint == last {
			t.Errorf("%s: the secret is shown as %v, want a new thumbprint alone", tt.mask, value)
		}
		last = thumbprint
	}
	// An update of something else leaves the secret.
	a.ok("PATCH", "v1/"+providerName+"?updateMask=oidc.clientId", `{"oidc":{"clientId":"d"}}`)
	if got := a.state(); strings.Contains(got, secret) || !strings.Contains(got, last) || !strings.Contains(got, `"clientId":"d"`) {
		t.Errorf("state = %s, want thumbprints and no secret", got)
	}
	// A thumbprint in the input is not taken over.
	a.ok("PATCH", "v1/"+providerName+"?updateMask=oidc.clientSecret", `{"oidc":{"clientSecret":{"value":{"thumbprint":"mine"}}}}`)
	if got := a.state(); strings.Contains(got, "mine") {
		t.Errorf("state = %s, want no thumbprint from the input", got)
	}
	if got := fmt.Sprint(a.srv.Requests()); strings.Contains(got, secret) {
		t.Error("a recorded request holds the secret")
	}
}

func TestSAMLAndOAuthInput(t *testing.T) {
	t.Parallel()
	secret := `"clientSecret":{"value":{"plainText":"x"}}`
	tests := []struct {
		name string
		body string
		want string // "" is accepted
	}{
		{"SAML", `{"saml":{"idpMetadataXml":"<x/>"}}`, ""},
		{"no metadata", `{"saml":{}}`, "idp_metadata_xml is required."},
		{"metadata that is no XML", `{"saml":{"idpMetadataXml":"x"}}`, "idp_metadata_xml is not an XML document."},
		{"metadata of 128k characters", `{"saml":{"idpMetadataXml":"<` + strings.Repeat("x", 128<<10-1) + `"}}`, ""},
		{"longer metadata", `{"saml":{"idpMetadataXml":"<` + strings.Repeat("x", 128<<10) + `"}}`, "128k characters"},
		{"extra attributes", `{"saml":{"idpMetadataXml":"<x/>"},"extraAttributesOauth2Client":{"issuerUri":"https://x","clientId":"c","attributesType":"AZURE_AD_GROUPS_MAIL",` + secret + `}}`, ""},
		{"extra attributes without anything", `{"saml":{"idpMetadataXml":"<x/>"},"extraAttributesOauth2Client":{}}`,
			"Invalid issuer_uri \"\": it must be a URI with the https scheme.\nclient_id is required.\nclient_secret is required.\nattributes_type is required."},
		{"extended attributes by mail", `{"saml":{"idpMetadataXml":"<x/>"},"extendedAttributesOauth2Client":{"issuerUri":"https://x","clientId":"c","attributesType":"AZURE_AD_GROUPS_MAIL",` + secret + `}}`,
			"Only AZURE_AD_GROUPS_ID is supported"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a, _, _ := seeded(t)
			path := "v1/" + poolName + "/providers?workforcePoolProviderId=okta"
			body := `{"attributeMapping":{"google.subject":"assertion.subject"},` + tt.body[1:]
			if tt.want != "" {
				a.wantRefused("POST", path, body, tt.want)
				return
			}
			a.ok("POST", path, body)
		})
	}
	a, _, _ := seeded(t)
	a.wantRefused("POST", "v1/"+poolName+"/providers?workforcePoolProviderId=okta",
		`{"attributeMapping":{"google.subject":"assertion.x","google.email":""},"oidc":{"issuerUri":"https://x","webSsoConfig":{"additionalScopes":["`+strings.Repeat("x", 257)+`"]}}}`,
		"The expression for google.email is empty.\nclient_id is required.\nresponse_type is required.\nassertion_claims_behavior is required.\nAn additional scope must be less than or equal to 256 characters.")
}

func TestKeyInput(t *testing.T) {
	t.Parallel()
	a, _, _ := seeded(t)
	a.wantRefused("POST", "v1/"+providerName+"/keys?workforcePoolProviderKeyId=key-a", `{}`, "use is required.\nkey_spec is required.")
	a.wantRefused("POST", "v1/"+providerName+"/keys?workforcePoolProviderKeyId=key-a", `{"use":"ENCRYPTION","keyData":{"keySpec":"RSA_1024"}}`, "is none of KEY_SPEC_UNSPECIFIED")
}
