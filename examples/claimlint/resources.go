package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/claimmap"
	"github.com/iamscim/iamscim/internal/samlmeta"
)

// The fields of the resources, as gcloud and the IAM API print them
// (https://docs.cloud.google.com/iam/docs/reference/rest/v1/locations.workforcePools.providers).
// A provider may also hold its tenant.
var (
	providerFields = []string{
		"name", "displayName", "description", "state", "disabled", "attributeMapping", "attributeCondition", "detailedAuditLogging", "expireTime",
		"extendedAttributesOauth2Client", "extraAttributesOauth2Client", "oidc", "saml", "scimUsage", "vendorType", "scimTenant",
	}
	oidcFields   = []string{"issuerUri", "clientId", "clientSecret", "jwksJson", "webSsoConfig"}
	samlFields   = []string{"idpMetadataXml"}
	tenantFields = []string{"name", "baseUri", "claimMapping", "displayName", "description", "state", "serviceAgent", "purgeTime"}
	listFields   = []string{"providers", "workforcePoolProviders", "workforcePoolProviderScimTenants", "nextPageToken"}
)

// inventory is what the files hold: providers, and tenants apart from them.
type inventory struct {
	providers []*provider
	tenants   []*tenant
	problems  []string // of the files, with their lines
}

// provider is a pool provider as far as a mapping depends on it.
type provider struct {
	name      string
	file      string
	line      int
	mapping   map[string]string // nil if there is none
	sensitive bool              // the mapping must not be printed
	problems  []string          // of a planned provider
	protocol  claimmap.Protocol
	vendor    claimmap.Vendor
	issuer    bool // the issuer tells the vendor, or contradicts vendorType
	usage     iamscim.SCIMUsage
	hasTenant bool
}

// tenant is a SCIM tenant with its claim mapping: a flag or rules.
type tenant struct {
	name  string
	file  string
	line  int
	flag  string
	rules map[string]string
	lines map[string]int // of the rules
	owner *provider
	why   string // why the owner is not known
}

// read adds the resources of a document.
func (inv *inventory) read(file string, doc *yaml.Node) {
	doc = resolved(doc)
	switch {
	case doc.Kind == yaml.SequenceNode:
		for _, entry := range doc.Content {
			inv.read(file, entry)
		}
	case doc.Kind != yaml.MappingNode:
		inv.problem(file, doc.Line, "a provider, a tenant or a list of them is needed")
	case field(doc, "providers") != nil, field(doc, "workforcePoolProviders") != nil, field(doc, "workforcePoolProviderScimTenants") != nil, field(doc, "nextPageToken") != nil:
		inv.fields(file, "a list", doc, listFields)
		for _, key := range listFields[:3] {
			if list := field(doc, key); list != nil && list.Kind != yaml.SequenceNode {
				inv.problem(file, list.Line, "%s is no list", key)
			} else if list != nil {
				inv.read(file, list)
			}
		}
	case field(doc, "claimMapping") != nil:
		if t := inv.tenant(file, doc); t != nil {
			inv.tenants = append(inv.tenants, t)
		}
	default:
		inv.provider(file, doc)
	}
}

func (inv *inventory) problem(file string, line int, format string, args ...any) {
	inv.problems = append(inv.problems, fmt.Sprintf("%s:%d: %s", source{path: file}.name(), line, oneLine(fmt.Sprintf(format, args...))))
}

// fields reports the keys that no resource of the kind has.
func (inv *inventory) fields(file, kind string, n *yaml.Node, known []string) {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if key := n.Content[i]; key.Value != "<<" && !slices.Contains(known, key.Value) {
			inv.problem(file, key.Line, "%s has no field %q", kind, key.Value)
		}
	}
}

// object returns the value of a key that must be an object, or nil.
func (inv *inventory) object(file string, n *yaml.Node, key string) *yaml.Node {
	value := field(n, key)
	if value == nil || value.Tag == "!!null" {
		return nil
	}
	if value.Kind != yaml.MappingNode {
		inv.problem(file, value.Line, "%s is no object", key)
		return nil
	}
	return value
}

// text returns the value of a key that must be a string.
func (inv *inventory) text(file string, n *yaml.Node, key string) string {
	value := field(n, key)
	switch {
	case value == nil || value.Tag == "!!null":
		return ""
	case value.Kind != yaml.ScalarNode || value.Tag != "!!str":
		inv.problem(file, value.Line, "%s is no string", key)
		return ""
	}
	return value.Value
}

// rules returns the value of a key that must map strings to strings.
func (inv *inventory) rules(file, key string, n *yaml.Node) (map[string]string, map[string]int) {
	rules, lines := map[string]string{}, map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		value := resolved(n.Content[i+1])
		if value.Kind != yaml.ScalarNode || value.Tag != "!!str" {
			inv.problem(file, value.Line, "%s: %s is no string", key, n.Content[i].Value)
			continue
		}
		rules[n.Content[i].Value], lines[n.Content[i].Value] = value.Value, lineOf(value)
	}
	return rules, lines
}

func (inv *inventory) provider(file string, n *yaml.Node) {
	p := &provider{name: inv.text(file, n, "name"), file: file, line: n.Line}
	inv.fields(file, "a provider", n, providerFields)
	if mapping := inv.object(file, n, "attributeMapping"); mapping != nil {
		p.mapping, _ = inv.rules(file, "attributeMapping", mapping)
	}
	var issuer string
	if oidc := inv.object(file, n, "oidc"); oidc != nil {
		inv.fields(file, "oidc", oidc, oidcFields)
		p.protocol, issuer = claimmap.OIDC, inv.text(file, oidc, "issuerUri")
	}
	if saml := inv.object(file, n, "saml"); saml != nil {
		inv.fields(file, "saml", saml, samlFields)
		if p.protocol != "" {
			inv.problem(file, saml.Line, "a provider has oidc or saml, not both")
		}
		p.protocol = claimmap.SAML
		if id, err := samlmeta.EntityID(inv.text(file, saml, "idpMetadataXml")); err == nil { // the service judges the metadata
			issuer = id
		}
	}
	inv.vendor(p, file, n, "vendorType", issuer)
	inv.usage(p, file, n, "scimUsage")
	inv.providers = append(inv.providers, p)
	if t := inv.object(file, n, "scimTenant"); t != nil {
		p.hasTenant = true
		if t := inv.tenant(file, t); t != nil {
			t.owner = p
			if t.name == "" {
				t.name = p.name
			}
			inv.tenants = append(inv.tenants, t)
		}
	}
}

// vendor reads the vendor of a provider. An issuer that tells it stands, whatever
// a flag says.
func (inv *inventory) vendor(p *provider, file string, n *yaml.Node, key, issuer string) {
	declared := inv.text(file, n, key)
	if declared != "" && declared != "VENDOR_TYPE_UNSPECIFIED" && claimmap.VendorOf(declared, "") == "" {
		inv.problem(file, field(n, key).Line, "%s %q is not one of the API's: %s", key, declared, vendorTypes())
		return
	}
	p.vendor = claimmap.VendorOf(declared, issuer)
	p.issuer = claimmap.VendorOf("", issuer) != ""
	if p.vendor == "" && p.issuer {
		inv.problem(file, field(n, key).Line, "%s %s contradicts the issuer %s", key, declared, issuer)
	}
}

func (inv *inventory) usage(p *provider, file string, n *yaml.Node, key string) {
	p.usage = iamscim.SCIMUsage(inv.text(file, n, key))
	if p.usage == "" {
		return
	}
	if err := p.usage.Validate(); err != nil {
		inv.problem(file, field(n, key).Line, "%s: %v", key, err)
		p.usage = ""
	}
}

func (inv *inventory) tenant(file string, n *yaml.Node) *tenant {
	inv.fields(file, "a tenant", n, tenantFields)
	mapping := field(n, "claimMapping")
	if mapping == nil {
		inv.problem(file, n.Line, "a tenant has no claimMapping")
		return nil
	}
	t := &tenant{name: inv.text(file, n, "name"), file: file, line: mapping.Line, why: "no file has the tenant's provider"}
	switch {
	case mapping.Kind == yaml.MappingNode:
		t.rules, t.lines = inv.rules(file, "claimMapping", mapping)
	case mapping.Kind == yaml.ScalarNode && mapping.Tag == "!!str":
		t.flag, t.line = strings.TrimSpace(mapping.Value), lineOf(mapping)
	default:
		inv.problem(file, mapping.Line, "claimMapping is neither an object nor a flag")
		return nil
	}
	return t
}

// join gives the tenants that stand alone the providers they are below of.
func (inv *inventory) join() {
	for _, t := range inv.tenants {
		if t.owner != nil {
			continue
		}
		parent, _, found := strings.Cut(t.name, "/scimTenants/")
		if !found {
			t.why = "the tenant has no name, which tells its provider"
			continue
		}
		for _, p := range inv.providers {
			switch {
			case p.name != parent:
			case t.owner == nil:
				t.owner, p.hasTenant = p, true
			case !maps.Equal(t.owner.mapping, p.mapping) || t.owner.vendor != p.vendor || t.owner.protocol != p.protocol:
				t.owner, t.why = nil, "the tenant's provider is there twice, and differs"
				p.hasTenant = true
			default:
				p.hasTenant = true
			}
		}
	}
}

// occupied finds pools with more than one tenant.
func occupied(cases []pair) {
	holders := map[string][]string{}
	poolOf := func(name string) string {
		pool, _, found := strings.Cut(name, "/providers/")
		if !found {
			return ""
		}
		return pool
	}
	for _, c := range cases {
		if pool := poolOf(c.Name); pool != "" && !slices.Contains(holders[pool], c.Name) {
			holders[pool] = append(holders[pool], c.Name)
		}
	}
	for i := range cases {
		if list := holders[poolOf(cases[i].Name)]; len(list) > 1 {
			cases[i].add(levelError, ruleOccupied, fmt.Sprintf("%s has %d tenants, and room for one: %s", poolOf(cases[i].Name), len(list), strings.Join(list, ", ")))
		}
	}
}
