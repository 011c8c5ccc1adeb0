package scimclient_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	crm "google.golang.org/api/cloudresourcemanager/v3"
	"google.golang.org/api/iam/v1"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/scimclient"
	"github.com/iamscim/iamscim/scimtest"
)

// accessKinds are the outcomes of an access check.
var accessKinds = map[string]error{
	"ErrTokenRejected": scimclient.ErrTokenRejected, "ErrNotSyncer": scimclient.ErrNotSyncer, "ErrTenantUnknown": scimclient.ErrTenantUnknown,
	"ErrThrottled": scimclient.ErrThrottled, "ErrUnreachable": scimclient.ErrUnreachable,
	"ErrRedirected": iamscim.ErrRedirected, "ErrBadReply": iamscim.ErrBadReply, "ErrUnsupported": scimclient.ErrUnsupported,
}

func TestCheckAccess(t *testing.T) {
	t.Parallel()
	const empty = `{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":0,"Resources":[]}`
	reply := func(status int, contentType, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", contentType)
			w.WriteHeader(status)
			io.WriteString(w, body)
		}
	}
	scim := func(status int) string {
		return fmt.Sprintf(`{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"%d","detail":"Barbara Jensen <bjensen@example.com>"}`, status)
	}
	bind := "gcloud organizations add-iam-policy-binding 123456789012 --member=serviceAccount:" + testAgent + " --role=roles/iam.scimSyncer"
	tests := []struct {
		name    string
		reply   http.HandlerFunc
		kind    string // "" for granted
		says    []string
		without []string
	}{
		{"granted", reply(200, "application/scim+json", empty), "", nil, nil},
		{"granted, with users", reply(200, "application/scim+json", `{"totalResults":1,"Resources":[{"id":"1"}]}`), "", nil, nil},
		{"401 as SCIM", reply(401, "application/scim+json", scim(401)), "ErrTokenRejected", []string{"HTTP 401", "WaitToken"}, nil},
		{"401 as HTML, which the service documents", reply(401, "text/html", "<html>Unauthorized</html>"), "ErrTokenRejected", []string{"HTTP 401"}, []string{"html"}},
		{"401 with nothing", reply(401, "", ""), "ErrTokenRejected", nil, nil},
		{"401 with a cut body", reply(401, "application/json", `{"error":{"code":401,"mess`), "ErrTokenRejected", nil, nil},
		{"403 as SCIM", reply(403, "application/scim+json", scim(403)), "ErrNotSyncer", []string{bind, "hasn't expired"}, []string{"GrantSyncer("}},
		{"403 as a Google API error", reply(403, "application/json", `{"error":{"code":403,"message":"denied"}}`), "ErrNotSyncer", []string{bind}, nil},
		{"403 as HTML", reply(403, "text/html", "<html>"), "ErrNotSyncer", []string{bind}, nil},
		{"404", reply(404, "text/html", "<html>"), "ErrTenantUnknown", []string{"baseUri"}, nil},
		{"429", reply(429, "", ""), "ErrThrottled", []string{"3,000 requests per minute"}, nil},
		{"500", reply(500, "text/html", "<html>"), "ErrUnavailable", nil, nil},
		{"redirect", reply(302, "", ""), "ErrRedirected", []string{"not followed"}, nil},
		{"405", reply(405, "", ""), "ErrUnsupported", nil, nil},
		{"HTML with 200", reply(200, "text/html", "<html>Welcome</html>"), "ErrBadReply", []string{"proxy"}, []string{"Welcome"}},
		{"nothing with 200", reply(200, "", ""), "ErrBadReply", nil, nil},
		{"{} with 200", reply(200, "application/json", "{}"), "ErrBadReply", []string{"totalResults"}, nil},
		{"JSON of another kind", reply(200, "application/json", "[1]"), "ErrBadReply", nil, nil},
		{"cut JSON", reply(200, "application/json", empty[:40]), "ErrBadReply", nil, nil},
		{"connection closed", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "ErrUnreachable", []string{"127.0.0.1"}, nil},
	}
	kinds := map[string]error{"ErrUnavailable": iamscim.ErrUnavailable}
	for name, kind := range accessKinds {
		kinds[name] = kind
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var requests atomic.Int32
			s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				requests.Add(1)
				if r.Method != "GET" || r.URL.Path != "/Users" {
					t.Errorf("CheckAccess sent %s %s, want GET /Users", r.Method, r.URL.Path)
				}
				tt.reply(w, r)
			}))
			s.Config.ErrorLog = nil
			s.Start()
			defer s.Close()
			c := clientFor(t, s.URL, scimclient.WithHTTPClient(s.Client()))
			access, err := c.CheckAccess(t.Context())
			if requests.Load() != 1 {
				t.Errorf("CheckAccess sent %d requests, want 1", requests.Load())
			}
			if tt.kind == "" {
				if err != nil || access.BaseURI != s.URL || access.ServiceAgent != testAgent || access.Checks != 1 {
					t.Errorf("CheckAccess = %+v, %v, want access", access, err)
				}
				return
			}
			if !errors.Is(err, kinds[tt.kind]) || access != nil {
				t.Fatalf("CheckAccess = %v, %v, want %s", access, err, tt.kind)
			}
			for name, kind := range accessKinds {
				if name != tt.kind && errors.Is(err, kind) {
					t.Errorf("CheckAccess = %v, which is %s too", err, name)
				}
			}
			text := err.Error()
			what, _, _ := strings.Cut(strings.TrimPrefix(text, "scimclient: CheckAccess: "), "; ")
			if len(what) > 120 {
				t.Errorf("CheckAccess says what happened in %d characters: %s", len(what), what)
			}
			for _, says := range tt.says {
				if !strings.Contains(text, says) {
					t.Errorf("CheckAccess = %v, want it to say %q", err, says)
				}
			}
			for _, leak := range append([]string{"Jensen", "bjensen", testToken}, tt.without...) {
				if strings.Contains(text, leak) {
					t.Errorf("CheckAccess = %v, which shows %q", err, leak)
				}
			}
			if strings.Contains(tt.name, "as SCIM") && !strings.Contains(fmt.Sprintf("%+v", err), "bjensen@example.com") {
				t.Errorf("%%+v of it is %+v, want what the service said", err)
			}
		})
	}
}

func TestCheckAccessUnreachable(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	c := clientFor(t, "http://"+l.Addr().String())
	_, err = c.CheckAccess(t.Context())
	if !errors.Is(err, scimclient.ErrUnreachable) || !errors.Is(err, iamscim.ErrUnavailable) || !strings.Contains(err.Error(), l.Addr().String()) {
		t.Errorf("CheckAccess = %v, want ErrUnreachable naming %s", err, l.Addr())
	}
	if strings.Contains(err.Error(), "/Users") {
		t.Errorf("CheckAccess = %v, which shows the request's URL", err)
	}
}

// TestNotSyncerWithoutServiceAgent: without it the organization isn't known, and a
// command would have a blank in it.
func TestNotSyncerWithoutServiceAgent(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(403) }))
	defer s.Close()
	c, err := scimclient.New(s.URL+"/v1alpha1/tenants/abc", tokens(testToken))
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Users.Get(t.Context(), "1")
	want := "bind roles/iam.scimSyncer on the organization to the tenant's service agent"
	if !errors.Is(err, scimclient.ErrNotSyncer) || !errors.Is(err, iamscim.ErrPermissionDenied) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "gcloud") {
		t.Errorf("Get = %v, want ErrNotSyncer with %s", err, want)
	}
}

// TestWaitAccess: a token and a binding that are not known everywhere yet.
func TestWaitAccess(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const lag = 70 * time.Second
		s := scimtest.New(scimtest.WithReplicationLag(lag))
		defer s.Close()
		client := s.PipeHTTPClient()
		baseURI := seed(t, s)
		ctx := t.Context()

		// A token made by a request, and so with the lag.
		service, err := iam.NewService(ctx, s.PipeClientOptions()...)
		if err != nil {
			t.Fatal(err)
		}
		token, err := service.Locations.WorkforcePools.Providers.ScimTenants.Tokens.Create(testTenant, &iam.WorkforcePoolProviderScimToken{}).
			WorkforcePoolProviderScimTokenId("token-b").Do()
		if err != nil {
			t.Fatal(err)
		}
		c, err := scimclient.New(baseURI, tokens(token.SecurityToken), scimclient.WithHTTPClient(client), scimclient.WithServiceAgent(testAgent))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.CheckAccess(ctx); !errors.Is(err, scimclient.ErrTokenRejected) {
			t.Errorf("CheckAccess at once = %v, want ErrTokenRejected", err)
		}
		begin := time.Now()
		short, cancel := context.WithTimeout(ctx, lag+20*time.Second)
		defer cancel()
		// The token will be known, the role is missing.
		_, err = c.WaitAccess(short)
		if !errors.Is(err, scimclient.ErrNotSyncer) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("WaitAccess without the role = %v, want ErrNotSyncer and the end of ctx", err)
		}
		if e := (*scimclient.Error)(nil); !errors.As(err, &e) || e.Attempts < 3 || e.Op != "scimclient: WaitAccess" {
			t.Errorf("WaitAccess without the role = %v, want the number of checks", err)
		}
		if took := time.Since(begin); took > lag+20*time.Second {
			t.Errorf("WaitAccess took %v, longer than its context", took)
		}

		organizations, err := crm.NewService(ctx, s.PipeOrganizationClientOptions()...)
		if err != nil {
			t.Fatal(err)
		}
		policy := &crm.Policy{Version: 3, Bindings: []*crm.Binding{{Role: "roles/iam.scimSyncer", Members: []string{"serviceAccount:" + testAgent}}}}
		if _, err := organizations.Organizations.SetIamPolicy("organizations/"+scimtest.DefaultOrganization, &crm.SetIamPolicyRequest{Policy: policy}).Do(); err != nil {
			t.Fatal(err)
		}
		begin = time.Now()
		access, err := c.WaitAccess(ctx)
		if err != nil || access.Checks < 2 {
			t.Fatalf("WaitAccess with the role = %+v, %v, want access after several checks", access, err)
		}
		if took := time.Since(begin); took < lag/2 || took > lag+time.Minute {
			t.Errorf("WaitAccess took %v, want about %v", took, lag)
		}
	})
}

func TestWaitAccessEnds(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		status int
		policy iamscim.RetryPolicy
		kind   error
		once   bool
	}{
		{"the budget ends it where ctx has no deadline", 401, iamscim.RetryPolicy{Budget: time.Minute}, scimclient.ErrTokenRejected, false},
		{"outages pass", 503, iamscim.RetryPolicy{Budget: time.Minute}, iamscim.ErrUnavailable, false},
		{"tenants are replicated too", 404, iamscim.RetryPolicy{Budget: time.Minute}, scimclient.ErrTenantUnknown, false},
		{"redirects do not pass", 307, iamscim.RetryPolicy{}, iamscim.ErrRedirected, true},
		{"what is no SCIM service does not become one", 200, iamscim.RetryPolicy{}, iamscim.ErrBadReply, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var requests atomic.Int32
				transport := roundTripper(func(*http.Request) (*http.Response, error) {
					requests.Add(1)
					return &http.Response{StatusCode: tt.status, Body: http.NoBody, Header: http.Header{}}, nil
				})
				c, err := scimclient.New("https://h/v1", tokens(testToken), scimclient.WithHTTPClient(&http.Client{Transport: transport}), scimclient.WithRetry(tt.policy))
				if err != nil {
					t.Fatal(err)
				}
				begin := time.Now()
				_, err = c.WaitAccess(t.Context())
				if !errors.Is(err, tt.kind) || errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("WaitAccess = %v, want %v", err, tt.kind)
				}
				if tt.once != (requests.Load() == 1) || time.Since(begin) > time.Minute {
					t.Errorf("WaitAccess sent %d requests in %v, want one only: %t", requests.Load(), time.Since(begin), tt.once)
				}
			})
		})
	}
}

func TestContexts(t *testing.T) {
	t.Parallel()
	var requests atomic.Int32
	_, c := serve(t, func(http.ResponseWriter, *http.Request) { requests.Add(1) })
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	for name, ctx := range map[string]context.Context{"nil": nil, "cancelled": cancelled} {
		calls := map[string]func() error{
			"CheckAccess":   func() error { _, err := c.CheckAccess(ctx); return err },
			"WaitAccess":    func() error { _, err := c.WaitAccess(ctx); return err },
			"Users.Create":  func() error { _, err := c.Users.Create(ctx, user("u")); return err },
			"Users.Get":     func() error { _, err := c.Users.Get(ctx, "1"); return err },
			"Users.Find":    func() error { _, err := c.Users.Find(ctx, "u"); return err },
			"Users.List":    func() error { return last(c.Users.List(ctx, scimclient.Filter{})) },
			"Users.Replace": func() error { _, err := c.Users.Replace(ctx, &scimclient.User{ID: "1"}); return err },
			"Users.Patch": func() error {
				return c.Users.Patch(ctx, "1", new(scimclient.Patch).Deactivate(), scimclient.ReadBack())
			},
			"Users.Delete":      func() error { return c.Users.Delete(ctx, "1") },
			"Groups.IsMember":   func() error { _, err := c.Groups.IsMember(ctx, "1", "2"); return err },
			"Groups.GroupsOf":   func() error { return last(c.Groups.GroupsOf(ctx, "1")) },
			"Groups.AddMembers": func() error { return c.Groups.AddMembers(ctx, "1", []string{"2"}) },
			"Schemas":           func() error { _, err := c.Schemas(ctx); return err },
		}
		for call, do := range calls {
			err := do()
			want := context.Canceled
			if ctx == nil {
				want = iamscim.ErrInvalidArgument
			}
			if !errors.Is(err, want) {
				t.Errorf("%s with a %s context = %v, want %v", call, name, err, want)
			}
			if e := (*scimclient.Error)(nil); !errors.As(err, &e) || e.Attempts != 0 {
				t.Errorf("%s with a %s context = %v, want an *Error with no attempts", call, name, err)
			}
		}
	}
	if requests.Load() != 0 {
		t.Errorf("%d requests were sent, want none", requests.Load())
	}
}

// last runs a list to its end and returns its error.
func last[T any](seq func(func(*T, error) bool)) error {
	var last error
	for _, err := range seq {
		last = err
	}
	return last
}

// TestMissingTenantIsNoMissingUser: a program that removes whom it does not find
// must not take a wrong base URI for an empty directory.
func TestMissingTenantIsNoMissingUser(t *testing.T) {
	t.Parallel()
	_, c := serve(t, replyWith(404, ""))
	_, find := c.Users.Find(t.Context(), "a@example.com")
	_, create := c.Users.Create(t.Context(), user("a@example.com"))
	_, isMember := c.Groups.IsMember(t.Context(), "g", "u")
	for call, err := range map[string]error{
		"Find": find, "Create": create, "IsMember": isMember, "List": last(c.Users.List(t.Context(), scimclient.Filter{})), "GroupsOf": last(c.Groups.GroupsOf(t.Context(), "u")),
	} {
		if !errors.Is(err, scimclient.ErrTenantUnknown) || errors.Is(err, iamscim.ErrNotFound) {
			t.Errorf("%s without a tenant = %v, want ErrTenantUnknown and not ErrNotFound", call, err)
		}
	}
	if _, err := c.Users.Get(t.Context(), "1"); !errors.Is(err, scimclient.ErrNotFound) {
		t.Errorf("Get = %v, want ErrNotFound: nothing tells whether it is the user or the tenant", err)
	}
}
