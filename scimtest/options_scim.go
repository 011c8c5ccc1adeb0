package scimtest

import "fmt"

// WithQuota lets each SCIM tenant have this many requests per minute and
// answers 429 above. Google's documented limit is 3000. The default, 0, is no
// limit.
func WithQuota(requestsPerMinute int) Option {
	return func(c *config) error {
		if requestsPerMinute < 0 {
			return fmt.Errorf("scimtest: WithQuota(%d): must not be negative", requestsPerMinute)
		}
		c.quota = requestsPerMinute
		return nil
	}
}

// WithQuotaModel chooses how the requests of [WithQuota] are counted.
func WithQuotaModel(m QuotaModel) Option {
	return func(c *config) error {
		c.scim.quotaModel = m
		return oneOf("WithQuotaModel", m, QuotaWindow)
	}
}

// WithQuotaRetryAfter adds a Retry-After header, in seconds, to the SCIM
// service's 429. Whether Google sends one is not documented.
func WithQuotaRetryAfter() Option {
	return func(c *config) error {
		c.scim.retryAfter = true
		return nil
	}
}

// WithMemberFilter chooses the answer to a filter on members alone.
func WithMemberFilter(m MemberFilter) Option {
	return func(c *config) error {
		c.scim.memberFilter = m
		return oneOf("WithMemberFilter", m, MemberFilterRefused)
	}
}

// WithEmailRule chooses the emails a user may have.
func WithEmailRule(r EmailRule) Option {
	return func(c *config) error {
		c.scim.emails = r
		return oneOf("WithEmailRule", r, EmailsAny)
	}
}

// WithLegacyPatch chooses what becomes of Entra ID's old PATCH form.
func WithLegacyPatch(l LegacyPatch) Option {
	return func(c *config) error {
		c.scim.legacyPatch = l
		return oneOf("WithLegacyPatch", l, LegacyPatchRefused)
	}
}

// WithPatchReply chooses the answer to a PATCH that succeeded.
func WithPatchReply(r PatchReply) Option {
	return func(c *config) error {
		c.scim.patchReply = r
		return oneOf("WithPatchReply", r, PatchReplyNoContent)
	}
}

// WithETags gives SCIM resources a meta.version and honours If-Match and
// If-None-Match (RFC 7644 section 3.14). Whether Google does is not
// documented; the default is not to.
func WithETags() Option {
	return func(c *config) error {
		c.scim.etags = true
		return nil
	}
}

// oneOf refuses a number outside an enumeration.
func oneOf[T ~int](option string, v, last T) error {
	if v < 0 || v > last {
		return fmt.Errorf("scimtest: %s(%d): no such value", option, v)
	}
	return nil
}
