package redact

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"testing"
)

// silent wraps an error without repeating its text.
type silent struct{ error }

func (silent) Error() string   { return "silent" }
func (s silent) Unwrap() error { return s.error }

func TestError(t *testing.T) {
	t.Parallel()
	bare := errors.New("the service said " + secret)
	tests := []struct {
		name string
		err  error
		want string
		is   []error
	}{
		{"nothing to hide", fmt.Errorf("get: %w", io.EOF), "get: EOF", []error{io.EOF}},
		{"a known secret", bare, "the service said [redacted]", nil},
		{"escaped", errors.New(url.QueryEscape("a " + secret)), "a+[redacted]", nil},
		{"wrapped", fmt.Errorf("get: %w; %w", bare, context.Canceled), "get: the service said [redacted]; context canceled", []error{context.Canceled}},
		{"joined", errors.Join(bare, io.EOF, nil), "the service said [redacted]\nEOF", []error{io.EOF}},
		{"in an inner text alone", silent{fmt.Errorf("%w %w", bare, io.EOF)}, "silent", []error{io.EOF}},
		{"an API key in the URL", &url.Error{Op: "Get", URL: "https://h/v1?alt=json&key=AIzaSy", Err: io.ErrUnexpectedEOF}, `Get "https://h/v1?alt=json&key=[redacted]": unexpected EOF`, []error{io.ErrUnexpectedEOF}},
		{"a token by its key", fmt.Errorf("reply: access_token=%s %w", "ya29abc", io.EOF), `reply: access_token="[redacted]" EOF`, []error{io.EOF}},
	}
	for _, tt := range tests {
		got := Error(tt.err, secret)
		if got.Error() != tt.want {
			t.Errorf("%s: Error = %q, want %q", tt.name, got, tt.want)
		}
		for _, target := range tt.is {
			if !errors.Is(got, target) {
				t.Errorf("%s: %v doesn't wrap %v", tt.name, got, target)
			}
		}
		var walk func(error)
		walk = func(err error) {
			if strings.Contains(err.Error(), secret) || strings.Contains(err.Error(), "AIza") {
				t.Errorf("%s: %q is still reachable", tt.name, err)
			}
			for _, inner := range unwrap(err) {
				walk(inner)
			}
		}
		walk(got)
	}
	if Error(nil, secret) != nil {
		t.Error("Error(nil) is not nil")
	}
	if err := fmt.Errorf("get: %w", io.EOF); Error(err, secret) != err {
		t.Error("an error without a secret was replaced")
	}
}
