package cloud

import (
	"bytes"
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/iamscim/iamscim/scimtest/internal/behavior"
	"github.com/iamscim/iamscim/scimtest/internal/wire"
	"google.golang.org/api/iam/v1"
	"google.golang.org/api/secretmanager/v1"
)

const (
	// MaxBody bounds a control-plane request. The largest documented field,
	// a SAML provider's idpMetadataXml, has at most 128k characters.
	MaxBody = 1 << 20
	// maxDepth is protobuf's own limit for nested JSON.
	maxDepth = 100
)

// checkContentType refuses a body that says it is something other than JSON.
// One that says nothing is taken for JSON.
func checkContentType(header http.Header) *wire.Refusal {
	value := header.Get("Content-Type")
	if value == "" {
		return nil
	}
	media, _, err := mime.ParseMediaType(value)
	if err != nil || (media != "application/json" && !strings.HasSuffix(media, "+json")) {
		return refuse(behavior.BodyType, "INVALID_ARGUMENT", "Invalid Content-Type %q: the body must be application/json.", value)
	}
	return nil
}

// decodeBody reads a request body as proto3 JSON of message T: unknown names,
// wrong types, unknown enum values and names given twice are refused with
// their place; lowerCamelCase and the original snake_case names are both
// accepted; null means unset. The result has lowerCamelCase names only.
// See https://protobuf.dev/programming-guides/json/.
func decodeBody[T any](body []byte, field string) (map[string]any, *wire.Refusal) {
	if len(bytes.TrimSpace(body)) == 0 {
		return map[string]any{}, nil
	}
	raw, err := wire.Parse(body, maxDepth)
	if err != nil {
		return nil, refuse(behavior.BodyJSON, "INVALID_ARGUMENT", "Invalid JSON payload received. It does not parse: %v.", err)
	}
	object, ok := raw.(*wire.Object)
	if !ok {
		return nil, refuse(behavior.BodyFields, "INVALID_ARGUMENT", "Invalid JSON payload received. Unknown name \"\": Root element must be a message.")
	}
	var v validation
	checked := v.message(object, reflect.TypeFor[T](), field)
	if bad := fieldChecks(v).refusal(); bad != nil {
		return nil, bad
	}
	return checked, nil
}

// decode reads a body as message T.
func decode[T any](body []byte, field string) (*T, *wire.Refusal) {
	object, bad := decodeBody[T](body, field)
	if bad != nil {
		return nil, bad
	}
	v, err := fromObject[T](object)
	if err != nil {
		return nil, invalidField(behavior.BodyFields, field, "Invalid %s: %v", field, err)
	}
	return v, nil
}

// validation walks a parsed body along a generated struct.
type validation fieldChecks

func (v *validation) add(field, format string, args ...any) {
	(*fieldChecks)(v).add(behavior.BodyFields, field, format, args...)
}

// message checks an object against a generated struct type.
func (v *validation) message(object *wire.Object, t reflect.Type, field string) map[string]any {
	checked := make(map[string]any, len(object.Fields))
	fields := jsonFields(t)
	seen := make(map[string]bool)
	for _, given := range object.Fields {
		name := given.Name
		if _, ok := fields[name]; !ok {
			name = camelCase(given.Name)
		}
		f, ok := fields[name]
		if !ok {
			at := ""
			if field != "" {
				at = fmt.Sprintf(" at '%s'", field)
			}
			v.add(field, "Invalid JSON payload received. Unknown name \"%s\"%s: Cannot find field.", wire.Clip(given.Name), at)
			continue
		}
		path := joinField(field, snakeCase(name))
		if seen[name] {
			v.add(path, "Invalid JSON payload received. Name \"%s\" is given twice.", wire.Clip(given.Name))
			continue
		}
		seen[name] = true
		value := given.Value
		if value == nil {
			continue
		}
		if x, ok := v.value(value, f, path); ok {
			checked[name] = x
		}
		if s, isString := value.(string); isString {
			if allowed := enums[t][name]; allowed != nil && !slices.Contains(allowed, s) {
				v.add(path, "Invalid value at '%s', \"%s\" is none of %s", path, wire.Clip(s), strings.Join(allowed, ", "))
			}
		}
	}
	return checked
}

// value checks one JSON value against the Go type of its field.
func (v *validation) value(value any, t reflect.Type, path string) (any, bool) {
	wrong := func(want string) (any, bool) {
		v.add(path, "Invalid value at '%s' (%s), %s", path, want, describe(value))
		return nil, false
	}
	switch t.Kind() {
	case reflect.Pointer:
		object, ok := value.(*wire.Object)
		if !ok {
			return wrong("message")
		}
		return v.message(object, t.Elem(), path), true
	case reflect.String:
		if s, ok := value.(string); ok {
			return s, true
		}
		return wrong("TYPE_STRING")
	case reflect.Bool:
		if b, ok := value.(bool); ok {
			return b, true
		}
		return wrong("TYPE_BOOL")
	case reflect.Int64:
		text := ""
		switch n := value.(type) {
		case json.Number:
			text = n.String()
		case string:
			text = n
		}
		if t == reflect.TypeFor[longInt]() {
			n, err := strconv.ParseInt(text, 10, 64)
			if err != nil {
				return wrong("TYPE_INT64")
			}
			return strconv.FormatInt(n, 10), true
		}
		n, err := strconv.ParseInt(text, 10, 32)
		if err != nil {
			return wrong("TYPE_INT32")
		}
		return n, true
	case reflect.Slice:
		list, ok := value.([]any)
		if !ok {
			return wrong("list")
		}
		checked := make([]any, 0, len(list))
		for i, item := range list {
			if x, ok := v.value(item, t.Elem(), fmt.Sprintf("%s[%d]", path, i)); ok {
				checked = append(checked, x)
			}
		}
		return checked, true
	case reflect.Map:
		object, ok := value.(*wire.Object)
		if !ok {
			return wrong("map")
		}
		checked := make(map[string]any, len(object.Fields))
		for _, f := range object.Fields {
			key := f.Name
			if _, twice := checked[key]; twice {
				v.add(path, "Invalid JSON payload received. Key \"%s\" is given twice at '%s'.", wire.Clip(key), path)
				continue
			}
			if x, ok := v.value(f.Value, t.Elem(), fmt.Sprintf("%s[\"%s\"]", path, wire.Clip(key))); ok {
				checked[key] = x
			}
		}
		return checked, true
	}
	return wrong(t.String())
}

// longInt is the type of an integer of 64 bits, which JSON has as a text.
type longInt int64

// jsonFields are the wire names of a generated struct with their Go types.
func jsonFields(t reflect.Type) map[string]reflect.Type {
	fields := make(map[string]reflect.Type)
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "" || name == "-" {
			continue
		}
		fields[name] = f.Type
		if strings.HasSuffix(options, "string") {
			fields[name] = reflect.TypeFor[longInt]()
		}
	}
	return fields
}

// describe shows a JSON value that had the wrong type, never at length.
func describe(value any) string {
	switch x := value.(type) {
	case nil:
		return "null"
	case string:
		return strconv.Quote(wire.Clip(x))
	case *wire.Object:
		return "an object"
	case []any:
		return "a list"
	}
	return fmt.Sprint(value)
}

func joinField(parent, name string) string {
	if parent == "" {
		return name
	}
	return parent + "." + name
}

// camelCase is protobuf's lowerCamelCase of a snake_case name.
func camelCase(s string) string {
	var b strings.Builder
	upper := false
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '_' {
			upper = true
			continue
		}
		if upper && 'a' <= c && c <= 'z' {
			c -= 'a' - 'A'
		}
		upper = false
		b.WriteByte(c)
	}
	return b.String()
}

func snakeCase(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		c := s[i]
		if 'A' <= c && c <= 'Z' {
			b.WriteByte('_')
			c += 'a' - 'A'
		}
		b.WriteByte(c)
	}
	return b.String()
}

// enums are the values of the fields that are bare strings in the generated Go types.
// They are those of the discovery document; a test compares them.
var enums = map[reflect.Type]map[string][]string{
	reflect.TypeFor[iam.WorkforcePool]():                   {"state": states},
	reflect.TypeFor[iam.WorkforcePoolProviderScimTenant](): {"state": states},
	reflect.TypeFor[iam.WorkforcePoolProviderScimToken]():  {"state": states},
	reflect.TypeFor[iam.WorkforcePoolProvider](): {
		"state":      states,
		"scimUsage":  {"SCIM_USAGE_UNSPECIFIED", "ENABLED_FOR_GROUPS", "ENABLED_FOR_USERS_GROUPS"},
		"vendorType": {"VENDOR_TYPE_UNSPECIFIED", "ENTRA_ID", "OKTA", "PING_FEDERATE", "ADFS", "KEYCLOAK", "FORGE_ROCK", "JUMP_CLOUD", "ONE_LOGIN", "GENERIC"},
	},
	reflect.TypeFor[iam.GoogleIamAdminV1WorkforcePoolProviderOidcWebSsoConfig](): {
		"responseType":            {"RESPONSE_TYPE_UNSPECIFIED", "CODE", "ID_TOKEN"},
		"assertionClaimsBehavior": {"ASSERTION_CLAIMS_BEHAVIOR_UNSPECIFIED", "MERGE_USER_INFO_OVER_ID_TOKEN_CLAIMS", "ONLY_ID_TOKEN_CLAIMS"},
	},
	reflect.TypeFor[iam.GoogleIamAdminV1WorkforcePoolProviderExtraAttributesOAuth2Client](): {
		"attributesType": {"ATTRIBUTES_TYPE_UNSPECIFIED", "AZURE_AD_GROUPS_MAIL", "AZURE_AD_GROUPS_ID", "AZURE_AD_GROUPS_DISPLAY_NAME"},
	},
	reflect.TypeFor[iam.WorkforcePoolProviderKey](): {
		"state": states,
		"use":   {"KEY_USE_UNSPECIFIED", "ENCRYPTION"},
	},
	reflect.TypeFor[iam.KeyData](): {
		"format":  {"KEY_FORMAT_UNSPECIFIED", "RSA_X509_PEM"},
		"keySpec": {"KEY_SPEC_UNSPECIFIED", "RSA_2048", "RSA_3072", "RSA_4096"},
	},
	reflect.TypeFor[iam.AuditLogConfig](): {
		"logType": {"LOG_TYPE_UNSPECIFIED", "ADMIN_READ", "DATA_WRITE", "DATA_READ"},
	},
	reflect.TypeFor[secretmanager.ManagedRotationStatus](): {"state": {"STATE_UNSPECIFIED", "ACTIVE", "INACTIVE"}},
	reflect.TypeFor[secretmanager.Secret](): {
		"secretType": {"SECRET_TYPE_UNSPECIFIED", "CLOUD_SQL_DB_CREDENTIALS", "ACCESS_KEY", "CERTIFICATE", "OTHER_DB_CREDENTIALS", "OTHER"},
	},
}

// Enums are the values of the enumerations, by message and field.
func Enums() map[string]map[string][]string {
	named := make(map[string]map[string][]string)
	for t, fields := range enums {
		named[t.Name()] = fields
	}
	return named
}

var states = []string{"STATE_UNSPECIFIED", "ACTIVE", "DELETED"}

// clone is a deep copy. The generated structs survive JSON both ways but for
// ServerResponse and the field lists, which a stored resource has none of.
func clone[T any](v *T) *T {
	raw, err := json.Marshal(v)
	if err != nil {
		panic("scimtest: a stored resource does not marshal: " + err.Error())
	}
	c := new(T)
	if err := json.Unmarshal(raw, c); err != nil {
		panic("scimtest: a stored resource does not unmarshal: " + err.Error())
	}
	return c
}

// toObject is a resource as the JSON object that masks and partial replies
// work on.
func toObject(v any) map[string]any {
	raw, err := json.Marshal(v)
	if err != nil {
		panic("scimtest: a resource does not marshal: " + err.Error())
	}
	object := map[string]any{}
	if err := json.Unmarshal(raw, &object); err != nil {
		panic("scimtest: a resource is not a JSON object: " + err.Error())
	}
	return object
}

// fromObject is toObject's inverse for an object that decodeBody has checked.
func fromObject[T any](object map[string]any) (*T, error) {
	raw, err := json.Marshal(object)
	if err != nil {
		return nil, err
	}
	v := new(T)
	if err := json.Unmarshal(raw, v); err != nil {
		return nil, err
	}
	return v, nil
}
