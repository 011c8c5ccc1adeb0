package iamscim_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"google.golang.org/api/googleapi"

	"github.com/iamscim/iamscim"
)

func TestErrorText(t *testing.T) {
	t.Parallel()
	const resource = "locations/global/workforcePools/acme-pool"
	service := &googleapi.Error{Code: 403, Message: "Permission 'x' denied\n on resource."}
	tests := []struct {
		name string
		err  iamscim.Error
		want string
	}{
		{"kind alone", iamscim.Error{Op: "p: get", Resource: resource, Kind: iamscim.ErrNotFound}, "p: get " + resource + ": not found"},
		{"no resource", iamscim.Error{Op: "p: get", Kind: iamscim.ErrNotFound}, "p: get: not found"},
		{"nothing known", iamscim.Error{Op: "p: get"}, "p: get: failed"},
		{"the service's words on one line", iamscim.Error{Op: "p: get", Kind: iamscim.ErrPermissionDenied, Err: service}, "p: get: permission denied: Permission 'x' denied on resource. (HTTP 403)"},
		{"without a kind", iamscim.Error{Op: "p: get", Err: service}, "p: get: Permission 'x' denied on resource. (HTTP 403)"},
		{"a body instead of a message", iamscim.Error{Op: "p: get", Kind: iamscim.ErrUnavailable, Err: &googleapi.Error{Code: 502, Body: "<html>\n<h1>Bad  Gateway</h1>"}}, "p: get: unavailable: <html> <h1>Bad Gateway</h1> (HTTP 502)"},
		{"neither", iamscim.Error{Op: "p: get", Kind: iamscim.ErrUnavailable, Err: &googleapi.Error{Code: 503}}, "p: get: unavailable: HTTP 503 without a text"},
		{"another cause", iamscim.Error{Op: "p: get", Kind: iamscim.ErrBadReply, Err: io.ErrUnexpectedEOF}, "p: get: bad reply: unexpected EOF"},
		{"one attempt", iamscim.Error{Op: "p: get", Kind: iamscim.ErrThrottled, Attempts: 1}, "p: get: throttled"},
		{"attempts and remedy", iamscim.Error{Op: "p: get", Kind: iamscim.ErrThrottled, Attempts: 3, Remedy: "wait"}, "p: get: throttled (after 3 attempts); wait"},
		{"violations", iamscim.Error{Op: "p: create", Kind: iamscim.ErrInvalidArgument, Violations: []iamscim.Violation{{Field: "Name", Rule: "required"}, {Rule: "no field"}}, Err: errors.New("Name: required")},
			"p: create: invalid argument: Name: required; no field"},
		{"another error of this type inside", iamscim.Error{Op: "p: rotate", Err: fmt.Errorf("persist: full; then %w", &iamscim.Error{Op: "p: delete", Kind: iamscim.ErrPermissionDenied, Err: service}), Remedy: "delete it"},
			"p: rotate: persist: full; then p: delete: permission denied: Permission 'x' denied on resource. (HTTP 403); delete it"},
		{"ctx ended between the attempts", iamscim.Error{Op: "p: get", Kind: iamscim.ErrUnavailable, Attempts: 2, Err: fmt.Errorf("%w; %w", &googleapi.Error{Code: 503, Message: "Try later"}, context.DeadlineExceeded)},
			"p: get: unavailable: Try later (HTTP 503); then the context ended (after 2 attempts)"},
	}
	for _, tt := range tests {
		if got := tt.err.Error(); got != tt.want {
			t.Errorf("%s: Error() =\n%q, want\n%q", tt.name, got, tt.want)
		}
	}
}

// TestErrorTextIsBounded: a hostile reply makes no hostile log line.
func TestErrorTextIsBounded(t *testing.T) {
	t.Parallel()
	for _, text := range []string{strings.Repeat("x", 1<<20), strings.Repeat("é\n", 1<<18), strings.Repeat("日", 300)} {
		e := iamscim.Error{Op: "p: get", Kind: iamscim.ErrUnavailable, Err: &googleapi.Error{Code: 500, Message: text}}
		if got := e.Error(); len(got) > 400 || !utf8.ValidString(got) || strings.Contains(got, "\n") || !strings.HasSuffix(got, "… (HTTP 500)") {
			t.Errorf("Error() of %d bytes = %d bytes: %.80q", len(text), len(got), got)
		}
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
