package entra

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
)

// A job's schema is a document of thousands of lines that is only ever replaced as a
// whole. It's edited in place: what an edit doesn't touch stays byte for byte.

// span is a JSON value's place in a document.
type span struct{ from, to int }

// member is a member of a JSON object.
type member struct {
	key   string
	value span
}

var errShape = errors.New("the document doesn't have the documented form")

// members returns the members of the object at a place.
func members(doc []byte, at span) ([]member, error) {
	var all []member
	err := walk(doc, at, '{', func(key string, value span) { all = append(all, member{key, value}) })
	return all, err
}

// elements returns the places of an array's elements.
func elements(doc []byte, at span) ([]span, error) {
	var all []span
	err := walk(doc, at, '[', func(_ string, value span) { all = append(all, value) })
	return all, err
}

// walk calls f for each value of an object or an array.
func walk(doc []byte, at span, open json.Delim, f func(key string, value span)) error {
	d := json.NewDecoder(bytes.NewReader(doc[at.from:at.to]))
	if t, err := d.Token(); err != nil || t != open {
		return errShape
	}
	for d.More() {
		key := ""
		if open == '{' {
			t, err := d.Token()
			if err != nil {
				return errShape
			}
			key, _ = t.(string)
		}
		var raw json.RawMessage
		if d.Decode(&raw) != nil {
			return errShape
		}
		to := at.from + int(d.InputOffset())
		f(key, span{to - len(raw), to})
	}
	return nil
}

// value returns the place of a member's value. As for encoding/json, the last one
// counts, and case doesn't matter.
func value(all []member, key string) (at span, found bool) {
	for _, m := range all {
		if strings.EqualFold(m.key, key) {
			at, found = m.value, true
		}
	}
	return at, found
}

// edit replaces a part of a document.
type edit struct {
	span
	text string
}

// splice returns the document with the edits, which must not overlap.
func splice(doc []byte, edits []edit) []byte {
	slices.SortFunc(edits, func(a, b edit) int { return a.from - b.from })
	var next []byte
	from := 0
	for _, e := range edits {
		next = append(next, doc[from:e.from]...)
		next = append(next, e.text...)
		from = e.to
	}
	return append(next, doc[from:]...)
}

// setMember is the edit that gives a member of the object at a place a value, which
// is JSON.
func setMember(doc []byte, object span, all []member, key, text string) edit {
	if at, ok := value(all, key); ok {
		return edit{at, text}
	}
	name, _ := json.Marshal(key)
	comma := ","
	if len(all) == 0 {
		comma = ""
	}
	after := object.from + 1 // behind the brace
	return edit{span{after, after}, string(name) + ":" + text + comma}
}

// listEdit is the edit that makes an array of kept elements, each as it is or with a
// new text, and of more. Between them stands what stood between the first two.
func listEdit(doc []byte, all []span, list span, kept []edit, more []string) edit {
	between := ","
	if len(all) > 1 {
		between = string(doc[all[0].to:all[1].from])
	}
	var parts []string
	for _, k := range kept {
		parts = append(parts, k.text)
	}
	parts = append(parts, more...)
	at := span{list.from + 1, list.to - 1}
	if len(all) > 0 {
		at = span{all[0].from, all[len(all)-1].to}
	}
	return edit{at, strings.Join(parts, between)}
}
