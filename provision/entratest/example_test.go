package entratest_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"google.golang.org/api/iam/v1"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/provision/entra"
	"github.com/iamscim/iamscim/provision/entratest"
	"github.com/iamscim/iamscim/provision/idp"
	"github.com/iamscim/iamscim/scimtest"
)

// An app in Entra ID is set up by a program and pushes into a SCIM tenant of
// Google Cloud, both in memory.
func Example() {
	ctx := context.Background()
	google, err := scimtest.NewAcme(scimtest.WithSyncerGranted())
	if err != nil {
		log.Fatal(err)
	}
	defer google.Close()
	tenant, err := google.AddTenant(&iam.WorkforcePoolProviderScimTenant{
		Name:         google.Provider + "/scimTenants/directory",
		BaseUri:      "http://127.0.0.1/v1alpha1/tenants/directory1",
		ClaimMapping: map[string]string{"google.subject": "user.externalId", "google.group": "group.externalId"},
	})
	if err != nil {
		log.Fatal(err)
	}
	token, err := google.AddToken(&iam.WorkforcePoolProviderScimToken{Name: tenant.Name + "/tokens/token-a"})
	if err != nil {
		log.Fatal(err)
	}

	srv := entratest.New(entratest.WithSCIMClient(google.PipeHTTPClient()))
	defer srv.Close()
	ada, err := srv.AddUser(entratest.User{UserPrincipalName: "ada@example.com", Mail: "ada@example.com"})
	if err != nil {
		log.Fatal(err)
	}
	half, err := entra.New(entra.Config{
		TenantID: entratest.DefaultTenant, ClientID: entratest.DefaultClientID, ClientSecret: iamscim.NewSecret(entratest.DefaultClientSecret),
		AppName: "Google Cloud", Assign: []string{ada},
		HTTPClient: srv.PipeHTTPClient(), Endpoint: "http://127.0.0.1", LoginEndpoint: "http://127.0.0.1",
	})
	if err != nil {
		log.Fatal(err)
	}
	if err := half.SetUp(ctx, idp.Connection{BaseURI: "http://127.0.0.1/v1alpha1/tenants/directory1", Token: iamscim.NewSecret(token.SecurityToken)}); err != nil {
		log.Fatal(err)
	}
	fmt.Println("users before the first cycle:", len(google.State().Directories[tenant.Name].Users))
	if err := srv.Advance(ctx, 0); err != nil {
		log.Fatal(err)
	}
	fmt.Println("users after it:", len(google.State().Directories[tenant.Name].Users))
	// Output:
	// users before the first cycle: 0
	// users after it: 1
}

// Time passes when the test says so: 30 days after a user was deleted, the user is
// gone.
func ExampleServer_Advance() {
	srv := entratest.New()
	defer srv.Close()
	ada, err := srv.AddUser(entratest.User{UserPrincipalName: "ada@example.com"})
	if err != nil {
		log.Fatal(err)
	}
	if err := srv.DeleteUser(ada); err != nil {
		log.Fatal(err)
	}
	for range 2 {
		if err := srv.Advance(context.Background(), 15*24*time.Hour); err != nil {
			log.Fatal(err)
		}
		_, err := srv.User(ada)
		fmt.Println(err)
	}
	// Output:
	// <nil>
	// entratest: there is no user "e47a7e57-0000-4000-8000-000000000001"
}
