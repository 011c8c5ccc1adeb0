package claimmap

import (
	"regexp"
	"slices"
	"strings"
)

// constantFaults finds the parts of an expression that fail for everybody,
// because they read nothing: 1/0, ['a'][1], and patterns that RE2 cannot read.
// Parts that are never reached count too.
func constantFaults(root *node) []fault {
	var faults []fault
	root.constants(func(n *node) {
		if _, err := n.constant(); err != "" {
			faults = append(faults, fault{at: n.start(), class: ClassType, message: "this fails for everybody: " + err})
		}
	})
	if faults != nil {
		return faults // a pattern that can't be evaluated is among them
	}
	root.walk(func(n *node) {
		if n.name != "matches" || n.kind != nodeMember && n.kind != nodeCall || len(n.args) != 2 || !n.args[1].isConstant(nil) {
			return
		}
		value, _ := n.args[1].constant()
		pattern, ok := value.(string)
		if _, err := regexp.Compile(pattern); ok && err != nil {
			faults = append(faults, fault{at: n.args[1].start(), class: ClassType, message: printable(strings.TrimPrefix(err.Error(), "error parsing regexp: ")) + ": RE2, which CEL uses, cannot read the pattern"})
		}
	})
	return faults
}

// constants calls f for each part of n, as large as possible, that reads no
// variable and is more than a literal.
func (n *node) constants(f func(*node)) {
	switch n.kind {
	case nodeString, nodeInt, nodeNumber, nodeWord, nodeIdent:
		return
	}
	if n.isConstant(nil) {
		f(n)
		return
	}
	for i, arg := range n.args {
		if i != 1 || !n.isMacro() { // which is the name of a variable
			arg.constants(f)
		}
	}
}

// isMacro reports whether n is a macro that declares a variable.
func (n *node) isMacro() bool {
	return n.kind == nodeMember && len(n.args) > 2 && slices.Contains(macros, n.name)
}

// isConstant reports whether n reads no variable but those bound around it.
func (n *node) isConstant(bound []string) bool {
	if n.kind == nodeIdent {
		return slices.Contains(bound, n.name)
	}
	for i, arg := range n.args {
		if i == 1 && n.isMacro() && arg.kind == nodeIdent {
			bound = append(slices.Clip(bound), arg.name)
		}
		if !arg.isConstant(bound) {
			return false
		}
	}
	return true
}
