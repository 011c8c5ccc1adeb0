package provider

import (
	"time"

	"google.golang.org/api/iam/v1"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/internal/gapi"
	"github.com/iamscim/iamscim/internal/samlmeta"
)

// Provider is a workforce pool provider: the trust of a pool in one identity
// provider. Exactly one of OIDC and SAML is set.
//
// https://docs.cloud.google.com/iam/docs/reference/rest/v1/locations.workforcePools.providers
type Provider struct {
	Name        Name
	DisplayName string // at most 32 characters
	Description string // at most 256 characters
	State       iamscim.State
	Disabled    bool
	VendorType  iamscim.Vendor

	// AttributeMapping maps Google attributes to CEL over the assertion. Its
	// google.subject must name the same identity as the claim mapping of the
	// provider's SCIM tenant: see package claimmap.
	AttributeMapping     map[string]string
	AttributeCondition   string // CEL, at most 4096 characters
	DetailedAuditLogging bool

	// SCIMUsage is never the zero value on a provider that was read.
	SCIMUsage iamscim.SCIMUsage

	OIDC *OIDC
	SAML *SAML

	// ExtraAttributes fetches claims in a back channel at sign-in; excluded
	// by SCIMUsageUsersAndGroups. ExtendedAttributes fetches group
	// memberships; excluded by every SCIM usage.
	ExtraAttributes    *AttributesClient
	ExtendedAttributes *AttributesClient

	// ExpireTime is when a deleted provider is purged, about 30 days after
	// the deletion; zero while it is active.
	ExpireTime time.Time
}

// Issuer returns the OIDC issuer URI or, for SAML, the entity ID in the metadata of
// the identity provider. It is "" if the metadata cannot be read or describes more
// than one entity.
func (p *Provider) Issuer() string {
	switch {
	case p == nil:
	case p.OIDC != nil:
		return p.OIDC.IssuerURI
	case p.SAML != nil:
		if id, err := samlmeta.EntityID(p.SAML.IDPMetadataXML); err == nil {
			return id
		}
	}
	return ""
}

// OIDC is an OpenID Connect identity provider.
type OIDC struct {
	IssuerURI string // https
	ClientID  string // the audience of its tokens

	// ClientSecret is sent and never read back: on a Provider that was read
	// it is zero, and ClientSecretThumbprint tells which one the service has.
	ClientSecret           iamscim.Secret
	ClientSecretThumbprint string

	JWKSJSON string // keys in place of those the issuer publishes; "" for those
	WebSSO   *WebSSO
}

// ResponseType is the OIDC flow of web sign-in.
type ResponseType string

// The response types. The code flow requires a client secret.
const (
	ResponseCode    ResponseType = "CODE"
	ResponseIDToken ResponseType = "ID_TOKEN"
)

// ClaimsBehavior says which claims attribute mappings see.
type ClaimsBehavior string

// The claims behaviors. Merging is available for the code flow only.
const (
	ClaimsMergeUserInfo ClaimsBehavior = "MERGE_USER_INFO_OVER_ID_TOKEN_CLAIMS"
	ClaimsOnlyIDToken   ClaimsBehavior = "ONLY_ID_TOKEN_CLAIMS"
)

// WebSSO configures web sign-in, console and gcloud.
type WebSSO struct {
	ResponseType            ResponseType
	AssertionClaimsBehavior ClaimsBehavior
	AdditionalScopes        []string // at most 10, each at most 256 characters
}

// SAML is a SAML 2.0 identity provider.
type SAML struct {
	IDPMetadataXML string // at most 128k characters
}

// AttributesType is the kind of claims an [AttributesClient] fetches.
type AttributesType string

// The attribute types. ExtendedAttributes supports AzureADGroupsID only.
const (
	AzureADGroupsMail        AttributesType = "AZURE_AD_GROUPS_MAIL"
	AzureADGroupsID          AttributesType = "AZURE_AD_GROUPS_ID"
	AzureADGroupsDisplayName AttributesType = "AZURE_AD_GROUPS_DISPLAY_NAME"
)

// AttributesClient is the OAuth 2.0 client that fetches attributes from the
// identity provider with client credentials.
type AttributesClient struct {
	AttributesType         AttributesType
	IssuerURI              string // https
	ClientID               string
	ClientSecret           iamscim.Secret // sent, never read back
	ClientSecretThumbprint string         // read, never sent
	Filter                 string         // of queryParameters; Microsoft Graph $search
}

// fromAPI makes a Provider of the service's shape.
func fromAPI(p *iam.WorkforcePoolProvider) (*Provider, error) {
	name, err := ParseName(p.Name)
	if err != nil {
		return nil, err
	}
	expires, err := gapi.Time(p.ExpireTime)
	if err != nil {
		return nil, err
	}
	usage := iamscim.SCIMUsage(p.ScimUsage)
	if usage == "" {
		usage = iamscim.SCIMUsageNone
	}
	vendor := iamscim.Vendor(p.VendorType)
	if vendor == "VENDOR_TYPE_UNSPECIFIED" {
		vendor = iamscim.VendorUnspecified
	}
	out := &Provider{
		Name: name, DisplayName: p.DisplayName, Description: p.Description,
		State: iamscim.State(p.State), Disabled: p.Disabled, VendorType: vendor,
		AttributeMapping: p.AttributeMapping, AttributeCondition: p.AttributeCondition,
		DetailedAuditLogging: p.DetailedAuditLogging, SCIMUsage: usage, ExpireTime: expires,
		ExtraAttributes:    attributesFromAPI(p.ExtraAttributesOauth2Client),
		ExtendedAttributes: attributesFromAPI(p.ExtendedAttributesOauth2Client),
	}
	if o := p.Oidc; o != nil {
		out.OIDC = &OIDC{IssuerURI: o.IssuerUri, ClientID: o.ClientId, JWKSJSON: o.JwksJson, ClientSecretThumbprint: thumbprint(o.ClientSecret)}
		if w := o.WebSsoConfig; w != nil {
			out.OIDC.WebSSO = &WebSSO{
				ResponseType:            ResponseType(w.ResponseType),
				AssertionClaimsBehavior: ClaimsBehavior(w.AssertionClaimsBehavior),
				AdditionalScopes:        w.AdditionalScopes,
			}
		}
	}
	if p.Saml != nil {
		out.SAML = &SAML{IDPMetadataXML: p.Saml.IdpMetadataXml}
	}
	return out, nil
}

func attributesFromAPI(c *iam.GoogleIamAdminV1WorkforcePoolProviderExtraAttributesOAuth2Client) *AttributesClient {
	if c == nil {
		return nil
	}
	out := &AttributesClient{
		AttributesType: AttributesType(c.AttributesType), IssuerURI: c.IssuerUri, ClientID: c.ClientId,
		ClientSecretThumbprint: thumbprint(c.ClientSecret),
	}
	if c.QueryParameters != nil {
		out.Filter = c.QueryParameters.Filter
	}
	return out
}

func thumbprint(s *iam.GoogleIamAdminV1WorkforcePoolProviderOidcClientSecret) string {
	if s == nil || s.Value == nil {
		return ""
	}
	return s.Value.Thumbprint
}
