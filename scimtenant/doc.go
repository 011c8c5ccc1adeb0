// Package scimtenant manages the SCIM tenants of workforce pool providers, says
// what to type into the identity provider, and gives the tenant's service agent
// its role in the organization. It speaks iam/v1,
// locations.workforcePools.providers.scimTenants
// (https://docs.cloud.google.com/iam/docs/reference/rest/v1/locations.workforcePools.providers.scimTenants),
// and for the organization's policy cloudresourcemanager/v3, organizations.
//
// A tenant is the directory an identity provider pushes users and groups into.
// A workforce pool has at most one, and its claim mapping can never be changed:
// before [Client.Create], compare the mapping with the provider's attribute
// mapping (package claimmap). The users and groups themselves are the business
// of package scimclient.
//
// # Deleting
//
// [Client.Delete] keeps the tenant for 30 days, during which it can be undeleted
// and blocks its pool for every other tenant. [Client.HardDelete] frees the pool
// at once and loses the directory. A soft-deleted tenant is a state, not an
// absence: [Client.Get] returns it. [Client.Replace] hard-deletes a tenant and
// creates another in its place, for another claim mapping.
//
// # The service agent
//
// A tenant's tokens act as its service agent, which needs roles/iam.scimSyncer
// on the organization. Google usually grants it; where an organization policy
// prevented that, [OrganizationClient.GrantSyncer] does.
//
// # Errors
//
// All errors are [*iamscim.Error] or wrap one; branch with errors.Is on the
// sentinels of package iamscim and on [ErrPoolOccupied]. Requests are checked
// before they are sent, and every fault is reported at once; the faults of a
// claim mapping are a [*claimmap.Error] within.
//
// # Retries
//
// Passing failures are repeated under the client's [iamscim.RetryPolicy]
// ([WithRetry]). If the reply to a write is lost, the client repeats it with the same
// ID, and if the service then refuses it, the tenant is read to see what the
// lost attempt did. Create returns once the tenant can be read: the service
// replicates within 80 s. One that was made and cannot be read in time is
// [iamscim.ErrNotVisible].
//
// # Concurrency
//
// Clients are safe for concurrent use. Policies are written with the etag they
// were read with, so that no writer loses the change of another.
//
// # Testing
//
// Package scimtest is an in-memory server for these clients:
// scimtest.Start(t).ClientOptions() and OrganizationClientOptions().
package scimtenant
