package scimtest_test

import (
	"strings"
	"testing"

	"github.com/iamscim/iamscim/scimtest"
)

// TestIdentityProviders sends what identity providers are publicly known to send and strict servers
// stumble over: each request is accepted, ignored or refused as its row of BEHAVIORS.md says.
func TestIdentityProviders(t *testing.T) {
	t.Parallel()
	const oneLogin = `{"schemas":["urn:scim:schemas:core:1.0","urn:scim:schemas:extension:enterprise:1.0"],"userName":"new","externalId":"x-new","emails":{"type":"work","value":"new@example.com","primary":true},"urn:scim:schemas:extension:enterprise:1.0":{"manager":{"managerId":"m"}}}`
	const validator = `{"op":"add","path":"roles[primary eq \"True\"].display","value":"d"},{"op":"add","path":"roles[primary eq \"True\"].value","value":"v"},{"op":"add","path":"roles[primary eq \"True\"].type","value":"t"},` +
		`{"op":"replace","value":{"displayName":"D","name.givenName":"G","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber":"7"}}`
	accept := []scimtest.Option{scimtest.WithBehavior(scimtest.OldSchemas, "ACCEPTED"), scimtest.WithBehavior(scimtest.SingleForList, "ACCEPTED")}
	for _, tt := range []struct {
		name         string
		opts         []scimtest.Option
		method, path string
		body         string
		code         string // with the scimType
		rule         string
		holds        string // the body that the user or group has then, in part
	}{
		{"Microsoft's validator: primary as text", nil, "POST", "/Users", scimUser(`,"roles":[{"primary":"True","value":"a","display":"d"}],"phoneNumbers":[{"primary":true,"value":"1","type":"work"}]`), "201", "", `"roles":[{"primary":true,"value":"a"}]`},
		{"Microsoft's validator: primary as other text", nil, "POST", "/Users", scimUser(`,"roles":[{"primary":"yes"}]`), "400 invalidValue", "ValueTypes", ""},
		{"Microsoft's validator: a PATCH of roles that aren't there", nil, "PATCH", "/Users/u1", patchBody(validator), "200", "", `"roles":[{"primary":true,"value":"v","type":"t"}],"displayName":"D","name":{"givenName":"G"},"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"employeeNumber":"7"}`},
		{"Microsoft's validator: replace of roles that aren't there", nil, "PATCH", "/Users/u1", patchBody(strings.ReplaceAll(validator, `"add"`, `"replace"`)), "400 noTarget", "NoTarget", ""},
		{"Microsoft's validator: the same, created", []scimtest.Option{scimtest.WithBehavior(scimtest.NoTarget, "CREATED")}, "PATCH", "/Users/u1", patchBody(strings.ReplaceAll(validator, `"add"`, `"replace"`)), "200", "", `"roles":[{"primary":true,"value":"v","type":"t"}]`},
		{"Microsoft's validator: an empty user", nil, "POST", "/Users", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"new"}`, "400 invalidValue", "EmailRule", ""},
		{"Microsoft's validator: no operations", nil, "PATCH", "/Users/u1", patchBody(""), "400 invalidSyntax", "EmptyPatch", ""},
		{"SingleAppRoleAssignment in POST", nil, "POST", "/Users", scimUser(`,"roles":[{"primary":true,"type":"WindowsAzureActiveDirectoryRole","value":"Admin"}]`), "201", "", `"roles":[{"primary":true,"type":"WindowsAzureActiveDirectoryRole","value":"Admin"}]`},
		{"SingleAppRoleAssignment in PATCH", nil, "PATCH", "/Users/u1", patchBody(`{"op":"Add","path":"roles","value":[{"value":"{\"id\":\"1\",\"value\":\"Admin\",\"displayName\":\"Admin\"}"}]}`), "200", "", `"roles":[{"value":"{\"id\":\"1\",\"value\":\"Admin\",\"displayName\":\"Admin\"}"}]`},
		{"AppRoleAssignmentsComplex in POST", nil, "POST", "/Users", scimUser(`,"roles":[{"displayName":"Admin","primary":false,"type":"T","value":"Admin"},{"displayName":"User","primary":false,"type":"T","value":"User"}]`), "201", "", `"roles":[{"primary":false,"type":"T","value":"Admin"},{"primary":false,"type":"T","value":"User"}]`},
		{"Assertive AppRoleAssignments", nil, "PATCH", "/Users/u1", patchBody(`{"op":"replace","path":"roles","value":[{"displayName":"Admin","value":"Admin"}]}`), "200", "", `"roles":[{"value":"Admin"}]`},
		{"an extension without its URN in schemas", nil, "POST", "/Users", scimUser(`,"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"` + enterprise + `":{"department":"d"}`), "201", "", `"department":"d"`},
		{"OneLogin's template", nil, "POST", "/Users", oneLogin, "400 invalidSyntax", "OldSchemas", ""},
		{"OneLogin's emails", accept[:1], "POST", "/Users", oneLogin, "400 invalidValue", "SingleForList", ""},
		{"OneLogin's template, accepted", accept, "POST", "/Users", oneLogin, "201", "", `"emails":[{"type":"work","value":"new@example.com","primary":true}]`},
		{"OneLogin's draft URN", nil, "POST", "/Users", scimUser(`,"schemas":["urn:scim:schemas:core:2.0"]`), "400 invalidSyntax", "OldSchemas", ""},
		{"OneLogin's trailing question mark", nil, "GET", "/Users?", "", "200", "", ""},
		{"OneLogin's trailing ampersand", nil, "GET", "/Users?filter=userName+eq+%22u1%22&", "", "200", "", ""},
		{"Entra ID, flag off: a boolean as text", nil, "PATCH", "/Users/u1", patchBody(`{"op":"Replace","path":"active","value":"False"}`), "200", "", `"active":false`},
		{"Entra ID: a flag in the tenant's URL", nil, "GET", "/Users?aadOptscim062020&filter=userName+eq+%22u1%22", "", "200", "", ""},
		{"Entra ID: explicit nulls", nil, "POST", "/Users", scimUser(`,"addresses":null,"phoneNumbers":null,"` + enterprise + `":{"manager":null}`), "201", "", ""},
		{"Okta: push of an empty group", nil, "PATCH", "/Groups/g1", patchBody(`{"op":"replace","path":"members","value":[]}`), "200", "", ""},
		{"Okta: PUT of a group", nil, "PUT", "/Groups/g1", `{"displayName":"g1"}`, "501", "Unsupported", ""},
		{"Okta: password and groups", nil, "POST", "/Users", scimUser(`,"password":"p","groups":[]`), "201", "", ""},
		{"JumpCloud: an email without a type", nil, "POST", "/Users", `{"userName":"new","externalId":"x-new","emails":[{"value":"new@example.com"}]}`, "400 invalidValue", "EmailRule", ""},
		{"Ping: a type in upper case", nil, "POST", "/Users", `{"userName":"new","externalId":"x-new","emails":[{"type":"Work","value":"new@example.com"}]}`, "201", "", `"type":"Work"`},
		{"operations in lower case", nil, "PATCH", "/Users/u1", strings.Replace(patchBody(`{"op":"add","path":"title","value":"T"}`), "Operations", "operations", 1), "200", "", `"title":"T"`},
		{"importers page past the end", nil, "GET", "/Users?startIndex=101&count=100", "", "200", "", ""},
		{"importers ask for nothing", nil, "GET", "/Users?startIndex=101&count=0", "", "200", "", ""},

		{"add of {} deletes nothing", nil, "PATCH", "/Users/u1", patchBody(`{"op":"add","path":"emails","value":[]},{"op":"add","path":"name","value":{}},{"op":"add","path":"externalId","value":null},{"op":"add","value":{"emails":null,"userName":null,"active":null}},{"op":"add","path":"emails[type eq \"work\"]","value":{}}`), "200", "", `"userName":"u1","externalId":"x-u1","active":true,"emails":[{"type":"work","value":"u1@example.com"}]`},
		{"add of nothing to sub-attributes", nil, "PATCH", "/Users/u1", patchBody(`{"op":"add","path":"name","value":{"givenName":"G","familyName":"F"}},{"op":"add","path":"name","value":{"givenName":null}},{"op":"add","path":"name.familyName","value":null},{"op":"add","path":"` + enterprise + `","value":{"department":"d"}},{"op":"add","path":"` + enterprise + `","value":{"department":null}},{"op":"add","path":"` + enterprise + `","value":null}`), "200", "", `"name":{"givenName":"G","familyName":"F"},"` + enterprise + `":{"department":"d"}`},
		{"add of nothing to members", nil, "PATCH", "/Groups/g1", patchBody(`{"op":"add","path":"members","value":[]},{"op":"add","path":"members","value":null},{"op":"add","path":"members","value":{}}`), "200", "", `"members":[{"value":"u1"`},
		{"replace by nothing deletes", nil, "PATCH", "/Users/u1", patchBody(`{"op":"add","path":"title","value":"t"},{"op":"add","path":"name.givenName","value":"G"},{"op":"replace","path":"title","value":null},{"op":"replace","path":"name","value":{}}`), "200", "", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"id":"u1","userName":"u1","externalId":"x-u1","active":true,"emails":[{"type":"work","value":"u1@example.com"}],"meta"`},
		{"a primary that is set wins", nil, "PATCH", "/Users/u1", patchBody(`{"op":"add","path":"roles","value":[{"value":"a","primary":true},{"value":"b"}]},{"op":"add","path":"roles","value":[{"value":"a"},{"value":"b","primary":true}]}`), "200", "", `"roles":[{"value":"a","primary":false},{"value":"b","primary":true}]`},
		{"a primary that is set by a filter wins", nil, "PATCH", "/Users/u1", patchBody(`{"op":"add","path":"roles","value":[{"value":"a","primary":true},{"value":"b"}]},{"op":"replace","path":"roles[value eq \"b\"]","value":{"value":"b","primary":true}}`), "200", "", `"roles":[{"value":"a","primary":false},{"value":"b","primary":true}]`},
		{"a primary that is set by a sub-attribute wins", nil, "PATCH", "/Users/u1", patchBody(`{"op":"add","path":"roles","value":[{"value":"a","primary":true},{"value":"b"}]},{"op":"add","path":"roles[value eq \"b\"].primary","value":"True"}`), "200", "", `"roles":[{"value":"a","primary":false},{"value":"b","primary":true}]`},
		{"two primaries that are set", nil, "PATCH", "/Users/u1", patchBody(`{"op":"add","path":"roles","value":[{"value":"a","primary":true},{"value":"b","primary":true}]}`), "400 invalidValue", "OnePrimary", ""},
		{"a reference that is no URI", nil, "PATCH", "/Users/u1", patchBody(`{"op":"add","path":"photos","value":[{"value":"not a URI"}]}`), "400 invalidValue", "References", ""},
		{"a reference that is a relative URI", nil, "PATCH", "/Users/u1", patchBody(`{"op":"add","path":"manager","value":{"value":"u2","$ref":"../Users/u2"}}`), "200", "", `"$ref":"../Users/u2"`},
		{"a reference with a backslash", nil, "POST", "/Users", scimUser(`,"profileUrl":"https:\\\\example.com"`), "400 invalidValue", "References", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, tt.opts...)
			if got := w.code(tt.method, tt.path, tt.body); got != tt.code {
				t.Errorf("%s %s %s = %s, want %s", tt.method, tt.path, tt.body, got, tt.code)
			}
			requests := w.srv.Requests()
			if got := requests[len(requests)-1].Rule; got != tt.rule {
				t.Errorf("it was decided by row %q, want %q", got, tt.rule)
			}
			held := w.srv.State().Directories[tenantName]
			all := ""
			for _, r := range append(held.Users, held.Groups...) {
				all += string(r) + "\n"
			}
			if !strings.Contains(all, tt.holds) {
				t.Errorf("the directory holds\n%swant %s", all, tt.holds)
			}
		})
	}
}
