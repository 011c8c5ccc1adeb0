package scimtoken

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/internal/check"
	"github.com/iamscim/iamscim/internal/gapi"
	"github.com/iamscim/iamscim/scimtenant"
)

// RotateRequest says how to replace the token of a tenant. Tenant, Store and
// Verify are required.
type RotateRequest struct {
	Tenant      scimtenant.Name
	Store       TokenStore
	DisplayName string // of the new token, at most 32 characters

	// Verify returns nil once the secret authenticates: WaitAccess of a
	// scimclient.Client made with secret.TokenSource().
	Verify func(ctx context.Context, secret Secret) error

	// Cutover makes the identity provider use the new token. It may be called
	// again for the same token, by this call or by the next one. If it returns
	// nil, the old token is deleted. Without a Cutover both tokens stay valid
	// until InUse or [Client.Retire] says that the new one is in use.
	Cutover func(ctx context.Context, name Name, secret Secret) error

	// InUse is the token that the identity provider uses. If that is the new
	// token of an earlier call, this call deletes the old one and begins no
	// other rotation. If it's the current token already, InUse has no effect.
	InUse Name

	// Replaces is the token in use, if somebody else created it and the
	// record has no token yet. It has no effect once the record has one.
	Replaces Name

	// TakeOver doesn't wait for the lease of another call to end. The other
	// call, if it still runs, fails with ErrRotationTakenOver at its next
	// step. Taking over is always safe.
	TakeOver bool

	// Lease is how long others keep away after each step of this call.
	// Default 10 min. A call gives it up when it returns.
	Lease time.Duration
}

// Rotation is the outcome of [Client.Rotate].
type Rotation struct {
	// New is the new token and Secret its secret, stored and verified.
	New    Name
	Secret Secret

	// Old is the token that New replaces, the zero Name if there was none.
	Old Name

	// Resumed: an earlier call created New.
	Resumed bool

	// Done: New is the current token, and Old is deleted. Otherwise both are
	// valid.
	Done bool
}

// Rotate replaces a tenant's token without a moment in which the identity
// provider has none. In this order, each step noted in req.Store, it
//
//   - reserves the name of the new token, and creates it
//   - stores its secret
//   - waits until Verify accepts it
//   - hands it to Cutover
//   - makes it the current token, and deletes the old one
//
// You can run it again at any time. A call that finds the new token of an
// earlier call goes on with that token. A call that finds an old token to delete
// deletes it, and begins no other rotation. Concurrent calls, in any process, are
// safe: one goes on, and the others fail.
//
// Rotate deletes tokens that it created or replaced, never others. Without a
// Cutover it returns while both tokens are valid.
//
// Errors: [iamscim.ErrInvalidArgument], [ErrRotationInProgress],
// [ErrRotationTakenOver], [ErrUnknownToken], [ErrStaleRecord], [ErrBadRecord],
// [ErrTokenLimit], [iamscim.ErrFailedPrecondition] for a soft-deleted tenant,
// those of [Client.Create], and those of the functions and the store.
func (c *Client) Rotate(ctx context.Context, req RotateRequest) (_ *Rotation, err error) {
	c = c.made()
	const op = "scimtoken: rotate"
	if err := gapi.Ready(ctx, op, req.Tenant.String()); err != nil {
		return nil, err
	}
	if err := req.validate(op); err != nil {
		return nil, err
	}
	if req.Lease == 0 {
		req.Lease = leaseTime
	}
	h, err := c.open(ctx, op, req.Tenant, req.Store, req.Lease, req.TakeOver)
	if err != nil {
		return nil, err
	}
	r, err := h.rotate(ctx, req)
	if err = h.close(ctx, err); err != nil {
		return nil, err
	}
	return r, nil
}

func (r RotateRequest) validate(op string) error {
	var l check.List
	if r.Tenant.IsZero() {
		l.Add("Tenant", "required")
	}
	if r.Store == nil {
		l.Add("Store", "required")
	}
	l.Text("DisplayName", r.DisplayName, check.MaxDisplayName)
	if r.Verify == nil {
		l.Add("Verify", "required")
	}
	ofTenant(&l, "InUse", r.InUse, r.Tenant)
	ofTenant(&l, "Replaces", r.Replaces, r.Tenant)
	if r.Lease < 0 {
		l.Add("Lease", "must not be negative")
	}
	return l.Err(op, r.Tenant.String())
}

// ofTenant records a fault if a name that is set is of another tenant.
func ofTenant(l *check.List, field string, name Name, tenant scimtenant.Name) {
	if !name.IsZero() && name.Tenant() != tenant {
		l.Add(field, "is a token of another tenant: %s", name)
	}
}

func (h *hold) rotate(ctx context.Context, req RotateRequest) (*Rotation, error) {
	r := h.record
	if !req.InUse.IsZero() && !r.inSlot(req.InUse) {
		return nil, h.notInUse("InUse", req.InUse)
	}
	if !r.predecessor().IsZero() {
		if err := h.swap(ctx, r); err != nil {
			return nil, err
		}
		return h.finish(ctx, true)
	}
	if !req.InUse.IsZero() && req.InUse == r.Next.Name {
		return h.promote(ctx, true)
	}
	resumed, err := h.next(ctx, req)
	if err != nil {
		return nil, err
	}
	next := h.record.Next
	if err := req.Verify(ctx, next.Secret); err != nil {
		return nil, h.failToken(next.Name, nil, fmt.Errorf("verify: %w", err),
			"the old token is still valid: run it again, and if the new one never authenticates, delete it first")
	}
	if req.Cutover == nil {
		result := &Rotation{New: next.Name, Secret: next.Secret, Old: h.record.Current.Name, Resumed: resumed}
		return result, h.release(ctx, h.record)
	}
	if err := h.swap(ctx, h.record.markHandedOver()); err != nil {
		return nil, err
	}
	h.gave = next.Name
	if err := req.Cutover(ctx, next.Name, next.Secret); err != nil {
		failed := h.failToken(next.Name, nil, fmt.Errorf("cutover: %w", err), "both tokens are valid: run it again")
		// It isn't known what the identity provider has now.
		if errors.Is(h.release(ctx, h.record), errLost) {
			h.repair(ctx, req, Name{})
		}
		return nil, failed
	}
	if err := h.swap(ctx, h.record.promote(h.now())); err != nil {
		if errors.Is(err, errLost) {
			h.repair(ctx, req, next.Name)
		}
		return nil, err
	}
	return h.finish(ctx, resumed)
}

// next sees to it that the record has a next token with a secret: that of an
// earlier call if it lives, or a new one.
func (h *hold) next(ctx context.Context, req RotateRequest) (resumed bool, err error) {
	r := h.record
	if !r.Next.Secret.IsZero() {
		if err := h.swap(ctx, r); err != nil {
			return false, err
		}
		r = h.record
		if alive, err := h.lives(ctx, r.Next.Name); err != nil || alive {
			return true, err
		}
	}
	if r.Current.Name.IsZero() {
		if r.Current.Name, err = h.replaced(ctx, req.Replaces); err != nil {
			return false, err
		}
	}
	return false, h.issue(ctx, r, req.DisplayName, h.swap)
}

// replaced returns the token that the first rotation replaces, or the zero Name
// if the tenant has none.
func (h *hold) replaced(ctx context.Context, name Name) (Name, error) {
	if !name.IsZero() {
		if h.record.retiring(name) {
			return Name{}, h.notInUse("Replaces", name)
		}
		return name, h.unlessMoved(ctx, h.mustLive(ctx, name))
	}
	others, err := h.strangers(ctx)
	if err == nil && len(others) > 0 {
		err = h.unlessMoved(ctx, h.unknown(others))
	}
	return Name{}, err
}

// promote makes the next token the current one and deletes the other.
func (h *hold) promote(ctx context.Context, resumed bool) (*Rotation, error) {
	if err := h.unlessMoved(ctx, h.mustLive(ctx, h.record.Next.Name)); err != nil {
		return nil, err
	}
	if err := h.swap(ctx, h.record.promote(h.now())); err != nil {
		return nil, err
	}
	return h.finish(ctx, resumed)
}

// finish deletes what the record retires, and gives the record up.
func (h *hold) finish(ctx context.Context, resumed bool) (*Rotation, error) {
	r := h.record
	result := &Rotation{New: r.Current.Name, Secret: r.Current.Secret, Old: r.predecessor(), Resumed: resumed, Done: true}
	if err := h.sweep(ctx, true); err != nil {
		var e *iamscim.Error
		if errors.As(err, &e) {
			e.Remedy = strings.TrimPrefix(fmt.Sprintf("%s; %s is in use: run it again to delete this one", e.Remedy, result.New.ID()), "; ")
		}
		return nil, err
	}
	return result, h.release(ctx, h.cleared(r))
}

// repair hands the token to the identity provider that the record says it is to
// have, after somebody else has taken over in the middle of a cutover that gave
// it another. It ends when the record doesn't ask for another one.
func (h *hold) repair(ctx context.Context, req RotateRequest, gave Name) {
	ctx, cancel := linger(ctx)
	defer cancel()
	for {
		r, _, err := h.load(ctx)
		live := r.live()
		switch {
		case err != nil:
			live.Name = h.gave
		case live.Name == gave, live.Name.IsZero():
			return
		case live.Secret.IsZero():
			err = ErrNoSecret
		default:
			err = req.Cutover(ctx, live.Name, live.Secret)
		}
		if err != nil {
			h.unrepaired = &iamscim.Error{Op: h.op, Resource: live.Name.String(), Err: fmt.Errorf("cutover: %w", err),
				Remedy: "run it again, or make the identity provider use the record's token: it may have one that is deleted"}
			return
		}
		gave = live.Name
	}
}
