package provision

import (
	"context"
	"errors"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/scimtenant"
	"github.com/iamscim/iamscim/scimtoken"
)

// act returns what a step changes. What is changed is read again afterwards.
func (a *applier) act(kind Kind) func(context.Context, Step) error {
	switch kind {
	case KindTenant:
		return a.makeTenant
	case KindToken:
		return a.makeToken
	case KindRole:
		return a.bindRole
	case KindIdentityProvider:
		return a.setUp
	case KindUsage:
		return a.switchUsage
	}
	return nil
}

func (a *applier) makeTenant(ctx context.Context, s Step) error {
	req := scimtenant.CreateRequest{Name: a.plan.Tenant, ClaimMapping: a.spec.Mapping, Usage: a.spec.Usage}
	if s.Action == ActionReplace {
		if err := a.removeTenant(ctx); err != nil {
			return err
		}
	}
	there, err := a.guard(ctx)
	if err != nil {
		return err
	}
	if !there {
		_, err := a.c.Tenants.Create(ctx, req)
		if !errors.Is(err, iamscim.ErrAlreadyExists) {
			return err
		}
	}
	// It is to be undeleted, or somebody else was quicker.
	_, outcome, err := a.c.Tenants.Ensure(ctx, req)
	if outcome == scimtenant.OutcomeUndeleted {
		a.overwrite("tenant.state", string(iamscim.StateActive))
	}
	return err
}

// removeTenant deletes the tenant that is replaced, and first what names it.
func (a *applier) removeTenant(ctx context.Context) error {
	if _, err := a.guard(ctx); err != nil {
		return err
	}
	if iamscim.SCIMUsage(a.expect["provider.scimUsage"]).Enabled() {
		_, err := a.c.Providers.SetSCIMUsage(ctx, a.spec.Provider, iamscim.SCIMUsageNone)
		if err != nil && !passing(err) {
			return err
		}
		a.overwrite("provider.scimUsage", string(iamscim.SCIMUsageNone))
	}
	if organization, agent := a.w.agent(); agent != "" {
		if _, err := a.guard(ctx); err != nil {
			return err
		}
		if err := a.c.Organizations.RevokeSyncer(ctx, organization, agent); err != nil {
			return err
		}
	}
	if _, err := a.guard(ctx); err != nil {
		return err
	}
	if err := a.c.Tenants.HardDelete(ctx, a.plan.Tenant, scimtenant.HardDeleteOptions{WhileInUse: true}); err != nil && !errors.Is(err, iamscim.ErrNotFound) {
		return err
	}
	for _, field := range []string{"tenant.name", "tenant.uid", "tenant.claimMapping", "tenant.state"} {
		a.overwrite(field, "")
	}
	return nil
}

func (a *applier) makeToken(ctx context.Context, s Step) error {
	if _, err := a.guard(ctx); err != nil {
		return err
	}
	tenant, store := a.plan.Tenant, a.spec.Store
	if a.w.stored.value != nil && !a.w.fresh() {
		if err := a.c.Tokens.Reset(ctx, tenant, store); err != nil {
			return err
		}
	}
	switch {
	case s.Reason == ReasonAdopt:
		return a.c.Tokens.Adopt(ctx, tenant, store, a.spec.Adopt, a.spec.AdoptSecret)
	case s.Action == ActionDelete:
		return a.c.Tokens.Retire(ctx, tenant, store, a.w.stored.value.Current)
	case s.Action == ActionReplace:
		return a.rotate(ctx, s)
	}
	_, _, err := a.c.Tokens.Ensure(ctx, tenant, store)
	return err
}

func (a *applier) bindRole(ctx context.Context, _ Step) error {
	if _, err := a.guard(ctx); err != nil {
		return err
	}
	organization, agent := a.w.agent()
	return a.c.Organizations.GrantSyncer(ctx, organization, agent)
}

// setUp hands the stored token to the identity provider, while nobody else does.
func (a *applier) setUp(ctx context.Context, _ Step) error {
	if _, err := a.guard(ctx); err != nil {
		return err
	}
	half := a.spec.IdentityProvider
	return a.c.Tokens.HandOver(ctx, a.plan.Tenant, a.spec.Store, func(ctx context.Context, _ scimtoken.Name, secret scimtoken.Secret) error {
		c := a.connection(secret)
		if now, err := half.Status(ctx); err == nil && differs(now, c).Action == "" {
			return nil // another call was quicker
		}
		return half.SetUp(ctx, c)
	})
}

func (a *applier) switchUsage(ctx context.Context, _ Step) error {
	if _, err := a.guard(ctx); err != nil {
		return err
	}
	_, err := a.c.Providers.SetSCIMUsage(ctx, a.spec.Provider, a.spec.Usage)
	if err == nil || passing(err) {
		a.overwrite("provider.scimUsage", string(a.spec.Usage))
	}
	return err
}
