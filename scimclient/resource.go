package scimclient

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/iamscim/iamscim"
)

// An endpoint is /Users or /Groups: what both have in common, which is nearly
// everything. T is User or Group.
type endpoint[T any] struct {
	c    *Client
	kind string // "User"
	path string // "/Users"
	name string // the attribute that must be unique: "userName"

	head func(*T) head
	one  func(body []byte) (*T, error)
	page func(body []byte) (*page[T], error)
}

// head is what endpoints must know of a resource.
type head struct {
	id, name, externalID string
	doc                  **document
}

// page is a list response (RFC 7644 section 3.4.2).
type page[T any] struct {
	total     int
	start     int    // startIndex, 0 if absent
	next      string // nextCursor of RFC 9865
	sent      int    // attempts it took
	resources []*T
}

// wirePage is the JSON of a page. F is T without methods.
type wirePage[F any] struct {
	TotalResults *int   `json:"totalResults"`
	StartIndex   int    `json:"startIndex"`
	NextCursor   string `json:"nextCursor"`
	Resources    []*F   `json:"Resources"`
}

// decodePage decodes a page at once and cuts it afterwards. adopt makes a
// resource of its fields and its document.
func decodePage[T, F any](body []byte, adopt func(*F, *document) *T) (*page[T], error) {
	var wire wirePage[F]
	if err := json.Unmarshal(body, &wire); err != nil {
		return nil, err
	}
	if wire.TotalResults == nil {
		return nil, errors.New("not a list response: totalResults is missing")
	}
	p := &page[T]{total: *wire.TotalResults, start: wire.StartIndex, next: wire.NextCursor}
	if len(wire.Resources) == 0 {
		return p, nil
	}
	cuts := cutResources(body, len(wire.Resources))
	if len(cuts) != len(wire.Resources) {
		return nil, errors.New("not a list response: Resources occurs more than once")
	}
	p.resources = make([]*T, len(cuts))
	for i, f := range wire.Resources {
		if f == nil {
			return nil, fmt.Errorf("resource %d of the list is null", i+1)
		}
		// A copy each: whoever keeps one user must not keep the page.
		p.resources[i] = adopt(f, &document{text: bytes.Clone(cuts[i])})
	}
	return p, nil
}

// decodeOne decodes a single resource, of whose body the document becomes the
// owner.
func decodeOne[T, F any](body []byte, adopt func(*F, *document) *T) (*T, error) {
	f := new(F)
	if err := json.Unmarshal(body, f); err != nil {
		return nil, err
	}
	at := object(body)
	if at < 0 {
		return nil, errors.New("not a resource: null")
	}
	text, _ := withoutPassword(body, at)
	return adopt(f, &document{text: text}), nil
}

// at returns the path of one resource.
func (s *endpoint[T]) at(id string) (string, error) {
	escaped, err := escapeID(id)
	return s.path + "/" + escaped, err
}

func (s *endpoint[T]) op(method string) string { return s.kind + "s." + method }

func (s *endpoint[T]) resource(id string) string { return s.kind + " " + id }

// decodeInto returns a decoder for the reply that is a resource with this id;
// any id will do if it is empty.
func (s *endpoint[T]) decodeInto(to **T, id string) func(*reply) error {
	return func(rep *reply) error {
		got, err := s.one(rep.body)
		if err != nil {
			return err
		}
		h := s.head(got)
		switch {
		case h.id == "":
			return errors.New("not a resource: it has no id")
		case id != "" && h.id != id:
			return errors.New("the reply is about another resource")
		}
		(*h.doc).etag = rep.header.Get("ETag")
		*to = got
		return nil
	}
}

func (s *endpoint[T]) get(ctx context.Context, op, id string, most int, opts []ReadOption) (*T, error) {
	path, err := s.at(id)
	if err != nil {
		return nil, invalid(op, s.kind, "%w", err)
	}
	o, err := readOptionsOf(opts)
	if err != nil {
		return nil, invalid(op, s.resource(id), "%w", err)
	}
	var got *T
	r := &request{
		op: op, resource: s.resource(id), method: http.MethodGet, path: path, query: o.addTo(""),
		one: true, repeat: true, most: most, decode: s.decodeInto(&got, id),
	}
	if err := s.c.do(ctx, r); err != nil {
		return nil, err
	}
	(*s.head(got).doc).partial = o.partial()
	return got, nil
}

// query asks for one page.
func (s *endpoint[T]) query(ctx context.Context, op, query string, most int) (*page[T], error) {
	var p *page[T]
	r := &request{
		op: op, resource: s.kind, method: http.MethodGet, path: s.path, query: query,
		repeat: true, most: most,
		decode: func(rep *reply) (err error) {
			p, err = s.page(rep.body)
			return err
		},
	}
	if err := s.c.do(ctx, r); err != nil {
		return nil, err
	}
	p.sent = r.sent
	return p, nil
}

// find returns the resource that has the name.
func (s *endpoint[T]) find(ctx context.Context, op, name string, most int, opts []ReadOption) (*T, error) {
	if name == "" {
		return nil, invalid(op, s.kind, "the %s is empty", s.name)
	}
	o, err := readOptionsOf(opts)
	if err != nil {
		return nil, invalid(op, s.kind, "%w", err)
	}
	f := Eq(s.name, name)
	if err := f.err(); err != nil {
		return nil, invalid(op, s.kind, "%w", err)
	}
	p, err := s.query(ctx, op, o.addTo("filter="+url.QueryEscape(f.text)), most)
	if err != nil {
		return nil, err
	}
	got, kind, err := s.pick(p, name, o)
	if err != nil {
		return nil, &Error{Op: "scimclient: " + op, Resource: s.kind, Kind: kind, Attempts: p.sent, Err: err}
	}
	(*s.head(got).doc).partial = o.partial()
	return got, nil
}

// pick finds the resource with the name among those a filter for it returned.
func (s *endpoint[T]) pick(p *page[T], name string, o readOptions) (got *T, kind, err error) {
	var alike, exact []*T
	for _, r := range p.resources {
		h := s.head(r)
		if h.id == "" {
			return nil, iamscim.ErrBadReply, errors.New("a resource of the list has no id")
		}
		// The name may be among what was not asked for.
		if strings.EqualFold(h.name, name) || h.name == "" && o.partial() {
			alike = append(alike, r)
		}
		if h.name == name {
			exact = append(exact, r)
		}
	}
	switch {
	case len(p.resources) == 0 && p.total > 0:
		return nil, iamscim.ErrBadReply, fmt.Errorf("%d resources are announced and none is sent", p.total)
	case len(p.resources) == 0:
		return nil, ErrNotFound, fmt.Errorf("no %s has this %s", strings.ToLower(s.kind), s.name)
	case len(alike) == 1:
		return alike[0], nil, nil
	case len(exact) == 1:
		return exact[0], nil, nil
	case len(alike) > 1:
		ids := make([]string, 0, 5)
		for _, r := range alike[:min(len(alike), cap(ids))] {
			ids = append(ids, s.head(r).id)
		}
		return nil, ErrNotUnique, fmt.Errorf("%d resources have this %s: %s", len(alike), s.name, strings.Join(ids, ", "))
	}
	return nil, iamscim.ErrBadReply, errors.New("the server ignored the filter")
}
