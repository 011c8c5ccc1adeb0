package claimmap_test

import (
	"errors"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/ext"
	"github.com/google/go-cmp/cmp"
	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/claimmap"
)

var expressionSeeds = []string{
	"user.externalId", "user.emails[0].value.lowerAscii()", `(user["emails"][ 0 ].value)`, "user.photos.filter(p, p.type == 'thumbnail')[0].value",
	"user.name.givenName + ' ' + user.name.familyName", "has(user.title) && user.title != '' ? user.title : 'none'", "!(user.active || !user.active) ? 'a' : \"b\"",
	"user.roles.map(r, r.value + r.type).filter(x, x in ['a', 'b']).join('-')", "user.roles.exists(r, r == r) ? 'x' : 'y'", "string(size(user.emails) - 1 * 2 / 3)",
	"user.userName.split('@')[0]", "user['urn:ietf:params:scim:schemas:extension:enterprise:2.0:User'].department", "user.title.matches('^a+$') ? '1' : '2'",
	"-(-1) == - - 1 ? 'a' : 'b'", "user.x.y.z", "'\\u00e9\\n' + r'\\n' + '''a'b'''", "[1, 2.5, 3u, null, true, b'x', {'a': 1}]", "a ? b : c ? d : e", "1 < 2 == true", "user.emails[0x0].value // c",
	"((((", "@", "", "user.?a", "google.type.Color{red: 1}", "é", "user.еxternalId",
}

// FuzzParse: nothing makes Parse panic, what it prints it reads, and every issue
// points into its text.
func FuzzParse(f *testing.F) {
	for _, s := range expressionSeeds {
		f.Add("google.subject=" + s + ",google.group=group.externalId")
		f.Add("^;^google.subject=user.userName;google.group=group.externalId;attribute.a=" + s)
	}
	f.Add("^^a=b")
	f.Add("a=b,a=c,,=,x")
	f.Fuzz(func(t *testing.T, flag string) {
		m, err := claimmap.Parse(flag)
		if err != nil {
			checkIssues(t, err)
			if !m.IsZero() {
				t.Errorf("Parse(%q) = %v with an error", flag, m)
			}
			return
		}
		again, err := claimmap.Parse(m.String())
		if err != nil || !again.Equal(m) || again.String() != m.String() {
			t.Errorf("Parse(%q) = %q, %v, want the same mapping", m.String(), again.String(), err)
		}
		fromMap, err := claimmap.New(m.Map())
		if err != nil || !fromMap.Equal(m) {
			t.Errorf("New(%v) = %v, %v, want the same mapping", m.Map(), fromMap, err)
		}
		if err := m.Validate(iamscim.SCIMUsageGroups); err != nil {
			checkIssues(t, err)
		}
		for _, issue := range m.Lint(iamscim.SCIMUsageGroups) {
			_ = issue.String()
		}
	})
}

func checkIssues(t *testing.T, err error) {
	t.Helper()
	var invalid *claimmap.Error
	if !errors.As(err, &invalid) || len(invalid.Issues) == 0 {
		t.Fatalf("error %v, want *Error with issues", err)
	}
	for _, issue := range invalid.Issues {
		lines := strings.Split(issue.Expression, "\n")
		if issue.Message == "" || issue.Class == "" || issue.Line < 0 || issue.Line > len(lines) ||
			issue.Line > 0 && (issue.Column < 1 || issue.Column > utf8.RuneCountInString(lines[issue.Line-1])+1) {
			t.Errorf("issue %#v points outside its text", issue)
		}
		if !utf8.ValidString(issue.String()) {
			t.Errorf("issue %q is not UTF-8", issue.String())
		}
	}
}

// plainCEL is cel-go as anybody would set it up.
func plainCEL(t testing.TB) *cel.Env {
	t.Helper()
	env, err := cel.NewEnv(ext.Strings(), cel.CrossTypeNumericComparisons(true), cel.Variable("user", cel.DynType), cel.Variable("group", cel.DynType), cel.Variable("assertion", cel.DynType))
	if err != nil {
		t.Fatal(err)
	}
	return env
}

var selected = regexp.MustCompile(`\["([A-Za-z_][A-Za-z0-9_]*)"\]`)

// FuzzClosedSet: the table and cel-go's parser and printer never disagree about
// whether a text is one of the six subjects.
func FuzzClosedSet(f *testing.F) {
	env := plainCEL(f)
	for _, s := range expressionSeeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, expression string) {
		if utf8.RuneCountInString(expression) > 2000 || strings.Count(expression, "(")+strings.Count(expression, "[")+strings.Count(expression, "{") > 20 {
			return // refused before it is parsed, and tested elsewhere
		}
		want := ""
		if parsed, issues := env.Parse(expression); issues.Err() == nil {
			printed, err := cel.AstToString(parsed)
			if err == nil {
				want = selected.ReplaceAllString(printed, ".$1")
			}
		}
		known := false
		for _, row := range claimmap.Supported() {
			known = known || row.Key == "google.subject" && row.Expression == want
		}
		m, err := claimmap.New(map[string]string{"google.subject": expression, "google.group": "group.externalId"})
		if (err == nil) != known {
			t.Fatalf("New(google.subject=%q) = %v; cel-go reads %q", expression, err, want)
		}
		if err == nil && m.Map()["google.subject"] != want {
			t.Errorf("New(google.subject=%q) sends %q, cel-go prints %q", expression, m.Map()["google.subject"], want)
		}
	})
}

// FuzzSubject: the direct accessor and cel-go never disagree about a value.
func FuzzSubject(f *testing.F) {
	env := plainCEL(f)
	programs := map[string]cel.Program{}
	mappings := map[string]claimmap.Mapping{}
	for _, row := range claimmap.Supported() {
		if row.Key != "google.subject" {
			continue
		}
		checked, issues := env.Compile(row.Expression)
		if issues.Err() != nil {
			f.Fatal(issues.Err())
		}
		program, err := env.Program(checked)
		if err != nil {
			f.Fatal(err)
		}
		programs[row.Expression], mappings[row.Expression] = program, subjectMapping(f, row.Expression)
	}
	f.Add("Ext-1", "JDoe", "Jane.Doe@Example.com")
	f.Add("", "ÄÖÜ", strings.Repeat("A", 127))
	f.Add("K", strings.Repeat("é", 64), "ABCDEFGHijklmnopQRSTUVWX[]@`{")
	f.Add("1234567Z", "\xffA", "ZZZZZZZé")
	f.Fuzz(func(t *testing.T, externalID, userName, mail string) {
		user := claimmap.User{ExternalID: externalID, UserName: userName, WorkEmail: mail}
		resource := scimUser(externalID, userName, mail)
		for expression, program := range programs {
			got, err := mappings[expression].Subject(user)
			value, _, celErr := program.Eval(map[string]any{"user": resource})
			if celErr != nil {
				t.Fatalf("cel-go: %s of %v: %v", expression, resource, celErr)
			}
			want := value.Value().(string)
			switch {
			case errors.Is(err, claimmap.ErrEmpty):
				if want != "" {
					t.Errorf("Subject(%+v) by %s = %v, cel-go yields %q", user, expression, err, want)
				}
			case errors.Is(err, claimmap.ErrTooLong):
				if len(want) <= 127 {
					t.Errorf("Subject(%+v) by %s = %v, cel-go yields %q", user, expression, err, want)
				}
			case errors.Is(err, claimmap.ErrNotUTF8):
				if utf8.ValidString(externalID) && utf8.ValidString(userName) && utf8.ValidString(mail) {
					t.Errorf("Subject(%+v) by %s = %v", user, expression, err)
				}
			case err != nil || got != want || want == "" || len(want) > 127:
				t.Errorf("Subject(%+v) by %s = %q, %v, cel-go yields %q", user, expression, got, err, want)
			}
			if !utf8.ValidString(externalID) || !utf8.ValidString(userName) || !utf8.ValidString(mail) {
				continue // no JSON, so EvaluateUser refuses the whole resource
			}
			attributes, evalErr := mappings[expression].EvaluateUser(resource)
			if attributes.Subject != got || (evalErr == nil) != (err == nil) {
				t.Errorf("EvaluateUser(%v) by %s = %q, %v, Subject = %q, %v", resource, expression, attributes.Subject, evalErr, got, err)
			}
		}
	})
}

// FuzzEvaluate: what New accepts compiles, and evaluates to what cel-go alone
// yields; what is refused makes nothing panic.
func FuzzEvaluate(f *testing.F) {
	env := plainCEL(f)
	user := decode(f, fullUser)
	for _, s := range expressionSeeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, expression string) {
		const key = "attribute.x"
		m, err := claimmap.New(map[string]string{"google.subject": "user.userName", "google.group": "group.externalId", key: expression})
		if err != nil {
			checkIssues(t, err)
			return
		}
		got, err := m.EvaluateUser(user)
		checked, issues := env.Compile(m.Map()[key]) // what is sent
		if issues.Err() != nil {
			t.Fatalf("New accepts %q, and cel-go does not: %v", expression, issues.Err())
		}
		program, planErr := env.Program(checked, cel.CostLimit(1_000_000))
		if planErr != nil {
			t.Fatalf("New accepts %q, and cel-go does not plan it: %v", expression, planErr)
		}
		value, _, celErr := program.Eval(map[string]any{"user": user})
		var wrong *claimmap.ValueError
		switch {
		case errors.Is(err, claimmap.ErrCostExceeded):
		case errors.As(err, &wrong):
			if wrong.Detail == "it does not compile" {
				t.Fatalf("New accepts %q, and it does not compile", expression)
			}
			if s, ok := "", false; celErr == nil {
				if s, ok = value.Value().(string); ok && s != "" && len(s) < 16_000 {
					t.Errorf("%q evaluates to %q in cel-go, here: %v", expression, s, err)
				}
			}
		case celErr != nil:
			t.Errorf("%q evaluates to %q, in cel-go: %v", expression, got.Custom["x"], celErr)
		case value.Value() != got.Custom["x"]:
			t.Errorf("%q evaluates to %q, in cel-go to %v", expression, got.Custom["x"], value.Value())
		}
	})
}

// FuzzEvaluateAssertion: no expression and no token makes it panic or hang, and
// where cel-go alone yields a string, so does it.
func FuzzEvaluateAssertion(f *testing.F) {
	env := plainCEL(f)
	assertion := map[string]any{"sub": "abc", "n": 3.0, "ok": true, "nul": nil, "l": []any{"a", "b", []any{"a"}}, "m": map[string]any{"k": "v"}}
	for _, s := range expressionSeeds {
		f.Add(strings.ReplaceAll(s, "user", "assertion"))
	}
	f.Add("assertion.l.map(x, [x, x]).filter(y, y == y)[0][0]")
	f.Add("assertion.sub.replace('b', 'xx', 1) + assertion.sub.extract('a{x}c')")
	f.Add("{'a': assertion.m == {'k': 'v'} ? 'yes' : 'no'}['a']")
	f.Add("'v' in assertion.m ? 'x' : 'k' in assertion.m ? 'y' : 'z'")
	f.Add("1.0 == 1 && 1u in [1] && !([1] == [1.5]) && [1] + [2] == [1, 2] ? 'y' : 'n'")
	f.Fuzz(func(t *testing.T, expression string) {
		got, err := claimmap.EvaluateAssertion(map[string]string{"google.subject": "'s'", "attribute.x": expression}, assertion)
		if errors.Is(err, claimmap.ErrInvalid) {
			checkIssues(t, err)
			return
		}
		if errors.Is(err, claimmap.ErrCostExceeded) || strings.Contains(expression, "extract") || strings.Contains(expression, "strings.quote") {
			return
		}
		checked, issues := env.Compile(expression)
		if issues.Err() != nil {
			t.Fatalf("EvaluateAssertion accepts %q, and cel-go does not: %v", expression, issues.Err())
		}
		program, planErr := env.Program(checked, cel.CostLimit(1_000_000))
		if planErr != nil {
			return
		}
		value, _, celErr := program.Eval(map[string]any{"assertion": assertion})
		want := ""
		if celErr == nil && value.Type().TypeName() == "string" { // the value of a type is a string too
			want = value.Value().(string)
		}
		if len(want) < 16_000 && got.Custom["x"] != want {
			t.Errorf("%q evaluates to %q, %v, in cel-go to %q, %v", expression, got.Custom["x"], err, want, celErr)
		}
	})
}

// evaluated is what cel-go alone makes of an expression: "" if it is no string.
func evaluated(env *cel.Env, expression string, assertion map[string]any) string {
	if utf8.RuneCountInString(expression) > 2048 {
		return ""
	}
	checked, issues := env.Compile(expression)
	if issues.Err() != nil {
		return ""
	}
	program, err := env.Program(checked, cel.CostLimit(1_000_000))
	if err != nil {
		return ""
	}
	value, _, err := program.Eval(map[string]any{"assertion": assertion})
	if err != nil || value.Type().TypeName() != "string" {
		return ""
	}
	text, _ := value.Value().(string)
	return text
}

// FuzzCompare: no verdict without a reason, no Consistent without what it
// requires, and never one for anything but a documented pair; no Invalid for what
// cel-go evaluates to a subject.
func FuzzCompare(f *testing.F) {
	v := readVerdicts(f)
	consistent := map[string]bool{}
	v.expand(func(row verdict, _, provider, tenant string) {
		if row.result == claimmap.Consistent {
			consistent[string(row.vendor)+" "+provider+" "+tenant] = true
		}
		f.Add(provider, uint8(len(tenant)), uint8(len(row.vendor)))
	})
	for _, other := range v.others {
		f.Add(other.expression, uint8(0), uint8(0))
	}
	token := idps[0].token(person{id: "0a", login: "JDoe", mail: "j@x", nickname: "n", pairwise: "p"}, nil)
	token["groups"], token["n"], token["ok"], token["m"], token["nul"] = []any{"a", "b"}, 1.0, true, map[string]any{"k": "v"}, nil
	env := plainCEL(f)
	f.Fuzz(func(t *testing.T, provider string, subject, vendor uint8) {
		tenant := claimmap.Supported()[subject%6].Expression
		opts := claimmap.CompareOptions{Vendor: vendors[vendor%4]}
		got := claimmap.Compare(map[string]string{"google.subject": provider}, subjectMapping(t, tenant), opts)
		if got.Reason == "" || (got.Result == claimmap.Consistent) != (len(got.Requires) > 0) {
			t.Fatalf("Compare(%q, %s, %s) = %+v", provider, tenant, opts.Vendor, got)
		}
		if got.Result == claimmap.Invalid {
			if value := evaluated(env, provider, token); value != "" && len(value) <= 127 {
				t.Errorf("Compare(%q, %s, %s) = %v, and cel-go yields %q", provider, tenant, opts.Vendor, got, value)
			}
		}
		if got.Result != claimmap.Consistent {
			return
		}
		parsed, issues := env.Parse(provider)
		if issues.Err() != nil {
			t.Fatalf("Compare(%q, %s, %s) is consistent, and cel-go cannot read it: %v", provider, tenant, opts.Vendor, issues.Err())
		}
		printed, err := cel.AstToString(parsed)
		if err != nil {
			t.Fatal(err)
		}
		canonical := strings.ReplaceAll(selected.ReplaceAllString(printed, ".$1"), `"`, `'`)
		if !consistent[string(opts.Vendor)+" "+canonical+" "+tenant] {
			t.Errorf("Compare(%q, %s, %s) is consistent, and the hand-written file does not say so of %s", provider, tenant, opts.Vendor, canonical)
		}
	})
}

// FuzzCheckUnique compares with the obvious way.
func FuzzCheckUnique(f *testing.F) {
	f.Add("a,b,A,a,ä,Ä,\u212A,k,ſ,s,,")
	f.Add("x,X,x,x,İ,i,ı,I,ß,SS,ﬀ,ff")
	f.Fuzz(func(t *testing.T, list string) {
		var users []claimmap.User
		for _, s := range strings.Split(list, ",") {
			users = append(users, claimmap.User{ExternalID: s, UserName: s})
		}
		m := subjectMapping(t, "user.externalId.lowerAscii()")
		var got []claimmap.RowError
		for c := range claimmap.CheckUnique(func(yield func(claimmap.User) bool) {
			for _, u := range users {
				if !yield(u) {
					return
				}
			}
		}, m) {
			if errors.Is(c.Err, claimmap.ErrDuplicate) {
				c.Value, c.Err = "", nil
				got = append(got, c)
			}
		}
		var want []claimmap.RowError
		for i, u := range users {
			subject, err := m.Subject(u)
			for j := 0; j < i && err == nil; j++ {
				if other, err := m.Subject(users[j]); err == nil && other == subject {
					want = append(want, claimmap.RowError{Key: "google.subject", Row: i, First: j})
					break
				}
			}
			for j := 0; j < i && u.UserName != "" && utf8.ValidString(u.UserName); j++ {
				if strings.EqualFold(users[j].UserName, u.UserName) && utf8.ValidString(users[j].UserName) {
					want = append(want, claimmap.RowError{Key: "userName", Row: i, First: j})
					break
				}
			}
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("CheckUnique(%q) (-want +got):\n%s", list, cmp.Diff(want, got))
		}
	})
}
