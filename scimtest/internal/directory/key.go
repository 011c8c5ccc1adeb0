package directory

import (
	"iter"
	"strings"

	"github.com/iamscim/iamscim/scimtest/internal/wire"
)

// indexKey says what of a resource an index holds.
type indexKey struct {
	attribute string
	sub       string // of a multi-valued attribute, "" for a simple one
	first     bool   // of a multi-valued attribute the first element only
	fold      func(string) string
}

func exactCase(s string) string { return s }

// userKeys and groupKeys are what users and groups are found by without
// looking at each of them. Case rules: RFC 7643 section 8.7.1.
var (
	userKeys = []indexKey{
		{attribute: "userName", fold: foldCase},
		{attribute: "externalId", fold: exactCase},
		{attribute: "displayName", fold: foldCase},
		{attribute: "emails", sub: "value", fold: foldCase},
	}
	groupKeys = []indexKey{
		{attribute: "displayName", fold: foldCase},
		{attribute: "externalId", fold: exactCase},
	}
)

// of yields the keys of a resource.
func (k indexKey) of(o *wire.Object) iter.Seq[string] {
	return func(yield func(string) bool) {
		v := o.Get(k.attribute)
		if k.sub == "" {
			if s, ok := v.(string); ok {
				yield(k.fold(s))
			}
			return
		}
		list, _ := v.([]any)
		for _, e := range list {
			element, _ := e.(*wire.Object)
			if element != nil {
				if s, ok := element.Get(k.sub).(string); ok && !yield(k.fold(s)) {
					return
				}
			}
			if k.first {
				return
			}
		}
	}
}

// value is the only key of a resource, "" if it has none.
func (k indexKey) value(o *wire.Object) string {
	for s := range k.of(o) {
		return s
	}
	return ""
}

// mappedKeys are the expressions a claim mapping may have for google.subject
// and google.group: these and no other, each with .lowerAscii() or without
// (https://docs.cloud.google.com/iam/docs/workforce-identity-federation-scim).
var mappedKeys = map[string]map[string]indexKey{
	"google.subject": {
		"user.externalId":      {attribute: "externalId"},
		"user.userName":        {attribute: "userName"},
		"user.emails[0].value": {attribute: "emails", sub: "value", first: true},
	},
	"google.group": {
		"group.externalId":  {attribute: "externalId"},
		"group.displayName": {attribute: "displayName"},
	},
}

// MappedExpressions are the rules of claim mappings that the directory evaluates: "KEY=EXPRESSION".
func MappedExpressions() []string {
	var list []string
	for google, expressions := range mappedKeys {
		for e := range expressions {
			list = append(list, google+"="+e, google+"="+e+".lowerAscii()")
		}
	}
	return list
}

// mappedKey reads the expression a claim mapping has for a Google attribute.
func mappedKey(mapping map[string]string, google string) (indexKey, bool) {
	expression, lower := strings.CutSuffix(strings.TrimSpace(mapping[google]), ".lowerAscii()")
	k, ok := mappedKeys[google][expression]
	k.fold = exactCase
	if lower {
		k.fold = lowerASCII
	}
	return k, ok
}

// lowerASCII is CEL's lowerAscii: letters beyond ASCII stay as they are.
func lowerASCII(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}

// String names the key in messages.
func (k indexKey) String() string {
	switch {
	case k.first:
		return k.attribute + "[0]." + k.sub
	case k.sub != "":
		return k.attribute + "." + k.sub
	}
	return k.attribute
}
