package directory

import (
	"math"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// meter counts the requests of a tenant against its quota.
type meter struct {
	perMinute  int  // 0 is no limit
	window     bool // counts by the minute instead of refilling evenly
	retryAfter bool

	mu      sync.Mutex
	started bool
	last    time.Time // when tokens was right (bucket) or the window began
	tokens  float64   // left in the bucket
	count   int       // requests in the window
}

// take counts one request, or refuses it with 429.
func (m *meter) take(now time.Time) error {
	if m.perMinute <= 0 {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	var wait time.Duration
	if m.window {
		wait = m.takeWindow(now)
	} else {
		wait = m.takeBucket(now)
	}
	if wait == 0 {
		return nil
	}
	e := refuse(http.StatusTooManyRequests, "Rate limit exceeded, please try again later")
	if m.retryAfter {
		seconds := int(math.Ceil(wait.Seconds()))
		e.header = http.Header{"Retry-After": {strconv.Itoa(max(seconds, 1))}}
	}
	return e
}

// takeWindow and takeBucket return how long to wait, 0 if there is room.
func (m *meter) takeWindow(now time.Time) time.Duration {
	window := now.Truncate(time.Minute)
	if !m.started || window.After(m.last) {
		m.started, m.last, m.count = true, window, 0
	}
	if m.count >= m.perMinute {
		return m.last.Add(time.Minute).Sub(now)
	}
	m.count++
	return 0
}

func (m *meter) takeBucket(now time.Time) time.Duration {
	perSecond := float64(m.perMinute) / 60
	burst := math.Max(perSecond, 1)
	if !m.started {
		m.started, m.last, m.tokens = true, now, burst
	}
	if elapsed := now.Sub(m.last); elapsed > 0 {
		m.tokens = math.Min(burst, m.tokens+elapsed.Seconds()*perSecond)
		m.last = now
	}
	// A bucket is filled by adding fractions: what is short of a token by a
	// rounding error is a token.
	if m.tokens < 1-1e-9 {
		return time.Duration((1 - m.tokens) / perSecond * float64(time.Second))
	}
	m.tokens--
	return 0
}
