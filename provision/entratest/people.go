package entratest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// userDefaults are the properties of a user without $select.
// https://learn.microsoft.com/graph/api/user-list
var userDefaults = []string{"businessPhones", "displayName", "givenName", "id", "jobTitle", "mail", "mobilePhone", "officeLocation", "preferredLanguage", "surname", "userPrincipalName"}

// userMore are further ones that $select may name.
var userMore = []string{
	"accountEnabled", "userType", "mailNickname", "proxyAddresses", "department", "employeeId", "employeeType", "companyName", "city", "state", "country", "postalCode",
	"streetAddress", "usageLocation", "createdDateTime", "otherMails", "faxNumber", "deletedDateTime", "onPremisesSyncEnabled",
}

// mixed are the properties that $select may name where users and groups are in one list.
var mixed = slices.Concat(userDefaults, userMore, []string{"securityEnabled", "description", "groupTypes", "mailEnabled"})

// orNull is a text in JSON: what isn't set is null.
func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func (p *person) json() object {
	o := object{"@odata.type": "#microsoft.graph.user"}
	for _, name := range userDefaults {
		o[name] = nil
	}
	o["businessPhones"] = []string{}
	for name, v := range p.Attributes {
		o[name] = v
		if name == "businessPhones" {
			o[name] = []string{v}
		}
	}
	o["id"], o["userPrincipalName"], o["accountEnabled"], o["userType"] = p.ID, p.UserPrincipalName, !p.Disabled, p.UserType
	o["displayName"], o["givenName"], o["surname"] = orNull(p.DisplayName), orNull(p.GivenName), orNull(p.Surname)
	o["mail"], o["mailNickname"] = orNull(p.Mail), orNull(p.MailNickname)
	o["jobTitle"], o["department"], o["employeeId"] = orNull(p.JobTitle), orNull(p.Department), orNull(p.EmployeeID)
	return o
}

func (t *team) json() object {
	return object{
		"@odata.type": "#microsoft.graph.group", "id": t.ID, "displayName": t.DisplayName, "description": orNull(t.Description),
		"securityEnabled": !t.NotSecurityEnabled, "mailEnabled": false, "groupTypes": []string{}, "mail": nil, "visibility": nil,
	}
}

// plain is a resource of a list that holds one type only.
func plain(o object) object {
	delete(o, "@odata.type")
	return o
}

func listUsers(c *call) *reply {
	l := listing{of: "users", selects: userDefaults, every: userMore}
	for _, p := range c.people.ordered.users {
		if p.deleted.IsZero() {
			l.items = append(l.items, plain(p.json()))
		}
	}
	return c.list(l)
}

// user is the one of the path, by ID or by name; nil if there is none.
func (c *call) user() *person {
	id := c.path["user"]
	for _, p := range c.people.ordered.users {
		if p.deleted.IsZero() && (p.ID == id || strings.EqualFold(p.UserPrincipalName, id)) {
			return p
		}
	}
	return nil
}

func getUser(c *call) *reply {
	p := c.user()
	if p == nil {
		return c.notFound("", c.path["user"])
	}
	return c.one("users", plain(p.json()), listing{selects: userDefaults, every: userMore})
}

// listMemberOf lists the groups that a user is a direct member of.
func listMemberOf(c *call) *reply {
	p := c.user()
	if p == nil {
		return c.notFound("", c.path["user"])
	}
	cast := strings.HasSuffix(c.r.URL.Path, "/microsoft.graph.group")
	l := listing{of: "directoryObjects", advanced: cast}
	for _, t := range c.people.ordered.groups {
		if slices.Contains(t.members, p.ID) {
			l.items = append(l.items, t.json())
		}
	}
	return c.list(l)
}

// listDeleted lists the soft-deleted users. The name of one begins with the ID without hyphens.
func listDeleted(c *call) *reply {
	l := listing{of: "users", selects: append(userDefaults, "deletedDateTime"), every: userMore, advanced: c.r.URL.Query().Has("$count")}
	for _, p := range c.people.ordered.users {
		if p.deleted.IsZero() {
			continue
		}
		o := plain(p.json())
		o["userPrincipalName"] = strings.ReplaceAll(p.ID, "-", "") + p.UserPrincipalName
		o["deletedDateTime"] = stamp(p.deleted)
		l.items = append(l.items, o)
	}
	return c.list(l)
}

func listGroups(c *call) *reply {
	l := listing{of: "groups"}
	for _, t := range c.people.ordered.groups {
		l.items = append(l.items, plain(t.json()))
	}
	return c.list(l)
}

func getGroup(c *call) *reply {
	t := c.people.groups[c.path["group"]]
	if t == nil {
		return c.notFound("", c.path["group"])
	}
	return c.one("groups", plain(t.json()), listing{})
}

// listMembers lists the members of a group: direct or transitive ones, of all kinds or users.
func listMembers(c *call) *reply {
	t := c.people.groups[c.path["group"]]
	if t == nil {
		return c.notFound("", c.path["group"])
	}
	path := c.r.URL.Path
	users := strings.HasSuffix(path, "/microsoft.graph.user")
	l := listing{of: "directoryObjects", every: mixed, advanced: users}
	if users {
		l.of, l.selects = "users", userDefaults
	}
	seen := map[string]bool{t.ID: true}
	var add func(t *team)
	add = func(t *team) {
		for _, id := range t.members {
			if seen[id] {
				continue
			}
			seen[id] = true
			if p := c.people.users[id]; p != nil && p.deleted.IsZero() {
				l.items = append(l.items, p.json())
			}
			nested := c.people.groups[id]
			if nested == nil {
				continue
			}
			if !users {
				l.items = append(l.items, nested.json())
			}
			if strings.Contains(path, "/transitiveMembers") {
				add(nested)
			}
		}
	}
	add(t)
	return c.list(l)
}

// maxByIDs is how many objects getByIds returns at once.
const maxByIDs = 1000

func getByIDs(c *call) *reply {
	var body struct {
		IDs   []string `json:"ids"`
		Types []string `json:"types"`
	}
	if refused := c.decode(&body); refused != nil {
		return refused
	}
	if len(body.IDs) == 0 || len(body.IDs) > maxByIDs {
		return c.badRequest(ruleQuery, "ids must have 1 to %d items.", maxByIDs)
	}
	wanted := func(kind string) bool {
		for _, t := range body.Types {
			if strings.EqualFold(t, kind) || strings.EqualFold(t, "directoryObject") {
				return true
			}
		}
		return body.Types == nil
	}
	found := []object{}
	for _, id := range body.IDs {
		var o object
		if p := c.people.users[id]; p != nil && p.deleted.IsZero() && wanted("user") {
			o = p.json()
		} else if t := c.people.groups[id]; t != nil && wanted("group") {
			o = t.json()
		} else if a := c.findApp(id); a != nil && wanted("servicePrincipal") {
			o = a.principal()
			o["@odata.type"] = "#microsoft.graph.servicePrincipal"
		}
		if o == nil {
			continue
		}
		shown, refused := c.selected(o, listing{every: mixed})
		if refused != nil {
			return refused
		}
		found = append(found, shown)
	}
	return ok(object{"@odata.context": c.context("directoryObjects"), "value": found})
}

// seed is what Load reads: users and groups as Microsoft Graph shows them, groups with members.
type seed struct {
	Users []struct {
		User
		AccountEnabled *bool
	}
	Groups []struct {
		Group
		SecurityEnabled *bool
		Members         []string // IDs, user principal names, or display names of groups
	}
}

// maxSeed is how much Load reads.
const maxSeed = 64 << 20

// Load adds users and groups from a JSON document. Their attributes have the names of Microsoft Graph;
// further ones of a user are in attributes. Members are named by ID, by userPrincipalName, or by the
// displayName of a group in the document:
//
//	{
//	  "users": [{"userPrincipalName": "ada@example.com", "mail": "ada@example.com", "accountEnabled": true}],
//	  "groups": [{"displayName": "engineering", "members": ["ada@example.com"]}]
//	}
//
// It returns every problem. What could be added stays.
func (s *Server) Load(r io.Reader) error {
	d := json.NewDecoder(io.LimitReader(r, maxSeed))
	d.DisallowUnknownFields()
	var doc seed
	if err := d.Decode(&doc); err != nil {
		return fmt.Errorf("entratest: Load: %w", err)
	}
	var errs []error
	ids := map[string]string{}
	for i, u := range doc.Users {
		u.Disabled = u.Disabled || u.AccountEnabled != nil && !*u.AccountEnabled
		id, err := s.AddUser(u.User)
		if err != nil {
			errs = append(errs, fmt.Errorf("users[%d]: %w", i, err))
			continue
		}
		ids[id], ids[strings.ToLower(u.UserPrincipalName)] = id, id
	}
	for i, g := range doc.Groups {
		g.NotSecurityEnabled = g.NotSecurityEnabled || g.SecurityEnabled != nil && !*g.SecurityEnabled
		id, err := s.AddGroup(g.Group)
		if err != nil {
			errs = append(errs, fmt.Errorf("groups[%d]: %w", i, err))
			continue
		}
		ids[id], ids[strings.ToLower(g.DisplayName)] = id, id
	}
	for i, g := range doc.Groups {
		for _, m := range g.Members {
			if err := s.AddMember(ids[strings.ToLower(g.DisplayName)], ids[strings.ToLower(m)]); err != nil {
				errs = append(errs, fmt.Errorf("groups[%d]: member %q: %w", i, m, err))
			}
		}
	}
	return errors.Join(errs...)
}
