package gapi

import (
	"bytes"
	"io"
	"net/http"
	"strings"

	"github.com/iamscim/iamscim/internal/redact"
	"github.com/iamscim/iamscim/internal/useragent"
)

// guard takes the caller's credentials out of the replies that become errors:
// a service, or what stands in front of it, may repeat them there. The
// credentials are added below this transport, so they are read off the request
// that was sent in the end. guard also names this module to the service in
// place of the generated client. A caller's option.WithUserAgent is applied below
// this transport, so it wins.
type guard struct{ base http.RoundTripper }

func (g *guard) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("User-Agent", useragent.String())
	resp, err := g.base.RoundTrip(r)
	if err != nil || resp.StatusCode < 300 || resp.Request == nil {
		return resp, err
	}
	var known []string
	for _, name := range []string{"Authorization", "X-Goog-Api-Key"} {
		for _, value := range resp.Request.Header.Values(name) {
			if fields := strings.Fields(value); len(fields) > 0 {
				known = append(known, fields[len(fields)-1])
			}
		}
	}
	if known == nil {
		return resp, nil
	}
	for _, values := range resp.Header {
		for i := range values {
			values[i] = redact.Text(values[i], known...)
		}
	}
	body, err := io.ReadAll(resp.Body)
	body = []byte(redact.Body(string(body), known...))
	rest := io.Reader(bytes.NewReader(body))
	if err != nil {
		rest = io.MultiReader(rest, failing{err})
	}
	resp.Body = struct {
		io.Reader
		io.Closer
	}{rest, resp.Body}
	resp.ContentLength = -1
	return resp, nil
}

// failing is a reader that goes on where a broken body ended.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }
