package scimtoken

import (
	"context"
	"errors"
	"fmt"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/internal/gapi"
	"github.com/iamscim/iamscim/scimtenant"
)

// HandOver hands the token that the identity provider is to have to cutover,
// while no rotation does. It creates and deletes nothing. You can repeat it:
// cutover gets the same token.
//
// Errors: [ErrRotationInProgress] if another call is at work,
// [ErrRotationTakenOver] if one has taken over meanwhile, [ErrNoSecret],
// [iamscim.ErrFailedPrecondition] if the record has no token, [ErrStaleRecord],
// [ErrBadRecord], those of cutover and of the store.
func (c *Client) HandOver(ctx context.Context, tenant scimtenant.Name, store TokenStore, cutover func(ctx context.Context, name Name, secret Secret) error) error {
	c = c.made()
	const op = "scimtoken: hand over"
	if err := gapi.Ready(ctx, op, tenant.String()); err != nil {
		return err
	}
	if err := storeArguments(op, tenant, store, nil); err != nil {
		return err
	}
	if cutover == nil {
		return gapi.Invalid(op, tenant.String(), iamscim.Violation{Field: "cutover", Rule: "required"})
	}
	h, err := c.open(ctx, op, tenant, store, leaseTime, false)
	if err != nil {
		return err
	}
	return h.close(ctx, h.handOver(ctx, cutover))
}

func (h *hold) handOver(ctx context.Context, cutover func(context.Context, Name, Secret) error) error {
	live := h.record.live()
	switch {
	case live.Name.IsZero():
		return h.fail(iamscim.ErrFailedPrecondition, errors.New("the record has no token"), "call Ensure first")
	case live.Secret.IsZero():
		return h.failToken(live.Name, ErrNoSecret, nil, "Adopt the token with its secret, or rotate it")
	}
	// The first swap takes the lease.
	if err := h.swap(ctx, h.record); err != nil {
		return err
	}
	h.gave = live.Name
	failed := cutover(ctx, live.Name, live.Secret)
	if failed != nil {
		failed = h.failToken(live.Name, nil, fmt.Errorf("cutover: %w", failed), "run it again")
	}
	err := h.release(ctx, h.record)
	if errors.Is(err, errLost) {
		gave := live.Name
		if failed != nil {
			gave = Name{} // nobody knows what the identity provider has now
		}
		h.repair(ctx, RotateRequest{Cutover: cutover}, gave)
	}
	return errors.Join(failed, err)
}
