package scimclient_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/scimclient"
	"github.com/iamscim/iamscim/scimtest"
)

var pacing = flag.Duration("pacing", 2*time.Minute, "virtual time that TestPacing runs for; 15m is the figure to quote")

// TestPacing measures, in virtual time, what clients get of a quota of 3,000
// requests per minute, and how many of their requests are answered 429. The
// first minute, with its slow start, is reported apart. Run it with
//
//	go test -run TestPacing -v -pacing 15m ./scimclient
//
// 20 goroutines per client ask without a pause.
func TestPacing(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		model   string
		after   bool // the server sends Retry-After
		clients int
		// After the first minute: the least share of the quota, and the most
		// 429s; 1 where the figure is only recorded.
		least, refused float64
	}{
		{"bucket, one client", "BUCKET", false, 1, 0.97, 0},
		{"bucket, four clients", "BUCKET", false, 4, 0.90, 0.01},
		{"bucket, four clients, Retry-After", "BUCKET", true, 4, 0.90, 0.01},
		{"window, one client", "WINDOW", false, 1, 0, 1},
		{"window, four clients", "WINDOW", false, 4, 0, 1},
		{"window, four clients, Retry-After", "WINDOW", true, 4, 0, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				opts := []scimtest.Option{scimtest.WithSyncerGranted(), scimtest.WithQuota(3000), scimtest.WithBehavior(scimtest.QuotaModel, tt.model)}
				if tt.after {
					opts = append(opts, scimtest.WithBehavior(scimtest.QuotaRetryAfter, "SECONDS"))
				}
				first, rest := paced(t, tt.clients, *pacing, opts...)
				t.Logf("first minute: %v", first)
				t.Logf("after it:     %v", rest)
				if rest.share() < tt.least || rest.refused() > tt.refused {
					t.Errorf("after the first minute %v, want at least %.0f %% and at most %.1f %% refused", rest, 100*tt.least, 100*tt.refused)
				}
			})
		})
	}
}

// tally counts replies over a time.
type tally struct {
	passed, refusals int
	over             time.Duration
}

func (y tally) share() float64   { return float64(y.passed) / (50 * y.over.Seconds()) }
func (y tally) refused() float64 { return float64(y.refusals) / float64(max(1, y.passed+y.refusals)) }

func (y tally) String() string {
	return fmt.Sprintf("%.2f %% of the quota (%.2f/s), %.3f %% answered 429 (%d of %d)",
		100*y.share(), float64(y.passed)/y.over.Seconds(), 100*y.refused(), y.refusals, y.passed+y.refusals)
}

// paced lets clients that know nothing of each other ask for a while.
func paced(t *testing.T, clients int, over time.Duration, opts ...scimtest.Option) (first, rest tally) {
	t.Helper()
	s := scimtest.New(opts...)
	defer s.Close()
	baseURI := seed(t, s)
	begin := time.Now()
	var mu sync.Mutex
	count := roundTripper(func(r *http.Request) (*http.Response, error) {
		// The way there and back.
		time.Sleep(10 * time.Millisecond)
		// What connections do to requests is no matter here, and there are thousands.
		w := httptest.NewRecorder()
		r = r.Clone(r.Context())
		r.Body = http.NoBody
		s.ServeHTTP(w, r)
		resp := w.Result()
		time.Sleep(10 * time.Millisecond)
		if err := r.Context().Err(); err != nil {
			return nil, err
		}
		mu.Lock()
		defer mu.Unlock()
		y := &rest
		if time.Since(begin) < time.Minute {
			y = &first
		}
		if resp.StatusCode == http.StatusTooManyRequests {
			y.refusals++
		} else {
			y.passed++
		}
		return resp, nil
	})
	ctx, cancel := context.WithTimeout(t.Context(), over)
	defer cancel()
	var workers sync.WaitGroup
	for i := range clients {
		c, err := scimclient.New(baseURI, tokens(testToken), scimclient.WithHTTPClient(&http.Client{Transport: count}),
			scimclient.WithRetry(iamscim.RetryPolicy{Budget: time.Hour}))
		must(t, err)
		for range 20 {
			workers.Go(func() {
				// Processes do not start in the same instant.
				time.Sleep(time.Duration(i) * 137 * time.Millisecond)
				if err := keepAsking(ctx, c); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("List: %v", err)
				}
			})
		}
	}
	workers.Wait()
	first.over, rest.over = min(over, time.Minute), max(0, over-time.Minute)
	return first, rest
}

// keepAsking sends requests until one fails.
func keepAsking(ctx context.Context, c *scimclient.Client) error {
	for {
		if err := last(c.Groups.List(ctx, scimclient.Eq("displayName", "g"))); err != nil {
			return err
		}
	}
}

// TestSlowStart: the first seconds of a client.
func TestSlowStart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var n atomic.Int32
		c := inMemory(t, func(*http.Request) string { n.Add(1); return `{"totalResults":0}` })
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		for range 50 {
			go keepAsking(ctx, c)
		}
		var perSecond []int
		for range 9 {
			before := n.Load()
			time.Sleep(time.Second)
			perSecond = append(perSecond, int(n.Load()-before))
		}
		cancel()
		synctest.Wait()
		if perSecond[0] > 20 || perSecond[1] > 25 || perSecond[5] < 49 || perSecond[8] > 51 {
			t.Errorf("requests per second: %v, want a slow start and then 50", perSecond)
		}
		t.Logf("requests per second: %v", perSecond)
	})
}

// TestRate: no more than asked for, over any time.
func TestRate(t *testing.T) {
	t.Parallel()
	for _, perMinute := range []int{6, 60, 600} {
		synctest.Test(t, func(t *testing.T) {
			var n atomic.Int32
			c := inMemory(t, func(*http.Request) string { n.Add(1); return `{"totalResults":0}` }, scimclient.WithRate(perMinute))
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
			defer cancel()
			if err := keepAsking(ctx, c); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("List: %v", err)
			}
			if got, want := int(n.Load()), 10*perMinute; got > want+1 || got < want*95/100-5 {
				t.Errorf("WithRate(%d): %d requests in 10 minutes, want about %d and no more", perMinute, got, want)
			}
		})
	}
}

// TestRecovery: the rate after a 429, which is not somebody else's.
func TestRecovery(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var n atomic.Int32
		var refuse atomic.Bool
		transport := roundTripper(func(r *http.Request) (*http.Response, error) {
			n.Add(1)
			if refuse.CompareAndSwap(true, false) {
				return &http.Response{StatusCode: 429, Header: http.Header{}, Body: http.NoBody}, nil
			}
			return jsonResponse(`{"totalResults":0}`), nil
		})
		c, err := scimclient.New("https://h", tokens("t"), scimclient.WithHTTPClient(&http.Client{Transport: transport}))
		must(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		for range 10 {
			go keepAsking(ctx, c)
		}
		rate := func(over time.Duration) float64 {
			before := n.Load()
			time.Sleep(over)
			return float64(n.Load()-before) / over.Seconds()
		}
		time.Sleep(10 * time.Second)
		if r := rate(10 * time.Second); r < 49.5 || r > 50.5 {
			t.Errorf("%.1f/s before the 429, want 50", r)
		}
		refuse.Store(true)
		time.Sleep(2 * time.Second)
		if r := rate(10 * time.Second); r < 33 || r > 40 {
			t.Errorf("%.1f/s after the 429, want about 0.7 of 50", r)
		}
		time.Sleep(90 * time.Second)
		if r := rate(10 * time.Second); r < 49.5 || r > 50.5 {
			t.Errorf("%.1f/s two minutes later, want 50", r)
		}
		cancel()
		synctest.Wait()
	})
}
