package gapi_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/api/option"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/internal/pipetest"
	"github.com/iamscim/iamscim/provider"
	"github.com/iamscim/iamscim/scimtest"
)

// secretUpdate sends a client secret.
func secretUpdate(ctx context.Context, c *clients) error {
	_, err := c.Providers.Update(ctx, provider.UpdateRequest{Name: parent, OIDC: &provider.OIDCUpdate{ClientSecret: ptr(iamscim.NewSecret(oidcSecret))}})
	return err
}

// TestSecretsDoNotComeBack: what was sent is in no reachable text of the error, even
// where the error is made late.
func TestSecretsDoNotComeBack(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		answer func(http.ResponseWriter, *http.Request) bool // false: the fake answers
		kind   error
		keep   string
	}{
		{"the context ends in a pause", func(w http.ResponseWriter, r *http.Request) bool {
			if r.Method != http.MethodPatch {
				return false
			}
			w.WriteHeader(503)
			fmt.Fprintf(w, `{"error":{"code":503,"message":"try later, kept, with %s"}}`, spelled(oidcSecret)[1])
			return true
		}, context.DeadlineExceeded, "kept"},
		{"an operation that fails", func(w http.ResponseWriter, r *http.Request) bool {
			if r.Method != http.MethodGet || !strings.Contains(r.URL.Path, "/operations/") {
				return false
			}
			fmt.Fprintf(w, `{"name":%q,"done":true,"error":{"code":3,"message":"kept: bad client secret %s"}}`, strings.TrimPrefix(r.URL.Path, "/v1/"), spelled(oidcSecret)[1])
			return true
		}, iamscim.ErrOperationFailed, "kept"},
		{"a poll of an operation that is refused", func(w http.ResponseWriter, r *http.Request) bool {
			if r.Method != http.MethodGet || !strings.Contains(r.URL.Path, "/operations/") {
				return false
			}
			w.WriteHeader(401)
			fmt.Fprintf(w, `{"error":{"code":401,"message":"kept: %s"}}`, spelled(oidcSecret)[1])
			return true
		}, iamscim.ErrUnauthenticated, "kept"},
		{"a read-back that is refused", func(w http.ResponseWriter, r *http.Request) bool {
			if r.Method != http.MethodGet || strings.Contains(r.URL.Path, "/operations/") {
				return false
			}
			w.WriteHeader(400)
			fmt.Fprintf(w, `{"error":{"code":400,"message":"kept: %s"}}`, spelled(oidcSecret)[1])
			return true
		}, iamscim.ErrNotVisible, "kept"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				srv := scimtest.New()
				defer srv.Close()
				prepare(t, srv, withProvider)
				transport := pipetest.Server(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if !tt.answer(w, r) {
						srv.ServeHTTP(w, r)
					}
				}))
				c := newClients(t, option.WithEndpoint("http://127.0.0.1/"), option.WithHTTPClient(&http.Client{Transport: transport}))
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				err := secretUpdate(ctx, c)
				if !errors.Is(err, tt.kind) {
					t.Fatalf("%v, want %v", err, tt.kind)
				}
				wantNone(t, "the error", reachable(err)+fmt.Sprintf("%v %+v %#v", err, err, err), oidcSecret)
				wantAll(t, "the error", err.Error(), tt.keep)
			})
		})
	}
}

// TestKeyInURL: the Google client puts an API key in the URL, which net/http prints
// when there is no connection.
func TestKeyInURL(t *testing.T) {
	t.Parallel()
	const key = "AIzaSyD-s3cret_key0123456789"
	for name, endpoint := range map[string]string{"refused": "http://127.0.0.1:1/", "no such host": "http://iam.example.invalid/"} {
		c := newClients(t, option.WithEndpoint(endpoint), option.WithAPIKey(key), provider.WithRetry(iamscim.RetryPolicy{MaxAttempts: 1}))
		_, err := c.Tenants.Get(t.Context(), tenant)
		if !errors.Is(err, iamscim.ErrUnavailable) {
			t.Errorf("%s: Get = %v, want ErrUnavailable", name, err)
		}
		wantNone(t, name, reachable(err)+err.Error(), key)
	}
	// Nor does it come back in a reply.
	transport := pipetest.Server(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(400)
		_, _ = io.WriteString(w, "API key not valid: "+r.URL.Query().Get("key"))
	}))
	c := newClients(t, option.WithEndpoint("http://127.0.0.1/?"), option.WithHTTPClient(&http.Client{Transport: keyed{transport, key}}))
	_, err := c.Tenants.Get(t.Context(), tenant)
	wantNone(t, "a reply", reachable(err)+err.Error(), key)
}

// keyed adds an API key as Google's own transport does.
type keyed struct {
	base http.RoundTripper
	key  string
}

func (k keyed) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	q := r.URL.Query()
	q.Set("key", k.key)
	r.URL.RawQuery = q.Encode()
	return k.base.RoundTrip(r)
}
