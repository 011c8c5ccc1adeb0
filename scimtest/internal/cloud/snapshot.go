package cloud

import (
	"maps"
	"slices"
	"strings"

	"github.com/iamscim/iamscim/scimtest/internal/directory"
	"google.golang.org/api/iam/v1"
)

// Snapshot is a server's state at one moment: resources, policies, operations,
// tokens and directories, but not the recorded requests and the faults.
type Snapshot struct{ st *state }

// Snapshot copies the state.
func (s *Cloud) Snapshot() *Snapshot {
	s.mu.Lock()
	defer s.mu.Unlock()
	return &Snapshot{s.st.copy()}
}

// Restore puts a snapshot's state in place of the present one. The same
// snapshot can be restored many times, also by another server with the same
// organizations. nil is of an empty cloud.
func (s *Cloud) Restore(snapshot *Snapshot) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if snapshot == nil {
		s.st = newState()
		return
	}
	s.st = snapshot.st.copy()
	// The directories still belong to the server the snapshot is of.
	c := &call{Cloud: s}
	for name, d := range s.st.directories {
		c.openDirectory(s.st.tenants[name])
		s.st.directories[name].Restore(d)
	}
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
	Directories map[string]directory.Content
}

// State lists what the server holds.
func (s *Cloud) State() State {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := &call{Cloud: s, now: s.cfg.Now()}
	s.st.purge(c.now)
	list := State{
		Pools:           newestOf(s.st.pools),
		Providers:       newestOf(s.st.providers),
		Keys:            newestOf(s.st.keys),
		Tokens:          newestOf(s.st.tokens),
		Policies:        map[string]*iam.Policy{},
		DeletedSubjects: slices.Sorted(maps.Keys(s.st.subjects)),
		Directories:     map[string]directory.Content{},
	}
	for _, r := range s.st.tenants.sorted() {
		list.Tenants = append(list.Tenants, showTenant(c, r, r.newest()).(*iam.WorkforcePoolProviderScimTenant))
	}
	for name, d := range s.st.directories {
		base := strings.TrimSuffix(c.baseURI(s.st.tenants[name].uid), "/")
		list.Directories[name] = d.Content(base)
	}
	for name, p := range s.st.policies {
		if len(p.versions) > 0 {
			list.Policies[name] = inVersion(p.newest(), 3)
		}
	}
	return list
}

func newestOf[T any](t table[T]) []*T {
	var list []*T
	for _, r := range t.sorted() {
		list = append(list, clone(r.newest()))
	}
	return list
}
