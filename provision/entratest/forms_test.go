package entratest_test

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/iamscim/iamscim/provision/entratest"
)

// TestRequestForms runs a directory through its life, with aadOptscim062020 and without, and compares
// every request with testdata/forms.txt, which was written by hand after
// https://learn.microsoft.com/entra/identity/app-provisioning/use-scim-to-provision-users-and-groups and
// .../application-provisioning-config-problem-scim-compatibility.
func TestRequestForms(t *testing.T) {
	t.Parallel()
	for flag, query := range map[string]string{"on": "?aadOptscim062020", "off": ""} {
		t.Run(flag, func(t *testing.T) {
			t.Parallel()
			want := forms(t, flag)
			g, scim := start(t, entratest.WithMembersPerPatch(2)), serveSCIM(t)
			a := g.app()
			g.mapTo(a, "externalId", "mailNickname", "objectId")
			check := func(scene string) {
				t.Helper()
				if err := g.Advance(t.Context(), 40*time.Minute); err != nil {
					t.Fatal(err)
				}
				compare(t, scene, want[scene], scim.seen())
			}
			user := func(n int, u entratest.User) string {
				u.ID = fmt.Sprintf("00000000-0000-0000-0000-00000000000%d", n)
				return must(g.AddUser(u))(t)
			}
			do := func(err error) {
				t.Helper()
				if err != nil {
					t.Fatal(err)
				}
			}
			boss := user(1, entratest.User{UserPrincipalName: "boss@x.com", Mail: "boss@x.com", Surname: "Boss"})
			ada := user(2, entratest.User{UserPrincipalName: "ada@x.com", Mail: "ada@x.com", DisplayName: "Ada King", GivenName: "Ada", Surname: "King", EmployeeID: "6", Manager: boss})
			bob := user(3, entratest.User{UserPrincipalName: "bob_home.com#EXT#@x.com", Mail: "bob@home.com", UserType: "Guest"})
			nested := user(4, entratest.User{UserPrincipalName: "nested@x.com"})
			user(5, entratest.User{UserPrincipalName: "stranger@x.com"})
			off := user(6, entratest.User{UserPrincipalName: "off@x.com", Disabled: true})
			eng := must(g.AddGroup(entratest.Group{ID: "00000000-0000-0000-0000-0000000000a1", DisplayName: `the "eng"`}))(t)
			inner := must(g.AddGroup(entratest.Group{ID: "00000000-0000-0000-0000-0000000000a2", DisplayName: "inner"}))(t)
			mail := must(g.AddGroup(entratest.Group{ID: "00000000-0000-0000-0000-0000000000a3", DisplayName: "mail", NotSecurityEnabled: true}))(t)
			for group, members := range map[string][]string{eng: {ada, bob, boss, inner}, inner: {nested}} {
				for _, m := range members {
					do(g.AddMember(group, m))
				}
			}
			for _, x := range []string{eng, off, mail} {
				do(g.Assign(a.sp, x))
			}

			g.must(204, "POST", a.path("/validateCredentials"), fmt.Sprintf(`{"credentials":[{"key":"BaseAddress","value":%q},{"key":"SecretToken","value":%q}]}`, scim.URL+query, scimToken))
			compare(t, "test connection", want["test connection"], scim.seen())
			g.configure(a, scim.URL+query, scimToken, nil)
			check("first cycle")
			check("nothing changed")

			u := must(g.User(ada))(t)
			u.DisplayName = "Ada Lovelace"
			do(g.UpdateUser(u))
			check("one attribute")
			u.JobTitle = "Countess"
			do(g.UpdateUser(u))
			check("an attribute more")
			u.Mail, u.DisplayName, u.GivenName, u.Surname, u.EmployeeID, u.JobTitle = "new@x.com", "D", "G", "F", "7", "T"
			do(g.UpdateUser(u))
			check("many attributes")
			u.EmployeeID = ""
			do(g.UpdateUser(u))
			check("an attribute less")
			u.Manager = ""
			do(g.UpdateUser(u))
			check("no manager")

			do(g.RenameGroup(eng, "ops"))
			check("renamed group")
			do(g.RemoveMember(eng, boss))
			check("left the group") // and with it the scope
			do(g.SetEnabled(bob, false))
			check("disabled")
			do(g.SetEnabled(bob, true))
			check("enabled again")
			do(g.DeleteUser(bob))
			check("soft-deleted")
			if err := g.Advance(t.Context(), 29*24*time.Hour); err != nil {
				t.Fatal(err)
			}
			compare(t, "29 days", nil, scim.seen())
			if err := g.Advance(t.Context(), 24*time.Hour); err != nil {
				t.Fatal(err)
			}
			compare(t, "hard-deleted", want["hard-deleted"], scim.seen())
			do(g.Unassign(a.sp, eng))
			check("unassigned group")
		})
	}
}

// forms reads the requests of each scene: "# scene", then METHOD PATH, then JSON. A scene or a request
// is for both forms, or begins with on: or off:.
func forms(t *testing.T, flag string) map[string][]string {
	t.Helper()
	scenes := map[string][]string{}
	scene := ""
	for line := range strings.Lines(string(must(os.ReadFile("testdata/forms.txt"))(t))) {
		line = strings.TrimSpace(line)
		if name, heading := strings.CutPrefix(line, "# "); heading {
			scene = name
			scenes[scene] = nil
			continue
		}
		if form, rest, marked := strings.Cut(line, ": "); marked && (form == "on" || form == "off") {
			if form != flag {
				continue
			}
			line = rest
		}
		if line != "" && !strings.HasPrefix(line, "//") {
			scenes[scene] = append(scenes[scene], line)
		}
	}
	return scenes
}

// compare compares requests; bodies are compared as JSON.
func compare(t *testing.T, scene string, want, got []string) {
	t.Helper()
	if diff := cmp.Diff(parsed(t, want), parsed(t, got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", scene, diff)
	}
}

func parsed(t *testing.T, requests []string) []any {
	t.Helper()
	var list []any
	for _, r := range requests {
		i := strings.Index(r, " {")
		if i < 0 {
			list = append(list, r)
			continue
		}
		var body any
		if err := json.Unmarshal([]byte(r[i:]), &body); err != nil {
			t.Fatalf("%s: %v", r, err)
		}
		list = append(list, r[:i], body)
	}
	return list
}
