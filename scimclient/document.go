package scimclient

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// A document is the JSON that a resource was read from. It keeps what the
// resource has no field for. It never changes, so that copies of a resource can
// share it. A nil document is that of a resource made by the caller.
type document struct {
	text    json.RawMessage // an object without a password
	etag    string          // ETag of the reply
	partial bool            // the caller asked for some attributes only
	unread  []string        // attributes of a JSON type that they can't have
	altered []string        // attributes that differ from what was sent
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
// document that the fields don't have. was points to a zero value of the same
// type.
func (d *document) encode(now, was any) ([]byte, error) {
	if d == nil {
		return json.Marshal(now)
	}
	// If a server sends a member twice, was must have what is in the map.
	members, err := membersOf(d.text)
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(members)
	if err != nil {
		return nil, err
	}
	if _, err := readFields(text, was, was); err != nil {
		return nil, err
	}
	return mergeObject(text, reflect.ValueOf(was).Elem(), reflect.ValueOf(now).Elem())
}

// extra decodes the member name into v, and reports whether there is one.
// fields has the names that are fields and not extra, but for those that
// couldn't be read.
func (d *document) extra(fields any, name string, v any) (bool, error) {
	if err := extraName(fields, name); err != nil && !d.isUnread(name) || d == nil {
		return false, err
	}
	members, err := membersOf(d.text)
	if err != nil {
		return false, err
	}
	value := lookup(members, name)
	if value == nil {
		return false, nil
	}
	if err := json.Unmarshal(value, v); err != nil {
		return true, fmt.Errorf("scimclient: attribute %s: %w", name, err)
	}
	return true, nil
}

// unreadAttributes returns the attributes that couldn't be read.
func (d *document) unreadAttributes() []string {
	if d == nil {
		return nil
	}
	return slices.Clone(d.unread)
}

// alteredAttributes returns the attributes that differ from what was sent.
func (d *document) alteredAttributes() []string {
	if d == nil {
		return nil
	}
	return slices.Clone(d.altered)
}

// isUnread reports whether something of an attribute couldn't be read.
func (d *document) isUnread(name string) bool {
	return slices.ContainsFunc(d.unreadAttributes(), func(path string) bool {
		attribute := path[:strings.IndexAny(path+".", ".[")]
		return strings.EqualFold(attribute, name) || strings.EqualFold(path, name) || strings.HasPrefix(path, name+".")
	})
}

// with returns a document that has v under name, or lacks it if v is nil.
func (d *document) with(fields any, name string, v any) (*document, error) {
	if err := extraName(fields, name); err != nil {
		return nil, err
	}
	if strings.EqualFold(name, "password") {
		return nil, errors.New("scimclient: the field Password holds it")
	}
	changed := document{text: json.RawMessage("{}")}
	if d != nil {
		changed = *d
	}
	members, err := membersOf(changed.text)
	if err != nil {
		return nil, err
	}
	deleteMember(members, name)
	if v != nil {
		if members[name], err = json.Marshal(v); err != nil {
			return nil, fmt.Errorf("scimclient: attribute %s: %w", name, err)
		}
	}
	changed.text, err = json.Marshal(members)
	return &changed, err
}

// withoutUnread returns a document without the attributes that couldn't be read:
// clearing a field doesn't clear what isn't in it.
func (d *document) withoutUnread(names ...string) (*document, error) {
	for _, name := range names {
		if !d.isUnread(name) {
			continue
		}
		var err error
		if d, err = d.with(struct{}{}, name, nil); err != nil {
			return nil, err
		}
	}
	return d, nil
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

// jsonName returns the member that a field is encoded as, "" if it's none.
func jsonName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	if name == "-" || !f.IsExported() {
		return ""
	}
	return name
}

// membersOf returns the members of an object as they are.
func membersOf(object []byte) (map[string]json.RawMessage, error) {
	var members map[string]json.RawMessage
	err := json.Unmarshal(object, &members)
	return members, err
}

// keysOf returns the keys of members that are name. Attribute names are
// compared without regard to case (RFC 7643 section 2.1), as encoding/json does.
func keysOf[V any](members map[string]V, name string) []string {
	var keys []string
	for key := range members {
		if strings.EqualFold(key, name) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}

// lookup returns the member name, in any case of letters, zero if there's none.
func lookup[V any](members map[string]V, name string) V {
	if _, ok := members[name]; !ok {
		if keys := keysOf(members, name); keys != nil {
			name = keys[0]
		}
	}
	return members[name]
}

// deleteMember deletes the member name, in any case of letters.
func deleteMember[V any](members map[string]V, name string) {
	for _, key := range keysOf(members, name) {
		delete(members, key)
	}
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
