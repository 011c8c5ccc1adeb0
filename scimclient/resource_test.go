package scimclient_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/scimclient"
)

// rich is a user with something unknown in every place there is.
const rich = `{
	"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User", "urn:example:badge:2.0:User"],
	"id": "1", "externalId": "ext-1", "userName": "bjensen@example.com", "active": true, "title": "Guide", "big": 12345678901234567890,
	"name": {"givenName": "Barbara", "familyName": "Jensen", "maidenName": "Smith"},
	"emails": [
		{"value": "work@example.com", "type": "work", "primary": true, "verified": "yes"},
		{"value": "home@example.com", "type": "home", "primary": false, "verified": "no"},
		{"value": "third@example.com", "type": "other", "verified": "maybe"}
	],
	"addresses": [{"type": "work", "country": "US", "floor": 3}],
	"roles": [{"value": "a", "since": 1}, {"value": "b", "since": 2}],
	"nickNames": ["Babs", null],
	"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"department": "Tours", "costCode": "77", "manager": {"value": "9", "level": 2}},
	"urn:example:badge:2.0:User": {"number": 7, "valid": true},
	"meta": {"resourceType": "User", "version": "W/\"1\"", "etag": "x"}
}`

// TestGetModifyReplace: each row changes something of rich, and names what the
// body of the PUT must differ in from rich. Everything else must be there.
func TestGetModifyReplace(t *testing.T) {
	t.Parallel()
	type object = map[string]any
	email := func(value, typ string, rest object) object {
		e := object{"value": value, "type": typ}
		for k, v := range rest {
			e[k] = v
		}
		return e
	}
	workMail := email("work@example.com", "work", object{"primary": true, "verified": "yes"})
	homeMail := email("home@example.com", "home", object{"primary": false, "verified": "no"})
	otherMail := email("third@example.com", "other", object{"verified": "maybe"})
	const enterprise, badge = scimclient.SchemaEnterpriseUser, "urn:example:badge:2.0:User"
	tests := []struct {
		name   string
		modify func(*scimclient.User)
		want   object // members of rich that change; nil: gone
	}{
		{"nothing", func(*scimclient.User) {}, nil},
		{"a top-level attribute", func(u *scimclient.User) { u.Title = "Manager" }, object{"title": "Manager"}},
		{"one is cleared", func(u *scimclient.User) { u.Title = "" }, object{"title": nil}},
		{"one is added", func(u *scimclient.User) { u.NickName = "Babs" }, object{"nickName": "Babs"}},
		{"active false is sent", func(u *scimclient.User) { u.Active = new(false) }, object{"active": false}},
		{"active unset is not", func(u *scimclient.User) { u.Active = nil }, object{"active": nil}},
		{"a part of the name, in place", func(u *scimclient.User) { u.Name.GivenName = "Babs" },
			object{"name": object{"givenName": "Babs", "familyName": "Jensen", "maidenName": "Smith"}}},
		{"a new name with the same parts but one", func(u *scimclient.User) { u.Name = &scimclient.Name{GivenName: "B"} },
			object{"name": object{"givenName": "B", "maidenName": "Smith"}}},
		{"no name", func(u *scimclient.User) { u.Name = nil }, object{"name": nil}},
		{"a list rebuilt with the same known fields", func(u *scimclient.User) {
			u.Emails = []scimclient.MultiValue{
				{Value: "work@example.com", Type: "work", Primary: true}, {Value: "home@example.com", Type: "home"}, {Value: "third@example.com", Type: "other"},
			}
		}, nil},
		{"an element edited in place", func(u *scimclient.User) { u.Emails[1].Value = "new@example.com" },
			object{"emails": []any{workMail, email("new@example.com", "home", object{"primary": false, "verified": "no"}), otherMail}}},
		{"an element edited in place beyond recognition", func(u *scimclient.User) { u.Emails[1] = scimclient.MultiValue{Value: "new@example.com", Type: "x"} },
			object{"emails": []any{workMail, email("new@example.com", "x", object{"primary": false, "verified": "no"}), otherMail}}},
		{"primary moves", func(u *scimclient.User) { u.Emails[0].Primary, u.Emails[1].Primary = false, true },
			object{"emails": []any{email("work@example.com", "work", object{"verified": "yes"}), email("home@example.com", "home", object{"primary": true, "verified": "no"}), otherMail}}},
		{"an element removed", func(u *scimclient.User) { u.Emails = u.Emails[1:] }, object{"emails": []any{homeMail, otherMail}}},
		{"the order reversed", func(u *scimclient.User) { u.Emails[0], u.Emails[2] = u.Emails[2], u.Emails[0] },
			object{"emails": []any{otherMail, homeMail, workMail}}},
		{"one removed, the next edited", func(u *scimclient.User) {
			u.Emails = u.Emails[1:]
			u.Emails[0].Value = "new@example.com"
		}, object{"emails": []any{email("new@example.com", "home", object{"primary": false, "verified": "no"}), otherMail}}},
		{"one appended", func(u *scimclient.User) {
			u.Emails = append(u.Emails, scimclient.MultiValue{Value: "fourth@example.com", Type: "x"})
		}, object{"emails": []any{workMail, homeMail, otherMail, email("fourth@example.com", "x", nil)}}},
		{"all removed", func(u *scimclient.User) { u.Emails = nil }, object{"emails": nil}},
		{"an element without a type, by its value", func(u *scimclient.User) { u.Roles = []scimclient.MultiValue{{Value: "b", Display: "B"}} },
			object{"roles": []any{object{"value": "b", "display": "B", "since": 2.}}}},
		{"an address edited", func(u *scimclient.User) { u.Addresses[0].Country = "DE" },
			object{"addresses": []any{object{"type": "work", "country": "DE", "floor": 3.}}}},
		{"the enterprise extension, and what is inside", func(u *scimclient.User) {
			u.Enterprise.Department = "Sales"
			u.Enterprise.Manager.Value = "10"
		}, object{enterprise: object{"department": "Sales", "costCode": "77", "manager": object{"value": "10", "level": 2.}}}},
		{"a custom extension rewritten", func(u *scimclient.User) { must(t, u.SetExtra(badge, object{"number": 8})) },
			object{badge: object{"number": 8.}}},
		{"a custom extension removed", func(u *scimclient.User) { must(t, u.SetExtra(badge, nil)) }, object{badge: nil}},
		{"a custom extension added", func(u *scimclient.User) { must(t, u.SetExtra("urn:example:desk:2.0:User", object{"n": 1})) },
			object{
				"urn:example:desk:2.0:User": object{"n": 1.},
				"schemas":                   []any{scimclient.SchemaUser, enterprise, badge, "urn:example:desk:2.0:User"},
			}},
		{"an unknown attribute rewritten, in another case", func(u *scimclient.User) { must(t, u.SetExtra("BIG", 1)) }, object{"big": nil, "BIG": 1.}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var sent []byte
			_, c := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if r.Method == "PUT" {
					sent, _ = io.ReadAll(r.Body)
				}
				io.WriteString(w, rich)
			})
			u, err := c.Users.Get(t.Context(), "1")
			must(t, err)
			tt.modify(u)
			_, err = c.Users.Replace(t.Context(), u)
			must(t, err)
			want := tree(t, []byte(rich)).(object)
			delete(want, "meta") // the server's
			for k, v := range tt.want {
				if want[k] = v; v == nil {
					delete(want, k)
				}
			}
			if diff := cmp.Diff(any(want), tree(t, sent)); diff != "" {
				t.Errorf("the PUT (-want +got):\n%s", diff)
			}
			if tt.want["big"] == nil && tt.want["BIG"] == nil && !strings.Contains(string(sent), "12345678901234567890") {
				t.Errorf("a number lost digits: %s", sent)
			}
		})
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestListedResourcesKeepEverything: the same for users of a page.
func TestListedResourcesKeepEverything(t *testing.T) {
	t.Parallel()
	second := strings.Replace(rich, `"id": "1"`, `"id": "2", "Password": "x\"]}", "odd": "]}\\\"\\\\"`, 1)
	_, c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, ` { "totalResults" : 2 , "ignored":[{"Resources":[1]}], "Resources" : [ %s , %s ] } `, rich, second)
	})
	want := []string{rich, second}
	i := 0
	for u, err := range c.Users.List(t.Context(), scimclient.Filter{}) {
		must(t, err)
		out, err := json.Marshal(u)
		must(t, err)
		tr := tree(t, []byte(want[i])).(map[string]any)
		delete(tr, "Password")
		if diff := cmp.Diff(any(tr), tree(t, out)); diff != "" {
			t.Errorf("user %d (-want +got):\n%s", i, diff)
		}
		i++
	}
	if i != 2 {
		t.Errorf("%d users, want 2", i)
	}
}

func TestExtra(t *testing.T) {
	t.Parallel()
	var u scimclient.User
	must(t, json.Unmarshal([]byte(rich), &u))
	var badge struct {
		Number int
		Valid  bool
	}
	if ok, err := u.Extra("URN:example:badge:2.0:user", &badge); !ok || err != nil || badge.Number != 7 || !badge.Valid {
		t.Errorf("Extra(badge) = %t, %v, %+v, want number 7, valid", ok, err, badge)
	}
	if ok, err := u.Extra("urn:example:none", &badge); ok || err != nil {
		t.Errorf("Extra(none) = %t, %v, want false", ok, err)
	}
	var number int
	if ok, err := u.Extra("urn:example:badge:2.0:User", &number); !ok || err == nil {
		t.Errorf("Extra into the wrong type = %t, %v, want true and an error", ok, err)
	}
	for _, name := range []string{"", "userName", "USERNAME", scimclient.SchemaEnterpriseUser} {
		if _, err := u.Extra(name, &badge); err == nil {
			t.Errorf("Extra(%q) = nil, want an error: it has a field", name)
		}
		if err := u.SetExtra(name, 1); err == nil {
			t.Errorf("SetExtra(%q) = nil, want an error: it has a field", name)
		}
	}
	if err := u.SetExtra("password", "x"); err == nil {
		t.Error("SetExtra(password) = nil, want an error")
	}
	if err := u.SetExtra("x", func() {}); err == nil {
		t.Error("SetExtra(a function) = nil, want an error")
	}

	// Copies do not change each other.
	copied := u
	must(t, copied.SetExtra("big", 1))
	if ok, err := u.Extra("big", &number); !ok || err == nil {
		t.Errorf("the original's Extra(big) = %t, %v, want its own, which overflows an int", ok, err)
	}

	// One that was never read.
	fresh := scimclient.Group{DisplayName: "g"}
	if ok, err := fresh.Extra("x", &number); ok || err != nil {
		t.Errorf("Extra of a new group = %t, %v, want false", ok, err)
	}
	must(t, fresh.SetExtra("urn:example:x:2.0:Group", map[string]int{"n": 1}))
	out, err := json.Marshal(&fresh)
	must(t, err)
	want := `{"urn:example:x:2.0:Group":{"n":1},"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group","urn:example:x:2.0:Group"],"displayName":"g"}`
	if diff := cmp.Diff(tree(t, []byte(want)), tree(t, out)); diff != "" {
		t.Errorf("encoded (-want +got):\n%s", diff)
	}
	var n struct{ N int }
	if ok, err := fresh.Extra("urn:example:x:2.0:group", &n); !ok || err != nil || n.N != 1 {
		t.Errorf("Extra after SetExtra = %t, %v, %+v, want 1", ok, err, n)
	}
}

// TestPassword: it goes out to a server and nowhere else, and is never taken
// in.
func TestPassword(t *testing.T) {
	t.Parallel()
	const secret = "t1meMa$heen"
	var sent []string
	_, c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		sent = append(sent, string(body))
		fmt.Fprintf(w, `{"id":"1","userName":"b","pass\u0077ord":"%s","PASSWORD":"%s","x":1}`, secret, secret)
	})
	in := scimclient.User{UserName: "b", Password: iamscim.NewSecret(secret)}
	u, err := c.Users.Create(t.Context(), &in)
	must(t, err)
	in.ID = "1"
	_, err = c.Users.Replace(t.Context(), &in)
	must(t, err)
	_, err = c.Users.Replace(t.Context(), u)
	must(t, err)
	if len(sent) != 3 || !strings.Contains(sent[0], `"password":"`+secret+`"`) || !strings.Contains(sent[1], secret) {
		t.Errorf("sent %q, want the password in the first two", sent)
	}
	if strings.Contains(sent[2], secret) || !strings.Contains(sent[2], `"x":1`) {
		t.Errorf("sent %s, want what was read without the password", sent[2])
	}
	out, err := json.Marshal(u)
	must(t, err)
	mine, err := json.Marshal(in)
	must(t, err)
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "in", in, "u", u)
	for _, text := range []string{string(out), string(mine), fmt.Sprintf("%v %+v %#v", in, in, in), fmt.Sprintf("%+v %#v", *u, *u), log.String()} {
		if strings.Contains(text, secret) {
			t.Errorf("the password is in %s", text)
		}
	}
}

func TestReplaceRefusesPartialResources(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	server, c := start(t)
	made := mustCreate(t, c, "a@example.com")
	reads := map[string]func() (*scimclient.User, error){
		"Get": func() (*scimclient.User, error) { return c.Users.Get(ctx, made.ID, scimclient.Attributes("userName")) },
		"Find": func() (*scimclient.User, error) {
			return c.Users.Find(ctx, "a@example.com", scimclient.Attributes("id"))
		},
		"List": func() (*scimclient.User, error) {
			for u, err := range c.Users.List(ctx, scimclient.Filter{}, scimclient.ExcludedAttributes("name", "emails")) {
				return u, err
			}
			return nil, errors.New("no users")
		},
	}
	for name, read := range reads {
		u, err := read()
		if err != nil || u.ID != made.ID || u.Name != nil {
			t.Errorf("%s of some attributes = %+v, %v, want the id and no name", name, u, err)
			continue
		}
		server.ClearRequests()
		if _, err := c.Users.Replace(ctx, u); !errors.Is(err, scimclient.ErrPartial) || !errors.Is(err, iamscim.ErrInvalidArgument) {
			t.Errorf("Replace after such a %s = %v, want ErrPartial", name, err)
		}
		if n := len(server.Requests()); n != 0 {
			t.Errorf("Replace after such a %s sent %d requests, want none", name, n)
		}
	}
}

func TestReadOptionsAreChecked(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	server, c := start(t)
	for name, opts := range map[string][]scimclient.ReadOption{
		"nil":              {nil},
		"none named":       {scimclient.Attributes()},
		"no attribute":     {scimclient.Attributes("userName&x=1")},
		"empty":            {scimclient.ExcludedAttributes("")},
		"both":             {scimclient.Attributes("id"), scimclient.ExcludedAttributes("name")},
		"a list in one":    {scimclient.Attributes("id,name")},
		"a value in there": {scimclient.Attributes(`emails[type eq "work"]`)},
	} {
		_, err := c.Users.Get(ctx, "1", opts...)
		_, ferr := c.Users.Find(ctx, "u", opts...)
		lerr := last(c.Groups.List(ctx, scimclient.Filter{}, opts...))
		for call, err := range map[string]error{"Get": err, "Find": ferr, "List": lerr} {
			if !errors.Is(err, iamscim.ErrInvalidArgument) {
				t.Errorf("%s with %s = %v, want ErrInvalidArgument", call, name, err)
			}
		}
	}
	if n := len(server.Requests()); n != 0 {
		t.Errorf("%d requests were sent, want none", n)
	}
}
