package claimmap_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/cel-go/cel"
	"github.com/iamscim/iamscim/claimmap"
)

// generator makes expressions of a provider's attribute mapping: many are sound,
// many are wrong somewhere.
type generator struct {
	*rand.Rand
	saml bool
}

func (g generator) pick(list ...string) string { return list[g.IntN(len(list))] }

func (g generator) text(depth int) string {
	if depth <= 0 && g.saml {
		return g.pick("assertion.subject", "assertion['subject']", "assertion.attributes.email[0]", "assertion.attributes['x'][0]", "'a'", "''")
	}
	if depth <= 0 {
		return g.pick("assertion.sub", "assertion.email", "assertion['upn']", "assertion.groups[0]", "assertion.m.k", "'a'", "''")
	}
	switch g.IntN(10) {
	case 0:
		return g.text(depth-1) + " + " + g.text(depth-1)
	case 1:
		return "(" + g.condition(depth-1) + " ? " + g.text(depth-1) + " : " + g.text(depth-1) + ")"
	case 2:
		return "(" + g.text(depth-1) + ")." + g.pick("lowerAscii()", "trim()", "reverse()", "replace('a', 'b')", "split('@')[0]", "split('', 2)[1]", "charAt(0)")
	case 3:
		return "string(" + g.number(depth-1) + ")"
	case 4:
		return g.list(depth-1) + "[" + g.number(0) + "]"
	case 5:
		return g.list(depth-1) + ".join(" + g.pick("", "'-'") + ")"
	case 6:
		return g.list(depth-1) + ".filter(x, " + g.pick("x != ''", "x == 'a'", "x.matches('^a{1,2}')", "true") + ")[0]"
	case 7:
		return "{'a': " + g.text(depth-1) + "}['a']"
	}
	return g.text(depth - 1)
}

func (g generator) list(depth int) string {
	if depth <= 0 && g.saml {
		return g.pick("assertion.attributes.email", "assertion.attributes['g']", "['a', 'b']")
	}
	if depth <= 0 {
		return g.pick("assertion.groups", "[assertion.sub]", "['a', 'b']", "[]")
	}
	switch g.IntN(4) {
	case 0:
		return "[" + g.text(depth-1) + ", " + g.pick(g.text(depth-1), g.number(0)) + "]"
	case 1:
		return "(" + g.list(depth-1) + " + " + g.list(depth-1) + ")"
	case 2:
		return g.list(depth-1) + ".map(y, " + g.pick("y", "y + 'z'", "string(size(y))", g.text(depth-1)) + ")"
	}
	return g.list(depth - 1)
}

func (g generator) number(depth int) string {
	if depth <= 0 {
		return g.pick("0", "1", "2", "size('ab')", "-1", "1.5")
	}
	return g.pick("size("+g.list(depth-1)+")", g.number(depth-1)+" + "+g.number(depth-1), g.number(depth-1)+" / "+g.number(depth-1), "size("+g.text(depth-1)+")")
}

func (g generator) condition(depth int) string {
	if depth <= 0 {
		return g.pick("true", "false", "has(assertion.email)", "has(assertion.nope)", "has(assertion.attributes.email)")
	}
	return g.pick(g.text(depth-1)+" == "+g.text(depth-1), g.number(depth-1)+" > "+g.number(depth-1), g.condition(depth-1)+" && "+g.condition(depth-1),
		g.condition(depth-1)+" || "+g.condition(depth-1), "!("+g.condition(depth-1)+")", g.text(depth-1)+" in "+g.list(depth-1),
		g.text(depth-1)+".matches("+g.pick("'('", "'a'", "'^a{2}$'", g.text(depth-1))+")", g.list(depth-1)+" == "+g.pick(g.list(depth-1), g.text(depth-1), "null"),
		g.list(depth-1)+".exists(e, e == 'a')", g.text(depth-1)+" != null")
}

// TestInvalidIsRejected shows on generated expressions that Compare calls nothing
// invalid that cel-go alone evaluates to a google.subject.
func TestInvalidIsRejected(t *testing.T) {
	t.Parallel()
	env := plainCEL(t)
	token := map[string]any{
		"sub": "Sub-1", "email": "J@x.example", "upn": "u@x", "groups": []any{"a", "bb"}, "m": map[string]any{"k": "v"}, "subject": "NID",
		"attributes": map[string]any{"email": []any{"a@b", "c"}, "x": []any{"y"}, "g": []any{"a", "b"}},
	}
	m := subjectMapping(t, "user.userName")
	results := map[claimmap.Result]int{}
	check := func(expression string, env *cel.Env) {
		v := claimmap.Compare(map[string]string{"google.subject": expression}, m, claimmap.CompareOptions{Vendor: claimmap.Okta})
		results[v.Result]++
		if v.Result != claimmap.Invalid {
			return
		}
		if subject := evaluated(env, expression, token); subject != "" && len(subject) <= 127 {
			t.Errorf("Compare(%s) = %v, and cel-go yields %q", expression, v, subject)
		}
	}
	for i := range 1_000 {
		g := generator{rand.New(rand.NewPCG(9, uint64(i))), i%2 == 0}
		check(g.text(1+g.IntN(4)), env)
	}
	for _, result := range []claimmap.Result{claimmap.Consistent, claimmap.Inconsistent, claimmap.Unproven, claimmap.Invalid} {
		if results[result] < 10 {
			t.Errorf("%d expressions are %s, want some of each", results[result], result)
		}
	}
}

// TestAcceptedIsEvaluated shows on generated expressions that what New accepts
// compiles in cel-go as it is sent, and evaluates to the same.
func TestAcceptedIsEvaluated(t *testing.T) {
	t.Parallel()
	env, user := plainCEL(t), decode(t, fullUser)
	user["title"], user["nickName"] = "Boss", "nick"
	claims := strings.NewReplacer("assertion.sub", "user.userName", "assertion.email", "user.title", "assertion['upn']", "user['nickName']",
		"assertion.groups[0]", "user.roles[0].value", "assertion.groups", "user.roles.map(r, r.value)", "assertion.m.k", "user.name.givenName",
		"assertion.nope", "user.locale", "assertion.attributes.email", "user.displayName", ".trim()", ".lowerAscii()", ".reverse()", "", ".replace('a', 'b')", "", ".charAt(0)", "")
	accepted := 0
	for i := range 1_000 {
		g := generator{rand.New(rand.NewPCG(22, uint64(i))), false}
		expression := claims.Replace(g.text(1 + g.IntN(4)))
		m, err := claimmap.New(map[string]string{"google.subject": "user.userName", "google.group": "group.externalId", "attribute.x": expression})
		if err != nil {
			continue
		}
		accepted++
		got, _ := m.EvaluateUser(user)
		checked, issues := env.Compile(m.Map()["attribute.x"])
		if issues.Err() != nil {
			t.Errorf("New accepts %s, and cel-go does not: %v", expression, issues.Err())
			continue
		}
		program, err := env.Program(checked)
		if err != nil {
			t.Fatal(err)
		}
		want := ""
		if value, _, err := program.Eval(map[string]any{"user": user}); err == nil {
			want, _ = value.Value().(string)
		}
		if got.Custom["x"] != want {
			t.Errorf("%s evaluates to %q, in cel-go to %q", expression, got.Custom["x"], want)
		}
	}
	if accepted < 300 {
		t.Errorf("%d expressions are accepted, want some hundred", accepted)
	}
}
