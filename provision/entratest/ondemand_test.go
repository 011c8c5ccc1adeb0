package entratest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/iamscim/iamscim/provision/entratest"
)

// rule is the ID of a job's synchronization rule.
func (g *graph) rule(a app) string {
	g.t.Helper()
	rules := g.must(200, "GET", a.path("/schema"), "")["synchronizationRules"].([]any)
	return dig(rules[0], "id").(string)
}

// onDemand pushes one object, and returns the verdict.
func (g *graph) onDemand(a app, rule, id, kind string, members ...string) (result, code string, value map[string]any) {
	g.t.Helper()
	links := ""
	if members != nil {
		var list []string
		for _, m := range members {
			list = append(list, fmt.Sprintf(`{"objectId":%q,"objectTypeName":"User"}`, m))
		}
		links = `,"links":{"members":[` + strings.Join(list, ",") + `]}`
	}
	got := g.must(200, "POST", a.path("/provisionOnDemand"), fmt.Sprintf(`{"parameters":[{"ruleId":%q,"subjects":[{"objectId":%q,"objectTypeName":%q%s}]}]}`, rule, id, kind, links))
	var key struct {
		Result  string
		Details struct{ ErrorCode string }
	}
	if err := json.Unmarshal([]byte(got["key"].(string)), &key); err != nil {
		g.t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(got["value"].(string)), &value); err != nil {
		g.t.Fatal(err)
	}
	return key.Result, key.Details.ErrorCode, value
}

// TestOnDemand: one object now, with the verdict in a text.
func TestOnDemand(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	g, scim := start(t, entratest.WithClock(clock)), serveSCIM(t)
	a := g.app()
	rule := g.rule(a)
	ada, off := g.person(a, "ada"), g.person(a, "off")
	stranger := must(g.AddUser(entratest.User{UserPrincipalName: "stranger@x.com"}))(t)
	group := must(g.AddGroup(entratest.Group{DisplayName: "eng"}))(t)
	for _, err := range []error{g.SetEnabled(off, false), g.Assign(a.sp, group), g.AddMember(group, ada)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	try := func(name, id, kind, wantResult, wantCode string, members ...string) map[string]any {
		t.Helper()
		now = now.Add(3 * time.Second) // 5 requests in 10 seconds
		result, code, value := g.onDemand(a, rule, id, kind, members...)
		if result != wantResult || code != wantCode {
			t.Errorf("%s: %s %s %v, want %s %s", name, result, code, value, wantResult, wantCode)
		}
		return value
	}
	if got := try("no credentials", ada, "User", "Failure", "SystemForCrossDomainIdentityManagementServiceIncompatible"); got == nil {
		t.Fatal("no value")
	}
	g.must(204, "PUT", a.sync+"/secrets", secretsBody(map[string]string{"BaseAddress": scim.URL + "?aadOptscim062020", "SecretToken": scimToken}))
	scim.seen()
	value := try("create", ada, "User", "Success", "")
	var want any
	if err := json.Unmarshal(must(os.ReadFile(filepath.Join("testdata", "ondemand.json")))(t), &want); err != nil {
		t.Fatal(err)
	}
	if problems := missing(want, value, ""); len(problems) > 0 {
		t.Errorf("the value: %s\ngot %v", strings.Join(problems, "\n"), value)
	}
	try("again", ada, "User", "Skipped", "RedundantExport")
	try("disabled", off, "User", "Skipped", "NotEffectivelyEntitled")
	try("not assigned", stranger, "User", "Skipped", "NotEffectivelyEntitled")
	scim.seen()
	try("group", group, "Group", "Success", "", ada)
	requests := strings.Join(scim.seen(), "\n")
	if !strings.Contains(requests, `{"op":"Add","path":"members","value":[{"$ref":null,"value":"S1"}]}`) {
		t.Errorf("on-demand provisioning sent %s, want the form without the flag", requests)
	}
	u := must(g.User(ada))(t)
	u.DisplayName = "Ada"
	if err := g.UpdateUser(u); err != nil {
		t.Fatal(err)
	}
	try("changed", ada, "User", "Success", "")
	if got := strings.Join(scim.seen(), "\n"); !strings.Contains(got, `{"op":"Add","path":"displayName","value":"Ada"}`) {
		t.Errorf("sent %s, want the form without the flag", got)
	}
	clear(scim.stored)
	try("gone", ada, "User", "Failure", "InvalidAnchor")
	g.must(204, "DELETE", "/beta"+a.path("/objectConnections('"+ada+"')"), "")
	try("matched anew", ada, "User", "Success", "")

	now = now.Add(10 * time.Second)
	good := fmt.Sprintf(`{"objectId":%q,"objectTypeName":"User"}`, ada)
	bodies := []string{
		`{}`, `{"parameters":[]}`, fmt.Sprintf(`{"parameters":[{"ruleId":"other","subjects":[%s]}]}`, good),
		fmt.Sprintf(`{"parameters":[{"ruleId":%q,"subjects":[%s,%s]}]}`, rule, good, good),
		fmt.Sprintf(`{"parameters":[{"ruleId":%q,"subjects":[{"objectId":"none","objectTypeName":"User"}]}]}`, rule),
		fmt.Sprintf(`{"parameters":[{"ruleId":%q,"subjects":[{"objectId":%q,"objectTypeName":"Group","links":{"members":[%s]}}]}]}`, rule, group, strings.TrimSuffix(strings.Repeat(good+",", 6), ",")),
		fmt.Sprintf(`{"parameters":[{"ruleId":%q,"subjects":[{"objectId":%q,"objectTypeName":"Group","links":{"members":[{"objectId":"x","objectTypeName":"Group"}]}}]}]}`, rule, group),
	}
	for i, body := range bodies {
		if i == 4 {
			now = now.Add(10 * time.Second)
		}
		g.must(400, "POST", a.path("/provisionOnDemand"), body)
	}
	now = now.Add(10 * time.Second)
	for n := range 6 {
		want := 200
		if n == 5 {
			want = 429
		}
		if got := g.do("POST", a.path("/provisionOnDemand"), fmt.Sprintf(`{"parameters":[{"ruleId":%q,"subjects":[%s]}]}`, rule, good)); got.status != want || want == 429 && got.header.Get("Retry-After") != "10" {
			t.Errorf("call %d in 10 seconds = %d with %v, want %d", n+1, got.status, got.header, want)
		}
	}
}

// TestConnections: what the engine knows of an object, by either side's ID.
func TestConnections(t *testing.T) {
	t.Parallel()
	g, scim := start(t), serveSCIM(t)
	a := g.app()
	ada := g.person(a, "ada")
	g.configure(a, scim.URL, scimToken, nil)
	g.step(a, 0)
	path := func(id string) string { return "/beta" + a.path("/objectConnections('"+id+"')") }
	want := map[string]any{"objectId": ada, "sourceAnchor": ada, "targetAnchor": "S1", "displayName": "ada@x.com", "objectTypeName": "user"}
	for _, id := range []string{ada, "S1"} {
		got := g.must(200, "GET", path(id), "")
		delete(got, "@odata.context")
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("by %s (-want +got):\n%s", id, diff)
		}
	}
	g.must(404, "GET", path("none"), "")
	g.must(400, "GET", "/beta"+a.path("/objectConnections"), "")
	g.must(400, "GET", strings.TrimPrefix(path(ada), "/beta"), "")
	g.must(409, "DELETE", path(ada), "")
	g.must(204, "POST", a.path("/pause"), "")
	g.must(204, "DELETE", path("none"), "")
	g.must(204, "DELETE", path("S1"), "")
	g.must(404, "GET", path(ada), "")
	g.must(204, "POST", a.path("/start"), "")
	scim.seen()
	g.step(a, 0)
	// The one who is there already is matched again.
	compare(t, "after that", []string{`GET /Users?filter=userName eq "ada@x.com"`}, scim.seen())
	g.must(200, "GET", path("S1"), "")
}

// TestStaleQuarantine: a 404 for an object that was pushed before puts the job in quarantine, if asked for.
func TestStaleQuarantine(t *testing.T) {
	t.Parallel()
	for want, opts := range map[string][]entratest.Option{"Active": nil, "Quarantine": {entratest.WithStaleQuarantine()}} {
		g, scim := start(t, opts...), serveSCIM(t)
		a := g.app()
		ada := g.person(a, "ada")
		g.configure(a, scim.URL, scimToken, nil)
		g.step(a, 0)
		clear(scim.stored)
		if err := g.SetEnabled(ada, false); err != nil {
			t.Fatal(err)
		}
		if status := g.step(a, 40*time.Minute); status["code"] != want {
			t.Errorf("the job is %v, want %s", status, want)
		}
	}
}

// TestInitialCycle: after a new schema or a restart everybody is read, and each member is asked for.
func TestInitialCycle(t *testing.T) {
	t.Parallel()
	g, scim := start(t), serveSCIM(t)
	a := g.app()
	ada := g.person(a, "ada")
	group := must(g.AddGroup(entratest.Group{DisplayName: "eng"}))(t)
	for _, err := range []error{g.Assign(a.sp, group), g.AddMember(group, ada)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	g.configure(a, scim.URL+"?aadOptscim062020", scimToken, nil)
	g.step(a, 0)
	scim.seen()
	reads := []string{"GET /Users/S1", "GET /Groups/S2?excludedAttributes=members", `GET /Groups?excludedAttributes=members&filter=id eq "S2" and members eq "S1"`}
	g.must(204, "PUT", a.path("/schema"), string(must(g.Schema(a.job))(t)))
	scim.members["S2 S1"] = true
	g.step(a, 40*time.Minute)
	compare(t, "a new schema", reads, scim.seen())
	g.step(a, 40*time.Minute)
	compare(t, "the cycle after it", nil, scim.seen())
	g.must(204, "POST", a.path("/restart"), "")
	clear(scim.members)
	g.step(a, 0)
	compare(t, "a restart, and the member was lost", append(reads,
		`PATCH /Groups/S2 {"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"add","path":"members","value":[{"$ref":null,"value":"S1"}]}]}`), scim.seen())
}

// TestForgottenFailure: who failed again and again is tried at once when the connection is removed.
func TestForgottenFailure(t *testing.T) {
	t.Parallel()
	g, scim := start(t), serveSCIM(t)
	a := g.app()
	ada := g.person(a, "ada")
	g.configure(a, scim.URL, scimToken, nil)
	g.step(a, 0)
	clear(scim.stored)
	u := must(g.User(ada))(t)
	u.DisplayName = "Ada"
	if err := g.UpdateUser(u); err != nil {
		t.Fatal(err)
	}
	g.step(a, 10*40*time.Minute)
	scim.seen()
	g.step(a, 40*time.Minute)
	compare(t, "back-off", nil, scim.seen())
	g.must(204, "POST", a.path("/pause"), "")
	g.must(204, "DELETE", "/beta"+a.path("/objectConnections('"+ada+"')"), "")
	g.must(204, "POST", a.path("/start"), "")
	g.step(a, 0)
	if got := scim.seen(); len(got) != 2 || !strings.HasPrefix(got[1], "POST /Users ") {
		t.Errorf("after the connection was removed: %v, want a create", got)
	}
}

// TestMatching: two of a kind can't be matched; the others go on.
func TestMatching(t *testing.T) {
	t.Parallel()
	g, scim := start(t), serveSCIM(t)
	for _, id := range []string{"X1", "X2"} {
		scim.stored[id] = map[string]any{"id": id, "kind": "Users", "userName": "twin@x.com"}
	}
	scim.stored["X3"] = map[string]any{"id": "X3", "kind": "Groups", "displayName": "eng"}
	a := g.app()
	twin, ada := g.person(a, "twin"), g.person(a, "ada")
	group := must(g.AddGroup(entratest.Group{DisplayName: "eng"}))(t)
	for _, err := range []error{g.Assign(a.sp, group), g.AddMember(group, ada), g.AddMember(group, twin)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	scim.members["X3 S1"] = true
	g.configure(a, scim.URL+"?aadOptscim062020", scimToken, nil)
	g.step(a, 0)
	var codes []any
	for _, row := range g.all("/auditLogs/provisioning?$filter=sourceIdentity/id eq '" + twin + "'") {
		codes = append(codes, dig(row, "provisioningStatusInfo", "errorInformation", "errorCode"))
	}
	if diff := cmp.Diff([]any{"SystemForCrossDomainIdentityManagementMultipleEntriesInResponse"}, codes); diff != "" {
		t.Errorf("the twin's rows (-want +got):\n%s", diff)
	}
	for _, r := range scim.seen() {
		if strings.HasPrefix(r, "PATCH /Groups/X3 ") && strings.Contains(r, "members") {
			t.Errorf("%s: ada is a member of the matched group already", r)
		}
	}
}

// TestLogForm compares rows with JSON that was written by hand after Microsoft's page.
func TestLogForm(t *testing.T) {
	t.Parallel()
	g, scim := start(t), serveSCIM(t)
	a := g.app()
	g.person(a, "ada")
	bad := g.person(a, "bad")
	scim.replace = func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method == "POST" && scim.made == 1 {
			http.Error(w, `{"detail":"there is one already","scimType":"uniqueness"}`, http.StatusConflict)
			return true
		}
		return false
	}
	g.configure(a, scim.URL, scimToken, nil)
	g.step(a, 0)
	rows := g.all("/auditLogs/provisioning?$filter=jobId eq '" + a.job + "'")
	if len(rows) != 2 {
		t.Fatalf("%d rows, want 2: %v", len(rows), rows)
	}
	for i, file := range []string{"row_failure.json", "row_success.json"} {
		var want any
		if err := json.Unmarshal(must(os.ReadFile(filepath.Join("testdata", file)))(t), &want); err != nil {
			t.Fatal(err)
		}
		if problems := missing(want, rows[i], ""); len(problems) > 0 {
			t.Errorf("%s:\n%s\ngot %v", file, strings.Join(problems, "\n"), rows[i])
		}
	}
	for filter, want := range map[string]int{
		"sourceIdentity/id eq '" + bad + "'":                                            1,
		"jobId eq '" + strings.ToUpper(a.job) + "'":                                     0,
		"contains(sourceIdentity/displayName,'ada')":                                    1,
		"provisioningStatusInfo/status eq 'failure' and provisioningAction eq 'create'": 1,
		"activityDateTime gt 2030-01-01T00:00:00Z":                                      0,
		"activityDateTime lt 2100-01-01T00:00:00Z":                                      2,
	} {
		page := g.all("/auditLogs/provisioning?$filter=" + filter)
		if len(page) != want {
			t.Errorf("%s finds %d rows, want %d", filter, len(page), want)
		}
		if err := g.Advance(t.Context(), 10*time.Second); err != nil { // reports have a quota
			t.Fatal(err)
		}
	}
}
