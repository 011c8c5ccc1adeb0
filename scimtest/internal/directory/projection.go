package directory

import (
	"slices"
	"strings"

	"github.com/iamscim/iamscim/scimtest/internal/behavior"
	"github.com/iamscim/iamscim/scimtest/internal/wire"
)

// projection is what a request wants to see of a resource: the parameters
// attributes and excludedAttributes (RFC 7644 section 3.9).
type projection struct {
	only    []attrTarget
	without []attrTarget
	given   bool // attributes was given, if only with unknown names
}

// projection reads the parameters; names the service doesn't know are passed over.
func (c *call) projection() (projection, error) {
	if c.is(behavior.Projection, "IGNORED") {
		return projection{}, nil
	}
	attributes, excluded := c.query.Get("attributes"), c.query.Get("excludedAttributes")
	if attributes != "" && excluded != "" {
		return projection{}, badRequest(behavior.Projection, invalidValue, "attributes and excludedAttributes exclude each other")
	}
	return projection{
		only:    c.typ.targets(attributes),
		without: c.typ.targets(excluded),
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
func (p projection) apply(o *wire.Object) *wire.Object {
	switch {
	case p.given:
		kept := &wire.Object{}
		for _, f := range o.Fields {
			if v := p.keep(f); v != nil {
				kept.Fields = append(kept.Fields, wire.Field{Name: f.Name, Value: v})
			}
		}
		return kept
	case len(p.without) > 0:
		o = wire.Clone(o).(*wire.Object)
		for _, t := range p.without {
			t.drop(o)
		}
	}
	return o
}

// keep returns what attributes leaves of a field.
func (p projection) keep(f wire.Field) any {
	if f.Name == "id" || f.Name == "schemas" {
		return f.Value
	}
	var wanted []attrTarget
	for _, t := range p.only {
		switch {
		case t.extension && f.Name == urnEnterprise:
			if t.attribute == nil {
				return f.Value
			}
			wanted = append(wanted, t)
		case !t.extension && t.attribute.name == f.Name:
			if t.sub == nil {
				return f.Value
			}
			wanted = append(wanted, t)
		}
	}
	if len(wanted) == 0 {
		return nil
	}
	if f.Name == urnEnterprise {
		inner := projection{given: true}
		for _, t := range wanted {
			inner.only = append(inner.only, attrTarget{attribute: t.attribute, sub: t.sub})
		}
		ext := inner.apply(f.Value.(*wire.Object))
		if len(ext.Fields) == 0 {
			return nil
		}
		return ext
	}
	return keepSubs(f.Value, func(name string) bool {
		return slices.ContainsFunc(wanted, func(t attrTarget) bool { return t.sub.name == name })
	})
}

// drop removes the target from a resource, unless it is always returned.
func (t attrTarget) drop(o *wire.Object) {
	if t.attribute == nil {
		o.Set(urnEnterprise, nil)
		return
	}
	c := t.container(o, false)
	if c == nil || t.attribute.name == "id" || t.attribute.name == "schemas" {
		return
	}
	var v any
	if t.sub != nil {
		v = keepSubs(c.Get(t.attribute.name), func(name string) bool { return name != t.sub.name })
	}
	c.Set(t.attribute.name, v)
	if t.extension && len(c.Fields) == 0 {
		o.Set(urnEnterprise, nil)
	}
}

// keepSubs returns a complex value, or a list of such, with the
// sub-attributes that keep allows; nil if nothing is left.
func keepSubs(v any, keep func(name string) bool) any {
	switch v := v.(type) {
	case *wire.Object:
		kept := &wire.Object{}
		for _, f := range v.Fields {
			if keep(f.Name) {
				kept.Fields = append(kept.Fields, f)
			}
		}
		if len(kept.Fields) > 0 {
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
