package provision_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/iamscim/iamscim/provision"
	"github.com/iamscim/iamscim/scimtest"
)

// TestDoctorDraws plays the scenes with other answers to what Google doesn't
// document. The doctor depends on none of them.
func TestDoctorDraws(t *testing.T) {
	t.Parallel()
	for seed := range uint64(16) {
		for i, a := range ailments {
			if !*allPairs && (uint64(i)+seed)%8 != 0 {
				continue
			}
			t.Run(fmt.Sprintf("%d/%s", seed, a.name), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					b := a
					b.opts = append([]scimtest.Option{scimtest.WithShuffledBehaviors(seed)}, a.opts...)
					r := examine(t, b)
					want := a.want()
					if strings.Contains(strings.Join(r.NotSearched, " "), "members alone") {
						// The one undocumented filter is of use only if it works.
						want = slices.DeleteFunc(want, func(c provision.Code) bool { return c == "SCIM212" })
					}
					if got := codes(r); !slices.Equal(got, want) {
						t.Errorf("codes %v, want %v\n%s", got, want, r)
					}
				})
			})
		}
	}
}
