package directory

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// oktaMapping is the claim mapping that Google recommends for Okta.
var oktaMapping = map[string]string{"google.subject": "user.emails[0].value.lowerAscii()", "google.group": "group.displayName"}

const oktaUser = `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"test.user@okta.local","name":{"givenName":"Test","familyName":"User"},
	"emails":[{"primary":true,"value":"test.user@okta.local","type":"work"}],"displayName":"Test User","locale":"en-US","externalId":"00ujl29u0le5T6Aj10h7","groups":[],"password":"1mz050nq","active":true}`

// TestOkta runs through what Okta sends as client of a SCIM 2.0 service, from
// the integration network (PATCH to deactivate) and from its app wizard (PUT):
// https://developer.okta.com/docs/reference/scim/scim-20/.
func TestOkta(t *testing.T) {
	t.Parallel()
	for _, wizard := range []bool{false, true} {
		t.Run(fmt.Sprintf("wizard=%v", wizard), func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, Config{Mapping: oktaMapping})
			o := okta{f, wizard}
			if n := f.must(200, "GET", "/Users?startIndex=1&count=2", "")["totalResults"]; n != 0.0 {
				t.Errorf("test call finds %v users, want none", n)
			}
			id := o.user()
			o.group(id)
			o.deactivate(id)
			checkStore(t, f.dir.store)
		})
	}
}

type okta struct {
	*fixture
	wizard bool
}

func (o okta) exists(userName string) []any {
	path := "/Users?filter=" + escape(fmt.Sprintf("userName eq %q", userName)) + "&startIndex=1&count=100"
	got := o.must(200, "GET", path, "")
	if got["startIndex"] != 1.0 {
		o.t.Errorf("startIndex = %v, want the number 1", got["startIndex"])
	}
	return got["Resources"].([]any)
}

func (o okta) user() string {
	if got := o.exists("test.user@okta.local"); len(got) != 0 {
		o.t.Fatalf("the user exists already: %v", got)
	}
	created := o.must(201, "POST", "/Users", oktaUser)
	id := created["id"].(string)
	if created["password"] != nil || created["groups"] != nil {
		o.t.Errorf("password or groups came back: %v", created)
	}
	for _, raw := range o.dir.Content("").Users {
		if strings.Contains(string(raw), "1mz050nq") {
			o.t.Errorf("the password was stored: %s", raw)
		}
	}
	if got := o.exists("TEST.USER@OKTA.LOCAL"); len(got) != 1 {
		o.t.Errorf("the user is not found by its name in upper case: %v", got)
	}
	o.refused(409, uniqueness, "POST", "/Users", oktaUser)

	// Update: GET, then PUT of the full object with id, meta, groups and
	// display of the email.
	whole := o.must(200, "GET", "/Users/"+id, "")
	put := fmt.Sprintf(`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"id":%q,"userName":"test.user@okta.local","externalId":"00ujl29u0le5T6Aj10h7",
		"name":{"givenName":"Another","middleName":"Excited","familyName":"User"},"displayName":"Test User","locale":"en-US","active":true,"groups":[],
		"emails":[{"primary":true,"value":"test.user@okta.local","type":"work","display":"test.user@okta.local"}],
		"meta":{"resourceType":"User","location":"x","created":"x"}}`, id)
	got := o.must(200, "PUT", "/Users/"+id, put)
	whole["name"] = map[string]any{"givenName": "Another", "middleName": "Excited", "familyName": "User"}
	whole["emails"].([]any)[0].(map[string]any)["display"] = "test.user@okta.local"
	if diff := cmp.Diff(whole, got); diff != "" {
		o.t.Errorf("PUT (-want +got):\n%s", diff)
	}
	return id
}

func (o okta) group(id string) {
	match := "/Groups?filter=" + escape(`displayName eq "Test SCIMv2"`) + "&startIndex=1&count=100"
	if n := o.must(200, "GET", match, "")["totalResults"]; n != 0.0 {
		o.t.Errorf("the group exists already")
	}
	g := o.must(201, "POST", "/Groups", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"Test SCIMv2","members":[]}`)["id"].(string)
	other := o.create("/Users", user("other"))

	// Every change of memberships repeats the name, with the id inside.
	o.must(200, "PATCH", "/Groups/"+g, patchOps(
		`{"op":"replace","value":{"id":"`+g+`","displayName":"Test SCIMv2"}}`,
		`{"op":"add","path":"members","value":[{"value":"`+id+`","display":"test.user@okta.local"}]}`))
	o.wantFound("/Groups", fmt.Sprintf("id eq %q and members eq %q", g, id), g)
	o.must(200, "PATCH", "/Groups/"+g, patchOps(
		`{"op":"remove","path":"members[value eq \"`+id+`\"]"}`,
		`{"op":"add","path":"members","value":[{"value":"`+other+`","display":"other"}]}`))
	if diff := cmp.Diff([]string{other}, o.membersOf(g)); diff != "" {
		o.t.Errorf("members (-want +got):\n%s", diff)
	}
	o.must(200, "PATCH", "/Groups/"+g, patchOps(`{"op":"replace","path":"members","value":[{"value":"`+id+`","display":"a"},{"value":"`+other+`","display":"b"}]}`))
	if diff := cmp.Diff([]string{other, id}, o.membersOf(g)); diff != "" {
		o.t.Errorf("members after a full push (-want +got):\n%s", diff)
	}

	// The name is google.group here: the fake refuses to change it.
	o.refused(400, mutability, "PATCH", "/Groups/"+g, patchOps(`{"op":"replace","value":{"id":"`+g+`","displayName":"Renamed"}}`))
	if o.wizard {
		o.refused(501, "", "PUT", "/Groups/"+g, `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"id":"`+g+`","displayName":"Test SCIMv2","members":[]}`)
	}
	o.must(204, "DELETE", "/Groups/"+g, "")
	o.refused(404, "", "GET", "/Groups/"+g, "")
}

func (o okta) deactivate(id string) {
	if o.wizard {
		o.must(200, "PUT", "/Users/"+id, strings.Replace(oktaUser, `"active":true`, `"active":false`, 1))
	} else {
		o.must(200, "PATCH", "/Users/"+id, patchOps(`{"op":"replace","value":{"active":false}}`))
	}
	if got := o.must(200, "GET", "/Users/"+id, "")["active"]; got != false {
		o.t.Errorf("active = %v, want false", got)
	}
	if got := o.exists("test.user@okta.local"); len(got) != 1 {
		o.t.Errorf("a deactivated user is found %d times, want once", len(got))
	}
}

// TestOktaSpecTest is the list of checks Okta asks a SCIM service to pass,
// but for the 401, which is the server's.
func TestOktaSpecTest(t *testing.T) {
	t.Parallel()
	f := newFixture(t, Config{Mapping: oktaMapping})
	f.create("/Users", oktaUser)
	list := f.must(200, "GET", "/Users?count=1&startIndex=1", "")
	if diff := cmp.Diff([]any{urnListResponse}, list["schemas"]); diff != "" {
		t.Errorf("schemas (-want +got):\n%s", diff)
	}
	for _, name := range []string{"itemsPerPage", "startIndex", "totalResults"} {
		if list[name] != 1.0 {
			t.Errorf("%s = %v, want the number 1", name, list[name])
		}
	}
	first := list["Resources"].([]any)[0].(map[string]any)
	for _, name := range []string{"id", "name", "userName", "active", "emails"} {
		if first[name] == nil {
			t.Errorf("a listed user has no %s", name)
		}
	}
	f.refused(404, "", "GET", "/Users/010101001010101011001010101011", "")
	f.refused(409, uniqueness, "POST", "/Users", oktaUser)
}
