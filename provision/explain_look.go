package provision

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/claimmap"
	"github.com/iamscim/iamscim/provision/idp"
	"github.com/iamscim/iamscim/provision/internal/doctor"
	"github.com/iamscim/iamscim/scimclient"
)

// explainer makes an explanation.
type explainer struct {
	spec     Spec
	w        *world
	claims   map[string]any
	confirm  func(ctx context.Context, userKey string) (idp.Confirmation, error)
	out      *Person
	mapping  claimmap.Mapping
	user     *scimclient.User
	attrs    error // of the claim mapping for the user
	tokenErr error // of the provider's attribute mapping for the claims
}

func (x *explainer) skip(format string, args ...any) {
	x.out.NotSearched = append(x.out.NotSearched, fmt.Sprintf(format, args...))
}

// look reads what there is of the person.
func (x *explainer) look(ctx context.Context, c *Clients) {
	if half := x.spec.IdentityProvider; half != nil {
		switch attempt, err := half.Why(ctx, x.out.Person); {
		case err != nil:
			x.skip("what the identity provider says: %s", cause(err))
		case attempt != nil && *attempt != (idp.Attempt{}):
			x.out.Attempt = attempt
		default:
			x.skip("what the identity provider says: it knows of no attempt to push this person")
		}
	} else {
		x.skip("what the identity provider says: no program for it is given")
	}
	x.row(ctx)
	p := x.w.provider.value
	if p == nil {
		x.skip("everything else: the provider can't be read: %s", cause(x.w.provider.err))
		return
	}
	x.out.Usage = p.SCIMUsage
	if x.claims != nil {
		got, err := claimmap.EvaluateAssertion(p.AttributeMapping, x.claims)
		if x.tokenErr = err; got.Subject != "" {
			x.out.Token = &PersonInToken{Subject: got.Subject, Groups: got.Groups}
		}
		if p.AttributeCondition != "" {
			x.skip("the provider's attribute condition: the console's page Debug IdP token evaluates it")
		}
	}
	t := x.w.tenant.value
	if t == nil || x.w.access.err != nil || !x.w.access.done {
		x.skip("the directory: %s", x.unreadable())
		return
	}
	var err error
	if x.mapping, err = t.Mapping(); err != nil {
		x.skip("the claim mapping: this module doesn't know it to be supported")
	}
	client, err := c.once.SCIM(t, x.w.secret())
	if err != nil {
		x.skip("the directory: %s", cause(err))
		return
	}
	x.find(ctx, client)
	if x.user != nil {
		x.describe(ctx, client)
	}
}

// row reads the person's row at the identity provider, by the key that the last
// attempt has, or by the name.
func (x *explainer) row(ctx context.Context) {
	if x.confirm == nil {
		return
	}
	key := x.out.Person
	if a := x.out.Attempt; a != nil && a.Key != "" {
		key = a.Key
	}
	switch got, err := x.confirm(ctx, key); {
	case err != nil:
		x.skip("the row at the identity provider: %s", cause(err))
	case got.User == nil:
		x.because("", "the identity provider's roster doesn't have the person")
	default:
		u := got.User
		x.out.Roster = &PersonInRoster{Key: u.Key, UserName: u.UserName, ExternalID: u.ExternalID, Emails: u.Emails, Active: !u.Inactive, Groups: got.Groups}
	}
}

// unreadable says why the directory can't be read.
func (x *explainer) unreadable() string {
	switch {
	case x.w.access.err != nil:
		return cause(x.w.access.err)
	case x.w.tenant.err != nil:
		return cause(x.w.tenant.err)
	case x.w.tenant.value == nil:
		return "there is no SCIM tenant"
	case x.w.tenant.value.Name.Provider() != x.spec.Provider || x.w.tenant.value.State != iamscim.StateActive:
		return "the provider has no active SCIM tenant"
	}
	return "no stored token works for it"
}

// find looks the person up by user name, and then by ID.
func (x *explainer) find(ctx context.Context, client *scimclient.Client) {
	user, err := client.Users.Find(ctx, x.out.Person)
	absent := errors.Is(err, scimclient.ErrNotFound) || errors.Is(err, scimclient.ErrUnproven)
	if absent && !strings.ContainsAny(x.out.Person, "@/ ") {
		if byID, idErr := client.Users.Get(ctx, x.out.Person); idErr == nil {
			user, err = byID, nil
		}
	}
	switch {
	case err == nil:
		x.user, x.out.Searched = user, true
	case absent:
		x.out.Searched = true
		x.bySubject(ctx, client)
	default:
		x.skip("the directory: %s", cause(err))
	}
}

// bySubject looks for the user who has the token's subject, among those whom the
// service lists: the person may have another user name than the one given.
func (x *explainer) bySubject(ctx context.Context, client *scimclient.Client) {
	if x.out.Token == nil || x.mapping.IsZero() {
		return
	}
	for user, err := range client.Users.List(ctx, scimclient.Filter{}) {
		if err != nil {
			x.skip("whether the token is that of another user: %s", cause(err))
			return
		}
		resource, err := document(user)
		if err != nil {
			continue
		}
		if got, _ := x.mapping.EvaluateUser(resource); got.Subject == x.out.Token.Subject {
			x.user = user
			x.because("", "the directory has no user with the userName %s; the token is that of %s", x.out.Person, user.UserName)
			return
		}
	}
}

// describe says what the directory has of the person, and the person's groups.
func (x *explainer) describe(ctx context.Context, client *scimclient.Client) {
	u, pool := x.user, x.spec.Provider.Pool().String()
	x.out.User = &PersonInDirectory{ID: u.ID, UserName: u.UserName, ExternalID: u.ExternalID, Active: u.Active == nil || *u.Active}
	for _, mail := range u.Emails {
		x.out.User.Emails = append(x.out.User.Emails, strings.TrimSpace(mail.Value+" "+mail.Type))
	}
	if !x.mapping.IsZero() {
		resource, err := document(u)
		if err == nil {
			var got claimmap.Attributes
			got, err = x.mapping.EvaluateUser(resource)
			x.out.Subject = got.Subject
		}
		x.attrs = err
		if x.out.Subject != "" {
			x.out.SubjectPrincipal = "principal://iam.googleapis.com/" + pool + "/subject/" + x.out.Subject
		}
	}
	for g, err := range client.Groups.GroupsOf(ctx, u.ID) {
		switch {
		case errors.Is(err, scimclient.ErrTruncated):
			x.skip("groups beyond the 100 that the service lists")
			return
		case err != nil:
			x.skip("groups: %s", cause(err))
			return
		}
		in := GroupInDirectory{ID: g.ID, DisplayName: g.DisplayName}
		if value, err := x.mapping.GroupValue(claimmap.Group{ExternalID: g.ExternalID, DisplayName: g.DisplayName}); err == nil {
			in.Principal = "principalSet://iam.googleapis.com/" + pool + "/group/" + value
		}
		x.out.Groups = append(x.out.Groups, in)
	}
}

// judge answers whether the person can sign in, and with the groups of the
// directory.
func (x *explainer) judge() {
	p := x.w.provider.value
	if p == nil {
		return
	}
	no := func(next, format string, args ...any) {
		x.out.SignIn, x.out.InGroups = No, No
		x.because(next, format, args...)
	}
	describe := doctor.Provider(p.Name, "describe")
	pool := x.w.pool.value
	switch {
	case pool != nil && (pool.Disabled || pool.State == iamscim.StateDeleted):
		no("", "the pool is disabled or deleted")
	case p.Disabled || p.State == iamscim.StateDeleted:
		no("", "the provider is disabled or deleted")
	case x.claims != nil && x.out.Token == nil:
		no(describe, "the provider's attribute mapping makes no google.subject of the claims: %v", x.tokenErr)
	case x.tokenErr != nil:
		no(describe, "the provider's attribute mapping fails for the claims: %v", x.tokenErr)
	case p.SCIMUsage.Enabled() && x.w.tenant.done && x.w.tenant.err == nil && (x.w.tenant.value == nil || x.w.tenant.value.Name.Provider() != p.Name || x.w.tenant.value.State != iamscim.StateActive):
		no(usageCommand(p, iamscim.SCIMUsageNone), "the provider uses SCIM, and has no active tenant")
	}
	if x.out.SignIn == No {
		return
	}
	if !p.SCIMUsage.Enabled() {
		x.out.InGroups = No
		x.because(usageCommand(p, x.spec.Usage), "the provider doesn't use SCIM: a person has the groups of the token")
		if x.claims != nil {
			x.out.SignIn = Yes
		}
		return
	}
	here, reason, next := x.here(describe)
	if reason != "" {
		x.because(next, "%s", reason)
	}
	switch p.SCIMUsage {
	case iamscim.SCIMUsageUsersAndGroups:
		x.out.SignIn = here
	default:
		// A token that can be read is all that signing in takes.
		if x.claims != nil {
			x.out.SignIn = Yes
		}
	}
	x.out.InGroups = here
	if here == Yes && len(x.out.Groups) == 0 {
		x.out.InGroups = No
		x.because("", "the user is in no group of the directory")
	}
}

// here says whether the person with the claims is one whom the directory has,
// active.
func (x *explainer) here(describe string) (Answer, string, string) {
	users := x.w.provider.value.SCIMUsage == iamscim.SCIMUsageUsersAndGroups
	switch {
	case !x.out.Searched:
		return Unknown, "the directory can't be read", waitCommand
	case x.user == nil:
		return No, "the directory has no such user", x.push()
	case users && !x.out.User.Active:
		return No, "the user is inactive", "make the person active at the identity provider, and wait for its next cycle"
	case x.mapping.IsZero():
		return Unknown, "the claim mapping can't be evaluated", ""
	case x.out.Subject == "":
		return No, fmt.Sprintf("the claim mapping makes no google.subject of the user: %v", x.attrs), x.push()
	case users && x.attrs != nil:
		return No, fmt.Sprintf("the claim mapping fails for the user: %v", x.attrs), x.push()
	case x.claims == nil:
		return Unknown, "without the claims of a token nobody can tell whether its subject is " + x.out.Subject, ""
	case x.out.Token.Subject != x.out.Subject:
		return No, doctor.Differ(x.out.Token.Subject, x.out.Subject, x.mapping.Map()["google.subject"], x.user), describe
	}
	return Yes, "", ""
}

// push is what makes the identity provider push the person.
func (x *explainer) push() string {
	if a := x.out.Attempt; a != nil {
		return either(a.Mend, either(a.Action, a.Reason))
	}
	return "assign the person at the identity provider, and wait for its next cycle"
}

func (x *explainer) because(next, format string, args ...any) {
	x.out.Reasons = append(x.out.Reasons, strings.Join(strings.Fields(fmt.Sprintf(format, args...)), " "))
	x.out.Next = either(x.out.Next, next)
}
