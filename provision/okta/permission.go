package okta

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"

	"github.com/iamscim/iamscim"
)

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
