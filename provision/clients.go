package provision

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"google.golang.org/api/option"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/internal/emulator"
	"github.com/iamscim/iamscim/internal/gapi"
	"github.com/iamscim/iamscim/provider"
	"github.com/iamscim/iamscim/scimclient"
	"github.com/iamscim/iamscim/scimtenant"
	"github.com/iamscim/iamscim/scimtoken"
)

// Clients are the clients of a set-up, made from one set of options by [New].
// They are safe for concurrent use and need no closing.
type Clients struct {
	Providers     *provider.Client
	Tenants       *scimtenant.Client
	Tokens        *scimtoken.Client
	Organizations *scimtenant.OrganizationClient

	cfg   config
	once  *Clients // sends each request once: for reads that must not wait
	brief *Clients // repeats for some seconds and doesn't wait for replication
}

// Option changes what [New] makes.
type Option func(*config) error

type config struct {
	google        []option.ClientOption
	organization  []option.ClientOption // nil: those of google
	organizations bool
	retry         iamscim.RetryPolicy
	logger        *slog.Logger
	http          *http.Client // for the SCIM service
	fake          bool         // no credentials are sent
	caller        string       // the workforce pool that the caller signs in through, or ""
}

// WithClientOptions gives the options of Google clients: credentials, a quota
// project, an endpoint. They hold for IAM, and for Resource Manager too unless
// [WithOrganizationOptions] is given.
func WithClientOptions(opts ...option.ClientOption) Option {
	return func(c *config) error {
		c.google = append(c.google, opts...)
		return nil
	}
}

// WithOrganizationOptions gives the client of the organization's policy options
// of its own: often, another principal may change that policy.
func WithOrganizationOptions(opts ...option.ClientOption) Option {
	return func(c *config) error {
		c.organization = append(c.organization, opts...)
		c.organizations = true
		return nil
	}
}

// WithRetry gives all clients a retry policy.
func WithRetry(p iamscim.RetryPolicy) Option {
	return func(c *config) error {
		c.retry = p
		return p.Validate()
	}
}

// WithLogger makes all clients log to l. Secrets are redacted.
func WithLogger(l *slog.Logger) Option {
	return func(c *config) error {
		if l == nil {
			return errors.New("WithLogger: the logger is nil")
		}
		c.logger = l
		return nil
	}
}

// WithHTTPClient makes requests to the SCIM service go through a copy of client,
// for proxies and certificates. It needs no credentials.
func WithHTTPClient(client *http.Client) Option {
	return func(c *config) error {
		if client == nil {
			return errors.New("WithHTTPClient: the client is nil")
		}
		c.http = client
		return nil
	}
}

// Server is a fake of Google Cloud. *scimtest.Server is one.
type Server interface {
	ClientOptions() []option.ClientOption
	OrganizationClientOptions() []option.ClientOption
	HTTPClient() *http.Client
}

// WithServer points all clients at a fake:
//
//	clients, err := provision.New(ctx, provision.WithServer(scimtest.Acme(t)))
//
// A *scimtest.Server that doesn't listen is reached in memory, which works
// inside testing/synctest.
func WithServer(srv Server) Option {
	return func(c *config) error {
		if srv == nil {
			return errors.New("WithServer: the server is nil")
		}
		c.organizations, c.fake = true, true
		if p, ok := srv.(pipedServer); ok && p.URL() == "" {
			c.google, c.organization, c.http = p.PipeClientOptions(), p.PipeOrganizationClientOptions(), p.PipeHTTPClient()
			return nil
		}
		c.google, c.organization, c.http = srv.ClientOptions(), srv.OrganizationClientOptions(), srv.HTTPClient()
		return nil
	}
}

// pipedServer is a server that can be reached without a socket.
type pipedServer interface {
	URL() string
	PipeClientOptions() []option.ClientOption
	PipeOrganizationClientOptions() []option.ClientOption
	PipeHTTPClient() *http.Client
}

// New returns the clients. Without options they use Application Default
// Credentials. It makes no request.
func New(ctx context.Context, opts ...Option) (*Clients, error) {
	var cfg config
	var errs []error
	for _, opt := range opts {
		if opt == nil {
			errs = append(errs, errors.New("an option is nil"))
			continue
		}
		errs = append(errs, opt(&cfg))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("provision: new: %w", err)
	}
	if !cfg.fake && os.Getenv(emulator.Variable) == "" {
		cfg.caller = callerPool()
	}
	if !cfg.organizations {
		cfg.organization = cfg.google
	}
	if cfg.logger != nil {
		cfg.google = append(cfg.google, option.WithLogger(cfg.logger))
		cfg.organization = append(cfg.organization[:len(cfg.organization):len(cfg.organization)], option.WithLogger(cfg.logger))
	}
	// One connection per service for the clients of every policy.
	iam, err := gapi.Dial(ctx, gapi.IAM, cfg.google)
	if err != nil {
		return nil, fmt.Errorf("provision: new: %w", err)
	}
	organization, err := gapi.Dial(ctx, gapi.ResourceManager, cfg.organization)
	if err != nil {
		return nil, fmt.Errorf("provision: new: %w", err)
	}
	once := cfg.retry
	once.MaxAttempts = 1
	brief := cfg.retry.WithDefaults()
	brief.Max = min(brief.Max, time.Second)
	brief.Initial = min(brief.Initial, brief.Max)
	brief.Budget = min(brief.Budget, 5*time.Second)
	brief.Replication = time.Nanosecond
	c, err := clientsWith(ctx, cfg, cfg.retry, iam, organization)
	if err != nil {
		return nil, err
	}
	if c.once, err = clientsWith(ctx, cfg, once, iam, organization); err != nil {
		return nil, err
	}
	if c.brief, err = clientsWith(ctx, cfg, brief, iam, organization); err != nil {
		return nil, err
	}
	return c, nil
}

// clientsWith makes the clients of one retry policy.
func clientsWith(ctx context.Context, cfg config, policy iamscim.RetryPolicy, iam, organization *gapi.Conn) (*Clients, error) {
	c := &Clients{cfg: cfg}
	c.cfg.retry = policy
	shared := []option.ClientOption{gapi.WithConn(iam), gapi.WithRetry(policy)}
	var errs [4]error
	c.Providers, errs[0] = provider.NewClient(ctx, shared...)
	c.Tenants, errs[1] = scimtenant.NewClient(ctx, shared...)
	c.Tokens, errs[2] = scimtoken.NewClient(ctx, shared...)
	c.Organizations, errs[3] = scimtenant.NewOrganizationClient(ctx, gapi.WithConn(organization), gapi.WithRetry(policy))
	if err := errors.Join(errs[:]...); err != nil {
		return nil, fmt.Errorf("provision: new: %w", err)
	}
	return c, nil
}

// SCIM returns a client for the directory of a tenant. The secret is that of one
// of its tokens. Nothing is sent.
func (c *Clients) SCIM(tenant *scimtenant.Tenant, secret scimtoken.Secret) (*scimclient.Client, error) {
	return c.scim(tenant, secret)
}

func (c *Clients) scim(tenant *scimtenant.Tenant, secret scimtoken.Secret, opts ...scimclient.Option) (*scimclient.Client, error) {
	if tenant == nil {
		return nil, fmt.Errorf("provision: SCIM: %w: the tenant is nil", iamscim.ErrInvalidArgument)
	}
	opts = append(opts, scimclient.WithRetry(c.cfg.retry))
	if tenant.ServiceAgent != "" {
		opts = append(opts, scimclient.WithServiceAgent(tenant.ServiceAgent))
	}
	if c.cfg.http != nil {
		opts = append(opts, scimclient.WithHTTPClient(c.cfg.http))
	}
	if c.cfg.logger != nil {
		opts = append(opts, scimclient.WithLogger(c.cfg.logger))
	}
	return scimclient.New(tenant.BaseURI, secret.TokenSource(), opts...)
}

// maxCredentials is more than a file of credentials has, in bytes.
const maxCredentials = 1 << 20

// callerPool returns the name of the workforce pool that Application Default
// Credentials sign in through; "" if they don't, or if there are none. The files
// are those of https://cloud.google.com/docs/authentication/application-default-credentials.
func callerPool() string {
	path := os.Getenv("GOOGLE_APPLICATION_CREDENTIALS")
	if path == "" {
		dir := os.Getenv("CLOUDSDK_CONFIG")
		if dir == "" && runtime.GOOS == "windows" {
			dir = filepath.Join(os.Getenv("APPDATA"), "gcloud")
		}
		if home, err := os.UserHomeDir(); dir == "" && err == nil {
			dir = filepath.Join(home, ".config", "gcloud")
		}
		path = filepath.Join(dir, "application_default_credentials.json")
	}
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	var file struct {
		Audience string `json:"audience"`
	}
	if json.NewDecoder(io.LimitReader(f, maxCredentials)).Decode(&file) != nil {
		return ""
	}
	name, ok := strings.CutPrefix(file.Audience, "//iam.googleapis.com/")
	pool, _, found := strings.Cut(name, "/providers/")
	if !ok || !found || !strings.Contains(pool, "/workforcePools/") {
		return ""
	}
	return pool
}
