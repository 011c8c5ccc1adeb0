package claimmap

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// attributeHint says where an attribute that is not there may be.
func attributeHint(object, field string) string {
	var names []string
	for name, a := range objects[object] {
		if a.refused == "" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	if near := nearestOf(field, names); near != "" {
		return "; did you mean " + near + "?"
	}
	if object != "a user" {
		return ""
	}
	if _, ok := objects["the enterprise extension"][field]; ok {
		return "; it belongs to the enterprise extension: user['" + enterpriseURN + "']." + field
	}
	if w := words(field); len(w) == 1 && meantSubject[w[0]] != "" {
		return "; did you mean " + meantSubject[w[0]] + "?"
	}
	return ""
}

// What the type checker says, as far as it is said better here.
var (
	undeclared  = regexp.MustCompile(`^undeclared reference to '(.*)' \(in container '.*'\)$`)
	noOverload  = regexp.MustCompile(`^found no matching overload for '(.*)' applied to '(.*)'$`)
	noSelection = regexp.MustCompile(`^type '(.*)' does not support field selection$`)
	notARange   = regexp.MustCompile(`^expression of type '(.*)' cannot be range of a comprehension`)
)

// explain turns an error of the type checker into a fault.
func (c *checked) explain(at int, message string) {
	n := c.root.find(at)
	if m := undeclared.FindStringSubmatch(message); m != nil {
		switch {
		case c.variable == "assertion" && (slices.Contains(extensions, m[1]) || n != nil && slices.Contains(macros, n.name) && len(n.args) > 3):
			c.fail(at, classExtension, "%s is an extension of CEL, and no page of Google's mentions it", m[1])
		case n != nil && (n.kind == nodeCall || n.kind == nodeMember):
			c.fail(n.calledAt(), ClassUnsupported, "%s() %s", printable(n.name), c.whyNot(n))
		case n == nil || !c.argumentOfUnknown(n):
			c.fail(at, ClassUnsupported, "%s", unknownVariable(c.variable, m[1]))
		}
		return
	}
	if m := noSelection.FindStringSubmatch(message); m != nil {
		hint := ""
		if strings.HasPrefix(m[1], "list(") {
			hint = "; index it first, as with [0]"
		} else if n != nil && slices.Contains(claimFunctions, n.name) {
			hint = "; a function is called with (): " + n.name + "()"
		}
		name := ""
		if n != nil && n.kind == nodeSelect {
			name, at = " "+printable(n.name), at+1
		}
		c.fail(at, ClassType, "%s has no attribute%s%s", m[1], name, hint)
		return
	}
	if m := notARange.FindStringSubmatch(message); m != nil {
		c.fail(at, ClassType, "a list is needed here, not %s", m[1])
		return
	}
	if m := noOverload.FindStringSubmatch(message); m != nil && n != nil {
		switch {
		case n.kind == nodeCall || n.kind == nodeMember:
			if slices.Contains(macros, n.name) {
				c.fail(n.calledAt(), ClassType, "the condition of %s must be a bool", n.name)
				return
			}
			c.fail(n.calledAt(), ClassType, "%s() does not take %s%s", n.name, m[2], misplaced(n))
			return
		case n.kind == nodeIndex && strings.HasPrefix(m[2], "(list("):
			c.fail(n.args[1].start(), ClassType, "a list is indexed by a number: [] does not take %s", m[2])
			return
		case n.kind == nodeIndex:
			c.fail(n.at, ClassType, "only a list can be indexed: [] does not take %s", m[2])
			return
		case n.kind == nodeIf:
			c.fail(n.args[2].start(), ClassType, "?: wants a bool and two values of one type, not %s", m[2])
			return
		case n.name != "":
			c.fail(at, ClassType, "%s cannot be applied to %s", n.name, m[2])
			return
		}
	}
	if n != nil && (n.kind == nodeCall || n.kind == nodeMember) {
		at = n.calledAt()
	}
	c.fail(at, ClassType, "%s", message)
}

// macros are those of standard CEL. A claim mapping may use all of them.
var macros = []string{"has", "all", "exists", "exists_one", "filter", "map"}

// unknownVariable says what a name is that means nothing in a claim mapping.
func unknownVariable(variable, name string) string {
	if variable == "assertion" {
		return fmt.Sprintf("%s is not known: a provider's attribute mapping sees assertion", printable(name))
	}
	switch name {
	case "user", "group":
		return fmt.Sprintf("this rule is evaluated for a %s: only %s can be used", variable, variable)
	case "assertion":
		return "assertion is the token, and belongs into the provider's attribute mapping; a claim mapping sees " + variable
	case "google", "attribute":
		return "a rule cannot read the result of another one; a claim mapping sees " + variable
	}
	return fmt.Sprintf("%s is not known here; a string needs quotes, which a shell may have removed; an attribute begins with %s", printable(name), variable)
}

// misplaced says where the operand of a function belongs if it is not there.
func misplaced(n *node) string {
	switch {
	case n.kind == nodeMember && n.name == "string":
		return "; write string(…) with the operand inside"
	case n.kind == nodeCall && !slices.Contains([]string{"string", "size", "matches"}, n.name):
		return "; write it behind the operand, after a dot"
	}
	return ""
}

// whyNot says why a function cannot be called.
func (c *checked) whyNot(n *node) string {
	const why = "cannot be used in a claim mapping: "
	switch {
	case n.name == "has":
		return "takes a selected attribute, as has(user.displayName)"
	case slices.Contains(macros, n.name):
		return "takes a variable and what to do with it, as filter(e, e.type == 'work')"
	case c.variable != "assertion" && n.name == "upperAscii":
		return why + "upper case is documented nowhere"
	case lowering[strings.ToLower(n.name)] != "":
		return "is not CEL, which calls it lowerAscii()"
	case c.variable == "assertion":
		return "is no function of CEL"
	case slices.Contains(stringsLibrary, n.name):
		return why + "it is in cel-go's string library, and Google documents it nowhere"
	case n.name == "extract":
		return why + "it is documented for IAM conditions and workload identity, not here"
	}
	return why + "no function of that name is documented"
}

var stringsLibrary = []string{"trim", "replace", "substring", "charAt", "indexOf", "lastIndexOf", "reverse", "format"}

// classExtension is the class of what cel-go knows if it is told to.
const classExtension Class = "extension"

// extensions are the functions and namespaces of cel-go's extension libraries
// but Strings. No page says whether Google enables one.
var extensions = []string{
	"base64", "cel", "lists", "math", "net", "optional", "proto", "regex", "sets", "ip", "cidr", "isIP", "isCIDR",
	"distinct", "first", "flatten", "last", "slice", "sort", "sortBy", "transformList", "transformMap", "transformMapEntry", "existsOne",
	"hasValue", "optFlatMap", "optMap", "or", "orValue", "unwrap", "unwrapOpt", "value",
}

// argumentOfUnknown reports whether n is an argument of a function that is not
// known: it may be the variable of what somebody takes for a macro.
func (c *checked) argumentOfUnknown(n *node) bool {
	found := false
	c.root.walk(func(call *node) {
		if call.kind != nodeMember || call.isMacro() || slices.Contains(claimFunctions, call.name) {
			return
		}
		for _, arg := range call.args[1:] {
			arg.walk(func(m *node) { found = found || m == n })
		}
	})
	return found
}
