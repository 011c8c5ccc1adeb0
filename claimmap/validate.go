package claimmap

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/iamscim/iamscim"
)

// Validate returns nil if the mapping can be sent for a tenant of a provider that
// has, or will have, the SCIM usage, or an [*Error] with every problem.
// google.subject and google.group are required under every usage: both usages
// that take anything take groups, and the mapping cannot be changed later. With
// [iamscim.SCIMUsageNone] it is held to what the enabled usages ask.
//
// What [Parse] and [New] check is not checked again; a Mapping that they
// returned without error has no other problems than these.
func (m Mapping) Validate(usage iamscim.SCIMUsage) error {
	if usage.Validate() == nil && m.rule(keySubject) != nil && m.rule(keyGroup) != nil {
		return nil
	}
	var issues []Issue
	if err := usage.Validate(); err != nil {
		issues = append(issues, Issue{Class: ClassUsage, Message: "SCIM usage: " + err.Error()})
	}
	return &Error{Issues: append(issues, m.missing()...)}
}

// missing returns an issue for each required key that is not mapped.
func (m Mapping) missing() []Issue {
	var issues []Issue
	for _, key := range []string{keySubject, keyGroup} {
		if m.rule(key) == nil {
			issues = append(issues, Issue{Class: ClassMissingKey, Key: key, Message: "not mapped, and required", Supported: expressionsFor(key)})
		}
	}
	return issues
}

// Lint returns what is legal and questionable under the usage, in the order of the
// keys:
//   - rules that the usage ignores
//   - what only newer pages of Google's allow
//   - what one page of Google's advises and another advises against, with both
//   - what some connectors of Gemini Enterprise don't work with
//   - subjects and groups that can come to name somebody else
//
// Nothing it returns makes the mapping invalid. It repeats no problem of
// [Mapping.Validate].
func (m Mapping) Lint(usage iamscim.SCIMUsage) []Issue {
	var issues []Issue
	for i := range m.rules {
		issues = append(issues, m.rules[i].lint(usage)...)
	}
	return issues
}

func (r *rule) lint(usage iamscim.SCIMUsage) []Issue {
	var issues []Issue
	warn := func(class Class, format string, args ...any) {
		issues = append(issues, Issue{Class: class, Key: r.key, Expression: r.expr, Message: fmt.Sprintf(format, args...)})
	}
	if !isClosed(r.key) && usage == iamscim.SCIMUsageGroups {
		warn(ClassIgnored, "not evaluated: %s evaluates only google.subject and google.group", usage)
	}
	if r.row != nil {
		if r.row.Contradiction != "" {
			warn(ClassContradiction, "%s: %s (%s, %s); the service may refuse it", r.expr, r.row.Contradiction, r.row.Source.URL, r.row.Source.Date)
		}
		if r.row.Since != srcEntraSeed {
			warn(ClassUndocumented, "%s: not on the first published list of supported expressions, allowed by %s (%s)", r.expr, r.row.Since.URL, r.row.Since.Date)
		}
		r.lintRisk(warn)
		return issues
	}
	for _, f := range r.note {
		issue := Issue{Class: f.class, Key: r.key, Expression: r.src, Message: f.message}
		issue.Line, issue.Column = place(r.src, f.at)
		issues = append(issues, issue)
	}
	n := utf8.RuneCountInString(r.expr)
	switch {
	case strings.HasPrefix(r.key, attributePrefix) && n+1+len(r.key) > maxRule:
		warn(ClassUndocumented, "%d characters with its key: if the limit of %d characters a rule counts the key, this is too long", n+1+len(r.key), maxRule)
	case !strings.HasPrefix(r.key, attributePrefix) && n > maxRule:
		warn(ClassUndocumented, "%d characters: the limit of %d characters is documented for attribute.KEY, and may hold here", n, maxRule)
	}
	return issues
}

// lintRisk warns of what can name somebody else, and where Google's pages give
// opposite advice. The best practices are about Microsoft Entra ID.
func (r *rule) lintRisk(warn func(Class, string, ...any)) {
	const immutable = "; the service takes the value for an immutable identifier, a change needs the user deleted and made again"
	setUp, best := fmt.Sprintf("%s (%s)", srcEntra.URL, srcEntra.Date), fmt.Sprintf("%s (%s)", srcBest.URL, srcBest.Date)
	switch r.base {
	case attrEmail:
		warn(ClassRisk, "an address can change and can be given to somebody else, who then has the access of the first"+immutable)
	case attrUserName:
		warn(ClassRisk, "a user name can change and can be given to somebody else, who then has the access of the first"+immutable)
	case attrExternalID:
		warn(ClassAdvice, "for Microsoft Entra ID, %s pairs user.externalId with the object ID; %s calls the object ID less suitable than the user principal name", setUp, best)
	case groupDisplayName:
		warn(ClassRisk, "a group that is renamed is another google.group, and policies keep naming the old one")
	}
	if r.base == attrEmail || r.base == attrUserName {
		warn(ClassAdvice, "for Microsoft Entra ID, %s recommends lowerAscii() on both sides; %s advises against lower case", setUp, best)
	}
	switch {
	case r.key == keySubject && (r.base == attrExternalID || r.lower):
		warn(ClassConnector, "some connectors of Gemini Enterprise work only if google.subject is assertion.upn or assertion.email of Microsoft Entra ID, unaltered: %s", best)
	case r.base == groupDisplayName, r.key == keyGroup && r.lower:
		warn(ClassConnector, "some connectors of Gemini Enterprise work only if google.group is the object ID of a group of Microsoft Entra ID, as group.externalId is: %s", best)
	}
}

// documented are the functions and operators that a page shows in a claim
// mapping (srcSCIM). Others are standard CEL, join and split, which Google
// documents for a provider's attribute mapping.
var documented = []string{"lowerAscii", "filter", "==", "!="}

// check finds what is wrong with an expression of a claim mapping beyond its
// syntax, and what to warn of.
func check(key string, root *node, source string) *checked {
	variable, env := "user", userEnv
	if key == keyGroup {
		variable, env = "group", groupEnv
	}
	c := checkTypes(env(), variable, root, source)
	root.walk(c.rule)
	if len(c.faults) == 0 {
		// What is only too large for an evaluation here can be sent.
		c.faults = slices.DeleteFunc(constantFaults(root, false), func(f fault) bool { return f.class == ClassLimit })
	}
	return c
}

// rule looks at one node for what the types don't say.
func (c *checked) rule(n *node) {
	switch n.kind {
	case nodeMap, nodeOther:
		c.fail(n.at, ClassUnsupported, "maps, messages, bytes and optional values have no place in a claim mapping")
	case nodeIndex:
		switch key := n.args[1]; {
		case key.kind != nodeInt:
		case key.name[0] == '-':
			c.fail(key.at, ClassType, "CEL does not count from the end of a list")
		case !key.isInt(0) && n.args[0].String() == attrEmails:
			c.fail(key.at, ClassUnsupported, "a user has exactly one email, of type work, and it is [0]")
		}
	case nodeCall, nodeMember:
		if slices.Contains(claimFunctions, n.name) || slices.Contains(macros, n.name) {
			c.undocumented(n.calledAt(), n.name)
		}
	case nodeBinary:
		c.undocumented(n.at, n.name)
	}
}

func (c *checked) undocumented(at int, name string) {
	if !slices.Contains(documented, name) {
		c.note(at, "%s is documented for a provider's attribute mapping (%s) and is not shown in any claim mapping", name, srcWorkforce.URL)
	}
}
