package cloud

import (
	"fmt"
	"maps"
	"math/big"
	"net/http"
	"net/url"
	"reflect"
	"strings"

	"github.com/iamscim/iamscim/internal/resname"
	"github.com/iamscim/iamscim/scimtest/internal/behavior"
	"github.com/iamscim/iamscim/scimtest/internal/directory"
	"github.com/iamscim/iamscim/scimtest/internal/wire"
	"google.golang.org/api/iam/v1"
)

// tenants are SCIM tenants. Their writes reply with the tenant itself.
var tenants = &kind[iam.WorkforcePoolProviderScimTenant]{
	id:        resname.Tenant,
	listName:  "workforcePoolProviderScimTenants",
	field:     "workforce_pool_provider_scim_tenant",
	usualPage: 50, maxPage: 100,
	table:      func(s *state) table[iam.WorkforcePoolProviderScimTenant] { return s.tenants },
	mark:       func(v *iam.WorkforcePoolProviderScimTenant, state, purge string) { v.State, v.PurgeTime = state, purge },
	state:      func(v *iam.WorkforcePoolProviderScimTenant) string { return v.State },
	show:       showTenant,
	permission: "iam.workforcePoolProviderScimTenants",
}

// showTenant adds the base URI, which leads to the address the caller came by.
func showTenant(c *call, r *record[iam.WorkforcePoolProviderScimTenant], v *iam.WorkforcePoolProviderScimTenant) any {
	shown := clone(v)
	shown.BaseUri = c.baseURI(r.uid)
	return shown
}

func (c *call) baseURI(uid string) string {
	scheme, host := "http", "127.0.0.1"
	if c.r != nil {
		host = c.r.Host
		if c.r.TLS != nil {
			scheme = "https"
		}
	} else if u, err := url.Parse(c.cfg.URL()); err == nil && u.Host != "" {
		host = u.Host
	}
	uri := scheme + "://" + host + "/v1alpha1/tenants/" + uid
	if c.cfg.Choices.Is(behavior.BaseURISlash, "YES") {
		uri += "/"
	}
	return uri
}

// tenantByUID is the tenant with this UID, soft-deleted ones included, or nil.
func (c *call) tenantByUID(uid string) *record[iam.WorkforcePoolProviderScimTenant] {
	for _, r := range c.st.tenants {
		if r.uid == uid {
			return r
		}
	}
	return nil
}

// newUID is the last element of a base URI.
func (c *call) newUID() string {
	id := c.cfg.NewID()
	switch c.cfg.Choices.Of(behavior.TenantUID) {
	case "DIGITS":
		return digits(id)
	case "UUID":
		return id[:8] + "-" + id[8:12] + "-" + id[12:16] + "-" + id[16:20] + "-" + id[20:]
	}
	return id[:20]
}

// digits is a decimal number of 21 digits made of an ID of hexadecimal digits.
func digits(id string) string {
	n, ok := new(big.Int).SetString(id, 16)
	if !ok {
		n = new(big.Int).SetBytes([]byte(id))
	}
	return fmt.Sprintf("1%020s", new(big.Int).Mod(n, new(big.Int).Exp(big.NewInt(10), big.NewInt(20), nil)))
}

// serviceAgent is the account that a tenant's tokens act as.
func serviceAgent(organization, uid string) string {
	return "o-" + organization + "-" + uid + "@gcp-sa-iamscim.iam.gserviceaccount.com"
}

func createTenant(c *call) (any, error) {
	parent := parentName(c.name())
	if _, err := findActive(c, providers, parent); err != nil {
		return nil, err
	}
	id, bad := c.checkID(resname.Tenant, "workforcePoolProviderScimTenantId")
	if bad != nil {
		return nil, bad
	}
	v, bad := decode[iam.WorkforcePoolProviderScimTenant](c.body, tenants.field)
	if bad != nil {
		return nil, bad
	}
	v.Name = resname.Join(parent, resname.Tenant, id)
	_, reply, err := c.addTenant(v, c.newUID())
	return reply, err
}

// addTenant checks and stores a tenant and grants its service agent, if that
// is on.
func (c *call) addTenant(v *iam.WorkforcePoolProviderScimTenant, uid string) (*record[iam.WorkforcePoolProviderScimTenant], any, error) {
	if bad := c.checkTenant(v); bad != nil {
		return nil, nil, bad
	}
	pool := poolOf(v.Name)
	if _, taken := c.st.tenants[v.Name]; taken {
		return nil, nil, alreadyExists(behavior.NameTaken)
	}
	for _, other := range c.st.tenants.sorted() {
		if poolOf(other.name) != pool {
			continue
		}
		return nil, nil, c.openRefusal(behavior.SecondTenant, "", fmt.Sprintf("The workforce pool %s already has a SCIM tenant; a pool can have one, a soft-deleted one included.", pool))
	}
	organization := c.organizationOf(v.Name)
	v.BaseUri = ""
	v.ServiceAgent = serviceAgent(organization, uid)
	r, reply, err := create(c, tenants, v.Name, uid, v)
	if err != nil {
		return nil, nil, err
	}
	c.openDirectory(r)
	if c.cfg.SyncerGranted {
		c.st.policy("organizations/"+organization).grant(c, syncerRole, "serviceAccount:"+v.ServiceAgent)
	}
	return r, reply, nil
}

func (c *call) checkTenant(v *iam.WorkforcePoolProviderScimTenant) *wire.Refusal {
	const field = "workforce_pool_provider_scim_tenant."
	var check fieldChecks
	check.text(behavior.TenantFields, field+"display_name", "display name", v.DisplayName, maxDisplayName)
	check.text(behavior.TenantFields, field+"description", "description", v.Description, maxDescription)
	checkClaimMapping(&check, field+"claim_mapping", v.ClaimMapping, c.cfg.Choices.Of(behavior.MissingGroupRule) == "ALLOWED")
	return check.refusal()
}

// organizationOf is the number of the organization that owns a resource's pool.
func (c *call) organizationOf(name string) string {
	r, ok := c.st.pools[poolOf(name)]
	if !ok {
		return ""
	}
	return strings.TrimPrefix(r.newest().Parent, "organizations/")
}

func listTenants(c *call) (any, error) {
	parent := parentName(c.name())
	if _, _, err := find(c, providers, parent); err != nil {
		return nil, err
	}
	return tenants.listOf(c, c.st.tenants.children(parent+"/scimTenants/"), everything)
}

var tenantMask = maskRule{
	message:   reflect.TypeFor[iam.WorkforcePoolProviderScimTenant](),
	immutable: []string{"claimMapping"},
	output:    []string{"state", "purgeTime", "baseUri", "serviceAgent"},
}

func patchTenant(c *call) (any, error) {
	r, err := findActive(c, tenants, c.name())
	if err != nil {
		return nil, err
	}
	v, _, bad := merge(c, tenants, r, tenantMask, false)
	if bad != nil {
		return nil, bad
	}
	if old := r.newest().ClaimMapping; !maps.Equal(v.ClaimMapping, old) {
		if !c.cfg.Choices.Is(behavior.ClaimMappingChange, "IGNORED") {
			return nil, c.openRefusal(behavior.ClaimMappingChange, "workforce_pool_provider_scim_tenant.claim_mapping", "claim_mapping is immutable.")
		}
		v.ClaimMapping = maps.Clone(old)
	}
	if bad := c.checkTenant(v); bad != nil {
		return nil, bad
	}
	return write(c, tenants, r, v), nil
}

func deleteTenant(c *call) (any, error) {
	hard, bad := c.flag("hardDelete")
	if bad != nil {
		return nil, bad
	}
	if !hard {
		return tenants.delete(c)
	}
	// A soft-deleted tenant can be hard-deleted: the troubleshooting page asks
	// for it.
	r, v, err := find(c, tenants, c.name())
	if err != nil {
		return nil, err
	}
	if bad := c.checkAncestors(r.name); bad != nil {
		return nil, bad
	}
	provider := c.st.providers[parentName(r.name)]
	if c.cfg.Choices.Of(behavior.HardDeleteInUse) == "FAILED_PRECONDITION" && usesSCIM(provider.newest()) {
		return nil, refuse(behavior.HardDeleteInUse, "FAILED_PRECONDITION", "The provider %s still has a SCIM usage; reset it to %s first.", provider.name, usageNone)
	}
	gone := clone(v)
	tenants.mark(gone, deleted, formatTime(c.now))
	c.st.remove(r.name)
	return showTenant(c, r, gone), nil
}

// openDirectory makes the users and groups of a new tenant.
func (c *call) openDirectory(tenant *record[iam.WorkforcePoolProviderScimTenant]) {
	s, uid := c.Cloud, tenant.uid
	c.st.directories[tenant.name] = directory.New(directory.Config{
		Mapping: tenant.newest().ClaimMapping,
		Now:     s.cfg.Now,
		BaseURI: func(r *http.Request) string {
			return strings.TrimSuffix((&call{Cloud: s, r: r}).baseURI(uid), "/")
		},
		Quota:   s.cfg.Quota,
		Choices: s.cfg.Choices,
	})
}
