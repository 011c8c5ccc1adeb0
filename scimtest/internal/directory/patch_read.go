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

// understandsLegacy reports whether Entra ID's requests without aadOptscim062020 work.
func (d *Service) understandsLegacy() bool { return d.is(behavior.LegacyPatch, "WORKS") }

// patchReader reads the values of a PATCH.
func (d *Service) patchReader() reader {
	return reader{Service: d, textBooleans: d.understandsLegacy(), singles: true}
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

// merge sets the sub-attributes that were given, to what was read of them: an explicit null of a
// replace removes, one of an add changes nothing.
func merge(o *wire.Object, attributes []*attribute, given, read *wire.Object, op string) {
	for _, f := range given.Fields {
		a := findAttribute(attributes, f.Name)
		if a == nil || a.discarded || op == "add" && isEmpty(f.Value) {
			continue
		}
		var v any
		if read != nil {
			v = read.Get(a.name)
		}
		o.Set(a.name, v)
	}
}
