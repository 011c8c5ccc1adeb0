package directory

import (
	"fmt"
	"strings"
)

// readResource checks the body of a POST or a PUT and returns the attributes
// it gives, in their canonical spelling: without id, meta and schemas, which
// are the service's, without null and empty values, which are the same as
// none (RFC 7643 section 2.5), and without what the service does not know.
// Members of a group are returned beside them.
func (t *resourceType) readResource(body *object) (*object, []string, error) {
	if err := t.checkSchemas(body.getFold("schemas")); err != nil {
		return nil, nil, err
	}
	o := &object{}
	var members []string
	for _, f := range body.fields {
		if t.extension != nil && strings.EqualFold(f.name, t.extension.id) {
			if err := t.readExtension(o, f); err != nil {
				return nil, nil, err
			}
			continue
		}
		a := findAttribute(t.core.attributes, f.name)
		if strings.EqualFold(f.name, "externalId") {
			a = findAttribute(commonAttributes, "externalId")
		}
		if a == nil || a.discarded {
			continue
		}
		if a == membersAttribute {
			var err error
			if members, err = readMembers(f.value); err != nil {
				return nil, nil, err
			}
			continue
		}
		v, err := reader{}.read(a, f.value, a.name)
		if err != nil {
			return nil, nil, err
		}
		if err := checkPrimary(a, v); err != nil {
			return nil, nil, err
		}
		o.set(a.name, v)
	}
	return o, members, nil
}

// checkSchemas wants the core schema among those a body declares. URNs the
// service does not know are tolerated: Entra ID sends one of its own.
func (t *resourceType) checkSchemas(v any) error {
	if v == nil {
		return nil
	}
	list, ok := v.([]any)
	if !ok {
		return badRequest(invalidSyntax, "schemas must be a list of URNs")
	}
	core := false
	for _, e := range list {
		urn, ok := e.(string)
		if !ok {
			return badRequest(invalidSyntax, "schemas must be a list of URNs")
		}
		core = core || strings.EqualFold(urn, t.core.id)
	}
	if !core {
		return badRequest(invalidSyntax, "schemas must hold %s", t.core.id)
	}
	return nil
}

func (t *resourceType) readExtension(o *object, f field) error {
	ext, err := reader{}.complex(t.extension.attributes, f.value, t.extension.id)
	if err != nil {
		return err
	}
	if ext != nil {
		o.set(urnEnterprise, ext)
	}
	return nil
}

// maxValues bounds the values of a multi-valued attribute other than members.
const maxValues = 1000

// reader checks values against attributes.
type reader struct {
	// textBooleans takes "True" for true: Entra ID without aadOptscim062020
	// sends booleans so in a PATCH.
	textBooleans bool
}

// read returns a value of the attribute in canonical form, nil if there is
// none. place names it in messages.
func (r reader) read(a *attribute, v any, place string) (any, error) {
	if v == nil {
		return nil, nil
	}
	if !a.multiValued {
		return r.one(a, v, place)
	}
	list, ok := v.([]any)
	if !ok {
		return nil, badRequest(invalidValue, "%s must be a list", place)
	}
	if len(list) > maxValues {
		return nil, badRequest(invalidValue, "%s has %d values: at most %d are allowed", place, len(list), maxValues)
	}
	var read []any
	for i, e := range list {
		e, err := r.one(a, e, fmt.Sprintf("%s[%d]", place, i))
		if err != nil {
			return nil, err
		}
		if e != nil {
			read = append(read, e)
		}
	}
	if read == nil {
		return nil, nil
	}
	return read, nil
}

func (r reader) one(a *attribute, v any, place string) (any, error) {
	switch {
	case v == nil:
		return nil, nil
	case a.typ == typeComplex:
		o, err := r.complex(a.sub, v, place)
		if o == nil {
			return nil, err
		}
		return o, nil
	case a.typ == typeBoolean:
		if s, ok := v.(string); ok && r.textBooleans {
			switch strings.ToLower(s) {
			case "true":
				return true, nil
			case "false":
				return false, nil
			}
		}
		if _, ok := v.(bool); !ok {
			return nil, badRequest(invalidValue, "%s must be true or false", place)
		}
		return v, nil
	}
	if _, ok := v.(string); !ok {
		return nil, badRequest(invalidValue, "%s must be a string", place)
	}
	return v, nil
}

// complex reads the sub-attributes of a complex value or the attributes of an
// extension; nil if it has none that count.
func (r reader) complex(attributes []*attribute, v any, place string) (*object, error) {
	if v == nil {
		return nil, nil
	}
	given, ok := v.(*object)
	if !ok {
		return nil, badRequest(invalidValue, "%s must be an object", place)
	}
	if err := given.checkNames(); err != nil {
		return nil, err
	}
	o := &object{}
	for _, f := range given.fields {
		a := findAttribute(attributes, f.name)
		if a == nil {
			continue
		}
		v, err := r.read(a, f.value, place+"."+a.name)
		if err != nil {
			return nil, err
		}
		o.set(a.name, v)
	}
	if len(o.fields) == 0 {
		return nil, nil
	}
	return o, nil
}

// checkPrimary wants at most one primary value (RFC 7643 section 2.4).
func checkPrimary(a *attribute, v any) error {
	list, _ := v.([]any)
	primaries := 0
	for _, e := range list {
		if o, ok := e.(*object); ok && o.get("primary") == true {
			primaries++
		}
	}
	if primaries > 1 {
		return badRequest(invalidValue, "%s has %d primary values: at most one may be", a.name, primaries)
	}
	return nil
}

// readMembers returns the ids in a list of members. What else an element says
// (display, type, $ref) follows from the id.
func readMembers(v any) ([]string, error) {
	if v == nil {
		return nil, nil
	}
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	ids := make([]string, 0, len(list))
	for i, e := range list {
		member, ok := e.(*object)
		if !ok {
			return nil, badRequest(invalidValue, "members[%d] must be an object with a value", i)
		}
		if err := member.checkNames(); err != nil {
			return nil, err
		}
		id, ok := member.getFold("value").(string)
		if !ok || id == "" {
			return nil, badRequest(invalidValue, "members[%d].value must be the id of a user or a group", i)
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// readBody parses a request's JSON object.
func readBody(text string) (*object, error) {
	v, err := parseJSON(text)
	if err != nil {
		return nil, badRequest(invalidSyntax, "Request body is not valid JSON: %v", err)
	}
	o, ok := v.(*object)
	if !ok {
		return nil, badRequest(invalidSyntax, "Request body must be a JSON object")
	}
	return o, o.checkNames()
}
