package scimtoken

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/internal/retry"
	"github.com/iamscim/iamscim/scimtenant"
)

// find reads a token. It waits for one that isn't found as long as replication
// takes.
func (h *hold) find(ctx context.Context, name Name) (got *Token, err error) {
	_, err = retry.Do(ctx, h.c.window(), func() (retry.Verdict, error) {
		got, err = h.c.get(ctx, h.op, name)
		return retry.Verdict{Again: err != nil && unseen(err)}, err
	})
	return got, err
}

// lives reports whether a token that this package made is there.
func (h *hold) lives(ctx context.Context, name Name) (bool, error) {
	got, err := h.find(ctx, name)
	if errors.Is(err, iamscim.ErrNotFound) && ctx.Err() == nil {
		return false, nil
	}
	return err == nil && got.State != iamscim.StateDeleted, err
}

// mustLive is an error unless a token is active.
func (h *hold) mustLive(ctx context.Context, name Name) error {
	got, err := h.find(ctx, name)
	if err != nil {
		return err
	}
	if got.State != iamscim.StateActive {
		return h.failToken(name, iamscim.ErrFailedPrecondition, fmt.Errorf("the token is %s", got.State), "nothing was changed: name a token that is active")
	}
	return nil
}

// unlessMoved returns the error of a check that was made before the first swap. If
// another call has changed the record meanwhile, that is the reason.
func (h *hold) unlessMoved(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	r, version, lerr := h.load(ctx)
	if lerr != nil || version == h.version || version == "" {
		return err
	}
	h.record = r
	return h.inProgress()
}

// strangers returns the active tokens that the record doesn't know.
func (h *hold) strangers(ctx context.Context) ([]Name, error) {
	active, err := h.c.active(ctx, h.tenant)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(active, h.record.knows), nil
}

// unknown is the error about active tokens. One of them may be in use.
func (h *hold) unknown(names []Name) error {
	ids := make([]string, len(names))
	for i, n := range names {
		ids[i] = n.ID()
	}
	return h.fail(ErrUnknownToken, errors.New(strings.Join(ids, " and ")),
		"nothing was changed: Adopt the one in use with its secret, or rotate with RotateRequest.Replaces, which names it; delete it if nobody uses it")
}

// active returns the names of the tenant's active tokens.
func (c *Client) active(ctx context.Context, tenant scimtenant.Name) ([]Name, error) {
	var names []Name
	for t, err := range c.List(ctx, tenant, iamscim.ListOptions{}) {
		if err != nil {
			return nil, err
		}
		if t.State != iamscim.StateDeleted {
			names = append(names, t.Name)
		}
	}
	return names, nil
}

// notInUse is the error for a name that can't be in use.
func (h *hold) notInUse(field string, name Name) error {
	why := "isn't a token of the record"
	if h.record.retiring(name) {
		why = "is about to be deleted"
	}
	return h.fail(ErrUnknownToken, fmt.Errorf("%s: %s %s; its tokens are %s", field, name.ID(), why, h.record.slots()), "nothing was changed: make the identity provider use one of its tokens")
}
