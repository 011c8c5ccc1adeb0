package provider

import (
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
