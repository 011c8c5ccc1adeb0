package audit

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
)

// Sample checks random users with all their memberships. Leavers and groups
// aren't checked.
type Sample struct {
	// Users is the number of users. The default is 3,000: two minutes at the
	// default pace, and four with memberships, for a directory of any size.
	Users int `json:"users"`

	// Confidence is how sure the bounds are, between 0 and 1. The default is
	// 0.95.
	Confidence float64 `json:"confidence"`

	// Seed decides which users. The same seed chooses the same users of the
	// same roster.
	Seed uint64 `json:"seed"`
}

func (s Sample) withDefaults() (Sample, error) {
	if s.Users == 0 {
		s.Users = 3000
	}
	if s.Confidence == 0 {
		s.Confidence = 0.95
	}
	var errs []error
	if s.Users < 0 {
		errs = append(errs, fmt.Errorf("Sample.Users is %d: at least 1", s.Users))
	}
	if !(s.Confidence > 0 && s.Confidence < 1) {
		errs = append(errs, fmt.Errorf("Sample.Confidence is %v: between 0 and 1", s.Confidence))
	}
	return s, errors.Join(errs...)
}

// selection is the users of a sample: those with the smallest hashes of seed and
// key, so that the order of the roster doesn't matter.
type selection struct {
	Sample
	seed       string
	limit      uint64 // the greatest hash
	users      int
	population int
}

func choose(s Sample, x *index) (*selection, error) {
	c := &selection{Sample: s, seed: strconv.FormatUint(s.Seed, 10)}
	var hashes []uint64
	for i := range uint32(x.users.len()) {
		if !x.skip.has(i) {
			hashes = append(hashes, stable(c.seed, x.users.key(i)))
		}
	}
	if len(hashes) == 0 {
		return nil, errors.New("audit: there are no users to take a sample of")
	}
	slices.Sort(hashes)
	c.population = len(hashes)
	c.users = min(s.Users, len(hashes))
	c.limit = hashes[c.users-1]
	return c, nil
}

// has reports whether the user is in the sample. Everybody is in none.
func (c *selection) has(key string) bool { return c == nil || stable(c.seed, key) <= c.limit }

// SampleResult is what a sample proves.
type SampleResult struct {
	Sample
	Checked    int `json:"checked"`    // users
	Population int `json:"population"` // users

	// Attributes is about users who are missing or have wrong attributes,
	// Memberships about users with wrong memberships. A check that wasn't
	// possible counts as wrong. Memberships is nil if the roster has none.
	Attributes  Bound  `json:"attributes"`
	Memberships *Bound `json:"memberships,omitempty"`
}

// Bound is a bound of the number of wrong users in the whole directory.
type Bound struct {
	Found  int `json:"found"`  // wrong users in the sample
	AtMost int `json:"atMost"` // wrong users in the directory, with the sample's confidence
}

func (c *selection) result(w wrong, memberships bool) *SampleResult {
	r := &SampleResult{Sample: c.Sample, Checked: c.users, Population: c.population, Attributes: c.bound(w.attributes)}
	if memberships {
		b := c.bound(w.memberships)
		r.Memberships = &b
	}
	return r
}

func (c *selection) bound(keys map[string]bool) Bound {
	found := 0
	for key := range keys {
		if c.has(key) {
			found++
		}
	}
	return Bound{Found: found, AtMost: mostWrong(c.population, c.users, found, c.Confidence)}
}

func (r *SampleResult) statements() []string {
	list := []string{r.statement(r.Attributes, "missing or wrong attributes")}
	if r.Memberships != nil {
		list = append(list, r.statement(*r.Memberships, "wrong memberships"))
	}
	return list
}

func (r *SampleResult) statement(b Bound, what string) string {
	found := "none"
	if b.Found > 0 {
		found = number(b.Found)
	}
	return fmt.Sprintf("%s of %s users checked, %s with %s: with %s %% confidence at most %s are, fewer than %s %%.",
		number(r.Checked), number(r.Population), found, what, plain(100*r.Confidence), number(b.AtMost), plain(percentAbove(b.AtMost, r.Population)))
}

// percentAbove is a number of percent with two digits that is above a share.
func percentAbove(part, whole int) float64 {
	share := 100 * (float64(part) + 0.5) / float64(whole)
	unit := math.Pow(10, math.Floor(math.Log10(share))-1)
	return math.Ceil(share/unit) * unit
}

func plain(f float64) string { return strconv.FormatFloat(f, 'g', 6, 64) }

// mostWrong returns the greatest number of wrong users in a population, after a
// sample with found wrong users, at a confidence. It's the greatest M for which at
// most found of M wrong users are seen with a probability of at least 1 -
// confidence. The number seen has the hypergeometric distribution, because nobody
// is checked twice.
func mostWrong(population, sample, found int, confidence float64) int {
	low, high := found, population-(sample-found) // low is possible
	for low < high {
		middle := low + (high-low+1)/2
		if seenAtMost(population, middle, sample, found) >= 1-confidence-rounding {
			low = middle
		} else {
			high = middle - 1
		}
	}
	return low
}

// rounding is more than the error of seenAtMost for ten million users. It makes
// the bound greater, never smaller.
const rounding = 1e-7

// seenAtMost is the probability to see at most found of the wrong ones.
func seenAtMost(population, wrong, sample, found int) float64 {
	sum := 0.0
	all := logChoose(population, sample)
	for i := max(0, sample-(population-wrong)); i <= min(found, wrong); i++ {
		sum += math.Exp(logChoose(wrong, i) + logChoose(population-wrong, sample-i) - all)
	}
	return sum
}

// logChoose is the logarithm of the number of ways to choose k of n.
func logChoose(n, k int) float64 {
	return logFactorial(n) - logFactorial(k) - logFactorial(n-k)
}

func logFactorial(n int) float64 {
	f, _ := math.Lgamma(float64(n) + 1)
	return f
}

// wrong collects the users with findings.
type wrong struct{ attributes, memberships map[string]bool }

func (w wrong) add(f Finding) {
	switch f.Code {
	case UserMissing:
		w.attributes[f.User], w.memberships[f.User] = true, true
	case UserDiffers, UserActive, UserInactive, TenantDuplicate, RosterRefused, RosterDuplicate, SubjectDiffers:
		w.attributes[f.User] = true
	case MembershipMissing, MembershipUnexpected, RosterUnknownKey, GroupsTooMany:
		w.memberships[f.User] = true
	case NotChecked:
		if f.Attribute != "groups" {
			w.attributes[f.User] = true
		}
		w.memberships[f.User] = true
	}
}
