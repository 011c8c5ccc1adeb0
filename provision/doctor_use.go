package provision

import (
	"strings"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/provider"
	"github.com/iamscim/iamscim/provision/internal/doctor"
)

// usage looks at what the provider takes from SCIM.
func (d *examiner) usage() {
	p := d.w.provider.value
	if p == nil {
		return
	}
	name, want := p.Name.String(), d.spec.Usage
	on := usageCommand(p, want)
	for _, other := range d.w.providers.value {
		if other.Name != p.Name && other.SCIMUsage.Enabled() {
			d.add(doctor.UsageElsewhere, other.Name.String(), usageCommand(other, iamscim.SCIMUsageNone), "the provider %s has the usage %s, and only one provider of a pool can use SCIM", other.Name.ID(), other.SCIMUsage)
		}
	}
	if d.w.providers.err != nil {
		d.unread(serviceIAM, p.Name.Pool().String(), "iam.workforcePoolProviders.list", d.w.providers.err)
		d.skip("whether another provider uses SCIM: the providers can't be listed")
	}
	d.excluded(p)
	switch {
	case !p.SCIMUsage.Enabled() && want.Enabled():
		d.add(doctor.UsageOff, name, on, "the usage is %s: people have the groups of their token, and nothing of the directory", p.SCIMUsage)
		return
	case !p.SCIMUsage.Enabled():
		return
	case p.SCIMUsage != want:
		d.add(doctor.UsageDiffers, name, on, "the usage is %s, and the spec says %s", p.SCIMUsage, want)
	}
	off := usageCommand(p, iamscim.SCIMUsageNone)
	switch {
	case d.w.tenant.done && d.w.tenant.err == nil && d.own() == nil:
		d.add(doctor.UsageNoTenant, name, off, "the usage is %s, and the provider has no active tenant: sign-in fails", p.SCIMUsage)
	case d.granted() && d.x.sample.err == nil && len(d.x.sample.value.Users) == 0:
		d.add(doctor.UsageEmpty, name, off, "the usage is %s, and the directory has no users: %s", p.SCIMUsage, consequence(p.SCIMUsage))
	}
	d.groupBindings(p)
}

func consequence(usage iamscim.SCIMUsage) string {
	if usage == iamscim.SCIMUsageUsersAndGroups {
		return "nobody can sign in"
	}
	return "people are without their groups"
}

// excluded looks for attributes clients that exclude the usage.
func (d *examiner) excluded(p *provider.Provider) {
	const users = iamscim.SCIMUsageUsersAndGroups
	switch {
	case p.ExtendedAttributes != nil && (p.SCIMUsage.Enabled() || d.spec.Usage.Enabled()):
		d.add(doctor.UsageExcluded, p.Name.String(), doctor.Provider(p.Name, updateVerb(p), "--clear-extended-attributes-config"), "the provider has an extended attributes client, which excludes every usage")
	case p.ExtraAttributes != nil && (p.SCIMUsage == users || d.spec.Usage == users):
		d.add(doctor.UsageExcluded, p.Name.String(), doctor.Provider(p.Name, updateVerb(p), "--clear-extra-attributes-config"), "the provider has an extra attributes client, which excludes %s", users)
	}
}

// readers are the beginnings of the roles of products that Google names as readers
// of SCIM groups: Gemini Enterprise with Gemini Notebook Enterprise, and Looker
// (https://docs.cloud.google.com/iam/docs/workforce-identity-federation-scim).
var readers = []string{"roles/discoveryengine.", "roles/looker."}

// groupBindings looks for groups of the pool in the organization's policy, with
// roles of products that don't read SCIM groups.
func (d *examiner) groupBindings(p *provider.Provider) {
	organization, _ := d.w.agent()
	if d.w.bindings.err != nil || !d.w.bindings.done {
		d.skip("bindings of SCIM groups: the organization's policy can't be read")
		return
	}
	d.skip("bindings of SCIM groups below the organization, and in custom roles")
	group := "/" + p.Name.Pool().String() + "/group/"
	for _, b := range d.w.bindings.value {
		if !strings.HasPrefix(b.Role, "roles/") || hasAnyPrefix(b.Role, readers) {
			continue
		}
		for _, m := range b.Members {
			if _, value, ok := strings.Cut(m, group); ok && strings.HasPrefix(m, "principalSet://") {
				d.add(doctor.GroupBindings, "organizations/"+organization, "gcloud organizations get-iam-policy "+organization, "%s is bound to the group %s of the pool, and only Gemini Enterprise and Looker are said to read SCIM groups", b.Role, value)
			}
		}
	}
}

func hasAnyPrefix(s string, prefixes []string) bool {
	for _, p := range prefixes {
		if strings.HasPrefix(s, p) {
			return true
		}
	}
	return false
}
