package audit_test

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/iamscim/iamscim/provision/idp"
	"github.com/iamscim/iamscim/scimclient"
	"github.com/iamscim/iamscim/scimclient/audit"
	"github.com/iamscim/iamscim/scimtest"
)

// plant puts one error into a directory. It returns the findings that an audit
// must report, in short, and of them those that can't be found without the member
// filter.
type plant struct {
	name string
	put  func(d *directory, key string) (want, unprovable []string)
}

// rowOf is the user's row of the roster.
func (d *directory) rowOf(key string) *idp.User {
	return &d.users[slices.IndexFunc(d.users, func(u idp.User) bool { return u.Key == key })]
}

// groupWith is a group that the user is in, or one that the user isn't in.
func (d *directory) groupWith(key string, in bool) string {
	for _, g := range d.groups {
		if d.tenant.members[idp.Membership{Group: g.Key, User: key}] == in && d.tenant.members[idp.Membership{Group: g.Key, User: key}] == d.hasRow(g.Key, key) {
			return g.Key
		}
	}
	panic("no such group")
}

func (d *directory) hasRow(group, user string) bool {
	return slices.Contains(d.members, idp.Membership{Group: group, User: user})
}

var plants = []plant{
	{"user missing", func(d *directory, key string) ([]string, []string) {
		d.dropUser(key)
		return []string{"user-missing " + key}, nil
	}},
	{"userName differs", func(d *directory, key string) ([]string, []string) {
		d.rowOf(key).UserName = "renamed-" + key
		return []string{"user-missing " + key}, nil
	}},
	{"externalId differs", func(d *directory, key string) ([]string, []string) {
		d.user(key).doc.ExternalID += "-old"
		return []string{"user-differs " + key + " externalId"}, nil
	}},
	{"displayName differs", func(d *directory, key string) ([]string, []string) {
		d.user(key).doc.DisplayName = "<script>"
		return []string{"user-differs " + key + " displayName"}, nil
	}},
	{"e-mail differs", func(d *directory, key string) ([]string, []string) {
		d.user(key).doc.Emails[0].Value = "old@example.com"
		return []string{"user-differs " + key + " emails.value"}, nil
	}},
	{"title differs", func(d *directory, key string) ([]string, []string) {
		d.user(key).doc.Title = ""
		return []string{"user-differs " + key + " title"}, nil
	}},
	{"active although expected inactive", func(d *directory, key string) ([]string, []string) {
		d.rowOf(key).Inactive = true
		return []string{"user-active " + key + " active"}, nil
	}},
	{"inactive although expected active", func(d *directory, key string) ([]string, []string) {
		d.user(key).doc.Active = new(false)
		return []string{"user-inactive " + key + " active"}, nil
	}},
	{"membership missing", func(d *directory, key string) ([]string, []string) {
		g := d.groupWith(key, true)
		delete(d.tenant.members, idp.Membership{Group: g, User: key})
		return []string{"membership-missing " + key + " " + g}, nil
	}},
	{"unexpected membership", func(d *directory, key string) ([]string, []string) {
		g := d.groupWith(key, false)
		d.tenant.members[idp.Membership{Group: g, User: key}] = true
		f := []string{"membership-unexpected " + key + " " + g}
		return f, f
	}},
	{"leaver still there", func(d *directory, key string) ([]string, []string) {
		row := *d.rowOf(key)
		d.users = slices.DeleteFunc(d.users, func(u idp.User) bool { return u.Key == key })
		d.members = slices.DeleteFunc(d.members, func(m idp.Membership) bool { return m.User == key })
		d.leavers = append(d.leavers, idp.Leaver{User: row})
		return []string{"leaver-present " + key + " active"}, nil
	}},
	{"inactive leaver who must be gone", func(d *directory, key string) ([]string, []string) {
		row := *d.rowOf(key)
		d.users = slices.DeleteFunc(d.users, func(u idp.User) bool { return u.Key == key })
		d.members = slices.DeleteFunc(d.members, func(m idp.Membership) bool { return m.User == key })
		d.leavers = append(d.leavers, idp.Leaver{User: row, Gone: true})
		d.user(key).doc.Active = new(false)
		return []string{"leaver-present " + key + " active"}, nil
	}},
	{"inactive leaver", func(d *directory, key string) ([]string, []string) {
		row := *d.rowOf(key)
		d.users = slices.DeleteFunc(d.users, func(u idp.User) bool { return u.Key == key })
		d.members = slices.DeleteFunc(d.members, func(m idp.Membership) bool { return m.User == key })
		d.leavers = append(d.leavers, idp.Leaver{User: row})
		d.user(key).doc.Active = new(false)
		return nil, nil
	}},
	{"active and a leaver", func(d *directory, key string) ([]string, []string) {
		d.leavers = append(d.leavers, idp.Leaver{User: *d.rowOf(key)})
		return []string{"leaver-on-roster " + key}, nil
	}},
	{"key twice", func(d *directory, key string) ([]string, []string) {
		row := *d.rowOf(key)
		row.UserName = "other-" + key
		d.users = append(d.users, row)
		return []string{"roster-duplicate " + key + " key"}, nil
	}},
	{"userName and subject twice", func(d *directory, key string) ([]string, []string) {
		row := *d.rowOf(key)
		row.Key = "twin-" + key
		d.users = append(d.users, row)
		d.copyMemberships(key, row.Key)
		return []string{"roster-duplicate " + row.Key + " userName", "roster-duplicate " + row.Key + " google.subject", "tenant-duplicate " + row.Key + " google.subject"}, nil
	}},
	{"several e-mails", func(d *directory, key string) ([]string, []string) {
		d.rowOf(key).Emails = []string{"a@example.com", "b@example.com"}
		return []string{"roster-refused " + key + " emails.value"}, nil
	}},
	{"no e-mail", func(d *directory, key string) ([]string, []string) {
		d.rowOf(key).Emails = nil
		return []string{"roster-refused " + key + " emails.value"}, nil
	}},
	{"empty mapped value", func(d *directory, key string) ([]string, []string) {
		d.rowOf(key).ExternalID = ""
		return []string{"roster-refused " + key + " google.subject"}, nil
	}},
	{"long mapped value, and so missing", func(d *directory, key string) ([]string, []string) {
		d.rowOf(key).ExternalID = fmt.Sprintf("%0128d", 1)
		d.dropUser(key)
		return []string{"roster-refused " + key + " google.subject"}, nil
	}},
	{"no userName", func(d *directory, key string) ([]string, []string) {
		d.rowOf(key).UserName = ""
		return []string{"roster-refused " + key + " userName"}, nil
	}},
	{"membership of an unknown user", func(d *directory, key string) ([]string, []string) {
		d.members = append(d.members, idp.Membership{Group: "g0", User: "nobody-" + key})
		return []string{"roster-unknown-key nobody-" + key + " g0"}, nil
	}},
	{"membership in an unknown group", func(d *directory, key string) ([]string, []string) {
		d.members = append(d.members, idp.Membership{Group: "nowhere-" + key, User: key})
		return []string{"roster-unknown-key " + key + " nowhere-" + key}, nil
	}},
	{"group missing", func(d *directory, key string) ([]string, []string) {
		g := "g-" + key
		d.addGroup(idp.Group{Key: g, DisplayName: "Missing " + g, ExternalID: g})
		d.members = append(d.members, idp.Membership{Group: g, User: key})
		d.dropGroup(g)
		return []string{"group-missing " + g}, nil
	}},
	{"group differs", func(d *directory, key string) ([]string, []string) {
		g := "g-" + key
		d.addGroup(idp.Group{Key: g, DisplayName: "Group " + g, ExternalID: g})
		d.group(g).doc.ExternalID = "old-" + g
		return []string{"group-differs " + g + " externalId"}, nil
	}},
	{"group name twice", func(d *directory, key string) ([]string, []string) {
		g := "g-" + key
		d.addGroup(idp.Group{Key: g, DisplayName: "Group " + g, ExternalID: g})
		d.groups = append(d.groups, idp.Group{Key: "twin-" + g, DisplayName: "GROUP " + g, ExternalID: g})
		d.addMember(g, "u0")
		d.tenant.members[idp.Membership{Group: g, User: key}] = true
		d.members = append(d.members, idp.Membership{Group: "twin-" + g, User: key})
		return []string{"roster-duplicate twin-" + g + " displayName", "roster-duplicate twin-" + g + " google.group"}, nil
	}},
	{"group without a name", func(d *directory, key string) ([]string, []string) {
		d.groups = append(d.groups, idp.Group{Key: "g-" + key, ExternalID: "g-" + key})
		return []string{"roster-refused g-" + key + " displayName"}, nil
	}},
}

func (d *directory) copyMemberships(from, to string) {
	for _, m := range d.members {
		if m.User == from {
			d.members = append(d.members, idp.Membership{Group: m.Group, User: to})
		}
	}
}

var memberFilters = map[string]scimtest.Option{
	"works":   scimtest.WithBehavior(scimtest.MemberFilter, "WORKS"),
	"ignored": scimtest.WithBehavior(scimtest.MemberFilter, "IGNORED"),
	"empty":   scimtest.WithBehavior(scimtest.MemberFilter, "EMPTY"),
	"refused": scimtest.WithBehavior(scimtest.MemberFilter, "REFUSED"),
}

var plantedErrors = flag.Int("planted", 135, "errors that TestPlanted plants in each directory; 1000 is the figure to quote")

// Planted errors of every kind are found, and nothing else, with each
// behavior of the member filter, and with answers drawn by ten seeds for
// everything that Google leaves open.
func TestPlanted(t *testing.T) {
	t.Parallel()
	names := slices.Sorted(maps.Keys(memberFilters))
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { planted(t, *plantedErrors, 1, name == "works", memberFilters[name]) })
		})
	}
	for seed := range uint64(10) {
		name := names[seed%4]
		t.Run(fmt.Sprintf("seed %d/%s", seed, name), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				planted(t, *plantedErrors, seed, name == "works", scimtest.WithShuffledBehaviors(seed), memberFilters[name])
			})
		})
	}
}

// planted plants n errors, each at a user of its own.
func planted(t *testing.T, n int, seed uint64, works bool, opts ...scimtest.Option) {
	d := generate(n+n/4, 60, 2)
	random := rand.New(rand.NewPCG(seed, 0))
	var want []string
	unproved := map[string]bool{}
	for i, at := range random.Perm(n + n/4 - 1)[:n] {
		at++ // u0 stays as it is
		p := plants[i%len(plants)]
		found, unprovable := p.put(d, fmt.Sprintf("u%d", at))
		want = append(want, found...)
		for _, f := range unprovable {
			unproved[f] = true
		}
	}
	// Twins are at the end and stay there: the second row of two is the duplicate.
	random.Shuffle(n/2, func(i, j int) { d.users[i], d.users[j] = d.users[j], d.users[i] })
	srv := server(opts...)
	defer srv.Close()
	f := d.serve(t, srv)
	result, rec := run(t, f.client(), d.roster(), func(o *audit.Options) { o.PerMinute = 1_000_000 })
	if !works {
		want = slices.DeleteFunc(want, func(f string) bool { return unproved[f] })
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, rec.findings()); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
	if result.Clean() || result.Errors != len(want) {
		t.Errorf("%d errors, want %d; clean %v", result.Errors, len(want), result.Clean())
	}
	if result.MemberFilter != works {
		t.Errorf("MemberFilter = %v, want %v", result.MemberFilter, works)
	}
	unprovable := slices.ContainsFunc(result.NotProved(), func(s string) bool {
		return s == "Unexpected memberships can't be found: the service doesn't answer which groups a user is in."
	})
	if unprovable == works {
		t.Errorf("NotProved: %q", result.NotProved())
	}
}

// While the directory changes, what is wrong for less than the settle time isn't
// reported, and what stays wrong is.
func TestPlantedWhileTheDirectoryChanges(t *testing.T) {
	t.Parallel()
	for name, filter := range memberFilters {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				const users = 300
				d := generate(users, 20, 2)
				var want []string
				for i, p := range plants {
					found, unprovable := p.put(d, fmt.Sprintf("u%d", i))
					if name != "works" && unprovable != nil {
						continue
					}
					want = append(want, found...)
				}
				srv := server(filter)
				defer srv.Close()
				f := d.serve(t, srv)
				changes := churn(f, len(plants)+5, users)
				result, rec := run(t, f.client(), d.roster(), nil)
				if diff := cmp.Diff(sorted(want), rec.findings()); diff != "" {
					t.Errorf("findings (-want +got):\n%s", diff)
				}
				if n := changes(); n < 50 || result.Changed < 3 {
					t.Errorf("%d changes were made, and the audit noticed %d: want more", n, result.Changed)
				}
			})
		})
	}
}

// churn makes the title of each user wrong for half a minute, one after the other,
// and takes a membership away for as long. The returned function ends it.
func churn(f *fixture, from, to int) (stop func() int) {
	ctx, cancel := context.WithCancel(context.Background())
	c := f.client()
	var done sync.WaitGroup
	changes := 0
	do := func(err error) {
		if err != nil && ctx.Err() == nil {
			f.t.Error(err)
		}
	}
	done.Go(func() {
		for i := from; i < to; i++ {
			user, group := f.userID[fmt.Sprintf("u%d", i)], f.groupID[fmt.Sprintf("g%d", i%20)]
			do(c.Users.Patch(ctx, user, new(scimclient.Patch).Replace("title", "wrong")))
			do(c.Groups.RemoveMembers(ctx, group, []string{user}))
			changes++
			done.Go(func() {
				select {
				case <-time.After(30 * time.Second):
				case <-ctx.Done():
					return
				}
				do(c.Users.Patch(ctx, user, new(scimclient.Patch).Replace("title", fmt.Sprintf("Tu%d", i))))
				do(c.Groups.AddMembers(ctx, group, []string{user}))
			})
			select {
			case <-time.After(300 * time.Millisecond):
			case <-ctx.Done():
				return
			}
		}
	})
	return func() int {
		cancel()
		done.Wait()
		return changes
	}
}
