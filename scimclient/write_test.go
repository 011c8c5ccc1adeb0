package scimclient_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/scimclient"
	"github.com/iamscim/iamscim/scimtest"
)

// TestConflict: what a 409 says about who is in the way.
func TestConflict(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		create func(*scimclient.User)
		want   scimclient.Conflict // without the ID
		found  bool
		says   string
	}{
		{"the same user", func(*scimclient.User) {}, scimclient.Conflict{Same: true}, true, "is the same one"},
		{"the same in other letters", func(u *scimclient.User) { u.UserName = "A@EXAMPLE.com" }, scimclient.Conflict{Same: true}, true, "is the same one"},
		{"less of the same", func(u *scimclient.User) { u.Name = nil }, scimclient.Conflict{Same: true}, true, "is the same one"},
		{"another person of the name", func(u *scimclient.User) { u.ExternalID, u.Name.GivenName = "other", "X" },
			scimclient.Conflict{Differs: []string{"externalId", "name"}}, true, "differs in externalId, name"},
		{"more than the existing one has", func(u *scimclient.User) { u.Title = "T" }, scimclient.Conflict{Differs: []string{"title"}}, true, "differs in title"},
		{"inactive", func(u *scimclient.User) { u.Active = new(false) }, scimclient.Conflict{Differs: []string{"active"}}, true, "differs in active"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, c := start(t)
			made := mustCreate(t, c, "a@example.com")
			u := user("a@example.com")
			tt.create(u)
			_, err := c.Users.Create(t.Context(), u)
			var e *scimclient.Error
			if !errors.As(err, &e) || !errors.Is(err, scimclient.ErrConflict) || !errors.Is(err, iamscim.ErrAlreadyExists) || e.Conflict == nil {
				t.Fatalf("Create = %v, want ErrConflict with a Conflict", err)
			}
			tt.want.ID = made.ID
			if diff := cmp.Diff(tt.want, *e.Conflict); diff != "" {
				t.Errorf("Conflict (-want +got):\n%s", diff)
			}
			if text := err.Error(); !strings.Contains(text, tt.says) || strings.Contains(strings.ToLower(text), "a@example.com") {
				t.Errorf("Create = %v, want it to say %q, and no name", err, tt.says)
			}
			if e.SCIMType != "uniqueness" || e.Status != 409 {
				t.Errorf("Create = status %d, scimType %q, want 409 uniqueness", e.Status, e.SCIMType)
			}
		})
	}
}

// TestConflictOfTheSubject: the name is free, and what google.subject is mapped
// from is not.
func TestConflictOfTheSubject(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		// lookup answers GET /Users?filter=externalId eq "x".
		status int
		page   string
		want   scimclient.Conflict
		says   string
	}{
		{"found by externalId", 200, `{"totalResults":1,"Resources":[{"id":"7","userName":"b","externalId":"x"}]}`, scimclient.Conflict{ID: "7", Differs: []string{"userName"}}, "7 differs in userName"},
		{"the filter is refused", 400, `{}`, scimclient.Conflict{}, "google.subject"},
		{"the filter is ignored", 200, `{"totalResults":1,"Resources":[{"id":"7","userName":"b","externalId":"y"}]}`, scimclient.Conflict{}, "google.subject"},
	} {
		_, c := serve(t, func(w http.ResponseWriter, r *http.Request) {
			switch f := r.URL.Query().Get("filter"); {
			case r.Method == "POST":
				replyWith(409, `{"status":"409","scimType":"uniqueness"}`)(w, r)
			case f == `userName eq "a"`:
				replyWith(200, `{"totalResults":0}`)(w, r)
			case f == `externalId eq "x"`:
				replyWith(tt.status, tt.page)(w, r)
			}
		})
		_, err := c.Users.Create(t.Context(), &scimclient.User{UserName: "a", ExternalID: "x"})
		var e *scimclient.Error
		if !errors.As(err, &e) || e.Conflict == nil {
			t.Errorf("%s: Create = %v, want a Conflict", tt.name, err)
			continue
		}
		if diff := cmp.Diff(tt.want, *e.Conflict); diff != "" || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: Create = %v, want %q (-want +got):\n%s", tt.name, err, tt.says, diff)
		}
	}
	// Where not even the name can be looked up.
	_, c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == "POST" {
			w.WriteHeader(409)
		} else {
			w.WriteHeader(401)
		}
	})
	_, err := c.Groups.Create(t.Context(), &scimclient.Group{DisplayName: "g"})
	if e := (*scimclient.Error)(nil); !errors.As(err, &e) || !errors.Is(err, scimclient.ErrConflict) || e.Conflict != nil || !strings.Contains(err.Error(), "could not be found out") {
		t.Errorf("Create = %v, want ErrConflict that says the rest could not be found out", err)
	}
}

// TestLostCreate: a lost reply, and somebody else's user under the name.
func TestLostCreate(t *testing.T) {
	t.Parallel()
	_, c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == "POST" {
			panic(http.ErrAbortHandler)
		}
		io.WriteString(w, `{"totalResults":1,"Resources":[{"id":"7","userName":"A","externalId":"other"}]}`)
	})
	_, err := c.Users.Create(t.Context(), &scimclient.User{UserName: "a", ExternalID: "x"})
	var e *scimclient.Error
	if !errors.As(err, &e) || !errors.Is(err, iamscim.ErrOutcomeUnknown) || !errors.Is(err, scimclient.ErrConflict) || !errors.Is(err, scimclient.ErrUnreachable) {
		t.Fatalf("Create = %v, want ErrOutcomeUnknown, ErrConflict and the cause", err)
	}
	if diff := cmp.Diff(&scimclient.Conflict{ID: "7", Differs: []string{"externalId"}}, e.Conflict); diff != "" {
		t.Errorf("Conflict (-want +got):\n%s", diff)
	}
}

// TestLostCreateIsSeenLate: the user is there, and reads show it only later.
func TestLostCreateIsSeenLate(t *testing.T) {
	t.Parallel()
	reads := 0
	_, c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == "POST" {
			w.WriteHeader(504)
			return
		}
		if reads++; reads < 4 {
			io.WriteString(w, `{"totalResults":0}`)
			return
		}
		io.WriteString(w, `{"totalResults":1,"Resources":[{"id":"7","userName":"a","externalId":"x","title":"added by the server"}]}`)
	})
	u, err := c.Users.Create(t.Context(), &scimclient.User{UserName: "a", ExternalID: "x"})
	if err != nil || u.ID != "7" || reads != 4 {
		t.Errorf("Create = %v, %v after %d reads, want user 7 after 4", u, err, reads)
	}
}

// TestLostCreateComparesWhatWasAsked: what is the server's own, or never returned, is
// no difference between the user that was made and the one that was sent.
func TestLostCreateComparesWhatWasAsked(t *testing.T) {
	t.Parallel()
	sent := scimclient.User{
		ID: "mine", UserName: "a", Password: iamscim.NewSecret("p"), Schemas: []string{"urn:other"},
		Meta: &scimclient.Meta{Version: "1"}, Groups: []scimclient.GroupRef{{Value: "g"}}, Title: "t",
	}
	for title, want := range map[string]error{"t": nil, "other": scimclient.ErrConflict} {
		_, c := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if r.Method == "POST" {
				panic(http.ErrAbortHandler)
			}
			fmt.Fprintf(w, `{"totalResults":1,"Resources":[{"id":"7","userName":"a","title":%q,"schemas":["x"],"meta":{"version":"2"},"groups":[]}]}`, title)
		})
		if _, err := c.Users.Create(t.Context(), &sent); !errors.Is(err, want) {
			t.Errorf("Create of a user with the title %s = %v, want %v", title, err, want)
		}
	}
	// Members that were asked for are added apart, so they're no difference either.
	_, c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == "POST" {
			panic(http.ErrAbortHandler)
		}
		io.WriteString(w, `{"totalResults":1,"Resources":[{"id":"7","displayName":"g"}]}`)
	})
	if g, err := c.Groups.Create(t.Context(), &scimclient.Group{DisplayName: "g", Members: []scimclient.Member{{Value: "1"}}}); err != nil || g.ID != "7" {
		t.Errorf("Create of a group with members = %v, %v, want group 7", g, err)
	}
}

// TestOddServersOwnAreNotSent: what is the server's own isn't sent back either where
// it can't be read.
func TestOddServersOwnAreNotSent(t *testing.T) {
	t.Parallel()
	var sent string
	_, c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method != "GET" {
			body, _ := io.ReadAll(r.Body)
			sent = string(body)
		}
		io.WriteString(w, `{"id":"7","userName":"a","displayName":"g","groups":7,"meta":7,"x":{"odd":true}}`)
	})
	u, err := c.Users.Get(t.Context(), "7")
	must(t, err)
	g, err := c.Groups.Get(t.Context(), "7")
	must(t, err)
	for what, call := range map[string]func() error{
		"Users.Replace": func() error { return second(c.Users.Replace(t.Context(), u)) },
		"Users.Create":  func() error { return second(c.Users.Create(t.Context(), u)) },
		"Groups.Create": func() error { return second(c.Groups.Create(t.Context(), g)) },
	} {
		if err := call(); err != nil || strings.Contains(sent, `"meta"`) || strings.HasPrefix(what, "Users") && strings.Contains(sent, `"groups"`) || !strings.Contains(sent, `"x":{"odd":true}`) {
			t.Errorf("%s = %v and sent %s", what, err, sent)
		}
	}
}

func TestCreateNeedsAName(t *testing.T) {
	t.Parallel()
	s, c := start(t)
	_, err1 := c.Users.Create(t.Context(), nil)
	_, err2 := c.Users.Create(t.Context(), &scimclient.User{})
	_, err3 := c.Groups.Create(t.Context(), nil)
	_, err4 := c.Groups.Create(t.Context(), &scimclient.Group{ExternalID: "x"})
	_, err5 := c.Users.Replace(t.Context(), nil)
	for i, err := range []error{err1, err2, err3, err4, err5} {
		if !errors.Is(err, iamscim.ErrInvalidArgument) {
			t.Errorf("call %d = %v, want ErrInvalidArgument", i+1, err)
		}
	}
	if n := len(s.Requests()); n != 0 {
		t.Errorf("%d requests were sent, want none", n)
	}
}

// TestWhatCreateSends: the id and what is the server's own is not sent, what
// the caller set is, active:false too.
func TestWhatCreateSends(t *testing.T) {
	t.Parallel()
	var sent []byte
	_, c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		sent, _ = io.ReadAll(r.Body)
		w.WriteHeader(201)
		io.WriteString(w, `{"id":"1"}`)
	})
	_, err := c.Users.Create(t.Context(), &scimclient.User{
		ID: "x", UserName: "a", Active: new(false), Meta: &scimclient.Meta{Version: "1"}, Groups: []scimclient.GroupRef{{Value: "g"}},
		Emails: []scimclient.MultiValue{{Value: "a@b", Type: "work"}}, Enterprise: &scimclient.EnterpriseUser{Department: "D"},
	})
	must(t, err)
	want := `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],"userName":"a","active":false,` +
		`"emails":[{"value":"a@b","type":"work"}],"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"D"}}`
	if string(sent) != want {
		t.Errorf("Create sent %s, want %s", sent, want)
	}
}

// TestPatchReplies: 200 with the resource and 204 are the same.
func TestPatchReplies(t *testing.T) {
	t.Parallel()
	for _, reply := range []string{"RESOURCE", "NO_CONTENT"} {
		s, c := start(t, scimtest.WithBehavior(scimtest.PatchReply, reply))
		u, g := mustCreate(t, c, "a@example.com"), mustCreateGroup(t, c, "g")
		s.ClearRequests()
		must(t, c.Users.Deactivate(t.Context(), u.ID))
		must(t, c.Groups.AddMembers(t.Context(), g.ID, []string{u.ID}))
		if n := len(s.Requests()); n != 2 {
			t.Errorf("reply %s: %d requests, want 2", reply, n)
		}
		got, err := c.Users.Get(t.Context(), u.ID)
		must(t, err)
		is, err := c.Groups.IsMember(t.Context(), g.ID, u.ID)
		must(t, err)
		if got.Active == nil || *got.Active || !is {
			t.Errorf("reply %s: active %v, member %t, want false and true", reply, got.Active, is)
		}
	}
}

// TestReadBack: a server that says 200 and does nothing is found out, one that
// replicates slowly is waited for.
func TestReadBack(t *testing.T) {
	t.Parallel()
	emails := scimclient.Path("emails").Where(scimclient.Eq("type", "work"))
	const before = `{"id":"1","userName":"a","title":"T","active":true,"emails":[{"value":"a@b","type":"work"},{"value":"h@b","type":"home"}],` +
		`"roles":[{"value":"x"}],"name":{"givenName":"A"},"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"D"}}`
	tests := []struct {
		name  string
		patch *scimclient.Patch
		after string
	}{
		{"replace", new(scimclient.Patch).Replace("title", "U"), `{"id":"1","title":"U"}`},
		{"replace false", new(scimclient.Patch).Deactivate(), `{"id":"1","active":false}`},
		{"replace a part", new(scimclient.Patch).Replace("name.givenName", "B"), `{"id":"1","name":{"givenName":"B","familyName":"F"}}`},
		{"replace in an extension", new(scimclient.Patch).Replace(scimclient.SchemaEnterpriseUser+":department", "E"), `{"id":"1","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"E"}}`},
		{"replace an extension", new(scimclient.Patch).Replace(scimclient.SchemaEnterpriseUser, map[string]string{"department": "E"}), `{"id":"1","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"E"}}`},
		{"replace in elements", new(scimclient.Patch).Replace(emails.Sub("value"), "n@b"), `{"id":"1","emails":[{"value":"n@b","type":"WORK"},{"value":"h@b","type":"home"}]}`},
		{"replace elements", new(scimclient.Patch).Replace(emails, scimclient.MultiValue{Value: "n@b", Type: "other"}), `{"id":"1","emails":[{"value":"n@b","type":"other"}]}`},
		{"replace a list", new(scimclient.Patch).Replace("roles", []scimclient.MultiValue{{Value: "y"}}), `{"id":"1","roles":[{"value":"y"}]}`},
		{"replace a list by less of it", new(scimclient.Patch).Replace("emails", []scimclient.MultiValue{{Value: "a@b"}}), `{"id":"1","emails":[{"value":"a@b"}]}`},
		{"add to a list", new(scimclient.Patch).Add("roles", []scimclient.MultiValue{{Value: "y"}}), `{"id":"1","roles":[{"value":"x"},{"value":"y"}]}`},
		{"add one, without a list", new(scimclient.Patch).Add("roles", scimclient.MultiValue{Value: "y"}), `{"id":"1","roles":[{"value":"x"},{"value":"y"}]}`},
		{"add to elements", new(scimclient.Patch).Add(emails.Sub("display"), "W"), `{"id":"1","emails":[{"value":"a@b","type":"work","display":"W"}]}`},
		{"remove", new(scimclient.Patch).Remove("title"), `{"id":"1"}`},
		{"remove elements", new(scimclient.Patch).Remove(emails), `{"id":"1","emails":[{"value":"h@b","type":"home"}]}`},
		{"remove in elements", new(scimclient.Patch).Remove(emails.Sub("type")), `{"id":"1","emails":[{"value":"a@b"}]}`},
		{"remove a list", new(scimclient.Patch).Remove("roles"), `{"id":"1","roles":[]}`},
		{"without a path", new(scimclient.Patch).Replace("", map[string]any{"title": "U", "active": false}), `{"id":"1","title":"U","active":false}`},
		{"several", new(scimclient.Patch).Replace("title", "U").Remove("roles"), `{"id":"1","title":"U"}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, reads := range []int{0, 1, 3} { // that show the old state; 0: all
				synctest.Test(t, func(t *testing.T) {
					n := 0
					c := inMemory(t, func(r *http.Request) string {
						if r.Method == "PATCH" {
							return `{"id":"1"}`
						}
						if n++; reads == 0 || n <= reads {
							return before
						}
						return tt.after
					})
					begin := time.Now()
					err := c.Users.Patch(t.Context(), "1", tt.patch, scimclient.ReadBack())
					if reads > 0 && (err != nil || n != reads+1) {
						t.Errorf("Patch = %v after %d reads, want nil after %d", err, n, reads+1)
					}
					if reads == 0 && (!errors.Is(err, scimclient.ErrNotApplied) || time.Since(begin) > 2*time.Minute || n < 3) {
						t.Errorf("Patch = %v after %d reads and %v, want ErrNotApplied within two minutes", err, n, time.Since(begin))
					}
				})
			}
		})
	}
}

// inMemory makes a client whose requests are answered, with 200, by h.
func inMemory(t testing.TB, h func(*http.Request) string, opts ...scimclient.Option) *scimclient.Client {
	t.Helper()
	transport := roundTripper(func(r *http.Request) (*http.Response, error) {
		return jsonResponse(h(r)), nil
	})
	c, err := scimclient.New("https://h/v1", tokens(testToken), append(opts, scimclient.WithHTTPClient(&http.Client{Transport: transport}))...)
	must(t, err)
	return c
}

func jsonResponse(body string) *http.Response {
	return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body))}
}

// TestReadBackRefuses: what cannot be proved is said before anything is sent.
func TestReadBackRefuses(t *testing.T) {
	t.Parallel()
	emails := scimclient.Path("emails")
	for name, patch := range map[string]*scimclient.Patch{
		"a filter that is not eq":               new(scimclient.Patch).Replace(emails.Where(scimclient.RawFilter(`value ew "x"`)).Sub("type"), "x"),
		"a filter with or":                      new(scimclient.Patch).Remove(emails.Where(scimclient.RawFilter(`type eq "a" or type eq "b"`))),
		"the filter does not select any longer": new(scimclient.Patch).Replace(emails.Where(scimclient.Eq("type", "a")).Sub("type"), "b"),
		"all members":                           new(scimclient.Patch).Remove("members"),
		"the member list":                       new(scimclient.Patch).Replace("members", []scimclient.Member{{Value: "1"}}),
		"members without a path":                new(scimclient.Patch).Add("", map[string]any{"Members": []scimclient.Member{{Value: "1"}}}),
		"members by another attribute":          new(scimclient.Patch).Remove(scimclient.Path("members").Where(scimclient.Eq("display", "x"))),
		"one after the other":                   new(scimclient.Patch).Replace("title", "x").Remove("title"),
		"members in and out":                    new(scimclient.Patch).AddMembers("1").RemoveMembers("1"),
	} {
		requests := 0
		c := inMemory(t, func(*http.Request) string { requests++; return "" })
		if err := c.Groups.Patch(t.Context(), "1", patch, scimclient.ReadBack()); !errors.Is(err, iamscim.ErrInvalidArgument) || requests != 0 {
			t.Errorf("Patch of %s = %v with %d requests, want ErrInvalidArgument and none", name, err, requests)
		}
	}
}

func TestReadBackOfReplaceAndDelete(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := inMemory(t, func(r *http.Request) string { return `{"id":"1","userName":"a","title":"old"}` })
		_, err := c.Users.Replace(t.Context(), &scimclient.User{ID: "1", UserName: "a", Title: "new"}, scimclient.ReadBack())
		if !errors.Is(err, scimclient.ErrNotApplied) {
			t.Errorf("Replace that changes nothing = %v, want ErrNotApplied", err)
		}
		u, err := c.Users.Replace(t.Context(), &scimclient.User{ID: "1", UserName: "A", Title: "old"}, scimclient.ReadBack())
		if err != nil || u.Title != "old" {
			t.Errorf("Replace that is there = %v, %v, want success", u, err)
		}
		transport := roundTripper(func(r *http.Request) (*http.Response, error) {
			status := 200
			if r.Method == "DELETE" {
				status = 204
			}
			return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(`{"id":"1"}`))}, nil
		})
		c, err = scimclient.New("https://h", tokens("t"), scimclient.WithHTTPClient(&http.Client{Transport: transport}))
		must(t, err)
		if err := c.Users.Delete(t.Context(), "1", scimclient.ReadBack()); !errors.Is(err, scimclient.ErrNotApplied) {
			t.Errorf("Delete that deletes nothing = %v, want ErrNotApplied", err)
		}
	})
	_, c := start(t)
	u := mustCreate(t, c, "a@example.com")
	must(t, c.Users.Delete(t.Context(), u.ID, scimclient.ReadBack()))
}

// TestPatchIsRepeated: by what its operations are.
func TestPatchIsRepeated(t *testing.T) {
	t.Parallel()
	members := scimclient.Path("members")
	tests := []struct {
		name  string
		patch *scimclient.Patch
		want  bool
	}{
		{"replace", new(scimclient.Patch).Replace("title", "x"), true},
		{"replace without a path", new(scimclient.Patch).Replace("", map[string]any{"title": "x"}), true},
		{"add members", new(scimclient.Patch).AddMembers("1", "2"), true},
		{"remove a member", new(scimclient.Patch).RemoveMembers("1"), true},
		{"all of these", new(scimclient.Patch).Replace("title", "x").AddMembers("1").RemoveMembers("2"), true},
		{"add an attribute", new(scimclient.Patch).Add("title", "x"), false},
		{"add to a list", new(scimclient.Patch).Add("emails", []scimclient.MultiValue{{Value: "x"}}), false},
		{"add without a path", new(scimclient.Patch).Add("", map[string]any{"title": "x"}), false},
		{"add to members a filter selects", new(scimclient.Patch).Add(members.Where(scimclient.Eq("value", "1")), scimclient.Member{Display: "x"}), false},
		{"remove an attribute", new(scimclient.Patch).Remove("title"), false},
		{"remove all members", new(scimclient.Patch).Remove("members"), false},
		{"one that is not, among others", new(scimclient.Patch).Replace("title", "x").Add("roles", "y"), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var mu sync.Mutex
			patches := 0
			_, c := serve(t, func(w http.ResponseWriter, r *http.Request) {
				mu.Lock()
				defer mu.Unlock()
				if r.Method == "PATCH" {
					if patches++; patches == 1 {
						w.WriteHeader(503)
						return
					}
					w.WriteHeader(204)
					return
				}
				w.WriteHeader(401)
			})
			err := c.Groups.Patch(t.Context(), "1", tt.patch)
			if repeated := patches == 2; repeated != tt.want || (err == nil) != tt.want {
				t.Errorf("Patch = %v after %d attempts, want it repeated: %t", err, patches, tt.want)
			}
			if err != nil && !errors.Is(err, iamscim.ErrOutcomeUnknown) {
				t.Errorf("Patch = %v, want ErrOutcomeUnknown", err)
			}
		})
	}
}

// TestRefusedAfterALostReply: a repetition that meets what the lost attempt did.
func TestRefusedAfterALostReply(t *testing.T) {
	t.Parallel()
	remove := new(scimclient.Patch).RemoveMembers("u")
	tests := []struct {
		name   string
		status int
		body   string
		isGone string // answer to the question whether u is a member
		want   error  // nil: settled as done
	}{
		{"noTarget, and the member is gone", 400, `{"scimType":"noTarget"}`, pageJSON(0, 1, nil), nil},
		{"noTarget, and the member is there", 400, `{"scimType":"noTarget"}`, pageJSON(1, 1, []string{"g"}), iamscim.ErrInvalidArgument},
		{"412, and the member is gone", 412, ``, pageJSON(0, 1, nil), nil},
		{"412, and the member is there", 412, ``, pageJSON(1, 1, []string{"g"}), scimclient.ErrPreconditionFailed},
		{"noTarget, and it cannot be read", 400, `{"scimType":"noTarget"}`, `<html>`, iamscim.ErrOutcomeUnknown},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			patches := 0
			_, c := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if r.Method != "PATCH" && strings.Contains(r.URL.Query().Get("filter"), `"control"`) {
					io.WriteString(w, pageJSON(1, 1, []string{"g"}))
					return
				}
				if r.Method != "PATCH" {
					io.WriteString(w, tt.isGone)
					return
				}
				if patches++; patches == 1 {
					w.WriteHeader(502)
					return
				}
				replyWith(tt.status, tt.body)(w, r)
			})
			_, err := c.Groups.IsMember(t.Context(), "g", "control")
			must(t, err)
			err = c.Groups.Patch(t.Context(), "g", remove)
			if !errors.Is(err, tt.want) || (err == nil) != (tt.want == nil) {
				t.Errorf("Patch = %v, want %v", err, tt.want)
			}
		})
	}
}

func TestIfMatch(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	_, c := start(t, scimtest.WithBehavior(scimtest.ETags, "ON"))
	u := mustCreate(t, c, "a@example.com")
	old := u.Version()
	if old == "" {
		t.Fatal("Version = \"\", want the server's")
	}
	must(t, c.Users.Patch(ctx, u.ID, new(scimclient.Patch).Replace("title", "T"), scimclient.IfMatch(old)))
	now, err := c.Users.Get(ctx, u.ID)
	must(t, err)
	if now.Version() == old {
		t.Fatalf("Version is %s after a change too", old)
	}
	u.Title = "lost update"
	_, err = c.Users.Replace(ctx, u, scimclient.IfMatch(u.Version()))
	calls := map[string]error{
		"Replace": err,
		"Patch":   c.Users.Patch(ctx, u.ID, new(scimclient.Patch).Remove("title"), scimclient.IfMatch(old)),
		"Delete":  c.Users.Delete(ctx, u.ID, scimclient.IfMatch(old)),
	}
	for call, err := range calls {
		if !errors.Is(err, scimclient.ErrPreconditionFailed) || !errors.Is(err, iamscim.ErrAborted) {
			t.Errorf("%s of an old version = %v, want ErrPreconditionFailed", call, err)
		}
	}
	now.Title = "U"
	if _, err := c.Users.Replace(ctx, now, scimclient.IfMatch(now.Version())); err != nil {
		t.Errorf("Replace of the version there is: %v", err)
	}

	// Without versions, IfMatch must not seem to protect.
	s, c := start(t)
	u = mustCreate(t, c, "a@example.com")
	if u.Version() != "" {
		t.Fatalf("Version = %q from a server without", u.Version())
	}
	s.ClearRequests()
	for _, opt := range []scimclient.WriteOption{scimclient.IfMatch(u.Version()), scimclient.IfMatch("a\r\nX: y"), nil} {
		_, err := c.Users.Replace(ctx, u, opt)
		for call, err := range map[string]error{"Replace": err, "Patch": c.Users.Deactivate(ctx, u.ID, opt), "Delete": c.Users.Delete(ctx, u.ID, opt),
			"AddMembers": c.Groups.AddMembers(ctx, "g", []string{u.ID}, opt)} {
			if !errors.Is(err, iamscim.ErrInvalidArgument) {
				t.Errorf("%s with a bad option = %v, want ErrInvalidArgument", call, err)
			}
		}
	}
	if n := len(s.Requests()); n != 0 {
		t.Errorf("%d requests were sent, want none", n)
	}
}

// TestETagHeader: a version in the header alone is one if the server declares
// versions; otherwise a proxy or a framework may have put it there.
func TestETagHeader(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ etag, meta, want string }{
		{"", ``, ""}, // not asked for
		{`{"supported":false}`, ``, ""},
		{`{"supported":true}`, ``, `W/"7"`},
		{`{"supported":"true"}`, ``, `W/"7"`},
		{`{"supported":true}`, `W/\"8\"`, `W/"8"`},
		{"", `W/\"8\"`, `W/"8"`},
	} {
		_, c := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/ServiceProviderConfig" {
				io.WriteString(w, `{"patch":{},"etag":`+tt.etag+`}`)
				return
			}
			w.Header().Set("ETag", `W/"7"`)
			io.WriteString(w, `{"id":"1","meta":{"version":"`+tt.meta+`"}}`)
		})
		if tt.etag != "" {
			_, err := c.ServiceProviderConfig(t.Context())
			must(t, err)
		}
		g, err := c.Groups.Get(t.Context(), "1")
		must(t, err)
		if g.Version() != tt.want {
			t.Errorf("with etag %s and meta.version %s: Version = %q, want %q", tt.etag, tt.meta, g.Version(), tt.want)
		}
	}
	if v := new(scimclient.Group).Version(); v != "" {
		t.Errorf("Version of a new group = %q, want none", v)
	}
}

// TestMemberChunks: many members, in several requests, one of which fails.
func TestMemberChunks(t *testing.T) {
	t.Parallel()
	var ids []string
	for i := range 250 {
		ids = append(ids, fmt.Sprint("u", i))
	}
	ids = append(ids, ids[:50]...) // given twice
	for _, failAt := range []int{0, 3} {
		var mu sync.Mutex
		n, seen := 0, map[string]int{}
		_, c := serve(t, func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			defer mu.Unlock()
			if n++; n == failAt {
				w.WriteHeader(403)
				return
			}
			var body struct {
				Operations []struct{ Value []scimclient.Member }
			}
			json.NewDecoder(r.Body).Decode(&body)
			for _, op := range body.Operations {
				if len(op.Value) > 100 {
					t.Errorf("%d members in a request, want 100 at most", len(op.Value))
				}
				for _, m := range op.Value {
					seen[m.Value]++
				}
			}
			w.WriteHeader(204)
		})
		err := c.Groups.AddMembers(t.Context(), "g", ids)
		if failAt == 0 {
			if err != nil || n != 3 || len(seen) != 250 {
				t.Errorf("AddMembers = %v, %d members in %d requests, want 250 in 3", err, len(seen), n)
			}
			continue
		}
		var e *scimclient.MembersError
		if !errors.As(err, &e) || e.Done != 200 || e.Of != 250 || !errors.Is(err, scimclient.ErrNotSyncer) || !strings.Contains(err.Error(), "200 of 250") {
			t.Errorf("AddMembers = %v, want a MembersError after 200 of 250", err)
		}
	}
	_, c := start(t)
	if err := c.Groups.RemoveMembers(t.Context(), "g", ids, scimclient.IfMatch("1")); !errors.Is(err, iamscim.ErrInvalidArgument) {
		t.Errorf("RemoveMembers of 250 with IfMatch = %v, want ErrInvalidArgument", err)
	}
}

// TestPatchErrors: all of them, with their place, and nothing sent.
func TestPatchErrors(t *testing.T) {
	t.Parallel()
	requests := 0
	c := inMemory(t, func(*http.Request) string { requests++; return "" })
	patch := new(scimclient.Patch).Replace("title", nil).Remove("").Add("a b", 1).Replace("", "x").Replace("ok", 1).Add("f", func() {}).
		Remove(scimclient.Path("members").Where(scimclient.Eq("value", "\xff"))).AddMembers().RemoveMembers("", "x")
	err := c.Groups.Patch(t.Context(), "1", patch)
	if !errors.Is(err, iamscim.ErrInvalidArgument) || requests != 0 {
		t.Fatalf("Patch = %v with %d requests, want ErrInvalidArgument and none", err, requests)
	}
	for _, says := range []string{
		"operation 1 (replace): value: required", "operation 2 (remove): path: required", `operation 3 (add): path: "a b" is not an attribute`,
		"operation 4 (replace): value: must be an object", "operation 6 (add): value: json", "operation 7 (remove): path: a value filter is empty",
		"operation 8 (add): no users", "operation 9 (remove): user 1: the id is empty",
	} {
		if !strings.Contains(err.Error(), says) {
			t.Errorf("Patch = %v, want it to say %q", err, says)
		}
	}
	for name, patch := range map[string]*scimclient.Patch{"nil": nil, "empty": {}} {
		if err := c.Users.Patch(t.Context(), "1", patch); !errors.Is(err, iamscim.ErrInvalidArgument) {
			t.Errorf("Patch(%s) = %v, want ErrInvalidArgument", name, err)
		}
	}
}

// TestRetryAfter: honored by the call, by the whole client, and not beyond the
// budget.
func TestRetryAfter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		after := "20"
		n := 0
		transport := roundTripper(func(r *http.Request) (*http.Response, error) {
			if n++; n == 1 {
				return &http.Response{StatusCode: 429, Header: http.Header{"Retry-After": {after}}, Body: http.NoBody}, nil
			}
			return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(`{"id":"1"}`))}, nil
		})
		c, err := scimclient.New("https://h", tokens("t"), scimclient.WithHTTPClient(&http.Client{Transport: transport}))
		must(t, err)
		begin := time.Now()
		// Somebody else's call waits too: the quota is one for all.
		other := make(chan time.Duration)
		time.AfterFunc(time.Second, func() {
			_, err := c.Users.Get(t.Context(), "1")
			if err != nil {
				t.Error(err)
			}
			other <- time.Since(begin)
		})
		_, err = c.Users.Get(t.Context(), "1")
		must(t, err)
		if took := time.Since(begin); took < 20*time.Second || took > 25*time.Second {
			t.Errorf("Get took %v, want the 20 s of Retry-After", took)
		}
		if took := <-other; took < 20*time.Second || took > 25*time.Second {
			t.Errorf("another Get was answered after %v, want the 20 s of Retry-After", took)
		}

		n, after = 0, time.Now().UTC().Add(40*time.Second).Format(http.TimeFormat)
		begin = time.Now()
		_, err = c.Users.Get(t.Context(), "1")
		must(t, err)
		if took := time.Since(begin); took < 39*time.Second || took > 50*time.Second {
			t.Errorf("Get took %v, want the 40 s of the date", took)
		}

		n, after = 0, "3600"
		begin = time.Now()
		_, err = c.Users.Get(t.Context(), "1")
		if !errors.Is(err, scimclient.ErrThrottled) || time.Since(begin) > time.Second {
			t.Errorf("Get = %v after %v, want ErrThrottled at once: an hour is past the budget", err, time.Since(begin))
		}
		// The quota is counted by the minute: no longer does one reply stop the
		// client.
		for _, after = range []string{"3600", "2147483647", "99999999999999999999", "Fri, 31 Dec 9999 23:59:59 GMT"} {
			n = 0
			if _, err = c.Users.Get(t.Context(), "1"); !errors.Is(err, scimclient.ErrThrottled) {
				t.Errorf("Get with Retry-After %s = %v, want ErrThrottled", after, err)
			}
			begin = time.Now()
			if _, err = c.Users.Get(t.Context(), "1"); err != nil || time.Since(begin) > time.Minute || time.Since(begin) < time.Minute/2 {
				t.Errorf("Get after Retry-After %s = %v after %v, want an answer after a minute", after, err, time.Since(begin))
			}
		}
	})
	// One that may not take as long says so, and sends nothing.
	synctest.Test(t, func(t *testing.T) {
		n := 0
		transport := roundTripper(func(*http.Request) (*http.Response, error) {
			n++
			return &http.Response{StatusCode: 429, Header: http.Header{"Retry-After": {"3600"}}, Body: http.NoBody}, nil
		})
		c, err := scimclient.New("https://h", tokens("t"), scimclient.WithHTTPClient(&http.Client{Transport: transport}), scimclient.WithRetry(iamscim.RetryPolicy{Budget: 10 * time.Second}))
		must(t, err)
		for range 2 {
			begin := time.Now()
			_, err = c.Users.Get(t.Context(), "1")
			if !errors.Is(err, scimclient.ErrThrottled) || time.Since(begin) > 10*time.Second || n != 1 {
				t.Errorf("Get = %v after %v and %d requests, want ErrThrottled within the budget and one request", err, time.Since(begin), n)
			}
		}
	})
}

// TestMutability: the remedy for values that identify.
func TestMutability(t *testing.T) {
	t.Parallel()
	_, c := start(t)
	u := mustCreate(t, c, "a@example.com")
	err := c.Users.Patch(t.Context(), u.ID, new(scimclient.Patch).Replace("userName", "b@example.com"))
	var e *scimclient.Error
	if !errors.As(err, &e) || e.SCIMType != "mutability" || !strings.Contains(err.Error(), "delete the resource and create it again") {
		t.Errorf("Patch of the mapped value = %v, want scimType mutability and the remedy", err)
	}
}
