package claimmap

// This is the only file that imports cel-go, and no type of it leaves the file.

import (
	"regexp"
	"strconv"
	"strings"
	"sync"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/operators"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
)

// The parser is asked only about texts that scan has let through. Its own
// limits are set all the same, a little wider.
const (
	parserRecursion = 4 * maxNesting
	parserNodes     = 2 * maxInput
	parserRecovery  = 4
)

// parserEnv parses without expanding macros, so that the tree is what was written.
var parserEnv = sync.OnceValue(func() *cel.Env {
	env, err := cel.NewCustomEnv(
		cel.ClearMacros(),
		cel.ParserRecursionLimit(parserRecursion),
		cel.ParserErrorRecoveryLimit(parserRecovery),
		cel.ParserExpressionSizeLimit(maxInput),
		cel.ExpressionNodeLimit(parserNodes),
	)
	if err != nil {
		panic("claimmap: cel-go refuses the parser's options: " + err.Error()) // constants only
	}
	return env
})

// parse returns the syntax tree of an expression, or what is wrong with it.
func parse(expression string) (*node, []fault) {
	if faults := scan(expression); len(faults) > 0 {
		return nil, faults
	}
	parsed, issues := parserEnv().Parse(expression)
	if issues.Err() != nil {
		var faults []fault
		lines := lineOffsets(expression)
		for _, e := range issues.Errors() {
			at := e.Location.Column()
			if line := e.Location.Line(); line >= 1 && line <= len(lines) {
				at += lines[line-1]
			}
			faults = append(faults, fault{at: max(at, 0), class: ClassSyntax, message: syntaxMessage(e.Message)})
		}
		return nil, faults
	}
	rep := parsed.NativeRep()
	return convert(rep.SourceInfo(), rep.Expr()), nil
}

var (
	expectedTokens = regexp.MustCompile(`(?s)^(?:mismatched|extraneous) input (.+) expecting (\{.*\}|.+)$`)
	endOfInput     = "'<EOF>'"
)

// syntaxMessage says in words what the parser generator says with its list of
// every token that could have followed.
func syntaxMessage(m string) string {
	m = strings.TrimPrefix(m, "Syntax error: ")
	if match := expectedTokens.FindStringSubmatch(m); match != nil {
		if match[1] == endOfInput || match[1] == "<EOF>" {
			if strings.HasPrefix(match[2], "{") {
				return "the expression ends where an operand is missing"
			}
			return "the expression ends where " + match[2] + " is missing"
		}
		if strings.HasPrefix(match[2], "{") {
			return "unexpected " + match[1]
		}
		if match[2] == "<EOF>" {
			return "unexpected " + match[1] + " after the end of the expression"
		}
		return "unexpected " + match[1] + " where " + match[2] + " belongs"
	}
	if rest, ok := strings.CutPrefix(m, "token recognition error at: "); ok {
		return rest + " is not CEL"
	}
	if rest, ok := strings.CutPrefix(m, "no viable alternative at input "); ok {
		return "cannot make sense of " + rest
	}
	return strings.ReplaceAll(m, "'<EOF>'", "the end of the expression")
}

func convert(info *ast.SourceInfo, e ast.Expr) *node {
	n := &node{kind: nodeOther}
	if r, ok := info.GetOffsetRange(e.ID()); ok {
		n.at = int(r.Start)
	}
	switch e.Kind() {
	case ast.IdentKind:
		n.kind, n.name = nodeIdent, e.AsIdent()
	case ast.SelectKind:
		s := e.AsSelect()
		return selection(n.at, convert(info, s.Operand()), s.FieldName())
	case ast.ListKind:
		if len(e.AsList().OptionalIndices()) == 0 {
			n.kind, n.args = nodeList, convertAll(info, e.AsList().Elements())
		}
	case ast.LiteralKind:
		convertLiteral(n, e.AsLiteral())
	case ast.CallKind:
		return convertCall(info, n, e.AsCall())
	}
	return n
}

func convertAll(info *ast.SourceInfo, list []ast.Expr) []*node {
	var nodes []*node
	for _, e := range list {
		nodes = append(nodes, convert(info, e))
	}
	return nodes
}

func convertLiteral(n *node, v ref.Val) {
	switch v := v.(type) {
	case types.String:
		n.kind, n.text = nodeString, string(v)
	case types.Int:
		n.kind, n.name = nodeInt, strconv.FormatInt(int64(v), 10)
	case types.Uint:
		n.kind, n.name = nodeNumber, strconv.FormatUint(uint64(v), 10)+"u"
	case types.Double:
		text := strconv.FormatFloat(float64(v), 'g', -1, 64)
		if !strings.ContainsAny(text, ".eIN") {
			text += ".0"
		}
		n.kind, n.name = nodeNumber, text
	case types.Bool:
		n.kind, n.name = nodeWord, strconv.FormatBool(bool(v))
	case types.Null:
		n.kind, n.name = nodeWord, "null"
	}
}

func convertCall(info *ast.SourceInfo, n *node, c ast.CallExpr) *node {
	args := convertAll(info, c.Args())
	if c.IsMemberFunction() {
		n.kind, n.name = nodeMember, c.FunctionName()
		n.args = append([]*node{convert(info, c.Target())}, args...)
		return n
	}
	n.args = args
	switch fn := c.FunctionName(); fn {
	case operators.Index:
		if len(args) == 2 && args[1].kind == nodeString {
			return selection(n.at, args[0], args[1].text)
		}
		n.kind = nodeIndex
	case operators.Conditional:
		n.kind = nodeIf
	case operators.LogicalAnd, operators.LogicalOr:
		n.kind, n.name = nodeLogic, "&&"
		if fn == operators.LogicalOr {
			n.name = "||"
		}
		// The parser balances long chains; the chain is what was written.
		var flat []*node
		for _, arg := range args {
			if arg.kind == nodeLogic && arg.name == n.name {
				flat = append(flat, arg.args...)
			} else {
				flat = append(flat, arg)
			}
		}
		n.args = flat
	case operators.LogicalNot, operators.Negate:
		n.kind = nodeUnary
		n.name, _ = operators.FindReverse(fn)
	case operators.OptSelect, operators.OptIndex:
		n.args = nil
	default:
		if symbol, ok := operators.FindReverseBinaryOperator(fn); ok {
			n.kind, n.name = nodeBinary, symbol
		} else {
			n.kind, n.name = nodeCall, fn
		}
	}
	return n
}

// program is a compiled expression.
type program struct{ expression string }

func newProgram(expression string) *program { return &program{expression: expression} }
