package scimclient

import (
	"encoding/json"
	"reflect"
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
