package scimtoken_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"

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
	// scimtoken: SCIM token ID "1st-": must begin with a letter a-z; must not end with -
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

// The new token is stored, verified and handed over before the old one is
// deleted. A FileStore would keep it on disk.
func ExampleClient_Rotate() {
	srv := acme()
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
	store := new(scimtoken.MemoryStore)
	first, _, err := client.Ensure(ctx, tenant, store)
	if err != nil {
		log.Fatal(err)
	}
	rotation, err := client.Rotate(ctx, scimtoken.RotateRequest{
		Tenant: tenant, Store: store,
		Verify: func(_ context.Context, secret scimtoken.Secret) error {
			// WaitAccess of a scimclient.Client with secret.TokenSource().
			return nil
		},
		Cutover: func(_ context.Context, name scimtoken.Name, secret scimtoken.Secret) error {
			// Set the secret in the identity provider.
			fmt.Println("the identity provider gets another token:", name != first, secret)
			return nil
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(rotation.Done, rotation.Old == first)
	old, err := client.Get(ctx, first)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(old.State)

	// Output:
	// the identity provider gets another token: true [redacted]
	// true true
	// DELETED
}

// Without a Cutover, Rotate returns while both tokens are valid. When a person
// has typed the new one in, any process can retire the old one.
func ExampleClient_Retire() {
	srv := acme("first")
	defer srv.Close()
	ctx := context.Background()
	client, err := scimtoken.NewClient(ctx, srv.PipeClientOptions()...)
	if err != nil {
		log.Fatal(err)
	}
	first, err := scimtoken.ParseName("locations/global/workforcePools/acme-pool/providers/entra/scimTenants/main/tokens/first")
	if err != nil {
		log.Fatal(err)
	}
	store := new(scimtoken.MemoryStore)
	verify := func(context.Context, scimtoken.Secret) error { return nil }
	request := scimtoken.RotateRequest{Tenant: first.Tenant(), Store: store, Verify: verify}

	_, err = client.Rotate(ctx, request)
	fmt.Println(errors.Is(err, scimtoken.ErrUnknownToken))

	request.Replaces = first // gcloud made it
	rotation, err := client.Rotate(ctx, request)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(rotation.Old.ID(), rotation.Done)

	if err := client.Retire(ctx, first.Tenant(), store, rotation.New); err != nil {
		log.Fatal(err)
	}
	old, err := client.Get(ctx, first)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(old.State)

	// Output:
	// true
	// first false
	// DELETED
}

// Ensure creates the first token once, and returns the current one from then on.
func ExampleClient_Ensure() {
	srv := acme()
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
	dir, err := os.MkdirTemp("", "iamscim-example-")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	store := scimtoken.NewFileStore(filepath.Join(dir, "token.json"))
	made, _, err := client.Ensure(ctx, tenant, store)
	if err != nil {
		log.Fatal(err)
	}
	name, secret, err := client.Ensure(ctx, tenant, store)
	fmt.Println(name == made, secret, err)

	// Output:
	// true [redacted] <nil>
}

// A token that gcloud or a person created is adopted with its secret.
func ExampleClient_Adopt() {
	srv := acme("first")
	defer srv.Close()
	ctx := context.Background()
	client, err := scimtoken.NewClient(ctx, srv.PipeClientOptions()...)
	if err != nil {
		log.Fatal(err)
	}
	first, err := scimtoken.ParseName("locations/global/workforcePools/acme-pool/providers/entra/scimTenants/main/tokens/first")
	if err != nil {
		log.Fatal(err)
	}
	store := new(scimtoken.MemoryStore)
	_, _, err = client.Ensure(ctx, first.Tenant(), store)
	fmt.Println(errors.Is(err, scimtoken.ErrUnknownToken))

	if err := client.Adopt(ctx, first.Tenant(), store, first, iamscim.NewSecret("from the vault")); err != nil {
		log.Fatal(err)
	}
	name, secret, err := client.Ensure(ctx, first.Tenant(), store)
	fmt.Println(name.ID(), secret.Reveal(), err)

	// Output:
	// true
	// first from the vault <nil>
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
