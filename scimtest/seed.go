package scimtest

import (
	"google.golang.org/api/iam/v1"
)

// AddPool puts a workforce pool in place. Name and Parent
// ("organizations/123456789012") are required. Seeded resources are visible at
// once, whatever [WithReplicationLag] says. The error names every rule the pool
// breaks.
func (s *Server) AddPool(p *iam.WorkforcePool) error {
	if err := s.Err(); err != nil {
		return err
	}
	return s.cloud.AddPool(p)
}

// AddProvider puts a provider into a pool that exists. Name is required; the
// rest is checked as in a create.
func (s *Server) AddProvider(p *iam.WorkforcePoolProvider) error {
	if err := s.Err(); err != nil {
		return err
	}
	return s.cloud.AddProvider(p)
}

// AddTenant puts a SCIM tenant into a provider that exists and returns it with
// its base URI, which is on the loopback address if the server listens there.
// Name and ClaimMapping are required. A UID of lower-case letters and digits
// can be chosen by a BaseUri that ends in "/tenants/UID".
func (s *Server) AddTenant(t *iam.WorkforcePoolProviderScimTenant) (*iam.WorkforcePoolProviderScimTenant, error) {
	if err := s.Err(); err != nil {
		return nil, err
	}
	return s.cloud.AddTenant(t)
}

// AddToken puts a SCIM token into a tenant that exists and returns it with its
// value in SecurityToken. Name is required. The value can be chosen by
// SecurityToken; it must begin with "fake-" so that nobody puts a real one
// here.
func (s *Server) AddToken(t *iam.WorkforcePoolProviderScimToken) (*iam.WorkforcePoolProviderScimToken, error) {
	if err := s.Err(); err != nil {
		return nil, err
	}
	return s.cloud.AddToken(t)
}

// AddUser puts a user into a tenant that exists, by the rules of a POST of the
// same document to /Users and without its request, and returns the id. Unlike
// there, an id in the document is kept. tenant is the tenant's resource name.
func (s *Server) AddUser(tenant string, document []byte) (string, error) {
	if err := s.Err(); err != nil {
		return "", err
	}
	return s.cloud.AddUser(tenant, document)
}

// AddGroup is [Server.AddUser] for groups. Its members must exist.
func (s *Server) AddGroup(tenant string, document []byte) (string, error) {
	if err := s.Err(); err != nil {
		return "", err
	}
	return s.cloud.AddGroup(tenant, document)
}
