package claimmap

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// Limits of a claim mapping.
const (
	// maxCustom and maxRule: "Up to 50 custom attribute mapping rules. Maximum
	// size per rule: 256 characters" (srcSCIM). Whether the size counts the key
	// is not said: a rule that passes only without it is warned of.
	maxCustom = 50
	maxRule   = 256

	// maxKey is the longest KEY of attribute.KEY: attributeMapping of
	// locations.workforcePools.providers in the discovery document of 2026-10-23.
	maxKey = 100

	// maxRules bounds what is read at all.
	maxRules = 200
)

// Mapping is a claim mapping: the claimMapping field of a SCIM tenant, which
// cannot be changed once the tenant exists. A Mapping that [New], [Parse] or
// [Recommended] returns is safe to send if [Mapping.Validate] returns nil for the
// provider's SCIM usage.
//
// It is an immutable value, safe for concurrent use. The zero Mapping is
// empty; its Validate fails. Compare two with [Mapping.Equal].
type Mapping struct {
	rules []rule // in the order of compareKeys, one for each key
}

// rule is one line of a mapping, checked.
type rule struct {
	key  string
	expr string // canonical text

	// Of a key with a closed set: its row, without lowerAscii(), and whether it
	// has that.
	row   *SupportedExpression
	base  string
	lower bool

	// Of the other keys.
	note []fault // warnings about the expression, with places in src
	src  string  // the text as written

	program *program
}

// closedRule makes the rule for an expression that is a row of the table.
func closedRule(key, expression string) rule {
	r := rule{key: key, src: expression}
	if issues := r.resolve(); issues != nil {
		panic("claimmap: the table of expressions is wrong: " + issues[0].Message)
	}
	return r
}

// compareKeys orders keys: google.subject, google.group, the other google keys
// as in googleKeys, then attribute.KEY and everything else by name.
func compareKeys(a, b string) int {
	return cmp.Or(cmp.Compare(keyRank(a), keyRank(b)), strings.Compare(a, b))
}

func keyRank(key string) int {
	if key == "" {
		return -1
	}
	for i, k := range googleKeys {
		if k == key {
			return i
		}
	}
	if strings.HasPrefix(key, attributePrefix) {
		return len(googleKeys)
	}
	return len(googleKeys) + 1
}

// New makes the Mapping of the rules: keys such as google.subject, and
// expressions. Expressions need not be in canonical form: white space,
// parentheses, quote style and user["userName"] for user.userName make no
// difference, and what is kept is the canonical text.
//
// If anything is wrong, New returns the zero Mapping and an [*Error] with every
// problem: unknown keys, expressions that cannot be read or that the key does
// not take, and limits. It then names missing keys too. If a missing key is the
// only fault, [Mapping.Validate] reports it, so that what a service holds can be
// read.
func New(rules map[string]string) (Mapping, error) {
	if len(rules) > maxRules {
		return Mapping{}, &Error{Issues: []Issue{{Class: ClassLimit, Message: fmt.Sprintf("%d rules; at most %d are read", len(rules), maxRules)}}}
	}
	written := make([]rule, 0, len(rules))
	for key, expression := range rules {
		written = append(written, rule{key: key, src: expression})
	}
	slices.SortFunc(written, func(a, b rule) int { return compareKeys(a.key, b.key) })
	return build(written, nil)
}

// build checks the rules as written (key and src are set) and adds to the
// issues there are already.
func build(written []rule, issues []Issue) (Mapping, error) {
	custom := 0
	for i := range written {
		r := &written[i]
		if strings.HasPrefix(r.key, attributePrefix) {
			custom++
		}
		if i == 0 || written[i-1].key != r.key {
			issues = append(issues, checkKey(r.key)...)
		}
		issues = append(issues, r.resolve()...)
	}
	if custom > maxCustom {
		issues = append(issues, Issue{Class: ClassLimit, Message: fmt.Sprintf("%d rules for attribute.KEY; a mapping has at most %d", custom, maxCustom)})
	}
	if len(issues) > 0 {
		m := Mapping{rules: written}
		issues = append(issues, m.missing()...)
		sortIssues(issues)
		return Mapping{}, &Error{Issues: issues}
	}
	return Mapping{rules: written}, nil
}

func sortIssues(issues []Issue) {
	slices.SortStableFunc(issues, func(a, b Issue) int {
		return cmp.Or(compareKeys(a.Key, b.Key), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
}

// checkKey says what is wrong with a key.
func checkKey(key string) []Issue {
	issue := Issue{Class: ClassUnknownKey, Key: key, Nearest: nearestKey(key)}
	switch name, custom := strings.CutPrefix(key, attributePrefix); {
	case slices.Contains(googleKeys[:], key):
		return nil
	case custom && len(name) > maxKey:
		issue.Class = ClassLimit
		issue.Nearest = ""
		issue.Message = fmt.Sprintf("the name after %s has %d characters; at most %d are allowed", attributePrefix, utf8.RuneCountInString(name), maxKey)
	case custom && name == customKey(name) && name != "":
		return nil
	case custom:
		issue.Message = "the name after " + attributePrefix + " takes lower-case letters, digits and _"
	case key == "google.groups":
		issue.Message = "not a key of a claim mapping: google.groups belongs to the provider's attribute mapping, and is ignored once SCIM supplies the groups"
	case strings.ContainsAny(key, `"'{}`):
		issue.Message = "a key has no quotes or braces; this looks like JSON or Terraform, and the rules of a flag are KEY=EXPRESSION"
	case strings.TrimSpace(key) != key:
		issue.Message = "white space around a key is part of the key"
	default:
		issue.Message = "not a key of a claim mapping; the keys are " + strings.Join(googleKeys[:], ", ") + " and attribute.KEY"
		if r, ok := firstForeign(key); ok {
			issue.Message = foreignCharacter(r)
		}
	}
	return []Issue{issue}
}

// resolve checks the rule's expression and fills in the rest of the rule.
func (r *rule) resolve() []Issue {
	tree, faults := parse(r.src)
	if faults != nil {
		return r.issues(explainSyntax(r.src, faults))
	}
	r.program = newProgram(tree)
	r.expr = r.program.expr
	if r.row = closed(r.key, r.expr); r.row != nil {
		r.base, r.lower = strings.CutSuffix(r.expr, lowerCall)
		return nil
	}
	meant := r.key
	if checkKey(r.key) != nil {
		if meant = nearestKey(r.key); meant == "" {
			return nil // nothing is known of what the expression should be
		}
	}
	c := check(meant, tree, r.src)
	if len(c.faults) == 0 && isClosed(r.key) {
		c.faults = append(c.faults, r.outside(tree))
	}
	if result := c.result(); len(c.faults) == 0 && result != "" {
		c.fail(0, ClassType, "the result must be a string, not %s", result)
	}
	if n := utf8.RuneCountInString(r.expr); n > maxRule && strings.HasPrefix(r.key, attributePrefix) {
		c.fail(0, ClassLimit, "%d characters; a rule has at most %d", n, maxRule)
	}
	if len(c.faults) == 0 {
		c.faults = r.asSent()
	}
	if len(c.faults) > 0 {
		return r.issues(c.faults)
	}
	r.note = c.notes
	return nil
}

// asSent returns what cel-go has against the canonical text where it doesn't know
// the types of the attributes, as the service may not: 'a' == null.
func (r *rule) asSent() []fault {
	_, issues := evalEnv().Compile(r.expr)
	if issues.Err() == nil {
		return nil
	}
	faults := celFaults(r.expr, issues)
	for i := range faults {
		if faults[i].class = ClassType; r.expr != r.src {
			faults[i].at = 0 // the place is one of the canonical text
		}
	}
	return faults
}

// outside says why a sound expression is not one the closed key takes: at the
// first place where it differs from the nearest that is.
func (r *rule) outside(tree *node) fault {
	f := fault{at: tree.start(), class: ClassUnsupported, message: r.key + " takes only the expressions below"}
	if tree.kind == nodeString {
		f.message = "a string in quotes gives everybody the same " + r.key
		if nearestExpression(r.key, tree.text) != "" {
			f.message += "; remove the quotes"
		}
		return f
	}
	near := nearestExpression(r.key, r.src)
	if near == "" {
		return f
	}
	wanted, faults := parse(near)
	if faults != nil {
		return f
	}
	f.at = r.differsAt(tree, wanted)
	return f
}

// differsAt returns the place where the text of a first leaves that of b.
func (r *rule) differsAt(a, b *node) int {
	chainA, chainB := a.chain(), b.chain()
	for i, n := range chainA {
		if i < len(chainB) && n.sameLink(chainB[i]) {
			continue
		}
		switch n.kind {
		case nodeSelect:
			return n.at + 1 // the name follows the dot
		case nodeMember:
			return n.calledAt()
		case nodeIndex:
			return n.args[1].start()
		}
		return n.start()
	}
	return utf8.RuneCountInString(r.src) // a ends too early
}

// issues turns faults of the rule's expression into issues.
func (r *rule) issues(faults []fault) []Issue {
	known := slices.Contains(googleKeys[:], r.key)
	var list []Issue
	for i, f := range faults {
		issue := Issue{Class: f.class, Key: r.key, Expression: r.src, Message: f.message}
		issue.Line, issue.Column = place(r.src, f.at)
		if i == len(faults)-1 && known {
			if isClosed(r.key) {
				issue.Supported = expressionsFor(r.key)
			}
			issue.Nearest = nearestExpression(r.key, r.src)
		}
		list = append(list, issue)
	}
	return list
}

// nextRule finds what looks like the next rule of a flag inside an expression.
var nextRule = regexp.MustCompile(`[,;|:\s]\s*((?:google|attribute)\.[a-z0-9_]+)\s*=`)

// explainSyntax puts a better word first where the text is recognised as
// another language.
func explainSyntax(text string, faults []fault) []fault {
	for _, f := range faults {
		if f.class != ClassSyntax {
			return faults
		}
	}
	if match := nextRule.FindStringSubmatchIndex(text); match != nil {
		return []fault{{at: utf8.RuneCountInString(text[:match[0]]), class: ClassSyntax,
			message: fmt.Sprintf("%s seems to begin another rule, and %q is not the delimiter of this flag", text[match[2]:match[3]], text[match[0]:match[2]])}}
	}
	for _, op := range []string{" eq ", " Eq ", " EQ "} {
		if i := strings.Index(text, op); i >= 0 {
			return []fault{{at: utf8.RuneCountInString(text[:i]) + 1, class: ClassSyntax, message: "eq is SCIM's filter language; an expression here is CEL"}}
		}
	}
	return faults
}

// IsZero reports whether m has no rules.
func (m Mapping) IsZero() bool { return len(m.rules) == 0 }

// Map returns the rules as they are sent: claimMapping of the SCIM tenant, with
// canonical expressions. The map is the caller's; it is empty, not nil, for the
// zero Mapping.
func (m Mapping) Map() map[string]string {
	rules := make(map[string]string, len(m.rules))
	for _, r := range m.rules {
		rules[r.key] = r.expr
	}
	return rules
}

// Equal reports whether both map the same keys to equal expressions.
// Expressions are equal if their syntax trees are: spelling makes no
// difference, the name of a macro's variable does.
func (m Mapping) Equal(other Mapping) bool {
	return slices.EqualFunc(m.rules, other.rules, func(a, b rule) bool { return a.key == b.key && a.expr == b.expr })
}

// rule returns the rule for the key, or nil.
func (m Mapping) rule(key string) *rule {
	for i := range m.rules {
		if m.rules[i].key == key {
			return &m.rules[i]
		}
	}
	return nil
}
