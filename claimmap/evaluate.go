package claimmap

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"
)

// Attributes are what a mapping makes of one identity. An attribute that is
// not mapped is empty.
type Attributes struct {
	Subject       string // google.subject
	DisplayName   string // google.display_name
	ProfilePhoto  string // google.profile_photo
	Email         string // google.email
	POSIXUsername string // google.posix_username

	// Groups is google.groups of a token. It's nil for a provisioned user: the
	// groups come from the directory.
	Groups []string

	// Custom has attribute.KEY by KEY.
	Custom map[string]string
}

// Limits of mapped values.
const (
	maxDisplayName   = 100       // bytes (srcSCIM)
	maxPOSIXUsername = 32        // characters (srcSCIM)
	maxMapped        = 16 * 1024 // bytes of all attributes but google.group (srcSCIM: "16 kB")
	maxTokenGroups   = 400       // google.groups at sign-in (srcWorkforce)
)

// EvaluateUser evaluates all rules but google.group for a user: a SCIM resource
// (RFC 7643 section 4.1) as encoding/json decodes it into a map[string]any.
// CEL, unlike SCIM, tells userName from username.
//
// The errors, joined, are one [*ValueError] for each rule without a usable
// value: ErrEmpty (absent, null, empty), ErrWrongType (no string, or
// google.profile_photo no URL), ErrTooLong, ErrNotUTF8, ErrCostExceeded,
// ErrFailed, and ErrNoRule without a google.subject. The other attributes are
// returned all the same. An error for google.subject means that the service
// refuses the user; what it does about the others is not documented. A last
// ErrTooLong, for "mapped attributes", is the limit of 16 kB above which users
// cannot sign in; how the service counts is not documented, here keys and values count.
func (m Mapping) EvaluateUser(resource map[string]any) (Attributes, error) {
	e := evaluation{variable: "user", data: resource}
	if m.rule(keySubject) == nil {
		e.fail(keySubject, "", ErrNoRule, "")
	}
	if !e.usable() {
		return Attributes{}, e.err()
	}
	for i := range m.rules {
		if r := &m.rules[i]; r.key != keyGroup {
			e.rule(r)
		}
	}
	e.total()
	return e.attributes, e.err()
}

// EvaluateGroup evaluates google.group for a group: a SCIM resource (RFC 7643
// section 4.2) as encoding/json decodes it. Errors are those of
// [Mapping.EvaluateUser].
func (m Mapping) EvaluateGroup(resource map[string]any) (string, error) {
	e := evaluation{variable: "group", data: resource}
	r := m.rule(keyGroup)
	if r == nil {
		e.fail(keyGroup, "", ErrNoRule, "")
		return "", e.err()
	}
	if !e.usable() {
		return "", e.err()
	}
	return e.single(r), e.err()
}

// EvaluateAssertion evaluates a provider's attribute mapping (attributeMapping of
// locations.workforcePools.providers) for a token: its claims, or for SAML
// {"subject": NameID, "attributes": {name: [values]}}, as encoding/json decodes
// them.
//
// Expressions are CEL with its standard functions and macros and the functions
// that Google documents for attribute mappings, join, split, lowerAscii and
// extract; beyond those, cel-go's Strings library without format. Google does
// not say which of the library it enables.
//
// An [*Error] tells what is wrong with the mapping, before anything is
// evaluated. Errors of values are those of [Mapping.EvaluateUser]; google.groups
// may be a list of at most 400 strings. The expressions are compiled at each call.
func EvaluateAssertion(providerMapping map[string]string, assertion map[string]any) (Attributes, error) {
	keys := slices.SortedFunc(maps.Keys(providerMapping), compareKeys)
	programs := make([]*program, len(keys))
	var issues []Issue
	for i, key := range keys {
		tree, found := readAssertionRule(key, providerMapping[key])
		issues = append(issues, found...)
		if len(found) == 0 {
			programs[i] = newProgram(tree)
		}
	}
	if len(issues) > 0 {
		sortIssues(issues)
		return Attributes{}, &Error{Issues: issues}
	}
	e := evaluation{variable: "assertion", data: assertion}
	if _, ok := providerMapping[keySubject]; !ok {
		e.fail(keySubject, "", ErrNoRule, "")
	}
	if !e.usable() {
		return Attributes{}, e.err()
	}
	for i, key := range keys {
		e.value(key, programs[i])
	}
	e.total()
	return e.attributes, e.err()
}

const keyGroups = "google.groups"

// readAssertionRule parses and type-checks one rule of a provider's mapping.
func readAssertionRule(key, expression string) (*node, []Issue) {
	r := rule{key: key, src: expression}
	var issues []Issue
	if key != keyGroups && (key == keyGroup || checkKey(key) != nil) {
		issues = append(issues, Issue{Class: ClassUnknownKey, Key: key, Message: "not a key of a provider's attribute mapping"})
	}
	tree, faults := parse(expression)
	if faults == nil {
		tree.walk(func(n *node) {
			if n.kind == nodeOther || (n.kind == nodeCall || n.kind == nodeMember) && slices.Contains(notEvaluated, n.name) {
				faults = append(faults, fault{at: n.start(), class: ClassUnsupported, message: "messages, bytes, optional values and format are not evaluated here"})
			}
		})
	}
	if faults == nil {
		faults = checkTypes(oidcEnv(), "assertion", tree, expression).faults
	}
	for _, f := range faults {
		issue := Issue{Class: f.class, Key: r.key, Expression: expression, Message: f.message}
		issue.Line, issue.Column = place(expression, f.at)
		issues = append(issues, issue)
	}
	return tree, issues
}

// evaluation is one identity on its way through a mapping.
type evaluation struct {
	variable   string
	data       map[string]any
	attributes Attributes
	errs       []error
	size       int
}

func (e *evaluation) fail(key, expression string, err error, detail string) {
	e.errs = append(e.errs, &ValueError{Key: key, Expression: expression, Err: err, Detail: detail})
}

func (e *evaluation) err() error { return errors.Join(e.errs...) }

// usable reports whether anything can be evaluated.
func (e *evaluation) usable() bool {
	if err := checkData(e.data); err != nil {
		detail := "strings, numbers, booleans, null, lists and objects of them are evaluated"
		if errors.Is(err, ErrCostExceeded) {
			detail = fmt.Sprintf("at most %d bytes in %d values, nested %d deep", maxDataBytes, maxDataNodes, maxDataDepth)
		}
		e.fail(e.variable, "", err, detail)
	}
	return len(e.errs) == 0
}

// single evaluates a rule for one text: google.subject or google.group.
func (e *evaluation) single(r *rule) string {
	result, ok := e.run(r.key, r.program, r)
	if !ok {
		return ""
	}
	value, ok := e.text(r.key, r.expr, result)
	if ok && r.key == keySubject {
		ok = e.fits(r.key, r.expr, len(value), maxSubject, "bytes")
	}
	if !ok {
		return ""
	}
	return value
}

func (e *evaluation) rule(r *rule) {
	if r.row == nil {
		e.value(r.key, r.program)
		return
	}
	e.attributes.Subject = e.single(r)
	e.size += len(r.key) + len(e.attributes.Subject)
}

// run runs the program. The rule, which may be nil, tells which attribute it
// reads: lowerAscii of null is a wrong type for CEL and an empty value for us.
func (e *evaluation) run(key string, p *program, r *rule) (any, bool) {
	c, err := p.compile()
	if err != nil {
		e.fail(key, p.expr, ErrFailed, "it does not compile")
		return nil, false
	}
	result, detail, err := c.run(e.variable, e.data)
	if errors.Is(err, ErrWrongType) && r != nil && e.isNull(r.base) {
		err, detail = ErrEmpty, ""
	}
	if err != nil {
		e.fail(key, p.expr, err, detail)
		return nil, false
	}
	return result, true
}

// isNull reports whether the attribute that a closed rule reads is null.
func (e *evaluation) isNull(base string) bool {
	if base != attrEmail {
		_, name, _ := strings.Cut(base, ".")
		return e.data[name] == nil
	}
	emails, _ := e.data["emails"].([]any)
	if len(emails) == 0 {
		return e.data["emails"] == nil
	}
	first, ok := emails[0].(map[string]any)
	return ok && first["value"] == nil || emails[0] == nil
}

// text asks for a string that is not empty.
func (e *evaluation) text(key, expression string, result any) (string, bool) {
	value, ok := result.(string)
	switch {
	case result == nil || ok && value == "":
		e.fail(key, expression, ErrEmpty, "")
		return "", false
	case !ok:
		e.fail(key, expression, ErrWrongType, "the result is a list")
		return "", false
	case !utf8.ValidString(value):
		e.fail(key, expression, ErrNotUTF8, "")
		return "", false
	}
	return value, true
}

func (e *evaluation) fits(key, expression string, n, most int, unit string) bool {
	if n > most {
		e.fail(key, expression, ErrTooLong, fmt.Sprintf("%d %s, at most %d are allowed", n, unit, most))
		return false
	}
	return true
}

// value evaluates a rule of an open key, or of a provider.
func (e *evaluation) value(key string, p *program) {
	result, ok := e.run(key, p, nil)
	if !ok {
		return
	}
	expression := p.expr
	if key == keyGroups {
		e.groups(expression, result)
		return
	}
	value, ok := e.text(key, expression, result)
	if !ok {
		return
	}
	switch key {
	case keySubject:
		ok = e.fits(key, expression, len(value), maxSubject, "bytes")
	case keyDisplayName:
		ok = e.fits(key, expression, len(value), maxDisplayName, "bytes")
	case keyPOSIXUsername:
		ok = e.fits(key, expression, utf8.RuneCountInString(value), maxPOSIXUsername, "characters")
	case keyProfilePhoto:
		if u, err := url.Parse(value); err != nil || u.Scheme == "" || u.Host == "" {
			e.fail(key, expression, ErrWrongType, "the result is no URL")
			ok = false
		}
	}
	if ok {
		e.size += len(key) + len(value)
		e.attributes.set(key, value)
	}
}

func (e *evaluation) groups(expression string, result any) {
	list, ok := result.([]string)
	if s, isString := result.(string); isString {
		list, ok = []string{s}, true
	}
	switch {
	case result == nil:
		e.fail(keyGroups, expression, ErrEmpty, "")
	case !ok:
		e.fail(keyGroups, expression, ErrWrongType, "")
	case e.fits(keyGroups, expression, len(list), maxTokenGroups, "groups"):
		e.attributes.Groups = list
	}
}

func (a *Attributes) set(key, value string) {
	switch key {
	case keySubject:
		a.Subject = value
	case keyDisplayName:
		a.DisplayName = value
	case keyProfilePhoto:
		a.ProfilePhoto = value
	case keyEmail:
		a.Email = value
	case keyPOSIXUsername:
		a.POSIXUsername = value
	default:
		if a.Custom == nil {
			a.Custom = make(map[string]string)
		}
		a.Custom[strings.TrimPrefix(key, attributePrefix)] = value
	}
}

// total checks the limit on all attributes together.
func (e *evaluation) total() {
	e.fits("mapped attributes", "", e.size, maxMapped, "bytes")
}
