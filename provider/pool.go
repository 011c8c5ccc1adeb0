package provider

import (
	"context"
	"fmt"
	"strings"
	"time"

	"google.golang.org/api/iam/v1"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/internal/check"
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
	c = c.made()
	return c.pool.Get(ctx, "provider: get pool", name)
}

// TestPoolPermissions returns those of the permissions that the caller has on the
// pool, in the service's order. They are those of what is below the pool too: the
// service has no such method for providers. A pool that does not exist yields none.
//
//	POST /v1/locations/LOCATION/workforcePools/POOL:testIamPermissions
func (c *Client) TestPoolPermissions(ctx context.Context, name PoolName, permissions ...string) ([]string, error) {
	c = c.made()
	const op = "provider: test pool permissions"
	var l check.List
	if name.IsZero() {
		l.Add("name", "required")
	}
	if len(permissions) == 0 {
		l.Add("permissions", "required")
	}
	if err := l.Err(op, name.String()); err != nil {
		return nil, err
	}
	call := c.pools.TestIamPermissions(name.String(), &iam.TestIamPermissionsRequest{Permissions: permissions})
	return gapi.Permissions(ctx, c.conn, op, name.String(), permissions, gapi.Do(call), func(r *iam.TestIamPermissionsResponse) []string { return r.Permissions })
}

func poolFromAPI(p *iam.WorkforcePool) (*Pool, error) {
	name, err := ParsePoolName(p.Name)
	if err != nil {
		return nil, err
	}
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
