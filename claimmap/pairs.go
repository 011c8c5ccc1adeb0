package claimmap

// claim is a place in the token that a provider's google.subject is mapped
// from, without lowerAscii().
type claim struct {
	expression string // canonical
	saml       bool
}

// The claims that Google's pages relate to SCIM attributes.
const (
	claimOID          = "assertion.oid"
	claimEmail        = "assertion.email"
	claimUsername     = "assertion.preferred_username"
	claimSub          = "assertion.sub"
	claimNameID       = "assertion.subject"
	claimSAMLObjectID = "assertion.attributes['http://schemas.microsoft.com/identity/claims/objectidentifier'][0]"
	claimSAMLEmail    = "assertion.attributes['http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress'][0]"
	claimSAMLName     = "assertion.attributes['http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name'][0]"
)

var claims = [...]claim{
	{expression: claimOID}, {expression: claimEmail}, {expression: claimUsername}, {expression: claimSub},
	{claimNameID, true}, {claimSAMLObjectID, true}, {claimSAMLEmail, true}, {claimSAMLName, true},
}

// The attributes a google.subject is mapped from, without lowerAscii().
const (
	attrExternalID = "user.externalId"
	attrUserName   = "user.userName"
	attrEmail      = "user.emails[0].value"
	attrEmails     = "user.emails"

	groupExternalID  = "group.externalId"
	groupDisplayName = "group.displayName"
)

// pair relates a claim and an attribute for a vendor: they are filled from the
// same source once requires holds.
type pair struct {
	vendor   Vendor // "" where the page names none
	claim    string
	attr     string
	source   Source
	requires IDPSetting
}

const (
	refEntraClaims = "https://learn.microsoft.com/en-us/entra/identity-platform/id-token-claims-reference"
	refEntraSAML   = "https://learn.microsoft.com/en-us/entra/identity-platform/saml-claims-customization"
	refEntraSCIM   = "https://learn.microsoft.com/en-us/entra/identity/app-provisioning/use-scim-to-provision-users-and-groups"
)

var (
	entraObjectID = IDPSetting{Vendor: EntraID, Attribute: "externalId", Source: "objectId", Default: "mailNickname",
		Note: "Provisioning > Attribute mapping > Provision Microsoft Entra ID Users", Reference: srcEntra.URL}
	entraMail = IDPSetting{Vendor: EntraID, Attribute: `emails[type eq "work"].value`, Source: "mail", Default: "mail",
		Note: "mail is what the email claim holds, and every user in scope has one", Reference: refEntraSCIM}
	entraUPN = IDPSetting{Vendor: EntraID, Attribute: "userName", Source: "userPrincipalName", Default: "userPrincipalName",
		Note: "and no guest is in scope: a guest signs in with the name of the home directory, while userPrincipalName holds #EXT#", Reference: refEntraSCIM}
	oktaID = IDPSetting{Vendor: Okta, Attribute: "externalId", Source: "the Okta user id", Default: "the Okta user id",
		Note: "and the provider's issuer puts the Okta user id into sub, as it does in ID tokens", Reference: srcOkta.URL}
	oktaUsername = IDPSetting{Vendor: Okta, Attribute: "userName", Source: "the Okta username",
		Note: "Sign On > Application username format: Okta username, which is what preferred_username holds", Reference: srcOkta.URL}
	oktaNameID = IDPSetting{Vendor: Okta, Attribute: "userName", Source: "the value that is sent as the SAML NameID",
		Note: "Sign On > Application username format, the same that fills the Name ID", Reference: srcOkta.URL}
	oktaEmail = IDPSetting{Vendor: Okta, Attribute: `emails[type eq "work"].value`, Source: "the primary email (user.email)", Default: "the primary email (user.email)",
		Reference: srcOkta.URL}
	genericSub = IDPSetting{Vendor: Generic, Attribute: "externalId", Source: "the value that is sent as sub",
		Note: "and sub is the same for every application", Reference: srcOIDC.URL}
	anyUsername = IDPSetting{Attribute: "userName", Source: "the value that is sent as preferred_username", Reference: srcSCIM.URL}
	anyEmail    = IDPSetting{Attribute: `emails[type eq "work"].value`, Source: "the value that is sent as email", Reference: srcSCIM.URL}
)

// pairs are the documented pairs. Only they make a Consistent verdict.
var pairs = [...]pair{
	{EntraID, claimOID, attrExternalID, srcEntraSeed, entraObjectID},
	{EntraID, claimSAMLObjectID, attrExternalID, srcEntra, entraObjectID},
	{EntraID, claimEmail, attrEmail, srcEntraSeed, entraMail},
	{EntraID, claimSAMLEmail, attrEmail, srcEntra, entraMail},
	{EntraID, claimUsername, attrUserName, srcEntraSeed, entraUPN},
	{EntraID, claimSAMLName, attrUserName, srcEntra, entraUPN},

	{Okta, claimSub, attrExternalID, srcOkta, oktaID},
	{Okta, claimNameID, attrUserName, srcOkta, oktaNameID},
	{Okta, claimUsername, attrUserName, srcOkta, oktaUsername},
	{Okta, claimEmail, attrEmail, srcOkta, oktaEmail},

	{Generic, claimSub, attrExternalID, srcOIDC, genericSub},
	{Generic, claimUsername, attrUserName, srcSCIM, anyUsername},
	{Generic, claimEmail, attrEmail, srcSCIM, anyEmail},

	{"", claimUsername, attrUserName, srcSCIM, anyUsername},
	{"", claimEmail, attrEmail, srcSCIM, anyEmail},
}

// origin says what a vendor fills a claim or an attribute from, where that is
// fixed or has one documented default. Two different origins make a pair
// Inconsistent.
type origin struct {
	vendor Vendor
	text   string // claim or attribute
	from   string
}

var origins = [...]origin{
	{EntraID, claimOID, "objectId"},
	{EntraID, claimSAMLObjectID, "objectId"},
	{EntraID, claimEmail, "mail"},
	{EntraID, claimSAMLEmail, "mail"},
	{EntraID, claimUsername, "userPrincipalName"},
	{EntraID, claimSAMLName, "userPrincipalName"},
	{EntraID, claimSub, "an id made for this one application"},
	{EntraID, attrExternalID, "objectId (or mailNickname, the default)"},
	{EntraID, attrUserName, "userPrincipalName"},
	{EntraID, attrEmail, "mail"},

	{Okta, claimSub, "the Okta user id"},
	{Okta, claimUsername, oktaLogin},
	{Okta, claimEmail, oktaPrimaryEmail},
	{Okta, claimNameID, applicationUsername},
	{Okta, attrExternalID, "the Okta user id"},
	{Okta, attrUserName, applicationUsername},
	{Okta, attrEmail, oktaPrimaryEmail},
}

const (
	oktaLogin        = "the Okta username"
	oktaPrimaryEmail = "the primary email"

	// applicationUsername is what the application username format of an Okta
	// application says, which may be the Okta username or the primary email.
	applicationUsername = "the application username"
)

// differ reports whether two origins are different for some person, whatever
// the vendor's settings are.
func differ(a, b string) bool {
	if b == applicationUsername {
		a, b = b, a
	}
	if a == applicationUsername && (b == oktaLogin || b == oktaPrimaryEmail) {
		return false
	}
	return a != "" && b != "" && a != b
}

func originOf(v Vendor, text string) string {
	for _, o := range origins {
		if o.vendor == v && o.text == text {
			return o.from
		}
	}
	return ""
}

func findPair(v Vendor, claim, attr string) *pair {
	for i := range pairs {
		if p := &pairs[i]; p.vendor == v && (claim == "" || p.claim == claim) && (attr == "" || p.attr == attr) {
			return p
		}
	}
	return nil
}
