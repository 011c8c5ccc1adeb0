package okta_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/internal/oktafake"
	"github.com/iamscim/iamscim/provision/idp"
	"github.com/iamscim/iamscim/provision/okta"
)

// rewriting changes the replies to a list's pages.
func rewriting(o *oktafake.Okta, path string, change func(page int, h http.Header, body string) string) http.Handler {
	page := 0
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec := httptest.NewRecorder()
		o.ServeHTTP(rec, r)
		body := rec.Body.String()
		if r.URL.Path == path && rec.Code == http.StatusOK && r.URL.Query().Get("limit") != "1" {
			page++
			body = change(page, rec.Header(), body)
		}
		for name, values := range rec.Header() {
			w.Header()[name] = values
		}
		w.WriteHeader(rec.Code)
		_, _ = w.Write([]byte(body))
	})
}

// cursor is a place in a list, as the fake writes it.
func cursor(n int) string {
	return base64.RawURLEncoding.EncodeToString([]byte("cursor" + strconv.Itoa(n)))
}

const usersPath = "/api/v1/apps/" + oktafake.App + "/users"

func TestLinks(t *testing.T) {
	t.Parallel()
	next := func(h http.Header, target string) {
		h["Link"] = []string{`<http://x/self>; rel="self"`, "<" + target + `>; rel="next"`}
	}
	tests := []struct {
		name   string
		change func(page int, h http.Header, self string)
		want   string // of the error; "" for a whole list
	}{
		{"as Okta sends them", func(int, http.Header, string) {}, ""},
		{"in one header", func(_ int, h http.Header, _ string) { h.Set("Link", strings.Join(h["Link"], ", ")) }, ""},
		{"in one header, without a space", func(_ int, h http.Header, _ string) { h.Set("Link", strings.Join(h["Link"], ",")) }, ""},
		{"without quotation marks", func(_ int, h http.Header, _ string) {
			for i, v := range h["Link"] {
				h["Link"][i] = strings.NewReplacer(`"self"`, "self", `"next"`, "NEXT ; title=x").Replace(v)
			}
		}, ""},
		{"relative", func(_ int, h http.Header, self string) {
			for i, v := range h["Link"] {
				h["Link"][i] = strings.Replace(v, self, "", 1)
			}
		}, ""},
		{"the same page again", func(page int, h http.Header, self string) {
			if page >= 2 {
				next(h, self+usersPath+"?limit=500&expand=user&after="+cursor(2))
			}
		}, "page 3 links to a page that was read already"},
		{"the first page again", func(page int, h http.Header, self string) { next(h, self+usersPath+"?expand=user&limit=500") }, "page 1 links to a page that was read already"},
		{"another host", func(_ int, h http.Header, _ string) { next(h, "http://127.0.0.1:9"+usersPath+"?after=x") }, "another host than Org"},
		{"another scheme", func(_ int, h http.Header, self string) {
			next(h, strings.Replace(self, "http:", "https:", 1)+usersPath+"?after=x")
		}, "another host than Org"},
		{"a user", func(_ int, h http.Header, self string) {
			next(h, strings.Replace(self, "http://", "http://a:b@", 1)+usersPath+"?after=x")
		}, "another host than Org"},
		{"another list", func(_ int, h http.Header, self string) { next(h, self+"/api/v1/users?after=x") }, "another list"},
		{"another list, escaped", func(_ int, h http.Header, self string) {
			next(h, self+"/api/v1/apps/"+oktafake.App+"/users%2f..%2fgroups?after=x")
		}, "another list"},
		{"not a URL", func(_ int, h http.Header, _ string) { next(h, "http://[::1") }, "isn't a URL"},
		{"too long", func(_ int, h http.Header, self string) {
			next(h, self+usersPath+"?after="+strings.Repeat("x", 9000))
		}, "too long"},
		{"two of them", func(_ int, h http.Header, self string) {
			h.Add("Link", "<"+self+usersPath+`?after=other>; rel="next"`)
			h.Add("Link", "<"+self+usersPath+`?after=another>; rel="next"`)
		}, "two next links"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			o := acme(7)
			o.PageSize = 2
			self := ""
			s := httptest.NewServer(rewriting(o, usersPath, func(page int, h http.Header, body string) string {
				test.change(page, h, self)
				return body
			}))
			defer s.Close()
			self = s.URL
			r, err := client(t, o, s.URL, s.Client()).Roster(t.Context(), okta.RosterOptions{})
			if err != nil {
				t.Fatal(err)
			}
			users := 0
			err = idp.Each(r.Users, func(idp.User) error { users++; return nil })
			if test.want == "" {
				if err != nil || users != 7 {
					t.Errorf("%d users, %v", users, err)
				}
				return
			}
			if e := failure(t, err, iamscim.ErrBadReply); !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "after=") || e.Status != 0 {
				t.Errorf("%v, want %q", err, test.want)
			}
		})
	}
}

func TestOddPages(t *testing.T) {
	t.Parallel()
	row := func(id string) string {
		return fmt.Sprintf(`{"id":%q,"status":"PROVISIONED","credentials":{"userName":"u"}}`, id)
	}
	full := make([]string, 500)
	for i := range full {
		full[i] = row(person(i))
	}
	tests := []struct {
		name   string
		change func(page int, h http.Header, body string) string
		want   string
	}{
		{"an empty page in the middle", func(page int, h http.Header, body string) string {
			if page == 2 {
				return "[]"
			}
			return body
		}, ""},
		{"a full page whose headers a proxy took", func(_ int, h http.Header, _ string) string {
			h.Del("Link")
			return "[" + strings.Join(full, ",") + "]"
		}, "is full and has no Link header"},
		{"an element without an ID", func(page int, _ http.Header, body string) string {
			return strings.Replace(body, `"id":"`+person(2)+`",`, "", 1)
		}, "page 2 has an element without an id and a status"},
		{"an element that is null", func(page int, _ http.Header, body string) string { return "[null]" }, "page 1 has an element without"},
		{"pages that never end", func(page int, h http.Header, _ string) string {
			h["Link"] = []string{fmt.Sprintf(`<%s?after=%s>; rel="next"`, usersPath, cursor(page))}
			return "[]"
		}, "page 101 is empty, as 100 before it"},
		{"null", func(int, http.Header, string) string { return "null" }, "the reply is null"},
		{"an object", func(int, http.Header, string) string { return "{}" }, "the reply has the JSON type object"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			o := acme(5)
			o.PageSize = 2
			s := httptest.NewServer(rewriting(o, usersPath, test.change))
			defer s.Close()
			r, err := client(t, o, s.URL, s.Client()).Roster(t.Context(), okta.RosterOptions{})
			if err != nil {
				t.Fatal(err)
			}
			err = idp.Each(r.Users, func(idp.User) error { return nil })
			if test.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if failure(t, err, iamscim.ErrBadReply); !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v, want %q", err, test.want)
			}
			if strings.Contains(test.name, "proxy") && !errors.Is(err, idp.ErrCut) {
				t.Errorf("%v isn't ErrCut", err)
			}
		})
	}
}

// Okta's number of members guards each group against pages that are missing.
func TestCounts(t *testing.T) {
	t.Parallel()
	o := acme(4)
	o.Groups[1].Count = new(9)
	c := start(t, o)
	r, err := c.Roster(t.Context(), okta.RosterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	err = idp.Each(r.Memberships, func(idp.Membership) error { return nil })
	if failure(t, err, idp.ErrCut); !strings.Contains(err.Error(), "lists 2 members, and says that there are 9") {
		t.Error(err)
	}
	r, err = c.Roster(t.Context(), okta.RosterOptions{IgnoreCounts: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := idp.Each(r.Memberships, func(idp.Membership) error { return nil }); err != nil {
		t.Errorf("IgnoreCounts: %v", err)
	}
	// Somebody leaves the group between the number and the list.
	o.Do(func() { o.Groups[1].Count = nil })
	r, err = c.Roster(t.Context(), okta.RosterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := idp.Each(r.Groups, func(idp.Group) error { return nil }); err != nil {
		t.Fatal(err)
	}
	o.Do(func() { o.Groups[0].Members = o.Groups[0].Members[1:] })
	if err := idp.Each(r.Memberships, func(idp.Membership) error { return nil }); err != nil {
		t.Errorf("one member less since the groups were listed: %v", err)
	}
}

// A context that ends in the middle of a list ends the list with its error.
func TestContextEnds(t *testing.T) {
	t.Parallel()
	o := acme(6)
	o.PageSize = 2
	ctx, cancel := context.WithCancel(t.Context())
	r, err := start(t, o).Roster(ctx, okta.RosterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	err = idp.Each(r.Users, func(idp.User) error {
		if n++; n == 3 {
			cancel()
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) || n > 4 {
		t.Errorf("%v after %d users", err, n)
	}
}
