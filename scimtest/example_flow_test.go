package scimtest_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"strings"
	"testing"
	"time"

	"google.golang.org/api/googleapi"
	"google.golang.org/api/iam/v1"

	"github.com/iamscim/iamscim/scimtest"
)

// acmeService is Acme with Google's generated client.
func acmeService(opts ...scimtest.Option) (*scimtest.World, *iam.LocationsWorkforcePoolsProvidersService) {
	acme, err := scimtest.NewAcme(opts...)
	if err != nil {
		log.Fatal(err)
	}
	service, err := iam.NewService(context.Background(), acme.PipeClientOptions()...)
	if err != nil {
		log.Fatal(err)
	}
	return acme, service.Locations.WorkforcePools.Providers
}

var byMail = map[string]string{"google.subject": "user.emails[0].value.lowerAscii()", "google.group": "group.externalId"}

// reason is the status and the first line of a refusal.
func reason(err error) string {
	if refused, ok := err.(*googleapi.Error); ok {
		line, _, _ := strings.Cut(refused.Message, "\n")
		return fmt.Sprintf("%d %s", refused.Code, line)
	}
	return fmt.Sprint(err)
}

// In a test, Start and Acme listen on loopback and close with the test.
func ExampleStart() {
	_ = func(t *testing.T) {
		srv := scimtest.Start(t, scimtest.WithSyncerGranted())
		service, err := iam.NewService(t.Context(), srv.ClientOptions()...)
		if err != nil {
			t.Fatal(err)
		}
		_ = service // the program under test takes such options
	}
}

func ExampleNewAcme() {
	acme, err := scimtest.NewAcme()
	if err != nil {
		log.Fatal(err)
	}
	defer acme.Close()
	fmt.Println(acme.Organization, acme.Provider)
	who, err := acme.SignIn(acme.Provider, map[string]any{"email": "Ada@Example.com", "oid": "1"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(who.Subject)
	// Output:
	// 123456789012 locations/global/workforcePools/acme-pool/providers/entra
	// ada@example.com
}

// What people sign in as, once the provider takes its users from SCIM.
func ExampleServer_SignIn() {
	acme, providers := acmeService()
	defer acme.Close()
	tenant := &iam.WorkforcePoolProviderScimTenant{Name: acme.Provider + "/scimTenants/main", ClaimMapping: byMail}
	if _, err := acme.AddTenant(tenant); err != nil {
		log.Fatal(err)
	}
	user := `{"userName":"ada","active":false,"emails":[{"type":"work","value":"ada@example.com"}]}`
	if _, err := acme.AddUser(tenant.Name, []byte(user)); err != nil {
		log.Fatal(err)
	}
	usage := &iam.WorkforcePoolProvider{ScimUsage: "ENABLED_FOR_USERS_GROUPS"}
	if _, err := providers.Patch(acme.Provider, usage).UpdateMask("scimUsage").Do(); err != nil {
		log.Fatal(err)
	}
	_, err := acme.SignIn(acme.Provider, map[string]any{"email": "ada@example.com"})
	fmt.Println(strings.HasSuffix(err.Error(), "is not active."))
	// Output: true
}

// A test can go back to a state that was expensive to make.
func ExampleServer_Snapshot() {
	acme, providers := acmeService()
	defer acme.Close()
	before := acme.Snapshot()
	if _, err := providers.Delete(acme.Provider).Do(); err != nil {
		log.Fatal(err)
	}
	fmt.Println(acme.State().Providers[0].State)
	acme.Restore(before)
	fmt.Println(acme.State().Providers[0].State)
	// Output:
	// DELETED
	// ACTIVE
}

// What a program sent, without the secrets in it, and which rule refused it.
func ExampleServer_Requests() {
	acme, providers := acmeService()
	defer acme.Close()
	_, _ = providers.ScimTenants.Create(acme.Provider, &iam.WorkforcePoolProviderScimTenant{
		ClaimMapping: map[string]string{"google.subject": "user.mail", "google.group": "group.externalId"},
	}).WorkforcePoolProviderScimTenantId("main").Do()
	for _, r := range acme.Requests() {
		fmt.Println(r.Method, r.Status, r.Rule)
	}
	// Output: POST 400 ClaimMapping
}

// Replication is lag between a write and the reads that see it. The clock is the
// test's.
func ExampleWithReplicationLag() {
	now := time.Date(2026, 11, 1, 10, 0, 0, 0, time.UTC)
	acme, providers := acmeService(
		scimtest.WithReplicationLag(80*time.Second),
		scimtest.WithClock(func() time.Time { return now }))
	defer acme.Close()
	tenant := &iam.WorkforcePoolProviderScimTenant{ClaimMapping: byMail}
	made, err := providers.ScimTenants.Create(acme.Provider, tenant).WorkforcePoolProviderScimTenantId("main").Do()
	if err != nil {
		log.Fatal(err)
	}
	_, err = providers.ScimTenants.Get(made.Name).Do()
	fmt.Println(reason(err))
	now = now.Add(80 * time.Second)
	_, err = providers.ScimTenants.Get(made.Name).Do()
	fmt.Println(err)
	// Output:
	// 404 Requested entity was not found.
	// <nil>
}

// What Google's pages leave open can be answered otherwise.
func ExampleWithBehavior() {
	for _, answer := range []string{"FAILED_PRECONDITION", "ALREADY_EXISTS"} {
		acme, providers := acmeService(scimtest.WithBehavior(scimtest.SecondTenant, answer))
		if _, err := acme.AddTenant(&iam.WorkforcePoolProviderScimTenant{Name: acme.Provider + "/scimTenants/main", ClaimMapping: byMail}); err != nil {
			log.Fatal(err)
		}
		_, err := providers.ScimTenants.Create(acme.Provider, &iam.WorkforcePoolProviderScimTenant{ClaimMapping: byMail}).WorkforcePoolProviderScimTenantId("other").Do()
		fmt.Println(err.(*googleapi.Error).Code)
		acme.Close()
	}
	// Output:
	// 400
	// 409
}

// A caller without a permission.
func ExampleWithDeniedPermissions() {
	acme, providers := acmeService(scimtest.WithDeniedPermissions("iam.workforcePoolProviders.get"))
	defer acme.Close()
	_, err := providers.Get(acme.Provider).Do()
	fmt.Println(strings.HasPrefix(reason(err), "403 Permission 'iam.workforcePoolProviders.get' denied"))
	// Output: true
}

// The quota of a tenant, for programs that pace themselves.
func ExampleWithQuota() {
	acme, _ := acmeService(scimtest.WithQuota(1), scimtest.WithSyncerGranted())
	defer acme.Close()
	tenant, err := acme.AddTenant(&iam.WorkforcePoolProviderScimTenant{Name: acme.Provider + "/scimTenants/main", ClaimMapping: byMail})
	if err != nil {
		log.Fatal(err)
	}
	token, err := acme.AddToken(&iam.WorkforcePoolProviderScimToken{Name: tenant.Name + "/tokens/first"})
	if err != nil {
		log.Fatal(err)
	}
	for range 2 {
		req, err := http.NewRequest(http.MethodGet, tenant.BaseUri+"/Users", nil)
		if err != nil {
			log.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+token.SecurityToken)
		resp, err := acme.PipeHTTPClient().Do(req)
		if err != nil {
			log.Fatal(err)
		}
		resp.Body.Close()
		fmt.Println(resp.Status)
	}
	// Output:
	// 200 OK
	// 429 Too Many Requests
}
