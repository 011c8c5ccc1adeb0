package scimclient_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"flag"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/scimclient"
)

// maxBombMemory is the most that a call may hold, whatever a server answers.
const maxBombMemory = 200 << 20

// bomb is a reply of some kilobytes of gzip that is megabytes of something.
type bomb struct {
	name   string
	status int
	head   string
	unit   string
	tail   string
	call   func(context.Context, *scimclient.Client) error
	want   error
}

// bombSizes are beyond the bound of bytes, below it, and what is just let through:
// most of the time that is the bound of values.
var bombSizes = []struct {
	name  string
	bytes int
	units int
}{{"31 MiB", 31 << 20, 1 << 30}, {"15 MiB", 15 << 20, 1 << 30}, {"190,000 units", 15 << 20, 190_000}, {"380,000 units", 15 << 20, 380_000}}

func (b bomb) gzip(t testing.TB, maxBytes, maxUnits int) []byte {
	t.Helper()
	var out bytes.Buffer
	z, err := gzip.NewWriterLevel(&out, gzip.BestSpeed)
	must(t, err)
	write := func(s string) {
		_, err := io.WriteString(z, s)
		must(t, err)
	}
	write(b.head)
	units := min(maxUnits, maxBytes/len(b.unit))
	for ; units > 0; units -= 1000 {
		write(strings.Repeat(b.unit, min(units, 1000)))
	}
	write(b.tail)
	must(t, z.Close())
	return out.Bytes()
}

func getUser(ctx context.Context, c *scimclient.Client) error {
	return second(c.Users.Get(ctx, "1"))
}

func getGroup(ctx context.Context, c *scimclient.Client) error {
	return second(c.Groups.Get(ctx, "1"))
}

var allBombs = flag.Bool("bombs", false, "TestBombs sends all sizes of all bombs")

// bombs are small replies that would take much memory: rows, elements and names
// by the million, in each place where a type of this package has a list.
var bombs = []bomb{
	{"CheckAccess, rows", 200, `{"totalResults":1,"Resources":[{}`, `,{}`, `]}`, func(ctx context.Context, c *scimclient.Client) error { return second(c.CheckAccess(ctx)) }, iamscim.ErrBadReply},
	{"WaitAccess, rows", 200, `{"totalResults":1,"Resources":[{}`, `,{}`, `]}`, func(ctx context.Context, c *scimclient.Client) error { return second(c.WaitAccess(ctx)) }, iamscim.ErrBadReply},
	{"List, rows", 200, `{"totalResults":1,"Resources":[{}`, `,{}`, `]}`, func(ctx context.Context, c *scimclient.Client) error {
		return last(c.Users.List(ctx, scimclient.Filter{}))
	}, iamscim.ErrBadReply},
	{"List, rows with an id", 200, `{"totalResults":1,"Resources":[{"id":"1"}`, `,{"id":"1"}`, `]}`, func(ctx context.Context, c *scimclient.Client) error {
		return last(c.Groups.List(ctx, scimclient.Filter{}))
	}, iamscim.ErrBadReply},
	{"Find, rows of numbers", 200, `{"totalResults":1,"Resources":[1`, `,1`, `]}`, func(ctx context.Context, c *scimclient.Client) error { return second(c.Users.Find(ctx, "u")) }, iamscim.ErrBadReply},
	{"IsMember, rows of lists", 200, `{"totalResults":1,"Resources":[[]`, `,[]`, `]}`, func(ctx context.Context, c *scimclient.Client) error { return second(c.Groups.IsMember(ctx, "g", "u")) }, iamscim.ErrBadReply},
	{"GroupsOf, rows", 200, `{"totalResults":1,"Resources":[{}`, `,{}`, `]}`, func(ctx context.Context, c *scimclient.Client) error { return last(c.Groups.GroupsOf(ctx, "u")) }, iamscim.ErrBadReply},
	{"page of other lists", 200, `{"totalResults":1,"schemas":[""`, `,""`, `],"Resources":[]}`, func(ctx context.Context, c *scimclient.Client) error {
		return last(c.Users.List(ctx, scimclient.Filter{}))
	}, iamscim.ErrBadReply},
	{"user, e-mails", 200, `{"id":"1","emails":[{}`, `,{}`, `]}`, getUser, iamscim.ErrBadReply},
	{"user, e-mails as texts", 200, `{"id":"1","emails":["a"`, `,"a"`, `]}`, getUser, iamscim.ErrBadReply},
	{"user, addresses as numbers", 200, `{"id":"1","addresses":[1`, `,1`, `]}`, getUser, iamscim.ErrBadReply},
	{"user, schemas", 200, `{"id":"1","schemas":[""`, `,""`, `]}`, getUser, iamscim.ErrBadReply},
	{"user, an unknown list", 200, `{"id":"1","x":[0`, `,0`, `]}`, getUser, iamscim.ErrBadReply},
	{"user, unknown names", 200, `{"id":"1"`, `,"a":0`, `}`, getUser, iamscim.ErrBadReply},
	{"user, the same list again and again", 200, `{"id":"1"`, `,"emails":[{},{},{},{}]`, `}`, getUser, iamscim.ErrBadReply},
	{"user, depth", 200, `{"id":"1","x":`, `[`, ``, getUser, iamscim.ErrBadReply},
	{"user, one long text", 200, `{"id":"1","title":"`, `x`, `"}`, getUser, iamscim.ErrBadReply},
	{"group, members", 200, `{"id":"1","members":[{}`, `,{}`, `]}`, getGroup, iamscim.ErrBadReply},
	{"group, members with an id", 200, `{"id":"1","members":[{"value":"1"}`, `,{"value":"1"}`, `]}`, getGroup, iamscim.ErrBadReply},
	{"Schemas, rows", 200, `{"totalResults":1,"Resources":[{"id":"x"}`, `,{}`, `]}`, func(ctx context.Context, c *scimclient.Client) error { return second(c.Schemas(ctx)) }, iamscim.ErrBadReply},
	{"Schemas, attributes", 200, `{"totalResults":1,"Resources":[{"id":"x","attributes":[{}`, `,{}`, `]}]}`, func(ctx context.Context, c *scimclient.Client) error { return second(c.Schemas(ctx)) }, iamscim.ErrBadReply},
	{"ResourceTypes, extensions", 200, `{"totalResults":1,"Resources":[{"name":"x","schemaExtensions":[{}`, `,{}`, `]}]}`, func(ctx context.Context, c *scimclient.Client) error { return second(c.ResourceTypes(ctx)) }, iamscim.ErrBadReply},
	{"ServiceProviderConfig, schemes", 200, `{"patch":{},"authenticationSchemes":[{}`, `,{}`, `]}`, func(ctx context.Context, c *scimclient.Client) error { return second(c.ServiceProviderConfig(ctx)) }, iamscim.ErrBadReply},
	{"Create, e-mails", 201, `{"id":"1","userName":"u","emails":[{}`, `,{}`, `]}`, func(ctx context.Context, c *scimclient.Client) error {
		return second(c.Users.Create(ctx, &scimclient.User{UserName: "u"}))
	}, iamscim.ErrOutcomeUnknown},
	{"Replace, e-mails", 200, `{"id":"1","emails":[{}`, `,{}`, `]}`, func(ctx context.Context, c *scimclient.Client) error {
		return second(c.Users.Replace(ctx, &scimclient.User{ID: "1"}))
	}, iamscim.ErrOutcomeUnknown},
	{"Patch, e-mails", 200, `{"id":"1","emails":[{}`, `,{}`, `]}`, func(ctx context.Context, c *scimclient.Client) error { return c.Users.Deactivate(ctx, "1") }, iamscim.ErrOutcomeUnknown},
	{"error, details", 400, `{"detail":[{}`, `,{}`, `]}`, getUser, iamscim.ErrInvalidArgument},
	{"error, a long detail", 400, `{"detail":"`, `x`, `"}`, getUser, iamscim.ErrInvalidArgument},
	{"error, plain text", 500, ``, `x y `, ``, getUser, iamscim.ErrUnavailable},
	{"error, a password by the million", 403, ``, `password=x `, ``, getUser, iamscim.ErrPermissionDenied},
	{"error, bearer by the million", 401, ``, `Bearer abcdefghij `, ``, getUser, iamscim.ErrUnauthenticated},
}

// play makes the bomb's call against it, and returns the most memory that was in
// use meanwhile, beyond what was before.
func (b bomb) play(t testing.TB, body []byte) (peak uint64, took time.Duration, err error) {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		w.WriteHeader(b.status)
		w.Write(body)
	}))
	defer s.Close()
	c := clientFor(t, s.URL, scimclient.WithHTTPClient(s.Client()), scimclient.WithRetry(iamscim.RetryPolicy{Initial: time.Millisecond, MaxAttempts: 2, Replication: time.Millisecond}))
	debug.FreeOSMemory()
	used := func() uint64 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapInuse + m.StackInuse
	}
	before := used()
	done := make(chan struct{})
	peaked := make(chan uint64)
	go func() {
		most := before
		for {
			select {
			case <-done:
				peaked <- max(most, used())
				return
			case <-time.After(2 * time.Millisecond):
				most = max(most, used())
			}
		}
	}()
	begin := time.Now()
	err = b.call(context.Background(), c)
	took = time.Since(begin)
	close(done)
	return <-peaked - before, took, err
}

// TestBombs isn't parallel: it measures the memory of the process. The times are
// those of BenchmarkBombs.
func TestBombs(t *testing.T) {
	for n, b := range bombs {
		for i, size := range bombSizes {
			if !*allBombs && (i == 0 || i == 1 && n%6 != 0 || i == 3) {
				continue
			}
			t.Run(b.name+"/"+size.name, func(t *testing.T) {
				body := b.gzip(t, size.bytes, size.units)
				peak, took, err := b.play(t, body)
				t.Logf("%d KB of gzip: %d MiB in %v: %t", len(body)>>10, peak>>20, took.Round(time.Millisecond), err == nil)
				// What is just let through is an answer, unless it's rows.
				if (i == 0 || strings.Contains(b.name, "rows")) && !errors.Is(err, b.want) {
					t.Errorf("the call = %v, want %v", err, b.want)
				}
				if e := (*scimclient.Error)(nil); errors.As(err, &e) && (len(e.Error()) > 1000 || len(e.Detail) > 64<<10) {
					t.Errorf("the error has %d bytes and a detail of %d", len(e.Error()), len(e.Detail))
				}
				if peak > maxBombMemory {
					t.Errorf("%d MiB were in use, want at most %d", peak>>20, maxBombMemory>>20)
				}
			})
		}
	}
}

// BenchmarkBombs reports time and memory for each bomb.
func BenchmarkBombs(b *testing.B) {
	for _, bm := range bombs {
		for _, size := range bombSizes {
			b.Run(bm.name+"/"+size.name, func(b *testing.B) {
				body := bm.gzip(b, size.bytes, size.units)
				var most uint64
				var longest time.Duration
				for b.Loop() {
					peak, took, _ := bm.play(b, body)
					most, longest = max(most, peak), max(longest, took)
				}
				b.ReportMetric(0, "ns/op")
				b.ReportMetric(float64(most)/(1<<20), "MiB-peak")
				b.ReportMetric(float64(longest.Milliseconds()), "ms")
				b.ReportMetric(float64(len(body))/1024, "KB-gzip")
			})
		}
	}
}
