package provider_test

import (
	"testing"

	"google.golang.org/api/iam/v1"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/internal/testenv"
	"github.com/iamscim/iamscim/provider"
	"github.com/iamscim/iamscim/scimtest"
)

const poolText = testenv.PoolText

var (
	paths     = testenv.Paths
	wantError = testenv.WantError
)

func poolName(t testing.TB) provider.PoolName {
	t.Helper()
	n, err := provider.ParsePoolName(poolText)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func name(t testing.TB, id string) provider.Name {
	t.Helper()
	n, err := provider.NewName(poolName(t), id)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// start is a server with the pool acme-pool and a client for it.
func start(t testing.TB, opts ...scimtest.Option) (*scimtest.Server, *provider.Client) {
	t.Helper()
	srv := scimtest.Start(t, opts...)
	if err := srv.AddPool(&iam.WorkforcePool{Name: poolText, Parent: "organizations/" + scimtest.DefaultOrganization, DisplayName: "Acme", SessionDuration: "7200s"}); err != nil {
		t.Fatal(err)
	}
	client, err := provider.NewClient(t.Context(), srv.ClientOptions()...)
	if err != nil {
		t.Fatal(err)
	}
	return srv, client
}

// oidcRequest is a request that the service accepts.
func oidcRequest(n provider.Name) provider.CreateRequest {
	return provider.CreateRequest{
		Name: n, DisplayName: "Entra ID", Description: "The directory of Acme", VendorType: iamscim.VendorEntraID,
		AttributeMapping: map[string]string{"google.subject": "assertion.email.lowerAscii()", "google.groups": "assertion.groups"},
		OIDC:             oidc(),
	}
}

func oidc() *provider.OIDC {
	return &provider.OIDC{
		IssuerURI: "https://login.microsoftonline.com/t/v2.0", ClientID: "client",
		WebSSO: &provider.WebSSO{ResponseType: provider.ResponseIDToken, AssertionClaimsBehavior: provider.ClaimsOnlyIDToken},
	}
}

// seed puts providers in place.
func seed(t testing.TB, srv *scimtest.Server, ids ...string) {
	t.Helper()
	for _, id := range ids {
		if err := srv.AddProvider(seeded(id)); err != nil {
			t.Fatal(err)
		}
	}
}

func seeded(id string) *iam.WorkforcePoolProvider {
	p := testenv.OIDCProvider(id)
	p.DisplayName, p.Description = "Seeded", "d"
	return p
}

func ptr[T any](v T) *T { return &v }
