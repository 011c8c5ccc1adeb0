package entra

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// bigSchema is a schema of some thousand lines with fields that nobody knows, in an
// order and with white space that no encoder would choose.
func bigSchema(t testing.TB) string {
	t.Helper()
	text, err := os.ReadFile("testdata/schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var many strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&many, "            {\n\t      \"future%d\" : [ %d.0e0, {\"a\":\"\\u00e9\\/<&>\"} ],\n"+
			"              \"targetAttributeName\": \"urn:x:y:%d\",\n              \"matchingPriority\": 0,\n"+
			"              \"source\":   {\"type\":\"Constant\",\"expression\":\"\\\"]}{[\\\\\\\"\"}\n            },\n", i, i, i)
	}
	const before = "            {\n              \"targetAttributeName\": \"userName\""
	all := strings.Replace(string(text), before, many.String()+before, 1)
	if lines := strings.Count(all, "\n"); lines < 5000 {
		t.Fatalf("%d lines", lines)
	}
	return all
}

// TestSchemaKeepsBytes: an edit changes the mapping of externalId and takes the other
// mail address out. Everything else is byte for byte what it was.
func TestSchemaKeepsBytes(t *testing.T) {
	t.Parallel()
	doc := bigSchema(t)
	s, err := parseSchema([]byte(doc))
	if err != nil {
		t.Fatal(err)
	}
	next, changed, err := s.apply([]wish{{externalID, objectID}})
	if err != nil || !changed {
		t.Fatalf("apply = %v, %v", changed, err)
	}
	// The expectation is made with text functions alone.
	want := strings.Replace(doc, `{"type": "Attribute", "name": "mailNickname", "expression": "[mailNickname]", "parameters": []}, "exportMissing`, directSource("objectId")+`, "exportMissing`, 1)
	from := strings.Index(want, "            {\n              \"targetAttributeName\": \"emails[type eq \\\"other\\\"]")
	to := strings.Index(want, "            {\n              \"targetAttributeName\": \"emails[type eq \\\"work\\\"]")
	want = want[:from] + want[to:]
	if diff := cmp.Diff(want, string(next)); diff != "" {
		t.Errorf("schema (-want +got):\n%s", diff)
	}
	again, err := parseSchema(next)
	if err != nil {
		t.Fatal(err)
	}
	if same, changed, err := again.apply([]wish{{externalID, objectID}}); err != nil || changed || !bytes.Equal(same, next) {
		t.Errorf("a second edit: %v, %v", changed, err)
	}
}

// TestApply: each kind of edit.
func TestApply(t *testing.T) {
	t.Parallel()
	doc := func(attributes string) []byte {
		return []byte(`{"synchronizationRules":[{"id":"r","objectMappings":[{"sourceObjectName":"user","attributeMappings":` + attributes + `}]}]}`)
	}
	attribute := func(target, rest string) string { return `{"targetAttributeName":"` + target + `"` + rest + `}` }
	source := func(name string) string { return `,"source":` + directSource(name) }
	tests := []struct {
		name, before, after string
		wishes              []wish
	}{
		{"none yet", `[]`, `[` + newAttribute(wish{"externalId", "objectId"}) + `]`, nil},
		{"none yet, with white space", "[\n]", `[` + newAttribute(wish{"externalId", "objectId"}) + `]`, nil},
		{"there already", `[ ` + attribute("externalId", source("objectId")) + ` ]`, "", nil},
		{"in another case", `[` + attribute("EXTERNALID", source("ObjectId")+`,"flowType":"always"`) + `]`, "", nil},
		{"at creation only", `[` + attribute("externalId", `,"flowType":"ObjectAddOnly"`+source("objectId")) + `]`, `[` + attribute("externalId", `,"flowType":"Always"`+source("objectId")) + `]`, nil},
		{"without a source", `[` + attribute("externalId", ``) + `]`, `[{"source":` + directSource("objectId") + `,"flowType":"Always","targetAttributeName":"externalId"}]`, nil},
		{"an expression", `[` + attribute("externalId", `,"flowType":"Always","source":{"type":"Function","name":"Join","expression":"Join(x)"}`) + `]`, `[` + attribute("externalId", `,"flowType":"Always"`+source("objectId")) + `]`, nil},
		{"every mail address but one", `[` + attribute("externalId", source("objectId")) + `, ` + attribute(`emails[type eq \"home\"].value`, ``) + `, ` + attribute(`emails[type eq \"WORK\"].value`, source("mail")) + `, ` + attribute(`Emails[type eq \"work\"].primary`, ``) + `, ` + attribute(`emailsOfFriends`, ``) + `]`,
			`[` + attribute("externalId", source("objectId")) + `, ` + attribute(`emails[type eq \"WORK\"].value`, source("mail")) + `, ` + attribute(`emailsOfFriends`, ``) + `]`, nil},
		{"all that are there", `[` + attribute("emails", ``) + `]`, `[` + newAttribute(wish{"externalId", "objectId"}) + `]`, nil},
		{"several", `[` + attribute("userName", source("mail")+`,"flowType":"Always","matchingPriority":1`) + `]`,
			`[` + attribute("userName", source("userPrincipalName")+`,"flowType":"Always","matchingPriority":1`) + `,` + newAttribute(wish{"externalId", "objectId"}) + `,` + newAttribute(wish{workEmail, "mail"}) + `]`,
			[]wish{{"userName", "userPrincipalName"}, {workEmail, "mail"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			before, after := doc(tt.before), doc(tt.after)
			if tt.after == "" {
				after = before
			}
			s, err := parseSchema(before)
			if err != nil {
				t.Fatal(err)
			}
			got, changed, err := s.apply(append([]wish{{externalID, objectID}}, tt.wishes...))
			if err != nil || changed != (tt.after != "") {
				t.Fatalf("apply = %v, %v", changed, err)
			}
			if !equalJSON(t, after, got) {
				t.Errorf("apply:\n%s\nwant\n%s", got, after)
			}
			if s, err = parseSchema(got); err != nil {
				t.Fatal(err)
			}
			if _, changed, err := s.apply(append([]wish{{externalID, objectID}}, tt.wishes...)); err != nil || changed {
				t.Errorf("a second time: %v, %v", changed, err)
			}
		})
	}
}

func equalJSON(t *testing.T, a, b []byte) bool {
	t.Helper()
	var x, y any
	if err := json.Unmarshal(a, &x); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &y); err != nil {
		t.Errorf("%v in %s", err, b)
		return false
	}
	return cmp.Equal(x, y)
}

// FuzzApply: whatever the document, an edit gives JSON that asks for no further edit,
// or an error.
func FuzzApply(f *testing.F) {
	text, err := os.ReadFile("testdata/schema.json")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte(`{"synchronizationRules":[{"objectMappings":[{"sourceObjectName":"User","attributeMappings":[null,{}]}]}]}`))
	f.Add([]byte(`{"synchronizationRules":[{"id":1,"objectMappings":[{"sourceObjectName":"User","attributeMappings":[{"targetAttributeName":"externalId","targetAttributeName":"x","source":1}]}]}]}`))
	f.Fuzz(func(t *testing.T, doc []byte) {
		s, err := parseSchema(doc)
		if err != nil {
			return
		}
		next, changed, err := s.apply([]wish{{externalID, objectID}})
		if err != nil || !changed {
			return
		}
		if !json.Valid(next) {
			t.Fatalf("not JSON: %s", next)
		}
		s, err = parseSchema(next)
		if err != nil {
			t.Fatalf("%v in %s", err, next)
		}
		if again, changed, _ := s.apply([]wish{{externalID, objectID}}); changed {
			t.Fatalf("a second edit makes %s of %s", again, next)
		}
	})
}
