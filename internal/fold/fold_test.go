package fold_test

import (
	"strings"
	"testing"
	"unicode"

	"github.com/iamscim/iamscim/internal/fold"
)

func TestKey(t *testing.T) {
	t.Parallel()
	tests := []struct {
		text, want, why string
	}{
		{"", "", "nothing"},
		{"jdoe@example.com", "jdoe@example.com", "lower case already"},
		{"JDoe@Example.COM", "jdoe@example.com", "ASCII"},
		{"\u212Aelvin", "kelvin", "the Kelvin sign is a k"},
		{"ſ", "s", "the long s is an s"},
		{"[@`{", "[@`{", "neighbors of the letters"},
	}
	for _, tt := range tests {
		if got := fold.Key(tt.text); got != tt.want {
			t.Errorf("Key(%q) = %q, want %q (%s)", tt.text, got, tt.want, tt.why)
		}
	}
}

// TestEveryRune compares with strings.EqualFold for every character there is
// and those it can be folded to.
func TestEveryRune(t *testing.T) {
	t.Parallel()
	for r := rune(0); r <= unicode.MaxRune; r++ {
		for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
			if a, b := fold.Key(string(r)), fold.Key(string(next)); a != b {
				t.Errorf("Key(%U) = %q and Key(%U) = %q, want the same", r, a, next, b)
			}
		}
		if a := fold.Key(string(r)); !strings.EqualFold(a, string(r)) {
			t.Errorf("Key(%U) = %q, which is another letter", r, a)
		}
	}
}

func FuzzKey(f *testing.F) {
	for _, pair := range [][2]string{{"k", "\u212A"}, {"σ", "ς"}, {"ß", "ss"}, {"İ", "i"}, {"ı", "I"}, {"ﬀ", "ff"}, {"a\xff", "A\ufffd"}, {"ÄB", "äb"}} {
		f.Add(pair[0], pair[1])
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		if got, want := fold.Key(a) == fold.Key(b), strings.EqualFold(a, b); got != want {
			t.Errorf("Key(%q) = %q and Key(%q) = %q; EqualFold = %v", a, fold.Key(a), b, fold.Key(b), want)
		}
	})
}
