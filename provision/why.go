package provision

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"

	"github.com/iamscim/iamscim/internal/visible"
	"github.com/iamscim/iamscim/provision/idp"
	"github.com/iamscim/iamscim/scimclient/audit"
)

// Explanation is what an identity provider says about a user or a group with findings.
type Explanation struct {
	// Object is the key of the user or the group in the roster.
	Object string `json:"object"`

	// Findings are those about the object, in the order of the audit.
	Findings []audit.Finding `json:"findings"`

	// Attempt is the last attempt to push the object. The zero Attempt says that
	// the identity provider knows of none.
	Attempt idp.Attempt `json:"attempt,omitzero"`

	// Issues are what is wrong with the whole job: why nobody is pushed.
	Issues []idp.Issue `json:"issues,omitempty"`
}

// Why joins the findings of an audit with what the identity provider says about
// their users and groups: the step that failed, its reason, what it recommends, and
// the command or the page that mends it. For a membership it asks about the group.
//
// It yields one Explanation per user or group, and asks the identity provider for each
// when the caller wants it, at the identity provider's pace: Entra ID allows half a
// request per second. So stop after as many as you need. Findings that the identity
// provider can say nothing about, as [audit.NotChecked], aren't among them. Nothing
// is changed. The first error ends it.
func Why(ctx context.Context, half idp.Provider, findings []audit.Finding) iter.Seq2[*Explanation, error] {
	return func(yield func(*Explanation, error) bool) {
		if half == nil {
			yield(nil, errors.New("provision: why: there is no identity provider to ask"))
			return
		}
		reasons := byObject(findings)
		if len(reasons) == 0 {
			return
		}
		status, err := half.Status(ctx)
		if err != nil {
			yield(nil, fmt.Errorf("provision: why: %w", err))
			return
		}
		var issues []idp.Issue
		for _, issue := range status.Issues {
			if issue.Code != idp.IssueFailures {
				issues = append(issues, issue)
			}
		}
		for _, e := range reasons {
			attempt, err := half.Why(ctx, e.Object)
			if err != nil {
				yield(nil, fmt.Errorf("provision: why: %w", err))
				return
			}
			if attempt != nil {
				e.Attempt = *attempt
			}
			e.Issues = issues
			if !yield(e, nil) {
				return
			}
		}
	}
}

// byObject groups findings by the user or the group that an identity provider can
// be asked about, in the order of their first findings.
func byObject(findings []audit.Finding) []*Explanation {
	var all []*Explanation
	known := map[string]*Explanation{}
	for _, f := range findings {
		kind, object := "u", f.User
		switch f.Code {
		case audit.UserMissing, audit.UserDiffers, audit.UserActive, audit.UserInactive, audit.LeaverPresent:
		case audit.GroupMissing, audit.GroupDiffers, audit.MembershipMissing, audit.MembershipUnexpected:
			kind, object = "g", f.Group
		case audit.RosterRefused, audit.RosterDuplicate, audit.TenantDuplicate:
			if object == "" {
				kind, object = "g", f.Group
			}
		default:
			continue // nothing that is pushed
		}
		if object == "" {
			continue
		}
		e := known[kind+object]
		if e == nil {
			e = &Explanation{Object: object}
			known[kind+object] = e
			all = append(all, e)
		}
		e.Findings = append(e.Findings, f)
	}
	return all
}

// String returns the explanation in a few lines. It shows what can't be seen as escapes.
func (e *Explanation) String() string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, "\n  "+format, args...) }
	b.WriteString(visible.Text(e.Object) + ": ")
	for i, f := range e.Findings {
		if i == 3 {
			fmt.Fprintf(&b, ", and %d more", len(e.Findings)-i)
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(string(f.Code))
		switch f.Code {
		case audit.MembershipMissing, audit.MembershipUnexpected:
			b.WriteString(" of " + visible.Text(f.User))
		case audit.UserMissing, audit.GroupMissing:
			if f.Expected != "" { // the name
				b.WriteString(" " + visible.Text(f.Expected))
			}
		}
	}
	a := e.Attempt
	said := string(a.Result)
	if a.Step != "" {
		said += " at " + string(a.Step)
	}
	if a.Code != "" {
		said += " (" + a.Code + ")"
	}
	if !a.Time.IsZero() {
		said += " on " + a.Time.UTC().Format("2006-01-02 15:04 UTC")
	}
	switch {
	case a == (idp.Attempt{}):
		line("the identity provider knows of no attempt to push it")
	case a.Reason == "" && a.Result == idp.ResultSuccess:
		line("%s: something has changed since, or somebody else changed the tenant", visible.Text(said))
	case a.Reason == "":
		line("%s", visible.Text(said))
	default:
		line("%s: %s", visible.Text(said), visible.Text(a.Reason))
	}
	if a.Action != "" {
		line("recommended: %s", visible.Text(a.Action))
	}
	explained := a.Result == idp.ResultFailure || a.Result == idp.ResultSkipped
	if !explained {
		for _, issue := range e.Issues {
			line("the job: %s", visible.Text(issue.String()))
		}
	}
	if mend := e.mend(explained); mend != "" {
		line("to mend: %s", visible.Text(mend))
	}
	return b.String()
}

// mend is what mends it: what the attempt says, or what is wrong with the job, or
// what the audit recommends.
func (e *Explanation) mend(explained bool) string {
	a := e.Attempt
	switch {
	case a.Result == idp.ResultSkipped && e.stays():
		return e.Findings[0].Remedy // and not to put the person in scope again
	case a.Mend != "":
		return a.Mend
	}
	if !explained {
		for _, issue := range e.Issues {
			if issue.Mend != "" {
				return issue.Mend
			}
		}
	}
	if a.Action != "" || a.Result == idp.ResultPending || len(e.Findings) == 0 {
		return ""
	}
	return e.Findings[0].Remedy
}

// stays reports whether somebody is in the tenant who shouldn't be.
func (e *Explanation) stays() bool {
	return len(e.Findings) > 0 && (e.Findings[0].Code == audit.LeaverPresent || e.Findings[0].Code == audit.UserActive)
}
