package scimclient

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"golang.org/x/oauth2"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/internal/limit"
	"github.com/iamscim/iamscim/internal/paste"
	"github.com/iamscim/iamscim/internal/retry"
	"github.com/iamscim/iamscim/internal/useragent"
)

// mediaType is that of RFC 7644 section 3.1.
const mediaType = "application/scim+json"

// A request is one call of the service, in as many attempts as it takes. It
// never changes: what becomes of it is its outcome.
type request struct {
	op       string // "Users.Get"
	resource string // "User 2819c223", or "User": see Error.Resource
	method   string
	path     string // below the base URI, escaped
	query    url.Values
	body     []byte
	password iamscim.Secret // in body
	ifMatch  string

	// one: the path names one resource, so that a 404 is about that and not
	// about the tenant.
	one bool

	// optional: a server may leave the endpoint out.
	optional bool

	// repeat: it does no harm if the server does this twice, so the request may
	// be sent again if its outcome is unknown. What the server has certainly not
	// done may always be sent again.
	repeat bool

	// maxAttempts bounds the attempts; 0 leaves that to the policy.
	maxAttempts int

	// decode reads the body of a 2xx reply; nil for a reply that says nothing
	// more. Its error makes the reply a bad one.
	decode func(*reply) error
}

// reply is what a server answered.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// outcome is what became of a request.
type outcome struct {
	attempts int  // that were made
	seen     int  // of them those that a server may have seen
	lost     bool // a server may have acted on one of them, and its reply doesn't say
	passes   bool // later attempts may end otherwise
	nobody   bool // the last attempt found nobody at the address
}

// do makes attempts at r under the client's retry policy. Its error is an
// *Error.
func (c *Client) do(ctx context.Context, r request) (outcome, error) {
	var out outcome
	if c == nil || c.source == nil {
		return out, errZeroClient(r.op, r.resource)
	}
	if ctx == nil {
		return out, r.fail(iamscim.ErrInvalidArgument, errors.New("the context is nil"))
	}
	if err := ctx.Err(); err != nil {
		return out, r.fail(nil, err)
	}
	policy := c.retry
	if r.maxAttempts > 0 && (policy.MaxAttempts == 0 || r.maxAttempts < policy.MaxAttempts) {
		policy.MaxAttempts = r.maxAttempts
	}
	var failed *failure
	_, err := retry.Do(ctx, policy, func() (retry.Verdict, error) {
		failed = c.attempt(ctx, r)
		out.add(failed)
		if failed == nil {
			return retry.Verdict{}, nil
		}
		again := failed.class == retry.Refused || failed.class == retry.Ambiguous && r.repeat
		if failed.nobody && out.attempts >= retry.MaxNobody {
			again = false
		}
		if again {
			c.log.InfoContext(ctx, "scimclient: an attempt failed, to be repeated if time allows", "op", r.op, "attempt", out.attempts, "status", failed.err.Status)
		}
		return retry.Verdict{Again: again, Least: failed.pause}, failed.err
	})
	if failed == nil {
		return out, nil
	}
	failed.err.Attempts = out.attempts
	failed.err.endedBy(err)
	return out, failed.err
}

// add counts an attempt.
func (o *outcome) add(failed *failure) {
	if failed == nil {
		failed = &failure{tried: true, seen: true}
	}
	if failed.tried {
		o.attempts++
	}
	if failed.seen {
		o.seen++
	}
	o.lost = o.lost || failed.lost
	o.passes, o.nobody = failed.class != retry.Final, failed.nobody
}

// attempt makes one attempt at r. It returns nil if the reply is a good one.
func (c *Client) attempt(ctx context.Context, r request) *failure {
	token, err := c.token(ctx)
	if err != nil {
		return c.unauthenticated(ctx, r, err)
	}
	event, err := c.pace.wait(ctx, c.retry.Budget)
	if err != nil {
		e := r.fail(nil, err)
		if paused := (*pausedError)(nil); errors.As(err, &paused) {
			e.Kind, e.Remedy = ErrThrottled, remedyThrottled
		}
		return untried(e)
	}
	try := retry.Begin(ctx, c.retry)
	defer try.End()
	req, err := c.newRequest(try.Context(), r, token)
	if err != nil {
		return untried(r.fail(iamscim.ErrInvalidArgument, err))
	}
	failed := c.roundTrip(ctx, r, try, req, event)
	if failed != nil {
		failed.err.scrub(token.AccessToken, r.password.Reveal())
	}
	return failed
}

// roundTrip sends req and reads the reply. event is what the pacer said.
func (c *Client) roundTrip(ctx context.Context, r request, try *retry.Attempt, req *http.Request, event int) *failure {
	begin := time.Now()
	resp, err := c.http.Do(req)
	if err != nil {
		c.logAttempt(ctx, r, 0, begin)
		return c.broken(ctx, r, try, err)
	}
	defer resp.Body.Close()
	rep := &reply{status: resp.StatusCode, header: resp.Header}
	rep.body, err = readBody(resp)
	c.logAttempt(ctx, r, rep.status, begin)
	if rep.status == http.StatusTooManyRequests {
		c.pace.throttled(event, rep.pause())
	} else {
		c.pace.passed(event)
	}
	switch {
	case !isSuccess(rep.status):
		return c.refused(r, rep) // what could be read of it is enough
	case errors.Is(err, limit.ErrTooLarge):
		return c.unusable(r, rep, retry.Final, err)
	case err != nil:
		return c.broken(ctx, r, try, err)
	case r.decode == nil:
		return nil
	}
	err = checkSize(rep.body)
	if err == nil {
		err = r.decode(rep)
	}
	if err != nil {
		class := retry.Final
		if isCut(resp, rep.body, err) {
			class = retry.Ambiguous
		}
		return c.unusable(r, rep, class, err)
	}
	return nil
}

func isSuccess(status int) bool { return status >= 200 && status <= 299 }

// logAttempt logs an attempt; status 0 is none.
func (c *Client) logAttempt(ctx context.Context, r request, status int, begin time.Time) {
	if c.log.Enabled(ctx, slog.LevelDebug) {
		c.log.DebugContext(ctx, "scimclient: request", "method", r.method, "path", r.path, "status", status, "took", time.Since(begin))
	}
}

// token returns the token to send.
func (c *Client) token(ctx context.Context) (*oauth2.Token, error) {
	token, err := retry.Token(ctx, c.retry.AttemptTimeout, c.source)
	if err != nil {
		return nil, err
	}
	return token, paste.CheckToken(token.AccessToken)
}

// newRequest makes the HTTP request of an attempt.
func (c *Client) newRequest(ctx context.Context, r request, token *oauth2.Token) (*http.Request, error) {
	var body io.Reader
	if r.body != nil {
		body = bytes.NewReader(r.body)
	}
	req, err := http.NewRequestWithContext(ctx, r.method, c.base.String()+r.path, body)
	if err != nil {
		return nil, err
	}
	req.URL.RawQuery = r.query.Encode()
	req.Header.Set("Accept", mediaType+", application/json")
	req.Header.Set("User-Agent", useragent.String())
	if r.body != nil {
		req.Header.Set("Content-Type", mediaType)
	}
	if r.ifMatch != "" {
		req.Header.Set("If-Match", r.ifMatch)
	}
	token.SetAuthHeader(req)
	return req, nil
}

// readBody reads a body, which is bounded by the transport. A byte order mark
// before it, which RFC 8259 section 8.1 lets a reader ignore, is dropped.
func readBody(resp *http.Response) ([]byte, error) {
	if resp.ContentLength > maxBody {
		return nil, fmt.Errorf("%w: %d bytes", limit.ErrTooLarge, resp.ContentLength)
	}
	body, err := io.ReadAll(resp.Body)
	return bytes.TrimPrefix(body, []byte("\ufeff")), err
}
