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
const part = 23

var rotations = flag.Bool("rotations", false, "run every interleaving of the rotation tests, not a part of them")

// A scene is what two runners find, and how they work.
type scene struct {
	name    string
	opts    func() []scimtest.Option
	tokens  []string
	adopt   bool // the record has the first token
	replace bool // the request names it
	job     func(*runner)
	later   time.Duration // B comes that much later, instead of taking over
	full    bool          // deleted tokens count, so that a rerun can fail
	dead    string        // an earlier call died before its first step of that name
	core    bool          // is among those that also run without -rotations in other tests
}

var (
	lag = func() []scimtest.Option { return []scimtest.Option{scimtest.WithReplicationLag(80 * time.Second)} }
	// skewed is a service whose clock is off by d.
	skewed = func(d time.Duration) func() []scimtest.Option {
		return func() []scimtest.Option {
			return []scimtest.Option{scimtest.WithClock(func() time.Time { return time.Now().Add(d) })}
		}
	}
)

var scenes = []scene{
	{core: true, name: "a token in the record", tokens: []string{"token-a"}, adopt: true},
	{core: true, name: "a token of somebody else", tokens: []string{"token-a"}, replace: true},
	{core: true, name: "no token"},
	{core: true, name: "by hand", tokens: []string{"token-a"}, adopt: true, job: handJob},
	{name: "by hand, a token of somebody else", tokens: []string{"token-a"}, replace: true, job: handJob},
	{name: "by hand, InUse", tokens: []string{"token-a"}, adopt: true, job: inUseJob},
	{name: "a name is reserved", tokens: []string{"token-a"}, adopt: true, dead: "POST tokens"},
	{name: "a token is made", tokens: []string{"token-a"}, adopt: true, dead: "made"},
	{name: "a next token is stored", tokens: []string{"token-a"}, adopt: true, dead: "verify"},
	{name: "a next token is about to be handed over", tokens: []string{"token-a"}, adopt: true, dead: "cutover"},
	{name: "a predecessor is left", tokens: []string{"token-a"}, adopt: true, dead: "DELETE token-a"},
	{name: "by hand, a predecessor is left", tokens: []string{"token-a"}, adopt: true, dead: "DELETE token-a", job: handJob},
	{core: true, name: "replicas 80 s behind", tokens: []string{"token-a"}, adopt: true, opts: lag},
	{name: "by hand, replicas 80 s behind", tokens: []string{"token-a"}, adopt: true, job: handJob, opts: lag},
	{name: "fresh tokens are 403", tokens: []string{"token-a"}, adopt: true, opts: func() []scimtest.Option {
		return append(lag(), scimtest.WithBehavior(scimtest.FreshResource, "PERMISSION_DENIED"), scimtest.WithBehavior(scimtest.DeletedChange, "NOT_FOUND"))
	}},
	{name: "the service's clock is an hour ahead", tokens: []string{"token-a"}, adopt: true, opts: skewed(time.Hour), later: 11 * time.Minute},
	{name: "the service's clock is an hour behind", tokens: []string{"token-a"}, adopt: true, opts: skewed(-time.Hour), later: 11 * time.Minute},
	{name: "deleted tokens count", tokens: []string{"token-a"}, adopt: true, full: true, opts: func() []scimtest.Option {
		return []scimtest.Option{scimtest.WithBehavior(scimtest.DeletedTokenCounts, "YES")}
	}},
}

// world builds the scene. The changes are for the requests of its runners.
func (s *scene) world(t *testing.T) (*world, func(*scimtoken.RotateRequest)) {
	t.Helper()
	var opts []scimtest.Option
	if s.opts != nil {
		opts = s.opts()
	}
	w := newWorld(t, opts, s.tokens...)
	time.Sleep(2 * time.Minute) // what is there has replicated
	if s.adopt {
		w.adopt()
	}
	if s.dead != "" {
		r := w.runner("dead", nil)
		if s.dead == "made" {
			r.next("POST tokens")
			r.next("swap")
		} else {
			r.next(s.dead)
		}
		r.die()
		time.Sleep(11 * time.Minute)
	}
	return w, func(req *scimtoken.RotateRequest) {
		req.TakeOver = s.later == 0
		if s.replace {
			req.Replaces = name(t, s.tokens[0]) // also when it's long gone
		}
	}
}

func (s *scene) runner(w *world, name string, change func(*scimtoken.RotateRequest)) *runner {
	r := w.runner(name, change)
	if s.job != nil {
		r.job = s.job
	}
	return r
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
	case r.err == nil && r.result == nil:
		return "ok"
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
	for _, s := range scenes {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			var ends tally
			points := 0
			synctest.Test(t, func(t *testing.T) {
				w, change := s.world(t)
				a := s.runner(w, "A", change)
				a.to(0)
				points = len(a.trace)
			})
			run := 0
			for i := 1; i <= points; i++ {
				for j, more := 1, true; more; j++ {
					more = j < points
					for mode := range 6 {
						if run++; *rotations || run%part == 0 {
							synctest.Test(t, func(t *testing.T) { more = s.interleave(t, &ends, i, j, mode) })
						}
						if t.Failed() {
							return
						}
					}
				}
			}
			ends.log(t)
		})
	}
}

// interleave is one run. It reports whether B came as far as the point j.
func (s *scene) interleave(t *testing.T, ends *tally, i, j, mode int) (more bool) {
	w, change := s.world(t)
	a, b := s.runner(w, "A", change), s.runner(w, "B", change)
	a.to(i)
	time.Sleep(s.later)
	more = b.to(j)
	a.end(mode % 3)
	b.end(mode / 3)
	ends.add("A " + a.ending() + ", B " + b.ending())
	again := s.runner(w, "again", change)
	time.Sleep(24 * time.Hour)
	again.to(0)
	ends.add("again " + again.ending())
	switch {
	case again.err == nil:
		w.finished("at the end")
	case s.full && errors.Is(again.err, scimtoken.ErrTokenLimit):
		// A month later it can go on.
		time.Sleep(31 * 24 * time.Hour)
		last := s.runner(w, "last", change)
		if last.to(0); last.err != nil {
			w.fault("run a month later: %v", last.err)
		}
		w.finished("a month later")
	default:
		w.fault("run again: %v", again.err)
	}
	if w.moments > 0 {
		w.fault("the token in use was dead for a moment")
	}
	if w.wrong != "" {
		t.Errorf("A stops at %d, B at %d, mode %d: %s", i, j, mode, w.wrong)
	}
	return more
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
