package claimmap

import (
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// FuzzPrint: the canonical text parses to the tree it was printed from, and so
// is its own canonical text.
func FuzzPrint(f *testing.F) {
	for _, s := range []string{
		"a.b[0]['x'].c(1, 2)", "!(!a) && -(-b) == c || d", "a ? b : c ? d : e", "(a ? b : c) ? d : e", "a - (b - c) * -1", "(a == b) == c", "a == (b == c)",
		"'\\'\\\\\\n\\u0001\\U0001F600' + \"\\\"\" + b'\\xff'", "[1, 2u, 3.0, 1e100, -5, null, true]", "{'a': 1, 2: [3]}['a']", "(-1).x", "-1.x", "-(0).A", "-(1)[2].b(c)", "-(-1).x", "!(0).a", "(a && b) && c", "a && (b && c)", "---0", "-(1)", "- 1.5", "-(-(2u))", "a || b && c",
		"a['in'].b['for']", "a.b['c d']", "f(x)(y)", ".a.b", "a in b in c", "(a in b) in c", "9223372036854775807", "-9223372036854775808", "0xFF", "1.", "T{a: 1}",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, expression string) {
		tree, faults := parse(expression)
		if faults != nil {
			return
		}
		other := false
		tree.walk(func(n *node) { other = other || n.kind == nodeOther })
		text := tree.String()
		if other || utf8.RuneCountInString(text) > maxInput {
			return
		}
		again, faults := parse(text)
		if faults != nil {
			t.Fatalf("parse(%q), printed from %q: %v", text, expression, faults)
		}
		if !equalNodes(tree, again) || again.String() != text {
			t.Fatalf("%q prints as %q, which prints as %q", expression, text, again.String())
		}
	})
}

// TestParserIsBounded shows that whatever scan lets through costs cel-go's
// parser little.
func TestParserIsBounded(t *testing.T) {
	texts := map[string]string{
		"not": strings.Repeat("!", 2000) + "a", "minus": strings.Repeat("- ", 1000) + "a", "brackets": strings.Repeat("(", 24) + "a" + strings.Repeat(")", 24),
		"many brackets": strings.Repeat(strings.Repeat("(", 20)+"a"+strings.Repeat(")", 20)+"+", 45) + "a", "ternary": strings.Repeat("a?b:", 500) + "a",
		"dots": strings.Repeat("a.", 1000) + "a", "sum": strings.Repeat("1+", 1000) + "1", "indexes": strings.Repeat("a[", 24) + "a" + strings.Repeat("]", 24),
		"open": strings.Repeat("(a", 24), "garbage": strings.Repeat("a b ", 500), "closed": strings.Repeat(") (", 300), "operators": strings.Repeat("&&", 1000),
		"or": strings.Repeat("a||", 600) + "a", "messages": strings.Repeat("A{b:", 24) + "c" + strings.Repeat("}", 24), "quotes": strings.Repeat("'", 2001),
		"arguments": "f(" + strings.Repeat("a,", 1000) + "a)", "characters": strings.Repeat("@#$", 600), "empty brackets": strings.Repeat("()", 1000),
	}
	for name, text := range texts {
		start := time.Now()
		parse(text)
		if elapsed := time.Since(start); elapsed > 2*time.Second {
			t.Errorf("parse(%s) took %v", name, elapsed)
		}
	}
}

// TestExtract follows
// https://docs.cloud.google.com/iam/docs/conditions-attribute-reference#extract.
func TestExtract(t *testing.T) {
	t.Parallel()
	const s = "projects/_/buckets/acme-orders-aaa/data_lake/orders/order_date=2019-11-03/aef87g87ae0876"
	tests := []struct{ template, want string }{
		{"/order_date={date}/", "2019-11-03"},
		{"buckets/{name}/", "acme-orders-aaa"},
		{"/orders/{empty}order_date", ""},
		{"{start}/data_lake", "projects/_/buckets/acme-orders-aaa"},
		{"orders/{end}", "order_date=2019-11-03/aef87g87ae0876"},
		{"{all}", s},
		{"/orders/{none}/order_date=", ""},
		{"/orders/order_date=2019-11-03/{id}/data_lake", ""},
		{"nowhere/{x}", ""},
		{"{x}/nowhere", ""},
	}
	for _, tt := range tests {
		if got, err := extract(s, tt.template); got != tt.want || err != nil {
			t.Errorf("extract(%q, %q) = %q, %v, want %q", s, tt.template, got, err, tt.want)
		}
	}
	for _, template := range []string{"", "abc", "{}", "{a", "a}", "{a}{b}", "{a-b}", "{{a}}", "}a{"} {
		if got, err := extract(s, template); err == nil {
			t.Errorf("extract(%q, %q) = %q, want an error", s, template, got)
		}
	}
}

// FuzzExtract compares with a regular expression.
func FuzzExtract(f *testing.F) {
	f.Add("a/b/c", "a/", "/c")
	f.Add("aXbXc", "X", "X")
	f.Fuzz(func(t *testing.T, s, prefix, suffix string) {
		if strings.ContainsAny(prefix+suffix, "{}") || !utf8.ValidString(s) || !utf8.ValidString(prefix) || !utf8.ValidString(suffix) {
			return
		}
		pattern := "(?s)^"
		if prefix != "" {
			pattern += ".*?" + regexp.QuoteMeta(prefix)
		}
		pattern += "(.*"
		if suffix != "" {
			pattern += "?)" + regexp.QuoteMeta(suffix)
		} else {
			pattern += ")$"
		}
		want := ""
		if match := regexp.MustCompile(pattern).FindStringSubmatch(s); match != nil {
			want = match[1]
		}
		// The expression above may skip an occurrence of the prefix that no suffix
		// follows; the page speaks of the first one.
		if prefix != "" && suffix != "" {
			if _, rest, ok := strings.Cut(s, prefix); !ok || !strings.Contains(rest, suffix) {
				want = ""
			}
		}
		if got, err := extract(s, prefix+"{x}"+suffix); got != want || err != nil {
			t.Errorf("extract(%q, %q) = %q, %v, want %q", s, prefix+"{x}"+suffix, got, err, want)
		}
	})
}

// TestLowerASCII compares the fast paths with the plain loop, at every length
// and for every byte.
func TestLowerASCII(t *testing.T) {
	t.Parallel()
	plain := func(s string) string { return string(appendLower(nil, s)) }
	rng := rand.New(rand.NewPCG(3, 4))
	for length := range 300 {
		for range 20 {
			b := make([]byte, length)
			for i := range b {
				b[i] = byte(rng.IntN(128))
				if rng.IntN(200) == 0 {
					b[i] = byte(rng.IntN(256))
				}
			}
			if got, want := lowerASCII(string(b)), plain(string(b)); got != want {
				t.Fatalf("lowerASCII(%q) = %q, want %q", b, got, want)
			}
		}
	}
	for c := range 256 {
		for _, s := range []string{string([]byte{byte(c)}), "abcdefg" + string([]byte{byte(c)}), "abcdefgh" + string([]byte{byte(c)}) + "xyzxyzx"} {
			if got, want := lowerASCII(s), plain(s); got != want {
				t.Errorf("lowerASCII(%q) = %q, want %q", s, got, want)
			}
			upper, foreign := letters(s)
			if foreign != (c >= 0x80) || !foreign && upper != (c >= 'A' && c <= 'Z') {
				t.Errorf("letters(%q) = %v, %v", s, upper, foreign)
			}
		}
	}
}

// TestHashesOfSameValues: values that are the same have the same hash.
func TestHashesOfSameValues(t *testing.T) {
	t.Parallel()
	h := newHasher()
	for _, same := range [][]string{{"k", "K", "\u212A"}, {"s", "S", "ſ"}, {"äb", "ÄB", "Äb"}, {"σ", "Σ", "ς"}, {"jdoe@example.com", "JDoe@Example.COM"}, {"kß", "\u212Aß"}} {
		for _, value := range same {
			if !strings.EqualFold(value, same[0]) {
				t.Fatalf("%q and %q are not the same", value, same[0])
			}
			if h.hash(value, folded) != h.hash(same[0], folded) {
				t.Errorf("hash(%q) and hash(%q) differ", value, same[0])
			}
		}
	}
	if h.hash("ABÄ", lowered) != h.hash("abÄ", lowered) || h.hash("Ä", lowered) == h.hash("ä", lowered) || h.hash("a", exactly) == h.hash("A", exactly) {
		t.Error("hashes do not follow lowerAscii or the exact value")
	}
}

// TestCollisions shows that two values with one hash are no duplicates, and
// that a hash of 0 is as good as any.
func TestCollisions(t *testing.T) {
	t.Parallel()
	var set hashSet
	for _, hash := range []uint64{7, 0, 9, 0, 7, 7, 1 << 63} {
		set.add(hash)
	}
	found := set.duplicates()
	if len(found) != 2 || found[0] != 1 || found[1] != 7 {
		t.Fatalf("duplicates() = %v, want 0, taken for 1, and 7", found)
	}
	s := newSuspicion(found)
	equal := func(a, b string) bool { return a == b }
	for row, value := range []string{"a", "b", "a"} {
		first, ok := s.meet(7, value, row, equal)
		if want := row == 2; ok != want || first != 0 {
			t.Errorf("meet(7, %q) in row %d = %d, %v, want a duplicate: %v", value, row, first, ok, want)
		}
	}
	if _, ok := s.meet(8, "a", 3, equal); ok || !s.may(7) {
		t.Error("a hash that was not looked for is a duplicate, or one that was is not")
	}
	if !s.unseen() { // 0 was never met
		t.Error("unseen() = false, although one hash did not return")
	}
}
