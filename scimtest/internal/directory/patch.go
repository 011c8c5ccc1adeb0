package directory

import (
	"slices"

	"github.com/iamscim/iamscim/scimtest/internal/behavior"
	"github.com/iamscim/iamscim/scimtest/internal/wire"
)

// patch is a PATCH in the making: it changes a copy, which takes the
// resource's place when all operations have succeeded.
type patch struct {
	*Service
	typ     *resourceType
	id      string
	object  *wire.Object
	members *memberEdit // nil for users
}

func (p *patch) apply(o patchOperation) error {
	if o.hasPath {
		path, err := parsePath(o.path)
		if err != nil {
			return badRequest(behavior.PatchPaths, invalidPath, "path %q: %v", wire.Clip(o.path), err)
		}
		target, err := path.bind(p.binder())
		if err != nil && p.is(behavior.UnknownPath, "IGNORED") {
			return nil
		}
		if err != nil {
			return badRequest(behavior.UnknownPath, invalidPath, "path %q: %v", wire.Clip(o.path), err)
		}
		if a := target.attribute; a != nil && a.readOnly() && !a.discarded {
			return badRequest(behavior.ReadOnly, mutability, "Attribute %s is readOnly", a.name)
		}
		return p.applyTo(o, path, target)
	}
	value, ok := o.value.(*wire.Object)
	if !ok {
		return badRequest(behavior.PatchForm, invalidSyntax, "the value of an operation without a path must be an object")
	}
	for _, f := range value.Fields {
		if err := p.applyKey(patchOperation{op: o.op, path: f.Name, hasPath: true, value: f.Value, hasValue: true}); err != nil {
			return err
		}
	}
	return nil
}

// applyKey applies one key of the value of an operation without a path. Entra
// ID writes paths there (name.givenName, URN:employeeNumber), which RFC 7644
// does not have. Keys the service does not know are ignored, as in a POST.
func (p *patch) applyKey(o patchOperation) error {
	path, err := parsePath(o.path)
	if err != nil {
		return nil
	}
	target, err := path.bind(p.binder())
	if err != nil {
		if path.filter != nil {
			return badRequest(behavior.UnknownPath, invalidPath, "key %q: %v", wire.Clip(o.path), err)
		}
		return nil
	}
	if a := target.attribute; a != nil && a.readOnly() {
		// Okta repeats the group's id in the value.
		if id, _ := o.value.(string); a.name == "id" && id != p.id {
			return badRequest(behavior.ReadOnly, mutability, "Attribute id is readOnly")
		}
		return nil
	}
	return p.applyTo(o, path, target)
}

// applyTo applies an operation to its target.
func (p *patch) applyTo(o patchOperation, path patchPath, target attrTarget) error {
	a := target.attribute
	switch {
	case o.op == "add" && isEmpty(o.value):
		return nil
	case a == nil:
		return p.applyExtension(o)
	case a.discarded, target.sub != nil && target.sub.discarded:
		return nil
	case a == membersAttribute:
		return p.members.apply(o, path, target.sub)
	}
	c := target.container(p.object, o.op != "remove")
	if c == nil {
		return nil // nothing there to remove
	}
	var err error
	if a.multiValued {
		err = p.applyMulti(o, path, target, c)
	} else {
		err = p.applySingle(o, target, c)
	}
	if target.extension && len(c.Fields) == 0 {
		p.object.Set(urnEnterprise, nil)
	}
	return err
}

// applyExtension applies an operation to the enterprise extension as a whole.
func (p *patch) applyExtension(o patchOperation) error {
	if o.op == "remove" || o.value == nil {
		p.object.Set(urnEnterprise, nil)
		return nil
	}
	value, ok := o.value.(*wire.Object)
	if !ok {
		return badRequest(behavior.ValueTypes, invalidValue, "%s must be an object", urnEnterprise)
	}
	for _, f := range value.Fields {
		a := findAttribute(p.typ.extension.attributes, f.Name)
		if a == nil {
			continue
		}
		one := patchOperation{op: o.op, path: a.name, hasPath: true, value: f.Value, hasValue: true}
		if err := p.applyTo(one, patchPath{}, attrTarget{extension: true, attribute: a}); err != nil {
			return err
		}
	}
	return nil
}

func (p *patch) binder() binder {
	return binder{p.typ.resolve, p.understandsLegacy() || p.is(behavior.TextBooleans, "ACCEPTED")}
}

// applySingle applies an operation to a single-valued attribute or to a
// sub-attribute of one. c holds the attribute.
func (p *patch) applySingle(o patchOperation, target attrTarget, c *wire.Object) error {
	a := target.attribute
	if target.sub == nil && a.typ == typeComplex {
		return p.applyComplex(o, a, c)
	}
	holder := c
	if target.sub != nil {
		holder, _ = c.Get(a.name).(*wire.Object)
		if holder == nil {
			holder = &wire.Object{}
		}
	}
	leaf := target.leaf()
	if o.op == "remove" {
		if leaf.required {
			return badRequest(behavior.RequiredGone, mutability, "Attribute %s is required", leaf.name)
		}
		holder.Set(leaf.name, nil)
	} else {
		v, err := p.patchReader().read(leaf, o.value, o.path)
		if err != nil {
			return err
		}
		holder.Set(leaf.name, v)
	}
	if target.sub != nil {
		setComplex(c, a.name, holder)
	}
	return nil
}

// setComplex gives an attribute a complex value; one without sub-attributes is none.
func setComplex(o *wire.Object, name string, v *wire.Object) {
	if len(v.Fields) == 0 {
		o.Set(name, nil)
		return
	}
	o.Set(name, v)
}

// applyComplex applies an operation to a single-valued complex attribute.
// Sub-attributes that the value does not name stay (RFC 7644 section 3.5.2.3).
func (p *patch) applyComplex(o patchOperation, a *attribute, c *wire.Object) error {
	value := o.value
	if list, ok := value.([]any); ok && len(list) == 1 {
		value = list[0] // Entra ID sends a manager so
	}
	if id, ok := value.(string); ok && a.subAttribute("value") != nil {
		given := &wire.Object{}
		if id != "" {
			given.Set("value", id)
		}
		value = given
	}
	given, ok := value.(*wire.Object)
	if o.op == "remove" || value == nil || ok && len(given.Fields) == 0 {
		c.Set(a.name, nil)
		return nil
	}
	read, err := p.patchReader().complex(a.sub, value, o.path)
	if err != nil {
		return err
	}
	holder, _ := c.Get(a.name).(*wire.Object)
	if holder == nil {
		holder = &wire.Object{}
	}
	merge(holder, a.sub, given, read, o.op)
	setComplex(c, a.name, holder)
	return nil
}

// applyMulti applies an operation to a multi-valued attribute, to elements of
// it that a filter selects, or to a sub-attribute of them. c holds the
// attribute.
func (p *patch) applyMulti(o patchOperation, path patchPath, target attrTarget, c *wire.Object) error {
	a := target.attribute
	list, _ := c.Get(a.name).([]any)
	m := &multiEdit{Service: p.Service, op: o, attribute: a, sub: target.sub, list: list, primary: map[*wire.Object]bool{}}
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
	list = slices.DeleteFunc(m.list, func(e any) bool { return len(e.(*wire.Object).Fields) == 0 })
	if len(list) == 0 {
		c.Set(a.name, nil)
		return nil
	}
	c.Set(a.name, list)
	return nil
}
