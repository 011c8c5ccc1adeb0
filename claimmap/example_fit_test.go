package claimmap_test

import (
	"fmt"
	"slices"

	"github.com/iamscim/iamscim/claimmap"
)

// The mapping that meets a provider as it is, and what the identity provider must send
// for that.
func ExampleFit() {
	mapping, verdict := claimmap.Fit(map[string]string{"google.subject": "assertion.oid"}, claimmap.EntraID)
	fmt.Println(verdict.Result)
	fmt.Println(mapping)
	for _, setting := range verdict.Requires {
		fmt.Printf("%s: %s, and not %s\n", setting.Setting, setting.Value, setting.Default)
	}
	// Output:
	// consistent
	// google.subject=user.externalId,google.group=group.externalId
	// externalId: objectId, and not mailNickname
}

func ExampleCheckUniqueGroups() {
	groups := []claimmap.Group{
		{ExternalID: "1", DisplayName: "engineers"},
		{ExternalID: "2", DisplayName: "Engineers"},
		{DisplayName: "finance"},
	}
	for conflict := range claimmap.CheckUniqueGroups(slices.Values(groups), claimmap.Recommended(claimmap.EntraID)) {
		fmt.Println(conflict)
	}
	// Output:
	// row 1: displayName: duplicate value, first in row 0
	// row 2: google.group: empty value
}
