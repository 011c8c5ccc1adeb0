package push

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPaths(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"userName", "name.givenName", `emails[type eq "work"].value`, manager, urnEnterprise + ":a.b"} {
		p, err := parsePath(text)
		if err != nil {
			t.Fatal(err)
		}
		resource := map[string]any{}
		p.write(resource, "v")
		if raw, err := json.Marshal(resource); err != nil || json.Unmarshal(raw, &resource) != nil {
			t.Fatal(err)
		}
		if got := p.read(resource); got != "v" {
			t.Errorf("%s of %v = %v, want what was written", text, resource, got)
		}
	}
	for _, text := range []string{"", "emails[", `emails[type eq "work"]`, `emails[type eq ""].value`, `emails[type eq "work"].value.x`, "a b", `[type eq "x"].y`, "urn:"} {
		if p, err := parsePath(text); err == nil {
			t.Errorf("parsePath(%q) = %+v, want an error", text, p)
		}
	}
	p, _ := parsePath(`emails[TYPE eq "work"].value`)
	resource := map[string]any{"Emails": []any{7, map[string]any{"Type": "home", "Value": "h"}, map[string]any{"Type": "Work", "Value": "w"}}}
	if got := p.read(resource); got != "w" {
		t.Errorf("names are case-insensitive: got %v", got)
	}
}

// TestCompare: what differs, whatever has been stored.
func TestCompare(t *testing.T) {
	t.Parallel()
	values := []Value{{"active", true}, {"title", nil}, {"userName", "u"}, {manager, "m"}}
	for stored, want := range map[string][]Change{
		`{"active":true,"userName":"u","` + urnEnterprise + `":{"manager":{"value":"m"}}}`:              nil,
		`{"active":"True","title":"","userName":"u","` + urnEnterprise + `":{"manager":{"value":"m"}}}`: nil,
		`{"active":false,"title":"t","userName":["u"]}`: {
			{"active", false, true}, {"title", "t", nil}, {"userName", []any{"u"}, "u"}, {manager, nil, "m"}},
	} {
		var resource map[string]any
		if err := json.Unmarshal([]byte(stored), &resource); err != nil {
			t.Fatal(err)
		}
		got, err := Compare(resource, values)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", stored, diff)
		}
	}
}

func FuzzPath(f *testing.F) {
	for _, seed := range []string{"userName", `emails[type eq "work"].value`, manager, "a.b.c", "urn:x:y"} {
		f.Add(seed, `{"emails":[{"type":"work","value":"x"}],"a":{"b":1}}`)
	}
	f.Fuzz(func(t *testing.T, text, stored string) {
		p, err := parsePath(text)
		if err != nil {
			return
		}
		var resource map[string]any
		if json.Unmarshal([]byte(stored), &resource) == nil {
			p.read(resource)
		}
		made := map[string]any{}
		p.write(made, nil)
		p.write(made, "v")
	})
}
