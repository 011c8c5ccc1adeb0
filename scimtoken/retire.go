package scimtoken

import (
	"context"

	"github.com/iamscim/iamscim/internal/gapi"
	"github.com/iamscim/iamscim/scimtenant"
)

// Retire ends a rotation that had no Cutover, from any process: the identity
// provider uses the new token, name. Retire makes that the current one and
// deletes the old one. It refuses a name that isn't active or isn't the record's.
// You can safely repeat it.
//
// Errors: [iamscim.ErrInvalidArgument], [ErrUnknownToken] if the record doesn't
// have the token, [iamscim.ErrFailedPrecondition] if it isn't active,
// [ErrRotationInProgress], [ErrRotationTakenOver], [ErrStaleRecord],
// [ErrBadRecord], those of [Client.Delete] and of the store.
func (c *Client) Retire(ctx context.Context, tenant scimtenant.Name, store TokenStore, name Name) error {
	c = c.made()
	const op = "scimtoken: retire"
	if err := gapi.Ready(ctx, op, tenant.String()); err != nil {
		return err
	}
	if err := storeArguments(op, tenant, store, &name); err != nil {
		return err
	}
	h, err := c.open(ctx, op, tenant, store, leaseTime, false)
	if err != nil {
		return err
	}
	return h.close(ctx, h.retire(ctx, name))
}

func (h *hold) retire(ctx context.Context, name Name) error {
	r := h.record
	switch {
	case name == r.Next.Name && !r.Next.Secret.IsZero():
		_, err := h.promote(ctx, false)
		return err
	case name != r.Current.Name:
		return h.notInUse("name", name)
	case len(r.Retire) == 0:
		return nil
	}
	if err := h.unlessMoved(ctx, h.mustLive(ctx, name)); err != nil {
		return err
	}
	if err := h.swap(ctx, r); err != nil {
		return err
	}
	_, err := h.finish(ctx, true)
	return err
}
