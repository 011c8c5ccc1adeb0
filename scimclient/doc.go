// Package scimclient is a SCIM 2.0 client (RFC 7643, RFC 7644) for the tenants of
// Google Cloud Workforce Identity Federation. It checks whether a token has
// access, and reads and writes users and groups.
//
//	client, err := scimclient.New(tenant.BaseURI, secret.TokenSource(),
//		scimclient.WithServiceAgent(tenant.ServiceAgent))
//	...
//	user, err := client.Users.Find(ctx, "bjensen@example.com")
//
// Provisioning is the identity provider's job. Administrators use this package to
// prove that access works, to look at what arrived, and to repair it. Packages
// scimtenant and scimtoken make the tenant and the token.
//
// # The service
//
// Google's service supports a subset of SCIM 2.0. See [SCIM provisioning].
//
//   - Filters compare by "eq" and are joined by "and".
//   - A list has at most 100 resources, and there is no way to the others:
//     [ErrTruncated].
//   - Groups come without their members: [Groups.IsMember], [Groups.GroupsOf].
//   - Groups can't be replaced (PUT).
//   - A user has exactly one e-mail address, of type "work".
//
// # Other servers
//
// The client also works with other servers of SCIM 2.0. It supports:
//
//   - lists that are paged by startIndex, with a totalResults that counts all
//     resources. If a server counts the resources of the reply instead, a list
//     is whole only if it's shorter than what the server returns at most. The
//     client takes that from filter.maxResults of the server's
//     ServiceProviderConfig, from [WithMaxResults], or from Google's 100. If
//     a server returns fewer and says so nowhere, nobody can tell that a list of
//     it is cut.
//   - groups with their members, and servers that refuse a filter on members.
//   - attributes of another JSON type than RFC 7643 gives them: [User.Unread].
//   - entity tags, in meta.version, and in headers if the server declares etag.
//
// It doesn't support bulk requests, .search, /Me, sorting, or cursors (RFC 9865).
//
// # Errors
//
// Every error of a call is an [*Error] or wraps one. Use errors.Is with the
// sentinels of this package and of package iamscim. Error.Remedy says what to do
// next. Error responses don't have to be JSON: HTML from a proxy and empty bodies
// are handled.
//
// Arguments that can't be right are [iamscim.ErrInvalidArgument], and a token that
// can't be sent is [iamscim.ErrUnauthenticated]. Nothing is sent then, and
// Error.Attempts is 0.
//
// Texts of errors and logs have no names and mail addresses. Error.Detail has what
// the service said. No text has the token or a password, also where a server
// repeats them.
//
// A server that doesn't know a filter may answer with an empty list. So the client
// verifies the first "no" of [Groups.IsMember], [Groups.GroupsOf], [Users.Find] and
// [Groups.Find]. If nothing proves it, the error is [ErrUnproven].
//
// # Retries
//
// The client repeats what fails for a passing reason, under an
// [iamscim.RetryPolicy]: HTTP 408, 429, 5xx except 501 and 505, connections that
// can't be made or break, replies that are cut. It waits as long as Retry-After
// says if the policy's Budget allows that. One attempt takes no longer than the
// policy's AttemptTimeout.
//
// A request that was certainly not sent, and one that was answered by 429, is
// always repeated. After other failures the server may have acted:
//
//   - GET, PUT and DELETE are repeated.
//   - PATCH is repeated if all its operations replace, add members, or remove what
//     a filter selects.
//   - POST isn't. The client reads whether the change was made. If that settles
//     nothing, the error is [iamscim.ErrOutcomeUnknown].
//
// An address where nobody is, on this machine or without an answer of a name
// server, is given up after a few seconds.
//
// # Pacing
//
// A tenant has a quota of 3,000 requests per minute. All its clients share it, the
// identity provider included. A client sends no more than that, or than
// [WithRate] says. It starts slowly and slows down on a 429, so that clients in
// several processes share the quota. Use one [Client] for each tenant and process.
//
// # Concurrency
//
// A [Client] is safe for concurrent use. Resources are plain structs, and aren't.
//
// # Testing
//
// Package scimtest has the service in memory. Give its client to [WithHTTPClient].
//
// [SCIM provisioning]: https://docs.cloud.google.com/iam/docs/workforce-identity-federation-scim
package scimclient
