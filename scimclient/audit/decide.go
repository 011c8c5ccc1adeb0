package audit

import (
	"fmt"
	"slices"
	"time"

	"github.com/iamscim/iamscim/provision/idp"
)

// maxRounds is how often a user who keeps changing is read again.
const maxRounds = 4

// process checks one task and decides what becomes of it.
func (a *auditor) process(t *task) {
	again := !t.since.IsZero()
	r, err := a.check(t, again)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.running--
	select {
	case a.changed <- struct{}{}:
	default:
	}
	if err == nil {
		err = a.decide(t, r, again)
	} else if again {
		a.state.waiting = slices.Insert(a.state.waiting, 0, t) // for the checkpoint
	}
	if err == nil && a.opts.Checkpoint != "" && time.Now().After(a.state.saveDue) {
		err = a.save()
		a.state.saveDue = time.Now().Add(saveInterval)
	}
	if err != nil && a.failure == nil {
		a.failure = err
		a.cancel()
	}
}

func (a *auditor) check(t *task, again bool) (*reading, error) {
	first, second := forUsers, forMemberships
	switch {
	case again:
		first, second = forRechecks, forRechecks
	case t.kind == aGroup:
		first = forGroups
	case t.kind == aLeaver:
		first = forLeavers
	}
	switch t.kind {
	case aGroup:
		known := a.groupID(t.index) != ""
		r, err := a.checkGroup(a.ctx[first], t.index)
		if again && !known && a.groupID(t.index) != "" {
			a.groupsMu.Lock()
			a.groups.changed.add(t.index)
			a.groups.late.add(t.index)
			a.groupsMu.Unlock()
		}
		return r, err
	case aLeaver:
		return a.checkLeaver(a.ctx[first], idp.Leaver{User: t.user, Gone: t.gone})
	}
	want, groups := t.user, a.x.groupsOf(t.index)
	if again && a.roster.Confirm != nil {
		now, err := a.roster.Confirm(a.ctx[first], t.user.Key)
		switch {
		case err != nil: // the source can't answer
		case now.User == nil:
			return &reading{}, nil
		default:
			want, groups = *now.User, a.known(now.Groups)
			want.Key = t.user.Key
		}
	}
	return a.checkUser(a.ctx[first], a.ctx[second], t.index, want, groups, again)
}

// known returns the groups of the roster among keys.
func (a *auditor) known(keys []string) []uint32 {
	var list []uint32
	for _, key := range keys {
		if i, ok := a.x.groups[key]; ok {
			list = append(list, i)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// decide reports what two readings agree on, and lets the rest wait for another.
// The caller holds the lock.
func (a *auditor) decide(t *task, r *reading, again bool) error {
	var fresh []Finding
	if t.late {
		r.findings = slices.DeleteFunc(r.findings, func(f Finding) bool { return !a.isLate(f) })
	}
	if !again {
		fresh = r.findings
		for _, f := range r.refused {
			if t.late {
				break // reported by the first reading
			}
			if err := a.tell(f); err != nil {
				return err
			}
		}
	} else {
		confirmed := 0
		for _, f := range r.findings {
			switch {
			case slices.ContainsFunc(t.told, f.same):
			case slices.ContainsFunc(t.last, f.same):
				confirmed++
				t.told = append(t.told, f)
				if err := a.tell(f); err != nil {
					return err
				}
			default:
				fresh = append(fresh, f)
			}
		}
		a.state.changed += len(t.last) - confirmed
	}
	t.since = time.Now()
	t.last = fresh
	t.rounds++
	switch {
	case len(fresh) == 0:
	case t.rounds > maxRounds:
		f := Finding{Detail: fmt.Sprintf("it was read %d times and changed every time", t.rounds)}
		if t.kind == aGroup {
			f.Group = t.key(a.x)
		} else {
			f.User = t.key(a.x)
		}
		if err := a.tell(newFinding(NotChecked, f)); err != nil {
			return err
		}
	default:
		a.state.waiting = append(a.state.waiting, t)
		return nil
	}
	a.finish(t, r)
	return nil
}

// isLate reports whether a finding is one that only a second look at the users of
// a group can make: the group was missing when the user was checked.
func (a *auditor) isLate(f Finding) bool {
	a.groupsMu.RLock()
	defer a.groupsMu.RUnlock()
	i, known := a.x.groups[f.Group]
	return f.Code == MembershipMissing && known && a.groups.late.has(i) && !a.state.late[f.User+"\x00"+f.Group]
}

// finish counts a task that is done.
func (a *auditor) finish(t *task, r *reading) {
	if t.kind == aUser && !r.notChecked {
		before, partly := a.state.counted[t.user.Key]
		if t.late && partly {
			a.state.checked.Memberships += r.memberships - before
		}
		if partly || r.partial {
			a.state.counted[t.user.Key] = r.memberships
		}
	}
	if t.late {
		return
	}
	a.state.finished++
	if a.opts.Checkpoint != "" {
		a.state.done = append(a.state.done, t.hash(a.x))
	}
	if r.notChecked {
		return
	}
	switch t.kind {
	case aGroup:
		a.state.checked.Groups++
	case aLeaver:
		a.state.checked.Leavers++
	case aUser:
		a.state.checked.Users++
		a.state.checked.Memberships += r.memberships
	}
}

// isDone reports whether an earlier run checked the task, or has it waiting.
func (a *auditor) isDone(t *task) bool {
	if !a.opts.Resume {
		return false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	_, done := slices.BinarySearch(a.state.done[:a.state.resumed], t.hash(a.x))
	_, waiting := slices.BinarySearch(a.state.resumedWaiting, t.hash(a.x))
	return done || waiting
}
