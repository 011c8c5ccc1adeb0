package directory

import (
	"slices"

	"github.com/iamscim/iamscim/scimtest/internal/wire"
)

// applyMulti applies an operation to a multi-valued attribute, to elements of
// it that a filter selects, or to a sub-attribute of them. c holds the
// attribute.
func (p *patch) applyMulti(o patchOperation, path patchPath, target attrTarget, c *object) error {
	a := target.attribute
	list, _ := c.get(a.name).([]any)
	m := &multiEdit{patch: p, op: o, attribute: a, sub: target.sub, list: list, touched: map[*object]bool{}}
	var err error
	switch {
	case path.filter != nil:
		err = m.selected(path.filter)
	case m.sub != nil:
		err = m.selected(nil)
	default:
		err = m.whole()
	}
	if err == nil {
		err = m.onePrimary()
	}
	if err != nil {
		return err
	}
	list = slices.DeleteFunc(m.list, func(e any) bool { return len(e.(*object).fields) == 0 })
	if len(list) == 0 {
		c.set(a.name, nil)
		return nil
	}
	c.set(a.name, list)
	return nil
}

// multiEdit is one operation on the elements of a multi-valued attribute.
type multiEdit struct {
	patch     *patch
	op        patchOperation
	attribute *attribute
	sub       *attribute // nil for whole elements
	list      []any      // of *object
	touched   map[*object]bool
}

// whole applies the operation to the attribute as a whole.
func (m *multiEdit) whole() error {
	if m.op.op == "remove" && !m.op.hasValue {
		m.list = nil
		return nil
	}
	value := m.op.value
	if _, ok := value.(*object); ok {
		value = []any{value}
	}
	v, err := m.patch.reader().read(m.attribute, value, m.op.path)
	if err != nil {
		return err
	}
	given, _ := v.([]any)
	switch m.op.op {
	case "remove":
		return m.removeValues(given)
	case "replace":
		m.list = nil
	}
	for _, e := range given {
		element := e.(*object)
		if same := m.find(element); same != nil {
			for _, f := range element.fields {
				same.set(f.name, f.value)
			}
			element = same
		} else {
			m.list = append(m.list, element)
		}
		m.touched[element] = true
	}
	return nil
}

// removeValues removes the elements that are given, as Entra ID without
// aadOptscim062020 does. RFC 7644 has no value for remove.
func (m *multiEdit) removeValues(given []any) error {
	if !m.patch.legacy {
		return badRequest(invalidSyntax, "remove takes no value: select the elements of %s by a filter in the path", m.attribute.name)
	}
	for _, e := range given {
		if same := m.find(e.(*object)); same != nil {
			m.list = slices.DeleteFunc(m.list, func(e any) bool { return e == any(same) })
		}
	}
	return nil
}

// find returns the element with the same value and type (RFC 7643 section
// 2.4), or an equal one where there is no value.
func (m *multiEdit) find(element *object) *object {
	for _, e := range m.list {
		o := e.(*object)
		if o.get("value") == nil && element.get("value") == nil {
			if equal(o, element) {
				return o
			}
			continue
		}
		if o.get("value") == element.get("value") && o.get("type") == element.get("type") {
			return o
		}
	}
	return nil
}

// selected applies the operation to the elements a filter selects, or to all
// of them.
func (m *multiEdit) selected(filter *filter) error {
	var matches []*object
	for _, e := range m.list {
		if o := e.(*object); filter == nil || filter.match(o) {
			matches = append(matches, o)
		}
	}
	if m.op.op == "remove" {
		return m.remove(matches)
	}
	if len(matches) == 0 {
		if m.op.op == "replace" && filter != nil {
			return badRequest(noTarget, "path %q matches no value", wire.Clip(m.op.path))
		}
		element := &object{}
		if filter != nil && !filter.describe(element) {
			return badRequest(noTarget, "path %q matches no value and does not tell how to make one", wire.Clip(m.op.path))
		}
		m.list = append(m.list, element)
		matches = append(matches, element)
	}
	for _, o := range matches {
		if err := m.assign(o); err != nil {
			return err
		}
		m.touched[o] = true
	}
	return nil
}

func (m *multiEdit) remove(matches []*object) error {
	for _, o := range matches {
		if m.sub == nil {
			o.fields = nil // an element without sub-attributes goes
		} else {
			o.set(m.sub.name, nil)
		}
	}
	return nil
}

// assign gives an element the operation's value: all of it, or its
// sub-attribute. Replacing an element leaves nothing of the old one (RFC 7644
// section 3.5.2.3).
func (m *multiEdit) assign(o *object) error {
	if m.sub != nil {
		v, err := m.patch.reader().read(m.sub, m.op.value, m.op.path)
		if err != nil {
			return err
		}
		o.set(m.sub.name, v)
		return nil
	}
	value := m.op.value
	if list, ok := value.([]any); ok && len(list) == 1 {
		value = list[0]
	}
	read, err := m.patch.reader().complex(m.attribute.sub, value, m.op.path)
	if err != nil {
		return err
	}
	if m.op.op == "replace" {
		o.fields = nil
	}
	if given, ok := value.(*object); ok {
		o.merge(m.attribute.sub, given, read)
	}
	return nil
}

// onePrimary clears primary in the other elements when the operation has set
// it in one (RFC 7644 section 3.5.2).
func (m *multiEdit) onePrimary() error {
	set := false
	for o := range m.touched {
		set = set || o.get("primary") == true
	}
	if set {
		for _, e := range m.list {
			if o := e.(*object); !m.touched[o] && o.get("primary") == true {
				o.set("primary", false)
			}
		}
	}
	return checkPrimary(m.attribute, m.list)
}

// describe gives an element what the filter says of it, and reports whether
// the filter says it: Entra ID adds emails[type eq "work"].value where there
// is no work email yet.
func (f *filter) describe(element *object) bool {
	switch {
	case f.kind == filterAnd:
		return f.left.describe(element) && f.right.describe(element)
	case f.kind == filterCompare && f.op == "eq" && f.value != nil:
		element.set(f.target.attribute.name, f.value)
		return true
	}
	return false
}
