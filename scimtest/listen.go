package scimtest

import (
	"context"
	"errors"
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

// address is where the first listener listens, or "".
func (s *listeners) address() string {
	s.lmu.Lock()
	defer s.lmu.Unlock()
	return s.url
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
