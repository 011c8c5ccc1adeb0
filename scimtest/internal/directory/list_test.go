package directory

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/iamscim/iamscim/scimtest/internal/behavior"
)

// fullUser has a value in every attribute the service supports.
const fullUser = `{
	"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],
	"externalId": "Ext-1", "userName": "Ada@Example.com",
	"name": {"formatted": "Ms. Ada King", "familyName": "King", "givenName": "Ada", "middleName": "B", "honorificPrefix": "Ms.", "honorificSuffix": "III"},
	"displayName": "Ada King", "nickName": "Countess", "profileUrl": "https://example.com/Ada", "title": "Analyst",
	"userType": "Employee", "preferredLanguage": "en-GB", "locale": "en-GB", "timezone": "Europe/London", "active": false,
	"emails": [{"value": "Ada@Example.com", "display": "Ada", "type": "work", "primary": true}],
	"phoneNumbers": [{"value": "+44 1", "display": "desk", "type": "work", "primary": true}, {"value": "+44 2", "type": "mobile"}],
	"ims": [{"value": "ada", "display": "Ada", "type": "xmpp"}],
	"photos": [{"value": "https://example.com/Ada.png", "display": "Ada", "type": "thumbnail"}],
	"addresses": [{"formatted": "1 St James's Sq\nLondon", "streetAddress": "1 St James's Sq", "locality": "London", "region": "LDN", "postalCode": "SW1Y", "country": "GB", "type": "work"}],
	"entitlements": [{"value": "e1", "display": "E One", "type": "t"}],
	"roles": [{"value": "r1", "type": "t"}],
	"x509Certificates": [{"value": "MIIB", "type": "t"}],
	"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {
		"employeeNumber": "7", "costCenter": "cc", "organization": "org", "division": "div", "department": "dep",
		"manager": {"value": "M-1", "$ref": "../Users/M-1", "displayName": "Boss"}}
}`

func TestFilterUsers(t *testing.T) {
	t.Parallel()
	f := newFixture(t, Config{Mapping: looseMapping})
	ada := f.create("/Users", fullUser)
	f.advance(time.Hour)
	bob := f.create("/Users", `{"schemas":["`+urnUser+`"],"userName":"bob \"the\\builder\" é","externalId":"ext-1","displayName":"ADA KING","active":true,"emails":[{"value":"bob@example.com","type":"work"}],"phoneNumbers":[{"value":"+44 2","type":"work"}]}`)
	const (
		created = "2026-11-23T12:00:00.000Z"
		none    = "" // no user
	)
	for _, row := range []struct {
		filter string
		want   []string
		why    string
	}{
		{`userName eq "ada@example.com"`, []string{ada}, "userName is not caseExact"},
		{`USERNAME EQ "ADA@EXAMPLE.COM"`, []string{ada}, "names and operators have no case"},
		{urnUser + `:userName eq "ada@example.com"`, []string{ada}, "full name"},
		{`userName eq "ada"`, nil, "eq is not a prefix match"},
		{`userName eq "bob \"the\\builder\" \u00e9"`, []string{bob}, "values are JSON strings"},
		{`userName eq "BOB \"THE\\BUILDER\" É"`, []string{bob}, "case beyond ASCII"},
		{`externalId eq "Ext-1"`, []string{ada}, "externalId is caseExact"},
		{`externalId eq "ext-1"`, []string{bob}, "externalId is caseExact"},
		{`externalId eq "EXT-1"`, nil, "externalId is caseExact"},
		{`id eq "` + ada + `"`, []string{ada}, "id"},
		{`id eq "ID-1"`, nil, "id is caseExact"},
		{`displayName eq "ada king"`, []string{ada, bob}, "several users, one index"},
		{`displayName eq "ada king" and active eq true`, []string{bob}, "boolean"},
		{`active eq false`, []string{ada}, "boolean without an index"},
		{`emails eq "ADA@example.com"`, []string{ada}, "a multi-valued attribute stands for its values"},
		{`emails.value eq "ada@example.com"`, []string{ada}, "sub-attribute"},
		{`emails[type eq "work"].value eq "ada@example.com"`, []string{ada}, "Entra ID"},
		{`emails[type eq "WORK" and value eq "ada@example.com"]`, []string{ada}, "value path"},
		{`emails[type eq "home"].value eq "ada@example.com"`, nil, "the filter counts"},
		{`emails.primary eq true`, []string{ada}, "boolean sub-attribute"},
		{`phoneNumbers[type eq "mobile"].value eq "+44 2"`, []string{ada}, "the element must match both"},
		{`phoneNumbers[value eq "+44 2"]`, []string{ada, bob}, "without an index"},
		{`phoneNumbers.type eq "work" and phoneNumbers.value eq "+44 2"`, []string{ada, bob}, "terms may hold for different elements"},
		{`name.familyName eq "king"`, []string{ada}, "complex"},
		{`name.formatted eq "ms. ada king" and name.givenName eq "ada" and name.middleName eq "b" and name.honorificPrefix eq "ms." and name.honorificSuffix eq "iii"`, []string{ada}, "all of name"},
		{`nickName eq "countess"`, []string{ada}, ""},
		{`profileUrl eq "https://example.com/ada"`, []string{ada}, "profileUrl is not caseExact (RFC 7643 section 8.7.1)"},
		{`photos.value eq "https://example.com/ada.png"`, nil, "photos.value is caseExact"},
		{`photos.value eq "https://example.com/Ada.png"`, []string{ada}, "photos.value is caseExact"},
		{`title eq "analyst" and userType eq "employee" and preferredLanguage eq "en-gb" and locale eq "en-gb" and timezone eq "europe/london"`, []string{ada}, ""},
		{`ims.value eq "ADA" and entitlements.value eq "E1" and roles.value eq "R1" and x509Certificates.value eq "MIIB"`, []string{ada}, ""},
		{`addresses.locality eq "london" and addresses[postalCode eq "sw1y" and country eq "gb"]`, []string{ada}, ""},
		{`addresses.formatted eq "1 St James's Sq\nLondon"`, []string{ada}, "escape"},
		{`employeeNumber eq "7" and costCenter eq "CC" and organization eq "ORG" and division eq "DIV" and department eq "DEP"`, []string{ada}, "extension attributes without URN"},
		{urnEnterprise + `:employeeNumber eq "7"`, []string{ada}, "extension attribute with URN"},
		{`id eq "` + ada + `" and manager eq "M-1"`, []string{ada}, "Entra ID asks for managers so"},
		{`id eq "` + ada + `" and manager eq "M-2"`, nil, "Entra ID asks for managers so"},
		{`manager.value eq "m-1"`, nil, "ids are caseExact"},
		{`meta.resourceType eq "User" and meta.created eq "` + created + `"`, []string{ada}, "meta"},
		{`meta.created eq "2026-11-23T13:00:00+01:00"`, []string{ada}, "times are compared as times"},
		{`meta.location eq "` + f.base + `/Users/` + ada + `"`, []string{ada}, "location"},
		{`schemas eq "` + urnEnterprise + `"`, []string{ada}, "schemas"},
		{`nickName eq null`, []string{bob}, "null is no value"},
		{`nickName eq null and userName eq "ada@example.com"`, nil, "null is no value"},
		{`((userName eq "ada@example.com") and (active eq false))`, []string{ada}, "parentheses"},
		{`userName eq "ada@example.com" and userName eq "x"`, nil, "a contradiction"},
		{`userName eq ""`, nil, "empty value"},
	} {
		t.Run(row.filter, func(t *testing.T) {
			t.Parallel()
			want := row.want
			if want == nil {
				want = []string{}
			}
			if diff := cmp.Diff(want, f.found("/Users", row.filter)); diff != "" {
				t.Errorf("GET /Users?filter=%s, %s (-want +got):\n%s", row.filter, row.why, diff)
			}
		})
	}
}

func TestFilterRefused(t *testing.T) {
	t.Parallel()
	f := newFixture(t, Config{Mapping: looseMapping})
	f.create("/Users", fullUser)
	for _, row := range []struct{ path, filter, why string }{
		{"/Users", `userName co "ada"`, "unsupported operator"},
		{"/Users", `userName sw "ada"`, "unsupported operator"},
		{"/Users", `userName ne "ada"`, "unsupported operator"},
		{"/Users", `meta.created gt "2026-01-01T00:00:00Z"`, "unsupported operator"},
		{"/Users", `userName pr`, "unsupported operator"},
		{"/Users", `userName eq "a" or userName eq "b"`, "or is unsupported"},
		{"/Users", `not (userName eq "a")`, "not is unsupported"},
		{"/Users", `emails[type eq "work" or type eq "home"]`, "or is unsupported in brackets too"},
		{"/Users", `emails[type eq "work" and value ew "x"]`, "unsupported operator in brackets"},
		{"/Users", `userName eq ada`, "malformed"},
		{"/Users", `userName eq "ada`, "malformed"},
		{"/Users", ``, "malformed"},
		{"/Users", `favouriteColour eq "red"`, "unknown attribute"},
		{"/Users", `emails.colour eq "red"`, "unknown sub-attribute"},
		{"/Users", `emails[colour eq "red"]`, "unknown sub-attribute in brackets"},
		{"/Users", `password eq "x"`, "password is not supported"},
		{"/Users", `groups eq "G"`, "groups is not supported"},
		{"/Users", `roles.display eq "x"`, "roles.display is not supported"},
		{"/Users", `members eq "U"`, "an attribute of groups"},
		{"/Groups", `userName eq "U"`, "an attribute of users"},
		{"/Groups", `manager eq "U"`, "an attribute of users"},
		{"/Users", `urn:example:2.0:User:userName eq "x"`, "unknown schema"},
		{"/Users", urnEnterprise + ` eq "x"`, "a schema is no attribute"},
		{"/Users", `name eq "x"`, "a complex attribute without a value"},
		{"/Users", `active eq "yes"`, "text that is no boolean"},
		{"/Users", `userName eq true`, "a boolean for text"},
		{"/Users", `userName eq 1`, "a number for text"},
		{"/Users", `meta.created eq "yesterday"`, "no dateTime"},
		{"/Users", `name[familyName eq "x"]`, "a single-valued attribute cannot be filtered"},
	} {
		t.Run(row.path+" "+row.filter, func(t *testing.T) {
			t.Parallel()
			what := fmt.Sprintf("GET %s?filter=%s (%s)", row.path, row.filter, row.why)
			checkError(t, f.do("GET", row.path+"?filter="+escape(row.filter), ""), http.StatusBadRequest, invalidFilter, what)
		})
	}
}

func TestFilterUnsupportedIsNotMalformed(t *testing.T) {
	t.Parallel()
	f := newFixture(t, Config{})
	for filter, want := range map[string]string{
		`userName co "a"`: `"co" at byte 10 is not supported: only eq, combined by and`,
		`a eq 1 or b`:     `malformed filter "a eq 1 or b": want a space and an operator after "b", not the end at byte 12`,
	} {
		if got := f.do("GET", "/Users?filter="+escape(filter), "").body["detail"]; got != want {
			t.Errorf("detail of filter %s = %q, want %q", filter, got, want)
		}
	}
}

// TestMemberFilter runs through what is documented, and what is not in each
// of its switchable forms.
func TestMemberFilter(t *testing.T) {
	t.Parallel()
	const refused = "refused"
	for _, row := range []struct {
		filter string
		want   map[string]any
		why    string
	}{
		{`id eq "id-3" and members eq "id-1"`, same("id-3"), "documented"},
		{`members eq "id-1" and id eq "id-3"`, same("id-3"), "the other way round"},
		{`id eq "id-3" and members eq "id-2"`, same(), "not a member"},
		{`id eq "id-3" and members eq "nobody"`, same(), "no such user"},
		{`id eq "nothing" and members eq "id-1"`, same(), "no such group"},
		{`id eq "id-3" and members.value eq "id-1"`, same("id-3"), "spelt out"},
		{`id eq "id-3" and members[value eq "id-1"]`, same("id-3"), "value path"},
		{`id eq "id-3" and members[value eq "id-1" and type eq "User"]`, same("id-3"), "value path with type"},
		{`id eq "id-3" and members[value eq "id-1" and type eq "Group"]`, same(), "wrong type"},
		{`id eq "id-3" and members.type eq "User"`, same("id-3"), "any member"},
		{`id eq "id-5" and members eq null`, same("id-5"), "no members"},
		{`id eq "id-3" and members eq null`, same(), "has members"},
		{`id eq "id-3" and displayName eq "A" and members eq "id-1"`, same("id-3"), "three terms"},
		{`members eq "id-1"`, map[string]any{
			"WORKS": []string{"id-3", "id-4"}, "IGNORED": []string{"id-3", "id-4", "id-5"}, "EMPTY": []string{}, "REFUSED": refused}, "alone"},
		{`displayName eq "b" and members eq "id-1"`, map[string]any{
			"WORKS": []string{"id-4"}, "IGNORED": []string{"id-4"}, "EMPTY": []string{}, "REFUSED": refused}, "with something else"},
		{`displayName eq "c" and members eq "id-1"`, map[string]any{
			"WORKS": []string{}, "IGNORED": []string{"id-5"}, "EMPTY": []string{}, "REFUSED": refused}, "with something else"},
		{`displayName eq "c"`, same("id-5"), "no member term"},
	} {
		for choice, want := range row.want {
			t.Run(fmt.Sprintf("%s %s", choice, row.filter), func(t *testing.T) {
				t.Parallel()
				f := newFixture(t, Config{Choices: behavior.Choices{behavior.MemberFilter: choice}})
				f.create("/Users", user("ada"))
				f.create("/Users", user("bob"))
				f.create("/Groups", group("a", "id-1"))
				f.create("/Groups", group("b", "id-1", "id-2"))
				f.create("/Groups", group("c"))
				if want == refused {
					f.refused(400, invalidFilter, "GET", "/Groups?filter="+escape(row.filter), "")
					return
				}
				if diff := cmp.Diff(want, f.found("/Groups", row.filter)); diff != "" {
					t.Errorf("%s: %s (-want +got):\n%s", row.why, row.filter, diff)
				}
			})
		}
	}
}

// same is one expectation for all behaviors.
func same(ids ...string) map[string]any {
	if ids == nil {
		ids = []string{}
	}
	want := map[string]any{}
	for _, m := range []string{"WORKS", "IGNORED", "EMPTY", "REFUSED"} {
		want[m] = ids
	}
	return want
}

// TestListPaging pins what is documented: at most 100 resources, no paging,
// startIndex always 1, totalResults the number of resources in the reply.
func TestListPaging(t *testing.T) {
	t.Parallel()
	f := newFixture(t, Config{})
	empty := f.do("GET", "/Users", "")
	if want := `{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":0,"startIndex":1,"itemsPerPage":0,"Resources":[]}`; empty.raw != want {
		t.Errorf("GET /Users of an empty tenant = %s, want %s", empty.raw, want)
	}
	for i := range 130 {
		f.create("/Users", user(fmt.Sprintf("u%d", i)))
	}
	f.must(204, "DELETE", "/Users/id-2", "")
	f.must(204, "DELETE", "/Users/id-1", "")
	f.create("/Users", user("again")) // takes a deleted record's place in memory, not in the order
	for _, row := range []struct {
		query string
		rows  int
		first string
		why   string
	}{
		{"", 100, "id-3", "at most 100, oldest first"},
		{"?count=7", 7, "id-3", "fewer"},
		{"?count=1000", 100, "id-3", "not more than 100"},
		{"?count=99999999999999999999999", 0, "", "out of range"},
		{"?count=0", 0, "", "none"},
		{"?count=-5", 0, "", "negative is 0 (RFC 7644 section 3.4.2.4)"},
		{"?startIndex=101&count=100", 100, "id-3", "startIndex is ignored"},
		{"?startIndex=-1", 100, "id-3", "startIndex is ignored"},
		{"?startIndex=x", 100, "id-3", "startIndex is ignored"},
		{"?sortBy=userName&sortOrder=descending", 100, "id-3", "sorting is not supported and ignored"},
		{"?aadOptscim062020", 100, "id-3", "Entra ID's flag, if it ever arrives"},
		{"?filter=" + escape(`emails.type eq "work"`), 100, "id-3", "a filter does not lift the limit"},
	} {
		t.Run(row.query, func(t *testing.T) {
			t.Parallel()
			a := f.do("GET", "/Users"+row.query, "")
			if row.query == "?count=99999999999999999999999" {
				checkError(t, a, 400, invalidValue, row.query)
				return
			}
			list, _ := a.body["Resources"].([]any)
			if len(list) != row.rows {
				t.Fatalf("GET /Users%s has %d resources, want %d: %s", row.query, len(list), row.rows, row.why)
			}
			if row.rows > 0 {
				if got := list[0].(map[string]any)["id"]; got != row.first {
					t.Errorf("GET /Users%s begins with %v, want %s: %s", row.query, got, row.first, row.why)
				}
			}
			delete(a.body, "Resources")
			want := map[string]any{"schemas": []any{urnListResponse}, "totalResults": float64(row.rows), "startIndex": 1.0, "itemsPerPage": float64(row.rows)}
			if diff := cmp.Diff(want, a.body); diff != "" {
				t.Errorf("GET /Users%s (-want +got):\n%s", row.query, diff)
			}
		})
	}
}

// TestListLimitWithIndex: what an index finds is limited as well.
func TestListLimitWithIndex(t *testing.T) {
	t.Parallel()
	f := newFixture(t, Config{})
	for i := range 120 {
		f.create("/Users", fmt.Sprintf(`{"userName":"u%d","displayName":"Same","emails":[{"value":"u%d@x","type":"work"}]}`, i, i))
	}
	for query, want := range map[string]int{"": 100, "&count=7": 7, "&count=0": 0} {
		path := "/Users?filter=" + escape(`displayName eq "same"`) + query
		if got := len(f.must(200, "GET", path, "")["Resources"].([]any)); got != want {
			t.Errorf("GET %s has %d resources, want %d", path, got, want)
		}
	}
}

func TestProjection(t *testing.T) {
	t.Parallel()
	f := newFixture(t, Config{Mapping: looseMapping})
	id := f.create("/Users", fullUser)
	g := f.create("/Groups", group("eng", id))
	schemas := []any{urnUser, urnEnterprise}
	type m = map[string]any
	for _, row := range []struct {
		path string
		want m
		why  string
	}{
		{"/Users/" + id + "?attributes=userName", m{"schemas": schemas, "id": id, "userName": "Ada@Example.com"}, "id and schemas are always there"},
		{"/Users/" + id + "?attributes=USERNAME,title", m{"schemas": schemas, "id": id, "userName": "Ada@Example.com", "title": "Analyst"}, "no case"},
		{"/Users/" + id + "?attributes=id", m{"schemas": schemas, "id": id}, "Entra ID"},
		{"/Users/" + id + "?attributes=nonsense", m{"schemas": schemas, "id": id}, "unknown names select nothing"},
		{"/Users/" + id + "?attributes=%20userName%20,,%5B", m{"schemas": schemas, "id": id, "userName": "Ada@Example.com"}, "spaces and rubbish in the list"},
		{"/Users/" + id + "?attributes=emails.value,name.givenName", m{"schemas": schemas, "id": id, "emails": []any{m{"value": "Ada@Example.com"}}, "name": m{"givenName": "Ada"}}, "sub-attributes"},
		{"/Users/" + id + "?attributes=emails,emails.value", m{"schemas": schemas, "id": id, "emails": []any{m{"value": "Ada@Example.com", "display": "Ada", "type": "work", "primary": true}}}, "the whole wins"},
		{"/Users/" + id + "?attributes=" + urnEnterprise + ":department", m{"schemas": schemas, "id": id, urnEnterprise: m{"department": "dep"}}, "extension attribute"},
		{"/Users/" + id + "?attributes=manager.value,costCenter", m{"schemas": schemas, "id": id, urnEnterprise: m{"costCenter": "cc", "manager": m{"value": "M-1"}}}, "extension attributes without URN"},
		{"/Users/" + id + "?attributes=meta.resourceType", m{"schemas": schemas, "id": id, "meta": m{"resourceType": "User"}}, "meta"},
		{"/Groups/" + g + "?excludedAttributes=members,meta", m{"schemas": []any{urnGroup}, "id": g, "displayName": "eng", "externalId": "x-eng"}, "Entra ID excludes members"},
		{"/Groups/" + g + "?excludedAttributes=id,schemas,members,meta,externalId", m{"schemas": []any{urnGroup}, "id": g, "displayName": "eng"}, "id and schemas cannot be excluded"},
	} {
		t.Run(row.path, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(row.want, f.must(200, "GET", row.path, "")); diff != "" {
				t.Errorf("GET %s, %s (-want +got):\n%s", row.path, row.why, diff)
			}
		})
	}
	whole := f.must(200, "GET", "/Users/"+id, "")
	got := f.must(200, "GET", "/Users/"+id+"?excludedAttributes=name.givenName,"+urnEnterprise+",emails.type,emails.display,emails.primary,photos", "")
	delete(whole, urnEnterprise)
	delete(whole, "photos")
	delete(whole["name"].(m), "givenName")
	whole["emails"] = []any{m{"value": "Ada@Example.com"}}
	if diff := cmp.Diff(whole, got); diff != "" {
		t.Errorf("excludedAttributes (-want +got):\n%s", diff)
	}
	ext := f.must(200, "GET", "/Users/"+id+"?excludedAttributes=employeeNumber,costCenter,organization,division,department,manager", "")
	if ext[urnEnterprise] != nil {
		t.Errorf("an extension without attributes is still there: %v", ext[urnEnterprise])
	}
	f.refused(400, invalidValue, "GET", "/Users/"+id+"?attributes=userName&excludedAttributes=title", "")

	list := f.must(200, "GET", "/Groups?attributes=displayName", "")["Resources"]
	if diff := cmp.Diff([]any{m{"schemas": []any{urnGroup}, "id": g, "displayName": "eng"}}, list); diff != "" {
		t.Errorf("GET /Groups?attributes=displayName (-want +got):\n%s", diff)
	}
	created := f.must(201, "POST", "/Users?attributes=userName", user("bob"))
	if diff := cmp.Diff(m{"schemas": []any{urnUser}, "id": created["id"], "userName": "bob"}, created); diff != "" {
		t.Errorf("POST /Users?attributes=userName (-want +got):\n%s", diff)
	}
}

// TestRoundTrip stores a user with every attribute and reads the same back.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	f := newFixture(t, Config{Mapping: looseMapping})
	want := map[string]any{}
	if err := json.Unmarshal([]byte(fullUser), &want); err != nil {
		t.Fatal(err)
	}
	id := f.create("/Users", fullUser)
	want["id"] = id
	want["meta"] = map[string]any{"resourceType": "User", "created": "2026-11-23T12:00:00.000Z", "lastModified": "2026-11-23T12:00:00.000Z", "location": f.base + "/Users/" + id}
	got := f.must(200, "GET", "/Users/"+id, "")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("GET /Users/%s (-want +got):\n%s", id, diff)
	}
}
