package audit_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/api/iam/v1"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/claimmap"
	"github.com/iamscim/iamscim/provision/idp"
	"github.com/iamscim/iamscim/scimclient"
	"github.com/iamscim/iamscim/scimclient/audit"
	"github.com/iamscim/iamscim/scimtest"
)

// exampleTenant has one user, who is in no group.
func exampleTenant(srv *scimtest.Server) (*scimclient.Client, error) {
	tenant, err := srv.AddTenant(&iam.WorkforcePoolProviderScimTenant{Name: testTenant, ClaimMapping: map[string]string{"google.subject": "user.externalId", "google.group": "group.externalId"}})
	if err != nil {
		return nil, err
	}
	_, err = srv.AddToken(&iam.WorkforcePoolProviderScimToken{Name: testTenant + "/tokens/token-a", SecurityToken: testToken})
	_, errUser := srv.AddUser(testTenant, []byte(`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"externalId":"x1","userName":"bjensen@example.com","active":true,"emails":[{"value":"bjensen@example.com","type":"work"}]}`))
	_, errGroup := srv.AddGroup(testTenant, []byte(`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"externalId":"g1","displayName":"Engineering"}`))
	if err := errors.Join(err, errUser, errGroup); err != nil {
		return nil, err
	}
	return scimclient.New(tenant.BaseUri, iamscim.NewSecret(testToken).TokenSource(), scimclient.WithHTTPClient(srv.PipeHTTPClient()))
}

func exampleServer() (*scimtest.Server, error) {
	srv := scimtest.New(scimtest.WithSyncerGranted())
	return srv, errors.Join(
		srv.AddPool(&iam.WorkforcePool{Name: "locations/global/workforcePools/acme-pool", Parent: "organizations/" + scimtest.DefaultOrganization}),
		srv.AddProvider(&iam.WorkforcePoolProvider{
			Name: testProvider, AttributeMapping: map[string]string{"google.subject": "assertion.oid"},
			Oidc: &iam.GoogleIamAdminV1WorkforcePoolProviderOidc{
				IssuerUri: "https://login.example.com", ClientId: "client",
				WebSsoConfig: &iam.GoogleIamAdminV1WorkforcePoolProviderOidcWebSsoConfig{ResponseType: "ID_TOKEN", AssertionClaimsBehavior: "ONLY_ID_TOKEN_CLAIMS"},
			},
		}))
}

func ExampleRun() {
	srv, err := exampleServer()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer srv.Close()
	client, err := exampleTenant(srv)
	if err != nil {
		fmt.Println(err)
		return
	}
	mapping, err := claimmap.Parse("google.subject=user.externalId,google.group=group.externalId")
	if err != nil {
		fmt.Println(err)
		return
	}
	roster := idp.Roster{
		Users: idp.Of(
			idp.User{Key: "x1", UserName: "bjensen@example.com", ExternalID: "x1", Emails: []string{"bjensen@example.com"}},
			idp.User{Key: "x2", UserName: "jsmith@example.com", ExternalID: "x2", Emails: []string{"jsmith@example.com"}},
		),
		Groups:      idp.Of(idp.Group{Key: "g1", DisplayName: "Engineering", ExternalID: "g1"}),
		Memberships: idp.Of[idp.Membership](),
	}
	result, err := audit.Run(context.Background(), client, roster, audit.Options{
		Mapping: mapping,
		Settle:  time.Millisecond, // minutes in production
		Handle: func(m audit.Message) error {
			if m.Finding != nil {
				fmt.Println(m.Finding)
			}
			return nil
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("clean:", result.Clean())
	for _, sentence := range result.Proved() {
		fmt.Println(sentence)
	}
	// Output:
	// user-missing user="x2" expected="jsmith@example.com"
	// clean: false
	// 2 of 2 users of the roster were looked up. Missing or different: 1.
	// 1 of 1 groups of the roster were looked up. Missing or different: 0.
}

func ExampleEstimate() {
	srv, err := exampleServer()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer srv.Close()
	client, err := exampleTenant(srv)
	if err != nil {
		fmt.Println(err)
		return
	}
	roster := idp.Roster{Users: idp.Of(idp.User{Key: "x1", UserName: "bjensen@example.com", ExternalID: "x1"})}
	forecast, err := audit.Estimate(context.Background(), client, roster, audit.Options{Mapping: claimmap.Recommended(claimmap.EntraID)})
	fmt.Println(err)
	if err == nil {
		fmt.Println(forecast.Requests.Users, forecast.Duration < time.Second)
	}
	// Output:
	// <nil>
	// 1 true
}
