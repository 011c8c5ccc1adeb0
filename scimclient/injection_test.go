package scimclient_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"path"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/scimclient"
)

// nasty are values that break out of text that was put together carelessly.
var nasty = []string{
	`o"neill@example.com`, `" or userName ne "`, `a\`, `a\"`, `\`, `\\"`, `"`, `""`, `a" and active eq false and userName eq "`,
	"new\nline", "tab\t", "nul\x00", "\x7f", "\u0085", "\u2028", "\u2029", "😀", "𝒳@example.com", "é", "e\u0301", "<script>&amp;", "%22", "%", "a+b", "a b", "a&b=c#d", "]", `x"].value`, "ﬀ", "\ufeff", "\ufffd",
}

// FuzzFilter: whatever the value, the server gets one comparison with exactly
// this value.
func FuzzFilter(f *testing.F) {
	for _, v := range nasty {
		f.Add(v)
	}
	f.Add("\xff")
	f.Add("a\xed\xa0\x80b") // a surrogate half
	f.Fuzz(func(t *testing.T, value string) {
		var asked url.Values
		c, err := scimclient.New("https://h/v1", tokens(testToken), scimclient.WithRate(1_000_000_000), scimclient.WithRetry(iamscim.RetryPolicy{MaxAttempts: 1}),
			scimclient.WithHTTPClient(&http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
				if r.URL.Path != "/v1/Users" {
					t.Errorf("path %s, want /v1/Users", r.URL.Path)
				}
				asked = r.URL.Query()
				return nil, errors.New("no network here")
			})}))
		if err != nil {
			t.Fatal(err)
		}
		filter := scimclient.Eq("userName", value).And(scimclient.Eq("id", "1"))
		err = last(c.Users.List(t.Context(), filter))
		if !utf8.ValidString(value) {
			if !errors.Is(err, iamscim.ErrInvalidArgument) || asked != nil {
				t.Fatalf("List(Eq(%q)) = %v, asked %v, want ErrInvalidArgument and nothing sent", value, err, asked)
			}
			return
		}
		text := asked.Get("filter")
		if text != filter.String() || len(asked["filter"]) != 1 || len(asked) != 3 {
			t.Fatalf("List(Eq(%q)) asked %v, want the filter %s and a position", value, asked, filter)
		}
		rest, ok := strings.CutPrefix(text, "userName eq ")
		dec := json.NewDecoder(strings.NewReader(rest))
		var got string
		if !ok || dec.Decode(&got) != nil || got != value || rest[dec.InputOffset():] != ` and id eq "1"` {
			t.Fatalf("Eq(%q) = %s, want one comparison with the value", value, text)
		}
		if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' }) {
			t.Fatalf("Eq(%q) = %q, want control characters escaped", value, text)
		}
	})
}

// TestNastyValues: the same against the service's own parser: each value finds
// the one user that has it.
func TestNastyValues(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	_, c := start(t)
	ids := map[string]string{}
	for _, v := range nasty {
		u := user(v)
		u.Emails[0].Value = "x@example.com"
		made, err := c.Users.Create(ctx, u)
		if err != nil {
			t.Errorf("Create(%q) = %v", v, err)
			continue
		}
		ids[v] = made.ID
	}
	for v, id := range ids {
		if got, err := c.Users.Find(ctx, v); err != nil || got.ID != id || got.UserName != v {
			t.Errorf("Find(%q) = %v, %v, want user %s", v, got, err, id)
		}
	}
	if len(ids) != len(nasty) {
		t.Errorf("%d users, want %d", len(ids), len(nasty))
	}
}

func TestFilter(t *testing.T) {
	t.Parallel()
	eq := scimclient.Eq
	tests := []struct {
		name   string
		filter scimclient.Filter
		want   string // "" with bad: an error
		bad    bool
	}{
		{"everything", scimclient.Filter{}, "", false},
		{"one", eq("userName", "b"), `userName eq "b"`, false},
		{"two", eq("id", "g").And(eq("members", "u")), `id eq "g" and members eq "u"`, false},
		{"three", eq("id", "g").And(eq("a", "1"), eq("b", "2")), `id eq "g" and a eq "1" and b eq "2"`, false},
		{"none and one", scimclient.Filter{}.And(eq("a", "1")), `a eq "1"`, false},
		{"one and none", eq("a", "1").And(scimclient.Filter{}), `a eq "1"`, false},
		{"sub-attribute", eq("name.familyName", "x"), `name.familyName eq "x"`, false},
		{"reference", eq("manager.$ref", "x"), `manager.$ref eq "x"`, false},
		{"extension", eq(scimclient.SchemaEnterpriseUser+":manager.value", "x"), scimclient.SchemaEnterpriseUser + `:manager.value eq "x"`, false},
		{"raw", scimclient.RawFilter(`emails[type eq "work"].value eq "x"`), `emails[type eq "work"].value eq "x"`, false},
		{"raw keeps its or", scimclient.RawFilter(`a eq "1" or b eq "2"`).And(eq("c", "3")), `(a eq "1" or b eq "2") and c eq "3"`, false},
		{"and raw", eq("c", "3").And(scimclient.RawFilter(`a pr or b pr`)), `c eq "3" and (a pr or b pr)`, false},
		{"value is empty", eq("a", ""), `a eq ""`, false},
		{"no attribute", eq("", "x"), "", true},
		{"attribute with an operator", eq(`a eq "1" or b`, "x"), "", true},
		{"attribute begins with a digit", eq("1a", "x"), "", true},
		{"two dots", eq("a.b.c", "x"), "", true},
		{"no sub-attribute", eq("a.", "x"), "", true},
		{"value filter", eq(`emails[type eq "work"].value`, "x"), "", true},
		{"schema that is no URN", eq("http://example.com:a", "x"), "", true},
		{"URN with a space", eq("urn:a b:c", "x"), "", true},
		{"not UTF-8", eq("a", "\xff"), "", true},
		{"raw, empty", scimclient.RawFilter(""), "", true},
		{"raw with a new line", scimclient.RawFilter("a\nb"), "", true},
		{"a bad one first", eq("", "x").And(eq("a", "1")), "", true},
		{"a bad one later", eq("a", "1").And(eq("b", "2"), eq("", "x")), "", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			requests := 0
			_, c := serve(t, func(w http.ResponseWriter, r *http.Request) {
				requests++
				if got := r.URL.Query().Get("filter"); got != tt.want {
					t.Errorf("filter = %s, want %s", got, tt.want)
				}
				w.Write([]byte(`{"totalResults":0}`))
			})
			err := last(c.Groups.List(t.Context(), tt.filter))
			if tt.bad != errors.Is(err, iamscim.ErrInvalidArgument) || tt.bad != (requests == 0) {
				t.Errorf("List = %v with %d requests, want an error and none: %t", err, requests, tt.bad)
			}
			if !tt.bad && tt.filter.String() != tt.want {
				t.Errorf("String = %s, want %s", tt.filter, tt.want)
			}
		})
	}
	if one, same := eq("a", "1"), eq("a", "1"); one != same || one == eq("a", "2") {
		t.Error("filters do not compare by what they say")
	}
}

// FuzzID: an id is one segment below the endpoint, or an error; no proxy that
// cleans or unescapes a path can make another resource of it.
func FuzzID(f *testing.F) {
	for _, id := range []string{"1", "", ".", "..", "../Groups/1", "a/b", "a%2fb", "%2e%2e", "..%2fx", "a/../b", `..\x`, "a/..", "/", "//", "a?b", "a#b", "a;b", "ü", "a b", "\xff", "\x00", "+", "%", "~", ":", "@", "...", ".a"} {
		f.Add(id)
	}
	f.Fuzz(func(t *testing.T, id string) {
		asked := ""
		c, err := scimclient.New("https://h/v1/tenants/u", tokens(testToken), scimclient.WithRate(1_000_000_000), scimclient.WithRetry(iamscim.RetryPolicy{MaxAttempts: 1}),
			scimclient.WithHTTPClient(&http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
				asked = r.URL.String()
				return nil, errors.New("no network here")
			})}))
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.Users.Get(t.Context(), id)
		if errors.Is(err, iamscim.ErrInvalidArgument) {
			if asked != "" {
				t.Fatalf("Get(%q) = %v, but asked %s", id, err, asked)
			}
			return
		}
		const prefix = "https://h/v1/tenants/u/Users/"
		segment, ok := strings.CutPrefix(asked, prefix)
		if got, err := url.PathUnescape(segment); !ok || err != nil || got != id || segment == "" || strings.ContainsAny(segment, "/?#\\") {
			t.Fatalf("Get(%q) asked %s, want one segment that is the id", id, asked)
		}
		// As a careless proxy would clean it.
		if clean := path.Clean("/v1/tenants/u/Users/" + id); !strings.HasPrefix(clean, "/v1/tenants/u/Users/") && clean != "/v1/tenants/u/Users" {
			t.Fatalf("Get(%q) was sent, and leads to %s", id, clean)
		}
		if clean := path.Clean("/v1/tenants/u/Users/" + strings.ReplaceAll(id, `\`, "/")); !strings.HasPrefix(clean, "/v1/tenants/u/Users") {
			t.Fatalf("Get(%q) was sent, and leads to %s", id, clean)
		}
	})
}

// TestIDsThatAreRefused: by every method that takes one.
func TestIDsThatAreRefused(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	var mu sync.Mutex
	var asked []string
	_, c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		asked = append(asked, r.Method+" "+r.URL.Path)
	})
	for _, id := range []string{"", ".", "..", "../Groups/1", "a/../b", `..\1`, "\xff", "a\nb"} {
		patch := new(scimclient.Patch).Deactivate()
		_, get := c.Users.Get(ctx, id)
		_, replace := c.Users.Replace(ctx, &scimclient.User{ID: id, UserName: "u"})
		_, getGroup := c.Groups.Get(ctx, id)
		calls := map[string]error{
			"Users.Get": get, "Users.Replace": replace, "Users.Patch": c.Users.Patch(ctx, id, patch), "Users.Deactivate": c.Users.Deactivate(ctx, id),
			"Users.Delete": c.Users.Delete(ctx, id), "Groups.Get": getGroup, "Groups.Patch": c.Groups.Patch(ctx, id, patch), "Groups.Delete": c.Groups.Delete(ctx, id),
			"Groups.AddMembers": c.Groups.AddMembers(ctx, id, []string{"1"}), "Groups.RemoveMembers": c.Groups.RemoveMembers(ctx, id, []string{"1"}),
		}
		for call, err := range calls {
			if !errors.Is(err, iamscim.ErrInvalidArgument) {
				t.Errorf("%s(%q) = %v, want ErrInvalidArgument", call, id, err)
			}
		}
	}
	// In filters an id is a value: only what cannot be one is refused.
	for _, id := range []string{"", "\xff"} {
		_, err := c.Groups.IsMember(ctx, id, "1")
		_, err2 := c.Groups.IsMember(ctx, "1", id)
		for call, err := range map[string]error{
			"IsMember(group)": err, "IsMember(user)": err2, "GroupsOf": last(c.Groups.GroupsOf(ctx, id)),
			"AddMembers(users)": c.Groups.AddMembers(ctx, "1", []string{"1", id}), "RemoveMembers(users)": c.Groups.RemoveMembers(ctx, "1", []string{id}),
		} {
			if !errors.Is(err, iamscim.ErrInvalidArgument) {
				t.Errorf("%s of %q = %v, want ErrInvalidArgument", call, id, err)
			}
		}
	}
	if err := c.Groups.AddMembers(ctx, "1", nil); !errors.Is(err, iamscim.ErrInvalidArgument) {
		t.Errorf("AddMembers of nobody = %v, want ErrInvalidArgument", err)
	}
	if len(asked) != 0 {
		t.Errorf("requests were sent: %v", asked)
	}
}

// FuzzPath: a path that is sent is one the grammar has, and Where and Sub build
// such paths whatever the value.
func FuzzPath(f *testing.F) {
	for _, v := range nasty {
		f.Add(v)
	}
	for _, p := range []string{"active", "name.givenName", `members[value eq "1"]`, `emails[type eq "work" and value ew "]"].value`, scimclient.SchemaEnterpriseUser + ":manager.value", "a[", "a]", "a[]", "a[b].c.d", "a[b]c", "a.b[c]", "[a]", "a[b[c]]", `a["]`} {
		f.Add(p)
	}
	f.Fuzz(func(t *testing.T, text string) {
		built, err := json.Marshal(new(scimclient.Patch).Remove(scimclient.Path("members").Where(scimclient.Eq("value", text)).Sub("display")))
		if valid := utf8.ValidString(text); valid != (err == nil) {
			t.Fatalf("a path with the value %q: %v, want an error only if it is not UTF-8", text, err)
		}
		if err == nil {
			var m struct{ Operations []struct{ Path string } }
			must(t, json.Unmarshal(built, &m))
			rest, ok := strings.CutPrefix(m.Operations[0].Path, "members[value eq ")
			dec := json.NewDecoder(strings.NewReader(rest))
			var got string
			if !ok || dec.Decode(&got) != nil || got != text || rest[dec.InputOffset():] != "].display" {
				t.Fatalf("a path with the value %q: %s", text, m.Operations[0].Path)
			}
		}
		raw, err := json.Marshal(new(scimclient.Patch).Remove(scimclient.Path(text)))
		if err != nil {
			return
		}
		var m struct{ Operations []struct{ Path string } }
		must(t, json.Unmarshal(raw, &m))
		if m.Operations[0].Path != text || strings.ContainsAny(text, "\n\x00") {
			t.Fatalf("the path %q was sent as %q", text, m.Operations[0].Path)
		}
	})
}
