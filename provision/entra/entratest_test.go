package entra_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/api/iam/v1"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/claimmap"
	"github.com/iamscim/iamscim/provision/entra"
	"github.com/iamscim/iamscim/provision/entratest"
	"github.com/iamscim/iamscim/provision/idp"
	"github.com/iamscim/iamscim/scimclient"
	"github.com/iamscim/iamscim/scimclient/audit"
	"github.com/iamscim/iamscim/scimtest"
)

// both are an in-memory Entra ID, and the in-memory Google Cloud that it pushes into.
type both struct {
	*entratest.Server
	t      testing.TB
	google *scimtest.World
	tenant string // its name
	conn   idp.Connection
	users  []string // IDs
	group  string
}

// start has 6 users in a group that's nested in none.
func start(t testing.TB, opts ...entratest.Option) *both {
	t.Helper()
	world, err := scimtest.NewAcme(scimtest.WithSyncerGranted())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(world.Close)
	b := &both{Server: entratest.New(append(opts, entratest.WithSCIMClient(world.PipeHTTPClient()))...), t: t, google: world}
	t.Cleanup(b.Server.Close)
	b.newTenant("tenant-a")
	if b.group, err = b.AddGroup(entratest.Group{DisplayName: "engineering"}); err != nil {
		t.Fatal(err)
	}
	for n := range 6 {
		b.addUser(n)
	}
	return b
}

func (b *both) addUser(n int) string {
	b.t.Helper()
	id, err := b.AddUser(entratest.User{UserPrincipalName: fmt.Sprintf("user%d@example.com", n), Mail: fmt.Sprintf("user%d@example.com", n), DisplayName: fmt.Sprint("User ", n)})
	if err == nil {
		err = b.AddMember(b.group, id)
	}
	if err != nil {
		b.t.Fatal(err)
	}
	b.users = append(b.users, id)
	return id
}

// newTenant makes a tenant at Google, and a connection to it.
func (b *both) newTenant(name string) {
	b.t.Helper()
	tenant, err := b.google.AddTenant(&iam.WorkforcePoolProviderScimTenant{
		Name: b.google.Provider + "/scimTenants/" + name, ClaimMapping: map[string]string{"google.subject": "user.externalId", "google.group": "group.externalId"},
	})
	if err != nil {
		b.t.Fatal(err)
	}
	b.tenant = tenant.Name
	b.conn = idp.Connection{BaseURI: "http://127.0.0.1/v1alpha1/tenants/" + tenant.BaseUri[strings.LastIndex(tenant.BaseUri, "/")+1:], Settings: connection().Settings}
	b.newToken("token-a")
}

func (b *both) newToken(name string) {
	b.t.Helper()
	token, err := b.google.AddToken(&iam.WorkforcePoolProviderScimToken{Name: b.tenant + "/tokens/" + name})
	if err != nil {
		b.t.Fatal(err)
	}
	b.conn.Token = iamscim.NewSecret(token.SecurityToken)
}

// remove deletes a tenant or a token of Google's.
func (b *both) remove(name, query string) {
	b.t.Helper()
	r, err := http.NewRequest(http.MethodDelete, "http://127.0.0.1/v1/"+name+query, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	resp, err := b.google.PipeHTTPClient().Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != 200 {
		b.t.Fatalf("DELETE %s = %d", name, resp.StatusCode)
	}
}

func (b *both) client(change ...func(*entra.Config)) *entra.Client {
	b.t.Helper()
	cfg := entra.Config{
		TenantID: entratest.DefaultTenant, ClientID: entratest.DefaultClientID, ClientSecret: iamscim.NewSecret(entratest.DefaultClientSecret),
		AppName: "Google", Assign: []string{b.group}, HTTPClient: b.PipeHTTPClient(), Endpoint: "http://127.0.0.1", LoginEndpoint: "http://127.0.0.1",
	}
	for _, f := range change {
		f(&cfg)
	}
	c, err := entra.New(cfg)
	if err != nil {
		b.t.Fatal(err)
	}
	return c
}

func (b *both) cycle() {
	b.t.Helper()
	if err := b.Advance(b.t.Context(), 40*time.Minute); err != nil {
		b.t.Fatal(err)
	}
}

// people are the names of the active users at Google.
func (b *both) people() (names []string) {
	b.t.Helper()
	for _, raw := range b.google.State().Directories[b.tenant].Users {
		var u struct {
			UserName, ExternalID string
			Active               *bool
		}
		if err := json.Unmarshal(raw, &u); err != nil {
			b.t.Fatal(err)
		}
		if u.Active == nil || *u.Active {
			names = append(names, strings.TrimSuffix(u.UserName, "@example.com"))
		}
		if !slices.Contains(b.users, u.ExternalID) {
			b.t.Errorf("%s has the externalId %s", u.UserName, u.ExternalID)
		}
	}
	slices.Sort(names)
	return names
}

func (b *both) want(scene string, names ...string) {
	b.t.Helper()
	if diff := cmp.Diff(names, b.people()); diff != "" {
		b.t.Errorf("%s: people (-want +got):\n%s", scene, diff)
	}
}

func codes(s *idp.Status) (codes []idp.IssueCode) {
	for _, i := range s.Issues {
		codes = append(codes, i.Code)
	}
	return codes
}

// TestLife is the life of a set-up: from nothing to a pushed and audited directory, a
// new person, a failure, a rotation, leavers, held deletions, a replaced tenant.
func TestLife(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := start(t, entratest.WithLatePrincipal(2))
		c := b.client()
		ctx := t.Context()
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		status := func() *idp.Status {
			t.Helper()
			s, err := c.Status(ctx)
			must(err)
			return s
		}
		must(c.SetUp(ctx, b.conn))
		if s := status(); s.BaseURI != b.conn.BaseURI || !s.Running || !s.FirstCycle.IsZero() || len(s.Issues) != 0 {
			t.Errorf("before the first cycle: %+v", s)
		}
		b.cycle()
		b.want("first cycle", "user0", "user1", "user2", "user3", "user4", "user5")
		if s := status(); s.FirstCycle.IsZero() || s.LastSuccess.IsZero() || s.HealthySince.IsZero() || len(s.Issues) != 0 || s.Settings[0].Value != "objectId" || s.Settings[2].Value != "mail" {
			t.Errorf("after the first cycle: %+v", s)
		}

		// The roster of the same directory: a clean audit.
		roster, err := c.Roster(ctx, entra.RosterOptions{})
		must(err)
		scim, err := scimclient.New(b.conn.BaseURI, b.conn.Token.TokenSource(), scimclient.WithHTTPClient(b.google.PipeHTTPClient()))
		must(err)
		mapping, err := claimmap.New(map[string]string{"google.subject": "user.externalId", "google.group": "group.externalId"})
		must(err)
		result, err := audit.Run(ctx, scim, roster, audit.Options{Mapping: mapping})
		must(err)
		if !result.Clean() || result.Checked.Users != 6 || result.Checked.Memberships != 6 {
			t.Errorf("audit: clean %v, checked %+v, %v", result.Clean(), result.Checked, result.Findings)
		}

		// One person now; once only; and nobody who isn't in scope.
		user6 := b.addUser(6)
		attempt, err := c.Push(ctx, "user6@example.com")
		must(err)
		if attempt.Result != idp.ResultSuccess || attempt.Key != user6 || attempt.Step != idp.StepExport || attempt.ID == "" {
			t.Errorf("Push = %+v", attempt)
		}
		b.want("pushed", "user0", "user1", "user2", "user3", "user4", "user5", "user6")
		if again, err := c.Push(ctx, user6); err != nil || again.Result != idp.ResultSkipped || again.ID != attempt.ID {
			t.Errorf("a second Push = %+v, %v", again, err)
		}
		stranger, err := b.AddUser(entratest.User{UserPrincipalName: "stranger@example.com", Mail: "stranger@example.com"})
		must(err)
		if attempt, err := c.Push(ctx, stranger); err != nil || attempt.Result != idp.ResultSkipped || attempt.Code != "NotEffectivelyEntitled" || !strings.Contains(attempt.Mend, "Users and groups") {
			t.Errorf("Push of a stranger = %+v, %v", attempt, err)
		}

		// A person without a mail address, whom Google refuses.
		noMail, err := b.AddUser(entratest.User{UserPrincipalName: "nomail@example.com"})
		must(err)
		must(b.AddMember(b.group, noMail))
		b.cycle()
		attempt, err = c.Why(ctx, noMail)
		must(err)
		if attempt.Result != idp.ResultFailure || attempt.Step != idp.StepExport || attempt.Code == "" || attempt.Reason == "" || attempt.Mend == "" {
			t.Errorf("Why = %+v", attempt)
		}
		if got := codes(status()); !slices.Contains(got, idp.IssueFailures) {
			t.Errorf("issues with a failure: %v", got)
		}
		if attempt, err := c.Why(ctx, "user1@example.com"); err != nil || attempt.Result != idp.ResultSuccess {
			t.Errorf("Why of a success = %+v, %v", attempt, err)
		}
		must(b.UpdateUser(entratest.User{ID: noMail, UserPrincipalName: "nomail@example.com", Mail: "nomail@example.com"}))
		b.users = append(b.users, noMail)
		must(b.Advance(ctx, 2*time.Hour)) // it's tried again after 40 minutes, and then 80

		// A rotation; the old token is gone too early, and the job in quarantine.
		b.newToken("token-b")
		b.remove(b.tenant+"/tokens/token-a", "")
		must(b.SetEnabled(b.users[0], false))
		b.cycle()
		if s := status(); !slices.Contains(codes(s), idp.IssueQuarantined) || !slices.Contains(codes(s), idp.IssueCredential) || !s.HealthySince.IsZero() {
			t.Errorf("with a dead token: %+v", s)
		}
		wrong := b.conn
		wrong.Token = iamscim.NewSecret("fake-wrong")
		if err := c.CutOver(ctx, wrong); !errors.Is(err, entra.ErrCredential) || strings.Contains(err.Error(), "fake-wrong") {
			t.Errorf("CutOver with a wrong token = %v", err)
		}
		must(c.CutOver(ctx, b.conn))
		b.cycle()
		if s := status(); len(s.Issues) != 0 {
			t.Errorf("after the cutover: %v", s.Issues)
		}
		b.want("a leaver", "nomail", "user1", "user2", "user3", "user4", "user5", "user6")

		// More leavers than the threshold.
		must(b.client(func(cfg *entra.Config) { cfg.DeletionThreshold, cfg.NotifyEmail = 1, "ops@example.com" }).SetUp(ctx, b.conn))
		must(b.SetEnabled(b.users[1], false))
		must(b.DeleteUser(b.users[2]))
		b.cycle()
		if got := codes(status()); !slices.Contains(got, idp.IssueDeletions) {
			t.Errorf("issues with held deletions: %v", got)
		}
		b.want("held", "nomail", "user1", "user2", "user3", "user4", "user5", "user6")
		leavers := keys(rows(t, roster.Leavers), func(l idp.Leaver) string { return l.UserName })
		if diff := cmp.Diff([]string{"user0@example.com", "user1@example.com", "user2@example.com"}, leavers); diff != "" {
			t.Errorf("leavers (-want +got):\n%s", diff)
		}
		must(c.Restart(ctx, entra.ResetQuarantine, entra.ResetForceDeletes))
		b.cycle()
		b.want("let through", "nomail", "user3", "user4", "user5", "user6")

		// A replaced tenant, which is empty.
		b.remove(b.tenant, "?hardDelete=true")
		b.newTenant("tenant-b")
		must(c.SetUp(ctx, b.conn))
		b.cycle()
		b.want("replaced", "nomail", "user3", "user4", "user5", "user6")
		if s := status(); s.BaseURI != b.conn.BaseURI || len(s.Issues) != 0 {
			t.Errorf("after the replacement: %+v", s)
		}

		must(c.Stop(ctx))
		if got := codes(status()); !slices.Equal(got, []idp.IssueCode{idp.IssueStopped}) {
			t.Errorf("issues after Stop: %v", got)
		}
		for _, r := range b.Requests() {
			if r.Rule != "" && r.Status == 400 && !strings.Contains(r.Path, "validateCredentials") && !strings.HasPrefix(string(r.Path), "/v1.0/auditLogs") {
				t.Errorf("the fake refused %s %s: %s", r.Method, r.Path, r.Rule)
			}
		}
	})
}

// TestAuditOfACutRoster: a page of people that is lost ends an audit without a finding.
// An audit of fewer people would call the others unexpected.
func TestAuditOfACutRoster(t *testing.T) {
	t.Parallel()
	for _, body := range []string{`{"value":[]}`, `{"@odata.count":6,"value":[]}`, `{"@odata.count":0}`, `{}`, `<html>`} {
		synctest.Test(t, func(t *testing.T) {
			b := start(t)
			c := b.client()
			if err := c.SetUp(t.Context(), b.conn); err != nil {
				t.Fatal(err)
			}
			b.cycle()
			roster, err := c.Roster(t.Context(), entra.RosterOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if err := b.Fail(entratest.Fault{Path: "members/microsoft.graph.user", Status: 200, Body: []byte(body), Times: 1 << 20}); err != nil {
				t.Fatal(err)
			}
			scim, err := scimclient.New(b.conn.BaseURI, b.conn.Token.TokenSource(), scimclient.WithHTTPClient(b.google.PipeHTTPClient()))
			if err != nil {
				t.Fatal(err)
			}
			mapping, err := claimmap.New(map[string]string{"google.subject": "user.externalId", "google.group": "group.externalId"})
			if err != nil {
				t.Fatal(err)
			}
			result, err := audit.Run(t.Context(), scim, roster, audit.Options{Mapping: mapping})
			if !errors.Is(err, iamscim.ErrBadReply) || result != nil && len(result.Findings) > 0 {
				t.Errorf("with %s: audit = %+v, %v", body, result, err)
			}
		})
	}
}

// TestLostRepliesOfEntratest: each reply of a set-up is lost once. There's one
// application, one job and one assignment.
func TestLostRepliesOfEntratest(t *testing.T) {
	t.Parallel()
	for n, more := 0, true; more; n++ {
		synctest.Test(t, func(t *testing.T) {
			b := start(t, entratest.WithLatePrincipal(1))
			if err := b.Fail(entratest.Fault{Kind: entratest.FaultClose, AfterCommit: true, Skip: n}); err != nil {
				t.Fatal(err)
			}
			if err := b.client().SetUp(t.Context(), b.conn); err != nil {
				t.Errorf("reply %d lost: %v", n, err)
			}
			lost, made := "", map[string]int{}
			for _, r := range b.Requests() {
				if r.Status == 0 {
					lost = r.Method + " " + r.Path
				}
				if r.Method == http.MethodPost && (r.Status == 201 || r.Status == 0) {
					for _, end := range []string{"/instantiate", "/jobs", "/appRoleAssignedTo"} {
						if strings.HasSuffix(r.Path, end) {
							made[end]++
						}
					}
				}
			}
			if diff := cmp.Diff(map[string]int{"/instantiate": 1, "/jobs": 1, "/appRoleAssignedTo": 1}, made); diff != "" {
				t.Errorf("reply to %s lost: made (-want +got):\n%s", lost, diff)
			}
			b.cycle()
			b.want("reply to "+lost+" lost", "user0", "user1", "user2", "user3", "user4", "user5")
			more = lost != ""
		})
	}
}

// TestLeastPrivilege: each method works with exactly the permissions of its comment,
// and says which one it lacks without any of them.
func TestLeastPrivilege(t *testing.T) {
	t.Parallel()
	const owned = "Application.ReadWrite.OwnedBy"
	program := []string{owned, "AppRoleAssignment.ReadWrite.All", "Application.Read.All"}
	person := []string{"Application.ReadWrite.All", "Synchronization.ReadWrite.All", "AppRoleAssignment.ReadWrite.All"}
	reader := []string{"Application.Read.All", "Synchronization.Read.All"}
	roster := append(slices.Clone(reader), "User.Read.All", "GroupMember.Read.All")
	drain := func(ctx context.Context, c *entra.Client) error {
		r, err := c.Roster(ctx, entra.RosterOptions{})
		if err != nil {
			return err
		}
		return errors.Join(idp.Each(r.Users, func(idp.User) error { return nil }), idp.Each(r.Memberships, func(idp.Membership) error { return nil }),
			idp.Each(r.Leavers, func(idp.Leaver) error { return nil }), idp.Each(r.Groups, func(idp.Group) error { return nil }))
	}
	tests := []struct {
		name        string
		permissions []string
		fresh       bool
		call        func(context.Context, *both, *entra.Client) error
	}{
		{"SetUp, owned", program, true, func(ctx context.Context, b *both, c *entra.Client) error { return c.SetUp(ctx, b.conn) }},
		{"SetUp", person, true, func(ctx context.Context, b *both, c *entra.Client) error { return c.SetUp(ctx, b.conn) }},
		{"CutOver, owned", []string{owned}, false, func(ctx context.Context, b *both, c *entra.Client) error { return c.CutOver(ctx, b.conn) }},
		{"CutOver", []string{"Application.Read.All", "Synchronization.ReadWrite.All"}, false, func(ctx context.Context, b *both, c *entra.Client) error { return c.CutOver(ctx, b.conn) }},
		{"Stop, owned", []string{owned}, false, func(ctx context.Context, b *both, c *entra.Client) error { return c.Stop(ctx) }},
		{"Restart, owned", []string{owned}, false, func(ctx context.Context, b *both, c *entra.Client) error { return c.Restart(ctx) }},
		{"Reconnect, owned", []string{owned}, false, func(ctx context.Context, b *both, c *entra.Client) error {
			_, err := c.Reconnect(ctx, b.users[0])
			return err
		}},
		{"Push, owned", []string{owned}, false, func(ctx context.Context, b *both, c *entra.Client) error {
			_, err := c.Push(ctx, b.users[0])
			return err
		}},
		{"Push by name", []string{owned, "User.Read.All"}, false, func(ctx context.Context, b *both, c *entra.Client) error {
			_, err := c.Push(ctx, "user0@example.com")
			return err
		}},
		{"Status", reader, false, func(ctx context.Context, b *both, c *entra.Client) error { _, err := c.Status(ctx); return err }},
		{"Status, owned", []string{owned}, false, func(ctx context.Context, b *both, c *entra.Client) error { _, err := c.Status(ctx); return err }},
		{"Why", append(slices.Clone(reader), "ProvisioningLog.Read.All"), false, func(ctx context.Context, b *both, c *entra.Client) error {
			_, err := c.Why(ctx, b.users[0])
			return err
		}},
		{"Roster", roster, false, func(ctx context.Context, b *both, c *entra.Client) error { return drain(ctx, c) }},
		{"Nested", roster, false, func(ctx context.Context, b *both, c *entra.Client) error {
			list, err := c.Nested(ctx, entra.RosterOptions{})
			if err != nil {
				return err
			}
			return idp.Each(list, func(idp.Membership) error { return nil })
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				set := func(permissions []string) *both {
					b := start(t)
					if !tt.fresh {
						if err := b.client().SetUp(t.Context(), b.conn); err != nil {
							t.Fatal(err)
						}
						b.cycle()
					}
					if err := b.RevokeAllBut(permissions...); err != nil {
						t.Fatal(err)
					}
					return b
				}
				b := set(tt.permissions)
				if err := tt.call(t.Context(), b, b.client()); err != nil {
					t.Errorf("with %v: %v", tt.permissions, err)
				}
				for i, p := range tt.permissions {
					if p == "Application.Read.All" && tt.name == "SetUp, owned" {
						continue // that's the fake's: assigning needs both
					}
					b := set(slices.Delete(slices.Clone(tt.permissions), i, i+1))
					err := tt.call(t.Context(), b, b.client(func(cfg *entra.Config) { cfg.Retry.Replication = time.Second }))
					if !errors.Is(err, iamscim.ErrPermissionDenied) {
						t.Errorf("without %s: %v", p, err)
						continue
					}
					text := err.Error()
					if !strings.Contains(text, "admin consent") || !strings.Contains(text, strings.SplitAfter(p, ".")[0]) {
						t.Errorf("without %s: %v", p, err)
					}
				}
			})
		})
	}
}

// TestNotOwned: an application of somebody else is refused before anything changes.
func TestNotOwned(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := start(t)
		if _, err := b.AddApp(entratest.NewApp{DisplayName: "Google"}); err != nil {
			t.Fatal(err)
		}
		if err := b.RevokeAllBut("Application.ReadWrite.OwnedBy", "AppRoleAssignment.ReadWrite.All", "Application.Read.All"); err != nil {
			t.Fatal(err)
		}
		err := b.client().SetUp(t.Context(), b.conn)
		if !errors.Is(err, iamscim.ErrPermissionDenied) || !strings.Contains(err.Error(), "Synchronization.Read.All (or Application.ReadWrite.OwnedBy, if the caller owns the application)") {
			t.Errorf("SetUp = %v", err)
		}
		for _, r := range b.Requests() {
			if r.Method != http.MethodGet && !strings.HasSuffix(r.Path, "/token") {
				t.Errorf("%s %s", r.Method, r.Path)
			}
		}
	})
}
