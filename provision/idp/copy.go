package idp

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
)

// Copy reads each list of the roster once into a file of dir, and returns a roster
// that reads the files. A live roster changes while an audit runs; the copy doesn't.
// The files have mode 0600, and hold names: remove dir after the audit. If a list
// is cut, Copy returns its errors and no roster.
//
// Confirm stays that of r. [OpenCopy] reads a copy again.
func (r Roster) Copy(dir string) (Roster, error) {
	if err := os.Remove(filepath.Join(dir, copied)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Roster{}, fmt.Errorf("idp: copy: %w", err)
	}
	rows := map[string]int{}
	err := errors.Join(copyList(dir, "users", r.Users, rows), copyList(dir, "groups", r.Groups, rows),
		copyList(dir, "memberships", r.Memberships, rows), copyList(dir, "leavers", r.Leavers, rows))
	if err != nil {
		return Roster{}, err
	}
	// This file says that the others are whole.
	text, err := json.Marshal(rows)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, copied), text, 0o600)
	}
	if err != nil {
		return Roster{}, fmt.Errorf("idp: copy: %w", err)
	}
	whole := copyOf(dir, rows)
	whole.Confirm = r.Confirm
	return whole, nil
}

// copied is the file with the rows of each list of a copy.
const copied = "rows.json"

// OpenCopy returns the roster that [Roster.Copy] wrote into dir, to resume an audit.
// It has no Confirm. The error wraps [ErrCut] if the copy isn't whole.
func OpenCopy(dir string) (Roster, error) {
	text, err := os.ReadFile(filepath.Join(dir, copied))
	if err != nil {
		return Roster{}, fmt.Errorf("idp: open copy: %w: %w", ErrCut, err)
	}
	var rows map[string]int
	if err := json.Unmarshal(text, &rows); err != nil {
		return Roster{}, fmt.Errorf("idp: open copy: %w: %s was changed", ErrCut, copied)
	}
	return copyOf(dir, rows), nil
}

func copyOf(dir string, rows map[string]int) Roster {
	return Roster{
		Users: readCopy[User](dir, "users", rows), Groups: readCopy[Group](dir, "groups", rows),
		Memberships: readCopy[Membership](dir, "memberships", rows), Leavers: readCopy[Leaver](dir, "leavers", rows),
	}
}

func copyList[T any](dir, kind string, list iter.Seq2[T, error], rows map[string]int) error {
	if list == nil {
		return nil
	}
	name := filepath.Join(dir, kind+".json")
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("idp: copy: %w", err)
	}
	n := 0
	out := bufio.NewWriter(file)
	encoder := json.NewEncoder(out)
	err = Each(list, func(row T) error {
		n++
		return encoder.Encode(row)
	})
	if err = errors.Join(err, out.Flush(), file.Close()); err != nil {
		return errors.Join(err, os.Remove(name))
	}
	rows[kind] = n
	return nil
}

func readCopy[T any](dir, kind string, all map[string]int) iter.Seq2[T, error] {
	rows, there := all[kind]
	if !there {
		return nil
	}
	name := filepath.Join(dir, kind+".json")
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
