package wire

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// An Object is a JSON object with its fields in their order, each as often as it was given. A JSON
// value is nil, bool, string, json.Number, []any or *Object.
type Object struct{ Fields []Field }

// A Field is one name of an object with its value.
type Field struct {
	Name  string
	Value any
}

// NewObject makes an object of names and values in turns. Fields without a value are left out.
func NewObject(namesAndValues ...any) *Object {
	o := &Object{}
	for i := 0; i < len(namesAndValues); i += 2 {
		o.Set(namesAndValues[i].(string), namesAndValues[i+1])
	}
	return o
}

// Get returns the value of the field with exactly this name, or nil.
func (o *Object) Get(name string) any {
	for _, f := range o.Fields {
		if f.Name == name {
			return f.Value
		}
	}
	return nil
}

// GetFold is Get for names in any case.
func (o *Object) GetFold(name string) any {
	for _, f := range o.Fields {
		if strings.EqualFold(f.Name, name) {
			return f.Value
		}
	}
	return nil
}

// Set gives the field a value; nil removes the field.
func (o *Object) Set(name string, value any) {
	i := slices.IndexFunc(o.Fields, func(f Field) bool { return f.Name == name })
	switch {
	case i >= 0 && value != nil:
		o.Fields[i].Value = value
	case i >= 0:
		o.Fields = slices.Delete(o.Fields, i, i+1)
	case value != nil:
		o.Fields = append(o.Fields, Field{name, value})
	}
}

// Clone is a deep copy of a JSON value.
func Clone(v any) any {
	switch v := v.(type) {
	case *Object:
		c := &Object{Fields: make([]Field, len(v.Fields))}
		for i, f := range v.Fields {
			c.Fields[i] = Field{f.Name, Clone(f.Value)}
		}
		return c
	case []any:
		c := make([]any, len(v))
		for i, e := range v {
			c[i] = Clone(e)
		}
		return c
	}
	return v
}

// Equal compares two JSON values. The order of an object's fields doesn't matter, the order of an
// array's elements does.
func Equal(a, b any) bool {
	switch a := a.(type) {
	case *Object:
		b, ok := b.(*Object)
		return ok && len(a.Fields) == len(b.Fields) && !slices.ContainsFunc(a.Fields, func(f Field) bool {
			return !Equal(f.Value, b.Get(f.Name))
		})
	case []any:
		b, ok := b.([]any)
		return ok && slices.EqualFunc(a, b, Equal)
	}
	switch b.(type) {
	case *Object, []any:
		return false
	}
	return a == b
}

// MarshalJSON writes the object in its order.
func (o *Object) MarshalJSON() ([]byte, error) { return Append(nil, o), nil }

// Append appends v as JSON without white space.
func Append(b []byte, v any) []byte {
	switch v := v.(type) {
	case nil:
		return append(b, "null"...)
	case bool:
		return strconv.AppendBool(b, v)
	case string:
		return appendString(b, v)
	case json.Number:
		return append(b, v...)
	case []any:
		b = append(b, '[')
		for i, e := range v {
			if i > 0 {
				b = append(b, ',')
			}
			b = Append(b, e)
		}
		return append(b, ']')
	case *Object:
		b = append(b, '{')
		for i, f := range v.Fields {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendString(b, f.Name)
			b = append(b, ':')
			b = Append(b, f.Value)
		}
		return append(b, '}')
	}
	panic(fmt.Sprintf("scimtest: %T is no JSON value", v))
}

// appendString appends s as a JSON string. Unlike encoding/json it leaves <, > and & alone, as
// Google's services do.
func appendString(b []byte, s string) []byte {
	if strings.IndexFunc(s, func(r rune) bool { return r < 0x20 || r == '"' || r == '\\' || r == utf8.RuneError }) < 0 {
		return append(append(append(b, '"'), s...), '"')
	}
	var text strings.Builder
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		panic("scimtest: a string is no JSON: " + err.Error())
	}
	return append(b, strings.TrimSuffix(text.String(), "\n")...)
}

// A SyntaxError says what is wrong with a JSON text.
type SyntaxError struct {
	Offset int64 // bytes read before it was found
	Text   string
}

func (e *SyntaxError) Error() string { return fmt.Sprintf("%s at byte %d", e.Text, e.Offset) }

// Parse reads exactly one JSON value that nests at most maxDepth levels. Unlike encoding/json it
// keeps the order of fields and names given twice, for the caller to judge, and refuses what isn't
// UTF-8 and half surrogate pairs.
func Parse(text []byte, maxDepth int) (any, error) {
	if !utf8.Valid(text) {
		return nil, &SyntaxError{0, "text that isn't UTF-8"}
	}
	if err := json.Unmarshal(text, new(json.RawMessage)); err != nil {
		if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
			return nil, &SyntaxError{syntax.Offset, syntax.Error()}
		}
		return nil, &SyntaxError{0, err.Error()}
	}
	if unpaired(string(text)) {
		return nil, &SyntaxError{0, "half a surrogate pair"}
	}
	d := json.NewDecoder(strings.NewReader(string(text)))
	d.UseNumber()
	return parse(d, maxDepth)
}

func parse(d *json.Decoder, depth int) (any, error) {
	token, err := d.Token()
	if err != nil {
		return nil, &SyntaxError{d.InputOffset(), err.Error()}
	}
	if token != json.Delim('[') && token != json.Delim('{') {
		return token, nil
	}
	if depth == 0 {
		return nil, &SyntaxError{d.InputOffset(), "value nested too deep"}
	}
	list, object := []any{}, &Object{}
	for d.More() {
		if token == json.Delim('[') {
			v, err := parse(d, depth-1)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
			continue
		}
		name, err := d.Token()
		if err != nil {
			return nil, &SyntaxError{d.InputOffset(), err.Error()}
		}
		v, err := parse(d, depth-1)
		if err != nil {
			return nil, err
		}
		object.Fields = append(object.Fields, Field{name.(string), v})
	}
	if _, err := d.Token(); err != nil && err != io.EOF {
		return nil, &SyntaxError{d.InputOffset(), err.Error()}
	}
	if token == json.Delim('[') {
		return list, nil
	}
	return object, nil
}

// unpaired reports whether valid JSON has an escape that is half of a surrogate pair:
// encoding/json would put U+FFFD in its place.
func unpaired(text string) bool {
	for {
		_, after, ok := strings.Cut(text, `\`)
		if !ok {
			return false
		}
		if after[0] != 'u' {
			text = after[1:]
			continue
		}
		high := escaped(after)
		text = after[5:]
		if !utf16.IsSurrogate(high) {
			continue
		}
		low, ok := strings.CutPrefix(text, `\`)
		if !ok || low[0] != 'u' || utf16.DecodeRune(high, escaped(low)) == utf8.RuneError {
			return true
		}
		text = low[5:]
	}
}

// escaped is the rune of an escape uXXXX.
func escaped(s string) rune {
	n, _ := strconv.ParseUint(s[1:5], 16, 16)
	return rune(n)
}
