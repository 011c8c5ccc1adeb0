package directory

import (
	"net/http"
	"strings"

	"github.com/iamscim/iamscim/scimtest/internal/wire"
)

// documentation is the page the service's own description points to.
const documentation = "https://docs.cloud.google.com/iam/docs/workforce-identity-federation-scim"

// discovery answers GET /Schemas, /Schemas/URN and /ServiceProviderConfig (RFC
// 7644 section 4).
func (c *call) discovery(segments []string) (*wire.Reply, error) {
	endpoint := segments[0]
	if len(segments) > 2 || len(segments) == 2 && endpoint != "Schemas" {
		return nil, refuse(http.StatusNotFound, "no such endpoint")
	}
	if c.request.Method != http.MethodGet {
		return nil, notAllowed("GET")
	}
	if c.query.Has("filter") {
		return nil, refuse(http.StatusForbidden, "/%s cannot be filtered", endpoint)
	}
	base := c.cfg.BaseURI(c.request)
	if endpoint == "ServiceProviderConfig" {
		return &wire.Reply{Code: http.StatusOK, Body: appendJSON(nil, c.serviceProviderConfig(base))}, nil
	}
	schemas := []*schema{userType.core, userType.extension, groupType.core}
	if len(segments) == 1 {
		var list []any
		for _, s := range schemas {
			list = append(list, s.json(base))
		}
		return listReply(list), nil
	}
	for _, s := range schemas {
		if strings.EqualFold(s.id, segments[1]) {
			return &wire.Reply{Code: http.StatusOK, Body: appendJSON(nil, s.json(base))}, nil
		}
	}
	return nil, unknownResource(segments[1])
}

// newObject makes an object of names and values in turns.
func newObject(namesAndValues ...any) *object {
	o := &object{}
	for i := 0; i < len(namesAndValues); i += 2 {
		o.set(namesAndValues[i].(string), namesAndValues[i+1])
	}
	return o
}

// serviceProviderConfig says what the service supports (RFC 7643 section 5).
func (c *call) serviceProviderConfig(base string) *object {
	supported := func(is bool, more ...any) *object {
		return newObject(append([]any{"supported", is}, more...)...)
	}
	return newObject(
		"schemas", []any{urnServiceProviderConfig},
		"documentationUri", documentation,
		"patch", supported(true),
		"bulk", supported(false, "maxOperations", number("0"), "maxPayloadSize", number("0")),
		"filter", supported(true, "maxResults", number("100")),
		"changePassword", supported(false),
		"sort", supported(false),
		"etag", supported(c.etags()),
		"authenticationSchemes", []any{newObject(
			"type", "oauthbearertoken",
			"name", "OAuth Bearer Token",
			"description", "The security token of one of the tenant's SCIM tokens",
			"specUri", "https://www.rfc-editor.org/info/rfc6750",
			"documentationUri", documentation,
			"primary", true,
		)},
		"meta", newObject("resourceType", "ServiceProviderConfig", "location", base+"/ServiceProviderConfig"),
	)
}

// json is a schema as RFC 7643 section 7 has it. Attributes the service
// accepts and throws away are not part of it.
func (s *schema) json(base string) *object {
	return newObject(
		"schemas", []any{urnSchema},
		"id", s.id,
		"name", s.name,
		"description", s.description,
		"attributes", attributesJSON(s.attributes),
		"meta", newObject("resourceType", "Schema", "location", base+"/Schemas/"+s.id),
	)
}

func attributesJSON(attributes []*attribute) []any {
	list := []any{}
	for _, a := range attributes {
		if a.discarded {
			continue
		}
		o := newObject(
			"name", a.name,
			"type", string(a.typ),
			"multiValued", a.multiValued,
			"description", a.description,
			"required", a.required,
			"caseExact", a.caseExact,
			"mutability", orDefault(a.mutability, "readWrite"),
			"returned", "default",
			"uniqueness", orDefault(a.uniqueness, "none"),
		)
		if len(a.canonical) > 0 {
			o.set("canonicalValues", stringList(a.canonical))
		}
		if len(a.references) > 0 {
			o.set("referenceTypes", stringList(a.references))
		}
		if len(a.sub) > 0 {
			o.set("subAttributes", attributesJSON(a.sub))
		}
		list = append(list, o)
	}
	return list
}

func orDefault(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

func stringList(list []string) []any {
	values := make([]any, len(list))
	for i, s := range list {
		values[i] = s
	}
	return values
}
