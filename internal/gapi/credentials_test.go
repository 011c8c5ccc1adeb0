package gapi_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/oauth2"
	"google.golang.org/api/option"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/internal/pipetest"
	"github.com/iamscim/iamscim/provider"
	"github.com/iamscim/iamscim/scimtest"
	"github.com/iamscim/iamscim/scimtoken"
)

type tokenFunc func() (*oauth2.Token, error)

func (f tokenFunc) Token() (*oauth2.Token, error) { return f() }

// sending are calls whose outcome would be unknown if they had been sent.
var sending = map[string]func(context.Context, *clients) error{
	"read": func(ctx context.Context, c *clients) error { _, err := c.Tenants.Get(ctx, tenant); return err },
	"create a token": func(ctx context.Context, c *clients) error {
		_, _, err := c.Tokens.Create(ctx, scimtoken.CreateRequest{Name: must(scimtoken.NewName(tenant, "token-b"))})
		return err
	},
	"grant": func(ctx context.Context, c *clients) error {
		return c.Organization.GrantSyncer(ctx, organization, agent)
	},
}

func tokenServer(t *testing.T, status int, body string, calls *atomic.Int32) string {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(srv.Close)
	return srv.URL
}

// serviceAccountAt is a key whose token exchange goes to tokenURI.
func serviceAccountAt(t testing.TB, tokenURI string) []byte {
	t.Helper()
	key := must(rsa.GenerateKey(rand.Reader, 2048))
	encoded := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: must(x509.MarshalPKCS8PrivateKey(key))})
	return must(json.Marshal(map[string]string{
		"type": "service_account", "project_id": "p", "private_key_id": "k", "private_key": string(encoded),
		"client_email": "sa@p.iam.gserviceaccount.com", "client_id": "1", "token_uri": tokenURI,
	}))
}

// TestCredentialsFail: credentials that fail have sent nothing, whichever kind they
// are and whatever they say, so that no change is of unknown outcome.
func TestCredentialsFail(t *testing.T) {
	t.Parallel()
	const grant = `{"error":"invalid_grant","error_description":"Invalid JWT Signature. assertion=eyJhbGciOiJSUzI1NiJ9"}`
	refused := func(status int) *oauth2.RetrieveError {
		return &oauth2.RetrieveError{Response: &http.Response{StatusCode: status, Status: "refused"}, Body: []byte(grant), ErrorCode: "invalid_grant"}
	}
	failing := func(err error) tokenFunc { return func() (*oauth2.Token, error) { return nil, err } }
	tests := []struct {
		name string
		opts func(*testing.T) []option.ClientOption
		want string
	}{
		{"a token source that fails", func(*testing.T) []option.ClientOption {
			return []option.ClientOption{option.WithTokenSource(failing(errors.New("the vault is sealed")))}
		}, "the vault is sealed"},
		{"invalid_grant of a token source", func(*testing.T) []option.ClientOption {
			return []option.ClientOption{option.WithTokenSource(failing(refused(400)))}
		}, "invalid_grant"},
		{"invalid_grant of a service account", func(t *testing.T) []option.ClientOption {
			return []option.ClientOption{option.WithAuthCredentialsJSON(option.ServiceAccount, serviceAccountAt(t, tokenServer(t, 400, grant, new(atomic.Int32))))}
		}, "invalid_grant"},
		{"a token service that is down", func(t *testing.T) []option.ClientOption {
			return []option.ClientOption{option.WithAuthCredentialsJSON(option.ServiceAccount, serviceAccountAt(t, tokenServer(t, 403, `<html>proxy</html>`, new(atomic.Int32))))}
		}, "no access token"},
		{"an external account without its token", func(t *testing.T) []option.ClientOption {
			return []option.ClientOption{option.WithAuthCredentialsJSON(option.ExternalAccount, externalAccount(t, filepath.Join(t.TempDir(), "absent"), "http://127.0.0.1:1"))}
		}, "no access token"},
		{"an external account that is refused", func(t *testing.T) []option.ClientOption {
			file := filepath.Join(t.TempDir(), "token")
			if err := os.WriteFile(file, []byte("subject-token"), 0o600); err != nil {
				t.Fatal(err)
			}
			return []option.ClientOption{option.WithAuthCredentialsJSON(option.ExternalAccount, externalAccount(t, file, tokenServer(t, 400, grant, new(atomic.Int32))))}
		}, "no access token"},
		{"the caller's OAuth client", func(*testing.T) []option.ClientOption {
			return []option.ClientOption{option.WithHTTPClient(oauth2.NewClient(context.Background(), failing(errors.New("the vault is sealed"))))}
		}, "the vault is sealed"},
		{"the caller's OAuth client, invalid_grant", func(*testing.T) []option.ClientOption {
			return []option.ClientOption{option.WithHTTPClient(&http.Client{Transport: &oauth2.Transport{Source: failing(refused(401))}})}
		}, "invalid_grant"},
		{"a token source without a token", func(*testing.T) []option.ClientOption {
			return []option.ClientOption{option.WithHTTPClient(&http.Client{Transport: &oauth2.Transport{Source: failing(nil)}})}
		}, "returned no token"},
	}
	for _, tt := range tests {
		for name, call := range sending {
			t.Run(tt.name+"/"+name, func(t *testing.T) {
				t.Parallel()
				srv := scimtest.Start(t)
				prepare(t, srv, withTenant)
				c := newClients(t, append(tt.opts(t), option.WithEndpoint(srv.URL()), provider.WithRetry(iamscim.RetryPolicy{Initial: time.Millisecond, Budget: 5 * time.Minute}))...)
				begin := time.Now()
				err := call(t.Context(), c)
				if !errors.Is(err, iamscim.ErrUnauthenticated) || errors.Is(err, iamscim.ErrUnavailable) || errors.Is(err, iamscim.ErrOutcomeUnknown) {
					t.Errorf("%v, want ErrUnauthenticated alone", err)
				}
				var e *iamscim.Error
				if !errors.As(err, &e) || !strings.Contains(err.Error(), tt.want) || !strings.Contains(e.Remedy, "nothing was sent") {
					t.Errorf("%v: want %q and a remedy", err, tt.want)
				}
				if text := reachable(err); strings.Contains(text, "eyJhbGciOi") {
					t.Errorf("the error repeats what the token service said: %s", text)
				}
				if requests := srv.Requests(); len(requests) > 0 {
					t.Errorf("the service got %d requests", len(requests))
				}
				if took := time.Since(begin); took > time.Minute {
					t.Errorf("the call took %v", took)
				}
			})
		}
	}
}

func externalAccount(t *testing.T, file, tokenURL string) []byte {
	t.Helper()
	return must(json.Marshal(map[string]any{
		"type": "external_account", "audience": "//iam.googleapis.com/locations/global/workforcePools/p/providers/x",
		"subject_token_type": "urn:ietf:params:oauth:token-type:jwt", "token_url": tokenURL,
		"credential_source": map[string]string{"file": file},
	}))
}

// TestTokenSourceThatBlocks: a token source that knows no context doesn't keep a
// call from ending with its own.
func TestTokenSourceThatBlocks(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"built", "given"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				release := make(chan struct{})
				defer close(release)
				blocked := tokenFunc(func() (*oauth2.Token, error) { <-release; return nil, errors.New("released") })
				opt := option.WithTokenSource(blocked)
				if name == "given" {
					unsent := pipetest.Peer(t, func(net.Conn) { t.Error("a connection was made") })
					opt = option.WithHTTPClient(&http.Client{Transport: &oauth2.Transport{Source: blocked, Base: unsent}})
				}
				// Nobody is at this address, should a request be sent all the same.
				endpoint := option.WithEndpoint("http://127.0.0.1:1/")
				c := newClients(t, opt, endpoint)
				ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
				defer cancel()
				if _, err := c.Tenants.Get(ctx, tenant); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, iamscim.ErrOutcomeUnknown) {
					t.Errorf("Get = %v, want the end of the context", err)
				}
				limited := newClients(t, opt, endpoint, provider.WithRetry(iamscim.RetryPolicy{AttemptTimeout: 20 * time.Second}))
				_, _, err := limited.Tokens.Create(t.Context(), scimtoken.CreateRequest{Name: must(scimtoken.NewName(tenant, "token-b"))})
				if errors.Is(err, iamscim.ErrOutcomeUnknown) || errors.Is(err, context.DeadlineExceeded) || err == nil || !strings.Contains(err.Error(), "within 20s") {
					t.Errorf("Create = %v, want the end of the attempt with nothing sent", err)
				}
			})
		})
	}
}

// TestProxyRefuses: what a proxy refuses was not sent, and is repeated if that may
// pass.
func TestProxyRefuses(t *testing.T) {
	t.Parallel()
	for status, want := range map[string]error{
		"502 Bad Gateway": iamscim.ErrUnavailable, "503 Service Unavailable": iamscim.ErrUnavailable, "504 Gateway Timeout": iamscim.ErrUnavailable,
		"429 Too Many Requests": iamscim.ErrUnavailable, "403 Forbidden": iamscim.ErrUnavailable, "407 Proxy Authentication Required": iamscim.ErrUnavailable,
		"": iamscim.ErrUnavailable, // closes
	} {
		for name, call := range sending {
			t.Run(status+"/"+name, func(t *testing.T) {
				t.Parallel()
				var connects atomic.Int32
				l := must(net.Listen("tcp", "127.0.0.1:0"))
				t.Cleanup(func() { l.Close() })
				go func() {
					for {
						conn, err := l.Accept()
						if err != nil {
							return
						}
						connects.Add(1)
						if status != "" {
							_, _ = conn.Read(make([]byte, 4096))
							_, _ = io.WriteString(conn, "HTTP/1.1 "+status+"\r\nContent-Length: 0\r\n\r\n")
						}
						conn.Close()
					}
				}()
				transport := &http.Transport{Proxy: http.ProxyURL(&url.URL{Scheme: "http", Host: l.Addr().String()})}
				c := newClients(t, option.WithHTTPClient(&http.Client{Transport: transport}), option.WithEndpoint("https://iam.example.invalid/"),
					provider.WithRetry(iamscim.RetryPolicy{Initial: time.Millisecond, Max: time.Millisecond, MaxAttempts: 3}))
				err := call(t.Context(), c)
				if !errors.Is(err, want) || errors.Is(err, iamscim.ErrOutcomeUnknown) {
					t.Errorf("%v, want %v and no unknown outcome", err, want)
				}
				passes := !strings.HasPrefix(status, "403") && !strings.HasPrefix(status, "407")
				if n := connects.Load(); (n >= 3) != passes {
					t.Errorf("%d connections, repeated should be %v: %v", n, passes, err)
				}
			})
		}
	}
}

// TestWrongEndpointIsToldSoon: an address where nobody is ends a call after seconds,
// not after the whole budget of minutes, and each repetition leaves a log line.
func TestWrongEndpointIsToldSoon(t *testing.T) {
	t.Parallel()
	for name, dial := range map[string]error{
		"refused by this machine":  pipetest.Refusal(),
		"a name without an answer": &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "server misbehaving", Name: "iam.example", IsTemporary: true}},
		"a name of nothing":        &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: "iam.example", IsNotFound: true}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var log bytes.Buffer
				transport := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) { return nil, dial }}
				c := newClients(t, option.WithEndpoint("http://iam.example/"), option.WithHTTPClient(&http.Client{Transport: transport}), option.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
				begin := time.Now()
				_, _, err := c.Tokens.Create(t.Context(), scimtoken.CreateRequest{Name: must(scimtoken.NewName(tenant, "token-b"))})
				if took := time.Since(begin); took > 7*time.Second || !errors.Is(err, iamscim.ErrUnavailable) || errors.Is(err, iamscim.ErrOutcomeUnknown) {
					t.Errorf("Create after %v = %v, want ErrUnavailable after seconds", took, err)
				}
				var e *iamscim.Error
				if want := map[bool]int{true: 1, false: 4}[name == "a name of nothing"]; !errors.As(err, &e) || e.Attempts != want || strings.Count(log.String(), "is repeated if time allows") != want-1 {
					t.Errorf("%d attempts left this log:\n%s", e.Attempts, log.String())
				}
			})
		})
	}
}
