package scimtenant

import (
	"context"
	"errors"
	"fmt"
	"maps"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/claimmap"
	"github.com/iamscim/iamscim/internal/check"
)

// ReplaceRequest says how to replace a tenant. ClaimMapping, Usage and
// AcceptNewBaseURI are required.
type ReplaceRequest struct {
	// DisplayName and Description of the new tenant: nil keeps those of the
	// old one, a pointer to "" leaves them empty.
	DisplayName *string
	Description *string

	// ClaimMapping and Usage are those of a [CreateRequest].
	ClaimMapping claimmap.Mapping
	Usage        iamscim.SCIMUsage

	// AcceptNewBaseURI says that the caller knows what a replacement costs:
	// the directory is gone, the new tenant has another UID, base URI and
	// service agent, every token is dead, and the identity provider must be
	// set up again.
	AcceptNewBaseURI bool

	// WhileInUse replaces the tenant although its provider uses SCIM: until
	// the directory has been pushed again, users sign in without their
	// groups, or, with [iamscim.SCIMUsageUsersAndGroups], not at all.
	WhileInUse bool
}

// Replacement is a tenant that took another's place.
type Replacement struct {
	Old *Tenant // as it was before it was deleted
	New *Tenant

	// Redo is what has to be done before the new tenant serves as the old
	// one did, in order, one sentence each.
	Redo []string
}

// ReplaceError is the error of a replacement that deleted the old tenant, or may
// have, and did not see the new one made. Request finishes it:
//
//	var unfinished *scimtenant.ReplaceError
//	if errors.As(err, &unfinished) {
//		tenant, err = client.Create(ctx, unfinished.Request)
//	}
//
// Where Err is [iamscim.ErrOutcomeUnknown], [iamscim.ErrAlreadyExists] from that
// means that a tenant is there: its UID tells whether it is still Old.
type ReplaceError struct {
	Request CreateRequest
	Old     *Tenant // as it was before
	Err     error
}

// Error returns the cause's text and how to go on.
func (e *ReplaceError) Error() string {
	return e.Err.Error() + "; the replacement is unfinished: create the tenant with the Request of this ReplaceError"
}

// Unwrap returns the cause.
func (e *ReplaceError) Unwrap() error { return e.Err }

// Replace deletes a tenant for good and creates another one of the same name:
// the only way to another claim mapping, which is immutable. Everything is
// checked before anything is deleted. What the identity provider pushed is
// gone, and everything that names the old tenant is void: see
// [Replacement.Redo].
//
//	GET /v1/locations/LOCATION/workforcePools/POOL/providers/PROVIDER/scimTenants/TENANT
//	GET /v1/locations/LOCATION/workforcePools/POOL/providers/PROVIDER
//	DELETE /v1/locations/LOCATION/workforcePools/POOL/providers/PROVIDER/scimTenants/TENANT?hardDelete=true
//	POST /v1/locations/LOCATION/workforcePools/POOL/providers/PROVIDER/scimTenants
//
// Errors: [iamscim.ErrInvalidArgument] with every fault, one of which is that
// AcceptNewBaseURI is not set; [iamscim.ErrNotFound]; [iamscim.ErrNothingToUpdate]
// if the tenant has that claim mapping already; [iamscim.ErrFailedPrecondition]
// while the provider uses SCIM, unless WhileInUse is set; a [*ReplaceError] if
// it fails once the old tenant may be gone.
func (c *Client) Replace(ctx context.Context, name Name, req ReplaceRequest) (*Replacement, error) {
	const op = "scimtenant: replace"
	if err := req.validate(op, name); err != nil {
		return nil, err
	}
	old, err := c.tenant.Get(ctx, op, name)
	if err != nil {
		return nil, err
	}
	if err := c.replaceable(ctx, op, old, req); err != nil {
		return nil, err
	}
	create := req.createRequest(old)
	if err := c.hardDelete(ctx, op, name); err != nil && !errors.Is(err, iamscim.ErrNotFound) {
		if errors.Is(err, iamscim.ErrOutcomeUnknown) {
			return nil, &ReplaceError{Request: create, Old: old, Err: err}
		}
		return nil, err
	}
	made, err := c.Create(ctx, create)
	if err != nil {
		return nil, &ReplaceError{Request: create, Old: old, Err: err}
	}
	return &Replacement{Old: old, New: made, Redo: redo(old, made)}, nil
}

func (r ReplaceRequest) validate(op string, name Name) error {
	var l check.List
	if !r.AcceptNewBaseURI {
		l.Add("AcceptNewBaseURI", "required: the new tenant has another UID, base URI and service agent, every token of the old one is dead, and the identity provider must be set up again")
	}
	l.Include(r.createRequest(&Tenant{Name: name}).faults())
	return l.Err(op, name.String())
}

// createRequest describes the tenant that takes the place of old.
func (r ReplaceRequest) createRequest(old *Tenant) CreateRequest {
	req := CreateRequest{
		Name: old.Name, DisplayName: old.DisplayName, Description: old.Description,
		ClaimMapping: r.ClaimMapping, Usage: r.Usage,
	}
	if r.DisplayName != nil {
		req.DisplayName = *r.DisplayName
	}
	if r.Description != nil {
		req.Description = *r.Description
	}
	return req
}

// replaceable refuses what would cost a directory for nothing or by surprise.
func (c *Client) replaceable(ctx context.Context, op string, old *Tenant, req ReplaceRequest) error {
	if maps.Equal(old.ClaimMapping, req.ClaimMapping.Map()) {
		return &iamscim.Error{
			Op: op, Resource: old.Name.String(), Kind: iamscim.ErrNothingToUpdate,
			Err:    errors.New("the tenant has this claim mapping already"),
			Remedy: "update the display name and the description instead, or undelete the tenant if it is deleted",
		}
	}
	if req.WhileInUse {
		return nil
	}
	got, err := c.parent.Get(ctx, op, old.Name.Provider())
	if err != nil {
		return err
	}
	if got.usage.Enabled() {
		return &iamscim.Error{
			Op: op, Resource: old.Name.String(), Kind: iamscim.ErrFailedPrecondition,
			Err:    fmt.Errorf("the provider %s uses SCIM (%s)", got.name, got.usage),
			Remedy: fmt.Sprintf("set its usage to %s first, or set WhileInUse: users lose their groups until the directory is pushed again", iamscim.SCIMUsageNone),
		}
	}
	return nil
}

// redo says what the new tenant needs before it serves as old did.
func redo(old, made *Tenant) []string {
	tasks := []string{fmt.Sprintf("Create a token for %s: the old tokens are dead.", made.Name)}
	if made.ServiceAgent != "" {
		tasks = append(tasks, fmt.Sprintf("Bind %s to %s on the organization unless Google has.", SyncerRole, made.ServiceAgent))
	}
	if old.ServiceAgent != "" && old.ServiceAgent != made.ServiceAgent {
		tasks = append(tasks, fmt.Sprintf("Take %s away from %s, which is of no use any more.", SyncerRole, old.ServiceAgent))
	}
	return append(tasks,
		fmt.Sprintf("Set the identity provider up again with the base URI %s and the new token.", made.BaseURI),
		"Push all users and groups again, and see that they have arrived.",
		fmt.Sprintf("Set the usage of %s once they have.", made.Name.Provider()),
	)
}
