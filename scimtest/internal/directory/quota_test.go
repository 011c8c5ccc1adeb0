package directory

import (
	"testing"
	"time"

	"github.com/iamscim/iamscim/scimtest/internal/behavior"
)

// TestQuota counts requests that are let through in a second of the clock.
func TestQuota(t *testing.T) {
	t.Parallel()
	type step struct {
		wait time.Duration // before the requests
		send int
		pass int
	}
	for _, row := range []struct {
		name      string
		choices   behavior.Choices
		perMinute int
		steps     []step
		retry     string // Retry-After of the last 429
	}{
		{"off by default", nil, 0, []step{{0, 200, 200}}, ""},
		{"bucket: 50 a second and bursts of 50", nil, 3000, []step{{0, 80, 50}, {time.Second, 80, 50}, {time.Hour, 80, 50}, {100 * time.Millisecond, 80, 5}, {10 * time.Millisecond, 80, 0}, {10 * time.Millisecond, 80, 1}}, ""},
		{"bucket: less than one a second", behavior.Choices{behavior.QuotaRetryAfter: "SECONDS"}, 6, []step{{0, 3, 1}, {9 * time.Second, 3, 0}, {time.Second, 3, 1}}, "10"},
		{"bucket: Retry-After is whole seconds", behavior.Choices{behavior.QuotaRetryAfter: "SECONDS"}, 3000, []step{{0, 51, 50}}, "1"},
		{"bucket: a clock that goes back", nil, 3000, []step{{0, 50, 50}, {-time.Hour, 1, 0}, {time.Hour + time.Second, 51, 50}}, ""},
		{"window", behavior.Choices{behavior.QuotaModel: "WINDOW"}, 100, []step{{0, 120, 100}, {59 * time.Second, 20, 0}, {time.Second, 120, 100}}, ""},
		{"window: all at its end and all at its beginning", behavior.Choices{behavior.QuotaModel: "WINDOW"}, 100, []step{{59 * time.Second, 120, 100}, {time.Second, 120, 100}}, ""},
		{"window: Retry-After leads to its end", behavior.Choices{behavior.QuotaModel: "WINDOW", behavior.QuotaRetryAfter: "SECONDS"}, 1, []step{{15 * time.Second, 2, 1}}, "45"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, Config{Quota: row.perMinute, Choices: row.choices})
			retry := ""
			for i, s := range row.steps {
				f.advance(s.wait)
				passed := 0
				for range s.send {
					a := f.do("GET", "/Users/nobody", "")
					if a.status != 429 {
						passed++
						continue
					}
					retry = a.header.Get("Retry-After")
					if want := "Rate limit exceeded, please try again later"; a.body["detail"] != want {
						t.Fatalf("detail = %v, want %q", a.body["detail"], want)
					}
					checkError(t, a, 429, "", "GET")
				}
				if passed != s.pass {
					t.Errorf("step %d: %d of %d requests passed, want %d", i, passed, s.send, s.pass)
				}
			}
			if retry != row.retry {
				t.Errorf("Retry-After = %q, want %q", retry, row.retry)
			}
		})
	}
}

// TestQuotaRefusesBeforeTheChange: a request over the quota has no effect.
func TestQuotaRefusesBeforeTheChange(t *testing.T) {
	t.Parallel()
	f := newFixture(t, Config{Quota: 1})
	f.create("/Users", user("ada"))
	f.refused(429, "", "POST", "/Users", user("bob"))
	f.refused(429, "", "GET", "/ServiceProviderConfig", "")
	f.advance(time.Minute)
	f.wantFound("/Users", `userName eq "bob"`)
}
