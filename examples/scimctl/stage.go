package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/provider"
	"github.com/iamscim/iamscim/provision"
	"github.com/iamscim/iamscim/provision/idp"
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
	defer func() {
		if err != nil {
			world.Close()
		}
	}()
	j.clients, err = provision.New(ctx, provision.WithServer(world), provision.WithRetry(iamscim.RetryPolicy{Initial: 10 * time.Millisecond, Budget: 10 * time.Second}))
	if err != nil {
		return nil, err
	}
	name, err := provider.ParseName(world.Provider)
	if err != nil {
		return nil, err
	}
	j.half = &demoIDP{connect: func(base string, token iamscim.Secret) (*scimclient.Client, error) {
		return scimclient.New(base, token.TokenSource(), scimclient.WithHTTPClient(world.PipeHTTPClient()))
	}}
	j.spec = &provision.Spec{
		Provider: name, Store: &scimtoken.MemoryStore{}, Accept: []string{"entra-no-guests"}, IdentityProvider: j.half,
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
	return world.Close, nil
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

// demoIDP pushes three users and a group.
type demoIDP struct {
	connect func(base string, token iamscim.Secret) (*scimclient.Client, error)

	mu    sync.Mutex
	state idp.Status
}

func (d *demoIDP) Status(context.Context) (*idp.Status, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	state := d.state
	return &state, nil
}

func (d *demoIDP) SetUp(ctx context.Context, c idp.Connection) error {
	client, err := d.connect(c.BaseURI, c.Token)
	if err != nil {
		return err
	}
	if _, err := client.CheckAccess(ctx); err != nil {
		return err
	}
	var ids []string
	for _, name := range []string{"ada", "alan", "grace"} {
		user, err := client.Users.Find(ctx, name+"@example.com")
		if errors.Is(err, scimclient.ErrNotFound) {
			user, err = client.Users.Create(ctx, &scimclient.User{
				UserName: name + "@example.com", ExternalID: "id-" + name, Active: new(true),
				Emails: []scimclient.MultiValue{{Value: name + "@example.com", Type: scimclient.TypeWork}},
			})
		}
		if err != nil {
			return err
		}
		ids = append(ids, user.ID)
	}
	group, err := client.Groups.Find(ctx, "engineering")
	if errors.Is(err, scimclient.ErrNotFound) {
		group, err = client.Groups.Create(ctx, &scimclient.Group{DisplayName: "engineering", ExternalID: "id-engineering"})
	}
	if err != nil {
		return err
	}
	if err := client.Groups.AddMembers(ctx, group.ID, ids[:2]); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.state = idp.Status{BaseURI: c.BaseURI, Running: true, FirstCycle: time.Now(), LastSuccess: time.Now()}
	return nil
}

func (d *demoIDP) CutOver(ctx context.Context, c idp.Connection) error { return d.SetUp(ctx, c) }

func (d *demoIDP) Push(context.Context, string) (*idp.Attempt, error) { return &idp.Attempt{}, nil }
func (d *demoIDP) Why(context.Context, string) (*idp.Attempt, error)  { return &idp.Attempt{}, nil }

func (d *demoIDP) Stop(context.Context) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.state.Running = false
	return nil
}
