package okta_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http/httptest"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/internal/oktafake"
	"github.com/iamscim/iamscim/provision/idp"
	"github.com/iamscim/iamscim/provision/okta"
)

func Example() {
	org := httptest.NewServer(acme(3)) // https://example.okta.com
	defer org.Close()
	c, err := okta.New(okta.Config{Org: org.URL, App: oktafake.App, Token: iamscim.NewSecret(oktafake.Token)})
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	roster, err := c.Roster(ctx, okta.RosterOptions{})
	if err != nil {
		log.Fatal(err)
	}
	users := 0
	if err := idp.Each(roster.Users, func(idp.User) error { users++; return nil }); err != nil {
		log.Fatal(err)
	}
	status, err := c.Status(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(users, "users; running:", status.Running)
	for _, issue := range status.Issues {
		fmt.Println(issue)
	}
	why, err := c.Why(ctx, "00g00000000000000001")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(why.Result, why.Step, why.Reason)
	// Output:
	// 3 users; running: true
	// failures: pushes with an error: 1 of 2 groups: Unable to push the group: HTTP 400
	// failure export Unable to push the group: HTTP 400
}

func ExampleClient_SetUp() {
	org := httptest.NewServer(&oktafake.Okta{Connection: "UNKNOWN", People: acme(2).People})
	defer org.Close()
	c, err := okta.New(okta.Config{Org: org.URL, App: oktafake.App, Token: iamscim.NewSecret(oktafake.Token)})
	if err != nil {
		log.Fatal(err)
	}
	err = c.SetUp(context.Background(), idp.Connection{BaseURI: "https://iamscim.googleapis.com/v1alpha1/tenants/uid-1"})
	fmt.Println(errors.Is(err, idp.ErrByHand))
	var todo *okta.ByHand
	if errors.As(err, &todo) {
		for _, line := range todo.Lines {
			fmt.Printf("%-13s %s\n", line.State, line.Text)
		}
	}
	// Output:
	// true
	// done          activate the app
	// not read back type the tenant uid-1
	// not read back type the token, and choose Test API Credentials
	// not read back enable API integration, and save
	// not read back enable Create Users
	// not read back enable Update User Attributes
	// not read back enable Deactivate Users
	// done          assign people or groups to the app
	// to do         push the groups
}
