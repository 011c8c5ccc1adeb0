package iamscim_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/iamscim/iamscim"
)

func TestRetryPolicyDefaults(t *testing.T) {
	t.Parallel()
	all := iamscim.RetryPolicy{Initial: time.Second, Max: 32 * time.Second, Multiplier: 2, Budget: 5 * time.Minute, AttemptTimeout: time.Minute, Replication: 2 * time.Minute}
	tests := []struct {
		name     string
		in, want iamscim.RetryPolicy
	}{
		{"zero", iamscim.RetryPolicy{}, all},
		{"idempotent", all, all},
		{"an Initial above the default Max raises it", iamscim.RetryPolicy{Initial: time.Minute},
			iamscim.RetryPolicy{Initial: time.Minute, Max: time.Minute, Multiplier: 2, Budget: 5 * time.Minute, AttemptTimeout: time.Minute, Replication: 2 * time.Minute}},
		{"what is set stays", iamscim.RetryPolicy{Initial: 1, Max: 2, Multiplier: 1, Budget: 3, MaxAttempts: 4, AttemptTimeout: 6, Replication: 5},
			iamscim.RetryPolicy{Initial: 1, Max: 2, Multiplier: 1, Budget: 3, MaxAttempts: 4, AttemptTimeout: 6, Replication: 5}},
	}
	for _, tt := range tests {
		if got := tt.in.WithDefaults(); got != tt.want {
			t.Errorf("%s: WithDefaults() = %+v, want %+v", tt.name, got, tt.want)
		}
	}
}

func TestRetryPolicyValidate(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		in   iamscim.RetryPolicy
		want string // "" for a valid policy
	}{
		{"zero", iamscim.RetryPolicy{}, ""},
		{"one attempt", iamscim.RetryPolicy{MaxAttempts: 1}, ""},
		{"constant pauses", iamscim.RetryPolicy{Initial: time.Second, Max: time.Second, Multiplier: 1}, ""},
		{"negative initial", iamscim.RetryPolicy{Initial: -1}, "durations must not be negative"},
		{"negative max", iamscim.RetryPolicy{Max: -1}, "durations must not be negative"},
		{"negative budget", iamscim.RetryPolicy{Budget: -1}, "durations must not be negative"},
		{"negative replication", iamscim.RetryPolicy{Replication: -1}, "durations must not be negative"},
		{"negative attempt timeout", iamscim.RetryPolicy{AttemptTimeout: -1}, "durations must not be negative"},
		{"pauses that explode", iamscim.RetryPolicy{Multiplier: 1e10}, "Multiplier must be 1 to 100"},
		{"an infinite multiplier", iamscim.RetryPolicy{Multiplier: math.Inf(1)}, "Multiplier must be 1 to 100"},
		{"the largest of all", iamscim.RetryPolicy{Initial: math.MaxInt64, Max: math.MaxInt64, Budget: math.MaxInt64, AttemptTimeout: math.MaxInt64, Multiplier: 100}, ""},
		{"shrinking pauses", iamscim.RetryPolicy{Multiplier: 0.5}, "Multiplier must be 1 to 100"},
		{"no number", iamscim.RetryPolicy{Multiplier: math.NaN()}, "Multiplier must be 1 to 100"},
		{"max below initial", iamscim.RetryPolicy{Initial: 2, Max: 1}, "Max (1ns) must not be below Initial (2ns)"},
		{"max below the default initial", iamscim.RetryPolicy{Max: time.Millisecond}, "must not be below Initial (1s)"},
		{"negative attempts", iamscim.RetryPolicy{MaxAttempts: -1}, "MaxAttempts must not be negative"},
	}
	for _, tt := range tests {
		err := tt.in.Validate()
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: Validate() = %v, want %q", tt.name, err, tt.want)
		}
	}
}
