package scimclient_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/scimclient"
	"github.com/iamscim/iamscim/scimtest"
)

// ids returns "from" to "to" as ids.
func ids(from, to int) []string {
	var list []string
	for i := from; i <= to; i++ {
		list = append(list, strconv.Itoa(i))
	}
	return list
}

// pageJSON is a list response.
func pageJSON(total, start int, ids []string) string {
	page := map[string]any{"totalResults": total, "Resources": []any{}}
	if start > 0 {
		page["startIndex"] = start
	}
	var resources []any
	for _, id := range ids {
		resources = append(resources, map[string]any{"id": id, "userName": "u" + id})
	}
	if resources != nil {
		page["Resources"] = resources
	}
	out, err := json.Marshal(page)
	if err != nil {
		panic(err)
	}
	return string(out)
}

// window is what an RFC server returns of rows at an index.
func window(rows []string, start, count int) []string {
	if start > len(rows) {
		return nil
	}
	return rows[start-1 : min(start-1+count, len(rows))]
}

func TestList(t *testing.T) {
	t.Parallel()
	// A server gets the number of the request, from 1, the index and the
	// count asked for.
	type server func(n, start, count int) string
	rfc := func(rows []string) server {
		return func(_, start, count int) string {
			return pageJSON(len(rows), start, window(rows, start, count))
		}
	}
	capped := func(rows []string, most int) server {
		return func(_, start, count int) string {
			return pageJSON(len(rows), start, window(rows, start, min(count, most)))
		}
	}
	google := func(rows []string) server {
		return func(_, _, count int) string {
			page := rows[:min(100, count, len(rows))]
			return pageJSON(len(page), 1, page)
		}
	}
	// moving has other rows from the nth request on.
	moving := func(before, after []string, n int) server {
		return func(i, start, count int) string {
			rows := before
			if i >= n {
				rows = after
			}
			return pageJSON(len(rows), start, window(rows, start, count))
		}
	}
	tests := []struct {
		name     string
		server   server
		want     []string
		err      error
		says     string
		requests int
	}{
		{"nothing", rfc(nil), nil, nil, "", 1},
		{"one page", rfc(ids(1, 99)), ids(1, 99), nil, "", 1},
		{"exactly a page: is there more?", rfc(ids(1, 100)), ids(1, 100), nil, "", 2},
		{"pages", rfc(ids(1, 250)), ids(1, 250), nil, "", 3},
		{"full pages, which the total counts", rfc(ids(1, 300)), ids(1, 300), nil, "", 3},
		{"a server that caps pages", capped(ids(1, 25), 10), ids(1, 25), nil, "", 3},
		{"a server that caps pages at one", capped(ids(1, 5), 1), ids(1, 5), nil, "", 5},
		{"a server that returns more than asked for", capped(ids(1, 250), 1000), ids(1, 250), nil, "", 3},
		{"Google, few", google(ids(1, 99)), ids(1, 99), nil, "", 1},
		{"Google, exactly 100: nobody can tell", google(ids(1, 100)), ids(1, 100), scimclient.ErrTruncated, "after 100", 2},
		{"Google, many", google(ids(1, 5000)), ids(1, 100), scimclient.ErrTruncated, "does not page", 2},
		{"startIndex ignored, total right", func(_, _, count int) string { return pageJSON(250, 1, ids(1, 100)) },
			ids(1, 100), scimclient.ErrTruncated, "does not page", 2},
		{"startIndex ignored, without startIndex in replies", func(_, _, count int) string { return pageJSON(250, 0, ids(1, 100)) },
			ids(1, 100), scimclient.ErrTruncated, "does not page", 2},
		{"startIndex ignored, in another order", func(n, _, _ int) string {
			if n%2 == 0 {
				return pageJSON(6, 0, []string{"3", "1", "2"})
			}
			return pageJSON(6, 0, ids(1, 3))
		}, ids(1, 3), scimclient.ErrTruncated, "does not page", 2},
		{"total grows by rows at the end", moving(ids(1, 150), ids(1, 250), 2), ids(1, 250), nil, "", 3},
		{"rows come in at the front", moving(ids(1, 150), append([]string{"x", "y"}, ids(1, 150)...), 2), ids(1, 150), nil, "", 2},
		{"total shrinks: a row may have moved to a page read before", moving(ids(1, 250), ids(2, 250), 3), append(ids(1, 200), ids(202, 250)...), scimclient.ErrTruncated, "deleted", 3},
		{"total shrinks to what was read", moving(ids(1, 250), ids(1, 200), 3), ids(1, 200), scimclient.ErrTruncated, "deleted", 3},
		{"total without rows", func(int, int, int) string { return pageJSON(3, 1, nil) }, nil, scimclient.ErrTruncated, "none came", 1},
		{"rows end early", func(n, start, _ int) string {
			if n == 1 {
				return pageJSON(10, 1, ids(1, 5))
			}
			return pageJSON(10, start, nil)
		}, ids(1, 5), scimclient.ErrTruncated, "none came at index 6", 2},
		{"rows are skipped", func(n, start, _ int) string {
			if n == 1 {
				return pageJSON(10, 1, ids(1, 5))
			}
			return pageJSON(10, 8, ids(8, 10))
		}, ids(1, 5), scimclient.ErrTruncated, "skipped", 2},
		{"page after page of the one before", func(n, start, _ int) string {
			return pageJSON(1000, start, ids(max(1, n-1)*3, max(1, n-1)*3+2))
		}, ids(3, 5), scimclient.ErrTruncated, "does not page", 2},
		{"two pages in turn", func(n, start, _ int) string {
			if n%2 == 0 {
				return pageJSON(1000, start, ids(3, 4))
			}
			return pageJSON(1000, start, ids(1, 2))
		}, ids(1, 4), scimclient.ErrTruncated, "does not page", 3},
		{"total is less than the rows", func(int, int, int) string { return pageJSON(2, 1, ids(1, 5)) }, ids(1, 5), nil, "", 1},

		{"a page that is none", func(n, start, _ int) string {
			if n == 1 {
				return pageJSON(200, 1, ids(1, 100))
			}
			return `<html>`
		}, ids(1, 100), iamscim.ErrBadReply, "", 2},
		{"the same row twice in a page", func(int, int, int) string { return pageJSON(3, 1, []string{"1", "2", "1"}) }, ids(1, 2), nil, "", 1},
		{"total as a text", func(int, int, int) string { return `{"totalResults":"1","startIndex":"1","Resources":[{"id":"1"}]}` }, ids(1, 1), nil, "", 1},
		{"total with a fraction", func(int, int, int) string { return `{"totalResults":1.0,"startIndex":[],"Resources":[{"id":"1"}]}` }, ids(1, 1), nil, "", 1},
		{"total below zero", func(int, int, int) string { return `{"totalResults":-1,"Resources":[{"id":"1"}]}` }, nil, iamscim.ErrBadReply, "totalResults", 1},
		{"total of half a row", func(int, int, int) string { return `{"totalResults":0.5,"Resources":[]}` }, nil, iamscim.ErrBadReply, "totalResults", 1},
		{"total without end", func(int, int, int) string { return `{"totalResults":1e300,"Resources":[]}` }, nil, iamscim.ErrBadReply, "totalResults", 1},
		{"a row without id", func(int, int, int) string { return `{"totalResults":2,"Resources":[{"id":"1"},{}]}` },
			ids(1, 1), iamscim.ErrBadReply, "no id", 1},
		{"a row that is null", func(int, int, int) string { return `{"totalResults":1,"Resources":[null]}` }, nil, iamscim.ErrBadReply, "null", 1},
		{"not a list", func(int, int, int) string { return `{"id":"1"}` }, nil, iamscim.ErrBadReply, "totalResults", 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var n atomic.Int32
			_, c := serve(t, func(w http.ResponseWriter, r *http.Request) {
				q := r.URL.Query()
				start, _ := strconv.Atoi(q.Get("startIndex"))
				count, _ := strconv.Atoi(q.Get("count"))
				if r.URL.Path == "/ServiceProviderConfig" {
					replyWith(404, "")(w, r)
					return
				}
				if !q.Has("startIndex") || count != 100 || q.Get("filter") != `a eq "b"` || q.Get("attributes") != "id" {
					t.Errorf("asked %v", q)
				}
				w.Write([]byte(tt.server(int(n.Add(1)), start, count)))
			})
			list := c.Users.List(t.Context(), scimclient.Eq("a", "b"), scimclient.Attributes("id"))
			if n.Load() != 0 {
				t.Errorf("List itself sent %d requests", n.Load())
			}
			var got []string
			var err error
			for u, e := range list {
				if err != nil {
					t.Errorf("an element follows the error: %v, %v", u, e)
				}
				if err = e; err == nil {
					got = append(got, u.ID)
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("ids (-want +got):\n%s", diff)
			}
			if !errors.Is(err, tt.err) || (err == nil) != (tt.err == nil) || err != nil && !strings.Contains(err.Error(), tt.says) {
				t.Errorf("List ended in %v, want %v saying %q", err, tt.err, tt.says)
			}
			if int(n.Load()) != tt.requests {
				t.Errorf("%d requests, want %d", n.Load(), tt.requests)
			}
		})
	}
}

// TestListOfOthers: servers that return fewer than 100 resources in a reply. If
// one counts the resources of the reply as totalResults, its cap says whether
// there can be more.
func TestListOfOthers(t *testing.T) {
	t.Parallel()
	config := func(filter string) string { return `{"patch":{"supported":true},"filter":` + filter + `}` }
	declares := func(n int) string { return config(fmt.Sprintf(`{"supported":true,"maxResults":%d}`, n)) }
	tests := []struct {
		name   string
		config string // "" for 404
		opts   []scimclient.Option
		rows   int
		cap    int
		pages  bool // by startIndex
		counts bool // all rows, as RFC 7644 has it
		want   int
		err    error
	}{
		{"20 of 137, declared", declares(20), nil, 137, 20, false, false, 20, scimclient.ErrTruncated},
		{"50 of 137, declared", declares(50), nil, 137, 50, false, false, 50, scimclient.ErrTruncated},
		{"99 of 137, declared", declares(99), nil, 137, 99, false, false, 99, scimclient.ErrTruncated},
		{"1 of 137, declared", declares(1), nil, 137, 1, false, false, 1, scimclient.ErrTruncated},
		{"20 of 137, declared as a text", config(`{"supported":"true","maxResults":"20"}`), nil, 137, 20, false, false, 20, scimclient.ErrTruncated},
		{"20 of 137, given", "", []scimclient.Option{scimclient.WithMaxResults(20)}, 137, 20, false, false, 20, scimclient.ErrTruncated},
		{"20 of 137, given against what is declared", declares(200), []scimclient.Option{scimclient.WithMaxResults(20)}, 137, 20, false, false, 20, scimclient.ErrTruncated},
		{"20 of 137, counted", "", nil, 137, 20, false, true, 20, scimclient.ErrTruncated},
		{"20 of 137, paged and counted", "", nil, 137, 20, true, true, 137, nil},
		{"20 of 137, paged and declared", declares(20), nil, 137, 20, true, true, 137, nil},
		{"20 of 20, paged and declared", declares(20), nil, 20, 20, true, true, 20, nil},
		{"20 of 20, declared: nobody can tell", declares(20), nil, 20, 20, false, false, 20, scimclient.ErrTruncated},
		{"19 of 19, declared", declares(20), nil, 19, 20, false, false, 19, nil},
		{"none, declared", declares(20), nil, 0, 20, false, false, 0, nil},
		{"30 of 30, more declared than asked for", declares(1000), nil, 30, 100, false, false, 30, nil},
		{"30 of 30, nothing declared", declares(0), nil, 30, 100, false, false, 30, nil},
		{"30 of 30, and a configuration that is none", `<html>`, nil, 30, 100, false, false, 30, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			rows := ids(1, tt.rows)
			configs := 0
			_, c := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/ServiceProviderConfig" {
					if configs++; tt.config == "" {
						w.WriteHeader(404)
					}
					w.Write([]byte(tt.config))
					return
				}
				start := 1
				if tt.pages {
					start, _ = strconv.Atoi(r.URL.Query().Get("startIndex"))
				}
				page := window(rows, start, tt.cap)
				total := len(page)
				if tt.counts {
					total = len(rows)
				}
				w.Write([]byte(pageJSON(total, 1, page)))
			}, tt.opts...)
			for range 2 {
				checkList(t, c, tt.want, tt.err)
			}
			if configs > 1 {
				t.Errorf("the configuration was read %d times, want once", configs)
			}
		})
	}
}

// TestListStops: an early break ends the requests; a second use begins anew.
func TestListStops(t *testing.T) {
	t.Parallel()
	var n atomic.Int32
	_, c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		n.Add(1)
		start, _ := strconv.Atoi(r.URL.Query().Get("startIndex"))
		w.Write([]byte(pageJSON(300, start, window(ids(1, 300), start, 100))))
	})
	list := c.Groups.List(t.Context(), scimclient.Filter{})
	for range 2 {
		n.Store(0)
		rows := 0
		for _, err := range list {
			must(t, err)
			if rows++; rows == 150 {
				break
			}
		}
		if rows != 150 || n.Load() != 2 {
			t.Errorf("%d rows in %d requests, want 150 in 2", rows, n.Load())
		}
	}
}

// TestListFromTheService: the fake pages as the service documents.
func TestListFromTheService(t *testing.T) {
	t.Parallel()
	server, c := start(t, scimtest.WithBehavior(scimtest.EmailRule, "ANY"))
	for i := range 101 {
		if i == 99 {
			checkList(t, c, 99, nil)
		}
		if _, err := server.AddUser(testTenant, fmt.Appendf(nil, `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"u%d"}`, i)); err != nil {
			t.Fatal(err)
		}
	}
	checkList(t, c, 100, scimclient.ErrTruncated)
	rows := 0
	for u, err := range c.Users.List(t.Context(), scimclient.Eq("userName", "U7")) {
		must(t, err)
		if rows++; u.UserName != "u7" {
			t.Errorf("List of u7 = %s", u.UserName)
		}
	}
	if rows != 1 {
		t.Errorf("List of u7 = %d users, want 1", rows)
	}
}

func checkList(t *testing.T, c *scimclient.Client, want int, wantErr error) {
	t.Helper()
	rows := 0
	var last error
	for _, err := range c.Users.List(t.Context(), scimclient.Filter{}) {
		if last = err; err == nil {
			rows++
		}
	}
	if rows != want || !errors.Is(last, wantErr) {
		t.Errorf("List = %d users and %v, want %d and %v", rows, last, want, wantErr)
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	row := func(id, name string) string { return fmt.Sprintf(`{"id":"%s","displayName":"%s"}`, id, name) }
	tests := []struct {
		name string
		body string
		want string
		err  error
		says string
	}{
		{"none", `{"totalResults":0}`, "", scimclient.ErrNotFound, ""},
		{"one", `{"totalResults":1,"Resources":[` + row("1", "Eng") + `]}`, "1", nil, ""},
		{"one in other letters", `{"totalResults":1,"Resources":[` + row("1", "eng") + `]}`, "1", nil, ""},
		{"two that differ in letters: the exact one", `{"totalResults":2,"Resources":[` + row("1", "eng") + "," + row("2", "Eng") + `]}`, "2", nil, ""},
		{"two of the name, which RFC 7643 allows", `{"totalResults":2,"Resources":[` + row("1", "Eng") + "," + row("2", "Eng") + `]}`, "", scimclient.ErrNotUnique, "1, 2"},
		{"two in other letters", `{"totalResults":2,"Resources":[` + row("1", "eNg") + "," + row("2", "enG") + `]}`, "", scimclient.ErrNotUnique, "1, 2"},
		{"the filter was ignored", `{"totalResults":2,"Resources":[` + row("1", "a") + "," + row("2", "b") + `]}`, "", iamscim.ErrBadReply, "ignored the filter"},
		{"the filter was ignored, the name is among all", `{"totalResults":2,"Resources":[` + row("1", "a") + "," + row("2", "Eng") + `]}`, "2", nil, ""},
		{"announced and not sent", `{"totalResults":1}`, "", iamscim.ErrBadReply, "and has none"},
		{"without id", `{"totalResults":1,"Resources":[{"displayName":"Eng"}]}`, "", iamscim.ErrBadReply, "no id"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, c := serve(t, func(w http.ResponseWriter, r *http.Request) { w.Write([]byte(tt.body)) })
			g, err := c.Groups.Find(t.Context(), "Eng")
			if !errors.Is(err, tt.err) || (err == nil) != (tt.err == nil) || err == nil && g.ID != tt.want || err != nil && !strings.Contains(err.Error(), tt.says) {
				t.Errorf("Find = %v, %v, want %q, %v saying %q", g, err, tt.want, tt.err, tt.says)
			}
			if err != nil && strings.Contains(err.Error(), "Eng") {
				t.Errorf("Find = %v, which shows the name", err)
			}
		})
	}
	_, c := start(t)
	for _, name := range []string{"", "\xff"} {
		if _, err := c.Users.Find(t.Context(), name); !errors.Is(err, iamscim.ErrInvalidArgument) {
			t.Errorf("Find(%q) = %v, want ErrInvalidArgument", name, err)
		}
	}
}
