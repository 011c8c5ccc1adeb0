package scimtest_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/iamscim/iamscim/scimtest"
	"go.uber.org/goleak"
	crm1 "google.golang.org/api/cloudresourcemanager/v1"
	crm3 "google.golang.org/api/cloudresourcemanager/v3"
	"google.golang.org/api/googleapi"
	"google.golang.org/api/iam/v1"
	"google.golang.org/api/option"
)

// TestGeneratedClients: the options lead the generated clients here, over a
// socket and over a pipe, and their errors are Google's.
func TestGeneratedClients(t *testing.T) {
	t.Parallel()
	srv := scimtest.Start(t)
	if err := srv.AddPool(testPool()); err != nil {
		t.Fatal(err)
	}
	for name, opts := range map[string][2][]option.ClientOption{
		"socket": {srv.ClientOptions(), srv.OrganizationClientOptions()},
		"pipe":   {srv.PipeClientOptions(), srv.PipeOrganizationClientOptions()},
	} {
		t.Run(name, func(t *testing.T) {
			service, err := iam.NewService(t.Context(), opts[0]...)
			if err != nil {
				t.Fatal(err)
			}
			pool, err := service.Locations.WorkforcePools.Get(poolName).Do()
			if err != nil || pool.State != "ACTIVE" {
				t.Errorf("Get = %+v, %v; want the pool", pool, err)
			}
			_, err = service.Locations.WorkforcePools.Providers.Get(providerName).Do()
			refusal, ok := errors.AsType[*googleapi.Error](err)
			if !ok || refusal.Code != 404 || refusal.Message != "Requested entity was not found." {
				t.Errorf("Get of no provider = %v, want a googleapi.Error 404", err)
			}
			three, err := crm3.NewService(t.Context(), opts[1]...)
			if err != nil {
				t.Fatal(err)
			}
			if policy, err := three.Organizations.GetIamPolicy(organization, &crm3.GetIamPolicyRequest{}).Do(); err != nil || policy.Etag == "" {
				t.Errorf("v3 GetIamPolicy = %+v, %v", policy, err)
			}
			one, err := crm1.NewService(t.Context(), opts[1]...)
			if err != nil {
				t.Fatal(err)
			}
			if org, err := one.Organizations.Get(organization).Do(); err != nil || org.LifecycleState != "ACTIVE" {
				t.Errorf("v1 Get = %+v, %v", org, err)
			}
		})
	}
}

// TestNoLeak: nothing is left of a server that was reached in every way.
func TestNoLeak(t *testing.T) {
	ignore := goleak.IgnoreCurrent()
	srv := scimtest.New()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error)
	go func() { served <- srv.Serve(l) }()
	for _, c := range []struct {
		client *http.Client
		url    string
	}{{srv.HTTPClient(), "http://" + l.Addr().String()}, {srv.PipeHTTPClient(), "http://127.0.0.1"}, {srv.PipeHTTPClient(), "http://127.0.0.1"}} {
		for range 3 {
			resp, err := c.client.Get(c.url + "/v1/" + poolName)
			if err != nil {
				t.Fatal(err)
			}
			io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
		}
	}
	if got, want := srv.URL(), "http://"+l.Addr().String(); got != want {
		t.Errorf("URL = %q, want %q", got, want)
	}
	srv.Close()
	srv.Close()
	if err := <-served; err != nil {
		t.Errorf("Serve = %v, want nil after Close", err)
	}
	for _, client := range []*http.Client{srv.HTTPClient(), srv.PipeHTTPClient()} {
		if resp, err := client.Get("http://" + l.Addr().String()); err == nil {
			resp.Body.Close()
			t.Error("a closed server answers")
		}
	}
	goleak.VerifyNone(t, ignore)
}

func TestServeError(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	srv := scimtest.New()
	t.Cleanup(srv.Close)
	if err := srv.Serve(l); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Serve on a closed listener = %v, want net.ErrClosed", err)
	}
	idle := scimtest.New()
	if got := idle.URL(); got != "" {
		t.Errorf("URL of a server that listens nowhere = %q, want none", got)
	}
	service, err := iam.NewService(t.Context(), idle.ClientOptions()...)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := service.Locations.WorkforcePools.Get(poolName).Do(); err == nil || !strings.Contains(err.Error(), "scimtest-server-is-not-listening") {
		t.Errorf("Get by a server that listens nowhere = %v, want an error that says so", err)
	}
}

// TestOptionsRefused: a wrong option is told by Err, by every request and by
// every seeding.
func TestOptionsRefused(t *testing.T) {
	t.Parallel()
	for want, opt := range map[string]scimtest.Option{
		`WithOrganization("organizations/1")`:       scimtest.WithOrganization("organizations/1"),
		`WithOrganization("")`:                      scimtest.WithOrganization(""),
		"WithClock(nil)":                            scimtest.WithClock(nil),
		"WithLogger(nil)":                           scimtest.WithLogger(nil),
		"WithRefusedMembers(nil)":                   scimtest.WithRefusedMembers(nil),
		"WithReplicationLag(-1ns)":                  scimtest.WithReplicationLag(-1),
		"WithOperationPolls(-1)":                    scimtest.WithOperationPolls(-1),
		"WithOperationTime(-1ns)":                   scimtest.WithOperationTime(-1),
		"WithQuota(-1)":                             scimtest.WithQuota(-1),
		"WithTokenLifetime(-1ns)":                   scimtest.WithTokenLifetime(-1),
		`WithBehavior: no such behavior: "Nothing"`: scimtest.WithBehavior("Nothing", "x"),
		`WithBehavior: no such behavior: "Unique"`:  scimtest.WithBehavior("Unique", "x"), // a row without a choice
		`WithBehavior: SecondTenant can't be "404": want FAILED_PRECONDITION, ALR`: scimtest.WithBehavior(scimtest.SecondTenant, "404"),
	} {
		srv := scimtest.New(opt)
		if err := srv.Err(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Err = %v, want one with %q", err, want)
		}
		rec := httptest.NewRecorder()
		srv.ServeHTTP(rec, httptest.NewRequest("GET", "/v1/"+poolName, nil))
		if rec.Code != http.StatusInternalServerError || !strings.Contains(rec.Body.String(), "scimtest: With") {
			t.Errorf("a request = %d %s, want 500 with the reason", rec.Code, rec.Body)
		}
		if err := srv.AddPool(testPool()); !errors.Is(err, srv.Err()) {
			t.Errorf("AddPool = %v, want %v", err, srv.Err())
		}
		if _, err := srv.AddUser(tenantName, nil); !errors.Is(err, srv.Err()) {
			t.Errorf("AddUser = %v, want %v", err, srv.Err())
		}
	}
	if err := scimtest.New().Err(); err != nil {
		t.Errorf("Err without options = %v, want nil", err)
	}
}

// TestOrganizations: the server has those that were named and no other.
func TestOrganizations(t *testing.T) {
	t.Parallel()
	a := newAPI(t, scimtest.WithOrganization("1"), scimtest.WithOrganization("22"))
	for number, want := range map[string]int{"1": 200, "22": 200, scimtest.DefaultOrganization: 403} {
		if code, _ := a.call("GET", "v3/organizations/"+number, nil); code != want {
			t.Errorf("GET organizations/%s = %d, want %d", number, code, want)
		}
	}
	a.ok("POST", "v1/locations/global/workforcePools?workforcePoolId=acme-pool", `{"parent":"organizations/22"}`)
	if items := a.ok("GET", "v1/locations/global/workforcePools?parent=organizations/1", nil); len(items) != 0 {
		t.Errorf("pools of the other organization = %v, want none", items)
	}
	if err := a.srv.AddProvider(testProvider("entra")); err != nil {
		t.Fatal(err)
	}
	tenant, err := a.srv.AddTenant(testTenant())
	if err != nil || !strings.HasPrefix(tenant.ServiceAgent, "o-22-") {
		t.Errorf("AddTenant = %+v, %v; want a service agent of organization 22", tenant, err)
	}
}

// TestLogger: one line per request, without secrets.
func TestLogger(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	a, tenant, token := seeded(t, scimtest.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
	a.users(tenant, "Bearer "+token.SecurityToken)
	a.ok("GET", "v1/"+poolName+"?access_token=hunter2", nil)
	a.srv.Close()
	if got := log.String(); strings.Count(got, "\n") != 2 || strings.Contains(got, token.SecurityToken) || strings.Contains(got, "hunter2") ||
		!strings.Contains(got, "method=GET path=/v1/"+poolName+` query="access_token=REDACTED" status=200 rule="" reason="" fault=false`) ||
		!strings.Contains(got, "status=403 rule=SyncerRole reason=\"Permission 'iam.googleapis.com/workforcePoolProviderScimUsers.list' denied") {
		t.Errorf("log = %q, want two lines without secrets", got)
	}
}

// TestConcurrency mixes everything that changes a server; the race detector
// and the invariants judge.
func TestConcurrency(t *testing.T) {
	t.Parallel()
	a, tenant, token := seeded(t, scimtest.WithSyncerGranted())
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 10 {
				id := fmt.Sprintf("provider-%d-%d", i, j)
				a.call("POST", "v1/"+poolName+"/providers?workforcePoolProviderId="+id, testProvider(id))
				a.call("POST", fmt.Sprintf("v1/%s/tokens?workforcePoolProviderScimTokenId=token-%d-%d", tenantName, i, j), nil)
				a.call("DELETE", fmt.Sprintf("v1/%s/tokens/token-%d-%d", tenantName, i, j), nil)
				a.users(tenant, "Bearer "+token.SecurityToken)
				a.call("POST", setPolicy, `{"policy":{"etag":"ACAB"}}`)
				a.srv.State()
				a.srv.Requests()
				a.srv.Fail(scimtest.Fault{Path: "nowhere"})
				a.srv.UnusedFaults()
				if _, err := a.srv.AddUser(tenantName, fmt.Appendf(nil, `{"userName":"%s","externalId":"%s","emails":[{"type":"work","value":"x@y"}]}`, id, id)); err != nil {
					t.Error(err)
				}
				a.srv.Snapshot()
			}
		})
	}
	wg.Wait()
	state := a.srv.State()
	if len(state.Providers) != 81 || len(state.Directories[tenantName].Users) != 80 {
		t.Errorf("%d providers and %d users, want 81 and 80", len(state.Providers), len(state.Directories[tenantName].Users))
	}
	active := 0
	for _, token := range state.Tokens {
		if token.State == "ACTIVE" {
			active++
		}
	}
	if active > 2 {
		t.Errorf("%d active tokens, want 2 at most", active)
	}
}

// TestDate: the Date of a reply is the server's clock, also of a refusal and of a SCIM reply.
func TestDate(t *testing.T) {
	t.Parallel()
	at := newClock()
	a, _, _ := seeded(t, scimtest.WithClock(at.Now))
	at.Advance(90 * time.Second)
	for _, path := range []string{"v1/" + poolName, "v1/none", "v1alpha1/tenants/none/Users"} {
		resp := a.send("GET", path, nil)
		resp.Body.Close()
		if got, want := resp.Header.Get("Date"), "Sun, 01 Nov 2026 10:01:30 GMT"; got != want {
			t.Errorf("GET %s: Date = %q, want %q", path, got, want)
		}
	}
}

// TestZero: no method panics on what is zero or nil.
func TestZero(t *testing.T) {
	t.Parallel()
	var zero scimtest.Server
	if err := scimtest.New(nil).Err(); err == nil || !strings.Contains(err.Error(), "option 0 is nil") {
		t.Errorf("New(nil).Err() = %v, want an error", err)
	}
	for name, err := range map[string]error{
		"Err":         zero.Err(),
		"AddPool":     zero.AddPool(testPool()),
		"AddProvider": zero.AddProvider(nil),
		"Load":        zero.Load(strings.NewReader("{}")),
		"Serve":       zero.Serve(nil),
	} {
		if err == nil || !strings.Contains(err.Error(), "zero Server") {
			t.Errorf("%s of the zero Server = %v, want an error that says so", name, err)
		}
	}
	if _, err := zero.AddTenant(nil); err == nil {
		t.Error("AddTenant of the zero Server = nil, want an error")
	}
	if _, err := zero.AddToken(nil); err == nil {
		t.Error("AddToken of the zero Server = nil, want an error")
	}
	if _, err := zero.AddGroup("", nil); err == nil {
		t.Error("AddGroup of the zero Server = nil, want an error")
	}
	if _, err := zero.SignIn("", nil); err == nil {
		t.Error("SignIn of the zero Server = nil, want an error")
	}
	rec := httptest.NewRecorder()
	zero.ServeHTTP(rec, httptest.NewRequest("GET", "/v1/x", nil))
	if rec.Code != http.StatusInternalServerError {
		t.Errorf("a request to the zero Server = %d, want 500", rec.Code)
	}
	for name, client := range map[string]*http.Client{"HTTPClient": zero.HTTPClient(), "PipeHTTPClient": zero.PipeHTTPClient()} {
		if _, err := client.Get("http://127.0.0.1/"); err == nil || !strings.Contains(err.Error(), "zero Server") {
			t.Errorf("%s of the zero Server: %v, want an error that says so", name, err)
		}
	}
	zero.Restore(zero.Snapshot())
	zero.ClearRequests()
	zero.ClearFaults()
	if zero.URL() != "" || len(zero.Requests()) != 0 || zero.UnusedFaults() != nil || len(zero.State().Pools) != 0 || len(zero.Behaviors()) == 0 ||
		len(zero.ClientOptions()) == 0 || len(zero.PipeClientOptions()) == 0 || len(zero.OrganizationClientOptions()) == 0 || len(zero.PipeOrganizationClientOptions()) == 0 {
		t.Error("the zero Server holds something, or has no options")
	}
	zero.Close()

	a, _, _ := seeded(t)
	for name, err := range map[string]error{"Load": a.srv.Load(nil), "Serve": a.srv.Serve(nil), "AddPool": a.srv.AddPool(nil), "AddProvider": a.srv.AddProvider(nil)} {
		if err == nil {
			t.Errorf("%s(nil) = nil, want an error", name)
		}
	}
	if _, err := a.srv.AddTenant(nil); err == nil {
		t.Error("AddTenant(nil) = nil, want an error")
	}
	if _, err := a.srv.AddToken(nil); err == nil {
		t.Error("AddToken(nil) = nil, want an error")
	}
	if _, err := a.srv.SignIn(providerName, nil); err == nil || !strings.Contains(err.Error(), "Could not obtain a value for google.subject") {
		t.Errorf("SignIn without an assertion = %v, want the documented failure", err)
	}
	a.srv.Restore(nil)
	if held := a.srv.State(); len(held.Pools)+len(held.Tokens) > 0 {
		t.Errorf("after Restore(nil) the state is %+v, want nothing", held)
	}
}

// TestRequestsBounded: of a header, a path and a query a part is kept.
func TestRequestsBounded(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	big := strings.Repeat("x", 100<<10)
	a.send("GET", "v1/"+big+"?q="+big, nil, "X-Big", big, "A-Small", "y").Body.Close()
	r := a.srv.Requests()[0]
	if size := len(r.Path) + len(r.Query.Encode()) + len(r.Header.Get("X-Big")); size > 40<<10 || r.Header.Get("A-Small") != "y" {
		t.Errorf("%d bytes are kept of a large request, and the small header is %q", size, r.Header.Get("A-Small"))
	}
}
