package scimclient

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/internal/limit"
	"github.com/iamscim/iamscim/internal/redact"
	"github.com/iamscim/iamscim/internal/retry"
)

// This file says what a failed attempt means: for the caller, and for whether
// there is another attempt.

// failure is an attempt that didn't end in a good reply.
type failure struct {
	err   *Error
	class retry.Class
	pause time.Duration // the server asked for this much at least

	tried bool // the attempt came as far as the network
	seen  bool // a server may have seen the request
	lost  bool // a server may have acted, and the reply doesn't say

	nobody bool // nobody is at the address
}

// untried is a failure before anything was sent.
func untried(e *Error) *failure { return &failure{err: e} }

// fail makes an error of r.
func (r request) fail(kind, err error) *Error {
	return &Error{Op: "scimclient: " + r.op, Resource: r.resource, Kind: kind, Err: err}
}

// unauthenticated is an attempt without a token to send.
func (c *Client) unauthenticated(ctx context.Context, r request, err error) *failure {
	if ctx.Err() != nil {
		return untried(r.fail(nil, err))
	}
	e := r.fail(iamscim.ErrUnauthenticated, fmt.Errorf("no token: %w", err))
	e.Remedy = "nothing was sent: check what the token source reads, and that its credentials are still valid"
	e.scrub()
	return untried(e)
}

// broken is an attempt without a whole reply.
func (c *Client) broken(ctx context.Context, r request, try *retry.Attempt, err error) *failure {
	if errors.Is(err, limit.ErrSwitched) {
		return c.unusable(r, &reply{status: http.StatusSwitchingProtocols}, retry.Final, limit.ErrSwitched)
	}
	unsent := try.Unsent(err)
	f := &failure{class: try.Class(err), tried: true, seen: !unsent, lost: !unsent, nobody: retry.Nobody(err)}
	err = try.Explain(err)
	if u := (*url.Error)(nil); errors.As(err, &u) {
		err = u.Err // without the address: its query may have a name
	}
	switch {
	case ctx.Err() != nil:
		f.err = r.fail(nil, err) // the caller's doing, not the network's
		return f
	case errors.As(err, new(*oauth2.RetrieveError)):
		// The caller's HTTP client has credentials of its own.
		return c.unauthenticated(ctx, r, err)
	case c.http.Timeout > 0 && isClientTimeout(err):
		err = fmt.Errorf("no whole reply within %v (http.Client.Timeout): %w", c.http.Timeout, err)
	case err == io.EOF:
		err = fmt.Errorf("the connection ended before a reply: %w", err)
	case strings.Contains(err.Error(), "transport connection broken"):
		// net/http has no sentinel for a header that was cut, and its text
		// repeats what came of it.
		err = fmt.Errorf("the header of the reply was cut: %w", io.ErrUnexpectedEOF)
	}
	f.err = r.fail(ErrUnreachable, err)
	f.err.Remedy = c.remedy(ErrUnreachable)
	return f
}

// isClientTimeout reports that the caller's http.Client gave up. Its text may
// say so, or be that of any context.
func isClientTimeout(err error) bool {
	return err.Error() == context.DeadlineExceeded.Error() || strings.Contains(err.Error(), "Client.Timeout exceeded")
}

// unusable is a 2xx reply that doesn't say what it should.
func (c *Client) unusable(r request, rep *reply, class retry.Class, err error) *failure {
	e := r.fail(iamscim.ErrBadReply, inWords(err))
	e.Status = rep.status
	e.Remedy = c.remedy(e.Kind)
	return &failure{err: e, class: class, tried: true, seen: true, lost: true}
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

// inWords says which attribute has the wrong type, without its value and
// without names of Go.
func inWords(err error) error {
	if wrong := (*json.UnmarshalTypeError)(nil); errors.As(err, &wrong) {
		is, _, _ := strings.Cut(wrong.Value, " ")
		if wrong.Field == "" {
			return fmt.Errorf("the reply is JSON of another kind: a JSON %s", is)
		}
		return fmt.Errorf("the attribute %s has a JSON %s where a %s belongs", wrong.Field, is, wrong.Type.Kind())
	}
	return err
}

// refused is a reply that isn't a 2xx.
func (c *Client) refused(r request, rep *reply) *failure {
	e := r.fail(r.kindOf(rep.status), nil)
	e.Status = rep.status
	said := errorOf(rep.body)
	e.SCIMType, e.Detail = said.scimType(), said.detail()
	if e.Kind == iamscim.ErrInvalidArgument && strings.EqualFold(e.SCIMType, "uniqueness") {
		e.Kind = ErrConflict
	}
	e.Remedy = c.remedy(e.Kind)
	switch {
	case e.SCIMType == "mutability":
		e.Remedy = "a value that google.subject or google.group is mapped from can't be changed: delete the resource and create it again"
	case e.Kind == iamscim.ErrInvalidArgument:
		if rule := r.brokenRule(e.Detail); rule != "" {
			e.Err = errors.New(rule)
		}
	}
	class := retry.Status(rep.status)
	return &failure{
		err: e, class: class, pause: rep.pause(), tried: true, seen: true,
		// A 3xx doesn't say either: 303 is the answer to a POST that was done
		// (RFC 9110 section 15.4.4).
		lost: class == retry.Ambiguous || rep.status < 400,
	}
}

// kindOf returns the sentinel of a status that isn't a 2xx.
// A status that isn't listed is the x00 of its class (RFC 9110 section 15), and
// one outside of the classes is a 500.
func (r request) kindOf(status int) error {
	missing := status == http.StatusNotFound || status == http.StatusGone
	switch {
	case status >= 100 && status <= 199:
		return iamscim.ErrBadReply
	case status >= 300 && status <= 399:
		return iamscim.ErrRedirected
	case status == http.StatusUnauthorized:
		return ErrTokenRejected
	case status == http.StatusForbidden:
		return ErrNotSyncer
	case missing && r.optional:
		return ErrUnsupported
	case missing && r.one:
		return ErrNotFound
	case missing:
		return ErrTenantUnknown
	case status == http.StatusConflict:
		return ErrConflict
	case status == http.StatusPreconditionFailed:
		return ErrPreconditionFailed
	case status == http.StatusTooManyRequests:
		return ErrThrottled
	case status == http.StatusMethodNotAllowed || status == http.StatusNotImplemented:
		return ErrUnsupported
	case status >= 400 && status <= 499 && status != http.StatusRequestTimeout:
		return iamscim.ErrInvalidArgument
	}
	return iamscim.ErrUnavailable
}

// pause is how long the server asks to be left alone.
func (rep *reply) pause() time.Duration {
	return max(retry.After(rep.header, time.Now()), errorOf(rep.body).retryDelay())
}

// errorBody is the body of an error reply: a SCIM error (RFC 7644 section 3.12), a
// Google API error, or any text. Nothing in it is relied on: 401s are known not to be
// JSON.
type errorBody struct {
	SCIMType string `json:"scimType"`
	Detail   string `json:"detail"`
	Error    struct {
		Message string `json:"message"`
		Details []struct {
			RetryDelay string `json:"retryDelay"` // of a google.rpc.RetryInfo: "3.5s"
		} `json:"details"`
	} `json:"error"`

	text string // the beginning of one that is neither
}

func errorOf(body []byte) errorBody {
	var e errorBody
	// An attribute of another type than RFC 7644 gives it (status as a number is
	// common) must not cost the others.
	err := json.Unmarshal(body, &e)
	if wrong := (*json.UnmarshalTypeError)(nil); err != nil && !errors.As(err, &wrong) || e.Detail+e.SCIMType+e.Error.Message == "" {
		const maxText = 300
		text := strings.ToValidUTF8(string(body[:min(len(body), maxText)]), "")
		e = errorBody{Error: e.Error, text: strings.Join(strings.Fields(text), " ")}
	}
	return e
}

func (e errorBody) scimType() string { return word(e.SCIMType) }

func (e errorBody) detail() string { return cmp.Or(e.Detail, e.Error.Message, e.text) }

func (e errorBody) retryDelay() time.Duration {
	for _, d := range e.Error.Details {
		if pause, err := time.ParseDuration(d.RetryDelay); err == nil {
			return retry.Cap(pause)
		}
	}
	return 0
}

// word returns s if it could be a scimType; it is printed, so it must not be
// a place for anything else.
func word(s string) string {
	if len(s) > 32 {
		return ""
	}
	for _, r := range s {
		if (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') {
			return ""
		}
	}
	return s
}

// endedBy adds the end of the context to e where err, the outcome of a retry
// loop with the last error e, has it.
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

// scrub takes secrets out of every text that e reaches.
func (e *Error) scrub(known ...string) {
	e.SCIMType = redact.Text(e.SCIMType, known...)
	e.Detail = redact.Text(e.Detail, known...)
	// What settled a call failed by itself, and knows less.
	for inner := range innerErrors(e.Err) {
		inner.scrub(known...)
	}
	e.Err = redact.Error(e.Err, known...)
}

// innerErrors are the nearest *Errors in err's tree.
func innerErrors(err error) iter.Seq[*Error] {
	return func(yield func(*Error) bool) {
		switch err := err.(type) {
		case *Error:
			yield(err)
		case interface{ Unwrap() error }:
			innerErrors(err.Unwrap())(yield)
		case interface{ Unwrap() []error }:
			for _, inner := range err.Unwrap() {
				innerErrors(inner)(yield)
			}
		}
	}
}
