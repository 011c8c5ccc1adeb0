package scimclient

import (
	"errors"
	"fmt"
)

// Filter selects resources (RFC 7644 section 3.4.2.2). It is made by [Eq], joined
// by [Filter.And], and can so express exactly what the service supports: "eq"
// and "and". The zero Filter selects everything. Filters are comparable.
//
// The service documents userName, displayName, and id with members. Others,
// externalId among them, it may refuse.
type Filter struct {
	text string
	raw  bool   // may hold "or", so it is bracketed before it is joined
	bad  string // why it cannot be sent
}

// Eq selects resources whose attribute equals value:
//
//	Eq("userName", "bjensen@example.com")  // userName eq "bjensen@example.com"
//
// The value is quoted as JSON, whatever is in it. How case counts is up to the
// attribute: not for userName and displayName, for id and externalId it does.
// An attribute that is none, or a value that is not UTF-8, is an error of the
// call the filter is used in; nothing is sent.
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

// And selects what f and all others select. The zero Filter changes nothing.
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

// RawFilter is a filter in the words of RFC 7644, for servers that support more
// than this one does. It is sent as it is: put nothing into it that came from
// somewhere else.
func RawFilter(text string) Filter {
	if text == "" {
		return Filter{bad: "filter: a raw filter is empty"}
	}
	if err := checkText(text); err != nil {
		return Filter{bad: "filter: a raw filter " + err.Error()}
	}
	return Filter{text: text, raw: true}
}

// String returns the filter as it is sent. It holds the values, and so perhaps
// names.
func (f Filter) String() string { return f.text }

func (f Filter) err() error {
	if f.bad != "" {
		return errors.New(f.bad)
	}
	return nil
}
