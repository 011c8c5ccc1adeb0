package provider

import (
	"maps"
	"slices"
	"strings"

	"google.golang.org/api/iam/v1"

	"github.com/iamscim/iamscim"
)

// CreateRequest describes a provider to be created. Name and exactly one of
// OIDC and SAML are required, for OIDC also an AttributeMapping with
// google.subject.
type CreateRequest struct {
	Name                 Name
	DisplayName          string // at most 32 characters
	Description          string // at most 256 characters
	Disabled             bool
	VendorType           iamscim.Vendor
	AttributeMapping     map[string]string
	AttributeCondition   string // at most 4096 characters
	DetailedAuditLogging bool
	SCIMUsage            iamscim.SCIMUsage // zero means SCIMUsageNone
	OIDC                 *OIDC
	SAML                 *SAML
	ExtraAttributes      *AttributesClient
	ExtendedAttributes   *AttributesClient
}

// UpdateRequest says what to change about a provider: a nil field is left as
// it is, a pointer to an empty value clears.
type UpdateRequest struct {
	Name                 Name
	DisplayName          *string
	Description          *string
	Disabled             *bool
	VendorType           *iamscim.Vendor
	AttributeMapping     map[string]string // replaced as a whole; it cannot be emptied
	AttributeCondition   *string
	DetailedAuditLogging *bool
	SCIMUsage            *iamscim.SCIMUsage
	OIDC                 *OIDCUpdate // for an OIDC provider only
	SAML                 *SAML       // for a SAML provider only; replaced as a whole
	ExtraAttributes      *AttributesClient
	ExtendedAttributes   *AttributesClient
}

// OIDCUpdate says what to change about the OIDC settings of a provider.
type OIDCUpdate struct {
	IssuerURI    *string
	ClientID     *string
	ClientSecret *iamscim.Secret // pointer to a zero Secret removes it
	JWKSJSON     *string
	WebSSO       *WebSSO // replaced as a whole
}

// isZero reports whether c asks for no client: nil, or the zero value that
// clears one in an update.
func (c *AttributesClient) isZero() bool {
	return c == nil || c.AttributesType == "" && c.IssuerURI == "" && c.ClientID == "" && c.ClientSecret.IsZero() && c.Filter == ""
}

func (r CreateRequest) toAPI() *iam.WorkforcePoolProvider {
	return &iam.WorkforcePoolProvider{
		DisplayName: r.DisplayName, Description: r.Description, Disabled: r.Disabled,
		VendorType: string(r.VendorType), AttributeMapping: r.AttributeMapping,
		AttributeCondition: r.AttributeCondition, DetailedAuditLogging: r.DetailedAuditLogging,
		ScimUsage: string(r.SCIMUsage), Oidc: r.OIDC.toAPI(), Saml: r.SAML.toAPI(),
		ExtraAttributesOauth2Client:    r.ExtraAttributes.toAPI(),
		ExtendedAttributesOauth2Client: r.ExtendedAttributes.toAPI(),
	}
}

// toAPI returns the body of the PATCH and its mask, the API's names of the
// fields that are set.
func (r UpdateRequest) toAPI() (*iam.WorkforcePoolProvider, string) {
	p := &iam.WorkforcePoolProvider{}
	var mask []string
	// set adds a field; a scalar is sent even when it is empty, which clears.
	set := func(path, goName string) {
		mask = append(mask, path)
		p.ForceSendFields = append(p.ForceSendFields, goName)
	}
	if r.DisplayName != nil {
		p.DisplayName = *r.DisplayName
		set("displayName", "DisplayName")
	}
	if r.Description != nil {
		p.Description = *r.Description
		set("description", "Description")
	}
	if r.Disabled != nil {
		p.Disabled = *r.Disabled
		set("disabled", "Disabled")
	}
	if r.VendorType != nil {
		p.VendorType = string(*r.VendorType)
		if p.VendorType == "" {
			p.VendorType = "VENDOR_TYPE_UNSPECIFIED"
		}
		set("vendorType", "VendorType")
	}
	if r.AttributeMapping != nil {
		p.AttributeMapping = r.AttributeMapping
		set("attributeMapping", "AttributeMapping")
	}
	if r.AttributeCondition != nil {
		p.AttributeCondition = *r.AttributeCondition
		set("attributeCondition", "AttributeCondition")
	}
	if r.DetailedAuditLogging != nil {
		p.DetailedAuditLogging = *r.DetailedAuditLogging
		set("detailedAuditLogging", "DetailedAuditLogging")
	}
	if r.SCIMUsage != nil {
		p.ScimUsage = string(*r.SCIMUsage)
		set("scimUsage", "ScimUsage")
	}
	if o, paths := r.OIDC.toAPI(); paths != nil {
		p.Oidc = o
		mask = append(mask, paths...)
	}
	if r.SAML != nil {
		p.Saml = r.SAML.toAPI()
		mask = append(mask, "saml.idpMetadataXml")
	}
	if r.ExtraAttributes != nil {
		mask = append(mask, "extraAttributesOauth2Client")
		if !r.ExtraAttributes.isZero() {
			p.ExtraAttributesOauth2Client = r.ExtraAttributes.toAPI()
		}
	}
	if r.ExtendedAttributes != nil {
		mask = append(mask, "extendedAttributesOauth2Client")
		if !r.ExtendedAttributes.isZero() {
			p.ExtendedAttributesOauth2Client = r.ExtendedAttributes.toAPI()
		}
	}
	return p, strings.Join(mask, ",")
}

func (o *OIDCUpdate) toAPI() (*iam.GoogleIamAdminV1WorkforcePoolProviderOidc, []string) {
	if o == nil {
		return nil, nil
	}
	p := &iam.GoogleIamAdminV1WorkforcePoolProviderOidc{}
	var mask []string
	if o.IssuerURI != nil {
		p.IssuerUri = *o.IssuerURI
		mask = append(mask, "oidc.issuerUri")
	}
	if o.ClientID != nil {
		p.ClientId = *o.ClientID
		mask = append(mask, "oidc.clientId")
	}
	if o.ClientSecret != nil {
		p.ClientSecret = secretToAPI(*o.ClientSecret)
		if p.ClientSecret == nil {
			mask = append(mask, "oidc.clientSecret")
		} else {
			mask = append(mask, "oidc.clientSecret.value.plainText")
		}
	}
	if o.JWKSJSON != nil {
		p.JwksJson = *o.JWKSJSON
		p.ForceSendFields = append(p.ForceSendFields, "JwksJson")
		mask = append(mask, "oidc.jwksJson")
	}
	if o.WebSSO != nil {
		p.WebSsoConfig = o.WebSSO.toAPI()
		mask = append(mask, "oidc.webSsoConfig")
	}
	return p, mask
}

// toAPI is the service's shape of the settings of an OIDC provider.
func (o *OIDC) toAPI() *iam.GoogleIamAdminV1WorkforcePoolProviderOidc {
	if o == nil {
		return nil
	}
	return &iam.GoogleIamAdminV1WorkforcePoolProviderOidc{
		IssuerUri: o.IssuerURI, ClientId: o.ClientID, JwksJson: o.JWKSJSON,
		ClientSecret: secretToAPI(o.ClientSecret), WebSsoConfig: o.WebSSO.toAPI(),
	}
}

func (w *WebSSO) toAPI() *iam.GoogleIamAdminV1WorkforcePoolProviderOidcWebSsoConfig {
	if w == nil {
		return nil
	}
	return &iam.GoogleIamAdminV1WorkforcePoolProviderOidcWebSsoConfig{
		ResponseType: string(w.ResponseType), AssertionClaimsBehavior: string(w.AssertionClaimsBehavior),
		AdditionalScopes: w.AdditionalScopes,
	}
}

func (s *SAML) toAPI() *iam.GoogleIamAdminV1WorkforcePoolProviderSaml {
	if s == nil {
		return nil
	}
	return &iam.GoogleIamAdminV1WorkforcePoolProviderSaml{IdpMetadataXml: s.IDPMetadataXML}
}

func (c *AttributesClient) toAPI() *iam.GoogleIamAdminV1WorkforcePoolProviderExtraAttributesOAuth2Client {
	if c == nil {
		return nil
	}
	out := &iam.GoogleIamAdminV1WorkforcePoolProviderExtraAttributesOAuth2Client{
		AttributesType: string(c.AttributesType), IssuerUri: c.IssuerURI, ClientId: c.ClientID,
		ClientSecret: secretToAPI(c.ClientSecret),
	}
	if c.Filter != "" {
		out.QueryParameters = &iam.GoogleIamAdminV1WorkforcePoolProviderExtraAttributesOAuth2ClientQueryParameters{Filter: c.Filter}
	}
	return out
}

func secretToAPI(s iamscim.Secret) *iam.GoogleIamAdminV1WorkforcePoolProviderOidcClientSecret {
	if s.IsZero() {
		return nil
	}
	return &iam.GoogleIamAdminV1WorkforcePoolProviderOidcClientSecret{
		Value: &iam.GoogleIamAdminV1WorkforcePoolProviderOidcClientSecretValue{PlainText: s.Reveal()},
	}
}

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

// made says whether a provider that was read is the one that a lost create made,
// or another one of the same name.
func (r CreateRequest) made(op string) func(*Provider) (bool, error) {
	return func(got *Provider) (bool, error) {
		if differs := r.difference(got); differs != nil {
			return true, &iamscim.Error{Op: op, Resource: r.Name.String(), Kind: iamscim.ErrAlreadyExists, Differs: differs, Remedy: remedyDiffers}
		}
		return true, nil
	}
}

// difference names the fields in which the provider got differs from the
// request, nil if it is what was asked for. Client secrets cannot be compared:
// the service returns thumbprints of a kind it does not document.
func (r CreateRequest) difference(got *Provider) []string {
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
	return names
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
