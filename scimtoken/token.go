package scimtoken

import (
	"google.golang.org/api/iam/v1"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/internal/check"
	"github.com/iamscim/iamscim/internal/resname"
	"github.com/iamscim/iamscim/scimtenant"
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

// CreateRequest describes a token to be created. Exactly one of Name and Tenant
// is required.
type CreateRequest struct {
	// Name is the token's name, chosen by the caller.
	Name Name

	// Tenant is the tenant of a token whose id the client chooses: r, the
	// UTC time to the minute, and randomness (r20261123t0803-xxxxxxxx).
	Tenant scimtenant.Name

	DisplayName string // at most 32 characters

	// RecreateLost: if the service made the token but the reply with its
	// secret was lost, delete it and create another under a fresh id, instead
	// of failing with [ErrSecretLost]. It requires Tenant: only a token under
	// an id that this client chose and saw unused can be known to be nobody
	// else's.
	RecreateLost bool
}

// UpdateRequest says what to change about a token: a nil field is left as it
// is, a pointer to "" clears.
type UpdateRequest struct {
	Name        Name
	DisplayName *string
}

func (r CreateRequest) validate(op string) error {
	var l check.List
	switch {
	case r.Name.IsZero() && r.Tenant.IsZero():
		l.Add("Name", "one of Name and Tenant is required")
	case !r.Name.IsZero() && !r.Tenant.IsZero():
		l.Add("Name", "only one of Name and Tenant can be set")
	case resname.Reserved(r.Name.ID()):
		l.Add("Name", "ids that begin with gcp- are reserved")
	}
	l.Text("DisplayName", r.DisplayName, check.DisplayName)
	if r.RecreateLost && r.Tenant.IsZero() {
		l.Add("RecreateLost", "requires Tenant: a token under an id of your own is not deleted for you")
	}
	return l.Err(op, r.Name.String())
}

func (r UpdateRequest) validate(op string) error {
	var l check.List
	if r.Name.IsZero() {
		l.Add("Name", "required")
	} else if r.DisplayName == nil {
		return &iamscim.Error{Op: op, Resource: r.Name.String(), Kind: iamscim.ErrNothingToUpdate}
	}
	if r.DisplayName != nil {
		l.Text("DisplayName", *r.DisplayName, check.DisplayName)
	}
	return l.Err(op, r.Name.String())
}

// toAPI returns the body of the PATCH and its mask.
func (r UpdateRequest) toAPI() (*iam.WorkforcePoolProviderScimToken, string) {
	return &iam.WorkforcePoolProviderScimToken{DisplayName: *r.DisplayName, ForceSendFields: []string{"DisplayName"}}, "displayName"
}

// fromAPI makes a Token of the service's shape. The secret stays behind.
func fromAPI(t *iam.WorkforcePoolProviderScimToken) (*Token, error) {
	name, err := ParseName(t.Name)
	if err != nil {
		return nil, err
	}
	return &Token{Name: name, DisplayName: t.DisplayName, State: iamscim.State(t.State)}, nil
}
