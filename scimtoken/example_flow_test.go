package scimtoken_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/iamscim/iamscim/scimtenant"
	"github.com/iamscim/iamscim/scimtoken"
)

// What the record says, without a request to Google Cloud.
func ExampleInspect() {
	srv := acme()
	defer srv.Close()
	ctx := context.Background()
	client, err := scimtoken.NewClient(ctx, srv.PipeClientOptions()...)
	if err != nil {
		log.Fatal(err)
	}
	tenant, err := scimtenant.ParseName(tenantText)
	if err != nil {
		log.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	store := scimtoken.NewFileStore(filepath.Join(dir, "token.json"))
	name, _, err := client.Ensure(ctx, tenant, store)
	if err != nil {
		log.Fatal(err)
	}
	stored, err := scimtoken.Inspect(ctx, store)
	if err != nil {
		log.Fatal(err)
	}
	live, secret := stored.Live()
	fmt.Println(live == name, secret, stored.Next.IsZero())
	_, made := name.Created()
	fmt.Println("the SDK made it:", made)
	// Output:
	// true [redacted] true
	// the SDK made it: true
}

// The identity provider is set up anew and needs the token that it had.
func ExampleClient_HandOver() {
	srv := acme()
	defer srv.Close()
	ctx := context.Background()
	client, err := scimtoken.NewClient(ctx, srv.PipeClientOptions()...)
	if err != nil {
		log.Fatal(err)
	}
	tenant, err := scimtenant.ParseName(tenantText)
	if err != nil {
		log.Fatal(err)
	}
	store := new(scimtoken.MemoryStore)
	made, _, err := client.Ensure(ctx, tenant, store)
	if err != nil {
		log.Fatal(err)
	}
	err = client.HandOver(ctx, tenant, store, func(_ context.Context, name scimtoken.Name, secret scimtoken.Secret) error {
		fmt.Println(name == made, secret)
		return nil
	})
	fmt.Println(err)
	// Output:
	// true [redacted]
	// <nil>
}
