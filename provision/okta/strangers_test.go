package okta_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/internal/oktafake"
	"github.com/iamscim/iamscim/provision/okta"
)

// answering answers requests whose path ends so.
func answering(o *oktafake.Okta, end, body string) {
	o.Intercept = func(_ int, w http.ResponseWriter, r *http.Request) bool {
		if !strings.HasSuffix(r.URL.Path, end) {
			return false
		}
		fmt.Fprint(w, body)
		return true
	}
}

// A reply about somebody else is no answer.
func TestAnotherOne(t *testing.T) {
	t.Parallel()
	o := acme(3)
	c := start(t, o)
	r, err := c.Roster(t.Context(), okta.RosterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for name, body := range map[string]string{
		"another user": `{"id":"` + person(2) + `","status":"PROVISIONED","credentials":{"userName":"user2@example.com"}}`,
		"no status":    `{"id":"` + person(1) + `"}`,
	} {
		o.Do(func() { answering(o, "/users/"+person(1), body) })
		_, err := r.Confirm(t.Context(), person(1))
		failure(t, err, iamscim.ErrBadReply)
		if _, err := c.Why(t.Context(), person(1)); err == nil {
			t.Errorf("%s: Why takes it", name)
		}
	}
	o.Do(func() {
		o.People[1].Assigned = false
		answering(o, "/api/v1/users/"+person(1), `{"id":"`+person(2)+`","status":"ACTIVE"}`)
	})
	_, err = c.Why(t.Context(), person(1))
	failure(t, err, iamscim.ErrBadReply)

	// Okta may not know the filter, and list every pushed group.
	mappings := `[{"id":"a","sourceGroupId":"` + groupID(0) + `","status":"ACTIVE","lastPush":"2026-11-20T11:00:00.000Z"},{"id":"b","sourceGroupId":"` + groupID(0) +
		`","status":"ERROR","errorSummary":"a second mapping"},{"id":"c","sourceGroupId":"` + groupID(7) + `","status":"ERROR","errorSummary":"another group"}]`
	o.Do(func() { answering(o, "/group-push/mappings", mappings) })
	if got, err := c.Why(t.Context(), groupID(0)); err != nil || got.Reason != "a second mapping" {
		t.Errorf("two mappings of a group, and one of another: %+v, %v", got, err)
	}
}

// The scope that Okta names is the one in the error, and each stands there once.
func TestScopeThatOktaNames(t *testing.T) {
	t.Parallel()
	o := acme(1)
	o.Scopes = []string{"okta.apps.read"}
	_, err := start(t, o).Roster(t.Context(), okta.RosterOptions{})
	if e := failure(t, err, iamscim.ErrPermissionDenied); strings.Count(e.Remedy, "okta.groups.read") != 1 || len(e.Violations) != 3 {
		t.Errorf("the remedy is %q for %v", e.Remedy, e.Violations)
	}
	o.Intercept = func(_ int, w http.ResponseWriter, _ *http.Request) bool {
		w.Header().Set("WWW-Authenticate", `DPoP algs="RS256", scope="okta.apps.somethingNew", error="insufficient_scope"`)
		w.WriteHeader(http.StatusForbidden)
		return true
	}
	_, err = start(t, o).Status(t.Context())
	if e := failure(t, err, iamscim.ErrPermissionDenied); !strings.Contains(e.Remedy, "okta.apps.somethingNew") {
		t.Errorf("the remedy is %q", e.Remedy)
	}
}
