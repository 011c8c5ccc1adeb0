package provider_test

import (
	"context"
	"fmt"
	"log"

	"github.com/iamscim/iamscim/provider"
)

// Somebody has left: the sessions end at once, and the subject can't sign in again.
func ExampleNewSubjectName() {
	srv := acme()
	defer srv.Close()
	ctx := context.Background()
	client, err := provider.NewClient(ctx, srv.PipeClientOptions()...)
	if err != nil {
		log.Fatal(err)
	}
	pool, err := provider.ParsePoolName(poolText)
	if err != nil {
		log.Fatal(err)
	}
	eve, err := provider.NewSubjectName(pool, "eve@example.com")
	if err != nil {
		log.Fatal(err)
	}
	if err := client.RevokeSessions(ctx, eve); err != nil {
		log.Fatal(err)
	}
	if err := client.DeleteSubject(ctx, eve); err != nil {
		log.Fatal(err)
	}
	fmt.Println(eve)
	// Output: locations/global/workforcePools/acme-pool/subjects/eve%40example.com
}
