package provision_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/iamscim/iamscim/provision"
	"github.com/iamscim/iamscim/provision/idp"
	"github.com/iamscim/iamscim/scimclient/audit"
)

// talking is an identity provider that knows why.
type talking struct {
	idp.Provider
	attempts  map[string]idp.Attempt
	issues    []idp.Issue
	statusErr error
	asked     []string
}

func (f *talking) Status(context.Context) (*idp.Status, error) {
	return &idp.Status{Issues: f.issues}, f.statusErr
}

func (f *talking) Why(_ context.Context, object string) (*idp.Attempt, error) {
	f.asked = append(f.asked, object)
	a, known := f.attempts[object]
	switch {
	case object == "broken":
		return nil, errors.New("the log can't be read")
	case !known:
		return nil, nil
	}
	return &a, nil
}

func finding(code audit.Code, user, group string) audit.Finding {
	return audit.Finding{Code: code, User: user, Group: group, Remedy: code.Remedy()}
}

func TestWhy(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 25, 8, 30, 0, 0, time.UTC)
	half := &talking{
		attempts: map[string]idp.Attempt{
			"u1":     {Time: at, Key: "u1", Result: idp.ResultFailure, Step: idp.StepExport, Code: "InvalidValue", Reason: "400\x1b[31m", Action: "Correct the mail address", Mend: "the user's page"},
			"u2":     {Result: idp.ResultSkipped, Step: idp.StepScope, Code: "NotEffectivelyEntitled", Reason: "not assigned"},
			"u3":     {Time: at, Result: idp.ResultSuccess, Step: idp.StepExport},
			"u4":     {Result: idp.ResultPending},
			"u6":     {Result: idp.ResultSkipped, Step: idp.StepScope, Mend: "assign the person again"},
			"u7":     {Result: idp.ResultPending, Step: idp.StepExport, Reason: "queued"},
			"g1":     {Result: idp.ResultFailure, Step: idp.StepMatch, Code: "DuplicateTargetEntries", Reason: "two groups", Action: "Delete one"},
			"shared": {Result: idp.ResultSuccess},
		},
		issues: []idp.Issue{{Code: idp.IssueQuarantined, Reason: "401 for a day", Mend: "scimctl rotate"}, {Code: idp.IssueFailures, Reason: "3 objects"}},
	}
	findings := []audit.Finding{
		finding(audit.UserMissing, "u1", ""), finding(audit.MembershipMissing, "u9", "g1"), finding(audit.UserInactive, "u2", ""),
		finding(audit.NotChecked, "u5", ""), finding(audit.UserMissing, "u3", ""), finding(audit.MembershipUnexpected, "u8", "g1"),
		finding(audit.UserDiffers, "u1", ""), finding(audit.UserMissing, "u4", ""), finding(audit.LeaverPresent, "u6", ""),
		finding(audit.MembershipMissing, "u7", "g1"), finding(audit.MembershipMissing, "u6", "g1"), finding(audit.RosterDuplicate, "", "shared"), finding(audit.RosterRefused, "shared", ""),
		finding(audit.LeaverOnRoster, "u1", ""), finding(audit.GroupsTooMany, "u1", ""), finding(audit.SubjectDiffers, "u1", ""), finding(audit.RosterUnknownKey, "u1", "g9"),
		finding(audit.WitnessGroupMissing, "", "g9"), finding(audit.UserMissing, "", ""),
		{Code: audit.UserMissing, User: "u7", Expected: "ada\u202e@example.com"}, finding(audit.UserMissing, "u8", ""),
	}
	want := []string{
		`u1: user-missing, user-differs
  failure at export (InvalidValue) on 2026-11-25 08:30 UTC: 400\u{1B}[31m
  recommended: Correct the mail address
  to mend: the user's page`,
		`g1: membership-missing of u9, membership-unexpected of u8, membership-missing of u7, and 1 more
  failure at match (DuplicateTargetEntries): two groups
  recommended: Delete one`,
		`u2: user-inactive
  skipped at scope (NotEffectivelyEntitled): not assigned
  to mend: ` + audit.UserInactive.Remedy(),
		`u3: user-missing
  success at export on 2026-11-25 08:30 UTC: something has changed since, or somebody else changed the tenant
  the job: quarantined: 401 for a day
  to mend: scimctl rotate`,
		`u4: user-missing
  pending
  the job: quarantined: 401 for a day
  to mend: scimctl rotate`,
		`u6: leaver-present
  skipped at scope
  to mend: ` + audit.LeaverPresent.Remedy(),
		"shared: roster-duplicate\n  success: something has changed since, or somebody else changed the tenant\n  the job: quarantined: 401 for a day\n  to mend: scimctl rotate",
		"shared: roster-refused\n  success: something has changed since, or somebody else changed the tenant\n  the job: quarantined: 401 for a day\n  to mend: scimctl rotate",
		`u7: user-missing ada\u{202E}@example.com
  pending at export: queued
  the job: quarantined: 401 for a day
  to mend: scimctl rotate`,
		`u8: user-missing
  the identity provider knows of no attempt to push it
  the job: quarantined: 401 for a day
  to mend: scimctl rotate`,
	}
	var got []string
	for r, err := range provision.Why(t.Context(), half, findings) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, r.String())
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if asked := fmt.Sprint(half.asked); asked != "[u1 g1 u2 u3 u4 u6 shared shared u7 u8]" {
		t.Errorf("asked about %v", asked)
	}

	// Who stops early asks no more.
	half.asked = nil
	for range provision.Why(t.Context(), half, findings) {
		break
	}
	if len(half.asked) != 1 {
		t.Errorf("asked about %v after one reason", half.asked)
	}
}

// Every code is either one that an identity provider knows about, or one that it
// can't.
func TestWhyKnowsTheCodes(t *testing.T) {
	t.Parallel()
	silent := []audit.Code{audit.LeaverOnRoster, audit.RosterUnknownKey, audit.SubjectDiffers, audit.GroupsTooMany, audit.GroupsUnlisted,
		audit.WitnessElsewhere, audit.WitnessGroupMissing, audit.WitnessUserMissing, audit.WitnessSubjectDiffers, audit.NotChecked}
	asked := 0
	for _, code := range audit.Codes() {
		half := &talking{}
		for range provision.Why(t.Context(), half, []audit.Finding{finding(code, "u", "g")}) {
			asked++
		}
	}
	if asked+len(silent) != len(audit.Codes()) {
		t.Errorf("%d codes are asked about and %d aren't, of %d", asked, len(silent), len(audit.Codes()))
	}
}

func TestWhyFails(t *testing.T) {
	t.Parallel()
	one := []audit.Finding{finding(audit.UserMissing, "broken", ""), finding(audit.UserMissing, "u2", "")}
	for name, half := range map[string]idp.Provider{"no identity provider": nil, "no status": &talking{statusErr: errors.New("no")}, "no log": &talking{}} {
		reasons, errs := 0, 0
		for r, err := range provision.Why(t.Context(), half, one) {
			if err != nil {
				errs++
			} else if r != nil {
				reasons++
			}
		}
		if reasons != 0 || errs != 1 {
			t.Errorf("%s: %d reasons and %d errors, want one error", name, reasons, errs)
		}
	}
	for _, err := range provision.Why(t.Context(), &talking{statusErr: errors.New("no")}, nil) {
		t.Errorf("without findings nothing is asked: %v", err)
	}
	if text := (&provision.Explanation{}).String(); !strings.Contains(text, "no attempt") {
		t.Errorf("the zero Explanation: %q", text)
	}
}
