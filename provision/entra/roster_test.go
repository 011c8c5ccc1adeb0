package entra_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/provision/entra"
	"github.com/iamscim/iamscim/provision/idp"
)

// tenant is a directory: what its lists have, by path.
type tenant struct {
	*graph
	users   map[string]map[string]any
	lists   map[string][]string // path: the IDs of what's listed
	deleted []map[string]any
	page    int
	pages   int                                                    // that were served
	alter   func(page int, list string, body map[string]any) error // an error is no reply
}

func id(kind, n int) string { return fmt.Sprintf("%08d-0000-4000-8000-%012d", kind, n) }

const (
	kindUser = iota + 1
	kindGroup
)

// newTenant is a directory of 7 users: 1 to 4 in the group 1, 4 to 6 in the group 2, in
// which the group 3 with user 7 is nested. User 7 is assigned as well, user 3 disabled.
func newTenant(t testing.TB) *tenant {
	d := &tenant{graph: provisioned(t), users: map[string]map[string]any{}, lists: map[string][]string{}, page: 2}
	users := func(numbers ...int) (ids []string) {
		for _, n := range numbers {
			ids = append(ids, id(kindUser, n))
			d.users[id(kindUser, n)] = map[string]any{
				"id": id(kindUser, n), "userPrincipalName": fmt.Sprintf("user%d@example.com", n), "mail": fmt.Sprintf("mail%d@example.com", n),
				"displayName": fmt.Sprintf("User %d", n), "accountEnabled": n != 3, "mailNickname": fmt.Sprintf("nick%d", n),
			}
		}
		return ids
	}
	d.lists["users"] = users(1, 2, 3, 4, 5, 6, 7, 8)
	d.lists[id(kindGroup, 1)+"/members"] = users(1, 2, 3, 4)
	d.lists[id(kindGroup, 1)+"/transitiveMembers"] = users(1, 2, 3, 4)
	d.lists[id(kindGroup, 2)+"/members"] = users(4, 5, 6)
	d.lists[id(kindGroup, 2)+"/transitiveMembers"] = users(4, 5, 6, 7)
	d.lists[id(kindGroup, 3)+"/members"] = users(7)
	d.lists["groups"] = []string{id(kindGroup, 1), id(kindGroup, 2), id(kindGroup, 3)}
	d.lists["assigned"] = []string{id(kindGroup, 1), id(kindGroup, 2), id(kindUser, 7), id(kindUser, 1)}
	d.deleted = []map[string]any{{
		"id": id(kindUser, 9), "userPrincipalName": strings.ReplaceAll(id(kindUser, 9), "-", "") + "user9@example.com", "mail": "mail9@example.com", "displayName": "User 9", "accountEnabled": true,
	}}
	d.graph.answer = d.serve
	return d
}

func (d *tenant) serve(w http.ResponseWriter, r *http.Request) bool {
	path := strings.TrimPrefix(r.URL.Path, "/v1.0/")
	parts := strings.Split(path, "/")
	list := ""
	switch {
	case strings.HasSuffix(path, "/appRoleAssignedTo"):
		list = "assigned"
	case path == "users", path == "groups":
		list = path
	case path == "directory/deletedItems/microsoft.graph.user":
		list = "deleted"
	case parts[0] == "groups" && len(parts) == 4 && parts[3] == "microsoft.graph.user":
		list = parts[1] + "/" + parts[2]
	case parts[0] == "users" && len(parts) == 4 && parts[2] == "memberOf":
		list = "memberOf"
	case parts[0] == "users" && len(parts) == 2:
		if u := d.users[parts[1]]; u != nil {
			reply(w, 200, u)
		} else {
			refuse(w, 404, "Request_ResourceNotFound", "")
		}
		return true
	case parts[0] == "groups" && len(parts) == 2:
		refuse(w, 404, "Request_ResourceNotFound", "")
		return true
	case path == "directoryObjects/getByIds":
		d.byIDs(w)
		return true
	default:
		return false
	}
	if list != "assigned" && (r.Header.Get("ConsistencyLevel") != "eventual" || r.URL.Query().Get("$count") != "true") {
		d.t.Errorf("%s without ConsistencyLevel and $count", r.URL)
	}
	var all []map[string]any
	for i, id := range d.lists[list] {
		switch {
		case list == "assigned":
			kind := "User"
			if strings.HasPrefix(id, "00000002") {
				kind = "Group"
			}
			all = append(all, map[string]any{"id": fmt.Sprint("as", i), "principalId": id, "principalType": kind})
		case list == "groups":
			all = append(all, map[string]any{"id": id, "displayName": "Group " + id[len(id)-1:], "securityEnabled": id != "00000002-0000-4000-8000-000000000003"})
		default:
			all = append(all, d.users[id])
		}
	}
	if list == "deleted" {
		all = d.deleted
	}
	if list == "memberOf" {
		for _, g := range d.lists["groups"] {
			if slices.Contains(d.lists[g+"/members"], parts[1]) {
				all = append(all, map[string]any{"id": g, "securityEnabled": true})
			}
		}
	}
	from, _ := strconv.Atoi(r.URL.Query().Get("$skiptoken"))
	size := d.page
	if r.URL.Query().Get("$top") == "1" {
		size = 1
	}
	to := min(from+size, len(all))
	body := map[string]any{"value": append([]map[string]any{}, all[from:to]...)}
	if r.URL.Query().Get("$skiptoken") == "" && r.URL.Query().Get("$count") == "true" {
		body["@odata.count"] = len(all)
	}
	if to < len(all) {
		q := r.URL.Query()
		q.Set("$skiptoken", strconv.Itoa(to))
		body["@odata.nextLink"] = "http://localhost" + r.URL.Path + "?" + q.Encode()
	}
	if size != 1 {
		d.pages++
		if d.alter != nil {
			if err := d.alter(d.pages, list, body); err != nil {
				refuse(w, 503, "", "")
				return true
			}
		}
	}
	reply(w, 200, body)
	return true
}

func (d *tenant) byIDs(w http.ResponseWriter) {
	var in struct{ IDs, Types []string }
	_ = json.Unmarshal([]byte(d.bodies[len(d.bodies)-1]), &in)
	list := []map[string]any{}
	for _, id := range in.IDs {
		if u := d.users[id]; u != nil && in.Types[0] == "user" {
			list = append(list, u)
		} else if in.Types[0] == "group" && slices.Contains(d.lists["groups"], id) {
			list = append(list, map[string]any{"id": id, "displayName": "Group " + id[len(id)-1:]})
		}
	}
	reply(w, 200, map[string]any{"value": list})
}

// rows are the rows of a list.
func rows[T any](t testing.TB, list iter.Seq2[T, error]) []T {
	t.Helper()
	var all []T
	if err := idp.Each(list, func(row T) error { all = append(all, row); return nil }); err != nil {
		t.Fatal(err)
	}
	return all
}

func keys[T any](rows []T, key func(T) string) []string {
	var all []string
	for _, row := range rows {
		all = append(all, key(row))
	}
	slices.Sort(all)
	return all
}

func userIDs(numbers ...int) (ids []string) {
	for _, n := range numbers {
		ids = append(ids, id(kindUser, n))
	}
	return ids
}

func TestRoster(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		opts    entra.RosterOptions
		set     func(*tenant)
		users   []int
		groups  []string
		members int
		leavers []int
	}{
		{"assigned", entra.RosterOptions{}, func(*tenant) {}, []int{1, 2, 4, 5, 6, 7}, []string{"Group 1", "Group 2"}, 6, []int{3, 9}},
		{"everybody by the job", entra.RosterOptions{}, func(d *tenant) { d.secrets[3]["value"] = "true" }, []int{1, 2, 4, 5, 6, 7, 8}, []string{"Group 1", "Group 2"}, 6, []int{3, 9}},
		{"everybody", entra.RosterOptions{Scope: entra.ScopeAll}, func(*tenant) {}, []int{1, 2, 4, 5, 6, 7, 8}, []string{"Group 1", "Group 2"}, 6, []int{3, 9}},
		{"assigned, though the job takes everybody", entra.RosterOptions{Scope: entra.ScopeAssigned}, func(d *tenant) { d.secrets[3]["value"] = "true" }, []int{1, 2, 4, 5, 6, 7}, []string{"Group 1", "Group 2"}, 6, []int{3, 9}},
		{"nobody", entra.RosterOptions{}, func(d *tenant) { d.lists["assigned"], d.deleted = nil, nil }, nil, nil, 0, nil},
		{"a group that was deleted just now", entra.RosterOptions{}, func(d *tenant) {
			d.lists["assigned"], d.lists["groups"] = []string{id(kindUser, 7), id(kindUser, 55)}, nil
		}, []int{7}, nil, 0, []int{9}},
		{"an empty page in the middle", entra.RosterOptions{}, func(d *tenant) {
			d.alter = func(page int, list string, body map[string]any) error {
				// The first page is empty, and leads to what it should have had.
				if next, more := body["@odata.nextLink"].(string); more && body["@odata.count"] != nil {
					body["value"], body["@odata.nextLink"] = []any{}, strings.Replace(next, "skiptoken=2", "skiptoken=00", 1)
				}
				return nil
			}
		}, []int{1, 2, 4, 5, 6, 7}, []string{"Group 1", "Group 2"}, 6, []int{3, 9}},
		{"assignments that can't be counted", entra.RosterOptions{}, func(d *tenant) {
			serve := d.graph.answer
			d.graph.answer = func(w http.ResponseWriter, r *http.Request) bool {
				if strings.HasSuffix(r.URL.Path, "/appRoleAssignedTo") && r.URL.Query().Has("$count") {
					refuse(w, 400, "Request_UnsupportedQuery", "")
					return true
				}
				return serve(w, r)
			}
		}, []int{1, 2, 4, 5, 6, 7}, []string{"Group 1", "Group 2"}, 6, []int{3, 9}},
		{"throttled", entra.RosterOptions{}, func(d *tenant) {
			failed := false
			d.alter = func(page int, _ string, _ map[string]any) error {
				if failed = !failed; failed {
					return errors.New("503")
				}
				return nil
			}
		}, []int{1, 2, 4, 5, 6, 7}, []string{"Group 1", "Group 2"}, 6, []int{3, 9}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				d := newTenant(t)
				tt.set(d)
				r, err := d.client(t).Roster(t.Context(), tt.opts)
				if err != nil {
					t.Fatal(err)
				}
				for range 2 { // lists can be read again
					users := rows(t, r.Users)
					if diff := cmp.Diff(userIDs(tt.users...), keys(users, func(u idp.User) string { return u.Key })); diff != "" {
						t.Errorf("users (-want +got):\n%s", diff)
					}
					for _, u := range users {
						n := strings.TrimLeft(u.Key[len(u.Key)-12:], "0")
						want := idp.User{Key: u.Key, UserName: "user" + n + "@example.com", ExternalID: u.Key, DisplayName: "User " + n, Emails: []string{"mail" + n + "@example.com"}}
						if diff := cmp.Diff(want, u); diff != "" {
							t.Errorf("user (-want +got):\n%s", diff)
						}
					}
					if diff := cmp.Diff(tt.groups, keys(rows(t, r.Groups), func(g idp.Group) string { return g.DisplayName })); diff != "" {
						t.Errorf("groups (-want +got):\n%s", diff)
					}
					members := rows(t, r.Memberships)
					if len(members) != tt.members {
						t.Errorf("%d memberships, want %d", len(members), tt.members)
					}
					if diff := cmp.Diff(userIDs(tt.leavers...), keys(rows(t, r.Leavers), func(l idp.Leaver) string { return l.Key })); diff != "" {
						t.Errorf("leavers (-want +got):\n%s", diff)
					}
				}
				for _, l := range rows(t, r.Leavers) {
					if l.Key == id(kindUser, 9) && l.UserName != "user9@example.com" {
						t.Errorf("the deleted user is %+v", l)
					}
				}
			})
		})
	}
}

// TestRosterMapping: the attributes are those that the job maps, as it maps them.
func TestRosterMapping(t *testing.T) {
	t.Parallel()
	settings := func(external, name, work string) []idp.Setting {
		return []idp.Setting{{ID: "entra-external-id", Value: external}, {ID: "entra-user-name", Value: name}, {ID: "entra-work-email", Value: work}}
	}
	tests := []struct {
		name     string
		settings []idp.Setting
		want     idp.User // "" of a field is empty
		says     string   // of the error
	}{
		{"the defaults", settings("mailNickname", "userPrincipalName", "mail"), idp.User{ExternalID: "nick1", UserName: "guest@contoso.com", Emails: []string{"mail1@example.com"}}, ""},
		{"a guest's whole name", settings("objectId", "originalUserPrincipalName", "userPrincipalName"), idp.User{ExternalID: id(kindUser, 1), UserName: "guest_contoso.com#EXT#@example.com", Emails: []string{"guest@contoso.com"}}, ""},
		{"expressions", settings("Join(x)", "mail", "ToLower([mail], )"), idp.User{UserName: "mail1@example.com"}, ""},
		{"a userName that can't be read", settings("objectId", "ToLower([mail], )", "mail"), idp.User{}, "userName is mapped from"},
		{"no userName", settings("objectId", "", "mail")[:1], idp.User{}, "no setting entra-user-name"},
	}
	for _, tt := range tests {
		synctest.Test(t, func(t *testing.T) {
			d := newTenant(t)
			d.users[id(kindUser, 1)]["userPrincipalName"] = "guest_contoso.com#EXT#@example.com"
			d.lists["assigned"] = userIDs(1)
			r, err := d.client(t).Roster(t.Context(), entra.RosterOptions{Settings: tt.settings})
			if tt.says != "" {
				if !errors.Is(err, iamscim.ErrFailedPrecondition) || !strings.Contains(err.Error(), tt.says) {
					t.Errorf("%s: Roster = %v", tt.name, err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			tt.want.Key, tt.want.DisplayName = id(kindUser, 1), "User 1"
			if diff := cmp.Diff([]idp.User{tt.want}, rows(t, r.Users)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tt.name, diff)
			}
		})
	}
}

// TestRosterCut: whatever is wrong with a page, of whichever list, the list ends with
// an error, and never with fewer people.
func TestRosterCut(t *testing.T) {
	t.Parallel()
	alterations := map[string]func(body map[string]any){
		"the link is lost":     func(b map[string]any) { delete(b, "@odata.nextLink") },
		"the count is lost":    func(b map[string]any) { delete(b, "@odata.count") },
		"the value is lost":    func(b map[string]any) { delete(b, "value") },
		"the value is null":    func(b map[string]any) { b["value"] = nil },
		"the page is empty":    func(b map[string]any) { b["value"] = []any{} },
		"a row is lost":        func(b map[string]any) { v := b["value"].([]map[string]any); b["value"] = v[:max(0, len(v)-1)] },
		"a row is null":        func(b map[string]any) { b["value"].([]map[string]any)[0] = nil },
		"a row is there twice": func(b map[string]any) { v := b["value"].([]map[string]any); b["value"] = append(v, v[0]) },
		"a row stands for another": func(b map[string]any) {
			v := b["value"].([]map[string]any)
			v[len(v)-1] = map[string]any{"id": v[0]["id"], "userPrincipalName": "x", "accountEnabled": true}
			if len(v) == 1 {
				b["value"] = []any{}
			}
		},
		"a row has no ID":           func(b map[string]any) { b["value"].([]map[string]any)[0] = map[string]any{"userPrincipalName": "x"} },
		"the link leads elsewhere":  func(b map[string]any) { b["@odata.nextLink"] = "http://elsewhere.example.com/v1.0/users" },
		"the link leads to the net": func(b map[string]any) { b["@odata.nextLink"] = "http://localhost@elsewhere.example.com/" },
		"the link is no URL":        func(b map[string]any) { b["@odata.nextLink"] = "/v1.0/users" },
		"the link leads back": func(b map[string]any) {
			b["@odata.nextLink"] = "http://localhost/v1.0/users?$count=true&$skiptoken=0&again=1"
		},
		"the list is HTML": nil,
	}
	lists := map[string]func(testing.TB, idp.Roster) error{
		"users": func(t testing.TB, r idp.Roster) error { return idp.Each(r.Users, func(idp.User) error { return nil }) },
		"memberships": func(t testing.TB, r idp.Roster) error {
			return idp.Each(r.Memberships, func(idp.Membership) error { return nil })
		},
		"groups": func(t testing.TB, r idp.Roster) error {
			return idp.Each(r.Groups, func(idp.Group) error { return nil })
		},
		"leavers": func(t testing.TB, r idp.Roster) error {
			return idp.Each(r.Leavers, func(idp.Leaver) error { return nil })
		},
	}
	for _, scope := range []entra.Scope{entra.ScopeAssigned, entra.ScopeAll} {
		for name, alter := range alterations {
			for list, read := range lists {
				t.Run(string(scope)+"/"+name+"/"+list, func(t *testing.T) {
					t.Parallel()
					// At each page in turn.
					for at := 1; ; at++ {
						altered := false
						synctest.Test(t, func(t *testing.T) {
							d := newTenant(t)
							r, err := d.client(t).Roster(t.Context(), entra.RosterOptions{Scope: scope})
							if err != nil {
								t.Fatal(err)
							}
							d.pages = 0
							which := ""
							d.alter = func(page int, list string, body map[string]any) error {
								v := body["value"].([]map[string]any)
								_, more := body["@odata.nextLink"]
								if page != at || len(v) == 0 {
									return nil
								}
								if _, counted := body["@odata.count"]; name == "the count is lost" && (!counted || list == "assigned") {
									return nil
								}
								if name == "the link is lost" && !more || name == "the link leads back" && list != "users" {
									return nil // nothing is lost, or the test's link isn't one of this list
								}
								altered, which = true, list
								if alter != nil {
									alter(body)
								} else {
									for k := range body {
										delete(body, k)
									}
								}
								return nil
							}
							err = read(t, r)
							if altered && !errors.Is(err, idp.ErrCut) {
								t.Errorf("page %d, of %s: the list ends with %v, want ErrCut", at, which, err)
							}
							if altered {
								failed(t, err)
							} else if err != nil {
								t.Errorf("page %d: %v", at, err)
							}
							for _, token := range d.tokens {
								if token != "Bearer "+graphToken {
									t.Errorf("Authorization %q", token)
								}
							}
							if d.pages < at {
								at = 1 << 20
							}
						})
						if at >= 1<<20 {
							return
						}
					}
				})
			}
		}
	}
}

// TestRosterAsksAgain: an assigned user whom a reply leaves out is read alone, and an
// error isn't taken for an absence.
func TestRosterAsksAgain(t *testing.T) {
	t.Parallel()
	for _, status := range []int{200, 404, 403, 500} {
		synctest.Test(t, func(t *testing.T) {
			d := newTenant(t)
			d.lists["assigned"] = userIDs(1, 7)
			r, err := d.client(t, func(c *entra.Config) { c.Retry.MaxAttempts = 1 }).Roster(t.Context(), entra.RosterOptions{})
			if err != nil {
				t.Fatal(err)
			}
			serve := d.graph.answer
			d.graph.answer = func(w http.ResponseWriter, r *http.Request) bool {
				switch {
				case strings.HasSuffix(r.URL.Path, "/getByIds"):
					reply(w, 200, map[string]any{"value": []any{d.users[id(kindUser, 1)]}})
				case strings.HasSuffix(r.URL.Path, "/users/"+id(kindUser, 7)) && status != 200:
					refuse(w, status, "", "")
				default:
					return serve(w, r)
				}
				return true
			}
			var got []string
			err = idp.Each(r.Users, func(u idp.User) error { got = append(got, u.Key); return nil })
			want := userIDs(1)
			if status == 200 {
				want = userIDs(1, 7)
			}
			if (err != nil) != (status == 403 || status == 500) || !slices.Equal(got, want) {
				t.Errorf("status %d: %v, %v", status, got, err)
			}
		})
	}
}

// TestRosterWithoutEnd: a list of ever new pages ends.
func TestRosterWithoutEnd(t *testing.T) {
	t.Parallel()
	served := 0
	endless := roundTrip(func(r *http.Request) (*http.Response, error) {
		body := `{"value":[]}`
		switch {
		case strings.HasSuffix(r.URL.Path, "/servicePrincipals"):
			body = `{"value":[{"id":"` + principalID + `","displayName":"Google"}]}`
		case strings.HasSuffix(r.URL.Path, "/users") && r.URL.Query().Get("$top") != "1":
			served++
			body = fmt.Sprintf(`{"@odata.count":7,"@odata.nextLink":"http://localhost/v1.0/users?n=%d","value":[]}`, served)
		}
		return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
	})
	c := newGraph(t).client(t, func(cfg *entra.Config) { cfg.HTTPClient = &http.Client{Transport: endless} })
	r, err := c.Roster(t.Context(), entra.RosterOptions{Scope: entra.ScopeAll, Settings: []idp.Setting{{ID: "entra-user-name", Value: "userPrincipalName"}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := idp.Each(r.Users, func(idp.User) error { return nil }); !errors.Is(err, idp.ErrCut) || served != 10000 {
		t.Errorf("Users = %v after %d pages", err, served)
	}
}

// TestRosterPermissions: a missing permission is named before a list is read, also one
// that Graph answers with blank attributes instead of an error.
func TestRosterPermissions(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		set  func(*tenant)
		says string
	}{
		{"users", func(d *tenant) { d.deny("/users") }, "User.Read.All"},
		{"members", func(d *tenant) { d.deny("/members/") }, "GroupMember.Read.All"},
		{"assignments", func(d *tenant) { d.deny("/appRoleAssignedTo") }, "Application.Read.All"},
		{"jobs", func(d *tenant) { d.deny("/jobs") }, "Synchronization.Read.All"},
		{"blank users", func(d *tenant) {
			for _, u := range d.users {
				u["userPrincipalName"], u["accountEnabled"] = nil, nil
			}
		}, "User.Read.All"},
	}
	for _, tt := range tests {
		synctest.Test(t, func(t *testing.T) {
			d := newTenant(t)
			tt.set(d)
			_, err := d.client(t).Roster(t.Context(), entra.RosterOptions{})
			if !errors.Is(err, iamscim.ErrPermissionDenied) || !strings.Contains(failed(t, err).Remedy, tt.says) || d.pages > 2 {
				t.Errorf("%s: Roster = %v after %d pages", tt.name, err, d.pages)
			}
		})
	}
	// A user whose attributes go blank later is no end of the list.
	synctest.Test(t, func(t *testing.T) {
		d := newTenant(t)
		r, err := d.client(t).Roster(t.Context(), entra.RosterOptions{})
		if err != nil {
			t.Fatal(err)
		}
		d.users[id(kindUser, 5)]["accountEnabled"] = nil
		for name, err := range map[string]error{
			"Users":       idp.Each(r.Users, func(idp.User) error { return nil }),
			"Memberships": idp.Each(r.Memberships, func(idp.Membership) error { return nil }),
			"Leavers":     idp.Each(r.Leavers, func(idp.Leaver) error { return nil }),
		} {
			if !errors.Is(err, iamscim.ErrPermissionDenied) {
				t.Errorf("%s = %v", name, err)
			}
		}
	})
	synctest.Test(t, func(t *testing.T) {
		if _, err := newTenant(t).client(t).Roster(t.Context(), entra.RosterOptions{Scope: "some"}); !errors.Is(err, iamscim.ErrInvalidArgument) {
			t.Errorf("Roster of an unknown scope = %v", err)
		}
	})
}

func (d *tenant) deny(part string) {
	refused := deny(part)
	d.graph.answer = func(w http.ResponseWriter, r *http.Request) bool { return refused(w, r) || d.serve(w, r) }
}

// TestRosterSlowsDown: a quota that is nearly used up is left to others.
func TestRosterSlowsDown(t *testing.T) {
	t.Parallel()
	for used, least := range map[string]time.Duration{"": 0, "0.79": 0, "0.8": 4 * time.Second, "1.5": 10 * time.Second, "NaN": 0, "x": 0} {
		synctest.Test(t, func(t *testing.T) {
			d := newTenant(t)
			d.graph.answer = func(w http.ResponseWriter, r *http.Request) bool {
				w.Header().Set("x-ms-throttle-limit-percentage", used)
				return d.serve(w, r)
			}
			r, err := d.client(t).Roster(t.Context(), entra.RosterOptions{Scope: entra.ScopeAll})
			if err != nil {
				t.Fatal(err)
			}
			begin := time.Now()
			rows(t, r.Users)
			if took := time.Since(begin); took != 3*least {
				t.Errorf("4 pages at %q took %v, want %v", used, took, 3*least)
			}
		})
	}
}

func TestNested(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		list, err := newTenant(t).client(t).Nested(t.Context(), entra.RosterOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]idp.Membership{{Group: id(kindGroup, 2), User: id(kindUser, 7)}}, rows(t, list)); diff != "" {
			t.Errorf("Nested (-want +got):\n%s", diff)
		}
	})
}

func TestConfirm(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newTenant(t)
		r, err := d.client(t).Roster(t.Context(), entra.RosterOptions{})
		if err != nil {
			t.Fatal(err)
		}
		d.users[id(kindUser, 4)]["displayName"] = "Renamed"
		for n, groups := range map[int][]string{4: {id(kindGroup, 1), id(kindGroup, 2)}, 7: nil, 3: nil, 8: nil, 99: nil} {
			got, err := r.Confirm(t.Context(), id(kindUser, n))
			if err != nil {
				t.Fatal(err)
			}
			// 3 is disabled, 8 isn't in scope, 99 isn't there.
			if there := n == 4 || n == 7; there != (got.User != nil) || !slices.Equal(got.Groups, groups) || n == 4 && got.User.DisplayName != "Renamed" {
				t.Errorf("Confirm(%d) = %+v", n, got)
			}
		}
		d.deny("/memberOf/")
		if _, err := r.Confirm(t.Context(), id(kindUser, 4)); !errors.Is(err, iamscim.ErrPermissionDenied) {
			t.Errorf("Confirm = %v", err)
		}
	})
}
