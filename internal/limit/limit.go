// Package limit makes HTTP clients that a hostile or broken server cannot lead
// astray: no redirect is followed and no body is read without a bound.
package limit

import (
	"errors"
	"fmt"
	"io"
	"net/http"
)

var (
	// ErrTooLarge is what reading a body past its bound ends in.
	ErrTooLarge = errors.New("reply body too large")

	// ErrSwitched is the error for a server that switches to a protocol nobody
	// asked for. net/http would hand its connection over, which no context ends.
	ErrSwitched = errors.New("the server switched protocols (HTTP 101)")
)

// maxErrorBody is what is read of a reply that isn't a 2xx, in bytes.
const maxErrorBody = 64 << 10

// Client returns a copy of c, which is left as it is, that
//
//   - returns a 3xx reply, without its Location, instead of following it: a 307
//     would send the bearer token and the whole request body to another origin;
//   - ends the reading of a 2xx body in [ErrTooLarge] after maxBody bytes, counted
//     after decompression;
//   - cuts every other body after 64 KiB: no error needs more;
//   - fails with [ErrSwitched] on a 101.
//
// A nil c stands for a client with [http.DefaultTransport].
func Client(c *http.Client, maxBody int64) *http.Client {
	if c == nil {
		c = &http.Client{}
	}
	hardened := *c
	hardened.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	base := c.Transport
	if base == nil {
		base = http.DefaultTransport
	}
	hardened.Transport = &transport{base: base, maxBody: maxBody}
	return &hardened
}

type transport struct {
	base    http.RoundTripper
	maxBody int64
}

func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := t.base.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	switch {
	case resp.StatusCode == http.StatusSwitchingProtocols:
		if resp.Body != nil {
			resp.Body.Close()
		}
		return nil, ErrSwitched
	case resp.StatusCode >= 300 && resp.StatusCode <= 399:
		// Nobody follows it, and net/http fails on a malformed one with its text,
		// which may hold the names and tokens of the request.
		resp.Header.Del("Location")
	}
	switch {
	case resp.Body == nil:
	case resp.StatusCode >= 200 && resp.StatusCode <= 299:
		resp.Body = &body{ReadCloser: resp.Body, left: t.maxBody, max: t.maxBody}
	default:
		resp.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(resp.Body, maxErrorBody), resp.Body}
		resp.ContentLength = -1
	}
	return resp, nil
}

// CloseIdleConnections reaches the base transport, which http.Client finds by
// this method.
func (t *transport) CloseIdleConnections() {
	if c, ok := t.base.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

type body struct {
	io.ReadCloser
	left, max int64
}

// Read lets through one byte more than allowed before it fails, so that a body
// of exactly the bound ends in io.EOF.
func (b *body) Read(p []byte) (int, error) {
	if b.left < 0 {
		return 0, fmt.Errorf("%w: more than %d bytes", ErrTooLarge, b.max)
	}
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.ReadCloser.Read(p)
	b.left -= int64(n)
	if b.left < 0 {
		return n - 1, fmt.Errorf("%w: more than %d bytes", ErrTooLarge, b.max)
	}
	return n, err
}
