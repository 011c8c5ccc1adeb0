package scimclient

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"unicode/utf8"
)

// Filter selects resources (RFC 7644 section 3.4.2.2). [Eq] makes one and
// [Filter.And] joins several, which is all that Google's service supports. The zero
// Filter selects everything. Filters are comparable.
//
// Google documents filters on userName, on displayName, and on id with members. The
// service may refuse others, externalId among them.
type Filter struct {
	text string
	raw  bool   // may hold "or", so it is bracketed before it is joined
	bad  string // why it cannot be sent
}

// Eq selects the resources in which attribute equals value:
//
//	Eq("userName", "bjensen@example.com")  // userName eq "bjensen@example.com"
//
// The value is quoted as JSON, whatever it has in it. Case doesn't matter in userName
// and displayName. It matters in id and externalId. If the attribute isn't one, or
// the value isn't UTF-8, the call that uses the filter fails and sends nothing.
func Eq(attribute, value string) Filter {
	if !isAttribute(attribute) {
		return Filter{bad: fmt.Sprintf("filter: %q is not an attribute", attribute)}
	}
	quoted, err := quote(value)
	if err != nil {
		return Filter{bad: "filter: " + attribute + ": " + err.Error()}
	}
	return Filter{text: attribute + " eq " + quoted}
}

// And selects what f and all others select.
func (f Filter) And(others ...Filter) Filter {
	for _, g := range others {
		switch {
		case f.bad != "":
			return f
		case g.bad != "":
			return g
		case f.text == "":
			f = g
		case g.text != "":
			f = Filter{text: f.operand() + " and " + g.operand()}
		}
	}
	return f
}

func (f Filter) operand() string {
	if f.raw {
		return "(" + f.text + ")"
	}
	return f.text
}

// RawFilter is a filter in the grammar of RFC 7644, for servers that support more
// than Google's. It's sent as it is: put nothing into it that comes from elsewhere.
func RawFilter(text string) Filter {
	if text == "" {
		return Filter{bad: "filter: a raw filter is empty"}
	}
	if err := checkText(text); err != nil {
		return Filter{bad: "filter: a raw filter " + err.Error()}
	}
	return Filter{text: text, raw: true}
}

// String returns the filter as it's sent. It has the values, which may be names.
func (f Filter) String() string { return f.text }

func (f Filter) err() error {
	if f.bad != "" {
		return errors.New(f.bad)
	}
	return nil
}

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
