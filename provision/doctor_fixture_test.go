package provision_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/api/cloudresourcemanager/v3"
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

// patient is a set-up that the doctor examines. It's healthy at first.
type patient struct {
	*setup
	half *reportingIDP
	req  provision.DoctorRequest

	faults []scimtest.Fault
}

// healthy is the state of a set-up that was provisioned an hour ago, for every
// patient to begin with.
type healthy struct {
	once   sync.Once
	cloud  *scimtest.Snapshot
	record scimtoken.Secret
	half   idp.Status
}

var base healthy

// midnight is when the bubbles of testing/synctest begin.
var midnight = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// prepare provisions the set-up once, in the bubble of the first patient. All
// bubbles of testing/synctest begin at the same time.
func (h *healthy) prepare(t testing.TB) {
	h.once.Do(func() {
		s := newSetup(t)
		s.automate()
		s.provisioned(t, s.spec)
		record, _, err := s.store.Load(t.Context())
		must(t, err)
		h.cloud, h.record, h.half = s.Snapshot(), record, s.idp.state
	})
}

// newPatient makes a set-up that was provisioned an hour ago. The options change
// what the fake does from now on.
func newPatient(t testing.TB, opts ...scimtest.Option) *patient {
	t.Helper()
	base.prepare(t)
	time.Sleep(time.Until(midnight.Add(time.Hour)))
	p := &patient{setup: newSetup(t, opts...)}
	p.automate()
	p.half = &reportingIDP{fakeIDP: p.idp}
	p.spec.IdentityProvider = p.half
	p.Restore(base.cloud)
	p.idp.state = base.half
	must(t, p.store.Swap(t.Context(), "", base.record))
	p.tenant = p.tenantName(t)
	p.spec.Ready = provision.Ready{}
	p.req = provision.DoctorRequest{Spec: p.spec}
	return p
}

func (p *patient) doctor(t testing.TB) *provision.Report {
	t.Helper()
	r, err := p.clients.Doctor(t.Context(), p.req)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// codes are the codes of a report, each once, in order.
func codes(r *provision.Report) []provision.Code {
	var all []provision.Code
	for _, f := range r.Findings {
		all = append(all, f.Code)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// reportingIDP reads its settings back, and had a cycle ten minutes ago.
type reportingIDP struct {
	*fakeIDP

	mu     sync.Mutex
	change func(*idp.Status) // before it's reported
	why    func(person string) (*idp.Attempt, error)
	silent error
}

// now makes the reports of p.half different from now on.
func (p *patient) now(change func(*idp.Status)) {
	p.half.mu.Lock()
	defer p.half.mu.Unlock()
	before := p.half.change
	p.half.change = func(s *idp.Status) {
		if before != nil {
			before(s)
		}
		change(s)
	}
}

func (h *reportingIDP) Status(ctx context.Context) (*idp.Status, error) {
	s, err := h.fakeIDP.Status(ctx)
	h.mu.Lock()
	defer h.mu.Unlock()
	if err == nil && h.silent != nil {
		return nil, h.silent
	}
	if err != nil {
		return nil, err
	}
	s.LastSuccess = time.Now().Add(-10 * time.Minute)
	s.Settings = []idp.Setting{{ID: "entra-work-email", Name: `emails[type eq "work"].value`, Value: "mail"}}
	if h.change != nil {
		h.change(s)
	}
	return s, nil
}

func (h *reportingIDP) Why(_ context.Context, person string) (*idp.Attempt, error) {
	if h.why == nil {
		return &idp.Attempt{}, nil
	}
	return h.why(person)
}

// brokenStore can't be read.
type brokenStore struct{}

func (brokenStore) Load(context.Context) (scimtoken.Secret, string, error) {
	return scimtoken.Secret{}, "", errors.New("permission denied by the vault")
}

func (brokenStore) Swap(context.Context, string, scimtoken.Secret) error {
	return errors.New("permission denied by the vault")
}

// must stops the test at an error.
func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// iam is the generated client, for what this module doesn't change.
func (p *patient) iam(t testing.TB) *iam.LocationsWorkforcePoolsService {
	t.Helper()
	svc, err := iam.NewService(t.Context(), p.PipeClientOptions()...)
	must(t, err)
	return svc.Locations.WorkforcePools
}

// bind writes bindings into the organization's policy. change gets the policy.
func (p *patient) bind(t testing.TB, change func(*cloudresourcemanager.Policy)) {
	t.Helper()
	svc, err := cloudresourcemanager.NewService(t.Context(), p.PipeOrganizationClientOptions()...)
	must(t, err)
	name := "organizations/" + p.Organization
	policy, err := svc.Organizations.GetIamPolicy(name, &cloudresourcemanager.GetIamPolicyRequest{Options: &cloudresourcemanager.GetPolicyOptions{RequestedPolicyVersion: 3}}).Do()
	must(t, err)
	policy.Version = 3
	change(policy)
	_, err = svc.Organizations.SetIamPolicy(name, &cloudresourcemanager.SetIamPolicyRequest{Policy: policy}).Do()
	must(t, err)
}

// agentName is the tenant's service agent.
func (p *patient) agentName(t testing.TB) string {
	t.Helper()
	tenant, err := p.clients.Tenants.Get(t.Context(), p.tenant)
	must(t, err)
	return tenant.ServiceAgent
}

func (p *patient) revoke(t testing.TB) {
	t.Helper()
	must(t, p.clients.Organizations.RevokeSyncer(t.Context(), p.Organization, p.agentName(t)))
}

func (p *patient) use(t testing.TB, usage iamscim.SCIMUsage) {
	t.Helper()
	_, err := p.clients.Providers.SetSCIMUsage(t.Context(), p.spec.Provider, usage)
	must(t, err)
}

// hardDelete deletes the tenant for good. The usage stays.
func (p *patient) hardDelete(t testing.TB) {
	t.Helper()
	got, err := p.clients.Providers.Get(t.Context(), p.spec.Provider)
	must(t, err)
	p.use(t, iamscim.SCIMUsageNone) // the service may insist
	defer p.use(t, got.SCIMUsage)
	must(t, p.clients.Tenants.HardDelete(t.Context(), p.tenant, scimtenant.HardDeleteOptions{WhileInUse: true}))
}

// maps changes the provider's google.subject.
func (p *patient) maps(t testing.TB, subject string) {
	t.Helper()
	_, err := p.clients.Providers.Update(t.Context(), provider.UpdateRequest{Name: p.spec.Provider, AttributeMapping: map[string]string{"google.subject": subject}})
	must(t, err)
}

// directory is a client for the directory with the stored token.
func (p *patient) directory(t testing.TB) *scimclient.Client {
	t.Helper()
	tenant, err := p.clients.Tenants.Get(t.Context(), p.tenant)
	must(t, err)
	stored, err := scimtoken.Inspect(t.Context(), p.store)
	must(t, err)
	_, secret := stored.Live()
	client, err := p.clients.SCIM(tenant, secret)
	must(t, err)
	return client
}

func (p *patient) users(t testing.TB) []*scimclient.User {
	t.Helper()
	var all []*scimclient.User
	for u, err := range p.directory(t).Users.List(t.Context(), scimclient.Filter{}) {
		must(t, err)
		all = append(all, u)
	}
	return all
}

// retire disables users.
func (p *patient) retire(t testing.TB, users ...*scimclient.User) {
	t.Helper()
	for _, u := range users {
		must(t, p.directory(t).Users.Patch(t.Context(), u.ID, new(scimclient.Patch).Deactivate()))
	}
}

// dropGroups deletes all groups, and dropUsers all users.
func (p *patient) dropGroups(t testing.TB) {
	t.Helper()
	client := p.directory(t)
	for g, err := range client.Groups.List(t.Context(), scimclient.Filter{}) {
		must(t, err)
		must(t, client.Groups.Delete(t.Context(), g.ID))
	}
}

func (p *patient) dropUsers(t testing.TB) {
	t.Helper()
	client := p.directory(t)
	for _, u := range p.users(t) {
		must(t, client.Users.Delete(t.Context(), u.ID))
	}
}

// leave takes everybody out of the groups.
func (p *patient) leave(t testing.TB) {
	t.Helper()
	client := p.directory(t)
	for g, err := range client.Groups.List(t.Context(), scimclient.Filter{}) {
		must(t, err)
		for _, u := range p.users(t) {
			must(t, client.Groups.RemoveMembers(t.Context(), g.ID, []string{u.ID}))
		}
	}
}

// rename examines another provider.
func (p *patient) rename(t testing.TB, name string) {
	t.Helper()
	n, err := provider.ParseName(name)
	must(t, err)
	p.req.Spec.Provider = n
}

// answer makes the SCIM service answer with a status.
func (p *patient) answer(t testing.TB, status int) {
	t.Helper()
	p.fail(t, scimtest.Fault{Path: "/v1alpha1/tenants/*/Users", Status: status, Times: 100})
}

// fail scripts a fault for the doctor.
func (p *patient) fail(t testing.TB, f scimtest.Fault) {
	t.Helper()
	must(t, p.Fail(f))
	p.faults = append(p.faults, f)
}

// lack moves everything to a server where the caller lacks permissions.
func (p *patient) lack(t testing.TB, permissions []string, opts ...scimtest.Option) {
	t.Helper()
	to := newSetup(t, append(slices.Clone(opts), scimtest.WithDeniedPermissions(permissions...))...)
	to.Restore(p.Snapshot())
	p.World, p.clients = to.World, to.clients
	for _, f := range p.faults {
		must(t, p.Fail(f))
	}
}

func (p *patient) deleteToken(t testing.TB) {
	t.Helper()
	stored, err := scimtoken.Inspect(t.Context(), p.store)
	must(t, err)
	must(t, p.clients.Tokens.Delete(t.Context(), stored.Current))
}

func (p *patient) addToken(t testing.TB, id string) {
	t.Helper()
	_, err := p.AddToken(&iam.WorkforcePoolProviderScimToken{Name: p.tenant.String() + "/tokens/" + id})
	must(t, err)
}

// renewToken replaces the token in store and tenant, now.
func (p *patient) renewToken(t testing.TB) {
	t.Helper()
	p.deleteToken(t)
	p.store = &scimtoken.MemoryStore{}
	p.req.Spec.Store = p.store
	_, _, err := p.clients.Tokens.Ensure(t.Context(), p.tenant, p.store)
	must(t, err)
}

func (p *patient) addGroups(t testing.TB, n int) {
	t.Helper()
	for i := range n {
		name := fmt.Sprintf("team-%d", i)
		_, err := p.directory(t).Groups.Create(t.Context(), &scimclient.Group{DisplayName: name, ExternalID: "id-" + name})
		must(t, err)
	}
}

// mails gives a user these addresses.
func (p *patient) mails(t testing.TB, mails ...scimclient.MultiValue) {
	t.Helper()
	user := p.person(t, "ada@example.com")
	user.Emails = mails
	_, err := p.directory(t).Users.Replace(t.Context(), user)
	must(t, err)
}

// longNames makes a tenant for users, whose names are too long.
func (p *patient) longNames(t testing.TB) {
	t.Helper()
	p.forUsers(t)
	time.Sleep(time.Hour)
	p.name(t, strings.Repeat("x", 101))
}

func (p *patient) attributes(t testing.TB, req provider.UpdateRequest) {
	t.Helper()
	req.Name = p.spec.Provider
	_, err := p.clients.Providers.Update(t.Context(), req)
	must(t, err)
}

func attributesClient() *provider.AttributesClient {
	return &provider.AttributesClient{AttributesType: provider.AzureADGroupsID, IssuerURI: "https://login.microsoftonline.com/x", ClientID: "c", ClientSecret: iamscim.NewSecret("attributes-secret")}
}

func opts(all []ailment) []scimtest.Option {
	var list []scimtest.Option
	for _, a := range all {
		list = append(list, a.opts...)
	}
	return list
}

// rotateHalf begins a rotation that a person is to finish.
func (p *patient) rotateHalf(t testing.TB) {
	t.Helper()
	_, err := p.clients.Tokens.Rotate(t.Context(), scimtoken.RotateRequest{Tenant: p.tenant, Store: p.store, Verify: func(context.Context, scimtoken.Secret) error { return nil }})
	must(t, err)
}

func (p *patient) addUsers(t testing.TB, n int) {
	t.Helper()
	for i := range n {
		name := fmt.Sprintf("user-%d@example.com", i)
		_, err := p.directory(t).Users.Create(t.Context(), &scimclient.User{UserName: name, ExternalID: "id-" + name, Active: new(true), Emails: []scimclient.MultiValue{{Value: name, Type: scimclient.TypeWork}}})
		must(t, err)
	}
}

func (p *patient) addProviders(t testing.TB, n int) {
	t.Helper()
	for i := range n {
		must(t, p.AddProvider(&iam.WorkforcePoolProvider{
			Name: fmt.Sprintf("%s/providers/other-%d", p.Pool, i), AttributeMapping: map[string]string{"google.subject": "assertion.sub"},
			Oidc: &iam.GoogleIamAdminV1WorkforcePoolProviderOidc{
				IssuerUri: "https://acme.okta.com", ClientId: "c",
				WebSsoConfig: &iam.GoogleIamAdminV1WorkforcePoolProviderOidcWebSsoConfig{ResponseType: "ID_TOKEN", AssertionClaimsBehavior: "ONLY_ID_TOKEN_CLAIMS"},
			},
		}))
	}
}

// adoptByHand puts a token that somebody else made in place of the stored one.
func (p *patient) adoptByHand(t testing.TB) {
	t.Helper()
	p.deleteToken(t)
	added, err := p.AddToken(&iam.WorkforcePoolProviderScimToken{Name: p.tenant.String() + "/tokens/by-hand"})
	must(t, err)
	name, err := scimtoken.ParseName(added.Name)
	must(t, err)
	p.store = &scimtoken.MemoryStore{}
	p.req.Spec.Store = p.store
	must(t, p.clients.Tokens.Adopt(t.Context(), p.tenant, p.store, name, iamscim.NewSecret(added.SecurityToken)))
}
