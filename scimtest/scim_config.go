package scimtest

// MemberFilter says how the SCIM service answers GET /Groups with a filter
// that names members and not the group's id, as `members eq "U"`. What
// Google's does is not documented. The documented form, `id eq "G" and
// members eq "U"`, works with each of them.
type MemberFilter int

const (
	// MemberFilterWorks answers with the groups the member is in. It is the
	// default.
	MemberFilterWorks MemberFilter = iota

	// MemberFilterIgnored answers as if the filter did not name members.
	MemberFilterIgnored

	// MemberFilterEmpty answers with no groups.
	MemberFilterEmpty

	// MemberFilterRefused answers 400 with scimType invalidFilter.
	MemberFilterRefused
)

// EmailRule says which emails a user may have.
type EmailRule int

const (
	// EmailsOneWork wants exactly one email, of type work, as Google
	// documents it. It is the default.
	EmailsOneWork EmailRule = iota

	// EmailsAny takes none or several emails of any type, as RFC 7643 does.
	EmailsAny
)

// LegacyPatch says what becomes of PATCH requests in the form that Entra ID
// sends without aadOptscim062020 in its tenant URL: booleans as text
// ("False") and removal of members by a list of values.
type LegacyPatch int

const (
	// LegacyPatchWorks does what Entra ID means by them. It is the default.
	LegacyPatchWorks LegacyPatch = iota

	// LegacyPatchRefused answers 400. Google's troubleshooting page says that
	// such requests fail, not how.
	LegacyPatchRefused
)

// PatchReply says how the service answers a PATCH that succeeded. Both are
// right by RFC 7644 section 3.5.2; which one Google sends is not documented.
type PatchReply int

const (
	// PatchReplyResource answers 200 with the resource. It is the default.
	PatchReplyResource PatchReply = iota

	// PatchReplyNoContent answers 204 without a body, unless the request asks
	// for attributes.
	PatchReplyNoContent
)

// QuotaModel is how the requests of a SCIM tenant are counted against its
// quota. Google documents the number, not the model.
type QuotaModel int

const (
	// QuotaBucket refills evenly and holds a second's worth: 50 a second with
	// bursts of 50 for 3,000 a minute. It is the default.
	QuotaBucket QuotaModel = iota

	// QuotaWindow counts from zero in each minute of the clock.
	QuotaWindow
)

// scimBehaviour is what can be switched about the SCIM service. The zero
// value is the default.
type scimBehaviour struct {
	memberFilter MemberFilter
	emails       EmailRule
	legacyPatch  LegacyPatch
	patchReply   PatchReply
	quotaModel   QuotaModel
	retryAfter   bool // a 429 has a Retry-After header
	etags        bool
}
