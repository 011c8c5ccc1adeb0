package cloud

import (
	"crypto/sha256"
	"maps"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/iamscim/iamscim/scimtest/internal/directory"
	"google.golang.org/api/iam/v1"
	"google.golang.org/api/secretmanager/v1"
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
	vault       map[string]*secret            // of Secret Manager, by name with the project's number
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
		vault:       map[string]*secret{},
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
		vault:       make(map[string]*secret, len(s.vault)),
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
	for name, v := range s.vault {
		c.vault[name] = v.copy()
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

// A version is one state of a resource and the time from which reads see it:
// replication lag is the distance between the write and that time. A value is
// never changed after it was put; a write puts a changed copy.
type version[T any] struct {
	from  time.Time
	value *T
}

// A record is one resource with its history. Reads go by [record.at], writes
// build on [record.newest].
type record[T any] struct {
	name     string
	uid      string // of a SCIM tenant: the last element of its base URI
	created  time.Time
	deleted  time.Time // when it was soft-deleted; zero while it is active
	versions []version[T]
}

func (r *record[T]) newest() *T { return r.versions[len(r.versions)-1].value }

// at is the state that reads see, or nil while the resource has not arrived.
func (r *record[T]) at(now time.Time) *T {
	for i := len(r.versions) - 1; i >= 0; i-- {
		if !r.versions[i].from.After(now) {
			return r.versions[i].value
		}
	}
	return nil
}

// put adds a state and drops those that no read can see any more.
func (r *record[T]) put(now, from time.Time, value *T) {
	keep := 0
	for i, v := range r.versions {
		if !v.from.After(now) {
			keep = i
		}
	}
	r.versions = append(slices.Clone(r.versions[keep:]), version[T]{from, value})
}

// copy shares the values, which do not change, and nothing else.
func (r *record[T]) copy() *record[T] {
	c := *r
	c.versions = slices.Clone(r.versions)
	return &c
}

type table[T any] map[string]*record[T]

func (t table[T]) copy() table[T] {
	c := make(table[T], len(t))
	for name, r := range t {
		c[name] = r.copy()
	}
	return c
}

// children are the records directly in a collection, by name:
// children("locations/global/workforcePools/p/providers/").
func (t table[T]) children(prefix string) []*record[T] {
	var found []*record[T]
	for name, r := range t {
		if rest, ok := strings.CutPrefix(name, prefix); ok && !strings.Contains(rest, "/") {
			found = append(found, r)
		}
	}
	sort.Slice(found, func(i, j int) bool { return found[i].name < found[j].name })
	return found
}

// sorted are all records by name.
func (t table[T]) sorted() []*record[T] {
	records := make([]*record[T], 0, len(t))
	for _, name := range slices.Sorted(maps.Keys(t)) {
		records = append(records, t[name])
	}
	return records
}

// drop removes a record's descendants and itself.
func (t table[T]) drop(name string) {
	delete(t, name)
	for other := range t {
		if strings.HasPrefix(other, name+"/") {
			delete(t, other)
		}
	}
}

// operation is a long-running operation. As on the service its reply holds
// neither the resource nor metadata: the resource is read again.
type operation struct {
	name    string
	started time.Time
	polls   int // GETs so far
	err     *iam.Status
}

// policy is an allow policy with the history that replication lag needs. Its
// value always has an etag and, inside, the format of version 3.
type policy struct{ record[iam.Policy] }

func (s *state) policy(resource string) *policy {
	p, ok := s.policies[resource]
	if !ok {
		p = &policy{record[iam.Policy]{name: resource}}
		s.policies[resource] = p
	}
	return p
}

func (p *policy) copy() *policy { return &policy{*p.record.copy()} }

// secret is a secret of Secret Manager, with its versions in order.
type secret struct {
	record[secretmanager.Secret]
	added []*secretVersion
}

type secretVersion struct {
	record[secretmanager.SecretVersion]
	data []byte // nil once it is destroyed
}

func (s *secret) copy() *secret {
	c := &secret{record: *s.record.copy()}
	for _, v := range s.added {
		c.added = append(c.added, &secretVersion{*v.record.copy(), v.data})
	}
	return c
}

// secretHash is what is kept of a token's value.
type secretHash [sha256.Size]byte

func hashSecret(value string) secretHash { return sha256.Sum256([]byte(value)) }

func formatTime(t time.Time) string { return t.UTC().Format(time.RFC3339) }
