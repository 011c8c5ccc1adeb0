package directory

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/iamscim/iamscim/scimtest/internal/behavior"
)

// patchUser is the user that TestPatchUser starts from.
const patchUser = `{"userName":"ada","title":"T","active":true,"name":{"givenName":"Ada","familyName":"King"},
	"emails":[{"value":"w@x","type":"work","primary":true},{"value":"h@x","type":"home"}],
	"addresses":[{"type":"work","streetAddress":"1 A","locality":"L"},{"type":"home","locality":"H"}],
	"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"D","manager":{"value":"M","displayName":"Boss"}}}`

// TestPatchUser is RFC 7644 section 3.5.2, row by row, with what Entra ID and
// Okta send beyond it.
func TestPatchUser(t *testing.T) {
	t.Parallel()
	const ext = `"` + urnEnterprise + `"`
	for _, row := range []struct {
		name string
		ops  string
		// want has the attributes that differ from patchUser as JSON, null for
		// one that is gone; or a scimType if the request is refused.
		want string
	}{
		// 3.5.2.1 add
		{"add a value", `{"op":"add","path":"nickName","value":"B"}`, `{"nickName":"B"}`},
		{"add where there is one replaces it", `{"op":"add","path":"title","value":"B"}`, `{"title":"B"}`},
		{"add a sub-attribute", `{"op":"add","path":"name.middleName","value":"M"}`, `{"name":{"givenName":"Ada","familyName":"King","middleName":"M"}}`},
		{"add to a complex attribute merges", `{"op":"add","path":"name","value":{"middleName":"M"}}`, `{"name":{"givenName":"Ada","familyName":"King","middleName":"M"}}`},
		{"add without a path merges", `{"op":"add","value":{"nickName":"B","name":{"givenName":"A"}}}`, `{"nickName":"B","name":{"givenName":"A","familyName":"King"}}`},
		{"add to a list appends", `{"op":"add","path":"emails","value":[{"value":"o@x","type":"other"}]}`, `{"emails":[{"value":"w@x","type":"work","primary":true},{"value":"h@x","type":"home"},{"value":"o@x","type":"other"}]}`},
		{"add one element without brackets", `{"op":"add","path":"emails","value":{"value":"o@x","type":"other"}}`, `{"emails":[{"value":"w@x","type":"work","primary":true},{"value":"h@x","type":"home"},{"value":"o@x","type":"other"}]}`},
		{"add what is there changes nothing", `{"op":"add","path":"emails","value":[{"value":"h@x","type":"home"}]}`, `{}`},
		{"add what is there, simple", `{"op":"add","path":"title","value":"T"}`, `{}`},
		{"add an address that is there", `{"op":"add","path":"addresses","value":[{"type":"home","locality":"H"}]}`, `{}`},
		{"add a primary takes it from the other", `{"op":"add","path":"emails","value":[{"value":"o@x","type":"other","primary":true}]}`, `{"emails":[{"value":"w@x","type":"work","primary":false},{"value":"h@x","type":"home"},{"value":"o@x","type":"other","primary":true}]}`},
		{"add primary to an element", `{"op":"add","path":"emails[type eq \"home\"].primary","value":true}`, `{"emails":[{"value":"w@x","type":"work","primary":false},{"value":"h@x","type":"home","primary":true}]}`},
		{"add to a list that is not there", `{"op":"add","path":"phoneNumbers","value":[{"value":"1"}]}`, `{"phoneNumbers":[{"value":"1"}]}`},
		{"add an element by a filter: Entra ID", `{"op":"add","path":"phoneNumbers[type eq \"work\"].value","value":"1"}`, `{"phoneNumbers":[{"type":"work","value":"1"}]}`},
		{"add an element by two terms", `{"op":"add","path":"phoneNumbers[type eq \"work\" and primary eq true].value","value":"1"}`, `{"phoneNumbers":[{"type":"work","primary":true,"value":"1"}]}`},
		{"add by a filter that does not say what to add", `{"op":"add","path":"phoneNumbers[type ne \"work\"].value","value":"1"}`, noTarget},
		{"add to elements that match merges", `{"op":"add","path":"addresses[type eq \"work\"]","value":{"region":"R"}}`, `{"addresses":[{"type":"work","streetAddress":"1 A","locality":"L","region":"R"},{"type":"home","locality":"H"}]}`},
		{"add a sub-attribute to all elements", `{"op":"add","path":"addresses.country","value":"GB"}`, `{"addresses":[{"type":"work","streetAddress":"1 A","locality":"L","country":"GB"},{"type":"home","locality":"H","country":"GB"}]}`},
		{"add null adds nothing", `{"op":"add","path":"nickName","value":null}`, `{}`},

		// 3.5.2.2 remove
		{"remove a value", `{"op":"remove","path":"title"}`, `{"title":null}`},
		{"remove with value null: clients write it", `{"op":"remove","path":"title","value":null}`, `{"title":null}`},
		{"remove a list with value null", `{"op":"remove","path":"emails","value":null}`, `{"emails":null}`},
		{"remove what is not there", `{"op":"remove","path":"nickName"}`, `{}`},
		{"remove a sub-attribute", `{"op":"remove","path":"name.givenName"}`, `{"name":{"familyName":"King"}}`},
		{"remove the last sub-attributes", `{"op":"remove","path":"name.givenName"},{"op":"remove","path":"name.familyName"}`, `{"name":null}`},
		{"remove a complex attribute", `{"op":"remove","path":"name"}`, `{"name":null}`},
		{"remove a list", `{"op":"remove","path":"emails"}`, `{"emails":null}`},
		{"remove elements that match", `{"op":"remove","path":"emails[type eq \"work\"]"}`, `{"emails":[{"value":"h@x","type":"home"}]}`},
		{"remove with another operator", `{"op":"remove","path":"emails[not (type eq \"work\") or value co \"w@\"]"}`, `{"emails":null}`},
		{"remove where nothing matches", `{"op":"remove","path":"emails[type eq \"other\"]"}`, `{}`},
		{"remove a sub-attribute of elements", `{"op":"remove","path":"addresses[type eq \"work\"].locality"}`, `{"addresses":[{"type":"work","streetAddress":"1 A"},{"type":"home","locality":"H"}]}`},
		{"remove a sub-attribute of all elements", `{"op":"remove","path":"addresses.locality"}`, `{"addresses":[{"type":"work","streetAddress":"1 A"},{"type":"home"}]}`},
		{"remove elements by value: Entra ID without the flag", `{"op":"Remove","path":"emails","value":[{"value":"h@x","type":"home"}]}`, `{"emails":[{"value":"w@x","type":"work","primary":true}]}`},
		{"remove without a path", `{"op":"remove","value":{"title":"T"}}`, noTarget},
		{"remove a required attribute", `{"op":"remove","path":"userName"}`, mutability},
		{"remove a readOnly attribute", `{"op":"remove","path":"id"}`, mutability},

		// 3.5.2.3 replace
		{"replace a value", `{"op":"replace","path":"title","value":"B"}`, `{"title":"B"}`},
		{"replace what is not there adds", `{"op":"replace","path":"nickName","value":"B"}`, `{"nickName":"B"}`},
		{"replace with null removes", `{"op":"replace","path":"title","value":null}`, `{"title":null}`},
		{"replace without a path", `{"op":"replace","value":{"title":"B","emails":[{"value":"o@x"}]}}`, `{"title":"B","emails":[{"value":"o@x"}]}`},
		{"replace a complex attribute leaves the rest of it", `{"op":"replace","path":"name","value":{"givenName":"A"}}`, `{"name":{"givenName":"A","familyName":"King"}}`},
		{"replace with an explicit null inside", `{"op":"replace","path":"name","value":{"givenName":null}}`, `{"name":{"familyName":"King"}}`},
		{"replace a complex attribute by nothing", `{"op":"replace","path":"name","value":{}}`, `{"name":null}`},
		{"replace a list", `{"op":"replace","path":"emails","value":[{"value":"o@x"}]}`, `{"emails":[{"value":"o@x"}]}`},
		{"replace a list by nothing", `{"op":"replace","path":"emails","value":[]}`, `{"emails":null}`},
		{"replace an element leaves nothing of it", `{"op":"replace","path":"addresses[type eq \"work\"]","value":{"type":"work","locality":"N"}}`, `{"addresses":[{"type":"work","locality":"N"},{"type":"home","locality":"H"}]}`},
		{"replace an element given as a list of one", `{"op":"replace","path":"addresses[type eq \"work\"]","value":[{"type":"work","locality":"N"}]}`, `{"addresses":[{"type":"work","locality":"N"},{"type":"home","locality":"H"}]}`},
		{"replace a sub-attribute of elements", `{"op":"replace","path":"emails[type eq \"work\"].value","value":"n@x"}`, `{"emails":[{"value":"n@x","type":"work","primary":true},{"value":"h@x","type":"home"}]}`},
		{"replace where nothing matches", `{"op":"replace","path":"emails[type eq \"other\"].value","value":"n@x"}`, noTarget},
		{"replace makes another primary", `{"op":"replace","path":"emails[type eq \"home\"].primary","value":true}`, `{"emails":[{"value":"w@x","type":"work","primary":false},{"value":"h@x","type":"home","primary":true}]}`},
		{"replace makes all primary", `{"op":"replace","path":"emails.primary","value":true}`, invalidValue},
		{"replace by the same changes nothing", `{"op":"replace","path":"name.givenName","value":"Ada"}`, `{}`},
		{"replace a required attribute by nothing", `{"op":"replace","path":"userName","value":""}`, invalidValue},
		{"replace a readOnly attribute", `{"op":"replace","path":"meta.created","value":"2020-01-01T00:00:00Z"}`, mutability},
		{"replace schemas by path", `{"op":"replace","path":"schemas","value":["x"]}`, mutability},

		// The extension.
		{"extension attribute by URN", `{"op":"replace","path":"` + urnEnterprise + `:department","value":"E"}`, `{` + ext + `:{"department":"E","manager":{"value":"M","displayName":"Boss"}}}`},
		{"extension attribute without URN", `{"op":"replace","path":"department","value":"E"}`, `{` + ext + `:{"department":"E","manager":{"value":"M","displayName":"Boss"}}}`},
		{"extension as a whole, merged", `{"op":"add","value":{` + ext + `:{"costCenter":"C","unknown":1}}}`, `{` + ext + `:{"department":"D","costCenter":"C","manager":{"value":"M","displayName":"Boss"}}}`},
		{"extension as a whole, removed", `{"op":"remove","path":"` + urnEnterprise + `"}`, `{` + ext + `:null}`},
		{"last attribute of the extension removed", `{"op":"remove","path":"department"},{"op":"remove","path":"manager"}`, `{` + ext + `:null}`},
		{"extension that is no object", `{"op":"add","value":{` + ext + `:"x"}}`, invalidValue},
		{"manager as a list: Entra ID without the flag", `{"op":"Add","path":"manager","value":[{"$ref":"http://x/Users/N","value":"N"}]}`, `{` + ext + `:{"department":"D","manager":{"value":"N","$ref":"http://x/Users/N","displayName":"Boss"}}}`},
		{"manager as text", `{"op":"replace","path":"` + urnEnterprise + `:manager","value":"N"}`, `{` + ext + `:{"department":"D","manager":{"value":"N","displayName":"Boss"}}}`},
		{"manager as empty text", `{"op":"replace","path":"` + urnEnterprise + `:manager","value":""}`, `{` + ext + `:{"department":"D"}}`},
		{"manager removed", `{"op":"remove","path":"` + urnEnterprise + `:manager"}`, `{` + ext + `:{"department":"D"}}`},

		// Entra ID and Okta.
		{"op in any case", `{"op":"Replace","path":"title","value":"B"},{"op":"ADD","path":"nickName","value":"N"}`, `{"title":"B","nickName":"N"}`},
		{"dotted keys and URN keys", `{"op":"replace","value":{"displayName":"D","name.givenName":"G","name.familyName":"F","` + urnEnterprise + `:employeeNumber":"7"}}`, `{"displayName":"D","name":{"givenName":"G","familyName":"F"},` + ext + `:{"department":"D","employeeNumber":"7","manager":{"value":"M","displayName":"Boss"}}}`},
		{"a value path as key", `{"op":"replace","value":{"emails[type eq \"work\"].value":"n@x"}}`, `{"emails":[{"value":"n@x","type":"work","primary":true},{"value":"h@x","type":"home"}]}`},
		{"a value path as key with an unknown attribute", `{"op":"replace","value":{"emails[colour eq \"work\"].value":"n@x"}}`, invalidPath},
		{"booleans as text", `{"op":"Replace","path":"active","value":"False"}`, `{"active":false}`},
		{"booleans", `{"op":"replace","value":{"active":false}}`, `{"active":false}`},
		{"id in the value", `{"op":"replace","value":{"id":"id-1","title":"B"}}`, `{"title":"B"}`},
		{"somebody else's id in the value", `{"op":"replace","value":{"id":"id-2","title":"B"}}`, mutability},
		{"schemas and meta in the value", `{"op":"replace","value":{"schemas":["x"],"meta":{"created":"x"},"title":"B"}}`, `{"title":"B"}`},
		{"password and groups are ignored", `{"op":"replace","value":{"password":"s3cret","groups":[{"value":"G"}]}},{"op":"add","path":"password","value":"s3cret"},{"op":"remove","path":"groups"}`, `{}`},
		{"unknown keys in a value are ignored", `{"op":"add","value":{"colour":"red","a b":1,"":2,"urn:x:y":3,"title":"B"}}`, `{"title":"B"}`},

		// Refused.
		{"unknown attribute in a path", `{"op":"add","path":"colour","value":"red"}`, invalidPath},
		{"unknown sub-attribute in a path", `{"op":"add","path":"name.colour","value":"red"}`, invalidPath},
		{"malformed path", `{"op":"add","path":"emails[","value":"red"}`, invalidPath},
		{"empty path", `{"op":"add","path":"","value":"red"}`, invalidPath},
		{"path that is no text", `{"op":"add","path":1,"value":"red"}`, invalidPath},
		{"filter on a single-valued attribute", `{"op":"add","path":"name[givenName eq \"Ada\"]","value":{}}`, invalidPath},
		{"unknown op", `{"op":"move","path":"title","value":"B"}`, invalidSyntax},
		{"no op", `{"path":"title","value":"B"}`, invalidSyntax},
		{"op that is no text", `{"op":1,"path":"title","value":"B"}`, invalidSyntax},
		{"no value", `{"op":"replace","path":"title"}`, invalidSyntax},
		{"operation that is no object", `"replace"`, invalidSyntax},
		{"value without a path that is no object", `{"op":"replace","value":"B"}`, invalidSyntax},
		{"wrong type", `{"op":"replace","path":"title","value":1}`, invalidValue},
		{"wrong type of a boolean", `{"op":"replace","path":"active","value":"yes"}`, invalidValue},
		{"wrong type of a complex attribute", `{"op":"replace","path":"name","value":["a","b"]}`, invalidValue},
		{"wrong type of a list", `{"op":"replace","path":"emails","value":"a@x"}`, invalidValue},
		{"wrong type of an element", `{"op":"replace","path":"emails","value":["a@x"]}`, invalidValue},
		{"wrong type of an element that matches", `{"op":"replace","path":"emails[type eq \"work\"]","value":"a@x"}`, invalidValue},
		{"too many values", `{"op":"replace","path":"emails","value":[` + strings.Repeat(`{"value":"a"},`, maxValues) + `{"value":"a"}]}`, invalidValue},
		{"key given twice in another case", `{"op":"replace","value":{"title":"a","TITLE":"b"}}`, invalidSyntax},

		// All or nothing.
		{"the last operation fails", `{"op":"replace","path":"title","value":"B"},{"op":"remove","path":"emails"},{"op":"replace","path":"colour","value":"red"}`, invalidPath},
		{"operations see each other", `{"op":"add","path":"nickName","value":"A"},{"op":"remove","path":"nickName"},{"op":"add","path":"emails","value":[{"value":"o@x","type":"other"}]},{"op":"replace","path":"emails[type eq \"other\"].value","value":"p@x"}`, `{"emails":[{"value":"w@x","type":"work","primary":true},{"value":"h@x","type":"home"},{"value":"p@x","type":"other"}]}`},
		{"there and back changes nothing", `{"op":"replace","path":"title","value":"B"},{"op":"replace","path":"title","value":"T"}`, `{}`},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, Config{Mapping: looseMapping, Choices: behavior.Choices{behavior.EmailRule: "ANY"}})
			before := f.must(201, "POST", "/Users", patchUser)
			f.create("/Users", user("bob"))
			f.advance(time.Minute)
			a := f.do("PATCH", "/Users/id-1", patchOps(row.ops))
			after := f.must(200, "GET", "/Users/id-1", "")
			checkStore(t, f.dir.store)

			if !strings.HasPrefix(row.want, "{") {
				checkError(t, a, 400, row.want, row.ops)
				if diff := cmp.Diff(before, after); diff != "" {
					t.Errorf("a refused PATCH changed the user (-before +after):\n%s", diff)
				}
				return
			}
			if a.status != 200 {
				t.Fatalf("PATCH %s = %d %s, want 200", row.ops, a.status, a.raw)
			}
			if diff := cmp.Diff(after, a.body); diff != "" {
				t.Errorf("PATCH replies with something else than GET (-GET +PATCH):\n%s", diff)
			}
			var changes map[string]any
			if err := json.Unmarshal([]byte(row.want), &changes); err != nil {
				t.Fatal(err)
			}
			want := maps.Clone(before)
			if len(changes) > 0 {
				meta := maps.Clone(want["meta"].(map[string]any))
				meta["lastModified"] = "2026-11-23T12:01:00.000Z"
				want["meta"] = meta
			}
			for name, v := range changes {
				want[name] = v
				if v == nil {
					delete(want, name)
				}
			}
			if want[urnEnterprise] == nil {
				want["schemas"] = []any{urnUser}
			}
			if diff := cmp.Diff(want, after); diff != "" {
				t.Errorf("PATCH %s (-want +got):\n%s", row.ops, diff)
			}
		})
	}
}

func TestPatchBody(t *testing.T) {
	t.Parallel()
	f := newFixture(t, Config{})
	f.create("/Users", user("ada"))
	op := `{"op":"replace","path":"title","value":"B"}`
	for _, row := range []struct{ name, body string }{
		{"no schemas", `{"Operations":[` + op + `]}`},
		{"another schema", `{"schemas":["` + urnUser + `"],"Operations":[` + op + `]}`},
		{"schemas that are no list", `{"schemas":"` + urnPatchOp + `","Operations":[` + op + `]}`},
		{"no operations", `{"schemas":["` + urnPatchOp + `"]}`},
		{"empty operations", patchOps()},
		{"operations that are no list", `{"schemas":["` + urnPatchOp + `"],"Operations":` + op + `}`},
		{"operations twice", `{"schemas":["` + urnPatchOp + `"],"Operations":[` + op + `],"operations":[` + op + `]}`},
		{"op twice", patchOps(`{"op":"add","OP":"remove","path":"title","value":"B"}`)},
		{"a list", `[` + op + `]`},
	} {
		f.refused(400, invalidSyntax, "PATCH", "/Users/id-1", row.body)
	}
	f.must(200, "PATCH", "/Users/id-1", `{"SCHEMAS":["`+strings.ToUpper(urnPatchOp)+`"],"operations":[{"OP":"Add","Path":"title","VALUE":"B"}]}`)
	f.refused(404, "", "PATCH", "/Users/id-9", patchOps(op))
	f.refused(404, "", "PATCH", "/Groups/id-1", patchOps(op)) // a user is no group
}

// TestPatchMembers starts from a group with the members id-1 and id-2; id-3 is
// a user outside, id-5 a group within id-4.
func TestPatchMembers(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name string
		ops  string
		want string // members after it, or the scimType of the 400
	}{
		{"add", `{"op":"add","path":"members","value":[{"value":"id-3"}]}`, "id-1 id-2 id-5 id-3"},
		{"add with $ref null: Entra ID", `{"op":"Add","path":"members","value":[{"$ref":null,"value":"id-3"}]}`, "id-1 id-2 id-5 id-3"},
		{"add with display: Okta", `{"op":"add","path":"members","value":[{"value":"id-3","display":"x"}]}`, "id-1 id-2 id-5 id-3"},
		{"add one without brackets", `{"op":"add","path":"members","value":{"value":"id-3"}}`, "id-1 id-2 id-5 id-3"},
		{"add without a path", `{"op":"add","value":{"members":[{"value":"id-3"}]}}`, "id-1 id-2 id-5 id-3"},
		{"add who is there", `{"op":"add","path":"members","value":[{"value":"id-1"},{"value":"id-3"},{"value":"id-3"}]}`, "id-1 id-2 id-5 id-3"},
		{"add nobody", `{"op":"add","path":"members","value":[]}`, "id-1 id-2 id-5"},
		{"add with the URN", `{"op":"add","path":"` + urnGroup + `:members","value":[{"value":"id-3"}]}`, "id-1 id-2 id-5 id-3"},
		{"remove by a filter", `{"op":"remove","path":"members[value eq \"id-1\"]"}`, "id-2 id-5"},
		{"remove by a filter, no space: RFC 7644 section 3.5.2.2", `{"op":"remove","path":"members[value eq\"id-1\"]"}`, "id-2 id-5"},
		{"remove who is not there", `{"op":"remove","path":"members[value eq \"id-3\"]"}`, "id-1 id-2 id-5"},
		{"remove who does not exist", `{"op":"remove","path":"members[value eq \"nobody\"]"}`, "id-1 id-2 id-5"},
		{"remove by a filter on something else", `{"op":"remove","path":"members[type eq \"User\"]"}`, "id-5"},
		{"remove by display", `{"op":"remove","path":"members[display eq \"BOB\"]"}`, "id-1 id-5"},
		{"remove by a filter with more terms", `{"op":"remove","path":"members[type eq \"Group\" and value eq \"id-1\"]"}`, "id-1 id-2 id-5"},
		{"remove all but one", `{"op":"remove","path":"members[value ne \"id-1\"]"}`, "id-1"},
		{"remove all", `{"op":"remove","path":"members"}`, ""},
		{"remove all with value null", `{"op":"remove","path":"members","value":null}`, ""},
		{"remove by value: Entra ID without the flag", `{"op":"Remove","path":"members","value":[{"value":"id-1"}]}`, "id-2 id-5"},
		{"remove by value, nobody", `{"op":"Remove","path":"members","value":[]}`, "id-1 id-2 id-5"},
		{"remove by value, somebody else", `{"op":"Remove","path":"members","value":[{"value":"nobody"}]}`, "id-1 id-2 id-5"},
		{"replace: Okta's full push", `{"op":"replace","path":"members","value":[{"value":"id-3"},{"value":"id-1"}]}`, "id-1 id-3"},
		{"replace without a path", `{"op":"replace","value":{"members":[{"value":"id-3"}]}}`, "id-3"},
		{"replace by nobody", `{"op":"replace","path":"members","value":[]}`, ""},
		{"replace by null", `{"op":"replace","path":"members","value":null}`, ""},
		{"replace by the same", `{"op":"replace","path":"members","value":[{"value":"id-5"},{"value":"id-2"},{"value":"id-1"}]}`, "id-1 id-2 id-5"},
		{"remove and add: RFC 7644 section 3.5.2.2", `{"op":"remove","path":"members[value eq \"id-1\"]"},{"op":"add","path":"members","value":[{"value":"id-3"}]}`, "id-2 id-5 id-3"},
		{"remove and add the same", `{"op":"remove","path":"members[value eq \"id-1\"]"},{"op":"add","path":"members","value":[{"value":"id-1"}]}`, "id-1 id-2 id-5"},
		{"add and remove the same", `{"op":"add","path":"members","value":[{"value":"id-3"}]},{"op":"remove","path":"members[value eq \"id-3\"]"}`, "id-1 id-2 id-5"},
		{"clear and add: RFC 7644 section 3.5.2.3", `{"op":"remove","path":"members"},{"op":"add","path":"members","value":[{"value":"id-3"},{"value":"id-2"}]}`, "id-2 id-3"},
		{"clear, add, remove", `{"op":"remove","path":"members"},{"op":"add","path":"members","value":[{"value":"id-1"},{"value":"id-3"}]},{"op":"remove","path":"members[value eq \"id-1\"]"}`, "id-3"},
		{"clear, add and remove all", `{"op":"remove","path":"members"},{"op":"add","path":"members","value":[{"value":"id-3"}]},{"op":"remove","path":"members[type eq \"User\"]"}`, ""},

		{"add who does not exist", `{"op":"add","path":"members","value":[{"value":"id-3"},{"value":"nobody"}]}`, invalidValue},
		{"add without a value", `{"op":"add","path":"members","value":[{"display":"x"}]}`, invalidValue},
		{"add an empty value", `{"op":"add","path":"members","value":[{"value":""}]}`, invalidValue},
		{"add text", `{"op":"add","path":"members","value":["id-3"]}`, invalidValue},
		{"add a number", `{"op":"add","path":"members","value":[{"value":3}]}`, invalidValue},
		{"add itself", `{"op":"add","path":"members","value":[{"value":"id-4"}]}`, invalidValue},
		{"add a group it is in", `{"op":"add","path":"members","value":[{"value":"id-6"}]}`, invalidValue},
		{"change a member's display", `{"op":"replace","path":"members[value eq \"id-1\"].display","value":"x"}`, mutability},
		{"change all members' type", `{"op":"replace","path":"members.type","value":"x"}`, mutability},
		{"replace a member", `{"op":"replace","path":"members[value eq \"id-1\"]","value":{"value":"id-3"}}`, mutability},
		{"an unknown sub-attribute", `{"op":"remove","path":"members[colour eq \"red\"]"}`, invalidPath},
		{"a good operation before a bad one", `{"op":"remove","path":"members"},{"op":"add","path":"members","value":[{"value":"nobody"}]}`, invalidValue},
		{"a good operation before a bad name", `{"op":"remove","path":"members"},{"op":"replace","path":"displayName","value":"eve's"}`, uniqueness},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, Config{Mapping: map[string]string{"google.subject": "user.userName"}})
			for _, name := range []string{"ada", "bob", "eve"} {
				f.create("/Users", fmt.Sprintf(`{"userName":%q,"displayName":%q,"emails":[{"value":"x","type":"work"}]}`, name, name))
			}
			f.create("/Groups", group("eng", "id-1", "id-2"))
			f.create("/Groups", group("inner"))
			f.create("/Groups", group("eve's", "id-4"))
			f.must(200, "PATCH", "/Groups/id-4", patchOps(`{"op":"add","path":"members","value":[{"value":"id-5"}]}`))
			before := string(f.content())
			f.advance(time.Minute)
			a := f.do("PATCH", "/Groups/id-4", patchOps(row.ops))
			checkStore(t, f.dir.store)
			if status := map[string]int{invalidValue: 400, invalidPath: 400, mutability: 400, uniqueness: 409}[row.want]; status != 0 {
				checkError(t, a, status, row.want, row.ops)
				if diff := cmp.Diff(before, string(f.content())); diff != "" {
					t.Errorf("a refused PATCH changed the directory (-before +after):\n%s", diff)
				}
				return
			}
			if a.status != 200 {
				t.Fatalf("PATCH %s = %d %s, want 200", row.ops, a.status, a.raw)
			}
			if got := strings.Join(f.membersOf("id-4"), " "); got != row.want {
				t.Errorf("members after PATCH %s are %q, want %q", row.ops, got, row.want)
			}
			changed := row.want != "id-1 id-2 id-5"
			modified := a.body["meta"].(map[string]any)["lastModified"] != "2026-11-23T12:00:00.000Z"
			if changed != modified {
				t.Errorf("lastModified moved: %v, members changed: %v", modified, changed)
			}
		})
	}
}

// membersOf lists a group's members in order, as the directory holds them.
func (f *fixture) membersOf(id string) []string {
	f.t.Helper()
	for _, raw := range f.dir.Content("").Groups {
		var g struct {
			ID      string
			Members []struct{ Value string }
		}
		if err := json.Unmarshal(raw, &g); err != nil {
			f.t.Fatal(err)
		}
		if g.ID == id {
			ids := make([]string, len(g.Members))
			for i, m := range g.Members {
				ids[i] = m.Value
			}
			return ids
		}
	}
	f.t.Fatalf("no group %s", id)
	return nil
}

// TestGroupCycles builds a chain of groups and tries to close it.
func TestGroupCycles(t *testing.T) {
	t.Parallel()
	f := newFixture(t, Config{})
	add := func(g, m string) (string, string) {
		return "/Groups/" + g, patchOps(fmt.Sprintf(`{"op":"add","path":"members","value":[{"value":%q}]}`, m))
	}
	const n = 50
	for i := range n {
		f.create("/Groups", group(fmt.Sprintf("g%d", i)))
	}
	for i := 1; i < n; i++ {
		path, body := add(fmt.Sprintf("id-%d", i), fmt.Sprintf("id-%d", i+1))
		f.must(200, "PATCH", path, body)
	}
	path, body := add("id-1", fmt.Sprintf("id-%d", n)) // a shortcut is no cycle
	f.must(200, "PATCH", path, body)
	for _, m := range []string{"id-1", "id-25", fmt.Sprintf("id-%d", n)} {
		path, body := add(fmt.Sprintf("id-%d", n), m)
		f.refused(400, invalidValue, "PATCH", path, body)
	}
	f.must(204, "DELETE", "/Groups/id-25", "")
	path, body = add("id-26", "id-2") // the chain is broken now
	f.must(200, "PATCH", path, body)
	checkStore(t, f.dir.store)
}

// TestPatchSwitches has what can be switched about PATCH.
func TestPatchSwitches(t *testing.T) {
	t.Parallel()
	f := newFixture(t, Config{Choices: behavior.Choices{behavior.LegacyPatch: "REFUSED", behavior.PatchReply: "NO_CONTENT"}})
	ada := f.create("/Users", user("ada"))
	g := f.create("/Groups", group("eng", ada))

	f.refused(400, invalidValue, "PATCH", "/Users/"+ada, patchOps(`{"op":"Replace","path":"active","value":"False"}`))
	f.refused(400, invalidSyntax, "PATCH", "/Groups/"+g, patchOps(`{"op":"Remove","path":"members","value":[{"value":"`+ada+`"}]}`))
	f.refused(400, invalidSyntax, "PATCH", "/Users/"+ada, patchOps(`{"op":"Remove","path":"phoneNumbers","value":[{"value":"1"}]}`))
	f.wantFound("/Groups", `members eq "`+ada+`"`, g)

	a := f.do("PATCH", "/Users/"+ada, patchOps(`{"op":"replace","path":"active","value":false}`))
	if a.status != 204 || a.raw != "" || a.header.Get("Content-Type") != "" {
		t.Errorf("PATCH = %d %q with Content-Type %q, want 204 and nothing", a.status, a.raw, a.header.Get("Content-Type"))
	}
	if got := f.must(200, "PATCH", "/Users/"+ada+"?attributes=active", patchOps(`{"op":"replace","path":"active","value":true}`))["active"]; got != true {
		t.Errorf("PATCH with attributes replies active %v, want true", got)
	}
}
