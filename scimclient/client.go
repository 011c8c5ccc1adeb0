package scimclient

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"

	"golang.org/x/oauth2"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/internal/agent"
	"github.com/iamscim/iamscim/internal/emulator"
	"github.com/iamscim/iamscim/internal/limit"
	"github.com/iamscim/iamscim/internal/paste"
)

// Client reads and writes the users and groups of one SCIM tenant. Make it with
// [New]: a zero Client returns errors. It's safe for concurrent use. Share one for
// each tenant, because the pacing is the client's.
type Client struct {
	// Users is the /Users endpoint.
	Users *Users

	// Groups is the /Groups endpoint.
	Groups *Groups

	base url.URL // without a trailing slash and without a query
	// A method value: printing a client must not show what the source holds.
	source       func() (*oauth2.Token, error)
	serviceAgent string
	http         *http.Client
	retry        iamscim.RetryPolicy
	pace         *pacer
	log          *slog.Logger
	maxRows      int // as given to WithMaxResults, 0 if it wasn't
	config       atomic.Pointer[ServiceProviderConfig]
}

// New returns a client for the tenant at baseURI, which is the baseUri field of
// a SCIM tenant. It authenticates with the tokens of ts, usually the TokenSource of
// a SCIM token's secret. New sends nothing.
//
// The base URI is an https URI, or http on a loopback host. New drops a trailing
// slash and the query ?aadOptscim062020, which Microsoft Entra ID wants in the same
// setting. Any other query, a fragment, user information, and characters that are
// easily pasted along are errors. The token is sent to the origin of this URI and
// nowhere else.
//
// If the environment variable IAMSCIM_EMULATOR_HOST names an emulator, the base
// URI must be one of its own. It may be an http URI.
func New(baseURI string, ts oauth2.TokenSource, opts ...Option) (*Client, error) {
	cfg := config{perMinute: defaultRate, retry: iamscim.RetryPolicy{}.WithDefaults(), logger: slog.New(slog.DiscardHandler)}
	host, err := emulator.URL()
	errs := []error{err}
	base, err := parseBase(baseURI, host)
	errs = append(errs, err)
	if ts == nil {
		errs = append(errs, errors.New("the token source is nil"))
	}
	for _, opt := range opts {
		if opt == nil {
			errs = append(errs, errors.New("an option is nil"))
			continue
		}
		errs = append(errs, opt(&cfg))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, &Error{Op: "scimclient: New", Kind: iamscim.ErrInvalidArgument, Err: err}
	}
	if host != nil {
		warnEmulator(cfg.logger, host)
	}
	c := &Client{
		base:         *base,
		source:       ts.Token,
		serviceAgent: cfg.serviceAgent,
		http:         limit.Client(cfg.httpClient, maxBody),
		retry:        cfg.retry,
		pace:         newPacer(cfg.perMinute),
		log:          cfg.logger,
		maxRows:      cfg.maxResults,
	}
	c.Users = newUsers(c)
	c.Groups = newGroups(c)
	return c, nil
}

// parseBase checks a base URI. emulator is nil unless the environment names one.
// Its errors don't repeat the URI, which may have a password.
func parseBase(text string, emulator *url.URL) (*url.URL, error) {
	if err := paste.CheckURI(text); err != nil {
		return nil, fmt.Errorf("base URI: %w", err)
	}
	u, err := url.Parse(text)
	if err != nil {
		return nil, errors.New("the base URI is not a URI")
	}
	u.Path, u.RawPath = strings.TrimSuffix(u.Path, "/"), strings.TrimSuffix(u.RawPath, "/")
	switch {
	case u.Host == "" || u.Opaque != "":
		return nil, errors.New("the base URI has no host: expected one like https://iamscim.googleapis.com/v1alpha1/tenants/UID")
	case u.User != nil:
		return nil, errors.New("the base URI must not hold user information; a token belongs into the token source")
	case u.Fragment != "" || strings.Contains(text, "#"):
		return nil, errors.New("the base URI must not have a fragment")
	case u.RawQuery != "" && u.RawQuery != "aadOptscim062020" || u.ForceQuery:
		return nil, errors.New("the base URI must not have a query (only ?aadOptscim062020 is understood, and dropped)")
	case u.Scheme != "https" && u.Scheme != "http":
		return nil, fmt.Errorf("the base URI has the scheme %q: https is required", u.Scheme)
	case emulator != nil && (u.Scheme != emulator.Scheme || !strings.EqualFold(u.Host, emulator.Host)):
		return nil, fmt.Errorf("the base URI isn't one of the emulator %s, which IAMSCIM_EMULATOR_HOST names: unset the variable to reach another host", emulator)
	case u.Scheme == "http" && emulator == nil && !loopback(u.Hostname()):
		return nil, errors.New("the base URI is http on a host that is not a loopback one: the token would be sent in clear; https is required")
	}
	for segment := range strings.SplitSeq(strings.TrimPrefix(u.Path, "/"), "/") {
		if segment == "." || segment == ".." || segment == "" && u.Path != "" {
			return nil, errors.New("the path of the base URI has an empty segment or one of dots")
		}
	}
	u.RawQuery = ""
	return u, nil
}

// warnEmulator says that the client isn't one for Google Cloud, even if the
// caller logs nothing.
func warnEmulator(logger *slog.Logger, host *url.URL) {
	if !logger.Enabled(context.Background(), slog.LevelWarn) {
		logger = slog.Default()
	}
	logger.Warn("iamscim: using an emulator instead of Google Cloud", "emulator", host.String(), "variable", emulator.Variable)
}

func loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}

// Option changes a [Client] under construction. [New] fails if an option is
// invalid.
type Option func(*config) error

type config struct {
	httpClient   *http.Client
	serviceAgent string
	perMinute    int
	maxResults   int
	retry        iamscim.RetryPolicy
	logger       *slog.Logger
}

// defaultRate is the quota of a tenant in requests per minute, reads and
// writes: https://docs.cloud.google.com/iam/docs/workforce-identity-federation-scim
const defaultRate = 3000

// WithServiceAgent sets the tenant's service agent, which is the serviceAgent field
// of the tenant: o-123456789012-UID@gcp-sa-iamscim.iam.gserviceaccount.com. It
// changes error texts only: with it, [ErrNotSyncer] names exactly what to bind where.
func WithServiceAgent(email string) Option {
	return func(c *config) error {
		if _, _, err := agent.Parse(email); err != nil {
			return fmt.Errorf("WithServiceAgent: the service agent %w", err)
		}
		c.serviceAgent = email
		return nil
	}
}

// WithHTTPClient makes the client send its requests with a copy of client, for
// proxies, certificates or tests. The copy follows no redirect, and reads no more of
// a body than 16 MiB. This package adds the token.
func WithHTTPClient(client *http.Client) Option {
	return func(c *config) error {
		if client == nil {
			return errors.New("WithHTTPClient: the client is nil")
		}
		c.httpClient = client
		return nil
	}
}

// WithRate sets how many requests this client sends per minute at most. The default
// is 3000, the quota of a tenant. Use less to leave room for the identity provider.
// See Pacing in the package comment.
func WithRate(perMinute int) Option {
	return func(c *config) error {
		if perMinute <= 0 {
			return fmt.Errorf("WithRate: %d requests per minute: at least 1", perMinute)
		}
		c.perMinute = perMinute
		return nil
	}
}

// WithMaxResults sets how many resources the server returns in a reply at most.
// It's for servers that return fewer than 100, don't say so in the filter.maxResults
// of their ServiceProviderConfig, and count the resources of a reply as
// totalResults: without it, a list of theirs seems to be whole. See [Users.List].
func WithMaxResults(n int) Option {
	return func(c *config) error {
		if n <= 0 {
			return fmt.Errorf("WithMaxResults: %d resources: at least 1", n)
		}
		c.maxResults = n
		return nil
	}
}

// WithRetry sets the policy for repeating what failed for a passing reason. See
// Retries in the package comment.
func WithRetry(p iamscim.RetryPolicy) Option {
	return func(c *config) error {
		if err := p.Validate(); err != nil {
			return err
		}
		c.retry = p.WithDefaults()
		return nil
	}
}

// WithLogger makes the client log each request at debug level, and at info level
// what it repeats and what the server made otherwise. The log has methods, paths,
// statuses, times and names of attributes. It has no token, queries or bodies, and
// so no names or mail addresses.
func WithLogger(logger *slog.Logger) Option {
	return func(c *config) error {
		if logger == nil {
			return errors.New("WithLogger: the logger is nil")
		}
		c.logger = logger
		return nil
	}
}
