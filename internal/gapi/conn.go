// Package gapi is what the control-plane clients share: how a generated Google
// client is constructed so that it follows no redirect, reads no body without
// a bound and logs no secret; and the one way its calls are made, with
// retries, settled outcomes and typed errors.
package gapi

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"

	"golang.org/x/oauth2"
	"google.golang.org/api/option"
	"google.golang.org/api/option/internaloption"
	htransport "google.golang.org/api/transport/http"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/internal/emulator"
	"github.com/iamscim/iamscim/internal/limit"
	"github.com/iamscim/iamscim/internal/paste"
	"github.com/iamscim/iamscim/internal/redact"
)

// maxBody bounds each reply. The largest documented field is a SAML metadata
// document of 128k characters; a list page holds at most 100 providers.
const maxBody = 16 << 20

// Service is a Google API: where it is by default and the scope it needs.
type Service struct {
	Name             string
	Endpoint         string
	EndpointTemplate string
	MTLSEndpoint     string
}

const scope = "https://www.googleapis.com/auth/cloud-platform"

// The services that the clients of this module call.
var (
	IAM = Service{
		Name:             "iam",
		Endpoint:         "https://iam.googleapis.com/",
		EndpointTemplate: "https://iam.UNIVERSE_DOMAIN/",
		MTLSEndpoint:     "https://iam.mtls.googleapis.com/",
	}
	ResourceManager = Service{
		Name:             "cloudresourcemanager",
		Endpoint:         "https://cloudresourcemanager.googleapis.com/",
		EndpointTemplate: "https://cloudresourcemanager.UNIVERSE_DOMAIN/",
		MTLSEndpoint:     "https://cloudresourcemanager.mtls.googleapis.com/",
	}
	SecretManager = Service{
		Name:             "secretmanager",
		Endpoint:         "https://secretmanager.googleapis.com/",
		EndpointTemplate: "https://secretmanager.UNIVERSE_DOMAIN/",
		MTLSEndpoint:     "https://secretmanager.mtls.googleapis.com/",
	}
)

// Conn is a prepared connection to one service.
type Conn struct {
	policy  iamscim.RetryPolicy
	options []option.ClientOption
	logger  *slog.Logger // redacts

	// native: requests go through net/http's own transport, so that an attempt
	// sees what becomes of them.
	native bool

	unmade bool // see [Unmade]
}

// Dial prepares a connection from the caller's options; no request is made.
//
// The generated client's constructor cannot be used with them directly: it
// would log requests and replies in clear, and its HTTP client follows
// redirects with the bearer token. So the HTTP client is built here, the way
// that constructor does, then hardened, and handed over with the resolved
// endpoint and a logger that redacts.
//
// Where the environment names an emulator, the connection leads there instead.
func Dial(ctx context.Context, svc Service, opts []option.ClientOption) (*Conn, error) {
	if ctx == nil {
		return nil, errors.New("ctx must not be nil")
	}
	var policy iamscim.RetryPolicy
	var shared *Conn
	bodyLimit := int64(maxBody)
	for i, opt := range opts {
		if opt == nil {
			return nil, fmt.Errorf("option %d is nil", i)
		}
		switch o := opt.(type) {
		case *retryOption:
			policy = o.policy
		case *connOption:
			shared = o.conn
		case *bodyLimitOption:
			bodyLimit = o.bytes
		}
	}
	if err := policy.Validate(); err != nil {
		return nil, err
	}
	if shared != nil {
		conn := *shared
		conn.policy = policy.WithDefaults()
		return &conn, nil
	}
	logger := slog.New(redact.Handler(internaloption.GetLogger(opts).Handler()))
	// The defaults go first (the template is the default endpoint in every
	// universe), the caller's options override them, and the
	// wrapped logger overrides the caller's.
	all := []option.ClientOption{
		internaloption.WithDefaultScopes(scope),
		internaloption.WithDefaultEndpointTemplate(svc.EndpointTemplate),
		internaloption.WithDefaultMTLSEndpoint(svc.MTLSEndpoint),
		internaloption.EnableNewAuthLibrary(),
	}
	host, err := emulator.URL()
	if err != nil {
		return nil, err
	}
	if host != nil {
		return emulated(ctx, svc, host, policy, opts, logger), nil
	}
	all = append(all, opts...)
	all = append(all, option.WithLogger(logger))
	client, endpoint, err := htransport.NewClient(ctx, all...)
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %s", svc.Name, redact.Text(err.Error()))
	}
	if endpoint == "" {
		endpoint = svc.Endpoint
	}
	if err := checkEndpoint(endpoint); err != nil {
		return nil, err
	}
	native := isNative(client.Transport)
	if !native {
		// The same call again returns a client of the caller's itself, and
		// otherwise a new one, which is net/http's below its credentials.
		again, _, err := htransport.NewClient(ctx, all...)
		native = err == nil && again != client
	}
	own := *client
	own.Transport = withCredentialsErrors(own.Transport)
	client = limit.Client(&own, bodyLimit)
	client.Transport = &guard{client.Transport}
	return &Conn{
		policy: policy.WithDefaults(),
		logger: logger,
		native: native,
		options: []option.ClientOption{
			option.WithHTTPClient(client),
			option.WithEndpoint(endpoint),
			option.WithLogger(logger),
		},
	}, nil
}

// isNative reports whether a transport is one of net/http, below OAuth or not.
func isNative(rt http.RoundTripper) bool {
	switch t := rt.(type) {
	case nil, *http.Transport:
		return true
	case *oauth2.Transport:
		return isNative(t.Base)
	}
	return false
}

// checkEndpoint refuses an endpoint that no request could be sent to.
func checkEndpoint(endpoint string) error {
	if err := paste.CheckURI(endpoint); err != nil {
		return fmt.Errorf("endpoint: %w", err)
	}
	u, err := url.Parse(endpoint)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		return errors.New("the endpoint must be an https or http URL with a host, as in https://iam.googleapis.com/")
	}
	return nil
}

// WithRetry is the option behind WithRetry of the control-plane clients. The
// Google client's own constructors skip it. The last one given counts.
func WithRetry(p iamscim.RetryPolicy) option.ClientOption { return &retryOption{policy: p} }

type retryOption struct {
	internaloption.EmbeddableAdapter
	policy iamscim.RetryPolicy
}

// WithBodyLimit bounds each reply to this many bytes in place of 16 MiB: a test of
// many replies that are too large is slow if each of them is that large.
func WithBodyLimit(bytes int64) option.ClientOption { return &bodyLimitOption{bytes: bytes} }

type bodyLimitOption struct {
	internaloption.EmbeddableAdapter
	bytes int64
}

// WithConn makes a client use a connection that is prepared already, with a retry
// policy of its own. All other options are ignored. It must lead to the client's
// service.
func WithConn(c *Conn) option.ClientOption { return &connOption{conn: c} }

type connOption struct {
	internaloption.EmbeddableAdapter
	conn *Conn
}

// Unmade is the option of a client that stands for one that no constructor made:
// every call on it is an error, and nothing is sent.
func Unmade() option.ClientOption {
	return WithConn(&Conn{unmade: true, options: []option.ClientOption{option.WithHTTPClient(&http.Client{})}})
}

// Options are for the NewService of the generated package.
func (c *Conn) Options() []option.ClientOption { return c.options }

// Policy is the retry policy, with the defaults filled in.
func (c *Conn) Policy() iamscim.RetryPolicy { return c.policy }

// Warn logs what a call leaves behind although it succeeds.
func (c *Conn) Warn(ctx context.Context, text, op, resource string, err error) {
	if c.logger != nil {
		c.logger.WarnContext(ctx, text, "op", op, "resource", resource, "error", redact.Error(err, secretsIn(ctx)...))
	}
}
