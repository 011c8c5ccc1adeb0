package entra

import (
	"context"
	"errors"
	"iter"
	"strings"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/provision/idp"
)

// Scope says who belongs to a roster.
type Scope string

// The scopes. The zero value is what the job is set to.
const (
	ScopeJob      Scope = ""
	ScopeAssigned Scope = "assigned" // the users and groups that are assigned to the application
	ScopeAll      Scope = "all"      // the whole directory
)

// RosterOptions change what [Client.Roster] returns. The zero value is fine.
type RosterOptions struct {
	Scope Scope

	// Settings say from which attributes externalId, userName and the work e-mail
	// come. If they're nil, the job's schema says it.
	Settings []idp.Setting
}

// Roster returns who should be in the tenant, as Entra ID has it now. It sends
// requests whenever a list is read, until ctx ends. It holds object IDs of 16 bytes,
// and no user.
//
// Users are those in scope: assigned users, and direct members of assigned groups,
// each once. Memberships are direct ones. [Client.Nested] has the people whom
// nesting leaves out. Leavers are users in scope whose account is disabled, and
// users who were deleted in the last 30 days, whether or not they were in scope.
// userName, externalId and emails are what the job maps. An attribute that comes from
// an expression is empty, and isn't compared.
//
// A list that isn't complete ends with an error, usually one that wraps
// [idp.ErrCut]: a page is missing or repeated, the number of objects isn't the one
// that Graph announces, or a link leads to another host. A page that fails for a
// passing reason is read again. Lists can be read again from the start. If Graph says
// that its quota is nearly used up, reading slows down.
//
// Confirm knows the assignments as they were when Roster was called.
//
// Permissions: Application.Read.All, Synchronization.Read.All, User.Read.All and
// GroupMember.Read.All; Member.Read.Hidden for groups with hidden members. A missing
// permission is an error of Roster itself.
//
//	GET  /servicePrincipals/ID/appRoleAssignedTo
//	GET  /groups/ID/members/microsoft.graph.user
//	POST /directoryObjects/getByIds
//	GET  /users
//	GET  /users/ID
//	GET  /groups
//	GET  /groups/ID
//	GET  /directory/deletedItems/microsoft.graph.user
//	GET  /users/ID/memberOf/microsoft.graph.group
func (c *Client) Roster(ctx context.Context, opts RosterOptions) (idp.Roster, error) {
	s, err := c.prepare(ctx, "roster", opts)
	if err != nil {
		return idp.Roster{}, err
	}
	return idp.Roster{
		Users: listOf(func(emit func(idp.User) error) error {
			return s.people(ctx, func(u user) error {
				row, active, err := s.row(&u)
				if err != nil || !active {
					return err
				}
				return emit(row)
			})
		}),
		Groups: listOf(func(emit func(idp.Group) error) error {
			return s.groups(ctx, func(g group) error {
				return emit(idp.Group{Key: g.ID, DisplayName: g.DisplayName, ExternalID: g.ID})
			})
		}),
		Memberships: listOf(func(emit func(idp.Membership) error) error {
			return s.groups(ctx, func(g group) error {
				return s.direct(ctx, g.ID, "id,accountEnabled", func(u user) error {
					if u.Enabled == nil {
						return s.blind("users")
					}
					if !*u.Enabled {
						return nil
					}
					return emit(idp.Membership{Group: g.ID, User: u.ID})
				})
			})
		}),
		Leavers: listOf(func(emit func(idp.Leaver) error) error { return s.leavers(ctx, emit) }),
		Confirm: s.confirm,
	}, nil
}

// Nested returns the memberships that people expect and provisioning doesn't have: of
// users who are in an assigned group through another group only. The list ends with
// an [idp.End].
//
// Permissions: as [Client.Roster].
//
//	GET /groups/ID/transitiveMembers/microsoft.graph.user
func (c *Client) Nested(ctx context.Context, opts RosterOptions) (iter.Seq2[idp.Membership, error], error) {
	s, err := c.prepare(ctx, "nested members", opts)
	if err != nil {
		return nil, err
	}
	return listOf(func(emit func(idp.Membership) error) error {
		return s.groups(ctx, func(g group) error {
			direct := map[key]struct{}{}
			err := s.direct(ctx, g.ID, "id", func(u user) error {
				direct[keyOf(u.ID)] = struct{}{}
				return nil
			})
			if err != nil {
				return err
			}
			c := s.userCall("id", "groups", g.ID, "transitiveMembers", "microsoft.graph.user")
			c.need = needMembers
			return each(ctx, s.run, c, func(u user) string { return u.ID }, func(u user) error {
				if _, is := direct[keyOf(u.ID)]; is {
					return nil
				}
				return emit(idp.Membership{Group: g.ID, User: u.ID})
			})
		})
	}), nil
}

// leavers calls emit for those who are disabled, and for those who are deleted.
func (s *source) leavers(ctx context.Context, emit func(idp.Leaver) error) error {
	err := s.people(ctx, func(u user) error {
		row, active, err := s.row(&u)
		if err != nil || active {
			return err
		}
		return emit(idp.Leaver{User: row})
	})
	if err != nil {
		return err
	}
	return each(ctx, s.run, s.userCall(s.fields, "directory", "deletedItems", "microsoft.graph.user"), func(u user) string { return u.ID }, func(u user) error {
		// The name of a deleted user begins with the object ID without hyphens.
		u.UserPrincipalName = strings.TrimPrefix(u.UserPrincipalName, strings.ReplaceAll(u.ID, "-", ""))
		row, _, err := s.row(&u)
		if err != nil {
			return err
		}
		return emit(idp.Leaver{User: row})
	})
}

// confirm returns the present row of a user.
func (s *source) confirm(ctx context.Context, id string) (idp.Confirmation, error) {
	var u user
	err := s.get(ctx, call{path: v1("users", id), query: query("$select", s.fields), into: &u, resource: "users/" + id, need: needUsers})
	switch {
	case errors.Is(err, iamscim.ErrNotFound):
		return idp.Confirmation{}, nil
	case err != nil:
		return idp.Confirmation{}, err
	case !strings.EqualFold(u.ID, id):
		return idp.Confirmation{}, s.fail(call{resource: "users/" + id}, iamscim.ErrBadReply, errors.New("the reply is about another user"))
	}
	row, active, err := s.row(&u)
	if err != nil || !active {
		return idp.Confirmation{}, err
	}
	found := idp.Confirmation{User: &row}
	in := s.all || s.assigned[keyOf(id)]
	c := s.userCall("id,securityEnabled", "users", id, "memberOf", "microsoft.graph.group")
	c.need = needMembers
	err = each(ctx, s.run, c, func(g group) string { return g.ID }, func(g group) error {
		if s.all && (g.Security == nil || *g.Security) || s.assignedGroups[keyOf(g.ID)] {
			found.Groups, in = append(found.Groups, g.ID), true
		}
		return nil
	})
	if err != nil || !in {
		return idp.Confirmation{}, err
	}
	return found, nil
}

// listOf returns a list of what produce emits.
func listOf[T any](produce func(emit func(T) error) error) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		rows := 0
		err := produce(func(row T) error {
			if !yield(row, nil) {
				return errStop
			}
			rows++
			return nil
		})
		var none T
		switch {
		case errors.Is(err, errStop):
		case err != nil:
			yield(none, err)
		default:
			yield(none, idp.End(rows))
		}
	}
}
