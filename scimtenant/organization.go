package scimtenant

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	crm1 "google.golang.org/api/cloudresourcemanager/v1"
	crm "google.golang.org/api/cloudresourcemanager/v3"
	"google.golang.org/api/option"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/internal/agent"
	"github.com/iamscim/iamscim/internal/check"
	"github.com/iamscim/iamscim/internal/gapi"
	"github.com/iamscim/iamscim/internal/retry"
)

// SyncerRole is the role a tenant's service agent needs on the organization
// for the tenant's tokens to be of use.
const SyncerRole = "roles/iam.scimSyncer"

// OrganizationClient gives service agents their role in an organization's IAM
// policy. It is a client of its own because that is another service, Resource
// Manager, and often another principal: it needs
// resourcemanager.organizations.getIamPolicy and setIamPolicy.
//
// Its methods take the organization's number, 123456789012, or its name,
// organizations/123456789012.
//
// It changes no binding but its own: other roles, members, conditions and audit
// configurations stay as they are, and a change that somebody else makes at the
// same time is not lost. Make one with [NewOrganizationClient]; it is safe for
// concurrent use and needs no closing.
type OrganizationClient struct {
	conn          *gapi.Conn
	organizations *crm.OrganizationsService
	constraints   *crm1.OrganizationsService // v3 has no organization policies
}

// NewOrganizationClient returns a client for the Resource Manager API. Without
// options it uses Application Default Credentials. It makes no request.
func NewOrganizationClient(ctx context.Context, opts ...option.ClientOption) (*OrganizationClient, error) {
	conn, err := gapi.Dial(ctx, gapi.ResourceManager, opts)
	if err != nil {
		return nil, fmt.Errorf("scimtenant: new organization client: %w", err)
	}
	svc, err := crm.NewService(ctx, conn.Options()...)
	if err != nil {
		return nil, fmt.Errorf("scimtenant: new organization client: %w", err)
	}
	old, err := crm1.NewService(ctx, conn.Options()...)
	if err != nil {
		return nil, fmt.Errorf("scimtenant: new organization client: %w", err)
	}
	return &OrganizationClient{conn: conn, organizations: svc.Organizations, constraints: old.Organizations}, nil
}

// made returns c, or a client that refuses every call if no constructor made c.
func (c *OrganizationClient) made() *OrganizationClient {
	if c != nil && c.conn != nil {
		return c
	}
	unmade, _ := NewOrganizationClient(context.Background(), gapi.Unmade()) // it dials nothing
	return unmade
}

// HasSyncer reports whether the organization's policy binds [SyncerRole] to the
// service agent without a condition. A role inherited in another way is not
// seen: scimclient's CheckAccess is the proof.
//
//	POST /v3/organizations/ORGANIZATION:getIamPolicy
func (c *OrganizationClient) HasSyncer(ctx context.Context, organization, serviceAgent string) (bool, error) {
	c = c.made()
	const op = "scimtenant: has syncer"
	organization, member, err := checkAgent(op, organization, serviceAgent)
	if err != nil {
		return false, err
	}
	policy, err := c.policy(ctx, op, organization)
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(policy.Bindings, func(b *crm.Binding) bool { return isSyncer(b) && slices.Contains(b.Members, member) }), nil
}

// Bindings returns the bindings of the organization's allow policy, conditions
// included. It's for reading: [OrganizationClient.GrantSyncer] changes the one
// that this package is about.
//
//	POST /v3/organizations/ORGANIZATION:getIamPolicy
func (c *OrganizationClient) Bindings(ctx context.Context, organization string) ([]Binding, error) {
	c = c.made()
	const op = "scimtenant: organization's bindings"
	number, l := checkOrganization(organization)
	if err := l.Err(op, "organizations/"+number); err != nil {
		return nil, err
	}
	policy, err := c.policy(ctx, op, number)
	if err != nil {
		return nil, err
	}
	all := make([]Binding, len(policy.Bindings))
	for i, b := range policy.Bindings {
		all[i] = Binding{Role: b.Role, Members: b.Members}
		if c := b.Condition; c != nil {
			all[i].Condition = &Condition{Expression: c.Expression, Title: c.Title, Description: c.Description, Location: c.Location}
		}
	}
	return all, nil
}

// TestPermissions returns those of the permissions that the caller has on the
// organization, in the service's order. An organization that does not exist yields
// none.
//
//	POST /v3/organizations/ORGANIZATION:testIamPermissions
func (c *OrganizationClient) TestPermissions(ctx context.Context, organization string, permissions ...string) ([]string, error) {
	c = c.made()
	const op = "scimtenant: test organization permissions"
	number, l := checkOrganization(organization)
	if len(permissions) == 0 {
		l.Add("permissions", "required")
	}
	name := "organizations/" + number
	if err := l.Err(op, name); err != nil {
		return nil, err
	}
	call := c.organizations.TestIamPermissions(name, &crm.TestIamPermissionsRequest{Permissions: permissions})
	return gapi.Permissions(ctx, c.conn, op, name, permissions, gapi.Do(call), func(r *crm.TestIamPermissionsResponse) []string { return r.Permissions })
}

// memberConstraint restricts who may be in an allow policy
// (https://docs.cloud.google.com/organization-policy/domain-restricted-sharing).
const memberConstraint = "constraints/iam.allowedPolicyMemberDomains"

// AllowedMembers returns whom constraints/iam.allowedPolicyMemberDomains of the
// organization allows in allow policies: IDs of customers and names of principal sets.
// It's nil if everybody is allowed, and empty if nobody is. If the organization's
// policy lacks the binding for a service agent, this constraint can be the reason.
// Other constraints aren't looked at. The caller needs orgpolicy.policy.get.
//
//	POST /v1/organizations/ORGANIZATION:getEffectiveOrgPolicy
func (c *OrganizationClient) AllowedMembers(ctx context.Context, organization string) ([]string, error) {
	c = c.made()
	const op = "scimtenant: allowed members"
	number, l := checkOrganization(organization)
	name := "organizations/" + number
	if err := l.Err(op, name); err != nil {
		return nil, err
	}
	call := c.constraints.GetEffectiveOrgPolicy(name, &crm1.GetEffectiveOrgPolicyRequest{Constraint: memberConstraint})
	got, err := gapi.Call(ctx, c.conn, gapi.Request[crm1.OrgPolicy]{
		Op: op, Resource: name,
		Do: gapi.Do(call),
		Accept: func(p *crm1.OrgPolicy) error {
			if p.Constraint != memberConstraint {
				return fmt.Errorf("the reply is about the constraint %q", p.Constraint)
			}
			return nil
		},
	})
	switch {
	case err != nil:
		return nil, err
	case got.ListPolicy == nil || got.ListPolicy.AllValues == "ALLOW":
		return nil, nil
	}
	return append([]string{}, got.ListPolicy.AllowedValues...), nil
}

// GrantSyncer binds [SyncerRole] to the tenant's service agent in the
// organization's policy. It writes nothing if the binding is there. A binding
// under a condition does not count and is left alone. Policies take up to some
// minutes to take effect: scimclient's WaitAccess waits.
//
//	POST /v3/organizations/ORGANIZATION:getIamPolicy
//	POST /v3/organizations/ORGANIZATION:setIamPolicy
//
// Errors: [iamscim.ErrInvalidArgument] for a service agent that is not one of
// that organization, [iamscim.ErrFailedPrecondition] where an organization
// policy refuses the member, [iamscim.ErrAborted] if others keep changing the
// policy until the retries end.
func (c *OrganizationClient) GrantSyncer(ctx context.Context, organization, serviceAgent string) error {
	c = c.made()
	return c.modify(ctx, "scimtenant: grant syncer", organization, serviceAgent, func(p *crm.Policy, member string) bool {
		if slices.ContainsFunc(p.Bindings, func(b *crm.Binding) bool { return isSyncer(b) && slices.Contains(b.Members, member) }) {
			return false
		}
		if i := slices.IndexFunc(p.Bindings, isSyncer); i >= 0 {
			p.Bindings[i].Members = append(p.Bindings[i].Members, member)
		} else {
			p.Bindings = append(p.Bindings, &crm.Binding{Role: SyncerRole, Members: []string{member}})
		}
		return true
	})
}

// RevokeSyncer takes the service agent out of the unconditional binding of
// [SyncerRole]. It writes nothing if it is not in there. What IAM keeps of
// deleted principals (deleted:serviceAccount:…) is left alone.
//
//	POST /v3/organizations/ORGANIZATION:getIamPolicy
//	POST /v3/organizations/ORGANIZATION:setIamPolicy
func (c *OrganizationClient) RevokeSyncer(ctx context.Context, organization, serviceAgent string) error {
	c = c.made()
	return c.modify(ctx, "scimtenant: revoke syncer", organization, serviceAgent, func(p *crm.Policy, member string) bool {
		changed := false
		p.Bindings = slices.DeleteFunc(p.Bindings, func(b *crm.Binding) bool {
			if !isSyncer(b) || !slices.Contains(b.Members, member) {
				return false
			}
			changed = true
			b.Members = slices.DeleteFunc(b.Members, func(m string) bool { return m == member })
			return len(b.Members) == 0
		})
		return changed
	})
}

// modify is the read-modify-write of the policy, repeated as a whole while
// somebody else changes the policy in between (409 ABORTED). change reports
// whether it changed anything.
//
// If the reply to a write is lost, it's repeated the same way: the policy that is
// read then shows whether the lost one was applied.
func (c *OrganizationClient) modify(ctx context.Context, op, organization, serviceAgent string, change func(p *crm.Policy, member string) bool) error {
	organization, member, err := checkAgent(op, organization, serviceAgent)
	if err != nil {
		return err
	}
	if err := gapi.Ready(ctx, op, "organizations/"+organization); err != nil {
		return err
	}
	attempts, err := retry.Do(ctx, c.conn.Policy(), func() (retry.Verdict, error) {
		policy, err := c.policy(ctx, op, organization)
		if err != nil {
			return retry.Verdict{}, err
		}
		if !change(policy, member) {
			return retry.Verdict{}, nil
		}
		err = c.write(ctx, op, organization, policy, func(now *crm.Policy) bool { return !change(now, member) })
		again := errors.Is(err, iamscim.ErrAborted) || errors.Is(err, iamscim.ErrOutcomeUnknown) && ctx.Err() == nil
		return retry.Verdict{Again: again}, err
	})
	var typed *iamscim.Error
	if errors.As(err, &typed) {
		typed.Attempts = max(typed.Attempts, attempts)
		if errors.Is(err, iamscim.ErrFailedPrecondition) {
			typed.Remedy = "an organization policy refuses the member, often constraints/iam.allowedPolicyMemberDomains: allow " + member + " there, or bind it where the policy does not apply"
		}
	}
	return err
}

// policy reads the organization's policy with its conditions. A reply without
// an etag is an error: writing it back would overwrite blindly.
func (c *OrganizationClient) policy(ctx context.Context, op, organization string) (*crm.Policy, error) {
	name := "organizations/" + organization
	call := c.organizations.GetIamPolicy(name, &crm.GetIamPolicyRequest{
		Options: &crm.GetPolicyOptions{RequestedPolicyVersion: policyVersion},
	})
	return gapi.Call(ctx, c.conn, gapi.Request[crm.Policy]{
		Op: op, Resource: name,
		Do:      gapi.Do(call),
		Accept:  acceptOrganizationPolicy,
		Explain: explainOrganization,
	})
}

func acceptOrganizationPolicy(p *crm.Policy) error {
	if p.Etag == "" {
		return errNoETag
	}
	if slices.Contains(p.Bindings, nil) {
		return errNullBinding
	}
	return nil
}

// explainOrganization says that the permission is another service's.
func explainOrganization(_ context.Context, e *iamscim.Error) {
	if errors.Is(e.Kind, iamscim.ErrPermissionDenied) {
		e.Remedy = "grant the caller resourcemanager.organizations.getIamPolicy and setIamPolicy on the organization (roles/resourcemanager.organizationAdmin has both), and check its number"
	}
}

// write sets the policy once: modify repeats the whole of reading and writing.
// done tells from a policy that was read whether there is nothing left to do.
func (c *OrganizationClient) write(ctx context.Context, op, organization string, policy *crm.Policy, done func(*crm.Policy) bool) error {
	name := "organizations/" + organization
	policy.Version = policyVersion
	call := c.organizations.SetIamPolicy(name, &crm.SetIamPolicyRequest{Policy: policy, UpdateMask: "bindings,etag"})
	_, err := gapi.Call(ctx, c.conn, gapi.Request[crm.Policy]{
		Op: op, Resource: name,
		Do:     gapi.Do(call),
		Accept: acceptOrganizationPolicy,
		// A repetition is refused by its etag if the lost attempt was
		// applied, or if somebody else was quicker.
		Settle: func(ctx context.Context, _ error) (*crm.Policy, bool, error) {
			now, err := c.policy(ctx, op, organization)
			if err != nil {
				return nil, false, err
			}
			return now, done(now), nil
		},
		Explain: explainOrganization,
	})
	return err
}

// isSyncer reports whether b is the unconditional binding of the role.
func isSyncer(b *crm.Binding) bool { return b.Role == SyncerRole && b.Condition == nil }

// checkOrganization returns the number of an organization, and what is wrong with it.
func checkOrganization(organization string) (number string, l check.List) {
	number = strings.TrimPrefix(organization, "organizations/")
	if number == "" || strings.Trim(number, "0123456789") != "" {
		l.Add("organization", "must be the organization's number, as in 123456789012, is %q", organization)
	}
	return number, l
}

// checkAgent returns the organization's number and the policy member for a service
// agent of it. The organization's name, organizations/NUMBER, will do.
func checkAgent(op, organization, serviceAgent string) (number, member string, err error) {
	number, l := checkOrganization(organization)
	switch owner, _, err := agent.Parse(serviceAgent); {
	case err != nil:
		l.AddError("serviceAgent", err)
	case owner != number:
		l.Add("serviceAgent", "%q is not a service agent of organization %s", serviceAgent, organization)
	}
	if err := l.Err(op, "organizations/"+number); err != nil {
		return "", "", err
	}
	return number, "serviceAccount:" + serviceAgent, nil
}
