package entra

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/internal/check"
)

// connection is what Entra ID remembers of an object that it has pushed
// (https://learn.microsoft.com/entra/identity/app-provisioning/manage-object-connections).
type connection struct {
	Source string `json:"sourceAnchor"`
	Target string `json:"targetAnchor"`   // the SCIM ID
	Type   string `json:"objectTypeName"` // User, Group
}

// readConnection reads the connection of an object, nil if there is none. The call
// exists in Graph's beta alone.
//
//	GET /beta/servicePrincipals/ID/synchronization/jobs/JOB/objectConnections('OBJECT')
func (r *run) readConnection(ctx context.Context, a *app, j *job, object string) (*connection, error) {
	got := &connection{}
	err := r.get(ctx, call{path: connectionPath(a, j, object), into: got, resource: j.resource(a), need: needJob})
	switch {
	case errors.Is(err, iamscim.ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, err
	case got.Target == "":
		return nil, nil
	}
	return got, nil
}

func connectionPath(a *app, j *job, object string) string {
	return at("beta", "servicePrincipals", a.ID, "synchronization", "jobs", j.ID, "objectConnections("+literal(object)+")")
}

// forget makes Entra ID forget which SCIM resource it has made of an object. It
// returns what was known, nil if nothing was.
//
//	DELETE /beta/servicePrincipals/ID/synchronization/jobs/JOB/objectConnections('OBJECT')
func (r *run) forget(ctx context.Context, a *app, j *job, object string) (*connection, error) {
	got, err := r.readConnection(ctx, a, j, object)
	if err != nil || got == nil {
		return nil, err
	}
	_, err = r.do(ctx, call{method: http.MethodDelete, path: connectionPath(a, j, object), resource: j.resource(a), need: needJob, repeat: true})
	if e, ok := errors.AsType[*iamscim.Error](err); ok && errors.Is(err, iamscim.ErrAborted) {
		e.Kind, e.Remedy = iamscim.ErrFailedPrecondition, "the job must be paused: somebody has started it"
	}
	return got, err
}

// atOnce bounds the requests that are under way.
const atOnce = 8

// forgetAll forgets everybody in scope.
func (r *run) forgetAll(ctx context.Context, a *app, j *job, now secrets) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	slots := make(chan struct{}, atOnce)
	var wg sync.WaitGroup
	err := r.inScope(ctx, a, now.text(keySyncAll) == "true", func(id string) error {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			if _, err := r.forget(ctx, a, j, id); err != nil {
				cancel(err)
			}
		})
		return nil
	})
	wg.Wait()
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

// Reconnect makes Entra ID forget which SCIM resources it has made of these users
// and groups, given by object ID, and looks for them anew. It's for objects that
// were removed from the tenant behind Entra ID's back, as by a replaced tenant: Entra
// ID goes on to use their old SCIM IDs, gets 404 and puts the job into quarantine.
// SetUp does this by itself when the address changes.
//
// It pauses the job, forgets, pushes those users who were known, and starts the
// job, also if it was paused before. It returns the IDs of the objects that were
// known. Pushing is paced at 5 objects in 10 s. An object that fails to be pushed
// isn't an error: the next cycle pushes it. If the call fails, the job stays paused:
// call it again.
//
// Permissions: as [Client.CutOver].
//
//	POST /servicePrincipals/ID/synchronization/jobs/JOB/pause
//	GET, DELETE /beta/servicePrincipals/ID/synchronization/jobs/JOB/objectConnections('OBJECT')
//	POST /servicePrincipals/ID/synchronization/jobs/JOB/provisionOnDemand
//	POST /servicePrincipals/ID/synchronization/jobs/JOB/start
func (c *Client) Reconnect(ctx context.Context, objects ...string) (known []string, err error) {
	r, err := c.begin(ctx, "reconnect")
	if err != nil {
		return nil, err
	}
	var l check.List
	if len(objects) == 0 {
		l.Add("objects", "required")
	}
	for _, id := range objects {
		if !guid.MatchString(id) {
			l.Add("objects", "%q isn't an object ID (a GUID)", id)
		}
	}
	if err := l.Err("entra: reconnect", ""); err != nil {
		return nil, err
	}
	a, j, err := r.existing(ctx)
	if err != nil {
		return nil, err
	}
	s, err := r.readSchema(ctx, a, j)
	if err != nil {
		return nil, err
	}
	if j, err = r.pause(ctx, a, j); err != nil {
		return nil, err
	}
	var users []string
	for _, id := range objects {
		was, err := r.forget(ctx, a, j, id)
		switch {
		case err != nil:
			return known, err
		case was == nil:
			continue
		case !strings.EqualFold(was.Type, groupObject): // the next cycle pushes groups
			users = append(users, id)
		}
		known = append(known, id)
	}
	for _, id := range users {
		if _, err := r.pushUser(ctx, a, j, s, id); err != nil && ctx.Err() != nil {
			return known, err
		}
	}
	_, err = r.act(ctx, a, j, "start", nil, (*job).active)
	return known, err
}
