package claimmap

import (
	"errors"
	"slices"
	"strconv"
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
		if n.beyondSplit() {
			faults = append(faults, fault{at: n.args[1].start(), class: ClassType, message: "this fails for everybody: split makes at most " + n.args[0].args[2].name + " parts"})
		}
		if n.name != "matches" || n.kind != nodeMember && n.kind != nodeCall || len(n.args) != 2 || !n.args[1].isConstant(nil) {
			return
		}
		value, _ := n.args[1].constant()
		pattern, ok := value.(string)
		if !ok {
			return
		}
		at := n.args[1].start()
		if _, err := compilePattern(pattern); errors.Is(err, errLimit) {
			faults = append(faults, fault{at: at, class: ClassLimit, message: "the regular expression is too large to evaluate here"})
		} else if err != nil {
			faults = append(faults, fault{at: at, class: ClassType, message: printable(strings.TrimPrefix(err.Error(), "error parsing regexp: ")) + ": RE2, which CEL uses, cannot read the pattern"})
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
	switch n.kind {
	case nodeIdent:
		return slices.Contains(bound, n.name)
	case nodeOther:
		return false // its text is not kept
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

// beyondSplit reports whether n is an index beyond the limit of split, as in
// x.split(',', 1)[1].
func (n *node) beyondSplit() bool {
	if n.kind != nodeIndex || n.args[0].kind != nodeMember || n.args[0].name != "split" || len(n.args[0].args) != 3 {
		return false
	}
	most, err := strconv.Atoi(n.args[0].args[2].name)
	at, atErr := strconv.Atoi(n.args[1].name)
	return n.args[0].args[2].kind == nodeInt && n.args[1].kind == nodeInt && err == nil && atErr == nil && most >= 0 && at >= most
}
