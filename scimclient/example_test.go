package scimclient_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/scimclient"
	"github.com/iamscim/iamscim/scimtest"
)

// exampleClient stands for scimclient.New(tenant.BaseURI, secret.TokenSource()):
// it makes a client for a tenant of a Google Cloud in memory.
func exampleClient(opts ...scimtest.Option) (client *scimclient.Client, done func()) {
	server := scimtest.New(append(opts, scimtest.WithSyncerGranted())...)
	baseURI, err := seedTenant(server)
	if err != nil {
		log.Fatal(err)
	}
	client, err = scimclient.New(baseURI, tokens(testToken), scimclient.WithHTTPClient(server.PipeHTTPClient()))
	if err != nil {
		log.Fatal(err)
	}
	return client, server.Close
}

func ExampleNew() {
	// From package scimtenant and scimtoken in a program.
	server := scimtest.New(scimtest.WithSyncerGranted())
	defer server.Close()
	baseURI, err := seedTenant(server)
	if err != nil {
		log.Fatal(err)
	}
	secret := iamscim.NewSecret(testToken)

	client, err := scimclient.New(baseURI, secret.TokenSource(),
		scimclient.WithHTTPClient(server.PipeHTTPClient())) // only because the server is in memory
	if err != nil {
		log.Fatal(err)
	}
	access, err := client.CheckAccess(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("access granted, users:", access.Users)
	// Output: access granted, users: 0
}

func ExampleClient_CheckAccess() {
	server := scimtest.New() // the service agent's role is missing
	defer server.Close()
	baseURI, err := seedTenant(server)
	if err != nil {
		log.Fatal(err)
	}
	client, err := scimclient.New(baseURI, tokens(testToken),
		scimclient.WithServiceAgent("o-123456789012-tenantuid@gcp-sa-iamscim.iam.gserviceaccount.com"),
		scimclient.WithHTTPClient(server.PipeHTTPClient()))
	if err != nil {
		log.Fatal(err)
	}
	_, err = client.CheckAccess(context.Background())
	switch {
	case errors.Is(err, scimclient.ErrTokenRejected):
		fmt.Println("the token is wrong")
	case errors.Is(err, scimclient.ErrNotSyncer):
		fmt.Println(err)
	}
	// Output: scimclient: CheckAccess: the service agent lacks roles/iam.scimSyncer: HTTP 403; run gcloud organizations add-iam-policy-binding 123456789012 --member=serviceAccount:o-123456789012-tenantuid@gcp-sa-iamscim.iam.gserviceaccount.com --role=roles/iam.scimSyncer; a new binding takes some minutes; if there is one, check that the token hasn't expired
}

func ExampleClient_WaitAccess() {
	client, done := exampleClient()
	defer done()
	// A new token takes up to a minute or two to be known everywhere.
	access, err := client.WaitAccess(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("granted at check", access.Checks)
	// Output: granted at check 1
}

func ExampleUsers_Create() {
	client, done := exampleClient()
	defer done()
	ctx := context.Background()
	barbara := &scimclient.User{
		ExternalID: "701984", UserName: "bjensen@example.com", Active: new(true),
		Emails: []scimclient.MultiValue{{Value: "bjensen@example.com", Type: scimclient.TypeWork}},
	}
	user, err := client.Users.Create(ctx, barbara)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("created:", user.ID != "", *user.Active)

	// Once more: the conflict says that it is the same user.
	_, err = client.Users.Create(ctx, barbara)
	var e *scimclient.Error
	if errors.As(err, &e) && errors.Is(err, scimclient.ErrConflict) {
		fmt.Println("in the way:", e.Conflict.ID == user.ID, "the same:", e.Conflict.Same)
	}
	// Output:
	// created: true true
	// in the way: true the same: true
}

func ExampleUsers_Replace() {
	client, done := exampleClient()
	defer done()
	ctx := context.Background()
	if _, err := client.Users.Create(ctx, user("bjensen@example.com")); err != nil {
		log.Fatal(err)
	}

	// Get, modify, replace: what the type has no field for is sent back too.
	user, err := client.Users.Find(ctx, "bjensen@example.com")
	if err != nil {
		log.Fatal(err)
	}
	user.Title = "Tour Guide"
	user.Active = new(false)
	user, err = client.Users.Replace(ctx, user)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(user.Title, *user.Active, user.Name.GivenName)
	// Output: Tour Guide false Barbara
}

func ExampleUsers_Patch() {
	client, done := exampleClient()
	defer done()
	ctx := context.Background()
	user, err := client.Users.Create(ctx, user("bjensen@example.com"))
	if err != nil {
		log.Fatal(err)
	}
	work := scimclient.Path("emails").Where(scimclient.Eq("type", scimclient.TypeWork))
	patch := new(scimclient.Patch).
		Replace("active", false).
		Replace("name.givenName", "Babs").
		Replace(work.Sub("value"), "babs@example.com")
	// ReadBack returns only when the change can be read.
	if err := client.Users.Patch(ctx, user.ID, patch, scimclient.ReadBack()); err != nil {
		log.Fatal(err)
	}
	user, err = client.Users.Get(ctx, user.ID)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(*user.Active, user.Name.GivenName, user.Emails[0].Value)
	// Output: false Babs babs@example.com
}

func ExampleUsers_List() {
	client, done := exampleClient()
	defer done()
	ctx := context.Background()
	for _, name := range []string{"a@example.com", "b@example.com"} {
		if _, err := client.Users.Create(ctx, user(name)); err != nil {
			log.Fatal(err)
		}
	}
	for user, err := range client.Users.List(ctx, scimclient.Filter{}) {
		if errors.Is(err, scimclient.ErrTruncated) {
			fmt.Println("there may be more")
			break
		}
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(user.UserName)
	}
	// Output:
	// a@example.com
	// b@example.com
}

func ExampleGroups_AddMembers() {
	client, done := exampleClient()
	defer done()
	ctx := context.Background()
	user, err := client.Users.Create(ctx, user("bjensen@example.com"))
	if err != nil {
		log.Fatal(err)
	}
	group, err := client.Groups.Create(ctx, &scimclient.Group{ExternalID: "8c1d2c5e", DisplayName: "engineering"})
	if err != nil {
		log.Fatal(err)
	}
	if err := client.Groups.AddMembers(ctx, group.ID, []string{user.ID}); err != nil {
		log.Fatal(err)
	}
	member, err := client.Groups.IsMember(ctx, group.ID, user.ID)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("member:", member)

	// The service does not return members with groups.
	group, err = client.Groups.Get(ctx, group.ID)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("members in the group:", len(group.Members))
	// Output:
	// member: true
	// members in the group: 0
}

func ExampleGroups_GroupsOf() {
	client, done := exampleClient()
	defer done()
	ctx := context.Background()
	user, err := client.Users.Create(ctx, user("bjensen@example.com"))
	if err != nil {
		log.Fatal(err)
	}
	for _, name := range []string{"engineering", "operations", "sales"} {
		group, err := client.Groups.Create(ctx, &scimclient.Group{DisplayName: name})
		if err != nil {
			log.Fatal(err)
		}
		if name == "operations" {
			if err := client.Groups.AddMembers(ctx, group.ID, []string{user.ID}); err != nil {
				log.Fatal(err)
			}
		}
	}
	for group, err := range client.Groups.GroupsOf(ctx, user.ID) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(group.DisplayName)
	}
	// Output: operations
}

func ExampleUser_Extra() {
	user := scimclient.User{UserName: "bjensen@example.com"}
	const badge = "urn:example:schemas:badge:2.0:User"
	if err := user.SetExtra(badge, map[string]any{"number": 7}); err != nil {
		log.Fatal(err)
	}
	var b struct{ Number int }
	ok, err := user.Extra(badge, &b)
	fmt.Println(ok, err, b.Number)
	fmt.Println(user.Schemas)
	// Output:
	// true <nil> 7
	// [urn:ietf:params:scim:schemas:core:2.0:User urn:example:schemas:badge:2.0:User]
}

func ExampleEq() {
	fmt.Println(scimclient.Eq("userName", `o"neill@example.com`))
	fmt.Println(scimclient.Eq("id", "g1").And(scimclient.Eq("members", "u1")))
	// Output:
	// userName eq "o\"neill@example.com"
	// id eq "g1" and members eq "u1"
}

func ExampleError() {
	client, done := exampleClient()
	defer done()
	_, err := client.Users.Create(context.Background(), &scimclient.User{UserName: "bjensen@example.com"})
	fmt.Println(errors.Is(err, iamscim.ErrInvalidArgument))
	fmt.Println(err) // no names or mail addresses
	var e *scimclient.Error
	if errors.As(err, &e) {
		fmt.Println(e.Status, e.SCIMType)
		fmt.Println("the service's words, which may hold some:", e.Detail != "")
	}
	// Output:
	// true
	// scimclient: Users.Create User: invalid argument: HTTP 400 invalidValue: emails: exactly one, of type work
	// 400 invalidValue
	// the service's words, which may hold some: true
}
