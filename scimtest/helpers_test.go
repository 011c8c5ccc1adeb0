package scimtest_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/iamscim/iamscim/scimtest"
	"google.golang.org/api/iam/v1"
)

const (
	organization = "organizations/" + scimtest.DefaultOrganization
	poolName     = "locations/global/workforcePools/acme-pool"
	providerName = poolName + "/providers/entra"
	tenantName   = providerName + "/scimTenants/tenant-a"
	tokenName    = tenantName + "/tokens/token-a"
)

// clock is a time that tests move.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 11, 1, 10, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// api is a raw HTTP caller of a server.
type api struct {
	t      testing.TB
	srv    *scimtest.Server
	client *http.Client
}

func newAPI(t testing.TB, opts ...scimtest.Option) *api {
	t.Helper()
	srv := scimtest.New(opts...)
	t.Cleanup(srv.Close)
	return &api{t: t, srv: srv, client: srv.PipeHTTPClient()}
}

// send makes one request; body is a string as it is, or a value to marshal.
func (a *api) send(method, path string, body any, headers ...string) *http.Response {
	a.t.Helper()
	var reader io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		reader = strings.NewReader(b)
	default:
		raw, err := json.Marshal(b)
		if err != nil {
			a.t.Fatal(err)
		}
		reader = bytes.NewReader(raw)
	}
	req, err := http.NewRequest(method, "http://127.0.0.1/"+path, reader)
	if err != nil {
		a.t.Fatal(err)
	}
	if reader != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := a.client.Do(req)
	if err != nil {
		a.t.Fatalf("%s %s: %v", method, path, err)
	}
	return resp
}

// call makes one request and decodes the JSON reply.
func (a *api) call(method, path string, body any, headers ...string) (int, map[string]any) {
	a.t.Helper()
	resp := a.send(method, path, body, headers...)
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		a.t.Fatalf("%s %s: %v", method, path, err)
	}
	object := map[string]any{}
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &object); err != nil {
			a.t.Fatalf("%s %s answered %d with something that is not JSON: %q", method, path, resp.StatusCode, raw)
		}
	}
	return resp.StatusCode, object
}

// ok is a call that must succeed.
func (a *api) ok(method, path string, body any) map[string]any {
	a.t.Helper()
	code, object := a.call(method, path, body)
	if code != http.StatusOK {
		a.t.Fatalf("%s %s = %d %v, want 200", method, path, code, object)
	}
	return object
}

// refused is a call that must fail, and returns "CODE STATUS: message".
func (a *api) refused(method, path string, body any) string {
	a.t.Helper()
	code, object := a.call(method, path, body)
	if code < 400 {
		a.t.Fatalf("%s %s = %d %v, want a refusal", method, path, code, object)
	}
	e, _ := object["error"].(map[string]any)
	return fmt.Sprintf("%d %v: %v", code, e["status"], e["message"])
}

// wantRefused compares a refusal's beginning, and that nothing changed.
func (a *api) wantRefused(method, path string, body any, want string) {
	a.t.Helper()
	before := a.state()
	if got := a.refused(method, path, body); !strings.Contains(got, want) {
		a.t.Errorf("%s %s = %q, want it to contain %q", method, path, got, want)
	}
	if after := a.state(); after != before {
		a.t.Errorf("%s %s was refused and changed the state from\n%s\nto\n%s", method, path, before, after)
	}
}

func (a *api) state() string {
	a.t.Helper()
	raw, err := json.Marshal(a.srv.State())
	if err != nil {
		a.t.Fatal(err)
	}
	return string(raw)
}

func testPool() *iam.WorkforcePool {
	return &iam.WorkforcePool{Name: poolName, Parent: organization}
}

func testProvider(id string) *iam.WorkforcePoolProvider {
	return &iam.WorkforcePoolProvider{
		Name:             poolName + "/providers/" + id,
		AttributeMapping: map[string]string{"google.subject": "assertion.oid"},
		Oidc: &iam.GoogleIamAdminV1WorkforcePoolProviderOidc{
			IssuerUri: "https://idp.example",
			ClientId:  "client",
			WebSsoConfig: &iam.GoogleIamAdminV1WorkforcePoolProviderOidcWebSsoConfig{
				ResponseType:            "ID_TOKEN",
				AssertionClaimsBehavior: "ONLY_ID_TOKEN_CLAIMS",
			},
		},
	}
}

func testTenant() *iam.WorkforcePoolProviderScimTenant {
	return &iam.WorkforcePoolProviderScimTenant{
		Name:         tenantName,
		ClaimMapping: map[string]string{"google.subject": "user.externalId", "google.group": "group.externalId"},
	}
}

// seeded has a pool, a provider, a tenant and a token.
func seeded(t testing.TB, opts ...scimtest.Option) (*api, *iam.WorkforcePoolProviderScimTenant, *iam.WorkforcePoolProviderScimToken) {
	t.Helper()
	a := newAPI(t, opts...)
	if err := a.srv.AddPool(testPool()); err != nil {
		t.Fatal(err)
	}
	if err := a.srv.AddProvider(testProvider("entra")); err != nil {
		t.Fatal(err)
	}
	tenant, err := a.srv.AddTenant(testTenant())
	if err != nil {
		t.Fatal(err)
	}
	token, err := a.srv.AddToken(&iam.WorkforcePoolProviderScimToken{Name: tokenName})
	if err != nil {
		t.Fatal(err)
	}
	return a, tenant, token
}

// users is GET /Users of a tenant: the status, the body and its type.
func (a *api) users(tenant *iam.WorkforcePoolProviderScimTenant, authorization string) (int, string, string) {
	a.t.Helper()
	resp := a.send("GET", strings.TrimPrefix(tenant.BaseUri, "http://127.0.0.1/")+"/Users", nil, "Authorization", authorization)
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		a.t.Fatal(err)
	}
	return resp.StatusCode, string(raw), resp.Header.Get("Content-Type")
}
