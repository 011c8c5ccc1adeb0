// Package directory is the SCIM service of one tenant: its users and groups (RFC 7643, RFC 7644,
// and what Google documents about its own service).
package directory

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"math/big"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/iamscim/iamscim/scimtest/internal/behavior"
	"github.com/iamscim/iamscim/scimtest/internal/wire"
)

const (
	// maxBody bounds the body of a request, in bytes. It holds a PATCH of some 50,000 members.
	maxBody = 4 << 20
	// maxDepth bounds nesting. A SCIM message needs 6 levels at most.
	maxDepth = 32
)

// Config is what a [Service] needs to know of its tenant.
type Config struct {
	Mapping map[string]string          // the tenant's claim mapping
	Now     func() time.Time           // nil is time.Now
	NewID   func() string              // IDs of users and groups; nil is random ones
	BaseURI func(*http.Request) string // the tenant's base URI as the request's client sees it; nil is the root of its host
	Quota   int                        // requests per minute, 0 is no limit
	Choices behavior.Choices
}

// Service is the SCIM service of one tenant: its users and groups. Authentication, tenant and the
// service agent's role are checked before it is called. It is safe for concurrent use.
type Service struct {
	cfg   Config
	meter meter

	mu    sync.RWMutex
	store *store
}

// New makes a service without users and groups.
func New(cfg Config) *Service {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.NewID == nil {
		cfg.NewID = randomUUID
		if cfg.Choices.Is(behavior.ResourceID, "DIGITS") {
			cfg.NewID = randomDigits
		}
	}
	if cfg.BaseURI == nil {
		cfg.BaseURI = func(r *http.Request) string { return "http://" + r.Host }
	}
	return &Service{cfg: cfg, meter: meter{perMinute: cfg.Quota, choices: cfg.Choices}, store: newStore(cfg.Mapping)}
}

// randomUUID is a random UUID (RFC 9562 section 5.4).
func randomUUID() string {
	var b [16]byte
	rand.Read(b[:])
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	s := hex.EncodeToString(b[:])
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}

func randomDigits() string {
	n, err := rand.Int(rand.Reader, new(big.Int).Exp(big.NewInt(10), big.NewInt(20), nil))
	if err != nil {
		panic(err) // crypto/rand doesn't fail
	}
	return fmt.Sprintf("1%020d", n)
}

func (d *Service) is(id behavior.ID, choice string) bool { return d.cfg.Choices.Is(id, choice) }

// Serve answers a request whose path is relative to the tenant's base URI: "/Users", "/Users/ID",
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

// call is one request for users or groups.
type call struct {
	*Service
	request *http.Request
	query   url.Values
	typ     *resourceType
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

func notAllowed(methods string) error {
	e := refuse(behavior.HTTPMethods, http.StatusMethodNotAllowed, "method not allowed: only %s", methods)
	e.Header = http.Header{"Allow": {methods}}
	return e
}

// unsupported is the answer to what Google documents as unsupported.
func (c *call) unsupported(format string, args ...any) error {
	codes := map[string]int{"501": http.StatusNotImplemented, "404": http.StatusNotFound, "405": http.StatusMethodNotAllowed}
	return refuse(behavior.Unsupported, codes[c.cfg.Choices.Of(behavior.Unsupported)], format, args...)
}

// body reads the request's JSON object.
func (c *call) body() (*wire.Object, error) {
	if value := c.request.Header.Get("Content-Type"); value != "" {
		media, params, err := mime.ParseMediaType(value)
		if err != nil || media != "application/scim+json" && media != "application/json" ||
			params["charset"] != "" && !strings.EqualFold(params["charset"], "utf-8") {
			return nil, refuse(behavior.RequestType, http.StatusUnsupportedMediaType, "Content-Type must be application/scim+json or application/json, not %q", wire.Clip(value))
		}
	}
	if c.request.Body == nil {
		return nil, badRequest(behavior.RequestJSON, invalidSyntax, "the request has no body")
	}
	text, err := io.ReadAll(io.LimitReader(c.request.Body, maxBody+1))
	switch {
	case len(text) > maxBody:
		return nil, refuse(behavior.RequestSize, http.StatusRequestEntityTooLarge, "the body is larger than %d bytes", maxBody)
	case err != nil:
		return nil, badRequest(behavior.RequestJSON, invalidSyntax, "the body could not be read: %v", err)
	}
	return readBody(text)
}
