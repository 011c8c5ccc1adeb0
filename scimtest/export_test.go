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
