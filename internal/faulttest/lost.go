package faulttest

import (
	"cmp"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/iamscim/iamscim/internal/testenv"
	"github.com/iamscim/iamscim/scimtest"
)

// LostRepliesUnderLag loses the reply of each change while replicas are behind: they
// are not taken for an answer.
func LostRepliesUnderLag(t *testing.T, methods []*Method) {
	for _, m := range methods {
		if !m.writes() {
			continue
		}
		for fresh, lag := range map[string]time.Duration{"NOT_FOUND": 5 * time.Second, "PERMISSION_DENIED": 80 * time.Second} {
			t.Run(m.Name+" "+lag.String(), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					srv := scimtest.New(scimtest.WithReplicationLag(lag), scimtest.WithBehavior(scimtest.FreshResource, fresh))
					defer srv.Close()
					c := testenv.New(t, srv.PipeClientOptions()...)
					call := m.Prepare(t, srv, c)
					time.Sleep(lag) // what the call begins with has replicated
					srv.Fail(scimtest.Fault{Method: m.Verb, Path: m.Path, Skip: m.Skip, Kind: scimtest.FaultClose, AfterCommit: true})
					err := call(t.Context(), c)
					if !errors.Is(err, m.Kind) {
						t.Errorf("the call = %v, want %v", err, m.Kind)
					}
					code := cmp.Or(m.Lost, "+")
					if got := m.State(srv); got != m.States[code] {
						t.Errorf("the state is %q, want %q", got, m.States[code])
					}
					if left := srv.UnusedFaults(); len(left) > 0 {
						t.Errorf("the reply was not lost: %+v", left)
					}
				})
			})
		}
	}
}
