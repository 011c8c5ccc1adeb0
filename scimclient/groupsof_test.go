package scimclient_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/scimclient"
	"github.com/iamscim/iamscim/scimtest"
)

// groupsOf returns the display names, sorted, and the last error.
func groupsOf(t testing.TB, c *scimclient.Client, id string) ([]string, error) {
	t.Helper()
	names := []string{}
	for g, err := range c.Groups.GroupsOf(t.Context(), id) {
		if err != nil {
			slices.Sort(names)
			return names, err
		}
		names = append(names, g.DisplayName)
	}
	slices.Sort(names)
	return names, nil
}

// pairQueries counts the requests that ask for a pair of group and user, and
// those with members alone.
func queries(s *scimtest.Server) (pairs, alone int) {
	for _, r := range s.Requests() {
		switch f := r.Query.Get("filter"); {
		case strings.Contains(f, "id eq") && strings.Contains(f, "members eq"):
			pairs++
		case strings.HasPrefix(f, "members eq"):
			alone++
		}
	}
	return pairs, alone
}

// TestGroupsOf: on each behavior of the fake, who is in what. Whatever the
// server does, the answer is right or says what is missing.
func TestGroupsOf(t *testing.T) {
	t.Parallel()
	// u0 is in no group, u1 in g1, u2 in all.
	members := map[string][]string{"g1": {"u1", "u2"}, "g2": {"u2"}, "g3": {"u2"}}
	want := map[string][]string{"u0": {}, "u1": {"g1"}, "u2": {"g1", "g2", "g3"}}
	tests := []struct {
		name     string
		behavior string
		order    []string
		alone    bool // after this, one request answers
	}{
		{"works alone", "WORKS", []string{"u1", "u0", "u2"}, true},
		{"works alone, and the first asked about is in no group", "WORKS", []string{"u0", "u1", "u2"}, true},
		{"works alone, and the first asked about is in all", "WORKS", []string{"u2", "u0", "u1"}, true},
		{"ignored", "IGNORED", []string{"u1", "u0", "u2"}, false},
		{"ignored, and the first asked about is in all", "IGNORED", []string{"u2", "u0", "u1"}, false},
		{"always empty", "EMPTY", []string{"u1", "u0", "u2"}, false},
		{"always empty, and the first asked about is in no group", "EMPTY", []string{"u0", "u1", "u2"}, false},
		{"refused", "REFUSED", []string{"u1", "u0", "u2"}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server, c := start(t, scimtest.WithBehavior(scimtest.MemberFilter, tt.behavior))
			users := map[string]string{}
			for name := range want {
				users[name] = mustCreate(t, c, name+"@example.com").ID
			}
			for name, in := range members {
				g := mustCreateGroup(t, c, name)
				var list []string
				for _, u := range in {
					list = append(list, users[u])
				}
				must(t, c.Groups.AddMembers(t.Context(), g.ID, list))
			}
			for i, name := range append(tt.order, tt.order...) {
				server.ClearRequests()
				got, err := groupsOf(t, c, users[name])
				if err != nil {
					t.Fatalf("GroupsOf(%s): %v", name, err)
				}
				if diff := cmp.Diff(want[name], got); diff != "" {
					t.Errorf("GroupsOf(%s) (-want +got):\n%s", name, diff)
				}
				if n := len(server.Requests()); i >= len(tt.order) && tt.alone != (n == 1) {
					t.Errorf("GroupsOf(%s) took %d requests, want one only: %t", name, n, tt.alone)
				}
				if i == 0 {
					if pairs, _ := queries(server); pairs == 0 {
						t.Error("no pair was settled by the documented filter")
					}
				}
			}
		})
	}
}

// TestGroupsOfManyGroups: more groups than can be listed.
func TestGroupsOfManyGroups(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		behavior string
		says     string // "" for no error
	}{
		{"works alone", "WORKS", ""},
		{"ignored: 100 come, which may be cut", "IGNORED", "other groups"},
		{"always empty", "EMPTY", "other groups"},
		{"refused", "REFUSED", "other groups"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server, c := start(t, scimtest.WithBehavior(scimtest.MemberFilter, tt.behavior))
			u := mustCreate(t, c, "u@example.com").ID
			mustCreate(t, c, "other@example.com")
			group := func(i int, members string) {
				if _, err := server.AddGroup(testTenant, fmt.Appendf(nil, `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"g%03d","members":[%s]}`, i, members)); err != nil {
					t.Fatal(err)
				}
			}
			member := fmt.Sprintf(`{"value":"%s"}`, u)
			for i := range 150 {
				if i == 7 || i == 149 {
					group(i, member)
				} else {
					group(i, "")
				}
			}
			got, err := groupsOf(t, c, u)
			if tt.says == "" {
				if diff := cmp.Diff([]string{"g007", "g149"}, got); diff != "" || err != nil {
					t.Errorf("GroupsOf = %v, (-want +got):\n%s", err, diff)
				}
				return
			}
			if !errors.Is(err, scimclient.ErrTruncated) || !strings.Contains(err.Error(), tt.says) || !strings.Contains(err.Error(), "IsMember") {
				t.Errorf("GroupsOf ended in %v, want ErrTruncated that says %q and what to ask", err, tt.says)
			}
			if diff := cmp.Diff([]string{"g007"}, got); diff != "" {
				t.Errorf("GroupsOf (-want +got):\n%s", diff)
			}
			if pairs, _ := queries(server); pairs < 100 {
				t.Errorf("%d pairs were asked for, want those of all groups that can be listed", pairs)
			}
		})
	}
}

// TestGroupsOfAtTheCap: a user in as many groups as a reply can hold.
func TestGroupsOfAtTheCap(t *testing.T) {
	t.Parallel()
	server, c := start(t)
	u := mustCreate(t, c, "u@example.com").ID
	for i := range 120 {
		if _, err := server.AddGroup(testTenant, fmt.Appendf(nil, `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"g%03d","members":[{"value":"%s"}]}`, i, u)); err != nil {
			t.Fatal(err)
		}
	}
	got, err := groupsOf(t, c, u)
	if len(got) != 100 || !errors.Is(err, scimclient.ErrTruncated) {
		t.Errorf("GroupsOf = %d groups, %v, want 100 and ErrTruncated", len(got), err)
	}
}

// TestMemberFilterWorks: only two right controls on a server that has the
// filter make it true, and only then does GroupsOf send one request.
func TestMemberFilterWorks(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		behavior string
		wrong    bool // controls
		want     bool
	}{
		{"works", "WORKS", false, true},
		{"works, and the controls are wrong", "WORKS", true, false},
		{"ignored", "IGNORED", false, false},
		{"always empty", "EMPTY", false, false},
		{"refused", "REFUSED", false, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server, c := start(t, scimtest.WithBehavior(scimtest.MemberFilter, tt.behavior))
			in, out := mustCreate(t, c, "in@example.com").ID, mustCreate(t, c, "out@example.com").ID
			g, h := mustCreateGroup(t, c, "g").ID, mustCreateGroup(t, c, "h").ID
			must(t, c.Groups.AddMembers(t.Context(), g, []string{in}))
			must(t, c.Groups.AddMembers(t.Context(), h, []string{in}))
			member, nonMember := scimclient.Membership{GroupID: g, UserID: in}, scimclient.Membership{GroupID: h, UserID: out}
			if tt.wrong {
				member, nonMember = nonMember, member
			}
			got, err := c.Groups.MemberFilterWorks(t.Context(), member, nonMember)
			if got != tt.want || err != nil {
				t.Fatalf("MemberFilterWorks = %t, %v, want %t", got, err, tt.want)
			}
			server.ClearRequests()
			of, err := groupsOf(t, c, in)
			if diff := cmp.Diff([]string{"g", "h"}, of); diff != "" || err != nil {
				t.Errorf("GroupsOf = %v (-want +got):\n%s", err, diff)
			}
			if n := len(server.Requests()); (n == 1) != tt.want {
				t.Errorf("GroupsOf took %d requests, want one only: %t", n, tt.want)
			}
		})
	}
}

// TestMemberFilterWorksAtTheCap: a reply that may be cut doesn't show that
// a group is missing from it.
func TestMemberFilterWorksAtTheCap(t *testing.T) {
	t.Parallel()
	server, c := start(t, scimtest.WithBehavior(scimtest.MemberFilter, "IGNORED"))
	u := mustCreate(t, c, "u@example.com").ID
	var first, last string
	for i := range 101 {
		members := ""
		if i == 0 {
			members = fmt.Sprintf(`{"value":%q}`, u)
		}
		id, err := server.AddGroup(testTenant, fmt.Appendf(nil, `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"g%03d","members":[%s]}`, i, members))
		must(t, err)
		if i == 0 {
			first = id
		}
		last = id
	}
	got, err := c.Groups.MemberFilterWorks(t.Context(), scimclient.Membership{GroupID: first, UserID: u}, scimclient.Membership{GroupID: last, UserID: u})
	if got || err != nil {
		t.Errorf("MemberFilterWorks = %t, %v, want false", got, err)
	}
}

// TestMemberFilterWorksFails: an error decides nothing.
func TestMemberFilterWorksFails(t *testing.T) {
	t.Parallel()
	server, c := start(t)
	u, g, h := mustCreate(t, c, "u@example.com").ID, mustCreateGroup(t, c, "g").ID, mustCreateGroup(t, c, "h").ID
	must(t, c.Groups.AddMembers(t.Context(), g, []string{u}))
	other := mustCreate(t, c, "other@example.com").ID
	in, out := scimclient.Membership{GroupID: g, UserID: u}, scimclient.Membership{GroupID: h, UserID: other}
	server.Fail(scimtest.Fault{Method: "GET", Path: "Groups", Skip: 1, Times: 1, Status: 401})
	if got, err := c.Groups.MemberFilterWorks(t.Context(), in, out); got || !errors.Is(err, scimclient.ErrTokenRejected) {
		t.Errorf("MemberFilterWorks = %t, %v, want ErrTokenRejected", got, err)
	}
	if got, err := c.Groups.MemberFilterWorks(t.Context(), in, out); !got || err != nil {
		t.Errorf("MemberFilterWorks after the failure = %t, %v, want true", got, err)
	}
	for _, bad := range []scimclient.Membership{{}, {GroupID: g}, {UserID: u}, {GroupID: g, UserID: "\xff"}} {
		if _, err := c.Groups.MemberFilterWorks(t.Context(), bad, bad); !errors.Is(err, iamscim.ErrInvalidArgument) {
			t.Errorf("MemberFilterWorks(%q) = %v, want ErrInvalidArgument", bad, err)
		}
	}
}

// TestGroupsOfFails: a failure is not an answer.
func TestGroupsOfFails(t *testing.T) {
	t.Parallel()
	for _, skip := range []int{0, 1, 2, 3} {
		server, c := start(t)
		u := mustCreate(t, c, "u@example.com").ID
		mustCreateGroup(t, c, "g")
		must(t, c.Groups.AddMembers(t.Context(), mustCreateGroup(t, c, "h").ID, []string{u}))
		server.Fail(scimtest.Fault{Method: "GET", Skip: skip, Times: 100, Status: 401})
		if got, err := groupsOf(t, c, u); !errors.Is(err, scimclient.ErrTokenRejected) {
			t.Errorf("GroupsOf with a failure after %d requests = %v, %v, want ErrTokenRejected", skip, got, err)
		}
		// And it proves nothing about the filter.
		server.ClearFaults()
		if got, err := groupsOf(t, c, u); err != nil || !slices.Equal(got, []string{"h"}) {
			t.Errorf("GroupsOf after the failure = %v, %v, want [h]", got, err)
		}
	}
	_, c := start(t)
	for _, err := range c.Groups.GroupsOf(t.Context(), "") {
		if !errors.Is(err, iamscim.ErrInvalidArgument) {
			t.Errorf("GroupsOf(\"\") = %v, want ErrInvalidArgument", err)
		}
	}
}

// TestIsMemberReplies: a server that does not heed the filter must not make
// anybody a member.
func TestIsMemberReplies(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		page string
		want bool
		err  error
	}{
		{"no", pageJSON(0, 1, nil), false, scimclient.ErrUnproven},
		{"yes, twice", pageJSON(2, 1, []string{"g", "g"}), true, nil},
		{"yes", pageJSON(1, 1, []string{"g"}), true, nil},
		{"another group", pageJSON(1, 1, []string{"h"}), false, iamscim.ErrBadReply},
		{"all groups", pageJSON(2, 1, []string{"g", "h"}), false, iamscim.ErrBadReply},
		{"announced and not sent", pageJSON(1, 1, nil), false, iamscim.ErrBadReply},
	}
	for _, tt := range tests {
		_, c := serve(t, replyWith(200, tt.page))
		got, err := c.Groups.IsMember(t.Context(), "g", "u")
		if got != tt.want || !errors.Is(err, tt.err) || (err == nil) != (tt.err == nil) {
			t.Errorf("%s: IsMember = %t, %v, want %t, %v", tt.name, got, err, tt.want, tt.err)
		}
	}
}
