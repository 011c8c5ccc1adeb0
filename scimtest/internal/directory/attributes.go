package directory

// The attributes of users that the service supports, as listed in
// https://docs.cloud.google.com/iam/docs/workforce-identity-federation-scim,
// with the characteristics of RFC 7643 section 8.7.1.

var userType = &resourceType{
	name:     "User",
	endpoint: "/Users",
	core: &schema{
		id: urnUser, name: "User", description: "User Account",
		attributes: userAttributes,
	},
	extension: &schema{
		id: urnEnterprise, name: "EnterpriseUser", description: "Enterprise User",
		attributes: enterpriseAttributes,
	},
}

var userAttributes = []*attribute{
	{name: "userName", typ: typeString, required: true, uniqueness: "server", description: "Name by which the identity provider knows the user; unique in the tenant."},
	{name: "name", typ: typeComplex, description: "The parts of the user's name.", sub: []*attribute{
		{name: "formatted", typ: typeString, description: "The full name, formatted for display."},
		{name: "familyName", typ: typeString, description: "The family name."},
		{name: "givenName", typ: typeString, description: "The given name."},
		{name: "middleName", typ: typeString, description: "The middle names."},
		{name: "honorificPrefix", typ: typeString, description: "What precedes the name, as in \"Ms.\"."},
		{name: "honorificSuffix", typ: typeString, description: "What follows the name, as in \"III\"."},
	}},
	{name: "displayName", typ: typeString, description: "The name to show for the user."},
	{name: "nickName", typ: typeString, description: "The casual name."},
	{name: "profileUrl", typ: typeReference, references: []string{"external"}, description: "URL of the user's profile."},
	{name: "title", typ: typeString, description: "The job title."},
	{name: "userType", typ: typeString, description: "The relation to the organization, as in \"Employee\"."},
	{name: "preferredLanguage", typ: typeString, description: "Preferred languages, as in Accept-Language."},
	{name: "locale", typ: typeString, description: "Locale for formatting, as in \"en-US\"."},
	{name: "timezone", typ: typeString, description: "Time zone by its IANA name."},
	{name: "active", typ: typeBoolean, description: "Whether the user is active."},
	{name: "emails", typ: typeComplex, multiValued: true, description: "Exactly one email address, of type work.", sub: plural(typeString, "display", "work", "home", "other")},
	{name: "phoneNumbers", typ: typeComplex, multiValued: true, description: "Phone numbers.", sub: plural(typeString, "display", "work", "home", "mobile", "fax", "pager", "other")},
	{name: "ims", typ: typeComplex, multiValued: true, description: "Instant messaging addresses.", sub: plural(typeString, "display", "aim", "gtalk", "icq", "xmpp", "msn", "skype", "qq", "yahoo")},
	{name: "photos", typ: typeComplex, multiValued: true, description: "URLs of photos.", sub: plural(typeReference, "display", "photo", "thumbnail")},
	{name: "addresses", typ: typeComplex, multiValued: true, description: "Mailing addresses.", sub: []*attribute{
		{name: "formatted", typ: typeString, description: "The full address, formatted for display."},
		{name: "streetAddress", typ: typeString, description: "Street, house number, and the like."},
		{name: "locality", typ: typeString, description: "The city or locality."},
		{name: "region", typ: typeString, description: "The state or region."},
		{name: "postalCode", typ: typeString, description: "The postal code."},
		{name: "country", typ: typeString, description: "The country."},
		{name: "type", typ: typeString, canonical: []string{"work", "home", "other"}, description: "What the address is for."},
		{name: "primary", typ: typeBoolean, description: "Whether this is the preferred address."},
	}},
	{name: "entitlements", typ: typeComplex, multiValued: true, description: "Entitlements.", sub: plural(typeString, "display")},
	{name: "roles", typ: typeComplex, multiValued: true, description: "Roles.", sub: plural(typeString, "")},
	{name: "x509Certificates", typ: typeComplex, multiValued: true, description: "X.509 certificates, DER in base64.", sub: plural(typeBinary, "")},

	{name: "password", typ: typeString, mutability: "writeOnly", discarded: true},
	{name: "groups", typ: typeComplex, multiValued: true, mutability: "readOnly", discarded: true, sub: []*attribute{
		{name: "value", typ: typeString},
		{name: "$ref", typ: typeReference},
		{name: "display", typ: typeString},
		{name: "type", typ: typeString},
	}},
}

var enterpriseAttributes = []*attribute{
	{name: "employeeNumber", typ: typeString, description: "Identifier given by the organization."},
	{name: "costCenter", typ: typeString, description: "The cost center."},
	{name: "organization", typ: typeString, description: "The organization."},
	{name: "division", typ: typeString, description: "The division."},
	{name: "department", typ: typeString, description: "The department."},
	{name: "manager", typ: typeComplex, description: "The user's manager.", sub: []*attribute{
		{name: "value", typ: typeString, caseExact: true, description: "The id of the manager's user."},
		{name: "$ref", typ: typeReference, references: []string{"User"}, description: "URI of the manager's user."},
		{name: "displayName", typ: typeString, description: "The manager's name to show."},
	}},
}

// plural are the sub-attributes of a multi-valued attribute (RFC 7643 section
// 2.4). The service supports display in most of them, not in roles and
// x509Certificates.
func plural(value attrType, display string, types ...string) []*attribute {
	v := &attribute{name: "value", typ: value, description: "The value."}
	switch value {
	case typeReference:
		v.references = []string{"external"}
		v.caseExact = true
	case typeBinary:
		v.caseExact = true
	}
	return []*attribute{v,
		{name: "display", typ: typeString, description: "The value to show.", discarded: display == ""},
		{name: "type", typ: typeString, canonical: types, description: "What the value is for."},
		{name: "primary", typ: typeBoolean, description: "Whether this is the preferred value."},
	}
}

// The attributes of groups that the service supports, as listed in
// https://docs.cloud.google.com/iam/docs/workforce-identity-federation-scim,
// with the characteristics of RFC 7643 section 8.7.1.

var groupType = &resourceType{
	name:     "Group",
	endpoint: "/Groups",
	core: &schema{
		id: urnGroup, name: "Group", description: "Group",
		attributes: []*attribute{
			{name: "displayName", typ: typeString, required: true, uniqueness: "server", description: "The group's name; unique in the tenant."},
			membersAttribute,
		},
	},
}

// membersAttribute is never part of a stored document: memberships are
// relations between records.
var membersAttribute = &attribute{
	name: "members", typ: typeComplex, multiValued: true,
	description: "The group's members. Empty in replies: ask with a filter on members.",
	sub: []*attribute{
		{name: "value", typ: typeString, caseExact: true, mutability: "immutable", description: "The id of the member."},
		{name: "$ref", typ: typeReference, mutability: "immutable", references: []string{"User", "Group"}, description: "URI of the member."},
		{name: "type", typ: typeString, mutability: "immutable", canonical: []string{"User", "Group"}, description: "Whether the member is a user or a group."},
		{name: "display", typ: typeString, mutability: "readOnly", description: "The member's name to show."},
	},
}
