package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/claimmap"
	"github.com/iamscim/iamscim/provision"
	"github.com/iamscim/iamscim/provision/entra"
	"github.com/iamscim/iamscim/scimclient"
	"github.com/iamscim/iamscim/scimclient/audit"
	"github.com/iamscim/iamscim/scimtoken"
)

// job is the whole job: its clients and its spec, and what the steps hand on.
type job struct {
	out          io.Writer
	where        string
	organization string
	clients      *provision.Clients
	spec         provision.Spec
	entra        *tenant

	plan *provision.Plan
	made bool // a tenant may be there
}

// run performs the steps in order and stops at the first that does not hold.
func (j *job) run(ctx context.Context) error {
	steps := []struct {
		title string
		do    func(context.Context) error
	}{
		{"Plan: what is there, and what it takes", j.makePlan},
		{"Apply: tenant, token and role, Entra ID's half, and then the usage", j.apply},
		{"Plan again: there is nothing left to do", j.planAgain},
		{"Audit: everybody has arrived", j.audit},
		{"Rotate the token", j.rotate},
		{"Somebody leaves, and Entra ID's next cycle says so", j.leave},
		{"Tear down: usage off, then the tenant for good", j.tearDown},
	}
	j.line("SCIM provisioning for %s", j.spec.Provider)
	j.line("on %s", j.where)
	begin := time.Now()
	for i, step := range steps {
		j.line("\n%d. %s", i+1, step.title)
		if err := step.do(ctx); err != nil {
			err = fmt.Errorf("step %d (%s) failed: %w", i+1, step.title, err)
			if j.made {
				err = fmt.Errorf("%w\nleft behind: %s\nremove it with: gcloud iam workforce-pools providers scim-tenants delete %s --workforce-pool=%s --provider=%s --location=global --hard-delete",
					err, j.plan.Tenant, j.plan.Tenant.ID(), j.spec.Provider.Pool().ID(), j.spec.Provider.ID())
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

// show prints a plan.
func (j *job) show(p *provision.Plan) {
	for line := range strings.SplitSeq(strings.TrimSpace(p.String()), "\n") {
		j.line("%s", strings.TrimRight("   "+line, " "))
	}
}

func (j *job) makePlan(ctx context.Context) (err error) {
	if j.plan, err = j.clients.Plan(ctx, j.spec); err != nil {
		return err
	}
	j.show(j.plan)
	if blocked := j.plan.Blocked(); len(blocked) > 0 {
		return &provision.BlockedError{Steps: blocked}
	}
	// The rest is for a pool that nobody uses: the tenant is deleted in the end.
	switch usage := iamscim.SCIMUsage(j.plan.Basis["provider.scimUsage"]); {
	case j.plan.Organization != j.organization:
		return fmt.Errorf("%s belongs to organization %s, not %s: correct -organization or -pool", j.spec.Provider.Pool(), j.plan.Organization, j.organization)
	case usage.Enabled():
		return fmt.Errorf("%s uses SCIM already (%s): choose a provider that doesn't", j.spec.Provider, usage)
	case j.plan.Basis["tenant.name"] != "":
		return fmt.Errorf("the pool has the tenant %s already: choose another pool", j.plan.Basis["tenant.name"])
	}
	return nil
}

func (j *job) apply(ctx context.Context) error {
	j.made = true
	var failed error
	left, err := j.clients.Apply(ctx, j.plan, provision.ApplyOptions{Wait: true, OnStep: func(s provision.Step) {
		if s.Status != provision.StatusDone {
			return
		}
		j.found(string(s.Kind), "%s", s.Text)
		if s.Kind == provision.KindIdentityProvider {
			failed = j.entra.runCycle(ctx) // nobody waits 40 minutes here
		}
	}})
	if err = errors.Join(err, failed); err != nil {
		return err
	}
	j.plan = left
	tenant, err := j.clients.Tenants.Get(ctx, left.Tenant)
	if err != nil {
		return err
	}
	stored, err := scimtoken.Inspect(ctx, j.spec.Store)
	if err != nil {
		return err
	}
	ada := people[0]
	subject, err := left.Mapping.Subject(claimmap.User{ExternalID: ada.ID, UserName: ada.UserPrincipalName, WorkEmail: ada.Mail})
	if err != nil {
		return err
	}
	name, secret := stored.Live()
	j.found("token", "%s, its secret reads %s here", name.ID(), secret)
	if s, ok := j.spec.Store.(fmt.Stringer); ok { // Secret Manager's
		j.found("stored in", "%s", s)
	} else {
		j.found("stored in", "a file of mode 0600, in place of your secret store")
	}
	j.found("base URI", "%s", tenant.BaseURI)
	if left.Vendor == claimmap.EntraID {
		j.found("Entra tenant URL", "%s", tenant.EntraTenantURL())
	}
	j.found("service agent", "%s", tenant.ServiceAgent)
	j.found("ada", "google.subject=%s", subject)
	j.found("grant to", "principalSet://iam.googleapis.com/%s/group/%s", j.spec.Provider.Pool(), j.entra.group)
	return nil
}

// directory returns a client for the tenant's directory, with the stored token.
func (j *job) directory(ctx context.Context) (*scimclient.Client, error) {
	stored, err := scimtoken.Inspect(ctx, j.spec.Store)
	if err != nil {
		return nil, err
	}
	tenant, err := j.clients.Tenants.Get(ctx, j.plan.Tenant)
	if err != nil {
		return nil, err
	}
	_, secret := stored.Live()
	return j.clients.SCIM(tenant, secret)
}

func (j *job) audit(ctx context.Context) error {
	client, err := j.directory(ctx)
	if err != nil {
		return err
	}
	roster, err := j.entra.Roster(ctx, entra.RosterOptions{})
	if err != nil {
		return err
	}
	result, err := audit.Run(ctx, client, roster, audit.Options{Mapping: j.plan.Mapping, Handle: func(m audit.Message) error {
		if m.Finding != nil {
			j.found(string(m.Finding.Code), "%s", m.Finding)
		}
		return nil
	}})
	if err != nil {
		return err
	}
	if !result.Clean() {
		return fmt.Errorf("the audit has %d errors", result.Errors)
	}
	j.found("nothing differs", "users %d, groups %d, memberships %d, leavers %d", result.Checked.Users, result.Checked.Groups, result.Checked.Memberships, result.Checked.Leavers)
	return nil
}

func (j *job) leave(ctx context.Context) error {
	if err := errors.Join(j.entra.SetEnabled(j.entra.leaver, false), j.entra.runCycle(ctx)); err != nil {
		return err
	}
	client, err := j.directory(ctx)
	if err != nil {
		return err
	}
	user, err := client.Users.Find(ctx, people[2].UserPrincipalName)
	if err != nil {
		return err
	}
	if user.Active == nil || *user.Active {
		return fmt.Errorf("%s is still active", user.UserName)
	}
	j.found("inactive", "%s", user.UserName)
	return j.audit(ctx)
}

func (j *job) planAgain(ctx context.Context) error {
	plan, err := j.clients.Plan(ctx, j.spec)
	if err != nil {
		return err
	}
	if !plan.Done() {
		return fmt.Errorf("the plan isn't empty:\n%s", plan)
	}
	j.show(plan)
	return nil
}

func (j *job) rotate(ctx context.Context) error {
	old, err := j.directory(ctx)
	if err != nil {
		return err
	}
	rotation, err := j.clients.Rotate(ctx, j.spec)
	if err != nil {
		return err
	}
	j.found("cut over", "the identity provider uses %s, stored and verified before", rotation.New.ID())
	err = j.until(ctx, func() bool {
		_, err := old.CheckAccess(ctx)
		// What the service answers to a deleted token isn't documented: 401, or 404 as for a
		// tenant that isn't there.
		return errors.Is(err, scimclient.ErrTokenRejected) || errors.Is(err, scimclient.ErrTenantUnknown)
	})
	if err != nil {
		return fmt.Errorf("%s was deleted and is still accepted: %w", rotation.Old, err)
	}
	j.found("retired", "%s is rejected now", rotation.Old.ID())
	now, err := j.directory(ctx)
	if err != nil {
		return err
	}
	_, err = now.CheckAccess(ctx)
	return err
}

func (j *job) tearDown(ctx context.Context) error {
	err := j.clients.Teardown(ctx, j.spec.Provider, j.plan.Basis["tenant.uid"], provision.TeardownOptions{
		IdentityProvider: j.spec.IdentityProvider,
		OnStep:           func(text string) { j.found("done", "%s", text) },
	})
	if err != nil {
		return err
	}
	err = j.until(ctx, func() bool {
		_, err := j.clients.Tenants.Get(ctx, j.plan.Tenant)
		return errors.Is(err, iamscim.ErrNotFound)
	})
	if err != nil {
		return fmt.Errorf("%s is still there after the hard delete: %w", j.plan.Tenant, err)
	}
	j.made = false
	j.found("free", "the pool can have another tenant")
	return nil
}

// until waits for what the service takes up to two minutes to replicate.
func (j *job) until(ctx context.Context, seen func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	for !seen() {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
	}
	return nil
}
