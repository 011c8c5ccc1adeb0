package scimclient

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/iamscim/iamscim"
)

// An endpoint is /Users or /Groups: what both have in common, which is nearly
// everything. T is User or Group.
type endpoint[T any] struct {
	c    *Client
	kind string // "User"
	path string // "/Users"
	name string // the attribute that must be unique: "userName"

	head   func(*T) head
	decode func(json.RawMessage) (*T, error)

	known knowledge
}

// knowledge is what the answers of a server have shown so far.
type knowledge struct {
	finds          atomic.Bool  // the server answers a filter on the name
	answers        atomic.Bool  // it answers id eq "GROUP" and members eq "USER"
	returnsMembers atomic.Bool  // it returns groups with their members
	memberFilter   atomic.Int32 // members eq "USER" alone: see the constants
}

// head is what endpoints must know of a resource.
type head struct {
	id, name, externalID string
	doc                  *document
}

// at returns the path of one resource.
func (s *endpoint[T]) at(id string) (string, error) {
	escaped, err := escapeID(id)
	return s.path + "/" + escaped, err
}

func (s *endpoint[T]) op(method string) string { return s.kind + "s." + method }

func (s *endpoint[T]) resource(id string) string { return s.kind + " " + id }

// query returns the query of a read. A list adds its position.
func query(f Filter, o readOptions) url.Values {
	q := url.Values{}
	for name, value := range map[string]string{"filter": f.text, "attributes": o.attributes, "excludedAttributes": o.excluded} {
		if value != "" {
			q.Set(name, value)
		}
	}
	return q
}

// decodeInto returns a decoder for the reply that is the resource with this id;
// any id will do if it is empty.
func (s *endpoint[T]) decodeInto(to **T, id string) func(*reply) error {
	return func(rep *reply) error {
		got, err := s.decode(rep.body)
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
		// Without a declaration, it may be a proxy's or a framework's.
		if config := s.c.config.Load(); config != nil && config.ETag.Supported {
			h.doc.etag = rep.header.Get("ETag")
		}
		*to = got
		return nil
	}
}

// get returns the resource with the id.
func (s *endpoint[T]) get(ctx context.Context, op, id string, maxAttempts int, opts []ReadOption) (*T, error) {
	path, err := s.at(id)
	if err != nil {
		return nil, invalid(op, s.kind, "%w", err)
	}
	o, err := readOptionsOf(opts)
	if err != nil {
		return nil, invalid(op, s.resource(id), "%w", err)
	}
	var got *T
	_, err = s.c.do(ctx, request{
		op: op, resource: s.resource(id), method: http.MethodGet, path: path, query: query(Filter{}, o),
		one: true, repeat: true, maxAttempts: maxAttempts, decode: s.decodeInto(&got, id),
	})
	if err != nil {
		return nil, err
	}
	s.head(got).doc.partial = o.partial()
	return got, nil
}

// fetch asks for one page.
func (s *endpoint[T]) fetch(ctx context.Context, op string, q url.Values, maxAttempts int) (*page[T], error) {
	var p *page[T]
	out, err := s.c.do(ctx, request{
		op: op, resource: s.kind, method: http.MethodGet, path: s.path, query: q,
		repeat: true, maxAttempts: maxAttempts,
		decode: func(rep *reply) (err error) {
			p, err = decodePage(rep.body, s.decode)
			return err
		},
	})
	if err != nil {
		return nil, err
	}
	p.attempts = out.attempts
	return p, nil
}

// find returns the resource that has the name. It verifies the client's first
// "not found": a server that doesn't know the filter may answer with an empty
// list.
func (s *endpoint[T]) find(ctx context.Context, op, name string, opts []ReadOption) (*T, error) {
	got, err := s.lookUp(ctx, op, name, 0, opts)
	if !errors.Is(err, ErrNotFound) || s.known.finds.Load() {
		return got, err
	}
	verified, cause := s.verifyFilter(ctx, op)
	if verified {
		return nil, err
	}
	return nil, &Error{
		Op: "scimclient: " + op, Resource: s.kind, Kind: ErrUnproven, Attempts: asError(err).Attempts,
		Err:    unprovenBecause(fmt.Sprintf("the server finds no %s with this %s, and may not know the filter", strings.ToLower(s.kind), s.name), cause),
		Remedy: fmt.Sprintf("find one that you know first, or list the %ss", strings.ToLower(s.kind)),
	}
}

// unprovenBecause says what is unproven, and why verifying it failed, if it did.
func unprovenBecause(what string, cause error) error {
	if cause == nil {
		return errors.New(what)
	}
	return fmt.Errorf("%s; verifying that: %w", what, within(cause))
}

// verifyFilter reports whether the filter on the name works: the directory is
// empty, or it has a resource that the filter finds.
func (s *endpoint[T]) verifyFilter(ctx context.Context, op string) (bool, error) {
	any := query(Filter{}, readOptions{})
	any.Set("count", "1")
	p, err := s.fetch(ctx, op, any, 0)
	switch {
	case err != nil:
		return false, err
	case len(p.resources) == 0:
		return p.total == 0, nil
	}
	h := s.head(p.resources[0])
	control := Eq(s.name, h.name)
	if h.id == "" || h.name == "" || control.err() != nil {
		return false, nil
	}
	if p, err = s.fetch(ctx, op, query(control, readOptions{}), 0); err != nil {
		return false, err
	}
	if !slices.ContainsFunc(p.resources, func(r *T) bool { return s.head(r).id == h.id }) {
		return false, nil
	}
	s.known.finds.Store(true)
	return true, nil
}

// lookUp returns the resource that has the name, by the server's word.
func (s *endpoint[T]) lookUp(ctx context.Context, op, name string, maxAttempts int, opts []ReadOption) (*T, error) {
	if name == "" {
		return nil, invalid(op, s.kind, "the %s is empty", s.name)
	}
	o, err := readOptionsOf(opts)
	f := Eq(s.name, name)
	if err = errors.Join(err, f.err()); err != nil {
		return nil, invalid(op, s.kind, "%w", err)
	}
	p, err := s.fetch(ctx, op, query(f, o), maxAttempts)
	if err != nil {
		return nil, err
	}
	got, kind, err := s.pick(p, name, o)
	if err != nil {
		return nil, &Error{Op: "scimclient: " + op, Resource: s.kind, Kind: kind, Attempts: p.attempts, Err: err}
	}
	s.head(got).doc.partial = o.partial()
	s.known.finds.Store(true)
	return got, nil
}

// pick finds the resource with the name among those a filter for it returned.
func (s *endpoint[T]) pick(p *page[T], name string, o readOptions) (got *T, kind, err error) {
	var alike, exact []*T
	seen := map[string]bool{}
	for _, r := range p.resources {
		h := s.head(r)
		if h.id == "" {
			return nil, iamscim.ErrBadReply, errors.New("a resource of the list has no id")
		}
		if seen[h.id] {
			continue
		}
		seen[h.id] = true
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
		return nil, iamscim.ErrBadReply, fmt.Errorf("the reply announces %d resources and has none", p.total)
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
