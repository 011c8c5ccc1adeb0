package scimtoken

import (
	"context"
	"errors"
	"fmt"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/internal/check"
	"github.com/iamscim/iamscim/scimtenant"
)

// Retire deletes the old tokens. It refuses unless the new one is still there
// and active. It can be repeated.
//
// Errors: [iamscim.ErrFailedPrecondition], those of [Client.Delete].
func (r *Rotation) Retire(ctx context.Context) error {
	return r.client.RetireOld(ctx, r.tenant, r.New)
}

// RetireOld deletes every token of the tenant but keep, which must be active:
// the end of a rotation whose [Rotation] is gone. It can be repeated.
//
// Errors: [iamscim.ErrInvalidArgument], [iamscim.ErrFailedPrecondition], those of
// [Client.Delete].
func (c *Client) RetireOld(ctx context.Context, tenant scimtenant.Name, keep Name) error {
	const op = "scimtoken: retire"
	var l check.List
	if tenant.IsZero() {
		l.Add("tenant", "required")
	}
	switch {
	case keep.IsZero():
		l.Add("keep", "required")
	case keep.Tenant() != tenant:
		l.Add("keep", "is a token of another tenant: %s", keep)
	}
	if err := l.Err(op, tenant.String()); err != nil {
		return err
	}
	active, err := c.active(ctx, tenant)
	if err != nil {
		return err
	}
	// A token that was just created may be missing from the list.
	kept, err := c.get(ctx, op, keep)
	if err != nil {
		return err
	}
	if kept.State != iamscim.StateActive {
		return &iamscim.Error{
			Op: op, Resource: keep.String(), Kind: iamscim.ErrFailedPrecondition,
			Err:    fmt.Errorf("the token to keep is %s", kept.State),
			Remedy: "nothing was deleted: name a token that is active",
		}
	}
	var failed []error
	for _, name := range active {
		if name == keep {
			continue
		}
		if err := c.Delete(ctx, name); err != nil && !errors.Is(err, iamscim.ErrNotFound) {
			failed = append(failed, err)
		}
	}
	return errors.Join(failed...)
}
