package scimtoken

import (
	"context"
	"errors"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/internal/check"
	"github.com/iamscim/iamscim/internal/gapi"
	"github.com/iamscim/iamscim/scimtenant"
)

// Ensure returns the current token of a tenant and its secret. If the record in
// the store has none, Ensure creates the first token and stores it. You can
// safely repeat it: whatever replies get lost, and however many calls run at the
// same time, they never create a second token.
//
// Ensure doesn't verify that the token authenticates. A new one takes up to two
// minutes, and its tenant's service agent needs its role.
//
// A token that a rotation has just made current is returned too. Hand a token
// to the identity provider only if no rotation with a Cutover does.
//
// Errors: [ErrUnknownToken] if the store has no token and the tenant has one,
// [ErrNoSecret] if the store has the token without its secret,
// [iamscim.ErrFailedPrecondition] if the current token or the tenant is
// soft-deleted, [ErrRotationInProgress], [ErrRotationTakenOver],
// [ErrStaleRecord], [ErrBadRecord], those of [Client.Create] and of the store.
func (c *Client) Ensure(ctx context.Context, tenant scimtenant.Name, store TokenStore) (Name, Secret, error) {
	c = c.made()
	const op = "scimtoken: ensure"
	if err := gapi.Ready(ctx, op, tenant.String()); err != nil {
		return Name{}, Secret{}, err
	}
	if err := storeArguments(op, tenant, store, nil); err != nil {
		return Name{}, Secret{}, err
	}
	h, err := c.open(ctx, op, tenant, store, leaseTime, false)
	if err != nil {
		return Name{}, Secret{}, err
	}
	if err := h.close(ctx, h.ensure(ctx)); err != nil {
		return Name{}, Secret{}, err
	}
	return h.record.Current.Name, h.record.Current.Secret, nil
}

// ensure sees to it that the record has a current token with a secret.
func (h *hold) ensure(ctx context.Context) error {
	r := h.record
	if current := r.Current; !current.Name.IsZero() {
		if current.Secret.IsZero() {
			return h.failToken(current.Name, ErrNoSecret, nil, "Adopt the token with its secret, or rotate it")
		}
		got, err := h.c.get(ctx, h.op, current.Name)
		switch {
		case err != nil && !unseen(err):
			return err
		case err == nil && got.State == iamscim.StateDeleted:
			return h.failToken(current.Name, iamscim.ErrFailedPrecondition, errors.New("the current token is DELETED"), "rotate it, or undelete it")
		}
		return nil // a token that isn't found isn't visible yet
	}
	if !r.Next.Secret.IsZero() {
		alive, err := h.lives(ctx, r.Next.Name)
		if err != nil {
			return err
		}
		if alive {
			return h.release(ctx, r.promote(h.now()))
		}
	}
	if _, err := h.replaced(ctx, Name{}); err != nil {
		return err
	}
	// The swap that stores the secret makes the token the current one.
	return h.issue(ctx, r, "", func(ctx context.Context, kept record) error {
		return h.release(ctx, h.cleared(kept.promote(h.now())))
	})
}

// storeArguments checks what the calls on a record have in common.
func storeArguments(op string, tenant scimtenant.Name, store TokenStore, name *Name) error {
	var l check.List
	if tenant.IsZero() {
		l.Add("tenant", "required")
	}
	if store == nil {
		l.Add("store", "required")
	}
	if name != nil {
		if name.IsZero() {
			l.Add("name", "required")
		} else {
			ofTenant(&l, "name", *name, tenant)
		}
	}
	return l.Err(op, tenant.String())
}
