package entra_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/oauth2"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/provision/entra"
)

const (
	directoryID  = "7e4a4700-0000-4000-8000-000000000001"
	clientID     = "c11e4700-0000-4000-8000-000000000001"
	clientSecret = "client-secret-of-the-program"
)

func static(token string) oauth2.TokenSource {
	return oauth2.StaticTokenSource(&oauth2.Token{AccessToken: token, TokenType: "Bearer"})
}

// TestNew: each problem is reported, all of them at once, and no secret.
func TestNew(t *testing.T) {
	t.Parallel()
	valid := entra.Config{TokenSource: static(graphToken), AppName: "Google"}
	with := func(change func(*entra.Config)) entra.Config { c := valid; change(&c); return c }
	own := entra.Config{AppName: "Google", TenantID: directoryID, ClientID: clientID, ClientSecret: iamscim.NewSecret(clientSecret)}
	ownWith := func(change func(*entra.Config)) entra.Config { c := own; change(&c); return c }
	tests := []struct {
		name string
		cfg  entra.Config
		want []string // the fields of the violations
	}{
		{"token source", valid, nil},
		{"client credentials", own, nil},
		{"a domain", ownWith(func(c *entra.Config) { c.TenantID = "contoso.onmicrosoft.com" }), nil},
		{"zero", entra.Config{}, []string{"TokenSource", "AppName"}},
		{"a client ID alone", entra.Config{AppName: "x", ClientID: clientID}, []string{"TenantID", "ClientSecret"}},
		{"a client secret alone", entra.Config{AppName: "x", ClientSecret: iamscim.NewSecret(clientSecret)}, []string{"TenantID", "ClientID"}},
		{"both credentials", ownWith(func(c *entra.Config) { c.TokenSource = static("x") }), []string{"TokenSource"}},
		{"the ID of a secret", ownWith(func(c *entra.Config) { c.ClientSecret = iamscim.NewSecret(clientID) }), []string{"ClientSecret"}},
		{"a secret with a line feed", ownWith(func(c *entra.Config) { c.ClientSecret = iamscim.NewSecret(clientSecret + "\n") }), []string{"ClientSecret"}},
		{"a name for a client ID", ownWith(func(c *entra.Config) { c.ClientID = "my-app" }), []string{"ClientID"}},
		{"a tenant with a path", ownWith(func(c *entra.Config) { c.TenantID = "../common" }), []string{"TenantID"}},
		{"common", ownWith(func(c *entra.Config) { c.TenantID = "common" }), []string{"TenantID"}},
		{"both applications", with(func(c *entra.Config) { c.ServicePrincipalID = principalID }), []string{"AppName"}},
		{"a principal that is no ID", with(func(c *entra.Config) { c.AppName, c.ServicePrincipalID = "", "Google" }), []string{"ServicePrincipalID"}},
		{"a long name", with(func(c *entra.Config) { c.AppName = strings.Repeat("é", 121) }), []string{"AppName"}},
		{"a name with a space behind", with(func(c *entra.Config) { c.AppName = "Google " }), []string{"AppName"}},
		{"a name with a control character", with(func(c *entra.Config) { c.AppName = "Goo\x00gle" }), []string{"AppName"}},
		{"assignments", with(func(c *entra.Config) { c.Assign = []string{ada, "engineering", strings.ToUpper(ada)} }), []string{"Assign[1]", "Assign[2]"}},
		{"a negative threshold", with(func(c *entra.Config) { c.DeletionThreshold = -1 }), []string{"DeletionThreshold"}},
		{"no mail address", with(func(c *entra.Config) { c.NotifyEmail = "a b@example.com" }), []string{"NotifyEmail"}},
		{"an unknown cloud", with(func(c *entra.Config) { c.Cloud = "germany" }), []string{"Cloud"}},
		{"a policy", with(func(c *entra.Config) { c.Retry.MaxAttempts = -1 }), []string{"Retry"}},
		{"an endpoint in clear", with(func(c *entra.Config) { c.Endpoint = "http://graph.example.com" }), []string{"Endpoint"}},
		{"an endpoint with a path", with(func(c *entra.Config) { c.Endpoint, c.LoginEndpoint = "https://x/v1.0", "https://u:p@x" }), []string{"Endpoint", "LoginEndpoint"}},
		{"everything", entra.Config{TenantID: "?", ClientID: "?", Cloud: "?", Assign: []string{"?"}, DeletionThreshold: -1, NotifyEmail: "?"},
			[]string{"Cloud", "TenantID", "ClientID", "ClientSecret", "AppName", "Assign[0]", "DeletionThreshold", "NotifyEmail"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c, err := entra.New(tt.cfg)
			var got []string
			if err != nil {
				e := failed(t, err)
				if !errors.Is(err, iamscim.ErrInvalidArgument) || c != nil || strings.Contains(err.Error(), clientSecret) {
					t.Errorf("New = %v, %v", c, err)
				}
				for _, v := range e.Violations {
					got = append(got, v.Field)
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("violations (-want +got):\n%s\n%v", diff, err)
			}
		})
	}
}

// TestClouds: each cloud has its own hosts and template, and the scope of its Graph.
func TestClouds(t *testing.T) {
	t.Parallel()
	tests := []struct{ cloud, graph, login, template string }{
		{"", "graph.microsoft.com", "login.microsoftonline.com", "8adf8e6e-67b2-4cf2-a259-e3dc5476c621"},
		{"us-gov", "graph.microsoft.us", "login.microsoftonline.us", "4602d0b4-76bb-404b-bca9-2652e1a39c6d"},
		{"us-gov-dod", "dod-graph.microsoft.us", "login.microsoftonline.us", "4602d0b4-76bb-404b-bca9-2652e1a39c6d"},
		{"china", "microsoftgraph.chinacloudapi.cn", "login.chinacloudapi.cn", "5a532e38-1581-4918-9658-008dc27c1d68"},
	}
	for _, tt := range tests {
		synctest.Test(t, func(t *testing.T) {
			var seen []string
			scope := ""
			c, err := entra.New(entra.Config{
				Cloud: entra.Cloud(tt.cloud), AppName: "Google", TenantID: directoryID, ClientID: clientID, ClientSecret: iamscim.NewSecret(clientSecret),
				Retry: iamscim.RetryPolicy{MaxAttempts: 1},
				HTTPClient: &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
					seen = append(seen, r.URL.Host+r.URL.Path)
					body := `{"value":[]}`
					switch {
					case strings.HasSuffix(r.URL.Path, "/token"):
						_ = r.ParseForm()
						scope = r.PostForm.Get("scope")
						body = `{"access_token":"` + graphToken + `","token_type":"Bearer","expires_in":3599}`
					case r.Method == http.MethodPost:
						return &http.Response{StatusCode: 400, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("enough")), Request: r}, nil
					}
					return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
				})},
			})
			if err != nil {
				t.Fatal(err)
			}
			if err := c.SetUp(t.Context(), connection()); err == nil {
				t.Error("SetUp succeeded")
			}
			want := []string{tt.login + "/" + directoryID + "/oauth2/v2.0/token", tt.graph + "/v1.0/servicePrincipals", tt.graph + "/v1.0/applicationTemplates/" + tt.template + "/instantiate"}
			if diff := cmp.Diff(want, seen); diff != "" || scope != "https://"+tt.graph+"/.default" {
				t.Errorf("cloud %q: scope %s, requests (-want +got):\n%s", tt.cloud, scope, diff)
			}
		})
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// calls are all methods.
var calls = map[string]func(context.Context, *entra.Client) error{
	"SetUp":     func(ctx context.Context, c *entra.Client) error { return c.SetUp(ctx, connection()) },
	"CutOver":   func(ctx context.Context, c *entra.Client) error { return c.CutOver(ctx, connection()) },
	"Stop":      func(ctx context.Context, c *entra.Client) error { return c.Stop(ctx) },
	"Restart":   func(ctx context.Context, c *entra.Client) error { return c.Restart(ctx) },
	"Status":    func(ctx context.Context, c *entra.Client) error { _, err := c.Status(ctx); return err },
	"Push":      func(ctx context.Context, c *entra.Client) error { _, err := c.Push(ctx, ada); return err },
	"Why":       func(ctx context.Context, c *entra.Client) error { _, err := c.Why(ctx, ada); return err },
	"Reconnect": func(ctx context.Context, c *entra.Client) error { _, err := c.Reconnect(ctx, ada); return err },
	"Roster": func(ctx context.Context, c *entra.Client) error {
		_, err := c.Roster(ctx, entra.RosterOptions{})
		return err
	},
	"Nested": func(ctx context.Context, c *entra.Client) error {
		_, err := c.Nested(ctx, entra.RosterOptions{})
		return err
	},
}

// TestZeroClient: nothing panics, and nothing is sent.
func TestZeroClient(t *testing.T) {
	t.Parallel()
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	g := provisioned(t)
	working := g.client(t)
	for name, call := range calls {
		for _, c := range []*entra.Client{nil, {}} {
			if err := call(t.Context(), c); !errors.Is(err, iamscim.ErrInvalidArgument) {
				t.Errorf("%s of a zero client = %v", name, err)
			}
		}
		if err := call(nil, working); !errors.Is(err, iamscim.ErrInvalidArgument) { //nolint:staticcheck // that is the case
			t.Errorf("%s with a nil context = %v", name, err)
		}
		if err := call(ended, working); !errors.Is(err, context.Canceled) {
			t.Errorf("%s with an ended context = %v", name, err)
		}
	}
	if len(g.requests) != 0 {
		t.Errorf("%d requests", len(g.requests))
	}
}

// jwt is an access token that shows its claims.
func jwt(claims map[string]any) string {
	text, _ := json.Marshal(claims)
	return "e30." + base64.RawURLEncoding.EncodeToString(text) + ".c2ln"
}

// TestTokenClaims: a token of another directory, or without a permission, is refused
// before the first request, with everything that's missing.
func TestTokenClaims(t *testing.T) {
	t.Parallel()
	enough := []string{"Application.ReadWrite.OwnedBy", "AppRoleAssignment.ReadWrite.All", "Application.Read.All"}
	tests := []struct {
		name, call, token string
		kind              error
		says              []string
	}{
		{"enough", "SetUp", jwt(map[string]any{"tid": directoryID, "roles": enough}), nil, nil},
		{"more", "SetUp", jwt(map[string]any{"tid": strings.ToUpper(directoryID), "roles": []string{"Application.ReadWrite.All", "Synchronization.ReadWrite.All", "AppRoleAssignment.ReadWrite.All"}}), nil, nil},
		{"a person", "SetUp", jwt(map[string]any{"tid": directoryID, "scp": "openid Application.ReadWrite.All Synchronization.ReadWrite.All AppRoleAssignment.ReadWrite.All"}), nil, nil},
		{"nothing listed", "SetUp", jwt(map[string]any{"tid": directoryID}), nil, nil},
		{"not a JWT", "SetUp", graphToken, nil, nil},
		{"not JSON", "SetUp", "a.b.c", nil, nil},
		{"another directory", "SetUp", jwt(map[string]any{"tid": clientID, "roles": enough}), iamscim.ErrFailedPrecondition, []string{"the access token is for the directory " + clientID}},
		{"two missing", "SetUp", jwt(map[string]any{"roles": []string{"Application.Read.All", "Synchronization.Read.All"}, "appid": clientID}), iamscim.ErrPermissionDenied,
			[]string{"Application.ReadWrite.OwnedBy: needed to change the provisioning job", "AppRoleAssignment.ReadWrite.All: needed to assign", "admin consent: http://localhost/" + directoryID + "/adminconsent?client_id=" + clientID}},
		{"a person's session", "SetUp", jwt(map[string]any{"scp": "Application.Read.All Synchronization.Read.All AppRoleAssignment.ReadWrite.All"}), iamscim.ErrPermissionDenied, []string{"Synchronization.ReadWrite.All: needed"}},
		{"logs", "Why", jwt(map[string]any{"roles": enough}), iamscim.ErrPermissionDenied, []string{"ProvisioningLog.Read.All: needed to read the provisioning logs"}},
		{"roster", "Roster", jwt(map[string]any{"roles": enough}), iamscim.ErrPermissionDenied, []string{"User.Read.All: needed", "GroupMember.Read.All: needed"}},
		{"status", "Status", jwt(map[string]any{"roles": []string{"Mail.Read"}}), iamscim.ErrPermissionDenied, []string{"Application.Read.All", "Synchronization.Read.All"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				g := provisioned(t)
				err := calls[tt.call](t.Context(), g.client(t, assign(ada), func(c *entra.Config) { c.TokenSource, c.TenantID = static(tt.token), directoryID }))
				if !errors.Is(err, tt.kind) || tt.kind == nil && err != nil {
					t.Fatalf("%s = %v, want %v", tt.call, err, tt.kind)
				}
				for _, says := range tt.says {
					if !strings.Contains(err.Error(), says) {
						t.Errorf("%s = %v\nwant %q", tt.call, err, says)
					}
				}
				if (len(g.requests) == 0) != (tt.kind != nil) {
					t.Errorf("%d requests", len(g.requests))
				}
			})
		})
	}
}

// TestSignIn: what the login service says becomes what to do. The client secret is in
// no text.
func TestSignIn(t *testing.T) {
	t.Parallel()
	tests := []struct {
		status        int
		code, message string
		remedy        string
		attempts      int
	}{
		{401, "invalid_client", "AADSTS7000215: Invalid client secret provided: " + clientSecret, "use the secret's value", 1},
		{401, "invalid_client", "AADSTS7000222: The provided client secret keys are expired.", "has expired", 1},
		{400, "unauthorized_client", "AADSTS700016: Application was not found in the directory.", "check ClientID and TenantID", 1},
		{400, "invalid_request", "AADSTS90002: Tenant not found.", "check TenantID and Cloud", 1},
		{400, "invalid_request", "AADSTS12345: Something else.", "check the token source", 1},
		{503, "", "", "check the token source", 3},
		{307, "", "", "check the token source", 1},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprint(tt.status, tt.message), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				attempts := 0
				var log strings.Builder
				h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					attempts++
					if r.URL.Path != "/"+directoryID+"/oauth2/v2.0/token" {
						t.Errorf("%s %s", r.Method, r.URL)
					}
					w.Header().Set("Location", "http://elsewhere.example.com/")
					reply(w, tt.status, map[string]any{"error": tt.code, "error_description": tt.message})
				})
				c, err := entra.New(entra.Config{
					TenantID: directoryID, ClientID: clientID, ClientSecret: iamscim.NewSecret(clientSecret), AppName: "Google", HTTPClient: serve(t, h),
					Endpoint: "http://localhost", LoginEndpoint: "http://localhost", Retry: iamscim.RetryPolicy{MaxAttempts: 3},
					Logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
				})
				if err != nil {
					t.Fatal(err)
				}
				_, err = c.Status(t.Context())
				e := failed(t, err)
				if !errors.Is(err, iamscim.ErrUnauthenticated) || !strings.Contains(e.Remedy, tt.remedy) || e.Attempts != 0 || attempts-1 != tt.attempts && attempts != tt.attempts {
					t.Errorf("Status = %v after %d requests for a token", err, attempts)
				}
				if text := fmt.Sprintf("%v %+v %#v %s", err, e, e, log.String()); strings.Contains(text, clientSecret) {
					t.Errorf("the client secret is in %s", text)
				}
			})
		})
	}
}

// TestNoSecretAnywhere: the tokens are in no log, no error and no print of a client,
// even if Graph sends them back.
func TestNoSecretAnywhere(t *testing.T) {
	t.Parallel()
	for name, call := range calls {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				for n := range 20 {
					g := connected(t)
					seen := 0
					g.answer = func(w http.ResponseWriter, r *http.Request) bool {
						if seen++; seen <= n {
							return false
						}
						// Graph sends back what it got, also at the end of what is kept of a text.
						sent := r.Header.Get("Authorization")[len("Bearer "):] + g.bodies[len(g.bodies)-1]
						w.Header().Set("request-id", sent)
						refuse(w, 400, sent, strings.Repeat("-", 100+190*(n%2))+sent)
						return true
					}
					var log strings.Builder
					c := g.client(t, func(cfg *entra.Config) {
						cfg.Logger = slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
						cfg.Retry.Replication, cfg.Retry.Budget = 1, 1
					})
					err := call(t.Context(), c)
					calm(t, log.String())
					calm(t, fmt.Sprintf("%v %+v %#v", *c, c, c))
					if err == nil {
						return
					}
					e := failed(t, err)
					text, _ := json.Marshal(e)
					calm(t, fmt.Sprintf("%v %+v %#v %s %v", err, e, e, text, errors.Unwrap(err)))
					if said, ok := errors.AsType[*entra.ReplyError](err); ok {
						calm(t, fmt.Sprintf("%v %#v", said, said))
					}
				}
			})
		})
	}
}
