package scimtest

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"sync"

	"google.golang.org/api/option"

	"github.com/iamscim/iamscim/internal/pipe"
)

// listeners are the ways to a server from outside: a loopback socket after
// Start or Serve, and an in-memory one.
type listeners struct {
	http *http.Server
	pipe *pipe.Listener

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
	l.pipe = pipe.New()
	l.http = &http.Server{Handler: h, ErrorLog: log.New(io.Discard, "", 0)} // faults cut connections
	// No proxy: a request to the fake must reach the fake whatever the
	// environment says.
	l.direct = &http.Transport{}
	l.overPipe = &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return l.pipe.Dial(ctx) }}
}

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
