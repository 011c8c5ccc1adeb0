package provider

import (
	"maps"
	"slices"
	"strings"

	"github.com/iamscim/iamscim"
)

// secrets are what a create request sends and no error may repeat.
func (r CreateRequest) secrets() []iamscim.Secret {
	var all []iamscim.Secret
	if r.OIDC != nil {
		all = append(all, r.OIDC.ClientSecret)
	}
	return withAttributeSecrets(all, r.ExtraAttributes, r.ExtendedAttributes)
}

func (r UpdateRequest) secrets() []iamscim.Secret {
	var all []iamscim.Secret
	if r.OIDC != nil && r.OIDC.ClientSecret != nil {
		all = append(all, *r.OIDC.ClientSecret)
	}
	return withAttributeSecrets(all, r.ExtraAttributes, r.ExtendedAttributes)
}

// withAttributeSecrets returns the secrets among all and of the clients.
func withAttributeSecrets(all []iamscim.Secret, clients ...*AttributesClient) []iamscim.Secret {
	for _, c := range clients {
		if c != nil {
			all = append(all, c.ClientSecret)
		}
	}
	return slices.DeleteFunc(all, iamscim.Secret.IsZero)
}

// difference names the fields in which the provider got differs from the
// request, "" if it is what was asked for. Client secrets cannot be compared:
// the service returns thumbprints of a kind it does not document.
func (r CreateRequest) difference(got *Provider) string {
	var names []string
	add := func(name string, same bool) {
		if !same {
			names = append(names, name)
		}
	}
	usage := r.SCIMUsage
	if usage == "" {
		usage = iamscim.SCIMUsageNone
	}
	add("State", got.State == iamscim.StateActive)
	add("DisplayName", got.DisplayName == r.DisplayName)
	add("Description", got.Description == r.Description)
	add("Disabled", got.Disabled == r.Disabled)
	add("VendorType", got.VendorType == r.VendorType)
	add("AttributeMapping", maps.Equal(got.AttributeMapping, r.AttributeMapping))
	add("AttributeCondition", got.AttributeCondition == r.AttributeCondition)
	add("DetailedAuditLogging", got.DetailedAuditLogging == r.DetailedAuditLogging)
	add("SCIMUsage", got.SCIMUsage == usage)
	add("OIDC", sameOIDC(got.OIDC, r.OIDC))
	add("SAML", sameSAML(got.SAML, r.SAML))
	add("ExtraAttributes", sameAttributes(got.ExtraAttributes, r.ExtraAttributes))
	add("ExtendedAttributes", sameAttributes(got.ExtendedAttributes, r.ExtendedAttributes))
	return strings.Join(names, ", ")
}

// applied reports whether the provider got has everything the update sets, but
// for client secrets.
func (r UpdateRequest) applied(got *Provider) bool {
	o := r.OIDC
	if o != nil && (got.OIDC == nil || !equal(o.IssuerURI, got.OIDC.IssuerURI) || !equal(o.ClientID, got.OIDC.ClientID) ||
		!equal(o.JWKSJSON, got.OIDC.JWKSJSON) || o.ClientSecret != nil && got.OIDC.ClientSecretThumbprint != "" || o.WebSSO != nil && !sameWebSSO(got.OIDC.WebSSO, o.WebSSO)) {
		return false
	}
	return equal(r.DisplayName, got.DisplayName) && equal(r.Description, got.Description) &&
		equal(r.Disabled, got.Disabled) && equal(r.VendorType, got.VendorType) &&
		(r.AttributeMapping == nil || maps.Equal(r.AttributeMapping, got.AttributeMapping)) &&
		equal(r.AttributeCondition, got.AttributeCondition) &&
		equal(r.DetailedAuditLogging, got.DetailedAuditLogging) && equal(r.SCIMUsage, got.SCIMUsage) &&
		(r.SAML == nil || sameSAML(got.SAML, r.SAML)) &&
		// Without secrets these can only ask to clear.
		(r.ExtraAttributes == nil || got.ExtraAttributes == nil) &&
		(r.ExtendedAttributes == nil || got.ExtendedAttributes == nil)
}

// shown reports whether a provider that was read shows the update, by the
// fields that the service cannot but return as they were sent: mappings, keys
// and metadata it may write in another form.
func (r UpdateRequest) shown(got *Provider) bool {
	return equal(r.DisplayName, got.DisplayName) && equal(r.Description, got.Description) &&
		equal(r.Disabled, got.Disabled) && equal(r.VendorType, got.VendorType) &&
		equal(r.DetailedAuditLogging, got.DetailedAuditLogging) && equal(r.SCIMUsage, got.SCIMUsage)
}

// equal reports whether the field of an update is unset or has its value.
func equal[T comparable](want *T, got T) bool { return want == nil || *want == got }

func sameOIDC(got, want *OIDC) bool {
	if got == nil || want == nil {
		return got == want
	}
	return got.IssuerURI == want.IssuerURI && got.ClientID == want.ClientID && got.JWKSJSON == want.JWKSJSON &&
		sameWebSSO(got.WebSSO, want.WebSSO)
}

func sameWebSSO(got, want *WebSSO) bool {
	if got == nil || want == nil {
		return got == want
	}
	return got.ResponseType == want.ResponseType && got.AssertionClaimsBehavior == want.AssertionClaimsBehavior &&
		slices.Equal(got.AdditionalScopes, want.AdditionalScopes)
}

func sameSAML(got, want *SAML) bool {
	if got == nil || want == nil {
		return got == want
	}
	return got.IDPMetadataXML == want.IDPMetadataXML
}

func sameAttributes(got, want *AttributesClient) bool {
	if got == nil || want == nil {
		return got == want
	}
	return got.AttributesType == want.AttributesType && got.IssuerURI == want.IssuerURI &&
		got.ClientID == want.ClientID && got.Filter == want.Filter
}
