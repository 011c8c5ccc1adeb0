package provision

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/provider"
	"github.com/iamscim/iamscim/scimclient"
)

// on reports whether the provider has the usage of the spec already.
func (p *planner) on() bool {
	got := p.w.provider.value
	return got != nil && got.SCIMUsage == p.spec.Usage && p.steps[KindTenant].Status == StatusDone
}

func (p *planner) directory() Step {
	if s, ok := p.follows(KindTenant, ""); ok {
		return s
	}
	r := p.spec.Ready
	named := len(r.Users)+len(r.Groups)+len(r.BreakGlass) > 0 || r.Audit != nil
	switch {
	case r.EnableBeforeSync:
		return Step{Status: StatusDone, Text: "not looked at: the spec says enableBeforeSync"}
	case p.spec.Usage == iamscim.SCIMUsageNone:
		return Step{Status: StatusDone, Text: "not looked at: the provider isn't to use SCIM"}
	case p.on() && !named:
		s := Step{Status: StatusDone, Text: "not looked at: the spec names nobody"}
		if a := p.w.access.value; a != nil {
			s.Text += "; the directory has " + people(a.Users)
		}
		return s
	case p.on() && p.steps[KindAccess].Reason == ReasonAdopt:
		return Step{Status: StatusDone, Text: "not looked at: the store has no secret"}
	case !p.done(KindAccess):
		return Step{Status: StatusDeferred, Text: "waits until the stored token works"}
	case !named:
		return Step{Status: StatusDeferred, Text: "the spec names nobody who must be in the directory", Remedy: "name users, and groups with members, in ready"}
	case p.w.evidence.err != nil:
		return Step{Status: StatusUnknown, err: p.w.evidence.err, Text: "the directory can't be read: " + p.w.evidence.err.Error(), Remedy: "plan again"}
	}
	if missing := p.w.evidence.value.missing; len(missing) > 0 {
		return Step{Status: StatusDeferred, Text: "waits for " + strings.Join(missing, ", ")}
	}
	if now := p.w.idp.value; now != nil && !now.ByHand && now.FirstCycle.IsZero() && !p.on() {
		return Step{Status: StatusDeferred, Text: "waits until the identity provider has pushed everybody once"}
	}
	if r.Audit != nil && !p.on() {
		if waits := p.audited(); waits != "" {
			return Step{Status: StatusDeferred, Text: "waits for " + waits}
		}
		return Step{Status: StatusDone, Text: fmt.Sprintf("a clean audit found all %d users of the roster", r.Audit.Checked.Users)}
	}
	return Step{Status: StatusDone, Text: fmt.Sprintf("all %d users, groups and memberships that the spec names are there", p.w.evidence.value.found)}
}

func (p *planner) usage() Step {
	if s, ok := p.follows(KindProvider, getProvider); ok {
		return s
	}
	got := p.w.provider.value
	s := Step{Status: StatusDone, Resource: got.Name.String(), Text: string(got.SCIMUsage)}
	if p.on() || got.SCIMUsage == p.spec.Usage && !p.spec.Usage.Enabled() {
		return s
	}
	field := Field{Name: "scimUsage", Before: string(got.SCIMUsage), After: string(p.spec.Usage)}
	if p.steps[KindTenant].Action == ActionReplace {
		field.Before = string(iamscim.SCIMUsageNone)
	}
	if s, blocked := p.conflict(got); blocked {
		return s
	}
	s.Action, s.Reason, s.Fields = ActionUpdate, ReasonDiffers, []Field{field}
	if p.spec.Usage == iamscim.SCIMUsageNone {
		s.Status, s.Text, s.Drift = StatusChange, "people have the groups of their token again", true
		return s
	}
	s.Status = StatusDeferred
	switch waits := p.proof(); {
	case waits != "":
		s.Text = "waits for " + waits
	default:
		s.Status = StatusChange
		s.Text = "from now on people have the groups of the directory, and not those of their token"
		if p.spec.Usage == iamscim.SCIMUsageUsersAndGroups {
			s.Text = "from now on only people who are in the directory, active, can sign in"
		}
	}
	s.Notes = append(s.Notes, "This switches it off again: "+usageCommand(got, iamscim.SCIMUsageNone))
	if p.spec.Usage == iamscim.SCIMUsageUsersAndGroups && p.w.caller == got.Name.Pool().String() {
		s.Warnings = append(s.Warnings, "your own credentials sign in through this pool: without a user of yours in the directory, you can't switch it off again")
	}
	if p.spec.Ready.EnableBeforeSync {
		s.Warnings = append(s.Warnings, "nothing shows that the directory has arrived; whoever is missing in it loses access")
	}
	return s
}

// conflict is the step if the service would refuse the usage.
func (p *planner) conflict(got *provider.Provider) (Step, bool) {
	if !p.spec.Usage.Enabled() {
		return Step{}, false
	}
	s := Step{Status: StatusBlocked, Resource: got.Name.String(), err: provider.ErrUsageConflict}
	for _, other := range p.w.providers.value {
		if other.Name != got.Name && other.SCIMUsage.Enabled() {
			s.Text = "another provider of the pool uses SCIM: " + other.Name.ID()
			s.Remedy = "switch that one off first: " + usageCommand(other, iamscim.SCIMUsageNone)
			return s, true
		}
	}
	switch {
	case got.ExtendedAttributes != nil:
		s.Text, s.Remedy = "the provider fetches groups with an extended attributes client, which excludes SCIM", "remove the extended attributes client from the provider"
	case got.ExtraAttributes != nil && p.spec.Usage == iamscim.SCIMUsageUsersAndGroups:
		s.Text, s.Remedy = "the provider has an extra attributes client, which excludes "+string(p.spec.Usage), "remove the extra attributes client, or use "+string(iamscim.SCIMUsageGroups)
	default:
		return Step{}, false
	}
	return s, true
}

// proof returns what the usage waits for, "" if the evidence is complete.
func (p *planner) proof() string {
	r := p.spec.Ready
	if p.steps[KindTenant].Status != StatusDone {
		return "the tenant"
	}
	if len(p.open) > 0 {
		return "somebody to confirm at the identity provider: " + settings(p.open) + " (" + ids(p.open) + ")"
	}
	if r.EnableBeforeSync {
		return ""
	}
	if !p.done(KindDirectory) {
		return "the directory"
	}
	if s := p.steps[KindIdentityProvider].Status; s == StatusChange || s == StatusDeferred {
		return "the identity provider"
	}
	if p.spec.Usage == iamscim.SCIMUsageUsersAndGroups {
		return p.everybody()
	}
	if len(r.Users) == 0 && len(r.Groups) == 0 && r.Audit == nil {
		return "evidence: users, and groups with members, in ready"
	}
	return ""
}

// everybody returns what the usage for users waits for.
func (p *planner) everybody() string {
	r := p.spec.Ready
	if len(r.BreakGlass) == 0 {
		return "break-glass users with a sample of their claims"
	}
	got := p.w.provider.value
	for _, b := range r.BreakGlass {
		user := p.w.evidence.value.people[b.UserName]
		if user == nil {
			return "the break-glass user " + b.UserName
		}
		if why := b.meet(got.AttributeMapping, p.mapping, user); why != "" {
			return fmt.Sprintf("the break-glass user %s: %s", b.UserName, why)
		}
	}
	return p.audited()
}

// audited returns what keeps the audit from counting, "" if it counts.
func (p *planner) audited() string {
	r, maxAge := p.spec.Ready.Audit, p.spec.Ready.MaxAge
	if maxAge == 0 {
		maxAge = time.Hour
	}
	t := p.own()
	switch {
	case r == nil:
		return "a clean audit of all users"
	case t == nil || r.TenantUID != t.UID():
		return fmt.Sprintf("an audit of this tenant: the one given is of the tenant with UID %s", r.TenantUID)
	case r.ClaimMapping != p.mapping.String():
		return "an audit with this claim mapping: the one given is with " + r.ClaimMapping
	case !r.Clean():
		return "a clean audit: the one given isn't"
	case p.w.now.Sub(r.Started) > maxAge:
		return fmt.Sprintf("a newer audit: the one given began %v ago, and may be %v old", p.w.now.Sub(r.Started).Round(time.Second), maxAge)
	}
	return ""
}

// document is a user as encoding/json decodes it.
func document(user *scimclient.User) (map[string]any, error) {
	text, err := json.Marshal(user)
	if err != nil {
		return nil, err
	}
	var m map[string]any
	if err := json.Unmarshal(text, &m); err != nil {
		return nil, errors.New("the user can't be read")
	}
	return m, nil
}
