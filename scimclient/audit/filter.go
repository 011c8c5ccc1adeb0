package audit

import (
	"context"
	"errors"
	"slices"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/provision/idp"
	"github.com/iamscim/iamscim/scimclient"
)

// maxControls bounds the users of the roster that controls are sought with.
const maxControls = 10

// tryFilter finds out whether members eq "USER" works here. Google documents the
// filter with the group's ID only. The controls are a membership of the roster
// that the documented filter confirms, and a pair that it denies. Without
// controls the filter isn't used.
func (a *auditor) tryFilter() error {
	if a.state.tried || a.roster.Memberships == nil {
		return nil
	}
	works, err := a.controls(a.ctx[forControls])
	if err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.filter, a.state.tried = works, true
	return nil
}

func (a *auditor) controls(ctx context.Context) (bool, error) {
	var member, other scimclient.Membership
	tried := 0
	for u := range rows(a.roster.Users) {
		i, known := a.x.users.find(u.Key)
		if !known || a.x.skip.has(i) || len(a.x.groupsOf(i)) == 0 {
			continue
		}
		if tried++; tried > maxControls {
			break
		}
		if err := a.control(ctx, u, i, &member, &other); err != nil {
			return false, err
		}
		if member.GroupID != "" && other.GroupID != "" {
			works, err := a.client.Groups.MemberFilterWorks(ctx, member, other)
			if errors.Is(err, iamscim.ErrUnavailable) {
				return false, nil // some servers fail on a filter that they don't know
			}
			return works, err
		}
	}
	return false, nil
}

// control looks for a group that the user is in and one that the user isn't in.
func (a *auditor) control(ctx context.Context, u idp.User, i uint32, member, other *scimclient.Membership) error {
	got, err := a.findUser(ctx, u)
	if errors.Is(err, scimclient.ErrNotFound) || errors.Is(err, scimclient.ErrNotUnique) || u.UserName == "" && u.ID == "" {
		return nil
	}
	if err != nil {
		return err
	}
	in := a.x.groupsOf(i)
	var out []uint32 // a few groups that the roster doesn't have the user in
	for g := uint32(0); int(g) < len(a.x.group) && len(out) < 3; g++ {
		if !slices.Contains(in, g) {
			out = append(out, g)
		}
	}
	for _, want := range []struct {
		pair   *scimclient.Membership
		groups []uint32
		is     bool
	}{{member, in[:min(len(in), 3)], true}, {other, out, false}} {
		for _, g := range want.groups {
			if want.pair.GroupID != "" {
				break
			}
			id, err := a.resolve(ctx, g)
			if err != nil {
				return err
			}
			if id == "" {
				continue
			}
			is, err := a.isMember(ctx, id, got.ID)
			if err != nil {
				return err
			}
			if is == want.is {
				*want.pair = scimclient.Membership{GroupID: id, UserID: got.ID}
			}
		}
	}
	return nil
}
