package directory

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"

	"github.com/iamscim/iamscim/scimtest/internal/behavior"
	"github.com/iamscim/iamscim/scimtest/internal/wire"
)

// maxResults is the documented number of resources in a reply.
const maxResults = 100

// list is GET /Users and GET /Groups (RFC 7644 section 3.4.2), with the documented deviations:
// there is no paging, startIndex counts for nothing and is 1 in replies, and totalResults is the
// number of resources in this reply.
func (c *call) list() (*wire.Reply, error) {
	p, err := c.projection()
	if err != nil {
		return nil, err
	}
	limit, err := c.count()
	if err != nil {
		return nil, err
	}
	q := listQuery{typ: c.typ}
	if c.query.Has("filter") {
		if q, err = newQuery(c.typ, c.query.Get("filter"), c.cfg.Choices); err != nil {
			return nil, err
		}
	}
	resources, err := c.find(q, limit, p)
	if err != nil {
		return nil, err
	}
	return listReply(resources), nil
}

// count reads the parameter of that name: negative is 0 (RFC 7644 section 3.4.2.4), anything above
// 100 is 100.
func (c *call) count() (int, error) {
	text := c.query.Get("count")
	if text == "" || c.is(behavior.CountParameter, "IGNORED") {
		return maxResults, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0, badRequest(behavior.CountParameter, invalidValue, "count must be a number, not %q", wire.Clip(text))
	}
	return min(max(n, 0), maxResults), nil
}

// find returns what matches a query.
func (c *call) find(q listQuery, limit int, p projection) ([]any, error) {
	resources := []any{}
	if q.none || limit == 0 {
		return resources, nil
	}
	base := c.cfg.BaseURI(c.request)
	c.mu.RLock()
	defer c.mu.RUnlock()
	records, ok := c.store.candidates(q)
	if !ok {
		records = c.store.collection(c.typ).records
	}
	if c.is(behavior.ListOrder, "ID") {
		records = slices.SortedFunc(slices.Values(records), func(a, b *record) int { return cmp.Compare(a.id, b.id) })
	}
	for i, rec := range records {
		if len(resources) == limit {
			break
		}
		// A filter on an attribute without an index looks at every record: not longer than
		// somebody waits for it.
		if i%1024 == 1023 && c.request.Context().Err() != nil {
			return nil, refuse("", http.StatusServiceUnavailable, "the request was cancelled")
		}
		if rec.typ == c.typ && q.holds(c.store, rec, base, c.etags()) {
			resources = append(resources, p.apply(rec.view(base, c.etags(), c.shown(q, rec))))
		}
	}
	return resources, nil
}

// shown are the members to show in the reply to a query.
func (c *call) shown(q listQuery, group *record) []*record {
	choice := c.cfg.Choices.Of(behavior.FilteredMembers)
	if choice == "NONE" || !q.namesMembers() {
		return nil
	}
	if choice == "ALL" {
		return group.members
	}
	return slices.DeleteFunc(slices.Clone(group.members), func(m *record) bool {
		return !slices.ContainsFunc(q.terms, func(f *filter) bool {
			_, id, ok := f.wanted()
			return ok && f.target.attribute == membersAttribute && id == m.id
		})
	})
}

// listReply is a ListResponse. Resources is there even when it is empty.
func listReply(resources []any) *wire.Reply {
	n := json.Number(strconv.Itoa(len(resources)))
	return &wire.Reply{Code: http.StatusOK, Body: wire.Append(nil, wire.NewObject(
		"schemas", []any{urnListResponse},
		"totalResults", n,
		"startIndex", json.Number("1"),
		"itemsPerPage", n,
		"Resources", resources,
	))}
}
