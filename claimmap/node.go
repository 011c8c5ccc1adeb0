package claimmap

import (
	"slices"
	"strconv"
	"strings"
)

// nodeKind is the kind of a syntax node.
type nodeKind uint8

const (
	nodeIdent  nodeKind = iota // name
	nodeSelect                 // args[0].name
	nodeIndex                  // args[0][args[1]]
	nodeCall                   // name(args...)
	nodeMember                 // args[0].name(args[1:]...); macros look like this
	nodeUnary                  // name args[0]
	nodeBinary                 // args[0] name args[1]
	nodeLogic                  // args joined by name, && or ||
	nodeIf                     // args[0] ? args[1] : args[2]
	nodeList                   // [args...]
	nodeMap                    // {args[0]: args[1], ...}
	nodeString                 // text
	nodeInt                    // name, the number as CEL writes it
	nodeNumber                 // name, an unsigned or floating-point number
	nodeWord                   // name: true, false, null
	nodeOther                  // what no mapping needs: messages, bytes, optional syntax
)

// node is one node of an expression's syntax tree, as the parser of cel-go
// sees it before macros are expanded. Two expressions mean the same if their
// trees are equal; text() is equal exactly when the trees are.
type node struct {
	kind nodeKind
	at   int // offset in characters of the token that makes the node
	name string
	text string // nodeString
	args []*node
}

// Precedence of the printed forms, loosest first.
const (
	precIf = iota
	precOr
	precAnd
	precRelation
	precSum
	precProduct
	precUnary
	precMember
)

func binaryPrecedence(op string) int {
	switch op {
	case "+", "-":
		return precSum
	case "*", "/", "%":
		return precProduct
	}
	return precRelation
}

func (n *node) precedence() int {
	switch n.kind {
	case nodeIf:
		return precIf
	case nodeLogic:
		if n.name == "||" {
			return precOr
		}
		return precAnd
	case nodeBinary:
		return binaryPrecedence(n.name)
	case nodeUnary:
		return precUnary
	case nodeInt, nodeNumber:
		if strings.HasPrefix(n.name, "-") {
			return precUnary
		}
	}
	return precMember
}

// String returns the canonical text: no space but around binary operators and
// after commas, no parentheses but the needed ones, fields selected with a dot
// where that is possible, strings in single quotes.
func (n *node) String() string {
	var b strings.Builder
	n.print(&b)
	return b.String()
}

// printIn prints n as an operand that must bind at least that tight.
func (n *node) printIn(b *strings.Builder, tight int) {
	if n.precedence() >= tight {
		n.print(b)
		return
	}
	b.WriteByte('(')
	n.print(b)
	b.WriteByte(')')
}

func printList(b *strings.Builder, list []*node) {
	for i, arg := range list {
		if i > 0 {
			b.WriteString(", ")
		}
		arg.print(b)
	}
}

func (n *node) print(b *strings.Builder) {
	switch n.kind {
	case nodeIdent, nodeInt, nodeNumber, nodeWord:
		b.WriteString(n.name)
	case nodeSelect:
		n.args[0].printIn(b, precMember)
		b.WriteByte('.')
		b.WriteString(n.name)
	case nodeIndex:
		n.args[0].printIn(b, precMember)
		b.WriteByte('[')
		n.args[1].print(b)
		b.WriteByte(']')
	case nodeCall:
		b.WriteString(n.name)
		b.WriteByte('(')
		printList(b, n.args)
		b.WriteByte(')')
	case nodeMember:
		n.args[0].printIn(b, precMember)
		b.WriteByte('.')
		b.WriteString(n.name)
		b.WriteByte('(')
		printList(b, n.args[1:])
		b.WriteByte(')')
	case nodeUnary:
		b.WriteString(n.name)
		// An even run of ! or - disappears in CEL's grammar, and - before a
		// number is part of the number: what is in the tree was written with
		// parentheses.
		tight := precMember
		if first := n.args[0].first(); first.kind == nodeInt || first.kind == nodeNumber {
			tight++
		}
		n.args[0].printIn(b, tight)
	case nodeBinary:
		prec := binaryPrecedence(n.name)
		n.args[0].printIn(b, prec)
		b.WriteString(" " + n.name + " ")
		n.args[1].printIn(b, prec+1)
	case nodeLogic:
		for i, arg := range n.args {
			if i > 0 {
				b.WriteString(" " + n.name + " ")
			}
			arg.printIn(b, n.precedence()+1)
		}
	case nodeIf:
		n.args[0].printIn(b, precOr)
		b.WriteString(" ? ")
		n.args[1].printIn(b, precOr)
		b.WriteString(" : ")
		n.args[2].printIn(b, precIf)
	case nodeList:
		b.WriteByte('[')
		printList(b, n.args)
		b.WriteByte(']')
	case nodeMap:
		b.WriteByte('{')
		for i := 0; i+1 < len(n.args); i += 2 {
			if i > 0 {
				b.WriteString(", ")
			}
			n.args[i].print(b)
			b.WriteString(": ")
			n.args[i+1].print(b)
		}
		b.WriteByte('}')
	case nodeString:
		printString(b, n.text)
	case nodeOther:
		b.WriteString("…")
	}
}

// first is the node the text of a chain of members begins with.
func (n *node) first() *node {
	for n.kind == nodeSelect || n.kind == nodeIndex || n.kind == nodeMember {
		n = n.args[0]
	}
	return n
}

func printString(b *strings.Builder, s string) {
	b.WriteByte('\'')
	for _, r := range s {
		switch {
		case r == '\'' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case r < ' ' || r == 0x7f || r == 0xfeff:
			const hex = "0123456789abcdef"
			b.WriteString(`\u`)
			for shift := 12; shift >= 0; shift -= 4 {
				b.WriteByte(hex[r>>shift&0xf])
			}
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('\'')
}

// identifiers that CEL reserves: they name no field after a dot here, although
// some parsers let them.
var reserved = []string{
	"as", "break", "const", "continue", "else", "false", "for", "function", "if", "import", "in",
	"let", "loop", "namespace", "null", "package", "return", "true", "var", "void", "while",
}

// isIdentifier reports whether s can stand after a dot.
func isIdentifier(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c != '_' && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return s != "" && !slices.Contains(reserved, s)
}

// selection makes the node for operand.field or operand["field"]: one form for
// both, a select where the field's name allows it.
func selection(at int, operand *node, field string) *node {
	if isIdentifier(field) {
		return &node{kind: nodeSelect, at: at, name: field, args: []*node{operand}}
	}
	key := &node{kind: nodeString, at: at + 1, text: field}
	return &node{kind: nodeIndex, at: at, args: []*node{operand, key}}
}

// isInt reports whether n is the integer i.
func (n *node) isInt(i int) bool {
	return n.kind == nodeInt && n.name == strconv.Itoa(i)
}

func equalNodes(a, b *node) bool {
	return a.kind == b.kind && a.name == b.name && a.text == b.text && slices.EqualFunc(a.args, b.args, equalNodes)
}

// walk calls f for n and everything below it, outermost first.
func (n *node) walk(f func(*node)) {
	f(n)
	for _, arg := range n.args {
		arg.walk(f)
	}
}

// chain returns the nodes from the variable an expression begins with to the
// whole, each the operand of the next: user, user.emails, user.emails[0].
func (n *node) chain() []*node {
	var list []*node
	for {
		list = append(list, n)
		if n.kind != nodeSelect && n.kind != nodeIndex && n.kind != nodeMember {
			slices.Reverse(list)
			return list
		}
		n = n.args[0]
	}
}

// sameLink reports whether two nodes of a chain differ at most in their operand.
func (n *node) sameLink(m *node) bool {
	if n.kind != m.kind || n.name != m.name || n.text != m.text {
		return false
	}
	if n.kind != nodeSelect && n.kind != nodeIndex && n.kind != nodeMember {
		return equalNodes(n, m)
	}
	return slices.EqualFunc(n.args[1:], m.args[1:], equalNodes)
}

// find returns the node that begins at an offset, or nil.
func (n *node) find(at int) *node {
	var found *node
	n.walk(func(m *node) {
		if m.at == at && found == nil {
			found = m
		}
	})
	return found
}

// start is the offset where the text of n begins: of its leftmost token.
func (n *node) start() int {
	switch n.kind {
	case nodeSelect, nodeIndex, nodeMember, nodeBinary, nodeLogic, nodeIf:
		return n.args[0].start()
	case nodeCall:
		return n.calledAt()
	}
	return n.at
}

// calledAt is the offset of the function's name in a call. The offset of the call
// itself is that of the bracket.
func (n *node) calledAt() int { return max(0, n.at-len([]rune(n.name))) }
