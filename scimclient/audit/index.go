package audit

import (
	"errors"
	"fmt"
	"hash/maphash"
	"iter"
	"slices"

	"github.com/iamscim/iamscim/claimmap"
	"github.com/iamscim/iamscim/internal/fold"
	"github.com/iamscim/iamscim/provision/idp"
)

// index is what an audit remembers of a roster: keys, memberships, and hashes of
// the values that must be unique. The rows of users and leavers are read again
// when they are checked, so that a million users fit into memory.
type index struct {
	mapping claimmap.Mapping
	claims  *Claims

	users  map[string]uint32 // by key
	keys   []string          // of users
	skip   bits              // users that aren't checked, because they're leavers too
	idle   bits              // users that must be inactive
	groups map[string]uint32 // by key
	group  []idp.Group

	// The groups of user i are member[first[i]:first[i+1]], sorted.
	first  []uint32
	member []uint32

	seed     maphash.Seed
	subjects map[uint64]uint32 // hash of google.subject to user

	digest    digest            // of the whole roster
	ofUsers   digest            // of the users, to notice a second reading that differs
	counts    Counts            // rows
	perGroup  []uint32          // members of each group
	conflicts map[string]bool   // keys of leavers that are on the roster
	anyEmail  bool              // some user has an e-mail, so all need one
	findings  func(Finding)     // takes the findings of the roster alone
	names     map[uint64]uint32 // hash of userName to user; dropped after reading
}

// Counts are numbers of rows of a roster.
type Counts struct {
	Users       int `json:"users"`
	Groups      int `json:"groups"`
	Memberships int `json:"memberships"`
	Leavers     int `json:"leavers"`
}

// bits is a set of users.
type bits []uint64

func (b *bits) add(i uint32) {
	for int(i/64) >= len(*b) {
		*b = append(*b, 0)
	}
	(*b)[i/64] |= 1 << (i % 64)
}

func (b bits) has(i uint32) bool { return int(i/64) < len(b) && b[i/64]&(1<<(i%64)) != 0 }

// groupsOf returns the groups that the roster has user i in.
func (x *index) groupsOf(i uint32) []uint32 { return x.member[x.first[i]:x.first[i+1]] }

// read reads the roster once. findings gets what is wrong with the roster alone.
func read(r idp.Roster, m claimmap.Mapping, claims *Claims, findings func(Finding)) (*index, error) {
	x := &index{
		mapping: m, claims: claims, findings: findings, seed: maphash.MakeSeed(),
		users: map[string]uint32{}, groups: map[string]uint32{}, subjects: map[uint64]uint32{}, names: map[uint64]uint32{}, conflicts: map[string]bool{},
	}
	var errs []error
	add := func(kind string, err error) {
		if err != nil {
			errs = append(errs, fmt.Errorf("audit: %s of the roster: %w", kind, err))
		}
	}
	switch {
	case r.Users == nil:
		return nil, errors.New("audit: the roster has no list of users")
	case r.Memberships != nil && r.Groups == nil:
		return nil, errors.New("audit: the roster has a list of memberships and no list of groups")
	}
	add("users", idp.Each(r.Users, x.addUser))
	if r.Groups != nil {
		add("groups", idp.Each(r.Groups, x.addGroup))
	}
	if r.Memberships != nil {
		add("memberships", x.addMemberships(r.Memberships))
	} else {
		x.first = make([]uint32, len(x.keys)+1)
	}
	if r.Leavers != nil {
		add("leavers", idp.Each(r.Leavers, x.addLeaver))
	}
	x.names = nil
	if len(errs) == 0 && len(x.keys) >= minWithout && len(x.subjects) == 0 {
		errs = append(errs, fmt.Errorf("audit: no user of the roster has the attribute of google.subject = %s: add it to the roster", m.Map()["google.subject"]))
	}
	return x, errors.Join(errs...)
}

// minWithout is how many users without a google.subject are taken for a roster
// without the attribute. Fewer are findings.
const minWithout = 10

func (x *index) hash(value string) uint64 { return maphash.String(x.seed, value) }

func (x *index) addUser(u idp.User) error {
	if u.Key == "" {
		return errors.New("a user has no key")
	}
	for name := range u.Attributes {
		if !idp.KnownAttribute(name) {
			return fmt.Errorf("a user has the unknown attribute %q", name)
		}
	}
	x.counts.Users++
	sum := rowOfUser(u)
	x.digest.add(sum)
	x.ofUsers.add(sum)
	i := uint32(len(x.keys))
	x.anyEmail = x.anyEmail || len(u.Emails) > 0
	if _, taken := x.users[u.Key]; taken {
		x.findings(newFinding(RosterDuplicate, Finding{User: u.Key, Attribute: "key", Detail: "the second row isn't checked"}))
		return nil
	}
	x.users[u.Key] = i
	x.keys = append(x.keys, u.Key)
	if u.Inactive {
		x.idle.add(i)
	}
	if u.UserName != "" {
		x.unique(x.names, x.hash(fold.Key(u.UserName)), i, "userName")
	}
	subject, err := x.mapping.Subject(person(u))
	if err == nil {
		x.unique(x.subjects, x.hash(subject), i, "google.subject")
	}
	x.checkClaims(u, subject, err)
	return nil
}

// unique notes a value of user i, or reports the user that has it already.
func (x *index) unique(values map[uint64]uint32, value uint64, i uint32, attribute string) {
	if other, taken := values[value]; taken {
		x.findings(newFinding(RosterDuplicate, Finding{User: x.keys[i], Attribute: attribute, Detail: fmt.Sprintf("the user with the key %q has it too", x.keys[other])}))
		return
	}
	values[value] = i
}

// person is what a claim mapping reads of a user.
func person(u idp.User) claimmap.User {
	p := claimmap.User{ExternalID: u.ExternalID, UserName: u.UserName}
	if len(u.Emails) == 1 {
		p.WorkEmail = u.Emails[0]
	}
	return p
}

func (x *index) addGroup(g idp.Group) error {
	if g.Key == "" {
		return errors.New("a group has no key")
	}
	x.counts.Groups++
	x.digest.add(rowOfGroup(g))
	if _, taken := x.groups[g.Key]; taken {
		x.findings(newFinding(RosterDuplicate, Finding{Group: g.Key, Attribute: "key", Detail: "the second row isn't checked"}))
		return nil
	}
	x.groups[g.Key] = uint32(len(x.group))
	x.group = append(x.group, g)
	return nil
}

// checkGroups reports groups with the same names, and those the service refuses.
// It returns the groups by the folded displayName.
func (x *index) checkGroups() map[string]uint32 {
	names, values := map[string]uint32{}, map[string]uint32{}
	unique := func(seen map[string]uint32, value string, i int, attribute string) {
		if other, taken := seen[value]; taken {
			x.findings(newFinding(RosterDuplicate, Finding{Group: x.group[i].Key, Attribute: attribute, Detail: fmt.Sprintf("the group with the key %q has it too", x.group[other].Key)}))
			return
		}
		seen[value] = uint32(i)
	}
	for i, g := range x.group {
		if g.DisplayName == "" {
			x.findings(newFinding(RosterRefused, Finding{Group: g.Key, Attribute: "displayName", Detail: "it's empty"}))
		} else {
			unique(names, fold.Key(g.DisplayName), i, "displayName")
		}
		value, err := x.mapping.GroupValue(claimmap.Group{ExternalID: g.ExternalID, DisplayName: g.DisplayName})
		switch {
		case err == nil:
			unique(values, value, i, "google.group")
		case errors.Is(err, claimmap.ErrNoRule), g.DisplayName == "" && errors.Is(err, claimmap.ErrEmpty):
		default:
			x.findings(newFinding(RosterRefused, Finding{Group: g.Key, Attribute: "google.group", Detail: err.Error()}))
		}
	}
	return names
}

// addMemberships reads the memberships into lists by user.
func (x *index) addMemberships(list iter.Seq2[idp.Membership, error]) error {
	var pairs []uint64 // user in the high half, group in the low
	err := idp.Each(list, func(m idp.Membership) error {
		x.digest.add(rowOfMembership(m))
		user, hasUser := x.users[m.User]
		group, hasGroup := x.groups[m.Group]
		if !hasUser || !hasGroup {
			x.counts.Memberships++
			detail := "the roster doesn't have the user"
			if !hasGroup {
				detail = "the roster doesn't have the group"
			}
			x.findings(newFinding(RosterUnknownKey, Finding{User: m.User, Group: m.Group, Detail: detail}))
			return nil
		}
		pairs = append(pairs, uint64(user)<<32|uint64(group))
		return nil
	})
	slices.Sort(pairs)
	pairs = slices.Compact(pairs)
	x.counts.Memberships += len(pairs)
	x.first = make([]uint32, len(x.keys)+1)
	x.member = make([]uint32, len(pairs))
	x.perGroup = make([]uint32, len(x.group))
	for i, pair := range pairs {
		x.member[i] = uint32(pair)
		x.first[pair>>32+1]++
		x.perGroup[uint32(pair)]++
	}
	for i := range x.keys {
		x.first[i+1] += x.first[i]
		if n := x.first[i+1] - x.first[i]; n > maxGroupsOf {
			x.findings(newFinding(GroupsTooMany, Finding{User: x.keys[i], Detail: fmt.Sprintf("the roster has %d groups, and the service allows %d", n, maxGroupsOf)}))
		}
	}
	return err
}

// addLeaver looks for leavers who are on the roster.
func (x *index) addLeaver(l idp.Leaver) error {
	if l.Key == "" {
		return errors.New("a leaver has no key")
	}
	x.counts.Leavers++
	x.digest.add(rowOfLeaver(l))
	i, both := x.users[l.Key]
	if !both && l.UserName != "" {
		i, both = x.names[x.hash(fold.Key(l.UserName))]
	}
	if both && (l.Gone || !x.idle.has(i)) {
		x.conflicts[l.Key] = true
		x.skip.add(i)
		x.findings(newFinding(LeaverOnRoster, Finding{User: x.keys[i]}))
	}
	return nil
}
