package provision

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/iamscim/iamscim/claimmap"
	"github.com/iamscim/iamscim/scimclient"
)

// evidence is what a directory showed of what [Ready] names.
type evidence struct {
	missing []string // what isn't there, in sentences
	absent  []string // the user names among it
	found   int      // users, groups and memberships that are
	// people are the break-glass users that were found, by user name.
	people map[string]*scimclient.User
}

// atOnce bounds the look-ups that are under way.
const atOnce = 8

// lookUp looks for everything that r names: one request per user, per group and
// per membership.
func (r Ready) lookUp(ctx context.Context, client *scimclient.Client) (evidence, error) {
	var (
		mu    sync.Mutex
		wg    sync.WaitGroup
		e     = evidence{people: map[string]*scimclient.User{}}
		errs  []error
		slots = make(chan struct{}, atOnce)
		users = map[string]*scimclient.User{}
	)
	do := func(f func() error) {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			if err := f(); err != nil {
				mu.Lock()
				defer mu.Unlock()
				errs = append(errs, err)
			}
		})
	}
	note := func(format string, args ...any) {
		mu.Lock()
		defer mu.Unlock()
		e.missing = append(e.missing, fmt.Sprintf(format, args...))
	}
	names := map[string]bool{}
	for _, u := range r.Users {
		names[u] = true
	}
	for _, members := range r.Groups {
		for _, m := range members {
			names[m] = true
		}
	}
	for _, b := range r.BreakGlass {
		names[b.UserName] = true
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		do(func() error {
			u, err := client.Users.Find(ctx, name)
			switch {
			case errors.Is(err, scimclient.ErrNotFound):
				note("the user %s", name)
				mu.Lock()
				defer mu.Unlock()
				e.absent = append(e.absent, name)
				return nil
			case err != nil:
				return err
			case u.Active != nil && !*u.Active:
				note("the user %s, who is inactive", name)
				return nil
			}
			mu.Lock()
			defer mu.Unlock()
			users[name] = u
			e.found++
			return nil
		})
	}
	groups := map[string]*scimclient.Group{}
	for _, name := range slices.Sorted(maps.Keys(r.Groups)) {
		do(func() error {
			g, err := client.Groups.Find(ctx, name)
			switch {
			case errors.Is(err, scimclient.ErrNotFound):
				note("the group %s", name)
				return nil
			case err != nil:
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			groups[name] = g
			e.found++
			return nil
		})
	}
	wg.Wait()
	for name, g := range groups {
		for _, member := range r.Groups[name] {
			u := users[member]
			if u == nil {
				continue // it's missing already
			}
			do(func() error {
				is, err := client.Groups.IsMember(ctx, g.ID, u.ID)
				if err == nil && !is {
					note("the user %s in the group %s", member, name)
				}
				if is {
					mu.Lock()
					defer mu.Unlock()
					e.found++
				}
				return err
			})
		}
	}
	wg.Wait()
	for _, b := range r.BreakGlass {
		if u := users[b.UserName]; u != nil {
			e.people[b.UserName] = u
		}
	}
	slices.Sort(e.missing)
	return e, errors.Join(errs...)
}

// meet says why the claims of a break-glass user don't meet the directory's user,
// "" if they do.
func (b BreakGlass) meet(providerMapping map[string]string, m claimmap.Mapping, user *scimclient.User) string {
	resource, err := document(user)
	if err != nil {
		return err.Error()
	}
	met, err := claimmap.Preview(providerMapping, b.Claims, m, resource)
	switch {
	case err != nil:
		return "the claims can't be evaluated: " + err.Error()
	case !met.Match:
		return "the token's google.subject isn't the one of the directory"
	}
	return ""
}
