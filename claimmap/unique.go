package claimmap

import (
	"errors"
	"fmt"
	"iter"

	"github.com/iamscim/iamscim/internal/fold"
)

// ErrDuplicate: two rows have the same value. The service refuses the second
// with 409.
var ErrDuplicate = errors.New("duplicate value")

// RowError is a user or group that the service refuses.
type RowError struct {
	Key   string // "google.subject", "userName", "google.group", "displayName"
	Err   error  // ErrDuplicate, ErrEmpty, ErrTooLong, ErrNotUTF8, ErrNoRule
	Row   int    // counted from 0; -1 with ErrNoRule
	First int    // with ErrDuplicate the first row of that value, else -1

	// Value is the duplicate value: personal data, which Error leaves out.
	Value string
}

func (e RowError) Error() string {
	switch {
	case e.Row < 0:
		return fmt.Sprintf("%s: %v", e.Key, e.Err)
	case e.First >= 0:
		return fmt.Sprintf("row %d: %s: %v, first in row %d", e.Row, e.Key, e.Err, e.First)
	}
	return fmt.Sprintf("row %d: %s: %v", e.Row, e.Key, e.Err)
}

// Unwrap returns Err.
func (e RowError) Unwrap() error { return e.Err }

// CheckUnique finds what the service answers with 400 or 409 if the users are
// provisioned to one tenant:
//   - a google.subject that is empty, longer than 127 bytes, or the same for two
//     users
//   - a userName that is empty or the same for two users, without regard to case
//     (RFC 7643 section 4.1.1)
//
// Case is folded as [strings.EqualFold] does. What the service does beyond ASCII
// is not documented.
//
// The rows are read once, and errors come in their order. The check keeps two
// maps: 60 to 120 bytes for each user, and the texts of google.subject and
// userName.
func CheckUnique(users iter.Seq[User], m Mapping) iter.Seq[RowError] {
	if m.rule(keySubject) == nil {
		return noRule(keySubject)
	}
	name := &rule{key: "userName"}
	return checkRows(users,
		column[User]{keySubject, m.Subject, exactly},
		column[User]{name.key, func(u User) (string, error) { return name.finish(u.UserName, noLimit) }, fold.Key})
}

// CheckUniqueGroups does for groups what [CheckUnique] does for users. It finds a
// google.group that is empty or the same for two groups, and a displayName that
// is empty or the same for two groups, without regard to case.
func CheckUniqueGroups(groups iter.Seq[Group], m Mapping) iter.Seq[RowError] {
	if m.rule(keyGroup) == nil {
		return noRule(keyGroup)
	}
	name := &rule{key: "displayName"}
	return checkRows(groups,
		column[Group]{keyGroup, m.GroupValue, exactly},
		column[Group]{name.key, func(g Group) (string, error) { return name.finish(g.DisplayName, noLimit) }, fold.Key})
}

func noRule(key string) iter.Seq[RowError] {
	return func(yield func(RowError) bool) {
		yield(RowError{Key: key, Err: ErrNoRule, Row: -1, First: -1})
	}
}

// column is one value of a row that must be unique.
type column[T any] struct {
	key  string
	read func(T) (string, error)
	same func(string) string // makes one text of those that are the same
}

func exactly(s string) string { return s }

func checkRows[T any](rows iter.Seq[T], columns ...column[T]) iter.Seq[RowError] {
	return func(yield func(RowError) bool) {
		seen := make([]map[string]int, len(columns))
		for i := range seen {
			seen[i] = make(map[string]int)
		}
		row := -1
		for item := range rows {
			row++
			for i, c := range columns {
				value, err := c.read(item)
				e := RowError{Key: c.key, Row: row, First: -1, Value: value}
				if unusable, ok := errors.AsType[*ValueError](err); ok {
					e.Err = unusable.Err
				} else {
					same := c.same(value)
					first, ok := seen[i][same]
					if !ok {
						seen[i][same] = row
						continue
					}
					e.Err, e.First = ErrDuplicate, first
				}
				if !yield(e) {
					return
				}
			}
		}
	}
}
