package claimmap

import "strings"

// IDPSetting is something that an administrator of the identity provider can
// change, and that a verdict rests on. No program can see it from Google's side.
// It is comparable, so that a caller can keep the ones somebody has confirmed.
type IDPSetting struct {
	ID        string // "entra-external-id"; stable
	Vendor    Vendor // "" for any
	Setting   string // what is set: a SCIM attribute, a claim or an option
	Value     string // what it must be
	Default   string // what it is if nobody touches it; empty if not known
	Note      string // where to look, and why; may be empty
	Reference string // the page that says so
}

// String returns the setting in one line.
func (s IDPSetting) String() string {
	var b strings.Builder
	b.WriteString(s.ID + ": ")
	if s.Vendor != "" {
		b.WriteString(s.Vendor.String() + ": ")
	}
	b.WriteString(s.Setting + " = " + s.Value)
	if s.Default != "" && s.Default != s.Value {
		b.WriteString(" (the default is " + s.Default + ")")
	}
	if s.Note != "" {
		b.WriteString("; " + s.Note)
	}
	return b.String()
}

const (
	refEntraClaims     = "https://learn.microsoft.com/en-us/entra/identity-platform/id-token-claims-reference"
	refEntraOptional   = "https://learn.microsoft.com/en-us/entra/identity-platform/optional-claims-reference"
	refEntraSAML       = "https://learn.microsoft.com/en-us/entra/identity-platform/saml-claims-customization"
	refEntraSCIM       = "https://learn.microsoft.com/en-us/entra/identity/app-provisioning/use-scim-to-provision-users-and-groups"
	refEntraHow        = "https://learn.microsoft.com/en-us/entra/identity/app-provisioning/how-provisioning-works"
	refEntraLoginID    = "https://learn.microsoft.com/en-us/entra/identity/authentication/howto-authentication-use-email-signin"
	refOktaClaims      = "https://developer.okta.com/docs/guides/customize-tokens-returned-from-okta/main/"
	entraMappings      = "Provisioning > Attribute mapping > Provision Microsoft Entra ID Users; type Direct, applied always"
	entraClaims        = "Single sign-on > Attributes & Claims; no transformation, no condition"
	oktaMappings       = "Provisioning > To App > Attribute Mappings"
	xmlClaims          = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"
	microsoftClaims    = "http://schemas.microsoft.com/identity/claims/"
	scimWorkEmail      = `emails[type eq "work"].value`
	oktaPrimaryEmail   = "the primary email (user.email)"
	oktaAppUsername    = "the application username"
	oktaUserID         = "the Okta user id"
	entraUPNSource     = "user.userprincipalname"
	entraUPNAttribute  = "userPrincipalName"
	entraMailSource    = "user.mail"
	entraMailAttribute = "mail"
)

// The settings of Microsoft Entra ID.
var (
	entraExternalID = IDPSetting{"entra-external-id", EntraID, "externalId", "objectId", "mailNickname", entraMappings, srcEntra.URL}
	entraUserName   = IDPSetting{"entra-user-name", EntraID, "userName", entraUPNAttribute, entraUPNAttribute, entraMappings, refEntraSCIM}
	entraWorkEmail  = IDPSetting{"entra-work-email", EntraID, scimWorkEmail, entraMailAttribute, entraMailAttribute, entraMappings, refEntraSCIM}

	entraNoGuests = IDPSetting{"entra-no-guests", EntraID, "users in scope", "members, no guests", "",
		"a guest signs in with the name and address of the home directory, and is provisioned without #EXT#", refEntraHow}
	entraLoginID = IDPSetting{"entra-alternate-login-off", EntraID, "Email as alternate login ID", "off", "off",
		"preferred_username holds the address typed at sign-in while it is on", refEntraLoginID}

	entraUPNClaim = IDPSetting{"entra-upn-claim", EntraID, "claim upn of ID tokens", "sent as an optional claim", "not sent in v2.0 tokens",
		"Token configuration; it also needs the scope profile", refEntraOptional}
	entraSAMLName = IDPSetting{"entra-saml-name", EntraID, "claim " + xmlClaims + "name", entraUPNSource, entraUPNSource, entraClaims, refEntraSAML}
	entraSAMLMail = IDPSetting{"entra-saml-emailaddress", EntraID, "claim " + xmlClaims + "emailaddress", entraMailSource, entraMailSource, entraClaims, refEntraSAML}
	entraSAMLUPN  = IDPSetting{"entra-saml-upn", EntraID, "claim " + xmlClaims + "upn", entraUPNSource, "not sent", entraClaims, refEntraSAML}
)

// The settings of Okta.
var (
	oktaExternalID = IDPSetting{"okta-external-id", Okta, "externalId", oktaUserID, oktaUserID, oktaMappings, srcOkta.URL}
	oktaUserName   = IDPSetting{"okta-user-name", Okta, "userName", oktaAppUsername, oktaAppUsername, oktaMappings, srcOkta.URL}
	oktaWorkEmail  = IDPSetting{"okta-work-email", Okta, scimWorkEmail, oktaPrimaryEmail, oktaPrimaryEmail, oktaMappings, srcOkta.URL}

	oktaFormat = IDPSetting{"okta-username-format", Okta, "Application username format", "Okta username", "Okta username",
		"Sign On; preferred_username holds the Okta username", srcOkta.URL}
	oktaNameID = IDPSetting{"okta-name-id", Okta, "SAML Name ID", oktaAppUsername, oktaAppUsername,
		"Sign On, in the application that provisions", srcOkta.URL}
	oktaClaims = IDPSetting{"okta-own-claims", Okta, "claims of the authorization server", "none named sub, email or preferred_username", "none",
		"a custom claim replaces Okta's own", refOktaClaims}
)

// The settings of other identity providers.
var (
	idpExternalID = IDPSetting{"idp-external-id", Generic, "externalId", "the value that is sent as sub, unaltered", "",
		"a pairwise sub, made for each application, usually isn't", srcOIDC.URL}
	idpUserName  = IDPSetting{"idp-user-name", "", "userName", "the value that is sent as preferred_username, unaltered", "", "", srcSCIM.URL}
	idpWorkEmail = IDPSetting{"idp-work-email", "", scimWorkEmail, "the value that is sent as email, unaltered", "", "", srcSCIM.URL}
)

// Settings returns every setting that a verdict of [Compare] can rest on, in a
// fixed order. The slice is the caller's.
func Settings() []IDPSetting {
	return []IDPSetting{
		entraExternalID, entraUserName, entraWorkEmail, entraNoGuests, entraLoginID, entraUPNClaim, entraSAMLName, entraSAMLMail, entraSAMLUPN,
		oktaExternalID, oktaUserName, oktaWorkEmail, oktaFormat, oktaNameID, oktaClaims,
		idpExternalID, idpUserName, idpWorkEmail,
	}
}
