package provider

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"google.golang.org/api/iam/v1"
	"google.golang.org/api/option"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/internal/gapi"
)

// pageSize is the most the service returns on one page of providers.
const pageSize = 100

// Client reads workforce pools and manages their providers. Make one with
// [NewClient]; it is safe for concurrent use and needs no closing.
type Client struct {
	conn       *gapi.Conn
	pools      *iam.LocationsWorkforcePoolsService
	providers  *iam.LocationsWorkforcePoolsProvidersService
	operations *iam.LocationsWorkforcePoolsProvidersOperationsService
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
	return &Client{conn: conn, pools: pools, providers: pools.Providers, operations: pools.Providers.Operations}, nil
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
// [iamscim.ErrAlreadyExists] (a deleted provider keeps its id for 30 days),
// [ErrUsageConflict], [iamscim.ErrOutcomeUnknown], [iamscim.ErrNotVisible]; an
// [*OperationError] if ctx ends while the operation runs.
func (c *Client) Create(ctx context.Context, req CreateRequest) (*Provider, error) {
	const op = "provider: create"
	name := req.Name
	if err := req.validate(op); err != nil {
		return nil, err
	}
	call := c.providers.Create(name.Pool().String(), req.toAPI()).WorkforcePoolProviderId(name.ID())
	return c.write(ctx, name, gapi.Request[iam.Operation]{
		Op: op, Resource: name.String(),
		Do:      func(ctx context.Context) (*iam.Operation, error) { return call.Context(ctx).Do() },
		Secrets: req.secrets(),
		Settle: c.settle(op, name, func(got *Provider) (bool, error) {
			difference := req.difference(got)
			if difference == "" {
				return true, nil
			}
			return true, &iamscim.Error{
				Op: op, Resource: name.String(), Kind: iamscim.ErrAlreadyExists,
				Remedy: "choose another id, or update the provider that is there",
				Err:    errors.New("a provider of this name exists and differs: " + difference),
			}
		}),
		Explain: c.explain(name, req.SCIMUsage),
	}, func(got *Provider) bool { return got.State == iamscim.StateActive })
}

// Get reads a provider. A soft-deleted provider is returned with StateDeleted
// and its purge time.
//
//	GET /v1/locations/LOCATION/workforcePools/POOL/providers/PROVIDER
//
// Errors: [iamscim.ErrNotFound] and those of every call.
func (c *Client) Get(ctx context.Context, name Name) (*Provider, error) {
	return c.get(ctx, "provider: get", name)
}

func (c *Client) get(ctx context.Context, op string, name Name) (*Provider, error) {
	if name.IsZero() {
		return nil, gapi.Invalid(op, "", iamscim.Violation{Field: "name", Rule: "required"})
	}
	resource := name.String()
	call := c.providers.Get(resource)
	got, err := gapi.Call(ctx, c.conn, gapi.Request[iam.WorkforcePoolProvider]{
		Op: op, Resource: resource,
		Do:     func(ctx context.Context) (*iam.WorkforcePoolProvider, error) { return call.Context(ctx).Do() },
		Accept: gapi.Named(resource, func(p *iam.WorkforcePoolProvider) string { return p.Name }),
	})
	if err != nil {
		return nil, err
	}
	p, err := fromAPI(got)
	if err != nil {
		return nil, gapi.BadReply(op, resource, err)
	}
	return p, nil
}

// List iterates over the providers of a pool, fetching pages of 100 as it
// goes. The sequence can be ranged over again and ends after its first error.
//
//	GET /v1/locations/LOCATION/workforcePools/POOL/providers
func (c *Client) List(ctx context.Context, pool PoolName, opts iamscim.ListOptions) iter.Seq2[*Provider, error] {
	const op = "provider: list"
	resource := pool.String()
	fetch := func(ctx context.Context, token string) (*gapi.Page[*iam.WorkforcePoolProvider], error) {
		if pool.IsZero() {
			return nil, gapi.Invalid(op, "", iamscim.Violation{Field: "pool", Rule: "required"})
		}
		call := c.providers.List(resource).PageSize(pageSize).PageToken(token).ShowDeleted(opts.ShowDeleted)
		got, err := gapi.Call(ctx, c.conn, gapi.Request[iam.ListWorkforcePoolProvidersResponse]{
			Op: op, Resource: resource,
			Do: func(ctx context.Context) (*iam.ListWorkforcePoolProvidersResponse, error) {
				return call.Context(ctx).Do()
			},
		})
		if err != nil {
			return nil, err
		}
		return &gapi.Page[*iam.WorkforcePoolProvider]{Items: got.WorkforcePoolProviders, Next: got.NextPageToken}, nil
	}
	return gapi.List(ctx, op, resource, fetch, gapi.In(pool, func(p *Provider) PoolName { return p.Name.Pool() }, fromAPI))
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
	return c.update(ctx, "provider: set SCIM usage", UpdateRequest{Name: name, SCIMUsage: &usage})
}

func (c *Client) update(ctx context.Context, op string, req UpdateRequest) (*Provider, error) {
	name := req.Name
	if err := req.validate(op); err != nil {
		return nil, err
	}
	body, mask := req.toAPI()
	call := c.providers.Patch(name.String(), body).UpdateMask(mask)
	usage := iamscim.SCIMUsageNone
	if req.SCIMUsage != nil {
		usage = *req.SCIMUsage
	}
	return c.write(ctx, name, gapi.Request[iam.Operation]{
		Op: op, Resource: name.String(),
		Do:      func(ctx context.Context) (*iam.Operation, error) { return call.Context(ctx).Do() },
		Secrets: req.secrets(),
		Settle:  c.settleUpdate(op, req),
		Explain: c.explain(name, usage),
	}, req.shown)
}

// Delete soft-deletes a provider and returns it in [iamscim.StateDeleted]: its
// users cannot sign in, and for 30 days it can be undeleted and its id cannot
// be used again.
//
//	DELETE /v1/locations/LOCATION/workforcePools/POOL/providers/PROVIDER
func (c *Client) Delete(ctx context.Context, name Name) (*Provider, error) {
	call := c.providers.Delete(name.String())
	return c.transition(ctx, "provider: delete", name, iamscim.StateDeleted, nil,
		func(ctx context.Context) (*iam.Operation, error) { return call.Context(ctx).Do() })
}

// Undelete restores a soft-deleted provider.
//
//	POST /v1/locations/LOCATION/workforcePools/POOL/providers/PROVIDER:undelete
//
// Errors: [iamscim.ErrNotFound], [iamscim.ErrFailedPrecondition] for a provider
// that is active, [ErrUsageConflict] if it uses SCIM and meanwhile another does.
func (c *Client) Undelete(ctx context.Context, name Name) (*Provider, error) {
	call := c.providers.Undelete(name.String(), &iam.UndeleteWorkforcePoolProviderRequest{})
	return c.transition(ctx, "provider: undelete", name, iamscim.StateActive, c.explainUndelete(name),
		func(ctx context.Context) (*iam.Operation, error) { return call.Context(ctx).Do() })
}

// transition is a delete or an undelete: done when the provider is in state.
func (c *Client) transition(ctx context.Context, op string, name Name, state iamscim.State, explain func(context.Context, *iamscim.Error), do func(context.Context) (*iam.Operation, error)) (*Provider, error) {
	if name.IsZero() {
		return nil, gapi.Invalid(op, "", iamscim.Violation{Field: "name", Rule: "required"})
	}
	return c.write(ctx, name, gapi.Request[iam.Operation]{
		Op: op, Resource: name.String(), Do: do,
		Settle:  c.settle(op, name, func(got *Provider) (bool, error) { return got.State == state, nil }),
		Explain: explain,
	}, func(got *Provider) bool { return got.State == state })
}

// doneOperation stands for the operation of a lost reply that turned out to
// have done its work.
var doneOperation = &iam.Operation{Done: true}

// settle returns a Settle function that reads the provider back and lets made
// say whether it shows what the lost attempt did. A provider that is not there
// shows that it did nothing.
func (c *Client) settle(op string, name Name, made func(*Provider) (bool, error)) func(context.Context, error) (*iam.Operation, bool, error) {
	return func(ctx context.Context, refusal error) (*iam.Operation, bool, error) {
		_, decided, err := gapi.Settled(ctx, c.conn, refusal, func(ctx context.Context) (*Provider, error) { return c.get(ctx, op, name) }, made)
		return doneOperation, decided, err
	}
}

// settleUpdate is settle for an update. Where it sets a client secret, no
// reading can tell whether it was made.
func (c *Client) settleUpdate(op string, req UpdateRequest) func(context.Context, error) (*iam.Operation, bool, error) {
	if len(req.secrets()) > 0 {
		return func(context.Context, error) (*iam.Operation, bool, error) {
			return nil, false, errors.New("client secrets cannot be read back")
		}
	}
	return c.settle(op, req.Name, func(got *Provider) (bool, error) { return req.applied(got), nil })
}

// write makes a call that returns an operation, waits for the operation and
// reads the provider, which the operation does not carry, until it is as seen
// wants it.
func (c *Client) write(ctx context.Context, name Name, r gapi.Request[iam.Operation], seen func(*Provider) bool) (*Provider, error) {
	var begun OperationName
	r.Accept = func(o *iam.Operation) error {
		var err error
		if begun, err = ParseOperationName(o.Name); err != nil {
			return fmt.Errorf("the reply is no operation: %w", err)
		}
		if begun.pool != name.pool || begun.provider != name.provider {
			return fmt.Errorf("the reply is the operation %s on another resource", begun)
		}
		return nil
	}
	operation, err := gapi.Call(ctx, c.conn, r)
	if err != nil {
		return nil, err
	}
	if operation != doneOperation {
		if err := c.await(ctx, r.Op, begun, r.Secrets...); err != nil {
			return nil, &OperationError{Name: begun, Err: err}
		}
	}
	got, err := gapi.Visible(ctx, c.conn, r.Op, name.String(), func(ctx context.Context) (*Provider, error) { return c.get(ctx, r.Op, name) }, seen)
	if err != nil {
		return nil, err
	}
	return got, nil
}
