package scimtoken_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"google.golang.org/api/iam/v1"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/scimtenant"
	"github.com/iamscim/iamscim/scimtest"
	"github.com/iamscim/iamscim/scimtoken"
)

// acme is an in-memory Google Cloud with the SCIM tenant main and its tokens;
// examples use it where a program would use the service.
func acme(tokens ...string) *scimtest.Server {
	srv := scimtest.New()
	check := func(err error) {
		if err != nil {
			log.Fatal(err)
		}
	}
	check(srv.AddPool(&iam.WorkforcePool{Name: poolText, Parent: "organizations/123456789012"}))
	check(srv.AddProvider(&iam.WorkforcePoolProvider{
		Name: providerText, AttributeMapping: map[string]string{"google.subject": "assertion.subject"},
		Saml: &iam.GoogleIamAdminV1WorkforcePoolProviderSaml{IdpMetadataXml: "<EntityDescriptor/>"},
	}))
	_, err := srv.AddTenant(&iam.WorkforcePoolProviderScimTenant{Name: tenantText, ClaimMapping: map[string]string{"google.subject": "user.userName", "google.group": "group.displayName"}})
	check(err)
	for _, id := range tokens {
		_, err := srv.AddToken(&iam.WorkforcePoolProviderScimToken{Name: tenantText + "/tokens/" + id})
		check(err)
	}
	return srv
}

func ExampleNewClient() {
	srv := acme("first")
	defer srv.Close()
	ctx := context.Background()
	// Without options the client uses Application Default Credentials.
	client, err := scimtoken.NewClient(ctx, srv.PipeClientOptions()...)
	if err != nil {
		log.Fatal(err)
	}
	name, err := scimtoken.ParseName("locations/global/workforcePools/acme-pool/providers/entra/scimTenants/main/tokens/first")
	if err != nil {
		log.Fatal(err)
	}
	token, err := client.Get(ctx, name)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(token.Name.ID(), token.State)

	// Output:
	// first ACTIVE
}

func ExampleNewName() {
	parent, err := scimtenant.ParseName("locations/global/workforcePools/acme-pool/providers/entra/scimTenants/main")
	if err != nil {
		log.Fatal(err)
	}
	name, err := scimtoken.NewName(parent, "first")
	fmt.Println(name, err)
	_, err = scimtoken.NewName(parent, "1st-")
	fmt.Println(err)

	// Output:
	// locations/global/workforcePools/acme-pool/providers/entra/scimTenants/main/tokens/first <nil>
	// scimtoken: name "locations/global/workforcePools/acme-pool/providers/entra/scimTenants/main/tokens/1st-" is not of the form locations/LOCATION/workforcePools/WORKFORCE_POOL/providers/PROVIDER/scimTenants/SCIM_TENANT/tokens/SCIM_TOKEN: segment 10: SCIM token id "1st-": must begin with a letter a-z; must not end with -
}

func ExampleParseName() {
	name, err := scimtoken.ParseName("locations/global/workforcePools/acme-pool/providers/entra/scimTenants/main/tokens/first")
	fmt.Println(name.ID(), "of", name.Tenant().ID(), err)

	// Output:
	// first of main <nil>
}

// The secret is shown this once: store what Reveal returns before anything
// else. Printing it shows nothing.
func ExampleClient_Create() {
	srv := acme("first")
	defer srv.Close()
	ctx := context.Background()
	client, err := scimtoken.NewClient(ctx, srv.PipeClientOptions()...)
	if err != nil {
		log.Fatal(err)
	}
	tenant, err := scimtenant.ParseName("locations/global/workforcePools/acme-pool/providers/entra/scimTenants/main")
	if err != nil {
		log.Fatal(err)
	}
	// A tenant in place of a name: the client chooses an id, and replaces the
	// token should its secret get lost on the way.
	token, secret, err := client.Create(ctx, scimtoken.CreateRequest{Tenant: tenant, RecreateLost: true})
	if err != nil {
		log.Fatal(err)
	}
	vault := map[scimtoken.Name]string{token.Name: secret.Reveal()}
	fmt.Println(token.State, secret, len(vault))

	_, _, err = client.Create(ctx, scimtoken.CreateRequest{Tenant: tenant})
	fmt.Println(errors.Is(err, scimtoken.ErrTokenLimit))

	// Output:
	// ACTIVE [redacted] 1
	// true
}

// The new token is stored and verified before the old one goes, and both are
// valid until then.
func ExampleClient_Rotate() {
	srv := acme("first")
	defer srv.Close()
	ctx := context.Background()
	client, err := scimtoken.NewClient(ctx, srv.PipeClientOptions()...)
	if err != nil {
		log.Fatal(err)
	}
	tenant, err := scimtenant.ParseName("locations/global/workforcePools/acme-pool/providers/entra/scimTenants/main")
	if err != nil {
		log.Fatal(err)
	}
	var stored struct {
		name scimtoken.Name
		text string
	}
	rotation, err := client.Rotate(ctx, scimtoken.RotateRequest{
		Tenant: tenant,
		Persist: func(_ context.Context, name scimtoken.Name, secret scimtoken.Secret) error {
			stored.name, stored.text = name, secret.Reveal()
			return nil
		},
		Persisted: func(context.Context) (scimtoken.Name, scimtoken.Secret, error) {
			return stored.name, iamscim.NewSecret(stored.text), nil
		},
		Verify: func(_ context.Context, secret scimtoken.Secret) error {
			// WaitAccess of a scimclient.Client with secret.TokenSource().
			return nil
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(rotation.New == stored.name, rotation.Old[0].ID())

	// Once the identity provider uses the new token:
	if err := rotation.Retire(ctx); err != nil {
		log.Fatal(err)
	}
	old, err := client.Get(ctx, rotation.Old[0])
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(old.State)

	// Output:
	// true first
	// DELETED
}

func ExampleClient_List() {
	srv := acme("first", "second")
	defer srv.Close()
	ctx := context.Background()
	client, err := scimtoken.NewClient(ctx, srv.PipeClientOptions()...)
	if err != nil {
		log.Fatal(err)
	}
	tenant, err := scimtenant.ParseName("locations/global/workforcePools/acme-pool/providers/entra/scimTenants/main")
	if err != nil {
		log.Fatal(err)
	}
	for token, err := range client.List(ctx, tenant, iamscim.ListOptions{}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(token.Name.ID(), token.State)
	}

	// Output:
	// first ACTIVE
	// second ACTIVE
}

// A deleted token stops authenticating, gives its place up, and can be had back
// for 30 days, with the secret it had.
func ExampleClient_Delete() {
	srv := acme("first")
	defer srv.Close()
	ctx := context.Background()
	client, err := scimtoken.NewClient(ctx, srv.PipeClientOptions()...)
	if err != nil {
		log.Fatal(err)
	}
	name, err := scimtoken.ParseName("locations/global/workforcePools/acme-pool/providers/entra/scimTenants/main/tokens/first")
	if err != nil {
		log.Fatal(err)
	}
	if err := client.Delete(ctx, name); err != nil {
		log.Fatal(err)
	}
	token, err := client.Undelete(ctx, name)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(token.State)

	// Output:
	// ACTIVE
}
