package scimtest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/iamscim/iamscim/scimtest"
	"google.golang.org/api/iam/v1"
)

// TestFaults plays each kind of fault on a control-plane write, before and
// after its commit, over a socket and over a pipe.
func TestFaults(t *testing.T) {
	t.Parallel()
	date := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC).Format(http.TimeFormat)
	tests := []struct {
		name  string
		fault scimtest.Fault
		// what the caller sees: a status and how its body begins, or an error
		status int
		body   string
		err    bool // of the request or of reading the reply
		header [2]string
	}{
		{"status", scimtest.Fault{Status: 500}, 500, `{
  "error": {
    "code": 500,`, false, [2]string{"Content-Type", "application/json; charset=UTF-8"}},
		{"default status", scimtest.Fault{}, 503, "{", false, [2]string{}},
		{"retry after seconds", scimtest.Fault{Status: 429, Header: http.Header{"Retry-After": {"7"}}}, 429, "{", false, [2]string{"Retry-After", "7"}},
		{"retry after date", scimtest.Fault{Status: 503, Header: http.Header{"Retry-After": {date}}}, 503, "{", false, [2]string{"Retry-After", date}},
		{"not JSON", scimtest.Fault{Status: 502, Body: []byte("<html>"), Header: http.Header{"Content-Type": {"text/html"}}}, 502, "<html>", false, [2]string{"Content-Type", "text/html"}},
		{"empty", scimtest.Fault{Status: 200, Body: []byte{}}, 200, "", false, [2]string{"Content-Length", "0"}},
		{"empty object", scimtest.Fault{Status: 200, Body: []byte("{}")}, 200, "{}", false, [2]string{}},
		{"oversized", scimtest.Fault{Status: 200, Body: []byte("{}"), PadTo: 5 << 20}, 200, "{}   ", false, [2]string{"Content-Length", "5242880"}},
		{"closed", scimtest.Fault{Kind: scimtest.FaultClose}, 0, "", true, [2]string{}},
		{"cut in the header", scimtest.Fault{Kind: scimtest.FaultCutHeader}, 0, "", true, [2]string{}},
		{"cut in the body", scimtest.Fault{Kind: scimtest.FaultCutBody}, 200, "", true, [2]string{}},
		{"redirect", scimtest.Fault{Kind: scimtest.FaultRedirect, Header: http.Header{"Location": {"http://other.example/"}}}, 307, "", false, [2]string{"Location", "http://other.example/"}},
		{"delayed", scimtest.Fault{Kind: scimtest.FaultDelay, Delay: time.Millisecond}, 200, `{
  "baseUri": "`, false, [2]string{}},
	}
	for _, tt := range tests {
		for _, after := range []bool{false, true} {
			for _, pipe := range []bool{false, true} {
				name := tt.name
				if after {
					name += " after commit"
				}
				if pipe {
					name += " by pipe"
				}
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					a, _, _ := seeded(t)
					base := "http://127.0.0.1"
					if !pipe {
						srv := scimtest.Start(t)
						srv.Restore(a.srv.Snapshot())
						a.srv, a.client, base = srv, srv.HTTPClient(), srv.URL()
					}
					a.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
					fault := tt.fault
					fault.Method, fault.Path, fault.AfterCommit = "PATCH", "scimTenants/tenant-a", after
					a.srv.Fail(fault)

					status, body, header, err := patchName(a.client, base)
					if (err != nil) != tt.err {
						t.Fatalf("the PATCH ended in %v, want an error: %v", err, tt.err)
					}
					if status != tt.status || !strings.HasPrefix(body, tt.body) {
						t.Errorf("the PATCH = %d %.80q, want %d %q", status, body, tt.status, tt.body)
					}
					if name := tt.header[0]; name != "" && header.Get(name) != tt.header[1] {
						t.Errorf("header %s = %q, want %q", name, header.Get(name), tt.header[1])
					}
					changed := a.srv.State().Tenants[0].DisplayName == "x"
					if want := after || tt.fault.Kind == scimtest.FaultDelay; changed != want {
						t.Errorf("the change was made = %v, want %v", changed, want)
					}
					if left := a.srv.UnusedFaults(); left != nil {
						t.Errorf("unused faults = %+v, want none", left)
					}
					if status, body, _, err := patchName(a.client, base); status != 200 || err != nil {
						t.Errorf("the next PATCH = %d %s %v, want 200", status, body, err)
					}
				})
			}
		}
	}
}

// patchName changes the tenant's display name. It has a body, so net/http does
// not repeat it by itself.
func patchName(client *http.Client, base string) (int, string, http.Header, error) {
	req, err := http.NewRequest("PATCH", base+"/v1/"+tenantName, strings.NewReader(`{"displayName":"x"}`))
	if err != nil {
		return 0, "", nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := client.Do(req)
	if err != nil {
		return 0, "", nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return resp.StatusCode, "", resp.Header, err
	}
	return resp.StatusCode, string(body), resp.Header, nil
}

// TestFaultMatching: which requests a fault takes, and how often.
func TestFaultMatching(t *testing.T) {
	t.Parallel()
	get := func(path string) [2]string { return [2]string{"GET", path} }
	tests := []struct {
		name  string
		fault scimtest.Fault
		calls [][2]string
		want  []int
		left  int // Times of the unused fault
	}{
		{"anything, once", scimtest.Fault{}, [][2]string{get("v1/" + poolName), get("v1/" + poolName)}, []int{503, 200}, 0},
		{"three times", scimtest.Fault{Times: 3}, [][2]string{get("v1/" + poolName), get("v1/" + providerName)}, []int{503, 503}, 1},
		{"the second", scimtest.Fault{Skip: 1}, [][2]string{get("v1/" + poolName), get("v1/" + poolName), get("v1/" + poolName)}, []int{200, 503, 200}, 0},
		{"another method", scimtest.Fault{Method: "POST"}, [][2]string{get("v1/" + poolName)}, []int{200}, 1},
		{"the whole path", scimtest.Fault{Path: "/v1/" + poolName}, [][2]string{get("v1/" + providerName), get("v1/" + poolName)}, []int{200, 503}, 0},
		{"a pattern for the whole path", scimtest.Fault{Path: "/v1/locations/*/workforcePools/*/providers/entra"}, [][2]string{get("v1/" + poolName), get("v1/" + providerName)}, []int{200, 503}, 0},
		{"the end", scimtest.Fault{Path: "providers/entra"}, [][2]string{get("v1/" + tenantName), get("v1/" + providerName)}, []int{200, 503}, 0},
		{"no half segments", scimtest.Fault{Path: "ntra"}, [][2]string{get("v1/" + providerName)}, []int{200}, 1},
		{"a verb", scimtest.Fault{Path: "*:getIamPolicy"}, [][2]string{get("v1/" + poolName), {"POST", "v1/" + poolName + ":getIamPolicy"}}, []int{200, 503}, 0},
		{"SCIM", scimtest.Fault{Path: "/v1alpha1/tenants/*/Users"}, [][2]string{get("v1alpha1/tenants/none/Groups"), get("v1alpha1/tenants/none/Users")}, []int{404, 503}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a, _, _ := seeded(t)
			a.srv.Fail(tt.fault)
			var got []int
			for _, c := range tt.calls {
				code, _ := a.call(c[0], c[1], nil)
				got = append(got, code)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("statuses (-want +got):\n%s", diff)
			}
			left := 0
			for _, f := range a.srv.UnusedFaults() {
				left += f.Times
			}
			if left != tt.left {
				t.Errorf("unused = %d, want %d", left, tt.left)
			}
			a.srv.ClearFaults()
			if left := a.srv.UnusedFaults(); left != nil {
				t.Errorf("unused after ClearFaults = %+v, want none", left)
			}
		})
	}
}

// TestFaultRefused: a fault that can never happen, or can't be played, is an error and isn't scripted.
func TestFaultRefused(t *testing.T) {
	t.Parallel()
	for want, fault := range map[string]scimtest.Fault{
		`Path "[": malformed pattern`:                       {Path: "["},
		`Path "Users/": no path ends in a slash`:            {Path: "Users/"},
		`Path "Users?filter=x": a path has no query`:        {Path: "Users?filter=x"},
		`Method "post": no request has it`:                  {Method: "post"},
		`Method "FETCH": no request has it`:                 {Method: "FETCH"},
		"Status 9999: want 200 to 599":                      {Status: 9999},
		"Status 100: want 200 to 599":                       {Status: 100},
		"Skip, Times, Delay and PadTo must not":             {Times: -1},
		"Kind 99: no such kind":                             {Kind: 99},
		"Kind -1: no such kind":                             {Kind: -1},
		"FaultDelay without Delay":                          {Kind: scimtest.FaultDelay},
		"FaultOperation with AfterCommit":                   {Kind: scimtest.FaultOperation, AfterCommit: true},
		"FaultOperation for GET : no such method":           {Kind: scimtest.FaultOperation, Method: "GET"},
		"FaultOperation for  scimTenants/*: no such":        {Kind: scimtest.FaultOperation, Path: "scimTenants/*"},
		"FaultOperation for POST Users: no such":            {Kind: scimtest.FaultOperation, Method: "POST", Path: "Users"},
		"FaultOperation for  *:setIamPolicy: no such":       {Kind: scimtest.FaultOperation, Path: "*:setIamPolicy"},
		"FaultOperation for PATCH subjects/*: no such":      {Kind: scimtest.FaultOperation, Method: "PATCH", Path: "subjects/*"},
		"Path \"[\": malformed pattern\nStatus 1: want 200": {Path: "[", Status: 1}, // every problem at once
	} {
		srv := scimtest.New()
		err := srv.Fail(fault)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Fail(%+v) = %v, want %q", fault, err, want)
		}
		if left := srv.UnusedFaults(); left != nil {
			t.Errorf("Fail(%+v) was refused and scripted", fault)
		}
	}
	for _, fault := range []scimtest.Fault{
		{}, {Status: 599}, {Method: "POST", Path: "*:undelete", Kind: scimtest.FaultOperation}, {Path: "*", Kind: scimtest.FaultOperation},
		{Path: "/v1/locations/*/workforcePools/*/providers/entra", Kind: scimtest.FaultOperation}, {Path: "workforcePools/*/subjects/a*", Kind: scimtest.FaultOperation},
	} {
		if err := scimtest.New().Fail(fault); err != nil {
			t.Errorf("Fail(%+v) = %v, want nil", fault, err)
		}
	}
}

// recorder is a test that remembers its failures.
type recorder struct {
	testing.TB
	failed   []string
	cleanups []func()
}

func (r *recorder) Helper()           {}
func (r *recorder) Cleanup(f func())  { r.cleanups = append(r.cleanups, f) }
func (r *recorder) Error(args ...any) { r.failed = append(r.failed, fmt.Sprint(args...)) }
func (r *recorder) Errorf(f string, args ...any) {
	r.failed = append(r.failed, fmt.Sprintf(f, args...))
}
func (r *recorder) Failed() bool      { return len(r.failed) > 0 }
func (r *recorder) Fatal(args ...any) { r.Error(args...); panic("fatal") }

// TestStartFaults: a test whose faults did not happen, or can't, fails, unless told.
func TestStartFaults(t *testing.T) {
	t.Parallel()
	run := func(play func(*scimtest.Server), opts ...scimtest.Option) string {
		r := &recorder{TB: t}
		play(scimtest.Start(r, opts...))
		for _, f := range r.cleanups {
			f()
		}
		return strings.Join(r.failed, "\n")
	}
	unused := func(s *scimtest.Server) {
		s.Fail(scimtest.Fault{Method: "PATCH", Path: "providers/*", Times: 2, Skip: 1})
	}
	if got, want := run(unused), "scimtest: this fault never happened: PATCH providers/*, after 1"; got != want {
		t.Errorf("a fault that did not happen: %q, want %q", got, want)
	}
	if got := run(unused, scimtest.WithOptionalFaults()); got != "" {
		t.Errorf("with WithOptionalFaults: %q, want nothing", got)
	}
	if got := run(func(s *scimtest.Server) { unused(s); s.ClearFaults() }); got != "" {
		t.Errorf("after ClearFaults: %q, want nothing", got)
	}
	used := func(s *scimtest.Server) {
		s.Fail(scimtest.Fault{Times: 2}) // once is enough
		resp, err := s.HTTPClient().Get(s.URL())
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
	}
	if got := run(used); got != "" {
		t.Errorf("a fault that happened: %q, want nothing", got)
	}
	if got := run(func(s *scimtest.Server) { s.Fail(scimtest.Fault{Path: "["}) }); !strings.Contains(got, "malformed pattern") {
		t.Errorf("a fault that can't happen: %q, want the reason", got)
	}
}

// TestFaultOrder: the first fault that matches and is not used up is taken.
func TestFaultOrder(t *testing.T) {
	t.Parallel()
	a, _, _ := seeded(t)
	a.srv.Fail(scimtest.Fault{Status: 500})
	a.srv.Fail(scimtest.Fault{Status: 502, Path: "workforcePools/acme-pool"})
	a.srv.Fail(scimtest.Fault{Status: 504})
	var got []int
	for range 4 {
		code, _ := a.call("GET", "v1/"+poolName, nil)
		got = append(got, code)
	}
	if diff := cmp.Diff([]int{500, 502, 504, 200}, got); diff != "" {
		t.Errorf("statuses (-want +got):\n%s", diff)
	}
}

// TestFaultSCIM: a fault of the SCIM service has SCIM's error form, and a
// create after whose commit the reply is lost is there.
func TestFaultSCIM(t *testing.T) {
	t.Parallel()
	a, tenant, token := seeded(t, scimtest.WithSyncerGranted())
	post := func() (int, string) {
		resp := a.send("POST", strings.TrimPrefix(tenant.BaseUri, "http://127.0.0.1/")+"/Users",
			`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"a@x","externalId":"1","emails":[{"value":"a@x","type":"work"}]}`,
			"Authorization", "Bearer "+token.SecurityToken)
		defer resp.Body.Close()
		raw, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(raw)
	}
	a.srv.Fail(scimtest.Fault{Method: "POST", Path: "Users", Status: 500, AfterCommit: true})
	code, body := post()
	if code != 500 || !strings.Contains(body, "urn:ietf:params:scim:api:messages:2.0:Error") {
		t.Errorf("the POST = %d %s, want 500 with a SCIM error", code, body)
	}
	if code, body = post(); code != http.StatusConflict {
		t.Errorf("the second POST = %d %s, want 409: the first was made", code, body)
	}
	if users := a.srv.State().Directories[tenantName].Users; len(users) != 1 {
		t.Errorf("users = %s, want one", users)
	}
}

// TestFaultOperation: the write replies with an operation that fails, and
// nothing is changed.
func TestFaultOperation(t *testing.T) {
	t.Parallel()
	a, _, _ := seeded(t)
	a.srv.Fail(scimtest.Fault{Kind: scimtest.FaultOperation, Operation: &iam.Status{Code: 9, Message: "not now"}})
	before := a.state()
	a.ok("GET", "v1/"+providerName, nil)                    // no write
	a.ok("POST", "v1/"+poolName+":testIamPermissions", nil) // no operation
	op := a.ok("POST", "v1/"+poolName+"/providers?workforcePoolProviderId=okta", testProvider("okta"))
	if op["done"] != nil {
		t.Fatalf("the create replied %v, want an operation that is not done", op)
	}
	want := map[string]any{"name": op["name"], "done": true, "error": map[string]any{"code": 9.0, "message": "not now"}}
	if diff := cmp.Diff(want, a.ok("GET", "v1/"+op["name"].(string), nil)); diff != "" {
		t.Errorf("the operation (-want +got):\n%s", diff)
	}
	if after := a.state(); after != before {
		t.Errorf("the state changed from\n%s\nto\n%s", before, after)
	}
	a.ok("POST", "v1/"+poolName+"/providers?workforcePoolProviderId=okta", testProvider("okta"))
}

// TestFaultWithoutListener: a server used as a plain handler cannot cut a
// connection; it aborts the handler, as net/http asks for, and Close ends a
// stall.
func TestFaultWithoutListener(t *testing.T) {
	t.Parallel()
	for _, kind := range []scimtest.FaultKind{scimtest.FaultClose, scimtest.FaultCutHeader, scimtest.FaultCutBody, scimtest.FaultStall} {
		srv := scimtest.New()
		srv.Fail(scimtest.Fault{Kind: kind})
		ended := make(chan any)
		go func() {
			defer func() { ended <- recover() }()
			srv.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/v1/"+poolName, nil))
		}()
		if kind == scimtest.FaultStall {
			srv.Close()
		}
		if got := <-ended; got != http.ErrAbortHandler {
			t.Errorf("kind %d: the handler ended with %v, want http.ErrAbortHandler", kind, got)
		}
		srv.Close()
	}
}

// TestVirtualTime runs a stall, a delay and a deadline inside a synctest
// bubble: hours pass in no time, and no goroutine is left when the server is
// closed, or the bubble would not end.
func TestVirtualTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := scimtest.New(scimtest.WithReplicationLag(time.Hour))
		defer srv.Close()
		if err := srv.AddPool(testPool()); err != nil {
			t.Fatal(err)
		}
		svc, err := iam.NewService(t.Context(), srv.PipeClientOptions()...)
		if err != nil {
			t.Fatal(err)
		}
		get := func(ctx context.Context, name string) error {
			_, err := svc.Locations.WorkforcePools.Get(name).Context(ctx).Do()
			return err
		}
		start := time.Now()
		srv.Fail(scimtest.Fault{Kind: scimtest.FaultStall})
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Hour)
		defer cancel()
		if err := get(ctx, poolName); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a GET that is stalled = %v, want the deadline", err)
		}
		if d := time.Since(start); d != 3*time.Hour {
			t.Errorf("it took %v, want 3h", d)
		}

		srv.Fail(scimtest.Fault{Kind: scimtest.FaultDelay, Delay: time.Hour})
		start = time.Now()
		if err := get(t.Context(), poolName); err != nil || time.Since(start) != time.Hour {
			t.Errorf("a GET that is delayed = %v after %v, want success after 1h", err, time.Since(start))
		}

		const other = "locations/global/workforcePools/other-pool"
		if _, err := svc.Locations.WorkforcePools.Create("locations/global", &iam.WorkforcePool{Parent: organization}).WorkforcePoolId("other-pool").Do(); err != nil {
			t.Fatal(err)
		}
		if err := get(t.Context(), other); err == nil {
			t.Error("a fresh pool can be read before the lag is over")
		}
		time.Sleep(time.Hour)
		if err := get(t.Context(), other); err != nil {
			t.Errorf("the pool after the lag: %v", err)
		}

		// A stalled request ends with the server.
		srv.Fail(scimtest.Fault{Kind: scimtest.FaultStall})
		ended := make(chan error)
		go func() { ended <- get(t.Context(), poolName) }()
		synctest.Wait()
		srv.Close()
		if err := <-ended; err == nil {
			t.Error("a stalled request succeeded when the server was closed")
		}
	})
}
