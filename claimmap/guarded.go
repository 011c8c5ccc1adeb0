package claimmap

import (
	"errors"
	"regexp"
	"regexp/syntax"
	"strings"
	"unicode/utf8"

	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/common/types/traits"
)

// Some operations of CEL cost more than cel-go accounts for where it does not
// know the types beforehand: == and in walk values that macros have nested into
// each other, + doubles what a macro hands it, replace and join multiply lengths,
// size counts the characters of a string. A limit on regular expressions makes
// cel-go panic on every pattern with a repetition, as a{2}.
// In the text that is compiled they are calls of functions of ours, which do
// the same within limits and at the right cost.
const (
	withinLimits   = "_within_limits"
	guardedAdd     = "add" + withinLimits
	guardedEqual   = "equal" + withinLimits
	guardedIn      = "in" + withinLimits
	guardedJoin    = "join" + withinLimits
	guardedReplace = "replace" + withinLimits
	guardedMatches = "matches" + withinLimits
	guardedSize    = "size" + withinLimits
)

// notEvaluated are functions that are refused in a provider's mapping: our own
// names, and functions that have no bound on their cost and make nothing a
// mapping can use.
var notEvaluated = []string{guardedAdd, guardedEqual, guardedIn, guardedJoin, guardedReplace, guardedMatches, guardedSize, "format", "bytes"}

// guarded returns the tree with those operations replaced.
func (n *node) guarded() *node {
	out := *n
	out.args = make([]*node, len(n.args))
	for i, arg := range n.args {
		out.args[i] = arg.guarded()
	}
	switch {
	case n.kind == nodeBinary && n.name == "+":
		out.kind, out.name = nodeCall, guardedAdd
	case n.kind == nodeBinary && n.name == "==":
		out.kind, out.name = nodeCall, guardedEqual
	case n.kind == nodeBinary && n.name == "!=":
		return &node{kind: nodeUnary, name: "!", args: []*node{{kind: nodeCall, name: guardedEqual, args: out.args}}}
	case n.kind == nodeBinary && n.name == "in":
		out.kind, out.name = nodeCall, guardedIn
	case n.kind == nodeMember && n.name == "join":
		out.name = guardedJoin
	case (n.kind == nodeMember || n.kind == nodeCall) && n.name == "size":
		out.kind, out.name = nodeCall, guardedSize
	case (n.kind == nodeMember || n.kind == nodeCall) && n.name == "matches" && len(n.args) == 2:
		out.kind, out.name = nodeCall, guardedMatches
	case n.kind == nodeMember && n.name == "replace":
		out.name = guardedReplace
	}
	return &out
}

// errLimit is what the guarded functions fail with.
var errLimit = errors.New("limit of one operation exceeded")

func runAdd(a, b ref.Val) ref.Val {
	left, ok := a.(traits.Adder)
	if !ok {
		return types.NewErr("no such overload")
	}
	limit := types.Int(maxElements)
	if a.Type() == types.StringType {
		limit = maxValue
	}
	if length(a)+length(b) > limit {
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

// compilePattern compiles a regular expression that is not too large.
func compilePattern(pattern string) (*regexp.Regexp, error) {
	parsed, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return nil, err
	}
	program, err := syntax.Compile(parsed.Simplify())
	if err != nil {
		return nil, err
	}
	if len(program.Inst) > maxPattern {
		return nil, errLimit
	}
	return regexp.Compile(pattern)
}

func runMatches(s, pattern ref.Val) ref.Val {
	re, err := compilePattern(string(pattern.(types.String)))
	if err != nil {
		return types.WrapErr(err)
	}
	return types.Bool(re.MatchString(string(s.(types.String))))
}

// costOfMatching accounts for compiling the pattern and for trying it.
func costOfMatching(args []ref.Val, _ ref.Val) *uint64 {
	s, pattern := uint64(length(args[0])), uint64(length(args[1]))
	cost := 50 + pattern + (s/10+1)*(pattern/4+1)
	return &cost
}
