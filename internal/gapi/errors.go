package gapi

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"google.golang.org/api/googleapi"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/internal/limit"
	"github.com/iamscim/iamscim/internal/redact"
	"github.com/iamscim/iamscim/internal/retry"
)

const remedyBadReply = "check that nothing between here and the service rewrites replies"

// Wrap makes the typed error of a failed call: its kind and violations from
// the service's error model, a remedy where the kind alone suggests one. The
// secrets are scrubbed from the *googleapi.Error that stays reachable.
func Wrap(op, resource string, attempts int, err error, secrets ...iamscim.Secret) *iamscim.Error {
	e := &iamscim.Error{Op: op, Resource: resource, Attempts: attempts, Err: err}
	known := make([]string, len(secrets))
	for i, s := range secrets {
		known[i] = s.Reveal()
	}
	var api *googleapi.Error
	if !errors.As(err, &api) {
		switch {
		case badContent(err):
			e.Kind = iamscim.ErrBadReply
			e.Remedy = remedyBadReply
		case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		default:
			e.Kind = iamscim.ErrUnavailable
			e.Remedy = "check the network and the endpoint"
		}
		e.Err = clean(err, known)
		return e
	}
	m := parseModel(api)
	scrub(api, known)
	e.Status, e.Detail = api.Code, saying(api)
	e.Violations = m.violations(known)
	e.Remedy, e.Kind = kind(api.Code, m)
	return e
}

// maxDetail bounds the text of the service in a message, in bytes. The whole
// reply stays reachable through the *googleapi.Error.
const maxDetail = 300

// saying is what the service said, on one line.
func saying(api *googleapi.Error) string {
	text := strings.Join(strings.Fields(api.Message), " ")
	if text == "" {
		text = strings.Join(strings.Fields(api.Body), " ")
	}
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

func (m model) reason() string {
	for _, d := range m.details {
		if d.Reason != "" {
			return d.Reason
		}
	}
	return ""
}

// kind is the sentinel for a status, and what to do about it.
func kind(code int, m model) (remedy string, kind error) {
	switch {
	case code == http.StatusBadRequest && m.status == "FAILED_PRECONDITION":
		return "read the resource: its state forbids the call", iamscim.ErrFailedPrecondition
	case code == http.StatusBadRequest:
		return "correct what the service names", iamscim.ErrInvalidArgument
	case code == http.StatusUnauthorized:
		return "run gcloud auth application-default login, or pass credentials as a client option", iamscim.ErrUnauthenticated
	case code == http.StatusForbidden && m.reason() == "USER_PROJECT_DENIED":
		return "grant the caller roles/serviceusage.serviceUsageConsumer on the quota project, or choose another with option.WithQuotaProject", iamscim.ErrPermissionDenied
	case code == http.StatusForbidden && m.reason() == "SERVICE_DISABLED":
		return "enable the API named in the message in the quota project", iamscim.ErrPermissionDenied
	case code == http.StatusForbidden:
		return "grant the caller the role for this call on the organization (roles/iam.workforcePoolAdmin for pools and what is in them), and check that the resource exists", iamscim.ErrPermissionDenied
	case code == http.StatusNotFound:
		return "check the name, and that the resource was not purged", iamscim.ErrNotFound
	case code == http.StatusConflict && m.status == "ABORTED":
		return "repeat the call", iamscim.ErrAborted
	case code == http.StatusConflict:
		return "read what is there, soft-deleted resources included, or choose another id", iamscim.ErrAlreadyExists
	case code == http.StatusTooManyRequests:
		return "repeat the call later; quotas are counted by the minute", iamscim.ErrThrottled
	case code >= 300 && code < 400:
		return "check the endpoint: redirects are not followed, because they would carry credentials to another place", iamscim.ErrRedirected
	case retry.Status(code) == retry.Ambiguous:
		return "repeat the call later", iamscim.ErrUnavailable
	}
	return "", nil
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

// clean is err without the secrets in its text. What it wraps has them too, so
// only the end of a context stays reachable.
func clean(err error, known []string) error {
	text := redact.Text(err.Error(), known...)
	if text == err.Error() {
		return err
	}
	scrubbed := &cleanError{text: text}
	for _, ended := range []error{context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, ended) {
			scrubbed.ended = ended
		}
	}
	return scrubbed
}

type cleanError struct {
	text  string
	ended error
}

func (e *cleanError) Error() string { return e.text }
func (e *cleanError) Unwrap() error { return e.ended }

// badContent reports whether err is about the content of a 2xx reply.
func badContent(err error) bool {
	var bad *badReply
	var syntax *json.SyntaxError
	var mistyped *json.UnmarshalTypeError
	return errors.As(err, &bad) || errors.As(err, &syntax) || errors.As(err, &mistyped) || errors.Is(err, limit.ErrTooLarge)
}
