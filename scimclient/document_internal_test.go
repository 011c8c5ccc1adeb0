package scimclient

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/iamscim/iamscim"
)

// FuzzUser: whatever decodes encodes to the same, without its password, and
// decodes again. After a change of one field, the others still do.
func FuzzUser(f *testing.F) {
	for _, seed := range []string{
		`{}`, `null`, `{"id":"1","userName":"u","emails":[{"value":"a","x":1}],"x":{"y":[1]}}`,
		`{"name":{"givenName":"a"},"NAME":{"familyName":"b"}}`, `{"emails":null,"active":null}`,
		`{"password":"x","PassWord":{"a":1},"pass\u0077ord":[{}]}`, `{"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"manager":{"value":"1","z":null}}}`,
		`{"active":"False","emails":"a","roles":["x",{"value":1,"y":2},[]],"photos":{"value":"p","q":1},"title":5,"name":[],"userName":{}}`,
		`{"emails":[{"a":1},{"b":2}],"emails":[{"c":3}]}`, `{"title":"a","TITLE":"b","password":1}`, `{"title":"","TITLE":"0"}`, `{"x<y":"<&>","n":12345678901234567890}`,
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
		sameUser(t, u, out)
		if u.doc == nil {
			return // null
		}
		before := document{text: data}.tree(t)
		deleteMember(before, "password")
		if diff := cmp.Diff(before, document{text: out}.tree(t)); distinct(before) && diff != "" {
			t.Fatalf("Unmarshal(%s) and Marshal (-want +got):\n%s", data, diff)
		}
		u.NickName += "x"
		if out, err = json.Marshal(u); err != nil {
			t.Fatalf("Marshal with a changed field after Unmarshal(%s) = %v", data, err)
		}
		sameUser(t, u, out)
		deleteMember(before, "nickName")
		after := document{text: out}.tree(t)
		deleteMember(after, "nickName")
		if diff := cmp.Diff(before, after); distinct(before) && diff != "" {
			t.Fatalf("Unmarshal(%s), a changed field and Marshal (-want +got):\n%s", data, diff)
		}
	})
}

// tree returns the members of a document, decoded.
func (d document) tree(t *testing.T) map[string]any {
	t.Helper()
	var members map[string]any
	if err := json.Unmarshal(d.text, &members); err != nil {
		t.Fatalf("%v in %s", err, d.text)
	}
	return members
}

// sameUser fails unless text decodes to the fields of u and has no password.
func sameUser(t *testing.T, u User, text []byte) {
	t.Helper()
	var again User
	if err := json.Unmarshal(text, &again); err != nil {
		t.Fatalf("Unmarshal(%s) = %v", text, err)
	}
	if diff := cmp.Diff(userFields(u), userFields(again), cmpopts.IgnoreUnexported(userFields{}, iamscim.Secret{}), cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("decoded from %s (-want +got):\n%s", text, diff)
	}
	if u.doc == nil {
		return
	}
	for _, text := range [][]byte{text, u.doc.text} {
		if lookup((document{text: text}).tree(t), "password") != nil {
			t.Fatalf("a password is kept: %s", text)
		}
	}
}

// distinct reports that no object has two members whose names differ in nothing
// but case: what those mean is up to the reader.
func distinct(v any) bool {
	switch v := v.(type) {
	case map[string]any:
		names := map[string]bool{}
		for name, inner := range v {
			name = strings.ToLower(strings.ToUpper(name))
			if names[name] || !distinct(inner) {
				return false
			}
			names[name] = true
		}
	case []any:
		for _, inner := range v {
			if !distinct(inner) {
				return false
			}
		}
	}
	return true
}
