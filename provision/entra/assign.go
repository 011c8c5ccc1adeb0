package entra

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/iamscim/iamscim"
)

// assignment puts a user or a group in scope
// (https://learn.microsoft.com/graph/api/resources/approleassignment).
type assignment struct {
	ID        string `json:"id"`
	Principal string `json:"principalId"`
	Type      string `json:"principalType"` // User, Group, ServicePrincipal
}

// assignments calls f for each assignment.
//
//	GET /servicePrincipals/ID/appRoleAssignedTo
func (r *run) assignments(ctx context.Context, a *app, f func(assignment) error) error {
	return each(ctx, r, a.assignedTo(pageSize), assignmentID, f)
}

// countedAssignments is assignments with a check that all are there. It reads Graph's
// index, which lags. Microsoft's pages don't say whether this list can be counted: if
// it can't, it isn't.
func (r *run) countedAssignments(ctx context.Context, a *app, f func(assignment) error) error {
	c := a.assignedTo(pageSize)
	c.query.Set("$count", "true")
	c.eventual = true
	begun := false
	err := each(ctx, r, c, assignmentID, func(as assignment) error { begun = true; return f(as) })
	if !begun && errors.Is(err, iamscim.ErrInvalidArgument) {
		return r.assignments(ctx, a, f)
	}
	return err
}

func (a *app) assignedTo(top string) call {
	return call{path: a.path("appRoleAssignedTo"), query: query("$top", top), resource: a.resource() + "/appRoleAssignedTo", need: needScope}
}

func assignmentID(as assignment) string { return as.ID }

// assigned returns which of the configuration's objects are assigned, in lower case.
func (r *run) assigned(ctx context.Context, a *app) (map[string]bool, error) {
	wanted := map[string]bool{}
	for _, id := range r.cfg.Assign {
		wanted[strings.ToLower(id)] = true
	}
	there := map[string]bool{}
	if len(wanted) == 0 {
		return there, nil
	}
	err := r.assignments(ctx, a, func(as assignment) error {
		if id := strings.ToLower(as.Principal); wanted[id] {
			there[id] = true
		}
		return nil
	})
	return there, err
}

// assign assigns what isn't assigned.
//
//	POST /servicePrincipals/ID/appRoleAssignedTo
func (r *run) assign(ctx context.Context, a *app) error {
	there, err := r.assigned(ctx, a)
	if err != nil {
		return err
	}
	for _, id := range r.cfg.Assign {
		id := strings.ToLower(id)
		if there[id] {
			continue
		}
		c := call{
			method: http.MethodPost, path: a.path("appRoleAssignedTo"), resource: a.resource() + "/appRoleAssignedTo", need: needAssign,
			body: map[string]string{"principalId": id, "resourceId": a.ID, "appRoleId": a.role()},
		}
		look := func(ctx context.Context) (bool, error) {
			now, err := r.assigned(ctx, a)
			return now[id], err
		}
		err := r.create(ctx, c, look)
		if errors.Is(err, iamscim.ErrInvalidArgument) || errors.Is(err, iamscim.ErrAborted) {
			// Somebody else was quicker, or there is no such object.
			if found, lookErr := look(ctx); lookErr == nil && found {
				continue
			}
		}
		if err != nil {
			if e, ok := errors.AsType[*iamscim.Error](err); ok && e.Remedy == "" {
				e.Remedy = "check that " + id + " is the object ID of a user or a security group of the directory; groups need Entra ID P1"
			}
			return err
		}
	}
	return nil
}
