package directory

import (
	"cmp"
	"slices"
	"time"

	"github.com/iamscim/iamscim/scimtest/internal/wire"
)

// store holds the users and groups of a tenant in maps, with an index for each attribute that
// identity providers filter by. It is not safe for concurrent use: its service's lock guards it.
type store struct {
	records map[string]*record // users and groups by ID
	users   collection
	groups  collection
	made    int // records made so far
}

// record is a user or a group.
type record struct {
	id                string
	typ               *resourceType
	attributes        *wire.Object // without schemas, id, members and meta; never changed, a write puts another
	created, modified time.Time
	revision          int
	order             int // of creation

	memberOf map[*record]bool // groups it is a direct member of
	members  []*record        // of a group, in the order in which they were added
}

// collection are all records of one resource type.
type collection struct {
	records []*record // in the order of creation
	keys    []indexKey
	indexes []map[string][]*record // as keys
	mapped  int                    // place of the mapped key in keys, -1 for none
}

func newStore(mapping map[string]string) *store {
	newCollection := func(keys []indexKey, google string) collection {
		c := collection{keys: slices.Clone(keys), mapped: -1}
		if k, ok := mappedKey(mapping, google); ok {
			c.mapped = len(c.keys)
			c.keys = append(c.keys, k)
		}
		for range c.keys {
			c.indexes = append(c.indexes, map[string][]*record{})
		}
		return c
	}
	return &store{
		records: map[string]*record{},
		users:   newCollection(userKeys, "google.subject"),
		groups:  newCollection(groupKeys, "google.group"),
	}
}

func (s *store) collection(t *resourceType) *collection {
	if t == groupType {
		return &s.groups
	}
	return &s.users
}

// find returns the user or group with this ID, or nil.
func (s *store) find(t *resourceType, id string) *record {
	if rec := s.records[id]; rec != nil && rec.typ == t {
		return rec
	}
	return nil
}

// owner returns a record other than self that has the key, or nil.
func (c *collection) owner(key int, value string, self *record) *record {
	for _, rec := range c.indexes[key][value] {
		if rec != self {
			return rec
		}
	}
	return nil
}

// insert adds a record. The caller has checked that its ID and its unique keys are free.
func (s *store) insert(t *resourceType, id string, attributes *wire.Object, now time.Time) *record {
	s.made++
	rec := &record{id: id, typ: t, created: now, modified: now, revision: 1, order: s.made, memberOf: map[*record]bool{}}
	s.records[id] = rec
	c := s.collection(t)
	c.records = append(c.records, rec)
	c.put(rec, attributes)
	return rec
}

// put gives a record its attributes.
func (c *collection) put(rec *record, attributes *wire.Object) {
	c.unindex(rec)
	rec.attributes = attributes
	for i, k := range c.keys {
		for key := range k.of(attributes) {
			c.indexes[i][key] = append(c.indexes[i][key], rec)
		}
	}
}

func (c *collection) unindex(rec *record) {
	if rec.attributes == nil {
		return
	}
	for i, k := range c.keys {
		for key := range k.of(rec.attributes) {
			rest := slices.DeleteFunc(c.indexes[i][key], func(other *record) bool { return other == rec })
			if c.indexes[i][key] = rest; len(rest) == 0 {
				delete(c.indexes[i], key)
			}
		}
	}
}

// touch marks a record as modified.
func (rec *record) touch(now time.Time) {
	if now.After(rec.modified) {
		rec.modified = now
	}
	rec.revision++
}

// remove deletes a record and its memberships, those it has and those it is.
func (s *store) remove(rec *record) {
	for group := range rec.memberOf {
		group.members = slices.DeleteFunc(group.members, func(m *record) bool { return m == rec })
	}
	for _, m := range rec.members {
		delete(m.memberOf, rec)
	}
	c := s.collection(rec.typ)
	c.unindex(rec)
	i, _ := slices.BinarySearchFunc(c.records, rec, byOrder)
	c.records = slices.Delete(c.records, i, i+1)
	delete(s.records, rec.id)
}

func byOrder(a, b *record) int { return cmp.Compare(a.order, b.order) }

// addMembers makes direct members of the group; it passes over those that are.
func (group *record) addMembers(members []*record) {
	for _, m := range members {
		if !m.memberOf[group] {
			m.memberOf[group] = true
			group.members = append(group.members, m)
		}
	}
}

// removeMembers takes direct members from the group; it passes over those that are none.
func (group *record) removeMembers(members map[*record]bool) {
	if len(members) == 0 {
		return
	}
	group.members = slices.DeleteFunc(group.members, func(m *record) bool { return members[m] })
	for m := range members {
		delete(m.memberOf, group)
	}
}

// contains reports whether the group holds inner, directly or through other groups. It climbs from
// inner.
func (group *record) contains(inner *record) bool {
	seen := map[*record]bool{inner: true}
	for climb := []*record{inner}; len(climb) > 0; {
		rec := climb[len(climb)-1]
		climb = climb[:len(climb)-1]
		for g := range rec.memberOf {
			if g == group {
				return true
			}
			if !seen[g] {
				seen[g] = true
				climb = append(climb, g)
			}
		}
	}
	return false
}

// clone is a copy that shares nothing but attributes, which don't change.
func (s *store) clone(mapping map[string]string) *store {
	c := newStore(mapping)
	c.made = s.made
	copies := make(map[*record]*record, len(s.records))
	for _, from := range []*collection{&s.users, &s.groups} {
		for _, rec := range from.records {
			n := c.insert(rec.typ, rec.id, rec.attributes, rec.created)
			n.modified, n.revision, n.order = rec.modified, rec.revision, rec.order
			copies[rec] = n
		}
	}
	for _, group := range s.groups.records {
		for _, m := range group.members {
			copies[group].addMembers([]*record{copies[m]})
		}
	}
	c.made = s.made
	return c
}
