package scimtoken_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/api/iam/v1"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/scimtest"
	"github.com/iamscim/iamscim/scimtoken"
)

// inWorld runs a test in a world with the token token-a, which the record has if
// adopted is set.
func inWorld(t *testing.T, name string, adopted bool, test func(t *testing.T, w *world)) {
	t.Helper()
	t.Run(name, func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, nil, "token-a")
			if adopted {
				w.adopt()
			}
			test(t, w)
			for _, r := range w.runners {
				if r.running() {
					r.die()
				}
			}
			if w.wrong != "" {
				t.Error(w.wrong)
			}
		})
	})
}

// complete is a call that must succeed.
func (w *world) complete(change func(*scimtoken.RotateRequest)) *scimtoken.Rotation {
	w.t.Helper()
	r := w.runner("complete", change)
	if r.to(0); r.err != nil {
		w.t.Fatalf("Rotate = %v", r.err)
	}
	return r.result
}

func byHand(req *scimtoken.RotateRequest) { req.Cutover = nil }

// TestRotate: what a call does and returns.
func TestRotate(t *testing.T) {
	t.Parallel()
	old := name(t, "token-a")
	inWorld(t, "with a cutover", true, func(t *testing.T, w *world) {
		first := w.idp
		got := w.complete(nil)
		if got.Old != old || got.New != w.idp.name || got.Secret.Reveal() != w.idp.secret.Reveal() || got.Resumed || !got.Done || w.idp.name == first.name {
			t.Errorf("Rotate = %+v", got)
		}
		w.finished("at the end")
		if w.works(first.secret) {
			t.Error("the old token still authenticates")
		}
		var changes []string
		for _, r := range w.srv.Requests() {
			if r.Method != "GET" {
				changes = append(changes, r.Method)
			}
		}
		if want := []string{"POST", "DELETE"}; !slices.Equal(changes, want) {
			t.Errorf("Rotate sent %v, want %v", changes, want)
		}
	})
	inWorld(t, "the first rotation of a tenant without a token", false, func(t *testing.T, w *world) {
		if err := w.client().Delete(t.Context(), old); err != nil {
			t.Fatal(err)
		}
		w.idp = credential{}
		if got := w.complete(nil); !got.Old.IsZero() || !got.Done {
			t.Errorf("Rotate = %+v", got)
		}
		w.finished("at the end")
	})
	inWorld(t, "without a cutover", true, func(t *testing.T, w *world) {
		first := w.hand(nil)
		if first.Old != old || first.Resumed || first.Done || !w.works(first.Secret) || !w.works(w.idp.secret) {
			t.Errorf("Rotate = %+v, want both valid", first)
		}
		// The next call finds it and creates nothing.
		w.srv.ClearRequests()
		again := w.hand(nil)
		if again.New != first.New || again.Secret.Reveal() != first.Secret.Reveal() || !again.Resumed || again.Done {
			t.Errorf("Rotate again = %+v, want %s resumed", again, first.New.ID())
		}
		for _, r := range w.srv.Requests() {
			if r.Method != "GET" {
				t.Errorf("Rotate again sent %s %s", r.Method, r.Path)
			}
		}
		// InUse that names the old one changes nothing of that.
		if still := w.hand(func(req *scimtoken.RotateRequest) { req.InUse = old }); still.New != first.New || still.Done {
			t.Errorf("Rotate(InUse old) = %+v", still)
		}
		w.idp = credential{first.New, first.Secret}
		done := w.hand(func(req *scimtoken.RotateRequest) { req.InUse = first.New })
		if done.New != first.New || done.Old != old || !done.Resumed || !done.Done {
			t.Errorf("Rotate(InUse new) = %+v", done)
		}
		w.finished("at the end")
	})
	inWorld(t, "a predecessor is left", true, func(t *testing.T, w *world) {
		a := w.runner("A", nil)
		a.next("DELETE token-a")
		a.die()
		time.Sleep(11 * time.Minute)
		made := w.idp.name
		if got := w.complete(nil); got.New != made || got.Old != old || !got.Resumed || !got.Done {
			t.Errorf("Rotate = %+v, want the rotation to %s completed and no other begun", got, made.ID())
		}
		w.finished("at the end")
	})
	inWorld(t, "a predecessor that isn't found holds up nothing", true, func(t *testing.T, w *world) {
		w.srv.Fail(scimtest.Fault{Method: "DELETE", Status: 404, Times: 100})
		w.srv.Fail(scimtest.Fault{Method: "GET", Path: "tokens/token-a", Status: 404, Times: 100})
		begin := time.Now()
		first := w.complete(nil)
		if took := time.Since(begin); !first.Done || took < time.Minute || took > 3*time.Minute {
			t.Errorf("Rotate = %+v after %v, want it done after the time of replication", first, took)
		}
		if v := w.view(); !slices.Equal(v.Retire, []scimtoken.Name{old}) {
			t.Errorf("Retire is %v, want %v kept", v.Retire, old)
		}
		w.srv.ClearFaults()
		if second := w.complete(nil); second.Resumed || second.Old != first.New {
			t.Errorf("Rotate again = %+v, want another rotation", second)
		}
		w.finished("at the end")
	})
	inWorld(t, "Replaces stays in the configuration", false, func(t *testing.T, w *world) {
		replaces := func(req *scimtoken.RotateRequest) { req.Replaces = old }
		if got := w.complete(replaces); got.Old != old || !got.Done {
			t.Errorf("Rotate = %+v", got)
		}
		second := w.complete(replaces)
		if second.Old == old || !second.Done {
			t.Errorf("Rotate again = %+v", second)
		}
		w.finished("at the end")
	})
	inWorld(t, "the next token was deleted", true, func(t *testing.T, w *world) {
		first := w.hand(nil)
		if err := w.client().Delete(t.Context(), first.New); err != nil {
			t.Fatal(err)
		}
		if got := w.complete(nil); got.New == first.New || got.Resumed || got.Old != old {
			t.Errorf("Rotate = %+v, want a new token", got)
		}
		w.finished("at the end")
	})
	inWorld(t, "the next token isn't found", true, func(t *testing.T, w *world) {
		first := w.hand(nil)
		w.srv.Fail(scimtest.Fault{Method: "GET", Path: "tokens/" + first.New.ID(), Status: 404, Times: 100})
		begin := time.Now()
		if got := w.complete(nil); got.New == first.New || got.Resumed {
			t.Errorf("Rotate = %+v, want a new token", got)
		}
		if took := time.Since(begin); took < time.Minute {
			t.Errorf("the token was given up after %v, want the time of replication", took)
		}
		w.finished("at the end")
	})
	inWorld(t, "the next token may not be read", true, func(t *testing.T, w *world) {
		first := w.hand(nil)
		w.srv.Fail(scimtest.Fault{Method: "GET", Path: "tokens/" + first.New.ID(), Status: 403, Times: 100})
		r := w.runner("A", nil)
		r.to(0)
		wantError(t, "Rotate", r.err, iamscim.ErrPermissionDenied, first.New.String())
		if !slices.Contains(w.active(), first.New.ID()) {
			t.Errorf("%s is gone", first.New.ID())
		}
	})
	inWorld(t, "what is left of an abandoned token goes after 10 minutes", true, func(t *testing.T, w *world) {
		a := w.runner("A", nil)
		a.next("POST tokens")
		a.die() // nothing was sent
		abandoned := w.view().Next
		time.Sleep(11 * time.Minute)
		w.complete(nil)
		if v := w.view(); !slices.Equal(v.Retire, []scimtoken.Name{abandoned}) {
			t.Errorf("Retire is %v, want %v", v.Retire, abandoned)
		}
		time.Sleep(9 * time.Minute)
		w.complete(nil)
		if v := w.view(); !slices.Equal(v.Retire, []scimtoken.Name{abandoned}) {
			t.Errorf("Retire 9 minutes later is %v, want %v", v.Retire, abandoned)
		}
		time.Sleep(time.Minute)
		w.complete(nil)
		if v := w.view(); len(v.Retire) > 0 {
			t.Errorf("Retire 10 minutes later is %v, want none", v.Retire)
		}
		w.finished("at the end")
	})
	inWorld(t, "a token that never authenticates is replaced once it's deleted", true, func(t *testing.T, w *world) {
		never := func(req *scimtoken.RotateRequest) {
			req.Verify = func(context.Context, scimtoken.Secret) error { return errors.New("401") }
		}
		for range 2 {
			r := w.runner("A", never)
			if r.to(0); r.err == nil {
				t.Fatal("Rotate = nil, want the error of Verify")
			}
		}
		bad := w.view().Next
		if err := w.client().Delete(t.Context(), bad); err != nil {
			t.Fatal(err)
		}
		if got := w.complete(nil); got.New == bad {
			t.Errorf("Rotate = %+v, want another token", got)
		}
		w.finished("at the end")
	})
}

// hand is a call without a cutover.
func (w *world) hand(change func(*scimtoken.RotateRequest)) *scimtoken.Rotation {
	w.t.Helper()
	req := w.runner("by hand", nil).request()
	byHand(&req)
	if change != nil {
		change(&req)
	}
	got, err := w.client().Rotate(w.t.Context(), req)
	if err != nil {
		w.t.Fatalf("Rotate = %v", err)
	}
	return got
}

// TestLease: a caller keeps away for the time of the lease by the service's
// clock, whatever the local clock says.
func TestLease(t *testing.T) {
	t.Parallel()
	for _, skew := range []time.Duration{-time.Hour, 0, time.Hour} {
		for _, lease := range []time.Duration{0, time.Minute} {
			t.Run(skew.String()+" "+lease.String(), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					w := newWorld(t, skewed(skew)(), "token-a").adopt()
					change := func(req *scimtoken.RotateRequest) { req.Lease = lease }
					a := w.runner("A", change)
					a.next("verify")
					begun := time.Now()
					term := lease
					if term == 0 {
						term = 10 * time.Minute
					}
					for _, early := range []time.Duration{0, term / 2, term - time.Second} {
						time.Sleep(time.Until(begun.Add(early)))
						b := w.runner("B", change)
						b.to(0)
						wantError(t, "Rotate within the lease", b.err, scimtoken.ErrRotationInProgress, begun.Add(skew+term).UTC().Format(time.RFC3339))
					}
					time.Sleep(time.Until(begun.Add(term)))
					b := w.runner("B", change)
					if b.to(0); b.err != nil || !b.result.Resumed {
						t.Errorf("Rotate at the end of the lease = %+v, %v", b.result, b.err)
					}
					if a.to(0); a.ending() != "taken over" {
						t.Errorf("the first call = %v, want it taken over", a.err)
					}
					w.finished("at the end")
					if w.wrong != "" {
						t.Error(w.wrong)
					}
				})
			})
		}
	}
	inWorld(t, "each step renews it", true, func(t *testing.T, w *world) {
		a := w.runner("A", func(req *scimtoken.RotateRequest) {
			verify := req.Verify
			req.Verify = func(ctx context.Context, s scimtoken.Secret) error {
				time.Sleep(9 * time.Minute) // no request meanwhile
				return verify(ctx, s)
			}
		})
		a.next("cutover")
		time.Sleep(9 * time.Minute)
		b := w.runner("B", nil)
		b.to(0)
		wantError(t, "Rotate", b.err, scimtoken.ErrRotationInProgress)
	})
	inWorld(t, "TakeOver doesn't wait", true, func(t *testing.T, w *world) {
		a := w.runner("A", nil)
		a.next("verify")
		if got := w.complete(func(req *scimtoken.RotateRequest) { req.TakeOver = true }); !got.Resumed {
			t.Errorf("Rotate = %+v", got)
		}
	})
	inWorld(t, "a reply without a date", true, func(t *testing.T, w *world) {
		w.srv.Fail(scimtest.Fault{Method: "GET", Path: "scimTenants/main", AfterCommit: true, Status: 200, Header: map[string][]string{"Date": {"yesterday"}}})
		r := w.runner("A", nil)
		r.to(0)
		wantError(t, "Rotate", r.err, iamscim.ErrBadReply, "the reply has no Date that can be read")
	})
}

// TestRetire: nothing is deleted unless the token to keep is the record's and
// active.
func TestRetire(t *testing.T) {
	t.Parallel()
	old := name(t, "token-a")
	inWorld(t, "the new token", true, func(t *testing.T, w *world) {
		got := w.hand(nil)
		w.idp = credential{got.New, got.Secret}
		for range 2 { // it can be repeated
			if err := w.client().Retire(t.Context(), tenantName(t), &w.store, got.New); err != nil {
				t.Errorf("Retire = %v", err)
			}
		}
		w.finished("at the end")
	})
	inWorld(t, "refused", true, func(t *testing.T, w *world) {
		got := w.hand(nil)
		retire := func(n scimtoken.Name) error { return w.client().Retire(t.Context(), tenantName(t), &w.store, n) }
		wantError(t, "Retire(stranger)", retire(name(t, "token-b")), scimtoken.ErrUnknownToken, "token-b isn't a token of the record; its tokens are token-a and "+got.New.ID())
		if err := retire(old); err != nil {
			t.Errorf("Retire(the current one) = %v, want nil and nothing done", err)
		}
		if err := w.client().Delete(t.Context(), got.New); err != nil {
			t.Fatal(err)
		}
		wantError(t, "Retire(deleted)", retire(got.New), iamscim.ErrFailedPrecondition, "the token is DELETED", "nothing was changed")
		if !slices.Equal(w.active(), []string{"token-a"}) {
			t.Errorf("%v are active, want token-a", w.active())
		}
	})
	inWorld(t, "a predecessor is left", true, func(t *testing.T, w *world) {
		a := w.runner("A", nil)
		a.next("DELETE token-a")
		a.die()
		time.Sleep(11 * time.Minute)
		wantError(t, "Retire(the predecessor)", w.client().Retire(t.Context(), tenantName(t), &w.store, old), scimtoken.ErrUnknownToken, "token-a is about to be deleted")
		if err := w.client().Retire(t.Context(), tenantName(t), &w.store, w.idp.name); err != nil {
			t.Errorf("Retire = %v", err)
		}
		w.finished("at the end")
	})
	inWorld(t, "a reserved name", true, func(t *testing.T, w *world) {
		a := w.runner("A", nil)
		a.next("POST tokens")
		a.die()
		time.Sleep(11 * time.Minute)
		err := w.client().Retire(t.Context(), tenantName(t), &w.store, w.view().Next)
		wantError(t, "Retire", err, scimtoken.ErrUnknownToken)
	})
}

// TestAdopt: what Adopt takes in, and what it refuses.
func TestAdopt(t *testing.T) {
	t.Parallel()
	secret := iamscim.NewSecret("from the vault")
	adopt := func(t *testing.T, w *world, id string, s scimtoken.Secret) error {
		return w.client().Adopt(t.Context(), tenantName(t), &w.store, name(t, id), s)
	}
	inWorld(t, "one of two", false, func(t *testing.T, w *world) {
		seed(t, w.srv, "token-b")
		for range 2 {
			if err := adopt(t, w, "token-a", secret); err != nil {
				t.Fatal(err)
			}
		}
		if v := w.view(); v.Current.ID() != "token-a" || v.CurrentSecret.Reveal() != "from the vault" || !v.Until.IsZero() {
			t.Errorf("the record is %+v", v)
		}
		// Without a secret it keeps the one it has.
		if err := adopt(t, w, "token-a", scimtoken.Secret{}); err != nil || w.view().CurrentSecret.IsZero() {
			t.Errorf("Adopt without a secret = %v, record %+v", err, w.view())
		}
		wantError(t, "Adopt(another)", adopt(t, w, "token-b", secret), iamscim.ErrFailedPrecondition, "the record's current token is token-a", "nothing was changed")
		if err := w.client().Delete(t.Context(), name(t, "token-a")); err != nil {
			t.Fatal(err)
		}
		if err := adopt(t, w, "token-b", secret); err != nil {
			t.Errorf("Adopt in the place of a deleted one = %v", err)
		}
		if v := w.view(); v.Current.ID() != "token-b" {
			t.Errorf("the record is %+v", v)
		}
	})
	inWorld(t, "refused", false, func(t *testing.T, w *world) {
		wantError(t, "Adopt(no such token)", adopt(t, w, "token-x", secret), iamscim.ErrNotFound, "tokens/token-x")
		seed(t, w.srv, "token-b")
		if err := w.client().Delete(t.Context(), name(t, "token-b")); err != nil {
			t.Fatal(err)
		}
		wantError(t, "Adopt(deleted)", adopt(t, w, "token-b", secret), iamscim.ErrFailedPrecondition, "the token is DELETED")
		w.adopt()
		got := w.hand(nil)
		wantError(t, "Adopt(the next one)", adopt(t, w, got.New.ID(), got.Secret), iamscim.ErrFailedPrecondition, "it is the record's next token", "Retire makes it the current one")
		a := w.runner("A", nil)
		a.next("DELETE token-a")
		a.die()
		time.Sleep(11 * time.Minute)
		wantError(t, "Adopt(the predecessor)", adopt(t, w, "token-a", secret), iamscim.ErrFailedPrecondition, "it is about to be deleted")
	})
	inWorld(t, "a name that isn't visible yet", false, func(t *testing.T, w *world) {
		if _, err := w.srv.AddToken(&iam.WorkforcePoolProviderScimToken{Name: tenantText + "/tokens/token-b"}); err != nil {
			t.Fatal(err)
		}
		w.srv.Fail(scimtest.Fault{Method: "GET", Path: "tokens/token-b", Status: 404, Times: 3})
		if err := adopt(t, w, "token-b", secret); err != nil {
			t.Errorf("Adopt = %v", err)
		}
	})
}

// TestCreated: the time in an id that the SDK chose.
func TestCreated(t *testing.T) {
	t.Parallel()
	if at, ok := name(t, "r20261123t0803-abcd2345").Created(); !ok || !at.Equal(time.Date(2026, 11, 23, 8, 3, 0, 0, time.UTC)) {
		t.Errorf("Created = %v, %v", at, ok)
	}
	if at, ok := name(t, "token-a").Created(); ok || !at.IsZero() {
		t.Errorf("Created of an id of somebody else = %v, %v", at, ok)
	}
	if at, ok := (scimtoken.Name{}).Created(); ok || !at.IsZero() {
		t.Errorf("Created of no name = %v, %v", at, ok)
	}
}
