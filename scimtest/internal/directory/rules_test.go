package directory

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/iamscim/iamscim/scimtest/internal/behavior"
)

// TestCreateRules has what the service documents of users and groups, each
// rule met and broken.
func TestCreateRules(t *testing.T) {
	t.Parallel()
	byExternalID := map[string]string{"google.subject": "user.externalId", "google.group": "group.externalId"}
	byUserName := map[string]string{"google.subject": "user.userName", "google.group": "group.displayName.lowerAscii()"}
	email := func(e string) string { return `{"userName":"new","externalId":"n","emails":` + e + `}` }
	for _, row := range []struct {
		name     string
		mapping  map[string]string
		path     string
		body     string
		status   int
		scimType string
	}{
		{"all well", nil, "/Users", user("new"), 201, ""},
		{"type of the email in any case", nil, "/Users", email(`[{"value":"n@x","type":"Work"}]`), 201, ""},
		{"no email", nil, "/Users", `{"userName":"new"}`, 400, invalidValue},
		{"no email though the subject is another attribute", byExternalID, "/Users", `{"userName":"new","externalId":"n"}`, 400, invalidValue},
		{"empty emails", nil, "/Users", email(`[]`), 400, invalidValue},
		{"null emails", nil, "/Users", email(`null`), 400, invalidValue},
		{"home email", nil, "/Users", email(`[{"value":"n@x","type":"home"}]`), 400, invalidValue},
		{"email without type", nil, "/Users", email(`[{"value":"n@x"}]`), 400, invalidValue},
		{"email without value", nil, "/Users", email(`[{"type":"work"}]`), 400, invalidValue},
		{"email with empty value", nil, "/Users", email(`[{"type":"work","value":""}]`), 400, invalidValue},
		{"two emails", nil, "/Users", email(`[{"value":"n@x","type":"work"},{"value":"h@x","type":"home"}]`), 400, invalidValue},
		{"two work emails", nil, "/Users", email(`[{"value":"n@x","type":"work"},{"value":"h@x","type":"work"}]`), 400, invalidValue},
		{"empty elements do not count", nil, "/Users", email(`[{},null,{"value":"n@x","type":"work"}]`), 201, ""},

		{"no userName", nil, "/Users", `{"emails":[{"value":"n@x","type":"work"}]}`, 400, invalidValue},
		{"empty userName", nil, "/Users", `{"userName":"","emails":[{"value":"n@x","type":"work"}]}`, 400, invalidValue},
		{"null userName", nil, "/Users", `{"userName":null,"emails":[{"value":"n@x","type":"work"}]}`, 400, invalidValue},
		{"mapped externalId missing", byExternalID, "/Users", `{"userName":"new","emails":[{"value":"n@x","type":"work"}]}`, 400, invalidValue},
		{"mapped externalId empty", byExternalID, "/Users", `{"userName":"new","externalId":"","emails":[{"value":"n@x","type":"work"}]}`, 400, invalidValue},
		{"subject of 127 bytes", byExternalID, "/Users", fmt.Sprintf(`{"userName":"new","externalId":%q,"emails":[{"value":"n@x","type":"work"}]}`, strings.Repeat("é", 63)+"x"), 201, ""},
		{"subject of 128 bytes", byExternalID, "/Users", fmt.Sprintf(`{"userName":"new","externalId":%q,"emails":[{"value":"n@x","type":"work"}]}`, strings.Repeat("é", 64)), 400, invalidValue},
		{"an attribute that is not mapped may be longer", nil, "/Users", fmt.Sprintf(`{"userName":"new","externalId":%q,"emails":[{"value":"n@x","type":"work"}]}`, strings.Repeat("é", 64)), 201, ""},

		{"userName taken", nil, "/Users", `{"userName":"ada","emails":[{"value":"n@x","type":"work"}]}`, 409, uniqueness},
		{"userName taken in another case", nil, "/Users", `{"userName":"ADA","emails":[{"value":"n@x","type":"work"}]}`, 409, uniqueness},
		{"userName taken in another case, though mapped as it is", byUserName, "/Users", `{"userName":"ADA","emails":[{"value":"n@x","type":"work"}]}`, 409, uniqueness},
		{"subject taken", nil, "/Users", email(`[{"value":"ada@example.com","type":"work"}]`), 409, uniqueness},
		{"subject taken after lowerAscii", nil, "/Users", email(`[{"value":"ADA@EXAMPLE.COM","type":"work"}]`), 409, uniqueness},
		{"email taken but not mapped", byUserName, "/Users", email(`[{"value":"ada@example.com","type":"work"}]`), 201, ""},
		{"externalId taken", byExternalID, "/Users", `{"userName":"new","externalId":"x-ada","emails":[{"value":"n@x","type":"work"}]}`, 409, uniqueness},
		{"externalId in another case is another", byExternalID, "/Users", `{"userName":"new","externalId":"X-ADA","emails":[{"value":"n@x","type":"work"}]}`, 201, ""},
		{"externalId taken but not mapped", nil, "/Users", `{"userName":"new","externalId":"x-ada","emails":[{"value":"n@x","type":"work"}]}`, 201, ""},
		{"a group has the name", nil, "/Users", `{"userName":"eng","emails":[{"value":"n@x","type":"work"}]}`, 201, ""},
		{"invalid before taken", nil, "/Users", `{"userName":"ada"}`, 400, invalidValue},

		{"group", nil, "/Groups", group("new"), 201, ""},
		{"group without displayName", nil, "/Groups", `{"externalId":"n"}`, 400, invalidValue},
		{"group with empty displayName", nil, "/Groups", `{"externalId":"n","displayName":""}`, 400, invalidValue},
		{"displayName taken", nil, "/Groups", `{"externalId":"n","displayName":"Eng"}`, 409, uniqueness},
		{"mapped externalId of a group missing", nil, "/Groups", `{"displayName":"new"}`, 400, invalidValue},
		{"externalId of a group not mapped", byUserName, "/Groups", `{"displayName":"new"}`, 201, ""},
		{"group value taken", nil, "/Groups", `{"displayName":"new","externalId":"x-eng"}`, 409, uniqueness},
		{"no rule for groups in the mapping", map[string]string{"google.subject": "user.userName"}, "/Groups", `{"displayName":"new"}`, 201, ""},
		{"member that does not exist", nil, "/Groups", group("new", "id-1", "nobody"), 400, invalidValue},
		{"a group as member", nil, "/Groups", group("new", "id-1", "id-2"), 201, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, Config{Mapping: row.mapping})
			f.create("/Users", user("ada"))
			f.create("/Groups", group("eng"))
			before := string(f.content())
			a := f.do("POST", row.path, row.body)
			if row.status == http.StatusCreated {
				if a.status != row.status {
					t.Errorf("POST %s %s = %d %s, want 201", row.path, row.body, a.status, a.raw)
				}
				return
			}
			checkError(t, a, row.status, row.scimType, row.body)
			if diff := cmp.Diff(before, string(f.content())); diff != "" {
				t.Errorf("a refused POST %s changed the directory (-before +after):\n%s", row.path, diff)
			}
		})
	}
}

// content is all the directory holds, to see whether something has changed.
func (f *fixture) content() []byte {
	var b []byte
	for _, list := range [][]string{texts(f.dir.Content("").Users), texts(f.dir.Content("").Groups)} {
		b = append(b, strings.Join(list, "\n")...)
		b = append(b, '\n')
	}
	return b
}

func texts[T ~[]byte](list []T) []string {
	s := make([]string, len(list))
	for i, e := range list {
		s[i] = string(e)
	}
	return s
}

// TestEmailsAny switches the email rule off.
func TestEmailsAny(t *testing.T) {
	t.Parallel()
	f := newFixture(t, Config{Mapping: looseMapping, Choices: behavior.Choices{behavior.EmailRule: "ANY"}})
	for _, body := range []string{
		`{"userName":"none"}`,
		`{"userName":"home","emails":[{"value":"h@x","type":"home"}]}`,
		`{"userName":"two","emails":[{"value":"w@x","type":"work","primary":true},{"value":"h@x","type":"home"}]}`,
		`{"userName":"untyped","emails":[{"value":"w@x"}]}`,
	} {
		f.must(201, "POST", "/Users", body)
	}
	f.refused(400, invalidValue, "POST", "/Users", `{"userName":"primaries","emails":[{"value":"w@x","primary":true},{"value":"h@x","primary":true}]}`)
}

// TestMappedValuesAreImmutable tries to change what a claim mapping maps.
func TestMappedValuesAreImmutable(t *testing.T) {
	t.Parallel()
	put := func(userName, externalID, email string) string {
		return fmt.Sprintf(`{"userName":%q,"externalId":%q,"emails":[{"value":%q,"type":"work"}]}`, userName, externalID, email)
	}
	for _, row := range []struct {
		subject, group string
		method, path   string
		body           string
		refused        string // scimType of the 400, "" if it is done
	}{
		{"user.emails[0].value.lowerAscii()", "", "PUT", "/Users/id-1", put("ada", "x-ada", "ada@other.com"), mutability},
		{"user.emails[0].value.lowerAscii()", "", "PUT", "/Users/id-1", put("ada", "x-ada", "ADA@example.com"), ""},
		{"user.emails[0].value", "", "PUT", "/Users/id-1", put("ada", "x-ada", "ADA@example.com"), mutability},
		{"user.emails[0].value", "", "PUT", "/Users/id-1", put("ada2", "other", "ada@example.com"), ""},
		{"user.userName", "", "PUT", "/Users/id-1", put("ada2", "x-ada", "ada@example.com"), mutability},
		{"user.userName", "", "PUT", "/Users/id-1", put("ADA", "x-ada", "ada@example.com"), mutability},
		{"user.userName.lowerAscii()", "", "PUT", "/Users/id-1", put("ADA", "x-ada", "ada@example.com"), ""},
		{"user.externalId", "", "PUT", "/Users/id-1", put("ada", "other", "ada@example.com"), mutability},
		{"user.externalId", "", "PUT", "/Users/id-1", `{"userName":"ada","emails":[{"value":"ada@example.com","type":"work"}]}`, invalidValue},
		{"user.emails[0].value", "", "PATCH", "/Users/id-1", patchOps(`{"op":"replace","path":"emails[type eq \"work\"].value","value":"new@x"}`), mutability},
		{"user.emails[0].value", "", "PATCH", "/Users/id-1", patchOps(`{"op":"replace","path":"emails[type eq \"work\"].value","value":"ada@example.com"}`), ""},
		{"user.emails[0].value", "", "PATCH", "/Users/id-1", patchOps(`{"op":"replace","path":"userName","value":"ada2"}`), ""},
		{"user.userName", "", "PATCH", "/Users/id-1", patchOps(`{"op":"replace","path":"emails[type eq \"work\"].value","value":"new@x"}`), ""},
		{"user.userName", "", "PATCH", "/Users/id-1", patchOps(`{"op":"replace","value":{"userName":"ada2"}}`), mutability},
		{"user.externalId", "", "PATCH", "/Users/id-1", patchOps(`{"op":"remove","path":"externalId"}`), invalidValue},
		{"user.userName", "group.externalId", "PATCH", "/Groups/id-2", patchOps(`{"op":"replace","path":"externalId","value":"new"}`), mutability},
		{"user.userName", "group.externalId", "PATCH", "/Groups/id-2", patchOps(`{"op":"replace","path":"displayName","value":"new"}`), ""},
		{"user.userName", "group.displayName", "PATCH", "/Groups/id-2", patchOps(`{"op":"replace","path":"displayName","value":"new"}`), mutability},
		{"user.userName", "group.displayName", "PATCH", "/Groups/id-2", patchOps(`{"op":"replace","value":{"id":"id-2","displayName":"eng"}}`), ""},
	} {
		t.Run(row.subject+" "+row.group+" "+row.method+" "+row.body, func(t *testing.T) {
			t.Parallel()
			mapping := map[string]string{"google.subject": row.subject, "google.group": "group.externalId"}
			if row.group != "" {
				mapping["google.group"] = row.group
			}
			f := newFixture(t, Config{Mapping: mapping})
			f.create("/Users", user("ada"))
			f.create("/Groups", group("eng"))
			before := string(f.content())
			a := f.do(row.method, row.path, row.body)
			if row.refused == "" {
				if a.status != 200 {
					t.Errorf("%s %s %s = %d %s, want 200", row.method, row.path, row.body, a.status, a.raw)
				}
				return
			}
			checkError(t, a, 400, row.refused, row.body)
			if diff := cmp.Diff(before, string(f.content())); diff != "" {
				t.Errorf("a refused %s changed the directory (-before +after):\n%s", row.method, diff)
			}
		})
	}
}

// TestSubjectIsTheFirstEmail: of several emails the first is mapped.
func TestSubjectIsTheFirstEmail(t *testing.T) {
	t.Parallel()
	f := newFixture(t, Config{Choices: behavior.Choices{behavior.EmailRule: "ANY"}})
	emails := func(name, first, second string) string {
		return fmt.Sprintf(`{"userName":%q,"emails":[{"value":%q},{"value":%q}]}`, name, first, second)
	}
	f.must(201, "POST", "/Users", emails("ada", "ada@x", "shared@x"))
	f.must(201, "POST", "/Users", emails("bob", "bob@x", "shared@x"))
	f.refused(409, uniqueness, "POST", "/Users", emails("eve", "ADA@x", "eve@x"))
	f.must(201, "POST", "/Users", emails("eve", "shared@x", "ada@x"))
	f.must(200, "PUT", "/Users/id-1", emails("ada", "ada@x", "new@x"))
	f.refused(400, mutability, "PUT", "/Users/id-1", emails("ada", "new@x", "ada@x"))
	f.refused(400, invalidValue, "PUT", "/Users/id-1", `{"userName":"ada","emails":[{"type":"work"},{"value":"ada@x"}]}`)
}

func TestFoldCase(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		a, b string
		same bool
		why  string
	}{
		{"Ada", "aDA", true, "ASCII"},
		{"straße", "STRASSE", false, "folding is by letter"},
		{"É", "é", true, "Latin"},
		{"ΣΊΣΥΦΟΣ", "σίσυφος", true, "final sigma"},
		{"\u212Aelvin", "kelvin", true, "the Kelvin sign is a k"},
		{"ſ", "S", true, "the long s is an s"},
		{"İ", "i", false, "the dotted I has no simple folding"},
		{"DŽ", "dž", true, "three cases"},
	} {
		if got := foldCase(row.a) == foldCase(row.b); got != row.same || got != strings.EqualFold(row.a, row.b) {
			t.Errorf("foldCase(%q) == foldCase(%q) is %v, want %v as strings.EqualFold has it: %s", row.a, row.b, got, row.same, row.why)
		}
	}
}
