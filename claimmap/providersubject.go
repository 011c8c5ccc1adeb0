package claimmap

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// maxSubjectExpression is the longest expression of a provider's attribute
// mapping, in characters (attributeMapping in the discovery document of
// 2026-10-23).
const maxSubjectExpression = 2048

// providerSubject is what a provider's attribute mapping makes google.subject of.
type providerSubject struct {
	side
	protocol Protocol // "" if not known

	// verdict is set if google.subject cannot be compared: it is no claim with or
	// without a change of case.
	verdict Verdict
}

// readProvider reads google.subject of a provider's attribute mapping.
func readProvider(mapping map[string]string, protocol Protocol) providerSubject {
	p := providerSubject{protocol: protocol}
	if protocol == "" {
		p.protocol = guessProtocol(mapping)
	}
	source, ok := mapping[keySubject]
	if !ok {
		p.verdict = Verdict{Result: Invalid, Reason: "the provider's attribute mapping has no google.subject, which is required"}
		return p
	}
	tree, problem := checkProvider(source, p.protocol)
	if problem.Result != "" {
		p.verdict = problem
		return p
	}
	if tree.isConstant(nil) {
		p.verdict = constantSubject(tree)
		return p
	}
	n := tree
	if n.kind == nodeMember && len(n.args) == 1 && (n.name == "lowerAscii" || n.name == "upperAscii") {
		p.lower, p.upper = n.name == "lowerAscii", n.name == "upperAscii"
		n = n.args[0]
	}
	switch {
	case isClaim(n) && p.protocol == SAML && n.String() != claimNameID:
		p.verdict = Verdict{Result: Invalid, Reason: fmt.Sprintf("a SAML assertion has no %s: it has subject and attributes['NAME'][0]", printable(n.String()))}
	case isClaim(n), n.kind == nodeIndex && n.args[1].isInt(0) && isAttribute(n.args[0]) && p.protocol == SAML:
		p.text = n.String()
	default:
		p.verdict = Verdict{Result: Unproven, Reason: "the provider's google.subject is more than a claim with or without lowerAscii(); what it yields cannot be told from the expression"}
	}
	return p
}

// constantSubject judges a google.subject that reads nothing.
func constantSubject(tree *node) Verdict {
	value, _ := tree.constant()
	switch text, ok := value.(string); {
	case !ok || text == "":
		return Verdict{Result: Invalid, Reason: "the provider's google.subject is empty for everybody"}
	case len(text) > maxSubject:
		return Verdict{Result: Invalid, Reason: fmt.Sprintf("the provider's google.subject has %d bytes, at most %d are allowed", len(text), maxSubject)}
	}
	return Verdict{Result: Inconsistent, Reason: "the provider gives everybody the same google.subject"}
}

// checkProvider parses an expression of a provider's attribute mapping. The
// verdict is Invalid if cel-go or a documented rule rejects it for every
// assertion, and Unproven if only a limit of this package does, or if it takes
// an extension of CEL that Google doesn't mention.
func checkProvider(source string, protocol Protocol) (*node, Verdict) {
	invalid := func(f fault) Verdict {
		line, column := place(source, f.at)
		return Verdict{Result: Invalid, Reason: fmt.Sprintf("the provider's google.subject is rejected at %d:%d: %s", line, column, f.message)}
	}
	if n := utf8.RuneCountInString(source); n > maxSubjectExpression {
		return nil, Verdict{Result: Invalid, Reason: fmt.Sprintf("the provider's google.subject has %d characters; an expression has at most %d", n, maxSubjectExpression)}
	}
	tree, faults := parse(source)
	for _, f := range faults {
		switch {
		case f.class == ClassLimit:
			return nil, Verdict{Result: Unproven, Reason: "the provider's google.subject is not read: " + f.message}
		case strings.Contains(f.message, "unsupported syntax"):
			return nil, Verdict{Result: Unproven, Reason: "the provider's google.subject takes an extension of CEL that no page mentions: " + f.message}
		}
	}
	if faults != nil {
		return nil, invalid(faults[0])
	}
	c := checkTypes(oidcEnv(), "assertion", tree, source)
	if protocol == SAML && len(c.faults) == 0 {
		c = checkTypes(samlEnv(), "assertion", tree, source)
		c.faults = slices.DeleteFunc(c.faults, func(f fault) bool { return !tree.always(f.node) })
	}
	for _, f := range c.faults {
		if f.class == classExtension {
			return nil, Verdict{Result: Unproven, Reason: f.message}
		}
	}
	if len(c.faults) > 0 {
		return nil, invalid(c.faults[0])
	}
	if result := c.result(); result != "" {
		return nil, Verdict{Result: Invalid, Reason: "the provider's google.subject must be a string, not " + result + c.samlHint(tree)}
	}
	faults = constantFaults(tree, true)
	switch {
	case len(faults) == 0:
		return tree, Verdict{}
	case faults[0].class == ClassLimit:
		return nil, Verdict{Result: Unproven, Reason: "the provider's google.subject is not evaluated: " + faults[0].message}
	}
	return nil, invalid(faults[0])
}

// always reports whether a list in the place of an operand of m fails whenever n
// is evaluated: m is reached, and does more than compare or choose.
func (n *node) always(m *node) bool {
	reached := false
	n.parts(true, func(part *node) { reached = reached || part == m })
	return reached && m.kind != nodeIf && m.kind != nodeLogic && !slices.Contains([]string{"==", "!=", "in"}, m.name)
}

// samlHint says how a SAML attribute is written.
func (c *checked) samlHint(n *node) string {
	if isAttribute(n) {
		return ": a SAML attribute is indexed with [0]"
	}
	return ""
}

// isClaim reports whether n is assertion.NAME or assertion['NAME'].
func isClaim(n *node) bool {
	return (n.kind == nodeSelect || n.kind == nodeIndex && n.args[1].kind == nodeString) &&
		n.args[0].kind == nodeIdent && n.args[0].name == "assertion"
}

// isAttribute reports whether n is assertion.attributes['NAME'].
func isAttribute(n *node) bool {
	return (n.kind == nodeSelect || n.kind == nodeIndex && n.args[1].kind == nodeString) &&
		n.args[0].String() == samlAttributes
}

const samlAttributes = "assertion.attributes"

// guessProtocol tells the protocol from the claims that the expressions read:
// assertion.subject and assertion.attributes are SAML, other claims OIDC.
func guessProtocol(mapping map[string]string) Protocol {
	var found []Protocol
	for _, source := range mapping {
		tree, faults := parse(source)
		if faults != nil {
			continue
		}
		tree.walk(func(n *node) {
			if !isClaim(n) {
				return
			}
			protocol := OIDC
			if text := n.String(); text == claimNameID || text == samlAttributes {
				protocol = SAML
			}
			if !slices.Contains(found, protocol) {
				found = append(found, protocol)
			}
		})
	}
	if len(found) != 1 {
		return ""
	}
	return found[0]
}
