package directory

import (
	"math"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/iamscim/iamscim/scimtest/internal/behavior"
)

// meter counts the requests of a tenant against its quota.
type meter struct {
	perMinute int // 0 is no limit
	choices   behavior.Choices

	mu      sync.Mutex
	started bool
	last    time.Time // when left was right (bucket) or the window began
	left    float64   // requests
}

// take counts one request, or refuses it with 429.
func (m *meter) take(now time.Time) error {
	if m.perMinute <= 0 {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	wait := time.Duration(0)
	if m.choices.Is(behavior.QuotaModel, "WINDOW") {
		wait = m.window(now)
	} else {
		wait = m.bucket(now)
	}
	// A bucket is filled by adding fractions: what is short of a request by a rounding error is a
	// request.
	if m.left >= 1-1e-9 {
		m.left--
		return nil
	}
	e := refuse(behavior.Quota, http.StatusTooManyRequests, "Rate limit exceeded, please try again later")
	switch m.choices.Of(behavior.QuotaRetryAfter) {
	case "SECONDS":
		e.Header = http.Header{"Retry-After": {strconv.Itoa(max(int(math.Ceil(wait.Seconds())), 1))}}
	case "DATE":
		e.Header = http.Header{"Retry-After": {now.Add(wait + time.Second).UTC().Format(http.TimeFormat)}}
	}
	return e
}

// giveBack takes back the count of a request.
func (m *meter) giveBack() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.left++
}

// window and bucket fill up what is left, and return how long it takes to the next request.
func (m *meter) window(now time.Time) time.Duration {
	if window := now.Truncate(time.Minute); !m.started || window.After(m.last) {
		m.started, m.last, m.left = true, window, float64(m.perMinute)
	}
	return m.last.Add(time.Minute).Sub(now)
}

func (m *meter) bucket(now time.Time) time.Duration {
	perSecond := float64(m.perMinute) / 60
	burst := math.Max(perSecond, 1)
	if !m.started {
		m.started, m.last, m.left = true, now, burst
	}
	if elapsed := now.Sub(m.last); elapsed > 0 {
		m.left = math.Min(burst, m.left+elapsed.Seconds()*perSecond)
		m.last = now
	}
	return time.Duration((1 - m.left) / perSecond * float64(time.Second))
}
