package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/claimmap"
	"github.com/iamscim/iamscim/internal/oktafake"
	"github.com/iamscim/iamscim/provision/entra"
	"github.com/iamscim/iamscim/provision/entratest"
	"github.com/iamscim/iamscim/provision/idp"
	"github.com/iamscim/iamscim/provision/okta"
	"github.com/iamscim/iamscim/scimclient"
	"github.com/iamscim/iamscim/scimclient/audit"
	"github.com/iamscim/iamscim/scimtest"
)

// runLiveDemo audits a tenant of the in-memory Google Cloud against an identity
// provider in memory, with planted errors.
func (j *job) runLiveDemo(ctx context.Context) int {
	fail := func(err error) int {
		fmt.Fprintln(j.stderr, "scimctl:", err)
		return exitFailed
	}
	srv := scimtest.New(scimtest.WithSyncerGranted())
	defer srv.Close()
	play := j.playOkta
	if j.live.source == "entra" {
		play = j.playEntra
	}
	planted, end, err := play(ctx, srv)
	defer end()
	if err != nil {
		return fail(err)
	}
	if j.options.PerMinute == 1500 {
		j.options.PerMinute = 60_000 // nobody shares the quota
	}
	if j.options.Settle == 2*time.Minute {
		j.options.Settle = time.Millisecond
	}
	done, err := j.openLive(ctx)
	defer done()
	if err != nil {
		return fail(err)
	}
	return j.compare(ctx, planted)
}

// connect makes the client for the demo's tenant.
func (j *job) connect(srv *scimtest.Server, base string) (err error) {
	j.client, err = scimclient.New(base, iamscim.NewSecret(demoToken).TokenSource(), scimclient.WithHTTPClient(srv.PipeHTTPClient()), scimclient.WithRate(1_000_000))
	return err
}

// playOkta makes an organization of Okta, and a tenant that lacks some of what Okta
// pushed.
func (j *job) playOkta(ctx context.Context, srv *scimtest.Server) (planted map[string]bool, end func(), err error) {
	end = func() {}
	d := newDemo()
	d.mapping = claimmap.Recommended(claimmap.Okta)
	id := func(key string) string { // as Okta's IDs look
		return map[bool]string{true: "00u", false: "00g"}[strings.HasPrefix(key, "user")] + fmt.Sprintf("%017s", key[strings.IndexByte(key, '-')+1:])
	}
	d.users, d.members = d.users[:200], d.members[:600]
	inTenant, hasMember := map[string]*scimclient.User{}, map[idp.Membership]bool{}
	for i := range d.users {
		u := &d.users[i]
		inTenant[id(u.Key)] = d.inTenant[u.Key]
		u.Key, u.ExternalID = id(u.Key), id(u.Key)
		inTenant[u.Key].ExternalID = u.Key
	}
	for i := range d.groups {
		d.groups[i].Key, d.groups[i].ExternalID = id(d.groups[i].Key), ""
	}
	for i, m := range d.members {
		d.members[i] = idp.Membership{Group: id(m.Group), User: id(m.User)}
		hasMember[d.members[i]] = true
	}
	d.inTenant, d.hasMember, d.hasGroup = inTenant, hasMember, map[string]bool{}
	org := &oktafake.Okta{Capabilities: `{"create":{"lifecycleCreate":{"status":"ENABLED"}},"update":{"profile":{"status":"ENABLED"},"lifecycleDeactivate":{"status":"ENABLED"}}}`}
	for _, u := range d.users {
		org.People = append(org.People, oktafake.Person{ID: u.Key, Login: u.UserName, Email: u.Emails[0], Name: u.DisplayName, Assigned: true, LastSync: "2026-11-24T06:00:00.000Z"})
	}
	for _, g := range d.groups {
		d.hasGroup[g.Key] = true
		pushed := oktafake.Group{ID: g.Key, Name: g.DisplayName, Push: "ACTIVE", LastPush: "2026-11-24T06:10:00.000Z"}
		for _, m := range d.members {
			if m.Group == g.Key {
				pushed.Members = append(pushed.Members, m.User)
			}
		}
		org.Groups = append(org.Groups, pushed)
	}
	plantOkta(d, org)
	base, err := d.serve(srv)
	if err == nil {
		err = j.connect(srv, base)
	}
	if err != nil {
		return nil, end, err
	}
	for i, p := range org.People {
		org.People[i].SCIMID = d.ids[p.ID]
	}
	via, end := org.Pipe()
	c, err := okta.New(okta.Config{Org: oktafake.Org, App: oktafake.App, Token: iamscim.NewSecret(oktafake.Token), HTTPClient: via})
	if err != nil {
		return nil, end, err
	}
	j.options.Mapping = d.mapping
	j.live.half = ofOkta(c, okta.RosterOptions{})
	return d.planted, end, nil
}

// plantOkta puts errors into what Okta and the tenant have.
func plantOkta(d *demo, org *oktafake.Okta) {
	person := func(i int) *oktafake.Person { return &org.People[i] }
	failed := func(i int, reason string) {
		person(i).AppStatus, person(i).SyncState = "STAGED", "ERROR"
		org.Events = append(org.Events, oktafake.Event{Person: person(i).ID, Type: "application.provision.user.push", Result: "FAILURE", Reason: reason, Published: "2026-11-24T06:00:07.000Z"})
	}
	lost := func(i int) {
		delete(d.inTenant, person(i).ID)
		d.plantOne(audit.UserMissing, person(i).ID, "", "")
	}
	lost(10)
	failed(10, "Error while creating user: Bad Request. Errors reported by remote server: emails: exactly one is allowed")
	lost(11)
	failed(11, "Error while creating user: Conflict. Errors reported by remote server: userName is taken")
	lost(12)
	person(12).AppStatus, person(12).SyncState = "STAGED", "SYNCING"

	d.inTenant[person(20).ID].DisplayName = "Old Name"
	person(20).SyncState = "OUT_OF_SYNC"
	d.plantOne(audit.UserDiffers, person(20).ID, "", "displayName")

	person(30).Status = "SUSPENDED"
	d.plantOne(audit.LeaverPresent, person(30).ID, "", "active")

	d.inTenant[person(40).ID].Active = new(false)
	d.plantOne(audit.UserInactive, person(40).ID, "", "active")

	m := d.members[3*50]
	delete(d.hasMember, m)
	d.plantOne(audit.MembershipMissing, m.User, m.Group, "")
	at := slices.IndexFunc(org.Groups, func(g oktafake.Group) bool { return g.ID == m.Group })
	org.Groups[at].Push, org.Groups[at].Error = "ERROR", "Failed on 11-24-2026 06:10:00AM UTC: Unable to update group membership: 404 Not Found"

	late := oktafake.Group{ID: "00g00000000000000099", Name: "Team 99", Push: "ACTIVE"}
	org.Groups = append(org.Groups, late)
	d.plantOne(audit.GroupMissing, "", late.ID, "")
}

// plantOne notes an error that the audit must find.
func (d *demo) plantOne(code audit.Code, user, group, attribute string) {
	d.planted[inShort(audit.Finding{Code: code, User: user, Group: group, Attribute: attribute})] = true
}

// playEntra makes a tenant of Entra ID that pushes 60 people in 6 groups, and then
// changes both sides behind the back of the provisioning job.
func (j *job) playEntra(ctx context.Context, srv *scimtest.Server) (planted map[string]bool, end func(), err error) {
	directory := entratest.New(entratest.WithSCIMClient(srv.PipeHTTPClient()))
	end = directory.Close
	d := &demo{mapping: claimmap.Recommended(claimmap.EntraID), inTenant: map[string]*scimclient.User{}, planted: map[string]bool{}}
	base, err := d.serve(srv)
	if err == nil {
		err = j.connect(srv, base)
	}
	if err != nil {
		return nil, end, err
	}
	groups, users := make([]string, 6), make([]entratest.User, 60)
	for i := range groups {
		if groups[i], err = directory.AddGroup(entratest.Group{DisplayName: fmt.Sprintf("Team %d", i)}); err != nil {
			return nil, end, err
		}
	}
	for i := range users {
		u := &users[i]
		*u = entratest.User{UserPrincipalName: fmt.Sprintf("user%02d@example.com", i), Mail: fmt.Sprintf("user%02d@example.com", i), DisplayName: firstNames[i%10] + " " + lastNames[i/10]}
		if i == 7 {
			u.Mail = "" // the service refuses a user without an address
		}
		if u.ID, err = directory.AddUser(*u); err == nil {
			err = directory.AddMember(groups[i%6], u.ID)
		}
		if err != nil {
			return nil, end, err
		}
	}
	nested, err := directory.AddGroup(entratest.Group{DisplayName: "Team 0 abroad"})
	if err != nil {
		return nil, end, err
	}
	abroad, err := directory.AddUser(entratest.User{UserPrincipalName: "abroad@example.com", Mail: "abroad@example.com"})
	if err = errors.Join(err, directory.AddMember(nested, abroad), directory.AddMember(groups[0], nested)); err != nil {
		return nil, end, err
	}
	c, err := entra.New(entra.Config{
		TenantID: entratest.DefaultTenant, ClientID: entratest.DefaultClientID, ClientSecret: iamscim.NewSecret(entratest.DefaultClientSecret),
		AppName: "Google Cloud", Assign: groups, HTTPClient: directory.PipeHTTPClient(), Endpoint: "http://127.0.0.1", LoginEndpoint: "http://127.0.0.1",
	})
	if err == nil {
		err = c.SetUp(ctx, idp.Connection{BaseURI: base, Token: iamscim.NewSecret(demoToken)})
	}
	if err == nil {
		err = directory.Advance(ctx, 40*time.Minute)
	}
	if err == nil {
		d.plantOne(audit.RosterRefused, users[7].ID, "", "emails.value")
		err = d.plantEntra(ctx, j.client, directory, users, groups)
	}
	j.options.Mapping = d.mapping
	j.live.half = ofEntra(c)
	return d.planted, end, err
}

// plantEntra changes both sides after the first cycle.
func (d *demo) plantEntra(ctx context.Context, tenant *scimclient.Client, directory *entratest.Server, users []entratest.User, groups []string) error {
	lost, err1 := tenant.Users.Find(ctx, users[10].UserPrincipalName)
	member, err2 := tenant.Users.Find(ctx, users[20].UserPrincipalName)
	team, err3 := tenant.Groups.Find(ctx, fmt.Sprintf("Team %d", 20%len(groups)))
	if err := errors.Join(err1, err2, err3); err != nil {
		return err
	}
	renamed := users[30]
	renamed.DisplayName = "New Name"
	d.plantOne(audit.UserMissing, users[10].ID, "", "")
	d.plantOne(audit.MembershipMissing, users[20].ID, groups[20%len(groups)], "")
	d.plantOne(audit.UserDiffers, renamed.ID, "", "displayName")
	d.plantOne(audit.LeaverPresent, users[40].ID, "", "active")
	return errors.Join(
		tenant.Users.Delete(ctx, lost.ID),
		tenant.Groups.RemoveMembers(ctx, team.ID, []string{member.ID}),
		directory.UpdateUser(renamed),
		directory.SetEnabled(users[40].ID, false),
	)
}
