package audit

import (
	"context"
	"errors"
	"iter"
	"slices"
	"time"

	"github.com/iamscim/iamscim/provision/idp"
)

// dispatch gives everything to the workers, in this order: groups, because users
// need their IDs; users; leavers; users of groups that were found late.
func (a *auditor) dispatch(ctx context.Context) error {
	if a.sampled == nil {
		for i := range a.x.group {
			if err := a.give(ctx, &task{kind: aGroup, index: uint32(i)}); err != nil {
				return err
			}
		}
		if err := a.rest(ctx, false); err != nil {
			return err
		}
	}
	if err := a.tryFilter(); err != nil {
		return err
	}
	if err := a.dispatchUsers(ctx, nil); err != nil {
		return err
	}
	if a.roster.Leavers != nil && a.sampled == nil {
		err := idp.Each(a.roster.Leavers, func(l idp.Leaver) error {
			if a.x.conflicts[l.Key] {
				return nil
			}
			return a.give(ctx, &task{kind: aLeaver, user: l.User, gone: l.Gone})
		})
		if err != nil {
			return err
		}
	}
	if err := a.rest(ctx, true); err != nil {
		return err
	}
	for {
		a.groupsMu.Lock()
		late := a.groups.changed
		a.groups.changed = nil
		a.groupsMu.Unlock()
		if late == nil {
			return nil
		}
		if err := a.dispatchUsers(ctx, late); err != nil {
			return err
		}
		if err := a.rest(ctx, true); err != nil {
			return err
		}
	}
}

// dispatchUsers reads the users of the roster again and gives them to the
// workers. With late groups only users of these groups count.
func (a *auditor) dispatchUsers(ctx context.Context, late bits) error {
	var again digest
	var seen bits
	err := idp.Each(a.roster.Users, func(u idp.User) error {
		again.add(rowOfUser(u))
		i, known := a.x.users.find(u.Key)
		if !known {
			return ErrRosterChanged
		}
		if seen.has(i) || a.x.skip.has(i) || !a.sampled.has(u.Key) {
			return nil
		}
		seen.add(i)
		if late != nil && !slices.ContainsFunc(a.x.groupsOf(i), late.has) {
			return nil
		}
		return a.give(ctx, &task{kind: aUser, index: i, user: u, late: late != nil})
	})
	if err == nil && again != a.x.ofUsers {
		err = ErrRosterChanged
	}
	return err
}

// ErrRosterChanged: the roster's users were different when they were read the
// second time.
var ErrRosterChanged = errors.New("audit: the roster changed while it was read; audit a copy")

// give hands a task to a worker, and before it those that are due again.
func (a *auditor) give(ctx context.Context, t *task) error {
	if t.since.IsZero() && !t.late && a.isDone(t) {
		return nil
	}
	for {
		due, _ := a.nextDue()
		if due == nil {
			break
		}
		if err := a.send(ctx, due); err != nil {
			return err
		}
	}
	return a.send(ctx, t)
}

func (a *auditor) send(ctx context.Context, t *task) error {
	a.mu.Lock()
	a.running++
	a.mu.Unlock()
	select {
	case a.tasks <- t:
		return nil
	case <-ctx.Done():
		a.mu.Lock()
		defer a.mu.Unlock()
		if !t.since.IsZero() {
			a.state.waiting = slices.Insert(a.state.waiting, 0, t) // for the checkpoint
		}
		return ctx.Err()
	}
}

// rest waits until no worker has a task. With all it also waits for those that
// are to be read again.
func (a *auditor) rest(ctx context.Context, all bool) error {
	for {
		due, pause := a.nextDue()
		if due != nil {
			if err := a.send(ctx, due); err != nil {
				return err
			}
			continue
		}
		a.mu.Lock()
		busy, waiting := a.running > 0, len(a.state.waiting) > 0
		a.mu.Unlock()
		if !busy && (!all || !waiting) {
			return ctx.Err()
		}
		var timer <-chan time.Time
		if waiting {
			timer = time.After(pause)
		}
		select {
		case <-a.changed:
		case <-timer:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// nextDue takes the first task that is to be read again now, or says how long
// that takes.
func (a *auditor) nextDue() (*task, time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.state.waiting) == 0 {
		return nil, 0
	}
	t := a.state.waiting[0]
	if pause := a.opts.Settle - time.Since(t.since); pause > 0 {
		return nil, pause
	}
	a.state.waiting[0] = nil
	a.state.waiting = a.state.waiting[1:]
	return t, 0
}

// rows yields the first rows of a list without its errors: they were reported
// when the list was read.
func rows[T any](list iter.Seq2[T, error]) iter.Seq[T] {
	return func(yield func(T) bool) {
		for row, err := range list {
			if err != nil || !yield(row) {
				return
			}
		}
	}
}
