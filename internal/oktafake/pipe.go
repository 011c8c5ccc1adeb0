package oktafake

import (
	"context"
	"net"
	"net/http"
	"sync"
)

// Org is the address that a client of Pipe uses.
const Org = "http://127.0.0.1"

// Pipe serves over connections in memory, which work inside of testing/synctest.
// done ends it.
func (o *Okta) Pipe() (client *http.Client, done func()) {
	l := &listener{conns: make(chan net.Conn), closed: make(chan struct{})}
	server := &http.Server{Handler: o}
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		_ = server.Serve(l) // ends with done
	}()
	transport := &http.Transport{DialContext: l.dial, MaxIdleConnsPerHost: 8}
	return &http.Client{Transport: transport}, func() {
		transport.CloseIdleConnections()
		server.Close()
		<-finished
	}
}

type listener struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (l *listener) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	here, there := net.Pipe()
	select {
	case l.conns <- there:
		return here, nil
	case <-l.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (l *listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *listener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *listener) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }
