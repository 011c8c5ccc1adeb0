package audit_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/iamscim/iamscim/provision/idp"
	"github.com/iamscim/iamscim/scimclient"
	"github.com/iamscim/iamscim/scimclient/audit"
	"github.com/iamscim/iamscim/scimtest"
)

// What is repaired before the settle time ends isn't reported.
func TestChangesMeanwhile(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		before func(d *directory)
		after  func(t *testing.T, d *directory, f *fixture)
		at     time.Duration
		want   []string
		clean  bool
		filter []string // the behaviors of the member filter; all by default
	}{
		{name: "a user arrives", before: func(d *directory) { d.dropUser("u3") }, at: time.Minute, clean: true,
			after: func(t *testing.T, d *directory, f *fixture) {
				f.addUser(&tenantUser{"u3", scimclient.User{UserName: "u3@example.com", ExternalID: "xu3", DisplayName: "User u3", Title: "Tu3", Emails: []scimclient.MultiValue{{Value: "u3@example.com", Type: "work"}}}})
				for _, g := range []string{"g3", "g4"} {
					f.addMember(g, "u3")
				}
			}},
		{name: "a user arrives too late", before: func(d *directory) { d.dropUser("u3") }, at: 3 * time.Minute, want: []string{"user-missing u3"},
			after: func(t *testing.T, d *directory, f *fixture) {}},
		{name: "a user arrives without memberships", before: func(d *directory) { d.dropUser("u3") }, at: time.Minute,
			want: []string{"membership-missing u3 g3", "membership-missing u3 g4"},
			after: func(t *testing.T, d *directory, f *fixture) {
				f.addUser(&tenantUser{"u3", scimclient.User{UserName: "u3@example.com", ExternalID: "xu3", DisplayName: "User u3", Title: "Tu3", Emails: []scimclient.MultiValue{{Value: "u3@example.com", Type: "work"}}}})
			}},
		{name: "a membership arrives", at: time.Minute, clean: true,
			before: func(d *directory) { delete(d.tenant.members, idp.Membership{Group: "g3", User: "u3"}) },
			after:  func(t *testing.T, d *directory, f *fixture) { f.addMember("g3", "u3") }},
		{name: "an unexpected membership ends", at: time.Minute, clean: true, filter: []string{"works"},
			before: func(d *directory) { d.tenant.members[idp.Membership{Group: "g9", User: "u3"}] = true },
			after:  func(t *testing.T, d *directory, f *fixture) { f.removeMember("g9", "u3") }},
		{name: "a group arrives with its members", before: func(d *directory) { d.dropGroup("g3") }, at: time.Minute, clean: true,
			after: func(t *testing.T, d *directory, f *fixture) {
				f.addGroup(&tenantGroup{"g3", scimclient.Group{DisplayName: "Group 3", ExternalID: "xg3"}}, d.tenant.members)
			}},
		{name: "a group arrives without a member", before: func(d *directory) { d.dropGroup("g3") }, at: time.Minute,
			want: []string{"membership-missing u2 g3"},
			after: func(t *testing.T, d *directory, f *fixture) {
				delete(d.tenant.members, idp.Membership{Group: "g3", User: "u2"})
				f.addGroup(&tenantGroup{"g3", scimclient.Group{DisplayName: "Group 3", ExternalID: "xg3"}}, d.tenant.members)
			}},
		{name: "a leaver goes", at: time.Minute, clean: true,
			before: func(d *directory) {
				d.addUser(idp.User{Key: "l", UserName: "l@example.com", ExternalID: "xl", Emails: []string{"l@example.com"}})
				d.users = d.users[:len(d.users)-1]
				d.leavers = []idp.Leaver{{User: idp.User{Key: "l", UserName: "l@example.com"}, Gone: true}}
			},
			after: func(t *testing.T, d *directory, f *fixture) {
				if err := f.client().Users.Delete(context.Background(), f.userID["l"]); err != nil {
					t.Error(err)
				}
			}},
	}
	for _, test := range tests {
		for name, filter := range memberFilters {
			if test.filter != nil && !slices.Contains(test.filter, name) {
				continue
			}
			t.Run(test.name+"/"+name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					d := generate(30, 10, 2)
					test.before(d)
					srv := server(filter)
					defer srv.Close()
					f := d.serve(t, srv)
					defer time.AfterFunc(test.at, func() { test.after(t, d, f) }).Stop()
					result, rec := run(t, f.client(), d.roster(), nil)
					if diff := cmp.Diff(test.want, rec.findings()); diff != "" {
						t.Errorf("findings (-want +got):\n%s", diff)
					}
					if result.Clean() != test.clean {
						t.Errorf("Clean() = %v, want %v: %+v", result.Clean(), test.clean, result)
					}
					if changed := test.name != "a user arrives too late"; (result.Changed > 0) != changed {
						t.Errorf("Changed = %d", result.Changed)
					}
				})
			})
		}
	}
}

func (f *fixture) addMember(group, user string) {
	f.t.Helper()
	if err := f.client().Groups.AddMembers(context.Background(), f.groupID[group], []string{f.userID[user]}); err != nil {
		f.t.Error(err)
	}
}

func (f *fixture) removeMember(group, user string) {
	f.t.Helper()
	if err := f.client().Groups.RemoveMembers(context.Background(), f.groupID[group], []string{f.userID[user]}); err != nil {
		f.t.Error(err)
	}
}

// Findings come after the settle time, and the audit takes one settle time more.
func TestSettleTime(t *testing.T) {
	t.Parallel()
	for _, settle := range []time.Duration{0, time.Minute, -1} {
		t.Run(fmt.Sprint(settle), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				d := generate(300, 10, 1)
				for i := range 20 {
					d.dropUser(fmt.Sprintf("u%d", 15*i))
				}
				srv := server(scimtest.WithQuota(3000))
				defer srv.Close()
				f := d.serve(t, srv)
				begin := time.Now()
				var first time.Duration
				result, err := audit.Run(context.Background(), f.client(), d.roster(), audit.Options{Mapping: mapping(t), Settle: settle, Handle: func(m audit.Message) error {
					if m.Finding != nil && first == 0 {
						first = time.Since(begin)
					}
					return nil
				}})
				if err != nil {
					t.Fatal(err)
				}
				want := max(0, settle)
				if settle == 0 {
					want = 2 * time.Minute
				}
				took := time.Since(begin)
				most := time.Duration(1.03*float64(result.Requests.Total())/25*float64(time.Second)) + want + 3*time.Second
				if first < want || took < want || took > most {
					t.Errorf("the first finding after %v, the end after %v; want at least %v and at most %v", first, took, want, most)
				}
				if result.Findings[audit.UserMissing] != 20 || result.Requests.Rechecks != 20 {
					t.Errorf("%d findings with %d rechecks, want 20 with 20", result.Findings[audit.UserMissing], result.Requests.Rechecks)
				}
			})
		})
	}
}

// A user who changes with every reading ends as not checked.
func TestAlwaysChanging(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := generate(3, 1, 1)
		srv := server()
		defer srv.Close()
		f := d.serve(t, srv)
		// Each reading of u1 finds another attribute wrong.
		n := 0
		pipe := srv.PipeHTTPClient().Transport
		h := roundTripper(func(r *http.Request) (*http.Response, error) {
			if strings.Contains(r.URL.RawQuery, url.QueryEscape("u1@example.com")) {
				u := scimclient.User{ID: f.userID["u1"], UserName: "u1@example.com", ExternalID: "xu1", DisplayName: "User u1", Title: "Tu1", Emails: []scimclient.MultiValue{{Value: "u1@example.com", Type: "work"}}}
				[]func(){func() { u.Title = "other" }, func() { u.DisplayName = "other" }, func() { u.Emails[0].Value = "other@example.com" }}[n%3]()
				n++
				if _, err := f.client().Users.Replace(r.Context(), &u); err != nil {
					return nil, err
				}
			}
			return pipe.RoundTrip(r)
		})
		result, rec := run(t, f.clientVia(&http.Client{Transport: h}), d.roster(), nil)
		if diff := cmp.Diff([]string{"not-checked u1"}, rec.findings()); diff != "" {
			t.Errorf("findings (-want +got):\n%s", diff)
		}
		if result.Clean() {
			t.Error("the result is clean")
		}
	})
}

// Where the two filters disagree, the documented one decides.
func TestDocumentedFilterDecides(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := generate(30, 10, 2)
		srv := server()
		defer srv.Close()
		f := d.serve(t, srv)
		pipe := srv.PipeHTTPClient().Transport
		lied := 0
		// The undocumented filter answers for u17 when it's asked about u13.
		h := roundTripper(func(r *http.Request) (*http.Response, error) {
			q := r.URL.Query()
			if q.Get("filter") == fmt.Sprintf("members eq %q", f.userID["u13"]) {
				lied++
				q.Set("filter", fmt.Sprintf("members eq %q", f.userID["u17"]))
				r = r.Clone(r.Context())
				r.URL.RawQuery = q.Encode()
			}
			return pipe.RoundTrip(r)
		})
		result, rec := run(t, f.clientVia(&http.Client{Transport: h}), d.roster(), nil)
		if lied < 2 {
			t.Fatalf("the filter lied %d times", lied)
		}
		if got := rec.findings(); got != nil || !result.Clean() || result.Changed != 4 {
			t.Errorf("findings %v, clean %v, changed %d", got, result.Clean(), result.Changed)
		}
	})
}
