package scimtenant_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/claimmap"
	"github.com/iamscim/iamscim/internal/faulttest"
	"github.com/iamscim/iamscim/internal/testenv"
	"github.com/iamscim/iamscim/scimtenant"
	"github.com/iamscim/iamscim/scimtest"
)

// The rows of testdata/faults.md.

func TestFaultTableIsComplete(t *testing.T) { t.Parallel(); faulttest.Complete(t, faultMethods) }
func TestFaults(t *testing.T)               { faulttest.Run(t, faultMethods) }

// TestNothingHangs: whoever answers whatever, every method ends, with the default
// policy and without a context that ends.
func TestNothingHangs(t *testing.T) { faulttest.NothingHangs(t, faultMethods) }

// TestLostRepliesUnderLag: a reply that is lost is settled by replicas that are
// behind: they are not taken for an answer.
func TestLostRepliesUnderLag(t *testing.T) { faulttest.LostRepliesUnderLag(t, faultMethods) }

const (
	otherTenant  = `{"name":"` + testenv.ProviderText + `/scimTenants/other","state":"ACTIVE"}`
	noPolicy     = `{"name":"something else"}`
	tenantActive = "main ACTIVE Main group.externalId"
)

var replaceStates = map[string]string{"=": tenantActive, "gone": "", "+": "main ACTIVE Main group.displayName"}

var faultMethods = []*faulttest.Method{
	createTenant("", "POST", "entra/scimTenants"),
	createTenant(" [read-back]", "GET", "scimTenants/main"),
	{Name: "scimtenant.Client.Get", Verb: "GET", Path: "scimTenants/main", Wrong: otherTenant,
		Prepare: faulttest.At(testenv.WithTenant, func(ctx context.Context, c *testenv.Clients) error {
			got, err := c.Tenants.Get(ctx, testenv.Tenant)
			if err == nil && got.UID() != testenv.UID {
				return fmt.Errorf("Get = %+v", got)
			}
			return err
		}), State: tenantState, States: map[string]string{"=": tenantActive}},
	{Name: "scimtenant.Client.List", Verb: "GET", Path: "entra/scimTenants", Wrong: `{"workforcePoolProviderScimTenants":[{"name":"` + testenv.PoolText + `/providers/other/scimTenants/main"}]}`,
		Prepare: faulttest.At(testenv.WithTenant, func(ctx context.Context, c *testenv.Clients) error {
			return faulttest.FirstOf(c.Tenants.List(ctx, testenv.Provider, iamscim.ListOptions{}))
		}), State: tenantState, States: map[string]string{"=": tenantActive}},
	{Name: "scimtenant.Client.Update", Verb: "PATCH", Path: "scimTenants/main", Wrong: otherTenant,
		Prepare: faulttest.At(testenv.WithTenant, func(ctx context.Context, c *testenv.Clients) error {
			got, err := c.Tenants.Update(ctx, scimtenant.UpdateRequest{Name: testenv.Tenant, DisplayName: ptr("New")})
			if err == nil && got.DisplayName != "New" {
				return fmt.Errorf("Update = %+v", got)
			}
			return err
		}), State: tenantState, States: map[string]string{"=": tenantActive, "+": "main ACTIVE New group.externalId"}},
	{Name: "scimtenant.Client.Delete", Verb: "DELETE", Path: "scimTenants/main", Wrong: otherTenant,
		Prepare: faulttest.At(testenv.WithTenant, func(ctx context.Context, c *testenv.Clients) error {
			got, err := c.Tenants.Delete(ctx, testenv.Tenant)
			if err != nil {
				return err
			}
			return faulttest.WantState("the tenant", got.State, iamscim.StateDeleted, nil)
		}), State: tenantState, States: map[string]string{"=": tenantActive, "+": "main DELETED Main group.externalId"}},
	{Name: "scimtenant.Client.HardDelete", Verb: "DELETE", Path: "scimTenants/main", Wrong: otherTenant,
		Prepare: faulttest.At(testenv.WithTenant, func(ctx context.Context, c *testenv.Clients) error {
			return c.Tenants.HardDelete(ctx, testenv.Tenant, scimtenant.HardDeleteOptions{WhileInUse: true})
		}),
		State: tenantState, States: map[string]string{"=": tenantActive, "+": ""}},
	{Name: "scimtenant.Client.Undelete", Verb: "POST", Path: "scimTenants/main:undelete", Wrong: otherTenant,
		Prepare: faulttest.After(testenv.WithTenant, func(ctx context.Context, c *testenv.Clients) error {
			_, err := c.Tenants.Delete(ctx, testenv.Tenant)
			return err
		},
			func(ctx context.Context, c *testenv.Clients) error {
				got, err := c.Tenants.Undelete(ctx, testenv.Tenant)
				if err != nil {
					return err
				}
				return faulttest.WantState("the tenant", got.State, iamscim.StateActive, nil)
			}), State: tenantState, States: map[string]string{"=": "main DELETED Main group.externalId", "+": tenantActive}},
	{Name: "scimtenant.Client.Replace [delete]", Verb: "DELETE", Path: "scimTenants/main", Wrong: otherTenant, Prepare: faulttest.At(testenv.WithTenant, replace), State: tenantState, States: replaceStates},
	{Name: "scimtenant.Client.Replace [create]", Verb: "POST", Path: "entra/scimTenants", Wrong: otherTenant, Prepare: faulttest.At(testenv.WithTenant, replace), State: tenantState, States: replaceStates},
	{Name: "scimtenant.Client.InPool", Verb: "GET", Path: "entra/scimTenants", Wrong: `{"workforcePoolProviderScimTenants":[{"name":"` + testenv.PoolText + `/providers/other/scimTenants/main"}]}`,
		Prepare: faulttest.At(testenv.WithTenant, func(ctx context.Context, c *testenv.Clients) error {
			got, err := c.Tenants.InPool(ctx, testenv.Provider.Pool())
			if errors.Is(err, iamscim.ErrNotFound) {
				return faulttest.ErrEmpty
			}
			if err == nil && got.Name != testenv.Tenant {
				return fmt.Errorf("InPool = %+v", got)
			}
			return err
		}), State: tenantState, States: map[string]string{"=": tenantActive}},
	ensureTenant(),
	{Name: "scimtenant.Client.GetPolicy", Verb: "POST", Path: "*:getIamPolicy", Wrong: noPolicy,
		Prepare: faulttest.At(testenv.WithTenant, func(ctx context.Context, c *testenv.Clients) error {
			got, err := c.Tenants.GetPolicy(ctx, testenv.Tenant)
			if err == nil && got.ETag == "" {
				return errors.New("no etag")
			}
			return err
		}), State: policyState(testenv.TenantText), States: map[string]string{"=": "none"}},
	{Name: "scimtenant.Client.SetPolicy", Verb: "POST", Path: "*:setIamPolicy", Wrong: noPolicy,
		Prepare: func(t *testing.T, srv *scimtest.Server, c *testenv.Clients) func(context.Context, *testenv.Clients) error {
			testenv.Prepare(t, srv, testenv.WithTenant)
			p, err := c.Tenants.GetPolicy(t.Context(), testenv.Tenant)
			if err != nil {
				t.Fatal(err)
			}
			// In another order than the service keeps them.
			p.Bindings = []scimtenant.Binding{{Role: "roles/viewer", Members: []string{"user:b@example.com", "user:a@example.com"}}, {Role: "roles/editor", Members: []string{"user:c@example.com"}}}
			return func(ctx context.Context, c *testenv.Clients) error {
				got, err := c.Tenants.SetPolicy(ctx, testenv.Tenant, p)
				if err == nil && (len(got.Bindings) != 2 || got.ETag == p.ETag) {
					return fmt.Errorf("SetPolicy = %+v", got)
				}
				return err
			}
		}, State: policyState(testenv.TenantText), States: map[string]string{"=": "none", "+": "roles/editor user:c@example.com, roles/viewer user:a@example.com user:b@example.com"}},
	{Name: "scimtenant.Client.TestPermissions", Verb: "POST", Path: "*:testIamPermissions", Wrong: `{"permissions":["iam.something.else"]}`,
		Prepare: faulttest.At(testenv.WithTenant, func(ctx context.Context, c *testenv.Clients) error {
			const get = "iam.workforcePoolProviderScimTenants.get"
			got, err := c.Tenants.TestPermissions(ctx, testenv.Tenant, get)
			return faulttest.Held(got, err, get)
		}), State: policyState(testenv.TenantText), States: map[string]string{"=": "none"}},
	{Name: "scimtenant.OrganizationClient.AllowedMembers", Verb: "POST", Path: "*:getEffectiveOrgPolicy", Wrong: `{"constraint":"constraints/compute.x"}`,
		Prepare: faulttest.At(testenv.WithTenant, func(ctx context.Context, c *testenv.Clients) error {
			got, err := c.Organization.AllowedMembers(ctx, testenv.OrganizationID)
			if err == nil && got != nil {
				return fmt.Errorf("AllowedMembers = %v", got)
			}
			return err
		}), State: policyState("organizations/" + testenv.OrganizationID), States: map[string]string{"=": "none"}},
	{Name: "scimtenant.OrganizationClient.Bindings", Verb: "POST", Path: "*:getIamPolicy", Wrong: noPolicy,
		Prepare: faulttest.At(testenv.WithTenant, func(ctx context.Context, c *testenv.Clients) error {
			got, err := c.Organization.Bindings(ctx, testenv.OrganizationID)
			if err == nil && len(got) > 0 {
				return fmt.Errorf("Bindings = %v", got)
			}
			return err
		}), State: policyState("organizations/" + testenv.OrganizationID), States: map[string]string{"=": "none"}},
	{Name: "scimtenant.OrganizationClient.TestPermissions", Verb: "POST", Path: "*:testIamPermissions", Wrong: `{"permissions":["iam.something.else"]}`,
		Prepare: faulttest.At(testenv.WithTenant, func(ctx context.Context, c *testenv.Clients) error {
			const get = "resourcemanager.organizations.getIamPolicy"
			got, err := c.Organization.TestPermissions(ctx, testenv.OrganizationID, get)
			return faulttest.Held(got, err, get)
		}), State: policyState("organizations/" + testenv.OrganizationID), States: map[string]string{"=": "none"}},
	{Name: "scimtenant.OrganizationClient.HasSyncer", Verb: "POST", Path: "*:getIamPolicy", Wrong: noPolicy,
		Prepare: faulttest.At(testenv.WithTenant, func(ctx context.Context, c *testenv.Clients) error {
			got, err := c.Organization.HasSyncer(ctx, testenv.OrganizationID, testenv.Agent)
			if err == nil && got {
				return errors.New("HasSyncer = true")
			}
			return err
		}), State: policyState("organizations/" + testenv.OrganizationID), States: map[string]string{"=": "none"}},
	grantSyncer("", "*:setIamPolicy"),
	grantSyncer(" [read]", "*:getIamPolicy"),
	{Name: "scimtenant.OrganizationClient.RevokeSyncer", Verb: "POST", Path: "*:setIamPolicy", Wrong: noPolicy,
		Prepare: faulttest.After(testenv.WithTenant, func(ctx context.Context, c *testenv.Clients) error {
			other := scimtenant.ServiceAgentEmail(testenv.OrganizationID, "other")
			return errors.Join(c.Organization.GrantSyncer(ctx, testenv.OrganizationID, testenv.Agent), c.Organization.GrantSyncer(ctx, testenv.OrganizationID, other))
		}, func(ctx context.Context, c *testenv.Clients) error {
			return c.Organization.RevokeSyncer(ctx, testenv.OrganizationID, testenv.Agent)
		}),
		State: policyState("organizations/" + testenv.OrganizationID), States: map[string]string{
			"=": scimtenant.SyncerRole + " serviceAccount:" + testenv.Agent + " serviceAccount:" + scimtenant.ServiceAgentEmail(testenv.OrganizationID, "other"),
			"+": scimtenant.SyncerRole + " serviceAccount:" + scimtenant.ServiceAgentEmail(testenv.OrganizationID, "other")}},
}

func tenantState(srv *scimtest.Server) string {
	var all []string
	for _, x := range srv.State().Tenants {
		all = append(all, fmt.Sprintf("%s %s %s %s", faulttest.ID(x.Name), x.State, x.DisplayName, x.ClaimMapping["google.group"]))
	}
	return strings.Join(all, ", ")
}

func policyState(resource string) func(*scimtest.Server) string {
	return func(srv *scimtest.Server) string {
		p := srv.State().Policies[resource]
		if p == nil {
			return "none"
		}
		var all []string
		for _, b := range p.Bindings {
			all = append(all, b.Role+" "+strings.Join(b.Members, " "))
		}
		return strings.Join(all, ", ")
	}
}

func replace(ctx context.Context, c *testenv.Clients) error {
	got, err := c.Tenants.Replace(ctx, testenv.Tenant, scimtenant.ReplaceRequest{ClaimMapping: claimmap.Recommended(claimmap.Okta), Usage: iamscim.SCIMUsageGroups, AcceptNewBaseURI: true})
	if err == nil && (got.Old.UID() != testenv.UID || got.New.UID() == testenv.UID || got.New.UID() == "" || len(got.Redo) != 8) {
		return fmt.Errorf("Replace = %+v", got)
	}
	return err
}

func createTenant(suffix, verb, path string) *faulttest.Method {
	return &faulttest.Method{Name: "scimtenant.Client.Create" + suffix, Verb: verb, Path: path, Wrong: otherTenant,
		Prepare: faulttest.At(testenv.WithProvider, func(ctx context.Context, c *testenv.Clients) error {
			got, err := c.Tenants.Create(ctx, scimtenant.CreateRequest{Name: testenv.Tenant, DisplayName: "Main", ClaimMapping: claimmap.Recommended(claimmap.EntraID), Usage: iamscim.SCIMUsageGroups})
			if err == nil && (got.State != iamscim.StateActive || got.BaseURI == "") {
				return fmt.Errorf("Create = %+v", got)
			}
			return err
		}), State: tenantState, States: map[string]string{"=": "", "+": tenantActive}}
}

func ensureTenant() *faulttest.Method {
	return &faulttest.Method{Name: "scimtenant.Client.Ensure", Verb: "POST", Path: "entra/scimTenants", Wrong: otherTenant,
		Prepare: faulttest.At(testenv.WithProvider, func(ctx context.Context, c *testenv.Clients) error {
			got, outcome, err := c.Tenants.Ensure(ctx, scimtenant.CreateRequest{Name: testenv.Tenant, DisplayName: "Main", ClaimMapping: claimmap.Recommended(claimmap.EntraID), Usage: iamscim.SCIMUsageGroups})
			if err == nil && (got.State != iamscim.StateActive || outcome != scimtenant.OutcomeCreated) {
				return fmt.Errorf("Ensure = %+v, %s", got, outcome)
			}
			return err
		}), State: tenantState, States: map[string]string{"=": "", "+": tenantActive}}
}

func grantSyncer(suffix, path string) *faulttest.Method {
	return &faulttest.Method{Name: "scimtenant.OrganizationClient.GrantSyncer" + suffix, Verb: "POST", Path: path, Wrong: noPolicy,
		Prepare: faulttest.At(testenv.WithTenant, func(ctx context.Context, c *testenv.Clients) error {
			return c.Organization.GrantSyncer(ctx, testenv.OrganizationID, testenv.Agent)
		}),
		State: policyState("organizations/" + testenv.OrganizationID), States: map[string]string{"=": "none", "+": scimtenant.SyncerRole + " serviceAccount:" + testenv.Agent}}
}
