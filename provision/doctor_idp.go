package provision

import (
	"errors"
	"strings"
	"time"

	"github.com/iamscim/iamscim/provision/idp"
	"github.com/iamscim/iamscim/provision/internal/doctor"
)

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
