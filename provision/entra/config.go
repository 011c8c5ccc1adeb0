package entra

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"strings"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/internal/check"
	"github.com/iamscim/iamscim/internal/limit"
	"github.com/iamscim/iamscim/internal/paste"
	"github.com/iamscim/iamscim/internal/redact"
)

// Config says which application of which directory to use, and how to sign in.
// It needs credentials and an application.
type Config struct {
	// TokenSource gives access tokens for Microsoft Graph. Use it instead of
	// ClientID and ClientSecret for managed identities, workload identity
	// federation, certificates and people: see the package comment. It may be
	// called by several goroutines.
	TokenSource oauth2.TokenSource

	// TenantID is the directory: its ID, or one of its domains. It's required
	// with ClientSecret. With TokenSource it's optional. The client refuses a
	// token of another directory, where it can read that from the token.
	TenantID string

	// ClientID and ClientSecret are the credentials of an app registration
	// (OAuth 2.0 client credentials, RFC 6749 section 4.4). It's the program's
	// own registration, and not the application that provisions.
	ClientID     string
	ClientSecret iamscim.Secret

	// ServicePrincipalID is the object ID of the enterprise application that
	// provisions. The application must exist.
	ServicePrincipalID string

	// AppName is the name of the enterprise application that provisions, for use
	// instead of ServicePrincipalID. SetUp creates it if there is none of this
	// name.
	AppName string

	// Assign has the object IDs of users and groups. SetUp assigns them to the
	// application, and so puts them in scope. For a group that means its direct
	// members. SetUp takes no assignment away.
	Assign []string

	// DeletionThreshold is the number of users and groups that one cycle may
	// disable or delete. Entra ID holds back a cycle with more until a person
	// looks at it. 0 leaves the setting as it is.
	DeletionThreshold int

	// NotifyEmail gets Entra ID's mail about quarantines and held deletions.
	// "" leaves the setting as it is.
	NotifyEmail string

	// Cloud is the national cloud.
	Cloud Cloud

	// HTTPClient sends the requests. It's nil for http.DefaultClient. The client
	// uses a copy that follows no redirects and bounds what it reads.
	HTTPClient *http.Client

	// Retry says how what fails for a passing reason is repeated. Replication is
	// how long an object that was just created may be invisible.
	Retry iamscim.RetryPolicy

	// Logger gets a debug record per request, without bodies. It may be nil.
	Logger *slog.Logger

	// Endpoint is Graph's origin, for tests: https, or http on a loopback host.
	// "" is the cloud's.
	Endpoint string

	// LoginEndpoint is the origin of the login service, as Endpoint.
	LoginEndpoint string
}

// Client does Entra ID's half of provisioning for one enterprise application. Make
// it with [New]: a zero Client returns errors. It's safe for concurrent use, and
// implements [idp.Provider].
type Client struct {
	cfg    Config
	origin string // Graph's
	place  place
	http   *http.Client
	retry  iamscim.RetryPolicy
	log    *slog.Logger
	// A method value: printing a client must not show what the source holds.
	source func() (*oauth2.Token, error)

	onDemand *window // provisionOnDemand
	reports  *window // auditLogs
}

var (
	guid   = regexp.MustCompile(`^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$`)
	domain = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)+$`)
)

const maxAppName = 120 // characters; https://learn.microsoft.com/graph/api/resources/application

// New returns a client. It checks the configuration, and reports every problem at
// once. Nothing is sent.
func New(cfg Config) (*Client, error) {
	var l check.List
	at, ok := places(cfg.Cloud)
	if !ok {
		l.Add("Cloud", "must be one of the constants, is %q", string(cfg.Cloud))
	}
	cfg.credentials(&l)
	cfg.app(&l)
	seen := map[string]bool{}
	for i, id := range cfg.Assign {
		field := fmt.Sprintf("Assign[%d]", i)
		switch {
		case !guid.MatchString(id):
			l.Add(field, "must be an object ID (a GUID)")
		case seen[strings.ToLower(id)]:
			l.Add(field, "is there twice")
		}
		seen[strings.ToLower(id)] = true
	}
	if cfg.DeletionThreshold < 0 {
		l.Add("DeletionThreshold", "must not be negative, is %d", cfg.DeletionThreshold)
	}
	if cfg.NotifyEmail != "" && (strings.Count(cfg.NotifyEmail, "@") != 1 || paste.CheckURI(cfg.NotifyEmail) != nil) {
		l.Add("NotifyEmail", "must be a mail address")
	}
	if err := cfg.Retry.Validate(); err != nil {
		l.AddError("Retry", err)
	}
	origin(&l, "Endpoint", cfg.Endpoint, &at.graph)
	origin(&l, "LoginEndpoint", cfg.LoginEndpoint, &at.login)
	if err := l.Err("entra: New", ""); err != nil {
		return nil, err
	}
	c := &Client{
		cfg: cfg, origin: at.graph, place: at, retry: cfg.Retry.WithDefaults(),
		http: limit.Client(cfg.HTTPClient, maxBody), log: slog.New(slog.DiscardHandler),
		onDemand: newWindow(), reports: newWindow(),
	}
	if cfg.Logger != nil {
		c.log = slog.New(redact.Handler(cfg.Logger.Handler()))
	}
	if cfg.TokenSource != nil {
		c.source = cfg.TokenSource.Token
	} else {
		c.source = c.clientCredentials(at).Token
	}
	return c, nil
}

// clientCredentials is the token source of ClientID and ClientSecret.
func (c *Client) clientCredentials(at place) oauth2.TokenSource {
	conf := clientcredentials.Config{
		ClientID: c.cfg.ClientID, ClientSecret: c.cfg.ClientSecret.Reveal(),
		TokenURL:  at.login + "/" + url.PathEscape(c.cfg.TenantID) + "/oauth2/v2.0/token",
		Scopes:    []string{at.graph + "/.default"},
		AuthStyle: oauth2.AuthStyleInParams,
	}
	bounded := *c.http
	bounded.Timeout = c.retry.AttemptTimeout
	return conf.TokenSource(context.WithValue(context.Background(), oauth2.HTTPClient, &bounded))
}

func (cfg Config) credentials(l *check.List) {
	if cfg.TenantID != "" && !guid.MatchString(cfg.TenantID) && !domain.MatchString(cfg.TenantID) {
		l.Add("TenantID", "must be a directory ID (a GUID) or a domain")
	}
	own := cfg.ClientID != "" || !cfg.ClientSecret.IsZero()
	switch {
	case cfg.TokenSource != nil && own:
		l.Add("TokenSource", "excludes ClientID and ClientSecret")
	case cfg.TokenSource == nil && !own:
		l.Add("TokenSource", "required, or TenantID, ClientID and ClientSecret")
	case cfg.TokenSource == nil:
		l.Required("TenantID", cfg.TenantID)
		if cfg.ClientID == "" {
			l.Add("ClientID", "required")
		} else if !guid.MatchString(cfg.ClientID) {
			l.Add("ClientID", "must be an application ID (a GUID)")
		}
		switch text := cfg.ClientSecret.Reveal(); {
		case text == "":
			l.Add("ClientSecret", "required")
		case guid.MatchString(text):
			l.Add("ClientSecret", "is the ID of a secret: use the secret's value")
		default:
			l.AddError("ClientSecret", paste.CheckToken(text))
		}
	}
}

func (cfg Config) app(l *check.List) {
	switch {
	case cfg.ServicePrincipalID != "" && cfg.AppName != "":
		l.Add("AppName", "excludes ServicePrincipalID")
	case cfg.ServicePrincipalID == "" && cfg.AppName == "":
		l.Add("AppName", "required, or ServicePrincipalID")
	case cfg.ServicePrincipalID != "" && !guid.MatchString(cfg.ServicePrincipalID):
		l.Add("ServicePrincipalID", "must be an object ID (a GUID)")
	case cfg.AppName != "":
		l.Text("AppName", cfg.AppName, maxAppName)
		if strings.TrimSpace(cfg.AppName) != cfg.AppName || strings.ContainsFunc(cfg.AppName, func(r rune) bool { return r < ' ' }) {
			l.Add("AppName", "must not begin or end with white space, or have control characters")
		}
	}
}

// origin sets *at to an origin that a caller gave.
func origin(l *check.List, field, text string, at *string) {
	if text == "" {
		return
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" ||
		u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())) {
		l.Add(field, "must be an origin like https://graph.microsoft.com; http is for loopback hosts")
		return
	}
	*at = u.Scheme + "://" + u.Host
}

func loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}
