package iamscim

// State is the life-cycle state of a pool, provider, SCIM tenant or SCIM
// token. The values are those of the IAM API; a newer value of the service
// passes through unchanged.
type State string

const (
	// StateActive is a resource in use.
	StateActive State = "ACTIVE"

	// StateDeleted is a soft-deleted resource: for 30 days it can be
	// undeleted, it does nothing, and its ID cannot be used again. It is
	// a state and not an absence: Get returns it.
	StateDeleted State = "DELETED"
)
