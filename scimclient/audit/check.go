package audit

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/provision/idp"
	"github.com/iamscim/iamscim/scimclient"
)

// maxFailures ends an audit that meets nothing but failures.
const maxFailures = 20

// reading is what one look at a user, a group or a leaver found.
type reading struct {
	refused     []Finding // of the roster's row alone
	findings    []Finding
	memberships int  // of the roster, that were checked
	partial     bool // memberships of missing groups weren't checked
	notChecked  bool
}

// failed turns a failed request into a finding, or returns an error that ends the
// audit: every other request would fail as well.
func (a *auditor) failed(r *reading, f Finding, err error) error {
	for _, end := range []error{
		context.Canceled, context.DeadlineExceeded, scimclient.ErrTenantUnknown,
		iamscim.ErrUnauthenticated, iamscim.ErrPermissionDenied, iamscim.ErrRedirected,
	} {
		if errors.Is(err, end) {
			return err
		}
	}
	if n := a.failures.Add(1); n >= maxFailures {
		return fmt.Errorf("audit: %d requests in a row failed, the last one with: %w", n, err)
	}
	f.Detail = "the request failed"
	if e, ok := errors.AsType[*scimclient.Error](err); ok {
		if e.Kind != nil {
			f.Detail = e.Kind.Error()
		}
		if e.Status != 0 {
			f.Detail += fmt.Sprintf(" (HTTP %d)", e.Status)
		}
	}
	r.findings = append(r.findings, newFinding(NotChecked, f))
	r.notChecked = true
	return nil
}

// checkGroup looks up a group of the roster.
func (a *auditor) checkGroup(ctx context.Context, i uint32) (*reading, error) {
	want, r := a.x.group[i], &reading{}
	if want.DisplayName == "" && want.ID == "" {
		return r, nil // reported as refused
	}
	got, err := find(ctx, a.client.Groups.Get, a.client.Groups.Find, want.ID, want.DisplayName, func(g *scimclient.Group) string { return g.DisplayName })
	switch {
	case err == nil:
		a.failures.Store(0)
		a.resolved(i, got.ID)
		r.findings = a.x.groupDifferences(want, got)
	case errors.Is(err, scimclient.ErrNotFound):
		a.failures.Store(0)
		r.findings = append(r.findings, newFinding(GroupMissing, Finding{Group: want.Key, Expected: want.DisplayName}))
	case errors.Is(err, scimclient.ErrNotUnique):
		r.findings = append(r.findings, newFinding(TenantDuplicate, Finding{Group: want.Key, Attribute: "displayName", Found: want.DisplayName}))
	default:
		return r, a.failed(r, Finding{Group: want.Key}, err)
	}
	return r, nil
}

// find gets a resource by the ID that the roster has, if that is still a resource
// of this name, or else by the name.
func find[T any](ctx context.Context,
	get, byName func(context.Context, string, ...scimclient.ReadOption) (*T, error), id, name string, nameOf func(*T) string,
) (*T, error) {
	if id != "" {
		got, err := get(ctx, id)
		if err != nil && !errors.Is(err, scimclient.ErrNotFound) || name == "" {
			return got, err
		}
		if err == nil && strings.EqualFold(nameOf(got), name) {
			return got, nil
		}
	}
	return byName(ctx, name)
}

func (a *auditor) findUser(ctx context.Context, u idp.User) (*scimclient.User, error) {
	return find(ctx, a.client.Users.Get, a.client.Users.Find, u.ID, u.UserName, func(got *scimclient.User) string { return got.UserName })
}

// checkUser looks up a user of the roster, and the user's memberships. again is a
// second reading.
func (a *auditor) checkUser(user, memberships context.Context, i uint32, want idp.User, groups []uint32, again bool) (*reading, error) {
	r := &reading{refused: a.x.refusals(want)}
	if want.UserName == "" && want.ID == "" {
		return r, nil
	}
	got, err := a.findUser(user, want)
	switch {
	case err == nil:
		a.failures.Store(0)
	case errors.Is(err, scimclient.ErrNotFound):
		a.failures.Store(0)
		if r.refused == nil {
			r.findings = append(r.findings, newFinding(UserMissing, Finding{User: want.Key, Expected: want.UserName}))
		}
		return r, nil
	case errors.Is(err, scimclient.ErrNotUnique):
		r.findings = append(r.findings, newFinding(TenantDuplicate, Finding{User: want.Key, Attribute: "userName", Found: want.UserName}))
		return r, nil
	default:
		return r, a.failed(r, Finding{User: want.Key}, err)
	}
	r.findings = a.x.differences(i, want, got)
	if a.roster.Memberships == nil {
		return r, nil
	}
	m := memberCheck{a: a, r: r, key: want.Key, id: got.ID, want: groups, again: again}
	if a.filter {
		err = m.list(memberships)
	} else {
		err = m.pairs(memberships, groups)
	}
	if err != nil {
		return r, a.failed(r, Finding{User: want.Key, UserID: got.ID, Attribute: "groups"}, err)
	}
	a.unproven(r)
	return r, nil
}

// checkLeaver looks up somebody who left.
func (a *auditor) checkLeaver(ctx context.Context, l idp.Leaver) (*reading, error) {
	r := &reading{}
	if l.UserName == "" && l.ID == "" {
		r.refused = append(r.refused, newFinding(RosterRefused, Finding{User: l.Key, Attribute: "userName", Detail: "it's empty: the leaver can't be looked up"}))
		return r, nil
	}
	got, err := a.findUser(ctx, l.User)
	switch {
	case errors.Is(err, scimclient.ErrNotFound):
		a.failures.Store(0)
	case errors.Is(err, scimclient.ErrNotUnique):
		r.findings = append(r.findings, newFinding(TenantDuplicate, Finding{User: l.Key, Attribute: "userName", Found: l.UserName}))
	case err != nil:
		return r, a.failed(r, Finding{User: l.Key}, err)
	default:
		a.failures.Store(0)
		active := got.Active == nil || *got.Active
		if !active && !l.Gone {
			break
		}
		f := Finding{User: l.Key, UserID: got.ID, Attribute: "active", Expected: "absent or false", Found: fmt.Sprint(active)}
		if l.Gone {
			f.Expected = "absent"
		}
		r.findings = append(r.findings, newFinding(LeaverPresent, f))
	}
	return r, nil
}
