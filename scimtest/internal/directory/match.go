package directory

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/iamscim/iamscim/scimtest/internal/wire"
)

// binder says what names stand for.
type binder struct {
	resolve      func(attrPath) (attrTarget, bool)
	textBooleans bool // "True" stands for true
}

// bind ties the names of a filter to attributes and checks that each
// comparison makes sense (RFC 7644 section 3.4.2.2).
func (f *filter) bind(b binder) error {
	switch f.kind {
	case filterAnd, filterOr:
		if err := f.left.bind(b); err != nil {
			return err
		}
		return f.right.bind(b)
	case filterNot:
		return f.left.bind(b)
	}
	target, err := f.path.bind(b)
	if err != nil {
		return err
	}
	if f.kind == filterCompare && target.leaf() != nil && target.leaf().typ == typeComplex {
		// A comparison with the attribute as a whole is one with its value.
		if target.sub = target.attribute.subAttribute("value"); target.sub == nil {
			return fmt.Errorf("%s has no value to compare: name one of its sub-attributes", f.path.attr)
		}
	}
	f.target = target
	switch {
	case f.kind != filterCompare:
		return nil
	case target.attribute == nil:
		return fmt.Errorf("%s is a schema, not an attribute", f.path.attr)
	}
	return f.checkOperand(target.leaf(), b.textBooleans)
}

// checkOperand refuses a comparison that the attribute's type does not have.
func (f *filter) checkOperand(a *attribute, textBooleans bool) error {
	if f.value == nil {
		if f.op != "eq" && f.op != "ne" {
			return fmt.Errorf("operator %q with null", f.op)
		}
		return nil
	}
	if a.typ == typeBoolean {
		if v, ok := textBoolean(f.value); ok && textBooleans {
			f.value = v
		}
		if _, ok := f.value.(bool); !ok {
			return fmt.Errorf("%s is a boolean: compare it with true or false", f.path.attr)
		}
		if f.op != "eq" && f.op != "ne" {
			return fmt.Errorf("operator %q with the boolean %s", f.op, f.path.attr)
		}
		return nil
	}
	s, ok := f.value.(string)
	if !ok {
		return fmt.Errorf("%s is of type %s: compare it with text in quotes", f.path.attr, a.typ)
	}
	if a.typ == typeDateTime {
		if _, err := time.Parse(time.RFC3339, s); err != nil {
			return fmt.Errorf("%s is a dateTime and %q is none", f.path.attr, wire.Clip(s))
		}
	}
	return nil
}

// bind resolves the names of a path, those within its brackets included.
func (p patchPath) bind(b binder) (attrTarget, error) {
	target, ok := b.resolve(p.attr)
	if !ok {
		return target, fmt.Errorf("no attribute %q", wire.Clip(p.attr.String()))
	}
	if p.filter == nil {
		return target, nil
	}
	a := target.attribute
	if a == nil || !a.multiValued || a.typ != typeComplex {
		return target, fmt.Errorf("%s is not a multi-valued complex attribute: it cannot be filtered", p.attr)
	}
	err := p.filter.bind(binder{func(inner attrPath) (attrTarget, bool) {
		sub := a.subAttribute(inner.String())
		return attrTarget{attribute: sub}, sub != nil
	}, b.textBooleans})
	if err != nil {
		return target, fmt.Errorf("in the filter of %s: %w", p.attr, err)
	}
	if p.sub != "" {
		if target.sub = a.subAttribute(p.sub); target.sub == nil {
			return target, fmt.Errorf("no attribute %q", wire.Clip(p.attr.String()+"."+p.sub))
		}
	}
	return target, nil
}

// match reports whether a bound filter holds for a resource or, within
// brackets, for an element.
func (f *filter) match(o *wire.Object) bool {
	switch f.kind {
	case filterAnd:
		return f.left.match(o) && f.right.match(o)
	case filterOr:
		return f.left.match(o) || f.right.match(o)
	case filterNot:
		return !f.left.match(o)
	case filterPresent, filterElement:
		return f.any(o, func(any) bool { return true })
	}
	switch {
	case f.value == nil: // null is the absence of a value
		return f.any(o, func(any) bool { return true }) == (f.op == "ne")
	case f.op == "ne":
		return !f.any(o, func(v any) bool { return f.compare("eq", v) })
	}
	return f.any(o, func(v any) bool { return f.compare(f.op, v) })
}

// any reports whether the filter's path has a value in o that satisfies ok.
func (f *filter) any(o *wire.Object, ok func(any) bool) bool {
	for v := range f.values(o) {
		if ok(v) {
			return true
		}
	}
	return false
}

// values yields the values the filter's path has in o.
func (f *filter) values(o *wire.Object) func(yield func(any) bool) {
	return func(yield func(any) bool) {
		c := f.target.container(o, false)
		if c == nil {
			return
		}
		if f.target.attribute == nil {
			yield(c)
			return
		}
		v := c.Get(f.target.attribute.name)
		list, ok := v.([]any)
		if !ok {
			list = []any{v}
		}
		for _, e := range list {
			element, complex := e.(*wire.Object)
			if f.path.filter != nil && !(complex && f.path.filter.match(element)) {
				continue
			}
			if f.target.sub != nil {
				if !complex {
					continue
				}
				e = element.Get(f.target.sub.name)
			}
			if e != nil && !yield(e) {
				return
			}
		}
	}
}

// compare compares one value with the filter's.
func (f *filter) compare(op string, got any) bool {
	if b, ok := got.(bool); ok {
		return b == f.value
	}
	g, ok := got.(string)
	w, ok2 := f.value.(string)
	if !ok || !ok2 {
		return false
	}
	a := f.target.leaf()
	if a.typ == typeDateTime {
		gt, err := time.Parse(time.RFC3339, g)
		wt, err2 := time.Parse(time.RFC3339, w)
		if err == nil && err2 == nil {
			return ordered(op, gt.Compare(wt))
		}
	}
	if !a.caseExact {
		g, w = foldCase(g), foldCase(w)
	}
	switch op {
	case "co":
		return strings.Contains(g, w)
	case "sw":
		return strings.HasPrefix(g, w)
	case "ew":
		return strings.HasSuffix(g, w)
	}
	return ordered(op, strings.Compare(g, w))
}

func ordered(op string, c int) bool {
	switch op {
	case "eq":
		return c == 0
	case "ne":
		return c != 0
	case "gt":
		return c > 0
	case "ge":
		return c >= 0
	case "lt":
		return c < 0
	case "le":
		return c <= 0
	}
	return false
}

// foldCase maps all spellings that strings.EqualFold takes for equal to one
// text, so that they share a hash.
func foldCase(s string) string {
	ascii, upper := true, false
	for i := 0; i < len(s); i++ {
		c := s[i]
		ascii = ascii && c < utf8.RuneSelf
		upper = upper || 'A' <= c && c <= 'Z'
	}
	if ascii {
		if upper {
			return strings.ToLower(s)
		}
		return s
	}
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		// The orbit of k holds the Kelvin sign, that of s the long s: the
		// lower-case letter stands for an orbit that has an ASCII one.
		least := r
		for o := unicode.SimpleFold(r); o != r; o = unicode.SimpleFold(o) {
			if 'a' <= o && o <= 'z' {
				return o
			}
			if o < least && !('A' <= o && o <= 'Z') {
				least = o
			}
		}
		return least
	}, s)
}

// textBoolean is the boolean that a text stands for, in any case.
func textBoolean(v any) (bool, bool) {
	s, ok := v.(string)
	if ok && strings.EqualFold(s, "true") {
		return true, true
	}
	return false, ok && strings.EqualFold(s, "false")
}
