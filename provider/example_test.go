package provider_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"google.golang.org/api/iam/v1"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/provider"
	"github.com/iamscim/iamscim/scimtest"
)

// acme is an in-memory Google Cloud with the workforce pool acme-pool and its
// providers; examples use it where a program would use the service.
func acme(providers ...string) *scimtest.Server {
	srv := scimtest.New()
	if err := srv.AddPool(&iam.WorkforcePool{Name: poolText, Parent: "organizations/123456789012", DisplayName: "Acme"}); err != nil {
		log.Fatal(err)
	}
	for _, id := range providers {
		if err := srv.AddProvider(seeded(id)); err != nil {
			log.Fatal(err)
		}
	}
	return srv
}

func ExampleNewClient() {
	srv := acme()
	defer srv.Close()
	ctx := context.Background()
	// Without options the client uses Application Default Credentials.
	client, err := provider.NewClient(ctx, srv.PipeClientOptions()...)
	if err != nil {
		log.Fatal(err)
	}
	pool, err := provider.NewPoolName("global", "acme-pool")
	if err != nil {
		log.Fatal(err)
	}
	got, err := client.GetPool(ctx, pool)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(got.DisplayName, got.State, got.Organization)

	// Output:
	// Acme ACTIVE 123456789012
}

func ExampleNewName() {
	pool, err := provider.NewPoolName("global", "acme-pool")
	if err != nil {
		log.Fatal(err)
	}
	name, err := provider.NewName(pool, "entra")
	fmt.Println(name, err)
	_, err = provider.NewName(pool, "Entra ID")
	fmt.Println(err)

	// Output:
	// locations/global/workforcePools/acme-pool/providers/entra <nil>
	// provider: provider ID "Entra ID": only a-z, 0-9 and - are allowed
}

func ExampleNewPoolName() {
	name, err := provider.NewPoolName("global", "acme-pool")
	fmt.Println(name, name.ID(), err)

	// Output:
	// locations/global/workforcePools/acme-pool acme-pool <nil>
}

func ExampleParseName() {
	name, err := provider.ParseName("locations/global/workforcePools/acme-pool/providers/entra")
	fmt.Println(name.Pool().ID(), name.ID(), err)

	// Output:
	// acme-pool entra <nil>
}

func ExampleParseOperationName() {
	name, err := provider.ParseOperationName("locations/global/workforcePools/acme-pool/providers/entra/operations/bigar6mz")
	fmt.Println(name, err)

	// Output:
	// locations/global/workforcePools/acme-pool/providers/entra/operations/bigar6mz <nil>
}

func ExampleClient_Create() {
	srv := acme()
	defer srv.Close()
	ctx := context.Background()
	client, err := provider.NewClient(ctx, srv.PipeClientOptions()...)
	if err != nil {
		log.Fatal(err)
	}
	name, err := provider.ParseName("locations/global/workforcePools/acme-pool/providers/entra")
	if err != nil {
		log.Fatal(err)
	}
	created, err := client.Create(ctx, provider.CreateRequest{
		Name: name, DisplayName: "Entra ID", VendorType: iamscim.VendorEntraID,
		AttributeMapping: map[string]string{"google.subject": "assertion.email.lowerAscii()"},
		OIDC: &provider.OIDC{
			IssuerURI: "https://login.microsoftonline.com/TENANT/v2.0",
			ClientID:  "11111111-2222-3333-4444-555555555555",
			WebSSO:    &provider.WebSSO{ResponseType: provider.ResponseIDToken, AssertionClaimsBehavior: provider.ClaimsOnlyIDToken},
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(created.Name.ID(), created.State, created.SCIMUsage)

	// Output:
	// entra ACTIVE SCIM_USAGE_UNSPECIFIED
}

func ExampleClient_List() {
	srv := acme("entra", "okta")
	defer srv.Close()
	ctx := context.Background()
	client, err := provider.NewClient(ctx, srv.PipeClientOptions()...)
	if err != nil {
		log.Fatal(err)
	}
	pool, err := provider.NewPoolName("global", "acme-pool")
	if err != nil {
		log.Fatal(err)
	}
	for p, err := range client.List(ctx, pool, iamscim.ListOptions{ShowDeleted: true}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(p.Name.ID(), p.State)
	}

	// Output:
	// entra ACTIVE
	// okta ACTIVE
}

// A provider takes groups from SCIM once the directory has arrived. Only one
// provider of a pool can.
func ExampleClient_SetSCIMUsage() {
	srv := acme("entra", "okta")
	defer srv.Close()
	ctx := context.Background()
	client, err := provider.NewClient(ctx, srv.PipeClientOptions()...)
	if err != nil {
		log.Fatal(err)
	}
	for _, id := range []string{"entra", "okta"} {
		name, err := provider.ParseName("locations/global/workforcePools/acme-pool/providers/" + id)
		if err != nil {
			log.Fatal(err)
		}
		switch p, err := client.SetSCIMUsage(ctx, name, iamscim.SCIMUsageGroups); {
		case errors.Is(err, provider.ErrUsageConflict):
			var e *iamscim.Error
			errors.As(err, &e)
			fmt.Println(e.Remedy)
		case err != nil:
			log.Fatal(err)
		default:
			fmt.Println(p.Name.ID(), p.SCIMUsage)
		}
	}

	// Output:
	// entra ENABLED_FOR_GROUPS
	// only one provider of a pool can use SCIM: locations/global/workforcePools/acme-pool/providers/entra does (ENABLED_FOR_GROUPS); set its usage to SCIM_USAGE_UNSPECIFIED first
}

// An update changes what is set; a pointer to an empty value clears.
func ExampleClient_Update() {
	srv := acme("entra")
	defer srv.Close()
	ctx := context.Background()
	client, err := provider.NewClient(ctx, srv.PipeClientOptions()...)
	if err != nil {
		log.Fatal(err)
	}
	name, err := provider.ParseName("locations/global/workforcePools/acme-pool/providers/entra")
	if err != nil {
		log.Fatal(err)
	}
	displayName, description := "Entra ID", ""
	p, err := client.Update(ctx, provider.UpdateRequest{Name: name, DisplayName: &displayName, Description: &description})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%q %q\n", p.DisplayName, p.Description)
	_, err = client.Update(ctx, provider.UpdateRequest{Name: name})
	fmt.Println(errors.Is(err, iamscim.ErrNothingToUpdate))

	// Output:
	// "Entra ID" ""
	// true
}

// A deleted provider is a state, not an absence.
func ExampleClient_Delete() {
	srv := acme("entra")
	defer srv.Close()
	ctx := context.Background()
	client, err := provider.NewClient(ctx, srv.PipeClientOptions()...)
	if err != nil {
		log.Fatal(err)
	}
	name, err := provider.ParseName("locations/global/workforcePools/acme-pool/providers/entra")
	if err != nil {
		log.Fatal(err)
	}
	p, err := client.Delete(ctx, name)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(p.State, !p.ExpireTime.IsZero())
	p, err = client.Undelete(ctx, name)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(p.State, !p.ExpireTime.IsZero())

	// Output:
	// DELETED true
	// ACTIVE false
}
