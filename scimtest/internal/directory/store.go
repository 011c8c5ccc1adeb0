package directory

import (
	"fmt"
	"hash/maphash"
	"slices"
	"time"
)

// store holds the users and groups of a tenant. It is made for tenants of
// half a million users: a record is one struct and the text of its
// attributes, a membership is two numbers of four bytes, an index entry has
// no pointers. It is not safe for concurrent use: its directory's lock guards it.
type store struct {
	records []*record // by row; row 0 is nobody's
	free    []row     // rows of deleted records
	ids     index
	users   collection
	groups  collection
}

// record is a user or a group.
type record struct {
	id       string
	data     string // attributes as a JSON object, without schemas, id, members and meta
	created  int64  // in microseconds since 1970, as modified
	modified int64
	revision uint32

	next, prev row // in the order of creation
	group      bool
	extended   bool // has attributes of the enterprise extension

	memberOf []row // groups it is a direct member of, ascending
	members  []row // of a group, in the order in which they were added
}

// collection are all records of one resource type.
type collection struct {
	first, last row
	count       int
	keys        []indexKey
	indexes     []index // as keys
	mapped      int     // place of the mapped key in keys, -1 for none
}

func newStore(mapping map[string]string) *store {
	seed := maphash.MakeSeed()
	collection := func(keys []indexKey, google string) collection {
		c := collection{keys: slices.Clone(keys), mapped: -1}
		if k, ok := mappedKey(mapping, google); ok {
			c.mapped = len(c.keys)
			c.keys = append(c.keys, k)
		}
		for range c.keys {
			c.indexes = append(c.indexes, newIndex(seed))
		}
		return c
	}
	return &store{
		records: make([]*record, 1),
		ids:     newIndex(seed),
		users:   collection(userKeys, "google.subject"),
		groups:  collection(groupKeys, "google.group"),
	}
}

func (s *store) collection(group bool) *collection {
	if group {
		return &s.groups
	}
	return &s.users
}

// object decodes a record's attributes. The result is the caller's own.
func (rec *record) object() *object {
	v, err := parseJSON(rec.data)
	if err != nil {
		panic(fmt.Sprintf("scimtest: stored record %s is damaged: %v", rec.id, err))
	}
	return v.(*object)
}

// find returns the row of the user or group with this id, 0 if there is none.
func (s *store) find(group bool, id string) row {
	r := s.findAny(id)
	if r != 0 && s.records[r].group != group {
		return 0
	}
	return r
}

// findAny is find among users and groups.
func (s *store) findAny(id string) row {
	for r := range s.ids.find(id) {
		if s.records[r].id == id {
			return r
		}
	}
	return 0
}

// owner returns a record other than self that has the key, 0 if there is none.
func (s *store) owner(group bool, key int, value string, self row) row {
	c := s.collection(group)
	for r := range c.indexes[key].find(value) {
		if r != self && c.keys[key].has(s.records[r].object(), value) {
			return r
		}
	}
	return 0
}

// insert adds a record. The caller has checked that its id and its unique
// keys are free.
func (s *store) insert(group bool, id string, o *object, now time.Time) row {
	rec := &record{id: id, group: group, created: now.UnixMicro(), modified: now.UnixMicro(), revision: 1}
	r := row(len(s.records))
	if last := len(s.free) - 1; last >= 0 {
		r = s.free[last]
		s.free = s.free[:last]
		s.records[r] = rec
	} else {
		s.records = append(s.records, rec)
	}
	rec.setObject(o)
	s.ids.add(id, r)

	c := s.collection(group)
	for i, k := range c.keys {
		for key := range k.of(o) {
			c.indexes[i].add(key, r)
		}
	}
	rec.prev = c.last
	if c.last != 0 {
		s.records[c.last].next = r
	} else {
		c.first = r
	}
	c.last = r
	c.count++
	return r
}

func (rec *record) setObject(o *object) {
	rec.data = string(appendJSON(nil, o))
	rec.extended = o.get(urnEnterprise) != nil
}

// update gives a record other attributes.
func (s *store) update(r row, o *object) {
	rec := s.records[r]
	old := rec.object()
	c := s.collection(rec.group)
	for i, k := range c.keys {
		for key := range k.of(old) {
			c.indexes[i].remove(key, r)
		}
		for key := range k.of(o) {
			c.indexes[i].add(key, r)
		}
	}
	rec.setObject(o)
}

// touch marks a record as modified.
func (s *store) touch(r row, now time.Time) {
	rec := s.records[r]
	rec.modified = max(rec.modified, now.UnixMicro())
	rec.revision++
}

// remove deletes a record and its memberships, those it has and those it is.
func (s *store) remove(r row) {
	rec := s.records[r]
	for _, g := range rec.memberOf {
		group := s.records[g]
		i := slices.Index(group.members, r)
		group.members = slices.Delete(group.members, i, i+1)
	}
	for _, m := range rec.members {
		s.records[m].leave(r)
	}
	o := rec.object()
	c := s.collection(rec.group)
	for i, k := range c.keys {
		for key := range k.of(o) {
			c.indexes[i].remove(key, r)
		}
	}
	s.ids.remove(rec.id, r)
	if rec.prev != 0 {
		s.records[rec.prev].next = rec.next
	} else {
		c.first = rec.next
	}
	if rec.next != 0 {
		s.records[rec.next].prev = rec.prev
	} else {
		c.last = rec.prev
	}
	c.count--
	s.records[r] = nil
	s.free = append(s.free, r)
}

// isMember reports whether m is a direct member of group g. It looks among
// the groups of m, which are few where the members of g may be many.
func (s *store) isMember(g, m row) bool {
	_, ok := slices.BinarySearch(s.records[m].memberOf, g)
	return ok
}

// addMembers makes direct members of g; it passes over those that are.
func (s *store) addMembers(g row, members []row) {
	group := s.records[g]
	for _, m := range members {
		rec := s.records[m]
		if i, ok := slices.BinarySearch(rec.memberOf, g); !ok {
			rec.memberOf = slices.Insert(rec.memberOf, i, g)
			group.members = append(group.members, m)
		}
	}
}

// removeMembers takes direct members from g; it passes over those that are none.
func (s *store) removeMembers(g row, members map[row]bool) {
	if len(members) == 0 {
		return
	}
	group := s.records[g]
	group.members = slices.DeleteFunc(group.members, func(m row) bool { return members[m] })
	for m := range members {
		s.records[m].leave(g)
	}
}

func (rec *record) leave(g row) {
	if i, ok := slices.BinarySearch(rec.memberOf, g); ok {
		rec.memberOf = slices.Delete(rec.memberOf, i, i+1)
	}
}

// contains reports whether group outer holds group inner, directly or through
// other groups. It climbs from inner.
func (s *store) contains(outer, inner row) bool {
	seen := map[row]bool{inner: true}
	for climb := []row{inner}; len(climb) > 0; {
		r := climb[len(climb)-1]
		climb = climb[:len(climb)-1]
		for _, g := range s.records[r].memberOf {
			if g == outer {
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

// all yields the records of a type in the order of creation.
func (s *store) all(group bool) func(yield func(row, *record) bool) {
	return func(yield func(row, *record) bool) {
		for r := s.collection(group).first; r != 0; r = s.records[r].next {
			if !yield(r, s.records[r]) {
				return
			}
		}
	}
}

// clone returns a deep copy.
func (s *store) clone() *store {
	c := &store{
		records: make([]*record, len(s.records)),
		free:    slices.Clone(s.free),
		ids:     s.ids.clone(),
		users:   s.users.clone(),
		groups:  s.groups.clone(),
	}
	for r, rec := range s.records {
		if rec != nil {
			copied := *rec
			copied.memberOf = slices.Clone(rec.memberOf)
			copied.members = slices.Clone(rec.members)
			c.records[r] = &copied
		}
	}
	return c
}

func (c *collection) clone() collection {
	copied := *c
	copied.indexes = make([]index, len(c.indexes))
	for i := range c.indexes {
		copied.indexes[i] = c.indexes[i].clone()
	}
	return copied
}
