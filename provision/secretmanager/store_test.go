package secretmanager_test

import (
	"sync"
	"testing"
	"time"

	"google.golang.org/api/option"

	"github.com/iamscim/iamscim/provision/secretmanager"
	"github.com/iamscim/iamscim/scimtest"
	"github.com/iamscim/iamscim/scimtoken"
	"github.com/iamscim/iamscim/scimtoken/storetest"
)

// ticking is a clock that moves with each look at it, so that what the fake shows
// lags behind by requests and not by time.
func ticking() func() time.Time {
	var mu sync.Mutex
	now := time.Date(2026, 11, 1, 10, 0, 0, 0, time.UTC)
	return func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		now = now.Add(time.Second)
		return now
	}
}

func TestTokenStore(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		fake []scimtest.Option
		made bool
		opts []option.ClientOption
	}{
		{"a secret that exists", nil, true, nil},
		{"a secret to be created", nil, false, []option.ClientOption{secretmanager.WithCreate("europe-west3", "europe-west4")}},
		{"versions are destroyed", nil, true, []option.ClientOption{secretmanager.WithDestroy()}},
		{"names as they were sent", []scimtest.Option{scimtest.WithBehavior(scimtest.SecretProject, "AS_SENT")}, true, nil},
		{"reads are behind", []scimtest.Option{scimtest.WithReplicationLag(5 * time.Second), scimtest.WithClock(ticking())}, false, []option.ClientOption{secretmanager.WithCreate()}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			storetest.Run(t, func(t *testing.T) (first, second scimtoken.TokenStore) {
				v := newVault(t, tt.fake...)
				if tt.made {
					v.withSecret()
				}
				return v.store(tt.opts...), v.store(tt.opts...)
			})
		})
	}
}
