package directory

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/iamscim/iamscim/scimtest/internal/behavior"
	"github.com/iamscim/iamscim/scimtest/internal/wire"
)

// documentation is the page the service's own description points to.
const documentation = "https://docs.cloud.google.com/iam/docs/workforce-identity-federation-scim"

// discovery answers GET /Schemas, /Schemas/URN and /ServiceProviderConfig (RFC
// 7644 section 4).
func (c *call) discovery(segments []string) (*wire.Reply, error) {
	endpoint := segments[0]
	if len(segments) > 2 || len(segments) == 2 && endpoint != "Schemas" {
		return nil, refuse(behavior.Paths, http.StatusNotFound, "no such endpoint")
	}
	if c.request.Method != http.MethodGet {
		return nil, notAllowed("GET")
	}
	if c.query.Has("filter") {
		return nil, refuse(behavior.DiscoveryFilter, http.StatusForbidden, "/%s cannot be filtered", endpoint)
	}
	base := c.cfg.BaseURI(c.request)
	if endpoint == "ServiceProviderConfig" {
		return &wire.Reply{Code: http.StatusOK, Body: wire.Append(nil, c.serviceProviderConfig(base))}, nil
	}
	schemas := []*schema{userType.core, userType.extension, groupType.core}
	if len(segments) == 1 {
		var list []any
		for _, s := range schemas {
			list = append(list, c.schemaJSON(s, base))
		}
		return listReply(list), nil
	}
	for _, s := range schemas {
		if strings.EqualFold(s.id, segments[1]) {
			return &wire.Reply{Code: http.StatusOK, Body: wire.Append(nil, c.schemaJSON(s, base))}, nil
		}
	}
	return nil, refuse(behavior.UnknownID, http.StatusNotFound, "Schema %s not found", wire.Clip(segments[1]))
}

// serviceProviderConfig says what the service supports (RFC 7643 section 5).
func (c *call) serviceProviderConfig(base string) *wire.Object {
	supported := func(is bool, more ...any) *wire.Object {
		return wire.NewObject(append([]any{"supported", is}, more...)...)
	}
	return wire.NewObject(
		"schemas", []any{urnServiceProviderConfig},
		"documentationUri", documentation,
		"patch", supported(true),
		"bulk", supported(false, "maxOperations", json.Number("0"), "maxPayloadSize", json.Number("0")),
		"filter", supported(true, "maxResults", json.Number("100")),
		"changePassword", supported(false),
		"sort", supported(false),
		"etag", supported(c.etags()),
		"authenticationSchemes", []any{wire.NewObject(
			"type", "oauthbearertoken",
			"name", "OAuth Bearer Token",
			"description", "The security token of one of the tenant's SCIM tokens",
			"specUri", "https://www.rfc-editor.org/info/rfc6750",
			"documentationUri", documentation,
			"primary", true,
		)},
		"meta", wire.NewObject("resourceType", "ServiceProviderConfig", "location", base+"/ServiceProviderConfig"),
	)
}

// json is a schema as RFC 7643 section 7 has it. Attributes the service
// accepts and throws away are not part of it.
func (c *call) schemaJSON(s *schema, base string) *wire.Object {
	return wire.NewObject(
		"schemas", []any{urnSchema},
		"id", s.id,
		"name", s.name,
		"description", s.description,
		"attributes", attributesJSON(c.enforced(s.attributes)),
		"meta", wire.NewObject("resourceType", "Schema", "location", base+"/Schemas/"+s.id),
	)
}

// enforced are the attributes with the characteristics that the service's own rules give them: the
// one work email.
func (c *call) enforced(attributes []*attribute) []*attribute {
	list := slices.Clone(attributes)
	for i, a := range list {
		if a.name != "emails" || !c.is(behavior.EmailRule, "ONE_WORK") {
			continue
		}
		emails := *a
		emails.required, emails.sub = true, slices.Clone(a.sub)
		for j, sub := range emails.sub {
			part := *sub
			switch part.name {
			case "type":
				part.required, part.canonical = true, []string{"work"}
			case "value":
				part.required = true
			}
			emails.sub[j] = &part
		}
		list[i] = &emails
	}
	return list
}

func attributesJSON(attributes []*attribute) []any {
	list := []any{}
	for _, a := range attributes {
		if a.discarded {
			continue
		}
		o := wire.NewObject(
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
			o.Set("canonicalValues", stringList(a.canonical))
		}
		if len(a.references) > 0 {
			o.Set("referenceTypes", stringList(a.references))
		}
		if len(a.sub) > 0 {
			o.Set("subAttributes", attributesJSON(a.sub))
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
