package scimtoken_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"google.golang.org/api/iam/v1"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/scimtenant"
	"github.com/iamscim/iamscim/scimtest"
	"github.com/iamscim/iamscim/scimtoken"
)

const (
	poolText     = "locations/global/workforcePools/acme-pool"
	providerText = poolText + "/providers/entra"
	tenantText   = providerText + "/scimTenants/main"
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
	if err := srv.AddPool(&iam.WorkforcePool{Name: poolText, Parent: "organizations/" + scimtest.DefaultOrganization}); err != nil {
		t.Fatal(err)
	}
	if err := srv.AddProvider(&iam.WorkforcePoolProvider{
		Name:             providerText,
		AttributeMapping: map[string]string{"google.subject": "assertion.email.lowerAscii()"},
		Oidc: &iam.GoogleIamAdminV1WorkforcePoolProviderOidc{
			IssuerUri: "https://idp.example.com", ClientId: "client",
			WebSsoConfig: &iam.GoogleIamAdminV1WorkforcePoolProviderOidcWebSsoConfig{ResponseType: "ID_TOKEN", AssertionClaimsBehavior: "ONLY_ID_TOKEN_CLAIMS"},
		},
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := srv.AddTenant(&iam.WorkforcePoolProviderScimTenant{
		Name:         tenantText,
		ClaimMapping: map[string]string{"google.subject": "user.emails[0].value.lowerAscii()", "google.group": "group.externalId"},
	}); err != nil {
		t.Fatal(err)
	}
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
