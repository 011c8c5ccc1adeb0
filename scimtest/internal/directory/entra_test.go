package directory

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestEntraID runs through what Microsoft Entra ID's provisioning service
// sends to a non-gallery application with Google's recommended attribute
// mapping (externalId from objectId), with aadOptscim062020 in its tenant URL
// and without. The forms are those of
// https://learn.microsoft.com/entra/identity/app-provisioning/use-scim-to-provision-users-and-groups
// and .../application-provisioning-config-problem-scim-compatibility.
func TestEntraID(t *testing.T) {
	t.Parallel()
	for _, flag := range []bool{true, false} {
		t.Run(fmt.Sprintf("aadOptscim062020=%v", flag), func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, Config{})
			e := entra{f, flag}
			e.testConnection()
			ada, boss := e.users()
			e.update(ada, boss)
			eng := e.groups(ada, boss)
			e.leave(ada, eng)
			checkStore(t, f.dir.store)
		})
	}
}

// entra is the provisioning service; flag is aadOptscim062020.
type entra struct {
	*fixture
	flag bool
}

// form picks the request that the flag decides on.
func (e entra) form(on, off string) string {
	if e.flag {
		return patchOps(on)
	}
	return patchOps(off)
}

// testConnection is the button of that name: a match for somebody who cannot
// exist.
func (e entra) testConnection() {
	for _, path := range []string{
		`/Users?filter=` + escape(`userName eq "3d1b1f52-7a3c-4f0e-9a55-0d8e1a2b3c4d"`),
		`/Users?filter=` + escape(`externalId eq "3d1b1f52-7a3c-4f0e-9a55-0d8e1a2b3c4d"`),
		`/Users?filter=` + escape(`emails[type eq "work"].value eq "3d1b1f52-7a3c-4f0e-9a55-0d8e1a2b3c4d"`),
		`/Groups?excludedAttributes=members&filter=` + escape(`displayName eq "3d1b1f52-7a3c-4f0e-9a55-0d8e1a2b3c4d"`),
	} {
		got := e.must(200, "GET", path, "")
		if got["totalResults"] != 0.0 || len(got["Resources"].([]any)) != 0 {
			e.t.Errorf("GET %s of an empty tenant = %v, want no results", path, got)
		}
	}
}

func (e entra) users() (ada, boss string) {
	match := func(userName string) []string { return e.found("/Users", fmt.Sprintf("userName eq %q", userName)) }
	if got := match("ada@contoso.com"); len(got) != 0 {
		e.t.Fatalf("ada is there already: %v", got)
	}
	ada = e.create("/Users", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],
		"externalId":"0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef","userName":"ada@contoso.com","active":true,
		"emails":[{"primary":true,"type":"work","value":"Ada@contoso.com"}],"meta":{"resourceType":"User"},
		"name":{"formatted":"Ada King","familyName":"King","givenName":"Ada"},"roles":[]}`)
	// Explicit nulls, as in Microsoft's second example.
	boss = e.create("/Users", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],
		"id":null,"externalId":"58342554-38d6-4ec8-948c-50044d0a33fd","userName":"boss@contoso.com","active":true,"displayName":null,"title":null,
		"addresses":null,"phoneNumbers":null,"photos":null,"roles":[],"emails":[{"primary":true,"type":"work","value":"boss@contoso.com"}],
		"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"employeeNumber":null,"department":null,"manager":null},
		"meta":{"resourceType":"User"},"name":{"formatted":null,"familyName":"Boss","givenName":null}}`)
	if got := e.must(200, "GET", "/Users/"+boss, ""); got["title"] != nil || got["addresses"] != nil || got[urnEnterprise] != nil {
		e.t.Errorf("explicit nulls were stored: %v", got)
	}
	if diff := cmp.Diff([]string{ada}, match("ADA@contoso.com")); diff != "" {
		e.t.Errorf("match by userName (-want +got):\n%s", diff)
	}
	e.wantFound("/Users", `externalId eq "0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef"`, ada)
	e.wantFound("/Users", `emails[type eq "work"].value eq "ada@contoso.com"`, ada)
	e.refused(404, "", "GET", "/Users/5171a35d82074e068ce2", "") // read of a user that has gone
	return ada, boss
}

func (e entra) update(ada, boss string) {
	e.must(200, "PATCH", "/Users/"+ada, e.form(
		`{"op":"add","path":"nickName","value":"Countess"}`,
		`{"op":"Add","path":"nickName","value":"Countess"}`))
	e.must(200, "PATCH", "/Users/"+ada, e.form(
		`{"op":"replace","path":"emails[type eq \"work\"].value","value":"ADA@contoso.com"},
		 {"op":"replace","value":{"displayName":"Ada B King","name.givenName":"Ada B","name.familyName":"King","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber":"7"}}`,
		`{"op":"Replace","path":"emails[type eq \"work\"].value","value":"ADA@contoso.com"},
		 {"op":"Replace","path":"displayName","value":"Ada B King"},
		 {"op":"Replace","path":"name.givenName","value":"Ada B"},
		 {"op":"Add","path":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber","value":"7"}`))
	e.must(200, "PATCH", "/Users/"+ada, e.form(
		`{"op":"add","path":"phoneNumbers[type eq \"mobile\"].value","value":"+44 1"}`,
		`{"op":"Add","path":"phoneNumbers[type eq \"mobile\"].value","value":"+44 1"}`))

	// The subject is the work email here: the fake refuses to change it.
	e.refused(400, mutability, "PATCH", "/Users/"+ada, e.form(
		`{"op":"replace","path":"emails[type eq \"work\"].value","value":"countess@contoso.com"}`,
		`{"op":"Replace","path":"emails[type eq \"work\"].value","value":"countess@contoso.com"}`))

	e.must(200, "PATCH", "/Users/"+ada, e.form(
		`{"op":"add","path":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager","value":"`+boss+`"}`,
		`{"op":"Add","path":"manager","value":[{"$ref":"`+e.base+`/Users/`+boss+`","value":"`+boss+`"}]}`))
	check := func(manager string) any {
		filter := escape(fmt.Sprintf("id eq %q and manager eq %q", ada, manager))
		return e.must(200, "GET", "/Users?filter="+filter+"&attributes=id", "")["totalResults"]
	}
	if check(boss) != 1.0 || check(ada) != 0.0 {
		e.t.Errorf("manager check = %v for the manager and %v for another, want 1 and 0", check(boss), check(ada))
	}

	got := e.must(200, "GET", "/Users/"+ada, "")
	delete(got, "meta")
	ext := map[string]any{"employeeNumber": "7", "manager": map[string]any{"value": boss}}
	if !e.flag {
		ext["manager"].(map[string]any)["$ref"] = e.base + "/Users/" + boss
	}
	want := map[string]any{
		"schemas": []any{urnUser, urnEnterprise}, "id": ada, "externalId": "0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef", "userName": "ada@contoso.com",
		"active": true, "nickName": "Countess", "displayName": "Ada B King",
		"name":         map[string]any{"formatted": "Ada King", "familyName": "King", "givenName": "Ada B"},
		"emails":       []any{map[string]any{"primary": true, "type": "work", "value": "ADA@contoso.com"}},
		"phoneNumbers": []any{map[string]any{"type": "mobile", "value": "+44 1"}},
		urnEnterprise:  ext,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		e.t.Errorf("user after the updates (-want +got):\n%s", diff)
	}
}

func (e entra) groups(ada, boss string) string {
	match := "/Groups?excludedAttributes=members&filter=" + escape(`displayName eq "eng"`)
	if n := e.must(200, "GET", match, "")["totalResults"]; n != 0.0 {
		e.t.Errorf("GET %s finds %v groups, want none", match, n)
	}
	eng := e.create("/Groups", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group","http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"],
		"externalId":"8aa1a0c0-c4c3-4bc0-b4a5-2ef676900159","displayName":"eng","meta":{"resourceType":"Group"}}`)
	if n := e.must(200, "GET", match, "")["totalResults"]; n != 1.0 {
		e.t.Errorf("GET %s finds %v groups, want one", match, n)
	}
	if got, there := e.must(200, "GET", "/Groups/"+eng+"?excludedAttributes=members", "")["members"]; there {
		e.t.Errorf("excluded members are there: %v", got)
	}
	member := func(id string) any {
		return e.must(200, "GET", "/Groups?filter="+escape(fmt.Sprintf("id eq %q and members eq %q", eng, id)), "")["totalResults"]
	}
	if member(ada) != 0.0 {
		e.t.Error("ada is a member before she was added")
	}
	e.must(200, "PATCH", "/Groups/"+eng, e.form(
		`{"op":"add","path":"members","value":[{"$ref":null,"value":"`+ada+`"},{"$ref":null,"value":"`+boss+`"}]}`,
		`{"op":"Add","path":"members","value":[{"$ref":null,"value":"`+ada+`"},{"$ref":null,"value":"`+boss+`"}]}`))
	if member(ada) != 1.0 || member(boss) != 1.0 {
		e.t.Error("members that were added are none")
	}
	e.must(200, "PATCH", "/Groups/"+eng, e.form(
		`{"op":"remove","path":"members[value eq \"`+ada+`\"]"}`,
		`{"op":"Remove","path":"members","value":[{"$ref":null,"value":"`+ada+`"}]}`))
	if member(ada) != 0.0 || member(boss) != 1.0 {
		e.t.Errorf("after one member was removed, ada counts %v and boss %v, want 0 and 1", member(ada), member(boss))
	}
	e.must(200, "PATCH", "/Groups/"+eng, e.form(
		`{"op":"replace","path":"displayName","value":"engineering"}`,
		`{"op":"Replace","path":"displayName","value":"engineering"}`))
	e.wantFound("/Groups", `displayName eq "engineering"`, eng)
	return eng
}

// leave disables the user, deletes it 30 days later, and deletes the group.
func (e entra) leave(ada, eng string) {
	e.must(200, "PATCH", "/Users/"+ada, e.form(
		`{"op":"replace","path":"active","value":false}`,
		`{"op":"Replace","path":"active","value":"False"}`))
	if got := e.must(200, "GET", "/Users/"+ada, "")["active"]; got != false {
		e.t.Errorf("active = %v, want false", got)
	}
	e.wantFound("/Users", `userName eq "ada@contoso.com"`, ada) // inactive users are listed
	e.must(204, "DELETE", "/Users/"+ada, "")
	e.refused(404, "", "GET", "/Users/"+ada, "")
	e.must(204, "DELETE", "/Groups/"+eng, "")
	e.wantFound("/Groups", `displayName eq "engineering"`)
}

// TestEntraIDSecondCreate is what Entra ID meets when it lost a reply.
func TestEntraIDSecondCreate(t *testing.T) {
	t.Parallel()
	f := newFixture(t, Config{})
	f.create("/Users", user("ada"))
	a := f.do("POST", "/Users", user("ada"))
	if detail, _ := a.body["detail"].(string); !strings.Contains(detail, "userName") {
		t.Errorf("detail = %q, which does not name userName", detail)
	}
	checkError(t, a, 409, uniqueness, "POST /Users")
}
