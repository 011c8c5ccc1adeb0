package claimmap

// Protocol is the protocol of a pool provider.
type Protocol string

// The protocols of workforce pool providers.
const (
	OIDC Protocol = "OIDC"
	SAML Protocol = "SAML"
)

// The claims that Google's pages relate to SCIM attributes, without
// lowerAscii().
const (
	claimOID          = "assertion.oid"
	claimEmail        = "assertion.email"
	claimUsername     = "assertion.preferred_username"
	claimUPN          = "assertion.upn"
	claimSub          = "assertion.sub"
	claimNameID       = "assertion.subject"
	claimSAMLObjectID = "assertion.attributes['" + microsoftClaims + "objectidentifier'][0]"
	claimSAMLEmail    = "assertion.attributes['" + xmlClaims + "emailaddress'][0]"
	claimSAMLName     = "assertion.attributes['" + xmlClaims + "name'][0]"
	claimSAMLUPN      = "assertion.attributes['" + xmlClaims + "upn'][0]"
)

// samlClaims are the claims of a SAML assertion.
var samlClaims = map[string]bool{claimNameID: true, claimSAMLObjectID: true, claimSAMLEmail: true, claimSAMLName: true, claimSAMLUPN: true}

// protocolOf is the protocol that a claim of the pairs belongs to.
func protocolOf(claim string) Protocol {
	if samlClaims[claim] {
		return SAML
	}
	return OIDC
}

// The attributes a google.subject or google.group is mapped from, without
// lowerAscii().
const (
	attrExternalID = "user.externalId"
	attrUserName   = "user.userName"
	attrEmail      = "user.emails[0].value"
	attrEmails     = "user.emails"

	groupExternalID  = "group.externalId"
	groupDisplayName = "group.displayName"
)

// pair relates a claim and an attribute for a vendor: they are filled from the
// same source once everything in requires holds.
type pair struct {
	vendor   Vendor // "" where the page names none
	claim    string
	attr     string
	source   Source
	requires []IDPSetting
}

// pairs are the documented pairs. Only they make a Consistent verdict.
var pairs = [...]pair{
	{EntraID, claimOID, attrExternalID, srcEntraSeed, []IDPSetting{entraExternalID}},
	{EntraID, claimSAMLObjectID, attrExternalID, srcEntra, []IDPSetting{entraExternalID}},
	{EntraID, claimUPN, attrUserName, srcBest, []IDPSetting{entraUserName, entraNoGuests, entraUPNClaim}},
	{EntraID, claimSAMLUPN, attrUserName, srcBest, []IDPSetting{entraUserName, entraNoGuests, entraSAMLUPN}},
	{EntraID, claimUsername, attrUserName, srcEntraSeed, []IDPSetting{entraUserName, entraNoGuests, entraLoginID}},
	{EntraID, claimSAMLName, attrUserName, srcEntra, []IDPSetting{entraUserName, entraNoGuests, entraSAMLName}},
	{EntraID, claimEmail, attrEmail, srcEntraSeed, []IDPSetting{entraWorkEmail, entraNoGuests}},
	{EntraID, claimSAMLEmail, attrEmail, srcEntra, []IDPSetting{entraWorkEmail, entraSAMLMail}},

	{Okta, claimSub, attrExternalID, srcOkta, []IDPSetting{oktaExternalID, oktaClaims}},
	{Okta, claimNameID, attrUserName, srcOkta, []IDPSetting{oktaUserName, oktaNameID}},
	{Okta, claimUsername, attrUserName, srcOkta, []IDPSetting{oktaUserName, oktaFormat, oktaClaims}},
	{Okta, claimEmail, attrEmail, srcOkta, []IDPSetting{oktaWorkEmail, oktaClaims}},

	{Generic, claimSub, attrExternalID, srcOIDC, []IDPSetting{idpExternalID}},
	{Generic, claimUsername, attrUserName, srcSCIM, []IDPSetting{idpUserName}},
	{Generic, claimEmail, attrEmail, srcSCIM, []IDPSetting{idpWorkEmail}},

	{"", claimUsername, attrUserName, srcSCIM, []IDPSetting{idpUserName}},
	{"", claimEmail, attrEmail, srcSCIM, []IDPSetting{idpWorkEmail}},
}

// origin says what a vendor fills a claim or an attribute from, where that is
// fixed or has one documented default. Two different origins make a pair
// Inconsistent. The application username of Okta, which fills the Name ID and
// userName, has none: its format may be the Okta username, the address, the Okta
// user ID or anything else.
type origin struct {
	vendor Vendor
	text   string // claim or attribute
	from   string
}

const (
	objectID      = "objectId"
	objectIDOr    = "objectId (or mailNickname, the default)"
	oktaLoginName = "the Okta username"
	pairwise      = "an id made for this one application"
)

var origins = [...]origin{
	{EntraID, claimOID, objectID},
	{EntraID, claimSAMLObjectID, objectID},
	{EntraID, claimEmail, entraMailAttribute},
	{EntraID, claimSAMLEmail, entraMailAttribute},
	{EntraID, claimUsername, entraUPNAttribute},
	{EntraID, claimUPN, entraUPNAttribute},
	{EntraID, claimSAMLName, entraUPNAttribute},
	{EntraID, claimSAMLUPN, entraUPNAttribute},
	{EntraID, claimSub, pairwise},
	{EntraID, attrExternalID, objectIDOr},
	{EntraID, attrUserName, entraUPNAttribute},
	{EntraID, attrEmail, entraMailAttribute},

	{Okta, claimSub, oktaUserID},
	{Okta, claimUsername, oktaLoginName},
	{Okta, claimEmail, oktaPrimaryEmail},
	{Okta, attrExternalID, oktaUserID},
	{Okta, attrEmail, oktaPrimaryEmail},
}

func originOf(v Vendor, text string) string {
	for _, o := range origins {
		if o.vendor == v && o.text == text {
			return o.from
		}
	}
	return ""
}

// findPair returns the first pair of the vendor. An empty claim, attribute or
// protocol matches any.
func findPair(v Vendor, claim, attr string, protocol Protocol) *pair {
	for i := range pairs {
		if p := &pairs[i]; p.vendor == v && (claim == "" || p.claim == claim) && (attr == "" || p.attr == attr) && (protocol == "" || protocolOf(p.claim) == protocol) {
			return p
		}
	}
	return nil
}
