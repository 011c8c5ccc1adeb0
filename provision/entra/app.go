package entra

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/internal/retry"
)

// app is an enterprise application: a service principal of the directory
// (https://learn.microsoft.com/graph/api/resources/serviceprincipal).
type app struct {
	ID          string    `json:"id"`
	AppID       string    `json:"appId"`
	DisplayName string    `json:"displayName"`
	Owner       string    `json:"appOwnerOrganizationId"`
	Template    string    `json:"applicationTemplateId"`
	Roles       []appRole `json:"appRoles"`
}

type appRole struct {
	ID      string   `json:"id"`
	Name    string   `json:"displayName"`
	Enabled bool     `json:"isEnabled"`
	Members []string `json:"allowedMemberTypes"`
}

// defaultAccess is the role of an application that has none for users.
const defaultAccess = "00000000-0000-0000-0000-000000000000"

// role returns the role to assign. An application with roles for users doesn't
// allow default access. Those of a non-gallery application have User and
// msiam_access.
func (a *app) role() string {
	best := defaultAccess
	for _, role := range a.Roles {
		if !role.Enabled || !slices.Contains(role.Members, "User") {
			continue
		}
		if role.Name == "User" {
			return role.ID
		}
		if best == defaultAccess {
			best = role.ID
		}
	}
	return best
}

// path is a path below the application.
func (a *app) path(segments ...string) string {
	return v1(append([]string{"servicePrincipals", a.ID}, segments...)...)
}

// resource names the application in errors.
func (a *app) resource() string { return "servicePrincipals/" + a.ID }

const appFields = "id,appId,displayName,appOwnerOrganizationId,applicationTemplateId,appRoles"

// findApp returns the application of the configuration, nil if there is none of the
// name.
func (r *run) findApp(ctx context.Context) (*app, error) {
	if id := r.cfg.ServicePrincipalID; id != "" {
		a := &app{}
		err := r.get(ctx, call{path: v1("servicePrincipals", id), query: query("$select", appFields), into: a, resource: "servicePrincipals/" + id, need: needReadApp})
		if err != nil {
			return nil, err
		}
		if !strings.EqualFold(a.ID, id) {
			return nil, r.fail(call{resource: "servicePrincipals/" + id}, iamscim.ErrBadReply, errors.New("the reply is about another object"))
		}
		return a, r.fits(a)
	}
	name := r.cfg.AppName
	var found struct {
		Value []*app `json:"value"`
		Next  string `json:"@odata.nextLink"`
	}
	c := call{path: v1("servicePrincipals"), query: query("$filter", "displayName eq "+literal(name), "$select", appFields), into: &found, resource: "servicePrincipals", need: needReadApp}
	if err := r.get(ctx, c); err != nil {
		return nil, err
	}
	switch {
	case len(found.Value) > 1 || found.Next != "":
		var ids []string
		for _, a := range found.Value {
			ids = append(ids, a.ID)
		}
		return nil, r.state("servicePrincipals", "give the ID of one in ServicePrincipalID", "several applications have the name %q: %s", name, strings.Join(ids, ", "))
	case len(found.Value) == 0:
		return nil, nil
	case found.Value[0].ID == "" || !strings.EqualFold(found.Value[0].DisplayName, name):
		return nil, r.fail(c, iamscim.ErrBadReply, errors.New("the reply has an application of another name"))
	}
	return found.Value[0], r.fits(found.Value[0])
}

// fits refuses an application that can't provision into a SCIM tenant, and one that
// shows that the credentials are for another directory.
func (r *run) fits(a *app) error {
	if a.Template != "" && !strings.EqualFold(a.Template, r.place.template) {
		return r.state(a.resource(), "use an application that was created as a non-gallery application", "%q is an application of the gallery (template %s)", a.DisplayName, a.Template)
	}
	if want := r.cfg.TenantID; guid.MatchString(want) && a.Owner != "" && !strings.EqualFold(want, a.Owner) {
		return r.state(a.resource(), "sign in to the directory of TenantID", "%q belongs to the directory %s, and TenantID is %s", a.DisplayName, a.Owner, want)
	}
	return nil
}

// makeApp creates the application, and waits until it can be read.
//
//	POST /applicationTemplates/T/instantiate
func (r *run) makeApp(ctx context.Context) (*app, error) {
	var made struct {
		Principal struct {
			ID       string `json:"id"`
			ObjectID string `json:"objectId"` // Graph's beta
		} `json:"servicePrincipal"`
	}
	c := call{
		method: http.MethodPost, path: v1("applicationTemplates", r.place.template, "instantiate"), body: map[string]string{"displayName": r.cfg.AppName},
		into: &made, resource: "applicationTemplates/" + r.place.template, need: needMakeApp,
	}
	var a *app
	err := r.create(ctx, c, func(ctx context.Context) (found bool, err error) {
		a, err = r.findApp(ctx)
		return a != nil, err
	})
	if err != nil || a != nil {
		return a, err
	}
	id := made.Principal.ID
	if id == "" {
		id = made.Principal.ObjectID
	}
	seen, err := r.await(ctx, func(ctx context.Context) (bool, error) {
		if id == "" { // the reply doesn't have it
			a, err = r.findApp(ctx)
			return a != nil, err
		}
		a = &app{}
		err := r.get(ctx, call{path: v1("servicePrincipals", id), query: query("$select", appFields), into: a, resource: "servicePrincipals/" + id, need: needReadApp})
		return err == nil && a.ID != "", err
	})
	if err == nil && !seen {
		err = &iamscim.Error{Op: "entra: " + r.op, Resource: "servicePrincipals/" + id, Kind: iamscim.ErrNotVisible, Remedy: "call it again later: it finds the application"}
	}
	if err != nil {
		return nil, err
	}
	return a, r.fits(a)
}

// create sends a call that must not be repeated if its reply is lost. In that case
// look says whether it was carried out: it's asked until the replication window has
// passed. Only then the call is sent once more.
func (r *run) create(ctx context.Context, c call, look func(context.Context) (bool, error)) error {
	for last := range 2 {
		_, lost, err := r.send(ctx, c)
		r.created()
		if err == nil || !lost {
			return err
		}
		if ctx.Err() != nil {
			return r.unknown(c, err)
		}
		found, lookErr := r.await(ctx, look)
		switch {
		case lookErr != nil:
			return r.unknown(c, both(err, lookErr))
		case found:
			return nil
		case last == 1 || errors.Is(err, iamscim.ErrRedirected):
			return r.unknown(c, err)
		}
	}
	return nil
}

// unknown is the error for a creation with a lost reply that reading doesn't
// settle.
func (r *run) unknown(c call, err error) error {
	return &iamscim.Error{Op: "entra: " + r.op, Resource: c.resource, Kind: iamscim.ErrOutcomeUnknown, Remedy: "call it again: it looks for what is there first", Err: err}
}

// await asks look until it finds what it looks for, or the replication window has
// passed.
func (r *run) await(ctx context.Context, look func(context.Context) (bool, error)) (found bool, err error) {
	policy := r.retry
	policy.Budget, policy.MaxAttempts = policy.Replication, 0
	policy.Max = max(policy.Initial, min(policy.Max, 8*time.Second))
	_, err = retry.Do(ctx, policy, func() (retry.Verdict, error) {
		var err error
		found, err = look(ctx)
		if errors.Is(err, iamscim.ErrNotFound) {
			found, err = false, nil
		}
		return retry.Verdict{Again: !found && err == nil}, err
	})
	return found, err
}
