package scimclient

import (
	"errors"
	"fmt"
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
