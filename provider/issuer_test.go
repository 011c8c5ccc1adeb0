package provider_test

import (
	"encoding/json"
	"testing"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/provider"
)

func TestIssuer(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		p    provider.Provider
		want string
	}{
		{"OIDC", provider.Provider{OIDC: &provider.OIDC{IssuerURI: "https://login.microsoftonline.com/T/v2.0"}}, "https://login.microsoftonline.com/T/v2.0"},
		{"SAML", provider.Provider{SAML: &provider.SAML{IDPMetadataXML: `<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="http://www.okta.com/exk1"/>`}}, "http://www.okta.com/exk1"},
		{"metadata that cannot be read", provider.Provider{SAML: &provider.SAML{IDPMetadataXML: "<"}}, ""},
		{"neither", provider.Provider{}, ""},
	}
	for _, tt := range tests {
		if got := tt.p.Issuer(); got != tt.want {
			t.Errorf("%s: Issuer() = %q, want %q", tt.name, got, tt.want)
		}
	}
}

// TestProviderIsEncoded shows that a provider that was read can be stored: it holds
// no secret.
func TestProviderIsEncoded(t *testing.T) {
	t.Parallel()
	name, err := provider.ParseName("locations/global/workforcePools/acme-pool/providers/entra")
	if err != nil {
		t.Fatal(err)
	}
	want := provider.Provider{Name: name, OIDC: &provider.OIDC{IssuerURI: "https://i", ClientSecretThumbprint: "t"}, ExtraAttributes: &provider.AttributesClient{ClientID: "c"}}
	text, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var got provider.Provider
	if err := json.Unmarshal(text, &got); err != nil || got.Name != name || got.OIDC.ClientSecretThumbprint != "t" || !got.OIDC.ClientSecret.IsZero() {
		t.Errorf("json.Unmarshal(%s) = %+v, %v", text, got, err)
	}
	want.OIDC.ClientSecret = iamscim.NewSecret("s3cret")
	if text, err := json.Marshal(want); err == nil {
		t.Errorf("json.Marshal of a provider with a secret = %s, want an error", text)
	}
}
