package provision_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/api/iam/v1"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/claimmap"
	"github.com/iamscim/iamscim/provision"
	"github.com/iamscim/iamscim/scimtest"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// steady replaces what differs from run to run.
func steady(text string) string {
	text = regexp.MustCompile(`r\d{8}t\d{4}-[a-z0-9]+`).ReplaceAllString(text, "TOKEN")
	text = regexp.MustCompile(`(tenants/|UID |-)[0-9a-f]{20}`).ReplaceAllString(text, "${1}UID")
	text = regexp.MustCompile(`"[0-9a-f]{20}"`).ReplaceAllString(text, `"UID"`)
	return regexp.MustCompile(`20\d\d-\d\d-\d\d \d\d:\d\d UTC`).ReplaceAllString(text, "DATE")
}

// TestPlanText plans in every scene, with and without a program for the identity
// provider, and in some more. The texts are in testdata/plan. Each plan survives
// JSON.
func TestPlanText(t *testing.T) {
	t.Parallel()
	type run struct {
		name      string
		automated bool
		opts      []scimtest.Option
		prepare   func(t testing.TB, s *setup)
	}
	var runs []run
	for _, sc := range scenes {
		runs = append(runs, run{name: sc.name, automated: true, prepare: sc.prepare})
	}
	runs = append(runs,
		run{name: "empty, by hand", prepare: func(testing.TB, *setup) {}},
		run{name: "by hand, token works", opts: []scimtest.Option{scimtest.WithSyncerGranted()}, prepare: func(t testing.TB, s *setup) {
			p := s.plan(t)
			if _, err := s.clients.Apply(t.Context(), p, provision.ApplyOptions{Wait: true}); err != nil {
				t.Fatal(err)
			}
		}},
		run{name: "provisioned", automated: true, prepare: func(t testing.TB, s *setup) { s.provisioned(t, s.spec) }},
		run{name: "caller may read nothing", opts: []scimtest.Option{scimtest.WithDeniedPermissions(everyRead...)}, prepare: func(testing.TB, *setup) {}},
		run{name: "caller may not read the policy", opts: []scimtest.Option{scimtest.WithDeniedPermissions("resourcemanager.organizations.getIamPolicy")}, prepare: func(t testing.TB, s *setup) {
			s.seedTenant(t, s.Provider, nil)
			if _, _, err := s.clients.Tokens.Ensure(t.Context(), s.tenantName(t), s.store); err != nil {
				t.Fatal(err)
			}
		}},
		run{name: "nothing accepted, no store", prepare: func(_ testing.TB, s *setup) { s.spec.Accept, s.spec.Store = nil, nil }},
		run{name: "stranger's token", prepare: func(t testing.TB, s *setup) {
			tenant := s.seedTenant(t, s.Provider, nil)
			if _, err := s.AddToken(&iam.WorkforcePoolProviderScimToken{Name: tenant.Name + "/tokens/by-hand"}); err != nil {
				t.Fatal(err)
			}
		}},
		run{name: "mapping of other people", prepare: func(t testing.TB, s *setup) {
			m, err := claimmap.Parse("google.subject=user.externalId,google.group=group.externalId")
			if err != nil {
				t.Fatal(err)
			}
			s.spec.Mapping = m
		}},
		run{name: "pool occupied", prepare: func(t testing.TB, s *setup) {
			other := s.otherProvider(t, iamscim.SCIMUsageNone)
			s.seedTenant(t, other, nil)
		}},
		run{name: "another provider uses SCIM", prepare: func(t testing.TB, s *setup) { s.otherProvider(t, iamscim.SCIMUsageGroups) }},
		run{name: "no provider", prepare: func(t testing.TB, s *setup) {
			if _, err := s.clients.Providers.Delete(t.Context(), s.spec.Provider); err != nil {
				t.Fatal(err)
			}
		}},
	)
	for _, r := range runs {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newSetup(t, r.opts...)
				if r.automated {
					s.automate()
				}
				r.prepare(t, s)
				s.ClearRequests()
				p := s.plan(t)
				for _, q := range s.Requests() {
					if q.Method != "GET" && !strings.HasSuffix(q.Path, ":getIamPolicy") {
						t.Errorf("Plan sent %s %s", q.Method, q.Path)
					}
				}
				golden(t, "plan", regexp.MustCompile(`[^A-Za-z]+`).ReplaceAllString(r.name, "-")+".txt", steady(p.String()))
				text, err := json.Marshal(p)
				if err != nil {
					t.Fatal(err)
				}
				var back provision.Plan
				if err := json.Unmarshal(text, &back); err != nil {
					t.Fatal(err)
				}
				if again, err := json.Marshal(&back); err != nil || string(again) != string(text) || back.String() != p.String() {
					t.Errorf("JSON and back: %v\n%s\n%s", err, text, again)
				}
				if strings.Contains(string(text), "fake-") {
					t.Errorf("the plan holds a secret: %s", text)
				}
			})
		})
	}
}

// everyRead are the permissions of all reads of a plan.
var everyRead = []string{
	"iam.workforcePools.get", "iam.workforcePoolProviders.get", "iam.workforcePoolProviders.list", "iam.workforcePoolProviderScimTenants.get",
	"iam.workforcePoolProviderScimTenants.list", "iam.workforcePoolProviderScimTokens.list", "resourcemanager.organizations.getIamPolicy",
}

func golden(t *testing.T, dir, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", dir, name)
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}
