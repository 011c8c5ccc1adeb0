package iamscim_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"

	"google.golang.org/api/googleapi"

	"github.com/iamscim/iamscim"
)

func TestErrorText(t *testing.T) {
	t.Parallel()
	const resource = "locations/global/workforcePools/acme-pool"
	said := func(e iamscim.Error, status int, detail string) iamscim.Error {
		e.Status, e.Detail = status, detail
		e.Err = errors.New("the service's own error, which the text leaves out")
		return e
	}
	denied := said(iamscim.Error{Op: "p: delete", Kind: iamscim.ErrPermissionDenied}, 403, "Permission 'x' denied on resource.")
	cut := said(iamscim.Error{Op: "p: get", Kind: iamscim.ErrUnavailable, Attempts: 2}, 503, "Try later")
	cut.Err = fmt.Errorf("%w; %w", cut.Err, context.DeadlineExceeded)
	tests := []struct {
		name string
		err  iamscim.Error
		want string
	}{
		{"zero", iamscim.Error{}, "iamscim: failed"},
		{"kind alone", iamscim.Error{Op: "p: get", Resource: resource, Kind: iamscim.ErrNotFound}, "p: get " + resource + ": not found"},
		{"no resource", iamscim.Error{Op: "p: get", Kind: iamscim.ErrNotFound}, "p: get: not found"},
		{"no operation", iamscim.Error{Resource: resource, Kind: iamscim.ErrNotFound}, "iamscim " + resource + ": not found"},
		{"nothing known", iamscim.Error{Op: "p: get"}, "p: get: failed"},
		{"the service's words", said(iamscim.Error{Op: "p: get", Kind: iamscim.ErrPermissionDenied}, 403, "Permission 'x' denied."), "p: get: permission denied: Permission 'x' denied. (HTTP 403)"},
		{"without a kind", said(iamscim.Error{Op: "p: get"}, 403, "Permission 'x' denied."), "p: get: Permission 'x' denied. (HTTP 403)"},
		{"a status alone", said(iamscim.Error{Op: "p: get", Kind: iamscim.ErrUnavailable}, 503, ""), "p: get: unavailable: HTTP 503 without a text"},
		{"another cause", iamscim.Error{Op: "p: get", Kind: iamscim.ErrBadReply, Err: io.ErrUnexpectedEOF}, "p: get: bad reply: unexpected EOF"},
		{"one attempt", iamscim.Error{Op: "p: get", Kind: iamscim.ErrThrottled, Attempts: 1}, "p: get: throttled"},
		{"attempts and remedy", iamscim.Error{Op: "p: get", Kind: iamscim.ErrThrottled, Attempts: 3, Remedy: "wait"}, "p: get: throttled (after 3 attempts); wait"},
		{"differences", said(iamscim.Error{Op: "p: create", Kind: iamscim.ErrAlreadyExists, Differs: []string{"State (DELETED)", "DisplayName"}}, 409, "Exists."), "p: create: already exists: Exists. (HTTP 409); it differs in State (DELETED), DisplayName"},
		{"violations", iamscim.Error{Op: "p: create", Kind: iamscim.ErrInvalidArgument, Violations: []iamscim.Violation{{Field: "Name", Rule: "required"}, {Rule: "no field"}}, Err: errors.New("Name: required")},
			"p: create: invalid argument: Name: required; no field"},
		{"another error of this type inside", iamscim.Error{Op: "p: rotate", Err: fmt.Errorf("persist: full; then %w", &denied), Remedy: "delete it"},
			"p: rotate: persist: full; then p: delete: permission denied: Permission 'x' denied on resource. (HTTP 403); delete it"},
		{"ctx ended between the attempts", cut, "p: get: unavailable: Try later (HTTP 503); then the context ended (after 2 attempts)"},
	}
	for _, tt := range tests {
		if got := tt.err.Error(); got != tt.want {
			t.Errorf("%s: Error() =\n%q, want\n%q", tt.name, got, tt.want)
		}
	}
}

// TestErrorNil: a nil error of this type in an interface prints, too.
func TestErrorNil(t *testing.T) {
	t.Parallel()
	var e *iamscim.Error
	if got := fmt.Sprint(error(e)); got != "iamscim: no error" || errors.Is(e, iamscim.ErrNotFound) {
		t.Errorf("a nil *Error prints %q", got)
	}
}

func TestErrorUnwrap(t *testing.T) {
	t.Parallel()
	cause := &googleapi.Error{Code: 409}
	err := fmt.Errorf("outer: %w", &iamscim.Error{Op: "p: create", Kind: iamscim.ErrAlreadyExists, Err: fmt.Errorf("%w; %w", cause, context.Canceled)})
	for _, want := range []error{iamscim.ErrAlreadyExists, context.Canceled} {
		if !errors.Is(err, want) {
			t.Errorf("errors.Is(%v, %v) = false", err, want)
		}
	}
	if errors.Is(err, iamscim.ErrNotFound) {
		t.Errorf("errors.Is(%v, ErrNotFound) = true", err)
	}
	var api *googleapi.Error
	if !errors.As(err, &api) || api != cause {
		t.Errorf("errors.As(%v, *googleapi.Error) = %v", err, api)
	}
	if errors.Is(&iamscim.Error{Op: "x"}, iamscim.ErrNotFound) {
		t.Error("an error without kind and cause is ErrNotFound")
	}
}

// TestSentinelsDiffer: a caller who branches on one never meets another.
func TestSentinelsDiffer(t *testing.T) {
	t.Parallel()
	sentinels := []error{
		iamscim.ErrInvalidArgument, iamscim.ErrNothingToUpdate, iamscim.ErrFailedPrecondition, iamscim.ErrNotFound,
		iamscim.ErrAlreadyExists, iamscim.ErrAborted, iamscim.ErrUnauthenticated, iamscim.ErrPermissionDenied,
		iamscim.ErrThrottled, iamscim.ErrUnavailable, iamscim.ErrRedirected, iamscim.ErrBadReply,
		iamscim.ErrOutcomeUnknown, iamscim.ErrNotVisible, iamscim.ErrOperationFailed, iamscim.ErrNoSecret,
	}
	texts := map[string]bool{}
	for i, a := range sentinels {
		for j, b := range sentinels {
			if errors.Is(a, b) != (i == j) {
				t.Errorf("errors.Is(%v, %v) = %v", a, b, i != j)
			}
		}
		texts[a.Error()] = true
	}
	if len(texts) != len(sentinels) {
		t.Errorf("%d sentinels have %d texts", len(sentinels), len(texts))
	}
}
