// Package idp has the types that describe an identity provider's half of SCIM
// provisioning: the roster, which is what the identity provider should have
// pushed into a tenant. It also reads rosters from files.
//
//	roster, err := idp.Files{
//		Users:       []string{"users.csv"},
//		Groups:      []string{"groups.csv"},
//		Memberships: []string{"memberships.csv"},
//	}.Roster()
//
// The package is a leaf. A program that produces a roster links the standard
// library, package iamscim and golang.org/x/oauth2, and nothing else. Package
// scimclient/audit compares a roster with a tenant.
//
// [Provider] is a program for the identity provider's half. Package provision
// calls it in place of a person.
//
// # The end of a list
//
// A list that was cut looks like a smaller directory, and programs have disabled
// everybody after an empty answer. So each list of a [Roster] says where it ends:
// the last element has an [End] as its error, with the number of rows. A list
// that stops without one is [ErrCut].
//
// # Live rosters
//
// Packages provision/entra and provision/okta read a [Roster] from the identity
// provider. It changes while an audit runs. [Roster.Copy] reads it once, into files
// that the audit goes by.
//
// # Files
//
// The reader recognizes these formats by their content:
//
//   - CSV with a header. The columns are attribute names: see [Files].
//   - JSON Lines: one object per line, with the names of the CSV columns.
//   - SCIM ListResponse (RFC 7644 section 3.4.2).
//   - Microsoft Graph: pages of /users, /groups, /groups/ID/members and their
//     delta queries.
//   - Okta: arrays of /users, /apps/ID/users, /groups and /groups/ID/users.
//
// UTF-8 and UTF-16 with a byte order mark are accepted.
//
// # Errors
//
// Every problem of a file is a [*Problem] with file and line. The reader goes on
// after a problem, and gives up after 100. Problems don't repeat the values of a
// file, which may be names and mail addresses.
//
// # Retries
//
// The package sends nothing.
//
// # Concurrency
//
// The lists of a Roster can be read several times. A Roster from [Files] can be
// read by several goroutines.
package idp
