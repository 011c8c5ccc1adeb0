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

// pageSize is the most the service returns on one page of tenants.
const pageSize = 100

// Client manages SCIM tenants. Make one with [NewClient]; it is safe for
// concurrent use and needs no closing.
type Client struct {
	conn      *gapi.Conn
	tenants   *iam.LocationsWorkforcePoolsProvidersScimTenantsService
	providers *iam.LocationsWorkforcePoolsProvidersService
}

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
	return &Client{conn: conn, tenants: providers.ScimTenants, providers: providers}, nil
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
	const op = "scimtenant: create"
	name := req.Name
	if err := req.validate(op); err != nil {
		return nil, err
	}
	call := c.tenants.Create(name.Provider().String(), &iam.WorkforcePoolProviderScimTenant{
		DisplayName: req.DisplayName, Description: req.Description, ClaimMapping: req.ClaimMapping.Map(),
	}).WorkforcePoolProviderScimTenantId(name.ID())
	_, err := c.write(ctx, gapi.Request[iam.WorkforcePoolProviderScimTenant]{
		Op: op, Resource: name.String(),
		Do: func(ctx context.Context) (*iam.WorkforcePoolProviderScimTenant, error) {
			return call.Context(ctx).Do()
		},
		Settle: c.settle(op, name, func(got *Tenant) (bool, error) {
			difference := req.difference(got)
			if difference == "" {
				return true, nil
			}
			return true, &iamscim.Error{
				Op: op, Resource: name.String(), Kind: iamscim.ErrAlreadyExists,
				Remedy: "use the tenant that is there, or delete it first",
				Err:    errors.New("a tenant of this name exists and differs: " + difference),
			}
		}),
		Explain: c.explain(name),
	})
	if err != nil {
		return nil, err
	}
	return gapi.Visible(ctx, c.conn, op, name.String(), func(ctx context.Context) (*Tenant, error) { return c.get(ctx, op, name) }, nil)
}

// Get reads a tenant. A soft-deleted tenant is returned with StateDeleted and
// its purge time.
//
//	GET /v1/locations/LOCATION/workforcePools/POOL/providers/PROVIDER/scimTenants/TENANT
//
// Errors: [iamscim.ErrNotFound] and those of every call.
func (c *Client) Get(ctx context.Context, name Name) (*Tenant, error) {
	return c.get(ctx, "scimtenant: get", name)
}

func (c *Client) get(ctx context.Context, op string, name Name) (*Tenant, error) {
	got, err := c.read(ctx, op, name)
	if err != nil {
		return nil, err
	}
	return convert(op, got)
}

func (c *Client) read(ctx context.Context, op string, name Name) (*iam.WorkforcePoolProviderScimTenant, error) {
	if name.IsZero() {
		return nil, required(op, "name")
	}
	resource := name.String()
	call := c.tenants.Get(resource)
	return gapi.Call(ctx, c.conn, gapi.Request[iam.WorkforcePoolProviderScimTenant]{
		Op: op, Resource: resource,
		Do: func(ctx context.Context) (*iam.WorkforcePoolProviderScimTenant, error) {
			return call.Context(ctx).Do()
		},
		Accept: gapi.Named(resource, nameOf),
	})
}

// List iterates over the tenants of a provider, fetching pages of 100 as it
// goes. The sequence can be ranged over again and ends after its first error.
//
//	GET /v1/locations/LOCATION/workforcePools/POOL/providers/PROVIDER/scimTenants
func (c *Client) List(ctx context.Context, parent provider.Name, opts iamscim.ListOptions) iter.Seq2[*Tenant, error] {
	const op = "scimtenant: list"
	resource := parent.String()
	fetch := func(ctx context.Context, token string) (*gapi.Page[*iam.WorkforcePoolProviderScimTenant], error) {
		if parent.IsZero() {
			return nil, required(op, "parent")
		}
		call := c.tenants.List(resource).PageSize(pageSize).PageToken(token).ShowDeleted(opts.ShowDeleted)
		got, err := gapi.Call(ctx, c.conn, gapi.Request[iam.ListWorkforcePoolProviderScimTenantsResponse]{
			Op: op, Resource: resource,
			Do: func(ctx context.Context) (*iam.ListWorkforcePoolProviderScimTenantsResponse, error) {
				return call.Context(ctx).Do()
			},
		})
		if err != nil {
			return nil, err
		}
		return &gapi.Page[*iam.WorkforcePoolProviderScimTenant]{Items: got.WorkforcePoolProviderScimTenants, Next: got.NextPageToken}, nil
	}
	return gapi.List(ctx, op, resource, fetch, gapi.In(parent, func(t *Tenant) provider.Name { return t.Name.Provider() }, fromAPI))
}

// Update changes the fields that are set in req and returns the tenant as the
// service then has it.
//
//	PATCH /v1/locations/LOCATION/workforcePools/POOL/providers/PROVIDER/scimTenants/TENANT
//
// Errors: [iamscim.ErrNothingToUpdate], [iamscim.ErrInvalidArgument],
// [iamscim.ErrNotFound].
func (c *Client) Update(ctx context.Context, req UpdateRequest) (*Tenant, error) {
	const op = "scimtenant: update"
	name := req.Name
	if err := req.validate(op); err != nil {
		return nil, err
	}
	body, mask := req.toAPI()
	call := c.tenants.Patch(name.String(), body).UpdateMask(mask)
	return c.write(ctx, gapi.Request[iam.WorkforcePoolProviderScimTenant]{
		Op: op, Resource: name.String(),
		Do: func(ctx context.Context) (*iam.WorkforcePoolProviderScimTenant, error) {
			return call.Context(ctx).Do()
		},
		Settle: c.settle(op, name, func(got *Tenant) (bool, error) { return req.applied(got), nil }),
	})
}

// Delete soft-deletes a tenant and returns it in [iamscim.StateDeleted]. It can
// be undeleted for 30 days, does nothing until then, and blocks every other
// tenant of its pool: [Client.HardDelete] frees the pool.
//
//	DELETE /v1/locations/LOCATION/workforcePools/POOL/providers/PROVIDER/scimTenants/TENANT
func (c *Client) Delete(ctx context.Context, name Name) (*Tenant, error) {
	const op = "scimtenant: delete"
	if name.IsZero() {
		return nil, required(op, "name")
	}
	call := c.tenants.Delete(name.String())
	return c.write(ctx, gapi.Request[iam.WorkforcePoolProviderScimTenant]{
		Op: op, Resource: name.String(),
		Do: func(ctx context.Context) (*iam.WorkforcePoolProviderScimTenant, error) {
			return call.Context(ctx).Do()
		},
		Settle: c.settle(op, name, inState(iamscim.StateDeleted)),
	})
}

// HardDelete removes a tenant for good, an active or a soft-deleted one: its
// users, groups and tokens are gone at once and the pool is free for another
// tenant. Set the provider's usage to [iamscim.SCIMUsageNone] first, or its
// users lose their groups.
//
//	DELETE /v1/locations/LOCATION/workforcePools/POOL/providers/PROVIDER/scimTenants/TENANT?hardDelete=true
func (c *Client) HardDelete(ctx context.Context, name Name) error {
	return c.hardDelete(ctx, "scimtenant: hard delete", name)
}

func (c *Client) hardDelete(ctx context.Context, op string, name Name) error {
	if name.IsZero() {
		return required(op, "name")
	}
	call := c.tenants.Delete(name.String()).HardDelete(true)
	_, err := gapi.Call(ctx, c.conn, gapi.Request[iam.WorkforcePoolProviderScimTenant]{
		Op: op, Resource: name.String(),
		Do: func(ctx context.Context) (*iam.WorkforcePoolProviderScimTenant, error) {
			return call.Context(ctx).Do()
		},
		// A reply without the tenant's name is not taken for a deletion: the
		// repetition finds nothing then.
		Accept: gapi.Named(name.String(), nameOf),
		Settle: func(ctx context.Context, _ error) (*iam.WorkforcePoolProviderScimTenant, bool, error) {
			_, err := c.read(ctx, op, name)
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
	const op = "scimtenant: undelete"
	if name.IsZero() {
		return nil, required(op, "name")
	}
	call := c.tenants.Undelete(name.String(), &iam.UndeleteWorkforcePoolProviderScimTenantRequest{})
	return c.write(ctx, gapi.Request[iam.WorkforcePoolProviderScimTenant]{
		Op: op, Resource: name.String(),
		Do: func(ctx context.Context) (*iam.WorkforcePoolProviderScimTenant, error) {
			return call.Context(ctx).Do()
		},
		Settle: c.settle(op, name, inState(iamscim.StateActive)),
	})
}

// write makes a call that replies with the tenant it is about.
func (c *Client) write(ctx context.Context, r gapi.Request[iam.WorkforcePoolProviderScimTenant]) (*Tenant, error) {
	r.Accept = gapi.Named(r.Resource, nameOf)
	got, err := gapi.Call(ctx, c.conn, r)
	if err != nil {
		return nil, err
	}
	return convert(r.Op, got)
}

// settle returns a Settle function that reads the tenant back and lets made
// say whether it shows what the lost attempt did. A tenant that is not there
// shows that it did nothing.
func (c *Client) settle(op string, name Name, made func(*Tenant) (bool, error)) func(context.Context, error) (*iam.WorkforcePoolProviderScimTenant, bool, error) {
	return func(ctx context.Context, refusal error) (*iam.WorkforcePoolProviderScimTenant, bool, error) {
		read := func(ctx context.Context) (*iam.WorkforcePoolProviderScimTenant, error) { return c.read(ctx, op, name) }
		return gapi.Settled(ctx, c.conn, refusal, read, func(got *iam.WorkforcePoolProviderScimTenant) (bool, error) {
			t, err := convert(op, got)
			if err != nil {
				return true, err
			}
			return made(t)
		})
	}
}

func inState(state iamscim.State) func(*Tenant) (bool, error) {
	return func(t *Tenant) (bool, error) { return t.State == state, nil }
}

func convert(op string, got *iam.WorkforcePoolProviderScimTenant) (*Tenant, error) {
	t, err := fromAPI(got)
	if err != nil {
		return nil, gapi.BadReply(op, got.Name, err)
	}
	return t, nil
}

func nameOf(t *iam.WorkforcePoolProviderScimTenant) string { return t.Name }

func required(op, field string) error {
	return gapi.Invalid(op, "", iamscim.Violation{Field: field, Rule: "required"})
}
