package scimtest_test

import (
	"testing"

	"github.com/iamscim/iamscim/scimtest"
	"google.golang.org/api/iam/v1"
)

func TestAcme(t *testing.T) {
	t.Parallel()
	embedded, err := scimtest.NewAcme(scimtest.WithOrganization("42"))
	if err != nil {
		t.Fatal(err)
	}
	defer embedded.Close()
	started := scimtest.Acme(t)
	for _, tt := range []struct {
		world        *scimtest.World
		organization string
		opts         func() (*iam.Service, error)
	}{
		{started, scimtest.DefaultOrganization, func() (*iam.Service, error) {
			return iam.NewService(t.Context(), started.ClientOptions()...)
		}},
		{embedded, "42", func() (*iam.Service, error) {
			return iam.NewService(t.Context(), embedded.PipeClientOptions()...)
		}},
	} {
		svc, err := tt.opts()
		if err != nil {
			t.Fatal(err)
		}
		pools := svc.Locations.WorkforcePools
		pool, err := pools.Get(tt.world.Pool).Do()
		if err != nil || pool.Parent != "organizations/"+tt.organization || tt.world.Organization != tt.organization {
			t.Errorf("pool %+v, %v, want one of organization %s", pool, err, tt.organization)
		}
		p, err := pools.Providers.Get(tt.world.Provider).Do()
		if err != nil || p.VendorType != "ENTRA_ID" || p.ScimUsage != "" {
			t.Errorf("provider %+v, %v, want one of Entra ID without SCIM", p, err)
		}
	}
	if _, err := scimtest.NewAcme(scimtest.WithOrganization("x")); err == nil {
		t.Error("NewAcme with an organization of letters: no error")
	}
}
