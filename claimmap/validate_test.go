package claimmap_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/claimmap"
)

func classes(err error) []string {
	var list []string
	var invalid *claimmap.Error
	if errors.As(err, &invalid) {
		for _, issue := range invalid.Issues {
			list = append(list, fmt.Sprintf("%s %s", issue.Key, issue.Class))
		}
	}
	return list
}

func TestValidate(t *testing.T) {
	t.Parallel()
	both := map[string]string{"google.subject": "user.userName", "google.group": "group.externalId"}
	looker := map[string]string{"google.subject": "user.userName", "google.group": "group.externalId", "google.email": "user.emails[0].value"}
	tests := []struct {
		name  string
		rules map[string]string
		usage iamscim.SCIMUsage
		want  []string
	}{
		{"groups", both, iamscim.SCIMUsageGroups, nil},
		{"users and groups", both, iamscim.SCIMUsageUsersAndGroups, nil},
		{"not used yet", both, iamscim.SCIMUsageNone, nil},
		{"ignored keys are no error", looker, iamscim.SCIMUsageGroups, nil},
		{"Looker's keys", looker, iamscim.SCIMUsageUsersAndGroups, nil},
		{"no usage given", both, "", []string{" usage"}},
		{"no usage of the API", both, "ENABLED", []string{" usage"}},
		{"a missing group, groups", map[string]string{"google.subject": "user.userName"}, iamscim.SCIMUsageGroups, []string{"google.group missing key"}},
		{"a missing group, users and groups", map[string]string{"google.subject": "user.userName"}, iamscim.SCIMUsageUsersAndGroups, []string{"google.group missing key"}},
		{"a missing group, not used yet", map[string]string{"google.subject": "user.userName"}, iamscim.SCIMUsageNone, []string{"google.group missing key"}},
		{"a missing subject and no usage", map[string]string{"google.group": "group.externalId"}, "", []string{" usage", "google.subject missing key"}},
		{"nothing", nil, iamscim.SCIMUsageGroups, []string{"google.subject missing key", "google.group missing key"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			err := mustNew(t, tt.rules).Validate(tt.usage)
			if diff := cmp.Diff(tt.want, classes(err)); diff != "" || (err == nil) != (tt.want == nil) {
				t.Errorf("New(%v).Validate(%q) = %v; classes (-want +got):\n%s", tt.rules, tt.usage, err, diff)
			}
		})
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	rules := func(n int) map[string]string {
		m := map[string]string{"google.subject": "user.userName", "google.group": "group.externalId"}
		for i := range n {
			m[fmt.Sprintf("attribute.a%d", i)] = "user.title"
		}
		return m
	}
	with := func(key, expression string) map[string]string {
		m := rules(0)
		m[key] = expression
		return m
	}
	// padded returns an expression of n characters.
	padded := func(n int, letter string) string {
		const frame = "user.title == '' ? 'a' : 'b'"
		return strings.Replace(frame, "''", "'"+strings.Repeat(letter, n-len(frame))+"'", 1)
	}
	tests := []struct {
		name  string
		rules map[string]string
		want  []string
	}{
		{"50 custom attributes", rules(50), nil},
		{"51 custom attributes", rules(51), []string{" limit"}},
		{"far too many", rules(300), []string{" limit"}},
		{"256 characters", with("attribute.a", padded(256, "x")), nil},
		{"257 characters", with("attribute.a", padded(257, "x")), []string{"attribute.a limit"}},
		{"256 characters, more bytes", with("attribute.a", padded(256, "é")), nil},
		{"256 characters once the spaces are gone", with("attribute.a", "  "+padded(256, "x")+strings.Repeat(" ", 500)), nil},
		{"257 characters of another key", with("google.display_name", padded(257, "x")), nil},
		{"2049 characters of another key", with("google.display_name", padded(2049, "x")), []string{"google.display_name limit"}},
		{"2049 characters, nearly all spaces", with("google.subject", strings.Repeat(" ", 2036)+"user.userName"), []string{"google.subject limit"}},
		{"a KEY of 100 characters", with("attribute."+strings.Repeat("k", 100), "user.title"), nil},
		{"a KEY of 101 characters", with("attribute."+strings.Repeat("k", 101), "user.title"), []string{"attribute." + strings.Repeat("k", 101) + " limit"}},
		{"24 brackets deep", with("google.subject", strings.Repeat("(", 24)+"user.userName"+strings.Repeat(")", 24)), nil},
		{"25 brackets deep", with("google.subject", strings.Repeat("(", 25)+"user.userName"+strings.Repeat(")", 25)), []string{"google.subject limit"}},
		{"brackets in a string are no brackets", with("attribute.a", "user.title == '"+strings.Repeat("(", 60)+"' ? 'a' : 'b'"), nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := claimmap.New(tt.rules)
			got := classes(err)
			if len(tt.rules) > 200 { // nothing of it is read, so nothing can be said about keys
				got = got[:min(1, len(got))]
			}
			if diff := cmp.Diff(tt.want, got); diff != "" || (err == nil) != (tt.want == nil) {
				t.Errorf("New = %v; classes (-want +got):\n%s", err, diff)
			}
		})
	}
	if _, err := claimmap.Parse("google.subject=" + strings.Repeat("x", 70_000)); !cmp.Equal(classes(err), []string{" limit"}) {
		t.Errorf("Parse(70,000 bytes) = %v, want one limit", err)
	}
	if _, err := claimmap.Parse(strings.Repeat("a=b,", 300)); !cmp.Equal(classes(err), []string{" limit", "google.subject missing key", "google.group missing key"}) {
		t.Errorf("Parse(300 rules) = %v, want a limit and the missing keys", err)
	}
}

// TestErrorsAreStable shows that neither the order of a map nor the order of
// writing changes what is reported.
func TestErrorsAreStable(t *testing.T) {
	t.Parallel()
	rules := map[string]string{"google.subject": "user.mail", "google.group": "group.name", "attribute.B": "user.x", "attribute.a": "user.y.z", "zzz": "user.q", "google.email": "user.emails"}
	_, want := claimmap.New(rules)
	for range 20 {
		if _, err := claimmap.New(rules); err.Error() != want.Error() {
			t.Fatalf("New of the same rules:\n%v\nand\n%v", want, err)
		}
	}
	_, written := claimmap.Parse("zzz=user.q,google.email=user.emails,attribute.a=user.y.z,google.group=group.name,attribute.B=user.x,google.subject=user.mail")
	if written.Error() != want.Error() {
		t.Errorf("Parse in another order:\n%v\nwant\n%v", written, want)
	}
}
