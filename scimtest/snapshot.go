package scimtest

import (
	"encoding/json"

	"github.com/iamscim/iamscim/scimtest/internal/cloud"
	"google.golang.org/api/iam/v1"
)

// Snapshot is a server's state at one moment: resources, policies, operations,
// tokens and directories, but not the recorded requests and the faults.
type Snapshot struct{ cloud *cloud.Snapshot }

// Snapshot copies the state.
func (s *Server) Snapshot() *Snapshot {
	if s.cloud == nil {
		return &Snapshot{}
	}
	return &Snapshot{s.cloud.Snapshot()}
}

// Restore puts a snapshot's state in place of the present one. The same
// snapshot can be restored many times, also by another server with the same
// organizations. A nil snapshot and the zero one are of a server that holds nothing.
func (s *Server) Restore(snapshot *Snapshot) {
	if s.cloud == nil {
		return
	}
	if snapshot == nil {
		snapshot = &Snapshot{}
	}
	s.cloud.Restore(snapshot.cloud)
}

// State is what a server holds, soft-deleted resources and those not visible
// yet included, by name. It is a copy. Secrets are not in it.
type State struct {
	Pools     []*iam.WorkforcePool
	Providers []*iam.WorkforcePoolProvider
	Keys      []*iam.WorkforcePoolProviderKey
	Tenants   []*iam.WorkforcePoolProviderScimTenant
	Tokens    []*iam.WorkforcePoolProviderScimToken
	// Policies are the allow policies that were ever set, by the resource's
	// name ("organizations/123456789012"), as version 3 shows them.
	Policies map[string]*iam.Policy
	// DeletedSubjects are the names of the subjects that are soft-deleted.
	DeletedSubjects []string
	// Directories are the users and groups, by the tenant's name.
	Directories map[string]Directory
}

// Directory is the content of one tenant's SCIM service.
type Directory struct {
	// Users and Groups are SCIM resources. In [Server.State] they are as a
	// client sees them, but groups have their members.
	Users  []json.RawMessage `json:"users"`
	Groups []json.RawMessage `json:"groups"`
}

// State lists what the server holds.
func (s *Server) State() State {
	if s.cloud == nil {
		return State{}
	}
	held := s.cloud.State()
	directories := make(map[string]Directory, len(held.Directories))
	for name, d := range held.Directories {
		directories[name] = Directory(d)
	}
	return State{
		Pools: held.Pools, Providers: held.Providers, Keys: held.Keys, Tenants: held.Tenants, Tokens: held.Tokens,
		Policies: held.Policies, DeletedSubjects: held.DeletedSubjects, Directories: directories,
	}
}
