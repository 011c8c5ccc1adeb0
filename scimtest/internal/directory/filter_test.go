package directory

import (
	"fmt"
	"strings"
	"testing"

	"github.com/iamscim/iamscim/scimtest/internal/wire"
)

// show prints a filter with all its parentheses.
func (f *filter) show() string {
	switch f.kind {
	case filterAnd:
		return "(" + f.left.show() + " and " + f.right.show() + ")"
	case filterOr:
		return "(" + f.left.show() + " or " + f.right.show() + ")"
	case filterNot:
		return "not (" + f.left.show() + ")"
	case filterElement:
		return f.path.show()
	case filterPresent:
		return f.path.show() + " pr"
	}
	return f.path.show() + " " + f.op + " " + string(wire.Append(nil, f.value))
}

func (p patchPath) show() string {
	s := p.attr.String()
	if p.filter != nil {
		s += "[" + p.filter.show() + "]"
	}
	if p.sub != "" {
		s += "." + p.sub
	}
	return s
}

func TestParseFilter(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ name, text, want string }{
		// The examples of RFC 7644 figure 2, and what identity providers send.
		{"eq", `userName eq "bjensen"`, `userName eq "bjensen"`},
		{"sub-attribute", `name.familyName co "O'Malley"`, `name.familyName co "O'Malley"`},
		{"sw", `userName sw "J"`, `userName sw "J"`},
		{"URN", `urn:ietf:params:scim:schemas:core:2.0:User:userName sw "J"`, `urn:ietf:params:scim:schemas:core:2.0:User:userName sw "J"`},
		{"URN with sub-attribute", urnEnterprise + `:manager.value eq "m"`, urnEnterprise + `:manager.value eq "m"`},
		{"pr", `title pr`, `title pr`},
		{"gt", `meta.lastModified gt "2011-05-13T04:42:34Z"`, `meta.lastModified gt "2011-05-13T04:42:34Z"`},
		{"all the others", `a ne 1 and a ge 1 and a lt 1 and a le 1 and a ew "x"`, `((((a ne 1 and a ge 1) and a lt 1) and a le 1) and a ew "x")`},
		{"and with pr", `title pr and userType eq "Employee"`, `(title pr and userType eq "Employee")`},
		{"or", `title pr or userType eq "Intern"`, `(title pr or userType eq "Intern")`},
		{"group", `userType eq "Employee" and (emails co "example.com" or emails.value co "example.org")`, `(userType eq "Employee" and (emails co "example.com" or emails.value co "example.org"))`},
		{"not", `userType ne "Employee" and not (emails co "example.com")`, `(userType ne "Employee" and not (emails co "example.com"))`},
		{"value path", `userType eq "Employee" and emails[type eq "work" and value co "@example.com"]`, `(userType eq "Employee" and emails[(type eq "work" and value co "@example.com")])`},
		{"two value paths", `emails[type eq "work"] or ims[type eq "xmpp"]`, `(emails[type eq "work"] or ims[type eq "xmpp"])`},
		{"value path with sub-attribute: Entra ID", `emails[type eq "work"].value eq "x"`, `emails[type eq "work"].value eq "x"`},
		{"value path with pr", `emails[type eq "work"].value pr`, `emails[type eq "work"].value pr`},
		{"membership", `id eq "G" and members eq "U"`, `(id eq "G" and members eq "U")`},

		{"and binds tighter than or", `a eq 1 or b eq 2 and c eq 3`, `(a eq 1 or (b eq 2 and c eq 3))`},
		{"or after and", `a eq 1 and b eq 2 or c eq 3`, `((a eq 1 and b eq 2) or c eq 3)`},
		{"not binds tightest", `not (a eq 1) and b eq 2`, `(not (a eq 1) and b eq 2)`},
		{"case of operators and keywords", `A EQ 1 AND NOT (B Pr) Or c Eq TRUE`, `((A eq 1 and not (B pr)) or c eq true)`},
		{"an attribute called not", `not eq 1`, `not eq 1`},
		{"attributes that begin like keywords", `order eq 1 and android pr`, `(order eq 1 and android pr)`},
		{"literals", `a eq true and b eq false and c eq null and d eq -1.5`, `(((a eq true and b eq false) and c eq null) and d eq -1.5)`},
		{"$ref", `members.$ref eq "x"`, `members.$ref eq "x"`},
		{"hyphen and underscore", `my-attr_1 pr`, `my-attr_1 pr`},
		{"quote in a value", `userName eq "a\"b"`, `userName eq "a\"b"`},
		{"backslash in a value", `userName eq "a\\b"`, `userName eq "a\\b"`},
		{"unicode escape in a value", `userName eq "\u0061\ud83d\ude00"`, `userName eq "a😀"`},
		{"injection attempt is a value", `userName eq "x\" or userName pr or a eq \""`, `userName eq "x\" or userName pr or a eq \""`},
		{"parentheses in a value", `userName eq "a) or (b"`, `userName eq "a) or (b"`},
		{"no space before a quote: RFC 7644 section 3.5.2.2", `members[value eq"x"]`, `members[value eq "x"]`},
		{"spaces", `  a   eq   1   and   ( b pr )  `, `(a eq 1 and b pr)`},
		{"no space around a parenthesis", `(a pr)and(b pr)`, `(a pr and b pr)`},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			f, err := parseFilter(row.text)
			if err != nil {
				t.Fatalf("parseFilter(%q) = %v", row.text, err)
			}
			if got := f.show(); got != row.want {
				t.Errorf("parseFilter(%q) = %s, want %s", row.text, got, row.want)
			}
		})
	}
}

func TestParseFilterMalformed(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ name, text, want string }{
		{"empty", ``, `want an attribute name, not the end at byte 1`},
		{"only a name", `userName`, `want a space and an operator after "userName", not the end`},
		{"no value", `userName eq`, `want a space and a value after "eq"`},
		{"no value after a space", `userName eq `, `want a value after "eq", in quotes if it is text, not the end`},
		{"value without quotes", `userName eq bjensen`, `not "bjensen" at byte 13`},
		{"single quotes", `userName eq 'x'`, `not "'x'"`},
		{"quote without end", `userName eq "x`, `without a closing quote`},
		{"unknown operator", `userName like "x"`, `want an operator, not "like" at byte 10`},
		{"operator glued to its value", `a eq1`, `want an operator, not "eq1"`},
		{"programmer's equality", `userName == "x"`, `want an operator, not "=="`},
		{"pr with a value", `title pr "x"`, `does not belong here`},
		{"nothing after and", `a eq 1 and`, `want a space after "and"`},
		{"nothing after and with a space", `a eq 1 and `, `want an attribute name`},
		{"and twice", `a eq 1 and and b eq 2`, `want an operator, not "b"`},
		{"and in front", `and a eq 1`, `want an operator, not "a"`},
		{"no conjunction", `a eq 1 b eq 2`, `"b" does not belong here`},
		{"number glued to and", `a eq 1and b eq 2`, `malformed value`},
		{"parenthesis without end", `(a eq 1`, `want a closing parenthesis`},
		{"parenthesis without beginning", `a eq 1)`, `does not belong here`},
		{"empty parentheses", `()`, `want an attribute name`},
		{"not without parentheses", `not a eq 1`, `want an operator, not "a"`},
		{"bracket without end", `emails[type eq "work"`, `want a closing bracket`},
		{"empty brackets", `emails[]`, `want an attribute name`},
		{"brackets within brackets", `emails[type[value eq 1]]`, `a filter within a filter`},
		{"brackets behind a sub-attribute", `emails.value[type eq 1]`, `a sub-attribute cannot be filtered`},
		{"two sub-attributes", `a.b.c eq 1`, `want a space and an operator`},
		{"no sub-attribute", `a. eq 1`, `want an attribute name`},
		{"digit in front", `1a eq 1`, `want an attribute name, not "1a"`},
		{"only $", `$ eq 1`, `want an attribute name`},
		{"colon without a schema", `:a eq 1`, `want a schema before the colon`},
		{"invalid escape in a value", `a eq "\x"`, `malformed value`},
		{"invalid UTF-8 in a value", "a eq \"\xff\"", `malformed value`},
		{"too long", `a eq "` + strings.Repeat("x", maxFilterLength) + `"`, `longer than 8192 bytes`},
		{"too deep", strings.Repeat("(", 1000) + "a eq 1" + strings.Repeat(")", 1000), `nested deeper than 32 levels`},
		{"too deep by not", strings.Repeat("not (", 1000), `nested deeper than 32 levels`},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			f, err := parseFilter(row.text)
			if err == nil {
				t.Fatalf("parseFilter(%.60q) = %s, want an error", row.text, f.show())
			}
			if !strings.Contains(err.Error(), row.want) {
				t.Errorf("parseFilter(%.60q) = %v, want an error with %q", row.text, err, row.want)
			}
		})
	}
}

func TestParsePath(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ name, text, want string }{
		// The examples of RFC 7644 section 3.5.2, and what Entra ID sends.
		{"attribute", `members`, `members`},
		{"sub-attribute", `name.familyName`, `name.familyName`},
		{"filter", `addresses[type eq "work"]`, `addresses[type eq "work"]`},
		{"filter and sub-attribute", `members[value eq "2819c223-7f76-453a-919d-413861904646"].displayName`, `members[value eq "2819c223-7f76-453a-919d-413861904646"].displayName`},
		{"any operator in a filter", `emails[type eq "work" and value ew "example.com"]`, `emails[(type eq "work" and value ew "example.com")]`},
		{"URN", urnEnterprise + `:employeeNumber`, urnEnterprise + `:employeeNumber`},
		{"URN and sub-attribute", urnEnterprise + `:manager.value`, urnEnterprise + `:manager.value`},
		{"URN of an extension", urnEnterprise, urnEnterprise},
		{"URN and filter", urnUser + `:emails[type eq "work"].value`, urnUser + `:emails[type eq "work"].value`},
		{"a URL as schema", `http://schemas.example.com/2006/Group:x`, `http://schemas.example.com/2006/Group:x`},

		{"nothing", ``, `error: want an attribute name, not the end at byte 1`},
		{"a space in front", ` members`, `error: want an attribute name`},
		{"a space behind", `members `, `error: does not belong here`},
		{"a comparison", `members eq "x"`, `error: does not belong here`},
		{"an index", `emails[0].value`, `error: want an attribute name, not "0"`},
		{"two filters", `emails[type eq "a"][type eq "b"]`, `error: does not belong here`},
		{"two sub-attributes", `emails[type eq "a"].value.x`, `error: does not belong here`},
		{"a dot behind", `name.`, `error: want an attribute name, not the end`},
		{"bracket without end", `members[value eq "x"`, `error: want a closing bracket`},
		{"a slash", `name/familyName`, `error: does not belong here`},
		{"a JSON pointer", `/members/0`, `error: want an attribute name`},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			p, err := parsePath(row.text)
			if want, ok := strings.CutPrefix(row.want, "error: "); ok {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("parsePath(%q) = %s, %v, want an error with %q", row.text, p.show(), err, want)
				}
				return
			}
			if err != nil {
				t.Fatalf("parsePath(%q) = %v", row.text, err)
			}
			if got := p.show(); got != row.want {
				t.Errorf("parsePath(%q) = %s, want %s", row.text, got, row.want)
			}
		})
	}
}

// FuzzFilter checks that no filter breaks the parser or the evaluation, and
// that a filter that is accepted means the same when it is printed and read
// again.
func FuzzFilter(f *testing.F) {
	for _, seed := range []string{
		`userName eq "a\"b"`, `emails[type eq "work"].value eq "x"`, `not (a pr) or b ne null and c[d gt 1]`,
		`id eq "G" and members eq "U"`, urnEnterprise + `:manager eq "m"`, `meta.created ge "2026-01-01T00:00:00Z"`,
		`active eq true`, `schemas eq "x"`, `name.formatted co "é"`, `((((`, `a eq "\ud83d"`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		first, err := parseFilter(text)
		if err != nil {
			return
		}
		printed := first.show()
		if len(printed) > maxFilterLength || strings.Count(printed, "(") >= maxFilterDepth {
			return // longer or deeper than the text it was read from
		}
		second, err := parseFilter(printed)
		if err != nil {
			t.Fatalf("parseFilter(%q) prints as %q, which does not parse: %v", text, printed, err)
		}
		if again := second.show(); again != printed {
			t.Fatalf("parseFilter(%q) prints as %q and then as %q", text, printed, again)
		}
		for _, typ := range []*resourceType{userType, groupType} {
			if first.bind(binder{resolve: typ.resolve}) == nil {
				first.match(fuzzResource())
			}
			if q, err := newQuery(typ, text, nil); err == nil && len(q.terms) == 0 {
				t.Fatalf("newQuery(%q) has no terms", text)
			}
		}
	})
}

func fuzzResource() *wire.Object {
	v, err := wire.Parse(fmt.Appendf(nil, `{"schemas":[%q],"id":"1","userName":"Ada","active":true,"name":{"formatted":"A"},"emails":[{"value":"a@x","type":"work","primary":true},{"value":"b@x"}],"members":[{"value":"u"}],%q:{"manager":{"value":"m"}},"meta":{"created":"2026-01-01T00:00:00Z"}}`, urnUser, urnEnterprise), maxDepth)
	if err != nil {
		panic(err)
	}
	return v.(*wire.Object)
}

// FuzzPath checks that no path breaks the parser and that a path that is
// accepted means the same when it is printed and read again.
func FuzzPath(f *testing.F) {
	for _, seed := range []string{`members[value eq "x"].display`, `name.familyName`, urnEnterprise + `:manager.value`, `emails[not (type eq "a")]`, `a[`, `.`, `a.`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		first, err := parsePath(text)
		if err != nil {
			return
		}
		printed := first.show()
		if len(printed) > maxFilterLength || strings.Count(printed, "(") >= maxFilterDepth {
			return
		}
		second, err := parsePath(printed)
		if err != nil {
			t.Fatalf("parsePath(%q) prints as %q, which does not parse: %v", text, printed, err)
		}
		if again := second.show(); again != printed {
			t.Fatalf("parsePath(%q) prints as %q and then as %q", text, printed, again)
		}
	})
}
