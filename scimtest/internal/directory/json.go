package directory

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// The SCIM service reads JSON with a parser of its own because encoding/json
// hides what a SCIM server has to refuse: it keeps the last of two equal
// keys, replaces broken UTF-8 and sets no limit to nesting. What it accepts
// is a subset of what encoding/json accepts, with the same values, which a
// fuzz test holds it to.

// maxDepth bounds nesting. A SCIM message needs 6 levels at most.
const maxDepth = 32

// syntaxError says what is malformed in a JSON text, a filter or a path, and
// at which byte, counted from 0.
type syntaxError struct {
	offset int
	msg    string
}

func (e *syntaxError) Error() string {
	return fmt.Sprintf("%s at byte %d", e.msg, e.offset+1)
}

// parseJSON reads one JSON text (RFC 8259). Equal keys in one object, invalid
// UTF-8, unpaired surrogates and nesting beyond maxDepth are errors.
func parseJSON(text string) (any, error) {
	p := jsonParser{text: text}
	p.space()
	v, err := p.value(0)
	if err != nil {
		return nil, err
	}
	p.space()
	if p.pos < len(p.text) {
		return nil, p.errorf("text after the end of the JSON value")
	}
	return v, nil
}

type jsonParser struct {
	text string
	pos  int
}

func (p *jsonParser) errorf(format string, args ...any) error {
	return &syntaxError{offset: p.pos, msg: fmt.Sprintf(format, args...)}
}

func (p *jsonParser) space() {
	for p.pos < len(p.text) {
		switch p.text[p.pos] {
		case ' ', '\t', '\r', '\n':
			p.pos++
		default:
			return
		}
	}
}

// peek returns the next byte, 0 at the end.
func (p *jsonParser) peek() byte {
	if p.pos < len(p.text) {
		return p.text[p.pos]
	}
	return 0
}

func (p *jsonParser) value(depth int) (any, error) {
	if depth > maxDepth {
		return nil, p.errorf("nested deeper than %d levels", maxDepth)
	}
	switch c := p.peek(); {
	case c == '{':
		return p.object(depth)
	case c == '[':
		return p.array(depth)
	case c == '"':
		s, err := p.string()
		if err != nil {
			return nil, err
		}
		return s, nil
	case c == '-' || '0' <= c && c <= '9':
		return p.number()
	}
	for _, lit := range []struct {
		word  string
		value any
	}{{"true", true}, {"false", false}, {"null", nil}} {
		if strings.HasPrefix(p.text[p.pos:], lit.word) {
			p.pos += len(lit.word)
			return lit.value, nil
		}
	}
	if p.pos == len(p.text) {
		return nil, p.errorf("unexpected end of the JSON text")
	}
	return nil, p.errorf("no JSON value")
}

func (p *jsonParser) object(depth int) (any, error) {
	p.pos++
	o := &object{}
	p.space()
	if p.peek() == '}' {
		p.pos++
		return o, nil
	}
	var names nameSet
	for {
		p.space()
		if p.peek() != '"' {
			return nil, p.errorf("want a key in quotes")
		}
		start := p.pos
		name, err := p.string()
		if err != nil {
			return nil, err
		}
		if !names.add(name) {
			p.pos = start
			return nil, p.errorf("key %q is given twice", name)
		}
		p.space()
		if p.peek() != ':' {
			return nil, p.errorf("want a colon after the key %q", name)
		}
		p.pos++
		p.space()
		v, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		o.fields = append(o.fields, field{name, v})
		p.space()
		switch p.peek() {
		case ',':
			p.pos++
		case '}':
			p.pos++
			return o, nil
		default:
			return nil, p.errorf("want a comma or the end of the object")
		}
	}
}

func (p *jsonParser) array(depth int) (any, error) {
	p.pos++
	list := []any{}
	p.space()
	if p.peek() == ']' {
		p.pos++
		return list, nil
	}
	for {
		p.space()
		v, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
		p.space()
		switch p.peek() {
		case ',':
			p.pos++
		case ']':
			p.pos++
			return list, nil
		default:
			return nil, p.errorf("want a comma or the end of the array")
		}
	}
}

// string reads a JSON string; p.pos stands on its opening quote.
func (p *jsonParser) string() (string, error) {
	start := p.pos
	p.pos++
	for p.pos < len(p.text) {
		switch c := p.text[p.pos]; {
		case c == '"':
			s := p.text[start+1 : p.pos]
			if !utf8.ValidString(s) {
				p.pos = start
				return "", p.errorf("string is not valid UTF-8")
			}
			p.pos++
			return s, nil
		case c == '\\':
			return p.escapedString(start)
		case c < 0x20:
			return "", p.errorf("control character in a string")
		}
		p.pos++
	}
	p.pos = start
	return "", p.errorf("string without a closing quote")
}

// escapedString reads on from the first backslash of a string that began at
// start.
func (p *jsonParser) escapedString(start int) (string, error) {
	b := []byte(p.text[start+1 : p.pos])
	for p.pos < len(p.text) {
		c := p.text[p.pos]
		switch {
		case c == '"':
			if !utf8.Valid(b) {
				p.pos = start
				return "", p.errorf("string is not valid UTF-8")
			}
			p.pos++
			return string(b), nil
		case c < 0x20:
			return "", p.errorf("control character in a string")
		case c != '\\':
			b = append(b, c)
			p.pos++
			continue
		}
		r, err := p.escape()
		if err != nil {
			return "", err
		}
		b = utf8.AppendRune(b, r)
	}
	p.pos = start
	return "", p.errorf("string without a closing quote")
}

// escape reads one escape sequence; p.pos stands on its backslash.
func (p *jsonParser) escape() (rune, error) {
	if p.pos+1 >= len(p.text) {
		return 0, p.errorf("unexpected end after a backslash")
	}
	if i := strings.IndexByte(`"\/bfnrt`, p.text[p.pos+1]); i >= 0 {
		p.pos += 2
		return rune("\"\\/\b\f\n\r\t"[i]), nil
	}
	r, ok := p.hex4()
	if !ok {
		return 0, p.errorf("invalid escape sequence")
	}
	if !utf16.IsSurrogate(r) {
		p.pos += 6
		return r, nil
	}
	first := p.pos
	p.pos += 6
	low, ok := p.hex4()
	full := utf16.DecodeRune(r, low)
	if !ok || full == utf8.RuneError {
		p.pos = first
		return 0, p.errorf("unpaired surrogate")
	}
	p.pos += 6
	return full, nil
}

// hex4 reads \uXXXX at p.pos without moving on.
func (p *jsonParser) hex4() (rune, bool) {
	rest := p.text[p.pos:]
	if len(rest) < 6 || rest[0] != '\\' || rest[1] != 'u' {
		return 0, false
	}
	for _, c := range []byte(rest[2:6]) {
		if !isHexDigit(c) {
			return 0, false
		}
	}
	n, _ := strconv.ParseUint(rest[2:6], 16, 16)
	return rune(n), true
}

func isHexDigit(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

func (p *jsonParser) digits() int {
	n := 0
	for '0' <= p.peek() && p.peek() <= '9' {
		p.pos++
		n++
	}
	return n
}

func (p *jsonParser) number() (any, error) {
	start := p.pos
	if p.peek() == '-' {
		p.pos++
	}
	leading := p.peek()
	if n := p.digits(); n == 0 || n > 1 && leading == '0' {
		p.pos = start
		return nil, p.errorf("invalid number")
	}
	if p.peek() == '.' {
		p.pos++
		if p.digits() == 0 {
			return nil, p.errorf("invalid number")
		}
	}
	if c := p.peek(); c == 'e' || c == 'E' {
		p.pos++
		if c := p.peek(); c == '+' || c == '-' {
			p.pos++
		}
		if p.digits() == 0 {
			return nil, p.errorf("invalid number")
		}
	}
	return number(p.text[start:p.pos]), nil
}
