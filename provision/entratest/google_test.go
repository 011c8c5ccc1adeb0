package entratest_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/iamscim/iamscim/provision/entratest"
	"github.com/iamscim/iamscim/scimtest"
	"google.golang.org/api/iam/v1"
)

// google is a SCIM tenant of the in-memory Google Cloud.
type google struct {
	*scimtest.World
	t      testing.TB
	tenant string
	base   string
	token  string
}

func newGoogle(t testing.TB, world *scimtest.World, url string) *google {
	t.Helper()
	g := &google{World: world, t: t}
	g.replaceTenant("tenant-a", url)
	return g
}

// replaceTenant hard-deletes the tenant and makes another one, which is empty.
func (g *google) replaceTenant(id, url string) {
	g.t.Helper()
	tenant := must(g.AddTenant(&iam.WorkforcePoolProviderScimTenant{
		Name:         g.Provider + "/scimTenants/" + id,
		ClaimMapping: map[string]string{"google.subject": "user.externalId", "google.group": "group.externalId"},
	}))(g.t)
	made := must(g.AddToken(&iam.WorkforcePoolProviderScimToken{Name: tenant.Name + "/tokens/token-a"}))(g.t)
	g.tenant, g.token = tenant.Name, made.SecurityToken
	g.base = url + "/v1alpha1/tenants/" + tenant.BaseUri[strings.LastIndex(tenant.BaseUri, "/")+1:]
}

// people are the users of the tenant, by userName: whether they are active, and the groups they are in.
func (g *google) people() map[string][]string {
	g.t.Helper()
	names := map[string]string{}
	found := map[string][]string{}
	dir := g.State().Directories[g.tenant]
	for _, raw := range dir.Users {
		var u struct {
			ID, UserName, ExternalID string
			Active                   *bool
			Emails                   []struct{ Value, Type string }
		}
		if err := json.Unmarshal(raw, &u); err != nil {
			g.t.Fatal(err)
		}
		names[u.ID] = u.UserName
		found[u.UserName] = []string{fmt.Sprint(u.Active == nil || *u.Active), u.ExternalID}
		for _, e := range u.Emails {
			found[u.UserName] = append(found[u.UserName], e.Type+" "+e.Value)
		}
	}
	for _, raw := range dir.Groups {
		var group struct {
			DisplayName string
			Members     []struct{ Value string }
		}
		if err := json.Unmarshal(raw, &group); err != nil {
			g.t.Fatal(err)
		}
		for _, m := range group.Members {
			found[names[m.Value]] = append(found[names[m.Value]], group.DisplayName)
		}
	}
	for _, list := range found {
		slices.Sort(list[2:])
	}
	return found
}

// company puts users and groups into a tenant of Entra ID, each user into some of the groups, assigns
// the groups, and returns what the other side must have in the end.
func (g *graph) company(a app, users, groups int) (ids []string, want map[string][]string) {
	g.t.Helper()
	want = map[string][]string{}
	var teams []string
	for n := range groups {
		id := must(g.AddGroup(entratest.Group{DisplayName: fmt.Sprintf("team-%02d", n)}))(g.t)
		teams = append(teams, id)
		if err := g.Assign(a.sp, id); err != nil {
			g.t.Fatal(err)
		}
	}
	for n := range users {
		name := fmt.Sprintf("user%03d@example.com", n)
		id := must(g.AddUser(entratest.User{UserPrincipalName: name, Mail: strings.ToUpper(name[:1]) + name[1:], DisplayName: fmt.Sprint("User ", n)}))(g.t)
		ids = append(ids, id)
		want[name] = []string{"true", id, "work " + strings.ToUpper(name[:1]) + name[1:]}
		for k := range 1 + n%3 {
			team := (n + 7*k) % groups
			if err := g.AddMember(teams[team], id); err != nil {
				g.t.Fatal(err)
			}
			want[name] = append(want[name], fmt.Sprintf("team-%02d", team))
		}
		slices.Sort(want[name][2:])
		want[name] = slices.Compact(want[name])
	}
	return ids, want
}

// TestGoogle pushes 500 users in 40 groups into the in-memory Google Cloud, with the flag that Google
// asks for, lets people leave, and replaces the tenant.
func TestGoogle(t *testing.T) {
	t.Parallel()
	goog := scimtest.Acme(t, scimtest.WithSyncerGranted())
	tenant := newGoogle(t, goog, goog.URL())
	g := start(t)
	a := g.app()
	g.mapTo(a, "externalId", "mailNickname", "objectId")
	ids, want := g.company(a, 500, 40)
	cycle := func() map[string]any {
		t.Helper()
		if err := g.Advance(t.Context(), 40*time.Minute); err != nil {
			t.Fatal(err)
		}
		return g.status(a)
	}
	check := func(scene string) {
		t.Helper()
		if diff := cmp.Diff(want, tenant.people()); diff != "" {
			t.Fatalf("%s (-want +got):\n%s", scene, diff)
		}
	}
	g.configure(a, tenant.base+"?aadOptscim062020", tenant.token, nil)
	if got := g.status(a)["code"]; got != "NotRun" {
		t.Errorf("before the first cycle the code is %v, want NotRun", got)
	}
	status := cycle()
	check("first cycle")
	if status["code"] != "Active" || status["steadyStateFirstAchievedTime"] == "0001-01-01T00:00:00Z" || dig(status, "lastExecution", "state") != "Succeeded" {
		t.Errorf("status after the first cycle = %v, want Active and steady", status)
	}
	counts := fmt.Sprint(status["synchronizedEntryCountByType"])
	if counts != "[map[key:User value:500] map[key:Group value:40]]" {
		t.Errorf("synchronizedEntryCountByType = %s, want 500 and 40", counts)
	}

	goog.ClearRequests()
	cycle()
	if n := len(goog.Requests()); n != 0 {
		t.Errorf("a cycle in which nothing changed sent %d requests", n)
	}
	if err := g.SetEnabled(ids[0], false); err != nil {
		t.Fatal(err)
	}
	want["user000@example.com"][0] = "false"
	cycle()
	check("leaver")
	if err := g.HardDeleteUser(ids[1]); err != nil {
		t.Fatal(err)
	}
	delete(want, "user001@example.com")
	cycle()
	check("hard-deleted")

	// A new tenant is empty, but the engine still has the IDs of the old one: who changes fails.
	req := must(http.NewRequest("DELETE", goog.URL()+"/v1/"+tenant.tenant+"?hardDelete=true", nil))(t)
	resp := must(goog.HTTPClient().Do(req))(t)
	resp.Body.Close()
	if resp.StatusCode != 200 {
		t.Fatalf("hard delete = %d", resp.StatusCode)
	}
	tenant.replaceTenant("tenant-b", goog.URL())
	g.must(204, "PUT", a.sync+"/secrets", secretsBody(map[string]string{"BaseAddress": tenant.base + "?aadOptscim062020", "SecretToken": tenant.token}))
	u := must(g.User(ids[2]))(t)
	u.DisplayName = "Changed"
	if err := g.UpdateUser(u); err != nil {
		t.Fatal(err)
	}
	status = cycle()
	page := g.must(200, "GET", "/auditLogs/provisioning?$filter=jobId eq '"+a.job+"'&$top=1&$orderby=activityDateTime desc", "")
	row := page["value"].([]any)[0]
	if got := dig(row, "provisioningStatusInfo", "errorInformation", "errorCode"); got != "InvalidAnchor" || dig(status, "lastExecution", "state") != "EntryLevelErrors" || len(tenant.people()) != 0 {
		t.Errorf("with stale connections: %v, status %v, %d people; want InvalidAnchor and nobody", row, status, len(tenant.people()))
	}
	g.must(204, "POST", a.path("/restart"), `{"criteria":{"resetScope":"Full"}}`)
	cycle()
	delete(want, "user000@example.com") // who is disabled isn't created
	check("after a full restart")
}

// TestPipe runs cycles inside synctest, over in-memory connections on both sides.
func TestPipe(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		world := must(scimtest.NewAcme(scimtest.WithSyncerGranted()))(t)
		defer world.Close()
		tenant := newGoogle(t, world, "http://127.0.0.1")
		srv := entratest.New(entratest.WithSCIMClient(world.PipeHTTPClient()))
		defer srv.Close()
		g := connect(t, srv, srv.PipeHTTPClient(), "http://127.0.0.1")
		a := g.app()
		g.mapTo(a, "externalId", "mailNickname", "objectId")
		_, want := g.company(a, 5, 2)
		g.configure(a, tenant.base+"?aadOptscim062020", tenant.token, nil)
		began := time.Now()
		time.Sleep(time.Hour) // time passes here too
		if err := g.Advance(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, tenant.people()); diff != "" {
			t.Errorf("people (-want +got):\n%s", diff)
		}
		if got := srv.Now().Sub(began); got < time.Hour || got > time.Hour+time.Minute {
			t.Errorf("%v passed, want an hour", got)
		}
	})
}

// TestConcurrent: cycles run while Graph is used and people come and go.
func TestConcurrent(t *testing.T) {
	t.Parallel()
	goog := scimtest.Acme(t, scimtest.WithSyncerGranted())
	tenant := newGoogle(t, goog, goog.URL())
	g := start(t)
	a := g.app()
	g.mapTo(a, "externalId", "mailNickname", "objectId")
	ids, want := g.company(a, 30, 3)
	g.configure(a, tenant.base+"?aadOptscim062020", tenant.token, nil)
	var all sync.WaitGroup
	for n, do := range []func(n int) error{
		func(int) error { return g.Advance(t.Context(), 40*time.Minute) },
		func(n int) error { return g.SetEnabled(ids[0], n%2 == 0) },
		func(n int) error {
			id, err := g.AddGroup(entratest.Group{DisplayName: "x"})
			return errors.Join(err, g.RenameGroup(id, fmt.Sprint(n)))
		},
		func(int) error {
			g.do("GET", a.path(""), "")
			g.Requests()
			return nil
		},
		func(n int) error {
			if n%5 == 4 {
				g.do("POST", a.path("/restart"), "")
			}
			return nil
		},
		func(int) error {
			g.do("GET", "/auditLogs/provisioning", "")
			g.do("GET", "/users", "")
			g.Apps()
			return nil
		},
		func(int) error {
			g.do("POST", a.path("/validateCredentials"), `{"useSavedCredentials":true}`)
			g.do("GET", "/beta"+a.path("/objectConnections('"+ids[1]+"')"), "")
			return nil
		},
	} {
		all.Go(func() {
			for k := range 10 {
				if err := do(k); err != nil {
					t.Errorf("%d: %v", n, err)
				}
			}
		})
	}
	all.Wait()
	if err := g.SetEnabled(ids[0], true); err != nil {
		t.Fatal(err)
	}
	g.step(a, 24*time.Hour)
	if diff := cmp.Diff(want, tenant.people()); diff != "" {
		t.Errorf("people in the end (-want +got):\n%s", diff)
	}
}
