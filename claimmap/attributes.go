package claimmap

// typeKind is a CEL type as far as a claim mapping needs it.
type typeKind uint8

const (
	typeAny typeKind = iota // not known, or known to be wrong already
	typeString
	typeBool
	typeInt
	typeNumber
	typeNull
	typeList   // of elem
	typeObject // with fields
)

// celType is the type of an expression.
type celType struct {
	kind   typeKind
	elem   *celType
	name   string      // typeObject: what messages call it
	fields []attribute // typeObject
}

var (
	anyType    = &celType{}
	stringType = &celType{kind: typeString}
	boolType   = &celType{kind: typeBool}
	intType    = &celType{kind: typeInt}
	numberType = &celType{kind: typeNumber}
	nullType   = &celType{kind: typeNull}
)

func listOf(elem *celType) *celType { return &celType{kind: typeList, elem: elem} }

func (t *celType) String() string {
	switch t.kind {
	case typeString:
		return "a string"
	case typeBool:
		return "a bool"
	case typeInt:
		return "an int"
	case typeNumber:
		return "a double or uint"
	case typeNull:
		return "null"
	case typeList:
		return "a list"
	case typeObject:
		return "an object"
	}
	return "anything"
}

// attribute is a SCIM attribute or sub-attribute: one row of the tables "User
// attributes", "Group attributes" and "Enterprise user schema extension
// attributes" of srcSCIM.
type attribute struct {
	name string
	typ  *celType

	// refused says why a claim mapping cannot use the attribute; empty if it can.
	refused string

	// note is a warning for whoever uses the attribute.
	note string
}

func stringsNamed(names ...string) []attribute {
	var list []attribute
	for _, name := range names {
		list = append(list, attribute{name: name, typ: stringType})
	}
	return list
}

func object(name string, fields ...attribute) *celType {
	return &celType{kind: typeObject, name: name, fields: fields}
}

// entries is the type of a multi-valued complex attribute.
func entries(name string, fields ...attribute) *celType {
	return listOf(object("an entry of "+name, fields...))
}

const enterpriseURN = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

var primary = attribute{name: "primary", typ: boolType}

// userType is what user is in a claim mapping.
var userType = object("user", append(
	stringsNamed("userName", "displayName", "nickName", "profileUrl", "title", "userType", "preferredLanguage", "locale", "timezone"),
	attribute{name: "externalId", typ: stringType},
	attribute{name: "name", typ: object("user.name",
		stringsNamed("formatted", "familyName", "givenName", "middleName", "honorificPrefix", "honorificSuffix")...)},
	attribute{name: "active", typ: boolType},
	attribute{name: "emails", typ: entries("user.emails", append(stringsNamed("display", "type", "value"), primary)...)},
	attribute{name: "phoneNumbers", typ: entries("user.phoneNumbers", append(stringsNamed("display", "type", "value"), primary)...)},
	attribute{name: "ims", typ: entries("user.ims", stringsNamed("display", "type", "value")...)},
	attribute{name: "photos", typ: entries("user.photos", stringsNamed("display", "type", "value")...)},
	attribute{name: "addresses", typ: entries("user.addresses",
		stringsNamed("formatted", "streetAddress", "locality", "region", "postalCode", "country")...)},
	attribute{name: "entitlements", typ: entries("user.entitlements", stringsNamed("display", "type", "value")...)},
	attribute{name: "roles", typ: entries("user.roles", stringsNamed("type", "value")...)},
	attribute{name: enterpriseURN, typ: object("the enterprise extension", append(
		stringsNamed("employeeNumber", "costCenter", "organization", "division", "department"),
		attribute{name: "manager", typ: object("manager", append(stringsNamed("value", "displayName"),
			attribute{name: "$ref", typ: stringType, refused: "can be provisioned and cannot be used in a claim mapping"})...)},
	)...), note: "how a claim mapping spells the enterprise extension is not documented; this is the spelling of the SCIM resource"},
	attribute{name: "x509Certificates", typ: anyType, refused: "can be provisioned and cannot be used in a claim mapping"},
	attribute{name: "password", typ: stringType, refused: "is not supported by the service"},
	attribute{name: "groups", typ: anyType, refused: "is not supported by the service; memberships come from the groups' members"},
)...)

// groupType is what group is in a claim mapping.
var groupType = object("group", append(
	stringsNamed("externalId", "displayName"),
	attribute{name: "members", typ: anyType, refused: "can be provisioned and cannot be used in a claim mapping"},
)...)

func (t *celType) field(name string) *attribute {
	for i := range t.fields {
		if t.fields[i].name == name {
			return &t.fields[i]
		}
	}
	return nil
}

// names lists the fields a claim mapping can use.
func (t *celType) names() []string {
	var list []string
	for _, f := range t.fields {
		if f.refused == "" {
			list = append(list, f.name)
		}
	}
	return list
}
