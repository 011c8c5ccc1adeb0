package provision_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/provider"
	"github.com/iamscim/iamscim/provision"
	"github.com/iamscim/iamscim/scimtenant"
	"github.com/iamscim/iamscim/scimtest"
	"github.com/iamscim/iamscim/scimtoken"
)

// moves change what a plan rests on.
var moves = []struct {
	name, field string // of the error
	do          func(ctx context.Context, s *setup) error
}{
	{"the provider's mapping", "provider.attributeMapping", func(ctx context.Context, s *setup) error {
		_, err := s.clients.Providers.Update(ctx, provider.UpdateRequest{Name: s.spec.Provider, AttributeMapping: map[string]string{"google.subject": "assertion.oid"}})
		return err
	}},
	{"the usage", "provider.scimUsage", func(ctx context.Context, s *setup) error {
		_, err := s.clients.Providers.SetSCIMUsage(ctx, s.spec.Provider, iamscim.SCIMUsageUsersAndGroups)
		return err
	}},
	{"the tenant's UID", "tenant.", func(ctx context.Context, s *setup) error {
		name := s.spec.Provider.String() + "/scimTenants/scim"
		for _, t := range s.State().Tenants {
			if t.Name == name {
				if err := s.clients.Tenants.HardDelete(ctx, s.tenant, scimtenant.HardDeleteOptions{WhileInUse: true}); err != nil {
					return err
				}
			}
		}
		// Where there was none, another mapping makes it somebody else's.
		return s.addOther()
	}},
}

// TestMoved changes what a plan rests on before each request of Apply. Once Apply
// has read the change it writes nothing, and says what has moved.
func TestMoved(t *testing.T) {
	t.Parallel()
	for _, sc := range scenes {
		if !slices.Contains([]string{"empty", "another mapping in use"}, sc.name) {
			continue
		}
		for _, move := range moves {
			t.Run(sc.name+", "+move.name, func(t *testing.T) {
				t.Parallel()
				requests := 0
				counts := map[string]int{}
				// The first run isn't disturbed, and counts the requests.
				var writes map[int]string
				for at := 0; at <= requests; at++ {
					if at > 0 && !chosen(at, writes) {
						continue
					}
					synctest.Test(t, func(t *testing.T) {
						s := newSetup(t)
						s.automate()
						sc.prepare(t, s)
						s.tenant = s.tenantName(t)
						p := &process{}
						// The requests of Plan come first.
						clients := s.client(t, provision.WithServer(p))
						p.setup, p.stop = s, func() {}
						spec := s.spec
						spec.Store, spec.IdentityProvider = p, dyingIDP{s.idp, p}
						plan, err := clients.Plan(t.Context(), spec)
						if err != nil {
							t.Fatal(err)
						}
						planned := p.count
						p.before = func(n int) {
							if at > 0 && n == planned+at {
								if err := move.do(t.Context(), s); err != nil {
									t.Errorf("%s: %v", move.name, err)
								}
							}
						}
						_, err = clients.Apply(t.Context(), plan, provision.ApplyOptions{AllowReplace: plan.Basis["tenant.uid"]})
						if at == 0 {
							if err != nil {
								t.Fatal(err)
							}
							p.guarded(t)
							requests, writes = p.count-planned, map[int]string{}
							for n, write := range p.writes {
								writes[n-planned] = write
							}
							return
						}
						var moved *provision.MovedError
						seen, late := p.after(planned+at, move.field)
						flying := p.flying(planned+at, move.field)
						switch {
						case move.field == "provider.scimUsage" && strings.HasPrefix(flying, "PATCH"), move.field == "tenant." && strings.HasPrefix(flying, "DELETE"):
							// The request that was on its way undid the change. The
							// API has no etags that would prevent it.
							counts["undone by the request on its way"]++
							return
						case errors.As(err, &moved) && errors.Is(err, provision.ErrMoved) && strings.HasPrefix(moved.Field, move.field):
							counts["ErrMoved"]++
						case errors.As(err, &moved):
							t.Errorf("before request %d: %v, want one of %s", at, err, move.field)
						case err != nil:
							counts["another error: "+strings.SplitN(err.Error(), " locations", 2)[0]]++
						case seen:
							t.Errorf("before request %d: Apply has read the change and returned no error", at)
						default:
							counts["after the last read"]++
						}
						for _, write := range late {
							t.Errorf("before request %d: %s, although the change had been read", at, write)
						}
					})
				}
				t.Logf("%d requests: %v", requests, counts)
			})
		}
	}
}

// guarded checks that what a plan rests on is read directly before each change of
// the tenant and of the usage.
func (p *process) guarded(t *testing.T) {
	t.Helper()
	for n, write := range p.writes {
		if !strings.HasSuffix(write, "/scimTenants") && !strings.HasSuffix(write, "/scimTenants/scim") && !strings.HasSuffix(write, "/providers/entra") {
			continue
		}
		if !strings.HasSuffix(p.reads[n-1], "/providers/entra") || !strings.HasSuffix(p.reads[n-2], "/scimTenants/scim") {
			t.Errorf("before %s came GET %s and GET %s, want the tenant and the provider", write, p.reads[n-2], p.reads[n-1])
		}
	}
}

// flying is the change that is sent at a request or later, before what a field is
// about is read again.
func (p *process) flying(at int, field string) string {
	for n := at; n <= p.count; n++ {
		path := p.reads[n]
		if strings.HasPrefix(field, "tenant.") && strings.Contains(path, "/scimTenants") || strings.HasPrefix(field, "provider.") && strings.HasSuffix(path, "/providers/entra") {
			return ""
		}
		if p.writes[n] != "" {
			return p.writes[n]
		}
	}
	return ""
}

// after reports whether what a plan rests on was read as a whole at a request or
// later, and the changes that followed.
func (p *process) after(at int, field string) (seen bool, late []string) {
	tenant := !strings.HasPrefix(field, "tenant.")
	for n := at; n <= p.count; n++ {
		switch path := p.reads[n]; {
		case strings.HasSuffix(path, "/scimTenants") || strings.HasSuffix(path, "/scimTenants/scim"):
			tenant = true
		case strings.HasSuffix(path, "/providers/entra") && tenant:
			seen = true
		case seen && p.writes[n] != "" && p.writes[n] != "swap":
			late = append(late, p.writes[n])
		}
	}
	return seen, late
}

// TestApplyWithLag: with 80 s of replication lag, Apply without Wait returns
// within 10 s each time, and with Wait it ends in one call.
func TestApplyWithLag(t *testing.T) {
	t.Parallel()
	for _, fresh := range []string{"NOT_FOUND", "PERMISSION_DENIED"} {
		for _, sc := range scenes {
			t.Run(sc.name+", "+fresh, func(t *testing.T) {
				t.Parallel()
				for _, wait := range []bool{false, true} {
					synctest.Test(t, func(t *testing.T) {
						s := newSetup(t, scimtest.WithReplicationLag(80*time.Second), scimtest.WithBehavior(scimtest.FreshResource, fresh))
						s.automate()
						sc.prepare(t, s)
						time.Sleep(3 * time.Minute)
						runs := 0
						for ; ; runs++ {
							plan := s.plan(t)
							if plan.Done() {
								break
							}
							if runs == 10 {
								t.Fatalf("not done after %d runs:\n%v", runs, plan)
							}
							begin := time.Now()
							left, err := s.clients.Apply(t.Context(), plan, provision.ApplyOptions{Wait: wait, AllowReplace: plan.Basis["tenant.uid"]})
							took := time.Since(begin)
							if err != nil {
								t.Fatalf("run %d: %v\n%v", runs, err, left)
							}
							if !wait && took > 10*time.Second {
								t.Errorf("run %d took %v, want at most 10 s", runs, took)
							}
							if wait && !left.Done() {
								t.Errorf("run %d left\n%v", runs, left)
							}
							if !wait {
								time.Sleep(90 * time.Second)
							}
						}
						if wrong := s.ended(t); wrong != "" {
							t.Errorf("wait %t: %s", wait, wrong)
						}
						if wait && runs != 1 {
							t.Errorf("with Wait it took %d runs", runs)
						}
						t.Logf("wait %t: %d runs", wait, runs)
					})
				}
			})
		}
	}
}

// TestApplyAtOnce: two Applies at once end in one tenant and one token, and one
// of them hands it over.
func TestApplyAtOnce(t *testing.T) {
	t.Parallel()
	for _, lag := range []time.Duration{0, 80 * time.Second} {
		for _, apart := range []time.Duration{0, time.Millisecond, 100 * time.Millisecond, time.Second, 30 * time.Second} {
			t.Run(fmt.Sprintf("lag %v, %v apart", lag, apart), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					s := newSetup(t, scimtest.WithReplicationLag(lag))
					s.automate()
					plan := s.plan(t)
					errs := make(chan error)
					for i := range 2 {
						go func() {
							time.Sleep(time.Duration(i) * apart)
							_, err := s.clients.Apply(t.Context(), plan, provision.ApplyOptions{Wait: true})
							errs <- err
						}()
					}
					for range 2 {
						if err := <-errs; err != nil {
							t.Error(err)
						}
					}
					for range 5 {
						plan := s.plan(t)
						if plan.Done() {
							break
						}
						if _, err := s.clients.Apply(t.Context(), plan, provision.ApplyOptions{Wait: true}); err != nil {
							t.Error(err)
						}
					}
					if wrong := s.ended(t); wrong != "" {
						t.Error(wrong)
					}
					if diff := slices.Compare(s.idp.given, []string{"set up"}); diff != 0 {
						t.Errorf("the identity provider was given %v, want one set-up", s.idp.given)
					}
				})
			})
		}
	}
}

// TestApplyRefuses: what can't be applied sends nothing.
func TestApplyRefuses(t *testing.T) {
	t.Parallel()
	s := newSetup(t, scimtest.WithDeniedPermissions(everyRead...))
	plan := s.plan(t)
	s.ClearRequests()
	var blocked *provision.BlockedError
	if _, err := s.clients.Apply(t.Context(), plan, provision.ApplyOptions{}); !errors.Is(err, provision.ErrBlocked) || !errors.As(err, &blocked) || len(blocked.Steps) != 3 || !errors.Is(err, iamscim.ErrPermissionDenied) {
		t.Errorf("Apply of what can't be read = %v, want ErrBlocked by three steps", err)
	}
	replaced := newSetup(t)
	replaced.automate()
	for _, sc := range scenes {
		if sc.name == "another mapping in use" {
			sc.prepare(t, replaced)
		}
	}
	plan = replaced.plan(t)
	replaced.ClearRequests()
	for _, word := range []string{"", "another-uid", "yes"} {
		if _, err := replaced.clients.Apply(t.Context(), plan, provision.ApplyOptions{AllowReplace: word}); !errors.Is(err, provision.ErrBlocked) || !strings.Contains(err.Error(), plan.Basis["tenant.uid"]) {
			t.Errorf("Apply with AllowReplace %q = %v, want ErrBlocked and the UID", word, err)
		}
	}
	if !plan.Destroys() {
		t.Error("Destroys() of a replacement is false")
	}
	empty := newSetup(t)
	text, err := json.Marshal(empty.plan(t))
	if err != nil {
		t.Fatal(err)
	}
	var back provision.Plan
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	empty.ClearRequests()
	if _, err := empty.clients.Apply(t.Context(), &back, provision.ApplyOptions{}); !errors.Is(err, iamscim.ErrInvalidArgument) || !strings.Contains(err.Error(), "Store") {
		t.Errorf("Apply of a plan from JSON without a store = %v, want ErrInvalidArgument", err)
	}
	if _, err := empty.clients.Apply(t.Context(), nil, provision.ApplyOptions{}); !errors.Is(err, iamscim.ErrInvalidArgument) {
		t.Errorf("Apply of no plan = %v, want ErrInvalidArgument", err)
	}
	for _, x := range []*setup{s, replaced, empty} {
		if n := len(x.Requests()); n > 0 {
			t.Errorf("%d requests were sent, want none", n)
		}
	}
	// With the store it's applied.
	left, err := empty.clients.Apply(t.Context(), &back, provision.ApplyOptions{Store: empty.store})
	if err != nil || left.Step(provision.KindToken).Status != provision.StatusDone {
		t.Errorf("Apply of a plan from JSON = %v\n%v", err, left)
	}
}

// TestSpec: every fault at once, and nothing is sent.
func TestSpec(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	other, err := scimtoken.ParseName("locations/global/workforcePools/acme-pool/providers/okta/scimTenants/scim/tokens/by-hand")
	if err != nil {
		t.Fatal(err)
	}
	s.ClearRequests()
	_, err = s.clients.Plan(t.Context(), provision.Spec{
		Provider: s.spec.Provider, TenantID: "x", Usage: "ENABLED", Accept: []string{"entra-no-guests", "no-such-setting"},
		Adopt: other, ReplaceToken: other,
		Ready: provision.Ready{Users: []string{" "}, EnableBeforeSync: true, BreakGlass: []provision.BreakGlass{{UserName: "ada@example.com"}}},
	})
	var typed *iamscim.Error
	if !errors.As(err, &typed) {
		t.Fatalf("Plan = %v, want an *iamscim.Error", err)
	}
	fields := map[string]bool{}
	for _, v := range typed.Violations {
		fields[v.Field] = true
	}
	want := []string{"Accept[1]", "Adopt", "Ready.BreakGlass[0]", "Ready.EnableBeforeSync", "Ready.Users[0]", "ReplaceToken", "TenantID", "Usage"}
	if got := slices.Sorted(maps.Keys(fields)); !slices.Equal(got, want) {
		t.Errorf("faults of %v, want %v", got, want)
	}
	if _, err := s.clients.Plan(t.Context(), provision.Spec{}); !errors.Is(err, iamscim.ErrInvalidArgument) {
		t.Errorf("Plan of no provider = %v, want ErrInvalidArgument", err)
	}
	if n := len(s.Requests()); n > 0 {
		t.Errorf("%d requests were sent, want none", n)
	}
}
