package scimtest

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/iamscim/iamscim/scimtest/internal/behavior"
	"github.com/iamscim/iamscim/scimtest/internal/cloud"
)

// DefaultOrganization is the number of the organization a [Server] serves
// unless [WithOrganization] names others.
const DefaultOrganization = "123456789012"

// Option changes what [New] and [Start] make.
type Option func(*config) error

type config struct {
	cloud.Config
	logger         *slog.Logger
	optionalFaults bool
}

func newConfig(opts []Option) (config, error) {
	c := config{
		Config: cloud.Config{Now: time.Now, Polls: 1, Denied: map[string]bool{}, Choices: behavior.Choices{}},
		logger: slog.New(slog.DiscardHandler),
	}
	var errs []error
	for i, opt := range opts {
		if opt == nil {
			errs = append(errs, fmt.Errorf("scimtest: option %d is nil", i))
			continue
		}
		if err := opt(&c); err != nil {
			errs = append(errs, err)
		}
	}
	if c.Organizations == nil {
		c.Organizations = []string{DefaultOrganization}
	}
	return c, errors.Join(errs...)
}

// WithOrganization serves the organization of this number instead of
// [DefaultOrganization]. Given more than once, it serves each.
func WithOrganization(number string) Option {
	return func(c *config) error {
		if number == "" || strings.Trim(number, "0123456789") != "" || number[0] == '0' || len(number) > 20 {
			return fmt.Errorf("scimtest: WithOrganization(%q): an organization number is decimal digits, without the prefix \"organizations/\"", number)
		}
		c.Organizations = append(c.Organizations, number)
		return nil
	}
}

// WithClock makes the server take the time from now instead of [time.Now]:
// purges, replication lag, operations and quotas follow it.
func WithClock(now func() time.Time) Option {
	return func(c *config) error {
		if now == nil {
			return errors.New("scimtest: WithClock(nil): a clock is needed")
		}
		c.Now = now
		return nil
	}
}

// WithReplicationLag lets this much time pass between a write and the moment
// other requests see it, as IAM does (up to 80 seconds, says gcloud's source).
// Until then a fresh pool, provider, key, tenant, token or operation answers
// as [FreshResource] and [FreshOperation] say, a fresh token does not authenticate, and a change of
// the organization's policy has no effect on the SCIM service. Writes see each
// other at once: a create over a name not visible yet is a conflict.
// The default is none.
func WithReplicationLag(d time.Duration) Option {
	return func(c *config) error {
		if d < 0 {
			return fmt.Errorf("scimtest: WithReplicationLag(%v): must not be negative", d)
		}
		c.Lag = d
		return nil
	}
}

// WithOperationPolls makes an operation report that it is done in reply to the
// nth GET of it. 0 makes the write's own reply say so. The default is 1.
func WithOperationPolls(n int) Option {
	return func(c *config) error {
		if n < 0 {
			return fmt.Errorf("scimtest: WithOperationPolls(%d): must not be negative", n)
		}
		c.Polls = n
		return nil
	}
}

// WithOperationTime makes an operation take this long: until then it is not
// done and reads do not see its change. It adds to [WithOperationPolls]; the
// default is 0.
func WithOperationTime(d time.Duration) Option {
	return func(c *config) error {
		if d < 0 {
			return fmt.Errorf("scimtest: WithOperationTime(%v): must not be negative", d)
		}
		c.OperationTime = d
		return nil
	}
}

// WithSyncerGranted binds roles/iam.scimSyncer to the service agent of each
// new tenant on its organization, which Google usually does by itself. Without
// this option nothing is granted, and the SCIM service answers 403 until the
// caller binds the role.
func WithSyncerGranted() Option {
	return func(c *config) error {
		c.SyncerGranted = true
		return nil
	}
}

// WithLogger logs one line per request, without secrets and bodies.
// The default discards them.
func WithLogger(l *slog.Logger) Option {
	return func(c *config) error {
		if l == nil {
			return errors.New("scimtest: WithLogger(nil): a logger is needed")
		}
		c.logger = l
		return nil
	}
}

// WithDeniedPermissions takes permissions from the caller of the control
// plane, who otherwise has them all: "iam.workforcePoolProviderScimTenants.create",
// "resourcemanager.organizations.setIamPolicy". A method that needs a denied
// permission answers 403 and changes nothing. Without
// "serviceusage.services.use", requests with X-Goog-User-Project are refused.
func WithDeniedPermissions(permissions ...string) Option {
	return func(c *config) error {
		for _, p := range permissions {
			c.Denied[p] = true
		}
		return nil
	}
}

// WithRefusedMembers plays an organization policy that restricts who may be in
// an allow policy (constraints/iam.allowedPolicyMemberDomains): a setIamPolicy
// that adds a member for which refuse is true is answered with
// FAILED_PRECONDITION. refuse gets the member as written,
// "serviceAccount:o-…@gcp-sa-iamscim.iam.gserviceaccount.com", and must not call the server.
func WithRefusedMembers(refuse func(member string) bool) Option {
	return func(c *config) error {
		if refuse == nil {
			return errors.New("scimtest: WithRefusedMembers(nil): a function is needed")
		}
		c.RefuseMember = refuse
		return nil
	}
}

// WithQuota lets each SCIM tenant have this many requests per minute and answers 429 above. Google's
// documented limit is 3000. The default, 0, is no limit. The rows QuotaModel, QuotaRetryAfter and
// QuotaCount of BEHAVIORS.md say how requests are counted.
func WithQuota(requestsPerMinute int) Option {
	return func(c *config) error {
		if requestsPerMinute < 0 {
			return fmt.Errorf("scimtest: WithQuota(%d): must not be negative", requestsPerMinute)
		}
		c.Quota = requestsPerMinute
		return nil
	}
}

// WithTokenLifetime makes SCIM tokens expire this long after they were made: requests with them are
// then 401. Whether Google's expire isn't documented. The default, 0, is never.
func WithTokenLifetime(d time.Duration) Option {
	return func(c *config) error {
		if d < 0 {
			return fmt.Errorf("scimtest: WithTokenLifetime(%v): must not be negative", d)
		}
		c.TokenLifetime = d
		return nil
	}
}

// WithOptionalFaults lets a test of [Start] succeed although a [Fault] never happened.
func WithOptionalFaults() Option {
	return func(c *config) error {
		c.optionalFaults = true
		return nil
	}
}
