package provision

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/iamscim/iamscim/provision/internal/doctor"
	"github.com/iamscim/iamscim/scimtoken"
)

// tokens looks at the tenant's tokens, by their names alone.
func (d *examiner) tokens() {
	t := d.own()
	if t == nil || !d.w.tokens.done {
		return
	}
	if d.unread(serviceIAM, t.Name.String(), listTokens, d.w.tokens.err) {
		d.skip("the tenant's tokens: they can't be listed")
		return
	}
	names := d.active()
	if len(names) == 0 {
		d.add(doctor.NoToken, t.Name.String(), d.createToken(), "the tenant has no active token: nobody can push into it")
		return
	}
	now := d.w.now
	var youngest time.Time
	var undated []string
	for _, name := range names {
		created, known := name.Created()
		if !known {
			undated = append(undated, name.ID())
			continue
		}
		if created.After(youngest) {
			youngest = created
		}
		if age := now.Sub(created); age > d.limits.TokenAge {
			d.add(doctor.OldToken, name.String(), rotateCommand, "it was made %s ago; the limit is %s", days(age), days(d.limits.TokenAge))
		}
	}
	if undated != nil {
		d.skip("the age of the token %s: its ID doesn't say when it was made", strings.Join(undated, " and "))
	} else if len(names) > 1 && now.Sub(youngest) > d.limits.TwoTokens {
		d.add(doctor.TwoTokens, t.Name.String(), d.secondToken(names), "%s and %s are active, and have been for %s; the limit is %s", names[0].ID(), names[1].ID(), days(now.Sub(youngest)), days(d.limits.TwoTokens))
	}
}

// active returns the names of the tenant's active tokens.
func (d *examiner) active() []scimtoken.Name {
	return (&planner{w: d.w}).active()
}

// days is a time in days, or in hours if it's short.
func days(t time.Duration) string {
	if t < 48*time.Hour {
		return counted(int(t.Round(time.Hour).Hours()), "hour")
	}
	return counted(int(t.Hours()/24), "day")
}

// store compares the record in the token store with the tenant.
func (d *examiner) store() {
	if d.spec.Store == nil {
		d.skip("the token store, access with the token and the directory: no store is given")
		return
	}
	if err := d.w.stored.err; err != nil {
		d.add(doctor.StoreFails, storeResource, "make the store readable for this program", "%s", cause(err))
		d.skip("access with the token and the directory: the token store can't be read")
		return
	}
	t, stored := d.own(), d.w.stored.value
	if stored != nil && d.w.tenant.done && d.w.tenant.err == nil && !d.w.fresh() {
		d.add(doctor.StaleRecord, storeResource, applyCommand, "the record is about the tenant %s with UID %s, which isn't there", stored.Tenant, stored.TenantUID)
		d.skip("access with the token and the directory: the store's token is another tenant's")
		return // its names say nothing
	}
	if t == nil || !d.w.tokens.done || d.w.tokens.err != nil {
		return
	}
	switch {
	case stored == nil || stored.Current.IsZero() && stored.Next.IsZero():
		if len(d.active()) > 0 {
			d.add(doctor.StoreEmpty, storeResource, applyCommand, "the store has no token, and the tenant has %s", counted(len(d.active()), "active token"))
		}
		d.skip("access with the token and the directory: the store has no token")
	default:
		d.dead(stored)
	}
	d.strangers(stored)
}

// dead looks for the token that the identity provider is to have among the tenant's.
func (d *examiner) dead(stored *scimtoken.Stored) {
	name, secret := live(stored)
	p := &planner{w: d.w}
	switch {
	case slices.Contains(d.active(), name):
		if secret.IsZero() {
			d.skip("access with the token and the directory: the store has the token %s without its secret", name.ID())
		}
	case p.recent(name) && !slices.ContainsFunc(d.w.tokens.value, func(t *scimtoken.Token) bool { return t.Name == name }):
		d.add(doctor.TooEarly, name.String(), waitCommand, "the token was made within the last %v, and isn't listed yet", replicates+time.Minute)
	default:
		d.add(doctor.DeadToken, name.String(), applyCommand, "the store has this token, and the tenant doesn't have it as an active one")
	}
}

// strangers looks for active tokens that the store doesn't know.
func (d *examiner) strangers(stored *scimtoken.Stored) {
	for _, name := range d.active() {
		if stored != nil && (name == stored.Current || name == stored.Next || slices.Contains(stored.Retire, name)) {
			continue
		}
		d.add(doctor.UnknownToken, name.String(), doctor.Token(name, "describe"), "the tenant has this active token, and the store doesn't know it")
	}
}

// createToken is the command that makes a token.
func (d *examiner) createToken() string {
	if d.spec.Store != nil {
		return applyCommand
	}
	name, err := scimtoken.NewName(d.own().Name, "token-"+d.w.now.UTC().Format("20060102"))
	if err != nil {
		return ""
	}
	return doctor.Token(name, "create")
}

// secondToken is the command for the token of two that isn't in use.
func (d *examiner) secondToken(names []scimtoken.Name) string {
	stored := d.w.stored.value
	if stored == nil || !d.w.fresh() {
		return fmt.Sprintf("gcloud iam workforce-pools providers scim-tenants tokens list %s", doctor.TokenFlags(names[0]))
	}
	if !stored.Next.IsZero() {
		return "scimctl rotate -spec spec.yaml -retire " + stored.Next.ID()
	}
	for _, name := range names {
		if name != stored.Current {
			return doctor.Token(name, "delete")
		}
	}
	return ""
}

// The resources that have no name at Google.
const (
	storeResource = "the token store"
	idpResource   = "the identity provider"
)

func keys[V any](m map[string]V) func(func(string) bool) { return maps.Keys(m) }
