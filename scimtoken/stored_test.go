package scimtoken_test

import (
	"context"
	"errors"
	"testing"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/scimtenant"
	"github.com/iamscim/iamscim/scimtest"
	"github.com/iamscim/iamscim/scimtoken"

	"google.golang.org/api/iam/v1"
)

// TestStored follows a record through Inspect, HandOver and Reset.
func TestStored(t *testing.T) {
	t.Parallel()
	srv, client := start(t)
	tenants, err := scimtenant.NewClient(t.Context(), srv.ClientOptions()...)
	if err != nil {
		t.Fatal(err)
	}
	tenant, store := tenantName(t), new(scimtoken.MemoryStore)
	if got, err := scimtoken.Inspect(t.Context(), store); got != nil || err != nil {
		t.Errorf("Inspect of an empty store = %v, %v, want nil", got, err)
	}
	nothing := func(context.Context, scimtoken.Name, scimtoken.Secret) error { return nil }
	wantError(t, "HandOver of an empty store", client.HandOver(t.Context(), tenant, store, nothing), iamscim.ErrFailedPrecondition, "no token")
	name, secret, err := client.Ensure(t.Context(), tenant, store)
	if err != nil {
		t.Fatal(err)
	}
	before, err := tenants.Get(t.Context(), tenant)
	if err != nil {
		t.Fatal(err)
	}
	got, err := scimtoken.Inspect(t.Context(), store)
	if err != nil || got.Current != name || got.Secret.Reveal() != secret.Reveal() || got.Tenant != tenant || got.TenantUID != before.UID() || !got.Until.IsZero() {
		t.Fatalf("Inspect = %+v, %v, want %s of %s at rest", got, err, name, before.UID())
	}

	// The lease is held while the token is handed over, and a failure gives it
	// up.
	refused := errors.New("the console is down")
	for _, want := range []error{refused, nil} {
		given := 0
		err := client.HandOver(t.Context(), tenant, store, func(ctx context.Context, n scimtoken.Name, s scimtoken.Secret) error {
			given++
			if n != name || s.Reveal() != secret.Reveal() {
				t.Errorf("%s was handed over, want %s", n, name)
			}
			if err := client.HandOver(ctx, tenant, store, nothing); !errors.Is(err, scimtoken.ErrRotationInProgress) {
				t.Errorf("a second HandOver meanwhile = %v, want ErrRotationInProgress", err)
			}
			if during, err := scimtoken.Inspect(ctx, store); err != nil || during.Until.IsZero() || during.Holder == "" {
				t.Errorf("Inspect meanwhile = %+v, %v, want a lease", during, err)
			}
			return want
		})
		if !errors.Is(err, want) || given != 1 {
			t.Errorf("HandOver = %v after %d calls, want %v after 1", err, given, want)
		}
	}

	// The record of a tenant that is gone.
	if err := client.Reset(t.Context(), tenant, store); err != nil {
		t.Fatal(err)
	}
	if same, err := scimtoken.Inspect(t.Context(), store); err != nil || same.Current != name {
		t.Errorf("after Reset of this tenant's record: %+v, %v, want it unchanged", same, err)
	}
	if err := tenants.HardDelete(t.Context(), tenant, scimtenant.HardDeleteOptions{WhileInUse: true}); err != nil {
		t.Fatal(err)
	}
	if _, err := srv.AddTenant(&iam.WorkforcePoolProviderScimTenant{Name: tenantText, ClaimMapping: before.ClaimMapping}); err != nil {
		t.Fatal(err)
	}
	wantError(t, "HandOver of a stale record", client.HandOver(t.Context(), tenant, store, nothing), scimtoken.ErrStaleRecord)
	if err := client.Reset(t.Context(), tenant, store); err != nil {
		t.Fatal(err)
	}
	empty, err := scimtoken.Inspect(t.Context(), store)
	if err != nil || !empty.Current.IsZero() || empty.TenantUID == before.UID() || len(empty.Retire) > 0 {
		t.Errorf("after Reset of a stale record: %+v, %v, want an empty one of the new tenant", empty, err)
	}
	if next, _, err := client.Ensure(t.Context(), tenant, store); err != nil || next == name {
		t.Errorf("Ensure after Reset = %s, %v, want another token", next, err)
	}
}

// TestResetOfAnotherPool: a tenant of another pool may be there.
func TestResetOfAnotherPool(t *testing.T) {
	t.Parallel()
	_, client := start(t)
	store := new(scimtoken.MemoryStore)
	if _, _, err := client.Ensure(t.Context(), tenantName(t), store); err != nil {
		t.Fatal(err)
	}
	other := scimtest.Acme(t)
	const elsewhere = "locations/global/workforcePools/other-pool"
	if err := errors.Join(
		other.AddPool(&iam.WorkforcePool{Name: elsewhere, Parent: "organizations/" + other.Organization}),
		other.AddProvider(&iam.WorkforcePoolProvider{Name: elsewhere + "/providers/entra", AttributeMapping: map[string]string{"google.subject": "assertion.sub"},
			Oidc: &iam.GoogleIamAdminV1WorkforcePoolProviderOidc{IssuerUri: "https://idp.example.com", ClientId: "c", WebSsoConfig: &iam.GoogleIamAdminV1WorkforcePoolProviderOidcWebSsoConfig{ResponseType: "ID_TOKEN", AssertionClaimsBehavior: "ONLY_ID_TOKEN_CLAIMS"}}}),
	); err != nil {
		t.Fatal(err)
	}
	added, err := other.AddTenant(&iam.WorkforcePoolProviderScimTenant{Name: elsewhere + "/providers/entra/scimTenants/main", ClaimMapping: map[string]string{"google.subject": "user.externalId", "google.group": "group.externalId"}})
	if err != nil {
		t.Fatal(err)
	}
	there, err := scimtoken.NewClient(t.Context(), other.ClientOptions()...)
	if err != nil {
		t.Fatal(err)
	}
	tenant, err := scimtenant.ParseName(added.Name)
	if err != nil {
		t.Fatal(err)
	}
	wantError(t, "Reset", there.Reset(t.Context(), tenant, store), scimtoken.ErrStaleRecord, "another pool")
}
