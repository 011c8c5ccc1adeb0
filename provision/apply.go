package provision

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/internal/gapi"
	"github.com/iamscim/iamscim/internal/retry"
	"github.com/iamscim/iamscim/provider"
	"github.com/iamscim/iamscim/provision/idp"
	"github.com/iamscim/iamscim/scimclient"
	"github.com/iamscim/iamscim/scimtoken"
)

var (
	// ErrBlocked: the plan has steps that can't be done. Nothing was sent. The
	// error is a [*BlockedError].
	ErrBlocked = errors.New("the plan is blocked")

	// ErrMoved: what the plan rests on has changed since. Nothing was written
	// after that was seen. The error is a [*MovedError]. Plan again.
	ErrMoved = errors.New("something has changed since the plan was made")
)

// BlockedError holds the steps that keep a plan from being applied.
type BlockedError struct{ Steps []Step }

// Error names the steps.
func (e *BlockedError) Error() string {
	text := "provision: apply: " + ErrBlocked.Error()
	for _, s := range e.Steps {
		text += fmt.Sprintf("; %s: %s", s.Kind, s.Text)
	}
	return text
}

// Unwrap returns [ErrBlocked] and the causes.
func (e *BlockedError) Unwrap() []error {
	all := []error{ErrBlocked}
	for _, s := range e.Steps {
		if s.err != nil {
			all = append(all, s.err)
		}
	}
	return all
}

// MovedError names a field that has moved.
type MovedError struct {
	Field string // "provider.attributeMapping"
	Was   string // in the plan
	Is    string
}

// Error names the field and its values.
func (e *MovedError) Error() string {
	return fmt.Sprintf("provision: apply: %v: %s was %q and is %q; plan again", ErrMoved, e.Field, e.Was, e.Is)
}

// Unwrap returns [ErrMoved].
func (e *MovedError) Unwrap() error { return ErrMoved }

// ApplyOptions say how a plan is applied.
type ApplyOptions struct {
	// Wait waits for what isn't visible yet and for the directory to arrive,
	// as long as the retry policy says. Without it, Apply returns within
	// seconds, with steps that are pending or deferred. Apply again later.
	Wait bool

	// AllowReplace is the UID of the tenant that the plan replaces. It's the
	// word without which nothing is replaced.
	AllowReplace string

	// OnStep is called before a step is done, with its status in the plan, and
	// after it, with its new one. It must not change the step.
	OnStep func(Step)

	// Store and IdentityProvider are those of the spec, for a plan that was
	// read from JSON. AdoptSecret is the spec's too.
	Store            scimtoken.TokenStore
	IdentityProvider idp.Provider
	AdoptSecret      scimtoken.Secret
}

// Apply does what can be done now of a plan, and returns the plan that is left. It
// can be interrupted at any moment and repeated, and two at once end in one tenant
// and one token.
//
// Before each change it reads again what the plan rests on. If that has moved, it
// stops with a [*MovedError]. What is as planned already is done.
//
// Errors: [ErrBlocked], [ErrMoved], [iamscim.ErrInvalidArgument], those of the
// clients, of the store and of the identity provider. The plan that is left is
// returned with every error that comes after the first request.
func (c *Clients) Apply(ctx context.Context, p *Plan, opts ApplyOptions) (*Plan, error) {
	const op = "provision: apply"
	if p == nil {
		return nil, gapi.Invalid(op, "", iamscim.Violation{Field: "plan", Rule: "required"})
	}
	if err := gapi.Ready(ctx, op, p.Spec.Provider.String()); err != nil {
		return nil, err
	}
	a := &applier{c: c.brief, opts: opts, plan: p, spec: p.Spec, expect: maps.Clone(p.Basis), stale: map[string]string{}, pending: map[Kind]string{}}
	if opts.Wait {
		a.c = c
	}
	if opts.Store != nil {
		a.spec.Store = opts.Store
	}
	if opts.IdentityProvider != nil {
		a.spec.IdentityProvider = opts.IdentityProvider
	}
	if !opts.AdoptSecret.IsZero() {
		a.spec.AdoptSecret = opts.AdoptSecret
	}
	if err := a.spec.Validate(); err != nil {
		return nil, err
	}
	if blocked := p.Blocked(); len(blocked) > 0 {
		return p, &BlockedError{Steps: blocked}
	}
	if a.spec.Store == nil {
		return nil, gapi.Invalid(op, p.Spec.Provider.String(), iamscim.Violation{Field: "ApplyOptions.Store", Rule: "required: a plan in JSON doesn't hold the store"})
	}
	if p.Destroys() && opts.AllowReplace != p.Basis["tenant.uid"] {
		return p, &BlockedError{Steps: []Step{{Kind: KindTenant, Status: StatusBlocked, Resource: p.Tenant.String(),
			Text: fmt.Sprintf("the tenant with UID %s would be deleted for good: set AllowReplace to that UID", p.Basis["tenant.uid"])}}}
	}
	a.spec.Mapping = p.Mapping // whatever the provider's is now
	a.spec.Vendor = p.Vendor
	return a.run(ctx)
}

// applier is one call of Apply.
type applier struct {
	c       *Clients
	opts    ApplyOptions
	plan    *Plan
	spec    Spec
	expect  map[string]string // the basis, with what this call has changed
	stale   map[string]string // what this call has overwritten: reads may still show it
	pending map[Kind]string   // what this call has made, until reads show it
	w       *world
	now     *Plan
}

// look reads everything again, and compares it with what is expected.
func (a *applier) look(ctx context.Context) error {
	a.w = a.c.observe(ctx, a.spec)
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("provision: apply %s: %w", a.spec.Provider, err)
	}
	a.now = plan(a.spec, a.w)
	a.mark()
	if err := a.w.provider.err; err != nil {
		return err
	}
	if err := a.w.tenant.err; err != nil {
		return err
	}
	return a.compare(basis(a.w.provider.value, a.w.tenant.value))
}

// mark says what is made and can't be read yet, and what waits for it.
func (a *applier) mark() {
	for i := range a.now.Steps {
		s := &a.now.Steps[i]
		if s.Status != StatusChange && s.Status != StatusDeferred {
			continue
		}
		if text, ok := a.pending[s.Kind]; ok {
			s.Status, s.Text = StatusPending, text
		} else if _, ok := a.pending[KindTenant]; ok && a.now.Step(KindTenant).Status == StatusPending {
			s.Status, s.Text = StatusDeferred, "waits until the tenant is visible"
		}
	}
}

// guard reads what the plan rests on again, directly before a change, and reports
// whether the tenant is there.
func (a *applier) guard(ctx context.Context) (there bool, err error) {
	t, err := a.c.Tenants.Get(ctx, a.plan.Tenant)
	if err != nil && !errors.Is(err, iamscim.ErrNotFound) {
		return false, err
	}
	p, err := a.c.Providers.Get(ctx, a.spec.Provider)
	if err != nil {
		return false, err
	}
	is := basis(p, t)
	if err := a.compare(is); err != nil {
		return false, err
	}
	return is["tenant.uid"] != "" && is["tenant.uid"] == a.expect["tenant.uid"], nil
}

// compare says what has moved. What this call has overwritten may still be read,
// and what it's about to do may have been done by somebody else.
func (a *applier) compare(is map[string]string) error {
	made := map[string]string{}
	for _, field := range slices.Sorted(maps.Keys(is)) {
		old, overwritten := a.stale[field]
		switch value := is[field]; {
		case value == a.expect[field], overwritten && value == old:
		case a.planned(field, value):
			made[field] = value
		default:
			return &MovedError{Field: field, Was: a.expect[field], Is: value}
		}
	}
	maps.Copy(a.expect, made)
	return nil
}

// planned reports whether a value is the one that the plan leads to.
func (a *applier) planned(field, value string) bool {
	action := a.plan.Step(KindTenant).Action
	if field == "provider.scimUsage" {
		return value == string(a.spec.Usage) && a.plan.Step(KindUsage).Status != StatusDone || value == string(iamscim.SCIMUsageNone) && a.plan.Destroys()
	}
	if field == "tenant.state" && action == ActionUndelete {
		return value == string(iamscim.StateActive)
	}
	if a.expect["tenant.uid"] != "" || action != ActionCreate && action != ActionReplace {
		return false
	}
	// There was no tenant: it's made as planned.
	switch field {
	case "tenant.name":
		return value == a.plan.Tenant.String()
	case "tenant.claimMapping":
		return value == a.plan.Mapping.String()
	case "tenant.state":
		return value == string(iamscim.StateActive)
	}
	return field == "tenant.uid"
}

// overwrite notes a change of this call.
func (a *applier) overwrite(field, value string) {
	a.stale[field], a.expect[field] = a.expect[field], value
}

// run does the steps in order. A step that isn't done doesn't keep the others from
// being looked at: they wait for it by themselves.
func (a *applier) run(ctx context.Context) (*Plan, error) {
	if err := a.look(ctx); err != nil {
		return a.left(), err
	}
	for _, kind := range kinds {
		if err := a.step(ctx, kind); err != nil {
			return a.left(), err
		}
	}
	return a.now, nil
}

func (a *applier) left() *Plan {
	if a.now == nil {
		return a.plan
	}
	return a.now
}

func (a *applier) step(ctx context.Context, kind Kind) error {
	if a.opts.Wait {
		if err := a.wait(ctx, kind); err != nil {
			return err
		}
	}
	step := *a.now.Step(kind)
	planned := a.plan.Step(kind)
	switch {
	case step.Status == StatusBlocked:
		a.tell(step)
		return &BlockedError{Steps: []Step{step}}
	case step.Status != StatusChange:
		if step.Status != planned.Status {
			a.tell(step)
		}
		return nil
	case planned.Status == StatusDone:
		return &MovedError{Field: string(kind), Was: planned.Text, Is: step.Text}
	case planned.Status == StatusChange && planned.Action != step.Action && kind != KindToken:
		return &MovedError{Field: string(kind), Was: string(planned.Action), Is: string(step.Action)}
	}
	a.tell(step)
	err := a.act(kind)(ctx, step)
	if err != nil && !passing(err) {
		return err
	}
	a.pending[kind] = "made, and not visible yet"
	if err != nil && !errors.Is(err, iamscim.ErrNotVisible) {
		a.pending[kind] = cause(err)
	}
	if err := a.look(ctx); err != nil {
		return err
	}
	a.tell(*a.now.Step(kind))
	return nil
}

// passing reports whether an error is one that a later call settles.
func passing(err error) bool {
	if under, ok := errors.AsType[*provider.OperationError](err); ok && !errors.Is(under, iamscim.ErrOperationFailed) {
		return true // the operation goes on
	}
	for _, kind := range []error{iamscim.ErrNotVisible, scimtoken.ErrRotationInProgress, scimtoken.ErrRotationTakenOver, scimclient.ErrTokenRejected, scimclient.ErrNotSyncer, scimclient.ErrTenantUnknown} {
		if errors.Is(err, kind) {
			return true
		}
	}
	return false
}

func (a *applier) tell(s Step) {
	if a.opts.OnStep != nil {
		a.opts.OnStep(s)
	}
}

// patience is how long Wait waits between two looks.
const patience = 5 * time.Second

// wait looks again until a step is neither pending nor waiting for the directory.
func (a *applier) wait(ctx context.Context, kind Kind) error {
	waits := func() bool {
		s := a.now.Step(kind)
		return s.Status == StatusPending || kind == KindDirectory && s.Status == StatusDeferred && a.now.Step(KindAccess).Status == StatusDone && s.Remedy == ""
	}
	if !waits() {
		return nil
	}
	policy := a.c.cfg.retry.WithDefaults()
	policy.Max = min(policy.Max, patience)
	policy.Initial = min(policy.Initial, policy.Max)
	policy.MaxAttempts = 0
	a.tell(*a.now.Step(kind))
	_, err := retry.Do(ctx, policy, func() (retry.Verdict, error) {
		if err := a.look(ctx); err != nil {
			return retry.Verdict{}, err
		}
		return retry.Verdict{Again: waits()}, nil
	})
	return err
}
