// Package secretmanager keeps the record of a tenant's tokens in Google Secret
// Manager, so that any number of processes on any number of hosts can rotate them:
//
//	store, err := secretmanager.NewStore(ctx, "projects/acme-prod/secrets/scim-token")
//	...
//	name, secret, err := tokens.Ensure(ctx, tenant, store)
//
// A [Store] is a scimtoken.TokenStore. It speaks secretmanager/v1
// (https://docs.cloud.google.com/secret-manager/docs/reference/rest). On one host
// scimtoken.FileStore does the same without a service.
//
// # The secret
//
// One secret holds the record of one tenant, and nothing else. Create it, or pass
// [WithCreate]:
//
//	gcloud secrets create scim-token --project=acme-prod --replication-policy=automatic
//
// The annotation iamscim-current of the secret names the version that is the record.
// iamscim-change counts the changes of it, so that a store knows which of two reads is
// the later one.
// Read the token with [scimtoken.Inspect] or Client.Ensure, not as the version
// "latest": a version that was added may not have become the record.
//
// The store refuses a secret that has versions but no such annotation, and changes
// nothing in it. Regional secrets aren't supported.
//
// # Compare-and-swap
//
// Adding a version has no precondition, but changing a secret has: its etag
// (https://docs.cloud.google.com/secret-manager/docs/etags). A swap reads the
// secret, adds a version, and changes the annotation to that version if the etag is
// still the one it read. Of several swaps of one version one succeeds.
//
// A version whose swap didn't succeed, or whose process died in between, is never
// the record. The next swap that succeeds disables it, with the versions before its
// own. Disabled versions can be enabled again, but are billed
// (https://cloud.google.com/secret-manager/pricing). [WithDestroy] destroys them
// instead. The first token makes two versions, and a rotation five.
//
// # Consistency
//
// Secret Manager guarantees that a new version can be accessed by its number at
// once. Everything else may be minutes behind
// (https://docs.cloud.google.com/secret-manager/docs/reference/consistency). So Load
// also asks for the next number. If there is such a version, Load waits a moment for
// the annotation to name it, and then makes sure with a change of the secret that
// changes nothing but the etag. A caller who may not change the secret gets what
// the annotation names.
//
// # Permissions
//
// On the secret, for a caller who rotates:
//
//   - secretmanager.secrets.get and secrets.update
//   - secretmanager.versions.add and versions.access
//   - secretmanager.versions.list, and versions.disable or, with [WithDestroy],
//     versions.destroy
//
// roles/secretmanager.admin has all of them and much more, so a custom role is the
// least. A caller who only reads the token needs secrets.get
// and versions.access: roles/secretmanager.viewer and
// roles/secretmanager.secretAccessor. Creating the secret needs secrets.create on
// the project.
//
// If the caller lacks versions.list or versions.disable, swaps succeed and old
// versions stay enabled. A warning in the log says so.
//
// # Errors
//
// All errors are *iamscim.Error. A swap of a version that isn't the current one is
// iamscim.ErrAborted. A missing secret is iamscim.ErrNotFound. No error and no log
// line holds a record.
//
// # Retries
//
// Passing failures are repeated under the client's iamscim.RetryPolicy
// ([WithRetry]). A swap whose reply was lost is settled by reading the secret. Reads
// that are behind are repeated for the policy's Replication.
//
// # Concurrency
//
// A Store is safe for concurrent use, and so is one secret for any number of stores.
//
// # Testing
//
// Package scimtest has the methods that a store needs: srv.SecretManagerClientOptions().
package secretmanager
