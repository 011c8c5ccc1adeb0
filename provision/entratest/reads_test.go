package entratest_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/iamscim/iamscim/provision/entratest"
)

// TestReads: the directory as a roster reads it.
func TestReads(t *testing.T) {
	t.Parallel()
	g := start(t, entratest.WithPageSize(2))
	a := g.app()
	var users []string
	for _, name := range []string{"ada", "bob", "cy", "dee"} {
		users = append(users, g.person(a, name))
	}
	outer := must(g.AddGroup(entratest.Group{DisplayName: "outer"}))(t)
	inner := must(g.AddGroup(entratest.Group{DisplayName: "inner", NotSecurityEnabled: true}))(t)
	for _, err := range []error{
		g.AddMember(outer, users[0]), g.AddMember(outer, inner), g.AddMember(outer, users[1]), g.AddMember(outer, users[3]),
		g.AddMember(inner, users[2]), g.AddMember(inner, outer), g.SetEnabled(users[1], false), g.DeleteUser(users[3]),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	eventual := []string{"ConsistencyLevel", "eventual"}
	names := func(path string, header ...string) []string {
		t.Helper()
		var found []string
		for _, x := range g.all(path, header...) {
			if name, ok := x["userPrincipalName"].(string); ok {
				found = append(found, name)
			} else {
				found = append(found, x["displayName"].(string))
			}
		}
		return found
	}
	for path, want := range map[string][]string{
		"/users": {"ada@x.com", "bob@x.com", "cy@x.com"},
		"/users?$filter=userPrincipalName eq 'cy@x.com'":                                  {"cy@x.com"},
		"/users?$filter=accountEnabled eq false":                                          {"bob@x.com"},
		"/groups":                                                                         {"outer", "inner"},
		"/groups/" + outer + "/members":                                                   {"ada@x.com", "inner", "bob@x.com"},
		"/groups/" + inner + "/members":                                                   {"cy@x.com", "outer"},
		"/groups/" + outer + "/transitiveMembers":                                         {"ada@x.com", "inner", "cy@x.com", "bob@x.com"},
		"/groups/" + outer + "/members/microsoft.graph.user?$count=true":                  {"ada@x.com", "bob@x.com"},
		"/groups/" + outer + "/transitiveMembers/microsoft.graph.user?$count=true&$top=1": {"ada@x.com", "cy@x.com", "bob@x.com"},
	} {
		if diff := cmp.Diff(want, names(path, eventual...), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
	}
	page := g.must(200, "GET", "/users?$count=true&$select=id,accountEnabled,userType&$top=1", "", eventual...)
	want := []any{map[string]any{"id": users[0], "accountEnabled": true, "userType": "Member"}}
	if diff := cmp.Diff(any(want), page["value"]); diff != "" || page["@odata.count"] != 3.0 {
		t.Errorf("$select and $count = %v, count %v (-want +got):\n%s", page["value"], page["@odata.count"], diff)
	}
	next := g.must(200, "GET", page["@odata.nextLink"].(string), "", eventual...)
	if next["@odata.count"] != nil {
		t.Error("the second page has a count too")
	}
	g.must(400, "GET", page["@odata.nextLink"].(string), "") // ConsistencyLevel is needed again
	g.must(400, "GET", "/groups/"+outer+"/members/microsoft.graph.user", "", eventual...)
	g.must(400, "GET", "/users?$select=id,shoeSize", "")
	first := g.must(200, "GET", "/users/"+users[0], "")
	if first["accountEnabled"] != nil || first["userPrincipalName"] != "ada@x.com" || first["businessPhones"] == nil {
		t.Errorf("a user without $select = %v, want the documented properties", first)
	}
	if got := g.must(200, "GET", "/users/ADA@x.com?$select=accountEnabled", ""); got["accountEnabled"] != true || got["userPrincipalName"] != nil {
		t.Errorf("a user by name = %v, want accountEnabled alone", got)
	}
	g.must(404, "GET", "/users/"+users[3], "")
	g.must(404, "GET", "/groups/"+users[0], "")
	g.must(404, "GET", "/groups/none/members", "")
	if got := g.must(200, "GET", "/groups/"+inner+"?$select=id,securityEnabled", ""); got["securityEnabled"] != false {
		t.Errorf("the group = %v, want securityEnabled false", got)
	}

	if diff := cmp.Diff([]string{"outer"}, names("/users/"+users[1]+"/memberOf/microsoft.graph.group?$count=true", eventual...)); diff != "" {
		t.Errorf("memberOf (-want +got):\n%s", diff)
	}
	g.must(404, "GET", "/users/none/memberOf", "")
	gone := g.all("/directory/deletedItems/microsoft.graph.user")
	if len(gone) != 1 || gone[0]["userPrincipalName"] != strings.ReplaceAll(users[3], "-", "")+"dee@x.com" || gone[0]["deletedDateTime"] == nil {
		t.Errorf("deleted users = %v, want dee behind the ID", gone)
	}

	body := fmt.Sprintf(`{"ids":[%q,%q,%q,%q],"types":["user","group"]}`, users[0], inner, users[3], a.sp)
	var types []string
	for _, x := range g.must(200, "POST", "/directoryObjects/getByIds", body)["value"].([]any) {
		types = append(types, dig(x, "@odata.type").(string))
	}
	if diff := cmp.Diff([]string{"#microsoft.graph.user", "#microsoft.graph.group"}, types); diff != "" {
		t.Errorf("getByIds (-want +got):\n%s", diff)
	}
	g.must(400, "POST", "/directoryObjects/getByIds", `{}`)
	g.must(400, "POST", "/directoryObjects/getByIds?$select=shoeSize", body)
	few := g.must(200, "POST", "/directoryObjects/getByIds?$select=id,securityEnabled", body)["value"].([]any)
	if diff := cmp.Diff(any(map[string]any{"@odata.type": "#microsoft.graph.user", "id": users[0]}), few[0]); diff != "" || dig(few[1], "securityEnabled") != false {
		t.Errorf("getByIds with $select = %v (-want +got):\n%s", few, diff)
	}

	for path, units := range map[string]string{
		"/users": "2", "/users?$select=id": "1", "/groups/" + outer + "/members": "3", "/groups/" + outer + "/transitiveMembers": "5",
		"/groups/" + outer + "/members?$top=5&$select=id": "1", "/groups": "1",
	} {
		if got := g.do("GET", path, "").header.Get("x-ms-resource-unit"); got != units {
			t.Errorf("%s costs %s, want %s", path, got, units)
		}
	}
}

// TestLoad: a document of people, and what is wrong with one.
func TestLoad(t *testing.T) {
	t.Parallel()
	g := start(t)
	if err := g.Load(strings.NewReader(`{
		"users": [{"userPrincipalName": "ada@x.com", "mail": "ada@x.com", "attributes": {"city": "London"}}, {"userPrincipalName": "bob@x.com", "accountEnabled": false}],
		"groups": [{"displayName": "eng", "members": ["Ada@x.com", "mail"]}, {"displayName": "mail", "securityEnabled": false, "members": ["bob@x.com"]}]}`)); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(len(g.all("/users")), len(g.all("/users?$filter=accountEnabled eq false and city eq null")), len(g.all("/groups?$filter=securityEnabled eq true"))); got != "2 0 1" {
		t.Errorf("users, disabled ones with a city, groups = %s", got)
	}
	for document, want := range map[string]string{
		`{`: "unexpected EOF", `{"people":[]}`: `unknown field "people"`,
		`{"users":[{},{"userPrincipalName":"x"}],"groups":[{"displayName":"g","members":["nobody"]},{}]}`: "users[0]",
	} {
		if err := g.Load(strings.NewReader(document)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Load(%s) = %v, want %s", document, err, want)
		}
	}
	err := g.Load(strings.NewReader(`{"users":[{}],"groups":[{"displayName":"h","members":["nobody"]},{}]}`))
	for _, place := range []string{"users[0]", `groups[0]: member "nobody"`, "groups[1]"} {
		if err == nil || !strings.Contains(err.Error(), place) {
			t.Errorf("Load = %v, want %s in it", err, place)
		}
	}
}

// TestState: what the methods of the state refuse, and what they change.
func TestState(t *testing.T) {
	t.Parallel()
	g := start(t)
	ada := must(g.AddUser(entratest.User{UserPrincipalName: "ada@x.com", Attributes: map[string]string{"city": "London"}}))(t)
	group := must(g.AddGroup(entratest.Group{DisplayName: "eng"}))(t)
	bad := func(_ any, err error) error { return err }
	for name, err := range map[string]error{
		"same name":        bad(g.AddUser(entratest.User{UserPrincipalName: "ADA@x.com"})),
		"same ID":          bad(g.AddUser(entratest.User{UserPrincipalName: "b@x.com", ID: ada})),
		"no name":          bad(g.AddUser(entratest.User{})),
		"no GUID":          bad(g.AddUser(entratest.User{UserPrincipalName: "b@x.com", ID: "b"})),
		"unknown manager":  bad(g.AddUser(entratest.User{UserPrincipalName: "b@x.com", Manager: group})),
		"group's ID":       bad(g.AddGroup(entratest.Group{DisplayName: "x", ID: ada})),
		"group's name":     bad(g.AddGroup(entratest.Group{})),
		"update":           g.UpdateUser(entratest.User{ID: ada}),
		"unknown user":     g.SetEnabled("none", true),
		"unknown group":    g.AddMember("none", ada),
		"unknown member":   g.AddMember(group, "none"),
		"no member":        g.RemoveMember(group, ada),
		"unknown app":      g.Assign("none", ada),
		"app's name":       bad(g.AddApp(entratest.NewApp{})),
		"unknown job":      g.SetSchema("none", nil),
		"unknown schema":   bad(g.Schema("none")),
		"negative advance": g.Advance(t.Context(), -1),
		"endless advance":  g.Advance(t.Context(), 1<<62),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	sp := must(g.AddApp(entratest.NewApp{DisplayName: "Old"}))(t)
	job := must(g.AddJob(sp))(t)
	for name, err := range map[string]error{
		"unassigned": g.Unassign(sp, ada), "unknown principal": g.Assign(sp, "none"), "broken schema": g.SetSchema(job, []byte("{}")),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	u := must(g.User(ada))(t)
	u.Attributes["city"] = "changed outside"
	if got := must(g.User(ada))(t); got.Attributes["city"] != "London" || got.MailNickname != "ada" || got.UserType != "Member" {
		t.Errorf("User = %+v, want a copy with defaults", got)
	}
	for _, err := range []error{g.DeleteUser(ada), g.RestoreUser(ada), g.DeleteGroup(group), g.AddMember(must(g.AddGroup(entratest.Group{DisplayName: "b"}))(t), ada)} {
		if err != nil {
			t.Error(err)
		}
	}
	if names := g.all("/users"); len(names) != 1 {
		t.Errorf("users after a restore = %v, want one", names)
	}
	if gallery := must(g.AddApp(entratest.NewApp{DisplayName: "Gallery", Template: "11111111-0000-0000-0000-000000000000"}))(t); true {
		templates := g.all("/servicePrincipals/" + gallery + "/synchronization/templates")
		if len(templates) != 1 || templates[0]["id"] == "scim" {
			t.Errorf("templates of an app of the gallery = %v, want another one than scim", templates)
		}
		g.must(400, "POST", "/servicePrincipals/"+gallery+"/synchronization/jobs", `{"templateId":"scim"}`)
	}
}

// TestOptions: what is refused, and what a server does without a listener or a constructor.
func TestOptions(t *testing.T) {
	t.Parallel()
	for name, opt := range map[string]entratest.Option{
		"nil": nil, "tenant": entratest.WithTenant("x"), "client": entratest.WithClient("", "x"), "clock": entratest.WithClock(nil),
		"logger": entratest.WithLogger(nil), "SCIM client": entratest.WithSCIMClient(nil), "timeout": entratest.WithSCIMTimeout(0),
		"late": entratest.WithLatePrincipal(-1), "lag": entratest.WithAssignmentLag(-1), "page": entratest.WithPageSize(1000),
		"units": entratest.WithResourceUnits(0), "template": entratest.WithTemplate("x"), "members": entratest.WithMembersPerPatch(0),
		"thresholds": entratest.WithEscrowThresholds(5, 4, 3),
	} {
		srv := entratest.New(opt)
		if srv.Err() == nil {
			t.Errorf("%s: no error", name)
		}
		if _, err := srv.AddUser(entratest.User{UserPrincipalName: "a@x"}); err == nil {
			t.Errorf("%s: AddUser works", name)
		}
		srv.Close()
	}
	var zero entratest.Server
	_, get := zero.HTTPClient().Get("http://127.0.0.1/")
	_, pipe := zero.PipeHTTPClient().Get("http://127.0.0.1/")
	for _, err := range []error{zero.Err(), zero.Advance(t.Context(), 0), zero.Fail(entratest.Fault{}), zero.Revoke(), get, pipe} {
		if err == nil {
			t.Error("the zero Server works")
		}
	}
	zero.Close()

	const tenant, template = "11111111-0000-0000-0000-000000000000", "4602d0b4-76bb-404b-bca9-2652e1a39c6d"
	srv := entratest.Start(t, entratest.WithTenant(tenant), entratest.WithClient("one", "fake-1"), entratest.WithClient("two", "fake-2"), entratest.WithTemplate(template))
	one := &graph{Server: srv, t: t, client: srv.HTTPClient(), url: srv.URL()}
	two := *one
	one.token = one.login("one", "fake-1").json["access_token"].(string)
	two.token = two.login("two", "fake-2").json["access_token"].(string)
	if got := one.login("two", "fake-1"); got.status != 401 {
		t.Errorf("the secret of another app = %d, want 401", got.status)
	}
	sp := dig(one.must(201, "POST", "/applicationTemplates/"+template+"/instantiate", `{"displayName":"x"}`), "servicePrincipal", "id").(string)
	if err := one.RevokeAllBut("Application.ReadWrite.OwnedBy"); err != nil {
		t.Fatal(err)
	}
	one.must(200, "GET", "/servicePrincipals/"+sp, "")
	two.must(403, "GET", "/servicePrincipals/"+sp, "")
	if err := one.Grant("Application.Read.All"); err != nil {
		t.Fatal(err)
	}
	owners := two.all("/servicePrincipals/" + sp + "/owners")
	if len(owners) != 1 || owners[0]["appId"] != "one" {
		t.Errorf("owners = %v, want the app that made it", owners)
	}
	beta := one.must(201, "POST", "/beta/applicationTemplates/"+template+"/instantiate", `{"displayName":"x"}`)
	if dig(beta, "servicePrincipal", "objectId") == nil || dig(beta, "servicePrincipal", "id") != nil {
		t.Errorf("below /beta = %v, want objectId", beta)
	}
	if n := len(one.Requests()); n == 0 || one.Requests()[n-1].Status != 201 {
		t.Errorf("%d requests, want the last one with 201", n)
	}
	one.ClearRequests()
	if got := one.do("GET", "/servicePrincipals/none", ""); got.status != 404 || one.Requests()[0].Rule != "NotFound" {
		t.Errorf("requests = %+v, want the rule NotFound", one.Requests())
	}
	if !slices.Contains([]string{"http://127.0.0.1/" + tenant + "/oauth2/v2.0/token"}, entratest.New(entratest.WithTenant(tenant)).TokenURL()) {
		t.Error("TokenURL without a listener isn't the Pipe client's")
	}
}
