package scimtest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"google.golang.org/api/iam/v1"
)

// AddPool puts a workforce pool in place. Name and Parent
// ("organizations/123456789012") are required. Seeded resources are visible at
// once, whatever [WithReplicationLag] says. The error names every rule the pool
// breaks.
func (s *Server) AddPool(p *iam.WorkforcePool) error {
	if s.err != nil {
		return s.err
	}
	return s.cloud.AddPool(p)
}

// AddProvider puts a provider into a pool that exists. Name is required; the
// rest is checked as in a create.
func (s *Server) AddProvider(p *iam.WorkforcePoolProvider) error {
	if s.err != nil {
		return s.err
	}
	return s.cloud.AddProvider(p)
}

// AddTenant puts a SCIM tenant into a provider that exists and returns it with
// its base URI, which is on the loopback address if the server listens there.
// Name and ClaimMapping are required. A UID of lower-case letters and digits
// can be chosen by a BaseUri that ends in "/tenants/UID".
func (s *Server) AddTenant(t *iam.WorkforcePoolProviderScimTenant) (*iam.WorkforcePoolProviderScimTenant, error) {
	if s.err != nil {
		return nil, s.err
	}
	return s.cloud.AddTenant(t)
}

// AddToken puts a SCIM token into a tenant that exists and returns it with its
// value in SecurityToken. Name is required. The value can be chosen by
// SecurityToken; it must begin with "fake-" so that nobody puts a real one
// here.
func (s *Server) AddToken(t *iam.WorkforcePoolProviderScimToken) (*iam.WorkforcePoolProviderScimToken, error) {
	if s.err != nil {
		return nil, s.err
	}
	return s.cloud.AddToken(t)
}

// AddUser puts a user into a tenant that exists, by the rules of a POST of the
// same document to /Users and without its request, and returns the id. Unlike
// there, an id in the document is kept. tenant is the tenant's resource name.
func (s *Server) AddUser(tenant string, document []byte) (string, error) {
	if s.err != nil {
		return "", s.err
	}
	return s.cloud.AddUser(tenant, document)
}

// AddGroup is [Server.AddUser] for groups. Its members must exist.
func (s *Server) AddGroup(tenant string, document []byte) (string, error) {
	if s.err != nil {
		return "", s.err
	}
	return s.cloud.AddGroup(tenant, document)
}

// Seed is what [Server.Load] reads: resources in the API's own JSON, parents
// before children.
type Seed struct {
	Pools     []*iam.WorkforcePool                   `json:"pools"`
	Providers []*iam.WorkforcePoolProvider           `json:"providers"`
	Tenants   []*iam.WorkforcePoolProviderScimTenant `json:"scimTenants"`
	Tokens    []*iam.WorkforcePoolProviderScimToken  `json:"tokens"`
	// Directories are users and groups by the tenant's name.
	Directories map[string]Directory `json:"directories"`
}

// maxSeed bounds a seed file.
const maxSeed = 64 << 20

// Load adds the resources of a JSON document of the form of [Seed], all of
// them or, with an error, none. Unknown fields are refused.
func (s *Server) Load(r io.Reader) error {
	d := json.NewDecoder(io.LimitReader(r, maxSeed))
	d.DisallowUnknownFields()
	var seed Seed
	if err := d.Decode(&seed); err != nil {
		return fmt.Errorf("scimtest: seed: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("scimtest: seed: something follows the JSON object")
	}
	before := s.Snapshot()
	var errs []error
	for i, p := range seed.Pools {
		errs = append(errs, at("pools", i, s.AddPool(p)))
	}
	for i, p := range seed.Providers {
		errs = append(errs, at("providers", i, s.AddProvider(p)))
	}
	for i, t := range seed.Tenants {
		_, err := s.AddTenant(t)
		errs = append(errs, at("scimTenants", i, err))
	}
	for i, t := range seed.Tokens {
		_, err := s.AddToken(t)
		errs = append(errs, at("tokens", i, err))
	}
	for _, name := range slices.Sorted(maps.Keys(seed.Directories)) {
		d := seed.Directories[name]
		for i, u := range d.Users {
			_, err := s.AddUser(name, u)
			errs = append(errs, at("users", i, err))
		}
		for i, g := range d.Groups {
			_, err := s.AddGroup(name, g)
			errs = append(errs, at("groups", i, err))
		}
	}
	if err := errors.Join(errs...); err != nil {
		s.Restore(before)
		return err
	}
	return nil
}

func at(list string, i int, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s[%d]: %w", list, i, err)
}
