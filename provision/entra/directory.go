package entra

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/provision/idp"
)

// user is a user of the directory
// (https://learn.microsoft.com/graph/api/resources/user).
type user struct {
	ID                  string `json:"id"`
	UserPrincipalName   string `json:"userPrincipalName"`
	Mail                string `json:"mail"`
	MailNickname        string `json:"mailNickname"`
	DisplayName         string `json:"displayName"`
	EmployeeID          string `json:"employeeId"`
	ImmutableID         string `json:"onPremisesImmutableId"`
	OnPremisesPrincipal string `json:"onPremisesUserPrincipalName"`
	Enabled             *bool  `json:"accountEnabled"`
}

// userFields are the fields of a user in every list: Graph leaves most of them out by
// default.
const userFields = "id,userPrincipalName,mail,displayName,accountEnabled"

// attribute returns the value of a provisioning attribute, and Graph's name for it.
// ok is false for one that isn't read.
func (u *user) attribute(source string) (value, field string, ok bool) {
	switch source {
	case objectID:
		return u.ID, "id", true
	case "userPrincipalName":
		return idp.EntraUserName(u.UserPrincipalName), source, true
	case "originalUserPrincipalName":
		return u.UserPrincipalName, "userPrincipalName", true
	case mail:
		return u.Mail, source, true
	case "mailNickname":
		return u.MailNickname, source, true
	case "displayName":
		return u.DisplayName, source, true
	case "employeeId":
		return u.EmployeeID, source, true
	case "immutableId", "onPremisesImmutableId":
		return u.ImmutableID, "onPremisesImmutableId", true
	case "onPremisesUserPrincipalName":
		return u.OnPremisesPrincipal, source, true
	}
	return "", "", false
}

// group is a group of the directory.
type group struct {
	ID          string `json:"id"`
	DisplayName string `json:"displayName"`
	Security    *bool  `json:"securityEnabled"`
}

// directory reads the users and groups in scope.
type directory struct {
	*run
	app    *app
	all    bool // everybody is in scope
	fields string
}

// userCall is the call of a list of users. The lists are counted, which needs Graph's
// index.
func (d directory) userCall(fields string, segments ...string) call {
	return call{path: v1(segments...), query: query("$select", fields, "$count", "true", "$top", pageSize), resource: strings.Join(segments, "/"), need: needUsers, eventual: true, counted: true}
}

// direct calls f for each direct member of a group that is a user. Provisioning
// doesn't push the members of nested groups.
//
//	GET /groups/ID/members/microsoft.graph.user
func (d directory) direct(ctx context.Context, id, fields string, f func(user) error) error {
	c := d.userCall(fields, "groups", id, "members", "microsoft.graph.user")
	c.need = needMembers
	return each(ctx, d.run, c, func(u user) string { return u.ID }, f)
}

// scope returns the IDs of the groups and users that are assigned. Somebody may be
// assigned in several roles.
func (d directory) scope(ctx context.Context) (groups, users []string, err error) {
	seen := map[key]bool{}
	err = d.countedAssignments(ctx, d.app, func(as assignment) error {
		if as.Principal == "" {
			return d.fail(call{resource: d.app.resource()}, iamscim.ErrBadReply, errors.New("an assignment has no principal"))
		}
		if seen[keyOf(as.Principal)] {
			return nil
		}
		seen[keyOf(as.Principal)] = true
		switch as.Type {
		case groupObject:
			groups = append(groups, as.Principal)
		case userObject:
			users = append(users, as.Principal)
		}
		return nil
	})
	return groups, users, err
}

// people calls f once for each user in scope, also disabled ones.
func (d directory) people(ctx context.Context, f func(user) error) error {
	if d.all {
		return each(ctx, d.run, d.userCall(d.fields, "users"), func(u user) string { return u.ID }, f)
	}
	groups, users, err := d.scope(ctx)
	if err != nil {
		return err
	}
	seen := map[key]struct{}{}
	once := func(u user) error {
		if _, twice := seen[keyOf(u.ID)]; twice {
			return nil
		}
		seen[keyOf(u.ID)] = struct{}{}
		return f(u)
	}
	if err := byID(ctx, d, "users", d.fields, needUsers, users, func(u user) string { return u.ID }, once); err != nil {
		return err
	}
	for _, id := range groups {
		if err := d.direct(ctx, id, d.fields, once); err != nil {
			return err
		}
	}
	return nil
}

// groups calls f for each group in scope. If everybody is, those are the security
// groups, which is inferred.
func (d directory) groups(ctx context.Context, f func(group) error) error {
	const fields = "id,displayName,securityEnabled"
	id := func(g group) string { return g.ID }
	if d.all {
		c := d.userCall(fields, "groups")
		c.need = needMembers
		return each(ctx, d.run, c, id, func(g group) error {
			if g.Security != nil && !*g.Security {
				return nil
			}
			return f(g)
		})
	}
	groups, _, err := d.scope(ctx)
	if err != nil {
		return err
	}
	return byID(ctx, d, "groups", fields, needMembers, groups, id, f)
}

// maxIDs is how many objects getByIds takes.
const maxIDs = 1000

// byID calls f for the objects with these IDs. One that the reply leaves out is read
// by itself: it's gone only if that says so.
//
//	POST /directoryObjects/getByIds
func byID[T any](ctx context.Context, d directory, kind, fields string, n need, ids []string, id func(T) string, f func(T) error) error {
	for len(ids) > 0 {
		some := ids[:min(maxIDs, len(ids))]
		ids = ids[len(some):]
		var p page[T]
		c := call{
			method: http.MethodPost, path: v1("directoryObjects", "getByIds"), query: query("$select", fields), into: &p, resource: "directoryObjects", need: n, repeat: true,
			body: map[string]any{"ids": some, "types": []string{strings.TrimSuffix(kind, "s")}},
		}
		if _, err := d.do(ctx, c); err != nil {
			return err
		}
		missing := map[key]string{}
		for _, id := range some {
			missing[keyOf(id)] = id
		}
		for _, element := range p.Value {
			k := keyOf(id(element))
			if missing[k] == "" {
				return d.fail(c, iamscim.ErrBadReply, errors.New("the reply has an object that wasn't asked for"))
			}
			delete(missing, k)
			if err := f(element); err != nil {
				return err
			}
		}
		for _, name := range some {
			if missing[keyOf(name)] == "" {
				continue
			}
			var one T
			err := d.get(ctx, call{path: v1(kind, name), query: query("$select", fields), into: &one, resource: kind + "/" + name, need: n})
			if errors.Is(err, iamscim.ErrNotFound) {
				continue
			}
			if err == nil && id(one) == "" {
				err = d.fail(c, iamscim.ErrBadReply, errors.New("the object has no ID"))
			}
			if err == nil {
				err = f(one)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// inScope calls f for the ID of each user and group in scope.
func (r *run) inScope(ctx context.Context, a *app, all bool, f func(id string) error) error {
	d := directory{run: r, app: a, all: all, fields: "id"}
	if err := d.groups(ctx, func(g group) error { return f(g.ID) }); err != nil {
		return err
	}
	return d.people(ctx, func(u user) error { return f(u.ID) })
}
