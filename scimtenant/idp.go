package scimtenant

import (
	"strings"

	"github.com/iamscim/iamscim/claimmap"
)

// EntraTenantURL returns what Microsoft Entra ID calls the Tenant URL: the base
// URI followed by ?aadOptscim062020, which makes Entra send PATCH requests as
// RFC 7644 describes them. "" if there is no base URI.
//
// https://docs.cloud.google.com/iam/docs/configure-scim-ms-entra
func (t *Tenant) EntraTenantURL() string {
	if t == nil || t.BaseURI == "" {
		return ""
	}
	return strings.TrimRight(t.BaseURI, "/") + "?aadOptscim062020"
}

// Settings are what an administrator types into the identity provider. The
// token is not among them: a setting that takes it says so.
type Settings []Setting

// Setting is one field of the identity provider's console.
type Setting struct {
	Where string // the page of the console
	Name  string // the field's label
	Value string // what to type or choose; "" if Secret
	Note  string // why, or what happens otherwise; may be ""

	// Secret: the field takes the tenant's SCIM token.
	Secret bool
}

// String returns the settings as lines, the secret ones with the words "the
// SCIM token".
func (s Settings) String() string {
	var b strings.Builder
	for _, x := range s {
		value := x.Value
		if x.Secret {
			value = "the SCIM token"
		}
		b.WriteString(x.Where + ": " + x.Name + " = " + value)
		if x.Note != "" {
			b.WriteString(" (" + x.Note + ")")
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// IDPSettings returns what to type where to make the identity provider push to
// this tenant, from Google's set-up page for it. What the claim mapping
// depends on besides is in the verdict of [claimmap.Compare].
func (t *Tenant) IDPSettings(vendor claimmap.Vendor) Settings {
	if t == nil {
		t = new(Tenant)
	}
	switch vendor {
	case claimmap.EntraID:
		const credentials, mapping = "Provisioning > Admin Credentials", "Provisioning > Attribute mapping > Provision Microsoft Entra ID Users"
		return Settings{
			{Where: credentials, Name: "Tenant URL", Value: t.EntraTenantURL(), Note: "the suffix makes PATCH requests follow RFC 7644"},
			{Where: credentials, Name: "Secret token", Secret: true},
			{Where: mapping, Name: "externalId", Value: "objectId", Note: "Entra's default is mailNickname"},
		}
	case claimmap.Okta:
		const page, actions = "Google Cloud Workforce Identity Federation app > Provisioning > Integration", "Google Cloud Workforce Identity Federation app > Provisioning > To App"
		return Settings{
			{Where: page, Name: "Tenant", Value: t.UID(), Note: "the UID, not the base URI"},
			{Where: page, Name: "Token", Secret: true},
			{Where: actions, Name: "Create Users, Update User Attributes, Deactivate Users", Value: "enabled"},
		}
	}
	const page = "SCIM 2.0 provisioning"
	return Settings{
		{Where: page, Name: "Base URI", Value: t.BaseURI},
		{Where: page, Name: "Bearer token", Secret: true},
		{Where: page, Name: "emails", Value: `exactly one, of type "work"`, Note: "the service refuses others with 400 invalidValue"},
	}
}
