package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/iamscim/iamscim/scimtest"
	"google.golang.org/api/iam/v1"
)

// TestShuffled runs the whole job, which uses every client package, under seeds that draw another
// answer for everything that Google's documentation leaves open: the clients depend on no guess of
// the fake.
func TestShuffled(t *testing.T) {
	t.Parallel()
	for seed := range uint64(16) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			server := scimtest.Start(t, scimtest.WithShuffledBehaviors(seed), scimtest.WithReplicationLag(50*time.Millisecond))
			f := &flags{organization: scimtest.DefaultOrganization, pool: "acme-pool", provider: "entra"}
			if err := errors.Join(
				server.AddPool(&iam.WorkforcePool{Name: "locations/global/workforcePools/" + f.pool, Parent: "organizations/" + f.organization}),
				server.AddProvider(embeddedProvider(f)),
			); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			var stdout, stderr bytes.Buffer
			if status := run(ctx, []string{"-endpoint", server.URL(), "-no-auth"}, &stdout, &stderr); status != 0 {
				var refused strings.Builder
				for _, r := range server.Requests() {
					if r.Rule != "" {
						fmt.Fprintf(&refused, "%s %s = %d by %s: %s\n", r.Method, r.Path, r.Status, r.Rule, r.Reason)
					}
				}
				t.Fatalf("run() = %d, want 0\n%s%s\nrefusals:\n%sanswers: %v", status, &stdout, &stderr, &refused, server.Behaviors())
			}
			if diff := cmp.Diff(wantSteps, steps(stdout.String())); diff != "" {
				t.Errorf("steps (-want +got):\n%s", diff)
			}
		})
	}
}
