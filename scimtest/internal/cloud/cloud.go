// Package cloud is the fake's control plane: IAM's workforce pools and what is below them,
// Resource Manager's organizations, and the door to the SCIM service of each tenant.
package cloud

import (
	"crypto/rand"
	"encoding/hex"
	"sync"
	"time"

	"github.com/iamscim/iamscim/scimtest/internal/behavior"
)

// Config is what a [Cloud] is made of. [New] fills in what is zero.
type Config struct {
	Organizations []string          // the numbers of the organizations it serves
	Now           func() time.Time  // its clock
	NewID         func() string     // 32 hexadecimal digits
	URL           func() string     // the address it is reached at, "" for none
	Lag           time.Duration     // until a write is seen by other requests
	Polls         int               // GETs until an operation is done
	OperationTime time.Duration     // until an operation is done
	SyncerGranted bool              // new service agents get the syncer role
	TokenLifetime time.Duration     // of SCIM tokens, 0 for no end
	Quota         int               // SCIM requests per tenant and minute, 0 for no limit
	Denied        map[string]bool   // permissions that the caller lacks
	RefuseMember  func(string) bool // plays an organization policy; nil refuses nobody
	Choices       behavior.Choices
}

// Cloud is everything below one or more organizations. It is safe for concurrent use.
type Cloud struct {
	cfg Config
	mu  sync.Mutex // guards st and what hangs on it
	st  *state
}

// New makes an empty cloud.
func New(cfg Config) *Cloud {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.NewID == nil {
		cfg.NewID = hexID
	}
	if cfg.URL == nil {
		cfg.URL = func() string { return "" }
	}
	return &Cloud{cfg: cfg, st: newState()}
}

// hexID is 32 lower-case hexadecimal digits, the length of the service's
// operation ids.
func hexID() string {
	var b [16]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}
