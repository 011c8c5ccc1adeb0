package okta

import (
	"context"
	"errors"
	"math"
	"net/http"
	"net/url"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/provision/idp"
)

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
