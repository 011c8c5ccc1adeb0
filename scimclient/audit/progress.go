package audit

import (
	"context"
	"sync"
	"time"
)

const progressInterval = time.Second

// reportProgress sends a Progress message every second until the returned
// function is called.
func (a *auditor) reportProgress(ctx context.Context, group *sync.WaitGroup) (stop func()) {
	done := make(chan struct{})
	begin := time.Now()
	group.Go(func() {
		ticker := time.NewTicker(progressInterval)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
			case <-done:
				return
			case <-ctx.Done():
				return
			}
			a.mu.Lock()
			p := a.progress(time.Since(begin))
			err := a.opts.Handle(Message{Progress: &p})
			a.mu.Unlock()
			if err != nil {
				a.stop(err)
				return
			}
		}
	})
	return func() { close(done) }
}

// progress says how far the audit is. The caller holds the lock.
func (a *auditor) progress(since time.Duration) Progress {
	total := a.x.counts.Users + a.x.counts.Groups + a.x.counts.Leavers
	if a.sampled != nil {
		total = a.sampled.users
	}
	sent := a.meter.total()
	p := Progress{
		Checked: a.state.finished, Total: total, Waiting: len(a.state.waiting),
		Requests: a.meter.cost(a.state.earlier).Total(), Rate: float64(sent) / since.Seconds(),
	}
	for _, n := range a.state.counts {
		p.Findings += n
	}
	now := p.Checked + p.Waiting - a.state.resumed
	if left := total - p.Checked - p.Waiting; now > 0 && left > 0 {
		p.Remaining = time.Duration(float64(since) / float64(now) * float64(left)).Round(time.Second)
	}
	if p.Waiting > 0 {
		p.Remaining += a.opts.Settle
	}
	return p
}
