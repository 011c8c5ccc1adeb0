package okta

import (
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"golang.org/x/oauth2"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/internal/check"
	"github.com/iamscim/iamscim/internal/limit"
	"github.com/iamscim/iamscim/internal/paste"
	"github.com/iamscim/iamscim/internal/redact"
)

// maxBody bounds a reply. A page of 500 users with long profiles has a few MiB.
const maxBody = 32 << 20

// Config is what a client needs. Org, App, and one of Token and TokenSource are
// required.
type Config struct {
	// Org is the organization's address: https://example.okta.com. It's not the
	// address of the Admin Console, which has -admin in it.
	Org string

	// App is the ID of the app that pushes into the tenant, as
	// 0oa1gjh63g214q0Hq0g4.
	App string

	// Token is an API token: it's sent as Authorization: SSWS.
	Token iamscim.Secret

	// TokenSource gives OAuth 2.0 access tokens of the organization's own
	// authorization server.
	TokenSource oauth2.TokenSource

	// HTTPClient sends the requests; nil for one with http.DefaultTransport.
	// The client uses a copy, which follows no redirect.
	HTTPClient *http.Client

	// Retry says what is repeated; the zero value is the default policy.
	Retry iamscim.RetryPolicy

	// Logger gets each request at debug level: method, path, status and time.
	// It gets no names, and no token. nil logs nothing.
	Logger *slog.Logger
}

// Client asks one organization of Okta about one app. Make it with [New].
type Client struct {
	org    *url.URL
	app    string
	token  iamscim.Secret
	source oauth2.TokenSource
	http   *http.Client
	retry  iamscim.RetryPolicy
	log    *slog.Logger
	limits *limits
}

// oktaID is the form of Okta's IDs: 20 letters and digits so far.
var oktaID = regexp.MustCompile(`^[A-Za-z0-9]{4,64}$`)

// New returns a client. It returns every fault of the configuration at once, and
// sends nothing.
func New(cfg Config) (*Client, error) {
	var faults check.List
	org, fault := organization(cfg.Org)
	if fault != "" {
		faults.Add("Org", "%s", fault)
	}
	if !oktaID.MatchString(cfg.App) {
		faults.Add("App", "must be the app's ID, as 0oa1gjh63g214q0Hq0g4: it's in the address of the app's page")
	}
	switch {
	case cfg.Token.IsZero() && cfg.TokenSource == nil:
		faults.Add("Token", "an API token or a TokenSource is required")
	case !cfg.Token.IsZero() && cfg.TokenSource != nil:
		faults.Add("Token", "and TokenSource are both set: one of them is enough")
	case !cfg.Token.IsZero():
		faults.AddError("Token", paste.CheckToken(cfg.Token.Reveal()))
	}
	faults.AddError("Retry", cfg.Retry.Validate())
	if err := faults.Err("okta: new", ""); err != nil {
		return nil, err
	}
	log := slog.New(slog.DiscardHandler)
	if cfg.Logger != nil {
		log = slog.New(redact.Handler(cfg.Logger.Handler()))
	}
	return &Client{
		org: org, app: cfg.App, token: cfg.Token, source: cfg.TokenSource, http: limit.Client(cfg.HTTPClient, maxBody),
		retry: cfg.Retry.WithDefaults(), log: log, limits: newLimits(),
	}, nil
}

// organization parses the address of an organization. The token goes there, so
// that http is for the loopback addresses of tests alone.
func organization(text string) (*url.URL, string) {
	const form = "must be an address like https://example.okta.com"
	if text == "" {
		return nil, "required"
	}
	if err := paste.CheckURI(text); err != nil {
		return nil, err.Error()
	}
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return nil, form + ", without a path"
	}
	switch {
	case u.Scheme == "http" && loopback(u.Hostname()):
	case u.Scheme != "https":
		return nil, form + ": the token is sent there, so it must be https"
	}
	name, domain, _ := strings.Cut(u.Hostname(), ".")
	if plain, admin := strings.CutSuffix(name, "-admin"); admin {
		return nil, "is the address of the Admin Console: must be https://" + plain + "." + domain
	}
	return &url.URL{Scheme: u.Scheme, Host: u.Host}, ""
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// path returns the address of a resource. Each part is escaped; "." and ".." aren't
// escapable, and no ID.
func (c *Client) path(parts ...string) string {
	var b strings.Builder
	b.WriteString(c.org.String() + "/api/v1")
	for _, part := range parts {
		b.WriteString("/" + url.PathEscape(part))
	}
	return b.String()
}
