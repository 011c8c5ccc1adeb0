package claimmap

import (
	"errors"
	"fmt"
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

// accessor names the attribute an expression of a closed set reads.
type accessor uint8

const (
	readNothing accessor = iota
	readExternalID
	readUserName
	readWorkEmail
	readDisplayName
)

// accessorOf returns what a canonical expression of a closed set reads, and
// whether it lowers it.
func accessorOf(expression string) (accessor, bool) {
	switch expression {
	case "user.externalId", "group.externalId":
		return readExternalID, false
	case "user.externalId.lowerAscii()", "group.externalId.lowerAscii()":
		return readExternalID, true
	case "user.userName":
		return readUserName, false
	case "user.userName.lowerAscii()":
		return readUserName, true
	case "user.emails[0].value":
		return readWorkEmail, false
	case "user.emails[0].value.lowerAscii()":
		return readWorkEmail, true
	case "group.displayName":
		return readDisplayName, false
	case "group.displayName.lowerAscii()":
		return readDisplayName, true
	}
	return readNothing, false
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
	switch r.read {
	case readUserName:
		value = u.UserName
	case readWorkEmail:
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
	if r.read == readDisplayName {
		value = g.DisplayName
	}
	return r.finish(value, noLimit)
}

// noLimit is longer than any value.
const noLimit = int(^uint(0) >> 1)

// finish checks the value of an attribute and lowers it, which changes neither
// its length nor whether it is UTF-8.
func (r *rule) finish(value string, most int) (string, error) {
	upper, foreign := letters(value)
	if value == "" || len(value) > most || foreign && !utf8.ValidString(value) {
		return "", r.unusable(value, most)
	}
	switch {
	case !r.lower:
	case foreign:
		return lowerASCII(value), nil
	case upper:
		return lowerPlain(value), nil
	}
	return value, nil
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
