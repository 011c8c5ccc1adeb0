package scimclient

import (
	"encoding/json"
	"reflect"
	"sort"
	"strings"
)

// mergeObject returns the object text with what changed from was to now, two
// values of the struct type that text decodes into. Members that have no field,
// and members that didn't change, keep their JSON.
func mergeObject(text json.RawMessage, was, now reflect.Value) (json.RawMessage, error) {
	if reflect.DeepEqual(was.Interface(), now.Interface()) {
		return text, nil
	}
	members, err := membersOf(text)
	if err != nil {
		return nil, err
	}
	for f := range now.NumField() {
		name := jsonName(now.Type().Field(f))
		if name == "" || reflect.DeepEqual(was.Field(f).Interface(), now.Field(f).Interface()) {
			continue
		}
		var old json.RawMessage
		keys := keysOf(members, name)
		if len(keys) == 1 {
			name, old = keys[0], members[keys[0]]
		}
		// Of several, encoding/json took something from each.
		deleteMember(members, name)
		if isEmpty(now.Field(f)) {
			continue
		}
		if members[name], err = mergeValue(old, was.Field(f), now.Field(f)); err != nil {
			return nil, err
		}
	}
	return json.Marshal(members)
}

// mergeValue is mergeObject for any value that changed.
func mergeValue(text json.RawMessage, was, now reflect.Value) (json.RawMessage, error) {
	if now.Kind() == reflect.Pointer && !was.IsNil() {
		was, now = was.Elem(), now.Elem()
	}
	switch {
	case now.Kind() == reflect.Struct && isObject(text):
		return mergeObject(text, was, now)
	case now.Kind() == reflect.Slice && now.Type().Elem().Kind() == reflect.Struct && was.Len() > 0:
		return mergeList(text, was, now)
	}
	return json.Marshal(now.Interface())
}

// mergeList is mergeObject for the elements of a multi-valued attribute.
func mergeList(text json.RawMessage, was, now reflect.Value) (json.RawMessage, error) {
	elements := elementsOf(text)
	merged := make([]json.RawMessage, now.Len())
	for i, j := range origins(was, now) {
		var err error
		if j >= 0 && isObject(elements[j]) {
			merged[i], err = mergeObject(elements[j], was.Index(j), now.Index(i))
		} else {
			merged[i], err = json.Marshal(now.Index(i).Interface())
		}
		if err != nil {
			return nil, err
		}
	}
	return json.Marshal(merged)
}

// origins returns, for each element of now, the index of the element of was
// that it is, or -1 for a new one. RFC 7643 gives elements no identity, so it
// goes from the certain to the likely: equal in the same place, equal anywhere,
// the only ones with a Value, the only ones with a Type, and last the same
// place, which is an element edited in place.
func origins(was, now reflect.Value) []int {
	origin := make([]int, now.Len())
	for i := range origin {
		origin[i] = -1
	}
	taken := make([]bool, was.Len())
	// match pairs what is left and has the same key. A nil key has no pair.
	match := func(key func(list reflect.Value, i int) any, sole bool) {
		old, young := map[any][]int{}, map[any]int{}
		for j := range taken {
			if !taken[j] {
				k := key(was, j)
				old[k] = append(old[k], j)
			}
		}
		for i := range origin {
			if origin[i] < 0 {
				young[key(now, i)]++
			}
		}
		for i := range origin {
			k := key(now, i)
			if origin[i] >= 0 || k == nil || len(old[k]) == 0 || sole && (len(old[k]) > 1 || young[k] > 1) {
				continue
			}
			origin[i] = old[k][0]
			taken[origin[i]], old[k] = true, old[k][1:]
		}
	}
	text := func(field string) func(reflect.Value, int) any {
		return func(list reflect.Value, i int) any {
			if f := list.Index(i).FieldByName(field); f.IsValid() && f.String() != "" {
				return f.String()
			}
			return nil
		}
	}
	whole := func(list reflect.Value, i int) any { return list.Index(i).Interface() }
	match(func(list reflect.Value, i int) any { return [2]any{i, whole(list, i)} }, false)
	match(whole, false)
	match(text("Value"), true)
	match(text("Type"), true)
	match(func(_ reflect.Value, i int) any { return i }, false)
	return origin
}

// isEmpty reports an unassigned attribute: what omitempty leaves out.
func isEmpty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Slice, reflect.Map, reflect.String:
		return v.Len() == 0
	}
	return v.IsZero()
}

// differences returns the names of the attributes of the resource want that
// the resource have does not carry with the same value. Attributes that the service
// never returns do not count, nor those that say how the rest is written. What is the
// server's to set isn't sent.
func differences(want, have []byte) ([]string, error) {
	var w, h map[string]any
	if err := json.Unmarshal(want, &w); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(have, &h); err != nil {
		return nil, err
	}
	var names []string
	for name, value := range w {
		switch strings.ToLower(name) {
		case "schemas", "password", "members":
			continue
		}
		if !carries(lookup(h, name), value, name) {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	return names, nil
}

// carries reports whether have has all that want has; name is the attribute
// both are of. What is unassigned in want asks for nothing (RFC 7643 section
// 2.5), and the order of lists has no meaning.
func carries(have, want any, name string) bool {
	switch want := want.(type) {
	case nil:
		return true
	case map[string]any:
		have, ok := have.(map[string]any)
		if !ok {
			return len(want) == 0
		}
		for k, v := range want {
			if !serversOwn(name, k) && !carries(lookup(have, k), v, name+"."+k) {
				return false
			}
		}
		return true
	case []any:
		list, _ := have.([]any)
		for _, w := range want {
			found := false
			for _, h := range list {
				found = found || carries(h, w, name)
			}
			if !found {
				return false
			}
		}
		return true
	case bool:
		if have == nil && strings.HasSuffix(strings.ToLower(name), ".primary") {
			return !want
		}
	case string:
		if h, ok := have.(string); ok && !caseCounts(name) {
			return strings.EqualFold(h, want)
		}
	}
	return have == want
}

// serversOwn reports sub-attributes that servers fill in or leave out as they
// like: references are derived, and a manager's displayName is read-only (RFC
// 7643 section 8.7.1).
func serversOwn(attribute, sub string) bool {
	return sub == "$ref" || strings.EqualFold(sub, "displayName") && strings.HasSuffix(strings.ToLower(attribute), "manager")
}

// caseCounts is false for the two attributes that name a person and that RFC
// 7643 section 8.7.1 declares not to be caseExact.
func caseCounts(name string) bool {
	switch strings.ToLower(name) {
	case "username", "emails.value":
		return false
	}
	return true
}
