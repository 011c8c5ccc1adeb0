package scimclient

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"unicode/utf8"
)

// escapeID makes one path segment of an id. It is the only way ids get into a
// path. Ids that a server or a proxy could read as a step to another path are
// refused, as nothing can make them safe: dots are not escaped by anybody, and
// an escaped slash is undone by many.
func escapeID(id string) (string, error) {
	if id == "" {
		return "", errors.New("the id is empty")
	}
	if err := checkText(id); err != nil {
		return "", fmt.Errorf("the id %w", err)
	}
	for segment := range strings.FieldsFuncSeq(id, func(r rune) bool { return r == '/' || r == '\\' }) {
		if segment == "." || segment == ".." {
			return "", fmt.Errorf("the id %q leads to another path", id)
		}
	}
	return url.PathEscape(id), nil
}

// checkText refuses what has no place in an id or a path: text that is not
// UTF-8, and control characters that JSON strings have to escape.
func checkText(s string) error {
	if !utf8.ValidString(s) {
		return errors.New("is not UTF-8")
	}
	if strings.ContainsFunc(s, func(r rune) bool { return r < ' ' }) {
		return errors.New("contains control characters")
	}
	return nil
}

// quote makes a filter value of s: a JSON string (RFC 7644 section 3.4.2.2). It
// is the only way values get into a filter or into the path of a patch.
func quote(s string) (string, error) {
	if !utf8.ValidString(s) {
		// encoding/json would replace what is not UTF-8 and so ask for
		// another value.
		return "", errors.New("the value is not UTF-8")
	}
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		return "", err
	}
	return strings.TrimSuffix(b.String(), "\n"), nil
}

// isAttribute reports whether name is an attribute path of RFC 7644 section
// 3.4.2.2: [URN ":"] attribute ["." sub-attribute].
func isAttribute(name string) bool {
	urn, rest := "", name
	if i := strings.LastIndexByte(name, ':'); i >= 0 {
		urn, rest = name[:i], name[i+1:]
		if len(urn) < 5 || !strings.EqualFold(urn[:4], "urn:") || strings.ContainsFunc(urn, notURN) {
			return false
		}
	}
	attr, sub, dotted := strings.Cut(rest, ".")
	return isName(attr) && (!dotted || isName(sub))
}

// isName: ATTRNAME, and $ref, which RFC 7643 section 2.1 has and that grammar
// forgot.
func isName(s string) bool {
	s = strings.TrimPrefix(s, "$")
	for i, r := range s {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		if !letter && (i == 0 || r != '-' && r != '_' && (r < '0' || r > '9')) {
			return false
		}
	}
	return s != ""
}

// notURN reports characters that no URN has (RFC 8141 section 2).
func notURN(r rune) bool {
	switch {
	case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
		return false
	}
	return !strings.ContainsRune("-._~:%+=@!$&'()*,;/", r)
}
