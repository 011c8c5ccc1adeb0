package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/iamscim/iamscim/claimmap"
	"github.com/iamscim/iamscim/internal/samlmeta"
)

// The resources of the google provider for Terraform and OpenTofu.
const (
	typePool     = "google_iam_workforce_pool"
	typeProvider = "google_iam_workforce_pool_provider"
	typeTenant   = "google_iam_workforce_pool_provider_scim_tenant"
)

// change is one entry of resource_changes
// (https://developer.hashicorp.com/terraform/internals/json-format).
type change struct {
	Address string    `yaml:"address"`
	Mode    string    `yaml:"mode"`
	Type    string    `yaml:"type"`
	Name    string    `yaml:"name"`
	Index   yaml.Node `yaml:"index"`
	Deposed string    `yaml:"deposed"`
	Change  struct {
		Actions         []string  `yaml:"actions"`
		Before          yaml.Node `yaml:"before"`
		After           yaml.Node `yaml:"after"`
		AfterUnknown    yaml.Node `yaml:"after_unknown"`
		BeforeSensitive yaml.Node `yaml:"before_sensitive"`
		AfterSensitive  yaml.Node `yaml:"after_sensitive"`
	} `yaml:"change"`
}

// isPlan reports whether a document is a plan in JSON.
func isPlan(doc *yaml.Node) bool { return field(doc, "format_version") != nil }

// readPlan returns a case for every tenant that the plan makes, changes or keeps.
func readPlan(file string, doc *yaml.Node) ([]pair, error) {
	version := field(doc, "format_version")
	switch {
	case version == nil:
		return nil, errors.New("not a plan in JSON: make one with terraform show -json PLAN or tofu show -json PLAN")
	case !strings.HasPrefix(version.Value, "1.") && !strings.HasPrefix(version.Value, "0."):
		return nil, fmt.Errorf("a plan of version %s, which is not known", oneLine(version.Value))
	case field(doc, "planned_values") == nil:
		return nil, errors.New("not a plan but a state: give show -json the plan")
	}
	if errored := field(doc, "errored"); errored != nil && errored.Value == "true" {
		return nil, errors.New("the plan errored, and holds only a part of what was planned: plan again")
	}
	p := &plan{file: file, config: field(doc, "configuration")}
	if list := field(doc, "resource_changes"); list != nil {
		if err := list.Decode(&p.changes); err != nil {
			return nil, fmt.Errorf("resource_changes: %w", err)
		}
	}
	var deferred []struct {
		Reason string `yaml:"reason"`
		Change change `yaml:"resource_change"`
	}
	if list := field(doc, "deferred_changes"); list != nil {
		if err := list.Decode(&deferred); err != nil {
			return nil, fmt.Errorf("deferred_changes: %w", err)
		}
	}
	p.readProviders()
	cases := []pair{}
	for i := range p.changes {
		if c := &p.changes[i]; c.Type == typeTenant && c.Mode == "managed" && c.Deposed == "" && !c.gone() {
			cases = append(cases, p.tenantCase(c))
		}
	}
	for _, d := range deferred {
		if d.Change.Type == typeTenant {
			cases = append(cases, pair{Name: d.Change.Address, file: file, Line: 1, found: []finding{{
				Level: levelError, Rule: ruleUnknown, Message: "the plan defers this tenant (" + d.Reason + "): plan again when it can be planned",
			}}})
		}
	}
	p.occupied(cases)
	return cases, nil
}

// plan is a plan on its way to cases.
type plan struct {
	file      string
	config    *yaml.Node
	changes   []change
	providers []plannedProvider
}

type plannedProvider struct {
	provider
	change *change
	ids    [2]string // pool and provider, "" if known after apply
	why    string    // why the mapping is not known
}

// gone reports whether nothing is left of the resource in the configuration.
func (c *change) gone() bool {
	return slices.Equal(c.Change.Actions, []string{"delete"}) || slices.Equal(c.Change.Actions, []string{"forget"})
}

// replaced reports whether the resource is deleted and made again.
func (c *change) replaced() bool {
	return slices.Contains(c.Change.Actions, "delete") && slices.Contains(c.Change.Actions, "create")
}

// text returns a string of the planned values, "" if it is not known.
func (c *change) text(key string) string {
	if v := field(&c.Change.After, key); v != nil && v.Tag == "!!str" {
		return v.Value
	}
	return ""
}

// unknown reports whether a value is known only after apply, in part or all of it.
func (c *change) unknown(key string) bool {
	return c.Change.AfterUnknown.Value == "true" || anyTrue(field(&c.Change.AfterUnknown, key))
}

func anyTrue(n *yaml.Node) bool {
	n = resolved(n)
	if n == nil {
		return false
	}
	return n.Tag == "!!bool" && n.Value == "true" || slices.ContainsFunc(n.Content, anyTrue)
}

// rules returns a map of strings, and the lines of its values.
func rulesOf(n *yaml.Node) (map[string]string, map[string]int) {
	if n == nil || n.Kind != yaml.MappingNode {
		return nil, nil
	}
	rules, lines := map[string]string{}, map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		rules[n.Content[i].Value], lines[n.Content[i].Value] = n.Content[i+1].Value, n.Content[i+1].Line
	}
	return rules, lines
}

func (p *plan) readProviders() {
	for i := range p.changes {
		c := &p.changes[i]
		if c.Type != typeProvider || c.Deposed != "" || c.gone() {
			continue
		}
		out := plannedProvider{change: c, ids: [2]string{c.text("workforce_pool_id"), c.text("provider_id")}}
		out.name, out.file = c.Address, p.file
		out.mapping, _ = rulesOf(field(&c.Change.After, "attribute_mapping"))
		out.sensitive = anyTrue(field(&c.Change.AfterSensitive, "attribute_mapping"))
		out.why = c.Address + " has no attribute_mapping"
		if c.unknown("attribute_mapping") {
			out.mapping, out.why = nil, "attribute_mapping of "+c.Address+" is known only after apply"
		}
		issuer := ""
		if oidc := first(field(&c.Change.After, "oidc")); oidc != nil {
			out.protocol = claimmap.OIDC
			if v := field(oidc, "issuer_uri"); v != nil {
				issuer = v.Value
			}
		}
		if saml := first(field(&c.Change.After, "saml")); saml != nil {
			out.protocol = claimmap.SAML
			if v := field(saml, "idp_metadata_xml"); v != nil {
				issuer, _ = samlmeta.EntityID(v.Value) // the service judges the metadata
			}
		}
		inv := inventory{}
		inv.vendor(&out.provider, p.file, &c.Change.After, "vendor_type", issuer)
		inv.usage(&out.provider, p.file, &c.Change.After, "scim_usage")
		out.problems = inv.problems
		p.providers = append(p.providers, out)
	}
}

// first returns the one element of a block.
func first(n *yaml.Node) *yaml.Node {
	if n == nil || n.Kind != yaml.SequenceNode || len(n.Content) != 1 {
		return nil
	}
	return n.Content[0]
}

// tenantCase is the case of a tenant that is there after apply.
func (p *plan) tenantCase(c *change) pair {
	out := pair{Name: c.Address, file: p.file, Line: 1}
	after := field(&c.Change.After, "claim_mapping")
	if after != nil {
		out.Line = after.Line
	}
	out.rules, out.lines = rulesOf(after)
	out.sensitive = anyTrue(field(&c.Change.AfterSensitive, "claim_mapping"))
	out.unknown = c.unknown("claim_mapping")
	if owner, why := p.ownerOf(c); owner != nil {
		out.provider, out.providers = &owner.provider, owner.why
		for _, problem := range owner.problems {
			out.add(levelError, ruleInput, "the provider "+owner.name+": "+problem)
		}
	} else {
		out.providers = why
	}
	p.lifecycle(c, &out)
	return out
}

const again = "The new tenant has another base URI and no token, and the identity provider must be set up again"

// lifecycle finds what Terraform plans and the API refuses.
func (p *plan) lifecycle(c *change, out *pair) {
	before := field(&c.Change.Before, "claim_mapping")
	hard := field(&c.Change.Before, "hard_delete")
	switch {
	case c.replaced():
		if hard == nil || hard.Value != "true" {
			out.add(levelError, ruleReplacement, "the tenant is replaced without hard_delete: the old one keeps its pool for 30 days, and the new one is refused. Set hard_delete = true and apply that first; then replace. "+again)
		}
		if policy := field(&c.Change.Before, "deletion_policy"); policy != nil && policy.Tag == "!!str" && policy.Value != "" && policy.Value != "DELETE" {
			out.add(levelError, ruleReplacement, "the tenant is replaced with deletion_policy "+policy.Value+": the old one stays and keeps its pool. Set deletion_policy = \"DELETE\" and apply that first")
		}
		if slices.Index(c.Change.Actions, "create") < slices.Index(c.Change.Actions, "delete") {
			out.add(levelError, ruleReplacement, "create_before_destroy: a pool has one tenant, so the new one is refused while the old one is there. Remove it")
		}
	case slices.Contains(c.Change.Actions, "update") && !sameRules(before, field(&c.Change.After, "claim_mapping")):
		out.add(levelError, ruleImmutable, "claim_mapping is changed in place: it is immutable, and apply fails. Keep it, or set hard_delete = true, apply that, and replace the tenant: terraform apply -replace='"+c.Address+"'. "+again)
	}
}

func sameRules(a, b *yaml.Node) bool {
	before, _ := rulesOf(a)
	after, _ := rulesOf(b)
	if len(before) != len(after) {
		return false
	}
	for key, expression := range before {
		if other, ok := after[key]; !ok || other != expression {
			return false
		}
	}
	return true
}

// occupied finds pools with more than one tenant. One that is deleted softly, or
// only forgotten, still occupies its pool.
func (p *plan) occupied(cases []pair) {
	holders := map[string][]string{}
	for i := range p.changes {
		c := &p.changes[i]
		if c.Type != typeTenant || c.Mode != "managed" {
			continue
		}
		pool, how := p.poolOf(c), ""
		if c.gone() || c.Deposed != "" {
			if hard := field(&c.Change.Before, "hard_delete"); slices.Contains(c.Change.Actions, "delete") && hard != nil && hard.Value == "true" {
				continue
			}
			how = " (deleted softly, or left there)"
		}
		if pool != "" {
			holders[pool] = append(holders[pool], c.Address+how)
		}
	}
	for i := range cases {
		for pool, list := range holders {
			if len(list) > 1 && slices.Contains(list, cases[i].Name) {
				cases[i].add(levelError, ruleOccupied, fmt.Sprintf("pool %s gets %d tenants, and has room for one: %s", pool, len(list), strings.Join(list, ", ")))
			}
		}
	}
}

// poolOf names the pool of a tenant: by its ID, or by the address of the resource.
func (p *plan) poolOf(c *change) string {
	values := &c.Change.After
	if c.gone() || c.Deposed != "" {
		values = &c.Change.Before
	}
	if id := field(values, "workforce_pool_id"); id != nil && id.Tag == "!!str" {
		return id.Value
	}
	if refs := p.references(c, "workforce_pool_id", typePool); len(refs) == 1 {
		return refs[0]
	}
	return ""
}

// ownerOf finds the provider of a tenant: by the IDs that are known, else by what
// the configuration refers to.
func (p *plan) ownerOf(c *change) (*plannedProvider, string) {
	ids := [2]string{c.text("workforce_pool_id"), c.text("provider_id")}
	var fits []*plannedProvider
	for i := range p.providers {
		candidate := &p.providers[i]
		if differ(ids[0], candidate.ids[0]) || differ(ids[1], candidate.ids[1]) {
			continue
		}
		if ids[0] != "" && ids[1] != "" && candidate.ids == ids {
			return candidate, ""
		}
		fits = append(fits, candidate)
	}
	if ids[0] != "" && ids[1] != "" && !slices.ContainsFunc(fits, func(f *plannedProvider) bool { return f.ids[0] == "" || f.ids[1] == "" }) {
		return nil, fmt.Sprintf("the plan has no %s %s in pool %s", typeProvider, ids[1], ids[0])
	}
	refs := p.references(c, "provider_id", typeProvider)
	fits = slices.DeleteFunc(fits, func(f *plannedProvider) bool {
		return !slices.ContainsFunc(refs, func(ref string) bool { return refersTo(ref, f.change.Address) })
	})
	switch len(fits) {
	case 1:
		return fits[0], ""
	case 0:
		return nil, "workforce_pool_id or provider_id is known only after apply, and the configuration refers to no provider of the plan"
	}
	return nil, fmt.Sprintf("workforce_pool_id or provider_id is known only after apply, and the configuration refers to %d providers", len(fits))
}

func differ(a, b string) bool { return a != "" && b != "" && a != b }
