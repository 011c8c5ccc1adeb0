package entratest

import (
	"context"
	"fmt"
	"slices"

	"github.com/iamscim/iamscim/provision/entratest/internal/push"
)

// references sends what refers to other objects: the manager of a user, the members of a group. It
// returns nil if there is nothing to do. only limits the members to some; nil is all of them.
func (r *run) references(ctx context.Context, x *subject, only []string) *attempt {
	l := r.link(x.id)
	if l == nil || !x.entitled() {
		return nil
	}
	a := &attempt{subject: x, action: "update", target: l.id, at: r.now}
	if x.kind == push.Users {
		return r.manager(ctx, a, l)
	}
	return r.members(ctx, a, l, only)
}

// manager sends a user's manager, if the manager is in the target.
func (r *run) manager(ctx context.Context, a *attempt, l *link) *attempt {
	if !r.maps(push.Users, managerTarget) {
		return nil
	}
	var want any
	if boss := r.known(a.manager); boss != "" {
		want = boss
	}
	had := l.exported[managerTarget]
	if had == want && (want == nil || !r.initial) {
		return nil
	}
	if want != nil && r.initial {
		there, err := r.target.Refers(ctx, push.Users, l.id, "manager", want.(string))
		if err != nil {
			return a.unresolved(err)
		}
		if there {
			l.exported[managerTarget] = want
			r.keep(l)
			return nil
		}
	}
	a.changes = []push.Change{{Target: managerTarget, Old: had, New: want}}
	if err := r.target.Update(ctx, push.Users, l.id, a.changes); err != nil {
		return a.unresolved(err)
	}
	l.exported[managerTarget] = want
	r.keep(l)
	return a.succeed("EntryExportUpdate", "The manager of User '%s' was updated in %s", a.name, targetName)
}

// members adds and removes members of a group.
func (r *run) members(ctx context.Context, a *attempt, l *link, only []string) *attempt {
	if !r.maps(push.Groups, "members") {
		return nil
	}
	var add []string // source IDs
	for _, id := range a.subject.members {
		if r.known(id) == "" || only != nil && !slices.Contains(only, id) {
			continue
		}
		if l.members[id] && !r.initial {
			continue
		}
		if l.members[id] || l.found {
			there, err := r.target.Refers(ctx, push.Groups, l.id, "members", r.known(id))
			if err != nil {
				return a.unresolved(err)
			}
			if there {
				l.members[id] = true
				continue
			}
		}
		add = append(add, id)
	}
	for batch := range slices.Chunk(add, r.cfg.membersPatch) {
		ids := make([]string, len(batch))
		for i, id := range batch {
			ids[i] = r.known(id)
		}
		if err := r.target.AddMembers(ctx, l.id, ids); err != nil {
			r.keep(l)
			return a.unresolved(err)
		}
		for i, id := range batch {
			l.members[id] = true
			a.changes = append(a.changes, push.Change{Target: "members", New: ids[i]})
		}
	}
	if only == nil {
		if failed := r.removeMembers(ctx, a, l); failed != nil {
			return failed
		}
	}
	r.keep(l)
	if len(a.changes) == 0 {
		return nil
	}
	return a.succeed("EntryExportUpdate", "%d memberships of Group '%s' were updated in %s", len(a.changes), a.name, targetName)
}

// removeMembers takes out who was added and isn't a member any more.
func (r *run) removeMembers(ctx context.Context, a *attempt, l *link) *attempt {
	var left []string
	for id := range l.members {
		if !slices.Contains(a.subject.members, id) {
			left = append(left, id)
		}
	}
	slices.Sort(left)
	for _, id := range left {
		if user := r.known(id); user != "" { // who was deleted in the target is no member
			if err := r.target.RemoveMember(ctx, l.id, user); err != nil {
				r.keep(l)
				return a.unresolved(err)
			}
			a.changes = append(a.changes, push.Change{Target: "members", Old: user})
		}
		delete(l.members, id)
	}
	return nil
}

func (a *attempt) unresolved(err error) *attempt {
	return a.fail("referenceResolution", "EntryExportUpdate", fmt.Errorf("a reference: %w", err))
}

// maps reports whether a target attribute is mapped.
func (r *run) maps(kind push.Kind, target string) bool {
	m := r.mappings(kind)
	if m == nil {
		return false
	}
	for _, a := range m.Attributes {
		if a.Target == target {
			return true
		}
	}
	return false
}
