package provision_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/iamscim/iamscim/provision"
	"github.com/iamscim/iamscim/provision/idp"
)

// TestIdentityProviderDrifts: what an identity provider's program reports of a
// set-up that is there leads to a step that mends it, and to nothing else.
func TestIdentityProviderDrifts(t *testing.T) {
	t.Parallel()
	const done, change = provision.StatusDone, provision.StatusChange
	mail := func(source string) func(*idp.Status) {
		return func(s *idp.Status) {
			s.Settings = []idp.Setting{{ID: "entra-work-email", Name: `emails[type eq "work"].value`, Value: source}}
		}
	}
	issue := func(code idp.IssueCode) func(*idp.Status) {
		return func(s *idp.Status) { s.Issues = []idp.Issue{{Code: code, Reason: "so it says"}} }
	}
	tests := []struct {
		name   string
		change func(*idp.Status)
		status provision.Status
		reason provision.Reason
		fields []provision.Field
		says   string // of the step
	}{
		{"as it was", func(*idp.Status) {}, done, "", nil, "pushes into the tenant"},
		{"settings that can't be read", func(s *idp.Status) { s.Settings = nil }, done, "", nil, "pushes into the tenant"},
		{"another source of the address", mail("userPrincipalName"), change, provision.ReasonSettings,
			[]provision.Field{{Name: `emails[type eq "work"].value`, Before: "userPrincipalName", After: "mail"}}, "is set right"},
		{"stopped", func(s *idp.Status) { s.Running = false; issue(idp.IssueStopped)(s) }, change, provision.ReasonStopped,
			[]provision.Field{{Name: "running", Before: "false", After: "true"}}, "it doesn't run: stopped: so it says"},
		{"stopped, and another source", func(s *idp.Status) { s.Running = false; mail("otherMails")(s) }, change, provision.ReasonStopped,
			[]provision.Field{{Name: "running", Before: "false", After: "true"}, {Name: `emails[type eq "work"].value`, Before: "otherMails", After: "mail"}}, "it doesn't run"},
		{"the address without the flag", issue(idp.IssueFlag), change, provision.ReasonBroken,
			[]provision.Field{{Name: "compatibility-flag", Before: "wrong", After: "right"}}, "compatibility-flag: so it says"},
		{"a token that is rejected", issue(idp.IssueCredential), change, provision.ReasonBroken,
			[]provision.Field{{Name: "credential", Before: "wrong", After: "right"}}, "is given the tenant's address and the stored token again"},
		{"failures of some people", issue(idp.IssueFailures), done, "", nil, "the identity provider: failures: so it says"},
		{"deletions that are held", issue(idp.IssueDeletions), done, "", nil, "the identity provider: deletions-held: so it says"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newSetup(t)
				s.automate()
				if _, err := s.clients.Apply(t.Context(), s.plan(t), provision.ApplyOptions{Wait: true}); err != nil {
					t.Fatal(err)
				}
				tt.change(&s.idp.state)
				p := s.plan(t)
				step := p.Step(provision.KindIdentityProvider)
				if step.Status != tt.status || step.Reason != tt.reason || !strings.Contains(step.Text+strings.Join(step.Warnings, ""), tt.says) {
					t.Errorf("the step is %s (%s): %s %q, want %s (%s) and %q", step.Status, step.Reason, step.Text, step.Warnings, tt.status, tt.reason, tt.says)
				}
				if diff := cmp.Diff(tt.fields, step.Fields); diff != "" {
					t.Errorf("fields (-want +got):\n%s", diff)
				}
				calls := len(s.idp.given)
				left, err := s.clients.Apply(t.Context(), p, provision.ApplyOptions{})
				if err != nil || !left.Done() {
					t.Fatalf("Apply: %v\n%s", err, left)
				}
				if again := len(s.idp.given) > calls; again != (tt.status == change) {
					t.Errorf("the identity provider was set up again: %v", again)
				}
			})
		})
	}
}

// TestIdentityProviderSettingsAreChecked: what can be read back needs nobody's
// word, and is believed over it.
func TestIdentityProviderSettingsAreChecked(t *testing.T) {
	t.Parallel()
	guests := func(value string) []idp.Setting {
		return []idp.Setting{{ID: "entra-no-guests", Name: "users in scope", Value: value}}
	}
	tests := []struct {
		name     string
		settings []idp.Setting
		accept   []string
		blocked  string
	}{
		{"not read, not accepted", nil, nil, "nobody has confirmed at the identity provider: users in scope"},
		{"not read, accepted", nil, []string{"entra-no-guests"}, ""},
		{"read", guests("members, no guests"), nil, ""},
		{"read otherwise", guests("everybody"), nil, "the identity provider has users in scope: everybody, and not members, no guests"},
		{"read otherwise, and accepted", guests("everybody"), []string{"entra-no-guests"}, "the identity provider has users in scope: everybody"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newSetup(t)
				s.automate()
				s.spec.Accept = tt.accept
				s.idp.state.Settings = tt.settings
				step := s.plan(t).Step(provision.KindMapping)
				if blocked := step.Status == provision.StatusBlocked; blocked != (tt.blocked != "") || !strings.Contains(step.Text, tt.blocked) {
					t.Errorf("the mapping is %s: %s; want it blocked by %q", step.Status, step.Text, tt.blocked)
				}
			})
		})
	}
}

// TestIdentityProviderByHand: where only a person can do it, the plan says how, and
// what the program has read.
func TestIdentityProviderByHand(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSetup(t)
		s.automate()
		s.idp.refused = idp.ErrByHand
		s.idp.state = idp.Status{ByHand: true, Settings: []idp.Setting{{ID: "x", Name: "Create Users", Value: "enabled"}}, Issues: []idp.Issue{{Code: idp.IssueNoJob}}}
		left, err := s.clients.Apply(t.Context(), s.plan(t), provision.ApplyOptions{Wait: true})
		if err != nil {
			t.Fatal(err)
		}
		step := left.Step(provision.KindIdentityProvider)
		if step.Status != provision.StatusManual || len(step.Instructions) == 0 || len(s.idp.given) > 0 {
			t.Errorf("the step is %s with %d instructions, after %q; want manual, and nothing asked for", step.Status, len(step.Instructions), s.idp.given)
		}
		if diff := cmp.Diff([]string{"the identity provider: no-job"}, step.Warnings); diff != "" {
			t.Errorf("warnings (-want +got):\n%s", diff)
		}
		if !strings.Contains(strings.Join(step.Notes, "\n"), "Read back: Create Users = enabled.") {
			t.Errorf("the notes %q lack what was read", step.Notes)
		}
		// A program that learns it too late says so, and the plan isn't done.
		s.idp.state = idp.Status{}
		if _, err := s.clients.Apply(t.Context(), s.plan(t), provision.ApplyOptions{}); !errors.Is(err, idp.ErrByHand) {
			t.Errorf("Apply = %v, want ErrByHand", err)
		}
	})
}

// TestFirstCycle: an identity provider that is still at its first cycle keeps the
// usage off, although the people whom the spec names are there.
func TestFirstCycle(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSetup(t)
		s.automate()
		clients := s.clients
		begun := beginning{s.idp}
		s.spec.IdentityProvider = begun
		left, err := clients.Apply(t.Context(), s.plan(t), provision.ApplyOptions{})
		for err == nil && left.Step(provision.KindAccess).Status != provision.StatusDone {
			time.Sleep(time.Minute)
			left, err = clients.Apply(t.Context(), s.plan(t), provision.ApplyOptions{})
		}
		if err != nil {
			t.Fatal(err)
		}
		p := s.plan(t)
		if got := p.Step(provision.KindDirectory); got.Status != provision.StatusDeferred || !strings.Contains(got.Text, "pushed everybody once") {
			t.Errorf("the directory is %s: %s", got.Status, got.Text)
		}
		if got := p.Step(provision.KindUsage).Status; got != provision.StatusDeferred {
			t.Errorf("the usage is %s, want deferred", got)
		}
		s.spec.IdentityProvider = s.idp
		if got := s.plan(t).Step(provision.KindUsage).Status; got != provision.StatusChange {
			t.Errorf("after the first cycle the usage is %s, want change", got)
		}
	})
}

// beginning hasn't finished its first cycle.
type beginning struct{ *fakeIDP }

func (b beginning) Status(ctx context.Context) (*idp.Status, error) {
	s, err := b.fakeIDP.Status(ctx)
	if err == nil {
		s.FirstCycle = time.Time{}
	}
	return s, err
}
