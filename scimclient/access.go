package scimclient

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/iamscim/iamscim/internal/retry"
)

// Access is what a granted access check found.
type Access struct {
	// BaseURI is the tenant's, without slash and query.
	BaseURI string

	// ServiceAgent is as given to [WithServiceAgent].
	ServiceAgent string

	// Users is the totalResults of the reply to a request for one user. It's 0
	// if there are no users. Google's service counts the users in the reply, so
	// that more than 0 means that there are some. Other servers count all users
	// (RFC 7644 section 3.4.2).
	Users int

	// Checks is how often the tenant was asked.
	Checks int
}

// CheckAccess sends one request and reports whether the token can use the tenant.
// If access is denied, the error wraps one of these sentinels:
//
//   - [ErrTokenRejected]: the service doesn't accept the token (401)
//   - [ErrNotSyncer]: the token is valid, but the tenant's service agent doesn't
//     have roles/iam.scimSyncer (403); the error names the member and the role to
//     bind, exactly so with [WithServiceAgent]
//   - [ErrTenantUnknown]: there's no such tenant (404)
//   - [ErrThrottled]: the quota is used up (429)
//   - [ErrUnreachable]: no reply came
//   - another sentinel for what isn't a SCIM service: [iamscim.ErrRedirected],
//     [iamscim.ErrBadReply], [iamscim.ErrUnavailable]
//
// The call is:
//
//	GET /Users?count=1
func (c *Client) CheckAccess(ctx context.Context) (*Access, error) {
	access, _, err := c.checkAccess(ctx, "CheckAccess")
	return access, err
}

// checkAccess also returns what became of the request.
func (c *Client) checkAccess(ctx context.Context, op string) (*Access, outcome, error) {
	users := 0
	out, err := c.do(ctx, request{
		op: op, method: http.MethodGet, path: "/Users", query: url.Values{"count": {"1"}}, repeat: true, maxAttempts: 1,
		decode: func(rep *reply) error {
			// A user that can't be read is no reason to deny access.
			p, err := decodePage(rep.body, func(json.RawMessage) (*User, error) { return nil, nil })
			if err == nil {
				users = p.total
			}
			return err
		},
	})
	if err != nil {
		return nil, out, err
	}
	return &Access{BaseURI: c.base.String(), ServiceAgent: c.serviceAgent, Users: users, Checks: 1}, out, nil
}

// maxPause bounds the pauses of WaitAccess: nobody should wait for half
// a minute after access is there.
const maxPause = 8 * time.Second

// WaitToken repeats CheckAccess until the service knows the token, which takes up to
// minutes for a new token. Then it returns what CheckAccess returns: access, or
// [ErrNotSyncer] if the service agent's role is missing. Otherwise it's like
// [Client.WaitAccess].
//
//	GET /Users?count=1
func (c *Client) WaitToken(ctx context.Context) (*Access, error) {
	return c.waitAccess(ctx, "WaitToken", ErrTokenRejected, ErrTenantUnknown)
}

// WaitAccess repeats CheckAccess until access is granted. A new token, a new
// tenant and a new role binding take up to minutes to be known everywhere. It
// gives up when ctx or the retry policy's Budget ends, and returns what the
// last check returned. It gives up at once if waiting doesn't help, as on
// a redirect or a host that doesn't exist.
//
//	GET /Users?count=1
func (c *Client) WaitAccess(ctx context.Context) (*Access, error) {
	return c.waitAccess(ctx, "WaitAccess", ErrTokenRejected, ErrTenantUnknown, ErrNotSyncer)
}

// waitAccess repeats a check that ends in one of the errors, or in another one
// that may pass.
func (c *Client) waitAccess(ctx context.Context, op string, passing ...error) (*Access, error) {
	if c == nil || ctx == nil {
		access, _, err := c.checkAccess(ctx, op)
		return access, err // which says so
	}
	var access *Access
	var last *Error
	policy := c.retry
	policy.Max = min(policy.Max, maxPause)
	policy.Initial = min(policy.Initial, policy.Max)
	checks := 0
	_, err := retry.Do(ctx, policy, func() (retry.Verdict, error) {
		var out outcome
		var err error
		access, out, err = c.checkAccess(ctx, op)
		checks++
		last = asError(err)
		again := out.passes && !(out.nobody && checks >= retry.MaxNobody) ||
			slices.ContainsFunc(passing, func(kind error) bool { return last != nil && last.Kind == kind })
		return retry.Verdict{Again: again}, err
	})
	if err == nil {
		access.Checks = checks
		return access, nil
	}
	last.endedBy(err)
	if last.Attempts > 0 {
		last.Attempts = checks
	}
	return nil, last
}
