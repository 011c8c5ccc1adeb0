package entratest

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// User is a person in the tenant. Its attributes have the names of Microsoft Graph's user.
type User struct {
	ID                string // objectId; "" makes one
	UserPrincipalName string // required
	DisplayName       string
	Mail              string
	MailNickname      string // "" is what stands before the @ of UserPrincipalName
	GivenName         string
	Surname           string
	JobTitle          string
	Department        string
	EmployeeID        string
	Manager           string // ID of a user
	UserType          string // "" is "Member"
	Disabled          bool   // accountEnabled is false
	// Attributes are further ones, by their names in Microsoft Graph: "city", "mobilePhone",
	// "employeeType".
	Attributes map[string]string
}

// Group is a group in the tenant.
type Group struct {
	ID          string // objectId; "" makes one
	DisplayName string // required
	Description string
	// NotSecurityEnabled: the group isn't one for access, so provisioning doesn't read it.
	NotSecurityEnabled bool
}

// directory is what the tenant holds. Lists are in the order of creation.
type directory struct {
	users   map[string]*person
	groups  map[string]*team
	ordered struct {
		users  []*person
		groups []*team
	}
}

type person struct {
	User
	deleted time.Time // soft-deleted; zero if not
}

type team struct {
	Group
	members []string // IDs of users and groups
}

func newDirectory() directory {
	return directory{users: map[string]*person{}, groups: map[string]*team{}}
}

// retention is how long a deleted user can be restored.
// https://learn.microsoft.com/graph/api/resources/users
const retention = 30 * 24 * time.Hour

// AddUser adds a user and returns its ID.
func (s *Server) AddUser(u User) (string, error) {
	if err := s.Err(); err != nil {
		return "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if u.ID == "" {
		u.ID = s.newID()
	}
	if err := s.checkUser(u); err != nil {
		return "", err
	}
	if s.people.exists(u.ID) {
		return "", fmt.Errorf("entratest: AddUser: the ID %s is taken", u.ID)
	}
	p := &person{}
	p.set(u)
	s.people.users[u.ID] = p
	s.people.ordered.users = append(s.people.ordered.users, p)
	return u.ID, nil
}

// UpdateUser replaces a user's attributes.
func (s *Server) UpdateUser(u User) error {
	return s.changeUser(u.ID, func(p *person) error {
		if err := s.checkUser(u); err != nil {
			return err
		}
		p.set(u)
		return nil
	})
}

func (p *person) set(u User) {
	if u.MailNickname == "" {
		u.MailNickname, _, _ = strings.Cut(u.UserPrincipalName, "@")
	}
	if u.UserType == "" {
		u.UserType = "Member"
	}
	u.Attributes = maps.Clone(u.Attributes)
	p.User = u
}

// User returns a user as it is in the tenant.
func (s *Server) User(id string) (User, error) {
	var u User
	err := s.changeUser(id, func(p *person) error {
		u = p.User
		u.Attributes = maps.Clone(u.Attributes)
		return nil
	})
	return u, err
}

func (s *Server) checkUser(u User) error {
	var errs []error
	if !isGUID(u.ID) {
		errs = append(errs, fmt.Errorf("the ID %q isn't a GUID", u.ID))
	}
	if name, domain, _ := strings.Cut(u.UserPrincipalName, "@"); name == "" || domain == "" {
		errs = append(errs, fmt.Errorf("the UserPrincipalName %q isn't NAME@DOMAIN", u.UserPrincipalName))
	}
	for _, other := range s.people.users {
		if other.ID != u.ID && other.deleted.IsZero() && strings.EqualFold(other.UserPrincipalName, u.UserPrincipalName) {
			errs = append(errs, fmt.Errorf("the UserPrincipalName %q is taken", u.UserPrincipalName))
		}
	}
	if u.Manager != "" && s.people.users[u.Manager] == nil {
		errs = append(errs, fmt.Errorf("the Manager %q is no user", u.Manager))
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("entratest: user: %w", err)
	}
	return nil
}

// SetEnabled allows or blocks a user's sign-in (accountEnabled).
func (s *Server) SetEnabled(user string, enabled bool) error {
	return s.changeUser(user, func(p *person) error {
		p.Disabled = !enabled
		return nil
	})
}

// DeleteUser deletes a user softly. After 30 days of the server's time the user is gone.
func (s *Server) DeleteUser(user string) error {
	return s.changeUser(user, func(p *person) error {
		if p.deleted.IsZero() {
			p.deleted = s.now()
		}
		return nil
	})
}

// RestoreUser undoes DeleteUser.
func (s *Server) RestoreUser(user string) error {
	return s.changeUser(user, func(p *person) error {
		p.deleted = time.Time{}
		return nil
	})
}

// HardDeleteUser removes a user for good, as 30 days after DeleteUser.
func (s *Server) HardDeleteUser(user string) error {
	return s.changeUser(user, func(p *person) error {
		s.people.remove(p.ID)
		return nil
	})
}

func (s *Server) changeUser(id string, change func(*person) error) error {
	if err := s.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.people.users[id]
	if p == nil {
		return fmt.Errorf("entratest: there is no user %q", id)
	}
	return change(p)
}

// AddGroup adds a group and returns its ID.
func (s *Server) AddGroup(g Group) (string, error) {
	if err := s.Err(); err != nil {
		return "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if g.ID == "" {
		g.ID = s.newID()
	}
	if !isGUID(g.ID) || g.DisplayName == "" || s.people.exists(g.ID) {
		return "", fmt.Errorf("entratest: AddGroup(%+v): want a free GUID and a DisplayName", g)
	}
	t := &team{Group: g}
	s.people.groups[g.ID] = t
	s.people.ordered.groups = append(s.people.ordered.groups, t)
	return g.ID, nil
}

// RenameGroup changes a group's displayName.
func (s *Server) RenameGroup(group, displayName string) error {
	return s.changeGroup(group, func(t *team) error {
		t.DisplayName = displayName
		return nil
	})
}

// DeleteGroup removes a group for good: a security group has no soft delete.
func (s *Server) DeleteGroup(group string) error {
	return s.changeGroup(group, func(t *team) error {
		s.people.remove(t.ID)
		return nil
	})
}

// AddMember makes a user or a group a direct member of a group.
func (s *Server) AddMember(group, member string) error {
	return s.changeGroup(group, func(t *team) error {
		if !s.people.exists(member) {
			return fmt.Errorf("entratest: AddMember: there is no user or group %q", member)
		}
		if !slices.Contains(t.members, member) {
			t.members = append(t.members, member)
		}
		return nil
	})
}

// RemoveMember ends a direct membership.
func (s *Server) RemoveMember(group, member string) error {
	return s.changeGroup(group, func(t *team) error {
		i := slices.Index(t.members, member)
		if i < 0 {
			return fmt.Errorf("entratest: RemoveMember: %q is no member of %q", member, group)
		}
		t.members = slices.Delete(t.members, i, i+1)
		return nil
	})
}

func (s *Server) changeGroup(id string, change func(*team) error) error {
	if err := s.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.people.groups[id]
	if t == nil {
		return fmt.Errorf("entratest: there is no group %q", id)
	}
	return change(t)
}

func (d *directory) exists(id string) bool { return d.users[id] != nil || d.groups[id] != nil }

// remove takes an object out, with its memberships.
func (d *directory) remove(id string) {
	delete(d.users, id)
	delete(d.groups, id)
	d.ordered.users = slices.DeleteFunc(d.ordered.users, func(p *person) bool { return p.ID == id })
	d.ordered.groups = slices.DeleteFunc(d.ordered.groups, func(t *team) bool { return t.ID == id })
	for _, t := range d.ordered.groups {
		t.members = slices.DeleteFunc(t.members, func(m string) bool { return m == id })
	}
}

// purge removes the users who were deleted too long ago.
func (d *directory) purge(now time.Time) {
	for _, p := range slices.Clone(d.ordered.users) {
		if !p.deleted.IsZero() && now.Sub(p.deleted) >= retention {
			d.remove(p.ID)
		}
	}
}
