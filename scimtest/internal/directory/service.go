package directory

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

	"github.com/iamscim/iamscim/scimtest/internal/behavior"
	"github.com/iamscim/iamscim/scimtest/internal/wire"
)

// maxBody bounds the body of a SCIM request, in bytes. It holds a PATCH
// of some 50,000 members.
const maxBody = 4 << 20

// Config is what a directory needs to know of its tenant.
type Config struct {
	Mapping map[string]string          // the tenant's claim mapping
	Now     func() time.Time           // nil is time.Now
	NewID   func() string              // ids of users and groups; nil is random UUIDs
	BaseURI func(*http.Request) string // the tenant's base URI as the request's client sees it; nil is the root of the request's host
	Quota   int                        // requests per minute, 0 is no limit
	Choices behavior.Choices
}

// Service is the SCIM service of one tenant: its users and groups.
// Authentication, tenant lookup and the service agent's role are checked
// before it is called. It is safe for concurrent use.
type Service struct {
	cfg   Config
	meter meter

	mu    sync.RWMutex
	store *store
}

func New(cfg Config) *Service {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.NewID == nil {
		cfg.NewID = randomUUID
	}
	if cfg.BaseURI == nil {
		cfg.BaseURI = func(r *http.Request) string { return "http://" + r.Host }
	}
	return &Service{
		cfg:   cfg,
		meter: meter{perMinute: cfg.Quota, window: cfg.Choices.Of(behavior.QuotaModel) == "WINDOW", retryAfter: cfg.Choices.Of(behavior.QuotaRetryAfter) == "SECONDS"},
		store: newStore(cfg.Mapping),
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

// Serve answers a SCIM request whose path is relative to the tenant's base URI: "/Users",
// "/Users/ID", "/Groups", "/ServiceProviderConfig".
func (d *Service) Serve(r *http.Request) *wire.Reply {
	answer, err := d.answer(r)
	if err != nil {
		return asRefusal(err).reply()
	}
	if answer.Header == nil {
		answer.Header = http.Header{}
	}
	if answer.Body != nil {
		answer.Header.Set("Content-Type", "application/scim+json")
	}
	return answer
}

func (d *Service) answer(r *http.Request) (*wire.Reply, error) {
	if err := d.meter.take(d.cfg.Now()); err != nil {
		return nil, err
	}
	// Segments are cut before they are decoded: an id with %2F in it stays
	// one id, and one that is ".." is looked up like any other.
	var segments []string
	for segment := range strings.SplitSeq(strings.Trim(r.URL.EscapedPath(), "/"), "/") {
		decoded, err := url.PathUnescape(segment)
		if err != nil {
			return nil, badRequest(invalidSyntax, "malformed path")
		}
		segments = append(segments, decoded)
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, badRequest(invalidSyntax, "malformed query: %v", err)
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
		return nil, refuse(http.StatusNotImplemented, "/%s is not supported", segments[0])
	default:
		return nil, refuse(http.StatusNotFound, "no such endpoint")
	}
	switch len(segments) {
	case 1:
		return c.serveCollection()
	case 2:
		if segments[1] == ".search" {
			return nil, refuse(http.StatusNotImplemented, "/%s/.search is not supported", segments[0])
		}
		return c.serveResource(segments[1])
	}
	return nil, refuse(http.StatusNotFound, "no such endpoint")
}

// call is one request for users or groups.
type call struct {
	*Service
	request *http.Request
	query   url.Values
	typ     *resourceType
}

func (c *call) group() bool { return c.typ == groupType }

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
	switch c.request.Method {
	case http.MethodGet:
		return c.get(id)
	case http.MethodPut:
		if c.group() {
			return nil, refuse(http.StatusNotImplemented, "PUT is not supported for groups: use PATCH")
		}
		return c.replace(id)
	case http.MethodPatch:
		return c.patch(id)
	case http.MethodDelete:
		return c.delete(id)
	}
	if c.group() {
		return nil, notAllowed("GET, PATCH, DELETE")
	}
	return nil, notAllowed("GET, PUT, PATCH, DELETE")
}

func notAllowed(methods string) error {
	e := refuse(http.StatusMethodNotAllowed, "method not allowed: only %s", methods)
	e.header = http.Header{"Allow": {methods}}
	return e
}

// body reads the request's JSON object.
func (c *call) body() (*object, error) {
	if value := c.request.Header.Get("Content-Type"); value != "" {
		media, params, err := mime.ParseMediaType(value)
		if err != nil || media != "application/scim+json" && media != "application/json" ||
			params["charset"] != "" && !strings.EqualFold(params["charset"], "utf-8") {
			return nil, refuse(http.StatusUnsupportedMediaType, "Content-Type must be application/scim+json or application/json, not %q", wire.Clip(value))
		}
	}
	if c.request.Body == nil {
		return nil, badRequest(invalidSyntax, "the request has no body")
	}
	text, err := io.ReadAll(io.LimitReader(c.request.Body, maxBody+1))
	switch {
	case len(text) > maxBody:
		return nil, refuse(http.StatusRequestEntityTooLarge, "the body is larger than %d bytes", maxBody)
	case err != nil:
		return nil, badRequest(invalidSyntax, "the body could not be read: %v", err)
	}
	return readBody(string(text))
}

// errNoID ends a create when newID keeps yielding ids that are taken.
var errNoID = errors.New("no free id")

// freeID returns a new id that no user and no group has.
func (d *Service) freeID() (string, error) {
	for range 16 {
		if id := d.cfg.NewID(); id != "" && d.store.findAny(id) == 0 {
			return id, nil
		}
	}
	return "", errNoID
}
