package gapi

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"golang.org/x/oauth2"
	"google.golang.org/api/googleapi"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/internal/limit"
	"github.com/iamscim/iamscim/internal/redact"
	"github.com/iamscim/iamscim/internal/retry"
)

const (
	remedyBadReply    = "check that nothing between here and the service rewrites replies"
	remedyDenied      = "grant the caller the role for this call on the organization (roles/iam.workforcePoolAdmin for pools and what is in them), and check that the resource exists"
	remedyCredentials = "nothing was sent: run gcloud auth application-default login, or pass credentials as a client option"
)

// wrap makes the typed error of a failed call: its kind and violations from
// the service's error model, a remedy where the kind alone suggests one. Secrets
// are scrubbed from everything that stays reachable.
func wrap(ctx context.Context, op, resource string, attempts int, err error) *iamscim.Error {
	known := secretsIn(ctx)
	e := &iamscim.Error{Op: op, Resource: resource, Attempts: attempts, Err: err}
	var api *googleapi.Error
	if errors.As(err, &api) {
		m := parseModel(api)
		scrub(api, known)
		e.Status, e.Detail = api.Code, saying(api)
		e.Violations = m.violations(known)
		e.Remedy, e.Kind = kind(api.Code, m)
		e.Err = redact.Error(err, known...)
		return e
	}
	var credentials *credentialsError
	switch {
	case badContent(err):
		e.Kind, e.Remedy = iamscim.ErrBadReply, remedyBadReply
	case ctx.Err() != nil:
	case errors.As(err, &credentials):
		e.Kind, e.Remedy = iamscim.ErrUnauthenticated, remedyCredentials
	default:
		e.Kind, e.Remedy = iamscim.ErrUnavailable, "check the network, the proxy and the endpoint"
	}
	e.Err = redact.Error(withoutBody(err), known...)
	return e
}

type secretsKey struct{}

// WithSecrets returns a context for all requests of a call that sends secrets: those
// that send them, and those that read what became of it. The secrets are in no
// error of these requests.
func WithSecrets(ctx context.Context, secrets ...iamscim.Secret) context.Context {
	if len(secrets) == 0 || ctx == nil {
		return ctx
	}
	return context.WithValue(ctx, secretsKey{}, secrets)
}

func secretsIn(ctx context.Context) []string {
	secrets, _ := ctx.Value(secretsKey{}).([]iamscim.Secret)
	known := make([]string, len(secrets))
	for i, s := range secrets {
		known[i] = s.Reveal()
	}
	return known
}

// withoutBody drops the requests and replies of a token service, which hold what it
// was sent, from an error of credentials. What the service called the error stays.
func withoutBody(err error) error {
	var refused *oauth2.RetrieveError
	if errors.As(err, &refused) {
		short := &oauth2.RetrieveError{ErrorCode: refused.ErrorCode, ErrorDescription: redact.Text(refused.ErrorDescription), ErrorURI: refused.ErrorURI}
		if short.ErrorCode != "" {
			return &credentialsError{short}
		}
	}
	for inner := err; inner != nil; inner = errors.Unwrap(inner) {
		// The authentication library of the Google clients has a type for it that
		// this module doesn't import.
		if refused != nil || fmt.Sprintf("%T", inner) == "*auth.Error" {
			return &credentialsError{errors.New(cut(redact.Text(inner.Error())))}
		}
	}
	return err
}

// maxDetail bounds the text of the service in a message, in bytes. The whole
// reply stays reachable through the *googleapi.Error.
const maxDetail = 300

// saying is what the service said, on one line.
func saying(api *googleapi.Error) string {
	return cmp.Or(cut(api.Message), cut(api.Body))
}

// cut returns a text on one line and bounded.
func cut(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if len(text) > maxDetail {
		text = strings.ToValidUTF8(text[:maxDetail], "") + "…"
	}
	return text
}

// model is the part of google.rpc.Status this module branches on
// (https://cloud.google.com/apis/design/errors).
type model struct {
	status  string
	details []detail
}

type detail struct {
	Reason          string `json:"reason"`
	RetryDelay      string `json:"retryDelay"` // of a google.rpc.RetryInfo: "3.5s"
	FieldViolations []struct {
		Field       string `json:"field"`
		Description string `json:"description"`
	} `json:"fieldViolations"`
}

func parseModel(api *googleapi.Error) model {
	var reply struct {
		Error struct {
			Status  string            `json:"status"`
			Details []json.RawMessage `json:"details"`
		} `json:"error"`
	}
	// A body that is not the error model leaves the status to speak, and a
	// detail of another shape the others.
	if err := json.Unmarshal([]byte(api.Body), &reply); err != nil {
		return model{}
	}
	m := model{status: reply.Error.Status}
	for _, raw := range reply.Error.Details {
		var d detail
		if json.Unmarshal(raw, &d) == nil {
			m.details = append(m.details, d)
		}
	}
	return m
}

func (m model) violations(known []string) []iamscim.Violation {
	var all []iamscim.Violation
	for _, d := range m.details {
		for _, v := range d.FieldViolations {
			all = append(all, iamscim.Violation{Field: redact.Text(v.Field, known...), Rule: redact.Text(v.Description, known...)})
		}
	}
	return all
}

// retryDelay is the pause that a google.rpc.RetryInfo asks for.
func (m model) retryDelay() time.Duration {
	for _, d := range m.details {
		if pause, err := time.ParseDuration(d.RetryDelay); err == nil {
			return retry.Cap(pause)
		}
	}
	return 0
}

func (m model) reason() string {
	for _, d := range m.details {
		if d.Reason != "" {
			return d.Reason
		}
	}
	return ""
}

// Kind is the sentinel for the refusal that a Settle function gets, nil if the
// service didn't refuse.
func Kind(refusal error) error {
	var api *googleapi.Error
	if !errors.As(refusal, &api) {
		return nil
	}
	_, k := kind(api.Code, parseModel(api))
	return k
}

// kind is the sentinel for a status, and what to do about it.
func kind(code int, m model) (remedy string, kind error) {
	switch {
	case code == http.StatusBadRequest && m.status == "FAILED_PRECONDITION", code == http.StatusPreconditionFailed:
		return "read the resource: its state forbids the call", iamscim.ErrFailedPrecondition
	case code == http.StatusUnauthorized:
		return "run gcloud auth application-default login, or pass credentials as a client option", iamscim.ErrUnauthenticated
	case code == http.StatusProxyAuthRequired:
		return "give the proxy its credentials", iamscim.ErrUnauthenticated
	case code == http.StatusForbidden && m.reason() == "USER_PROJECT_DENIED":
		return "grant the caller roles/serviceusage.serviceUsageConsumer on the quota project, or choose another with option.WithQuotaProject", iamscim.ErrPermissionDenied
	case code == http.StatusForbidden && m.reason() == "SERVICE_DISABLED":
		return "enable the API named in the message in the quota project", iamscim.ErrPermissionDenied
	case code == http.StatusForbidden:
		return remedyDenied, iamscim.ErrPermissionDenied
	case code == http.StatusNotFound, code == http.StatusGone:
		return "check the name, and that the resource was not purged", iamscim.ErrNotFound
	case code == http.StatusConflict && m.status == "ABORTED":
		return "repeat the call", iamscim.ErrAborted
	case code == http.StatusConflict:
		return "read what is there, soft-deleted resources included, or choose another id", iamscim.ErrAlreadyExists
	case code == http.StatusTooManyRequests:
		return "repeat the call later; quotas are counted by the minute", iamscim.ErrThrottled
	case code == http.StatusMethodNotAllowed, code == http.StatusNotImplemented, code == http.StatusHTTPVersionNotSupported:
		return "check the endpoint: it doesn't have this method", iamscim.ErrUnavailable
	case code == http.StatusRequestTimeout:
		return "repeat the call later", iamscim.ErrUnavailable
	case code >= 300 && code < 400:
		return "check the endpoint: redirects are not followed, because they would carry credentials to another place", iamscim.ErrRedirected
	case code >= 400 && code < 500:
		// An unlisted status is the x00 of its class (RFC 9110 section 15).
		return "correct what the service names", iamscim.ErrInvalidArgument
	}
	return "repeat the call later", iamscim.ErrUnavailable
}

// scrub takes secrets out of the error a caller may print: those that were
// sent, and whatever looks like one.
func scrub(api *googleapi.Error, known []string) {
	changed := false
	replace := func(s *string, by func(string, ...string) string) {
		if text := by(*s, known...); text != *s {
			*s, changed = text, true
		}
	}
	replace(&api.Message, redact.Text)
	replace(&api.Body, redact.Body)
	for i := range api.Errors {
		replace(&api.Errors[i].Message, redact.Text)
		replace(&api.Errors[i].Reason, redact.Text)
	}
	for _, values := range api.Header {
		for i := range values {
			replace(&values[i], redact.Text)
		}
	}
	for i, detail := range api.Details {
		var c bool
		api.Details[i], c = redact.Value(detail, known...)
		changed = changed || c
	}
	if changed {
		// The gax error around the reply holds a copy of its own.
		api.Wrap(nil)
	}
}

// badContent reports whether err is about the content of a 2xx reply.
func badContent(err error) bool {
	var bad *badReply
	var syntax *json.SyntaxError
	var mistyped *json.UnmarshalTypeError
	return errors.As(err, &bad) || errors.As(err, &syntax) || errors.As(err, &mistyped) || errors.Is(err, limit.ErrTooLarge) || errors.Is(err, limit.ErrSwitched)
}
