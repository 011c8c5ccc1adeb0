// Package behavior is the fake's table of behaviors: what Google documents, what was seen of
// its services in public, what is inferred, and what is unknown and had to be chosen.
package behavior

// An ID names one row of the table.
type ID string

// Choices are the answers to open questions that differ from the fake's own. The nil map has none.
type Choices map[ID]string

// Of returns the answer in force for a row.
func (c Choices) Of(id ID) string {
	if choice, ok := c[id]; ok {
		return choice
	}
	return Options[id][0]
}
