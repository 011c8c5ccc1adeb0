package scimtenant

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"google.golang.org/api/iam/v1"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/claimmap"
)

// CreateRequest describes a tenant to be created. Name, ClaimMapping and Usage
// are required.
type CreateRequest struct {
	Name        Name
	DisplayName string // at most 32 characters
	Description string // at most 256 characters

	// ClaimMapping cannot be changed once the tenant exists. Before it is
	// sent it is validated for Usage; compare it with the provider's
	// attribute mapping first ([claimmap.Compare]).
	ClaimMapping claimmap.Mapping

	// Usage is what the provider will take from the tenant: it decides which
	// keys of the mapping count. It is not sent, and it does not switch the
	// provider: provider.Client.SetSCIMUsage does, once the directory has
	// arrived.
	Usage iamscim.SCIMUsage
}

// UpdateRequest says what to change about a tenant: a nil field is left as it
// is, a pointer to "" clears. There is no field for the claim mapping, which
// is immutable.
type UpdateRequest struct {
	Name        Name
	DisplayName *string
	Description *string
}

// toAPI returns the body of the create.
func (r CreateRequest) toAPI() *iam.WorkforcePoolProviderScimTenant {
	return &iam.WorkforcePoolProviderScimTenant{DisplayName: r.DisplayName, Description: r.Description, ClaimMapping: r.ClaimMapping.Map()}
}

// toAPI returns the body of the PATCH and its mask.
func (r UpdateRequest) toAPI() (*iam.WorkforcePoolProviderScimTenant, string) {
	t := &iam.WorkforcePoolProviderScimTenant{}
	var mask []string
	if r.DisplayName != nil {
		t.DisplayName = *r.DisplayName
		t.ForceSendFields = append(t.ForceSendFields, "DisplayName")
		mask = append(mask, "displayName")
	}
	if r.Description != nil {
		t.Description = *r.Description
		t.ForceSendFields = append(t.ForceSendFields, "Description")
		mask = append(mask, "description")
	}
	return t, strings.Join(mask, ",")
}

// made says whether a tenant that was read is the one that a lost create made, or
// another one of the same name.
func (r CreateRequest) made(op string) func(*Tenant) (bool, error) {
	return func(got *Tenant) (bool, error) {
		if differs := r.difference(got); differs != nil {
			return true, &iamscim.Error{Op: op, Resource: r.Name.String(), Kind: iamscim.ErrAlreadyExists, Differs: differs, Remedy: remedyDiffers}
		}
		return true, nil
	}
}

// difference names the fields in which the tenant got differs from the
// request, nil if it is what was asked for.
func (r CreateRequest) difference(got *Tenant) []string {
	var names []string
	if got.State != iamscim.StateActive {
		names = append(names, fmt.Sprintf("State (%s)", got.State))
	}
	if got.DisplayName != r.DisplayName {
		names = append(names, "DisplayName")
	}
	if got.Description != r.Description {
		names = append(names, "Description")
	}
	if want := r.ClaimMapping.Map(); !maps.Equal(got.ClaimMapping, want) {
		for _, key := range slices.Sorted(maps.Keys(want)) {
			if got.ClaimMapping[key] != want[key] {
				names = append(names, fmt.Sprintf("ClaimMapping (%s is %q, not %q)", key, got.ClaimMapping[key], want[key]))
			}
		}
		for _, key := range slices.Sorted(maps.Keys(got.ClaimMapping)) {
			if _, asked := want[key]; !asked {
				names = append(names, fmt.Sprintf("ClaimMapping (%s is %q, not asked for)", key, got.ClaimMapping[key]))
			}
		}
	}
	return names
}

// made reports whether a tenant that was read has everything the update sets.
func (r UpdateRequest) made(got *Tenant) (bool, error) {
	return (r.DisplayName == nil || *r.DisplayName == got.DisplayName) &&
		(r.Description == nil || *r.Description == got.Description), nil
}
