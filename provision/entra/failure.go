package entra

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/internal/redact"
	"github.com/iamscim/iamscim/internal/retry"
)

// ErrCredential: Entra ID can't use the tenant's address with the token. It has
// tried, and nothing was stored. The error's Detail is what Entra ID says.
var ErrCredential = errors.New("the token doesn't work from Entra ID")

// ReplyError is what Graph says about a refused request. errors.As finds it in an
// [iamscim.Error]. Microsoft's support asks for the request ID.
//
// See https://learn.microsoft.com/graph/errors.
type ReplyError struct {
	Status    int    // HTTP status
	Code      string // "Authorization_RequestDenied"
	Message   string
	RequestID string
}

// Error returns the message, the code and the request ID.
func (e *ReplyError) Error() string {
	var marks []string
	if e.Code != "" && e.Code != e.Message {
		marks = append(marks, e.Code)
	}
	if e.RequestID != "" {
		marks = append(marks, "request-id "+e.RequestID)
	}
	text := cmp.Or(e.Message, "no text")
	if marks == nil {
		return text
	}
	return text + " (" + strings.Join(marks, ", ") + ")"
}

// failure is an attempt that failed.
type failure struct {
	err   *iamscim.Error
	class retry.Class
	pause time.Duration // that Graph asks for
	lost  bool          // Graph may have acted, and the reply doesn't say
}

// fail makes the error of a call.
func (r *run) fail(c call, kind, err error) *iamscim.Error {
	return &iamscim.Error{Op: "entra: " + r.op, Resource: c.resource, Kind: kind, Err: err}
}

// state is the error for an object in a state in which the call can't go on.
func (r *run) state(resource, remedy, format string, args ...any) *iamscim.Error {
	return &iamscim.Error{Op: "entra: " + r.op, Resource: resource, Kind: iamscim.ErrFailedPrecondition, Remedy: remedy, Err: fmt.Errorf(format, args...)}
}

// refused is the failure for a reply that isn't a 2xx.
func (r *run) refused(c call, rep *reply, token string) *failure {
	// Secrets go first: a text that is cut may have half of one.
	rep.body = []byte(redact.Body(string(rep.body), append(r.secrets, token)...))
	said := errorOf(rep)
	e := r.fail(c, sentinel(rep.status), said)
	e.Status, e.Detail = rep.status, oneLine(said.Error())
	e.Remedy = r.remedy(c, rep.status)
	f := &failure{err: e, class: retry.Status(rep.status), pause: retry.After(rep.header, time.Now())}
	f.lost = f.class == retry.Ambiguous || rep.status >= 300 && rep.status <= 399
	return f
}

// unusable is the failure for a 2xx reply that isn't what Graph documents. The
// request was carried out.
func (r *run) unusable(c call, err error) *failure {
	e := r.fail(c, iamscim.ErrBadReply, err)
	e.Remedy = "check that no proxy answers in place of Microsoft Graph"
	return &failure{err: e, lost: true}
}

// broken is the failure for an error of the connection.
func (r *run) broken(ctx context.Context, c call, try *retry.Attempt, err error) *failure {
	class, unsent := try.Class(err), try.Unsent(err)
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err // the URL may have names
	}
	e := r.fail(c, iamscim.ErrUnavailable, try.Explain(err))
	if ctx.Err() != nil {
		e.Kind = nil
	} else {
		e.Remedy = "check that " + strings.TrimPrefix(r.origin, "https://") + " can be reached from here, also through the proxy if there is one"
	}
	return &failure{err: e, class: class, lost: !unsent}
}

// unauthenticated is the failure for credentials that give no token. Nothing was
// sent to Graph.
func (r *run) unauthenticated(ctx context.Context, c call, err error) *failure {
	f := &failure{}
	e := r.fail(c, iamscim.ErrUnauthenticated, nil)
	e.Remedy = "nothing was sent: check the token source, or TenantID, ClientID and ClientSecret"
	if ctx.Err() != nil {
		e.Kind, e.Remedy = nil, ""
	}
	if said, ok := errors.AsType[*oauth2RetrieveError](err); ok {
		text := oneLine(redact.Text(cmp.Or(said.ErrorDescription, said.ErrorCode, fmt.Sprintf("HTTP %d", status(said))), r.secrets...))
		if remedy := signInRemedy(text, r.place.login); remedy != "" {
			e.Remedy = remedy
		}
		f.class = retry.Refused
		if said.ErrorCode != "" || retry.Status(status(said)) == retry.Final {
			f.class = retry.Final
		}
		err = errors.New("the login service refuses: " + text)
	} else if broken, ok := errors.AsType[*url.Error](err); ok {
		// Nothing was sent to Graph, so that it may be tried again.
		err = fmt.Errorf("the login service can't be reached: %w", broken.Err)
		if dns, ok := errors.AsType[*net.DNSError](broken.Err); !ok || !dns.IsNotFound {
			f.class = retry.Refused
		}
	}
	e.Err = err
	f.err = e
	r.scrub(e, "")
	return f
}

// both is two errors on one line.
func both(a, b error) error {
	if a == nil {
		return b
	}
	return fmt.Errorf("%w; %w", a, b)
}

// scrub takes secrets out of every text of e.
func (r *run) scrub(e *iamscim.Error, token string) {
	known := append([]string{token}, r.secrets...)
	e.Detail = redact.Text(e.Detail, known...)
	if said, ok := errors.AsType[*ReplyError](e.Err); ok {
		said.Message, said.Code, said.RequestID = redact.Text(said.Message, known...), redact.Text(said.Code, known...), redact.Text(said.RequestID, known...)
	}
	e.Err = redact.Error(e.Err, known...)
}

// errorOf decodes the body of a reply that isn't a 2xx. It may be anything.
func errorOf(rep *reply) *ReplyError {
	var body struct {
		Error struct {
			Code       string `json:"code"`
			Message    string `json:"message"`
			InnerError struct {
				RequestID string `json:"request-id"`
			} `json:"innerError"`
		} `json:"error"`
	}
	e := &ReplyError{Status: rep.status}
	err := json.Unmarshal(rep.body, &body)
	if wrong := (*json.UnmarshalTypeError)(nil); err == nil || errors.As(err, &wrong) {
		e.Code, e.Message, e.RequestID = oneLine(body.Error.Code), oneLine(body.Error.Message), oneLine(body.Error.InnerError.RequestID)
	}
	e.RequestID = cmp.Or(e.RequestID, oneLine(rep.header.Get("request-id")))
	if e.Message == "" {
		e.Message = e.Code
	}
	return e
}

// oneLine returns the beginning of a text that a server wrote, on one line.
func oneLine(text string) string {
	const most = 300
	if len(text) > most {
		text = text[:most]
	}
	return strings.Join(strings.Fields(strings.ToValidUTF8(text, "")), " ")
}

// sentinel is the sentinel of a status. Graph answers 409 while a change of somebody
// else is under way.
func sentinel(status int) error {
	switch status {
	case http.StatusGone:
		return iamscim.ErrNotFound
	case http.StatusConflict:
		return iamscim.ErrAborted
	case http.StatusRequestTimeout:
		return iamscim.ErrUnavailable
	}
	kind := retry.Kind(status)
	if kind == iamscim.ErrBadReply && status >= 400 {
		return iamscim.ErrFailedPrecondition
	}
	return kind
}

// remedy is what to do about a status.
func (r *run) remedy(c call, status int) string {
	switch kind := sentinel(status); kind {
	case iamscim.ErrPermissionDenied:
		return r.remedyPermission(c.need)
	case iamscim.ErrUnauthenticated:
		return "check that the access token is for " + r.place.graph + ", and not for another cloud or API"
	case iamscim.ErrThrottled:
		return "Graph's quota is used up: try later"
	case iamscim.ErrUnavailable:
		return "Graph failed, which may pass: try later"
	case iamscim.ErrRedirected:
		return "redirects are not followed: check the endpoint and the proxy"
	case iamscim.ErrNotFound:
		return "check the ID, and that the credentials are for the right directory"
	}
	return ""
}
