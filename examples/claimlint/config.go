package main

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// maxReferences bounds how far references are followed through modules.
const maxReferences = 20

// moduleStep is one module call in an address: module.NAME or module.NAME["KEY"].
var moduleStep = regexp.MustCompile(`^module\.([A-Za-z0-9_-]+)(\[(?:"(?:[^"\\]|\\.)*"|[0-9]+)\])?\.`)

// splitAddress separates the modules of an address from the resource.
func splitAddress(address string) (modules []string, resource string) {
	for {
		m := moduleStep.FindString(address)
		if m == "" {
			return modules, address
		}
		modules, address = append(modules, strings.TrimSuffix(m, ".")), address[len(m):]
	}
}

// withoutIndex removes the key of an instance.
func withoutIndex(address string) string {
	if i := strings.IndexByte(address, '['); i >= 0 && strings.HasSuffix(address, "]") {
		return address[:i]
	}
	return address
}

// refersTo reports whether a reference, with or without an instance key, means
// the resource.
func refersTo(ref, address string) bool {
	if ref == address {
		return true
	}
	modules, resource := splitAddress(address)
	refModules, refResource := splitAddress(ref)
	return slices.Equal(modules, refModules) && refResource == withoutIndex(resource)
}

// module returns the configuration of a module.
func (p *plan) module(modules []string) *yaml.Node {
	n := field(p.config, "root_module")
	for _, m := range modules {
		n = field(field(field(n, "module_calls"), callName(m)), "module")
	}
	return n
}

// callName is the name of a module call: NAME of module.NAME["KEY"].
func callName(step string) string { return withoutIndex(strings.TrimPrefix(step, "module.")) }

// references returns the addresses of the resources of a type that an argument of
// a resource refers to, through variables and outputs of modules.
func (p *plan) references(c *change, argument, resourceType string) []string {
	modules, resource := splitAddress(c.Address)
	for _, r := range children(field(p.module(modules), "resources")) {
		if address := field(r, "address"); address != nil && address.Value == withoutIndex(resource) {
			refs := expressionReferences(field(field(r, "expressions"), argument))
			return p.follow(modules, refs, resourceType, indexOf(c), 0)
		}
	}
	return nil
}

// indexOf is the instance key of a resource as it is written in an address.
func indexOf(c *change) string {
	switch c.Index.Tag {
	case "!!str":
		return "[" + strconv.Quote(c.Index.Value) + "]"
	case "!!int", "!!float":
		return "[" + c.Index.Value + "]"
	}
	return ""
}

// follow resolves references that stand in a module.
func (p *plan) follow(modules, refs []string, resourceType, index string, depth int) []string {
	if depth > maxReferences {
		return nil
	}
	prefix := strings.Join(append(slices.Clone(modules), ""), ".")
	perInstance := slices.ContainsFunc(refs, func(ref string) bool { return strings.HasPrefix(ref, "each.") || ref == "count.index" })
	var found []string
	add := func(addresses ...string) {
		for _, a := range addresses {
			if !slices.Contains(found, a) {
				found = append(found, a)
			}
		}
	}
	for _, ref := range refs {
		switch name, rest := cutReference(ref); {
		case name == resourceType:
			resource := resourceReference.FindString(rest)
			if withoutIndex(resource) == resource && perInstance {
				resource += index
			}
			add(prefix + name + "." + resource)
		case name == "var" && len(modules) > 0:
			parent := modules[:len(modules)-1]
			call := field(field(p.module(parent), "module_calls"), callName(modules[len(modules)-1]))
			next := expressionReferences(field(field(call, "expressions"), withoutPath(rest)))
			add(p.follow(parent, next, resourceType, moduleIndex(modules[len(modules)-1]), depth+1)...)
		case name == "module":
			step := moduleStep.FindString(ref + ".")
			output, ok := strings.CutPrefix(ref, strings.TrimSuffix(step, ".")+".")
			if step == "" || !ok {
				continue
			}
			child := append(slices.Clone(modules), strings.TrimSuffix(step, "."))
			expression := field(field(field(p.module(child), "outputs"), withoutPath(output)), "expression")
			add(p.follow(child, expressionReferences(expression), resourceType, "", depth+1)...)
		}
	}
	// A reference with an instance key says more than the same without one, which
	// Terraform lists as well.
	return slices.DeleteFunc(found, func(a string) bool {
		return slices.ContainsFunc(found, func(b string) bool { return b != a && withoutIndexOfResource(b) == a })
	})
}

// resourceReference is the name of a resource with its instance key.
var resourceReference = regexp.MustCompile(`^[A-Za-z0-9_-]+(\[(?:"(?:[^"\\]|\\.)*"|[0-9]+)\])?`)

func withoutIndexOfResource(address string) string {
	modules, resource := splitAddress(address)
	return strings.Join(append(slices.Clone(modules), withoutIndex(resource)), ".")
}

// moduleIndex is the instance key of a module call.
func moduleIndex(step string) string { return strings.TrimPrefix(step, withoutIndex(step)) }

func cutReference(ref string) (name, rest string) {
	name, rest, _ = strings.Cut(ref, ".")
	return name, rest
}

// withoutPath is the name of a variable or output, without what is selected of it.
func withoutPath(s string) string {
	if i := strings.IndexAny(s, ".["); i >= 0 {
		return s[:i]
	}
	return s
}

func expressionReferences(n *yaml.Node) []string {
	var refs []string
	for _, ref := range children(field(n, "references")) {
		refs = append(refs, ref.Value)
	}
	return refs
}

func children(n *yaml.Node) []*yaml.Node {
	if n == nil || n.Kind != yaml.SequenceNode {
		return nil
	}
	return n.Content
}
