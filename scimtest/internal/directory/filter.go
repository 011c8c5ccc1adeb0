package directory

import (
	"fmt"
	"strings"

	"github.com/iamscim/iamscim/scimtest/internal/wire"
)

// A filter is read by the whole grammar of RFC 7644 section 3.4.2.2: what is malformed and what
// the service doesn't support are different refusals. Two
// things are taken that the grammar does not have: a value path followed by a
// sub-attribute (emails[type eq "work"].value eq "x", as Entra ID sends it)
// and no space between an operator and a quote (as RFC 7644 itself prints in
// section 3.5.2.2).

const (
	// maxFilterLength bounds a filter or a path, in bytes.
	maxFilterLength = 8 << 10
	// maxFilterDepth bounds nested parentheses, not and brackets.
	maxFilterDepth = 32
)

// parseFilter reads a filter. Errors are of type *syntaxError.
func parseFilter(text string) (*filter, error) {
	p, err := newFilterParser(text)
	if err != nil {
		return nil, err
	}
	p.spaces()
	f, err := p.or(0)
	if err != nil {
		return nil, err
	}
	p.spaces()
	if p.pos < len(p.text) {
		return nil, p.errorf("%s does not belong here", p.next())
	}
	return f, nil
}

// filterParser reads a filter or a path. The values in it are JSON.
type filterParser struct {
	text       string
	pos        int
	inBrackets bool // within [ ]: no brackets may open there
}

func (p *filterParser) errorf(format string, args ...any) error {
	return &syntaxError{offset: p.pos, msg: fmt.Sprintf(format, args...)}
}

// peek returns the next byte, 0 at the end.
func (p *filterParser) peek() byte {
	if p.pos < len(p.text) {
		return p.text[p.pos]
	}
	return 0
}

func newFilterParser(text string) (*filterParser, error) {
	if len(text) > maxFilterLength {
		return nil, &syntaxError{offset: maxFilterLength, msg: fmt.Sprintf("longer than %d bytes", maxFilterLength)}
	}
	return &filterParser{text: text}, nil
}

// spaces skips spaces and reports whether there were any.
func (p *filterParser) spaces() bool {
	start := p.pos
	for p.peek() == ' ' {
		p.pos++
	}
	return p.pos > start
}

// next shows what comes next, for messages.
func (p *filterParser) next() string {
	if p.pos >= len(p.text) {
		return "the end"
	}
	rest := p.text[p.pos:]
	if i := strings.IndexAny(rest[1:], " ()[]"); i >= 0 {
		rest = rest[:i+1]
	}
	return fmt.Sprintf("%q", wire.Clip(rest))
}

// word reports whether the keyword w stands here as a word of its own, and
// moves behind it.
func (p *filterParser) word(w string) bool {
	end := p.pos + len(w)
	if end > len(p.text) || !strings.EqualFold(p.text[p.pos:end], w) {
		return false
	}
	if end < len(p.text) && isNameByte(p.text[end]) {
		return false
	}
	p.pos = end
	return true
}

func (p *filterParser) or(depth int) (*filter, error) {
	return p.chain(depth, "or", filterOr, p.and)
}

func (p *filterParser) and(depth int) (*filter, error) {
	return p.chain(depth, "and", filterAnd, p.term)
}

// chain reads operands joined by a keyword; and binds tighter than or.
func (p *filterParser) chain(depth int, keyword string, kind filterKind, operand func(int) (*filter, error)) (*filter, error) {
	left, err := operand(depth)
	if err != nil {
		return nil, err
	}
	for {
		before := p.pos
		spaced := p.spaces()
		at := p.pos
		if !p.word(keyword) {
			p.pos = before
			return left, nil
		}
		if !spaced && !strings.ContainsRune(`)]"`, rune(p.text[at-1])) {
			p.pos = at
			return nil, p.errorf("want a space before %q", keyword)
		}
		if !p.spaces() && p.peek() != '(' {
			return nil, p.errorf("want a space after %q", keyword)
		}
		right, err := operand(depth)
		if err != nil {
			return nil, err
		}
		left = &filter{kind: kind, offset: at, left: left, right: right}
	}
}

func (p *filterParser) term(depth int) (*filter, error) {
	if depth >= maxFilterDepth {
		return nil, p.errorf("nested deeper than %d levels", maxFilterDepth)
	}
	start := p.pos
	if p.word("not") {
		p.spaces()
		if p.peek() == '(' {
			inner, err := p.group(depth)
			if err != nil {
				return nil, err
			}
			return &filter{kind: filterNot, offset: start, left: inner}, nil
		}
		p.pos = start // an attribute called "not"
	}
	if p.peek() == '(' {
		return p.group(depth)
	}
	return p.attribute(depth)
}

func (p *filterParser) group(depth int) (*filter, error) {
	p.pos++
	p.spaces()
	inner, err := p.or(depth + 1)
	if err != nil {
		return nil, err
	}
	p.spaces()
	if p.peek() != ')' {
		return nil, p.errorf("want a closing parenthesis, not %s", p.next())
	}
	p.pos++
	return inner, nil
}

// attribute reads an attribute path with its operator and value, or a value
// path that stands alone.
func (p *filterParser) attribute(depth int) (*filter, error) {
	start := p.pos
	path, err := p.path(depth)
	if err != nil {
		return nil, err
	}
	end := p.pos
	spaced := p.spaces()
	at := p.pos
	if path.filter != nil && path.sub == "" && !p.operatorAhead() {
		p.pos = end
		return &filter{kind: filterElement, offset: at, path: path}, nil
	}
	if !spaced {
		return nil, p.errorf("want a space and an operator after %q, not %s", wire.Clip(p.text[start:end]), p.next())
	}
	for p.pos < len(p.text) && isNameByte(p.text[p.pos]) {
		p.pos++
	}
	op := strings.ToLower(p.text[at:p.pos])
	switch op {
	case "pr":
		return &filter{kind: filterPresent, offset: at, path: path, op: op}, nil
	case "eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le":
	default:
		p.pos = at
		return nil, p.errorf("want an operator, not %s", p.next())
	}
	if !p.spaces() && p.peek() != '"' {
		return nil, p.errorf("want a space and a value after %q", op)
	}
	value, err := p.operand(op)
	if err != nil {
		return nil, err
	}
	return &filter{kind: filterCompare, offset: at, path: path, op: op, value: value}, nil
}

// operatorAhead reports whether a comparison goes on after a value path.
func (p *filterParser) operatorAhead() bool {
	at := p.pos
	defer func() { p.pos = at }()
	for _, op := range []string{"pr", "eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"} {
		if p.word(op) {
			return true
		}
	}
	return false
}

// operand reads the value of a comparison: a JSON string, number, true, false
// or null.
func (p *filterParser) operand(op string) (any, error) {
	switch c := p.peek(); {
	case c == '"', c == '-', '0' <= c && c <= '9':
		return p.literal()
	case p.word("true"):
		return true, nil
	case p.word("false"):
		return false, nil
	case p.word("null"):
		return nil, nil
	}
	return nil, p.errorf("want a value after %q, in quotes if it is text, not %s", op, p.next())
}

// literal reads a JSON string or number.
func (p *filterParser) literal() (any, error) {
	end := p.pos + 1
	if p.text[p.pos] == '"' {
		for end < len(p.text) && p.text[end] != '"' {
			if p.text[end] == '\\' {
				end++
			}
			end++
		}
		if end >= len(p.text) {
			return nil, p.errorf("string without a closing quote")
		}
		end++
	} else {
		for end < len(p.text) && !strings.ContainsRune(" )]", rune(p.text[end])) {
			end++
		}
	}
	v, err := wire.Parse([]byte(p.text[p.pos:end]), 0)
	if err != nil {
		return nil, p.errorf("malformed value %s", wire.Clip(p.text[p.pos:end]))
	}
	p.pos = end
	return v, nil
}

func isNameByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_' || c == '$'
}

// parsePath reads the path of a PATCH operation. Errors are of type
// *syntaxError.
func parsePath(text string) (patchPath, error) {
	p, err := newFilterParser(text)
	if err != nil {
		return patchPath{}, err
	}
	path, err := p.path(0)
	if err != nil {
		return patchPath{}, err
	}
	if p.pos < len(p.text) {
		return patchPath{}, p.errorf("%s does not belong here", p.next())
	}
	return path, nil
}

// path reads attr, attr.sub, attr[filter] or attr[filter].sub.
func (p *filterParser) path(depth int) (patchPath, error) {
	attr, err := p.attrPath()
	if err != nil {
		return patchPath{}, err
	}
	path := patchPath{attr: attr}
	if p.peek() != '[' {
		return path, nil
	}
	if attr.sub != "" {
		return path, p.errorf("a sub-attribute cannot be filtered")
	}
	if p.inBrackets {
		return path, p.errorf("a filter within a filter in brackets")
	}
	p.pos++
	p.spaces()
	p.inBrackets = true
	path.filter, err = p.or(depth + 1)
	p.inBrackets = false
	if err != nil {
		return path, err
	}
	p.spaces()
	if p.peek() != ']' {
		return path, p.errorf("want a closing bracket, not %s", p.next())
	}
	p.pos++
	if p.peek() == '.' {
		p.pos++
		path.sub, err = p.name()
	}
	return path, err
}

// attrPath reads a name with its URN and sub-attribute. The URN ends at the
// last colon of the word; it has dots of its own.
func (p *filterParser) attrPath() (attrPath, error) {
	end := p.pos
	colon := -1
	for end < len(p.text) && (isNameByte(p.text[end]) || strings.IndexByte(":./", p.text[end]) >= 0) {
		if p.text[end] == ':' {
			colon = end
		}
		end++
	}
	var a attrPath
	if colon >= 0 {
		a.urn = p.text[p.pos:colon]
		if a.urn == "" {
			return a, p.errorf("want a schema before the colon")
		}
		p.pos = colon + 1
	}
	var err error
	if a.name, err = p.name(); err != nil {
		return a, err
	}
	if p.peek() == '.' {
		p.pos++
		a.sub, err = p.name()
	}
	return a, err
}

// name reads an attribute's name. $ref is one, though the RFC's grammar has
// forgotten it.
func (p *filterParser) name() (string, error) {
	start := p.pos
	for p.pos < len(p.text) && isNameByte(p.text[p.pos]) {
		p.pos++
	}
	name := p.text[start:p.pos]
	first := strings.TrimPrefix(name, "$")
	if first == "" || !isLetter(first[0]) {
		p.pos = start
		return "", p.errorf("want an attribute name, not %s", p.next())
	}
	return name, nil
}

func isLetter(c byte) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }
