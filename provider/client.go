package provider

import (
	"context"
	"fmt"
	"iter"

	"google.golang.org/api/iam/v1"
	"google.golang.org/api/option"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/internal/gapi"
)

// Client reads workforce pools and manages their providers. Make one with
// [NewClient]; it is safe for concurrent use and needs no closing.
type Client struct {
	conn       *gapi.Conn
	pools      *iam.LocationsWorkforcePoolsService
	providers  *iam.LocationsWorkforcePoolsProvidersService
	operations *iam.LocationsWorkforcePoolsProvidersOperationsService

	pool     *gapi.Resource[PoolName, iam.WorkforcePool, Pool]
	provider *gapi.Resource[Name, iam.WorkforcePoolProvider, Provider]
}

// NewClient returns a client for the IAM API. Without options it uses
// Application Default Credentials. It makes no request.
func NewClient(ctx context.Context, opts ...option.ClientOption) (*Client, error) {
	conn, err := gapi.Dial(ctx, gapi.IAM, opts)
	if err != nil {
		return nil, fmt.Errorf("provider: new client: %w", err)
	}
	svc, err := iam.NewService(ctx, conn.Options()...)
	if err != nil {
		return nil, fmt.Errorf("provider: new client: %w", err)
	}
	pools := svc.Locations.WorkforcePools
	return &Client{
		conn: conn, pools: pools, providers: pools.Providers, operations: pools.Providers.Operations,
		pool: &gapi.Resource[PoolName, iam.WorkforcePool, Pool]{
			Conn: conn, From: poolFromAPI,
			NameOf: func(p *iam.WorkforcePool) string { return p.Name },
			Getter: func(name string) func(context.Context) (*iam.WorkforcePool, error) { return gapi.Do(pools.Get(name)) },
		},
		provider: &gapi.Resource[Name, iam.WorkforcePoolProvider, Provider]{
			Conn: conn, From: fromAPI,
			NameOf: func(p *iam.WorkforcePoolProvider) string { return p.Name },
			Getter: func(name string) func(context.Context) (*iam.WorkforcePoolProvider, error) {
				return gapi.Do(pools.Providers.Get(name))
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
//	provider.NewClient(ctx, provider.WithRetry(iamscim.RetryPolicy{Budget: time.Minute}))
//
// Without it a client has the default policy. The last one given counts.
func WithRetry(p iamscim.RetryPolicy) option.ClientOption { return gapi.WithRetry(p) }

// Create creates a provider and returns it as it is once the operation is done
// and the provider can be read. The caller needs
// iam.workforcePoolProviders.create on the organization.
//
//	POST /v1/locations/LOCATION/workforcePools/POOL/providers
//
// A reply that is lost is settled: if the provider then exists as requested,
// it is returned. Errors: [iamscim.ErrInvalidArgument] with every fault,
// [iamscim.ErrAlreadyExists] (a deleted provider keeps its ID for 30 days),
// [ErrUsageConflict], [iamscim.ErrOutcomeUnknown], [iamscim.ErrNotVisible]; an
// [*OperationError] if ctx ends while the operation runs.
func (c *Client) Create(ctx context.Context, req CreateRequest) (*Provider, error) {
	c = c.made()
	const op = "provider: create"
	if err := req.validate(op); err != nil {
		return nil, err
	}
	call := c.providers.Create(req.Name.Pool().String(), req.toAPI()).WorkforcePoolProviderId(req.Name.ID())
	return c.write(ctx, op, req.Name, change{
		do: gapi.Do(call), secrets: req.secrets(), explain: c.explainCreate(req),
		settle: c.settle(op, req.Name, req.made(op)), seen: inState(iamscim.StateActive),
	})
}

// Get reads a provider. A soft-deleted provider is returned with StateDeleted
// and its purge time.
//
//	GET /v1/locations/LOCATION/workforcePools/POOL/providers/PROVIDER
//
// Errors: [iamscim.ErrNotFound] and those of every call.
func (c *Client) Get(ctx context.Context, name Name) (*Provider, error) {
	c = c.made()
	return c.provider.Get(ctx, "provider: get", name)
}

// List iterates over the providers of a pool, fetching pages of 100 as it
// goes. The sequence can be ranged over again and ends after its first error.
//
//	GET /v1/locations/LOCATION/workforcePools/POOL/providers
func (c *Client) List(ctx context.Context, parent PoolName, opts iamscim.ListOptions) iter.Seq2[*Provider, error] {
	c = c.made()
	page := func(r *iam.ListWorkforcePoolProvidersResponse) ([]*iam.WorkforcePoolProvider, string) {
		return r.WorkforcePoolProviders, r.NextPageToken
	}
	return gapi.List(ctx, c.provider, "provider: list", parent, opts, c.providers.List, page, func(p *Provider) PoolName { return p.Name.Pool() })
}

// Update changes the fields that are set in req and returns the provider as
// the service then has it.
//
//	PATCH /v1/locations/LOCATION/workforcePools/POOL/providers/PROVIDER
//
// Errors: [iamscim.ErrNothingToUpdate], [iamscim.ErrInvalidArgument],
// [iamscim.ErrNotFound], [ErrUsageConflict], [iamscim.ErrOutcomeUnknown],
// [iamscim.ErrNotVisible]; an [*OperationError] if ctx ends while the operation
// runs.
func (c *Client) Update(ctx context.Context, req UpdateRequest) (*Provider, error) {
	c = c.made()
	return c.update(ctx, "provider: update", req)
}

// SetSCIMUsage changes what the provider takes from its SCIM tenant. It takes
// effect at once: a provider on SCIM ignores the groups in the token, so users
// lose their groups unless the directory has arrived before. Only one provider
// of a pool can use SCIM.
//
//	PATCH /v1/locations/LOCATION/workforcePools/POOL/providers/PROVIDER
//
// Errors: those of [Client.Update].
func (c *Client) SetSCIMUsage(ctx context.Context, name Name, usage iamscim.SCIMUsage) (*Provider, error) {
	c = c.made()
	return c.update(ctx, "provider: set SCIM usage", UpdateRequest{Name: name, SCIMUsage: &usage})
}

func (c *Client) update(ctx context.Context, op string, req UpdateRequest) (*Provider, error) {
	if err := req.validate(op); err != nil {
		return nil, err
	}
	body, mask := req.toAPI()
	return c.write(ctx, op, req.Name, change{
		do: gapi.Do(c.providers.Patch(req.Name.String(), body).UpdateMask(mask)), secrets: req.secrets(),
		explain: c.explain(req.Name, value(req.SCIMUsage)), settle: c.settleUpdate(op, req), seen: req.shown,
	})
}

// Delete soft-deletes a provider and returns it in [iamscim.StateDeleted]: its
// users cannot sign in, and for 30 days it can be undeleted and its ID cannot
// be used again.
//
//	DELETE /v1/locations/LOCATION/workforcePools/POOL/providers/PROVIDER
func (c *Client) Delete(ctx context.Context, name Name) (*Provider, error) {
	c = c.made()
	return c.transition(ctx, "provider: delete", name, iamscim.StateDeleted, nil, gapi.Do(c.providers.Delete(name.String())))
}

// Undelete restores a soft-deleted provider.
//
//	POST /v1/locations/LOCATION/workforcePools/POOL/providers/PROVIDER:undelete
//
// Errors: [iamscim.ErrNotFound], [iamscim.ErrFailedPrecondition] for a provider
// that is active, [ErrUsageConflict] if it uses SCIM and meanwhile another does.
func (c *Client) Undelete(ctx context.Context, name Name) (*Provider, error) {
	c = c.made()
	call := c.providers.Undelete(name.String(), &iam.UndeleteWorkforcePoolProviderRequest{})
	return c.transition(ctx, "provider: undelete", name, iamscim.StateActive, c.explainUndelete(name), gapi.Do(call))
}
