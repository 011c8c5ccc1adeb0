// Package iamscim is the vocabulary shared by the packages of this module: the
// error type and sentinels, the retry policy, secrets, SCIM usage and states.
// There is nothing to call here; the work is done by the packages below it.
//
// The module is an SDK for SCIM provisioning in Google Cloud Workforce Identity
// Federation: it takes a workforce pool provider from "users can sign in" to
// "users and groups are provisioned by SCIM, and it is proved that they are".
//
// # Packages
//
//   - provider: workforce pools (read) and pool providers, their SCIM usage,
//     long-running operations, and the sessions of people who leave
//   - scimtenant: SCIM tenants, their IAM policy, what to type into the identity
//     provider, and the organization's binding for the service agent
//   - scimtoken: SCIM tokens, their one-time secret, rotation, and the store of a
//     token's record
//   - claimmap: claim mappings: parse, validate, compare with a provider's
//     attribute mapping, evaluate; no network
//   - scimclient: a SCIM 2.0 client for a tenant's base URI: access check, users,
//     groups
//   - scimclient/audit: a whole directory against a roster; audit/report writes
//     what it found
//   - provision: the whole job on top of the clients: a spec, a plan, and Apply,
//     which can be interrupted and repeated
//   - provision/idp: what the identity provider should have pushed (the roster),
//     and readers of its exports, and the interface of a program for its half
//   - provision/entra: Microsoft Entra ID's half through Microsoft Graph
//   - provision/okta: Okta's half: the live roster, what is set up, and why a person
//     didn't arrive
//   - provision/entratest: an in-memory Microsoft Entra ID for tests, which pushes
//     users and groups to a SCIM service
//   - provision/secretmanager: the store of a token's record in Google Secret Manager
//   - scimtest: an in-memory Google Cloud for tests: IAM, organization policies
//     and the tenants' SCIM service
//
// Most programs begin with claimmap, then scimtenant, scimtoken and scimclient,
// in the order of examples/quickstart.
//
// # Errors
//
// The control-plane clients return [*Error]. Branch with errors.Is on the
// sentinels of this package and of the resource's package; errors.As reaches
// the service's *googleapi.Error. What breaks a rule that can be checked is
// refused before anything is sent, with every fault at once.
//
// # Retries
//
// Passing failures are repeated under a [RetryPolicy]. The WithRetry option of
// each client package changes it for one client. If the reply to a change is lost,
// the client settles it by reading, never by creating a second resource.
//
// # Concurrency
//
// Everything in this module is safe for concurrent use unless its comment says
// otherwise. There is no process-wide state.
package iamscim
