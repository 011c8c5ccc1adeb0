package scimclient

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"

	"golang.org/x/oauth2"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/internal/limit"
	"github.com/iamscim/iamscim/internal/retry"
)

const (
	// mediaType is that of RFC 7644 section 3.1.
	mediaType = "application/scim+json"

	// attemptTimeout ends one attempt on a server that stalls, whose reply
	// is then as good as lost. The caller's context ends all of them.
	attemptTimeout = time.Minute

	// mostDetail bounds what is kept of a reply that is an error.
	mostDetail = 64 << 10
)

// A request is one call of the service, in as many attempts as it may take.
type request struct {
	op       string // "Users.Get"
	resource string // "User 2819c223", or "User": see Error.Resource
	method   string
	path     string // below the base URI, escaped
	query    string
	body     []byte
	ifMatch  string

	// one: the path names one resource, so that a 404 is about that and not
	// about the tenant.
	one bool

	// optional: a server may leave the endpoint out.
	optional bool

	// repeat: it does no harm if the server does this twice, so a request
	// whose outcome is unknown may be sent again. What the server has
	// certainly not done may always be sent again.
	repeat bool

	// most bounds the attempts; 0 leaves that to the policy.
	most int

	// decode reads the body of a 2xx reply. Its error makes the reply a bad
	// one.
	decode func(*reply) error

	// lost reports, after the call, that the reply to some attempt was lost
	// or unusable: the server may have acted on it.
	lost bool

	sent    int         // attempts
	reached int         // of them those that a server may have seen
	class   retry.Class // of the last attempt
}

type reply struct {
	status int
	header http.Header
	body   []byte
}

// do sends r under the client's retry policy. Its error is an *Error.
func (c *Client) do(ctx context.Context, r *request) error {
	if ctx == nil {
		return r.fail(iamscim.ErrInvalidArgument, errors.New("the context is nil"))
	}
	if err := ctx.Err(); err != nil {
		return r.fail(nil, err)
	}
	policy := c.retry
	if r.most > 0 && (policy.MaxAttempts == 0 || r.most < policy.MaxAttempts) {
		policy.MaxAttempts = r.most
	}
	var last *Error
	_, err := retry.Do(ctx, policy, func() (retry.Verdict, error) {
		var v retry.Verdict
		v, last = c.attempt(ctx, r)
		if last == nil {
			return v, nil
		}
		if v.Again {
			c.log.InfoContext(ctx, "scimclient: an attempt failed, to be repeated if time allows", "op", r.op, "attempt", r.sent, "status", last.Status)
		}
		return v, last
	})
	if last == nil {
		return nil
	}
	last.endedBy(err)
	last.Attempts = r.sent
	return last
}

// endedBy adds the end of the context to e where err, the outcome of a retry
// loop whose last error is e, has it.
func (e *Error) endedBy(err error) {
	if err == error(e) {
		return
	}
	cause := context.DeadlineExceeded
	if errors.Is(err, context.Canceled) {
		cause = context.Canceled
	}
	if e.Err == nil {
		e.Err = cause
		return
	}
	e.Err = fmt.Errorf("%w; %w", e.Err, cause)
}

func (r *request) fail(kind, err error) *Error {
	return &Error{Op: "scimclient: " + r.op, Resource: r.resource, Kind: kind, Attempts: r.sent, Err: err}
}

// attempt sends r once.
func (c *Client) attempt(ctx context.Context, r *request) (retry.Verdict, *Error) {
	token, err := c.token()
	if err != nil {
		return retry.Verdict{}, r.fail(iamscim.ErrUnauthenticated, err)
	}
	event, err := c.pace.wait(ctx, c.retry.Budget)
	if err != nil {
		e := r.fail(nil, err)
		if paused := (*pausedError)(nil); errors.As(err, &paused) {
			e.Kind, e.Remedy = ErrThrottled, remedyThrottled
		}
		return retry.Verdict{}, e
	}
	attemptCtx, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	req, err := c.newRequest(attemptCtx, r, token)
	if err != nil {
		return retry.Verdict{}, r.fail(iamscim.ErrInvalidArgument, err)
	}
	r.sent++
	begin := time.Now()
	resp, err := c.http.Do(req)
	if err == nil || !retry.Unsent(err) {
		r.reached++
	}
	if err != nil {
		c.logReply(ctx, r, 0, begin)
		return c.broken(ctx, r, withoutURL(err))
	}
	defer resp.Body.Close()
	rep := reply{status: resp.StatusCode, header: resp.Header}
	if resp.StatusCode == http.StatusTooManyRequests {
		c.pace.throttled(event, retry.After(resp.Header, time.Now()))
	} else {
		c.pace.passed(event)
	}
	ok := resp.StatusCode >= 200 && resp.StatusCode <= 299
	if ok {
		rep.body, err = readAll(resp.Body, resp.ContentLength)
	} else {
		// What can be read of an error is enough.
		rep.body, _ = io.ReadAll(io.LimitReader(resp.Body, mostDetail))
	}
	c.logReply(ctx, r, rep.status, begin)
	switch {
	case !ok:
		return c.refused(r, &rep)
	case errors.Is(err, limit.ErrTooLarge):
		return c.unusable(r, &rep, false, err)
	case err != nil:
		return c.broken(ctx, r, err)
	case r.decode == nil:
		return retry.Verdict{}, nil
	}
	if err := r.decode(&rep); err != nil {
		return c.unusable(r, &rep, isCut(resp, rep.body, err), err)
	}
	return retry.Verdict{}, nil
}

// logReply logs an attempt; status 0 is none.
func (c *Client) logReply(ctx context.Context, r *request, status int, begin time.Time) {
	if c.log.Enabled(ctx, slog.LevelDebug) {
		c.log.DebugContext(ctx, "scimclient: request", "method", r.method, "path", r.path, "status", status, "took", time.Since(begin))
	}
}

// token returns the token to send. A token with white space in it, a trap of
// copy and paste, would only come back as a 401.
func (c *Client) token() (*oauth2.Token, error) {
	token, err := c.source()
	switch {
	case err != nil:
		return nil, fmt.Errorf("no token: %w", err)
	case token == nil || token.AccessToken == "":
		return nil, errors.New("the token is empty")
	case strings.ContainsFunc(token.AccessToken, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }):
		return nil, errors.New("the token contains white space or control characters: copy it again without them and without \"Bearer\"")
	}
	return token, nil
}

// Header values that never change. Nobody writes to them.
var (
	acceptHeader    = []string{mediaType + ", application/json"}
	contentHeader   = []string{mediaType}
	userAgentHeader = []string{"iamscim-go"}
)

func (c *Client) newRequest(ctx context.Context, r *request, token *oauth2.Token) (*http.Request, error) {
	var body io.Reader
	if r.body != nil {
		body = bytes.NewReader(r.body)
	}
	req, err := http.NewRequestWithContext(ctx, r.method, "", body)
	if err != nil {
		return nil, err
	}
	u := c.base
	path, err := url.PathUnescape(r.path)
	if err != nil {
		return nil, err
	}
	if u.RawPath != "" || path != r.path {
		u.RawPath = u.EscapedPath() + r.path
	}
	u.Path += path
	u.RawQuery = r.query
	req.URL, req.Host = &u, u.Host
	req.Header["Accept"] = acceptHeader
	req.Header["User-Agent"] = userAgentHeader
	if r.body != nil {
		req.Header["Content-Type"] = contentHeader
	}
	if r.ifMatch != "" {
		req.Header["If-Match"] = []string{r.ifMatch}
	}
	token.SetAuthHeader(req)
	return req, nil
}

// readAll reads a body that is bounded by the transport.
func readAll(body io.Reader, length int64) ([]byte, error) {
	if length > mostBody {
		return nil, fmt.Errorf("%w: %d bytes", limit.ErrTooLarge, length)
	}
	if length <= 0 {
		// Also 0: a transport other than net/http's may not have set it.
		return io.ReadAll(body)
	}
	buf := make([]byte, length)
	n, err := io.ReadFull(body, buf)
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return buf[:n], err
}

// isCut reports that a body ended too early for the transport to notice: JSON
// that stops halfway, or nothing at all where only the end of the connection
// ended the body.
func isCut(resp *http.Response, body []byte, err error) bool {
	if len(body) == 0 {
		return resp.ContentLength < 0
	}
	var syntax *json.SyntaxError
	return errors.As(err, &syntax) && syntax.Offset >= int64(len(body))
}

// withoutURL drops the address, whose query may hold a name, from an error of
// net/http.
func withoutURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}
