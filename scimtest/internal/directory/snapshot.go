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
	store := from.store.clone(d.cfg.Mapping)
	from.mu.RUnlock()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.store = store
}

// Content lists what the directory holds. base is the tenant's base URI.
func (d *Service) Content(base string) Content {
	return Content{Users: d.listAll(base, userType), Groups: d.listAll(base, groupType)}
}

func (d *Service) listAll(base string, t *resourceType) []json.RawMessage {
	d.mu.RLock()
	defer d.mu.RUnlock()
	list := []json.RawMessage{}
	for _, rec := range d.store.collection(t).records {
		list = append(list, wire.Append(nil, rec.view(base, d.etags(), rec.members)))
	}
	return list
}

// AddUser adds a user by the rules of a POST, without a request. Unlike there, an ID that the
// document has is kept. It returns the ID.
func (d *Service) AddUser(document []byte) (string, error) { return d.add(userType, document) }

// AddGroup is AddUser for groups. Members must exist.
func (d *Service) AddGroup(document []byte) (string, error) { return d.add(groupType, document) }

func (d *Service) add(t *resourceType, document []byte) (string, error) {
	body, err := readBody(document)
	if err != nil {
		return "", err
	}
	o, members, err := d.readResource(t, body)
	if err != nil {
		return "", err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	id, _ := body.GetFold("id").(string)
	if id != "" && d.store.records[id] != nil {
		return "", refuse("", http.StatusConflict, "id %s is taken", wire.Clip(id))
	}
	rec, err := d.insert(t, id, o, members)
	if err != nil {
		return "", err
	}
	return rec.id, nil
}
