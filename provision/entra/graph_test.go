package entra_test

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/oauth2"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/provision/entra"
	"github.com/iamscim/iamscim/provision/idp"
)

//go:embed testdata/schema.json
var defaultSchema string

const (
	principalID = "5b000000-0000-4000-8000-000000000001"
	jobID       = "scim.7e4a47.1"
	templateID  = "8adf8e6e-67b2-4cf2-a259-e3dc5476c621"
	ada         = "00000000-0000-4000-8000-0000000000ad"
	engineering = "00000000-0000-4000-8000-0000000000e0"
	base        = "https://iamscim.googleapis.com/v1alpha1/tenants/t1"
	scimToken   = "scim-token-of-the-tenant"
	graphToken  = "graph-token"
)

// graph is a Microsoft Graph for one application, written from its documentation by
// hand: what package entratest does for users, in as few lines as these tests need.
type graph struct {
	t  testing.TB
	mu sync.Mutex

	apps        []string // IDs of the service principals, all with the name "Google"
	jobs        []string
	template    string // of the jobs
	gallery     string // the application's template
	schedule    string
	status      map[string]any // of the job, beside code
	code        string
	secrets     []map[string]any
	masked      bool // secrets are shown as "*"
	schema      string
	assigned    []string
	connections map[string]string
	rejects     string // a token that doesn't work

	requests []string // METHOD path-without-IDs
	bodies   []string
	writes   int
	tokens   []string // Authorization, as received

	// answer answers instead, or not: fault first.
	answer func(w http.ResponseWriter, r *http.Request) bool
	// lose loses the reply of a request, after it was carried out.
	lose func(request string) bool
	// more answers what the graph doesn't have.
	more func(w http.ResponseWriter, r *http.Request, body []byte) bool
}

func newGraph(t testing.TB) *graph {
	return &graph{t: t, template: "scim", schedule: "Disabled", code: "NotConfigured", status: map[string]any{}, schema: defaultSchema, connections: map[string]string{}}
}

// provisioned is a graph with a running job.
func provisioned(t testing.TB) *graph {
	g := newGraph(t)
	g.apps, g.jobs, g.schedule, g.code = []string{principalID}, []string{jobID}, "Active", "Active"
	g.secrets = []map[string]any{
		{"key": "BaseAddress", "value": base + "?aadOptscim062020"}, {"key": "SecretToken", "value": "*"},
		{"key": "SyncNotificationSettings", "value": `{"Enabled":true,"Recipients":"a@example.com","Future":[1]}`}, {"key": "SyncAll", "value": "false"}, {"key": "SkipOutOfScopeDeletions", "value": "True"},
	}
	g.assigned = []string{engineering}
	g.status["steadyStateFirstAchievedTime"] = "2026-01-02T03:04:05Z"
	g.status["lastExecution"] = map[string]any{"timeBegan": "2026-01-03T00:00:00Z", "timeEnded": "2026-01-03T00:01:00Z", "countEscrowed": 0}
	g.status["lastSuccessfulExecution"] = map[string]any{"timeBegan": "2026-01-03T00:00:00Z", "timeEnded": "2026-01-03T00:01:00Z"}
	edited := strings.Replace(defaultSchema, `"name": "mailNickname", "expression": "[mailNickname]"`, `"name": "objectId", "expression": "[objectId]"`, 1)
	from := strings.Index(edited, "            {\n              \"targetAttributeName\": \"emails[type eq \\\"other\\\"]")
	to := strings.Index(edited, "            {\n              \"targetAttributeName\": \"emails[type eq \\\"work\\\"]")
	g.schema = edited[:from] + edited[to:]
	return g
}

func (g *graph) job() map[string]any {
	status := map[string]any{"code": g.code, "steadyStateFirstAchievedTime": "0001-01-01T00:00:00Z", "quarantine": nil}
	for k, v := range g.status {
		status[k] = v
	}
	return map[string]any{"id": jobID, "templateId": g.template, "schedule": map[string]any{"state": g.schedule, "interval": "PT40M"}, "status": status}
}

func (g *graph) app(id string) map[string]any {
	return map[string]any{
		"id": id, "appId": "a" + id[1:], "displayName": "Google", "applicationTemplateId": g.gallery,
		"appRoles": []map[string]any{
			{"id": "00000000-0000-0000-0000-00000000000b", "displayName": "msiam_access", "isEnabled": true, "allowedMemberTypes": []string{"User"}},
			{"id": "00000000-0000-0000-0000-00000000000a", "displayName": "User", "isEnabled": true, "allowedMemberTypes": []string{"User"}},
		},
	}
}

// ServeHTTP serves Graph and its login service.
func (g *graph) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	g.mu.Lock()
	defer g.mu.Unlock()
	name := r.Method + " " + short(r.URL.Path)
	g.requests, g.bodies = append(g.requests, name), append(g.bodies, string(body))
	g.tokens = append(g.tokens, r.Header.Get("Authorization"))
	if g.answer != nil && g.answer(w, r) {
		return
	}
	if r.Method != http.MethodGet {
		g.writes++
	}
	recorded := &late{header: http.Header{}}
	g.serve(recorded, r, body)
	if g.lose != nil && g.lose(name) {
		panic(http.ErrAbortHandler)
	}
	for k, v := range recorded.header {
		w.Header()[k] = v
	}
	if recorded.status != 0 {
		w.WriteHeader(recorded.status)
	}
	_, _ = w.Write(recorded.body)
}

// late is a reply that isn't sent yet.
type late struct {
	header http.Header
	status int
	body   []byte
}

func (l *late) Header() http.Header { return l.header }
func (l *late) WriteHeader(s int)   { l.status = s }
func (l *late) Write(p []byte) (int, error) {
	l.body = append(l.body, p...)
	return len(p), nil
}

// short is a path without the application and the job.
func short(path string) string {
	path = strings.ReplaceAll(path, "/v1.0/servicePrincipals/"+principalID, "SP")
	path = strings.ReplaceAll(path, "/beta/servicePrincipals/"+principalID, "beta SP")
	return strings.ReplaceAll(path, jobID, "J")
}

func (g *graph) serve(w http.ResponseWriter, r *http.Request, body []byte) {
	var in map[string]any
	if len(body) > 0 && r.Header.Get("Content-Type") == "application/json" {
		if err := json.Unmarshal(body, &in); err != nil {
			g.t.Errorf("%s %s: the body isn't JSON", r.Method, r.URL)
		}
	}
	switch path := short(r.URL.Path); r.Method + " " + path {
	case "GET /v1.0/servicePrincipals":
		if r.URL.Query().Get("$filter") != "displayName eq 'Google'" {
			g.t.Errorf("filter %s", r.URL.Query())
		}
		list := []map[string]any{}
		for _, id := range g.apps {
			list = append(list, g.app(id))
		}
		reply(w, 200, map[string]any{"value": list})
	case "GET SP":
		if !slices.Contains(g.apps, principalID) {
			refuse(w, 404, "Request_ResourceNotFound", "Resource '"+principalID+"' does not exist.")
			return
		}
		reply(w, 200, g.app(principalID))
	case "POST /v1.0/applicationTemplates/" + templateID + "/instantiate":
		id := principalID
		if len(g.apps) > 0 {
			id = "5b000000-0000-4000-8000-00000000000" + fmt.Sprint(len(g.apps)+1)
		}
		g.apps = append(g.apps, id)
		reply(w, 201, map[string]any{"application": map[string]any{}, "servicePrincipal": map[string]any{"id": id}})
	case "GET SP/synchronization/templates":
		reply(w, 200, map[string]any{"value": []map[string]any{{"id": g.template, "factoryTag": g.template}}})
	case "GET SP/synchronization/jobs":
		list := []map[string]any{}
		for _, id := range g.jobs {
			j := g.job()
			j["id"] = id
			list = append(list, j)
		}
		reply(w, 200, map[string]any{"value": list})
	case "POST SP/synchronization/jobs":
		if in["templateId"] != "scim" {
			g.t.Errorf("templateId %v", in)
		}
		id := jobID
		if len(g.jobs) > 0 {
			id = fmt.Sprint(jobID, len(g.jobs))
		}
		g.jobs = append(g.jobs, id)
		reply(w, 201, g.job())
	case "GET SP/synchronization/jobs/J":
		reply(w, 200, g.job())
	case "POST SP/synchronization/jobs/J/validateCredentials":
		for _, c := range in["credentials"].([]any) {
			pair := c.(map[string]any)
			if pair["key"] == "BaseAddress" && !strings.HasSuffix(pair["value"].(string), "?aadOptscim062020") {
				g.t.Errorf("address %v", pair)
			}
			if pair["key"] == "SecretToken" && pair["value"] == g.rejects {
				refuse(w, 400, "CredentialValidationUnavailable", "You appear to have entered invalid credentials: "+g.rejects)
				return
			}
		}
		w.WriteHeader(204)
	case "GET SP/synchronization/secrets":
		list := []map[string]any{}
		for _, s := range g.secrets {
			if g.masked || s["key"] == "SecretToken" {
				s = map[string]any{"key": s["key"], "value": "*"}
			}
			list = append(list, s)
		}
		reply(w, 200, map[string]any{"value": list})
	case "PUT SP/synchronization/secrets":
		g.secrets = nil
		for _, s := range in["value"].([]any) {
			g.secrets = append(g.secrets, s.(map[string]any))
		}
		w.WriteHeader(204)
	case "GET SP/synchronization/jobs/J/schema":
		_, _ = io.WriteString(w, g.schema)
	case "PUT SP/synchronization/jobs/J/schema":
		g.schema = string(body)
		w.WriteHeader(204)
	case "GET SP/appRoleAssignedTo":
		list := []map[string]any{}
		for i, id := range g.assigned {
			kind := "User"
			if id == engineering {
				kind = "Group"
			}
			list = append(list, map[string]any{"id": fmt.Sprint("as", i), "principalId": id, "principalType": kind})
		}
		reply(w, 200, map[string]any{"value": list})
	case "POST SP/appRoleAssignedTo":
		if in["resourceId"] != principalID || in["appRoleId"] != "00000000-0000-0000-0000-00000000000a" {
			g.t.Errorf("assignment %v", in)
		}
		if slices.Contains(g.assigned, in["principalId"].(string)) {
			refuse(w, 400, "Request_BadRequest", "Permission being assigned already exists on the object")
			return
		}
		g.assigned = append(g.assigned, in["principalId"].(string))
		reply(w, 201, map[string]any{"id": "as"})
	case "POST SP/synchronization/jobs/J/start":
		g.schedule, g.code = "Active", "Active"
		w.WriteHeader(204)
	case "POST SP/synchronization/jobs/J/pause":
		g.schedule, g.code = "Paused", "Paused"
		w.WriteHeader(204)
	case "POST SP/synchronization/jobs/J/restart":
		g.schedule, g.code = "Active", "Active"
		delete(g.status, "quarantine")
		w.WriteHeader(204)
	default:
		object, ok := strings.CutPrefix(path, "beta SP/synchronization/jobs/J/objectConnections('")
		if object, closed := strings.CutSuffix(object, "')"); ok && closed {
			g.connection(w, r, object)
			return
		}
		if g.more == nil || !g.more(w, r, body) {
			g.t.Errorf("the graph doesn't serve %s %s", r.Method, r.URL)
			refuse(w, 501, "", "")
		}
	}
}

func (g *graph) connection(w http.ResponseWriter, r *http.Request, object string) {
	switch {
	case r.Method == http.MethodDelete && g.schedule == "Active":
		refuse(w, 409, "Conflict", "the job is active")
	case r.Method == http.MethodDelete:
		delete(g.connections, object)
		w.WriteHeader(204)
	case g.connections[object] == "":
		refuse(w, 404, "NotFound", "")
	default:
		reply(w, 200, map[string]any{"sourceAnchor": object, "targetAnchor": g.connections[object], "objectTypeName": "User"})
	}
}

func reply(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

func refuse(w http.ResponseWriter, status int, code, message string) {
	reply(w, status, map[string]any{"error": map[string]any{"code": code, "message": message, "innerError": map[string]any{"request-id": "r-1", "date": "2026-01-01T00:00:00"}}})
}

// secret returns a setting of the connection.
func (g *graph) secret(key string) string {
	for _, s := range g.secrets {
		if s["key"] == key {
			text, _ := s["value"].(string)
			return text
		}
	}
	return ""
}

// pipes is a listener in memory, which works in testing/synctest.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}
func (p *pipes) Close() error   { p.once.Do(func() { close(p.done) }); return nil }
func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe"} }
func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	near, far := net.Pipe()
	select {
	case p.conns <- far:
		return near, nil
	case <-p.done:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// serve starts a handler in memory, and returns a client for it.
func serve(t testing.TB, h http.Handler) *http.Client {
	t.Helper()
	p := &pipes{conns: make(chan net.Conn), done: make(chan struct{})}
	server := &http.Server{Handler: h, ErrorLog: log.New(io.Discard, "", 0)}
	finished := make(chan struct{})
	go func() { _ = server.Serve(p); close(finished) }()
	client := &http.Client{Transport: &http.Transport{DialContext: p.dial}}
	t.Cleanup(func() {
		client.CloseIdleConnections()
		_ = server.Close()
		<-finished
	})
	return client
}

// client returns a client for a graph.
func (g *graph) client(t testing.TB, change ...func(*entra.Config)) *entra.Client {
	t.Helper()
	cfg := entra.Config{
		TokenSource: oauth2.StaticTokenSource(&oauth2.Token{AccessToken: graphToken, TokenType: "Bearer"}),
		AppName:     "Google", HTTPClient: serve(t, g), Endpoint: "http://localhost", LoginEndpoint: "http://localhost",
	}
	for _, f := range change {
		f(&cfg)
	}
	c, err := entra.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func assign(ids ...string) func(*entra.Config) {
	return func(cfg *entra.Config) { cfg.Assign = ids }
}

func connection() idp.Connection {
	return idp.Connection{
		BaseURI: base, Token: iamscim.NewSecret(scimToken),
		Settings: []idp.Setting{{ID: "entra-external-id", Name: "externalId", Value: "objectId"}, {ID: "entra-no-guests", Name: "users in scope", Value: "members, no guests"}},
	}
}

// failed returns the module's error, which every failure must be.
func failed(t testing.TB, err error) *iamscim.Error {
	t.Helper()
	e, ok := errors.AsType[*iamscim.Error](err)
	if !ok {
		t.Fatalf("error %T %v, want an *iamscim.Error", err, err)
	}
	return e
}

// calm checks that a text has no secret.
func calm(t testing.TB, text string) {
	t.Helper()
	for _, secret := range []string{scimToken[:12], graphToken[:9]} { // half of one is too much
		if strings.Contains(text, secret) {
			t.Errorf("a secret is in %q", text)
		}
	}
}
