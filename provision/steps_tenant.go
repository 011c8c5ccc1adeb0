package provision

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/provision/internal/doctor"
	"github.com/iamscim/iamscim/scimclient"
	"github.com/iamscim/iamscim/scimtenant"
	"github.com/iamscim/iamscim/scimtoken"
)

func (p *planner) tenant() Step {
	if s, ok := p.follows(KindProvider, listTenants); ok {
		return s
	}
	if err := p.w.tenant.err; err != nil {
		return unreadable(err, "the pool's tenant", listTenants)
	}
	t, own := p.w.tenant.value, p.own()
	switch {
	case t != nil && own == nil:
		return Step{Status: StatusBlocked, Resource: t.Name.String(), err: scimtenant.ErrPoolOccupied,
			Text: "the pool has a tenant of another provider, and can have only one", Remedy: occupied(t)}
	case own != nil && p.spec.TenantID != "" && p.spec.TenantID != own.Name.ID():
		return Step{Status: StatusBlocked, Resource: t.Name.String(), err: scimtenant.ErrPoolOccupied,
			Text: "the provider has a tenant of another ID, and its pool can have only one", Remedy: "name that ID in the spec, or leave it out; " + occupied(t)}
	case own != nil:
		p.target = own.Name
	default:
		id := p.spec.TenantID
		if id == "" {
			id = defaultTenantID
		}
		// Validate has tried the spec's; the default is one.
		p.target, _ = scimtenant.NewName(p.spec.Provider, id)
	}
	if s, ok := p.follows(KindMapping, listTenants); ok && own == nil {
		s.Resource = p.target.String()
		return s
	}
	if own == nil {
		return Step{Status: StatusChange, Action: ActionCreate, Reason: ReasonAbsent, Resource: p.target.String(),
			Text: "its claim mapping can never be changed",
			Fields: []Field{
				{Name: "claimMapping", After: p.mapping.String()},
				{Name: "uid", UnknownAfter: true},
			}}
	}
	s := Step{Status: StatusDone, Resource: own.Name.String(), Text: "UID " + own.UID()}
	have, err := own.Mapping()
	if !p.mapping.IsZero() && (err != nil || !have.Equal(p.mapping)) {
		return p.replacement(own)
	}
	if own.State == iamscim.StateDeleted {
		s.Status, s.Action, s.Reason, s.Drift = StatusChange, ActionUndelete, ReasonDeleted, true
		s.Text = "it is soft-deleted and would be purged at " + date(own.PurgeTime)
		s.Fields = []Field{{Name: "state", Before: string(iamscim.StateDeleted), After: string(iamscim.StateActive)}}
	}
	return s
}

func occupied(t *scimtenant.Tenant) string {
	if t.State == iamscim.StateDeleted {
		return fmt.Sprintf("%s is soft-deleted and blocks the pool until %s: hard-delete it to free the pool", t.Name, date(t.PurgeTime))
	}
	return fmt.Sprintf("hard-delete %s to free the pool, or use its provider", t.Name)
}

// replacement is the step for a tenant with another claim mapping.
func (p *planner) replacement(own *scimtenant.Tenant) Step {
	s := Step{Status: StatusChange, Action: ActionReplace, Reason: ReasonImmutable, Resource: own.Name.String(),
		Text: "a claim mapping can't be changed: the tenant is deleted for good and created again"}
	want := p.mapping.Map()
	keys := make([]string, 0, len(want))
	for key := range want {
		keys = append(keys, key)
	}
	for key := range own.ClaimMapping {
		if _, ok := want[key]; !ok {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	for _, key := range keys {
		if own.ClaimMapping[key] != want[key] {
			s.Fields = append(s.Fields, Field{Name: "claimMapping." + key, Before: own.ClaimMapping[key], After: want[key], ForcesReplacement: true})
		}
	}
	s.Fields = append(s.Fields,
		Field{Name: "uid", Before: own.UID(), UnknownAfter: true},
		Field{Name: "baseUri", Before: own.BaseURI, UnknownAfter: true},
		Field{Name: "serviceAgent", Before: own.ServiceAgent, UnknownAfter: true})
	if usage := p.w.provider.value.SCIMUsage; usage.Enabled() {
		s.Fields = append(s.Fields, Field{Name: "provider.scimUsage", Before: string(usage), After: string(iamscim.SCIMUsageNone)})
		s.Void = append(s.Void, fmt.Sprintf("The usage %s is switched off first, until the directory has arrived again. People have the groups of their token until then.", usage))
	}
	s.Void = append(s.Void,
		fmt.Sprintf("The base URI %s and the UID %s are gone. The identity provider must be set up again.", own.BaseURI, own.UID()),
		"All users and groups in the directory are gone. The identity provider must push them again.",
		fmt.Sprintf("The role of the service agent %s is revoked. The new tenant has another one.", own.ServiceAgent))
	if p.w.tokens.err == nil && p.w.tokens.done {
		var ids []string
		for _, name := range p.active() {
			ids = append(ids, name.ID())
		}
		s.Void = append(s.Void, fmt.Sprintf("The tokens stop working: %s.", either(strings.Join(ids, ", "), "there are none")))
	} else {
		s.Void = append(s.Void, "All tokens stop working.")
	}
	return s
}

func either(text, other string) string {
	if text == "" {
		return other
	}
	return text
}

// active returns the names of the tenant's active tokens.
func (p *planner) active() []scimtoken.Name {
	var names []scimtoken.Name
	for _, t := range p.w.tokens.value {
		if t.State == iamscim.StateActive {
			names = append(names, t.Name)
		}
	}
	return names
}

// replicates is how long a change may take to be visible everywhere.
const replicates = 2 * time.Minute

// recent reports whether a token was created so recently that it may not be
// visible yet.
func (p *planner) recent(name scimtoken.Name) bool {
	created, known := name.Created()
	return known && p.w.now.Sub(created) < replicates+time.Minute // the name has minutes
}

func (p *planner) token() Step {
	if s, ok := p.follows(KindTenant, listTokens); ok {
		return s
	}
	if p.spec.Store == nil {
		return Step{Status: StatusBlocked, Text: "there is no TokenStore, and a secret is shown only once", Remedy: "name a TokenStore in the spec"}
	}
	if err := p.w.stored.err; err != nil {
		return Step{Status: StatusBlocked, err: err, Text: "the token store can't be read: " + cause(err), Remedy: "make the store readable, and plan again"}
	}
	stored := p.w.stored.value
	create := Step{Status: StatusChange, Action: ActionCreate, Reason: ReasonAbsent, Resource: p.target.String() + "/tokens/(known after apply)",
		Text: "its secret goes to the store, and nowhere else", Fields: []Field{{Name: "name", UnknownAfter: true}}}
	tenant := p.steps[KindTenant]
	switch {
	case tenant.Status == StatusDeferred:
		return Step{Status: StatusDeferred, Action: ActionCreate, Text: "waits for the tenant"}
	case tenant.Action == ActionUndelete:
		return Step{Status: StatusDeferred, Text: "waits for the tenant, which has kept its tokens"}
	case stored != nil && !p.w.fresh() && stored.Tenant.Provider().Pool() != p.target.Provider().Pool():
		return Step{Status: StatusBlocked, err: scimtoken.ErrStaleRecord, Text: "the store has the record of a tenant of another pool: " + stored.Tenant.String(), Remedy: "give each tenant a store of its own"}
	case stored != nil && (!p.w.fresh() || tenant.Action == ActionReplace):
		create.Reason, create.Drift = ReasonStale, tenant.Action != ActionReplace
		create.Notes = []string{fmt.Sprintf("The store's record is that of the tenant with UID %s. It is cleared, and nothing is deleted.", stored.TenantUID)}
		if tenant.Status == StatusDone {
			if s, ok := p.strangers(create); ok {
				return s
			}
		}
		return create
	case tenant.Status != StatusDone:
		return create
	}
	if err := p.w.tokens.err; err != nil {
		if p.w.access.done && p.w.access.err == nil {
			return Step{Status: StatusDone, Text: "the stored token works"}
		}
		return unreadable(err, "the tenant's tokens", listTokens)
	}
	if stored == nil || stored.Current.IsZero() && stored.Next.IsZero() {
		if s, ok := p.strangers(create); ok {
			return s
		}
		return create
	}
	if stored.Current.IsZero() && !stored.HandedOver {
		create.Reason, create.Text = ReasonInterrupted, "an earlier call didn't finish"
		return create
	}
	if s, ok := p.unfinished(stored); ok {
		return s
	}
	return p.stored(stored)
}

// unfinished is the step for a rotation that has begun and that nobody but a
// program can finish.
func (p *planner) unfinished(stored *scimtoken.Stored) (Step, bool) {
	left := slices.ContainsFunc(p.active(), func(name scimtoken.Name) bool { return slices.Contains(stored.Retire, name) })
	begun := !stored.Next.IsZero() && (p.spec.IdentityProvider != nil || stored.NextSecret.IsZero())
	if !left && !begun {
		return Step{}, false
	}
	s := Step{Status: StatusChange, Action: ActionReplace, Reason: ReasonInterrupted, Resource: stored.Current.String(), Text: "a rotation didn't finish"}
	if !stored.Next.IsZero() {
		s.Fields = []Field{{Name: "name", Before: stored.Current.ID(), After: stored.Next.ID()}}
	}
	if left {
		s.Action, s.Text = ActionDelete, "a rotation didn't finish: the old token is still there"
		s.Fields = nil
	}
	if stored.Until.After(p.w.now) {
		s.Status, s.Action, s.Text, s.Fields = StatusPending, "", "a rotation is under way, by "+stored.Holder, nil
	}
	return s, true
}

// stored is the step for a token that the store has.
func (p *planner) stored(stored *scimtoken.Stored) Step {
	name, secret := live(stored)
	s := Step{Status: StatusDone, Resource: name.String(), Text: "it is in the store"}
	if secret.IsZero() {
		s.Text = "it is in use; the store has it without its secret"
		s.Reason = ReasonAdopt
	}
	i := slices.IndexFunc(p.w.tokens.value, func(t *scimtoken.Token) bool { return t.Name == name })
	switch {
	case i >= 0 && p.w.tokens.value[i].State == iamscim.StateActive:
	case i < 0 && p.recent(name):
		s.Status, s.Text = StatusPending, "it was made, and isn't visible yet"
	default:
		s.Status, s.Action, s.Reason, s.Drift = StatusChange, ActionReplace, ReasonGone, true
		s.Text = "the token in the store is deleted: the identity provider can't push"
		s.Fields = []Field{{Name: "name", Before: name.ID(), UnknownAfter: true}}
		return s
	}
	for _, other := range p.active() {
		if other != stored.Current && other != stored.Next && !slices.Contains(stored.Retire, other) {
			s.Warnings = append(s.Warnings, fmt.Sprintf("another token, %s, is active, and the store doesn't know it", other.ID()))
		}
	}
	return s
}

// strangers is the step for active tokens that a store without a token doesn't
// know.
func (p *planner) strangers(create Step) (Step, bool) {
	names := p.active()
	if len(names) == 0 {
		return Step{}, false
	}
	ids := make([]string, len(names))
	for i, n := range names {
		ids[i] = n.ID()
	}
	switch {
	case slices.Contains(names, p.spec.Adopt):
		s := Step{Status: StatusChange, Action: ActionUpdate, Reason: ReasonAdopt, Resource: p.spec.Adopt.String(), Drift: create.Drift,
			Text: "the store takes it in, with its secret", Fields: []Field{{Name: "store.current", After: p.spec.Adopt.ID()}}}
		if p.spec.AdoptSecret.IsZero() {
			s.Text = "the store takes it in, without its secret"
		}
		return s, true
	case slices.Contains(names, p.spec.ReplaceToken):
		return Step{Status: StatusChange, Action: ActionReplace, Reason: ReasonReplaceToken, Resource: p.spec.ReplaceToken.String(), Drift: create.Drift,
			Text:   "it works until the identity provider has the new one",
			Fields: []Field{{Name: "name", Before: p.spec.ReplaceToken.ID(), UnknownAfter: true}}}, true
	}
	return Step{Status: StatusBlocked, err: scimtoken.ErrUnknownToken, Resource: p.target.String(),
		Text:   "the tenant has an active token that the store doesn't know: " + strings.Join(ids, " and "),
		Remedy: "adopt the one in use, or replace it, by its name in the spec; delete it if nobody uses it"}, true
}

func (p *planner) role() Step {
	if s, ok := p.follows(KindTenant, getOrgPolicy); ok {
		return s
	}
	tenant := p.steps[KindTenant]
	organization, agent := p.w.agent()
	s := Step{Resource: "organizations/" + organization, Status: StatusDone, Text: scimtenant.SyncerRole + " for " + agent}
	if p.w.access.done && p.w.access.err == nil && tenant.Action != ActionReplace {
		s.Text = "proved by a request: " + s.Text
		return s
	}
	grant := Step{Status: StatusChange, Action: ActionCreate, Reason: ReasonAbsent, Resource: s.Resource, Text: scimtenant.SyncerRole + " for the tenant's service agent",
		Fields: []Field{{Name: "binding", After: agent, UnknownAfter: agent == ""}}}
	switch {
	case tenant.Status == StatusDeferred || tenant.Action == ActionUndelete:
		return Step{Status: StatusDeferred, Action: ActionCreate, Text: "waits for the tenant"}
	case tenant.Status != StatusDone:
		grant.Fields = []Field{{Name: "binding", UnknownAfter: true}}
		grant.Notes = []string{"Google usually binds it by itself. Then nothing is changed."}
		return grant
	case agent == "":
		return unreadable(p.w.pool.err, "the organization's number", "iam.workforcePools.get")
	case p.w.syncer.err != nil:
		if errors.Is(p.w.access.err, scimclient.ErrNotSyncer) {
			s.Status, s.Text = StatusManual, "the role is missing, and the caller may not bind it"
			s.Permission = getOrgPolicy
			s.Instructions = []Instruction{{Note: "An administrator of the organization binds it.", Command: doctor.Bind(organization, agent)}}
			return s
		}
		u := unreadable(p.w.syncer.err, "the organization's policy", getOrgPolicy)
		u.Resource = s.Resource
		return u
	case p.w.syncer.value:
		return s
	}
	// Nobody gets as far without the role.
	grant.Drift = p.w.provider.value.SCIMUsage.Enabled() || p.w.idp.value != nil && p.own() != nil && p.w.idp.value.BaseURI == p.own().BaseURI
	return grant
}

func (p *planner) access() Step {
	if s, ok := p.follows(KindToken, listTokens); ok {
		return s
	}
	token := p.steps[KindToken]
	if token.Status != StatusDone && token.Status != StatusPending {
		return Step{Status: StatusDeferred, Text: "waits for the token"}
	}
	if token.Reason == ReasonAdopt {
		return Step{Status: StatusUnknown, Reason: ReasonAdopt, Text: "the store has no secret to try", Remedy: "adopt the token with its secret, or rotate it"}
	}
	_, agent := p.w.agent()
	name, _ := live(p.w.stored.value)
	switch err := p.w.access.err; {
	case !p.w.access.done:
		return Step{Status: StatusDeferred, Text: "waits for the token"}
	case err == nil:
		return Step{Status: StatusDone, Resource: p.w.access.value.BaseURI, Text: "the stored token works"}
	case errors.Is(err, scimclient.ErrNotSyncer):
		if !p.done(KindRole) {
			return Step{Status: StatusDeferred, err: err, Text: "waits for the role of " + agent}
		}
		return Step{Status: StatusPending, err: err, Text: "the role is bound, and has no effect yet: that takes up to some minutes"}
	case errors.Is(err, scimclient.ErrTokenRejected), errors.Is(err, scimclient.ErrTenantUnknown):
		if token.Status == StatusPending || p.recent(name) {
			return Step{Status: StatusPending, err: err, Text: "the token was made, and isn't accepted everywhere yet"}
		}
		return Step{Status: StatusBlocked, err: err, Text: "the stored token isn't accepted: " + cause(err), Remedy: "rotate the token; if it was just made, plan again in two minutes"}
	default:
		return Step{Status: StatusUnknown, err: err, Text: "the SCIM service can't be asked: " + cause(err), Remedy: "plan again"}
	}
}
