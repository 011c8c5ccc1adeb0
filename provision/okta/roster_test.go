package okta_test

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/internal/oktafake"
	"github.com/iamscim/iamscim/provision/idp"
	"github.com/iamscim/iamscim/provision/okta"
)

// rows are the lists of a roster, a line for each row.
func rows(r idp.Roster) ([]string, error) {
	var all []string
	err := errors.Join(
		idp.Each(r.Users, func(u idp.User) error {
			all = append(all, fmt.Sprintf("user %s %s %s %s %v %s", u.Key, u.ExternalID, u.UserName, u.ID, u.Emails, u.DisplayName))
			return nil
		}),
		idp.Each(r.Groups, func(g idp.Group) error { all = append(all, "group "+g.Key+" "+g.DisplayName); return nil }),
		idp.Each(r.Memberships, func(m idp.Membership) error { all = append(all, "member "+m.Group+" "+m.User); return nil }),
		idp.Each(r.Leavers, func(l idp.Leaver) error {
			all = append(all, fmt.Sprintf("leaver %s %s %s gone=%v", l.Key, l.UserName, l.ID, l.Gone))
			return nil
		}),
	)
	return all, err
}

func TestRoster(t *testing.T) {
	t.Parallel()
	o := acme(3)
	o.People[2].Name, o.People[2].Email = "", ""
	o.People = append(o.People,
		oktafake.Person{ID: person(10), Login: "suspended@example.com", Status: "SUSPENDED", Assigned: true, SCIMID: "scim-10"},
		oktafake.Person{ID: person(11), Login: "inactive@example.com", AppStatus: "INACTIVE", Assigned: true, SCIMID: "scim-11"},
		oktafake.Person{ID: person(12), Login: "left@example.com", Status: "DEPROVISIONED"},
		oktafake.Person{ID: person(13), Login: "staged@example.com", AppStatus: "STAGED", SyncState: "OUT_OF_SYNC", Assigned: true},
		oktafake.Person{ID: person(14), Login: "elsewhere@example.com"},
		oktafake.Person{ID: person(15), Login: "new@example.com", AppStatus: "A_NEW_STATUS", Assigned: true},
	)
	o.Groups[1].Members = []string{person(0), person(10), person(14)}
	want := []string{
		"user " + person(0) + " " + person(0) + " user0@example.com scim-0 [user0@example.com] User 0",
		"user " + person(1) + " " + person(1) + " user1@example.com scim-1 [user1@example.com] User 1",
		"user " + person(2) + " " + person(2) + " user2@example.com scim-2 [] ",
		"user " + person(13) + " " + person(13) + " staged@example.com  [] ",
		"user " + person(15) + " " + person(15) + " new@example.com  [] ",
		"group " + groupID(0) + " Everybody", "group " + groupID(1) + " Half",
		"member " + groupID(0) + " " + person(0), "member " + groupID(0) + " " + person(1), "member " + groupID(0) + " " + person(2),
		"member " + groupID(1) + " " + person(0),
		"leaver " + person(10) + " suspended@example.com scim-10 gone=false", "leaver " + person(11) + " inactive@example.com scim-11 gone=false",
		"leaver " + person(12) + " left@example.com  gone=false",
	}
	for _, size := range []int{0, 1, 2} {
		o.PageSize = size
		c := start(t, o)
		r, err := c.Roster(t.Context(), okta.RosterOptions{})
		if err != nil {
			t.Fatal(err)
		}
		got, err := rows(r)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("pages of %d: %v (-want +got):\n%s", size, err, diff)
		}
	}

	c := start(t, o)
	r, err := c.Roster(t.Context(), okta.RosterOptions{AppOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	got, err := rows(r)
	if diff := cmp.Diff(want[:len(want)-1], got); err != nil || diff != "" || r.Confirm != nil {
		t.Errorf("AppOnly: %v, Confirm %v (-want +got):\n%s", err, r.Confirm != nil, diff)
	}
}

// Memberships go by the users that the roster listed, even if somebody is assigned
// in between.
func TestMembershipsFitUsers(t *testing.T) {
	t.Parallel()
	o := acme(4)
	o.People[3].Assigned = false
	r, err := start(t, o).Roster(t.Context(), okta.RosterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	members := func() int {
		n := 0
		if err := idp.Each(r.Memberships, func(idp.Membership) error { n++; return nil }); err != nil {
			t.Fatal(err)
		}
		return n
	}
	if n := members(); n != 3+2 {
		t.Errorf("without a list of users before: %d memberships, want 5", n)
	}
	o.Do(func() { o.People[3].Assigned = true })
	if n := members(); n != 3+2 {
		t.Errorf("somebody was assigned since the list of users: %d memberships, want 5", n)
	}
	if err := idp.Each(r.Users, func(idp.User) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if n := members(); n != 4+2 {
		t.Errorf("after another list of users: %d memberships, want 6", n)
	}
}

// A live roster and a file of the same page say the same of active users.
func TestRosterIsThatOfFiles(t *testing.T) {
	t.Parallel()
	o := acme(5)
	c := start(t, o)
	name := filepath.Join(t.TempDir(), "users.json")
	var page []string
	for _, p := range o.People {
		page = append(page, fmt.Sprintf(`{"id":%q,"externalId":%q,"status":"PROVISIONED","scope":"USER","credentials":{"userName":%q},"profile":{"email":%q,"displayName":%q}}`, p.ID, p.SCIMID, p.Login, p.Email, p.Name))
	}
	if err := os.WriteFile(name, []byte("["+strings.Join(page, ",")+"]"), 0o600); err != nil {
		t.Fatal(err)
	}
	files, err := idp.Files{Users: []string{name}}.Roster()
	if err != nil {
		t.Fatal(err)
	}
	live, err := c.Roster(t.Context(), okta.RosterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var fromFile, fromOkta []idp.User
	err = errors.Join(idp.Each(files.Users, func(u idp.User) error { fromFile = append(fromFile, u); return nil }),
		idp.Each(live.Users, func(u idp.User) error { fromOkta = append(fromOkta, u); return nil }))
	if diff := cmp.Diff(fromFile, fromOkta); err != nil || diff != "" || len(fromOkta) != 5 {
		t.Errorf("%v (-file +live):\n%s", err, diff)
	}
}

func TestConfirm(t *testing.T) {
	t.Parallel()
	o := acme(3)
	r, err := start(t, o).Roster(t.Context(), okta.RosterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	now, err := r.Confirm(t.Context(), person(0))
	if err != nil || now.User == nil || now.User.UserName != "user0@example.com" || !slices.Equal(now.Groups, []string{groupID(0), groupID(1), groupID(2), groupID(3)}) {
		t.Errorf("Confirm = %+v, %v", now, err)
	}
	// The list of a user's groups has no pages, and so no links.
	o.Do(func() {
		for i := range 250 {
			o.Groups = append(o.Groups, oktafake.Group{ID: groupID(100 + i), Name: "More", Members: []string{person(2)}})
		}
	})
	if now, err := r.Confirm(t.Context(), person(2)); err != nil || len(now.Groups) != 253 {
		t.Errorf("somebody in many groups: %d groups, %v", len(now.Groups), err)
	}
	o.Do(func() {
		o.People[0].Status = "SUSPENDED"
		o.People[1].Assigned = false
	})
	for _, key := range []string{person(0), person(1), person(99), "", "..", "a/b", "a@example.com"} {
		if now, err := r.Confirm(t.Context(), key); err != nil || now.User != nil || now.Groups != nil {
			t.Errorf("Confirm(%q) = %+v, %v, want nobody", key, now, err)
		}
	}
}

func TestMissingPermissions(t *testing.T) {
	t.Parallel()
	all := []string{"okta.apps.read", "okta.groups.read", "okta.users.read"}
	for _, oauth := range []bool{false, true} {
		for _, missing := range [][]string{all[:1], all[1:2], all[2:], all[1:], all} {
			t.Run(fmt.Sprint(oauth, missing), func(t *testing.T) {
				t.Parallel()
				o := acme(3)
				if o.Denied = missing; oauth {
					o.Scopes, o.Denied = slices.DeleteFunc(slices.Clone(all), func(s string) bool { return slices.Contains(missing, s) }), nil
				}
				_, err := start(t, o).Roster(t.Context(), okta.RosterOptions{})
				e := failure(t, err, iamscim.ErrPermissionDenied)
				for _, scope := range all {
					if strings.Contains(e.Remedy, scope) != slices.Contains(missing, scope) {
						t.Errorf("missing are %v, and the remedy is %q", missing, e.Remedy)
					}
				}
				want := 5 // the app and each list, once
				if slices.Contains(missing, all[0]) {
					want = 3
				}
				if n := len(o.Requests()); n != want {
					t.Errorf("%d requests, want %d", n, want)
				}
			})
		}
	}
	o := acme(1)
	o.Scopes = all[:2]
	if _, err := start(t, o).Roster(t.Context(), okta.RosterOptions{AppOnly: true}); err != nil {
		t.Errorf("AppOnly without okta.users.read: %v", err)
	}
}

func TestNoApp(t *testing.T) {
	t.Parallel()
	o := acme(1)
	o.Intercept = func(_ int, w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != "/api/v1/apps/"+oktafake.App {
			return false
		}
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, `{"errorCode":"E0000007","errorSummary":"Not found: Resource not found: x (AppInstance)","errorId":"oae1"}`)
		return true
	}
	c := start(t, o)
	_, err := c.Roster(t.Context(), okta.RosterOptions{})
	failure(t, err, iamscim.ErrNotFound)
	_, err = c.Status(t.Context())
	e := failure(t, err, iamscim.ErrNotFound)
	if !strings.Contains(e.Detail, "E0000007, errorId oae1") {
		t.Errorf("Detail = %q", e.Detail)
	}
}

// A user name format of the app's own says nothing of people who left.
func TestUserNameTemplates(t *testing.T) {
	t.Parallel()
	for template, want := range map[string]string{
		"": "Login@example.com", "${source.login}": "Login@example.com", "${source.email}": "Mail@example.com", "${fn:toLowerCase(source.email)}": "mail@example.com", "${source.employeeID}": "",
	} {
		o := acme(1)
		o.Template = template
		o.People = append(o.People, oktafake.Person{ID: person(5), Login: "Login@example.com", Email: "Mail@example.com", Status: "DEPROVISIONED"})
		r, err := start(t, o).Roster(t.Context(), okta.RosterOptions{})
		if want == "" {
			failure(t, err, iamscim.ErrFailedPrecondition)
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		err = idp.Each(r.Leavers, func(l idp.Leaver) error {
			if l.UserName != want {
				t.Errorf("%q: the leaver is %q, want %q", template, l.UserName, want)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
}
