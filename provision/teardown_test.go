package provision_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"google.golang.org/api/iam/v1"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/provision"
	"github.com/iamscim/iamscim/provision/idp"
	"github.com/iamscim/iamscim/scimtest"
)

func (s *setup) uid(t testing.TB) string {
	t.Helper()
	tenant, err := s.clients.Tenants.Get(t.Context(), s.tenantName(t))
	if err != nil {
		t.Fatal(err)
	}
	return tenant.UID()
}

// gone says what is left of a set-up.
func (s *setup) gone() string {
	var left []string
	state := s.State()
	if len(state.Tenants) > 0 {
		left = append(left, "a tenant")
	}
	for _, p := range state.Providers {
		if p.ScimUsage != "" && p.ScimUsage != string(iamscim.SCIMUsageNone) {
			left = append(left, "the usage of "+p.Name)
		}
	}
	if policy := state.Policies["organizations/"+s.Organization]; policy != nil && len(policy.Bindings) > 0 {
		left = append(left, "a role")
	}
	if s.idp.state.Running {
		left = append(left, "the identity provider's job")
	}
	return strings.Join(left, ", ")
}

// TestTeardown ends a teardown at every request and repeats it.
func TestTeardown(t *testing.T) {
	t.Parallel()
	requests := 0
	for at := 0; at <= requests; at++ {
		for _, how := range []cut{cutBefore, cutAfter} {
			synctest.Test(t, func(t *testing.T) {
				s := newSetup(t)
				s.automate()
				s.provisioned(t, s.spec)
				uid := s.uid(t)
				p := &process{setup: s, at: at, how: how}
				ctx, stop := context.WithCancel(t.Context())
				defer stop()
				p.stop = stop
				var said []string
				options := provision.TeardownOptions{IdentityProvider: s.idp, RevokeSessions: []string{"ada@example.com"}, DeleteSubjects: []string{"o'neil/1"}, OnStep: func(text string) { said = append(said, text) }}
				err := s.client(t, provision.WithServer(p)).Teardown(ctx, s.spec.Provider, uid, options)
				if at == 0 {
					requests = p.count
					if err != nil || len(said) != 7 {
						t.Errorf("Teardown = %v, and said %q", err, said)
					}
				}
				for range 2 { // absence is success
					if err := s.clients.Teardown(t.Context(), s.spec.Provider, uid, options); err != nil {
						t.Errorf("%s %d: again = %v", how, at, err)
					}
				}
				if left := s.gone(); left != "" {
					t.Errorf("%s %d: %s left", how, at, left)
				}
				pool := s.spec.Provider.Pool().String()
				if got := s.State().DeletedSubjects; len(got) != 1 || got[0] != pool+"/subjects/o'neil%2F1" && got[0] != pool+"/subjects/o'neil/1" && got[0] != pool+"/subjects/o%27neil%2F1" {
					t.Errorf("%s %d: deleted subjects %q", how, at, got)
				}
				if !slices.ContainsFunc(s.Requests(), func(r scimtest.Request) bool {
					return r.Status == 200 && strings.HasPrefix(r.Path, "/v1/"+pool+"/subjects/ada") && strings.HasSuffix(r.Path, ":revokeSessions")
				}) {
					t.Errorf("%s %d: no sessions were revoked", how, at)
				}
			})
		}
	}
	t.Logf("%d requests, each cut in 2 ways", requests)
}

// TestTeardownRefuses: another tenant and another provider aren't hit.
func TestTeardownRefuses(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	s.seedTenant(t, s.Provider, nil)
	other := s.otherProvider(t, iamscim.SCIMUsageGroups)
	uid := s.uid(t)
	okta := s.spec.Provider
	if err := okta.UnmarshalText([]byte(other)); err != nil {
		t.Fatal(err)
	}
	s.ClearRequests()
	for _, err := range []error{
		s.clients.Teardown(t.Context(), s.spec.Provider, "another", provision.TeardownOptions{}),
		s.clients.Teardown(t.Context(), okta, uid, provision.TeardownOptions{}),
	} {
		if !errors.Is(err, provision.ErrAnotherTenant) || !strings.Contains(fmt.Sprint(err), uid) {
			t.Errorf("Teardown = %v, want ErrAnotherTenant and the UID %s", err, uid)
		}
	}
	if err := s.clients.Teardown(t.Context(), s.spec.Provider, "", provision.TeardownOptions{}); !errors.Is(err, iamscim.ErrInvalidArgument) {
		t.Errorf("Teardown without a UID = %v, want ErrInvalidArgument", err)
	}
	err := s.clients.Teardown(t.Context(), s.spec.Provider, uid, provision.TeardownOptions{RevokeSessions: []string{"ada", ""}, DeleteSubjects: []string{strings.Repeat("x", 128)}})
	if !errors.Is(err, iamscim.ErrInvalidArgument) || !strings.Contains(fmt.Sprint(err), "RevokeSessions[1]") || !strings.Contains(fmt.Sprint(err), "DeleteSubjects[0]") {
		t.Errorf("Teardown of subjects that can't be = %v, want both", err)
	}
	for _, r := range s.Requests() {
		if r.Method != "GET" {
			t.Errorf("Teardown sent %s %s", r.Method, r.Path)
		}
	}
	if n := len(s.State().Tenants); n != 1 {
		t.Errorf("%d tenants, want 1", n)
	}
}

// TestTeardownByHand: an identity provider that only a person can stop doesn't keep
// the rest from being torn down, whether or not it can be read where it pushes to.
func TestTeardownByHand(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSetup(t)
		s.automate()
		s.provisioned(t, s.spec)
		s.idp.state = idp.Status{ByHand: true, Running: true}
		var said []string
		options := provision.TeardownOptions{IdentityProvider: unstoppable{s.idp}, OnStep: func(text string) { said = append(said, text) }}
		if err := s.clients.Teardown(t.Context(), s.spec.Provider, s.uid(t), options); err != nil {
			t.Fatal(err)
		}
		if len(said) != 5 || !strings.Contains(said[0], "in the identity provider's console") {
			t.Errorf("Teardown said %q", said)
		}
		s.idp.state.Running = false // by a person
		if left := s.gone(); left != "" {
			t.Errorf("%s left", left)
		}
	})
}

type unstoppable struct{ *fakeIDP }

func (unstoppable) Stop(context.Context) error { return idp.ErrByHand }

// TestImport: the spec of a set-up that was clicked together leads to a plan that
// adopts its token, and then to no changes.
func TestImport(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	tenant := s.seedTenant(t, s.Provider, nil)
	if _, err := s.AddToken(&iam.WorkforcePoolProviderScimToken{Name: tenant.Name + "/tokens/by-hand"}); err != nil {
		t.Fatal(err)
	}
	if err := s.clients.Organizations.GrantSyncer(t.Context(), s.Organization, tenant.ServiceAgent); err != nil {
		t.Fatal(err)
	}
	if _, err := s.clients.Providers.SetSCIMUsage(t.Context(), s.spec.Provider, iamscim.SCIMUsageGroups); err != nil {
		t.Fatal(err)
	}
	spec, err := s.clients.Import(t.Context(), s.spec.Provider)
	if err != nil {
		t.Fatal(err)
	}
	if spec.TenantID != "scim" || spec.Usage != iamscim.SCIMUsageGroups || spec.Vendor != iamscim.VendorEntraID || spec.Adopt.ID() != "by-hand" || spec.Mapping.String() != "google.subject=user.emails[0].value.lowerAscii(),google.group=group.externalId" {
		t.Errorf("Import = %+v", spec)
	}
	spec.Store = s.store
	p := s.planOf(t, *spec)
	if got := p.Step(provision.KindToken); got.Reason != provision.ReasonAdopt || got.Status != provision.StatusChange {
		t.Errorf("the token's step is %+v, want it adopted", got)
	}
	s.ClearRequests()
	left, err := s.clients.Apply(t.Context(), p, provision.ApplyOptions{})
	if err != nil || !left.Done() || !strings.Contains(s.planOf(t, *spec).String(), "No changes.") {
		t.Errorf("Apply = %v\n%v", err, left)
	}
	for _, r := range s.Requests() {
		if r.Method != "GET" && !strings.HasSuffix(r.Path, "getIamPolicy") {
			t.Errorf("adopting sent %s %s", r.Method, r.Path)
		}
	}

	okta := s.spec.Provider
	if err := okta.UnmarshalText([]byte(s.otherProvider(t, ""))); err != nil {
		t.Fatal(err)
	}
	if _, err := s.clients.Import(t.Context(), okta); !errors.Is(err, iamscim.ErrFailedPrecondition) || !strings.Contains(err.Error(), s.Provider) {
		t.Errorf("Import of the other provider = %v, want ErrFailedPrecondition", err)
	}
}
