package claimmap

import (
	"regexp"
	"strings"
)

var (
	expectedTokens = regexp.MustCompile(`(?s)^(?:mismatched|extraneous) input (.+) expecting (\{.*\}|.+)$`)
	endOfInput     = "'<EOF>'"
	notCEL         = " is not CEL"
)

// syntaxMessage says in words what the parser generator says with its list of
// every token that could have followed.
func syntaxMessage(m string) string {
	m = strings.TrimPrefix(m, "Syntax error: ")
	switch m {
	case "argument is not an identifier", "argument must be a simple name":
		return "the first argument of a macro is the name of a variable"
	case "invalid argument to has() macro":
		return "has() takes a selected attribute, as has(user.displayName)"
	}
	if match := expectedTokens.FindStringSubmatch(m); match != nil {
		if match[1] == endOfInput || match[1] == "<EOF>" {
			if strings.HasPrefix(match[2], "{") {
				return "the expression ends where an operand is missing"
			}
			return "the expression ends where " + match[2] + " is missing"
		}
		if strings.HasPrefix(match[2], "{") {
			return "unexpected " + match[1]
		}
		if match[2] == "<EOF>" {
			return "unexpected " + match[1] + " after the end of the expression"
		}
		return "unexpected " + match[1] + " where " + match[2] + " belongs"
	}
	if rest, ok := strings.CutPrefix(m, "token recognition error at: "); ok {
		return rest + notCEL
	}
	if rest, ok := strings.CutPrefix(m, "no viable alternative at input "); ok {
		return "cannot make sense of " + rest
	}
	return strings.ReplaceAll(m, "'<EOF>'", "the end of the expression")
}
