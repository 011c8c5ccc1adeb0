package cloud

import (
	"encoding/base64"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/iamscim/iamscim/scimtest/internal/behavior"
	"github.com/iamscim/iamscim/scimtest/internal/wire"
	"google.golang.org/api/cloudresourcemanager/v1"
	"google.golang.org/api/iam/v1"
)

// policyResource is the name before the verb, if it exists.
func (c *call) policyResource() (string, error) {
	name := c.name()
	switch {
	case strings.HasPrefix(name, "organizations/"):
		if !slices.Contains(c.cfg.Organizations, resourceID(name)) {
			return "", denied(behavior.Organizations, c.route.Permission, name)
		}
		return name, nil
	case strings.Contains(name, "/scimTenants/"):
		_, _, err := find(c, tenants, name)
		return name, err
	}
	_, _, err := find(c, pools, name)
	return name, err
}

func getIAMPolicy(c *call) (any, error) {
	name, err := c.policyResource()
	if err != nil {
		return nil, err
	}
	request, bad := decode[iam.GetIamPolicyRequest](c.body, "")
	if bad != nil {
		return nil, bad
	}
	requested := int64(0)
	if request.Options != nil {
		requested = request.Options.RequestedPolicyVersion
	}
	if requested != 0 && requested != 1 && requested != 3 {
		return nil, invalidField(behavior.PolicyVersion, "options.requested_policy_version", "Invalid policy version %d: must be 0, 1 or 3.", requested)
	}
	return inVersion(c.st.policy(name).current(), requested), nil
}

func setIAMPolicy(c *call) (any, error) {
	name, err := c.policyResource()
	if err != nil {
		return nil, err
	}
	switch {
	case strings.HasPrefix(name, "organizations/"):
	case strings.Contains(name, "/scimTenants/"):
		_, err = findActive(c, tenants, name)
	default:
		_, err = findActive(c, pools, name)
	}
	if err != nil {
		return nil, err
	}
	object, bad := decodeBody[iam.SetIamPolicyRequest](c.body, "")
	if bad != nil {
		return nil, bad
	}
	request, err := fromObject[iam.SetIamPolicyRequest](object)
	if err != nil || request.Policy == nil {
		return nil, invalidField(behavior.PolicyMask, "policy", "policy is required.")
	}
	given := request.Policy
	mask := []string{"bindings", "etag"}
	if request.UpdateMask != "" {
		mask = nil
		for path := range strings.SplitSeq(request.UpdateMask, ",") {
			path = camelCase(strings.TrimSpace(path))
			if !slices.Contains([]string{"bindings", "etag", "auditConfigs", "version"}, path) {
				return nil, invalidField(behavior.PolicyMask, "update_mask", "Invalid update mask: %q is not a field of the policy.", wire.Clip(path))
			}
			mask = append(mask, path)
		}
	}
	p := c.st.policy(name)
	old := p.current()
	if bad := checkPolicy(given, old); bad != nil {
		return nil, bad
	}
	if bad := c.checkMembers(given, old); bad != nil {
		return nil, bad
	}
	if given.Etag != "" && !sameETag(given.Etag, old.Etag) {
		return nil, refuse(behavior.PolicyETag, "ABORTED", "There were concurrent policy changes. Please retry the whole read-modify-write with exponential backoff.")
	}
	v := clone(old)
	if slices.Contains(mask, "bindings") {
		v.Bindings = given.Bindings
	}
	if slices.Contains(mask, "auditConfigs") {
		v.AuditConfigs = given.AuditConfigs
	}
	p.set(c, v)
	return inVersion(v, max(given.Version, 1)), nil
}

// sameETag compares the bytes: JSON may carry them in either base64 alphabet.
func sameETag(a, b string) bool {
	x, okX := etagBytes(a)
	y, okY := etagBytes(b)
	return okX && okY && x == y
}

func etagBytes(s string) (string, bool) {
	s = strings.TrimRight(strings.NewReplacer("-", "+", "_", "/").Replace(s), "=")
	raw, err := base64.RawStdEncoding.DecodeString(s)
	return string(raw), err == nil
}

var (
	roleName   = regexp.MustCompile(`^(roles|(organizations|projects)/[^/]+/roles)/[A-Za-z0-9_.]+$`)
	memberName = regexp.MustCompile(`^(allUsers|allAuthenticatedUsers|(user|serviceAccount|group|domain|projectOwner|projectEditor|projectViewer):[^\s:]+|deleted:(user|serviceAccount|group):[^\s]+\?uid=[0-9]+|(deleted:)?(principal|principalSet)://[^\s]+)$`)
)

// maxPrincipals is the quota of principals in one policy; each occurrence
// counts.
const maxPrincipals = 1500

func checkPolicy(given, old *iam.Policy) *wire.Refusal {
	if v := given.Version; v != 0 && v != 1 && v != 3 {
		return invalidField(behavior.PolicyVersion, "policy.version", "Invalid policy version %d: must be 0, 1 or 3.", v)
	}
	if _, ok := etagBytes(given.Etag); !ok {
		return invalidField(behavior.PolicyETag, "policy.etag", "Invalid value at 'policy.etag' (TYPE_BYTES), Base64 decoding failed for %q", wire.Clip(given.Etag))
	}
	if conditional(given) && given.Version != 3 {
		return invalidField(behavior.PolicyVersion, "policy.version", "A policy with conditions must be of version 3, is %d.", given.Version)
	}
	// Without an etag the caller asked to overwrite whatever is there.
	if given.Etag != "" && conditional(old) && given.Version != 3 {
		return invalidField(behavior.PolicyVersion, "policy.version", "Specified policy version (%d) cannot be less than the existing policy version (3).", given.Version)
	}
	var check fieldChecks
	principals := 0
	for i, b := range given.Bindings {
		field := fmt.Sprintf("policy.bindings[%d]", i)
		if !roleName.MatchString(b.Role) {
			check.add(behavior.PolicyMembers, field+".role", "Role %s is not supported for this resource.", wire.Clip(b.Role))
		}
		for _, member := range b.Members {
			if principals++; !memberName.MatchString(member) {
				check.add(behavior.PolicyMembers, field+".members", "The member %s is of an unknown type. Please set a valid type prefix for the member.", wire.Clip(member))
			}
		}
		if b.Condition != nil && strings.TrimSpace(b.Condition.Expression) == "" {
			check.add(behavior.PolicyMembers, field+".condition.expression", "A condition needs an expression.")
		}
	}
	if principals > maxPrincipals {
		check.add(behavior.PolicySize, "policy.bindings", "The policy has %d principals, more than %d.", principals, maxPrincipals)
	}
	return check.refusal()
}

// checkMembers plays the organization policy of [WithRefusedMembers]. Members
// that are in the policy already are left alone.
func (c *call) checkMembers(given, old *iam.Policy) *wire.Refusal {
	if c.cfg.RefuseMember == nil {
		return nil
	}
	present := make(map[string]bool)
	for _, b := range old.Bindings {
		for _, m := range b.Members {
			present[m] = true
		}
	}
	var violations []any
	for _, b := range given.Bindings {
		for _, m := range b.Members {
			if !present[m] && c.cfg.RefuseMember(m) {
				present[m] = true
				_, account, _ := strings.Cut(m, ":")
				violations = append(violations, map[string]any{
					"type":        memberConstraint,
					"subject":     "orgpolicy:" + c.name() + "?configvalue=" + account,
					"description": "User " + account + " is not in permitted organization.",
				})
			}
		}
	}
	if violations == nil {
		return nil
	}
	e := refuse(behavior.RefusedMembers, "FAILED_PRECONDITION", "One or more users named in the policy do not belong to a permitted customer.")
	e.Details = []any{map[string]any{"@type": "type.googleapis.com/google.rpc.PreconditionFailure", "violations": violations}}
	return e
}

// testIAMPermissions answers an empty set for a resource that does not exist.
func testIAMPermissions(c *call) (any, error) {
	request, bad := decode[iam.TestIamPermissionsRequest](c.body, "")
	if bad != nil {
		return nil, bad
	}
	for _, p := range request.Permissions {
		if p == "" || strings.Contains(p, "*") {
			return nil, invalidField(behavior.WildPermissions, "permissions", "Invalid permission %q: wildcards are not allowed.", wire.Clip(p))
		}
	}
	reply := map[string]any{}
	if _, err := c.policyResource(); err != nil {
		return reply, nil
	}
	var held []string
	for _, p := range request.Permissions {
		// Roles spell the permissions of IAM with the service's full name.
		if !c.cfg.Denied[p] && !c.cfg.Denied[strings.Replace(p, "iam.googleapis.com/", "iam.", 1)] {
			held = append(held, p)
		}
	}
	if held != nil {
		reply["permissions"] = held
	}
	return reply, nil
}

// memberConstraint is the constraint that [WithRefusedMembers] plays.
const memberConstraint = "constraints/iam.allowedPolicyMemberDomains"

// getEffectiveOrgPolicy answers that everybody is allowed, or, with
// [WithRefusedMembers], that the organization's own customer alone is.
func getEffectiveOrgPolicy(c *call) (any, error) {
	request, bad := decode[cloudresourcemanager.GetEffectiveOrgPolicyRequest](c.body, "")
	if bad != nil {
		return nil, bad
	}
	if _, err := c.policyResource(); err != nil {
		return nil, err
	}
	list := map[string]any{"allValues": "ALLOW"}
	switch {
	case request.Constraint != memberConstraint:
		return nil, invalidField(behavior.EffectivePolicy, "constraint", "The constraint %q isn't served: only %s is.", wire.Clip(request.Constraint), memberConstraint)
	case c.cfg.RefuseMember != nil:
		number := strings.TrimPrefix(c.name(), "organizations/")
		list = map[string]any{"allowedValues": []any{customerID(number)}}
	}
	return map[string]any{"constraint": memberConstraint, "listPolicy": list}, nil
}
