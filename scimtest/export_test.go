package scimtest

import "maps"

// Choices are the values of every behaviour, the default first.
func Choices() map[Behavior][]string { return maps.Clone(choices) }
