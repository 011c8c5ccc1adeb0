package entra

import (
	"context"
	"time"

	"github.com/iamscim/iamscim/internal/retry"
)

// Graph allows 5 requests in 10 s for provisioning on demand and for reports
// (https://learn.microsoft.com/graph/throttling-limits).
const (
	windowLength = 10 * time.Second
	windowCalls  = 5
)

// window lets windowCalls calls through in every windowLength.
type window struct {
	turn chan struct{} // holds a token; who has it waits for the next slot

	last [windowCalls]time.Time // a ring: when the last calls were let through
	next int
}

func newWindow() *window {
	w := &window{turn: make(chan struct{}, 1)}
	w.turn <- struct{}{}
	return w
}

// wait returns when the next call may be sent.
func (w *window) wait(ctx context.Context) error {
	select {
	case <-w.turn:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { w.turn <- struct{}{} }()
	if oldest := w.last[w.next]; !oldest.IsZero() {
		if err := retry.Wait(ctx, windowLength-time.Since(oldest)); err != nil {
			return err
		}
	}
	w.last[w.next] = time.Now()
	w.next = (w.next + 1) % windowCalls
	return nil
}
