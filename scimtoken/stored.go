package scimtoken

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/internal/gapi"
	"github.com/iamscim/iamscim/scimtenant"
)

// Stored is what the record in a store says.
type Stored struct {
	Tenant    scimtenant.Name
	TenantUID string

	// Current is the token in use, and Secret its secret. Each is zero if the
	// record doesn't have it.
	Current Name
	Secret  Secret

	// Next is the token that is to replace Current, or zero. NextSecret is
	// zero until the token is made. HandedOver: the identity provider may have
	// it.
	Next       Name
	NextSecret Secret
	HandedOver bool

	// Retire are the tokens to delete.
	Retire []Name

	// Holder is the call that is at work on the record until Until. Both are
	// zero if no call is.
	Holder string
	Until  time.Time
}

// Live returns the token that the identity provider is to have, and its secret.
func (s *Stored) Live() (Name, Secret) {
	if s.HandedOver {
		return s.Next, s.NextSecret
	}
	return s.Current, s.Secret
}

// Inspect reads the record in a store. It changes nothing and sends nothing to
// Google Cloud. Without a record the result is nil.
//
// Errors: [ErrBadRecord], and those of the store.
func Inspect(ctx context.Context, store TokenStore) (*Stored, error) {
	const op = "scimtoken: inspect"
	if err := gapi.Ready(ctx, op, ""); err != nil {
		return nil, err
	}
	if store == nil {
		return nil, gapi.Invalid(op, "", iamscim.Violation{Field: "store", Rule: "required"})
	}
	h := &hold{op: op, store: store}
	r, version, err := h.load(ctx)
	if err != nil || version == "" {
		return nil, err
	}
	s := &Stored{
		Tenant: r.Tenant, TenantUID: r.TenantUID,
		Current: r.Current.Name, Secret: r.Current.Secret,
		Next: r.Next.Name, NextSecret: r.Next.Secret, HandedOver: r.HandedOver,
		Holder: r.Lease.Holder, Until: r.Lease.Until,
	}
	for _, x := range r.Retire {
		s.Retire = append(s.Retire, x.Name)
	}
	return s, nil
}

// Reset replaces the record of a tenant that is gone by an empty one for the
// tenant that has taken its place. It deletes no token: those of the other tenant
// are gone. A record of this tenant stays as it is.
//
// The other tenant must be one of the same pool, which has at most one.
//
// Errors: [ErrStaleRecord] for the record of a tenant that may be there,
// [ErrBadRecord], [ErrRotationInProgress], those of every call and of the store.
func (c *Client) Reset(ctx context.Context, tenant scimtenant.Name, store TokenStore) error {
	c = c.made()
	const op = "scimtoken: reset"
	if err := gapi.Ready(ctx, op, tenant.String()); err != nil {
		return err
	}
	if err := storeArguments(op, tenant, store, nil); err != nil {
		return err
	}
	h := &hold{c: c, op: op, tenant: tenant, store: store, term: leaseTime, holder: c.holder()}
	uid, err := h.readTenant(ctx)
	if err != nil {
		return err
	}
	if h.record, h.version, err = h.load(ctx); err != nil {
		return err
	}
	switch {
	case h.version == "", h.record.Tenant == tenant && h.record.TenantUID == uid:
		return nil
	case h.record.Tenant.Provider().Pool() != tenant.Provider().Pool():
		return h.fail(ErrStaleRecord, fmt.Errorf("it belongs to %s, a tenant of another pool", h.record.Tenant), "nothing was changed: give each tenant a store of its own")
	}
	err = h.release(ctx, record{Tenant: tenant, TenantUID: uid})
	if errors.Is(err, errLost) {
		return h.inProgress()
	}
	return err
}
