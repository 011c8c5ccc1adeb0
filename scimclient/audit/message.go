package audit

import (
	"time"
)

// Version is the version of the stream of messages. Readers refuse another.
const Version = "iamscim-audit/v1"

// Message is one message of an audit. Exactly one field is set.
//
// The first message is Config. Progress and Finding follow in any number. The
// last is Result, or Failure if the audit ended early. The stream is valid
// without the Progress messages. Its form on disk is one JSON object per line.
type Message struct {
	Config   *Config   `json:"config,omitempty"`
	Progress *Progress `json:"progress,omitempty"`
	Finding  *Finding  `json:"finding,omitempty"`
	Result   *Result   `json:"result,omitempty"`
	Failure  *Failure  `json:"failure,omitempty"`
}

// Config is what an audit works with.
type Config struct {
	Version      string    `json:"version"` // Version
	TenantUID    string    `json:"tenantUID"`
	ClaimMapping string    `json:"claimMapping"`
	RosterDigest string    `json:"rosterDigest"`
	Roster       Counts    `json:"roster"`
	PerMinute    int       `json:"requestsPerMinute"`
	Settle       string    `json:"settle"` // a Go duration
	Sample       *Sample   `json:"sample,omitempty"`
	Waived       []string  `json:"waived,omitempty"` // guards, as "users=312"
	Started      time.Time `json:"started"`
	Resumed      bool      `json:"resumed,omitempty"`
}

// Progress is how far an audit is.
type Progress struct {
	Checked  int     `json:"checked"`
	Total    int     `json:"total"`
	Waiting  int     `json:"waiting"` // to be read again
	Findings int     `json:"findings"`
	Requests int     `json:"requests"`
	Rate     float64 `json:"requestsPerSecond"`

	// Remaining is an estimate: 0 until there is one.
	Remaining time.Duration `json:"remainingNanoseconds"`
}

// Failure is why an audit ended early. Its findings are valid.
type Failure struct {
	Error string `json:"error"`

	// Checkpoint is the file to resume from, if there is one.
	Checkpoint string `json:"checkpoint,omitempty"`
}
