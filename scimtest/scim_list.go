package scimtest

import (
	"net/http"
	"strconv"
)

// maxResults is the documented number of resources in a reply.
const maxResults = 100

// list is GET /Users and GET /Groups (RFC 7644 section 3.4.2), with the
// documented deviations: there is no paging, startIndex counts for nothing
// and is 1 in replies, and totalResults is the number of resources in this
// reply.
func (c *scimCall) list() (scimReply, error) {
	p, err := newProjection(c.typ, c.query)
	if err != nil {
		return scimReply{}, err
	}
	limit, err := c.count()
	if err != nil {
		return scimReply{}, err
	}
	q := scimQuery{typ: c.typ}
	if c.query.Has("filter") {
		if q, err = newQuery(c.typ, c.query.Get("filter"), c.cfg.behaviour.memberFilter); err != nil {
			return scimReply{}, err
		}
	}
	resources, err := c.find(q, limit, p)
	if err != nil {
		return scimReply{}, err
	}
	return listReply(resources), nil
}

// count reads the parameter of that name: negative is 0 (RFC 7644 section
// 3.4.2.4), anything above 100 is 100.
func (c *scimCall) count() (int, error) {
	text := c.query.Get("count")
	if text == "" {
		return maxResults, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0, badSCIM(invalidValue, "count must be a number, not %q", clip(text))
	}
	return min(max(n, 0), maxResults), nil
}

// find returns what matches a query, in the order of creation where no index
// is used and in no particular order otherwise.
func (c *scimCall) find(q scimQuery, limit int, p scimProjection) ([]any, error) {
	resources := []any{}
	if q.none || limit == 0 {
		return resources, nil
	}
	base := c.cfg.baseURI(c.request)
	c.mu.RLock()
	defer c.mu.RUnlock()
	consider := func(r row, rec *scimRecord) {
		o := rec.view(base, c.cfg.behaviour.etags)
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
			return nil, refuseSCIM(http.StatusServiceUnavailable, "the request was cancelled")
		}
		consider(r, rec)
	}
	return resources, nil
}

// listReply is a ListResponse. Resources is there even when it is empty.
func listReply(resources []any) scimReply {
	number := scimNumber(strconv.Itoa(len(resources)))
	body := &scimObject{}
	body.set("schemas", []any{urnListResponse})
	body.set("totalResults", number)
	body.set("startIndex", scimNumber("1"))
	body.set("itemsPerPage", number)
	body.set("Resources", resources)
	return scimReply{status: http.StatusOK, body: appendSCIM(make([]byte, 0, 1024), body)}
}
