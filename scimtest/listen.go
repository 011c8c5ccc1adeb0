package scimtest

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"sync"

	"google.golang.org/api/option"
)

// listeners are the ways to a server from outside: a loopback socket after
// Start or Serve, and an in-memory one.
type listeners struct {
	http *http.Server
	pipe *pipeListener

	lmu      sync.Mutex
	url      string
	piped    bool // the in-memory listener is being served
	direct   *http.Transport
	overPipe *http.Transport
	serving  sync.WaitGroup
	closing  sync.Once
	closed   chan struct{}
}

func (l *listeners) init(h http.Handler) {
	l.closed = make(chan struct{})
	l.pipe = newPipeListener()
	l.http = &http.Server{Handler: h, ErrorLog: log.New(discard{}, "", 0)}
	// No proxy: a request to the fake must reach the fake whatever the
	// environment says.
	l.direct = &http.Transport{}
	l.overPipe = &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return l.pipe.dial(ctx) }}
}

// discard takes net/http's complaints about connections that faults cut.
type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

// Serve answers on l, which it closes in the end, until [Server.Close]; then it
// returns nil. Otherwise it returns the listener's error, or [Server.Err].
// [Server.URL] is the first listener's address from the call on.
func (s *Server) Serve(l net.Listener) error {
	if s.err != nil {
		return s.err
	}
	if err := <-s.serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("scimtest: %w", err)
	}
	return nil
}

// serve does so in a goroutine and tells its end.
func (s *listeners) serve(l net.Listener) <-chan error {
	s.lmu.Lock()
	if s.url == "" && l != net.Listener(s.pipe) {
		s.url = "http://" + l.Addr().String()
	}
	s.lmu.Unlock()
	ended := make(chan error, 1)
	s.serving.Go(func() { ended <- s.http.Serve(l) })
	return ended
}

// URL is "http://127.0.0.1:PORT", or "" while the server listens nowhere.
func (s *Server) URL() string {
	s.lmu.Lock()
	defer s.lmu.Unlock()
	return s.url
}

// Close stops listening, cuts the connections there are, ends stalled requests
// and waits for the goroutines that served them. A second call does nothing.
func (s *Server) Close() {
	s.closing.Do(func() {
		close(s.closed)
		s.http.Close() // and with it the listeners
		s.direct.CloseIdleConnections()
		s.overPipe.CloseIdleConnections()
	})
	s.serving.Wait()
}

// ClientOptions make a client of the generated iam/v1 package, or of anything
// built on it, talk to this server: an endpoint, an http.Client of its own and
// no credentials. Of a server that is not listening they lead to a host whose
// name says so.
func (s *Server) ClientOptions() []option.ClientOption {
	url := s.URL()
	if url == "" {
		url = "http://scimtest-server-is-not-listening.invalid"
	}
	return clientOptions(url, s.HTTPClient())
}

// OrganizationClientOptions are [Server.ClientOptions] for Resource Manager.
func (s *Server) OrganizationClientOptions() []option.ClientOption { return s.ClientOptions() }

// HTTPClient is a plain client for the SCIM side over loopback.
func (s *Server) HTTPClient() *http.Client { return &http.Client{Transport: s.direct} }

// pipeURL is the address the Pipe clients use; nothing is ever dialed there.
const pipeURL = "http://127.0.0.1"

// PipeClientOptions are [Server.ClientOptions] over an in-memory connection,
// which works inside [testing/synctest]: there a socket would stop the virtual
// time. Make the server and close it inside the bubble.
func (s *Server) PipeClientOptions() []option.ClientOption {
	return clientOptions(pipeURL, s.PipeHTTPClient())
}

// PipeOrganizationClientOptions are [Server.PipeClientOptions] for Resource
// Manager.
func (s *Server) PipeOrganizationClientOptions() []option.ClientOption { return s.PipeClientOptions() }

// PipeHTTPClient is a client for the SCIM side over an in-memory connection.
// The base URI of a tenant read through a Pipe client is
// http://127.0.0.1/v1alpha1/tenants/UID.
func (s *Server) PipeHTTPClient() *http.Client {
	s.lmu.Lock()
	start := !s.piped
	s.piped = true
	s.lmu.Unlock()
	if start {
		s.serve(s.pipe)
	}
	return &http.Client{Transport: s.overPipe}
}

func clientOptions(url string, client *http.Client) []option.ClientOption {
	return []option.ClientOption{
		option.WithEndpoint(url + "/"),
		option.WithHTTPClient(client),
		option.WithoutAuthentication(),
	}
}

// pipeListener hands net.Pipe connections to a server. Unlike a socket, a
// goroutine waiting for one is durably blocked in the sense of testing/synctest.
type pipeListener struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newPipeListener() *pipeListener {
	return &pipeListener{conns: make(chan net.Conn), closed: make(chan struct{})}
}

var errServerClosed = errors.New("scimtest: the server is closed")

func (l *pipeListener) dial(ctx context.Context) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case l.conns <- server:
		return client, nil
	case <-l.closed:
		return nil, errServerClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *pipeListener) Addr() net.Addr { return pipeAddr{} }

type pipeAddr struct{}

func (pipeAddr) Network() string { return "pipe" }
func (pipeAddr) String() string  { return "127.0.0.1" }
