package secretmanager_test

import (
	"context"
	"fmt"
	"log"

	"google.golang.org/api/iam/v1"

	"github.com/iamscim/iamscim/provision/secretmanager"
	"github.com/iamscim/iamscim/scimtenant"
	"github.com/iamscim/iamscim/scimtest"
	"github.com/iamscim/iamscim/scimtoken"
)

// One host makes the first token, and another one reads it.
func ExampleNewStore() {
	ctx := context.Background()
	acme, err := scimtest.NewAcme()
	if err != nil {
		log.Fatal(err)
	}
	defer acme.Close()
	if _, err := acme.AddTenant(&iam.WorkforcePoolProviderScimTenant{Name: acme.Provider + "/scimTenants/main", ClaimMapping: map[string]string{
		"google.subject": "user.emails[0].value.lowerAscii()", "google.group": "group.externalId",
	}}); err != nil {
		log.Fatal(err)
	}
	tenant, err := scimtenant.ParseName(acme.Provider + "/scimTenants/main")
	if err != nil {
		log.Fatal(err)
	}
	tokens, err := scimtoken.NewClient(ctx, acme.PipeClientOptions()...)
	if err != nil {
		log.Fatal(err)
	}

	// Without these options the store uses Application Default Credentials.
	opts := append(acme.PipeSecretManagerClientOptions(), secretmanager.WithCreate("europe-west3"))
	store, err := secretmanager.NewStore(ctx, "projects/acme-prod/secrets/scim-token", opts...)
	if err != nil {
		log.Fatal(err)
	}
	made, _, err := tokens.Ensure(ctx, tenant, store)
	if err != nil {
		log.Fatal(err)
	}

	elsewhere, err := secretmanager.NewStore(ctx, "projects/acme-prod/secrets/scim-token", acme.PipeSecretManagerClientOptions()...)
	if err != nil {
		log.Fatal(err)
	}
	stored, err := scimtoken.Inspect(ctx, elsewhere)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("the same token:", stored.Current == made)
	fmt.Println("its secret:", stored.Secret)
	// Output:
	// the same token: true
	// its secret: [redacted]
}
