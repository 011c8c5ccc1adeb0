package limit

import (
	"errors"
	"strings"
	"testing"
)

func TestElements(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, text string
		count      int // the least bound that lets it pass
	}{
		{"empty", "", 0},
		{"a number", "7", 0},
		{"an object", `{"a":1,"b":2}`, 2},
		{"objects in a list", `{"rows":[{},{},{}]}`, 7},
		{"signs in a string", `{"a":"{[,,,]}","b":1}`, 2},
		{"an escaped quotation mark", `{"a":"\",,,\\","b":1}`, 2},
		{"a string that never ends", `{"a":",,,`, 1},
		{"an escape that never ends", `{"a":",,,\`, 1},
		{"nesting", strings.Repeat("[", 9), 9},
	}
	for _, tt := range tests {
		if err := Elements([]byte(tt.text), tt.count); err != nil {
			t.Errorf("%s: Elements(%q, %d) = %v", tt.name, tt.text, tt.count, err)
		}
		if err := Elements([]byte(tt.text), tt.count-1); tt.count > 0 && !errors.Is(err, ErrTooLarge) {
			t.Errorf("%s: Elements(%q, %d) = %v, want ErrTooLarge", tt.name, tt.text, tt.count-1, err)
		}
	}
}

// BenchmarkElements compares the count with what a decoder makes of the text.
func BenchmarkElements(b *testing.B) {
	text := []byte(`{"workforcePoolProviders":[` + strings.Repeat(`{"name":"locations/global/workforcePools/acme-pool/providers/entra","attributeMapping":{"google.subject":"assertion.sub"}},`, 100) + `{}]}`)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if err := Elements(text, 1e6); err != nil {
			b.Fatal(err)
		}
	}
}
