// Package behavior is the fake's table of behaviors: what Google documents, what was seen of its
// services in public, what is inferred, and what is unknown and had to be chosen. Each refusal of
// the fake carries the ID of the row that decided it.
package behavior

// An ID names one row of the table.
type ID string

// A Mark says how sure a row is.
type Mark string

const (
	D Mark = "D" // documented by Google
	O Mark = "O" // observed in public: traces, other clients' source
	I Mark = "I" // inferred from what is documented, or from the RFCs
	U Mark = "U" // unknown: the fake had to choose
)

// A Row is one behavior.
type Row struct {
	ID      ID
	Mark    Mark
	Text    string   // what the fake does by default
	Source  string   // a key of Sources, with a section behind it; "" if there is none
	Option  string   // the function of package scimtest that changes it; "" with Choices is WithBehavior
	Choices []string // what WithBehavior accepts, the default first; nil for none
}

// A Section is a group of rows.
type Section struct {
	Title string
	Rows  []Row
}
