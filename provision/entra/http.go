package entra

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

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/internal/limit"
	"github.com/iamscim/iamscim/internal/retry"
	"github.com/iamscim/iamscim/internal/useragent"
)

const (
	maxBody     = 16 << 20 // bytes; a schema has some hundred KB, a page of 999 users 1 MB
	maxElements = 1 << 19  // JSON values of a reply
)

// run is one call of an exported method.
type run struct {
	*Client
	op      string   // "set up"
	secrets []string // that it sends, beside the access token

	// fresh is until when Graph may refuse or not find what this run has created.
	// Writes after a creation are known to answer 403, 404 and 409 for a while.
	fresh time.Time
}

// begin begins a call of an exported method.
func (c *Client) begin(ctx context.Context, op string, secrets ...iamscim.Secret) (*run, error) {
	switch {
	case c == nil || c.source == nil:
		return nil, &iamscim.Error{Op: "entra: " + op, Kind: iamscim.ErrInvalidArgument, Err: errors.New("the client is the zero value, which no constructor made")}
	case ctx == nil:
		return nil, &iamscim.Error{Op: "entra: " + op, Kind: iamscim.ErrInvalidArgument, Err: errors.New("the context is nil")}
	case ctx.Err() != nil:
		return nil, &iamscim.Error{Op: "entra: " + op, Err: fmt.Errorf("nothing was sent: %w", ctx.Err())}
	}
	r := &run{Client: c, op: op, secrets: []string{c.cfg.ClientSecret.Reveal()}}
	for _, s := range secrets {
		r.secrets = append(r.secrets, s.Reveal())
	}
	return r, nil
}

// created notes that something was created just now.
func (r *run) created() { r.fresh = time.Now().Add(r.retry.Replication) }

// call is one request of Graph.
type call struct {
	method string
	path   string     // with the version: see at
	query  url.Values // made by query
	link   string     // an absolute URL, verbatim, instead of path and query
	body   any        // a []byte is sent as it is
	into   any        // what the body of a 2xx reply is decoded into; nil if it has none

	resource string // what the call is about: see Error.Resource
	need     need

	// repeat: it does no harm if Graph does this twice. Every GET is so.
	repeat bool

	// eventual asks Graph's index, which lags. Counts need it.
	eventual bool

	// counted: the first page of the list must say how many there are.
	counted bool
}

// reply is what Graph answered.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// at builds a path below a version of Graph. Each segment is escaped.
func at(version string, segments ...string) string {
	var b strings.Builder
	b.WriteString("/" + version)
	for _, s := range segments {
		if s == "." || s == ".." {
			s = strings.ReplaceAll(s, ".", "%2E") // url.PathEscape leaves dots
			b.WriteString("/" + s)
			continue
		}
		b.WriteString("/" + url.PathEscape(s))
	}
	return b.String()
}

func v1(segments ...string) string { return at("v1.0", segments...) }

// query makes OData options of pairs of a name and a value.
func query(pairs ...string) url.Values {
	q := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		q.Set(pairs[i], pairs[i+1])
	}
	return q
}

// literal quotes a text for an OData filter
// (https://docs.oasis-open.org/odata/odata/v4.01/odata-v4.01-part2-url-conventions.html, section 5.1.1.1.1).
func literal(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

// do sends a call that may be repeated.
func (r *run) do(ctx context.Context, c call) (*reply, error) {
	rep, _, err := r.send(ctx, c)
	return rep, err
}

func (r *run) get(ctx context.Context, c call) error {
	c.method = http.MethodGet
	_, err := r.do(ctx, c)
	return err
}

// send makes attempts at a call under the retry policy. lost says that Graph may
// have acted on one of them, and that its reply doesn't say. The error is an
// *iamscim.Error.
func (r *run) send(ctx context.Context, c call) (rep *reply, lost bool, err error) {
	if c.method == http.MethodGet {
		c.repeat = true
	}
	body, ok := c.body.([]byte)
	if !ok && c.body != nil {
		if body, err = json.Marshal(c.body); err != nil {
			return nil, false, r.fail(c, iamscim.ErrInvalidArgument, err)
		}
	}
	var failed *failure
	attempts := 0
	_, err = retry.Do(ctx, r.retry, func() (retry.Verdict, error) {
		var sent bool
		rep, sent, failed = r.attempt(ctx, c, body)
		if sent {
			attempts++
		}
		if failed == nil {
			return retry.Verdict{}, nil
		}
		lost = lost || sent && failed.lost
		again := failed.class == retry.Refused || failed.class == retry.Ambiguous && c.repeat || r.lags(failed)
		return retry.Verdict{Again: again, Least: failed.pause}, failed.err
	})
	if failed == nil {
		return rep, false, nil
	}
	failed.err.Attempts = attempts
	if ctx.Err() != nil && !errors.Is(failed.err, ctx.Err()) && err != error(failed.err) {
		failed.err.Err = both(failed.err.Err, ctx.Err())
	}
	return nil, lost, failed.err
}

// lags reports whether a refusal may be because of something that was created just
// now.
func (r *run) lags(f *failure) bool {
	switch f.err.Status {
	case http.StatusForbidden, http.StatusNotFound, http.StatusConflict:
		return time.Now().Before(r.fresh)
	}
	return false
}

// attempt makes one attempt. sent says that it got as far as a request.
func (r *run) attempt(ctx context.Context, c call, body []byte) (rep *reply, sent bool, failed *failure) {
	token, err := r.token(ctx)
	if err != nil {
		return nil, false, r.unauthenticated(ctx, c, err)
	}
	try := retry.Begin(ctx, r.retry)
	defer try.End()
	req, err := http.NewRequestWithContext(try.Context(), c.method, r.target(c), bytes.NewReader(body))
	if err != nil {
		return nil, false, &failure{err: r.fail(c, iamscim.ErrInvalidArgument, errors.New("the request can't be built"))}
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", useragent.String())
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.eventual {
		req.Header.Set("ConsistencyLevel", "eventual")
	}
	token.SetAuthHeader(req)
	rep, failed = r.roundTrip(ctx, c, try, req, token.AccessToken)
	if failed != nil {
		r.scrub(failed.err, token.AccessToken)
	}
	return rep, true, failed
}

func (r *run) target(c call) string {
	if c.link != "" {
		return c.link
	}
	if len(c.query) == 0 {
		return r.origin + c.path
	}
	return r.origin + c.path + "?" + encode(c.query)
}

// encode is url.Values.Encode with %20 for a space and a readable $: Graph's own
// spelling.
func encode(q url.Values) string {
	return strings.NewReplacer("+", "%20", "%24", "$").Replace(q.Encode())
}

// roundTrip sends a request and reads the reply.
func (r *run) roundTrip(ctx context.Context, c call, try *retry.Attempt, req *http.Request, token string) (*reply, *failure) {
	begin := time.Now()
	resp, err := r.http.Do(req)
	if err != nil {
		r.logAttempt(ctx, req, 0, begin)
		return nil, r.broken(ctx, c, try, err)
	}
	defer resp.Body.Close()
	rep := &reply{status: resp.StatusCode, header: resp.Header}
	rep.body, err = io.ReadAll(resp.Body)
	rep.body = bytes.TrimPrefix(rep.body, []byte("\ufeff"))
	r.logAttempt(ctx, req, rep.status, begin)
	switch {
	case rep.status < 200 || rep.status > 299:
		return nil, r.refused(c, rep, token)
	case errors.Is(err, limit.ErrTooLarge):
		return nil, r.unusable(c, err)
	case err != nil:
		return nil, r.broken(ctx, c, try, err)
	case c.into == nil:
		return rep, nil
	}
	if err := limit.Elements(rep.body, maxElements); err != nil {
		return nil, r.unusable(c, err)
	}
	if err := json.Unmarshal(rep.body, c.into); err != nil {
		return nil, r.unusable(c, errors.New("it isn't JSON of the documented form"))
	}
	return rep, nil
}

// logAttempt logs an attempt; status 0 is none. The query is left out: it may have
// names.
func (r *run) logAttempt(ctx context.Context, req *http.Request, status int, begin time.Time) {
	if r.log.Enabled(ctx, slog.LevelDebug) {
		r.log.DebugContext(ctx, "entra: request", "op", r.op, "method", req.Method, "path", req.URL.Path, "status", status, "took", time.Since(begin))
	}
}
