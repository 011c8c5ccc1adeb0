package behavior

// Rows of the control plane.
const (
	Methods         ID = "Methods"
	TokensUndelete  ID = "TokensUndelete"
	ErrorForm       ID = "ErrorForm"
	NotFound        ID = "NotFound"
	PathSegments    ID = "PathSegments"
	Query           ID = "Query"
	Alt             ID = "Alt"
	BodyJSON        ID = "BodyJSON"
	BodyFields      ID = "BodyFields"
	BodySize        ID = "BodySize"
	BodyType        ID = "BodyType"
	PageSizes       ID = "PageSizes"
	TokenPages      ID = "TokenPages"
	PageSize        ID = "PageSize"
	PageToken       ID = "PageToken"
	UpdateMask      ID = "UpdateMask"
	NoUpdateMask    ID = "NoUpdateMask"
	MaskPaths       ID = "MaskPaths"
	QuotaProject    ID = "QuotaProject"
	Permissions     ID = "Permissions"
	PermissionNames ID = "PermissionNames"
	Location        ID = "Location"
	Date            ID = "Date"

	Operations        ID = "Operations"
	OperationForm     ID = "OperationForm"
	OperationMetadata ID = "OperationMetadata"
	OperationDone     ID = "OperationDone"
	Replication       ID = "Replication"
	FreshResource     ID = "FreshResource"
	FreshOperation    ID = "FreshOperation"
	WritesAtOnce      ID = "WritesAtOnce"

	SoftDelete       ID = "SoftDelete"
	NameTaken        ID = "NameTaken"
	DeletedChange    ID = "DeletedChange"
	UndeleteActive   ID = "UndeleteActive"
	BelowDeleted     ID = "BelowDeleted"
	BelowDeletedPool ID = "BelowDeletedPool"
	Purge            ID = "Purge"

	ResourceIDs     ID = "ResourceIDs"
	PoolFields      ID = "PoolFields"
	PoolParent      ID = "PoolParent"
	SessionDuration ID = "SessionDuration"
	PoolImmutable   ID = "PoolImmutable"

	ProviderFields  ID = "ProviderFields"
	MappingKeys     ID = "MappingKeys"
	ProviderCEL     ID = "ProviderCEL"
	OIDCFields      ID = "OIDCFields"
	SAMLFields      ID = "SAMLFields"
	ProviderType    ID = "ProviderType"
	OAuthClient     ID = "OAuthClient"
	ClientSecrets   ID = "ClientSecrets"
	UsageConflict   ID = "UsageConflict"
	SecondUsage     ID = "SecondUsage"
	UsageNoTenant   ID = "UsageNoTenant"
	KeyFields       ID = "KeyFields"
	Subjects        ID = "Subjects"
	DeletedSubject  ID = "DeletedSubject"
	ActiveSubject   ID = "ActiveSubject"
	RevokeReply     ID = "RevokeReply"
	SignIn          ID = "SignIn"
	SignInUser      ID = "SignInUser"
	SignInGroups    ID = "SignInGroups"
	InactiveMembers ID = "InactiveMembers"

	SecondTenant       ID = "SecondTenant"
	HardDelete         ID = "HardDelete"
	HardDeleteInUse    ID = "HardDeleteInUse"
	TenantFields       ID = "TenantFields"
	TenantUID          ID = "TenantUID"
	BaseURISlash       ID = "BaseURISlash"
	ServiceAgent       ID = "ServiceAgent"
	AgentBindings      ID = "AgentBindings"
	ClaimMapping       ID = "ClaimMapping"
	MissingGroupRule   ID = "MissingGroupRule"
	OpenRules          ID = "OpenRules"
	OpenRuleForm       ID = "OpenRuleForm"
	ClaimMappingChange ID = "ClaimMappingChange"

	ThirdToken         ID = "ThirdToken"
	DeletedTokenCounts ID = "DeletedTokenCounts"
	TokenFields        ID = "TokenFields"
	TokenOnce          ID = "TokenOnce"
	TokenForm          ID = "TokenForm"
	TokenLifetime      ID = "TokenLifetime"

	PolicyETag       ID = "PolicyETag"
	UntouchedPolicy  ID = "UntouchedPolicy"
	PolicyVersion    ID = "PolicyVersion"
	PolicySize       ID = "PolicySize"
	PolicyMembers    ID = "PolicyMembers"
	PolicyMask       ID = "PolicyMask"
	RefusedMembers   ID = "RefusedMembers"
	EffectivePolicy  ID = "EffectivePolicy"
	TestPermissions  ID = "TestPermissions"
	WildPermissions  ID = "WildPermissions"
	Organizations    ID = "Organizations"
	OrganizationList ID = "OrganizationList"

	ConsumerSearch     ID = "ConsumerSearch"
	ConsumerIdentity   ID = "ConsumerIdentity"
	ConsumerGraph      ID = "ConsumerGraph"
	ConsumerLimit      ID = "ConsumerLimit"
	ConsumerPool       ID = "ConsumerPool"
	PolicyMembersCheck ID = "PolicyMembersCheck"
	PolicyGroupID      ID = "PolicyGroupID"
)

var controlPlane = []Section{
	{"Control plane: requests and replies", []Row{
		{Methods, D, "The fake serves every method below locations.workforcePools, and organizations get, search, getIamPolicy, setIamPolicy and testIamPermissions under v1 and v3, and getEffectiveOrgPolicy under v1. Any other method is 404.", "discovery", "", nil},
		{TokensUndelete, U, "tokens.undelete, which is gone from the newest discovery document, is served.", "discovery", "", []string{"SERVED", "NOT_FOUND"}},
		{ErrorForm, O, "Errors are Google's JSON envelope with code, message, status and details.", "errors", "", nil},
		{NotFound, O, "A name that doesn't exist is 404 NOT_FOUND.", "errors", "", nil},
		{PathSegments, I, "A path segment that is a dot segment or has an escaped slash is 400 INVALID_ARGUMENT.", "", "", nil},
		{Query, I, "A query that doesn't decode, an unknown parameter or a wrong value is 400 INVALID_ARGUMENT.", "parameters", "", nil},
		{Alt, D, "alt=json, prettyPrint and the other common parameters are accepted; another alt is 400. fields has no effect.", "parameters", "", nil},
		{BodyJSON, I, "A body that is malformed, isn't UTF-8 or nests deeper than 100 levels is 400 INVALID_ARGUMENT.", "protojson", "", nil},
		{BodyFields, I, "Unknown fields, wrong types, unknown enumeration values and names given twice are 400 INVALID_ARGUMENT with their places; snake_case names are accepted; output-only fields are ignored.", "protojson", "", nil},
		{BodySize, I, "A body has at most 1 MiB; a larger one is 413.", "", "", nil},
		{BodyType, I, "A body is application/json or has no type; any other type is 400.", "", "", nil},
		{PageSizes, D, "Pages of pools, providers and tenants have 50 items of at most 100, of keys 10, of tokens 2; a larger size is cut; the last page has no token.", "discovery", "", nil},
		{TokenPages, I, "A page has at most 100 tokens; lists are in the order of names; an empty list is {}.", "", "", nil},
		{PageSize, I, "A negative page size is 400 INVALID_ARGUMENT.", "aip 158", "", nil},
		{PageToken, I, "A page token of another list is 400 INVALID_ARGUMENT.", "aip 158", "", nil},
		{UpdateMask, D, "updateMask is required for pools and providers and optional for tenants and tokens.", "discovery", "", nil},
		{NoUpdateMask, I, "Without a mask the fields of the body are taken.", "aip 134", "", nil},
		{MaskPaths, I, "Unknown and output-only paths in a mask are 400 INVALID_ARGUMENT.", "aip 161", "", nil},
		{QuotaProject, D, "X-Goog-User-Project needs serviceusage.services.use: 403 USER_PROJECT_DENIED.", "parameters", "WithDeniedPermissions", nil},
		{Permissions, I, "The caller isn't authenticated and may do everything; a denied permission is 403 with an ErrorInfo that names it.", "audit", "WithDeniedPermissions", nil},
		{PermissionNames, U, "The permissions for tokens.undelete, revokeSessions and the allow policies of tenants are named like the others.", "audit", "", nil},
		{Location, I, "The only location is global; creating in another one is 400, reading there 404.", "discovery", "", nil},
		{Date, I, "The Date header is the server's clock.", "", "WithClock", nil},
	}},
	{"Operations and replication", []Row{
		{Operations, D, "Writes to pools, providers, keys and subjects reply with an operation, writes to tenants and tokens with the resource.", "audit", "", nil},
		{OperationForm, O, "An operation has a name and later done, and no response.", "terraform", "", nil},
		{OperationMetadata, U, "An operation has no metadata.", "terraform", "", []string{"ABSENT", "PRESENT"}},
		{OperationDone, I, "An operation is done at its first poll.", "", "WithOperationPolls", nil},
		{Replication, O, "Reads lag behind writes by up to 80 seconds; off by default.", "gcloud", "WithReplicationLag", nil},
		{FreshResource, U, "Until it has replicated, a resource is 404, a token doesn't authenticate and a binding has no effect.", "gcloud", "", []string{"NOT_FOUND", "PERMISSION_DENIED"}},
		{FreshOperation, U, "Until it has replicated, an operation is 404.", "gcloud", "", []string{"NOT_FOUND", "PERMISSION_DENIED", "PENDING"}},
		{WritesAtOnce, I, "Writes see each other at once: creating over a name that can't be read yet is 409, changing it is refused like a read.", "", "", nil},
	}},
	{"Life cycle", []Row{
		{SoftDelete, D, "A delete is soft for 30 days: the resource is listed with showDeleted, can be read and undeleted, and can't be changed.", "discovery", "", nil},
		{NameTaken, O, "Creating over a live or soft-deleted name is 409 ALREADY_EXISTS.", "terraform", "", nil},
		{DeletedChange, U, "Changing something soft-deleted, or deleting it again, is 400 FAILED_PRECONDITION.", "discovery", "", []string{"FAILED_PRECONDITION", "NOT_FOUND"}},
		{UndeleteActive, U, "Undeleting something that isn't deleted is 400 FAILED_PRECONDITION.", "discovery", "", []string{"FAILED_PRECONDITION", "INVALID_ARGUMENT"}},
		{BelowDeleted, I, "Nothing changes below something soft-deleted, hard deletes included: the refusal is that of DeletedChange.", "", "", nil},
		{BelowDeletedPool, U, "Below a soft-deleted pool, providers, keys, tenants and tokens can't be read: 404.", "terraform", "", []string{"NOT_FOUND", "PERMISSION_DENIED", "READABLE"}},
		{Purge, I, "After 30 days a soft-deleted resource is gone, with everything below it.", "discovery", "", nil},
	}},
	{"Pools, providers, keys", []Row{
		{ResourceIDs, D, "IDs follow the documented grammar, without the prefix gcp-.", "discovery", "", nil},
		{PoolFields, D, "A pool's display name has at most 32 characters, its description 256.", "discovery", "", nil},
		{PoolParent, D, "A pool's parent is organizations/N and required; an organization that isn't served is 403.", "discovery", "", nil},
		{SessionDuration, D, "A session lasts 900s to 43200s, both included, and 3600s by default.", "discovery", "", nil},
		{PoolImmutable, D, "A pool's parent and allowed services can't change.", "discovery", "", nil},
		{ProviderFields, D, "A provider's display name has at most 32 characters, its description 256, its condition 4096.", "discovery", "", nil},
		{MappingKeys, D, "An attribute mapping has google.subject, the documented keys, and at most 50 keys attribute.X; expressions have at most 2048 characters.", "discovery", "", nil},
		{ProviderCEL, I, "Expressions of the attribute mapping must parse and be strings as far as it shows (google.groups also lists), conditions must be booleans.", "wif", "", []string{"CHECKED", "UNCHECKED"}},
		{OIDCFields, D, "An OIDC provider needs an https issuer, a client ID and its web sign-in.", "discovery", "", nil},
		{SAMLFields, D, "A SAML provider needs metadata of at most 128k characters; the fake looks only whether it is XML.", "discovery", "", nil},
		{ProviderType, I, "A provider has one of oidc and saml, and can't change between them.", "discovery", "", nil},
		{OAuthClient, D, "An OAuth client of extra or extended attributes needs issuer, client ID, secret and attribute type.", "discovery", "", nil},
		{ClientSecrets, D, "Client secrets are read as thumbprints, here of 16 hexadecimal digits.", "discovery", "", nil},
		{UsageConflict, U, "scimUsage beside extended attributes, or ENABLED_FOR_USERS_GROUPS beside extra attributes, is 400 INVALID_ARGUMENT with the documented text.", "troubleshooting", "", []string{"INVALID_ARGUMENT", "FAILED_PRECONDITION"}},
		{SecondUsage, U, "scimUsage on a second provider of a pool is 400 FAILED_PRECONDITION.", "scim", "", []string{"FAILED_PRECONDITION", "INVALID_ARGUMENT"}},
		{UsageNoTenant, D, "scimUsage is accepted without a SCIM tenant; sign-in then fails.", "troubleshooting", "", nil},
		{KeyFields, D, "A key needs its use and its specification; it has no cryptography here.", "discovery", "", nil},
	}},
	{"Subjects and sign-in", []Row{
		{Subjects, U, "Every subject ID of a pool exists, as if it had signed in.", "discovery", "", nil},
		{DeletedSubject, D, "A deleted subject can't be deleted again and can't sign in for 30 days; it can be undeleted.", "discovery", "", nil},
		{ActiveSubject, U, "Undeleting a subject that isn't deleted is 400 FAILED_PRECONDITION.", "discovery", "", []string{"FAILED_PRECONDITION", "INVALID_ARGUMENT"}},
		{RevokeReply, U, "revokeSessions replies with an operation.", "discovery", "", []string{"OPERATION", "EMPTY"}},
		{SignIn, D, "A sign-in maps the assertion and checks the condition, with the documented texts of failures.", "troubleshooting", "", nil},
		{SignInUser, D, "With ENABLED_FOR_USERS_GROUPS the sign-in needs an active SCIM user with the same google.subject.", "troubleshooting", "", nil},
		{SignInGroups, D, "With a scimUsage the groups are the mapped values of the user's direct SCIM groups instead of google.groups.", "discovery", "", nil},
		{InactiveMembers, U, "With ENABLED_FOR_GROUPS the groups of an inactive user count.", "troubleshooting", "", []string{"COUNT", "NONE"}},
	}},
	{"SCIM tenants", []Row{
		{SecondTenant, U, "A second SCIM tenant in a pool, soft-deleted ones included, is 400 FAILED_PRECONDITION.", "scim", "", []string{"FAILED_PRECONDITION", "ALREADY_EXISTS"}},
		{HardDelete, D, "A hard delete frees the pool at once, also of a soft-deleted tenant.", "troubleshooting", "", nil},
		{HardDeleteInUse, U, "A hard delete is allowed while the provider has a scimUsage.", "entra", "", []string{"ALLOWED", "FAILED_PRECONDITION"}},
		{TenantFields, D, "A tenant's display name has at most 32 characters, its description 256.", "discovery", "", nil},
		{TenantUID, U, "A tenant's UID is 20 lower-case letters and digits.", "discovery", "", []string{"LETTERS", "DIGITS", "UUID"}},
		{BaseURISlash, U, "The base URI is …/v1alpha1/tenants/UID on the host it is read by, without a slash at its end.", "entra", "", []string{"NO", "YES"}},
		{ServiceAgent, D, "The service agent is o-ORGANIZATION-UID@gcp-sa-iamscim.iam.gserviceaccount.com.", "discovery", "", nil},
		{AgentBindings, U, "The service agent's bindings stay when its tenant goes.", "", "", nil},
		{ClaimMapping, D, "google.subject is required; google.subject and google.group take the expressions of SupportedExpressions, in that spelling.", "scim", "", nil},
		{MissingGroupRule, U, "A claim mapping without google.group is 400 INVALID_ARGUMENT.", "scim", "", []string{"INVALID_ARGUMENT", "ALLOWED"}},
		{OpenRules, D, "A claim mapping has the documented keys and at most 50 rules attribute.KEY of at most 256 characters.", "scim", "", nil},
		{OpenRuleForm, I, "The rules beyond google.subject and google.group must parse as CEL over user.", "scim", "", nil},
		{ClaimMappingChange, U, "Changing the claim mapping, which is immutable, is 400 INVALID_ARGUMENT.", "discovery", "", []string{"INVALID_ARGUMENT", "FAILED_PRECONDITION", "IGNORED"}},
	}},
	{"SCIM tokens", []Row{
		{ThirdToken, U, "A third token of a tenant is 400 FAILED_PRECONDITION.", "scim", "", []string{"FAILED_PRECONDITION", "RESOURCE_EXHAUSTED", "INVALID_ARGUMENT"}},
		{DeletedTokenCounts, U, "A soft-deleted token isn't one of the two.", "scim", "", []string{"NO", "YES"}},
		{TokenFields, D, "A token's display name has at most 32 characters.", "discovery", "", nil},
		{TokenOnce, D, "A token's value is in the reply to its create and nowhere else.", "discovery", "", nil},
		{TokenForm, U, "A token's value is fake- and 64 hexadecimal digits.", "", "", []string{"SHORT", "LONG"}},
		{TokenLifetime, U, "Tokens don't expire.", "troubleshooting", "WithTokenLifetime", nil},
	}},
	{"Allow policies and organizations", []Row{
		{PolicyETag, D, "A stale etag is 409 ABORTED; without an etag the policy is overwritten; the default mask is bindings and etag.", "allow", "", nil},
		{UntouchedPolicy, I, "A policy that was never set has the etag ACAB.", "", "", nil},
		{PolicyVersion, D, "Versions are 0, 1 and 3. Without conditions a policy is version 1; with conditions and less than 3 asked for, their roles are renamed.", "allow", "", nil},
		{PolicySize, D, "A policy has at most 1,500 principals.", "quotas", "", nil},
		{PolicyMembers, I, "Members and roles have a known form; a condition has an expression.", "allow", "", nil},
		{PolicyMask, I, "A mask names bindings, etag, auditConfigs or version.", "crm", "", nil},
		{RefusedMembers, O, "An organization policy can refuse members: 400 FAILED_PRECONDITION with the constraint.", "foundation", "WithRefusedMembers", nil},
		{EffectivePolicy, I, "getEffectiveOrgPolicy knows constraints/iam.allowedPolicyMemberDomains: everybody is allowed, or the organization's customer alone where members are refused.", "crm", "WithRefusedMembers", nil},
		{TestPermissions, D, "testIamPermissions of a resource that doesn't exist is empty, not 404.", "discovery", "", nil},
		{WildPermissions, D, "testIamPermissions refuses wildcards.", "crm", "", nil},
		{Organizations, I, "An organization that isn't served is 403.", "crm", "WithOrganization", nil},
		{OrganizationList, D, "organizations.search finds the organizations the caller may get, by domain or customer ID.", "crm", "", nil},
	}},
	{"Consumer of the directory: Discovery Engine", []Row{
		{ConsumerSearch, D, "completeExternalIdentities finds users by the beginning of work email, given and family name and of each word of displayName, and groups by each word of displayName, in any case.", "discoveryengine", "", nil},
		{ConsumerIdentity, D, "An identity has the evaluated google.subject or google.group in subject, the externalId, and the work email in primaryEmail.", "discoveryengine", "", nil},
		{ConsumerGraph, I, "Without useScimIdentities nothing is found: Microsoft Graph would be asked.", "discoveryengine", "", nil},
		{ConsumerLimit, U, "At most 100 identities are found, 6 by default, half of them groups if there are as many.", "discoveryengine", "", nil},
		{ConsumerPool, I, "Every project and engine exists and belongs to the first pool with a SCIM tenant; aclConfig names it.", "discoveryengine", "", nil},
		{PolicyMembersCheck, D, "checkFeaturePolicyMembers checks 1 to 100 members; directorySource is SCIM if a provider of the pool has a scimUsage; an unknown group is INVALID_ARGUMENT.", "discoveryengine", "", nil},
		{PolicyGroupID, U, "The ID of a group member is the value mapped to google.group.", "discoveryengine", "", []string{"MAPPED", "RESOURCE"}},
	}},
}
