package directory

import (
	"testing"

	"github.com/iamscim/iamscim/scimtest/internal/wire"
)

// TestMatch has every operator, which filters of lists do not have and paths
// of PATCH do.
func TestMatch(t *testing.T) {
	t.Parallel()
	// userName Ada; emails a@x (work, primary) and b@x; created 2026-01-01.
	o := fuzzResource()
	for _, row := range []struct {
		filter string
		want   bool
	}{
		{`userName eq "ADA"`, true},
		{`userName ne "ada"`, false},
		{`userName ne "bob"`, true},
		{`userName co "D"`, true},
		{`userName co "x"`, false},
		{`userName sw "aD"`, true},
		{`userName sw "da"`, false},
		{`userName ew "DA"`, true},
		{`userName ew "ad"`, false},
		{`userName gt "acz"`, true},
		{`userName gt "ADA"`, false},
		{`userName ge "ADA"`, true},
		{`userName ge "adb"`, false},
		{`userName lt "adb"`, true},
		{`userName lt "ada"`, false},
		{`userName le "ADA"`, true},
		{`userName le "acz"`, false},
		{`userName pr`, true},
		{`title pr`, false},
		{`title eq "x"`, false},
		{`title ne "x"`, true},
		{`title eq null`, true},
		{`title ne null`, false},
		{`userName eq null`, false},
		{`userName ne null`, true},
		{`active eq true`, true},
		{`active ne true`, false},
		{`active eq false`, false},
		{`emails co "@x"`, true},
		{`emails ne "b@x"`, false},
		{`emails pr`, true},
		{`emails.display pr`, false},
		{`emails.primary eq true`, true},
		{`emails[type eq "work" and value eq "b@x"]`, false},
		{`emails[type eq "work" or value eq "b@x"].value eq "b@x"`, true},
		{`emails[not (type eq "work")].value eq "b@x"`, true},
		{`emails[not (type eq "work")].value eq "a@x"`, false},
		{`emails[type pr].value eq "b@x"`, false},
		{`name pr`, true},
		{`name.formatted sw "a"`, true},
		{`manager eq "m"`, true},
		{urnEnterprise + ` pr`, true},
		{urnEnterprise + `:department pr`, false},
		{`meta.created eq "2026-01-01T01:00:00+01:00"`, true},
		{`meta.created gt "2025-12-31T23:59:59Z"`, true},
		{`meta.created lt "2025-12-31T23:59:59Z"`, false},
		{`meta.created ge "2026-01-01T00:00:00Z"`, true},
		{`meta.created le "2026-01-01T00:00:00Z"`, true},
		{`schemas eq "` + urnUser + `"`, true},
		{`userName eq "x" or active eq true`, true},
		{`userName eq "x" or active eq false`, false},
		{`userName eq "ada" and not (active eq false)`, true},
	} {
		f, err := parseFilter(row.filter)
		if err != nil {
			t.Errorf("parseFilter(%s) = %v", row.filter, err)
			continue
		}
		if err := f.bind(binder{resolve: userType.resolve}); err != nil {
			t.Errorf("bind(%s) = %v", row.filter, err)
			continue
		}
		if got := f.match(o); got != row.want {
			t.Errorf("match(%s) = %v, want %v", row.filter, got, row.want)
		}
	}
	for _, filter := range []string{`active gt true`, `title gt null`, `active co "x"`, `userName gt 1`, `name eq null`} {
		f, err := parseFilter(filter)
		if err != nil {
			t.Errorf("parseFilter(%s) = %v", filter, err)
		} else if err := f.bind(binder{resolve: userType.resolve}); err == nil {
			t.Errorf("bind(%s) = nil, want an error", filter)
		}
	}
}

func TestClip(t *testing.T) {
	t.Parallel()
	long := ""
	for range 150 {
		long += "é"
	}
	for _, row := range []struct{ in, want string }{
		{"short", "short"},
		{long, long[:200] + "…"},
		{"x" + long, "x" + long[:198] + "…"}, // not within a character
	} {
		if got := wire.Clip(row.in); got != row.want {
			t.Errorf("wire.Clip(%q) = %q, want %q", row.in, got, row.want)
		}
	}
}

// TestFreeID ends when ids run out.
func TestFreeID(t *testing.T) {
	t.Parallel()
	f := newFixture(t, Config{NewID: func() string { return "only" }})
	f.create("/Users", user("ada"))
	f.refused(500, "", "POST", "/Users", user("bob"))
	if a, b := randomUUID(), randomUUID(); a == b || len(a) != 36 || a[14] != '4' {
		t.Errorf("randomUUID() = %s and then %s, want two UUIDs of version 4", a, b)
	}
}
