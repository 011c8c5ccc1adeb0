package provision

import (
	"fmt"
	"strings"

	"github.com/iamscim/iamscim/claimmap"
	"github.com/iamscim/iamscim/provision/idp"
)

func (p *planner) identityProvider() Step {
	if s, ok := p.follows(KindTenant, listTenants); ok {
		return s
	}
	if p.spec.IdentityProvider != nil && (p.w.idp.err != nil || !p.w.idp.value.ByHand) {
		return p.automated()
	}
	s := p.byHand()
	if now := p.w.idp.value; now != nil {
		s.Warnings = append(s.Warnings, warnings(now)...)
		for _, have := range now.Settings {
			s.Notes = append(s.Notes, fmt.Sprintf("Read back: %s = %s.", have.Name, have.Value))
		}
	}
	return s
}

// byHand is the step with an identity provider that a person sets up.
func (p *planner) byHand() Step {
	if n := p.w.stored.value; n != nil && !n.NextSecret.IsZero() && p.done(KindAccess) {
		return Step{Status: StatusManual, Text: "a person replaces the token there, and then retires the old one",
			Instructions: []Instruction{{Name: "token", Secret: true, Note: "next.secret of the store's record, " + n.Next.ID()}, {Name: "then", Value: "scimtoken.Client.Retire, or scimctl rotate -retire " + n.Next.ID()}}}
	}
	if a := p.w.access.value; a != nil && a.Users > 0 && p.done(KindAccess) {
		return Step{Status: StatusDone, Text: fmt.Sprintf("the directory has %s", people(a.Users))}
	}
	t := p.own()
	if p.w.provider.value.SCIMUsage.Enabled() && t != nil && p.steps[KindTenant].Status == StatusDone && p.steps[KindToken].Status == StatusDone {
		return Step{Status: StatusDone, Text: "not looked at: the provider uses SCIM already"}
	}
	s := Step{Status: StatusManual, Text: fmt.Sprintf("a person sets %s up", p.vendor)}
	if t == nil || p.steps[KindTenant].Status != StatusDone || p.steps[KindAccess].Status != StatusDone {
		return Step{Status: StatusDeferred, Text: s.Text + " once the stored token works"}
	}
	for _, setting := range t.IDPSettings(p.vendor) {
		s.Instructions = append(s.Instructions, Instruction{Where: setting.Where, Name: setting.Name, Value: setting.Value, Secret: setting.Secret, Note: setting.Note})
	}
	for _, need := range p.needs {
		s.Instructions = append(s.Instructions, Instruction{Name: need.Setting, Value: need.Value, Note: need.Note})
	}
	s.Notes = append(s.Notes, "The token is in the token store: paste it from there into the console (current.secret of the record). Nothing here prints it.")
	return s
}

func people(n int) string {
	switch {
	case n == 1:
		return "1 user"
	case n >= 100:
		return "100 users or more"
	}
	return fmt.Sprintf("%d users", n)
}

// automated is the step with an identity provider that is a program.
func (p *planner) automated() Step {
	if err := p.w.idp.err; err != nil {
		return Step{Status: StatusUnknown, err: err, Text: "the identity provider can't be asked: " + err.Error(), Remedy: "plan again"}
	}
	now, want := p.w.idp.value, idp.Connection{Settings: wanted(p.needs)}
	if t := p.own(); t != nil && p.steps[KindTenant].Action != ActionReplace {
		want.BaseURI = t.BaseURI
	}
	s := differs(now, want)
	if s.Action == "" {
		return Step{Status: StatusDone, Text: "the identity provider pushes into the tenant", Warnings: warnings(now)}
	}
	s.Status = StatusChange
	s.Drift = s.Action == ActionUpdate && want.BaseURI != ""
	if !p.done(KindAccess) {
		s.Status = StatusDeferred
		s.Notes = append(s.Notes, "It waits until the stored token works.")
	}
	return s
}

// differs compares what an identity provider has with what it's to have. The
// step has no action if there is nothing to do.
func differs(now *idp.Status, want idp.Connection) (s Step) {
	have, base := strings.TrimRight(now.BaseURI, "/"), strings.TrimRight(want.BaseURI, "/")
	if have == "" || have != base {
		s.Fields = append(s.Fields, Field{Name: "baseUri", Before: have, After: base, UnknownAfter: base == ""})
	}
	if have != "" && !now.Running {
		s.Fields = append(s.Fields, Field{Name: "running", Before: "false", After: "true"})
	}
	broken := ""
	for _, issue := range now.Issues {
		if issue.Code == idp.IssueFlag || issue.Code == idp.IssueCredential {
			broken = issue.String()
			s.Fields = append(s.Fields, Field{Name: string(issue.Code), Before: "wrong", After: "right"})
		}
	}
	mapped := len(s.Fields)
	for _, setting := range want.Settings {
		if is, ok := reported(now, setting.ID); ok && is != setting.Value {
			s.Fields = append(s.Fields, Field{Name: setting.Name, Before: is, After: setting.Value})
		}
	}
	switch {
	case have == "":
		s.Action, s.Reason, s.Text = ActionCreate, ReasonAbsent, "it is given the tenant's address, the stored token and the settings, and started"
	case have != base:
		s.Action, s.Reason, s.Text = ActionUpdate, ReasonElsewhere, "it pushes somewhere else, and is given the tenant's address and the stored token"
	case !now.Running:
		s.Action, s.Reason, s.Text = ActionUpdate, ReasonStopped, "it doesn't run"+because(now.Issues)
	case broken != "":
		s.Action, s.Reason, s.Text = ActionUpdate, ReasonBroken, "it can't push, and is given the tenant's address and the stored token again: "+broken
	case len(s.Fields) > mapped:
		s.Action, s.Reason, s.Text = ActionUpdate, ReasonSettings, "it maps people otherwise than the claim mapping needs, and is set right"
	}
	return s
}

// reported returns what an identity provider's program has read of a setting.
func reported(now *idp.Status, id string) (value string, ok bool) {
	if now == nil {
		return "", false
	}
	for _, s := range now.Settings {
		if s.ID == id {
			return s.Value, true
		}
	}
	return "", false
}

// wanted are the settings that a verdict rests on.
func wanted(needs []claimmap.IDPSetting) []idp.Setting {
	var all []idp.Setting
	for _, need := range needs {
		all = append(all, idp.Setting{ID: need.ID, Name: need.Setting, Value: need.Value})
	}
	return all
}

func warnings(now *idp.Status) []string {
	var all []string
	for _, issue := range now.Issues {
		all = append(all, "the identity provider: "+issue.String())
	}
	return all
}

func because(issues []idp.Issue) string {
	if len(issues) == 0 {
		return ""
	}
	return ": " + issues[0].String()
}
