package audit

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/claimmap"
)

// Witness is a consumer's own view of the tenant's directory. It proves what the
// tenant can't: that the consumer uses it. Package discoveryengine has one.
type Witness interface {
	// Groups says where the consumer takes groups from ("SCIM" for the tenant),
	// and which of at most 100 groups it knows, in their order.
	Groups(ctx context.Context, groups []WitnessGroup) (source string, known []bool, err error)

	// Subjects returns the google.subject of each person with the mail address,
	// as the consumer evaluated it.
	Subjects(ctx context.Context, email string) ([]string, error)
}

// WitnessGroup is a group that a witness is asked about.
type WitnessGroup struct {
	Value       string // google.group
	ID          string // SCIM ID in the tenant
	DisplayName string
}

// WitnessResult is what a witness said.
type WitnessResult struct {
	Source string `json:"source"` // of the consumer's groups; "SCIM" is the tenant
	Groups int    `json:"groups"` // asked about
	Users  int    `json:"users"`  // asked about
}

const (
	defaultWitnessUsers = 20

	// sourceSCIM is the directorySource of a consumer that takes groups from the
	// tenant.
	sourceSCIM = "SCIM"
)

// hear asks the witness, and again after the settle time about what differs. It
// returns the findings of both times.
func (a *auditor) hear(ctx context.Context) (*WitnessResult, []Finding, error) {
	if a.opts.Witness == nil {
		return nil, nil, nil
	}
	groups := a.witnessedGroups()
	users := a.witnessedUsers()
	result := &WitnessResult{Groups: len(groups), Users: len(users)}
	first, err := a.ask(ctx, result, groups, users)
	if err != nil {
		return silent(ctx, result, err)
	}
	if len(first) == 0 {
		return result, nil, nil
	}
	select {
	case <-time.After(a.opts.Settle):
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
	concerned := func(user, group string) bool {
		return slices.ContainsFunc(first, func(f Finding) bool { return f.User == user && f.Group == group })
	}
	groups = slices.DeleteFunc(groups, func(i uint32) bool { return !concerned("", a.x.group[i].Key) && !concerned("", "") })
	users = slices.DeleteFunc(users, func(u witnessedUser) bool { return !concerned(u.key, "") })
	if len(groups) > 0 {
		result.Source = ""
	}
	second, err := a.ask(ctx, result, groups, users)
	if err != nil {
		return silent(ctx, result, err)
	}
	return result, slices.DeleteFunc(second, func(f Finding) bool { return !slices.ContainsFunc(first, f.same) }), nil
}

// silent makes the error of a witness a check that wasn't possible: the rest of
// the audit stands. The error's text may have names.
func silent(ctx context.Context, result *WitnessResult, err error) (*WitnessResult, []Finding, error) {
	if ctx.Err() != nil {
		return nil, nil, ctx.Err()
	}
	why := "the witness failed"
	for _, kind := range []error{iamscim.ErrPermissionDenied, iamscim.ErrUnauthenticated, iamscim.ErrNotFound, iamscim.ErrThrottled, iamscim.ErrUnavailable, iamscim.ErrInvalidArgument, iamscim.ErrBadReply, iamscim.ErrRedirected} {
		if errors.Is(err, kind) {
			why += ": " + kind.Error()
			break
		}
	}
	return result, []Finding{newFinding(NotChecked, Finding{Detail: why})}, nil
}

// ask asks the witness once.
func (a *auditor) ask(ctx context.Context, result *WitnessResult, groups []uint32, users []witnessedUser) ([]Finding, error) {
	var list []Finding
	for batch := range slices.Chunk(groups, maxListed) {
		questions := make([]WitnessGroup, len(batch))
		for n, i := range batch {
			g := a.x.group[i]
			value, err := a.x.mapping.GroupValue(claimmap.Group{ExternalID: g.ExternalID, DisplayName: g.DisplayName})
			if err != nil {
				value = g.DisplayName // reported as refused
			}
			questions[n] = WitnessGroup{Value: value, ID: a.groupID(i), DisplayName: g.DisplayName}
		}
		source, known, err := a.opts.Witness.Groups(ctx, questions)
		if err != nil {
			return nil, err
		}
		if len(known) != len(batch) {
			return nil, errors.New("audit: the witness didn't answer about every group")
		}
		if result.Source == "" || source != sourceSCIM {
			result.Source = source
		}
		for n, i := range batch {
			if !known[n] {
				list = append(list, newFinding(WitnessGroupMissing, Finding{Group: a.x.group[i].Key, GroupID: questions[n].ID, Expected: questions[n].Value}))
			}
		}
	}
	if len(groups) > 0 && result.Source != sourceSCIM {
		list = append(list, newFinding(WitnessElsewhere, Finding{Expected: sourceSCIM, Found: result.Source}))
	}
	for _, u := range users {
		subjects, err := a.opts.Witness.Subjects(ctx, u.email)
		switch {
		case err != nil:
			return nil, err
		case len(subjects) == 0:
			list = append(list, newFinding(WitnessUserMissing, Finding{User: u.key, Expected: u.subject}))
		case !slices.Contains(subjects, u.subject):
			list = append(list, newFinding(WitnessSubjectDiffers, Finding{User: u.key, Attribute: "google.subject", Expected: u.subject, Found: subjects[0]}))
		}
	}
	return list, nil
}

// witnessedGroups are the groups that the tenant has.
func (a *auditor) witnessedGroups() []uint32 {
	a.groupsMu.RLock()
	defer a.groupsMu.RUnlock()
	var list []uint32
	for i, id := range a.groups.ids {
		if id != "" {
			list = append(list, uint32(i))
		}
	}
	return list
}

type witnessedUser struct {
	key, email, subject string
	rank                uint64
}

// witnessedUsers are a few active users, chosen by the hashes of their keys.
func (a *auditor) witnessedUsers() []witnessedUser {
	n := a.opts.WitnessUsers
	if n == 0 {
		n = defaultWitnessUsers
	}
	var list []witnessedUser
	for u := range rows(a.roster.Users) {
		i, known := a.x.users.find(u.Key)
		subject, err := a.x.mapping.Subject(person(u))
		if !known || err != nil || a.x.skip.has(i) || u.Inactive || len(u.Emails) != 1 || !a.sampled.has(u.Key) {
			continue
		}
		list = append(list, witnessedUser{u.Key, u.Emails[0], subject, stable("witness", u.Key)})
		if len(list) > 2*n {
			list = fewest(list, n)
		}
	}
	return fewest(list, n)
}

// fewest keeps the n users with the smallest hashes.
func fewest(list []witnessedUser, n int) []witnessedUser {
	slices.SortFunc(list, func(a, b witnessedUser) int {
		switch {
		case a.rank < b.rank:
			return -1
		case a.rank > b.rank:
			return 1
		}
		return 0
	})
	return list[:min(n, len(list))]
}
