package idp_test

import (
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"github.com/iamscim/iamscim/provision/idp"
)

// write makes files in a new folder and returns their paths, in order.
func write(t testing.TB, namesAndTexts ...string) []string {
	t.Helper()
	dir := t.TempDir()
	var paths []string
	for i := 0; i < len(namesAndTexts); i += 2 {
		path := filepath.Join(dir, namesAndTexts[i])
		if err := os.WriteFile(path, []byte(namesAndTexts[i+1]), 0o600); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	return paths
}

// read returns the rows and the error of a list.
func read[T any](list iter.Seq2[T, error]) (rows []T, err error) {
	err = idp.Each(list, func(row T) error {
		rows = append(rows, row)
		return nil
	})
	return rows, err
}

func roster(t testing.TB, f idp.Files) idp.Roster {
	t.Helper()
	r, err := f.Roster()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

const department = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department"

func TestUsers(t *testing.T) {
	t.Parallel()
	anna := idp.User{Key: "k1", UserName: "anna@example.com", ExternalID: "x1", DisplayName: "Anna", Emails: []string{"a@example.com"}}
	tests := []struct {
		name  string
		files []string
		set   func(*idp.Files)
		want  []idp.User
	}{
		{name: "CSV", files: []string{"u.csv", "key,userName,externalId,displayName,email\nk1,anna@example.com,x1,Anna,a@example.com\n#end,1\n"}, want: []idp.User{anna}},
		{name: "CSV of a spreadsheet", files: []string{"u.csv", "\xEF\xBB\xBFkey;userName;active;" + department + "\r\nk1;anna@example.com;FALSE;R&D\r\n#end;1;;\r\n"},
			want: []idp.User{{Key: "k1", UserName: "anna@example.com", Inactive: true, Attributes: map[string]string{department: "R&D"}}}},
		{name: "CSV in UTF-16", files: []string{"u.csv", encode16("key,userName,displayName\nk1,anna@example.com,Änne 🚀\n#end,1\n")},
			want: []idp.User{{Key: "k1", UserName: "anna@example.com", DisplayName: "Änne 🚀"}}},
		{name: "CSV without a key", files: []string{"u.csv", "userName\nanna@example.com\n#end,1\n"}, want: []idp.User{{Key: "anna@example.com", UserName: "anna@example.com"}}},
		{name: "CSV of a report", files: []string{"u.csv", "key,displayName\nk1,'=1+1\nk2,'plain\n#end,2\n"}, want: []idp.User{{Key: "k1", DisplayName: "=1+1"}, {Key: "k2", DisplayName: "'plain"}}},
		{name: "CSV with a known count", files: []string{"u.csv", "key\nk1\nk2"}, set: func(f *idp.Files) { f.Counts.Users = 2 }, want: []idp.User{{Key: "k1"}, {Key: "k2"}}},
		{name: "two files", files: []string{"a.csv", "key\nk1\n#end,1\n", "b.jsonl", `{"key":"k2","active":false}` + "\n" + `{"end":1}`}, want: []idp.User{{Key: "k1"}, {Key: "k2", Inactive: true}}},
		{name: "empty", files: []string{"u.csv", "key\n#end,0\n"}},
		{name: "JSON Lines", files: []string{"u.jsonl", `{"key":"k1","userName":"anna@example.com","externalId":"x1","displayName":"Anna","email":"a@example.com","title":null}` + "\n\n" + `{"end":1}` + "\n"}, want: []idp.User{anna}},
		{name: "SCIM", files: []string{"u.json", `{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":2,"Resources":[
			{"id":"k1","externalId":"x1","userName":"anna@example.com","displayName":"Anna","active":true,"emails":[{"value":"a@example.com","type":"work"}]},
			{"id":"k2","userName":"b","active":false,"emails":[{"value":"1"},{"value":"2"}],"name":{"givenName":"B"},"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"R&D"}}]}`},
			want: []idp.User{anna, {Key: "k2", UserName: "b", Inactive: true, Emails: []string{"1", "2"}, Attributes: map[string]string{"name.givenName": "B", department: "R&D"}}}},
		{name: "SCIM in two pages", files: []string{"1.json", `{"totalResults":2,"Resources":[{"id":"k1"}]}`, "2.json", `{"Resources":[{"id":"k2"}],"totalResults":2}`}, want: []idp.User{{Key: "k1"}, {Key: "k2"}}},
		{name: "Graph", files: []string{"1.json", `{"@odata.context":"…","@odata.nextLink":"https://graph/2","value":[
			{"id":"x1","userPrincipalName":"anna@example.com","displayName":"Anna","mail":"a@example.com","accountEnabled":true},
			{"@odata.type":"#microsoft.graph.device","id":"d1"},
			{"id":"gone","@removed":{"reason":"deleted"}}]}`, "2.json", `{"value":[{"id":"x2","userPrincipalName":"guest_partner.com#EXT#@example.onmicrosoft.com","accountEnabled":false}]}`},
			want: []idp.User{
				{Key: "x1", UserName: "anna@example.com", ExternalID: "x1", DisplayName: "Anna", Emails: []string{"a@example.com"}},
				{Key: "x2", UserName: "guest@partner.com", ExternalID: "x2", Inactive: true}}},
		{name: "Graph with mailNickname", files: []string{"1.json", `{"value":[{"id":"x1","userPrincipalName":"anna@example.com","mailNickname":"anna","accountEnabled":true}]}`},
			set: func(f *idp.Files) { f.EntraExternalID = "mailNickname" }, want: []idp.User{{Key: "x1", UserName: "anna@example.com", ExternalID: "anna"}}},
		{name: "Graph without externalId", files: []string{"1.json", `{"value":[{"id":"x1","userPrincipalName":"anna@example.com","accountEnabled":true}]}`},
			set: func(f *idp.Files) { f.EntraExternalID = "-" }, want: []idp.User{{Key: "x1", UserName: "anna@example.com"}}},
		{name: "Okta users", files: []string{"u.json", `[{"id":"00u1","status":"ACTIVE","profile":{"login":"anna@example.com","email":"a@example.com"}},{"id":"00u2","status":"DEPROVISIONED","profile":{"login":"b@example.com"}}]`},
			want: []idp.User{{Key: "00u1", ExternalID: "00u1", UserName: "anna@example.com", Emails: []string{"a@example.com"}}, {Key: "00u2", ExternalID: "00u2", UserName: "b@example.com", Inactive: true}}},
		{name: "Okta users of an app", files: []string{"u.json", `[{"id":"00u1","externalId":"scim-1","status":"ACTIVE","scope":"USER","credentials":{"userName":"anna@app"},"profile":{"email":"a@example.com"}}]`},
			want: []idp.User{{Key: "00u1", ExternalID: "00u1", ID: "scim-1", UserName: "anna@app", Emails: []string{"a@example.com"}}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			f := idp.Files{Users: write(t, test.files...)}
			if test.set != nil {
				test.set(&f)
			}
			r := roster(t, f)
			for range 2 { // a list can be read several times
				got, err := read(r.Users)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(test.want, got); diff != "" {
					t.Errorf("users (-want +got):\n%s", diff)
				}
			}
		})
	}
}

// encode16 encodes text as PowerShell's > does.
func encode16(text string) string {
	out := []byte{0xFF, 0xFE}
	for _, unit := range utf16.Encode([]rune(text)) {
		out = append(out, byte(unit), byte(unit>>8))
	}
	return string(out)
}

func TestGroupsAndMemberships(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		groups  []string
		members []string
		want    []idp.Group
		in      []idp.Membership
	}{
		{name: "CSV",
			groups:  []string{"g.csv", "key,displayName,externalId,id\ng1,Engineering,x,i\n#end,1\n"},
			members: []string{"m.csv", "user,group\nk1,g1\nk2,g1\n#end,2\n"},
			want:    []idp.Group{{Key: "g1", DisplayName: "Engineering", ExternalID: "x", ID: "i"}}, in: []idp.Membership{{"g1", "k1"}, {"g1", "k2"}}},
		{name: "JSON Lines",
			groups:  []string{"g.jsonl", `{"displayName":"Engineering"}` + "\n" + `{"end":1}`},
			members: []string{"m.ndjson", `{"group":"Engineering","user":"k1"}` + "\n" + `{"end":1}`},
			want:    []idp.Group{{Key: "Engineering", DisplayName: "Engineering"}}, in: []idp.Membership{{"Engineering", "k1"}}},
		{name: "SCIM",
			groups:  []string{"g.json", `{"totalResults":1,"Resources":[{"id":"g1","displayName":"Engineering","externalId":"x","members":[{"value":"k1"}]}]}`},
			members: []string{"g.json", `{"totalResults":1,"Resources":[{"id":"g1","members":[{"value":"k1"},{"value":"g2","type":"Group"}]}]}`},
			want:    []idp.Group{{Key: "g1", DisplayName: "Engineering", ExternalID: "x"}}, in: []idp.Membership{{"g1", "k1"}}},
		{name: "Graph",
			groups:  []string{"g.json", `{"value":[{"id":"g1","displayName":"Engineering"},{"@odata.type":"#microsoft.graph.user","id":"u"}]}`},
			members: []string{"g1.1.json", `{"@odata.nextLink":"…","value":[{"@odata.type":"#microsoft.graph.user","id":"k1"},{"@odata.type":"#microsoft.graph.group","id":"g2"}]}`, "g1.2.json", `{"value":[{"id":"k2"}]}`, "g3.json", `{"value":[]}`},
			want:    []idp.Group{{Key: "g1", DisplayName: "Engineering", ExternalID: "g1"}}, in: []idp.Membership{{"g1", "k1"}, {"g1", "k2"}}},
		{name: "Graph delta",
			groups:  []string{"g.json", `{"value":[{"id":"g1","displayName":"Engineering","members@delta":[]}],"@odata.deltaLink":"…"}`},
			members: []string{"d.json", `{"value":[{"id":"g1","members@delta":[{"@odata.type":"#microsoft.graph.user","id":"k1"},{"@odata.type":"#microsoft.graph.user","id":"k2","@removed":{"reason":"deleted"}}]}],"@odata.deltaLink":"…"}`},
			want:    []idp.Group{{Key: "g1", DisplayName: "Engineering", ExternalID: "g1"}}, in: []idp.Membership{{"g1", "k1"}}},
		{name: "Okta",
			groups:  []string{"g.json", `[{"id":"00g1","profile":{"name":"Engineering"}}]`},
			members: []string{"00g1.json", `[{"id":"00u1","status":"ACTIVE"}]`},
			want:    []idp.Group{{Key: "00g1", DisplayName: "Engineering"}}, in: []idp.Membership{{"00g1", "00u1"}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			users := write(t, "u.csv", "key\n#end,0\n")
			r := roster(t, idp.Files{Users: users, Groups: write(t, test.groups...), Memberships: write(t, test.members...)})
			groups, err := read(r.Groups)
			if err != nil {
				t.Fatal(err)
			}
			memberships, err := read(r.Memberships)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, groups); diff != "" {
				t.Errorf("groups (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.in, memberships); diff != "" {
				t.Errorf("memberships (-want +got):\n%s", diff)
			}
		})
	}
}

func TestLeavers(t *testing.T) {
	t.Parallel()
	r := roster(t, idp.Files{
		Users:   write(t, "u.csv", "key\n#end,0\n"),
		Leavers: write(t, "l.csv", "userName,gone\na,true\nb,\n#end,2\n"),
	})
	got, err := read(r.Leavers)
	want := []idp.Leaver{{User: idp.User{Key: "a", UserName: "a"}, Gone: true}, {User: idp.User{Key: "b", UserName: "b"}}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("leavers: %v (-want +got):\n%s", err, diff)
	}
	if r.Groups != nil || r.Memberships != nil {
		t.Error("a list that no file is named for isn't nil")
	}
}

// Every problem has its file and line, and no list with one is complete.
func TestProblems(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		files   []string // of users
		members []string
		set     func(*idp.Files)
		want    string // the texts without the folder
		cut     bool
	}{
		{name: "no end mark", files: []string{"u.csv", "key\nk1\n"}, want: "u.csv: there is no end mark", cut: true},
		{name: "no end mark in JSON Lines", files: []string{"u.jsonl", `{"key":"k1"}`}, want: "u.jsonl: there is no end mark", cut: true},
		{name: "one of two files without", files: []string{"a.csv", "key\n#end,0", "b.csv", "key\nk1\n"}, want: "b.csv: there is no end mark", cut: true},
		{name: "wrong end mark", files: []string{"u.csv", "key\nk1\n#end,2\n"}, want: "u.csv:3: the end mark must be #end,1", cut: true},
		{name: "end mark that isn't a number", files: []string{"u.csv", "key\nk1\n#end\n"}, want: "u.csv:3: the end mark must be #end,1", cut: true},
		{name: "wrong end mark in JSON Lines", files: []string{"u.jsonl", "{\"key\":\"k1\"}\n{\"end\":3}"}, want: `u.jsonl:2: the end mark must be {"end":1}`, cut: true},
		{name: "wrong count", files: []string{"u.csv", "key\nk1\n"}, set: func(f *idp.Files) { f.Counts.Users = 2 }, want: "u.csv: the list has 1 rows, and 2 are announced", cut: true},
		{name: "empty file", files: []string{"u.csv", ""}, want: "u.csv: is empty", cut: true},
		{name: "rows after the mark", files: []string{"u.csv", "key\n#end,0\nk1\n"}, want: "u.csv:3: something follows the end mark"},
		{name: "lines after the mark", files: []string{"u.jsonl", "{\"key\":\"k\"}\n{\"end\":1}\n{\"key\":\"l\"}"}, want: "u.jsonl:3: something follows the end mark"},
		{name: "cut JSON", files: []string{"u.json", "[\n{\"id\":\"1\",\"status\":\"ACTIVE\",\"profile\":{\"login\":\"a\"}},\n{\"id\""}, want: "u.json:3: the list is cut: the JSON isn't complete", cut: true},
		{name: "cut after an element", files: []string{"u.json", "[\n{\"id\":\"1\",\"status\":\"ACTIVE\",\"profile\":{\"login\":\"a\"}}"}, want: "the list is cut: the JSON isn't complete", cut: true},
		{name: "cut SCIM", files: []string{"u.json", `{"totalResults":200,"Resources":[{"id":"1"}]}`}, want: "u.json: the ListResponses have 1 resources, and totalResults is 200", cut: true},
		{name: "Graph without its last page", files: []string{"u.json", `{"value":[],"@odata.nextLink":"x"}`}, want: "u.json: 0 pages have no @odata.nextLink", cut: true},
		{name: "Graph with two last pages", files: []string{"u.1.json", `{"value":[]}`, "u.2.json", `{"value":[]}`}, want: "u.1.json: 2 pages have no @odata.nextLink", cut: true},
		{name: "a JSON object of another kind", files: []string{"u.json", `{"schemas":[],"id":"x"}`}, want: "u.json: has neither totalResults of a SCIM ListResponse nor value"},
		{name: "text after JSON", files: []string{"u.json", `[] []`}, want: "u.json:1: something follows the JSON document"},
		{name: "unknown column", files: []string{"u.csv", "key,Mail\n"}, want: "u.csv:1: column 2 of the header is unknown"},
		{name: "column twice", files: []string{"u.csv", "key,key\n"}, want: "u.csv:1: the header has the column key twice"},
		{name: "column of another list", files: []string{"u.csv", "key,group\nk1,g\n#end,1"}, want: "u.csv:2: a user has no group"},
		{name: "a leaver's column", files: []string{"u.csv", "key,gone\nk1,true\n#end,1"}, want: "u.csv:2: a user has no gone"},
		{name: "every row", files: []string{"u.csv", "key,active\nk1,maybe\nk2\n,true\nk4,true\n\"\nk5,\xFF\"x,true\n#end,5\n"},
			want: "u.csv:2: active is neither true nor false\nu.csv:3: has 1 columns, and the header has 2\nu.csv:4: has neither a key nor a userName\nu.csv:6"},
		{name: "not UTF-8", files: []string{"u.csv", "key,displayName\nk1,\xE4nne\n#end,1\n"}, want: "u.csv:2: displayName is not UTF-8"},
		{name: "long cell", files: []string{"u.csv", "key\n" + strings.Repeat("k", 9000) + "\n#end,1\n"}, want: "u.csv:2: key is longer than 8192 bytes"},
		{name: "long line", files: []string{"u.csv", "key\nk1\n\"" + strings.Repeat("k\n", 1<<20) + "\n"}, want: "u.csv: the row is too long"},
		{name: "long line in JSON Lines", files: []string{"u.jsonl", "{\"key\":\"k\"}\n{" + strings.Repeat(" ", 2<<20) + "}"}, want: "u.jsonl:2: the row is too long"},
		{name: "wrong type in JSON Lines", files: []string{"u.jsonl", "{\"key\":7}\n{\"Key\":\"x\"}\n[]\n{\"end\":3}"}, want: "u.jsonl:1: key isn't a string\nu.jsonl:2: an object has an unknown name: see the documentation of Files\nu.jsonl:3: isn't a JSON object"},
		{name: "wrong type in SCIM", files: []string{"u.json", "{\"totalResults\":2,\"Resources\":[\n{\"id\":1},\n{\"id\":\"x\",\"name\":\"y\"}]}"}, want: "u.json:2: id has the JSON type number\nu.json:3: name isn't an object"},
		{name: "Graph without accountEnabled", files: []string{"u.json", "{\"value\":[\n{\"id\":\"x\",\"userPrincipalName\":\"a\"}]}"}, want: "u.json:2: has no accountEnabled: add it to $select"},
		{name: "Okta without a login", files: []string{"u.json", "[\n\n{\"id\":\"x\"}]"}, want: "u.json:3: has no status\nu.json:3: has neither profile.login nor credentials.userName"},
		{name: "membership without a user", members: []string{"m.csv", "group,user\ng1,\n#end,1\n"}, want: "m.csv:2: a membership has no user"},
		{name: "expanded members", members: []string{"m.json", `{"value":[{"id":"g","members":[],"members@odata.nextLink":"x"}]}`}, want: "m.json:1: has only the first members"},
		{name: "member pages without the last", members: []string{"g1.json", `{"value":[{"id":"a"}]}`, "g2.json", `{"value":[{"id":"a"}],"@odata.nextLink":"x"}`}, want: "g2.json: 0 pages have no @odata.nextLink", cut: true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			f := idp.Files{Users: write(t, "u.csv", "key\n#end,0\n")}
			if test.files != nil {
				f.Users = write(t, test.files...)
			}
			if test.members != nil {
				f.Memberships = write(t, test.members...)
			}
			if test.set != nil {
				test.set(&f)
			}
			r := roster(t, f)
			var err error
			if test.members != nil {
				_, err = read(r.Memberships)
			} else {
				_, err = read(r.Users)
			}
			if err == nil {
				t.Fatal("the list is complete")
			}
			text := strings.ReplaceAll(strings.ReplaceAll(err.Error(), filepath.Dir(f.Users[0])+"/", ""), dirOf(f.Memberships), "")
			if !strings.HasPrefix(text, test.want) && !strings.Contains(text, test.want) {
				t.Errorf("got:\n%s\nwant:\n%s", text, test.want)
			}
			if errors.Is(err, idp.ErrCut) != test.cut {
				t.Errorf("errors.Is(err, ErrCut) = %v, want %v: %v", !test.cut, test.cut, err)
			}
			if _, ok := errors.AsType[*idp.Problem](err); !ok {
				t.Errorf("no *Problem in %v", err)
			}
		})
	}
}

func dirOf(paths []string) string {
	if paths == nil {
		return "\x00"
	}
	return filepath.Dir(paths[0]) + "/"
}

func TestProblemsAreBounded(t *testing.T) {
	t.Parallel()
	text := "key,active\n" + strings.Repeat("k,maybe\n", 5000) + "#end,5000\n"
	_, err := read(roster(t, idp.Files{Users: write(t, "u.csv", text)}).Users)
	if got := strings.Count(err.Error(), "\n") + 1; got != 100 {
		t.Errorf("%d problems are reported, want 100", got)
	}
}

func TestRosterNamesEveryFile(t *testing.T) {
	t.Parallel()
	_, err := idp.Files{Users: []string{t.TempDir(), "no-such-file"}, Groups: []string{"none.csv"}, EntraExternalID: "sid"}.Roster()
	for _, want := range []string{": is a directory", "no-such-file: no such file or directory", "none.csv: no such", `EntraExternalID is "sid"`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q isn't in: %v", want, err)
		}
	}
	if _, err := (idp.Files{}).Roster(); err == nil {
		t.Error("a roster without users is accepted")
	}
}

func TestEach(t *testing.T) {
	t.Parallel()
	stop := errors.New("stop")
	tests := []struct {
		name string
		list iter.Seq2[int, error]
		f    func(int) error
		want error
		text string
	}{
		{name: "complete", list: idp.Of(1, 2)},
		{name: "empty", list: idp.Of[int]()},
		{name: "cut", list: func(yield func(int, error) bool) { yield(1, nil) }, want: idp.ErrCut, text: "it ends after 1 rows without an end mark"},
		{name: "nothing at all", list: func(func(int, error) bool) {}, want: idp.ErrCut},
		{name: "wrong mark", list: func(yield func(int, error) bool) { _ = yield(1, nil) && yield(0, idp.End(2)) }, want: idp.ErrCut, text: "it has 1 rows, and its end mark says 2"},
		{name: "the caller's error", list: idp.Of(1), f: func(int) error { return stop }, want: stop},
		{name: "a problem", list: func(yield func(int, error) bool) {
			_ = yield(1, nil) && yield(0, &idp.Problem{File: "f", Line: 2, Text: "bad"}) && yield(1, nil) && yield(0, idp.End(3))
		}, text: "f:2: bad"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			f := test.f
			if f == nil {
				f = func(int) error { return nil }
			}
			err := idp.Each(test.list, f)
			if (err != nil) != (test.want != nil || test.text != "") || test.want != nil && !errors.Is(err, test.want) || err != nil && !strings.Contains(err.Error(), test.text) {
				t.Errorf("Each = %v, want %v %q", err, test.want, test.text)
			}
		})
	}
}

func TestStopEarly(t *testing.T) {
	t.Parallel()
	r := roster(t, idp.Files{Users: write(t, "u.csv", "key\nk1\nk2\nk3\n#end,3\n"), Memberships: write(t, "m.json", `{"totalResults":1,"Resources":[{"id":"g","members":[{"value":"a"},{"value":"b"}]}]}`)})
	n := 0
	for range r.Users {
		if n++; n == 2 {
			break
		}
	}
	for range r.Memberships {
		break
	}
	if n != 2 {
		t.Errorf("%d rows were read, want 2", n)
	}
}

// Whatever a file holds, a list ends, and in an error or in an End.
func FuzzFiles(f *testing.F) {
	for _, text := range []string{
		"key,userName\nk1,a\n#end,1\n", `{"key":"a"}` + "\n" + `{"end":1}`, `{"totalResults":1,"Resources":[{"id":"1"}]}`,
		`{"value":[{"id":"1","members":[{"id":"2"}]}],"@odata.nextLink":""}`, `[{"id":"1","status":"","profile":{}}]`, "\xFF\xFEk\x00", "\xFE\xFF\xD8\x00",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, name := range []string{"f.csv", "f.jsonl", "f.json"} {
			paths := write(t, name, text)
			r := roster(t, idp.Files{Users: paths, Groups: paths, Memberships: paths, Leavers: paths})
			check(t, r.Users)
			check(t, r.Groups)
			check(t, r.Memberships)
			check(t, r.Leavers)
		}
	})
}

func check[T any](t *testing.T, list iter.Seq2[T, error]) {
	t.Helper()
	if err := idp.Each(list, func(T) error { return nil }); err != nil {
		if _, ok := errors.AsType[*idp.Problem](err); !ok {
			t.Errorf("%T: %v", err, err)
		}
	}
}

func ExampleFiles() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "users.csv")
	if err := os.WriteFile(path, []byte("key,userName,active\n1,bjensen@example.com,true\n2,jsmith@example.com,false\n#end,2\n"), 0o600); err != nil {
		fmt.Println(err)
		return
	}
	roster, err := idp.Files{Users: []string{path}}.Roster()
	if err != nil {
		fmt.Println(err)
		return
	}
	err = idp.Each(roster.Users, func(u idp.User) error {
		fmt.Println(u.UserName, u.Inactive)
		return nil
	})
	fmt.Println(err)
	// Output:
	// bjensen@example.com false
	// jsmith@example.com true
	// <nil>
}

func TestEntraUserName(t *testing.T) {
	t.Parallel()
	for upn, want := range map[string]string{
		"ada@example.com": "ada@example.com",
		"ada_home.example#EXT#@example.onmicrosoft.com": "ada@home.example",
		"ada_b_home.example#EXT#@example.com":           "ada_b@home.example",
		"ada_b@example.com":                             "ada_b@example.com",
		"ada#EXT#@example.com":                          "ada",
		"":                                              "",
	} {
		if got := idp.EntraUserName(upn); got != want {
			t.Errorf("EntraUserName(%q) = %q, want %q", upn, got, want)
		}
	}
}
