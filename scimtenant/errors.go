package scimtenant

import (
	"context"
	"errors"
	"fmt"

	"google.golang.org/api/iam/v1"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/internal/gapi"
	"github.com/iamscim/iamscim/provider"
)

// ErrPoolOccupied: the workforce pool has a SCIM tenant already, perhaps a
// soft-deleted one, and can have only one. The message names it where it could
// be found.
var ErrPoolOccupied = errors.New("the workforce pool has a SCIM tenant already")

const remedyDiffers = "use the tenant that is there, or replace it for another claim mapping: a pool has one tenant"

// maxSearched bounds the providers that are searched for the tenant in the way. A
// pool can have 200.
const maxSearched = 20

// explain names what is in the way when the service refuses a new tenant. The
// status it answers with is not documented, so the pool is read: the provider
// itself first, then others.
func (c *Client) explain(req CreateRequest) func(context.Context, *iamscim.Error) {
	name := req.Name
	return func(ctx context.Context, e *iamscim.Error) {
		if errors.Is(e.Kind, iamscim.ErrNotFound) {
			e.Remedy = fmt.Sprintf("check that the provider %s exists; one that was just created may not be visible yet", name.Provider())
			return
		}
		if !errors.Is(e.Kind, iamscim.ErrAlreadyExists) && !errors.Is(e.Kind, iamscim.ErrFailedPrecondition) && !errors.Is(e.Kind, iamscim.ErrInvalidArgument) {
			return
		}
		if got, err := c.tenant.Get(ctx, e.Op, name); err == nil {
			e.Differs = req.difference(got)
			if got.State == iamscim.StateDeleted {
				e.Kind = iamscim.ErrAlreadyExists
				e.Remedy = fmt.Sprintf("the tenant is soft-deleted and is purged at %s: undelete it, or hard-delete it and create it again", got.PurgeTime.UTC().Format("2006-01-02 15:04 MST"))
			} else if errors.Is(e.Kind, iamscim.ErrAlreadyExists) {
				e.Remedy = remedyDiffers
				if e.Differs == nil {
					e.Remedy = "it is what was asked for: use it, as Ensure does"
				}
			}
			return
		}
		occupant, searched, complete := c.occupant(ctx, name.Provider())
		switch {
		case occupant != nil && occupant.State == iamscim.StateDeleted:
			e.Kind = ErrPoolOccupied
			e.Remedy = fmt.Sprintf("%s is soft-deleted and blocks the pool until %s: undelete it to use it, or hard-delete it to free the pool", occupant.Name, occupant.PurgeTime.UTC().Format("2006-01-02 15:04 MST"))
		case occupant != nil:
			e.Kind = ErrPoolOccupied
			e.Remedy = fmt.Sprintf("use %s, or hard-delete it to free the pool", occupant.Name)
		case errors.Is(e.Kind, iamscim.ErrAlreadyExists) && complete:
			e.Remedy = fmt.Sprintf("no tenant was found in the pool's %d providers; it may not be visible yet: repeat the call in two minutes", searched)
		case errors.Is(e.Kind, iamscim.ErrAlreadyExists):
			e.Kind = ErrPoolOccupied
			e.Remedy = fmt.Sprintf("the tenant in the way was not found in the %d providers searched: list the tenants of the others, deleted ones included", searched)
		case errors.Is(e.Kind, iamscim.ErrFailedPrecondition) && !complete:
			e.Remedy = fmt.Sprintf("if the pool has a tenant, it is not in the %d providers searched: list the tenants of the others, deleted ones included", searched)
		}
	}
}

// occupant finds the tenant of the pool, deleted ones included. It reports how
// many providers it searched and whether those were all.
func (c *Client) occupant(ctx context.Context, own provider.Name) (found *Tenant, searched int, complete bool) {
	look := func(parent provider.Name) (*Tenant, bool) {
		searched++
		for t, err := range c.List(ctx, parent, iamscim.ListOptions{ShowDeleted: true}) {
			return t, err == nil
		}
		return nil, true
	}
	if t, ok := look(own); t != nil || !ok {
		return t, searched, ok
	}
	// A deleted provider can still have the tenant.
	call := c.providers.List(own.Pool().String()).PageSize(maxSearched).ShowDeleted(true)
	page, err := gapi.Call(ctx, c.conn, gapi.Request[iam.ListWorkforcePoolProvidersResponse]{
		Op: "scimtenant: find the pool's tenant", Resource: own.Pool().String(),
		Do: gapi.Do(call),
	})
	if err != nil {
		return nil, searched, false
	}
	complete = page.NextPageToken == ""
	for _, p := range page.WorkforcePoolProviders {
		parent, err := provider.ParseName(p.Name)
		if err != nil || parent == own {
			continue
		}
		t, ok := look(parent)
		if t != nil {
			return t, searched, true
		}
		complete = complete && ok
	}
	return nil, searched, complete
}
