package directory

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
)

// plain turns a value into what encoding/json decodes to.
func plain(v any) any {
	switch v := v.(type) {
	case *object:
		m := map[string]any{}
		for _, f := range v.fields {
			m[f.name] = plain(f.value)
		}
		return m
	case []any:
		list := make([]any, len(v))
		for i, e := range v {
			list[i] = plain(e)
		}
		return list
	case number:
		return json.Number(v)
	}
	return v
}

func TestParseSCIM(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name, text string
		want       any // of type error: what the message must hold
	}{
		{"every kind of value", ` { "a" : [ 1 , -2.5e+3 , "x" , true , false , null , {} , [] ] } `,
			map[string]any{"a": []any{json.Number("1"), json.Number("-2.5e+3"), "x", true, false, nil, map[string]any{}, []any{}}}},
		{"escapes", `"\"\\\/\b\f\n\r\t\u0041\u00e9\ud83d\ude00"`, "\"\\/\b\f\n\r\tAé😀"},
		{"text after an escape", `"a\nb"`, "a\nb"},
		{"zero", `0`, json.Number("0")},
		{"deepest", strings.Repeat("[", maxDepth) + strings.Repeat("]", maxDepth), nest(maxDepth)},

		{"equal keys: encoding/json keeps the last", `{"a":1,"a":2}`, errors.New(`key "a" is given twice at byte 8`)},
		{"equal keys, one escaped", `{"a":1,"\u0061":2}`, errors.New(`given twice`)},
		{"equal keys among many", `{` + manyKeys(40) + `,"k7":0}`, errors.New(`key "k7" is given twice`)},
		{"too deep", strings.Repeat("[", maxDepth+2), errors.New("nested deeper than 32 levels")},
		{"too deep by objects", strings.Repeat(`{"a":`, 100000), errors.New("nested deeper than 32 levels")},
		{"invalid UTF-8: encoding/json replaces it", "\"a\xff\"", errors.New("not valid UTF-8")},
		{"invalid UTF-8 behind an escape", "\"\\n\xff\"", errors.New("not valid UTF-8")},
		{"half of a surrogate pair", `"\ud83d"`, errors.New("unpaired surrogate")},
		{"surrogates the wrong way round", `"\ude00\ud83d"`, errors.New("unpaired surrogate")},
		{"control character", "\"a\nb\"", errors.New("control character in a string at byte 3")},
		{"control character behind an escape", "\"\\na\tb\"", errors.New("control character")},
		{"unknown escape", `"\x"`, errors.New("invalid escape")},
		{"cut escape", `"\u00`, errors.New("invalid escape")},
		{"cut after a backslash", `"\`, errors.New("unexpected end")},
		{"string without end", `"abc`, errors.New("without a closing quote")},
		{"escaped string without end", `"\nabc`, errors.New("without a closing quote")},
		{"leading zero", `01`, errors.New("invalid number")},
		{"no digits", `-`, errors.New("invalid number")},
		{"no fraction", `1.`, errors.New("invalid number")},
		{"no exponent", `1e+`, errors.New("invalid number")},
		{"nothing", ``, errors.New("unexpected end")},
		{"only space", "  \n", errors.New("unexpected end")},
		{"two values", `{} {}`, errors.New("text after the end")},
		{"a byte order mark", "\ufeff{}", errors.New("no JSON value")},
		{"comma at the end", `[1,]`, errors.New("no JSON value")},
		{"comma at the end of an object", `{"a":1,}`, errors.New("want a key in quotes")},
		{"no comma", `[1 2]`, errors.New("want a comma")},
		{"no comma in an object", `{"a":1 "b":2}`, errors.New("want a comma")},
		{"no colon", `{"a" 1}`, errors.New("want a colon")},
		{"key without quotes", `{a:1}`, errors.New("want a key in quotes")},
		{"a word", `nil`, errors.New("no JSON value")},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			got, err := parseJSON(row.text)
			if wantErr, ok := row.want.(error); ok {
				if err == nil || !strings.Contains(err.Error(), wantErr.Error()) {
					t.Errorf("parseJSON(%.80q) = %v, %v, want an error with %q", row.text, got, err, wantErr)
				}
				return
			}
			if err != nil {
				t.Fatalf("parseJSON(%.80q) = %v", row.text, err)
			}
			if p := plain(got); !reflect.DeepEqual(row.want, p) {
				t.Errorf("parseJSON(%.80q) = %v, want %v", row.text, p, row.want)
			}
		})
	}
}

func nest(depth int) any {
	list := []any{}
	for range depth - 1 {
		list = []any{list}
	}
	return list
}

func manyKeys(n int) string {
	keys := make([]string, n)
	for i := range keys {
		keys[i] = `"k` + string(rune('0'+i%10)) + strings.Repeat("x", i/10) + `":0`
	}
	return strings.Join(keys, ",")
}

// FuzzParseSCIM holds the parser to encoding/json: what it accepts means the
// same there, and what it writes reads back as the same.
func FuzzParseSCIM(f *testing.F) {
	for _, seed := range []string{`{"a":[1,"x\u00e9\n",true,null,{"b":-1.5e9}]}`, `"\ud83d\ude00"`, `{"a":1,"a":2}`, `[[[[]]]]`, "\"\xff\"", `1e`, ``} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		v, err := parseJSON(text)
		if err != nil {
			return
		}
		d := json.NewDecoder(strings.NewReader(text))
		d.UseNumber()
		var want any
		if err := d.Decode(&want); err != nil {
			t.Fatalf("parseJSON(%q) accepts what encoding/json refuses: %v", text, err)
		}
		// Not by cmp.Diff, which takes exponential time for nested lists.
		if got := plain(v); !reflect.DeepEqual(want, got) {
			t.Fatalf("parseJSON(%q) = %v, encoding/json says %v", text, got, want)
		}
		written := string(appendJSON(nil, v))
		again, err := parseJSON(written)
		if err != nil {
			t.Fatalf("parseJSON(appendJSON(%q) = %q) = %v", text, written, err)
		}
		if !equal(v, again) {
			t.Fatalf("appendJSON(parseJSON(%q)) = %q, which is another value", text, written)
		}
	})
}
