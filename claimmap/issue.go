package claimmap

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"
)

// ErrInvalid matches, with errors.Is, every [*Error]: a claim mapping that must
// not be sent.
var ErrInvalid = errors.New("invalid claim mapping")

// Class says of what kind an [Issue] is.
type Class string

// Classes of problems, found by [Parse], [New] and [Mapping.Validate].
const (
	ClassSyntax       Class = "syntax"        // the flag or the expression cannot be read
	ClassUnknownKey   Class = "unknown key"   // no such key in a claim mapping
	ClassDuplicateKey Class = "duplicate key" // two rules for one key
	ClassMissingKey   Class = "missing key"   // google.subject or google.group is not mapped
	ClassUnsupported  Class = "unsupported"   // CEL, but not what the key takes
	ClassType         Class = "type"          // the types do not fit, or the result is no string
	ClassLimit        Class = "limit"         // too long, too deep, too many
	ClassUsage        Class = "usage"         // the SCIM usage itself is not valid
)

// Classes of warnings, found by [Mapping.Lint].
const (
	ClassIgnored       Class = "ignored"       // legal, and not evaluated under this usage
	ClassUndocumented  Class = "undocumented"  // not, or not yet, on every page of Google's; the service may refuse it
	ClassContradiction Class = "contradiction" // Google's pages contradict each other
	ClassAdvice        Class = "advice"        // Google's pages advise the opposite of each other
	ClassConnector     Class = "connector"     // some consumers of the value don't work with it
	ClassRisk          Class = "risk"          // legal and dangerous
)

// Issue is one problem of a claim mapping, or one warning.
type Issue struct {
	Class Class
	Key   string // the key of the rule; empty for the mapping as a whole

	// Expression is the text that Line and Column point into: the rule's
	// expression as it was written, or the whole flag where Key is empty.
	Expression string

	// Line and Column begin at 1 and count characters. Both are 0 for an issue
	// without a place, such as a missing key.
	Line, Column int

	Message   string
	Supported []string // what the key takes instead; nil if that is no list
	Nearest   string   // the member of Supported, or the key, most likely meant; may be empty
}

// String returns the issue in several lines: key, place and message, then the
// line of the expression with a caret below the place, then what is supported.
func (i Issue) String() string {
	var b strings.Builder
	if i.Key != "" {
		b.WriteString(shownKey(i.Key) + ": ")
	}
	if i.Line > 0 {
		fmt.Fprintf(&b, "%d:%d: ", i.Line, i.Column)
	}
	b.WriteString(i.Message)
	if i.Line > 0 {
		b.WriteString(snippet(i.Expression, i.Line, i.Column))
	}
	if len(i.Supported) > 0 {
		b.WriteString("\n    supported: " + strings.Join(i.Supported, ", "))
	}
	if i.Nearest != "" {
		b.WriteString("\n    nearest: " + i.Nearest)
	}
	return b.String()
}

// Error is everything that is wrong with a claim mapping, in a stable order:
// first what concerns the mapping as a whole, then by key as the keys are
// printed, then by place.
type Error struct {
	Issues []Issue
}

// Error returns all issues, one after the other.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("claimmap: invalid claim mapping")
	if n := len(e.Issues); n != 1 {
		fmt.Fprintf(&b, ", %d problems", n)
	}
	b.WriteString(":")
	for _, issue := range e.Issues {
		b.WriteString("\n  " + strings.ReplaceAll(issue.String(), "\n", "\n  "))
	}
	return b.String()
}

// Is reports whether target is [ErrInvalid].
func (e *Error) Is(target error) bool { return target == ErrInvalid }

// snippetWidth bounds the part of a line that is shown around a place.
const snippetWidth = 100

// snippet returns the line of text with a caret below the column, cut to a
// window where the line is long. Every character is one column wide: tabs
// become spaces, what cannot be seen becomes U+FFFD.
func snippet(text string, line, column int) string {
	offsets := lineOffsets(text)
	if line > len(offsets) {
		return ""
	}
	runes := []rune(text)[offsets[line-1]:]
	for i, r := range runes {
		if r == '\n' {
			runes = runes[:i]
			break
		}
	}
	column = min(column, len(runes)+1)
	from, to := 0, len(runes)
	if to > snippetWidth {
		from = min(max(0, column-1-snippetWidth/2), to-snippetWidth)
		to = from + snippetWidth
	}
	shown := visible(runes[from:to])
	pad := column - 1 - from
	if from > 0 {
		shown, pad = "…"+shown, pad+1
	}
	if to < len(runes) {
		shown += "…"
	}
	return "\n    " + shown + "\n    " + strings.Repeat(" ", pad) + "^"
}

// visible returns the characters one column wide each.
func visible(runes []rune) string {
	shown := make([]rune, len(runes))
	for i, r := range runes {
		switch {
		case unicode.IsSpace(r):
			r = ' '
		case !unicode.IsPrint(r):
			r = '\ufffd'
		}
		shown[i] = r
	}
	return string(shown)
}

// printable shortens and cleans a text for a message of one line.
func printable(s string) string {
	const maxShown = 60
	runes := []rune(s)
	if len(runes) > maxShown {
		return visible(runes[:maxShown]) + "…"
	}
	return visible(runes)
}

// shownKey returns a key for a message, in quotes if it is not what keys look like.
func shownKey(key string) string {
	for _, r := range key {
		if r != '.' && r != '_' && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') {
			return strconv.QuoteToASCII(printableKey(key))
		}
	}
	return printable(key)
}

func printableKey(key string) string {
	if runes := []rune(key); len(runes) > 60 {
		return string(runes[:60])
	}
	return key
}

// place turns an offset in characters into line and column.
func place(text string, at int) (line, column int) {
	line, column = 1, 1
	for _, r := range text {
		if at == 0 {
			break
		}
		at--
		if column++; r == '\n' {
			line, column = line+1, 1
		}
	}
	return line, column
}
