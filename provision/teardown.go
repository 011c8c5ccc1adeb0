package provision

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/internal/check"
	"github.com/iamscim/iamscim/internal/gapi"
	"github.com/iamscim/iamscim/provider"
	"github.com/iamscim/iamscim/provision/idp"
	"github.com/iamscim/iamscim/scimtenant"
)

// TeardownOptions say what else is torn down.
type TeardownOptions struct {
	// IdentityProvider is stopped first, if it pushes into the tenant.
	IdentityProvider idp.Provider

	// RevokeSessions are people, by their google.subject, whose sessions end
	// when the set-up is gone. They can sign in again.
	RevokeSessions []string

	// DeleteSubjects are people, by their google.subject, who are deleted from
	// the pool. For 30 days they can't sign in, and their sessions end.
	DeleteSubjects []string

	// OnStep is called after each thing that was done, with a sentence.
	OnStep func(string)
}

// ErrAnotherTenant: the pool has a tenant, and it isn't the one that is to be torn
// down. Nothing was changed.
var ErrAnotherTenant = errors.New("the pool has another tenant")

// Teardown removes the set-up of a provider: the identity provider's job stops, the
// provider doesn't use SCIM any more, the service agent loses its role, and the
// tokens and the tenant are deleted for good, in this order. On request, sessions
// and subjects follow. tenantUID is the UID of the tenant, the last element of its
// base URI: the word for what is deleted.
//
// You can repeat it: what isn't there is no error, and the role can be revoked when
// the tenant is gone. The provider and the pool stay. The token store keeps the
// record of the dead token.
//
//	GET /v1/locations/LOCATION/workforcePools/POOL
//	GET /v1/locations/LOCATION/workforcePools/POOL/providers/PROVIDER
//	PATCH /v1/locations/LOCATION/workforcePools/POOL/providers/PROVIDER
//	POST /v3/organizations/ORGANIZATION:setIamPolicy
//	DELETE /v1/locations/LOCATION/workforcePools/POOL/providers/PROVIDER/scimTenants/TENANT/tokens/TOKEN
//	DELETE /v1/locations/LOCATION/workforcePools/POOL/providers/PROVIDER/scimTenants/TENANT?hardDelete=true
//	POST /v1/locations/LOCATION/workforcePools/POOL/subjects/SUBJECT:revokeSessions
//	DELETE /v1/locations/LOCATION/workforcePools/POOL/subjects/SUBJECT
//
// Errors: [ErrAnotherTenant] if another tenant or provider would be hit,
// [iamscim.ErrInvalidArgument], those of the clients and the identity provider.
//
// To stop the provider from using SCIM, and nothing else, call
// Providers.SetSCIMUsage with SCIMUsageNone.
func (c *Clients) Teardown(ctx context.Context, name provider.Name, tenantUID string, opts TeardownOptions) error {
	const op = "provision: tear down"
	if err := gapi.Ready(ctx, op, name.String()); err != nil {
		return err
	}
	var l check.List
	if name.IsZero() {
		l.Add("provider", "required")
	}
	l.Required("tenantUID", tenantUID)
	revoked := subjects(&l, "RevokeSessions", name.Pool(), opts.RevokeSessions)
	deleted := subjects(&l, "DeleteSubjects", name.Pool(), opts.DeleteSubjects)
	if err := l.Err(op, name.String()); err != nil {
		return err
	}
	tenant, err := c.Tenants.InPool(ctx, name.Pool())
	if errors.Is(err, iamscim.ErrNotFound) {
		tenant, err = nil, nil
	}
	if err != nil {
		return err
	}
	if tenant != nil && (tenant.UID() != tenantUID || tenant.Name.Provider() != name) {
		return &iamscim.Error{Op: op, Resource: name.String(), Kind: ErrAnotherTenant,
			Err: fmt.Errorf("%s has the UID %s", tenant.Name, tenant.UID()), Remedy: "nothing was changed: name that tenant's provider and UID to tear it down"}
	}
	t := &teardown{c: c, name: name, uid: tenantUID, tenant: tenant, opts: opts, revoked: revoked, deleted: deleted}
	for _, step := range []func(context.Context) error{t.stop, t.usageOff, t.revoke, t.deleteTokens, t.deleteTenant, t.endSessions, t.deleteSubjects} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// teardown is one call of Teardown.
type teardown struct {
	c      *Clients
	name   provider.Name
	uid    string
	tenant *scimtenant.Tenant // nil if it's gone
	opts   TeardownOptions

	revoked, deleted []provider.SubjectName
}

// subjects names people of a pool.
func subjects(l *check.List, field string, pool provider.PoolName, ids []string) []provider.SubjectName {
	if pool.IsZero() {
		return nil // said already
	}
	var names []provider.SubjectName
	for i, id := range ids {
		name, err := provider.NewSubjectName(pool, id)
		if err != nil {
			l.Add(fmt.Sprintf("%s[%d]", field, i), "%s", strings.TrimPrefix(err.Error(), "provider: "))
		}
		names = append(names, name)
	}
	return names
}

func (t *teardown) say(format string, args ...any) {
	if t.opts.OnStep != nil {
		t.opts.OnStep(fmt.Sprintf(format, args...))
	}
}

func (t *teardown) stop(ctx context.Context) error {
	if t.opts.IdentityProvider == nil {
		return nil
	}
	now, err := t.opts.IdentityProvider.Status(ctx)
	if err != nil {
		return err
	}
	unknown := now.ByHand && now.BaseURI == ""
	if !now.Running || !unknown && !strings.HasSuffix(strings.TrimRight(now.BaseURI, "/"), "/"+t.uid) {
		return nil // it pushes somewhere else
	}
	switch err := t.opts.IdentityProvider.Stop(ctx); {
	case errors.Is(err, idp.ErrByHand):
		// It pushes into nothing then, which harms nobody.
		t.say("Stop provisioning in the identity provider's console: no program can.")
		return nil
	case err != nil:
		return err
	}
	t.say("The identity provider has stopped.")
	return nil
}

func (t *teardown) usageOff(ctx context.Context) error {
	p, err := t.c.Providers.Get(ctx, t.name)
	if errors.Is(err, iamscim.ErrNotFound) || err == nil && (!p.SCIMUsage.Enabled() || p.State == iamscim.StateDeleted) {
		return nil
	}
	if err != nil {
		return err
	}
	if _, err := t.c.Providers.SetSCIMUsage(ctx, t.name, iamscim.SCIMUsageNone); err != nil {
		return err
	}
	t.say("The provider doesn't use SCIM any more. It had the usage %s.", p.SCIMUsage)
	return nil
}

// revoke comes before the tenant is deleted, and works after it too: the service
// agent's address follows from the UID.
func (t *teardown) revoke(ctx context.Context) error {
	pool, err := t.c.Providers.GetPool(ctx, t.name.Pool())
	if errors.Is(err, iamscim.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	address := scimtenant.ServiceAgentEmail(pool.Organization, t.uid)
	if t.tenant != nil && t.tenant.ServiceAgent != "" {
		address = t.tenant.ServiceAgent
	}
	has, err := t.c.Organizations.HasSyncer(ctx, pool.Organization, address)
	if err != nil || !has {
		return err
	}
	if err := t.c.Organizations.RevokeSyncer(ctx, pool.Organization, address); err != nil {
		return err
	}
	t.say("%s has lost %s.", address, scimtenant.SyncerRole)
	return nil
}

func (t *teardown) deleteTokens(ctx context.Context) error {
	if t.tenant == nil || t.tenant.State != iamscim.StateActive {
		return nil
	}
	tokens, err := collect(t.c.Tokens.List(ctx, t.tenant.Name, iamscim.ListOptions{}))
	if err != nil && !errors.Is(err, iamscim.ErrNotFound) {
		return err
	}
	for _, k := range tokens {
		if err := t.c.Tokens.Delete(ctx, k.Name); err != nil && !errors.Is(err, iamscim.ErrNotFound) {
			return err
		}
		t.say("The token %s is deleted.", k.Name.ID())
	}
	return nil
}

func (t *teardown) deleteTenant(ctx context.Context) error {
	if t.tenant == nil {
		return nil
	}
	if err := t.c.Tenants.HardDelete(ctx, t.tenant.Name, scimtenant.HardDeleteOptions{WhileInUse: true}); err != nil && !errors.Is(err, iamscim.ErrNotFound) {
		return err
	}
	t.say("The tenant %s is deleted for good, with its users and groups.", t.tenant.Name.ID())
	return nil
}

func (t *teardown) endSessions(ctx context.Context) error {
	for _, name := range t.revoked {
		if err := t.c.Providers.RevokeSessions(ctx, name); err != nil && !errors.Is(err, iamscim.ErrNotFound) {
			return err
		}
		t.say("The sessions of %s have ended.", name.ID())
	}
	return nil
}

func (t *teardown) deleteSubjects(ctx context.Context) error {
	for _, name := range t.deleted {
		err := t.c.Providers.DeleteSubject(ctx, name)
		if errors.Is(err, iamscim.ErrNotFound) || errors.Is(err, iamscim.ErrFailedPrecondition) {
			continue // an earlier call did it, or nobody has this subject
		}
		if err != nil {
			return err
		}
		t.say("%s is deleted from the pool: for 30 days, nobody can sign in as it.", name.ID())
	}
	return nil
}
