// Package fold compares texts without regard to case, as SCIM does for userName
// and for attribute names (RFC 7643 sections 2.1 and 4.1.1).
package fold

import (
	"strings"
	"unicode"
)

// Key returns the same text for all texts that [strings.EqualFold] takes for
// equal, and different texts for others, so that it can be the key of a map. A
// text of ASCII becomes lower case. Beyond ASCII that isn't always so: use the
// key for comparing, not for showing.
func Key(s string) string { return strings.Map(first, s) }

// first returns one rune for all that are equal without regard to case: the
// lower-case letter of ASCII if there is one, else the smallest.
func first(r rune) rune {
	smallest := r
	for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
		smallest = min(smallest, next)
	}
	if 'A' <= smallest && smallest <= 'Z' {
		smallest += 'a' - 'A'
	}
	return smallest
}
