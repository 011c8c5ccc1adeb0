package entratest

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"
)

// The tenant and the app registration of a [Server] unless [WithTenant] and [WithClient] name others.
const (
	DefaultTenant       = "7e4a4700-0000-4000-8000-000000000001"
	DefaultClientID     = "c11e4700-0000-4000-8000-000000000001"
	DefaultClientSecret = "fake-client-secret"
)

// TemplateCustom is the application template of a custom app, "non-gallery app" in the portal, in the
// global cloud.
const TemplateCustom = "8adf8e6e-67b2-4cf2-a259-e3dc5476c621"

// Option changes what [New] and [Start] make.
type Option func(*config) error

type config struct {
	tenant        string
	clients       []client
	clock         func() time.Time
	logger        *slog.Logger
	scim          *http.Client
	scimTimeout   time.Duration
	lateReads     int
	pageSize      int
	units         int // per 10 seconds; 0 for the documented ones
	template      string
	membersPatch  int
	staleBreaks   bool
	escrowFrom    int
	escrowBase    int
	escrowTotal   int
	assignmentLag time.Duration
}

// client is an app registration that may ask for tokens.
type client struct {
	id, secret string
}

func newConfig(opts []Option) (config, error) {
	c := config{
		tenant: DefaultTenant, clock: time.Now, logger: slog.New(slog.DiscardHandler),
		scim: &http.Client{Transport: &http.Transport{}}, scimTimeout: 30 * time.Second,
		pageSize: 100, template: TemplateCustom, membersPatch: 10,
		escrowFrom: 5000, escrowBase: 40000, escrowTotal: 60000,
	}
	var errs []error
	for i, opt := range opts {
		if opt == nil {
			errs = append(errs, fmt.Errorf("entratest: option %d is nil", i))
			continue
		}
		if err := opt(&c); err != nil {
			errs = append(errs, err)
		}
	}
	if c.clients == nil {
		c.clients = []client{{DefaultClientID, DefaultClientSecret}}
	}
	return c, errors.Join(errs...)
}

// WithTenant sets the tenant ID in place of [DefaultTenant].
func WithTenant(id string) Option {
	return func(c *config) error {
		if !isGUID(id) {
			return fmt.Errorf("entratest: WithTenant(%q): a tenant ID is a GUID", id)
		}
		c.tenant = id
		return nil
	}
}

// WithClient adds an app registration, in place of the one with [DefaultClientID] and
// [DefaultClientSecret]. Each has all permissions until [Server.Revoke] takes some. An app that it
// instantiates is its own.
func WithClient(id, secret string) Option {
	return func(c *config) error {
		if id == "" || secret == "" {
			return errors.New("entratest: WithClient: an ID and a secret are needed")
		}
		c.clients = append(c.clients, client{id, secret})
		return nil
	}
}

// WithClock takes the time from now instead of [time.Now]. [Server.Advance] moves the server's time on
// top of it. Access tokens expire by the clock alone.
func WithClock(now func() time.Time) Option {
	return func(c *config) error {
		if now == nil {
			return errors.New("entratest: WithClock(nil): a clock is needed")
		}
		c.clock = now
		return nil
	}
}

// WithLogger logs one line per request and per cycle, without secrets and bodies. The default discards
// them.
func WithLogger(l *slog.Logger) Option {
	return func(c *config) error {
		if l == nil {
			return errors.New("entratest: WithLogger(nil): a logger is needed")
		}
		c.logger = l
		return nil
	}
}

// WithSCIMClient sends the requests of the provisioning engine with this client: scimtest's
// PipeHTTPClient inside testing/synctest. The engine follows no redirect whatever the client says.
func WithSCIMClient(hc *http.Client) Option {
	return func(c *config) error {
		if hc == nil {
			return errors.New("entratest: WithSCIMClient(nil): a client is needed")
		}
		c.scim = hc
		return nil
	}
}

// WithSCIMTimeout bounds one request of the provisioning engine. The default is 30 seconds.
func WithSCIMTimeout(d time.Duration) Option {
	return func(c *config) error {
		if d <= 0 {
			return fmt.Errorf("entratest: WithSCIMTimeout(%v): must be positive", d)
		}
		c.scimTimeout = d
		return nil
	}
}

// WithLatePrincipal makes the first n requests about the service principal of a new app not find it:
// reads by ID are 404, lists lack it, and writes to its synchronization are 403. The default is 0.
func WithLatePrincipal(n int) Option {
	return func(c *config) error {
		if n < 0 {
			return fmt.Errorf("entratest: WithLatePrincipal(%d): must not be negative", n)
		}
		c.lateReads = n
		return nil
	}
}

// WithAssignmentLag makes provisioning see a new assignment only after this time. The default is 0.
func WithAssignmentLag(d time.Duration) Option {
	return func(c *config) error {
		if d < 0 {
			return fmt.Errorf("entratest: WithAssignmentLag(%v): must not be negative", d)
		}
		c.assignmentLag = d
		return nil
	}
}

// WithPageSize sets how many items a page has without $top. The default is 100.
func WithPageSize(n int) Option {
	return func(c *config) error {
		if n < 1 || n > maxTop {
			return fmt.Errorf("entratest: WithPageSize(%d): want 1 to %d", n, maxTop)
		}
		c.pageSize = n
		return nil
	}
}

// WithResourceUnits lets each app spend this many resource units in 10 seconds, in place of the
// documented 3,500 (fewer than 50 users), 5,000 and 8,000 (more than 500 users).
func WithResourceUnits(n int) Option {
	return func(c *config) error {
		if n < 1 {
			return fmt.Errorf("entratest: WithResourceUnits(%d): must be positive", n)
		}
		c.units = n
		return nil
	}
}

// WithTemplate sets the ID of the custom app's template in place of [TemplateCustom], as it is in a
// national cloud.
func WithTemplate(id string) Option {
	return func(c *config) error {
		if !isGUID(id) {
			return fmt.Errorf("entratest: WithTemplate(%q): a template ID is a GUID", id)
		}
		c.template = id
		return nil
	}
}

// WithMembersPerPatch sets how many members one PATCH of a group adds. The default is 10; what Entra ID
// does isn't documented.
func WithMembersPerPatch(n int) Option {
	return func(c *config) error {
		if n < 1 {
			return fmt.Errorf("entratest: WithMembersPerPatch(%d): must be positive", n)
		}
		c.membersPatch = n
		return nil
	}
}

// WithStaleQuarantine makes a 404 for an object that was pushed before put the job in quarantine at
// once. By default the object alone fails, with InvalidAnchor. Microsoft's pages support both.
func WithStaleQuarantine() Option {
	return func(c *config) error {
		c.staleBreaks = true
		return nil
	}
}

// WithEscrowThresholds sets when failures of objects put a job in quarantine: from this many on if
// they are more than 40% of all, and above base (objects) or total (references too) in any case. The
// documented ones are 5,000, 40,000 and 60,000.
func WithEscrowThresholds(from, base, total int) Option {
	return func(c *config) error {
		if from < 1 || base < from || total < base {
			return fmt.Errorf("entratest: WithEscrowThresholds(%d, %d, %d): want 1 <= from <= base <= total", from, base, total)
		}
		c.escrowFrom, c.escrowBase, c.escrowTotal = from, base, total
		return nil
	}
}
