package okta

import (
	"context"
	"errors"
	"net/http"
	"net/url"
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
