package provision_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/claimmap"
	"github.com/iamscim/iamscim/provision"
	"github.com/iamscim/iamscim/scimclient/audit"
)

// TestEvidence: the usage is switched on evidence alone, for groups and for users.
func TestEvidence(t *testing.T) {
	t.Parallel()
	const groups, users = iamscim.SCIMUsageGroups, iamscim.SCIMUsageUsersAndGroups
	ada := provision.BreakGlass{UserName: "ada@example.com", Claims: map[string]any{"email": "Ada@Example.com"}}
	meanwhile := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) // the clock of testing/synctest
	clean := func(change func(*audit.Result)) *audit.Result {
		r := &audit.Result{TenantUID: "UID", ClaimMapping: claimmap.Recommended(claimmap.EntraID).String(), Started: meanwhile, Ended: meanwhile.Add(time.Minute)}
		if change != nil {
			change(r)
		}
		return r
	}
	tests := []struct {
		name  string
		usage iamscim.SCIMUsage
		ready provision.Ready
		waits string // "" for a switch
	}{
		{"nothing", groups, provision.Ready{}, "names nobody"},
		{"a user and a group", groups, provision.Ready{Users: []string{"ada@example.com"}, Groups: map[string][]string{"engineering": {"alan@example.com"}}}, ""},
		{"a user in another case", groups, provision.Ready{Users: []string{"ADA@example.com"}}, ""},
		{"a user who isn't there", groups, provision.Ready{Users: []string{"eve@example.com"}}, "the user eve@example.com"},
		{"a group that isn't there", groups, provision.Ready{Groups: map[string][]string{"sales": nil}}, "the group sales"},
		{"a membership that isn't there", groups, provision.Ready{Groups: map[string][]string{"engineering": {"grace@example.com"}}}, "the user grace@example.com in the group engineering"},
		{"an audit", groups, provision.Ready{Audit: clean(nil)}, ""},
		{"an audit of another tenant", groups, provision.Ready{Audit: clean(func(r *audit.Result) { r.TenantUID = "other" })}, "with UID other"},
		{"an audit with another mapping", groups, provision.Ready{Audit: clean(func(r *audit.Result) { r.ClaimMapping = "x" })}, "with this claim mapping"},
		{"an audit with errors", groups, provision.Ready{Audit: clean(func(r *audit.Result) { r.Errors = 1 })}, "a clean audit"},
		{"an old audit", groups, provision.Ready{Audit: clean(func(r *audit.Result) { r.Started = meanwhile.Add(-61 * time.Minute) })}, "a newer audit"},
		{"an old audit that may be", groups, provision.Ready{MaxAge: 2 * time.Hour, Audit: clean(func(r *audit.Result) { r.Started = meanwhile.Add(-61 * time.Minute) })}, ""},
		{"the word", groups, provision.Ready{EnableBeforeSync: true}, ""},
		{"the word, for users", users, provision.Ready{EnableBeforeSync: true}, ""},
		{"users and groups, for users", users, provision.Ready{Users: []string{"ada@example.com"}, BreakGlass: []provision.BreakGlass{ada}}, "a clean audit"},
		{"an audit alone, for users", users, provision.Ready{Audit: clean(nil)}, "break-glass users"},
		{"an audit and break glass, for users", users, provision.Ready{Audit: clean(nil), BreakGlass: []provision.BreakGlass{ada}}, ""},
		{"claims of somebody else", users, provision.Ready{Audit: clean(nil), BreakGlass: []provision.BreakGlass{{UserName: "ada@example.com", Claims: map[string]any{"email": "alan@example.com"}}}}, "isn't the one of the directory"},
		{"claims without the claim", users, provision.Ready{Audit: clean(nil), BreakGlass: []provision.BreakGlass{{UserName: "ada@example.com", Claims: map[string]any{"sub": "1"}}}}, "can't be evaluated"},
		{"break glass that isn't there", users, provision.Ready{Audit: clean(nil), BreakGlass: []provision.BreakGlass{{UserName: "eve@example.com", Claims: ada.Claims}}}, "the user eve@example.com"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newSetup(t)
				s.automate()
				first := s.spec
				first.Ready = provision.Ready{}
				if _, err := s.clients.Apply(t.Context(), s.planOf(t, first), provision.ApplyOptions{Wait: true}); err != nil {
					t.Fatal(err)
				}
				uid := s.planOf(t, first).Basis["tenant.uid"]
				s.spec.Usage, s.spec.Ready = tt.usage, tt.ready
				if r := tt.ready.Audit; r != nil && r.TenantUID == "UID" {
					r.TenantUID = uid
				}
				p := s.plan(t)
				step := p.Step(provision.KindUsage)
				if got := step.Status == provision.StatusChange; got != (tt.waits == "") || !strings.Contains(step.Text+p.Step(provision.KindDirectory).Text, tt.waits) {
					t.Fatalf("the usage is %s: %s; the directory: %s; want it to wait for %q", step.Status, step.Text, p.Step(provision.KindDirectory).Text, tt.waits)
				}
				off := "--scim-usage=SCIM_USAGE_UNSPECIFIED"
				if !strings.Contains(strings.Join(step.Notes, " "), off) {
					t.Errorf("the notes %q lack the command that switches it off again", step.Notes)
				}
				if _, err := s.clients.Apply(t.Context(), p, provision.ApplyOptions{}); err != nil {
					t.Fatal(err)
				}
				got, err := s.clients.Providers.Get(t.Context(), s.spec.Provider)
				if want := map[bool]iamscim.SCIMUsage{true: tt.usage, false: iamscim.SCIMUsageNone}[tt.waits == ""]; err != nil || got.SCIMUsage != want {
					t.Errorf("after Apply the usage is %s, %v, want %s", got.SCIMUsage, err, want)
				}
			})
		})
	}
}
