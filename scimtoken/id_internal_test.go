package scimtoken

import (
	"errors"
	"testing"
	"time"

	"google.golang.org/api/iam/v1"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/scimtenant"
	"github.com/iamscim/iamscim/scimtest"
)

func TestGeneratedAt(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 23, 8, 3, 0, 0, time.UTC)
	tests := []struct {
		id   string
		want time.Time
		ok   bool
	}{
		{"r20261123t0803-abcd2345", at, true},
		{"r20261123t0803-abcd234", time.Time{}, false},
		{"r20261123t0803-abcd23456", time.Time{}, false},
		{"r20261123t0803xabcd2345", time.Time{}, false},
		{"r20261323t0803-abcd2345", time.Time{}, false},
		{"x20261123t0803-abcd2345", time.Time{}, false},
		{"rotation-by-hand-of-nov", time.Time{}, false},
		{"token-a", time.Time{}, false},
		{"", time.Time{}, false},
	}
	for _, tt := range tests {
		if got, ok := generatedAt(tt.id); ok != tt.ok || ok && !got.Equal(tt.want) {
			t.Errorf("generatedAt(%q) = %v, %v, want %v, %v", tt.id, got, ok, tt.want, tt.ok)
		}
	}
	c := &Client{now: func() time.Time { return at.Add(59 * time.Second).In(time.FixedZone("", 3600)) }, random: func() string { return "ABCD2345EFGH" }}
	if got := c.newID(c.now()); got != "r20261123t0803-abcd2345" {
		t.Errorf("newID() = %q, want r20261123t0803-abcd2345", got)
	}
}

// TestUnusedID: an id that is blocked, by a deleted token for instance, is not
// chosen; a source of randomness that has only such ids is an error.
func TestUnusedID(t *testing.T) {
	t.Parallel()
	const tenantText = "locations/global/workforcePools/acme-pool/providers/entra/scimTenants/main"
	tests := []struct {
		name   string
		random []string
		want   string
	}{
		{"the first is free", []string{"FREEFREE"}, "r20261123t0803-freefree"},
		{"the first is taken", []string{"TAKENAAA", "FREEFREE"}, "r20261123t0803-freefree"},
		{"the first belongs to a deleted token", []string{"DELETEDA", "FREEFREE"}, "r20261123t0803-freefree"},
		{"all are taken", []string{"TAKENAAA", "DELETEDA", "TAKENAAA"}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			srv := scimtest.Start(t)
			if err := srv.AddPool(&iam.WorkforcePool{Name: "locations/global/workforcePools/acme-pool", Parent: "organizations/" + scimtest.DefaultOrganization}); err != nil {
				t.Fatal(err)
			}
			if err := srv.AddProvider(&iam.WorkforcePoolProvider{
				Name: "locations/global/workforcePools/acme-pool/providers/entra", AttributeMapping: map[string]string{"google.subject": "assertion.subject"},
				Saml: &iam.GoogleIamAdminV1WorkforcePoolProviderSaml{IdpMetadataXml: "<x/>"},
			}); err != nil {
				t.Fatal(err)
			}
			if _, err := srv.AddTenant(&iam.WorkforcePoolProviderScimTenant{Name: tenantText, ClaimMapping: map[string]string{"google.subject": "user.userName", "google.group": "group.displayName"}}); err != nil {
				t.Fatal(err)
			}
			c, err := NewClient(t.Context(), srv.ClientOptions()...)
			if err != nil {
				t.Fatal(err)
			}
			for _, id := range []string{"takenaaa", "deleteda"} {
				if _, err := srv.AddToken(&iam.WorkforcePoolProviderScimToken{Name: tenantText + "/tokens/r20261123t0803-" + id}); err != nil {
					t.Fatal(err)
				}
			}
			tenant, err := scimtenant.ParseName(tenantText)
			if err != nil {
				t.Fatal(err)
			}
			deleted, err := NewName(tenant, "r20261123t0803-deleteda")
			if err != nil {
				t.Fatal(err)
			}
			if err := c.Delete(t.Context(), deleted); err != nil {
				t.Fatal(err)
			}
			c.now = func() time.Time { return time.Date(2026, 11, 23, 8, 3, 0, 0, time.UTC) }
			next := 0
			c.random = func() string { next++; return tt.random[next-1] }
			token, secret, err := c.Create(t.Context(), CreateRequest{Tenant: tenant})
			if tt.want == "" {
				if !errors.Is(err, iamscim.ErrAlreadyExists) {
					t.Errorf("Create = %v, want ErrAlreadyExists", err)
				}
				return
			}
			if err != nil || token.Name.ID() != tt.want || secret.IsZero() {
				t.Errorf("Create = %+v, %v, want the id %s", token, err, tt.want)
			}
		})
	}
}
