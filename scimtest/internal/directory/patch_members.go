package directory

import (
	"net/http"
	"slices"

	"github.com/iamscim/iamscim/scimtest/internal/behavior"
	"github.com/iamscim/iamscim/scimtest/internal/wire"
)

// memberEdit collects what a PATCH does to a group's members, without touching the group. Its cost
// depends on the request, not on the group.
type memberEdit struct {
	*Service
	group   *record
	cleared bool             // all members the group had are gone
	removed map[*record]bool // members the group had that are gone
	added   []*record
	isAdded map[*record]bool
}

func newMemberEdit(d *Service, group *record) *memberEdit {
	return &memberEdit{Service: d, group: group, removed: map[*record]bool{}, isAdded: map[*record]bool{}}
}

func (e *memberEdit) apply(o patchOperation, path patchPath, sub *attribute) error {
	if sub != nil {
		return badRequest(behavior.MemberChange, mutability, "Attribute members.%s cannot change: add and remove whole members", sub.name)
	}
	if path.filter != nil {
		if o.op != "remove" {
			return badRequest(behavior.MemberChange, mutability, "members that a filter selects can be removed only")
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
		// Entra ID without aadOptscim062020 removes so. By RFC 7644 the value would not count and
		// all members would go.
		if !e.understandsLegacy() {
			return badRequest(behavior.LegacyPatch, invalidSyntax, `remove takes no value: use the path members[value eq "ID"]`)
		}
		for _, id := range ids {
			e.remove(e.store.records[id])
		}
		return nil
	case "replace":
		e.clear()
	}
	members, err := e.membersToBe(e.group, ids)
	if err != nil {
		return err
	}
	for _, m := range members {
		e.add(m)
	}
	return nil
}

// membersToBe finds the records of members to be. group is nil for a new group.
func (d *Service) membersToBe(group *record, ids []string) ([]*record, error) {
	members := make([]*record, 0, len(ids))
	for _, id := range ids {
		m := d.store.records[id]
		switch {
		case m == nil && d.is(behavior.MissingMember, "IGNORED"):
			continue
		case m == nil && d.is(behavior.MissingMember, "404"):
			return nil, refuse(behavior.MissingMember, http.StatusNotFound, "member %q does not exist", wire.Clip(id))
		case m == nil:
			return nil, badRequest(behavior.MissingMember, invalidValue, "member %q does not exist", wire.Clip(id))
		case m.typ == groupType && d.is(behavior.NestedGroups, "REFUSED"):
			return nil, badRequest(behavior.NestedGroups, invalidValue, "member %q is a group", wire.Clip(id))
		case group != nil && m.typ == groupType && (m == group || m.contains(group)):
			return nil, badRequest(behavior.NestedGroups, invalidValue, "group %s cannot be a member of itself, directly or through %s", group.id, wire.Clip(id))
		}
		members = append(members, m)
	}
	return members, nil
}

func (e *memberEdit) clear() {
	e.cleared = true
	e.added = nil
	clear(e.isAdded)
}

func (e *memberEdit) has(m *record) bool {
	return e.isAdded[m] || !e.cleared && !e.removed[m] && m.memberOf[e.group]
}

func (e *memberEdit) add(m *record) {
	if e.has(m) {
		return
	}
	delete(e.removed, m)
	if e.has(m) {
		return
	}
	e.isAdded[m] = true
	e.added = append(e.added, m)
}

func (e *memberEdit) remove(m *record) {
	if m == nil {
		return
	}
	delete(e.isAdded, m)
	if !e.cleared && m.memberOf[e.group] {
		e.removed[m] = true
	}
}

func (e *memberEdit) removeMatching(f *filter) {
	candidates := slices.Concat(e.added, e.group.members)
	if id, ok := f.elementValue(); ok {
		candidates = nil
		if m := e.store.records[id]; m != nil {
			candidates = []*record{m}
		}
	}
	for _, m := range candidates {
		if e.has(m) && f.match(m.element()) {
			e.remove(m)
		}
	}
}

// elementValue is the value that a filter within brackets asks for, if it asks for one.
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

// changes reports whether commit would change the group.
func (e *memberEdit) changes() bool {
	if len(e.removed) > 0 {
		return true
	}
	for m := range e.isAdded {
		if !m.memberOf[e.group] {
			return true
		}
	}
	return e.cleared && len(e.isAdded) < len(e.group.members)
}

func (e *memberEdit) commit() {
	gone := e.removed
	if e.cleared {
		gone = map[*record]bool{}
		for _, m := range e.group.members {
			if !e.isAdded[m] {
				gone[m] = true
			}
		}
	}
	e.group.removeMembers(gone)
	e.group.addMembers(slices.DeleteFunc(e.added, func(m *record) bool { return !e.isAdded[m] }))
}
