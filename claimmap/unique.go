package claimmap

import (
	"errors"
	"fmt"
	"iter"
	"strings"
	"unicode/utf8"
)

// What [CheckUnique] finds besides [ErrEmpty], [ErrTooLong] and [ErrNotUTF8].
var (
	// ErrDuplicate: two rows have the same value. The service refuses the
	// second with 409.
	ErrDuplicate = errors.New("duplicate value")

	// ErrChanged: the second pass over the rows did not yield what the first
	// one did, so that duplicates are there and cannot be named. A sequence that
	// can be read only once is the usual reason.
	ErrChanged = errors.New("the rows changed between two passes")
)

// Conflict is a user or group that the service will refuse, or that stands in
// the way of another one.
type Conflict struct {
	Key   string // "google.subject", "userName", "google.group", "displayName"
	Err   error  // ErrDuplicate, ErrEmpty, ErrTooLong, ErrNotUTF8, ErrNoRule, ErrChanged
	Row   int    // the row, counted from 0; -1 with ErrNoRule and ErrChanged
	First int    // with ErrDuplicate the first row of that value, else -1

	// Value is what the mapping made of the row, or the attribute as it is:
	// personal data. Empty with ErrEmpty, ErrNoRule and ErrChanged.
	Value string
}

// String returns the conflict in one line, without the value.
func (c Conflict) String() string {
	switch {
	case c.Row < 0:
		return fmt.Sprintf("%s: %v", c.Key, c.Err)
	case c.First >= 0:
		return fmt.Sprintf("row %d: %s: %v, first in row %d", c.Row, c.Key, c.Err, c.First)
	}
	return fmt.Sprintf("row %d: %s: %v", c.Row, c.Key, c.Err)
}

// CheckUnique finds what would be answered with 400 or 409 if the users were
// provisioned to one tenant: a google.subject that is empty, longer than 127
// bytes, or the same for two users, and a userName that is empty or, without
// regard to case (RFC 7643 section 4.1.1), the same for two users. It assumes
// that case is folded by Unicode's simple folding; what the service does
// beyond ASCII is not documented.
//
// First come the rows without a usable value, in order, then the duplicates,
// each later row with the first one of its value, in order of the later row.
// (With more than 250,000 different values that occur twice the duplicates come
// in several such series.) Nothing is yielded for users that are fine.
//
// The rows are passed over once, and again only if there are duplicates to be
// named: users must yield the same rows each time. Memory is about 20 bytes a
// user, whatever the length of the values; the rows are not kept.
func CheckUnique(users iter.Seq[User], m Mapping) iter.Seq[Conflict] {
	r := m.rule(keySubject)
	if r == nil {
		return noRule(keySubject)
	}
	subject := column[User]{key: keySubject, most: maxSubject, same: exactly}
	switch r.read {
	case readUserName:
		subject.read = func(u User) string { return u.UserName }
	case readWorkEmail:
		subject.read = func(u User) string { return u.WorkEmail }
	default:
		subject.read = func(u User) string { return u.ExternalID }
	}
	if r.lower {
		subject.same = lowered
	}
	name := column[User]{key: "userName", same: folded, read: func(u User) string { return u.UserName }}
	return checkColumns(users, subject, name)
}

// CheckUniqueGroups does for groups what [CheckUnique] does for users: it finds
// a google.group that is empty or the same for two groups, and a displayName that
// is empty or, letter for letter, the same for two groups.
func CheckUniqueGroups(groups iter.Seq[Group], m Mapping) iter.Seq[Conflict] {
	r := m.rule(keyGroup)
	if r == nil {
		return noRule(keyGroup)
	}
	group := column[Group]{key: keyGroup, same: exactly, read: func(g Group) string { return g.ExternalID }}
	if r.read == readDisplayName {
		group.read = func(g Group) string { return g.DisplayName }
	}
	if r.lower {
		group.same = lowered
	}
	name := column[Group]{key: "displayName", same: exactly, read: func(g Group) string { return g.DisplayName }}
	return checkColumns(groups, group, name)
}

func noRule(key string) iter.Seq[Conflict] {
	return func(yield func(Conflict) bool) {
		yield(Conflict{Key: key, Err: ErrNoRule, Row: -1, First: -1})
	}
}

// sameness says which values are one and the same.
type sameness uint8

const (
	exactly sameness = iota
	lowered          // by lowerAscii()
	folded           // without regard to case
)

// column is one value of a row that must be unique.
type column[T any] struct {
	key  string
	most int // bytes; 0 is no limit
	same sameness
	read func(T) string
}

// usable returns why the value cannot be used, or nil.
func (c *column[T]) usable(value string) error {
	switch {
	case value == "":
		return ErrEmpty
	case c.most > 0 && len(value) > c.most:
		return ErrTooLong
	case !utf8.ValidString(value):
		return ErrNotUTF8
	}
	return nil
}

// shown returns the value as a Conflict has it.
func (c *column[T]) shown(value string) string {
	if c.same == lowered {
		return lowerASCII(value)
	}
	return value
}

func (c *column[T]) equal(a, b string) bool {
	switch c.same {
	case lowered:
		return lowerASCII(a) == lowerASCII(b)
	case folded:
		return strings.EqualFold(a, b)
	}
	return a == b
}

// checkColumns finds empty and over-long values in a first pass, and the hashes
// that occur twice; a further pass, if there are any, finds the rows.
func checkColumns[T any](rows iter.Seq[T], columns ...column[T]) iter.Seq[Conflict] {
	return func(yield func(Conflict) bool) {
		h := newHasher()
		sets := make([]hashSet, len(columns))
		row, stopped := 0, false
		for item := range rows {
			for i := range columns {
				c := &columns[i]
				value := c.read(item)
				if err := c.usable(value); err != nil {
					if !yield(Conflict{Key: c.key, Err: err, Row: row, First: -1, Value: c.shown(value)}) {
						stopped = true
						break
					}
					continue
				}
				sets[i].add(h.hash(value, c.same))
			}
			if stopped {
				return
			}
			row++
		}
		suspects := make([][]uint64, len(columns))
		for i := range sets {
			suspects[i] = sets[i].duplicates()
			sets[i] = hashSet{}
		}
		for {
			batch, left := make([]suspicion, len(columns)), false
			for i := range suspects {
				n := min(len(suspects[i]), maxSuspects)
				batch[i] = newSuspicion(suspects[i][:n])
				suspects[i] = suspects[i][n:]
				left = left || n > 0
			}
			if !left || !confirm(rows, columns, h, batch, yield) {
				return
			}
		}
	}
}

// maxSuspects bounds how many different duplicated values one pass looks for.
const maxSuspects = 250_000

// confirm passes over the rows once more and yields those that share a value
// with an earlier one. It reports whether to go on.
func confirm[T any](rows iter.Seq[T], columns []column[T], h *hasher, batch []suspicion, yield func(Conflict) bool) bool {
	row := 0
	for item := range rows {
		for i := range columns {
			c := &columns[i]
			value := c.read(item)
			if batch[i].empty() || c.usable(value) != nil {
				continue
			}
			hash := h.hash(value, c.same)
			if !batch[i].may(hash) {
				continue
			}
			first, ok := batch[i].meet(hash, value, row, c.equal)
			if ok && !yield(Conflict{Key: c.key, Err: ErrDuplicate, Row: row, First: first, Value: c.shown(value)}) {
				return false
			}
		}
		row++
	}
	for i := range batch {
		if batch[i].unseen() && !yield(Conflict{Key: columns[i].key, Err: ErrChanged, Row: -1, First: -1}) {
			return false
		}
	}
	return true
}
