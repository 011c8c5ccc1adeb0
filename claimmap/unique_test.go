package claimmap_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/iamscim/iamscim/claimmap"
)

func TestCheckUnique(t *testing.T) {
	t.Parallel()
	type rowError = claimmap.RowError
	duplicate := func(key string, row, first int, value string) rowError {
		return rowError{Key: key, Err: claimmap.ErrDuplicate, Row: row, First: first, Value: value}
	}
	bad := func(key string, err error, row int) rowError {
		return rowError{Key: key, Err: err, Row: row, First: -1}
	}
	long := strings.Repeat("x", 128)
	tests := []struct {
		name, subject string
		users         []claimmap.User
		want          []rowError
	}{
		{"nobody", "user.externalId", nil, nil},
		{"all different", "user.externalId", []claimmap.User{{"1", "a", ""}, {"2", "b", ""}, {"3", "c", ""}}, nil},
		{"one value three times", "user.externalId", []claimmap.User{{"1", "a", ""}, {"2", "b", ""}, {"1", "c", ""}, {"1", "d", ""}},
			[]rowError{duplicate("google.subject", 2, 0, "1"), duplicate("google.subject", 3, 0, "1")}},
		{"case matters for externalId", "user.externalId", []claimmap.User{{"a", "x", ""}, {"A", "y", ""}}, nil},
		{"unless it is lowered", "user.externalId.lowerAscii()", []claimmap.User{{"A", "x", ""}, {"a", "y", ""}},
			[]rowError{duplicate("google.subject", 1, 0, "a")}},
		{"lowerAscii leaves Ä alone", "user.externalId.lowerAscii()", []claimmap.User{{"ÄB", "x", ""}, {"äb", "y", ""}}, nil},
		{"userName without regard to case", "user.externalId", []claimmap.User{{"1", "JDoe@X.example", ""}, {"2", "jdoe@x.EXAMPLE", ""}},
			[]rowError{duplicate("userName", 1, 0, "jdoe@x.EXAMPLE")}},
		{"userName beyond ASCII", "user.externalId", []claimmap.User{{"1", "ÄRGER", ""}, {"2", "ärger", ""}, {"3", "\u212Aelvin", ""}, {"4", "kelvin", ""}, {"5", "Σ", ""}, {"6", "ς", ""}, {"7", "ß", ""}, {"8", "ss", ""}},
			[]rowError{duplicate("userName", 1, 0, "ärger"), duplicate("userName", 3, 2, "kelvin"), duplicate("userName", 5, 4, "ς")}},
		{"both keys", "user.userName", []claimmap.User{{"1", "a", ""}, {"2", "a", ""}},
			[]rowError{duplicate("google.subject", 1, 0, "a"), duplicate("userName", 1, 0, "a")}},
		{"mail", "user.emails[0].value.lowerAscii()", []claimmap.User{{"1", "a", "J@X.example"}, {"2", "b", "j@x.example"}},
			[]rowError{duplicate("google.subject", 1, 0, "j@x.example")}},
		{"unusable values are no duplicates", "user.externalId",
			[]claimmap.User{{"1", "a", ""}, {"", "b", ""}, {"", "c", ""}, {long, "d", ""}, {long, "e", ""}, {"\xff", "f", ""}, {"1", "\xff", ""}, {"2", "", ""}, {"3", "", ""}},
			[]rowError{
				bad("google.subject", claimmap.ErrEmpty, 1), bad("google.subject", claimmap.ErrEmpty, 2),
				bad("google.subject", claimmap.ErrTooLong, 3), bad("google.subject", claimmap.ErrTooLong, 4),
				bad("google.subject", claimmap.ErrNotUTF8, 5), duplicate("google.subject", 6, 0, "1"),
				bad("userName", claimmap.ErrNotUTF8, 6), bad("userName", claimmap.ErrEmpty, 7), bad("userName", claimmap.ErrEmpty, 8),
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
		{"group.externalId", []string{
			"row 1: displayName: duplicate value, first in row 0", "row 2: displayName: duplicate value, first in row 0",
			"row 3: google.group: empty value", "row 3: displayName: empty value", "row 4: google.group: duplicate value, first in row 0",
		}},
		{"group.displayName", []string{
			"row 1: displayName: duplicate value, first in row 0",
			"row 2: google.group: duplicate value, first in row 0", "row 2: displayName: duplicate value, first in row 0",
			"row 3: google.group: empty value", "row 3: displayName: empty value",
		}},
		{"group.displayName.lowerAscii()", []string{
			"row 1: google.group: duplicate value, first in row 0", "row 1: displayName: duplicate value, first in row 0",
			"row 2: google.group: duplicate value, first in row 0", "row 2: displayName: duplicate value, first in row 0",
			"row 3: google.group: empty value", "row 3: displayName: empty value",
		}},
	}
	for _, tt := range tests {
		m := mustNew(t, map[string]string{"google.subject": "user.userName", "google.group": tt.expression})
		var got []string
		for c := range claimmap.CheckUniqueGroups(slices.Values(groups), m) {
			got = append(got, c.Error())
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
	for _, got := range [][]claimmap.RowError{users, groups} {
		if len(got) != 1 || !errors.Is(got[0].Err, claimmap.ErrNoRule) || got[0].Row != -1 {
			t.Errorf("a check by the zero Mapping = %v, want ErrNoRule", got)
		}
	}
}

// TestCheckUniqueReadsOnce shows that rows that can be read only once are enough.
func TestCheckUniqueReadsOnce(t *testing.T) {
	t.Parallel()
	users, passes := []claimmap.User{{"1", "a", ""}, {"1", "b", ""}}, 0
	once := func(yield func(claimmap.User) bool) {
		passes++
		slices.Values(users)(yield)
	}
	got := slices.Collect(claimmap.CheckUnique(once, subjectMapping(t, "user.externalId")))
	if len(got) != 1 || !errors.Is(got[0], claimmap.ErrDuplicate) || passes != 1 {
		t.Errorf("CheckUnique = %v after %d passes, want ErrDuplicate after one", got, passes)
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
		got = append(got, c.Error())
	}
	if diff := cmp.Diff(want, got); diff != "" || len(got) == 0 {
		t.Errorf("CheckUnique of %d users (-want +got):\n%s", len(users), diff)
	}
}
