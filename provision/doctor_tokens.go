package provision

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/iamscim/iamscim/scimtoken"
)

// tokens looks at the tenant's tokens, by their names alone.
func (d *doctor) tokens() {
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
		d.add(codeNoToken, t.Name.String(), d.createToken(), "the tenant has no active token: nobody can push into it")
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
			d.add(codeOldToken, name.String(), "scimctl rotate -spec spec.yaml", "it was made %s ago; the limit is %s", days(age), days(d.limits.TokenAge))
		}
	}
	if undated != nil {
		d.skip("the age of the token %s: its ID doesn't say when it was made", strings.Join(undated, " and "))
	} else if len(names) > 1 && now.Sub(youngest) > d.limits.TwoTokens {
		d.add(codeTwoTokens, t.Name.String(), d.secondToken(names), "%s and %s are active, and have been for %s; the limit is %s", names[0].ID(), names[1].ID(), days(now.Sub(youngest)), days(d.limits.TwoTokens))
	}
}

// active returns the names of the tenant's active tokens.
func (d *doctor) active() []scimtoken.Name {
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
func (d *doctor) store() {
	if d.spec.Store == nil {
		d.skip("the token store, access with the token and the directory: no store is given")
		return
	}
	if err := d.w.stored.err; err != nil {
		d.add(codeStoreFails, storeResource, "make the store readable for this program", "%s", cause(err))
		d.skip("access with the token and the directory: the token store can't be read")
		return
	}
	t, stored := d.own(), d.w.stored.value
	if stored != nil && d.w.tenant.done && d.w.tenant.err == nil && !d.w.fresh() {
		d.add(codeStaleRecord, storeResource, "scimctl apply -spec spec.yaml", "the record is about the tenant %s with UID %s, which isn't there", stored.Tenant, stored.TenantUID)
		d.skip("access with the token and the directory: the store's token is another tenant's")
		return // its names say nothing
	}
	if t == nil || !d.w.tokens.done || d.w.tokens.err != nil {
		return
	}
	switch {
	case stored == nil || stored.Current.IsZero() && stored.Next.IsZero():
		if len(d.active()) > 0 {
			d.add(codeStoreEmpty, storeResource, "scimctl apply -spec spec.yaml", "the store has no token, and the tenant has %s", counted(len(d.active()), "active token"))
		}
		d.skip("access with the token and the directory: the store has no token")
	default:
		d.dead(stored)
	}
	d.strangers(stored)
}

// dead looks for the token that the identity provider is to have among the tenant's.
func (d *doctor) dead(stored *scimtoken.Stored) {
	name, secret := live(stored)
	p := &planner{w: d.w}
	switch {
	case slices.Contains(d.active(), name):
		if secret.IsZero() {
			d.skip("access with the token and the directory: the store has the token %s without its secret", name.ID())
		}
	case p.recent(name):
		d.add(codeTooEarly, name.String(), waitCommand, "the token was made within the last %v, and isn't listed yet", replicates+time.Minute)
	default:
		d.add(codeDeadToken, name.String(), "scimctl apply -spec spec.yaml", "the store has this token, and the tenant doesn't have it as an active one")
	}
}

// strangers looks for active tokens that the store doesn't know.
func (d *doctor) strangers(stored *scimtoken.Stored) {
	for _, name := range d.active() {
		if stored != nil && (name == stored.Current || name == stored.Next || slices.Contains(stored.Retire, name)) {
			continue
		}
		d.add(codeUnknownToken, name.String(), tokenCommand(name, "describe"), "the tenant has this active token, and the store doesn't know it")
	}
}

// createToken is the command that makes a token.
func (d *doctor) createToken() string {
	if d.spec.Store != nil {
		return "scimctl apply -spec spec.yaml"
	}
	name, err := scimtoken.NewName(d.own().Name, "token-"+d.w.now.UTC().Format("20060102"))
	if err != nil {
		return ""
	}
	return tokenCommand(name, "create")
}

// secondToken is the command for the token of two that isn't in use.
func (d *doctor) secondToken(names []scimtoken.Name) string {
	stored := d.w.stored.value
	if stored == nil || !d.w.fresh() {
		return fmt.Sprintf("gcloud iam workforce-pools providers scim-tenants tokens list %s", tokenFlags(names[0]))
	}
	if !stored.Next.IsZero() {
		return "scimctl rotate -spec spec.yaml -retire " + stored.Next.ID()
	}
	for _, name := range names {
		if name != stored.Current {
			return tokenCommand(name, "delete")
		}
	}
	return ""
}

func tokenFlags(name scimtoken.Name) string {
	parent := name.Tenant().Provider()
	return fmt.Sprintf("--scim-tenant=%s --workforce-pool=%s --provider=%s --location=%s", name.Tenant().ID(), parent.Pool().ID(), parent.ID(), parent.Pool().Location())
}

func tokenCommand(name scimtoken.Name, verb string) string {
	return fmt.Sprintf("gcloud iam workforce-pools providers scim-tenants tokens %s %s %s", verb, name.ID(), tokenFlags(name))
}

// The resources that have no name at Google.
const (
	storeResource = "the token store"
	idpResource   = "the identity provider"
)

func keys[V any](m map[string]V) func(func(string) bool) { return maps.Keys(m) }
