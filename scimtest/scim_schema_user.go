package scimtest

// The attributes of users that the service supports, as listed in
// https://docs.cloud.google.com/iam/docs/workforce-identity-federation-scim,
// with the characteristics of RFC 7643 section 8.7.1.

var userType = &scimResourceType{
	name:     "User",
	endpoint: "/Users",
	core: &scimSchema{
		id: urnUser, name: "User", description: "User Account",
		attributes: userAttributes,
	},
	extension: &scimSchema{
		id: urnEnterprise, name: "EnterpriseUser", description: "Enterprise User",
		attributes: enterpriseAttributes,
	},
}

var userAttributes = []*scimAttribute{
	{name: "userName", typ: scimString, required: true, uniqueness: "server", description: "Name by which the identity provider knows the user; unique in the tenant."},
	{name: "name", typ: scimComplex, description: "The parts of the user's name.", sub: []*scimAttribute{
		{name: "formatted", typ: scimString, description: "The full name, formatted for display."},
		{name: "familyName", typ: scimString, description: "The family name."},
		{name: "givenName", typ: scimString, description: "The given name."},
		{name: "middleName", typ: scimString, description: "The middle names."},
		{name: "honorificPrefix", typ: scimString, description: "What precedes the name, as in \"Ms.\"."},
		{name: "honorificSuffix", typ: scimString, description: "What follows the name, as in \"III\"."},
	}},
	{name: "displayName", typ: scimString, description: "The name to show for the user."},
	{name: "nickName", typ: scimString, description: "The casual name."},
	{name: "profileUrl", typ: scimReference, references: []string{"external"}, description: "URL of the user's profile."},
	{name: "title", typ: scimString, description: "The job title."},
	{name: "userType", typ: scimString, description: "The relation to the organization, as in \"Employee\"."},
	{name: "preferredLanguage", typ: scimString, description: "Preferred languages, as in Accept-Language."},
	{name: "locale", typ: scimString, description: "Locale for formatting, as in \"en-US\"."},
	{name: "timezone", typ: scimString, description: "Time zone by its IANA name."},
	{name: "active", typ: scimBoolean, description: "Whether the user is active."},
	{name: "emails", typ: scimComplex, multiValued: true, description: "Exactly one email address, of type work.", sub: plural(scimString, "display", "work", "home", "other")},
	{name: "phoneNumbers", typ: scimComplex, multiValued: true, description: "Phone numbers.", sub: plural(scimString, "display", "work", "home", "mobile", "fax", "pager", "other")},
	{name: "ims", typ: scimComplex, multiValued: true, description: "Instant messaging addresses.", sub: plural(scimString, "display", "aim", "gtalk", "icq", "xmpp", "msn", "skype", "qq", "yahoo")},
	{name: "photos", typ: scimComplex, multiValued: true, description: "URLs of photos.", sub: plural(scimReference, "display", "photo", "thumbnail")},
	{name: "addresses", typ: scimComplex, multiValued: true, description: "Mailing addresses.", sub: []*scimAttribute{
		{name: "formatted", typ: scimString, description: "The full address, formatted for display."},
		{name: "streetAddress", typ: scimString, description: "Street, house number, and the like."},
		{name: "locality", typ: scimString, description: "The city or locality."},
		{name: "region", typ: scimString, description: "The state or region."},
		{name: "postalCode", typ: scimString, description: "The postal code."},
		{name: "country", typ: scimString, description: "The country."},
		{name: "type", typ: scimString, canonical: []string{"work", "home", "other"}, description: "What the address is for."},
		{name: "primary", typ: scimBoolean, description: "Whether this is the preferred address."},
	}},
	{name: "entitlements", typ: scimComplex, multiValued: true, description: "Entitlements.", sub: plural(scimString, "display")},
	{name: "roles", typ: scimComplex, multiValued: true, description: "Roles.", sub: plural(scimString, "")},
	{name: "x509Certificates", typ: scimComplex, multiValued: true, description: "X.509 certificates, DER in base64.", sub: plural(scimBinary, "")},

	{name: "password", typ: scimString, mutability: "writeOnly", discarded: true},
	{name: "groups", typ: scimComplex, multiValued: true, mutability: "readOnly", discarded: true, sub: []*scimAttribute{
		{name: "value", typ: scimString},
		{name: "$ref", typ: scimReference},
		{name: "display", typ: scimString},
		{name: "type", typ: scimString},
	}},
}

var enterpriseAttributes = []*scimAttribute{
	{name: "employeeNumber", typ: scimString, description: "Identifier given by the organization."},
	{name: "costCenter", typ: scimString, description: "The cost center."},
	{name: "organization", typ: scimString, description: "The organization."},
	{name: "division", typ: scimString, description: "The division."},
	{name: "department", typ: scimString, description: "The department."},
	{name: "manager", typ: scimComplex, description: "The user's manager.", sub: []*scimAttribute{
		{name: "value", typ: scimString, caseExact: true, description: "The id of the manager's user."},
		{name: "$ref", typ: scimReference, references: []string{"User"}, description: "URI of the manager's user."},
		{name: "displayName", typ: scimString, description: "The manager's name to show."},
	}},
}

// plural are the sub-attributes of a multi-valued attribute (RFC 7643 section
// 2.4). The service supports display in most of them, not in roles and
// x509Certificates.
func plural(value scimType, display string, types ...string) []*scimAttribute {
	v := &scimAttribute{name: "value", typ: value, description: "The value."}
	switch value {
	case scimReference:
		v.references = []string{"external"}
		v.caseExact = true
	case scimBinary:
		v.caseExact = true
	}
	sub := []*scimAttribute{v}
	if display != "" {
		sub = append(sub, &scimAttribute{name: display, typ: scimString, description: "The value to show."})
	}
	return append(sub,
		&scimAttribute{name: "type", typ: scimString, canonical: types, description: "What the value is for."},
		&scimAttribute{name: "primary", typ: scimBoolean, description: "Whether this is the preferred value."})
}
