package scimclient

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/internal/agent"
)

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
