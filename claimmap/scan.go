package claimmap

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits on an expression that is read at all, whatever it says. A claim
// mapping's own limits are narrower and are checked on the canonical text.
const (
	// maxInput is the longest expression, in characters, that the attribute
	// mapping of a provider may hold; nothing longer is parsed.
	maxInput = 2048

	// maxNesting bounds brackets within brackets. No documented expression
	// nests deeper than two.
	maxNesting = 24
)

// fault is a problem at a place of one expression. at counts characters.
type fault struct {
	at      int
	class   Class
	message string
	node    *node // of the type checker's faults, if it is known
}

// scan refuses what must not reach the parser: texts that are too long or too
// deeply nested, and characters that CEL has no use for outside strings, above
// all letters that only look right.
func scan(expression string) []fault {
	if n := utf8.RuneCountInString(expression); n > maxInput {
		return []fault{{class: ClassLimit, message: fmt.Sprintf("%d characters; an expression has at most %d", n, maxInput)}}
	}
	if !utf8.ValidString(expression) {
		return []fault{{at: invalidAt(expression), class: ClassSyntax, message: "not UTF-8"}}
	}
	var faults []fault
	runes := []rune(expression)
	depth, tooDeep, blank := 0, false, true
	for i := 0; i < len(runes); {
		r := runes[i]
		if r != ' ' && r != '\t' && r != '\n' && r != '\r' && r != '\f' {
			blank = false
		}
		switch {
		case r == '\'' || r == '"':
			raw := i > 0 && (runes[i-1] == 'r' || runes[i-1] == 'R')
			i = skipString(runes, i, raw)
			continue
		case r == '/' && i+1 < len(runes) && runes[i+1] == '/':
			for i < len(runes) && runes[i] != '\n' {
				i++
			}
			continue
		case r == '(' || r == '[' || r == '{':
			if depth++; depth > maxNesting && !tooDeep {
				tooDeep = true
				faults = append(faults, fault{at: i, class: ClassLimit, message: fmt.Sprintf("brackets nested more than %d deep", maxNesting)})
			}
		case r == ')' || r == ']' || r == '}':
			depth--
		case r > '~' || r < ' ' && r != '\t' && r != '\n' && r != '\r' && r != '\f':
			faults = append(faults, fault{at: i, class: ClassSyntax, message: foreignCharacter(r)})
		}
		i++
	}
	if blank {
		faults = append(faults, fault{class: ClassSyntax, message: "the expression is empty"})
	}
	return faults
}

// skipString returns the index after the string literal with its quote at i,
// or the end of the text if nothing closes it (the parser says so).
func skipString(runes []rune, i int, raw bool) int {
	quote := runes[i]
	triple := i+2 < len(runes) && runes[i+1] == quote && runes[i+2] == quote
	if triple {
		i += 2
	}
	for i++; i < len(runes); i++ {
		switch {
		case runes[i] == '\\' && !raw:
			i++
		case runes[i] != quote:
		case !triple:
			return i + 1
		case i+2 < len(runes) && runes[i+1] == quote && runes[i+2] == quote:
			return i + 3
		}
	}
	return len(runes)
}

// foreignCharacter says what is wrong with a character that CEL has no use for
// outside a string.
func foreignCharacter(r rune) string {
	switch {
	case r < ' ' || r == 0x7f:
		return fmt.Sprintf("control character U+%04X", r)
	case unicode.IsSpace(r):
		return fmt.Sprintf("U+%04X is a space that CEL does not know; type a plain one", r)
	case !unicode.IsPrint(r):
		return fmt.Sprintf("invisible character U+%04X", r)
	}
	return fmt.Sprintf("%c (U+%04X) is not an ASCII character; type it again", r, r)
}

// firstForeign returns the first character of s that is not printable ASCII.
func firstForeign(s string) (r rune, ok bool) {
	i := strings.IndexFunc(s, func(r rune) bool { return r < ' ' || r > '~' })
	if i < 0 {
		return 0, false
	}
	r, _ = utf8.DecodeRuneInString(s[i:])
	return r, true
}

// invalidAt returns the offset in characters of the first byte that is not UTF-8.
func invalidAt(s string) int {
	at := 0
	for len(s) > 0 {
		r, size := utf8.DecodeRuneInString(s)
		if r == utf8.RuneError && size == 1 {
			return at
		}
		s, at = s[size:], at+1
	}
	return at
}

// lineOffsets returns the offset in characters at which each line begins.
func lineOffsets(s string) []int {
	offsets, i := []int{0}, 0
	for _, r := range s {
		i++
		if r == '\n' {
			offsets = append(offsets, i)
		}
	}
	return offsets
}
