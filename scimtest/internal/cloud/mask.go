package cloud

import (
	"crypto/sha256"
	"encoding/hex"
	"reflect"
	"slices"
	"strings"

	"github.com/iamscim/iamscim/scimtest/internal/behavior"
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
func parseMask(mask string, rule maskRule) ([][]string, *wire.Refusal) {
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
			violations = append(violations, violation{"update_mask", "Invalid update mask: \"" + wire.Clip(given) + "\" is not a field of the resource.", behavior.MaskPaths})
			continue
		}
		joined := strings.Join(path, ".")
		if slices.Contains(rule.output, path[0]) || path[0] == "name" {
			violations = append(violations, violation{"update_mask", "Invalid update mask: \"" + joined + "\" is output only.", behavior.MaskPaths})
			continue
		}
		paths = append(paths, path)
	}
	if violations != nil {
		return nil, invalid(violations)
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

// merge is the body of an update applied to the newest state by its mask. With
// no mask, which only some methods allow, the fields in the body are taken
// (https://google.aip.dev/134). It returns the paths that were named.
func merge[T any](c *call, k *kind[T], r *record[T], rule maskRule, maskRequired bool) (*T, []string, *wire.Refusal) {
	patch, bad := decodeBody[T](c.body, k.field)
	if bad != nil {
		return nil, nil, bad
	}
	var paths [][]string
	switch mask := c.param("updateMask"); {
	case mask != "":
		if paths, bad = parseMask(mask, rule); bad != nil {
			return nil, nil, bad
		}
	case maskRequired:
		return nil, nil, invalidField(behavior.UpdateMask, "update_mask", "update_mask is required.")
	default:
		for name := range patch {
			if name != "name" && !slices.Contains(rule.output, name) {
				paths = append(paths, []string{name})
			}
		}
	}
	hideSecrets(patch)
	target := toObject(r.newest())
	var named []string
	for _, path := range paths {
		if last := len(path) - 1; path[last] == "plainText" {
			path[last] = "thumbprint"
		}
		named = append(named, strings.Join(path, "."))
	}
	applyMask(target, patch, paths)
	v, err := fromObject[T](target)
	if err != nil {
		return nil, nil, invalidField(behavior.BodyFields, k.field, "Invalid %s: %v", k.field, err)
	}
	return v, named, nil
}

// namedAny reports whether the mask reaches a path: by itself, by a path above
// it or by one below.
func namedAny(paths []string, path string) bool {
	for _, p := range paths {
		if p == path || strings.HasPrefix(path, p+".") || strings.HasPrefix(p, path+".") {
			return true
		}
	}
	return false
}

// hideSecrets replaces the plain text of every OAuth client secret in a
// message by its thumbprint, which is all the service ever returns.
func hideSecrets(object map[string]any) {
	for name, value := range object {
		inner, ok := value.(map[string]any)
		if !ok {
			continue
		}
		if name == "clientSecret" {
			hideSecret(inner)
			continue
		}
		hideSecrets(inner)
	}
}

func hideSecret(clientSecret map[string]any) {
	value, ok := clientSecret["value"].(map[string]any)
	if !ok {
		return
	}
	plain, _ := value["plainText"].(string)
	delete(value, "plainText")
	delete(value, "thumbprint") // output only
	if plain != "" {
		sum := sha256.Sum256([]byte(plain))
		value["thumbprint"] = hex.EncodeToString(sum[:8])
	}
}
