package scimtenant

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

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

	// KeepPolicy gives the new tenant the allow policy of the old one. The caller
	// needs the permissions to get and to set it.
	KeepPolicy bool

	// WhileInUse replaces the tenant although its provider uses SCIM: until
	// the directory has been pushed again, users sign in without their
	// groups, or, with [iamscim.SCIMUsageUsersAndGroups], not at all.
	WhileInUse bool
}

// Replacement is a tenant that took another's place.
type Replacement struct {
	Old *Tenant // as it was before it was deleted
	New *Tenant

	// Redo is what has to be done before the new tenant serves as the old one
	// did, in order.
	Redo []Task
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
// With KeepPolicy, it also gets and sets the policy.
//
// Errors: [iamscim.ErrInvalidArgument] with every fault, also if AcceptNewBaseURI
// isn't set; [iamscim.ErrNotFound]; [iamscim.ErrNothingToUpdate]
// if the tenant has that claim mapping already; [iamscim.ErrFailedPrecondition]
// while the provider uses SCIM, unless WhileInUse is set; a [*ReplaceError] if
// it fails once the old tenant may be gone. If only the policy can't be set on the
// new tenant, Replace returns the Replacement with the error.
func (c *Client) Replace(ctx context.Context, name Name, req ReplaceRequest) (*Replacement, error) {
	c = c.made()
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
	var policy *Policy
	if req.KeepPolicy {
		if policy, err = c.GetPolicy(ctx, name); err != nil {
			return nil, err
		}
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
	return c.finish(ctx, old, made, policy)
}

// finish gives the new tenant the policy, if there is one to keep.
func (c *Client) finish(ctx context.Context, old, made *Tenant, policy *Policy) (*Replacement, error) {
	done := &Replacement{Old: old, New: made, Redo: redo(old, made, false)}
	if policy == nil {
		return done, nil
	}
	now, err := c.GetPolicy(ctx, made.Name)
	if err == nil {
		now.Bindings, now.audit = policy.Bindings, policy.audit
		_, err = c.SetPolicy(ctx, made.Name, now)
	}
	if err == nil {
		done.Redo = redo(old, made, true)
	}
	return done, err
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
	return c.unused(ctx, op, old.Name)
}

// TaskKind is what kind of thing has to be redone after a replacement.
type TaskKind string

// The kinds of tasks.
const (
	TaskCreateToken   TaskKind = "create a token"
	TaskGrantSyncer   TaskKind = "grant the new service agent its role"
	TaskRevokeSyncer  TaskKind = "revoke the old service agent's role"
	TaskSetPolicy     TaskKind = "set the tenant's allow policy"
	TaskSetBindings   TaskKind = "change IAM bindings"
	TaskSetUpProvider TaskKind = "set up the identity provider"
	TaskPush          TaskKind = "push the directory"
	TaskSetUsage      TaskKind = "set the provider's SCIM usage"
)

// Task is something to redo after a replacement. Old and New are the values of the
// two tenants that the task is about, "" where there is none.
type Task struct {
	Kind     TaskKind
	Old, New string
	Text     string // a sentence
}

// String returns the text.
func (t Task) String() string { return t.Text }

// redo says what the new tenant needs before it serves as old did.
func redo(old, made *Tenant, policyKept bool) []Task {
	tasks := []Task{{TaskCreateToken, "", made.Name.String(), fmt.Sprintf("Create a token for %s: the old tokens are dead.", made.Name)}}
	if made.ServiceAgent != "" {
		tasks = append(tasks, Task{TaskGrantSyncer, old.ServiceAgent, made.ServiceAgent, fmt.Sprintf("Bind %s to %s on the organization unless Google has.", SyncerRole, made.ServiceAgent)})
	}
	if old.ServiceAgent != "" && old.ServiceAgent != made.ServiceAgent {
		tasks = append(tasks, Task{TaskRevokeSyncer, old.ServiceAgent, made.ServiceAgent, fmt.Sprintf("Take %s away from %s, which is of no use any more.", SyncerRole, old.ServiceAgent)})
	}
	if !policyKept {
		tasks = append(tasks, Task{TaskSetPolicy, "", "", "Set the tenant's allow policy again if it had one: KeepPolicy does that."})
	}
	tasks = append(tasks, bindingTasks(old, made)...)
	return append(tasks,
		Task{TaskSetUpProvider, old.BaseURI, made.BaseURI, fmt.Sprintf("Set the identity provider up again with the base URI %s and the new token.", made.BaseURI)},
		Task{TaskPush, "", "", "Push all users and groups again, and see that they have arrived."},
		Task{TaskSetUsage, "", made.Name.Provider().String(), fmt.Sprintf("Set the usage of %s once they have.", made.Name.Provider())},
	)
}

// bindingTasks are for the IAM bindings to principals that the claim mapping names:
// where a rule is another one, bindings name old values.
func bindingTasks(old, made *Tenant) []Task {
	keys := maps.Clone(old.ClaimMapping)
	if keys == nil {
		keys = map[string]string{}
	}
	maps.Copy(keys, made.ClaimMapping)
	var tasks []Task
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		principal := ""
		switch attribute, custom := strings.CutPrefix(key, "attribute."); {
		case old.ClaimMapping[key] == made.ClaimMapping[key]:
			continue
		case key == "google.subject":
			principal = "principal://iam.googleapis.com/" + made.Name.Provider().Pool().String() + "/subject/SUBJECT"
		case key == "google.group":
			principal = "principalSet://iam.googleapis.com/" + made.Name.Provider().Pool().String() + "/group/GROUP"
		case custom:
			principal = "principalSet://iam.googleapis.com/" + made.Name.Provider().Pool().String() + "/attribute." + attribute + "/VALUE"
		default:
			continue // no principal is made of it
		}
		tasks = append(tasks, Task{TaskSetBindings, old.ClaimMapping[key], made.ClaimMapping[key],
			fmt.Sprintf("Change IAM bindings to %s: %s is %q now and was %q.", principal, key, made.ClaimMapping[key], old.ClaimMapping[key])})
	}
	return tasks
}
