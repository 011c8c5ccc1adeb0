package directory

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/iamscim/iamscim/scimtest/internal/wire"
)

// A JSON value of the SCIM service is nil, bool, string, number, []any or
// *object.

// number is a JSON number as it was written.
type number string

// object is a JSON object that keeps the order of its fields.
type object struct {
	fields []field
}

type field struct {
	name  string
	value any
}

// get returns the value of the field with exactly this name, or nil.
func (o *object) get(name string) any {
	for i := range o.fields {
		if o.fields[i].name == name {
			return o.fields[i].value
		}
	}
	return nil
}

// getFold is get for names whose case does not matter (RFC 7643 section 2.1).
func (o *object) getFold(name string) any {
	for i := range o.fields {
		if strings.EqualFold(o.fields[i].name, name) {
			return o.fields[i].value
		}
	}
	return nil
}

// checkNames refuses two names that differ in case only: the JSON parser lets
// them pass, and they are one attribute (RFC 7643 section 2.1).
func (o *object) checkNames() error {
	var names nameSet
	for _, f := range o.fields {
		if !names.add(strings.ToLower(f.name)) {
			return badRequest(invalidSyntax, "%s is given twice", wire.Clip(f.name))
		}
	}
	return nil
}

// nameSet is a set of names that has room for a usual object without
// allocating, and does not slow down for one with a hundred thousand names.
type nameSet struct {
	few  [16]string
	n    int
	many map[string]bool
}

// add reports whether the name is new.
func (s *nameSet) add(name string) bool {
	if s.many == nil {
		for _, known := range s.few[:s.n] {
			if known == name {
				return false
			}
		}
		if s.n < len(s.few) {
			s.few[s.n] = name
			s.n++
			return true
		}
		s.many = make(map[string]bool, 4*len(s.few))
		for _, known := range s.few {
			s.many[known] = true
		}
	}
	if s.many[name] {
		return false
	}
	s.many[name] = true
	return true
}

// set gives the field a value; nil removes the field.
func (o *object) set(name string, value any) {
	for i := range o.fields {
		if o.fields[i].name != name {
			continue
		}
		if value == nil {
			o.fields = append(o.fields[:i:i], o.fields[i+1:]...)
		} else {
			o.fields[i].value = value
		}
		return
	}
	if value != nil {
		o.fields = append(o.fields, field{name, value})
	}
}

// equal compares two values; the order of an object's fields does not
// matter, the order of an array's elements does.
func equal(a, b any) bool {
	switch a := a.(type) {
	case *object:
		b, ok := b.(*object)
		if !ok || len(a.fields) != len(b.fields) {
			return false
		}
		for _, f := range a.fields {
			if other := b.get(f.name); other == nil || !equal(f.value, other) {
				return false
			}
		}
		return true
	case []any:
		b, ok := b.([]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for i := range a {
			if !equal(a[i], b[i]) {
				return false
			}
		}
		return true
	}
	switch b.(type) {
	case *object, []any:
		return false
	}
	return a == b
}

// appendJSON appends v without white space.
func appendJSON(b []byte, v any) []byte {
	switch v := v.(type) {
	case nil:
		return append(b, "null"...)
	case bool:
		return strconv.AppendBool(b, v)
	case string:
		return appendString(b, v)
	case number:
		return append(b, v...)
	case []any:
		b = append(b, '[')
		for i, e := range v {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendJSON(b, e)
		}
		return append(b, ']')
	case *object:
		b = append(b, '{')
		for i, f := range v.fields {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendString(b, f.name)
			b = append(b, ':')
			b = appendJSON(b, f.value)
		}
		return append(b, '}')
	}
	panic(fmt.Sprintf("scimtest: %T is no JSON value", v))
}

// appendString appends s as a JSON string.
func appendString(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	from := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= 0x20 && c != '"' && c != '\\' {
			continue
		}
		b = append(b, s[from:i]...)
		from = i + 1
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, `\n`...)
		case '\r':
			b = append(b, `\r`...)
		case '\t':
			b = append(b, `\t`...)
		default:
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
	}
	b = append(b, s[from:]...)
	return append(b, '"')
}
