package scimclient_test

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/scimclient"
	"github.com/iamscim/iamscim/scimtest"
)

var update = flag.Bool("update", false, "rewrite testdata/faults.txt")

// faultCall is a method of the client as the fault table knows it.
type faultCall struct {
	name string

	// method and path are those of its own request, which the fault hits.
	method, path string

	// do makes the call, and fails if its result is wrong.
	do func(ctx context.Context, c *scimclient.Client) error

	// any: nothing in the reply shows that it is the answer to another
	// question.
	any bool

	// applied counts how often what a change makes is there; nil for reads.
	applied func(users, groups []map[string]any) int
}

func want[T comparable](what string, got, want T, err error) error {
	if err == nil && got != want {
		return fmt.Errorf("WRONG RESULT: %s is %v, want %v", what, got, want)
	}
	return err
}

func countRows[T any](seq func(func(*T, error) bool)) (n int, err error) {
	for _, e := range seq {
		if e != nil {
			return n, e
		}
		n++
	}
	return n, nil
}

var faultCalls = []faultCall{
	{"CheckAccess", "GET", "Users", func(ctx context.Context, c *scimclient.Client) error { _, err := c.CheckAccess(ctx); return err }, false, nil},
	{"WaitAccess", "GET", "Users", func(ctx context.Context, c *scimclient.Client) error { _, err := c.WaitAccess(ctx); return err }, false, nil},
	{"WaitToken", "GET", "Users", func(ctx context.Context, c *scimclient.Client) error { _, err := c.WaitToken(ctx); return err }, false, nil},
	{"ServiceProviderConfig", "GET", "ServiceProviderConfig", func(ctx context.Context, c *scimclient.Client) error {
		cfg, err := c.ServiceProviderConfig(ctx)
		return want("patch", err == nil && cfg.Patch.Supported, true, err)
	}, true, nil},
	{"Schemas", "GET", "Schemas", func(ctx context.Context, c *scimclient.Client) error {
		s, err := c.Schemas(ctx)
		return want("some schemas", len(s) > 1, true, err)
	}, true, nil},
	{"ResourceTypes", "GET", "ResourceTypes", func(ctx context.Context, c *scimclient.Client) error {
		_, err := c.ResourceTypes(ctx)
		if errors.Is(err, scimclient.ErrUnsupported) {
			return nil // the service has no such endpoint
		}
		return want("supported", err == nil, false, err)
	}, true, nil},
	{"Users.Get", "GET", "Users/u1", func(ctx context.Context, c *scimclient.Client) error {
		u, err := c.Users.Get(ctx, "u1")
		return want("found", err == nil && u.UserName == "a@example.com", true, err)
	}, false, nil},
	{"Users.Find", "GET", "Users", func(ctx context.Context, c *scimclient.Client) error {
		u, err := c.Users.Find(ctx, "a@example.com")
		return want("found", err == nil && u.ID == "u1", true, err)
	}, false, nil},
	{"Users.List", "GET", "Users", func(ctx context.Context, c *scimclient.Client) error {
		n, err := countRows(c.Users.List(ctx, scimclient.Filter{}))
		return want("users", n, 2, err)
	}, true, nil},
	{"Groups.Get", "GET", "Groups/g1", func(ctx context.Context, c *scimclient.Client) error {
		g, err := c.Groups.Get(ctx, "g1")
		return want("found", err == nil && g.DisplayName == "eng", true, err)
	}, false, nil},
	{"Groups.Find", "GET", "Groups", func(ctx context.Context, c *scimclient.Client) error {
		g, err := c.Groups.Find(ctx, "eng")
		return want("found", err == nil && g.ID == "g1", true, err)
	}, false, nil},
	{"Groups.List", "GET", "Groups", func(ctx context.Context, c *scimclient.Client) error {
		n, err := countRows(c.Groups.List(ctx, scimclient.Filter{}))
		return want("groups", n, 2, err)
	}, true, nil},
	{"Groups.IsMember", "GET", "Groups", func(ctx context.Context, c *scimclient.Client) error {
		is, err := c.Groups.IsMember(ctx, "g1", "u2")
		return want("member", is, true, err)
	}, false, nil},
	{"Groups.GroupsOf", "GET", "Groups", func(ctx context.Context, c *scimclient.Client) error {
		n, err := countRows(c.Groups.GroupsOf(ctx, "u2"))
		return want("groups", n, 1, err)
	}, true, nil},
	{"Groups.MemberFilterWorks", "GET", "Groups", func(ctx context.Context, c *scimclient.Client) error {
		works, err := c.Groups.MemberFilterWorks(ctx, scimclient.Membership{GroupID: "g1", UserID: "u2"}, scimclient.Membership{GroupID: "g1", UserID: "u1"})
		return want("works", works, true, err)
	}, true, nil},

	{"Users.Create", "POST", "Users", func(ctx context.Context, c *scimclient.Client) error {
		u, err := c.Users.Create(ctx, user("new@example.com"))
		return want("made", err == nil && u.ID != "" && u.UserName == "new@example.com", true, err)
	}, false, func(users, _ []map[string]any) int { return having(users, "userName", "new@example.com") }},
	{"Users.Replace", "PUT", "Users/u1", func(ctx context.Context, c *scimclient.Client) error {
		u := user("a@example.com")
		u.ID, u.Title = "u1", "T"
		got, err := c.Users.Replace(ctx, u)
		return want("title", err == nil && got.Title == "T", true, err)
	}, false, func(users, _ []map[string]any) int { return having(users, "title", "T") }},
	{"Users.Patch", "PATCH", "Users/u1", func(ctx context.Context, c *scimclient.Client) error {
		return c.Users.Patch(ctx, "u1", new(scimclient.Patch).Replace("title", "T"))
	}, false, func(users, _ []map[string]any) int { return having(users, "title", "T") }},
	{"Users.Patch (add)", "PATCH", "Users/u1", func(ctx context.Context, c *scimclient.Client) error {
		return c.Users.Patch(ctx, "u1", new(scimclient.Patch).Add("title", "T"))
	}, false, func(users, _ []map[string]any) int { return having(users, "title", "T") }},
	{"Users.Deactivate", "PATCH", "Users/u1", func(ctx context.Context, c *scimclient.Client) error { return c.Users.Deactivate(ctx, "u1") }, false,
		func(users, _ []map[string]any) int { return having(users, "active", false) }},
	{"Users.Delete", "DELETE", "Users/u1", func(ctx context.Context, c *scimclient.Client) error { return c.Users.Delete(ctx, "u1") }, false,
		func(users, _ []map[string]any) int { return 1 - having(users, "id", "u1") }},
	{"Groups.Create", "POST", "Groups", func(ctx context.Context, c *scimclient.Client) error {
		g, err := c.Groups.Create(ctx, &scimclient.Group{DisplayName: "new", ExternalID: "x"})
		return want("made", err == nil && g.ID != "" && g.DisplayName == "new", true, err)
	}, false, func(_, groups []map[string]any) int { return having(groups, "displayName", "new") }},
	{"Groups.Patch", "PATCH", "Groups/g1", func(ctx context.Context, c *scimclient.Client) error {
		return c.Groups.Patch(ctx, "g1", new(scimclient.Patch).Replace("externalId", "X"))
	}, false, func(_, groups []map[string]any) int { return having(groups, "externalId", "X") }},
	{"Groups.Delete", "DELETE", "Groups/g1", func(ctx context.Context, c *scimclient.Client) error { return c.Groups.Delete(ctx, "g1") }, false,
		func(_, groups []map[string]any) int { return 1 - having(groups, "id", "g1") }},
	{"Groups.AddMembers", "PATCH", "Groups/g1", func(ctx context.Context, c *scimclient.Client) error {
		return c.Groups.AddMembers(ctx, "g1", []string{"u1"})
	}, false, func(_, groups []map[string]any) int { return members(groups, "g1", "u1") }},
	{"Groups.RemoveMembers", "PATCH", "Groups/g1", func(ctx context.Context, c *scimclient.Client) error {
		return c.Groups.RemoveMembers(ctx, "g1", []string{"u2"})
	}, false, func(_, groups []map[string]any) int { return 1 - members(groups, "g1", "u2") }},
}

func having(resources []map[string]any, name string, value any) (n int) {
	for _, r := range resources {
		if r[name] == value {
			n++
		}
	}
	return n
}

func members(groups []map[string]any, group, user string) (n int) {
	for _, g := range groups {
		list, _ := g["members"].([]any)
		for _, m := range list {
			if g["id"] == group && m.(map[string]any)["value"] == user {
				n++
			}
		}
	}
	return n
}

// faultCase is one way a request goes wrong, once.
type faultCase struct {
	name  string
	fault scimtest.Fault
	// Faults of the network between, or of the caller.
	refused, cancelled bool
	timeout            time.Duration
}

var faultCases = []faultCase{
	{name: "408", fault: scimtest.Fault{Status: 408}},
	{name: "429", fault: scimtest.Fault{Status: 429, Header: http.Header{"Retry-After": {"7"}}}},
	{name: "500", fault: scimtest.Fault{Status: 500}},
	{name: "502", fault: scimtest.Fault{Status: 502, Body: []byte("<html>Bad Gateway</html>")}},
	{name: "503", fault: scimtest.Fault{Status: 503}},
	{name: "504", fault: scimtest.Fault{Status: 504, Body: []byte{}}},
	{name: "refused", refused: true},
	{name: "reset", fault: scimtest.Fault{Kind: scimtest.FaultClose}},
	{name: "cut header", fault: scimtest.Fault{Kind: scimtest.FaultCutHeader}},
	{name: "cut body", fault: scimtest.Fault{Kind: scimtest.FaultCutBody, Status: 200, Body: []byte(`{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"id":"u1"}`)}},
	{name: "stall", fault: scimtest.Fault{Kind: scimtest.FaultStall}, timeout: 30 * time.Second},
	{name: "stall, no deadline", fault: scimtest.Fault{Kind: scimtest.FaultStall}},
	{name: "html", fault: scimtest.Fault{Status: 200, Body: []byte("<html>Welcome</html>"), Header: http.Header{"Content-Type": {"text/html"}}}},
	{name: "empty", fault: scimtest.Fault{Status: 200, Body: []byte{}}},
	{name: "{}", fault: scimtest.Fault{Status: 200, Body: []byte("{}")}},
	{name: "wrong id", fault: scimtest.Fault{Status: 200, Body: []byte(`{"id":"other","userName":"other","displayName":"other","totalResults":1,"patch":{},"Resources":[{"id":"other","userName":"other","displayName":"other"}]}`)}},
	{name: "oversized", fault: scimtest.Fault{Status: 200, PadTo: 16<<20 + 1}},
	{name: "redirect", fault: scimtest.Fault{Kind: scimtest.FaultRedirect, Header: http.Header{"Location": {"https://elsewhere.example.com/"}}}},
	{name: "cancelled", cancelled: true},
}

// TestFaults: every method, every fault, before and after the change is made.
// The cells are in testdata/faults.txt; what must hold in all of them is
// checked besides.
func TestFaults(t *testing.T) {
	t.Parallel()
	cells := map[string]string{}
	for _, call := range faultCalls {
		for _, fault := range faultCases {
			for _, after := range []bool{false, true} {
				when := "before"
				if after {
					when = "after"
				}
				t.Run(call.name+"/"+fault.name+"/"+when, func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						cells[call.name+"/"+fault.name+"/"+when] = faultCell(t, call, fault, after)
					})
				})
			}
		}
	}
	got := faultTable(cells)
	if *update {
		must(t, os.WriteFile("testdata/faults.txt", []byte(got), 0o644))
	}
	golden, err := os.ReadFile("testdata/faults.txt")
	must(t, err)
	if diff := cmp.Diff(string(golden), got); diff != "" {
		t.Errorf("the table (-want +got):\n%s", diff)
	}
}

// faultCell plays one cell and describes its end: the outcome, the attempts the
// client counts, the requests the server saw, and whether the change was made.
func faultCell(t *testing.T, call faultCall, fault faultCase, after bool) string {
	s := scimtest.New(scimtest.WithSyncerGranted())
	defer s.Close()
	network := &brokenNetwork{base: s.PipeHTTPClient().Transport, method: call.method}
	baseURI := seed(t, s)
	for _, err := range []error{
		second(s.AddUser(testTenant, []byte(`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"id":"u1","externalId":"ext-a","userName":"a@example.com","active":true,"emails":[{"type":"work","value":"a@example.com"}]}`))),
		second(s.AddUser(testTenant, []byte(`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"id":"u2","userName":"b@example.com","emails":[{"type":"work","value":"b@example.com"}]}`))),
		second(s.AddGroup(testTenant, []byte(`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"id":"g1","displayName":"eng","members":[{"value":"u2"}]}`))),
		second(s.AddGroup(testTenant, []byte(`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"id":"g2","displayName":"ops"}`))),
	} {
		must(t, err)
	}
	c, err := scimclient.New(baseURI, tokens(testToken), scimclient.WithHTTPClient(&http.Client{Transport: network}),
		scimclient.WithRetry(iamscim.RetryPolicy{Initial: time.Second, MaxAttempts: 4, Replication: 10 * time.Second}))
	must(t, err)

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	if fault.timeout > 0 {
		ctx, cancel = context.WithTimeout(ctx, fault.timeout)
		defer cancel()
	}
	f := fault.fault
	f.Method, f.Path, f.AfterCommit = call.method, call.path, after
	switch {
	case fault.refused && after:
		// The reply is lost, and then nobody is there for a moment.
		f.Kind, network.refuse = scimtest.FaultClose, 2
		s.Fail(f)
	case fault.refused:
		network.refuse = 1
	case fault.cancelled && after:
		network.cancel = cancel
	case fault.cancelled:
		cancel()
	default:
		s.Fail(f)
	}
	begin := time.Now()
	err = call.do(ctx, c)
	took := time.Since(begin)

	state := ""
	if call.applied != nil {
		n := call.applied(directory(t, s))
		state = map[int]string{0: " -", 1: " +"}[n]
		if n > 1 {
			t.Errorf("done %d times", n)
		}
		switch {
		case err == nil && n != 1:
			t.Error("the call succeeded and the change is not there")
		case err != nil && n == 1 && !errors.Is(err, iamscim.ErrOutcomeUnknown):
			t.Errorf("the change is there, and the call says it failed: %v", err)
		}
	}
	if len(s.UnusedFaults()) > 0 || network.refuse > 1 {
		t.Errorf("the fault did not happen: %v", err)
	}
	if limit := 3 * time.Minute; took > limit {
		t.Errorf("the call took %v, longer than %v", took, limit)
	}
	requests := len(s.Requests())
	if err == nil {
		return fmt.Sprintf("ok %d%s", requests, state)
	}
	if fault.name == "wrong id" && call.any && strings.Contains(err.Error(), "WRONG") {
		// A list of others is a list like any.
		return fmt.Sprintf("as sent %d", requests)
	}
	var e *scimclient.Error
	if !errors.As(err, &e) || strings.Contains(err.Error(), "WRONG") {
		t.Fatalf("the call = %v, want an *Error", err)
	}
	for _, leak := range []string{"example.com", testToken, "Welcome"} {
		if strings.Contains(err.Error(), leak) {
			t.Errorf("the error shows %q: %v", leak, err)
		}
	}
	return fmt.Sprintf("%s %d/%d%s", outcome(err), e.Attempts, requests, state)
}

func second[T any](_ T, err error) error { return err }

// outcome names an error.
func outcome(err error) string {
	var names []string
	for _, kind := range []struct {
		name string
		err  error
	}{
		{"Unknown", iamscim.ErrOutcomeUnknown}, {"Throttled", scimclient.ErrThrottled}, {"Unreachable", scimclient.ErrUnreachable},
		{"BadReply", iamscim.ErrBadReply}, {"Redirected", iamscim.ErrRedirected}, {"Canceled", context.Canceled}, {"Deadline", context.DeadlineExceeded},
	} {
		if errors.Is(err, kind.err) {
			names = append(names, kind.name)
		}
	}
	if errors.Is(err, iamscim.ErrUnavailable) && !errors.Is(err, scimclient.ErrUnreachable) {
		names = append(names, "Unavailable")
	}
	if names == nil {
		return "other: " + err.Error()
	}
	return strings.Join(names, "+")
}

// faultTable writes the cells, a row for each method and fault.
func faultTable(cells map[string]string) string {
	var b strings.Builder
	b.WriteString("# Outcome, attempts counted by the client / requests seen by the server, and + if the change was made, - if not.\n" +
		"# \"ok\" has the requests alone. Written by go test -run TestFaults -update; every change is to be read.\n")
	for _, call := range faultCalls {
		fmt.Fprintf(&b, "\n%s\n", call.name)
		for _, fault := range faultCases {
			cell := func(when string) string { return cells[call.name+"/"+fault.name+"/"+when] }
			fmt.Fprintf(&b, "  %-20s before: %-34s after: %s\n", fault.name, cell("before"), cell("after"))
		}
	}
	return b.String()
}

// brokenNetwork stands between client and server.
type brokenNetwork struct {
	base   http.RoundTripper
	method string
	refuse int    // the nth request of the method finds nobody
	cancel func() // called when the reply to the method has come
}

func (n *brokenNetwork) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method == n.method {
		if n.refuse == 1 {
			n.refuse = 0
			return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
		}
		n.refuse = max(0, n.refuse-1)
	}
	resp, err := n.base.RoundTrip(r)
	if r.Method == n.method && n.cancel != nil {
		n.cancel()
		n.cancel = nil
		if err == nil {
			resp.Body.Close()
		}
		return nil, r.Context().Err()
	}
	return resp, err
}

// directory returns what the tenant holds.
func directory(t testing.TB, s *scimtest.Server) (users, groups []map[string]any) {
	t.Helper()
	for _, dir := range s.State().Directories {
		for _, raw := range dir.Users {
			var u map[string]any
			must(t, json.Unmarshal(raw, &u))
			users = append(users, u)
		}
		for _, raw := range dir.Groups {
			var g map[string]any
			must(t, json.Unmarshal(raw, &g))
			groups = append(groups, g)
		}
	}
	return users, groups
}
