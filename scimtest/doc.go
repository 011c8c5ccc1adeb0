// Package scimtest is an in-memory Google Cloud for tests: the parts of IAM and
// Resource Manager that workforce pools, their providers, SCIM tenants and SCIM
// tokens need, and the SCIM service of the tenants itself. Clients of every kind
// can be pointed at it: this module's, the generated ones of
// google.golang.org/api, gcloud, curl, and SCIM clients.
//
//	srv := scimtest.Start(t)
//	err := srv.AddPool(&iam.WorkforcePool{
//		Name:   "locations/global/workforcePools/acme-pool",
//		Parent: "organizations/" + scimtest.DefaultOrganization,
//	})
//	…
//	client, err := scimtenant.NewClient(ctx, srv.ClientOptions()...)
//
// Everything belongs to one [Server]; nothing is kept when it ends, and nothing
// is shared with another. What it answers is built from Google's documentation,
// from what was seen of the service in public, and, where both are silent, from
// a choice that is listed under Behaviours and can mostly be changed. Nothing here was
// tried against the real service.
//
// It is no authority on what Google accepts: expressions of claim and attribute
// mappings are compared with a table or only counted, never evaluated against a
// sign-in; keys have no cryptography; there is no sign-in and no STS. For a fake
// that runs as a process see examples/emulator.
//
// # Reaching it
//
// [Start] listens on a free port of 127.0.0.1 until the test ends.
// [Server.ClientOptions] and [Server.OrganizationClientOptions] point clients
// of IAM and of Resource Manager there, without credentials, and
// [Server.HTTPClient] is for the SCIM side. The base URI of a tenant names the host by which
// it was read, so that a SCIM client given that URI arrives here too.
//
// The Pipe variants of the three need no socket. They work inside
// [testing/synctest], where a socket would stop the virtual time: make the
// server with [New] inside the bubble and close it there, and hours of lag,
// backoff and retention pass in no time. [WithClock] moves the server's time alone.
//
// # State
//
// AddPool, AddProvider, AddTenant, AddToken, AddUser and AddGroup put resources
// in place, [Server.Load] a whole JSON document of them. [Server.State] lists
// what is there; [Server.Snapshot] and [Server.Restore] go back in time.
// [Server.Requests] are the requests so far, without the secrets in them.
//
// # Faults
//
// [Server.Fail] scripts a [Fault]: a status, a lost or cut reply, a stall, a
// redirect, a failing operation, before the change is made or after it. Faults
// are counted, never random, and [Server.UnusedFaults] tells at the end of a
// test which did not happen.
//
//	srv.Fail(scimtest.Fault{Method: "POST", Path: "scimTenants/*/tokens", Kind: scimtest.FaultClose, AfterCommit: true})
//
// # Errors
//
// The Add methods and Load return errors that name every rule the resource
// breaks. An option that is refused fails the test in [Start]; after [New] it is
// told by [Server.Err], by every Add method and by every request, which answers 500. Refusals on the wire
// have the form of https://google.aip.dev/193, those of the SCIM service the
// form of RFC 7644 section 3.12, but for its 401, which is not JSON.
//
// # Retries
//
// The server repeats nothing and sends no Retry-After of its own, but for
// [WithQuotaRetryAfter]: a fault does, in its Header.
//
// # Concurrency
//
// A [Server] is safe for concurrent use. Requests to the control plane are
// served one at a time, those to the SCIM service tenant by tenant.
//
// # Secrets
//
// The values of SCIM tokens begin with "fake-". Of a token and of an OAuth client
// secret only a hash is kept; neither shows in State, Requests or the log.
//
// # Testing
//
// The fake is held against the API's discovery document: every method has a
// route, and every request and reply of the tests has the document's form. What
// gcloud sends is recorded and replayed, and compared with gcloud where that is
// installed. The table of supported expressions is held against package
// claimmap's.
//
// # Behaviours
//
//	D  documented by Google
//	O  observed in public: traces, other clients' source
//	I  inferred from what is documented, or from the RFCs
//	U  unknown: the fake had to choose
//
// A name in brackets is the option that changes it, or a [Behavior] for
// [WithBehavior]; its other values stand there.
//
// The control plane, requests and replies:
//
//	D  every method below locations.workforcePools of the discovery document, revision 20261023; Resource Manager's organizations get, getIamPolicy, setIamPolicy and testIamPermissions under v1 and v3
//	U  tokens.undelete, in the reference and in gcloud and gone from the newest discovery document, is served [TokensUndelete]
//	O  errors are Google's JSON; 404 for a name or a method that does not exist, 400 INVALID_ARGUMENT with the fields, 403 with an ErrorInfo
//	I  unknown fields, wrong types, names given twice and unknown query parameters are 400 INVALID_ARGUMENT; snake_case names are accepted; output-only fields are ignored
//	I  a body may have 1 MiB (413), nest 100 levels and be application/json or without a type (400)
//	D  page sizes: pools, providers and tenants 50 of at most 100, keys 10, tokens 2; more is truncated; the last page has no token
//	I  tokens: at most 100 in a page; a negative size is 400; lists are in the order of names; an empty list is {}
//	D  updateMask is required for pools and providers, optional for tenants and tokens
//	I  without a mask the fields of the body are taken; unknown and output-only paths are 400
//	D  alt=json, fields, prettyPrint and the other common parameters; another alt is 400
//	D  X-Goog-User-Project needs serviceusage.services.use: 403 USER_PROJECT_DENIED ([WithDeniedPermissions])
//	I  the caller may do everything, unauthenticated ([WithDeniedPermissions])
//	U  the permissions for tokens.undelete and for the allow policies of tenants are named like the others
//	D  the only location is global; U another is 404, in a create 400
//
// Operations and replication:
//
//	D  writes to pools, providers, keys and subjects reply with an operation, those to tenants and tokens with the resource
//	O  an operation has a name, later done, and neither metadata nor response
//	I  it is done at its first poll ([WithOperationPolls], [WithOperationTime]); its change is read from its time on
//	O  reads lag behind writes by up to 80 seconds; off unless asked for ([WithReplicationLag])
//	U  until then a resource is 404 [FreshResource] and its operation too [FreshOperation], a token does not authenticate, a binding has no effect
//	I  writes see each other at once: a create over a name that cannot be read yet is 409; a change of it is refused like a read
//
// Life cycle:
//
//	D  a delete is soft for 30 days: the resource is listed with showDeleted and can be read and undeleted, not be changed, and its name is taken
//	I  a create over it, or over a live name, is 409 ALREADY_EXISTS
//	U  a change or a second delete of it is 400 FAILED_PRECONDITION [DeletedChange], an undelete of a live one is 400 FAILED_PRECONDITION
//	I  below a soft-deleted resource nothing can be changed; it is purged with everything below it
//	D  one SCIM tenant in a pool, a soft-deleted one included; a hard delete frees it at once, also of a soft-deleted one
//	U  a second one is 400 FAILED_PRECONDITION [SecondTenant]
//	U  a hard delete while the provider has a scimUsage is allowed [HardDeleteInUse]
//	U  the service agent's bindings stay behind when its tenant goes
//	D  two tokens in a tenant
//	U  a third is 400 FAILED_PRECONDITION [ThirdToken]; a soft-deleted one does not count [DeletedTokenCounts]
//	D  the value of a token is in the create's reply alone
//	D  a subject is deleted for 30 days; it must not be deleted already
//	U  every subject id exists; revokeSessions replies with an operation [RevokeReply]
//
// Providers:
//
//	D  ids, lengths, the keys of the attribute mapping, scopes, the https issuer, web sign-in
//	I  expressions are counted, not parsed; idpMetadataXml only has to begin like XML; a change between oidc and saml is 400
//	D  client secrets are read as thumbprints; I of 16 hexadecimal digits
//	D  scimUsage excludes extendedAttributesOauth2Client, and for users and groups extraAttributesOauth2Client too: I 400 INVALID_ARGUMENT
//	D  one provider of a pool has a scimUsage; U a second one is 400 FAILED_PRECONDITION [SecondUsage]
//	D  sessionDuration between 900s and 43200s; I both included; D 3600s if not given
//
// SCIM tenants:
//
//	D  google.subject and google.group take the expressions of [SupportedExpressions], in this spelling alone; google.subject is required
//	U  a mapping without google.group is 400 [MissingGroupRule]
//	I  google.display_name, google.profile_photo, google.email, google.posix_username and attribute.KEY take anything balanced
//	D  at most 50 attribute.KEY rules, of at most 256 characters each
//	D  the claim mapping is immutable; U a change of it is 400 INVALID_ARGUMENT [ClaimMappingChange]
//	D  the service agent is o-ORGANIZATION-UID@gcp-sa-iamscim.iam.gserviceaccount.com; U the UID has 20 letters and digits
//	D  baseUri is …/v1alpha1/tenants/UID, here on the host it was read by; U without a slash at its end [BaseURISlash]
//
// Allow policies:
//
//	D  etag: stale is 409 ABORTED, none overwrites; the default mask is bindings and etag; I an untouched policy has ACAB
//	D  versions 0, 1 and 3; without conditions 1 is returned; with them, and less than 3 asked for, roles are renamed
//	D  at most 1,500 principals; I members and roles must have a known form
//	O  an organization policy can refuse members ([WithRefusedMembers])
//	D  testIamPermissions of a resource that does not exist is empty, not 404
//
// Access to the SCIM service:
//
//	D  Authorization: Bearer TOKEN, with exactly one space; anything else is 401 with a body that is not JSON
//	I  a deleted token is 401 too
//	D  403 until roles/iam.scimSyncer is bound to the service agent on the organization; I without a condition
//	I  Google binds it by itself, usually; the fake does not ([WithSyncerGranted])
//	U  the 403 has the JSON of Google's APIs
//	U  a tenant that does not exist is 404 [UnknownTenant], a soft-deleted one too [DeletedTenant], whatever the token
//
// The SCIM service, endpoints:
//
//	D  /Users and /Users/ID: POST, GET, PUT, PATCH, DELETE
//	D  /Groups and /Groups/ID: POST, GET, PATCH, DELETE
//	D  /Schemas, /Schemas/URN and /ServiceProviderConfig: GET
//	U  PUT /Groups/ID, /Me, /Bulk, /.search, /Search and /ResourceTypes are documented as unsupported; they answer 501
//	I  other methods answer 405 with Allow, other paths 404; a filter on /Schemas or /ServiceProviderConfig 403 (RFC 7644 section 4)
//	U  what /Schemas and /ServiceProviderConfig say: the supported attributes with the RFC's characteristics; patch and filter (100), nothing else
//	I  a slash too many at the end of the base URI or of the path is no matter
//
// The SCIM service, requests and replies:
//
//	I  the content type of replies is application/scim+json; requests may have application/json too, anything else is 415
//	U  a body may have 4 MiB; a larger one is 413
//	I  malformed JSON is 400 invalidSyntax, with it a key given twice, in any case, invalid UTF-8 and nesting beyond 32 levels
//	I  a missing schemas is tolerated, but for a PATCH; without the resource's own schema it is 400 invalidSyntax; unknown URNs in it are tolerated
//	U  unknown attributes in a body are ignored and not stored; unknown names in a PATCH path are 400 invalidPath
//	I  password, groups, roles.display and x509Certificates.display, documented as unsupported, are ignored and not stored
//	I  null, [] and {} stand for no value; a value of the wrong type is 400 invalidValue
//	U  an attribute other than members may have 1,000 values
//	U  errors have status as a string (RFC 7644 section 3.12)
//	I  ids are UUIDs; POST answers 201 with Location, DELETE 204, an unknown id 404
//	U  PATCH answers 200 with the resource ([WithPatchReply])
//	U  there are no versions: no ETag, no meta.version, If-Match has no effect ([WithETags])
//	U  attributes and excludedAttributes work (RFC 7644 section 3.9); together they are 400 invalidValue
//
// The SCIM service, lists and filters:
//
//	D  at most 100 resources; startIndex has no effect and is 1 in replies; totalResults is the number of resources in the reply
//	U  count below 100 is honoured, 0 and less yield no resources; sortBy is ignored; the order is that of creation
//	D  eq, and its combination by and; userName, displayName, and id with members
//	I  eq works for every supported attribute, of the extension with or without its URN, for sub-attributes and in value paths as emails[type eq "work"].value
//	I  case counts as RFC 7643 says: in id, externalId, photos.value, x509Certificates.value and references to ids, nowhere else
//	U  other operators, or and not are 400 invalidFilter, and so are malformed filters, unknown attributes and operands of the wrong type; the detail tells which
//	D  id eq "G" and members eq "U" finds the group if the user is a direct member, and nothing otherwise
//	I  the order of the two terms is no matter; members stands for members.value
//	U  members eq "U" without the group's id finds the groups the user is a direct member of ([WithMemberFilter])
//	D  members are empty whenever a group is read
//	U  they are empty in replies to filters on members, to POST and to PATCH too
//	I  id eq "U" and manager eq "M" finds the user if M is its manager
//
// The SCIM service, rules:
//
//	D  values mapped to google.subject and google.group are unique, userName and displayName of groups too: 409
//	I  with scimType uniqueness; userName and displayName without regard to case
//	D  mapped values must not be missing or empty: 400
//	I  with scimType invalidValue, as a missing userName or displayName
//	D  a user has exactly one email, of type work: 400 invalidValue ([WithEmailRule])
//	D  a subject has at most 127 bytes
//	U  a longer one is 400 invalidValue
//	D  mapped values do not change
//	U  trying it is 400 mutability; what .lowerAscii() makes equal is no change
//	U  a member must exist: 400 invalidValue otherwise; a manager need not
//	U  groups may be members of groups, not of themselves, directly or through others: 400 invalidValue
//	I  deleting a user or a group ends its memberships; users stay when their manager goes
//	I  inactive users are listed and keep their memberships
//
// The SCIM service, PATCH:
//
//	I  RFC 7644 section 3.5.2, all operations or none; in a path's filter all operators work
//	I  a PATCH that changes nothing leaves lastModified alone
//	I  op in any case; dotted names, URNs and value paths as keys of a value without a path; the resource's own id, schemas and meta in a value are ignored
//	I  add by a filter that matches nothing makes the element that the filter describes; replace by such a filter is 400 noTarget
//	I  manager may be given as its id or as a list of one
//	D  Entra ID's requests without aadOptscim062020 fail, says the troubleshooting page
//	U  how they fail is not said; the fake does what they mean: booleans as text, removal of members by a list of values ([WithLegacyPatch])
//	I  members as a whole may be added and removed; changing what a member says is 400 mutability
//
// The SCIM service, quota:
//
//	D  3,000 requests per tenant and minute, reads and writes, then 429; off unless asked for ([WithQuota])
//	U  whether it is a bucket or a window ([WithQuotaModel]), and whether a 429 has Retry-After ([WithQuotaRetryAfter])
//	U  one count for reads and writes; requests that fail count
package scimtest
