package scimtenant_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"google.golang.org/api/iam/v1"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/claimmap"
	"github.com/iamscim/iamscim/provider"
	"github.com/iamscim/iamscim/scimtenant"
	"github.com/iamscim/iamscim/scimtest"
)

// acme is an in-memory Google Cloud with the workforce pool acme-pool and its
// provider entra; examples use it where a program would use the service. With a
// UID the provider has the tenant main.
func acme(uid string) *scimtest.Server {
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
	if uid != "" {
		_, err := srv.AddTenant(&iam.WorkforcePoolProviderScimTenant{Name: tenantText, ClaimMapping: entraMapping().Map(), BaseUri: "https://iamscim.googleapis.com/v1alpha1/tenants/" + uid})
		check(err)
	}
	return srv
}

func ExampleNewClient() {
	srv := acme("")
	defer srv.Close()
	ctx := context.Background()
	// Without options the client uses Application Default Credentials.
	client, err := scimtenant.NewClient(ctx, srv.PipeClientOptions()...)
	if err != nil {
		log.Fatal(err)
	}
	name, err := scimtenant.ParseName("locations/global/workforcePools/acme-pool/providers/entra/scimTenants/main")
	if err != nil {
		log.Fatal(err)
	}
	_, err = client.Get(ctx, name)
	fmt.Println(errors.Is(err, iamscim.ErrNotFound))

	// Output:
	// true
}

func ExampleNewName() {
	parent, err := provider.ParseName("locations/global/workforcePools/acme-pool/providers/entra")
	if err != nil {
		log.Fatal(err)
	}
	name, err := scimtenant.NewName(parent, "main")
	fmt.Println(name, err)
	_, err = scimtenant.NewName(parent, "m")
	fmt.Println(err)

	// Output:
	// locations/global/workforcePools/acme-pool/providers/entra/scimTenants/main <nil>
	// scimtenant: SCIM tenant ID "m": must be 4 to 32 characters
}

func ExampleParseName() {
	name, err := scimtenant.ParseName("locations/global/workforcePools/acme-pool/providers/entra/scimTenants/main")
	fmt.Println(name.ID(), "of", name.Provider().ID(), err)

	// Output:
	// main of entra <nil>
}

// The claim mapping can never be changed, so it is checked for the usage that
// the provider will have before anything is sent.
func ExampleClient_Create() {
	srv := acme("")
	defer srv.Close()
	ctx := context.Background()
	client, err := scimtenant.NewClient(ctx, srv.PipeClientOptions()...)
	if err != nil {
		log.Fatal(err)
	}
	name, err := scimtenant.ParseName("locations/global/workforcePools/acme-pool/providers/entra/scimTenants/main")
	if err != nil {
		log.Fatal(err)
	}
	tenant, err := client.Create(ctx, scimtenant.CreateRequest{
		Name: name, DisplayName: "Acme's directory",
		ClaimMapping: claimmap.Recommended(claimmap.EntraID),
		Usage:        iamscim.SCIMUsageGroups,
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(tenant.State, tenant.ClaimMapping["google.subject"])

	// A pool has one tenant.
	other, err := scimtenant.NewName(name.Provider(), "other")
	if err != nil {
		log.Fatal(err)
	}
	_, err = client.Create(ctx, scimtenant.CreateRequest{Name: other, ClaimMapping: claimmap.Recommended(claimmap.EntraID), Usage: iamscim.SCIMUsageGroups})
	var e *iamscim.Error
	if errors.Is(err, scimtenant.ErrPoolOccupied) && errors.As(err, &e) {
		fmt.Println(e.Remedy)
	}

	// Output:
	// ACTIVE user.emails[0].value.lowerAscii()
	// use locations/global/workforcePools/acme-pool/providers/entra/scimTenants/main, or hard-delete it to free the pool
}

// A soft-deleted tenant blocks its pool for 30 days; a hard delete frees it.
func ExampleClient_HardDelete() {
	srv := acme("abc123")
	defer srv.Close()
	ctx := context.Background()
	client, err := scimtenant.NewClient(ctx, srv.PipeClientOptions()...)
	if err != nil {
		log.Fatal(err)
	}
	name, err := scimtenant.ParseName("locations/global/workforcePools/acme-pool/providers/entra/scimTenants/main")
	if err != nil {
		log.Fatal(err)
	}
	tenant, err := client.Delete(ctx, name)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(tenant.State, !tenant.PurgeTime.IsZero())
	if err := client.HardDelete(ctx, name, scimtenant.HardDeleteOptions{}); err != nil {
		log.Fatal(err)
	}
	_, err = client.Get(ctx, name)
	fmt.Println(errors.Is(err, iamscim.ErrNotFound))

	// Output:
	// DELETED true
	// true
}

// Another claim mapping means another tenant, and much to do again.
func ExampleClient_Replace() {
	srv := acme("abc123")
	defer srv.Close()
	ctx := context.Background()
	client, err := scimtenant.NewClient(ctx, srv.PipeClientOptions()...)
	if err != nil {
		log.Fatal(err)
	}
	name, err := scimtenant.ParseName("locations/global/workforcePools/acme-pool/providers/entra/scimTenants/main")
	if err != nil {
		log.Fatal(err)
	}
	replaced, err := client.Replace(ctx, name, scimtenant.ReplaceRequest{
		ClaimMapping:     claimmap.Recommended(claimmap.Okta),
		Usage:            iamscim.SCIMUsageGroups,
		AcceptNewBaseURI: true,
	})
	var unfinished *scimtenant.ReplaceError
	if errors.As(err, &unfinished) {
		// The old tenant is gone: what is missing is this.
		_, err = client.Create(ctx, unfinished.Request)
	}
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(replaced.Old.ClaimMapping["google.group"], "is now", replaced.New.ClaimMapping["google.group"])
	fmt.Println(replaced.Redo[0])

	// Output:
	// group.externalId is now group.displayName
	// Create a token for locations/global/workforcePools/acme-pool/providers/entra/scimTenants/main: the old tokens are dead.
}

func ExampleTenant_IDPSettings() {
	tenant := &scimtenant.Tenant{BaseURI: "https://iamscim.googleapis.com/v1alpha1/tenants/abc123"}
	fmt.Print(tenant.IDPSettings(claimmap.EntraID))

	// Output:
	// Provisioning > Admin Credentials: Tenant URL = https://iamscim.googleapis.com/v1alpha1/tenants/abc123?aadOptscim062020 (the suffix makes PATCH requests follow RFC 7644)
	// Provisioning > Admin Credentials: Secret token = the SCIM token
	// Provisioning > Attribute mapping > Provision Microsoft Entra ID Users: externalId = objectId (Entra's default is mailNickname)
}

func ExampleServiceAgentEmail() {
	fmt.Println(scimtenant.ServiceAgentEmail("123456789012", "abc123"))

	// Output:
	// o-123456789012-abc123@gcp-sa-iamscim.iam.gserviceaccount.com
}

func ExampleNewOrganizationClient() {
	srv := acme("abc123")
	defer srv.Close()
	ctx := context.Background()
	// Often another principal than that of the IAM client.
	client, err := scimtenant.NewOrganizationClient(ctx, srv.PipeOrganizationClientOptions()...)
	if err != nil {
		log.Fatal(err)
	}
	has, err := client.HasSyncer(ctx, "123456789012", scimtenant.ServiceAgentEmail("123456789012", "abc123"))
	fmt.Println(has, err)

	// Output:
	// false <nil>
}

// A tenant's tokens act as its service agent, which needs a role on the
// organization. Google usually grants it.
func ExampleOrganizationClient_GrantSyncer() {
	srv := acme("abc123")
	defer srv.Close()
	ctx := context.Background()
	tenants, err := scimtenant.NewClient(ctx, srv.PipeClientOptions()...)
	if err != nil {
		log.Fatal(err)
	}
	name, err := scimtenant.ParseName("locations/global/workforcePools/acme-pool/providers/entra/scimTenants/main")
	if err != nil {
		log.Fatal(err)
	}
	tenant, err := tenants.Get(ctx, name)
	if err != nil {
		log.Fatal(err)
	}
	organization, err := scimtenant.NewOrganizationClient(ctx, srv.PipeOrganizationClientOptions()...)
	if err != nil {
		log.Fatal(err)
	}
	if err := organization.GrantSyncer(ctx, "123456789012", tenant.ServiceAgent); err != nil {
		log.Fatal(err)
	}
	fmt.Println(organization.HasSyncer(ctx, "123456789012", tenant.ServiceAgent))

	// The agents of other organizations are refused before anything is sent.
	fmt.Println(organization.GrantSyncer(ctx, "999", tenant.ServiceAgent))

	// Output:
	// true <nil>
	// scimtenant: grant syncer organizations/999: invalid argument: serviceAgent: "o-123456789012-abc123@gcp-sa-iamscim.iam.gserviceaccount.com" is not a service agent of organization 999
}

// A policy is read, changed and set: its etag keeps the changes of others.
func ExampleClient_SetPolicy() {
	srv := acme("abc123")
	defer srv.Close()
	ctx := context.Background()
	client, err := scimtenant.NewClient(ctx, srv.PipeClientOptions()...)
	if err != nil {
		log.Fatal(err)
	}
	name, err := scimtenant.ParseName("locations/global/workforcePools/acme-pool/providers/entra/scimTenants/main")
	if err != nil {
		log.Fatal(err)
	}
	policy, err := client.GetPolicy(ctx, name)
	if err != nil {
		log.Fatal(err)
	}
	policy.Bindings = append(policy.Bindings, scimtenant.Binding{Role: "roles/iam.workforcePoolViewer", Members: []string{"group:audit@example.com"}})
	if _, err := client.SetPolicy(ctx, name, policy); err != nil {
		log.Fatal(err)
	}
	_, err = client.SetPolicy(ctx, name, policy) // the same one again
	fmt.Println(errors.Is(err, iamscim.ErrAborted))

	// Output:
	// true
}
