package claimmap

import (
	"fmt"
	"strings"
)

// Result is the outcome of a comparison.
type Result string

const (
	// Consistent: Google documents the pair, and once every setting of Requires
	// holds both sides yield the same text for the same person.
	Consistent Result = "consistent"

	// Inconsistent: with the identity provider set up as documented, the two
	// sides differ for some person, who can sign in and is then in no group.
	Inconsistent Result = "inconsistent"

	// Unproven: neither could be shown.
	Unproven Result = "unproven"
)

// CompareOptions say what is known about the identity provider.
type CompareOptions struct {
	// Vendor decides which directory attribute a claim is taken from. Without
	// it only the pairs that Google documents for every product can be
	// Consistent. [VendorOf] reads it off a provider.
	Vendor Vendor
}

// IDPSetting is something the identity provider must be set to, which no
// program can see from Google's side. It is comparable, so that a caller can
// keep those that somebody has confirmed.
type IDPSetting struct {
	Vendor    Vendor // "" for any
	Attribute string // the SCIM attribute that is provisioned, "externalId"
	Source    string // what it must be filled from, "objectId"
	Default   string // what it is filled from if nobody touches it; empty if not known
	Note      string // where to look, and conditions; may be empty
	Reference string // the page that says so
}

// String returns the setting in one line.
func (s IDPSetting) String() string {
	var b strings.Builder
	if s.Vendor != "" {
		b.WriteString(s.Vendor.String() + ": ")
	}
	b.WriteString(s.Attribute + " ← " + s.Source)
	if s.Default != "" && s.Default != s.Source {
		b.WriteString(" (the default is " + s.Default + ")")
	}
	if s.Note != "" {
		b.WriteString("; " + s.Note)
	}
	return b.String()
}

// Suggestion is a documented pair of expressions for google.subject.
type Suggestion struct {
	Provider string // for the provider's attribute mapping
	Tenant   string // for the tenant's claim mapping
}

// String returns the two rules, or "" for the zero value.
func (s Suggestion) String() string {
	if s == (Suggestion{}) {
		return ""
	}
	return "provider google.subject=" + s.Provider + ", tenant google.subject=" + s.Tenant
}

// Verdict is the outcome of [Compare].
type Verdict struct {
	Result Result
	Reason string // one sentence

	// Suggestion is a pair that would be Consistent, as close to what was
	// compared as there is one; zero if the verdict is Consistent or none is
	// documented for the vendor.
	Suggestion Suggestion

	// Requires is what a Consistent verdict rests on; nil otherwise.
	Requires []IDPSetting
}

// String returns the verdict in several lines.
func (v Verdict) String() string {
	var b strings.Builder
	b.WriteString(string(v.Result) + ": " + v.Reason)
	for _, s := range v.Requires {
		b.WriteString("\n  requires " + s.String())
	}
	if v.Suggestion != (Suggestion{}) {
		b.WriteString("\n  consistent would be " + v.Suggestion.String())
	}
	return b.String()
}

// Compare says whether google.subject in a provider's attribute mapping
// (attributeMapping of [locations.workforcePools.providers], the claims of the
// token) and in a tenant's claim mapping (the provisioned user) name the same
// identity. If they do not, users can sign in and belong to no group, and the
// claim mapping cannot be corrected.
//
// What a verdict means, what it does not, and the table behind it are described
// in the package documentation under "Comparing".
//
// [locations.workforcePools.providers]: https://docs.cloud.google.com/iam/docs/reference/rest/v1/locations.workforcePools.providers
func Compare(providerMapping map[string]string, m Mapping, opts CompareOptions) Verdict {
	r := m.rule(keySubject)
	if r == nil {
		return Verdict{Result: Unproven, Reason: "the claim mapping has no google.subject"}
	}
	tenant := side{text: r.base, lower: r.lower}
	vendor := known(opts.Vendor)
	source, ok := providerMapping[keySubject]
	if !ok {
		return Verdict{Result: Unproven, Reason: "the provider's attribute mapping has no google.subject", Suggestion: suggest(vendor, side{}, tenant)}
	}
	tree, faults := parse(source)
	if faults != nil {
		return Verdict{Result: Unproven, Reason: fmt.Sprintf("the provider's google.subject cannot be read: %s", faults[0].message), Suggestion: suggest(vendor, side{}, tenant)}
	}
	provider, reason := readProvider(tree)
	v := relate(vendor, provider, tenant)
	if reason != "" {
		v = Verdict{Result: Unproven, Reason: reason}
	}
	if tree.kind == nodeString {
		v = Verdict{Result: Inconsistent, Reason: "the provider gives everybody the same google.subject"}
	}
	if v.Result != Consistent {
		v.Suggestion = suggest(vendor, provider, tenant)
	}
	return v
}

const lowerCall = ".lowerAscii()"

// side is one side of a comparison: what is read, and what is done to its case.
type side struct {
	text  string // canonical, without the call that changes the case
	lower bool
	upper bool
	saml  bool
}

// readProvider takes a provider's expression apart. The reason is not empty if
// it is anything but a claim, with or without a change of case.
func readProvider(n *node) (side, string) {
	var s side
	if n.kind == nodeMember && len(n.args) == 1 && (n.name == "lowerAscii" || n.name == "upperAscii") {
		s.lower, s.upper = n.name == "lowerAscii", n.name == "upperAscii"
		n = n.args[0]
	}
	s.text = n.String()
	s.saml = s.text == claimNameID || strings.HasPrefix(s.text, "assertion.attributes")
	switch {
	case n.kind == nodeIndex && n.args[1].isInt(0) && isAttribute(n.args[0]), // a SAML attribute's first value
		isClaim(n) && !isAttribute(n):
		return s, ""
	case isAttribute(n):
		return s, "a SAML attribute is a list, which is no google.subject: index it with [0]"
	}
	return s, "the provider's google.subject is more than a claim with or without lowerAscii(); what it yields cannot be told from the expression"
}

// isClaim reports whether n is assertion.NAME or assertion['NAME'].
func isClaim(n *node) bool {
	return (n.kind == nodeSelect || n.kind == nodeIndex && n.args[1].kind == nodeString) &&
		n.args[0].kind == nodeIdent && n.args[0].name == "assertion" && n.String() != "assertion.attributes"
}

// isAttribute reports whether n is assertion.attributes['NAME'].
func isAttribute(n *node) bool {
	return (n.kind == nodeSelect || n.kind == nodeIndex && n.args[1].kind == nodeString) &&
		n.args[0].String() == "assertion.attributes"
}

// relate compares a claim with an attribute.
func relate(vendor Vendor, provider, tenant side) Verdict {
	claimFrom, attrFrom := originOf(vendor, provider.text), originOf(vendor, tenant.text)
	p := findPair(vendor, provider.text, tenant.text)
	switch {
	case p == nil && differ(claimFrom, attrFrom):
		return Verdict{Result: Inconsistent, Reason: fmt.Sprintf("in %s, %s is %s, while %s is filled from %s", vendor, provider.text, claimFrom, tenant.text, attrFrom)}
	case provider.upper:
		return Verdict{Result: Inconsistent, Reason: "the provider raises the case, and no claim mapping can"}
	case provider.lower && !tenant.lower:
		return Verdict{Result: Inconsistent, Reason: "only the provider lowers the case: they differ for everybody whose value has an upper-case letter"}
	case !provider.lower && tenant.lower:
		return Verdict{Result: Inconsistent, Reason: "only the tenant lowers the case: they differ for everybody whose value has an upper-case letter"}
	case p != nil:
		return Verdict{Result: Consistent, Reason: fmt.Sprintf("documented by %s (%s)", p.source.URL, p.source.Date), Requires: []IDPSetting{p.requires}}
	case vendor == "" && documentedSomewhere(provider.text, tenant.text):
		return Verdict{Result: Unproven, Reason: fmt.Sprintf("whether %s and %s are the same depends on the vendor, which is not known", provider.text, tenant.text)}
	}
	reason := fmt.Sprintf("no page relates %s to %s", provider.text, tenant.text)
	if vendor != "" {
		reason += " for " + vendor.String()
	}
	return Verdict{Result: Unproven, Reason: reason}
}

func documentedSomewhere(claim, attr string) bool {
	for i := range pairs {
		if pairs[i].claim == claim && pairs[i].attr == attr {
			return true
		}
	}
	return false
}

// suggest returns the documented pair closest to the two sides: the one that
// keeps the provider's claim if there is one, else the one that keeps the
// tenant's attribute. An identifier is left as it is, a name or an address
// is lowered if either side is.
func suggest(vendor Vendor, provider, tenant side) Suggestion {
	var p *pair
	if provider.text != "" {
		p = findPair(vendor, provider.text, "")
	}
	if p == nil {
		for i := range pairs {
			if pairs[i].vendor == vendor && pairs[i].attr == tenant.text && isSAML(pairs[i].claim) == provider.saml {
				p = &pairs[i]
				break
			}
		}
	}
	if p == nil {
		p = findPair(vendor, "", tenant.text)
	}
	if p == nil {
		return Suggestion{}
	}
	s := Suggestion{Provider: p.claim, Tenant: p.attr}
	if p.attr != attrExternalID && (provider.lower || provider.upper || tenant.lower) {
		s.Provider += lowerCall
		s.Tenant += lowerCall
	}
	return s
}

func isSAML(claim string) bool {
	for _, c := range claims {
		if c.expression == claim {
			return c.saml
		}
	}
	return false
}
