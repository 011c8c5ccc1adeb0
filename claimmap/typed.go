package claimmap

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/google/cel-go/checker"
	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/containers"
	"github.com/google/cel-go/common/decls"
	"github.com/google/cel-go/common/stdlib"
	"github.com/google/cel-go/common/types"
)

// A claim mapping is checked by cel-go's type checker against the table of
// attributes. The checked tree is not what is evaluated: on a decoded JSON object
// cel-go would read every declared field as its zero value, without an error.

// typeNull is the name that stands for null while types are checked: an
// attribute of any type can be compared with null, and CEL's own null cannot.
const typeNull = "null"

// claimFunctions are what a claim mapping may call besides macros and operators.
var claimFunctions = []string{"lowerAscii", "join", "split", "size", "string", "contains", "startsWith", "endsWith", "matches"}

// claimEnv declares what an expression of a claim mapping over one variable may
// use.
func claimEnv(variable string) *checker.Env {
	str, list := types.StringType, types.NewListType(types.StringType)
	functions := []*decls.FunctionDecl{
		function("lowerAscii", decls.MemberOverload("lower", []*types.Type{str}, str)),
		function("join", decls.MemberOverload("join", []*types.Type{list}, str), decls.MemberOverload("join_with", []*types.Type{list, str}, str)),
		function("split", decls.MemberOverload("split", []*types.Type{str, str}, list), decls.MemberOverload("split_most", []*types.Type{str, str, types.IntType}, list)),
	}
	for _, f := range stdlib.Functions() {
		if slices.Contains(claimFunctions, f.Name()) || strings.ContainsAny(f.Name(), "_@!-") {
			functions = append(functions, f)
		}
	}
	return newCheckerEnv(functions, decls.NewVariable(variable, types.NewObjectType("a "+variable)), decls.NewVariable(typeNull, types.DynType))
}

// assertionTypes declares what an expression of a provider's attribute mapping
// may use: standard CEL, the Strings library and extract. A SAML attribute is a
// list. What the lists and the claims hold isn't known.
func assertionTypes(protocol Protocol) *checker.Env {
	var functions []*decls.FunctionDecl
	for name, f := range evalEnv().Functions() {
		if !strings.HasSuffix(name, withinLimits) {
			functions = append(functions, f)
		}
	}
	claims := types.NewMapType(types.StringType, types.DynType)
	variables := []*decls.VariableDecl{decls.NewVariable("assertion", claims)}
	if protocol == SAML {
		variables = append(variables, decls.NewVariable(samlAttributes, types.NewMapType(types.StringType, types.NewListType(types.DynType))))
	}
	return newCheckerEnv(functions, variables...)
}

func newCheckerEnv(functions []*decls.FunctionDecl, variables ...*decls.VariableDecl) *checker.Env {
	env, err := checker.NewEnv(containers.DefaultContainer, newAttributeTypes(), checker.CrossTypeNumericComparisons(true))
	if err == nil {
		err = env.AddFunctions(functions...)
	}
	if err == nil {
		err = env.AddIdents(variables...)
	}
	if err != nil {
		panic("claimmap: cel-go refuses the environment: " + err.Error()) // constants only
	}
	return env
}

var (
	userEnv  = sync.OnceValue(func() *checker.Env { return claimEnv("user") })
	groupEnv = sync.OnceValue(func() *checker.Env { return claimEnv("group") })
	oidcEnv  = sync.OnceValue(func() *checker.Env { return assertionTypes(OIDC) })
	samlEnv  = sync.OnceValue(func() *checker.Env { return assertionTypes(SAML) })
)

func function(name string, overloads ...decls.FunctionOpt) *decls.FunctionDecl {
	f, err := decls.NewFunction(name, overloads...)
	if err != nil {
		panic("claimmap: cel-go refuses " + name + ": " + err.Error())
	}
	return f
}

// attributeTypes tells the checker what the objects hold.
type attributeTypes struct{ *types.Registry }

func newAttributeTypes() attributeTypes {
	registry, err := types.NewRegistry()
	if err != nil {
		panic("claimmap: cel-go refuses an empty registry: " + err.Error())
	}
	return attributeTypes{registry}
}

func (attributeTypes) FindStructType(name string) (*types.Type, bool) {
	if _, ok := objects[name]; !ok {
		return nil, false
	}
	return types.NewTypeTypeWithParam(types.NewObjectType(name)), true
}

// FindStructFieldType gives an attribute that cannot be used the type of an
// error: the checker goes on, and unusable finds it afterwards with the type of
// its object.
func (attributeTypes) FindStructFieldType(object, field string) (*types.FieldType, bool) {
	if a := objects[object][field]; a.typ != nil {
		return &types.FieldType{Type: a.typ}, true
	}
	return &types.FieldType{Type: types.ErrorType}, true
}

// checked is an expression with the types cel-go gives it.
type checked struct {
	variable string // user, group or assertion
	tree     *ast.AST
	source   string
	root     *node
	faults   []fault
	notes    []fault
}

// checkTypes checks an expression over the variable user, group or assertion.
func checkTypes(env *checker.Env, variable string, root *node, source string) *checked {
	c := &checked{variable: variable, source: source, root: root}
	parsed, issues := macroEnv().Parse(source)
	if issues.Err() != nil {
		for _, f := range celFaults(source, issues) {
			if f.class == ClassSyntax {
				f.class = ClassType
			}
			c.faults = append(c.faults, f)
		}
		return c
	}
	tree := parsed.NativeRep()
	ast.PostOrderVisit(tree.Expr(), ast.NewExprVisitor(plainSelects))
	if variable != "assertion" { // its claims may be of any type, null too
		ast.PostOrderVisit(tree.Expr(), ast.NewExprVisitor(anyNull))
	}
	typed, errs := checker.Check(tree, parsed.Source(), env)
	c.tree = typed
	for _, e := range errs.GetErrors() {
		at, before := c.offset(e.ExprID), len(c.faults)
		c.explain(at, e.Message)
		for i := before; i < len(c.faults); i++ {
			c.faults[i].node = root.find(at)
		}
	}
	if variable != "assertion" {
		ast.PostOrderVisit(typed.Expr(), ast.NewExprVisitor(c.inspect))
	}
	slices.SortStableFunc(c.faults, func(a, b fault) int { return a.at - b.at })
	return c
}

// result names the type of the value if it is certainly no string. To the sum of a
// list and a claim cel-go gives the type bytes, whatever the claim holds.
func (c *checked) result() string {
	t := c.tree.GetType(c.tree.Expr().ID())
	if t.Kind() == types.DynKind && c.root.isConstant(nil) {
		if value, f := c.root.constant(); value == nil && f == nil {
			return "null"
		}
	}
	switch t.Kind() {
	case types.StringKind, types.DynKind, types.ErrorKind:
		return ""
	case types.BytesKind:
		if c.root.kind != nodeOther && c.root.name != "bytes" {
			return ""
		}
	case types.NullTypeKind:
		return "null"
	case types.ListKind:
		return "a list"
	case types.MapKind:
		return "a map"
	case types.StructKind:
		return t.TypeName()
	}
	return checker.FormatCELType(t) + "; string(…) makes one"
}

// plainSelects makes object["name"] the selection object.name, for names with
// any characters.
func plainSelects(e ast.Expr) {
	if e.Kind() != ast.CallKind || e.AsCall().FunctionName() != "_[_]" || e.AsCall().Args()[1].Kind() != ast.LiteralKind {
		return
	}
	if name, ok := e.AsCall().Args()[1].AsLiteral().(types.String); ok {
		e.SetKindCase(ast.NewExprFactory().NewSelect(e.ID(), e.AsCall().Args()[0], string(name)))
	}
}

// anyNull makes null a value of any type.
func anyNull(e ast.Expr) {
	if e.Kind() == ast.LiteralKind && e.AsLiteral() == types.NullValue {
		e.SetKindCase(ast.NewExprFactory().NewIdent(e.ID(), typeNull))
	}
}

// offset is the place of a node, in characters.
func (c *checked) offset(id int64) int {
	place, _ := c.tree.SourceInfo().GetOffsetRange(id)
	return int(place.Start)
}

func (c *checked) fail(at int, class Class, format string, args ...any) {
	c.faults = append(c.faults, fault{at: at, class: class, message: fmt.Sprintf(format, args...)})
}

// note adds a warning, once for each thing to say.
func (c *checked) note(at int, format string, args ...any) {
	n := fault{at: at, class: ClassUndocumented, message: fmt.Sprintf(format, args...)}
	if !slices.ContainsFunc(c.notes, func(f fault) bool { return f.message == n.message }) {
		c.notes = append(c.notes, n)
	}
}

// inspect looks at one node of the checked tree.
func (c *checked) inspect(e ast.Expr) {
	switch e.Kind() {
	case ast.SelectKind:
		operand, field := c.tree.GetType(e.AsSelect().Operand().ID()), e.AsSelect().FieldName()
		if operand.Kind() != types.StructKind {
			return
		}
		object := operand.TypeName()
		a, ok := objects[object][field]
		switch {
		case !ok:
			c.fail(c.nameAt(e.ID()), ClassUnsupported, "%s has no attribute %s that a claim mapping can use%s", object, printable(field), attributeHint(object, field))
		case a.refused != "":
			c.fail(c.nameAt(e.ID()), ClassUnsupported, "%s %s", field, a.refused)
		case a.note != "":
			c.note(c.nameAt(e.ID()), "%s", a.note)
		}
	case ast.ListKind:
		var first *types.Type
		for _, elem := range e.AsList().Elements() {
			t := c.tree.GetType(elem.ID())
			if first == nil || first.Kind() == types.DynKind || first.Kind() == types.ErrorKind {
				first = t
			} else if t.Kind() != types.DynKind && t.Kind() != types.ErrorKind && !first.IsEquivalentType(t) {
				at := c.offset(elem.ID())
				if n := c.root.find(at); n != nil {
					at = n.start()
				}
				c.fail(at, ClassType, "a list holds values of one type, not %s and %s", checker.FormatCELType(first), checker.FormatCELType(t))
				return
			}
		}
	}
}

// nameAt is where the name of a selection stands: after the dot, or at the
// bracket.
func (c *checked) nameAt(id int64) int {
	n := c.root.find(c.offset(id))
	if n != nil && n.kind == nodeCall && len(n.args) == 1 { // has
		n = n.args[0]
	}
	switch {
	case n == nil:
		return c.offset(id)
	case n.kind == nodeSelect && []rune(c.source)[n.at] == '.':
		return n.at + 1
	}
	return n.at
}
