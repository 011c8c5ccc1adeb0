package scimclient

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/iamscim/iamscim"
)

// FuzzCut compares the byte scanner with encoding/json, which decodes each
// element once more.
func FuzzCut(f *testing.F) {
	for _, seed := range []string{
		`{"totalResults":1,"Resources":[{"id":"1"}]}`,
		` {"Resources" : [ {"a":"]}\"\\"} , 1 , "x" , [ {} ] , null ] , "z" : {"Resources":[]} } `,
		`{"Resources":[{"password":"x","id":"1","pass\u0077ord":[1,{"a":2}]}],"resources":[{"PASSWORD":1}]}`,
		`{"Resources":[]}`, `{"Resources":null}`, `{"Resources":{}}`, `{}`, `[]`, `null`, `"x"`, `1`,
		`{"\u0052esources":[1.5e3,true,false]}`, `{"Reſources":[1]}`,
		"{\"Resources\":[\n\t{\"a\":\"\\\\\\\\\\\"\"}\r]}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var want struct{ Resources []json.RawMessage }
		if json.Unmarshal(data, &want) != nil {
			return
		}
		cuts := cutResources(data, 1)
		if cuts == nil {
			// Not an object, or more than one Resources.
			return
		}
		if len(want.Resources) != len(cuts) {
			t.Fatalf("cutResources(%s) = %d elements, want %d", data, len(cuts), len(want.Resources))
		}
		for i, cut := range cuts {
			if bytes.Equal(cut, want.Resources[i]) {
				continue
			}
			// Only a password may make a difference.
			var got, full map[string]json.RawMessage
			if json.Unmarshal(cut, &got) != nil || json.Unmarshal(want.Resources[i], &full) != nil {
				t.Fatalf("cutResources(%s)[%d] = %s, want %s", data, i, cut, want.Resources[i])
			}
			for k := range full {
				if strings.EqualFold(k, "password") {
					delete(full, k)
				}
			}
			if diff := cmp.Diff(full, got); diff != "" {
				t.Fatalf("cutResources(%s)[%d] (-want +got):\n%s", data, i, diff)
			}
		}
	})
}

// FuzzUser: whatever decodes encodes to the same, without its password, and
// decodes again.
func FuzzUser(f *testing.F) {
	for _, seed := range []string{
		`{}`, `null`, `{"id":"1","userName":"u","emails":[{"value":"a","x":1}],"x":{"y":[1]}}`,
		`{"name":{"givenName":"a"},"NAME":{"familyName":"b"}}`, `{"emails":null,"active":null}`,
		`{"password":"x","PassWord":{"a":1}}`, `{"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"manager":{"value":"1","z":null}}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var u User
		if json.Unmarshal(data, &u) != nil {
			return
		}
		out, err := json.Marshal(u)
		if err != nil {
			t.Fatalf("Marshal after Unmarshal(%s) = %v", data, err)
		}
		var before, after map[string]any
		if json.Unmarshal(data, &before) == nil && json.Unmarshal(out, &after) == nil && distinct(data) {
			for k := range before {
				if strings.EqualFold(k, "password") {
					delete(before, k)
				}
			}
			if diff := cmp.Diff(before, after); diff != "" && before != nil {
				t.Fatalf("Unmarshal(%s) and Marshal (-want +got):\n%s", data, diff)
			}
		}
		if u.doc != nil {
			eachMember(u.doc.text, 0, func(m member) {
				if strings.EqualFold(m.name(), "password") {
					t.Fatalf("Unmarshal(%s) keeps a password: %s", data, u.doc.text)
				}
			})
		}
		var again User
		if err := json.Unmarshal(out, &again); err != nil {
			t.Fatalf("Unmarshal(Marshal(Unmarshal(%s))) = %v", data, err)
		}
		if diff := cmp.Diff(userFields(u), userFields(again), cmpopts.IgnoreUnexported(userFields{}, iamscim.Secret{}), cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("again from %s (-want +got):\n%s", data, diff)
		}
	})
}

// distinct reports that no object of data has two members whose names differ
// in nothing but case: what those mean is up to the reader.
func distinct(data []byte) bool {
	ok := true
	at := skipSpace(data, 0)
	switch data[at] {
	case '{':
		names := map[string]bool{}
		eachMember(data, at, func(m member) {
			name := strings.ToLower(m.name())
			ok = ok && !names[name] && distinct(m.value)
			names[name] = true
		})
	case '[':
		eachElement(data, at, func(i int) int {
			end := skipValue(data, i)
			ok = ok && distinct(data[i:end])
			return end
		})
	}
	return ok
}
