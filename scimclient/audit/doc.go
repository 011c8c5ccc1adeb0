// Package audit compares a SCIM tenant with the roster of its identity provider:
// the whole directory, with the fewest requests, at a pace that leaves the
// identity provider its share of the quota.
//
//	result, err := audit.Run(ctx, client, roster, audit.Options{
//		Mapping: mapping,
//		Handle:  report.Text(os.Stdout),
//	})
//	if err != nil {
//		return err
//	}
//	if !result.Clean() {
//		...
//	}
//
// SCIM is push. If the identity provider stops pushing, nothing in Google Cloud
// notices, and people keep access that they should have lost. Package
// provision/idp reads rosters; [Estimate] says what an audit costs.
//
// # What is proved
//
// The service lists at most 100 resources and has no way to the rest. So an audit
// asks about what the roster has: missing and wrong users, groups and
// memberships, and leavers who are still there. A user or group that isn't on the
// roster can't be found. [Result.Proved] and [Result.NotProved] say it in
// sentences.
//
// Google documents one filter for memberships, which answers for one user and one
// group. The audit tries a second one, which answers for all groups of a user,
// with controls from the roster. If it works, the audit needs one request per
// user and finds unexpected memberships. Otherwise it needs one request per
// membership. It reports no finding that the documented filter doesn't confirm.
//
// # Findings
//
// Directories change while an audit runs. So every difference is read again after
// a settle time, and reported only if it's still there. A finding isn't taken
// back. Findings are errors, except [GroupsUnlisted].
//
// # Errors
//
// An error ends the audit early, and no result is returned: [idp.ErrCut],
// [ErrRosterChanged], a [RefusedError] of the guard, [ErrCheckpoint], the errors of
// scimclient that every request would meet, and the end of ctx. A single request
// that fails is a [NotChecked] finding.
//
// # Retries
//
// The client's. An audit slows down on a 429, because somebody else is writing.
//
// # Concurrency
//
// Run one audit per tenant at a time: the quota is the tenant's. A process can
// audit several tenants. [Options.Handle] is called by one goroutine at a time.
//
// # Memory
//
// An audit remembers keys, memberships and hashes, not rows. A process that audits
// 1,000,000 users with 5,000,000 memberships has a peak of about 450 MB.
//
// # Privacy
//
// Findings hold keys and values of people. Their log form has SCIM IDs only.
// Reports and checkpoints are files with mode 0600.
package audit
