package directory

import (
	"slices"

	"github.com/iamscim/iamscim/scimtest/internal/wire"
)

// memberEdit collects what a PATCH does to a group's members, without
// touching the group. Its cost depends on the request, not on the group.
type memberEdit struct {
	store   *store
	group   row
	cleared bool         // all members the group had are gone
	removed map[row]bool // members the group had that are gone
	added   []row
	isAdded map[row]bool
}

func newMemberEdit(s *store, group row) *memberEdit {
	return &memberEdit{store: s, group: group, removed: map[row]bool{}, isAdded: map[row]bool{}}
}

func (e *memberEdit) apply(o patchOperation, path patchPath, sub *attribute, legacy bool) error {
	if sub != nil {
		return badRequest(mutability, "Attribute members.%s cannot change: add and remove whole members", sub.name)
	}
	if path.filter != nil {
		if o.op != "remove" {
			return badRequest(mutability, "members that a filter selects can be removed only")
		}
		e.removeMatching(path.filter)
		return nil
	}
	if o.op == "remove" && !o.hasValue {
		e.clear()
		return nil
	}
	ids, err := readMembers(o.value)
	if err != nil {
		return err
	}
	switch o.op {
	case "remove":
		// Entra ID without aadOptscim062020 removes so. By RFC 7644 the value
		// would not count and all members would go.
		if !legacy {
			return badRequest(invalidSyntax, `remove takes no value: use the path members[value eq "ID"]`)
		}
		for _, id := range ids {
			e.remove(e.store.findAny(id))
		}
		return nil
	case "replace":
		e.clear()
	}
	rows, err := e.store.memberRows(e.group, ids)
	if err != nil {
		return err
	}
	for _, r := range rows {
		e.add(r)
	}
	return nil
}

// memberRows finds the records of members to be. group is 0 for a new group.
func (s *store) memberRows(group row, ids []string) ([]row, error) {
	rows := make([]row, 0, len(ids))
	for _, id := range ids {
		r := s.findAny(id)
		if r == 0 {
			return nil, badRequest(invalidValue, "member %q does not exist", wire.Clip(id))
		}
		if s.records[r].group && group != 0 && (r == group || s.contains(r, group)) {
			return nil, badRequest(invalidValue, "group %s cannot be a member of itself, directly or through %s", s.records[group].id, wire.Clip(id))
		}
		rows = append(rows, r)
	}
	return rows, nil
}

func (e *memberEdit) clear() {
	e.cleared = true
	e.added = nil
	clear(e.isAdded)
}

func (e *memberEdit) has(r row) bool {
	return e.isAdded[r] || !e.cleared && !e.removed[r] && e.store.isMember(e.group, r)
}

func (e *memberEdit) add(r row) {
	if e.has(r) {
		return
	}
	delete(e.removed, r)
	if e.has(r) {
		return
	}
	e.isAdded[r] = true
	e.added = append(e.added, r)
}

func (e *memberEdit) remove(r row) {
	if r == 0 {
		return
	}
	delete(e.isAdded, r)
	if !e.cleared && e.store.isMember(e.group, r) {
		e.removed[r] = true
	}
}

func (e *memberEdit) removeMatching(f *filter) {
	if id, ok := f.elementValue(); ok {
		if r := e.store.findAny(id); r != 0 && e.has(r) && f.match(e.store.memberElement(r)) {
			e.remove(r)
		}
		return
	}
	for _, list := range [][]row{slices.Clone(e.added), e.store.records[e.group].members} {
		for _, r := range list {
			if e.has(r) && f.match(e.store.memberElement(r)) {
				e.remove(r)
			}
		}
	}
}

// elementValue is the value that a filter within brackets asks for, if it asks
// for one.
func (f *filter) elementValue() (string, bool) {
	switch {
	case f.kind == filterAnd:
		if id, ok := f.left.elementValue(); ok {
			return id, true
		}
		return f.right.elementValue()
	case f.kind == filterCompare && f.op == "eq" && f.target.attribute.name == "value":
		id, ok := f.value.(string)
		return id, ok
	}
	return "", false
}

// memberElement is a member as filters and listings see it.
func (s *store) memberElement(r row) *object {
	rec := s.records[r]
	element := &object{}
	element.set("value", rec.id)
	element.set("type", rec.resourceType().name)
	element.set("display", rec.object().get("displayName"))
	return element
}

func (rec *record) resourceType() *resourceType {
	if rec.group {
		return groupType
	}
	return userType
}

// changes reports whether commit would change the group.
func (e *memberEdit) changes() bool {
	if len(e.removed) > 0 {
		return true
	}
	for r := range e.isAdded {
		if !e.store.isMember(e.group, r) {
			return true
		}
	}
	return e.cleared && len(e.isAdded) < len(e.store.records[e.group].members)
}

func (e *memberEdit) commit() {
	gone := e.removed
	if e.cleared {
		gone = map[row]bool{}
		for _, r := range e.store.records[e.group].members {
			if !e.isAdded[r] {
				gone[r] = true
			}
		}
	}
	e.store.removeMembers(e.group, gone)
	e.store.addMembers(e.group, slices.DeleteFunc(e.added, func(r row) bool { return !e.isAdded[r] }))
}
