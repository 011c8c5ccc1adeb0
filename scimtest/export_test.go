package scimtest

import (
	"slices"

	"github.com/iamscim/iamscim/scimtest/internal/behavior"
	"github.com/iamscim/iamscim/scimtest/internal/cloud"
)

// Choices are the answers of every row with more than one, the default first.
func Choices() map[Behavior][]string {
	choices := map[Behavior][]string{}
	for _, section := range behavior.Table() {
		for _, row := range section.Rows {
			if row.Choices != nil {
				choices[Behavior(row.ID)] = slices.Clone(row.Choices)
			}
		}
	}
	return choices
}

// MarkOf is the mark of a row.
func MarkOf(b Behavior) string {
	row, _ := behavior.Find(behavior.ID(b))
	return string(row.Mark)
}

// Permission is what a route needs.
func Permission(want Route) string {
	for _, r := range cloud.Routes() {
		if r.Method == want.Method && r.Path == want.Path {
			return r.Permission
		}
	}
	return ""
}

// Enums are the values of the enumerations, by message and field.
func Enums() map[string]map[string][]string { return cloud.Enums() }
