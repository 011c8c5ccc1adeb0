package directory

import (
	"slices"
	"strings"

	"github.com/iamscim/iamscim/scimtest/internal/behavior"
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
func readPatch(body *wire.Object, empty bool) ([]patchOperation, error) {
	schemas, _ := body.GetFold("schemas").([]any)
	declared := slices.ContainsFunc(schemas, func(v any) bool {
		urn, ok := v.(string)
		return ok && strings.EqualFold(urn, urnPatchOp)
	})
	if !declared {
		return nil, badRequest(behavior.PatchForm, invalidSyntax, "schemas must hold %s", urnPatchOp)
	}
	list, ok := body.GetFold("Operations").([]any)
	if !ok {
		return nil, badRequest(behavior.PatchForm, invalidSyntax, "Operations must be a list of operations")
	}
	if len(list) == 0 && !empty {
		return nil, badRequest(behavior.EmptyPatch, invalidSyntax, "Operations must be a list of at least one operation")
	}
	operations := make([]patchOperation, 0, len(list))
	for i, e := range list {
		given, ok := e.(*wire.Object)
		if !ok {
			return nil, badRequest(behavior.PatchForm, invalidSyntax, "Operations[%d] must be an object", i)
		}
		var o patchOperation
		for _, f := range given.Fields {
			switch strings.ToLower(f.Name) {
			case "op":
				op, _ := f.Value.(string)
				o.op = strings.ToLower(op)
			case "path":
				if f.Value == nil {
					break
				}
				if o.path, o.hasPath = f.Value.(string); !o.hasPath {
					return nil, badRequest(behavior.PatchForm, invalidPath, "Operations[%d].path must be a string", i)
				}
			case "value":
				o.value, o.hasValue = f.Value, true
			}
		}
		if o.op == "remove" && o.value == nil {
			o.hasValue = false // null is no value
		}
		switch {
		case o.op != "add" && o.op != "remove" && o.op != "replace":
			return nil, badRequest(behavior.PatchForm, invalidSyntax, "Operations[%d].op must be add, remove or replace", i)
		case o.op == "remove" && !o.hasPath:
			return nil, badRequest(behavior.PatchForm, noTarget, "Operations[%d]: remove needs a path", i)
		case o.op != "remove" && !o.hasValue:
			return nil, badRequest(behavior.PatchForm, invalidSyntax, "Operations[%d]: %s needs a value", i, o.op)
		}
		operations = append(operations, o)
	}
	return operations, nil
}

// patch is a PATCH in the making: it changes a copy, which takes the
// resource's place when all operations have succeeded.
type patch struct {
	*Service
	typ     *resourceType
	id      string
	object  *wire.Object
	members *memberEdit // nil for users
	legacy  bool        // Entra ID's old form is understood
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
	case a.discarded:
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

// isEmpty reports whether a value stands for none (RFC 7643 section 2.5).
func isEmpty(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case []any:
		return len(v) == 0
	case *wire.Object:
		return len(v.Fields) == 0
	}
	return false
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

// understandsLegacy reports whether Entra ID's requests without aadOptscim062020 work.
func (d *Service) understandsLegacy() bool { return d.is(behavior.LegacyPatch, "WORKS") }

func (p *patch) reader() reader {
	return reader{Service: p.Service, textBooleans: p.understandsLegacy(), singles: true}
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
		v, err := p.reader().read(leaf, o.value, o.path)
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
	read, err := p.reader().complex(a.sub, value, o.path)
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

// merge sets the sub-attributes that were given, to what was read of them: an explicit null of a
// replace removes, one of an add changes nothing.
func merge(o *wire.Object, attributes []*attribute, given, read *wire.Object, op string) {
	for _, f := range given.Fields {
		a := findAttribute(attributes, f.Name)
		if a == nil || op == "add" && isEmpty(f.Value) {
			continue
		}
		var v any
		if read != nil {
			v = read.Get(a.name)
		}
		o.Set(a.name, v)
	}
}
