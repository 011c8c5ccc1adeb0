package entra_test

import (
	"context"
	"fmt"
	"log"
	"strings"
	"time"

	"google.golang.org/api/iam/v1"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/provision/entra"
	"github.com/iamscim/iamscim/provision/entratest"
	"github.com/iamscim/iamscim/provision/idp"
	"github.com/iamscim/iamscim/scimtest"
)

// A set-up from nothing: an application, its provisioning job, the tenant's address and
// token, the attribute mapping, a group in scope. Package provision calls SetUp with the
// token from its store.
func Example() {
	ctx := context.Background()
	directory, conn, group := twoClouds()
	client, err := entra.New(entra.Config{
		TenantID:     entratest.DefaultTenant,
		ClientID:     entratest.DefaultClientID,
		ClientSecret: iamscim.NewSecret(entratest.DefaultClientSecret),
		AppName:      "Google Cloud",
		Assign:       []string{group},
		// The in-memory Entra ID. Leave these out to reach the real one.
		HTTPClient: directory.PipeHTTPClient(), Endpoint: "http://127.0.0.1", LoginEndpoint: "http://127.0.0.1",
	})
	if err != nil {
		log.Fatal(err)
	}
	if err := client.SetUp(ctx, conn); err != nil {
		log.Fatal(err)
	}
	ada, err := client.Push(ctx, "ada@example.com")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("Ada:", ada.Result, "at", ada.Step)

	if err := directory.Advance(ctx, 40*time.Minute); err != nil { // a cycle
		log.Fatal(err)
	}
	status, err := client.Status(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("running:", status.Running, "first cycle done:", !status.FirstCycle.IsZero())
	for _, s := range status.Settings {
		fmt.Println(s.ID, s.Value)
	}
	for _, issue := range status.Issues {
		fmt.Println(issue)
	}
	grace, err := client.Why(ctx, "grace@example.com")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("Grace:", grace.Result, "at", grace.Step)
	// Output:
	// Ada: success at export
	// running: true first cycle done: true
	// entra-external-id objectId
	// entra-user-name userPrincipalName
	// entra-work-email mail
	// failures: 1 users and groups fail, and are tried again
	// Grace: failure at export
}

// The roster is what an audit compares with the tenant.
func ExampleClient_Roster() {
	ctx := context.Background()
	directory, conn, group := twoClouds()
	client, err := entra.New(entra.Config{
		TenantID: entratest.DefaultTenant, ClientID: entratest.DefaultClientID, ClientSecret: iamscim.NewSecret(entratest.DefaultClientSecret),
		AppName: "Google Cloud", Assign: []string{group},
		HTTPClient: directory.PipeHTTPClient(), Endpoint: "http://127.0.0.1", LoginEndpoint: "http://127.0.0.1",
	})
	if err != nil {
		log.Fatal(err)
	}
	if err := client.SetUp(ctx, conn); err != nil {
		log.Fatal(err)
	}
	roster, err := client.Roster(ctx, entra.RosterOptions{})
	if err != nil {
		log.Fatal(err)
	}
	err = idp.Each(roster.Users, func(u idp.User) error {
		fmt.Println(u.UserName, u.Emails)
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// ada@example.com [ada@example.com]
	// grace@example.com []
}

// twoClouds are an in-memory Entra ID with a group of two, and a connection to a tenant
// of an in-memory Google Cloud. Grace has no mail address.
func twoClouds() (directory *entratest.Server, conn idp.Connection, group string) {
	world, err := scimtest.NewAcme(scimtest.WithSyncerGranted())
	if err != nil {
		log.Fatal(err)
	}
	tenant, err := world.AddTenant(&iam.WorkforcePoolProviderScimTenant{
		Name: world.Provider + "/scimTenants/scim", ClaimMapping: map[string]string{"google.subject": "user.externalId", "google.group": "group.externalId"},
	})
	if err != nil {
		log.Fatal(err)
	}
	token, err := world.AddToken(&iam.WorkforcePoolProviderScimToken{Name: tenant.Name + "/tokens/token"})
	if err != nil {
		log.Fatal(err)
	}
	conn = idp.Connection{
		BaseURI: "http://127.0.0.1/v1alpha1/tenants/" + tenant.BaseUri[strings.LastIndex(tenant.BaseUri, "/")+1:],
		Token:   iamscim.NewSecret(token.SecurityToken),
	}
	directory = entratest.New(entratest.WithSCIMClient(world.PipeHTTPClient()))
	if group, err = directory.AddGroup(entratest.Group{DisplayName: "engineering"}); err != nil {
		log.Fatal(err)
	}
	for _, u := range []entratest.User{{UserPrincipalName: "ada@example.com", Mail: "ada@example.com"}, {UserPrincipalName: "grace@example.com"}} {
		id, err := directory.AddUser(u)
		if err != nil {
			log.Fatal(err)
		}
		if err := directory.AddMember(group, id); err != nil {
			log.Fatal(err)
		}
	}
	return directory, conn, group
}
