package directory

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
