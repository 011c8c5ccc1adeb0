// Package pipetest connects clients with servers inside of a test's process. Unlike a
// socket, a goroutine that waits for such a connection lets the time of
// testing/synctest go on.
package pipetest

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"testing"

	"github.com/iamscim/iamscim/internal/pipe"
)

// Peer returns a transport that reaches no network: each of its connections leads to
// a call of talk, which ends with the test.
func Peer(t testing.TB, talk func(net.Conn)) *http.Transport {
	t.Helper()
	var mu sync.Mutex
	var conns []net.Conn
	var talking sync.WaitGroup
	transport := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
		near, far := net.Pipe()
		mu.Lock()
		defer mu.Unlock()
		conns = append(conns, far)
		talking.Go(func() { talk(far) })
		return near, nil
	}}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		mu.Lock()
		for _, c := range conns {
			c.Close()
		}
		mu.Unlock()
		talking.Wait()
	})
	return transport
}

// Server returns a transport that reaches a server alone. It makes a connection for
// each request: net/http repeats a GET of its own accord if a connection that was
// used before breaks.
func Server(t testing.TB, handler http.Handler) *http.Transport {
	t.Helper()
	l := pipe.New()
	var handling sync.WaitGroup
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handling.Add(1)
		defer handling.Done()
		handler.ServeHTTP(w, r)
	})}
	done := make(chan struct{})
	go func() { defer close(done); _ = srv.Serve(l) }()
	transport := &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return l.Dial(ctx) }}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		srv.Close()
		<-done
		handling.Wait()
	})
	return transport
}

// Refusal is the error of a connection to a port nobody listens at, made once:
// a real one, since sockets are out of the question in virtual time.
var Refusal = sync.OnceValue(func() error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	address := l.Addr().String()
	if err := l.Close(); err != nil {
		return err
	}
	conn, err := net.Dial("tcp", address)
	if err == nil {
		conn.Close()
		return errors.New("a closed port was open")
	}
	return err
})
