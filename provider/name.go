package provider

import (
	"errors"
	"fmt"

	"github.com/iamscim/iamscim/internal/resname"
)

// PoolName is the name of a workforce pool:
// locations/LOCATION/workforcePools/POOL. Values are comparable; every
// non-zero PoolName is well formed.
type PoolName struct {
	location, pool string
}

// NewPoolName returns the name of a pool. The location is "global" in every
// documented use; a pool ID has 6 to 63 characters of a-z, 0-9 and -, a letter
// first and no hyphen last.
func NewPoolName(location, pool string) (PoolName, error) {
	if err := errors.Join(resname.Location.Check(location), resname.Pool.Check(pool)); err != nil {
		return PoolName{}, fmt.Errorf("provider: %w", err)
	}
	return PoolName{location: location, pool: pool}, nil
}

// ParsePoolName parses locations/LOCATION/workforcePools/POOL and nothing else.
func ParsePoolName(name string) (PoolName, error) {
	ids, err := resname.Parse(name, resname.Location, resname.Pool)
	if err != nil {
		return PoolName{}, fmt.Errorf("provider: pool name %w", err)
	}
	return PoolName{location: ids[0], pool: ids[1]}, nil
}

// Location returns the location ID.
func (n PoolName) Location() string { return n.location }

// ID returns the pool ID.
func (n PoolName) ID() string { return n.pool }

// IsZero reports whether n names no pool.
func (n PoolName) IsZero() bool { return n == PoolName{} }

// String returns the full name, "" for the zero PoolName.
func (n PoolName) String() string {
	if n.IsZero() {
		return ""
	}
	return resname.Join(resname.Join("", resname.Location, n.location), resname.Pool, n.pool)
}

// MarshalText returns the full name.
func (n PoolName) MarshalText() ([]byte, error) { return []byte(n.String()), nil }

// UnmarshalText parses a full name; an empty text is the zero PoolName.
func (n *PoolName) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*n = PoolName{}
		return nil
	}
	parsed, err := ParsePoolName(string(text))
	if err != nil {
		return err
	}
	*n = parsed
	return nil
}

// Name is the name of a workforce pool provider:
// locations/LOCATION/workforcePools/POOL/providers/PROVIDER. Values are
// comparable; every non-zero Name is well formed.
type Name struct {
	pool     PoolName
	provider string
}

// NewName returns the name of a provider of a pool. A provider ID has 4 to 32
// characters of a-z, 0-9 and -.
func NewName(pool PoolName, provider string) (Name, error) {
	if err := resname.Provider.CheckChild(pool.String(), provider); err != nil {
		return Name{}, fmt.Errorf("provider: %w", err)
	}
	return Name{pool: pool, provider: provider}, nil
}

// ParseName parses locations/LOCATION/workforcePools/POOL/providers/PROVIDER
// and nothing else.
func ParseName(name string) (Name, error) {
	ids, err := resname.Parse(name, resname.Location, resname.Pool, resname.Provider)
	if err != nil {
		return Name{}, fmt.Errorf("provider: name %w", err)
	}
	return Name{pool: PoolName{location: ids[0], pool: ids[1]}, provider: ids[2]}, nil
}

// Pool returns the name of the pool.
func (n Name) Pool() PoolName { return n.pool }

// ID returns the provider ID.
func (n Name) ID() string { return n.provider }

// IsZero reports whether n names no provider.
func (n Name) IsZero() bool { return n == Name{} }

// String returns the full name, "" for the zero Name.
func (n Name) String() string {
	if n.IsZero() {
		return ""
	}
	return resname.Join(n.pool.String(), resname.Provider, n.provider)
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
