// Package okta asks Okta about the identity provider's half of a set-up: who should
// be in the tenant, whether provisioning runs, and why a person didn't arrive.
//
//	c, err := okta.New(okta.Config{Org: "https://example.okta.com", App: "0oa1gjh63g214q0Hq0g4", Token: token})
//	...
//	roster, err := c.Roster(ctx, okta.RosterOptions{})
//
// The app is the one that Google's set-up page names, Google Cloud Workforce
// Identity Federation:
// https://docs.cloud.google.com/iam/docs/configure-scim-okta. The calls are those of
// the Okta management API 5.1: https://developer.okta.com/docs/api/. Nothing here
// was tried against a live organization.
//
// # What a person does
//
// Okta documents no call that gives this app its tenant and token. So
// [Client.SetUp], [Client.CutOver] and [Client.Push] send no change, and return
// [idp.ErrByHand] with a checklist: see [ByHand]. A line is done only if Okta said so.
// Okta answers HTTP 200 with the status UNKNOWN where it can't say: such a line isn't
// read back.
//
// # Permissions
//
// An API token can do what the administrator who made it can do; a Read-only
// Administrator is enough. Don't use one of an administrator who sees only some
// people or groups: Okta leaves out the others and doesn't say so. An OAuth 2.0 access
// token needs scopes:
//
//   - okta.apps.read: [Client.Status], [Client.Why], and the users of the app
//   - okta.groups.read: the pushed groups and their members
//   - okta.users.read: people who left, and the Confirm of a roster; see
//     [RosterOptions]
//   - okta.logs.read: the reason of a failed push, in [Client.Why]; optional
//   - okta.apps.manage: [Client.Stop]
//
// # Errors
//
// Every method returns an [*iamscim.Error] with a sentinel of package iamscim, or
// [idp.ErrByHand]. Its Remedy says what to do. No error has a token.
//
// # Retries
//
// Requests that failed for a passing reason are repeated under an
// [iamscim.RetryPolicy]. Okta counts requests by the minute in buckets. The client
// reads what is left of each bucket from the replies, leaves a tenth of it to
// others, and waits for the next minute then. It sends at most four requests at a
// time: an organization has 75.
//
// # Concurrency
//
// A Client is safe for concurrent use.
package okta
