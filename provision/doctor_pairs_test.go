package provision_test

import (
	"flag"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
)

var allPairs = flag.Bool("pairs", false, "combine all pairs of ailments, and play each with all draws, not a part of them")

// combines reports whether two ailments can be had at once: neither is on, or
// hides, what the other is on.
func (a ailment) combines(b ailment) bool {
	meets := func(x, y string) bool {
		return slices.ContainsFunc(strings.Fields(x), func(part string) bool { return slices.Contains(strings.Fields(y), part) })
	}
	return a.codes != "" && b.codes != "" && !meets(a.on, b.on) && !meets(a.hides, b.on) && !meets(b.hides, a.on)
}

// TestDoctorPairs: of two faults at once the doctor finds the codes of both, and
// no others.
func TestDoctorPairs(t *testing.T) {
	t.Parallel()
	for i, a := range ailments {
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			for j, b := range ailments[i+1:] {
				if !a.combines(b) || !*allPairs && (i*7+j)%9 != 0 {
					continue
				}
				t.Run(b.name, func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						pair := []ailment{a, b}
						if strings.Contains(b.on, "age") || strings.Contains(a.on, "moment") {
							pair = []ailment{b, a} // what takes its time comes first
						}
						want := append(a.want(), b.want()...)
						slices.Sort(want)
						want = slices.Compact(want)
						r := examine(t, pair...)
						if got := codes(r); !slices.Equal(got, want) {
							t.Errorf("codes %v, want the union %v", got, want)
						}
						check(t, r)
					})
				})
			}
		})
	}
}
