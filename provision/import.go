package provision

import (
	"context"
	"errors"
	"fmt"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/claimmap"
	"github.com/iamscim/iamscim/internal/gapi"
	"github.com/iamscim/iamscim/provider"
)

// Import returns the spec of a set-up that is there, of one that was clicked together
// for example. It reads what [Clients.Plan] reads, and changes nothing. Give the
// spec a Store before you plan with it. If the tenant has one active token, the
// spec adopts it: nobody but the identity provider has its secret.
//
// A plan of the spec names what can't be seen: settings of the identity provider
// that somebody must confirm.
//
// Errors: [iamscim.ErrNotFound], [iamscim.ErrPermissionDenied] and those of every
// call; [iamscim.ErrFailedPrecondition] if the pool's tenant is another provider's,
// or has a claim mapping that this module doesn't know to be supported.
func (c *Clients) Import(ctx context.Context, name provider.Name) (*Spec, error) {
	const op = "provision: import"
	if err := gapi.Ready(ctx, op, name.String()); err != nil {
		return nil, err
	}
	if name.IsZero() {
		return nil, gapi.Invalid(op, "", iamscim.Violation{Field: "provider", Rule: "required"})
	}
	w := c.once.observe(ctx, Spec{Provider: name})
	if err := errors.Join(w.provider.err, w.tenant.err, w.tokens.err); err != nil {
		return nil, err
	}
	got := w.provider.value
	s := &Spec{Provider: name, Vendor: claimmap.VendorOf(string(got.VendorType), issuer(got))}
	if got.SCIMUsage.Enabled() {
		s.Usage = got.SCIMUsage
	}
	t := w.tenant.value
	if t == nil {
		return s, nil
	}
	refused := &iamscim.Error{Op: op, Resource: t.Name.String(), Kind: iamscim.ErrFailedPrecondition}
	if t.Name.Provider() != name {
		refused.Err, refused.Remedy = errors.New("the pool's tenant is another provider's"), "import "+t.Name.Provider().String()
		return nil, refused
	}
	mapping, err := t.Mapping()
	if err != nil {
		refused.Err = fmt.Errorf("the tenant's claim mapping: %w", err)
		return nil, refused
	}
	s.TenantID, s.Mapping = t.Name.ID(), mapping
	p := &planner{spec: *s, w: w}
	if names := p.active(); len(names) == 1 {
		s.Adopt = names[0]
	}
	return s, nil
}
