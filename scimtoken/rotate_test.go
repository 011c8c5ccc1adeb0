package scimtoken_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/api/iam/v1"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/scimtest"
	"github.com/iamscim/iamscim/scimtoken"
)

// The scenes in which a rotation begins. An SDK-made id of long ago is the
// token of an earlier rotation.
const earlier = "r19991101t0803-abcd2345"

var scenes = []struct {
	name   string
	stored string
	tokens []string
}{
	{"no token", "", nil},
	{"one token, made by hand", "token-a", []string{"token-a"}},
	{"one token, made by a rotation", earlier, []string{earlier}},
	{"two tokens, the newer never stored", "token-a", []string{"token-a", earlier}},
	{"two tokens, the newer stored and not yet used", "r19991201t0000-bbbbbbbb", []string{earlier, "r19991201t0000-bbbbbbbb"}},
	{"two tokens of rotations, the newer never stored", earlier, []string{earlier, "r19991201t0000-bbbbbbbb"}},
	{"one token, and the store is empty", "", []string{"token-a"}},
}

// TestRotateInterrupted: the process dies between any two requests and in any
// callback. The persisted token and that of the identity provider work then,
// and running the job again finishes it.
func TestRotateInterrupted(t *testing.T) {
	t.Parallel()
	callbacks := []string{
		"before Persist", "after Persist", "before Verify", "after Verify", "before Cutover", "after Cutover",
		"before the hand-over", "after the hand-over",
	}
	var points atomic.Int32
	t.Cleanup(func() { t.Logf("died at %d places", points.Load()) })
	for _, scene := range scenes {
		for _, cutover := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, cutover %v", scene.name, cutover), func(t *testing.T) {
				t.Parallel()
				interrupt := func(label string, arm func(*world)) (crashed bool) {
					synctest.Test(t, func(t *testing.T) {
						w := newWorld(t, scene.stored, scene.tokens...)
						defer w.srv.Close()
						arm(w)
						var err error
						crashed, err = w.run(t, cutover)
						if err != nil {
							t.Fatalf("%s: Rotate = %v", label, err)
						}
						w.check(t, label)
						w.crashAt, w.callback = 0, ""
						if crashed {
							points.Add(1)
						}
						if !crashed {
							w.finished(t)
							return
						}
						// The rotation that follows is another day's.
						time.Sleep(24 * time.Hour)
						_, err = w.run(t, cutover)
						if scene.stored == "" && len(scene.tokens) == 1 && err != nil {
							// The store knows neither of two tokens: no
							// program can tell which one is in use.
							wantError(t, label+", run again: Rotate", err, scimtoken.ErrTokenLimit, "token-a", "r20000101", "the store holds neither")
							w.check(t, label+", run again")
							return
						}
						if err != nil {
							t.Fatalf("%s, run again: Rotate = %v", label, err)
						}
						w.finished(t)
					})
					return crashed
				}
				for n := 1; ; n++ {
					before := interrupt(fmt.Sprintf("dead before request %d", n), func(w *world) { w.crashAt = n })
					after := interrupt(fmt.Sprintf("dead after request %d", n), func(w *world) { w.crashAt, w.afterward = n, true })
					if before != after {
						t.Errorf("request %d: crashed before it %v and after it %v", n, before, after)
					}
					if !before {
						if n < 4 {
							t.Errorf("the rotation took %d requests only", n-1)
						}
						break
					}
				}
				for _, place := range callbacks {
					if strings.Contains(place, "utover") && !cutover || strings.Contains(place, "hand-over") && cutover ||
						strings.Contains(place, "Persist") && scene.name == "two tokens, the newer stored and not yet used" {
						continue // the job does not come there
					}
					if !interrupt("dead "+place, func(w *world) { w.callback = place }) {
						t.Errorf("the job did not come to the place %q", place)
					}
				}
			})
		}
	}
}

// TestRotateLostReplies: the reply to any one request is lost, and the rotation
// finishes by itself.
func TestRotateLostReplies(t *testing.T) {
	t.Parallel()
	for _, scene := range scenes {
		t.Run(scene.name, func(t *testing.T) {
			t.Parallel()
			for n := range 12 {
				synctest.Test(t, func(t *testing.T) {
					w := newWorld(t, scene.stored, scene.tokens...)
					defer w.srv.Close()
					w.transport.DisableKeepAlives = true // net/http repeats no GET then
					w.srv.Fail(scimtest.Fault{Path: "/v1/locations/*/workforcePools/*/providers/*/scimTenants/*/tokens", Skip: n, Kind: scimtest.FaultClose, AfterCommit: true})
					if _, err := w.run(t, true); err != nil {
						t.Fatalf("reply %d of the collection lost: Rotate = %v", n+1, err)
					}
					w.finished(t)
				})
				synctest.Test(t, func(t *testing.T) {
					w := newWorld(t, scene.stored, scene.tokens...)
					defer w.srv.Close()
					w.transport.DisableKeepAlives = true
					w.srv.Fail(scimtest.Fault{Path: "tokens/*", Skip: n, Kind: scimtest.FaultClose, AfterCommit: true})
					if _, err := w.run(t, true); err != nil {
						t.Fatalf("reply %d about a token lost: Rotate = %v", n+1, err)
					}
					w.finished(t)
				})
			}
		})
	}
}

// TestRotateCallbacksFail: what each failing callback leaves behind, and that
// the job run again finishes.
func TestRotateCallbacksFail(t *testing.T) {
	t.Parallel()
	broken := errors.New("vault sealed")
	tests := []struct {
		name   string
		change func(*world, *scimtoken.RotateRequest)
		faults []scimtest.Fault
		active int      // tokens afterwards
		made   bool     // a Rotation comes with the error
		want   []string // parts of the error
	}{
		{name: "Persist fails", change: func(w *world, r *scimtoken.RotateRequest) {
			r.Persist = func(context.Context, scimtoken.Name, scimtoken.Secret) error { return broken }
		}, active: 1, want: []string{"persist: vault sealed", "the new token was deleted and the old one is untouched"}},
		{name: "Persist fails, without Persisted", change: func(w *world, r *scimtoken.RotateRequest) {
			r.Persist, r.Persisted = func(context.Context, scimtoken.Name, scimtoken.Secret) error { return broken }, nil
		}, active: 1, want: []string{"persist: vault sealed", "the new token was deleted"}},
		{name: "Persist stores and fails", change: func(w *world, r *scimtoken.RotateRequest) {
			persist := r.Persist
			r.Persist = func(ctx context.Context, n scimtoken.Name, s scimtoken.Secret) error {
				return errors.Join(broken, persist(ctx, n, s))
			}
		}, active: 2, want: []string{"was stored all the same and is valid"}},
		{name: "Persist fails and then the store too", change: func(w *world, r *scimtoken.RotateRequest) {
			calls := 0
			persisted := r.Persisted
			r.Persist = func(context.Context, scimtoken.Name, scimtoken.Secret) error { return broken }
			r.Persisted = func(ctx context.Context) (scimtoken.Name, scimtoken.Secret, error) {
				if calls++; calls > 1 {
					return scimtoken.Name{}, scimtoken.Secret{}, errors.New("connection lost")
				}
				return persisted(ctx)
			}
		}, active: 2, want: []string{"it could not be found out whether the new token was stored"}},
		{name: "Persist fails and the new token cannot be deleted", change: func(w *world, r *scimtoken.RotateRequest) {
			r.Persist = func(context.Context, scimtoken.Name, scimtoken.Secret) error { return broken }
		}, faults: []scimtest.Fault{{Method: "DELETE", Status: 403}}, active: 2, want: []string{"persist: vault sealed", "nobody has its secret"}},
		{name: "the store cannot be read", change: func(w *world, r *scimtoken.RotateRequest) {
			r.Persisted = func(context.Context) (scimtoken.Name, scimtoken.Secret, error) {
				return scimtoken.Name{}, scimtoken.Secret{}, broken
			}
		}, active: 1, want: []string{"persisted: vault sealed"}},
		{name: "Verify fails", change: func(w *world, r *scimtoken.RotateRequest) {
			r.Verify = func(context.Context, scimtoken.Secret) error { return errors.New("401") }
		}, active: 2, want: []string{"verify: 401", "the old one is still valid", "run the rotation again"}},
		{name: "Cutover fails", change: func(w *world, r *scimtoken.RotateRequest) {
			r.Cutover = func(context.Context) error { return errors.New("no such app") }
		}, active: 2, made: true, want: []string{"cutover: no such app", "both tokens are valid"}},
		{name: "the retirement fails", change: func(*world, *scimtoken.RotateRequest) {},
			faults: []scimtest.Fault{{Method: "DELETE", Status: 403}}, active: 2, made: true, want: []string{"scimtoken: delete", "permission denied"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, "token-a", "token-a")
				defer w.srv.Close()
				for _, f := range tt.faults {
					w.srv.Fail(f)
				}
				req := w.request(t, true)
				tt.change(w, &req)
				r, err := w.client(t).Rotate(t.Context(), req)
				if err == nil || (r != nil) != tt.made {
					t.Fatalf("Rotate = %+v, %v, want a Rotation: %v", r, err, tt.made)
				}
				var typed *iamscim.Error
				if !errors.As(err, &typed) || typed.Remedy == "" {
					t.Errorf("Rotate = %v, want an *iamscim.Error with a remedy", err)
				}
				for _, part := range tt.want {
					if !strings.Contains(err.Error(), part) {
						t.Errorf("Rotate = %v, want %q in it", err, part)
					}
				}
				w.check(t, "after the failure")
				active := w.active()
				if len(active) != tt.active {
					t.Errorf("%v are active, want %d", active, tt.active)
				}
				if !slices.Contains(active, w.idp.name.ID()) {
					t.Errorf("%v are active, without the one in use", active)
				}
				// A token that nobody has is named.
				for _, id := range active {
					if id != "token-a" && id != w.store.name.ID() && !strings.Contains(err.Error(), id) {
						t.Errorf("Rotate = %v, want the token %s named, which nobody has", err, id)
					}
				}
				w.srv.ClearFaults()
				time.Sleep(24 * time.Hour)
				if _, err := w.run(t, true); err != nil {
					t.Fatalf("run again: Rotate = %v", err)
				}
				w.finished(t)
			})
		})
	}
}

// TestRotateCancelledInPersist: the token that was not stored is deleted
// although ctx has ended.
func TestRotateCancelledInPersist(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "token-a", "token-a")
		defer w.srv.Close()
		ctx, cancel := context.WithCancel(t.Context())
		req := w.request(t, true)
		req.Persist = func(ctx context.Context, _ scimtoken.Name, _ scimtoken.Secret) error { cancel(); return ctx.Err() }
		_, err := w.client(t).Rotate(ctx, req)
		if !errors.Is(err, context.Canceled) {
			t.Errorf("Rotate = %v, want context.Canceled", err)
		}
		if got := w.active(); !slices.Equal(got, []string{"token-a"}) {
			t.Errorf("%v are active, want token-a alone", got)
		}
	})
}

// TestRotateRefuses: where it is not certain which token is in use, nothing is
// changed and both are named.
func TestRotateRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, stored string
		tokens       []string
		want         []string
		noPersisted  bool
	}{
		{name: "two made by hand", stored: "token-a", tokens: []string{"token-a", "token-b"}, want: []string{"token-a or token-b", "not certain which one is in use"}},
		{name: "the store holds neither", stored: "", tokens: []string{"token-a", "token-b"}, want: []string{"token-a or token-b", "the store holds neither"}},
		{name: "the store holds neither of two of rotations", stored: "", tokens: []string{earlier, "r19991201t0000-bbbbbbbb"}, want: []string{earlier, "the store holds neither"}},
		{name: "nobody knows what the store holds", stored: "token-a", tokens: []string{"token-a", earlier}, want: []string{"token-a", earlier}, noPersisted: true},
		{name: "two of the same minute", stored: "r19991101t0803-bbbbbbbb", tokens: []string{earlier, "r19991101t0803-bbbbbbbb"}, want: []string{earlier, "not certain"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, tt.stored, tt.tokens...)
				defer w.srv.Close()
				req := w.request(t, true)
				if tt.noPersisted {
					req.Persisted = nil
				}
				r, err := w.client(t).Rotate(t.Context(), req)
				if r != nil {
					t.Errorf("Rotate = %+v with %v", r, err)
				}
				wantError(t, "Rotate", err, scimtoken.ErrTokenLimit, append(tt.want, "nothing was changed", tenantText)...)
				if got := w.active(); len(got) != 2 {
					t.Errorf("%v are active, want both", got)
				}
				for _, request := range w.srv.Requests() {
					if request.Method != http.MethodGet {
						t.Errorf("Rotate sent %s %s", request.Method, request.Path)
					}
				}
			})
		})
	}
	t.Run("a stored token without its secret", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, "r19991201t0000-bbbbbbbb", earlier, "r19991201t0000-bbbbbbbb")
			defer w.srv.Close()
			w.store.secret = scimtoken.Secret{}
			_, err := w.client(t).Rotate(t.Context(), w.request(t, true))
			wantError(t, "Rotate", err, iamscim.ErrInvalidArgument, "Persisted: must return the secret with the name")
		})
	})
}

// TestRotateUnderLag: the replicas are 80 s behind at every step.
func TestRotateUnderLag(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "token-a", "token-a")
		w.srv.Close()
		w.srv = scimtest.New(scimtest.WithSyncerGranted(), scimtest.WithReplicationLag(80*time.Second))
		defer w.srv.Close()
		prepare(t, w.srv)
		w.transport = w.srv.PipeHTTPClient().Transport.(*http.Transport)
		w.base = "http://127.0.0.1" + w.srv.State().Tenants[0].BaseUri[strings.Index(w.srv.State().Tenants[0].BaseUri, "/v1alpha1"):]
		w.idp = credential{name(t, "token-a"), seed(t, w.srv, "token-a")[0]}
		w.store = w.idp
		req := w.request(t, true)
		verify, checks := req.Verify, 0
		req.Verify = func(ctx context.Context, s scimtoken.Secret) error {
			for verify(ctx, s) != nil {
				checks++
				time.Sleep(10 * time.Second)
			}
			return nil
		}
		begin := time.Now()
		if _, err := w.client(t).Rotate(t.Context(), req); err != nil {
			t.Fatalf("Rotate = %v", err)
		}
		if took := time.Since(begin); took > 80*time.Second+32*time.Second+10*time.Second {
			t.Errorf("Rotate took %v", took)
		}
		time.Sleep(80 * time.Second)
		w.finished(t)
	})
}

// TestRetire: nothing is deleted unless the token to keep is there.
func TestRetire(t *testing.T) {
	t.Parallel()
	srv, client := start(t)
	seed(t, srv, "token-a", "token-b")
	absent := name(t, "absent")
	wantError(t, "RetireOld(absent)", client.RetireOld(t.Context(), tenantName(t), absent), iamscim.ErrNotFound, absent.String())
	if err := client.Delete(t.Context(), name(t, "token-b")); err != nil {
		t.Fatal(err)
	}
	wantError(t, "RetireOld(deleted)", client.RetireOld(t.Context(), tenantName(t), name(t, "token-b")), iamscim.ErrFailedPrecondition, "DELETED", "nothing was deleted")
	if got, err := client.Get(t.Context(), name(t, "token-a")); err != nil || got.State != iamscim.StateActive {
		t.Errorf("token-a after refused retirements = %+v, %v, want it active", got, err)
	}
	for range 2 { // it can be repeated
		if err := client.RetireOld(t.Context(), tenantName(t), name(t, "token-a")); err != nil {
			t.Errorf("RetireOld = %v", err)
		}
	}
	if _, err := client.Undelete(t.Context(), name(t, "token-b")); err != nil {
		t.Fatal(err)
	}
	if err := client.RetireOld(t.Context(), tenantName(t), name(t, "token-b")); err != nil {
		t.Errorf("RetireOld = %v", err)
	}
	if got, err := client.Get(t.Context(), name(t, "token-a")); err != nil || got.State != iamscim.StateDeleted {
		t.Errorf("token-a after its retirement = %+v, %v, want it deleted", got, err)
	}
}

// TestLostSecretOfATokenThatWasThere: what looks like a lost reply may be a
// token that was there before, which must not be advised to be deleted.
func TestLostSecretOfATokenThatWasThere(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		there *iam.WorkforcePoolProviderScimToken
		gone  bool
		kind  error
		want  string
	}{
		{"it looks like it", &iam.WorkforcePoolProviderScimToken{DisplayName: "Mine"}, false, scimtoken.ErrSecretLost, "if it was, leave it and choose another id"},
		{"another display name", &iam.WorkforcePoolProviderScimToken{DisplayName: "Theirs"}, false, iamscim.ErrAlreadyExists, "choose another id"},
		{"deleted before", &iam.WorkforcePoolProviderScimToken{DisplayName: "Mine"}, true, iamscim.ErrAlreadyExists, "choose another id"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				srv := scimtest.New()
				defer srv.Close()
				prepare(t, srv)
				tt.there.Name = name(t, "token-a").String()
				if _, err := srv.AddToken(tt.there); err != nil {
					t.Fatal(err)
				}
				client, err := scimtoken.NewClient(t.Context(), srv.PipeClientOptions()...)
				if err != nil {
					t.Fatal(err)
				}
				if tt.gone {
					if err := client.Delete(t.Context(), name(t, "token-a")); err != nil {
						t.Fatal(err)
					}
				}
				srv.Fail(scimtest.Fault{Method: "POST", Status: 503})
				_, _, err = client.Create(t.Context(), scimtoken.CreateRequest{Name: name(t, "token-a"), DisplayName: "Mine"})
				wantError(t, "Create", err, tt.kind, tt.want)
			})
		})
	}
}
