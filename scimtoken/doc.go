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
// # The record
//
// [Client.Ensure], [Client.Rotate], [Client.Retire] and [Client.Adopt] keep a
// record of a tenant's tokens in a [TokenStore] of yours: the current token with
// its secret, the one that is to replace it, and those to delete. The record is the
// truth about which token is in use. A [FileStore] keeps it on one host, and a
// [MemoryStore] in a test.
//
// # Rotation
//
// [Client.Rotate] reserves the name of the second token in the record, creates
// it, stores its secret, waits until it authenticates, hands it to the identity
// provider, makes it the current one and deletes the old one. The token in use is
// never the first to go: a refused credential quarantines a Microsoft Entra ID
// app at once.
//
//   - It resumes: after an interruption anywhere, run it again.
//   - It's safe to run twice: of two calls that change the record at the same
//     time one loses, stops, and says so.
//   - It deletes only what the record retires. Tokens that gcloud, a person or
//     [Client.Create] made are never touched, unless RotateRequest.Replaces names
//     one.
//   - It reads the time from the replies of the service, never from the local
//     clock.
//
// One case can leave the identity provider with a dead token for a moment. A
// process is frozen inside its cutover while others complete that rotation and
// another one. When it goes on, it hands over the token that is in use by then.
//
// # Errors
//
// All errors are [*iamscim.Error] or wrap one; branch with errors.Is on the
// sentinels of package iamscim and on those of this package.
// Requests are checked before they are sent, and every fault is reported at
// once.
//
// # Retries
//
// Passing failures are repeated under the client's [iamscim.RetryPolicy]
// ([WithRetry]). If the reply to a create is lost, the client repeats it with the
// same ID. If the first attempt made the token, its secret is gone and the error
// says so; CreateRequest.RecreateLost replaces such a token.
//
// # Concurrency
//
// A [Client] is safe for concurrent use. So are calls on one record, from any
// number of processes, if its store can compare and swap.
//
// # Testing
//
// Package scimtest is an in-memory server for this client:
// scimtest.Start(t).ClientOptions(). Its tokens begin with "fake-".
package scimtoken
