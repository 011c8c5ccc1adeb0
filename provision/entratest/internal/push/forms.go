package push

import (
	"fmt"
	"strings"
)

// Kind is a kind of resource.
type Kind string

// The kinds.
const (
	Users  Kind = "Users"
	Groups Kind = "Groups"
)

// Value is what an attribute mapping made: a text, a bool, or nil.
type Value struct {
	Target string
	Value  any
}

// Change is an attribute that differs.
type Change struct {
	Target   string
	Old, New any
}

const (
	urnUser       = "urn:ietf:params:scim:schemas:core:2.0:User"
	urnEnterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
	urnGroup      = "urn:ietf:params:scim:schemas:core:2.0:Group"
	urnMicrosoft  = "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"
	urnPatch      = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
	manager       = urnEnterprise + ":manager"
)

// CreateBody is the body of a POST: explicit nulls for what has no value, and Microsoft's URN for groups.
// https://learn.microsoft.com/entra/identity/app-provisioning/use-scim-to-provision-users-and-groups
func CreateBody(kind Kind, values []Value) (map[string]any, error) {
	body := map[string]any{"schemas": []string{urnGroup, urnMicrosoft}, "meta": map[string]any{"resourceType": "Group"}}
	if kind == Users {
		body = map[string]any{"schemas": []string{urnUser, urnEnterprise}, "meta": map[string]any{"resourceType": "User"}, "roles": []any{}}
	}
	for _, v := range values {
		p, err := parsePath(v.Target)
		if err != nil {
			return nil, err
		}
		p.write(body, v.Value)
	}
	return body, nil
}

// Compare lists what differs between a resource as it is and as it is to be. A text that says the same
// as a bool is equal to it.
func Compare(resource map[string]any, values []Value) ([]Change, error) {
	var changes []Change
	for _, v := range values {
		p, err := parsePath(v.Target)
		if err != nil {
			return nil, err
		}
		old := p.read(resource)
		if v.Target == manager {
			reference, _ := old.(map[string]any)
			old = member(reference, "value")
		}
		if !same(old, v.Value) {
			changes = append(changes, Change{v.Target, old, v.Value})
		}
	}
	return changes, nil
}

func same(a, b any) bool {
	if a == nil || a == "" {
		return b == nil || b == ""
	}
	_, flag := b.(bool)
	return b != nil && (a == b || flag && strings.EqualFold(fmt.Sprint(a), fmt.Sprint(b)))
}

// operation is one of a PATCH (RFC 7644 section 3.5.2).
type operation struct {
	Op    string `json:"op"`
	Path  string `json:"path,omitempty"`
	Value any    `json:"value,omitempty"`
}

// patch is the body of a PATCH.
type patch struct {
	Schemas    []string    `json:"schemas"`
	Operations []operation `json:"Operations"`
}

func patchOf(ops ...operation) patch { return patch{[]string{urnPatch}, ops} }

// update is the PATCH for changes. With the flag value paths stay operations of their own, and what is
// left is one operation without a path if it is more than one attribute. Without it, each attribute is
// an operation, with a capital letter and booleans as texts.
// https://learn.microsoft.com/entra/identity/app-provisioning/application-provisioning-config-problem-scim-compatibility
func (t *Target) update(changes []Change) patch {
	flag := t.flag
	var alone, together []operation
	for _, c := range changes {
		op := operation{"replace", c.Target, c.New}
		if c.New == nil || c.New == "" {
			op = operation{"remove", c.Target, nil}
		} else if c.Old == nil || c.Old == "" {
			op.Op = "add"
		}
		if c.Target == manager {
			// The manager is a reference, which has a form of its own.
			alone = append(alone, t.managerOperation(op))
			continue
		}
		if flag && op.Op != "remove" && !strings.Contains(c.Target, "[") {
			together = append(together, op)
			continue
		}
		if v, isBool := op.Value.(bool); isBool && !flag {
			op.Value = map[bool]string{true: "True", false: "False"}[v]
		}
		alone = append(alone, op)
	}
	if len(together) > 1 {
		values := map[string]any{}
		for _, op := range together {
			values[op.Path] = op.Value
		}
		together = []operation{{"replace", "", values}}
	}
	ops := append(alone, together...)
	for i := range ops {
		if !flag {
			ops[i].Op = capital(ops[i].Op)
		}
	}
	return patchOf(ops...)
}

func (t *Target) managerOperation(op operation) operation {
	if t.flag || op.Op == "remove" {
		return op
	}
	return operation{"Add", "manager", []map[string]any{{"$ref": fmt.Sprint(t.base, "/Users/", op.Value), "value": op.Value}}}
}

func capital(op string) string { return strings.ToUpper(op[:1]) + op[1:] }

// addMembers is the PATCH that adds members.
func addMembers(flag bool, ids []string) patch {
	list := make([]map[string]any, len(ids))
	for i, id := range ids {
		list[i] = map[string]any{"$ref": nil, "value": id}
	}
	op := operation{"add", "members", list}
	if !flag {
		op.Op = "Add"
	}
	return patchOf(op)
}

// removeMember is the PATCH that removes a member. Without the flag it isn't what RFC 7644 says.
func removeMember(flag bool, id string) patch {
	if flag {
		return patchOf(operation{"remove", "members[value eq " + quote(id) + "]", nil})
	}
	return patchOf(operation{"Remove", "members", []map[string]any{{"value": id}}})
}
