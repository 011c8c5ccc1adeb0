package provision

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/claimmap"
	"github.com/iamscim/iamscim/provider"
	"github.com/iamscim/iamscim/scimtenant"
)

// planner makes the steps of a plan from what was read. It reads nothing.
type planner struct {
	spec    Spec
	w       *world
	steps   map[Kind]Step
	vendor  iamscim.Vendor
	mapping claimmap.Mapping
	target  scimtenant.Name       // the tenant that is there or is to be created
	needs   []claimmap.IDPSetting // settings that must hold
	open    []claimmap.IDPSetting // those that nobody has confirmed
}

// plan makes the plan of a spec for a world.
func plan(s Spec, w *world) *Plan {
	p := &planner{spec: s, w: w, steps: map[Kind]Step{}}
	out := &Plan{Version: planVersion, Time: w.now.UTC().Truncate(time.Second), Spec: s}
	for _, make := range []func() Step{p.provider, p.claims, p.tenant, p.token, p.role, p.access, p.identityProvider, p.directory, p.usage} {
		step := make()
		step.Kind = kinds[len(out.Steps)]
		p.steps[step.Kind] = step
		out.Steps = append(out.Steps, step)
	}
	out.Mapping, out.Vendor, out.Tenant = p.mapping, p.vendor, p.target
	out.Organization, _ = w.agent()
	if w.provider.value != nil {
		out.Basis = basis(w.provider.value, w.tenant.value)
	}
	return out
}

func (p *planner) done(kind Kind) bool { return p.steps[kind].Status == StatusDone }

// unreadable is the status of a step that a failed read is about. Without the
// permission it's named; anything else may pass.
func unreadable(err error, what, permission string) Step {
	s := Step{Status: StatusUnknown, Text: what + " can't be read: " + cause(err), err: err, Remedy: "plan again"}
	if errors.Is(err, iamscim.ErrPermissionDenied) {
		s.Permission = permission
		s.Text = "the caller may not read " + what
		s.Remedy = "grant the caller " + permission
	}
	return s
}

// cause is an error without the call and the remedy, which the step says itself.
func cause(err error) string {
	var typed *iamscim.Error
	if errors.As(err, &typed) {
		bare := *typed
		bare.Op, bare.Resource, bare.Remedy = "", "", ""
		return strings.Trim(bare.Error(), ": ")
	}
	return err.Error()
}

// The permissions that reads need.
const (
	getProvider  = "iam.workforcePoolProviders.get"
	listTenants  = "iam.workforcePoolProviderScimTenants.list"
	listTokens   = "iam.workforcePoolProviderScimTokens.list"
	getOrgPolicy = "resourcemanager.organizations.getIamPolicy"
)

func (p *planner) provider() Step {
	s := Step{Resource: p.spec.Provider.String()}
	got := p.w.provider.value
	switch err := p.w.provider.err; {
	case errors.Is(err, iamscim.ErrNotFound):
		s.Status, s.err = StatusBlocked, err
		s.Text = "the provider doesn't exist"
		s.Remedy = "check the name, or create the provider; one that was just created is visible within two minutes"
		return s
	case errors.Is(err, iamscim.ErrPermissionDenied):
		s.Status, s.err, s.Permission = StatusBlocked, err, getProvider
		s.Text = "the caller may not read the provider, or there is none"
		s.Remedy = "grant the caller roles/iam.workforcePoolAdmin on the organization, and check the name"
		return s
	case err != nil:
		resource := s.Resource
		s = unreadable(err, "the provider", getProvider)
		s.Resource = resource
		return s
	}
	if pool := p.w.pool.value; pool != nil && pool.State == iamscim.StateDeleted {
		s.Status, s.Text = StatusBlocked, "the provider's pool is soft-deleted"
		s.Remedy = "undelete the pool " + pool.Name.String()
		return s
	}
	if got.State == iamscim.StateDeleted {
		s.Status, s.Text = StatusBlocked, "the provider is soft-deleted"
		s.Remedy = "undelete the provider before " + date(got.ExpireTime)
		return s
	}
	s.Status, s.Text = StatusDone, "google.subject="+got.AttributeMapping["google.subject"]
	if got.Disabled {
		s.Warnings = append(s.Warnings, "the provider is disabled: nobody can sign in")
	}
	if pool := p.w.pool.value; pool != nil && pool.Disabled {
		s.Warnings = append(s.Warnings, "the pool is disabled: nobody can sign in")
	}
	return s
}

// follows returns the step for one that needs another, which isn't known or can't
// be done.
func (p *planner) follows(kind Kind, permission string) (Step, bool) {
	before := p.steps[kind]
	switch {
	case before.Status == StatusBlocked && before.Permission == "":
		return Step{Status: StatusDeferred, Text: "waits for the " + string(kind)}, true
	case before.Status != StatusUnknown && before.Status != StatusBlocked:
		return Step{}, false
	}
	s := Step{Status: StatusUnknown, Text: "isn't known without the " + string(kind), Remedy: "see the step " + string(kind)}
	if before.Permission != "" && permission != "" {
		s.Permission = permission
		s.Remedy += "; it needs " + permission
	}
	return s, true
}

// own returns the tenant that the provider has, or nil.
func (p *planner) own() *scimtenant.Tenant {
	if t := p.w.tenant.value; t != nil && t.Name.Provider() == p.spec.Provider {
		return t
	}
	return nil
}

// claims chooses the claim mapping and judges it.
func (p *planner) claims() Step {
	if s, ok := p.follows(KindProvider, getProvider); ok {
		return s
	}
	got := p.w.provider.value
	p.vendor = p.spec.Vendor
	if p.vendor == "" {
		p.vendor = claimmap.VendorOf(string(got.VendorType), issuer(got))
	}
	// A spec or a tenant that names its mapping needs none that fits.
	fit := sync.OnceValues(func() (claimmap.Mapping, claimmap.Verdict) { return claimmap.Fit(got.AttributeMapping, p.vendor) })
	if s, ok := p.choose(fit); !ok {
		return s
	}
	if err := p.mapping.Validate(p.spec.Usage); err != nil {
		return Step{Status: StatusBlocked, err: err, Text: "the claim mapping is invalid: " + err.Error(), Remedy: "correct the mapping"}
	}
	own := p.own()
	verdict := claimmap.Compare(got.AttributeMapping, p.mapping, claimmap.CompareOptions{Vendor: p.vendor})
	s := Step{Status: StatusDone, Text: p.mapping.String()}
	switch verdict.Result {
	case claimmap.Consistent:
		s.Notes = append(s.Notes, "It names the people whom the provider names: "+verdict.Reason+".")
	case claimmap.Unproven:
		if !p.spec.AcceptUnproven {
			return Step{Status: StatusBlocked, Text: "nobody can say whether " + p.mapping.String() + " names the people whom the provider names: " + verdict.Reason,
				Remedy: p.otherMapping(verdict, fit) + "or accept it unproven"}
		}
		s.Notes = append(s.Notes, "It is accepted unproven: "+verdict.Reason+".")
	default:
		return Step{Status: StatusBlocked, Text: p.mapping.String() + " doesn't name the people whom the provider names: " + verdict.Reason,
			Remedy: strings.TrimSuffix(p.otherMapping(verdict, fit), ", ") + p.replacing(own)}
	}
	if own == nil {
		for _, warning := range p.mapping.Lint(p.spec.Usage) {
			s.Warnings = append(s.Warnings, warning.Key+": "+warning.Message)
		}
	}
	p.needs = verdict.Requires
	text, remedy := p.unsettled()
	switch {
	case text == "":
		return s
	case own != nil:
		s.Warnings = append(s.Warnings, text)
		return s
	}
	return Step{Status: StatusBlocked, Text: text, Remedy: remedy}
}

// choose chooses the claim mapping: the spec's, the tenant's own, or one that fits
// the provider. If there is none, it returns the step.
func (p *planner) choose(fit func() (claimmap.Mapping, claimmap.Verdict)) (s Step, ok bool) {
	if !p.spec.Mapping.IsZero() {
		p.mapping = p.spec.Mapping
		return s, true
	}
	if own := p.own(); own != nil {
		m, err := own.Mapping()
		if err != nil {
			return Step{Status: StatusBlocked, err: err, Text: "the tenant's claim mapping isn't one that this program knows to be supported",
				Remedy: "name the claim mapping in the spec: another one replaces the tenant"}, false
		}
		p.mapping = m
		return s, true
	}
	fits, verdict := fit()
	if !fits.IsZero() {
		p.mapping = fits
		return s, true
	}
	s = Step{Status: StatusBlocked, Text: "no claim mapping fits the provider: " + verdict.Reason, Remedy: "name the claim mapping in the spec"}
	if p.vendor == "" {
		s.Remedy = "name the vendor in the spec, or the claim mapping"
	}
	if text := verdict.Suggestion.String(); text != "" {
		s.Remedy += "; documented is " + text
	}
	return s, false
}

// unsettled says which settings of the identity provider are wrong, or which nobody
// has confirmed; "" if there is none.
func (p *planner) unsettled() (text, remedy string) {
	var wrong []string
	for _, need := range p.needs {
		is, read := reported(p.w.idp.value, need.ID)
		switch {
		case read && is == need.Value, p.settable(need):
		case read:
			p.open = append(p.open, need)
			wrong = append(wrong, fmt.Sprintf("%s: %s, and not %s", need.Setting, is, need.Value))
		case need.Default != need.Value && !slices.Contains(p.spec.Accept, need.ID):
			p.open = append(p.open, need)
		}
	}
	switch {
	case len(p.open) == 0:
		return "", ""
	case len(wrong) > 0:
		return "the identity provider has " + strings.Join(wrong, "; "), "change it there: " + ids(p.open)
	}
	return "nobody has confirmed at the identity provider: " + settings(p.open), "see to it, and accept it in the spec: " + ids(p.open)
}

func (p *planner) otherMapping(v claimmap.Verdict, fit func() (claimmap.Mapping, claimmap.Verdict)) string {
	fits, _ := fit()
	switch text := v.Suggestion.String(); {
	case !fits.IsZero():
		return "use " + fits.String() + ", "
	case text != "":
		return "documented is " + text + ", "
	}
	return "change the provider's attribute mapping, "
}

func (p *planner) replacing(own *scimtenant.Tenant) string {
	if own == nil || !p.spec.Mapping.IsZero() {
		return ""
	}
	return ": name it in the spec, and the tenant is replaced"
}

// settable reports whether a setting is one that the identity provider's program
// sets.
func (p *planner) settable(s claimmap.IDPSetting) bool {
	byHand := p.w.idp.value != nil && p.w.idp.value.ByHand
	return p.spec.IdentityProvider != nil && !byHand && slices.Contains(provisioned, s.Setting)
}

// provisioned are the SCIM attributes that a claim mapping can name people by. An
// identity provider's program maps them.
var provisioned = []string{"externalId", "userName", `emails[type eq "work"].value`}

// settings names settings in a sentence.
func settings(all []claimmap.IDPSetting) string {
	texts := make([]string, len(all))
	for i, s := range all {
		texts[i] = fmt.Sprintf("%s: %s", s.Setting, s.Value)
	}
	return strings.Join(texts, "; ")
}

func ids(all []claimmap.IDPSetting) string {
	texts := make([]string, len(all))
	for i, s := range all {
		texts[i] = s.ID
	}
	return strings.Join(texts, ", ")
}

func date(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 MST") }

// updateVerb is gcloud's verb that updates a provider.
func updateVerb(p *provider.Provider) string {
	if p.SAML != nil {
		return "update-saml"
	}
	return "update-oidc"
}

// usageCommand is gcloud's command for the usage of a provider.
func usageCommand(p *provider.Provider, usage iamscim.SCIMUsage) string {
	value := map[iamscim.SCIMUsage]string{
		iamscim.SCIMUsageNone: "SCIM_USAGE_UNSPECIFIED", iamscim.SCIMUsageGroups: "enabled-for-groups", iamscim.SCIMUsageUsersAndGroups: "enabled-for-users-groups",
	}[usage]
	return fmt.Sprintf("gcloud iam workforce-pools providers %s %s --workforce-pool=%s --location=%s --scim-usage=%s",
		updateVerb(p), p.Name.ID(), p.Name.Pool().ID(), p.Name.Pool().Location(), value)
}
