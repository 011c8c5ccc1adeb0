package cloud

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/iamscim/iamscim/internal/resname"
	"github.com/iamscim/iamscim/scimtest/internal/wire"
	"google.golang.org/api/iam/v1"
)

var pools = &kind[iam.WorkforcePool]{
	id:       resname.Pool,
	listName: "workforcePools",
	field:    "workforce_pool",
	usual:    50, most: 100,
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
		return nil, invalidField("parent", "parent is required: organizations/{org-id}.")
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
		return nil, invalidField("workforce_pool.parent", "parent is immutable.")
	}
	if namedAny(paths, "accessRestrictions.allowedServices") && !reflect.DeepEqual(allowedServices(v), allowedServices(r.newest())) {
		return nil, invalidField("workforce_pool.access_restrictions.allowed_services", "allowed_services is immutable.")
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

func (s *Cloud) checkPool(v *iam.WorkforcePool) *refusal {
	var check fieldChecks
	switch {
	case v.Parent == "":
		check.add("workforce_pool.parent", "parent is required: organizations/{org-id}.")
	default:
		if bad := s.checkOrganization(v.Parent, "workforce_pool.parent"); bad != nil {
			return bad
		}
	}
	check.text("workforce_pool.display_name", "display name", v.DisplayName, 32)
	check.text("workforce_pool.description", "description", v.Description, 256)
	if d := v.SessionDuration; d == "" {
		v.SessionDuration = "3600s"
	} else if m := durationText.FindStringSubmatch(d); m == nil {
		check.add("workforce_pool.session_duration", "Invalid value at 'workforce_pool.session_duration' (type.googleapis.com/google.protobuf.Duration), \""+wire.Clip(d)+"\"")
	} else if n, err := time.ParseDuration(d); err != nil || n < 15*time.Minute || n > 12*time.Hour {
		check.add("workforce_pool.session_duration", "session duration must be between 900s and 43200s")
	}
	return check.refusal()
}

// checkLocation: "global" is the only location there is.
func (c *call) checkLocation() *refusal {
	if l := c.vars["location"]; l != "global" {
		return invalidField("location", "Invalid location %q: only \"global\" is supported.", wire.Clip(l))
	}
	return nil
}

// decode reads a body as message T.
func decode[T any](body []byte, field string) (*T, *refusal) {
	object, bad := decodeBody[T](body, field)
	if bad != nil {
		return nil, bad
	}
	v, err := fromObject[T](object)
	if err != nil {
		return nil, invalidField(field, "Invalid %s: %v", field, err)
	}
	return v, nil
}

// merge is the body of an update applied to the newest state by its mask. With
// no mask, which only some methods allow, the fields in the body are taken
// (https://google.aip.dev/134). It returns the paths that were named.
func merge[T any](c *call, k *kind[T], r *record[T], rule maskRule, maskRequired bool) (*T, []string, *refusal) {
	patch, bad := decodeBody[T](c.body, k.field)
	if bad != nil {
		return nil, nil, bad
	}
	var paths [][]string
	switch mask := c.param("updateMask"); {
	case mask != "":
		if paths, bad = parseMask(mask, rule); bad != nil {
			return nil, nil, bad
		}
	case maskRequired:
		return nil, nil, invalidField("update_mask", "update_mask is required.")
	default:
		for name := range patch {
			if name != "name" && !slices.Contains(rule.output, name) {
				paths = append(paths, []string{name})
			}
		}
	}
	hideSecrets(patch)
	target := toObject(r.newest())
	var named []string
	for _, path := range paths {
		if last := len(path) - 1; path[last] == "plainText" {
			path[last] = "thumbprint"
		}
		named = append(named, strings.Join(path, "."))
	}
	applyMask(target, patch, paths)
	v, err := fromObject[T](target)
	if err != nil {
		return nil, nil, invalidField(k.field, "Invalid %s: %v", k.field, err)
	}
	return v, named, nil
}

// namedAny reports whether the mask reaches a path: by itself, by a path above
// it or by one below.
func namedAny(paths []string, path string) bool {
	for _, p := range paths {
		if p == path || strings.HasPrefix(path, p+".") || strings.HasPrefix(p, path+".") {
			return true
		}
	}
	return false
}

// fieldChecks collects what is wrong with a message.
type fieldChecks struct{ violations []violation }

func (f *fieldChecks) add(field, description string) {
	f.violations = append(f.violations, violation{field, description})
}

func (f *fieldChecks) text(field, noun, value string, most int) {
	if utf8.RuneCountInString(value) > most {
		f.add(field, fmt.Sprintf("%s must be less than or equal to %d characters", noun, most))
	}
}

func (f *fieldChecks) refusal() *refusal {
	if f.violations == nil {
		return nil
	}
	return invalid(f.violations...)
}
