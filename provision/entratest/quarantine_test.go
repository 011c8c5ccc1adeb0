package entratest_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/iamscim/iamscim/provision/entratest"
)

// step advances the time and returns the job's status.
func (g *graph) step(a app, d time.Duration) map[string]any {
	g.t.Helper()
	if err := g.Advance(g.t.Context(), d); err != nil {
		g.t.Fatal(err)
	}
	return g.status(a)
}

// person adds a user who is assigned.
func (g *graph) person(a app, name string) string {
	g.t.Helper()
	id := must(g.AddUser(entratest.User{UserPrincipalName: name + "@x.com", Mail: name + "@x.com"}))(g.t)
	if err := g.Assign(a.sp, id); err != nil {
		g.t.Fatal(err)
	}
	return id
}

// TestValidateCredentials asks the service itself, and its refusal has no secret in it.
func TestValidateCredentials(t *testing.T) {
	t.Parallel()
	g, scim := start(t), serveSCIM(t)
	a := g.app()
	body := func(address, token string) string {
		return fmt.Sprintf(`{"templateId":"scim","credentials":[{"key":"BaseAddress","value":%q},{"key":"SecretToken","value":%q}]}`, address, token)
	}
	for _, path := range []string{a.path("/validateCredentials"), a.sync + "/jobs/validateCredentials"} {
		g.must(204, "POST", path, body(scim.URL+"?aadOptscim062020", scimToken))
		for name, bad := range map[string]string{
			"token":   body(scim.URL, "fake-wrong-token"),
			"address": body("localhost", scimToken),
			"user":    body(strings.Replace(scim.URL, "//", "//me:pw@", 1), scimToken),
			"nobody":  body("http://127.0.0.1:1", scimToken),
			"nothing": `{"templateId":"scim","useSavedCredentials":true}`,
			"masked":  body(scim.URL, "*"),
			"keys":    `{"templateId":"scim","credentials":[{"key":"Token","value":"x"}]}`,
		} {
			got := g.do("POST", path, bad)
			if got.status != 400 || strings.Contains(string(got.body), "fake-wrong-token") || name == "token" && !strings.Contains(string(got.body), "SystemForCrossDomainIdentityManagementCredentialValidationUnavailable") {
				t.Errorf("%s of %s = %d %s, want 400 without the token", name, path, got.status, got.body)
			}
		}
	}
	g.must(400, "POST", a.sync+"/jobs/validateCredentials", strings.Replace(body(scim.URL, scimToken), `"scim"`, `"other"`, 1))
	g.must(204, "PUT", a.sync+"/secrets", secretsBody(map[string]string{"BaseAddress": scim.URL, "SecretToken": scimToken}))
	g.must(204, "POST", a.path("/validateCredentials"), `{"useSavedCredentials":true}`)
}

// TestQuarantine: rejected credentials put the job in quarantine at once; it is tried again after 6
// hours, 12, 24, then daily, and disabled after 28 days. A good cycle ends it.
func TestQuarantine(t *testing.T) {
	t.Parallel()
	g, scim := start(t), serveSCIM(t)
	a := g.app()
	g.person(a, "ada")
	g.person(a, "bob")
	g.configure(a, scim.URL, "fake-old-token", nil)
	began := g.Now()
	status := g.step(a, 0)
	if status["code"] != "Quarantine" || dig(status, "quarantine", "reason") != "EncounteredQuarantineException" || status["countSuccessiveCompleteFailures"] != 1.0 || status["steadyStateFirstAchievedTime"] != "0001-01-01T00:00:00Z" {
		t.Fatalf("status = %v, want quarantine at once", status)
	}
	if n := len(scim.seen()); n != 1 {
		t.Errorf("%d requests, want the cycle to end with the first one", n)
	}
	var hours []float64
	for range 24 * 30 {
		g.step(a, time.Hour)
		if len(scim.seen()) > 0 {
			hours = append(hours, g.Now().Sub(began).Round(time.Hour).Hours())
		}
	}
	want := []float64{6, 12}
	for day := range 28 {
		want = append(want, float64(24*(day+1)))
	}
	if diff := cmp.Diff(want, hours); diff != "" {
		t.Errorf("hours of the attempts (-want +got):\n%s", diff)
	}
	if got := dig(g.must(200, "GET", a.path(""), ""), "schedule", "state"); got != "Disabled" {
		t.Errorf("after 28 days the schedule is %v, want Disabled", got)
	}
	g.must(204, "PUT", a.sync+"/secrets", secretsBody(map[string]string{"BaseAddress": scim.URL, "SecretToken": scimToken}))
	g.must(204, "POST", a.path("/restart"), `{"criteria":{"resetScope":"QuarantineState"}}`)
	if status := g.step(a, 0); status["code"] != "Active" || status["quarantine"] != nil || status["countSuccessiveCompleteFailures"] != 0.0 {
		t.Errorf("after a good cycle = %v, want Active", status)
	}
	if len(scim.stored) != 2 {
		t.Errorf("%d users were created, want 2", len(scim.stored))
	}
}

// TestQuarantineReasons: what ends a cycle at once, and what doesn't.
func TestQuarantineReasons(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		status int
		code   string // of the job
	}{
		"401": {401, "Quarantine"}, "403": {403, "Quarantine"}, "404 for Users": {404, "Quarantine"}, "no reply": {0, "Quarantine"},
		"400": {400, "Active"}, "409": {409, "Active"}, "429": {429, "Active"}, "500": {500, "Active"}, "redirect": {307, "Active"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g, scim := start(t), serveSCIM(t)
			scim.replace = func(w http.ResponseWriter, _ *http.Request) bool {
				if test.status == 0 {
					panic(http.ErrAbortHandler)
				}
				w.Header().Set("Location", "http://127.0.0.1:1/")
				w.WriteHeader(test.status)
				return true
			}
			a := g.app()
			for n := range 6 {
				g.person(a, fmt.Sprint("user", n))
			}
			g.configure(a, scim.URL, scimToken, nil)
			if status := g.step(a, 0); status["code"] != test.code {
				t.Errorf("the job is %v, want %s", status, test.code)
			}
		})
	}
}

// TestThresholds: from so many failures on, more than 40% of all are quarantine.
func TestThresholds(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name               string
		users, failing     int
		from, base, total  int
		reason             any
		failingMemberships bool
	}{
		{"below the minimum", 10, 4, 5, 100, 100, nil, false},
		{"more than 40%", 10, 5, 5, 100, 100, "EncounteredEscrowProportionThreshold", false},
		{"40%", 20, 8, 5, 100, 100, nil, false},
		{"absolute", 20, 6, 5, 5, 100, "EncounteredBaseEscrowThreshold", false},
		{"references don't count for 40%", 2, 0, 1, 1, 1, nil, true},
		{"with references", 2, 1, 1, 1, 1, "EncounteredTotalEscrowThreshold", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			g, scim := start(t, entratest.WithEscrowThresholds(test.from, test.base, test.total)), serveSCIM(t)
			a := g.app()
			group := must(g.AddGroup(entratest.Group{DisplayName: "eng"}))(t)
			if err := g.Assign(a.sp, group); err != nil {
				t.Fatal(err)
			}
			left := test.failing
			scim.replace = func(w http.ResponseWriter, r *http.Request) bool {
				if r.Method == "POST" && r.URL.Path == "/Users" && left > 0 {
					left--
					http.Error(w, `{"detail":"no","scimType":"invalidValue"}`, 400)
					return true
				}
				if r.Method == "PATCH" && test.failingMemberships {
					http.Error(w, `{}`, 500)
					return true
				}
				return false
			}
			for n := range test.users - 1 { // the group is an object too
				id := g.person(a, fmt.Sprint("user", n))
				if err := g.AddMember(group, id); err != nil {
					t.Fatal(err)
				}
			}
			if test.failing == 1 && test.failingMemberships {
				if err := g.AddMember(group, g.person(a, "more")); err != nil { // a member who is there
					t.Fatal(err)
				}
			}
			g.configure(a, scim.URL, scimToken, nil)
			status := g.step(a, 0)
			if got := dig(status, "quarantine", "reason"); got != test.reason {
				t.Errorf("the quarantine's reason is %v, want %v (status %v)", got, test.reason, status)
			}
		})
	}
}

// TestEscrow: an object that failed is tried again with back-off, and the others go on.
func TestEscrow(t *testing.T) {
	t.Parallel()
	g, scim := start(t), serveSCIM(t)
	a := g.app()
	g.person(a, "ada")
	g.configure(a, scim.URL, scimToken, nil)
	g.step(a, 0)
	scim.seen()
	g.person(a, "bad")
	scim.mu.Lock()
	scim.replace = func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method == "POST" {
			scim.requests = append(scim.requests, "POST")
			http.Error(w, "", http.StatusConflict)
			return true
		}
		return false
	}
	scim.mu.Unlock()
	var cycles []int
	for n := range 40 {
		if status := g.step(a, 40*time.Minute); dig(status, "lastExecution", "state") != "EntryLevelErrors" || dig(status, "lastExecution", "countEscrowed") != 1.0 {
			t.Fatalf("cycle %d: %v, want one object in escrow", n, status)
		}
		for _, r := range scim.seen() {
			if r == "POST" {
				cycles = append(cycles, n)
			}
		}
	}
	if diff := cmp.Diff([]int{0, 1, 3, 7, 15, 31}, cycles); diff != "" {
		t.Errorf("cycles with an attempt (-want +got):\n%s", diff)
	}
	g.must(204, "POST", a.path("/restart"), `{"criteria":{"resetScope":"Escrows"}}`)
	g.step(a, 0)
	if got := scim.seen(); len(got) != 2 || got[1] != "POST" {
		t.Errorf("after Escrows: %v, want one attempt", got)
	}
	g.must(204, "POST", a.path("/restart"), `{"criteria":{"resetScope":"Watermark"}}`) // it waits, but everybody is read
	scim.mu.Lock()
	scim.replace = nil
	scim.mu.Unlock()
	if status := g.step(a, 0); dig(status, "lastExecution", "state") != "Succeeded" || len(scim.stored) != 2 {
		t.Errorf("after a restart = %v, want both users", status)
	}
}

// TestSkips: a row says once that somebody isn't entitled, and who leaves the scope isn't tried any more.
func TestSkips(t *testing.T) {
	t.Parallel()
	g, scim := start(t), serveSCIM(t)
	a := g.app()
	off, filtered, bad := g.person(a, "off"), g.person(a, "filtered"), g.person(a, "bad")
	u := must(g.User(filtered))(t)
	u.Department = "hr"
	for _, err := range []error{g.SetEnabled(off, false), g.UpdateUser(u)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	filter := strings.Replace(string(must(g.Schema(a.job))(t)), `"scope": null`, `"scope":{"groups":[{"clauses":[{"operatorName":"NOT EQUALS","sourceOperandName":"department","targetOperand":{"values":["hr"]}}]}]}`, 1)
	if err := g.SetSchema(a.job, []byte(filter)); err != nil {
		t.Fatal(err)
	}
	scim.replace = func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method == "POST" {
			http.Error(w, "", http.StatusConflict)
			return true
		}
		return false
	}
	g.configure(a, scim.URL, scimToken, nil)
	for range 3 {
		g.step(a, 40*time.Minute)
	}
	for name, id := range map[string]string{"off": off, "filtered": filtered} {
		rows := g.all("/auditLogs/provisioning?$filter=sourceIdentity/id eq '" + id + "'")
		if len(rows) != 1 || dig(rows[0], "provisioningStatusInfo", "errorInformation", "errorCode") != "NotEffectivelyEntitled" {
			t.Errorf("%s has the rows %v, want one with NotEffectivelyEntitled", name, rows)
		}
	}
	if status := g.status(a); dig(status, "lastExecution", "state") != "EntryLevelErrors" {
		t.Errorf("status = %v, want one object that fails", status)
	}
	if err := g.Unassign(a.sp, bad); err != nil {
		t.Fatal(err)
	}
	if status := g.step(a, 40*time.Minute); dig(status, "lastExecution", "state") != "Succeeded" {
		t.Errorf("status = %v, want nobody that fails", status)
	}
}

// TestFlows: what a mapping and an object mapping let through.
func TestFlows(t *testing.T) {
	t.Parallel()
	g, scim := start(t), serveSCIM(t)
	a := g.app()
	ada := g.person(a, "ada")
	schema := string(must(g.Schema(a.job))(t))
	set := func(from, to string, n int) {
		t.Helper()
		changed := strings.Replace(schema, from, to, n)
		if changed == schema {
			t.Fatalf("%s isn't in the schema", from)
		}
		schema = changed
		if err := g.SetSchema(a.job, []byte(schema)); err != nil {
			t.Fatal(err)
		}
	}
	change := func(displayName string) []string {
		t.Helper()
		u := must(g.User(ada))(t)
		u.DisplayName, u.JobTitle = displayName, "T "+displayName
		if err := g.UpdateUser(u); err != nil {
			t.Fatal(err)
		}
		g.step(a, 40*time.Minute)
		return scim.seen()
	}
	// Two matching attributes: the lower number is first.
	at := strings.Index(schema, `"targetAttributeName": "displayName"`)
	from := strings.LastIndex(schema[:at], `"matchingPriority": 0`)
	schema = schema[:from] + `"matchingPriority": 2` + schema[from+len(`"matchingPriority": 0`):]
	set(`"flowTypes": "Add, Update, Delete"`, `"flowTypes": "Update, Delete"`, 1)
	g.configure(a, scim.URL+"?aadOptscim062020", scimToken, nil)
	g.step(a, 0)
	scim.seen()
	compare(t, "no Add", []string{`GET /Users?filter=userName eq "ada@x.com"`, `GET /Users?filter=displayName eq "Ada"`}, change("Ada"))
	set(`"flowTypes": "Update, Delete"`, `"flowTypes": "Add, Delete"`, 1)
	if got := change("Ada 1"); len(got) != 3 || !strings.HasPrefix(got[2], "POST /Users ") {
		t.Errorf("with Add: %v, want a create", got)
	}
	compare(t, "no Update", []string{"GET /Users/S1"}, change("Ada 2"))
	set(`"flowTypes": "Add, Delete"`, `"flowTypes": "Add, Update"`, 1)
	compare(t, "Update", []string{"GET /Users/S1",
		`PATCH /Users/S1 {"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","value":{"displayName":"Ada 3","title":"T Ada 3"}}]}`}, change("Ada 3"))
	at = strings.Index(schema, `"targetAttributeName": "title"`)
	from = strings.LastIndex(schema[:at], `"flowType": "Always"`)
	schema = schema[:from] + `"flowType": "ObjectAddOnly"` + schema[from+len(`"flowType": "Always"`):]
	set(`"version": "Date`, `"version": "date`, 1)
	compare(t, "ObjectAddOnly", []string{"GET /Users/S1",
		`PATCH /Users/S1 {"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","path":"displayName","value":"Ada 4"}]}`}, change("Ada 4"))
	if err := g.HardDeleteUser(ada); err != nil {
		t.Fatal(err)
	}
	g.step(a, 40*time.Minute)
	compare(t, "no Delete", nil, scim.seen())
}

// TestDeleteThreshold: too many deletes and disables in a cycle are held back.
func TestDeleteThreshold(t *testing.T) {
	t.Parallel()
	g, scim := start(t), serveSCIM(t)
	a := g.app()
	var ids []string
	for n := range 6 {
		ids = append(ids, g.person(a, fmt.Sprint("user", n)))
	}
	const settings = `{"Enabled":true,"Recipients":"a@x","DeleteThresholdEnabled":true,"DeleteThresholdValue":2}`
	g.configure(a, scim.URL, scimToken, map[string]string{"SyncNotificationSettings": settings})
	g.step(a, 0)
	scim.seen()
	writes := func() (n int) {
		for _, r := range scim.seen() {
			if !strings.HasPrefix(r, "GET") {
				n++
			}
		}
		return n
	}
	for _, leave := range []func() error{
		func() error { return g.HardDeleteUser(ids[0]) }, func() error { return g.SetEnabled(ids[1], false) },
	} {
		if err := leave(); err != nil {
			t.Fatal(err)
		}
	}
	if status := g.step(a, 40*time.Minute); status["code"] != "Active" || writes() != 2 {
		t.Errorf("two leavers: %v, want both sent", status)
	}
	for _, leave := range []func() error{
		func() error { return g.HardDeleteUser(ids[2]) }, func() error { return g.DeleteUser(ids[3]) }, func() error { return g.Unassign(a.sp, ids[4]) },
	} {
		if err := leave(); err != nil {
			t.Fatal(err)
		}
	}
	g.person(a, "newcomer")
	status := g.step(a, 40*time.Minute)
	if dig(status, "quarantine", "reason") != "TooManyDeletes" || writes() != 1 {
		t.Errorf("three leavers: %v, want quarantine and the newcomer alone", status)
	}
	staged := g.all("/auditLogs/provisioning?$filter=provisioningAction eq 'stagedDelete'")
	if len(staged) != 3 || dig(staged[0], "provisioningStatusInfo", "errorInformation", "errorCode") != "StagedDelete" {
		t.Errorf("staged rows = %v, want three", staged)
	}
	g.must(204, "POST", a.path("/restart"), `{"criteria":{"resetScope":"ForceDeletes"}}`)
	if status := g.step(a, 0); status["code"] != "Active" || writes() != 3 {
		t.Errorf("after ForceDeletes: %v, want all three sent", status)
	}
}

// TestScopes: who is pushed and who stays, by the settings and the scoping filters.
func TestScopes(t *testing.T) {
	t.Parallel()
	g, scim := start(t), serveSCIM(t)
	a := g.app()
	ada, bob := g.person(a, "ada"), g.person(a, "bob")
	stranger := must(g.AddUser(entratest.User{UserPrincipalName: "stranger@x.com", Department: "eng"}))(t)
	group := must(g.AddGroup(entratest.Group{DisplayName: "all", Description: "x"}))(t)
	if err := g.AddMember(group, stranger); err != nil {
		t.Fatal(err)
	}
	names := func() map[string]bool {
		found := map[string]bool{}
		for _, x := range scim.stored {
			for _, key := range []string{"userName", "displayName"} {
				if s, ok := x[key].(string); ok && s != "" {
					found[s] = true
				}
			}
		}
		return found
	}
	check := func(scene string, want ...string) {
		t.Helper()
		wanted := map[string]bool{}
		for _, w := range want {
			wanted[w] = true
		}
		if diff := cmp.Diff(wanted, names()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", scene, diff)
		}
	}
	secrets := map[string]string{"SkipOutOfScopeDeletions": "True"}
	g.configure(a, scim.URL, scimToken, secrets)
	g.step(a, 0)
	check("assigned", "ada@x.com", "bob@x.com")
	scim.seen()
	if err := g.Unassign(a.sp, ada); err != nil {
		t.Fatal(err)
	}
	g.step(a, 40*time.Minute)
	if got := scim.seen(); len(got) != 0 {
		t.Errorf("SkipOutOfScopeDeletions: %v was sent", got)
	}
	if err := g.SetEnabled(bob, false); err != nil {
		t.Fatal(err)
	}
	g.step(a, 40*time.Minute)
	if got := scim.seen(); len(got) != 1 {
		t.Errorf("a disabled user with SkipOutOfScopeDeletions: %v, want one PATCH", got)
	}
	filter := strings.Replace(string(must(g.Schema(a.job))(t)), `"scope": null`, `"scope":{"groups":[{"clauses":[{"operatorName":"EQUALS","sourceOperandName":"department","targetOperand":{"values":["eng"]}}]}]}`, 1)
	if err := g.SetSchema(a.job, []byte(filter)); err != nil {
		t.Fatal(err)
	}
	secrets["SyncAll"] = "true"
	g.configure(a, scim.URL, scimToken, secrets)
	g.step(a, 40*time.Minute)
	check("everybody of one department", "ada@x.com", "bob@x.com", "stranger@x.com", "all")
	g.must(204, "POST", a.path("/pause"), "")
	if status := g.step(a, 24*time.Hour); status["code"] != "Paused" {
		t.Errorf("a paused job is %v", status["code"])
	}
	g.must(204, "DELETE", a.path(""), "")
	g.must(404, "GET", a.path(""), "")
	g.person(a, "late")
	if err := g.Advance(t.Context(), time.Hour); err != nil {
		t.Fatal(err)
	}
	check("without a job", "ada@x.com", "bob@x.com", "stranger@x.com", "all")
}

// TestAssignmentLag: provisioning sees an assignment later.
func TestAssignmentLag(t *testing.T) {
	t.Parallel()
	g, scim := start(t, entratest.WithAssignmentLag(time.Hour)), serveSCIM(t)
	a := g.app()
	g.person(a, "ada")
	g.configure(a, scim.URL, scimToken, nil)
	g.step(a, 40*time.Minute)
	if len(scim.stored) != 0 {
		t.Error("the assignment counted at once")
	}
	g.step(a, 40*time.Minute)
	if len(scim.stored) != 1 {
		t.Error("the assignment didn't count after an hour")
	}
}
