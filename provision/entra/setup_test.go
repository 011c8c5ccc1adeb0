package entra_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/provision/entra"
	"github.com/iamscim/iamscim/provision/idp"
)

var _ idp.Provider = (*entra.Client)(nil)

// TestSetUp: from nothing to a running job, and the requests it takes. A second call
// finds nothing to change but the token, which Graph doesn't show.
func TestSetUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGraph(t)
		c := g.client(t, assign(engineering, ada))
		if err := c.SetUp(t.Context(), connection()); err != nil {
			t.Fatal(err)
		}
		want := []string{
			"GET /v1.0/servicePrincipals",
			"POST /v1.0/applicationTemplates/" + templateID + "/instantiate",
			"GET SP",
			"GET SP/synchronization/jobs",
			"GET SP/synchronization/templates",
			"POST SP/synchronization/jobs",
			"GET SP/synchronization/secrets",
			"POST SP/synchronization/jobs/J/validateCredentials",
			"PUT SP/synchronization/secrets",
			"GET SP/synchronization/secrets",
			"GET SP/synchronization/jobs/J/schema",
			"PUT SP/synchronization/jobs/J/schema",
			"GET SP/synchronization/jobs/J/schema",
			"GET SP/appRoleAssignedTo",
			"POST SP/appRoleAssignedTo",
			"POST SP/appRoleAssignedTo",
			"GET SP/synchronization/jobs/J",
			"POST SP/synchronization/jobs/J/start",
			"GET SP/synchronization/jobs/J",
		}
		if diff := cmp.Diff(want, g.requests); diff != "" {
			t.Errorf("requests (-want +got):\n%s", diff)
		}
		if g.secret("BaseAddress") != base+"?aadOptscim062020" || g.secret("SecretToken") != scimToken || g.secret("SyncAll") != "false" || !strings.Contains(g.secret("SyncNotificationSettings"), `"Enabled":false`) {
			t.Errorf("secrets %v", g.secrets)
		}
		if diff := cmp.Diff([]string{engineering, ada}, g.assigned); diff != "" || g.schedule != "Active" {
			t.Errorf("schedule %s, assigned (-want +got):\n%s", g.schedule, diff)
		}
		for _, token := range g.tokens {
			if token != "Bearer "+graphToken {
				t.Errorf("Authorization %q", token)
			}
		}
		g.requests, g.writes = nil, 0
		if err := c.SetUp(t.Context(), connection()); err != nil {
			t.Fatal(err)
		}
		var writes []string
		for _, r := range g.requests {
			if !strings.HasPrefix(r, "GET ") {
				writes = append(writes, r)
			}
		}
		if diff := cmp.Diff([]string{"POST SP/synchronization/jobs/J/validateCredentials", "PUT SP/synchronization/secrets"}, writes); diff != "" {
			t.Errorf("writes of a second call (-want +got):\n%s", diff)
		}
	})
}

// TestSetUpKeeps: what is set beside address and token stays, and the schema byte for
// byte where it isn't edited.
func TestSetUpKeeps(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := provisioned(t)
		g.schema = defaultSchema
		if err := g.client(t, func(cfg *entra.Config) { cfg.DeletionThreshold, cfg.NotifyEmail = 50, "b@example.com" }).SetUp(t.Context(), connection()); err != nil {
			t.Fatal(err)
		}
		if g.secret("SkipOutOfScopeDeletions") != "True" || g.secret("SecretToken") != scimToken {
			t.Errorf("secrets %v", g.secrets)
		}
		var settings map[string]any
		if err := json.Unmarshal([]byte(g.secret("SyncNotificationSettings")), &settings); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(map[string]any{"Enabled": true, "Recipients": "b@example.com", "Future": []any{1.0}, "DeleteThresholdEnabled": true, "DeleteThresholdValue": 50.0}, settings); diff != "" {
			t.Errorf("notifications (-want +got):\n%s", diff)
		}
		want := strings.Replace(provisioned(t).schema, `"source": {"type": "Attribute", "name": "objectId", "expression": "[objectId]", "parameters": []}, "exportMissing`, `"source": {"type":"Attribute","name":"objectId","expression":"[objectId]","parameters":[]}, "exportMissing`, 1)
		if diff := cmp.Diff(strings.TrimSpace(want), g.schema); diff != "" {
			t.Errorf("schema (-want +got):\n%s", diff)
		}
	})
}

// TestLostReplies: the reply of each request is lost once, one after the other. Nothing
// is created twice, and the call succeeds.
func TestLostReplies(t *testing.T) {
	t.Parallel()
	verbs := map[string]struct {
		begin func(testing.TB) *graph
		call  func(context.Context, *entra.Client) error
	}{
		"SetUp":   {newGraph, func(ctx context.Context, c *entra.Client) error { return c.SetUp(ctx, connection()) }},
		"CutOver": {quarantined, func(ctx context.Context, c *entra.Client) error { return c.CutOver(ctx, connection()) }},
		"Stop":    {provisioned, func(ctx context.Context, c *entra.Client) error { return c.Stop(ctx) }},
		"Restart": {provisioned, func(ctx context.Context, c *entra.Client) error { return c.Restart(ctx, entra.ResetFull) }},
		"Status":  {provisioned, func(ctx context.Context, c *entra.Client) error { _, err := c.Status(ctx); return err }},
		"Reconnect": {connected, func(ctx context.Context, c *entra.Client) error {
			_, err := c.Reconnect(ctx, ada)
			return err
		}},
		"SetUp of another tenant": {elsewhere, func(ctx context.Context, c *entra.Client) error { return c.SetUp(ctx, connection()) }},
	}
	for verb, v := range verbs {
		t.Run(verb, func(t *testing.T) {
			t.Parallel()
			for n, count := 0, 1; n < count; n++ {
				synctest.Test(t, func(t *testing.T) {
					g := v.begin(t)
					seen, lost := 0, ""
					g.lose = func(request string) bool {
						seen++
						if seen == n+1 {
							lost = request
						}
						return seen == n+1
					}
					c := g.client(t, assign(engineering, ada))
					if err := v.call(t.Context(), c); err != nil {
						t.Errorf("with the reply to %s (%d) lost: %v", lost, n, err)
					}
					if n == 0 {
						count = seen - 1 // one of them was the repetition
					}
					want := 1
					if verb == "Stop" && g.schedule != "Paused" || verb != "Stop" && g.schedule != "Active" {
						t.Errorf("with the reply to %s (%d) lost: the job is %s", lost, n, g.schedule)
					}
					if len(g.apps) != want || len(g.jobs) != want {
						t.Errorf("with the reply to %s (%d) lost: %d applications, %d jobs", lost, n, len(g.apps), len(g.jobs))
					}
					if strings.HasPrefix(verb, "SetUp") {
						if diff := cmp.Diff([]string{engineering, ada}, g.assigned); diff != "" {
							t.Errorf("with the reply to %s (%d) lost: assigned (-want +got):\n%s", lost, n, diff)
						}
					}
					if strings.HasPrefix(verb, "SetUp") || verb == "CutOver" {
						if g.secret("SecretToken") != scimToken || g.secret("BaseAddress") != base+"?aadOptscim062020" {
							t.Errorf("with the reply to %s (%d) lost: secrets %v", lost, n, g.secrets)
						}
					}
				})
			}
		})
	}
}

func quarantined(t testing.TB) *graph {
	g := provisioned(t)
	g.code = "Quarantine"
	g.status["quarantine"] = map[string]any{
		"reason": "EncounteredQuarantineException", "seriesBegan": "2026-01-04T00:00:00Z", "nextAttempt": "2026-01-05T00:00:00Z",
		"error": map[string]any{"code": "InvalidCredentials", "message": "the token is rejected"},
	}
	return g
}

func connected(t testing.TB) *graph {
	g := provisioned(t)
	g.connections = map[string]string{ada: "scim-ada", engineering: "scim-engineering"}
	g.more = func(w http.ResponseWriter, r *http.Request, body []byte) bool {
		switch r.URL.Path {
		case "/v1.0/directoryObjects/getByIds":
			var in struct{ IDs, Types []string }
			_ = json.Unmarshal(body, &in)
			list := []map[string]any{}
			for _, id := range in.IDs {
				list = append(list, map[string]any{"id": id, "displayName": "x"})
			}
			reply(w, 200, map[string]any{"value": list})
		case "/v1.0/groups/" + engineering + "/members/microsoft.graph.user":
			reply(w, 200, map[string]any{"@odata.count": 1, "value": []map[string]any{{"id": ada}}})
		case "/v1.0/users":
			reply(w, 200, map[string]any{"value": []map[string]any{{"id": ada, "userPrincipalName": "ada@example.com", "accountEnabled": true}}})
		case "/v1.0/auditLogs/provisioning":
			reply(w, 200, map[string]any{"value": []map[string]any{}})
		default:
			if !strings.HasSuffix(r.URL.Path, "/provisionOnDemand") {
				return false
			}
			g.connections[ada] = "scim-ada-2"
			reply(w, 200, map[string]any{"key": `{"result":"Success","details":null}`, "value": `{}`})
		}
		return true
	}
	return g
}

func elsewhere(t testing.TB) *graph {
	g := connected(t)
	g.secrets[0]["value"] = strings.Replace(base, "/t1", "/t0", 1) + "?aadOptscim062020"
	return g
}

// TestSetUpElsewhere: after a replaced tenant Entra ID forgets the SCIM IDs while the
// job is paused, before the new address is stored, and pushes everybody anew.
func TestSetUpElsewhere(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := elsewhere(t)
		if err := g.client(t).SetUp(t.Context(), connection()); err != nil {
			t.Fatal(err)
		}
		at := func(request string) int {
			for i, r := range g.requests {
				if r == request {
					return i
				}
			}
			t.Errorf("no request %s in\n%s", request, strings.Join(g.requests, "\n"))
			return -1
		}
		order := []int{
			at("POST SP/synchronization/jobs/J/validateCredentials"), at("POST SP/synchronization/jobs/J/pause"),
			at("DELETE beta SP/synchronization/jobs/J/objectConnections('" + ada + "')"),
			at("PUT SP/synchronization/secrets"), at("POST SP/synchronization/jobs/J/restart"),
		}
		for i := 1; i < len(order); i++ {
			if order[i] < order[i-1] {
				t.Errorf("the order is wrong:\n%s", strings.Join(g.requests, "\n"))
			}
		}
		if len(g.connections) != 0 || g.schedule != "Active" {
			t.Errorf("connections %v, schedule %s", g.connections, g.schedule)
		}
		if got := g.bodies[order[4]]; got != `{"criteria":{"resetScope":"Full"}}` {
			t.Errorf("restart %s", got)
		}
	})
}

// TestSetUpInQuarantine: a job in quarantine starts again, unless a person must look at
// held deletions first. One that was off is looked at anew.
func TestSetUpInQuarantine(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, code, reason, schedule, want string
	}{
		{"a rejected token", "Quarantine", "EncounteredQuarantineException", "Active", `{"criteria":{"resetScope":"QuarantineState"}}`},
		{"held deletions", "Quarantine", "TooManyDeletes", "Active", ""},
		{"paused", "Paused", "", "Paused", `{"criteria":{"resetScope":"Watermark, Escrows, QuarantineState"}}`},
		{"running", "Active", "", "Active", ""},
	} {
		synctest.Test(t, func(t *testing.T) {
			g := provisioned(t)
			g.code, g.schedule = tt.code, tt.schedule
			if tt.reason != "" {
				g.status["quarantine"] = map[string]any{"reason": tt.reason}
			}
			if err := g.client(t).SetUp(t.Context(), connection()); err != nil {
				t.Fatal(err)
			}
			got := ""
			for i, r := range g.requests {
				if r == "POST SP/synchronization/jobs/J/restart" {
					got = g.bodies[i]
				}
			}
			if got != tt.want || g.schedule != "Active" {
				t.Errorf("%s: restart %q, want %q; schedule %s", tt.name, got, tt.want, g.schedule)
			}
		})
	}
}

// TestLag: what was written shows late, or never. The call waits for it, and says so.
func TestLag(t *testing.T) {
	t.Parallel()
	stale := func(path, body string, times int) func(*graph) {
		return func(g *graph) {
			old, seen := "", 0
			g.answer = func(w http.ResponseWriter, r *http.Request) bool {
				if r.Method != http.MethodGet || short(r.URL.Path) != path || g.writes < 2 {
					return false
				}
				if old == "" {
					old = body
				}
				if seen++; seen > times {
					return false
				}
				fmt.Fprint(w, old)
				return true
			}
		}
	}
	const (
		secrets = `{"value":[{"key":"BaseAddress","value":"https://iamscim.googleapis.com/v1alpha1/tenants/t0"}]}`
		job     = `{"id":"` + jobID + `","templateId":"scim","schedule":{"state":"Disabled"},"status":{"code":"NotRun"}}`
	)
	for _, tt := range []struct {
		name string
		lag  func(*graph)
		kind error
	}{
		{"secrets", stale("SP/synchronization/secrets", secrets, 3), nil},
		{"secrets for ever", stale("SP/synchronization/secrets", secrets, 1<<20), iamscim.ErrNotVisible},
		{"the job", stale("SP/synchronization/jobs/J", job, 3), nil},
		{"the job for ever", stale("SP/synchronization/jobs/J", job, 1<<20), iamscim.ErrNotVisible},
	} {
		synctest.Test(t, func(t *testing.T) {
			g := provisioned(t)
			tt.lag(g)
			begin := time.Now()
			err := g.client(t).SetUp(t.Context(), connection())
			if !errors.Is(err, tt.kind) || tt.kind == nil && err != nil || time.Since(begin) < 100*time.Millisecond {
				t.Errorf("%s: SetUp = %v after %v", tt.name, err, time.Since(begin))
			}
		})
	}
	// An assignment that isn't shown at first exists already.
	synctest.Test(t, func(t *testing.T) {
		g := provisioned(t)
		seen := 0
		g.answer = func(w http.ResponseWriter, r *http.Request) bool {
			if r.Method != http.MethodGet || !strings.HasSuffix(r.URL.Path, "/appRoleAssignedTo") {
				return false
			}
			if seen++; seen > 1 {
				return false
			}
			reply(w, 200, map[string]any{"value": []any{}})
			return true
		}
		if err := g.client(t, assign(engineering)).SetUp(t.Context(), connection()); err != nil || len(g.assigned) != 1 {
			t.Errorf("SetUp = %v, assigned %v", err, g.assigned)
		}
		// What nobody can assign is an error.
		g.answer = func(w http.ResponseWriter, r *http.Request) bool {
			if r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/appRoleAssignedTo") {
				refuse(w, 400, "Request_BadRequest", "Not a valid reference update.")
				return true
			}
			return false
		}
		if err := g.client(t, assign(ada)).SetUp(t.Context(), connection()); !errors.Is(err, iamscim.ErrInvalidArgument) || !strings.Contains(err.Error(), ada) {
			t.Errorf("SetUp = %v", err)
		}
	})
}

// TestRefusedBeforeWriting: what can't work is refused, and nothing is changed.
func TestRefusedBeforeWriting(t *testing.T) {
	t.Parallel()
	conn := func(change func(*idp.Connection)) func() idp.Connection {
		return func() idp.Connection { c := connection(); change(&c); return c }
	}
	tests := []struct {
		name   string
		graph  func(*graph)
		config func(*entra.Config)
		conn   func() idp.Connection
		kind   error
		says   string
	}{
		{"two applications", func(g *graph) { g.apps = append(g.apps, "5b000000-0000-4000-8000-000000000002") }, nil, connection, iamscim.ErrFailedPrecondition, "several applications"},
		{"two jobs", func(g *graph) { g.jobs = append(g.jobs, "scim.2") }, nil, connection, iamscim.ErrFailedPrecondition, "several provisioning jobs: " + jobID + ", scim.2"},
		{"a job of the gallery", func(g *graph) { g.template = "customappsso" }, nil, connection, iamscim.ErrFailedPrecondition, `template "customappsso"`},
		{"an application of the gallery", func(g *graph) { g.gallery = "e5f5a7a4-0000-4000-8000-000000000000" }, nil, connection, iamscim.ErrFailedPrecondition, "application of the gallery"},
		{"no template for SCIM", func(g *graph) { g.jobs, g.template = nil, "salesforce" }, nil, connection, iamscim.ErrFailedPrecondition, "application of the gallery"},
		{"not owned", func(g *graph) { g.answer = deny("/synchronization/jobs") }, nil, connection, iamscim.ErrPermissionDenied, "read the provisioning job"},
		{"no permission for applications", func(g *graph) { g.answer = deny("/servicePrincipals") }, nil, connection, iamscim.ErrPermissionDenied, "Application.Read.All"},
		{"no such application", func(g *graph) { g.apps = nil }, func(cfg *entra.Config) { cfg.AppName, cfg.ServicePrincipalID = "", principalID }, connection, iamscim.ErrNotFound, "right directory"},
		{"another service", func(g *graph) { g.secrets[0]["value"] = "https://scim.us-east-1.amazonaws.com/x/scim/v2" }, nil, connection, iamscim.ErrFailedPrecondition, "provisions another service: https://scim.us-east-1.amazonaws.com/x/scim/v2"},
		{"a schema without users", func(g *graph) { g.schema = `{"synchronizationRules":[]}` }, nil, connection, iamscim.ErrBadReply, "no mapping of users"},
		{"a schema with an e-mail for matching", func(g *graph) {
			g.schema = strings.Replace(defaultSchema, `"emails[type eq \"other\"].value", "matchingPriority": 0`, `"emails[type eq \"other\"].value", "matchingPriority": 2`, 1)
		}, nil, connection, iamscim.ErrFailedPrecondition, "matching attribute"},
		{"an attribute that users don't have", nil, nil, conn(func(c *idp.Connection) {
			c.Settings = []idp.Setting{{ID: "entra-user-name", Value: "extensionAttribute1"}}
		}), iamscim.ErrFailedPrecondition, "no such attribute"},
		{"a setting of Okta", nil, nil, conn(func(c *idp.Connection) { c.Settings = []idp.Setting{{ID: "okta-user-name", Value: "x"}} }), iamscim.ErrInvalidArgument, "isn't a setting of Microsoft Entra ID"},
		{"a setting twice", nil, nil, conn(func(c *idp.Connection) {
			c.Settings = []idp.Setting{{ID: "entra-user-name", Value: "mail"}, {ID: "entra-user-name", Value: "userPrincipalName"}}
		}), iamscim.ErrInvalidArgument, "several values"},
		{"a source that is an expression", nil, nil, conn(func(c *idp.Connection) {
			c.Settings = []idp.Setting{{ID: "entra-external-id", Value: `Join("",[mail])`}}
		}), iamscim.ErrInvalidArgument, "must name an attribute"},
		{"no token", nil, nil, conn(func(c *idp.Connection) { c.Token = iamscim.Secret{} }), iamscim.ErrInvalidArgument, "the token is empty"},
		{"a token with a line feed", nil, nil, conn(func(c *idp.Connection) { c.Token = iamscim.NewSecret(scimToken + "\n") }), iamscim.ErrInvalidArgument, "a line feed"},
		{"an address with the flag", nil, nil, conn(func(c *idp.Connection) { c.BaseURI += "?aadOptscim062020" }), iamscim.ErrInvalidArgument, "must not have a query"},
		{"an address in clear", nil, nil, conn(func(c *idp.Connection) { c.BaseURI = "http://example.com/t1" }), iamscim.ErrInvalidArgument, "must be https"},
		{"everything at once", nil, nil, func() idp.Connection { return idp.Connection{Settings: []idp.Setting{{ID: "x"}}} }, iamscim.ErrInvalidArgument, "the token is empty; BaseURI: the URI is empty; Settings: x isn't"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				g := provisioned(t)
				g.schema = defaultSchema
				if tt.graph != nil {
					tt.graph(g)
				}
				var change []func(*entra.Config)
				if tt.config != nil {
					change = append(change, tt.config)
				}
				err := g.client(t, change...).SetUp(t.Context(), tt.conn())
				e := failed(t, err)
				if !errors.Is(err, tt.kind) || !strings.Contains(err.Error(), tt.says) {
					t.Errorf("SetUp = %v\nwant %v with %q", err, tt.kind, tt.says)
				}
				if g.writes != 0 {
					t.Errorf("%d writes: %s", g.writes, strings.Join(g.requests, ", "))
				}
				if tt.kind == iamscim.ErrInvalidArgument && len(g.requests) != 0 {
					t.Errorf("%d requests", len(g.requests))
				}
				if tt.kind == iamscim.ErrPermissionDenied && (!strings.Contains(e.Remedy, "consent") || !strings.Contains(e.Detail, "request-id r-1")) {
					t.Errorf("Remedy %q, Detail %q", e.Remedy, e.Detail)
				}
				calm(t, fmt.Sprintf("%v %+v %#v", err, err, e))
			})
		})
	}
}

// deny refuses a path.
func deny(part string) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.Contains(r.URL.Path, part) {
			return false
		}
		refuse(w, 403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
		return true
	}
}
