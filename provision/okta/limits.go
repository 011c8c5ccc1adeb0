package okta

import (
	"context"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/iamscim/iamscim/internal/retry"
)

const (
	maxAtATime = 4
	shareLeft  = 10              // a tenth of a bucket is left to others
	maxWindow  = 2 * time.Minute // the longest wait for a bucket, which is counted by the minute
)

// limits paces requests by what Okta's replies say of its buckets:
// https://developer.okta.com/docs/reference/rl-best-practices/
type limits struct {
	slots chan struct{}

	mu      sync.Mutex
	buckets map[string]bucket
}

// bucket is what is known of a quota until it resets.
type bucket struct {
	limit, remaining int
	reset            time.Time
}

func newLimits() *limits {
	return &limits{slots: make(chan struct{}, maxAtATime), buckets: map[string]bucket{}}
}

// enter returns when a request of a bucket may be sent. leave is to be called
// when its reply was read. Who waits for a bucket holds nobody up who needs another.
func (l *limits) enter(ctx context.Context, name string) (leave func(), err error) {
	for {
		pause := l.take(name, time.Now())
		if pause <= 0 {
			break
		}
		if err := retry.Wait(ctx, pause); err != nil {
			return nil, err
		}
	}
	select {
	case l.slots <- struct{}{}:
		return func() { <-l.slots }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// take takes one request out of a bucket, or says when to come again.
func (l *limits) take(name string, now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	b, known := l.buckets[name]
	if !known {
		return 0
	}
	pause := b.reset.Sub(now)
	if pause <= 0 {
		delete(l.buckets, name)
		return 0
	}
	if b.remaining <= b.limit/shareLeft {
		return pause
	}
	b.remaining--
	l.buckets[name] = b
	return 0
}

// note takes what a reply says of its bucket, for enter, and returns the reply's
// Retry-After. The time of the reset is counted from the reply's Date, because clocks
// differ.
func (l *limits) note(name string, resp *http.Response, now time.Time) time.Duration {
	after := retry.After(resp.Header, now)
	number := func(header string) (int64, bool) {
		n, err := strconv.ParseInt(resp.Header.Get(header), 10, 64)
		return n, err == nil && n >= 0
	}
	limit, ok1 := number("X-Rate-Limit-Limit")
	remaining, ok2 := number("X-Rate-Limit-Remaining")
	reset, ok3 := number("X-Rate-Limit-Reset")
	if !ok1 || !ok2 || !ok3 || limit == 0 {
		return after // a limit of 0 is the limit of requests at a time, whose reset is a guess
	}
	date, err := http.ParseTime(resp.Header.Get("Date"))
	if err != nil {
		date = now
	}
	pause := min(max(time.Unix(reset, 0).Sub(date), time.Second), maxWindow)
	if resp.StatusCode == http.StatusTooManyRequests {
		remaining = 0 // a token's own share of the bucket is used up, if not the bucket
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.buckets[name] = bucket{int(min(limit, 1<<20)), int(min(remaining, 1<<20)), now.Add(pause)}
	return after
}
