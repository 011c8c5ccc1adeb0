package entra_test

import (
	"context"
	"fmt"
	"log"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/provision/entra"
	"github.com/iamscim/iamscim/provision/entratest"
)

// A client for an application that nobody has set up yet.
func ExampleNew() {
	srv := entratest.New()
	defer srv.Close()
	client, err := entra.New(entra.Config{
		TenantID: entratest.DefaultTenant, ClientID: entratest.DefaultClientID,
		ClientSecret: iamscim.NewSecret(entratest.DefaultClientSecret),
		AppName:      "Google Cloud SCIM",
		// Only because the server is in memory:
		HTTPClient: srv.PipeHTTPClient(), Endpoint: "http://127.0.0.1", LoginEndpoint: "http://127.0.0.1",
	})
	if err != nil {
		log.Fatal(err)
	}
	status, err := client.Status(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	for _, issue := range status.Issues {
		fmt.Println(issue)
	}
	// Output: no-job: there is no application with the name Google Cloud SCIM
}
