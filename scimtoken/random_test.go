package scimtoken_test

import (
	"errors"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/api/iam/v1"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/scimtest"
	"github.com/iamscim/iamscim/scimtoken"
)

// TestRotateRandomly: three runners that take turns at random, die, wait, take
// over, and meet with faults of the service and of the store, lag, skew and tokens
// of others.
func TestRotateRandomly(t *testing.T) {
	t.Parallel()
	trials := uint64(60)
	if *rotations {
		trials = 1000
	}
	var ends tally
	moments := 0
	for seed := range trials {
		synctest.Test(t, func(t *testing.T) {
			w, change := randomWorld(t, rand.New(rand.NewPCG(seed, 7)), &ends)
			// Where deleted tokens count, what died with the last runner takes
			// another month.
			for month := 1; ; month++ {
				time.Sleep(32 * 24 * time.Hour)
				again := w.runner("again", change)
				again.to(0)
				ends.add("again " + again.ending())
				if again.err == nil {
					break
				}
				if !errors.Is(again.err, scimtoken.ErrTokenLimit) || month == 3 {
					w.fault("again: %v", again.err)
					break
				}
			}
			w.finished("at the end")
			moments += w.moments
			if w.wrong != "" {
				t.Errorf("seed %d: %s", seed, w.wrong)
			}
		})
		if t.Failed() {
			return
		}
	}
	ends.log(t)
	t.Logf("%d trials; the token in use was dead at %d checks, while a runner was overtaken in its cutover", trials, moments)
}

func randomWorld(t *testing.T, rng *rand.Rand, ends *tally) (*world, func(*scimtoken.RotateRequest)) {
	t.Helper()
	chance := func(percent int) bool { return rng.IntN(100) < percent }
	skew := time.Duration(rng.IntN(3)-1) * time.Hour
	opts := skewed(skew)()
	if chance(40) {
		opts = append(opts, lag()...)
	}
	if chance(20) {
		opts = append(opts, scimtest.WithBehavior(scimtest.DeletedTokenCounts, "YES"))
	}
	s := &scene{tokens: []string{"token-a"}, adopt: chance(50)}
	s.replace = !s.adopt
	if chance(20) {
		s = &scene{}
	}
	s.opts = func() []scimtest.Option { return opts }
	w, change := s.world(t)
	w.transport.DisableKeepAlives = true
	for range rng.IntN(4) {
		kinds := []scimtest.FaultKind{scimtest.FaultClose, scimtest.FaultCutBody, scimtest.FaultReply}
		w.srv.Fail(scimtest.Fault{Path: []string{"tokens", "tokens/*", "scimTenants/*"}[rng.IntN(3)], Skip: rng.IntN(8), Kind: kinds[rng.IntN(3)], AfterCommit: chance(70), Status: 503})
	}
	broken := errors.New("vault sealed")
	sometimes := func(percent int) func(string, int) error {
		return func(string, int) error {
			if chance(percent) {
				return broken
			}
			return nil
		}
	}
	met := false // a stranger
	var running []*runner
	for _, name := range []string{"A", "B", "C"} {
		takeOver := chance(60)
		r := w.runner(name, func(req *scimtoken.RotateRequest) {
			change(req)
			req.TakeOver = takeOver
		})
		if chance(30) {
			r.storeFault, r.storeLost = sometimes(4), sometimes(4)
		}
		running = append(running, r)
	}
	for len(running) > 0 {
		i := rng.IntN(len(running))
		r := running[i]
		ended := false
		switch {
		case chance(12):
			time.Sleep(time.Duration(1+rng.IntN(720)) * time.Second)
		case chance(4) && r.started:
			r.die()
			ended = true
		case chance(4):
			if _, err := w.srv.AddToken(&iam.WorkforcePoolProviderScimToken{Name: tenantText + "/tokens/stranger"}); err == nil {
				w.strangers = append(w.strangers, "stranger")
				met = true
			}
		default:
			ended = !r.to(len(r.trace) + 1 + rng.IntN(6))
		}
		if ended {
			running = append(running[:i], running[i+1:]...)
			ends.add(r.ending())
			if r.ending() == "unknown token" && !met {
				w.fault("%s takes another runner's token for a stranger's", r.name)
			}
		}
	}
	w.srv.ClearFaults()
	if len(w.strangers) > 0 && w.strangers[len(w.strangers)-1] == "stranger" {
		time.Sleep(2 * time.Minute)
		if err := w.client().Delete(t.Context(), name(t, "stranger")); err != nil {
			w.fault("the stranger's token can't be deleted: %v", err)
		}
		w.strangers = w.strangers[:len(w.strangers)-1]
	}
	return w, change
}

// TestRotateFrozenInCutover: a runner is frozen inside its cutover while others
// complete its rotation and another. It hands over a token that is dead by then,
// notices, and hands over the one in use. This is the only way to a dead token,
// and it is counted apart.
func TestRotateFrozenInCutover(t *testing.T) {
	t.Parallel()
	takeOver := func(req *scimtoken.RotateRequest) { req.TakeOver = true }
	later := func(req *scimtoken.RotateRequest) {}
	complete := func(w *world, name string, change func(*scimtoken.RotateRequest)) {
		time.Sleep(11 * time.Minute)
		r := w.runner(name, change)
		if r.to(0); r.err != nil {
			w.fault("%s: %v", name, r.err)
		}
	}
	for _, tt := range []struct {
		name   string
		change func(*scimtoken.RotateRequest)
		run    func(w *world, a *runner)
		dead   bool // A hands over a token that is dead
		end    string
	}{
		{"its rotation is completed", later, func(w *world, a *runner) { complete(w, "B", later) }, false, "taken over"},
		{"and taken over at once", takeOver, func(w *world, a *runner) { complete(w, "B", takeOver) }, false, "taken over"},
		{"another rotation follows", later, func(w *world, a *runner) { complete(w, "B", later); complete(w, "C", later) }, true, "taken over"},
		{"two more rotations follow", later, func(w *world, a *runner) {
			complete(w, "B", later)
			complete(w, "C", later)
			complete(w, "D", later)
		}, true, "taken over"},
		{"another rotation follows, and one during its repair", later, func(w *world, a *runner) {
			complete(w, "B", later)
			complete(w, "C", later)
			a.next("cutover") // it's about to hand over C's
			complete(w, "D", later)
		}, true, "taken over"},
		{"another rotation is in its own cutover", later, func(w *world, a *runner) {
			complete(w, "B", later)
			time.Sleep(11 * time.Minute)
			c := w.runner("C", later)
			c.next("cutover")
			a.to(0)
			c.to(0)
		}, false, "taken over"},
		{"another rotation has just cut over", later, func(w *world, a *runner) {
			complete(w, "B", later)
			time.Sleep(11 * time.Minute)
			c := w.runner("C", later)
			c.next("cutover")
			c.next("swap") // the identity provider has its token
			a.to(0)        // and then A's
			c.to(0)
		}, false, "taken over"},
		{"and its cutover fails", later, func(w *world, a *runner) {
			complete(w, "B", later)
			complete(w, "C", later)
			a.failCutover = func(n int) error {
				if n == 1 {
					return errors.New("timeout")
				}
				return nil
			}
		}, true, "taken over"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, nil, "token-a").adopt()
				a := w.runner("A", tt.change)
				a.next("cutover")
				tt.run(w, a)
				if a.running() {
					a.to(0)
				}
				if a.ending() != tt.end || !errors.Is(a.err, scimtoken.ErrRotationTakenOver) {
					t.Errorf("A %s: %v", a.ending(), a.err)
				}
				if (w.moments > 0) != tt.dead {
					t.Errorf("the token in use was dead at %d checks, want some: %t", w.moments, tt.dead)
				}
				w.finished("at rest")
				if v := w.view(); v.Current != w.idp.name {
					t.Errorf("the identity provider has %s, the record %s", w.idp.name.ID(), v.Current.ID())
				}
				if w.wrong != "" {
					t.Error(w.wrong)
				}
			})
		})
	}
	t.Run("and dies there", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, nil, "token-a").adopt()
			a := w.runner("A", later)
			a.next("cutover")
			complete(w, "B", later)
			complete(w, "C", later)
			a.to(len(a.trace) + 1)
			a.die()
			// Nobody is left to notice. The next call hands over a live token.
			complete(w, "again", later)
			w.finished("at rest")
			if w.moments == 0 || w.wrong != "" {
				t.Errorf("%d checks found a dead token: %s", w.moments, w.wrong)
			}
		})
	})
	t.Run("and can't repair while its token is in use", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, nil, "token-a").adopt()
			a := w.runner("A", later)
			a.next("cutover")
			handed := w.view().Next
			// B doesn't find A's token, and takes it out of its slot.
			w.srv.Fail(scimtest.Fault{Method: "GET", Path: "tokens/" + handed.ID(), Status: 404, Times: 100})
			b := w.runner("B", takeOver)
			b.next("DELETE " + handed.ID())
			a.failCutover = func(n int) error {
				if n == 2 {
					return errors.New("timeout")
				}
				return nil
			}
			a.to(0)
			wantError(t, "Rotate", a.err, scimtoken.ErrRotationTakenOver, "and then cutover: timeout")
			if w.idp.name != handed || !w.works(w.idp.secret) {
				t.Errorf("the identity provider has %s, and it works: %t; A must not delete what it handed over", w.idp.name.ID(), w.works(w.idp.secret))
			}
			b.die()
		})
	})
	t.Run("and can't repair", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, nil, "token-a").adopt()
			a := w.runner("A", later)
			a.next("cutover")
			complete(w, "B", later)
			complete(w, "C", later)
			a.to(len(a.trace) + 1) // it has handed over
			a.failCutover = func(int) error { return errors.New("timeout") }
			a.to(0)
			wantError(t, "Rotate", a.err, scimtoken.ErrRotationTakenOver, "and then cutover: timeout", "it may have one that is deleted", w.view().Current.ID())
			var typed *iamscim.Error
			if errors.As(a.err, &typed) && typed.Resource != w.view().Current.String() {
				t.Errorf("the error is about %s, want %s", typed.Resource, w.view().Current)
			}
		})
	})
}
