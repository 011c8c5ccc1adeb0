package provision_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"strings"

	"google.golang.org/api/iam/v1"

	"github.com/iamscim/iamscim/claimmap"
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
	plan, err := clients.Plan(ctx, provision.Spec{
		Provider: providerName(acme),
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
	// Nothing is there, which is no error.
	err = clients.Teardown(ctx, providerName(acme), "7f3c1a", provision.TeardownOptions{OnStep: func(text string) { fmt.Println(text) }})
	fmt.Println(err)
	// Output:
	// <nil>
}

// A migration to another claim mapping: the tenant must be replaced, which needs
// its UID as the word. The plan says everything that will be void.
func ExampleClients_Apply_migration() {
	ctx := context.Background()
	acme, err := scimtest.NewAcme(scimtest.WithSyncerGranted())
	if err != nil {
		log.Fatal(err)
	}
	defer acme.Close()
	tenant, err := acme.AddTenant(&iam.WorkforcePoolProviderScimTenant{
		Name:         acme.Provider + "/scimTenants/directory",
		ClaimMapping: map[string]string{"google.subject": "user.emails[0].value.lowerAscii()", "google.group": "group.displayName"},
	})
	if err != nil {
		log.Fatal(err)
	}
	clients, err := provision.New(ctx, provision.WithServer(acme))
	if err != nil {
		log.Fatal(err)
	}
	spec, err := clients.Import(ctx, providerName(acme))
	if err != nil {
		log.Fatal(err)
	}
	spec.Store, spec.Accept = &scimtoken.MemoryStore{}, []string{"entra-no-guests"}
	spec.Mapping = claimmap.Recommended(claimmap.EntraID)
	plan, err := clients.Plan(ctx, *spec)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(plan.Destroys(), plan.Step(provision.KindTenant).Fields[0])
	_, err = clients.Apply(ctx, plan, provision.ApplyOptions{})
	fmt.Println(errors.Is(err, provision.ErrBlocked))
	uid := tenant.BaseUri[strings.LastIndexByte(tenant.BaseUri, '/')+1:]
	left, err := clients.Apply(ctx, plan, provision.ApplyOptions{AllowReplace: uid})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(left.Step(provision.KindTenant).Status, left.Step(provision.KindAccess).Status)
	// Output:
	// true {claimMapping.google.group group.displayName group.externalId false false true}
	// true
	// done done
}

// A rotation from cron. Without an identity provider's program, a person gives the
// identity provider the new token, and says so: see scimtoken.Client.Retire.
func ExampleClients_Rotate() {
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
	spec := provision.Spec{Provider: providerName(acme), Store: &scimtoken.MemoryStore{}, Accept: []string{"entra-no-guests"}}
	plan, err := clients.Plan(ctx, spec)
	if err != nil {
		log.Fatal(err)
	}
	if _, err := clients.Apply(ctx, plan, provision.ApplyOptions{}); err != nil {
		log.Fatal(err)
	}

	rotation, err := clients.Rotate(ctx, spec)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(rotation.Done, len(acme.State().Tokens))
	// Output:
	// false 2
}

func providerName(acme *scimtest.World) provider.Name {
	name, err := provider.ParseName(acme.Provider)
	if err != nil {
		log.Fatal(err)
	}
	return name
}
