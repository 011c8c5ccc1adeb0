package scimtenant_test

import (
	"context"
	"fmt"
	"log"
	"strings"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/scimtenant"
)

// Ensure can be repeated: it finds what an earlier call made, and brings back what
// was deleted.
func ExampleClient_Ensure() {
	srv := acme("")
	defer srv.Close()
	ctx := context.Background()
	client, err := scimtenant.NewClient(ctx, srv.PipeClientOptions()...)
	if err != nil {
		log.Fatal(err)
	}
	name, err := scimtenant.ParseName(tenantText)
	if err != nil {
		log.Fatal(err)
	}
	request := scimtenant.CreateRequest{Name: name, ClaimMapping: entraMapping(), Usage: iamscim.SCIMUsageGroups}
	for range 2 {
		_, outcome, err := client.Ensure(ctx, request)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(outcome)
	}
	if _, err := client.Delete(ctx, name); err != nil {
		log.Fatal(err)
	}
	tenant, outcome, err := client.Ensure(ctx, request)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(outcome, tenant.State)
	// Output:
	// created
	// found
	// undeleted ACTIVE
}

// A pool has one tenant, whatever provider it belongs to.
func ExampleClient_InPool() {
	srv := acme("abc123")
	defer srv.Close()
	ctx := context.Background()
	client, err := scimtenant.NewClient(ctx, srv.PipeClientOptions()...)
	if err != nil {
		log.Fatal(err)
	}
	name, err := scimtenant.ParseName(tenantText)
	if err != nil {
		log.Fatal(err)
	}
	tenant, err := client.InPool(ctx, name.Provider().Pool())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(tenant.Name.ID(), tenant.UID())
	fmt.Println(strings.TrimPrefix(tenant.EntraTenantURL(), tenant.BaseURI))
	// Output:
	// main abc123
	// ?aadOptscim062020
}

// What Google grants by itself can be looked up, and taken away at the end.
func ExampleOrganizationClient_RevokeSyncer() {
	srv := acme("abc123")
	defer srv.Close()
	ctx := context.Background()
	organization, err := scimtenant.NewOrganizationClient(ctx, srv.PipeOrganizationClientOptions()...)
	if err != nil {
		log.Fatal(err)
	}
	agent := scimtenant.ServiceAgentEmail("123456789012", "abc123")
	for _, change := range []func(context.Context, string, string) error{organization.GrantSyncer, organization.RevokeSyncer, organization.RevokeSyncer} {
		if err := change(ctx, "123456789012", agent); err != nil {
			log.Fatal(err)
		}
		has, err := organization.HasSyncer(ctx, "123456789012", agent)
		fmt.Println(has, err)
	}
	// Output:
	// true <nil>
	// false <nil>
	// false <nil>
}
