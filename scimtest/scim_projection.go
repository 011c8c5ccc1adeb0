package scimtest

import (
	"net/url"
	"slices"
	"strings"
)

// scimProjection is what a request wants to see of a resource: the parameters
// attributes and excludedAttributes (RFC 7644 section 3.9).
type scimProjection struct {
	only    []scimTarget
	without []scimTarget
	given   bool // attributes was given, if only with unknown names
}

// newProjection reads the parameters; names the service does not know are
// passed over.
func newProjection(t *scimResourceType, query url.Values) (scimProjection, error) {
	attributes, excluded := query.Get("attributes"), query.Get("excludedAttributes")
	if attributes != "" && excluded != "" {
		return scimProjection{}, badSCIM(invalidValue, "attributes and excludedAttributes exclude each other")
	}
	return scimProjection{
		only:    t.targets(attributes),
		without: t.targets(excluded),
		given:   attributes != "",
	}, nil
}

func (t *scimResourceType) targets(list string) []scimTarget {
	var targets []scimTarget
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
func (p scimProjection) apply(o *scimObject) *scimObject {
	switch {
	case p.given:
		kept := &scimObject{}
		for _, f := range o.fields {
			if v := p.keep(f); v != nil {
				kept.fields = append(kept.fields, scimField{f.name, v})
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
func (p scimProjection) keep(f scimField) any {
	if f.name == "id" || f.name == "schemas" {
		return f.value
	}
	var wanted []scimTarget
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
		inner := scimProjection{given: true}
		for _, t := range wanted {
			inner.only = append(inner.only, scimTarget{attribute: t.attribute, sub: t.sub})
		}
		ext := inner.apply(f.value.(*scimObject))
		if len(ext.fields) == 0 {
			return nil
		}
		return ext
	}
	return keepSubs(f.value, func(name string) bool {
		return slices.ContainsFunc(wanted, func(t scimTarget) bool { return t.sub.name == name })
	})
}

// drop removes the target from a resource, unless it is always returned.
func (t scimTarget) drop(o *scimObject) {
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
	case *scimObject:
		kept := &scimObject{}
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
