package gapi_test

import (
	"context"
	"os"
	"testing"

	"go.uber.org/goleak"

	"github.com/iamscim/iamscim/claimmap"
	"github.com/iamscim/iamscim/internal/testenv"
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
	organization = testenv.OrganizationID
	poolText     = testenv.PoolText
	providerText = testenv.ProviderText
	tenantText   = testenv.TenantText
)

type clients = testenv.Clients

const (
	withPool     = testenv.WithPool
	withProvider = testenv.WithProvider
	withTenant   = testenv.WithTenant
	withToken    = testenv.WithToken
)

var (
	newClients = testenv.New
	prepare    = testenv.Prepare

	pool   = testenv.Pool
	parent = testenv.Provider
	tenant = testenv.Tenant
	token  = testenv.Token
	agent  = testenv.Agent

	entra = claimmap.Recommended(claimmap.EntraID)
	okta  = claimmap.Recommended(claimmap.Okta)
)

// must returns the value of a constructor that can't fail here.
func must[T any](v T, err error) T { return testenv.Must(v, err) }

func ptr[T any](v T) *T { return &v }

// waitAccess waits until the tenant's SCIM service accepts a token.
func waitAccess(ctx context.Context, srv *scimtest.Server, t *scimtenant.Tenant, secret scimtoken.Secret) error {
	client, err := scimclient.New(t.BaseURI, secret.TokenSource(), scimclient.WithHTTPClient(srv.PipeHTTPClient()), scimclient.WithServiceAgent(t.ServiceAgent))
	if err != nil {
		return err
	}
	_, err = client.WaitAccess(ctx)
	return err
}
