package scimtest_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"strings"

	"github.com/iamscim/iamscim/scimtest"
	"google.golang.org/api/iam/v1"
)

// A tenant is created as Google's generated client does it, and its SCIM
// service refuses the token until the service agent has its role.
func ExampleNew() {
	srv := scimtest.New()
	defer srv.Close()
	err := srv.Load(strings.NewReader(`{
		"pools": [{"name": "locations/global/workforcePools/acme-pool", "parent": "organizations/123456789012"}],
		"providers": [{
			"name": "locations/global/workforcePools/acme-pool/providers/entra",
			"attributeMapping": {"google.subject": "assertion.oid"},
			"oidc": {"issuerUri": "https://idp.example", "clientId": "c",
				"webSsoConfig": {"responseType": "ID_TOKEN", "assertionClaimsBehavior": "ONLY_ID_TOKEN_CLAIMS"}}
		}]
	}`))
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	service, err := iam.NewService(ctx, srv.PipeClientOptions()...)
	if err != nil {
		log.Fatal(err)
	}
	tenants := service.Locations.WorkforcePools.Providers.ScimTenants
	tenant, err := tenants.Create("locations/global/workforcePools/acme-pool/providers/entra", &iam.WorkforcePoolProviderScimTenant{
		ClaimMapping: map[string]string{"google.subject": "user.externalId", "google.group": "group.externalId"},
	}).WorkforcePoolProviderScimTenantId("tenant-a").Do()
	if err != nil {
		log.Fatal(err)
	}
	token, err := tenants.Tokens.Create(tenant.Name, &iam.WorkforcePoolProviderScimToken{}).WorkforcePoolProviderScimTokenId("token-a").Do()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(tenant.State, tenant.Name)

	req, err := http.NewRequestWithContext(ctx, http.MethodGet, tenant.BaseUri+"/Users", nil)
	if err != nil {
		log.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token.SecurityToken)
	resp, err := srv.PipeHTTPClient().Do(req)
	if err != nil {
		log.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(resp.Status, strings.Contains(string(body), "PERMISSION_DENIED"))
	// Output:
	// ACTIVE locations/global/workforcePools/acme-pool/providers/entra/scimTenants/tenant-a
	// 403 Forbidden true
}

// A fault loses the reply of a write that was made: the caller cannot know.
func ExampleServer_Fail() {
	srv := scimtest.New()
	defer srv.Close()
	srv.Fail(scimtest.Fault{Method: "POST", Path: "locations/global/workforcePools", Kind: scimtest.FaultClose, AfterCommit: true})

	service, err := iam.NewService(context.Background(), srv.PipeClientOptions()...)
	if err != nil {
		log.Fatal(err)
	}
	pool := &iam.WorkforcePool{Parent: "organizations/" + scimtest.DefaultOrganization}
	_, err = service.Locations.WorkforcePools.Create("locations/global", pool).WorkforcePoolId("acme-pool").Do()
	fmt.Println("an error:", err != nil)
	fmt.Println("pools:", len(srv.State().Pools))
	fmt.Println("unused faults:", len(srv.UnusedFaults()))
	// Output:
	// an error: true
	// pools: 1
	// unused faults: 0
}
