package scimclient

import (
	"bytes"
	"encoding/json"
	"strings"
)

// The functions of this file find the boundaries of values in JSON that
// encoding/json has already accepted, without looking at what is inside:
// decoding a page once and cutting it costs a fraction of decoding it twice.
// They must not be given JSON that was not checked.

// skipSpace returns the index of the first byte at or after i that is not
// white space.
func skipSpace(data []byte, i int) int {
	for data[i] == ' ' || data[i] == '\n' || data[i] == '\t' || data[i] == '\r' {
		i++
	}
	return i
}

// skipString returns the index after the string that begins at i.
func skipString(data []byte, i int) int {
	i++
	for {
		i += bytes.IndexByte(data[i:], '"')
		escapes := 0
		for data[i-1-escapes] == '\\' {
			escapes++
		}
		i++
		if escapes%2 == 0 {
			return i
		}
	}
}

// skipValue returns the index after the value that begins at i.
func skipValue(data []byte, i int) int {
	switch data[i] {
	case '"':
		return skipString(data, i)
	case '{', '[':
		for depth := 0; ; {
			switch data[i] {
			case '"':
				i = skipString(data, i)
				continue
			case '{', '[':
				depth++
			case '}', ']':
				depth--
				if depth == 0 {
					return i + 1
				}
			}
			i++
		}
	}
	for i < len(data) {
		switch data[i] {
		case ',', '}', ']', ' ', '\n', '\t', '\r':
			return i
		}
		i++
	}
	return i
}

// member is one member of an object: the key in its quotes, and the value.
type member struct {
	key, value []byte
}

// eachMember calls f for the members of the object that begins at i, in order,
// and returns the index after the object.
func eachMember(data []byte, i int, f func(member)) int {
	i = skipSpace(data, i+1)
	for data[i] != '}' {
		if data[i] == ',' {
			i = skipSpace(data, i+1)
		}
		key := i
		i = skipString(data, i)
		keyEnd := i
		i = skipSpace(data, skipSpace(data, i)+1) // the colon
		value := i
		i = skipValue(data, i)
		f(member{data[key:keyEnd], data[value:i]})
		i = skipSpace(data, i)
	}
	return i + 1
}

// eachElement calls f with the index of each element of the array that begins
// at i; f returns the index after the element.
func eachElement(data []byte, i int, f func(i int) int) {
	i = skipSpace(data, i+1)
	for data[i] != ']' {
		if data[i] == ',' {
			i = skipSpace(data, i+1)
		}
		i = skipSpace(data, f(i))
	}
}

// object returns the index of the object that data is, -1 if it is something
// else.
func object(data []byte) int {
	for i, b := range data {
		switch b {
		case ' ', '\n', '\t', '\r':
		case '{':
			return i
		default:
			return -1
		}
	}
	return -1
}

// named reports whether a key is name: attribute names are compared without
// regard to case (RFC 7643 section 2.1), as encoding/json does.
func (m member) named(name string) bool {
	if bytes.IndexByte(m.key, '\\') >= 0 {
		return strings.EqualFold(m.name(), name)
	}
	// Letters that fold to ASCII ones are longer: K and ſ.
	key := m.key[1 : len(m.key)-1]
	return len(key) >= len(name) && strings.EqualFold(string(key), name)
}

// name is the key, decoded.
func (m member) name() string {
	var s string
	if json.Unmarshal(m.key, &s) != nil {
		return string(m.key)
	}
	return s
}

// isPassword is named("password") for every key of a page.
func (m member) isPassword() bool {
	return len(m.key) >= len(`"password"`) && (m.key[1]|0x20 == 'p' || m.key[1] == '\\') && m.named("password")
}

// cutResources returns the text of the elements of the Resources of a list
// response, of which there are n; nil if Resources occurs more than once, which
// leaves open what it is. Resources that hold a password are cut as copies
// without it.
func cutResources(body []byte, n int) [][]byte {
	cuts := make([][]byte, 0, n)
	at := object(body)
	if at < 0 {
		return nil
	}
	seen := 0
	eachMember(body, at, func(m member) {
		if !m.named("Resources") {
			return
		}
		if seen++; m.value[0] != '[' {
			return
		}
		eachElement(m.value, 0, func(i int) int {
			text, end := withoutPassword(m.value, i)
			cuts = append(cuts, text)
			return end
		})
	})
	if seen > 1 {
		return nil
	}
	return cuts
}

// withoutPassword returns the text of the object that begins at i, and the
// index after it. The text is a part of data unless there was a password to
// drop. What is no object is returned as it is.
func withoutPassword(data []byte, i int) (text []byte, end int) {
	if data[i] != '{' {
		end = skipValue(data, i)
		return data[i:end:end], end
	}
	found := false
	end = eachMember(data, i, func(m member) { found = found || m.isPassword() })
	if !found {
		return data[i:end:end], end
	}
	out := objectWriter{}
	eachMember(data, i, func(m member) {
		if !m.isPassword() {
			out.raw(m.key, m.value)
		}
	})
	return out.bytes(), end
}

// objectWriter writes an object member by member.
type objectWriter struct{ buf []byte }

func (w *objectWriter) raw(key, value []byte) {
	sep := byte(',')
	if w.buf == nil {
		sep = '{'
	}
	w.buf = append(append(append(append(w.buf, sep), key...), ':'), value...)
}

func (w *objectWriter) bytes() []byte {
	if w.buf == nil {
		return []byte("{}")
	}
	return append(w.buf, '}')
}
