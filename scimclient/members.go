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

// AddMembers makes users members of the group. Who is one already stays one.
// More than 100 are sent in several requests; if one of them fails, the error
// is a [*MembersError], which says how many were done before.
//
//	PATCH /Groups/ID
//
// RFC 7644 section 3.5.2.1.
func (g *Groups) AddMembers(ctx context.Context, groupID string, userIDs []string, opts ...WriteOption) error {
	const op = "Groups.AddMembers"
	return g.changeMembers(op, userIDs, opts, func(chunk []string) error {
		return g.s.patch(ctx, op, groupID, new(Patch).AddMembers(chunk...), opts)
	})
}

// RemoveMembers ends users' membership of the group. Who is no member stays
// none. It is otherwise as AddMembers.
//
//	PATCH /Groups/ID
//
// RFC 7644 section 3.5.2.2.
func (g *Groups) RemoveMembers(ctx context.Context, groupID string, userIDs []string, opts ...WriteOption) error {
	const op = "Groups.RemoveMembers"
	return g.changeMembers(op, userIDs, opts, func(chunk []string) error {
		err := g.s.patch(ctx, op, groupID, new(Patch).RemoveMembers(chunk...), opts)
		if e := asError(err); e == nil || e.SCIMType != "noTarget" {
			return err
		}
		// The server takes it amiss that somebody is no member: leave out who
		// is none.
		var members []string
		for _, id := range chunk {
			is, _, err := g.isMember(ctx, op, groupID, id, 0)
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
		return g.s.patch(ctx, op, groupID, new(Patch).RemoveMembers(members...), opts)
	})
}

// MembersError is a change of members that ended before all were changed.
type MembersError struct {
	// Done counts the leading users whose membership is certainly changed.
	Done int

	// Of is the number of users given, without repetitions.
	Of int

	// Err is the failure, an [*Error].
	Err error
}

// Error returns the failure and how far the change came.
func (e *MembersError) Error() string {
	return fmt.Sprintf("%v (%d of %d members were changed before)", e.Err, e.Done, e.Of)
}

// Unwrap returns Err.
func (e *MembersError) Unwrap() error { return e.Err }

// changeMembers calls change for the users in chunks.
func (g *Groups) changeMembers(op string, userIDs []string, opts []WriteOption, change func(chunk []string) error) error {
	ids, err := memberIDs(userIDs)
	if err != nil {
		return invalid(op, g.s.kind, "%w", err)
	}
	o, err := writeOptionsOf(opts)
	if err == nil && o.ifMatch != "" && len(ids) > maxMembers {
		err = fmt.Errorf("IfMatch: more than %d members take several requests, of which the first changes the version", maxMembers)
	}
	if err != nil {
		return invalid(op, g.s.kind, "%w", err)
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

// IsMember reports whether the user is a member of the group, by the one way
// the service documents. A group that does not exist has no members. A server
// that refuses this filter is not the service: there the group is read, and its
// members are believed to be all.
//
//	GET /Groups?filter=id eq "GROUP" and members eq "USER"
func (g *Groups) IsMember(ctx context.Context, groupID, userID string) (bool, error) {
	is, _, err := g.isMember(ctx, "Groups.IsMember", groupID, userID, 0)
	return is, err
}

// isMember also returns the number of attempts at the last request.
func (g *Groups) isMember(ctx context.Context, op, groupID, userID string, maxAttempts int) (is bool, attempts int, err error) {
	s := &g.s
	if groupID == "" || userID == "" {
		return false, 0, invalid(op, s.kind, "the id of the group or of the user is empty")
	}
	f := Eq("id", groupID).And(Eq("members", userID))
	if err := f.err(); err != nil {
		return false, 0, invalid(op, s.kind, "%w", err)
	}
	p, err := s.fetch(ctx, op, query(f, readOptions{}), maxAttempts)
	if e := asError(err); e != nil && e.Status == http.StatusBadRequest {
		is, err := g.hasMember(ctx, op, groupID, userID, maxAttempts)
		return is, e.Attempts, err
	}
	switch {
	case err != nil:
		return false, 0, err
	case p.total == 0 && len(p.resources) == 0:
		return false, p.attempts, nil
	case len(p.resources) == 1 && p.resources[0].ID == groupID:
		return true, p.attempts, nil
	}
	return false, p.attempts, &Error{
		Op: "scimclient: " + op, Resource: s.resource(groupID), Kind: iamscim.ErrBadReply, Attempts: p.attempts,
		Err:    fmt.Errorf("%d groups are announced and %d sent where one can answer", p.total, len(p.resources)),
		Remedy: "the server does not heed the filter id eq ... and members eq ..., which this question needs",
	}
}

// hasMember reads the group to see whether the user is in it.
func (g *Groups) hasMember(ctx context.Context, op, groupID, userID string, maxAttempts int) (bool, error) {
	group, err := g.s.get(ctx, op, groupID, maxAttempts, nil)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(group.Members, func(m Member) bool { return m.Value == userID }), nil
}
