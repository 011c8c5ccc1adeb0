package discoveryengine_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/oauth2"
	"google.golang.org/api/iam/v1"

	"github.com/google/go-cmp/cmp"

	"github.com/iamscim/iamscim/claimmap"
	"github.com/iamscim/iamscim/provision/idp"
	"github.com/iamscim/iamscim/scimclient"
	"github.com/iamscim/iamscim/scimclient/audit"
	"github.com/iamscim/iamscim/scimclient/audit/discoveryengine"
	"github.com/iamscim/iamscim/scimtest"
)

// TestWitness audits a tenant of the fake with the fake's consumer as a witness:
// the subject that the consumer evaluated is compared with package claimmap's, end
// to end.
func TestWitness(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		mapping claimmap.Mapping // of the audit; the tenant has Entra's
		usage   string
		want    []audit.Code
	}{
		{"agrees", claimmap.Recommended(claimmap.EntraID), "ENABLED_FOR_GROUPS", nil},
		{"takes its groups elsewhere", claimmap.Recommended(claimmap.EntraID), "", []audit.Code{audit.WitnessElsewhere}},
		{"evaluates another mapping", byExternalID(t), "ENABLED_FOR_GROUPS", []audit.Code{audit.WitnessSubjectDiffers, audit.WitnessSubjectDiffers}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			acme := scimtest.Acme(t, scimtest.WithSyncerGranted())
			client, roster := push(t, acme, test.usage)
			w, err := discoveryengine.New(engine, acme.HTTPClient(), discoveryengine.WithEndpoint(acme.URL()), quick)
			if err != nil {
				t.Fatal(err)
			}
			var got []audit.Code
			result, err := audit.Run(t.Context(), client, roster, audit.Options{
				Mapping: test.mapping, Witness: w, Settle: -1,
				Handle: func(m audit.Message) error {
					if m.Finding != nil {
						got = append(got, m.Finding.Code)
					}
					return nil
				},
			})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
			if result.Clean() != (test.want == nil) || result.Witness == nil || result.Witness.Groups != 1 || result.Witness.Users != 2 {
				t.Errorf("clean %v, %+v; want a group and two users asked about", result.Clean(), result.Witness)
			}
			for _, r := range acme.Requests() {
				if agent := r.Header["User-Agent"]; strings.Contains(r.Path, "engines") && (len(agent) != 1 || !strings.HasPrefix(agent[0], "iamscim-go/")) {
					t.Errorf("%s %s: User-Agent %q", r.Method, r.Path, agent)
				}
			}
		})
	}
}

// byExternalID is a mapping that the tenant doesn't have.
func byExternalID(t *testing.T) claimmap.Mapping {
	t.Helper()
	m, err := claimmap.Parse("google.subject=user.externalId,google.group=group.externalId")
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// push fills a tenant with two users and a group, and returns a client for it and
// the roster of its identity provider.
func push(t *testing.T, acme *scimtest.World, usage string) (*scimclient.Client, idp.Roster) {
	t.Helper()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	tenant, err := acme.AddTenant(&iam.WorkforcePoolProviderScimTenant{
		Name: acme.Provider + "/scimTenants/scim", ClaimMapping: claimmap.Recommended(claimmap.EntraID).Map(),
	})
	check(err)
	token, err := acme.AddToken(&iam.WorkforcePoolProviderScimToken{Name: tenant.Name + "/tokens/token-a"})
	check(err)
	if usage != "" {
		svc, err := iam.NewService(t.Context(), acme.ClientOptions()...)
		check(err)
		_, err = svc.Locations.WorkforcePools.Providers.Patch(acme.Provider, &iam.WorkforcePoolProvider{ScimUsage: usage}).UpdateMask("scimUsage").Do()
		check(err)
	}
	var users []idp.User
	var members []idp.Membership
	var list []map[string]string
	for i, name := range []string{"Ada.Lovelace", "Grace.Hopper"} {
		email := name + "@example.com"
		id, err := acme.AddUser(tenant.Name, fmt.Appendf(nil, `{"userName":%q,"externalId":"x-%d","active":true,"emails":[{"type":"work","value":%q}]}`, email, i, email))
		check(err)
		users = append(users, idp.User{Key: email, UserName: email, ExternalID: fmt.Sprintf("x-%d", i), Emails: []string{email}})
		members = append(members, idp.Membership{Group: "engineering", User: email})
		list = append(list, map[string]string{"value": id})
	}
	group, err := json.Marshal(map[string]any{"displayName": "engineering", "externalId": "g-1", "members": list})
	check(err)
	_, err = acme.AddGroup(tenant.Name, group)
	check(err)
	client, err := scimclient.New(tenant.BaseUri, oauth2.StaticTokenSource(&oauth2.Token{AccessToken: token.SecurityToken}), scimclient.WithHTTPClient(acme.HTTPClient()))
	check(err)
	return client, idp.Roster{
		Users:       idp.Of(users...),
		Groups:      idp.Of(idp.Group{Key: "engineering", DisplayName: "engineering", ExternalID: "g-1"}),
		Memberships: idp.Of(members...),
	}
}
