package directory

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/iamscim/iamscim/scimtest/internal/wire"
)

// testMapping is the claim mapping that Google recommends for Entra ID.
var testMapping = map[string]string{
	"google.subject": "user.emails[0].value.lowerAscii()",
	"google.group":   "group.externalId",
}

// looseMapping leaves mapped values and the email rule out of the way of
// tests about something else: the subject is a userName.
var looseMapping = map[string]string{"google.subject": "user.userName", "google.group": "group.displayName"}

// fixture is a directory behind a listener, with ids id-1, id-2 and so on
// and a clock that stands still until it is moved.
type fixture struct {
	t    testing.TB
	dir  *Service
	base string
	now  atomic.Int64 // in microseconds
}

func newFixture(t testing.TB, cfg Config) *fixture {
	t.Helper()
	f := &fixture{t: t}
	f.now.Store(time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC).UnixMicro())
	if cfg.Mapping == nil {
		cfg.Mapping = testMapping
	}
	if cfg.NewID == nil {
		var n atomic.Int64
		cfg.NewID = func() string { return fmt.Sprintf("id-%d", n.Add(1)) }
	}
	cfg.Now = func() time.Time { return time.UnixMicro(f.now.Load()) }
	const prefix = "/v1alpha1/tenants/t1"
	cfg.BaseURI = func(r *http.Request) string { return "http://" + r.Host + prefix }
	f.dir = New(cfg)
	srv := httptest.NewServer(http.StripPrefix(prefix, handler(f.dir)))
	t.Cleanup(srv.Close)
	f.base = srv.URL + prefix
	return f
}

func (f *fixture) advance(d time.Duration) { f.now.Add(d.Microseconds()) }

// answer is a reply with its body decoded.
type answer struct {
	status int
	header http.Header
	raw    string
	body   map[string]any // nil without a body
}

// do sends a request. path may have a query; body is sent as it is.
func (f *fixture) do(method, path, body string, header ...string) answer {
	f.t.Helper()
	var reader io.Reader
	if body != "" {
		reader = strings.NewReader(body)
	}
	req, err := http.NewRequest(method, f.base+path, reader)
	if err != nil {
		f.t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/scim+json")
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		f.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		f.t.Fatalf("%s %s: %v", method, path, err)
	}
	a := answer{status: resp.StatusCode, header: resp.Header, raw: string(raw)}
	if len(raw) > 0 {
		if _, err := wire.Parse(raw, maxDepth); err != nil { // stricter than encoding/json
			f.t.Fatalf("%s %s: body %q: %v", method, path, raw, err)
		}
		if err := json.Unmarshal(raw, &a.body); err != nil {
			f.t.Fatalf("%s %s: body %q is not JSON: %v", method, path, raw, err)
		}
		if got, want := resp.Header.Get("Content-Type"), "application/scim+json"; got != want {
			f.t.Errorf("%s %s: Content-Type = %q, want %q", method, path, got, want)
		}
	}
	return a
}

// must is do with a status that is checked.
func (f *fixture) must(status int, method, path, body string) map[string]any {
	f.t.Helper()
	a := f.do(method, path, body)
	if a.status != status {
		f.t.Fatalf("%s %s %s = %d %s, want %d", method, path, body, a.status, a.raw, status)
	}
	return a.body
}

// refused sends a request that has to be answered with a SCIM error.
func (f *fixture) refused(status int, scimType, method, path, body string) {
	f.t.Helper()
	checkError(f.t, f.do(method, path, body), status, scimType, method+" "+path+" "+body)
}

func checkError(t testing.TB, a answer, status int, scimType, what string) {
	t.Helper()
	if a.status != status {
		t.Errorf("%s = %d %s, want %d", what, a.status, a.raw, status)
		return
	}
	want := map[string]any{
		"schemas": []any{"urn:ietf:params:scim:api:messages:2.0:Error"},
		"status":  fmt.Sprint(status),
	}
	if scimType != "" {
		want["scimType"] = scimType
	}
	if detail, _ := a.body["detail"].(string); detail == "" {
		t.Errorf("%s: error without detail: %s", what, a.raw)
	}
	delete(a.body, "detail")
	if diff := cmp.Diff(want, a.body); diff != "" {
		t.Errorf("%s: error (-want +got):\n%s", what, diff)
	}
}

// user is a valid user with this name.
func user(name string) string {
	return fmt.Sprintf(`{"schemas":[%q],"userName":%q,"externalId":%q,"emails":[{"value":%q,"type":"work"}]}`,
		urnUser, name, "x-"+name, name+"@example.com")
}

// group is a valid group with this name and these members.
func group(name string, members ...string) string {
	list := make([]string, len(members))
	for i, m := range members {
		list[i] = fmt.Sprintf(`{"value":%q}`, m)
	}
	return fmt.Sprintf(`{"schemas":[%q],"displayName":%q,"externalId":%q,"members":[%s]}`,
		urnGroup, name, "x-"+name, strings.Join(list, ","))
}

func patchOps(operations ...string) string {
	return fmt.Sprintf(`{"schemas":[%q],"Operations":[%s]}`, urnPatchOp, strings.Join(operations, ","))
}

// create posts a resource and returns its id.
func (f *fixture) create(path, body string) string {
	f.t.Helper()
	return f.must(http.StatusCreated, "POST", path, body)["id"].(string)
}

// found lists the ids that a filter finds.
func (f *fixture) found(path, filter string) []string {
	f.t.Helper()
	body := f.must(http.StatusOK, "GET", path+"?filter="+escape(filter), "")
	ids := []string{}
	for _, r := range body["Resources"].([]any) {
		ids = append(ids, r.(map[string]any)["id"].(string))
	}
	return ids
}

func (f *fixture) wantFound(path, filter string, want ...string) {
	f.t.Helper()
	if want == nil {
		want = []string{}
	}
	if diff := cmp.Diff(want, f.found(path, filter)); diff != "" {
		f.t.Errorf("GET %s?filter=%s finds (-want +got):\n%s", path, filter, diff)
	}
}

func escape(s string) string {
	return strings.NewReplacer("%", "%25", " ", "%20", `"`, "%22", "#", "%23", "&", "%26", "+", "%2B", "[", "%5B", "]", "%5D", `\`, "%5C", ";", "%3B").Replace(s)
}

func TestDirectoryLifecycle(t *testing.T) {
	t.Parallel()
	f := newFixture(t, Config{})

	created := f.do("POST", "/Users", user("ada"))
	if created.status != http.StatusCreated {
		t.Fatalf("POST /Users = %d %s, want 201", created.status, created.raw)
	}
	want := map[string]any{
		"schemas":    []any{urnUser},
		"id":         "id-1",
		"externalId": "x-ada",
		"userName":   "ada",
		"emails":     []any{map[string]any{"value": "ada@example.com", "type": "work"}},
		"meta": map[string]any{
			"resourceType": "User",
			"created":      "2026-11-23T12:00:00.000Z",
			"lastModified": "2026-11-23T12:00:00.000Z",
			"location":     f.base + "/Users/id-1",
		},
	}
	if diff := cmp.Diff(want, created.body); diff != "" {
		t.Errorf("created user (-want +got):\n%s", diff)
	}
	if got, want := created.header.Get("Location"), f.base+"/Users/id-1"; got != want {
		t.Errorf("Location = %q, want %q", got, want)
	}
	if diff := cmp.Diff(want, f.must(200, "GET", "/Users/id-1", "")); diff != "" {
		t.Errorf("GET /Users/id-1 (-want +got):\n%s", diff)
	}

	f.advance(time.Second)
	put := f.must(200, "PUT", "/Users/id-1", `{"schemas":["`+urnUser+`"],"userName":"ada2","emails":[{"value":"ada@example.com","type":"work"}]}`)
	if put["userName"] != "ada2" || put["externalId"] != nil {
		t.Errorf("PUT = %v, want userName ada2 and no externalId", put)
	}
	if got, want := put["meta"].(map[string]any)["lastModified"], "2026-11-23T12:00:01.000Z"; got != want {
		t.Errorf("lastModified after PUT = %v, want %v", got, want)
	}
	f.wantFound("/Users", `userName eq "ada"`)
	f.wantFound("/Users", `userName eq "ADA2"`, "id-1")

	g := f.create("/Groups", group("eng", "id-1"))
	f.wantFound("/Groups", fmt.Sprintf(`id eq %q and members eq "id-1"`, g), g)
	if got := f.must(200, "GET", "/Groups/"+g, "")["members"]; cmp.Diff(got, []any{}) != "" {
		t.Errorf("members of a group that is read = %v, want an empty list", got)
	}
	f.must(200, "PATCH", "/Groups/"+g, patchOps(`{"op":"remove","path":"members[value eq \"id-1\"]"}`))
	f.wantFound("/Groups", fmt.Sprintf(`id eq %q and members eq "id-1"`, g))
	f.must(200, "PATCH", "/Groups/"+g, patchOps(`{"op":"add","path":"members","value":[{"value":"id-1"}]}`))
	f.wantFound("/Groups", fmt.Sprintf(`members eq "id-1" and id eq %q`, g), g)

	f.must(204, "DELETE", "/Users/id-1", "")
	f.refused(404, "", "GET", "/Users/id-1", "")
	f.refused(404, "", "DELETE", "/Users/id-1", "")
	f.wantFound("/Groups", `members eq "id-1"`)
	f.must(204, "DELETE", "/Groups/"+g, "")
	f.wantFound("/Groups", `displayName eq "eng"`)
}

func containsText(err error, text string) bool { return strings.Contains(err.Error(), text) }

func handler(d *Service) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { d.Serve(r).Write(w) })
}
