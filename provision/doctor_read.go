package provision

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"

	"github.com/iamscim/iamscim/provision/idp"
	"github.com/iamscim/iamscim/scimclient"
)

// exam is what only the doctor reads.
type exam struct {
	pool, tenant, organization read[[]string] // the permissions that the caller has there
	sample                     read[sample]
	attempts                   []attempt // of the people whom Ready names and the directory lacks
}

// attempt is what the identity provider says about a person.
type attempt struct {
	person  string
	attempt *idp.Attempt
	err     error
}

// askWhy asks the identity provider about at most sampleUsers people whom Ready
// names and the directory lacks.
func (x *exam) askWhy(ctx context.Context, half idp.Provider, e evidence) {
	people := e.absent
	if half == nil || len(people) == 0 {
		return
	}
	slices.Sort(people)
	people = people[:min(len(people), sampleUsers)]
	x.attempts = make([]attempt, len(people))
	var wg sync.WaitGroup
	for i, person := range people {
		wg.Go(func() {
			got, err := half.Why(ctx, person)
			if err == nil && got == nil {
				got = &idp.Attempt{}
			}
			x.attempts[i] = attempt{person, got, err}
		})
	}
	wg.Wait()
}

// The permissions that a set-up takes. Those that only read come first.
var (
	poolPermissions = []string{
		"iam.workforcePools.get", getProvider, "iam.workforcePoolProviders.list", listTenants,
		"iam.workforcePoolProviders.update", "iam.workforcePoolProviderScimTenants.create", "iam.workforcePoolProviderScimTenants.undelete", "iam.workforcePoolProviderScimTenants.delete",
	}
	tenantPermissions       = []string{listTokens, "iam.workforcePoolProviderScimTokens.create", "iam.workforcePoolProviderScimTokens.delete"}
	organizationPermissions = []string{getOrgPolicy, "resourcemanager.organizations.setIamPolicy"}
)

// reads reports whether a permission is one that a doctor needs.
func reads(permission string) bool {
	return strings.HasSuffix(permission, ".get") || strings.HasSuffix(permission, ".list") || permission == getOrgPolicy
}

// iamNames are permissions as roles name them, which is what testIamPermissions
// takes (https://docs.cloud.google.com/iam/docs/roles-permissions/iam).
func iamNames(permissions []string) []string {
	names := make([]string, len(permissions))
	for i, p := range permissions {
		names[i] = p
		if rest, ok := strings.CutPrefix(p, "iam."); ok {
			names[i] = "iam.googleapis.com/" + rest
		}
	}
	return names
}

// A sample is some users of a directory, some groups, and who is in one.
type sample struct {
	users []*scimclient.User
	// groups are those that can be listed; cut says that there may be more.
	groups []*scimclient.Group
	cut    bool
	// asked says how memberships were asked for, "" if they weren't.
	asked string
	// inGroup are the IDs of the users who are in a group.
	inGroup map[string]bool
	skipped string // why nobody was asked about memberships
}

const (
	sampleUsers = 5
	// samplePairs is how many requests for single memberships a sample may take.
	samplePairs = 13
)

// takeSample reads a sample: one request for users and one for groups, side by
// side, then at most samplePairs for memberships, side by side.
func takeSample(ctx context.Context, client *scimclient.Client) (sample, error) {
	var (
		s     sample
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
			if s.users = append(s.users, user); len(s.users) == sampleUsers {
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
			s.groups = append(s.groups, group)
			if len(s.groups) == 100 { // the service lists no more
				s.cut = true
				return
			}
		}
	})
	wg.Wait()
	if errors.Is(groups, scimclient.ErrTruncated) {
		s.cut, groups = true, nil
	}
	if errors.Is(users, scimclient.ErrTruncated) {
		users = nil
	}
	if err := errors.Join(users, groups); err != nil || len(s.users) == 0 || len(s.groups) == 0 {
		return s, err
	}
	s.inGroup = map[string]bool{}
	if !s.cut && len(s.users)*len(s.groups) <= samplePairs {
		s.asked = "each sampled user and each group, by the documented filter"
		var errs []error
		for _, user := range s.users {
			for _, group := range s.groups {
				wg.Go(func() {
					n, err := found(ctx, client, scimclient.Eq("id", group.ID).And(scimclient.Eq("members", user.ID)))
					mu.Lock()
					defer mu.Unlock()
					errs = append(errs, err)
					if len(n) > 0 {
						s.inGroup[user.ID] = true
					}
				})
			}
		}
		wg.Wait()
		return s, errors.Join(errs...)
	}
	// More pairs than requests. One filter answers for all groups, and isn't
	// documented: an answer that is the same list for everybody isn't one.
	s.asked = "each sampled user, by a filter that Google doesn't document"
	replies := make([][]string, len(s.users))
	errs := make([]error, len(s.users))
	for i, user := range s.users {
		wg.Go(func() { replies[i], errs[i] = found(ctx, client, scimclient.Eq("members", user.ID)) })
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		s.skipped, s.asked = "the service doesn't answer the filter on members alone: "+cause(err), ""
		return s, nil
	}
	for i, user := range s.users {
		if len(replies[i]) >= len(s.groups) {
			s.skipped, s.asked = "the service seems to ignore the filter on members alone", ""
			s.inGroup = nil
			return s, nil
		}
		if len(replies[i]) > 0 {
			s.inGroup[user.ID] = true
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
