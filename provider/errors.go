package provider

import (
	"context"
	"errors"
	"fmt"

	"github.com/iamscim/iamscim"
)

// ErrUsageConflict: the provider cannot use SCIM because another provider of
// its pool does, or because it has attribute clients that exclude it. The
// message names what is in the way.
var ErrUsageConflict = errors.New("SCIM usage conflicts")

// OperationError is the error of a change with a long-running operation that wasn't
// seen to succeed. It failed, or ctx ended first: then [Client.Wait] with Name goes
// on waiting.
type OperationError struct {
	Name OperationName
	Err  error
}

// Error returns the cause's text, which names the operation.
func (e *OperationError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *OperationError) Unwrap() error { return e.Err }

const remedyDiffers = "choose another id, or update the provider that is there"

// explainCreate says in what the provider that is there differs, and otherwise what
// explain says.
func (c *Client) explainCreate(req CreateRequest) func(context.Context, *iamscim.Error) {
	explain := c.explain(req.Name, req.SCIMUsage)
	return func(ctx context.Context, e *iamscim.Error) {
		explain(ctx, e)
		if !errors.Is(e.Kind, iamscim.ErrAlreadyExists) {
			return
		}
		got, err := c.provider.Get(ctx, e.Op, req.Name)
		if err != nil {
			return
		}
		e.Differs = req.difference(got)
		switch {
		case got.State == iamscim.StateDeleted:
			e.Remedy = fmt.Sprintf("the provider is soft-deleted and is purged at %s: undelete it, or choose another id", got.ExpireTime.UTC().Format("2006-01-02 15:04 MST"))
		case e.Differs == nil:
			e.Remedy = "it is what was asked for, as far as can be read: use it"
		default:
			e.Remedy = remedyDiffers
		}
	}
}

// explain names what is in the way when the service refuses a provider that
// asks for SCIM. The service's status for it is not documented, so the pool is
// read: a bounded number of providers, the pool's maximum of 200.
func (c *Client) explain(name Name, usage iamscim.SCIMUsage) func(context.Context, *iamscim.Error) {
	return func(ctx context.Context, e *iamscim.Error) {
		switch {
		case errors.Is(e.Kind, iamscim.ErrAlreadyExists):
			e.Remedy = "the id is taken, perhaps by a provider deleted less than 30 days ago: get it, undelete it, or choose another id"
		case errors.Is(e.Kind, iamscim.ErrInvalidArgument), errors.Is(e.Kind, iamscim.ErrFailedPrecondition):
		default:
			return
		}
		if !usage.Enabled() {
			return
		}
		for other, err := range c.List(ctx, name.Pool(), iamscim.ListOptions{}) {
			if err != nil {
				return
			}
			if other.Name == name {
				if other.ExtendedAttributes != nil {
					e.Kind = ErrUsageConflict
					e.Remedy = "remove ExtendedAttributes from the provider first: SCIM excludes it"
					return
				}
				continue
			}
			if other.SCIMUsage.Enabled() {
				e.Kind = ErrUsageConflict
				e.Remedy = fmt.Sprintf("only one provider of a pool can use SCIM: %s does (%s); set its usage to %s first", other.Name, other.SCIMUsage, iamscim.SCIMUsageNone)
				return
			}
		}
	}
}

// explainUndelete does the same for a deleted provider that uses SCIM.
func (c *Client) explainUndelete(name Name) func(context.Context, *iamscim.Error) {
	return func(ctx context.Context, e *iamscim.Error) {
		if !errors.Is(e.Kind, iamscim.ErrInvalidArgument) && !errors.Is(e.Kind, iamscim.ErrFailedPrecondition) {
			return
		}
		if own, err := c.provider.Get(ctx, e.Op, name); err == nil && own.State == iamscim.StateDeleted {
			c.explain(name, own.SCIMUsage)(ctx, e)
		}
	}
}
