package behavior

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// Table is every row, in the order of the page.
func Table() []Section { return slices.Concat(controlPlane, secretManager, scimService) }

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
