package claimmap

import "slices"

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
