package scimclient

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/iamscim/iamscim"
)

// maxMembers bounds the members in one PATCH. How many the service takes is
// not documented; 100 is the number it returns of anything.
const maxMembers = 100

// AddMembers makes users members of the group. Users who are already members are
// unchanged. More than 100 users are sent in several requests. If one of these
// fails, the error is a [*MembersError], which says how many were done before.
//
//	PATCH /Groups/ID
//
// RFC 7644 section 3.5.2.1.
func (g *Groups) AddMembers(ctx context.Context, groupID string, userIDs []string, opts ...WriteOption) error {
	const op = "Groups.AddMembers"
	return g.changeMembers(op, userIDs, opts, func(chunk []string) error {
		return g.endpoint().patch(ctx, op, groupID, new(Patch).AddMembers(chunk...), opts)
	})
}

// RemoveMembers removes users from the group. Users who aren't members are
// unchanged. The rest is as for AddMembers.
//
//	PATCH /Groups/ID
//
// RFC 7644 section 3.5.2.2.
func (g *Groups) RemoveMembers(ctx context.Context, groupID string, userIDs []string, opts ...WriteOption) error {
	const op = "Groups.RemoveMembers"
	o, _ := writeOptionsOf(opts)
	return g.changeMembers(op, userIDs, opts, func(chunk []string) error {
		if o.readBack {
			// Afterwards, nothing may show that the server knows the filter.
			if _, err := g.askUntilYes(ctx, op, groupID, chunk, 0); err != nil && !errors.Is(err, ErrUnproven) {
				return err
			}
		}
		err := g.endpoint().patch(ctx, op, groupID, new(Patch).RemoveMembers(chunk...), opts)
		if e := asError(err); e == nil || e.SCIMType != "noTarget" {
			return err
		}
		// The server rejects the removal of non-members.
		var members []string
		for _, id := range chunk {
			is, err := g.isMember(ctx, op, groupID, id, 0)
			if err != nil {
				return err
			}
			if is {
				members = append(members, id)
			}
		}
		switch len(members) {
		case 0:
			return nil
		case len(chunk):
			return err
		}
		return g.endpoint().patch(ctx, op, groupID, new(Patch).RemoveMembers(members...), opts)
	})
}

// MembersError is a change of members that ended before all were changed.
type MembersError struct {
	// Done counts the users, from the first, with a membership that is certainly
	// changed.
	Done int

	// Of is the number of users given, without repetitions.
	Of int

	// Err is the failure, an [*Error].
	Err error
}

// Error returns the failure and how far the change came.
func (e *MembersError) Error() string {
	if e == nil || e.Err == nil {
		return "scimclient: no error"
	}
	return fmt.Sprintf("%v (%d of %d members were changed before)", e.Err, e.Done, e.Of)
}

// Unwrap returns Err.
func (e *MembersError) Unwrap() error {
	if e == nil {
		return nil
	}
	return e.Err
}

// changeMembers calls change for the users in chunks.
func (g *Groups) changeMembers(op string, userIDs []string, opts []WriteOption, change func(chunk []string) error) error {
	ids, err := memberIDs(userIDs)
	if err != nil {
		return invalid(op, g.endpoint().kind, "%w", err)
	}
	o, err := writeOptionsOf(opts)
	if err == nil && o.ifMatch != "" && len(ids) > maxMembers {
		err = fmt.Errorf("IfMatch: more than %d members take several requests, and the first changes the version", maxMembers)
	}
	if err != nil {
		return invalid(op, g.endpoint().kind, "%w", err)
	}
	for done := 0; done < len(ids); done += maxMembers {
		chunk := ids[done:min(done+maxMembers, len(ids))]
		if err := change(chunk); err != nil {
			if len(ids) <= maxMembers {
				return err
			}
			return &MembersError{Done: done, Of: len(ids), Err: err}
		}
	}
	return nil
}

// memberIDs checks ids and drops repetitions.
func memberIDs(given []string) ([]string, error) {
	if len(given) == 0 {
		return nil, errors.New("no users are given")
	}
	seen := make(map[string]bool, len(given))
	ids := make([]string, 0, len(given))
	var errs []error
	for i, id := range given {
		switch err := checkText(id); {
		case id == "":
			errs = append(errs, fmt.Errorf("user %d: the id is empty", i+1))
		case err != nil:
			errs = append(errs, fmt.Errorf("user %d: the id %w", i+1, err))
		case !seen[id]:
			seen[id] = true
			ids = append(ids, id)
		}
	}
	return ids, errors.Join(errs...)
}

// IsMember reports whether the user is a member of the group, by the one filter
// that the service documents. A group that doesn't exist has no members. If a
// server refuses the filter, IsMember reads the group, and takes the members in
// it for all.
//
//	GET /Groups?filter=id eq "GROUP" and members eq "USER"
//
// A server that doesn't know the filter may answer with an empty list. So the
// client verifies its first "no". It looks at the group, and asks about a few
// users, until one is a member. If there is none, the error is [ErrUnproven].
// Ask about a membership that you know first: after one true answer, "no" is
// false without an error. If you wait for a membership to arrive, ErrUnproven means
// not yet.
func (g *Groups) IsMember(ctx context.Context, groupID, userID string) (bool, error) {
	return g.isMember(ctx, "Groups.IsMember", groupID, userID, 0)
}

// isMember asks with the filter, and verifies the client's first "no".
func (g *Groups) isMember(ctx context.Context, op, groupID, userID string, maxAttempts int) (bool, error) {
	is, err := g.ask(ctx, op, groupID, userID, maxAttempts)
	if err != nil || is || g.endpoint().known.answers.Load() {
		return is, err
	}
	return g.verifyNo(ctx, op, groupID, userID, maxAttempts)
}

// ask asks with the filter.
func (g *Groups) ask(ctx context.Context, op, groupID, userID string, maxAttempts int) (bool, error) {
	s := g.endpoint()
	if groupID == "" || userID == "" {
		return false, invalid(op, s.kind, "the id of the group or of the user is empty")
	}
	f := Eq("id", groupID).And(Eq("members", userID))
	if err := f.err(); err != nil {
		return false, invalid(op, s.kind, "%w", err)
	}
	p, err := s.fetch(ctx, op, query(f, readOptions{}), maxAttempts)
	if e := asError(err); e != nil && e.Status == http.StatusBadRequest {
		return g.readMember(ctx, op, groupID, userID, maxAttempts)
	}
	if err != nil {
		return false, err
	}
	others := slices.ContainsFunc(p.resources, func(group *Group) bool { return group.ID != groupID })
	switch {
	case p.total == 0 && len(p.resources) == 0:
		return false, nil
	case len(p.resources) > 0 && !others:
		g.endpoint().known.answers.Store(true)
		return true, nil
	}
	return false, &Error{
		Op: "scimclient: " + op, Resource: s.resource(groupID), Kind: iamscim.ErrBadReply, Attempts: p.attempts,
		Err:    fmt.Errorf("%d groups are announced and %d sent where one can answer", p.total, len(p.resources)),
		Remedy: "the server ignores the filter id eq ... and members eq ..., which this question needs",
	}
}

// readMember reads the group to see whether the user is in it. A group that has
// members shows that the server returns them.
func (g *Groups) readMember(ctx context.Context, op, groupID, userID string, maxAttempts int) (bool, error) {
	group, err := g.endpoint().get(ctx, op, groupID, maxAttempts, nil)
	switch {
	case errors.Is(err, ErrNotFound):
		return false, nil
	case err != nil:
		return false, err
	case len(group.Members) > 0:
		g.endpoint().known.returnsMembers.Store(true)
	case !g.endpoint().known.returnsMembers.Load():
		return false, g.unproven(op, groupID, nil)
	}
	return slices.ContainsFunc(group.Members, func(m Member) bool { return m.Value == userID }), nil
}

// maxControls bounds the users that a control is sought with.
const maxControls = 10

// verifyNo verifies that the user isn't in the group, which the server says and
// which it may say of everybody.
func (g *Groups) verifyNo(ctx context.Context, op, groupID, userID string, maxAttempts int) (bool, error) {
	is, err := g.readMember(ctx, op, groupID, userID, maxAttempts)
	if err == nil {
		return is, nil
	}
	if errors.Is(err, ErrUnproven) {
		var control bool
		if control, err = g.seekControl(ctx, op, groupID, maxAttempts); control {
			return false, nil
		}
	}
	return false, g.unproven(op, groupID, err)
}

// seekControl reports whether the filter finds one of the first users in the
// group.
func (g *Groups) seekControl(ctx context.Context, op, groupID string, maxAttempts int) (bool, error) {
	users, err := g.endpoint().c.Users.s.fetch(ctx, op, query(Filter{}, readOptions{}), maxAttempts)
	if err != nil {
		return false, err
	}
	var ids []string
	for _, user := range users.resources {
		ids = append(ids, user.ID)
	}
	return g.askUntilYes(ctx, op, groupID, ids, maxAttempts)
}

// askUntilYes asks about the first users until one is a member, unless it's known
// that the server answers.
func (g *Groups) askUntilYes(ctx context.Context, op, groupID string, userIDs []string, maxAttempts int) (bool, error) {
	for _, id := range userIDs[:min(len(userIDs), maxControls)] {
		if g.endpoint().known.answers.Load() {
			return true, nil
		}
		if is, err := g.ask(ctx, op, groupID, id, maxAttempts); is || err != nil {
			return is, err
		}
	}
	return false, nil
}

func (g *Groups) unproven(op, groupID string, cause error) error {
	return &Error{
		Op: "scimclient: " + op, Resource: g.endpoint().resource(groupID), Kind: ErrUnproven,
		Err:    unprovenBecause("the server says that the user isn't a member, and may not know the filter", cause),
		Remedy: "ask IsMember about a membership that you know first",
	}
}
