package audit

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"time"
)

// Guard refuses a roster that lost many rows since the last accepted one: the
// findings of an audit are fed into programs that disable people. An empty list
// of users is always refused.
type Guard struct {
	// Accepted is a file that keeps the numbers of the last accepted roster.
	// It's written with mode 0600 after a run that ended, with findings or
	// without. "" compares with nothing.
	Accepted string

	// A roster is refused if it lost more than MaxLoss rows of one kind, or
	// more than MaxShare of them. The same holds for the members of each group,
	// and for the growth of the leavers. The defaults are 500 and 0.1.
	MaxLoss  int
	MaxShare float64

	// MinPopulation is the number of rows from which on MaxShare counts. The
	// default is 20. Fewer rows may shrink, but not to none.
	MinPopulation int

	// Allow waives a guard for this run. It names the kind and the number of
	// lost rows, as [RefusedError] does: "users=312", "groups=4",
	// "memberships=9000", "group:KEY=50", or "leavers=700" for growth.
	Allow []string
}

// RefusedError says why a guard refuses a roster. Nothing was sent.
type RefusedError struct{ Changes []Change }

// Change is a change of a roster that a guard refuses.
type Change struct {
	Kind string `json:"kind"` // "users", "groups", "memberships", "leavers", or "group:KEY"
	Was  int    `json:"was"`
	Is   int    `json:"is"`
}

// Waiver is the text for [Guard.Allow] that lets the change pass.
func (c Change) Waiver() string { return fmt.Sprintf("%s=%d", c.Kind, max(c.Was-c.Is, c.Is-c.Was)) }

// Error names each change and its waiver. Keys of groups may be names.
func (e *RefusedError) Error() string {
	var b strings.Builder
	b.WriteString("audit: the roster is refused:")
	for i, c := range e.Changes {
		if i == 10 {
			fmt.Fprintf(&b, " and %d more,", len(e.Changes)-i)
			break
		}
		fmt.Fprintf(&b, " %s were %d and are %d (%s),", c.Kind, c.Was, c.Is, c.Waiver())
	}
	return strings.TrimSuffix(b.String(), ",")
}

// acceptedVersion is the version of the file with accepted numbers.
const acceptedVersion = "iamscim-accepted/v1"

// accepted is what is kept of an accepted roster.
type accepted struct {
	Version   string         `json:"version"`
	TenantUID string         `json:"tenantUID"`
	Time      time.Time      `json:"time"`
	Roster    Counts         `json:"roster"`
	Members   map[string]int `json:"members"` // by group
}

func (g Guard) withDefaults() (Guard, error) {
	if g.MaxLoss < 0 || g.MaxShare < 0 || g.MaxShare > 1 || g.MinPopulation < 0 {
		return g, errors.New("audit: a limit of the guard is negative, or MaxShare is above 1")
	}
	if g.MaxLoss == 0 {
		g.MaxLoss = 500
	}
	if g.MaxShare == 0 {
		g.MaxShare = 0.1
	}
	if g.MinPopulation == 0 {
		g.MinPopulation = 20
	}
	for _, text := range g.Allow {
		if kind, n, ok := strings.Cut(text, "="); !ok || kind == "" || n == "" || strings.Trim(n, "0123456789") != "" {
			return g, fmt.Errorf("audit: Allow %q: expected a kind and a number, as users=312", text)
		}
	}
	return g, nil
}

// check compares the roster with the last accepted one. It returns the waivers
// that were needed.
func (g Guard) check(tenant string, x *index) (waived []string, err error) {
	if g, err = g.withDefaults(); err != nil {
		return nil, err
	}
	last, err := g.load(tenant)
	if err != nil {
		return nil, err
	}
	var changes []Change
	compare := func(kind string, was, is int) {
		lost := was - is
		if lost > 0 && (is == 0 || lost > g.MaxLoss || was >= g.MinPopulation && float64(lost) > g.MaxShare*float64(was)) {
			changes = append(changes, Change{Kind: kind, Was: was, Is: is})
		}
	}
	if x.counts.Users == 0 {
		changes = append(changes, Change{Kind: "users", Was: last.Roster.Users})
	} else {
		compare("users", last.Roster.Users, x.counts.Users)
	}
	compare("groups", last.Roster.Groups, x.counts.Groups)
	compare("memberships", last.Roster.Memberships, x.counts.Memberships)
	members := x.members()
	for _, key := range slices.Sorted(maps.Keys(last.Members)) {
		compare("group:"+key, last.Members[key], members[key])
	}
	was, is := last.Roster.Leavers, x.counts.Leavers
	if grown := is - was; last.Version != "" && grown > 0 && (grown > g.MaxLoss || was >= g.MinPopulation && float64(grown) > g.MaxShare*float64(was)) {
		changes = append(changes, Change{Kind: "leavers", Was: was, Is: is})
	}
	changes = slices.DeleteFunc(changes, func(c Change) bool {
		allowed := slices.Contains(g.Allow, c.Waiver())
		if allowed {
			waived = append(waived, c.Waiver())
		}
		return allowed
	})
	if len(changes) > 0 {
		return nil, &RefusedError{changes}
	}
	return waived, nil
}

// members counts the members of each group.
func (x *index) members() map[string]int {
	members := make(map[string]int, len(x.group))
	for i, n := range x.perGroup {
		members[x.group[i].Key] = int(n)
	}
	return members
}

func (g Guard) load(tenant string) (accepted, error) {
	var last accepted
	if g.Accepted == "" {
		return last, nil
	}
	text, err := os.ReadFile(g.Accepted)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return last, nil
	case err != nil:
		return last, fmt.Errorf("audit: accepted roster: %w", err)
	}
	if err := json.Unmarshal(text, &last); err != nil || last.Version != acceptedVersion {
		return last, fmt.Errorf("audit: %s isn't a file of an accepted roster, or one of another version", g.Accepted)
	}
	if last.TenantUID != tenant {
		return last, fmt.Errorf("audit: %s is about the tenant %s, not %s", g.Accepted, last.TenantUID, tenant)
	}
	return last, nil
}

// accept keeps the numbers of the roster.
func (g Guard) accept(tenant string, x *index, now time.Time) error {
	if g.Accepted == "" {
		return nil
	}
	text, err := json.Marshal(accepted{acceptedVersion, tenant, now.UTC(), x.counts, x.members()})
	if err == nil {
		err = writeFile(g.Accepted, text)
	}
	if err != nil {
		return fmt.Errorf("audit: accepted roster: %w", err)
	}
	return nil
}
