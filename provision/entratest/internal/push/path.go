package push

import (
	"fmt"
	"strings"
)

// path is a target attribute: name.givenName, emails[type eq "work"].value, or an attribute of an
// extension behind its URN.
type path struct {
	text      string
	extension string // URN, "" for the core schema
	attribute string
	key, want string // of a value path: type, work
	sub       string
}

// parsePath reads a targetAttributeName.
func parsePath(text string) (path, error) {
	p := path{text: text, attribute: text}
	if filter := strings.IndexByte(text, '['); filter < 0 {
		if colon := strings.LastIndexByte(text, ':'); colon > 0 {
			p.extension, p.attribute = text[:colon], text[colon+1:]
		}
		p.attribute, p.sub, _ = strings.Cut(p.attribute, ".")
	} else {
		p.attribute = text[:filter]
		condition, rest, closed := strings.Cut(text[filter+1:], "]")
		key, want, _ := strings.Cut(condition, " eq ")
		sub, dotted := strings.CutPrefix(rest, ".")
		p.key, p.want, p.sub = key, strings.Trim(want, `"`), sub
		if !closed || !dotted || key == "" || p.want == "" || sub == "" || strings.ContainsAny(sub, "[.") {
			return p, fmt.Errorf("the target attribute %s has a form that the fake doesn't know", text)
		}
	}
	if p.attribute == "" || strings.ContainsAny(p.attribute, " []") {
		return p, fmt.Errorf("the target attribute %s has a form that the fake doesn't know", text)
	}
	return p, nil
}

// container is the object that holds the attribute: the resource or an extension of it.
func (p path) container(resource map[string]any, create bool) map[string]any {
	if p.extension == "" {
		return resource
	}
	inner, _ := member(resource, p.extension).(map[string]any)
	if inner == nil && create {
		inner = map[string]any{}
		resource[p.extension] = inner
	}
	return inner
}

// read finds the attribute's value in a resource, or nil.
func (p path) read(resource map[string]any) any {
	v := member(p.container(resource, false), p.attribute)
	if p.key != "" {
		list, _ := v.([]any)
		v = nil
		for _, x := range list {
			element, _ := x.(map[string]any)
			if s, _ := member(element, p.key).(string); strings.EqualFold(s, p.want) {
				v = element
				break
			}
		}
	}
	if p.sub != "" {
		inner, _ := v.(map[string]any)
		return member(inner, p.sub)
	}
	return v
}

// write puts a value into a resource that is being made. Without a value, an attribute with parts
// stays away unless something else is written there.
func (p path) write(resource map[string]any, v any) {
	container := p.container(resource, true)
	switch {
	case p.key != "":
		list, _ := container[p.attribute].([]any)
		if v == nil {
			if list == nil {
				container[p.attribute] = nil
			}
			return
		}
		for _, x := range list {
			if element := x.(map[string]any); element[p.key] == p.want {
				element[p.sub] = v
				return
			}
		}
		element := map[string]any{p.key: p.want, p.sub: v}
		if p.attribute == "emails" {
			element["primary"] = true
		}
		container[p.attribute] = append(list, element)
	case p.sub != "":
		inner, _ := container[p.attribute].(map[string]any)
		if inner == nil {
			inner = map[string]any{}
			container[p.attribute] = inner
		}
		inner[p.sub] = v
	default:
		container[p.attribute] = v
	}
}

// member is an attribute of an object; names are case-insensitive (RFC 7643 section 2.1).
func member(o map[string]any, name string) any {
	if v, there := o[name]; there {
		return v
	}
	for k, v := range o {
		if strings.EqualFold(k, name) {
			return v
		}
	}
	return nil
}
