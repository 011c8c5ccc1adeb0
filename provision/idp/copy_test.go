package idp_test

import (
	"context"
	"errors"
	"iter"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/iamscim/iamscim/provision/idp"
)

// counted counts how often a list is read.
func counted[T any](list iter.Seq2[T, error], n *int) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		*n++
		list(yield)
	}
}

func rowsOf[T any](t *testing.T, list iter.Seq2[T, error]) []T {
	t.Helper()
	var rows []T
	if err := idp.Each(list, func(row T) error { rows = append(rows, row); return nil }); err != nil {
		t.Fatal(err)
	}
	return rows
}

func TestCopy(t *testing.T) {
	t.Parallel()
	users := []idp.User{
		{Key: "a", UserName: "a\u2028\"<é", Emails: []string{"a@example.com", "b@example.com"}, Attributes: map[string]string{"title": "x"}, ID: "id"},
		{Key: "b", Inactive: true},
	}
	reads := [4]int{}
	live := idp.Roster{
		Users:       counted(idp.Of(users...), &reads[0]),
		Groups:      counted(idp.Of(idp.Group{Key: "g", DisplayName: "G"}), &reads[1]),
		Memberships: counted(idp.Of(idp.Membership{Group: "g", User: "a"}), &reads[2]),
		Leavers:     counted(idp.Of(idp.Leaver{User: idp.User{Key: "l"}, Gone: true}), &reads[3]),
		Confirm: func(context.Context, string) (idp.Confirmation, error) {
			return idp.Confirmation{Groups: []string{"g"}}, nil
		},
	}
	dir := t.TempDir()
	copied, err := live.Copy(dir)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if diff := cmp.Diff(users, rowsOf(t, copied.Users)); diff != "" {
			t.Errorf("users (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(rowsOf(t, idp.Of(idp.Leaver{User: idp.User{Key: "l"}, Gone: true})), rowsOf(t, copied.Leavers)); diff != "" {
			t.Errorf("leavers (-want +got):\n%s", diff)
		}
		if g, m := rowsOf(t, copied.Groups), rowsOf(t, copied.Memberships); len(g) != 1 || g[0].DisplayName != "G" || len(m) != 1 || m[0] != (idp.Membership{Group: "g", User: "a"}) {
			t.Errorf("groups %v, memberships %v", g, m)
		}
	}
	if reads != [4]int{1, 1, 1, 1} {
		t.Errorf("the lists were read %v times, want once each", reads)
	}
	if now, err := copied.Confirm(t.Context(), "a"); err != nil || len(now.Groups) != 1 {
		t.Errorf("Confirm = %v, %v", now, err)
	}
	if info, err := os.Stat(filepath.Join(dir, "users.json")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("users.json: %v, %v", info.Mode(), err)
	}
	for range copied.Users {
		break // a caller may stop
	}

	again, err := idp.OpenCopy(dir)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(users, rowsOf(t, again.Users)); diff != "" || again.Confirm != nil || len(rowsOf(t, again.Leavers)) != 1 {
		t.Errorf("an opened copy (-want +got):\n%s", diff)
	}

	// Somebody else shortens a file.
	if err := os.Truncate(filepath.Join(dir, "users.json"), 20); err != nil {
		t.Fatal(err)
	}
	if err := idp.Each(copied.Users, func(idp.User) error { return nil }); !errors.Is(err, idp.ErrCut) {
		t.Errorf("a shortened file: %v, want ErrCut", err)
	}
}

func TestCopyOfACutList(t *testing.T) {
	t.Parallel()
	cut := func(yield func(idp.User, error) bool) { yield(idp.User{Key: "a"}, nil) }
	broken := func(yield func(idp.Leaver, error) bool) { yield(idp.Leaver{}, os.ErrDeadlineExceeded) }
	dir := t.TempDir()
	copied, err := idp.Roster{Users: cut, Leavers: broken}.Copy(dir)
	if !errors.Is(err, idp.ErrCut) || !errors.Is(err, os.ErrDeadlineExceeded) || copied.Users != nil {
		t.Errorf("Copy = %v, %v, want no roster and both errors", copied, err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("files are left: %v", left)
	}
	if _, err := (idp.Roster{Users: idp.Of[idp.User]()}).Copy(filepath.Join(dir, "absent")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no such folder: %v", err)
	}
}

// TestOpenCopy: a copy that isn't whole is no roster, and a list that wasn't copied
// isn't one without rows.
func TestOpenCopy(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if _, err := idp.OpenCopy(dir); !errors.Is(err, idp.ErrCut) {
		t.Errorf("OpenCopy of nothing = %v, want ErrCut", err)
	}
	whole := idp.Roster{Users: idp.Of(idp.User{Key: "a"})}
	if _, err := whole.Copy(dir); err != nil {
		t.Fatal(err)
	}
	if r, err := idp.OpenCopy(dir); err != nil || r.Groups != nil || len(rowsOf(t, r.Users)) != 1 {
		t.Errorf("OpenCopy = %v", err)
	}
	cut := idp.Roster{Users: func(yield func(idp.User, error) bool) { yield(idp.User{Key: "a"}, nil) }}
	if _, err := cut.Copy(dir); !errors.Is(err, idp.ErrCut) {
		t.Errorf("Copy = %v, want ErrCut", err)
	}
	if _, err := idp.OpenCopy(dir); !errors.Is(err, idp.ErrCut) {
		t.Errorf("OpenCopy after a copy that failed = %v, want ErrCut", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "rows.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := idp.OpenCopy(dir); !errors.Is(err, idp.ErrCut) {
		t.Errorf("OpenCopy of a broken count = %v, want ErrCut", err)
	}
}
