package provision

import (
	"context"
	"errors"
	"fmt"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/internal/gapi"
	"github.com/iamscim/iamscim/provision/idp"
	"github.com/iamscim/iamscim/scimtoken"
)

// Rotate replaces the token of a set-up, as [scimtoken.Client.Rotate] does: the
// new token is stored, tried and handed to the identity provider, and the old one
// is deleted last. Where a person sets the identity provider up, both tokens stay
// valid until [scimtoken.Client.Retire] says that the new one is in use.
//
// You can run it again at any time, and from several places.
//
// Errors: [iamscim.ErrNotFound] if the provider has no tenant,
// [iamscim.ErrFailedPrecondition] if its tenant is soft-deleted, those of
// [scimtoken.Client.Rotate], of [Spec.Validate] and of the identity provider.
func (c *Clients) Rotate(ctx context.Context, s Spec) (*scimtoken.Rotation, error) {
	const op = "provision: rotate"
	if err := gapi.Ready(ctx, op, s.Provider.String()); err != nil {
		return nil, err
	}
	if err := s.Validate(); err != nil {
		return nil, err
	}
	if s.Store == nil {
		return nil, gapi.Required(op, "Spec.Store")
	}
	a := &applier{c: c, spec: s.withDefaults(), opts: ApplyOptions{Wait: true}}
	a.w = c.observe(ctx, a.spec)
	if err := errors.Join(a.w.provider.err, a.w.tenant.err, a.w.idp.err); err != nil {
		return nil, err
	}
	t := a.w.tenant.value
	if t == nil || t.Name.Provider() != s.Provider {
		return nil, &iamscim.Error{Op: op, Resource: s.Provider.String(), Kind: iamscim.ErrNotFound, Err: errors.New("the provider has no SCIM tenant"), Remedy: "apply the spec first"}
	}
	if t.State != iamscim.StateActive {
		return nil, &iamscim.Error{Op: op, Resource: t.Name.String(), Kind: iamscim.ErrFailedPrecondition, Err: fmt.Errorf("the tenant is %s", t.State), Remedy: "apply the spec first"}
	}
	req := a.rotation()
	req.Replaces = s.ReplaceToken
	return c.Tokens.Rotate(ctx, req)
}

// rotation is the request for the tenant that was read.
func (a *applier) rotation() scimtoken.RotateRequest {
	req := scimtoken.RotateRequest{Tenant: a.w.tenant.value.Name, Store: a.spec.Store, Verify: a.verify}
	if now := a.w.idp.value; a.spec.IdentityProvider != nil && (now == nil || !now.ByHand) {
		req.Cutover = func(ctx context.Context, _ scimtoken.Name, secret scimtoken.Secret) error {
			return a.spec.IdentityProvider.CutOver(ctx, a.connection(secret))
		}
	}
	return req
}

// rotate replaces a token that somebody else made, or that is deleted, and goes on
// with a rotation that has begun.
func (a *applier) rotate(ctx context.Context, s Step) error {
	if a.now.Step(KindRole).Status == StatusChange {
		// The new token must work before the old one goes.
		if err := a.bindRole(ctx, *a.now.Step(KindRole)); err != nil {
			return err
		}
	}
	req := a.rotation()
	if s.Reason == ReasonReplaceToken {
		req.Replaces = a.spec.ReplaceToken
	}
	got, err := a.c.Tokens.Rotate(ctx, req)
	if err != nil || got.Done || s.Reason != ReasonGone {
		return err
	}
	// Nobody can use the old one any more.
	return a.c.Tokens.Retire(ctx, a.plan.Tenant, a.spec.Store, got.New)
}

func (a *applier) verify(ctx context.Context, secret scimtoken.Secret) error {
	client, err := a.c.SCIM(a.w.tenant.value, secret)
	if err != nil {
		return err
	}
	if a.opts.Wait {
		_, err = client.WaitAccess(ctx)
	} else {
		_, err = client.CheckAccess(ctx)
	}
	return err
}

// connection is what the identity provider needs for the tenant that was read.
func (a *applier) connection(secret scimtoken.Secret) idp.Connection {
	p := &planner{spec: a.spec, w: a.w, steps: map[Kind]Step{}}
	p.provider()
	p.claims()
	return idp.Connection{BaseURI: a.w.tenant.value.BaseURI, Token: secret, Settings: wanted(p.needs)}
}
