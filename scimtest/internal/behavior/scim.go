package behavior

// Rows of the SCIM service.
const (
	Unauthenticated ID = "Unauthenticated"
	DeletedToken    ID = "DeletedToken"
	ExpiredToken    ID = "ExpiredToken"
	SyncerRole      ID = "SyncerRole"
	SyncerGrant     ID = "SyncerGrant"
	DeniedBody      ID = "DeniedBody"
	UnknownTenant   ID = "UnknownTenant"
	DeletedTenant   ID = "DeletedTenant"

	Endpoints       ID = "Endpoints"
	Unsupported     ID = "Unsupported"
	HTTPMethods     ID = "HTTPMethods"
	Paths           ID = "Paths"
	DiscoveryFilter ID = "DiscoveryFilter"
	Discovery       ID = "Discovery"

	ContentType      ID = "ContentType"
	RequestType      ID = "RequestType"
	RequestSize      ID = "RequestSize"
	RequestJSON      ID = "RequestJSON"
	Schemas          ID = "Schemas"
	OldSchemas       ID = "OldSchemas"
	ExtensionSchema  ID = "ExtensionSchema"
	UnknownAttribute ID = "UnknownAttribute"
	IgnoredAttribute ID = "IgnoredAttribute"
	ValueTypes       ID = "ValueTypes"
	References       ID = "References"
	TextBooleans     ID = "TextBooleans"
	SingleForList    ID = "SingleForList"
	ValueCount       ID = "ValueCount"
	OnePrimary       ID = "OnePrimary"
	ErrorStatus      ID = "ErrorStatus"
	ErrorTypes       ID = "ErrorTypes"
	ResourceID       ID = "ResourceID"
	Replies          ID = "Replies"
	UnknownID        ID = "UnknownID"
	ETags            ID = "ETags"
	Projection       ID = "Projection"

	ListLimit       ID = "ListLimit"
	CountParameter  ID = "CountParameter"
	ListOrder       ID = "ListOrder"
	FilterEq        ID = "FilterEq"
	OtherFilters    ID = "OtherFilters"
	FilterCase      ID = "FilterCase"
	FilterOperators ID = "FilterOperators"
	FilterSyntax    ID = "FilterSyntax"
	MemberCheck     ID = "MemberCheck"
	MemberTerms     ID = "MemberTerms"
	MemberFilter    ID = "MemberFilter"
	EmptyMembers    ID = "EmptyMembers"
	FilteredMembers ID = "FilteredMembers"
	WrittenMembers  ID = "WrittenMembers"
	ManagerFilter   ID = "ManagerFilter"

	Unique         ID = "Unique"
	UniqueCase     ID = "UniqueCase"
	MappedRequired ID = "MappedRequired"
	Required       ID = "Required"
	EmailRule      ID = "EmailRule"
	SubjectLength  ID = "SubjectLength"
	MappedChange   ID = "MappedChange"
	MissingMember  ID = "MissingMember"
	NestedGroups   ID = "NestedGroups"
	MemberForm     ID = "MemberForm"
	Cascade        ID = "Cascade"
	Inactive       ID = "Inactive"

	Patch         ID = "Patch"
	PatchReply    ID = "PatchReply"
	PatchForm     ID = "PatchForm"
	EmptyPatch    ID = "EmptyPatch"
	PatchKeys     ID = "PatchKeys"
	EmptyAdd      ID = "EmptyAdd"
	PatchPaths    ID = "PatchPaths"
	UnknownPath   ID = "UnknownPath"
	ReadOnly      ID = "ReadOnly"
	NoTarget      ID = "NoTarget"
	FilterAdd     ID = "FilterAdd"
	ManagerForms  ID = "ManagerForms"
	MemberChange  ID = "MemberChange"
	LegacyPatch   ID = "LegacyPatch"
	RequiredGone  ID = "RequiredGone"
	JSONTextRoles ID = "JSONTextRoles"

	Quota           ID = "Quota"
	QuotaModel      ID = "QuotaModel"
	QuotaRetryAfter ID = "QuotaRetryAfter"
	QuotaCount      ID = "QuotaCount"
)

var scimService = []Section{
	{"SCIM service: access", []Row{
		{Unauthenticated, D, "The header is Authorization: Bearer TOKEN with one space; anything else is 401 with a body that isn't JSON.", "scim", "", nil},
		{DeletedToken, U, "A deleted token is 401.", "", "", []string{"401", "404"}},
		{ExpiredToken, U, "An expired token is 401.", "troubleshooting", "WithTokenLifetime", nil},
		{SyncerRole, D, "Requests are 403 until roles/iam.scimSyncer is bound to the service agent on the organization, without a condition.", "entra", "", nil},
		{SyncerGrant, I, "Google usually binds the role by itself; the fake doesn't.", "entra", "WithSyncerGranted", nil},
		{DeniedBody, U, "The 403 has the JSON of Google's APIs.", "", "", []string{"GOOGLE", "SCIM", "HTML"}},
		{UnknownTenant, U, "A tenant that doesn't exist is 404.", "", "", []string{"404", "401"}},
		{DeletedTenant, U, "A soft-deleted tenant is 404, with any token.", "", "", []string{"404", "401", "403"}},
	}},
	{"SCIM service: endpoints", []Row{
		{Endpoints, D, "/Users and /Users/ID take POST, GET, PUT, PATCH and DELETE; /Groups and /Groups/ID the same without PUT; /Schemas, /Schemas/URN and /ServiceProviderConfig GET.", "scim", "", nil},
		{Unsupported, U, "PUT /Groups/ID, /Me, /Bulk, /.search, /Search and /ResourceTypes, which aren't supported, are 501.", "scim", "", []string{"501", "404", "405"}},
		{HTTPMethods, I, "Other methods are 405 with Allow.", "rfc7644 3.2", "", nil},
		{Paths, I, "Other paths are 404; a slash at the end of the base URI or of the path doesn't matter.", "rfc7644 3.2", "", nil},
		{DiscoveryFilter, I, "A filter on /Schemas or /ServiceProviderConfig is 403.", "rfc7644 4", "", nil},
		{Discovery, U, "/Schemas lists the supported attributes as this table has them; /ServiceProviderConfig offers PATCH and filters of 100 results.", "scim", "", nil},
	}},
	{"SCIM service: requests and replies", []Row{
		{ContentType, U, "Replies are application/scim+json.", "rfc7644 3.1", "", []string{"SCIM", "JSON"}},
		{RequestType, I, "Requests are application/scim+json or application/json; any other type is 415.", "rfc7644 3.1", "", nil},
		{RequestSize, U, "A body has at most 4 MiB; a larger one is 413.", "", "", nil},
		{RequestJSON, I, "Malformed JSON is 400 invalidSyntax; so is a key given twice in any case, invalid UTF-8 and nesting beyond 32 levels.", "rfc7644 3.12", "", nil},
		{Schemas, I, "A missing schemas is accepted, except in a PATCH; schemas without the resource's own is 400 invalidSyntax; unknown URNs in it are accepted.", "microsoft", "", nil},
		{OldSchemas, U, "Schemas that name only SCIM 1.0 or draft URNs, as OneLogin's templates do, are 400 invalidSyntax.", "onelogin", "", []string{"REFUSED", "ACCEPTED"}},
		{ExtensionSchema, U, "An extension whose URN isn't in schemas is accepted.", "ms-app-roles", "", []string{"ACCEPTED", "REFUSED", "IGNORED"}},
		{UnknownAttribute, U, "Unknown attributes in a body are ignored and not stored.", "okta-scim", "", []string{"IGNORED", "REFUSED"}},
		{IgnoredAttribute, I, "password, groups, roles.display and x509Certificates.display, which aren't supported, are ignored and not stored.", "scim", "", nil},
		{ValueTypes, I, "null, [] and {} stand for no value; a value of the wrong type is 400 invalidValue.", "rfc7643 2.5", "", nil},
		{References, I, "A value of type reference is a URI; any other text is 400 invalidValue.", "rfc7643 2.3.7", "", nil},
		{TextBooleans, U, "The text \"True\" or \"False\" stands for a boolean in POST, PUT and filters, as Microsoft's validator sends primary.", "ms-validator", "", []string{"ACCEPTED", "REFUSED"}},
		{SingleForList, U, "An object in place of a list of them, as OneLogin's templates have in emails, is 400 invalidValue in POST and PUT.", "onelogin", "", []string{"REFUSED", "ACCEPTED"}},
		{ValueCount, U, "An attribute other than members has at most 1,000 values.", "", "", nil},
		{OnePrimary, I, "At most one value of an attribute is primary.", "rfc7643 2.4", "", nil},
		{ErrorStatus, U, "Errors have status as a string.", "rfc7644 3.12", "", []string{"STRING", "NUMBER"}},
		{ErrorTypes, U, "Errors other than the documented invalidValue of emails have a scimType too.", "troubleshooting", "", []string{"PRESENT", "ABSENT"}},
		{ResourceID, U, "IDs of users and groups are UUIDs.", "", "", []string{"UUID", "DIGITS"}},
		{Replies, I, "POST answers 201 with Location, DELETE 204.", "rfc7644 3.3", "", nil},
		{UnknownID, I, "An unknown ID is 404.", "rfc7644 3.4.1", "", nil},
		{ETags, U, "There are no versions: no ETag, no meta.version, and If-Match has no effect.", "rfc7644 3.14", "", []string{"OFF", "ON"}},
		{Projection, U, "attributes and excludedAttributes work; both together are 400 invalidValue.", "rfc7644 3.9", "", []string{"WORKS", "IGNORED"}},
	}},
	{"SCIM service: lists and filters", []Row{
		{ListLimit, D, "A list has at most 100 resources; startIndex has no effect and is 1 in replies; totalResults is the number of resources in the reply.", "scim", "", nil},
		{CountParameter, U, "count below 100 is honored, 0 and less yield no resources; a count that isn't a number is 400.", "rfc7644 3.4.2.4", "", []string{"HONORED", "IGNORED"}},
		{ListOrder, U, "Lists are in the order of creation; sortBy is ignored.", "", "", []string{"CREATION", "ID"}},
		{FilterEq, D, "A filter is eq, combined by and, on userName, displayName and on id with members.", "entra", "", nil},
		{OtherFilters, U, "eq works for every other supported attribute too, with or without the extension's URN, and in value paths such as emails[type eq \"work\"].value.", "microsoft", "", []string{"WORKS", "REFUSED"}},
		{FilterCase, I, "Case counts in id, externalId, photos.value, x509Certificates.value and references to IDs, and nowhere else.", "rfc7643 8.7.1", "", nil},
		{FilterOperators, U, "Other operators, or and not are 400 invalidFilter.", "scim", "", []string{"400", "501"}},
		{FilterSyntax, I, "Malformed filters, unknown attributes and operands of the wrong type are 400 invalidFilter.", "rfc7644 3.4.2.2", "", nil},
		{MemberCheck, D, "id eq \"G\" and members eq \"U\" finds the group if the user is a direct member, and nothing otherwise.", "entra", "", nil},
		{MemberTerms, U, "The order of the two terms doesn't matter.", "", "", []string{"ANY_ORDER", "ID_FIRST"}},
		{MemberFilter, U, "members eq \"U\" without the group's ID finds the groups that the user is a direct member of.", "", "", []string{"WORKS", "IGNORED", "EMPTY", "REFUSED"}},
		{EmptyMembers, D, "members are empty when a group is read or listed.", "scim", "", nil},
		{FilteredMembers, U, "members are empty in replies to a filter on members too.", "", "", []string{"NONE", "MATCHED", "ALL"}},
		{WrittenMembers, U, "members are empty in replies to POST and PATCH too.", "", "", []string{"NONE", "ALL"}},
		{ManagerFilter, I, "id eq \"U\" and manager eq \"M\" finds the user if M is the manager.", "microsoft", "", nil},
	}},
	{"SCIM service: rules", []Row{
		{Unique, D, "Values mapped to google.subject and google.group, userName, and displayName of groups are unique: 409.", "troubleshooting", "", nil},
		{UniqueCase, I, "userName and displayName are unique without regard to case; the 409 has the scimType uniqueness.", "rfc7643 4.1", "", nil},
		{MappedRequired, D, "A mapped value that is missing or empty is 400.", "scim", "", nil},
		{Required, I, "A missing userName or group displayName is 400 invalidValue.", "rfc7643 4.1", "", nil},
		{EmailRule, D, "A user has exactly one email, of type work: 400 invalidValue otherwise.", "troubleshooting", "", []string{"ONE_WORK", "ANY"}},
		{SubjectLength, D, "A subject has at most 127 bytes; a longer one is 400.", "scim", "", nil},
		{MappedChange, U, "Changing a mapped value, which is immutable, is 400 mutability; what .lowerAscii() makes equal is no change.", "scim", "", []string{"MUTABILITY", "INVALID_VALUE", "IGNORED"}},
		{MissingMember, U, "A member that doesn't exist is 400 invalidValue; a manager needn't exist.", "", "", []string{"400", "404", "IGNORED"}},
		{NestedGroups, U, "Groups can be members of groups; of themselves, directly or through others, is 400 invalidValue.", "scim", "", []string{"ACCEPTED", "REFUSED"}},
		{MemberForm, I, "A member is an object with the ID of a user or a group in value: 400 invalidValue otherwise.", "rfc7643 4.2", "", nil},
		{Cascade, I, "Deleting a user or a group ends its memberships; users stay when their manager goes.", "", "", nil},
		{Inactive, I, "Inactive users are listed and keep their memberships.", "", "", nil},
	}},
	{"SCIM service: PATCH", []Row{
		{Patch, I, "Either all operations of a PATCH have an effect or none; one that changes nothing leaves lastModified alone.", "rfc7644 3.5.2", "", nil},
		{PatchReply, U, "PATCH answers 200 with the resource.", "rfc7644 3.5.2", "", []string{"RESOURCE", "NO_CONTENT"}},
		{PatchForm, I, "A PATCH has the schema of PatchOp, and operations add, remove and replace in any case, with what they need: 400 invalidSyntax or noTarget otherwise.", "rfc7644 3.5.2", "", nil},
		{EmptyPatch, U, "A PATCH with no operations, as Microsoft's validator sends it, is 400 invalidSyntax.", "ms-validator", "", []string{"REFUSED", "ACCEPTED"}},
		{PatchKeys, I, "Keys of a value without a path can be dotted names, URNs and value paths; unknown keys, and the resource's own id, schemas and meta, are ignored.", "ms-compat", "", nil},
		{EmptyAdd, I, "add of {}, null or [] changes nothing.", "rfc7644 3.5.2.1", "", nil},
		{PatchPaths, I, "A malformed path is 400 invalidPath; in a path's filter all operators work.", "rfc7644 3.5.2", "", nil},
		{UnknownPath, U, "An unknown name in a path is 400 invalidPath.", "rfc7644 3.5.2", "", []string{"REFUSED", "IGNORED"}},
		{ReadOnly, I, "Changing a readOnly attribute is 400 mutability.", "rfc7644 3.5.2", "", nil},
		{NoTarget, U, "replace by a filter that matches nothing is 400 noTarget, though Microsoft's validator expects an element.", "rfc7644 3.5.2.3", "", []string{"REFUSED", "CREATED"}},
		{FilterAdd, I, "add by a filter that matches nothing makes the element that the filter describes.", "microsoft", "", nil},
		{ManagerForms, I, "manager can be given as its ID or as a list of one.", "microsoft", "", nil},
		{MemberChange, I, "Members can be added and removed as a whole; changing what a member says is 400 mutability.", "rfc7643 4.2", "", nil},
		{LegacyPatch, U, "Entra ID's requests without aadOptscim062020 do what they mean: booleans as text, removal of members by a list of values. The troubleshooting page says that they fail, not how.", "troubleshooting", "", []string{"WORKS", "REFUSED"}},
		{RequiredGone, I, "Removing a required attribute is 400 mutability.", "rfc7644 3.5.2.2", "", nil},
		{JSONTextRoles, I, "A role whose value is a JSON text, as Microsoft's role functions send it, is stored as that text.", "ms-app-roles", "", nil},
	}},
	{"SCIM service: quota", []Row{
		{Quota, D, "A tenant has 3,000 requests a minute, reads and writes, then 429; off by default.", "quotas", "WithQuota", nil},
		{QuotaModel, U, "The quota is a bucket that refills evenly and holds a second's worth.", "", "", []string{"BUCKET", "WINDOW"}},
		{QuotaRetryAfter, U, "A 429 has no Retry-After.", "", "", []string{"NONE", "SECONDS", "DATE"}},
		{QuotaCount, U, "Requests that fail count.", "", "", []string{"YES", "NO"}},
	}},
}
