package directory

import (
	"net/http"
	"slices"

	"github.com/iamscim/iamscim/scimtest/internal/behavior"
	"github.com/iamscim/iamscim/scimtest/internal/wire"
)

// listQuery is a filter the service supports: terms that all have to hold.
type listQuery struct {
	typ   *resourceType
	terms []*filter
	none  bool // nothing matches, whatever the terms say
}

// newQuery reads a list's filter. Google documents eq and and; other operators are refused, after
// malformed filters and before unknown attributes.
func newQuery(t *resourceType, text string, choices behavior.Choices) (listQuery, error) {
	q := listQuery{typ: t}
	f, err := parseFilter(text)
	if err != nil {
		return q, badRequest(behavior.FilterSyntax, invalidFilter, "malformed filter %q: %v", wire.Clip(text), err)
	}
	if op, at := f.unsupported(); op != "" {
		e := badRequest(behavior.FilterOperators, invalidFilter, "%q at byte %d is not supported: only eq, combined by and", op, at+1)
		if choices.Is(behavior.FilterOperators, "501") {
			e.Code, e.Kind = http.StatusNotImplemented, ""
		}
		return q, e
	}
	if err := f.bind(binder{t.resolveSupported, choices.Is(behavior.TextBooleans, "ACCEPTED")}); err != nil {
		return q, badRequest(behavior.FilterSyntax, invalidFilter, "filter %q: %v", wire.Clip(text), err)
	}
	q.terms = f.conjuncts(nil)
	return q.apply(choices)
}

// unsupported is an operator that RFC 7644 has and the service doesn't, and its place, or "".
func (f *filter) unsupported() (string, int) {
	switch f.kind {
	case filterAnd:
		if op, at := f.left.unsupported(); op != "" {
			return op, at
		}
		return f.right.unsupported()
	case filterOr:
		return "or", f.offset
	case filterNot:
		return "not", f.offset
	case filterPresent, filterCompare:
		if f.op != "eq" {
			return f.op, f.offset
		}
	}
	if f.path.filter != nil {
		return f.path.filter.unsupported()
	}
	return "", 0
}

// conjuncts appends the terms that and joins.
func (f *filter) conjuncts(terms []*filter) []*filter {
	if f.kind == filterAnd {
		return f.right.conjuncts(f.left.conjuncts(terms))
	}
	return append(terms, f)
}

func (f *filter) onMembers() bool { return f.target.attribute == membersAttribute }

func (f *filter) onID() bool {
	return f.kind == filterCompare && f.target.attribute.name == "id" && f.value != nil
}

func (q listQuery) namesMembers() bool { return slices.ContainsFunc(q.terms, (*filter).onMembers) }

// apply makes of the query what is chosen for filters that Google doesn't document.
func (q listQuery) apply(choices behavior.Choices) (listQuery, error) {
	members := slices.IndexFunc(q.terms, (*filter).onMembers)
	id := slices.IndexFunc(q.terms, (*filter).onID)
	if choices.Is(behavior.OtherFilters, "REFUSED") {
		for _, f := range q.terms {
			if a := f.target.attribute; f.path.filter != nil || a == nil || !slices.Contains([]string{"id", "userName", "displayName", "members"}, a.name) {
				return q, badRequest(behavior.OtherFilters, invalidFilter, "a filter on %s is not supported", wire.Clip(f.path.attr.String()))
			}
		}
	}
	switch {
	case members < 0:
		return q, nil
	case id >= 0:
		if members < id && choices.Is(behavior.MemberTerms, "ID_FIRST") {
			return q, badRequest(behavior.MemberTerms, invalidFilter, "the group's id must come before members")
		}
		return q, nil
	}
	switch choices.Of(behavior.MemberFilter) {
	case "IGNORED":
		q.terms = slices.DeleteFunc(q.terms, (*filter).onMembers)
	case "EMPTY":
		q.none = true
	case "REFUSED":
		return q, badRequest(behavior.MemberFilter, invalidFilter, "a filter on members must name the group's id too")
	}
	return q, nil
}

// wanted is the value that the term wants its attribute to have, or an element of it, and the
// sub-attribute that is to have it; false if it is not text.
func (f *filter) wanted() (sub, value string, ok bool) {
	if f.kind == filterCompare {
		if f.target.sub != nil {
			sub = f.target.sub.name
		}
		value, ok = f.value.(string)
		return sub, value, ok
	}
	value, ok = f.path.filter.elementValue()
	return "value", value, ok
}

// candidates returns records among which are all that satisfy the query, from the index that has
// the fewest and in the order of creation, and false if no index helps.
func (s *store) candidates(q listQuery) ([]*record, bool) {
	c := s.collection(q.typ)
	var best []*record
	found := false
	offer := func(records []*record) {
		if !found || len(records) < len(best) {
			best, found = records, true
		}
	}
	for _, f := range q.terms {
		sub, value, ok := f.wanted()
		if !ok || f.target.attribute == nil {
			continue
		}
		switch rec := s.records[value]; {
		case f.target.attribute.name == "id" && rec == nil, f.onMembers() && sub == "value" && rec == nil:
			return nil, true
		case f.target.attribute.name == "id":
			offer([]*record{rec})
		case f.onMembers() && sub == "value":
			var groups []*record
			for g := range rec.memberOf {
				groups = append(groups, g)
			}
			offer(groups)
		default:
			for i, k := range c.keys {
				if i != c.mapped && k.attribute == f.target.attribute.name && k.sub == sub {
					offer(c.indexes[i][k.fold(value)])
				}
			}
		}
	}
	if len(best) > 1 {
		best = slices.Compact(slices.SortedFunc(slices.Values(best), byOrder))
	}
	return best, found
}

// holds reports whether all terms hold for a record.
func (q listQuery) holds(s *store, rec *record, base string, etags bool) bool {
	o := rec.attributes
	if slices.ContainsFunc(q.terms, (*filter).onCommon) {
		o = rec.view(base, etags, nil)
	}
	return !slices.ContainsFunc(q.terms, func(f *filter) bool { return !s.holds(f, rec, o) })
}

// onCommon reports whether the term is on an attribute that isn't stored with the others.
func (f *filter) onCommon() bool {
	return f.target.attribute != nil && slices.Contains([]string{"id", "schemas", "meta"}, f.target.attribute.name)
}

// holds reports whether a term holds for a record with these attributes.
func (s *store) holds(f *filter, rec *record, o *wire.Object) bool {
	if !f.onMembers() {
		return f.match(o)
	}
	members := rec.members
	if f.kind == filterCompare && f.value == nil {
		return len(members) == 0
	}
	if sub, id, ok := f.wanted(); ok && sub == "value" {
		m := s.records[id]
		if m == nil || !m.memberOf[rec] {
			return false
		}
		if f.kind == filterCompare {
			return true // there is nothing else to match: the index has answered
		}
		members = []*record{m}
	}
	return slices.ContainsFunc(members, func(m *record) bool {
		return f.match(wire.NewObject("members", []any{m.element()}))
	})
}
