package entratest

import (
	"context"
	"errors"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/iamscim/iamscim/internal/pipe"
)

// A Server is one Microsoft Entra tenant in memory: its token endpoint, its Microsoft Graph and its
// provisioning service. It is an [http.Handler]; [Start] puts it on a loopback address, and
// [Server.PipeHTTPClient] reaches it without a socket. It is safe for concurrent use.
type Server struct {
	cfg config
	err error // of an option; every request reports it

	faults   faults
	requests ring
	reach    reach

	mu       sync.Mutex // guards what follows
	ids      int
	ahead    time.Duration // Advance moved the time by this
	tokens   map[string]accessToken
	revoked  map[string]bool
	people   directory
	apps     []*app
	logs     logRing
	throttle throttle

	cycles sync.Mutex // one Advance at a time
}

// reach are the ways to a server from outside.
type reach struct {
	http     *http.Server
	pipe     *pipe.Listener
	direct   *http.Transport
	overPipe *http.Transport
	serving  sync.WaitGroup
	closing  sync.Once
	closed   chan struct{}

	mu    sync.Mutex
	url   string
	piped bool
}

// New makes a server that listens nowhere: it is reached as an [http.Handler] or by the Pipe client.
// Close it when the latter was used. An option that is refused makes every request answer 500 with
// the reason.
func New(opts ...Option) *Server {
	cfg, err := newConfig(opts)
	s := &Server{cfg: cfg, err: err, tokens: map[string]accessToken{}, revoked: map[string]bool{}, people: newDirectory()}
	s.throttle.windows = map[throttleKey]*window{}
	r := &s.reach
	r.closed = make(chan struct{})
	r.pipe = pipe.New()
	r.http = &http.Server{Handler: s, ReadHeaderTimeout: time.Minute, ErrorLog: log.New(io.Discard, "", 0)}
	r.direct = &http.Transport{} // no proxy: a request to the fake must reach the fake
	r.overPipe = &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return r.pipe.Dial(ctx) }}
	return s
}

// Start makes a server on a free port of 127.0.0.1 that lives as long as the test. An option that is
// refused fails the test, and so does a fault that never happened.
func Start(t testing.TB, opts ...Option) *Server {
	t.Helper()
	s := New(opts...)
	if s.err != nil {
		t.Fatal(s.err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("entratest: %v", err)
	}
	s.serve(l)
	t.Cleanup(func() {
		s.Close()
		if t.Failed() {
			return
		}
		for _, f := range s.faults.never() {
			t.Errorf("entratest: this fault never happened: %s", f)
		}
	})
	return s
}

var errZero = errors.New("entratest: the zero Server serves nothing: make one with New or Start")

// Err is why the server can't be used: the refusal of an option that was given to [New], or nil.
func (s *Server) Err() error {
	if s.tokens == nil {
		return errZero
	}
	return s.err
}

// serve serves a listener in a goroutine.
func (s *Server) serve(l net.Listener) {
	r := &s.reach
	r.mu.Lock()
	if r.url == "" && l != net.Listener(r.pipe) {
		r.url = "http://" + l.Addr().String()
	}
	r.mu.Unlock()
	r.serving.Go(func() { r.http.Serve(l) })
}

// URL is "http://127.0.0.1:PORT", or "" while the server listens nowhere. Microsoft Graph is below
// /v1.0 and /beta, the token endpoint is [Server.TokenURL].
func (s *Server) URL() string {
	s.reach.mu.Lock()
	defer s.reach.mu.Unlock()
	return s.reach.url
}

// TokenURL is where an app gets its access token, for golang.org/x/oauth2/clientcredentials. The scope
// is the address of Microsoft Graph and "/.default".
func (s *Server) TokenURL() string {
	url := s.URL()
	if url == "" {
		url = pipeURL
	}
	return url + "/" + s.cfg.tenant + "/oauth2/v2.0/token"
}

// Close stops listening, cuts the connections there are and waits for the goroutines that served
// them. A second call does nothing.
func (s *Server) Close() {
	r := &s.reach
	if r.http == nil {
		return
	}
	r.closing.Do(func() {
		close(r.closed)
		r.http.Close() // and with it the listeners
		r.direct.CloseIdleConnections()
		r.overPipe.CloseIdleConnections()
		s.cfg.scim.CloseIdleConnections()
	})
	r.serving.Wait()
}

// HTTPClient is a client over loopback.
func (s *Server) HTTPClient() *http.Client {
	if s.reach.direct == nil {
		return &http.Client{Transport: refusing{}}
	}
	return &http.Client{Transport: s.reach.direct}
}

// refusing is the transport of the zero Server.
type refusing struct{}

func (refusing) RoundTrip(*http.Request) (*http.Response, error) { return nil, errZero }

// pipeURL is the address of the server for the Pipe client; nothing is ever dialed there.
const pipeURL = "http://127.0.0.1"

// PipeHTTPClient is a client over an in-memory connection, which works inside [testing/synctest]. It
// reaches the server whatever the host of a request is; make the server and close it inside the
// bubble.
func (s *Server) PipeHTTPClient() *http.Client {
	r := &s.reach
	if r.overPipe == nil {
		return &http.Client{Transport: refusing{}}
	}
	r.mu.Lock()
	start := !r.piped
	r.piped = true
	r.mu.Unlock()
	if start {
		s.serve(r.pipe)
	}
	return &http.Client{Transport: r.overPipe}
}

// maxBody is how much of a request's body is read: a schema has thousands of lines.
const maxBody = 8 << 20

// ServeHTTP answers the token endpoint below /TENANT/oauth2/v2.0, and Microsoft Graph below /v1.0 and
// /beta.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := s.Err(); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	if r.Body == nil { // only without a listener
		r.Body = http.NoBody
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil {
		panic(http.ErrAbortHandler) // the caller went away in the middle of its request
	}
	s.mu.Lock()
	now := s.now()
	id := s.newID()
	s.mu.Unlock()
	c := &call{Server: s, r: r, body: body, id: id, now: now}
	done := s.requests.begin(now, r, body)
	status, rule := s.faults.take(r).play(w, r, s.reach.closed, c)
	done(status, rule)
	if s.cfg.logger.Enabled(r.Context(), slog.LevelInfo) {
		s.cfg.logger.Info("request", "method", r.Method, "path", r.URL.EscapedPath(), "status", status, "rule", rule)
	}
}

// now is the server's time; s.mu is held.
func (s *Server) now() time.Time { return s.cfg.clock().Add(s.ahead).UTC().Truncate(time.Second) }

// Now is the server's time.
func (s *Server) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now()
}
