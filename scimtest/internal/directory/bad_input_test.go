package directory

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/iamscim/iamscim/scimtest/internal/wire"
)

// TestBadInput sends what no client should: each is answered by a SCIM error
// and changes nothing.
func TestBadInput(t *testing.T) {
	t.Parallel()
	deep := func(n int) string {
		return `{"userName":"x","name":` + strings.Repeat(`{"a":`, n) + `1` + strings.Repeat(`}`, n) + `}`
	}
	for _, row := range []struct {
		name, method, path, body string
		header                   []string
		status                   int
		scimType                 string
	}{
		{"malformed JSON", "POST", "/Users", `{"userName":`, nil, 400, invalidSyntax},
		{"no body", "POST", "/Users", ``, nil, 400, invalidSyntax},
		{"a list", "POST", "/Users", `[]`, nil, 400, invalidSyntax},
		{"text", "POST", "/Users", `"ada"`, nil, 400, invalidSyntax},
		{"two documents", "POST", "/Users", user("x") + user("y"), nil, 400, invalidSyntax},
		{"invalid UTF-8", "POST", "/Users", strings.Replace(user("x"), "x-x", "\xff", 1), nil, 400, invalidSyntax},
		{"key given twice", "POST", "/Users", `{"userName":"x","userName":"y","emails":[{"value":"n@x","type":"work"}]}`, nil, 400, invalidSyntax},
		{"key given twice in another case", "POST", "/Users", `{"userName":"x","USERNAME":"y","emails":[{"value":"n@x","type":"work"}]}`, nil, 400, invalidSyntax},
		{"inner key given twice", "POST", "/Users", `{"userName":"x","emails":[{"value":"n@x","VALUE":"m@x","type":"work"}]}`, nil, 400, invalidSyntax},
		{"member given twice", "POST", "/Groups", `{"displayName":"x","externalId":"x","members":[{"value":"id-1","Value":"id-2"}]}`, nil, 400, invalidSyntax},
		{"nested deeply", "POST", "/Users", deep(100), nil, 400, invalidSyntax},
		{"nested very deeply", "POST", "/Users", deep(200_000), nil, 400, invalidSyntax},
		{"a body too large", "POST", "/Users", `{"userName":"` + strings.Repeat("x", maxBody) + `"}`, nil, 413, ""},
		{"a body too large, in white space", "POST", "/Users", strings.Repeat(" ", maxBody) + `{}`, nil, 413, ""},
		{"another media type", "POST", "/Users", user("x"), []string{"Content-Type", "text/plain"}, 415, ""},
		{"a form", "POST", "/Users", user("x"), []string{"Content-Type", "application/x-www-form-urlencoded"}, 415, ""},
		{"another charset", "POST", "/Users", user("x"), []string{"Content-Type", "application/scim+json; charset=latin1"}, 415, ""},
		{"a malformed media type", "POST", "/Users", user("x"), []string{"Content-Type", "json;;"}, 415, ""},
		{"the schema of groups", "POST", "/Users", strings.Replace(user("x"), ":User", ":Group", 1), nil, 400, invalidSyntax},
		{"schemas that are no list", "POST", "/Users", `{"schemas":"` + urnUser + `","userName":"x"}`, nil, 400, invalidSyntax},
		{"schemas that are no text", "POST", "/Users", `{"schemas":[1],"userName":"x"}`, nil, 400, invalidSyntax},
		{"no schema", "POST", "/Users", `{"schemas":[],"userName":"x"}`, nil, 400, invalidSyntax},
		{"a number for text", "POST", "/Users", `{"userName":1}`, nil, 400, invalidValue},
		{"a list for text", "POST", "/Users", `{"userName":["x"]}`, nil, 400, invalidValue},
		{"text for a boolean", "POST", "/Users", `{"userName":"x","active":"true"}`, nil, 400, invalidValue},
		{"an object for a list", "POST", "/Users", `{"userName":"x","emails":{"value":"n@x","type":"work"}}`, nil, 400, invalidValue},
		{"text for an element", "POST", "/Users", `{"userName":"x","emails":["n@x"]}`, nil, 400, invalidValue},
		{"text for a complex attribute", "POST", "/Users", `{"userName":"x","name":"y"}`, nil, 400, invalidValue},
		{"text for the extension", "POST", "/Users", `{"userName":"x","` + urnEnterprise + `":"y"}`, nil, 400, invalidValue},
		{"text for the manager", "POST", "/Users", `{"userName":"x","` + urnEnterprise + `":{"manager":"y"}}`, nil, 400, invalidValue},
		{"too many values", "POST", "/Users", `{"userName":"x","emails":[` + strings.Repeat(`{},`, maxValues) + `{}]}`, nil, 400, invalidValue},
		{"members that are no list", "POST", "/Groups", `{"displayName":"x","externalId":"x","members":"id-1"}`, nil, 400, invalidValue},
		{"members without value", "POST", "/Groups", `{"displayName":"x","externalId":"x","members":[{"display":"x"}]}`, nil, 400, invalidValue},

		{"PUT of a group", "PUT", "/Groups/id-2", group("x"), nil, 501, ""},
		{"PUT of nobody", "PUT", "/Users/id-9", user("x"), nil, 404, ""},
		{"PUT of a group as user", "PUT", "/Users/id-2", user("x"), nil, 404, ""},
		{"PATCH of a user as group", "PATCH", "/Groups/id-1", patchOps(`{"op":"remove","path":"members"}`), nil, 404, ""},
		{"DELETE of a user as group", "DELETE", "/Groups/id-1", ``, nil, 404, ""},
		{"DELETE of all users", "DELETE", "/Users", ``, nil, 405, ""},
		{"PATCH of all users", "PATCH", "/Users", patchOps(`{"op":"remove","path":"title"}`), nil, 405, ""},
		{"POST to a user", "POST", "/Users/id-1", user("x"), nil, 405, ""},
		{"an unknown method", "BREW", "/Users/id-1", ``, nil, 405, ""},
		{"/Me", "GET", "/Me", ``, nil, 501, ""},
		{"/Bulk", "POST", "/Bulk", `{}`, nil, 501, ""},
		{"/.search", "POST", "/.search", `{}`, nil, 501, ""},
		{"/Search", "POST", "/Search", `{}`, nil, 501, ""},
		{"/Users/.search", "POST", "/Users/.search", `{}`, nil, 501, ""},
		{"/Groups/.search", "POST", "/Groups/.search", `{}`, nil, 501, ""},
		{"/ResourceTypes", "GET", "/ResourceTypes", ``, nil, 501, ""},
		{"/ResourceTypes/User", "GET", "/ResourceTypes/User", ``, nil, 501, ""},
		{"the base URI", "GET", "", ``, nil, 404, ""},
		{"an unknown endpoint", "GET", "/Devices", ``, nil, 404, ""},
		{"an endpoint in another case", "GET", "/users", ``, nil, 404, ""},

		{"id ..", "GET", "/Users/%2e%2e", ``, nil, 404, ""},
		{"id with dots and a slash", "GET", "/Groups/%2e%2e%2fUsers%2fid-1", ``, nil, 404, ""},
		{"id with a slash", "DELETE", "/Users/x%2fid-1", ``, nil, 404, ""},
		{"path that climbs", "GET", "/Groups/../Users/id-1", ``, nil, 404, ""},
		{"a segment too many", "DELETE", "/Users/id-1/", ``, nil, 0, ""}, // a slash at the end is none
		{"two segments too many", "DELETE", "/Users/id-1/emails/0", ``, nil, 404, ""},
		{"id with a NUL", "GET", "/Users/%00", ``, nil, 404, ""},
		{"id that is no UTF-8", "GET", "/Users/%ff", ``, nil, 404, ""},
		{"a long id", "GET", "/Users/" + strings.Repeat("é", 5000), ``, nil, 404, ""},
		{"id with a question mark", "GET", "/Users/id-1%3f", ``, nil, 404, ""},
		{"malformed query", "GET", "/Users?filter=%zz", ``, nil, 400, invalidSyntax},
		{"semicolon in a query", "GET", "/Users?a;b", ``, nil, 400, invalidSyntax},
		{"count that is no number", "GET", "/Users?count=ten", ``, nil, 400, invalidValue},
		{"attributes both ways", "PATCH", "/Users/id-1?attributes=id&excludedAttributes=name", patchOps(`{"op":"remove","path":"title"}`), nil, 400, invalidValue},
		{"invalid UTF-8 in a filter", "GET", "/Users?filter=userName%20eq%20%22%ff%22", ``, nil, 400, invalidFilter},
		{"a long filter", "GET", "/Users?filter=" + escape(`userName eq "`+strings.Repeat("x", maxFilterLength)+`"`), ``, nil, 400, invalidFilter},
		{"a deep filter", "GET", "/Users?filter=" + strings.Repeat("(", 5000), ``, nil, 400, invalidFilter},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, Config{})
			f.create("/Users", user("ada"))
			f.create("/Groups", group("eng", "id-1"))
			before := string(f.content())
			a := f.do(row.method, row.path, row.body, row.header...)
			if row.status == 0 {
				if a.status != 204 {
					t.Errorf("%s %s = %d, want 204", row.method, row.path, a.status)
				}
				return
			}
			checkError(t, a, row.status, row.scimType, fmt.Sprintf("%s %.60s %.80s", row.method, row.path, row.body))
			if len(a.raw) > 2000 {
				t.Errorf("%s: the error echoes %d bytes", row.name, len(a.raw))
			}
			if diff := cmp.Diff(before, string(f.content())); diff != "" {
				t.Errorf("%s changed the directory (-before +after):\n%s", row.name, diff)
			}
			checkStore(t, f.dir.store)
			if row.status == 405 && a.header.Get("Allow") == "" {
				t.Errorf("%s: 405 without Allow", row.name)
			}
		})
	}
}

// TestTolerated sends what is unusual and works.
func TestTolerated(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name, method, path, body string
		header                   []string
		status                   int
	}{
		{"application/json", "POST", "/Users", user("x"), []string{"Content-Type", "application/json"}, 201},
		{"charset", "POST", "/Users", user("x"), []string{"Content-Type", "application/scim+json; charset=UTF-8"}, 201},
		{"no schemas", "POST", "/Users", `{"userName":"x","emails":[{"value":"n@x","type":"work"}]}`, nil, 201},
		{"unknown schema beside", "POST", "/Users", strings.Replace(user("x"), `"schemas":[`, `"schemas":["urn:x",`, 1), nil, 201},
		{"unknown attributes", "POST", "/Users", `{"userName":"x","colour":{"deep":[1]},"urn:x:y":{},"emails":[{"value":"n@x","type":"work","colour":1}]}`, nil, 201},
		{"names in another case", "POST", "/Users", `{"USERNAME":"x","Emails":[{"VALUE":"n@x","Type":"work"}],"` + strings.ToUpper(urnEnterprise) + `":{"Department":"d"}}`, nil, 201},
		{"id and meta of the client", "POST", "/Users", `{"id":"mine","meta":{"created":"x"},"userName":"x","emails":[{"value":"n@x","type":"work"}]}`, nil, 201},
		{"password and groups of any type", "POST", "/Users", `{"password":1,"groups":"x","userName":"x","emails":[{"value":"n@x","type":"work"}]}`, nil, 201},
		{"display of roles and certificates", "POST", "/Users", `{"roles":[{"value":"r","display":"R"}],"x509Certificates":[{"value":"MII=","display":"C"}],"userName":"x","emails":[{"value":"n@x","type":"work"}]}`, nil, 201},
		{"nested groups", "POST", "/Groups", group("x", "id-2"), nil, 201},
		{"a slash at the end", "GET", "/Users/", "", nil, 200},
		{"a slash too many: a base URI that ends with one", "GET", "//Users/id-1", "", nil, 200},
		{"an escaped id", "GET", "/Users/%69d-1", "", nil, 200},
		{"unknown parameters", "GET", "/Users?x=1&aadOptscim062020", "", nil, 200},
		{"any Accept", "GET", "/Users", "", []string{"Accept", "text/html"}, 200},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, Config{})
			f.create("/Users", user("ada"))
			f.create("/Groups", group("eng", "id-1"))
			a := f.do(row.method, row.path, row.body, row.header...)
			if a.status != row.status {
				t.Fatalf("%s %s %s = %d %s, want %d", row.method, row.path, row.body, a.status, a.raw, row.status)
			}
			for _, absent := range []string{"colour", "password", "groups", `"display"`, "mine"} {
				if row.method == "POST" && strings.Contains(a.raw, absent) {
					t.Errorf("%s came back: %s", absent, a.raw)
				}
			}
		})
	}
}

// TestIDsAreDecodedOnce reads users whose ids look like something else.
func TestIDsAreDecodedOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t, Config{})
	for i, id := range []string{"a/b", "a%2fb", "..", "%2e%2e", ".search ", "é?#"} {
		name := fmt.Sprintf("u%d", i)
		if _, err := f.dir.AddUser(fmt.Appendf(nil, `{"id":%q,"userName":%q,"emails":[{"value":%q,"type":"work"}]}`, id, name, name)); err != nil {
			t.Fatal(err)
		}
		if got := f.must(200, "GET", "/Users/"+url.PathEscape(id), "")["userName"]; got != name {
			t.Errorf("GET of the user with id %q yields %v, want %s", id, got, name)
		}
	}
}

// fuzzDirectory is a directory with a user, a group and a group within it.
func fuzzDirectory(t testing.TB) *Service {
	n := 0
	d := New(Config{
		Mapping: testMapping,
		Now:     func() time.Time { return time.Unix(1_800_000_000, 0) },
		NewID:   func() string { n++; return fmt.Sprintf("id-%d", n) },
	})
	for _, add := range []struct {
		to  func([]byte) (string, error)
		doc string
	}{{d.AddUser, user("ada")}, {d.AddUser, user("bob")}, {d.AddGroup, group("inner")}, {d.AddGroup, group("eng", "id-1", "id-3")}} {
		if _, err := add.to([]byte(add.doc)); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

// fuzzRequest sends a request and checks what has to hold whatever it was: a
// reply that is SCIM, a store that is whole, and no change after a refusal.
func fuzzRequest(t *testing.T, d *Service, r *http.Request) {
	before := append(d.Content("").Users, d.Content("").Groups...)
	w := httptest.NewRecorder()
	handler(d).ServeHTTP(w, r)
	what := fmt.Sprintf("%s %s = %d %s", r.Method, r.URL, w.Code, w.Body)
	if w.Code >= 500 && w.Code != http.StatusNotImplemented {
		t.Fatalf("%s", what)
	}
	if body := w.Body.Bytes(); len(body) > 0 {
		var reply struct {
			Schemas []string
			Status  string
		}
		_, err := wire.Parse(body, maxDepth) // stricter than encoding/json
		if err == nil {
			err = json.Unmarshal(body, &reply)
		}
		if err != nil || len(reply.Schemas) == 0 {
			t.Fatalf("%s: no SCIM message: %v", what, err)
		}
		if w.Code >= 400 && (reply.Schemas[0] != urnError || reply.Status != fmt.Sprint(w.Code)) {
			t.Fatalf("%s: no SCIM error", what)
		}
	} else if w.Code != http.StatusNoContent {
		t.Fatalf("%s: no body", what)
	}
	checkStore(t, d.store)
	if w.Code >= 400 || r.Method == "GET" {
		after := append(d.Content("").Users, d.Content("").Groups...)
		if diff := cmp.Diff(before, after); diff != "" {
			t.Fatalf("%s changed the directory (-before +after):\n%s", what, diff)
		}
	}
	for _, raw := range append(d.Content("").Users, d.Content("").Groups...) {
		if _, err := wire.Parse(raw, maxDepth); err != nil {
			t.Fatalf("%s left a damaged record %s: %v", what, raw, err)
		}
	}
}

// FuzzHTTP sends any method, path, content type and body.
func FuzzHTTP(f *testing.F) {
	for _, seed := range [][4]string{
		{"GET", "/Users?filter=userName%20eq%20%22ada%22&attributes=name.givenName", "", ""},
		{"GET", "/Groups?filter=id%20eq%20%22id-4%22%20and%20members%20eq%20%22id-1%22&excludedAttributes=members", "", ""},
		{"POST", "/Users", "application/scim+json", user("eve")},
		{"POST", "/Groups", "application/json", group("ops", "id-1")},
		{"PUT", "/Users/id-1", "application/scim+json", user("ada")},
		{"PATCH", "/Groups/id-4", "", patchOps(`{"op":"remove","path":"members[value eq \"id-1\"]"}`)},
		{"DELETE", "/Users/id-1", "", ""},
		{"GET", "/Schemas/" + urnUser, "", ""},
		{"GET", "/Groups/..%2fUsers", "", ""},
	} {
		f.Add(seed[0], seed[1], seed[2], seed[3])
	}
	f.Fuzz(func(t *testing.T, method, target, contentType, body string) {
		if !strings.HasPrefix(target, "/") {
			return // part of the host
		}
		r, err := http.NewRequest(method, "http://127.0.0.1"+target, strings.NewReader(body))
		if err != nil || r.Method == http.MethodHead {
			return
		}
		r.Header.Set("Content-Type", contentType)
		fuzzRequest(t, fuzzDirectory(t), r)
	})
}

// FuzzPatch sends any PATCH to a user and to a group.
func FuzzPatch(f *testing.F) {
	for _, seed := range []string{
		`{"op":"replace","value":{"name.givenName":"G","` + urnEnterprise + `:employeeNumber":"7"}}`,
		`{"op":"add","path":"emails[type eq \"home\"].value","value":"x"}`,
		`{"op":"remove","path":"emails"},{"op":"add","path":"emails","value":{"value":"ada@example.com","type":"work"}}`,
		`{"op":"Remove","path":"members","value":[{"value":"id-1"}]}`,
		`{"op":"replace","path":"members","value":[{"value":"id-3"},{"value":"id-2"}]}`,
		`{"op":"add","path":"members","value":[{"value":"id-4"}]}`,
		`{"op":"add","path":"addresses.country","value":null}`,
		`{"op":"replace","path":"` + urnEnterprise + `","value":{"manager":{"value":"m"}}}`,
		`{"op":"remove","path":"members[not (type eq \"User\")]"}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, operations string) {
		for _, path := range []string{"/Users/id-1", "/Groups/id-4"} {
			fuzzRequest(t, fuzzDirectory(t), httptest.NewRequest("PATCH", path, strings.NewReader(patchOps(operations))))
		}
	})
}
