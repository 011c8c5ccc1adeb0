package retry

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/oauth2"

	"github.com/iamscim/iamscim"
)

// Attempt is one try of a request. It ends in time, whoever answers, and knows
// whether the request was sent. Begin one for each try, make the request with its
// Context, and End it when the body is read.
//
// Whether a request was sent is seen, not guessed from the text of an error: a
// request without a connection was not sent, whatever kept it from one: a name
// server, a proxy's refusal, a TLS handshake, a time limit.
type Attempt struct {
	outer  context.Context
	inner  context.Context
	bound  time.Duration
	cancel context.CancelFunc

	mu    sync.Mutex
	asked bool // a connection was asked for
	got   bool // and there was one
	wrote bool // on which the headers of the generated client's request were written
}

// generatedMark is what the Google clients' X-Goog-Api-Client header has for
// generated code. Their authentication library sends the header without it.
const generatedMark = "gdcl/"

// Begin begins an attempt of at most p's AttemptTimeout.
func Begin(ctx context.Context, p iamscim.RetryPolicy) *Attempt {
	a := &Attempt{outer: ctx, bound: p.WithDefaults().AttemptTimeout}
	a.inner, a.cancel = context.WithTimeout(ctx, a.bound)
	a.inner = httptrace.WithClientTrace(a.inner, &httptrace.ClientTrace{
		GetConn: func(string) { a.note(func() { a.asked, a.got = true, false }) },
		GotConn: func(httptrace.GotConnInfo) { a.note(func() { a.got = true }) },
		WroteHeaderField: func(key string, values []string) {
			// Credentials may make requests of their own with this context. They
			// don't carry what marks a request of the generated client.
			if strings.EqualFold(key, "X-Goog-Api-Client") && strings.Contains(strings.Join(values, " "), generatedMark) {
				a.note(func() { a.wrote = true })
			}
		},
	})
	return a
}

func (a *Attempt) note(change func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	change()
}

// Context is the attempt's context.
func (a *Attempt) Context() context.Context { return a.inner }

// End frees what the attempt holds. The body of its reply can't be read after.
func (a *Attempt) End() { a.cancel() }

// NoConnection reports that a connection was asked for and there was none, so
// that the request wasn't sent. It is false where the HTTP client has a transport
// of its own that doesn't say.
func (a *Attempt) NoConnection() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.asked && !a.got && !a.wrote
}

// NotWritten reports that no header of a generated client's request was written. It
// means something for a transport of net/http alone: a failure is then one of the
// credentials or of the connection.
func (a *Attempt) NotWritten() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return !a.wrote
}

// Unsent reports that the error of the attempt's round trip means that the service
// did not get the request.
func (a *Attempt) Unsent(err error) bool { return a.NoConnection() || unsentByType(err) }

// Class classifies an error of the attempt's round trip or of reading its body.
// The end of the caller's context is Final.
func (a *Attempt) Class(err error) Class {
	switch {
	case err == nil || a.outer.Err() != nil:
		return Final
	case a.Unsent(err):
		if permanent(err) {
			return Final
		}
		return Refused
	case a.timedOut():
		return Ambiguous
	}
	a.mu.Lock()
	sent := a.got || a.wrote
	a.mu.Unlock()
	if sent {
		// Whatever broke after the connection was there, the service may have
		// acted, and another connection may be better.
		return Ambiguous
	}
	return byType(a.outer, err)
}

// Explain says of an error that the attempt's own time limit caused what the limit
// was. The error no longer looks like the end of the caller's context.
func (a *Attempt) Explain(err error) error {
	if err == nil || !a.timedOut() {
		return err
	}
	what := "no whole reply"
	if a.NoConnection() {
		what = "no connection"
	}
	return &TimeoutError{What: what, After: a.bound}
}

func (a *Attempt) timedOut() bool { return a.inner.Err() != nil && a.outer.Err() == nil }

// TimeoutError is the error of an attempt that took longer than the policy's
// AttemptTimeout.
type TimeoutError struct {
	What  string // that was missing
	After time.Duration
}

// Error says what was missing when.
func (e *TimeoutError) Error() string {
	return fmt.Sprintf("%s within %v (RetryPolicy.AttemptTimeout)", e.What, e.After)
}

// Timeout is true: see [net.Error].
func (e *TimeoutError) Timeout() bool { return true }

// permanent reports whether an error before anything was sent will come again: a
// typing error in a name, a certificate, credentials or permissions of a proxy.
func permanent(err error) bool {
	var dns *net.DNSError
	var untrusted *tls.CertificateVerificationError
	var authority x509.UnknownAuthorityError
	var notTLS tls.RecordHeaderError
	var token *oauth2.RetrieveError
	switch {
	case errors.As(err, &dns) && dns.IsNotFound:
		return true
	case errors.As(err, &untrusted), errors.As(err, &authority), errors.As(err, &notTLS), errors.Is(err, http.ErrSchemeMismatch):
		return true
	case errors.As(err, &token):
		return token.Response == nil || Status(token.Response.StatusCode) == Final
	}
	return refusedByProxy(err)
}

// refusedByProxy reports whether a proxy answered CONNECT with a status that
// doesn't pass. net/http has nothing of that reply but the text of its status.
func refusedByProxy(err error) bool {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	for code := http.StatusBadRequest; code < http.StatusInternalServerError; code++ {
		if text := http.StatusText(code); text != "" && err.Error() == text {
			return Status(code) == Final
		}
	}
	return false
}

// unsentByType reports that the type of an error alone means that the service did not
// get the request: no connection was made, or none that can be trusted, or there
// was no token to send. An error it doesn't know leaves that open.
func unsentByType(err error) bool {
	var op *net.OpError
	var dns *net.DNSError
	var untrusted *tls.CertificateVerificationError
	var notTLS tls.RecordHeaderError
	var token *oauth2.RetrieveError
	switch {
	case errors.As(err, &op) && (op.Op == "dial" || op.Op == "proxyconnect"), errors.As(err, &dns), errors.Is(err, syscall.ECONNREFUSED):
		return true
	case errors.As(err, &untrusted), errors.As(err, &notTLS), errors.Is(err, http.ErrSchemeMismatch), errors.As(err, &token):
		return true
	}
	return false
}

// Within returns what f returns, or the end of ctx if that comes first: f may be
// a caller's function that knows no context. It then goes on in the background,
// and drop gets what it returns. A panic of f is the caller's.
func Within[T any](ctx context.Context, f func() (T, error), drop func(T)) (T, error) {
	type outcome struct {
		value    T
		err      error
		panicked any
	}
	done := make(chan outcome, 1)
	go func() {
		var o outcome
		defer func() {
			o.panicked = recover()
			done <- o
		}()
		o.value, o.err = f()
	}()
	select {
	case o := <-done:
		if o.panicked != nil {
			panic(o.panicked)
		}
		return o.value, o.err
	case <-ctx.Done():
	}
	go func() {
		if o := <-done; o.err == nil && o.panicked == nil && drop != nil {
			drop(o.value)
		}
	}()
	var zero T
	return zero, ctx.Err()
}

// MaxNobody bounds the attempts at an address where nobody is: it is a typing error,
// or a server that is about to start. By the default policy they take 7 s at most.
const MaxNobody = 4

// Nobody reports that a name has no address, or that this machine itself refused
// the connection. A server elsewhere may come back.
func Nobody(err error) bool {
	var dial *net.OpError
	if errors.As(err, new(*net.DNSError)) {
		return true
	}
	if !errors.As(err, &dial) || !errors.Is(err, syscall.ECONNREFUSED) {
		return false
	}
	address, ok := dial.Addr.(*net.TCPAddr)
	return ok && address.IP.IsLoopback()
}
