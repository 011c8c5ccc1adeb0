package gapi_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"google.golang.org/api/option"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/internal/pipetest"
	"github.com/iamscim/iamscim/provider"
	"github.com/iamscim/iamscim/scimtest"
)

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
				"get": func() error { _, err := c.Providers.Get(t.Context(), parent); return err },
				"list": func() error {
					for _, err := range c.Providers.List(t.Context(), pool, iamscim.ListOptions{}) {
						if err != nil {
							return err
						}
					}
					return nil
				},
				"policy": func() error { _, err := c.Tenants.GetPolicy(t.Context(), tenant); return err },
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
		"provider":   func(ctx context.Context, c *clients) error { _, err := c.Providers.Get(ctx, parent); return err },
		"scimtenant": func(ctx context.Context, c *clients) error { _, err := c.Tenants.Get(ctx, tenant); return err },
		"organization": func(ctx context.Context, c *clients) error {
			_, err := c.Organization.HasSyncer(ctx, organization, agent)
			return err
		},
		"scimtoken": func(ctx context.Context, c *clients) error { _, err := c.Tokens.Get(ctx, token); return err },
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
	if got, err := c.Tenants.Get(t.Context(), tenant); err != nil || got.UID() != "u" {
		t.Errorf("Get = %+v, %v", got, err)
	}
	status, body = 403, `{"error":{"code":403,"message":"The service says no.","status":"PERMISSION_DENIED"}}`
	if _, err := c.Tenants.Get(t.Context(), tenant); !errors.Is(err, iamscim.ErrPermissionDenied) || !strings.Contains(err.Error(), "The service says no. (HTTP 403)") {
		t.Errorf("Get = %v, want the service's words", err)
	}
}
