package scimclient_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"golang.org/x/oauth2"
	"google.golang.org/api/iam/v1"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/scimclient"
	"github.com/iamscim/iamscim/scimtest"
)

const (
	testProvider = "locations/global/workforcePools/acme-pool/providers/entra"
	testTenant   = testProvider + "/scimTenants/tenant-a"
	testUID      = "tenantuid"
	testAgent    = "o-123456789012-tenantuid@gcp-sa-iamscim.iam.gserviceaccount.com"
	testToken    = "fake-token"
)

// quick is a policy with which tests of failures take no time.
var quick = iamscim.RetryPolicy{Initial: time.Millisecond, Max: 2 * time.Millisecond, MaxAttempts: 4, Replication: time.Second}

// seedTenant puts a pool, a provider, a tenant and a token into the fake, and
// returns the tenant's base URI.
func seedTenant(s *scimtest.Server) (baseURI string, err error) {
	err = errors.Join(
		s.AddPool(&iam.WorkforcePool{Name: "locations/global/workforcePools/acme-pool", Parent: "organizations/" + scimtest.DefaultOrganization}),
		s.AddProvider(&iam.WorkforcePoolProvider{
			Name:             testProvider,
			AttributeMapping: map[string]string{"google.subject": "assertion.oid"},
			Oidc: &iam.GoogleIamAdminV1WorkforcePoolProviderOidc{
				IssuerUri: "https://login.example.com", ClientId: "client",
				WebSsoConfig: &iam.GoogleIamAdminV1WorkforcePoolProviderOidcWebSsoConfig{
					ResponseType: "ID_TOKEN", AssertionClaimsBehavior: "ONLY_ID_TOKEN_CLAIMS",
				},
			},
		}))
	if err != nil {
		return "", err
	}
	tenant, err := s.AddTenant(&iam.WorkforcePoolProviderScimTenant{
		Name:         testTenant,
		BaseUri:      "https://iamscim.googleapis.com/v1alpha1/tenants/" + testUID,
		ClaimMapping: map[string]string{"google.subject": "user.userName", "google.group": "group.displayName"},
	})
	if err != nil {
		return "", err
	}
	_, err = s.AddToken(&iam.WorkforcePoolProviderScimToken{Name: testTenant + "/tokens/token-a", SecurityToken: testToken})
	return tenant.BaseUri, err
}

func seed(t testing.TB, s *scimtest.Server) string {
	t.Helper()
	baseURI, err := seedTenant(s)
	if err != nil {
		t.Fatalf("seed: %v", err)
	}
	return baseURI
}

// start starts a fake with a tenant whose service agent has its role, and a
// client for it.
func start(t testing.TB, opts ...scimtest.Option) (*scimtest.Server, *scimclient.Client) {
	t.Helper()
	s := scimtest.Start(t, append([]scimtest.Option{scimtest.WithSyncerGranted()}, opts...)...)
	return s, clientFor(t, seed(t, s), scimclient.WithHTTPClient(s.HTTPClient()))
}

// clientFor makes a client that waits little.
func clientFor(t testing.TB, baseURI string, opts ...scimclient.Option) *scimclient.Client {
	t.Helper()
	opts = append([]scimclient.Option{scimclient.WithRetry(quick), scimclient.WithRate(6_000_000), scimclient.WithServiceAgent(testAgent)}, opts...)
	c, err := scimclient.New(baseURI, tokens(testToken), opts...)
	if err != nil {
		t.Fatalf("New(%q): %v", baseURI, err)
	}
	return c
}

func tokens(token string) oauth2.TokenSource {
	return oauth2.StaticTokenSource(&oauth2.Token{AccessToken: token})
}

// serve starts a server of the test's own and a client for it.
func serve(t testing.TB, h http.HandlerFunc, opts ...scimclient.Option) (*httptest.Server, *scimclient.Client) {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s, clientFor(t, s.URL, append([]scimclient.Option{scimclient.WithHTTPClient(s.Client())}, opts...)...)
}

// user is one that the fake takes.
func user(name string) *scimclient.User {
	return &scimclient.User{
		ExternalID: "ext-" + name, UserName: name, Active: new(true),
		Name:   &scimclient.Name{GivenName: "Barbara", FamilyName: "Jensen"},
		Emails: []scimclient.MultiValue{{Value: name, Type: scimclient.TypeWork, Primary: true}},
	}
}

func mustCreate(t testing.TB, c *scimclient.Client, name string) *scimclient.User {
	t.Helper()
	u, err := c.Users.Create(t.Context(), user(name))
	if err != nil {
		t.Fatalf("Users.Create: %v", err)
	}
	return u
}

func mustCreateGroup(t testing.TB, c *scimclient.Client, name string) *scimclient.Group {
	t.Helper()
	g, err := c.Groups.Create(t.Context(), &scimclient.Group{DisplayName: name})
	if err != nil {
		t.Fatalf("Groups.Create: %v", err)
	}
	return g
}

// replyWith answers everything with the same.
func replyWith(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}
