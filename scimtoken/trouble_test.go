package scimtoken_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/api/iam/v1"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/scimtest"
	"github.com/iamscim/iamscim/scimtoken"
)

// inScenes runs one runner through a trouble in some of the scenes, for each n
// until trouble reports that there is none: the runner ended before it. Then the
// job runs again, after a pause, and must complete the rotation.
func inScenes(t *testing.T, pause time.Duration, trouble func(w *world, r *runner, n int) (happened bool)) {
	t.Helper()
	for _, s := range scenes {
		if s.full || s.later != 0 || !s.core && !*rotations {
			continue
		}
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			var ends tally
			for n, more := 1, true; more; n++ {
				synctest.Test(t, func(t *testing.T) {
					w, change := s.world(t)
					r := s.runner(w, "A", change)
					more = trouble(w, r, n)
					ends.add("A " + r.ending())
					if r.err != nil && !errors.Is(r.err, context.Canceled) {
						var typed *iamscim.Error
						if !errors.As(r.err, &typed) || typed.Remedy == "" {
							w.fault("%v has no remedy", r.err)
						}
					}
					time.Sleep(pause)
					again := s.runner(w, "again", change)
					again.change = func(req *scimtoken.RotateRequest) {
						change(req)
						req.TakeOver = false
					}
					if again.to(0); again.err != nil {
						w.fault("run again: %v", again.err)
					}
					w.finished("at the end")
					if w.wrong != "" {
						t.Errorf("trouble %d: %s", n, w.wrong)
					}
				})
				if n > 60 || t.Failed() {
					t.Errorf("%d troubles", n)
					return
				}
			}
			ends.log(t)
		})
	}
}

// TestRotateCanceled: a call that is canceled at any point gives the record up,
// so that the next one can go on at once.
func TestRotateCanceled(t *testing.T) {
	t.Parallel()
	inScenes(t, 0, func(w *world, r *runner, n int) bool {
		ctx, cancel := context.WithCancel(r.ctx)
		r.ctx = ctx
		defer cancel()
		if !r.to(n) {
			return false
		}
		cancel()
		synctest.Wait()
		r.to(0)
		if v := w.view(); v.Until.After(time.Now()) {
			w.fault("the lease of %s isn't given up", v.Holder)
		}
		return true
	})
}

// TestRotateLostReplies: the reply to any request is lost, and the rotation
// completes by itself.
func TestRotateLostReplies(t *testing.T) {
	t.Parallel()
	for _, kind := range []scimtest.FaultKind{scimtest.FaultClose, scimtest.FaultCutBody} {
		inScenes(t, 0, func(w *world, r *runner, n int) bool {
			w.transport.DisableKeepAlives = true // net/http repeats no GET then
			w.srv.Fail(scimtest.Fault{Path: "/v1/*/*/*/*/*/*/*/*/*", Skip: n - 1, Kind: kind, AfterCommit: true})
			w.srv.Fail(scimtest.Fault{Path: "/v1/*/*/*/*/*/*/*/*", Skip: n - 1, Kind: kind, AfterCommit: true})
			w.srv.Fail(scimtest.Fault{Path: "/v1/*/*/*/*/*/*/*/*/*/*", Skip: n - 1, Kind: kind, AfterCommit: true})
			if r.to(0); r.err != nil {
				w.fault("Rotate = %v", r.err)
			}
			w.srv.ClearFaults()
			return n < 6
		})
	}
}

// TestRotateStoreFails: any access to the store fails, before it does something or
// after, once or from then on. Nothing is lost that the next call doesn't find.
func TestRotateStoreFails(t *testing.T) {
	t.Parallel()
	broken := errors.New("vault sealed")
	for _, tt := range []struct {
		name        string
		after, ever bool
		pause       time.Duration
	}{
		{"once, before", false, false, 0}, {"once, after", true, false, 0},
		{"from then on, before", false, true, 11 * time.Minute}, {"from then on, after", true, true, 11 * time.Minute},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			inScenes(t, tt.pause, func(w *world, r *runner, n int) bool {
				happened := false
				fail := func(_ string, k int) error {
					if k == n || tt.ever && k > n {
						happened = true
						return broken
					}
					return nil
				}
				if tt.after {
					r.storeLost = fail
				} else {
					r.storeFault = fail
				}
				r.to(0)
				if r.err != nil && !errors.Is(r.err, broken) {
					w.fault("%v doesn't wrap the error of the store", r.err)
				}
				if happened && tt.ever && r.err == nil {
					w.fault("the store failed and Rotate succeeded")
				}
				return happened
			})
		})
	}
}

// TestRotateSlowStore: each access takes minutes, longer than a lease in all.
func TestRotateSlowStore(t *testing.T) {
	t.Parallel()
	inScenes(t, 0, func(w *world, r *runner, n int) bool {
		r.storeFault = func(string, int) error { time.Sleep(4 * time.Minute); return nil }
		if r.to(0); r.err != nil {
			w.fault("Rotate = %v", r.err)
		}
		return false
	})
}

// TestRotateAmongStrangers: somebody creates a token at any point. It is never
// touched, and without room the error names both.
func TestRotateAmongStrangers(t *testing.T) {
	t.Parallel()
	for _, s := range scenes[:4] {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			var ends tally
			for n, more := 1, true; more; n++ {
				synctest.Test(t, func(t *testing.T) {
					w, change := s.world(t)
					r := s.runner(w, "A", change)
					more = r.to(n)
					_, err := w.srv.AddToken(&iam.WorkforcePoolProviderScimToken{Name: tenantText + "/tokens/stranger"})
					full := err != nil
					if !full {
						w.strangers = append(w.strangers, "stranger")
					}
					if more {
						r.to(0)
					}
					ends.add(fmt.Sprintf("tenant full %t, A %s", full, r.ending()))
					if errors.Is(r.err, scimtoken.ErrTokenLimit) {
						wantError(t, "Rotate", r.err, scimtoken.ErrTokenLimit, "stranger", w.idp.name.ID())
					}
					if r.err != nil && !full && !errors.Is(r.err, scimtoken.ErrTokenLimit) && !errors.Is(r.err, scimtoken.ErrUnknownToken) {
						w.fault("A: %v", r.err)
					}
					if !full {
						if !slices.Contains(w.active(), "stranger") {
							w.fault("the stranger's token is gone")
						}
						if err := w.client().Delete(t.Context(), name(t, "stranger")); err != nil {
							t.Fatal(err)
						}
						w.strangers = nil
					}
					again := s.runner(w, "again", change)
					if again.to(0); again.err != nil {
						w.fault("run again: %v", again.err)
					}
					w.finished("at the end")
					if w.wrong != "" {
						t.Errorf("stranger at %d: %s", n, w.wrong)
					}
				})
				if t.Failed() {
					return
				}
			}
			ends.log(t)
		})
	}
}

// TestRotateLateCreate: the create of a process that died arrives at any point of
// the next one, and fills the tenant.
func TestRotateLateCreate(t *testing.T) {
	t.Parallel()
	for _, s := range scenes {
		if !s.core || s.replace || s.job != nil {
			continue
		}
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			var ends tally
			for n, more := 1, true; more; n++ {
				synctest.Test(t, func(t *testing.T) {
					w, change := s.world(t)
					dead := s.runner(w, "dead", change)
					var late *http.Request
					dead.send = func(req *http.Request) (*http.Response, error) {
						if req.Method == http.MethodPost {
							late = req.Clone(context.Background())
							dead.dies = true
							panic(crash{})
						}
						return w.transport.RoundTrip(req)
					}
					dead.to(0)
					r := s.runner(w, "A", change)
					more = r.to(n)
					resp, err := w.transport.RoundTrip(late)
					if err != nil {
						t.Fatal(err)
					}
					resp.Body.Close()
					if more {
						r.to(0)
					}
					if r.err != nil {
						w.fault("A: %v", r.err)
					}
					ends.add(fmt.Sprintf("the create ended in %d, A %s", resp.StatusCode, r.ending()))
					time.Sleep(2 * time.Minute)
					again := s.runner(w, "again", change)
					if again.to(0); again.err != nil {
						w.fault("run again: %v", again.err)
					}
					w.finished("at the end")
					if w.wrong != "" {
						t.Errorf("the create arrives at %d: %s", n, w.wrong)
					}
				})
				if t.Failed() {
					return
				}
			}
			ends.log(t)
		})
	}
}
