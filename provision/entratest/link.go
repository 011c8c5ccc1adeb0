package entratest

import (
	"time"

	"github.com/iamscim/iamscim/provision/entratest/internal/push"
)

// link is an object connection: what the engine knows of an object in the target.
type link struct {
	kind       push.Kind
	source, id string // objectId, SCIM id
	name       string
	exported   map[string]any  // by target attribute
	members    map[string]bool // source IDs of users that were added to a group
	disabled   bool
}

// escrow is an object that failed and is tried again.
type escrow struct {
	attempts  int
	reference bool
	next      time.Time
}
