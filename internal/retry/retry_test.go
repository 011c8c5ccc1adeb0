package retry

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/url"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/oauth2"

	"github.com/iamscim/iamscim"
)

func TestStatus(t *testing.T) {
	t.Parallel()
	listed := map[int]Class{408: Ambiguous, 429: Refused, 501: Final, 505: Final}
	for code := 0; code <= 999; code++ {
		want, ok := listed[code]
		switch {
		case ok:
		case code >= 100 && code <= 499:
			want = Final
		default:
			want = Ambiguous // 5xx, and what is in no class
		}
		if got := Status(code); got != want {
			t.Errorf("Status(%d) = %d, want %d", code, got, want)
		}
	}
}

func TestByType(t *testing.T) {
	t.Parallel()
	wrap := func(err error) error { return &url.Error{Op: "Post", URL: "http://x", Err: err} }
	tests := []struct {
		name string
		err  error
		want Class
	}{
		{"refused", wrap(&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}), Refused},
		{"dial timeout", wrap(&net.OpError{Op: "dial", Err: syscall.ETIMEDOUT}), Refused},
		{"name server down", wrap(&net.OpError{Op: "dial", Err: &net.DNSError{IsTemporary: true}}), Refused},
		{"no such host is a typing error", wrap(&net.OpError{Op: "dial", Err: &net.DNSError{IsNotFound: true}}), Final},
		{"reset", wrap(&net.OpError{Op: "read", Err: syscall.ECONNRESET}), Ambiguous},
		{"closed before the reply", wrap(io.EOF), Ambiguous},
		{"body cut", io.ErrUnexpectedEOF, Ambiguous},
		{"bad URL", wrap(errors.New("unsupported protocol scheme")), Final},
		{"none", nil, Final},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := byType(t.Context(), tt.err); got != tt.want {
				t.Errorf("byType(%v) = %d, want %d", tt.err, got, tt.want)
			}
		})
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if got := byType(ended, io.ErrUnexpectedEOF); got != Final {
		t.Errorf("byType after ctx ended = %d, want Final", got)
	}
}

func TestUnsentByType(t *testing.T) {
	t.Parallel()
	wrap := func(err error) error { return &url.Error{Op: "Post", URL: "http://x", Err: err} }
	tests := []struct {
		name string
		err  error
		want bool
	}{
		{"refused", wrap(&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}), true},
		{"no such host", wrap(&net.DNSError{IsNotFound: true}), true},
		{"certificate", wrap(&tls.CertificateVerificationError{Err: errors.New("unknown authority")}), true},
		{"no TLS", wrap(tls.RecordHeaderError{Msg: "first record does not look like a TLS handshake"}), true},
		{"no access token", wrap(&oauth2.RetrieveError{ErrorCode: "invalid_grant"}), true},
		{"reset", wrap(&net.OpError{Op: "read", Err: syscall.ECONNRESET}), false},
		{"closed", wrap(io.EOF), false},
		{"unknown", wrap(errors.New("something new")), false},
	}
	for _, tt := range tests {
		if got := unsentByType(tt.err); got != tt.want {
			t.Errorf("%s: unsentByType(%v) = %t, want %t", tt.name, tt.err, got, tt.want)
		}
	}
}

func TestAfter(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	tests := []struct {
		value string
		want  time.Duration
	}{
		{"", 0},
		{"7", 7 * time.Second},
		{" 7 ", 7 * time.Second},
		{"-1", 0},
		{"1.5", 0},
		{"007", 7 * time.Second},
		{"3600", time.Hour},
		{"3601", time.Hour},
		{"2147483647", time.Hour},
		{"9223372036854775807", time.Hour},
		{"99999999999999999999", time.Hour},
		{"0", 0},
		{"+7", 0},
		{"Fri, 31 Dec 9999 23:59:59 GMT", time.Hour},
		{now.Add(90 * time.Second).Format(http.TimeFormat), 90 * time.Second},
		{now.Add(-time.Hour).Format(http.TimeFormat), 0},
		{"soon", 0},
	}
	for _, tt := range tests {
		if got := After(http.Header{"Retry-After": {tt.value}}, now); got != tt.want {
			t.Errorf("After(%q) = %v, want %v", tt.value, got, tt.want)
		}
	}
}

func TestDo(t *testing.T) {
	t.Parallel()
	failure := errors.New("busy")
	always := func(least time.Duration) func() (Verdict, error) {
		return func() (Verdict, error) { return Verdict{Again: true, Least: least}, failure }
	}
	tests := []struct {
		name     string
		policy   iamscim.RetryPolicy
		timeout  time.Duration
		attempt  func() (Verdict, error)
		attempts int
		err      error
		least    time.Duration // virtual time that must have passed, and the most
		most     time.Duration
	}{
		{"no second attempt", iamscim.RetryPolicy{MaxAttempts: 1}, 0, always(0), 1, failure, 0, 0},
		{"bounded by attempts", iamscim.RetryPolicy{MaxAttempts: 3}, 0, always(0), 3, failure, 0, 3 * time.Second},
		{"Retry-After is the least pause", iamscim.RetryPolicy{MaxAttempts: 3}, 0, always(40 * time.Second), 3, failure, 80 * time.Second, 80 * time.Second},
		{"Retry-After past the budget is not waited for", iamscim.RetryPolicy{Budget: time.Minute}, 0, always(time.Hour), 1, failure, 0, 0},
		{"a Retry-After that overflows a sum is not waited for", iamscim.RetryPolicy{Budget: time.Minute}, 0, always(math.MaxInt64), 1, failure, 0, 0},
		{"pauses that overflow stay below the largest one", iamscim.RetryPolicy{MaxAttempts: 40, Multiplier: 1e10, Max: time.Second}, 0, always(0), 40, failure, 0, 40 * time.Second},
		{"pauses without an end of their own end with the budget", iamscim.RetryPolicy{Max: math.MaxInt64, Multiplier: math.MaxFloat64}, 0, always(0), 0, failure, 0, 5 * time.Minute},
		{"a deadline before the next attempt ends at once", iamscim.RetryPolicy{}, 10 * time.Second, always(20 * time.Second), 1, context.DeadlineExceeded, 0, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx := t.Context()
				if tt.timeout > 0 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, tt.timeout)
					defer cancel()
				}
				begin := time.Now()
				n, err := Do(ctx, tt.policy, tt.attempt)
				took := time.Since(begin)
				if tt.attempts != 0 && n != tt.attempts || !errors.Is(err, tt.err) || !errors.Is(err, failure) {
					t.Errorf("Do = %d, %v, want %d, %v", n, err, tt.attempts, tt.err)
				}
				if took < tt.least || took > tt.most {
					t.Errorf("Do took %v, want %v to %v", took, tt.least, tt.most)
				}
			})
		})
	}
}

func TestDoEndsWithTheBudget(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		n, err := Do(t.Context(), iamscim.RetryPolicy{}, func() (Verdict, error) {
			return Verdict{Again: true}, fmt.Errorf("at %v", time.Since(begin))
		})
		took := time.Since(begin)
		if took > 5*time.Minute || n < 10 || err == nil {
			t.Errorf("Do = %d attempts, %v after %v, want at least 10 within 5 min", n, err, took)
		}
	})
}

func TestDoCancelled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		failure := errors.New("busy")
		_, err := Do(ctx, iamscim.RetryPolicy{}, func() (Verdict, error) {
			return Verdict{Again: true, Least: time.Minute}, failure
		})
		if !errors.Is(err, context.Canceled) || !errors.Is(err, failure) {
			t.Errorf("Do = %v, want the last failure and context.Canceled", err)
		}
	})
}
