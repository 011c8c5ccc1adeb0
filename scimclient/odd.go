package scimclient

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
)

// readFields decodes data, an object, into wire, a pointer to a struct. fields
// is that pointer, or one to the struct it embeds. If an attribute has another
// JSON type than RFC 7643 gives it, readFields decodes the others into fields, and
// returns the ones that it can't read, as "emails[0].primary". Some servers send:
//
//   - "True" for true, "1" for 1, and numbers or booleans for text
//   - the value alone for an object with a value: "emails": ["a@example.com"]
//   - an object for a list of one, and an empty list for an unassigned object
//
// These are read as what they stand for.
func readFields(data json.RawMessage, wire, fields any) (unread []string, err error) {
	err = json.Unmarshal(data, wire)
	if wrong := (*json.UnmarshalTypeError)(nil); !errors.As(err, &wrong) || !isObject(data) {
		return nil, err
	}
	to := reflect.ValueOf(fields).Elem()
	to.SetZero()
	return readObject(data, to, ""), nil
}

func readObject(data json.RawMessage, to reflect.Value, path string) (unread []string) {
	members, err := membersOf(data)
	if err != nil {
		return []string{path}
	}
	for i := range to.NumField() {
		name := jsonName(to.Type().Field(i))
		value := lookup(members, name)
		if name == "" || value == nil {
			continue
		}
		if path != "" {
			name = path + "." + name
		}
		unread = appendUnread(unread, readValue(value, to.Field(i), name))
	}
	return unread
}

// maxUnread bounds the attributes that a resource names as unread.
const maxUnread = 100

func appendUnread(all, more []string) []string {
	return append(all, more[:min(len(more), maxUnread-len(all))]...)
}

func readValue(data json.RawMessage, to reflect.Value, path string) (unread []string) {
	if json.Unmarshal(data, to.Addr().Interface()) == nil {
		return nil
	}
	to.SetZero()
	first := firstByte(data)
	text := strings.Trim(string(data), `"`)
	switch to.Kind() {
	case reflect.Pointer:
		inner := reflect.New(to.Type().Elem())
		unread = readValue(data, inner.Elem(), path)
		if unread == nil || !inner.Elem().IsZero() {
			to.Set(inner)
		}
		return unread
	case reflect.Slice:
		return readList(data, to, path)
	case reflect.Struct:
		value := to.FieldByName("Value")
		switch {
		case first == '{':
			return readObject(data, to, path)
		case first == '"' && value.IsValid():
			return readValue(data, value, path)
		case string(data) == "[]":
			return nil // unassigned (RFC 7643 section 2.5)
		}
	case reflect.String:
		if first != '{' && first != '[' {
			to.SetString(string(data))
			return nil
		}
	case reflect.Int:
		if n, ok := wholeNumber(data); ok {
			to.SetInt(int64(n))
			return nil
		}
	case reflect.Bool:
		if strings.EqualFold(text, "true") || strings.EqualFold(text, "false") {
			to.SetBool(strings.EqualFold(text, "true"))
			return nil
		}
	}
	return []string{path}
}

// readList reads each element, so that the index of an element is the one it has
// in data. A list with as many elements that can't be read as are named is unread as
// a whole.
func readList(data json.RawMessage, to reflect.Value, path string) (unread []string) {
	elements := elementsOf(data)
	to.Set(reflect.MakeSlice(to.Type(), len(elements), len(elements)))
	for i, element := range elements {
		unread = appendUnread(unread, readValue(element, to.Index(i), fmt.Sprintf("%s[%d]", path, i)))
		if len(unread) == maxUnread {
			to.SetZero()
			return []string{path}
		}
	}
	return unread
}

// elementsOf returns the elements of a list; what isn't a list is one of one.
func elementsOf(data json.RawMessage) []json.RawMessage {
	var elements []json.RawMessage
	if json.Unmarshal(data, &elements) != nil {
		return []json.RawMessage{data}
	}
	return elements
}
