package directory

import (
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/iamscim/iamscim/scimtest/internal/behavior"
	"github.com/iamscim/iamscim/scimtest/internal/wire"
)

// readResource checks the body of a POST or a PUT and returns the attributes
// it gives, in their canonical spelling: without id, meta and schemas, which
// are the service's, without null and empty values, which are the same as
// none (RFC 7643 section 2.5), and without what the service does not know.
// Members of a group are returned beside them.
func (d *Service) readResource(t *resourceType, body *wire.Object) (*wire.Object, []string, error) {
	if err := d.checkSchemas(t, body.GetFold("schemas")); err != nil {
		return nil, nil, err
	}
	o := &wire.Object{}
	var members []string
	for _, f := range body.Fields {
		if t.extension != nil && strings.EqualFold(f.Name, t.extension.id) {
			if err := d.readExtension(t, body, o, f); err != nil {
				return nil, nil, err
			}
			continue
		}
		a := findAttribute(t.core.attributes, f.Name)
		if a == nil {
			a = findAttribute(commonAttributes, f.Name)
		}
		switch {
		case a == nil && d.is(behavior.UnknownAttribute, "REFUSED"):
			return nil, nil, badRequest(behavior.UnknownAttribute, invalidSyntax, "no attribute %q", wire.Clip(f.Name))
		case a == nil || a.discarded || a.readOnly():
			continue
		case a == membersAttribute:
			var err error
			if members, err = readMembers(f.Value); err != nil {
				return nil, nil, err
			}
			continue
		}
		v, err := d.bodyReader().read(a, f.Value, a.name)
		if err != nil {
			return nil, nil, err
		}
		if err := checkPrimary(a, v); err != nil {
			return nil, nil, err
		}
		o.Set(a.name, v)
	}
	return o, members, nil
}

// checkSchemas wants the core schema among those a body declares. URNs the
// service does not know are tolerated: Entra ID sends one of its own.
func (d *Service) checkSchemas(t *resourceType, v any) error {
	if v == nil {
		return nil
	}
	list, ok := v.([]any)
	if !ok {
		return badRequest(behavior.Schemas, invalidSyntax, "schemas must be a list of URNs")
	}
	core, old := false, len(list) > 0
	for _, e := range list {
		urn, ok := e.(string)
		if !ok {
			return badRequest(behavior.Schemas, invalidSyntax, "schemas must be a list of URNs")
		}
		core = core || strings.EqualFold(urn, t.core.id)
		old = old && strings.HasPrefix(urn, "urn:scim:schemas:")
	}
	switch {
	case core, old && d.is(behavior.OldSchemas, "ACCEPTED"):
	case old:
		return badRequest(behavior.OldSchemas, invalidSyntax, "schemas must hold %s", t.core.id)
	default:
		return badRequest(behavior.Schemas, invalidSyntax, "schemas must hold %s", t.core.id)
	}
	return nil
}

func (d *Service) readExtension(t *resourceType, body, o *wire.Object, f wire.Field) error {
	declared, _ := body.GetFold("schemas").([]any)
	if declared != nil && !slices.ContainsFunc(declared, func(e any) bool {
		urn, ok := e.(string)
		return ok && strings.EqualFold(urn, t.extension.id)
	}) {
		switch d.cfg.Choices.Of(behavior.ExtensionSchema) {
		case "REFUSED":
			return badRequest(behavior.ExtensionSchema, invalidSyntax, "schemas must hold %s too", t.extension.id)
		case "IGNORED":
			return nil
		}
	}
	ext, err := d.bodyReader().complex(t.extension.attributes, f.Value, t.extension.id)
	if err != nil {
		return err
	}
	if ext != nil {
		o.Set(urnEnterprise, ext)
	}
	return nil
}

// bodyReader reads the attributes of a POST or a PUT.
func (d *Service) bodyReader() reader {
	return reader{Service: d, textBooleans: d.is(behavior.TextBooleans, "ACCEPTED"), singles: d.is(behavior.SingleForList, "ACCEPTED")}
}

// maxValues bounds the values of a multi-valued attribute other than members.
const maxValues = 1000

// reader checks values against attributes.
type reader struct {
	*Service
	textBooleans bool // "True" stands for true
	singles      bool // an object stands for a list of it
}

// read returns a value of the attribute in canonical form, nil if there is
// none. place names it in messages.
func (r reader) read(a *attribute, v any, place string) (any, error) {
	if v == nil {
		return nil, nil
	}
	if !a.multiValued {
		return r.one(a, v, place)
	}
	if _, ok := v.(*wire.Object); ok {
		if !r.singles {
			return nil, badRequest(behavior.SingleForList, invalidValue, "%s must be a list", place)
		}
		v = []any{v}
	}
	list, ok := v.([]any)
	if !ok {
		return nil, badRequest(behavior.ValueTypes, invalidValue, "%s must be a list", place)
	}
	if len(list) > maxValues {
		return nil, badRequest(behavior.ValueCount, invalidValue, "%s has %d values: at most %d are allowed", place, len(list), maxValues)
	}
	var read []any
	for i, e := range list {
		e, err := r.one(a, e, fmt.Sprintf("%s[%d]", place, i))
		if err != nil {
			return nil, err
		}
		if e != nil {
			read = append(read, e)
		}
	}
	if read == nil {
		return nil, nil
	}
	return read, nil
}

func (r reader) one(a *attribute, v any, place string) (any, error) {
	switch {
	case v == nil:
		return nil, nil
	case a.typ == typeComplex:
		o, err := r.complex(a.sub, v, place)
		if o == nil {
			return nil, err
		}
		return o, nil
	case a.typ == typeBoolean:
		if b, ok := textBoolean(v); ok {
			if !r.textBooleans {
				return nil, badRequest(behavior.TextBooleans, invalidValue, "%s must be true or false", place)
			}
			v = b
		}
		if _, ok := v.(bool); !ok {
			return nil, badRequest(behavior.ValueTypes, invalidValue, "%s must be true or false", place)
		}
		return v, nil
	}
	s, ok := v.(string)
	if !ok {
		return nil, badRequest(behavior.ValueTypes, invalidValue, "%s must be a string", place)
	}
	if a.typ == typeReference && !isURI(s) {
		return nil, badRequest(behavior.References, invalidValue, "%s must be a URI", place)
	}
	return v, nil
}

// isURI reports whether s is an absolute or a relative URI (RFC 7643 section 2.3.7).
func isURI(s string) bool {
	_, err := url.Parse(s)
	return err == nil && s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return r <= ' ' || r >= 0x7f || strings.ContainsRune(`"<>\^`+"`{|}", r)
	})
}

// complex reads the sub-attributes of a complex value or the attributes of an
// extension; nil if it has none that count.
func (r reader) complex(attributes []*attribute, v any, place string) (*wire.Object, error) {
	if v == nil {
		return nil, nil
	}
	given, ok := v.(*wire.Object)
	if !ok {
		return nil, badRequest(behavior.ValueTypes, invalidValue, "%s must be an object", place)
	}
	o := &wire.Object{}
	for _, f := range given.Fields {
		a := findAttribute(attributes, f.Name)
		if a == nil || a.discarded {
			continue
		}
		v, err := r.read(a, f.Value, place+"."+a.name)
		if err != nil {
			return nil, err
		}
		o.Set(a.name, v)
	}
	if len(o.Fields) == 0 {
		return nil, nil
	}
	return o, nil
}

// checkPrimary wants at most one primary value (RFC 7643 section 2.4).
func checkPrimary(a *attribute, v any) error {
	list, _ := v.([]any)
	primaries := 0
	for _, e := range list {
		if o, ok := e.(*wire.Object); ok && o.Get("primary") == true {
			primaries++
		}
	}
	if primaries > 1 {
		return badRequest(behavior.OnePrimary, invalidValue, "%s has %d primary values: at most one may be", a.name, primaries)
	}
	return nil
}

// readMembers returns the ids in a list of members. What else an element says
// (display, type, $ref) follows from the id.
func readMembers(v any) ([]string, error) {
	if v == nil {
		return nil, nil
	}
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	ids := make([]string, 0, len(list))
	for i, e := range list {
		member, ok := e.(*wire.Object)
		if !ok {
			return nil, badRequest(behavior.MemberForm, invalidValue, "members[%d] must be an object with a value", i)
		}
		id, ok := member.GetFold("value").(string)
		if !ok || id == "" {
			return nil, badRequest(behavior.MemberForm, invalidValue, "members[%d].value must be the id of a user or a group", i)
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// readBody parses a request's JSON object. Names that differ in case only are one attribute (RFC
// 7643 section 2.1) and must not be given twice.
func readBody(text []byte) (*wire.Object, error) {
	v, err := wire.Parse(text, maxDepth)
	if err != nil {
		return nil, badRequest(behavior.RequestJSON, invalidSyntax, "Request body is not valid JSON: %v", err)
	}
	o, ok := v.(*wire.Object)
	if !ok {
		return nil, badRequest(behavior.RequestJSON, invalidSyntax, "Request body must be a JSON object")
	}
	if name := givenTwice(o); name != "" {
		return nil, badRequest(behavior.RequestJSON, invalidSyntax, "%s is given twice", wire.Clip(name))
	}
	return o, nil
}

// givenTwice is a name that an object in v has twice, in any case, or "".
func givenTwice(v any) string {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			if name := givenTwice(e); name != "" {
				return name
			}
		}
	case *wire.Object:
		names := make(map[string]bool, len(v.Fields))
		for _, f := range v.Fields {
			if folded := strings.ToLower(f.Name); !names[folded] {
				names[folded] = true
			} else {
				return f.Name
			}
			if name := givenTwice(f.Value); name != "" {
				return name
			}
		}
	}
	return ""
}

// body reads the request's JSON object.
func (c *call) body() (*wire.Object, error) {
	if value := c.request.Header.Get("Content-Type"); value != "" {
		media, params, err := mime.ParseMediaType(value)
		if err != nil || media != "application/scim+json" && media != "application/json" ||
			params["charset"] != "" && !strings.EqualFold(params["charset"], "utf-8") {
			return nil, refuse(behavior.RequestType, http.StatusUnsupportedMediaType, "Content-Type must be application/scim+json or application/json, not %q", wire.Clip(value))
		}
	}
	if c.request.Body == nil {
		return nil, badRequest(behavior.RequestJSON, invalidSyntax, "the request has no body")
	}
	text, err := io.ReadAll(io.LimitReader(c.request.Body, maxBody+1))
	switch {
	case len(text) > maxBody:
		return nil, refuse(behavior.RequestSize, http.StatusRequestEntityTooLarge, "the body is larger than %d bytes", maxBody)
	case err != nil:
		return nil, badRequest(behavior.RequestJSON, invalidSyntax, "the body could not be read: %v", err)
	}
	return readBody(text)
}
