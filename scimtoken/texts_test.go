package scimtoken_test

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/scimtest"
	"github.com/iamscim/iamscim/scimtoken"
)

// shorten makes a text comparable: the tenant's and the SDK's names vary.
func shorten(text string) string {
	text = strings.ReplaceAll(text, tenantText, "TENANT")
	text = regexp.MustCompile(`r2000\d{4}t\d{4}-[a-z2-7]{8}`).ReplaceAllString(text, "NEW")
	return regexp.MustCompile(`[^ ]+/\d+/[a-z2-7]{8}`).ReplaceAllString(text, "HOST/1234/abcdefgh")
}

// badStore returns what a test wants.
type badStore struct {
	scimtoken.MemoryStore
	load func(ctx context.Context, load func(context.Context) (scimtoken.Secret, string, error)) (scimtoken.Secret, string, error)
	swap func(ctx context.Context, version string, record scimtoken.Secret) error
}

func (s *badStore) Load(ctx context.Context) (scimtoken.Secret, string, error) {
	if s.load != nil {
		return s.load(ctx, s.MemoryStore.Load)
	}
	return s.MemoryStore.Load(ctx)
}

func (s *badStore) Swap(ctx context.Context, version string, record scimtoken.Secret) error {
	if s.swap != nil {
		return s.swap(ctx, version, record)
	}
	return s.MemoryStore.Swap(ctx, version, record)
}

// TestRotateTexts: what a user reads when a rotation can't go on. Nothing is
// deleted in any of these cases.
func TestRotateTexts(t *testing.T) {
	t.Parallel()
	const prefix = "scimtoken: rotate TENANT: "
	tests := []struct {
		name    string
		prepare func(t *testing.T, w *world, r *runner)
		kind    error
		want    string
		active  []string // besides NEW; nil: token-a
	}{
		{"in progress", func(_ *testing.T, w *world, _ *runner) { w.runner("other", nil).to(8) }, scimtoken.ErrRotationInProgress,
			prefix + "another call is at work: HOST/1234/abcdefgh since 2000-01-01T00:00:00Z; run it again when that call has returned; if its process is dead, wait until 2000-01-01T00:10:00Z or set RotateRequest.TakeOver", nil},
		{"a minute after a crash", func(_ *testing.T, w *world, _ *runner) {
			dead := w.runner("dead", nil)
			dead.to(8)
			dead.die()
			time.Sleep(time.Minute)
		}, scimtoken.ErrRotationInProgress,
			prefix + "another call is at work: HOST/1234/abcdefgh since 2000-01-01T00:00:00Z; run it again when that call has returned; if its process is dead, wait until 2000-01-01T00:10:00Z or set RotateRequest.TakeOver", nil},
		{"taken over", func(_ *testing.T, w *world, r *runner) {
			r.to(9) // verify
			w.runner("other", func(req *scimtoken.RotateRequest) { req.TakeOver = true }).to(6)
		}, scimtoken.ErrRotationTakenOver,
			prefix + "taken over: by HOST/1234/abcdefgh at 2000-01-01T00:00:00Z; the other call goes on with it; run it again when that has returned", nil},
		{"a token of somebody else", func(_ *testing.T, w *world, _ *runner) { w.store = scimtoken.MemoryStore{} }, scimtoken.ErrUnknownToken,
			prefix + "not in the record: token-a; nothing was changed: Adopt the one in use with its secret, or rotate with RotateRequest.Replaces, which names it; delete it if nobody uses it", nil},
		{"two tokens of somebody else", func(t *testing.T, w *world, _ *runner) {
			w.store = scimtoken.MemoryStore{}
			seed(t, w.srv, "token-b")
		}, scimtoken.ErrUnknownToken,
			prefix + "not in the record: token-a and token-b; nothing was changed: Adopt the one in use with its secret, or rotate with RotateRequest.Replaces, which names it; delete it if nobody uses it", []string{"token-a", "token-b"}},
		{"a second token of somebody else", func(t *testing.T, w *world, _ *runner) { seed(t, w.srv, "token-b") }, scimtoken.ErrTokenLimit,
			"scimtoken: rotate TENANT/tokens/NEW: the tenant has two tokens already: The SCIM tenant TENANT already has 2 SCIM tokens; delete one of them. (HTTP 400); delete the one the identity provider does not use: token-a or token-b", []string{"token-a", "token-b"}},
		{"InUse is a token of somebody else", func(t *testing.T, w *world, r *runner) {
			r.change = func(req *scimtoken.RotateRequest) { req.InUse = name(t, "token-b") }
		}, scimtoken.ErrUnknownToken,
			prefix + "not in the record: InUse: token-b isn't a token of the record; its tokens are token-a; nothing was changed: make the identity provider use one of its tokens", nil},
		{"Replaces is deleted", func(t *testing.T, w *world, r *runner) {
			w.store = scimtoken.MemoryStore{}
			seed(t, w.srv, "token-b")
			if err := w.client().Delete(t.Context(), name(t, "token-b")); err != nil {
				t.Fatal(err)
			}
			r.change = func(req *scimtoken.RotateRequest) { req.Replaces = name(t, "token-b") }
		}, iamscim.ErrFailedPrecondition,
			"scimtoken: rotate TENANT/tokens/token-b: failed precondition: the token is DELETED; nothing was changed: name a token that is active", nil},
		{"the tenant is soft-deleted", func(t *testing.T, w *world, _ *runner) { w.deleteTenant(t) }, iamscim.ErrFailedPrecondition,
			prefix + "failed precondition: the SCIM tenant is soft-deleted; undelete it with scimtenant.Client.Undelete, or hard-delete it and create another", nil},
		{"the record of another tenant", func(_ *testing.T, w *world, _ *runner) { w.edit("main", "other") }, scimtoken.ErrStaleRecord,
			prefix + "the record belongs to another tenant: it belongs to " + providerText + "/scimTenants/other; nothing was changed: give each tenant a store of its own", nil},
		{"the record of a tenant that was replaced", func(_ *testing.T, w *world, _ *runner) {
			w.edit(w.base[strings.LastIndex(w.base, "/")+1:], "olduid")
		}, scimtoken.ErrStaleRecord,
			prefix + "the record belongs to another tenant: it belongs to the tenant with UID olduid, and this one has UID; nothing was changed: if the tenant was replaced, its tokens are gone; remove the record from the store, then call Ensure", nil},
		{"a record of a later version", func(_ *testing.T, w *world, _ *runner) { w.edit(`"version":1`, `"version":9`) }, scimtoken.ErrBadRecord,
			prefix + "bad record: it has version 9, and this program knows version 1; nothing was changed: restore the record from a backup, or update this program if a newer one wrote it", nil},
		{"a corrupt record", func(_ *testing.T, w *world, _ *runner) { w.edit(`{"version"`, `"version"`) }, scimtoken.ErrBadRecord,
			prefix + "bad record: it isn't JSON: byte 10; nothing was changed: restore the record from a backup, or update this program if a newer one wrote it", nil},
		{"a token without its secret", func(t *testing.T, w *world, r *runner) {
			r.job = func(r *runner) { _, _, r.err = r.client().Ensure(r.ctx, tenantName(t), &w.store) }
			w.edit(`,"secret":"`+w.idp.secret.Reveal()+`"`, "")
		}, scimtoken.ErrNoSecret,
			"scimtoken: ensure TENANT/tokens/token-a: the record has this token without its secret; Adopt the token with its secret, or rotate it", nil},
		{"verify fails", func(_ *testing.T, _ *world, r *runner) {
			r.change = func(req *scimtoken.RotateRequest) {
				req.Verify = func(context.Context, scimtoken.Secret) error { return errors.New("403") }
			}
		}, nil,
			"scimtoken: rotate TENANT/tokens/NEW: verify: 403; the old token is still valid: run it again, and if the new one never authenticates, delete it first", []string{"token-a", "NEW"}},
		{"the cutover fails", func(_ *testing.T, _ *world, r *runner) {
			r.change = func(req *scimtoken.RotateRequest) {
				req.Cutover = func(context.Context, scimtoken.Name, scimtoken.Secret) error { return errors.New("no such app") }
			}
		}, nil,
			"scimtoken: rotate TENANT/tokens/NEW: cutover: no such app; both tokens are valid: run it again", []string{"token-a", "NEW"}},
		{"the old token can't be deleted", func(_ *testing.T, w *world, _ *runner) {
			w.srv.Fail(scimtest.Fault{Method: "DELETE", Status: 403, Times: 9})
		}, iamscim.ErrPermissionDenied,
			"scimtoken: delete TENANT/tokens/token-a: permission denied: A fault that the test asked for. (HTTP 403); grant the caller the role for this call on the organization (roles/iam.workforcePoolAdmin for pools and what is in them), and check that the resource exists; NEW is in use: run it again to delete this one", []string{"token-a", "NEW"}},
		{"the store can't be read", func(_ *testing.T, _ *world, r *runner) {
			r.storeFault = func(string, int) error { return errors.New("vault sealed") }
		}, nil,
			prefix + "read the record from the store: vault sealed; make the store readable, then run it again", nil},
		{"the store can't be written", func(_ *testing.T, _ *world, r *runner) {
			r.storeFault = func(op string, _ int) error {
				if op == "swap" {
					return errors.New("read-only")
				}
				return nil
			}
		}, nil,
			prefix + "write the record to the store: read-only; nothing was deleted: make the store work, then run it again", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, nil, "token-a").adopt()
				r := w.runner("A", nil)
				tt.prepare(t, w, r)
				r.to(0)
				if r.err == nil {
					t.Fatal("Rotate = nil, want an error")
				}
				got := strings.ReplaceAll(shorten(r.err.Error()), w.base[strings.LastIndex(w.base, "/")+1:], "UID")
				if got != tt.want {
					t.Errorf("Rotate =\n%s\nwant\n%s", got, tt.want)
				}
				if tt.kind != nil {
					wantError(t, "Rotate", r.err, tt.kind)
				}
				want := tt.active
				if want == nil {
					want = []string{"token-a"}
				}
				active := w.active()
				for i := range active {
					active[i] = shorten(active[i])
				}
				active = slices.DeleteFunc(active, func(id string) bool { return id == "NEW" && !slices.Contains(want, id) })
				slices.Sort(active)
				slices.Sort(want)
				if tt.name != "the tenant is soft-deleted" && !slices.Equal(active, want) {
					t.Errorf("%v are active, want %v", active, want)
				}
				for _, x := range w.runners {
					if x.running() {
						x.die()
					}
				}
			})
		})
	}
}

// edit replaces a part of the record.
func (w *world) edit(from, to string) {
	w.t.Helper()
	record, version, err := w.store.Load(w.t.Context())
	if err != nil || !strings.Contains(record.Reveal(), from) {
		w.t.Fatalf("%q isn't in the record, %v", from, err)
	}
	if err := w.store.Swap(w.t.Context(), version, iamscim.NewSecret(strings.ReplaceAll(record.Reveal(), from, to))); err != nil {
		w.t.Fatal(err)
	}
}

// TestForgetfulStore: whatever a store loses or alters, the call ends with a clear
// error, and deletes nothing.
func TestForgetfulStore(t *testing.T) {
	t.Parallel()
	lose := func(from int) func(w *world, s *badStore) {
		return func(w *world, s *badStore) {
			n := 0
			s.swap = func(ctx context.Context, version string, record scimtoken.Secret) error {
				if n++; n == from {
					s.MemoryStore = scimtoken.MemoryStore{}
					return nil
				}
				return s.MemoryStore.Swap(ctx, version, record)
			}
		}
	}
	for _, tt := range []struct {
		name   string
		change func(w *world, s *badStore)
		want   string
	}{
		{"it keeps nothing", func(_ *world, s *badStore) {
			s.swap = func(context.Context, string, scimtoken.Secret) error { return nil }
		}, "bad record: the store doesn't return what it was given"},
		{"it loses the record at the first swap", lose(1), "bad record: the store has lost it"},
		{"it loses the record at the swap of the secret", lose(2), "bad record: the store has lost it"},
		{"it loses the record before the cutover", lose(3), "bad record: the store has lost it"},
		{"it loses the record after the cutover", lose(4), "bad record: the store has lost it"},
		{"it drops the secret", func(_ *world, s *badStore) {
			s.swap = func(ctx context.Context, version string, record scimtoken.Secret) error {
				text := regexp.MustCompile(`,"secret":"[^"]*"`).ReplaceAllString(record.Reveal(), "")
				return s.MemoryStore.Swap(ctx, version, iamscim.NewSecret(text))
			}
		}, "bad record: the store doesn't return what it was given"},
		{"it cuts the record", func(_ *world, s *badStore) {
			s.swap = func(ctx context.Context, version string, record scimtoken.Secret) error {
				return s.MemoryStore.Swap(ctx, version, iamscim.NewSecret(record.Reveal()[:200]))
			}
		}, "bad record: read back what was written to the store: it isn't JSON"},
		{"it has no versions", func(_ *world, s *badStore) {
			s.load = func(ctx context.Context, load func(context.Context) (scimtoken.Secret, string, error)) (scimtoken.Secret, string, error) {
				record, _, err := load(ctx)
				return record, "", err
			}
		}, "bad record: the store returns it without a version"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, nil, "token-a").adopt()
				s := new(badStore)
				record, _, err := w.store.Load(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				if err := s.MemoryStore.Swap(t.Context(), "", record); err != nil {
					t.Fatal(err)
				}
				tt.change(w, s)
				r := w.runner("A", func(req *scimtoken.RotateRequest) { req.Store = s })
				r.to(0)
				wantError(t, "Rotate", r.err, scimtoken.ErrBadRecord, tt.want)
				for _, request := range w.srv.Requests() {
					if request.Method == "DELETE" {
						t.Errorf("Rotate sent DELETE %s", request.Path)
					}
				}
				w.check("afterwards")
				if w.wrong != "" {
					t.Error(w.wrong)
				}
			})
		})
	}
}

// TestThirdToken: what a create is told of a tenant that is full, or soft-deleted.
func TestThirdToken(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		opts    []scimtest.Option
		prepare func(t *testing.T, w *world)
		kind    error
		want    []string
	}{
		{"two are active", nil, func(t *testing.T, w *world) { seed(t, w.srv, "token-a", "token-b") },
			scimtoken.ErrTokenLimit, []string{"delete the one the identity provider does not use: token-a or token-b"}},
		{"two aren't visible yet", lag(), func(t *testing.T, w *world) {
			w.post(t, "token-a")
			w.post(t, "token-b")
		},
			scimtoken.ErrTokenLimit, []string{"the tenant shows none; tokens that were just created show within 2 min"}},
		{"one isn't visible yet", lag(), func(t *testing.T, w *world) {
			seed(t, w.srv, "token-a")
			w.post(t, "token-b")
		}, scimtoken.ErrTokenLimit, []string{"the tenant shows token-a; tokens"}},
		{"a deleted one counts", []scimtest.Option{scimtest.WithBehavior(scimtest.DeletedTokenCounts, "YES")}, func(t *testing.T, w *world) {
			seed(t, w.srv, "token-a", "token-b")
			if err := w.client().Delete(t.Context(), name(t, "token-b")); err != nil {
				t.Fatal(err)
			}
		}, scimtoken.ErrTokenLimit, []string{"the tenant shows token-a, and deleted token-b, which may count for 30 days"}},
		{"two are active, and the refusal is a 429", []scimtest.Option{scimtest.WithBehavior(scimtest.ThirdToken, "RESOURCE_EXHAUSTED")},
			func(t *testing.T, w *world) { seed(t, w.srv, "token-a", "token-b") }, scimtoken.ErrTokenLimit, []string{"token-a or token-b"}},
		{"two are active, and the refusal is INVALID_ARGUMENT", []scimtest.Option{scimtest.WithBehavior(scimtest.ThirdToken, "INVALID_ARGUMENT")},
			func(t *testing.T, w *world) { seed(t, w.srv, "token-a", "token-b") }, scimtoken.ErrTokenLimit, []string{"token-a or token-b"}},
		{"the tenant is soft-deleted", nil, func(t *testing.T, w *world) {
			seed(t, w.srv, "token-a", "token-b")
			w.deleteTenant(t)
		}, iamscim.ErrFailedPrecondition, []string{"the SCIM tenant is soft-deleted: undelete it"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, tt.opts)
				time.Sleep(2 * time.Minute)
				tt.prepare(t, w)
				_, _, err := w.client().Create(t.Context(), scimtoken.CreateRequest{Tenant: tenantName(t)})
				wantError(t, "Create", err, tt.kind, tt.want...)
				if tt.kind != scimtoken.ErrTokenLimit && errors.Is(err, scimtoken.ErrTokenLimit) {
					t.Errorf("Create = %v, want no ErrTokenLimit", err)
				}
			})
		})
	}
}

// post creates a token, which reads see after the lag.
func (w *world) post(t *testing.T, id string) {
	t.Helper()
	if status, err := w.send("POST", "/v1/"+tenantText+"/tokens?workforcePoolProviderScimTokenId="+id); err != nil || status != 200 {
		t.Fatalf("POST %s = %d, %v", id, status, err)
	}
}

// deleteTenant soft-deletes the tenant.
func (w *world) deleteTenant(t *testing.T) {
	t.Helper()
	resp, err := w.send("DELETE", "/v1/"+tenantText)
	if err != nil || resp != 200 {
		t.Fatalf("DELETE tenant = %d, %v", resp, err)
	}
}

// TestUnknownState: a token in a state that this module doesn't know counts as in
// use.
func TestUnknownState(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil, "token-a")
	if err := w.srv.Fail(scimtest.Fault{
		Method: "GET", Path: "scimTenants/*/tokens", Status: 200,
		Body: []byte(`{"workforcePoolProviderScimTokens":[{"name":"` + name(t, "token-a").String() + `","state":"PAUSED"}]}`),
	}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.client().Ensure(t.Context(), name(t, "token-a").Tenant(), new(scimtoken.MemoryStore)); !errors.Is(err, scimtoken.ErrUnknownToken) {
		t.Errorf("Ensure beside a token in state PAUSED = %v, want ErrUnknownToken", err)
	}
}
