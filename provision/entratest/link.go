package entratest

import (
	"maps"
	"net/http"
	"strings"

	"github.com/iamscim/iamscim/provision/entratest/internal/push"
)

// link is an object connection: what the engine knows of an object in the target.
type link struct {
	kind       push.Kind
	source, id string // objectId, SCIM id
	name       string
	exported   map[string]any  // what was sent, by target attribute
	members    map[string]bool // source IDs of the users that were added to a group
	disabled   bool
	found      bool // it was there before the engine: its members aren't known
}

// link returns a copy of what a job knows of an object, or nil.
func (r *run) link(id string) *link {
	r.mu.Lock()
	defer r.mu.Unlock()
	l := r.job.links[id]
	if l == nil {
		return nil
	}
	copied := *l
	copied.exported, copied.members = maps.Clone(l.exported), maps.Clone(l.members)
	return &copied
}

// known is the SCIM id of an object that the target has, or "".
func (r *run) known(id string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if l := r.job.links[id]; l != nil {
		return l.id
	}
	return ""
}

// keep stores what is known of an object.
func (r *run) keep(l *link) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.job.links[l.source] = l
}

// forget drops what is known of an object.
func (r *run) forget(id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.job.drop(id)
}

// drop drops all that a job knows of an object.
func (j *job) drop(id string) {
	delete(j.links, id)
	delete(j.escrows, id)
	delete(j.escrows, referencesOf(id))
}

// findLink finds an object connection by the ID of the source, then of the target.
func (j *job) findLink(id string) *link {
	if l := j.links[id]; l != nil {
		return l
	}
	for _, l := range j.links {
		if l.id == id {
			return l
		}
	}
	return nil
}

func listConnections(c *call) *reply {
	return c.badRequest(ruleConnections, "Listing object connections isn't supported.")
}

func getConnection(c *call) *reply {
	l := c.job.findLink(c.path["connection"])
	if l == nil {
		return c.refuse(ruleConnections, http.StatusNotFound, "NotFound", "There is no object connection for '%s'.", clip(c.path["connection"]))
	}
	return ok(object{"@odata.context": c.context("objectConnection/$entity"), "objectId": l.source, "sourceAnchor": l.source,
		"targetAnchor": l.id, "displayName": l.name, "objectTypeName": strings.ToLower(strings.TrimSuffix(string(l.kind), "s"))})
}

func deleteConnection(c *call) *reply {
	if c.job.state == scheduleActive {
		return c.refuse(ruleConnections, http.StatusConflict, "Conflict", "The job is active: pause it first.")
	}
	if l := c.job.findLink(c.path["connection"]); l != nil {
		c.job.drop(l.source)
	}
	return noContent()
}
