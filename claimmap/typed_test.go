package claimmap_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/iamscim/iamscim/claimmap"
)

const enterprise = "user['urn:ietf:params:scim:schemas:extension:enterprise:2.0:User']"

// TestTypedEnvironment shows what the type checker refuses, and where, and that
// it says so of every place.
func TestTypedEnvironment(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, expression string
		class            claimmap.Class // "" if it is accepted
		columns          []int
		want             string // in one of the messages
	}{
		{"the extension", enterprise + ".department", "", nil, ""},
		{"the extension, three levels", enterprise + ".manager.displayName", "", nil, ""},
		{"brackets with a plain name", enterprise + "['department']", "", nil, ""},
		{"another extension", "user['urn:acme:User'].department", claimmap.ClassUnsupported, []int{5}, "urn:acme:User"},
		{"the extension's key, in another case", strings.ToLower(enterprise) + ".department", claimmap.ClassUnsupported, []int{5}, "no attribute urn:"},
		{"an attribute of the extension, in another case", enterprise + ".Department", claimmap.ClassUnsupported, []int{68}, "did you mean department?"},
		{"an attribute of the extension that is missing", enterprise + ".team", claimmap.ClassUnsupported, []int{68}, "the enterprise extension has no attribute team"},
		{"an attribute of the extension that is refused", enterprise + ".manager['$ref']", claimmap.ClassUnsupported, []int{75}, "$ref can be provisioned"},
		{"brackets with another key", "user['nick name']", claimmap.ClassUnsupported, []int{5}, "no attribute nick name"},
		{"brackets with a computed key", "user[user.title]", claimmap.ClassType, []int{5}, "only a list can be indexed"},
		{"an unknown name", "user.shoeSize", claimmap.ClassUnsupported, []int{6}, "a user has no attribute shoeSize"},
		{"a name in another case", "user.DisplayName", claimmap.ClassUnsupported, []int{6}, "did you mean displayName?"},
		{"a name in another case below a list", "user.emails[0].Value", claimmap.ClassUnsupported, []int{16}, "did you mean value?"},
		{"a refused name", "user.password", claimmap.ClassUnsupported, []int{6}, "not supported by the service"},
		{"a refused list", "user.x509Certificates[0].value", claimmap.ClassUnsupported, []int{6}, "cannot be used in a claim mapping"},
		{"in a macro", "user.emails.filter(e, e.kind == 'work')[0].value", claimmap.ClassUnsupported, []int{25}, "an entry of user.emails has no attribute kind"},
		{"behind a macro", "user.emails.filter(e, e.type == 'work')[0].Value", claimmap.ClassUnsupported, []int{44}, "did you mean value?"},
		{"three at once", "user.a + user.password + user.title - 1", claimmap.ClassUnsupported, []int{6, 15, 37}, "a user has no attribute a"},
		{"in has", "has(user.shoeSize) ? 'a' : 'b'", claimmap.ClassUnsupported, []int{10}, "no attribute shoeSize"},
		{"null", "user.title != null && user.roles != null && user.name != null && user.active != null ? 'a' : 'b'", "", nil, ""},
		{"null and a text that is never null", "'a' != null ? user.title : ''", claimmap.ClassType, []int{5}, "(string, null)"},
		{"null and a call", "user.title.lowerAscii()==null ? user.title : ''", claimmap.ClassType, []int{1}, "(string, null)"},
		{"null and a list that is made", "['a'] == null || size(user.roles) == null ? 'a' : 'b'", claimmap.ClassType, []int{7, 35}, "(list(string), null)"},
		{"null alone", "null", claimmap.ClassType, []int{1}, "must be a string, not null"},
		{"numbers of two types", "1.5 > 0 && 1u < 2 && size(user.roles) >= 0.5 ? 'a' : 'b'", "", nil, ""},
		{"a list of two types", "['a', 1].exists(x, x == 1) ? 'a' : 'b'", claimmap.ClassType, []int{7}, "string and int"},
		{"a list of two types of attributes", "user.title in [user.locale, user.active] ? 'a' : 'b'", claimmap.ClassType, []int{29}, "string and bool"},
		{"an element of another type", "[1][0]", claimmap.ClassType, []int{1}, "must be a string, not int"},
		{"an element that is a list", "[[user.title]][0]", claimmap.ClassType, []int{1}, "must be a string, not a list"},
		{"a search in a list of another type", "user.title in [1, 2] ? 'a' : 'b'", claimmap.ClassType, []int{12}, "(string, list(int))"},
		{"a sum of lists of two types", "(['a'] + [1])[0]", claimmap.ClassType, []int{8}, "list(int)"},
		{"a join of numbers", "[1, 2].join('-')", claimmap.ClassType, []int{8}, "join()"},
		{"a variable of the name of an attribute", "user.roles.map(user, user.value)[0]", "", nil, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			checkRule(t, tt.expression, tt.class, tt.columns, tt.want)
		})
	}
}

// checkRule makes a mapping with an expression and compares what is said about it.
func checkRule(t *testing.T, expression string, class claimmap.Class, columns []int, want string) {
	t.Helper()
	_, err := claimmap.New(map[string]string{"google.subject": "user.userName", "google.group": "group.externalId", "attribute.x": expression})
	if class == "" {
		if err != nil {
			t.Errorf("New(%s) = %v, want it accepted", expression, err)
		}
		return
	}
	invalid, ok := errors.AsType[*claimmap.Error](err)
	if !ok || len(invalid.Issues) != len(columns) || !strings.Contains(err.Error(), want) || invalid.Issues[0].Class != class {
		t.Fatalf("New(%s) = %v, want %d issues, the first of class %s, and %q", expression, err, len(columns), class, want)
	}
	for i, column := range columns {
		if got := invalid.Issues[i].Column; got != column || invalid.Issues[i].Line != 1 {
			t.Errorf("New(%s): issue %d is in column %d, want %d", expression, i, got, column)
		}
	}
}

// TestConstantFaults shows that what fails for everybody is refused.
func TestConstantFaults(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, expression string
		class            claimmap.Class
		columns          []int
		want             string
	}{
		{"a bracket in a pattern", "user.title.matches('(') ? 'a' : 'b'", claimmap.ClassType, []int{20}, "missing closing )"},
		{"a look-ahead", "user.title.matches('(?!x)') ? 'a' : 'b'", claimmap.ClassType, []int{20}, "RE2"},
		{"a look-behind", "user.title.matches('(?<=x)y') ? 'a' : 'b'", claimmap.ClassType, []int{20}, "RE2"},
		{"a back reference", `user.title.matches('(a)\\1') ? 'a' : 'b'`, claimmap.ClassType, []int{20}, "RE2"},
		{"a repetition above 1000", "user.title.matches('a{1001}') ? 'a' : 'b'", claimmap.ClassType, []int{20}, "RE2"},
		{"a pattern put together", "user.title.matches('(' + 'a') ? 'a' : 'b'", claimmap.ClassType, []int{20}, "RE2"},
		{"the other way to write matches", "matches(user.title, '[') ? 'a' : 'b'", claimmap.ClassType, []int{21}, "RE2"},
		{"a pattern in a macro", "user.roles.exists(r, r.value.matches('*')) ? 'a' : 'b'", claimmap.ClassType, []int{38}, "RE2"},
		{"a constant text and pattern", "'x'.matches('(') ? 'a' : 'b'", claimmap.ClassType, []int{1}, "fails for everybody"},
		{"division by zero", "string(1 / 0)", claimmap.ClassType, []int{1}, "division by zero"},
		{"modulus by zero", "string(size(user.roles) + 1 % 0)", claimmap.ClassType, []int{27}, "modulus by zero"},
		{"overflow", "string(9223372036854775807 + 1)", claimmap.ClassType, []int{1}, "overflow"},
		{"an index beyond the end", "[''][1]", claimmap.ClassType, []int{1}, "index out of bounds"},
		{"an index into nothing", "user.active ? [''].filter(x, x != '')[0] : 'a'", claimmap.ClassType, []int{15}, "index out of bounds"},
		{"an index into a split text", "'a-b'.split('-')[2]", claimmap.ClassType, []int{1}, "index out of bounds"},
		{"in a macro", "user.roles.map(r, r.value + [''][1])[0]", claimmap.ClassType, []int{29}, "index out of bounds"},
		{"an index beyond the limit of split", "user.title.split('-', 2)[2]", claimmap.ClassType, []int{26}, "at most 2 parts"},
		{"an index into no parts", "user.roles.map(r, r.value.split('-', 0)[0])[0]", claimmap.ClassType, []int{41}, "at most 0 parts"},
		{"patterns that are too large for an evaluation here", "user.title.matches('^(abcdefghij){400}$') || 'x'.matches('^(abcdefghij){400}$') ? 'a' : 'b'", "", nil, ""},
		{"an index within the limit of split", "user.title.split('-', 2)[1] + user.title.split('-')[9] + user.title.split('-', -1)[9]", "", nil, ""},
		{"a repetition", "user.title.matches('a{2}') && 'aa'.matches('a{2,3}') && matches(user.locale, '^([a-z]{2}){1,40}$') ? 'a' : 'b'", "", nil, ""},
		{"constants that work", "user.title.matches('^(a|b){1,1000}$') && 1 / 1 == 1 && ['a'][0] == 'a' ? 'a-b'.split('-')[1] : ''", "", nil, ""},
		{"a pattern that is an attribute", "user.title.matches(user.locale) ? 'a' : 'b'", "", nil, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			checkRule(t, tt.expression, tt.class, tt.columns, tt.want)
		})
	}
}

// TestCheckedTreeIsNotEvaluated shows that values come from the resource: the
// checked tree, evaluated on a decoded JSON object, would yield zero values.
func TestCheckedTreeIsNotEvaluated(t *testing.T) {
	t.Parallel()
	m := mustNew(t, map[string]string{
		"google.subject": "user.userName", "google.group": "group.externalId",
		"attribute.a": "string(user.active)", "attribute.b": "string(size(user.roles)) + user.roles[0].value",
		"attribute.c": enterprise + ".department", "attribute.d": "user.title", "attribute.e": "string(user.emails.exists(e, e.primary))",
	})
	got, err := m.EvaluateUser(decode(t, fullUser))
	want := map[string]string{"a": "true", "b": "2admin", "c": "Tour Operations", "e": "true"}
	if got.Subject != "JDoe@Example.com" || len(got.Custom) != len(want) || !errors.Is(err, claimmap.ErrEmpty) {
		t.Errorf("EvaluateUser = %+v, %v, want the values of the resource and title empty", got, err)
	}
	for key, value := range want {
		if got.Custom[key] != value {
			t.Errorf("attribute.%s = %q, want %q", key, got.Custom[key], value)
		}
	}
}
