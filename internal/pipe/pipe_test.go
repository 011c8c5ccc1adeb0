package pipe

import (
	"context"
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"
)

// TestListener: a connection joins two ends, and whoever waits for one lets the time
// of testing/synctest go on.
func TestListener(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := New()
		go func() {
			time.Sleep(time.Hour)
			c, err := l.Accept()
			if err == nil {
				_, err = c.Write([]byte("x"))
			}
			if err != nil {
				t.Error(err)
			}
		}()
		begin := time.Now()
		c, err := l.Dial(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		got := make([]byte, 1)
		if _, err := c.Read(got); err != nil || got[0] != 'x' || time.Since(begin) != time.Hour {
			t.Errorf("read %q, %v after %v", got, err, time.Since(begin))
		}
		soon, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := l.Dial(soon); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Dial without a server = %v", err)
		}
		if err := errors.Join(l.Close(), l.Close()); err != nil {
			t.Errorf("Close = %v", err)
		}
		if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Accept after Close = %v", err)
		}
		if _, err := l.Dial(t.Context()); !errors.Is(err, ErrClosed) {
			t.Errorf("Dial after Close = %v", err)
		}
	})
}
