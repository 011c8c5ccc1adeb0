// Package retry is the one place that decides which failures pass and how long
// to wait between attempts. It repeats nothing by itself: each caller says, for
// its own request, whether a repetition is safe.
package retry

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/oauth2"

	"github.com/iamscim/iamscim"
)

// Class is what a failed attempt says about the next one.
type Class int

const (
	// Final: no repetition helps.
	Final Class = iota
	// Refused: it will pass, and the service certainly did not act: 429 and
	// connections that were never made. Any request may be repeated.
	Refused
	// Ambiguous: it will pass, but the service may have acted: 408, 5xx that
	// pass, connections that broke, replies cut short or never sent.
	Ambiguous
)

// Status classifies an HTTP status.
func Status(code int) Class {
	switch code {
	case http.StatusTooManyRequests:
		return Refused
	case http.StatusRequestTimeout, http.StatusInternalServerError, http.StatusBadGateway,
		http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return Ambiguous
	}
	return Final
}

// Transport classifies an error of an HTTP round trip or of reading a body.
// The end of ctx is Final.
func Transport(ctx context.Context, err error) Class {
	if err == nil || ctx.Err() != nil {
		return Final
	}
	var op *net.OpError
	var dns *net.DNSError
	switch {
	case errors.As(err, &dns) && dns.IsNotFound:
		// A host that does not exist is a typing error, not an outage.
		return Final
	case errors.As(err, &op) && op.Op == "dial", errors.As(err, &dns), errors.Is(err, syscall.ECONNREFUSED):
		return Refused // Unsent knows these too
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE),
		errors.Is(err, net.ErrClosed), errors.Is(err, io.ErrClosedPipe):
		return Ambiguous
	}
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		return Ambiguous
	}
	var u *url.Error
	if errors.As(err, &u) && errors.Is(u.Err, io.EOF) {
		return Ambiguous
	}
	// net/http and its HTTP/2 have no sentinels for these.
	text := err.Error()
	for _, passing := range []string{"server closed idle connection", "malformed HTTP", "transport connection broken", "http2: ", "stream error: "} {
		if strings.Contains(text, passing) {
			return Ambiguous
		}
	}
	return Final
}

// Unsent reports that the error of a round trip is certain to mean that the
// service did not get the request: no connection was made, none that can be
// trusted, or the request could not even be formed or authenticated. An error
// it does not know leaves that open.
func Unsent(err error) bool {
	var op *net.OpError
	var dns *net.DNSError
	var untrusted *tls.CertificateVerificationError
	var notTLS tls.RecordHeaderError
	var token *oauth2.RetrieveError
	switch {
	case errors.As(err, &op) && op.Op == "dial", errors.As(err, &dns), errors.Is(err, syscall.ECONNREFUSED):
		return true
	case errors.As(err, &untrusted), errors.As(err, &notTLS), errors.As(err, &token):
		return true
	}
	text := err.Error()
	return strings.Contains(text, "unsupported protocol scheme") || strings.Contains(text, "credentials: ")
}

// After returns the pause a reply's Retry-After asks for, in seconds or as a
// date (RFC 9110 section 10.2.3); 0 if there is none that can be understood.
func After(h http.Header, now time.Time) time.Duration {
	text := strings.TrimSpace(h.Get("Retry-After"))
	if text == "" {
		return 0
	}
	if seconds, err := strconv.ParseUint(text, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil && at.After(now) {
		return at.Sub(now)
	}
	return 0
}

// Verdict is what an attempt asks for: Again, after at least Least.
type Verdict struct {
	Again bool
	Least time.Duration
}

// Do calls attempt until its verdict is not Again or the policy or ctx ends
// the loop, and returns the number of attempts made and the last error. Where
// ctx ended the loop, the error wraps both the last error and ctx's. It does
// not begin to wait for an attempt that cannot be made in time.
func Do(ctx context.Context, p iamscim.RetryPolicy, attempt func() (Verdict, error)) (int, error) {
	p = p.WithDefaults()
	begin := time.Now()
	bound := p.Initial
	for n := 1; ; n++ {
		verdict, err := attempt()
		if !verdict.Again {
			return n, err
		}
		if p.MaxAttempts > 0 && n >= p.MaxAttempts {
			return n, err
		}
		pause := max(1+rand.N(bound), verdict.Least)
		bound = grow(bound, p)
		// Subtracted, because the sum can overflow.
		if pause > p.Budget-time.Since(begin) {
			return n, err
		}
		if werr := Wait(ctx, pause); werr != nil {
			return n, fmt.Errorf("%w; %w", err, werr)
		}
	}
}

// grow returns the next upper bound of a pause. It compares before it converts:
// a product that is too large for a Duration has no defined value.
func grow(bound time.Duration, p iamscim.RetryPolicy) time.Duration {
	if next := float64(bound) * p.Multiplier; next < float64(p.Max) {
		return time.Duration(next)
	}
	return p.Max
}

// Wait sleeps for d or until ctx ends, whose error it returns. It returns
// context.DeadlineExceeded at once when ctx's deadline comes before d is over.
func Wait(ctx context.Context, d time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < d {
		return context.DeadlineExceeded
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
