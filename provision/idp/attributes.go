package idp

import "slices"

// enterprise is the schema of RFC 7643 section 4.3.
const enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:"

// attributes are the single-valued attributes of RFC 7643 sections 4.1.1 and 4.3
// that the service stores, beside those with a field in [User].
var attributes = []string{
	"name.formatted", "name.familyName", "name.givenName", "name.middleName",
	"name.honorificPrefix", "name.honorificSuffix",
	"nickName", "profileUrl", "title", "userType", "preferredLanguage", "locale", "timezone",
	enterprise + "employeeNumber", enterprise + "costCenter", enterprise + "organization",
	enterprise + "division", enterprise + "department",
}

// KnownAttribute reports whether path can be a key of [User.Attributes]:
// name.formatted, name.familyName, name.givenName, name.middleName,
// name.honorificPrefix, name.honorificSuffix, nickName, profileUrl, title,
// userType, preferredLanguage, locale, timezone, and employeeNumber, costCenter,
// organization, division and department after
// "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:".
func KnownAttribute(path string) bool { return slices.Contains(attributes, path) }
