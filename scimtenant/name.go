package scimtenant

import (
	"fmt"

	"github.com/iamscim/iamscim/internal/resname"
	"github.com/iamscim/iamscim/provider"
)

// Name is the name of a SCIM tenant:
// locations/LOCATION/workforcePools/POOL/providers/PROVIDER/scimTenants/TENANT.
// Values are comparable; every non-zero Name is well formed.
type Name struct {
	provider provider.Name
	tenant   string
}

// NewName returns the name of a tenant of a provider. A tenant ID has 4 to 32
// characters of a-z, 0-9 and -. It is not the tenant's UID, which the service
// chooses: see [Tenant.UID].
func NewName(parent provider.Name, tenant string) (Name, error) {
	if err := resname.Tenant.CheckChild(parent.String(), tenant); err != nil {
		return Name{}, fmt.Errorf("scimtenant: %w", err)
	}
	return Name{provider: parent, tenant: tenant}, nil
}

// ParseName parses the full name of a tenant and nothing else.
func ParseName(name string) (Name, error) {
	ids, err := resname.Parse(name, resname.Location, resname.Pool, resname.Provider, resname.Tenant)
	if err != nil {
		return Name{}, fmt.Errorf("scimtenant: name %w", err)
	}
	pool, err := provider.NewPoolName(ids[0], ids[1])
	if err != nil {
		return Name{}, err
	}
	parent, err := provider.NewName(pool, ids[2])
	if err != nil {
		return Name{}, err
	}
	return NewName(parent, ids[3])
}

// Provider returns the name of the provider.
func (n Name) Provider() provider.Name { return n.provider }

// ID returns the tenant ID.
func (n Name) ID() string { return n.tenant }

// IsZero reports whether n names no tenant.
func (n Name) IsZero() bool { return n == Name{} }

// String returns the full name, "" for the zero Name.
func (n Name) String() string {
	if n.IsZero() {
		return ""
	}
	return resname.Join(n.provider.String(), resname.Tenant, n.tenant)
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
