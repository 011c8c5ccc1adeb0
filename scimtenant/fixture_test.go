package scimtenant_test

import (
	"testing"

	"google.golang.org/api/iam/v1"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/claimmap"
	"github.com/iamscim/iamscim/internal/testenv"
	"github.com/iamscim/iamscim/provider"
	"github.com/iamscim/iamscim/scimtenant"
	"github.com/iamscim/iamscim/scimtest"
)

const (
	poolText     = testenv.PoolText
	providerText = testenv.ProviderText
	tenantText   = testenv.TenantText
)

var (
	paths     = testenv.Paths
	wantError = testenv.WantError
)

func providerName(t testing.TB) provider.Name {
	t.Helper()
	n, err := provider.ParseName(providerText)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func name(t testing.TB, id string) scimtenant.Name {
	t.Helper()
	n, err := scimtenant.NewName(providerName(t), id)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// prepare puts the pool acme-pool with the providers entra and okta in place.
func prepare(t testing.TB, srv *scimtest.Server) {
	t.Helper()
	testenv.Prepare(t, srv, testenv.WithProvider)
	if err := srv.AddProvider(testenv.OIDCProvider("okta")); err != nil {
		t.Fatal(err)
	}
}

// start is a server with two providers and a client for it.
func start(t testing.TB, opts ...scimtest.Option) (*scimtest.Server, *scimtenant.Client) {
	t.Helper()
	srv := scimtest.Start(t, opts...)
	prepare(t, srv)
	client, err := scimtenant.NewClient(t.Context(), srv.ClientOptions()...)
	if err != nil {
		t.Fatal(err)
	}
	return srv, client
}

// seed puts the tenant main of the provider entra in place.
func seed(t testing.TB, srv *scimtest.Server) *iam.WorkforcePoolProviderScimTenant {
	t.Helper()
	added, err := srv.AddTenant(&iam.WorkforcePoolProviderScimTenant{Name: tenantText, DisplayName: "Main", Description: "d", ClaimMapping: entraMapping().Map()})
	if err != nil {
		t.Fatal(err)
	}
	return added
}

func entraMapping() claimmap.Mapping { return claimmap.Recommended(claimmap.EntraID) }

// request is one that the service accepts.
func request(n scimtenant.Name) scimtenant.CreateRequest {
	return scimtenant.CreateRequest{Name: n, DisplayName: "Main", Description: "The directory of Acme", ClaimMapping: entraMapping(), Usage: iamscim.SCIMUsageGroups}
}

func ptr[T any](v T) *T { return &v }
