package limit

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestClientBoundsBodies(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, strings.Repeat("x", 10))
	}))
	t.Cleanup(srv.Close)
	tests := []struct {
		name string
		most int64
		want int
		err  error
	}{
		{"below the bound", 11, 10, nil},
		{"exactly the bound", 10, 10, nil},
		{"one byte past it", 9, 9, ErrTooLarge},
		{"far past it", 1, 1, ErrTooLarge},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			resp, err := Client(srv.Client(), tt.most).Get(srv.URL)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			got, err := io.ReadAll(resp.Body)
			if len(got) != tt.want || !errors.Is(err, tt.err) {
				t.Errorf("ReadAll = %d bytes, %v, want %d, %v", len(got), err, tt.want, tt.err)
			}
			if _, err := resp.Body.Read(make([]byte, 8)); tt.err != nil && !errors.Is(err, ErrTooLarge) {
				t.Errorf("Read after the bound = %v, want ErrTooLarge again", err)
			}
		})
	}
}

func TestClientFollowsNoRedirect(t *testing.T) {
	t.Parallel()
	var elsewhere int
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere++ }))
	t.Cleanup(other.Close)
	for _, status := range []int{301, 302, 303, 307, 308} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, other.URL, status)
		}))
		t.Cleanup(srv.Close)
		callers := srv.Client()
		resp, err := Client(callers, 1<<20).Post(srv.URL, "application/json", strings.NewReader(`{"secret":1}`))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != status || elsewhere != 0 {
			t.Errorf("POST answered by %d: status %d, %d requests at the other origin, want %d and none", status, resp.StatusCode, elsewhere, status)
		}
		if callers.CheckRedirect != nil {
			t.Error("Client changed the caller's http.Client")
		}
	}
}

// TestClientDropsLocations: net/http repeats a malformed one in its error.
func TestClientDropsLocations(t *testing.T) {
	t.Parallel()
	for _, location := range []string{"http://%zz/?filter=bjensen@example.com", "https://elsewhere.example.com/", ":", ""} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", location)
			w.WriteHeader(302)
		}))
		t.Cleanup(srv.Close)
		resp, err := Client(srv.Client(), 100).Get(srv.URL)
		if err != nil {
			t.Errorf("Get redirected to %q = %v, want the reply", location, err)
			continue
		}
		resp.Body.Close()
		if resp.StatusCode != 302 || resp.Header.Get("Location") != "" {
			t.Errorf("Get redirected to %q = %d with %q, want 302 without a location", location, resp.StatusCode, resp.Header.Get("Location"))
		}
	}
}

// TestClientCutsErrors: no error needs more than 64 KiB, whatever its status.
func TestClientCutsErrors(t *testing.T) {
	t.Parallel()
	for _, status := range []int{302, 400, 404, 500, 520, 999} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(status)
			_, _ = io.WriteString(w, strings.Repeat("x", 1<<20))
		}))
		t.Cleanup(srv.Close)
		resp, err := Client(srv.Client(), 100).Get(srv.URL)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if len(got) != 64<<10 || err != nil || resp.StatusCode != status {
			t.Errorf("a %d of 1 MiB: %d bytes, %v, want 64 KiB and no error", resp.StatusCode, len(got), err)
		}
	}
}

// TestClientRefusesAnotherProtocol: net/http takes the body of a 101 off the
// context, and reading it would never end.
func TestClientRefusesAnotherProtocol(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		t.Cleanup(func() { conn.Close() })
		_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n")
	}))
	t.Cleanup(srv.Close)
	resp, err := Client(srv.Client(), 1<<20).Get(srv.URL)
	if !errors.Is(err, ErrSwitched) {
		resp.Body.Close()
		t.Errorf("Get = %v, want ErrSwitched", err)
	}
}

// TestClientPastTheBound: a read of nothing is an error again, and the base transport
// may have its own idea of a reply without a body.
func TestClientPastTheBound(t *testing.T) {
	t.Parallel()
	base := &closing{body: io.NopCloser(strings.NewReader("xxxx"))}
	resp, err := Client(&http.Client{Transport: base}, 2).Get("http://h")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if got, err := io.ReadAll(resp.Body); string(got) != "xx" || !errors.Is(err, ErrTooLarge) {
		t.Errorf("ReadAll = %q, %v", got, err)
	}
	if n, err := resp.Body.Read(make([]byte, 9)); n != 0 || !errors.Is(err, ErrTooLarge) {
		t.Errorf("Read past the bound = %d, %v, want none and ErrTooLarge", n, err)
	}
	// A body of exactly the bound, the end of which comes with a read of its own.
	base.body = io.NopCloser(strings.NewReader("xx"))
	exact, err := Client(&http.Client{Transport: base}, 2).Get("http://h")
	if err != nil {
		t.Fatal(err)
	}
	defer exact.Body.Close()
	if got, err := io.ReadAll(exact.Body); string(got) != "xx" || err != nil {
		t.Errorf("ReadAll of a body of the bound = %q, %v", got, err)
	}
	base.body = nil
	none, err := (&transport{base: base, maxBody: 2}).RoundTrip(must(http.NewRequest("GET", "http://h", nil)))
	if err != nil || none.Body != nil {
		t.Errorf("a reply without a body = %+v, %v", none, err)
	}
	Client(&http.Client{Transport: base}, 2).CloseIdleConnections()
	if base.closed != 1 {
		t.Errorf("idle connections were closed %d times, want once", base.closed)
	}
}

// TestClientHidesRedirects: a Location is hidden from 300 to 399, and nowhere else.
func TestClientHidesRedirects(t *testing.T) {
	t.Parallel()
	for status, hidden := range map[int]bool{201: false, 299: false, 300: true, 301: true, 399: true, 400: false} {
		base := &closing{status: status, body: http.NoBody}
		resp, err := (&transport{base: base, maxBody: 2}).RoundTrip(must(http.NewRequest("GET", "http://h", nil)))
		if err != nil || (resp.Header.Get("Location") == "") != hidden {
			t.Errorf("status %d: Location %q, %v, want it hidden: %t", status, resp.Header.Get("Location"), err, hidden)
		}
	}
}

// TestSwitchedProtocols: the connection of a 101 is closed.
func TestSwitchedProtocols(t *testing.T) {
	t.Parallel()
	shut := &shutBody{}
	for _, body := range []io.ReadCloser{shut, nil} {
		base := &closing{status: 101, body: body}
		if resp, err := Client(&http.Client{Transport: base}, 2).Get("http://h"); !errors.Is(err, ErrSwitched) {
			t.Errorf("Get = %v, %v, want ErrSwitched", resp, err)
		}
	}
	if !shut.closed {
		t.Error("the connection was left open")
	}
}

// TestClientWithoutOne: a nil client and one without a transport use the default one.
func TestClientWithoutOne(t *testing.T) {
	t.Parallel()
	for _, c := range []*http.Client{nil, {}} {
		if got := Client(c, 2).Transport.(*transport).base; got != http.DefaultTransport {
			t.Errorf("Client(%v) sends through %v", c, got)
		}
	}
}

// closing is a transport that answers without a network and counts the calls of its
// CloseIdleConnections.
type closing struct {
	status int
	body   io.ReadCloser
	closed int
}

func (c *closing) RoundTrip(*http.Request) (*http.Response, error) {
	status := c.status
	if status == 0 {
		status = 200
	}
	return &http.Response{StatusCode: status, Header: http.Header{"Location": {"http://elsewhere"}}, Body: c.body}, nil
}

func (c *closing) CloseIdleConnections() { c.closed++ }

type shutBody struct{ closed bool }

func (b *shutBody) Read([]byte) (int, error) { return 0, io.EOF }
func (b *shutBody) Close() error             { b.closed = true; return nil }

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
