package scimclient

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/iamscim/iamscim/internal/retry"
)

// A pacer decides when the next request may be sent. Several clients, also of
// other processes, share the quota of one tenant and know nothing of each
// other but the 429s they meet, so each behaves as TCP does on a shared link:
//
//   - it starts at a fraction of its ceiling and doubles once a second until
//     the ceiling or the first 429 (slow start);
//   - from then on it adds a little every second it is in use, and cuts its
//     rate by a factor on a 429; that makes the shares of clients alike;
//   - a 429 also stops it for a moment, longer each time no request came
//     through in between, or as long as Retry-After says, a minute at most:
//     a quota counted in fixed windows stays used up until its window ends.
//
// 429s of requests that were on their way when the rate was last cut are the
// same event, and do not cut it again.
type pacer struct {
	turn chan struct{} // holds a token; who has it waits for the next slot

	mu      sync.Mutex
	limiter *rate.Limiter
	ceiling float64 // requests per second
	rate    float64
	slow    bool      // slow start
	grown   time.Time // until when growth is accounted for
	until   time.Time // nothing is sent before
	event   int       // counts cuts
	strikes int       // 429s since a request last came through
}

const (
	startShare  = 1.0 / 8   // of the ceiling, at the start
	minStart    = 1         // per second, at the start, if the ceiling allows it
	floorShare  = 1.0 / 100 // of the ceiling, the least after cuts
	growth      = 0.004     // of the ceiling, added per second
	cut         = 0.7       // what a 429 leaves of the rate
	cutSlow     = 0.5       // the same in slow start, which overshoots by up to 2
	firstStop   = 250 * time.Millisecond
	maxStop     = 16 * time.Second
	maxPatience = time.Minute // the quota is counted by the minute
	burstWindow = 0.1         // seconds of the rate that may be sent at once
)

func newPacer(perMinute int) *pacer {
	ceiling := float64(perMinute) / 60
	p := &pacer{turn: make(chan struct{}, 1), ceiling: ceiling, rate: min(ceiling, max(ceiling*startShare, minStart))}
	p.slow = p.rate < p.ceiling
	p.limiter = rate.NewLimiter(rate.Limit(p.rate), max(1, int(math.Ceil(ceiling*burstWindow))))
	p.turn <- struct{}{}
	return p
}

// wait returns when the next request may be sent, with the number of the
// event it follows. It fails with ctx, and with an error at once when a pause
// that the service asked for is longer than patience.
func (p *pacer) wait(ctx context.Context, patience time.Duration) (event int, err error) {
	select {
	case <-p.turn:
	case <-ctx.Done():
		return 0, fmt.Errorf("waiting for the client's own pace: %w", ctx.Err())
	}
	defer func() { p.turn <- struct{}{} }()
	for {
		event, pause := p.next(time.Now())
		if pause <= 0 {
			return event, nil
		}
		if pause > patience {
			return 0, &pausedError{pause}
		}
		if err := retry.Wait(ctx, pause); err != nil {
			return 0, fmt.Errorf("waiting for the client's own pace: %w", err)
		}
	}
}

// pausedError: the service asked, by Retry-After, not to be asked for longer
// than the retry budget.
type pausedError struct{ pause time.Duration }

func (e *pausedError) Error() string {
	return fmt.Sprintf("the service asked to be left alone for another %v", e.pause.Round(time.Second))
}

// next takes a slot, or says how long to wait before asking again.
func (p *pacer) next(now time.Time) (event int, pause time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if pause := p.until.Sub(now); pause > 0 {
		return 0, pause
	}
	p.grow(now)
	if p.limiter.AllowN(now, 1) {
		return p.event, 0
	}
	missing := 1 - p.limiter.TokensAt(now)
	return 0, max(time.Microsecond, time.Duration(missing/p.rate*float64(time.Second)))
}

// grow raises the rate for the time since it was last raised. Time without
// requests proves nothing about the quota and counts for little.
func (p *pacer) grow(now time.Time) {
	if p.rate >= p.ceiling {
		p.slow, p.grown = false, now
		return
	}
	if p.grown.IsZero() {
		p.grown = now
	}
	seconds := max(0, min(now.Sub(p.grown).Seconds(), 1))
	if p.slow {
		p.rate *= math.Exp2(seconds)
	} else {
		p.rate += growth * p.ceiling * seconds
	}
	p.rate = min(p.rate, p.ceiling)
	p.grown = now
	p.limiter.SetLimitAt(now, rate.Limit(p.rate))
}

// throttled takes note of a 429 to a request that followed event.
func (p *pacer) throttled(event int, after time.Duration) {
	now := time.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stop(now.Add(min(after, maxPatience)))
	if event != p.event {
		return
	}
	p.event++
	if p.strikes == 0 {
		factor := cut
		if p.slow {
			factor = cutSlow
		}
		p.slow = false
		p.rate = max(p.rate*factor, p.ceiling*floorShare)
		p.limiter.SetLimitAt(now, rate.Limit(p.rate))
	}
	stop := min(firstStop<<min(p.strikes, 10), maxStop)
	p.strikes++
	p.stop(now.Add(stop/2 + rand.N(stop)))
	p.grown = p.until
}

func (p *pacer) stop(until time.Time) {
	if until.After(p.until) {
		p.until = until
	}
}

// passed takes note of any other reply to a request that followed event.
func (p *pacer) passed(event int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if event == p.event {
		p.strikes = 0
	}
}

// BaseURI returns the tenant's base URI, without a trailing slash and without a
// query.
func (c *Client) BaseURI() string {
	if c == nil {
		return ""
	}
	return c.base.String()
}

// Paced returns a client for the same tenant that sends at most perMinute
// requests per minute, and never more than c's own rate. Everything else is
// shared. A long job takes a slower client, so that it leaves the quota to
// others. Nothing is sent.
func (c *Client) Paced(perMinute int) (*Client, error) {
	if perMinute <= 0 {
		return nil, invalid("Paced", "", "%d requests per minute: at least 1", perMinute)
	}
	if c == nil || c.pace == nil {
		return nil, errZeroClient("Paced", "")
	}
	paced := &Client{
		base:         c.base,
		source:       c.source,
		serviceAgent: c.serviceAgent,
		http:         c.http,
		retry:        c.retry,
		pace:         newPacer(min(perMinute, int(c.pace.ceiling*60+0.5))),
		log:          c.log,
		maxRows:      c.maxRows,
	}
	paced.Users = newUsers(paced)
	paced.Groups = newGroups(paced)
	paced.config.Store(c.config.Load())
	return paced, nil
}
