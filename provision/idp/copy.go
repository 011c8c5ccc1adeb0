package idp

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
)

// Copy reads each list of the roster once into a file of dir, and returns a roster
// that reads the files. A live roster changes while an audit runs; the copy doesn't.
// The files have mode 0600, and hold names: remove dir after the audit. If a list
// is cut, Copy returns its errors and no roster.
//
// Confirm stays that of r.
func (r Roster) Copy(dir string) (Roster, error) {
	users, err1 := copyList(filepath.Join(dir, "users.json"), r.Users)
	groups, err2 := copyList(filepath.Join(dir, "groups.json"), r.Groups)
	memberships, err3 := copyList(filepath.Join(dir, "memberships.json"), r.Memberships)
	leavers, err4 := copyList(filepath.Join(dir, "leavers.json"), r.Leavers)
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		return Roster{}, err
	}
	return Roster{Users: users, Groups: groups, Memberships: memberships, Leavers: leavers, Confirm: r.Confirm}, nil
}

func copyList[T any](name string, list iter.Seq2[T, error]) (iter.Seq2[T, error], error) {
	if list == nil {
		return nil, nil
	}
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, fmt.Errorf("idp: copy: %w", err)
	}
	rows := 0
	out := bufio.NewWriter(file)
	encoder := json.NewEncoder(out)
	err = Each(list, func(row T) error {
		rows++
		return encoder.Encode(row)
	})
	if err = errors.Join(err, out.Flush(), file.Close()); err != nil {
		return nil, errors.Join(err, os.Remove(name))
	}
	return readCopy[T](name, rows), nil
}

func readCopy[T any](name string, rows int) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		file, err := os.Open(name)
		if err != nil {
			yield(none, fmt.Errorf("idp: copy: %w", err))
			return
		}
		defer file.Close()
		decoder := json.NewDecoder(bufio.NewReader(file))
		for range rows {
			var row T
			if err := decoder.Decode(&row); err != nil {
				yield(none, fmt.Errorf("%w: %s was changed: %w", ErrCut, filepath.Base(name), err))
				return
			}
			if !yield(row, nil) {
				return
			}
		}
		yield(none, End(rows))
	}
}
