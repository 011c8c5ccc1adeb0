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

	users  keys
	skip   bits              // users that aren't checked, because they're leavers too
	idle   bits              // users that must be inactive
	groups map[string]uint32 // by key; that of the first of two with the same displayName
	group  []idp.Group
	byName map[string]uint32 // groups by the folded displayName
	twins  map[uint32]uint32 // groups with the displayName of an earlier one

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
		users: newKeys(), groups: map[string]uint32{}, subjects: map[uint64]uint32{}, names: map[uint64]uint32{}, conflicts: map[string]bool{},
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
		x.checkGroups()
	}
	if r.Memberships != nil {
		add("memberships", x.addMemberships(r.Memberships))
	} else {
		x.first = make([]uint32, x.users.len()+1)
	}
	if r.Leavers != nil {
		add("leavers", idp.Each(r.Leavers, x.addLeaver))
	}
	x.names = nil
	if len(errs) == 0 && x.users.len() >= minWithout && len(x.subjects) == 0 {
		errs = append(errs, fmt.Errorf("audit: no user of the roster has %s, which google.subject is mapped from", m.Map()["google.subject"]))
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
	x.anyEmail = x.anyEmail || len(u.Emails) > 0
	if _, taken := x.users.find(u.Key); taken {
		x.findings(newFinding(RosterDuplicate, Finding{User: u.Key, Attribute: "key", Detail: "the second row isn't checked"}))
		return nil
	}
	i, ok := x.users.add(u.Key)
	if !ok {
		return errors.New("a key is longer than 64 KiB, or the keys take more than 4 GiB")
	}
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
		x.findings(newFinding(RosterDuplicate, Finding{User: x.users.key(i), Attribute: attribute, Detail: fmt.Sprintf("the user with the key %q has it too", x.users.key(other))}))
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
// Two groups with one name are one group in the tenant, with the members of both.
func (x *index) checkGroups() {
	x.byName, x.twins = map[string]uint32{}, map[uint32]uint32{}
	values := map[string]uint32{}
	unique := func(seen map[string]uint32, value string, i int, attribute string) bool {
		other, taken := seen[value]
		if !taken {
			seen[value] = uint32(i)
			return true
		}
		x.findings(newFinding(RosterDuplicate, Finding{Group: x.group[i].Key, Attribute: attribute, Detail: fmt.Sprintf("the group with the key %q has it too", x.group[other].Key)}))
		return false
	}
	for i, g := range x.group {
		if g.DisplayName == "" {
			x.findings(newFinding(RosterRefused, Finding{Group: g.Key, Attribute: "displayName", Detail: "it's empty"}))
		} else if name := fold.Key(g.DisplayName); !unique(x.byName, name, i, "displayName") {
			x.twins[uint32(i)] = x.byName[name]
			x.groups[g.Key] = x.byName[name]
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
}

// addMemberships reads the memberships into lists by user.
func (x *index) addMemberships(list iter.Seq2[idp.Membership, error]) error {
	x.first = make([]uint32, x.users.len()+1)
	var pairs blocks
	err := idp.Each(list, func(m idp.Membership) error {
		x.digest.add(rowOfMembership(m))
		user, hasUser := x.users.find(m.User)
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
		x.first[user]++
		pairs.add([2]uint32{user, group})
		return nil
	})
	// From the number of each user's groups to where they begin.
	sum := uint32(0)
	for i, n := range x.first {
		x.first[i], sum = sum, sum+n
	}
	x.member = make([]uint32, sum)
	for pair := range pairs.all() {
		x.member[x.first[pair[0]]] = pair[1]
		x.first[pair[0]]++
	}
	copy(x.first[1:], x.first)
	x.first[0] = 0
	x.sortMemberships()
	return err
}

// sortMemberships sorts each user's groups and drops those that are there twice.
func (x *index) sortMemberships() {
	x.perGroup = make([]uint32, len(x.group))
	kept, begin := uint32(0), uint32(0)
	for i := range uint32(x.users.len()) {
		groups := x.member[begin:x.first[i+1]]
		begin = x.first[i+1]
		slices.Sort(groups)
		groups = slices.Compact(groups)
		if len(groups) > maxGroupsOf {
			x.findings(newFinding(GroupsTooMany, Finding{User: x.users.key(i), Detail: fmt.Sprintf("the roster has %d groups, and the service allows %d", len(groups), maxGroupsOf)}))
		}
		for _, g := range groups {
			x.perGroup[g]++
		}
		x.first[i] = kept
		kept += uint32(copy(x.member[kept:], groups))
	}
	x.first[x.users.len()] = kept
	x.member = x.member[:kept]
	x.counts.Memberships += int(kept)
}

// blocks is a list of pairs that doesn't move when it grows.
type blocks [][][2]uint32

func (b *blocks) add(pair [2]uint32) {
	const size = 1 << 16
	last := len(*b) - 1
	if last < 0 || len((*b)[last]) == size {
		*b = append(*b, make([][2]uint32, 0, size))
		last++
	}
	(*b)[last] = append((*b)[last], pair)
}

func (b blocks) all() iter.Seq[[2]uint32] {
	return func(yield func([2]uint32) bool) {
		for _, block := range b {
			for _, pair := range block {
				if !yield(pair) {
					return
				}
			}
		}
	}
}

// addLeaver looks for leavers who are on the roster.
func (x *index) addLeaver(l idp.Leaver) error {
	if l.Key == "" {
		return errors.New("a leaver has no key")
	}
	x.counts.Leavers++
	x.digest.add(rowOfLeaver(l))
	i, both := x.users.find(l.Key)
	if !both && l.UserName != "" {
		i, both = x.names[x.hash(fold.Key(l.UserName))]
	}
	if both && (l.Gone || !x.idle.has(i)) {
		x.conflicts[l.Key] = true
		x.skip.add(i)
		x.findings(newFinding(LeaverOnRoster, Finding{User: x.users.key(i)}))
	}
	return nil
}
