package scimclient_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/oauth2"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/internal/pipetest"
	"github.com/iamscim/iamscim/scimclient"
)

// TestStatusByItsClass: a status that isn't listed is the x00 of its class (RFC
// 9110 section 15).
func TestStatusByItsClass(t *testing.T) {
	t.Parallel()
	var unlisted5xx []int
	for status := 506; status <= 599; status++ {
		unlisted5xx = append(unlisted5xx, status)
	}
	unlisted5xx = append(unlisted5xx, 600, 799, 999)
	for _, status := range unlisted5xx {
		gets := 0
		_, c := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if gets++; gets < 3 {
				w.WriteHeader(status)
				return
			}
			io.WriteString(w, `{"id":"1"}`)
		})
		if _, err := c.Users.Get(t.Context(), "1"); err != nil || gets != 3 {
			t.Errorf("Get after %d = %v with %d requests, want success at the third", status, err, gets)
		}
		// The user is made, and the reply isn't the server's.
		_, c = serve(t, func(w http.ResponseWriter, r *http.Request) {
			if r.Method == "POST" {
				w.WriteHeader(status)
				return
			}
			io.WriteString(w, `{"totalResults":1,"Resources":[{"id":"7","userName":"a"}]}`)
		})
		if u, err := c.Users.Create(t.Context(), &scimclient.User{UserName: "a"}); err != nil || u.ID != "7" {
			t.Errorf("Create after %d = %v, %v, want user 7, found", status, u, err)
		}
		_, c = serve(t, func(w http.ResponseWriter, r *http.Request) {
			if r.Method == "POST" {
				w.WriteHeader(status)
				return
			}
			io.WriteString(w, `{"totalResults":0}`)
		})
		if _, err := c.Users.Create(t.Context(), &scimclient.User{UserName: "a"}); !errors.Is(err, iamscim.ErrOutcomeUnknown) || !errors.Is(err, iamscim.ErrUnavailable) {
			t.Errorf("Create after %d = %v, want ErrOutcomeUnknown and ErrUnavailable", status, err)
		}
	}
	for _, tt := range []struct {
		status int
		body   string
		want   error
		not    error
	}{
		{410, "", scimclient.ErrNotFound, iamscim.ErrInvalidArgument},
		{402, "", iamscim.ErrInvalidArgument, nil},
		{406, "", iamscim.ErrInvalidArgument, nil},
		{418, "", iamscim.ErrInvalidArgument, nil},
		{422, "", iamscim.ErrInvalidArgument, nil},
		{451, "", iamscim.ErrInvalidArgument, nil},
		{499, "", iamscim.ErrInvalidArgument, nil},
		{400, `{"scimType":"uniqueness"}`, scimclient.ErrConflict, iamscim.ErrInvalidArgument},
		{422, `{"scimType":"uniqueness"}`, scimclient.ErrConflict, iamscim.ErrInvalidArgument},
		{409, `{}`, scimclient.ErrConflict, nil},
		{399, "", iamscim.ErrRedirected, nil},
	} {
		requests := 0
		_, c := serve(t, func(w http.ResponseWriter, r *http.Request) {
			requests++
			replyWith(tt.status, tt.body)(w, r)
		})
		err := c.Users.Delete(t.Context(), "1")
		if tt.status == 399 {
			continue // a change is looked at: TestRedirects
		}
		if !errors.Is(err, tt.want) || tt.not != nil && errors.Is(err, tt.not) || requests != 1 {
			t.Errorf("Delete answered by %d %s = %v with %d requests, want %v and one", tt.status, tt.body, err, requests, tt.want)
		}
	}
	// The tenant, and not a user, is gone.
	_, c := serve(t, replyWith(410, ""))
	if _, err := c.CheckAccess(t.Context()); !errors.Is(err, scimclient.ErrTenantUnknown) {
		t.Errorf("CheckAccess answered by 410 = %v, want ErrTenantUnknown", err)
	}
	if _, err := c.ResourceTypes(t.Context()); !errors.Is(err, scimclient.ErrUnsupported) {
		t.Errorf("ResourceTypes answered by 410 = %v, want ErrUnsupported", err)
	}
	// What is in the way is looked for as after a 409.
	_, c = serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == "POST" {
			replyWith(400, `{"scimType":"uniqueness"}`)(w, r)
			return
		}
		io.WriteString(w, `{"totalResults":1,"Resources":[{"id":"7","userName":"a"}]}`)
	})
	_, err := c.Users.Create(t.Context(), &scimclient.User{UserName: "a"})
	if e := (*scimclient.Error)(nil); !errors.As(err, &e) || e.Conflict == nil || e.Conflict.ID != "7" || !e.Conflict.Same {
		t.Errorf("Create answered by 400 uniqueness = %v, want a conflict with user 7", err)
	}
}

// proxied starts a SCIM server behind TLS and a proxy, and returns a client that
// reaches one through the other. refuse answers the nth CONNECT, from 1, and
// reports false to let it through.
func proxied(t *testing.T, h http.HandlerFunc, refuse func(n int, w http.ResponseWriter, c net.Conn) bool) (*scimclient.Client, *atomic.Int32) {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	var connects atomic.Int32
	p := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := int(connects.Add(1))
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		if refuse(n, w, conn) {
			return
		}
		back, err := net.Dial("tcp", s.Listener.Addr().String())
		if err != nil {
			return
		}
		defer back.Close()
		io.WriteString(conn, "HTTP/1.1 200 OK\r\n\r\n")
		go io.Copy(back, conn)
		io.Copy(conn, back)
	}))
	t.Cleanup(p.Close)
	proxy, err := url.Parse(p.URL)
	must(t, err)
	transport := s.Client().Transport.(*http.Transport).Clone()
	transport.Proxy = http.ProxyURL(proxy)
	transport.DisableKeepAlives = true
	t.Cleanup(transport.CloseIdleConnections)
	// Not a loopback name, which no proxy is asked for.
	return clientFor(t, "https://example.com/v2", scimclient.WithHTTPClient(&http.Client{Transport: transport})), &connects
}

// TestNothingWasSent: what goes wrong before there is a connection is repeated
// even for a POST, and never leaves an outcome unknown.
func TestNothingWasSent(t *testing.T) {
	t.Parallel()
	write := func(text string) func(net.Conn) {
		return func(c net.Conn) { io.WriteString(c, text) }
	}
	tests := []struct {
		name    string
		refusal func(net.Conn)
		passes  bool
	}{
		{"CONNECT 502", write("HTTP/1.1 502 Bad Gateway\r\n\r\n"), true},
		{"CONNECT 503", write("HTTP/1.1 503 Service Unavailable\r\n\r\n"), true},
		{"CONNECT 504", write("HTTP/1.1 504 Gateway Timeout\r\n\r\n"), true},
		{"CONNECT 429", write("HTTP/1.1 429 Too Many Requests\r\n\r\n"), true},
		{"CONNECT 524", write("HTTP/1.1 524 A Timeout Occurred\r\n\r\n"), true},
		{"the proxy closes", func(net.Conn) {}, true},
		{"the proxy talks nonsense", write("hello\r\n\r\n"), true},
		{"a TLS alert", func(c net.Conn) {
			io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\n")
			c.Write([]byte{21, 3, 3, 0, 2, 2, 40})
		}, true},
		{"TLS is cut", write("HTTP/1.1 200 OK\r\n\r\n\x16\x03"), true},
		{"CONNECT 403", write("HTTP/1.1 403 Forbidden\r\n\r\n"), false},
		{"CONNECT 407", write("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var posts atomic.Int32
			c, connects := proxied(t, func(w http.ResponseWriter, r *http.Request) {
				posts.Add(1)
				w.WriteHeader(201)
				io.WriteString(w, `{"id":"1","userName":"a"}`)
			}, func(n int, _ http.ResponseWriter, c net.Conn) bool {
				if n == 1 || !tt.passes {
					tt.refusal(c)
					return true
				}
				return false
			})
			u, err := c.Users.Create(t.Context(), &scimclient.User{UserName: "a"})
			if errors.Is(err, iamscim.ErrOutcomeUnknown) {
				t.Errorf("Create = %v: nothing was sent", err)
			}
			if tt.passes && (err != nil || u.ID != "1" || posts.Load() != 1 || connects.Load() != 2) {
				t.Errorf("Create = %v, %v with %d connections and %d requests, want user 1 with the second", u, err, connects.Load(), posts.Load())
			}
			if !tt.passes && (!errors.Is(err, scimclient.ErrUnreachable) || posts.Load() != 0 || connects.Load() != 1) {
				t.Errorf("Create = %v with %d connections, want ErrUnreachable after one", err, connects.Load())
			}
		})
	}
}

// TestNothingWasSentToNobody: the same for peers that never become a server.
func TestNothingWasSentToNobody(t *testing.T) {
	t.Parallel()
	hang := func(c net.Conn) { io.Copy(io.Discard, c) }
	proxy := func(scheme string, talk func(net.Conn)) func(*testing.T) *http.Transport {
		return func(t *testing.T) *http.Transport {
			transport := pipetest.Peer(t, talk)
			transport.Proxy = http.ProxyURL(&url.URL{Scheme: scheme, Host: "proxy.example:1080"})
			return transport
		}
	}
	tests := []struct {
		name      string
		transport func(*testing.T) *http.Transport
	}{
		{"a SOCKS peer closes", proxy("socks5", func(c net.Conn) { c.Close() })},
		{"a SOCKS peer hangs", proxy("socks5", hang)},
		{"a proxy hangs", proxy("http", hang)},
		{"a TLS handshake hangs", proxy("http", func(c net.Conn) {
			if _, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
				io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\n")
			}
			hang(c)
		})},
		{"a dial hangs", func(t *testing.T) *http.Transport {
			over := make(chan struct{})
			t.Cleanup(func() { close(over) })
			return &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
				<-over
				return nil, errors.New("no connection")
			}}
		}},
		{"a dial times out", func(*testing.T) *http.Transport {
			return &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				return nil, &net.OpError{Op: "dial", Net: "tcp", Err: timeoutError{}}
			}}
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c := clientFor(t, "https://scim.example.invalid/v2", scimclient.WithHTTPClient(&http.Client{Transport: tt.transport(t)}),
					scimclient.WithRetry(iamscim.RetryPolicy{MaxAttempts: 2}))
				_, err := c.Users.Create(t.Context(), &scimclient.User{UserName: "a"})
				var e *scimclient.Error
				if !errors.As(err, &e) || !errors.Is(err, scimclient.ErrUnreachable) || errors.Is(err, iamscim.ErrOutcomeUnknown) || e.Attempts != 2 {
					t.Errorf("Create = %v, want ErrUnreachable after two attempts", err)
				}
			})
		})
	}
}

type timeoutError struct{}

func (timeoutError) Error() string   { return "i/o timeout" }
func (timeoutError) Timeout() bool   { return true }
func (timeoutError) Temporary() bool { return true }

// sourceFunc is a token source.
type sourceFunc func() (*oauth2.Token, error)

func (f sourceFunc) Token() (*oauth2.Token, error) { return f() }

// TestTokenSources: one that fails has sent nothing.
func TestTokenSources(t *testing.T) {
	t.Parallel()
	requests := 0
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { requests++ }))
	defer s.Close()
	refused := &oauth2.RetrieveError{Response: &http.Response{StatusCode: 400, Status: "400 Bad Request"}, ErrorCode: "invalid_grant", ErrorDescription: "Invalid JWT Signature."}
	for name, cause := range map[string]error{
		"service account":     refused,
		"external account":    fmt.Errorf("oauth2/google: status code 400: %w", refused),
		"deadline of its own": context.DeadlineExceeded,
		"connection refused":  &net.OpError{Op: "dial", Err: errors.New("connection refused")},
		"EOF":                 io.ErrUnexpectedEOF,
	} {
		source := sourceFunc(func() (*oauth2.Token, error) { return nil, cause })
		c, err := scimclient.New(s.URL, source, scimclient.WithRetry(quick))
		must(t, err)
		mine, err := scimclient.New(s.URL, tokens("t"), scimclient.WithRetry(quick), scimclient.WithHTTPClient(&http.Client{Transport: &oauth2.Transport{Source: source, Base: s.Client().Transport}}))
		must(t, err)
		for by, c := range map[string]*scimclient.Client{"TokenSource": c, "HTTP client": mine} {
			if by == "HTTP client" && !errors.As(cause, new(*oauth2.RetrieveError)) {
				continue
			}
			_, err = c.Users.Create(t.Context(), &scimclient.User{UserName: "a"})
			var e *scimclient.Error
			if !errors.As(err, &e) || !errors.Is(err, iamscim.ErrUnauthenticated) || errors.Is(err, iamscim.ErrUnavailable) || errors.Is(err, iamscim.ErrOutcomeUnknown) || e.Attempts != 0 || e.Remedy == "" {
				t.Errorf("%s, %s: Create = %v, want ErrUnauthenticated with a remedy and nothing sent", by, name, err)
			}
		}
	}
	if requests != 0 {
		t.Errorf("%d requests were sent, want none", requests)
	}
}

// TestTokenSourceThatBlocks: it blocks nobody.
func TestTokenSourceThatBlocks(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		block := make(chan struct{})
		defer close(block)
		blocking := sourceFunc(func() (*oauth2.Token, error) { <-block; return nil, errors.New("late") })
		unsent := scimclient.WithHTTPClient(&http.Client{Transport: roundTripper(func(*http.Request) (*http.Response, error) {
			t.Error("a request was sent")
			return nil, io.ErrUnexpectedEOF
		})})
		c, err := scimclient.New("https://h", blocking, unsent)
		must(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		if _, err := c.Users.Get(ctx, "1"); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, iamscim.ErrUnauthenticated) {
			t.Errorf("Get with a source that blocks = %v, want the end of the context", err)
		}
		c, err = scimclient.New("https://h", blocking, unsent, scimclient.WithRetry(iamscim.RetryPolicy{AttemptTimeout: 20 * time.Second}))
		must(t, err)
		if _, err := c.Users.Get(t.Context(), "1"); !errors.Is(err, iamscim.ErrUnauthenticated) || !strings.Contains(err.Error(), "AttemptTimeout") {
			t.Errorf("Get with a source that blocks = %v, want ErrUnauthenticated that names the limit", err)
		}
	})
}

// everyCall makes each call of the package once.
func everyCall(ctx context.Context, c *scimclient.Client) map[string]func() error {
	patch := new(scimclient.Patch).Replace("title", "t")
	member := scimclient.Membership{GroupID: "1", UserID: "2"}
	return map[string]func() error{
		"CheckAccess":              func() error { return second(c.CheckAccess(ctx)) },
		"WaitAccess":               func() error { return second(c.WaitAccess(ctx)) },
		"WaitToken":                func() error { return second(c.WaitToken(ctx)) },
		"ServiceProviderConfig":    func() error { return second(c.ServiceProviderConfig(ctx)) },
		"Schemas":                  func() error { return second(c.Schemas(ctx)) },
		"ResourceTypes":            func() error { return second(c.ResourceTypes(ctx)) },
		"Users.Get":                func() error { return second(c.Users.Get(ctx, "1")) },
		"Users.Find":               func() error { return second(c.Users.Find(ctx, "u")) },
		"Users.List":               func() error { return last(c.Users.List(ctx, scimclient.Filter{})) },
		"Users.Create":             func() error { return second(c.Users.Create(ctx, &scimclient.User{UserName: "u"})) },
		"Users.Replace":            func() error { return second(c.Users.Replace(ctx, &scimclient.User{ID: "1"})) },
		"Users.Patch":              func() error { return c.Users.Patch(ctx, "1", patch, scimclient.ReadBack()) },
		"Users.Deactivate":         func() error { return c.Users.Deactivate(ctx, "1") },
		"Users.Delete":             func() error { return c.Users.Delete(ctx, "1", scimclient.ReadBack()) },
		"Groups.Get":               func() error { return second(c.Groups.Get(ctx, "1")) },
		"Groups.Find":              func() error { return second(c.Groups.Find(ctx, "g")) },
		"Groups.List":              func() error { return last(c.Groups.List(ctx, scimclient.Filter{})) },
		"Groups.Create":            func() error { return second(c.Groups.Create(ctx, &scimclient.Group{DisplayName: "g"})) },
		"Groups.Patch":             func() error { return c.Groups.Patch(ctx, "1", patch) },
		"Groups.Delete":            func() error { return c.Groups.Delete(ctx, "1") },
		"Groups.AddMembers":        func() error { return c.Groups.AddMembers(ctx, "1", []string{"2"}, scimclient.ReadBack()) },
		"Groups.RemoveMembers":     func() error { return c.Groups.RemoveMembers(ctx, "1", []string{"2"}, scimclient.ReadBack()) },
		"Groups.IsMember":          func() error { return second(c.Groups.IsMember(ctx, "1", "2")) },
		"Groups.GroupsOf":          func() error { return last(c.Groups.GroupsOf(ctx, "2")) },
		"Groups.MemberFilterWorks": func() error { return second(c.Groups.MemberFilterWorks(ctx, member, member)) },
	}
}

// TestNothingHangs: every call ends, whatever the server does with the
// connection, with the default policy and a context without an end.
func TestNothingHangs(t *testing.T) {
	t.Parallel()
	raw := func(talk func(net.Conn)) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				return
			}
			defer conn.Close()
			talk(conn)
		}
	}
	// drip writes until the other side has gone.
	drip := func(head, unit string) http.HandlerFunc {
		return raw(func(c net.Conn) {
			io.WriteString(c, head)
			for {
				if _, err := io.WriteString(c, unit); err != nil {
					return
				}
				time.Sleep(time.Second)
			}
		})
	}
	wait := raw(func(c net.Conn) { io.Copy(io.Discard, c) })
	servers := map[string]http.HandlerFunc{
		"101": raw(func(c net.Conn) {
			io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n")
			io.Copy(io.Discard, c)
		}),
		"101 and a drip":        drip("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n", "x"),
		"no reply":              wait,
		"headers without end":   drip("HTTP/1.1 200 OK\r\n", "X-A: b\r\n"),
		"a body drop by drop":   drip("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", " "),
		"an error drop by drop": drip("HTTP/1.1 400 Bad Request\r\nContent-Length: 1000000\r\n\r\n", " "),
		"informational replies": drip("", "HTTP/1.1 103 Early Hints\r\n\r\n"),
		"Retry-After year 9999": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "Fri, 31 Dec 9999 23:59:59 GMT")
			w.WriteHeader(503)
		},
		"Retry-After 2147483647": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "2147483647")
			w.WriteHeader(503)
		},
		"429 without end": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "99999999999999999999")
			w.WriteHeader(429)
		},
	}
	calls := everyCall(t.Context(), nil)
	for name, h := range servers {
		for call := range calls {
			t.Run(name+"/"+call, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					client := &http.Client{Transport: pipetest.Server(t, h)}
					c := clientFor(t, "http://127.0.0.1", scimclient.WithHTTPClient(client), scimclient.WithRetry(iamscim.RetryPolicy{}))
					begin := time.Now()
					err := everyCall(t.Context(), c)[call]()
					// A 400 is an answer about a filter, however slow its body is.
					if err == nil && (name != "an error drop by drop" || call != "Groups.MemberFilterWorks") {
						t.Errorf("%s succeeded", call)
					}
					if took := time.Since(begin); took > 20*time.Minute {
						t.Errorf("%s took %v: %v", call, took, err)
					}
				})
			})
		}
	}
}

// TestSwitchedProtocols: a 101 that nobody asked for is a bad reply.
func TestSwitchedProtocols(t *testing.T) {
	t.Parallel()
	_, c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n")
		io.Copy(io.Discard, conn)
	})
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	var e *scimclient.Error
	if _, err := c.Users.Get(ctx, "1"); !errors.As(err, &e) || !errors.Is(err, iamscim.ErrBadReply) || e.Status != 101 || e.Attempts != 1 || ctx.Err() != nil {
		t.Errorf("Get answered by 101 = %v, want ErrBadReply after one attempt", err)
	}
	if err := c.Users.Delete(ctx, "1"); !errors.Is(err, iamscim.ErrOutcomeUnknown) {
		t.Errorf("Delete answered by 101 = %v, want ErrOutcomeUnknown: nobody knows", err)
	}
}

// echoes are the ways in which a server may repeat a secret.
func echoes(secret string) map[string]string {
	return map[string]string{
		"as it is":  secret,
		"in a URL":  url.QueryEscape(secret),
		"in JSON":   strings.ReplaceAll(strings.ReplaceAll(secret, "<", `\u003c`), "&", `\u0026`),
		"in HTML":   strings.ReplaceAll(strings.ReplaceAll(secret, "&", "&amp;"), "<", "&lt;"),
		"in a path": url.PathEscape(secret),
	}
}

// TestEchoedSecrets: the token and a password that a server repeats are in no
// text of an error: not in its message, its detail, its scimType, or its causes.
func TestEchoedSecrets(t *testing.T) {
	t.Parallel()
	const token, password = "fake/token+with=signs", "pass<word&1"
	bodies := []string{
		"%s", `{"detail":"token %s is bad"}`, `{"error":{"message":"%s"}}`, `{"scimType":"%s"}`, "<html><pre>Authorization: Bearer %s</pre></html>",
		`{"detail":1,"scimType":"x","error":"%s"}`, "GET /?key=%s HTTP/1.1", `{"id":"1","userName":["%s"`,
	}
	for _, status := range []int{200, 201, 302, 307, 399, 400, 401, 403, 404, 409, 412, 429, 500, 502, 503} {
		for _, body := range bodies {
			for _, secret := range []string{token, password} {
				for spelling, text := range echoes(secret) {
					reply := fmt.Sprintf(body, text)
					transport := roundTripper(func(*http.Request) (*http.Response, error) {
						return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(reply)), ContentLength: int64(len(reply))}, nil
					})
					var logged bytes.Buffer
					c, err := scimclient.New("https://h", tokens(token), scimclient.WithHTTPClient(&http.Client{Transport: transport}),
						scimclient.WithLogger(slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug}))),
						scimclient.WithRate(1_000_000_000), scimclient.WithRetry(iamscim.RetryPolicy{MaxAttempts: 1, Replication: 1, Budget: time.Millisecond}))
					must(t, err)
					_, err = c.Users.Create(t.Context(), &scimclient.User{UserName: "u", Password: iamscim.NewSecret(password)})
					if err == nil {
						t.Fatalf("Create answered by %d %s succeeded", status, reply)
					}
					for _, shown := range append(texts(err), logged.String()) {
						if strings.Contains(shown, secret) || strings.Contains(shown, text) {
							t.Errorf("%d, %s, %s: the error shows the secret: %s", status, body, spelling, shown)
						}
					}
				}
			}
		}
	}
}

// texts are all texts that an error reaches.
func texts(err error) []string {
	if err == nil {
		return nil
	}
	all := []string{err.Error(), fmt.Sprintf("%+v", err), fmt.Sprintf("%#v", err)}
	if e, ok := err.(*scimclient.Error); ok {
		all = append(all, e.Detail, e.SCIMType, e.Remedy)
	}
	switch err := err.(type) {
	case interface{ Unwrap() []error }:
		for _, inner := range err.Unwrap() {
			all = append(all, texts(inner)...)
		}
	case interface{ Unwrap() error }:
		all = append(all, texts(err.Unwrap())...)
	}
	return all
}

// TestEchoedInTransport: the same for what net/http says of a reply or a
// connection.
func TestEchoedInTransport(t *testing.T) {
	t.Parallel()
	const token = "fake-token-0123456789"
	transport := roundTripper(func(r *http.Request) (*http.Response, error) {
		return nil, &net.OpError{Op: "proxyconnect", Err: fmt.Errorf("bad header %s in %s", r.Header.Get("Authorization"), url.QueryEscape(token))}
	})
	c, err := scimclient.New("https://h", tokens(token), scimclient.WithHTTPClient(&http.Client{Transport: transport}), scimclient.WithRetry(quick))
	must(t, err)
	for _, text := range texts(second(c.Users.Create(t.Context(), user("u")))) {
		if strings.Contains(text, token) || strings.Contains(text, url.QueryEscape(token)) {
			t.Errorf("an error of a proxy shows the token: %s", text)
		}
	}
	for name, reply := range map[string]string{
		"a malformed redirect": "HTTP/1.1 302 Found\r\nLocation: http://%zz/?filter=userName+eq+bjensen@example.com&t=" + token + "\r\nContent-Length: 0\r\n\r\n",
		"a redirect":           "HTTP/1.1 302 Found\r\nLocation: /?filter=userName+eq+bjensen@example.com&t=" + token + "\r\nContent-Length: 0\r\n\r\n",
		"a malformed status":   "HTTP/1.1 " + token + " bjensen@example.com\r\n\r\n",
		"a malformed header":   "HTTP/1.1 200 OK\r\n" + token + " bjensen@example.com\r\n\r\n",
		"a malformed length":   "HTTP/1.1 200 OK\r\nContent-Length: " + token + "\r\n\r\n",
		"a malformed chunk":    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + token + "\r\n",
		"another encoding":     "HTTP/1.1 200 OK\r\nTransfer-Encoding: " + token + "\r\n\r\n",
		"another version":      "HTTX/1.1 200 " + token + " bjensen@example.com\r\n\r\n",
	} {
		s, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				return
			}
			defer conn.Close()
			io.WriteString(conn, reply)
		})
		c, err := scimclient.New(s.URL, tokens(token), scimclient.WithRetry(quick), scimclient.WithRate(6_000_000))
		must(t, err)
		for _, call := range []func() error{
			func() error { return second(c.Users.Find(t.Context(), "bjensen@example.com")) },
			func() error { return second(c.Users.Create(t.Context(), user("bjensen@example.com"))) },
		} {
			err := call()
			if err == nil {
				t.Errorf("%s: the call succeeded", name)
			}
			for _, text := range texts(err) {
				if strings.Contains(text, token) || strings.Contains(text, "bjensen") {
					t.Errorf("%s: the error shows what it should not: %s", name, text)
				}
			}
		}
	}
}

// TestTimeoutsSayWhich: who gave up.
func TestTimeoutsSayWhich(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		client func(*http.Client)
		policy iamscim.RetryPolicy
		says   string
	}{
		{"the policy", func(*http.Client) {}, iamscim.RetryPolicy{MaxAttempts: 1, AttemptTimeout: 30 * time.Second}, "no whole reply within 30s (RetryPolicy.AttemptTimeout)"},
		{"the HTTP client", func(c *http.Client) { c.Timeout = 30 * time.Second }, iamscim.RetryPolicy{MaxAttempts: 1}, "30s (http.Client.Timeout)"},
		{"its transport", func(c *http.Client) {
			c.Transport.(*http.Transport).ResponseHeaderTimeout = 30 * time.Second
		}, iamscim.RetryPolicy{MaxAttempts: 1}, "timeout awaiting response headers"},
		{"its dialer", func(c *http.Client) {
			c.Transport = &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
				return nil, &net.OpError{Op: "dial", Net: "tcp", Err: timeoutError{}}
			}}
		}, iamscim.RetryPolicy{MaxAttempts: 1}, "dial tcp: i/o timeout"},
		{"its TLS handshake", func(c *http.Client) {
			c.Transport.(*http.Transport).TLSHandshakeTimeout = 30 * time.Second
		}, iamscim.RetryPolicy{MaxAttempts: 1}, "TLS handshake timeout"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				client := &http.Client{Transport: pipetest.Peer(t, func(c net.Conn) { io.Copy(io.Discard, c) })}
				tt.client(client)
				base := "http://127.0.0.1"
				if strings.Contains(tt.name, "TLS") {
					base = "https://scim.example.invalid"
				}
				c := clientFor(t, base, scimclient.WithHTTPClient(client), scimclient.WithRetry(tt.policy))
				_, err := c.Users.Get(t.Context(), "1")
				if !errors.Is(err, scimclient.ErrUnreachable) || !strings.Contains(err.Error(), tt.says) || strings.Contains(err.Error(), "1m0s") {
					t.Errorf("Get = %v, want ErrUnreachable that says %q", err, tt.says)
				}
			})
		})
	}
}

// TestWrongEndpointIsToldSoon: nobody listens on this machine, or there is no
// such name. A program that waits for minutes seems to hang.
func TestWrongEndpointIsToldSoon(t *testing.T) {
	t.Parallel()
	refused := func(ip string) error {
		return &net.OpError{Op: "dial", Net: "tcp", Addr: &net.TCPAddr{IP: net.ParseIP(ip), Port: 1}, Err: syscall.ECONNREFUSED}
	}
	for _, tt := range []struct {
		name, base string
		err        error
		soon       bool
	}{
		{"refused on this machine", "http://127.0.0.1:1/v2", refused("127.0.0.1"), true},
		{"refused on this machine, by name", "http://localhost:1/v2", refused("::1"), true},
		{"refused elsewhere, which may pass", "https://scim.example.com/v2", refused("192.0.2.1"), false},
		{"no such name", "https://scim.example.invalid/v2", &net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", IsNotFound: true}}, true},
		{"a name server that fails", "https://scim.example.com/v2", &net.OpError{Op: "dial", Err: &net.DNSError{Err: "server misbehaving", IsTemporary: true}}, true},
	} {
		synctest.Test(t, func(t *testing.T) {
			var logged bytes.Buffer
			transport := roundTripper(func(*http.Request) (*http.Response, error) { return nil, tt.err })
			c, err := scimclient.New(tt.base, tokens("t"), scimclient.WithHTTPClient(&http.Client{Transport: transport}), scimclient.WithLogger(slog.New(slog.NewTextHandler(&logged, nil))))
			must(t, err)
			for name, call := range map[string]func() error{
				"Get":        func() error { return second(c.Users.Get(t.Context(), "1")) },
				"Create":     func() error { return second(c.Users.Create(t.Context(), user("u"))) },
				"WaitAccess": func() error { return second(c.WaitAccess(t.Context())) },
			} {
				logged.Reset()
				begin := time.Now()
				err := call()
				took := time.Since(begin)
				if !errors.Is(err, scimclient.ErrUnreachable) || tt.soon != (took <= 7*time.Second) {
					t.Errorf("%s: %s = %v after %v, want ErrUnreachable, soon: %t", tt.name, name, err, took, tt.soon)
				}
				if e := (*scimclient.Error)(nil); errors.As(err, &e) && e.Attempts > 1 && strings.Count(logged.String(), "\n") < e.Attempts-1 {
					t.Errorf("%s: %s made %d attempts and logged %q", tt.name, name, e.Attempts, logged.String())
				}
			}
		})
	}
}
