package entratest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

//go:generate go test -run ^TestBehaviorsPage$ . -update-behaviors

// rule is the ID of a row of BEHAVIORS.md.
type rule string

// The rows that refuse requests.
const (
	ruleMethods       rule = "Methods"
	ruleBodySize      rule = "BodySize"
	ruleBodyType      rule = "BodyType"
	ruleBodyJSON      rule = "BodyJSON"
	ruleNotFound      rule = "NotFound"
	ruleQuery         rule = "Query"
	ruleFilter        rule = "Filter"
	ruleSelect        rule = "Select"
	rulePaging        rule = "Paging"
	ruleAdvancedQuery rule = "AdvancedQuery"
	rulePermissions   rule = "Permissions"
	ruleTokens        rule = "Tokens"
	ruleTokenErrors   rule = "TokenErrors"
	ruleThrottling    rule = "Throttling"
	ruleLatePrincipal rule = "LatePrincipal"
	ruleInstantiate   rule = "Instantiate"
	ruleAssignments   rule = "Assignments"
	ruleJobCreate     rule = "JobCreate"
	ruleRestart       rule = "Restart"
	ruleSchemaPut     rule = "SchemaPut"
	ruleSecretsPut    rule = "SecretsPut"
	ruleValidate      rule = "Validate"
	ruleConnections   rule = "Connections"
	ruleOnDemand      rule = "OnDemand"
)

// behavior is a row of BEHAVIORS.md: what the fake does, and how sure that is.
type behavior struct {
	id     rule
	mark   string // D, O, I or U
	text   string
	source string // a key of sources, "" for none
	option string // the function that changes it, "" for none
}

type section struct {
	title string
	rows  []behavior
}

// sources are the pages behind the rows.
var sources = map[string]string{
	"graph":       "https://learn.microsoft.com/graph/api/overview, the page of each method",
	"errors":      "https://learn.microsoft.com/graph/errors",
	"paging":      "https://learn.microsoft.com/graph/paging",
	"advanced":    "https://learn.microsoft.com/graph/aad-advanced-queries",
	"throttling":  "https://learn.microsoft.com/graph/throttling-limits",
	"oauth":       "https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow",
	"claims":      "https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference",
	"guide":       "https://learn.microsoft.com/entra/identity/app-provisioning/application-provisioning-configuration-api",
	"scim":        "https://learn.microsoft.com/entra/identity/app-provisioning/use-scim-to-provision-users-and-groups",
	"flag":        "https://learn.microsoft.com/entra/identity/app-provisioning/application-provisioning-config-problem-scim-compatibility",
	"works":       "https://learn.microsoft.com/entra/identity/app-provisioning/how-provisioning-works",
	"quarantine":  "https://learn.microsoft.com/entra/identity/app-provisioning/application-provisioning-quarantine-status",
	"deletions":   "https://learn.microsoft.com/entra/identity/app-provisioning/accidental-deletions",
	"skip":        "https://learn.microsoft.com/entra/identity/app-provisioning/skip-out-of-scope-deletions",
	"ondemand":    "https://learn.microsoft.com/entra/identity/app-provisioning/provision-on-demand",
	"connections": "https://learn.microsoft.com/entra/identity/app-provisioning/manage-object-connections",
	"logs":        "https://learn.microsoft.com/entra/identity/monitoring-health/concept-provisioning-logs",
	"azuread":     "the provider hashicorp/azuread of Terraform, internal/services/synchronization",
}

// table is every row, in the order of the page.
func table() []section { return []section{graphRows, engineRows} }

var graphRows = section{"Microsoft Graph", []behavior{
	{ruleMethods, "D", "The methods of the package comment are served below /v1.0 and /beta; object connections below /beta only. Other paths are 400, other verbs 405.", "graph", ""},
	{"ErrorBody", "D", "Errors have a code, a message and an innerError with request-id and date; every reply has the header request-id.", "errors", ""},
	{ruleBodyJSON, "I", "A body that isn't JSON, or has another type in a field, is 400. Unknown fields are ignored.", "", ""},
	{ruleBodyType, "I", "A body that isn't application/json is 415.", "", ""},
	{ruleBodySize, "I", "A body has at most 8 MiB; a larger one is 413.", "", ""},
	{ruleNotFound, "D", "What doesn't exist is 404 Request_ResourceNotFound; a job is 404 too.", "errors", ""},
	{ruleQuery, "I", "A query parameter that the fake doesn't know is 400.", "", ""},
	{ruleFilter, "D", "Filters have eq, gt, lt, ge, le, contains and startswith, joined by and.", "graph", ""},
	{"FilterCase", "I", "Filters are case-sensitive everywhere. For the provisioning log, this is documented.", "graph", ""},
	{ruleSelect, "D", "An unknown property in $select is 400.", "graph", ""},
	{rulePaging, "D", "@odata.nextLink leads to the next page. A $top or a token that isn't possible is 400.", "paging", ""},
	{"PageSize", "O", "A page has 100 items, with $top up to 999.", "paging", "WithPageSize"},
	{ruleAdvancedQuery, "D", "Casts and $count need ConsistencyLevel: eventual and $count=true on every page; @odata.count is on the first page only.", "advanced", ""},
	{ruleTokenErrors, "D", "Wrong client credentials, an unknown tenant or app, another grant or scope are refused with an AADSTS code.", "oauth", ""},
	{ruleTokens, "D", "A request without a token, or with an expired one, is 401 InvalidAuthenticationToken.", "errors", ""},
	{"TokenClaims", "D", "A token is a JWT with tid, appid and roles. Nobody has signed this one.", "claims", ""},
	{"TokenClock", "I", "A token lasts for 3,599 seconds of the clock; Advance doesn't age it.", "", "WithClock"},
	{rulePermissions, "D", "A call without its application permission is 403 Authorization_RequestDenied. Application.ReadWrite.OwnedBy counts for the apps that the caller made.", "graph", "Revoke"},
	{"PermissionsAtOnce", "I", "A permission is gone at once; tokens that were issued don't keep it.", "", "Revoke"},
	{ruleThrottling, "D", "More resource units than an app has, 5 reports or on-demand calls, in 10 seconds, or 3,000 writes in 150 seconds are 429 with Retry-After and the throttling headers. Refused calls count.", "throttling", "WithResourceUnits"},
	{"Users", "D", "Users and groups are read as in the directory; deleted users are below /directory/deletedItems for 30 days. A user has eleven properties without $select.", "graph", ""},
	{"DeletedName", "O", "The userPrincipalName of a deleted user begins with the ID without hyphens.", "graph", ""},
	{ruleInstantiate, "D", "An application template makes an application and its service principal. Below /beta, ids are named objectId. A second call makes a second app.", "graph", ""},
	{ruleLatePrincipal, "O", "A new service principal is 404 and absent from lists for a while, and writes to its synchronization are 403; off by default.", "azuread", "WithLatePrincipal"},
	{"CustomRoles", "D", "A custom app has the app roles User and msiam_access.", "graph", ""},
	{ruleAssignments, "I", "An assignment needs a role of the app, or default access; a second one of the same kind is 400.", "graph", ""},
	{"AssignmentLag", "D", "Provisioning sees a new assignment after minutes; at once by default.", "ondemand", "WithAssignmentLag"},
	{ruleJobCreate, "D", "A custom app has the template scim; its jobs begin with scim. Any other templateId is 400.", "flag", ""},
	{"SecondJob", "I", "A second job of an app is allowed.", "", ""},
	{"JobCode", "I", "A job is NotConfigured without credentials, NotRun until its first cycle, then Active or Paused; Quarantine wins. The schedule is Disabled, Active or Paused.", "graph", ""},
	{"RestartScopes", "D", "An empty restart resets QuarantineState, Watermark and Escrows. Full also forgets the object connections.", "graph", ""},
	{ruleRestart, "I", "None and ConnectorDataStore, which callers aren't to use, are 400.", "", ""},
	{"Schema", "D", "PUT replaces the whole schema, and the next cycle reads everything.", "guide", ""},
	{"SchemaBytes", "I", "GET returns the bytes that were put.", "", ""},
	{ruleSchemaPut, "I", "Expressions, operators and objects that the fake doesn't evaluate are 400.", "", ""},
	{ruleSecretsPut, "I", "PUT replaces all secrets; unknown keys are 400. The service isn't asked.", "guide", ""},
	{"SecretsGet", "I", "GET shows * in place of what is secret. PUT of it stores it.", "", ""},
	{ruleValidate, "U", "Credentials that don't work are 400 CredentialValidationUnavailable with the portal's code in the message.", "", ""},
	{ruleConnections, "D", "An object connection is found by the ID of either side, 404 if there is none. Listing is 400. DELETE is 204 also if there is none, and 409 while the job is active.", "connections", ""},
	{ruleOnDemand, "D", "provisionOnDemand is 200 with the verdict in a text. One user, or one group with at most 5 of its members; else 400. 5 requests in 10 seconds.", "ondemand", ""},
	{"Logs", "D", "The provisioning log has a row per object and cycle in which something was to be done.", "logs", ""},
	{"LogCodes", "I", "Rows of failures have the portal's error codes, as InvalidAnchor, and a recommendation in words of the fake's own.", "", ""},
	{"LogSize", "I", "At least the newest 5,000 rows are kept, and a skip has one row until something changes.", "", ""},
}}

var engineRows = section{"Provisioning", []behavior{
	{"TestConnection", "D", "Test connection asks for a user that can't exist, by the matching attribute, and expects an empty ListResponse.", "scim", ""},
	{"TestGroups", "I", "It asks for a group in the same way.", "scim", ""},
	{"TenantURL", "I", "The query of the tenant URL isn't sent.", "", ""},
	{"Cycle", "D", "Cycles begin every 40 minutes, the first when the job is started. The first reads everybody, the next ones what changed.", "works", "Advance"},
	{"Scope", "D", "Assigned users, assigned groups and their direct members are in scope; nested groups aren't read. SyncAll takes everybody. Groups must be security-enabled. Scoping filters hold for users and groups.", "works", ""},
	{"Guests", "D", "Of a guest's userPrincipalName, #EXT# and the domain are left out, and the name is ALIAS@DOMAIN again; originalUserPrincipalName has all of it.", "works", ""},
	{"SoftDeleted", "D", "IsSoftDeleted is True for who is out of scope, disabled or soft-deleted.", "works", ""},
	{"Matching", "D", "Objects are matched by the matching attributes, lowest priority first, with eq filters; the target's ID is kept from then on.", "works", ""},
	{"CreateForm", "D", "A create has explicit nulls, roles [], one primary work e-mail, and for groups Microsoft's URN; a group is created without members.", "scim", ""},
	{"PatchForm", "D", "With aadOptscim062020, operations are lower-case, booleans are booleans, value paths are operations of their own and the rest is one replace without a path. Without it, each attribute is an operation with a capital letter and booleans are texts.", "flag", ""},
	{"PatchSingle", "I", "With the flag, one attribute alone has a path; an attribute without a value before is add, one that loses its value is remove.", "flag", ""},
	{"MemberForm", "D", "Members are added by add with a list of values. With the flag, removal has a value path; without it, a list of values.", "flag", ""},
	{"MembersPerPatch", "U", "One PATCH adds at most 10 members and removes one.", "", "WithMembersPerPatch"},
	{"ManagerForm", "I", "With the flag, the manager is an operation with the URN's path and the ID; without it, it's the documented list.", "scim", ""},
	{"References", "D", "Managers and members are sent after users and groups.", "works", ""},
	{"Update", "I", "In an incremental cycle an object is read and compared if what the mappings make of it changed; in an initial cycle every object is.", "works", ""},
	{"MemberState", "I", "The engine knows whom it has added. In an initial cycle, it asks for each member by the filter.", "", ""},
	{"Disable", "D", "Who leaves the scope, is disabled or is soft-deleted is updated to inactive; who is hard-deleted, 30 days later, is deleted.", "works", ""},
	{"GroupDelete", "I", "A group that leaves the scope or is deleted is deleted in the target.", "", ""},
	{"SkipOutOfScope", "D", "With SkipOutOfScopeDeletions True, who leaves the scope isn't disabled.", "skip", ""},
	{"NoCreate", "O", "Who is disabled or soft-deleted isn't created.", "ondemand", ""},
	{"Escrow", "D", "An object that failed is tried again with back-off, up to a day.", "works", ""},
	{"EscrowTimes", "I", "The first attempt is after 40 minutes; then it takes twice as long each time.", "", ""},
	{"StaleLink", "U", "An object that is gone from the target fails with InvalidAnchor until its connection is removed; the page about quarantine reads as if the job went there at once.", "logs", "WithStaleQuarantine"},
	{"QuarantineAtOnce", "D", "Rejected credentials and 404 for a collection end the cycle and put the job in quarantine.", "quarantine", ""},
	{"QuarantineSilence", "I", "Five requests in a row without a reply do so too.", "", ""},
	{"QuarantineThresholds", "D", "From 5,000 failures on, more than 40% failed, or more than 40,000 objects, or 60,000 with references are quarantine.", "quarantine", "WithEscrowThresholds"},
	{"QuarantineRetries", "D", "In quarantine, cycles follow after 6 hours, 12 and 24 hours after the first failure, then daily. After 28 days the job is disabled. A good cycle ends it.", "quarantine", ""},
	{"QuarantineError", "U", "The error of a quarantine by credentials has the portal's code.", "", ""},
	{"StartUnconfigured", "U", "A job without credentials can be started; its first cycle puts it in quarantine.", "", ""},
	{"DeleteThreshold", "D", "More deletes and disables in a cycle than the threshold: they aren't sent, each has a row StagedDelete, and the job is in quarantine with TooManyDeletes. A restart with ForceDeletes sends them.", "deletions", ""},
	{"OnDemandForm", "D", "On-demand provisioning uses the forms without the flag.", "flag", ""},
	{"OnDemandVerdict", "D", "The verdict is Success, Failure, or Skipped with RedundantExport (equal already) or NotEffectivelyEntitled (not assigned, disabled, out of scope).", "ondemand", ""},
	{"ErrorCodes", "D", "Rows of the log have the documented error codes.", "logs", ""},
	{"Replies", "I", "A reply of the SCIM service is read up to 1 MiB, redirects are not followed, and a request ends after 30 seconds.", "", "WithSCIMTimeout"},
}}

// behaviorsPage is BEHAVIORS.md.
func behaviorsPage() string {
	var b strings.Builder
	b.WriteString(`# Behaviors of the in-memory Entra ID

<!-- Generated by go generate from the table in behaviors.go. DO NOT EDIT. -->

What the fake does, and how sure that is:

- D: documented by Microsoft
- O: observed in public: other clients' source
- I: inferred from what is documented
- U: unknown: the fake had to choose

Nothing here was tried against the real service. A request that the fake refuses names its row in
` + "`Server.Requests`" + `.
`)
	for _, s := range table() {
		fmt.Fprintf(&b, "\n## %s\n\n| ID | | Behavior | Changed by | Source |\n| --- | --- | --- | --- | --- |\n", s.title)
		for _, row := range s.rows {
			option := row.option
			if option != "" {
				option = "`" + option + "`"
			}
			fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", row.id, row.mark, row.text, option, row.source)
		}
	}
	b.WriteString("\n## Sources\n\n")
	for _, key := range slices.Sorted(maps.Keys(sources)) {
		fmt.Fprintf(&b, "- %s: %s\n", key, sources[key])
	}
	return b.String()
}
