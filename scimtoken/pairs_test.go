package scimtoken_test

import (
	"errors"
	"flag"
	"maps"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/iamscim/iamscim/scimtest"
	"github.com/iamscim/iamscim/scimtoken"
)

// part is which of the interleavings run without -rotations: every nth. It is
// prime to the numbers of points and of modes.
const part = 31

var rotations = flag.Bool("rotations", false, "run every interleaving of the rotation tests, not a part of them")

// scenes are what two runners find.
var scenes = []struct {
	name    string
	opts    []scimtest.Option
	tokens  []string
	adopt   bool // the record has the first token
	replace bool // the request names it
}{
	{name: "a token in the record", tokens: []string{"token-a"}, adopt: true},
	{name: "a token of somebody else", tokens: []string{"token-a"}, replace: true},
	{name: "no token"},
	{name: "replicas 80 s behind", tokens: []string{"token-a"}, adopt: true, opts: []scimtest.Option{scimtest.WithReplicationLag(80 * time.Second)}},
	{name: "fresh tokens are 403", tokens: []string{"token-a"}, adopt: true, opts: []scimtest.Option{
		scimtest.WithReplicationLag(80 * time.Second), scimtest.WithBehavior(scimtest.FreshResource, "PERMISSION_DENIED")}},
}

// tally counts how runs ended.
type tally struct {
	mu sync.Mutex
	n  map[string]int
}

func (c *tally) add(what string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.n == nil {
		c.n = map[string]int{}
	}
	c.n[what]++
}

func (c *tally) log(t *testing.T) {
	for _, k := range slices.Sorted(maps.Keys(c.n)) {
		t.Logf("%7d %s", c.n[k], k)
	}
}

// ending is the kind of a runner's end.
func (r *runner) ending() string {
	switch {
	case !r.started:
		return "not started"
	case r.crashed:
		return "crashed"
	case r.err == nil && r.result.Resumed:
		return "resumed"
	case r.err == nil:
		return "rotated"
	}
	for _, x := range []struct {
		kind error
		text string
	}{
		{scimtoken.ErrRotationTakenOver, "taken over"}, {scimtoken.ErrRotationInProgress, "in progress"},
		{scimtoken.ErrTokenLimit, "token limit"}, {scimtoken.ErrUnknownToken, "unknown token"}, {scimtoken.ErrBadRecord, "bad record"},
	} {
		if errors.Is(r.err, x.kind) {
			return x.text
		}
	}
	return "failed"
}

// TestRotateInterleaved: A stops at a point, B takes over and stops at a point, A
// goes on to its end, or one point further, or nowhere, and dies there, and so
// does B. Another day the job runs again.
func TestRotateInterleaved(t *testing.T) {
	t.Parallel()
	for _, scene := range scenes {
		t.Run(scene.name, func(t *testing.T) {
			t.Parallel()
			var ends tally
			points := 0
			world := func(t *testing.T) (*world, func(*scimtoken.RotateRequest)) {
				w := newWorld(t, scene.opts, scene.tokens...)
				time.Sleep(2 * time.Minute) // what is there has replicated
				if scene.adopt {
					w.adopt()
				}
				return w, func(req *scimtoken.RotateRequest) {
					req.TakeOver = true
					if scene.replace {
						req.Replaces = w.idp.name
						if v := w.view(); !v.Current.IsZero() {
							req.Replaces = v.Current
						}
					}
				}
			}
			synctest.Test(t, func(t *testing.T) {
				w, change := world(t)
				a := w.runner("A", change)
				a.to(0)
				points = len(a.trace)
			})
			run := 0
			for i := 1; i <= points; i++ {
				for j := 1; ; j++ {
					more := false
					for mode := range 6 {
						if run++; !*rotations && run%part != 0 {
							more = more || j < points
							continue
						}
						synctest.Test(t, func(t *testing.T) {
							w, change := world(t)
							a, b := w.runner("A", change), w.runner("B", change)
							a.to(i)
							more = b.to(j) || more
							a.end(mode % 3)
							b.end(mode / 3)
							ends.add("A " + a.ending() + ", B " + b.ending())
							again := w.runner("again", change)
							time.Sleep(24 * time.Hour)
							if again.to(0); again.err != nil {
								w.fault("run again: %v", again.err)
							}
							ends.add("again " + again.ending())
							w.finished("at the end")
							if w.moments > 0 {
								w.fault("the token in use was dead for a moment")
							}
							if w.wrong != "" {
								t.Errorf("A stops at %d, B at %d, mode %d: %s", i, j, mode, w.wrong)
							}
						})
						if t.Failed() {
							return
						}
					}
					if !more {
						break
					}
				}
			}
			ends.log(t)
		})
	}
}

// end lets a runner that may be stopped go on: to its end (0), nowhere (1), or to
// its next point (2), to die there.
func (r *runner) end(mode int) {
	if !r.running() {
		return
	}
	switch mode {
	case 0:
		r.to(0)
	case 1:
		r.die()
	case 2:
		if r.to(len(r.trace) + 1) {
			r.die()
		}
	}
}

func (r *runner) running() bool {
	select {
	case <-r.ended:
		return false
	default:
		return r.started
	}
}
