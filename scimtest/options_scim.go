package scimtest

import (
	"fmt"

	"github.com/iamscim/iamscim/scimtest/internal/behavior"
)

// WithQuota lets each SCIM tenant have this many requests per minute and
// answers 429 above. Google's documented limit is 3000. The default, 0, is no
// limit.
func WithQuota(requestsPerMinute int) Option {
	return func(c *config) error {
		if requestsPerMinute < 0 {
			return fmt.Errorf("scimtest: WithQuota(%d): must not be negative", requestsPerMinute)
		}
		c.Quota = requestsPerMinute
		return nil
	}
}

// WithQuotaModel chooses how the requests of [WithQuota] are counted.
func WithQuotaModel(m QuotaModel) Option {
	return func(c *config) error {
		return c.choose("WithQuotaModel", behavior.QuotaModel, int(m))
	}
}

// WithQuotaRetryAfter adds a Retry-After header, in seconds, to the SCIM
// service's 429. Whether Google sends one is not documented.
func WithQuotaRetryAfter() Option {
	return func(c *config) error {
		return c.choose("WithQuotaRetryAfter", behavior.QuotaRetryAfter, 1)
	}
}

// WithMemberFilter chooses the answer to a filter on members alone.
func WithMemberFilter(m MemberFilter) Option {
	return func(c *config) error {
		return c.choose("WithMemberFilter", behavior.MemberFilter, int(m))
	}
}

// WithEmailRule chooses the emails a user may have.
func WithEmailRule(r EmailRule) Option {
	return func(c *config) error {
		return c.choose("WithEmailRule", behavior.EmailRule, int(r))
	}
}

// WithLegacyPatch chooses what becomes of Entra ID's old PATCH form.
func WithLegacyPatch(l LegacyPatch) Option {
	return func(c *config) error {
		return c.choose("WithLegacyPatch", behavior.LegacyPatch, int(l))
	}
}

// WithPatchReply chooses the answer to a PATCH that succeeded.
func WithPatchReply(r PatchReply) Option {
	return func(c *config) error {
		return c.choose("WithPatchReply", behavior.PatchReply, int(r))
	}
}

// WithETags gives SCIM resources a meta.version and honours If-Match and
// If-None-Match (RFC 7644 section 3.14). Whether Google does is not
// documented; the default is not to.
func WithETags() Option {
	return func(c *config) error {
		return c.choose("WithETags", behavior.ETags, 1)
	}
}

// choose takes the nth answer of a row.
func (c *config) choose(option string, id behavior.ID, n int) error {
	if n < 0 || n >= len(behavior.Options[id]) {
		return fmt.Errorf("scimtest: %s(%d): no such value", option, n)
	}
	c.Choices[id] = behavior.Options[id][n]
	return nil
}

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
