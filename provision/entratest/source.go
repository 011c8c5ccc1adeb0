package entratest

import (
	"slices"
	"strings"

	"github.com/iamscim/iamscim/provision/entratest/internal/mapping"
	"github.com/iamscim/iamscim/provision/entratest/internal/push"
)

// subject is an object of the tenant as a cycle sees it.
type subject struct {
	kind    push.Kind
	id      string
	name    string // userPrincipalName or displayName
	object  mapping.Object
	asked   bool // assigned, or a direct member of an assigned group
	scoped  bool // and no scoping filter is against it
	active  bool // neither disabled nor soft-deleted; true for groups
	gone    bool // not in the tenant any more
	members []string
	manager string
}

// entitled reports whether the object belongs into the target.
func (x *subject) entitled() bool { return x.scoped && x.active && !x.gone }

// graphNames are the attributes that schemas name differently from Microsoft Graph.
var graphNames = map[string]string{
	"businessPhones": "telephoneNumber", "mobilePhone": "mobile", "officeLocation": "physicalDeliveryOfficeName", "faxNumber": "facsimileTelephoneNumber",
}

// sourceUser is a user as attribute mappings see it.
func (p *person) sourceUser(scoped bool) mapping.Object {
	o := mapping.Object{}
	put := func(name, v string) {
		if v != "" {
			o[name] = v
		}
	}
	for name, v := range p.Attributes {
		if other, differs := graphNames[name]; differs {
			name = other
		}
		put(name, v)
	}
	put("objectId", p.ID)
	put("userPrincipalName", withoutEXT(p.UserPrincipalName))
	put("originalUserPrincipalName", p.UserPrincipalName)
	put("displayName", p.DisplayName)
	put("mail", p.Mail)
	put("mailNickname", p.MailNickname)
	put("givenName", p.GivenName)
	put("surname", p.Surname)
	put("jobTitle", p.JobTitle)
	put("department", p.Department)
	put("employeeId", p.EmployeeID)
	put("userType", p.UserType)
	put("accountEnabled", boolText(!p.Disabled))
	put("IsSoftDeleted", boolText(p.Disabled || !p.deleted.IsZero() || !scoped))
	return o
}

// withoutEXT is a guest's name at home: alias_home.com#EXT#@tenant is alias@home.com.
// https://learn.microsoft.com/entra/identity/app-provisioning/how-provisioning-works
func withoutEXT(upn string) string {
	home, _, guest := strings.Cut(upn, "#EXT#")
	if i := strings.LastIndexByte(home, '_'); guest && i > 0 {
		return home[:i] + "@" + home[i+1:]
	}
	return upn
}

func boolText(b bool) string {
	if b {
		return "True"
	}
	return "False"
}

// subjects are the objects that a cycle of a job has to do with: who is in scope, and whom the target
// has. s.mu is held.
func (s *Server) subjects(a *app, j *job) []*subject {
	all := value(a.secrets, "SyncAll") == "true"
	direct, groups := map[string]bool{}, map[string]bool{}
	for _, x := range a.assignments {
		if s.now().Sub(x.created) < s.cfg.assignmentLag {
			continue
		}
		if t := s.people.groups[x.principal]; t != nil && !t.NotSecurityEnabled {
			groups[t.ID] = true
			for _, m := range t.members {
				direct[m] = true // a nested group among them is no user
			}
		} else {
			direct[x.principal] = true
		}
	}
	var list []*subject
	linked := func(id string) bool { return j.links[id] != nil }
	if m := j.schema.Users; m != nil {
		for _, p := range s.people.ordered.users {
			if all || direct[p.ID] || linked(p.ID) {
				list = append(list, s.userSubject(p, m, all || direct[p.ID]))
			}
		}
	}
	if m := j.schema.Group; m != nil {
		for _, t := range s.people.ordered.groups {
			if all || groups[t.ID] || linked(t.ID) {
				list = append(list, s.groupSubject(t, m, all || groups[t.ID]))
			}
		}
	}
	var gone []*subject
	for id, l := range j.links {
		if !s.people.exists(id) {
			gone = append(gone, &subject{kind: l.kind, id: id, name: l.name, gone: true, object: mapping.Object{}})
		}
	}
	slices.SortFunc(gone, func(a, b *subject) int { return strings.Compare(a.id, b.id) })
	return append(list, gone...)
}

func (s *Server) userSubject(p *person, m *mapping.Objects, assigned bool) *subject {
	x := &subject{kind: push.Users, id: p.ID, name: p.UserPrincipalName, active: !p.Disabled && p.deleted.IsZero(), manager: p.Manager}
	x.asked, x.object = assigned, p.sourceUser(assigned)
	x.scoped = assigned && m.InScope(x.object)
	if assigned && !x.scoped {
		x.object["IsSoftDeleted"] = boolText(true)
	}
	return x
}

func (s *Server) groupSubject(t *team, m *mapping.Objects, assigned bool) *subject {
	x := &subject{kind: push.Groups, id: t.ID, name: t.DisplayName, active: true}
	x.object = mapping.Object{"objectId": t.ID, "displayName": t.DisplayName}
	if t.Description != "" {
		x.object["description"] = t.Description
	}
	x.asked, x.scoped = assigned, assigned && m.InScope(x.object)
	for _, id := range t.members {
		if p := s.people.users[id]; p != nil && p.deleted.IsZero() {
			x.members = append(x.members, id)
		}
	}
	return x
}
