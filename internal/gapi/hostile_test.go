package gapi_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"path"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/api/option"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/internal/pipetest"
	"github.com/iamscim/iamscim/provider"
	"github.com/iamscim/iamscim/scimtest"
)

// A hostile is a server that answers the requests of a method in a way no client
// should suffer from.
type hostile struct {
	name   string
	answer func(http.ResponseWriter, *http.Request)
	kinds  []error // the call ends in one of these, or succeeds all the same
}

// hijack writes raw bytes on the connection and then lets go on.
func hijack(raw string, then func(net.Conn)) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, r *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err)
		}
		defer conn.Close()
		if _, err := io.WriteString(conn, raw); err == nil && then != nil {
			then(conn)
		}
	}
}

// untilClosed waits for the client to close the connection.
func untilClosed(c net.Conn) { _, _ = io.Copy(io.Discard, c) }

// drip sends a byte a second.
func drip(c net.Conn) {
	for {
		if _, err := io.WriteString(c, " "); err != nil {
			return
		}
		time.Sleep(time.Second)
	}
}

func answer(code int, header, value, body string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, r *http.Request) {
		if header != "" {
			w.Header().Set(header, value)
		}
		w.WriteHeader(code)
		_, _ = io.WriteString(w, body)
	}
}

const retryInfo = `{"error":{"code":429,"status":"RESOURCE_EXHAUSTED","message":"m","details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"315576000000s"}]}}`

var (
	gone = []error{iamscim.ErrUnavailable, iamscim.ErrOutcomeUnknown}
	busy = []error{iamscim.ErrThrottled}
	odd  = []error{iamscim.ErrBadReply, iamscim.ErrOutcomeUnknown}

	hostiles = []hostile{
		{"Retry-After of the year 9999", answer(429, "Retry-After", "Fri, 31 Dec 9999 23:59:59 GMT", ""), busy},
		{"Retry-After of 68 years", answer(503, "Retry-After", "2147483647", ""), gone},
		{"Retry-After beyond numbers", answer(503, "Retry-After", strings.Repeat("9", 400), ""), gone},
		{"RetryInfo of 10,000 years", answer(429, "", "", retryInfo), busy},
		{"another protocol", hijack("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n", untilClosed), odd},
		{"no reply", hijack("", untilClosed), gone},
		{"headers without an end", hijack("HTTP/1.1 200 OK\r\n", untilClosed), gone},
		{"a body without an end", hijack("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", untilClosed), gone},
		{"a byte a second", hijack("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", drip), gone},
		{"a byte a second of an error", hijack("HTTP/1.1 403 Forbidden\r\nContent-Length: 100000\r\n\r\n", drip), slices.Concat(gone, []error{iamscim.ErrPermissionDenied})},
		{"early hints for ever", hijack("", func(c net.Conn) {
			for {
				if _, err := io.WriteString(c, "HTTP/1.1 103 Early Hints\r\n\r\n"); err != nil {
					return
				}
				time.Sleep(time.Second)
			}
		}), gone},
		{"520", answer(520, "", "", ""), gone},
		{"599 with a text", answer(599, "", "", "<html>"), gone},
	}
)

// matches reports whether a request is the one of the method that is faulted.
func (m *method) matches(r *http.Request) bool {
	escaped := strings.Split(r.URL.EscapedPath(), "/")
	tail := strings.Join(escaped[max(0, len(escaped)-strings.Count(m.path, "/")-1):], "/")
	ok, err := path.Match(m.path, tail)
	return err == nil && ok && r.Method == m.verb
}

// TestNothingHangs: whoever answers whatever, every method ends, with the default
// policy and without a context that ends.
func TestNothingHangs(t *testing.T) {
	var mu sync.Mutex
	longest := map[string]time.Duration{}
	t.Run("cells", func(t *testing.T) {
		for _, h := range hostiles {
			for _, m := range methods {
				t.Run(h.name+"/"+m.name, func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) {
						srv := scimtest.New()
						defer srv.Close()
						var armed atomic.Bool
						var seen atomic.Int32
						transport := pipetest.Server(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
							if armed.Load() && m.matches(r) && int(seen.Add(1)) > m.skip {
								h.answer(w, r)
								return
							}
							srv.ServeHTTP(w, r)
						}))
						c := newClients(t, option.WithEndpoint("http://127.0.0.1/"), option.WithHTTPClient(&http.Client{Transport: transport}))
						call := m.prepare(t, srv, c)
						armed.Store(true)
						begin := time.Now()
						err := call(t.Context(), c)
						took := time.Since(begin)
						mu.Lock()
						longest[h.name] = max(longest[h.name], took)
						mu.Unlock()
						if took > 20*time.Minute {
							t.Errorf("the call ended after %v: %v", took, err)
						}
						if err != nil && !slices.ContainsFunc(append(h.kinds, iamscim.ErrNotVisible, errEmpty), func(k error) bool { return errors.Is(err, k) }) {
							var e *iamscim.Error
							if !errors.As(err, &e) || !slices.Contains(h.kinds, e.Kind) {
								t.Errorf("after %v: %v, want one of %v", took, err, h.kinds)
							}
						}
					})
				})
			}
		}
	})
	t.Logf("%d methods × %d servers; the longest call, in virtual time: %v", len(methods), len(hostiles), longest)
}

// bomb is a reply that is small on the wire and large in memory.
type bomb struct {
	name       string
	status     int
	open, each string
	shut       string
	want       error
}

// elements are the values in a bomb, twice what a reply may hold.
const elements = 100_000

var bombs = []bomb{
	{"empty providers", 200, `{"workforcePoolProviders":[`, `{},`, `{}]}`, iamscim.ErrBadReply},
	{"nested lists", 200, `{"workforcePoolProviders":`, `[`, ``, iamscim.ErrBadReply},
	{"null providers", 200, `{"workforcePoolProviders":[`, `null,`, `null]}`, iamscim.ErrBadReply},
	{"an unknown field", 200, `{"unknown":[`, `{"a":{}},`, `{}]}`, iamscim.ErrBadReply},
	{"error details", 400, `{"error":{"code":400,"message":"m","details":[`, `{"@type":"x"},`, `{}]}}`, iamscim.ErrInvalidArgument},
	{"a plain text error", 500, ``, `password=hunter2 Bearer abcdefghij `, ``, iamscim.ErrUnavailable},
	{"an error with a long message", 403, `{"error":{"code":403,"message":"`, `securityToken: xyz `, `"}}`, iamscim.ErrPermissionDenied},
	{"one long text", 200, `{"name":"` + providerText + `","displayName":"`, `xxxxxxxxxxxxxxx`, `"}`, nil},
	{"attributes of a provider", 200, `{"name":"` + providerText + `","attributeMapping":{`, `"a":"",`, `"b":""}}`, iamscim.ErrBadReply},
}

// TestSmallRepliesCostLittle: a reply of 3 KB must not become a hundred megabytes.
func TestSmallRepliesCostLittle(t *testing.T) {
	for _, b := range bombs {
		t.Run(b.name, func(t *testing.T) {
			var packed bytes.Buffer
			z := gzip.NewWriter(&packed)
			_, _ = io.WriteString(z, b.open)
			chunk := bytes.Repeat([]byte(b.each), 1000)
			for range elements / 1000 {
				_, _ = z.Write(chunk)
			}
			_, _ = io.WriteString(z, b.shut)
			if err := z.Close(); err != nil {
				t.Fatal(err)
			}
			srv := scimtest.New()
			defer srv.Close()
			transport := pipetest.Server(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Encoding", "gzip")
				w.WriteHeader(b.status)
				_, _ = w.Write(packed.Bytes())
			}))
			c := newClients(t, option.WithEndpoint("http://127.0.0.1/"), option.WithHTTPClient(&http.Client{Transport: transport}),
				option.WithoutAuthentication(), provider.WithRetry(iamscim.RetryPolicy{MaxAttempts: 1}))
			calls := map[string]func() error{
				"get": func() error { _, err := c.providers.Get(t.Context(), parent); return err },
				"list": func() error {
					for _, err := range c.providers.List(t.Context(), pool, iamscim.ListOptions{}) {
						if err != nil {
							return err
						}
					}
					return nil
				},
				"policy": func() error { _, err := c.tenants.GetPolicy(t.Context(), tenant); return err },
			}
			most := uint64(20 << 20)
			if b.status >= 300 {
				most = 200 << 20 // of the 64 KiB that are read, however long it is
			}
			for name, call := range calls {
				if b.status >= 300 && name != "get" {
					continue // an error is made in one place, whatever was asked for
				}
				begin := time.Now()
				allocated, err := allocates(call)
				t.Logf("%s: %d bytes on the wire, %.0f MiB allocated in %v: %.80v", name, packed.Len(), float64(allocated)/(1<<20), time.Since(begin).Round(time.Millisecond), err)
				if b.want != nil && !errors.Is(err, b.want) {
					t.Errorf("%s = %v, want %v", name, err, b.want)
				}
				if allocated > most {
					t.Errorf("%s allocated %d MiB", name, allocated>>20)
				}
			}
		})
	}
}

// TestRepliesAreBounded: no client reads more than 16 MiB of a reply.
func TestRepliesAreBounded(t *testing.T) {
	t.Parallel()
	for name, get := range map[string]func(context.Context, *clients) error{
		"provider":   func(ctx context.Context, c *clients) error { _, err := c.providers.Get(ctx, parent); return err },
		"scimtenant": func(ctx context.Context, c *clients) error { _, err := c.tenants.Get(ctx, tenant); return err },
		"organization": func(ctx context.Context, c *clients) error {
			_, err := c.organization.HasSyncer(ctx, organization, agent)
			return err
		},
		"scimtoken": func(ctx context.Context, c *clients) error { _, err := c.tokens.Get(ctx, token); return err },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, iamscim.RetryPolicy{MaxAttempts: 1}, nil, withToken, func(t *testing.T, srv *scimtest.Server, c *clients) {
				srv.Fail(scimtest.Fault{Status: 200, PadTo: 16<<20 + 1})
				if err := get(t.Context(), c); !errors.Is(err, iamscim.ErrBadReply) || !strings.Contains(err.Error(), "more than 16777216 bytes") {
					t.Errorf("a reply of 16 MiB and a byte: %v, want ErrBadReply with the bound", err)
				}
			})
		})
	}
}

// allocates returns the bytes that f allocates in all, which bounds its peak from
// above, whatever the garbage collector does meanwhile.
func allocates(f func() error) (uint64, error) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	err := f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc, err
}

// TestByteOrderMark: a UTF-8 byte order mark before JSON is ignored, in replies and
// in errors.
func TestByteOrderMark(t *testing.T) {
	t.Parallel()
	status, body := 200, fmt.Sprintf(`{"name":%q,"state":"ACTIVE","baseUri":"https://x/u"}`, tenant)
	transport := pipetest.Server(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, "\ufeff"+body)
	}))
	c := newClients(t, option.WithEndpoint("http://127.0.0.1/"), option.WithHTTPClient(&http.Client{Transport: transport}))
	if got, err := c.tenants.Get(t.Context(), tenant); err != nil || got.UID() != "u" {
		t.Errorf("Get = %+v, %v", got, err)
	}
	status, body = 403, `{"error":{"code":403,"message":"The service says no.","status":"PERMISSION_DENIED"}}`
	if _, err := c.tenants.Get(t.Context(), tenant); !errors.Is(err, iamscim.ErrPermissionDenied) || !strings.Contains(err.Error(), "The service says no. (HTTP 403)") {
		t.Errorf("Get = %v, want the service's words", err)
	}
}
