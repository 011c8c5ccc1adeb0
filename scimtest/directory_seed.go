package scimtest

import (
	"encoding/json"
	"fmt"
)

// Directory is the content of one tenant's SCIM service.
type Directory struct {
	// Users and Groups are SCIM resources. In [Server.State] they are as a
	// client sees them, but groups have their members.
	Users  []json.RawMessage `json:"users"`
	Groups []json.RawMessage `json:"groups"`
}

// AddUser puts a user into a tenant that exists, by the rules of a POST of the
// same document to /Users and without its request, and returns the id. Unlike
// there, an id in the document is kept. tenant is the tenant's resource name.
func (s *Server) AddUser(tenant string, document []byte) (string, error) {
	return s.addToDirectory("user", tenant, document, (*directory).addUser)
}

// AddGroup is [Server.AddUser] for groups. Its members must exist.
func (s *Server) AddGroup(tenant string, document []byte) (string, error) {
	return s.addToDirectory("group", tenant, document, (*directory).addGroup)
}

func (s *Server) addToDirectory(noun, tenant string, document []byte, add func(*directory, []byte) (string, error)) (string, error) {
	if s.err != nil {
		return "", s.err
	}
	s.mu.Lock()
	d := s.st.directories[tenant]
	s.mu.Unlock()
	if d == nil {
		return "", fmt.Errorf("scimtest: add %s: there is no SCIM tenant %q", noun, tenant)
	}
	id, err := add(d, document)
	if err != nil {
		return "", fmt.Errorf("scimtest: add %s to %s: %w", noun, tenant, err)
	}
	return id, nil
}
