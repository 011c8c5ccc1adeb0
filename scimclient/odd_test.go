package scimclient_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/scimclient"
)

// TestOddAttributes: an attribute of another JSON type than RFC 7643 gives it
// hides neither its resource nor the page. What it stands for is read, the rest is
// named, and all of it is sent back as it was.
func TestOddAttributes(t *testing.T) {
	t.Parallel()
	one := func(m scimclient.MultiValue) []scimclient.MultiValue { return []scimclient.MultiValue{m} }
	tests := []struct {
		name   string
		member string // of a user
		got    func(*scimclient.User) any
		want   any
		unread []string
	}{
		{"active as a text", `"active":"False"`, func(u *scimclient.User) any { return *u.Active }, false, nil},
		{"active as another text", `"active":"true"`, func(u *scimclient.User) any { return *u.Active }, true, nil},
		{"active as a number", `"active":1`, func(u *scimclient.User) any { return u.Active == nil }, true, []string{"active"}},
		{"active as a word", `"active":"yes"`, func(u *scimclient.User) any { return u.Active == nil }, true, []string{"active"}},
		{"active as an object", `"active":{"value":true}`, func(u *scimclient.User) any { return u.Active == nil }, true, []string{"active"}},
		{"emails as texts", `"emails":["a@example.com"]`, func(u *scimclient.User) any { return u.Emails }, one(scimclient.MultiValue{Value: "a@example.com"}), nil},
		{"emails as an object", `"emails":{"value":"a@example.com","type":"work"}`, func(u *scimclient.User) any { return u.Emails }, one(scimclient.MultiValue{Value: "a@example.com", Type: "work"}), nil},
		{"emails as one text", `"emails":"a@example.com"`, func(u *scimclient.User) any { return u.Emails }, one(scimclient.MultiValue{Value: "a@example.com"}), nil},
		{"an e-mail that is a number, among others", `"emails":[7,{"value":"a@example.com"}]`, func(u *scimclient.User) any { return u.Emails[1].Value }, "a@example.com", []string{"emails[0]"}},
		{"roles as texts", `"roles":["admin","user"]`, func(u *scimclient.User) any { return len(u.Roles) }, 2, nil},
		{"roles as a JSON text", `"roles":"[]"`, func(u *scimclient.User) any { return u.Roles[0].Value }, "[]", nil},
		{"primary as a text", `"roles":[{"value":"r","primary":"True"}]`, func(u *scimclient.User) any { return u.Roles[0].Primary }, true, nil},
		{"primary as something else", `"roles":[{"value":"r","primary":"first"}]`, func(u *scimclient.User) any { return u.Roles[0] }, scimclient.MultiValue{Value: "r"}, []string{"roles[0].primary"}},
		{"photos as an object", `"photos":{"value":"https://p","type":"photo"}`, func(u *scimclient.User) any { return u.Photos[0].Value }, "https://p", nil},
		{"photos as a number", `"photos":5`, func(u *scimclient.User) any { return len(u.Photos) }, 1, []string{"photos[0]"}},
		{"manager as a text", `"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"manager":"m1","department":"D"}`, func(u *scimclient.User) any { return u.Enterprise.Manager.Value + u.Enterprise.Department }, "m1D", nil},
		{"manager as an empty list", `"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"manager":[],"department":"D"}`, func(u *scimclient.User) any { return u.Enterprise.Department }, "D", nil},
		{"manager as a number", `"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"manager":7,"department":"D"}`, func(u *scimclient.User) any { return u.Enterprise.Department }, "D",
			[]string{"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User.manager"}},
		{"numbers for texts", `"externalId":12345,"title":true`, func(u *scimclient.User) any { return u.ExternalID + u.Title }, "12345true", nil},
		{"a long number for a text", `"externalId":12345678901234567890123`, func(u *scimclient.User) any { return u.ExternalID }, "12345678901234567890123", nil},
		{"a name as a text", `"name":"Babs"`, func(u *scimclient.User) any { return u.Name == nil }, true, []string{"name"}},
		{"a name as a list", `"name":[{"givenName":"B"}]`, func(u *scimclient.User) any { return u.Name == nil }, true, []string{"name"}},
		{"a display name as an object", `"displayName":{"value":"B"}`, func(u *scimclient.User) any { return u.DisplayName }, "", []string{"displayName"}},
		{"schemas as a text", `"schemas":"urn:x"`, func(u *scimclient.User) any { return u.Schemas }, []string{"urn:x"}, nil},
		{"meta as a text", `"meta":"x"`, func(u *scimclient.User) any { return u.Meta == nil }, true, []string{"meta"}},
		{"a version as a number", `"meta":{"version":7}`, func(u *scimclient.User) any { return u.Version() }, "7", nil},
		{"addresses as texts", `"addresses":["Main Street"]`, func(u *scimclient.User) any { return len(u.Addresses) }, 1, []string{"addresses[0]"}},
		{"several", `"active":[],"title":{},"nickName":"N"`, func(u *scimclient.User) any { return u.NickName }, "N", []string{"active", "title"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			resource := `{"id":"1","userName":"u",` + tt.member + `,"x":{"y":[1]}}`
			var sent []byte
			_, c := serve(t, func(w http.ResponseWriter, r *http.Request) {
				switch {
				case r.Method == "PUT":
					sent, _ = io.ReadAll(r.Body)
					io.WriteString(w, resource)
				case r.URL.Path == "/Users/1":
					io.WriteString(w, resource)
				case r.URL.Path == "/Users":
					fmt.Fprintf(w, `{"totalResults":2,"Resources":[%s,{"id":"2","userName":"v"}]}`, resource)
				default:
					w.WriteHeader(404)
				}
			})
			check := func(what string, u *scimclient.User, err error) {
				t.Helper()
				if err != nil || u.UserName != "u" {
					t.Fatalf("%s = %v, %v, want the user", what, u, err)
				}
				if diff := cmp.Diff(tt.want, tt.got(u)); diff != "" {
					t.Errorf("%s (-want +got):\n%s", what, diff)
				}
				if !slices.Equal(slices.Sorted(slices.Values(tt.unread)), slices.Sorted(slices.Values(u.Unread()))) {
					t.Errorf("%s: Unread = %q, want %q", what, u.Unread(), tt.unread)
				}
			}
			u, err := c.Users.Get(t.Context(), "1")
			check("Get", u, err)
			found, err := c.Users.Find(t.Context(), "u")
			check("Find", found, err)
			n := 0
			for u, err := range c.Users.List(t.Context(), scimclient.Filter{}) {
				if n++; n == 1 {
					check("List", u, err)
				}
				must(t, err)
			}
			if n != 2 {
				t.Errorf("List has %d users, want 2", n)
			}
			if access, err := c.CheckAccess(t.Context()); err != nil || access.Users != 2 {
				t.Errorf("CheckAccess = %+v, %v, want access", access, err)
			}
			// What wasn't touched goes back as it came.
			u.Locale = "de"
			_, err = c.Users.Replace(t.Context(), u)
			must(t, err)
			want := tree(t, []byte(resource)).(map[string]any)
			want["locale"] = "de"
			delete(want, "meta")
			if want["schemas"] == nil {
				want["schemas"] = []any{scimclient.SchemaUser}
			}
			if u.Enterprise != nil {
				want["schemas"] = append(want["schemas"].([]any), scimclient.SchemaEnterpriseUser)
			}
			if diff := cmp.Diff(any(want), tree(t, sent)); diff != "" {
				t.Errorf("the PUT (-want +got):\n%s", diff)
			}
			// And can be read.
			for _, path := range tt.unread {
				name, _, _ := strings.Cut(path, "[")
				if strings.HasPrefix(name, "urn:") {
					name = scimclient.SchemaEnterpriseUser
				}
				var v any
				if ok, err := u.Extra(name, &v); !ok || err != nil {
					t.Errorf("Extra(%s) = %t, %v, want the odd value", name, ok, err)
				}
			}
		})
	}
}

// TestOddAttributesChanged: an odd value is replaced by what is set.
func TestOddAttributesChanged(t *testing.T) {
	t.Parallel()
	var u scimclient.User
	must(t, json.Unmarshal([]byte(`{"active":"False","emails":["a@example.com",{"value":"b@example.com","x":1}],"photos":{"value":"p","x":1},"name":"Babs","title":{}}`), &u))
	u.Active = new(true)
	u.Emails[0].Type = "work"
	u.Emails[1].Type = "home"
	u.Photos[0].Type = "photo"
	u.Name = &scimclient.Name{Formatted: "Babs"}
	u.Title = "T"
	got, err := json.Marshal(u)
	must(t, err)
	want := `{"active":true,"emails":[{"value":"a@example.com","type":"work"},{"value":"b@example.com","x":1,"type":"home"}],` +
		`"photos":[{"value":"p","x":1,"type":"photo"}],"name":{"formatted":"Babs"},"title":"T"}`
	if diff := cmp.Diff(tree(t, []byte(want)), tree(t, got)); diff != "" {
		t.Errorf("encoded (-want +got):\n%s", diff)
	}
}

// TestOddListsAreBounded: a list of nothing but odd elements is named once, and goes
// back as it came.
func TestOddListsAreBounded(t *testing.T) {
	t.Parallel()
	for _, element := range []string{"7", `true`, `{"primary":"first"}`} {
		list := "[" + strings.Repeat(element+",", 200) + element + "]"
		var u scimclient.User
		must(t, json.Unmarshal([]byte(`{"id":"1","title":"T","addresses":`+list+`}`), &u))
		if len(u.Addresses) != 0 || u.Title != "T" || !slices.Equal(u.Unread(), []string{"addresses"}) {
			t.Errorf("201 of %s: %d addresses, title %q, unread %q, want none, T, and addresses", element, len(u.Addresses), u.Title, u.Unread())
		}
		u.Title = "U"
		got, err := json.Marshal(u)
		must(t, err)
		if diff := cmp.Diff(tree(t, []byte(`{"id":"1","title":"U","addresses":`+list+`}`)), tree(t, got)); diff != "" {
			t.Errorf("encoded (-want +got):\n%s", diff)
		}
	}
}

// TestReorderedElements: elements that differ only as a whole keep what
// has no field.
func TestReorderedElements(t *testing.T) {
	t.Parallel()
	var u scimclient.User
	must(t, json.Unmarshal([]byte(`{"addresses":[{"type":"work","country":"US","floor":1},{"type":"work","country":"DE","floor":2},{"type":"work","country":"US","floor":3}]}`), &u))
	u.Addresses[0], u.Addresses[1] = u.Addresses[1], u.Addresses[0]
	got, err := json.Marshal(u)
	must(t, err)
	want := `{"addresses":[{"type":"work","country":"DE","floor":2},{"type":"work","country":"US","floor":1},{"type":"work","country":"US","floor":3}]}`
	if diff := cmp.Diff(tree(t, []byte(want)), tree(t, got)); diff != "" {
		t.Errorf("encoded (-want +got):\n%s", diff)
	}
}

// TestOddGroups: the same for groups, and where nothing can be read.
func TestOddGroups(t *testing.T) {
	t.Parallel()
	var g scimclient.Group
	must(t, json.Unmarshal([]byte(`{"id":7,"displayName":"g","members":["u1",{"value":2},3]}`), &g))
	if g.ID != "7" || len(g.Members) != 3 || g.Members[0].Value != "u1" || g.Members[1].Value != "2" || !slices.Equal(g.Unread(), []string{"members[2]"}) {
		t.Errorf("the group is %+v with %q unread, want two members read", g, g.Unread())
	}
	for _, row := range []string{`5`, `"x"`, `[]`, `null`, `true`, `{"id":{}}`, `{"id":null}`} {
		_, c := serve(t, replyWith(200, `{"totalResults":1,"Resources":[`+row+`]}`))
		if err := last(c.Groups.List(t.Context(), scimclient.Filter{})); !errors.Is(err, iamscim.ErrBadReply) {
			t.Errorf("List of the row %s = %v, want ErrBadReply", row, err)
		}
	}
	for _, text := range []string{`5`, `"x"`, `[]`, `true`} {
		if err := json.Unmarshal([]byte(text), new(scimclient.User)); err == nil {
			t.Errorf("a user decoded from %s", text)
		}
	}
}

// TestByteOrderMark: one before JSON is ignored, with a resource, a list and an
// error.
func TestByteOrderMark(t *testing.T) {
	t.Parallel()
	const bom = "\xef\xbb\xbf"
	_, c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/Users":
			io.WriteString(w, bom+`{"totalResults":1,"Resources":[{"id":"1","userName":"u"}]}`)
		case "/Users/1":
			io.WriteString(w, bom+`{"id":"1","userName":"u"}`)
		case "/ServiceProviderConfig":
			io.WriteString(w, bom+`{"patch":{"supported":true}}`)
		default:
			w.WriteHeader(400)
			io.WriteString(w, bom+`{"scimType":"invalidValue","detail":"d"}`)
		}
	})
	if _, err := c.CheckAccess(t.Context()); err != nil {
		t.Errorf("CheckAccess = %v, want access", err)
	}
	if u, err := c.Users.Get(t.Context(), "1"); err != nil || u.UserName != "u" {
		t.Errorf("Get = %v, %v, want the user", u, err)
	}
	if config, err := c.ServiceProviderConfig(t.Context()); err != nil || !config.Patch.Supported {
		t.Errorf("ServiceProviderConfig = %+v, %v, want patch", config, err)
	}
	_, err := c.Users.Get(t.Context(), "2")
	if e := (*scimclient.Error)(nil); !errors.As(err, &e) || e.SCIMType != "invalidValue" || e.Detail != "d" {
		t.Errorf("Get = %+v, want the error of the reply", err)
	}
}
