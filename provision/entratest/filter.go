package entratest

import (
	"fmt"
	"strings"
)

// parseFilter reads a $filter of comparisons and contains and startswith calls, joined by "and".
// Texts are compared as they are: the provisioning logs' filters are case-sensitive.
func parseFilter(text string) (func(object) bool, error) {
	var all []func(object) bool
	rest := strings.TrimSpace(text)
	for {
		term, after, err := parseTerm(rest)
		if err != nil {
			return nil, err
		}
		all = append(all, term)
		after = strings.TrimSpace(after)
		if after == "" {
			break
		}
		joined, found := strings.CutPrefix(after, "and ")
		if !found {
			return nil, fmt.Errorf("want and, found %q", clip(after))
		}
		rest = strings.TrimSpace(joined)
	}
	return func(o object) bool {
		for _, holds := range all {
			if !holds(o) {
				return false
			}
		}
		return true
	}, nil
}

func parseTerm(text string) (holds func(object) bool, rest string, err error) {
	for name, test := range map[string]func(s, part string) bool{"contains": strings.Contains, "startswith": strings.HasPrefix} {
		args, found := strings.CutPrefix(text, name+"(")
		if !found {
			continue
		}
		path, after, _ := strings.Cut(args, ",")
		value, after, err := literal(strings.TrimSpace(after))
		if err != nil {
			return nil, "", err
		}
		after, closed := strings.CutPrefix(strings.TrimSpace(after), ")")
		if !closed {
			return nil, "", fmt.Errorf("%s isn't closed", name)
		}
		path = strings.TrimSpace(path)
		return func(o object) bool { s, _ := property(o, path).(string); return test(s, value) }, after, nil
	}
	path, after, _ := strings.Cut(text, " ")
	operator, after, _ := strings.Cut(strings.TrimSpace(after), " ")
	value, after, err := literal(strings.TrimSpace(after))
	if err != nil {
		return nil, "", err
	}
	var test func(s string) bool
	switch operator {
	case "eq":
		test = func(s string) bool { return s == value }
	case "gt":
		test = func(s string) bool { return s > value }
	case "lt":
		test = func(s string) bool { return s < value }
	case "ge":
		test = func(s string) bool { return s >= value }
	case "le":
		test = func(s string) bool { return s <= value }
	default:
		return nil, "", fmt.Errorf("the operator %q isn't supported", clip(operator))
	}
	return func(o object) bool {
		v := property(o, path)
		return v != nil && test(fmt.Sprint(v))
	}, after, nil
}

// literal reads a quoted text, or a word: a number, true, a date.
func literal(text string) (value, rest string, err error) {
	quoted, isText := strings.CutPrefix(text, "'")
	if !isText {
		end := strings.IndexAny(text, " )")
		if end < 0 {
			end = len(text)
		}
		if end == 0 {
			return "", "", fmt.Errorf("a value is missing")
		}
		return text[:end], text[end:], nil
	}
	var b strings.Builder
	for {
		part, after, closed := strings.Cut(quoted, "'")
		if !closed {
			return "", "", fmt.Errorf("a text isn't closed")
		}
		b.WriteString(part)
		if quoted, closed = strings.CutPrefix(after, "'"); !closed {
			return b.String(), after, nil
		}
		b.WriteByte('\'')
	}
}
