package okta_test

import (
	"errors"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/internal/oktafake"
	"github.com/iamscim/iamscim/provision/idp"
	"github.com/iamscim/iamscim/provision/okta"
)

// piped serves an organization inside of synctest, with the default retry policy.
func piped(t *testing.T, o *oktafake.Okta) *okta.Client {
	t.Helper()
	via, done := o.Pipe()
	t.Cleanup(done)
	c, err := okta.New(okta.Config{Org: oktafake.Org, App: oktafake.App, Token: iamscim.NewSecret(oktafake.Token), HTTPClient: via})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// The client reads what is left of a bucket, waits before it's empty, and never
// meets a 429. The clock of Okta may be wrong.
func TestPacesByHeaders(t *testing.T) {
	t.Parallel()
	for _, ahead := range []time.Duration{0, time.Hour, -time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			o := acme(130)
			o.PageSize, o.PerMinute, o.ClockAhead = 1, 50, ahead
			r, err := piped(t, o).Roster(t.Context(), okta.RosterOptions{})
			if err != nil {
				t.Fatal(err)
			}
			begin := time.Now()
			n := 0
			if err := idp.Each(r.Users, func(idp.User) error { n++; return nil }); err != nil {
				t.Fatal(err)
			}
			// 131 requests at 45 a minute: three waits at most, the first of which ends
			// with the minute.
			if took := time.Since(begin); n != 130 || took < time.Minute || took > 3*time.Minute {
				t.Errorf("clock %v ahead: %d users in %v", ahead, n, took)
			}
			if n := count(o.Requests(), usersPath); n != 131 {
				t.Errorf("%d requests, want 131: none was refused", n)
			}
		})
	}
}

// A 429 of a bucket is repeated when the bucket resets; another bucket isn't
// held up.
func TestThrottled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := acme(3)
		c := piped(t, o)
		begin := time.Now()
		o.Intercept = func(n int, w http.ResponseWriter, r *http.Request) bool {
			if n > 1 {
				return false
			}
			w.Header().Set("X-Rate-Limit-Limit", "600")
			w.Header().Set("X-Rate-Limit-Remaining", "300") // the token has half of the bucket
			w.Header().Set("X-Rate-Limit-Reset", strconv.FormatInt(begin.Unix()+40, 10))
			w.WriteHeader(http.StatusTooManyRequests)
			return true
		}
		if _, err := c.Why(t.Context(), person(1)); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(begin); took < 40*time.Second || took > 45*time.Second {
			t.Errorf("repeated after %v, want 40 s", took)
		}
	})
}

// Of two buckets, the one that has nothing left doesn't hold up the other.
func TestBucketsAreApart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := acme(3)
		o.PerMinute = 20
		c := piped(t, o)
		for range 18 {
			if _, err := c.Why(t.Context(), person(1)); err != nil {
				t.Fatal(err)
			}
		}
		begin := time.Now()
		if _, err := c.Checklist(t.Context(), idp.Connection{}); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(begin); took > time.Second {
			t.Errorf("another bucket was held up for %v", took)
		}
		if _, err := c.Why(t.Context(), person(1)); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(begin); took < 30*time.Second || took > time.Minute+time.Second {
			t.Errorf("the bucket without anything left was used after %v", took)
		}
	})
}

// The limit of requests at a time says 0, 0 and a guess: the policy's pauses count.
func TestConcurrencyLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := acme(3)
		refused := 0
		o.Intercept = func(n int, w http.ResponseWriter, _ *http.Request) bool {
			if n > 2 {
				return false
			}
			refused++
			w.Header().Set("X-Rate-Limit-Limit", "0")
			w.Header().Set("X-Rate-Limit-Remaining", "0")
			w.Header().Set("X-Rate-Limit-Reset", strconv.FormatInt(time.Now().Unix()+3600, 10))
			w.WriteHeader(http.StatusTooManyRequests)
			return true
		}
		begin := time.Now()
		if _, err := piped(t, o).Why(t.Context(), person(1)); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(begin); refused != 2 || took > 4*time.Second {
			t.Errorf("repeated %d times, after %v: the reset of this limit is a guess", refused, took)
		}
	})
}

// However many goroutines ask, at most four requests are sent at a time.
func TestFourAtATime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := acme(30)
		var now, most atomic.Int32
		o.Intercept = func(int, http.ResponseWriter, *http.Request) bool {
			if n := now.Add(1); n > most.Load() {
				most.Store(n)
			}
			time.Sleep(time.Second)
			now.Add(-1)
			return false
		}
		c := piped(t, o)
		var wg sync.WaitGroup
		for i := range 30 {
			wg.Go(func() {
				if _, err := c.Why(t.Context(), person(i)); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if most.Load() != 4 {
			t.Errorf("%d requests at a time, want 4", most.Load())
		}
	})
}

// A quota that never gets free again ends in an error that says so.
func TestThrottledForEver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := acme(1)
		o.Intercept = func(_ int, w http.ResponseWriter, _ *http.Request) bool {
			w.WriteHeader(http.StatusTooManyRequests)
			return true
		}
		begin := time.Now()
		_, err := piped(t, o).Status(t.Context())
		failure(t, err, iamscim.ErrThrottled)
		if took := time.Since(begin); took < 4*time.Minute || took > 6*time.Minute || errors.Is(err, iamscim.ErrUnavailable) {
			t.Errorf("%v after %v", err, took)
		}
	})
}
