package gapi

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"google.golang.org/api/googleapi"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/internal/limit"
	"github.com/iamscim/iamscim/internal/redact"
	"github.com/iamscim/iamscim/internal/retry"
)

// Wrap makes the typed error of a failed call: its kind and violations from
// the service's error model, a remedy where the kind alone suggests one. The
// secrets are scrubbed from the *googleapi.Error that stays reachable.
func Wrap(op, resource string, attempts int, err error, secrets ...iamscim.Secret) *iamscim.Error {
	e := &iamscim.Error{Op: op, Resource: resource, Attempts: attempts, Err: err}
	var api *googleapi.Error
	if !errors.As(err, &api) {
		switch {
		case badContent(err):
			e.Kind = iamscim.ErrBadReply
			e.Remedy = "check that nothing between here and the service rewrites replies"
		case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		default:
			e.Kind = iamscim.ErrUnavailable
			e.Remedy = "check the network and the endpoint"
		}
		return e
	}
	scrub(api, secrets)
	m := parseModel(api)
	e.Violations = m.violations()
	e.Kind, e.Remedy = kind(api.Code, m)
	return e
}

// model is the part of google.rpc.Status this module branches on
// (https://cloud.google.com/apis/design/errors).
type model struct {
	Status  string `json:"status"`
	Details []struct {
		Reason          string `json:"reason"`
		FieldViolations []struct {
			Field       string `json:"field"`
			Description string `json:"description"`
		} `json:"fieldViolations"`
	} `json:"details"`
}

func parseModel(api *googleapi.Error) model {
	var reply struct {
		Error model `json:"error"`
	}
	// A body that is not the error model leaves the status to speak.
	if err := json.Unmarshal([]byte(api.Body), &reply); err != nil {
		return model{}
	}
	return reply.Error
}

func (m model) violations() []iamscim.Violation {
	var all []iamscim.Violation
	for _, d := range m.Details {
		for _, v := range d.FieldViolations {
			all = append(all, iamscim.Violation{Field: v.Field, Rule: v.Description})
		}
	}
	return all
}

func (m model) reason() string {
	for _, d := range m.Details {
		if d.Reason != "" {
			return d.Reason
		}
	}
	return ""
}

// kind is the sentinel for a status, and what to do about it.
func kind(code int, m model) (error, string) {
	switch {
	case code == http.StatusBadRequest && m.Status == "FAILED_PRECONDITION":
		return iamscim.ErrFailedPrecondition, "read the resource: its state forbids the call"
	case code == http.StatusBadRequest:
		return iamscim.ErrInvalidArgument, "correct what the service names"
	case code == http.StatusUnauthorized:
		return iamscim.ErrUnauthenticated, "run gcloud auth application-default login, or pass credentials as a client option"
	case code == http.StatusForbidden && m.reason() == "USER_PROJECT_DENIED":
		return iamscim.ErrPermissionDenied, "grant the caller roles/serviceusage.serviceUsageConsumer on the quota project, or choose another with option.WithQuotaProject"
	case code == http.StatusForbidden && m.reason() == "SERVICE_DISABLED":
		return iamscim.ErrPermissionDenied, "enable the API named in the message in the quota project"
	case code == http.StatusForbidden:
		return iamscim.ErrPermissionDenied, "grant the caller the role for this call on the organization (roles/iam.workforcePoolAdmin for pools and what is in them), and check that the resource exists"
	case code == http.StatusNotFound:
		return iamscim.ErrNotFound, "check the name, and that the resource was not purged"
	case code == http.StatusConflict && m.Status == "ABORTED":
		return iamscim.ErrAborted, "repeat the call"
	case code == http.StatusConflict:
		return iamscim.ErrAlreadyExists, "read what is there, soft-deleted resources included, or choose another id"
	case code == http.StatusTooManyRequests:
		return iamscim.ErrThrottled, "repeat the call later; quotas are counted by the minute"
	case code >= 300 && code < 400:
		return iamscim.ErrRedirected, "check the endpoint: redirects are not followed, because they would carry credentials to another place"
	case retry.Status(code) == retry.Ambiguous:
		return iamscim.ErrUnavailable, "repeat the call later"
	}
	return nil, ""
}

// scrub takes secrets out of the error a caller may print: those that were
// sent, and whatever looks like one.
func scrub(api *googleapi.Error, secrets []iamscim.Secret) {
	known := make([]string, len(secrets))
	for i, s := range secrets {
		known[i] = s.Reveal()
	}
	changed := false
	clean := func(s *string) {
		if text := redact.Text(*s, known...); text != *s {
			*s, changed = text, true
		}
	}
	clean(&api.Message)
	clean(&api.Body)
	for i := range api.Errors {
		clean(&api.Errors[i].Message)
	}
	for _, values := range api.Header {
		for i := range values {
			clean(&values[i])
		}
	}
	if changed {
		// The details, and the gax error around the reply, hold further
		// copies; the scrubbed body has all they say.
		api.Details = nil
		api.Wrap(nil)
	}
}

// badContent reports whether err is about the content of a 2xx reply.
func badContent(err error) bool {
	var bad *badReply
	var syntax *json.SyntaxError
	var mistyped *json.UnmarshalTypeError
	return errors.As(err, &bad) || errors.As(err, &syntax) || errors.As(err, &mistyped) || errors.Is(err, limit.ErrTooLarge)
}
