package directory

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/iamscim/iamscim/scimtest/internal/behavior"
	"github.com/iamscim/iamscim/scimtest/internal/wire"
)

// Serve answers a request. Its path is relative to the tenant's base URI: "/Users", "/Users/ID",
// "/Groups", "/ServiceProviderConfig".
func (d *Service) Serve(r *http.Request) *wire.Reply {
	now := d.cfg.Now()
	if err := d.meter.take(now); err != nil {
		return errorReply(err, d.cfg.Choices)
	}
	answer, err := d.answer(r)
	if err != nil {
		if d.is(behavior.QuotaCount, "NO") {
			d.meter.giveBack()
		}
		return errorReply(err, d.cfg.Choices)
	}
	if answer.Header == nil {
		answer.Header = http.Header{}
	}
	if answer.Body != nil {
		answer.Header.Set("Content-Type", contentType(d.cfg.Choices))
	}
	return answer
}

func (d *Service) answer(r *http.Request) (*wire.Reply, error) {
	// Segments are cut before they are decoded: an ID with %2F in it stays one ID, and one that
	// is ".." is looked up like any other.
	var segments []string
	for segment := range strings.SplitSeq(strings.Trim(r.URL.EscapedPath(), "/"), "/") {
		decoded, err := url.PathUnescape(segment)
		if err != nil {
			return nil, badRequest(behavior.Paths, invalidSyntax, "malformed path")
		}
		segments = append(segments, decoded)
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, badRequest(behavior.Paths, invalidSyntax, "malformed query: %v", err)
	}
	c := &call{Service: d, request: r, query: query}
	switch segments[0] {
	case "Users":
		c.typ = userType
	case "Groups":
		c.typ = groupType
	case "Schemas", "ServiceProviderConfig":
		return c.discovery(segments)
	case "Me", "Bulk", ".search", "Search", "ResourceTypes":
		return nil, c.unsupported("/%s is not supported", segments[0])
	default:
		return nil, refuse(behavior.Paths, http.StatusNotFound, "no such endpoint")
	}
	switch len(segments) {
	case 1:
		return c.serveCollection()
	case 2:
		if segments[1] == ".search" {
			return nil, c.unsupported("/%s/.search is not supported", segments[0])
		}
		return c.serveResource(segments[1])
	}
	return nil, refuse(behavior.Paths, http.StatusNotFound, "no such endpoint")
}

func (c *call) serveCollection() (*wire.Reply, error) {
	switch c.request.Method {
	case http.MethodGet:
		return c.list()
	case http.MethodPost:
		return c.create()
	}
	return nil, notAllowed("GET, POST")
}

func (c *call) serveResource(id string) (*wire.Reply, error) {
	group := c.typ == groupType
	switch c.request.Method {
	case http.MethodGet:
		return c.get(id)
	case http.MethodPut:
		if group {
			return nil, c.unsupported("PUT is not supported for groups: use PATCH")
		}
		return c.replace(id)
	case http.MethodPatch:
		return c.patch(id)
	case http.MethodDelete:
		return c.delete(id)
	}
	if group {
		return nil, notAllowed("GET, PATCH, DELETE")
	}
	return nil, notAllowed("GET, PUT, PATCH, DELETE")
}
