package iamscim_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"testing"

	"google.golang.org/api/iam/v1"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/claimmap"
	"github.com/iamscim/iamscim/provider"
	"github.com/iamscim/iamscim/provision"
	"github.com/iamscim/iamscim/scimclient"
	"github.com/iamscim/iamscim/scimtenant"
	"github.com/iamscim/iamscim/scimtest"
	"github.com/iamscim/iamscim/scimtoken"
)

// clients is what a program makes once.
type clients struct {
	providers     *provider.Client
	tenants       *scimtenant.Client
	tokens        *scimtoken.Client
	organizations *scimtenant.OrganizationClient
	store         scimtoken.TokenStore
	// push stands for the identity provider.
	push func(*scimclient.Client) (*scimclient.User, *scimclient.Group, error)
}

// The whole job, as the README shows it, on the in-memory Google Cloud.
func Example() {
	ctx := context.Background()
	server, err := embeddedCloud()
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	providers, err1 := provider.NewClient(ctx, server.PipeClientOptions()...)
	tenants, err2 := scimtenant.NewClient(ctx, server.PipeClientOptions()...)
	tokens, err3 := scimtoken.NewClient(ctx, server.PipeClientOptions()...)
	organizations, err4 := scimtenant.NewOrganizationClient(ctx, server.PipeOrganizationClientOptions()...)
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		log.Fatal(err)
	}
	c := clients{providers: providers, tenants: tenants, tokens: tokens, organizations: organizations, store: new(scimtoken.MemoryStore), push: func(client *scimclient.Client) (*scimclient.User, *scimclient.Group, error) {
		user, err := client.Users.Create(ctx, &scimclient.User{
			UserName: "ada@example.com",
			Emails:   []scimclient.MultiValue{{Value: "ada@example.com", Type: scimclient.TypeWork}},
		})
		if err != nil {
			return nil, nil, err
		}
		group, err := client.Groups.Create(ctx, &scimclient.Group{ExternalID: "8c1d2c5e", DisplayName: "engineering"})
		if err != nil {
			return nil, nil, err
		}
		return user, group, client.Groups.AddMembers(ctx, group.ID, []string{user.ID})
	}}
	name, err := scimtenant.ParseName("locations/global/workforcePools/acme-pool/providers/entra/scimTenants/directory")
	if err != nil {
		log.Fatal(err)
	}
	if err := c.provision(ctx, server, name); err != nil {
		log.Fatal(err)
	}
	p, err := providers.Get(ctx, name.Provider())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(p.SCIMUsage)
	tenant, err := tenants.Get(ctx, name)
	if err != nil {
		log.Fatal(err)
	}
	if err := c.rotate(ctx, server, tenant); err != nil {
		log.Fatal(err)
	}
	// Output:
	// ENABLED_FOR_GROUPS
	// the identity provider gets [redacted]
}

func (c clients) provision(ctx context.Context, server *scimtest.Server, name scimtenant.Name) error {
	providers, tenants, tokens, organizations, store := c.providers, c.tenants, c.tokens, c.organizations, c.store
	p, err := providers.Get(ctx, name.Provider())
	if err != nil {
		return err
	}

	mapping, err := claimmap.Parse("google.subject=user.emails[0].value.lowerAscii(),google.group=group.externalId")
	if err != nil {
		return err // every fault, with its place and what is supported
	}
	verdict := claimmap.Compare(p.AttributeMapping, mapping, claimmap.CompareOptions{Vendor: claimmap.EntraID})
	if verdict.Result != claimmap.Consistent {
		return fmt.Errorf("the mappings may name different users: %s", verdict)
	}

	tenant, err := tenants.Create(ctx, scimtenant.CreateRequest{
		Name:         name,
		ClaimMapping: mapping,
		Usage:        iamscim.SCIMUsageGroups,
	})
	if err != nil {
		return err
	}
	_, secret, err := tokens.Ensure(ctx, tenant.Name, store)
	if err != nil {
		return err
	}

	// The README's client reaches Google; this one the in-memory listener.
	client, err := scimclient.New(tenant.BaseURI, secret.TokenSource(), scimclient.WithServiceAgent(tenant.ServiceAgent), scimclient.WithHTTPClient(server.PipeHTTPClient()))
	if err != nil {
		return err
	}
	if _, err := client.WaitToken(ctx); errors.Is(err, scimclient.ErrNotSyncer) {
		if err := organizations.GrantSyncer(ctx, "123456789012", tenant.ServiceAgent); err != nil {
			return err
		}
	}
	if _, err := client.WaitAccess(ctx); err != nil {
		return err
	}

	user, group, err := c.push(client)
	if err != nil {
		return err
	}

	member, err := client.Groups.IsMember(ctx, group.ID, user.ID)
	if err != nil {
		return err
	}
	if !member {
		return errors.New("the directory has not arrived yet")
	}
	_, err = providers.SetSCIMUsage(ctx, name.Provider(), iamscim.SCIMUsageGroups)
	return err
}

func (c clients) rotate(ctx context.Context, server *scimtest.Server, tenant *scimtenant.Tenant) error {
	tokens, store := c.tokens, c.store
	authenticates := func(ctx context.Context, secret scimtoken.Secret) error {
		client, err := scimclient.New(tenant.BaseURI, secret.TokenSource(), scimclient.WithHTTPClient(server.PipeHTTPClient()))
		if err == nil {
			_, err = client.WaitAccess(ctx)
		}
		return err
	}
	setInIDP := func(_ context.Context, _ scimtoken.Name, secret scimtoken.Secret) error {
		fmt.Println("the identity provider gets", secret)
		return nil
	}

	_, err := tokens.Rotate(ctx, scimtoken.RotateRequest{
		Tenant:  tenant.Name,
		Store:   store,
		Verify:  authenticates, // scimclient.Client.WaitAccess with the secret
		Cutover: setInIDP,      // may run again for the same token
	})
	return err
}

// embeddedCloud is a fake with a pool and an Entra ID provider.
func embeddedCloud() (*scimtest.Server, error) {
	server := scimtest.New()
	return server, errors.Join(
		server.AddPool(&iam.WorkforcePool{Name: "locations/global/workforcePools/acme-pool", Parent: "organizations/" + scimtest.DefaultOrganization}),
		server.AddProvider(&iam.WorkforcePoolProvider{
			Name:             "locations/global/workforcePools/acme-pool/providers/entra",
			AttributeMapping: map[string]string{"google.subject": "assertion.email.lowerAscii()"},
			Oidc: &iam.GoogleIamAdminV1WorkforcePoolProviderOidc{
				IssuerUri:    "https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0",
				ClientId:     "f1b1b2c3-0000-4000-8000-acmeacmeacme",
				WebSsoConfig: &iam.GoogleIamAdminV1WorkforcePoolProviderOidcWebSsoConfig{ResponseType: "ID_TOKEN", AssertionClaimsBehavior: "ONLY_ID_TOKEN_CLAIMS"},
			},
		}),
	)
}

func TestSetUpSurvivesALostReply(t *testing.T) {
	acme := scimtest.Acme(t, scimtest.WithSyncerGranted())
	acme.Fail(scimtest.Fault{Method: "POST", Path: "scimTenants", Kind: scimtest.FaultClose, AfterCommit: true})
	clients, err := provision.New(t.Context(), provision.WithServer(acme))
	if err != nil {
		t.Fatal(err)
	}
	if err := setUp(t.Context(), clients, acme.Provider); err != nil { // yours
		t.Fatal(err)
	}
	if n := len(acme.State().Tenants); n != 1 {
		t.Errorf("%d tenants, want 1", n)
	}
}

// setUp stands for the program of a reader.
func setUp(ctx context.Context, clients *provision.Clients, name string) error {
	parsed, err := provider.ParseName(name)
	if err != nil {
		return err
	}
	plan, err := clients.Plan(ctx, provision.Spec{Provider: parsed, Store: &scimtoken.MemoryStore{}, Accept: []string{"entra-no-guests"}})
	if err != nil {
		return err
	}
	_, err = clients.Apply(ctx, plan, provision.ApplyOptions{})
	return err
}
