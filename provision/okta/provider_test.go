package okta_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/internal/oktafake"
	"github.com/iamscim/iamscim/provision/idp"
	"github.com/iamscim/iamscim/provision/okta"
)

const base = "https://iamscim.googleapis.com/v1alpha1/tenants/uid-1"

func TestStatus(t *testing.T) {
	t.Parallel()
	half := "pushes with an error: 1 of 2 groups: Unable to push the group: HTTP 400"
	tests := []struct {
		name    string
		change  func(o *oktafake.Okta)
		running bool
		issues  []string
	}{
		{"on", func(o *oktafake.Okta) { o.Groups[1].Push = "ACTIVE" }, true, nil},
		{"a group has an error", func(o *oktafake.Okta) {}, true, []string{"failures: " + half}},
		{"an error without a reason", func(o *oktafake.Okta) { o.Groups[1].Error = "" }, true, []string{"failures: pushes with an error: 1 of 2 groups: Okta gives no reason"}},
		{"UNKNOWN, and the features can't be read", func(o *oktafake.Okta) { o.Connection, o.Capabilities = "UNKNOWN", "" }, false,
			[]string{"unread: Okta reports the status UNKNOWN of the connection", "failures: " + half}},
		{"UNKNOWN, and the features can be read", func(o *oktafake.Okta) { o.Connection = "UNKNOWN" }, true, []string{"failures: " + half}},
		{"a status that is new", func(o *oktafake.Okta) { o.Connection, o.Capabilities = "PAUSED", "" }, false,
			[]string{"unread: Okta reports the status PAUSED of the connection", "failures: " + half}},
		{"disabled", func(o *oktafake.Okta) { o.Connection, o.Capabilities = "DISABLED", "" }, false, []string{"stopped: the connection is DISABLED", "failures: " + half}},
		{"the app is off", func(o *oktafake.Okta) { o.AppStatus = "INACTIVE" }, false, []string{"stopped: the app is INACTIVE", "failures: " + half}},
		{"nothing is created", func(o *oktafake.Okta) {
			o.Capabilities = strings.Replace(o.Capabilities, "ENABLED", "DISABLED", 1)
		}, true, []string{"stopped: Create Users is DISABLED", "failures: " + half}},
		{"nobody is deactivated", func(o *oktafake.Okta) {
			o.Capabilities = strings.Replace(o.Capabilities, `"lifecycleDeactivate":{"status":"ENABLED"`, `"lifecycleDeactivate":{"status":"DISABLED"`, 1)
		}, true, []string{"deletions-held: Deactivate Users is DISABLED", "failures: " + half}},
		{"nobody is assigned, and no group pushed", func(o *oktafake.Okta) { o.People, o.Groups = nil, nil }, true,
			[]string{"scope: nobody is assigned to the app", "scope: no group is pushed"}},
		{"users with errors", func(o *oktafake.Okta) {
			o.Groups[1].Push, o.People[0].SyncState, o.People[2].SyncState = "ACTIVE", "ERROR", "ERROR"
		}, true, []string{"failures: with the syncState ERROR: 2 of 3 users"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			o := acme(3)
			test.change(o)
			got, err := start(t, o).Status(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			var issues []string
			for _, issue := range got.Issues {
				issues = append(issues, issue.String())
				if issue.Mend == "" {
					t.Errorf("%v has no Mend", issue)
				}
			}
			if diff := cmp.Diff(test.issues, issues); diff != "" || got.Running != test.running {
				t.Errorf("Running = %v, want %v; issues (-want +got):\n%s", got.Running, test.running, diff)
			}
			if !got.ByHand || got.BaseURI != "" || !got.FirstCycle.IsZero() || !got.LastSuccess.IsZero() || !got.HealthySince.IsZero() {
				t.Errorf("%+v claims what wasn't read", got)
			}
			if want := []idp.Setting{{ID: "okta-username-format", Name: "Application username format", Value: "Okta username"}}; !slices.Equal(got.Settings, want) {
				t.Errorf("Settings = %v", got.Settings)
			}
		})
	}
}

// With more users than a page, Status looks at the first page, and says so.
func TestStatusOfMany(t *testing.T) {
	t.Parallel()
	o := acme(501)
	o.Groups = o.Groups[:1]
	o.People[3].SyncState, o.People[500].SyncState = "ERROR", "ERROR"
	o.BaseURL, o.Template = base+"/", "${custom}"
	got, err := start(t, o).Status(t.Context())
	if err != nil || len(got.Issues) != 1 || got.Issues[0].Reason != "with the syncState ERROR: 1 of the first 500 users" || got.BaseURI != base || got.Settings != nil {
		t.Errorf("%+v, %v", got, err)
	}
	if n := count(o.Requests(), usersPath); n != 2 {
		t.Errorf("%d requests for users, want 2", n)
	}
}

func lines(t *testing.T, err error) []string {
	t.Helper()
	byHand, ok := errors.AsType[*okta.ByHand](err)
	if !ok || !errors.Is(err, idp.ErrByHand) {
		t.Fatalf("the error is %v, want ErrByHand with a checklist", err)
	}
	var all []string
	for _, line := range byHand.Lines {
		if line.Where == "" {
			t.Errorf("%q doesn't say where", line.Text)
		}
		all = append(all, fmt.Sprintf("%s: %s (%s)", line.State, line.Text, line.Note))
	}
	return all
}

func TestChecklist(t *testing.T) {
	t.Parallel()
	to := idp.Connection{BaseURI: base, Token: iamscim.NewSecret("fake-scim-token"), Settings: []idp.Setting{
		{ID: "okta-external-id", Name: "externalId", Value: "the Okta user id"}, {ID: "okta-username-format", Name: "Application username format", Value: "Okta username"},
	}}
	const never = "not read back: type the token, and choose Test API Credentials (Okta never shows a token)"
	const external = "not read back: set externalId to the Okta user id ()"
	tests := []struct {
		name   string
		change func(o *oktafake.Okta)
		want   []string
	}{
		{"set up", func(o *oktafake.Okta) { o.AppSettings = `{"tenantId":"uid-1","x":1}` }, []string{
			"done: activate the app (the app is ACTIVE)", "done: type the tenant uid-1 ()", never, "done: enable API integration, and save (the connection is ENABLED)",
			"done: enable Create Users ()", "done: enable Update User Attributes ()", "done: enable Deactivate Users ()", "done: assign people or groups to the app (3 users)",
			"to do: push the groups (pushed: 1 group; with an error: 1: Unable to push the group: HTTP 400)", external, "done: set Application username format to Okta username (it is Okta username)",
		}},
		{"nothing is", func(o *oktafake.Okta) {
			*o = oktafake.Okta{AppStatus: "INACTIVE", Connection: "DISABLED", Template: "${source.email}", AppSettings: `{"tenantId":"uid-2"}`}
		}, []string{
			"to do: activate the app (the app is INACTIVE)", "not read back: type the tenant uid-1 ()", never, "to do: enable API integration, and save (the connection is DISABLED)",
			"not read back: enable Create Users ()", "not read back: enable Update User Attributes ()", "not read back: enable Deactivate Users ()", "to do: assign people or groups to the app (0 users)",
			"to do: push the groups (pushed: 0 groups)", external, "to do: set Application username format to Okta username (it is Email)",
		}},
		{"UNKNOWN", func(o *oktafake.Okta) {
			*o = oktafake.Okta{Connection: "UNKNOWN", Template: "${custom}", AppFeatures: `["PUSH_NEW_USERS","PUSH_USER_DEACTIVATION"]`}
		}, []string{
			"done: activate the app (the app is ACTIVE)", "not read back: type the tenant uid-1 ()", never, "not read back: enable API integration, and save (the connection is UNKNOWN)",
			"done: enable Create Users ()", "not read back: enable Update User Attributes ()", "done: enable Deactivate Users ()", "to do: assign people or groups to the app (0 users)",
			"to do: push the groups (pushed: 0 groups)", external, "not read back: set Application username format to Okta username ()",
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			o := acme(3)
			test.change(o)
			err := start(t, o).SetUp(t.Context(), to)
			if diff := cmp.Diff(test.want, lines(t, err)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if e := failure(t, err, idp.ErrByHand); strings.Contains(err.Error()+e.Remedy, "fake-scim") {
				t.Error(err)
			}
			for _, r := range o.Requests() {
				if !strings.HasPrefix(r, "GET ") {
					t.Errorf("SetUp sent %s", r)
				}
			}
		})
	}
}

// CutOver and Push send nothing.
func TestByHand(t *testing.T) {
	t.Parallel()
	o := acme(1)
	c := start(t, o)
	err := c.CutOver(t.Context(), idp.Connection{BaseURI: base, Token: iamscim.NewSecret("fake-scim-token")})
	if got := lines(t, err); len(got) != 1 || !strings.Contains(got[0], "replace the token") {
		t.Errorf("CutOver: %q", got)
	}
	failure(t, err, idp.ErrByHand)
	a, err := c.Push(t.Context(), person(0))
	if got := lines(t, err); a != nil || len(got) != 2 {
		t.Errorf("Push: %v, %q", a, got)
	}
	failure(t, err, idp.ErrByHand)
	if len(o.Requests()) != 0 {
		t.Errorf("they sent %q", o.Requests())
	}
}

func TestStop(t *testing.T) {
	t.Parallel()
	const path = "/connections/default"
	tests := []struct {
		name     string
		change   func(o *oktafake.Okta)
		want     error
		requests int
		after    string
	}{
		{"on", func(*oktafake.Okta) {}, nil, 3, "DISABLED"},
		{"off already", func(o *oktafake.Okta) { o.Connection = "DISABLED" }, nil, 1, "DISABLED"},
		{"UNKNOWN", func(o *oktafake.Okta) { o.Connection = "UNKNOWN" }, idp.ErrByHand, 1, "UNKNOWN"},
		{"no permission to change", func(o *oktafake.Okta) { o.Denied = []string{"okta.apps.manage"} }, iamscim.ErrPermissionDenied, 2, ""},
		{"a reply without a status", func(o *oktafake.Okta) {
			o.Intercept = func(_ int, w http.ResponseWriter, r *http.Request) bool { fmt.Fprint(w, "{}"); return true }
		}, iamscim.ErrBadReply, 1, ""},
		{"the reply is lost", func(o *oktafake.Okta) {
			o.Intercept = func(n int, w http.ResponseWriter, r *http.Request) bool {
				if n != 2 {
					return false
				}
				o.Do(func() { o.Connection = "DISABLED" })
				w.WriteHeader(http.StatusServiceUnavailable)
				return true
			}
		}, nil, 4, "DISABLED"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			o := acme(1)
			test.change(o)
			err := start(t, o).Stop(t.Context())
			if test.want == nil && err != nil || test.want != nil && !errors.Is(err, test.want) {
				t.Errorf("Stop = %v, want %v", err, test.want)
			}
			if test.want != nil {
				failure(t, err, test.want)
			}
			if got := count(o.Requests(), path); got != test.requests || o.Connection != test.after {
				t.Errorf("%d requests, want %d; the connection is %q", got, test.requests, o.Connection)
			}
		})
	}
}

// Okta accepts it, and the connection stays on: that isn't stopped.
func TestStopIsReadBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := acme(1)
		o.Intercept = func(_ int, w http.ResponseWriter, r *http.Request) bool {
			if r.Method == http.MethodPost {
				w.WriteHeader(http.StatusNoContent)
				return true
			}
			return false
		}
		begin := time.Now()
		failure(t, piped(t, o).Stop(t.Context()), iamscim.ErrNotVisible)
		if took := time.Since(begin); took < time.Minute || took > 3*time.Minute {
			t.Errorf("after %v, want the policy's Replication", took)
		}
	})
}
