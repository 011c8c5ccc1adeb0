package odata

import "testing"

func FuzzFilter(f *testing.F) {
	for _, seed := range []string{
		"displayName eq 'a''b'", "a eq true and contains(b/c,'d')", "startswith(a,'')", "a gt 2026-01-01T00:00:00Z", "contains(", "a eq", "and", "a eq 'b' and ",
	} {
		f.Add(seed)
	}
	o := map[string]any{"a": "x", "b": map[string]any{"c": nil}, "displayName": 7}
	f.Fuzz(func(t *testing.T, text string) {
		if holds, err := Filter(text); err == nil {
			holds(o)
		}
	})
}

func TestProperty(t *testing.T) {
	t.Parallel()
	o := map[string]any{"a": map[string]any{"b": "c"}, "d": "e"}
	for path, want := range map[string]any{"a/b": "c", "d": "e", "d/b": nil, "x": nil, "": nil} {
		if got := Property(o, path); got != want {
			t.Errorf("Property(%q) = %v, want %v", path, got, want)
		}
	}
}
