package audit_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/oauth2"
	"google.golang.org/api/iam/v1"

	"github.com/iamscim/iamscim/claimmap"
	"github.com/iamscim/iamscim/provision/idp"
	"github.com/iamscim/iamscim/scimclient"
	"github.com/iamscim/iamscim/scimclient/audit"
	"github.com/iamscim/iamscim/scimtest"
)

const (
	testProvider = "locations/global/workforcePools/acme-pool/providers/entra"
	testTenant   = testProvider + "/scimTenants/tenant-a"
	testUID      = "0a1b2c3d4e5f6g7h8i9j"
	testToken    = "fake-token"
	testMapping  = "google.subject=user.externalId,google.group=group.externalId"
)

func mapping(t testing.TB) claimmap.Mapping {
	t.Helper()
	m, err := claimmap.Parse(testMapping)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// directory is a roster and what the tenant has, before they're compared. Tests
// change one of them.
type directory struct {
	users   []idp.User
	groups  []idp.Group
	members []idp.Membership
	leavers []idp.Leaver

	tenant struct {
		users   []*tenantUser
		groups  []*tenantGroup
		members map[idp.Membership]bool
	}
}

type tenantUser struct {
	key string
	doc scimclient.User
}

type tenantGroup struct {
	key string
	doc scimclient.Group
}

// generate makes a directory in which user i is in groups i, i+1, …, each users
// times per group.
func generate(users, groups, each int) *directory {
	d := &directory{}
	d.tenant.members = map[idp.Membership]bool{}
	for i := range groups {
		d.addGroup(idp.Group{Key: fmt.Sprintf("g%d", i), DisplayName: fmt.Sprintf("Group %d", i), ExternalID: fmt.Sprintf("xg%d", i)})
	}
	for i := range users {
		key := fmt.Sprintf("u%d", i)
		d.addUser(idp.User{
			Key: key, UserName: key + "@example.com", ExternalID: "x" + key, DisplayName: "User " + key, Emails: []string{key + "@example.com"},
			Attributes: map[string]string{"title": "T" + key},
		})
		for j := range each {
			d.addMember(fmt.Sprintf("g%d", (i+j)%groups), key)
		}
	}
	return d
}

func (d *directory) addUser(u idp.User) {
	d.users = append(d.users, u)
	d.tenant.users = append(d.tenant.users, &tenantUser{u.Key, scimclient.User{
		UserName: u.UserName, ExternalID: u.ExternalID, DisplayName: u.DisplayName, Title: u.Attributes["title"], Active: new(!u.Inactive),
		Emails: []scimclient.MultiValue{{Value: u.Emails[0], Type: scimclient.TypeWork}},
	}})
}

func (d *directory) addGroup(g idp.Group) {
	d.groups = append(d.groups, g)
	d.tenant.groups = append(d.tenant.groups, &tenantGroup{g.Key, scimclient.Group{DisplayName: g.DisplayName, ExternalID: g.ExternalID}})
}

func (d *directory) addMember(group, user string) {
	m := idp.Membership{Group: group, User: user}
	d.members = append(d.members, m)
	d.tenant.members[m] = true
}

func (d *directory) user(key string) *tenantUser {
	return d.tenant.users[slices.IndexFunc(d.tenant.users, func(u *tenantUser) bool { return u.key == key })]
}

func (d *directory) group(key string) *tenantGroup {
	return d.tenant.groups[slices.IndexFunc(d.tenant.groups, func(g *tenantGroup) bool { return g.key == key })]
}

func (d *directory) dropUser(key string) {
	d.tenant.users = slices.DeleteFunc(d.tenant.users, func(u *tenantUser) bool { return u.key == key })
}

func (d *directory) dropGroup(key string) {
	d.tenant.groups = slices.DeleteFunc(d.tenant.groups, func(g *tenantGroup) bool { return g.key == key })
}

func (d *directory) roster() idp.Roster {
	return idp.Roster{Users: idp.Of(d.users...), Groups: idp.Of(d.groups...), Memberships: idp.Of(d.members...), Leavers: idp.Of(d.leavers...)}
}

// fixture is a fake with a tenant's directory.
type fixture struct {
	t       testing.TB
	srv     *scimtest.Server
	base    string
	userID  map[string]string // by key
	groupID map[string]string // by key
}

// serve puts the tenant's side of the directory into a fake.
func (d *directory) serve(t testing.TB, srv *scimtest.Server) *fixture {
	t.Helper()
	err := errors.Join(
		srv.AddPool(&iam.WorkforcePool{Name: "locations/global/workforcePools/acme-pool", Parent: "organizations/" + scimtest.DefaultOrganization}),
		srv.AddProvider(&iam.WorkforcePoolProvider{
			Name: testProvider, AttributeMapping: map[string]string{"google.subject": "assertion.oid"},
			Oidc: &iam.GoogleIamAdminV1WorkforcePoolProviderOidc{
				IssuerUri: "https://login.example.com", ClientId: "client",
				WebSsoConfig: &iam.GoogleIamAdminV1WorkforcePoolProviderOidcWebSsoConfig{ResponseType: "ID_TOKEN", AssertionClaimsBehavior: "ONLY_ID_TOKEN_CLAIMS"},
			},
		}))
	if err != nil {
		t.Fatal(err)
	}
	tenant, err := srv.AddTenant(&iam.WorkforcePoolProviderScimTenant{Name: testTenant, BaseUri: "https://iamscim.googleapis.com/v1alpha1/tenants/" + testUID, ClaimMapping: mapping(t).Map()})
	if err != nil {
		t.Fatal(err)
	}
	if _, err = srv.AddToken(&iam.WorkforcePoolProviderScimToken{Name: testTenant + "/tokens/token-a", SecurityToken: testToken}); err != nil {
		t.Fatal(err)
	}
	f := &fixture{t: t, srv: srv, base: tenant.BaseUri, userID: map[string]string{}, groupID: map[string]string{}}
	for _, u := range d.tenant.users {
		f.addUser(u)
	}
	for _, g := range d.tenant.groups {
		f.addGroup(g, d.tenant.members)
	}
	return f
}

func (f *fixture) addUser(u *tenantUser) {
	f.t.Helper()
	u.doc.Schemas = []string{scimclient.SchemaUser}
	text, err := json.Marshal(u.doc)
	if err != nil {
		f.t.Fatal(err)
	}
	if f.userID[u.key], err = f.srv.AddUser(testTenant, text); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) addGroup(g *tenantGroup, members map[idp.Membership]bool) {
	f.t.Helper()
	g.doc.Schemas, g.doc.Members = []string{scimclient.SchemaGroup}, nil
	for m := range members {
		if id := f.userID[m.User]; m.Group == g.key && id != "" {
			g.doc.Members = append(g.doc.Members, scimclient.Member{Value: id})
		}
	}
	text, err := json.Marshal(g.doc)
	if err != nil {
		f.t.Fatal(err)
	}
	if f.groupID[g.key], err = f.srv.AddGroup(testTenant, text); err != nil {
		f.t.Fatal(err)
	}
}

// client is a client over the fake's pipe, which works in a synctest bubble.
func (f *fixture) client(opts ...scimclient.Option) *scimclient.Client {
	f.t.Helper()
	return f.clientVia(f.srv.PipeHTTPClient(), opts...)
}

func (f *fixture) clientVia(h *http.Client, opts ...scimclient.Option) *scimclient.Client {
	f.t.Helper()
	c, err := scimclient.New(f.base, oauth2.StaticTokenSource(&oauth2.Token{AccessToken: testToken}), append([]scimclient.Option{scimclient.WithHTTPClient(h), scimclient.WithRate(6_000_000)}, opts...)...)
	if err != nil {
		f.t.Fatal(err)
	}
	return c
}

// roundTripper is a transport made of a function.
type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// recorder keeps the messages of an audit.
type recorder struct {
	mu       sync.Mutex
	messages []audit.Message
}

func (r *recorder) handle(m audit.Message) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.messages = append(r.messages, m)
	return nil
}

// findings returns the findings in short: "code user group attribute".
func (r *recorder) findings() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var list []string
	for _, m := range r.messages {
		if m.Finding != nil {
			list = append(list, short(*m.Finding))
		}
	}
	slices.Sort(list)
	return list
}

func short(f audit.Finding) string {
	return strings.Join(strings.Fields(fmt.Sprintf("%s %s %s %s", f.Code, f.User, f.Group, f.Attribute)), " ")
}

func server(opts ...scimtest.Option) *scimtest.Server {
	return scimtest.New(append([]scimtest.Option{scimtest.WithSyncerGranted()}, opts...)...)
}

// run runs an audit that must not fail.
func run(t testing.TB, c *scimclient.Client, r idp.Roster, set func(*audit.Options)) (*audit.Result, *recorder) {
	t.Helper()
	rec := &recorder{}
	opts := audit.Options{Mapping: mapping(t), Handle: rec.handle}
	if set != nil {
		set(&opts)
	}
	result, err := audit.Run(context.Background(), c, r, opts)
	if err != nil {
		t.Fatalf("Run: %v", err)
	}
	return result, rec
}

func sorted(list []string) []string {
	slices.Sort(list)
	return list
}

// twice makes a list reply that has its one resource twice, under two ids.
func twice(resp *http.Response) (*http.Response, error) {
	text, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if err != nil {
		return nil, err
	}
	var list map[string]any
	if err := json.Unmarshal(text, &list); err != nil {
		return nil, err
	}
	twin := maps.Clone(list["Resources"].([]any)[0].(map[string]any))
	twin["id"] = "twin"
	list["Resources"] = append(list["Resources"].([]any), twin)
	list["totalResults"] = 2
	if text, err = json.Marshal(list); err != nil {
		return nil, err
	}
	resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(text)), int64(len(text))
	return resp, nil
}
