package entra_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/provision/entra"
	"github.com/iamscim/iamscim/provision/idp"
)

func at(text string) time.Time {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return t
}

// TestStatus: every state of a job becomes what a caller can branch on.
func TestStatus(t *testing.T) {
	t.Parallel()
	good := []idp.Setting{
		{ID: "entra-external-id", Name: "externalId", Value: "objectId"},
		{ID: "entra-user-name", Name: "userName", Value: "userPrincipalName"},
		{ID: "entra-work-email", Name: `emails[type eq "work"].value`, Value: "mail"},
	}
	healthy := idp.Status{
		BaseURI: base, Running: true, FirstCycle: at("2026-01-02T03:04:05Z"),
		LastSuccess: at("2026-01-03T00:01:00Z"), HealthySince: at("2026-01-03T00:00:00Z"), Settings: good,
	}
	tests := []struct {
		name   string
		graph  func(*graph)
		want   func(*idp.Status)
		issues []string // code: what the reason has
	}{
		{"healthy", func(*graph) {}, func(*idp.Status) {}, nil},
		{"no application", func(g *graph) { g.apps = nil }, func(s *idp.Status) { *s = idp.Status{} }, []string{"no-job: no application with the name Google"}},
		{"no job", func(g *graph) { g.jobs = nil }, func(s *idp.Status) { *s = idp.Status{} }, []string{"no-job: no provisioning job"}},
		{"paused", func(g *graph) { g.schedule, g.code = "Paused", "Paused" }, func(s *idp.Status) { s.Running = false }, []string{"stopped: Paused"}},
		{"never run", func(g *graph) {
			g.schedule, g.code, g.status = "Disabled", "NotRun", map[string]any{}
		}, func(s *idp.Status) {
			*s = idp.Status{BaseURI: base, Settings: good}
		}, []string{"stopped: Disabled"}},
		{"no flag", func(g *graph) { g.secrets[0]["value"] = base }, func(*idp.Status) {}, []string{"compatibility-flag: ?aadOptscim062020"}},
		{"another option beside the flag", func(g *graph) { g.secrets[0]["value"] = base + "/?x=1&AADOptSCIM062020" }, func(*idp.Status) {}, nil},
		{"a masked address", func(g *graph) { g.masked = true }, func(s *idp.Status) { s.BaseURI = "" }, nil},
		{"a rejected token", func(g *graph) { g.code, g.status = "Quarantine", quarantined(g.t).status }, func(s *idp.Status) { s.HealthySince = time.Time{} },
			[]string{"quarantined: the token is rejected (InvalidCredentials), since 2026-01-04T00:00:00Z, next attempt 2026-01-05T00:00:00Z", "credential: EncounteredQuarantineException"}},
		{"held deletions", func(g *graph) {
			g.code, g.status["quarantine"] = "Quarantine", map[string]any{"reason": "TooManyDeletes"}
		}, func(s *idp.Status) { s.HealthySince = time.Time{} }, []string{"quarantined: TooManyDeletes", "deletions-held: TooManyDeletes"}},
		{"many failures", func(g *graph) {
			g.code, g.status["quarantine"] = "Quarantine", map[string]any{"reason": "EncounteredEscrowProportionThreshold"}
		}, func(s *idp.Status) { s.HealthySince = time.Time{} }, []string{"quarantined: EncounteredEscrowProportionThreshold"}},
		{"failed cycles", func(g *graph) {
			g.status["countSuccessiveCompleteFailures"] = 3
			g.status["lastExecution"] = map[string]any{"error": map[string]any{"code": "Timeout", "message": "no answer"}, "countEscrowed": 2}
		}, func(s *idp.Status) { s.HealthySince = time.Time{} }, []string{"failures: the last 3 cycles failed: no answer (Timeout)", "failures: 2 users and groups fail"}},
		{"nobody is assigned", func(g *graph) { g.assigned = nil }, func(*idp.Status) {}, []string{"scope: no user or group is assigned"}},
		{"nobody is assigned, and everybody is in scope", func(g *graph) { g.assigned, g.secrets[3]["value"] = nil, "true" }, func(*idp.Status) {}, nil},
		{"who is assigned can't be read", func(g *graph) { g.answer = deny("/appRoleAssignedTo") }, func(*idp.Status) {}, nil},
		{"users are off", func(g *graph) {
			g.schema = strings.Replace(g.schema, `"enabled": true, "name": "Provision Microsoft Entra ID Users"`, `"enabled": false`, 1)
		}, func(*idp.Status) {}, []string{"scope: mapping of users is disabled"}},
		{"the schema nobody edited", func(g *graph) { g.schema = defaultSchema }, func(s *idp.Status) {
			s.Settings = []idp.Setting{
				{ID: "entra-external-id", Name: "externalId", Value: "mailNickname"}, good[1],
				{ID: "entra-work-email", Name: `emails[type eq "work"].value`, Value: `mail, beside emails[type eq "other"].value`},
			}
		}, nil},
		{"sources that aren't attributes", func(g *graph) {
			g.schema = strings.Replace(g.schema, `"type": "Attribute", "name": "mail", "expression": "[mail]"`, `"type": "Function", "name": "ToLower", "expression": "ToLower([mail], )"`, 1)
			g.schema = strings.Replace(g.schema, `"flowType": "Always", "defaultValue": null`, `"flowType": "ObjectAddOnly"`, 1)
			g.schema = strings.Replace(g.schema, `"targetAttributeName": "userName"`, `"targetAttributeName": "nickName"`, 1)
		}, func(s *idp.Status) {
			s.Settings = []idp.Setting{
				{ID: "entra-external-id", Name: "externalId", Value: "objectId (ObjectAddOnly)"}, {ID: "entra-user-name", Name: "userName", Value: "not mapped"},
				{ID: "entra-work-email", Name: `emails[type eq "work"].value`, Value: "ToLower([mail], )"},
			}
		}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				g := provisioned(t)
				tt.graph(g)
				got, err := g.client(t).Status(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				issues := got.Issues
				got.Issues = nil
				want := healthy
				tt.want(&want)
				if diff := cmp.Diff(&want, got); diff != "" {
					t.Errorf("Status (-want +got):\n%s", diff)
				}
				if len(issues) != len(tt.issues) {
					t.Fatalf("issues %v, want %q", issues, tt.issues)
				}
				for i, issue := range issues {
					code, says, _ := strings.Cut(tt.issues[i], ": ")
					if string(issue.Code) != code || !strings.Contains(issue.Reason, says) || issue.Mend == "" {
						t.Errorf("issue %q, mend %q, want %q", issue, issue.Mend, tt.issues[i])
					}
				}
				if g.writes != 0 {
					t.Errorf("%d writes", g.writes)
				}
			})
		})
	}
}

// TestCutOver: the new token is tried first, everything else stays, and a job in
// quarantine starts again, except for one that holds deletions.
func TestCutOver(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		graph   func(*graph)
		kind    error
		stored  bool
		restart bool
	}{
		{"running", func(*graph) {}, nil, true, false},
		{"in quarantine", func(g *graph) { g.code, g.status = "Quarantine", quarantined(g.t).status }, nil, true, true},
		{"held deletions", func(g *graph) {
			g.code, g.status["quarantine"] = "Quarantine", map[string]any{"reason": "TooManyDeletes"}
		}, nil, true, false},
		{"the token doesn't work", func(g *graph) { g.rejects = scimToken }, entra.ErrCredential, false, false},
		{"another tenant", func(g *graph) { g.secrets[0]["value"] = "https://example.com/scim" }, iamscim.ErrFailedPrecondition, false, false},
		{"no job", func(g *graph) { g.jobs = nil }, iamscim.ErrNotFound, false, false},
		{"no application", func(g *graph) { g.apps = nil }, iamscim.ErrNotFound, false, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				g := provisioned(t)
				tt.graph(g)
				before := g.schema
				err := g.client(t).CutOver(t.Context(), connection())
				if !errors.Is(err, tt.kind) || tt.kind == nil && err != nil {
					t.Errorf("CutOver = %v, want %v", err, tt.kind)
				}
				if err != nil {
					calm(t, failed(t, err).Error())
					if failed(t, err).Remedy == "" {
						t.Errorf("no remedy in %v", err)
					}
				}
				restarted := strings.Contains(strings.Join(g.requests, "\n"), "/restart")
				if stored := g.secret("SecretToken") == scimToken; stored != tt.stored || restarted != tt.restart {
					t.Errorf("stored %v, restarted %v", stored, restarted)
				}
				if restarted && g.bodies[len(g.bodies)-2] != `{"criteria":{"resetScope":"QuarantineState"}}` {
					t.Errorf("restart %s", g.bodies[len(g.bodies)-2])
				}
				if g.schema != before || g.secret("SkipOutOfScopeDeletions") != "True" {
					t.Error("something else changed")
				}
			})
		})
	}
}

// TestStop: a job that runs is paused. Nothing to stop isn't an error.
func TestStop(t *testing.T) {
	t.Parallel()
	for name, set := range map[string]func(*graph){"running": func(*graph) {}, "paused": func(g *graph) { g.schedule = "Paused" }, "no job": func(g *graph) { g.jobs = nil }, "no application": func(g *graph) { g.apps = nil }} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				g := provisioned(t)
				set(g)
				if err := g.client(t).Stop(t.Context()); err != nil {
					t.Error(err)
				}
				if want := name == "running"; (g.writes == 1) != want || len(g.jobs) == 1 && g.schedule != "Paused" && name != "no application" {
					t.Errorf("%d writes, schedule %s", g.writes, g.schedule)
				}
			})
		})
	}
}

// TestRestart: the scopes go out as they're given, and nothing that isn't a constant.
func TestRestart(t *testing.T) {
	t.Parallel()
	tests := []struct {
		resets []entra.Reset
		want   string // "" is refused
	}{
		{nil, "Watermark, Escrows, QuarantineState"},
		{[]entra.Reset{entra.ResetFull}, "Full"},
		{[]entra.Reset{entra.ResetQuarantine, entra.ResetForceDeletes}, "QuarantineState, ForceDeletes"},
		{[]entra.Reset{"None"}, ""},
		{[]entra.Reset{entra.ResetFull, ""}, ""},
	}
	for _, tt := range tests {
		synctest.Test(t, func(t *testing.T) {
			g := provisioned(t)
			err := g.client(t).Restart(t.Context(), tt.resets...)
			if tt.want == "" {
				if !errors.Is(err, iamscim.ErrInvalidArgument) || len(g.requests) != 0 {
					t.Errorf("Restart(%q) = %v after %d requests", tt.resets, err, len(g.requests))
				}
				return
			}
			if got := g.bodies[len(g.bodies)-2]; err != nil || got != `{"criteria":{"resetScope":"`+tt.want+`"}}` {
				t.Errorf("Restart(%q) = %v, sent %s", tt.resets, err, got)
			}
		})
	}
}

// TestReplication: what was created just now answers 403, 404 and 409 for a while.
// That's waited for. A refusal of something that has long been there isn't.
func TestReplication(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGraph(t)
		seen := map[string]int{}
		statuses := []int{403, 404, 409}
		g.answer = func(w http.ResponseWriter, r *http.Request) bool {
			name := r.Method + " " + short(r.URL.Path)
			if !strings.Contains(name, "SP") || strings.HasPrefix(name, "GET /v1.0") {
				return false
			}
			n := seen[name]
			seen[name]++
			if n >= len(statuses) {
				return false
			}
			refuse(w, statuses[n], "late", "not yet")
			return true
		}
		if err := g.client(t, assign(ada)).SetUp(t.Context(), connection()); err != nil {
			t.Fatal(err)
		}
		if len(g.apps) != 1 || len(g.jobs) != 1 || len(g.assigned) != 1 || g.schedule != "Active" {
			t.Errorf("%d applications, %d jobs, %d assignments, %s", len(g.apps), len(g.jobs), len(g.assigned), g.schedule)
		}
		begin := time.Now()
		g.answer = deny("/secrets")
		if err := g.client(t).SetUp(t.Context(), connection()); !errors.Is(err, iamscim.ErrPermissionDenied) || time.Since(begin) > time.Second {
			t.Errorf("SetUp = %v after %v", err, time.Since(begin))
		}
	})
}

// TestSchemaEditedMeanwhile: an edit that somebody else overwrites is made again, and
// given up after some rounds.
func TestSchemaEditedMeanwhile(t *testing.T) {
	t.Parallel()
	for _, rounds := range []int{1, 100} {
		synctest.Test(t, func(t *testing.T) {
			g := provisioned(t)
			g.schema = defaultSchema
			puts := 0
			g.lose = func(request string) bool {
				if request == "PUT SP/synchronization/jobs/J/schema" {
					if puts++; puts <= rounds {
						g.schema = strings.Replace(defaultSchema, "Sequence:0", "Sequence:"+strings.Repeat("1", puts), 1)
					}
				}
				return false
			}
			err := g.client(t).SetUp(t.Context(), connection())
			if rounds == 1 {
				if err != nil || puts != 2 || !strings.Contains(g.schema, "Sequence:1,") && !strings.Contains(g.schema, `Sequence:1"`) {
					t.Errorf("SetUp = %v after %d writes", err, puts)
				}
				return
			}
			if !errors.Is(err, iamscim.ErrAborted) || puts != 3 || !strings.Contains(err.Error(), "somebody else is editing it") {
				t.Errorf("SetUp = %v after %d writes", err, puts)
			}
		})
	}
}
