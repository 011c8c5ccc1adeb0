// Package odata reads the part of OData's query options that Microsoft Graph serves for lists.
package odata

import (
	"fmt"
	"strings"
)

// Filter reads a $filter of comparisons and contains and startswith calls, joined by "and".
// Texts are compared as they are: the provisioning logs' filters are case-sensitive.
func Filter(text string) (func(map[string]any) bool, error) {
	var all []func(map[string]any) bool
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
			return nil, fmt.Errorf("want and, found %q", after[:min(len(after), 50)])
		}
		rest = strings.TrimSpace(joined)
	}
	return func(o map[string]any) bool {
		for _, holds := range all {
			if !holds(o) {
				return false
			}
		}
		return true
	}, nil
}

func parseTerm(text string) (holds func(map[string]any) bool, rest string, err error) {
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
		return func(o map[string]any) bool { s, _ := Property(o, path).(string); return test(s, value) }, after, nil
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
		return nil, "", fmt.Errorf("the operator %q isn't supported", operator[:min(len(operator), 50)])
	}
	return func(o map[string]any) bool {
		v := Property(o, path)
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

// Property finds "a/b" in a resource, or nil.
func Property(o map[string]any, path string) any {
	var v any = o
	for name := range strings.SplitSeq(path, "/") {
		inner, _ := v.(map[string]any)
		v = inner[name]
	}
	return v
}
