package scimtoken_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/scimtest"
	"github.com/iamscim/iamscim/scimtoken"
)

// ensureJob ensures a token.
func ensureJob(r *runner) {
	var result scimtoken.Rotation
	result.New, result.Secret, r.err = r.client().Ensure(r.ctx, tenantName(r.w.t), r)
	r.result = &result
}

// oneToken fails unless the record, what Ensure returned and the service agree
// on one token that authenticates.
func (w *world) oneToken(when string, r *runner) {
	w.t.Helper()
	active, v := w.active(), w.view()
	if len(active) != 1 || active[0] != v.Current.ID() || r.result.New != v.Current || r.result.Secret.Reveal() != v.CurrentSecret.Reveal() || !v.Next.IsZero() || !w.works(r.result.Secret) {
		w.fault("%s: %v are active, the record has %s and %s, Ensure returned %s", when, active, v.Current.ID(), v.Next.ID(), r.result.New.ID())
	}
	if !v.Until.IsZero() {
		w.fault("%s: the lease of %s isn't given up", when, v.Holder)
	}
}

// TestEnsureInterleaved: two callers at every pair of points, crashes at each,
// with and without lag, never make two tokens that somebody returns.
func TestEnsureInterleaved(t *testing.T) {
	t.Parallel()
	for name, opts := range map[string]func() []scimtest.Option{"no lag": func() []scimtest.Option { return nil }, "replicas 80 s behind": lag} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var ends tally
			run := 0
			for i := 1; i <= 9; i++ {
				for j := 1; j <= 9; j++ {
					for mode := range 6 {
						if run++; !*rotations && run%5 != 0 {
							continue
						}
						synctest.Test(t, func(t *testing.T) {
							w := newWorld(t, opts())
							time.Sleep(2 * time.Minute)
							a, b := w.runner("A", nil), w.runner("B", nil)
							a.job, b.job = ensureJob, ensureJob
							a.to(i)
							if mode%2 == 1 {
								time.Sleep(11 * time.Minute) // the lease ends
							}
							b.to(j)
							a.end(mode % 3)
							b.end(mode / 3)
							ends.add("A " + a.ending() + ", B " + b.ending())
							if a.ending() == "unknown token" || b.ending() == "unknown token" {
								w.fault("a caller takes the token of the other for a stranger's")
							}
							time.Sleep(time.Hour)
							for _, r := range []*runner{a, b} {
								if !r.crashed && r.err == nil && r.result.New != w.view().Current {
									w.fault("%s returned %s", r.name, r.result.New.ID())
								}
							}
							again := w.runner("again", nil)
							again.job = ensureJob
							if again.to(0); again.err != nil {
								w.fault("again: %v", again.err)
							}
							time.Sleep(2 * time.Minute)
							w.oneToken("at the end", again)
							if w.wrong != "" {
								t.Errorf("A stops at %d, B at %d, mode %d: %s", i, j, mode, w.wrong)
							}
						})
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

// TestEnsure: what Ensure makes of what it finds.
func TestEnsure(t *testing.T) {
	t.Parallel()
	in := func(name string, opts []scimtest.Option, tokens []string, test func(t *testing.T, w *world, ensure func() (scimtoken.Name, scimtoken.Secret, error))) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, opts, tokens...)
				r := w.runner("A", nil)
				test(t, w, func() (scimtoken.Name, scimtoken.Secret, error) {
					return r.client().Ensure(t.Context(), tenantName(t), &w.store)
				})
				if w.wrong != "" {
					t.Error(w.wrong)
				}
			})
		})
	}
	in("twice", nil, nil, func(t *testing.T, w *world, ensure func() (scimtoken.Name, scimtoken.Secret, error)) {
		first, secret, err := ensure()
		if err != nil || !w.works(secret) {
			t.Fatalf("Ensure = %v, %v", first, err)
		}
		if _, made := first.Created(); !made {
			t.Errorf("%s has no time of creation", first)
		}
		w.srv.ClearRequests()
		again, secret2, err := ensure()
		if err != nil || again != first || secret2.Reveal() != secret.Reveal() {
			t.Errorf("Ensure again = %v, %v, want the first", again, err)
		}
		for _, r := range w.srv.Requests() {
			if r.Method != "GET" {
				t.Errorf("Ensure again sent %s %s", r.Method, r.Path)
			}
		}
	})
	in("a token that isn't visible yet", lag(), nil, func(t *testing.T, w *world, ensure func() (scimtoken.Name, scimtoken.Secret, error)) {
		time.Sleep(2 * time.Minute)
		first, _, err := ensure()
		if err != nil {
			t.Fatal(err)
		}
		if again, _, err := ensure(); err != nil || again != first {
			t.Errorf("Ensure before the token is visible = %v, %v, want %v", again, err, first)
		}
	})
	in("a token of somebody else", nil, []string{"token-a"}, func(t *testing.T, w *world, ensure func() (scimtoken.Name, scimtoken.Secret, error)) {
		_, _, err := ensure()
		wantError(t, "Ensure", err, scimtoken.ErrUnknownToken, "not in the record: token-a; nothing was changed", tenantText)
		if v := w.view(); v.Holder != "" || !slices.Equal(w.active(), []string{"token-a"}) {
			t.Errorf("afterwards the record is %+v and %v are active, want nothing changed", v, w.active())
		}
	})
	in("adopted without a secret", nil, []string{"token-a"}, func(t *testing.T, w *world, ensure func() (scimtoken.Name, scimtoken.Secret, error)) {
		w.idp.secret = scimtoken.Secret{}
		w.adopt()
		_, _, err := ensure()
		wantError(t, "Ensure", err, scimtoken.ErrNoSecret, "tokens/token-a: the record has this token without its secret", "Adopt the token with its secret, or rotate it")
		w.idp.secret = iamscim.NewSecret("s")
		w.adopt()
		if got, secret, err := ensure(); err != nil || got != name(t, "token-a") || secret.Reveal() != "s" {
			t.Errorf("Ensure after Adopt = %v, %v", got, err)
		}
	})
	in("the current token is deleted", nil, nil, func(t *testing.T, w *world, ensure func() (scimtoken.Name, scimtoken.Secret, error)) {
		first, _, err := ensure()
		if err != nil {
			t.Fatal(err)
		}
		if err := w.client().Delete(t.Context(), first); err != nil {
			t.Fatal(err)
		}
		_, _, err = ensure()
		wantError(t, "Ensure", err, iamscim.ErrFailedPrecondition, "the current token is DELETED", "rotate it")
	})
	in("another call is at work", nil, nil, func(t *testing.T, w *world, ensure func() (scimtoken.Name, scimtoken.Secret, error)) {
		b := w.runner("B", nil)
		b.job = ensureJob
		b.to(6) // it has reserved a name
		_, _, err := ensure()
		wantError(t, "Ensure", err, scimtoken.ErrRotationInProgress, "another call is at work: ", " since 2000-01-01T00:00:00Z", "wait until 2000-01-01T00:10:00Z")
		b.to(0)
		if got, _, err := ensure(); err != nil || got != b.result.New {
			t.Errorf("Ensure = %v, %v, want %v", got, err, b.result.New)
		}
	})
	in("a rotation has a stored next token", nil, nil, func(t *testing.T, w *world, ensure func() (scimtoken.Name, scimtoken.Secret, error)) {
		r := w.runner("rotation", func(req *scimtoken.RotateRequest) {
			req.Verify = func(context.Context, scimtoken.Secret) error { return errors.New("no role yet") }
		})
		if r.to(0); r.err == nil || !strings.Contains(r.err.Error(), "verify: no role yet") {
			t.Fatalf("Rotate = %v", r.err)
		}
		next := w.view().Next
		if got, secret, err := ensure(); err != nil || got != next || !w.works(secret) {
			t.Errorf("Ensure = %v, %v, want the stored %v", got, err, next)
		}
	})
}

// client is one without points.
func (w *world) client() *scimtoken.Client {
	w.t.Helper()
	client, err := scimtoken.NewClient(w.t.Context(), w.srv.PipeClientOptions()...)
	if err != nil {
		w.t.Fatal(err)
	}
	return client
}
