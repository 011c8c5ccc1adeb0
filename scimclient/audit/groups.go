package audit

import (
	"context"
	"errors"

	"github.com/iamscim/iamscim/internal/fold"
	"github.com/iamscim/iamscim/scimclient"
)

// directory is what an audit knows about the tenant's groups. The caller locks.
type directory struct {
	ids     []string          // of the roster's groups; "" if it isn't known
	byID    map[string]uint32 // the roster's group
	byName  map[string]uint32 // the roster's group, by its folded displayName
	changed bits              // groups that were missing and have been found since; their users are due
	late    bits              // all groups that were missing and were found later
}

func (a *auditor) groupID(i uint32) string {
	a.groupsMu.RLock()
	defer a.groupsMu.RUnlock()
	return a.groups.ids[i]
}

// groupOf returns the roster's group for a group of the tenant. If the ID isn't
// known, it goes by the name.
func (a *auditor) groupOf(g *scimclient.Group) (uint32, bool) {
	a.groupsMu.RLock()
	defer a.groupsMu.RUnlock()
	if i, ok := a.groups.byID[g.ID]; ok {
		return i, true
	}
	i, ok := a.groups.byName[fold.Key(g.DisplayName)]
	return i, ok && a.groups.ids[i] == ""
}

func (a *auditor) resolved(i uint32, id string) {
	a.groupsMu.Lock()
	defer a.groupsMu.Unlock()
	a.groups.ids[i] = id
	if first, twin := a.x.twins[i]; twin {
		i = first
		a.groups.ids[i] = id
	}
	a.groups.byID[id] = i
}

// resolve returns the ID of a group of the roster, or "". A sample doesn't look
// up all groups, so it does so here.
func (a *auditor) resolve(ctx context.Context, i uint32) (string, error) {
	id := a.groupID(i)
	if id != "" || a.sampled == nil {
		return id, nil
	}
	// Workers that need the same group wait for one of them.
	turn := a.looking[i%uint32(len(a.looking))]
	turn <- struct{}{}
	defer func() { <-turn }()
	if id := a.groupID(i); id != "" {
		return id, nil
	}
	g, err := a.client.Groups.Find(ctx, a.x.group[i].DisplayName)
	switch {
	case err == nil:
		a.resolved(i, g.ID)
		return g.ID, nil
	case errors.Is(err, scimclient.ErrNotFound):
		return "", nil
	}
	return "", err
}
