package claimmap

// This is the only file that imports cel-go, and no type of it leaves the file.

import (
	"errors"
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
	"github.com/google/cel-go/common/types/traits"
	"github.com/google/cel-go/ext"
	"github.com/google/cel-go/interpreter"
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

// evalEnv has what Google documents for attribute mappings: standard CEL, the
// Strings library as far as it can be bounded (all but format), and extract.
var evalEnv = sync.OnceValue(func() *cel.Env {
	str, list, dyn := cel.StringType, cel.ListType(cel.DynType), cel.DynType
	env, err := cel.NewEnv(
		cel.Variable("user", dyn), cel.Variable("group", dyn), cel.Variable("assertion", dyn),
		ext.Strings(),
		cel.Function("extract", cel.MemberOverload("string_extract", []*cel.Type{str, str}, str, cel.BinaryBinding(runExtract))),
		cel.Function(guardedAdd, cel.Overload(guardedAdd, []*cel.Type{dyn, dyn}, dyn, cel.BinaryBinding(runAdd))),
		cel.Function(guardedEqual, cel.Overload(guardedEqual, []*cel.Type{dyn, dyn}, cel.BoolType, cel.BinaryBinding(runEqual))),
		cel.Function(guardedIn,
			cel.Overload(guardedIn+"_list", []*cel.Type{dyn, list}, cel.BoolType, cel.BinaryBinding(runIn)),
			cel.Overload(guardedIn+"_map", []*cel.Type{dyn, cel.MapType(dyn, dyn)}, cel.BoolType, cel.BinaryBinding(runIn))),
		cel.Function(guardedJoin,
			cel.MemberOverload(guardedJoin+"_list", []*cel.Type{cel.ListType(str)}, str, cel.FunctionBinding(runJoin)),
			cel.MemberOverload(guardedJoin+"_list_string", []*cel.Type{cel.ListType(str), str}, str, cel.FunctionBinding(runJoin))),
		cel.Function(guardedReplace,
			cel.MemberOverload(guardedReplace+"_all", []*cel.Type{str, str, str}, str, cel.FunctionBinding(runReplace)),
			cel.MemberOverload(guardedReplace+"_some", []*cel.Type{str, str, str, cel.IntType}, str, cel.FunctionBinding(runReplace))),
		cel.Function(guardedSize, cel.Overload(guardedSize, []*cel.Type{dyn}, cel.IntType, cel.UnaryBinding(runSize))),
		cel.ParserRecursionLimit(2*parserRecursion),
		cel.ParserErrorRecoveryLimit(parserRecovery),
		cel.ParserExpressionSizeLimit(32*maxInput),
		cel.ExpressionNodeLimit(16*parserNodes),
		cel.RegexProgramSizeLimit(maxPattern),
		cel.CrossTypeNumericComparisons(true),
	)
	if err != nil {
		panic("claimmap: cel-go refuses the environment: " + err.Error()) // constants only
	}
	return env
})

// compiled is a program of cel-go.
type compiled struct{ program cel.Program }

// compileTree type-checks and plans an expression.
func compileTree(tree *node) (*compiled, error) {
	checked, issues := evalEnv().Compile(tree.guarded().String())
	if err := issues.Err(); err != nil {
		return nil, err
	}
	p, err := evalEnv().Program(checked, cel.CostLimit(maxCost), cel.CostTrackerOptions(
		interpreter.OverloadCostTracker(guardedAdd, costOfResult),
		interpreter.OverloadCostTracker(guardedEqual, costOfArguments),
		interpreter.OverloadCostTracker(guardedIn+"_list", costOfArguments),
		interpreter.OverloadCostTracker(guardedJoin+"_list", costOfResult),
		interpreter.OverloadCostTracker(guardedJoin+"_list_string", costOfResult),
		interpreter.OverloadCostTracker(guardedReplace+"_all", costOfResult),
		interpreter.OverloadCostTracker(guardedReplace+"_some", costOfResult),
		interpreter.OverloadCostTracker(guardedSize, costOfArguments),
		interpreter.OverloadCostTracker("string_extract", costOfArguments),
	))
	if err != nil {
		return nil, err
	}
	return &compiled{p}, nil
}

// constant evaluates an expression that reads nothing: its value if that is a
// string, and why it fails.
func (n *node) constant() (any, *fault) {
	failed := &fault{at: n.start(), class: ClassType}
	c, err := compileTree(n)
	if err != nil {
		failed.message = "this does not compile"
		return nil, failed
	}
	v, _, err := c.program.Eval(cel.NoVars())
	if err != nil {
		failed.message = "this fails for everybody: " + printable(err.Error())
		if errors.Is(runError(err), ErrCostExceeded) {
			failed.class, failed.message = ClassLimit, "this costs too much to evaluate"
		}
		return nil, failed
	}
	if s, ok := v.(types.String); ok {
		return string(s), nil
	}
	return nil, nil
}

func celFaults(source string, issues *cel.Issues) []fault {
	const most = 20 // one mistake can raise a fault at every later token
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
		if faults = append(faults, f); len(faults) == most {
			break
		}
	}
	return faults
}

// errLimit is what the guarded functions fail with.
var errLimit = errors.New("limit of one operation exceeded")

// run evaluates the program with one variable set. The value is a string, a
// []string or nil; an error is ErrEmpty, ErrWrongType, ErrCostExceeded or
// ErrFailed, with a detail that holds nothing of the identity.
func (p *compiled) run(variable string, value map[string]any) (result any, detail string, err error) {
	v, _, err := p.program.Eval(map[string]any{variable: value})
	if err != nil {
		return nil, runDetail(err), runError(err)
	}
	switch v := v.(type) {
	case types.String:
		return string(v), "", nil
	case types.Null:
		return nil, "", nil
	case traits.Lister:
		return stringList(v)
	}
	return nil, "the result is of type " + v.Type().TypeName(), ErrWrongType
}

func stringList(v traits.Lister) (any, string, error) {
	if size, ok := v.Size().(types.Int); !ok || size > maxElements {
		return nil, "the result is a list of too many elements", ErrCostExceeded
	}
	list := []string{}
	for it := v.Iterator(); it.HasNext() == types.True; {
		s, ok := it.Next().(types.String)
		if !ok {
			return nil, "the result is a list, not all of it strings", ErrWrongType
		}
		list = append(list, string(s))
	}
	return list, "", nil
}

func runError(err error) error {
	var cancelled interpreter.EvalCancelledError
	switch m := err.Error(); {
	case errors.As(err, &cancelled), strings.Contains(m, errLimit.Error()):
		return ErrCostExceeded
	case strings.Contains(m, "no such key"), strings.Contains(m, "no such attribute"), strings.Contains(m, "index out of bounds"):
		return ErrEmpty
	case strings.Contains(m, "no such overload"), strings.Contains(m, "expected iterable"):
		return ErrWrongType
	}
	return ErrFailed
}

func runDetail(err error) string {
	switch m := err.Error(); {
	case strings.Contains(m, "no such key"), strings.Contains(m, "no such attribute"):
		return "an attribute it reads is absent"
	case strings.Contains(m, "index out of bounds"):
		return "a list it reads has too few entries"
	case strings.Contains(m, "no such overload"), strings.Contains(m, "expected iterable"):
		return "an attribute it reads is of another type"
	}
	return ""
}

// The guarded operations: the same results as cel-go's, within limits.

func runAdd(a, b ref.Val) ref.Val {
	left, ok := a.(traits.Adder)
	if !ok {
		return types.NewErr("no such overload")
	}
	most := types.Int(maxElements)
	if a.Type() == types.StringType {
		most = maxValue
	}
	if length(a)+length(b) > most {
		return types.WrapErr(errLimit)
	}
	return left.Add(b)
}

// length is the length of a string in bytes, of a list in elements, else 0.
func length(v ref.Val) types.Int {
	switch v := v.(type) {
	case types.String:
		return types.Int(len(v))
	case traits.Lister:
		size, _ := v.Size().(types.Int)
		return size
	}
	return 0
}

// costOfResult and costOfArguments account for what a guarded operation makes
// or visits, ten bytes or elements a step.
func costOfResult(_ []ref.Val, result ref.Val) *uint64 {
	cost := 1 + uint64(length(result))/10
	return &cost
}

func costOfArguments(args []ref.Val, _ ref.Val) *uint64 {
	cost := uint64(1)
	for _, arg := range args {
		cost += uint64(length(arg)) / 10
	}
	return &cost
}

func runEqual(a, b ref.Val) ref.Val {
	budget := maxElements
	if !spend(&budget, a) || !spend(&budget, b) {
		return types.WrapErr(errLimit)
	}
	return types.Equal(a, b)
}

func runIn(elem, container ref.Val) ref.Val {
	budget := maxElements
	if !spend(&budget, elem) {
		return types.WrapErr(errLimit)
	}
	if _, ok := container.(traits.Lister); ok && !spend(&budget, container) {
		return types.WrapErr(errLimit)
	}
	return container.(traits.Container).Contains(elem)
}

// spend takes every value that a comparison of v might visit off the budget.
func spend(budget *int, v ref.Val) bool {
	if *budget--; *budget < 0 {
		return false
	}
	switch v := v.(type) {
	case traits.Lister:
		for it := v.Iterator(); it.HasNext() == types.True; {
			if !spend(budget, it.Next()) {
				return false
			}
		}
	case traits.Mapper:
		for it := v.Iterator(); it.HasNext() == types.True; {
			key := it.Next()
			if elem, ok := v.Find(key); !spend(budget, key) || ok && !spend(budget, elem) {
				return false
			}
		}
	}
	return true
}

func runSize(v ref.Val) ref.Val {
	switch v := v.(type) {
	case types.String:
		return types.Int(utf8.RuneCountInString(string(v)))
	case traits.Sizer:
		return v.Size()
	}
	return types.NewErr("no such overload")
}

func runJoin(args ...ref.Val) ref.Val {
	list, separator := args[0].(traits.Lister), ""
	if len(args) == 2 {
		separator = string(args[1].(types.String))
	}
	var b strings.Builder
	elements := 0
	for it := list.Iterator(); it.HasNext() == types.True; elements++ {
		s, ok := it.Next().(types.String)
		if !ok {
			return types.NewErr("no such overload")
		}
		if elements > 0 {
			b.WriteString(separator)
		}
		b.WriteString(string(s))
		if elements >= maxElements || b.Len() > maxValue {
			return types.WrapErr(errLimit)
		}
	}
	return types.String(b.String())
}

func runReplace(args ...ref.Val) ref.Val {
	s, old, replacement, n := string(args[0].(types.String)), string(args[1].(types.String)), string(args[2].(types.String)), -1
	if len(args) == 4 {
		n = int(args[3].(types.Int))
	}
	count := strings.Count(s, old)
	if n >= 0 {
		count = min(count, n)
	}
	if count > 0 && len(s)+count*(len(replacement)-len(old)) > maxValue {
		return types.WrapErr(errLimit)
	}
	return types.String(strings.Replace(s, old, replacement, n))
}

func runExtract(s, template ref.Val) ref.Val {
	value, err := extract(string(s.(types.String)), string(template.(types.String)))
	if err != nil {
		return types.WrapErr(err)
	}
	return types.String(value)
}
