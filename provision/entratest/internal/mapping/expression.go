package mapping

import (
	"errors"
	"fmt"
	"strings"
)

// expression is a parsed one: an attribute, a text, or a call.
// https://learn.microsoft.com/entra/identity/app-provisioning/functions-for-customizing-application-data
type expression struct {
	attribute string
	text      string
	function  string
	args      []expression
	omitted   bool // an argument that is left out, as the second one of Switch([x], , "a", "b")
}

// functions are those that the fake evaluates. min and max are numbers of arguments.
var functions = map[string]struct {
	min, max int
	call     func(args []any) (any, error)
}{
	"Switch": {3, 100, func(a []any) (any, error) {
		for i := 2; i+1 < len(a); i += 2 {
			if text(a[0]) == text(a[i]) {
				return a[i+1], nil
			}
		}
		return a[1], nil
	}},
	"Join": {2, 100, func(a []any) (any, error) {
		var parts []string
		for _, x := range a[1:] {
			switch x := x.(type) {
			case []string:
				parts = append(parts, x...)
			case string:
				parts = append(parts, x)
			}
		}
		return strings.Join(parts, text(a[0])), nil
	}},
	"Append":      {2, 2, func(a []any) (any, error) { return text(a[0]) + text(a[1]), nil }},
	"ToLower":     {1, 2, func(a []any) (any, error) { return strings.ToLower(text(a[0])), nil }},
	"ToUpper":     {1, 2, func(a []any) (any, error) { return strings.ToUpper(text(a[0])), nil }},
	"Trim":        {1, 1, func(a []any) (any, error) { return strings.TrimSpace(text(a[0])), nil }},
	"StripSpaces": {1, 1, func(a []any) (any, error) { return strings.ReplaceAll(text(a[0]), " ", ""), nil }},
	"Coalesce": {1, 100, func(a []any) (any, error) {
		for _, x := range a {
			if x != nil && x != "" {
				return x, nil
			}
		}
		return nil, nil
	}},
	"Not": {1, 1, func(a []any) (any, error) {
		switch strings.ToLower(text(a[0])) {
		case "true":
			return "False", nil
		case "false":
			return "True", nil
		}
		return nil, fmt.Errorf("the function Not needs True or False, not %q", text(a[0]))
	}},
}

// text is a value as a text: null is empty.
func text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case []string:
		return strings.Join(v, ";")
	}
	return ""
}

func (e expression) eval(o Object) (any, error) {
	switch {
	case e.omitted:
		return nil, nil
	case e.attribute != "":
		return o[e.attribute], nil
	case e.function == "":
		return e.text, nil
	}
	args := make([]any, len(e.args))
	for i, a := range e.args {
		v, err := a.eval(o)
		if err != nil {
			return nil, err
		}
		args[i] = v
	}
	return functions[e.function].call(args)
}

const maxExpression = 10000

// parse reads an expression: [attribute], "text" with doubled or escaped quotes, Function(…).
func parse(source string) (expression, error) {
	if len(source) > maxExpression {
		return expression{}, fmt.Errorf("is longer than %d bytes", maxExpression)
	}
	p := &parser{rest: source}
	e, err := p.expression(0)
	if err != nil {
		return e, err
	}
	if p.space(); p.rest != "" {
		return e, fmt.Errorf("unexpected %q", p.rest[:min(len(p.rest), 20)])
	}
	return e, nil
}

type parser struct{ rest string }

func (p *parser) space() { p.rest = strings.TrimLeft(p.rest, " \t\r\n") }

func (p *parser) take(s string) bool {
	rest, found := strings.CutPrefix(p.rest, s)
	if found {
		p.rest = rest
	}
	return found
}

func (p *parser) expression(depth int) (expression, error) {
	if depth > 20 {
		return expression{}, errors.New("is nested deeper than 20 calls")
	}
	p.space()
	switch {
	case p.take("["):
		name, rest, closed := strings.Cut(p.rest, "]")
		if !closed || name == "" {
			return expression{}, errors.New("want [attribute]")
		}
		p.rest = rest
		return expression{attribute: name}, nil
	case p.take(`"`):
		return p.quoted()
	}
	name, rest, isCall := strings.Cut(p.rest, "(")
	name = strings.TrimSpace(name)
	f, known := functions[name]
	if !isCall || !known {
		return expression{}, fmt.Errorf("the fake evaluates no %q", name[:min(len(name), 40)])
	}
	p.rest = rest
	e := expression{function: name}
	for {
		p.space()
		if strings.HasPrefix(p.rest, ",") || strings.HasPrefix(p.rest, ")") {
			e.args = append(e.args, expression{omitted: true})
		} else {
			a, err := p.expression(depth + 1)
			if err != nil {
				return e, err
			}
			e.args = append(e.args, a)
			p.space()
		}
		if p.take(")") {
			break
		}
		if !p.take(",") {
			return e, fmt.Errorf("%s isn't closed", name)
		}
	}
	if len(e.args) < f.min || len(e.args) > f.max {
		return e, fmt.Errorf("%s has %d arguments", name, len(e.args))
	}
	return e, nil
}

// quoted reads a text behind its opening quote.
func (p *parser) quoted() (expression, error) {
	var b strings.Builder
	for p.rest != "" {
		switch {
		case p.take(`\"`), p.take(`""`):
			b.WriteByte('"')
		case p.take(`"`):
			return expression{text: b.String()}, nil
		default:
			b.WriteByte(p.rest[0])
			p.rest = p.rest[1:]
		}
	}
	return expression{}, errors.New("a text isn't closed")
}

func quote(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }
