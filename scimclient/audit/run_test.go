package audit_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/iamscim/iamscim/provision/idp"
	"github.com/iamscim/iamscim/scimclient/audit"
	"github.com/iamscim/iamscim/scimtest"
)

func TestCleanDirectory(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := generate(200, 20, 3)
		d.leavers = []idp.Leaver{{User: idp.User{Key: "gone", UserName: "gone@example.com"}, Gone: true}}
		srv := server(scimtest.WithQuota(3000))
		defer srv.Close()
		f := d.serve(t, srv)
		begin := time.Now()
		result, rec := run(t, f.client(), d.roster(), nil)
		if got := rec.findings(); got != nil {
			t.Errorf("findings: %v", got)
		}
		if !result.Clean() {
			t.Errorf("the result isn't clean: %+v", result)
		}
		want := audit.Cost{Access: 1, Controls: result.Requests.Controls, Groups: 20, Users: 200, Memberships: 200, Leavers: 1}
		if diff := cmp.Diff(want, result.Requests); diff != "" || want.Controls > 10 {
			t.Errorf("requests (-want +got):\n%s", diff)
		}
		for _, r := range srv.Requests() {
			if r.Status == 429 {
				t.Fatal("the audit was throttled, although it's alone")
			}
		}
		took := time.Since(begin)
		pace := time.Duration(float64(result.Requests.Total()) / 25 * float64(time.Second))
		t.Logf("%d requests in %v; %v at the pace", result.Requests.Total(), took, pace)
		if diff := cmp.Diff(audit.Counts{Users: 200, Groups: 20, Memberships: 600, Leavers: 1}, result.Checked); diff != "" {
			t.Errorf("checked (-want +got):\n%s", diff)
		}
	})
}

// A membership that the roster has twice is one membership.
func TestMembershipTwice(t *testing.T) {
	t.Parallel()
	for name, filter := range memberFilters {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				d := generate(10, 3, 2)
				d.members = append(d.members, d.members[3], d.members[3], d.members[0])
				srv := server(filter)
				defer srv.Close()
				result, rec := run(t, d.serve(t, srv).client(), d.roster(), nil)
				if !result.Clean() || rec.findings() != nil || result.Roster.Memberships != 20 || result.Checked.Memberships != 20 {
					t.Errorf("clean %v, findings %v, %d of %d memberships checked, want 20 of 20", result.Clean(), rec.findings(), result.Checked.Memberships, result.Roster.Memberships)
				}
			})
		})
	}
}
