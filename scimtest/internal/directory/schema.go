package directory

import (
	"strings"

	"github.com/iamscim/iamscim/scimtest/internal/wire"
)

const (
	urnUser       = "urn:ietf:params:scim:schemas:core:2.0:User"
	urnGroup      = "urn:ietf:params:scim:schemas:core:2.0:Group"
	urnEnterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

	urnSchema                = "urn:ietf:params:scim:schemas:core:2.0:Schema"
	urnServiceProviderConfig = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"

	urnListResponse = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
	urnPatchOp      = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
	urnError        = "urn:ietf:params:scim:api:messages:2.0:Error"
)

// attrType is an attribute's data type by its name in RFC 7643 section 2.3.
type attrType string

const (
	typeString    attrType = "string"
	typeBoolean   attrType = "boolean"
	typeDateTime  attrType = "dateTime"
	typeReference attrType = "reference"
	typeBinary    attrType = "binary"
	typeComplex   attrType = "complex"
)

// attribute is one attribute with its characteristics (RFC 7643 section
// 7). Zero values are the RFC's defaults.
type attribute struct {
	name        string
	description string
	typ         attrType
	multiValued bool
	required    bool
	caseExact   bool
	mutability  string // "" is readWrite
	uniqueness  string // "" is none
	canonical   []string
	references  []string
	sub         []*attribute

	// discarded marks an attribute the service does not support though
	// identity providers send it: it is accepted and never stored.
	discarded bool
}

func (a *attribute) readOnly() bool { return a.mutability == "readOnly" }

// subAttribute finds a sub-attribute; case does not matter.
func (a *attribute) subAttribute(name string) *attribute {
	return findAttribute(a.sub, name)
}

func findAttribute(list []*attribute, name string) *attribute {
	for _, a := range list {
		if strings.EqualFold(a.name, name) {
			return a
		}
	}
	return nil
}

type schema struct {
	id          string
	name        string
	description string
	attributes  []*attribute
}

// resourceType is users or groups.
type resourceType struct {
	name      string // "User"
	endpoint  string // "/Users"
	core      *schema
	extension *schema // nil for groups
}

// attrTarget is an attribute that a name stands for. With a nil attribute it
// is the extension as a whole; with a nil sub the attribute as a whole.
type attrTarget struct {
	extension bool // of the enterprise extension
	attribute *attribute
	sub       *attribute
}

// commonAttributes belong to every resource (RFC 7643 section 3.1) and are in
// no schema.
var commonAttributes = []*attribute{
	{name: "id", typ: typeString, caseExact: true, mutability: "readOnly", uniqueness: "server"},
	{name: "externalId", typ: typeString, caseExact: true},
	{name: "schemas", typ: typeReference, multiValued: true, required: true, caseExact: true, mutability: "readOnly"},
	{name: "meta", typ: typeComplex, mutability: "readOnly", sub: []*attribute{
		{name: "resourceType", typ: typeString, caseExact: true, mutability: "readOnly"},
		{name: "created", typ: typeDateTime, mutability: "readOnly"},
		{name: "lastModified", typ: typeDateTime, mutability: "readOnly"},
		{name: "location", typ: typeReference, caseExact: true, mutability: "readOnly"},
		{name: "version", typ: typeString, caseExact: true, mutability: "readOnly"},
	}},
}

// resolve finds what a name stands for. A name without a URN is looked for in
// the core schema first and in the extension then: Entra ID writes
// "manager", RFC 7644 would have the URN in front of it.
func (t *resourceType) resolve(p attrPath) (attrTarget, bool) {
	if t.extension != nil && p.sub == "" && strings.EqualFold(p.full(), t.extension.id) {
		return attrTarget{extension: true}, true
	}
	inCore := p.urn == "" || strings.EqualFold(p.urn, t.core.id)
	inExtension := t.extension != nil && (p.urn == "" || strings.EqualFold(p.urn, t.extension.id))

	target := attrTarget{}
	if inCore {
		target.attribute = findAttribute(t.core.attributes, p.name)
		if target.attribute == nil {
			target.attribute = findAttribute(commonAttributes, p.name)
		}
	}
	if target.attribute == nil && inExtension {
		target.attribute = findAttribute(t.extension.attributes, p.name)
		target.extension = target.attribute != nil
	}
	if target.attribute == nil {
		return attrTarget{}, false
	}
	if p.sub != "" {
		target.sub = target.attribute.subAttribute(p.sub)
		if target.sub == nil {
			return attrTarget{}, false
		}
	}
	return target, true
}

// resolveSupported is resolve without the attributes that are thrown away.
func (t *resourceType) resolveSupported(p attrPath) (attrTarget, bool) {
	target, ok := t.resolve(p)
	return target, ok && (target.attribute == nil || !target.leaf().discarded && !target.attribute.discarded)
}

// leaf is the attribute that the target's values belong to.
func (t attrTarget) leaf() *attribute {
	if t.sub != nil {
		return t.sub
	}
	return t.attribute
}

// container returns the object that holds the target's attribute: the
// resource or its extension. With create it makes a missing extension.
func (t attrTarget) container(resource *wire.Object, create bool) *wire.Object {
	if !t.extension {
		return resource
	}
	ext, _ := resource.Get(urnEnterprise).(*wire.Object)
	if ext == nil && create {
		ext = &wire.Object{}
		resource.Set(urnEnterprise, ext)
	}
	return ext
}

// attrPath is a name in a filter or a path: attrPath of RFC 7644 figure 1.
type attrPath struct {
	urn  string // of the schema, "" if not given
	name string
	sub  string // "" if not given
}

// full is the URN and the name with the colon between them.
func (a attrPath) full() string {
	if a.urn == "" {
		return a.name
	}
	return a.urn + ":" + a.name
}

func (a attrPath) String() string {
	if a.sub == "" {
		return a.full()
	}
	return a.full() + "." + a.sub
}
