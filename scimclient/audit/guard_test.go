package audit_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/iamscim/iamscim/provision/idp"
	"github.com/iamscim/iamscim/scimclient/audit"
)

func TestGuard(t *testing.T) {
	t.Parallel()
	drop := func(n int) func(d *directory) {
		return func(d *directory) { d.users = d.users[:len(d.users)-n] }
	}
	leavers := func(from, to int) func(d *directory) {
		return func(d *directory) {
			d.leavers = nil
			for i := from; i < to; i++ {
				d.leavers = append(d.leavers, idp.Leaver{User: idp.User{Key: fmt.Sprintf("l%d", i), UserName: fmt.Sprintf("l%d", i)}})
			}
		}
	}
	tests := []struct {
		name   string
		first  func(d *directory) // of the accepted roster
		change func(d *directory)
		guard  audit.Guard
		want   []string // waivers; nil: accepted
		waived []string
	}{
		{name: "the same", change: func(*directory) {}},
		{name: "a little smaller", change: drop(8)},
		{name: "more", change: func(d *directory) { d.users = append(d.users, idp.User{Key: "new", UserName: "new"}) }},
		{name: "a share less", change: drop(12), want: []string{"users=12"}},
		{name: "a share less, allowed", change: drop(12), guard: audit.Guard{Allow: []string{"users=12"}}, waived: []string{"users=12"}},
		{name: "another number is allowed", change: drop(12), guard: audit.Guard{Allow: []string{"users=11", "groups=12"}}, want: []string{"users=12"}},
		{name: "a larger share is configured", change: drop(12), guard: audit.Guard{MaxShare: 0.2}},
		{name: "a smaller number is configured", change: drop(6), guard: audit.Guard{MaxLoss: 5}, want: []string{"users=6"}},
		{name: "a larger population is configured", change: drop(12), guard: audit.Guard{MinPopulation: 200}},
		{name: "empty", change: func(d *directory) { d.users, d.members = nil, nil }, want: []string{"group:g0=50", "group:g1=50", "memberships=100", "users=112"}},
		{name: "no groups", change: func(d *directory) { d.groups, d.members = nil, nil }, want: []string{"group:g0=50", "group:g1=50", "groups=2", "memberships=100"}},
		{name: "a group empties", change: func(d *directory) {
			var rest []idp.Membership
			for i, m := range d.members {
				if m.Group != "g1" || i < 80 {
					rest = append(rest, m)
				}
			}
			d.members = rest
		}, want: []string{"group:g1=10"}, guard: audit.Guard{MaxShare: 0.11}},
		{name: "a small group empties", first: func(d *directory) {
			d.addGroup(idp.Group{Key: "s", DisplayName: "s", ExternalID: "s"})
			d.addMember("s", "u0")
		}, change: func(d *directory) { d.members = d.members[:len(d.members)-1] }, want: []string{"group:s=1"}},
		{name: "no leavers", first: leavers(0, 40), change: leavers(0, 0)},
		{name: "a few leavers more", first: leavers(0, 40), change: leavers(0, 43)},
		{name: "many leavers more", first: leavers(0, 40), change: leavers(0, 50), want: []string{"leavers=10"}},
		{name: "many leavers more, allowed", first: leavers(0, 40), change: leavers(0, 50), guard: audit.Guard{Allow: []string{"leavers=10"}}, waived: []string{"leavers=10"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				d := generate(100, 2, 1)
				for i := range 12 { // in no group
					d.addUser(idp.User{Key: fmt.Sprintf("v%d", i), UserName: fmt.Sprintf("v%d", i), ExternalID: fmt.Sprintf("v%d", i), Emails: []string{"v"}})
				}
				if test.first != nil {
					test.first(d)
				}
				srv := server()
				defer srv.Close()
				f := d.serve(t, srv)
				file := filepath.Join(t.TempDir(), "accepted.json")
				run(t, f.client(), d.roster(), func(o *audit.Options) { o.Guard.Accepted = file })
				before := mustRead(t, file)
				sent := len(srv.Requests())
				test.change(d)
				test.guard.Accepted = file
				result, err := audit.Run(context.Background(), f.client(), d.roster(), audit.Options{Mapping: mapping(t), Guard: test.guard})
				if test.want == nil {
					if err != nil {
						t.Fatal(err)
					}
					if diff := cmp.Diff(test.waived, result.Waived); diff != "" || result.Clean() && test.waived != nil {
						t.Errorf("clean %v; waived (-want +got):\n%s", result.Clean(), diff)
					}
					if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
						t.Errorf("accepted file: %v, %v", info, err)
					}
					return
				}
				refused, ok := errors.AsType[*audit.RefusedError](err)
				if !ok {
					t.Fatalf("Run = %v, %v; want a RefusedError", result, err)
				}
				var got []string
				for _, c := range refused.Changes {
					got = append(got, c.Waiver())
					if !strings.Contains(err.Error(), c.Waiver()) {
						t.Errorf("%q isn't in: %v", c.Waiver(), err)
					}
				}
				if diff := cmp.Diff(test.want, sorted(got)); diff != "" {
					t.Errorf("waivers (-want +got):\n%s", diff)
				}
				if len(srv.Requests()) != sent {
					t.Errorf("%d requests were sent", len(srv.Requests())-sent)
				}
				if mustRead(t, file) != before {
					t.Error("the accepted file was rewritten by a refused run")
				}
			})
		})
	}
}

// What was accepted last stays when a run fails.
func TestAcceptedOnlyAfterTheEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := generate(30, 2, 1)
		srv := server()
		defer srv.Close()
		f := d.serve(t, srv)
		file := filepath.Join(t.TempDir(), "accepted.json")
		opts := audit.Options{Mapping: mapping(t), Guard: audit.Guard{Accepted: file}}
		ctx, cancel := context.WithCancel(context.Background())
		opts.Handle = func(m audit.Message) error {
			if m.Progress != nil {
				cancel()
			}
			return nil
		}
		if _, err := audit.Run(ctx, f.client(), d.roster(), opts); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		if _, err := os.Stat(file); err == nil {
			t.Error("a canceled run was accepted")
		}
		d.dropUser("u1")
		run(t, f.client(), d.roster(), func(o *audit.Options) { o.Guard.Accepted = file })
		if text := mustRead(t, file); !strings.Contains(text, `"users":30`) {
			t.Errorf("a run with findings wasn't accepted: %s", text)
		}
	})
}

func TestGuardErrors(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := generate(3, 1, 1)
		srv := server()
		defer srv.Close()
		f := d.serve(t, srv)
		dir := t.TempDir()
		write := func(name, text string) string {
			path := filepath.Join(dir, name)
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			return path
		}
		tests := []struct {
			guard audit.Guard
			want  string
		}{
			{audit.Guard{Accepted: write("a", "{")}, "isn't a file of an accepted roster"},
			{audit.Guard{Accepted: write("b", `{"version":"v0"}`)}, "isn't a file of an accepted roster"},
			{audit.Guard{Accepted: write("c", `{"version":"iamscim-accepted/v1","tenantUID":"other"}`)}, "is about the tenant other"},
			{audit.Guard{Accepted: dir}, "accepted roster"},
			{audit.Guard{Allow: []string{"users"}}, "expected a kind and a number"},
			{audit.Guard{Allow: []string{"users=all"}}, "expected a kind and a number"},
			{audit.Guard{MaxLoss: -1}, "is negative"},
			{audit.Guard{MaxShare: 2}, "above 1"},
		}
		for _, test := range tests {
			_, err := audit.Run(context.Background(), f.client(), d.roster(), audit.Options{Mapping: mapping(t), Guard: test.guard})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%+v: %v, want %q", test.guard, err, test.want)
			}
		}
	})
}

func mustRead(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
