package directory

import (
	"net/url"
	"slices"
	"strings"
)

// projection is what a request wants to see of a resource: the parameters
// attributes and excludedAttributes (RFC 7644 section 3.9).
type projection struct {
	only    []attrTarget
	without []attrTarget
	given   bool // attributes was given, if only with unknown names
}

// newProjection reads the parameters; names the service does not know are
// passed over.
func newProjection(t *resourceType, query url.Values) (projection, error) {
	attributes, excluded := query.Get("attributes"), query.Get("excludedAttributes")
	if attributes != "" && excluded != "" {
		return projection{}, badRequest(invalidValue, "attributes and excludedAttributes exclude each other")
	}
	return projection{
		only:    t.targets(attributes),
		without: t.targets(excluded),
		given:   attributes != "",
	}, nil
}

func (t *resourceType) targets(list string) []attrTarget {
	var targets []attrTarget
	for name := range strings.SplitSeq(list, ",") {
		path, err := parsePath(strings.TrimSpace(name))
		if err != nil || path.filter != nil {
			continue
		}
		if target, ok := t.resolve(path.attr); ok {
			targets = append(targets, target)
		}
	}
	return targets
}

// apply returns what is to be seen of a resource. id and schemas always are.
func (p projection) apply(o *object) *object {
	switch {
	case p.given:
		kept := &object{}
		for _, f := range o.fields {
			if v := p.keep(f); v != nil {
				kept.fields = append(kept.fields, field{f.name, v})
			}
		}
		return kept
	case len(p.without) > 0:
		for _, t := range p.without {
			t.drop(o)
		}
	}
	return o
}

// keep returns what attributes leaves of a field.
func (p projection) keep(f field) any {
	if f.name == "id" || f.name == "schemas" {
		return f.value
	}
	var wanted []attrTarget
	for _, t := range p.only {
		switch {
		case t.extension && f.name == urnEnterprise:
			if t.attribute == nil {
				return f.value
			}
			wanted = append(wanted, t)
		case !t.extension && t.attribute.name == f.name:
			if t.sub == nil {
				return f.value
			}
			wanted = append(wanted, t)
		}
	}
	if len(wanted) == 0 {
		return nil
	}
	if f.name == urnEnterprise {
		inner := projection{given: true}
		for _, t := range wanted {
			inner.only = append(inner.only, attrTarget{attribute: t.attribute, sub: t.sub})
		}
		ext := inner.apply(f.value.(*object))
		if len(ext.fields) == 0 {
			return nil
		}
		return ext
	}
	return keepSubs(f.value, func(name string) bool {
		return slices.ContainsFunc(wanted, func(t attrTarget) bool { return t.sub.name == name })
	})
}

// drop removes the target from a resource, unless it is always returned.
func (t attrTarget) drop(o *object) {
	if t.attribute == nil {
		o.set(urnEnterprise, nil)
		return
	}
	c := t.container(o, false)
	if c == nil || t.attribute.name == "id" || t.attribute.name == "schemas" {
		return
	}
	var v any
	if t.sub != nil {
		v = keepSubs(c.get(t.attribute.name), func(name string) bool { return name != t.sub.name })
	}
	c.set(t.attribute.name, v)
	if t.extension && len(c.fields) == 0 {
		o.set(urnEnterprise, nil)
	}
}

// keepSubs returns a complex value, or a list of such, with the
// sub-attributes that keep allows; nil if nothing is left.
func keepSubs(v any, keep func(name string) bool) any {
	switch v := v.(type) {
	case *object:
		kept := &object{}
		for _, f := range v.fields {
			if keep(f.name) {
				kept.fields = append(kept.fields, f)
			}
		}
		if len(kept.fields) > 0 {
			return kept
		}
	case []any:
		var list []any
		for _, e := range v {
			if kept := keepSubs(e, keep); kept != nil {
				list = append(list, kept)
			}
		}
		if list != nil {
			return list
		}
	}
	return nil
}
