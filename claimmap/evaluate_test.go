package claimmap_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/iamscim/iamscim/claimmap"
)

// decode reads JSON as a caller would.
func decode(t testing.TB, text string) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("decode(%s): %v", text, err)
	}
	return v
}

const fullUser = `{
	"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],
	"id": "1", "externalId": "Ext-1", "userName": "JDoe@Example.com", "displayName": "Jane Dœ", "active": true,
	"name": {"formatted": "Ms. Jane Doe", "givenName": "Jane", "familyName": "Doe"},
	"emails": [{"type": "work", "primary": true, "value": "Jane.Doe@Example.com"}],
	"photos": [{"type": "photo", "value": "https://photos.example.com/1"}, {"type": "thumbnail", "value": "https://photos.example.com/1t"}],
	"roles": [{"type": "default", "value": "admin"}, {"value": "auditor"}],
	"nickName": null, "title": "",
	"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"department": "Tour Operations", "manager": {"value": "26118915", "displayName": "John Smith"}}
}`

func TestEvaluateUser(t *testing.T) {
	t.Parallel()
	base := map[string]string{"google.subject": "user.emails[0].value.lowerAscii()", "google.group": "group.externalId"}
	tests := []struct {
		name  string
		rules map[string]string // besides, or instead of, base
		user  string            // default fullUser
		want  claimmap.Attributes
		errs  map[string]error // by key
	}{
		{name: "the recommended subject", want: claimmap.Attributes{Subject: "jane.doe@example.com"}},
		{
			name: "Google's samples for the other keys",
			rules: map[string]string{
				"google.display_name": "user.displayName", "google.profile_photo": "user.photos.filter(p, p.type == 'thumbnail')[0].value",
				"google.email": "user.emails.filter(e, e.type == 'work')[0].value", "google.posix_username": "user.userName.split('@')[0].lowerAscii()",
				"attribute.department": "user['urn:ietf:params:scim:schemas:extension:enterprise:2.0:User'].department",
				"attribute.roles":      "user.roles.map(r, r.value).join(' ')",
				"attribute.active":     "string(user.active)",
				"attribute.manager":    "has(user.nickName) && user.nickName != null ? user.nickName : user['urn:ietf:params:scim:schemas:extension:enterprise:2.0:User'].manager.value",
			},
			want: claimmap.Attributes{
				Subject: "jane.doe@example.com", DisplayName: "Jane Dœ", ProfilePhoto: "https://photos.example.com/1t", Email: "Jane.Doe@Example.com", POSIXUsername: "jdoe",
				Custom: map[string]string{"department": "Tour Operations", "roles": "admin auditor", "active": "true", "manager": "26118915"},
			},
		},
		{
			name:  "an absent attribute costs only its own rule",
			rules: map[string]string{"google.display_name": "user.displayName", "attribute.locale": "user.locale", "attribute.phone": "user.phoneNumbers[0].value", "attribute.second": "user.photos[5].value"},
			want:  claimmap.Attributes{Subject: "jane.doe@example.com", DisplayName: "Jane Dœ"},
			errs:  map[string]error{"attribute.locale": claimmap.ErrEmpty, "attribute.phone": claimmap.ErrEmpty, "attribute.second": claimmap.ErrEmpty},
		},
		{
			name:  "null and empty",
			rules: map[string]string{"attribute.nick": "user.nickName", "attribute.title": "user.title"},
			want:  claimmap.Attributes{Subject: "jane.doe@example.com"},
			errs:  map[string]error{"attribute.nick": claimmap.ErrEmpty, "attribute.title": claimmap.ErrEmpty},
		},
		{name: "no email", user: `{"userName": "x"}`, errs: map[string]error{"google.subject": claimmap.ErrEmpty}},
		{name: "emails null", user: `{"emails": null}`, errs: map[string]error{"google.subject": claimmap.ErrEmpty}},
		{name: "emails empty", user: `{"emails": []}`, errs: map[string]error{"google.subject": claimmap.ErrEmpty}},
		{name: "email null", user: `{"emails": [null]}`, errs: map[string]error{"google.subject": claimmap.ErrEmpty}},
		{name: "value null, lowered", user: `{"emails": [{"value": null}]}`, errs: map[string]error{"google.subject": claimmap.ErrEmpty}},
		{name: "value empty", user: `{"emails": [{"value": ""}]}`, errs: map[string]error{"google.subject": claimmap.ErrEmpty}},
		{name: "value a number", user: `{"emails": [{"value": 5}]}`, errs: map[string]error{"google.subject": claimmap.ErrWrongType}},
		{name: "value a list", user: `{"emails": [{"value": ["a"]}]}`, errs: map[string]error{"google.subject": claimmap.ErrWrongType}},
		{name: "emails an object", user: `{"emails": {"value": "a"}}`, errs: map[string]error{"google.subject": claimmap.ErrEmpty}},
		{name: "emails of strings", user: `{"emails": ["a@b"]}`, errs: map[string]error{"google.subject": claimmap.ErrEmpty}},
		{
			name: "subject of 127 bytes", rules: map[string]string{"google.subject": "user.userName"},
			user: `{"userName": "` + strings.Repeat("a", 127) + `"}`, want: claimmap.Attributes{Subject: strings.Repeat("a", 127)},
		},
		{
			name: "subject of 128 bytes", rules: map[string]string{"google.subject": "user.userName"},
			user: `{"userName": "` + strings.Repeat("é", 64) + `"}`, errs: map[string]error{"google.subject": claimmap.ErrTooLong},
		},
		{
			name:  "display name of 101 bytes, POSIX name of 33 characters",
			rules: map[string]string{"google.subject": "user.userName", "google.display_name": "user.displayName", "google.posix_username": "user.nickName"},
			user:  `{"userName": "u", "displayName": "` + strings.Repeat("é", 50) + `x", "nickName": "` + strings.Repeat("é", 33) + `"}`,
			want:  claimmap.Attributes{Subject: "u"},
			errs:  map[string]error{"google.display_name": claimmap.ErrTooLong, "google.posix_username": claimmap.ErrTooLong},
		},
		{
			name:  "display name of 100 bytes, POSIX name of 32 characters",
			rules: map[string]string{"google.subject": "user.userName", "google.display_name": "user.displayName", "google.posix_username": "user.nickName"},
			user:  `{"userName": "u", "displayName": "` + strings.Repeat("é", 50) + `", "nickName": "` + strings.Repeat("é", 32) + `"}`,
			want:  claimmap.Attributes{Subject: "u", DisplayName: strings.Repeat("é", 50), POSIXUsername: strings.Repeat("é", 32)},
		},
		{
			name: "a photo that is no URL", rules: map[string]string{"google.profile_photo": "user.displayName"},
			want: claimmap.Attributes{Subject: "jane.doe@example.com"}, errs: map[string]error{"google.profile_photo": claimmap.ErrWrongType},
		},
		{
			name: "more than 16 kB together", rules: map[string]string{"google.subject": "user.userName", "attribute.a": "user.title", "attribute.b": "user.title"},
			user: `{"userName": "u", "title": "` + strings.Repeat("a", 8192) + `"}`,
			want: claimmap.Attributes{Subject: "u", Custom: map[string]string{"a": strings.Repeat("a", 8192), "b": strings.Repeat("a", 8192)}},
			errs: map[string]error{"mapped attributes": claimmap.ErrTooLong},
		},
		{
			name: "a number where macros want a list", rules: map[string]string{"google.email": "user.emails.filter(e, e.type == 'work')[0].value", "google.subject": "user.userName"},
			user: `{"userName": "u", "emails": 7}`, want: claimmap.Attributes{Subject: "u"}, errs: map[string]error{"google.email": claimmap.ErrWrongType},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			rules := map[string]string{}
			for _, add := range []map[string]string{base, tt.rules} {
				for key, expression := range add {
					rules[key] = expression
				}
			}
			if tt.user == "" {
				tt.user = fullUser
			}
			got, err := mustNew(t, rules).EvaluateUser(decode(t, tt.user))
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("EvaluateUser(%s) (-want +got):\n%s", tt.user, diff)
			}
			checkValueErrors(t, err, tt.errs)
		})
	}
}

// checkValueErrors compares a joined error with the errors wanted by key.
func checkValueErrors(t *testing.T, err error, want map[string]error) {
	t.Helper()
	var list []error
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		list = joined.Unwrap()
	} else if err != nil {
		t.Fatalf("error %v is not a joined one", err)
	}
	if len(list) != len(want) {
		t.Errorf("errors = %v, want %v", err, want)
	}
	for _, one := range list {
		var value *claimmap.ValueError
		if !errors.As(one, &value) || !errors.Is(one, want[value.Key]) || want[value.Key] == nil {
			t.Errorf("error %v, want %v", one, want)
		}
	}
}

func TestEvaluateRefusesWhatIsNotJSON(t *testing.T) {
	t.Parallel()
	m := mustNew(t, map[string]string{"google.subject": "user.userName", "google.group": "group.displayName"})
	deep := any("x")
	for range 100 {
		deep = []any{deep}
	}
	tests := []struct {
		name string
		data map[string]any
		want error
	}{
		{"a Go struct", map[string]any{"userName": struct{ A int }{1}, "displayName": struct{}{}}, claimmap.ErrWrongType},
		{"an int", map[string]any{"userName": "a", "displayName": "b", "n": 5}, claimmap.ErrWrongType},
		{"not UTF-8", map[string]any{"userName": "\xff", "displayName": "\xff"}, claimmap.ErrNotUTF8},
		{"a key that is not UTF-8", map[string]any{"\xff": "x"}, claimmap.ErrNotUTF8},
		{"too deep", map[string]any{"a": deep}, claimmap.ErrCostExceeded},
		{"too many values", map[string]any{"a": make([]any, 30_000)}, claimmap.ErrCostExceeded},
		{"too many bytes", map[string]any{"a": strings.Repeat("x", 2<<20)}, claimmap.ErrCostExceeded},
		{"nothing", nil, claimmap.ErrEmpty},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got, err := m.EvaluateUser(tt.data); !errors.Is(err, tt.want) || got.Subject != "" {
				t.Errorf("EvaluateUser = %+v, %v, want %v", got, err, tt.want)
			}
			if got, err := m.EvaluateGroup(tt.data); !errors.Is(err, tt.want) || got != "" {
				t.Errorf("EvaluateGroup = %q, %v, want %v", got, err, tt.want)
			}
			if _, err := claimmap.EvaluateAssertion(map[string]string{"google.subject": "assertion.sub"}, tt.data); !errors.Is(err, tt.want) {
				t.Errorf("EvaluateAssertion = %v, want %v", err, tt.want)
			}
		})
	}
}

func TestEvaluateGroup(t *testing.T) {
	t.Parallel()
	tests := []struct {
		expression, group, want string
		err                     error
	}{
		{"group.externalId", `{"externalId": "G-1"}`, "G-1", nil},
		{"group.displayName.lowerAscii()", `{"displayName": "Eng ÄB"}`, "eng Äb", nil},
		{"group.displayName", `{"externalId": "G-1"}`, "", claimmap.ErrEmpty},
		{"group.displayName.lowerAscii()", `{"displayName": null}`, "", claimmap.ErrEmpty},
		{"group.displayName.lowerAscii()", `{"displayName": 1}`, "", claimmap.ErrWrongType},
		{"group.displayName", `{"displayName": {}}`, "", claimmap.ErrWrongType},
	}
	for _, tt := range tests {
		m := mustNew(t, map[string]string{"google.subject": "user.userName", "google.group": tt.expression})
		if got, err := m.EvaluateGroup(decode(t, tt.group)); got != tt.want || !errors.Is(err, tt.err) {
			t.Errorf("EvaluateGroup(%s) by %s = %q, %v, want %q, %v", tt.group, tt.expression, got, err, tt.want, tt.err)
		}
	}
}

func TestEvaluateAssertion(t *testing.T) {
	t.Parallel()
	const oidc = `{"sub": "abc", "oid": "00AA", "email": "Jane@Example.com", "groups": ["a", "b"], "roles": "x,y", "n": 3, "nul": null,
		"arn": "arn:aws:sts::1:assumed-role/admin/s1", "nested": {"team": "core"}, "ok": true}`
	const saml = `{"subject": "Jane", "attributes": {"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress": ["Jane@Example.com"], "dept": ["a", "b"]}}`
	tests := []struct {
		name, key, expression, assertion string
		want                             string
		err                              error
	}{
		{"a claim", "google.subject", "assertion.sub", oidc, "abc", nil},
		{"brackets", "google.subject", `assertion["email"].lowerAscii()`, oidc, "jane@example.com", nil},
		{"SAML NameID", "google.subject", "assertion.subject", saml, "Jane", nil},
		{"SAML attribute", "google.subject", "assertion.attributes['http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress'][0].lowerAscii()", saml, "jane@example.com", nil},
		{"a SAML attribute is a list", "google.subject", "assertion.attributes.dept", saml, "", claimmap.ErrWrongType},
		{"has and ?:", "attribute.x", "has(assertion.upn) ? assertion.upn : assertion.oid.lowerAscii()", oidc, "00aa", nil},
		{"split", "attribute.x", "assertion.email.split('@')[1]", oidc, "Example.com", nil},
		{"size", "attribute.x", "string(size(assertion.groups)) + string('äb'.size()) + string(size(assertion.nested))", oidc, "221", nil},
		{"size of a number", "attribute.x", "string(size(assertion.n))", oidc, "", claimmap.ErrWrongType},
		{"join", "attribute.x", "assertion.groups.join('-')", oidc, "a-b", nil},
		{"join of nothing", "attribute.x", "'<' + assertion.groups.filter(g, g == 'z').join('-') + '>'", oidc, "<>", nil},
		{"extract", "attribute.x", "assertion.arn.extract('assumed-role/{role}/')", oidc, "admin", nil},
		{"extract finds nothing", "attribute.x", "'<' + assertion.arn.extract('user/{role}/') + '>'", oidc, "<>", nil},
		{"extract without identifier", "attribute.x", "assertion.arn.extract('role')", oidc, "", claimmap.ErrFailed},
		{"replace", "attribute.x", "assertion.email.replace('@', ' at ').replace('e', 'E', 1)", oidc, "JanE at Example.com", nil},
		{"substring and indexOf", "attribute.x", "assertion.email.substring(0, assertion.email.indexOf('@'))", oidc, "Jane", nil},
		{"trim, upperAscii, reverse, charAt", "attribute.x", "(' ' + assertion.sub).trim().upperAscii().reverse() + assertion.sub.charAt(0)", oidc, "CBAa", nil},
		{"strings.quote", "attribute.x", "strings.quote(assertion.sub)", oidc, `"abc"`, nil},
		{"in a list, in a map", "attribute.x", "'a' in assertion.groups && 'team' in assertion.nested && !('z' in assertion.groups) ? 'yes' : 'no'", oidc, "yes", nil},
		{"a map as a table", "attribute.x", "{'abc': 'one', 'def': 'two'}[assertion.sub]", oidc, "one", nil},
		{"equality of lists and maps", "attribute.x", "assertion.groups == ['a', 'b'] && assertion.nested == {'team': 'core'} && assertion.groups != ['a'] ? 'yes' : 'no'", oidc, "yes", nil},
		{"numbers of different types", "attribute.x", "assertion.n == 3 && assertion.n != 4u && assertion.n == 3.0 ? 'yes' : 'no'", oidc, "yes", nil},
		{"matches a repetition", "attribute.x", "assertion.email.matches('^[A-Za-z]{2,30}@') && matches(assertion.sub, '^[a-c]{3}$') ? 'yes' : 'no'", oidc, "yes", nil},
		{"matches", "attribute.x", "assertion.email.matches('^[A-Z][a-z]+@') ? 'yes' : 'no'", oidc, "yes", nil},
		{"exists, all, exists_one", "attribute.x", "assertion.groups.exists(g, g == 'a') && assertion.groups.all(g, size(g) == 1) && assertion.groups.exists_one(g, g == 'b') ? 'yes' : 'no'", oidc, "yes", nil},
		{"string of a number", "attribute.x", "string(int(assertion.n))", oidc, "3", nil},
		{"absent", "google.subject", "assertion.upn", oidc, "", claimmap.ErrEmpty},
		{"null", "google.subject", "assertion.nul", oidc, "", claimmap.ErrEmpty},
		{"a number", "google.subject", "assertion.n", oidc, "", claimmap.ErrWrongType},
		{"a bool", "attribute.x", "assertion.ok", oidc, "", claimmap.ErrWrongType},
		{"lowerAscii of a number", "attribute.x", "assertion.n.lowerAscii()", oidc, "", claimmap.ErrWrongType},
		{"a bad regular expression from the data", "attribute.x", "assertion.sub.matches(assertion.arn + '(') ? 'a' : 'b'", oidc, "", claimmap.ErrFailed},
		{"division by zero", "attribute.x", "string(1 / (int(assertion.n) - 3))", oidc, "", claimmap.ErrFailed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			mapping := map[string]string{"google.subject": "'s'", tt.key: tt.expression}
			got, err := claimmap.EvaluateAssertion(mapping, decode(t, tt.assertion))
			value := got.Subject
			if tt.key == "attribute.x" {
				value = got.Custom["x"]
			}
			if value != tt.want {
				t.Errorf("EvaluateAssertion(%s) = %q, %v, want %q", tt.expression, value, err, tt.want)
			}
			var want map[string]error
			if tt.err != nil {
				want = map[string]error{tt.key: tt.err}
			}
			checkValueErrors(t, err, want)
		})
	}
}

func TestEvaluateAssertionGroups(t *testing.T) {
	t.Parallel()
	many := `{"sub": "s", "groups": ["` + strings.Join(slices.Repeat([]string{"g"}, 401), `","`) + `"]}`
	tests := []struct {
		name, expression, assertion string
		want                        []string
		err                         error
	}{
		{"a list", "assertion.groups", `{"groups": ["a", "b"]}`, []string{"a", "b"}, nil},
		{"one string", "assertion.groups", `{"groups": "a"}`, []string{"a"}, nil},
		{"none", "assertion.groups", `{"groups": []}`, []string{}, nil},
		{"mapped", "assertion.groups.map(g, 'x-' + g)", `{"groups": ["a", "b"]}`, []string{"x-a", "x-b"}, nil},
		{"numbers", "assertion.groups", `{"groups": [1]}`, nil, claimmap.ErrWrongType},
		{"null", "assertion.groups", `{"groups": null}`, nil, claimmap.ErrEmpty},
		{"an object", "assertion.groups", `{"groups": {"a": 1}}`, nil, claimmap.ErrWrongType},
		{"401", "assertion.groups", many, nil, claimmap.ErrTooLong},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := claimmap.EvaluateAssertion(map[string]string{"google.subject": "'s'", "google.groups": tt.expression}, decode(t, tt.assertion))
			if diff := cmp.Diff(tt.want, got.Groups); diff != "" || !errors.Is(err, tt.err) {
				t.Errorf("EvaluateAssertion(google.groups=%s) error %v, want %v; groups (-want +got):\n%s", tt.expression, err, tt.err, diff)
			}
		})
	}
}

func TestEvaluateAssertionRefusesMappings(t *testing.T) {
	t.Parallel()
	mapping := map[string]string{
		"google.subject":      "assertion.sub.lower()",
		"google.group":        "assertion.groups",
		"google.display_name": "user.displayName",
		"attribute.BAD":       "assertion.x",
		"attribute.syntax":    "assertion.",
		"attribute.format":    "'%s'.format([assertion.x])",
		"attribute.guard":     "replace_within_limits(assertion.x)",
		"attribute.bytes":     "b'x'",
		"attribute.long":      "'" + strings.Repeat("x", 3000) + "'",
	}
	_, err := claimmap.EvaluateAssertion(mapping, map[string]any{"sub": "x"})
	var invalid *claimmap.Error
	if !errors.As(err, &invalid) {
		t.Fatalf("EvaluateAssertion = %v, want *Error", err)
	}
	var got []string
	for _, issue := range invalid.Issues {
		got = append(got, fmt.Sprintf("%s %d:%d %s", issue.Key, issue.Line, issue.Column, issue.Class))
	}
	want := []string{
		"google.subject 1:15 unsupported", "google.group 0:0 unknown key", "google.display_name 1:1 unsupported",
		"attribute.BAD 0:0 unknown key", "attribute.bytes 1:1 unsupported", "attribute.format 1:1 unsupported",
		"attribute.guard 1:1 unsupported", "attribute.long 1:1 limit", "attribute.syntax 1:11 syntax",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("issues (-want +got):\n%s\n%v", diff, err)
	}
}

// TestHostileExpressions shows that no expression costs more than a moment,
// whatever it asks for. Without the limits the last of them run for years.
//
// It runs alone, to see what it allocates.
func TestHostileExpressions(t *testing.T) {
	list := make([]any, 1000)
	for i := range list {
		list[i] = fmt.Sprint("entry ", i)
	}
	assertion := map[string]any{"s": strings.Repeat("x", 100_000), "p": strings.Repeat("(x*)*", 2000), "l": list}
	nested := "assertion.l"
	for range 6 {
		nested = "assertion.l.map(x, " + nested + ")"
	}
	tests := []struct {
		name, expression string
		want             error
	}{
		{"replace of nothing", "assertion.s.replace('', assertion.s)", claimmap.ErrCostExceeded},
		{"replace again and again", "'xx'" + strings.Repeat(".replace('x', 'xxxxxxxxxxxxxxxx')", 30), claimmap.ErrCostExceeded},
		{"doubling a string", "[assertion.s]" + strings.Repeat(".map(x, x + x)", 45) + "[0]", claimmap.ErrCostExceeded},
		{"doubling a list, then joining it", "[['a']]" + strings.Repeat(".map(x, x + x)", 45) + "[0].join('')", claimmap.ErrCostExceeded},
		{"doubling a list, then searching it", "'b' in [['a']]" + strings.Repeat(".map(x, x + x)", 45) + "[0] ? 'a' : 'b'", claimmap.ErrCostExceeded},
		{"join with a long separator", "assertion.l.join(assertion.s)", claimmap.ErrCostExceeded},
		{"lists in lists, compared", "[assertion.l]" + strings.Repeat(".map(x, [x, x])", 40) + ".filter(y, y == y)[0][0][0][0] == [] ? 'a' : 'b'", claimmap.ErrCostExceeded},
		{"lists in lists, searched", "[assertion.l]" + strings.Repeat(".map(x, [x, x])", 40) + ".exists(y, y in [y]) ? 'a' : 'b'", claimmap.ErrCostExceeded},
		{"maps in maps, compared", "[assertion.l]" + strings.Repeat(".map(x, {'a': x, 'b': x})", 40) + ".exists(y, y != y) ? 'a' : 'b'", claimmap.ErrCostExceeded},
		{"many long strings", "assertion.l.map(x, assertion.l.map(y, assertion.s + assertion.s))[0][0]", claimmap.ErrCostExceeded},
		{"many lowered strings", "assertion.l.map(x, assertion.s.lowerAscii())[0]", claimmap.ErrCostExceeded},
		{"many parts", "assertion.l.map(x, assertion.s.split(''))[0][0]", claimmap.ErrCostExceeded},
		{"many sizes", "assertion.l.map(x, assertion.l.map(y, size(assertion.s)))[0] == [] ? 'a' : 'b'", claimmap.ErrCostExceeded},
		{"loops in loops", nested + ".size() == 0 ? 'a' : 'b'", claimmap.ErrCostExceeded},
		{"a long pattern", "assertion.s.matches(assertion.p) ? 'a' : 'b'", claimmap.ErrCostExceeded},
		{"many patterns", "assertion.l.map(x, assertion.l.filter(y, y.matches('(a|b|c){1,40}[0-9]{3}$')))[0] == [] ? 'a' : 'b'", claimmap.ErrCostExceeded},
		{"a pattern that explodes", "assertion.s.matches('((((x{30}){30}){30}){30})') ? 'a' : 'b'", claimmap.ErrCostExceeded},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			start := time.Now()
			_, err := claimmap.EvaluateAssertion(map[string]string{"google.subject": "'s'", "attribute.x": tt.expression}, assertion)
			elapsed := time.Since(start)
			runtime.ReadMemStats(&after)
			if allocated := (after.TotalAlloc - before.TotalAlloc) >> 20; elapsed > 10*time.Second || allocated > 256 {
				t.Errorf("EvaluateAssertion(%s) took %v and %d MB", tt.expression, elapsed, allocated)
			}
			if !errors.Is(err, tt.want) {
				t.Errorf("EvaluateAssertion(%s) = %v, want %v", tt.expression, err, tt.want)
			}
			t.Log(elapsed, (after.TotalAlloc-before.TotalAlloc)>>20, "MB")
		})
	}
}

func TestValueErrorsTellNothingOfTheIdentity(t *testing.T) {
	t.Parallel()
	const secret = "jane.doe@secret.example"
	m := mustNew(t, map[string]string{"google.subject": "user.userName", "google.group": "group.displayName", "attribute.n": "user.displayName.split('-')[7]",
		"google.profile_photo": "user.displayName", "attribute.i": "user.displayName.matches(user.displayName + '(') ? 'a' : 'b'"})
	_, userErr := m.EvaluateUser(map[string]any{"userName": strings.Repeat(secret, 20), "displayName": secret})
	_, groupErr := m.EvaluateGroup(map[string]any{"displayName": []any{secret}})
	_, tokenErr := claimmap.EvaluateAssertion(map[string]string{"google.subject": "string(int(assertion.e))", "attribute.k": "assertion[assertion.e]"}, map[string]any{"e": secret})
	_, subjectErr := m.Subject(claimmap.User{UserName: strings.Repeat(secret, 20)})
	for _, err := range []error{userErr, groupErr, tokenErr, subjectErr} {
		if err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("error %v, want one that does not hold the value", err)
		}
	}
}

func TestPreview(t *testing.T) {
	t.Parallel()
	m := claimmap.Recommended(claimmap.EntraID)
	user := decode(t, fullUser)
	tests := []struct {
		name, provider, assertion string
		want                      bool
		err                       error
	}{
		{"they meet", "assertion.email.lowerAscii()", `{"email": "JANE.DOE@example.com"}`, true, nil},
		{"case differs", "assertion.email", `{"email": "Jane.Doe@Example.com"}`, false, nil},
		{"somebody else", "assertion.email.lowerAscii()", `{"email": "john.doe@example.com"}`, false, nil},
		{"no claim", "assertion.email.lowerAscii()", `{"sub": "x"}`, false, claimmap.ErrEmpty},
		{"no mapping", "assertion.", `{"email": "Jane.Doe@Example.com"}`, false, claimmap.ErrInvalid},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := claimmap.Preview(map[string]string{"google.subject": tt.provider}, decode(t, tt.assertion), m, user)
			if got.Match != tt.want || !errors.Is(err, tt.err) || got.Provisioned.Subject != "jane.doe@example.com" {
				t.Errorf("Preview(%s, %s) = %+v, %v, want Match %v, error %v", tt.provider, tt.assertion, got, err, tt.want, tt.err)
			}
		})
	}
	if got, err := claimmap.Preview(nil, nil, claimmap.Mapping{}, nil); got.Match || err == nil {
		t.Errorf("Preview of nothing = %+v, %v, want two that do not meet and an error", got, err)
	}
}
