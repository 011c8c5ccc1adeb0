package audit

import (
	"fmt"
	"log/slog"
	"strings"
)

// Code is the kind of a finding. Codes are stable.
type Code string

// The kinds of findings.
const (
	// UserMissing and GroupMissing: the tenant doesn't have it.
	UserMissing  Code = "user-missing"
	GroupMissing Code = "group-missing"

	// UserDiffers and GroupDiffers: an attribute has another value.
	UserDiffers  Code = "user-differs"
	GroupDiffers Code = "group-differs"

	// UserActive: the user must be inactive and is active.
	UserActive Code = "user-active"

	// UserInactive: the user must be active and is inactive.
	UserInactive Code = "user-inactive"

	// LeaverPresent: somebody who left is in the tenant.
	LeaverPresent Code = "leaver-present"

	// LeaverOnRoster: somebody is both an active user and a leaver. Neither is
	// checked.
	LeaverOnRoster Code = "leaver-on-roster"

	// MembershipMissing: a membership of the roster isn't in the tenant.
	MembershipMissing Code = "membership-missing"

	// MembershipUnexpected: a user of the roster is in a group, and the roster
	// doesn't say so.
	MembershipUnexpected Code = "membership-unexpected"

	// RosterDuplicate: two rows of the roster have the same key, userName,
	// displayName, google.subject or google.group.
	RosterDuplicate Code = "roster-duplicate"

	// TenantDuplicate: two resources of the tenant answer to the same name, or
	// a user has the google.subject of another.
	TenantDuplicate Code = "tenant-duplicate"

	// RosterRefused: the service refuses this row of the roster.
	RosterRefused Code = "roster-refused"

	// RosterUnknownKey: a membership names a user or group that the roster
	// doesn't have.
	RosterUnknownKey Code = "roster-unknown-key"

	// SubjectDiffers: the sign-in token gives another google.subject than the
	// tenant.
	SubjectDiffers Code = "subject-differs"

	// GroupsUnlisted: the user is in more groups than the service lists. It's a
	// warning: every membership of the roster is checked.
	GroupsUnlisted Code = "groups-unlisted"

	// GroupsTooMany: the roster has the user in more groups than the service
	// allows.
	GroupsTooMany Code = "groups-too-many"

	// WitnessElsewhere: the consumer doesn't take its groups from a SCIM tenant.
	WitnessElsewhere Code = "witness-elsewhere"

	// WitnessGroupMissing and WitnessUserMissing: the tenant has it, and the
	// consumer doesn't know it.
	WitnessGroupMissing Code = "witness-group-missing"
	WitnessUserMissing  Code = "witness-user-missing"

	// WitnessSubjectDiffers: the consumer evaluates another google.subject.
	WitnessSubjectDiffers Code = "witness-subject-differs"

	// NotChecked: a check wasn't possible.
	NotChecked Code = "not-checked"
)

// Limits of the service:
// https://docs.cloud.google.com/iam/docs/workforce-identity-federation-scim
const (
	maxListed   = 100  // resources in a list
	maxGroupsOf = 2000 // groups of a user
)

// Severity is how much a finding matters.
type Severity string

// The severities.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
)

// description is what is the same in all findings of a code.
type description struct {
	code     Code
	severity Severity
	title    string
	remedy   string // what to do at the identity provider
}

// descriptions has a row for each code, in the order of reports.
var descriptions = []description{
	{LeaverPresent, Error, "Leaver still there", "Remove the leaver from the provisioning job's scope, provision the user on demand, and read the tenant again."},
	{UserActive, Error, "User active although expected inactive", "Provision the user on demand. If the user stays active, look for a skipped deletion in the provisioning log."},
	{MembershipUnexpected, Error, "Unexpected membership", "Provision the group on demand, or restart the provisioning job, which sends all memberships again."},
	{UserMissing, Error, "User missing", "Check that the user is assigned to the application, and provision the user on demand."},
	{UserInactive, Error, "User inactive although expected active", "Provision the user on demand. An inactive user can't sign in under ENABLED_FOR_USERS_GROUPS."},
	{MembershipMissing, Error, "Membership missing", "Check that the group is assigned to the application and the user is a direct member, and provision the group on demand."},
	{GroupMissing, Error, "Group missing", "Check that the group is assigned to the application or pushed, and provision the group on demand."},
	{UserDiffers, Error, "User attribute differs", "Compare the attribute mapping of the provisioning job, and provision the user on demand."},
	{GroupDiffers, Error, "Group attribute differs", "Compare the attribute mapping of the provisioning job, and provision the group on demand."},
	{TenantDuplicate, Error, "Duplicate in the tenant", "Delete the resource that the identity provider doesn't know, and provision the other on demand."},
	{SubjectDiffers, Error, "Subject differs from the token", "Compare the claim mapping with the provider's attribute mapping, and the attribute behind both at the identity provider."},
	{LeaverOnRoster, Error, "Both active and a leaver", "Correct the list of leavers or the roster."},
	{RosterDuplicate, Error, "Duplicate in the roster", "Give each user and group a value of its own at the identity provider: the service refuses the second with 409."},
	{RosterRefused, Error, "Row that the service refuses", "Correct the attribute at the identity provider: the service refuses the row with 400."},
	{RosterUnknownKey, Error, "Membership of an unknown user or group", "Export users, groups and memberships at the same time and with the same scope."},
	{GroupsTooMany, Error, "Too many groups", "Take the user out of groups: the service allows 2,000 for a user."},
	{WitnessElsewhere, Error, "Consumer doesn't use the tenant", "Set the provider's SCIM usage, and connect the consumer's project with the workforce pool."},
	{WitnessGroupMissing, Error, "Group unknown to the consumer", "Wait for the consumer to follow. If it doesn't, compare the tenant's claim mapping for google.group."},
	{WitnessUserMissing, Error, "User unknown to the consumer", "Wait for the consumer to follow. If it doesn't, check that its project uses the provider with this tenant."},
	{WitnessSubjectDiffers, Error, "Subject differs at the consumer", "Compare the tenant's claim mapping with the one given to the audit, and the user's attributes."},
	{NotChecked, Error, "Not checked", "Run the audit again."},
	{GroupsUnlisted, Warning, "More groups than can be listed", "Unexpected memberships of this user can't be found. Take the user out of groups to have at most 100."},
}

func describe(code Code) description {
	for _, d := range descriptions {
		if d.code == code {
			return d
		}
	}
	return description{code: code, severity: Error}
}

// Codes returns all codes, the most urgent first.
func Codes() []Code {
	list := make([]Code, len(descriptions))
	for i, d := range descriptions {
		list[i] = d.code
	}
	return list
}

// Title says what the code means.
func (c Code) Title() string { return describe(c).title }

// Severity is how much findings with the code matter.
func (c Code) Severity() Severity { return describe(c).severity }

// Remedy says what to do at the identity provider.
func (c Code) Remedy() string { return describe(c).remedy }

// Finding is one difference between the roster and the tenant.
type Finding struct {
	Code     Code     `json:"code"`
	Severity Severity `json:"severity"`

	User  string `json:"user,omitempty"`  // key in the roster
	Group string `json:"group,omitempty"` // key in the roster

	UserID  string `json:"userID,omitempty"`  // SCIM ID in the tenant
	GroupID string `json:"groupID,omitempty"` // SCIM ID in the tenant

	// Attribute is the attribute that differs or is a duplicate, as
	// "emails.value" or "google.subject".
	Attribute string `json:"attribute,omitempty"`
	Expected  string `json:"expected,omitempty"`
	Found     string `json:"found,omitempty"`

	// Detail says more. It may have keys of the roster.
	Detail string `json:"detail,omitempty"`

	// Remedy is what to do at the identity provider.
	Remedy string `json:"remedy,omitempty"`
}

// newFinding fills in what the code decides.
func newFinding(code Code, f Finding) Finding {
	f.Code, f.Severity, f.Remedy = code, code.Severity(), code.Remedy()
	return f
}

// same reports whether two findings are about the same thing. What was found may
// have changed.
func (f Finding) same(g Finding) bool {
	return f.Code == g.Code && f.User == g.User && f.Group == g.Group && f.Attribute == g.Attribute &&
		(f.Group != "" || f.GroupID == g.GroupID)
}

// String returns the code and the keys. Keys may be names.
func (f Finding) String() string {
	var b strings.Builder
	b.WriteString(string(f.Code))
	for _, part := range []struct{ name, value string }{
		{"user", f.User}, {"group", f.Group}, {"userID", f.UserID}, {"groupID", f.GroupID},
		{"attribute", f.Attribute}, {"expected", f.Expected}, {"found", f.Found}, {"detail", f.Detail},
	} {
		if part.value != "" {
			fmt.Fprintf(&b, " %s=%q", part.name, part.value)
		}
	}
	return b.String()
}

// LogValue shows the code and the SCIM IDs. Keys and values may be names and mail
// addresses.
func (f Finding) LogValue() slog.Value {
	return slog.GroupValue(slog.String("code", string(f.Code)), slog.String("userID", f.UserID), slog.String("groupID", f.GroupID))
}
