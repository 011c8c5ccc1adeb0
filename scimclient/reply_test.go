package scimclient_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/scimclient"
)

// FuzzReply: whatever a server answers, no call panics or hangs, every failure
// is an *Error, and its text is free of what the server said.
func FuzzReply(f *testing.F) {
	for _, body := range []string{
		"", "{}", "null", "[]", `{"id":"1"}`, `{"id":1}`, `{"totalResults":1,"Resources":[{"id":"1"}]}`, `{"totalResults":"1"}`, `{"totalResults":100,"nextCursor":"x","Resources":[{"id":"1"}]}`,
		`{"status":"400","scimType":"uniqueness","detail":"bjensen@example.com"}`, `{"status":404,"detail":1}`, `{"error":{"code":403,"message":"bjensen@example.com"}}`, `{"error":"x"}`,
		"<html>bjensen@example.com</html>", "\xff\xfe", `{"scimType":"bjensen@example.com"}`, `{"patch":{"supported":1}}`, `{"totalResults":1,"Resources":[{"id":"1","emails":"x"}]}`,
	} {
		for _, status := range []int{200, 201, 204, 400, 401, 409, 429, 500, 302, 100} {
			f.Add(status, body)
		}
	}
	f.Fuzz(func(t *testing.T, status int, body string) {
		if status < 100 || status > 999 {
			return
		}
		// Virtual time: a 429 stops a client for a while.
		synctest.Test(t, func(t *testing.T) { replyToAll(t, status, body) })
	})
}

// replyToAll makes each call with the same reply to everything.
func replyToAll(t *testing.T, status int, body string) {
	requests := 0
	transport := roundTripper(func(*http.Request) (*http.Response, error) {
		if requests++; requests > 200 {
			return nil, errors.New("too many")
		}
		return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body))}, nil
	})
	c, err := scimclient.New("https://h", tokens("t"), scimclient.WithHTTPClient(&http.Client{Transport: transport}),
		scimclient.WithRate(1_000_000_000), scimclient.WithRetry(iamscim.RetryPolicy{MaxAttempts: 1, Replication: 1}))
	must(t, err)
	ctx := t.Context()
	errs := []error{
		second(c.CheckAccess(ctx)), second(c.ServiceProviderConfig(ctx)), second(c.Schemas(ctx)), second(c.ResourceTypes(ctx)),
		second(c.Users.Get(ctx, "1")), second(c.Users.Find(ctx, "u")), second(c.Users.Create(ctx, &scimclient.User{UserName: "u"})),
		second(c.Users.Replace(ctx, &scimclient.User{ID: "1"})), c.Users.Deactivate(ctx, "1"), c.Users.Delete(ctx, "1"), last(c.Users.List(ctx, scimclient.Filter{})),
		second(c.Groups.IsMember(ctx, "1", "2")), c.Groups.AddMembers(ctx, "1", []string{"2"}), last(c.Groups.GroupsOf(ctx, "2")),
	}
	if requests > 200 {
		t.Fatalf("more than 200 requests for %d %q", status, body)
	}
	for i, err := range errs {
		if err == nil {
			continue
		}
		var e *scimclient.Error
		if !errors.As(err, &e) {
			t.Errorf("call %d for %d %q: %v, want an *Error", i, status, body, err)
		}
		if strings.Contains(body, "bjensen") && strings.Contains(err.Error(), "bjensen") {
			t.Errorf("call %d for %d %q shows what the server said: %v", i, status, body, err)
		}
	}
}

// TestErrorTexts: as a reader gets them.
func TestErrorTexts(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		status int
		body   string
		want   string
		long   string // with %+v, "" for the same
	}{
		{"404", 404, ``, "scimclient: Users.Get User 1: not found: HTTP 404", ""},
		{"400", 400, `{"scimType":"invalidFilter","detail":"say x"}`,
			"scimclient: Users.Get User 1: invalid argument: HTTP 400 invalidFilter", `scimclient: Users.Get User 1: invalid argument: HTTP 400 invalidFilter: the service said "say x"`},
		{"400 about attributes", 400, `{"scimType":"invalidValue","detail":"Emails[0] of bjensen: USERNAME already"}`,
			"scimclient: Users.Get User 1: invalid argument: HTTP 400 invalidValue: the service names emails, userName",
			`scimclient: Users.Get User 1: invalid argument: HTTP 400 invalidValue: the service names emails, userName: the service said "Emails[0] of bjensen: USERNAME already"`},
		{"500", 500, `{"detail":"x"}`, "scimclient: Users.Get User 1: unavailable: HTTP 500 (after 4 attempts); the service failed, which may pass: try later", `scimclient: Users.Get User 1: unavailable: HTTP 500: the service said "x" (after 4 attempts); the service failed, which may pass: try later`},
		{"200, of another shape", 200, `["1"]`, "scimclient: Users.Get User 1: bad reply: HTTP 200: the reply is JSON of another kind: a JSON array; check that the base URI is that of a SCIM service and that no proxy answers in its place", ""},
		{"200, of another", 200, `{"id":"2"}`, "scimclient: Users.Get User 1: bad reply: HTTP 200: the reply is about another resource; check that the base URI is that of a SCIM service and that no proxy answers in its place", ""},
	}
	for _, tt := range tests {
		_, c := serve(t, replyWith(tt.status, tt.body))
		_, err := c.Users.Get(t.Context(), "1")
		if tt.long == "" {
			tt.long = tt.want
		}
		for verb, want := range map[string]string{"%v": tt.want, "%s": tt.want, "%q": fmt.Sprintf("%q", tt.want), "%+v": tt.long} {
			if got := fmt.Sprintf(verb, err); got != want {
				t.Errorf("%s printed with %s:\n got %s\nwant %s", tt.name, verb, got, want)
			}
		}
		if err.Error() != tt.want {
			t.Errorf("%s: Error() = %s, want %s", tt.name, err, tt.want)
		}
	}
}

// TestClientPrintsNoToken: with every verb, also of sources that hold it in
// plain sight.
func TestClientPrintsNoToken(t *testing.T) {
	t.Parallel()
	c, err := scimclient.New("https://h", plainSource{testToken})
	must(t, err)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		for _, v := range []any{c, c.Users, c.Groups, struct{ c *scimclient.Client }{c}} {
			if text := fmt.Sprintf(verb, v); strings.Contains(text, testToken) {
				t.Errorf("%s shows the token: %s", verb, text)
			}
		}
	}
}

// TestRemoveMembersNoTarget: a server that refuses to remove who is no member.
func TestRemoveMembersNoTarget(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		members []string
		patches int
		err     error
	}{
		{"one of two is a member", []string{"a"}, 2, nil},
		{"none is", nil, 1, nil},
		{"both are, says the server, and refuses all the same", []string{"a", "b"}, 1, iamscim.ErrInvalidArgument},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			patches := 0
			var removed []string
			_, c := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if r.Method == "GET" {
					for _, m := range append(tt.members, "control") {
						if strings.Contains(r.URL.RawQuery, url.QueryEscape(`members eq "`+m+`"`)) {
							io.WriteString(w, pageJSON(1, 1, []string{"g"}))
							return
						}
					}
					io.WriteString(w, pageJSON(0, 1, nil))
					return
				}
				body, _ := io.ReadAll(r.Body)
				if patches++; patches == 1 {
					replyWith(400, `{"scimType":"noTarget"}`)(w, r)
					return
				}
				for _, m := range []string{"a", "b"} {
					if strings.Contains(string(body), `\"`+m+`\"`) {
						removed = append(removed, m)
					}
				}
				w.WriteHeader(204)
			})
			_, err := c.Groups.IsMember(t.Context(), "g", "control")
			must(t, err)
			err = c.Groups.RemoveMembers(t.Context(), "g", []string{"a", "b"})
			if !errors.Is(err, tt.err) || (err == nil) != (tt.err == nil) || patches != tt.patches {
				t.Errorf("RemoveMembers = %v after %d patches, want %v after %d", err, patches, tt.err, tt.patches)
			}
			if patches == 2 && !slices.Equal(removed, tt.members) {
				t.Errorf("removed (-want +got):\n%s", cmp.Diff(tt.members, removed))
			}
		})
	}
	// The fake, as the RFC has it, takes no offence.
	_, c := start(t)
	g, u := mustCreateGroup(t, c, "g"), mustCreate(t, c, "a@example.com")
	if err := c.Groups.RemoveMembers(t.Context(), g.ID, []string{u.ID, "nobody"}); err != nil {
		t.Errorf("RemoveMembers of who is none = %v, want nil", err)
	}
}
