package provision_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"google.golang.org/api/iam/v1"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/provider"
	"github.com/iamscim/iamscim/provision"
	"github.com/iamscim/iamscim/provision/idp"
	"github.com/iamscim/iamscim/scimclient"
	"github.com/iamscim/iamscim/scimtenant"
	"github.com/iamscim/iamscim/scimtest"
	"github.com/iamscim/iamscim/scimtoken"
)

// setup is a world, clients for it and the spec of its provider.
type setup struct {
	*scimtest.World
	clients *provision.Clients
	store   *scimtoken.MemoryStore
	spec    provision.Spec
	idp     *fakeIDP // nil without one
	seeded  int
	tenant  scimtenant.Name // of the scenes
}

// automate adds an identity provider that is a program.
func (s *setup) automate() {
	s.idp = &fakeIDP{clients: s.clients}
	s.spec.IdentityProvider = s.idp
}

// newSetup is a set-up over memory, for use inside and outside of
// testing/synctest.
func newSetup(t testing.TB, opts ...scimtest.Option) *setup {
	t.Helper()
	world, err := scimtest.NewAcme(opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(world.Close)
	s := &setup{World: world, store: &scimtoken.MemoryStore{}}
	s.clients = s.client(t, provision.WithServer(world))
	name, err := provider.ParseName(world.Provider)
	if err != nil {
		t.Fatal(err)
	}
	s.spec = provision.Spec{
		Provider: name,
		Store:    s.store,
		Accept:   []string{"entra-no-guests"},
		Ready: provision.Ready{
			Users:  []string{"ada@example.com"},
			Groups: map[string][]string{"engineering": {"ada@example.com", "alan@example.com"}},
		},
	}
	return s
}

func (s *setup) client(t testing.TB, opts ...provision.Option) *provision.Clients {
	t.Helper()
	clients, err := provision.New(t.Context(), opts...)
	if err != nil {
		t.Fatal(err)
	}
	return clients
}

func (s *setup) plan(t testing.TB) *provision.Plan {
	t.Helper()
	return s.planOf(t, s.spec)
}

func (s *setup) planOf(t testing.TB, spec provision.Spec) *provision.Plan {
	t.Helper()
	p, err := s.clients.Plan(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// seedTenant puts a tenant in place, with a mapping by e-mail.
func (s *setup) seedTenant(t testing.TB, provider string, mapping map[string]string) *iam.WorkforcePoolProviderScimTenant {
	t.Helper()
	if mapping == nil {
		mapping = map[string]string{"google.subject": "user.emails[0].value.lowerAscii()", "google.group": "group.externalId"}
	}
	s.seeded++
	tenant, err := s.AddTenant(&iam.WorkforcePoolProviderScimTenant{Name: provider + "/scimTenants/scim", ClaimMapping: mapping, BaseUri: fmt.Sprintf("http://127.0.0.1/v1alpha1/tenants/seeded%d", s.seeded)})
	if err != nil {
		t.Fatal(err)
	}
	return tenant
}

// push is what the identity provider does with base URI and token.
func push(ctx context.Context, clients *provision.Clients, base string, token iamscim.Secret) error {
	client, err := scimclient.New(base, token.TokenSource(), scimclient.WithHTTPClient(clients.HTTPClientForTest()))
	if err != nil {
		return err
	}
	var ids []string
	for _, name := range []string{"ada", "alan", "grace"} {
		user, err := client.Users.Create(ctx, &scimclient.User{
			UserName: name + "@example.com", ExternalID: "id-" + name, Active: new(true),
			Emails: []scimclient.MultiValue{{Value: name + "@example.com", Type: scimclient.TypeWork}},
		})
		if conflict, ok := errors.AsType[*scimclient.Error](err); ok && conflict.Conflict != nil {
			user, err = client.Users.Get(ctx, conflict.Conflict.ID)
		}
		if err != nil {
			return err
		}
		ids = append(ids, user.ID)
	}
	group, err := client.Groups.Create(ctx, &scimclient.Group{DisplayName: "engineering", ExternalID: "id-engineering"})
	if errors.Is(err, scimclient.ErrConflict) {
		group, err = client.Groups.Find(ctx, "engineering")
	}
	if err != nil {
		return err
	}
	return client.Groups.AddMembers(ctx, group.ID, ids[:2])
}

// fakeIDP is an identity provider that pushes as soon as it's set up.
type fakeIDP struct {
	clients *provision.Clients

	mu       sync.Mutex
	state    idp.Status
	token    iamscim.Secret
	given    []string // the calls, for the tests' eyes
	refused  error    // of the next SetUp
	rejected int      // tokens that didn't work
}

func (f *fakeIDP) Status(ctx context.Context) (*idp.Status, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	state := f.state
	return &state, nil
}

func (f *fakeIDP) SetUp(ctx context.Context, c idp.Connection) error {
	return f.connect(ctx, "set up", c)
}

func (f *fakeIDP) CutOver(ctx context.Context, c idp.Connection) error {
	return f.connect(ctx, "cut over", c)
}

func (f *fakeIDP) Push(context.Context, string) (*idp.Attempt, error) { return &idp.Attempt{}, nil }
func (f *fakeIDP) Why(context.Context, string) (*idp.Attempt, error)  { return &idp.Attempt{}, nil }

func (f *fakeIDP) connect(ctx context.Context, what string, c idp.Connection) error {
	// A mutex that is held here would stop the time of testing/synctest.
	f.mu.Lock()
	refused := f.refused
	f.given = append(f.given, what)
	f.mu.Unlock()
	if refused != nil {
		return refused
	}
	// It tries the token, as Entra ID does.
	err := push(ctx, f.clients, c.BaseURI, c.Token)
	f.mu.Lock()
	defer f.mu.Unlock()
	if err != nil {
		if errors.Is(err, scimclient.ErrTokenRejected) {
			f.rejected++
		}
		return err
	}
	f.state = idp.Status{BaseURI: c.BaseURI, Running: true, FirstCycle: time.Now(), Settings: c.Settings}
	f.token = c.Token
	return nil
}

func (f *fakeIDP) Stop(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.given = append(f.given, "stop")
	f.state.Running = false
	return nil
}

// otherProvider adds a provider to the pool and returns its name.
func (s *setup) otherProvider(t testing.TB, usage iamscim.SCIMUsage) string {
	t.Helper()
	name := s.Pool + "/providers/okta"
	if err := s.AddProvider(&iam.WorkforcePoolProvider{
		Name: name, ScimUsage: string(usage), AttributeMapping: map[string]string{"google.subject": "assertion.sub"},
		Oidc: &iam.GoogleIamAdminV1WorkforcePoolProviderOidc{
			IssuerUri: "https://acme.okta.com", ClientId: "c",
			WebSsoConfig: &iam.GoogleIamAdminV1WorkforcePoolProviderOidcWebSsoConfig{ResponseType: "ID_TOKEN", AssertionClaimsBehavior: "ONLY_ID_TOKEN_CLAIMS"},
		},
	}); err != nil {
		t.Fatal(err)
	}
	return name
}

// addOther adds a tenant of the scenes' name with another mapping.
func (s *setup) addOther() error {
	_, err := s.AddTenant(&iam.WorkforcePoolProviderScimTenant{Name: s.tenant.String(), ClaimMapping: map[string]string{"google.subject": "user.userName", "google.group": "group.displayName"}})
	return err
}
