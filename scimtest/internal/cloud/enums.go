package cloud

import (
	"reflect"

	"google.golang.org/api/iam/v1"
)

// enums are the values of the fields whose generated Go type is a bare string.
// They are those of the discovery document; a test compares them.
var enums = map[reflect.Type]map[string][]string{
	reflect.TypeFor[iam.WorkforcePool]():                   {"state": states},
	reflect.TypeFor[iam.WorkforcePoolProviderScimTenant](): {"state": states},
	reflect.TypeFor[iam.WorkforcePoolProviderScimToken]():  {"state": states},
	reflect.TypeFor[iam.WorkforcePoolProvider](): {
		"state":      states,
		"scimUsage":  {"SCIM_USAGE_UNSPECIFIED", "ENABLED_FOR_GROUPS", "ENABLED_FOR_USERS_GROUPS"},
		"vendorType": {"VENDOR_TYPE_UNSPECIFIED", "ENTRA_ID", "OKTA", "PING_FEDERATE", "ADFS", "KEYCLOAK", "FORGE_ROCK", "JUMP_CLOUD", "ONE_LOGIN", "GENERIC"},
	},
	reflect.TypeFor[iam.GoogleIamAdminV1WorkforcePoolProviderOidcWebSsoConfig](): {
		"responseType":            {"RESPONSE_TYPE_UNSPECIFIED", "CODE", "ID_TOKEN"},
		"assertionClaimsBehavior": {"ASSERTION_CLAIMS_BEHAVIOR_UNSPECIFIED", "MERGE_USER_INFO_OVER_ID_TOKEN_CLAIMS", "ONLY_ID_TOKEN_CLAIMS"},
	},
	reflect.TypeFor[iam.GoogleIamAdminV1WorkforcePoolProviderExtraAttributesOAuth2Client](): {
		"attributesType": {"ATTRIBUTES_TYPE_UNSPECIFIED", "AZURE_AD_GROUPS_MAIL", "AZURE_AD_GROUPS_ID", "AZURE_AD_GROUPS_DISPLAY_NAME"},
	},
	reflect.TypeFor[iam.WorkforcePoolProviderKey](): {
		"state": states,
		"use":   {"KEY_USE_UNSPECIFIED", "ENCRYPTION"},
	},
	reflect.TypeFor[iam.KeyData](): {
		"format":  {"KEY_FORMAT_UNSPECIFIED", "RSA_X509_PEM"},
		"keySpec": {"KEY_SPEC_UNSPECIFIED", "RSA_2048", "RSA_3072", "RSA_4096"},
	},
	reflect.TypeFor[iam.AuditLogConfig](): {
		"logType": {"LOG_TYPE_UNSPECIFIED", "ADMIN_READ", "DATA_WRITE", "DATA_READ"},
	},
}

// Enums are the values of the enumerations, by message and field.
func Enums() map[string]map[string][]string {
	named := make(map[string]map[string][]string)
	for t, fields := range enums {
		named[t.Name()] = fields
	}
	return named
}

var states = []string{"STATE_UNSPECIFIED", "ACTIVE", "DELETED"}
