package scimtoken

import (
	"fmt"
	"time"

	"github.com/iamscim/iamscim/internal/resname"
	"github.com/iamscim/iamscim/provider"
	"github.com/iamscim/iamscim/scimtenant"
)

// Name is the name of a SCIM token:
// locations/LOCATION/workforcePools/POOL/providers/PROVIDER/scimTenants/TENANT/tokens/TOKEN.
// Values are comparable; every non-zero Name is well formed.
type Name struct {
	tenant scimtenant.Name
	token  string
}

// NewName returns the name of a token of a tenant. A token ID has 4 to 32
// characters of a-z, 0-9 and -, a letter first and no hyphen last.
func NewName(parent scimtenant.Name, token string) (Name, error) {
	if err := resname.Token.CheckChild(parent.String(), token); err != nil {
		return Name{}, fmt.Errorf("scimtoken: %w", err)
	}
	return Name{tenant: parent, token: token}, nil
}

// ParseName parses the full name of a token and nothing else.
func ParseName(name string) (Name, error) {
	ids, err := resname.Parse(name, resname.Location, resname.Pool, resname.Provider, resname.Tenant, resname.Token)
	if err != nil {
		return Name{}, fmt.Errorf("scimtoken: name %w", err)
	}
	pool, err := provider.NewPoolName(ids[0], ids[1])
	if err != nil {
		return Name{}, err
	}
	grandparent, err := provider.NewName(pool, ids[2])
	if err != nil {
		return Name{}, err
	}
	parent, err := scimtenant.NewName(grandparent, ids[3])
	if err != nil {
		return Name{}, err
	}
	return NewName(parent, ids[4])
}

// Tenant returns the name of the tenant.
func (n Name) Tenant() scimtenant.Name { return n.tenant }

// ID returns the token ID.
func (n Name) ID() string { return n.token }

// Created returns the time at which this package chose the ID, in UTC and to the
// minute. ok is false for an ID that somebody else chose.
func (n Name) Created() (at time.Time, ok bool) { return generatedAt(n.token) }

// IsZero reports whether n names no token.
func (n Name) IsZero() bool { return n == Name{} }

// String returns the full name, "" for the zero Name.
func (n Name) String() string {
	if n.IsZero() {
		return ""
	}
	return resname.Join(n.tenant.String(), resname.Token, n.token)
}

// MarshalText returns the full name.
func (n Name) MarshalText() ([]byte, error) { return []byte(n.String()), nil }

// UnmarshalText parses a full name; an empty text is the zero Name.
func (n *Name) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*n = Name{}
		return nil
	}
	parsed, err := ParseName(string(text))
	if err != nil {
		return err
	}
	*n = parsed
	return nil
}
