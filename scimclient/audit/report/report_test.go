package report_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"html"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/iamscim/iamscim/provision/idp"
	"github.com/iamscim/iamscim/scimclient/audit"
	"github.com/iamscim/iamscim/scimclient/audit/report"
)

var update = flag.Bool("update", false, "rewrite the files under testdata")

// hostile are names that somebody put into a directory.
var hostile = []string{
	"<script>alert(1)</script>", `"><img src=x onerror=alert(1)>`, "</style><script>alert(1)</script>", "javascript:alert(1)", "{{.Policy}}", "' onmouseover='alert(1)",
	"=HYPERLINK(\"https://example.com\")", "+1+cmd|' /C calc'!A0", "-2+3", "@SUM(1)", "\t=1+1", "\r=1+1", "'=1+1", "''-1", "'plain",
	"\x1b[2J\x1b[31mred", "a\u202eexe.gpj", "zero\u200bwidth", "bell\a", "two\nlines", "a,b;\"c\"", "Ä 🚀 日本", "\u2028separator",
}

// messages is a stream with every kind of finding, and hostile names.
func messages() []audit.Message {
	begin := time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC)
	result := &audit.Result{
		TenantUID: "0a1b2c", ClaimMapping: "google.subject=user.externalId", Started: begin, Ended: begin.Add(7*time.Minute + 3*time.Second),
		Roster: audit.Counts{Users: 5000, Groups: 120, Memberships: 12000, Leavers: 40}, Checked: audit.Counts{Users: 5000, Groups: 120, Memberships: 11900, Leavers: 40},
		MemberFilter: true, Findings: map[audit.Code]int{}, Changed: 3, Requests: audit.Cost{Access: 1, Controls: 5, Groups: 120, Users: 5000, Memberships: 4990, Leavers: 40, Rechecks: 60},
	}
	list := []audit.Message{
		{Config: &audit.Config{Version: audit.Version, TenantUID: "0a1b2c", ClaimMapping: "google.subject=user.externalId", Roster: result.Roster, PerMinute: 1500, Settle: "2m0s", Started: begin}},
		{Progress: &audit.Progress{Checked: 10, Total: 100}},
	}
	for i, code := range audit.Codes() {
		f := audit.Finding{Code: code, Severity: code.Severity(), User: fmt.Sprintf("u%d", i), UserID: "id-1", Attribute: "displayName", Expected: hostile[i%len(hostile)], Found: hostile[(i+7)%len(hostile)], Remedy: code.Remedy()}
		if i%3 == 0 {
			f.Group, f.GroupID = "g1", "id-2"
		}
		list = append(list, audit.Message{Finding: &f})
		result.Findings[code]++
		if f.Severity == audit.Error {
			result.Errors++
		}
	}
	return append(list, audit.Message{Result: result})
}

func play(t testing.TB, h report.Handler, list []audit.Message) {
	t.Helper()
	for _, m := range list {
		if err := h(m); err != nil {
			t.Fatal(err)
		}
	}
}

func TestText(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	play(t, report.Text(&b), messages())
	golden(t, "report.txt", b.Bytes())
	for _, bad := range []string{"\x1b", "\u202e", "\u200b", "\a", "\r"} {
		if strings.Contains(b.String(), bad) {
			t.Errorf("the text has %q", bad)
		}
	}
}

func TestFailureText(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	play(t, report.Text(&b), []audit.Message{messages()[0], {Failure: &audit.Failure{Error: "token rejected", Checkpoint: "/tmp/x"}}})
	if !strings.HasSuffix(b.String(), "\nThe audit ended early: token rejected\nResume it from /tmp/x.\n") {
		t.Errorf("text: %s", &b)
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

// The page shows hostile names as text, allows its own script and style alone,
// and loads nothing.
func TestHTML(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	list := messages()
	for _, name := range hostile {
		list = append(list[:len(list)-1:len(list)-1], audit.Message{Finding: &audit.Finding{Code: audit.UserMissing, User: name, Group: name, GroupID: name, UserID: name, Attribute: name, Expected: name, Found: name, Detail: name}}, list[len(list)-1])
	}
	list[0].Config.TenantUID, list[0].Config.ClaimMapping = hostile[0], hostile[2]
	play(t, report.HTML(&b), list)
	page := b.String()
	policy := regexp.MustCompile(`http-equiv="Content-Security-Policy" content="([^"]*)"`).FindStringSubmatch(page)
	if policy == nil {
		t.Fatal("there is no content security policy")
	}
	csp := html.UnescapeString(policy[1])
	for _, element := range []string{"style", "script"} {
		found := regexp.MustCompile(`(?s)<`+element+`>(.*?)</`+element+`>`).FindAllStringSubmatch(page, -1)
		if len(found) != 1 {
			t.Fatalf("%d elements %s, want 1", len(found), element)
		}
		sum := sha256.Sum256([]byte(found[0][1]))
		if want := fmt.Sprintf("%s-src 'sha256-%s'", element, base64.StdEncoding.EncodeToString(sum[:])); !strings.Contains(csp, want) {
			t.Errorf("the policy %s doesn't have %s", csp, want)
		}
	}
	if !strings.HasPrefix(csp, "default-src 'none'; ") || strings.Contains(csp, "unsafe") {
		t.Errorf("policy: %s", csp)
	}
	body := regexp.MustCompile(`(?s)<(style|script)>.*?</(style|script)>`).ReplaceAllString(page, "")
	for _, tag := range regexp.MustCompile(`<[^!/][^>]*>`).FindAllString(body, -1) {
		name := regexp.MustCompile(`^<[a-z0-9]+`).FindString(tag)
		switch name {
		case "<html", "<head", "<meta", "<title", "<body", "<header", "<main", "<h1", "<h2", "<p", "<code", "<div", "<section", "<ul", "<li", "<details", "<summary",
			"<span", "<form", "<label", "<input", "<select", "<option", "<output", "<table", "<thead", "<tbody", "<tr", "<th", "<td", "<br":
		default:
			t.Errorf("an element that isn't the page's: %s", tag)
		}
		if regexp.MustCompile(` (on[a-z]+|src|href|style|action)=`).MatchString(tag) {
			t.Errorf("an attribute that can run or load something: %s", tag)
		}
	}
	for _, bad := range []string{"http://", "https://fonts", "<script src", "\x1b", "\u202e", "\a"} {
		if strings.Contains(body, bad) {
			t.Errorf("the page has %q", bad)
		}
	}
	shown := regexp.MustCompile(`data-code="([^"]*)"`).FindAllStringSubmatch(page, -1)
	if len(shown) != len(audit.Codes())+len(hostile) || shown[0][1] != string(audit.LeaverPresent) || shown[len(shown)-1][1] != string(audit.GroupsUnlisted) {
		t.Errorf("%d findings are shown, the first is %s", len(shown), shown[0][1])
	}
	if !strings.Contains(page, "&lt;script&gt;alert(1)&lt;/script&gt;") {
		t.Error("the hostile name isn't shown")
	}
}

func TestHTMLBound(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	h := report.HTML(&b)
	f := audit.Finding{Code: audit.UserMissing, User: "u"}
	for range 5010 {
		if err := h(audit.Message{Finding: &f}); err != nil {
			t.Fatal(err)
		}
	}
	play(t, h, []audit.Message{{Failure: &audit.Failure{Error: "<b>"}}})
	if n := strings.Count(b.String(), "<tr class"); n != 5000 || !strings.Contains(b.String(), "10 more findings aren") || !strings.Contains(b.String(), "&lt;b&gt;") {
		t.Errorf("%d rows", n)
	}
}

// What was written is read again, also without progress.
func TestNDJSON(t *testing.T) {
	t.Parallel()
	var all, short bytes.Buffer
	want := messages()
	play(t, report.NDJSON(&all), want)
	for line := range strings.Lines(all.String()) {
		if !strings.Contains(line, `"progress"`) {
			short.WriteString(line)
		}
	}
	got, err := read(&all)
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	got, err = read(&short)
	if diff := cmp.Diff(append(want[:1:1], want[2:]...), got); err != nil || diff != "" {
		t.Errorf("without progress: %v (-want +got):\n%s", err, diff)
	}
}

func read(r io.Reader) ([]audit.Message, error) {
	var list []audit.Message
	for m, err := range report.Read(r) {
		if err != nil {
			return list, err
		}
		list = append(list, m)
	}
	return list, nil
}

func TestReadRefuses(t *testing.T) {
	t.Parallel()
	config, err := json.Marshal(messages()[0])
	if err != nil {
		t.Fatal(err)
	}
	first := string(config) + "\n"
	result := `{"result":{}}` + "\n"
	tests := map[string]string{
		"":                                    "line 1: the result is missing",
		first:                                 "line 2: the result is missing",
		result:                                "line 1: the configuration is the first message",
		first + first:                         "line 2: the configuration is the first message",
		first + result + result:               "line 3: something follows the end",
		first + "{}\n":                        "line 2: a message has one field",
		first + `{"result":{},"progress":{}}`: "line 2: a message has one field",
		first + `{"resul`:                     "line 2: it isn't a message",
		first + `{"other":1}`:                 "line 2: it isn't a message",
		`{"config":{"version":"iamscim-audit/v2"}}`: "line 1: the version isn't iamscim-audit/v1",
		first + strings.Repeat(" ", 17<<20):         "line 2: bufio.Scanner: token too long",
	}
	for text, want := range tests {
		if _, err := read(strings.NewReader(text)); !errors.Is(err, report.ErrStream) || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60q: %v, want %s", text, err, want)
		}
	}
}

// The CSV files are a roster of what failed, whatever the names are.
func TestCSVIsARoster(t *testing.T) {
	t.Parallel()
	var users []idp.User
	var groups []idp.Group
	var members []idp.Membership
	var leavers []idp.Leaver
	dir := t.TempDir()
	for i, name := range hostile {
		name = strings.ReplaceAll(name, "\r", " ") // CSV doesn't keep a carriage return before a line feed
		users = append(users, idp.User{Key: name + " key", UserName: name, ExternalID: "x", DisplayName: name, Emails: []string{name}, Inactive: i%2 == 0, ID: name, Attributes: map[string]string{"title": name}})
		groups = append(groups, idp.Group{Key: name + " group", DisplayName: name, ExternalID: name, ID: name})
		members = append(members, idp.Membership{Group: name + " group", User: name + " key"})
		leavers = append(leavers, idp.Leaver{User: idp.User{Key: "l" + name, UserName: name}, Gone: i%2 == 0})
	}
	users = append(users, idp.User{Key: "fine"})
	groups = append(groups, idp.Group{Key: "fine", DisplayName: "fine"}, idp.Group{Key: "bad", DisplayName: "bad"})
	h := report.CSV(dir, idp.Roster{Users: idp.Of(users...), Groups: idp.Of(groups...), Memberships: idp.Of(append(members, idp.Membership{Group: "fine", User: "fine"})...), Leavers: idp.Of(append(leavers, idp.Leaver{User: idp.User{Key: "fine"}})...)})
	for i := range members {
		play(t, h, []audit.Message{{Finding: &audit.Finding{Code: audit.UserDiffers, User: users[i].Key, Attribute: "title"}}, {Finding: &audit.Finding{Code: audit.LeaverPresent, User: leavers[i].Key}}})
	}
	play(t, h, []audit.Message{{Finding: &audit.Finding{Code: audit.GroupMissing, Group: "bad"}}, {Result: &audit.Result{}}})
	file := func(name string) []string {
		path := filepath.Join(dir, "failed-"+name+".csv")
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Fatalf("%s: %v, %v", name, info, err)
		}
		return []string{path}
	}
	r, err := idp.Files{Users: file("users"), Groups: file("groups"), Memberships: file("memberships"), Leavers: file("leavers")}.Roster()
	if err != nil {
		t.Fatal(err)
	}
	compare(t, "users", users[:len(members)], r.Users)
	compare(t, "groups", append(groups[:len(members):len(members)], groups[len(groups)-1]), r.Groups)
	compare(t, "memberships", members, r.Memberships)
	compare(t, "leavers", leavers, r.Leavers)
	text, err := os.ReadFile(filepath.Join(dir, "failed-users.csv"))
	if err != nil {
		t.Fatal(err)
	}
	if cell := regexp.MustCompile(`(?m)(^|,)"?[=+\-@\t]`).FindString(string(text)); cell != "" {
		t.Errorf("a spreadsheet would run a cell that begins with %q", cell)
	}
	if !strings.Contains(string(text), "user-differs title") {
		t.Error("the findings aren't in the file")
	}
}

// The files can replace those that the roster is read from, and nothing else in
// the folder is touched.
func TestCSVReplacesItsSource(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	source := filepath.Join(dir, "failed-users.csv")
	if err := os.WriteFile(source, []byte("key,userName\na,a\nb,b\n#end,2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(dir, "users.csv")
	if err := os.WriteFile(other, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := idp.Files{Users: []string{source}}.Roster()
	if err != nil {
		t.Fatal(err)
	}
	r.Groups = idp.Of(idp.Group{Key: "g", DisplayName: "g"}, idp.Group{Key: "h", DisplayName: "h"})
	play(t, report.CSV(dir, r), []audit.Message{{Finding: &audit.Finding{Code: audit.MembershipUnexpected, User: "b", UserID: "id", Group: "g"}}, {Failure: &audit.Failure{}}})
	compare(t, "users", []idp.User{{Key: "b", UserName: "b", ID: "id"}}, r.Users)
	if text, err := os.ReadFile(other); err != nil || string(text) != "mine" {
		t.Errorf("another file was changed: %s, %v", text, err)
	}
	names, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(names) != 3 {
		t.Errorf("files: %v, %v", names, err)
	}
	written, err := idp.Files{Users: []string{source}, Groups: []string{filepath.Join(dir, "failed-groups.csv")}}.Roster()
	if err != nil {
		t.Fatal(err)
	}
	compare(t, "groups", []idp.Group{{Key: "g", DisplayName: "g"}}, written.Groups) // of the finding
}

func compare[T any](t *testing.T, name string, want []T, list func(func(T, error) bool)) {
	t.Helper()
	var got []T
	if err := idp.Each(list, func(v T) error { got = append(got, v); return nil }); err != nil {
		t.Fatal(name, err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

func TestHandlersFail(t *testing.T) {
	t.Parallel()
	for name, h := range map[string]report.Handler{
		"text": report.Text(failing{}), "NDJSON": report.NDJSON(failing{}), "HTML": report.HTML(failing{}),
		"CSV": report.CSV(filepath.Join(t.TempDir(), "none"), idp.Roster{Users: idp.Of[idp.User]()}),
		"Tee": report.Tee(report.NDJSON(io.Discard), report.Text(failing{})),
	} {
		var err error
		for _, m := range messages() {
			err = errors.Join(err, h(m))
		}
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestCreate(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "r")
	if err := os.WriteFile(path, []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	f, err := report.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	content := func() string {
		t.Helper()
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 || content() != "old" {
		t.Errorf("%v, %v: want mode 0600 and the old report", info, err)
	}
	for _, text := range []string{"n", "ew"} {
		if _, err := f.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Close(); err != nil || content() != "new" {
		t.Errorf("%v: %q, want new", err, content())
	}
	if _, err := report.Create(t.TempDir()); err == nil {
		t.Error("a folder is accepted")
	}
}

func ExampleText() {
	h := report.Text(os.Stdout)
	for _, m := range []audit.Message{
		{Config: &audit.Config{TenantUID: "0a1b2c", ClaimMapping: "google.subject=user.externalId", Roster: audit.Counts{Users: 2}}},
		{Finding: &audit.Finding{Code: audit.UserMissing, Severity: audit.Error, User: "u1", Expected: "bjensen@example.com"}},
		{Failure: &audit.Failure{Error: "context canceled", Checkpoint: "audit.checkpoint"}},
	} {
		if err := h(m); err != nil {
			fmt.Println(err)
		}
	}
	// Output:
	// Tenant 0a1b2c, google.subject=user.externalId
	// Roster: 2 users, 0 groups, 0 memberships, 0 leavers
	//
	// error    user-missing             u1                        expected "bjensen@example.com"
	//
	// The audit ended early: context canceled
	// Resume it from audit.checkpoint.
}
