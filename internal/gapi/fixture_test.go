package gapi_test

import (
	"context"
	"os"
	"testing"

	"go.uber.org/goleak"
	"google.golang.org/api/iam/v1"
	"google.golang.org/api/option"

	"github.com/iamscim/iamscim/claimmap"
	"github.com/iamscim/iamscim/provider"
	"github.com/iamscim/iamscim/scimclient"
	"github.com/iamscim/iamscim/scimtenant"
	"github.com/iamscim/iamscim/scimtest"
	"github.com/iamscim/iamscim/scimtoken"
)

// The tests of this directory are those that hold for every client of the
// control plane alike, so they are outside of the clients' packages.

func TestMain(m *testing.M) {
	if isChild() { // its connections end with it
		os.Exit(m.Run())
	}
	goleak.VerifyTestMain(m)
}

const (
	organization = scimtest.DefaultOrganization
	poolText     = "locations/global/workforcePools/acme-pool"
	providerText = poolText + "/providers/entra"
	tenantText   = providerText + "/scimTenants/main"
	uid          = "abc123"
)

// clients are all clients of the control plane, made with the same options.
type clients struct {
	providers    *provider.Client
	tenants      *scimtenant.Client
	organization *scimtenant.OrganizationClient
	tokens       *scimtoken.Client
}

func newClients(t testing.TB, opts ...option.ClientOption) *clients {
	t.Helper()
	var c clients
	var err error
	if c.providers, err = provider.NewClient(t.Context(), opts...); err != nil {
		t.Fatal(err)
	}
	if c.tenants, err = scimtenant.NewClient(t.Context(), opts...); err != nil {
		t.Fatal(err)
	}
	if c.organization, err = scimtenant.NewOrganizationClient(t.Context(), opts...); err != nil {
		t.Fatal(err)
	}
	if c.tokens, err = scimtoken.NewClient(t.Context(), opts...); err != nil {
		t.Fatal(err)
	}
	return &c
}

// seed is what a test begins with: each flag adds to the one before.
type seed int

const (
	withPool seed = iota
	withProvider
	withTenant
	withToken
)

func prepare(t testing.TB, srv *scimtest.Server, until seed) {
	t.Helper()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	check(srv.AddPool(&iam.WorkforcePool{Name: poolText, Parent: "organizations/" + organization}))
	if until >= withProvider {
		check(srv.AddProvider(&iam.WorkforcePoolProvider{
			Name: providerText, AttributeMapping: map[string]string{"google.subject": "assertion.sub"},
			Oidc: &iam.GoogleIamAdminV1WorkforcePoolProviderOidc{
				IssuerUri: "https://idp.example.com", ClientId: "client",
				WebSsoConfig: &iam.GoogleIamAdminV1WorkforcePoolProviderOidcWebSsoConfig{ResponseType: "ID_TOKEN", AssertionClaimsBehavior: "ONLY_ID_TOKEN_CLAIMS"},
			},
		}))
	}
	if until >= withTenant {
		_, err := srv.AddTenant(&iam.WorkforcePoolProviderScimTenant{
			Name: tenantText, DisplayName: "Main", ClaimMapping: claimmap.Recommended(claimmap.EntraID).Map(),
			BaseUri: "https://iamscim.googleapis.com/v1alpha1/tenants/" + uid,
		})
		check(err)
	}
	if until >= withToken {
		_, err := srv.AddToken(&iam.WorkforcePoolProviderScimToken{Name: tenantText + "/tokens/token-a"})
		check(err)
	}
}

// must returns the value of a constructor that cannot fail here.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func ptr[T any](v T) *T { return &v }

var (
	pool   = must(provider.ParsePoolName(poolText))
	parent = must(provider.ParseName(providerText))
	tenant = must(scimtenant.ParseName(tenantText))
	token  = must(scimtoken.ParseName(tenantText + "/tokens/token-a"))
	alice  = must(provider.NewSubjectName(pool, "alice"))
	agent  = scimtenant.ServiceAgentEmail(organization, uid)

	entra = claimmap.Recommended(claimmap.EntraID)
	okta  = claimmap.Recommended(claimmap.Okta)
)

// waitAccess waits until the tenant's SCIM service accepts a token.
func waitAccess(ctx context.Context, srv *scimtest.Server, t *scimtenant.Tenant, secret scimtoken.Secret) error {
	client, err := scimclient.New(t.BaseURI, secret.TokenSource(), scimclient.WithHTTPClient(srv.PipeHTTPClient()), scimclient.WithServiceAgent(t.ServiceAgent))
	if err != nil {
		return err
	}
	_, err = client.WaitAccess(ctx)
	return err
}
