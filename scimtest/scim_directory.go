package scimtest

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// maxSCIMBody bounds the body of a SCIM request, in bytes. It holds a PATCH
// of some 50,000 members.
const maxSCIMBody = 4 << 20

// directoryConfig is what a directory needs to know of its tenant.
type directoryConfig struct {
	mapping   map[string]string          // the tenant's claim mapping
	now       func() time.Time           // nil is time.Now
	newID     func() string              // ids of users and groups; nil is random UUIDs
	baseURI   func(*http.Request) string // the tenant's base URI as the request's client sees it; nil is the root of the request's host
	quota     int                        // requests per minute, 0 is no limit
	behaviour scimBehaviour
}

// directory is the SCIM service of one tenant: its users and groups.
// Authentication, tenant lookup and the service agent's role are checked
// before it is called. It is safe for concurrent use.
type directory struct {
	cfg   directoryConfig
	meter scimMeter

	mu    sync.RWMutex
	store *scimStore
}

func newDirectory(cfg directoryConfig) *directory {
	if cfg.now == nil {
		cfg.now = time.Now
	}
	if cfg.newID == nil {
		cfg.newID = randomUUID
	}
	if cfg.baseURI == nil {
		cfg.baseURI = func(r *http.Request) string { return "http://" + r.Host }
	}
	return &directory{
		cfg:   cfg,
		meter: scimMeter{perMinute: cfg.quota, model: cfg.behaviour.quotaModel, retryAfter: cfg.behaviour.retryAfter},
		store: newSCIMStore(cfg.mapping),
	}
}

// randomUUID is a random UUID (RFC 9562 section 5.4).
func randomUUID() string {
	var b [16]byte
	rand.Read(b[:])
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// scimReply is what a request is answered with.
type scimReply struct {
	status int
	body   []byte // nil for none
	header http.Header
}

// ServeHTTP answers a SCIM request whose path is relative to the tenant's
// base URI: "/Users", "/Users/ID", "/Groups", "/ServiceProviderConfig".
func (d *directory) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	reply, err := d.answer(r)
	if err != nil {
		e := asSCIMError(err)
		reply = scimReply{status: e.status, body: e.json(), header: e.header}
	}
	header := w.Header()
	for name, values := range reply.header {
		header[name] = values
	}
	if reply.body != nil {
		header.Set("Content-Type", "application/scim+json")
	}
	w.WriteHeader(reply.status)
	if r.Method != http.MethodHead {
		w.Write(reply.body) // a client that has gone cannot be told
	}
}

func (d *directory) answer(r *http.Request) (scimReply, error) {
	if err := d.meter.take(d.cfg.now()); err != nil {
		return scimReply{}, err
	}
	// Segments are cut before they are decoded: an id with %2F in it stays
	// one id, and one that is ".." is looked up like any other.
	var segments []string
	for segment := range strings.SplitSeq(strings.Trim(r.URL.EscapedPath(), "/"), "/") {
		decoded, err := url.PathUnescape(segment)
		if err != nil {
			return scimReply{}, badSCIM(invalidSyntax, "malformed path")
		}
		segments = append(segments, decoded)
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return scimReply{}, badSCIM(invalidSyntax, "malformed query: %v", err)
	}
	c := &scimCall{directory: d, request: r, query: query}
	switch segments[0] {
	case "Users":
		c.typ = userType
	case "Groups":
		c.typ = groupType
	case "Schemas", "ServiceProviderConfig":
		return c.discovery(segments)
	case "Me", "Bulk", ".search", "Search", "ResourceTypes":
		return scimReply{}, refuseSCIM(http.StatusNotImplemented, "/%s is not supported", segments[0])
	default:
		return scimReply{}, refuseSCIM(http.StatusNotFound, "no such endpoint")
	}
	switch len(segments) {
	case 1:
		return c.serveCollection()
	case 2:
		if segments[1] == ".search" {
			return scimReply{}, refuseSCIM(http.StatusNotImplemented, "/%s/.search is not supported", segments[0])
		}
		return c.serveResource(segments[1])
	}
	return scimReply{}, refuseSCIM(http.StatusNotFound, "no such endpoint")
}

// scimCall is one request for users or groups.
type scimCall struct {
	*directory
	request *http.Request
	query   url.Values
	typ     *scimResourceType
}

func (c *scimCall) group() bool { return c.typ == groupType }

func (c *scimCall) serveCollection() (scimReply, error) {
	switch c.request.Method {
	case http.MethodGet:
		return c.list()
	case http.MethodPost:
		return c.create()
	}
	return scimReply{}, notAllowed("GET, POST")
}

func (c *scimCall) serveResource(id string) (scimReply, error) {
	switch c.request.Method {
	case http.MethodGet:
		return c.get(id)
	case http.MethodPut:
		if c.group() {
			return scimReply{}, refuseSCIM(http.StatusNotImplemented, "PUT is not supported for groups: use PATCH")
		}
		return c.replace(id)
	case http.MethodPatch:
		return c.patch(id)
	case http.MethodDelete:
		return c.delete(id)
	}
	if c.group() {
		return scimReply{}, notAllowed("GET, PATCH, DELETE")
	}
	return scimReply{}, notAllowed("GET, PUT, PATCH, DELETE")
}

func notAllowed(methods string) error {
	e := refuseSCIM(http.StatusMethodNotAllowed, "method not allowed: only %s", methods)
	e.header = http.Header{"Allow": {methods}}
	return e
}

// body reads the request's JSON object.
func (c *scimCall) body() (*scimObject, error) {
	if value := c.request.Header.Get("Content-Type"); value != "" {
		media, params, err := mime.ParseMediaType(value)
		if err != nil || media != "application/scim+json" && media != "application/json" ||
			params["charset"] != "" && !strings.EqualFold(params["charset"], "utf-8") {
			return nil, refuseSCIM(http.StatusUnsupportedMediaType, "Content-Type must be application/scim+json or application/json, not %q", clip(value))
		}
	}
	if c.request.Body == nil {
		return nil, badSCIM(invalidSyntax, "the request has no body")
	}
	text, err := io.ReadAll(io.LimitReader(c.request.Body, maxSCIMBody+1))
	switch {
	case len(text) > maxSCIMBody:
		return nil, refuseSCIM(http.StatusRequestEntityTooLarge, "the body is larger than %d bytes", maxSCIMBody)
	case err != nil:
		return nil, badSCIM(invalidSyntax, "the body could not be read: %v", err)
	}
	return readBody(string(text))
}

// errNoID ends a create when newID keeps yielding ids that are taken.
var errNoID = errors.New("no free id")

// freeID returns a new id that no user and no group has.
func (d *directory) freeID() (string, error) {
	for range 16 {
		if id := d.cfg.newID(); id != "" && d.store.findAny(id) == 0 {
			return id, nil
		}
	}
	return "", errNoID
}
