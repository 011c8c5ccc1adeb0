package provision

import (
	"context"
	"errors"
	"fmt"
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
	s := &search{client: client, slots: make(chan struct{}, atOnce), users: map[string]*scimclient.User{}, groups: map[string]*scimclient.Group{}}
	for _, name := range r.names() {
		s.do(func() error { return s.user(ctx, name) })
	}
	for name := range r.Groups {
		s.do(func() error { return s.group(ctx, name) })
	}
	s.wg.Wait()
	for name, g := range s.groups {
		for _, member := range r.Groups[name] {
			if u := s.users[member]; u != nil { // else it's missing already
				s.do(func() error { return s.membership(ctx, name, g, member, u) })
			}
		}
	}
	s.wg.Wait()
	e := evidence{missing: s.missing, absent: s.absent, found: s.found, people: map[string]*scimclient.User{}}
	for _, b := range r.BreakGlass {
		if u := s.users[b.UserName]; u != nil {
			e.people[b.UserName] = u
		}
	}
	slices.Sort(e.missing)
	return e, errors.Join(s.errs...)
}

// names are the user names that r has, each once.
func (r Ready) names() []string {
	names := slices.Clone(r.Users)
	for _, members := range r.Groups {
		names = append(names, members...)
	}
	for _, b := range r.BreakGlass {
		names = append(names, b.UserName)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// search is one call of lookUp.
type search struct {
	client *scimclient.Client
	wg     sync.WaitGroup
	slots  chan struct{} // bounds what is under way

	mu      sync.Mutex
	users   map[string]*scimclient.User // by user name
	groups  map[string]*scimclient.Group
	missing []string
	absent  []string // user names
	found   int
	errs    []error
}

// do runs f beside others.
func (s *search) do(f func() error) {
	s.slots <- struct{}{}
	s.wg.Go(func() {
		defer func() { <-s.slots }()
		if err := f(); err != nil {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.errs = append(s.errs, err)
		}
	})
}

func (s *search) lacks(format string, args ...any) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.missing = append(s.missing, fmt.Sprintf(format, args...))
	return nil
}

func (s *search) user(ctx context.Context, name string) error {
	u, err := s.client.Users.Find(ctx, name)
	switch {
	case errors.Is(err, scimclient.ErrNotFound):
		s.mu.Lock()
		s.absent = append(s.absent, name)
		s.mu.Unlock()
		return s.lacks("the user %s", name)
	case err != nil:
		return err
	case u.Active != nil && !*u.Active:
		return s.lacks("the user %s, who is inactive", name)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.users[name] = u
	s.found++
	return nil
}

func (s *search) group(ctx context.Context, name string) error {
	g, err := s.client.Groups.Find(ctx, name)
	switch {
	case errors.Is(err, scimclient.ErrNotFound):
		return s.lacks("the group %s", name)
	case err != nil:
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.groups[name] = g
	s.found++
	return nil
}

func (s *search) membership(ctx context.Context, group string, g *scimclient.Group, user string, u *scimclient.User) error {
	is, err := s.client.Groups.IsMember(ctx, g.ID, u.ID)
	if err != nil {
		return err
	}
	if !is {
		return s.lacks("the user %s in the group %s", user, group)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.found++
	return nil
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
