package gapi

import (
	"fmt"
	"slices"
)

// Asked returns an error if a reply of testIamPermissions has a permission that
// wasn't asked for.
func Asked(asked, got []string) error {
	for _, p := range got {
		if !slices.Contains(asked, p) {
			return fmt.Errorf("the reply has the permission %q, which was not asked for", p)
		}
	}
	return nil
}
