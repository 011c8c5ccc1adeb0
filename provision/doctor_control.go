package provision

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/claimmap"
	"github.com/iamscim/iamscim/provision/internal/doctor"
	"github.com/iamscim/iamscim/scimclient"
	"github.com/iamscim/iamscim/scimtenant"
)

func (d *examiner) pool() {
	name := d.spec.Provider.Pool()
	resource := name.String()
	if errors.Is(d.w.pool.err, iamscim.ErrNotFound) {
		d.add(doctor.PoolMissing, resource, doctor.Pool(name, "describe"), "IAM answers 404: there is no such pool, or the caller may not know of it")
		return
	}
	if d.unread(serviceIAM, resource, "iam.workforcePools.get", d.w.pool.err) {
		d.skip("the pool's state and organization: the pool can't be read")
		return
	}
	pool := d.w.pool.value
	switch {
	case pool.State == iamscim.StateDeleted:
		d.add(doctor.PoolDeleted, resource, doctor.Pool(name, "undelete"), "it's purged at %s; until then it can be undeleted, and its providers can't be used", date(pool.ExpireTime))
	case pool.Disabled:
		d.add(doctor.PoolDisabled, resource, doctor.Pool(name, "update", "--no-disabled"), "disabled is true: nobody can sign in, and sessions have ended")
	}
	if d.req.Organization != "" && pool.Organization != d.req.Organization {
		d.add(doctor.PoolElsewhere, resource, fmt.Sprintf("gcloud iam workforce-pools list --organization=%s --location=%s", d.req.Organization, name.Location()),
			"it belongs to organization %s, not to %s", pool.Organization, d.req.Organization)
	}
}

// poolThere reports that the pool is there, as far as anybody knows.
func (d *examiner) poolThere() bool {
	if d.w.pool.err != nil {
		return errors.Is(d.w.pool.err, iamscim.ErrPermissionDenied)
	}
	return d.w.pool.value.State != iamscim.StateDeleted
}

func (d *examiner) provider() {
	name := d.spec.Provider
	switch err := d.w.provider.err; {
	case errors.Is(err, iamscim.ErrNotFound):
		if d.poolThere() {
			d.add(doctor.ProvMissing, name.String(), fmt.Sprintf("gcloud iam workforce-pools providers list --workforce-pool=%s --location=%s --show-deleted", name.Pool().ID(), name.Pool().Location()),
				"IAM answers 404%s", d.siblings())
		}
		d.skip("everything below the provider: it can't be read")
		return
	case d.unread(serviceIAM, name.Pool().String(), getProvider, err):
		d.skip("everything below the provider: it can't be read")
		return
	}
	p := d.w.provider.value
	switch {
	case p.State == iamscim.StateDeleted:
		d.add(doctor.ProvDeleted, name.String(), doctor.Provider(name, "undelete"), "it's purged at %s; until then it can be undeleted", date(p.ExpireTime))
	case p.Disabled:
		d.add(doctor.ProvDisabled, name.String(), doctor.Provider(name, updateVerb(p), "--no-disabled"), "disabled is true: nobody can sign in with it")
	}
}

// siblings names the providers that the pool has.
func (d *examiner) siblings() string {
	var ids []string
	for _, p := range d.w.providers.value {
		ids = append(ids, p.Name.ID())
	}
	switch {
	case d.w.providers.err != nil:
		return ""
	case ids == nil:
		return "; the pool has no providers"
	}
	return "; the pool has the providers " + strings.Join(ids, ", ")
}

// own returns the provider's tenant if it's active, else nil.
func (d *examiner) own() *scimtenant.Tenant {
	if t := d.w.tenant.value; t != nil && t.Name.Provider() == d.spec.Provider && t.State == iamscim.StateActive {
		return t
	}
	return nil
}

func (d *examiner) tenant() {
	name := d.spec.Provider
	if d.w.provider.err != nil {
		return
	}
	if d.unread(serviceIAM, name.Pool().String(), listTenants, d.w.tenant.err) {
		d.skip("the tenant, its tokens and the directory: the tenants can't be listed")
		return
	}
	t := d.w.tenant.value
	switch {
	case t == nil:
		d.add(doctor.NoTenant, name.String(), d.createTenant(), "the pool has %s, and none has a SCIM tenant", counted(len(d.w.providers.value), "provider"))
	case t.Name.Provider() != name:
		state := "active"
		next := doctor.Tenant(t.Name, "describe")
		if t.State == iamscim.StateDeleted {
			state = "soft-deleted until " + date(t.PurgeTime)
			next = doctor.Tenant(t.Name, "delete", "--hard-delete")
		}
		d.add(doctor.TenantElse, t.Name.String(), next, "the pool's one tenant belongs to the provider %s, not to %s; it is %s", t.Name.Provider().ID(), name.ID(), state)
	case t.State == iamscim.StateDeleted:
		d.add(doctor.TenantDeleted, t.Name.String(), doctor.Tenant(t.Name, "undelete"), "it's purged at %s; until then it can be undeleted, and it blocks the pool for another one", date(t.PurgeTime))
	}
	if d.own() == nil {
		d.skip("tokens, the role, access and the directory: the provider has no active tenant")
	}
}

// createTenant is the command that creates the tenant.
func (d *examiner) createTenant() string {
	id := d.spec.TenantID
	if id == "" {
		id = defaultTenantID
	}
	name, _ := scimtenant.NewName(d.spec.Provider, id) // Validate has tried the spec's
	mapping := d.spec.Mapping
	if mapping.IsZero() {
		mapping, _ = claimmap.Fit(d.w.provider.value.AttributeMapping, d.vendor())
	}
	if mapping.IsZero() {
		return doctor.Tenant(name, "create", `--claim-mapping="CLAIM_MAPPING"`)
	}
	return doctor.Tenant(name, "create", fmt.Sprintf("--claim-mapping=%q", mapping))
}

func (d *examiner) vendor() iamscim.Vendor {
	if d.spec.Vendor != "" || d.w.provider.value == nil {
		return d.spec.Vendor
	}
	return claimmap.VendorOf(string(d.w.provider.value.VendorType), issuer(d.w.provider.value))
}

// mapping compares the claim mapping of the tenant with the provider's attribute
// mapping.
func (d *examiner) mapping() {
	t, p := d.w.tenant.value, d.w.provider.value
	if p == nil || t == nil || t.Name.Provider() != d.spec.Provider {
		return
	}
	resource := t.Name.String()
	m, err := t.Mapping()
	if err == nil {
		err = m.Validate(d.spec.Usage)
	}
	if err != nil {
		d.add(doctor.MapInvalid, resource, d.describe(), "%s: %v", rules(t.ClaimMapping), err)
		return
	}
	verdict := claimmap.Compare(p.AttributeMapping, m, claimmap.CompareOptions{Vendor: d.vendor()})
	provided := "google.subject=" + p.AttributeMapping["google.subject"]
	switch verdict.Result {
	case claimmap.Invalid:
		d.add(doctor.MapInvalid, p.Name.String(), d.describe(), "%s: %s", provided, verdict.Reason)
	case claimmap.Inconsistent:
		d.add(doctor.MapInconsistent, resource, d.describe(), "the provider has %s, the tenant %s: %s", provided, m, verdict.Reason)
	case claimmap.Unproven:
		if !d.spec.AcceptUnproven {
			d.add(doctor.MapUnproven, resource, d.describe(), "the provider has %s, the tenant %s: %s", provided, m, verdict.Reason)
		}
	}
	d.requires(resource, verdict.Requires)
}

// describe is the command that shows the provider's mapping, which, unlike the
// tenant's, can be changed.
func (d *examiner) describe() string { return doctor.Provider(d.spec.Provider, "describe") }

// requires looks at the settings of the identity provider that the mapping rests
// on. It's the identity provider's own check if it can be read.
func (d *examiner) requires(resource string, needs []claimmap.IDPSetting) {
	var open []claimmap.IDPSetting
	for _, need := range needs {
		if is, known := d.setting(need.ID); known {
			if is != need.Value {
				d.add(doctor.Setting, idpResource, d.portal(need.Note), "%s is set to %q, and the claim mapping needs %q (%s)", need.Setting, is, need.Value, need.ID)
			}
			continue
		}
		if need.Default != need.Value && !slices.Contains(d.spec.Accept, need.ID) {
			open = append(open, need)
		}
	}
	if len(open) > 0 {
		d.add(doctor.Unconfirmed, resource, "add to the spec what you have confirmed: accept: ["+ids(open)+"]", "nobody has confirmed at %s: %s", d.vendor(), settings(open))
	}
}

// role looks for the role of the tenant's service agent. A request that the SCIM
// service answered proves it.
func (d *examiner) role() {
	organization, address := d.w.agent()
	if d.own() == nil || address == "" || d.granted() || d.providerDeleted() {
		return
	}
	resource := "organizations/" + organization
	d.constraint(resource, organization)
	if d.unread(serviceCRM, resource, getOrgPolicy, d.w.bindings.err) || !d.w.bindings.done {
		if d.denied() {
			d.add(doctor.NoRole, resource, doctor.Bind(organization, address), "the SCIM service answers 403 for %s; the organization's policy can't be read", address)
			return
		}
		d.skip("the role of the service agent: the organization's policy can't be read, and no request proves it")
		return
	}
	member := "serviceAccount:" + address
	var plain, conditional, deleted bool
	condition := ""
	for _, b := range d.w.bindings.value {
		if b.Role != scimtenant.SyncerRole {
			continue
		}
		for _, m := range b.Members {
			switch {
			case m == member && b.Condition == nil:
				plain = true
			case m == member:
				conditional, condition = true, b.Condition.Expression
			case strings.HasPrefix(m, "deleted:"+member+"?"):
				deleted = true
			}
		}
	}
	switch {
	case plain && d.denied():
		d.add(doctor.TooEarly, resource, waitCommand, "%s is bound to %s, and the SCIM service still answers 403: a change takes 2 minutes, sometimes 7 or more", scimtenant.SyncerRole, address)
	case plain:
	case conditional:
		d.add(doctor.Conditional, resource, doctor.Bind(organization, address)+" --condition=None", "%s is bound to %s under the condition %s", scimtenant.SyncerRole, address, condition)
	case deleted:
		d.add(doctor.DeletedAgent, resource, doctor.Bind(organization, address), "%s is bound to the deleted account deleted:%s, which doesn't count", scimtenant.SyncerRole, member)
	default:
		d.add(doctor.NoRole, resource, doctor.Bind(organization, address), "the organization's policy doesn't bind %s to %s", scimtenant.SyncerRole, address)
	}
}

// constraint says whether an organization policy may keep the service agent out.
func (d *examiner) constraint(resource, organization string) {
	switch allowed := d.x.allowed; {
	case !allowed.done:
	case allowed.err != nil:
		d.skip("whether an organization policy refuses the service agent: %s", cause(allowed.err))
	case allowed.value != nil:
		d.add(doctor.Constrained, resource, "gcloud org-policies describe iam.allowedPolicyMemberDomains --organization="+organization+" --effective",
			"constraints/iam.allowedPolicyMemberDomains allows %s alone in allow policies", either(strings.Join(allowed.value, ", "), "nobody"))
	}
}

// providerDeleted reports that the provider is soft-deleted. What the SCIM service
// answers then isn't documented.
func (d *examiner) providerDeleted() bool {
	p := d.w.provider.value
	return p != nil && p.State == iamscim.StateDeleted
}

// granted reports that the SCIM service has answered a request, and denied that it
// refused one for want of the role.
func (d *examiner) granted() bool { return d.w.access.done && d.w.access.err == nil }
func (d *examiner) denied() bool  { return errors.Is(d.w.access.err, scimclient.ErrNotSyncer) }

// caller says what the caller may not do: what a read was refused for, and what
// testIamPermissions leaves out.
func (d *examiner) caller() {
	pool := d.spec.Provider.Pool().String()
	proved := map[string]bool{
		"iam.workforcePools.get": d.w.pool.err == nil, getProvider: d.w.provider.err == nil, "iam.workforcePoolProviders.list": d.w.providers.err == nil,
		listTenants: d.w.tenant.done && d.w.tenant.err == nil, listTokens: d.w.tokens.done && d.w.tokens.err == nil,
		getOrgPolicy: d.w.bindings.done && d.w.bindings.err == nil,
	}
	organization, _ := d.w.agent()
	asked := []struct {
		resource    string
		permissions []string
		has         read[[]string]
	}{
		{pool, poolPermissions, d.x.pool},
		{d.tenantName(), tenantPermissions, d.x.tenant},
		{"organizations/" + organization, organizationPermissions, d.x.organization},
	}
	for _, a := range asked {
		switch {
		case !a.has.done, a.resource == pool && !d.poolThere():
			continue // what isn't there has no permissions
		case a.has.err != nil:
			d.skip("what the caller may do on %s: %s", a.resource, cause(a.has.err))
			continue
		}
		names := iamNames(a.permissions)
		var lacks []string
		unknown := map[string]bool{} // kinds of permissions that the service doesn't know
		for i, p := range a.permissions {
			if slices.Contains(a.has.value, names[i]) {
				continue
			}
			if proved[p] {
				unknown[kindOf(p)] = true
				continue
			}
			lacks = append(lacks, p)
		}
		for _, p := range lacks {
			if unknown[kindOf(p)] {
				continue // a read that it denies has worked
			}
			d.lacks(a.resource, p)
		}
		for kind := range unknown {
			d.skip("what else the caller may do with %s: testIamPermissions denies a read that worked", kind)
		}
	}
	for _, resource := range slices.Sorted(keys(d.missing)) {
		var read, change []string
		for _, p := range d.missing[resource] {
			if reads(p) {
				read = append(read, p)
			} else {
				change = append(change, p)
			}
		}
		next := d.grantCaller(resource)
		if read != nil {
			d.add(doctor.MayNotRead, resource, next, "the caller lacks %s", strings.Join(read, ", "))
		}
		if change != nil {
			d.add(doctor.MayNotChange, resource, next, "the caller lacks %s", strings.Join(change, ", "))
		}
	}
}

func (d *examiner) tenantName() string {
	if t := d.w.tenant.value; t != nil {
		return t.Name.String()
	}
	return ""
}

// kindOf is the resource of a permission: "iam.workforcePools".
func kindOf(permission string) string { return permission[:strings.LastIndexByte(permission, '.')] }

// grantCaller is the command that gives the caller the role for a resource.
func (d *examiner) grantCaller(resource string) string {
	organization, _ := d.w.agent()
	if organization == "" {
		organization = either(d.req.Organization, "ORGANIZATION_ID")
	}
	role := "roles/iam.workforcePoolAdmin"
	if strings.HasPrefix(resource, "organizations/") {
		role = "roles/resourcemanager.organizationAdmin"
	}
	return fmt.Sprintf("gcloud organizations add-iam-policy-binding %s --member=PRINCIPAL --role=%s", organization, role)
}

// answers reports the services that gave no answer.
func (d *examiner) answers() {
	for _, service := range slices.Sorted(keys(d.silent)) {
		err := d.silent[service]
		resource := map[string]string{serviceIAM: "iam.googleapis.com", serviceCRM: "cloudresourcemanager.googleapis.com"}[service]
		if errors.Is(err, iamscim.ErrUnauthenticated) {
			d.add(doctor.Credentials, resource, "gcloud auth application-default login", "%s doesn't accept the caller's credentials: %s", service, cause(err))
			continue
		}
		d.add(doctor.NoAnswer, resource, waitCommand, "%s doesn't answer: %s", service, cause(err))
	}
}

// The commands of examples/scimctl that come next.
const (
	waitCommand   = "scimctl doctor -spec spec.yaml -wait"
	applyCommand  = "scimctl apply -spec spec.yaml"
	rotateCommand = "scimctl rotate -spec spec.yaml"
)
