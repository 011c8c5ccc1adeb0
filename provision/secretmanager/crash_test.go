package secretmanager_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"google.golang.org/api/option"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/provision/secretmanager"
	"github.com/iamscim/iamscim/scimtest"
)

// errDied is what a process that died sees of its request: nothing.
var errDied = errors.New("the process died")

// modes are the ways in which a store is used.
var modes = []struct {
	name string
	made bool // the secret exists
	opts []option.ClientOption
	idle string // the state of the versions but the record
}{
	{"disable", true, nil, "DISABLED"},
	{"destroy", true, []option.ClientOption{secretmanager.WithDestroy()}, "DESTROYED"},
	{"create", false, []option.ClientOption{secretmanager.WithCreate()}, "DISABLED"},
}

// TestCrash: a process dies at every request, before the service has it or after the
// service has done it. The next process finds the record before or after that swap,
// can swap, and then the record is the only version that can be accessed.
func TestCrash(t *testing.T) {
	t.Parallel()
	for _, mode := range modes {
		for before := range 2 { // swaps before the one that dies
			for _, committed := range []bool{false, true} {
				outcomes := map[string]int{}
				for at := 1; ; at++ {
					v := newVault(t)
					if mode.made {
						v.withSecret()
					}
					old := ""
					for i := range before {
						put(t, v.store(mode.opts...), record(i))
						old = record(i).Reveal()
					}
					ctx, die := context.WithCancel(t.Context())
					died := false
					store, _ := v.hooked(func(n int, r *http.Request, send func() (*http.Response, error)) (*http.Response, error) {
						if n < at {
							return send()
						}
						if n == at && committed {
							if resp, err := send(); err == nil {
								resp.Body.Close()
							}
						}
						died = true
						die()
						return nil, errDied
					}, mode.opts...)
					_, version, err := store.Load(ctx)
					if err == nil {
						err = store.Swap(ctx, version, record(10))
					}
					die()
					if !died {
						if err != nil {
							t.Fatalf("%s: %v", mode.name, err)
						}
						t.Logf("%s after %d swaps, committed %v: %d requests, %v", mode.name, before, committed, at-1, outcomes)
						break
					}
					got, version, err := v.store(mode.opts...).Load(t.Context())
					if err != nil || got.Reveal() != old && got.Reveal() != record(10).Reveal() {
						t.Errorf("%s, request %d, committed %v: Load = %q, %v, want %q or the new record", mode.name, at, committed, got.Reveal(), err, old)
						continue
					}
					outcomes[strings.Trim(fmt.Sprintf("new record %v", got.Reveal() != old), " ")]++
					if err := v.store(mode.opts...).Swap(t.Context(), version, record(11)); err != nil {
						t.Errorf("%s, request %d, committed %v: the next Swap(%q) = %v", mode.name, at, committed, version, err)
						continue
					}
					v.wantRecord(record(11).Reveal())
					if states := strings.Fields(v.states()); strings.Join(states[:len(states)-1], " ") != strings.TrimSpace(strings.Repeat(mode.idle+" ", len(states)-1)) || states[len(states)-1] != "ENABLED" {
						t.Errorf("%s, request %d, committed %v: the versions are %s, want the last one enabled and no other", mode.name, at, committed, states)
					}
				}
			}
		}
	}
}

// TestFaults: something goes wrong at every request, once. The call succeeds, and the
// record is the only version that can be accessed.
func TestFaults(t *testing.T) {
	t.Parallel()
	faults := []scimtest.Fault{
		{Kind: scimtest.FaultClose},
		{Kind: scimtest.FaultClose, AfterCommit: true},
		{Kind: scimtest.FaultCutHeader, AfterCommit: true},
		{Kind: scimtest.FaultCutBody, AfterCommit: true},
		{Status: 503},
		{Status: 503, AfterCommit: true},
		{Status: 429},
		{Status: 200, Body: []byte("<html>proxy</html>"), AfterCommit: true},
	}
	for m, mode := range modes {
		for i, fault := range faults {
			if m > 0 && i != 1 {
				continue // what differs in the other modes is what a lost reply leaves
			}
			for skip := 0; ; skip++ {
				v := newVault(t)
				if mode.made {
					v.withSecret()
				}
				put(t, v.store(mode.opts...), record(1))
				if mode.made {
					put(t, v.store(mode.opts...), record(2))
				}
				fault.Skip = skip
				v.srv.ClearRequests()
				if err := v.srv.Fail(fault); err != nil {
					t.Fatal(err)
				}
				store := v.store(mode.opts...)
				_, version, err := store.Load(t.Context())
				if err == nil {
					err = store.Swap(t.Context(), version, record(3))
				}
				unused := len(v.srv.UnusedFaults())
				v.srv.ClearFaults()
				where := fmt.Sprintf("%s, fault %d, request %d", mode.name, i, skip+1)
				if bad := i == len(faults)-1; err != nil && !(bad && (errors.Is(err, iamscim.ErrBadReply) || errors.Is(err, iamscim.ErrOutcomeUnknown))) {
					t.Errorf("%s: %v", where, err)
				} else if err == nil {
					v.wantRecord(record(3).Reveal())
				}
				// What a read of the old versions that failed left behind goes with
				// the next swap.
				put(t, v.store(mode.opts...), record(4))
				if states := strings.Fields(v.states()); strings.Count(v.states(), "ENABLED") != 1 || states[len(states)-1] != "ENABLED" {
					t.Errorf("%s: the versions are %s, want the last one enabled and no other", where, states)
				}
				if unused > 0 {
					if skip < 6 {
						t.Errorf("%s: only %d requests", mode.name, skip)
					}
					break
				}
			}
		}
	}
}
