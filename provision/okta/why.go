package okta

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/internal/redact"
	"github.com/iamscim/iamscim/provision/idp"
)

// Why returns what Okta says about the last push of a user, or of a group by its ID.
// A user is named by ID or by user name. The state is that of the user of the app, or
// of the pushed group. Of a user, Okta gives a reason in its System Log alone: Why
// looks there if the state isn't a good one and the token may. Otherwise Reason says
// what Okta's pages say of the state.
//
// A user whom Okta has and the app doesn't is ResultSkipped at StepScope.
//
//	GET /api/v1/apps/{appId}/users/{userId}?expand=user
//	GET /api/v1/apps/{appId}/users?q=...&limit=500&expand=user
//	GET /api/v1/apps/{appId}/group-push/mappings?sourceGroupId=...
//	GET /api/v1/users/{userId}
//	GET /api/v1/logs?filter=...&sortOrder=DESCENDING&limit=20
func (c *Client) Why(ctx context.Context, object string) (*idp.Attempt, error) {
	if c == nil || c.limits == nil {
		return nil, errZero("okta: why")
	}
	if object == "" {
		return nil, &iamscim.Error{Op: "okta: why", Kind: iamscim.ErrInvalidArgument, Err: errors.New("a user or a group must be named")}
	}
	// An ID says what it's of by its beginning. The order saves requests alone.
	group := strings.HasPrefix(object, "00g")
	if group {
		if a, err := c.whyGroup(ctx, object); a != nil || err != nil {
			return a, err
		}
	}
	u, err := c.findAppUser(ctx, object)
	switch {
	case err != nil:
		return nil, err
	case u != nil:
		return c.whyUser(ctx, u)
	case !oktaID.MatchString(object):
		return &idp.Attempt{}, nil
	case !group:
		if a, err := c.whyGroup(ctx, object); a != nil || err != nil {
			return a, err
		}
	}
	return c.whyNobody(ctx, object)
}

// findAppUser finds a user of the app by ID, or by user name; nil if there is none.
func (c *Client) findAppUser(ctx context.Context, object string) (*appUser, error) {
	const idLength = 20 // of all of Okta's IDs so far
	if u, err := c.appUser(ctx, object); u != nil || err != nil || len(object) == idLength && oktaID.MatchString(object) {
		return u, err
	}
	k := c.appUsersCall(appUsersPage)
	k.op, k.url = "okta: find user of the app", k.url+"&"+url.Values{"q": {object}}.Encode()
	var found *appUser
	err := each(ctx, c, k, appUsersPage, func(u appUser) error {
		if strings.EqualFold(u.Credentials.UserName, object) {
			found = &u
			return errStop
		}
		return nil
	})
	if errors.Is(err, errStop) {
		err = nil
	}
	return found, err
}

// outcome is what a state means.
type outcome struct {
	result idp.Result
	step   idp.Step
	reason string
	mend   string
}

// whyUser says what the state of a user of the app means. The meanings are those of
// AppUserStatus and AppUserSyncState in the management API.
func (c *Client) whyUser(ctx context.Context, u *appUser) (*idp.Attempt, error) {
	o := u.outcome()
	a := &idp.Attempt{
		Key: u.ID, ID: u.ExternalID, Result: o.result, Step: o.step, Reason: o.reason, Mend: o.mend,
		Code: shorten(strings.Trim(u.Status+"/"+u.SyncState, "/"), 60), Time: at(cmp.Or(u.LastSync, u.StatusChanged)),
	}
	if o.result == idp.ResultSuccess {
		return a, nil
	}
	return a, c.fromLog(ctx, u.ID, a)
}

func (u appUser) outcome() outcome {
	if u.Embedded.User != nil && (user{Status: u.Embedded.User.Status}).gone() {
		return outcome{idp.ResultSkipped, idp.StepScope, "the Okta user is " + u.Embedded.User.Status, "Admin Console > Directory > People: activate the person"}
	}
	switch u.SyncState {
	case "ERROR":
		return outcome{idp.ResultFailure, idp.StepExport, "the push of the user failed", pageTasks + ": repair the cause, and choose Retry Selected"}
	case "OUT_OF_SYNC":
		return outcome{idp.ResultPending, idp.StepExport, "the user has changes that weren't pushed yet", pageTasks}
	case "SYNCING":
		return outcome{idp.ResultPending, idp.StepExport, "the user is being pushed", ""}
	}
	switch u.Status {
	case "DEPROVISIONED", "INACTIVE", "SUSPENDED", "REVOKED":
		return outcome{idp.ResultSkipped, idp.StepScope, "the user of the app is " + u.Status, pageAssignments + ": assign the person again"}
	case "IMPORTED", "MATCHED", "UNASSIGNED":
		return outcome{idp.ResultPending, idp.StepMatch, "the user of the app comes from an import, and isn't confirmed", "Admin Console > Applications > the app > Import"}
	case "STAGED", "PENDING", "APPROVED":
		return outcome{idp.ResultPending, idp.StepExport, "the user of the app is " + u.Status + ": it waits to be pushed", pageTasks}
	}
	if u.ExternalID == "" {
		return outcome{idp.ResultSkipped, idp.StepScope, "the user was assigned and never pushed: provisioning was off", pageAssignments + ": choose Provision User"}
	}
	return outcome{result: idp.ResultSuccess, step: idp.StepExport}
}

// logEvent is an event of the System Log: GET /api/v1/logs.
type logEvent struct {
	Published      string `json:"published"`
	EventType      string `json:"eventType"`
	DisplayMessage string `json:"displayMessage"`
	Outcome        struct {
		Result string `json:"result"`
		Reason string `json:"reason"`
	} `json:"outcome"`
	Target []struct {
		ID string `json:"id"`
	} `json:"target"`
}

// logAge is how long Okta keeps its log.
const logAge = 90 * 24 * time.Hour

// fromLog adds the reason of the newest failed push. A token that may not read the
// log takes nothing away.
func (c *Client) fromLog(ctx context.Context, id string, a *idp.Attempt) error {
	k := c.get("read log", "okta.logs.read", "logs", c.path("logs"), url.Values{
		"filter":    {`eventType sw "application.provision." and target.id eq "` + id + `"`},
		"since":     {time.Now().Add(-logAge).UTC().Format(time.RFC3339)},
		"sortOrder": {"DESCENDING"}, "limit": {"20"},
	})
	var events []logEvent
	_, err := c.do(ctx, k, &events)
	if errors.Is(err, iamscim.ErrPermissionDenied) || unanswered(err) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range events {
		ofApp := false
		for _, t := range e.Target {
			ofApp = ofApp || t.ID == c.app
		}
		switch {
		case !ofApp:
		case e.Outcome.Result == "SUCCESS":
			return nil // older failures are mended
		case e.Outcome.Result == "FAILURE":
			a.Time, a.Code = at(e.Published), shorten(e.EventType, 80)
			a.Reason = said(cmp.Or(e.Outcome.Reason, e.DisplayMessage, a.Reason))
			return nil
		}
	}
	return nil
}

// said is a text of Okta's on one line. It can repeat what the tenant answered.
func said(text string) string { return shorten(redact.Text(text), 300) }

// whyGroup says what the state of a pushed group means; nil if the group isn't
// pushed.
func (c *Client) whyGroup(ctx context.Context, id string) (*idp.Attempt, error) {
	k := c.mappingsCall(mappingsPage)
	k.op, k.url = "okta: get pushed group", k.url+"&"+url.Values{"sourceGroupId": {id}}.Encode()
	var a *idp.Attempt
	err := each(ctx, c, k, mappingsPage, func(m mapping) error {
		if m.SourceGroupID != id || a != nil && m.Status != "ERROR" {
			return nil
		}
		a = &idp.Attempt{Key: id, Code: shorten(m.Status, 60), Step: idp.StepExport, Time: at(m.LastPush)}
		switch m.Status {
		case "ACTIVE":
			a.Result = idp.ResultSuccess
			if a.Time.IsZero() {
				a.Result, a.Reason = idp.ResultPending, "the group wasn't pushed yet"
			}
		case "INACTIVE":
			a.Result, a.Step, a.Reason, a.Mend = idp.ResultSkipped, idp.StepScope, "the push of the group is off", pagePushGroups+": activate the group push"
		default:
			a.Result, a.Mend = idp.ResultFailure, pagePushGroups+": repair the cause, and choose Push now"
			a.Reason = said(cmp.Or(m.ErrorSummary, "the push of the group failed"))
		}
		return nil
	})
	if unanswered(err) {
		return nil, nil
	}
	return a, err
}

// whyNobody is about an ID that is neither a user of the app nor a pushed group.
func (c *Client) whyNobody(ctx context.Context, id string) (*idp.Attempt, error) {
	k := c.get("get user", "okta.users.read", "users/ID", c.path("users", id), nil)
	var u user
	_, err := c.do(ctx, k, &u)
	switch {
	case errors.Is(err, iamscim.ErrPermissionDenied) || unanswered(err):
		return &idp.Attempt{}, nil
	case err != nil:
		return nil, err
	case u.ID != id:
		return nil, k.badReply(http.StatusOK, errors.New("the reply is about another user"))
	}
	a := &idp.Attempt{Key: id, Result: idp.ResultSkipped, Step: idp.StepScope, Code: "not assigned", Reason: "the person isn't assigned to the app", Mend: pageAssignments + ": assign the person"}
	if u.gone() {
		a.Code, a.Reason = shorten(u.Status, 60), "the Okta user is "+u.Status+", and isn't assigned to the app"
		a.Mend = "Admin Console > Directory > People: activate the person, and assign the person to the app"
	}
	return a, nil
}
