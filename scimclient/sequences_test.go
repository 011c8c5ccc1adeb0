package scimclient_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/iamscim/iamscim/scimclient"
	"github.com/iamscim/iamscim/scimtest"
)

// wire returns the requests the fake got: method, path without ids, query.
func wire(s *scimtest.Server, ids ...string) []string {
	var list []string
	for _, r := range s.Requests() {
		path := strings.TrimPrefix(r.Path, "/v1alpha1/tenants/"+testUID)
		if q := r.Query; len(q) > 0 {
			var parts []string
			for _, name := range []string{"filter", "attributes", "excludedAttributes", "startIndex", "count"} {
				if q.Has(name) {
					parts = append(parts, name+"="+q.Get(name))
				}
			}
			path += "?" + strings.Join(parts, "&")
		}
		line := fmt.Sprintf("%s %s", r.Method, path)
		if len(r.Body) > 0 && r.Method == "PATCH" {
			var body struct{ Operations json.RawMessage }
			if err := json.Unmarshal(r.Body, &body); err != nil {
				line += " " + err.Error()
			}
			line += " " + string(body.Operations)
		}
		for i, id := range ids {
			line = strings.ReplaceAll(line, id, string(rune('A'+i)))
		}
		list = append(list, fmt.Sprintf("%s %d", line, r.Status))
	}
	s.ClearRequests()
	return list
}

// TestEntraSequence: what Microsoft documents that Entra ID sends with
// aadOptscim062020, sent through this client, from
// use-scim-to-provision-users-and-groups and
// application-provisioning-config-problem-scim-compatibility.
func TestEntraSequence(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	s := scimtest.Start(t, scimtest.WithSyncerGranted())
	c := clientFor(t, seed(t, s)+"?aadOptscim062020", scimclient.WithHTTPClient(s.HTTPClient()))

	// Test Connection: a random value must be answered by an empty list.
	if _, err := c.Users.Find(ctx, "1b6ea1a4-4fa6-4a4f-a2ff-8e2bf6b2d2e6"); !errors.Is(err, scimclient.ErrNotFound) {
		t.Errorf("Test Connection = %v, want ErrNotFound", err)
	}
	// A user: match, create, read, update, disable, delete.
	if _, err := c.Users.Find(ctx, "a@x.com"); !errors.Is(err, scimclient.ErrNotFound) {
		t.Errorf("match = %v, want ErrNotFound", err)
	}
	u, err := c.Users.Create(ctx, &scimclient.User{
		Schemas:    []string{scimclient.SchemaUser, scimclient.SchemaEnterpriseUser},
		ExternalID: "OBJECT-ID", UserName: "a@x.com", Active: new(true),
		Emails: []scimclient.MultiValue{{Primary: true, Type: "work", Value: "a@x.com"}},
		Name:   &scimclient.Name{Formatted: "G F", FamilyName: "F", GivenName: "G"},
	})
	must(t, err)
	got, err := c.Users.Get(ctx, u.ID)
	must(t, err)
	must(t, c.Users.Patch(ctx, u.ID, new(scimclient.Patch).Add("nickName", "B"), scimclient.ReadBack()))
	must(t, c.Users.Patch(ctx, u.ID, new(scimclient.Patch).
		Replace(scimclient.Path("emails").Where(scimclient.Eq("type", "work")).Sub("value"), "n@x.com").
		Replace("", map[string]any{"displayName": "D", "name.givenName": "G2", "name.familyName": "F2", scimclient.SchemaEnterpriseUser + ":employeeNumber": "7"})))
	must(t, c.Users.Patch(ctx, u.ID, new(scimclient.Patch).Replace("active", false)))
	after, err := c.Users.Get(ctx, u.ID)
	must(t, err)
	if after.NickName != "B" || after.DisplayName != "D" || after.Name.GivenName != "G2" || after.Name.FamilyName != "F2" || after.Enterprise == nil ||
		after.Enterprise.EmployeeNumber != "7" || after.Emails[0].Value != "n@x.com" || *after.Active || got.ExternalID != "OBJECT-ID" {
		t.Errorf("the user after the sequence: %+v", after)
	}
	want := []string{
		`GET /Users?filter=userName eq "1b6ea1a4-4fa6-4a4f-a2ff-8e2bf6b2d2e6" 200`,
		`GET /Users?count=1 200`, // nobody is there, so that "no" is true
		`GET /Users?filter=userName eq "a@x.com" 200`,
		`GET /Users?count=1 200`,
		`POST /Users 201`,
		`GET /Users/A 200`,
		`PATCH /Users/A [{"op":"add","path":"nickName","value":"B"}] 200`,
		`GET /Users/A 200`,
		`PATCH /Users/A [{"op":"replace","path":"emails[type eq \"work\"].value","value":"n@x.com"},` +
			`{"op":"replace","value":{"displayName":"D","name.familyName":"F2","name.givenName":"G2","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber":"7"}}] 200`,
		`PATCH /Users/A [{"op":"replace","path":"active","value":false}] 200`,
		`GET /Users/A 200`,
	}
	if diff := cmp.Diff(want, wire(s, u.ID)); diff != "" {
		t.Errorf("users on the wire (-want +got):\n%s", diff)
	}

	// A group: match, create, read, members, check.
	noMembers := scimclient.ExcludedAttributes("members")
	if _, err := c.Groups.Find(ctx, "eng", noMembers); !errors.Is(err, scimclient.ErrNotFound) {
		t.Errorf("group match = %v, want ErrNotFound", err)
	}
	g, err := c.Groups.Create(ctx, &scimclient.Group{
		Schemas:    []string{scimclient.SchemaGroup, "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"},
		ExternalID: "GROUP-OBJECT-ID", DisplayName: "eng",
	})
	must(t, err)
	_, err = c.Groups.Get(ctx, g.ID, noMembers)
	must(t, err)
	must(t, c.Groups.AddMembers(ctx, g.ID, []string{u.ID}))
	is, err := c.Groups.IsMember(ctx, g.ID, u.ID)
	if !is || err != nil {
		t.Errorf("IsMember = %t, %v, want true", is, err)
	}
	must(t, c.Groups.RemoveMembers(ctx, g.ID, []string{u.ID}))
	must(t, c.Users.Delete(ctx, u.ID))
	if _, err := c.Users.Get(ctx, u.ID); !errors.Is(err, scimclient.ErrNotFound) {
		t.Errorf("Get after Delete = %v, want ErrNotFound", err)
	}
	want = []string{
		`GET /Groups?filter=displayName eq "eng"&excludedAttributes=members 200`,
		`GET /Groups?count=1 200`,
		`POST /Groups 201`,
		`GET /Groups/B?excludedAttributes=members 200`,
		`PATCH /Groups/B [{"op":"add","path":"members","value":[{"value":"A"}]}] 200`,
		`GET /Groups?filter=id eq "B" and members eq "A" 200`,
		`PATCH /Groups/B [{"op":"remove","path":"members[value eq \"A\"]"}] 200`,
		`DELETE /Users/A 204`,
		`GET /Users/A 404`,
	}
	if diff := cmp.Diff(want, wire(s, u.ID, g.ID)); diff != "" {
		t.Errorf("groups on the wire (-want +got):\n%s", diff)
	}
}

// TestOktaSequence: what Okta documents (SCIM 2.0 reference, provisioning
// concepts), sent through this client.
func TestOktaSequence(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	s, c := start(t)
	// Exists? An empty list is an answer.
	exists := func(name string) int {
		n, err := countRows(c.Users.List(ctx, scimclient.Eq("userName", name)))
		must(t, err)
		return n
	}
	if n := exists("t@x.com"); n != 0 {
		t.Errorf("%d users before Create, want none", n)
	}
	u, err := c.Users.Create(ctx, &scimclient.User{
		UserName: "t@x.com", Name: &scimclient.Name{GivenName: "T", FamilyName: "U"}, DisplayName: "T U", Locale: "en-US", ExternalID: "00u1", Active: new(true),
		Emails: []scimclient.MultiValue{{Primary: true, Value: "t@x.com", Type: "work"}},
	})
	must(t, err)
	if n := exists("T@X.COM"); n != 1 {
		t.Errorf("%d users by an upper-cased name, want 1", n)
	}
	// Update: get, then PUT the whole.
	full, err := c.Users.Get(ctx, u.ID)
	must(t, err)
	full.Locale = "de-DE"
	replaced, err := c.Users.Replace(ctx, full, scimclient.ReadBack())
	if err != nil || replaced.Locale != "de-DE" || replaced.Name.GivenName != "T" {
		t.Errorf("Replace = %+v, %v, want the new locale and the old rest", replaced, err)
	}
	// Deactivate, as the integration network does.
	must(t, c.Users.Patch(ctx, u.ID, new(scimclient.Patch).Replace("", map[string]any{"active": false}), scimclient.ReadBack()))
	if _, err := c.Users.Create(ctx, &scimclient.User{UserName: "T@x.com", ExternalID: "00u2", Emails: full.Emails}); !errors.Is(err, scimclient.ErrConflict) {
		t.Errorf("Create of a name that is taken = %v, want ErrConflict", err)
	}

	// Push a group, rename it, exchange a member, push all, unlink.
	g, err := c.Groups.Create(ctx, &scimclient.Group{DisplayName: "eng"})
	must(t, err)
	u2 := mustCreate(t, c, "u2@x.com")
	s.ClearRequests()
	must(t, c.Groups.Patch(ctx, g.ID, new(scimclient.Patch).Replace("members", []scimclient.Member{{Value: u.ID, Display: "t@x.com"}})))
	must(t, c.Groups.Patch(ctx, g.ID, new(scimclient.Patch).
		Remove(scimclient.Path("members").Where(scimclient.Eq("value", u.ID))).
		Add("members", []scimclient.Member{{Value: u2.ID, Display: "u2@x.com"}}), scimclient.ReadBack()))
	for id, want := range map[string]bool{u.ID: false, u2.ID: true} {
		if is, err := c.Groups.IsMember(ctx, g.ID, id); is != want || err != nil {
			t.Errorf("IsMember = %t, %v, want %t", is, err, want)
		}
	}
	must(t, c.Groups.Delete(ctx, g.ID))
	want := []string{
		`PATCH /Groups/C [{"op":"replace","path":"members","value":[{"display":"t@x.com","value":"A"}]}] 200`,
		`PATCH /Groups/C [{"op":"remove","path":"members[value eq \"A\"]"},` +
			`{"op":"add","path":"members","value":[{"display":"u2@x.com","value":"B"}]}] 200`,
		`GET /Groups?filter=id eq "C" and members eq "B" 200`,
		`GET /Groups?filter=id eq "C" and members eq "A" 200`,
	}
	got := wire(s, u.ID, u2.ID, g.ID)
	if diff := cmp.Diff(want, got[:4]); diff != "" || got[len(got)-1] != "DELETE /Groups/C 204" {
		t.Errorf("groups on the wire (-want +got):\n%s", diff)
	}
}

// TestOktaRename: the group's id among the values, which is not google.group
// here.
func TestOktaRename(t *testing.T) {
	t.Parallel()
	s := scimtest.Start(t, scimtest.WithSyncerGranted())
	c := clientFor(t, seed(t, s), scimclient.WithHTTPClient(s.HTTPClient()))
	g := mustCreateGroup(t, c, "eng")
	err := c.Groups.Patch(t.Context(), g.ID, new(scimclient.Patch).Replace("", map[string]any{"id": g.ID, "displayName": "eng"}), scimclient.ReadBack())
	if err != nil {
		t.Errorf("rename with the id in the value = %v", err)
	}
	// The tenant of these tests maps google.group from displayName.
	err = c.Groups.Patch(t.Context(), g.ID, new(scimclient.Patch).Replace("", map[string]any{"id": g.ID, "displayName": "new"}))
	var e *scimclient.Error
	if !errors.As(err, &e) || e.SCIMType != "mutability" {
		t.Errorf("rename of what is google.group = %v, want scimType mutability", err)
	}
}
