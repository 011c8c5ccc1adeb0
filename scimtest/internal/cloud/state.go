package cloud

import (
	"maps"
	"strings"
	"time"

	"github.com/iamscim/iamscim/scimtest/internal/directory"
	"google.golang.org/api/iam/v1"
)

// retention is how long a soft-deleted resource can be undeleted and its name
// is taken.
const retention = 30 * 24 * time.Hour

const (
	active  = "ACTIVE"
	deleted = "DELETED"
)

// state is everything the server remembers, but for requests and faults.
type state struct {
	pools       table[iam.WorkforcePool]
	providers   table[iam.WorkforcePoolProvider]
	keys        table[iam.WorkforcePoolProviderKey]
	tenants     table[iam.WorkforcePoolProviderScimTenant]
	tokens      table[iam.WorkforcePoolProviderScimToken]
	subjects    map[string]time.Time // deleted subjects by name, with the time of the deletion
	operations  map[string]*operation
	policies    map[string]*policy            // by resource name, an organization's included
	secrets     map[secretHash]string         // the token's name
	directories map[string]*directory.Service // by the tenant's name
}

func newState() *state {
	return &state{
		pools:       table[iam.WorkforcePool]{},
		providers:   table[iam.WorkforcePoolProvider]{},
		keys:        table[iam.WorkforcePoolProviderKey]{},
		tenants:     table[iam.WorkforcePoolProviderScimTenant]{},
		tokens:      table[iam.WorkforcePoolProviderScimToken]{},
		subjects:    map[string]time.Time{},
		operations:  map[string]*operation{},
		policies:    map[string]*policy{},
		secrets:     map[secretHash]string{},
		directories: map[string]*directory.Service{},
	}
}

// copy is independent of the original.
func (s *state) copy() *state {
	c := &state{
		pools:       s.pools.copy(),
		providers:   s.providers.copy(),
		keys:        s.keys.copy(),
		tenants:     s.tenants.copy(),
		tokens:      s.tokens.copy(),
		subjects:    maps.Clone(s.subjects),
		operations:  make(map[string]*operation, len(s.operations)),
		policies:    make(map[string]*policy, len(s.policies)),
		secrets:     maps.Clone(s.secrets),
		directories: make(map[string]*directory.Service, len(s.directories)),
	}
	for name, op := range s.operations {
		o := *op
		c.operations[name] = &o
	}
	for name, p := range s.policies {
		c.policies[name] = p.copy()
	}
	for name, d := range s.directories {
		c.directories[name] = d.Clone()
	}
	return c
}

// remove forgets a resource and everything below it.
func (s *state) remove(name string) {
	s.pools.drop(name)
	s.providers.drop(name)
	s.keys.drop(name)
	s.tenants.drop(name)
	s.tokens.drop(name)
	below := func(other string) bool { return other == name || strings.HasPrefix(other, name+"/") }
	dropKeys(s.subjects, below)
	dropKeys(s.policies, below)
	dropKeys(s.directories, below)
	maps.DeleteFunc(s.secrets, func(_ secretHash, token string) bool { return below(token) })
}

func dropKeys[V any](m map[string]V, gone func(string) bool) {
	maps.DeleteFunc(m, func(name string, _ V) bool { return gone(name) })
}

// purge removes what was soft-deleted 30 days ago. Operations are forgotten
// after as long.
func (s *state) purge(now time.Time) {
	due := func(at time.Time) bool { return !at.IsZero() && !now.Before(at.Add(retention)) }
	var gone []string
	gone = appendDue(gone, s.pools, due)
	gone = appendDue(gone, s.providers, due)
	gone = appendDue(gone, s.keys, due)
	gone = appendDue(gone, s.tenants, due)
	gone = appendDue(gone, s.tokens, due)
	for _, name := range gone {
		s.remove(name)
	}
	maps.DeleteFunc(s.subjects, func(_ string, at time.Time) bool { return due(at) })
	maps.DeleteFunc(s.operations, func(_ string, op *operation) bool { return due(op.started) })
}

func appendDue[T any](names []string, t table[T], due func(time.Time) bool) []string {
	for name, r := range t {
		if due(r.deleted) {
			names = append(names, name)
		}
	}
	return names
}
