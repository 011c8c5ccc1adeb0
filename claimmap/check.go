package claimmap

import (
	"fmt"
	"slices"
	"strings"
)

// checker finds the faults of one expression of a claim mapping, and what to
// warn of.
type checker struct {
	key    string
	scope  []variable
	faults []fault
	notes  []fault
}

type variable struct {
	name string
	typ  *celType
}

// check returns the type of the expression.
func (c *checker) check(n *node) *celType {
	switch n.kind {
	case nodeIdent:
		return c.ident(n)
	case nodeSelect:
		return c.selected(n, c.check(n.args[0]), n.name)
	case nodeIndex:
		return c.index(n)
	case nodeCall, nodeMember:
		return c.call(n)
	case nodeUnary:
		if n.name == "!" {
			c.want(n.args[0], typeBool)
			return boolType
		}
		t := c.check(n.args[0])
		if t.kind != typeInt && t.kind != typeNumber && t.kind != typeAny {
			c.fail(n.at, ClassType, "- wants a number, not %s", t)
			return anyType
		}
		return t
	case nodeBinary:
		return c.binary(n)
	case nodeLogic:
		for _, arg := range n.args {
			c.want(arg, typeBool)
		}
		return boolType
	case nodeIf:
		c.want(n.args[0], typeBool)
		yes, no := c.check(n.args[1]), c.check(n.args[2])
		if !mayBeEqual(yes, no) {
			c.fail(n.args[2].start(), ClassType, "the two sides of ?: are %s and %s", yes, no)
			return anyType
		}
		return yes
	case nodeList:
		elem := anyType
		for _, arg := range n.args {
			elem = c.check(arg)
		}
		return listOf(elem)
	case nodeString:
		return stringType
	case nodeInt:
		return intType
	case nodeNumber:
		return numberType
	case nodeWord:
		if n.name == "null" {
			return nullType
		}
		return boolType
	}
	c.fail(n.at, ClassUnsupported, "maps, messages, bytes and optional values have no place in a claim mapping")
	return anyType
}

func (c *checker) fail(at int, class Class, format string, args ...any) {
	c.faults = append(c.faults, fault{at: at, class: class, message: fmt.Sprintf(format, args...)})
}

// note adds a warning, once for each thing to say.
func (c *checker) note(at int, class Class, format string, args ...any) {
	n := fault{at: at, class: class, message: fmt.Sprintf(format, args...)}
	if !slices.ContainsFunc(c.notes, func(f fault) bool { return f.message == n.message }) {
		c.notes = append(c.notes, n)
	}
}

// want checks n and fails unless it is of the kind.
func (c *checker) want(n *node, kind typeKind) {
	if t := c.check(n); t.kind != kind && t.kind != typeAny {
		c.fail(n.start(), ClassType, "%s where %s is needed", t, &celType{kind: kind})
	}
}

func (c *checker) ident(n *node) *celType {
	for i := len(c.scope) - 1; i >= 0; i-- {
		if c.scope[i].name == n.name {
			return c.scope[i].typ
		}
	}
	switch n.name {
	case "user":
		if c.key == keyGroup {
			c.fail(n.at, ClassUnsupported, "%s is evaluated for a group: only group can be used", c.key)
			return anyType
		}
		return userType
	case "group":
		if c.key != keyGroup {
			c.fail(n.at, ClassUnsupported, "%s is evaluated for a user: only user can be used", c.key)
			return anyType
		}
		return groupType
	case "assertion":
		c.fail(n.at, ClassUnsupported, "assertion is the token, and belongs into the provider's attribute mapping; a claim mapping sees %s", c.subjectName())
	case "google", "attribute":
		c.fail(n.at, ClassUnsupported, "a rule cannot read the result of another one; a claim mapping sees %s", c.subjectName())
	default:
		c.fail(n.at, ClassUnsupported, "%s is not known here; a string needs quotes, which a shell may have removed; an attribute begins with %s", printable(n.name), c.subjectName())
	}
	return anyType
}

// subjectName is the variable the key's expression can use.
func (c *checker) subjectName() string {
	if c.key == keyGroup {
		return "group"
	}
	return "user"
}

func (c *checker) selected(n *node, operand *celType, field string) *celType {
	at := n.at
	if n.kind == nodeSelect {
		at++ // the name follows the dot
	}
	switch operand.kind {
	case typeAny:
		return anyType
	case typeObject:
		if f := operand.field(field); f != nil {
			if f.refused != "" {
				c.fail(at, ClassUnsupported, "%s %s", field, f.refused)
				return anyType
			}
			if f.note != "" {
				c.note(at, ClassUndocumented, "%s", f.note)
			}
			return f.typ
		}
		c.fail(at, ClassUnsupported, "%s has no attribute %s that a claim mapping can use%s", operand.name, printable(field), attributeHint(operand, field))
	case typeList:
		hint := "[0]"
		if operand.elem.field(field) != nil {
			hint += "." + field
		}
		c.fail(at, ClassType, "a list has no attribute %s; index it first: %s", printable(field), hint)
	default:
		hint := ""
		if findFunction(field, true) != nil {
			hint = "; a function is called with (): " + field + "()"
		}
		c.fail(at, ClassType, "%s has no attribute %s%s", operand, printable(field), hint)
	}
	return anyType
}

// attributeHint says where an attribute that is not there may be.
func attributeHint(operand *celType, field string) string {
	if near := nearestOf(field, operand.names()); near != "" {
		return "; did you mean " + near + "?"
	}
	if operand != userType {
		return ""
	}
	if userType.field(enterpriseURN).typ.field(field) != nil {
		return "; it belongs to the enterprise extension: user['" + enterpriseURN + "']." + field
	}
	if w := words(field); len(w) == 1 && meantSubject[w[0]] != "" {
		return "; did you mean " + meantSubject[w[0]] + "?"
	}
	return ""
}

func (c *checker) index(n *node) *celType {
	operand, key := c.check(n.args[0]), n.args[1]
	if key.kind == nodeString {
		return c.selected(n, operand, key.text)
	}
	switch operand.kind {
	case typeAny:
		c.check(key)
		return anyType
	case typeList:
		if t := c.check(key); t.kind != typeInt && t.kind != typeAny {
			c.fail(key.start(), ClassType, "a list is indexed by a number, not by %s", t)
			return operand.elem
		}
		if key.kind == nodeInt && strings.HasPrefix(key.name, "-") {
			c.fail(key.at, ClassType, "CEL does not count from the end of a list")
		} else if key.kind == nodeInt && !key.isInt(0) && n.args[0].String() == "user.emails" {
			c.fail(key.at, ClassUnsupported, "a user has exactly one email, of type work, and it is [0]")
		}
		return operand.elem
	}
	c.check(key)
	c.fail(n.at, ClassType, "%s cannot be indexed", operand)
	return anyType
}

func (c *checker) binary(n *node) *celType {
	left, right := c.check(n.args[0]), c.check(n.args[1])
	switch n.name {
	case "==", "!=":
		if !mayBeEqual(left, right) {
			c.fail(n.at, ClassType, "%s is never equal to %s", left, right)
		}
		return boolType
	case "in":
		if right.kind != typeList && right.kind != typeAny {
			c.fail(n.at, ClassType, "in wants a list on its right, not %s", right)
		}
		c.note(n.at, ClassUndocumented, "in is standard CEL and is not shown in any claim mapping")
		return boolType
	case "<", "<=", ">", ">=":
		if !mayBeEqual(left, right) || left.kind == typeList || left.kind == typeObject {
			c.fail(n.at, ClassType, "%s and %s cannot be ordered", left, right)
		}
		c.note(n.at, ClassUndocumented, "%s is standard CEL and is not shown in any claim mapping", n.name)
		return boolType
	}
	c.note(n.at, ClassUndocumented, "%s is standard CEL and is not shown in any claim mapping", n.name)
	if n.name == "+" && left.kind == typeString && right.kind == typeString {
		return stringType
	}
	if n.name == "+" && left.kind == typeList && right.kind == typeList {
		return left
	}
	for _, t := range []*celType{left, right} {
		if t.kind != typeInt && t.kind != typeNumber && t.kind != typeAny || left.kind != right.kind && left.kind != typeAny && right.kind != typeAny {
			c.fail(n.at, ClassType, "%s cannot be applied to %s and %s", n.name, left, right)
			return anyType
		}
	}
	return left
}

// mayBeEqual reports whether values of the two types can be equal.
func mayBeEqual(a, b *celType) bool {
	return a.kind == b.kind || a.kind == typeAny || b.kind == typeAny || a.kind == typeNull || b.kind == typeNull
}

// start is the offset where the text of n begins: of its leftmost token.
func (n *node) start() int {
	switch n.kind {
	case nodeSelect, nodeIndex, nodeMember, nodeBinary, nodeLogic, nodeIf:
		return n.args[0].start()
	case nodeCall:
		return max(0, n.at-len([]rune(n.name)))
	}
	return n.at
}

// calledAt is the offset of the function's name in a call, whose own offset is
// that of the bracket.
func (n *node) calledAt() int { return max(0, n.at-len([]rune(n.name))) }
