// Package retry is the one place that decides which failures pass and how long
// to wait between attempts. It repeats nothing by itself: each caller says, for
// its own request, whether a repetition is safe.
package retry

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"

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

// Status classifies an HTTP status. One that isn't listed is the x00 of its class
// (RFC 9110 section 15), and one outside of the classes is a 500.
func Status(code int) Class {
	switch {
	case code == http.StatusTooManyRequests:
		return Refused
	case code == http.StatusRequestTimeout:
		return Ambiguous
	case code == http.StatusNotImplemented, code == http.StatusHTTPVersionNotSupported:
		return Final
	case code >= 100 && code <= 499:
		return Final
	}
	return Ambiguous
}

// byType classifies an error of an HTTP round trip or of reading a body by its type
// alone, for a transport that doesn't say what it does. The end of ctx is Final.
func byType(ctx context.Context, err error) Class {
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
	return Final
}

// MaxPause caps every pause that a server asks for. No quota of this service
// takes longer to be free again.
const MaxPause = time.Hour

// After returns the pause a reply's Retry-After asks for, in seconds or as a
// date (RFC 9110 section 10.2.3), at most [MaxPause]. It returns 0 if there is none
// that can be understood.
func After(h http.Header, now time.Time) time.Duration {
	text := strings.TrimSpace(h.Get("Retry-After"))
	if text == "" {
		return 0
	}
	if digits := strings.TrimLeft(text, "0"); strings.Trim(text, "0123456789") == "" {
		if len(digits) > len("3600") {
			return MaxPause
		}
		seconds, _ := strconv.Atoi("0" + digits)
		return Cap(time.Duration(seconds) * time.Second)
	}
	if at, err := http.ParseTime(text); err == nil {
		return Cap(at.Sub(now))
	}
	return 0
}

// Cap returns a pause that a server asks for as one between 0 and [MaxPause].
func Cap(pause time.Duration) time.Duration { return min(max(pause, 0), MaxPause) }

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
			return n, &endedError{last: err, ended: werr}
		}
	}
}

// endedError is the last error of a loop that the context ended. Its text is made
// when it is asked for: the last error may still be scrubbed.
type endedError struct{ last, ended error }

func (e *endedError) Error() string   { return e.last.Error() + "; " + e.ended.Error() }
func (e *endedError) Unwrap() []error { return []error{e.last, e.ended} }

// grow returns the next upper bound of a pause. It compares before it converts:
// a product that is too large for a Duration has no defined value.
func grow(bound time.Duration, p iamscim.RetryPolicy) time.Duration {
	if next := float64(bound) * p.Multiplier; next < float64(p.Max) {
		return time.Duration(next)
	}
	return p.Max
}

// Wait sleeps for d, or until ctx ends and then returns its error. It returns
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
