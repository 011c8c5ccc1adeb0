package cloud

import (
	"reflect"
	"regexp"
	"time"

	"github.com/iamscim/iamscim/internal/resname"
	"github.com/iamscim/iamscim/scimtest/internal/behavior"
	"github.com/iamscim/iamscim/scimtest/internal/wire"
	"google.golang.org/api/iam/v1"
)

var pools = &kind[iam.WorkforcePool]{
	id:        resname.Pool,
	listName:  "workforcePools",
	field:     "workforce_pool",
	usualPage: 50, maxPage: 100,
	table:      func(s *state) table[iam.WorkforcePool] { return s.pools },
	mark:       func(v *iam.WorkforcePool, state, purge string) { v.State, v.ExpireTime = state, purge },
	state:      func(v *iam.WorkforcePool) string { return v.State },
	show:       func(_ *call, _ *record[iam.WorkforcePool], v *iam.WorkforcePool) any { return v },
	operations: true,
	permission: "iam.workforcePools",
}

func createPool(c *call) (any, error) {
	if bad := c.checkLocation(); bad != nil {
		return nil, bad
	}
	id, bad := c.checkID(resname.Pool, "workforcePoolId")
	if bad != nil {
		return nil, bad
	}
	v, bad := decode[iam.WorkforcePool](c.body, pools.field)
	if bad != nil {
		return nil, bad
	}
	v.Name = resname.Join("locations/"+c.vars["location"], resname.Pool, id)
	if bad := c.checkPool(v); bad != nil {
		return nil, bad
	}
	_, reply, err := create(c, pools, v.Name, "", v)
	return reply, err
}

func listPools(c *call) (any, error) {
	parent := c.param("parent")
	if parent == "" {
		return nil, invalidField(behavior.PoolParent, "parent", "parent is required: organizations/{org-id}.")
	}
	if bad := c.checkOrganization(parent, "parent"); bad != nil {
		return nil, bad
	}
	records := c.st.pools.children("locations/" + c.vars["location"] + "/workforcePools/")
	return pools.listOf(c, records, func(v *iam.WorkforcePool) bool { return v.Parent == parent })
}

var poolMask = maskRule{
	message:   reflect.TypeFor[iam.WorkforcePool](),
	immutable: []string{"parent"},
	output:    []string{"state", "expireTime"},
}

func patchPool(c *call) (any, error) {
	r, err := findActive(c, pools, c.name())
	if err != nil {
		return nil, err
	}
	v, paths, bad := merge(c, pools, r, poolMask, true)
	if bad != nil {
		return nil, bad
	}
	if v.Parent != r.newest().Parent {
		return nil, invalidField(behavior.PoolImmutable, "workforce_pool.parent", "parent is immutable.")
	}
	if namedAny(paths, "accessRestrictions.allowedServices") && !reflect.DeepEqual(allowedServices(v), allowedServices(r.newest())) {
		return nil, invalidField(behavior.PoolImmutable, "workforce_pool.access_restrictions.allowed_services", "allowed_services is immutable.")
	}
	if bad := c.checkPool(v); bad != nil {
		return nil, bad
	}
	return write(c, pools, r, v), nil
}

func allowedServices(p *iam.WorkforcePool) []string {
	var domains []string
	if p.AccessRestrictions != nil {
		for _, s := range p.AccessRestrictions.AllowedServices {
			domains = append(domains, s.Domain)
		}
	}
	return domains
}

var durationText = regexp.MustCompile(`^([0-9]{1,12})(\.[0-9]{1,9})?s$`)

func (s *Cloud) checkPool(v *iam.WorkforcePool) *wire.Refusal {
	var check fieldChecks
	switch {
	case v.Parent == "":
		check.add(behavior.PoolParent, "workforce_pool.parent", "parent is required: organizations/{org-id}.")
	default:
		if bad := s.checkOrganization(v.Parent, "workforce_pool.parent"); bad != nil {
			return bad
		}
	}
	check.text(behavior.PoolFields, "workforce_pool.display_name", "display name", v.DisplayName, maxDisplayName)
	check.text(behavior.PoolFields, "workforce_pool.description", "description", v.Description, maxDescription)
	if d := v.SessionDuration; d == "" {
		v.SessionDuration = "3600s"
	} else if m := durationText.FindStringSubmatch(d); m == nil {
		check.add(behavior.SessionDuration, "workforce_pool.session_duration", "Invalid value at 'workforce_pool.session_duration' (type.googleapis.com/google.protobuf.Duration), %q", wire.Clip(d))
	} else if n, err := time.ParseDuration(d); err != nil || n < 15*time.Minute || n > 12*time.Hour {
		check.add(behavior.SessionDuration, "workforce_pool.session_duration", "session duration must be between 900s and 43200s")
	}
	return check.refusal()
}

// checkLocation: "global" is the only location there is.
func (c *call) checkLocation() *wire.Refusal {
	if l := c.vars["location"]; l != "global" {
		return invalidField(behavior.Location, "location", "Invalid location %q: only \"global\" is supported.", wire.Clip(l))
	}
	return nil
}
