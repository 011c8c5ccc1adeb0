package scimclient

import (
	"testing"
	"testing/synctest"
	"time"
)

// TestPacerRates: each figure of the pacer by what it does to the rate.
func TestPacerRates(t *testing.T) {
	t.Parallel()
	near := func(t *testing.T, what string, got, want float64) {
		t.Helper()
		if got < want*0.999 || got > want*1.001 {
			t.Errorf("%s is %.4f/s, want %.4f", what, got, want)
		}
	}
	bubble := func(test func(*testing.T)) { t.Helper(); synctest.Test(t, test) }
	bubble(func(t *testing.T) {
		p := newPacer(3000)
		near(t, "the rate at the start", p.rate, 50.0/8)
		if got := p.limiter.Burst(); got != 5 {
			t.Errorf("%d requests may be sent at once, want a tenth of a second's", got)
		}
		near(t, "the rate at the start of a slow quota", newPacer(120).rate, 1)
		near(t, "the rate at the start of a quota below one a second", newPacer(30).rate, 0.5)
		// Slow start doubles each second, and time without requests counts as one.
		p.grow(time.Now())
		time.Sleep(time.Second)
		p.grow(time.Now())
		near(t, "the rate after a second", p.rate, 50.0/4)
		time.Sleep(time.Hour)
		p.grow(time.Now())
		near(t, "the rate after an hour without requests", p.rate, 50.0/2)
		p.throttled(p.event, 0)
		near(t, "the rate after a 429 in slow start", p.rate, 50.0/4)
		if p.slow {
			t.Error("slow start goes on after a 429")
		}
	})
	bubble(func(t *testing.T) {
		p := newPacer(3000)
		p.rate, p.slow = p.ceiling, false
		event := p.event
		p.throttled(event, 0)
		near(t, "the rate after a 429", p.rate, 50*0.7)
		p.throttled(event, 0)
		near(t, "the rate after another 429 of the same moment", p.rate, 50*0.7)
		time.Sleep(time.Until(p.until))
		p.grow(time.Now())
		time.Sleep(time.Second)
		p.grow(time.Now())
		near(t, "the rate a second after the pause", p.rate, 50*0.7+0.004*50)
		for range 40 {
			p.passed(p.event)
			p.throttled(p.event, 0)
		}
		near(t, "the rate after forty 429s", p.rate, 0.5)
	})
}

// TestPacerPauses: the pauses after 429s double from a quarter of a second to 16 s,
// drawn from half to one and a half of that, and what the service asks for counts up
// to a minute.
func TestPacerPauses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for range 50 {
			p := newPacer(3000)
			stop := 250 * time.Millisecond
			for strike := range 9 {
				p.throttled(p.event, 0)
				if pause := time.Until(p.until); pause < stop/2 || pause >= stop/2+stop {
					t.Errorf("pause %d is %v, want %v to %v", strike+1, pause, stop/2, stop/2+stop)
				}
				time.Sleep(time.Until(p.until))
				stop = min(2*stop, 16*time.Second)
			}
			p.passed(p.event - 1)
			if p.strikes != 9 {
				t.Errorf("a reply to a request from before the last 429 left %d strikes, want 9", p.strikes)
			}
			p.passed(p.event)
			if p.strikes != 0 {
				t.Errorf("a reply left %d strikes, want none", p.strikes)
			}
			p.throttled(p.event, 40*time.Second)
			if pause := time.Until(p.until); pause != 40*time.Second {
				t.Errorf("the service asked for 40 s, and the pause is %v", pause)
			}
			time.Sleep(time.Until(p.until))
			p.throttled(p.event, time.Hour)
			if pause := time.Until(p.until); pause != time.Minute {
				t.Errorf("the service asked for an hour, and the pause is %v, want a minute", pause)
			}
			time.Sleep(time.Until(p.until))
		}
	})
}
