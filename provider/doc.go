// Package provider reads workforce pools and manages their providers: the
// trust of a pool in an identity provider, and what the provider takes from its
// SCIM tenant. It speaks iam/v1, locations.workforcePools
// (https://docs.cloud.google.com/iam/docs/reference/rest/v1/locations.workforcePools).
//
// Most programs only need [Client.Get], to compare the attribute mapping with a
// claim mapping (package claimmap) before a tenant is created (package
// scimtenant), and [Client.SetSCIMUsage], once the directory has arrived. The
// package does not create or change pools.
//
// # Names
//
// A [PoolName] and the [Name] of a provider are comparable values; a non-zero
// one is well formed. Methods take names, not strings, so that the name of one
// kind of resource cannot reach a call for another.
//
// # Operations
//
// The service answers every write with a long-running operation that carries no
// resource. Create, Update, SetSCIMUsage, Delete and Undelete return when the
// operation is done and the provider has been read again, so what they return
// is what the service has. If ctx ends first the error is an [*OperationError]
// with the operation's name, for [Client.Wait].
//
// # Offboarding
//
// A person who is removed at the identity provider can keep a session for long.
// [Client.RevokeSessions] ends it, and [Client.DeleteSubject] keeps the person's
// google.subject out for 30 days.
//
// # Errors
//
// All errors are [*iamscim.Error] or wrap one; branch with errors.Is on the
// sentinels of package iamscim and on [ErrUsageConflict]. Requests are checked
// before they are sent, and every fault is reported at once.
//
// # Retries
//
// Passing failures are repeated under the client's [iamscim.RetryPolicy]
// ([WithRetry]). If the reply to a write is lost, the client repeats it
// with the same ID. If the service then refuses it, the client reads the provider
// to see what the lost attempt did. What a replica does not show yet is waited for; a change that
// was made and cannot be seen in time is [iamscim.ErrNotVisible].
//
// # Concurrency
//
// A [Client] is safe for concurrent use. Updates have no etag: of two writers of
// one field the later one wins.
//
// # Secrets
//
// OAuth client secrets are [iamscim.Secret] values: sent, never read back,
// never printed, not even by the Google client's debug logging.
//
// # Testing
//
// Package scimtest is an in-memory server for this client:
// scimtest.Start(t).ClientOptions().
package provider
