package provision

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/claimmap"
	"github.com/iamscim/iamscim/internal/gapi"
	"github.com/iamscim/iamscim/scimtenant"
)

// Kind is the kind of a step.
type Kind string

// The steps of a plan, in order.
const (
	KindProvider         Kind = "provider"         // the workforce pool provider, which must exist
	KindMapping          Kind = "mapping"          // the claim mapping, against the provider's attribute mapping
	KindTenant           Kind = "tenant"           // the SCIM tenant
	KindToken            Kind = "token"            // its token, in the store
	KindRole             Kind = "role"             // roles/iam.scimSyncer of its service agent
	KindAccess           Kind = "access"           // the stored token works
	KindIdentityProvider Kind = "identityProvider" // pushes into the tenant
	KindDirectory        Kind = "directory"        // users and groups have arrived
	KindUsage            Kind = "usage"            // the provider uses SCIM
)

// kinds are all of them, in order.
var kinds = []Kind{KindProvider, KindMapping, KindTenant, KindToken, KindRole, KindAccess, KindIdentityProvider, KindDirectory, KindUsage}

// Status says how far a step is.
type Status string

// The statuses.
const (
	StatusDone     Status = "done"     // nothing to do
	StatusChange   Status = "change"   // Apply does it: see Step.Action
	StatusPending  Status = "pending"  // made, and not visible yet
	StatusDeferred Status = "deferred" // Apply does it once what it waits for is there
	StatusManual   Status = "manual"   // a person does it: see Step.Instructions
	StatusUnknown  Status = "unknown"  // can't be read
	StatusBlocked  Status = "blocked"  // can't be done: see Step.Remedy
)

// Action is what a step does.
type Action string

// The actions of steps with StatusChange and StatusDeferred.
const (
	ActionCreate   Action = "create"
	ActionUpdate   Action = "update"
	ActionUndelete Action = "undelete"
	ActionReplace  Action = "replace"
	ActionDelete   Action = "delete"
)

// Reason is why a step has an action.
type Reason string

// The reasons.
const (
	ReasonAbsent       Reason = "absent"       // it isn't there
	ReasonDeleted      Reason = "deleted"      // it's soft-deleted
	ReasonImmutable    Reason = "immutable"    // the claim mapping differs and can't be changed
	ReasonStale        Reason = "stale"        // the store's record is that of a tenant that is gone
	ReasonGone         Reason = "gone"         // the store's token is deleted
	ReasonInterrupted  Reason = "interrupted"  // an earlier call didn't finish
	ReasonAdopt        Reason = "adopt"        // Spec.Adopt asks for it
	ReasonReplaceToken Reason = "replaceToken" // Spec.ReplaceToken asks for it
	ReasonElsewhere    Reason = "elsewhere"    // the identity provider pushes somewhere else
	ReasonStopped      Reason = "stopped"      // the identity provider's job doesn't run
	ReasonBroken       Reason = "broken"       // the identity provider's job can't push
	ReasonSettings     Reason = "settings"     // the identity provider maps people otherwise
	ReasonDiffers      Reason = "differs"      // the usage isn't the one of the spec
)

// Step is one step of a plan.
type Step struct {
	Kind     Kind   `json:"kind"`
	Status   Status `json:"status"`
	Action   Action `json:"action,omitempty"`
	Reason   Reason `json:"reason,omitempty"`
	Resource string `json:"resource,omitempty"`

	// Text is one sentence: what is there, what will be done, what the step
	// waits for, or what is wrong.
	Text string `json:"text"`

	// Remedy is what to do about StatusUnknown and StatusBlocked.
	Remedy string `json:"remedy,omitempty"`

	// Permission is the permission that the caller lacks, if that is why the
	// status is StatusUnknown or StatusBlocked.
	Permission string `json:"permission,omitempty"`

	// Drift: the step was done once, and something else undid it.
	Drift bool `json:"drift,omitempty"`

	// Fields are what the step touches.
	Fields []Field `json:"fields,omitempty"`

	// Void is everything that a replacement makes void.
	Void []string `json:"void,omitempty"`

	// Instructions are what a person does, for StatusManual.
	Instructions []Instruction `json:"instructions,omitempty"`

	// Notes are further sentences, and Warnings what may go wrong.
	Notes    []string `json:"notes,omitempty"`
	Warnings []string `json:"warnings,omitempty"`

	err error // behind StatusUnknown and StatusBlocked
}

// Field is a field with its value before and after a step. Apply reads it again
// before it writes: see [ErrMoved].
type Field struct {
	Name              string `json:"name"`
	Before            string `json:"before,omitempty"`
	After             string `json:"after,omitempty"`
	UnknownBefore     bool   `json:"unknownBefore,omitempty"` // it depends on an earlier step
	UnknownAfter      bool   `json:"unknownAfter,omitempty"`  // the service chooses it
	ForcesReplacement bool   `json:"forcesReplacement,omitempty"`
}

// Instruction is one thing that a person does in the identity provider's console,
// or with a command.
type Instruction struct {
	Where   string `json:"where,omitempty"`  // the page
	Name    string `json:"name,omitempty"`   // the field
	Value   string `json:"value,omitempty"`  // what to type; "" if Secret
	Secret  bool   `json:"secret,omitempty"` // the field takes the token
	Note    string `json:"note,omitempty"`
	Command string `json:"command,omitempty"` // a command line instead of a field
}

// planVersion is the version of a plan's JSON.
const planVersion = 1

// Plan says what is there and what is to be done. It can be stored as JSON and
// applied later. It holds no secret.
type Plan struct {
	Version int       `json:"version"`
	Time    time.Time `json:"time"`
	Spec    Spec      `json:"spec"`
	Steps   []Step    `json:"steps"`

	// Mapping and Vendor are the spec's, or what was chosen for it.
	Mapping claimmap.Mapping `json:"mapping,omitzero"`
	Vendor  iamscim.Vendor   `json:"vendor,omitempty"`

	// Organization is the number of the pool's organization, and Tenant the
	// tenant that is there or is to be created.
	Organization string          `json:"organization,omitempty"`
	Tenant       scimtenant.Name `json:"tenant,omitzero"`

	// Basis is what the plan rests on: the provider's attribute mapping,
	// issuer, vendor, state and usage, and the tenant's UID, claim mapping
	// and state. [Clients.Apply] changes nothing once one of them has moved.
	Basis map[string]string `json:"basis"`
}

// UnmarshalJSON reads a plan of this version of the package.
func (p *Plan) UnmarshalJSON(text []byte) error {
	type plain Plan
	var in plain
	if err := json.Unmarshal(text, &in); err != nil {
		return fmt.Errorf("provision: plan: %w", err)
	}
	if in.Version != planVersion {
		return fmt.Errorf("provision: plan: it has version %d, and this program knows version %d: plan again", in.Version, planVersion)
	}
	got := make([]Kind, len(in.Steps))
	for i, s := range in.Steps {
		got[i] = s.Kind
	}
	if !slices.Equal(got, kinds) {
		return fmt.Errorf("provision: plan: it has the steps %v, want %v", got, kinds)
	}
	*p = Plan(in)
	return nil
}

// Step returns the step of a kind.
func (p *Plan) Step(kind Kind) *Step {
	for i := range p.Steps {
		if p.Steps[i].Kind == kind {
			return &p.Steps[i]
		}
	}
	return &Step{Kind: kind, Status: StatusUnknown}
}

// Done reports whether there is nothing left to do: every step is done, or can't
// be read by this caller while nothing waits for it.
func (p *Plan) Done() bool {
	for _, s := range p.Steps {
		if s.Status != StatusDone && !(s.Kind == KindAccess && s.Status == StatusUnknown && s.Reason == ReasonAdopt) {
			return false
		}
	}
	return true
}

// Blocked returns the steps that keep Apply from doing anything.
func (p *Plan) Blocked() []Step {
	var all []Step
	for _, s := range p.Steps {
		early := s.Kind == KindProvider || s.Kind == KindMapping || s.Kind == KindTenant
		if s.Status == StatusBlocked || s.Status == StatusUnknown && early {
			all = append(all, s)
		}
	}
	return all
}

// Destroys reports whether the plan deletes something for good: a tenant that is
// replaced, with its directory and its tokens.
func (p *Plan) Destroys() bool { return p.Step(KindTenant).Action == ActionReplace }

// Plan compares a spec with what is there, and says what [Clients.Apply] would do.
// It only reads, and it never waits: nothing is repeated.
//
//	GET /v1/locations/LOCATION/workforcePools/POOL
//	GET /v1/locations/LOCATION/workforcePools/POOL/providers
//	GET /v1/locations/LOCATION/workforcePools/POOL/providers/PROVIDER
//	GET /v1/locations/LOCATION/workforcePools/POOL/providers/PROVIDER/scimTenants
//	GET /v1/locations/LOCATION/workforcePools/POOL/providers/PROVIDER/scimTenants/TENANT/tokens
//	POST /v3/organizations/ORGANIZATION:getIamPolicy
//
// It also asks the SCIM service whether the stored token works, and for what
// [Ready] names.
//
// What the caller may not read is a step with StatusUnknown or StatusBlocked that
// names the permission. The errors are those of [Spec.Validate], and that of ctx.
func (c *Clients) Plan(ctx context.Context, s Spec) (*Plan, error) {
	if err := gapi.Ready(ctx, "provision: plan", s.Provider.String()); err != nil {
		return nil, err
	}
	if err := s.Validate(); err != nil {
		return nil, err
	}
	s = s.withDefaults()
	out := plan(s, c.once.observe(ctx, s))
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("provision: plan %s: %w", s.Provider, err)
	}
	return out, nil
}
