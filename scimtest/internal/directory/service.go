// Package directory is the SCIM service of one tenant: its users and groups (RFC 7643, RFC 7644,
// and what Google documents about its own service).
package directory

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"math/big"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/iamscim/iamscim/scimtest/internal/behavior"
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

// call is one request for users or groups.
type call struct {
	*Service
	request *http.Request
	query   url.Values
	typ     *resourceType
}

// unsupported is the answer to what Google documents as unsupported.
func (c *call) unsupported(format string, args ...any) error {
	codes := map[string]int{"501": http.StatusNotImplemented, "404": http.StatusNotFound, "405": http.StatusMethodNotAllowed}
	return refuse(behavior.Unsupported, codes[c.cfg.Choices.Of(behavior.Unsupported)], format, args...)
}

func notAllowed(methods string) error {
	e := refuse(behavior.HTTPMethods, http.StatusMethodNotAllowed, "method not allowed: only %s", methods)
	e.Header = http.Header{"Allow": {methods}}
	return e
}

// etags reports whether resources have versions (RFC 7644 section 3.14).
func (d *Service) etags() bool { return d.is(behavior.ETags, "ON") }
