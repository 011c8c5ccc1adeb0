package scimtest_test

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"testing"
	"time"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/claimmap"
	"github.com/iamscim/iamscim/provider"
	"github.com/iamscim/iamscim/scimclient"
	"github.com/iamscim/iamscim/scimtenant"
	"github.com/iamscim/iamscim/scimtest"
	"github.com/iamscim/iamscim/scimtoken"
	"google.golang.org/api/iam/v1"
)

const claimFlag = "google.subject=user.userName,google.group=group.displayName"

// shuffles are the seeds of the tests of our own clients; examples/quickstart runs the whole job
// under as many.
const shuffles = 16

// TestShuffledClients calls the client packages, refusals included, under seeds that draw another
// answer for every unknown row: they depend on no guess of the fake.
func TestShuffledClients(t *testing.T) {
	t.Parallel()
	for name, play := range map[string]func(*shuffled){
		"provider": (*shuffled).provider, "scimtenant": (*shuffled).scimtenant,
		"scimtoken": (*shuffled).scimtoken, "scimclient": (*shuffled).scimclient,
	} {
		for seed := range uint64(shuffles) {
			t.Run(fmt.Sprint(name, " seed ", seed), func(t *testing.T) {
				t.Parallel()
				s := newShuffled(t, seed)
				play(s)
				if t.Failed() {
					for _, r := range s.srv.Requests() {
						t.Logf("%s %s?%s = %d %s %s", r.Method, r.Path, r.Query.Encode(), r.Status, r.Rule, r.Reason)
					}
					t.Log(s.srv.Behaviors())
				}
			})
		}
	}
}

// shuffled is a server under a seed with the clients for it.
type shuffled struct {
	*testing.T
	srv       *scimtest.Server
	providers *provider.Client
	tenants   *scimtenant.Client
	tokens    *scimtoken.Client

	pool       provider.PoolName
	entra      provider.Name
	tenantName scimtenant.Name
}

func newShuffled(t *testing.T, seed uint64) *shuffled {
	s := &shuffled{T: t, srv: scimtest.New(scimtest.WithShuffledBehaviors(seed), scimtest.WithSyncerGranted())}
	t.Cleanup(s.srv.Close)
	s.must(s.srv.AddPool(testPool()))
	s.must(s.srv.AddProvider(testProvider("entra")))
	quick := iamscim.RetryPolicy{Initial: time.Millisecond, Max: 2 * time.Millisecond, MaxAttempts: 4, Replication: time.Second}
	opts := append(s.srv.PipeClientOptions(), provider.WithRetry(quick))
	var err error
	s.providers, err = provider.NewClient(t.Context(), opts...)
	s.must(err)
	s.tenants, err = scimtenant.NewClient(t.Context(), opts...)
	s.must(err)
	s.tokens, err = scimtoken.NewClient(t.Context(), opts...)
	s.must(err)
	s.pool, err = provider.ParsePoolName(poolName)
	s.must(err)
	s.entra, err = provider.ParseName(providerName)
	s.must(err)
	s.tenantName, err = scimtenant.ParseName(tenantName)
	s.must(err)
	return s
}

func (s *shuffled) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// is compares an error with what a caller branches on.
func (s *shuffled) is(err error, want ...error) {
	s.Helper()
	if !slices.ContainsFunc(want, func(w error) bool { return errors.Is(err, w) }) {
		s.Errorf("the error is %v, want one of %v", err, want)
	}
}

func (s *shuffled) true(what string, ok bool) {
	s.Helper()
	if !ok {
		s.Errorf("want: %s", what)
	}
}

// all collects a list.
func all[T any](s *shuffled, list iter.Seq2[T, error]) (items []T) {
	s.Helper()
	for item, err := range list {
		s.must(err)
		items = append(items, item)
	}
	return items
}

func (s *shuffled) provider() {
	ctx := s.Context()
	okta, err := provider.NewName(s.pool, "okta")
	s.must(err)
	request := provider.CreateRequest{
		Name: okta, DisplayName: "Okta", AttributeMapping: map[string]string{"google.subject": "assertion.sub"},
		OIDC: &provider.OIDC{IssuerURI: "https://idp.example", ClientID: "c", WebSSO: &provider.WebSSO{ResponseType: provider.ResponseIDToken, AssertionClaimsBehavior: provider.ClaimsOnlyIDToken}},
	}
	created, err := s.providers.Create(ctx, request)
	s.must(err)
	s.true("the provider as asked", created.DisplayName == "Okta" && created.Name == okta)
	_, err = s.providers.Create(ctx, request)
	s.is(err, iamscim.ErrAlreadyExists)
	updated, err := s.providers.Update(ctx, provider.UpdateRequest{Name: okta, DisplayName: new("New")})
	s.must(err)
	s.true("the new display name", updated.DisplayName == "New")
	s.true("two providers", len(all(s, s.providers.List(ctx, s.pool, iamscim.ListOptions{}))) == 2)
	_, err = s.providers.SetSCIMUsage(ctx, okta, iamscim.SCIMUsageGroups)
	s.must(err)
	_, err = s.providers.SetSCIMUsage(ctx, s.entra, iamscim.SCIMUsageGroups)
	s.is(err, provider.ErrUsageConflict)
	_, err = s.providers.SetSCIMUsage(ctx, okta, iamscim.SCIMUsageNone)
	s.must(err)
	deleted, err := s.providers.Delete(ctx, okta)
	s.must(err)
	s.true("a deleted provider", deleted.State == iamscim.StateDeleted)
	restored, err := s.providers.Undelete(ctx, okta)
	s.must(err)
	s.true("an active provider", restored.State == iamscim.StateActive)
	none, err := provider.NewName(s.pool, "none")
	s.must(err)
	_, err = s.providers.Get(ctx, none)
	s.is(err, iamscim.ErrNotFound)
}

func (s *shuffled) mapping(flag string) claimmap.Mapping {
	s.Helper()
	mapping, err := claimmap.Parse(flag)
	s.must(err)
	return mapping
}

func (s *shuffled) createTenant() *scimtenant.Tenant {
	s.Helper()
	tenant, err := s.tenants.Create(s.Context(), scimtenant.CreateRequest{Name: s.tenantName, DisplayName: "T", ClaimMapping: s.mapping(claimFlag), Usage: iamscim.SCIMUsageGroups})
	s.must(err)
	return tenant
}

func (s *shuffled) scimtenant() {
	ctx := s.Context()
	tenant := s.createTenant()
	s.true("a UID that is in the base URI and in the service agent", tenant.UID() != "" && tenant.ServiceAgent == scimtenant.ServiceAgentEmail(scimtest.DefaultOrganization, tenant.UID()))
	other, err := scimtenant.NewName(s.entra, "tenant-b")
	s.must(err)
	_, err = s.tenants.Create(ctx, scimtenant.CreateRequest{Name: other, ClaimMapping: s.mapping(claimFlag), Usage: iamscim.SCIMUsageGroups})
	s.is(err, scimtenant.ErrPoolOccupied)
	updated, err := s.tenants.Update(ctx, scimtenant.UpdateRequest{Name: s.tenantName, Description: new("d")})
	s.must(err)
	s.true("the new description", updated.Description == "d")
	s.true("one tenant", len(all(s, s.tenants.List(ctx, s.entra, iamscim.ListOptions{}))) == 1)
	deleted, err := s.tenants.Delete(ctx, s.tenantName)
	s.must(err)
	s.true("a deleted tenant", deleted.State == iamscim.StateDeleted)
	_, err = s.tenants.Create(ctx, scimtenant.CreateRequest{Name: other, ClaimMapping: s.mapping(claimFlag), Usage: iamscim.SCIMUsageGroups})
	s.is(err, scimtenant.ErrPoolOccupied)
	restored, err := s.tenants.Undelete(ctx, s.tenantName)
	s.must(err)
	s.true("the same tenant", restored.UID() == tenant.UID())
	replacement, err := s.tenants.Replace(ctx, s.tenantName, scimtenant.ReplaceRequest{ClaimMapping: s.mapping("google.subject=user.externalId,google.group=group.externalId"), Usage: iamscim.SCIMUsageGroups, AcceptNewBaseURI: true})
	s.must(err)
	s.true("another UID", replacement.New.UID() != tenant.UID())
	s.must(s.tenants.HardDelete(ctx, s.tenantName, scimtenant.HardDeleteOptions{}))
	_, err = s.tenants.Get(ctx, s.tenantName)
	s.is(err, iamscim.ErrNotFound)
}

func (s *shuffled) scimtoken() {
	ctx := s.Context()
	s.createTenant()
	first, secret, err := s.tokens.Create(ctx, scimtoken.CreateRequest{Tenant: s.tenantName})
	s.must(err)
	s.true("a secret", secret.Reveal() != "")
	second, _, err := s.tokens.Create(ctx, scimtoken.CreateRequest{Tenant: s.tenantName})
	s.must(err)
	_, _, err = s.tokens.Create(ctx, scimtoken.CreateRequest{Tenant: s.tenantName})
	s.is(err, scimtoken.ErrTokenLimit)
	s.true("two tokens", len(all(s, s.tokens.List(ctx, s.tenantName, iamscim.ListOptions{}))) == 2)
	updated, err := s.tokens.Update(ctx, scimtoken.UpdateRequest{Name: second.Name, DisplayName: new("x")})
	s.must(err)
	s.true("the new display name", updated.DisplayName == "x")
	s.must(s.tokens.Delete(ctx, first.Name))
	got, err := s.tokens.Get(ctx, first.Name)
	s.must(err)
	s.true("a deleted token", got.State == iamscim.StateDeleted)
	// Its comment says that it may answer 404.
	if _, err := s.tokens.Undelete(ctx, first.Name); err != nil {
		s.is(err, iamscim.ErrNotFound)
	}
}

func (s *shuffled) scimclient() {
	ctx := s.Context()
	tenant := s.createTenant()
	key, err := s.srv.AddToken(&iam.WorkforcePoolProviderScimToken{Name: tokenName})
	s.must(err)
	c, err := scimclient.New(tenant.BaseURI, iamscim.NewSecret(key.SecurityToken).TokenSource(), scimclient.WithHTTPClient(s.srv.PipeHTTPClient()), scimclient.WithRate(6_000_000),
		scimclient.WithRetry(iamscim.RetryPolicy{Initial: time.Millisecond, Max: 2 * time.Millisecond, MaxAttempts: 4}))
	s.must(err)
	_, err = c.CheckAccess(ctx)
	s.must(err)
	_, err = c.ServiceProviderConfig(ctx)
	s.must(err)
	schemas, err := c.Schemas(ctx)
	s.must(err)
	s.true("three schemas", len(schemas) == 3)

	newUser := func(name string) *scimclient.User {
		return &scimclient.User{UserName: name, ExternalID: "x-" + name, Emails: []scimclient.MultiValue{{Type: scimclient.TypeWork, Value: name}}}
	}
	ada, err := c.Users.Create(ctx, newUser("ada@example.com"))
	s.must(err)
	bob, err := c.Users.Create(ctx, newUser("bob@example.com"))
	s.must(err)
	_, err = c.Users.Create(ctx, newUser("ada@example.com"))
	s.is(err, scimclient.ErrConflict)
	_, err = c.Users.Create(ctx, &scimclient.User{UserName: "eve@example.com"})
	s.is(err, iamscim.ErrInvalidArgument)
	found, err := c.Users.Find(ctx, "ADA@example.com")
	s.must(err)
	s.true("Ada", found.ID == ada.ID)
	s.true("two users", len(all(s, c.Users.List(ctx, scimclient.Filter{}))) == 2)
	_, err = c.Users.Get(ctx, "none")
	s.is(err, scimclient.ErrNotFound)
	found.Title = "Countess"
	replaced, err := c.Users.Replace(ctx, found)
	s.must(err)
	s.true("the title", replaced.Title == "Countess")
	s.must(c.Users.Patch(ctx, ada.ID, new(scimclient.Patch).Replace("nickName", "A"), scimclient.ReadBack()))
	s.must(c.Users.Deactivate(ctx, bob.ID, scimclient.ReadBack()))
	got, err := c.Users.Get(ctx, bob.ID)
	s.must(err)
	s.true("Bob is inactive", got.Active != nil && !*got.Active)

	eng, err := c.Groups.Create(ctx, &scimclient.Group{DisplayName: "eng"})
	s.must(err)
	ops, err := c.Groups.Create(ctx, &scimclient.Group{DisplayName: "ops"})
	s.must(err)
	s.must(c.Groups.AddMembers(ctx, eng.ID, []string{ada.ID, bob.ID}))
	s.must(c.Groups.AddMembers(ctx, ops.ID, []string{bob.ID}))
	is, err := c.Groups.IsMember(ctx, eng.ID, ada.ID)
	s.must(err)
	s.true("Ada is in eng", is)
	is, err = c.Groups.IsMember(ctx, ops.ID, ada.ID)
	s.must(err)
	s.true("Ada isn't in ops", !is)
	s.true("Ada's one group", len(all(s, c.Groups.GroupsOf(ctx, ada.ID))) == 1)
	s.true("Bob's two groups", len(all(s, c.Groups.GroupsOf(ctx, bob.ID))) == 2)
	s.must(c.Groups.RemoveMembers(ctx, eng.ID, []string{ada.ID}))
	is, err = c.Groups.IsMember(ctx, eng.ID, ada.ID)
	s.must(err)
	s.true("Ada isn't in eng any more", !is)
	group, err := c.Groups.Find(ctx, "eng")
	s.must(err)
	s.must(c.Groups.Delete(ctx, group.ID))
	s.must(c.Users.Delete(ctx, ada.ID))
	_, err = c.Users.Get(ctx, ada.ID)
	s.is(err, scimclient.ErrNotFound)

	// A deleted token.
	name, err := scimtoken.ParseName(tokenName)
	s.must(err)
	s.must(s.tokens.Delete(ctx, name))
	_, err = c.CheckAccess(ctx)
	s.is(err, scimclient.ErrTokenRejected, scimclient.ErrTenantUnknown)
}
