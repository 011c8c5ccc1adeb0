package scimtoken

import (
	"google.golang.org/api/iam/v1"

	"github.com/iamscim/iamscim"
)

// Secret is the text of a token, which the service shows once: see
// [iamscim.Secret]. Reveal is the only way to it, and TokenSource makes it a
// bearer token for package scimclient.
type Secret = iamscim.Secret

// Token is a SCIM token, without its secret. A tenant has at most two.
//
// https://docs.cloud.google.com/iam/docs/reference/rest/v1/locations.workforcePools.providers.scimTenants.tokens
type Token struct {
	Name        Name
	DisplayName string // at most 32 characters
	State       iamscim.State
}

// fromAPI makes a Token of the service's shape. The secret stays behind.
func fromAPI(t *iam.WorkforcePoolProviderScimToken) (*Token, error) {
	name, err := ParseName(t.Name)
	if err != nil {
		return nil, err
	}
	return &Token{Name: name, DisplayName: t.DisplayName, State: iamscim.State(t.State)}, nil
}
