package claimmap_test

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/iamscim/iamscim/claimmap"
)

func TestCheckUnique(t *testing.T) {
	t.Parallel()
	type conflict = claimmap.Conflict
	duplicate := func(key string, row, first int, value string) conflict {
		return conflict{Key: key, Err: claimmap.ErrDuplicate, Row: row, First: first, Value: value}
	}
	bad := func(key string, err error, row int, value string) conflict {
		return conflict{Key: key, Err: err, Row: row, First: -1, Value: value}
	}
	long := strings.Repeat("x", 128)
	tests := []struct {
		name, subject string
		users         []claimmap.User
		want          []conflict
	}{
		{"nobody", "user.externalId", nil, nil},
		{"all different", "user.externalId", []claimmap.User{{"1", "a", ""}, {"2", "b", ""}, {"3", "c", ""}}, nil},
		{"one value three times", "user.externalId", []claimmap.User{{"1", "a", ""}, {"2", "b", ""}, {"1", "c", ""}, {"1", "d", ""}},
			[]conflict{duplicate("google.subject", 2, 0, "1"), duplicate("google.subject", 3, 0, "1")}},
		{"case matters for externalId", "user.externalId", []claimmap.User{{"a", "x", ""}, {"A", "y", ""}}, nil},
		{"unless it is lowered", "user.externalId.lowerAscii()", []claimmap.User{{"A", "x", ""}, {"a", "y", ""}},
			[]conflict{duplicate("google.subject", 1, 0, "a")}},
		{"lowerAscii leaves Ä alone", "user.externalId.lowerAscii()", []claimmap.User{{"ÄB", "x", ""}, {"äb", "y", ""}}, nil},
		{"userName without regard to case", "user.externalId", []claimmap.User{{"1", "JDoe@X.example", ""}, {"2", "jdoe@x.EXAMPLE", ""}},
			[]conflict{duplicate("userName", 1, 0, "jdoe@x.EXAMPLE")}},
		{"userName beyond ASCII", "user.externalId", []claimmap.User{{"1", "ÄRGER", ""}, {"2", "ärger", ""}, {"3", "\u212Aelvin", ""}, {"4", "kelvin", ""}, {"5", "Σ", ""}, {"6", "ς", ""}, {"7", "ß", ""}, {"8", "ss", ""}},
			[]conflict{duplicate("userName", 1, 0, "ärger"), duplicate("userName", 3, 2, "kelvin"), duplicate("userName", 5, 4, "ς")}},
		{"both keys", "user.userName", []claimmap.User{{"1", "a", ""}, {"2", "a", ""}},
			[]conflict{duplicate("google.subject", 1, 0, "a"), duplicate("userName", 1, 0, "a")}},
		{"mail", "user.emails[0].value.lowerAscii()", []claimmap.User{{"1", "a", "J@X.example"}, {"2", "b", "j@x.example"}},
			[]conflict{duplicate("google.subject", 1, 0, "j@x.example")}},
		{"unusable values come first and are no duplicates", "user.externalId",
			[]claimmap.User{{"1", "a", ""}, {"", "b", ""}, {"", "c", ""}, {long, "d", ""}, {long, "e", ""}, {"\xff", "f", ""}, {"1", "\xff", ""}, {"2", "", ""}, {"3", "", ""}},
			[]conflict{
				bad("google.subject", claimmap.ErrEmpty, 1, ""), bad("google.subject", claimmap.ErrEmpty, 2, ""),
				bad("google.subject", claimmap.ErrTooLong, 3, long), bad("google.subject", claimmap.ErrTooLong, 4, long),
				bad("google.subject", claimmap.ErrNotUTF8, 5, "\xff"), bad("userName", claimmap.ErrNotUTF8, 6, "\xff"),
				bad("userName", claimmap.ErrEmpty, 7, ""), bad("userName", claimmap.ErrEmpty, 8, ""),
				duplicate("google.subject", 6, 0, "1"),
			}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := subjectMapping(t, tt.subject)
			check := claimmap.CheckUnique(slices.Values(tt.users), m)
			for range 2 { // the result can be read again
				got := slices.Collect(check)
				if diff := cmp.Diff(tt.want, got, cmpopts.EquateErrors()); diff != "" {
					t.Errorf("CheckUnique(%v) by %s (-want +got):\n%s", tt.users, tt.subject, diff)
				}
			}
			for n := 1; n < len(tt.want); n++ { // and be left at any place
				i := 0
				for range check {
					if i++; i == n {
						break
					}
				}
			}
		})
	}
}

func TestCheckUniqueGroups(t *testing.T) {
	t.Parallel()
	groups := []claimmap.Group{{"1", "Eng"}, {"2", "eng"}, {"3", "Eng"}, {"", ""}, {"1", "Ops"}}
	tests := []struct {
		expression string
		want       []string
	}{
		{"group.externalId", []string{"row 3: google.group: empty value", "row 3: displayName: empty value", "row 2: displayName: duplicate value, first in row 0", "row 4: google.group: duplicate value, first in row 0"}},
		{"group.displayName", []string{"row 3: google.group: empty value", "row 3: displayName: empty value", "row 2: google.group: duplicate value, first in row 0", "row 2: displayName: duplicate value, first in row 0"}},
		{"group.displayName.lowerAscii()", []string{"row 3: google.group: empty value", "row 3: displayName: empty value", "row 1: google.group: duplicate value, first in row 0", "row 2: google.group: duplicate value, first in row 0", "row 2: displayName: duplicate value, first in row 0"}},
	}
	for _, tt := range tests {
		m := mustNew(t, map[string]string{"google.subject": "user.userName", "google.group": tt.expression})
		var got []string
		for c := range claimmap.CheckUniqueGroups(slices.Values(groups), m) {
			got = append(got, c.String())
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("CheckUniqueGroups by %s (-want +got):\n%s", tt.expression, diff)
		}
	}
}

func TestCheckUniqueWithoutRule(t *testing.T) {
	t.Parallel()
	users := slices.Collect(claimmap.CheckUnique(slices.Values([]claimmap.User{{"1", "a", ""}}), claimmap.Mapping{}))
	groups := slices.Collect(claimmap.CheckUniqueGroups(slices.Values([]claimmap.Group{{"1", "a"}}), claimmap.Mapping{}))
	for _, got := range [][]claimmap.Conflict{users, groups} {
		if len(got) != 1 || !errors.Is(got[0].Err, claimmap.ErrNoRule) || got[0].Row != -1 {
			t.Errorf("a check by the zero Mapping = %v, want ErrNoRule", got)
		}
	}
}

// TestCheckUniqueReadOnce shows that duplicates are not lost when the rows
// cannot be read a second time.
func TestCheckUniqueReadOnce(t *testing.T) {
	t.Parallel()
	users := []claimmap.User{{"1", "a", ""}, {"1", "b", ""}}
	read := false
	once := func(yield func(claimmap.User) bool) {
		if !read {
			read = true
			slices.Values(users)(yield)
		}
	}
	got := slices.Collect(claimmap.CheckUnique(once, subjectMapping(t, "user.externalId")))
	if len(got) != 1 || !errors.Is(got[0].Err, claimmap.ErrChanged) || got[0].Key != "google.subject" {
		t.Errorf("CheckUnique of rows that can be read once = %v, want ErrChanged", got)
	}
}

// TestCheckUniqueAgainstAMap compares with the obvious way on some thousands of
// users with many kinds of duplicates.
func TestCheckUniqueAgainstAMap(t *testing.T) {
	t.Parallel()
	var users []claimmap.User
	for i := range 30_000 {
		users = append(users, claimmap.User{ExternalID: fmt.Sprint("id", i*7919%26_000), UserName: fmt.Sprintf("User%d@Example.com", i%29_000)})
	}
	m := subjectMapping(t, "user.externalId")
	var want []string
	subjects, names := map[string]int{}, map[string]int{}
	for i, u := range users {
		for _, c := range []struct {
			key, value string
			rows       map[string]int
		}{{"google.subject", u.ExternalID, subjects}, {"userName", strings.ToLower(u.UserName), names}} {
			if first, ok := c.rows[c.value]; ok {
				want = append(want, fmt.Sprintf("row %d: %s: duplicate value, first in row %d", i, c.key, first))
			} else {
				c.rows[c.value] = i
			}
		}
	}
	var got []string
	for c := range claimmap.CheckUnique(slices.Values(users), m) {
		got = append(got, c.String())
	}
	if diff := cmp.Diff(want, got); diff != "" || len(got) == 0 {
		t.Errorf("CheckUnique of %d users (-want +got):\n%s", len(users), diff)
	}
}

// TestCheckUniqueManyDuplicates needs more than one confirming pass.
func TestCheckUniqueManyDuplicates(t *testing.T) {
	t.Parallel()
	const n = 300_000
	passes := 0
	users := func(yield func(claimmap.User) bool) {
		passes++
		for i := range 2 * n {
			id := fmt.Sprint(i % n)
			if !yield(claimmap.User{ExternalID: id, UserName: fmt.Sprint(i)}) {
				return
			}
		}
	}
	found := 0
	for c := range claimmap.CheckUnique(iter.Seq[claimmap.User](users), subjectMapping(t, "user.externalId")) {
		if !errors.Is(c.Err, claimmap.ErrDuplicate) || c.Row-c.First != n {
			t.Fatalf("conflict %v, want rows %d apart", c, n)
		}
		found++
	}
	if found != n || passes != 3 {
		t.Errorf("%d duplicates in %d passes, want %d in 3", found, passes, n)
	}
}
