package claimmap

import (
	"fmt"
	"regexp"
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
	variables := []*decls.VariableDecl{decls.NewVariable("assertion", claims), decls.NewVariable(typeNull, types.DynType)}
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

func assertionEnv(protocol Protocol) *checker.Env {
	if protocol == SAML {
		return samlEnv()
	}
	return oidcEnv()
}

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
	typed, errs := checker.Check(tree, parsed.Source(), env)
	c.tree = typed
	for _, e := range errs.GetErrors() {
		c.explain(c.offset(e.ExprID), e.Message)
	}
	if variable != "assertion" {
		ast.PostOrderVisit(typed.Expr(), ast.NewExprVisitor(c.inspect))
	}
	slices.SortStableFunc(c.faults, func(a, b fault) int { return a.at - b.at })
	return c
}

// result names the type of the value if it is certainly no string.
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
// any characters, and null a value of any type.
func plainSelects(e ast.Expr) {
	factory := ast.NewExprFactory()
	switch e.Kind() {
	case ast.CallKind:
		call := e.AsCall()
		if call.FunctionName() != "_[_]" || call.Args()[1].Kind() != ast.LiteralKind {
			return
		}
		if name, ok := call.Args()[1].AsLiteral().(types.String); ok {
			e.SetKindCase(factory.NewSelect(e.ID(), call.Args()[0], string(name)))
		}
	case ast.LiteralKind:
		if e.AsLiteral() == types.NullValue {
			e.SetKindCase(factory.NewIdent(e.ID(), typeNull))
		}
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

// attributeHint says where an attribute that is not there may be.
func attributeHint(object, field string) string {
	var names []string
	for name, a := range objects[object] {
		if a.refused == "" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	if near := nearestOf(field, names); near != "" {
		return "; did you mean " + near + "?"
	}
	if object != "a user" {
		return ""
	}
	if _, ok := objects["the enterprise extension"][field]; ok {
		return "; it belongs to the enterprise extension: user['" + enterpriseURN + "']." + field
	}
	if w := words(field); len(w) == 1 && meantSubject[w[0]] != "" {
		return "; did you mean " + meantSubject[w[0]] + "?"
	}
	return ""
}

// What the type checker says, as far as it is said better here.
var (
	undeclared  = regexp.MustCompile(`^undeclared reference to '(.*)' \(in container '.*'\)$`)
	noOverload  = regexp.MustCompile(`^found no matching overload for '(.*)' applied to '(.*)'$`)
	noSelection = regexp.MustCompile(`^type '(.*)' does not support field selection$`)
	notARange   = regexp.MustCompile(`^expression of type '(.*)' cannot be range of a comprehension`)
)

// explain turns an error of the type checker into a fault.
func (c *checked) explain(at int, message string) {
	n := c.root.find(at)
	if m := undeclared.FindStringSubmatch(message); m != nil {
		switch {
		case c.variable == "assertion" && slices.Contains(extensions, m[1]):
			c.fail(at, classExtension, "%s is an extension of CEL, and no page of Google's mentions it", m[1])
		case n != nil && (n.kind == nodeCall || n.kind == nodeMember):
			c.fail(n.calledAt(), ClassUnsupported, "%s() %s", printable(n.name), c.whyNot(n))
		case n == nil || !c.argumentOfUnknown(n):
			c.fail(at, ClassUnsupported, "%s", unknownVariable(c.variable, m[1]))
		}
		return
	}
	if m := noSelection.FindStringSubmatch(message); m != nil {
		hint := ""
		if strings.HasPrefix(m[1], "list(") {
			hint = "; index it first, as with [0]"
		} else if n != nil && slices.Contains(claimFunctions, n.name) {
			hint = "; a function is called with (): " + n.name + "()"
		}
		name := ""
		if n != nil && n.kind == nodeSelect {
			name, at = " "+printable(n.name), at+1
		}
		c.fail(at, ClassType, "%s has no attribute%s%s", m[1], name, hint)
		return
	}
	if m := notARange.FindStringSubmatch(message); m != nil {
		c.fail(at, ClassType, "a list is needed here, not %s", m[1])
		return
	}
	if m := noOverload.FindStringSubmatch(message); m != nil && n != nil {
		switch {
		case n.kind == nodeCall || n.kind == nodeMember:
			if slices.Contains(macros, n.name) {
				c.fail(n.calledAt(), ClassType, "the condition of %s must be a bool", n.name)
				return
			}
			c.fail(n.calledAt(), ClassType, "%s() does not take %s%s", n.name, m[2], misplaced(n))
			return
		case n.kind == nodeIndex && strings.HasPrefix(m[2], "(list("):
			c.fail(n.args[1].start(), ClassType, "a list is indexed by a number: [] does not take %s", m[2])
			return
		case n.kind == nodeIndex:
			c.fail(n.at, ClassType, "only a list can be indexed: [] does not take %s", m[2])
			return
		case c.variable == "assertion" && slices.Contains([]string{"==", "!=", "in"}, n.name) && strings.Contains(m[2], "list(dyn)"):
			return // a list in a token is compared at sign-in
		case n.kind == nodeIf:
			c.fail(n.args[2].start(), ClassType, "?: wants a bool and two values of one type, not %s", m[2])
			return
		case n.name != "":
			c.fail(at, ClassType, "%s cannot be applied to %s", n.name, m[2])
			return
		}
	}
	if n != nil && (n.kind == nodeCall || n.kind == nodeMember) {
		at = n.calledAt()
	}
	c.fail(at, ClassType, "%s", message)
}

// macros of standard CEL, all of which a claim mapping may use.
var macros = []string{"has", "all", "exists", "exists_one", "filter", "map"}

// unknownVariable says what a name is that means nothing in a claim mapping.
func unknownVariable(variable, name string) string {
	if variable == "assertion" {
		return fmt.Sprintf("%s is not known: a provider's attribute mapping sees assertion", printable(name))
	}
	switch name {
	case "user", "group":
		return fmt.Sprintf("this rule is evaluated for a %s: only %s can be used", variable, variable)
	case "assertion":
		return "assertion is the token, and belongs into the provider's attribute mapping; a claim mapping sees " + variable
	case "google", "attribute":
		return "a rule cannot read the result of another one; a claim mapping sees " + variable
	}
	return fmt.Sprintf("%s is not known here; a string needs quotes, which a shell may have removed; an attribute begins with %s", printable(name), variable)
}

// misplaced says where the operand of a function belongs if it is not there.
func misplaced(n *node) string {
	switch {
	case n.kind == nodeMember && n.name == "string":
		return "; write string(…) with the operand inside"
	case n.kind == nodeCall && !slices.Contains([]string{"string", "size", "matches"}, n.name):
		return "; write it behind the operand, after a dot"
	}
	return ""
}

// whyNot says why a function cannot be called.
func (c *checked) whyNot(n *node) string {
	const why = "cannot be used in a claim mapping: "
	switch {
	case n.name == "has":
		return "takes a selected attribute, as has(user.displayName)"
	case slices.Contains(macros, n.name):
		return "takes a variable and what to do with it, as filter(e, e.type == 'work')"
	case c.variable != "assertion" && n.name == "upperAscii":
		return why + "upper case is documented nowhere"
	case lowering[strings.ToLower(n.name)] != "":
		return "is not CEL, which calls it lowerAscii()"
	case c.variable == "assertion":
		return "is no function of CEL"
	case slices.Contains(stringsLibrary, n.name):
		return why + "it is in cel-go's string library, and Google documents it nowhere"
	case n.name == "extract":
		return why + "it is documented for IAM conditions and workload identity, not here"
	}
	return why + "no function of that name is documented"
}

var stringsLibrary = []string{"trim", "replace", "substring", "charAt", "indexOf", "lastIndexOf", "reverse", "format"}

// classExtension is the class of what cel-go knows if it is told to.
const classExtension Class = "extension"

// extensions are the functions and namespaces of cel-go's extension libraries
// but Strings. No page says whether Google enables one.
var extensions = []string{
	"base64", "cel", "lists", "math", "net", "optional", "proto", "regex", "sets", "ip", "cidr", "isIP", "isCIDR",
	"distinct", "first", "flatten", "last", "slice", "sort", "sortBy", "transformList", "transformMap", "transformMapEntry", "existsOne",
	"hasValue", "optFlatMap", "optMap", "or", "orValue", "unwrap", "unwrapOpt", "value",
}

// argumentOfUnknown reports whether n is an argument of a function that is not
// known: it may be the variable of what somebody takes for a macro.
func (c *checked) argumentOfUnknown(n *node) bool {
	found := false
	c.root.walk(func(call *node) {
		if call.kind != nodeMember || call.isMacro() || slices.Contains(claimFunctions, call.name) {
			return
		}
		for _, arg := range call.args[1:] {
			arg.walk(func(m *node) { found = found || m == n })
		}
	})
	return found
}
