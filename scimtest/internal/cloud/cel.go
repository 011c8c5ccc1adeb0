package cloud

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/ext"
)

// Which functions Google enables is documented in part: standard CEL with split and join. All of
// cel-go's string functions and IAM's extract are accepted here.

var (
	// mappingEnv is what attribute mappings see.
	mappingEnv = sync.OnceValue(func() *cel.Env { return newEnv("assertion") })
	// conditionEnv is what attribute conditions see.
	conditionEnv = sync.OnceValue(func() *cel.Env { return newEnv("assertion", "google", "attribute") })
	// claimEnv is what claim mappings see.
	claimEnv = sync.OnceValue(func() *cel.Env { return newEnv("user") })
)

func newEnv(variables ...string) *cel.Env {
	options := []cel.EnvOption{ext.Strings(), cel.Function("extract",
		cel.MemberOverload("string_extract_string", []*cel.Type{cel.StringType, cel.StringType}, cel.StringType,
			cel.BinaryBinding(func(text, template ref.Val) ref.Val {
				return types.String(extract(string(text.(types.String)), string(template.(types.String))))
			})))}
	for _, name := range variables {
		options = append(options, cel.Variable(name, cel.DynType))
	}
	env, err := cel.NewEnv(options...)
	if err != nil {
		panic("scimtest: " + err.Error()) // the options are constant
	}
	return env
}

// extract is the function of IAM conditions:
// https://docs.cloud.google.com/iam/docs/conditions-attribute-reference#extract. The template has
// one {identifier}; what it stands for is the result.
func extract(text, template string) string {
	prefix, rest, ok := strings.Cut(template, "{")
	_, suffix, closed := strings.Cut(rest, "}")
	if !ok || !closed {
		return ""
	}
	_, after, ok := strings.Cut(text, prefix)
	if !ok {
		return ""
	}
	if suffix == "" {
		return after
	}
	value, _, ok := strings.Cut(after, suffix)
	if !ok {
		return ""
	}
	return value
}

// textCEL reports why an expression can't be a string, or with lists a list of strings.
func textCEL(env *cel.Env, expression string, lists bool) error {
	kinds := []*cel.Type{cel.StringType}
	if lists {
		kinds = append(kinds, cel.ListType(cel.StringType), cel.ListType(cel.DynType))
	}
	return checkCEL(env, expression, kinds...)
}

// boolCEL reports why an expression can't be a boolean.
func boolCEL(env *cel.Env, expression string) error { return checkCEL(env, expression, cel.BoolType) }

// checkCEL reports why an expression can't be one of the kinds, as far as that shows before it is
// evaluated.
func checkCEL(env *cel.Env, expression string, kinds ...*cel.Type) error {
	ast, issues := env.Compile(expression)
	if err := issues.Err(); err != nil {
		first := issues.Errors()[0]
		return fmt.Errorf("%d:%d: %s", first.Location.Line(), first.Location.Column()+1, first.Message)
	}
	got := ast.OutputType()
	if got.IsExactType(cel.DynType) || slices.ContainsFunc(kinds, func(k *cel.Type) bool { return k.IsAssignableType(got) }) {
		return nil
	}
	return fmt.Errorf("it is %s, not %s", got, kinds[0])
}

// evaluate is the value of an expression. It needn't type-check: what is wrong for one input can be
// right for another.
func evaluate(env *cel.Env, expression string, variables map[string]any) (any, error) {
	ast, issues := env.Parse(expression)
	if err := issues.Err(); err != nil {
		return nil, err
	}
	program, err := env.Program(ast, cel.CostLimit(1_000_000))
	if err != nil {
		return nil, err
	}
	value, _, err := program.Eval(variables)
	if err != nil {
		return nil, err
	}
	return native(value), nil
}

var stringList = reflect.TypeFor[[]string]()

// native is a string, a list of strings, a boolean, or the value itself.
func native(value ref.Val) any {
	if list, err := value.ConvertToNative(stringList); err == nil && value.Type() == types.ListType {
		return list
	}
	return value.Value()
}
