package scimclient_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/scimclient"
	"github.com/iamscim/iamscim/scimtest"
)

// know answers filters like a server that knows some of them, and gives an empty
// list for the others. Its directory has users u1 to u3 and groups g1 and g2; u1
// is in g1.
func know(filters ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		filter := r.URL.Query().Get("filter")
		known := filter == ""
		for _, f := range filters {
			known = known || strings.HasPrefix(filter, f)
		}
		row := func(s string) string { return `{"totalResults":1,"Resources":[` + s + `]}` }
		switch {
		case r.Method != "GET":
			w.WriteHeader(204)
		case r.URL.Path == "/Groups/g1", r.URL.Path == "/Groups/g2":
			fmt.Fprintf(w, `{"id":%q}`, strings.TrimPrefix(r.URL.Path, "/Groups/"))
		case r.URL.Path != "/Users" && r.URL.Path != "/Groups":
			w.WriteHeader(404)
		case !known:
			io.WriteString(w, `{"totalResults":0,"Resources":[]}`)
		case filter == "" && r.URL.Path == "/Users":
			io.WriteString(w, `{"totalResults":3,"Resources":[{"id":"u1","userName":"n1"},{"id":"u2","userName":"n2"},{"id":"u3","userName":"n3"}]}`)
		case filter == "":
			io.WriteString(w, `{"totalResults":2,"Resources":[{"id":"g1","displayName":"n1"},{"id":"g2","displayName":"n2"}]}`)
		case filter == `id eq "g1" and members eq "u1"`:
			io.WriteString(w, row(`{"id":"g1"}`))
		case filter == `userName eq "n1"`:
			io.WriteString(w, row(`{"id":"u1","userName":"n1"}`))
		case filter == `displayName eq "n1"`:
			io.WriteString(w, row(`{"id":"g1","displayName":"n1"}`))
		default:
			io.WriteString(w, `{"totalResults":0,"Resources":[]}`)
		}
	}
}

// TestNoNeedsAControl: "no" from a server that knows no filter is no answer.
func TestNoNeedsAControl(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	_, c := serve(t, know())
	is, err := c.Groups.IsMember(ctx, "g1", "u1")
	if is || !errors.Is(err, scimclient.ErrUnproven) {
		t.Errorf("IsMember = %t, %v, want ErrUnproven", is, err)
	}
	if got, err := groupsOf(t, c, "u1"); len(got) != 0 || !errors.Is(err, scimclient.ErrUnproven) {
		t.Errorf("GroupsOf = %v, %v, want ErrUnproven", got, err)
	}
	if err := c.Groups.RemoveMembers(ctx, "g1", []string{"u1"}, scimclient.ReadBack()); !errors.Is(err, scimclient.ErrUnproven) {
		t.Errorf("RemoveMembers = %v, want ErrUnproven", err)
	}
	if err := c.Groups.AddMembers(ctx, "g1", []string{"u1"}, scimclient.ReadBack()); !errors.Is(err, scimclient.ErrUnproven) || !errors.Is(err, scimclient.ErrNotApplied) {
		t.Errorf("AddMembers = %v, want ErrNotApplied and ErrUnproven", err)
	}
	if _, err := c.Users.Find(ctx, "n1"); !errors.Is(err, scimclient.ErrUnproven) || errors.Is(err, scimclient.ErrNotFound) {
		t.Errorf("Users.Find = %v, want ErrUnproven and not ErrNotFound", err)
	}
	if _, err := c.Groups.Find(ctx, "n1"); !errors.Is(err, scimclient.ErrUnproven) || errors.Is(err, scimclient.ErrNotFound) {
		t.Errorf("Groups.Find = %v, want ErrUnproven and not ErrNotFound", err)
	}
	for _, err := range []error{err, second(c.Groups.IsMember(ctx, "g2", "u1"))} {
		if e := (*scimclient.Error)(nil); !errors.As(err, &e) || e.Remedy == "" {
			t.Errorf("%v has no remedy", err)
		}
	}
	// Whatever it answers besides.
	for _, status := range []int{200, 400, 404, 500} {
		_, c = serve(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Query().Has("filter") {
				io.WriteString(w, `{"totalResults":0,"Resources":[]}`)
				return
			}
			replyWith(status, `{"totalResults":0}`)(w, r)
		})
		is, err := c.Groups.IsMember(ctx, "g1", "u1")
		// 404 says that there's no such group, which is an answer.
		if is || errors.Is(err, scimclient.ErrUnproven) == (status == 404) {
			t.Errorf("IsMember with %d for the group = %t, %v, want ErrUnproven unless it's 404", status, is, err)
		}
		_, err = c.Users.Find(ctx, "n1")
		// An empty directory has nobody.
		if errors.Is(err, scimclient.ErrUnproven) == (status == 200) || errors.Is(err, scimclient.ErrNotFound) != (status == 200) {
			t.Errorf("Find with %d for all users = %v, want ErrUnproven unless there are none", status, err)
		}
	}
}

// TestNoWithAControl: once something known to be true was answered by "yes", or
// can be found, "no" is an answer.
func TestNoWithAControl(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	both := []string{"id eq", "userName eq", "displayName eq"}
	_, c := serve(t, know(both...))
	// The client finds u1 in g1 by itself.
	if is, err := c.Groups.IsMember(ctx, "g1", "u2"); is || err != nil {
		t.Errorf("IsMember = %t, %v, want false", is, err)
	}
	if is, err := c.Groups.IsMember(ctx, "g2", "u2"); is || err != nil {
		t.Errorf("IsMember after a control = %t, %v, want false", is, err)
	}
	if got, err := groupsOf(t, c, "u2"); len(got) != 0 || err != nil {
		t.Errorf("GroupsOf = %v, %v, want none", got, err)
	}
	_, c = serve(t, know(both...))
	// Nobody that it finds is in g2.
	if is, err := c.Groups.IsMember(ctx, "g2", "u2"); is || !errors.Is(err, scimclient.ErrUnproven) {
		t.Errorf("IsMember without a control = %t, %v, want ErrUnproven", is, err)
	}
	if is, err := c.Groups.IsMember(ctx, "g1", "u1"); !is || err != nil {
		t.Fatalf("IsMember of a member = %t, %v, want true", is, err)
	}
	if is, err := c.Groups.IsMember(ctx, "g2", "u2"); is || err != nil {
		t.Errorf("IsMember after a member = %t, %v, want false", is, err)
	}
	for range 2 {
		if _, err := c.Users.Find(ctx, "nobody"); !errors.Is(err, scimclient.ErrNotFound) {
			t.Errorf("Users.Find = %v, want ErrNotFound", err)
		}
		if _, err := c.Groups.Find(ctx, "nothing"); !errors.Is(err, scimclient.ErrNotFound) {
			t.Errorf("Groups.Find = %v, want ErrNotFound", err)
		}
	}
}

// TestNoOfAServerWithMembers: one that returns members is believed about them,
// also where it answers the filter by an empty list.
func TestNoOfAServerWithMembers(t *testing.T) {
	t.Parallel()
	_, c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/Groups/g1" {
			io.WriteString(w, `{"id":"g1","members":[{"value":"u1"}]}`)
			return
		}
		io.WriteString(w, `{"totalResults":0,"Resources":[]}`)
	})
	for user, want := range map[string]bool{"u1": true, "u2": false} {
		if is, err := c.Groups.IsMember(t.Context(), "g1", user); is != want || err != nil {
			t.Errorf("IsMember(%s) = %t, %v, want %t", user, is, err, want)
		}
	}
}

// TestRemovalIsSeen: members that were seen before they are removed are control
// enough.
func TestRemovalIsSeen(t *testing.T) {
	t.Parallel()
	s, c := start(t)
	u, g := mustCreate(t, c, "a@example.com"), mustCreateGroup(t, c, "g")
	if _, err := s.AddGroup(testTenant, fmt.Appendf(nil, `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"h","members":[{"value":%q}]}`, u.ID)); err != nil {
		t.Fatal(err)
	}
	must(t, c.Groups.AddMembers(t.Context(), g.ID, []string{u.ID}))
	must(t, c.Groups.RemoveMembers(t.Context(), g.ID, []string{u.ID}, scimclient.ReadBack()))
	// The fake, as the service, and a change that isn't made.
	must(t, c.Groups.AddMembers(t.Context(), g.ID, []string{u.ID}))
	s.Fail(scimtest.Fault{Method: "PATCH", Status: 204, Body: []byte{}})
	if err := c.Groups.RemoveMembers(t.Context(), g.ID, []string{u.ID}, scimclient.ReadBack()); !errors.Is(err, scimclient.ErrNotApplied) {
		t.Errorf("RemoveMembers that removed nobody = %v, want ErrNotApplied", err)
	}
}

// TestGroupsOfACappedServer: one that lists 20 of 137 groups has not said that
// the user is in none.
func TestGroupsOfACappedServer(t *testing.T) {
	t.Parallel()
	for _, most := range []int{20, 50, 99} {
		_, c := serve(t, func(w http.ResponseWriter, r *http.Request) {
			filter := r.URL.Query().Get("filter")
			switch {
			case r.URL.Path == "/ServiceProviderConfig":
				fmt.Fprintf(w, `{"patch":{},"filter":{"supported":true,"maxResults":%d}}`, most)
			case r.URL.Path == "/Users":
				io.WriteString(w, `{"totalResults":1,"Resources":[{"id":"other","userName":"o"}]}`)
			case strings.HasPrefix(r.URL.Path, "/Groups/"):
				fmt.Fprintf(w, `{"id":%q}`, strings.TrimPrefix(r.URL.Path, "/Groups/"))
			case strings.Contains(filter, `members eq "other"`):
				id, _ := strconv.Unquote(strings.Fields(filter)[2])
				fmt.Fprintf(w, `{"totalResults":1,"Resources":[{"id":%q}]}`, id)
			case filter != "":
				io.WriteString(w, `{"totalResults":0}`)
			default:
				io.WriteString(w, pageJSON(most, 1, ids(1, most)))
			}
		})
		if got, err := groupsOf(t, c, "u"); !errors.Is(err, scimclient.ErrTruncated) {
			t.Errorf("GroupsOf with %d of 137 groups = %v, %v, want ErrTruncated", most, got, err)
		}
	}
}

// TestNamesTheServerChanged: 201 with another name is the resource that was made.
func TestNamesTheServerChanged(t *testing.T) {
	t.Parallel()
	for name, made := range map[string]string{
		" a@example.com ": "a@example.com", "e\u0301@example.com": "\u00e9@example.com", "a@example.com": "acme_a@example.com", "A": "", "b": "x-y-z",
	} {
		reads := 0
		_, c := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if r.Method != "POST" {
				reads++
				io.WriteString(w, `{"totalResults":0}`)
				return
			}
			w.WriteHeader(201)
			fmt.Fprintf(w, `{"id":"7","userName":%q,"title":"T","active":true}`, made)
		})
		u, err := c.Users.Create(t.Context(), &scimclient.User{UserName: name, Title: "T"})
		if err != nil || u.ID != "7" || u.UserName != made || reads != 0 {
			t.Errorf("Create(%q) = %v, %v with %d reads, want user 7 as it was made", name, u, err, reads)
			continue
		}
		if got := u.Altered(); len(got) != 1 || got[0] != "userName" {
			t.Errorf("Create(%q): Altered = %q, want userName", name, got)
		}
	}
	_, c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(201)
		io.WriteString(w, `{"id":"7","displayName":"Eng"}`)
	})
	g, err := c.Groups.Create(t.Context(), &scimclient.Group{DisplayName: "Engineering", ExternalID: "x"})
	if err != nil || g.ID != "7" || strings.Join(g.Altered(), " ") != "displayName externalId" {
		t.Errorf("Create = %v, %v, want group 7 with displayName and externalId altered", g, err)
	}
	// 200 isn't what RFC 7644 has for a resource that was made.
	_, c = serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == "POST" {
			io.WriteString(w, `{"id":"7","userName":"other"}`)
			return
		}
		io.WriteString(w, `{"totalResults":0}`)
	})
	if _, err := c.Users.Create(t.Context(), &scimclient.User{UserName: "a"}); !errors.Is(err, iamscim.ErrOutcomeUnknown) {
		t.Errorf("Create answered by 200 with another user = %v, want ErrOutcomeUnknown", err)
	}
	// What was made as it was sent is told so.
	_, c = start(t)
	if u := mustCreate(t, c, "a@example.com"); u.Altered() != nil {
		t.Errorf("Altered = %q, want none", u.Altered())
	}
}
