package okta

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/iamscim/iamscim/provision/idp"
)

// app is an application: GET /api/v1/apps/{appId}.
type app struct {
	ID          string   `json:"id"`
	Label       string   `json:"label"`
	Status      string   `json:"status"`   // ACTIVE, INACTIVE, DELETED
	Features    []string `json:"features"` // that are enabled, as PUSH_NEW_USERS
	Credentials struct {
		UserNameTemplate struct {
			Template string `json:"template"`
		} `json:"userNameTemplate"`
	} `json:"credentials"`
	Settings struct {
		App map[string]json.RawMessage `json:"app"` // the names are the app's
	} `json:"settings"`
}

// connection is the connection of an app:
// GET /api/v1/apps/{appId}/connections/default.
type connection struct {
	Status  string `json:"status"` // ENABLED, DISABLED, UNKNOWN
	BaseURL string `json:"baseUrl"`
}

// feature is a feature of an app: GET /api/v1/apps/{appId}/features. It can be read
// only while provisioning is on.
type feature struct {
	Name         string `json:"name"` // USER_PROVISIONING, INBOUND_PROVISIONING
	Status       string `json:"status"`
	Capabilities struct {
		Create struct {
			LifecycleCreate setting `json:"lifecycleCreate"`
		} `json:"create"`
		Update struct {
			Profile             setting `json:"profile"`
			LifecycleDeactivate setting `json:"lifecycleDeactivate"`
		} `json:"update"`
	} `json:"capabilities"`
}

type setting struct {
	Status string `json:"status"` // ENABLED, DISABLED
}

// mapping pushes a group: GET /api/v1/apps/{appId}/group-push/mappings.
type mapping struct {
	ID            string `json:"id"`
	SourceGroupID string `json:"sourceGroupId"`
	Status        string `json:"status"` // ACTIVE, INACTIVE, ERROR
	ErrorSummary  string `json:"errorSummary"`
	LastPush      string `json:"lastPush"`
}

func (m mapping) lacks() string {
	return lacking("sourceGroupId and status", m.SourceGroupID, m.Status)
}

// group is a group: GET /api/v1/groups.
type group struct {
	ID      string `json:"id"`
	Profile struct {
		Name string `json:"name"`
	} `json:"profile"`
	Embedded struct {
		Stats *struct {
			UsersCount *int `json:"usersCount"`
		} `json:"stats"`
	} `json:"_embedded"`
}

func (g group) lacks() string { return lacking("an id and a profile.name", g.ID, g.Profile.Name) }

// count is the number of members, -1 if Okta doesn't say.
func (g group) count() int {
	if g.Embedded.Stats == nil || g.Embedded.Stats.UsersCount == nil {
		return -1
	}
	return *g.Embedded.Stats.UsersCount
}

// user is a user of the organization: GET /api/v1/users, and the members of a
// group: GET /api/v1/groups/{groupId}/users.
type user struct {
	ID      string `json:"id"`
	Status  string `json:"status"` // ACTIVE, SUSPENDED, DEPROVISIONED, …
	Profile struct {
		Login string `json:"login"`
		Email string `json:"email"`
	} `json:"profile"`
}

func (u user) lacks() string { return lacking("an id and a status", u.ID, u.Status) }

// gone reports whether nobody can sign in with the account.
func (u user) gone() bool { return u.Status == "SUSPENDED" || u.Status == "DEPROVISIONED" }

// appUser is a user of the app: GET /api/v1/apps/{appId}/users. The id is that of
// the Okta user, which Okta pushes as externalId. Its externalId is the SCIM ID in
// the tenant.
type appUser struct {
	ID            string `json:"id"`
	ExternalID    string `json:"externalId"`
	Status        string `json:"status"`
	SyncState     string `json:"syncState"`
	StatusChanged string `json:"statusChanged"`
	LastSync      string `json:"lastSync"`
	Credentials   struct {
		UserName string `json:"userName"`
	} `json:"credentials"`
	Profile struct {
		Email       string `json:"email"`
		DisplayName string `json:"displayName"`
	} `json:"profile"`
	Embedded struct {
		User *struct {
			Status string `json:"status"`
		} `json:"user"`
	} `json:"_embedded"`
}

func (u appUser) lacks() string { return lacking("an id and a status", u.ID, u.Status) }

// gone reports whether the user must not be active in the tenant. A status that
// isn't known counts as one of somebody who must be there.
func (u appUser) gone() bool {
	if u.Embedded.User != nil && (user{Status: u.Embedded.User.Status}).gone() {
		return true
	}
	return slices.Contains([]string{"DEPROVISIONED", "SUSPENDED", "INACTIVE", "REVOKED"}, u.Status)
}

// row is the user in a roster.
func (u appUser) row() idp.User {
	r := idp.User{Key: u.ID, UserName: u.Credentials.UserName, ExternalID: u.ID, DisplayName: u.Profile.DisplayName, ID: u.ExternalID}
	if u.Profile.Email != "" {
		r.Emails = []string{u.Profile.Email}
	}
	return r
}

// lacking returns what if one of values is empty.
func lacking(what string, values ...string) string {
	if slices.Contains(values, "") {
		return what
	}
	return ""
}

// at parses a time of Okta; an odd one is none.
func at(text string) time.Time {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}
	}
	return t
}
