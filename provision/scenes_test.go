package provision_test

import (
	"testing"

	"google.golang.org/api/iam/v1"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/claimmap"
	"github.com/iamscim/iamscim/provision"
	"github.com/iamscim/iamscim/scimtenant"
	"github.com/iamscim/iamscim/scimtoken"
)

// scene is a state of Google Cloud, of the store and of the identity provider in
// which somebody plans.
type scene struct {
	name    string
	prepare func(t testing.TB, s *setup)
}

// scenes are those from which a plan leads to the same end.
var scenes = []scene{
	{"empty", func(testing.TB, *setup) {}},
	{"tenant without a token", func(t testing.TB, s *setup) { s.seedTenant(t, s.Provider, nil) }},
	{"soft-deleted tenant", func(t testing.TB, s *setup) {
		s.seedTenant(t, s.Provider, nil)
		if _, err := s.clients.Tenants.Delete(t.Context(), s.tenantName(t)); err != nil {
			t.Fatal(err)
		}
	}},
	{"token without the role", func(t testing.TB, s *setup) {
		s.seedTenant(t, s.Provider, nil)
		if _, _, err := s.clients.Tokens.Ensure(t.Context(), s.tenantName(t), s.store); err != nil {
			t.Fatal(err)
		}
	}},
	{"token that the store doesn't know", func(t testing.TB, s *setup) {
		tenant := s.seedTenant(t, s.Provider, nil)
		added, err := s.AddToken(&iam.WorkforcePoolProviderScimToken{Name: tenant.Name + "/tokens/by-hand"})
		if err != nil {
			t.Fatal(err)
		}
		if s.spec.ReplaceToken, err = scimtoken.ParseName(added.Name); err != nil {
			t.Fatal(err)
		}
	}},
	{"record of a tenant that is gone", func(t testing.TB, s *setup) {
		s.seedTenant(t, s.Provider, nil)
		name := s.tenantName(t)
		if _, _, err := s.clients.Tokens.Ensure(t.Context(), name, s.store); err != nil {
			t.Fatal(err)
		}
		if err := s.clients.Tenants.HardDelete(t.Context(), name, scimtenant.HardDeleteOptions{WhileInUse: true}); err != nil {
			t.Fatal(err)
		}
		s.seedTenant(t, s.Provider, nil)
	}},
	{"another mapping in use", func(t testing.TB, s *setup) {
		s.spec.Mapping = claimmap.Recommended(claimmap.EntraID)
		mapping, err := claimmap.Parse("google.subject=user.emails[0].value.lowerAscii(),google.group=group.displayName")
		if err != nil {
			t.Fatal(err)
		}
		with := s.spec
		with.Mapping = mapping
		s.provisioned(t, with)
	}},
	{"usage off, role and job gone", func(t testing.TB, s *setup) {
		s.provisioned(t, s.spec)
		s.drift(t)
	}},
	{"token deleted by somebody", func(t testing.TB, s *setup) {
		s.provisioned(t, s.spec)
		stored, err := scimtoken.Inspect(t.Context(), s.store)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.clients.Tokens.Delete(t.Context(), stored.Current); err != nil {
			t.Fatal(err)
		}
	}},
}

func (s *setup) tenantName(t testing.TB) scimtenant.Name {
	t.Helper()
	n, err := scimtenant.NewName(s.spec.Provider, "scim")
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// provisioned applies a spec to the end.
func (s *setup) provisioned(t testing.TB, spec provision.Spec) {
	t.Helper()
	p, err := s.clients.Plan(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	left, err := s.clients.Apply(t.Context(), p, provision.ApplyOptions{Wait: true})
	if err != nil || !left.Done() {
		t.Fatalf("Apply = %v, %v, want it done", left, err)
	}
}

// drift undoes parts of a set-up.
func (s *setup) drift(t testing.TB) {
	t.Helper()
	if _, err := s.clients.Providers.SetSCIMUsage(t.Context(), s.spec.Provider, iamscim.SCIMUsageNone); err != nil {
		t.Fatal(err)
	}
	tenant, err := s.clients.Tenants.Get(t.Context(), s.tenantName(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.clients.Organizations.RevokeSyncer(t.Context(), s.Organization, tenant.ServiceAgent); err != nil {
		t.Fatal(err)
	}
	if s.idp != nil {
		if err := s.idp.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}
