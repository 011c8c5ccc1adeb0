package cloud

import (
	"fmt"
	"maps"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/iamscim/iamscim/internal/resname"
	"github.com/iamscim/iamscim/scimtest/internal/behavior"
	"github.com/iamscim/iamscim/scimtest/internal/wire"
	"google.golang.org/api/iam/v1"
)

var providers = &kind[iam.WorkforcePoolProvider]{
	id:        resname.Provider,
	listName:  "workforcePoolProviders",
	field:     "workforce_pool_provider",
	usualPage: 50, maxPage: 100,
	table:      func(s *state) table[iam.WorkforcePoolProvider] { return s.providers },
	mark:       func(v *iam.WorkforcePoolProvider, state, purge string) { v.State, v.ExpireTime = state, purge },
	state:      func(v *iam.WorkforcePoolProvider) string { return v.State },
	show:       func(_ *call, _ *record[iam.WorkforcePoolProvider], v *iam.WorkforcePoolProvider) any { return v },
	operations: true,
	permission: "iam.workforcePoolProviders",
}

// The usages that take data from SCIM.
const (
	usageNone   = "SCIM_USAGE_UNSPECIFIED"
	usageGroups = "ENABLED_FOR_GROUPS"
	usageUsers  = "ENABLED_FOR_USERS_GROUPS"
)

func usesSCIM(p *iam.WorkforcePoolProvider) bool {
	return p.ScimUsage == usageGroups || p.ScimUsage == usageUsers
}

func createProvider(c *call) (any, error) {
	parent := parentName(c.name())
	if _, err := findActive(c, pools, parent); err != nil {
		return nil, err
	}
	id, bad := c.checkID(resname.Provider, "workforcePoolProviderId")
	if bad != nil {
		return nil, bad
	}
	object, bad := decodeBody[iam.WorkforcePoolProvider](c.body, providers.field)
	if bad != nil {
		return nil, bad
	}
	hideSecrets(object)
	v, err := fromObject[iam.WorkforcePoolProvider](object)
	if err != nil {
		return nil, invalidField(behavior.BodyFields, providers.field, "Invalid provider: %v", err)
	}
	v.Name = resname.Join(parent, resname.Provider, id)
	if bad := c.checkProvider(v); bad != nil {
		return nil, bad
	}
	_, reply, err := create(c, providers, v.Name, "", v)
	return reply, err
}

func listProviders(c *call) (any, error) {
	parent := parentName(c.name())
	if _, _, err := find(c, pools, parent); err != nil {
		return nil, err
	}
	return providers.listOf(c, c.st.providers.children(parent+"/providers/"), everything)
}

func everything[T any](*T) bool { return true }

var providerMask = maskRule{
	message: reflect.TypeFor[iam.WorkforcePoolProvider](),
	output:  []string{"state", "expireTime"},
}

func patchProvider(c *call) (any, error) {
	r, err := findActive(c, providers, c.name())
	if err != nil {
		return nil, err
	}
	v, _, bad := merge(c, providers, r, providerMask, true)
	if bad != nil {
		return nil, bad
	}
	if old := r.newest(); (old.Oidc == nil) != (v.Oidc == nil) && (old.Saml == nil) != (v.Saml == nil) {
		return nil, invalidField(behavior.ProviderType, providers.field, "The type of a provider cannot be changed between oidc and saml.")
	}
	if bad := c.checkProvider(v); bad != nil {
		return nil, bad
	}
	return write(c, providers, r, v), nil
}

func undeleteProvider(c *call) (any, error) {
	if r, ok := c.st.providers[c.name()]; ok && !r.deleted.IsZero() {
		if bad := c.checkUsage(r.newest()); bad != nil {
			return nil, bad
		}
	}
	return providers.undelete(c)
}

var (
	customAttribute = regexp.MustCompile(`^attribute\.[a-z0-9_]+$`)
	mappingKeys     = []string{"google.subject", "google.groups", "google.display_name", "google.profile_photo", "google.posix_username", "google.email"}
)

func (c *call) checkProvider(v *iam.WorkforcePoolProvider) *wire.Refusal {
	const field = "workforce_pool_provider."
	var check fieldChecks
	check.text(behavior.ProviderFields, field+"display_name", "display name", v.DisplayName, maxDisplayName)
	check.text(behavior.ProviderFields, field+"description", "description", v.Description, maxDescription)
	checkAttributeMapping(&check, field, v, c.cfg.Choices.Is(behavior.ProviderCEL, "CHECKED"))
	switch {
	case v.Oidc == nil && v.Saml == nil:
		check.add(behavior.ProviderType, "workforce_pool_provider", "A provider needs one of oidc and saml.")
	case v.Oidc != nil && v.Saml != nil:
		check.add(behavior.ProviderType, "workforce_pool_provider", "A provider has only one of oidc and saml.")
	case v.Oidc != nil:
		checkOIDC(&check, field+"oidc.", v.Oidc)
	default:
		checkSAML(&check, field+"saml.", v.Saml)
	}
	checkOAuthClient(&check, field+"extra_attributes_oauth2_client.", v.ExtraAttributesOauth2Client)
	checkOAuthClient(&check, field+"extended_attributes_oauth2_client.", v.ExtendedAttributesOauth2Client)
	if x := v.ExtendedAttributesOauth2Client; x != nil && x.AttributesType != "" && x.AttributesType != "AZURE_AD_GROUPS_ID" {
		check.add(behavior.OAuthClient, field+"extended_attributes_oauth2_client.attributes_type", "Only AZURE_AD_GROUPS_ID is supported for extended attributes.")
	}
	if bad := check.refusal(); bad != nil {
		return bad
	}
	if bad := c.checkUsageConflict(v); bad != nil {
		return bad
	}
	// An unspecified enum is the zero value and is not sent.
	if v.ScimUsage == usageNone {
		v.ScimUsage = ""
	}
	if v.VendorType == "VENDOR_TYPE_UNSPECIFIED" {
		v.VendorType = ""
	}
	return c.checkUsage(v)
}

// checkUsageConflict has the texts of the troubleshooting page. Any usage excludes extended
// attributes, only the usage for users excludes extra attributes.
func (c *call) checkUsageConflict(v *iam.WorkforcePoolProvider) *wire.Refusal {
	text := ""
	switch {
	case usesSCIM(v) && v.ExtendedAttributesOauth2Client != nil:
		text = "Select one of scim_usage or extended_attributes_oauth2_client, but not both."
	case v.ScimUsage == usageUsers && v.ExtraAttributesOauth2Client != nil:
		text = "Select one of scim_usage - ENABLED_FOR_USERS_GROUPS or extra_attributes_oauth2_client, but not both."
	default:
		return nil
	}
	return c.openRefusal(behavior.UsageConflict, "workforce_pool_provider.scim_usage", text)
}

// checkUsage: only one provider of a pool takes data from SCIM.
func (c *call) checkUsage(v *iam.WorkforcePoolProvider) *wire.Refusal {
	if !usesSCIM(v) {
		return nil
	}
	for _, other := range c.st.providers.children(parentName(v.Name) + "/providers/") {
		if other.name != v.Name && other.deleted.IsZero() && usesSCIM(other.newest()) {
			return c.openRefusal(behavior.SecondUsage, "workforce_pool_provider.scim_usage",
				fmt.Sprintf("SCIM usage is already enabled for the provider %s of this workforce pool.", other.name))
		}
	}
	return nil
}

// checkAttributeMapping checks the mapping and the condition. celChecked says whether their
// expressions are read.
func checkAttributeMapping(check *fieldChecks, field string, v *iam.WorkforcePoolProvider, celChecked bool) {
	mapping := field + "attribute_mapping"
	if v.AttributeMapping["google.subject"] == "" {
		check.add(behavior.MappingKeys, mapping, "attribute_mapping must map google.subject.")
	}
	custom := 0
	for _, key := range slices.Sorted(maps.Keys(v.AttributeMapping)) {
		expression := v.AttributeMapping[key]
		switch {
		case slices.Contains(mappingKeys, key):
		case customAttribute.MatchString(key) && len(key) <= maxKey:
			custom++
		default:
			check.add(behavior.MappingKeys, mapping, "Invalid mapped attribute key: %s. Custom mapped attributes must be in format 'attribute.{custom_attribute}'", wire.Clip(key))
		}
		switch {
		case strings.TrimSpace(expression) == "":
			if key != "google.subject" {
				check.add(behavior.MappingKeys, mapping, "The expression for %s is empty.", wire.Clip(key))
			}
		case utf8.RuneCountInString(expression) > maxExpression:
			check.add(behavior.MappingKeys, mapping, "The expression for %s must be less than or equal to %d characters.", wire.Clip(key), maxExpression)
		case celChecked:
			if err := textCEL(mappingEnv(), expression, key == "google.groups"); err != nil {
				check.add(behavior.ProviderCEL, mapping, "The expression for %s is not valid: %v", wire.Clip(key), err)
			}
		}
	}
	if custom > maxCustom {
		check.add(behavior.MappingKeys, mapping, "At most %d custom attributes can be mapped, got %d.", maxCustom, custom)
	}
	switch condition := v.AttributeCondition; {
	case utf8.RuneCountInString(condition) > maxCondition:
		check.add(behavior.ProviderFields, field+"attribute_condition", "attribute condition must be less than or equal to %d characters", maxCondition)
	case celChecked && strings.TrimSpace(condition) != "":
		if err := boolCEL(conditionEnv(), condition); err != nil {
			check.add(behavior.ProviderCEL, field+"attribute_condition", "The attribute condition is not valid: %v", err)
		}
	}
}

func checkOIDC(check *fieldChecks, field string, v *iam.GoogleIamAdminV1WorkforcePoolProviderOidc) {
	rule := behavior.OIDCFields
	checkIssuer(check, rule, field+"issuer_uri", v.IssuerUri)
	if v.ClientId == "" {
		check.add(rule, field+"client_id", "client_id is required.")
	}
	sso := v.WebSsoConfig
	if sso == nil {
		check.add(behavior.OIDCFields, field+"web_sso_config", "Missing OIDC web single sign-on config.")
		return
	}
	if sso.ResponseType == "" || sso.ResponseType == "RESPONSE_TYPE_UNSPECIFIED" {
		check.add(behavior.OIDCFields, field+"web_sso_config.response_type", "response_type is required.")
	}
	if sso.AssertionClaimsBehavior == "" || sso.AssertionClaimsBehavior == "ASSERTION_CLAIMS_BEHAVIOR_UNSPECIFIED" {
		check.add(behavior.OIDCFields, field+"web_sso_config.assertion_claims_behavior", "assertion_claims_behavior is required.")
	}
	if len(sso.AdditionalScopes) > maxScopes {
		check.add(behavior.OIDCFields, field+"web_sso_config.additional_scopes", "At most %d additional scopes are allowed.", maxScopes)
	}
	for _, scope := range sso.AdditionalScopes {
		if utf8.RuneCountInString(scope) > maxScope {
			check.add(behavior.OIDCFields, field+"web_sso_config.additional_scopes", "An additional scope must be less than or equal to 256 characters.")
		}
	}
}

func checkSAML(check *fieldChecks, field string, v *iam.GoogleIamAdminV1WorkforcePoolProviderSaml) {
	switch xml := strings.TrimSpace(v.IdpMetadataXml); {
	case xml == "":
		check.add(behavior.SAMLFields, field+"idp_metadata_xml", "idp_metadata_xml is required.")
	case utf8.RuneCountInString(xml) > maxMetadata:
		check.add(behavior.SAMLFields, field+"idp_metadata_xml", "idp_metadata_xml must be less than or equal to 128k characters.")
	case !strings.HasPrefix(xml, "<"):
		check.add(behavior.SAMLFields, field+"idp_metadata_xml", "idp_metadata_xml is not an XML document.")
	}
}

func checkOAuthClient(check *fieldChecks, field string, v *iam.GoogleIamAdminV1WorkforcePoolProviderExtraAttributesOAuth2Client) {
	if v == nil {
		return
	}
	rule := behavior.OAuthClient
	checkIssuer(check, rule, field+"issuer_uri", v.IssuerUri)
	if v.ClientId == "" {
		check.add(rule, field+"client_id", "client_id is required.")
	}
	if v.ClientSecret == nil || v.ClientSecret.Value == nil || v.ClientSecret.Value.Thumbprint == "" {
		check.add(behavior.OAuthClient, field+"client_secret", "client_secret is required.")
	}
	if v.AttributesType == "" || v.AttributesType == "ATTRIBUTES_TYPE_UNSPECIFIED" {
		check.add(behavior.OAuthClient, field+"attributes_type", "attributes_type is required.")
	}
}

func checkIssuer(check *fieldChecks, rule behavior.ID, field, issuer string) {
	if u, err := url.Parse(issuer); err != nil || u.Scheme != "https" || u.Host == "" {
		check.add(rule, field, "Invalid issuer_uri %q: it must be a URI with the https scheme.", wire.Clip(issuer))
	}
}
