package directory

import (
	"net/http"
	"strconv"

	"github.com/iamscim/iamscim/scimtest/internal/behavior"
	"github.com/iamscim/iamscim/scimtest/internal/wire"
)

// maxResults is the documented number of resources in a reply.
const maxResults = 100

// list is GET /Users and GET /Groups (RFC 7644 section 3.4.2), with the
// documented deviations: there is no paging, startIndex counts for nothing
// and is 1 in replies, and totalResults is the number of resources in this
// reply.
func (c *call) list() (*wire.Reply, error) {
	p, err := newProjection(c.typ, c.query)
	if err != nil {
		return nil, err
	}
	limit, err := c.count()
	if err != nil {
		return nil, err
	}
	q := listQuery{typ: c.typ}
	if c.query.Has("filter") {
		if q, err = newQuery(c.typ, c.query.Get("filter"), c.cfg.Choices.Of(behavior.MemberFilter)); err != nil {
			return nil, err
		}
	}
	resources, err := c.find(q, limit, p)
	if err != nil {
		return nil, err
	}
	return listReply(resources), nil
}

// count reads the parameter of that name: negative is 0 (RFC 7644 section
// 3.4.2.4), anything above 100 is 100.
func (c *call) count() (int, error) {
	text := c.query.Get("count")
	if text == "" {
		return maxResults, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0, badRequest(invalidValue, "count must be a number, not %q", wire.Clip(text))
	}
	return min(max(n, 0), maxResults), nil
}

// find returns what matches a query, in the order of creation where no index
// is used and in no particular order otherwise.
func (c *call) find(q listQuery, limit int, p projection) ([]any, error) {
	resources := []any{}
	if q.none || limit == 0 {
		return resources, nil
	}
	base := c.cfg.BaseURI(c.request)
	c.mu.RLock()
	defer c.mu.RUnlock()
	consider := func(r row, rec *record) {
		o := rec.view(base, c.etags())
		for _, f := range q.terms {
			if !c.store.holds(f, r, o) {
				return
			}
		}
		resources = append(resources, p.apply(o))
	}
	if rows, ok := c.store.candidates(q); ok {
		for _, r := range rows {
			if rec := c.store.records[r]; len(resources) < limit && rec.group == c.group() {
				consider(r, rec)
			}
		}
		return resources, nil
	}
	seen := 0
	for r, rec := range c.store.all(c.group()) {
		if len(resources) == limit {
			break
		}
		// A filter on an attribute without an index looks at every record:
		// not longer than somebody waits for it.
		if seen++; seen%1024 == 0 && c.request.Context().Err() != nil {
			return nil, refuse(http.StatusServiceUnavailable, "the request was cancelled")
		}
		consider(r, rec)
	}
	return resources, nil
}

// listReply is a ListResponse. Resources is there even when it is empty.
func listReply(resources []any) *wire.Reply {
	n := number(strconv.Itoa(len(resources)))
	body := &object{}
	body.set("schemas", []any{urnListResponse})
	body.set("totalResults", n)
	body.set("startIndex", number("1"))
	body.set("itemsPerPage", n)
	body.set("Resources", resources)
	return &wire.Reply{Code: http.StatusOK, Body: appendJSON(make([]byte, 0, 1024), body)}
}
