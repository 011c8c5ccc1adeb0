// Package check collects what is wrong with a request before it is sent: every
// fault, in the order of the fields, each with its field and rule.
package check

import (
	"errors"
	"fmt"
	"net/url"
	"unicode/utf8"

	"github.com/iamscim/iamscim"
)

// The limits the resources share, in characters
// (iam/v1 discovery document, revision 20261023).
const (
	MaxDisplayName = 32
	MaxDescription = 256
)

// List is the faults found so far. The zero List is empty and ready.
type List struct {
	violations []iamscim.Violation
	causes     []error
}

// Add records a fault of field.
func (l *List) Add(field, format string, args ...any) {
	l.violations = append(l.violations, iamscim.Violation{Field: field, Rule: fmt.Sprintf(format, args...)})
}

// AddError records err as the fault of field, if it is one. It stays reachable
// in the error of the request.
func (l *List) AddError(field string, err error) {
	if err != nil {
		l.Add(field, "%s", err.Error())
		l.causes = append(l.causes, err)
	}
}

// Include records the faults of other.
func (l *List) Include(other List) {
	l.violations = append(l.violations, other.violations...)
	l.causes = append(l.causes, other.causes...)
}

// Required records a fault if value is empty.
func (l *List) Required(field, value string) {
	if value == "" {
		l.Add(field, "required")
	}
}

// Text records what is wrong with a text of at most maxLength characters. A text
// that is not UTF-8 would be changed on its way.
func (l *List) Text(field, value string, maxLength int) {
	if !utf8.ValidString(value) {
		l.Add(field, "must be valid UTF-8")
	} else if n := utf8.RuneCountInString(value); n > maxLength {
		l.Add(field, "must be at most %d characters, is %d", maxLength, n)
	}
}

// HTTPS records a fault if value is not an absolute https URI.
func (l *List) HTTPS(field, value string) {
	if value == "" {
		l.Add(field, "required")
		return
	}
	if u, err := url.Parse(value); err != nil || u.Scheme != "https" || u.Host == "" {
		l.Add(field, "must be an https URI")
	}
}

// Err returns the faults as one error for the call, or nil if there are none.
func (l *List) Err(op, resource string) error {
	if l.violations == nil {
		return nil
	}
	return &iamscim.Error{
		Op: op, Resource: resource, Kind: iamscim.ErrInvalidArgument,
		Violations: l.violations, Err: errors.Join(l.causes...),
	}
}
