package okta

import (
	"context"
	"encoding/json"
	"fmt"
	"path"
	"strings"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/provision/idp"
)

// State is what is known of a line of a checklist.
type State string

// The states.
const (
	Done        State = "done"          // Okta says so
	ToDo        State = "to do"         // Okta says that it isn't
	NotReadBack State = "not read back" // Okta doesn't say: a person must look
)

// Line is one line of a checklist.
type Line struct {
	Text  string // "enable Create Users"
	Where string // the page of the Admin Console
	State State
	Note  string // what Okta said, or ""
}

// ByHand is in the error of what a person must do: get it with errors.As.
type ByHand struct{ Lines []Line }

// Error says how many lines were read back as done.
func (b *ByHand) Error() string {
	done := 0
	for _, line := range b.Lines {
		if line.State == Done {
			done++
		}
	}
	return fmt.Sprintf("%d of %d lines of the checklist were read back as done", done, len(b.Lines))
}

// Is reports whether target is [idp.ErrByHand].
func (b *ByHand) Is(target error) bool { return target == idp.ErrByHand }

func (c *Client) byHand(op string, lines []Line, remedy string) error {
	return &iamscim.Error{Op: op, Resource: "app " + c.app, Kind: idp.ErrByHand, Err: &ByHand{lines}, Remedy: remedy}
}

// SetUp returns [idp.ErrByHand] with a checklist for the connection: see [ByHand].
// It changes nothing.
func (c *Client) SetUp(ctx context.Context, to idp.Connection) error {
	lines, err := c.Checklist(ctx, to)
	if err != nil {
		return err
	}
	return c.byHand("okta: set up", lines, "do what the checklist says; the token is in the token store")
}

// CutOver returns [idp.ErrByHand]: Okta has no call that replaces the token of this
// app. It changes nothing.
func (c *Client) CutOver(context.Context, idp.Connection) error {
	if c == nil || c.limits == nil {
		return errZero("okta: cut over")
	}
	return c.byHand("okta: cut over", []Line{{
		Text: "replace the token, choose Test API Credentials, and save", Where: pageIntegration, State: NotReadBack,
		Note: "Okta never shows a token",
	}}, "replace the token under "+pageIntegration)
}

// Push returns [idp.ErrByHand]: Okta documents no call that pushes one person.
func (c *Client) Push(context.Context, string) (*idp.Attempt, error) {
	if c == nil || c.limits == nil {
		return nil, errZero("okta: push")
	}
	return nil, c.byHand("okta: push", []Line{
		{Text: "if a push of the person failed, choose Retry Selected", Where: pageTasks, State: NotReadBack},
		{Text: "otherwise take the person off the app, and assign the person again", Where: pageAssignments, State: NotReadBack},
	}, "retry the task under "+pageTasks)
}

// Checklist returns what a person must do for a connection, in order, and what Okta
// says is done.
//
//	GET /api/v1/apps/{appId}
//	GET /api/v1/apps/{appId}/connections/default
//	GET /api/v1/apps/{appId}/features
//	GET /api/v1/apps/{appId}/group-push/mappings?limit=1000
//	GET /api/v1/apps/{appId}/users?limit=500&expand=user
func (c *Client) Checklist(ctx context.Context, to idp.Connection) ([]Line, error) {
	if c == nil || c.limits == nil {
		return nil, errZero("okta: checklist")
	}
	f, err := c.read(ctx)
	if err != nil {
		return nil, err
	}
	uid := path.Base(to.BaseURI)
	lines := []Line{
		{Text: "activate the app", Where: "Admin Console > Applications > the app", State: state(f.app.Status == "ACTIVE", true), Note: "the app is " + shorten(f.app.Status, 30)},
		f.tenant(to.BaseURI, uid),
		{Text: "type the token, and choose Test API Credentials", Where: pageIntegration, State: NotReadBack, Note: "Okta never shows a token"},
		f.connected(),
		option("enable Create Users", f.creates),
		option("enable Update User Attributes", f.updates),
		option("enable Deactivate Users", f.deactivates),
		{Text: "assign people or groups to the app", Where: pageAssignments, State: state(len(f.users) > 0, true), Note: f.count()},
		f.groups(),
	}
	for _, want := range to.Settings {
		lines = append(lines, f.setting(want))
	}
	return lines, nil
}

func state(done, read bool) State {
	switch {
	case !read:
		return NotReadBack
	case done:
		return Done
	}
	return ToDo
}

func option(text string, get func() (on, read bool)) Line {
	return Line{Text: text, Where: pageToApp, State: state(get())}
}

// tenant looks for the tenant among the app's own settings, whose names aren't
// documented. That it isn't there proves nothing.
func (f *facts) tenant(base, uid string) Line {
	line := Line{Text: "type the tenant " + uid, Where: pageIntegration, State: NotReadBack}
	if base == "" {
		line.Text = "type the tenant's UID"
		return line
	}
	base = strings.TrimRight(base, "/")
	have := []string{strings.TrimRight(f.connection.BaseURL, "/")}
	for _, value := range f.app.Settings.App {
		var text string
		if json.Unmarshal(value, &text) == nil {
			have = append(have, strings.TrimRight(text, "/"))
		}
	}
	for _, text := range have {
		if text == uid || text == base {
			line.State = Done
		}
	}
	return line
}

func (f *facts) connected() Line {
	line := Line{Text: "enable API integration, and save", Where: pageIntegration, Note: "the connection is " + shorten(f.connection.Status, 30)}
	switch f.connection.Status {
	case enabled:
		line.State = Done
	case disabled:
		line.State = ToDo
	default:
		line.State = NotReadBack
		if f.features != nil {
			line.State, line.Note = Done, "the app's features can be read, which takes provisioning to be on"
		}
	}
	return line
}

func (f *facts) groups() Line {
	active, failed, reason := f.pushes()
	line := Line{Text: "push the groups", Where: pagePushGroups, State: state(active > 0 && failed == 0, f.pushed)}
	if f.pushed {
		line.Note = "pushed: " + counted(active, "group")
	}
	if failed > 0 {
		line.Note += fmt.Sprintf("; with an error: %d: %s", failed, reason)
	}
	return line
}

// setting is the line of something that the claim mapping needs.
func (f *facts) setting(want idp.Setting) Line {
	line := Line{Text: fmt.Sprintf("set %s to %s", want.Name, want.Value), Where: "Admin Console > Applications > the app > Provisioning > To App > Attribute Mappings", State: NotReadBack}
	for _, have := range f.settings() {
		if have.ID == want.ID {
			line.Where, line.State, line.Note = pageSignOn, state(have.Value == want.Value, true), "it is "+have.Value
		}
	}
	return line
}
