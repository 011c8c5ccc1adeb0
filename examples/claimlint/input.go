package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"go.yaml.in/yaml/v3"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/claimmap"
)

// maxInput bounds a file or a plan.
const maxInput = 256 << 20

// cases reads what the flags point at.
func (o *options) cases(stdin io.Reader) ([]pair, error) {
	switch {
	case o.file != "":
		return readInput(o.file, stdin, fromFile)
	case o.plan != "":
		return readInput(o.plan, stdin, fromPlan)
	}
	c := pair{flag: o.claimMapping, vendor: o.vendor, providers: "give -provider-subject"}
	if o.subject != "" {
		c.provider = map[string]string{"google.subject": o.subject}
	}
	return []pair{c}, nil
}

// readInput reads a file, or standard input for "-", and has it parsed. Its
// errors and pairs name the file.
func readInput(path string, stdin io.Reader, parse func([]byte) ([]pair, error)) ([]pair, error) {
	in, name := stdin, "standard input"
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		in, name = f, path
	}
	text, err := io.ReadAll(io.LimitReader(in, maxInput+1))
	if err == nil && len(text) > maxInput {
		err = fmt.Errorf("more than %d bytes", maxInput)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	cases, err := parse(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if path != "-" {
		for i := range cases {
			cases[i].file = path
		}
	}
	return cases, nil
}

// document is a file of providers, in the names of the IAM API.
type document struct {
	Providers []providerEntry `yaml:"providers"`
}

type providerEntry struct {
	Name             string            `yaml:"name"`
	VendorType       string            `yaml:"vendorType"`
	AttributeMapping map[string]string `yaml:"attributeMapping"`
	SCIMUsage        iamscim.SCIMUsage `yaml:"scimUsage"`
	OIDC             struct {
		IssuerURI string `yaml:"issuerUri"`
	} `yaml:"oidc"`
	SCIMTenant *tenantEntry `yaml:"scimTenant"`
}

type tenantEntry struct {
	Name         string    `yaml:"name"`
	ClaimMapping yaml.Node `yaml:"claimMapping"`
}

// fromFile reads JSON as well: it is YAML.
func fromFile(text []byte) ([]pair, error) {
	d := yaml.NewDecoder(bytes.NewReader(text))
	d.KnownFields(true)
	var doc document
	if err := d.Decode(&doc); err != nil {
		return nil, err
	}
	if err := d.Decode(&document{}); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one document")
	}
	var cases []pair
	for i, p := range doc.Providers {
		if p.SCIMTenant == nil {
			continue
		}
		c := pair{
			Name: p.Name, Line: p.SCIMTenant.ClaimMapping.Line,
			provider: p.AttributeMapping, providers: "the provider has no attributeMapping",
			vendor: claimmap.VendorOf(p.VendorType, p.OIDC.IssuerURI), usage: p.SCIMUsage,
		}
		if p.SCIMTenant.Name != "" {
			c.Name = p.SCIMTenant.Name
		}
		if c.Name == "" {
			c.Name = fmt.Sprintf("providers[%d]", i)
		}
		if err := p.SCIMTenant.ClaimMapping.Decode(&c.rules); err != nil {
			return nil, fmt.Errorf("%s: claimMapping: %w", c.Name, err)
		}
		cases = append(cases, c)
	}
	if cases == nil {
		return nil, errors.New("no provider with a scimTenant")
	}
	return cases, nil
}

// The resources of the google provider for Terraform and OpenTofu.
const (
	typeTenant   = "google_iam_workforce_pool_provider_scim_tenant"
	typeProvider = "google_iam_workforce_pool_provider"
)

// plan is the part of the JSON plan representation that is read
// (https://developer.hashicorp.com/terraform/internals/json-format).
type plan struct {
	FormatVersion string `json:"format_version"`
	Planned       *struct {
		Root module `json:"root_module"`
	} `json:"planned_values"`
}

type module struct {
	Resources []resource `json:"resources"`
	Children  []module   `json:"child_modules"`
}

type resource struct {
	Address string `json:"address"`
	Mode    string `json:"mode"`
	Type    string `json:"type"`
	Values  struct {
		Pool             *string           `json:"workforce_pool_id"`
		Provider         *string           `json:"provider_id"`
		ClaimMapping     map[string]string `json:"claim_mapping"`
		AttributeMapping map[string]string `json:"attribute_mapping"`
		SCIMUsage        iamscim.SCIMUsage `json:"scim_usage"`
		OIDC             []struct {
			IssuerURI string `json:"issuer_uri"`
		} `json:"oidc"`
	} `json:"values"`
}

// fromPlan checks every tenant the plan leaves in place. What becomes known
// only when the plan is applied is absent from a plan.
func fromPlan(text []byte) ([]pair, error) {
	var p plan
	if err := json.Unmarshal(text, &p); err != nil {
		return nil, err
	}
	if p.FormatVersion == "" || p.Planned == nil {
		return nil, errors.New("not a plan in JSON: make one with terraform show -json or tofu show -json")
	}
	var tenants, providers []resource
	for _, r := range p.Planned.Root.all() {
		switch {
		case r.Mode == "managed" && r.Type == typeTenant:
			tenants = append(tenants, r)
		case r.Type == typeProvider:
			providers = append(providers, r)
		}
	}
	cases := []pair{}
	for _, t := range tenants {
		c := pair{Name: t.Address, rules: t.Values.ClaimMapping}
		if len(c.rules) == 0 {
			c.unknown = "claim_mapping is not in the plan: it is known only when the plan is applied, and immutable then"
		}
		if owner, why := ownerOf(t, providers); owner != nil {
			v := owner.Values
			c.provider, c.providers, c.usage = v.AttributeMapping, owner.Address+" has no attribute_mapping in the plan", v.SCIMUsage
			if len(v.OIDC) == 1 {
				c.vendor = claimmap.VendorOf("", v.OIDC[0].IssuerURI)
			}
		} else {
			c.providers = why
		}
		cases = append(cases, c)
	}
	return cases, nil
}

func (m module) all() []resource {
	all := m.Resources
	for _, child := range m.Children {
		all = append(all, child.all()...)
	}
	return all
}

// ownerOf finds the provider of a tenant by the ids of the plan.
func ownerOf(t resource, providers []resource) (*resource, string) {
	if t.Values.Pool == nil || t.Values.Provider == nil {
		return nil, "workforce_pool_id or provider_id is known only when the plan is applied"
	}
	for i := range providers {
		v := providers[i].Values
		if v.Pool != nil && v.Provider != nil && *v.Pool == *t.Values.Pool && *v.Provider == *t.Values.Provider {
			return &providers[i], ""
		}
	}
	return nil, fmt.Sprintf("the plan has no %s %s in pool %s", typeProvider, *t.Values.Provider, *t.Values.Pool)
}
