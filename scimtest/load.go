package scimtest

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"google.golang.org/api/iam/v1"
)

// Seed is what [Server.Load] reads: resources in the API's own JSON, parents
// before children.
type Seed struct {
	Pools     []*iam.WorkforcePool                   `json:"pools"`
	Providers []*iam.WorkforcePoolProvider           `json:"providers"`
	Tenants   []*iam.WorkforcePoolProviderScimTenant `json:"scimTenants"`
	Tokens    []*iam.WorkforcePoolProviderScimToken  `json:"tokens"`
	// Directories are users and groups by the tenant's name.
	Directories map[string]Directory `json:"directories"`
}

// maxSeed bounds a seed file.
const maxSeed = 64 << 20

// Load adds the resources of a JSON document of the form of [Seed], all of them or, with an error,
// none. Unknown fields are refused. Errors name the line and, if r has a Name as an [os.File], the
// file.
func (s *Server) Load(r io.Reader) error {
	if err := s.Err(); err != nil {
		return err
	}
	if r == nil {
		return errors.New("scimtest: Load(nil): a reader is needed")
	}
	name := "seed"
	if named, ok := r.(interface{ Name() string }); ok {
		name = named.Name()
	}
	text, err := io.ReadAll(io.LimitReader(r, maxSeed+1))
	switch {
	case err != nil:
		return fmt.Errorf("scimtest: %s: %w", name, err)
	case len(text) > maxSeed:
		return fmt.Errorf("scimtest: %s: more than %d bytes", name, maxSeed)
	}
	before := s.Snapshot()
	loader := &seedLoader{server: s, name: name, text: text, decoder: json.NewDecoder(bytes.NewReader(text))}
	if err := loader.load(); err != nil {
		s.Restore(before)
		return err
	}
	return nil
}

// seedLoader reads a seed with the lines of its elements. Resources are added as they come, parents
// before children.
type seedLoader struct {
	server  *Server
	name    string
	text    []byte
	decoder *json.Decoder
	errs    []error
}

// A seedElement is a JSON value with where it stands.
type seedElement struct {
	place string // "pools[0]"
	line  int
	raw   json.RawMessage
}

func (l *seedLoader) load() error {
	// The decoder's own offsets of syntax errors begin anew with each value.
	if err := json.Unmarshal(l.text, new(json.RawMessage)); err != nil {
		line := l.line(int64(len(l.text)))
		if at, ok := errors.AsType[*json.SyntaxError](err); ok {
			line = l.line(at.Offset)
		}
		return fmt.Errorf("scimtest: %s:%d: %w", l.name, line, err)
	}
	parts := map[string][]seedElement{}
	if err := l.object("", func(key string) error {
		switch key {
		case "pools", "providers", "scimTenants", "tokens":
			return l.list(key, key, parts)
		case "directories":
			return l.object(key, func(tenant string) error {
				return l.object(tenant, func(kind string) error {
					if kind != "users" && kind != "groups" {
						return l.errorf("directories[%q]: unknown field %q", tenant, kind)
					}
					return l.list(kind+"\n"+tenant, fmt.Sprintf("directories[%q].%s", tenant, kind), parts)
				})
			})
		}
		return l.errorf("unknown field %q", key)
	}); err != nil {
		return err
	}
	for _, e := range parts["pools"] {
		add(l, e, l.server.AddPool)
	}
	for _, e := range parts["providers"] {
		add(l, e, l.server.AddProvider)
	}
	for _, e := range parts["scimTenants"] {
		add(l, e, func(t *iam.WorkforcePoolProviderScimTenant) error { _, err := l.server.AddTenant(t); return err })
	}
	for _, e := range parts["tokens"] {
		add(l, e, func(t *iam.WorkforcePoolProviderScimToken) error { _, err := l.server.AddToken(t); return err })
	}
	for _, kind := range []string{"users", "groups"} { // members must exist
		for _, key := range slices.Sorted(maps.Keys(parts)) {
			of, tenant, ok := strings.Cut(key, "\n")
			if !ok || of != kind {
				continue
			}
			for _, e := range parts[key] {
				adder := l.server.AddUser
				if kind == "groups" {
					adder = l.server.AddGroup
				}
				_, err := adder(tenant, e.raw)
				l.failed(e, err)
			}
		}
	}
	return errors.Join(l.errs...)
}

// add decodes an element and adds it.
func add[T any](l *seedLoader, e seedElement, to func(*T) error) {
	d := json.NewDecoder(bytes.NewReader(e.raw))
	d.DisallowUnknownFields()
	v := new(T)
	err := d.Decode(v)
	if err == nil {
		err = to(v)
	}
	l.failed(e, err)
}

func (l *seedLoader) failed(e seedElement, err error) {
	if err != nil {
		l.errs = append(l.errs, fmt.Errorf("%s:%d: %s: %w", l.name, e.line, e.place, err))
	}
}

// errorf is a problem where the decoder stands.
func (l *seedLoader) errorf(format string, args ...any) error {
	return fmt.Errorf("scimtest: %s:%d: %s", l.name, l.line(l.decoder.InputOffset()), fmt.Sprintf(format, args...))
}

// line is the line of an offset, from 1.
func (l *seedLoader) line(offset int64) int {
	return 1 + bytes.Count(l.text[:min(int(offset), len(l.text))], []byte{'\n'})
}

// object calls field for each name; field reads the value.
func (l *seedLoader) object(place string, field func(name string) error) error {
	token, err := l.decoder.Token()
	if err != nil {
		return err
	}
	if token != json.Delim('{') {
		return l.errorf("%s must be an object", cmp.Or(place, "the seed"))
	}
	for l.decoder.More() {
		name, err := l.decoder.Token()
		if err != nil {
			return err
		}
		if err := field(name.(string)); err != nil {
			return err
		}
	}
	if _, err := l.decoder.Token(); err != nil {
		return err
	}
	return nil
}

// list reads the elements of a list into parts[key].
func (l *seedLoader) list(key, place string, parts map[string][]seedElement) error {
	token, err := l.decoder.Token()
	switch {
	case err != nil:
		return err
	case token == nil:
		return nil
	case token != json.Delim('['):
		return l.errorf("%s must be a list", place)
	}
	for l.decoder.More() {
		e := seedElement{place: fmt.Sprintf("%s[%d]", place, len(parts[key]))}
		if err := l.decoder.Decode(&e.raw); err != nil {
			return err
		}
		e.line = l.line(l.decoder.InputOffset() - int64(len(e.raw)))
		parts[key] = append(parts[key], e)
	}
	if _, err := l.decoder.Token(); err != nil {
		return err
	}
	return nil
}
