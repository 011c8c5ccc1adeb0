package scimtenant

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"google.golang.org/api/iam/v1"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/internal/gapi"
	"github.com/iamscim/iamscim/provider"
)

// sideBySide bounds the listings that InPool has under way.
const sideBySide = 10

// InPool returns the tenant of a pool. A pool has at most one, a soft-deleted
// one included. It reads the providers of the pool, deleted ones included, and
// then their tenants side by side.
//
//	GET /v1/locations/LOCATION/workforcePools/POOL/providers
//	GET /v1/locations/LOCATION/workforcePools/POOL/providers/PROVIDER/scimTenants
//
// Errors: [iamscim.ErrNotFound] if no provider has a tenant; the error of a
// listing that failed, if the tenant isn't in one of the others.
func (c *Client) InPool(ctx context.Context, pool provider.PoolName) (*Tenant, error) {
	c = c.made()
	const op = "scimtenant: find the pool's tenant"
	if pool.IsZero() {
		return nil, gapi.Required(op, "pool")
	}
	parents, err := c.providersOf(ctx, op, pool)
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var (
		wg    sync.WaitGroup
		mu    sync.Mutex
		found *Tenant
		errs  []error
		slots = make(chan struct{}, sideBySide)
	)
	for _, parent := range parents {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			for t, err := range c.List(ctx, parent, iamscim.ListOptions{ShowDeleted: true}) {
				mu.Lock()
				defer mu.Unlock()
				switch {
				case found != nil:
				case err != nil:
					errs = append(errs, err)
				default:
					found = t
					stop() // the others have none
				}
				return
			}
		})
	}
	wg.Wait()
	switch {
	case found != nil:
		return found, nil
	case errs != nil:
		return nil, errors.Join(errs...)
	}
	return nil, &iamscim.Error{
		Op: op, Resource: pool.String(), Kind: iamscim.ErrNotFound, Attempts: 1 + len(parents),
		Err: fmt.Errorf("none of the pool's %d providers has a tenant", len(parents)),
	}
}

// parent is what this package reads of a provider.
type parent struct {
	name  provider.Name
	usage iamscim.SCIMUsage
}

func parentFromAPI(p *iam.WorkforcePoolProvider) (*parent, error) {
	name, err := provider.ParseName(p.Name)
	if err != nil {
		return nil, err
	}
	return &parent{name: name, usage: iamscim.SCIMUsage(p.ScimUsage)}, nil
}

// providersOf lists the providers of a pool, deleted ones included: they keep
// their tenant.
func (c *Client) providersOf(ctx context.Context, op string, pool provider.PoolName) ([]provider.Name, error) {
	page := func(r *iam.ListWorkforcePoolProvidersResponse) ([]*iam.WorkforcePoolProvider, string) {
		return r.WorkforcePoolProviders, r.NextPageToken
	}
	var all []provider.Name
	for p, err := range gapi.List(ctx, c.parent, op, pool, iamscim.ListOptions{ShowDeleted: true}, c.providers.List, page, func(p *parent) provider.PoolName { return p.name.Pool() }) {
		if err != nil {
			return nil, err
		}
		all = append(all, p.name)
	}
	return all, nil
}
