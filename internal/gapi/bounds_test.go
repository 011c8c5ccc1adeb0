package gapi_test

import (
	"errors"
	"testing"
	"time"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/provider"
	"github.com/iamscim/iamscim/scimtenant"
	"github.com/iamscim/iamscim/scimtest"
)

// TestExplainIsBounded: a better text for a refusal is worth half a minute, even if
// the reads for it hang.
func TestExplainIsBounded(t *testing.T) {
	t.Parallel()
	inBubble(t, iamscim.RetryPolicy{}, nil, withTenant, func(t *testing.T, srv *scimtest.Server, c *clients) {
		srv.Fail(scimtest.Fault{Method: "GET", Kind: scimtest.FaultStall, Times: forever})
		begin := time.Now()
		_, err := c.Tenants.Create(t.Context(), scimtenant.CreateRequest{Name: must(scimtenant.NewName(parent, "second")), ClaimMapping: entra, Usage: iamscim.SCIMUsageGroups})
		if err == nil {
			t.Fatal("a second tenant was created")
		}
		if took := time.Since(begin); took != 30*time.Second {
			t.Errorf("Create = %v after %v, want the refusal after 30 s", err, took)
		}
	})
}

// TestPollsSlowDown: polls of an operation begin at once, and their pauses are below
// bounds that double from a quarter of the policy's first pause to a quarter of its
// last. A bound of attempts is not one of polls.
func TestPollsSlowDown(t *testing.T) {
	t.Parallel()
	opts := []scimtest.Option{scimtest.WithOperationTime(3 * time.Minute)}
	inBubble(t, iamscim.RetryPolicy{MaxAttempts: 2}, opts, withProvider, func(t *testing.T, srv *scimtest.Server, c *clients) {
		if _, err := c.Providers.Update(t.Context(), provider.UpdateRequest{Name: parent, DisplayName: ptr("New")}); err != nil {
			t.Fatal(err)
		}
		all := gaps(srv)
		if all[0] != 0 {
			t.Errorf("the first poll came after %v, want at once", all[0])
		}
		polls := all[1 : len(all)-1] // the last request reads the provider
		bound := 250 * time.Millisecond
		longest := time.Duration(0)
		for i, gap := range polls {
			if gap > bound {
				t.Errorf("pause %d is %v, want at most %v", i+1, gap, bound)
			}
			bound = min(2*bound, 8*time.Second)
			longest = max(longest, gap)
		}
		if len(polls) < 25 || len(polls) > 100 || longest < 4*time.Second {
			t.Errorf("%d polls in three minutes, the longest pause %v", len(polls), longest)
		}
	})
}

// TestLostDelete: the repetition of a delete whose reply was lost is answered by 404,
// and replicas that are behind still show what was deleted. It's read until they
// don't.
func TestLostDelete(t *testing.T) {
	t.Parallel()
	for _, lag := range []time.Duration{0, 5 * time.Second, 80 * time.Second} {
		inBubble(t, iamscim.RetryPolicy{}, []scimtest.Option{scimtest.WithReplicationLag(lag)}, withToken, func(t *testing.T, srv *scimtest.Server, c *clients) {
			time.Sleep(lag)
			srv.Fail(scimtest.Fault{Method: "DELETE", Kind: scimtest.FaultClose, AfterCommit: true})
			srv.Fail(scimtest.Fault{Method: "DELETE", Status: 404})
			if err := c.Tokens.Delete(t.Context(), token); err != nil {
				t.Errorf("lag %v: Delete = %v, want that it was deleted", lag, err)
			}
		})
	}
	// One that wasn't made stays a 404.
	inBubble(t, iamscim.RetryPolicy{}, nil, withToken, func(t *testing.T, srv *scimtest.Server, c *clients) {
		srv.Fail(scimtest.Fault{Method: "DELETE", Kind: scimtest.FaultClose})
		srv.Fail(scimtest.Fault{Method: "DELETE", Status: 404})
		if err := c.Tokens.Delete(t.Context(), token); !errors.Is(err, iamscim.ErrNotFound) {
			t.Errorf("Delete that wasn't made = %v, want ErrNotFound", err)
		}
	})
}
