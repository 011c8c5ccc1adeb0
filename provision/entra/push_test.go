package entra_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/provision/idp"
)

// verdicts are replies of provisionOnDemand: HTTP 200 with JSON in texts.
var verdicts = map[string]struct {
	key, value string
	want       idp.Attempt
	mend       string // a part of Mend
}{
	"created": {
		`{"result":"Success","details":{"errorCode":"","errorMessage":""}}`,
		`{"action":"Create","modifiedProperties":[],"provisioningSteps":[{"name":"EntryImport","type":"Import","status":"Success","description":"read"},{"name":"EntryExportAdd","type":"Export","status":"Success","description":"created"}],"targetIdentity":{"id":"scim-ada"}}`,
		idp.Attempt{Key: ada, ID: "scim-ada", Result: idp.ResultSuccess, Step: idp.StepExport}, "",
	},
	"not assigned": {
		`{"result":"Skipped","details":{"errorCode":"NotEffectivelyEntitled","errorMessage":"The user is not assigned"}}`,
		`{"provisioningSteps":[{"name":"EntryImport","type":"Import","status":"Success"},{"name":"EntrySynchronizationScoping","type":"Scoping","status":"Skipped","description":"out of scope"}]}`,
		idp.Attempt{Key: ada, Result: idp.ResultSkipped, Step: idp.StepScope, Code: "NotEffectivelyEntitled", Reason: "The user is not assigned"}, "Users and groups",
	},
	"equal already": {
		`{"result":"Skipped","details":{"errorCode":"RedundantExport","errorMessage":"no change"}}`, `{}`,
		idp.Attempt{Key: ada, Result: idp.ResultSkipped, Code: "RedundantExport", Reason: "no change"}, "",
	},
	"refused by the tenant": {
		`{"result":"Failure","details":null}`,
		`{"provisioningSteps":[{"name":"EntryMatch","type":"Matching","status":"Success"},{"name":"EntryExportAdd","type":"Export","status":"Failure","description":"emails is required"}],"statusInfo":{"status":"Failure","errorInformation":{"errorCode":"SystemForCrossDomainIdentityManagementBadRequest","reason":"","recommendedAction":"Add a mail address"}}}`,
		idp.Attempt{Key: ada, Result: idp.ResultFailure, Step: idp.StepExport, Code: "SystemForCrossDomainIdentityManagementBadRequest", Reason: "emails is required", Action: "Add a mail address"}, "Attribute mapping",
	},
	"not in the directory": {
		`{"result":"Failure","details":{"errorCode":"EntryNotFound","errorMessage":"not found"}}`,
		`{"provisioningSteps":[{"type":"Import","status":"Failure"}]}`,
		idp.Attempt{Key: ada, Result: idp.ResultFailure, Step: idp.StepImport, Code: "EntryNotFound", Reason: "not found"}, "Users",
	},
	"a rejected token": {
		`{"result":"Failure","details":{"errorCode":"InvalidCredentials","errorMessage":"401"}}`, `not JSON`,
		idp.Attempt{Key: ada, Result: idp.ResultFailure, Code: "InvalidCredentials", Reason: "401"}, "CutOver",
	},
	"a result of the future": {
		`{"result":"Warning"}`, ``,
		idp.Attempt{Key: ada, Result: idp.ResultFailure}, "Provisioning logs",
	},
}

func TestPush(t *testing.T) {
	t.Parallel()
	for name, tt := range verdicts {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				g := provisioned(t)
				g.more = func(w http.ResponseWriter, r *http.Request, body []byte) bool {
					if r.URL.Path == "/v1.0/users/ada@example.com" {
						reply(w, 200, map[string]any{"id": strings.ToUpper(ada)})
						return true
					}
					want := `{"parameters":[{"ruleId":"3f1c9a52-6d0b-4d8e-9f2a-5b7e1c0d4a68#V2","subjects":[{"objectId":"` + ada + `","objectTypeName":"User"}]}]}`
					if string(body) != want {
						t.Errorf("sent %s\nwant %s", body, want)
					}
					reply(w, 200, map[string]any{"key": tt.key, "value": tt.value})
					return true
				}
				c := g.client(t)
				for _, person := range []string{ada, "ada@example.com"} {
					got, err := c.Push(t.Context(), person)
					if err != nil {
						t.Fatal(err)
					}
					if got.Time != time.Now() {
						t.Errorf("Time %v", got.Time)
					}
					if (got.Mend == "") != (tt.mend == "") || !strings.Contains(got.Mend, tt.mend) {
						t.Errorf("Mend %q, want %q", got.Mend, tt.mend)
					}
					if diff := cmp.Diff(&tt.want, got, cmpopts.IgnoreFields(idp.Attempt{}, "Time", "Mend")); diff != "" {
						t.Errorf("Push (-want +got):\n%s", diff)
					}
				}
			})
		})
	}
}

// TestPushCreatesOnly: who has been pushed already isn't pushed by this call, which
// would send an update without the flag.
func TestPushCreatesOnly(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := connected(t)
		got, err := g.client(t).Push(t.Context(), ada)
		if err != nil || got.Result != idp.ResultSkipped || got.ID != "scim-ada" || got.Code != "AlreadyConnected" || g.writes != 0 {
			t.Errorf("Push = %+v, %v after %d writes", got, err, g.writes)
		}
	})
}

// TestPushRefused: a verdict that can't be read is no success.
func TestPushRefused(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]map[string]any{
		"no verdict": {}, "an object": {"key": map[string]any{"result": "Success"}}, "an empty verdict": {"key": `{}`}, "not JSON": {"key": "Success"},
	} {
		synctest.Test(t, func(t *testing.T) {
			g := provisioned(t)
			g.more = func(w http.ResponseWriter, _ *http.Request, _ []byte) bool { reply(w, 200, body); return true }
			if got, err := g.client(t).Push(t.Context(), ada); !errors.Is(err, iamscim.ErrBadReply) || got != nil {
				t.Errorf("%s: Push = %+v, %v", name, got, err)
			}
		})
	}
	synctest.Test(t, func(t *testing.T) {
		g := provisioned(t)
		for _, person := range []string{"", "a\nb"} {
			if _, err := g.client(t).Push(t.Context(), person); !errors.Is(err, iamscim.ErrInvalidArgument) {
				t.Errorf("Push(%q) = %v", person, err)
			}
		}
		g.schema = strings.Replace(g.schema, `"id": "3f1c9a52-6d0b-4d8e-9f2a-5b7e1c0d4a68#V2",`, "", 1)
		if _, err := g.client(t).Push(t.Context(), ada); !errors.Is(err, iamscim.ErrBadReply) {
			t.Errorf("Push without a rule = %v", err)
		}
	})
}

// TestPushIsPaced: 5 calls in any 10 s.
func TestPushIsPaced(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := provisioned(t)
		var sent []time.Time
		g.more = func(w http.ResponseWriter, _ *http.Request, _ []byte) bool {
			sent = append(sent, time.Now())
			reply(w, 200, map[string]any{"key": `{"result":"Success"}`, "value": `{}`})
			return true
		}
		c := g.client(t)
		for range 12 {
			if _, err := c.Push(t.Context(), ada); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
		}
		for i := 5; i < len(sent); i++ {
			if d := sent[i].Sub(sent[i-5]); d < 10*time.Second {
				t.Errorf("calls %d and %d are %v apart", i-5, i, d)
			}
		}
		if took := sent[11].Sub(sent[0]); took > 22*time.Second {
			t.Errorf("12 calls took %v", took)
		}
	})
}

// logs serves lines of the provisioning logs.
func logs(t *testing.T, g *graph, byObject bool, pages ...[]map[string]any) {
	g.more = func(w http.ResponseWriter, r *http.Request, _ []byte) bool {
		if r.URL.Path != "/v1.0/auditLogs/provisioning" {
			return false
		}
		filter := r.URL.Query().Get("$filter")
		switch {
		case !strings.HasPrefix(filter, "jobId eq '"+jobID+"'"):
			t.Errorf("filter %s", filter)
		case strings.Contains(filter, "sourceIdentity/id") && !byObject:
			refuse(w, 400, "BadRequest", "the property isn't supported in a filter")
			return true
		}
		n := 0
		if r.URL.Query().Get("$skiptoken") != "" {
			n = int(r.URL.Query().Get("$skiptoken")[0] - '0')
		}
		body := map[string]any{"value": pages[n]}
		if n+1 < len(pages) {
			body["@odata.nextLink"] = "http://localhost/v1.0/auditLogs/provisioning?$filter=" + strings.ReplaceAll(filter, " ", "%20") + "&$skiptoken=" + string(rune('1'+n))
		}
		reply(w, 200, body)
		return true
	}
}

func line(when, source string, change ...func(map[string]any)) map[string]any {
	l := map[string]any{
		"id": "l", "jobId": jobID, "activityDateTime": when, "sourceIdentity": map[string]any{"id": source, "displayName": "Ada"},
		"targetIdentity":         map[string]any{"id": "scim-ada"},
		"provisioningStatusInfo": map[string]any{"status": "success", "errorInformation": nil},
		"provisioningSteps":      []map[string]any{{"name": "EntryExportUpdate", "provisioningStepType": "export", "status": "success"}},
	}
	for _, f := range change {
		f(l)
	}
	return l
}

func TestWhy(t *testing.T) {
	t.Parallel()
	failure := func(l map[string]any) {
		l["provisioningStatusInfo"] = map[string]any{"status": "failure", "errorInformation": map[string]any{"errorCode": "DuplicateTargetEntries", "reason": "two users match", "recommendedAction": "delete one"}}
		l["provisioningSteps"] = []map[string]any{
			{"name": "EntryImport", "provisioningStepType": "import", "status": "success"},
			{"name": "EntryMatch", "provisioningStepType": "matching", "status": "failure", "description": "found 2"},
			{"name": "EntryExport", "provisioningStepType": "export", "status": "skipped"},
		}
	}
	of := func(job string) func(map[string]any) { return func(l map[string]any) { l["jobId"] = job } }
	const other = "00000000-0000-4000-8000-0000000000ff"
	success := idp.Attempt{Time: at("2026-01-03T00:00:00Z"), Key: ada, ID: "scim-ada", Result: idp.ResultSuccess, Step: idp.StepExport}
	tests := []struct {
		name     string
		byObject bool
		pages    [][]map[string]any
		want     idp.Attempt
		mend     string
	}{
		{"nothing", true, [][]map[string]any{{}}, idp.Attempt{}, ""},
		{"success", true, [][]map[string]any{{line("2026-01-03T00:00:00Z", ada)}}, success, ""},
		{"the newest", true, [][]map[string]any{{line("2026-01-02T00:00:00Z", ada, failure), line("2026-01-03T00:00:00Z", ada), line("2026-01-01T00:00:00Z", ada, failure)}}, success, ""},
		{"another object", true, [][]map[string]any{{line("2026-01-04T00:00:00Z", other, failure), line("2026-01-03T00:00:00Z", strings.ToUpper(ada))}}, success, ""},
		{"another job", true, [][]map[string]any{{line("2026-01-04T00:00:00Z", ada, of("scim.0"), failure), line("2026-01-03T00:00:00Z", ada)}}, success, ""},
		{"a failure", true, [][]map[string]any{{line("2026-01-03T00:00:00Z", ada, failure)}}, idp.Attempt{
			Time: at("2026-01-03T00:00:00Z"), Key: ada, ID: "scim-ada", Result: idp.ResultFailure, Step: idp.StepMatch,
			Code: "DuplicateTargetEntries", Reason: "two users match", Action: "delete one",
		}, "Reconnect"},
		{"on an empty page's successor", true, [][]map[string]any{{}, {line("2026-01-03T00:00:00Z", ada)}}, success, ""},
		{"without a filter by object", false, [][]map[string]any{{line("2026-01-05T00:00:00Z", other)}, {line("2026-01-03T00:00:00Z", ada), line("2026-01-02T00:00:00Z", ada)}}, success, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				g := provisioned(t)
				logs(t, g, tt.byObject, tt.pages...)
				got, err := g.client(t).Why(t.Context(), ada)
				if err != nil {
					t.Fatal(err)
				}
				if (got.Mend == "") != (tt.mend == "") || !strings.Contains(got.Mend, tt.mend) {
					t.Errorf("Mend %q, want %q", got.Mend, tt.mend)
				}
				if diff := cmp.Diff(&tt.want, got, cmpopts.IgnoreFields(idp.Attempt{}, "Mend")); diff != "" {
					t.Errorf("Why (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// TestWhyEnds: logs that go on for ever, and a link to another host, are errors.
func TestWhyEnds(t *testing.T) {
	t.Parallel()
	for _, next := range []string{"http://localhost/v1.0/auditLogs/provisioning?$skiptoken=x", "http://elsewhere.example.com/", ""} {
		synctest.Test(t, func(t *testing.T) {
			g := provisioned(t)
			pages := 0
			g.more = func(w http.ResponseWriter, r *http.Request, _ []byte) bool {
				pages++
				link := next
				if strings.HasPrefix(link, "http://localhost") {
					link += strings.Repeat("x", pages)
				}
				body := map[string]any{"value": []any{}, "@odata.nextLink": link}
				if link == "" {
					body = map[string]any{}
				}
				reply(w, 200, body)
				return true
			}
			if got, err := g.client(t).Why(t.Context(), ada); !errors.Is(err, iamscim.ErrBadReply) || pages > 20 {
				t.Errorf("Why = %v, %v after %d pages", got, err, pages)
			}
		})
	}
}

// TestReconnect: stale connections go while the job is paused, and the people are
// pushed anew.
func TestReconnect(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const nobody = "00000000-0000-4000-8000-0000000000ff"
		g := connected(t)
		known, err := g.client(t).Reconnect(t.Context(), ada, nobody)
		if diff := cmp.Diff([]string{ada}, known); err != nil || diff != "" {
			t.Errorf("Reconnect = %v (-want +got):\n%s", err, diff)
		}
		if g.connections[ada] != "scim-ada-2" || g.schedule != "Active" {
			t.Errorf("connections %v, schedule %s", g.connections, g.schedule)
		}
		if slices.ContainsFunc(g.requests, func(r string) bool { return strings.HasPrefix(r, "DELETE") && strings.Contains(r, nobody) }) {
			t.Errorf("requests %q", g.requests)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		g := connected(t)
		for _, ids := range [][]string{nil, {ada, "ada@example.com"}} {
			if _, err := g.client(t).Reconnect(t.Context(), ids...); !errors.Is(err, iamscim.ErrInvalidArgument) || len(g.requests) != 0 {
				t.Errorf("Reconnect(%q) = %v after %d requests", ids, err, len(g.requests))
			}
		}
		// Somebody starts the job meanwhile.
		g.answer = func(w http.ResponseWriter, r *http.Request) bool {
			if r.Method == http.MethodDelete {
				refuse(w, 409, "Conflict", "the job is active")
			}
			return r.Method == http.MethodDelete
		}
		if _, err := g.client(t).Reconnect(t.Context(), ada); !errors.Is(err, iamscim.ErrFailedPrecondition) || !strings.Contains(err.Error(), "must be paused") {
			t.Errorf("Reconnect = %v", err)
		}
	})
}
