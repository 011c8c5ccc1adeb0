package oktafake

import (
	"context"
	"net"
	"net/http"

	"github.com/iamscim/iamscim/internal/pipe"
)

// Org is the address that a client of Pipe uses.
const Org = "http://127.0.0.1"

// Pipe serves over connections in memory, which work inside of testing/synctest.
// done ends it.
func (o *Okta) Pipe() (client *http.Client, done func()) {
	l := pipe.New()
	server := &http.Server{Handler: o}
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		_ = server.Serve(l) // ends with done
	}()
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return l.Dial(ctx) }, MaxIdleConnsPerHost: 8}
	return &http.Client{Transport: transport}, func() {
		transport.CloseIdleConnections()
		server.Close()
		<-finished
	}
}
