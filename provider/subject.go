package provider

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"unicode/utf8"

	"google.golang.org/api/iam/v1"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/internal/gapi"
)

// maxSubject is the most bytes of a google.subject
// (https://docs.cloud.google.com/iam/docs/workforce-identity-federation).
const maxSubject = 127

// SubjectName is the name of a person who has signed in through a workforce pool:
// locations/LOCATION/workforcePools/POOL/subjects/SUBJECT. SUBJECT is the value of
// google.subject, escaped as in a URL. Values are comparable; every non-zero
// SubjectName is well formed.
type SubjectName struct {
	pool    PoolName
	subject string
}

// NewSubjectName returns the name of a subject of a pool. The subject is the value of
// google.subject as it is, at most 127 bytes.
func NewSubjectName(pool PoolName, subject string) (SubjectName, error) {
	switch {
	case pool.IsZero():
		return SubjectName{}, errors.New("provider: the subject's pool is missing")
	case subject == "":
		return SubjectName{}, errors.New("provider: subject is empty")
	case subject == "." || subject == "..":
		return SubjectName{}, errors.New("provider: subject must not be a dot segment, which leads to another resource")
	case len(subject) > maxSubject:
		return SubjectName{}, fmt.Errorf("provider: subject must be at most %d bytes, is %d", maxSubject, len(subject))
	case !utf8.ValidString(subject):
		return SubjectName{}, errors.New("provider: subject must be valid UTF-8")
	}
	return SubjectName{pool: pool, subject: subject}, nil
}

// Pool returns the name of the pool.
func (n SubjectName) Pool() PoolName { return n.pool }

// ID returns the value of google.subject.
func (n SubjectName) ID() string { return n.subject }

// IsZero reports whether n names no subject.
func (n SubjectName) IsZero() bool { return n == SubjectName{} }

// String returns the full name with the subject escaped, "" for the zero SubjectName.
func (n SubjectName) String() string {
	if n.IsZero() {
		return ""
	}
	return n.pool.String() + "/subjects/" + strings.ReplaceAll(url.QueryEscape(n.subject), "+", "%20")
}

// DeleteSubject deletes a subject: for 30 days nobody can sign in with its
// google.subject. After that a new subject may appear. Delete the person at the
// identity provider first.
//
//	DELETE /v1/locations/LOCATION/workforcePools/POOL/subjects/SUBJECT
//
// The service has no method that reads a subject. If a reply is lost, the request
// is repeated, and the refusal of a subject that is deleted already shows that it
// was carried out. Errors: [iamscim.ErrFailedPrecondition] for a subject that was
// deleted before, [iamscim.ErrNotFound], [iamscim.ErrOutcomeUnknown].
func (c *Client) DeleteSubject(ctx context.Context, name SubjectName) error {
	c = c.made()
	return c.changeSubject(ctx, "provider: delete subject", name, iamscim.ErrFailedPrecondition, gapi.Do(c.pools.Subjects.Delete(name.String())))
}

// UndeleteSubject restores a subject that was deleted less than 30 days ago.
//
//	POST /v1/locations/LOCATION/workforcePools/POOL/subjects/SUBJECT:undelete
//
// Errors: those of [Client.DeleteSubject], [iamscim.ErrFailedPrecondition] for a
// subject that isn't deleted.
func (c *Client) UndeleteSubject(ctx context.Context, name SubjectName) error {
	c = c.made()
	call := c.pools.Subjects.Undelete(name.String(), &iam.UndeleteWorkforcePoolSubjectRequest{})
	return c.changeSubject(ctx, "provider: undelete subject", name, iamscim.ErrFailedPrecondition, gapi.Do(call))
}

// RevokeSessions ends all sessions of a subject and invalidates the credentials it
// was issued, so that it has to sign in again. A person who was removed at the
// identity provider can otherwise keep a session until it ends. You can repeat the
// call.
//
//	POST /v1/locations/LOCATION/workforcePools/POOL/subjects/SUBJECT:revokeSessions
//
// Errors: [iamscim.ErrNotFound], [iamscim.ErrOutcomeUnknown].
func (c *Client) RevokeSessions(ctx context.Context, name SubjectName) error {
	c = c.made()
	call := c.pools.Subjects.RevokeSessions(name.String(), &iam.RevokeWorkforcePoolSubjectSessionsRequest{})
	return c.changeSubject(ctx, "provider: revoke sessions", name, nil, gapi.Do(call))
}

// changeSubject makes a change and waits for its operation. A repetition is refused
// with done if the attempt before it was carried out; nil: a repetition is as good
// as the first, and a reply without an operation will do, as an older page has it.
func (c *Client) changeSubject(ctx context.Context, op string, name SubjectName, done error, do func(context.Context) (*iam.Operation, error)) error {
	if name.IsZero() {
		return gapi.Required(op, "name")
	}
	begun := ""
	operation, err := gapi.Call(gapi.WithEscapedName(ctx), c.conn, gapi.Request[iam.Operation]{
		Op: op, Resource: name.String(), Do: do,
		Accept: func(o *iam.Operation) error {
			if o.Name == "" && done == nil {
				begun = ""
				return nil
			}
			// Whether the service escapes the subject here isn't documented.
			id, ok := strings.CutPrefix(o.Name, name.String()+"/operations/")
			if !ok {
				id, ok = strings.CutPrefix(o.Name, name.pool.String()+"/subjects/"+name.subject+"/operations/")
			}
			if !ok || id == "" || strings.Contains(id, "/") {
				return fmt.Errorf("the reply is no operation on the subject, but %q", o.Name)
			}
			begun = o.Name
			return nil
		},
		Settle: func(_ context.Context, refusal error) (*iam.Operation, bool, error) {
			if done != nil && gapi.Kind(refusal) == done {
				return doneOperation, true, nil
			}
			return nil, false, errors.New("a subject cannot be read back")
		},
	})
	if err != nil || operation == doneOperation || begun == "" || operation.Done && operation.Error == nil {
		return err
	}
	escaped := name.String() + begun[strings.LastIndex(begun, "/operations/"):]
	return gapi.Await(gapi.WithEscapedName(ctx), c.conn, op, begun, gapi.Do(c.pools.Subjects.Operations.Get(escaped)))
}
