package claimmap

import (
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
		if elapsed := time.Since(start); elapsed > 10*time.Second {
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

// TestLowerASCII compares with the plain loop for every byte.
func TestLowerASCII(t *testing.T) {
	t.Parallel()
	for c := range rune(0x250) {
		for _, s := range []string{string(c), "abc" + string(c) + "Z"} {
			want := []byte(s)
			for i, b := range want {
				if 'A' <= b && b <= 'Z' {
					want[i] = b + ('a' - 'A')
				}
			}
			if got := lowerASCII(s); got != string(want) {
				t.Errorf("lowerASCII(%q) = %q, want %q", s, got, want)
			}
		}
	}
}
