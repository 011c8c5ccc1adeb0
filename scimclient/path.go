package scimclient

import (
	"errors"
	"fmt"
	"strings"
)

// Path is what an operation of a [Patch] changes (RFC 7644 section 3.5.2): an
// attribute, a sub-attribute, or the elements of a list that a filter selects:
//
//	"active"
//	"name.givenName"
//	"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department"
//	Path("emails").Where(Eq("type", "work")).Sub("value")  // emails[type eq "work"].value
//
// Where quotes values that come from elsewhere. If a path doesn't follow the
// grammar, the call that sends the patch fails and sends nothing.
type Path string

// Where narrows a multi-valued attribute to the elements that f selects.
func (p Path) Where(f Filter) Path { return p + "[" + Path(f.text) + "]" }

// Sub is a sub-attribute of p.
func (p Path) Sub(name string) Path { return p + "." + Path(name) }

// pathParts are the parts of a Path.
type pathParts struct {
	urn      string // schema of an extension, ""
	attr     string
	filtered bool
	filter   string // what is in the brackets
	sub      string
}

// isMembers reports the member list of a group itself, not a part of it.
func (p pathParts) isMembers() bool {
	return p.urn == "" && strings.EqualFold(p.attr, "members")
}

func parsePath(path Path) (pathParts, error) {
	text := string(path)
	if err := checkText(text); err != nil {
		return pathParts{}, fmt.Errorf("path: %w", err)
	}
	open := strings.IndexByte(text, '[')
	if open < 0 {
		open = len(text)
	}
	if !isAttribute(text[:open]) {
		return pathParts{}, fmt.Errorf("path: %q is not an attribute", text[:open])
	}
	var p pathParts
	rest := text[:open]
	if i := strings.LastIndexByte(rest, ':'); i >= 0 {
		p.urn, rest = rest[:i], rest[i+1:]
	}
	p.attr, p.sub, _ = strings.Cut(rest, ".")
	if open == len(text) {
		return p, nil
	}
	end := closing(text, open)
	if end < 0 {
		return pathParts{}, errors.New("path: a value filter has no end")
	}
	p.filtered, p.filter = true, strings.TrimSpace(text[open+1:end])
	if p.filter == "" {
		return pathParts{}, errors.New("path: a value filter is empty or was not valid")
	}
	if p.sub != "" {
		return pathParts{}, errors.New("path: a value filter belongs to an attribute, not to a sub-attribute")
	}
	if after := text[end+1:]; after != "" {
		if after[0] != '.' || !isName(after[1:]) {
			return pathParts{}, errors.New("path: only a sub-attribute may follow a value filter")
		}
		p.sub = after[1:]
	}
	return p, nil
}

// closing returns the index of the bracket that ends the value filter which
// begins at open; -1 if there is none.
func closing(text string, open int) int {
	quoted := false
	for i := open + 1; i < len(text); i++ {
		switch {
		case text[i] == '"':
			quoted = !quoted
		case quoted && text[i] == '\\':
			i++
		case !quoted && text[i] == '[':
			return -1
		case !quoted && text[i] == ']':
			return i
		}
	}
	return -1
}
