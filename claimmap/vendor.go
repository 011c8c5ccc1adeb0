package claimmap

import (
	"net/url"
	"slices"
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

// VendorOf tells the product from a provider's vendorType or, where that says
// nothing, from its OIDC issuer URI or SAML entity ID: the hosts of Microsoft's
// login services, national clouds included, and of Okta. An Okta organization
// behind its own domain cannot be told this way. If the two disagree, or the
// vendorType is not one of the API's, the result is "", not known.
func VendorOf(vendorType, issuer string) Vendor {
	declared := known(Vendor(vendorType))
	if declared == "" && vendorType != "" && vendorType != "VENDOR_TYPE_UNSPECIFIED" {
		return ""
	}
	found := vendorOfHost(issuer)
	switch {
	case found == "":
		return declared
	case declared == "" || declared == found:
		return found
	}
	return ""
}

var (
	// entraHosts are those of
	// https://learn.microsoft.com/en-us/entra/identity-platform/authentication-national-cloud,
	// and older ones that still issue tokens.
	entraHosts = []string{
		"login.microsoftonline.com", "login.microsoftonline.us", "login.partner.microsoftonline.cn", "login.microsoftonline.de",
		"login.microsoft.com", "login.windows.net", "login.chinacloudapi.cn", "sts.windows.net", "sts.chinacloudapi.cn", "sts.microsoftonline.de",
	}
	oktaDomains = []string{".okta.com", ".oktapreview.com", ".okta-emea.com", ".okta-gov.com", ".okta.mil"}
)

func vendorOfHost(issuer string) Vendor {
	u, err := url.Parse(strings.TrimSpace(issuer))
	if err != nil {
		return ""
	}
	host := strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
	switch {
	case slices.Contains(entraHosts, host):
		return EntraID
	case slices.ContainsFunc(oktaDomains, func(domain string) bool { return strings.HasSuffix(host, domain) }):
		return Okta
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
// The recommendation is Google's. It names people by their address, which can be
// handed to somebody else, and newer pages advise otherwise for Microsoft Entra ID:
// see [Mapping.Lint].
func Recommended(v Vendor) Mapping {
	group := "group.externalId"
	switch known(v) {
	case EntraID, Generic:
	case Okta:
		group = "group.displayName"
	default:
		return Mapping{}
	}
	return closedMapping(attrEmail+lowerCall, group)
}

// closedMapping makes a mapping of two rows of the table.
func closedMapping(subject, group string) Mapping {
	return Mapping{rules: []rule{closedRule(keySubject, subject), closedRule(keyGroup, group)}}
}
