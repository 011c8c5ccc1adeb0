package provision_test

import (
	"context"
	"fmt"
	"log"

	"github.com/iamscim/iamscim/provider"
	"github.com/iamscim/iamscim/provision"
	"github.com/iamscim/iamscim/scimtest"
	"github.com/iamscim/iamscim/scimtoken"
)

// The fake is empty at first: there is a provider, and no SCIM tenant.
func Example() {
	ctx := context.Background()
	acme, err := scimtest.NewAcme(scimtest.WithSyncerGranted())
	if err != nil {
		log.Fatal(err)
	}
	defer acme.Close()
	clients, err := provision.New(ctx, provision.WithServer(acme))
	if err != nil {
		log.Fatal(err)
	}
	name, err := provider.ParseName(acme.Provider)
	if err != nil {
		log.Fatal(err)
	}
	plan, err := clients.Plan(ctx, provision.Spec{
		Provider: name,
		Store:    &scimtoken.MemoryStore{},
		Accept:   []string{"entra-no-guests"},
		Ready:    provision.Ready{Users: []string{"ada@example.com"}},
	})
	if err != nil {
		log.Fatal(err)
	}
	left, err := clients.Apply(ctx, plan, provision.ApplyOptions{})
	if err != nil {
		log.Fatal(err)
	}
	for _, step := range left.Steps {
		fmt.Printf("%s: %s\n", step.Kind, step.Status)
	}
	// Output:
	// provider: done
	// mapping: done
	// tenant: done
	// token: done
	// role: done
	// access: done
	// identityProvider: manual
	// directory: deferred
	// usage: deferred
}

func ExampleClients_Teardown() {
	ctx := context.Background()
	acme, err := scimtest.NewAcme()
	if err != nil {
		log.Fatal(err)
	}
	defer acme.Close()
	clients, err := provision.New(ctx, provision.WithServer(acme))
	if err != nil {
		log.Fatal(err)
	}
	name, err := provider.ParseName(acme.Provider)
	if err != nil {
		log.Fatal(err)
	}
	// Nothing is there, which is no error.
	err = clients.Teardown(ctx, name, "7f3c1a", provision.TeardownOptions{OnStep: func(text string) { fmt.Println(text) }})
	fmt.Println(err)
	// Output:
	// <nil>
}
