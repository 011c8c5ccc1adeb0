package scimclient

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"

	"github.com/iamscim/iamscim"
)

// Membership names a group and a user, by their ids.
type Membership struct {
	GroupID string
	UserID  string
}

// What a client knows about the filter members eq "USER" alone.
const (
	memberFilterUnknown int32 = iota
	memberFilterWorks
	memberFilterFails
)

// MemberFilterWorks reports whether the server answers the filter members eq
// "USER" alone, which Google doesn't document. It judges by two controls: member
// is a user in a group, nonMember is a user that isn't in a group.
//
//	GET /Groups?filter=members eq "USER"
//
// The filter works if the reply for member.UserID has member.GroupID, and the
// reply for nonMember.UserID is whole and doesn't have nonMember.GroupID. A
// server that ignores the filter, refuses it, or answers it with nothing fails
// one of the two. A wrong control can only turn the answer into false.
//
// The client remembers the answer: see [Groups.GroupsOf]. An error says nothing
// about the filter, and isn't remembered.
func (g *Groups) MemberFilterWorks(ctx context.Context, member, nonMember Membership) (bool, error) {
	const op = "Groups.MemberFilterWorks"
	for _, control := range []Membership{member, nonMember} {
		if control.GroupID == "" || control.UserID == "" {
			return false, invalid(op, g.endpoint().kind, "the id of the group or of the user is empty")
		}
	}
	groups, err := g.withMember(ctx, op, member.UserID)
	works := groups[member.GroupID]
	if err == nil && works {
		if nonMember.UserID != member.UserID {
			groups, err = g.withMember(ctx, op, nonMember.UserID)
		}
		works = !groups[nonMember.GroupID]
	}
	e := asError(err)
	switch {
	case err == nil:
	case errors.Is(err, ErrTruncated) || e.Status == http.StatusBadRequest:
		works = false
	default:
		return false, err
	}
	verdict := memberFilterFails
	if works {
		verdict = memberFilterWorks
	}
	g.endpoint().known.memberFilter.Store(verdict)
	return works, nil
}

// withMember returns the ids of the groups in the reply to members eq "USER".
func (g *Groups) withMember(ctx context.Context, op, userID string) (map[string]bool, error) {
	ids := map[string]bool{}
	f := Eq("members", userID)
	if err := f.err(); err != nil {
		return ids, invalid(op, "User", "%w", err)
	}
	l := lister[Group]{s: g.endpoint(), op: op, filter: f, maxPages: maxPages, maxAttempts: 2}
	err := l.run(ctx, func(group *Group, _ error) bool {
		ids[group.ID] = true
		return true
	})
	return ids, err
}

// GroupsOf returns the groups that the user is a member of.
//
//	GET /Groups
//	GET /Groups?filter=id eq "GROUP" and members eq "USER"
//	GET /Groups?filter=members eq "USER"
//
// Google documents the second request only, which answers for one group. So
// GroupsOf lists the groups and asks about each. The third request answers for
// all groups at once. It's undocumented: GroupsOf uses it once
// [Groups.MemberFilterWorks] has returned true, which GroupsOf itself tries with
// the first group that has the user and the first that hasn't.
//
// If there may be groups that can't be listed, the last element is
// [ErrTruncated].
func (g *Groups) GroupsOf(ctx context.Context, userID string) iter.Seq2[*Group, error] {
	const op = "Groups.GroupsOf"
	return func(yield func(*Group, error) bool) {
		filter := Eq("members", userID)
		if err := filter.err(); userID == "" || err != nil {
			yield(nil, invalid(op, "User", "the id of the user is empty or not UTF-8"))
			return
		}
		all := g.endpoint().list(ctx, op, filter, nil)
		if g.endpoint().known.memberFilter.Load() == memberFilterWorks {
			all(yield)
			return
		}
		listed, err := collect(g.endpoint().list(ctx, op, Filter{}, nil))
		truncated := errors.Is(err, ErrTruncated)
		if err != nil && !truncated {
			yield(nil, err)
			return
		}
		tried := g.endpoint().known.memberFilter.Load() == memberFilterFails
		var member, nonMember Membership
		yielded := map[string]bool{}
		for _, group := range listed {
			is, err := g.ask(ctx, op, group.ID, userID, 0)
			if err != nil {
				yield(nil, err)
				return
			}
			pair := Membership{group.ID, userID}
			if !is {
				nonMember = pair
			} else if member = pair; !yield(group, nil) {
				return
			} else {
				yielded[group.ID] = true
			}
			if tried || member == (Membership{}) || nonMember == (Membership{}) {
				continue
			}
			tried = true
			works, err := g.MemberFilterWorks(ctx, member, nonMember)
			// Some servers fail on a filter that they don't know.
			if err != nil && !errors.Is(err, iamscim.ErrUnavailable) {
				yield(nil, err)
				return
			}
			if works {
				all(func(group *Group, err error) bool {
					return err == nil && yielded[group.ID] || yield(group, err)
				})
				return
			}
		}
		// Nobody is a member, says the server. The first "no" that is verified
		// verifies the others.
		for _, group := range listed {
			if member != (Membership{}) || g.endpoint().known.answers.Load() {
				break
			}
			is, err := g.isMember(ctx, op, group.ID, userID, 0)
			if err != nil {
				yield(nil, err)
				return
			}
			if is && !yield(group, nil) {
				return
			}
		}
		if truncated {
			yield(nil, &Error{
				Op: "scimclient: " + op, Resource: "User " + userID, Kind: ErrTruncated,
				Err:    fmt.Errorf("the user's membership in %d groups is known, and there may be other groups", len(listed)),
				Remedy: "ask IsMember about the groups you know",
			})
		}
	}
}

// collect returns what came before the error.
func collect[T any](seq iter.Seq2[*T, error]) ([]*T, error) {
	var all []*T
	for r, err := range seq {
		if err != nil {
			return all, err
		}
		all = append(all, r)
	}
	return all, nil
}
