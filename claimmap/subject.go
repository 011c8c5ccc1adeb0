package claimmap

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// What makes a value unusable; every [*ValueError] matches one of them with
// errors.Is.
var (
	// ErrEmpty: the value is null, absent or empty. The service refuses the
	// user or group with 400.
	ErrEmpty = errors.New("empty value")

	// ErrTooLong: the value is longer than the service takes.
	ErrTooLong = errors.New("value too long")

	// ErrNotUTF8: the text is not UTF-8, and so no JSON string.
	ErrNotUTF8 = errors.New("not UTF-8")

	// ErrWrongType: the value is no string where one is needed, an attribute
	// is of a type the expression cannot use, or the value is no URL where one
	// is needed.
	ErrWrongType = errors.New("wrong type")

	// ErrCostExceeded: the evaluation would take longer, or more memory, than
	// this package allows; the expression or the data are hostile or broken.
	ErrCostExceeded = errors.New("evaluation too costly")

	// ErrFailed: the evaluation failed for another reason, as a regular
	// expression that cannot be read.
	ErrFailed = errors.New("evaluation failed")

	// ErrNoRule: the mapping has no rule for the key that was asked for.
	ErrNoRule = errors.New("key is not mapped")
)

// ValueError says why a mapping yields no usable value for one identity. It
// does not hold the identity's data.
type ValueError struct {
	Key        string // "google.subject"
	Expression string // canonical; empty if there is no rule
	Err        error  // ErrEmpty, ErrTooLong, …
	Detail     string // sizes and limits, in words; may be empty
}

func (e *ValueError) Error() string {
	s := "claimmap: " + e.Key
	if e.Expression != "" {
		s += " = " + e.Expression
	}
	s += ": " + e.Err.Error()
	if e.Detail != "" {
		s += ": " + e.Detail
	}
	return s
}

// Unwrap returns Err.
func (e *ValueError) Unwrap() error { return e.Err }

// maxSubject is the longest google.subject, in bytes (srcSCIM).
const maxSubject = 127

// User has the attributes of a SCIM user that a google.subject can be mapped
// from (RFC 7643 sections 3.1 and 4.1).
type User struct {
	ExternalID string // externalId
	UserName   string // userName
	WorkEmail  string // value of the one entry of emails, which is of type work
}

// Group has the attributes of a SCIM group that a google.group can be mapped
// from (RFC 7643 sections 3.1 and 4.2).
type Group struct {
	ExternalID  string // externalId
	DisplayName string // displayName
}

// Subject returns the user's google.subject: what the token of the same person
// must yield for the two to meet. It reads the attribute directly, without an
// interpreter, and agrees with [Mapping.EvaluateUser]. Errors are
// [*ValueError]: ErrNoRule, ErrEmpty, ErrNotUTF8, and ErrTooLong above 127 bytes.
func (m Mapping) Subject(u User) (string, error) {
	if len(m.rules) == 0 || m.rules[0].key != keySubject {
		return "", &ValueError{Key: keySubject, Err: ErrNoRule}
	}
	r := &m.rules[0]
	value := u.ExternalID
	switch r.base {
	case attrUserName:
		value = u.UserName
	case attrEmail:
		value = u.WorkEmail
	}
	return r.finish(value, maxSubject)
}

// GroupValue returns the group's google.group: the VALUE of
// principalSet://iam.googleapis.com/locations/global/workforcePools/POOL/group/VALUE.
// Errors are [*ValueError]: ErrNoRule, ErrEmpty and ErrNotUTF8. No limit on the
// length is documented.
func (m Mapping) GroupValue(g Group) (string, error) {
	r := m.rule(keyGroup)
	if r == nil {
		return "", &ValueError{Key: keyGroup, Err: ErrNoRule}
	}
	value := g.ExternalID
	if r.base == groupDisplayName {
		value = g.DisplayName
	}
	return r.finish(value, noLimit)
}

// noLimit is longer than any value.
const noLimit = int(^uint(0) >> 1)

// finish checks the value of an attribute and lowers it, which changes neither
// its length nor whether it is UTF-8.
func (r *rule) finish(value string, most int) (string, error) {
	if value == "" || len(value) > most || !utf8.ValidString(value) {
		return "", r.unusable(value, most)
	}
	if r.lower {
		return lowerASCII(value), nil
	}
	return value, nil
}

// lowerASCII is CEL's lowerAscii(): A to Z become a to z, and nothing else
// changes.
func lowerASCII(s string) string {
	isUpper := func(r rune) bool { return 'A' <= r && r <= 'Z' }
	if strings.IndexFunc(s, isUpper) < 0 {
		return s
	}
	return strings.Map(func(r rune) rune {
		if isUpper(r) {
			r += 'a' - 'A'
		}
		return r
	}, s)
}

func (r *rule) unusable(value string, most int) error {
	err := &ValueError{Key: r.key, Expression: r.expr, Err: ErrNotUTF8}
	switch {
	case value == "":
		err.Err = ErrEmpty
	case len(value) > most:
		err.Err, err.Detail = ErrTooLong, fmt.Sprintf("%d bytes, at most %d are allowed", len(value), most)
	}
	return err
}
