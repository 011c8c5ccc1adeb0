// Package behavior is the fake's table of behaviors: what Google documents, what was seen of its
// services in public, what is inferred, and what is unknown and had to be chosen. Each refusal of
// the fake carries the ID of the row that decided it.
package behavior

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

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

// Table is every row, in the order of the page.
func Table() []Section { return slices.Concat(controlPlane, scimService) }

var rows = func() map[ID]Row {
	byID := map[ID]Row{}
	for _, section := range Table() {
		for _, row := range section.Rows {
			byID[row.ID] = row
		}
	}
	return byID
}()

// Find returns the row with this ID.
func Find(id ID) (Row, bool) {
	row, ok := rows[id]
	return row, ok
}

// Choices are the answers to open questions that differ from the fake's own. The nil map has none.
type Choices map[ID]string

// Of returns the answer in force for a row.
func (c Choices) Of(id ID) string {
	if choice, ok := c[id]; ok {
		return choice
	}
	return rows[id].Choices[0]
}

// Is reports whether this answer is in force for a row.
func (c Choices) Is(id ID, choice string) bool { return c.Of(id) == choice }

// Check refuses an answer that a row doesn't have.
func Check(id ID, choice string) error {
	row := rows[id]
	switch {
	case row.Choices == nil:
		return fmt.Errorf("no such behavior: %q", string(id))
	case !slices.Contains(row.Choices, choice):
		return fmt.Errorf("%s can't be %q: want %s", id, choice, strings.Join(row.Choices, ", "))
	}
	return nil
}

// Shuffle draws an answer for each unknown row. A seed always draws the same.
func Shuffle(seed uint64) Choices {
	r := rand.New(rand.NewPCG(seed, 0))
	drawn := Choices{}
	for _, section := range Table() {
		for _, row := range section.Rows {
			if row.Mark == U && row.Choices != nil {
				drawn[row.ID] = row.Choices[r.IntN(len(row.Choices))]
			}
		}
	}
	return drawn
}
