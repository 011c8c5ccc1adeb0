package scimtest

// What the SCIM service does, and how sure that is. The part of the package
// comment about it is a copy of this list.
//
//	D documented by Google, O observed in public, I inferred from what is
//	documented or from RFC 7643 and RFC 7644, U unknown: the fake had to choose.
//
// Endpoints
//
//	D  /Users and /Users/ID: POST, GET, PUT, PATCH, DELETE
//	D  /Groups and /Groups/ID: POST, GET, PATCH, DELETE
//	D  /Schemas, /Schemas/URN and /ServiceProviderConfig: GET
//	U  PUT /Groups/ID, /Me, /Bulk, /.search, /Search and /ResourceTypes are documented as unsupported; they answer 501
//	I  other methods answer 405 with Allow, other paths 404; a filter on /Schemas or /ServiceProviderConfig 403 (RFC 7644 section 4)
//	U  what /Schemas and /ServiceProviderConfig say: the supported attributes with the RFC's characteristics; patch and filter (100), nothing else
//	I  a slash too many at the end of the base URI or of the path is no matter
//
// Requests and replies
//
//	I  the content type of replies is application/scim+json; requests may have application/json too, anything else is 415
//	U  a body may have 4 MiB; a larger one is 413
//	I  malformed JSON is 400 invalidSyntax, with it a key given twice, in any case, invalid UTF-8 and nesting beyond 32 levels
//	I  a missing schemas is tolerated, but for a PATCH; without the resource's own schema it is 400 invalidSyntax; unknown URNs in it are tolerated
//	U  unknown attributes in a body are ignored and not stored; unknown names in a PATCH path are 400 invalidPath
//	I  password, groups, roles.display and x509Certificates.display, documented as unsupported, are ignored and not stored
//	I  null, [] and {} stand for no value; a value of the wrong type is 400 invalidValue
//	U  an attribute other than members may have 1,000 values
//	U  errors have status as a string (RFC 7644 section 3.12)
//	I  ids are UUIDs; POST answers 201 with Location, DELETE 204, an unknown id 404
//	U  PATCH answers 200 with the resource ([WithPatchReply])
//	U  there are no versions: no ETag, no meta.version, If-Match has no effect ([WithETags])
//	U  attributes and excludedAttributes work (RFC 7644 section 3.9); together they are 400 invalidValue
//
// Lists and filters
//
//	D  at most 100 resources; startIndex has no effect and is 1 in replies; totalResults is the number of resources in the reply
//	U  count below 100 is honoured, 0 and less yield no resources; sortBy is ignored; the order is that of creation
//	D  eq, and its combination by and; userName, displayName, and id with members
//	I  eq works for every supported attribute, of the extension with or without its URN, for sub-attributes and in value paths as emails[type eq "work"].value
//	I  case counts as RFC 7643 says: in id, externalId, photos.value, x509Certificates.value and references to ids, nowhere else
//	U  other operators, or and not are 400 invalidFilter, and so are malformed filters, unknown attributes and operands of the wrong type; the detail tells which
//	D  id eq "G" and members eq "U" finds the group if the user is a direct member, and nothing otherwise
//	I  the order of the two terms is no matter; members stands for members.value
//	U  members eq "U" without the group's id finds the groups the user is a direct member of ([WithMemberFilter])
//	D  members are empty whenever a group is read
//	U  they are empty in replies to filters on members, to POST and to PATCH too
//	I  id eq "U" and manager eq "M" finds the user if M is its manager
//
// Rules
//
//	D  values mapped to google.subject and google.group are unique, userName and displayName of groups too: 409
//	I  with scimType uniqueness; userName and displayName without regard to case
//	D  mapped values must not be missing or empty: 400
//	I  with scimType invalidValue, as a missing userName or displayName
//	D  a user has exactly one email, of type work: 400 invalidValue ([WithEmailRule])
//	D  a subject has at most 127 bytes
//	U  a longer one is 400 invalidValue
//	D  mapped values do not change
//	U  trying it is 400 mutability; what .lowerAscii() makes equal is no change
//	U  a member must exist: 400 invalidValue otherwise; a manager need not
//	U  groups may be members of groups, not of themselves, directly or through others: 400 invalidValue
//	I  deleting a user or a group ends its memberships; users stay when their manager goes
//	I  inactive users are listed and keep their memberships
//
// PATCH
//
//	I  RFC 7644 section 3.5.2, all operations or none; in a path's filter all operators work
//	I  a PATCH that changes nothing leaves lastModified alone
//	I  op in any case; dotted names, URNs and value paths as keys of a value without a path; the resource's own id, schemas and meta in a value are ignored
//	I  add by a filter that matches nothing makes the element that the filter describes; replace by such a filter is 400 noTarget
//	I  manager may be given as its id or as a list of one
//	D  Entra ID's requests without aadOptscim062020 fail, says the troubleshooting page
//	U  how they fail is not said; the fake does what they mean: booleans as text, removal of members by a list of values ([WithLegacyPatch])
//	I  members as a whole may be added and removed; changing what a member says is 400 mutability
//
// Quota
//
//	D  3,000 requests per tenant and minute, reads and writes, then 429; off unless asked for ([WithQuota])
//	U  whether it is a bucket or a window ([WithQuotaModel]), and whether a 429 has Retry-After ([WithQuotaRetryAfter])
//	U  one count for reads and writes; requests that fail count
