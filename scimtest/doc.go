// Package scimtest is an in-memory Google Cloud for tests: the parts of IAM and Resource Manager
// that workforce pools, their providers, SCIM tenants and SCIM tokens need, and the SCIM service
// of the tenants itself. Any client can use it: this module's, the generated ones of
// google.golang.org/api, gcloud, Terraform, curl, and SCIM clients.
//
//	srv := scimtest.Start(t)
//	err := srv.AddPool(&iam.WorkforcePool{
//		Name:   "locations/global/workforcePools/acme-pool",
//		Parent: "organizations/" + scimtest.DefaultOrganization,
//	})
//	…
//	client, err := scimtenant.NewClient(ctx, srv.ClientOptions()...)
//
// Everything belongs to one [Server]. Nothing is kept when it ends, and nothing is shared with
// another one. Nothing here was tried against the real service: the fake answers as Google
// documents, else as was seen of the service in public, else by a choice. BEHAVIORS.md, beside
// the source, is the table of all of them. The fake isn't an authority on what Google accepts:
// keys have no cryptography, and there is no token exchange. For a fake that runs as a process
// see examples/emulator.
//
// # Reaching it
//
// [Start] listens on a free port of 127.0.0.1 until the test ends. [Server.ClientOptions] and
// [Server.OrganizationClientOptions] point clients of IAM and of Resource Manager there, without
// credentials. [Server.HTTPClient] is for the SCIM service. The base URI of a tenant has the host
// by which it was read, so a SCIM client with that URI reaches the fake too.
//
// The Pipe variants of the three need no socket. They work inside [testing/synctest], where a
// socket would stop the virtual time: make the server with [New] inside the bubble and close it
// there, and hours of lag, backoff and retention pass in no time. [WithClock] moves the server's
// time alone.
//
// # State
//
// AddPool, AddProvider, AddTenant, AddToken, AddUser and AddGroup put resources in place;
// [Server.Load] adds a whole JSON document of them. [Server.State] lists what is there.
// [Server.Snapshot] and [Server.Restore] go back in time. [Server.Requests] are the requests so
// far, without the secrets in them.
//
// # Faults
//
// [Server.Fail] scripts a [Fault]: a status, a lost or cut reply, a stall, a redirect or a
// failing operation, before the change is made or after it. Faults are counted, never random.
// [Server.UnusedFaults] lists those that didn't happen.
//
//	srv.Fail(scimtest.Fault{
//		Method: "POST", Path: "scimTenants/*/tokens", Kind: scimtest.FaultClose, AfterCommit: true,
//	})
//
// # Behaviors
//
// Each row of BEHAVIORS.md has an ID, a mark and a source. The marks are:
//
//   - D: documented by Google
//   - O: observed in public: traces, other clients' source
//   - I: inferred from what is documented, or from the RFCs
//   - U: unknown: the fake had to choose
//
// Rows with several answers have a [Behavior], and [WithBehavior] chooses another answer.
// [WithShuffledBehaviors] draws one for every row marked U, so that a client that works with a
// dozen seeds doesn't depend on a guess of the fake. A request that the fake refuses names its
// row in [Request] and in the header Scimtest-Rule.
//
// # Errors
//
// The Add methods and Load return errors that name every rule the resource breaks. Start fails
// the test if an option is invalid. After [New], [Server.Err] and every Add method return the
// error, and every request answers 500. Refusals on the wire have the form of
// https://google.aip.dev/193, those of the SCIM service the form of RFC 7644 section 3.12, except
// for its 401, which isn't JSON.
//
// # Retries
//
// The server repeats nothing. It sends Retry-After where a [Fault] has it in its Header, or where
// the row [QuotaRetryAfter] says so.
//
// # Concurrency
//
// A [Server] is safe for concurrent use. Requests to the control plane are served one at a time,
// those to the SCIM service tenant by tenant.
//
// # Secrets
//
// The values of SCIM tokens begin with "fake-". The server keeps only hashes of them and of OAuth
// client secrets; neither shows in State, Requests or the log.
//
// # Testing
//
// Tests compare the fake with the API's discovery document: every method has a route, and every
// request and reply of the tests has the document's form. What gcloud sends is recorded and
// replayed, and compared with gcloud where it is installed. The table of supported expressions is
// compared with package claimmap's.
package scimtest
