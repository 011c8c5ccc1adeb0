package scimtest

import (
	"encoding/json"
	"net/http"
)

// directorySnapshot is the content of a directory at one moment. It shares
// nothing with the directory.
type directorySnapshot struct {
	store *scimStore
}

// snapshot copies the directory's users, groups and memberships.
func (d *directory) snapshot() *directorySnapshot {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return &directorySnapshot{d.store.clone()}
}

// restore gives the directory the content of a snapshot, which stays good for
// further restores. The snapshot must be of a directory with the same claim
// mapping. The quota's count goes on.
func (d *directory) restore(s *directorySnapshot) {
	store := s.store.clone()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.store = store
}

// listUsers returns all users in the order of creation, as a client sees them
// at the base URI.
func (d *directory) listUsers(base string) []json.RawMessage { return d.listAll(base, false) }

// listGroups returns all groups in the order of creation, as a client sees
// them at the base URI but with their members, which a client does not see.
func (d *directory) listGroups(base string) []json.RawMessage { return d.listAll(base, true) }

func (d *directory) listAll(base string, group bool) []json.RawMessage {
	d.mu.RLock()
	defer d.mu.RUnlock()
	list := make([]json.RawMessage, 0, d.store.collection(group).count)
	for _, rec := range d.store.all(group) {
		o := rec.view(base, d.cfg.behaviour.etags)
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
		list = append(list, appendSCIM(nil, o))
	}
	return list
}

// addUser adds a user and addGroup a group by the rules of a POST, without a
// request. Unlike there, an id that the document has is kept. They return the
// id.
func (d *directory) addUser(document []byte) (string, error) { return d.add(userType, document) }

func (d *directory) addGroup(document []byte) (string, error) { return d.add(groupType, document) }

func (d *directory) add(t *scimResourceType, document []byte) (string, error) {
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
		return "", refuseSCIM(http.StatusConflict, "id %s is taken", clip(id))
	}
	r, err := d.insert(t, id, o, members)
	if err != nil {
		return "", err
	}
	return d.store.records[r].id, nil
}
