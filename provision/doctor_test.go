package provision_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/provision"
	"github.com/iamscim/iamscim/provision/idp"
	"github.com/iamscim/iamscim/scimtest"
)

// want are the codes of an ailment, in order.
func (a ailment) want() []provision.Code {
	var all []provision.Code
	for _, number := range strings.Fields(a.codes) {
		all = append(all, provision.Code("SCIM"+number))
	}
	return all
}

// examine plays ailments on a healthy set-up, and returns what the doctor finds.
func examine(t *testing.T, all ...ailment) *provision.Report {
	t.Helper()
	var p *patient
	for i, a := range all {
		if i == 0 {
			p = newPatient(t, opts(all)...)
		}
		if a.play != nil {
			a.play(t, p)
		}
	}
	var denied []string
	for _, a := range all {
		if a.denied != "" {
			denied = append(denied, a.denied)
		}
	}
	if denied != nil {
		p.lack(t, denied, opts(all)...)
	}
	p.ClearRequests()
	r := p.doctor(t)
	for _, q := range p.Requests() {
		_, verb, _ := strings.Cut(q.Path, ":")
		if q.Method != "GET" && !slices.Contains([]string{"getIamPolicy", "testIamPermissions", "getEffectiveOrgPolicy"}, verb) {
			t.Errorf("the doctor sent %s %s", q.Method, q.Path)
		}
	}
	if n := len(p.Requests()); n > 25 {
		t.Errorf("%d requests, want 25 at most", n)
	}
	return r
}

// TestDoctor plays each scene, and expects exactly its codes.
func TestDoctor(t *testing.T) {
	t.Parallel()
	for _, a := range ailments {
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := examine(t, a)
				if got := codes(r); !slices.Equal(got, a.want()) {
					t.Errorf("codes %v, want %v\n%s", got, a.want(), r)
				}
				check(t, r)
			})
		})
	}
}

// check is what every report must be.
func check(t *testing.T, r *provision.Report) {
	t.Helper()
	for _, f := range r.Findings {
		if f.Severity != f.Code.Severity() || f.Resource == "" || f.Evidence == "" || f.Next == "" || strings.Contains(f.Evidence+f.Next, "\n") {
			t.Errorf("finding %+v: want a severity, a resource, one line of evidence and the next command", f)
		}
		if strings.Contains(f.Next, "%!") || strings.Contains(f.Evidence, "%!") {
			t.Errorf("finding %+v: a bad format", f)
		}
	}
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var back provision.Report
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	if again, err := json.Marshal(&back); err != nil || string(again) != string(text) || back.String() != r.String() {
		t.Errorf("JSON and back: %v\n%s\n%s", err, text, again)
	}
	var counts struct{ Counts map[provision.Severity]int }
	if err := json.Unmarshal(text, &counts); err != nil || len(counts.Counts) != 3 || counts.Counts[provision.SeverityError] != r.Count(provision.SeverityError) {
		t.Errorf("the JSON counts %v, %v", counts, err)
	}
	if all := string(text) + r.String(); strings.Contains(all, "fake-") {
		t.Errorf("the report holds a secret: %s", all)
	}
	if healthy := len(r.Findings) == r.Count(provision.SeverityInfo); r.Healthy() != healthy {
		t.Errorf("Healthy = %v with %s", r.Healthy(), r.Summary())
	}
}

// TestDoctorCost counts requests and round trips with ten providers, in the states
// that take the most. Each request takes a second.
func TestDoctorCost(t *testing.T) {
	t.Parallel()
	states := []struct {
		name string
		play func(t testing.TB, p *patient)
	}{
		{"healthy, few groups", func(t testing.TB, p *patient) { p.addUsers(t, 2) }},
		{"healthy, many groups", func(t testing.TB, p *patient) {
			p.addUsers(t, 10)
			p.addGroups(t, 20)
		}},
		{"healthy, thirteen pairs", func(t testing.TB, p *patient) { p.addGroups(t, 3) }},
		{"no memberships", func(t testing.TB, p *patient) {
			p.leave(t)
			p.addGroups(t, 1)
			p.addUsers(t, 2)
		}},
		{"no tenant", func(t testing.TB, p *patient) { p.hardDelete(t) }},
		{"role missing", func(t testing.TB, p *patient) { p.revoke(t) }},
	}
	for _, tt := range states {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := newPatient(t)
				tt.play(t, p)
				p.addProviders(t, 9)
				p.ClearRequests()
				must(t, p.Fail(scimtest.Fault{Kind: scimtest.FaultDelay, Delay: time.Second, Times: 100}))
				begin := time.Now()
				p.doctor(t)
				took, sent := time.Since(begin), len(p.Requests())
				t.Logf("%d requests, %v", sent, took)
				if took > 4*time.Second+500*time.Millisecond || sent > 25 {
					t.Errorf("%d requests in %v, want 25 in four round trips of a second at most", sent, took)
				}
			})
		})
	}
}

// TestDoctorWait: the doctor repeats until the report is healthy or ctx ends.
func TestDoctorWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPatient(t)
		p.revoke(t)
		time.Sleep(time.Minute)
		begin, seen := time.Now(), 0
		p.req.Wait = true
		p.req.OnReport = func(r *provision.Report) {
			if seen++; r.Healthy() || !r.Has("SCIM160") {
				t.Errorf("a report that isn't the last: %s", r)
			}
		}
		go func() {
			time.Sleep(10 * time.Minute)
			tenant, err := p.clients.Tenants.Get(t.Context(), p.tenant)
			if err == nil {
				err = p.clients.Organizations.GrantSyncer(t.Context(), p.Organization, tenant.ServiceAgent)
			}
			if err != nil {
				t.Error(err)
			}
		}()
		r, err := p.clients.Doctor(t.Context(), p.req)
		if took := time.Since(begin); err != nil || !r.Healthy() || took < 10*time.Minute || took > 11*time.Minute || seen < 10 {
			t.Errorf("Doctor = %v, %v after %v and %d reports, want a healthy one soon after ten minutes", r, err, took, seen)
		}
		// More patient than the retry policy, and not than ctx.
		p.revoke(t)
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Minute)
		defer cancel()
		begin = time.Now()
		r, err = p.clients.Doctor(ctx, p.req)
		if took := time.Since(begin); !errors.Is(err, context.DeadlineExceeded) || r == nil || !r.Has("SCIM160") || took < 19*time.Minute || took > 20*time.Minute {
			t.Errorf("Doctor = %v, %v after %v, want the last report and ctx's error", r, err, took)
		}
	})
}

// TestDoctorRefuses: every fault of a request at once, and nothing is sent.
func TestDoctorRefuses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPatient(t)
		p.ClearRequests()
		tests := []struct {
			name string
			req  provision.DoctorRequest
			want []string
		}{
			{"nothing", provision.DoctorRequest{}, []string{"Provider: required"}},
			{"bad everything", provision.DoctorRequest{Spec: p.req.Spec, Organization: "acme",
				Suppress:   []provision.Suppression{{}, {Code: "SCIM999"}, {Code: "SCIM160"}},
				Thresholds: provision.Thresholds{TokenAge: -1, LastSuccess: -1}},
				[]string{"Organization: must be", "Suppress[0]: must have", "Suppress[1].Code", "TokenAge: must not", "LastSuccess: must not"}},
			{"a bad spec", provision.DoctorRequest{Spec: provision.Spec{Provider: p.spec.Provider, Accept: []string{"x"}}}, []string{"Accept[0]"}},
		}
		for _, tt := range tests {
			r, err := p.clients.Doctor(t.Context(), tt.req)
			if r != nil || !errors.Is(err, iamscim.ErrInvalidArgument) {
				t.Errorf("%s: Doctor = %v, %v, want ErrInvalidArgument", tt.name, r, err)
				continue
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%s: %v, want %q in it", tt.name, err, want)
				}
			}
		}
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := p.clients.Doctor(ended, p.req); !errors.Is(err, context.Canceled) {
			t.Errorf("Doctor(ended ctx) = %v", err)
		}
		if sent := p.Requests(); len(sent) > 0 {
			t.Errorf("requests were sent: %v", sent)
		}
	})
}

// TestDoctorSuppress: by code, by resource, by both, and in the count.
func TestDoctorSuppress(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPatient(t)
		p.addToken(t, "by-hand")
		p.use(t, iamscim.SCIMUsageNone)
		token := p.tenant.String() + "/tokens/by-hand"
		tests := []struct {
			suppress []provision.Suppression
			want     string
		}{
			{nil, "[SCIM155 SCIM400], 2 warnings"},
			{[]provision.Suppression{{Code: "SCIM155"}}, "[SCIM400], 1 warning, 1 suppressed"},
			{[]provision.Suppression{{Resource: token}}, "[SCIM400], 1 warning, 1 suppressed"},
			{[]provision.Suppression{{Code: "SCIM155", Resource: token + "x"}}, "[SCIM155 SCIM400], 2 warnings"},
			{[]provision.Suppression{{Code: "SCIM400", Resource: token}}, "[SCIM155 SCIM400], 2 warnings"},
			{[]provision.Suppression{{Code: "SCIM400"}, {Code: "SCIM155", Resource: token}}, "[], no findings, 2 suppressed"},
		}
		for _, tt := range tests {
			p.req.Suppress = tt.suppress
			r := p.doctor(t)
			if got := fmt.Sprintf("%v, %s", codes(r), r.Summary()); got != tt.want {
				t.Errorf("with %v: %s, want %s", tt.suppress, got, tt.want)
			}
			check(t, r)
		}
	})
}

// TestDoctorThresholds: each is a limit, and what isn't over it is no finding.
func TestDoctorThresholds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPatient(t) // the token is an hour old, and the last cycle was ten minutes ago
		p.rotateHalf(t)
		time.Sleep(2 * time.Hour)
		tests := []struct {
			limits provision.Thresholds
			want   string
		}{
			{provision.Thresholds{}, "[]"},
			{provision.Thresholds{TokenAge: 4 * time.Hour, TwoTokens: 3 * time.Hour, LastSuccess: 10 * time.Minute}, "[]"},
			{provision.Thresholds{TokenAge: time.Hour}, "[SCIM152]"},
			{provision.Thresholds{TwoTokens: time.Hour}, "[SCIM151]"},
			{provision.Thresholds{LastSuccess: 9 * time.Minute}, "[SCIM311]"},
		}
		for _, tt := range tests {
			p.req.Thresholds = tt.limits
			if r := p.doctor(t); fmt.Sprint(codes(r)) != tt.want {
				t.Errorf("%+v: %v, want %s\n%s", tt.limits, codes(r), tt.want, r)
			}
		}
	})
}

// TestDoctorHostile: what a stranger wrote is shown, and not obeyed.
func TestDoctorHostile(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPatient(t)
		p.now(func(s *idp.Status) {
			s.Issues = []idp.Issue{{Code: idp.IssueFailures, Reason: "one\nline \x1b[31mred \u202e%s", Mend: "run\x07 it"}}
		})
		p.req.Spec.Ready.Users = []string{"eve\x1b[2J@example.com"}
		r := p.doctor(t)
		check(t, r)
		if text := r.String(); strings.ContainsAny(text, "\x1b\x07\u202e") || strings.Contains(text, "one\nline") || !strings.Contains(text, "%s") {
			t.Errorf("the text obeys: %q", text)
		}
	})
}

// TestDoctorNotSearched: the report says what nobody looked at, and makes no finding
// of it.
func TestDoctorNotSearched(t *testing.T) {
	t.Parallel()
	permissions := func(path, body string, status int) func(testing.TB, *patient) {
		return func(t testing.TB, p *patient) {
			p.fail(t, scimtest.Fault{Path: path + ":testIamPermissions", Status: status, Body: []byte(body), Times: 3})
		}
	}
	filter := func(choice string) []scimtest.Option {
		return []scimtest.Option{scimtest.WithBehavior(scimtest.MemberFilter, choice)}
	}
	many := func(t testing.TB, p *patient) { p.addGroups(t, 8) }
	tests := []struct {
		name string
		opts []scimtest.Option
		play func(t testing.TB, p *patient)
		want string // "" for nothing beside what a healthy set-up has
	}{
		{"healthy", nil, nil, ""},
		{"permissions that the service doesn't know", nil, permissions("acme-pool", `{"permissions":["iam.googleapis.com/workforcePools.get","iam.googleapis.com/workforcePoolProviders.get","iam.googleapis.com/workforcePoolProviders.list","iam.googleapis.com/workforcePoolProviders.update"]}`, 200), "what else the caller may do with iam.workforcePoolProviderScimTenants: testIamPermissions denies a read that worked"},
		{"no permissions at all", nil, permissions("scim", `{}`, 200), "what else the caller may do with iam.workforcePoolProviderScimTokens"},
		{"a question that is refused", nil, permissions("acme-pool", `{"error":{"code":400,"status":"INVALID_ARGUMENT","message":"no such permission"}}`, 400), "what the caller may do on locations/global/workforcePools/acme-pool: "},
		{"an organization that doesn't say", nil, permissions("123456789012", "", 503), "what the caller may do on organizations/123456789012: "},
		{"no store", nil, func(_ testing.TB, p *patient) { p.req.Spec.Store = nil }, "no store is given"},
		{"no program for the identity provider", nil, func(_ testing.TB, p *patient) { p.req.Spec.IdentityProvider = nil }, "the identity provider: no program for it is given"},
		{"a token of another make", nil, func(t testing.TB, p *patient) { p.adoptByHand(t) }, "the age of the token by-hand: its ID doesn't say when it was made"},
		{"no end of a cycle", nil, func(_ testing.TB, p *patient) { p.now(func(s *idp.Status) { s.LastSuccess = time.Time{} }) }, "when the identity provider's newest cycle ended"},
		{"many groups, and a filter that works", filter("WORKS"), many, ""},
		{"many groups, and a filter that is ignored", filter("IGNORED"), many, "memberships: the service seems to ignore the filter on members alone"},
		{"many groups, and a filter that is refused", filter("REFUSED"), many, "memberships: the filter on members alone: "},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := newPatient(t, tt.opts...)
				if tt.play != nil {
					tt.play(t, p)
				}
				r := p.doctor(t)
				usual := func(text string) bool {
					return strings.HasPrefix(text, "users beyond a sample of 3") || strings.HasPrefix(text, "bindings of SCIM groups below")
				}
				rest := slices.DeleteFunc(slices.Clone(r.NotSearched), usual)
				found := slices.ContainsFunc(rest, func(text string) bool { return strings.Contains(text, tt.want) })
				if tt.want == "" && len(rest) > 0 || tt.want != "" && !found {
					t.Errorf("not searched: %q, want %q", rest, tt.want)
				}
				if len(r.Findings) > 0 {
					t.Errorf("findings: %s", r)
				}
			})
		})
	}
}
