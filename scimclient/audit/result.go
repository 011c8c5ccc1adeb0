package audit

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Result is what an audit found, and what it proved.
type Result struct {
	TenantUID    string    `json:"tenantUID"`
	ClaimMapping string    `json:"claimMapping"`
	RosterDigest string    `json:"rosterDigest"`
	Started      time.Time `json:"started"`
	Ended        time.Time `json:"ended"`

	// Roster has the rows of the roster, Checked those that were checked.
	Roster  Counts `json:"roster"`
	Checked Counts `json:"checked"`

	// MemberFilter reports whether the undocumented filter members eq "USER"
	// works. It finds unexpected memberships. Without it they can't be found.
	MemberFilter bool `json:"memberFilter"`

	// Findings counts the findings by code. Of them Errors are errors.
	Findings map[Code]int `json:"findings"`
	Errors   int          `json:"errors"`

	// Changed counts the differences that were gone when they were read again.
	Changed int `json:"changed"`

	// Requests counts the requests by kind: see [Cost].
	Requests Cost `json:"requests"`

	// Sample is the outcome of a sample, or nil.
	Sample *SampleResult `json:"sample,omitempty"`

	// Witness is what a consumer said, or nil.
	Witness *WitnessResult `json:"witness,omitempty"`

	// Waived are the guards that were waived for this run.
	Waived []string `json:"waived,omitempty"`

	// Partial names the lists that the roster doesn't have: "groups",
	// "memberships" or "leavers".
	Partial []string `json:"partial,omitempty"`
}

// Clean reports whether the whole directory is as the roster says: there is no
// error, every check was possible, the roster has groups and memberships, and the
// audit was neither a sample nor one with a waived guard. Clean is about the
// tenant, the claim mapping and the time in r. Refuse the result of another
// tenant, and one that is older than an hour.
func (r *Result) Clean() bool {
	return r != nil && !r.Ended.IsZero() && r.Errors == 0 && r.Findings[NotChecked] == 0 && r.Sample == nil && len(r.Waived) == 0 &&
		!slices.Contains(r.Partial, "groups") && !slices.Contains(r.Partial, "memberships") &&
		r.Checked.Users == r.Roster.Users && r.Checked.Groups == r.Roster.Groups && r.Checked.Memberships == r.Roster.Memberships && r.Checked.Leavers == r.Roster.Leavers
}

// Proved returns what the audit proved, in sentences.
func (r *Result) Proved() []string {
	var list []string
	say := func(format string, args ...any) { list = append(list, fmt.Sprintf(format, args...)) }
	if w := r.Witness; w != nil {
		say("The consumer takes groups from: %s. Groups asked about: %s, unknown: %s. Users asked about: %s, unknown or with another subject: %s.",
			w.Source, number(w.Groups), number(r.count(WitnessGroupMissing)), number(w.Users), number(r.count(WitnessUserMissing, WitnessSubjectDiffers)))
	}
	if r.Sample != nil {
		return append(list, r.Sample.statements()...)
	}
	say("%s of %s users of the roster were looked up. Missing or different: %s.", number(r.Checked.Users), number(r.Roster.Users), number(r.count(UserMissing, UserDiffers, UserActive, UserInactive, TenantDuplicate)))
	if r.Roster.Groups > 0 {
		say("%s of %s groups of the roster were looked up. Missing or different: %s.", number(r.Checked.Groups), number(r.Roster.Groups), number(r.count(GroupMissing, GroupDiffers)))
	}
	if r.Roster.Memberships > 0 {
		say("%s of %s memberships of the roster were checked. Missing: %s.", number(r.Checked.Memberships), number(r.Roster.Memberships), number(r.count(MembershipMissing)))
	}
	if r.MemberFilter {
		say("All memberships of these users were compared. Not on the roster: %s.", number(r.count(MembershipUnexpected)))
	}
	if r.Roster.Leavers > 0 {
		say("%s of %s leavers were looked up. Still there: %s.", number(r.Checked.Leavers), number(r.Roster.Leavers), number(r.count(LeaverPresent)))
	}
	return list
}

// NotProved returns what nobody can prove with this service, and what this audit
// left out, in sentences.
func (r *Result) NotProved() []string {
	list := []string{"Users and groups that aren't on the roster can't be found: the service lists at most 100 of each."}
	if !r.MemberFilter && r.Roster.Groups > 0 {
		list = append(list, "Unexpected memberships can't be found: the service doesn't answer which groups a user is in.")
	}
	if n := r.count(GroupsUnlisted); n > 0 {
		list = append(list, fmt.Sprintf("Unexpected memberships of users in more than 100 groups can't be found. Users: %s.", number(n)))
	}
	if r.Sample != nil {
		list = append(list, "A sample doesn't check groups and leavers.")
	}
	for _, missing := range r.Partial {
		list = append(list, fmt.Sprintf("The roster has no list of %s.", missing))
	}
	if n := r.count(NotChecked); n > 0 {
		list = append(list, fmt.Sprintf("Checks that weren't possible: %s.", number(n)))
	}
	if len(r.Waived) > 0 {
		list = append(list, "The roster is smaller than the last accepted one: "+strings.Join(r.Waived, ", ")+" was allowed.")
	}
	return list
}

func (r *Result) count(codes ...Code) int {
	n := 0
	for _, code := range codes {
		n += r.Findings[code]
	}
	return n
}

// number writes n with commas.
func number(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
