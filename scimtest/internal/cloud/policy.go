package cloud

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"slices"
	"sort"

	"google.golang.org/api/iam/v1"
)

// syncerRole lets a tenant's service agent serve SCIM requests.
const syncerRole = "roles/iam.scimSyncer"

// untouchedETag is what the service returns for a policy that was never set.
const untouchedETag = "ACAB"

// current is the newest policy; etags make reads of it consistent.
func (p *policy) current() *iam.Policy {
	if len(p.versions) == 0 {
		return &iam.Policy{Etag: untouchedETag}
	}
	return p.newest()
}

func (p *policy) set(c *call, v *iam.Policy) {
	v.Etag = newETag(c.cfg.NewID())
	v.Bindings = normalize(v.Bindings)
	from := c.now.Add(c.cfg.Lag)
	if c.seeding {
		from = c.now
	}
	p.put(c.now, from, v)
}

// newETag is eight bytes in base64, as the service's are.
func newETag(id string) string {
	raw, err := hex.DecodeString(id[:14])
	if err != nil {
		sum := sha256.Sum256([]byte(id))
		raw = sum[:7]
	}
	return base64.StdEncoding.EncodeToString(append([]byte{7}, raw...))
}

// grant binds a role without a condition.
func (p *policy) grant(c *call, role, member string) {
	v := clone(p.current())
	v.Bindings = append(v.Bindings, &iam.Binding{Role: role, Members: []string{member}})
	p.set(c, v)
}

// grants reports whether the policy in force binds the role to the member
// without a condition.
func (p *policy) grants(c *call, role, member string) bool {
	v := p.at(c.now)
	if v == nil {
		return false
	}
	for _, b := range v.Bindings {
		if b.Role == role && b.Condition == nil && slices.Contains(b.Members, member) {
			return true
		}
	}
	return false
}

// normalize merges bindings of one role and condition, drops repeated members
// and empty bindings, and puts both in order.
func normalize(bindings []*iam.Binding) []*iam.Binding {
	merged := make(map[string]*iam.Binding)
	var order []string
	for _, b := range bindings {
		key := b.Role + "\n" + conditionHash(b.Condition)
		m, ok := merged[key]
		if !ok {
			m = &iam.Binding{Role: b.Role, Condition: b.Condition}
			merged[key] = m
			order = append(order, key)
		}
		for _, member := range b.Members {
			if !slices.Contains(m.Members, member) {
				m.Members = append(m.Members, member)
			}
		}
	}
	sort.Strings(order)
	var list []*iam.Binding
	for _, key := range order {
		if m := merged[key]; len(m.Members) > 0 {
			sort.Strings(m.Members)
			list = append(list, m)
		}
	}
	return list
}

func conditionHash(e *iam.Expr) string {
	if e == nil {
		return ""
	}
	sum := sha256.Sum256([]byte(e.Expression + "\n" + e.Title + "\n" + e.Description))
	return hex.EncodeToString(sum[:10])
}

func conditional(v *iam.Policy) bool {
	return slices.ContainsFunc(v.Bindings, func(b *iam.Binding) bool { return b.Condition != nil })
}

// inVersion is a policy as a caller who asked for a version sees it: without
// conditions always version 1; with them version 3 if asked for, else version
// 1 with the conditions dropped and their roles renamed.
// See https://docs.cloud.google.com/iam/docs/allow-policies#versions.
func inVersion(v *iam.Policy, requested int64) *iam.Policy {
	shown := clone(v)
	shown.Version = 1
	switch {
	case !conditional(shown):
	case requested == 3:
		shown.Version = 3
	default:
		for _, b := range shown.Bindings {
			if b.Condition != nil {
				b.Role = b.Role + "_withcond_" + conditionHash(b.Condition)
				b.Condition = nil
			}
		}
	}
	return shown
}
