package claimmap

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// maxFlag is the longest flag that is read, in bytes: more than 56 rules of
// the longest length come to.
const maxFlag = 64 << 10

// Parse reads the value of gcloud's --claim-mapping flag:
//
//	google.subject=user.emails[0].value.lowerAscii(),google.group=group.externalId
//
// Rules are separated by commas, a key ends at its first =. An expression that
// contains a comma needs another delimiter, named between two ^ in front, as
// explained by "gcloud topic escaping":
//
//	^;^google.subject=user.userName;google.group=group.displayName;google.email=user.emails.filter(e, e.type == 'work')[0].value
//
// As with gcloud, one delimiter at the end is ignored, and white space belongs
// to the key it stands next to. Unlike gcloud, which lets the last one win, a key
// that appears twice is an error.
//
// Errors are those of [New], and what is wrong with the flag itself.
func Parse(flag string) (Mapping, error) {
	if len(flag) > maxFlag {
		return Mapping{}, &Error{Issues: []Issue{{Class: ClassLimit, Message: fmt.Sprintf("%d bytes; a flag has at most %d", len(flag), maxFlag)}}}
	}
	if flag == "" {
		m := Mapping{}
		return m, &Error{Issues: append([]Issue{{Class: ClassSyntax, Message: "the flag is empty"}}, m.missing()...)}
	}
	delim, body := ",", flag
	if rest, ok := strings.CutPrefix(flag, "^"); ok {
		if d, after, ok := strings.Cut(rest, "^"); ok {
			if d == "" {
				return Mapping{}, &Error{Issues: []Issue{flagIssue(flag, 1, "no delimiter between the two ^; ^;^ makes it ;")}}
			}
			delim, body = d, after
		}
	}
	f := flagReader{flag: flag, delim: delim, at: len(flag) - len(body)}
	f.read(body)
	return build(f.rules, f.issues)
}

type flagReader struct {
	flag, delim string
	at          int // offset in bytes of the piece that is read
	rules       []rule
	issues      []Issue
}

func flagIssue(flag string, at int, message string) Issue {
	issue := Issue{Class: ClassSyntax, Expression: flag, Message: message}
	issue.Line, issue.Column = place(flag, utf8.RuneCountInString(flag[:at]))
	return issue
}

func (f *flagReader) fail(at int, format string, args ...any) {
	f.issues = append(f.issues, flagIssue(f.flag, at, fmt.Sprintf(format, args...)))
}

func (f *flagReader) read(body string) {
	if strings.HasPrefix(strings.TrimSpace(body), "{") {
		f.fail(f.at, "this looks like JSON; a flag is KEY=EXPRESSION,KEY=EXPRESSION")
		return
	}
	// gcloud adds the delimiter and splits, and so loses the end of a flag that
	// ends with a part of it.
	if closed := strings.Split(body+f.delim, f.delim); closed[len(closed)-1] != "" {
		f.fail(len(f.flag), "the flag ends with a part of the delimiter %q, which gcloud would cut off", f.delim)
	}
	pieces := strings.Split(strings.TrimSuffix(body, f.delim), f.delim)
	if len(pieces) > maxRules {
		f.issues = append(f.issues, Issue{Class: ClassLimit, Message: fmt.Sprintf("%d rules; at most %d are read", len(pieces), maxRules)})
		return
	}
	for i := 0; i < len(pieces); i++ {
		piece, at := pieces[i], f.at
		f.at += len(piece) + len(f.delim)
		// A delimiter inside brackets or quotes has cut an expression in two.
		for joined := piece; unfinished(joined) && i+1 < len(pieces) && !beginsRule(pieces[i+1]); {
			i++
			joined += f.delim + pieces[i]
			f.at += len(pieces[i]) + len(f.delim)
			if !unfinished(joined) {
				f.fail(at+len(piece), "this %q ends the rule, even inside an expression; choose a delimiter that occurs nowhere: %s", f.delim, delimited(f.flag[len(f.flag)-len(body):], f.delim))
				piece = joined
				break
			}
			if i+1 == len(pieces) || beginsRule(pieces[i+1]) { // closed nowhere: no reason to swallow the rest
				i -= strings.Count(joined[len(piece):], f.delim)
				f.at = at + len(piece) + len(f.delim)
				break
			}
		}
		f.rule(piece, at)
	}
	slices.SortStableFunc(f.rules, func(a, b rule) int { return compareKeys(a.key, b.key) })
}

func (f *flagReader) rule(piece string, at int) {
	key, expression, found := strings.Cut(piece, "=")
	switch {
	case piece == "":
		f.fail(at, "a rule is missing between two delimiters")
		return
	case key == "":
		f.fail(at, "a key is missing before =")
		return
	case !found:
		f.fail(at, "%q is no rule: KEY=EXPRESSION is needed", printable(piece))
		return
	}
	for i := range f.rules {
		if f.rules[i].key == key {
			f.issues = append(f.issues, Issue{Class: ClassDuplicateKey, Key: key,
				Message: fmt.Sprintf("mapped twice, to %s and to %s; gcloud would silently take the second", printable(f.rules[i].src), printable(expression))})
			break // both are checked
		}
	}
	f.rules = append(f.rules, rule{key: key, src: expression})
}

// beginsRule reports whether a piece is a rule rather than the rest of an
// expression that a delimiter has cut.
func beginsRule(piece string) bool {
	piece = strings.TrimSpace(piece)
	return strings.Contains(piece, "=") && (strings.HasPrefix(piece, "google.") || strings.HasPrefix(piece, attributePrefix))
}

// unfinished reports whether brackets or quotes are open at the end of a rule.
func unfinished(s string) bool {
	depth := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '(', '[', '{':
			depth++
		case ')', ']', '}':
			depth--
		case '\'', '"':
			quote := s[i]
			for i++; i < len(s) && s[i] != quote; i++ {
				if s[i] == '\\' {
					i++
				}
			}
			if i >= len(s) {
				return true
			}
		}
	}
	return depth > 0
}

// delimiters to choose from, in order of preference.
var delimiters = []string{",", ";", "|", "#", "~", "%", ":", ";;", "||", "##", "~~"}

// delimited returns the beginning of the flag with a delimiter that occurs
// nowhere in it.
func delimited(body, delim string) string {
	for _, d := range delimiters[1:] {
		if d != delim && !strings.Contains(body, d) {
			return "^" + d + "^" + printable(strings.SplitN(body, "=", 2)[0]) + "=…"
		}
	}
	return "^DELIMITER^…"
}

// String returns the mapping in the syntax [Parse] and gcloud read, with
// canonical expressions, google.subject first. Quote it for a shell. It is
// empty for the zero Mapping.
func (m Mapping) String() string {
	if m.IsZero() {
		return ""
	}
	delim := ""
	for n := 0; delim == ""; n++ {
		candidate := strings.Repeat("~", n)
		if n < len(delimiters) {
			candidate = delimiters[n]
		}
		if !slices.ContainsFunc(m.rules, func(r rule) bool {
			return strings.Contains(r.expr, candidate) || strings.HasSuffix(r.expr, candidate[:1])
		}) {
			delim = candidate
		}
	}
	var b strings.Builder
	if delim != "," {
		b.WriteString("^" + delim + "^")
	}
	for i, r := range m.rules {
		if i > 0 {
			b.WriteString(delim)
		}
		b.WriteString(r.key + "=" + r.expr)
	}
	return b.String()
}

// MarshalText returns the mapping in the syntax of [Parse], which is String; it is
// empty for the zero Mapping.
func (m Mapping) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText reads what MarshalText wrote, or any text that [Parse] reads. An
// empty text makes the zero Mapping. On error m is unchanged.
func (m *Mapping) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*m = Mapping{}
		return nil
	}
	read, err := Parse(string(text))
	if err != nil {
		return err
	}
	*m = read
	return nil
}
