package audit

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/iamscim/iamscim/claimmap"
	"github.com/iamscim/iamscim/provision/idp"
	"github.com/iamscim/iamscim/scimclient"
)

// differences are the findings about a user who was found. An empty attribute of
// the roster isn't compared.
func (x *index) differences(i uint32, want idp.User, got *scimclient.User) []Finding {
	var list []Finding
	add := func(code Code, attribute, expected, found string) {
		list = append(list, newFinding(code, Finding{User: want.Key, UserID: got.ID, Attribute: attribute, Expected: expected, Found: found}))
	}
	differ := func(attribute, expected, found string, equal func(a, b string) bool) {
		if expected != "" && !equal(expected, found) {
			add(UserDiffers, attribute, expected, found)
		}
	}
	// Case doesn't count in names and mail addresses (RFC 7643 section 4.1),
	// unless the subject is made of them.
	differ("userName", want.UserName, got.UserName, strings.EqualFold)
	differ("externalId", want.ExternalID, got.ExternalID, equal)
	differ("displayName", want.DisplayName, got.DisplayName, equal)
	email := ""
	if len(got.Emails) > 0 {
		email = got.Emails[0].Value
	}
	if len(want.Emails) == 1 {
		differ("emails.value", want.Emails[0], email, strings.EqualFold)
	}
	for _, path := range slices.Sorted(maps.Keys(want.Attributes)) {
		differ(path, want.Attributes[path], attributeOf(got, path), equal)
	}
	// Without active, a user is active (RFC 7643 section 4.1.1 leaves it open).
	switch active := got.Active == nil || *got.Active; {
	case active && want.Inactive:
		add(UserActive, "active", "false", "true")
	case !active && !want.Inactive:
		add(UserInactive, "active", "true", "false")
	}
	found, err := x.mapping.Subject(claimmap.User{ExternalID: got.ExternalID, UserName: got.UserName, WorkEmail: email})
	if err != nil {
		return list // an attribute differs, or the roster's row gives no subject either
	}
	if other, taken := x.subjects[x.hash(found)]; taken && other != i {
		list = append(list, newFinding(TenantDuplicate, Finding{
			User: want.Key, UserID: got.ID, Attribute: "google.subject", Found: found,
			Detail: "the roster gives it to the user with the key " + strconv.Quote(x.users.key(other)),
		}))
	}
	expected, err := x.mapping.Subject(person(want))
	if err == nil && expected != found && !slices.ContainsFunc(list, func(f Finding) bool { return f.Code == UserDiffers && f.Attribute != "displayName" }) {
		add(UserDiffers, "google.subject", expected, found)
	}
	return list
}

func equal(a, b string) bool { return a == b }

// groupDifferences are the findings about a group that was found.
func (x *index) groupDifferences(want idp.Group, got *scimclient.Group) []Finding {
	var list []Finding
	differ := func(attribute, expected, found string, equal func(a, b string) bool) {
		if expected != "" && !equal(expected, found) {
			list = append(list, newFinding(GroupDiffers, Finding{Group: want.Key, GroupID: got.ID, Attribute: attribute, Expected: expected, Found: found}))
		}
	}
	differ("displayName", want.DisplayName, got.DisplayName, strings.EqualFold)
	differ("externalId", want.ExternalID, got.ExternalID, equal)
	if list != nil {
		return list
	}
	found, err := x.mapping.GroupValue(claimmap.Group{ExternalID: got.ExternalID, DisplayName: got.DisplayName})
	expected, errWant := x.mapping.GroupValue(claimmap.Group{ExternalID: want.ExternalID, DisplayName: want.DisplayName})
	if err == nil && errWant == nil {
		differ("google.group", expected, found, equal)
	}
	return list
}

// refusals are what the service refuses in a row of the roster.
func (x *index) refusals(u idp.User) []Finding {
	var list []Finding
	add := func(attribute, detail string) {
		list = append(list, newFinding(RosterRefused, Finding{User: u.Key, Attribute: attribute, Detail: detail}))
	}
	if u.UserName == "" && u.ID == "" {
		add("userName", "it's empty")
	}
	switch {
	case len(u.Emails) > 1:
		add("emails.value", "the service takes exactly one e-mail, of type work")
	case len(u.Emails) == 0 && x.anyEmail:
		add("emails.value", "it's empty; the service takes exactly one e-mail, of type work")
	}
	if list != nil {
		return list
	}
	if _, err := x.mapping.Subject(person(u)); err != nil {
		add("google.subject", err.Error())
	}
	return list
}

// attributeOf returns an attribute of a user by its path: see
// [idp.KnownAttribute].
func attributeOf(u *scimclient.User, path string) string {
	name, enterprise := u.Name, u.Enterprise
	if name == nil {
		name = &scimclient.Name{}
	}
	if enterprise == nil {
		enterprise = &scimclient.EnterpriseUser{}
	}
	switch strings.TrimPrefix(path, scimclient.SchemaEnterpriseUser+":") {
	case "name.formatted":
		return name.Formatted
	case "name.familyName":
		return name.FamilyName
	case "name.givenName":
		return name.GivenName
	case "name.middleName":
		return name.MiddleName
	case "name.honorificPrefix":
		return name.HonorificPrefix
	case "name.honorificSuffix":
		return name.HonorificSuffix
	case "nickName":
		return u.NickName
	case "profileUrl":
		return u.ProfileURL
	case "title":
		return u.Title
	case "userType":
		return u.UserType
	case "preferredLanguage":
		return u.PreferredLanguage
	case "locale":
		return u.Locale
	case "timezone":
		return u.Timezone
	case "employeeNumber":
		return enterprise.EmployeeNumber
	case "costCenter":
		return enterprise.CostCenter
	case "organization":
		return enterprise.Organization
	case "division":
		return enterprise.Division
	case "department":
		return enterprise.Department
	}
	return ""
}
