package scimclient

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// page is a list response (RFC 7644 section 3.4.2).
type page[T any] struct {
	total     int
	start     int    // startIndex, 0 if absent
	next      string // nextCursor of RFC 9865
	attempts  int    // it took
	resources []*T
}

// decodePage decodes a list response. decode is for one resource.
func decodePage[T any](body []byte, decode func(json.RawMessage) (*T, error)) (*page[T], error) {
	var wire struct {
		TotalResults *int              `json:"totalResults"`
		StartIndex   int               `json:"startIndex"`
		NextCursor   string            `json:"nextCursor"`
		Resources    []json.RawMessage `json:"Resources"`
	}
	if err := json.Unmarshal(body, &wire); err != nil {
		return nil, err
	}
	if wire.TotalResults == nil {
		return nil, errors.New("not a list response: totalResults is missing")
	}
	p := &page[T]{total: *wire.TotalResults, start: wire.StartIndex, next: wire.NextCursor, resources: make([]*T, len(wire.Resources))}
	for i, raw := range wire.Resources {
		var err error
		if p.resources[i], err = decode(raw); err != nil {
			return nil, fmt.Errorf("resource %d of the list: %w", i+1, err)
		}
	}
	return p, nil
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
