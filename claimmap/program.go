package claimmap

import (
	"sync"
	"unicode/utf8"
)

// Limits of one evaluation. None of them is Google's: they keep an expression
// or an identity somebody else wrote from costing more than a moment.
const (
	maxCost      = 50_000    // in CEL's unit: about one step, or ten characters of a string
	maxValue     = 256 << 10 // bytes of a string that an operation may make
	maxElements  = 10_000    // elements that one operation may visit or make
	maxPattern   = 1_000     // instructions of a regular expression
	maxDataBytes = 256 << 10 // bytes of all strings of an identity
	maxDataNodes = 20_000    // values of an identity
	maxDataDepth = 32        // nesting of an identity
)

// program is an expression that can be run. It is compiled when it first is.
type program struct {
	expr    string // canonical
	compile func() (*compiled, error)
}

func newProgram(tree *node) *program {
	return &program{tree.String(), sync.OnceValues(func() (*compiled, error) { return compileTree(tree) })}
}

// checkData refuses values that are not decoded JSON, and too much of them.
func checkData(v any) error {
	budget := dataBudget{bytes: maxDataBytes, nodes: maxDataNodes}
	return budget.take(v, maxDataDepth)
}

type dataBudget struct{ bytes, nodes int }

func (b *dataBudget) take(v any, depth int) error {
	if b.nodes--; b.nodes < 0 || depth < 0 {
		return ErrCostExceeded
	}
	switch v := v.(type) {
	case nil, bool, float64:
		return nil
	case string:
		return b.text(v)
	case []any:
		for _, elem := range v {
			if err := b.take(elem, depth-1); err != nil {
				return err
			}
		}
		return nil
	case map[string]any:
		for key, elem := range v {
			if err := b.text(key); err != nil {
				return err
			}
			if err := b.take(elem, depth-1); err != nil {
				return err
			}
		}
		return nil
	}
	return ErrWrongType
}

func (b *dataBudget) text(s string) error {
	if b.bytes -= len(s); b.bytes < 0 {
		return ErrCostExceeded
	}
	if !utf8.ValidString(s) {
		return ErrNotUTF8
	}
	return nil
}
