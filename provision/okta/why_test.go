package okta_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/internal/oktafake"
	"github.com/iamscim/iamscim/provision/idp"
)

func TestWhyUser(t *testing.T) {
	t.Parallel()
	synced := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	tests := []struct {
		name   string
		change func(o *oktafake.Okta, p *oktafake.Person)
		want   idp.Attempt // without Mend
		mend   bool
	}{
		{"pushed", func(*oktafake.Okta, *oktafake.Person) {}, idp.Attempt{Time: synced, ID: "scim-0", Result: idp.ResultSuccess, Step: idp.StepExport, Code: "PROVISIONED/SYNCHRONIZED"}, false},
		{"no sync of profiles", func(_ *oktafake.Okta, p *oktafake.Person) { p.AppStatus, p.SyncState = "ACTIVE", "DISABLED" },
			idp.Attempt{Time: synced, ID: "scim-0", Result: idp.ResultSuccess, Step: idp.StepExport, Code: "ACTIVE/DISABLED"}, false},
		{"assigned while provisioning was off", func(_ *oktafake.Okta, p *oktafake.Person) {
			p.AppStatus, p.SyncState, p.SCIMID, p.LastSync = "ACTIVE", "DISABLED", "", ""
		}, idp.Attempt{Time: time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC), Result: idp.ResultSkipped, Step: idp.StepScope, Code: "ACTIVE/DISABLED", Reason: "the user was assigned and never pushed: provisioning was off"}, true},
		{"failed", func(_ *oktafake.Okta, p *oktafake.Person) { p.SyncState = "ERROR" },
			idp.Attempt{Time: synced, ID: "scim-0", Result: idp.ResultFailure, Step: idp.StepExport, Code: "PROVISIONED/ERROR", Reason: "the push of the user failed"}, true},
		{"failed, and the log says why", func(o *oktafake.Okta, p *oktafake.Person) {
			p.AppStatus, p.SyncState, p.SCIMID = "STAGED", "ERROR", ""
			o.Events = []oktafake.Event{
				{Person: p.ID, App: "0oa00000000000000000", Type: "application.provision.user.push", Result: "FAILURE", Reason: "another app", Published: "2026-11-24T10:00:00.000Z"},
				{Person: person(1), Type: "application.provision.user.push", Result: "FAILURE", Reason: "another user", Published: "2026-11-23T10:00:00.000Z"},
				{Person: p.ID, Type: "application.provision.user.push", Result: "FAILURE", Reason: "400 Bad Request:\n emails\x00 Bearer fake-scim-token-1234567890", Published: "2026-11-22T10:00:00.000Z"},
				{Person: p.ID, Type: "application.provision.user.push", Result: "SUCCESS", Published: "2026-11-21T10:00:00.000Z"},
			}
		}, idp.Attempt{Time: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC), Result: idp.ResultFailure, Step: idp.StepExport, Code: "application.provision.user.push", Reason: "400 Bad Request: emails Bearer [redacted]"}, true},
		{"an older failure is mended", func(o *oktafake.Okta, p *oktafake.Person) {
			p.SyncState = "OUT_OF_SYNC"
			o.Events = []oktafake.Event{{Person: p.ID, Type: "x", Result: "SUCCESS", Published: "2026-11-24T10:00:00.000Z"}, {Person: p.ID, Type: "x", Result: "FAILURE", Reason: "old", Published: "2026-11-22T10:00:00.000Z"}}
		}, idp.Attempt{Time: synced, ID: "scim-0", Result: idp.ResultPending, Step: idp.StepExport, Code: "PROVISIONED/OUT_OF_SYNC", Reason: "the user has changes that weren't pushed yet"}, true},
		{"failed, and the log may not be read", func(o *oktafake.Okta, p *oktafake.Person) {
			p.SyncState, o.Denied = "ERROR", []string{"okta.logs.read"}
			o.Events = []oktafake.Event{{Person: p.ID, Type: "x", Result: "FAILURE", Reason: "unseen"}}
		}, idp.Attempt{Time: synced, ID: "scim-0", Result: idp.ResultFailure, Step: idp.StepExport, Code: "PROVISIONED/ERROR", Reason: "the push of the user failed"}, true},
		{"being pushed", func(_ *oktafake.Okta, p *oktafake.Person) { p.SyncState = "SYNCING" },
			idp.Attempt{Time: synced, ID: "scim-0", Result: idp.ResultPending, Step: idp.StepExport, Code: "PROVISIONED/SYNCING", Reason: "the user is being pushed"}, false},
		{"queued", func(_ *oktafake.Okta, p *oktafake.Person) { p.AppStatus, p.SCIMID = "STAGED", "" },
			idp.Attempt{Time: synced, Result: idp.ResultPending, Step: idp.StepExport, Code: "STAGED/SYNCHRONIZED", Reason: "the user of the app is STAGED: it waits to be pushed"}, true},
		{"imported", func(_ *oktafake.Okta, p *oktafake.Person) { p.AppStatus, p.SyncState = "IMPORTED", "DISABLED" },
			idp.Attempt{Time: synced, ID: "scim-0", Result: idp.ResultPending, Step: idp.StepMatch, Code: "IMPORTED/DISABLED", Reason: "the user of the app comes from an import, and isn't confirmed"}, true},
		{"deprovisioned", func(_ *oktafake.Okta, p *oktafake.Person) { p.AppStatus, p.SCIMID = "DEPROVISIONED", "" },
			idp.Attempt{Time: synced, Result: idp.ResultSkipped, Step: idp.StepScope, Code: "DEPROVISIONED/SYNCHRONIZED", Reason: "the user of the app is DEPROVISIONED"}, true},
		{"suspended", func(_ *oktafake.Okta, p *oktafake.Person) { p.Status, p.SyncState = "SUSPENDED", "ERROR" },
			idp.Attempt{Time: synced, ID: "scim-0", Result: idp.ResultSkipped, Step: idp.StepScope, Code: "PROVISIONED/ERROR", Reason: "the Okta user is SUSPENDED"}, true},
		{"not assigned", func(_ *oktafake.Okta, p *oktafake.Person) { p.Assigned = false },
			idp.Attempt{Result: idp.ResultSkipped, Step: idp.StepScope, Code: "not assigned", Reason: "the person isn't assigned to the app"}, true},
		{"not assigned, and gone", func(_ *oktafake.Okta, p *oktafake.Person) { p.Assigned, p.Status = false, "DEPROVISIONED" },
			idp.Attempt{Result: idp.ResultSkipped, Step: idp.StepScope, Code: "DEPROVISIONED", Reason: "the Okta user is DEPROVISIONED, and isn't assigned to the app"}, true},
		{"not assigned, and people may not be read", func(o *oktafake.Okta, p *oktafake.Person) { p.Assigned, o.Denied = false, []string{"okta.users.read"} }, idp.Attempt{}, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			o := acme(2)
			test.change(o, &o.People[0])
			if test.want != (idp.Attempt{}) {
				test.want.Key = person(0)
			}
			got, err := start(t, o).Why(t.Context(), person(0))
			if err != nil {
				t.Fatal(err)
			}
			if (got.Mend != "") != test.mend {
				t.Errorf("Mend = %q", got.Mend)
			}
			got.Mend = ""
			if diff := cmp.Diff(&test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestWhyGroup(t *testing.T) {
	t.Parallel()
	pushed := time.Date(2026, 11, 20, 11, 0, 0, 0, time.UTC)
	o := acme(2)
	o.Groups = append(o.Groups, oktafake.Group{ID: groupID(4), Name: "New", Push: "ACTIVE"}, oktafake.Group{ID: groupID(5), Name: "Broken", Push: "ERROR"})
	c := start(t, o)
	for i, want := range map[int]idp.Attempt{
		0: {Time: pushed, Key: groupID(0), Result: idp.ResultSuccess, Step: idp.StepExport, Code: "ACTIVE"},
		1: {Key: groupID(1), Result: idp.ResultFailure, Step: idp.StepExport, Code: "ERROR", Reason: "Unable to push the group: HTTP 400"},
		2: {}, // not pushed
		3: {Key: groupID(3), Result: idp.ResultSkipped, Step: idp.StepScope, Code: "INACTIVE", Reason: "the push of the group is off"},
		4: {Key: groupID(4), Result: idp.ResultPending, Step: idp.StepExport, Code: "ACTIVE", Reason: "the group wasn't pushed yet"},
		5: {Key: groupID(5), Result: idp.ResultFailure, Step: idp.StepExport, Code: "ERROR", Reason: "the push of the group failed"},
		9: {}, // no group
	} {
		got, err := c.Why(t.Context(), groupID(i))
		if err != nil {
			t.Fatal(err)
		}
		if failed := want.Result == idp.ResultFailure || want.Result == idp.ResultSkipped; (got.Mend != "") != failed {
			t.Errorf("group %d: Mend = %q", i, got.Mend)
		}
		got.Mend = ""
		if diff := cmp.Diff(&want, got); diff != "" {
			t.Errorf("group %d (-want +got):\n%s", i, diff)
		}
	}
}

// A person is found by the whole user name, and by it alone.
func TestWhyByName(t *testing.T) {
	t.Parallel()
	o := acme(12)
	o.PageSize = 1
	o.People[5].Login = "user0005@example.com" // as long as an ID
	c := start(t, o)
	for name, want := range map[string]string{"user1@example.com": person(1), "user0005@example.com": person(5), "USER11@example.com": person(11), "user1": "", "user": "", "nobody@example.com": "", "..": "", "a/b?c#d": "", "jdoe": ""} {
		got, err := c.Why(t.Context(), name)
		if err != nil || got.Key != want {
			t.Errorf("Why(%q) = %+v, %v, want the user %q", name, got, err, want)
		}
	}
	_, err := c.Why(t.Context(), "")
	if _, ok := err.(*iamscim.Error); !ok {
		t.Errorf("no name: %v", err)
	}
}
