package claimmap

import (
	"errors"
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

	// Unproven: nothing here can show whether the two sides agree.
	Unproven Result = "unproven"

	// Invalid: CEL or a documented rule of the service rejects one of the two
	// expressions for every assertion, so that nobody can sign in.
	Invalid Result = "invalid"
)

// CompareOptions say what is known about the identity provider.
type CompareOptions struct {
	// Vendor decides which directory attribute a claim is taken from. Without
	// it only the pairs that Google documents for every product can be
	// Consistent. [VendorOf] reads it off a provider.
	Vendor Vendor

	// Protocol decides which claims there are. Without it the provider's
	// expressions tell: assertion.subject and assertion.attributes are SAML.
	Protocol Protocol
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

	// Suggestion is a pair that would be Consistent, of the provider's protocol
	// and as close to what was compared as there is one. It is zero if the
	// verdict is Consistent, if the vendor has no documented pair, or if the
	// protocol isn't known.
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
// identity. If they don't, users can sign in and belong to no group, and the
// claim mapping cannot be corrected.
//
// What a verdict means, what it does not, and the table behind it are described
// in the package documentation under "Comparing".
//
// [locations.workforcePools.providers]: https://docs.cloud.google.com/iam/docs/reference/rest/v1/locations.workforcePools.providers
func Compare(providerMapping map[string]string, m Mapping, opts CompareOptions) Verdict {
	vendor := known(opts.Vendor)
	provider := readProvider(providerMapping, opts.Protocol)
	r := m.rule(keySubject)
	if r == nil {
		return Verdict{Result: Invalid, Reason: "the claim mapping has no google.subject, which is required"}
	}
	tenant := side{text: r.base, lower: r.lower}
	v := provider.verdict
	if v.Result == "" {
		v = relate(vendor, provider, tenant)
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
}

// relate compares a claim with an attribute.
func relate(vendor Vendor, provider providerSubject, tenant side) Verdict {
	claimFrom, attrFrom := originOf(vendor, provider.text), originOf(vendor, tenant.text)
	p := findPair(vendor, provider.text, tenant.text, provider.protocol)
	if protocolOf(provider.text) != provider.protocol {
		claimFrom = "" // a claim of that name, of another protocol
	}
	switch {
	case p != nil:
		if reason, result := caseApart(claimFrom, provider.side, tenant); reason != "" {
			return Verdict{Result: result, Reason: reason}
		}
		return Verdict{Result: Consistent, Reason: fmt.Sprintf("documented by %s (%s)", p.source.URL, p.source.Date), Requires: append([]IDPSetting(nil), p.requires...)}
	case claimFrom != "" && attrFrom != "" && claimFrom != attrFrom:
		return Verdict{Result: Inconsistent, Reason: fmt.Sprintf("in %s, %s is %s, while %s is filled from %s", vendor, provider.text, claimFrom, tenant.text, attrFrom)}
	case vendor == "" && documentedSomewhere(provider.text, tenant.text):
		return Verdict{Result: Unproven, Reason: fmt.Sprintf("whether %s and %s are the same depends on the vendor, which is not known", provider.text, tenant.text)}
	}
	reason := fmt.Sprintf("no page relates %s to %s", provider.text, tenant.text)
	if vendor != "" {
		reason += " for " + vendor.String()
	}
	return Verdict{Result: Unproven, Reason: reason}
}

// caseApart says what the case does to two sides that are filled from the same
// source; nothing if it is treated alike.
func caseApart(source string, provider, tenant side) (string, Result) {
	who := "provider"
	switch {
	case provider.upper:
		return "the provider raises the case, and no claim mapping can", Inconsistent
	case provider.lower == tenant.lower:
		return "", ""
	case tenant.lower:
		who = "tenant"
	}
	if source == objectID {
		return "only the " + who + " lowers the case: object IDs are seen in lower case, and no page promises it", Unproven
	}
	return "only the " + who + " lowers the case: they differ for everybody with an upper-case letter in the value", Inconsistent
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
// tenant's attribute, else the first. An identifier is left as it is, a name or
// an address is lowered if either side is.
func suggest(vendor Vendor, provider providerSubject, tenant side) Suggestion {
	if provider.protocol == "" {
		return Suggestion{}
	}
	var p *pair
	if provider.text != "" {
		p = findPair(vendor, provider.text, "", provider.protocol)
	}
	if p == nil {
		p = findPair(vendor, "", tenant.text, provider.protocol)
	}
	if p == nil {
		p = findPair(vendor, "", "", provider.protocol)
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

// Fit returns the mapping that meets the provider as it is. Its google.subject is
// Consistent with the provider's attribute mapping. Its google.group is the one
// that Google's page for the vendor recommends. If there
// is none, the Mapping is zero, and the Verdict says why. Requires is part of a
// Consistent verdict, as with [Compare].
func Fit(providerMapping map[string]string, vendor Vendor) (Mapping, Verdict) {
	recommended := Recommended(vendor)
	if recommended.IsZero() {
		v := Compare(providerMapping, closedMapping(attrEmail, groupExternalID), CompareOptions{Vendor: vendor})
		if v.Result != Invalid {
			v = Verdict{Result: Unproven, Reason: "the vendor is not known, and decides what google.group is filled from"}
		}
		return Mapping{}, v
	}
	group := recommended.rule(keyGroup).expr
	var best Verdict
	for _, attr := range []string{attrExternalID, attrUserName, attrEmail} {
		for _, subject := range []string{attr, attr + lowerCall} {
			m := closedMapping(subject, group)
			v := Compare(providerMapping, m, CompareOptions{Vendor: vendor})
			if v.Result == Consistent {
				return m, v
			}
			if best.Result == "" || best.Result == Inconsistent && v.Result == Unproven {
				best = v // Unproven says that more could be known
			}
		}
	}
	return Mapping{}, best
}

// PreviewResult shows whether a token and a provisioned user map to the same
// google.subject.
type PreviewResult struct {
	Token       Attributes // by the provider's attribute mapping
	Provisioned Attributes // by the tenant's claim mapping

	// Match is true if both have the same google.subject. Who signs in with the
	// token is then the provisioned user, with its groups.
	Match bool
}

// Preview evaluates both mappings for one token and one provisioned user.
// [Compare] is about all of them. The errors are those of [EvaluateAssertion] and
// [Mapping.EvaluateUser], joined. With an error for either google.subject there
// is no match.
func Preview(providerMapping map[string]string, assertion map[string]any, m Mapping, user map[string]any) (PreviewResult, error) {
	token, tokenErr := EvaluateAssertion(providerMapping, assertion)
	provisioned, userErr := m.EvaluateUser(user)
	return PreviewResult{
		Token:       token,
		Provisioned: provisioned,
		Match:       token.Subject != "" && token.Subject == provisioned.Subject,
	}, errors.Join(tokenErr, userErr)
}
