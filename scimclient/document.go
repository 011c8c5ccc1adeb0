package scimclient

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
)

// A document is the JSON a resource was read from. Nothing is made of it
// until the resource is encoded or asked for an extra attribute. It never
// changes, so that copies of a resource can share it; a nil document is that
// of a resource made by the caller.
type document struct {
	text    []byte // an object without a password
	etag    string // ETag of the reply
	partial bool   // attributes were left out at the caller's wish
}

// newDocument keeps a copy of data, which encoding/json has accepted.
func newDocument(data []byte) *document {
	at := object(data)
	if at < 0 {
		return nil
	}
	text, _ := withoutPassword(data, at)
	return &document{text: bytes.Clone(text)}
}

// version returns the entity tag of the resource.
func (d *document) version(meta *Meta) string {
	switch {
	case meta != nil && meta.Version != "":
		return meta.Version
	case d != nil:
		return d.etag
	}
	return ""
}

// encode returns the JSON of now, a pointer to fields, with everything of the
// document that the fields do not have. was is a pointer to a zero value of
// the same type.
func (d *document) encode(now, was any) ([]byte, error) {
	if d == nil {
		return json.Marshal(now)
	}
	if err := json.Unmarshal(d.text, was); err != nil {
		return nil, err
	}
	return mergeObject(d.text, reflect.ValueOf(was).Elem(), reflect.ValueOf(now).Elem())
}

// extra decodes the member name into v, and reports whether there is one.
// fields has the names that are fields and not extra.
func (d *document) extra(fields any, name string, v any) (bool, error) {
	if err := extraName(fields, name); err != nil {
		return false, err
	}
	if d == nil {
		return false, nil
	}
	var value []byte
	eachMember(d.text, object(d.text), func(m member) {
		if m.named(name) {
			value = m.value
		}
	})
	if value == nil {
		return false, nil
	}
	if err := json.Unmarshal(value, v); err != nil {
		return true, fmt.Errorf("scimclient: attribute %s: %w", name, err)
	}
	return true, nil
}

// with returns a document that has v under name, or lacks it if v is nil.
func (d *document) with(fields any, name string, v any) (*document, error) {
	if err := extraName(fields, name); err != nil {
		return nil, err
	}
	if strings.EqualFold(name, "password") {
		return nil, errors.New("scimclient: set the field Password")
	}
	changed := document{text: []byte("{}")}
	if d != nil {
		changed = *d
	}
	out := objectWriter{}
	eachMember(changed.text, object(changed.text), func(m member) {
		if !m.named(name) {
			out.raw(m.key, m.value)
		}
	})
	if v != nil {
		value, err := json.Marshal(v)
		if err != nil {
			return nil, fmt.Errorf("scimclient: attribute %s: %w", name, err)
		}
		key, err := json.Marshal(name)
		if err != nil {
			return nil, err
		}
		out.raw(key, value)
	}
	changed.text = out.bytes()
	return &changed, nil
}

// extraName refuses the empty name and names that have a field.
func extraName(fields any, name string) error {
	if name == "" {
		return errors.New("scimclient: the name of an attribute is empty")
	}
	t := reflect.TypeOf(fields)
	for i := range t.NumField() {
		if tag := jsonName(t.Field(i)); tag != "" && strings.EqualFold(tag, name) {
			return fmt.Errorf("scimclient: attribute %s has the field %s", name, t.Field(i).Name)
		}
	}
	return nil
}

// jsonName returns the member a field is encoded as, "" if it is not.
func jsonName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	if name == "-" || !f.IsExported() {
		return ""
	}
	return name
}

// withSchema returns schemas with the extension added, if it is one. Without
// any schemas it begins with core.
func withSchema(schemas []string, extension, core string) []string {
	if !strings.Contains(extension, ":") {
		return schemas
	}
	if len(schemas) == 0 {
		schemas = []string{core}
	}
	for _, s := range schemas {
		if strings.EqualFold(s, extension) {
			return schemas
		}
	}
	return append(schemas[:len(schemas):len(schemas)], extension)
}
