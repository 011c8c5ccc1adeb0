package claimmap

import (
	"errors"
	"strings"
)

var errTemplate = errors.New("a template of extract holds one {identifier}")

// extract is the function of the same name of IAM conditions
// (https://docs.cloud.google.com/iam/docs/conditions-attribute-reference#extract),
// shown in attribute mappings of workload identity federation and not, so far,
// of workforce identity federation. The template is an optional prefix, an
// identifier in braces, and an optional suffix:
//
//	extract("a/b/c", "a/{x}/c") // "b"
//	extract("a/b/c", "{x}/c")   // "a/b", the text before the suffix
//	extract("a/b/c", "b/{x}")   // "c", the text after the prefix
//	extract("a/b/c", "{x}")     // "a/b/c"
//	extract("a/b/c", "d/{x}")   // "", as for everything not found
//	extract("a/b/c", "a/b/c")   // an error
func extract(s, template string) (string, error) {
	prefix, rest, ok := strings.Cut(template, "{")
	name, suffix, closed := strings.Cut(rest, "}")
	if !ok || !closed || name == "" || strings.ContainsAny(prefix+suffix, "{}") || !isWord(name) {
		return "", errTemplate
	}
	if prefix != "" {
		if _, s, ok = strings.Cut(s, prefix); !ok {
			return "", nil
		}
	}
	if suffix != "" {
		if s, _, ok = strings.Cut(s, suffix); !ok {
			return "", nil
		}
	}
	return s, nil
}

func isWord(s string) bool {
	for _, r := range s {
		if r != '_' && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') {
			return false
		}
	}
	return true
}
