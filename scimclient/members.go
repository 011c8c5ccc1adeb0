package scimclient

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"github.com/iamscim/iamscim"
)

// mostMembers bounds the members in one PATCH. How many the service takes is
// not documented; 100 is the number it returns of anything.
const mostMembers = 100

// AddMembers makes users members of the group. Who is one already stays one.
// More than 100 are sent in several requests; if one of them fails, the error
// is a [*MembersError], which says how many were done before.
//
//	PATCH /Groups/ID
//
// RFC 7644 section 3.5.2.1.
func (g *Groups) AddMembers(ctx context.Context, groupID string, userIDs []string, opts ...WriteOption) error {
	return g.changeMembers(ctx, "Groups.AddMembers", groupID, userIDs, opts, (*Patch).AddMembers)
}

// RemoveMembers ends users' membership of the group. Who is no member stays
// none. It is otherwise as AddMembers.
//
//	PATCH /Groups/ID
//
// RFC 7644 section 3.5.2.2.
func (g *Groups) RemoveMembers(ctx context.Context, groupID string, userIDs []string, opts ...WriteOption) error {
	return g.changeMembers(ctx, "Groups.RemoveMembers", groupID, userIDs, opts, (*Patch).RemoveMembers)
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

func (g *Groups) changeMembers(ctx context.Context, op, groupID string, userIDs []string, opts []WriteOption, add func(*Patch, ...string) *Patch) error {
	ids, err := memberIDs(userIDs)
	if err != nil {
		return invalid(op, g.s.kind, "%w", err)
	}
	o, err := writeOptionsOf(opts)
	if err == nil && o.ifMatch != "" && len(ids) > mostMembers {
		err = fmt.Errorf("IfMatch: more than %d members take several requests, of which the first changes the version", mostMembers)
	}
	if err != nil {
		return invalid(op, g.s.kind, "%w", err)
	}
	for done := 0; done < len(ids); done += mostMembers {
		chunk := ids[done:min(done+mostMembers, len(ids))]
		if err := g.s.patch(ctx, op, groupID, add(new(Patch), chunk...), opts); err != nil {
			if len(ids) <= mostMembers {
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
	return g.isMember(ctx, "Groups.IsMember", groupID, userID, 0)
}

func (g *Groups) isMember(ctx context.Context, op, groupID, userID string, most int) (bool, error) {
	s := &g.s
	if groupID == "" || userID == "" {
		return false, invalid(op, s.kind, "the id of the group or of the user is empty")
	}
	f := Eq("id", groupID).And(Eq("members", userID))
	if err := f.err(); err != nil {
		return false, invalid(op, s.kind, "%w", err)
	}
	p, err := s.query(ctx, op, "filter="+url.QueryEscape(f.text), most)
	if e := asError(err); e != nil && e.Status == http.StatusBadRequest {
		return g.hasMember(ctx, op, groupID, userID, most)
	}
	if err != nil {
		return false, err
	}
	if p.total == 0 && len(p.resources) == 0 {
		return false, nil
	}
	if len(p.resources) == 1 && s.head(p.resources[0]).id == groupID {
		return true, nil
	}
	return false, &Error{
		Op: "scimclient: " + op, Resource: s.resource(groupID), Kind: iamscim.ErrBadReply, Attempts: 1,
		Err:    fmt.Errorf("%d groups are announced and %d sent where one can answer", p.total, len(p.resources)),
		Remedy: "the server does not heed the filter id eq ... and members eq ..., which this question needs",
	}
}

// hasMember reads the group to see whether the user is in it.
func (g *Groups) hasMember(ctx context.Context, op, groupID, userID string, most int) (bool, error) {
	group, err := g.s.get(ctx, op, groupID, most, nil)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(group.Members, func(m Member) bool { return m.Value == userID }), nil
}
