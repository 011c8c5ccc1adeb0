package scimtenant_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"google.golang.org/api/iam/v1"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/claimmap"
	"github.com/iamscim/iamscim/provider"
	"github.com/iamscim/iamscim/scimtenant"
	"github.com/iamscim/iamscim/scimtest"
)

const (
	poolText     = "locations/global/workforcePools/acme-pool"
	providerText = poolText + "/providers/entra"
	tenantText   = providerText + "/scimTenants/main"
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
	if err := srv.AddPool(&iam.WorkforcePool{Name: poolText, Parent: "organizations/" + scimtest.DefaultOrganization}); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"entra", "okta"} {
		if err := srv.AddProvider(&iam.WorkforcePoolProvider{
			Name:             poolText + "/providers/" + id,
			AttributeMapping: map[string]string{"google.subject": "assertion.email.lowerAscii()"},
			Oidc: &iam.GoogleIamAdminV1WorkforcePoolProviderOidc{
				IssuerUri: "https://idp.example.com", ClientId: "client",
				WebSsoConfig: &iam.GoogleIamAdminV1WorkforcePoolProviderOidcWebSsoConfig{ResponseType: "ID_TOKEN", AssertionClaimsBehavior: "ONLY_ID_TOKEN_CLAIMS"},
			},
		}); err != nil {
			t.Fatal(err)
		}
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

// paths are the requests the server saw, as "GET /v1/…".
func paths(srv *scimtest.Server) []string {
	var all []string
	for _, r := range srv.Requests() {
		all = append(all, r.Method+" "+r.Path)
	}
	return all
}

// wantError fails unless err is of the kind and its text has all the parts.
func wantError(t testing.TB, call string, err, kind error, parts ...string) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Errorf("%s = %v, want %v", call, err, kind)
		return
	}
	var typed *iamscim.Error
	if !errors.As(err, &typed) {
		t.Errorf("%s = %T, want an *iamscim.Error within", call, err)
	}
	if i := slices.IndexFunc(parts, func(p string) bool { return !strings.Contains(err.Error(), p) }); i >= 0 {
		t.Errorf("%s = %v, want %q in it", call, err, parts[i])
	}
}

func ptr[T any](v T) *T { return &v }
