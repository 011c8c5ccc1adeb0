package okta

import (
	"context"
	"errors"
	"net/http"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/internal/retry"
)

// Stop deactivates the app's connection, and returns nil once Okta reads it back as
// DISABLED. Users and groups stay in the tenant. If Okta can't say what the
// connection is, Stop changes nothing and returns [idp.ErrByHand].
//
//	GET /api/v1/apps/{appId}/connections/default
//	POST /api/v1/apps/{appId}/connections/default/lifecycle/deactivate
func (c *Client) Stop(ctx context.Context) error {
	if c == nil || c.limits == nil {
		return errZero("okta: stop")
	}
	now, err := c.readConnection(ctx)
	switch {
	case err != nil:
		return err
	case now.Status == disabled:
		return nil
	case now.Status != enabled:
		return c.byHand("okta: stop", []Line{{
			Text: "take the check mark off Enable API integration, and save", Where: pageIntegration, State: NotReadBack,
			Note: "the connection is " + shorten(now.Status, 30),
		}}, "stop it under "+pageIntegration)
	}
	k := c.get("stop", "okta.apps.manage", "apps/ID/connections/default/lifecycle", c.path("apps", c.app, "connections", "default", "lifecycle", "deactivate"), nil)
	k.method = http.MethodPost
	if _, err := c.do(ctx, k, nil); err != nil {
		return err
	}
	// The reply has no body, so that only a read shows the change.
	_, err = retry.Do(ctx, c.replication(), func() (retry.Verdict, error) {
		now, err = c.readConnection(ctx)
		if err != nil {
			return retry.Verdict{}, err
		}
		if now.Status == disabled {
			return retry.Verdict{}, nil
		}
		return retry.Verdict{Again: true}, &iamscim.Error{
			Op: k.op, Resource: k.resource, Kind: iamscim.ErrNotVisible,
			Err:    errors.New("it was accepted, and the connection is still " + shorten(now.Status, 30)),
			Remedy: "look under " + pageIntegration,
		}
	})
	return err
}

// replication is the policy for reading until a change shows.
func (c *Client) replication() iamscim.RetryPolicy {
	p := c.retry
	p.Budget, p.MaxAttempts = p.Replication, 0
	return p
}
