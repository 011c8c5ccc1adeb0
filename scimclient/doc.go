// Package scimclient is a client for the SCIM service of a tenant in Google
// Cloud Workforce Identity Federation, and for other servers of SCIM 2.0 (RFC
// 7643, RFC 7644, RFC 9865): it checks whether a token has access, and reads and
// writes users and groups.
//
//	client, err := scimclient.New(tenant.BaseURI, secret.TokenSource(),
//		scimclient.WithServiceAgent(tenant.ServiceAgent))
//	...
//	user, err := client.Users.Find(ctx, "bjensen@example.com")
//
// Provisioning is the identity provider's job. This package is for what its
// administrators do beside it: prove that access works, look at what arrived,
// repair. To make the tenant and the token see packages scimtenant and
// scimtoken.
//
// # The service
//
// Google's service is SCIM with less: filters of "eq" joined by "and"; at most
// 100 resources in a list and no way to the rest ([ErrTruncated]); groups
// without their members ([Groups.IsMember]); no PUT of groups; exactly one
// e-mail address of type "work". See [SCIM provisioning]. What its
// documentation leaves open is said where it matters.
//
// # Errors
//
// Every error of a call is an [*Error] or holds one, for errors.As. Branch with
// errors.Is on the sentinels of this package and of package iamscim. The text
// says what to do next where that is known. Any body is survived: a 401 that is
// not JSON, HTML of a proxy, nothing at all.
// Arguments that cannot be right are errors before anything is sent, as are
// a nil or ended context, and a token that is empty or has white space in it.
//
// Names and mail addresses are not in the text of errors and not in logs. What
// the service said is in Error.Detail, and in the text under %+v.
//
// # Retries
//
// What fails for a passing reason is repeated under an [iamscim.RetryPolicy]:
// 408, 429, 500, 502, 503, 504, connections that could not be made or broke,
// replies that were cut. Retry-After is honoured. Reads, PUT and DELETE are
// repeated. A PATCH is, after a failure that leaves open whether the server
// acted, only if all its operations replace, add members, or remove what
// a filter selects; a POST never is. Instead the outcome is settled by reading,
// and where that fails the error is [iamscim.ErrOutcomeUnknown]. One attempt
// takes a minute at most.
//
// # Pacing
//
// A tenant has a quota of 3,000 requests per minute, which all who use it
// share, the identity provider among them. A client sends no more than that,
// or what [WithRate] says. It starts slowly, and slows down on a 429, so that
// several clients in several processes share the quota without knowing of each
// other. Use one [Client] for one tenant and process.
//
// # Concurrency
//
// A [Client] is safe for concurrent use. Resources are not: they are plain
// structs.
//
// # Testing
//
// Package scimtest has the service in memory; [WithHTTPClient] takes its
// client.
//
// [SCIM provisioning]: https://docs.cloud.google.com/iam/docs/workforce-identity-federation-scim
package scimclient
