package directory

import (
	"iter"
	"slices"

	"github.com/iamscim/iamscim/scimtest/internal/wire"
)

// listQuery is a filter the service supports: terms that all have to hold.
type listQuery struct {
	typ   *resourceType
	terms []*filter
	none  bool // nothing matches, whatever the terms say
}

// newQuery reads a list's filter. Google documents eq and and; other operators
// are refused, after malformed filters and before unknown attributes.
func newQuery(t *resourceType, text string, members string) (listQuery, error) {
	q := listQuery{typ: t}
	f, err := parseFilter(text)
	if err != nil {
		return q, badRequest(invalidFilter, "malformed filter %q: %v", wire.Clip(text), err)
	}
	if err := f.supported(); err != nil {
		return q, err
	}
	if err := f.bind(t.resolveSupported); err != nil {
		return q, badRequest(invalidFilter, "filter %q: %v", wire.Clip(text), err)
	}
	q.terms = f.conjuncts(nil)
	return q.memberTerms(members)
}

// supported refuses what RFC 7644 has and the service has not.
func (f *filter) supported() error {
	switch f.kind {
	case filterAnd:
		if err := f.left.supported(); err != nil {
			return err
		}
		return f.right.supported()
	case filterOr, filterNot:
		return badRequest(invalidFilter, "%q at byte %d is not supported: only eq, combined by and", map[filterKind]string{filterOr: "or", filterNot: "not"}[f.kind], f.offset+1)
	case filterPresent, filterCompare:
		if f.op != "eq" {
			return badRequest(invalidFilter, "operator %q at byte %d is not supported: only eq, combined by and", f.op, f.offset+1)
		}
	}
	if f.path.filter != nil {
		return f.path.filter.supported()
	}
	return nil
}

// conjuncts appends the terms that and joins.
func (f *filter) conjuncts(terms []*filter) []*filter {
	if f.kind == filterAnd {
		return f.right.conjuncts(f.left.conjuncts(terms))
	}
	return append(terms, f)
}

// memberTerms applies what is switched for a filter that names members
// without the group's id.
func (q listQuery) memberTerms(choice string) (listQuery, error) {
	isMembers := func(f *filter) bool { return f.target.attribute == membersAttribute }
	isID := func(f *filter) bool {
		return f.kind == filterCompare && f.target.attribute.name == "id" && f.value != nil
	}
	if !slices.ContainsFunc(q.terms, isMembers) || slices.ContainsFunc(q.terms, isID) {
		return q, nil
	}
	switch choice {
	case "IGNORED":
		q.terms = slices.DeleteFunc(q.terms, isMembers)
	case "EMPTY":
		q.none = true
	case "REFUSED":
		return q, badRequest(invalidFilter, "a filter on members must name the group's id too")
	}
	return q, nil
}

// wanted is the value that the term wants its attribute to have, or an element
// of it, and the sub-attribute that is to have it; false if it is not text.
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

// candidates returns rows among which are all that satisfy the query, from
// the index that yields the fewest, and false if no index helps.
func (s *store) candidates(q listQuery) ([]row, bool) {
	c := s.collection(q.typ == groupType)
	var best func() []row
	fewest := -1
	offer := func(count int, rows func() []row) {
		if fewest < 0 || count < fewest {
			best, fewest = rows, count
		}
	}
	for _, f := range q.terms {
		sub, value, ok := f.wanted()
		if !ok || f.target.attribute == nil {
			continue
		}
		switch {
		case f.target.attribute.name == "id":
			offer(1, func() []row { return nonZero(s.find(q.typ == groupType, value)) })
		case f.target.attribute == membersAttribute && sub == "value":
			r := s.findAny(value)
			if r == 0 {
				return nil, true
			}
			offer(len(s.records[r].memberOf), func() []row { return s.records[r].memberOf })
		default:
			for i, k := range c.keys {
				if i != c.mapped && k.attribute == f.target.attribute.name && k.sub == sub {
					key := k.fold(value)
					offer(c.indexes[i].count(key), func() []row {
						rows := slices.Sorted(iter.Seq[row](c.indexes[i].find(key)))
						return slices.Compact(rows)
					})
				}
			}
		}
	}
	if best == nil {
		return nil, false
	}
	return best(), true
}

func nonZero(r row) []row {
	if r == 0 {
		return nil
	}
	return []row{r}
}

// holds reports whether a term holds for a record, given as clients see it.
func (s *store) holds(f *filter, r row, o *object) bool {
	if f.target.attribute != membersAttribute {
		return f.match(o)
	}
	members := s.records[r].members
	if f.kind == filterCompare && f.value == nil {
		return len(members) == 0
	}
	if sub, id, ok := f.wanted(); ok && sub == "value" {
		m := s.findAny(id)
		if m == 0 || !s.isMember(r, m) {
			return false
		}
		if f.kind == filterCompare {
			// There is nothing else to match: the index has answered.
			return true
		}
		members = []row{m}
	}
	return slices.ContainsFunc(members, func(m row) bool {
		group := &object{}
		group.set("members", []any{s.memberElement(m)})
		return f.match(group)
	})
}
