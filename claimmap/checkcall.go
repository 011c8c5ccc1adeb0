package claimmap

import "slices"

// call checks a function or macro.
func (c *checker) call(n *node) *celType {
	member := n.kind == nodeMember
	var operand *celType
	args := n.args
	if member {
		operand, args = c.check(n.args[0]), n.args[1:]
	}
	f := findFunction(n.name, member)
	if f == nil {
		c.unknownFunction(n, member)
		if !slices.ContainsFunc(args, func(arg *node) bool { return arg.kind == nodeIdent }) {
			for _, arg := range args { // a bare name may be the variable of a macro
				c.check(arg)
			}
		}
		return anyType
	}
	if len(args) < f.args || len(args) > max(f.args, f.most) {
		c.fail(n.calledAt(), ClassType, "%s takes %s, not %d", f.name, countArguments(f), len(args))
		return anyType
	}
	if !f.documented {
		c.note(n.calledAt(), ClassUndocumented, "%s is documented for a provider's attribute mapping (%s) and is not shown in any claim mapping", f.name, f.source.URL)
	}
	switch f.name {
	case "filter", "all", "exists", "exists_one", "map":
		return c.macro(n, operand, args)
	case "has":
		if args[0].kind != nodeSelect && (args[0].kind != nodeIndex || args[0].args[1].kind != nodeString) {
			c.fail(args[0].start(), ClassType, "has takes a selected attribute, as has(user.displayName)")
			return boolType
		}
		c.check(args[0])
		return boolType
	case "string":
		if t := c.check(args[0]); t.kind == typeList || t.kind == typeObject || t.kind == typeNull {
			c.fail(args[0].start(), ClassType, "%s cannot be made a string", t)
		}
		return stringType
	case "size":
		if !member {
			operand = c.check(args[0])
		}
		if operand.kind != typeString && operand.kind != typeList && operand.kind != typeAny {
			c.fail(n.calledAt(), ClassType, "%s has no size", operand)
		}
		return intType
	case "join":
		if operand.kind != typeList && operand.kind != typeAny || operand.kind == typeList && operand.elem.kind != typeString && operand.elem.kind != typeAny {
			c.fail(n.calledAt(), ClassType, "join wants a list of strings")
		}
		c.strings(args)
		return stringType
	}
	if operand.kind != typeString && operand.kind != typeAny {
		c.fail(n.calledAt(), ClassType, "%s wants a string, not %s", f.name, operand)
	}
	switch f.name {
	case "lowerAscii":
		return stringType
	case "split":
		c.strings(args[:1])
		if len(args) == 2 {
			c.want(args[1], typeInt)
		}
		return listOf(stringType)
	}
	c.strings(args) // contains, startsWith, endsWith, matches
	return boolType
}

func (c *checker) strings(args []*node) {
	for _, arg := range args {
		c.want(arg, typeString)
	}
}

func (c *checker) macro(n *node, operand *celType, args []*node) *celType {
	if args[0].kind != nodeIdent {
		c.fail(args[0].start(), ClassType, "the first argument of %s is the name of a variable", n.name)
		return anyType
	}
	elem := anyType
	switch operand.kind {
	case typeList:
		elem = operand.elem
	case typeAny:
	default:
		c.fail(n.calledAt(), ClassType, "%s wants a list, not %s", n.name, operand)
	}
	c.scope = append(c.scope, variable{args[0].name, elem})
	defer func() { c.scope = c.scope[:len(c.scope)-1] }()
	if n.name == "map" {
		if len(args) == 3 {
			c.want(args[1], typeBool)
		}
		return listOf(c.check(args[len(args)-1]))
	}
	c.want(args[1], typeBool)
	if n.name == "filter" {
		return listOf(elem)
	}
	return boolType
}

func (c *checker) unknownFunction(n *node, member bool) {
	call := n.name + "()"
	why, known := refusals[n.name]
	switch {
	case known:
	case findFunction(n.name, !member) != nil && member:
		why = "write " + call[:len(call)-1] + "…) with the operand inside"
	case findFunction(n.name, !member) != nil:
		why = "write it behind the operand, after a dot"
	default:
		why = "no function of that name is documented"
	}
	c.fail(n.calledAt(), ClassUnsupported, "%s cannot be used in a claim mapping: %s", printable(call), why)
}

func countArguments(f *function) string {
	switch {
	case f.most > f.args && f.args == 0:
		return "at most one argument"
	case f.most > f.args && f.args == 1:
		return "one or two arguments"
	case f.most > f.args:
		return "two or three arguments"
	case f.args == 0:
		return "no arguments"
	case f.args == 1:
		return "one argument"
	}
	return "two arguments"
}
