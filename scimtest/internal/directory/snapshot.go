package directory

import (
	"encoding/json"
	"net/http"

	"github.com/iamscim/iamscim/scimtest/internal/wire"
)

// Content is what a directory holds, as JSON. Users and groups are in the order of creation, as
// a client sees them at the base URI, but groups have their members, which a client does not see.
type Content struct{ Users, Groups []json.RawMessage }

// Clone copies the directory with its users, groups and memberships.
func (d *Service) Clone() *Service {
	c := New(d.cfg)
	c.Restore(d)
	return c
}

// Restore gives the directory the content of another one with the same claim mapping. The
// quota's count goes on.
func (d *Service) Restore(from *Service) {
	from.mu.RLock()
	store := from.store.clone()
	from.mu.RUnlock()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.store = store
}

// Content lists what the directory holds. base is the tenant's base URI.
func (d *Service) Content(base string) Content {
	return Content{Users: d.listAll(base, false), Groups: d.listAll(base, true)}
}

func (d *Service) listAll(base string, group bool) []json.RawMessage {
	d.mu.RLock()
	defer d.mu.RUnlock()
	list := make([]json.RawMessage, 0, d.store.collection(group).count)
	for _, rec := range d.store.all(group) {
		o := rec.view(base, d.etags())
		if group {
			members := make([]any, len(rec.members))
			for i, m := range rec.members {
				element := d.store.memberElement(m)
				member := d.store.records[m]
				element.set("$ref", base+member.resourceType().endpoint+"/"+member.id)
				members[i] = element
			}
			o.set("members", members)
		}
		list = append(list, appendJSON(nil, o))
	}
	return list
}

// AddUser adds a user by the rules of a POST, without a request. Unlike there, an id that the
// document has is kept. It returns the id.
func (d *Service) AddUser(document []byte) (string, error) { return d.add(userType, document) }

// AddGroup is AddUser for groups. Members must exist.
func (d *Service) AddGroup(document []byte) (string, error) { return d.add(groupType, document) }

func (d *Service) add(t *resourceType, document []byte) (string, error) {
	body, err := readBody(string(document))
	if err != nil {
		return "", err
	}
	o, members, err := t.readResource(body)
	if err != nil {
		return "", err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	id, _ := body.getFold("id").(string)
	if id != "" && d.store.findAny(id) != 0 {
		return "", refuse(http.StatusConflict, "id %s is taken", wire.Clip(id))
	}
	r, err := d.insert(t, id, o, members)
	if err != nil {
		return "", err
	}
	return d.store.records[r].id, nil
}
