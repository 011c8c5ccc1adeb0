// Package claimmap checks the claim mapping of a SCIM tenant before it becomes
// immutable: whether Google accepts it, and whether it names the same identity
// as the attribute mapping of the tenant's workforce pool provider.
//
// A claim mapping ([--claim-mapping], the field claimMapping of
// [locations.workforcePools.providers.scimTenants]) tells which attribute of a
// provisioned user becomes google.subject, and which of a group google.group. It
// cannot be changed once the tenant exists: a wrong one costs the tenant, its
// URI and all its tokens. The package needs no network and no credentials.
//
// Most callers want [Parse] or [Recommended], then [Mapping.Validate], then
// [Compare]; package scimtenant takes the Mapping from there.
//
// # Errors
//
// [Parse], [New] and [Mapping.Validate] return an [*Error] that holds every
// problem at once, each an [Issue] with its key, its place and what would do
// instead. It matches [ErrInvalid]. What is legal and questionable is no error:
// [Mapping.Lint] returns it. A value that cannot be used is a [*ValueError], which
// matches [ErrEmpty], [ErrTooLong] and the like.
//
// # Concurrency
//
// A Mapping is an immutable value. Everything here is safe for concurrent use.
//
// [--claim-mapping]: https://docs.cloud.google.com/sdk/gcloud/reference/iam/workforce-pools/providers/scim-tenants/create
// [locations.workforcePools.providers.scimTenants]: https://docs.cloud.google.com/iam/docs/reference/rest/v1/locations.workforcePools.providers.scimTenants
package claimmap
