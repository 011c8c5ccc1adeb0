package provision

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/claimmap"
	"github.com/iamscim/iamscim/provision/internal/doctor"
	"github.com/iamscim/iamscim/scimclient"
)

// access looks at what the SCIM service answered to the stored token.
func (d *examiner) access() {
	if !d.w.access.done {
		return
	}
	err, base := d.w.access.err, d.own().BaseURI
	name, _ := live(d.w.stored.value)
	if err != nil && (d.providerDeleted() || d.w.tokens.err == nil && !slices.Contains(d.active(), name)) {
		d.skip("access and the directory: the provider or the token is deleted")
		return
	}
	young := (&planner{w: d.w}).recent(name)
	switch {
	case err == nil:
		return
	case errors.Is(err, scimclient.ErrNotSyncer): // the role's
	case errors.Is(err, scimclient.ErrTokenRejected) && young, errors.Is(err, scimclient.ErrTenantUnknown) && young:
		d.add(doctor.TooEarly, name.String(), waitCommand, "the token was made within the last %v, and the SCIM service doesn't know it yet: %s", replicates+time.Minute, cause(err))
	case errors.Is(err, scimclient.ErrTokenRejected):
		d.add(doctor.Rejected, base, rotateCommand, "the SCIM service answers 401 to the stored token %s", name.ID())
	case errors.Is(err, scimclient.ErrTenantUnknown):
		d.add(doctor.Unknown, base, doctor.Tenant(d.own().Name, "describe"), "the SCIM service answers 404 at the tenant's base URI")
	case errors.Is(err, iamscim.ErrThrottled):
		d.add(doctor.Throttled, base, "Google Cloud console: IAM & Admin > Quotas, filter iamscim.googleapis.com", "the SCIM service answers 429: the tenant's 3,000 requests per minute are used up")
	default:
		d.add(doctor.Unreachable, base, "curl -v "+base+"/Users", "%s", cause(err))
	}
	d.skip("the directory: the stored token has no access")
}

// directory looks at a sample of users and groups, and at what Ready names.
func (d *examiner) directory() {
	if !d.granted() {
		return
	}
	base := d.own().BaseURI
	d.named(base)
	s := d.x.sample.value
	if err := d.x.sample.err; err != nil {
		if errors.Is(err, iamscim.ErrThrottled) {
			d.add(doctor.Throttled, base, "Google Cloud console: IAM & Admin > Quotas, filter iamscim.googleapis.com", "the SCIM service answers 429: the tenant's 3,000 requests per minute are used up")
		} else {
			d.add(doctor.Unreachable, base, "curl -v "+base+"/Users", "%s", cause(err))
		}
		d.skip("users, groups and memberships: the sample can't be read")
		return
	}
	if len(s.Users) == 0 {
		d.add(doctor.Empty, base, d.startPushing(), "the directory has no users")
		return
	}
	if len(s.Groups) == 0 {
		d.add(doctor.NoGroupAtAll, base, d.startPushing(), "the directory has users and no groups")
	}
	d.skip("users beyond a sample of %d: scimctl audit looks at all", len(s.Users))
	inactive := 0
	for _, user := range s.Users {
		if user.Active != nil && !*user.Active {
			inactive++
		}
		d.user(user)
	}
	if inactive == len(s.Users) {
		d.add(doctor.AllInactive, base, d.portal("the mapping of active"), "all %s are inactive", counted(inactive, "sampled user"))
	} else if inactive > 0 {
		d.add(doctor.Inactive, base, "scimctl explain -spec spec.yaml USER_NAME", "%d of %s are inactive", inactive, counted(len(s.Users), "sampled user"))
	}
	switch {
	case s.Unanswered != nil:
		d.skip("memberships: %s", cause(s.Unanswered))
	case s.Asked != "" && len(s.InGroup) == 0:
		d.add(doctor.NoGroups, base, d.portal("the assigned groups, and the log of provisioning"), "of %s, nobody is in one of %s; asked was %s", counted(len(s.Users), "sampled user"), d.listed(s), s.Asked)
	}
}

func (d *examiner) listed(s doctor.Sample) string {
	if s.Cut {
		return "100 groups or more"
	}
	return counted(len(s.Groups), "group")
}

// user looks at one sampled user: the rule for e-mail addresses, and what the claim
// mapping makes of the user.
func (d *examiner) user(user *scimclient.User) {
	resource := d.own().BaseURI + "/Users/" + user.ID
	work := 0
	for _, mail := range user.Emails {
		if mail.Type == scimclient.TypeWork {
			work++
		}
	}
	if len(user.Emails) != 1 || work != 1 {
		d.add(doctor.EmailRule, resource, d.portal("send the primary work e-mail address, and no other"), "the user has %s, %d of type work; the service takes exactly one", addresses(len(user.Emails)), work)
		return // the mapping by e-mail follows from it
	}
	m, err := d.own().Mapping()
	if err != nil {
		return // the mapping's own finding
	}
	document, err := document(user)
	if err == nil {
		_, err = m.EvaluateUser(document)
	}
	if err := d.matters(err); err != nil {
		d.add(doctor.Unmappable, resource, d.portal("the attribute that the claim mapping reads"), "the claim mapping makes no usable value of the user: %v", err)
	}
}

// matters is an error of an evaluation, without what the usage ignores.
func (d *examiner) matters(err error) error {
	if err == nil || d.w.provider.value.SCIMUsage == iamscim.SCIMUsageUsersAndGroups || d.spec.Usage == iamscim.SCIMUsageUsersAndGroups {
		return err
	}
	var values []error
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		values = joined.Unwrap()
	} else {
		values = []error{err}
	}
	for _, e := range values {
		var value *claimmap.ValueError
		if !errors.As(e, &value) || value.Key == "google.subject" {
			return e
		}
	}
	return nil
}

// named looks for what Ready names.
func (d *examiner) named(base string) {
	switch err := d.w.evidence.err; {
	case errors.Is(err, scimclient.ErrUnproven):
		d.skip("memberships that the spec names: the service says no, and nothing shows that it knows the question")
	case err != nil:
		d.skip("the users and groups that the spec names: %s", cause(err))
		return
	}
	if missing := d.w.evidence.value.missing; len(missing) > 0 {
		d.add(doctor.NotArrived, base, d.startPushing(), "the directory lacks %s", strings.Join(missing, ", "))
	}
}

// startPushing is what makes the identity provider push.
func (d *examiner) startPushing() string {
	if d.spec.IdentityProvider != nil {
		return applyCommand
	}
	return d.portal("start provisioning, and look at its log")
}

// portal is a place in the identity provider's console.
func (d *examiner) portal(note string) string {
	switch d.vendor() {
	case iamscim.VendorEntraID:
		note = strings.TrimPrefix(note, "Provisioning > ")
		return "Microsoft Entra admin center: Enterprise apps > your app > Provisioning: " + note
	case iamscim.VendorOkta:
		return "Okta Admin Console: Applications > your app > Provisioning: " + note
	}
	return fmt.Sprintf("the console of the identity provider: %s", note)
}

func addresses(n int) string {
	if n == 1 {
		return "1 e-mail address"
	}
	return fmt.Sprintf("%d e-mail addresses", n)
}
