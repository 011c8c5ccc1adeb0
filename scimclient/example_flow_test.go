package scimclient_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/iamscim/iamscim/scimclient"
)

// ada creates a user, and engineers a group with it.
func ada(client *scimclient.Client) *scimclient.User {
	user, err := client.Users.Create(context.Background(), &scimclient.User{
		ExternalID: "1", UserName: "ada@example.com", DisplayName: "Ada", Active: new(true),
		Emails: []scimclient.MultiValue{{Value: "ada@example.com", Type: scimclient.TypeWork}},
	})
	if err != nil {
		log.Fatal(err)
	}
	return user
}

func engineers(client *scimclient.Client, members ...string) *scimclient.Group {
	group, err := client.Groups.Create(context.Background(), &scimclient.Group{ExternalID: "g1", DisplayName: "engineers"})
	if err != nil {
		log.Fatal(err)
	}
	if len(members) > 0 {
		if err := client.Groups.AddMembers(context.Background(), group.ID, members); err != nil {
			log.Fatal(err)
		}
	}
	return group
}

// A token that was just made isn't known everywhere, and its service agent may still
// lack its role: WaitToken waits for the token alone.
func ExampleClient_WaitToken() {
	client, done := exampleClient()
	defer done()
	access, err := client.WaitToken(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("checks:", access.Checks)
	// Output: checks: 1
}

func ExampleUsers_Find() {
	client, done := exampleClient()
	defer done()
	ctx := context.Background()
	ada(client)
	user, err := client.Users.Find(ctx, "ADA@example.com")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(user.DisplayName)
	_, err = client.Users.Find(ctx, "eve@example.com")
	fmt.Println(errors.Is(err, scimclient.ErrNotFound))
	// Output:
	// Ada
	// true
}

// Leavers are deactivated first, and deleted later.
func ExampleUsers_Deactivate() {
	client, done := exampleClient()
	defer done()
	ctx := context.Background()
	user := ada(client)
	if err := client.Users.Deactivate(ctx, user.ID); err != nil {
		log.Fatal(err)
	}
	user, err := client.Users.Get(ctx, user.ID)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("active:", *user.Active)
	if err := client.Users.Delete(ctx, user.ID); err != nil {
		log.Fatal(err)
	}
	_, err = client.Users.Get(ctx, user.ID)
	fmt.Println("deleted:", errors.Is(err, scimclient.ErrNotFound))
	// Output:
	// active: false
	// deleted: true
}

func ExampleGroups_RemoveMembers() {
	client, done := exampleClient()
	defer done()
	ctx := context.Background()
	user := ada(client)
	group := engineers(client, user.ID)
	for range 2 { // who isn't a member stays none
		if err := client.Groups.RemoveMembers(ctx, group.ID, []string{user.ID}); err != nil {
			log.Fatal(err)
		}
	}
	member, err := client.Groups.IsMember(ctx, group.ID, user.ID)
	fmt.Println(member, errors.Is(err, scimclient.ErrUnproven))
	// Output: false true
}

func ExampleGroups_Find() {
	client, done := exampleClient()
	defer done()
	ctx := context.Background()
	group := engineers(client)
	found, err := client.Groups.Find(ctx, "engineers")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(found.ID == group.ID)
	if err := client.Groups.Delete(ctx, found.ID); err != nil {
		log.Fatal(err)
	}
	// Output: true
}

// A patch is a list of changes, all of them or none.
func ExamplePatch() {
	client, done := exampleClient()
	defer done()
	ctx := context.Background()
	id := ada(client).ID
	err := client.Users.Patch(ctx, id, new(scimclient.Patch).
		Add("title", "Countess").
		Replace("name.givenName", "Augusta Ada").
		Remove("displayName"))
	if err != nil {
		log.Fatal(err)
	}
	user, err := client.Users.Get(ctx, id)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s %s %q\n", user.Title, user.Name.GivenName, user.DisplayName)
	// Output: Countess Augusta Ada ""
}

// A user that was read in part can't be replaced: what wasn't read would be cleared.
func ExampleAttributes() {
	client, done := exampleClient()
	defer done()
	ctx := context.Background()
	user, err := client.Users.Get(ctx, ada(client).ID, scimclient.Attributes("userName"))
	if err != nil {
		log.Fatal(err)
	}
	_, err = client.Users.Replace(ctx, user)
	fmt.Println(user.UserName, errors.Is(err, scimclient.ErrPartial))
	// Output: ada@example.com true
}

// Google's service has filters by userName, externalId, displayName and members.
// RawFilter is for servers that support more.
func ExampleRawFilter() {
	client, done := exampleClient()
	defer done()
	ada(client)
	for _, err := range client.Users.List(context.Background(), scimclient.RawFilter(`userName sw "a"`)) {
		fmt.Println(errors.Is(err, scimclient.ErrUnsupported) || err != nil)
	}
	// Output: true
}

func ExampleClient_ServiceProviderConfig() {
	client, done := exampleClient()
	defer done()
	config, err := client.ServiceProviderConfig(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("patch:", config.Patch.Supported, "bulk:", config.Bulk.Supported, "at most:", config.Filter.MaxResults)
	// Output: patch: true bulk: false at most: 100
}
