package scimclient

import (
	"encoding/json"
	"reflect"
)

// mergeObject returns the object text with what changed from was to now, two
// values of the struct type that text decodes into. Members that did not
// change, and members that have no field, stay as they are, letter by letter
// and in their place.
func mergeObject(text []byte, was, now reflect.Value) ([]byte, error) {
	fields := now.Type()
	places := make([][]int, fields.NumField()) // indices of the members of a field
	var members []member
	var field []int // of a member, -1 for none
	eachMember(text, object(text), func(m member) {
		field = append(field, -1)
		for f := range places {
			if name := jsonName(fields.Field(f)); name != "" && m.named(name) {
				places[f] = append(places[f], len(members))
				field[len(members)] = f
			}
		}
		members = append(members, m)
	})

	out := objectWriter{}
	for i, m := range members {
		f := field[i]
		if f < 0 {
			out.raw(m.key, m.value)
			continue
		}
		if i != places[f][0] {
			continue
		}
		value, err := mergeValue(m.value, was.Field(f), now.Field(f))
		if len(places[f]) > 1 && !isEmpty(now.Field(f)) {
			// encoding/json took something from each of them.
			value, err = json.Marshal(now.Field(f).Interface())
		}
		if err != nil {
			return nil, err
		}
		if value != nil {
			out.raw(m.key, value)
		}
	}
	for f := range places {
		name := jsonName(fields.Field(f))
		if name == "" || places[f] != nil || isEmpty(now.Field(f)) {
			continue
		}
		value, err := json.Marshal(now.Field(f).Interface())
		if err != nil {
			return nil, err
		}
		out.raw([]byte(`"`+name+`"`), value)
	}
	return out.bytes(), nil
}

// mergeValue is mergeObject for any value. It returns nil for one that was
// unassigned.
func mergeValue(text []byte, was, now reflect.Value) ([]byte, error) {
	if reflect.DeepEqual(was.Interface(), now.Interface()) {
		return text, nil
	}
	if isEmpty(now) {
		return nil, nil
	}
	if now.Kind() == reflect.Pointer && !was.IsNil() {
		was, now = was.Elem(), now.Elem()
	}
	switch {
	case now.Kind() == reflect.Struct && text[0] == '{':
		return mergeObject(text, was, now)
	case now.Kind() == reflect.Slice && now.Type().Elem().Kind() == reflect.Struct && text[0] == '[':
		return mergeList(text, was, now)
	}
	return json.Marshal(now.Interface())
}

// mergeList is mergeObject for the elements of a multi-valued attribute.
func mergeList(text []byte, was, now reflect.Value) ([]byte, error) {
	var texts [][]byte
	eachElement(text, 0, func(i int) int {
		end := skipValue(text, i)
		texts = append(texts, text[i:end])
		return end
	})
	out := []byte{'['}
	for i, j := range origins(was, now) {
		if i > 0 {
			out = append(out, ',')
		}
		var value []byte
		var err error
		if j >= 0 && texts[j][0] == '{' {
			value, err = mergeObject(texts[j], was.Index(j), now.Index(i))
		} else {
			value, err = json.Marshal(now.Index(i).Interface())
		}
		if err != nil {
			return nil, err
		}
		out = append(out, value...)
	}
	return append(out, ']'), nil
}

// origins returns, for each element of now, the index of the element of was
// that it is, or -1 for a new one. RFC 7643 gives elements no identity, so it
// goes from the certain to the likely: equal at the same place, equal anywhere,
// the same value, the only one of its type, and last the same place, which is
// an element changed in place.
func origins(was, now reflect.Value) []int {
	origin := make([]int, now.Len())
	taken := make([]bool, was.Len())
	for i := range origin {
		origin[i] = -1
	}
	match := func(same func(i, j int) bool) {
		for i := range origin {
			for j := 0; j < len(taken) && origin[i] < 0; j++ {
				if !taken[j] && same(i, j) {
					origin[i], taken[j] = j, true
				}
			}
		}
	}
	equal := func(i, j int) bool { return reflect.DeepEqual(now.Index(i).Interface(), was.Index(j).Interface()) }
	// sole reports that the field is set and singles out i and j among what
	// is left.
	sole := func(name string) func(i, j int) bool {
		get := func(list reflect.Value, i int) string {
			if f := list.Index(i).FieldByName(name); f.Kind() == reflect.String {
				return f.String()
			}
			return ""
		}
		return func(i, j int) bool {
			v := get(now, i)
			if v == "" || v != get(was, j) {
				return false
			}
			for k := range origin {
				if k != i && origin[k] < 0 && get(now, k) == v {
					return false
				}
			}
			for k := range taken {
				if k != j && !taken[k] && get(was, k) == v {
					return false
				}
			}
			return true
		}
	}
	place := func(i, j int) bool { return i == j }
	match(func(i, j int) bool { return place(i, j) && equal(i, j) })
	match(equal)
	match(sole("Value"))
	match(sole("Type"))
	match(place)
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
