package scimtenant

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/iamscim/iamscim"
)

// ErrDiffers: a tenant of the requested name exists, and it isn't the one that
// was asked for. The error is a [*DiffersError], which holds the tenant.
var ErrDiffers = errors.New("the tenant exists and differs")

// DiffersError is the error of [Client.Ensure] for a tenant that differs from the
// request. errors.Is finds [ErrDiffers] in it.
type DiffersError struct {
	Tenant  *Tenant // as it is
	Differs []Difference
}

// Difference is a field of a tenant that differs from a request.
type Difference struct {
	Field string // as in [CreateRequest]; ClaimMapping has the key after a dot
	Want  string
	Got   string
}

// Error names the tenant and the fields.
func (e *DiffersError) Error() string {
	fields := make([]string, len(e.Differs))
	for i, d := range e.Differs {
		fields[i] = fmt.Sprintf("%s is %q, not %q", d.Field, d.Got, d.Want)
	}
	return fmt.Sprintf("scimtenant: ensure %s: %v: %s", e.Tenant.Name, ErrDiffers, strings.Join(fields, ", "))
}

// Unwrap returns [ErrDiffers].
func (e *DiffersError) Unwrap() error { return ErrDiffers }

// Outcome says what [Client.Ensure] did.
type Outcome string

// The outcomes.
const (
	OutcomeFound     Outcome = "found"
	OutcomeUndeleted Outcome = "undeleted"
	OutcomeCreated   Outcome = "created"
)

// Ensure returns the tenant of the request. It creates the tenant if it doesn't
// exist, and undeletes it if it's soft-deleted. It returns once the tenant can be
// read. You can repeat the call, and make it from several programs at once: they
// get the same tenant.
//
//	GET /v1/locations/LOCATION/workforcePools/POOL/providers/PROVIDER/scimTenants/TENANT
//	POST /v1/locations/LOCATION/workforcePools/POOL/providers/PROVIDER/scimTenants
//	POST /v1/locations/LOCATION/workforcePools/POOL/providers/PROVIDER/scimTenants/TENANT:undelete
//
// An existing tenant must have the request's claim mapping. Its display name and
// description count if the request sets them. Ensure changes neither.
//
// Errors: a [*DiffersError], [iamscim.ErrInvalidArgument] with every fault,
// [ErrPoolOccupied] with the tenant that is in the way,
// [iamscim.ErrNotVisible], [iamscim.ErrOutcomeUnknown].
func (c *Client) Ensure(ctx context.Context, req CreateRequest) (*Tenant, Outcome, error) {
	c = c.made()
	const op = "scimtenant: ensure"
	if err := req.validate(op); err != nil {
		return nil, "", err
	}
	got, err := c.tenant.Get(ctx, op, req.Name)
	if err == nil {
		return c.reuse(ctx, req, got)
	}
	// A tenant that isn't visible yet may be answered with either.
	if !errors.Is(err, iamscim.ErrNotFound) && !errors.Is(err, iamscim.ErrPermissionDenied) {
		return nil, "", err
	}
	made, err := c.Create(ctx, req)
	switch {
	case err == nil:
		return made, OutcomeCreated, nil
	case !errors.Is(err, iamscim.ErrAlreadyExists):
		return nil, "", err
	}
	// Somebody else created it, perhaps a moment ago.
	refusal := err
	got, err = c.tenant.Visible(ctx, op, req.Name, nil)
	if err != nil {
		return nil, "", errors.Join(refusal, err)
	}
	return c.reuse(ctx, req, got)
}

// reuse returns the tenant got, undeleted if need be, or says how it differs.
func (c *Client) reuse(ctx context.Context, req CreateRequest, got *Tenant) (*Tenant, Outcome, error) {
	if differs := req.differs(got); differs != nil {
		return nil, "", &DiffersError{Tenant: got, Differs: differs}
	}
	if got.State != iamscim.StateDeleted {
		return got, OutcomeFound, nil
	}
	outcome := OutcomeUndeleted
	_, refusal := c.Undelete(ctx, req.Name)
	if refusal != nil {
		if !errors.Is(refusal, iamscim.ErrFailedPrecondition) {
			return nil, "", refusal
		}
		// Somebody else undeleted it, perhaps a moment ago.
		outcome = OutcomeFound
	}
	const op = "scimtenant: ensure"
	active, err := c.tenant.Visible(ctx, op, req.Name, func(t *Tenant) bool { return t.State == iamscim.StateActive })
	if err != nil {
		return nil, "", errors.Join(refusal, err)
	}
	return active, outcome, nil
}

// differs returns the fields in which got isn't what the request asks for.
func (r CreateRequest) differs(got *Tenant) []Difference {
	var all []Difference
	add := func(field, want, have string) {
		if want != have {
			all = append(all, Difference{field, want, have})
		}
	}
	if r.DisplayName != "" {
		add("DisplayName", r.DisplayName, got.DisplayName)
	}
	if r.Description != "" {
		add("Description", r.Description, got.Description)
	}
	if mapping, err := got.Mapping(); err == nil && mapping.Equal(r.ClaimMapping) {
		return all
	}
	want := r.ClaimMapping.Map()
	keys := maps.Clone(want)
	maps.Copy(keys, got.ClaimMapping)
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		add("ClaimMapping."+key, want[key], got.ClaimMapping[key])
	}
	return all
}
