package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"google.golang.org/api/iam/v1"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/claimmap"
	"github.com/iamscim/iamscim/provision/idp"
	"github.com/iamscim/iamscim/scimclient"
	"github.com/iamscim/iamscim/scimclient/audit"
	"github.com/iamscim/iamscim/scimtest"
)

const (
	demoProvider = "locations/global/workforcePools/demo-pool/providers/entra"
	demoTenant   = demoProvider + "/scimTenants/demo-tenant"
	demoToken    = "fake-demo-token"
	demoUsers    = 2000
	demoGroups   = 60
)

// runDemo audits a generated directory on an in-memory Google Cloud. The pace is
// higher than in production, and the settle time shorter: nobody shares the quota.
func (j *job) runDemo(ctx context.Context) int {
	d := newDemo()
	d.plant()
	srv := scimtest.New(scimtest.WithSyncerGranted())
	defer srv.Close()
	base, err := d.serve(srv)
	if err != nil {
		fmt.Fprintln(j.stderr, "scimctl:", err)
		return exitFailed
	}
	j.client, err = scimclient.New(base, iamscim.NewSecret(demoToken).TokenSource(), scimclient.WithHTTPClient(srv.PipeHTTPClient()), scimclient.WithRate(1_000_000))
	if err != nil {
		fmt.Fprintln(j.stderr, "scimctl:", err)
		return exitFailed
	}
	j.roster, j.options.Mapping = d.roster(), d.mapping
	if j.options.PerMinute == 1500 {
		j.options.PerMinute = 60_000
	}
	if j.options.Settle == 2*time.Minute {
		j.options.Settle = 2 * time.Second
	}
	return j.compare(ctx, d.planted)
}

// compare audits, and compares the findings with the planted ones.
func (j *job) compare(ctx context.Context, planted map[string]bool) int {
	found := map[string]bool{}
	j.options.Handle = func(m audit.Message) error {
		if m.Finding != nil {
			found[inShort(*m.Finding)] = true
		}
		return nil
	}
	result, err := j.run(ctx)
	if err != nil || result == nil || j.options.Sample != nil {
		return j.status(result, err)
	}
	j.explain(ctx)
	j.nested(ctx)
	if !maps.Equal(found, planted) {
		fmt.Fprintf(j.stderr, "scimctl: the audit found %d of %d planted errors, and %d others\n", len(planted)-missing(planted, found), len(planted), missing(found, planted))
		return exitFailed
	}
	fmt.Fprintf(j.stdout, "\n%d errors were planted. The audit found exactly those.\n", len(planted))
	return exitClean
}

func missing(from, in map[string]bool) int {
	n := 0
	for key := range from {
		if !in[key] {
			n++
		}
	}
	return n
}

func inShort(f audit.Finding) string {
	return strings.Join([]string{string(f.Code), f.User, f.Group, f.Attribute}, "|")
}

// demo is a generated directory: the roster, and what the tenant has.
type demo struct {
	mapping claimmap.Mapping
	users   []idp.User
	groups  []idp.Group
	members []idp.Membership
	leavers []idp.Leaver

	inTenant  map[string]*scimclient.User // by key
	hasGroup  map[string]bool             // by key
	hasMember map[idp.Membership]bool
	planted   map[string]bool
	ids       map[string]string // SCIM IDs by key, once it's served
	base      string            // the tenant's base URI then
}

var (
	firstNames = []string{"Anna", "Björn", "Chiara", "Dmitri", "Emeka", "Fatima", "Grace", "Hiroshi", "Inês", "Jamal"}
	lastNames  = []string{"Jensen", "Smith", "García", "Okafor", "Tanaka", "Müller", "Rossi", "Nguyen", "Silva", "Kowalski"}
)

func newDemo() *demo {
	d := &demo{inTenant: map[string]*scimclient.User{}, hasGroup: map[string]bool{}, hasMember: map[idp.Membership]bool{}, planted: map[string]bool{}}
	d.mapping = claimmap.Recommended(claimmap.EntraID)
	for i := range demoGroups {
		g := idp.Group{Key: fmt.Sprintf("group-%02d", i), DisplayName: fmt.Sprintf("Team %02d", i), ExternalID: fmt.Sprintf("group-%02d", i)}
		d.groups = append(d.groups, g)
		d.hasGroup[g.Key] = true
	}
	for i := range demoUsers {
		first, last := firstNames[i%10], lastNames[i/10%10]
		u := idp.User{
			Key: fmt.Sprintf("user-%04d", i), UserName: fmt.Sprintf("user%04d@example.com", i), ExternalID: fmt.Sprintf("user-%04d", i),
			DisplayName: first + " " + last, Emails: []string{fmt.Sprintf("user%04d@example.com", i)},
			Attributes: map[string]string{"name.givenName": first, "name.familyName": last},
		}
		d.users = append(d.users, u)
		d.inTenant[u.Key] = &scimclient.User{
			UserName: u.UserName, ExternalID: u.ExternalID, DisplayName: u.DisplayName, Active: new(true),
			Name: &scimclient.Name{GivenName: first, FamilyName: last}, Emails: []scimclient.MultiValue{{Value: u.Emails[0], Type: scimclient.TypeWork}},
		}
		for n := range 3 {
			m := idp.Membership{Group: d.groups[(i+n*7)%demoGroups].Key, User: u.Key}
			d.members = append(d.members, m)
			d.hasMember[m] = true
		}
	}
	return d
}

// plant puts errors of every kind that the service lets exist into the directory.
func (d *demo) plant() {
	expect := func(code audit.Code, user, group, attribute string) {
		d.planted[inShort(audit.Finding{Code: code, User: user, Group: group, Attribute: attribute})] = true
	}
	key := func(i int) string { return d.users[i].Key }
	for i := range 4 {
		delete(d.inTenant, key(100+i))
		expect(audit.UserMissing, key(100+i), "", "")

		d.inTenant[key(200+i)].DisplayName = []string{"Old Name", "<script>alert(1)</script>", "=HYPERLINK(\"https://example.com\")", "a\u202eexe.gpj"}[i]
		expect(audit.UserDiffers, key(200+i), "", "displayName")

		d.users[300+i].Inactive = true
		expect(audit.UserActive, key(300+i), "", "active")

		d.inTenant[key(400+i)].Active = new(false)
		expect(audit.UserInactive, key(400+i), "", "active")

		m := d.members[3*(500+i)]
		delete(d.hasMember, m)
		expect(audit.MembershipMissing, m.User, m.Group, "")

		extra := idp.Membership{Group: d.groups[(600+i+1)%demoGroups].Key, User: key(600 + i)}
		d.hasMember[extra] = true
		expect(audit.MembershipUnexpected, extra.User, extra.Group, "")

		d.users[700+i].Emails = append(d.users[700+i].Emails, "second@example.com")
		expect(audit.RosterRefused, key(700+i), "", "emails.value")

		gone := idp.User{Key: fmt.Sprintf("left-%d", i), UserName: fmt.Sprintf("left%d@example.com", i)}
		d.leavers = append(d.leavers, idp.Leaver{User: gone})
		d.inTenant[gone.Key] = &scimclient.User{UserName: gone.UserName, ExternalID: gone.Key, Active: new(true), Emails: []scimclient.MultiValue{{Value: gone.UserName, Type: scimclient.TypeWork}}}
		expect(audit.LeaverPresent, gone.Key, "", "active")
	}
	d.leavers = append(d.leavers, idp.Leaver{User: d.users[800]}, idp.Leaver{User: idp.User{Key: "long-gone", UserName: "long-gone@example.com"}, Gone: true})
	expect(audit.LeaverOnRoster, key(800), "", "")
	d.members = append(d.members, idp.Membership{Group: "group-99", User: key(900)})
	expect(audit.RosterUnknownKey, key(900), "group-99", "")
	late := idp.Group{Key: "group-60", DisplayName: "Team 60", ExternalID: "group-60"}
	d.groups = append(d.groups, late)
	expect(audit.GroupMissing, "", late.Key, "")
}

func (d *demo) roster() idp.Roster {
	return idp.Roster{Users: idp.Of(d.users...), Groups: idp.Of(d.groups...), Memberships: idp.Of(d.members...), Leavers: idp.Of(d.leavers...)}
}

// serve puts the tenant's side into the fake and returns the base URI.
func (d *demo) serve(srv *scimtest.Server) (string, error) {
	err := errors.Join(
		srv.AddPool(&iam.WorkforcePool{Name: "locations/global/workforcePools/demo-pool", Parent: "organizations/" + scimtest.DefaultOrganization}),
		srv.AddProvider(&iam.WorkforcePoolProvider{
			Name: demoProvider, AttributeMapping: map[string]string{"google.subject": "assertion.email.lowerAscii()"},
			Oidc: &iam.GoogleIamAdminV1WorkforcePoolProviderOidc{
				IssuerUri: "https://login.example.com", ClientId: "client",
				WebSsoConfig: &iam.GoogleIamAdminV1WorkforcePoolProviderOidcWebSsoConfig{ResponseType: "ID_TOKEN", AssertionClaimsBehavior: "ONLY_ID_TOKEN_CLAIMS"},
			},
		}))
	if err != nil {
		return "", err
	}
	tenant, err := srv.AddTenant(&iam.WorkforcePoolProviderScimTenant{Name: demoTenant, ClaimMapping: d.mapping.Map()})
	if err == nil {
		_, err = srv.AddToken(&iam.WorkforcePoolProviderScimToken{Name: demoTenant + "/tokens/demo-token", SecurityToken: demoToken})
	}
	if err != nil {
		return "", err
	}
	d.ids = map[string]string{}
	for _, key := range slices.Sorted(maps.Keys(d.inTenant)) {
		u := d.inTenant[key]
		u.Schemas = []string{scimclient.SchemaUser}
		text, err := json.Marshal(u)
		if err == nil {
			d.ids[key], err = srv.AddUser(demoTenant, text)
		}
		if err != nil {
			return "", err
		}
	}
	members := map[string][]scimclient.Member{}
	for m := range d.hasMember {
		if id := d.ids[m.User]; id != "" {
			members[m.Group] = append(members[m.Group], scimclient.Member{Value: id})
		}
	}
	for _, g := range d.groups {
		if !d.hasGroup[g.Key] {
			continue
		}
		text, err := json.Marshal(scimclient.Group{Schemas: []string{scimclient.SchemaGroup}, DisplayName: g.DisplayName, ExternalID: g.ExternalID, Members: members[g.Key]})
		if err == nil {
			_, err = srv.AddGroup(demoTenant, text)
		}
		if err != nil {
			return "", err
		}
	}
	d.base = tenant.BaseUri
	return tenant.BaseUri, nil
}
