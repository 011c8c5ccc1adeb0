package scimclient

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
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

// CheckAccess asks the tenant for its users, once, and tells what it gets
// apart. It returns nil and
//
//   - [ErrTokenRejected]: the token is not accepted (401)
//   - [ErrNotSyncer]: the token is, but the service agent as which it acts has
//     not the role (403); the error names the member and the role to bind, exactly
//     so with [WithServiceAgent]
//   - [ErrTenantUnknown]: there is no such tenant (404)
//   - [ErrThrottled]: the quota is used up (429)
//   - [ErrUnreachable]: there was no reply
//   - another sentinel for what is no SCIM service: [iamscim.ErrRedirected],
//     [iamscim.ErrBadReply], [iamscim.ErrUnavailable]
//
// unless access is granted.
//
//	GET /Users?count=1
func (c *Client) CheckAccess(ctx context.Context) (*Access, error) {
	access, _, err := c.checkAccess(ctx, "CheckAccess")
	return access, err
}

// checkAccess also reports whether a later check may have another outcome.
func (c *Client) checkAccess(ctx context.Context, op string) (access *Access, passes bool, err error) {
	access = &Access{BaseURI: c.base.String(), ServiceAgent: c.serviceAgent, Checks: 1}
	out, err := c.do(ctx, request{
		op: op, method: http.MethodGet, path: "/Users", query: url.Values{"count": {"1"}}, repeat: true, maxAttempts: 1,
		decode: func(rep *reply) error {
			// A user that can't be read is no reason to deny access.
			p, err := decodePage(rep.body, func(json.RawMessage) (*User, error) { return nil, nil })
			if err == nil {
				access.Users = p.total
			}
			return err
		},
	})
	if err != nil {
		switch asError(err).Kind {
		case ErrTokenRejected, ErrNotSyncer, ErrTenantUnknown:
			return nil, true, err
		}
		return nil, out.passes, err
	}
	return access, false, nil
}

// maxPause bounds the pauses of WaitAccess: nobody should wait for half
// a minute after access is there.
const maxPause = 8 * time.Second

// WaitAccess repeats CheckAccess until access is granted: a new token, a new
// tenant and a new role binding take up to minutes to be known everywhere. It
// gives up when ctx or the retry policy's Budget ends, and returns what the
// last check returned; at once where waiting does not help, as on a redirect
// or a host that does not exist.
//
//	GET /Users?count=1
func (c *Client) WaitAccess(ctx context.Context) (*Access, error) {
	if ctx == nil {
		return c.CheckAccess(ctx) // says so
	}
	var access *Access
	var last *Error
	policy := c.retry
	policy.Max = min(policy.Max, maxPause)
	policy.Initial = min(policy.Initial, policy.Max)
	checks, err := retry.Do(ctx, policy, func() (retry.Verdict, error) {
		var err error
		var again bool
		access, again, err = c.checkAccess(ctx, "WaitAccess")
		last = asError(err)
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
