package scimtest

import "maps"

// Choices are the values of every behaviour, the default first.
func Choices() map[Behavior][]string { return maps.Clone(choices) }

// Permission is what a route needs.
func Permission(want Route) string {
	for _, r := range routes {
		if r.Route == want {
			return r.permission
		}
	}
	return ""
}

// Enums are the values of the enumerations, by message and field.
func Enums() map[string]map[string][]string {
	named := make(map[string]map[string][]string)
	for t, fields := range enums {
		named[t.Name()] = fields
	}
	return named
}
