package scimclient

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// Patch is a list of changes, in order. A server makes all of them or none (RFC
// 7644 section 3.5.2). The zero Patch is empty. Each method adds one operation:
//
//	new(scimclient.Patch).
//		Replace("active", false).
//		Replace(scimclient.Path("emails").Where(scimclient.Eq("type", "work")).Sub("value"), "b@example.com").
//		Remove("nickName")
//
// The call that sends the patch reports everything that is wrong with its
// operations, and sends nothing. Values are encoded at once by encoding/json.
type Patch struct {
	ops  []operation
	errs []error
}

type operation struct {
	Op    string          `json:"op"`
	Path  Path            `json:"path,omitempty"`
	Value json.RawMessage `json:"value,omitempty"`

	parts pathParts // of Path, if there is one
}

// Add adds value at path. If path is multi-valued, value is appended unless it's
// already present. Otherwise it's set. Without a path (""), value is an object, and
// its members are added.
func (p *Patch) Add(path Path, value any) *Patch { return p.append("add", path, value) }

// Replace sets path to value. A list is replaced as a whole. In a complex attribute,
// and in the elements that a filter selects, sub-attributes that value doesn't have
// are unchanged. Without a path (""), value is an object, and its members are
// replaced.
func (p *Patch) Replace(path Path, value any) *Patch { return p.append("replace", path, value) }

// Remove removes path: an attribute, or the elements of a list that a filter
// selects. Removing "members" without a filter removes every member.
func (p *Patch) Remove(path Path) *Patch {
	if p == nil {
		p = new(Patch)
	}
	op := operation{Op: "remove", Path: path}
	if path == "" {
		return p.bad("remove", errors.New("path: required (RFC 7644 section 3.5.2.2)"))
	}
	var err error
	if op.parts, err = parsePath(path); err != nil {
		return p.bad("remove", err)
	}
	p.ops = append(p.ops, op)
	return p
}

// AddMembers makes users members of a group. Give at most 100, as
// [Groups.AddMembers] does: how many the service accepts in one request isn't
// documented.
func (p *Patch) AddMembers(userIDs ...string) *Patch {
	ids, err := memberIDs(userIDs)
	if err != nil {
		return p.bad("add", err)
	}
	members := make([]Member, len(ids))
	for i, id := range ids {
		members[i].Value = id
	}
	return p.Add("members", members)
}

// RemoveMembers removes users from a group, with one operation each.
func (p *Patch) RemoveMembers(userIDs ...string) *Patch {
	ids, err := memberIDs(userIDs)
	if err != nil {
		return p.bad("remove", err)
	}
	for _, id := range ids {
		p = p.Remove(Path("members").Where(Eq("value", id)))
	}
	return p
}

// Deactivate sets a user's active to false.
func (p *Patch) Deactivate() *Patch { return p.Replace("active", false) }

func (p *Patch) append(verb string, path Path, value any) *Patch {
	if p == nil {
		p = new(Patch)
	}
	op := operation{Op: verb, Path: path}
	var err error
	if path != "" {
		if op.parts, err = parsePath(path); err != nil {
			return p.bad(verb, err)
		}
	}
	if op.Value, err = json.Marshal(value); err != nil {
		return p.bad(verb, fmt.Errorf("value: %w", err))
	}
	switch {
	case bytes.Equal(op.Value, []byte("null")):
		return p.bad(verb, errors.New("value: required; Remove takes an attribute away"))
	case path == "" && op.Value[0] != '{':
		return p.bad(verb, errors.New("value: must be an object where there is no path"))
	}
	p.ops = append(p.ops, op)
	return p
}

func (p *Patch) bad(verb string, err error) *Patch {
	if p == nil {
		p = new(Patch)
	}
	p.errs = append(p.errs, fmt.Errorf("operation %d (%s): %w", len(p.ops)+len(p.errs)+1, verb, err))
	return p
}

// MarshalJSON returns the PatchOp message.
func (p *Patch) MarshalJSON() ([]byte, error) {
	if err := p.err(); err != nil {
		return nil, err
	}
	return json.Marshal(struct {
		Schemas    []string    `json:"schemas"`
		Operations []operation `json:"Operations"`
	}{[]string{"urn:ietf:params:scim:api:messages:2.0:PatchOp"}, p.ops})
}

func (p *Patch) err() error {
	switch {
	case p == nil:
		return errors.New("the patch is nil")
	case len(p.errs) > 0:
		return errors.Join(p.errs...)
	case len(p.ops) == 0:
		return errors.New("the patch has no operation")
	}
	return nil
}

// repeatable reports that doing the patch twice is doing it once: replacing,
// adding a member, removing what a filter selects.
func (p *Patch) repeatable() bool {
	for _, op := range p.ops {
		switch op.Op {
		case "add":
			if !op.parts.isMembers() || op.parts.filtered || op.parts.sub != "" {
				return false
			}
		case "remove":
			if !op.parts.filtered {
				return false
			}
		}
	}
	return true
}

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
