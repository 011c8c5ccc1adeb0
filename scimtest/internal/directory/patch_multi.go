package directory

import (
	"slices"

	"github.com/iamscim/iamscim/scimtest/internal/behavior"
	"github.com/iamscim/iamscim/scimtest/internal/wire"
)

// multiEdit is one operation on the elements of a multi-valued attribute.
type multiEdit struct {
	*Service
	op        patchOperation
	attribute *attribute
	sub       *attribute            // nil for whole elements
	list      []any                 // of *wire.Object
	primary   map[*wire.Object]bool // elements that this operation makes primary
}

// whole applies the operation to the attribute as a whole.
func (m *multiEdit) whole() error {
	if m.op.op == "remove" && !m.op.hasValue {
		m.list = nil
		return nil
	}
	value := m.op.value
	if _, ok := value.(*wire.Object); ok {
		value = []any{value}
	}
	v, err := m.patchReader().read(m.attribute, value, m.op.path)
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
		element := e.(*wire.Object)
		if same := m.find(element); same != nil {
			for _, f := range element.Fields {
				same.Set(f.Name, f.Value)
			}
			element = same
		} else {
			m.list = append(m.list, element)
		}
		if e.(*wire.Object).Get("primary") == true {
			m.primary[element] = true
		}
	}
	return nil
}

// removeValues removes the elements that are given, as Entra ID without
// aadOptscim062020 does. RFC 7644 has no value for remove.
func (m *multiEdit) removeValues(given []any) error {
	if !m.understandsLegacy() {
		return badRequest(behavior.LegacyPatch, invalidSyntax, "remove takes no value: select the elements of %s by a filter in the path", m.attribute.name)
	}
	for _, e := range given {
		if same := m.find(e.(*wire.Object)); same != nil {
			m.list = slices.DeleteFunc(m.list, func(e any) bool { return e == any(same) })
		}
	}
	return nil
}

// find returns the element with the same value and type (RFC 7643 section
// 2.4), or an equal one where there is no value.
func (m *multiEdit) find(element *wire.Object) *wire.Object {
	for _, e := range m.list {
		o := e.(*wire.Object)
		if o.Get("value") == nil && element.Get("value") == nil {
			if wire.Equal(o, element) {
				return o
			}
			continue
		}
		if o.Get("value") == element.Get("value") && o.Get("type") == element.Get("type") {
			return o
		}
	}
	return nil
}

// selected applies the operation to the elements a filter selects, or to all
// of them.
func (m *multiEdit) selected(filter *filter) error {
	var matches []*wire.Object
	for _, e := range m.list {
		if o := e.(*wire.Object); filter == nil || filter.match(o) {
			matches = append(matches, o)
		}
	}
	if m.op.op == "remove" {
		return m.remove(matches)
	}
	if len(matches) == 0 {
		if m.op.op == "replace" && filter != nil && m.is(behavior.NoTarget, "REFUSED") {
			return badRequest(behavior.NoTarget, noTarget, "path %q matches no value", wire.Clip(m.op.path))
		}
		element := &wire.Object{}
		if filter != nil && !filter.describe(element) {
			return badRequest(behavior.NoTarget, noTarget, "path %q matches no value and does not tell how to make one", wire.Clip(m.op.path))
		}
		m.list = append(m.list, element)
		matches = append(matches, element)
		if element.Get("primary") == true {
			m.primary[element] = true
		}
	}
	for _, o := range matches {
		if err := m.assign(o); err != nil {
			return err
		}
	}
	return nil
}

func (m *multiEdit) remove(matches []*wire.Object) error {
	for _, o := range matches {
		if m.sub == nil {
			o.Fields = nil // an element without sub-attributes goes
		} else {
			o.Set(m.sub.name, nil)
		}
	}
	return nil
}

// assign gives an element the operation's value: all of it, or its
// sub-attribute. Replacing an element leaves nothing of the old one (RFC 7644
// section 3.5.2.3).
func (m *multiEdit) assign(o *wire.Object) error {
	if m.sub != nil {
		v, err := m.patchReader().read(m.sub, m.op.value, m.op.path)
		if err != nil {
			return err
		}
		o.Set(m.sub.name, v)
		if m.sub.name == "primary" && v == true {
			m.primary[o] = true
		}
		return nil
	}
	value := m.op.value
	if list, ok := value.([]any); ok && len(list) == 1 {
		value = list[0]
	}
	read, err := m.patchReader().complex(m.attribute.sub, value, m.op.path)
	if err != nil {
		return err
	}
	if m.op.op == "replace" {
		o.Fields = nil
	}
	if given, ok := value.(*wire.Object); ok {
		merge(o, m.attribute.sub, given, read, m.op.op)
	}
	if read != nil && read.Get("primary") == true {
		m.primary[o] = true
	}
	return nil
}

// onePrimary clears primary in the other elements when the operation has set it in one (RFC 7644
// section 3.5.2).
func (m *multiEdit) onePrimary() error {
	for _, e := range m.list {
		if o := e.(*wire.Object); len(m.primary) > 0 && !m.primary[o] && o.Get("primary") == true {
			o.Set("primary", false)
		}
	}
	return checkPrimary(m.attribute, m.list)
}

// describe gives an element what the filter says of it, and reports whether
// the filter says it: Entra ID adds emails[type eq "work"].value where there
// is no work email yet.
func (f *filter) describe(element *wire.Object) bool {
	switch {
	case f.kind == filterAnd:
		return f.left.describe(element) && f.right.describe(element)
	case f.kind == filterCompare && f.op == "eq" && f.value != nil:
		element.Set(f.target.attribute.name, f.value)
		return true
	}
	return false
}
