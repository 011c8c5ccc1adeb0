package iamscim

import (
	"fmt"
	"time"
)

// RetryPolicy says how often and how long a client repeats a request that
// failed for a passing reason: HTTP 408, 429, every 5xx but 501 and 505, a
// connection that could not be made or broke, a reply cut short or not received in
// time. A field left zero has its default, so the zero RetryPolicy is the default
// policy.
//
// Pauses grow from Initial by Multiplier to Max and are drawn at random
// between zero and that (full jitter). A pause that the service asks for is the
// least pause: Retry-After in seconds or as a date (RFC 9110 section 10.2.3), or
// the retryDelay of a google.rpc.RetryInfo. If it is longer than what is left of
// Budget, the call ends at once. No pause outlives the call's context.
//
// A policy never makes a request repeatable that isn't: a create with an unknown
// outcome is settled by reading, see the clients' documentation.
type RetryPolicy struct {
	// Initial is the upper bound of the first pause. Default 1 s: the
	// service's quotas are counted by the minute.
	Initial time.Duration

	// Max is the upper bound of every pause that Retry-After does not
	// lengthen. Default 32 s.
	Max time.Duration

	// Multiplier is 1 to 100. Default 2.
	Multiplier float64

	// Budget is the time from the first attempt after which no further
	// attempt begins. Default 5 min.
	Budget time.Duration

	// AttemptTimeout is the most that one attempt takes, from asking for a
	// connection to the last byte of the reply. Default 1 min.
	AttemptTimeout time.Duration

	// MaxAttempts bounds the attempts of one request; 1 means that nothing
	// is repeated. Default 0: only the budget and the context bound them.
	MaxAttempts int

	// Replication is how long a resource that was just created or changed
	// may stay invisible to reads before that is an error, [ErrNotVisible].
	// The service replicates within 80 s. Default 2 min.
	Replication time.Duration
}

// The defaults of a [RetryPolicy].
const (
	defaultInitial        = time.Second
	defaultMax            = 32 * time.Second
	defaultMultiplier     = 2
	defaultBudget         = 5 * time.Minute
	defaultAttemptTimeout = time.Minute
	defaultReplication    = 2 * time.Minute
)

// maxMultiplier is more than anybody needs: two pauses lead from the default
// Initial to any Max.
const maxMultiplier = 100

// WithDefaults returns p with every zero field replaced by its default.
func (p RetryPolicy) WithDefaults() RetryPolicy {
	if p.Initial == 0 {
		p.Initial = defaultInitial
	}
	if p.Max == 0 {
		p.Max = max(defaultMax, p.Initial)
	}
	if p.Multiplier == 0 {
		p.Multiplier = defaultMultiplier
	}
	if p.Budget == 0 {
		p.Budget = defaultBudget
	}
	if p.AttemptTimeout == 0 {
		p.AttemptTimeout = defaultAttemptTimeout
	}
	if p.Replication == 0 {
		p.Replication = defaultReplication
	}
	return p
}

// Validate returns an error that names the first field out of range: no
// duration may be negative, Multiplier is 1 to 100, Max not below Initial.
func (p RetryPolicy) Validate() error {
	q := p.WithDefaults()
	switch {
	case q.Initial < 0 || q.Max < 0 || q.Budget < 0 || q.AttemptTimeout < 0 || q.Replication < 0:
		return fmt.Errorf("iamscim: RetryPolicy: durations must not be negative: %+v", p)
	case !(q.Multiplier >= 1 && q.Multiplier <= maxMultiplier):
		return fmt.Errorf("iamscim: RetryPolicy.Multiplier must be 1 to %d, is %v", maxMultiplier, p.Multiplier)
	case q.Max < q.Initial:
		return fmt.Errorf("iamscim: RetryPolicy.Max (%v) must not be below Initial (%v)", q.Max, q.Initial)
	case q.MaxAttempts < 0:
		return fmt.Errorf("iamscim: RetryPolicy.MaxAttempts must not be negative, is %d", p.MaxAttempts)
	}
	return nil
}
