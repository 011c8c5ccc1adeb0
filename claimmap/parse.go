package claimmap

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/operators"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
)

// The parser is asked only about texts that scan has let through. Its own
// limits are set all the same, a little wider.
const (
	parserRecursion = 64
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

// macroEnv parses with the standard macros, for the type checker.
var macroEnv = sync.OnceValue(func() *cel.Env {
	env, err := cel.NewCustomEnv(
		cel.Macros(cel.StandardMacros...),
		cel.ParserRecursionLimit(parserRecursion),
		cel.ParserErrorRecoveryLimit(parserRecovery),
		cel.ParserExpressionSizeLimit(maxInput),
		cel.ExpressionNodeLimit(4*parserNodes),
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
		return nil, celFaults(expression, issues)
	}
	rep := parsed.NativeRep()
	return convert(rep.SourceInfo(), rep.Expr()), nil
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
	case ast.MapKind:
		for _, entry := range e.AsMap().Entries() {
			kv := entry.AsMapEntry()
			if kv.IsOptional() {
				return &node{kind: nodeOther, at: n.at}
			}
			n.args = append(n.args, convert(info, kv.Key()), convert(info, kv.Value()))
		}
		n.kind = nodeMap
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

func celFaults(source string, issues *cel.Issues) []fault {
	const maxFaults = 20 // one mistake can raise a fault at every later token
	var faults []fault
	lines, runEnd := lineOffsets(source), -1
	for _, e := range issues.Errors() {
		f := fault{class: ClassSyntax, at: max(e.Location.Column(), 0), message: syntaxMessage(e.Message)}
		if line := e.Location.Line(); line >= 1 && line <= len(lines) {
			f.at += lines[line-1]
		}
		if strings.Contains(e.Message, "recursion") || strings.Contains(e.Message, "node count") {
			f = fault{class: ClassLimit, message: "nested or chained too deeply"}
		}
		if strings.Contains(e.Message, "error recovery") && len(faults) > 0 || slices.Contains(faults, f) {
			continue
		}
		// One fault for a run of characters, not one for each.
		if text, ok := strings.CutSuffix(f.message, notCEL); ok {
			if f.at == runEnd {
				runEnd += utf8.RuneCountInString(text) - 2
				continue
			}
			runEnd = f.at + utf8.RuneCountInString(text) - 2
		}
		if faults = append(faults, f); len(faults) == maxFaults {
			break
		}
	}
	return faults
}

var (
	expectedTokens = regexp.MustCompile(`(?s)^(?:mismatched|extraneous) input (.+) expecting (\{.*\}|.+)$`)
	endOfInput     = "'<EOF>'"
	notCEL         = " is not CEL"
)

// syntaxMessage says in words what the parser generator says with its list of
// every token that could have followed.
func syntaxMessage(m string) string {
	m = strings.TrimPrefix(m, "Syntax error: ")
	switch m {
	case "argument is not an identifier", "argument must be a simple name":
		return "the first argument of a macro is the name of a variable"
	case "invalid argument to has() macro":
		return "has() takes a selected attribute, as has(user.displayName)"
	}
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
		return rest + notCEL
	}
	if rest, ok := strings.CutPrefix(m, "no viable alternative at input "); ok {
		return "cannot make sense of " + rest
	}
	return strings.ReplaceAll(m, "'<EOF>'", "the end of the expression")
}
