package entratest

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Limits of Microsoft Graph, per app in one tenant.
// https://learn.microsoft.com/graph/throttling-limits
const (
	unitWindow  = 10 * time.Second
	reports     = 5    // calls of reports, and of provisionOnDemand, in unitWindow
	writes      = 3000 // in writeWindow
	writeWindow = 150 * time.Second
)

type throttle struct{ windows map[throttleKey]*window }

type throttleKey struct{ app, kind string }

// window counts what was spent since it began.
type window struct {
	began time.Time
	spent int
}

// add counts and returns what is spent in the window.
func (t *throttle) add(key throttleKey, now time.Time, length time.Duration, cost int) *window {
	w := t.windows[key]
	if w == nil || now.Sub(w.began) >= length || now.Before(w.began) {
		w = &window{began: now}
		t.windows[key] = w
	}
	w.spent += cost
	return w
}

// units is how many resource units an app has in unitWindow.
func (c *call) units() int {
	switch n := len(c.people.users); {
	case c.cfg.units > 0:
		return c.cfg.units
	case n < 50:
		return 3500
	case n <= 500:
		return 5000
	}
	return 8000
}

// spend counts a request against the limits. Refused requests count too. c.mu is held.
func (c *call) spend(x *route) *reply {
	cost := x.cost
	query := c.r.URL.Query()
	if query.Has("$select") && cost > 1 {
		cost--
	}
	if top, err := strconv.Atoi(query.Get("$top")); err == nil && top < 20 && cost > 1 {
		cost--
	}
	if query.Has("$expand") {
		cost++
	}
	limit := c.units()
	w := c.throttle.add(throttleKey{c.app, "units"}, c.now, unitWindow, cost)
	h := http.Header{"X-Ms-Resource-Unit": {strconv.Itoa(cost)}}
	if share := float64(w.spent) / float64(limit); share >= 0.8 {
		h.Set("x-ms-throttle-limit-percentage", strconv.FormatFloat(min(share, 1.8), 'f', 2, 64))
	}
	c.head = h
	if w.spent > limit {
		return c.throttled(w, unitWindow, "Read", "ResourceUnitLimitExceeded")
	}
	if x.report {
		// Each of these methods has a window of its own.
		if w := c.throttle.add(throttleKey{c.app, x.path}, c.now, unitWindow, 1); w.spent > reports {
			return c.throttled(w, unitWindow, "Read", "ReportLimitExceeded")
		}
	}
	if c.r.Method != http.MethodGet && !strings.HasSuffix(x.path, "/getByIds") {
		if w := c.throttle.add(throttleKey{c.app, "writes"}, c.now, writeWindow, 1); w.spent > writes {
			return c.throttled(w, writeWindow, "Write", "WriteLimitExceeded")
		}
	}
	return nil
}

func (c *call) throttled(w *window, length time.Duration, kind, information string) *reply {
	left := max(w.began.Add(length).Sub(c.now), time.Second)
	c.head.Set("Retry-After", strconv.Itoa(int((left+time.Second-1)/time.Second)))
	c.head.Set("x-ms-throttle-scope", "Tenant_Application/"+kind+"/"+c.app+"/"+c.cfg.tenant)
	c.head.Set("x-ms-throttle-information", information)
	return c.refuse(ruleThrottling, http.StatusTooManyRequests, "TooManyRequests", "Too many requests.")
}
