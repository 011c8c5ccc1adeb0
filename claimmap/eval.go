package claimmap

import (
	"errors"
	"strings"
	"sync"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/traits"
	"github.com/google/cel-go/ext"
	"github.com/google/cel-go/interpreter"
)

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
		cel.Function(guardedMatches, cel.Overload(guardedMatches, []*cel.Type{str, str}, cel.BoolType, cel.BinaryBinding(runMatches))),
		cel.Function(guardedSize, cel.Overload(guardedSize, []*cel.Type{dyn}, cel.IntType, cel.UnaryBinding(runSize))),
		cel.ParserRecursionLimit(2*parserRecursion),
		cel.ParserErrorRecoveryLimit(parserRecovery),
		cel.ParserExpressionSizeLimit(32*maxInput),
		cel.ExpressionNodeLimit(16*parserNodes),
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
		interpreter.OverloadCostTracker(guardedMatches, costOfMatching),
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
		failed.class, failed.message = ClassLimit, "this is too large to evaluate"
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

var errTemplate = errors.New("a template of extract holds one {identifier}")

// extract is the function of the same name of IAM conditions
// (https://docs.cloud.google.com/iam/docs/conditions-attribute-reference#extract),
// shown in attribute mappings of workload identity federation and not, so far,
// of workforce identity federation. The template is an optional prefix, an
// identifier in braces, and an optional suffix:
//
//	extract("a/b/c", "a/{x}/c") // "b"
//	extract("a/b/c", "{x}/c")   // "a/b", the text before the suffix
//	extract("a/b/c", "b/{x}")   // "c", the text after the prefix
//	extract("a/b/c", "{x}")     // "a/b/c"
//	extract("a/b/c", "d/{x}")   // "", as for everything not found
//	extract("a/b/c", "a/b/c")   // an error
func extract(s, template string) (string, error) {
	prefix, rest, ok := strings.Cut(template, "{")
	name, suffix, closed := strings.Cut(rest, "}")
	if !ok || !closed || name == "" || strings.ContainsAny(prefix+suffix, "{}") || !isWord(name) {
		return "", errTemplate
	}
	if prefix != "" {
		if _, s, ok = strings.Cut(s, prefix); !ok {
			return "", nil
		}
	}
	if suffix != "" {
		if s, _, ok = strings.Cut(s, suffix); !ok {
			return "", nil
		}
	}
	return s, nil
}

func isWord(s string) bool {
	for _, r := range s {
		if r != '_' && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') {
			return false
		}
	}
	return true
}
