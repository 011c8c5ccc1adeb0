package gapi_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"google.golang.org/api/iam/v1"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/claimmap"
	"github.com/iamscim/iamscim/provider"
	"github.com/iamscim/iamscim/scimtenant"
	"github.com/iamscim/iamscim/scimtest"
	"github.com/iamscim/iamscim/scimtoken"
)

// A method is a row of the table of faults.
type method struct {
	name string
	// The request that is faulted: its verb, its path as in [scimtest.Fault],
	// and how many such requests pass first.
	verb, path string
	skip       int
	// wrong is a reply of a 200 that is about something else.
	wrong string
	// prepare puts the server in the state the call begins with, using
	// clients without faults, and returns the call. The call returns errEmpty
	// if all it got is an empty reply, and an error if the result is wrong.
	prepare func(*testing.T, *scimtest.Server, *clients) func(context.Context, *clients) error
	// state says what of the server's state the call is about, and states
	// what that is for each code of the table.
	state  func(*scimtest.Server) string
	states map[string]string
}

// errEmpty is an empty reply where one is possible.
var errEmpty = errors.New("an empty reply")

// writes are rows of the sections about changes; the others only read, or fault
// a read.
func (m *method) writes() bool {
	return len(m.states) > 1 && !strings.HasSuffix(m.name, "[operation]") && !strings.HasSuffix(m.name, "[read-back]") && !strings.HasSuffix(m.name, "[read]")
}

const (
	operationJSON = `{"name":"` + poolText + `/providers/other/operations/abc","done":true}`
	providerJSON  = `{"name":"` + poolText + `/providers/other","state":"ACTIVE"}`
	tenantJSON    = `{"name":"` + providerText + `/scimTenants/other","state":"ACTIVE"}`
	tokenJSON     = `{"name":"` + tenantText + `/tokens/other","state":"ACTIVE","securityToken":"fake-0ther"}`
	noPolicyJSON  = `{"name":"something else"}`
)

// wantState is an error unless a resource came back in the state.
func wantState(what string, got, want iamscim.State, err error) error {
	if err == nil && got != want {
		return fmt.Errorf("%s is %q, want %q", what, got, want)
	}
	return err
}

// at puts the server in place and returns the call as it is.
func at(until seed, call func(context.Context, *clients) error) func(*testing.T, *scimtest.Server, *clients) func(context.Context, *clients) error {
	return func(t *testing.T, srv *scimtest.Server, _ *clients) func(context.Context, *clients) error {
		prepare(t, srv, until)
		return call
	}
}

// The states of the resources, in a word.

func providerState(srv *scimtest.Server) string {
	var all []string
	for _, p := range srv.State().Providers {
		all = append(all, strings.TrimSpace(fmt.Sprintf("%s %s %s %s", last(p.Name), p.State, p.DisplayName, p.ScimUsage)))
	}
	return strings.Join(all, ", ")
}

func tenantState(srv *scimtest.Server) string {
	var all []string
	for _, x := range srv.State().Tenants {
		all = append(all, fmt.Sprintf("%s %s %s %s", last(x.Name), x.State, x.DisplayName, x.ClaimMapping["google.group"]))
	}
	return strings.Join(all, ", ")
}

func subjectState(srv *scimtest.Server) string {
	return strings.Join(srv.State().DeletedSubjects, ", ")
}

// tokenState counts the tokens whose id the client chose.
func tokenState(srv *scimtest.Server) string {
	var all []string
	chosen := map[string]int{}
	for _, k := range srv.State().Tokens {
		if id := last(k.Name); strings.HasPrefix(id, "r2") {
			chosen[k.State]++
		} else {
			all = append(all, strings.TrimSpace(fmt.Sprintf("%s %s %s", id, k.State, k.DisplayName)))
		}
	}
	for _, state := range []string{"ACTIVE", "DELETED"} {
		if chosen[state] > 0 {
			all = append(all, fmt.Sprintf("%d chosen %s", chosen[state], state))
		}
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

func last(name string) string { return name[strings.LastIndexByte(name, '/')+1:] }

// The seeded resources in their states.
const (
	providerActive = "entra ACTIVE"
	tenantActive   = "main ACTIVE Main group.externalId"
	tokenActive    = "token-a ACTIVE"
)

var rotateStates = map[string]string{
	"=": tokenActive, "new": tokenActive + ", 1 chosen ACTIVE", "orphan": tokenActive + ", 1 chosen ACTIVE",
	"swapped": tokenActive + ", 1 chosen ACTIVE, 1 chosen DELETED", "+": "token-a DELETED, 1 chosen ACTIVE",
}

var replaceStates = map[string]string{"=": tenantActive, "gone": "", "+": "main ACTIVE Main group.displayName"}

// rotate replaces the seeded token, which the record doesn't have yet.
func rotate(cutover bool) func(context.Context, *clients) error {
	return func(ctx context.Context, c *clients) error {
		req := scimtoken.RotateRequest{
			Tenant: tenant, Store: new(scimtoken.MemoryStore), Replaces: token,
			Verify: func(context.Context, scimtoken.Secret) error { return nil },
		}
		if cutover {
			req.Cutover = func(context.Context, scimtoken.Name, scimtoken.Secret) error { return nil }
		}
		r, err := c.tokens.Rotate(ctx, req)
		if err == nil && (r.New.IsZero() || r.Secret.IsZero() || r.Old != token || r.Done != cutover) {
			return fmt.Errorf("Rotate = %+v", r)
		}
		return err
	}
}

func ensure(ctx context.Context, c *clients) error {
	name, secret, err := c.tokens.Ensure(ctx, tenant, new(scimtoken.MemoryStore))
	if err == nil && (name.IsZero() || secret.IsZero()) {
		return fmt.Errorf("Ensure = %v, %v", name, secret)
	}
	return err
}

func adopt(ctx context.Context, c *clients) error {
	return c.tokens.Adopt(ctx, tenant, new(scimtoken.MemoryStore), token, iamscim.NewSecret("s"))
}

func replace(ctx context.Context, c *clients) error {
	got, err := c.tenants.Replace(ctx, tenant, scimtenant.ReplaceRequest{ClaimMapping: claimmap.Recommended(claimmap.Okta), Usage: iamscim.SCIMUsageGroups, AcceptNewBaseURI: true})
	if err == nil && (got.Old.UID() != uid || got.New.UID() == uid || got.New.UID() == "" || len(got.Redo) != 8) {
		return fmt.Errorf("Replace = %+v", got)
	}
	return err
}

// deleted returns a prepare that deletes what the call undeletes.
func deleted(until seed, remove func(context.Context, *clients) error, call func(context.Context, *clients) error) func(*testing.T, *scimtest.Server, *clients) func(context.Context, *clients) error {
	return func(t *testing.T, srv *scimtest.Server, c *clients) func(context.Context, *clients) error {
		prepare(t, srv, until)
		if err := remove(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		return call
	}
}

// held is the error of asking for one permission, errEmpty if the caller has none.
func held(got []string, err error, want string) error {
	switch {
	case err == nil && got == nil:
		return errEmpty
	case err == nil && !slices.Equal(got, []string{want}):
		return fmt.Errorf("the caller has %v", got)
	}
	return err
}

// firstOf returns the error of a list, errEmpty if it is empty.
func firstOf[T any](items func(func(*T, error) bool)) error {
	result := errEmpty
	for item, err := range items {
		result = err
		if err == nil && item == nil {
			result = errors.New("a nil item")
		}
		break
	}
	return result
}

var methods = []*method{
	{name: "provider.Client.GetPool", verb: "GET", path: "workforcePools/acme-pool", wrong: `{"name":"locations/global/workforcePools/other-pool","parent":"organizations/1"}`,
		prepare: at(withPool, func(ctx context.Context, c *clients) error {
			got, err := c.providers.GetPool(ctx, pool)
			if err == nil && got.Organization != organization {
				return fmt.Errorf("GetPool = %+v", got)
			}
			return err
		}), state: providerState, states: map[string]string{"=": ""}},
	createProvider("", "POST", "providers", operationJSON),
	createProvider(" [operation]", "GET", "operations/*", operationJSON),
	createProvider(" [read-back]", "GET", "providers/leaky", providerJSON),
	{name: "provider.Client.TestPoolPermissions", verb: "POST", path: "*:testIamPermissions", wrong: `{"permissions":["iam.something.else"]}`,
		prepare: at(withProvider, func(ctx context.Context, c *clients) error {
			const get = "iam.workforcePoolProviders.get"
			got, err := c.providers.TestPoolPermissions(ctx, pool, get)
			return held(got, err, get)
		}), state: providerState, states: map[string]string{"=": providerActive}},
	{name: "provider.Client.Get", verb: "GET", path: "providers/entra", wrong: providerJSON,
		prepare: at(withProvider, func(ctx context.Context, c *clients) error {
			got, err := c.providers.Get(ctx, parent)
			return wantStateOf(got, err)
		}), state: providerState, states: map[string]string{"=": providerActive}},
	{name: "provider.Client.List", verb: "GET", path: "acme-pool/providers", wrong: `{"workforcePoolProviders":[{"name":"locations/global/workforcePools/other-pool/providers/entra"}]}`,
		prepare: at(withProvider, func(ctx context.Context, c *clients) error {
			return firstOf(c.providers.List(ctx, pool, iamscim.ListOptions{}))
		}), state: providerState, states: map[string]string{"=": providerActive}},
	{name: "provider.Client.Update", verb: "PATCH", path: "providers/entra", wrong: operationJSON,
		prepare: at(withProvider, func(ctx context.Context, c *clients) error {
			got, err := c.providers.Update(ctx, provider.UpdateRequest{Name: parent, DisplayName: ptr("New")})
			if err == nil && got.DisplayName != "New" {
				return fmt.Errorf("Update = %+v", got)
			}
			return err
		}), state: providerState, states: map[string]string{"=": providerActive, "+": providerActive + " New"}},
	{name: "provider.Client.SetSCIMUsage", verb: "PATCH", path: "providers/entra", wrong: operationJSON,
		prepare: at(withProvider, func(ctx context.Context, c *clients) error {
			got, err := c.providers.SetSCIMUsage(ctx, parent, iamscim.SCIMUsageGroups)
			if err == nil && got.SCIMUsage != iamscim.SCIMUsageGroups {
				return fmt.Errorf("SetSCIMUsage = %+v", got)
			}
			return err
		}), state: providerState, states: map[string]string{"=": providerActive, "+": providerActive + "  ENABLED_FOR_GROUPS"}},
	{name: "provider.Client.Delete", verb: "DELETE", path: "providers/entra", wrong: operationJSON,
		prepare: at(withProvider, func(ctx context.Context, c *clients) error {
			got, err := c.providers.Delete(ctx, parent)
			if err != nil {
				return err
			}
			return wantState("the provider", got.State, iamscim.StateDeleted, nil)
		}), state: providerState, states: map[string]string{"=": providerActive, "+": "entra DELETED"}},
	{name: "provider.Client.Undelete", verb: "POST", path: "providers/entra:undelete", wrong: operationJSON,
		prepare: deleted(withProvider, func(ctx context.Context, c *clients) error { _, err := c.providers.Delete(ctx, parent); return err },
			func(ctx context.Context, c *clients) error {
				got, err := c.providers.Undelete(ctx, parent)
				return wantStateOf(got, err)
			}), state: providerState, states: map[string]string{"=": "entra DELETED", "+": providerActive}},
	{name: "provider.Client.Wait", verb: "GET", path: "operations/*", wrong: operationJSON,
		prepare: func(t *testing.T, srv *scimtest.Server, _ *clients) func(context.Context, *clients) error {
			prepare(t, srv, withProvider)
			svc, err := iam.NewService(t.Context(), srv.PipeClientOptions()...)
			if err != nil {
				t.Fatal(err)
			}
			started, err := svc.Locations.WorkforcePools.Providers.Patch(providerText, &iam.WorkforcePoolProvider{DisplayName: "New"}).UpdateMask("displayName").Do()
			if err != nil {
				t.Fatal(err)
			}
			name := must(provider.ParseOperationName(started.Name))
			return func(ctx context.Context, c *clients) error { return c.providers.Wait(ctx, name) }
		}, state: providerState, states: map[string]string{"=": providerActive + " New"}},

	{name: "provider.Client.DeleteSubject", verb: "DELETE", path: "subjects/alice", wrong: operationJSON,
		prepare: at(withPool, func(ctx context.Context, c *clients) error { return c.providers.DeleteSubject(ctx, alice) }),
		state:   subjectState, states: map[string]string{"=": "", "+": alice.String()}},
	{name: "provider.Client.UndeleteSubject", verb: "POST", path: "subjects/alice:undelete", wrong: operationJSON,
		prepare: deleted(withPool, func(ctx context.Context, c *clients) error { return c.providers.DeleteSubject(ctx, alice) },
			func(ctx context.Context, c *clients) error { return c.providers.UndeleteSubject(ctx, alice) }),
		state: subjectState, states: map[string]string{"=": alice.String(), "+": ""}},
	{name: "provider.Client.RevokeSessions", verb: "POST", path: "subjects/alice:revokeSessions", wrong: operationJSON,
		prepare: at(withPool, func(ctx context.Context, c *clients) error { return c.providers.RevokeSessions(ctx, alice) }),
		state:   subjectState, states: map[string]string{"=": "", "+": ""}},
	createTenant("", "POST", "entra/scimTenants"),
	createTenant(" [read-back]", "GET", "scimTenants/main"),
	{name: "scimtenant.Client.Get", verb: "GET", path: "scimTenants/main", wrong: tenantJSON,
		prepare: at(withTenant, func(ctx context.Context, c *clients) error {
			got, err := c.tenants.Get(ctx, tenant)
			if err == nil && got.UID() != uid {
				return fmt.Errorf("Get = %+v", got)
			}
			return err
		}), state: tenantState, states: map[string]string{"=": tenantActive}},
	{name: "scimtenant.Client.List", verb: "GET", path: "entra/scimTenants", wrong: `{"workforcePoolProviderScimTenants":[{"name":"` + poolText + `/providers/other/scimTenants/main"}]}`,
		prepare: at(withTenant, func(ctx context.Context, c *clients) error {
			return firstOf(c.tenants.List(ctx, parent, iamscim.ListOptions{}))
		}), state: tenantState, states: map[string]string{"=": tenantActive}},
	{name: "scimtenant.Client.Update", verb: "PATCH", path: "scimTenants/main", wrong: tenantJSON,
		prepare: at(withTenant, func(ctx context.Context, c *clients) error {
			got, err := c.tenants.Update(ctx, scimtenant.UpdateRequest{Name: tenant, DisplayName: ptr("New")})
			if err == nil && got.DisplayName != "New" {
				return fmt.Errorf("Update = %+v", got)
			}
			return err
		}), state: tenantState, states: map[string]string{"=": tenantActive, "+": "main ACTIVE New group.externalId"}},
	{name: "scimtenant.Client.Delete", verb: "DELETE", path: "scimTenants/main", wrong: tenantJSON,
		prepare: at(withTenant, func(ctx context.Context, c *clients) error {
			got, err := c.tenants.Delete(ctx, tenant)
			if err != nil {
				return err
			}
			return wantState("the tenant", got.State, iamscim.StateDeleted, nil)
		}), state: tenantState, states: map[string]string{"=": tenantActive, "+": "main DELETED Main group.externalId"}},
	{name: "scimtenant.Client.HardDelete", verb: "DELETE", path: "scimTenants/main", wrong: tenantJSON,
		prepare: at(withTenant, func(ctx context.Context, c *clients) error {
			return c.tenants.HardDelete(ctx, tenant, scimtenant.HardDeleteOptions{WhileInUse: true})
		}),
		state: tenantState, states: map[string]string{"=": tenantActive, "+": ""}},
	{name: "scimtenant.Client.Undelete", verb: "POST", path: "scimTenants/main:undelete", wrong: tenantJSON,
		prepare: deleted(withTenant, func(ctx context.Context, c *clients) error { _, err := c.tenants.Delete(ctx, tenant); return err },
			func(ctx context.Context, c *clients) error {
				got, err := c.tenants.Undelete(ctx, tenant)
				if err != nil {
					return err
				}
				return wantState("the tenant", got.State, iamscim.StateActive, nil)
			}), state: tenantState, states: map[string]string{"=": "main DELETED Main group.externalId", "+": tenantActive}},
	{name: "scimtenant.Client.Replace [delete]", verb: "DELETE", path: "scimTenants/main", wrong: tenantJSON, prepare: at(withTenant, replace), state: tenantState, states: replaceStates},
	{name: "scimtenant.Client.Replace [create]", verb: "POST", path: "entra/scimTenants", wrong: tenantJSON, prepare: at(withTenant, replace), state: tenantState, states: replaceStates},
	{name: "scimtenant.Client.InPool", verb: "GET", path: "entra/scimTenants", wrong: `{"workforcePoolProviderScimTenants":[{"name":"` + poolText + `/providers/other/scimTenants/main"}]}`,
		prepare: at(withTenant, func(ctx context.Context, c *clients) error {
			got, err := c.tenants.InPool(ctx, parent.Pool())
			if errors.Is(err, iamscim.ErrNotFound) {
				return errEmpty
			}
			if err == nil && got.Name != tenant {
				return fmt.Errorf("InPool = %+v", got)
			}
			return err
		}), state: tenantState, states: map[string]string{"=": tenantActive}},
	ensureTenant(),
	{name: "scimtenant.Client.GetPolicy", verb: "POST", path: "*:getIamPolicy", wrong: noPolicyJSON,
		prepare: at(withTenant, func(ctx context.Context, c *clients) error {
			got, err := c.tenants.GetPolicy(ctx, tenant)
			if err == nil && got.ETag == "" {
				return errors.New("no etag")
			}
			return err
		}), state: policyState(tenantText), states: map[string]string{"=": "none"}},
	{name: "scimtenant.Client.SetPolicy", verb: "POST", path: "*:setIamPolicy", wrong: noPolicyJSON,
		prepare: func(t *testing.T, srv *scimtest.Server, c *clients) func(context.Context, *clients) error {
			prepare(t, srv, withTenant)
			p, err := c.tenants.GetPolicy(t.Context(), tenant)
			if err != nil {
				t.Fatal(err)
			}
			// In another order than the service keeps them.
			p.Bindings = []scimtenant.Binding{{Role: "roles/viewer", Members: []string{"user:b@example.com", "user:a@example.com"}}, {Role: "roles/editor", Members: []string{"user:c@example.com"}}}
			return func(ctx context.Context, c *clients) error {
				got, err := c.tenants.SetPolicy(ctx, tenant, p)
				if err == nil && (len(got.Bindings) != 2 || got.ETag == p.ETag) {
					return fmt.Errorf("SetPolicy = %+v", got)
				}
				return err
			}
		}, state: policyState(tenantText), states: map[string]string{"=": "none", "+": "roles/editor user:c@example.com, roles/viewer user:a@example.com user:b@example.com"}},
	{name: "scimtenant.Client.TestPermissions", verb: "POST", path: "*:testIamPermissions", wrong: `{"permissions":["iam.something.else"]}`,
		prepare: at(withTenant, func(ctx context.Context, c *clients) error {
			const get = "iam.workforcePoolProviderScimTenants.get"
			got, err := c.tenants.TestPermissions(ctx, tenant, get)
			return held(got, err, get)
		}), state: policyState(tenantText), states: map[string]string{"=": "none"}},

	{name: "scimtenant.OrganizationClient.Bindings", verb: "POST", path: "*:getIamPolicy", wrong: noPolicyJSON,
		prepare: at(withTenant, func(ctx context.Context, c *clients) error {
			got, err := c.organization.Bindings(ctx, organization)
			if err == nil && len(got) > 0 {
				return fmt.Errorf("Bindings = %v", got)
			}
			return err
		}), state: policyState("organizations/" + organization), states: map[string]string{"=": "none"}},
	{name: "scimtenant.OrganizationClient.TestPermissions", verb: "POST", path: "*:testIamPermissions", wrong: `{"permissions":["iam.something.else"]}`,
		prepare: at(withTenant, func(ctx context.Context, c *clients) error {
			const get = "resourcemanager.organizations.getIamPolicy"
			got, err := c.organization.TestPermissions(ctx, organization, get)
			return held(got, err, get)
		}), state: policyState("organizations/" + organization), states: map[string]string{"=": "none"}},
	{name: "scimtenant.OrganizationClient.HasSyncer", verb: "POST", path: "*:getIamPolicy", wrong: noPolicyJSON,
		prepare: at(withTenant, func(ctx context.Context, c *clients) error {
			got, err := c.organization.HasSyncer(ctx, organization, agent)
			if err == nil && got {
				return errors.New("HasSyncer = true")
			}
			return err
		}), state: policyState("organizations/" + organization), states: map[string]string{"=": "none"}},
	grantSyncer("", "*:setIamPolicy"),
	grantSyncer(" [read]", "*:getIamPolicy"),
	{name: "scimtenant.OrganizationClient.RevokeSyncer", verb: "POST", path: "*:setIamPolicy", wrong: noPolicyJSON,
		prepare: deleted(withTenant, func(ctx context.Context, c *clients) error {
			other := scimtenant.ServiceAgentEmail(organization, "other")
			return errors.Join(c.organization.GrantSyncer(ctx, organization, agent), c.organization.GrantSyncer(ctx, organization, other))
		}, func(ctx context.Context, c *clients) error {
			return c.organization.RevokeSyncer(ctx, organization, agent)
		}),
		state: policyState("organizations/" + organization), states: map[string]string{
			"=": scimtenant.SyncerRole + " serviceAccount:" + agent + " serviceAccount:" + scimtenant.ServiceAgentEmail(organization, "other"),
			"+": scimtenant.SyncerRole + " serviceAccount:" + scimtenant.ServiceAgentEmail(organization, "other")}},

	createToken("", "POST", "main/tokens", scimtoken.CreateRequest{Name: token}, tokenActive),
	createToken(" [recreate]", "POST", "main/tokens", scimtoken.CreateRequest{Tenant: tenant, RecreateLost: true}, "1 chosen ACTIVE"),
	createToken(" [read-back]", "GET", "tokens/token-a", scimtoken.CreateRequest{Name: token}, tokenActive),
	{name: "scimtoken.Client.Get", verb: "GET", path: "tokens/token-a", wrong: tokenJSON,
		prepare: at(withToken, func(ctx context.Context, c *clients) error {
			got, err := c.tokens.Get(ctx, token)
			if err != nil {
				return err
			}
			return wantState("the token", got.State, iamscim.StateActive, nil)
		}), state: tokenState, states: map[string]string{"=": tokenActive}},
	{name: "scimtoken.Client.List", verb: "GET", path: "main/tokens", wrong: `{"workforcePoolProviderScimTokens":[{"name":"` + providerText + `/scimTenants/other/tokens/token-a"}]}`,
		prepare: at(withToken, func(ctx context.Context, c *clients) error {
			return firstOf(c.tokens.List(ctx, tenant, iamscim.ListOptions{}))
		}), state: tokenState, states: map[string]string{"=": tokenActive}},
	{name: "scimtoken.Client.Update", verb: "PATCH", path: "tokens/token-a", wrong: tokenJSON,
		prepare: at(withToken, func(ctx context.Context, c *clients) error {
			got, err := c.tokens.Update(ctx, scimtoken.UpdateRequest{Name: token, DisplayName: ptr("New")})
			if err == nil && got.DisplayName != "New" {
				return fmt.Errorf("Update = %+v", got)
			}
			return err
		}), state: tokenState, states: map[string]string{"=": tokenActive, "+": tokenActive + " New"}},
	{name: "scimtoken.Client.Delete", verb: "DELETE", path: "tokens/token-a", wrong: tokenJSON,
		prepare: at(withToken, func(ctx context.Context, c *clients) error { return c.tokens.Delete(ctx, token) }),
		state:   tokenState, states: map[string]string{"=": tokenActive, "+": "token-a DELETED"}},
	{name: "scimtoken.Client.Undelete", verb: "POST", path: "tokens/token-a:undelete", wrong: tokenJSON,
		prepare: deleted(withToken, func(ctx context.Context, c *clients) error { return c.tokens.Delete(ctx, token) },
			func(ctx context.Context, c *clients) error {
				got, err := c.tokens.Undelete(ctx, token)
				if err != nil {
					return err
				}
				return wantState("the token", got.State, iamscim.StateActive, nil)
			}), state: tokenState, states: map[string]string{"=": "token-a DELETED", "+": tokenActive}},
	{name: "scimtoken.Client.Rotate", verb: "POST", path: "main/tokens", wrong: tokenJSON, prepare: at(withToken, rotate(false)), state: tokenState, states: rotateStates},
	{name: "scimtoken.Client.Rotate [retire]", verb: "DELETE", path: "tokens/token-a", wrong: tokenJSON, prepare: at(withToken, rotate(true)), state: tokenState, states: rotateStates},
	{name: "scimtoken.Client.Ensure", verb: "POST", path: "main/tokens", wrong: tokenJSON, prepare: at(withTenant, ensure), state: tokenState,
		states: map[string]string{"=": "", "+": "1 chosen ACTIVE", "orphan": "1 chosen ACTIVE", "swapped": "1 chosen ACTIVE, 1 chosen DELETED"}},
	{name: "scimtoken.Client.Retire", verb: "DELETE", path: "tokens/token-a", wrong: tokenJSON, prepare: retire,
		state: tokenState, states: map[string]string{"=": tokenActive + ", 1 chosen ACTIVE", "+": "token-a DELETED, 1 chosen ACTIVE"}},
	{name: "scimtoken.Client.HandOver", verb: "GET", path: "scimTenants/main", wrong: tenantJSON, prepare: handOver,
		state: tokenState, states: map[string]string{"=": "token-a ACTIVE"}},
	{name: "scimtoken.Client.Reset", verb: "GET", path: "scimTenants/main", wrong: tenantJSON, prepare: at(withToken, func(ctx context.Context, c *clients) error {
		return c.tokens.Reset(ctx, tenant, new(scimtoken.MemoryStore))
	}), state: tokenState, states: map[string]string{"=": "token-a ACTIVE"}},
	{name: "scimtoken.Client.Adopt", verb: "GET", path: "tokens/token-a", wrong: `{"name":"` + tenantText + `/tokens/token-b"}`,
		prepare: at(withToken, adopt), state: tokenState, states: map[string]string{"=": tokenActive}},
}

// retire rotates with clients of its own and returns the end of the rotation.
func retire(t *testing.T, srv *scimtest.Server, c *clients) func(context.Context, *clients) error {
	t.Helper()
	prepare(t, srv, withToken)
	store := new(scimtoken.MemoryStore)
	r, err := c.tokens.Rotate(t.Context(), scimtoken.RotateRequest{
		Tenant: tenant, Store: store, Replaces: token, Verify: func(context.Context, scimtoken.Secret) error { return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	srv.ClearRequests()
	return func(ctx context.Context, c *clients) error { return c.tokens.Retire(ctx, tenant, store, r.New) }
}

func wantStateOf(got *provider.Provider, err error) error {
	if err != nil {
		return err
	}
	return wantState("the provider", got.State, iamscim.StateActive, nil)
}

func createProvider(suffix, verb, path, wrong string) *method {
	return &method{name: "provider.Client.Create" + suffix, verb: verb, path: path, wrong: wrong,
		prepare: at(withPool, func(ctx context.Context, c *clients) error {
			req := createRequest()
			req.ExtendedAttributes = nil
			got, err := c.providers.Create(ctx, req)
			return wantStateOf(got, err)
		}), state: providerState, states: map[string]string{"=": "", "+": "leaky ACTIVE"}}
}

func createTenant(suffix, verb, path string) *method {
	return &method{name: "scimtenant.Client.Create" + suffix, verb: verb, path: path, wrong: tenantJSON,
		prepare: at(withProvider, func(ctx context.Context, c *clients) error {
			got, err := c.tenants.Create(ctx, scimtenant.CreateRequest{Name: tenant, DisplayName: "Main", ClaimMapping: claimmap.Recommended(claimmap.EntraID), Usage: iamscim.SCIMUsageGroups})
			if err == nil && (got.State != iamscim.StateActive || got.BaseURI == "") {
				return fmt.Errorf("Create = %+v", got)
			}
			return err
		}), state: tenantState, states: map[string]string{"=": "", "+": tenantActive}}
}

func ensureTenant() *method {
	return &method{name: "scimtenant.Client.Ensure", verb: "POST", path: "entra/scimTenants", wrong: tenantJSON,
		prepare: at(withProvider, func(ctx context.Context, c *clients) error {
			got, outcome, err := c.tenants.Ensure(ctx, scimtenant.CreateRequest{Name: tenant, DisplayName: "Main", ClaimMapping: claimmap.Recommended(claimmap.EntraID), Usage: iamscim.SCIMUsageGroups})
			if err == nil && (got.State != iamscim.StateActive || outcome != scimtenant.OutcomeCreated) {
				return fmt.Errorf("Ensure = %+v, %s", got, outcome)
			}
			return err
		}), state: tenantState, states: map[string]string{"=": "", "+": tenantActive}}
}

// handOver hands over a token that was adopted.
func handOver(t *testing.T, srv *scimtest.Server, c *clients) func(context.Context, *clients) error {
	prepare(t, srv, withToken)
	store := new(scimtoken.MemoryStore)
	if err := c.tokens.Adopt(t.Context(), tenant, store, token, iamscim.NewSecret("s")); err != nil {
		t.Fatal(err)
	}
	return func(ctx context.Context, c *clients) error {
		given := 0
		err := c.tokens.HandOver(ctx, tenant, store, func(_ context.Context, name scimtoken.Name, secret scimtoken.Secret) error {
			given++
			if name != token || secret.Reveal() != "s" {
				return errors.New("another token was handed over")
			}
			return nil
		})
		if err == nil && given != 1 {
			return fmt.Errorf("handed over %d times", given)
		}
		return err
	}
}

func grantSyncer(suffix, path string) *method {
	return &method{name: "scimtenant.OrganizationClient.GrantSyncer" + suffix, verb: "POST", path: path, wrong: noPolicyJSON,
		prepare: at(withTenant, func(ctx context.Context, c *clients) error {
			return c.organization.GrantSyncer(ctx, organization, agent)
		}),
		state: policyState("organizations/" + organization), states: map[string]string{"=": "none", "+": scimtenant.SyncerRole + " serviceAccount:" + agent}}
}

func createToken(suffix, verb, path string, req scimtoken.CreateRequest, made string) *method {
	return &method{name: "scimtoken.Client.Create" + suffix, verb: verb, path: path, wrong: tokenJSON,
		prepare: at(withTenant, func(ctx context.Context, c *clients) error {
			got, secret, err := c.tokens.Create(ctx, req)
			if (err == nil) == secret.IsZero() || err == nil && (got.State != iamscim.StateActive || !strings.HasPrefix(secret.Reveal(), "fake-")) {
				return fmt.Errorf("Create = %+v, a secret: %v, %w", got, !secret.IsZero(), err)
			}
			return err
		}), state: tokenState, states: map[string]string{"=": "", "+": made, "orphan": made, "swapped": made + ", 1 chosen DELETED"}}
}
