// Package doctor is what the doctor of package provision knows and reads: the codes of
// its findings, the commands that come next, and a sample of a directory. What it
// concludes is in package provision.
package doctor

// The codes, in order. Table says what each is. A code is never used again for
// something else.
const (
	Credentials     = "SCIM100"
	MayNotRead      = "SCIM101"
	MayNotChange    = "SCIM102"
	NoAnswer        = "SCIM103"
	PoolMissing     = "SCIM110"
	PoolDisabled    = "SCIM111"
	PoolDeleted     = "SCIM112"
	PoolElsewhere   = "SCIM113"
	ProvMissing     = "SCIM120"
	ProvDisabled    = "SCIM121"
	ProvDeleted     = "SCIM122"
	NoTenant        = "SCIM130"
	TenantDeleted   = "SCIM131"
	TenantElse      = "SCIM132"
	MapInvalid      = "SCIM140"
	MapInconsistent = "SCIM141"
	MapUnproven     = "SCIM142"
	Unconfirmed     = "SCIM143"
	NoToken         = "SCIM150"
	TwoTokens       = "SCIM151"
	OldToken        = "SCIM152"
	StoreEmpty      = "SCIM153"
	DeadToken       = "SCIM154"
	UnknownToken    = "SCIM155"
	StaleRecord     = "SCIM156"
	StoreFails      = "SCIM157"
	NoRole          = "SCIM160"
	Conditional     = "SCIM161"
	DeletedAgent    = "SCIM162"
	Constrained     = "SCIM163"

	Rejected     = "SCIM200"
	Unknown      = "SCIM201"
	Throttled    = "SCIM202"
	Unreachable  = "SCIM203"
	Empty        = "SCIM210"
	NotArrived   = "SCIM211"
	NoGroups     = "SCIM212"
	Inactive     = "SCIM213"
	AllInactive  = "SCIM214"
	EmailRule    = "SCIM215"
	Unmappable   = "SCIM216"
	NoGroupAtAll = "SCIM217"

	IDPSilent      = "SCIM300"
	NoJob          = "SCIM301"
	Stopped        = "SCIM302"
	Quarantined    = "SCIM303"
	Credential     = "SCIM304"
	Flag           = "SCIM305"
	Deletions      = "SCIM306"
	Scope          = "SCIM307"
	Failures       = "SCIM308"
	PushesElse     = "SCIM309"
	Setting        = "SCIM310"
	LastSuccess    = "SCIM311"
	ByHand         = "SCIM312"
	ScopeOfPerson  = "SCIM313"
	FirstCycle     = "SCIM314"
	PersonNotThere = "SCIM315"

	UsageOff       = "SCIM400"
	UsageNoTenant  = "SCIM401"
	UsageEmpty     = "SCIM402"
	UsageElsewhere = "SCIM403"
	UsageExcluded  = "SCIM404"
	UsageDiffers   = "SCIM405"
	TooEarly       = "SCIM406"
	GroupBindings  = "SCIM407"
)

// The severities, the gravest first.
const (
	Error   = "error"
	Warning = "warning"
	Info    = "info"
)

// Row is what there is to say about a code. docs/doctor.md is written from it.
type Row struct {
	Code     string
	Severity string
	Title    string
	Means    string // what follows from it
	Look     string // what the doctor looked at
	Mend     string // what to do
}

// Table has all codes, in order. After a change run
// go test ./provision -run TestDoctorPage -update.
var Table = []Row{
	{Credentials, Error, "The caller's credentials aren't accepted",
		"Nothing of this service was looked at.",
		"A read was answered with 401.",
		"Log in again, or give the program a service account that exists. The API of the service must be enabled in the quota project."},
	{MayNotRead, Error, "The caller may not read a part of the set-up",
		"What the permission protects wasn't looked at.",
		"A read was answered with 403, or testIamPermissions on the pool, the tenant or the organization doesn't have the permission. The service has no such method for providers, so those of the pool are asked for.",
		"Grant the role to the principal that runs the doctor. `roles/iam.workforcePoolAdmin` has everything on pools, providers, tenants and tokens. The organization's policy takes `resourcemanager.organizations.getIamPolicy`, which `roles/iam.securityReviewer` and `roles/resourcemanager.organizationAdmin` have. If the pool doesn't exist, the service may answer the same: check the name."},
	{MayNotChange, Info, "The caller may not change a part of the set-up",
		"The doctor doesn't need it. `Apply`, a rotation or a teardown by the same principal would be refused.",
		"testIamPermissions doesn't have the permission, and no read shows that it doesn't know permissions of this kind. Google's list of roles of May 2026 has none of the permissions on tenants and tokens.",
		"Nothing, if another principal makes changes. Otherwise grant the role."},
	{NoAnswer, Error, "Google Cloud doesn't answer",
		"What the service would have said wasn't looked at.",
		"A read failed: no connection, a 5xx, a 429, or a reply that isn't one.",
		"Run the doctor again. It repeats nothing unless it's told to wait."},

	{PoolMissing, Error, "The workforce pool doesn't exist",
		"There is nothing to sign in with.",
		"GET of the pool was answered with 404.",
		"Check the name. `gcloud iam workforce-pools list --organization=ORGANIZATION_ID --location=global` lists those of an organization. A new pool is visible within two minutes."},
	{PoolDisabled, Error, "The workforce pool is disabled",
		"Nobody can sign in through any provider of the pool.",
		"`disabled` of the pool is true.",
		"Enable it, if nobody has disabled it on purpose."},
	{PoolDeleted, Error, "The workforce pool is soft-deleted",
		"Nobody can sign in. Its providers and tenants can't be read, and are gone for good at the time that is named.",
		"`state` of the pool is DELETED.",
		"Undelete it before that time."},
	{PoolElsewhere, Error, "The workforce pool is in another organization",
		"The role of the service agent and the bindings of groups belong to that organization. IDs of pools are unique in all of Google Cloud, so this is usually a wrong ID.",
		"`parent` of the pool isn't the organization of the request.",
		"Use the pool's own organization, or the right pool."},

	{ProvMissing, Error, "The provider doesn't exist",
		"Nobody can sign in with it, and there is nothing below it.",
		"GET of the provider was answered with 404. The evidence lists the providers that the pool has.",
		"Check the name. A new provider is visible within two minutes."},
	{ProvDisabled, Error, "The provider is disabled",
		"Nobody can sign in with it.",
		"`disabled` of the provider is true.",
		"Enable it, if nobody has disabled it on purpose."},
	{ProvDeleted, Error, "The provider is soft-deleted",
		"Nobody can sign in with it. It keeps its tenant, and so blocks the pool.",
		"`state` of the provider is DELETED.",
		"Undelete it before the time that is named."},

	{NoTenant, Error, "There is no SCIM tenant",
		"There is no directory to push into.",
		"No provider of the pool has a tenant, deleted ones included.",
		"Create it. Compare the claim mapping with the provider's attribute mapping before: it can never be changed. `scimctl plan` does."},
	{TenantDeleted, Error, "The SCIM tenant is soft-deleted",
		"Nobody can push into it or read it, and it blocks its pool for another tenant.",
		"`state` of the tenant is DELETED.",
		"Undelete it before the time that is named: users, groups and tokens come back. Or hard-delete it, which frees the pool at once and can't be undone."},
	{TenantElse, Error, "The pool's tenant belongs to another provider",
		"A pool has at most one tenant, a soft-deleted one included. This provider can't have one.",
		"The tenants of all providers of the pool were listed.",
		"Use the provider that has the tenant. Or hard-delete the tenant, once nobody needs its directory."},

	{MapInvalid, Error, "A mapping is invalid",
		"It can't work for anybody, or this module doesn't know the expression to be supported. Under ENABLED_FOR_USERS_GROUPS people see \"Failed to map attributes from the given credential with SCIM Tenant config.\"",
		"The claim mapping of the tenant and the attribute mapping of the provider.",
		"Correct the attribute mapping of the provider. A wrong claim mapping takes another tenant: `scimctl apply` replaces it, with a word of yours."},
	{MapInconsistent, Error, "The mappings name different people",
		"`google.subject` of the token isn't `google.subject` of the provisioned user. People sign in and are in no group, or can't sign in at all.",
		"The attribute mapping of the provider was compared with the claim mapping of the tenant.",
		"Change the attribute mapping of the provider, if other bindings don't depend on it. Otherwise replace the tenant."},
	{MapUnproven, Warning, "Nobody can say whether the mappings name the same people",
		"It may work, and nothing here can show it.",
		"The attribute mapping of the provider was compared with the claim mapping of the tenant.",
		"Try it with somebody's claims: `scimctl explain -claims`. Then accept it in the spec (`acceptUnproven`)."},
	{Unconfirmed, Warning, "Nobody has confirmed a setting of the identity provider",
		"The two mappings name the same people only if it holds. Google's side doesn't show it.",
		"The settings that the comparison requires, without those that the identity provider's program reads back, that hold by default, or that the spec accepts.",
		"Look at the setting in the identity provider's console, and add its ID to `accept` of the spec."},

	{NoToken, Error, "The tenant has no token",
		"The identity provider can't push.",
		"No token of the tenant is active.",
		"Create a token and give it to the identity provider. A deleted token keeps its ID for 30 days."},
	{TwoTokens, Warning, "The tenant has had two tokens for long",
		"Two is the most. The next rotation has no place for a new one, and a secret that nobody uses still works.",
		"Both are active, and the younger one is older than the limit (`Thresholds.TwoTokens`). The age is known of tokens that this module made.",
		"Find out which one the identity provider uses. Finish the rotation, or delete the other one."},
	{OldToken, Warning, "A token is old",
		"Whoever has ever read the secret can write to the directory.",
		"The ID of a token that this module made says when. It's older than the limit (`Thresholds.TokenAge`).",
		"Rotate it. The identity provider is never without a token."},
	{StoreEmpty, Warning, "The token store is empty",
		"Nobody but the identity provider has the secret: access can't be checked, and a rotation must be told which token is in use.",
		"The store has no record or a record without a token, and the tenant has a token.",
		"Name the token in the spec: `adopt` takes it in, and `replaceToken` replaces it."},
	{DeadToken, Error, "The store's token is dead",
		"The identity provider has the same token, and can't push.",
		"The token in the store isn't among the tenant's active tokens, and isn't so young that it may be invisible.",
		"Replace it. `scimctl apply` makes a new one and hands it over."},
	{UnknownToken, Warning, "The tenant has a token that the store doesn't know",
		"Somebody made it elsewhere. It can write to the directory, and it takes one of two places.",
		"The active tokens were compared with the store's record.",
		"Delete it if nobody uses it. If the identity provider uses it, name it in the spec."},
	{StaleRecord, Error, "The store's record is about a tenant that is gone",
		"Its token is dead. A tenant that was replaced has another UID.",
		"Tenant and UID in the record were compared with the pool's tenant.",
		"`scimctl apply` clears the record and makes a token. Give each tenant a store of its own."},
	{StoreFails, Error, "The token store can't be read",
		"Access can't be checked, and no rotation works.",
		"The store returned an error, or something else than a record.",
		"See to the store's permissions. If the record was damaged, replace the token."},

	{NoRole, Error, "The service agent lacks its role",
		"Every push is answered with 403.",
		"The SCIM service answered 403, or the organization's policy doesn't bind `roles/iam.scimSyncer` to the tenant's service agent. A request that succeeds proves the role, whatever the policy says: it can be inherited.",
		"Bind the role on the organization. Google usually does it by itself. An expired token is another documented cause of 403."},
	{Conditional, Error, "The service agent has its role under a condition",
		"The condition doesn't hold for the requests of the SCIM service.",
		"The binding in the organization's policy has a condition, and no request proves that it holds.",
		"Bind the role without a condition."},
	{DeletedAgent, Error, "The role is bound to a deleted account",
		"IAM keeps bindings of accounts that are gone as `deleted:serviceAccount:…?uid=…`. They don't count for an account of the same name.",
		"The organization's policy has such a binding, and none of the account.",
		"Bind the role again."},
	{Constrained, Warning, "An organization policy may refuse the service agent",
		"The role can't be bound while the constraint keeps the agent out, and Google couldn't bind it either. Whether it does isn't known: the constraint can allow Google's service agents.",
		"The role is missing, and `constraints/iam.allowedPolicyMemberDomains` of the organization says who may be in an allow policy. Its successor, `constraints/iam.managed.allowedPolicyMembers`, isn't looked at.",
		"Bind the role. If that is refused with FAILED_PRECONDITION, allow the service agents in the constraint, or bind the role while the constraint doesn't apply."},

	{Rejected, Error, "The token is rejected",
		"The identity provider can't push if it has the same token.",
		"The SCIM service answered 401 to the stored token, though the tenant lists it as active.",
		"Rotate the token. Check that it was copied without white space."},
	{Unknown, Error, "The SCIM service doesn't know the tenant",
		"Nothing is served at the base URI.",
		"The SCIM service answered 404 to the stored token. Some answers to a dead token may look the same: whether that is a 401 isn't documented.",
		"Compare the base URI with the tenant's. A new tenant takes two minutes."},
	{Throttled, Error, "The tenant's quota is used up",
		"The identity provider is refused too: all requests for a tenant share 3,000 per minute.",
		"The SCIM service answered 429.",
		"Wait a minute. Slow down audits and other programs. The quota can be raised in the console."},
	{Unreachable, Error, "The SCIM service can't be reached",
		"What is in the directory wasn't looked at. The identity provider reaches the service by its own way.",
		"There was no whole reply, or one that isn't SCIM's: a proxy, a redirect, a 5xx.",
		"Try the address with curl, from the same host."},
	{Empty, Warning, "The directory is empty",
		"The identity provider hasn't pushed anybody.",
		"GET /Users has no user.",
		"Start provisioning, assign users and groups to the app, and look at the log there. Microsoft Entra ID has a cycle every 40 minutes."},
	{NotArrived, Warning, "Somebody who should be there isn't",
		"Those people are without their groups, or can't sign in.",
		"Each user, group and membership that `Ready` names was looked for.",
		"`scimctl explain` says about one person what both sides have."},
	{NoGroups, Warning, "No sampled user is in a group",
		"Groups have arrived, and their members haven't.",
		"Up to 5 users. If there are few groups, each pair is asked about by the filter that Google documents. Otherwise each user is, by a filter that isn't documented.",
		"Assign the groups themselves to the app: members of nested groups aren't pushed. Entra ID needs the flag `aadOptscim062020` for members."},
	{Inactive, Info, "Some sampled users are inactive",
		"Under ENABLED_FOR_USERS_GROUPS they can't sign in. They may have left: Okta never deletes users.",
		"`active` of up to 5 users.",
		"Nothing, if they have left."},
	{AllInactive, Warning, "All sampled users are inactive",
		"Under ENABLED_FOR_USERS_GROUPS nobody of them can sign in: \"the SCIM User associated with the google.subject from the given credential is not active\". Under ENABLED_FOR_GROUPS the effect isn't documented.",
		"`active` of up to 5 users.",
		"Look at the mapping of `active` at the identity provider."},
	{EmailRule, Warning, "A user breaks the rule for e-mail addresses",
		"The service takes exactly one address, of type `work`. It answers anything else with 400 invalidValue, so that changes of this user will fail.",
		"`emails` of up to 5 users.",
		"Make the identity provider send the primary work address alone."},
	{Unmappable, Error, "A user has no usable mapped attribute",
		"Without a `google.subject` the user is nobody. A value over its limit keeps the person from signing in under ENABLED_FOR_USERS_GROUPS: 127 bytes for `google.subject`, 100 for `google.display_name`, 32 for `google.posix_username`, 16 kB in all.",
		"The claim mapping was evaluated for up to 5 users.",
		"Correct the value at the identity provider."},
	{NoGroupAtAll, Warning, "The directory has no groups",
		"Nobody has a group.",
		"GET /Groups has no group.",
		"Assign groups to the app, and push them: Okta has a tab for it."},

	{IDPSilent, Error, "The identity provider can't be asked",
		"Its half wasn't looked at.",
		"The program for it returned an error.",
		"See to its credentials and permissions: the error names what is missing."},
	{NoJob, Error, "The identity provider isn't set up",
		"Nobody pushes.",
		"There is no provisioning job, or no address in it.",
		"`scimctl apply` sets it up, if a program for it is given. Otherwise a person does: the plan says how."},
	{Stopped, Error, "Provisioning is stopped",
		"Changes and leavers don't arrive.",
		"The job is off, or somebody paused it.",
		"Start it, if nobody has stopped it on purpose."},
	{Quarantined, Error, "The identity provider has put the job into quarantine",
		"It pushes once a day at most, and Microsoft Entra ID disables it after four weeks.",
		"The state of the job, with the reason in the identity provider's words.",
		"Mend the reason, then restart the job."},
	{Credential, Error, "The identity provider's token is rejected",
		"Every push fails. Microsoft Entra ID puts a job into quarantine at once.",
		"The identity provider tried the token that it has.",
		"Give it the token that is in the store."},
	{Flag, Error, "The tenant URL lacks the compatibility flag",
		"Microsoft Entra ID sends PATCH requests in a form that the service doesn't take: updates of users and members fail.",
		"The address at the identity provider has no `?aadOptscim062020`.",
		"Append it to the tenant URL."},
	{Deletions, Warning, "Deletions are held back",
		"People who have left keep their access.",
		"The number of deletions in a cycle is over the identity provider's threshold.",
		"Look at who is to be deleted. If the list is wrong, repair the scope. If it's right, allow the deletions."},
	{Scope, Error, "Nobody is in scope",
		"Nobody is pushed. Whoever was pushed before is disabled.",
		"Assignments and filters at the identity provider.",
		"Assign users and groups to the app."},
	{Failures, Warning, "Some objects aren't pushed",
		"Those people are without their groups, or can't sign in.",
		"The identity provider counts failures.",
		"Look at its log. An audit lists everybody."},
	{PushesElse, Error, "The identity provider pushes somewhere else",
		"This tenant gets no changes. A tenant that was replaced has another base URI.",
		"The address at the identity provider was compared with the tenant's base URI.",
		"Set it up for this tenant."},
	{Setting, Error, "A setting of the identity provider is wrong",
		"The mappings name different people: users are provisioned under another `google.subject` than they sign in with.",
		"The settings that the claim mapping requires were compared with those at the identity provider.",
		"Correct the setting. A value that was pushed already is immutable: delete and push again whom it concerns."},
	{LastSuccess, Warning, "The newest successful cycle is long ago",
		"Changes since then haven't arrived.",
		"The end of the newest cycle is longer ago than the limit (`Thresholds.LastSuccess`).",
		"Look at the log at the identity provider."},
	{ByHand, Info, "A person sets the identity provider up",
		"A program can't read all of it back. Okta's API doesn't show the token and the address of this app.",
		"The identity provider's program says so. The evidence names what it reads back.",
		"Compare the console with the checklist of the plan."},
	{ScopeOfPerson, Warning, "The identity provider's scope leaves somebody out",
		"The person isn't pushed.",
		"The identity provider was asked about up to 5 people whom the spec names and the directory lacks.",
		"Assign the person, or a group of which the person is a direct member."},
	{FirstCycle, Info, "The first cycle hasn't ended",
		"Who is missing may still arrive.",
		"The job runs, and has never finished a cycle.",
		"Wait. The first cycle takes 20 minutes to hours, by the number of people."},
	{PersonNotThere, Warning, "The identity provider failed to push somebody",
		"The person isn't in the directory, or not as at the identity provider.",
		"The identity provider was asked about up to 5 people whom the spec names and the directory lacks.",
		"The identity provider's own recommendation is in the finding."},

	{UsageOff, Warning, "The provider doesn't use SCIM",
		"People have the groups of their token. What is in the directory has no effect.",
		"`scimUsage` of the provider, and the spec, which wants another.",
		"Switch it on once the directory has arrived, and not before. `scimctl apply` waits for the evidence."},
	{UsageNoTenant, Error, "The provider uses SCIM, and has no tenant",
		"Sign-in fails: \"There was an issue signing in with your identity provider.\"",
		"`scimUsage` of the provider is on, and the provider has no active tenant.",
		"Switch the usage off until the tenant is there."},
	{UsageEmpty, Error, "The provider uses SCIM, and the directory is empty",
		"People are without their groups. Under ENABLED_FOR_USERS_GROUPS nobody can sign in: \"a SCIM User could not be associated with the google.subject from the given credential\".",
		"`scimUsage` of the provider is on, and GET /Users has no user.",
		"Switch the usage off until the directory has arrived."},
	{UsageElsewhere, Error, "Another provider of the pool uses SCIM",
		"Only one provider of a pool can.",
		"`scimUsage` of the pool's other providers.",
		"Switch the other one off, if this one is to use SCIM."},
	{UsageExcluded, Error, "An attributes client excludes SCIM",
		"The service refuses the usage: \"Select one of scim_usage or extended_attributes_oauth2_client, but not both.\"",
		"Extended attributes exclude every usage, extra attributes exclude ENABLED_FOR_USERS_GROUPS.",
		"Remove the client from the provider, or use another usage. Groups that it fetches are gone then."},
	{UsageDiffers, Warning, "The usage isn't the one of the spec",
		"ENABLED_FOR_GROUPS takes groups alone from the directory. ENABLED_FOR_USERS_GROUPS also lets nobody in who isn't there.",
		"`scimUsage` of the provider was compared with the spec.",
		"Correct the spec or the provider. `scimctl apply` waits for the evidence that the switch takes."},
	{TooEarly, Warning, "A change hasn't reached all servers yet",
		"It's too early to tell. A new tenant or token is known everywhere within two minutes. A change of a policy takes two, sometimes seven or more.",
		"What was made a moment ago, or is bound, and doesn't work yet.",
		"Wait. With `-wait` the doctor repeats until all is well."},
	{GroupBindings, Warning, "A group of the pool has a role of a product that may not read SCIM groups",
		"Google's pages differ. The best practices say that Google Cloud takes groups from the token, and that Gemini Enterprise takes them from SCIM. The API reference says that SCIM groups replace those of the token in all authorization checks. Until somebody has tried it, count on neither.",
		"The organization's policy: bindings of `principalSet://…/group/…` of the pool with predefined roles, without those of Gemini Enterprise and Looker.",
		"Try it with one person. Bind another principal if it fails."},
}
