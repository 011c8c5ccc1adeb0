package scimtoken_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/iamscim/iamscim/scimtoken"
)

// TestOvertaken: a call stops at any of its points, others complete two rotations,
// and it goes on with what it knew. The record, the identity provider and the
// service agree all the same.
func TestOvertaken(t *testing.T) {
	t.Parallel()
	stored := func(w *world) { // a next token, by a call that died
		r := w.runner("dead", nil)
		r.next("verify")
		r.die()
		time.Sleep(11 * time.Minute)
	}
	left := func(w *world) { // a predecessor
		r := w.runner("dead", nil)
		r.next("DELETE token-a")
		r.die()
		time.Sleep(11 * time.Minute)
	}
	for _, tt := range []struct {
		name    string
		tokens  []string
		adopted bool
		prepare func(w *world)
		job     func(r *runner)
		change  func(req *scimtoken.RotateRequest)
	}{
		{name: "Ensure", job: ensureJob},
		{name: "Ensure with a stored token", job: ensureJob, prepare: stored},
		{name: "Adopt", tokens: []string{"token-a"}, job: func(r *runner) {
			r.err = r.client().Adopt(r.ctx, tenantName(r.w.t), r, name(r.w.t, "token-a"), scimtoken.Secret{})
		}},
		{name: "Retire", tokens: []string{"token-a"}, adopted: true, prepare: func(w *world) {
			got := w.hand(nil)
			w.idp = credential{got.New, got.Secret}
		}, job: retireJob},
		{name: "Retire with a predecessor", tokens: []string{"token-a"}, adopted: true, prepare: left, job: retireJob},
		{name: "Rotate with a predecessor", tokens: []string{"token-a"}, adopted: true, prepare: left, job: rotateJob},
		{name: "Rotate by hand", tokens: []string{"token-a"}, adopted: true, job: func(r *runner) {
			req := r.request()
			req.Cutover = nil
			r.result, r.err = r.client().Rotate(r.ctx, req)
		}},
		{name: "Rotate", tokens: []string{"token-a"}, adopted: true, job: rotateJob},
		{name: "Rotate with a stored token", tokens: []string{"token-a"}, adopted: true, prepare: stored, job: rotateJob},
		{name: "Rotate, and Verify fails", tokens: []string{"token-a"}, adopted: true, job: rotateJob, change: func(req *scimtoken.RotateRequest) {
			verify := req.Verify
			req.Verify = func(ctx context.Context, s scimtoken.Secret) error {
				return errors.Join(verify(ctx, s), errors.New("and yet it fails"))
			}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var ends tally
			for i, more := 1, true; more; i++ {
				synctest.Test(t, func(t *testing.T) {
					w := newWorld(t, nil, tt.tokens...)
					if tt.adopted {
						w.adopt()
					}
					if tt.prepare != nil {
						tt.prepare(w)
					}
					a := w.runner("A", tt.change)
					a.job = tt.job
					more = a.to(i)
					change := func(req *scimtoken.RotateRequest) {
						req.TakeOver = true
						if len(tt.tokens) > 0 {
							req.Replaces = name(t, "token-a")
						}
					}
					w.complete(change)
					w.complete(change)
					if more {
						a.to(0)
					}
					ends.add(a.ending())
					if v := w.view(); v.Current != w.idp.name {
						w.fault("the identity provider has %s, the record %s", w.idp.name.ID(), v.Current.ID())
					}
					for _, id := range w.active() {
						if v := w.view(); id != v.Current.ID() && id != v.Next.ID() {
							w.fault("nobody has %s, which is active", id)
						}
					}
					w.complete(change) // what A began since
					w.finished("at the end")
					if w.wrong != "" {
						t.Errorf("A stops at %d: %s", i, w.wrong)
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

// retireJob retires all but the token that the identity provider uses.
func retireJob(r *runner) {
	r.result = &scimtoken.Rotation{New: r.w.idp.name}
	r.err = r.client().Retire(r.ctx, tenantName(r.w.t), r, r.w.idp.name)
}

// TestReleaseOvertaken: a call can't read its first swap back, learns that it was
// made when it gives the lease up, and is taken over before it tries again.
func TestReleaseOvertaken(t *testing.T) {
	t.Parallel()
	inWorld(t, "once", true, func(t *testing.T, w *world) {
		broken := errors.New("vault sealed")
		a := w.runner("A", nil)
		a.storeFault = func(_ string, n int) error {
			if n == 3 {
				return broken
			}
			return nil
		}
		a.next("swap") // accesses 2 and 3
		a.next("swap") // 4 and 5: refused, the version is another
		a.next("swap") // to give up what was made
		w.complete(func(req *scimtoken.RotateRequest) { req.TakeOver = true })
		if a.to(0); !errors.Is(a.err, scimtoken.ErrRotationInProgress) {
			t.Errorf("A %s: %v", a.ending(), a.err)
		}
		w.finished("at the end")
	})
}
