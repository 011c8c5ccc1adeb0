package entratest_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/iamscim/iamscim/provision/entratest"
	"golang.org/x/oauth2/clientcredentials"
)

// TestForms compares replies with JSON that was written by hand after Microsoft's pages: what a page
// shows must be there. A value of "…" is any text.
func TestForms(t *testing.T) {
	t.Parallel()
	g := start(t)
	a := g.app()
	ada := must(g.AddUser(entratest.User{UserPrincipalName: "ada@example.com", DisplayName: "Ada"}))(t)
	for _, test := range []struct {
		file, method, path, body string
		status                   int
	}{
		{"instantiate", "POST", "/applicationTemplates/" + entratest.TemplateCustom + "/instantiate", `{"displayName":"Second"}`, 201},
		{"templates", "GET", a.sync + "/templates", "", 200},
		{"job", "GET", a.path(""), "", 200},
		{"assignment", "POST", "/servicePrincipals/" + a.sp + "/appRoleAssignedTo", fmt.Sprintf(`{"principalId":%q,"resourceId":%q,"appRoleId":"18d14569-c3bd-439b-9a66-3a2aee01d14f"}`, ada, a.sp), 201},
		{"error", "GET", "/servicePrincipals/none", "", 404},
	} {
		got := g.do(test.method, test.path, test.body)
		if got.status != test.status {
			t.Errorf("%s %s = %d %s, want %d", test.method, test.path, got.status, got.body, test.status)
		}
		var want any
		if err := json.Unmarshal(must(os.ReadFile(filepath.Join("testdata", test.file+".json")))(t), &want); err != nil {
			t.Fatal(err)
		}
		if problems := missing(want, got.json, ""); len(problems) > 0 {
			t.Errorf("%s %s:\n%s\ngot %s", test.method, test.path, strings.Join(problems, "\n"), got.body)
		}
	}
}

// missing lists what of want isn't in got.
func missing(want, got any, place string) (problems []string) {
	switch want := want.(type) {
	case map[string]any:
		g, _ := got.(map[string]any)
		for name, w := range want {
			if v, there := g[name]; !there {
				problems = append(problems, place+"/"+name+" is missing")
			} else {
				problems = append(problems, missing(w, v, place+"/"+name)...)
			}
		}
	case []any:
		g, _ := got.([]any)
		if len(g) != len(want) {
			return []string{fmt.Sprintf("%s has %d items, want %d", place, len(g), len(want))}
		}
		for i := range want {
			problems = append(problems, missing(want[i], g[i], fmt.Sprintf("%s[%d]", place, i))...)
		}
	default:
		if s, ok := got.(string); want == "…" && ok && s != "" {
			return nil
		}
		if !cmp.Equal(want, got) {
			problems = append(problems, fmt.Sprintf("%s is %v, want %v", place, got, want))
		}
	}
	return problems
}

// TestOAuth: golang.org/x/oauth2/clientcredentials gets tokens here.
func TestOAuth(t *testing.T) {
	t.Parallel()
	srv := entratest.Start(t)
	config := clientcredentials.Config{ClientID: entratest.DefaultClientID, ClientSecret: entratest.DefaultClientSecret, TokenURL: srv.TokenURL(), Scopes: []string{srv.URL() + "/.default"}}
	resp := must(config.Client(t.Context()).Get(srv.URL() + "/v1.0/servicePrincipals"))(t)
	resp.Body.Close()
	if resp.StatusCode != 200 {
		t.Errorf("GET /servicePrincipals = %d, want 200", resp.StatusCode)
	}
	config.ClientSecret = "wrong"
	if token, err := config.Token(t.Context()); err == nil || !strings.Contains(err.Error(), "AADSTS7000215") {
		t.Errorf("Token with a wrong secret = %v, %v; want AADSTS7000215", token, err)
	}
}

// TestTokenClaims: a token says which directory, app and permissions it is for.
func TestTokenClaims(t *testing.T) {
	t.Parallel()
	g := start(t)
	if err := g.RevokeAllBut("User.Read.All"); err != nil {
		t.Fatal(err)
	}
	token := g.login(entratest.DefaultClientID, entratest.DefaultClientSecret).json["access_token"].(string)
	var claims struct {
		Tid, Appid string
		Roles      []string
	}
	if err := json.Unmarshal(must(base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1]))(t), &claims); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(claims); got != fmt.Sprintf("{%s %s [User.Read.All]}", entratest.DefaultTenant, entratest.DefaultClientID) {
		t.Errorf("claims = %s, want the directory, the app and one role", got)
	}
}

func TestTokenErrors(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	g := start(t, entratest.WithClock(func() time.Time { return now }))
	if got := g.login("c11e4700-0000-4000-8000-00000000ffff", "x"); got.status != 400 || !strings.Contains(string(got.body), "AADSTS700016") {
		t.Errorf("an unknown app = %d %s, want AADSTS700016", got.status, got.body)
	}
	for name, form := range map[string]string{
		"AADSTS1002012": "grant_type=client_credentials&scope=User.Read",
		"AADSTS70003":   "grant_type=password&scope=x/.default",
		"AADSTS900144":  "%zz",
	} {
		req := must(http.NewRequest("POST", g.TokenURL(), strings.NewReader(form)))(t)
		req.SetBasicAuth(entratest.DefaultClientID, entratest.DefaultClientSecret)
		if got := g.send(req); got.status != 400 || !strings.Contains(string(got.body), name) {
			t.Errorf("%s = %d %s, want %s", form, got.status, got.body, name)
		}
	}
	other := must(http.NewRequest("POST", g.url+"/7e4a4700-0000-4000-8000-00000000ffff/oauth2/v2.0/token", strings.NewReader("")))(t)
	if got := g.send(other); !strings.Contains(string(got.body), "AADSTS90002") {
		t.Errorf("another tenant = %d %s, want AADSTS90002", got.status, got.body)
	}
	if got := g.do("GET", "/servicePrincipals", "", "Authorization", "Bearer other"); got.status != 401 || dig(got.json, "error", "code") != "InvalidAuthenticationToken" {
		t.Errorf("another token = %d %s, want 401", got.status, got.body)
	}
	now = now.Add(time.Hour)
	if got := g.do("GET", "/servicePrincipals", ""); got.status != 401 || !strings.Contains(string(got.body), "expired") {
		t.Errorf("an hour later = %d %s, want 401", got.status, got.body)
	}
}

// TestPermissions: a call without its permission is 403, and with the least one it isn't.
func TestPermissions(t *testing.T) {
	t.Parallel()
	g := start(t)
	a := g.app()
	foreign := must(g.AddApp(entratest.NewApp{DisplayName: "Theirs"}))(t)
	for _, test := range []struct {
		name, method, path, body string
		least                    []string
	}{
		{"read the job", "GET", a.path(""), "", []string{"Application.ReadWrite.OwnedBy"}},
		{"read any job", "GET", a.path(""), "", []string{"Synchronization.Read.All"}},
		{"start", "POST", a.path("/start"), "", []string{"Application.ReadWrite.OwnedBy"}},
		{"start any", "POST", a.path("/pause"), "", []string{"Synchronization.ReadWrite.All"}},
		{"assignments", "GET", "/servicePrincipals/" + a.sp + "/appRoleAssignedTo", "", []string{"Application.Read.All"}},
		{"principal", "GET", "/servicePrincipals/" + a.sp, "", []string{"Application.ReadWrite.OwnedBy"}},
		{"of others", "GET", "/servicePrincipals/" + foreign, "", []string{"Application.Read.All"}},
		{"secrets", "GET", a.sync + "/secrets", "", []string{"Application.ReadWrite.OwnedBy"}},
		{"two needed", "POST", "/servicePrincipals/" + a.sp + "/appRoleAssignedTo", fmt.Sprintf(`{"principalId":%q,"resourceId":%q,"appRoleId":"00000000-0000-0000-0000-000000000000"}`, must(g.AddUser(entratest.User{UserPrincipalName: "u@x"}))(t), a.sp), []string{"AppRoleAssignment.ReadWrite.All", "Application.Read.All"}},
	} {
		for i := range test.least {
			if err := g.RevokeAllBut(append(append([]string{}, test.least[:i]...), test.least[i+1:]...)...); err != nil {
				t.Fatal(err)
			}
			if got := g.do(test.method, test.path, test.body); got.status != 403 || dig(got.json, "error", "code") != "Authorization_RequestDenied" {
				t.Errorf("%s without %s = %d %s, want 403", test.name, test.least[i], got.status, got.body)
			}
		}
		if err := g.RevokeAllBut(test.least...); err != nil {
			t.Fatal(err)
		}
		if got := g.do(test.method, test.path, test.body); got.status >= 300 {
			t.Errorf("%s with %v = %d %s, want success", test.name, test.least, got.status, got.body)
		}
	}
	if err := g.RevokeAllBut("Application.ReadWrite.OwnedBy"); err != nil {
		t.Fatal(err)
	}
	if got := g.do("GET", "/servicePrincipals/"+foreign, ""); got.status != 403 {
		t.Errorf("an app of somebody else by OwnedBy = %d, want 403", got.status)
	}
	if err := g.Revoke("Mail.Read"); err == nil {
		t.Error("Revoke of a permission that no method needs = nil, want an error")
	}
}

// TestLatePrincipal: a new service principal isn't there for the first requests.
func TestLatePrincipal(t *testing.T) {
	t.Parallel()
	g := start(t, entratest.WithLatePrincipal(3))
	sp := dig(g.must(201, "POST", "/applicationTemplates/"+entratest.TemplateCustom+"/instantiate", `{"displayName":"Google"}`), "servicePrincipal", "id").(string)
	g.must(404, "GET", "/servicePrincipals/"+sp, "")
	g.must(403, "POST", "/servicePrincipals/"+sp+"/synchronization/jobs", `{"templateId":"scim"}`)
	if list := g.all("/servicePrincipals"); len(list) != 0 {
		t.Errorf("the list = %v, want nothing yet", list)
	}
	g.must(201, "POST", "/servicePrincipals/"+sp+"/synchronization/jobs", `{"templateId":"scim"}`)
	g.must(200, "GET", "/servicePrincipals/"+sp, "")
	if list := g.all("/applications"); len(list) != 1 {
		t.Errorf("the applications = %v, want one", list)
	}
}

// TestSchemaBytes: a schema of thousands of lines comes back as it was put, unknown fields included.
func TestSchemaBytes(t *testing.T) {
	t.Parallel()
	g := start(t)
	a := g.app()
	first := g.do("GET", a.path("/schema"), "")
	if first.status != 200 || !json.Valid(first.body) {
		t.Fatalf("GET schema = %d", first.status)
	}
	var unknown strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&unknown, "\n  \"unknown%d\": {\"e\": 1.50E+2, \"text\": \"\\u00e9 <&>\"},", i)
	}
	want := "{" + unknown.String() + strings.TrimPrefix(string(first.body), "{")
	g.must(204, "PUT", a.path("/schema"), want)
	if got := g.do("GET", a.path("/schema"), ""); string(got.body) != want {
		t.Errorf("the schema came back changed: %d bytes, want %d", len(got.body), len(want))
	}
	if got := string(must(g.Schema(a.job))(t)); got != want {
		t.Error("Schema differs from what was put")
	}
	broken := strings.Replace(want, `[mailNickname]`, `Guess([mailNickname])`, 1)
	if got := g.do("PUT", a.path("/schema"), broken); got.status != 400 || !strings.Contains(string(got.body), "Guess") {
		t.Errorf("PUT with an unknown function = %d %.200s, want 400", got.status, got.body)
	}
}

// TestSecrets: what is secret is masked in replies and in the record of requests.
func TestSecrets(t *testing.T) {
	t.Parallel()
	g := start(t)
	a := g.app()
	const settings = `{"Enabled":true,"Recipients":"a@x","DeleteThresholdEnabled":true,"DeleteThresholdValue":500}`
	g.must(204, "PUT", a.sync+"/secrets", secretsBody(map[string]string{"BaseAddress": "https://x/y?aadOptscim062020", "SecretToken": "fake-very-secret", "SyncNotificationSettings": settings, "SyncAll": "false"}))
	got := g.do("GET", a.sync+"/secrets", "")
	want := []any{
		map[string]any{"key": "BaseAddress", "value": "https://x/y?aadOptscim062020"}, map[string]any{"key": "SecretToken", "value": "*"},
		map[string]any{"key": "SyncAll", "value": "false"}, map[string]any{"key": "SyncNotificationSettings", "value": settings},
	}
	if diff := cmp.Diff(any(want), got.json["value"]); diff != "" {
		t.Errorf("GET secrets (-want +got):\n%s", diff)
	}
	g.must(400, "PUT", a.sync+"/secrets", secretsBody(map[string]string{"Token": "x"}))
	g.must(400, "PUT", a.sync+"/secrets", secretsBody(map[string]string{"SyncNotificationSettings": "yes"}))
	record := fmt.Sprintf("%s %+v", g.Requests()[3].Body, g.Requests())
	if strings.Contains(record, "fake-very-secret") || strings.Contains(record, entratest.DefaultClientSecret) || !strings.Contains(record, "REDACTED") || !strings.Contains(record, "https://x/y") {
		t.Errorf("the record of requests = %s, want the address and no secret", record)
	}
}

func TestAssignments(t *testing.T) {
	t.Parallel()
	g := start(t, entratest.WithPageSize(2))
	a := g.app()
	list := "/servicePrincipals/" + a.sp + "/appRoleAssignedTo"
	var want []string
	for i := range 5 {
		id := must(g.AddUser(entratest.User{UserPrincipalName: fmt.Sprintf("u%d@x", i), DisplayName: fmt.Sprint("U", i)}))(t)
		if err := g.Assign(a.sp, id); err != nil {
			t.Fatal(err)
		}
		want = append(want, id)
	}
	var got []string
	for _, x := range g.all(list) {
		got = append(got, x["principalId"].(string))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("assignments over three pages (-want +got):\n%s", diff)
	}
	body := fmt.Sprintf(`{"principalId":%q,"resourceId":%q,"appRoleId":"00000000-0000-0000-0000-000000000000"}`, want[0], a.sp)
	if got := g.do("POST", list, body); got.status != 400 || !strings.Contains(string(got.body), "already exists") {
		t.Errorf("a second assignment = %d %s, want 400", got.status, got.body)
	}
	first := g.all(list)[0]["id"].(string)
	g.must(204, "DELETE", list+"/"+first, "")
	g.must(404, "DELETE", list+"/"+first, "")
	g.must(201, "POST", list, body)
	g.must(400, "POST", list, strings.Replace(body, "00000000-0000-0000-0000-000000000000", "11111111-0000-0000-0000-000000000000", 1))
	g.must(400, "POST", list, strings.Replace(body, a.sp, want[0], 1))
	g.must(404, "POST", list, strings.Replace(body, want[0], a.sp, 1))
}

func TestFindApps(t *testing.T) {
	t.Parallel()
	g := start(t)
	a := g.app()
	must(g.AddApp(entratest.NewApp{DisplayName: "O'Neil", Template: "11111111-0000-0000-0000-000000000000"}))(t)
	for filter, want := range map[string][]string{
		"displayName eq 'Google'":             {"Google"},
		"displayName eq 'google'":             nil,
		"displayName eq 'O''Neil'":            {"O'Neil"},
		"startswith(displayName, 'O')":        {"O'Neil"},
		"contains(displayName,'o')":           {"Google"},
		"accountEnabled eq true":              {"Google", "O'Neil"},
		"displayName gt 'H' and id ge 'e'":    {"O'Neil"},
		"applicationTemplateId eq '8adf8e6e'": nil,
	} {
		var got []string
		for _, x := range g.all("/servicePrincipals?$filter=" + filter) {
			got = append(got, x["displayName"].(string))
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", filter, diff)
		}
	}
	for _, filter := range []string{"displayName", "displayName eq", "displayName eq 'x", "displayName ne 'x'", "contains(a,'b'", "a eq 'b' or c eq 'd'", "not a eq 'b'"} {
		if got := g.do("GET", "/servicePrincipals?$filter="+filter, ""); got.status != 400 {
			t.Errorf("%s = %d, want 400", filter, got.status)
		}
	}
	appID := g.must(200, "GET", "/servicePrincipals/"+a.sp, "")["appId"].(string)
	if got := g.must(200, "GET", "/servicePrincipals(appId='"+appID+"')?$select=id", ""); got["id"] != a.sp || got["displayName"] != nil {
		t.Errorf("by appId = %v, want the id alone", got)
	}
	g.must(400, "GET", "/servicePrincipals/"+a.sp+"?$select=color", "")
	application := g.all("/applications?$filter=appId eq '" + appID + "'")[0]["id"].(string)
	g.must(204, "DELETE", "/applications/"+application, "")
	g.must(404, "GET", "/servicePrincipals/"+a.sp, "")
}

// TestPaths: odd paths are refused and never reach another resource.
func TestPaths(t *testing.T) {
	t.Parallel()
	g := start(t)
	a := g.app()
	for path, want := range map[string]int{
		"/servicePrincipals/" + a.sp + "%2Fowners":      404,
		"/servicePrincipals/../servicePrincipals":       400,
		"/servicePrincipals//" + a.sp:                   400,
		"/servicePrincipals('" + a.sp + "')":            200,
		"/servicePrincipals('" + a.sp:                   400,
		"/servicePrincipals(" + a.sp + ")":              400,
		"/nothing":                                      400,
		a.path("/none"):                                 400,
		a.sync + "/jobs/other":                          404,
		a.sync + "/jobs/validateCredentials":            405,
		"/applicationTemplates/" + a.sp:                 404,
		"/applications/" + a.sp:                         404,
		a.path("?$select=id,status"):                    200,
		"/servicePrincipals?$skiptoken=MCAv":            400,
		"/servicePrincipals?$top=1000":                  400,
		"/servicePrincipals?$count=true":                400,
		"/servicePrincipals?$expand=owners":             400,
		"/servicePrincipals?%zz":                        400,
		"/servicePrincipals/" + strings.Repeat("a", 99): 404,
	} {
		if got := g.do("GET", path, ""); got.status != want {
			t.Errorf("GET %s = %d %s, want %d", path, got.status, got.body, want)
		}
	}
	for _, test := range []struct {
		method, path, body, kind string
		want                     int
	}{
		{"POST", a.sync + "/jobs", `{"templateId":"customappsso"}`, "application/json", 400},
		{"POST", a.sync + "/jobs", `{"templateId":7}`, "application/json", 400},
		{"POST", a.sync + "/jobs", `{`, "application/json", 400},
		{"POST", a.sync + "/jobs", `{"templateId":"scim"}`, "text/plain", 415},
		{"POST", a.path("/restart"), `{"criteria":{"resetScope":"None"}}`, "application/json", 400},
		{"POST", a.path("/restart"), `{"criteria":{"resetScope":"Watermark, Escrows, QuarantineState"}}`, "application/json", 204},
		{"POST", "/applicationTemplates/" + entratest.TemplateCustom + "/instantiate", `{}`, "application/json", 400},
		{"POST", "/applicationTemplates/11111111-0000-0000-0000-000000000000/instantiate", `{"displayName":"x"}`, "application/json", 404},
		{"PATCH", a.path(""), `{}`, "application/json", 405},
	} {
		if got := g.do(test.method, test.path, test.body, "Content-Type", test.kind); got.status != test.want {
			t.Errorf("%s %s %s = %d %s, want %d", test.method, test.path, test.body, got.status, got.body, test.want)
		}
	}
}

// TestThrottle: the limits of an app, and their headers.
func TestThrottle(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	g := start(t, entratest.WithResourceUnits(5), entratest.WithClock(func() time.Time { return now }))
	var percentages []string
	for range 5 {
		got := g.do("GET", "/servicePrincipals", "")
		if got.status != 200 || got.header.Get("x-ms-resource-unit") != "1" {
			t.Fatalf("= %d with %v, want 200 and one unit", got.status, got.header)
		}
		percentages = append(percentages, got.header.Get("x-ms-throttle-limit-percentage"))
	}
	if diff := cmp.Diff([]string{"", "", "", "0.80", "1.00"}, percentages); diff != "" {
		t.Errorf("x-ms-throttle-limit-percentage (-want +got):\n%s", diff)
	}
	now = now.Add(3 * time.Second)
	got := g.do("GET", "/servicePrincipals", "")
	if got.status != 429 || got.header.Get("Retry-After") != "7" || got.header.Get("x-ms-throttle-information") == "" || !strings.Contains(got.header.Get("x-ms-throttle-scope"), entratest.DefaultClientID) {
		t.Errorf("the sixth = %d with %v, want 429 for 7 seconds", got.status, got.header)
	}
	now = now.Add(7 * time.Second)
	g.must(200, "GET", "/servicePrincipals", "")
}

// TestFaults: each kind, before the change and after it.
func TestFaults(t *testing.T) {
	t.Parallel()
	g := start(t)
	fail := func(f entratest.Fault) {
		t.Helper()
		if err := g.Fail(f); err != nil {
			t.Fatal(err)
		}
	}
	const path = "/applicationTemplates/" + entratest.TemplateCustom + "/instantiate"
	count := func() int { return len(g.all("/servicePrincipals")) }
	for i, test := range []struct {
		fault  entratest.Fault
		status int // 0: no reply
		made   int
	}{
		{entratest.Fault{}, 503, 0},
		{entratest.Fault{Status: 429, Header: http.Header{"Retry-After": {"3"}}, AfterCommit: true}, 429, 1},
		{entratest.Fault{Kind: entratest.FaultClose}, 0, 0},
		{entratest.Fault{Kind: entratest.FaultClose, AfterCommit: true}, 0, 1},
		{entratest.Fault{Kind: entratest.FaultCutBody, AfterCommit: true}, 0, 1},
		{entratest.Fault{Kind: entratest.FaultDelay, Delay: time.Millisecond}, 201, 1},
		{entratest.Fault{Status: 502, Body: []byte("<html>")}, 502, 0},
	} {
		test.fault.Method, test.fault.Path = "POST", "applicationTemplates/*/instantiate"
		before := count()
		fail(test.fault)
		status := 0
		resp, err := g.client.Do(g.request("POST", path, `{"displayName":"x"}`))
		if err == nil {
			status = resp.StatusCode
			if _, err := resp.Body.Read(make([]byte, 10000)); err != nil && test.fault.Kind == entratest.FaultCutBody {
				status = 0
			}
			resp.Body.Close()
		}
		if test.fault.Kind == entratest.FaultCutBody {
			status = 0 // what arrived before the cut doesn't matter
		}
		if status != test.status || count()-before != test.made {
			t.Errorf("%d: status %d and %d apps, want %d and %d", i, status, count()-before, test.status, test.made)
		}
	}
	for _, f := range []entratest.Fault{{Method: "get"}, {Path: "["}, {Path: "x/"}, {Skip: -1}, {Status: 99}, {Kind: 99}, {Kind: entratest.FaultDelay}} {
		if err := g.Fail(f); err == nil {
			t.Errorf("Fail(%+v) = nil, want an error", f)
		}
	}
	fail(entratest.Fault{Path: "never"})
	g.ClearFaults()
}

// An app belongs to the tenant that it was made in.
func TestAppOwner(t *testing.T) {
	t.Parallel()
	g := start(t)
	sp := must(g.AddApp(entratest.NewApp{DisplayName: "App"}))(t)
	if got := g.must(200, "GET", "/servicePrincipals/"+sp+"?$select=id,appOwnerOrganizationId", ""); got["appOwnerOrganizationId"] != entratest.DefaultTenant {
		t.Errorf("the app belongs to %v", got["appOwnerOrganizationId"])
	}
}
