package scimtenant_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/api/iam/v1"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/claimmap"
	"github.com/iamscim/iamscim/provider"
	"github.com/iamscim/iamscim/scimtenant"
	"github.com/iamscim/iamscim/scimtest"
)

func TestEnsure(t *testing.T) {
	t.Parallel()
	other := claimmap.Recommended(claimmap.Okta)
	tests := []struct {
		name    string
		prepare func(t *testing.T, srv *scimtest.Server, client *scimtenant.Client)
		change  func(*scimtenant.CreateRequest)
		want    scimtenant.Outcome
		writes  []string // the last elements of the paths
		differs []scimtenant.Difference
		kind    error
	}{
		{name: "nothing there", want: scimtenant.OutcomeCreated, writes: []string{"POST scimTenants"}},
		{
			name:    "there",
			prepare: func(t *testing.T, srv *scimtest.Server, _ *scimtenant.Client) { seed(t, srv) },
			change:  func(r *scimtenant.CreateRequest) { r.DisplayName, r.Description = "", "" },
			want:    scimtenant.OutcomeFound,
		},
		{
			name: "soft-deleted",
			prepare: func(t *testing.T, srv *scimtest.Server, client *scimtenant.Client) {
				seed(t, srv)
				if _, err := client.Delete(t.Context(), name(t, "main")); err != nil {
					t.Fatal(err)
				}
			},
			change: func(r *scimtenant.CreateRequest) { r.DisplayName, r.Description = "Main", "d" },
			want:   scimtenant.OutcomeUndeleted, writes: []string{"POST main:undelete"},
		},
		{
			name:    "another display name and description",
			prepare: func(t *testing.T, srv *scimtest.Server, _ *scimtenant.Client) { seed(t, srv) },
			change:  func(r *scimtenant.CreateRequest) { r.DisplayName, r.Description = "Other", "o" },
			kind:    scimtenant.ErrDiffers,
			differs: []scimtenant.Difference{{Field: "DisplayName", Want: "Other", Got: "Main"}, {Field: "Description", Want: "o", Got: "d"}},
		},
		{
			name: "another mapping, soft-deleted",
			prepare: func(t *testing.T, srv *scimtest.Server, client *scimtenant.Client) {
				seed(t, srv)
				if _, err := client.Delete(t.Context(), name(t, "main")); err != nil {
					t.Fatal(err)
				}
			},
			change:  func(r *scimtenant.CreateRequest) { r.DisplayName, r.Description, r.ClaimMapping = "", "", other },
			kind:    scimtenant.ErrDiffers,
			differs: []scimtenant.Difference{{Field: "ClaimMapping.google.group", Want: "group.displayName", Got: "group.externalId"}},
		},
		{
			name: "another tenant in the pool",
			prepare: func(t *testing.T, srv *scimtest.Server, _ *scimtenant.Client) {
				if _, err := srv.AddTenant(&iam.WorkforcePoolProviderScimTenant{Name: poolText + "/providers/okta/scimTenants/other", ClaimMapping: other.Map()}); err != nil {
					t.Fatal(err)
				}
			},
			kind: scimtenant.ErrPoolOccupied, writes: []string{"POST scimTenants"},
		},
		{
			name:   "every fault at once",
			change: func(r *scimtenant.CreateRequest) { r.Usage, r.ClaimMapping = "", claimmap.Mapping{} },
			kind:   iamscim.ErrInvalidArgument,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			srv, client := start(t)
			if tt.prepare != nil {
				tt.prepare(t, srv, client)
			}
			req := request(name(t, "main"))
			if tt.change != nil {
				tt.change(&req)
			}
			srv.ClearRequests()
			got, outcome, err := client.Ensure(t.Context(), req)
			if outcome != tt.want || !errors.Is(err, tt.kind) {
				t.Errorf("Ensure = %q, %v, want %q, %v", outcome, err, tt.want, tt.kind)
			}
			if err == nil && (got.State != iamscim.StateActive || got.Name != req.Name) {
				t.Errorf("Ensure = %+v, want the active tenant", got)
			}
			if diff := cmp.Diff(tt.writes, writes(srv)); diff != "" {
				t.Errorf("writes (-want +got):\n%s", diff)
			}
			var differs *scimtenant.DiffersError
			if errors.As(err, &differs) != (tt.differs != nil) {
				t.Fatalf("Ensure = %v, want differences %v", err, tt.differs)
			}
			if differs != nil {
				if diff := cmp.Diff(tt.differs, differs.Differs); diff != "" || differs.Tenant.UID() == "" {
					t.Errorf("Differs of %v (-want +got):\n%s", differs.Tenant, diff)
				}
			}
			if tt.kind == iamscim.ErrInvalidArgument && len(srv.Requests()) > 0 {
				t.Errorf("%d requests were sent, want none", len(srv.Requests()))
			}
		})
	}
}

// writes are the requests that change something, with the last element of their
// path.
func writes(srv *scimtest.Server) []string {
	var all []string
	for _, r := range srv.Requests() {
		if r.Method != "GET" && !strings.Contains(r.Path, "IamPolicy") {
			all = append(all, r.Method+" "+r.Path[strings.LastIndexByte(r.Path, '/')+1:])
		}
	}
	return all
}

// TestEnsureWithLag: callers at once get one tenant, although none of them sees
// it for 80 seconds, however the service answers until then.
func TestEnsureWithLag(t *testing.T) {
	t.Parallel()
	for _, fresh := range []string{"NOT_FOUND", "PERMISSION_DENIED"} {
		for _, deleted := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, deleted %t", fresh, deleted), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					srv := scimtest.New(scimtest.WithReplicationLag(80*time.Second), scimtest.WithBehavior(scimtest.FreshResource, fresh))
					defer srv.Close()
					prepare(t, srv)
					client, err := scimtenant.NewClient(t.Context(), srv.PipeClientOptions()...)
					if err != nil {
						t.Fatal(err)
					}
					req := request(name(t, "main"))
					if deleted {
						seed(t, srv)
						if _, err := client.Delete(t.Context(), req.Name); err != nil {
							t.Fatal(err)
						}
						time.Sleep(100 * time.Second)
						req.DisplayName, req.Description = "", ""
					}
					type result struct {
						tenant  *scimtenant.Tenant
						outcome scimtenant.Outcome
						err     error
					}
					results := make(chan result)
					for i := range 3 {
						go func() {
							time.Sleep(time.Duration(i) * 10 * time.Second)
							tenant, outcome, err := client.Ensure(t.Context(), req)
							results <- result{tenant, outcome, err}
						}()
					}
					made := 0
					for range 3 {
						r := <-results
						if r.err != nil {
							t.Fatal(r.err)
						}
						if r.tenant.State != iamscim.StateActive {
							t.Errorf("state %s, want ACTIVE", r.tenant.State)
						}
						if r.outcome != scimtenant.OutcomeFound {
							made++
						}
					}
					if n := len(srv.State().Tenants); made != 1 || n != 1 {
						t.Errorf("%d tenants, %d callers who made one, want 1 and 1", n, made)
					}
				})
			})
		}
	}
}

func TestInPool(t *testing.T) {
	t.Parallel()
	pool := providerName(t).Pool()
	srv, client := start(t)
	if _, err := client.InPool(t.Context(), pool); !errors.Is(err, iamscim.ErrNotFound) || !strings.Contains(err.Error(), "2 providers") {
		t.Errorf("InPool of an empty pool = %v, want ErrNotFound of 2 providers", err)
	}
	if _, err := srv.AddTenant(&iam.WorkforcePoolProviderScimTenant{Name: poolText + "/providers/okta/scimTenants/main", ClaimMapping: entraMapping().Map()}); err != nil {
		t.Fatal(err)
	}
	providers, err := provider.NewClient(t.Context(), srv.ClientOptions()...)
	if err != nil {
		t.Fatal(err)
	}
	okta, err := provider.NewName(pool, "okta")
	if err != nil {
		t.Fatal(err)
	}
	n, err := scimtenant.NewName(okta, "main")
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []func() error{
		func() error { return nil },
		func() error { _, err := client.Delete(t.Context(), n); return err },
		func() error { _, err := providers.Delete(t.Context(), okta); return err },
	} {
		if err := step(); err != nil {
			t.Fatal(err)
		}
		if got, err := client.InPool(t.Context(), pool); err != nil || got.Name != n {
			t.Errorf("InPool = %v, %v, want %s", got, err, n)
		}
	}
	if _, err := client.InPool(t.Context(), provider.PoolName{}); !errors.Is(err, iamscim.ErrInvalidArgument) {
		t.Errorf("InPool of no pool = %v, want ErrInvalidArgument", err)
	}
	// One listing that fails doesn't hide the tenant in another.
	srv.Fail(scimtest.Fault{Method: "GET", Path: "providers/entra/scimTenants", Status: 403})
	if got, err := client.InPool(t.Context(), pool); err != nil || got.Name != n {
		t.Errorf("InPool with a listing refused = %v, %v, want %s", got, err, n)
	}
	srv.Fail(scimtest.Fault{Method: "GET", Path: "providers/okta/scimTenants", Status: 403})
	if _, err := client.InPool(t.Context(), pool); !errors.Is(err, iamscim.ErrPermissionDenied) {
		t.Errorf("InPool = %v, want ErrPermissionDenied: the tenant may be where nothing could be read", err)
	}
}
