package gapi

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/oauth2"

	"github.com/iamscim/iamscim/internal/limit"
	"github.com/iamscim/iamscim/internal/redact"
	"github.com/iamscim/iamscim/internal/retry"
	"github.com/iamscim/iamscim/internal/useragent"
)

// maxElements bounds the JSON values of a reply. A page of 100 providers, each
// with 50 custom attributes, has about 10,000.
const maxElements = 50_000

// byteOrderMark may precede JSON, and encoding/json refuses it.
var byteOrderMark = []byte("\ufeff")

// guard stands between the generated client and what sends its requests. It
//
//   - names this module to the service in place of the generated client. A
//     caller's option.WithUserAgent is applied below this transport, so it wins;
//   - returns when the context ends, even if a token source or a transport of the
//     caller's goes on;
//   - reads the reply and refuses what would cost too much to decode;
//   - takes the caller's credentials out of replies that become errors, and the
//     secrets of [WithSecrets] out of all: a service, or what stands in front of it,
//     may repeat them there. Credentials are added below this transport, so guard
//     reads them off the request that was sent in the end.
type guard struct{ base http.RoundTripper }

func (g *guard) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("User-Agent", useragent.String())
	if r.Context().Value(escapedKey{}) != nil {
		escapeOnce(r.URL)
	}
	return retry.Within(r.Context(), func() (*http.Response, error) {
		resp, err := g.base.RoundTrip(r)
		if err != nil {
			return nil, err
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		body = bytes.TrimPrefix(body, byteOrderMark)
		if err == nil {
			err = limit.Elements(body, maxElements)
		}
		if err != nil && resp.StatusCode < 300 {
			body = nil // nobody decodes a part of a reply
		}
		if secrets := secretsIn(r.Context()); resp.StatusCode >= 300 || len(secrets) > 0 {
			body = scrubReply(resp, body, secrets)
		}
		var rest io.Reader = bytes.NewReader(body)
		if err != nil {
			rest = io.MultiReader(rest, failing{err})
		}
		resp.Body = io.NopCloser(rest)
		resp.ContentLength = -1
		return resp, nil
	}, nil)
}

type escapedKey struct{}

// WithEscapedName returns a context for requests about a name that is escaped for a
// URL already. The generated client would escape its percent signs again.
func WithEscapedName(ctx context.Context) context.Context {
	if ctx == nil {
		return nil
	}
	return context.WithValue(ctx, escapedKey{}, true)
}

func escapeOnce(u *url.URL) {
	raw := strings.ReplaceAll(u.EscapedPath(), "%25", "%")
	if path, err := url.PathUnescape(raw); err == nil {
		u.Path, u.RawPath = path, raw
	}
}

// scrubReply takes the credentials that were sent, and other known secrets, out of a
// reply's headers and returns its body without them.
func scrubReply(resp *http.Response, body []byte, known []string) []byte {
	if resp.Request != nil {
		for _, name := range []string{"Authorization", "X-Goog-Api-Key"} {
			for _, value := range resp.Request.Header.Values(name) {
				if fields := strings.Fields(value); len(fields) > 0 {
					known = append(known, fields[len(fields)-1])
				}
			}
		}
		if key := resp.Request.URL.Query().Get("key"); key != "" {
			known = append(known, key)
		}
	}
	if len(known) == 0 {
		return body
	}
	for _, values := range resp.Header {
		for i := range values {
			values[i] = redact.Text(values[i], known...)
		}
	}
	return []byte(redact.Body(string(body), known...))
}

// failing is a reader that goes on where a broken body ended.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// credentialsError is the failure to get an access token. Nothing was sent.
type credentialsError struct{ err error }

func (e *credentialsError) Error() string { return "no access token: " + e.err.Error() }
func (e *credentialsError) Unwrap() error { return e.err }

// withCredentialsErrors makes the token source of a caller's OAuth client say so
// when it is the one that failed. Of other transports this package can't tell.
func withCredentialsErrors(rt http.RoundTripper) http.RoundTripper {
	t, ok := rt.(*oauth2.Transport)
	if !ok || t.Source == nil {
		return rt
	}
	return &oauth2.Transport{Source: source{t.Source}, Base: t.Base}
}

type source struct{ base oauth2.TokenSource }

func (s source) Token() (*oauth2.Token, error) {
	token, err := s.base.Token()
	if err == nil && token == nil {
		err = errors.New("the token source returned no token")
	}
	if err != nil {
		return nil, &credentialsError{err}
	}
	return token, nil
}
