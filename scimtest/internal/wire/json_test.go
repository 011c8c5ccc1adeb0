package wire

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
	case *Object:
		m := map[string]any{}
		for _, f := range v.Fields {
			m[f.Name] = plain(f.Value)
		}
		return m
	case []any:
		list := make([]any, len(v))
		for i, e := range v {
			list[i] = plain(e)
		}
		return list
	}
	return v
}

func TestParse(t *testing.T) {
	t.Parallel()
	const depth = 32
	for _, row := range []struct {
		name, text string
		want       any // of type error: what the message must hold
	}{
		{"every kind of value", ` { "a" : [ 1 , -2.5e+3 , "x" , true , false , null , {} , [] ] } `,
			map[string]any{"a": []any{json.Number("1"), json.Number("-2.5e+3"), "x", true, false, nil, map[string]any{}, []any{}}}},
		{"escapes", `"\"\\\/\b\f\n\r\t\u0041\u00e9\ud83d\ude00"`, "\"\\/\b\f\n\r\tAé😀"},
		{"a replacement character", `"\ufffd�"`, "��"},
		{"an escaped backslash before u", `"\\ud83d"`, `\ud83d`},
		{"zero", `0`, json.Number("0")},
		{"deepest", strings.Repeat("[", depth) + strings.Repeat("]", depth), nest(depth)},

		{"too deep", strings.Repeat("[", depth+1) + strings.Repeat("]", depth+1), errors.New("nested too deep")},
		{"too deep by objects", strings.Repeat(`{"a":`, depth+1) + "1" + strings.Repeat("}", depth+1), errors.New("nested too deep")},
		{"invalid UTF-8: encoding/json replaces it", "\"a\xff\"", errors.New("UTF-8")},
		{"half of a surrogate pair: encoding/json replaces it", `"\ud83d"`, errors.New("surrogate")},
		{"half of a pair before text", `"\ud83dx"`, errors.New("surrogate")},
		{"half of a pair before another escape", `"\ud83d\n"`, errors.New("surrogate")},
		{"surrogates the wrong way round", `"\ude00\ud83d"`, errors.New("surrogate")},
		{"control character", "\"a\nb\"", errors.New("invalid character")},
		{"unknown escape", `"\x"`, errors.New("invalid character")},
		{"string without end", `"abc`, errors.New("unexpected end")},
		{"leading zero", `01`, errors.New("invalid character")},
		{"no fraction", `1.`, errors.New("invalid character")},
		{"nothing", ``, errors.New("unexpected end")},
		{"two values", `{} {}`, errors.New("after top-level value at byte 4")},
		{"a byte order mark", "\ufeff{}", errors.New("invalid character")},
		{"comma at the end", `[1,]`, errors.New("invalid character")},
		{"no comma", `[1 2]`, errors.New("invalid character")},
		{"no colon", `{"a" 1}`, errors.New("invalid character")},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			got, err := Parse([]byte(row.text), depth)
			if wantErr, ok := row.want.(error); ok {
				if err == nil || !strings.Contains(err.Error(), wantErr.Error()) {
					t.Errorf("Parse(%.80q) = %v, %v, want an error with %q", row.text, got, err, wantErr)
				}
				return
			}
			if err != nil {
				t.Fatalf("Parse(%.80q) = %v", row.text, err)
			}
			if p := plain(got); !reflect.DeepEqual(row.want, p) {
				t.Errorf("Parse(%.80q) = %v, want %v", row.text, p, row.want)
			}
		})
	}
}

// TestParseKeeps: names given twice and their order are the caller's to judge.
func TestParseKeeps(t *testing.T) {
	t.Parallel()
	const text = `{"b":1,"a":{"x":[]},"b":2}`
	v, err := Parse([]byte(text), 3)
	if err != nil {
		t.Fatal(err)
	}
	if got := string(Append(nil, v)); got != text {
		t.Errorf("Append(Parse(%s)) = %s, want the same", text, got)
	}
	c := Clone(v).(*Object)
	c.Get("a").(*Object).Set("x", nil)
	if got := string(Append(nil, v)); got != text {
		t.Errorf("a change of the clone made %s of %s", got, text)
	}
	if got, want := string(Append(nil, c)), `{"b":1,"a":{},"b":2}`; got != want {
		t.Errorf("the changed clone = %s, want %s", got, want)
	}
}

func nest(depth int) any {
	list := []any{}
	for range depth - 1 {
		list = []any{list}
	}
	return list
}

// FuzzParse holds the parser to encoding/json: what it accepts means the same there, and what it
// writes reads back as the same.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{`{"a":[1,"x\u00e9\n",true,null,{"b":-1.5e9}]}`, `"\ud83d\ude00"`, `"<&>\u2028"`, `[[[[]]]]`, "\"\xff\"", `1e`, ``} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		v, err := Parse([]byte(text), 32)
		if err != nil {
			return
		}
		d := json.NewDecoder(strings.NewReader(text))
		d.UseNumber()
		var want any
		if err := d.Decode(&want); err != nil {
			t.Fatalf("Parse(%q) accepts what encoding/json refuses: %v", text, err)
		}
		if got := plain(v); !reflect.DeepEqual(want, got) {
			t.Fatalf("Parse(%q) = %v, encoding/json says %v", text, got, want)
		}
		written := Append(nil, v)
		again, err := Parse(written, 32)
		if err != nil {
			t.Fatalf("Parse(Append(%q) = %q) = %v", text, written, err)
		}
		if !Equal(v, again) {
			t.Fatalf("Append(Parse(%q)) = %q, which is another value", text, written)
		}
	})
}
