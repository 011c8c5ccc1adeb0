package claimmap

import (
	"strings"

	"github.com/google/cel-go/cel"
)

const enterpriseURN = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

// attribute is one row of the tables "User attributes", "Group attributes" and
// "Enterprise user schema extension attributes" of srcSCIM.
type attribute struct {
	typ     *cel.Type
	refused string // why a claim mapping cannot use it; empty if it can
	note    string // a warning for whoever uses it
}

// The reasons why an attribute is refused.
const (
	onlyProvisioned = "can be provisioned and cannot be used in a claim mapping"
	notSupported    = "is not supported by the service"
)

// objects has the attributes that a claim mapping sees, by the name that
// messages give to the object. No name looks like an expression: cel-go would
// take it for one.
var objects = map[string]map[string]attribute{
	"a user": texts("userName displayName nickName profileUrl title userType preferredLanguage locale timezone externalId").with(map[string]attribute{
		"active":           {typ: cel.BoolType},
		"name":             {typ: cel.ObjectType("a user's name")},
		"emails":           entries("user.emails"),
		"phoneNumbers":     entries("user.phoneNumbers"),
		"ims":              entries("user.ims"),
		"photos":           entries("user.photos"),
		"addresses":        entries("user.addresses"),
		"entitlements":     entries("user.entitlements"),
		"roles":            entries("user.roles"),
		enterpriseURN:      {typ: cel.ObjectType("the enterprise extension"), note: "how a claim mapping spells the enterprise extension is not documented; this is the spelling of the SCIM resource"},
		"x509Certificates": {refused: onlyProvisioned},
		"password":         {refused: notSupported},
		"groups":           {refused: notSupported + "; memberships come from the groups' members"},
	}),
	"a user's name":                 texts("formatted familyName givenName middleName honorificPrefix honorificSuffix"),
	"an entry of user.emails":       texts("display type value").with(map[string]attribute{"primary": {typ: cel.BoolType}}),
	"an entry of user.phoneNumbers": texts("display type value").with(map[string]attribute{"primary": {typ: cel.BoolType}}),
	"an entry of user.ims":          texts("display type value"),
	"an entry of user.photos":       texts("display type value"),
	"an entry of user.addresses":    texts("formatted streetAddress locality region postalCode country"),
	"an entry of user.entitlements": texts("display type value"),
	"an entry of user.roles":        texts("type value"),
	"the enterprise extension": texts("employeeNumber costCenter organization division department").with(map[string]attribute{
		"manager": {typ: cel.ObjectType("the manager")},
	}),
	"the manager": texts("value displayName").with(map[string]attribute{"$ref": {refused: onlyProvisioned}}),
	"a group":     texts("externalId displayName").with(map[string]attribute{"members": {refused: onlyProvisioned}}),
}

type attributes map[string]attribute

// texts makes attributes of type string of the names.
func texts(names string) attributes {
	set := attributes{}
	for _, name := range strings.Fields(names) {
		set[name] = attribute{typ: cel.StringType}
	}
	return set
}

func (set attributes) with(others map[string]attribute) map[string]attribute {
	for name, a := range others {
		set[name] = a
	}
	return set
}

// entries is a multi-valued complex attribute.
func entries(name string) attribute {
	return attribute{typ: cel.ListType(cel.ObjectType("an entry of " + name))}
}
