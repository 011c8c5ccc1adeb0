package provider

import (
	"context"
	"fmt"
	"strings"
	"time"

	"google.golang.org/api/iam/v1"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/internal/gapi"
)

// Pool is a workforce pool. This package reads pools and does not change them.
//
// https://docs.cloud.google.com/iam/docs/reference/rest/v1/locations.workforcePools
type Pool struct {
	Name         PoolName
	Organization string // the number alone, as in "123456789012"
	DisplayName  string
	Description  string
	State        iamscim.State
	Disabled     bool

	// SessionDuration is how long a sign-in lasts, 15 minutes to 12 hours.
	SessionDuration time.Duration

	// ExpireTime is when a deleted pool is purged; zero while it is active.
	ExpireTime time.Time
}

// GetPool reads a pool, a deleted one included.
//
//	GET /v1/locations/LOCATION/workforcePools/POOL
//
// Errors: [iamscim.ErrNotFound], [iamscim.ErrPermissionDenied], and those of
// every call.
func (c *Client) GetPool(ctx context.Context, name PoolName) (*Pool, error) {
	const op = "provider: get pool"
	if name.IsZero() {
		return nil, gapi.Invalid(op, "", iamscim.Violation{Field: "name", Rule: "required"})
	}
	call := c.pools.Get(name.String())
	got, err := gapi.Call(ctx, c.conn, gapi.Request[iam.WorkforcePool]{
		Op: op, Resource: name.String(),
		Do:     func(ctx context.Context) (*iam.WorkforcePool, error) { return call.Context(ctx).Do() },
		Accept: gapi.Named(name.String(), func(p *iam.WorkforcePool) string { return p.Name }),
	})
	if err != nil {
		return nil, err
	}
	pool, err := poolFromAPI(name, got)
	if err != nil {
		return nil, gapi.BadReply(op, name.String(), err)
	}
	return pool, nil
}

func poolFromAPI(name PoolName, p *iam.WorkforcePool) (*Pool, error) {
	organization, found := strings.CutPrefix(p.Parent, "organizations/")
	if !found {
		return nil, fmt.Errorf("the pool's parent is %q, want organizations/NUMBER", p.Parent)
	}
	expires, err := gapi.Time(p.ExpireTime)
	if err != nil {
		return nil, err
	}
	pool := &Pool{
		Name: name, Organization: organization, DisplayName: p.DisplayName, Description: p.Description,
		State: iamscim.State(p.State), Disabled: p.Disabled, ExpireTime: expires,
	}
	if p.SessionDuration != "" {
		if pool.SessionDuration, err = time.ParseDuration(p.SessionDuration); err != nil {
			return nil, fmt.Errorf("sessionDuration: %w", err)
		}
	}
	return pool, nil
}
