package entra

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/internal/check"
	"github.com/iamscim/iamscim/provision/idp"
)

// source is what a roster is read from.
type source struct {
	directory
	userName, externalID, email string // the attributes they come from, "" if that isn't one
	assigned                    map[key]bool
	assignedGroups              map[key]bool
}

// prepare prepares the reading of a roster. It tries every permission once, so that a
// missing one is known before the first page.
func (c *Client) prepare(ctx context.Context, op string, opts RosterOptions) (*source, error) {
	r, err := c.begin(ctx, op)
	if err != nil {
		return nil, err
	}
	var l check.List
	if !slices.Contains([]Scope{ScopeJob, ScopeAssigned, ScopeAll}, opts.Scope) {
		l.Add("Scope", "must be one of the constants, is %q", string(opts.Scope))
	}
	if err := l.Err("entra: "+op, ""); err != nil {
		return nil, err
	}
	needs := []need{needReadApp, needScope, needUsers, needMembers}
	if opts.Scope == ScopeJob || opts.Settings == nil {
		needs = append(needs, needReadJob)
	}
	if err := r.precheck(ctx, needs...); err != nil {
		return nil, err
	}
	s := &source{directory: directory{run: r, all: opts.Scope == ScopeAll}, assigned: map[key]bool{}, assignedGroups: map[key]bool{}}
	settings := opts.Settings
	if opts.Scope == ScopeJob || settings == nil {
		a, j, err := r.existing(ctx)
		if err != nil {
			return nil, err
		}
		s.app = a
		if opts.Scope == ScopeJob {
			now, err := r.readSecrets(ctx, a)
			if err != nil {
				return nil, err
			}
			s.all = now.text(keySyncAll) == "true"
		}
		if settings == nil {
			schema, err := r.readSchema(ctx, a, j)
			if err != nil {
				return nil, err
			}
			settings = schema.settings()
		}
	} else if s.app, err = r.findApp(ctx); err != nil {
		return nil, err
	} else if s.app == nil {
		return nil, r.nothing("servicePrincipals", "there is no application with the name "+c.cfg.AppName)
	}
	if err := s.mapped(settings); err != nil {
		return nil, err
	}
	return s, s.probe(ctx)
}

// mapped takes over the settings.
func (s *source) mapped(settings []idp.Setting) error {
	fields := strings.Split(userFields, ",")
	for _, known := range []struct {
		id string
		at *string
	}{{idUserName, &s.userName}, {idExternalID, &s.externalID}, {idWorkEmail, &s.email}} {
		for _, set := range settings {
			if set.ID != known.id {
				continue
			}
			if _, field, ok := (&user{}).attribute(set.Value); ok {
				*known.at = set.Value
				if !slices.Contains(fields, field) {
					fields = append(fields, field)
				}
			} else if known.id == idUserName {
				return s.state(s.app.resource(), "pass RosterOptions.Settings, or a roster of another source", "userName is mapped from %q, which the roster can't read", set.Value)
			}
		}
	}
	if s.userName == "" {
		return s.state(s.app.resource(), "pass it in RosterOptions.Settings", "no setting %s says where userName comes from", idUserName)
	}
	s.fields = strings.Join(fields, ",")
	return nil
}

// probe tries each permission, and reads who is assigned.
func (s *source) probe(ctx context.Context) error {
	var one page[user]
	c := s.userCall("id,userPrincipalName,accountEnabled", "users")
	c.query.Set("$top", "1")
	c.into = &one
	if err := s.get(ctx, c); err != nil {
		return err
	}
	for _, u := range one.Value {
		if u.UserPrincipalName == "" || u.Enabled == nil {
			return s.blind("users")
		}
	}
	if s.all {
		c = s.userCall("id", "groups")
	} else {
		groups, users, err := s.scope(ctx)
		if err != nil {
			return err
		}
		for _, id := range groups {
			s.assignedGroups[keyOf(id)] = true
		}
		for _, id := range users {
			s.assigned[keyOf(id)] = true
		}
		if len(groups) == 0 {
			return nil
		}
		c = s.userCall("id", "groups", groups[0], "members", "microsoft.graph.user")
	}
	c.need = needMembers
	c.query.Set("$top", "1")
	c.into = &page[user]{}
	return s.get(ctx, c)
}

// blind is the error for objects without their attributes: Graph shows the IDs alone
// to a caller without a permission, and no error.
func (s *source) blind(resource string) error {
	e := s.fail(call{resource: resource}, iamscim.ErrPermissionDenied, errors.New("users come without their attributes"))
	e.Remedy = s.remedyPermission(needUsers)
	return e
}

// row is a user of the roster. active is false for a disabled account.
func (s *source) row(u *user) (row idp.User, active bool, err error) {
	if u.UserPrincipalName == "" || u.Enabled == nil {
		return row, false, s.blind("users/" + u.ID)
	}
	row = idp.User{Key: u.ID, DisplayName: u.DisplayName}
	row.UserName, _, _ = u.attribute(s.userName)
	row.ExternalID, _, _ = u.attribute(s.externalID)
	if address, _, _ := u.attribute(s.email); address != "" {
		row.Emails = []string{address}
	}
	return row, *u.Enabled, nil
}
