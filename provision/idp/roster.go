package idp

import (
	"context"
	"errors"
	"fmt"
	"iter"
)

// User is a user of the roster: what the identity provider should have pushed.
// An empty attribute isn't compared.
type User struct {
	// Key identifies the user in the roster, as the object ID in Entra ID or
	// the user ID in Okta. It's required and unique among users.
	Key string

	UserName    string   // userName
	ExternalID  string   // externalId
	DisplayName string   // displayName
	Emails      []string // values of emails; the service takes exactly one

	// Inactive says that the user's active attribute must be false.
	Inactive bool

	// Attributes are further attributes by their SCIM path: see
	// [KnownAttribute].
	Attributes map[string]string

	// ID is the SCIM ID in the tenant, if it's known from an earlier run or
	// from the identity provider. It's tried first, and not trusted.
	ID string
}

// Group is a group of the roster.
type Group struct {
	// Key identifies the group in the roster. It's required and unique among
	// groups.
	Key string

	DisplayName string // displayName
	ExternalID  string // externalId

	// ID is the SCIM ID in the tenant, as in [User].
	ID string
}

// Membership says that a user is a direct member of a group.
type Membership struct {
	Group string // key of a group
	User  string // key of a user
}

// Leaver is a user who has left. The zero value of Gone accepts a user who is
// absent or inactive.
type Leaver struct {
	User

	// Gone says that the user must not be in the tenant, not even inactive.
	Gone bool
}

// Roster is what the identity provider should have pushed. Each list ends with an
// [End] and can be read several times. The order doesn't matter. A nil list
// leaves its kind out: it isn't audited. Users is required.
type Roster struct {
	Users       iter.Seq2[User, error]
	Groups      iter.Seq2[Group, error]
	Memberships iter.Seq2[Membership, error]
	Leavers     iter.Seq2[Leaver, error]

	// Confirm asks the source of the roster for the present row of a user. It's
	// optional. An audit calls it before it reports a user, because directories
	// change while an audit runs. It may be called by several goroutines.
	Confirm func(ctx context.Context, userKey string) (Confirmation, error)
}

// Confirmation is the present state of a user at the roster's source. The zero
// value says that the source doesn't have the user anymore.
type Confirmation struct {
	User   *User    // nil if the source doesn't have the user
	Groups []string // keys of the groups that the user is a direct member of
}

// End is the error of a list's last element, like io.EOF: the list is complete
// and has this many rows.
type End int

// Error returns the number of rows.
func (e End) Error() string { return fmt.Sprintf("end of the list after %d rows", int(e)) }

// ErrCut: a list ended without an [End], or with the wrong number of rows. It
// may be the beginning of a longer list.
var ErrCut = errors.New("the list is cut")

// Of returns a complete list of rows.
func Of[T any](rows ...T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, row := range rows {
			if !yield(row, nil) {
				return
			}
		}
		var none T
		yield(none, End(len(rows)))
	}
}

// Each calls f for each row of a list, and returns nil if the list is complete.
// It stops at the first error of f. The errors of the list are joined: a reader
// goes on after a problem, and f isn't called after one.
func Each[T any](list iter.Seq2[T, error], f func(T) error) error {
	var problems []error
	rows := 0
	for row, err := range list {
		if end, ok := errors.AsType[End](err); ok {
			switch {
			case problems != nil:
				return errors.Join(problems...)
			case int(end) != rows:
				return fmt.Errorf("%w: it has %d rows, and its end mark says %d", ErrCut, rows, int(end))
			}
			return nil
		}
		if err != nil {
			problems = append(problems, err)
		}
		if problems != nil {
			continue
		}
		rows++
		if err := f(row); err != nil {
			return err
		}
	}
	if problems != nil {
		return errors.Join(problems...)
	}
	return fmt.Errorf("%w: it ends after %d rows without an end mark", ErrCut, rows)
}
