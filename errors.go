package iamscim

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
)

// What callers branch on, with errors.Is. The packages of the resources add
// sentinels for what only they know.
var (
	// ErrInvalidArgument: a value breaks a rule of the API. Found before
	// anything was sent ([Error.Attempts] is 0) or said by the service
	// (400 INVALID_ARGUMENT); [Error.Violations] has the fields.
	ErrInvalidArgument = errors.New("invalid argument")

	// ErrNothingToUpdate: an update request sets no field. Nothing was sent.
	ErrNothingToUpdate = errors.New("nothing to update")

	// ErrFailedPrecondition: the state of the resource forbids the call
	// (400 FAILED_PRECONDITION), as an update of a deleted one.
	ErrFailedPrecondition = errors.New("failed precondition")

	// ErrNotFound: no such resource, or the caller may not know (404).
	ErrNotFound = errors.New("not found")

	// ErrAlreadyExists: the ID is taken, perhaps by a soft-deleted resource,
	// which keeps it for 30 days (409 ALREADY_EXISTS).
	ErrAlreadyExists = errors.New("already exists")

	// ErrAborted: somebody else changed the resource at the same time and
	// repeating the whole read-modify-write did not help in time (409
	// ABORTED).
	ErrAborted = errors.New("aborted by a concurrent change")

	// ErrUnauthenticated: no credentials, or none the service accepts (401).
	ErrUnauthenticated = errors.New("unauthenticated")

	// ErrPermissionDenied: the caller lacks a permission, or the resource
	// does not exist and the caller may not know (403).
	ErrPermissionDenied = errors.New("permission denied")

	// ErrThrottled: a quota is used up, and was until the retries ended (429).
	ErrThrottled = errors.New("throttled")

	// ErrUnavailable: the service could not be reached or failed (5xx), and
	// did until the retries ended.
	ErrUnavailable = errors.New("unavailable")

	// ErrRedirected: the service answered with a redirect (3xx), which no
	// client of this module follows: it would carry credentials elsewhere.
	// After a change the resource is read, once, to see whether the change was
	// made; where that fails too the error is ErrOutcomeUnknown as well.
	ErrRedirected = errors.New("redirected")

	// ErrBadReply: the reply is not what the API describes: not JSON, cut,
	// too long, without the resource's name, or about another resource.
	ErrBadReply = errors.New("bad reply")

	// ErrOutcomeUnknown: a change was sent, its reply was lost or unusable,
	// and reading could not settle whether it was made. The message says
	// what to look at.
	ErrOutcomeUnknown = errors.New("outcome unknown")

	// ErrNotVisible: the change was made, the service said so, but reads did
	// not show it before the policy's replication window or ctx ended. Get the
	// resource later; making the change again is of no use.
	ErrNotVisible = errors.New("made but not visible yet")

	// ErrOperationFailed: a long-running operation ended with an error.
	ErrOperationFailed = errors.New("operation failed")
)

// Violation is one broken rule: the field, named as in the request type or
// the API, and the rule in words.
type Violation struct {
	Field string
	Rule  string
}

// String returns "field: rule".
func (v Violation) String() string {
	if v.Field == "" {
		return v.Rule
	}
	return v.Field + ": " + v.Rule
}

// Error is the error of the control-plane clients. errors.Is finds the
// sentinel in Kind and whatever Err wraps. Where the service answered, errors.As
// finds its *googleapi.Error, with details and headers.
type Error struct {
	// Op is the package and the method: "scimtenant: create".
	Op string

	// Resource is the full name of what the call was about.
	Resource string

	// Kind is the sentinel of the package iamscim or of the resource's
	// package that fits, or nil.
	Kind error

	// Status is the HTTP status of the service's last answer, 0 if there was
	// none.
	Status int

	// Detail is what the service said with Status, on one line and at most
	// 300 bytes. It is empty if the answer had no text.
	Detail string

	// Violations are all broken rules, in the order of the request's fields.
	Violations []Violation

	// Differs says for an ErrAlreadyExists in what the resource that is there differs
	// from the one that was asked for, a field each. It is empty if they are equal.
	Differs []string

	// Remedy is what to do next, a clause without a full stop, or "".
	Remedy string

	// Attempts counts the attempts made by the client. net/http may itself
	// have repeated a GET on a connection that broke. 0: nothing was sent.
	Attempts int

	// Err is the cause, or nil. Violations found beforehand repeat its text.
	Err error
}

// Error returns "op resource: what happened; what to do". What the service
// said is Detail, with Status.
func (e *Error) Error() string {
	if e == nil {
		return "iamscim: no error"
	}
	var b strings.Builder
	b.WriteString(cmp.Or(e.Op, "iamscim"))
	if e.Resource != "" {
		b.WriteByte(' ')
		b.WriteString(e.Resource)
	}
	b.WriteString(": ")
	b.WriteString(e.what())
	if e.Attempts > 1 {
		fmt.Fprintf(&b, " (after %d attempts)", e.Attempts)
	}
	if e.Remedy != "" {
		b.WriteString("; ")
		b.WriteString(e.Remedy)
	}
	return b.String()
}

// what is the middle of the message: what the service said, else the cause,
// then the broken rules.
func (e *Error) what() string {
	var parts []string
	if e.Kind != nil {
		parts = append(parts, e.Kind.Error())
	}
	var inner *Error // has words of its own for what the service said
	switch {
	case errors.As(e.Err, &inner):
		parts = append(parts, e.Err.Error())
	case e.Status != 0:
		parts = append(parts, e.answer())
		if errors.Is(e.Err, context.Canceled) || errors.Is(e.Err, context.DeadlineExceeded) {
			parts = append(parts, "then the context ended")
		}
	case e.Err != nil && len(e.Violations) == 0:
		parts = append(parts, e.Err.Error())
	}
	for _, v := range e.Violations {
		parts = append(parts, v.String())
	}
	if len(e.Differs) > 0 {
		parts = append(parts, "it differs in "+strings.Join(e.Differs, ", "))
	}
	if parts == nil {
		return "failed"
	}
	if len(parts) == 1 {
		return parts[0]
	}
	return parts[0] + ": " + strings.Join(parts[1:], "; ")
}

// answer is what the service said and its status.
func (e *Error) answer() string {
	if e.Detail == "" {
		return fmt.Sprintf("HTTP %d without a text", e.Status)
	}
	return fmt.Sprintf("%s (HTTP %d)", e.Detail, e.Status)
}

// Unwrap returns the sentinel and the cause.
func (e *Error) Unwrap() []error {
	if e == nil {
		return nil
	}
	errs := make([]error, 0, 2)
	if e.Kind != nil {
		errs = append(errs, e.Kind)
	}
	if e.Err != nil {
		errs = append(errs, e.Err)
	}
	return errs
}
