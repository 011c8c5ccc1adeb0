package scimtenant_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/api/googleapi"
	"google.golang.org/api/iam/v1"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/claimmap"
	"github.com/iamscim/iamscim/provider"
	"github.com/iamscim/iamscim/scimtenant"
	"github.com/iamscim/iamscim/scimtest"
)

var compareNames = cmp.Comparer(func(a, b scimtenant.Name) bool { return a == b })

func TestLifeCycle(t *testing.T) {
	t.Parallel()
	srv, client := start(t)
	n := name(t, "main")
	created, err := client.Create(t.Context(), request(n))
	if err != nil {
		t.Fatal(err)
	}
	want := &scimtenant.Tenant{
		Name: n, DisplayName: "Main", Description: "The directory of Acme", State: iamscim.StateActive,
		ClaimMapping: entraMapping().Map(),
		BaseURI:      srv.URL() + "/v1alpha1/tenants/" + created.UID(),
		ServiceAgent: scimtenant.ServiceAgentEmail(scimtest.DefaultOrganization, created.UID()),
	}
	if diff := cmp.Diff(want, created, compareNames); diff != "" || created.UID() == "" {
		t.Errorf("Create: (-want +got)\n%s", diff)
	}
	if m, err := created.Mapping(); err != nil || !m.Equal(entraMapping()) {
		t.Errorf("Mapping() = %v, %v, want %v", m, err, entraMapping())
	}
	got, err := client.Get(t.Context(), n)
	if diff := cmp.Diff(want, got, compareNames); err != nil || diff != "" {
		t.Errorf("Get: %v (-want +got)\n%s", err, diff)
	}

	srv.ClearRequests()
	updated, err := client.Update(t.Context(), scimtenant.UpdateRequest{Name: n, DisplayName: ptr("Other")})
	want.DisplayName = "Other"
	if diff := cmp.Diff(want, updated, compareNames); err != nil || diff != "" {
		t.Errorf("Update: %v (-want +got)\n%s", err, diff)
	}
	cleared, err := client.Update(t.Context(), scimtenant.UpdateRequest{Name: n, DisplayName: ptr(""), Description: ptr("")})
	want.DisplayName, want.Description = "", ""
	if diff := cmp.Diff(want, cleared, compareNames); err != nil || diff != "" {
		t.Errorf("Update to empty: %v (-want +got)\n%s", err, diff)
	}
	var sent []string
	for _, r := range srv.Requests() {
		sent = append(sent, r.Method+" "+r.Query.Get("updateMask")+" "+string(r.Body))
	}
	if diff := cmp.Diff([]string{`PATCH displayName {"displayName":"Other"}`, `PATCH displayName,description {"description":"","displayName":""}`}, sent); diff != "" {
		t.Errorf("Update sent (-want +got)\n%s", diff)
	}

	deleted, err := client.Delete(t.Context(), n)
	if err != nil || deleted.State != iamscim.StateDeleted || time.Until(deleted.PurgeTime) < 29*24*time.Hour {
		t.Errorf("Delete = %+v, %v, want StateDeleted and a purge in 30 days", deleted, err)
	}
	got, err = client.Get(t.Context(), n)
	if err != nil || got.State != iamscim.StateDeleted || !got.PurgeTime.Equal(deleted.PurgeTime) {
		t.Errorf("Get of a deleted tenant = %+v, %v, want it with StateDeleted", got, err)
	}
	_, err = client.Update(t.Context(), scimtenant.UpdateRequest{Name: n, DisplayName: ptr("x")})
	wantError(t, "Update of a deleted tenant", err, iamscim.ErrFailedPrecondition, "deleted")
	restored, err := client.Undelete(t.Context(), n)
	if diff := cmp.Diff(want, restored, compareNames); err != nil || diff != "" {
		t.Errorf("Undelete: %v (-want +got)\n%s", err, diff)
	}
	_, err = client.Undelete(t.Context(), n)
	wantError(t, "Undelete of an active tenant", err, iamscim.ErrFailedPrecondition, "not deleted")

	srv.ClearRequests()
	if err := client.HardDelete(t.Context(), n, scimtenant.HardDeleteOptions{}); err != nil {
		t.Errorf("HardDelete = %v", err)
	}
	if r := srv.Requests()[1]; r.Method != "DELETE" || r.Query.Get("hardDelete") != "true" {
		t.Errorf("HardDelete sent %s ?%s", r.Method, r.Query.Encode())
	}
	_, err = client.Get(t.Context(), n)
	wantError(t, "Get after HardDelete", err, iamscim.ErrNotFound)
	again, err := client.Create(t.Context(), request(name(t, "second")))
	if err != nil || again.UID() == created.UID() {
		t.Errorf("Create after HardDelete = %+v, %v, want a tenant with another UID", again, err)
	}
}

func TestHardDeleteOfASoftDeletedTenantFreesThePool(t *testing.T) {
	t.Parallel()
	srv, client := start(t)
	seed(t, srv)
	if _, err := client.Delete(t.Context(), name(t, "main")); err != nil {
		t.Fatal(err)
	}
	if err := client.HardDelete(t.Context(), name(t, "main"), scimtenant.HardDeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	if got, err := client.Create(t.Context(), request(name(t, "main"))); err != nil || got.State != iamscim.StateActive {
		t.Errorf("Create = %+v, %v, want the same id again", got, err)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	n := name(t, "absent")
	lost, err := provider.NewName(n.Provider().Pool(), "nowhere")
	if err != nil {
		t.Fatal(err)
	}
	orphan, err := scimtenant.NewName(lost, "main")
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name string
		opts []scimtest.Option
		call func(*scimtenant.Client) error
		kind error
		want []string
	}{
		{"get of nothing", nil, func(c *scimtenant.Client) error { _, err := c.Get(ctx, n); return err }, iamscim.ErrNotFound, []string{"scimtenant: get " + n.String(), "HTTP 404"}},
		{"create in a provider that is not there", nil, func(c *scimtenant.Client) error { _, err := c.Create(ctx, request(orphan)); return err }, iamscim.ErrNotFound, []string{"check that the provider", lost.String()}},
		{"update of nothing", nil, func(c *scimtenant.Client) error {
			_, err := c.Update(ctx, scimtenant.UpdateRequest{Name: n, DisplayName: ptr("x")})
			return err
		}, iamscim.ErrNotFound, []string{"scimtenant: update"}},
		{"update without a field", nil, func(c *scimtenant.Client) error {
			_, err := c.Update(ctx, scimtenant.UpdateRequest{Name: n})
			return err
		}, iamscim.ErrNothingToUpdate, nil},
		{"delete of nothing", nil, func(c *scimtenant.Client) error { _, err := c.Delete(ctx, n); return err }, iamscim.ErrNotFound, []string{"scimtenant: delete"}},
		{"hard delete of nothing", nil, func(c *scimtenant.Client) error { return c.HardDelete(ctx, n, inUse) }, iamscim.ErrNotFound, []string{"scimtenant: hard delete"}},
		{"undelete of nothing", nil, func(c *scimtenant.Client) error { _, err := c.Undelete(ctx, n); return err }, iamscim.ErrNotFound, []string{"scimtenant: undelete"}},
		{"policy of nothing", nil, func(c *scimtenant.Client) error { _, err := c.GetPolicy(ctx, n); return err }, iamscim.ErrNotFound, []string{"scimtenant: get policy"}},
		{"create over an active tenant", nil, func(c *scimtenant.Client) error { _, err := c.Create(ctx, request(name(t, "main"))); return err }, iamscim.ErrAlreadyExists, []string{"use the tenant that is there"}},
		{"create without permission", []scimtest.Option{scimtest.WithDeniedPermissions("iam.workforcePoolProviderScimTenants.create")},
			func(c *scimtenant.Client) error { _, err := c.Create(ctx, request(n)); return err }, iamscim.ErrPermissionDenied, []string{"roles/iam.workforcePoolAdmin"}},
		{"hard delete while in use", nil, func(c *scimtenant.Client) error {
			return c.HardDelete(ctx, name(t, "main"), scimtenant.HardDeleteOptions{})
		}, iamscim.ErrFailedPrecondition, []string{"uses SCIM (ENABLED_FOR_GROUPS)", "WhileInUse"}},
		{"hard delete while in use, where the service refuses it", []scimtest.Option{scimtest.WithBehavior(scimtest.HardDeleteInUse, "FAILED_PRECONDITION")},
			func(c *scimtenant.Client) error { return c.HardDelete(ctx, name(t, "main"), inUse) }, iamscim.ErrFailedPrecondition, []string{"SCIM usage"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			srv, client := start(t, tt.opts...)
			seed(t, srv)
			useSCIM(t, srv)
			before := srv.State()
			wantError(t, tt.name, tt.call(client), tt.kind, tt.want...)
			if diff := cmp.Diff(before, srv.State()); diff != "" {
				t.Errorf("%s changed the server: (-before +after)\n%s", tt.name, diff)
			}
		})
	}
}

var inUse = scimtenant.HardDeleteOptions{WhileInUse: true}

// TestAlreadyExists: a tenant that is what was asked for never looks like another
// one, although the service says the same of both.
func TestAlreadyExists(t *testing.T) {
	t.Parallel()
	for what, tt := range map[string]struct {
		change func(*scimtenant.CreateRequest)
		differ []string
		remedy string
	}{
		"equal":           {func(*scimtenant.CreateRequest) {}, nil, "what was asked for"},
		"another mapping": {func(r *scimtenant.CreateRequest) { r.ClaimMapping = claimmap.Recommended(claimmap.Okta) }, []string{`ClaimMapping (google.group is "group.externalId", not "group.displayName")`}, "replace it for another claim mapping"},
		"two fields":      {func(r *scimtenant.CreateRequest) { r.DisplayName, r.Description = "x", "y" }, []string{"DisplayName", "Description"}, "use the tenant that is there"},
	} {
		_, client := start(t)
		req := request(name(t, "main"))
		if _, err := client.Create(t.Context(), req); err != nil {
			t.Fatal(err)
		}
		tt.change(&req)
		_, err := client.Create(t.Context(), req)
		var e *iamscim.Error
		if !errors.As(err, &e) || !errors.Is(err, iamscim.ErrAlreadyExists) {
			t.Fatalf("%s: Create = %v, want ErrAlreadyExists", what, err)
		}
		if diff := cmp.Diff(tt.differ, e.Differs); diff != "" || !strings.Contains(err.Error(), tt.remedy) {
			t.Errorf("%s: %v: Differs (-want +got)\n%s", what, err, diff)
		}
	}
}

// useSCIM sets the usage of the provider entra.
func useSCIM(t testing.TB, srv *scimtest.Server) {
	t.Helper()
	client, err := provider.NewClient(t.Context(), srv.ClientOptions()...)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.SetSCIMUsage(t.Context(), providerName(t), iamscim.SCIMUsageGroups); err != nil {
		t.Fatal(err)
	}
	srv.ClearRequests()
}

// TestPoolOccupied: the refusal names the tenant in the way, wherever in the
// pool it is and whichever of the possible codes the service answers with.
func TestPoolOccupied(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		prepare func(testing.TB, *scimtest.Server, *scimtenant.Client)
		create  string // the id, in the provider entra
		kind    error
		want    []string
	}{
		{"active, same provider", nil, "second", scimtenant.ErrPoolOccupied, []string{"use " + tenantText, "hard-delete it to free the pool"}},
		{"soft-deleted, same provider", softDelete, "second", scimtenant.ErrPoolOccupied, []string{tenantText + " is soft-deleted", "blocks the pool until 2", "undelete it"}},
		{"soft-deleted, same id", softDelete, "main", iamscim.ErrAlreadyExists, []string{"the tenant is soft-deleted and is purged at 2", "undelete it"}},
	}
	for _, tt := range tests {
		for _, code := range []string{"FAILED_PRECONDITION", "ALREADY_EXISTS"} {
			t.Run(tt.name+", "+code, func(t *testing.T) {
				t.Parallel()
				srv, client := start(t, scimtest.WithBehavior(scimtest.SecondTenant, code))
				seed(t, srv)
				if tt.prepare != nil {
					tt.prepare(t, srv, client)
				}
				_, err := client.Create(t.Context(), request(name(t, tt.create)))
				wantError(t, "Create", err, tt.kind, tt.want...)
				var api *googleapi.Error
				if !errors.As(err, &api) {
					t.Errorf("Create = %v, want the service's refusal within", err)
				}
				if n := len(srv.State().Tenants); n != 1 {
					t.Errorf("the server has %d tenants, want 1", n)
				}
			})
		}
	}
}

func softDelete(t testing.TB, _ *scimtest.Server, client *scimtenant.Client) {
	t.Helper()
	if _, err := client.Delete(t.Context(), name(t, "main")); err != nil {
		t.Fatal(err)
	}
}

// TestPoolOccupiedElsewhere: the tenant in the way belongs to another provider
// of the pool, even to a deleted one; the search for it is bounded and says
// what it searched.
func TestPoolOccupiedElsewhere(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"FAILED_PRECONDITION", "ALREADY_EXISTS"} {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			srv, client := start(t, scimtest.WithBehavior(scimtest.SecondTenant, code))
			providers, err := provider.NewClient(t.Context(), srv.ClientOptions()...)
			if err != nil {
				t.Fatal(err)
			}
			okta, err := provider.NewName(providerName(t).Pool(), "okta")
			if err != nil {
				t.Fatal(err)
			}
			theirs, err := scimtenant.NewName(okta, "theirs")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := client.Create(t.Context(), request(theirs)); err != nil {
				t.Fatal(err)
			}
			_, err = client.Create(t.Context(), request(name(t, "mine")))
			wantError(t, "Create", err, scimtenant.ErrPoolOccupied, "use "+theirs.String())
			if _, err := providers.Delete(t.Context(), okta); err != nil {
				t.Fatal(err)
			}
			_, err = client.Create(t.Context(), request(name(t, "mine")))
			wantError(t, "Create while the other provider is deleted", err, scimtenant.ErrPoolOccupied, theirs.String())

			// 25 providers in front of the one with the tenant.
			for i := range 25 {
				p := &iam.WorkforcePoolProvider{
					Name:             fmt.Sprintf("%s/providers/a%03d", poolText, i),
					AttributeMapping: map[string]string{"google.subject": "assertion.subject"},
					Saml:             &iam.GoogleIamAdminV1WorkforcePoolProviderSaml{IdpMetadataXml: "<x/>"},
				}
				if err := srv.AddProvider(p); err != nil {
					t.Fatal(err)
				}
			}
			srv.ClearRequests()
			_, err = client.Create(t.Context(), request(name(t, "mine")))
			if code == "ALREADY_EXISTS" {
				wantError(t, "Create in a large pool", err, scimtenant.ErrPoolOccupied, "not found in the 21 providers searched")
			} else {
				wantError(t, "Create in a large pool", err, iamscim.ErrFailedPrecondition, "already has a SCIM tenant", "21 providers searched")
			}
			if n := len(srv.Requests()); n > 25 {
				t.Errorf("the search took %d requests", n)
			}
		})
	}
}

// TestClaimMappingIsSentCanonically: what the service gets is what was
// validated, whatever the spelling.
func TestClaimMappingIsSentCanonically(t *testing.T) {
	t.Parallel()
	_, client := start(t)
	m, err := claimmap.New(map[string]string{"google.subject": ` user["userName"] . lowerAscii( ) `, "google.group": "(group.displayName)"})
	if err != nil {
		t.Fatal(err)
	}
	req := request(name(t, "main"))
	req.ClaimMapping = m
	got, err := client.Create(t.Context(), req)
	want := map[string]string{"google.subject": "user.userName.lowerAscii()", "google.group": "group.displayName"}
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got.ClaimMapping); diff != "" {
		t.Errorf("Create: claim mapping (-want +got)\n%s", diff)
	}
}

func TestTenantAddresses(t *testing.T) {
	t.Parallel()
	tests := []struct{ base, uid, entra string }{
		{"https://iamscim.googleapis.com/v1alpha1/tenants/abc123", "abc123", "https://iamscim.googleapis.com/v1alpha1/tenants/abc123?aadOptscim062020"},
		{"https://iamscim.googleapis.com/v1alpha1/tenants/abc123/", "abc123", "https://iamscim.googleapis.com/v1alpha1/tenants/abc123?aadOptscim062020"},
		{"https://iamscim.googleapis.com/v1alpha1/abc123/", "abc123", "https://iamscim.googleapis.com/v1alpha1/abc123?aadOptscim062020"},
		{"", "", ""},
		{"https://iamscim.googleapis.com", "", "https://iamscim.googleapis.com?aadOptscim062020"},
	}
	for _, tt := range tests {
		tenant := &scimtenant.Tenant{BaseURI: tt.base}
		if got := tenant.UID(); got != tt.uid {
			t.Errorf("UID() of %q = %q, want %q", tt.base, got, tt.uid)
		}
		if got := tenant.EntraTenantURL(); got != tt.entra {
			t.Errorf("EntraTenantURL() of %q = %q, want %q", tt.base, got, tt.entra)
		}
	}
	if got, want := scimtenant.ServiceAgentEmail("123456789012", "abc"), "o-123456789012-abc@gcp-sa-iamscim.iam.gserviceaccount.com"; got != want {
		t.Errorf("ServiceAgentEmail = %q, want %q", got, want)
	}
}

// TestIDPSettings: what to type where, and never the token.
func TestIDPSettings(t *testing.T) {
	t.Parallel()
	tenant := &scimtenant.Tenant{BaseURI: "https://iamscim.googleapis.com/v1alpha1/tenants/abc123"}
	tests := []struct {
		vendor claimmap.Vendor
		want   []string // values, in order; "SECRET" for the token
	}{
		{claimmap.EntraID, []string{"https://iamscim.googleapis.com/v1alpha1/tenants/abc123?aadOptscim062020", "SECRET", "objectId"}},
		{claimmap.Okta, []string{"abc123", "SECRET", "enabled"}},
		{"", []string{"https://iamscim.googleapis.com/v1alpha1/tenants/abc123", "SECRET", `exactly one, of type "work"`}},
	}
	for _, tt := range tests {
		settings := tenant.IDPSettings(tt.vendor)
		var got []string
		for _, s := range settings {
			if s.Where == "" || s.Name == "" || s.Secret != (s.Value == "") {
				t.Errorf("IDPSettings(%q) has %+v", tt.vendor, s)
			}
			if s.Secret {
				s.Value = "SECRET"
			}
			got = append(got, s.Value)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("IDPSettings(%q): (-want +got)\n%s", tt.vendor, diff)
		}
		if text := settings.String(); !strings.Contains(text, "= the SCIM token") || strings.Count(text, "\n") != len(settings) {
			t.Errorf("IDPSettings(%q) prints\n%s", tt.vendor, text)
		}
	}
}
