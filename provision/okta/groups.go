package okta

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/provision/idp"
)

// groups lists the groups that are pushed. One with an error should be in the
// tenant; one that is INACTIVE isn't pushed any more.
func (r *roster) groups(ctx context.Context, yield func(idp.Group) error) error {
	all := []pushed{}
	err := each(ctx, r.c, r.c.mappingsCall(mappingsPage), mappingsPage, func(m mapping) error {
		if m.Status == "INACTIVE" {
			return nil
		}
		g, err := r.c.group(ctx, m.SourceGroupID)
		if err != nil {
			return err
		}
		all = append(all, pushed{g.ID, g.count()})
		return yield(idp.Group{Key: g.ID, DisplayName: g.Profile.Name})
	})
	if err == nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.pushed = all
	}
	return err
}

// group reads a group with the number of its members, which the page of one
// group doesn't have.
func (c *Client) group(ctx context.Context, id string) (group, error) {
	if !oktaID.MatchString(id) {
		return group{}, c.mappingsCall(1).badReply(http.StatusOK, errors.New("a pushed group has an odd ID"))
	}
	var found []group
	k := c.get("get group", "okta.groups.read", "groups", c.path("groups"), url.Values{"filter": {`id eq "` + id + `"`}, "expand": {"stats"}})
	k.resource = "group " + id
	err := each(ctx, c, k, usersPage, func(g group) error {
		found = append(found, g)
		return nil
	})
	switch {
	case err != nil:
		return group{}, err
	case len(found) != 1 || found[0].ID != id:
		return group{}, k.badReply(http.StatusOK, errors.New("the group is pushed, and isn't there"))
	}
	return found[0], nil
}

// memberships lists the members of the groups who are users of the app. It goes by
// the last lists of users and groups, so that nobody is in one list alone because of
// a change in between.
func (r *roster) memberships(ctx context.Context, yield func(idp.Membership) error) error {
	isUser, groups, err := r.known(ctx)
	if err != nil {
		return err
	}
	for _, g := range groups {
		members, err := r.members(ctx, g, func(id string) error {
			if !isUser[id] {
				return nil
			}
			return yield(idp.Membership{Group: g.id, User: id})
		})
		if err != nil {
			return err
		}
		if members >= g.count || r.opts.IgnoreCounts {
			continue
		}
		// Somebody may have been taken off in between.
		again, err := r.c.group(ctx, g.id)
		if err != nil {
			return err
		}
		if now := again.count(); members < now {
			return &iamscim.Error{
				Op: "okta: list members", Resource: "group " + g.id, Kind: iamscim.ErrBadReply,
				Err:    fmt.Errorf("%w: Okta lists %d members, and says that there are %d", idp.ErrCut, members, now),
				Remedy: "try again; if the number is wrong, set RosterOptions.IgnoreCounts",
			}
		}
	}
	return nil
}

// members lists the members of a group, and returns their number.
func (r *roster) members(ctx context.Context, g pushed, f func(id string) error) (int, error) {
	k := r.c.get("list members", "okta.groups.read", "groups/ID/users", r.c.path("groups", g.id, "users"), url.Values{"limit": {strconv.Itoa(usersPage)}})
	k.resource = "group " + g.id
	n := 0
	err := each(ctx, r.c, k, usersPage, func(u user) error {
		n++
		return f(u.ID)
	})
	return n, err
}

// known returns the users and groups of the last lists, which it reads if nobody
// did.
func (r *roster) known(ctx context.Context) (map[string]bool, []pushed, error) {
	last := func() (map[string]bool, []pushed) {
		r.mu.Lock()
		defer r.mu.Unlock()
		return r.isUser, r.pushed
	}
	isUser, groups := last()
	if isUser == nil {
		if err := r.users(ctx, func(idp.User) error { return nil }); err != nil {
			return nil, nil, err
		}
	}
	if groups == nil {
		if err := r.groups(ctx, func(idp.Group) error { return nil }); err != nil {
			return nil, nil, err
		}
	}
	isUser, groups = last()
	return isUser, groups, nil
}
