package provision_test

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/internal/oktafake"
	"github.com/iamscim/iamscim/provision"
	"github.com/iamscim/iamscim/provision/okta"
)

// TestDoctorOfOkta: what Okta says about its half has the codes of any identity
// provider, and what it doesn't say is a person's to look at.
func TestDoctorOfOkta(t *testing.T) {
	t.Parallel()
	const ada, group = "00u00000000000000001", "00g00000000000000001"
	tests := []struct {
		name     string
		change   func(o *oktafake.Okta)
		want     []provision.Code // of the identity provider's half
		evidence string
	}{
		{"set up", func(*oktafake.Okta) {}, []provision.Code{"SCIM312"}, "this program reads back Application username format of it"},
		{"UNKNOWN", func(o *oktafake.Okta) { o.Connection, o.Capabilities = "UNKNOWN", "" }, []provision.Code{"SCIM312"}, "Okta reports the status UNKNOWN of the connection"},
		{"stopped", func(o *oktafake.Okta) { o.Connection, o.Capabilities = "DISABLED", "" }, nil, "the connection is DISABLED"},
		{"a group isn't pushed", func(o *oktafake.Okta) { o.Groups[0].Push, o.Groups[0].Error = "ERROR", "HTTP 400" }, nil, "pushes with an error: 1 of 1 group: HTTP 400"},
		{"nobody is assigned", func(o *oktafake.Okta) { o.People = nil }, nil, "nobody is assigned to the app"},
		{"leavers stay", func(o *oktafake.Okta) { o.Capabilities = `{"update":{"lifecycleDeactivate":{"status":"DISABLED"}}}` }, nil, "Deactivate Users is DISABLED"},
		{"a push failed", func(o *oktafake.Okta) {
			o.People[0].SyncState, o.People[0].Login = "ERROR", "missing@example.com"
			o.Events = []oktafake.Event{{Person: ada, Type: "application.provision.user.push", Result: "FAILURE", Reason: "400 invalidValue", Published: "2000-01-01T00:00:00Z"}}
		}, nil, "the step export failed: 400 invalidValue"},
		{"somebody is out of scope", func(o *oktafake.Okta) {
			o.People[0].Status, o.People[0].Login = "SUSPENDED", "missing@example.com"
		}, nil, "the identity provider doesn't push this person: the Okta user is SUSPENDED"},
		{"no permission", func(o *oktafake.Okta) { o.Denied = []string{"okta.apps.read"} }, nil, "okta.apps.read: is missing"},
	}
	seen := map[provision.Code]bool{}
	for _, test := range tests {
		synctest.Test(t, func(t *testing.T) {
			p := newPatient(t)
			o := &oktafake.Okta{
				People:       []oktafake.Person{{ID: ada, Login: "ada@example.com", Assigned: true, SCIMID: "x"}},
				Groups:       []oktafake.Group{{ID: group, Name: "engineering", Members: []string{ada}, Push: "ACTIVE"}},
				Capabilities: `{"create":{"lifecycleCreate":{"status":"ENABLED"}}}`,
			}
			test.change(o)
			via, done := o.Pipe()
			defer done()
			half, err := okta.New(okta.Config{Org: oktafake.Org, App: oktafake.App, Token: iamscim.NewSecret(oktafake.Token), HTTPClient: via})
			must(t, err)
			p.req.Spec.IdentityProvider = half
			p.req.Spec.Ready.Users = []string{"missing@example.com"}
			r := p.doctor(t)
			check(t, r)
			var got []provision.Code
			found := false
			for _, f := range r.Findings {
				if strings.HasPrefix(string(f.Code), "SCIM3") {
					got = append(got, f.Code)
					seen[f.Code] = true
					found = found || strings.Contains(f.Evidence, test.evidence)
				}
			}
			if !found || test.want != nil && !slices.Equal(got, test.want) {
				t.Errorf("%s: %v, want %v and the evidence %q\n%s", test.name, got, test.want, test.evidence, r)
			}
		})
	}
	if len(seen) < 7 {
		t.Errorf("the scenes show %d codes: %v", len(seen), seen)
	}
}
