package discoveryengine_test

import (
	"context"
	"fmt"
	"log"

	"google.golang.org/api/iam/v1"

	"github.com/iamscim/iamscim/claimmap"
	"github.com/iamscim/iamscim/scimclient/audit"
	"github.com/iamscim/iamscim/scimclient/audit/discoveryengine"
	"github.com/iamscim/iamscim/scimtest"
)

// What Gemini Enterprise knows of a group of the directory.
func ExampleNew() {
	acme, err := scimtest.NewAcme()
	if err != nil {
		log.Fatal(err)
	}
	defer acme.Close()
	tenant, err := acme.AddTenant(&iam.WorkforcePoolProviderScimTenant{
		Name: acme.Provider + "/scimTenants/main", ClaimMapping: claimmap.Recommended(claimmap.EntraID).Map(),
	})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := acme.AddGroup(tenant.Name, []byte(`{"displayName":"engineers","externalId":"g-1"}`)); err != nil {
		log.Fatal(err)
	}
	service, err := iam.NewService(context.Background(), acme.PipeClientOptions()...)
	if err != nil {
		log.Fatal(err)
	}
	usage := &iam.WorkforcePoolProvider{ScimUsage: "ENABLED_FOR_GROUPS"}
	if _, err := service.Locations.WorkforcePools.Providers.Patch(acme.Provider, usage).UpdateMask("scimUsage").Do(); err != nil {
		log.Fatal(err)
	}
	// In a program: an *http.Client with Google credentials, and no endpoint.
	witness, err := discoveryengine.New("projects/acme-prod/locations/global/collections/default_collection/engines/search",
		acme.PipeHTTPClient(), discoveryengine.WithEndpoint("http://127.0.0.1"))
	if err != nil {
		log.Fatal(err)
	}
	source, known, err := witness.Groups(context.Background(), []audit.WitnessGroup{{Value: "g-1"}, {Value: "g-2"}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(source, known)
	// Output: SCIM [true false]
}
