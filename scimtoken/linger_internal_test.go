package scimtoken

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// TestLinger: what cleans up has half a minute from the end of the call's context.
func TestLinger(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		late, stop := linger(ctx)
		defer stop()
		time.Sleep(time.Hour)
		synctest.Wait()
		if err := late.Err(); err != nil {
			t.Fatalf("the late context ended first: %v", err)
		}
		cancel()
		begin := time.Now()
		<-late.Done()
		if took := time.Since(begin); took != 30*time.Second {
			t.Errorf("the late context ended after %v, want 30 s", took)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		late, stop := linger(t.Context())
		stop()
		if late.Err() == nil {
			t.Error("stop didn't end the late context")
		}
	})
}
