// Package scimtoken manages the tokens with which an identity provider pushes
// into a SCIM tenant, and rotates them. It speaks iam/v1,
// locations.workforcePools.providers.scimTenants.tokens
// (https://docs.cloud.google.com/iam/docs/reference/rest/v1/locations.workforcePools.providers.scimTenants.tokens).
//
// The service shows the text of a token once, in the reply to its creation.
// [Client.Create] returns it as a [Secret], which nothing prints; store what
// Secret.Reveal returns before anything else. A tenant has at most two tokens,
// so that one can be replaced while the other is in use.
//
// # Rotation
//
// [Client.Rotate] creates the second token, stores it, waits until it
// authenticates, and leaves both valid; [Rotation.Retire] deletes the old one.
// The token in use is never the first to go: a refused credential quarantines a
// Microsoft Entra ID app at once.
//
// # Errors
//
// All errors are [*iamscim.Error] or wrap one; branch with errors.Is on the
// sentinels of package iamscim and on [ErrSecretLost] and [ErrTokenLimit].
// Requests are checked before they are sent, and every fault is reported at
// once.
//
// # Retries
//
// Passing failures are repeated under the client's [iamscim.RetryPolicy]
// ([WithRetry]). A create whose reply was lost is repeated with the same
// id. If the first attempt turns out to have made the token, its secret is gone
// and the error says so; CreateRequest.RecreateLost replaces such a token.
//
// # Concurrency
//
// A [Client] is safe for concurrent use. Two rotations of one tenant at the same
// time are not: the second finds the tenant full and is refused.
//
// # Testing
//
// Package scimtest is an in-memory server for this client:
// scimtest.Start(t).ClientOptions(). Its tokens begin with "fake-".
package scimtoken
