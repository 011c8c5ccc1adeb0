package scimclient

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"sync/atomic"

	"github.com/iamscim/iamscim"
)

// mostControls bounds the users that controls are sought with.
const mostControls = 10

// aloneVerdict is what is known of the server's answer to a filter on members
// alone, which its documentation does not mention: 0 nothing yet.
type aloneVerdict struct{ v atomic.Int32 }

const (
	aloneWorks int32 = 1 + iota
	aloneFails
)

// GroupsOf returns the groups the user is a member of.
//
//	GET /Groups?filter=members eq "USER"
//	GET /Groups
//	GET /Groups?filter=id eq "GROUP" and members eq "USER"
//
// The service documents only the last of these, which settles one pair of
// group and user. Whether the first works is tried out, once per client, by two
// controls whose truth the last one tells: a group it returns must have the
// member, and a group it does not return must not. Then it is one request.
// Where it does not work, or nothing proves it, the groups that can be listed
// are asked one by one; if that may not be all groups, the last element is
// [ErrTruncated].
func (g *Groups) GroupsOf(ctx context.Context, userID string) iter.Seq2[*Group, error] {
	return func(yield func(*Group, error) bool) {
		q := memberships{g: g}
		err := q.run(ctx, userID, func(group *Group) bool { return yield(group, nil) })
		if err != nil && !errors.Is(err, errStopped) {
			yield(nil, err)
		}
	}
}

const opGroupsOf = "Groups.GroupsOf"

// memberships answers one GroupsOf.
type memberships struct {
	g *Groups

	groups []*Group // that can be listed
	cut    bool     // and there may be others
}

func (q *memberships) run(ctx context.Context, userID string, yield func(*Group) bool) error {
	if userID == "" {
		return invalid(opGroupsOf, "User", "the id of the user is empty")
	}
	verdict := &q.g.s.c.alone.v
	var found []*Group
	answered := false
	if verdict.Load() != aloneFails {
		var err error
		if found, answered, err = q.alone(ctx, userID); err != nil {
			return err
		}
	}
	if answered && verdict.Load() == aloneWorks {
		return each(found, yield)
	}
	var err error
	if q.groups, err = collect(q.g.s.list(ctx, opGroupsOf, Filter{}, nil)); errors.Is(err, ErrTruncated) {
		q.cut = true
	} else if err != nil {
		return err
	}
	if answered {
		now, err := q.decide(ctx, userID, found)
		if err != nil {
			return err
		}
		verdict.Store(now)
		if now == aloneWorks {
			return each(found, yield)
		}
	}
	return q.pairs(ctx, userID, yield)
}

// alone asks with the undocumented filter. It reports false where the answer is
// none: a refusal, which is remembered, a list that may be cut, or a server that
// fails on it, as some do. A failure that is not about the filter will meet the
// next request as well.
func (q *memberships) alone(ctx context.Context, userID string) ([]*Group, bool, error) {
	f := Eq("members", userID)
	if err := f.err(); err != nil {
		return nil, false, invalid(opGroupsOf, "User", "%w", err)
	}
	var found []*Group
	l := lister[Group]{s: &q.g.s, op: opGroupsOf, query: "filter=" + url.QueryEscape(f.text), most: mostPages, tries: 2}
	err := l.run(ctx, func(g *Group, _ error) bool {
		found = append(found, g)
		return true
	})
	e := asError(err)
	switch {
	case err == nil:
		return found, true, nil
	case e.Status == http.StatusBadRequest:
		q.g.s.c.alone.v.Store(aloneFails)
		return nil, false, nil
	case (errors.Is(err, ErrTruncated) || errors.Is(err, iamscim.ErrUnavailable)) && ctx.Err() == nil:
		return nil, false, nil
	}
	return nil, false, err
}

// decide seeks a positive and a negative control, with the user in question
// and then with others. found is what the filter said about the user.
func (q *memberships) decide(ctx context.Context, userID string, found []*Group) (int32, error) {
	var others []*User
	answered, positive, negative := true, false, false
	for i := 0; ; i++ {
		for _, returned := range []bool{true, false} {
			seen := &negative
			if returned {
				seen = &positive
			}
			group := q.control(found, returned)
			if *seen || group == nil || !answered {
				continue
			}
			is, _, err := q.g.isMember(ctx, opGroupsOf, group.ID, userID, 0)
			if err != nil {
				return 0, err
			}
			if is != returned {
				return aloneFails, nil
			}
			*seen = true
		}
		if positive && negative {
			return aloneWorks, nil
		}
		if i == 0 {
			var err error
			others, err = q.someUsers(ctx)
			if err != nil {
				return 0, err
			}
		}
		if i >= len(others) {
			return 0, nil
		}
		userID = others[i].ID
		var err error
		if found, answered, err = q.alone(ctx, userID); err != nil {
			return 0, err
		}
	}
}

// control returns a group that the filter returned, or one that it did not.
func (q *memberships) control(found []*Group, returned bool) *Group {
	if returned {
		if len(found) == 0 {
			return nil
		}
		return found[0]
	}
	ids := make(map[string]bool, len(found))
	for _, g := range found {
		ids[g.ID] = true
	}
	for _, g := range q.groups {
		if !ids[g.ID] {
			return g
		}
	}
	return nil
}

// someUsers returns the first few users.
func (q *memberships) someUsers(ctx context.Context) ([]*User, error) {
	var users []*User
	for u, err := range q.g.s.c.Users.s.list(ctx, opGroupsOf, Filter{}, nil) {
		if err != nil {
			if errors.Is(err, ErrTruncated) {
				break
			}
			return nil, err
		}
		if users = append(users, u); len(users) == mostControls {
			break
		}
	}
	return users, nil
}

// pairs asks about each group that can be listed.
func (q *memberships) pairs(ctx context.Context, userID string, yield func(*Group) bool) error {
	sent := 0
	for _, group := range q.groups {
		var is bool
		var err error
		is, sent, err = q.g.isMember(ctx, opGroupsOf, group.ID, userID, 0)
		if err != nil {
			return err
		}
		if is && !yield(group) {
			return errStopped
		}
	}
	if !q.cut {
		return nil
	}
	why := "could not be proved to work"
	if q.g.s.c.alone.v.Load() == aloneFails {
		why = "does not work here"
	}
	return &Error{
		Op: "scimclient: " + opGroupsOf, Resource: "User " + userID, Kind: ErrTruncated, Attempts: sent,
		Err:    fmt.Errorf("%d groups were asked one by one, there may be others, and a filter on members alone %s", len(q.groups), why),
		Remedy: "ask IsMember about the groups you know",
	}
}

func each(groups []*Group, yield func(*Group) bool) error {
	for _, g := range groups {
		if !yield(g) {
			return errStopped
		}
	}
	return nil
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
