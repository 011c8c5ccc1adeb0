// Package visible shows texts that come from directories and services, where anybody
// may have written them.
package visible

import (
	"fmt"
	"strings"
	"unicode"
)

// Text replaces what a terminal or a reader would obey instead of show: control
// characters, and those that change the direction of text or can't be seen.
func Text(s string) string {
	odd := func(r rune) bool { return r == unicode.ReplacementChar || !unicode.IsPrint(r) }
	if strings.IndexFunc(s, odd) < 0 {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if odd(r) {
			fmt.Fprintf(&b, `\u{%X}`, r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}
