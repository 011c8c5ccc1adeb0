package scimclient

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
)

// What a reply may hold. Bytes alone are the wrong bound: {} takes three of them
// in a list, and a hundred as a struct.
const (
	// maxBody bounds a reply, after decompression: about five hundred times
	// a large user.
	maxBody = 16 << 20

	// maxTokens bounds the names, values and brackets of a reply: a group of
	// 50,000 members with their names and addresses has as many.
	maxTokens = 400_000

	// maxRows bounds the resources of a page. No request asks for more than
	// pageSize, and some servers return all they have.
	maxRows = 10 * pageSize
)

// checkSize refuses JSON that is small and would take much memory.
func checkSize(body []byte) error {
	// A comma or an opening bracket stands before each value, and at most
	// three tokens belong to it. Texts have them too, so more than that proves
	// nothing.
	values := 0
	for _, before := range []string{",", "[", "{"} {
		values += bytes.Count(body, []byte(before))
	}
	if 3*values < maxTokens {
		return nil
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	for range maxTokens {
		if _, err := decoder.Token(); err != nil {
			return nil // the end, or decoding says what is wrong
		}
	}
	return fmt.Errorf("the reply has more than %d values", maxTokens)
}

// page is a list response (RFC 7644 section 3.4.2).
type page[T any] struct {
	total     int
	start     int // startIndex, 0 if there is none that can be read
	attempts  int // it took
	resources []*T
}

// decodePage decodes a list response. decode is for one resource.
func decodePage[T any](body []byte, decode func(json.RawMessage) (*T, error)) (*page[T], error) {
	var wire struct {
		TotalResults json.RawMessage   `json:"totalResults"`
		StartIndex   json.RawMessage   `json:"startIndex"`
		Resources    []json.RawMessage `json:"Resources"`
	}
	if err := json.Unmarshal(body, &wire); err != nil {
		return nil, err
	}
	total, ok := wholeNumber(wire.TotalResults)
	switch {
	case wire.TotalResults == nil:
		return nil, errors.New("not a list response: totalResults is missing")
	case !ok:
		return nil, errors.New("not a list response: totalResults isn't a number of resources")
	case len(wire.Resources) > maxRows:
		return nil, fmt.Errorf("%d resources are in a reply to a request for %d at most", len(wire.Resources), pageSize)
	}
	p := &page[T]{total: total, resources: make([]*T, len(wire.Resources))}
	p.start, _ = wholeNumber(wire.StartIndex)
	for i, raw := range wire.Resources {
		var err error
		if p.resources[i], err = decode(raw); err != nil {
			return nil, fmt.Errorf("resource %d of the list: %w", i+1, err)
		}
	}
	return p, nil
}

// wholeNumber reads a number that isn't negative. Some servers send it as a text
// or with a fraction of zero.
func wholeNumber(raw json.RawMessage) (int, bool) {
	f, err := strconv.ParseFloat(strings.Trim(string(raw), `"`), 64)
	if err != nil || f < 0 || f > math.MaxInt32 || f != math.Trunc(f) {
		return 0, false
	}
	return int(f), true
}

// decodeUser decodes a user, and keeps data.
func decodeUser(data json.RawMessage) (*User, error) {
	var wire struct {
		userFields
		Password json.RawMessage `json:"password"`
	}
	unread, err := readFields(data, &wire, &wire.userFields)
	if err != nil {
		return nil, err
	}
	u := (*User)(&wire.userFields)
	u.doc, err = newDocument(data, wire.Password != nil, unread)
	return u, err
}

// decodeGroup decodes a group, and keeps data.
func decodeGroup(data json.RawMessage) (*Group, error) {
	var wire struct {
		groupFields
		Password json.RawMessage `json:"password"`
	}
	unread, err := readFields(data, &wire, &wire.groupFields)
	if err != nil {
		return nil, err
	}
	g := (*Group)(&wire.groupFields)
	g.doc, err = newDocument(data, wire.Password != nil, unread)
	return g, err
}

// newDocument returns the document of data, which encoding/json has accepted,
// without the password that it may have.
func newDocument(data json.RawMessage, password bool, unread []string) (*document, error) {
	d := &document{text: data, unread: unread}
	if !isObject(data) {
		return nil, errors.New("not a resource: null")
	}
	if !password {
		return d, nil
	}
	members, err := membersOf(data)
	if err != nil {
		return nil, err
	}
	deleteMember(members, "password")
	d.text, err = json.Marshal(members)
	return d, err
}

func isObject(data []byte) bool { return firstByte(data) == '{' }

// firstByte returns the byte that a JSON value begins with, 0 if there is none.
func firstByte(data []byte) byte {
	data = bytes.TrimLeft(data, " \t\r\n")
	if len(data) == 0 {
		return 0
	}
	return data[0]
}

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
