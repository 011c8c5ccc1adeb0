// Package testenv is what the tests of the control plane's clients begin with: names,
// resources on a fake server, and all clients of one. It is for external test
// packages, since it imports the packages they test.
package testenv

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"google.golang.org/api/iam/v1"
	"google.golang.org/api/option"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/claimmap"
	"github.com/iamscim/iamscim/provider"
	"github.com/iamscim/iamscim/scimtenant"
	"github.com/iamscim/iamscim/scimtest"
	"github.com/iamscim/iamscim/scimtoken"
)

// The resources by name.
const (
	OrganizationID = scimtest.DefaultOrganization
	PoolText       = "locations/global/workforcePools/acme-pool"
	ProviderText   = PoolText + "/providers/entra"
	TenantText     = ProviderText + "/scimTenants/main"
	TokenText      = TenantText + "/tokens/token-a"
	UID            = "abc123" // of the tenant
)

// The same as values.
var (
	Pool     = Must(provider.ParsePoolName(PoolText))
	Provider = Must(provider.ParseName(ProviderText))
	Tenant   = Must(scimtenant.ParseName(TenantText))
	Token    = Must(scimtoken.ParseName(TokenText))
	Alice    = Must(provider.NewSubjectName(Pool, "alice"))
	Agent    = scimtenant.ServiceAgentEmail(OrganizationID, UID)
)

// Must returns the value of a constructor that can't fail here.
func Must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// Clients are all clients of the control plane, made with the same options.
type Clients struct {
	Providers    *provider.Client
	Tenants      *scimtenant.Client
	Organization *scimtenant.OrganizationClient
	Tokens       *scimtoken.Client
}

// New makes the clients.
func New(t testing.TB, opts ...option.ClientOption) *Clients {
	t.Helper()
	var c Clients
	var err error
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	c.Providers, err = provider.NewClient(t.Context(), opts...)
	check(err)
	c.Tenants, err = scimtenant.NewClient(t.Context(), opts...)
	check(err)
	c.Organization, err = scimtenant.NewOrganizationClient(t.Context(), opts...)
	check(err)
	c.Tokens, err = scimtoken.NewClient(t.Context(), opts...)
	check(err)
	return &c
}

// A Seed is what a test begins with: each has what is in the one before.
type Seed int

// The seeds.
const (
	WithPool Seed = iota
	WithProvider
	WithTenant
	WithToken
)

// Prepare puts resources in place.
func Prepare(t testing.TB, srv *scimtest.Server, until Seed) {
	t.Helper()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	check(srv.AddPool(&iam.WorkforcePool{Name: PoolText, Parent: "organizations/" + OrganizationID}))
	if until >= WithProvider {
		check(srv.AddProvider(OIDCProvider("entra")))
	}
	if until >= WithTenant {
		_, err := srv.AddTenant(&iam.WorkforcePoolProviderScimTenant{
			Name: TenantText, DisplayName: "Main", ClaimMapping: claimmap.Recommended(claimmap.EntraID).Map(),
			BaseUri: "https://iamscim.googleapis.com/v1alpha1/tenants/" + UID,
		})
		check(err)
	}
	if until >= WithToken {
		_, err := srv.AddToken(&iam.WorkforcePoolProviderScimToken{Name: TokenText})
		check(err)
	}
}

// OIDCProvider is a provider that the service accepts.
func OIDCProvider(id string) *iam.WorkforcePoolProvider {
	return &iam.WorkforcePoolProvider{
		Name: PoolText + "/providers/" + id, AttributeMapping: map[string]string{"google.subject": "assertion.sub"},
		Oidc: &iam.GoogleIamAdminV1WorkforcePoolProviderOidc{
			IssuerUri: "https://idp.example.com", ClientId: "client",
			WebSsoConfig: &iam.GoogleIamAdminV1WorkforcePoolProviderOidcWebSsoConfig{ResponseType: "ID_TOKEN", AssertionClaimsBehavior: "ONLY_ID_TOKEN_CLAIMS"},
		},
	}
}

// Paths are the requests the server saw, as "GET /v1/…".
func Paths(srv *scimtest.Server) []string {
	var all []string
	for _, r := range srv.Requests() {
		all = append(all, r.Method+" "+r.Path)
	}
	return all
}

// WantError fails unless err is of the kind and its text has all the parts.
func WantError(t testing.TB, call string, err, kind error, parts ...string) {
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
