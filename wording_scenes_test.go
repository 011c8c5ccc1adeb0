package iamscim_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"google.golang.org/api/iam/v1"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/claimmap"
	"github.com/iamscim/iamscim/provider"
	"github.com/iamscim/iamscim/provision"
	"github.com/iamscim/iamscim/provision/secretmanager"
	"github.com/iamscim/iamscim/scimclient"
	"github.com/iamscim/iamscim/scimtenant"
	"github.com/iamscim/iamscim/scimtest"
	"github.com/iamscim/iamscim/scimtoken"
)

// A stage is Acme with a tenant, a token, a directory, and every client.
type stage struct {
	*scimtest.World
	ctx           context.Context
	providers     *provider.Client
	tenants       *scimtenant.Client
	tokens        *scimtoken.Client
	organizations *scimtenant.OrganizationClient
	directory     *scimclient.Client
	store         *secretmanager.Store
	job           *provision.Clients
	provider      provider.Name
	tenant        scimtenant.Name
}

func newStage(t *testing.T, opts ...scimtest.Option) *stage {
	t.Helper()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	acme, err := scimtest.NewAcme(append(opts, scimtest.WithOptionalFaults())...)
	check(err)
	t.Cleanup(acme.Close)
	s := &stage{World: acme, ctx: t.Context()}
	quick := iamscim.RetryPolicy{MaxAttempts: 2, Initial: time.Millisecond, Replication: 10 * time.Millisecond}
	control := append(acme.PipeClientOptions(), provider.WithRetry(quick))
	s.providers, err = provider.NewClient(s.ctx, control...)
	check(err)
	s.tenants, err = scimtenant.NewClient(s.ctx, control...)
	check(err)
	s.tokens, err = scimtoken.NewClient(s.ctx, control...)
	check(err)
	s.organizations, err = scimtenant.NewOrganizationClient(s.ctx, control...)
	check(err)
	s.store, err = secretmanager.NewStore(s.ctx, "projects/acme-prod/secrets/scim-token", control...)
	check(err)
	s.job, err = provision.New(s.ctx, provision.WithServer(acme))
	check(err)
	s.provider, err = provider.ParseName(acme.Provider)
	check(err)
	s.tenant, err = scimtenant.ParseName(acme.Provider + "/scimTenants/main")
	check(err)
	made, err := acme.AddTenant(&iam.WorkforcePoolProviderScimTenant{Name: s.tenant.String(), ClaimMapping: claimmap.Recommended(claimmap.EntraID).Map()})
	check(err)
	token, err := acme.AddToken(&iam.WorkforcePoolProviderScimToken{Name: s.tenant.String() + "/tokens/by-hand"})
	check(err)
	s.directory, err = scimclient.New(made.BaseUri, iamscim.NewSecret(token.SecurityToken).TokenSource(),
		scimclient.WithHTTPClient(acme.PipeHTTPClient()), scimclient.WithServiceAgent(made.ServiceAgent), scimclient.WithRetry(quick))
	check(err)
	return s
}

// other is a tenant of the same provider, which can't exist beside the first.
func (s *stage) other() scimtenant.Name {
	name, err := scimtenant.NewName(s.provider, "other")
	if err != nil {
		panic(err)
	}
	return name
}

func (s *stage) token(id string) scimtoken.Name {
	name, err := scimtoken.NewName(s.tenant, id)
	if err != nil {
		panic(err)
	}
	return name
}

// second returns the second result of a call.
func second[T any](_ T, err error) error { return err }

// fails are calls that end in an error, as a user meets them.
var fails = []struct {
	name string
	opts []scimtest.Option
	call func(s *stage) error
}{
	{"no provider", nil, func(s *stage) error {
		name, _ := provider.NewName(s.provider.Pool(), "nobody")
		return second(s.providers.Get(s.ctx, name))
	}},
	{"no permission", []scimtest.Option{scimtest.WithDeniedPermissions("iam.workforcePoolProviders.get")}, func(s *stage) error { return second(s.providers.Get(s.ctx, s.provider)) }},
	{"nothing to update", nil, func(s *stage) error {
		return second(s.providers.Update(s.ctx, provider.UpdateRequest{Name: s.provider}))
	}},
	{"usage on", nil, func(s *stage) error { return second(s.providers.SetSCIMUsage(s.ctx, s.provider, "ON")) }},
	{"bad mapping", nil, func(s *stage) error {
		m, err := claimmap.Parse("google.subject=user.mail")
		return errors.Join(err, second(s.tenants.Create(s.ctx, scimtenant.CreateRequest{Name: s.other(), ClaimMapping: m, Usage: iamscim.SCIMUsageGroups})))
	}},
	{"pool occupied", nil, func(s *stage) error {
		return second(s.tenants.Create(s.ctx, scimtenant.CreateRequest{Name: s.other(), ClaimMapping: claimmap.Recommended(claimmap.EntraID), Usage: iamscim.SCIMUsageGroups}))
	}},
	{"tenant exists", nil, func(s *stage) error {
		return second(s.tenants.Create(s.ctx, scimtenant.CreateRequest{Name: s.tenant, DisplayName: "x", ClaimMapping: claimmap.Recommended(claimmap.EntraID), Usage: iamscim.SCIMUsageGroups}))
	}},
	{"another organization's agent", nil, func(s *stage) error {
		return s.organizations.GrantSyncer(s.ctx, "42", scimtenant.ServiceAgentEmail("123456789012", "abc"))
	}},
	{"an organization that isn't mine", nil, func(s *stage) error {
		return s.organizations.GrantSyncer(s.ctx, "42", scimtenant.ServiceAgentEmail("42", "abc"))
	}},
	{"refused member", []scimtest.Option{scimtest.WithRefusedMembers(func(string) bool { return true })}, func(s *stage) error {
		return s.organizations.GrantSyncer(s.ctx, s.Organization, scimtenant.ServiceAgentEmail(s.Organization, "abc"))
	}},
	{"token of somebody else", nil, func(s *stage) error {
		_, _, err := s.tokens.Ensure(s.ctx, s.tenant, new(scimtoken.MemoryStore))
		return err
	}},
	{"third token", nil, func(s *stage) error {
		_, _, err := s.tokens.Create(s.ctx, scimtoken.CreateRequest{Name: s.token("second")})
		_, _, third := s.tokens.Create(s.ctx, scimtoken.CreateRequest{Name: s.token("third")})
		return errors.Join(err, third)
	}},
	{"token exists", nil, func(s *stage) error {
		_, _, err := s.tokens.Create(s.ctx, scimtoken.CreateRequest{Name: s.token("by-hand")})
		return err
	}},
	{"secret lost", nil, func(s *stage) error {
		s.Fail(scimtest.Fault{Method: "POST", Path: "tokens", Kind: scimtest.FaultClose, AfterCommit: true})
		_, _, err := s.tokens.Create(s.ctx, scimtoken.CreateRequest{Name: s.token("second")})
		return err
	}},
	{"unavailable", nil, func(s *stage) error {
		s.Fail(scimtest.Fault{Times: 2})
		return second(s.tenants.Get(s.ctx, s.tenant))
	}},
	{"throttled", nil, func(s *stage) error {
		s.Fail(scimtest.Fault{Times: 2, Status: http.StatusTooManyRequests})
		return second(s.tenants.Get(s.ctx, s.tenant))
	}},
	{"redirected", nil, func(s *stage) error {
		s.Fail(scimtest.Fault{Kind: scimtest.FaultRedirect, Header: http.Header{"Location": {"https://elsewhere.example/"}}})
		return second(s.tenants.Get(s.ctx, s.tenant))
	}},
	{"a proxy's page", nil, func(s *stage) error {
		s.Fail(scimtest.Fault{Status: 200, Body: []byte("<html>")})
		return second(s.tenants.Get(s.ctx, s.tenant))
	}},
	{"no secret", nil, func(s *stage) error { _, _, err := s.store.Load(s.ctx); return err }},
	{"no permission for secrets", []scimtest.Option{scimtest.WithDeniedPermissions("secretmanager.secrets.get")}, func(s *stage) error { _, _, err := s.store.Load(s.ctx); return err }},
	{"store that can't be read", nil, func(s *stage) error {
		_, _, err := s.tokens.Ensure(s.ctx, s.tenant, s.store)
		return err
	}},
	{"no role", nil, func(s *stage) error { return second(s.directory.CheckAccess(s.ctx)) }},
	{"no user", []scimtest.Option{scimtest.WithSyncerGranted()}, func(s *stage) error { return second(s.directory.Users.Get(s.ctx, "nobody")) }},
	{"nobody of that name", []scimtest.Option{scimtest.WithSyncerGranted()}, func(s *stage) error { return second(s.directory.Users.Find(s.ctx, "nobody@example.com")) }},
	{"no mail address", []scimtest.Option{scimtest.WithSyncerGranted()}, func(s *stage) error {
		return second(s.directory.Users.Create(s.ctx, &scimclient.User{UserName: "ada"}))
	}},
	{"token rejected", []scimtest.Option{scimtest.WithSyncerGranted()}, func(s *stage) error {
		return errors.Join(s.tokens.Delete(s.ctx, s.token("by-hand")), second(s.directory.CheckAccess(s.ctx)))
	}},
	{"tenant deleted", []scimtest.Option{scimtest.WithSyncerGranted()}, func(s *stage) error {
		return errors.Join(second(s.tenants.Delete(s.ctx, s.tenant)), second(s.directory.CheckAccess(s.ctx)))
	}},
	{"nobody there", nil, func(s *stage) error { s.Close(); return second(s.directory.CheckAccess(s.ctx)) }},
	{"empty spec", nil, func(s *stage) error { return second(s.job.Plan(s.ctx, provision.Spec{})) }},
}

// TestWordingOfFailures: what a user reads when a call fails, in each part that this
// module wrote.
func TestWordingOfFailures(t *testing.T) {
	t.Parallel()
	if len(fails) < 25 {
		t.Errorf("only %d failures are played", len(fails))
	}
	for _, tt := range fails {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			err := tt.call(newStage(t, tt.opts...))
			if err == nil {
				t.Fatal("no error")
			}
			t.Log(err)
			what, remedy, ok := parts(err)
			if !ok {
				t.Fatalf("%T has no remedy", err)
			}
			for _, text := range strings.Split(strings.Join(what, "\n"), "\n") {
				if strings.HasPrefix(strings.TrimSpace(text), "supported: ") {
					continue // a list
				}
				if n := utf8.RuneCountInString(text); n > maxWhat {
					t.Errorf("%d characters say what happened, want at most %d: %s", n, maxWhat, text)
				}
				if strings.Contains(text, "gcloud ") {
					t.Errorf("a command outside of the remedy: %s", text)
				}
			}
			if placeholders.MatchString(remedy) || strings.Contains(remedy, "gcloud ") && goCode.MatchString(remedy) {
				t.Errorf("remedy: %s", remedy)
			}
		})
	}
}

// parts are what this module says happened, each kind, cause and broken rule, and what
// to do about it. What a service or the network says isn't among it.
func parts(err error) (what []string, remedy string, ok bool) {
	var control *iamscim.Error
	var scim *scimclient.Error
	switch {
	case errors.As(err, &scim):
		if scim.Kind != nil {
			what = append(what, scim.Kind.Error())
		}
		if scim.Err != nil {
			what = append(what, scim.Err.Error())
		}
		return what, scim.Remedy, true
	case errors.As(err, &control):
		if control.Kind != nil {
			what = append(what, control.Kind.Error())
		}
		inner, innerRemedy, nested := []string(nil), "", false
		if control.Err != nil {
			inner, innerRemedy, nested = parts(control.Err)
		}
		switch {
		case nested:
			what = append(what, inner...)
		case control.Err != nil && control.Status == 0 && len(control.Violations) == 0:
			what = append(what, control.Err.Error())
		}
		for _, v := range control.Violations {
			what = append(what, v.String())
		}
		return what, strings.Trim(control.Remedy+"; "+innerRemedy, "; "), true
	}
	return nil, "", false
}
