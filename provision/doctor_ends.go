package provision

import (
	"errors"
	"strings"
	"time"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/provider"
	"github.com/iamscim/iamscim/provision/idp"
	"github.com/iamscim/iamscim/provision/internal/doctor"
)

// The two ends of a directory: the identity provider, which pushes into it, and the
// provider, which takes from it.

// setting returns what the identity provider has for a setting, if it can be read.
func (d *examiner) setting(id string) (value string, known bool) {
	if d.w.idp.value == nil {
		return "", false
	}
	for _, s := range d.w.idp.value.Settings {
		if s.ID == id {
			return s.Value, true
		}
	}
	return "", false
}

// issueCodes are the codes of what an identity provider reports.
var issueCodes = map[idp.IssueCode]Code{
	idp.IssueNoJob: doctor.NoJob, idp.IssueStopped: doctor.Stopped, idp.IssueQuarantined: doctor.Quarantined, idp.IssueCredential: doctor.Credential,
	idp.IssueFlag: doctor.Flag, idp.IssueDeletions: doctor.Deletions, idp.IssueScope: doctor.Scope, idp.IssueFailures: doctor.Failures,
	idp.IssueUnread: doctor.ByHand,
}

// half looks at the identity provider's half.
func (d *examiner) half() {
	if d.spec.IdentityProvider == nil {
		d.skip("the identity provider: no program for it is given")
		return
	}
	if err := d.w.idp.err; err != nil {
		d.add(doctor.IDPSilent, idpResource, "see to the identity provider's credentials and permissions", "%v", err)
		d.skip("the identity provider's half: it can't be asked")
		return
	}
	s := d.w.idp.value
	reported := map[Code]bool{}
	for _, issue := range s.Issues {
		code, known := issueCodes[issue.Code]
		if !known {
			code = doctor.Failures
		}
		reported[code] = true
		next := either(issue.Mend, d.portal("the log of provisioning"))
		if applied[code] && !s.ByHand {
			next = applyCommand
		}
		d.add(code, idpResource, next, "%s", either(issue.Reason, string(issue.Code)))
	}
	report := func(code Code, next, evidence string, args ...any) {
		if !reported[code] {
			d.add(code, idpResource, next, evidence, args...)
		}
	}
	base := strings.TrimRight(s.BaseURI, "/")
	if s.ByHand {
		report(doctor.ByHand, d.portal("compare each line of the checklist"), "a person sets it up; this program reads back %s of it", either(d.readBack(s), "nothing"))
	}
	switch t := d.own(); {
	case base == "" && !s.ByHand:
		report(doctor.NoJob, applyCommand, "nothing is set up there")
	case base == "":
	case t != nil && base != strings.TrimRight(t.BaseURI, "/"):
		report(doctor.PushesElse, applyCommand, "it pushes to %s, and the tenant's base URI is %s", base, t.BaseURI)
	}
	if base != "" && !s.Running && !reported[doctor.Quarantined] && !reported[doctor.ByHand] {
		report(doctor.Stopped, applyCommand, "the job doesn't run")
	}
	d.people()
	if base == "" || !s.Running || s.ByHand {
		return // there are no cycles, or they can't be read
	}
	switch {
	case s.FirstCycle.IsZero():
		report(doctor.FirstCycle, waitCommand, "it runs, and hasn't pushed everybody yet")
	case s.LastSuccess.IsZero():
		d.skip("when the identity provider's newest cycle ended: it can't be read")
	case d.w.now.Sub(s.LastSuccess) > d.limits.LastSuccess:
		report(doctor.LastSuccess, d.portal("the log of provisioning"), "the newest cycle ended %s ago, at %s; the limit is %v", ago(d.w.now.Sub(s.LastSuccess)), date(s.LastSuccess), d.limits.LastSuccess)
	}
}

// readBack names the settings that could be read.
func (d *examiner) readBack(s *idp.Status) string {
	names := make([]string, len(s.Settings))
	for i, set := range s.Settings {
		names[i] = set.Name
	}
	return strings.Join(names, ", ")
}

// people reports what became of those whom the spec names and the directory lacks.
func (d *examiner) people() {
	for _, a := range d.x.attempts {
		if a.err != nil {
			if !errors.Is(a.err, idp.ErrByHand) {
				d.skip("why %s isn't in the directory: %v", a.person, a.err)
			}
			continue
		}
		why := a.attempt
		switch {
		case why.Step == idp.StepScope && why.Result == idp.ResultSkipped:
			d.add(doctor.ScopeOfPerson, a.person, either(why.Mend, either(why.Action, d.portal("Users and groups"))), "the identity provider doesn't push this person: %s", either(why.Reason, "out of scope"))
		case why.Result == idp.ResultFailure:
			d.add(doctor.PersonNotThere, a.person, either(why.Mend, either(why.Action, d.portal("the log of provisioning"))), "the step %s failed: %s", why.Step, either(why.Reason, why.Code))
		}
	}
}

// applied are the codes that apply mends, unless a person sets the identity
// provider up.
var applied = map[Code]bool{doctor.NoJob: true, doctor.Stopped: true, doctor.Credential: true, doctor.Flag: true}

// ago is a time in the unit that fits.
func ago(t time.Duration) string {
	if t < 2*time.Hour {
		return counted(int(t.Minutes()), "minute")
	}
	return days(t)
}

// usage looks at what the provider takes from SCIM.
func (d *examiner) usage() {
	p := d.w.provider.value
	if p == nil {
		return
	}
	name, want := p.Name.String(), d.spec.Usage
	on := usageCommand(p, want)
	for _, other := range d.w.providers.value {
		if other.Name != p.Name && other.SCIMUsage.Enabled() {
			d.add(doctor.UsageElsewhere, other.Name.String(), usageCommand(other, iamscim.SCIMUsageNone), "the provider %s has the usage %s, and only one provider of a pool can use SCIM", other.Name.ID(), other.SCIMUsage)
		}
	}
	if d.w.providers.err != nil {
		d.unread(serviceIAM, p.Name.Pool().String(), "iam.workforcePoolProviders.list", d.w.providers.err)
		d.skip("whether another provider uses SCIM: the providers can't be listed")
	}
	d.excluded(p)
	switch {
	case !p.SCIMUsage.Enabled() && want.Enabled():
		d.add(doctor.UsageOff, name, on, "the usage is %s: people have the groups of their token, and nothing of the directory", p.SCIMUsage)
		return
	case !p.SCIMUsage.Enabled():
		return
	case p.SCIMUsage != want:
		d.add(doctor.UsageDiffers, name, on, "the usage is %s, and the spec says %s", p.SCIMUsage, want)
	}
	off := usageCommand(p, iamscim.SCIMUsageNone)
	switch {
	case d.w.tenant.done && d.w.tenant.err == nil && d.own() == nil:
		d.add(doctor.UsageNoTenant, name, off, "the usage is %s, and the provider has no active tenant: sign-in fails", p.SCIMUsage)
	case d.granted() && d.x.sample.err == nil && len(d.x.sample.value.Users) == 0:
		d.add(doctor.UsageEmpty, name, off, "the usage is %s, and the directory has no users: %s", p.SCIMUsage, consequence(p.SCIMUsage))
	}
	d.groupBindings(p)
}

func consequence(usage iamscim.SCIMUsage) string {
	if usage == iamscim.SCIMUsageUsersAndGroups {
		return "nobody can sign in"
	}
	return "people are without their groups"
}

// excluded looks for attributes clients that exclude the usage.
func (d *examiner) excluded(p *provider.Provider) {
	const users = iamscim.SCIMUsageUsersAndGroups
	switch {
	case p.ExtendedAttributes != nil && (p.SCIMUsage.Enabled() || d.spec.Usage.Enabled()):
		d.add(doctor.UsageExcluded, p.Name.String(), doctor.Provider(p.Name, updateVerb(p), "--clear-extended-attributes-config"), "the provider has an extended attributes client, which excludes every usage")
	case p.ExtraAttributes != nil && (p.SCIMUsage == users || d.spec.Usage == users):
		d.add(doctor.UsageExcluded, p.Name.String(), doctor.Provider(p.Name, updateVerb(p), "--clear-extra-attributes-config"), "the provider has an extra attributes client, which excludes %s", users)
	}
}

// readers are the beginnings of the roles of products that Google names as readers
// of SCIM groups: Gemini Enterprise with Gemini Notebook Enterprise, and Looker
// (https://docs.cloud.google.com/iam/docs/workforce-identity-federation-scim).
var readers = []string{"roles/discoveryengine.", "roles/looker."}

// groupBindings looks for groups of the pool in the organization's policy, with
// roles of products that don't read SCIM groups.
func (d *examiner) groupBindings(p *provider.Provider) {
	organization, _ := d.w.agent()
	if d.w.bindings.err != nil || !d.w.bindings.done {
		d.skip("bindings of SCIM groups: the organization's policy can't be read")
		return
	}
	d.skip("bindings of SCIM groups below the organization, and in custom roles")
	group := "/" + p.Name.Pool().String() + "/group/"
	for _, b := range d.w.bindings.value {
		if !strings.HasPrefix(b.Role, "roles/") || hasAnyPrefix(b.Role, readers) {
			continue
		}
		for _, m := range b.Members {
			if _, value, ok := strings.Cut(m, group); ok && strings.HasPrefix(m, "principalSet://") {
				d.add(doctor.GroupBindings, "organizations/"+organization, "gcloud organizations get-iam-policy "+organization, "%s is bound to the group %s of the pool, and only Gemini Enterprise and Looker are said to read SCIM groups", b.Role, value)
			}
		}
	}
}

func hasAnyPrefix(s string, prefixes []string) bool {
	for _, p := range prefixes {
		if strings.HasPrefix(s, p) {
			return true
		}
	}
	return false
}
