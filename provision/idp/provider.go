package idp

import (
	"context"
	"errors"
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
	// another tenant is replaced. It returns [ErrByHand] if a person must do
	// this.
	SetUp(ctx context.Context, c Connection) error

	// CutOver replaces the token, and nothing else. It returns nil once the
	// identity provider uses the new one, and [ErrByHand] if a person must do
	// this.
	CutOver(ctx context.Context, c Connection) error

	// Stop stops pushing. The set-up stays. It's no error if nothing is set
	// up.
	Stop(ctx context.Context) error

	// Push pushes one person now, and returns what came of it. The person is
	// named by the key of the roster or by the user name. What the identity
	// provider says isn't proof: look the person up through SCIM.
	Push(ctx context.Context, person string) (*Attempt, error)

	// Why returns the last attempt to push a person, or a group by its key.
	// The zero Attempt says that the identity provider knows of none.
	Why(ctx context.Context, object string) (*Attempt, error)
}

// ErrByHand: only a person can do this, in the identity provider's console.
// Nothing was changed.
var ErrByHand = errors.New("a person must do this in the identity provider's console")

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
	// up, or if it can't be read.
	BaseURI string

	// ByHand: SetUp and CutOver return [ErrByHand].
	ByHand bool

	// Running: the job is on. Issues say why it does nothing although it's
	// on, why it's off, and what else is wrong.
	Running bool
	Issues  []Issue

	// FirstCycle is when everybody had been pushed for the first time;
	// LastSuccess is when the newest cycle ended. HealthySince is when the
	// present run of successful cycles began. Zero if there was none, or if
	// it can't be read.
	FirstCycle   time.Time
	LastSuccess  time.Time
	HealthySince time.Time

	// Settings are those that can be read. A setting that isn't among them is
	// unknown.
	Settings []Setting
}

// Issue is something that is wrong with the identity provider's half.
type Issue struct {
	Code   IssueCode
	Reason string // what the identity provider says, in its own words
	Mend   string // the command or the page that mends it; "" if unknown
}

// String returns the code and the reason.
func (i Issue) String() string {
	if i.Reason == "" {
		return string(i.Code)
	}
	return string(i.Code) + ": " + i.Reason
}

// IssueCode is a kind of [Issue]. It's stable.
type IssueCode string

// The kinds of issues.
const (
	IssueNoJob       IssueCode = "no-job"             // nothing is set up
	IssueStopped     IssueCode = "stopped"            // the job is off, or a person paused it
	IssueQuarantined IssueCode = "quarantined"        // the identity provider slowed the job down or stopped it
	IssueCredential  IssueCode = "credential"         // the stored token is rejected
	IssueFlag        IssueCode = "compatibility-flag" // the tenant's address lacks the flag the service needs
	IssueDeletions   IssueCode = "deletions-held"     // a threshold holds deletions back
	IssueScope       IssueCode = "scope"              // nobody is in scope
	IssueFailures    IssueCode = "failures"           // some objects aren't pushed
	IssueUnread      IssueCode = "unread"             // it can't be read whether it's set up: a person must look
)

// Attempt is what an identity provider did about one user or group. Reason and
// Action are the identity provider's own words.
type Attempt struct {
	Time   time.Time `json:"time,omitzero"`
	Key    string    `json:"key,omitempty"` // the key in the roster
	ID     string    `json:"id,omitempty"`  // the SCIM ID in the tenant, if the identity provider has it
	Result Result    `json:"result,omitempty"`
	Step   Step      `json:"step,omitempty"` // the step that decided
	Code   string    `json:"code,omitempty"` // the identity provider's own code
	Reason string    `json:"reason,omitempty"`
	Action string    `json:"action,omitempty"` // what it recommends
	Mend   string    `json:"mend,omitempty"`   // the command or the page that mends it; "" if unknown
}

// Result is how an [Attempt] ended. The zero value is unknown.
type Result string

// The results.
const (
	ResultSuccess Result = "success"
	ResultSkipped Result = "skipped" // it was out of scope, or equal already
	ResultFailure Result = "failure"
	ResultPending Result = "pending" // not tried yet
)

// Step is a step of provisioning, as Microsoft Entra ID names them.
type Step string

// The steps, in order.
const (
	StepImport Step = "import" // the object is read from the identity provider
	StepMatch  Step = "match"  // it's looked for in the tenant
	StepScope  Step = "scope"  // it's decided whether it's to be pushed
	StepExport Step = "export" // it's written to the tenant
)
