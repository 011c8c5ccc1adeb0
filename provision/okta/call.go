package okta

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"
	"unicode"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/internal/limit"
	"github.com/iamscim/iamscim/internal/paste"
	"github.com/iamscim/iamscim/internal/redact"
	"github.com/iamscim/iamscim/internal/retry"
	"github.com/iamscim/iamscim/internal/useragent"
)

// maxNobody is how long an address where nobody is keeps being tried: it's a typing
// error most likely.
const maxNobody = 5 * time.Second

// maxElements bounds the JSON values of a reply: a compressed body can hold many
// more than its bytes tell.
const maxElements = 1 << 20

// call is one request. All calls can be repeated: they read, or set a state.
type call struct {
	op       string // "list users"
	resource string // "app 0oa1gjh63g214q0Hq0g4"
	scope    string // that it needs
	bucket   string // the path without IDs
	method   string
	url      string
}

// get is a call that reads below /api/v1.
func (c *Client) get(op, scope, bucket, target string, query url.Values) call {
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	return call{op: "okta: " + op, resource: "app " + c.app, scope: scope, bucket: bucket, method: http.MethodGet, url: target}
}

// do sends a call under the retry policy and decodes the reply into out, unless
// it's nil. Its error is an *iamscim.Error.
func (c *Client) do(ctx context.Context, k call, out any) (http.Header, error) {
	var header http.Header
	var failed *iamscim.Error
	begin := time.Now()
	attempts, err := retry.Do(ctx, c.retry, func() (retry.Verdict, error) {
		var again retry.Verdict
		header, again, failed = c.attempt(ctx, k, out)
		if failed == nil {
			return again, nil
		}
		if retry.Nobody(failed) && time.Since(begin) > maxNobody {
			again.Again = false
		}
		return again, failed
	})
	if err == nil {
		return header, nil
	}
	failed.Attempts = attempts
	if ctx.Err() != nil || errors.Is(err, context.DeadlineExceeded) && !errors.Is(failed, context.DeadlineExceeded) {
		failed.Err = errors.Join(failed.Err, cmp.Or(ctx.Err(), context.DeadlineExceeded))
	}
	return nil, failed
}

func (k call) fail(kind error, cause error) *iamscim.Error {
	return &iamscim.Error{Op: k.op, Resource: k.resource, Kind: kind, Err: cause}
}

// attempt sends a call once.
func (c *Client) attempt(ctx context.Context, k call, out any) (http.Header, retry.Verdict, *iamscim.Error) {
	leave, err := c.limits.enter(ctx, k.bucket)
	if err != nil {
		return nil, retry.Verdict{}, k.fail(nil, err)
	}
	defer leave()
	a := retry.Begin(ctx, c.retry)
	defer a.End()
	authorization, secret, err := c.authorization(a.Context())
	if err != nil {
		e := k.fail(iamscim.ErrUnauthenticated, redact.Error(a.Explain(err)))
		e.Remedy = "check the credentials for Okta"
		return nil, retry.Verdict{Again: a.Class(err) != retry.Final}, e
	}
	req, err := http.NewRequestWithContext(a.Context(), k.method, k.url, nil)
	if err != nil {
		return nil, retry.Verdict{}, k.fail(iamscim.ErrInvalidArgument, withoutURL(err))
	}
	req.Header.Set("Authorization", authorization)
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", useragent.String())
	begin := time.Now()
	resp, err := c.http.Do(req)
	if err != nil {
		c.log.DebugContext(ctx, "okta: request", "method", k.method, "path", req.URL.Path, "status", 0, "took", time.Since(begin))
		return nil, retry.Verdict{Again: a.Class(err) != retry.Final}, k.fail(iamscim.ErrUnavailable, redact.Error(withoutURL(a.Explain(err)), secret))
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	c.log.DebugContext(ctx, "okta: request", "method", k.method, "path", req.URL.Path, "status", resp.StatusCode, "took", time.Since(begin))
	pause := c.limits.note(k.bucket, resp, time.Now())
	switch {
	case resp.StatusCode < 200 || resp.StatusCode > 299:
		e := c.refused(k, resp, body, secret)
		return nil, retry.Verdict{Again: retry.Status(resp.StatusCode) != retry.Final, Least: pause}, e
	case errors.Is(err, limit.ErrTooLarge):
		return nil, retry.Verdict{}, k.badReply(resp.StatusCode, err)
	case err != nil:
		e := k.fail(iamscim.ErrUnavailable, redact.Error(a.Explain(err), secret))
		return nil, retry.Verdict{Again: a.Class(err) != retry.Final}, e
	case out == nil:
		return resp.Header, retry.Verdict{}, nil
	}
	if err := decode(body, out); err != nil {
		// A reply that stops in the middle, or before its beginning, was cut by
		// something on the way.
		var syntax *json.SyntaxError
		cut := len(body) == 0 || errors.As(err, &syntax) && syntax.Offset >= int64(len(body))
		return nil, retry.Verdict{Again: cut}, k.badReply(resp.StatusCode, err)
	}
	return resp.Header, retry.Verdict{}, nil
}

// authorization returns the header, and the secret in it.
func (c *Client) authorization(ctx context.Context) (header, secret string, err error) {
	if !c.token.IsZero() {
		return "SSWS " + c.token.Reveal(), c.token.Reveal(), nil
	}
	token, err := retry.Token(ctx, c.retry.AttemptTimeout, c.source.Token)
	if err != nil {
		return "", "", err
	}
	return token.Type() + " " + token.AccessToken, token.AccessToken, paste.CheckToken(token.AccessToken)
}

// decode decodes a reply. JSON of another kind than out's would pass unnoticed:
// null for a list is an empty one.
func decode(body []byte, out any) error {
	body = bytes.TrimPrefix(body, []byte("\ufeff"))
	if err := limit.Elements(body, maxElements); err != nil {
		return err
	}
	if err := json.Unmarshal(body, out); err != nil {
		if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
			is, _, _ := strings.Cut(wrong.Value, " ")
			return fmt.Errorf("%s has the JSON type %s", cmp.Or(wrong.Field, "the reply"), is)
		}
		return err
	}
	if bytes.Equal(bytes.TrimSpace(body), []byte("null")) {
		return errors.New("the reply is null")
	}
	return nil
}

func (k call) badReply(status int, cause error) *iamscim.Error {
	e := k.fail(iamscim.ErrBadReply, cause)
	e.Attempts = 1
	e.Remedy = "check that the address is Okta's, and that no proxy changes its replies"
	return e
}

// refused is a reply that isn't a 2xx.
func (c *Client) refused(k call, resp *http.Response, body []byte, secret string) *iamscim.Error {
	e := k.fail(retry.Kind(resp.StatusCode), nil)
	e.Status = resp.StatusCode
	said := errorOf(body)
	e.Detail = redact.Text(said.text(), secret)
	switch {
	case errors.Is(e.Kind, iamscim.ErrUnauthenticated):
		e.Remedy = "make a new API token in the Admin Console under Security > API > Tokens"
		if c.source != nil {
			e.Remedy = "check the app that the access token is for: Okta doesn't accept the token"
		}
	case errors.Is(e.Kind, iamscim.ErrPermissionDenied):
		scope := cmp.Or(missingScope(resp.Header), k.scope)
		e.Violations = []iamscim.Violation{{Field: scope, Rule: "is missing: Okta refused to " + strings.TrimPrefix(k.op, "okta: ")}}
		e.Remedy = c.mayNot(scope)
	case errors.Is(e.Kind, iamscim.ErrThrottled):
		e.Remedy = "try again in a minute, or raise the share of the token under Security > API > Tokens"
	case errors.Is(e.Kind, iamscim.ErrNotFound):
		e.Remedy = "check the organization and the app's ID"
	case errors.Is(e.Kind, iamscim.ErrRedirected):
		e.Remedy = "check the organization's address: it's neither the Admin Console's nor an old one"
	}
	return e
}

// mayNot says how to get a permission.
func (c *Client) mayNot(scopes string) string {
	if c.source != nil {
		return "grant " + scopes + " to the app that the access token is for, and ask for it with the token"
	}
	return "make the API token as an administrator who can do what " + scopes + " allows, as a Read-only Administrator"
}

// scopeOf finds the scope that Okta names in the WWW-Authenticate of a 403, which
// has no body then.
var scopeOf = regexp.MustCompile(`(?:^|[ ,])scope="([A-Za-z0-9. ]{1,200})"`)

func missingScope(h http.Header) string {
	for _, value := range h.Values("WWW-Authenticate") {
		if m := scopeOf.FindStringSubmatch(value); m != nil {
			return m[1]
		}
	}
	return ""
}

// oktaError is the body of an error:
// https://developer.okta.com/docs/reference/error-codes/
type oktaError struct {
	Code    string `json:"errorCode"`
	Summary string `json:"errorSummary"`
	ID      string `json:"errorId"`
	Causes  []struct {
		Summary string `json:"errorSummary"`
	} `json:"errorCauses"`
}

// errorOf reads the body of an error, which needn't be JSON.
func errorOf(body []byte) oktaError {
	var e oktaError
	_ = json.Unmarshal(body, &e) // what could be read is enough
	if e.Code+e.Summary == "" {
		e = oktaError{Summary: string(body[:min(len(body), 200)])}
	}
	return e
}

// text is one line of at most 300 bytes.
func (e oktaError) text() string {
	parts := []string{e.Summary}
	for _, cause := range e.Causes[:min(len(e.Causes), 3)] {
		parts = append(parts, cause.Summary)
	}
	text := shorten(strings.Join(parts, "; "), 220)
	if e.Code != "" {
		text = strings.TrimSpace(text + " (" + shorten(e.Code+", errorId "+e.ID, 70) + ")")
	}
	return text
}

// shorten returns text on one line, without what can't be seen, in valid UTF-8 and
// at most size bytes.
func shorten(text string, size int) string {
	text = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, text)
	text = strings.Join(strings.Fields(text), " ")
	return strings.ToValidUTF8(text[:min(len(text), size)], "")
}

// withoutURL takes off the URL, which can have a user name in it.
func withoutURL(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}
