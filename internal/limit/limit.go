// Package limit makes HTTP clients that a hostile or broken server cannot lead
// astray: no redirect is followed and no body is read without a bound.
package limit

import (
	"errors"
	"fmt"
	"io"
	"net/http"
)

// ErrTooLarge is what reading a body past its bound ends in.
var ErrTooLarge = errors.New("reply body too large")

// Client returns a copy of c, which is left as it is, that
//
//   - returns a 3xx reply instead of following it: a 307 would send the bearer
//     token and the whole request body to another origin;
//   - ends the reading of a body in [ErrTooLarge] after most bytes, counted
//     after decompression.
//
// A nil c stands for a client with [http.DefaultTransport].
func Client(c *http.Client, most int64) *http.Client {
	if c == nil {
		c = &http.Client{}
	}
	hardened := *c
	hardened.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	base := c.Transport
	if base == nil {
		base = http.DefaultTransport
	}
	hardened.Transport = &transport{base: base, most: most}
	return &hardened
}

type transport struct {
	base http.RoundTripper
	most int64
}

func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := t.base.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	if resp.Body != nil {
		resp.Body = &body{ReadCloser: resp.Body, left: t.most, most: t.most}
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
	left, most int64
}

// Read lets through one byte more than allowed before it fails, so that a body
// of exactly the bound ends in io.EOF.
func (b *body) Read(p []byte) (int, error) {
	if b.left < 0 {
		return 0, fmt.Errorf("%w: more than %d bytes", ErrTooLarge, b.most)
	}
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.ReadCloser.Read(p)
	b.left -= int64(n)
	if b.left < 0 {
		return n - 1, fmt.Errorf("%w: more than %d bytes", ErrTooLarge, b.most)
	}
	return n, err
}
