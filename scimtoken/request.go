package scimtoken

import (
	"google.golang.org/api/iam/v1"

	"github.com/iamscim/iamscim/scimtenant"
)

// CreateRequest describes a token to be created. Exactly one of Name and Tenant
// is required.
type CreateRequest struct {
	// Name is the token's name, chosen by the caller.
	Name Name

	// Tenant is the tenant of a token with an ID that the client chooses: r, the
	// UTC time to the minute, and randomness (r20261123t0803-xxxxxxxx).
	Tenant scimtenant.Name

	DisplayName string // at most 32 characters

	// RecreateLost: if the service made the token but the reply with its
	// secret was lost, delete it and create another under a fresh ID, instead
	// of failing with [ErrSecretLost]. It requires Tenant: only a token under
	// an ID that this client chose and saw unused can be known to be nobody
	// else's.
	RecreateLost bool
}

// UpdateRequest says what to change about a token: a nil field is left as it
// is, a pointer to "" clears.
type UpdateRequest struct {
	Name        Name
	DisplayName *string
}

// toAPI returns the body of the PATCH and its mask.
func (r UpdateRequest) toAPI() (*iam.WorkforcePoolProviderScimToken, string) {
	return &iam.WorkforcePoolProviderScimToken{DisplayName: *r.DisplayName, ForceSendFields: []string{"DisplayName"}}, "displayName"
}

// made reports whether a token that was read has everything the update sets.
func (r UpdateRequest) made(got *Token) (bool, error) { return got.DisplayName == *r.DisplayName, nil }
