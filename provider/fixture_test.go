package provider_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"google.golang.org/api/iam/v1"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/provider"
	"github.com/iamscim/iamscim/scimtest"
)

const poolText = "locations/global/workforcePools/acme-pool"

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
	return &iam.WorkforcePoolProvider{
		Name: poolText + "/providers/" + id, DisplayName: "Seeded", Description: "d",
		AttributeMapping: map[string]string{"google.subject": "assertion.sub"},
		Oidc: &iam.GoogleIamAdminV1WorkforcePoolProviderOidc{
			IssuerUri: "https://idp.example.com", ClientId: "client",
			WebSsoConfig: &iam.GoogleIamAdminV1WorkforcePoolProviderOidcWebSsoConfig{ResponseType: "ID_TOKEN", AssertionClaimsBehavior: "ONLY_ID_TOKEN_CLAIMS"},
		},
	}
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
