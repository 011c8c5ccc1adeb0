package okta

import (
	"context"
	"fmt"
	"strings"

	"github.com/iamscim/iamscim/provision/idp"
)

var _ idp.Provider = (*Client)(nil)

// Where a person looks in the Admin Console.
const (
	pageIntegration = "Admin Console > Applications > the app > Provisioning > Integration"
	pageToApp       = "Admin Console > Applications > the app > Provisioning > To App"
	pageAssignments = "Admin Console > Applications > the app > Assignments"
	pagePushGroups  = "Admin Console > Applications > the app > Push Groups"
	pageSignOn      = "Admin Console > Applications > the app > Sign On"
	pageTasks       = "Admin Console > Dashboard > Tasks"
)

// Status reports what Okta says about the app. It has no times: Okta pushes a change
// when it happens, and has no cycles. BaseURI is empty where Okta doesn't say it.
// Of the users, it looks at the first 500.
//
//	GET /api/v1/apps/{appId}
//	GET /api/v1/apps/{appId}/connections/default
//	GET /api/v1/apps/{appId}/features
//	GET /api/v1/apps/{appId}/group-push/mappings?limit=1000
//	GET /api/v1/apps/{appId}/users?limit=500&expand=user
func (c *Client) Status(ctx context.Context) (*idp.Status, error) {
	if c == nil || c.limits == nil {
		return nil, errZero("okta: status")
	}
	f, err := c.read(ctx)
	if err != nil {
		return nil, err
	}
	running, _ := f.running()
	return &idp.Status{
		ByHand: true, BaseURI: strings.TrimRight(f.connection.BaseURL, "/"), Running: running,
		Issues: f.issues(), Settings: f.settings(),
	}, nil
}

// issues says what is wrong, as far as Okta says so.
func (f *facts) issues() []idp.Issue {
	var all []idp.Issue
	add := func(code idp.IssueCode, mend, format string, args ...any) {
		all = append(all, idp.Issue{Code: code, Reason: fmt.Sprintf(format, args...), Mend: mend})
	}
	on, read := f.running()
	switch {
	case f.app.Status != "ACTIVE":
		add(idp.IssueStopped, "activate the app", "the app is %s", shorten(f.app.Status, 30))
	case !read:
		add(idp.IssueUnread, pageIntegration, "Okta reports the status %s of the connection", shorten(f.connection.Status, 30))
	case !on:
		add(idp.IssueStopped, pageIntegration, "the connection is DISABLED")
	}
	if on, read := f.creates(); read && !on {
		add(idp.IssueStopped, pageToApp, "Create Users is DISABLED")
	}
	if on, read := f.deactivates(); read && !on {
		add(idp.IssueDeletions, pageToApp, "Deactivate Users is DISABLED")
	}
	if len(f.users) == 0 {
		add(idp.IssueScope, pageAssignments, "nobody is assigned to the app")
	}
	active, failed, reason := f.pushes()
	if f.pushed && active+failed == 0 {
		add(idp.IssueScope, pagePushGroups, "no group is pushed")
	}
	if failed > 0 {
		add(idp.IssueFailures, pagePushGroups, "pushes with an error: %d of %s: %s", failed, counted(active+failed, "group"), reason)
	}
	failed = 0
	for _, u := range f.users {
		if u.SyncState == "ERROR" {
			failed++
		}
	}
	if failed > 0 {
		add(idp.IssueFailures, pageTasks, "with the syncState ERROR: %d of %s", failed, f.count())
	}
	return all
}

func (f *facts) count() string {
	if f.more {
		return fmt.Sprintf("the first %d users", len(f.users))
	}
	return counted(len(f.users), "user")
}

// counted is a number of things.
func counted(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// pushes counts the groups that are pushed, and those with an error, of which
// it returns the first one's.
func (f *facts) pushes() (active, failed int, reason string) {
	for _, m := range f.mappings {
		switch m.Status {
		case "ACTIVE":
			active++
		case "ERROR":
			if failed++; reason == "" {
				reason = said(m.ErrorSummary)
			}
		}
	}
	if reason == "" {
		reason = "Okta gives no reason"
	}
	return active, failed, reason
}

// settings are those that can be read: Okta has no call for the attribute mappings
// that says what a person sees there.
func (f *facts) settings() []idp.Setting {
	name, known := formats[f.app.Credentials.UserNameTemplate.Template]
	if !known {
		return nil
	}
	return []idp.Setting{{ID: "okta-username-format", Name: "Application username format", Value: name}}
}

// formats are the built-in templates of user names, by what a person sees.
var formats = map[string]string{
	"${source.login}":                             "Okta username",
	`${fn:substringBefore(source.login, "@")}`:    "Okta username prefix",
	"${source.email}":                             "Email",
	"${fn:toLowerCase(source.email)}":             "Email (lowercase)",
	`${fn:substringBefore(source.email, "@")}`:    "Email prefix",
	"${source.userName}":                          "AD User Principal Name",
	"${source.samAccountName}":                    "AD SAM Account Name",
	"${fn:toLowerCase(source.samAccountName)}":    "AD SAM Account Name (lowercase)",
	"${source.employeeID}":                        "AD Employee ID",
	`${fn:substringBefore(source.userName, "@")}`: "AD User Principal Name prefix",
	"${source.userName}${instance.userSuffix}":    "LDAP UID + custom suffix",
}
