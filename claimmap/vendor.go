package claimmap

import (
	"net/url"
	"strings"

	"github.com/iamscim/iamscim"
)

// Vendor is the identity provider product. [iamscim.VendorUnspecified] means that
// the product isn't known. A product of the API's list without a constant here
// counts as [Generic], any other text as not known.
type Vendor = iamscim.Vendor

const (
	// EntraID is Microsoft Entra ID, set up by
	// https://docs.cloud.google.com/iam/docs/configure-scim-ms-entra.
	EntraID = iamscim.VendorEntraID

	// Okta is Okta, set up by
	// https://docs.cloud.google.com/iam/docs/configure-scim-okta.
	Okta = iamscim.VendorOkta

	// Generic is an identity provider known to be neither of the two, set up by
	// https://docs.cloud.google.com/iam/docs/configure-scim-oidc-saml.
	Generic = iamscim.VendorGeneric
)

// known maps every value of the type to EntraID, Okta, Generic or "".
func known(v Vendor) Vendor {
	switch v {
	case EntraID, Okta, Generic:
		return v
	case iamscim.VendorPingFederate, iamscim.VendorADFS, iamscim.VendorKeycloak, iamscim.VendorForgeRock, iamscim.VendorJumpCloud, iamscim.VendorOneLogin:
		return Generic
	}
	return ""
}

// VendorOf tells the product from the provider's vendorType or, where that
// says nothing, from its OIDC issuer URI or SAML entity ID: the hosts of
// Microsoft's login service, and okta.com, oktapreview.com and okta-emea.com.
// An Okta organization behind its own domain cannot be told this way. If the
// two disagree the result is "", not known.
func VendorOf(vendorType, issuer string) Vendor {
	declared := known(Vendor(vendorType))
	var found Vendor
	if u, err := url.Parse(issuer); err == nil {
		switch host := strings.ToLower(u.Hostname()); {
		case host == "sts.windows.net", host == "login.microsoftonline.com",
			host == "login.microsoftonline.us", host == "login.partner.microsoftonline.cn":
			found = EntraID
		case strings.HasSuffix(host, ".okta.com"), strings.HasSuffix(host, ".oktapreview.com"),
			strings.HasSuffix(host, ".okta-emea.com"), host == "www.okta.com":
			found = Okta
		}
	}
	switch {
	case found == "":
		return declared
	case declared == "" || declared == found:
		return found
	}
	return ""
}

// Recommended returns the claim mapping that Google's set-up page for the
// vendor recommends: the lowered work email as google.subject, and
// group.externalId ([EntraID], [Generic]) or group.displayName ([Okta]) as
// google.group. The provider's google.subject must then be mapped from the same
// address; [Compare] tells. For a vendor that is not known it returns the zero
// Mapping, which does not validate.
//
// The recommendation is Google's. It names people by their mail address, which
// can be handed to somebody else: see [Mapping.Lint].
func Recommended(v Vendor) Mapping {
	group := "group.externalId"
	switch known(v) {
	case EntraID, Generic:
	case Okta:
		group = "group.displayName"
	default:
		return Mapping{}
	}
	return Mapping{rules: []rule{
		closedRule(keySubject, "user.emails[0].value.lowerAscii()"),
		closedRule(keyGroup, group),
	}}
}
