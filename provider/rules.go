package provider

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/internal/check"
	"github.com/iamscim/iamscim/internal/resname"
)

// The limits of a provider in characters
// (iam/v1 discovery document, revision 20261023).
const (
	maxCondition        = 4096
	maxExpression       = 2048
	maxCustomAttributes = 50
	maxAttributeKey     = 100
	maxMetadataXML      = 128 << 10
	maxScopes           = 10
	maxScope            = 256
)

func (r CreateRequest) validate(op string) error {
	var l check.List
	if r.Name.IsZero() {
		l.Add("Name", "required")
	} else if resname.Reserved(r.Name.ID()) {
		l.Add("Name", "ids that begin with gcp- are reserved")
	}
	l.Text("DisplayName", r.DisplayName, check.MaxDisplayName)
	l.Text("Description", r.Description, check.MaxDescription)
	l.Text("AttributeCondition", r.AttributeCondition, maxCondition)
	checkMapping(&l, r.AttributeMapping, r.OIDC != nil)
	if r.SCIMUsage != "" {
		l.AddError("SCIMUsage", r.SCIMUsage.Validate())
	}
	switch {
	case r.OIDC == nil && r.SAML == nil:
		l.Add("OIDC", "one of OIDC and SAML is required")
	case r.OIDC != nil && r.SAML != nil:
		l.Add("OIDC", "only one of OIDC and SAML can be set")
	}
	if o := r.OIDC; o != nil {
		l.HTTPS("OIDC.IssuerURI", o.IssuerURI)
		l.Required("OIDC.ClientID", o.ClientID)
		if o.WebSSO == nil {
			l.Add("OIDC.WebSSO", "required")
		} else if o.WebSSO.ResponseType == ResponseCode && o.ClientSecret.IsZero() {
			l.Add("OIDC.ClientSecret", "required for the response type %s", ResponseCode)
		}
		checkWebSSO(&l, o.WebSSO)
	}
	checkSAML(&l, r.SAML)
	checkAttributes(&l, "ExtraAttributes", r.ExtraAttributes)
	checkAttributes(&l, "ExtendedAttributes", r.ExtendedAttributes)
	checkUsage(&l, r.SCIMUsage, r.ExtraAttributes, r.ExtendedAttributes)
	return l.Err(op, r.Name.String())
}

func (r UpdateRequest) validate(op string) error {
	var l check.List
	if r.Name.IsZero() {
		l.Add("Name", "required")
	} else if _, mask := r.toAPI(); mask == "" {
		return &iamscim.Error{Op: op, Resource: r.Name.String(), Kind: iamscim.ErrNothingToUpdate}
	}
	l.Text("DisplayName", value(r.DisplayName), check.MaxDisplayName)
	l.Text("Description", value(r.Description), check.MaxDescription)
	l.Text("AttributeCondition", value(r.AttributeCondition), maxCondition)
	if r.AttributeMapping != nil {
		checkMapping(&l, r.AttributeMapping, true)
	}
	if r.SCIMUsage != nil {
		l.AddError("SCIMUsage", r.SCIMUsage.Validate())
	}
	if r.OIDC != nil && r.SAML != nil {
		l.Add("OIDC", "only one of OIDC and SAML can be set")
	}
	if o := r.OIDC; o != nil {
		if o.IssuerURI != nil {
			l.HTTPS("OIDC.IssuerURI", *o.IssuerURI)
		}
		if o.ClientID != nil {
			l.Required("OIDC.ClientID", *o.ClientID)
		}
		if o.ClientSecret != nil && o.ClientSecret.IsZero() && o.WebSSO != nil && o.WebSSO.ResponseType == ResponseCode {
			l.Add("OIDC.ClientSecret", "required for the response type %s", ResponseCode)
		}
		checkWebSSO(&l, o.WebSSO)
	}
	checkSAML(&l, r.SAML)
	if !r.ExtraAttributes.isZero() {
		checkAttributes(&l, "ExtraAttributes", r.ExtraAttributes)
	}
	if !r.ExtendedAttributes.isZero() {
		checkAttributes(&l, "ExtendedAttributes", r.ExtendedAttributes)
	}
	if r.SCIMUsage != nil {
		checkUsage(&l, *r.SCIMUsage, r.ExtraAttributes, r.ExtendedAttributes)
	}
	return l.Err(op, r.Name.String())
}

func checkMapping(l *check.List, mapping map[string]string, subject bool) {
	if subject && mapping["google.subject"] == "" {
		l.Add("AttributeMapping", "google.subject is required")
	}
	custom := 0
	for _, key := range slices.Sorted(maps.Keys(mapping)) {
		field := fmt.Sprintf("AttributeMapping[%q]", key)
		if name, ok := strings.CutPrefix(key, "attribute."); ok {
			custom++
			if name == "" || len(name) > maxAttributeKey || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789_") != "" {
				l.Add(field, "a custom attribute is attribute. and 1 to %d characters of a-z, 0-9 and _", maxAttributeKey)
			}
		} else if !slices.Contains(googleAttributes, key) {
			l.Add(field, "unknown key: use %s or attribute.KEY", strings.Join(googleAttributes, ", "))
		}
		l.Required(field, mapping[key])
		l.Text(field, mapping[key], maxExpression)
	}
	if custom > maxCustomAttributes {
		l.Add("AttributeMapping", "at most %d custom attributes are allowed, there are %d", maxCustomAttributes, custom)
	}
}

// googleAttributes are the keys of an attribute mapping that are not custom.
// google.email stands in the claim mappings of SCIM tenants only.
var googleAttributes = []string{"google.subject", "google.groups", "google.display_name", "google.profile_photo", "google.posix_username"}

func checkWebSSO(l *check.List, w *WebSSO) {
	if w == nil {
		return
	}
	switch w.ResponseType {
	case ResponseCode, ResponseIDToken:
	default:
		l.Add("OIDC.WebSSO.ResponseType", "must be %s or %s", ResponseCode, ResponseIDToken)
	}
	switch w.AssertionClaimsBehavior {
	case ClaimsMergeUserInfo:
		if w.ResponseType == ResponseIDToken {
			l.Add("OIDC.WebSSO.AssertionClaimsBehavior", "%s requires the response type %s", ClaimsMergeUserInfo, ResponseCode)
		}
	case ClaimsOnlyIDToken:
	default:
		l.Add("OIDC.WebSSO.AssertionClaimsBehavior", "must be %s or %s", ClaimsMergeUserInfo, ClaimsOnlyIDToken)
	}
	if n := len(w.AdditionalScopes); n > maxScopes {
		l.Add("OIDC.WebSSO.AdditionalScopes", "at most %d are allowed, there are %d", maxScopes, n)
	}
	for i, s := range w.AdditionalScopes {
		l.Text(fmt.Sprintf("OIDC.WebSSO.AdditionalScopes[%d]", i), s, maxScope)
	}
}

func checkSAML(l *check.List, s *SAML) {
	if s != nil {
		l.Required("SAML.IDPMetadataXML", s.IDPMetadataXML)
		l.Text("SAML.IDPMetadataXML", s.IDPMetadataXML, maxMetadataXML)
	}
}

func checkAttributes(l *check.List, field string, c *AttributesClient) {
	if c == nil {
		return
	}
	switch {
	case c.AttributesType == AzureADGroupsID:
	case field == "ExtendedAttributes":
		l.Add(field+".AttributesType", "must be %s", AzureADGroupsID)
	case c.AttributesType == AzureADGroupsMail, c.AttributesType == AzureADGroupsDisplayName:
	default:
		l.Add(field+".AttributesType", "must be one of %s, %s, %s", AzureADGroupsMail, AzureADGroupsID, AzureADGroupsDisplayName)
	}
	l.HTTPS(field+".IssuerURI", c.IssuerURI)
	l.Required(field+".ClientID", c.ClientID)
	if c.ClientSecret.IsZero() {
		l.Add(field+".ClientSecret", "required")
	}
}

// checkUsage refuses what the service documents as exclusive.
func checkUsage(l *check.List, usage iamscim.SCIMUsage, extra, extended *AttributesClient) {
	if usage.Enabled() && !extended.isZero() {
		l.Add("SCIMUsage", "%s excludes ExtendedAttributes", usage)
	}
	if usage == iamscim.SCIMUsageUsersAndGroups && !extra.isZero() {
		l.Add("SCIMUsage", "%s excludes ExtraAttributes", usage)
	}
}

func value[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}
