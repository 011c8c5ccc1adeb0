package scimtoken_test

import (
	"testing"

	"google.golang.org/api/iam/v1"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/internal/testenv"
	"github.com/iamscim/iamscim/scimtenant"
	"github.com/iamscim/iamscim/scimtest"
	"github.com/iamscim/iamscim/scimtoken"
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

func tenantName(t testing.TB) scimtenant.Name {
	t.Helper()
	n, err := scimtenant.ParseName(tenantText)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func name(t testing.TB, id string) scimtoken.Name {
	t.Helper()
	n, err := scimtoken.NewName(tenantName(t), id)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// prepare puts the tenant main in place.
func prepare(t testing.TB, srv *scimtest.Server) {
	t.Helper()
	testenv.Prepare(t, srv, testenv.WithTenant)
}

// start is a server with the tenant main and a client for it.
func start(t testing.TB, opts ...scimtest.Option) (*scimtest.Server, *scimtoken.Client) {
	t.Helper()
	srv := scimtest.Start(t, opts...)
	prepare(t, srv)
	client, err := scimtoken.NewClient(t.Context(), srv.ClientOptions()...)
	if err != nil {
		t.Fatal(err)
	}
	return srv, client
}

// seed puts tokens in place and returns their secrets.
func seed(t testing.TB, srv *scimtest.Server, ids ...string) []scimtoken.Secret {
	t.Helper()
	var secrets []scimtoken.Secret
	for _, id := range ids {
		added, err := srv.AddToken(&iam.WorkforcePoolProviderScimToken{Name: tenantText + "/tokens/" + id, DisplayName: "Seeded"})
		if err != nil {
			t.Fatal(err)
		}
		secrets = append(secrets, iamscim.NewSecret(added.SecurityToken))
	}
	return secrets
}

func ptr[T any](v T) *T { return &v }
