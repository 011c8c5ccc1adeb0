package scimtenant

import (
	"context"
	"errors"
	"maps"
	"slices"

	"google.golang.org/api/iam/v1"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/internal/check"
	"github.com/iamscim/iamscim/internal/gapi"
)

// policyVersion is the version that can hold conditions
// (https://docs.cloud.google.com/iam/docs/policies#versions).
const policyVersion = 3

// What makes a policy that was read one that must not be written back.
var (
	errNoETag      = errors.New("the policy has no etag")
	errNullBinding = errors.New("a binding of the policy is null")
)

// Policy is the IAM allow policy of a tenant itself: who may manage it. It is
// not where the service agent gets its role; that is the organization's policy,
// see [OrganizationClient].
type Policy struct {
	Version  int
	Bindings []Binding
	ETag     string // of the policy that was read; never empty

	audit []*iam.AuditConfig
}

// Binding gives a role to members, under a condition if there is one.
type Binding struct {
	Role      string
	Members   []string
	Condition *Condition
}

// Condition is a CEL condition on a binding.
type Condition struct {
	Expression  string
	Title       string
	Description string
	Location    string
}

// GetPolicy reads the tenant's IAM policy, conditions included.
//
//	POST /v1/locations/LOCATION/workforcePools/POOL/providers/PROVIDER/scimTenants/TENANT:getIamPolicy
func (c *Client) GetPolicy(ctx context.Context, name Name) (*Policy, error) {
	c = c.made()
	const op = "scimtenant: get policy"
	if name.IsZero() {
		return nil, gapi.Required(op, "name")
	}
	got, err := c.readPolicy(ctx, op, name)
	if err != nil {
		return nil, err
	}
	return policyFromAPI(got), nil
}

func (c *Client) readPolicy(ctx context.Context, op string, name Name) (*iam.Policy, error) {
	call := c.tenants.GetIamPolicy(name.String(), &iam.GetIamPolicyRequest{
		Options: &iam.GetPolicyOptions{RequestedPolicyVersion: policyVersion},
	})
	return gapi.Call(ctx, c.conn, gapi.Request[iam.Policy]{
		Op: op, Resource: name.String(),
		Do:     gapi.Do(call),
		Accept: acceptPolicy,
	})
}

func acceptPolicy(p *iam.Policy) error {
	if p.Etag == "" {
		return errNoETag
	}
	if slices.Contains(p.Bindings, nil) {
		return errNullBinding
	}
	return nil
}

// SetPolicy replaces the tenant's IAM policy with p, which must have been read
// by [Client.GetPolicy] and changed: its ETag makes the service refuse it with
// [iamscim.ErrAborted] if somebody else changed the policy in between, and a
// policy without one is refused here, because it would overwrite blindly.
//
//	POST /v1/locations/LOCATION/workforcePools/POOL/providers/PROVIDER/scimTenants/TENANT:setIamPolicy
func (c *Client) SetPolicy(ctx context.Context, name Name, p *Policy) (*Policy, error) {
	c = c.made()
	const op = "scimtenant: set policy"
	var l check.List
	if name.IsZero() {
		l.Add("name", "required")
	}
	switch {
	case p == nil:
		l.Add("p", "must not be nil")
	case p.ETag == "":
		l.Add("p.ETag", "required: read the policy, change it, and set it")
	}
	if err := l.Err(op, name.String()); err != nil {
		return nil, err
	}
	call := c.tenants.SetIamPolicy(name.String(), &iam.SetIamPolicyRequest{Policy: p.toAPI()})
	got, err := gapi.Call(ctx, c.conn, gapi.Request[iam.Policy]{
		Op: op, Resource: name.String(),
		Do:     gapi.Do(call),
		Accept: acceptPolicy,
		// The etag makes a repetition safe: it is refused if the lost
		// attempt was applied. If the policy then reads as asked for, it was;
		// if not, the refusal tells the caller to read and change it again.
		Settle: func(ctx context.Context, _ error) (*iam.Policy, bool, error) {
			now, err := c.readPolicy(ctx, op, name)
			if err != nil {
				return nil, false, err
			}
			return now, maps.Equal(grants(policyFromAPI(now).Bindings), grants(p.Bindings)), nil
		},
		Explain: func(_ context.Context, e *iamscim.Error) {
			if errors.Is(e.Kind, iamscim.ErrAborted) {
				e.Remedy = "somebody else changed it: read the policy again, make the change in that one, and set it"
			}
		},
	})
	if err != nil {
		return nil, err
	}
	return policyFromAPI(got), nil
}

// TestPermissions returns those of the permissions that the caller has on the
// tenant, in the service's order. A tenant that does not exist yields none.
//
//	POST /v1/locations/LOCATION/workforcePools/POOL/providers/PROVIDER/scimTenants/TENANT:testIamPermissions
func (c *Client) TestPermissions(ctx context.Context, name Name, permissions ...string) ([]string, error) {
	c = c.made()
	const op = "scimtenant: test permissions"
	var l check.List
	if name.IsZero() {
		l.Add("name", "required")
	}
	if len(permissions) == 0 {
		l.Add("permissions", "required")
	}
	if err := l.Err(op, name.String()); err != nil {
		return nil, err
	}
	call := c.tenants.TestIamPermissions(name.String(), &iam.TestIamPermissionsRequest{Permissions: permissions})
	return gapi.Permissions(ctx, c.conn, op, name.String(), permissions, gapi.Do(call), func(r *iam.TestIamPermissionsResponse) []string { return r.Permissions })
}

// grant is one member's role, under a condition if there is one.
type grant struct {
	role, member string
	condition    Condition
}

// grants are what the bindings say, in whatever order and grouping: the service
// merges bindings of one role and sorts them.
func grants(bindings []Binding) map[grant]bool {
	all := make(map[grant]bool)
	for _, b := range bindings {
		for _, m := range b.Members {
			g := grant{role: b.Role, member: m}
			if b.Condition != nil {
				g.condition = *b.Condition
			}
			all[g] = true
		}
	}
	return all
}

func policyFromAPI(p *iam.Policy) *Policy {
	out := &Policy{Version: int(p.Version), ETag: p.Etag, audit: p.AuditConfigs}
	for _, b := range p.Bindings {
		binding := Binding{Role: b.Role, Members: b.Members}
		if c := b.Condition; c != nil {
			binding.Condition = &Condition{Expression: c.Expression, Title: c.Title, Description: c.Description, Location: c.Location}
		}
		out.Bindings = append(out.Bindings, binding)
	}
	return out
}

func (p *Policy) toAPI() *iam.Policy {
	out := &iam.Policy{Version: policyVersion, Etag: p.ETag, AuditConfigs: p.audit}
	for _, b := range p.Bindings {
		binding := &iam.Binding{Role: b.Role, Members: b.Members}
		if c := b.Condition; c != nil {
			binding.Condition = &iam.Expr{Expression: c.Expression, Title: c.Title, Description: c.Description, Location: c.Location}
		}
		out.Bindings = append(out.Bindings, binding)
	}
	return out
}
