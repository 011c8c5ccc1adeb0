package directory

import "strings"

// attrPath is a name in a filter or a path: attrPath of RFC 7644 figure 1.
type attrPath struct {
	urn  string // of the schema, "" if not given
	name string
	sub  string // "" if not given
}

// full is the URN and the name with the colon between them.
func (a attrPath) full() string {
	if a.urn == "" {
		return a.name
	}
	return a.urn + ":" + a.name
}

func (a attrPath) String() string {
	if a.sub == "" {
		return a.full()
	}
	return a.full() + "." + a.sub
}

// patchPath is the target of a PATCH operation: PATH of RFC 7644 figure 7.
// attr[filter].sub has its sub-attribute in sub, attr.sub in attr.sub.
type patchPath struct {
	attr   attrPath
	filter *filter // nil without brackets
	sub    string
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
