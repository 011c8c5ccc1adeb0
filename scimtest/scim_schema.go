package scimtest

import "strings"

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

// scimType is an attribute's data type by its name in RFC 7643 section 2.3.
type scimType string

const (
	scimString    scimType = "string"
	scimBoolean   scimType = "boolean"
	scimDateTime  scimType = "dateTime"
	scimReference scimType = "reference"
	scimBinary    scimType = "binary"
	scimComplex   scimType = "complex"
)

// scimAttribute is one attribute with its characteristics (RFC 7643 section
// 7). Zero values are the RFC's defaults.
type scimAttribute struct {
	name        string
	description string
	typ         scimType
	multiValued bool
	required    bool
	caseExact   bool
	mutability  string // "" is readWrite
	uniqueness  string // "" is none
	canonical   []string
	references  []string
	sub         []*scimAttribute

	// discarded marks an attribute the service does not support though
	// identity providers send it: it is accepted and never stored.
	discarded bool
}

func (a *scimAttribute) readOnly() bool { return a.mutability == "readOnly" }

// subAttribute finds a sub-attribute; case does not matter.
func (a *scimAttribute) subAttribute(name string) *scimAttribute {
	return findAttribute(a.sub, name)
}

func findAttribute(list []*scimAttribute, name string) *scimAttribute {
	for _, a := range list {
		if strings.EqualFold(a.name, name) {
			return a
		}
	}
	return nil
}

type scimSchema struct {
	id          string
	name        string
	description string
	attributes  []*scimAttribute
}

// scimResourceType is users or groups.
type scimResourceType struct {
	name      string // "User"
	endpoint  string // "/Users"
	core      *scimSchema
	extension *scimSchema // nil for groups
}

// scimTarget is an attribute that a name stands for. With a nil attribute it
// is the extension as a whole; with a nil sub the attribute as a whole.
type scimTarget struct {
	extension bool // of the enterprise extension
	attribute *scimAttribute
	sub       *scimAttribute
}

// commonAttributes belong to every resource (RFC 7643 section 3.1) and are in
// no schema.
var commonAttributes = []*scimAttribute{
	{name: "id", typ: scimString, caseExact: true, mutability: "readOnly", uniqueness: "server"},
	{name: "externalId", typ: scimString, caseExact: true},
	{name: "schemas", typ: scimReference, multiValued: true, required: true, caseExact: true, mutability: "readOnly"},
	{name: "meta", typ: scimComplex, mutability: "readOnly", sub: []*scimAttribute{
		{name: "resourceType", typ: scimString, caseExact: true, mutability: "readOnly"},
		{name: "created", typ: scimDateTime, mutability: "readOnly"},
		{name: "lastModified", typ: scimDateTime, mutability: "readOnly"},
		{name: "location", typ: scimReference, caseExact: true, mutability: "readOnly"},
		{name: "version", typ: scimString, caseExact: true, mutability: "readOnly"},
	}},
}

// resolve finds what a name stands for. A name without a URN is looked for in
// the core schema first and in the extension then: Entra ID writes
// "manager", RFC 7644 would have the URN in front of it.
func (t *scimResourceType) resolve(p scimAttrPath) (scimTarget, bool) {
	if t.extension != nil && p.sub == "" && strings.EqualFold(p.full(), t.extension.id) {
		return scimTarget{extension: true}, true
	}
	inCore := p.urn == "" || strings.EqualFold(p.urn, t.core.id)
	inExtension := t.extension != nil && (p.urn == "" || strings.EqualFold(p.urn, t.extension.id))

	target := scimTarget{}
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
		return scimTarget{}, false
	}
	if p.sub != "" {
		target.sub = target.attribute.subAttribute(p.sub)
		if target.sub == nil {
			return scimTarget{}, false
		}
	}
	return target, true
}

// resolveSupported is resolve without the attributes that are thrown away.
func (t *scimResourceType) resolveSupported(p scimAttrPath) (scimTarget, bool) {
	target, ok := t.resolve(p)
	return target, ok && (target.attribute == nil || !target.attribute.discarded)
}

// leaf is the attribute whose values the target has.
func (t scimTarget) leaf() *scimAttribute {
	if t.sub != nil {
		return t.sub
	}
	return t.attribute
}

// container returns the object that holds the target's attribute: the
// resource or its extension. With create it makes a missing extension.
func (t scimTarget) container(resource *scimObject, create bool) *scimObject {
	if !t.extension {
		return resource
	}
	ext, _ := resource.get(urnEnterprise).(*scimObject)
	if ext == nil && create {
		ext = &scimObject{}
		resource.set(urnEnterprise, ext)
	}
	return ext
}
