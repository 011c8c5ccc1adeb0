package mapping

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestExpressions(t *testing.T) {
	t.Parallel()
	o := Object{"givenName": "Ada", "surname": "Lovelace", "IsSoftDeleted": "False", "proxyAddresses": []string{"a@x", "b@x"}, "mail": "Ada@X.com"}
	for _, test := range []struct {
		expression string
		want       any
	}{
		{"[givenName]", "Ada"},
		{"[missing]", nil},
		{`"constant ""x"""`, `constant "x"`},
		{`Switch([IsSoftDeleted], , "False", "True", "True", "False")`, "True"},
		{`Switch([missing], "other", "False", "True")`, "other"},
		{`Switch([missing], , "False", "True")`, nil},
		{`Join(" ", [givenName], [surname])`, "Ada Lovelace"},
		{`Join(" ", [missing], [surname])`, "Lovelace"},
		{`Join(",", [proxyAddresses])`, "a@x,b@x"},
		{`Append(ToLower([mail]), "!")`, "ada@x.com!"},
		{`Coalesce([missing], "", [mail])`, "Ada@X.com"},
		{`Not([IsSoftDeleted])`, "True"},
		{`ToUpper(StripSpaces(Trim(" a b ")))`, "AB"},
	} {
		t.Run(test.expression, func(t *testing.T) {
			t.Parallel()
			e, err := parse(test.expression)
			if err != nil {
				t.Fatal(err)
			}
			got, err := e.eval(o)
			if err != nil || !cmp.Equal(got, test.want) {
				t.Errorf("%s = %v, %v; want %v", test.expression, got, err, test.want)
			}
		})
	}
}

func TestRefusedExpressions(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "[", "[]", `"open`, "Evil([x])", "Switch([x])", "ToLower([x]", "[x] [y]", "ToLower([x],,,)", "IIF(", "x",
		strings.Repeat("Trim(", 30) + "[x]" + strings.Repeat(")", 30), `"` + strings.Repeat("a", maxExpression) + `"`,
	} {
		if e, err := parse(text); err == nil {
			t.Errorf("parse(%.40q) = %+v, want an error", text, e)
		}
	}
}

// schemaOf is a schema with these attribute mappings and this scope for users.
func schemaOf(attributes, scope string) []byte {
	return fmt.Appendf(nil, `{"synchronizationRules":[{"id":"r","targetDirectoryName":"t","objectMappings":[
		{"enabled":true,"flowTypes":"Add,Update","sourceObjectName":"User","targetObjectName":"U","attributeMappings":[%s],"scope":%s},
		{"enabled":false,"sourceObjectName":"Robot","attributeMappings":[]}]}],
		"directories":[{"name":"t","objects":[{"name":"U","attributes":[{"name":"active","type":"Boolean"}]}]}]}`, attributes, scope)
}

func TestParse(t *testing.T) {
	t.Parallel()
	s, err := Parse(schemaOf(`
		{"targetAttributeName":"userName","matchingPriority":2,"source":{"type":"Attribute","name":"upn","expression":"[upn]"}},
		{"targetAttributeName":"externalId","matchingPriority":1,"flowType":"ObjectAddOnly","source":{"type":"Attribute","name":"objectId","expression":""}},
		{"targetAttributeName":"active","defaultValue":"True","source":{"type":"Attribute","name":"enabled"}},
		{"targetAttributeName":"userType","source":{"type":"Constant","name":"a\"b"}}`,
		`{"groups":[{"clauses":[{"operatorName":"EQUALS","sourceOperandName":"dept","targetOperand":{"values":["eng","ops"]}},{"operatorName":"IS NOT NULL","sourceOperandName":"mail"}]},
		{"clauses":[{"operatorName":"IS TRUE","sourceOperandName":"vip"}]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	if s.Rule != "r" || s.Group != nil || !s.Users.Add || s.Users.Delete {
		t.Errorf("schema = %+v, want rule r and users that are added", s)
	}
	var order []string
	for _, a := range s.Users.Matching() {
		order = append(order, a.Target)
	}
	if diff := cmp.Diff([]string{"externalId", "userName"}, order); diff != "" {
		t.Errorf("matching attributes (-want +got):\n%s", diff)
	}
	values := map[string]any{}
	for _, a := range s.Users.Attributes {
		v, err := a.Value(Object{"upn": "u", "objectId": "o"})
		if err != nil {
			t.Fatal(err)
		}
		values[a.Target] = v
		if (a.Type == "Boolean") != (a.Target == "active") || a.OnAdd != (a.Target == "externalId") {
			t.Errorf("%s has the type %q, only on add %v", a.Target, a.Type, a.OnAdd)
		}
	}
	if diff := cmp.Diff(map[string]any{"userName": "u", "externalId": "o", "active": "True", "userType": `a"b`}, values); diff != "" {
		t.Errorf("values (-want +got):\n%s", diff)
	}
	for _, test := range []struct {
		object Object
		want   bool
	}{
		{Object{"dept": "eng", "mail": "m"}, true},
		{Object{"dept": "eng"}, false},
		{Object{"dept": "hr", "mail": "m"}, false},
		{Object{"vip": "True"}, true},
	} {
		if got := s.Users.InScope(test.object); got != test.want {
			t.Errorf("InScope(%v) = %v, want %v", test.object, got, test.want)
		}
	}
}

func TestRefusedSchemas(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"no JSON":          "{",
		"no rule":          `{}`,
		"no target":        string(schemaOf(`{"source":{"expression":"[x]"}}`, "null")),
		"no source":        string(schemaOf(`{"targetAttributeName":"a"}`, "null")),
		"twice":            string(schemaOf(`{"targetAttributeName":"a","source":{"name":"x"}},{"targetAttributeName":"a","source":{"name":"y"}}`, "null")),
		"function":         string(schemaOf(`{"targetAttributeName":"a","source":{"expression":"Guess([x])"}}`, "null")),
		"operator":         string(schemaOf("", `{"groups":[{"clauses":[{"operatorName":"REGEX MATCH"}]}]}`)),
		"unknown object":   `{"synchronizationRules":[{"id":"r","objectMappings":[{"sourceObjectName":"Robot"}]}]}`,
		"too many":         string(schemaOf(strings.TrimSuffix(strings.Repeat(`{"targetAttributeName":"a","source":{"name":"x"}},`, maxMappings+1), ","), "null")),
		"mappings no list": `{"synchronizationRules":[{"id":"r","objectMappings":{}}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if s, err := Parse([]byte(text)); err == nil {
				t.Errorf("Parse = %+v, want an error", s)
			}
		})
	}
}

func FuzzParseExpression(f *testing.F) {
	for _, seed := range []string{"[a]", `"x""y"`, `Switch([a], , "b", "c")`, "Join(\" \", [a], [b])", "Not([a])", "Trim(", `ToLower([a],`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if e, err := parse(text); err == nil {
			e.eval(Object{"a": "x", "b": []string{"y"}})
		}
	})
}
