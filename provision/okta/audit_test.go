package okta_test

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"google.golang.org/api/iam/v1"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/claimmap"
	"github.com/iamscim/iamscim/internal/oktafake"
	"github.com/iamscim/iamscim/provision/idp"
	"github.com/iamscim/iamscim/provision/okta"
	"github.com/iamscim/iamscim/scimclient"
	"github.com/iamscim/iamscim/scimclient/audit"
	"github.com/iamscim/iamscim/scimtest"
)

// tenant is a tenant of the fake that has the users of an organization.
func tenant(t *testing.T, o *oktafake.Okta) *scimclient.Client {
	t.Helper()
	const pool = "locations/global/workforcePools/my-pool"
	srv := scimtest.Start(t, scimtest.WithSyncerGranted())
	err := errors.Join(srv.AddPool(&iam.WorkforcePool{Name: pool, Parent: "organizations/" + scimtest.DefaultOrganization}),
		srv.AddProvider(&iam.WorkforcePoolProvider{Name: pool + "/providers/okta", AttributeMapping: map[string]string{"google.subject": "assertion.sub"}, Oidc: &iam.GoogleIamAdminV1WorkforcePoolProviderOidc{
			IssuerUri: "https://example.okta.com", ClientId: "client",
			WebSsoConfig: &iam.GoogleIamAdminV1WorkforcePoolProviderOidcWebSsoConfig{ResponseType: "ID_TOKEN", AssertionClaimsBehavior: "ONLY_ID_TOKEN_CLAIMS"},
		}}))
	if err != nil {
		t.Fatal(err)
	}
	const name = pool + "/providers/okta/scimTenants/my-tenant"
	got, err := srv.AddTenant(&iam.WorkforcePoolProviderScimTenant{Name: name, ClaimMapping: claimmap.Recommended(claimmap.Okta).Map()})
	if err == nil {
		_, err = srv.AddToken(&iam.WorkforcePoolProviderScimToken{Name: name + "/tokens/my-token", SecurityToken: "fake-scim-token"})
	}
	if err != nil {
		t.Fatal(err)
	}
	c, err := scimclient.New(got.BaseUri, iamscim.NewSecret("fake-scim-token").TokenSource(), scimclient.WithRate(1_000_000))
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]string{}
	for i := range o.People {
		p := &o.People[i]
		if !p.Assigned {
			continue
		}
		u, err := c.Users.Create(t.Context(), &scimclient.User{UserName: p.Login, ExternalID: p.ID, DisplayName: p.Name, Active: new(true), Emails: []scimclient.MultiValue{{Value: p.Email, Type: scimclient.TypeWork}}})
		if err != nil {
			t.Fatal(err)
		}
		p.SCIMID, ids[p.ID] = u.ID, u.ID
	}
	for _, g := range o.Groups {
		if g.Push != "ACTIVE" && g.Push != "ERROR" {
			continue
		}
		made, err := c.Groups.Create(t.Context(), &scimclient.Group{DisplayName: g.Name})
		if err != nil {
			t.Fatal(err)
		}
		var members []string
		for _, id := range g.Members {
			if ids[id] != "" {
				members = append(members, ids[id])
			}
		}
		if err := c.Groups.AddMembers(t.Context(), made.ID, members); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

func runAudit(t *testing.T, c *scimclient.Client, r idp.Roster, handle func(audit.Message) error) (*audit.Result, error) {
	t.Helper()
	return audit.Run(t.Context(), c, r, audit.Options{Mapping: claimmap.Recommended(claimmap.Okta), Settle: -1, PerMinute: 100_000, Handle: handle})
}

// The SCIM IDs that Okta has save an audit the look-ups: users are read by ID.
func TestAudit(t *testing.T) {
	t.Parallel()
	o := acme(8)
	o.PageSize = 3
	scim := tenant(t, o)
	r, err := start(t, o).Roster(t.Context(), okta.RosterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	copied, err := r.Copy(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	result, err := runAudit(t, scim, copied, nil)
	if err != nil || !result.Clean() {
		t.Fatalf("%+v, %v", result, err)
	}
	if n := count(o.Requests(), usersPath); n != 1+3+3 {
		t.Errorf("%d requests for users of the app, want one to ask for the permission, 3 pages of users and 3 for leavers", n)
	}

	// Okta lists somebody whom the tenant has inactive, and somebody whom it hasn't.
	if err := scim.Users.Delete(t.Context(), o.People[4].SCIMID); err != nil {
		t.Fatal(err)
	}
	if err := scim.Users.Patch(t.Context(), o.People[5].SCIMID, new(scimclient.Patch).Deactivate()); err != nil {
		t.Fatal(err)
	}
	var found []string
	_, err = runAudit(t, scim, copied, func(m audit.Message) error {
		if m.Finding != nil {
			found = append(found, string(m.Finding.Code)+" "+m.Finding.User)
		}
		return nil
	})
	if err != nil || len(found) < 2 || !strings.Contains(fmt.Sprint(found), "user-missing "+person(4)) || !strings.Contains(fmt.Sprint(found), "user-inactive "+person(5)) {
		t.Errorf("%v, %v", found, err)
	}
}

// Each page of each list is cut in the middle, once. Each time the copy is refused,
// so that there is no audit, and an audit of the live roster ends without a finding.
func TestCutAtEveryPage(t *testing.T) {
	t.Parallel()
	whole := acme(6)
	whole.PageSize = 2
	whole.People = append(whole.People, oktafake.Person{ID: person(20), Login: "left@example.com", Status: "DEPROVISIONED"}, oktafake.Person{ID: person(21), Login: "gone@example.com", Status: "DEPROVISIONED"}, oktafake.Person{ID: person(22), Login: "third@example.com", Status: "SUSPENDED"})
	scim := tenant(t, whole)
	// The tenant lacks somebody: an audit that goes on would find it.
	if err := scim.Users.Delete(t.Context(), whole.People[5].SCIMID); err != nil {
		t.Fatal(err)
	}
	read := func(n int, cut func(w http.ResponseWriter, body []byte)) (*oktafake.Okta, idp.Roster, error) {
		o := &oktafake.Okta{People: whole.People, Groups: whole.Groups, PageSize: 2}
		seen := 0
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			rec := httptest.NewRecorder()
			o.ServeHTTP(rec, r)
			for name, values := range rec.Header() {
				w.Header()[name] = values
			}
			if n > 0 && r.URL.Query().Get("limit") != "1" && r.URL.Path != "/api/v1/apps/"+oktafake.App {
				if seen++; seen >= n { // and the repetitions
					cut(w, rec.Body.Bytes())
					return
				}
			}
			_, _ = w.Write(rec.Body.Bytes())
		}))
		t.Cleanup(s.Close)
		r, err := client(t, o, s.URL, s.Client()).Roster(t.Context(), okta.RosterOptions{})
		return o, r, err
	}
	o, r, err := read(0, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Copy(t.TempDir()); err != nil {
		t.Fatal(err)
	}
	pages := len(o.Requests()) - 5
	if pages < 12 {
		t.Fatalf("the copy took %d pages", pages)
	}
	cuts := map[string]func(w http.ResponseWriter, body []byte){
		"half of the body": func(w http.ResponseWriter, body []byte) { _, _ = w.Write(body[:len(body)/2]) },
		"a broken connection": func(w http.ResponseWriter, body []byte) {
			w.Header().Set("Content-Length", fmt.Sprint(len(body)))
			_, _ = w.Write(body[:len(body)-1])
		},
		"nothing":  func(http.ResponseWriter, []byte) {},
		"an error": func(w http.ResponseWriter, _ []byte) { w.WriteHeader(500) },
		"null":     func(w http.ResponseWriter, _ []byte) { _, _ = w.Write([]byte("null")) },
		"a foreign link": func(w http.ResponseWriter, b []byte) {
			w.Header()["Link"] = []string{`<http://127.0.0.1:9/x>; rel="next"`}
			_, _ = w.Write(bytes.Clone(b))
		},
	}
	for name, cut := range cuts {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for n := 1; n <= pages; n++ {
				_, r, err := read(n, cut)
				if err != nil {
					t.Fatal(err)
				}
				if copied, err := r.Copy(t.TempDir()); err == nil || copied.Users != nil {
					t.Errorf("page %d of %d: the copy is whole", n, pages)
				}
				result, err := runAudit(t, scim, r, func(m audit.Message) error {
					if m.Finding != nil {
						t.Errorf("page %d of %d: the finding %v", n, pages, m.Finding)
					}
					return nil
				})
				if err == nil || result != nil {
					t.Errorf("page %d of %d: the audit ended with %v", n, pages, result)
				}
			}
		})
	}
}
