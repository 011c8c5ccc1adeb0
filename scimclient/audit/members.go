package audit

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/scimclient"
)

// memberCheck compares one user's memberships.
type memberCheck struct {
	a     *auditor
	r     *reading
	key   string // of the user
	id    string // of the user
	want  []uint32
	again bool
}

// list asks for all groups of the user at once.
func (m *memberCheck) list(ctx context.Context) error {
	a := m.a
	var extra []*scimclient.Group
	seen := map[uint32]bool{}
	truncated := false
	for g, err := range a.client.Groups.List(ctx, scimclient.Eq("members", m.id)) {
		if errors.Is(err, scimclient.ErrTruncated) {
			truncated = true
			break
		}
		if err != nil {
			return err
		}
		if i, known := a.groupOf(g); known && slices.Contains(m.want, i) {
			seen[i] = true
		} else {
			extra = append(extra, g)
		}
	}
	a.failures.Store(0)
	var missing []uint32
	for _, i := range m.want {
		switch {
		case seen[i]:
			m.r.memberships++
		case truncated || m.again:
			missing = append(missing, i) // to be asked one by one
		case a.groupID(i) != "" || a.sampled != nil:
			m.r.memberships++
			m.missing(i)
		default:
			m.r.partial = true // the group is missing, and that's reported
		}
	}
	// The documented filter has the last word before a finding is reported.
	if err := m.pairs(ctx, missing); err != nil {
		return err
	}
	for _, g := range extra {
		if m.again {
			is, err := a.isMember(ctx, g.ID, m.id)
			if err != nil {
				return err
			}
			if !is {
				continue
			}
		}
		f := Finding{User: m.key, UserID: m.id, GroupID: g.ID, Found: g.DisplayName}
		if i, known := a.groupOf(g); known {
			f.Group = a.x.group[i].Key
		}
		m.r.findings = append(m.r.findings, newFinding(MembershipUnexpected, f))
	}
	if truncated {
		m.r.findings = append(m.r.findings, newFinding(GroupsUnlisted, Finding{User: m.key, UserID: m.id, Detail: fmt.Sprintf("the roster has %d groups; all of them are checked", len(m.want))}))
	}
	return nil
}

// pairs asks about groups one by one. A group that is missing has no members;
// that isn't reported again for each.
func (m *memberCheck) pairs(ctx context.Context, groups []uint32) error {
	for _, i := range groups {
		id, err := m.a.resolve(ctx, i)
		if err != nil {
			return err
		}
		is := false
		if id != "" {
			if is, err = m.a.isMember(ctx, id, m.id); err != nil {
				return err
			}
			m.a.failures.Store(0)
		} else if m.a.sampled == nil {
			m.r.partial = true
			continue
		}
		m.r.memberships++
		if !is {
			m.missing(i)
		}
	}
	return nil
}

func (m *memberCheck) missing(i uint32) {
	g := m.a.x.group[i]
	m.r.findings = append(m.r.findings, newFinding(MembershipMissing, Finding{User: m.key, UserID: m.id, Group: g.Key, GroupID: m.a.groupID(i), Expected: g.DisplayName}))
}

// unproven makes missing memberships of one user a check that wasn't possible, if
// the audit has found no membership at all: a server that doesn't know the filter
// says no to everything.
func (a *auditor) unproven(r *reading) {
	missing := func(f Finding) bool { return f.Code == MembershipMissing }
	i := slices.IndexFunc(r.findings, missing)
	if i < 0 || a.answers.Load() {
		return
	}
	f := Finding{User: r.findings[i].User, UserID: r.findings[i].UserID, Attribute: "groups", Detail: "no membership was found yet, so nothing proves that the tenant answers the filter"}
	r.findings = append(slices.DeleteFunc(r.findings, missing), newFinding(NotChecked, f))
	r.notChecked = true
}

// isMember asks with the documented filter, in one request. It takes no for an
// answer, unlike [scimclient.Groups.IsMember], which verifies the first.
func (a *auditor) isMember(ctx context.Context, groupID, userID string) (bool, error) {
	is := false
	for g, err := range a.client.Groups.List(ctx, scimclient.Eq("id", groupID).And(scimclient.Eq("members", userID))) {
		if err != nil {
			return false, err
		}
		if g.ID != groupID {
			return false, &scimclient.Error{Op: "audit: membership", Resource: "Group " + groupID, Kind: iamscim.ErrBadReply, Err: errors.New("the server ignores the filter")}
		}
		is = true
	}
	if is {
		a.answers.Store(true)
	}
	return is, nil
}
