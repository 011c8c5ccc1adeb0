package directory

import (
	"testing"

	"github.com/iamscim/iamscim/scimtest/internal/behavior"
)

// TestETags is RFC 7644 section 3.14, with versions and without.
func TestETags(t *testing.T) {
	t.Parallel()
	patch := patchOps(`{"op":"replace","path":"title","value":"B"}`)
	put := `{"userName":"ada","title":"C","emails":[{"value":"ada@example.com","type":"work"}]}`
	for _, row := range []struct {
		name, method, body string
		header, value      string
		with, without      int // status with versions and without
	}{
		{"read with the version", "GET", "", "If-None-Match", `W/"1"`, 304, 200},
		{"read with the version, strong", "GET", "", "If-None-Match", `"1"`, 304, 200},
		{"read with the version among others", "GET", "", "If-None-Match", `W/"0", W/"1"`, 304, 200},
		{"read with any", "GET", "", "If-None-Match", `*`, 304, 200},
		{"read with another version", "GET", "", "If-None-Match", `W/"9"`, 200, 200},
		{"patch the version", "PATCH", patch, "If-Match", `W/"1"`, 200, 200},
		{"patch any version", "PATCH", patch, "If-Match", `*`, 200, 200},
		{"patch another version", "PATCH", patch, "If-Match", `W/"9"`, 412, 200},
		{"put the version", "PUT", put, "If-Match", `W/"1"`, 200, 200},
		{"put another version", "PUT", put, "If-Match", `W/"9"`, 412, 200},
		{"delete the version", "DELETE", "", "If-Match", `W/"1"`, 204, 204},
		{"delete another version", "DELETE", "", "If-Match", `W/"9"`, 412, 204},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			for etags, choice := range map[bool]string{false: "OFF", true: "ON"} {
				f := newFixture(t, Config{Choices: behavior.Choices{behavior.ETags: choice}})
				f.create("/Users", user("ada"))
				before := string(f.content())
				want := row.without
				if etags {
					want = row.with
				}
				a := f.do(row.method, "/Users/id-1", row.body, row.header, row.value)
				if a.status != want {
					t.Errorf("etags %v: %s with %s: %s = %d %s, want %d", etags, row.method, row.header, row.value, a.status, a.raw, want)
				}
				if !etags && a.header.Get("ETag") != "" {
					t.Errorf("ETag %s without versions", a.header.Get("ETag"))
				}
				if want == 412 {
					checkError(t, a, 412, "", row.name)
					if string(f.content()) != before {
						t.Error("a refused write changed the user")
					}
				}
				if want == 304 && (a.raw != "" || a.header.Get("ETag") != `W/"1"`) {
					t.Errorf("304 with body %q and ETag %s, want none and W/\"1\"", a.raw, a.header.Get("ETag"))
				}
			}
		})
	}
}

// TestETagChanges: each change makes another version, what changes nothing
// does not, and a change of members is one.
func TestETagChanges(t *testing.T) {
	t.Parallel()
	f := newFixture(t, Config{Choices: behavior.Choices{behavior.ETags: "ON"}})
	ada := f.create("/Users", user("ada"))
	g := f.create("/Groups", group("eng"))
	for i, row := range []struct{ body, want string }{
		{`{"op":"add","path":"members","value":[{"value":"` + ada + `"}]}`, `W/"2"`},
		{`{"op":"add","path":"members","value":[{"value":"` + ada + `"}]}`, `W/"2"`},
		{`{"op":"replace","path":"displayName","value":"eng"}`, `W/"2"`},
		{`{"op":"replace","path":"displayName","value":"ops"},{"op":"remove","path":"members"}`, `W/"3"`},
	} {
		a := f.do("PATCH", "/Groups/"+g, patchOps(row.body))
		if got := a.header.Get("ETag"); got != row.want || a.body["meta"].(map[string]any)["version"] != row.want {
			t.Errorf("step %d: ETag = %s, version %v, want %s", i, got, a.body["meta"], row.want)
		}
	}
}
