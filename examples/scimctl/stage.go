package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/provider"
	"github.com/iamscim/iamscim/provision"
	"github.com/iamscim/iamscim/provision/entra"
	"github.com/iamscim/iamscim/provision/entratest"
	"github.com/iamscim/iamscim/provision/idp"
	"github.com/iamscim/iamscim/provision/secretmanager"
	"github.com/iamscim/iamscim/scimclient"
	"github.com/iamscim/iamscim/scimtenant"
	"github.com/iamscim/iamscim/scimtest"
	"github.com/iamscim/iamscim/scimtoken"
)

// stages are the states.
const stages = "empty, half-done, provisioned, drifted, wrong-mapping, no-members, locked-out or empty-directory"

// stage sets up an in-memory Google Cloud in one of the states, with an identity
// provider that pushes as soon as it's set up.
func (j *setupJob) stage(ctx context.Context, state string) (done func(), err error) {
	world, err := scimtest.NewAcme()
	if err != nil {
		return nil, err
	}
	end := world.Close
	defer func() {
		if err != nil {
			end()
		}
	}()
	retry := iamscim.RetryPolicy{Initial: 10 * time.Millisecond, Budget: 10 * time.Second}
	j.clients, err = provision.New(ctx, provision.WithServer(world), provision.WithRetry(retry))
	if err != nil {
		return nil, err
	}
	name, err := provider.ParseName(world.Provider)
	if err != nil {
		return nil, err
	}
	half, err := newDemoIDP(world.PipeHTTPClient())
	if err != nil {
		return nil, err
	}
	j.half = half
	end = func() { half.directory.Close(); world.Close() }
	store, err := secretmanager.NewStore(ctx, "projects/acme-prod/secrets/scim-token",
		append(world.PipeSecretManagerClientOptions(), secretmanager.WithCreate(), secretmanager.WithRetry(retry))...)
	if err != nil {
		return nil, err
	}
	j.spec = &provision.Spec{
		Provider: name, Store: store, Accept: []string{"entra-no-guests"}, IdentityProvider: j.half,
		Ready: provision.Ready{Users: []string{"ada@example.com"}, Groups: map[string][]string{"engineering": {"ada@example.com", "alan@example.com"}}},
	}
	if err := j.play(ctx, state); err != nil {
		return nil, err
	}
	if t, err := j.clients.Tenants.InPool(ctx, name.Pool()); err == nil && j.tenantUID == "" {
		j.tenantUID = t.UID()
	} else if j.tenantUID == "" {
		j.tenantUID = "none"
	}
	j.provider = name.String()
	return end, nil
}

// play leads to a state.
func (j *setupJob) play(ctx context.Context, state string) error {
	if state == "empty" {
		return nil
	}
	p, err := j.clients.Plan(ctx, *j.spec)
	if err != nil {
		return err
	}
	switch state {
	case "half-done":
		_, _, err = j.clients.Tenants.Ensure(ctx, scimtenant.CreateRequest{Name: p.Tenant, ClaimMapping: p.Mapping, Usage: iamscim.SCIMUsageGroups})
		return err
	case "locked-out": // for users and groups
		j.spec.Usage, j.spec.Ready = iamscim.SCIMUsageUsersAndGroups, provision.Ready{EnableBeforeSync: true}
		if p, err = j.clients.Plan(ctx, *j.spec); err != nil {
			return err
		}
	case "provisioned", "drifted", "wrong-mapping", "no-members", "empty-directory":
	default:
		return fmt.Errorf("-demo is %q: must be %s", state, stages)
	}
	if _, err := j.clients.Apply(ctx, p, provision.ApplyOptions{Wait: true}); err != nil || state == "provisioned" {
		return err
	}
	tenant, err := j.clients.Tenants.Get(ctx, p.Tenant)
	if err != nil {
		return err
	}
	if state == "wrong-mapping" {
		_, err := j.clients.Providers.Update(ctx, provider.UpdateRequest{Name: j.spec.Provider, AttributeMapping: map[string]string{"google.subject": "assertion.oid"}})
		return err
	}
	if state != "drifted" {
		return j.spoil(ctx, tenant, state)
	}
	_, err = j.clients.Providers.SetSCIMUsage(ctx, j.spec.Provider, iamscim.SCIMUsageNone)
	return errors.Join(err, j.clients.Organizations.RevokeSyncer(ctx, p.Organization, tenant.ServiceAgent), j.half.Stop(ctx))
}

// spoil changes the directory, as an identity provider with a wrong setting does.
func (j *setupJob) spoil(ctx context.Context, tenant *scimtenant.Tenant, state string) error {
	stored, err := scimtoken.Inspect(ctx, j.spec.Store)
	if err != nil {
		return err
	}
	client, err := j.clients.SCIM(tenant, stored.Secret)
	if err != nil {
		return err
	}
	group, err := client.Groups.Find(ctx, "engineering")
	if err != nil {
		return err
	}
	for user, err := range client.Users.List(ctx, scimclient.Filter{}) {
		if err == nil {
			switch state {
			case "no-members":
				err = client.Groups.RemoveMembers(ctx, group.ID, []string{user.ID})
			case "locked-out":
				err = client.Users.Patch(ctx, user.ID, new(scimclient.Patch).Deactivate())
			case "empty-directory":
				err = client.Users.Delete(ctx, user.ID)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// demoIDP is an Entra ID in memory. A cycle runs when it's set up, and nobody waits
// for the next one.
type demoIDP struct {
	*entra.Client
	directory *entratest.Server
}

// newDemoIDP has three people, and a group of two of them.
func newDemoIDP(google *http.Client) (d *demoIDP, err error) {
	d = &demoIDP{directory: entratest.New(entratest.WithSCIMClient(google))}
	var ids []string
	for _, name := range []string{"ada", "alan", "grace"} {
		id, failed := d.directory.AddUser(entratest.User{UserPrincipalName: name + "@example.com", Mail: name + "@example.com"})
		ids, err = append(ids, id), errors.Join(err, failed)
	}
	group, failed := d.directory.AddGroup(entratest.Group{DisplayName: "engineering"})
	if err = errors.Join(err, failed, d.directory.AddMember(group, ids[0]), d.directory.AddMember(group, ids[1])); err == nil {
		d.Client, err = entra.New(entra.Config{
			TenantID: entratest.DefaultTenant, ClientID: entratest.DefaultClientID, ClientSecret: iamscim.NewSecret(entratest.DefaultClientSecret),
			AppName: "Google Cloud", Assign: []string{group, ids[2]}, HTTPClient: d.directory.PipeHTTPClient(), Endpoint: "http://localhost", LoginEndpoint: "http://localhost",
		})
	}
	if err != nil {
		d.directory.Close()
	}
	return d, err
}

// SetUp sets Entra ID up, and lets it push everybody.
func (d *demoIDP) SetUp(ctx context.Context, c idp.Connection) error {
	if err := d.Client.SetUp(ctx, c); err != nil {
		return err
	}
	return d.directory.Advance(ctx, 40*time.Minute)
}
