package idp

import (
	"context"
	"time"

	"github.com/iamscim/iamscim"
)

// Provider is the identity provider's half of a set-up: a program that does there
// what a person otherwise does in its console. Every method can be repeated. An
// implementation must be safe for concurrent use.
type Provider interface {
	// Status reports what is set up, and whether it runs. It changes nothing.
	Status(ctx context.Context) (*Status, error)

	// SetUp makes the identity provider push into the tenant of a connection:
	// the address, the token, the settings, the job. It returns nil once the
	// identity provider has accepted the token. What was set up before for
	// another tenant is replaced.
	SetUp(ctx context.Context, c Connection) error

	// CutOver replaces the token, and nothing else. It returns nil once the
	// identity provider uses the new one.
	CutOver(ctx context.Context, c Connection) error

	// Stop stops pushing. The set-up stays. It's no error if nothing is set
	// up.
	Stop(ctx context.Context) error
}

// Connection is what an identity provider needs to push into a tenant.
type Connection struct {
	// BaseURI is the root of the tenant's SCIM service (RFC 7644 section
	// 1.3), without a suffix for any product.
	BaseURI string

	// Token is the SCIM token. Nothing may print or log it.
	Token iamscim.Secret

	// Settings must hold for the claim mapping to name the people whom the
	// provider names.
	Settings []Setting
}

// Setting is something that the identity provider must be set to.
type Setting struct {
	ID    string `json:"id"`    // stable, as in claimmap.IDPSetting: "entra-external-id"
	Name  string `json:"name"`  // a SCIM attribute, a claim or an option: "externalId"
	Value string `json:"value"` // what it must be, or what it is: "objectId"
}

// Status is what an identity provider reports about its half.
type Status struct {
	// BaseURI is where it pushes to, without a suffix; "" if nothing is set
	// up.
	BaseURI string

	// Running: the job is on. Problem says why it does nothing although it's
	// on, or why it's off: "quarantined: the token was rejected".
	Running bool
	Problem string

	// FirstCycle is when everybody had been pushed for the first time;
	// LastSuccess is when the newest cycle ended. Zero if there was none.
	FirstCycle  time.Time
	LastSuccess time.Time

	// Settings are those that can be read. A setting that isn't among them is
	// unknown.
	Settings []Setting
}
