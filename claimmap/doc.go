// Package claimmap checks the claim mapping of a SCIM tenant before it becomes
// immutable: whether Google accepts it, and whether it names the same identity
// as the attribute mapping of the tenant's workforce pool provider.
//
// A claim mapping ([--claim-mapping], the field claimMapping of
// [locations.workforcePools.providers.scimTenants]) tells which attribute of a
// provisioned user becomes google.subject, and which of a group google.group. It
// cannot be changed once the tenant exists: a wrong one costs the tenant, its
// URI and all its tokens. The package needs no network and no credentials, and
// calls nothing. The service's own checks aren't published, so it can still refuse
// a mapping that the package accepts.
//
// Most callers want [Parse] or [Recommended], then [Mapping.Validate], then
// [Compare]; package scimtenant takes the Mapping from there.
//
// # Grammar
//
// The rules are those of [SCIM provisioning for Workforce Identity Federation]
// as of September 2026.
//
// google.subject and google.group are required and take closed sets, listed by
// [Supported]: user.externalId, user.userName or user.emails[0].value, and
// group.externalId or group.displayName, each with or without .lowerAscii().
// Whether a text is one of them is decided on its syntax tree:
// user["emails"][ 0 ].value is user.emails[0].value, and that is what is sent.
//
// google.display_name, google.profile_photo, google.email, google.posix_username
// and up to 50 attribute.KEY (KEY: at most 100 of a-z, 0-9 and _; expression: at
// most 256 characters) are evaluated only under
// [github.com/iamscim/iamscim.SCIMUsageUsersAndGroups]. They take CEL that yields
// a string from attributes of user:
//
//	userName displayName nickName profileUrl title userType
//	preferredLanguage locale timezone active externalId
//	name.{formatted,familyName,givenName,middleName,honorificPrefix,honorificSuffix}
//	emails[].{display,type,value,primary}
//	phoneNumbers[].{display,type,value,primary}
//	ims[], photos[], entitlements[].{display,type,value}
//	roles[].{type,value}
//	addresses[].{formatted,streetAddress,locality,region,postalCode,country}
//	['urn:ietf:params:scim:schemas:extension:enterprise:2.0:User'].{employeeNumber,
//	  costCenter,organization,division,department,manager.value,manager.displayName}
//
// with indexes, ==, !=, !, &&, ||, ?:, lowerAscii() and filter. cel-go's type
// checker checks them against these attributes. A list holds values of one type.
// What fails for everybody is refused: 1/0, ['a'][1], and a regular expression that
// RE2 cannot read.
//
// These are accepted, and [Mapping.Lint] warns:
//   - standard CEL beyond that (has, all, exists, exists_one, map, contains,
//     startsWith, endsWith, matches, size, string, in, +, -, <, …), join and split:
//     documented for a provider's attribute mapping, shown in no claim mapping
//   - what one page of Google's allows and another forbids, as lowerAscii() on
//     group.externalId
//   - the enterprise extension: its spelling in a claim mapping is not documented
//
// Everything else is refused. Expressions of more than 2048 characters, and
// brackets nested more than 24 deep, are refused before they are parsed.
//
// # Comparing
//
// [Compare] answers whether google.subject, mapped from the token by the provider
// and from the provisioned user by the tenant, is the same text for the same
// person. If not, people sign in and are in no group.
//
//	provider \ tenant                 user.          user.          user.emails[0]
//	                                  externalId     userName       .value
//	Microsoft Entra ID
//	  assertion.oid                   consistent     inconsistent   inconsistent
//	  assertion.email                 inconsistent   inconsistent   consistent
//	  assertion.preferred_username    inconsistent   consistent     inconsistent
//	  assertion.upn                   inconsistent   consistent     inconsistent
//	  assertion.sub                   inconsistent   inconsistent   inconsistent
//	  assertion.subject               unproven       unproven       unproven
//	  SAML objectidentifier           consistent     inconsistent   inconsistent
//	  SAML emailaddress               inconsistent   inconsistent   consistent
//	  SAML name                       inconsistent   consistent     inconsistent
//	  SAML upn                        inconsistent   consistent     inconsistent
//	  another claim                   unproven       unproven       unproven
//	  another SAML attribute          unproven       unproven       unproven
//	Okta
//	  assertion.oid                   unproven       unproven       unproven
//	  assertion.email                 inconsistent   unproven       consistent
//	  assertion.preferred_username    inconsistent   consistent     inconsistent
//	  assertion.upn                   unproven       unproven       unproven
//	  assertion.sub                   consistent     unproven       inconsistent
//	  assertion.subject               unproven       consistent     unproven
//	  SAML objectidentifier           unproven       unproven       unproven
//	  SAML emailaddress               unproven       unproven       unproven
//	  SAML name                       unproven       unproven       unproven
//	  SAML upn                        unproven       unproven       unproven
//	  another claim                   unproven       unproven       unproven
//	  another SAML attribute          unproven       unproven       unproven
//	another product
//	  assertion.oid                   unproven       unproven       unproven
//	  assertion.email                 unproven       unproven       consistent
//	  assertion.preferred_username    unproven       consistent     unproven
//	  assertion.upn                   unproven       unproven       unproven
//	  assertion.sub                   consistent     unproven       unproven
//	  assertion.subject               unproven       unproven       unproven
//	  SAML objectidentifier           unproven       unproven       unproven
//	  SAML emailaddress               unproven       unproven       unproven
//	  SAML name                       unproven       unproven       unproven
//	  SAML upn                        unproven       unproven       unproven
//	  another claim                   unproven       unproven       unproven
//	  another SAML attribute          unproven       unproven       unproven
//	vendor not known
//	  assertion.oid                   unproven       unproven       unproven
//	  assertion.email                 unproven       unproven       consistent
//	  assertion.preferred_username    unproven       consistent     unproven
//	  assertion.upn                   unproven       unproven       unproven
//	  assertion.sub                   unproven       unproven       unproven
//	  assertion.subject               unproven       unproven       unproven
//	  SAML objectidentifier           unproven       unproven       unproven
//	  SAML emailaddress               unproven       unproven       unproven
//	  SAML name                       unproven       unproven       unproven
//	  SAML upn                        unproven       unproven       unproven
//	  another claim                   unproven       unproven       unproven
//	  another SAML attribute          unproven       unproven       unproven
//
// assertion.subject is the SAML Name ID. SAML stands for the first value of a SAML
// attribute, assertion.attributes['URI'][0], under
// http://schemas.microsoft.com/identity/claims/ (objectidentifier) or
// http://schemas.xmlsoap.org/ws/2005/05/identity/claims/.
//
// The table holds with lowerAscii() on both sides and on neither. On one side only,
// or with upperAscii(), a consistent pair is inconsistent; for the object IDs of
// Entra ID, which nobody has seen with an upper-case letter, lowerAscii() on one
// side makes it unproven. Anything more than a claim (has, ?:, other functions, a
// second value) is unproven. A constant is inconsistent.
//
// Consistent means that Google documents the pair. Wherever the settings in
// Requires hold and both sides have a value, the two values are equal, byte for
// byte. Requires is part of the verdict and names what an administrator of the
// identity provider can change. For example, assertion.oid meets user.externalId
// only if Entra ID fills externalId from objectId, which is not the default, and
// nothing on Google's side shows it. [Settings] lists all of them.
//
// Consistent does not guarantee:
//   - that the settings are made and stay so
//   - that the claim is in the token; Entra ID sends email and upn only on request
//   - that a value is unique, not empty and at most 127 bytes long; see [CheckUnique]
//   - that somebody still meets after a change of address or user name: the service
//     takes the provisioned value for immutable
//   - that the pages are right
//
// [Preview] tries one token and one user; an audit of the directory tries all.
//
// Inconsistent means that with the sources the vendor and Google document there is
// a person for whom the two differ. Unproven means that it may work, and nothing here
// can show it. Invalid means that it cannot work for anybody: CEL or a documented
// rule of the service rejects one of the expressions for every assertion. An
// expression that cannot be read, reads user, or yields no string is invalid, and so
// is a SAML attribute without an index, and a mapping without google.subject.
//
// [Fit] goes the other way: it returns the claim mapping that meets a provider.
//
// # Evaluating
//
// [Mapping.Subject] and [Mapping.GroupValue] read the attribute directly.
// [Mapping.EvaluateUser], [Mapping.EvaluateGroup] and [EvaluateAssertion] run the
// expressions in cel-go. Cost, sizes and nesting are limited, so that an expression
// or an identity from a stranger costs at most a moment.
//
// [CheckUnique] and [CheckUniqueGroups] find what the service would answer with 409
// or 400, before an identity provider provisions a directory.
//
// # Errors
//
// [Parse], [New] and [Mapping.Validate] return an [*Error] that holds every
// problem at once, each an [Issue] with its key, its place and what would do
// instead. It matches [ErrInvalid]. What is legal and questionable is no error:
// [Mapping.Lint] returns it. A value that cannot be used is a [*ValueError], which
// matches [ErrEmpty], [ErrTooLong] and the like and never holds the value.
//
// # Concurrency
//
// A Mapping is an immutable value. Everything here is safe for concurrent use.
//
// [--claim-mapping]: https://docs.cloud.google.com/sdk/gcloud/reference/iam/workforce-pools/providers/scim-tenants/create
// [locations.workforcePools.providers.scimTenants]: https://docs.cloud.google.com/iam/docs/reference/rest/v1/locations.workforcePools.providers.scimTenants
// [SCIM provisioning for Workforce Identity Federation]: https://docs.cloud.google.com/iam/docs/workforce-identity-federation-scim
package claimmap
