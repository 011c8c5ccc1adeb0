package scimtest

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"testing"

	"google.golang.org/api/option"
)

// Start makes a server on a free port of 127.0.0.1 that lives as long as the
// test. An option that is refused fails the test, and so does a fault that never happened, unless
// [WithOptionalFaults] is given.
func Start(t testing.TB, opts ...Option) *Server {
	t.Helper()
	s := New(opts...)
	if s.err != nil {
		t.Fatal(s.err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("scimtest: %v", err)
	}
	s.t = t
	s.serve(l)
	t.Cleanup(func() {
		s.Close()
		if s.cfg.optionalFaults || t.Failed() {
			return
		}
		for _, f := range s.faults.never() {
			t.Errorf("scimtest: this fault never happened: %s", f)
		}
	})
	return s
}

// Serve answers on l, which it closes in the end, until [Server.Close]; then it
// returns nil. Otherwise it returns the listener's error, or [Server.Err].
// [Server.URL] is the first listener's address from the call on.
func (s *Server) Serve(l net.Listener) error {
	if err := s.Err(); err != nil {
		return err
	}
	if l == nil {
		return errors.New("scimtest: Serve(nil): a listener is needed")
	}
	if err := <-s.serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("scimtest: %w", err)
	}
	return nil
}

// URL is "http://127.0.0.1:PORT", or "" while the server listens nowhere.
func (s *Server) URL() string { return s.address() }

// Close stops listening, cuts the connections there are, ends stalled requests
// and waits for the goroutines that served them. A second call does nothing.
func (s *Server) Close() {
	if s.http == nil {
		return
	}
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
// no credentials. If the server isn't listening, they lead to a host with a name that
// says so.
func (s *Server) ClientOptions() []option.ClientOption {
	url := s.URL()
	if url == "" {
		url = "http://scimtest-server-is-not-listening.invalid"
	}
	return clientOptions(url, s.HTTPClient())
}

// OrganizationClientOptions are [Server.ClientOptions] for Resource Manager.
func (s *Server) OrganizationClientOptions() []option.ClientOption { return s.ClientOptions() }

// SecretManagerClientOptions are [Server.ClientOptions] for Secret Manager, and so for
// the store of package provision/secretmanager.
func (s *Server) SecretManagerClientOptions() []option.ClientOption { return s.ClientOptions() }

// HTTPClient is a plain client for the SCIM side over loopback.
func (s *Server) HTTPClient() *http.Client {
	if s.direct == nil {
		return &http.Client{Transport: refusing{}}
	}
	return &http.Client{Transport: s.direct}
}

// refusing is the transport of the zero Server.
type refusing struct{}

func (refusing) RoundTrip(*http.Request) (*http.Response, error) { return nil, errZero }

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

// PipeSecretManagerClientOptions are [Server.PipeClientOptions] for Secret Manager.
func (s *Server) PipeSecretManagerClientOptions() []option.ClientOption { return s.PipeClientOptions() }

// PipeHTTPClient is a client for the SCIM side over an in-memory connection.
// The base URI of a tenant read through a Pipe client is
// http://127.0.0.1/v1alpha1/tenants/UID.
func (s *Server) PipeHTTPClient() *http.Client {
	if s.overPipe == nil {
		return &http.Client{Transport: refusing{}}
	}
	s.lmu.Lock()
	start := !s.piped
	s.piped = true
	s.lmu.Unlock()
	if start {
		s.serve(s.pipe)
	}
	return &http.Client{Transport: s.overPipe}
}
