package doctor

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/iamscim/iamscim/scimclient"
)

// A Sample is some users of a directory, some groups, and who is in one.
type Sample struct {
	Users []*scimclient.User
	// Groups are those that can be listed. Cut says that there may be more.
	Groups []*scimclient.Group
	Cut    bool
	// Asked says how memberships were asked for, "" if they weren't.
	Asked string
	// InGroup are the IDs of the users who are in a group.
	InGroup map[string]bool
	// Unanswered says why there is no answer about memberships.
	Unanswered error
}

const (
	// SampleUsers is how many users a sample has at most.
	SampleUsers = 5
	// pairs is how many requests for single memberships a sample may take.
	pairs = 13
)

// TakeSample reads a sample: one request for users and one for groups, side by
// side, then at most pairs for memberships, side by side.
func TakeSample(ctx context.Context, client *scimclient.Client) (Sample, error) {
	var (
		s     Sample
		wg    sync.WaitGroup
		mu    sync.Mutex
		users error
	)
	wg.Go(func() {
		for user, err := range client.Users.List(ctx, scimclient.Filter{}) {
			if err != nil {
				users = err
				return
			}
			if s.Users = append(s.Users, user); len(s.Users) == SampleUsers {
				return
			}
		}
	})
	var groups error
	wg.Go(func() {
		for group, err := range client.Groups.List(ctx, scimclient.Filter{}) {
			if err != nil {
				groups = err
				return
			}
			s.Groups = append(s.Groups, group)
			if len(s.Groups) == 100 { // the service lists no more
				s.Cut = true
				return
			}
		}
	})
	wg.Wait()
	if errors.Is(groups, scimclient.ErrTruncated) {
		s.Cut, groups = true, nil
	}
	if errors.Is(users, scimclient.ErrTruncated) {
		users = nil
	}
	if err := errors.Join(users, groups); err != nil || len(s.Users) == 0 || len(s.Groups) == 0 {
		return s, err
	}
	s.InGroup = map[string]bool{}
	if !s.Cut && len(s.Users)*len(s.Groups) <= pairs {
		s.Asked = "each sampled user and each group, by the documented filter"
		var errs []error
		for _, user := range s.Users {
			for _, group := range s.Groups {
				wg.Go(func() {
					n, err := found(ctx, client, scimclient.Eq("id", group.ID).And(scimclient.Eq("members", user.ID)))
					mu.Lock()
					defer mu.Unlock()
					errs = append(errs, err)
					if len(n) > 0 {
						s.InGroup[user.ID] = true
					}
				})
			}
		}
		wg.Wait()
		return s, errors.Join(errs...)
	}
	// More pairs than requests. One filter answers for all groups, and isn't
	// documented: an answer that is the same list for everybody isn't one.
	s.Asked = "each sampled user, by a filter that Google doesn't document"
	replies := make([][]string, len(s.Users))
	errs := make([]error, len(s.Users))
	for i, user := range s.Users {
		wg.Go(func() { replies[i], errs[i] = found(ctx, client, scimclient.Eq("members", user.ID)) })
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		s.Unanswered, s.Asked = fmt.Errorf("the filter on members alone: %w", err), ""
		return s, nil
	}
	for i, user := range s.Users {
		if len(replies[i]) >= len(s.Groups) {
			s.Unanswered, s.Asked = errors.New("the service seems to ignore the filter on members alone"), ""
			s.InGroup = nil
			return s, nil
		}
		if len(replies[i]) > 0 {
			s.InGroup[user.ID] = true
		}
	}
	return s, nil
}

// found returns the IDs of the groups that a filter selects, of the first page.
func found(ctx context.Context, client *scimclient.Client, filter scimclient.Filter) ([]string, error) {
	var ids []string
	for group, err := range client.Groups.List(ctx, filter) {
		if errors.Is(err, scimclient.ErrTruncated) {
			break
		}
		if err != nil {
			return nil, err
		}
		ids = append(ids, group.ID)
		if len(ids) == 100 {
			break
		}
	}
	return ids, nil
}
