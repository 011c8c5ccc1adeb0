package audit_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/iamscim/iamscim/claimmap"
	"github.com/iamscim/iamscim/provision/idp"
	"github.com/iamscim/iamscim/scimclient/audit"
)

// Estimate says what Run costs, with each behavior of the member filter, for the
// whole directory and for a sample.
func TestEstimate(t *testing.T) {
	t.Parallel()
	for name, filter := range memberFilters {
		for _, sample := range []*audit.Sample{nil, {Users: 40, Seed: 3}} {
			t.Run(fmt.Sprintf("%s/sample=%v", name, sample != nil), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					d := generate(150, 12, 3)
					d.leavers = []idp.Leaver{{User: idp.User{Key: "l", UserName: "l"}}, {User: d.users[0]}} // one is on the roster
					srv := server(filter)
					defer srv.Close()
					f := d.serve(t, srv)
					opts := audit.Options{Mapping: mapping(t), Sample: sample}
					forecast, err := audit.Estimate(context.Background(), f.client(), d.roster(), opts)
					if err != nil {
						t.Fatal(err)
					}
					if spent := len(srv.Requests()); spent != forecast.Spent || spent > 15 {
						t.Errorf("%d requests were sent, and the forecast says %d", spent, forecast.Spent)
					}
					begin := time.Now()
					result, _ := run(t, f.client(), d.roster(), func(o *audit.Options) { o.Sample = sample })
					if forecast.MemberFilter != (name == "works") || result.MemberFilter != forecast.MemberFilter {
						t.Errorf("MemberFilter = %v and %v", forecast.MemberFilter, result.MemberFilter)
					}
					// A sample looks groups up while it tries the filter and while it
					// checks memberships; both count as one of the two.
					want, got := forecast.Requests, result.Requests
					if sample != nil {
						want.Memberships, got.Memberships = want.Memberships+want.Groups, got.Memberships+got.Groups
						want.Groups, got.Groups = 0, 0
						got.Memberships += got.Controls
						want.Memberships += want.Controls
						want.Controls, got.Controls = 0, 0
						if slack := want.Memberships - got.Memberships; slack >= 0 && slack <= 3 {
							want.Memberships = got.Memberships // groups that were controls too
						}
					} else if want.Controls >= got.Controls {
						want.Controls = got.Controls // the groups are known
					}
					if diff := cmp.Diff(want, got); diff != "" {
						t.Errorf("requests (-forecast +run):\n%s", diff)
					}
					took := time.Since(begin)
					if most := forecast.Duration*103/100 + 3*time.Second; took > most {
						t.Errorf("the audit took %v; the forecast says %v", took, forecast.Duration)
					}
					if text := forecast.String(); strings.Contains(text, "doesn't work here") == forecast.MemberFilter {
						t.Errorf("text: %s", text)
					}
				})
			})
		}
	}
}

// A sample checks the users it names, with their memberships, and leaves the rest.
func TestSampleRun(t *testing.T) {
	t.Parallel()
	for name, filter := range memberFilters {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				d := generate(300, 10, 2)
				for i := range 300 {
					key := fmt.Sprintf("u%d", i)
					switch {
					case i%10 == 0:
						d.user(key).doc.Title = "other"
					case i%10 == 1:
						delete(d.tenant.members, idp.Membership{Group: fmt.Sprintf("g%d", i%10), User: key})
					case i%10 == 2:
						d.dropUser(key)
					}
				}
				srv := server(filter)
				defer srv.Close()
				f := d.serve(t, srv)
				result, rec := run(t, f.client(), d.roster(), func(o *audit.Options) { o.Sample = &audit.Sample{Users: 60, Seed: 7} })
				s := result.Sample
				if result.Clean() || s == nil || s.Checked != 60 || s.Population != 300 || result.Checked.Users != 60 {
					t.Fatalf("result: %+v", result)
				}
				wrong, members := map[string]bool{}, map[string]bool{}
				for _, m := range rec.messages {
					if m.Finding != nil && m.Finding.Code != audit.MembershipMissing {
						wrong[m.Finding.User] = true
					}
					if m.Finding != nil && m.Finding.Code != audit.UserDiffers {
						members[m.Finding.User] = true
					}
				}
				if s.Attributes.Found != len(wrong) || s.Memberships.Found != len(members) || len(wrong) < 5 || len(members) < 5 {
					t.Errorf("found %+v and %+v, want %d and %d", s.Attributes, *s.Memberships, len(wrong), len(members))
				}
				if s.Attributes.AtMost < 60 || s.Memberships.AtMost < 60 {
					t.Errorf("the bounds %+v and %+v are below the 60 wrong users there are", s.Attributes, *s.Memberships)
				}
				again, other := &recorder{}, &recorder{}
				for rec, seed := range map[*recorder]uint64{again: 7, other: 8} {
					run(t, f.client(), d.roster(), func(o *audit.Options) { o.Sample, o.Handle = &audit.Sample{Users: 60, Seed: seed}, rec.handle })
				}
				if diff := cmp.Diff(rec.findings(), again.findings()); diff != "" {
					t.Errorf("the same seed finds something else:\n%s", diff)
				}
				if cmp.Equal(rec.findings(), other.findings()) {
					t.Error("another seed finds the same")
				}
			})
		})
	}
}

// A sample isn't clean, not even one of everybody.
func TestSampleIsNeverClean(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := generate(10, 2, 1)
		srv := server()
		defer srv.Close()
		r := d.roster()
		r.Groups, r.Memberships, r.Leavers = idp.Of[idp.Group](), idp.Of[idp.Membership](), nil
		for key := range d.tenant.members {
			delete(d.tenant.members, key)
		}
		result, rec := run(t, d.serve(t, srv).client(), r, func(o *audit.Options) { o.Sample = &audit.Sample{} })
		if rec.findings() != nil || result.Checked != result.Roster || result.Clean() {
			t.Errorf("findings %v, checked %+v of %+v, clean %v", rec.findings(), result.Checked, result.Roster, result.Clean())
		}
	})
}

// A user in more than 100 groups can't be listed; the memberships of the roster
// are checked one by one.
func TestManyGroups(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		break_ func(d *directory)
		want   []string
		clean  bool
	}{
		"whole":   {func(*directory) {}, []string{"groups-unlisted u0"}, true},
		"missing": {func(d *directory) { delete(d.tenant.members, idp.Membership{Group: "g130", User: "u0"}) }, []string{"groups-unlisted u0", "membership-missing u0 g130"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				d := generate(3, 140, 1)
				for i := 3; i < 140; i++ {
					d.addMember(fmt.Sprintf("g%d", i), "u0")
				}
				// The user with few groups is the first that the filter is tried with.
				d.users[0], d.users[2] = d.users[2], d.users[0]
				test.break_(d)
				srv := server()
				defer srv.Close()
				result, rec := run(t, d.serve(t, srv).client(), d.roster(), nil)
				if diff := cmp.Diff(test.want, rec.findings()); diff != "" {
					t.Errorf("findings (-want +got):\n%s", diff)
				}
				if result.Clean() != test.clean {
					t.Errorf("Clean() = %v, want %v: %+v", result.Clean(), test.clean, result)
				}
				if !strings.Contains(strings.Join(result.NotProved(), " "), "users in more than 100 groups can't be found. Users: 1.") {
					t.Errorf("NotProved: %q", result.NotProved())
				}
			})
		})
	}
}

// The roster has a user in more groups than the service allows.
func TestTooManyGroups(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := generate(2, 1, 1)
		for i := 1; i <= 2000; i++ {
			d.addGroup(idp.Group{Key: fmt.Sprintf("g%d", i), DisplayName: fmt.Sprintf("Group %d", i), ExternalID: fmt.Sprintf("xg%d", i)})
			d.addMember(fmt.Sprintf("g%d", i), "u1")
		}
		srv := server()
		defer srv.Close()
		_, rec := run(t, d.serve(t, srv).client(), d.roster(), func(o *audit.Options) { o.PerMinute = 600_000 })
		if diff := cmp.Diff([]string{"groups-too-many u1", "groups-unlisted u1"}, rec.findings()); diff != "" {
			t.Errorf("findings (-want +got):\n%s", diff)
		}
	})
}

// The roster's source has the last word about a user.
func TestConfirm(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		confirm func(u idp.User) (idp.Confirmation, error)
		want    []string
	}{
		{"still so", func(u idp.User) (idp.Confirmation, error) {
			return idp.Confirmation{User: &u, Groups: []string{"g1"}}, nil
		}, []string{"user-differs u1 title"}},
		{"gone", func(idp.User) (idp.Confirmation, error) { return idp.Confirmation{}, nil }, nil},
		{"changed", func(u idp.User) (idp.Confirmation, error) {
			u.Attributes = map[string]string{"title": "other"}
			return idp.Confirmation{User: &u, Groups: []string{"g1", "a new group"}}, nil
		}, nil},
		{"left the group too", func(u idp.User) (idp.Confirmation, error) {
			u.Attributes = nil
			return idp.Confirmation{User: &u}, nil
		}, []string{"membership-unexpected u1 g1"}},
		{"can't answer", func(u idp.User) (idp.Confirmation, error) {
			return idp.Confirmation{}, context.DeadlineExceeded
		}, []string{"user-differs u1 title"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				d := generate(5, 3, 1)
				d.user("u1").doc.Title = "other"
				srv := server()
				defer srv.Close()
				f := d.serve(t, srv)
				r := d.roster()
				r.Confirm = func(_ context.Context, key string) (idp.Confirmation, error) { return test.confirm(*d.rowOf(key)) }
				_, rec := run(t, f.client(), r, nil)
				if diff := cmp.Diff(test.want, rec.findings()); diff != "" {
					t.Errorf("findings (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// IDs of an earlier run are tried first and not trusted.
func TestKnownIDs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := generate(6, 3, 1)
		d.dropUser("u4")
		srv := server()
		defer srv.Close()
		f := d.serve(t, srv)
		d.users[0].ID = f.userID["u0"]
		d.users[1].ID = f.userID["u2"] // somebody else's
		d.users[2].ID = "never"
		d.users[3].ID, d.users[3].UserName = f.userID["u3"], ""
		d.users[4].ID = "deleted"
		d.groups[0].ID, d.groups[1].ID = f.groupID["g0"], "never"
		result, rec := run(t, f.client(), d.roster(), nil)
		if diff := cmp.Diff([]string{"user-missing u4"}, rec.findings()); diff != "" {
			t.Errorf("findings (-want +got):\n%s", diff)
		}
		// One request where the ID is right, two where it isn't.
		if got := result.Requests; got.Users != 1+2+2+1+2+1 || got.Groups != 1+2+1 {
			t.Errorf("requests: %+v", got)
		}
	})
}

// Two resources that answer to one name, which Google's service doesn't allow.
func TestTenantDuplicates(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := generate(4, 2, 1)
		srv := server()
		defer srv.Close()
		f := d.serve(t, srv)
		pipe := srv.PipeHTTPClient().Transport
		c := f.clientVia(&http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			resp, err := pipe.RoundTrip(r)
			for _, name := range []string{"u1%40example.com%22", "Group+1%22"} {
				if err == nil && strings.Contains(r.URL.RawQuery, name) {
					return twice(resp)
				}
			}
			return resp, err
		})})
		_, rec := run(t, c, d.roster(), nil)
		if diff := cmp.Diff([]string{"tenant-duplicate g1 displayName", "tenant-duplicate u1 userName"}, rec.findings()); diff != "" {
			t.Errorf("findings (-want +got):\n%s", diff)
		}
	})
}

// The subject of a sign-in token is compared with the tenant's.
func TestClaims(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := generate(4, 2, 1)
		d.users[3].ExternalID = ""
		srv := server()
		defer srv.Close()
		f := d.serve(t, srv)
		claims := &audit.Claims{
			AttributeMapping: map[string]string{"google.subject": "assertion.oid"},
			Assertions: map[string]map[string]any{
				"u0": {"oid": "xu0"}, "u1": {"oid": "other"}, "u2": {"sub": "no oid"}, "u3": {"oid": "xu3"}, "somebody else": {},
			},
		}
		result, rec := run(t, f.client(), d.roster(), func(o *audit.Options) { o.Claims = claims })
		want := []string{"roster-refused u3 google.subject", "subject-differs u1 google.subject", "subject-differs u2 google.subject", "subject-differs u3 google.subject"}
		if diff := cmp.Diff(want, rec.findings()); diff != "" || result.Clean() {
			t.Errorf("findings (-want +got):\n%s", diff)
		}
	})
}

// Case counts where the subject or the group's value is made of it.
func TestCase(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		"google.subject=user.userName,google.group=group.displayName":                           nil,
		"google.subject=user.userName.lowerAscii(),google.group=group.displayName.lowerAscii()": nil,
		"google.subject=user.emails[0].value.lowerAscii(),google.group=group.externalId":        nil,
		"google.subject=user.emails[0].value,google.group=group.externalId":                     {"user-differs u1 google.subject"},
		"google.subject=user.userName,google.group=group.displayName.lowerAscii()":              {"user-differs u0 google.subject"},
		"google.subject=user.userName.lowerAscii(),google.group=group.displayName":              {"group-differs g0 google.group"},
	} {
		m, err := claimmap.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		synctest.Test(t, func(t *testing.T) {
			d := generate(2, 2, 1)
			d.users[0].UserName = "U0@example.com"
			d.users[1].Emails[0] = "U1@example.com"
			d.groups[0].DisplayName = "GROUP 0"
			if text == "google.subject=user.userName,google.group=group.displayName" {
				want = []string{"group-differs g0 google.group", "user-differs u0 google.subject"}
			}
			srv := server()
			defer srv.Close()
			_, rec := run(t, d.serve(t, srv).client(), d.roster(), func(o *audit.Options) { o.Mapping = m })
			if diff := cmp.Diff(want, rec.findings()); diff != "" {
				t.Errorf("%s: findings (-want +got):\n%s", text, diff)
			}
		})
	}
}
