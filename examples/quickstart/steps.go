package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/claimmap"
	"github.com/iamscim/iamscim/provider"
	"github.com/iamscim/iamscim/scimclient"
	"github.com/iamscim/iamscim/scimtenant"
	"github.com/iamscim/iamscim/scimtoken"
)

// job is the whole job: its clients, and what the steps hand on.
type job struct {
	out   io.Writer
	where string

	providers     *provider.Client
	tenants       *scimtenant.Client
	tokens        *scimtoken.Client
	organizations *scimtenant.OrganizationClient
	http          *http.Client // for the SCIM service
	retry         iamscim.RetryPolicy
	store         scimtoken.TokenStore

	organization string
	provider     provider.Name

	vendor  claimmap.Vendor
	mapping claimmap.Mapping
	tenant  *scimtenant.Tenant
	scim    *scimclient.Client
	first   scimtoken.Name
	granted bool // by this run, so this run revokes it
	users   []*scimclient.User
	group   *scimclient.Group
}

// people are what the identity provider will push.
var people = []struct{ given, family, mail, objectID string }{
	{"Ada", "Lovelace", "Ada.Lovelace@example.com", "3f0a7a7e-0000-4000-8000-000000000001"},
	{"Alan", "Turing", "alan.turing@example.com", "3f0a7a7e-0000-4000-8000-000000000002"},
	{"Grace", "Hopper", "grace.hopper@example.com", "3f0a7a7e-0000-4000-8000-000000000003"},
}

const (
	groupName     = "engineering"
	groupObjectID = "8c1d2c5e-0000-4000-8000-00000000000a"
)

// run performs the steps in order and stops at the first that does not hold.
func (j *job) run(ctx context.Context) error {
	steps := []struct {
		title string
		do    func(context.Context) error
	}{
		{"Check the claim mapping against the provider", j.checkMapping},
		{"Create the SCIM tenant", j.createTenant},
		{"Create the token and store it", j.createToken},
		{"Check access, and give the service agent its role", j.access},
		{"Push three users and a group, as the identity provider does", j.push},
		{"Verify a user, the group and a membership", j.verify},
		{"Switch the provider to SCIM for groups", j.switchOn},
		{"Rotate the token", j.rotate},
		{"Tear down: usage off, then the tenant for good", j.tearDown},
	}
	j.line("SCIM provisioning for %s", j.provider)
	j.line("on %s", j.where)
	begin := time.Now()
	for i, step := range steps {
		j.line("\n%d. %s", i+1, step.title)
		if err := step.do(ctx); err != nil {
			err = fmt.Errorf("step %d (%s) failed: %w", i+1, step.title, err)
			if left := j.leftBehind(); left != "" {
				err = fmt.Errorf("%w\n%s", err, left)
			}
			return err
		}
	}
	j.line("\nAll %d steps held, in %.1f s.", len(steps), time.Since(begin).Seconds())
	return nil
}

func (j *job) line(format string, args ...any) { fmt.Fprintf(j.out, format+"\n", args...) }

// found prints one finding of a step.
func (j *job) found(label, format string, args ...any) {
	fmt.Fprintf(j.out, "   %-16s %s\n", label, fmt.Sprintf(format, args...))
}

// leftBehind says what a failed run has made and how to remove it.
func (j *job) leftBehind() string {
	if j.tenant == nil {
		return ""
	}
	return fmt.Sprintf("left behind: %s\nremove it with: gcloud iam workforce-pools providers scim-tenants delete %s --workforce-pool=%s --provider=%s --location=global --hard-delete",
		j.tenant.Name, j.tenant.Name.ID(), j.provider.Pool().ID(), j.provider.ID())
}

func (j *job) checkMapping(ctx context.Context) error {
	pool, err := j.providers.GetPool(ctx, j.provider.Pool())
	if err != nil {
		return err
	}
	if pool.Organization != j.organization {
		return fmt.Errorf("%s belongs to organization %s, not %s: correct -organization or -pool", pool.Name, pool.Organization, j.organization)
	}
	p, err := j.providers.Get(ctx, j.provider)
	if err != nil {
		return err
	}
	if p.SCIMUsage.Enabled() {
		return fmt.Errorf("%s uses SCIM already (%s): choose a provider whose directory is not in use", p.Name, p.SCIMUsage)
	}
	j.vendor = claimmap.VendorOf(string(p.VendorType), p.Issuer())
	j.mapping = claimmap.Recommended(j.vendor)
	if err := j.mapping.Validate(iamscim.SCIMUsageGroups); err != nil {
		return fmt.Errorf("no claim mapping is recommended for %s (vendor %s): %w", p.Name, j.vendor, err)
	}
	verdict := claimmap.Compare(p.AttributeMapping, j.mapping, claimmap.CompareOptions{Vendor: j.vendor})
	j.found("identity provider", "%s", j.vendor)
	j.found("provider maps", "google.subject=%s", p.AttributeMapping["google.subject"])
	j.found("tenant will map", "%s", j.mapping)
	j.found("verdict", "%s: %s", verdict.Result, verdict.Reason)
	for _, setting := range verdict.Requires {
		j.found("provided that", "%s", setting)
	}
	if verdict.Result != claimmap.Consistent {
		return fmt.Errorf("users of %s would be in no group: map %s", p.Name, verdict.Suggestion)
	}
	return nil
}

func (j *job) createTenant(ctx context.Context) error {
	name, err := scimtenant.NewName(j.provider, "quickstart")
	if err != nil {
		return err
	}
	tenant, err := j.tenants.Create(ctx, scimtenant.CreateRequest{
		Name: name, DisplayName: "Quickstart", ClaimMapping: j.mapping, Usage: iamscim.SCIMUsageGroups,
	})
	if err != nil {
		return err
	}
	j.tenant = tenant
	if tenant.ServiceAgent == "" {
		tenant.ServiceAgent = scimtenant.ServiceAgentEmail(j.organization, tenant.UID())
	}
	j.found("tenant", "%s (%s)", tenant.Name.ID(), tenant.State)
	j.found("base URI", "%s", tenant.BaseURI)
	j.found("UID", "%s", tenant.UID())
	j.found("service agent", "%s", tenant.ServiceAgent)
	if j.vendor == claimmap.EntraID {
		j.found("Entra tenant URL", "%s", tenant.EntraTenantURL())
	}
	return nil
}

func (j *job) createToken(ctx context.Context) error {
	// The service shows the secret once. Ensure stores it before it returns.
	name, secret, err := j.tokens.Ensure(ctx, j.tenant.Name, j.store)
	if err != nil {
		return err
	}
	j.first = name
	j.found("token", "%s, its secret reads %s here", name.ID(), secret)
	j.found("stored in", "a file of mode 0600, in place of your secret store")
	j.scim, err = j.client(secret)
	return err
}

// client makes a SCIM client that authenticates with secret.
func (j *job) client(secret scimtoken.Secret) (*scimclient.Client, error) {
	return scimclient.New(j.tenant.BaseURI, secret.TokenSource(),
		scimclient.WithHTTPClient(j.http), scimclient.WithRetry(j.retry), scimclient.WithServiceAgent(j.tenant.ServiceAgent))
}

func (j *job) access(ctx context.Context) error {
	_, err := j.scim.WaitToken(ctx)
	if errors.Is(err, scimclient.ErrNotSyncer) {
		j.found("403", "the token is good, but the service agent it acts as lacks a role on the organization")
		j.found("member", "serviceAccount:%s", j.tenant.ServiceAgent)
		j.found("role", "%s", scimtenant.SyncerRole)
		if err := j.organizations.GrantSyncer(ctx, j.organization, j.tenant.ServiceAgent); err != nil {
			return err
		}
		j.granted = true
		j.found("bound", "on organizations/%s", j.organization)
		begin := time.Now()
		if _, err := j.scim.WaitAccess(ctx); err != nil {
			return err
		}
		j.found("access", "granted %.1f s later", time.Since(begin).Seconds())
		return nil
	}
	if err != nil {
		return err
	}
	j.found("access", "granted: the service agent has its role already")
	return nil
}

// until waits for what the service takes up to two minutes to replicate.
func (j *job) until(ctx context.Context, holds func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	pause := time.NewTicker(j.retry.WithDefaults().Initial)
	defer pause.Stop()
	for !holds() {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-pause.C:
		}
	}
	return nil
}

func (j *job) push(ctx context.Context) error {
	for _, setting := range j.tenant.IDPSettings(j.vendor) {
		value := setting.Value
		if setting.Secret {
			value = "the stored token"
		}
		j.found("set up there", "%s = %s", setting.Name, value)
	}
	for _, p := range people {
		user, err := j.scim.Users.Create(ctx, &scimclient.User{
			ExternalID: p.objectID, UserName: strings.ToLower(p.mail), Active: new(true),
			Name:   &scimclient.Name{GivenName: p.given, FamilyName: p.family},
			Emails: []scimclient.MultiValue{{Value: p.mail, Type: scimclient.TypeWork, Primary: true}},
		})
		if err != nil {
			return err
		}
		j.users = append(j.users, user)
		subject, err := j.mapping.Subject(claimmap.User{ExternalID: p.objectID, UserName: user.UserName, WorkEmail: p.mail})
		if err != nil {
			return err
		}
		j.found("user", "%-26s google.subject=%s", p.mail, subject)
	}
	group, err := j.scim.Groups.Create(ctx, &scimclient.Group{ExternalID: groupObjectID, DisplayName: groupName})
	if err != nil {
		return err
	}
	j.group = group
	if err := j.scim.Groups.AddMembers(ctx, group.ID, []string{j.users[0].ID, j.users[1].ID}); err != nil {
		return err
	}
	j.found("group", "%-26s google.group=%s, 2 members", groupName, groupObjectID)
	return nil
}

func (j *job) verify(ctx context.Context) error {
	name := strings.ToLower(people[0].mail)
	user, err := j.scim.Users.Find(ctx, name)
	if err != nil {
		return err
	}
	j.found("found", `user  userName eq "%s"`, name)
	group, err := j.scim.Groups.Find(ctx, groupName)
	if err != nil {
		return err
	}
	j.found("found", `group displayName eq "%s"`, groupName)
	for i, want := range []bool{true, true, false} {
		member, err := j.scim.Groups.IsMember(ctx, group.ID, j.users[i].ID)
		if err != nil {
			return err
		}
		if member != want {
			return fmt.Errorf("%s in %s: %t, want %t: look at the group in the identity provider", people[i].mail, groupName, member, want)
		}
		j.found("found", "%s %s %s", people[i].given, map[bool]string{true: "is in", false: "is not in"}[member], groupName)
	}
	if user.ID != j.users[0].ID || group.ID != j.group.ID {
		return fmt.Errorf("the names lead to other resources than were created: user %s, group %s", user.ID, group.ID)
	}
	return nil
}

func (j *job) switchOn(ctx context.Context) error {
	p, err := j.providers.SetSCIMUsage(ctx, j.provider, iamscim.SCIMUsageGroups)
	if err != nil {
		return err
	}
	if p.SCIMUsage != iamscim.SCIMUsageGroups {
		return fmt.Errorf("%s has usage %s after the switch: set it again", p.Name, p.SCIMUsage)
	}
	j.found("scimUsage", "%s, the operation is done", p.SCIMUsage)
	j.found("grant to", "principalSet://iam.googleapis.com/%s/group/%s", j.provider.Pool(), groupObjectID)
	return nil
}

func (j *job) rotate(ctx context.Context) error {
	withOld := j.scim
	rotation, err := j.tokens.Rotate(ctx, scimtoken.RotateRequest{
		Tenant: j.tenant.Name, Store: j.store, DisplayName: "Quickstart, second",
		Verify: func(ctx context.Context, secret scimtoken.Secret) error {
			client, err := j.client(secret)
			if err != nil {
				return err
			}
			_, err = client.WaitAccess(ctx)
			return err
		},
		Cutover: func(ctx context.Context, name scimtoken.Name, secret scimtoken.Secret) (err error) {
			if _, err := withOld.CheckAccess(ctx); err != nil {
				return fmt.Errorf("the old token does not work any more: %w", err)
			}
			j.found("both valid", "%s (old), %s (new, stored and verified)", j.first.ID(), name.ID())
			// Here the identity provider gets the new token.
			if j.scim, err = j.client(secret); err == nil {
				j.found("cut over", "requests use the new token")
			}
			return err
		},
	})
	if err != nil {
		return err
	}
	err = j.until(ctx, func() bool {
		_, err := withOld.CheckAccess(ctx)
		// What the service answers to a deleted token isn't documented: 401, or 404 as for a
		// tenant that isn't there.
		return errors.Is(err, scimclient.ErrTokenRejected) || errors.Is(err, scimclient.ErrTenantUnknown)
	})
	if err != nil {
		return fmt.Errorf("%s was deleted and is still accepted: %w", rotation.Old, err)
	}
	if _, err := j.scim.CheckAccess(ctx); err != nil {
		return err
	}
	j.found("retired", "%s is rejected now, the new one works", rotation.Old.ID())
	return nil
}

func (j *job) tearDown(ctx context.Context) error {
	p, err := j.providers.SetSCIMUsage(ctx, j.provider, iamscim.SCIMUsageNone)
	if err != nil {
		return err
	}
	j.found("scimUsage", "%s", p.SCIMUsage)
	if j.granted {
		if err := j.organizations.RevokeSyncer(ctx, j.organization, j.tenant.ServiceAgent); err != nil {
			return err
		}
		j.found("revoked", "%s from the service agent", scimtenant.SyncerRole)
	}
	name := j.tenant.Name
	if err := j.tenants.HardDelete(ctx, name, scimtenant.HardDeleteOptions{}); err != nil {
		return err
	}
	j.tenant = nil
	err = j.until(ctx, func() bool {
		_, err := j.tenants.Get(ctx, name)
		return errors.Is(err, iamscim.ErrNotFound)
	})
	if err != nil {
		return fmt.Errorf("%s is still there after the hard delete: %w", name, err)
	}
	j.found("hard-deleted", "%s with its users, groups and tokens; the pool is free", name.ID())
	return nil
}
