package okta

import (
	"context"
	"errors"
	"net/http"

	"github.com/iamscim/iamscim"
)

// facts are what Okta says about the app. What it doesn't say is the zero value,
// and isn't read back.
type facts struct {
	app        *app
	connection connection // UNKNOWN if Okta doesn't say
	features   *feature   // USER_PROVISIONING, or nil
	mappings   []mapping  // of which pushed reports whether they were read
	pushed     bool
	users      []appUser // the first ones
	more       bool      // than users
}

// read reads them. A call that the app has no answer to isn't an error: Okta
// answers 400 or 404 to some while provisioning is off.
//
//	GET /api/v1/apps/{appId}
//	GET /api/v1/apps/{appId}/connections/default
//	GET /api/v1/apps/{appId}/features
//	GET /api/v1/apps/{appId}/group-push/mappings?limit=1000
//	GET /api/v1/apps/{appId}/users?limit=500&expand=user
func (c *Client) read(ctx context.Context) (*facts, error) {
	f := &facts{connection: connection{Status: unknown}}
	var err error
	if f.app, err = c.readApp(ctx); err != nil {
		return nil, err
	}
	if now, err := c.readConnection(ctx); err == nil {
		f.connection = *now
	} else if !unanswered(err) {
		return nil, err
	}
	var features []feature
	_, err = c.do(ctx, c.get("list features", "okta.apps.read", "apps/ID/features", c.path("apps", c.app, "features"), nil), &features)
	if err != nil && !unanswered(err) {
		return nil, err
	}
	for _, one := range features {
		if one.Name == "USER_PROVISIONING" {
			f.features = &one
		}
	}
	err = each(ctx, c, c.mappingsCall(mappingsPage), mappingsPage, func(m mapping) error {
		f.mappings = append(f.mappings, m)
		return nil
	})
	if err != nil && !unanswered(err) {
		return nil, err
	}
	f.pushed = err == nil
	err = each(ctx, c, c.appUsersCall(appUsersPage), appUsersPage, func(u appUser) error {
		if f.more = len(f.users) == appUsersPage; f.more {
			return errStop
		}
		f.users = append(f.users, u)
		return nil
	})
	if err != nil && !errors.Is(err, errStop) {
		return nil, err
	}
	return f, nil
}

const (
	unknown  = "UNKNOWN"
	enabled  = "ENABLED"
	disabled = "DISABLED"
)

func (c *Client) connectionCall() call {
	return c.get("get connection", "okta.apps.read", "apps/ID/connections/default", c.path("apps", c.app, "connections", "default"), nil)
}

func (c *Client) readConnection(ctx context.Context) (*connection, error) {
	var now connection
	k := c.connectionCall()
	_, err := c.do(ctx, k, &now)
	if err == nil && now.Status == "" {
		err = k.badReply(http.StatusOK, errors.New("the connection has no status"))
	}
	return &now, err
}

// unanswered reports whether Okta has no answer for this app.
func unanswered(err error) bool {
	return errors.Is(err, iamscim.ErrNotFound) || errors.Is(err, iamscim.ErrInvalidArgument)
}

// creates reports whether Okta says that it creates users in the tenant. read is
// false if it doesn't say.
func (f *facts) creates() (on, read bool) {
	if f.features != nil && f.features.Capabilities.Create.LifecycleCreate.Status != "" {
		return f.features.Capabilities.Create.LifecycleCreate.Status == enabled, true
	}
	return f.has("PUSH_NEW_USERS")
}

func (f *facts) updates() (on, read bool) {
	if f.features != nil && f.features.Capabilities.Update.Profile.Status != "" {
		return f.features.Capabilities.Update.Profile.Status == enabled, true
	}
	return f.has("PUSH_PROFILE_UPDATES")
}

func (f *facts) deactivates() (on, read bool) {
	if f.features != nil && f.features.Capabilities.Update.LifecycleDeactivate.Status != "" {
		return f.features.Capabilities.Update.LifecycleDeactivate.Status == enabled, true
	}
	return f.has("PUSH_USER_DEACTIVATION")
}

// has reports whether the app's list of enabled features has one. That it hasn't
// proves nothing: the list may be another version's.
func (f *facts) has(name string) (on, read bool) {
	for _, have := range f.app.Features {
		if have == name {
			return true, true
		}
	}
	return false, false
}

// running reports whether provisioning is on. read is false if Okta doesn't say.
func (f *facts) running() (on, read bool) {
	if f.app.Status != "ACTIVE" {
		return false, true
	}
	if f.connection.Status == enabled || f.connection.Status == disabled {
		return f.connection.Status == enabled, true
	}
	// Features can be read only while provisioning is on.
	return f.features != nil, f.features != nil
}
