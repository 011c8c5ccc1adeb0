// Package entratest is an in-memory Microsoft Entra tenant for tests: its token endpoint, the calls of
// Microsoft Graph that set up provisioning, and a provisioning engine that pushes users and groups to
// any SCIM service as Entra ID does.
//
//	srv := entratest.Start(t)
//	ada, err := srv.AddUser(entratest.User{UserPrincipalName: "ada@example.com", Mail: "ada@example.com"})
//	…
//	err = srv.Advance(t.Context(), 40*time.Minute) // one cycle
//
// It is for testing programs that configure provisioning, and SCIM services that are provisioned. It
// isn't a directory: there is no sign-in of people, no licence, and no API to write users. Nothing in
// it was tried against the real service; BEHAVIORS.md lists what it does and how sure that is.
//
// # Reaching a server
//
// [Start] listens on loopback, [New] doesn't. [Server.HTTPClient] is a client for the former,
// [Server.PipeHTTPClient] needs no socket and works inside [testing/synctest]. An app gets its access
// token from [Server.TokenURL] by client credentials, [DefaultClientID] and [DefaultClientSecret].
//
// # Microsoft Graph
//
// These methods are served below /v1.0 and /beta, SP is a service principal and J a job:
//
//   - POST /applicationTemplates/T/instantiate, GET /applicationTemplates/T
//   - GET /applications, GET and DELETE /applications/A
//   - GET /servicePrincipals, /servicePrincipals/SP, /servicePrincipals(appId='A'), …/owners
//   - GET, POST and DELETE /servicePrincipals/SP/appRoleAssignedTo
//   - GET /servicePrincipals/SP/synchronization/templates
//   - GET and PUT …/synchronization/secrets
//   - GET and POST …/synchronization/jobs, GET and DELETE …/jobs/J
//   - POST …/jobs/validateCredentials, …/jobs/J/validateCredentials
//   - GET and PUT …/jobs/J/schema
//   - POST …/jobs/J/start, pause, restart
//   - POST …/jobs/J/provisionOnDemand
//   - GET and DELETE …/jobs/J/objectConnections('ID'), below /beta
//   - GET /auditLogs/provisioning
//   - GET /users, /users/U, /groups, /groups/G
//   - GET /users/U/memberOf, also with /microsoft.graph.group
//   - GET /directory/deletedItems/microsoft.graph.user
//   - GET /groups/G/members, /groups/G/transitiveMembers, both also with /microsoft.graph.user
//   - POST /directoryObjects/getByIds
//
// # Provisioning
//
// Time passes by [Server.Advance] alone: it runs the cycles that are due, one after the other, and
// returns when they have ended. Nothing sleeps. What a cycle did is in the job's status, in the
// provisioning log, and at the SCIM service.
//
// # State
//
// AddUser, AddGroup, AddMember, AddApp, Assign and their like put things in place.
// [Server.SetEnabled], [Server.DeleteUser] and [Server.HardDeleteUser] make leavers.
// [Server.Requests] are the requests so far, without the secrets in them.
//
// # Faults
//
// [Server.Fail] scripts a [Fault]: a status, a lost or cut reply, a delay, before the change is made or
// after it. Faults are counted, never random. Faults of the SCIM service are its own: scimtest has
// them.
//
// # Errors
//
// The methods that change the state return errors that say what is wrong. Start fails the test if an
// option is invalid; after New, [Server.Err] returns the error and every request answers 500. Refusals
// on the wire have the form of https://learn.microsoft.com/graph/errors.
//
// # Retries
//
// The server repeats no request. The engine tries objects that failed again in later cycles.
//
// # Concurrency
//
// A [Server] is safe for concurrent use. Cycles run one at a time.
package entratest
