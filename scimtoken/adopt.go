package scimtoken

import (
	"context"
	"errors"
	"fmt"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/internal/gapi"
	"github.com/iamscim/iamscim/scimtenant"
)

// Adopt makes a token that somebody else created the current one in the record,
// with its secret. With the zero Secret, [Client.Ensure] returns [ErrNoSecret]
// until the token is rotated or adopted again. Adopt creates and deletes nothing.
//
// The record must have no current token, the same one, or one that was deleted.
//
// Errors: [iamscim.ErrInvalidArgument], [iamscim.ErrFailedPrecondition] if the
// token isn't active or the record has another one in use, [iamscim.ErrNotFound] if
// there is no such token, [ErrRotationInProgress], [ErrStaleRecord],
// [ErrBadRecord], those of every call and of the store.
func (c *Client) Adopt(ctx context.Context, tenant scimtenant.Name, store TokenStore, name Name, secret Secret) error {
	c = c.made()
	const op = "scimtoken: adopt"
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
	return h.close(ctx, h.adopt(ctx, name, secret))
}

func (h *hold) adopt(ctx context.Context, name Name, secret Secret) error {
	r := h.record
	current := r.Current.Name
	switch {
	case r.Next.Name == name:
		return h.adoptRefused(errors.New("it is the record's next token"), "Retire makes it the current one")
	case r.retiring(name):
		return h.adoptRefused(errors.New("it is about to be deleted"), "adopt another one")
	case current == name && (secret.IsZero() || secret.Reveal() == r.Current.Secret.Reveal()):
		return nil
	case !current.IsZero() && current != name:
		got, err := h.c.get(ctx, h.op, current)
		if err != nil && !errors.Is(err, iamscim.ErrNotFound) {
			return err
		}
		if err != nil || got.State != iamscim.StateDeleted {
			return h.adoptRefused(fmt.Errorf("the record's current token is %s", current.ID()), "rotate, or delete that one if nobody uses it")
		}
		r = r.retire(r.Current, false, h.now())
	}
	if err := h.unlessMoved(ctx, h.mustLive(ctx, name)); err != nil {
		return err
	}
	r.Current = held{Name: name, Secret: secret}
	return h.release(ctx, r)
}

func (h *hold) adoptRefused(err error, remedy string) error {
	return h.fail(iamscim.ErrFailedPrecondition, err, "nothing was changed: "+remedy)
}
