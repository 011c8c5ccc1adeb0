package claimmap

import (
	"regexp"
	"slices"
	"strings"
)

// constantFaults finds the parts of an expression that fail for everybody,
// because they read nothing: 1/0, ['a'][1], and patterns that RE2 cannot read.
// Parts that are perhaps never reached count, unless only those are asked for that
// always are.
func constantFaults(root *node, always bool) []fault {
	var faults []fault
	root.constants(always, func(n *node) {
		if _, f := n.constant(); f != nil {
			faults = append(faults, *f)
		}
	})
	if faults != nil {
		return faults // a pattern that can't be evaluated is among them
	}
	root.parts(always, func(n *node) {
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
func (n *node) constants(always bool, f func(*node)) {
	switch n.kind {
	case nodeString, nodeInt, nodeNumber, nodeWord, nodeIdent:
		return
	}
	if n.isConstant(nil) {
		f(n)
		return
	}
	for _, arg := range n.evaluated(always) {
		arg.constants(always, f)
	}
}

// parts calls f for n and the parts of it.
func (n *node) parts(always bool, f func(*node)) {
	f(n)
	for _, arg := range n.evaluated(always) {
		arg.parts(always, f)
	}
}

// evaluated returns the operands of n that are evaluated, or always are.
func (n *node) evaluated(always bool) []*node {
	switch {
	case n.isMacro() && always, n.kind == nodeIf && always:
		return n.args[:1]
	case n.isMacro(): // the second is the name of a variable
		return append(slices.Clip(n.args[:1]), n.args[2:]...)
	case always && (n.kind == nodeLogic || n.kind == nodeCall && n.name == "has"):
		return nil
	}
	return n.args
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
