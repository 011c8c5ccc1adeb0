package retry

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/oauth2"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/internal/pipetest"
)

// serve accepts connections and hands each to talk.
func serve(t *testing.T, talk func(net.Conn)) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { conn.Close() })
			go talk(conn)
		}
	}()
	return l.Addr().String()
}

// reply reads a request and writes text; "" closes the connection.
func reply(text string) func(net.Conn) {
	return func(c net.Conn) {
		defer c.Close()
		if _, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
			_, _ = io.WriteString(c, text)
		}
	}
}

func closeAtOnce(c net.Conn) { c.Close() }

// TestAttemptKnowsWhatWasSent: the same kind of error means "not sent" before
// there was a connection and "perhaps carried out" after.
func TestAttemptKnowsWhatWasSent(t *testing.T) {
	t.Parallel()
	through := func(scheme string, talk func(net.Conn)) func(*testing.T) *http.Client {
		return func(t *testing.T) *http.Client {
			proxy := &url.URL{Scheme: scheme, Host: serve(t, talk)}
			return &http.Client{Transport: &http.Transport{Proxy: http.ProxyURL(proxy)}}
		}
	}
	direct := func(t *testing.T) *http.Client { return &http.Client{Transport: &http.Transport{}} }
	// origin is an address that nobody connects to: a proxy stands before it.
	const origin = "https://iam.example.invalid/v1/x"
	at := func(scheme string, talk func(net.Conn)) func(*testing.T) string {
		return func(t *testing.T) string { return scheme + "://" + serve(t, talk) + "/v1/x" }
	}
	is := func(u string) func(*testing.T) string { return func(*testing.T) string { return u } }
	tests := []struct {
		name   string
		client func(*testing.T) *http.Client
		url    func(*testing.T) string
		unsent bool
		class  Class
	}{
		{"CONNECT 502", through("http", reply("HTTP/1.1 502 Bad Gateway\r\n\r\n")), is(origin), true, Refused},
		{"CONNECT 503", through("http", reply("HTTP/1.1 503 Service Unavailable\r\n\r\n")), is(origin), true, Refused},
		{"CONNECT 504", through("http", reply("HTTP/1.1 504 Gateway Timeout\r\n\r\n")), is(origin), true, Refused},
		{"CONNECT 429", through("http", reply("HTTP/1.1 429 Too Many Requests\r\n\r\n")), is(origin), true, Refused},
		{"CONNECT 520 with a text of its own", through("http", reply("HTTP/1.1 520 Web server is returning an unknown error\r\n\r\n")), is(origin), true, Refused},
		{"CONNECT 403", through("http", reply("HTTP/1.1 403 Forbidden\r\n\r\n")), is(origin), true, Final},
		{"CONNECT 407", through("http", reply("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")), is(origin), true, Final},
		{"the proxy closes after CONNECT", through("http", reply("")), is(origin), true, Refused},
		{"the proxy closes at once", through("http", closeAtOnce), is(origin), true, Refused},
		{"the proxy answers with garbage", through("http", reply("nonsense\r\n\r\n")), is(origin), true, Refused},
		{"the proxy's reply has no end", through("http", reply("HTTP/1.1 200 OK\r\nX: "+strings.Repeat("x", 1<<16))), is(origin), true, Refused},
		{"the SOCKS peer closes", through("socks5", closeAtOnce), is(origin), true, Refused},
		{"the SOCKS peer refuses", through("socks5", func(c net.Conn) { _, _ = c.Write([]byte{5, 0xff}); c.Close() }), is(origin), true, Refused},
		{"the peer closes in the TLS handshake", direct, at("https", closeAtOnce), true, Refused},
		{"a TLS alert", direct, at("https", func(c net.Conn) { _, _ = c.Write([]byte{21, 3, 3, 0, 2, 2, 40}) }), true, Refused},
		{"HTTP where TLS is due", direct, at("https", func(c net.Conn) { _, _ = io.WriteString(c, "HTTP/1.1 400 Bad Request\r\n\r\n") }), true, Final},
		{"another protocol where TLS is due", direct, at("https", func(c net.Conn) { _, _ = io.WriteString(c, "220 mail.example.com ESMTP\r\n") }), true, Final},
		{"a certificate of nobody", direct, func(t *testing.T) string {
			srv := httptest.NewUnstartedServer(http.NotFoundHandler())
			srv.Config.ErrorLog = log.New(io.Discard, "", 0)
			srv.StartTLS()
			t.Cleanup(srv.Close)
			return srv.URL
		}, true, Final},
		{"connection refused", direct, func(t *testing.T) string {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			return "http://" + l.Addr().String()
		}, true, Refused},
		{"no access token", func(t *testing.T) *http.Client {
			return &http.Client{Transport: &oauth2.Transport{Source: failing{&oauth2.RetrieveError{Response: &http.Response{StatusCode: 400}, ErrorCode: "invalid_grant"}}}}
		}, is(origin), true, Final},
		{"the token service fails", func(t *testing.T) *http.Client {
			return &http.Client{Transport: &oauth2.Transport{Source: failing{&oauth2.RetrieveError{Response: &http.Response{StatusCode: 503}}}}}
		}, is(origin), true, Refused},

		{"closed without a reply", direct, at("http", reply("")), false, Ambiguous},
		{"cut in the headers", direct, at("http", reply("HTTP/1.1 200 OK\r\nContent-Le")), false, Ambiguous},
		{"garbage for a reply", direct, at("http", reply("nonsense\r\n\r\n")), false, Ambiguous},
		{"too many headers", direct, at("http", reply("HTTP/1.1 200 OK\r\nX: "+strings.Repeat("x", 11<<20))), false, Ambiguous},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			client := tt.client(t)
			defer client.CloseIdleConnections()
			a := Begin(t.Context(), iamscim.RetryPolicy{})
			defer a.End()
			req, err := http.NewRequestWithContext(a.Context(), http.MethodPost, tt.url(t), strings.NewReader("{}"))
			if err != nil {
				t.Fatal(err)
			}
			resp, err := client.Do(req)
			if err == nil {
				resp.Body.Close()
				t.Fatalf("Do = %s", resp.Status)
			}
			if got := a.Unsent(err); got != tt.unsent {
				t.Errorf("Unsent(%v) = %v, want %v", err, got, tt.unsent)
			}
			if got := a.Class(err); got != tt.class {
				t.Errorf("Class(%v) = %d, want %d", err, got, tt.class)
			}
			if e := a.Explain(err); e != err {
				t.Errorf("Explain(%v) = %v, want the error itself", err, e)
			}
		})
	}
}

// TestAttemptKnowsWhatHung: the same for what never answers. The attempt's limit is in
// the error.
func TestAttemptKnowsWhatHung(t *testing.T) {
	t.Parallel()
	hang := func(c net.Conn) { _, _ = io.Copy(io.Discard, c) }
	through := func(scheme string) func(*testing.T) *http.Transport {
		return func(t *testing.T) *http.Transport {
			transport := pipetest.Peer(t, hang)
			transport.Proxy = http.ProxyURL(&url.URL{Scheme: scheme, Host: "proxy.example:1080"})
			return transport
		}
	}
	direct := func(t *testing.T) *http.Transport { return pipetest.Peer(t, hang) }
	for _, tt := range []struct {
		name      string
		transport func(*testing.T) *http.Transport
		url       string
		unsent    bool
		class     Class
		says      string
	}{
		{"the proxy never answers CONNECT", through("http"), "https://iam.example.invalid/", true, Refused, "no connection within 20s"},
		{"the SOCKS peer never answers", through("socks5"), "https://iam.example.invalid/", true, Refused, "no connection within 20s"},
		{"the TLS handshake hangs", direct, "https://iam.example.invalid/", true, Refused, "no connection within 20s"},
		{"a dial that hangs", func(t *testing.T) *http.Transport {
			over := make(chan struct{})
			t.Cleanup(func() { close(over) })
			return &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
				<-over
				return nil, errors.New("no connection")
			}}
		}, "http://192.0.2.1/", true, Refused, "no connection within 20s"},
		{"no reply", direct, "http://iam.example.invalid/", false, Ambiguous, "no whole reply within 20s"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				client := &http.Client{Transport: tt.transport(t)}
				a := Begin(t.Context(), iamscim.RetryPolicy{AttemptTimeout: 20 * time.Second})
				defer a.End()
				req, err := http.NewRequestWithContext(a.Context(), http.MethodPost, tt.url, strings.NewReader("{}"))
				if err != nil {
					t.Fatal(err)
				}
				resp, err := client.Do(req)
				if err == nil {
					resp.Body.Close()
					t.Fatalf("Do = %s", resp.Status)
				}
				if a.Unsent(err) != tt.unsent || a.Class(err) != tt.class {
					t.Errorf("%v: Unsent %v, class %d, want %v and %d", err, a.Unsent(err), a.Class(err), tt.unsent, tt.class)
				}
				if e := a.Explain(err); !strings.Contains(e.Error(), tt.says) || errors.Is(e, context.DeadlineExceeded) {
					t.Errorf("Explain(%v) = %v, want %q", err, e, tt.says)
				}
			})
		})
	}
}

type failing struct{ err error }

func (f failing) Token() (*oauth2.Token, error) { return nil, f.err }

// TestAttemptEndsInTime: a reply that never ends ends with the attempt, and not
// as if the caller's context had.
func TestAttemptEndsInTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		closed := make(chan struct{})
		client := &http.Client{Transport: &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
			near, far := net.Pipe()
			go func() {
				defer close(closed)
				defer far.Close()
				if _, err := http.ReadRequest(bufio.NewReader(far)); err != nil {
					return
				}
				_, err := io.WriteString(far, "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
				for err == nil {
					time.Sleep(5 * time.Millisecond)
					_, err = io.WriteString(far, "x")
				}
			}()
			return near, nil
		}}}
		defer client.CloseIdleConnections()
		a := Begin(t.Context(), iamscim.RetryPolicy{AttemptTimeout: 100 * time.Millisecond})
		defer a.End()
		req, err := http.NewRequestWithContext(a.Context(), http.MethodGet, "http://example.invalid", nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		_, err = io.ReadAll(resp.Body)
		e := a.Explain(err)
		if err == nil || errors.Is(e, context.DeadlineExceeded) || e.Error() != "no whole reply within 100ms (RetryPolicy.AttemptTimeout)" || a.Class(err) != Ambiguous {
			t.Errorf("reading = %v, explained %v, class %d", err, e, a.Class(err))
		}
		<-closed
	})
}

// TestAttemptEndsWithTheCaller: what the caller's context ends stays the caller's.
func TestAttemptEndsWithTheCaller(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	a := Begin(ctx, iamscim.RetryPolicy{})
	defer a.End()
	cancel()
	err := fmt.Errorf("get: %w", context.Canceled)
	if got := a.Explain(err); got != err || a.Class(err) != Final {
		t.Errorf("Explain(%v) = %v, class %d, want the error itself and Final", err, got, a.Class(err))
	}
}

// TestTokenExchangeIsNotTheRequest: credentials that make requests of their own
// with the attempt's context don't make it look sent.
func TestTokenExchangeIsNotTheRequest(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(srv.Close)
	a := Begin(t.Context(), iamscim.RetryPolicy{})
	defer a.End()
	get := func(client string) {
		req, err := http.NewRequestWithContext(a.Context(), http.MethodGet, srv.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("X-Goog-Api-Client", client)
		resp, err := srv.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
	}
	get("gl-go/1.26 auth/0.24.1 cred-type/sa")
	if !a.NotWritten() || a.NoConnection() {
		t.Errorf("after a request of the credentials: NotWritten %v, NoConnection %v", a.NotWritten(), a.NoConnection())
	}
	get("gl-go/1.26.0 gdcl/0.312.0")
	if a.NotWritten() {
		t.Error("after the module's request: NotWritten is true")
	}
}

func TestWithin(t *testing.T) {
	t.Parallel()
	if got, err := Within(t.Context(), func() (int, error) { return 7, nil }, nil); got != 7 || err != nil {
		t.Errorf("Within = %d, %v", got, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	release, dropped := make(chan struct{}), make(chan int)
	cancel()
	_, err := Within(ctx, func() (int, error) { <-release; return 8, nil }, func(n int) { dropped <- n })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Within of a function that blocks = %v, want context.Canceled", err)
	}
	func() {
		defer func() {
			if got := recover(); got != "boom" {
				t.Errorf("recovered %v from a function that panics, want boom", got)
			}
		}()
		_, _ = Within(t.Context(), func() (int, error) { panic("boom") }, nil)
	}()
	close(release)
	if got := <-dropped; got != 8 {
		t.Errorf("dropped %d, want 8", got)
	}
}

// TestNobody: who isn't there, and who may come back.
func TestNobody(t *testing.T) {
	t.Parallel()
	dial := func(address string, err error) error {
		ip := net.ParseIP(address)
		return &url.Error{Op: "Get", Err: &net.OpError{Op: "dial", Net: "tcp", Addr: &net.TCPAddr{IP: ip, Port: 443}, Err: os.NewSyscallError("connect", err)}}
	}
	tests := []struct {
		name string
		err  error
		want bool
	}{
		{"no such name", &url.Error{Op: "Get", Err: &net.DNSError{Err: "no such host", Name: "iam.example.invalid", IsNotFound: true}}, true},
		{"refused on this machine", dial("127.0.0.1", syscall.ECONNREFUSED), true},
		{"refused on this machine, IPv6", dial("::1", syscall.ECONNREFUSED), true},
		{"refused elsewhere", dial("192.0.2.1", syscall.ECONNREFUSED), false},
		{"reset on this machine", dial("127.0.0.1", syscall.ECONNRESET), false},
		{"refused by nobody in particular", syscall.ECONNREFUSED, false},
		{"the end", io.EOF, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := Nobody(tt.err); got != tt.want {
				t.Errorf("Nobody(%v) = %v, want %v", tt.err, got, tt.want)
			}
		})
	}
}
