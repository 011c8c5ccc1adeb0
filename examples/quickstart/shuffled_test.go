package main

import (
	"bytes"
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/iamscim/iamscim/scimtest"
)

// TestShuffled runs the whole job, which uses every client package, under seeds that draw another
// answer for everything that Google's documentation leaves open: the clients depend on no guess of
// the fake.
func TestShuffled(t *testing.T) {
	t.Parallel()
	for seed := range uint64(32) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f, err := parseFlags(nil, t.Output())
				if err != nil {
					t.Fatal(err)
				}
				f.fake = []scimtest.Option{scimtest.WithShuffledBehaviors(seed)}
				var stdout, stderr bytes.Buffer
				if status := f.run(t.Context(), &stdout, &stderr); status != 0 {
					t.Fatalf("run() = %d, want 0\n%s%s", status, &stdout, &stderr)
				}
				if diff := cmp.Diff(wantSteps, steps(stdout.String())); diff != "" {
					t.Errorf("steps (-want +got):\n%s", diff)
				}
			})
		})
	}
}
