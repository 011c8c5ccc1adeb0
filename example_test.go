package iamscim_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/iamscim/iamscim"
)

// A secret shows in no log, no dump and no encoding; Reveal is the only way to
// the text.
func ExampleNewSecret() {
	s := iamscim.NewSecret("eyJhbGciOi")
	fmt.Printf("%v %+v %q %#v\n", s, struct{ Token iamscim.Secret }{s}, s, s)
	_, err := json.Marshal(s)
	fmt.Println(err != nil)
	fmt.Println(len(s.Reveal()))

	// Output:
	// [redacted] {Token:[redacted]} [redacted] [redacted]
	// true
	// 10
}

// A program that must answer within seconds gives up earlier than the default
// of five minutes.
func ExampleRetryPolicy() {
	policy := iamscim.RetryPolicy{Initial: 200 * time.Millisecond, Budget: 10 * time.Second}
	fmt.Println(policy.Validate())
	fmt.Printf("%+v\n", policy.WithDefaults())
	// Give it to a client with its other options:
	//	scimtenant.NewClient(ctx, scimtenant.WithRetry(policy))

	// Output:
	// <nil>
	// {Initial:200ms Max:32s Multiplier:2 Budget:10s AttemptTimeout:1m0s MaxAttempts:0 Replication:2m0s}
}

func ExampleError() {
	var err error = &iamscim.Error{
		Op: "scimtenant: create", Resource: "locations/global/workforcePools/acme-pool/providers/entra/scimTenants/main",
		Kind: iamscim.ErrInvalidArgument, Violations: []iamscim.Violation{{Field: "DisplayName", Rule: "must be at most 32 characters, is 40"}},
	}
	fmt.Println(err)
	var e *iamscim.Error
	if errors.As(err, &e) && errors.Is(err, iamscim.ErrInvalidArgument) {
		fmt.Println(e.Violations[0].Field, "was refused before anything was sent:", e.Attempts == 0)
	}

	// Output:
	// scimtenant: create locations/global/workforcePools/acme-pool/providers/entra/scimTenants/main: invalid argument: DisplayName: must be at most 32 characters, is 40
	// DisplayName was refused before anything was sent: true
}

func ExampleSCIMUsage_Validate() {
	fmt.Println(iamscim.SCIMUsageGroups.Validate(), iamscim.SCIMUsageGroups.Enabled())
	fmt.Println(iamscim.SCIMUsage("enabled-for-groups").Validate())

	// Output:
	// <nil> true
	// "enabled-for-groups" is none of SCIM_USAGE_UNSPECIFIED, ENABLED_FOR_GROUPS, ENABLED_FOR_USERS_GROUPS
}
