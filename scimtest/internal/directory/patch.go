package directory

import (
	"slices"
	"strings"

	"github.com/iamscim/iamscim/scimtest/internal/wire"
)

// patchOperation is one of the operations of a PATCH request.
type patchOperation struct {
	op       string // add, remove or replace
	path     string
	hasPath  bool
	value    any
	hasValue bool
}

// readPatch reads the body of a PATCH request (RFC 7644 section 3.5.2). The
// case of op does not matter: Entra ID writes "Add".
func readPatch(body *object) ([]patchOperation, error) {
	schemas, _ := body.getFold("schemas").([]any)
	declared := slices.ContainsFunc(schemas, func(v any) bool {
		urn, ok := v.(string)
		return ok && strings.EqualFold(urn, urnPatchOp)
	})
	if !declared {
		return nil, badRequest(invalidSyntax, "schemas must hold %s", urnPatchOp)
	}
	list, _ := body.getFold("Operations").([]any)
	if len(list) == 0 {
		return nil, badRequest(invalidSyntax, "Operations must be a list of at least one operation")
	}
	operations := make([]patchOperation, 0, len(list))
	for i, e := range list {
		given, ok := e.(*object)
		if !ok {
			return nil, badRequest(invalidSyntax, "Operations[%d] must be an object", i)
		}
		if err := given.checkNames(); err != nil {
			return nil, err
		}
		var o patchOperation
		for _, f := range given.fields {
			switch strings.ToLower(f.name) {
			case "op":
				op, _ := f.value.(string)
				o.op = strings.ToLower(op)
			case "path":
				if f.value == nil {
					break
				}
				if o.path, o.hasPath = f.value.(string); !o.hasPath {
					return nil, badRequest(invalidPath, "Operations[%d].path must be a string", i)
				}
			case "value":
				o.value, o.hasValue = f.value, true
			}
		}
		if o.op == "remove" && o.value == nil {
			o.hasValue = false // null is no value
		}
		switch {
		case o.op != "add" && o.op != "remove" && o.op != "replace":
			return nil, badRequest(invalidSyntax, "Operations[%d].op must be add, remove or replace", i)
		case o.op == "remove" && !o.hasPath:
			return nil, badRequest(noTarget, "Operations[%d]: remove needs a path", i)
		case o.op != "remove" && !o.hasValue:
			return nil, badRequest(invalidSyntax, "Operations[%d]: %s needs a value", i, o.op)
		}
		operations = append(operations, o)
	}
	return operations, nil
}

// patch is a PATCH in the making: it changes a copy, which takes the
// resource's place when all operations have succeeded.
type patch struct {
	typ     *resourceType
	id      string
	object  *object
	members *memberEdit // nil for users
	legacy  bool        // Entra ID's old form is understood
}

func (p *patch) apply(o patchOperation) error {
	if o.hasPath {
		path, err := parsePath(o.path)
		if err != nil {
			return badRequest(invalidPath, "path %q: %v", wire.Clip(o.path), err)
		}
		target, err := path.bind(p.typ.resolve)
		if err != nil {
			return badRequest(invalidPath, "path %q: %v", wire.Clip(o.path), err)
		}
		if a := target.attribute; a != nil && a.readOnly() && !a.discarded {
			return badRequest(mutability, "Attribute %s is readOnly", a.name)
		}
		return p.applyTo(o, path, target)
	}
	value, ok := o.value.(*object)
	if !ok {
		return badRequest(invalidSyntax, "the value of an operation without a path must be an object")
	}
	if err := value.checkNames(); err != nil {
		return err
	}
	for _, f := range value.fields {
		if err := p.applyKey(patchOperation{op: o.op, path: f.name, hasPath: true, value: f.value, hasValue: true}); err != nil {
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
	target, err := path.bind(p.typ.resolve)
	if err != nil {
		if path.filter != nil {
			return badRequest(invalidPath, "key %q: %v", wire.Clip(o.path), err)
		}
		return nil
	}
	if a := target.attribute; a != nil && a.readOnly() {
		// Okta repeats the group's id in the value.
		if id, _ := o.value.(string); a.name == "id" && id != p.id {
			return badRequest(mutability, "Attribute id is readOnly")
		}
		return nil
	}
	return p.applyTo(o, path, target)
}

// applyTo applies an operation to its target.
func (p *patch) applyTo(o patchOperation, path patchPath, target attrTarget) error {
	a := target.attribute
	switch {
	case a == nil:
		return p.applyExtension(o)
	case a.discarded:
		return nil
	case a == membersAttribute:
		return p.members.apply(o, path, target.sub, p.legacy)
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
	if target.extension && len(c.fields) == 0 {
		p.object.set(urnEnterprise, nil)
	}
	return err
}

// applyExtension applies an operation to the enterprise extension as a whole.
func (p *patch) applyExtension(o patchOperation) error {
	if o.op == "remove" || o.value == nil {
		p.object.set(urnEnterprise, nil)
		return nil
	}
	value, ok := o.value.(*object)
	if !ok {
		return badRequest(invalidValue, "%s must be an object", urnEnterprise)
	}
	for _, f := range value.fields {
		a := findAttribute(p.typ.extension.attributes, f.name)
		if a == nil {
			continue
		}
		one := patchOperation{op: o.op, path: a.name, hasPath: true, value: f.value, hasValue: true}
		if err := p.applyTo(one, patchPath{}, attrTarget{extension: true, attribute: a}); err != nil {
			return err
		}
	}
	return nil
}

func (p *patch) reader() reader {
	return reader{textBooleans: p.legacy}
}

// applySingle applies an operation to a single-valued attribute or to a
// sub-attribute of one. c holds the attribute.
func (p *patch) applySingle(o patchOperation, target attrTarget, c *object) error {
	a := target.attribute
	if target.sub == nil && a.typ == typeComplex {
		return p.applyComplex(o, a, c)
	}
	holder := c
	if target.sub != nil {
		holder, _ = c.get(a.name).(*object)
		if holder == nil {
			holder = &object{}
		}
	}
	leaf := target.leaf()
	if o.op == "remove" {
		if leaf.required {
			return badRequest(mutability, "Attribute %s is required", leaf.name)
		}
		holder.set(leaf.name, nil)
	} else {
		v, err := p.reader().read(leaf, o.value, o.path)
		if err != nil {
			return err
		}
		holder.set(leaf.name, v)
	}
	if target.sub != nil {
		c.setComplex(a.name, holder)
	}
	return nil
}

// setComplex gives an attribute a complex value; one without sub-attributes
// is none.
func (o *object) setComplex(name string, v *object) {
	if len(v.fields) == 0 {
		o.set(name, nil)
		return
	}
	o.set(name, v)
}

// applyComplex applies an operation to a single-valued complex attribute.
// Sub-attributes that the value does not name stay (RFC 7644 section 3.5.2.3).
func (p *patch) applyComplex(o patchOperation, a *attribute, c *object) error {
	value := o.value
	if list, ok := value.([]any); ok && len(list) == 1 {
		value = list[0] // Entra ID sends a manager so
	}
	if id, ok := value.(string); ok && a.subAttribute("value") != nil {
		given := &object{}
		if id != "" {
			given.set("value", id)
		}
		value = given
	}
	given, ok := value.(*object)
	if o.op == "remove" || value == nil || ok && len(given.fields) == 0 {
		c.set(a.name, nil)
		return nil
	}
	read, err := p.reader().complex(a.sub, value, o.path)
	if err != nil {
		return err
	}
	holder, _ := c.get(a.name).(*object)
	if holder == nil {
		holder = &object{}
	}
	holder.merge(a.sub, given, read)
	c.setComplex(a.name, holder)
	return nil
}

// merge sets the sub-attributes that were given, to what was read of them:
// an explicit null removes.
func (o *object) merge(attributes []*attribute, given, read *object) {
	for _, f := range given.fields {
		if a := findAttribute(attributes, f.name); a != nil {
			var v any
			if read != nil {
				v = read.get(a.name)
			}
			o.set(a.name, v)
		}
	}
}
