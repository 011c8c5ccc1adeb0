package scimclient

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/iamscim/iamscim"
)

// Use errors.Is with these sentinels. Some are a case of one of package iamscim, and
// errors.Is finds both: ErrTokenRejected is also [iamscim.ErrUnauthenticated]. Other
// errors are [iamscim.ErrInvalidArgument], [iamscim.ErrUnauthenticated],
// [iamscim.ErrUnavailable], [iamscim.ErrRedirected], [iamscim.ErrBadReply] or
// [iamscim.ErrOutcomeUnknown].
var (
	// ErrTokenRejected: the service doesn't accept the token (401).
	ErrTokenRejected error = &kind{"token rejected", iamscim.ErrUnauthenticated}

	// ErrNotSyncer: the token is valid, but the tenant's service agent doesn't
	// have roles/iam.scimSyncer on the organization (403). Google's
	// troubleshooting page names an expired token as another cause.
	ErrNotSyncer error = &kind{"the service agent lacks roles/iam.scimSyncer", iamscim.ErrPermissionDenied}

	// ErrTenantUnknown: nothing is served at the base URI (404 or 410 for
	// a collection that every tenant has). It isn't an ErrNotFound: a missing
	// tenant must not look like a missing user. The service may also answer
	// a deleted token like this: whether that is a 401 isn't documented.
	ErrTenantUnknown error = &kind{"tenant unknown", nil}

	// ErrUnreachable: no whole reply came. The host doesn't resolve, the
	// connection was refused or broke, or the reply was cut or never sent.
	ErrUnreachable error = &kind{"unreachable", iamscim.ErrUnavailable}

	// ErrThrottled: the tenant's quota is used up (429), also after retries.
	ErrThrottled = iamscim.ErrThrottled

	// ErrNotFound: there's no such user or group (404 or 410), or Find has no
	// match.
	ErrNotFound = iamscim.ErrNotFound

	// ErrConflict: a value that must be unique is taken (409, or 400 with the
	// scimType uniqueness). [Error.Conflict] describes the resource that has it.
	ErrConflict error = &kind{"conflict", iamscim.ErrAlreadyExists}

	// ErrPreconditionFailed: the resource no longer has the version given with
	// [IfMatch] (412).
	ErrPreconditionFailed error = &kind{"changed by somebody else", iamscim.ErrAborted}

	// ErrUnsupported: the server doesn't have the endpoint or the method (405,
	// 501, or 404 for an endpoint that a server may leave out).
	ErrUnsupported error = &kind{"not supported by the server", nil}

	// ErrTruncated: resources may be missing from a list. Those before this
	// error are complete.
	ErrTruncated error = &kind{"the list may be incomplete", nil}

	// ErrNotUnique: more than one resource has the name.
	ErrNotUnique error = &kind{"not unique", nil}

	// ErrUnproven: the server answered "no", and nothing shows that it knows the
	// question. See [Groups.IsMember] and [Users.Find].
	ErrUnproven error = &kind{"unproven", nil}

	// ErrNotApplied: the service reported success, and reads don't show the
	// change. See [ReadBack].
	ErrNotApplied error = &kind{"the change was not applied", nil}

	// ErrPartial: the user was read with [Attributes] or [ExcludedAttributes].
	// Replacing it would clear what wasn't read.
	ErrPartial error = &kind{"the resource was read in part", iamscim.ErrInvalidArgument}
)

// kind is a sentinel that is a case of another one.
type kind struct {
	text string
	of   error
}

func (k *kind) Error() string { return k.text }
func (k *kind) Unwrap() error { return k.of }

// Error is the error of every call of this package.
//
// Its text has resources by kind and id, and no names or mail addresses. What the
// service said may have both: it's in Detail, and %+v prints it.
type Error struct {
	// Op is the package and the method: "scimclient: Users.Get".
	Op string

	// Resource is the kind and the id of what the call was about, as
	// "User 2819c223", or the kind alone where there is no id yet.
	Resource string

	// Kind is the sentinel that fits, or nil.
	Kind error

	// Status is the HTTP status of the last reply; 0 if there was none.
	Status int

	// SCIMType is the scimType of the reply (RFC 7644 section 3.12), or "".
	SCIMType string

	// Detail is what the service said: the detail of a SCIM error, the
	// message of a Google API error, or the beginning of whatever text the
	// reply had. It may hold names and mail addresses.
	Detail string

	// Conflict is what is known about the resource in the way of a Create. It's
	// nil unless the error is ErrConflict.
	Conflict *Conflict

	// Remedy is what to do next, a clause without a full stop, or "".
	Remedy string

	// Attempts counts the attempts at the request, the last one if the call makes
	// several. net/http may itself have repeated a GET on a connection that
	// broke. 0: nothing was sent.
	Attempts int

	// Err is the cause, or nil.
	Err error
}

// Conflict is the resource in the way of a Create.
type Conflict struct {
	// ID is the existing resource's id. It's "" if the client found none by the
	// values that it can filter by.
	ID string

	// Same reports that the existing resource has everything that was to be
	// created: an earlier Create made it, or somebody else with the same data.
	Same bool

	// Differs has the names of the attributes that were to be created and that
	// the existing resource has otherwise or not at all.
	Differs []string
}

// Error returns "op resource: what happened; what to do".
func (e *Error) Error() string { return e.text(false) }

// Format prints the text of Error; with %+v also what the service said, which
// may hold names and mail addresses.
func (e *Error) Format(f fmt.State, verb rune) {
	text := e.text(verb == 'v' && f.Flag('+'))
	if verb == 'q' {
		fmt.Fprintf(f, "%q", text)
		return
	}
	fmt.Fprint(f, text)
}

func (e *Error) text(withDetail bool) string {
	if e == nil {
		return "scimclient: no error"
	}
	var b strings.Builder
	b.WriteString(cmp.Or(e.Op, "scimclient"))
	if e.Resource != "" {
		b.WriteByte(' ')
		b.WriteString(e.Resource)
	}
	b.WriteString(": ")
	b.WriteString(e.what())
	if withDetail && e.Detail != "" {
		fmt.Fprintf(&b, ": the service said %q", e.Detail)
	}
	if e.Attempts > 1 {
		fmt.Fprintf(&b, " (after %d attempts)", e.Attempts)
	}
	if e.Conflict != nil {
		b.WriteString("; ")
		b.WriteString(e.Conflict.text())
	}
	if e.Remedy != "" {
		b.WriteString("; ")
		b.WriteString(e.Remedy)
	}
	return b.String()
}

// what is the middle of the message: the sentinel, the status, the cause.
func (e *Error) what() string {
	var parts []string
	if e.Kind != nil {
		parts = append(parts, e.Kind.Error())
	}
	if e.Status != 0 {
		status := fmt.Sprintf("HTTP %d", e.Status)
		if e.SCIMType != "" {
			status += " " + e.SCIMType
		}
		parts = append(parts, status)
	}
	if e.Err != nil {
		parts = append(parts, e.Err.Error())
	}
	if parts == nil {
		return "failed"
	}
	return strings.Join(parts, ": ")
}

func (c *Conflict) text() string {
	switch {
	case c.ID == "":
		return "no resource with this name was found: another one maps to the same google.subject or google.group"
	case c.Same:
		return fmt.Sprintf("the existing resource %s is the same one", c.ID)
	}
	return fmt.Sprintf("the existing resource %s differs in %s", c.ID, strings.Join(c.Differs, ", "))
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

// invalid is an error about arguments; nothing was sent.
func invalid(op, resource, format string, args ...any) *Error {
	return &Error{Op: "scimclient: " + op, Resource: resource, Kind: iamscim.ErrInvalidArgument, Err: fmt.Errorf(format, args...)}
}

// brief is the middle of the message of an *Error that stands in another one's.
type brief struct{ e *Error }

func (b brief) Error() string { return b.e.what() }
func (b brief) Unwrap() error { return b.e }

// within returns err for the message of another *Error, which has the operation
// and the resource.
func within(err error) error {
	if e, ok := err.(*Error); ok {
		return brief{e}
	}
	return err
}

// errZeroClient is the error of every call of a client that New didn't make.
func errZeroClient(op, resource string) *Error {
	return invalid(op, resource, "the client is nil or zero: make it with New")
}

// asError returns the *Error in err's chain, nil if there is none.
func asError(err error) *Error {
	var e *Error
	errors.As(err, &e)
	return e
}
