package cloud

import (
	"reflect"
	"slices"
	"strings"

	"github.com/iamscim/iamscim/scimtest/internal/wire"
)

// A maskRule says which paths of a message an update may name.
type maskRule struct {
	message   reflect.Type
	immutable []string // named in a mask they are refused
	output    []string // the server's own
}

// parseMask reads a google.protobuf.FieldMask in its JSON form: paths joined
// by commas, in lowerCamelCase or snake_case. Every path must be one of the
// message's. "*" stands for every field that can be changed.
// See https://google.aip.dev/161.
func parseMask(mask string, rule maskRule) ([][]string, *refusal) {
	var paths [][]string
	var violations []violation
	for given := range strings.SplitSeq(mask, ",") {
		given = strings.TrimSpace(given)
		if given == "*" {
			for name := range jsonFields(rule.message) {
				if !slices.Contains(rule.immutable, name) && !slices.Contains(rule.output, name) && name != "name" {
					paths = append(paths, []string{name})
				}
			}
			continue
		}
		path, ok := resolvePath(given, rule.message)
		if !ok {
			violations = append(violations, violation{"update_mask", "Invalid update mask: \"" + wire.Clip(given) + "\" is not a field of the resource."})
			continue
		}
		joined := strings.Join(path, ".")
		if slices.Contains(rule.output, path[0]) || path[0] == "name" {
			violations = append(violations, violation{"update_mask", "Invalid update mask: \"" + joined + "\" is output only."})
			continue
		}
		paths = append(paths, path)
	}
	if violations != nil {
		return nil, invalid(violations...)
	}
	return paths, nil
}

// resolvePath turns a path into lowerCamelCase segments if the message has it.
// Maps and lists can only be named whole.
func resolvePath(path string, t reflect.Type) ([]string, bool) {
	var segments []string
	for part := range strings.SplitSeq(path, ".") {
		if t == nil {
			return nil, false
		}
		fields := jsonFields(t)
		name := part
		if _, ok := fields[name]; !ok {
			name = camelCase(part)
		}
		f, ok := fields[name]
		if !ok {
			return nil, false
		}
		segments = append(segments, name)
		t = nil
		if f.Kind() == reflect.Pointer {
			t = f.Elem()
		}
	}
	return segments, true
}

// applyMask copies the masked fields from patch into target. A field that
// patch does not hold is cleared.
func applyMask(target, patch map[string]any, paths [][]string) {
	for _, path := range paths {
		applyPath(target, patch, path)
	}
}

func applyPath(target, patch map[string]any, path []string) {
	name := path[0]
	value, given := patch[name]
	if len(path) == 1 {
		if given {
			target[name] = value
		} else {
			delete(target, name)
		}
		return
	}
	inner, _ := target[name].(map[string]any)
	from, _ := value.(map[string]any)
	if inner == nil {
		if from == nil {
			return
		}
		inner = map[string]any{}
		target[name] = inner
	}
	applyPath(inner, from, path[1:])
	if len(inner) == 0 {
		delete(target, name)
	}
}

// selectFields is the fields= parameter: "a,b/c,d(e,f/g)", lists transparent,
// "*" for all. Every name must be one of the reply's type, which may be nil for
// unknown. See https://cloud.google.com/apis/docs/system-parameters.
func selectFields(v any, t reflect.Type, selector string) (any, *refusal) {
	p := &selectorParser{text: selector}
	tree, ok := p.list(0)
	if !ok || p.pos != len(p.text) {
		return nil, invalidField("fields", "Invalid field selection %s", wire.Clip(selector))
	}
	if unknown := tree.unknown(t); unknown != "" {
		return nil, invalidField("fields", "Error expanding 'fields' parameter. Cannot find matching fields for path '%s'.", wire.Clip(unknown))
	}
	return tree.apply(v), nil
}

// unknown is a name that the type does not have, or "".
func (s selection) unknown(t reflect.Type) string {
	for t != nil && (t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice) {
		t = t.Elem()
	}
	if t == nil || t.Kind() != reflect.Struct {
		return ""
	}
	fields := jsonFields(t)
	for name, sub := range s {
		f, ok := fields[name]
		if !ok && name != "*" {
			return name
		}
		if inner := sub.unknown(f); inner != "" {
			return name + "/" + inner
		}
	}
	return ""
}

// selection is a tree of names; nil below a name means all of it.
type selection map[string]selection

func (s selection) apply(v any) any {
	if s == nil {
		return v
	}
	switch x := v.(type) {
	case map[string]any:
		kept := map[string]any{}
		for name, value := range x {
			if sub, ok := s[name]; ok {
				kept[name] = sub.apply(value)
			} else if sub, ok := s["*"]; ok {
				kept[name] = sub.apply(value)
			}
		}
		return kept
	case []any:
		kept := make([]any, len(x))
		for i, item := range x {
			kept[i] = s.apply(item)
		}
		return kept
	}
	return v
}

type selectorParser struct {
	text string
	pos  int
}

func (p *selectorParser) list(depth int) (selection, bool) {
	if depth > maxDepth {
		return nil, false
	}
	s := selection{}
	for {
		if !p.path(s, depth) {
			return nil, false
		}
		if p.pos >= len(p.text) || p.text[p.pos] != ',' {
			return s, true
		}
		p.pos++
	}
}

// path reads "name", "name/path" or "name(list)" into s.
func (p *selectorParser) path(s selection, depth int) bool {
	start := p.pos
	for p.pos < len(p.text) && !strings.ContainsRune(",/()", rune(p.text[p.pos])) {
		p.pos++
	}
	name := strings.TrimSpace(p.text[start:p.pos])
	if name == "" || depth > maxDepth {
		return false
	}
	if strings.Contains(name, "_") {
		name = camelCase(name)
	}
	if p.pos < len(p.text) && (p.text[p.pos] == '/' || p.text[p.pos] == '(') {
		sub := s[name]
		if sub == nil {
			sub = selection{}
		}
		open := p.text[p.pos]
		p.pos++
		if open == '/' {
			if !p.path(sub, depth+1) {
				return false
			}
		} else {
			inner, ok := p.list(depth + 1)
			if !ok || p.pos >= len(p.text) || p.text[p.pos] != ')' {
				return false
			}
			p.pos++
			for n, t := range inner {
				sub[n] = t
			}
		}
		s[name] = sub
		return true
	}
	s[name] = nil
	return true
}
