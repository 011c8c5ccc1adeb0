package okta

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/provision/idp"
)

// The sizes of pages: the most that Okta's pages name.
const (
	appUsersPage = 500
	mappingsPage = 1000
	usersPage    = 200 // of an organization and of a group
)

// RosterOptions are the options of [Client.Roster].
type RosterOptions struct {
	// AppOnly reads the app alone. People who were taken off it aren't among
	// the leavers then, and the roster has no Confirm. It needs no
	// okta.users.read.
	AppOnly bool

	// IgnoreCounts accepts a list of members that is shorter than the number of
	// members that Okta says a group has.
	IgnoreCounts bool
}

// Roster returns who should be in the tenant. The lists are read from Okta each
// time, page by page, and nothing of them is kept but the IDs of users. ctx is for
// all of it. An audit reads users twice, and needs them to be the same: see
// [idp.Roster.Copy].
//
//   - Users are the users of the app. Key and ExternalID are the ID of the Okta
//     user, and ID is the externalId of the app's user: the SCIM ID in the tenant.
//   - Groups are those that Okta pushes, with the name of the Okta group.
//   - Memberships are of users of the app alone: Okta pushes no others.
//   - Leavers are users who are SUSPENDED or DEPROVISIONED, or INACTIVE or REVOKED
//     in the app.
//
// Before it returns, it asks each list for one row. The error names every permission
// that is missing.
//
//	GET /api/v1/apps/{appId}
//	GET /api/v1/apps/{appId}/users?limit=500&expand=user
//	GET /api/v1/apps/{appId}/group-push/mappings?limit=1000
//	GET /api/v1/groups?filter=id eq "..."&expand=stats
//	GET /api/v1/groups/{groupId}/users?limit=200
//	GET /api/v1/users?filter=status eq "DEPROVISIONED" or status eq "SUSPENDED"&limit=200
func (c *Client) Roster(ctx context.Context, opts RosterOptions) (idp.Roster, error) {
	if c == nil || c.limits == nil {
		return idp.Roster{}, errZero("okta: roster")
	}
	a, err := c.permitted(ctx, opts)
	if err != nil {
		return idp.Roster{}, err
	}
	r := &roster{c: c, opts: opts}
	if !opts.AppOnly {
		if r.nameOf = loginOf(a.Credentials.UserNameTemplate.Template); r.nameOf == nil {
			return idp.Roster{}, &iamscim.Error{
				Op: "okta: roster", Resource: "app " + c.app, Kind: iamscim.ErrFailedPrecondition,
				Err:    errors.New("the user names of people who were taken off the app can't be known: the app has a user name format of its own"),
				Remedy: "set RosterOptions.AppOnly",
			}
		}
	}
	live := idp.Roster{
		Users:       list(func(yield func(idp.User) error) error { return r.users(ctx, yield) }),
		Groups:      list(func(yield func(idp.Group) error) error { return r.groups(ctx, yield) }),
		Memberships: list(func(yield func(idp.Membership) error) error { return r.memberships(ctx, yield) }),
		Leavers:     list(func(yield func(idp.Leaver) error) error { return r.leavers(ctx, yield) }),
	}
	if !opts.AppOnly {
		live.Confirm = r.confirm
	}
	return live, nil
}

// permitted reads the app, and asks each list for one row.
func (c *Client) permitted(ctx context.Context, opts RosterOptions) (*app, error) {
	calls := []call{c.appUsersCall(1), c.mappingsCall(1), c.get("list groups", "okta.groups.read", "groups", c.path("groups"), url.Values{"limit": {"1"}})}
	if !opts.AppOnly {
		calls = append(calls, c.goneCall(1))
	}
	var denied *iamscim.Error
	note := func(err error) error {
		e, ok := errors.AsType[*iamscim.Error](err)
		if !ok || !errors.Is(e.Kind, iamscim.ErrPermissionDenied) {
			return err
		}
		if denied == nil {
			denied = e
		} else {
			denied.Violations = append(denied.Violations, e.Violations...)
		}
		return nil
	}
	a, err := c.readApp(ctx)
	if err := note(err); err != nil {
		return nil, err
	}
	for _, k := range calls {
		if denied != nil && strings.HasPrefix(k.bucket, "apps/") {
			continue // who may not read the app may not read its lists
		}
		var rows []struct{}
		_, err := c.do(ctx, k, &rows)
		if err := note(err); err != nil {
			return nil, err
		}
	}
	if denied == nil {
		return a, nil
	}
	var scopes []string
	for _, v := range denied.Violations {
		scopes = append(scopes, v.Field)
	}
	slices.Sort(scopes)
	denied.Op, denied.Remedy = "okta: roster", c.mayNot(strings.Join(slices.Compact(scopes), ", "))
	return nil, denied
}

func (c *Client) appCall() call {
	return c.get("get app", "okta.apps.read", "apps/ID", c.path("apps", c.app), nil)
}

func (c *Client) readApp(ctx context.Context) (*app, error) {
	var a app
	k := c.appCall()
	_, err := c.do(ctx, k, &a)
	if err == nil && a.ID != c.app {
		err = k.badReply(http.StatusOK, errors.New("the reply is about another app"))
	}
	return &a, err
}

func (c *Client) appUsersCall(limit int) call {
	return c.get("list users of the app", "okta.apps.read", "apps/ID/users", c.path("apps", c.app, "users"),
		url.Values{"limit": {strconv.Itoa(limit)}, "expand": {"user"}})
}

func (c *Client) mappingsCall(limit int) call {
	return c.get("list pushed groups", "okta.groups.read", "apps/ID/group-push/mappings", c.path("apps", c.app, "group-push", "mappings"),
		url.Values{"limit": {strconv.Itoa(limit)}})
}

// goneCall lists people of the whole organization.
func (c *Client) goneCall(limit int) call {
	return c.get("list people who left", "okta.users.read", "users", c.path("users"),
		url.Values{"limit": {strconv.Itoa(limit)}, "filter": {`status eq "DEPROVISIONED" or status eq "SUSPENDED"`}})
}

// roster is what the lists of a roster share.
type roster struct {
	c      *Client
	opts   RosterOptions
	nameOf func(user) string // the user name of somebody who was taken off the app

	mu     sync.Mutex
	isUser map[string]bool // by ID: the users of the last list that was read whole
	pushed []pushed        // the groups of the last list that was read whole
}

// pushed is a group that Okta pushes.
type pushed struct {
	id    string
	count int // members, -1 if it isn't known
}

func (r *roster) users(ctx context.Context, yield func(idp.User) error) error {
	isUser := map[string]bool{}
	err := each(ctx, r.c, r.c.appUsersCall(appUsersPage), appUsersPage, func(u appUser) error {
		if u.gone() {
			return nil
		}
		isUser[u.ID] = true
		return yield(u.row())
	})
	if err == nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.isUser = isUser
	}
	return err
}

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
		return group{}, k.badReply(http.StatusOK, errors.New("Okta pushes the group, and doesn't have it"))
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

// leavers lists the users of the app who must not be active, and then the people of
// the organization who left and aren't users of the app.
func (r *roster) leavers(ctx context.Context, yield func(idp.Leaver) error) error {
	ofApp := map[string]bool{}
	err := each(ctx, r.c, r.c.appUsersCall(appUsersPage), appUsersPage, func(u appUser) error {
		if !u.gone() {
			return nil
		}
		ofApp[u.ID] = true
		return yield(idp.Leaver{User: u.row()})
	})
	if err != nil || r.opts.AppOnly {
		return err
	}
	return each(ctx, r.c, r.c.goneCall(usersPage), usersPage, func(u user) error {
		if ofApp[u.ID] || !u.gone() {
			return nil
		}
		return yield(idp.Leaver{User: idp.User{Key: u.ID, UserName: r.nameOf(u), ExternalID: u.ID}})
	})
}

// confirm is the Confirm of a roster.
//
//	GET /api/v1/apps/{appId}/users/{userId}?expand=user
//	GET /api/v1/users/{userId}/groups
func (r *roster) confirm(ctx context.Context, key string) (idp.Confirmation, error) {
	u, err := r.c.appUser(ctx, key)
	if err != nil || u == nil || u.gone() {
		return idp.Confirmation{}, err
	}
	row := u.row()
	now := idp.Confirmation{User: &row}
	k := r.c.get("list groups of a user", "okta.users.read", "users/ID/groups", r.c.path("users", key, "groups"), nil)
	err = each(ctx, r.c, k, math.MaxInt, func(g group) error { // the list has no pages
		now.Groups = append(now.Groups, g.ID)
		return nil
	})
	if err != nil {
		return idp.Confirmation{}, err
	}
	return now, nil
}

// appUser reads a user of the app; nil if there is none.
func (c *Client) appUser(ctx context.Context, id string) (*appUser, error) {
	if !oktaID.MatchString(id) {
		return nil, nil
	}
	k := c.get("get user of the app", "okta.apps.read", "apps/ID/users/ID", c.path("apps", c.app, "users", id), url.Values{"expand": {"user"}})
	var u appUser
	_, err := c.do(ctx, k, &u)
	switch {
	case errors.Is(err, iamscim.ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, err
	case u.ID != id || u.lacks() != "":
		return nil, k.badReply(http.StatusOK, errors.New("the reply is about another user"))
	}
	return &u, nil
}

// loginOf returns how the app makes user names from Okta's users, nil if it isn't
// known. The templates are Okta's built-in ones.
func loginOf(template string) func(user) string {
	switch template {
	case "", "${source.login}":
		return func(u user) string { return u.Profile.Login }
	case "${source.email}":
		return func(u user) string { return u.Profile.Email }
	case "${fn:toLowerCase(source.email)}":
		return func(u user) string { return strings.ToLower(u.Profile.Email) }
	}
	return nil
}

func errZero(op string) error {
	return &iamscim.Error{Op: op, Kind: iamscim.ErrInvalidArgument, Err: errors.New("the client is nil, or wasn't made by New")}
}
