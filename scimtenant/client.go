package scimtenant

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"google.golang.org/api/iam/v1"
	"google.golang.org/api/option"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/internal/gapi"
	"github.com/iamscim/iamscim/provider"
)

// Client manages SCIM tenants. Make one with [NewClient]; it is safe for
// concurrent use and needs no closing.
type Client struct {
	conn      *gapi.Conn
	tenants   *iam.LocationsWorkforcePoolsProvidersScimTenantsService
	providers *iam.LocationsWorkforcePoolsProvidersService

	tenant *gapi.Resource[Name, iam.WorkforcePoolProviderScimTenant, Tenant]
	parent *gapi.Resource[provider.Name, iam.WorkforcePoolProvider, parent]
}

// change is a write of a tenant, which the service answers with the tenant.
type change = gapi.Change[iam.WorkforcePoolProviderScimTenant, Tenant]

// NewClient returns a client for the IAM API. Without options it uses
// Application Default Credentials. It makes no request.
func NewClient(ctx context.Context, opts ...option.ClientOption) (*Client, error) {
	conn, err := gapi.Dial(ctx, gapi.IAM, opts)
	if err != nil {
		return nil, fmt.Errorf("scimtenant: new client: %w", err)
	}
	svc, err := iam.NewService(ctx, conn.Options()...)
	if err != nil {
		return nil, fmt.Errorf("scimtenant: new client: %w", err)
	}
	providers := svc.Locations.WorkforcePools.Providers
	return &Client{
		conn: conn, tenants: providers.ScimTenants, providers: providers,
		tenant: &gapi.Resource[Name, iam.WorkforcePoolProviderScimTenant, Tenant]{
			Conn: conn, From: fromAPI,
			NameOf: func(t *iam.WorkforcePoolProviderScimTenant) string { return t.Name },
			Getter: func(name string) func(context.Context) (*iam.WorkforcePoolProviderScimTenant, error) {
				return gapi.Do(providers.ScimTenants.Get(name))
			},
		},
		parent: &gapi.Resource[provider.Name, iam.WorkforcePoolProvider, parent]{
			Conn: conn, From: parentFromAPI,
			NameOf: func(p *iam.WorkforcePoolProvider) string { return p.Name },
			Getter: func(name string) func(context.Context) (*iam.WorkforcePoolProvider, error) {
				return gapi.Do(providers.Get(name))
			},
		},
	}, nil
}

// made returns c, or a client that refuses every call if no constructor made c.
func (c *Client) made() *Client {
	if c != nil && c.conn != nil {
		return c
	}
	unmade, _ := NewClient(context.Background(), gapi.Unmade()) // it dials nothing
	return unmade
}

// WithRetry is the option that gives a client its retry policy, beside the
// options of every Google client:
//
//	scimtenant.NewClient(ctx, scimtenant.WithRetry(iamscim.RetryPolicy{Budget: time.Minute}))
//
// Without it a client has the default policy. [NewOrganizationClient] takes it too. The last one given counts.
func WithRetry(p iamscim.RetryPolicy) option.ClientOption { return gapi.WithRetry(p) }

// Create creates a tenant and returns it once it can be read. The claim mapping
// is validated for req.Usage and sent in its canonical text; afterwards it can
// never be changed.
//
//	POST /v1/locations/LOCATION/workforcePools/POOL/providers/PROVIDER/scimTenants
//
// A reply that is lost is settled: if the tenant then exists as requested, it is
// returned. Errors: [iamscim.ErrInvalidArgument] with every fault,
// [iamscim.ErrAlreadyExists] with the difference, [ErrPoolOccupied] with the
// tenant that is in the way, [iamscim.ErrOutcomeUnknown], [iamscim.ErrNotVisible].
func (c *Client) Create(ctx context.Context, req CreateRequest) (*Tenant, error) {
	c = c.made()
	const op = "scimtenant: create"
	if err := req.validate(op); err != nil {
		return nil, err
	}
	call := c.tenants.Create(req.Name.Provider().String(), req.toAPI()).WorkforcePoolProviderScimTenantId(req.Name.ID())
	if _, err := c.tenant.Write(ctx, op, req.Name, change{Do: gapi.Do(call), Made: req.made(op), Explain: c.explain(req)}); err != nil {
		return nil, err
	}
	return c.tenant.Visible(ctx, op, req.Name, nil)
}

// Get reads a tenant. A soft-deleted tenant is returned with StateDeleted and
// its purge time.
//
//	GET /v1/locations/LOCATION/workforcePools/POOL/providers/PROVIDER/scimTenants/TENANT
//
// Errors: [iamscim.ErrNotFound] and those of every call.
func (c *Client) Get(ctx context.Context, name Name) (*Tenant, error) {
	c = c.made()
	return c.tenant.Get(ctx, "scimtenant: get", name)
}

// List iterates over the tenants of a provider, fetching pages of 100 as it
// goes. The sequence can be ranged over again and ends after its first error.
//
//	GET /v1/locations/LOCATION/workforcePools/POOL/providers/PROVIDER/scimTenants
func (c *Client) List(ctx context.Context, parent provider.Name, opts iamscim.ListOptions) iter.Seq2[*Tenant, error] {
	c = c.made()
	page := func(r *iam.ListWorkforcePoolProviderScimTenantsResponse) ([]*iam.WorkforcePoolProviderScimTenant, string) {
		return r.WorkforcePoolProviderScimTenants, r.NextPageToken
	}
	return gapi.List(ctx, c.tenant, "scimtenant: list", parent, opts, c.tenants.List, page, func(t *Tenant) provider.Name { return t.Name.Provider() })
}

// Update changes the fields that are set in req and returns the tenant as the
// service then has it.
//
//	PATCH /v1/locations/LOCATION/workforcePools/POOL/providers/PROVIDER/scimTenants/TENANT
//
// Errors: [iamscim.ErrNothingToUpdate], [iamscim.ErrInvalidArgument],
// [iamscim.ErrNotFound].
func (c *Client) Update(ctx context.Context, req UpdateRequest) (*Tenant, error) {
	c = c.made()
	const op = "scimtenant: update"
	if err := req.validate(op); err != nil {
		return nil, err
	}
	body, mask := req.toAPI()
	call := c.tenants.Patch(req.Name.String(), body).UpdateMask(mask)
	return c.tenant.Write(ctx, op, req.Name, change{Do: gapi.Do(call), Made: req.made})
}

// Delete soft-deletes a tenant and returns it in [iamscim.StateDeleted]. It can
// be undeleted for 30 days, does nothing until then, and blocks every other
// tenant of its pool: [Client.HardDelete] frees the pool.
//
//	DELETE /v1/locations/LOCATION/workforcePools/POOL/providers/PROVIDER/scimTenants/TENANT
func (c *Client) Delete(ctx context.Context, name Name) (*Tenant, error) {
	c = c.made()
	call := c.tenants.Delete(name.String())
	return c.tenant.Write(ctx, "scimtenant: delete", name, change{Do: gapi.Do(call), Made: inState(iamscim.StateDeleted)})
}

// HardDelete removes a tenant for good, an active or a soft-deleted one: its
// users, groups and tokens are gone at once and the pool is free for another
// tenant.
//
//	GET /v1/locations/LOCATION/workforcePools/POOL/providers/PROVIDER
//	DELETE /v1/locations/LOCATION/workforcePools/POOL/providers/PROVIDER/scimTenants/TENANT?hardDelete=true
//
// Errors: [iamscim.ErrNotFound]; [iamscim.ErrFailedPrecondition] while the provider
// uses SCIM, unless WhileInUse is set.
func (c *Client) HardDelete(ctx context.Context, name Name, opts HardDeleteOptions) error {
	c = c.made()
	const op = "scimtenant: hard delete"
	if name.IsZero() {
		return gapi.Required(op, "name")
	}
	if !opts.WhileInUse {
		if err := c.unused(ctx, op, name); err != nil {
			return err
		}
	}
	return c.hardDelete(ctx, op, name)
}

// HardDeleteOptions say how to delete a tenant for good.
type HardDeleteOptions struct {
	// WhileInUse deletes the tenant although its provider uses SCIM. Its users then
	// sign in without their groups, or, with [iamscim.SCIMUsageUsersAndGroups], not
	// at all.
	WhileInUse bool
}

// unused refuses a tenant that its provider uses.
func (c *Client) unused(ctx context.Context, op string, name Name) error {
	got, err := c.parent.Get(ctx, op, name.Provider())
	if err != nil || !got.usage.Enabled() {
		return err
	}
	return &iamscim.Error{
		Op: op, Resource: name.String(), Kind: iamscim.ErrFailedPrecondition,
		Err:    fmt.Errorf("the provider %s uses SCIM (%s)", got.name, got.usage),
		Remedy: fmt.Sprintf("set its usage to %s first, or set WhileInUse: users lose their groups", iamscim.SCIMUsageNone),
	}
}

func (c *Client) hardDelete(ctx context.Context, op string, name Name) error {
	_, err := gapi.Call(ctx, c.conn, gapi.Request[iam.WorkforcePoolProviderScimTenant]{
		Op: op, Resource: name.String(), Do: gapi.Do(c.tenants.Delete(name.String()).HardDelete(true)),
		// A reply without the tenant's name is not taken for a deletion: the
		// repetition finds nothing then.
		Accept: gapi.Named(name.String(), c.tenant.NameOf),
		Settle: func(ctx context.Context, _ error) (*iam.WorkforcePoolProviderScimTenant, bool, error) {
			_, err := c.tenant.Get(ctx, op, name)
			if errors.Is(err, iamscim.ErrNotFound) {
				return nil, true, nil
			}
			return nil, false, err
		},
	})
	return err
}

// Undelete restores a soft-deleted tenant with its users, groups and tokens.
//
//	POST /v1/locations/LOCATION/workforcePools/POOL/providers/PROVIDER/scimTenants/TENANT:undelete
func (c *Client) Undelete(ctx context.Context, name Name) (*Tenant, error) {
	c = c.made()
	call := c.tenants.Undelete(name.String(), &iam.UndeleteWorkforcePoolProviderScimTenantRequest{})
	return c.tenant.Write(ctx, "scimtenant: undelete", name, change{Do: gapi.Do(call), Made: inState(iamscim.StateActive)})
}

func inState(state iamscim.State) func(*Tenant) (bool, error) {
	return func(t *Tenant) (bool, error) { return t.State == state, nil }
}
